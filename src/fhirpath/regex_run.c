/* regex_run.c: running regular expressions, by backtracking
 *
 * What may have to be taken back stands on a stack: places to go on from, and values that groups
 * and marks had before. The stack grows in the arena; work is bounded by the caller.
 */
#include <utf8proc.h>

#include "fhirpath/regex_program.h"

enum { LOOK_DEPTH_MAX = 16, SAVES = 2 * ZD_FP_GROUPS, STACK_MAX = 4 << 20 };

/* slot UINT32_MAX: go on with operation `op` at `at`; else put `at` back into the slot. */
typedef struct entry {
  uint32_t op, slot;
  size_t at;
} entry;

typedef struct matcher {
  const zd_fp_regex *re;
  zd_slice text;
  zd_arena *arena;
  uint64_t *budget;
  bool whole;
  zd_err err;
  size_t slots[SAVES + ZD_RE_MARKS]; /* groups, then marks */
  entry *stack;
  size_t n, room;
} matcher;

static bool push(matcher *m, uint32_t op, uint32_t slot, size_t at) {
  if (m->n == m->room) {
    size_t room = m->room ? m->room * 2 : 64;
    entry *grown = room > STACK_MAX ? NULL : zd_arena_alloc(m->arena, room * sizeof *grown);
    if (!grown) {
      m->err = room > STACK_MAX ? ZD_ERR_LIMIT : ZD_ERR_MEMORY;
      return false;
    }
    if (m->n) memcpy(grown, m->stack, m->n * sizeof *grown);
    m->stack = grown;
    m->room = room;
  }
  m->stack[m->n++] = (entry){op, slot, at};
  return true;
}

/* A slot gets a value that can be taken back. */
static bool set(matcher *m, uint32_t slot, size_t value) {
  if (!push(m, 0, slot, m->slots[slot])) return false;
  m->slots[slot] = value;
  return true;
}

/* ---- characters ---- */

static size_t point_at(const matcher *m, size_t at, uint32_t *out) {
  unsigned char c = (unsigned char)m->text.p[at];
  if (c < 0x80) {
    *out = c;
    return 1;
  }
  utf8proc_int32_t point;
  utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)m->text.p + at,
                                        (utf8proc_ssize_t)(m->text.n - at), &point);
  *out = n > 0 ? (uint32_t)point : c;
  return n > 0 ? (size_t)n : 1;
}

static uint32_t fold(uint32_t c) {
  return (uint32_t)utf8proc_tolower((utf8proc_int32_t)c);
}

static bool in_category(uint32_t point, const zd_fp_re_range *range) {
  const char *name = utf8proc_category_string((utf8proc_int32_t)point);
  bool in =
      (uint8_t)name[0] == range->category && (!range->detail || (uint8_t)name[1] == range->detail);
  return in != range->negated;
}

static bool in_ranges(const matcher *m, const zd_fp_re_op *op, uint32_t point) {
  for (uint32_t i = 0; i < op->b; i++) {
    const zd_fp_re_range *range = &m->re->ranges[op->a + i];
    if (range->category ? in_category(point, range) : point >= range->low && point <= range->high)
      return true;
  }
  return false;
}

static bool in_class(const matcher *m, const zd_fp_re_op *op, uint32_t point) {
  bool in = in_ranges(m, op, point);
  if (!in && m->re->fold)
    in = in_ranges(m, op, fold(point)) ||
         in_ranges(m, op, (uint32_t)utf8proc_toupper((utf8proc_int32_t)point));
  return in != op->negated;
}

static bool is_word(const matcher *m, size_t at) {
  char c = at < m->text.n ? m->text.p[at] : ' ';
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* One character at *at, when it fits. */
static bool take(const matcher *m, const zd_fp_re_op *op, size_t *at) {
  uint32_t point;
  if (*at >= m->text.n) return false;
  size_t n = point_at(m, *at, &point);
  bool fits = true;
  if (op->code == ZD_RE_CHAR)
    fits = point == op->a || (m->re->fold && fold(point) == fold(op->a));
  else if (op->code == ZD_RE_CLASS)
    fits = in_class(m, op, point);
  if (fits) *at += n;
  return fits;
}

/* The text of a group again; a group that took no part is nothing. */
static bool take_same(const matcher *m, uint32_t group, size_t *at) {
  size_t start = m->slots[2 * group], end = m->slots[2 * group + 1];
  if (start == SIZE_MAX || end == SIZE_MAX || end < start) return true;
  zd_slice same = {m->text.p + start, end - start};
  if (!zd_slice_starts(zd_slice_from(m->text, *at), same)) return false;
  *at += same.n;
  return true;
}

/* ---- the machine ---- */

static bool run(matcher *m, uint32_t op, size_t at, unsigned depth, size_t *end);

static bool look(matcher *m, uint32_t op, size_t at, unsigned depth) {
  const zd_fp_re_op *o = &m->re->ops[op];
  size_t before = m->n, end;
  if (depth >= LOOK_DEPTH_MAX) {
    m->err = ZD_ERR_LIMIT;
    return false;
  }
  bool whole = m->whole;
  m->whole = false;
  bool found = run(m, op + 1, at, depth + 1, &end);
  m->whole = whole;
  if (!found || o->negated) { /* what it set is undone; else only its ways back are forgotten */
    while (m->n > before) {
      entry e = m->stack[--m->n];
      if (e.slot != UINT32_MAX) m->slots[e.slot] = e.at;
    }
  } else {
    size_t kept = before;
    for (size_t i = before; i < m->n; i++)
      if (m->stack[i].slot != UINT32_MAX) m->stack[kept++] = m->stack[i];
    m->n = kept;
  }
  return found != o->negated;
}

/* Runs one operation; false: it does not fit here. */
static bool advance(matcher *m, uint32_t *op, size_t *at, unsigned depth) {
  const zd_fp_re_op *o = &m->re->ops[*op];
  uint32_t next = *op + 1;
  bool fits = true;
  switch ((zd_fp_re_code)o->code) {
    case ZD_RE_SPLIT:
      fits = push(m, o->b, UINT32_MAX, *at);
      next = o->a;
      break;
    case ZD_RE_JUMP:
      next = o->a;
      break;
    case ZD_RE_SAVE:
      fits = set(m, o->a, *at);
      break;
    case ZD_RE_MARK:
      fits = set(m, SAVES + o->a, *at);
      break;
    case ZD_RE_CHECK: /* a round that took nothing is not repeated */
      fits = m->slots[SAVES + o->a] != *at;
      break;
    case ZD_RE_START:
      fits = *at == 0;
      break;
    case ZD_RE_END:
      fits = *at == m->text.n;
      break;
    case ZD_RE_WORD:
      fits = ((*at > 0 && is_word(m, *at - 1)) != is_word(m, *at)) != o->negated;
      break;
    case ZD_RE_LOOK:
      fits = look(m, *op, *at, depth);
      next = o->a;
      break;
    case ZD_RE_SAME:
      fits = take_same(m, o->a, at);
      break;
    default:
      fits = take(m, o, at);
  }
  *op = next;
  return fits;
}

/* Takes back what was done since the last choice; false: there is none left. */
static bool go_back(matcher *m, size_t bottom, uint32_t *op, size_t *at) {
  while (m->n > bottom) {
    entry e = m->stack[--m->n];
    if (e.slot == UINT32_MAX) {
      *op = e.op;
      *at = e.at;
      return true;
    }
    m->slots[e.slot] = e.at;
  }
  return false;
}

static bool run(matcher *m, uint32_t op, size_t at, unsigned depth, size_t *end) {
  size_t bottom = m->n;
  for (;;) {
    if (!*m->budget) m->err = ZD_ERR_LIMIT;
    if (m->err) return false;
    --*m->budget;
    if (m->re->ops[op].code == ZD_RE_MATCH && (!m->whole || at == m->text.n)) {
      *end = at;
      return true;
    }
    bool fits = m->re->ops[op].code != ZD_RE_MATCH && advance(m, &op, &at, depth);
    if (!fits && (m->err || !go_back(m, bottom, &op, &at))) return false;
  }
}

zd_err zd_fp_regex_search(const zd_fp_regex *re, zd_slice text, size_t from, bool whole,
                          zd_arena *arena, uint64_t *budget, bool *found, zd_fp_match *out) {
  matcher m = {.re = re, .text = text, .arena = arena, .budget = budget, .whole = whole};
  *found = false;
  for (size_t at = from; at <= text.n && !m.err; at++) {
    if (at < text.n && ((unsigned char)text.p[at] & 0xC0) == 0x80) continue;
    size_t end;
    m.n = 0;
    for (size_t i = 0; i < SAVES + ZD_RE_MARKS; i++) m.slots[i] = SIZE_MAX;
    if (run(&m, 0, at, 0, &end)) {
      *found = true;
      for (uint32_t g = 0; g < ZD_FP_GROUPS; g++) {
        out->start[g] = m.slots[2 * g];
        out->end[g] = m.slots[2 * g + 1];
      }
      out->start[0] = at;
      out->end[0] = end;
      return ZD_OK;
    }
    if (whole) break;
  }
  return m.err;
}
