/* lastn.c: Observation/$lastn (R4 observation-operation-lastn.html): of what a search finds, the
 * most recent Observations of each code.
 *
 * Groups: a coding is its system and code; all codings of one Observation are taken as equal, and
 * so is, by that, what they equal elsewhere. A code without codings is its text. Order: by time
 * (zd_observed_time), those without a time last; of equal times all are given when one is.
 */
#include <stdlib.h>

#include "rest/observed.h"

#include "rest/definition.h"
#include "rest/page.h"
#include "rest/texts.h"

typedef struct seen {
  zd_row row;
  int64_t time;
  size_t group; /* a text's number, then the group's root */
} seen;

typedef struct lastn {
  zd_call *call;
  const zd_interaction *in;
  uint64_t max;
  zd_slice query;
  zd_snapshot *v;
  zd_observed_rows rows;
  seen *list;
  size_t n;
  zd_texts codes;
  size_t *parent; /* by number of a text: union-find (Tarjan 1975) */
  size_t parent_room;
  size_t first; /* of the Observation being looked at; SIZE_MAX: none yet */
} lastn;

/* ---- groups ---- */

static size_t root_of(lastn *l, size_t i) {
  while (l->parent[i] != i) {
    l->parent[i] = l->parent[l->parent[i]];
    i = l->parent[i];
  }
  return i;
}

static zd_err make_room(lastn *l) {
  if (l->codes.count <= l->parent_room) return ZD_OK;
  size_t room = l->parent_room ? l->parent_room * 2 : 64;
  size_t *parent = realloc(l->parent, room * sizeof *parent);
  if (!parent) return ZD_ERR_MEMORY;
  l->parent = parent;
  l->parent_room = room;
  return ZD_OK;
}

/* The Observation has this code, too. */
static zd_err join(lastn *l, zd_slice key) {
  size_t number;
  bool is_new;
  zd_err err = zd_texts_add(&l->codes, key, &number, &is_new);
  if (err == ZD_OK) err = make_room(l);
  if (err != ZD_OK) return err;
  if (is_new) l->parent[number] = number;
  if (l->first == SIZE_MAX)
    l->first = number;
  else
    l->parent[root_of(l, number)] = root_of(l, l->first);
  return ZD_OK;
}

/* Keys: C <system> NUL <code>, T <text>, N <row> for what says neither. */
static zd_err join_coding(void *state, zd_slice system, zd_slice code) {
  lastn *l = state;
  zd_buffer key;
  zd_buffer_init(&key, 0);
  zd_buffer_add_char(&key, 'C');
  zd_buffer_add_slice(&key, system);
  zd_buffer_add_char(&key, '\0');
  zd_buffer_add_slice(&key, code);
  zd_err err = zd_buffer_error(&key);
  if (err == ZD_OK) err = join(l, zd_buffer_slice(&key));
  zd_buffer_free(&key);
  return err;
}

static zd_err join_text(lastn *l, zd_observed *o, uint32_t code) {
  zd_slice text = code ? zd_observed_text(o, code, "text") : (zd_slice){NULL, 0};
  zd_slice key = text.p ? zd_arena_printf(&o->arena, "T%.*s", ZD_SV(text))
                        : zd_arena_printf(&o->arena, "N%llu", (unsigned long long)o->record.row);
  return key.p ? join(l, key) : ZD_ERR_MEMORY;
}

static zd_err look_at(lastn *l, zd_row row, zd_observed *o, seen *out, zd_fault *fault) {
  zd_err err = zd_observed_read(l->call, l->v, row, o, fault);
  if (err != ZD_OK) return err;
  uint32_t code = zd_tree_child(&o->tree, 0, ZD_S("code"));
  l->first = SIZE_MAX;
  err = zd_observed_codings(o, code, l, join_coding);
  if (err == ZD_OK && l->first == SIZE_MAX) err = join_text(l, o, code);
  *out = (seen){.row = row, .time = zd_observed_time(o), .group = l->first};
  return err;
}

/* ---- choosing ---- */

static int recent_first(const void *a, const void *b) {
  const seen *x = a, *y = b;
  if (x->time != y->time) return x->time > y->time ? -1 : 1;
  return x->row > y->row ? -1 : x->row < y->row;
}

static int by_group(const void *a, const void *b) {
  const seen *x = a, *y = b;
  if (x->group != y->group) return x->group < y->group ? -1 : 1;
  return recent_first(a, b);
}

/* Keeps of each group the first `max`, and those as recent as the last of them. */
static void choose(lastn *l) {
  size_t kept = 0, in_group = 0;
  int64_t last = 0;
  for (size_t i = 0; i < l->n; i++) l->list[i].group = root_of(l, l->list[i].group);
  qsort(l->list, l->n, sizeof *l->list, by_group);
  size_t group = SIZE_MAX;
  for (size_t i = 0; i < l->n; i++) {
    seen x = l->list[i];
    if (x.group != group) in_group = 0;
    group = x.group;
    if (in_group >= l->max && x.time != last) continue;
    in_group++;
    last = x.time;
    l->list[kept++] = x;
  }
  l->n = kept;
  qsort(l->list, l->n, sizeof *l->list, recent_first);
}

static zd_err find(lastn *l, zd_fault *fault) {
  zd_observed o;
  zd_err err = ZD_OK;
  size_t n = zd_observed_count(&l->rows);
  l->list = calloc(n ? n : 1, sizeof *l->list);
  if (!l->list) return ZD_ERR_MEMORY;
  zd_observed_init(&o);
  for (; l->n < n && err == ZD_OK; l->n++)
    err = look_at(l, zd_observed_row(&l->rows, l->n), &o, &l->list[l->n], fault);
  zd_observed_done(&o);
  if (err == ZD_OK) choose(l);
  return err;
}

/* ---- the answer ---- */

static zd_err write(lastn *l, zd_buffer *out, zd_fault *fault) {
  enum { MOST_BYTES = 256 << 20 };
  zd_call inner = *l->call;
  zd_arena scratch;
  zd_err err = ZD_OK;
  zd_arena_init(&scratch, 0);
  inner.arena = &scratch;
  zd_page_open(l->call, "searchset", l->n, out);
  zd_page_link(l->call, "self", zd_page_path(l->call, l->in),
               zd_page_query(l->call, l->query, l->in->shape_query), NULL, out);
  zd_page_entries(out);
  for (size_t i = 0; i < l->n && err == ZD_OK; i++) {
    zd_record record;
    zd_arena_reset(&scratch);
    err = zd_snapshot_read(l->v, l->list[i].row, false, &scratch, &record, fault);
    if (err == ZD_OK) err = zd_page_entry(&inner, l->in, &record, "match", i == 0, out);
    if (out->n > MOST_BYTES)
      err = zd_fail(fault, ZD_ERR_LIMIT, "the answer is larger than %d MiB; ask for fewer",
                    MOST_BYTES >> 20);
  }
  zd_page_close(out);
  zd_arena_free(&scratch);
  return err;
}

/* ---- what is asked ---- */

static bool take_max(lastn *l, const zd_argument *x, zd_answer *a) {
  uint64_t n = 0;
  bool fine = x->text.n > 0 && x->text.n < 10;
  for (size_t i = 0; i < x->text.n && fine; i++) {
    fine = x->text.p[i] >= '0' && x->text.p[i] <= '9';
    n = n * 10 + (uint64_t)(x->text.p[i] - '0');
  }
  l->max = n;
  return (fine && n) || zd_argument_refuse(l->call, a, x->name, ZD_ISSUE_VALUE,
                                           "max is a number from 1, not \"%.*s\"", ZD_SV(x->text));
}

/* "patient", "subject:Patient", "patient.identifier" */
static bool names_subject(zd_slice name) {
  size_t end = zd_slice_find((zd_slice){name.p, zd_slice_find(name, '.')}, ':');
  zd_slice base = {name.p, end};
  return zd_slice_eq(base, ZD_S("patient")) || zd_slice_eq(base, ZD_S("subject"));
}

/* "category", or a parameter of a code: code, combo-code, code-value-quantity, ... */
static bool names_code(zd_slice name) {
  zd_slice base = {name.p, zd_slice_find(name, ':')};
  return zd_slice_eq(base, ZD_S("category")) || memmem(base.p, base.n, "code", 4) != NULL;
}

/* A subject and a code or category are required, max is ours, everything else is a search. */
static bool take_arguments(lastn *l, const zd_argument *list, size_t n, zd_buffer *search,
                           zd_buffer *all, zd_answer *a) {
  bool subject = false, code = false, max = false;
  for (size_t i = 0; i < n; i++) {
    const zd_argument *x = &list[i];
    bool is_max = zd_slice_eq(x->name, ZD_S("max"));
    if (!x->text.p)
      return zd_argument_refuse(l->call, a, x->name, ZD_ISSUE_NOT_SUPPORTED,
                                "the parameter \"%.*s\" has another type", ZD_SV(x->name));
    if (is_max && max)
      return zd_argument_refuse(l->call, a, x->name, ZD_ISSUE_VALUE, "max is given twice");
    if (is_max && !take_max(l, x, a)) return false;
    if (!is_max) zd_argument_encode(x->name, x->text, search);
    zd_argument_encode(x->name, x->text, all);
    subject |= names_subject(x->name);
    code |= names_code(x->name);
    max |= is_max;
  }
  if (!subject)
    return zd_argument_refuse(l->call, a, ZD_S("patient"), ZD_ISSUE_REQUIRED,
                              "$lastn needs `patient` or `subject`");
  return code || zd_argument_refuse(l->call, a, ZD_S("code"), ZD_ISSUE_REQUIRED,
                                    "$lastn needs `category`, or a parameter of a code");
}

static bool ask(lastn *l, zd_answer *a) {
  const zd_argument *list;
  size_t n;
  zd_buffer search, all;
  zd_buffer_init(&search, 0);
  zd_buffer_init(&all, 0);
  bool fine =
      zd_arguments(l->call, l->in, &list, &n, a) && take_arguments(l, list, n, &search, &all, a);
  zd_slice query = zd_arena_copy(l->call->arena, zd_buffer_slice(&search));
  l->query = zd_arena_copy(l->call->arena, zd_buffer_slice(&all));
  zd_buffer_free(&search);
  zd_buffer_free(&all);
  if (fine && (!query.p || !l->query.p))
    return zd_argument_refuse(l->call, a, ZD_S("query"), ZD_ISSUE_EXCEPTION, "out of memory");
  if (!fine) return false;
  zd_err err = zd_call_snapshot(l->call, ZD_NO_ROW, &l->v);
  if (err != ZD_OK) zd_answer_unanswered(l->call, a, err, NULL);
  return err == ZD_OK && zd_observed_find(l->call, l->v, query, &l->rows, a);
}

void zd_run_lastn(zd_call *c, const zd_interaction *in, zd_answer *a) {
  lastn l = {.call = c, .in = in, .max = 1};
  zd_fault fault = {0};
  if (ask(&l, a)) {
    zd_err err = find(&l, &fault);
    if (err == ZD_OK) err = write(&l, &a->body, &fault);
    if (err != ZD_OK) {
      zd_buffer_clear(&a->body);
      zd_answer_unanswered(c, a, err, &fault);
    }
  }
  zd_observed_free(&l.rows);
  if (l.v) zd_snapshot_release(l.v);
  zd_texts_free(&l.codes);
  free(l.parent);
  free(l.list);
}
