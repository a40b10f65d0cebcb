/* Proves the postings of segments against the rows they were derived from: each expected posting is
 * looked up; then the number of postings found must be the number there are. */
#include <stdio.h>
#include <stdlib.h>

#include "store/embedded/index/column.h"
#include "store/embedded/index/index_internal.h"

enum { KINDS = ZD_KEY_KILLS + 1 };

struct zd_index_verifier {
  zd_index_view *view;
  const zd_indexer *indexer; /* may be NULL */
  zd_index_finding finding;
  void *context;
  uint64_t findings;
  uint64_t (*seen)[KINDS]; /* per part of the view: expected postings that were found there */
  zd_entry *sorted;        /* entries of the present row */
  size_t sorted_room;
};

static void found(zd_index_verifier *c, const char *text) {
  c->findings++;
  if (c->finding) c->finding(c->context, text);
}

/* Of the fields of entries; the engine's own keys are always complete. */
static zd_field_standing standing_of(const zd_index_verifier *c, uint32_t kind, uint32_t field) {
  bool of_entries = kind == ZD_KEY_TERM || kind == ZD_KEY_RANGE;
  if (!of_entries || !c->indexer || !c->indexer->standing) return ZD_FIELD_COMPLETE;
  return c->indexer->standing(c->indexer->state, field);
}

static const char *kind_name(uint32_t kind) {
  static const char *const names[KINDS] = {"",   "term",     "range",         "type",
                                           "id", "deletion", "superseded row"};
  return names[kind];
}

zd_err zd_index_verify_begin(zd_index_view *v, const zd_indexer *indexer, zd_index_finding finding,
                             void *context, zd_index_verifier **out) {
  zd_index_verifier *c = calloc(1, sizeof *c);
  if (!c) return ZD_ERR_MEMORY;
  c->seen = calloc(v->parts->all + 1, sizeof *c->seen);
  if (!c->seen) {
    free(c);
    return ZD_ERR_MEMORY;
  }
  c->view = zd_index_view_share(v);
  c->indexer = indexer;
  c->finding = finding;
  c->context = context;
  *out = c;
  return ZD_OK;
}

/* ---- is a posting there? ---- */

static const zd_posting_chunk *chunk_entry(const zd_posting_chunk *table, size_t n,
                                           uint64_t chunk) {
  size_t low = 0;
  while (n > 0) {
    size_t half = n / 2;
    if (table[low + half].chunk < chunk) {
      low += half + 1;
      n -= half + 1;
    } else {
      n = half;
    }
  }
  return table + low;
}

static zd_err in_chunks(zd_segment *s, const zd_posting *p, zd_row row, const zd_interval *interval,
                        bool *has, zd_fault *fault) {
  const zd_posting_chunk *table;
  size_t n;
  zd_err err = zd_posting_chunks(s, p, &table, &n, fault);
  if (err) return err;
  uint64_t chunk = zd_chunk_of(row) - zd_chunk_of(zd_segment_head(s)->first_row);
  const zd_posting_chunk *entry = chunk_entry(table, n, chunk);
  if (entry == table + n || entry->chunk != chunk) return ZD_OK;
  if (interval) {
    const void *column;
    err = zd_posting_column(s, entry, &column, fault);
    if (!err) *has = zd_column_has(column, entry->n, interval);
    return err;
  }
  zd_set set;
  err = zd_posting_set(s, entry, &set, fault);
  if (!err) *has = zd_set_has(&set, (uint32_t)(row & (ZD_CHUNK_ROWS - 1)));
  return err;
}

static zd_err in_kills(zd_segment *s, const zd_posting *p, zd_row killer, zd_row victim, bool *has,
                       zd_fault *fault) {
  zd_set victims;
  const uint32_t *killers;
  uint16_t rows[ZD_CHUNK_ROWS];
  zd_err err = zd_posting_kills(s, p, &victims, &killers, fault);
  if (err || !zd_set_has(&victims, (uint32_t)(victim & (ZD_CHUNK_ROWS - 1)))) return err;
  uint32_t n = zd_set_list(&victims, rows);
  for (uint32_t i = 0; i < n && i < p->n; i++) {
    if (rows[i] == (victim & (ZD_CHUNK_ROWS - 1)))
      *has = zd_segment_head(s)->first_row + killers[i] == killer;
  }
  return ZD_OK;
}

typedef struct posting_wanted {
  zd_key key;
  zd_row row, victim;
  zd_interval interval; /* RANGE */
} posting_wanted;

static zd_err segment_has(zd_segment *s, const posting_wanted *e, bool *has, zd_fault *fault) {
  zd_posting p;
  *has = false;
  zd_err err = zd_segment_find(s, &e->key, &p, fault);
  if (err || p.n == 0) return err;
  if (e->key.kind == ZD_KEY_KILLS) return in_kills(s, &p, e->row, e->victim, has, fault);
  if (p.form == ZD_POSTING_CHUNKS)
    return in_chunks(s, &p, e->row, e->key.kind == ZD_KEY_RANGE ? &e->interval : NULL, has, fault);
  uint32_t rows[ZD_POSTING_SHORT];
  if (p.n > ZD_POSTING_SHORT) return zd_segment_corrupt(s, p.at, "form of a posting", fault);
  err = zd_posting_rows(s, &p, rows, fault);
  uint32_t wanted = (uint32_t)(e->row - zd_segment_head(s)->first_row);
  for (uint64_t i = 0; !err && i < p.n && !*has; i++) *has = rows[i] == wanted;
  return err;
}

/* Looks in the part and in the supplements over it; counts where it is. */
static zd_err expect(zd_index_verifier *c, size_t part, const posting_wanted *e, zd_fault *fault) {
  const zd_parts *parts = c->view->parts;
  bool anywhere = false;
  for (size_t i = part; i < parts->all; i = i < parts->n ? parts->n : i + 1) {
    const zd_part *p = parts->at[i];
    if (e->row < p->first || e->row >= zd_part_end(p)) continue;
    bool has;
    zd_err err = segment_has(p->segment, e, &has, fault);
    if (err) return err;
    c->seen[i][e->key.kind] += has;
    anywhere |= has;
  }
  if (anywhere || standing_of(c, e->key.kind, e->key.field) == ZD_FIELD_PARTIAL) return ZD_OK;
  char text[200];
  snprintf(text, sizeof text, "row %llu has no posting: %s, field %u", (unsigned long long)e->row,
           kind_name(e->key.kind), e->key.field);
  found(c, text);
  return ZD_OK;
}

/* ---- the postings of a row ---- */

static int entry_cmp(const void *x, const void *y) {
  const zd_entry *a = x, *b = y;
  if (a->kind != b->kind) return a->kind < b->kind ? -1 : 1;
  if (a->field != b->field) return a->field < b->field ? -1 : 1;
  int order = zd_slice_cmp(a->term, b->term);
  if (order || a->kind == ZD_ENTRY_TERM) return order;
  if (a->low != b->low) return a->low < b->low ? -1 : 1;
  return (a->high > b->high) - (a->high < b->high);
}

static zd_err sort_entries(zd_index_verifier *c, const zd_entry *entries, size_t n) {
  if (n > c->sorted_room) {
    zd_entry *more = realloc(c->sorted, n * sizeof *more);
    if (!more) return ZD_ERR_MEMORY;
    c->sorted = more;
    c->sorted_room = n;
  }
  if (n) {
    memcpy(c->sorted, entries, n * sizeof *entries);
    qsort(c->sorted, n, sizeof *c->sorted, entry_cmp);
  }
  return ZD_OK;
}

static zd_err verify_entries(zd_index_verifier *c, size_t part, zd_row row, const zd_index_row *r,
                             zd_fault *fault) {
  zd_err err = sort_entries(c, r->entries, r->entry_count);
  for (size_t i = 0; !err && i < r->entry_count; i++) {
    const zd_entry *e = &c->sorted[i];
    if (i && entry_cmp(e, e - 1) == 0) continue;
    posting_wanted x = {.row = row};
    x.key = (zd_key){e->kind == ZD_ENTRY_TERM ? ZD_KEY_TERM : ZD_KEY_RANGE, e->field, e->term};
    x.interval = (zd_interval){e->low, e->high, (uint32_t)(row & (ZD_CHUNK_ROWS - 1))};
    err = expect(c, part, &x, fault);
  }
  return err;
}

static zd_err verify_identity(zd_index_verifier *c, size_t part, zd_row row, const zd_index_row *r,
                              zd_fault *fault) {
  char room[ZD_ID_KEY_MAX];
  zd_slice none = {NULL, 0};
  posting_wanted x = {.row = row, .victim = r->previous, .key = {ZD_KEY_TYPE, r->type, none}};
  zd_err err = expect(c, part, &x, fault);
  x.key = (zd_key){ZD_KEY_ID, r->type, zd_key_id(r->id, room)};
  if (!err) err = expect(c, part, &x, fault);
  x.key = (zd_key){ZD_KEY_DELETED, 0, none};
  if (!err && r->op == ZD_OP_DELETE) err = expect(c, part, &x, fault);
  if (err || r->previous == ZD_NO_ROW) return err;
  x.key = (zd_key){ZD_KEY_KILLS, (uint32_t)zd_chunk_of(r->previous), none};
  return expect(c, part, &x, fault);
}

zd_err zd_index_verify_row(zd_index_verifier *c, zd_row row, const zd_index_row *expected,
                           zd_fault *fault) {
  size_t part = zd_parts_find(c->view->parts, row);
  if (part == c->view->parts->n) {
    char text[80];
    snprintf(text, sizeof text, "row %llu is not in the index", (unsigned long long)row);
    found(c, text);
    return ZD_OK;
  }
  if (c->view->parts->at[part]->memtable) return ZD_OK;
  uint64_t locator;
  zd_err err = zd_index_locator(c->view, row, &locator, fault);
  if (!err && locator != expected->locator) {
    char text[120];
    snprintf(text, sizeof text, "row %llu: the index leads to %llu in the log, not %llu",
             (unsigned long long)row, (unsigned long long)locator,
             (unsigned long long)expected->locator);
    found(c, text);
  }
  if (!err) err = verify_identity(c, part, row, expected, fault);
  return err ? err : verify_entries(c, part, row, expected, fault);
}

/* ---- none too many ---- */

static void compare_numbers(zd_index_verifier *c, size_t part) {
  const zd_segment *s = c->view->parts->at[part]->segment;
  uint64_t there[KINDS] = {0};
  size_t n;
  const zd_segment_space *spaces = zd_segment_spaces(s, &n);
  for (size_t i = 0; i < n; i++) {
    bool ours = standing_of(c, spaces[i].kind, spaces[i].field) != ZD_FIELD_FOREIGN;
    if (spaces[i].kind < KINDS && ours) there[spaces[i].kind] += spaces[i].items;
  }
  for (uint32_t kind = ZD_KEY_TERM; kind < KINDS; kind++) {
    if (there[kind] == c->seen[part][kind]) continue;
    char text[400];
    snprintf(text, sizeof text, "index segment %.250s: %llu postings of kind %s, %llu have a row",
             zd_segment_path(s), (unsigned long long)there[kind], kind_name(kind),
             (unsigned long long)c->seen[part][kind]);
    found(c, text);
  }
}

zd_err zd_index_verify_end(zd_index_verifier *c, zd_fault *fault) {
  const zd_parts *parts = c->view->parts;
  for (size_t i = 0; i < parts->all; i++) {
    /* A part that reaches beyond the view has not been fed whole. */
    if (parts->at[i]->segment && zd_part_end(parts->at[i]) <= c->view->bound) compare_numbers(c, i);
  }
  uint64_t findings = c->findings;
  zd_index_view_release(c->view);
  free(c->seen);
  free(c->sorted);
  free(c);
  if (findings == 0) return ZD_OK;
  return zd_fail(fault, ZD_ERR_CORRUPT, "%llu findings between log and index",
                 (unsigned long long)findings);
}
