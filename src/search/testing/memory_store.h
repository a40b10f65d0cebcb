/* memory_store.h: for tests only. The few functions of store.h that search/ calls, over arrays,
 * and plans answered row by row with no index at all. Including it replaces the real store.
 */
#ifndef ZD_SEARCH_MEMORY_STORE_H
#define ZD_SEARCH_MEMORY_STORE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "fhir/codec.h"
#include "search/search.h"

enum { SYMBOLS = 8192, ROWS = 4096, SYMBOL_SLOTS = 4 * SYMBOLS };

typedef struct memory_row {
  uint32_t type;
  zd_slice id, body;
  zd_tree tree;
  const zd_entry *entries;
  size_t n;
  int64_t time_ms;
} memory_row;

struct zd_store {
  zd_slice symbols[SYMBOLS];
  uint32_t slots[SYMBOL_SLOTS]; /* symbol + 1 */
  uint32_t symbol_count, symbol_limit;
  memory_row rows[ROWS];
  size_t row_count;
  zd_arena arena;
};

struct zd_snapshot {
  zd_store *store;
};

static uint32_t slot_of(zd_store *s, zd_slice name) {
  uint32_t h = 2166136261u;
  for (size_t i = 0; i < name.n; i++) h = (h ^ (unsigned char)name.p[i]) * 16777619u;
  uint32_t at = h % SYMBOL_SLOTS;
  while (s->slots[at] && !zd_slice_eq(s->symbols[s->slots[at] - 1], name))
    at = (at + 1) % SYMBOL_SLOTS;
  return at;
}

uint32_t zd_store_symbol(zd_store *s, zd_slice name, bool create) {
  uint32_t at = slot_of(s, name);
  if (s->slots[at]) return s->slots[at] - 1;
  if (!create || s->symbol_count == s->symbol_limit) return ZD_NO_SYMBOL;
  s->symbols[s->symbol_count] = zd_arena_copy(&s->arena, name);
  s->slots[at] = s->symbol_count + 1;
  return s->symbol_count++;
}

zd_slice zd_store_symbol_name(const zd_store *s, uint32_t symbol) {
  return symbol < s->symbol_count ? s->symbols[symbol] : (zd_slice){NULL, 0};
}

zd_err zd_snapshot_read(zd_snapshot *v, zd_row row, bool header_only, zd_arena *arena,
                        zd_record *out, zd_fault *fault) {
  (void)arena, (void)fault;
  const memory_row *r = &v->store->rows[row];
  *out = (zd_record){.row = row, .type = r->type, .time_ms = r->time_ms};
  out->id_n = (uint8_t)(r->id.n < sizeof out->id ? r->id.n : sizeof out->id);
  memcpy(out->id, r->id.p, out->id_n);
  if (!header_only) out->body = r->body;
  return ZD_OK;
}

zd_err zd_snapshot_find(zd_snapshot *v, uint32_t type, zd_slice id, zd_row *row) {
  for (*row = 0; *row < v->store->row_count; ++*row)
    if (v->store->rows[*row].type == type && zd_slice_eq(v->store->rows[*row].id, id)) return ZD_OK;
  return ZD_ERR_NOT_FOUND;
}

zd_err zd_snapshot_row_at(zd_snapshot *v, int64_t ms, zd_row *row) {
  for (*row = 0; *row < v->store->row_count; ++*row)
    if (v->store->rows[*row].time_ms >= ms) break;
  return ZD_OK;
}

/* Nothing is remembered and nothing indexed later here; that they stand here keeps the linker from
 * taking the real store besides. */
zd_err zd_store_note(zd_store *s, const char *name, zd_buffer *out, zd_fault *fault) {
  (void)s, (void)out;
  return zd_fail(fault, ZD_ERR_NOT_FOUND, "no note %s", name);
}

zd_err zd_store_set_note(zd_store *s, const char *name, zd_slice text, zd_fault *fault) {
  (void)s, (void)text;
  return zd_fail(fault, ZD_ERR_UNSUPPORTED, "note %s: memory only", name);
}

zd_err zd_store_reindex(zd_store *s, const uint32_t *fields, size_t n,
                        bool (*progress)(void *context, uint64_t done, uint64_t total),
                        void *context, zd_fault *fault) {
  (void)s, (void)fields, (void)n, (void)progress, (void)context;
  return zd_fail(fault, ZD_ERR_UNSUPPORTED, "memory only");
}

zd_err zd_store_snapshot(zd_store *s, zd_snapshot **out) {
  (void)s, (void)out;
  return ZD_ERR_UNSUPPORTED;
}

void zd_snapshot_release(zd_snapshot *v) {
  (void)v;
}

zd_row zd_snapshot_row(const zd_snapshot *v) {
  return v->store->row_count;
}

static inline zd_store *memory_open(void) {
  zd_store *s = calloc(1, sizeof *s);
  assert_non_null(s);
  zd_arena_init(&s->arena, 0);
  s->symbol_limit = SYMBOLS;
  return s;
}

static inline void memory_close(zd_store *s) {
  zd_arena_free(&s->arena);
  free(s);
}

static inline void memory_empty(zd_store *s) {
  s->row_count = 0;
}

/* Reads, indexes and keeps a resource. */
static inline const memory_row *memory_put(zd_store *s, const zd_search *search, const char *json,
                                           int64_t time_ms) {
  memory_row *r = &s->rows[s->row_count];
  zd_issues issues;
  zd_issues_init(&issues, &s->arena);
  r->body = zd_arena_copy(&s->arena, zd_slice_of(json));
  r->time_ms = time_ms;
  zd_err err =
      zd_fhir_read_json(zd_schema_r4(), r->body, ZD_NO_TYPE, NULL, &s->arena, &r->tree, &issues);
  zd_slice why = issues.n ? issues.items[0].diagnostics : ZD_S("");
  if (err) fail_msg("%s: %.*s in %s", zd_err_name(err), ZD_SV(why), json);
  uint32_t id = zd_tree_child(&r->tree, 0, ZD_S("id"));
  r->id = id ? zd_node_raw(&r->tree.nodes[id]) : ZD_S("none");
  r->type = zd_search_type_symbol(search, r->tree.nodes[0].type);
  err = zd_search_entries(search, &r->tree, 0, NULL, NULL, 0, &s->arena, &r->entries, &r->n);
  if (err) fail_msg("entries: %s for %s", zd_err_name(err), json);
  assert_true(++s->row_count < ROWS);
  return r;
}

static inline bool entry_hit(const zd_plan *p, const zd_entry *e) {
  if (e->field != p->field) return false;
  switch (p->op) {
    case ZD_PLAN_TERM:
      return e->kind == ZD_ENTRY_TERM && zd_slice_eq(e->term, p->term);
    case ZD_PLAN_PREFIX:
      return e->kind == ZD_ENTRY_TERM && zd_slice_starts(e->term, p->term);
    case ZD_PLAN_SPAN:
      return e->kind == ZD_ENTRY_TERM && zd_slice_cmp(e->term, p->term) >= 0 &&
             (!p->to.p || zd_slice_cmp(e->term, p->to) < 0);
    case ZD_PLAN_CONTAINS:
      return e->kind == ZD_ENTRY_TERM && zd_slice_starts(e->term, p->term) &&
             memmem(e->term.p + p->term.n, e->term.n - p->term.n, p->to.p, p->to.n);
    case ZD_PLAN_RANGE:
      return e->kind == ZD_ENTRY_RANGE && zd_slice_eq(e->term, p->term) && e->low >= p->low_min &&
             e->low <= p->low_max && e->high >= p->high_min && e->high <= p->high_max;
    default:
      return false;
  }
}

static inline bool memory_hit(zd_store *s, const zd_plan *p, zd_row row);

static inline bool any_child(zd_store *s, const zd_plan *p, zd_row row) {
  for (size_t i = 0; i < p->child_count; i++)
    if (memory_hit(s, p->children[i], row)) return true;
  return false;
}

static inline bool every_child(zd_store *s, const zd_plan *p, zd_row row) {
  for (size_t i = 0; i < p->child_count; i++)
    if (!memory_hit(s, p->children[i], row)) return false;
  return true;
}

/* Whether row `from` names row `to` in the plan's field. */
static inline bool names(const zd_plan *p, const memory_row *from, const memory_row *to) {
  for (size_t i = 0; i < from->n; i++) {
    const zd_entry *e = &from->entries[i];
    uint32_t type;
    zd_slice id;
    if (e->field == p->field && e->kind == ZD_ENTRY_TERM && zd_name_read(e->term, &type, &id) &&
        type == to->type && zd_slice_eq(id, to->id))
      return true;
  }
  return false;
}

/* Some other row matches the child and is named by this one, or names it. */
static inline bool joined(zd_store *s, const zd_plan *p, zd_row row) {
  const memory_row *r = &s->rows[row];
  bool refers = p->op == ZD_PLAN_REFERS;
  if (!refers && r->type != p->type) return false;
  for (zd_row k = 0; k < s->row_count; k++) {
    const memory_row *other = &s->rows[k];
    if ((refers ? names(p, r, other) : names(p, other, r)) && memory_hit(s, p->children[0], k))
      return true;
  }
  return false;
}

static inline bool memory_hit(zd_store *s, const zd_plan *p, zd_row row) {
  const memory_row *r = &s->rows[row];
  zd_snapshot v = {s};
  bool hit = false;
  switch (p->op) {
    case ZD_PLAN_ALL:
      return true;
    case ZD_PLAN_NONE:
      return false;
    case ZD_PLAN_TYPE:
      return r->type == p->type;
    case ZD_PLAN_ROWS:
      return row >= p->first && row < p->last;
    case ZD_PLAN_IDS:
      for (size_t i = 0; i < p->id_count; i++)
        if (r->type == p->type && zd_slice_eq(r->id, p->ids[i])) return true;
      return false;
    case ZD_PLAN_AND:
      return every_child(s, p, row);
    case ZD_PLAN_OR:
      return any_child(s, p, row);
    case ZD_PLAN_NOT:
      return !memory_hit(s, p->children[0], row);
    case ZD_PLAN_CHECK:
      if (!memory_hit(s, p->children[0], row)) return false;
      assert_int_equal(p->check(p->check_state, &v, row, &hit), ZD_OK);
      return hit;
    case ZD_PLAN_REFERS:
    case ZD_PLAN_REFERRED:
      return joined(s, p, row);
    default:
      for (size_t i = 0; i < r->n; i++)
        if (entry_hit(p, &r->entries[i])) return true;
      return false;
  }
}

zd_err zd_snapshot_search(zd_snapshot *v, const zd_search_request *q, zd_row *out, size_t *n,
                          zd_fault *fault) {
  (void)fault;
  *n = 0;
  assert_int_equal(q->sort_count, 0);
  bool down = q->order == ZD_SCAN_DESCENDING;
  for (size_t i = 0; i < v->store->row_count && *n < q->limit; i++) {
    zd_row row = down ? v->store->row_count - 1 - i : i;
    bool passed = q->after == ZD_NO_ROW || (down ? row < q->after : row > q->after);
    if (passed && memory_hit(v->store, q->plan, row)) out[(*n)++] = row;
  }
  return ZD_OK;
}

zd_err zd_snapshot_count(zd_snapshot *v, const zd_search_request *q, uint64_t *n, zd_fault *fault) {
  return zd_snapshot_estimate(v, q->plan, n, fault);
}

zd_err zd_snapshot_estimate(zd_snapshot *v, const zd_plan *plan, uint64_t *n, zd_fault *fault) {
  (void)fault;
  *n = 0;
  for (zd_row row = 0; row < v->store->row_count; row++) *n += memory_hit(v->store, plan, row);
  return ZD_OK;
}

zd_err zd_snapshot_entries(zd_snapshot *v, zd_row row, zd_arena *arena, const zd_entry **out,
                           size_t *n, zd_fault *fault) {
  (void)arena, (void)fault;
  *out = v->store->rows[row].entries;
  *n = v->store->rows[row].n;
  return ZD_OK;
}

#endif
