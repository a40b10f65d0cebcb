#include "store/embedded/index/joins/join.h"

#include <stdlib.h>

#include "store/embedded/index/joins/finder.h"

/* Measured over a million FHIR resources; they only choose between ways to the same answer. */
enum { READ_NS = 1200, ENTRIES_NS = 30000, KEY_NS = 35, TERM_NS = 120, LOOKUP_NS = 700 };
enum { FEW = 32, BATCH = 1024, KEY_UNITS = 5, READ_UNITS = 100, ENTRIES_UNITS = 3000 };

typedef struct joining {
  const zd_scope *scope;
  const zd_row_set *from;
  uint32_t field, type; /* type: REFERRED */
  zd_finder finder;
  zd_arena arena;   /* keys waiting */
  zd_arena records; /* of one row */
  zd_arena places;  /* of the finder */
  zd_slice waiting[BATCH];
  size_t waiting_n;
  zd_fault *fault;
} joining;

static zd_err no_memory(zd_fault *fault) {
  return zd_fail(fault, ZD_ERR_MEMORY, "out of memory evaluating a search");
}

static void tell(const zd_scope *scope, const char *how) {
  if (scope->how) *scope->how = how;
}

/* ---- keys that come in no order are sorted, some at a time ---- */

static int by_bytes(const void *a, const void *b) {
  return zd_slice_cmp(*(const zd_slice *)a, *(const zd_slice *)b);
}

static zd_err flush(joining *j) {
  qsort(j->waiting, j->waiting_n, sizeof *j->waiting, by_bytes);
  zd_err err = ZD_OK;
  for (size_t i = 0; !err && i < j->waiting_n; i++) {
    if (i && zd_slice_eq(j->waiting[i], j->waiting[i - 1])) continue;
    err = zd_finder_add(&j->finder, j->waiting[i]);
  }
  j->waiting_n = 0;
  zd_arena_reset(&j->arena);
  return err;
}

static zd_err wait_for(joining *j, zd_slice key) {
  if (j->waiting_n == BATCH) {
    zd_err err = flush(j);
    if (err) return err;
  }
  zd_slice copy = zd_arena_copy(&j->arena, key);
  if (!copy.p) return no_memory(j->fault);
  j->waiting[j->waiting_n++] = copy;
  return ZD_OK;
}

/* ---- ids of rows, for REFERS ---- */

/* The term for a key of an id; absent when it is none. */
static zd_slice name_of_key(uint32_t type, zd_slice key, char room[ZD_NAME_MAX]) {
  char id[ZD_ID_MAX];
  size_t n;
  if (!zd_key_id_text(key, id, &n)) return (zd_slice){NULL, 0};
  return zd_slice_make(room, zd_name_write(room, type, zd_slice_make(id, n)));
}

typedef zd_err (*row_each)(joining *j, const zd_part *part, zd_row row);

/* Calls `each` for the rows of the set that the part holds. */
static zd_err each_row(joining *j, const zd_part *part, row_each each) {
  zd_row end = zd_part_end(part);
  if (end > j->scope->bound) end = j->scope->bound;
  for (uint64_t c = zd_chunk_of(part->first); zd_chunk_first(c) < end; c++) {
    uint16_t rows[ZD_CHUNK_ROWS];
    zd_set set = zd_row_set_chunk(j->from, c);
    uint32_t n = zd_set_list(&set, rows);
    for (uint32_t i = 0; i < n; i++) {
      zd_row row = zd_chunk_first(c) + rows[i];
      if (row < part->first || row >= end) continue;
      zd_err err = each(j, part, row);
      if (err) return err;
    }
  }
  return ZD_OK;
}

static zd_err name_in_memtable(joining *j, const zd_part *part, zd_row row) {
  char room[ZD_NAME_MAX];
  uint32_t within = (uint32_t)(row - part->first);
  zd_slice name = name_of_key(zd_memtable_type(part->memtable, within),
                              zd_memtable_id(part->memtable, within), room);
  zd_err err = zd_budget_work(j->scope->budget, KEY_UNITS, j->fault);
  return err || !name.p ? err : wait_for(j, name);
}

static zd_err name_by_reading(joining *j, const zd_part *part, zd_row row) {
  (void)part;
  zd_record record;
  zd_err err = zd_budget_work(j->scope->budget, READ_UNITS, j->fault);
  if (!err) err = zd_snapshot_read(j->scope->snapshot, row, true, NULL, &record, j->fault);
  if (err) return err;
  char room[ZD_NAME_MAX];
  size_t n = zd_name_write(room, record.type, zd_slice_make(record.id, record.id_n));
  return wait_for(j, zd_slice_make(room, n));
}

/* Does any term of the field, in any part, name a resource of the type? */
static zd_err field_names(joining *j, uint32_t type, bool *does) {
  const zd_parts *parts = j->scope->parts;
  char room[ZD_NAME_MAX];
  zd_slice prefix = {room, zd_name_write(room, type, ZD_S(""))};
  *does = false;
  for (size_t i = 0; i < parts->all && !*does; i++) {
    const zd_part *part = parts->at[i];
    *does = part->memtable != NULL;
    if (*does) continue;
    const zd_segment_space *space = zd_segment_find_space(part->segment, ZD_KEY_TERM, j->field);
    if (!space) continue;
    zd_segment_cursor c;
    zd_err err = zd_segment_cursor_start(&c, part->segment, space, prefix, j->fault);
    if (err) return err;
    *does = !c.done && zd_slice_starts(zd_segment_cursor_key(&c), prefix);
  }
  return ZD_OK;
}

/* Are there rows of the type in the part and the set, and would they be named? */
static zd_err wanted_type(joining *j, const zd_part *part, uint32_t type, bool *wanted) {
  zd_posting p;
  zd_err err = field_names(j, type, wanted);
  if (err || !*wanted) return err;
  err = zd_segment_find(part->segment, &(zd_key){ZD_KEY_TYPE, type, {NULL, 0}}, &p, j->fault);
  *wanted = false;
  return err || p.n == 0 ? err : zd_posting_meets(part, &p, j->from, wanted, j->fault);
}

/* The ids of a type in order; those of rows in the set. */
static zd_err names_by_walk(joining *j, const zd_part *part, const zd_segment_space *space) {
  zd_segment_cursor c;
  zd_err err = zd_segment_cursor_start(&c, part->segment, space, (zd_slice){NULL, 0}, j->fault);
  while (!err && !c.done) {
    bool hit = false;
    err = zd_budget_work(j->scope->budget, KEY_UNITS, j->fault);
    if (!err) err = zd_posting_meets(part, &c.posting, j->from, &hit, j->fault);
    if (!err && hit) {
      char room[ZD_NAME_MAX];
      zd_slice name = name_of_key(space->field, zd_segment_cursor_key(&c), room);
      if (name.p) err = zd_finder_add(&j->finder, name);
    }
    if (!err) err = zd_segment_cursor_next(&c, j->fault);
  }
  return err;
}

enum { TYPES_MAX = 512 };

/* Walks the ids of the types that matter, when that is cheaper than reading n rows. */
static zd_err names_of_segment(joining *j, const zd_part *part, uint64_t n) {
  bool may_read = j->scope->snapshot && j->scope->way != ZD_JOIN_BY_KEYS;
  bool must_read = may_read && (n <= FEW || j->scope->way == ZD_JOIN_BY_ROWS);
  const zd_segment_space *types[TYPES_MAX];
  size_t spaces, type_count = 0;
  uint64_t keys = 0;
  const zd_segment_space *space = zd_segment_spaces(part->segment, &spaces);
  for (size_t i = 0; !must_read && i < spaces; i++) {
    bool wanted = false;
    if (space[i].kind != ZD_KEY_ID) continue;
    zd_err err = wanted_type(j, part, space[i].field, &wanted);
    if (err) return err;
    if (!wanted) continue;
    if (type_count == TYPES_MAX)
      return zd_fail(j->fault, ZD_ERR_LIMIT, "a join over more than %d types", TYPES_MAX);
    types[type_count++] = &space[i];
    keys += space[i].keys;
  }
  if (must_read || (may_read && n * READ_NS < keys * KEY_NS)) {
    tell(j->scope, "names read row by row, terms looked up");
    return each_row(j, part, name_by_reading);
  }
  tell(j->scope, "dictionaries merged");
  zd_err err = flush(j); /* what waits came before */
  for (size_t i = 0; !err && i < type_count; i++) err = names_by_walk(j, part, types[i]);
  return err;
}

static zd_err names_of_rows(joining *j) {
  const zd_parts *parts = j->scope->parts;
  zd_err err = ZD_OK;
  for (size_t i = 0; !err && i < parts->n; i++) {
    const zd_part *part = parts->at[i];
    uint64_t n = zd_row_set_count(j->from, part->first, zd_part_end(part));
    if (n == 0) continue;
    err = part->memtable ? each_row(j, part, name_in_memtable) : names_of_segment(j, part, n);
  }
  return err ? err : flush(j);
}

/* ---- ids that rows name, for REFERRED ---- */

/* A term of the field: the id in it, when it names the type. */
static zd_err wait_for_named(joining *j, zd_slice term) {
  uint32_t type;
  zd_slice id;
  char room[ZD_ID_KEY_MAX];
  if (!zd_name_read(term, &type, &id) || type != j->type) return ZD_OK;
  return wait_for(j, zd_key_id(id, room));
}

static zd_err named_by_entries(joining *j, const zd_part *part, zd_row row) {
  (void)part;
  const zd_entry *entries;
  size_t n = 0;
  zd_arena_reset(&j->records);
  zd_err err = zd_budget_work(j->scope->budget, ENTRIES_UNITS, j->fault);
  if (!err) err = zd_snapshot_entries(j->scope->snapshot, row, &j->records, &entries, &n, j->fault);
  for (size_t i = 0; !err && i < n; i++) {
    if (entries[i].kind == ZD_ENTRY_TERM && entries[i].field == j->field)
      err = wait_for_named(j, entries[i].term);
  }
  return err;
}

static zd_err named_in_segment(joining *j, const zd_part *part, zd_slice prefix) {
  const zd_segment_space *space = zd_segment_find_space(part->segment, ZD_KEY_TERM, j->field);
  if (!space) return ZD_OK;
  zd_segment_cursor c;
  zd_err err = zd_segment_cursor_start(&c, part->segment, space, prefix, j->fault);
  while (!err && !c.done && zd_slice_starts(zd_segment_cursor_key(&c), prefix)) {
    bool hit = false;
    err = zd_budget_work(j->scope->budget, KEY_UNITS, j->fault);
    if (!err) err = zd_posting_meets(part, &c.posting, j->from, &hit, j->fault);
    if (!err && hit) err = wait_for_named(j, zd_segment_cursor_key(&c));
    if (!err) err = zd_segment_cursor_next(&c, j->fault);
  }
  return err;
}

typedef struct mem_terms {
  joining *j;
  const zd_part *part;
  zd_slice prefix;
  zd_err err;
} mem_terms;

static bool mem_term(void *context, const zd_mem_key *k) {
  mem_terms *m = context;
  zd_slice term = zd_mem_key_get(k).bytes;
  m->err = zd_budget_work(m->j->scope->budget, KEY_UNITS, m->j->fault);
  if (!m->err && zd_slice_starts(term, m->prefix) && zd_mem_key_meets(m->part, k, m->j->from))
    m->err = wait_for_named(m->j, term);
  return m->err == ZD_OK;
}

static zd_err named_by_terms(joining *j) {
  const zd_parts *parts = j->scope->parts;
  char room[ZD_NAME_MAX];
  zd_slice prefix = {room, zd_name_write(room, j->type, ZD_S(""))};
  zd_err err = ZD_OK;
  for (size_t i = 0; !err && i < parts->all; i++) {
    const zd_part *part = parts->at[i];
    if (zd_row_set_count(j->from, part->first, zd_part_end(part)) == 0) continue;
    if (part->segment) {
      err = named_in_segment(j, part, prefix);
      continue;
    }
    mem_terms m = {j, part, prefix, ZD_OK};
    zd_memtable_terms(part->memtable, j->field, prefix, (zd_slice){NULL, 0}, mem_term, &m);
    err = m.err;
  }
  return err;
}

/* What a walk over the field's terms costs. */
static uint64_t terms_cost(const zd_scope *scope, uint32_t field) {
  uint64_t ns = 0;
  for (size_t i = 0; i < scope->parts->all; i++) {
    const zd_part *part = scope->parts->at[i];
    if (part->memtable) {
      ns += (uint64_t)zd_memtable_rows(part->memtable) * TERM_NS;
      continue;
    }
    const zd_segment_space *s = zd_segment_find_space(part->segment, ZD_KEY_TERM, field);
    if (s) ns += s->keys * TERM_NS;
  }
  return ns;
}

static zd_err named_by_rows(joining *j) {
  bool may_read = j->scope->snapshot && j->scope->way != ZD_JOIN_BY_KEYS;
  bool read = may_read && (j->scope->way == ZD_JOIN_BY_ROWS ||
                           j->from->n * ENTRIES_NS < terms_cost(j->scope, j->field));
  zd_err err = ZD_OK;
  tell(j->scope, read ? "entries read row by row, ids looked up" : "dictionaries merged");
  if (!read) err = named_by_terms(j);
  for (size_t i = 0; read && !err && i < j->scope->parts->n; i++)
    err = each_row(j, j->scope->parts->at[i], named_by_entries);
  return err ? err : flush(j);
}

/* ---- both ---- */

/* NULL: out of memory. */
static joining *start(const zd_scope *scope, uint32_t field, const zd_row_set *from,
                      zd_fault *fault) {
  joining *j = calloc(1, sizeof *j);
  if (!j) return NULL;
  j->scope = scope;
  j->from = from;
  j->field = field;
  j->fault = fault;
  zd_arena_init(&j->arena, 0);
  zd_arena_init(&j->records, 0);
  zd_arena_init(&j->places, 0);
  return j;
}

static void end(joining *j) {
  zd_arena_free(&j->arena);
  zd_arena_free(&j->records);
  zd_arena_free(&j->places);
  free(j);
}

zd_err zd_join_referring(const zd_scope *scope, uint32_t field, const zd_row_set *from,
                         zd_row_set *out, zd_fault *fault) {
  joining *j = start(scope, field, from, fault);
  if (!j) return no_memory(fault);
  zd_err err = zd_finder_start(&j->finder, scope, ZD_KEY_TERM, field, &j->places, out, fault);
  if (!err) err = names_of_rows(j);
  end(j);
  return err;
}

zd_err zd_join_referred(const zd_scope *scope, uint32_t field, uint32_t type,
                        const zd_row_set *from, zd_row_set *out, zd_fault *fault) {
  joining *j = start(scope, field, from, fault);
  if (!j) return no_memory(fault);
  j->type = type;
  zd_err err = zd_finder_start(&j->finder, scope, ZD_KEY_ID, type, &j->places, out, fault);
  if (!err) err = named_by_rows(j);
  end(j);
  return err;
}

static uint64_t least(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

uint64_t zd_join_cost(const zd_scope *scope, const zd_plan *plan, uint64_t rows) {
  uint64_t terms = terms_cost(scope, plan->field);
  if (plan->op == ZD_PLAN_REFERRED) return least(rows * ENTRIES_NS, terms);
  return rows * LOOKUP_NS + least(rows * READ_NS, 2 * terms);
}

uint64_t zd_join_possible(const zd_scope *scope, const zd_plan *plan) {
  bool refers = plan->op == ZD_PLAN_REFERS;
  uint64_t n = 0;
  for (size_t i = 0; i < scope->parts->all; i++) {
    const zd_part *part = scope->parts->at[i];
    if (part->memtable) {
      n += zd_memtable_rows(part->memtable);
      continue;
    }
    const zd_segment_space *s = zd_segment_find_space(
        part->segment, refers ? ZD_KEY_TERM : ZD_KEY_ID, refers ? plan->field : plan->type);
    if (s) n += refers ? s->items : s->keys;
  }
  return n;
}
