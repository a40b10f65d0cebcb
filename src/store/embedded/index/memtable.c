#include "store/embedded/index/memtable.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/hash.h"
#include "store/embedded/index/key_sort.h"

enum {
  BLOCK_UNITS_BITS = 15, /* 8-byte units per block: 256 KB */
  BLOCK_UNITS = 1 << BLOCK_UNITS_BITS,
  BLOCKS = 1 << 14, /* 4 GB at most */
  ROWS_PER_BLOCK = 1024,
  ROW_BLOCKS = ZD_MEMTABLE_ROWS / ROWS_PER_BLOCK,
  RUN_BYTES = 8192,
  LOOKAHEAD = 32 /* keys hashed and prefetched together */
};

struct zd_mem_key {
  uint32_t kind, field;
  uint32_t size;          /* of bytes */
  uint32_t next;          /* next key of the same group (TERM) or field (GROUP) */
  _Atomic uint32_t count; /* items; released after the item is in */
  _Atomic uint32_t head;  /* FIELD: newest group; GROUP: newest term */
  uint32_t first;         /* the first item of a row list, in place */
  uint32_t run;           /* first run; set before the count that needs it is released */
  uint32_t last_row, last_run, last_fill, last_room; /* the writer's alone */
  char bytes[];
};

typedef struct mem_run {
  uint32_t next, room;
  uint64_t items[]; /* 8-aligned */
} mem_run;

typedef struct mem_row {
  uint64_t locator;
  const zd_mem_key *id;
  uint32_t type;
} mem_row;

typedef struct slot_table {
  struct slot_table *older; /* kept: readers may still look into it */
  size_t mask;
  _Atomic uint64_t slots[];
} slot_table;

struct zd_memtable {
  _Atomic(slot_table *) table;
  size_t keys; /* the writer's */
  uint64_t *blocks[BLOCKS];
  uint32_t block_count, block_used;
  mem_row *rows[ROW_BLOCKS];
  _Atomic uint32_t row_count;
  _Atomic uint64_t bytes;
  _Atomic uint32_t kills;
};

/* ---- memory ---- */

static void *at_ref(const zd_memtable *m, uint32_t ref) {
  return m->blocks[ref >> BLOCK_UNITS_BITS] + (ref & (BLOCK_UNITS - 1));
}

/* A ref to n bytes, 0 when memory is exhausted. Ref 0 is never given out. */
static uint32_t mem_alloc(zd_memtable *m, size_t n) {
  uint32_t units = (uint32_t)((n + 7) / 8);
  assert(units < BLOCK_UNITS);
  if (m->block_count == 0 || m->block_used + units > BLOCK_UNITS) {
    if (m->block_count == BLOCKS) return 0;
    uint64_t *block = malloc(BLOCK_UNITS * sizeof *block);
    if (!block) return 0;
    m->blocks[m->block_count++] = block;
    m->block_used = m->block_count == 1; /* skips ref 0 */
    atomic_fetch_add_explicit(&m->bytes, BLOCK_UNITS * sizeof *block, memory_order_relaxed);
  }
  uint32_t ref = ((m->block_count - 1) << BLOCK_UNITS_BITS) | m->block_used;
  m->block_used += units;
  return ref;
}

static slot_table *table_new(zd_memtable *m, size_t slots) {
  slot_table *t = calloc(1, sizeof *t + slots * sizeof t->slots[0]);
  if (!t) return NULL;
  t->mask = slots - 1;
  atomic_fetch_add_explicit(&m->bytes, slots * sizeof t->slots[0], memory_order_relaxed);
  return t;
}

zd_memtable *zd_memtable_new(size_t rows) {
  zd_memtable *m = calloc(1, sizeof *m);
  if (!m) return NULL;
  if (rows > ZD_MEMTABLE_ROWS) rows = ZD_MEMTABLE_ROWS;
  size_t slots = 1024;
  while (slots < rows * 12) slots *= 2;
  slot_table *t = table_new(m, slots);
  if (!t) {
    free(m);
    return NULL;
  }
  atomic_init(&m->table, t);
  return m;
}

void zd_memtable_free(zd_memtable *m) {
  if (!m) return;
  for (slot_table *t = atomic_load_explicit(&m->table, memory_order_relaxed); t;) {
    slot_table *older = t->older;
    free(t);
    t = older;
  }
  for (uint32_t i = 0; i < m->block_count; i++) free(m->blocks[i]);
  for (size_t i = 0; i < ROW_BLOCKS; i++) free(m->rows[i]);
  free(m);
}

/* ---- hash table ---- */

uint64_t zd_mem_hash(const zd_key *key) {
  uint64_t seed = ((uint64_t)key->kind << 32) | key->field;
  return zd_hash64_seed(key->bytes.p ? key->bytes.p : "", key->bytes.n, seed);
}

/* Where a key's slot is looked for from: by the half of the hash that the slot itself holds, so
 * that a larger table is filled without a look at the keys. */
static size_t home(const slot_table *t, uint64_t hash) {
  return (size_t)(hash >> 32) & t->mask;
}

static bool key_is(const zd_mem_key *k, const zd_key *key) {
  return k->field == key->field && k->kind == key->kind && k->size == key->bytes.n &&
         (k->size == 0 || memcmp(k->bytes, key->bytes.p, k->size) == 0);
}

void zd_memtable_expect(const zd_memtable *m, uint64_t hash) {
  const slot_table *t = atomic_load_explicit(&m->table, memory_order_acquire);
  __builtin_prefetch((const void *)(uintptr_t)&t->slots[home(t, hash)]);
}

const zd_mem_key *zd_memtable_find(const zd_memtable *m, const zd_key *key, uint64_t hash) {
  const slot_table *t = atomic_load_explicit(&m->table, memory_order_acquire);
  for (size_t i = home(t, hash);; i = (i + 1) & t->mask) {
    uint64_t slot = atomic_load_explicit(&t->slots[i], memory_order_acquire);
    if (slot == 0) return NULL;
    if (slot >> 32 != hash >> 32) continue;
    const zd_mem_key *k = at_ref(m, (uint32_t)slot);
    if (key_is(k, key)) return k;
  }
}

/* slot: upper half of the hash, and ref. */
static void table_put(slot_table *t, uint64_t slot) {
  size_t i = home(t, slot);
  while (atomic_load_explicit(&t->slots[i], memory_order_relaxed)) i = (i + 1) & t->mask;
  atomic_store_explicit(&t->slots[i], slot, memory_order_release);
}

/* Twice the slots. The old table stays for readers that hold it: all they may see is in it. */
static bool table_grow(zd_memtable *m) {
  slot_table *old = atomic_load_explicit(&m->table, memory_order_relaxed);
  slot_table *t = table_new(m, (old->mask + 1) * 2);
  if (!t) return false;
  t->older = old;
  for (size_t i = 0; i <= old->mask; i++) {
    uint64_t slot = atomic_load_explicit(&old->slots[i], memory_order_relaxed);
    if (slot) table_put(t, slot);
  }
  atomic_store_explicit(&m->table, t, memory_order_release);
  return true;
}

/* ---- keys and their items ---- */

static size_t item_size(uint32_t kind) {
  if (kind == ZD_KEY_RANGE) return sizeof(zd_mem_interval);
  return kind == ZD_KEY_KILLS ? sizeof(zd_mem_kill) : sizeof(uint32_t);
}

static bool is_row_list(uint32_t kind) {
  return kind != ZD_KEY_RANGE && kind != ZD_KEY_KILLS;
}

static zd_mem_key *key_new(zd_memtable *m, const zd_key *key, uint32_t *ref) {
  *ref = mem_alloc(m, sizeof(zd_mem_key) + key->bytes.n);
  if (*ref == 0) return NULL;
  zd_mem_key *k = at_ref(m, *ref);
  memset(k, 0, sizeof *k);
  k->kind = key->kind;
  k->field = key->field;
  k->size = (uint32_t)key->bytes.n;
  if (k->size) memcpy(k->bytes, key->bytes.p, k->size);
  return k;
}

static bool key_publish(zd_memtable *m, uint64_t hash, uint32_t ref) {
  slot_table *t = atomic_load_explicit(&m->table, memory_order_relaxed);
  if (++m->keys * 2 > t->mask) {
    if (!table_grow(m)) return false;
    t = atomic_load_explicit(&m->table, memory_order_relaxed);
  }
  table_put(t, (hash >> 32 << 32) | ref);
  return true;
}

/* The key of a chain (FIELD or GROUP), made when new; NULL when memory is exhausted. */
static zd_mem_key *chain_key(zd_memtable *m, const zd_key *key, uint32_t *made) {
  uint64_t hash = zd_mem_hash(key);
  const zd_mem_key *found = zd_memtable_find(m, key, hash);
  *made = 0;
  if (found) return (zd_mem_key *)(uintptr_t)found;
  zd_mem_key *k = key_new(m, key, made);
  return k && key_publish(m, hash, *made) ? k : NULL;
}

static void chain_push(zd_mem_key *chain, zd_mem_key *k, uint32_t ref) {
  k->next = atomic_load_explicit(&chain->head, memory_order_relaxed);
  atomic_store_explicit(&chain->head, ref, memory_order_release);
}

/* Hangs a new term under its group, a new group under its field. */
static bool chain_term(zd_memtable *m, zd_mem_key *term, uint32_t ref) {
  size_t n = term->size < ZD_GROUP_BYTES ? term->size : ZD_GROUP_BYTES;
  zd_key group_key = {ZD_KEY_GROUP, term->field, zd_slice_make(term->bytes, n)};
  uint32_t made;
  zd_mem_key *group = chain_key(m, &group_key, &made);
  if (!group) return false;
  chain_push(group, term, ref);
  if (!made) return true;
  zd_key field_key = {ZD_KEY_FIELD, term->field, {NULL, 0}};
  uint32_t made_field;
  zd_mem_key *field = chain_key(m, &field_key, &made_field);
  if (!field) return false;
  chain_push(field, group, made);
  return true;
}

/* Room for one more item in the last run. */
static bool run_extend(zd_memtable *m, zd_mem_key *k) {
  size_t size = item_size(k->kind);
  size_t room = k->last_room ? (size_t)k->last_room * 2 : 4;
  if (room * size > RUN_BYTES) room = RUN_BYTES / size;
  uint32_t ref = mem_alloc(m, sizeof(mem_run) + room * size);
  if (ref == 0) return false;
  mem_run *run = at_ref(m, ref);
  run->next = 0;
  run->room = (uint32_t)room;
  if (k->last_run)
    ((mem_run *)at_ref(m, k->last_run))->next = ref;
  else
    k->run = ref;
  k->last_run = ref;
  k->last_fill = 0;
  k->last_room = (uint32_t)room;
  return true;
}

static bool item_add(zd_memtable *m, zd_mem_key *k, const void *item) {
  uint32_t count = atomic_load_explicit(&k->count, memory_order_relaxed);
  if (count == 0 && is_row_list(k->kind)) {
    memcpy(&k->first, item, sizeof k->first);
  } else {
    if (k->last_fill == k->last_room && !run_extend(m, k)) return false;
    size_t size = item_size(k->kind);
    mem_run *run = at_ref(m, k->last_run);
    memcpy((char *)run->items + size * k->last_fill++, item, size);
  }
  atomic_store_explicit(&k->count, count + 1, memory_order_release);
  return true;
}

/* A row knows the key of its id, so that ids of rows are at hand. */
static void row_id(zd_memtable *m, uint32_t row, const zd_mem_key *k) {
  if (k->kind == ZD_KEY_ID) m->rows[row / ROWS_PER_BLOCK][row % ROWS_PER_BLOCK].id = k;
}

/* Adds an item under a key, which is made when new. A row occurs once in a row list. */
static bool put(zd_memtable *m, const zd_key *key, uint64_t hash, uint32_t row, const void *item) {
  zd_mem_key *k = (zd_mem_key *)(uintptr_t)zd_memtable_find(m, key, hash);
  if (k) {
    row_id(m, row, k);
    if (k->last_row == row && is_row_list(k->kind)) return true;
    k->last_row = row;
    return item_add(m, k, item);
  }
  uint32_t ref;
  k = key_new(m, key, &ref);
  if (!k) return false;
  k->last_row = row;
  row_id(m, row, k);
  if (!item_add(m, k, item) || !key_publish(m, hash, ref)) return false;
  return key->kind != ZD_KEY_TERM || chain_term(m, k, ref);
}

/* ---- adding rows ---- */

static zd_key entry_key(const zd_entry *e) {
  return (zd_key){e->kind == ZD_ENTRY_TERM ? ZD_KEY_TERM : ZD_KEY_RANGE, e->field, e->term};
}

/* Where the next item under the key goes, most likely. */
static const void *next_item(const zd_memtable *m, const zd_mem_key *k) {
  if (!k->last_run) return k;
  const mem_run *run = at_ref(m, k->last_run);
  return (const char *)run->items + item_size(k->kind) * k->last_fill;
}

/* Asks for the slots of keys, then for the keys, then for where their items go: the cache misses of
 * a resource's entries overlap. */
static void expect_some(const zd_memtable *m, const uint64_t *hashes, size_t n) {
  const slot_table *t = atomic_load_explicit(&m->table, memory_order_relaxed);
  const zd_mem_key *keys[LOOKAHEAD];
  for (size_t i = 0; i < n; i++) zd_memtable_expect(m, hashes[i]);
  for (size_t i = 0; i < n; i++) {
    uint64_t slot = atomic_load_explicit(&t->slots[home(t, hashes[i])], memory_order_relaxed);
    keys[i] = slot >> 32 == hashes[i] >> 32 ? at_ref(m, (uint32_t)slot) : NULL;
    __builtin_prefetch(keys[i]);
  }
  for (size_t i = 0; i < n; i++)
    if (keys[i]) __builtin_prefetch(next_item(m, keys[i]), 1);
}

static zd_err add_some(zd_memtable *m, uint32_t row, const zd_entry *entries, size_t n) {
  uint64_t hashes[LOOKAHEAD];
  for (size_t i = 0; i < n; i++) {
    zd_key key = entry_key(&entries[i]);
    if (key.bytes.n > ZD_TERM_MAX) return ZD_ERR_INVALID;
    if (key.kind == ZD_KEY_RANGE && entries[i].low > entries[i].high) return ZD_ERR_INVALID;
    hashes[i] = zd_mem_hash(&key);
  }
  expect_some(m, hashes, n);
  for (size_t i = 0; i < n; i++) {
    zd_key key = entry_key(&entries[i]);
    zd_mem_interval interval = {entries[i].low, entries[i].high, row};
    const void *item = key.kind == ZD_KEY_TERM ? (const void *)&row : (const void *)&interval;
    if (!put(m, &key, hashes[i], row, item)) return ZD_ERR_MEMORY;
  }
  return ZD_OK;
}

static zd_err add_entries(zd_memtable *m, uint32_t row, const zd_entry *entries, size_t n) {
  for (size_t i = 0; i < n; i += LOOKAHEAD) {
    zd_err err = add_some(m, row, entries + i, n - i < LOOKAHEAD ? n - i : LOOKAHEAD);
    if (err) return err;
  }
  return ZD_OK;
}

static zd_err add_row_data(zd_memtable *m, uint32_t row, uint32_t type, uint64_t locator) {
  if (row >= ZD_MEMTABLE_ROWS) return ZD_ERR_LIMIT;
  mem_row **block = &m->rows[row / ROWS_PER_BLOCK];
  if (!*block) {
    *block = malloc(ROWS_PER_BLOCK * sizeof **block);
    if (!*block) return ZD_ERR_MEMORY;
    atomic_fetch_add_explicit(&m->bytes, ROWS_PER_BLOCK * sizeof **block, memory_order_relaxed);
  }
  (*block)[row % ROWS_PER_BLOCK] = (mem_row){locator, NULL, type};
  return ZD_OK;
}

static bool put_row(zd_memtable *m, uint32_t row, uint32_t kind, uint32_t field, zd_slice bytes) {
  zd_key key = {kind, field, bytes};
  return put(m, &key, zd_mem_hash(&key), row, &row);
}

static bool put_kill(zd_memtable *m, uint32_t row, zd_row victim) {
  zd_key key = {ZD_KEY_KILLS, (uint32_t)zd_chunk_of(victim), {NULL, 0}};
  zd_mem_kill kill = {(uint32_t)(victim & (ZD_CHUNK_ROWS - 1)), row};
  if (!put(m, &key, zd_mem_hash(&key), row, &kill)) return false;
  atomic_fetch_add_explicit(&m->kills, 1, memory_order_release);
  return true;
}

static void row_done(zd_memtable *m, uint32_t row) {
  atomic_store_explicit(&m->row_count, row + 1, memory_order_release);
}

zd_err zd_memtable_add(zd_memtable *m, const zd_index_row *r) {
  if (r->id.n == 0 || r->id.n > ZD_ID_MAX) return ZD_ERR_INVALID;
  if (r->previous != ZD_NO_ROW && zd_chunk_of(r->previous) > UINT32_MAX) return ZD_ERR_INVALID;
  uint32_t row = zd_memtable_rows(m);
  zd_err err = add_row_data(m, row, r->type, r->locator);
  if (!err) err = add_entries(m, row, r->entries, r->entry_count);
  if (err) return err;
  char room[ZD_ID_KEY_MAX];
  bool in = put_row(m, row, ZD_KEY_TYPE, r->type, (zd_slice){NULL, 0}) &&
            put_row(m, row, ZD_KEY_ID, r->type, zd_key_id(r->id, room)) &&
            (r->op != ZD_OP_DELETE || put_row(m, row, ZD_KEY_DELETED, 0, (zd_slice){NULL, 0})) &&
            (r->previous == ZD_NO_ROW || put_kill(m, row, r->previous));
  if (!in) return ZD_ERR_MEMORY;
  row_done(m, row);
  return ZD_OK;
}

zd_err zd_memtable_add_entries(zd_memtable *m, const zd_entry *entries, size_t n) {
  uint32_t row = zd_memtable_rows(m);
  if (row >= ZD_MEMTABLE_ROWS) return ZD_ERR_LIMIT;
  zd_err err = add_entries(m, row, entries, n);
  if (!err) row_done(m, row);
  return err;
}

/* ---- reading ---- */

uint32_t zd_memtable_rows(const zd_memtable *m) {
  return atomic_load_explicit(&m->row_count, memory_order_acquire);
}

size_t zd_memtable_bytes(const zd_memtable *m) {
  return sizeof *m + atomic_load_explicit(&m->bytes, memory_order_relaxed);
}

bool zd_memtable_has_kills(const zd_memtable *m) {
  return atomic_load_explicit(&m->kills, memory_order_acquire) > 0;
}

uint64_t zd_memtable_locator(const zd_memtable *m, uint32_t row) {
  return m->rows[row / ROWS_PER_BLOCK][row % ROWS_PER_BLOCK].locator;
}

uint32_t zd_memtable_type(const zd_memtable *m, uint32_t row) {
  return m->rows[row / ROWS_PER_BLOCK][row % ROWS_PER_BLOCK].type;
}

zd_slice zd_memtable_id(const zd_memtable *m, uint32_t row) {
  const zd_mem_key *k = m->rows[row / ROWS_PER_BLOCK][row % ROWS_PER_BLOCK].id;
  return k ? zd_slice_make(k->bytes, k->size) : (zd_slice){NULL, 0};
}

uint32_t zd_mem_key_count(const zd_mem_key *k) {
  return atomic_load_explicit(&k->count, memory_order_acquire);
}

zd_key zd_mem_key_get(const zd_mem_key *k) {
  return (zd_key){k->kind, k->field, zd_slice_make(k->bytes, k->size)};
}

void zd_mem_walk_start(zd_mem_walk *w, const zd_memtable *m, const zd_mem_key *k) {
  *w = (zd_mem_walk){m, k, zd_mem_key_count(k), 0, false};
}

uint32_t zd_mem_walk_next(zd_mem_walk *w, const void **items) {
  if (w->left == 0) return 0;
  if (!w->begun && is_row_list(w->key->kind)) {
    w->begun = true;
    w->left--;
    *items = &w->key->first;
    return 1;
  }
  const mem_run *before = w->run ? at_ref(w->memtable, w->run) : NULL;
  w->run = before ? before->next : w->key->run;
  w->begun = true;
  const mem_run *run = at_ref(w->memtable, w->run);
  uint32_t n = run->room < w->left ? run->room : w->left;
  w->left -= n;
  *items = run->items;
  return n;
}

uint32_t zd_mem_key_newest(const zd_memtable *m, const zd_mem_key *k, uint32_t bound) {
  uint32_t newest = UINT32_MAX;
  zd_mem_walk w;
  zd_mem_walk_start(&w, m, k);
  const void *items;
  for (uint32_t n; (n = zd_mem_walk_next(&w, &items)) > 0;) {
    const uint32_t *rows = items;
    if (rows[0] >= bound) break;
    for (uint32_t i = n; i-- > 0;) {
      if (rows[i] >= bound) continue;
      newest = rows[i];
      break;
    }
  }
  return newest;
}

/* May a group hold terms of [from, to)? Its terms all start with its bytes; a group shorter than
 * ZD_GROUP_BYTES holds one term, itself. */
static bool group_meets(const zd_mem_key *group, zd_slice from, zd_slice to) {
  zd_slice bytes = zd_slice_make(group->bytes, group->size);
  zd_slice head = {from.p, from.n < bytes.n ? from.n : bytes.n};
  if (zd_slice_cmp(bytes, head) < 0) return false;
  return !to.p || zd_slice_cmp(bytes, to) < 0;
}

static bool group_each(const zd_memtable *m, const zd_mem_key *group, zd_mem_each each,
                       void *context) {
  uint32_t ref = atomic_load_explicit(&group->head, memory_order_acquire);
  while (ref) {
    const zd_mem_key *term = at_ref(m, ref);
    if (!each(context, term)) return false;
    ref = term->next;
  }
  return true;
}

void zd_memtable_terms(const zd_memtable *m, uint32_t field, zd_slice from, zd_slice to,
                       zd_mem_each each, void *context) {
  zd_key key = {ZD_KEY_FIELD, field, {NULL, 0}};
  const zd_mem_key *chain = zd_memtable_find(m, &key, zd_mem_hash(&key));
  if (!chain) return;
  uint32_t ref = atomic_load_explicit(&chain->head, memory_order_acquire);
  while (ref) {
    const zd_mem_key *group = at_ref(m, ref);
    if (group_meets(group, from, to) && !group_each(m, group, each, context)) return;
    ref = group->next;
  }
}

/* ---- whole memtables ---- */

static const zd_mem_key *slot_key(const zd_memtable *m, const slot_table *t, size_t i) {
  uint64_t slot = atomic_load_explicit(&t->slots[i], memory_order_acquire);
  if (slot == 0) return NULL;
  const zd_mem_key *k = at_ref(m, (uint32_t)slot);
  return k->kind == ZD_KEY_FIELD || k->kind == ZD_KEY_GROUP ? NULL : k;
}

void zd_memtable_keys(const zd_memtable *m, uint32_t kind, uint32_t field, zd_mem_each each,
                      void *context) {
  const slot_table *t = atomic_load_explicit(&m->table, memory_order_acquire);
  for (size_t i = 0; i <= t->mask; i++) {
    const zd_mem_key *k = slot_key(m, t, i);
    if (k && k->kind == kind && k->field == field && !each(context, k)) return;
  }
}

static uint32_t item_row(uint32_t kind, const void *items, uint32_t i) {
  switch (kind) {
    case ZD_KEY_RANGE:
      return ((const zd_mem_interval *)items)[i].row;
    case ZD_KEY_KILLS:
      return ((const zd_mem_kill *)items)[i].killer;
    default:
      return ((const uint32_t *)items)[i];
  }
}

static bool copy_key(zd_memtable *to, const zd_memtable *m, const zd_mem_key *k, uint32_t rows) {
  zd_key key = zd_mem_key_get(k);
  uint64_t hash = zd_mem_hash(&key);
  zd_mem_walk w;
  zd_mem_walk_start(&w, m, k);
  const void *items;
  for (uint32_t n; (n = zd_mem_walk_next(&w, &items)) > 0;) {
    for (uint32_t i = 0; i < n; i++) {
      uint32_t row = item_row(k->kind, items, i);
      if (row >= rows) return true;
      if (!put(to, &key, hash, row, (const char *)items + i * item_size(k->kind))) return false;
      if (k->kind == ZD_KEY_KILLS) atomic_fetch_add_explicit(&to->kills, 1, memory_order_release);
    }
  }
  return true;
}

zd_memtable *zd_memtable_cut(const zd_memtable *m, uint32_t rows) {
  zd_memtable *to = zd_memtable_new(rows);
  if (!to) return NULL;
  bool in = true;
  for (uint32_t row = 0; in && row < rows; row++)
    in = !add_row_data(to, row, zd_memtable_type(m, row), zd_memtable_locator(m, row));
  const slot_table *t = atomic_load_explicit(&m->table, memory_order_acquire);
  for (size_t i = 0; in && i <= t->mask; i++) {
    const zd_mem_key *k = slot_key(m, t, i);
    if (k) in = copy_key(to, m, k, rows);
  }
  if (!in) {
    zd_memtable_free(to);
    return NULL;
  }
  if (rows) row_done(to, rows - 1);
  return to;
}

zd_err zd_memtable_sorted(const zd_memtable *m, const zd_mem_key ***keys, size_t *n) {
  const slot_table *t = atomic_load_explicit(&m->table, memory_order_acquire);
  size_t count = 0;
  for (size_t i = 0; i <= t->mask; i++) count += slot_key(m, t, i) != NULL;
  zd_sortable_key *heads = malloc((count + 1) * sizeof *heads);
  const zd_mem_key **out = malloc((count + 1) * sizeof(const zd_mem_key *));
  if (!heads || !out) {
    free(heads);
    free(out);
    return ZD_ERR_MEMORY;
  }
  size_t at = 0;
  for (size_t i = 0; i <= t->mask; i++) {
    const zd_mem_key *k = slot_key(m, t, i);
    if (!k) continue;
    heads[at++] = (zd_sortable_key){((uint64_t)k->kind << 32) | k->field, 0,
                                    zd_slice_make(k->bytes, k->size), k};
  }
  zd_keys_sort(heads, count);
  for (size_t i = 0; i < count; i++) out[i] = heads[i].of;
  free(heads);
  *keys = out;
  *n = count;
  return ZD_OK;
}
