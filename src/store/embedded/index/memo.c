#include "store/embedded/index/memo.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/hash.h"

enum { SLOTS = 256 };

struct zd_kept {
  _Atomic uint32_t refs;
  size_t bytes;
  uint64_t hash, used; /* used: by the memo, under its lock */
  size_t key_n;
  zd_row_set set; /* its chunks lie behind this structure, then their rows, then the key */
};

struct zd_memo {
  pthread_mutex_t lock;
  size_t bytes, bytes_max;
  uint64_t clock; /* counts questions */
  zd_kept *slots[SLOTS];
};

/* ---- keys ---- */

void zd_memo_key_add(zd_memo_key *k, const void *p, size_t n) {
  if (n > sizeof k->bytes - k->n) k->broken = true;
  if (k->broken) return;
  if (n) memcpy(k->bytes + k->n, p, n);
  k->n += n;
}

void zd_memo_key_number(zd_memo_key *k, uint64_t number) {
  zd_memo_key_add(k, &number, sizeof number);
}

static void add_slice(zd_memo_key *k, zd_slice s) {
  zd_memo_key_number(k, s.p ? s.n : UINT64_MAX);
  zd_memo_key_add(k, s.p, s.p ? s.n : 0);
}

static void add_fields(zd_memo_key *k, const zd_plan *p) {
  const uint64_t numbers[] = {p->op,
                              p->type,
                              p->field,
                              (uint64_t)p->low_min,
                              (uint64_t)p->low_max,
                              (uint64_t)p->high_min,
                              (uint64_t)p->high_max,
                              p->first,
                              p->last,
                              p->id_count,
                              p->child_count};
  zd_memo_key_add(k, numbers, sizeof numbers);
  add_slice(k, p->term);
  add_slice(k, p->to);
  for (size_t i = 0; i < p->id_count && !k->broken; i++) add_slice(k, p->ids[i]);
}

void zd_memo_key_plan(zd_memo_key *k, const zd_plan *plan) {
  if (plan->op == ZD_PLAN_CHECK) k->broken = true;
  if (k->broken) return;
  add_fields(k, plan); /* its size ends a plan that is nested too deeply */
  for (size_t i = 0; i < plan->child_count && !k->broken; i++)
    zd_memo_key_plan(k, plan->children[i]);
}

/* ---- what is kept ---- */

static size_t rows_bytes(const zd_row_chunk *c) {
  return c->words ? sizeof(zd_set_room) : (c->n * sizeof *c->rows + 7) / 8 * 8;
}

static zd_kept *kept_new(const zd_memo_key *key, const zd_row_set *set) {
  size_t bytes = sizeof(zd_kept) + set->chunk_count * sizeof(zd_row_chunk) + key->n;
  for (uint64_t i = 0; i < set->chunk_count; i++)
    bytes += set->chunks[i].n ? rows_bytes(&set->chunks[i]) : 0;
  zd_kept *k = malloc(bytes);
  if (!k) return NULL;
  atomic_init(&k->refs, 1);
  k->bytes = bytes;
  k->key_n = key->n;
  k->set = (zd_row_set){.chunk_count = set->chunk_count, .n = set->n};
  k->set.chunks = (zd_row_chunk *)(k + 1);
  char *at = (char *)(k->set.chunks + set->chunk_count);
  for (uint64_t i = 0; i < set->chunk_count; i++) {
    const zd_row_chunk *from = &set->chunks[i];
    zd_row_chunk *to = &k->set.chunks[i];
    *to = (zd_row_chunk){.n = from->n};
    if (from->n == 0) continue;
    void *rows = at;
    memcpy(rows, from->words ? (const void *)from->words : from->rows,
           from->words ? sizeof(zd_set_room) : from->n * sizeof *from->rows);
    if (from->words)
      to->words = rows;
    else
      to->rows = rows;
    at += rows_bytes(from);
  }
  memcpy(at, key->bytes, key->n);
  return k;
}

const zd_row_set *zd_kept_set(const zd_kept *k) {
  return &k->set;
}

void zd_kept_release(zd_kept *k) {
  if (k && atomic_fetch_sub_explicit(&k->refs, 1, memory_order_acq_rel) == 1) free(k);
}

static bool has_key(const zd_kept *k, const zd_memo_key *key, uint64_t hash) {
  return k->hash == hash && k->key_n == key->n &&
         memcmp((const char *)k + k->bytes - k->key_n, key->bytes, key->n) == 0;
}

/* ---- the memo ---- */

zd_memo *zd_memo_new(size_t bytes_max) {
  zd_memo *m = calloc(1, sizeof *m);
  if (!m) return NULL;
  if (pthread_mutex_init(&m->lock, NULL) != 0) {
    free(m);
    return NULL;
  }
  m->bytes_max = bytes_max;
  return m;
}

void zd_memo_free(zd_memo *m) {
  if (!m) return;
  for (size_t i = 0; i < SLOTS; i++) zd_kept_release(m->slots[i]);
  pthread_mutex_destroy(&m->lock);
  free(m);
}

size_t zd_memo_bytes(zd_memo *m) {
  if (!m) return 0;
  pthread_mutex_lock(&m->lock);
  size_t bytes = m->bytes;
  pthread_mutex_unlock(&m->lock);
  return bytes;
}

zd_kept *zd_memo_find(zd_memo *m, const zd_memo_key *key) {
  if (!m || key->broken) return NULL;
  uint64_t hash = zd_hash64(key->bytes, key->n);
  zd_kept *found = NULL;
  pthread_mutex_lock(&m->lock);
  m->clock++;
  for (size_t i = 0; i < SLOTS && !found; i++) {
    if (m->slots[i] && has_key(m->slots[i], key, hash)) found = m->slots[i];
  }
  if (found) {
    found->used = m->clock;
    atomic_fetch_add_explicit(&found->refs, 1, memory_order_relaxed);
  }
  pthread_mutex_unlock(&m->lock);
  return found;
}

/* A free slot, with room for so many bytes: what was not asked for the longest goes. */
static zd_kept **make_room(zd_memo *m, size_t bytes) {
  for (;;) {
    zd_kept **empty = NULL, **oldest = NULL;
    for (size_t i = 0; i < SLOTS; i++) {
      zd_kept **slot = &m->slots[i];
      if (!*slot)
        empty = slot;
      else if (!oldest || (*slot)->used < (*oldest)->used)
        oldest = slot;
    }
    if (empty && bytes <= m->bytes_max - m->bytes) return empty;
    if (!oldest) return NULL;
    m->bytes -= (*oldest)->bytes;
    zd_kept_release(*oldest);
    *oldest = NULL;
  }
}

void zd_memo_keep(zd_memo *m, const zd_memo_key *key, const zd_row_set *set) {
  if (!m || key->broken) return;
  zd_kept *k = kept_new(key, set);
  if (!k) return;
  k->hash = zd_hash64(key->bytes, key->n);
  if (k->bytes > m->bytes_max / 2) {
    zd_kept_release(k);
    return;
  }
  pthread_mutex_lock(&m->lock);
  bool there = false;
  for (size_t i = 0; i < SLOTS && !there; i++)
    there = m->slots[i] && has_key(m->slots[i], key, k->hash);
  zd_kept **slot = there ? NULL : make_room(m, k->bytes);
  if (slot) {
    k->used = ++m->clock;
    m->bytes += k->bytes;
    *slot = k;
  }
  pthread_mutex_unlock(&m->lock);
  if (!slot) zd_kept_release(k);
}
