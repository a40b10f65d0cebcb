/* regex.c: compiling regular expressions */
#include <utf8proc.h>
#include "base/buffer.h"
#include "fhirpath/regex_program.h"

enum { OPS_MAX = 20000, DEPTH_MAX = 50, REPEAT_MAX = 5000, UNBOUNDED = -1 };

typedef struct compiler {
  zd_slice text;
  size_t at;
  zd_arena *arena;
  zd_buffer ops, ranges;
  zd_fp_regex *re;
  unsigned depth;
  const char *why;
  zd_err err;
} compiler;

static bool refuse(compiler *c, zd_err err, const char *why) {
  if (!c->err) {
    c->err = err;
    c->why = why;
  }
  return false;
}

static bool no_memory(compiler *c) {
  return refuse(c, ZD_ERR_MEMORY, "out of memory");
}

static uint32_t here(const compiler *c) {
  return (uint32_t)(c->ops.n / sizeof(zd_fp_re_op));
}

static zd_fp_re_op *op_at(compiler *c, uint32_t i) {
  return (zd_fp_re_op *)(void *)c->ops.p + i;
}

static bool emit(compiler *c, zd_fp_re_code code, bool negated, uint32_t a, uint32_t b) {
  zd_fp_re_op op = {.code = (uint8_t)code, .negated = negated, .a = a, .b = b};
  if (here(c) >= OPS_MAX) return refuse(c, ZD_ERR_LIMIT, "the regular expression is too large");
  zd_buffer_add(&c->ops, &op, sizeof op);
  return !c->ops.failed || no_memory(c);
}

static bool more(const compiler *c) {
  return c->at < c->text.n;
}

static bool peek(const compiler *c, char ch) {
  return more(c) && c->text.p[c->at] == ch;
}

static bool looks_at(const compiler *c, const char *text) {
  return zd_slice_starts(zd_slice_from(c->text, c->at), zd_slice_of(text));
}

static bool accept(compiler *c, const char *text) {
  if (!looks_at(c, text)) return false;
  c->at += strlen(text);
  return true;
}

static bool next_point(compiler *c, uint32_t *out) {
  utf8proc_int32_t point;
  utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)c->text.p + c->at,
                                        (utf8proc_ssize_t)(c->text.n - c->at), &point);
  if (n <= 0) return refuse(c, ZD_ERR_INVALID, "the regular expression is no UTF-8");
  c->at += (size_t)n;
  *out = (uint32_t)point;
  return true;
}

/* ---- classes ---- */

static bool add_range(compiler *c, uint32_t low, uint32_t high) {
  zd_fp_re_range range = {.low = low, .high = high};
  zd_buffer_add(&c->ranges, &range, sizeof range);
  return !c->ranges.failed || no_memory(c);
}

static uint32_t range_count(const compiler *c) {
  return (uint32_t)(c->ranges.n / sizeof(zd_fp_re_range));
}

/* \d, \w, \s and their opposites; 0: it is none of them, -1: failed. */
static int add_shorthand(compiler *c, char letter) {
  enum { LAST = 0x10FFFF };
  static const struct {
    char letter;
    uint32_t low, high;
  } table[] = {{'d', '0', '9'},     {'D', 0, '0' - 1}, {'D', '9' + 1, LAST}, {'w', '0', '9'},
               {'w', 'A', 'Z'},     {'w', '_', '_'},   {'w', 'a', 'z'},      {'W', 0, '0' - 1},
               {'W', '9' + 1, '@'}, {'W', '[', '^'},   {'W', '`', '`'},      {'W', '{', LAST},
               {'s', 9, 13},        {'s', ' ', ' '},   {'S', 0, 8},          {'S', 14, 31},
               {'S', 33, LAST}};
  int found = 0;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    if (table[i].letter != letter) continue;
    if (!add_range(c, table[i].low, table[i].high)) return -1;
    found = 1;
  }
  return found;
}

/* \p{L}, \pL, \P{Lu}: the letter is taken already. */
static bool add_category(compiler *c, bool negated) {
  zd_fp_re_range range = {.low = 1, .negated = negated};
  bool braces = accept(c, "{");
  if (accept(c, "^")) range.negated = !negated;
  if (more(c) && c->text.p[c->at] && strchr("LMNPSZC", c->text.p[c->at]))
    range.category = (uint8_t)c->text.p[c->at++];
  if (range.category && braces && more(c) && c->text.p[c->at] >= 'a' && c->text.p[c->at] <= 'z')
    range.detail = (uint8_t)c->text.p[c->at++];
  if (!range.category || (braces && !accept(c, "}")))
    return refuse(c, ZD_ERR_UNSUPPORTED, "a category of characters that is not supported");
  zd_buffer_add(&c->ranges, &range, sizeof range);
  return !c->ranges.failed || no_memory(c);
}

static int hex_digit(char ch) {
  if (ch >= '0' && ch <= '9') return ch - '0';
  ch |= 32;
  return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}

/* The digits of \x41, \x{1F600} and A. */
static bool read_hex(compiler *c, int digits, uint32_t *out) {
  bool braces = digits == 2 && accept(c, "{");
  int n = 0;
  *out = 0;
  while (more(c) && n < (braces ? 6 : digits) && hex_digit(c->text.p[c->at]) >= 0) {
    *out = *out << 4 | (uint32_t)hex_digit(c->text.p[c->at++]);
    n++;
  }
  if (braces ? !n || !accept(c, "}") : n < digits)
    return refuse(c, ZD_ERR_INVALID, "bad escape in a regular expression");
  return true;
}

/* An escape that is one character; the backslash is taken. */
static bool escaped_point(compiler *c, uint32_t *out) {
  static const char from[] = "ntrfve0", to[] = "\n\t\r\f\v\x1b\0";
  uint32_t point;
  if (!more(c)) return refuse(c, ZD_ERR_INVALID, "a regular expression ends in a backslash");
  if (!next_point(c, &point)) return false;
  if (point == 'x' || point == 'u') return read_hex(c, point == 'x' ? 2 : 4, out);
  const char *hit = point && point < 128 ? strchr(from, (int)point) : NULL;
  *out = hit ? (uint32_t)(unsigned char)to[hit - from] : point;
  bool letter = ((point | 32) >= 'a' && (point | 32) <= 'z') || (point >= '1' && point <= '9');
  return hit || !letter ||
         refuse(c, ZD_ERR_UNSUPPORTED, "an escape of regular expressions that is not supported");
}

/* An escape in a class; *single when it is one character. The backslash is taken. */
static bool class_escape(compiler *c, uint32_t *point, bool *single) {
  char letter = more(c) ? c->text.p[c->at] : 'x';
  if (letter == 'p' || letter == 'P') {
    c->at++;
    return add_category(c, letter == 'P');
  }
  int short_hand = add_shorthand(c, letter);
  if (short_hand) {
    c->at++;
    return short_hand > 0;
  }
  *single = true;
  *point = '\b';
  return accept(c, "b") || escaped_point(c, point);
}

static bool class_item(compiler *c, uint32_t *point, bool *single) {
  *single = false;
  if (accept(c, "\\")) return class_escape(c, point, single);
  if (looks_at(c, "[:")) return refuse(c, ZD_ERR_UNSUPPORTED, "POSIX classes are not supported");
  *single = true;
  return next_point(c, point);
}

static bool parse_class(compiler *c) {
  uint32_t first = range_count(c), low, high;
  bool negated = accept(c, "^"), start = true, single;
  while (more(c) && (start || !peek(c, ']'))) {
    start = false;
    if (!class_item(c, &low, &single)) return false;
    if (!single) continue;
    high = low;
    if (peek(c, '-') && !looks_at(c, "-]")) {
      c->at++;
      if (!more(c)) break;
      if (!class_item(c, &high, &single)) return false;
      if (!single || high < low) return refuse(c, ZD_ERR_INVALID, "bad range in a class");
    }
    if (!add_range(c, low, high)) return false;
  }
  if (!accept(c, "]")) return refuse(c, ZD_ERR_INVALID, "a class is not closed");
  return emit(c, ZD_RE_CLASS, negated, first, range_count(c) - first);
}

/* ---- groups ---- */

static bool parse_alternatives(compiler *c);

static bool parse_look(compiler *c, bool negated) {
  uint32_t look = here(c);
  if (!emit(c, ZD_RE_LOOK, negated, 0, 0) || !parse_alternatives(c)) return false;
  if (!emit(c, ZD_RE_MATCH, false, 0, 0)) return false;
  op_at(c, look)->a = here(c);
  return true;
}

static bool parse_capture(compiler *c, zd_slice name) {
  uint32_t group = c->re->groups + 1;
  if (group >= ZD_FP_GROUPS) return refuse(c, ZD_ERR_LIMIT, "too many groups");
  c->re->groups = group;
  c->re->names[group] = name;
  return emit(c, ZD_RE_SAVE, false, 2 * group, 0) && parse_alternatives(c) &&
         emit(c, ZD_RE_SAVE, false, 2 * group + 1, 0);
}

static bool parse_named(compiler *c) {
  size_t from = c->at, end = from + zd_slice_find(zd_slice_from(c->text, from), '>');
  if (end >= c->text.n) return refuse(c, ZD_ERR_INVALID, "a group's name is not closed");
  c->at = end + 1;
  return parse_capture(c, (zd_slice){c->text.p + from, end - from});
}

static bool parse_group_inside(compiler *c) {
  if (!peek(c, '?')) return parse_capture(c, (zd_slice){NULL, 0});
  if (accept(c, "?:")) return parse_alternatives(c);
  if (accept(c, "?=")) return parse_look(c, false);
  if (accept(c, "?!")) return parse_look(c, true);
  if (accept(c, "?P<")) return parse_named(c);
  if (!looks_at(c, "?<=") && !looks_at(c, "?<!") && accept(c, "?<")) return parse_named(c);
  return refuse(c, ZD_ERR_UNSUPPORTED, "a kind of group that is not supported");
}

static bool parse_group(compiler *c) {
  if (++c->depth > DEPTH_MAX)
    return refuse(c, ZD_ERR_LIMIT, "a regular expression is nested too deeply");
  if (!parse_group_inside(c)) return false;
  c->depth--;
  return accept(c, ")") || refuse(c, ZD_ERR_INVALID, "a group is not closed");
}

/* ---- atoms ---- */

static bool parse_escape(compiler *c) {
  uint32_t point = 0, first = range_count(c);
  char letter = more(c) ? c->text.p[c->at] : 'x';
  if (letter >= '1' && letter <= '9') {
    c->at++;
    return emit(c, ZD_RE_SAME, false, (uint32_t)(letter - '0'), 0);
  }
  if (accept(c, "b")) return emit(c, ZD_RE_WORD, false, 0, 0);
  if (accept(c, "B")) return emit(c, ZD_RE_WORD, true, 0, 0);
  if (accept(c, "A")) return emit(c, ZD_RE_START, false, 0, 0);
  if (accept(c, "z")) return emit(c, ZD_RE_END, false, 0, 0);
  bool single = false;
  if (!class_escape(c, &point, &single)) return false;
  if (single) return emit(c, ZD_RE_CHAR, false, point, 0);
  return emit(c, ZD_RE_CLASS, false, first, range_count(c) - first);
}

static bool parse_atom(compiler *c) {
  uint32_t point = 0;
  if (accept(c, "(")) return parse_group(c);
  if (accept(c, "[")) return parse_class(c);
  if (accept(c, "\\")) return parse_escape(c);
  if (accept(c, ".")) return emit(c, ZD_RE_ANY, false, 0, 0);
  if (accept(c, "^")) return emit(c, ZD_RE_START, false, 0, 0);
  if (accept(c, "$")) return emit(c, ZD_RE_END, false, 0, 0);
  if (peek(c, '*') || peek(c, '+') || peek(c, '?'))
    return refuse(c, ZD_ERR_INVALID, "nothing to repeat in a regular expression");
  return next_point(c, &point) && emit(c, ZD_RE_CHAR, false, point, 0);
}

/* ---- repetition ---- */

static bool read_count(compiler *c, int *out) {
  size_t from = c->at;
  *out = 0;
  while (more(c) && c->text.p[c->at] >= '0' && c->text.p[c->at] <= '9' && *out <= REPEAT_MAX)
    *out = *out * 10 + (c->text.p[c->at++] - '0');
  return c->at > from;
}

/* {n}, {n,}, {n,m}; what has another form is text. */
static bool read_braces(compiler *c, int *least, int *most) {
  size_t from = c->at;
  if (accept(c, "{") && read_count(c, least)) {
    *most = *least;
    bool good = true;
    if (accept(c, ",")) {
      *most = UNBOUNDED;
      good = peek(c, '}') || read_count(c, most);
    }
    if (good && accept(c, "}")) return true;
  }
  c->at = from;
  return false;
}

static bool read_quantifier(compiler *c, int *least, int *most) {
  *least = 0;
  *most = UNBOUNDED;
  if (accept(c, "*")) return true;
  if (accept(c, "?")) {
    *most = 1;
    return true;
  }
  if (accept(c, "+")) {
    *least = 1;
    return true;
  }
  return read_braces(c, least, most);
}

/* An atom's operations, taken out of where they began. */
typedef struct piece {
  const zd_fp_re_op *ops;
  uint32_t n, from;
} piece;

static bool emit_piece(compiler *c, const piece *p) {
  uint32_t shift = here(c) - p->from;
  for (uint32_t i = 0; i < p->n; i++) {
    zd_fp_re_op op = p->ops[i];
    if (op.code == ZD_RE_SPLIT || op.code == ZD_RE_JUMP || op.code == ZD_RE_LOOK) op.a += shift;
    if (op.code == ZD_RE_SPLIT) op.b += shift;
    if (!emit(c, (zd_fp_re_code)op.code, op.negated, op.a, op.b)) return false;
  }
  return true;
}

static void set_split(compiler *c, uint32_t split, bool lazy, uint32_t into, uint32_t past) {
  op_at(c, split)->a = lazy ? past : into;
  op_at(c, split)->b = lazy ? into : past;
}

/* x*: SPLIT; MARK; x; CHECK; JUMP to the SPLIT */
static bool emit_loop(compiler *c, const piece *p, bool lazy) {
  uint32_t mark = c->re->marks++, top = here(c);
  if (mark >= ZD_RE_MARKS) return refuse(c, ZD_ERR_LIMIT, "too many repetitions");
  if (!emit(c, ZD_RE_SPLIT, false, 0, 0) || !emit(c, ZD_RE_MARK, false, mark, 0)) return false;
  if (!emit_piece(c, p)) return false;
  if (!emit(c, ZD_RE_CHECK, false, mark, 0) || !emit(c, ZD_RE_JUMP, false, top, 0)) return false;
  set_split(c, top, lazy, top + 1, here(c));
  return true;
}

/* x?x?x?, each only when the one before it was there. */
static bool emit_options(compiler *c, const piece *p, int count, bool lazy) {
  uint32_t first = here(c);
  for (int i = 0; i < count; i++)
    if (!emit(c, ZD_RE_SPLIT, false, 0, 0) || !emit_piece(c, p)) return false;
  for (int i = 0; i < count; i++) {
    uint32_t split = first + (uint32_t)i * (p->n + 1);
    set_split(c, split, lazy, split + 1, here(c));
  }
  return true;
}

static bool parse_repetition(compiler *c, uint32_t from) {
  int least, most;
  if (!read_quantifier(c, &least, &most)) return true;
  bool lazy = accept(c, "?");
  if (peek(c, '+')) return refuse(c, ZD_ERR_UNSUPPORTED, "possessive repetition is not supported");
  if (least > REPEAT_MAX || most > REPEAT_MAX)
    return refuse(c, ZD_ERR_LIMIT, "too many repetitions");
  if (most != UNBOUNDED && most < least)
    return refuse(c, ZD_ERR_INVALID, "bad repetition in a regular expression");
  piece p = {.n = here(c) - from, .from = from};
  zd_fp_re_op *kept = zd_arena_alloc(c->arena, (p.n + 1) * sizeof *kept);
  if (!kept) return no_memory(c);
  if (p.n) memcpy(kept, op_at(c, from), p.n * sizeof *kept);
  p.ops = kept;
  c->ops.n = from * sizeof *kept;
  for (int i = 0; i < least; i++)
    if (!emit_piece(c, &p)) return false;
  return most == UNBOUNDED ? emit_loop(c, &p, lazy) : emit_options(c, &p, most - least, lazy);
}

static bool parse_sequence(compiler *c) {
  while (more(c) && !peek(c, '|') && !peek(c, ')')) {
    uint32_t from = here(c);
    if (!parse_atom(c) || !parse_repetition(c, from)) return false;
  }
  return true;
}

/* a|b|c: SPLIT to a or what follows; JUMP behind all */
static bool parse_alternatives(compiler *c) {
  uint32_t from = here(c);
  if (!parse_sequence(c)) return false;
  if (!accept(c, "|")) return true;
  piece left = {.n = here(c) - from, .from = from};
  zd_fp_re_op *kept = zd_arena_alloc(c->arena, (left.n + 1) * sizeof *kept);
  if (!kept) return no_memory(c);
  if (left.n) memcpy(kept, op_at(c, from), left.n * sizeof *kept);
  left.ops = kept;
  c->ops.n = from * sizeof *kept;
  if (!emit(c, ZD_RE_SPLIT, false, from + 1, 0) || !emit_piece(c, &left)) return false;
  uint32_t jump = here(c);
  if (!emit(c, ZD_RE_JUMP, false, 0, 0)) return false;
  op_at(c, from)->b = here(c);
  if (++c->depth > DEPTH_MAX * 4) return refuse(c, ZD_ERR_LIMIT, "too many alternatives");
  if (!parse_alternatives(c)) return false;
  c->depth--;
  op_at(c, jump)->a = here(c);
  return true;
}

static bool parse_all(compiler *c) {
  if (accept(c, "(?i)")) c->re->fold = true;
  if (!parse_alternatives(c)) return false;
  if (more(c)) return refuse(c, ZD_ERR_INVALID, "a group is closed that was not opened");
  return emit(c, ZD_RE_MATCH, false, 0, 0);
}

static const void *keep(compiler *c, const zd_buffer *b) {
  void *kept = zd_arena_alloc(c->arena, b->n + 1);
  if (!kept) no_memory(c);
  if (kept && b->n) memcpy(kept, b->p, b->n);
  return kept;
}

zd_err zd_fp_regex_compile(zd_slice pattern, zd_arena *arena, const zd_fp_regex **out,
                           const char **why) {
  compiler c = {.text = pattern, .arena = arena, .re = ZD_NEW(arena, zd_fp_regex)};
  zd_buffer_init(&c.ops, 0);
  zd_buffer_init(&c.ranges, 0);
  if (!c.re) no_memory(&c);
  if (c.re && parse_all(&c)) {
    c.re->op_count = here(&c);
    c.re->ops = keep(&c, &c.ops);
    c.re->ranges = keep(&c, &c.ranges);
  }
  zd_buffer_free(&c.ops);
  zd_buffer_free(&c.ranges);
  *out = c.re;
  *why = c.why;
  return c.err;
}

uint32_t zd_fp_regex_groups(const zd_fp_regex *re) {
  return re->groups;
}

uint32_t zd_fp_regex_group(const zd_fp_regex *re, zd_slice name) {
  for (uint32_t i = 1; i <= re->groups; i++)
    if (re->names[i].p && zd_slice_eq(re->names[i], name)) return i;
  return 0;
}
