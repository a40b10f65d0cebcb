#include "store/embedded/recent.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { SLOTS = 16384, LOCKS = 64, BODY_MOST = 2048 };

typedef struct slot { /* guarded by its lock */
  zd_record record;
  char *body;
  size_t room;
} slot;

/* What a miss looks at lies close together, so that it costs little. */
struct zd_recent {
  _Atomic uint64_t rows[SLOTS];  /* + 1; 0: empty. Written with the slot's lock held */
  _Atomic uint64_t asked[SLOTS]; /* + 1: the row asked for last that was not here */
  pthread_mutex_t locks[LOCKS];  /* each guards every 64th slot; taken alone */
  _Atomic size_t bytes;
  slot *slots;
};

zd_recent *zd_recent_new(void) {
  zd_recent *r = calloc(1, sizeof *r);
  if (!r) return NULL;
  r->slots = calloc(SLOTS, sizeof *r->slots);
  if (!r->slots) {
    free(r);
    return NULL;
  }
  for (size_t i = 0; i < LOCKS; i++) pthread_mutex_init(&r->locks[i], NULL);
  return r;
}

void zd_recent_free(zd_recent *r) {
  if (!r) return;
  for (size_t i = 0; i < SLOTS; i++) free(r->slots[i].body);
  for (size_t i = 0; i < LOCKS; i++) pthread_mutex_destroy(&r->locks[i]);
  free(r->slots);
  free(r);
}

/* With the lock held. */
static bool copy_out(const slot *s, bool header_only, zd_arena *arena, zd_record *out) {
  char *body = NULL;
  size_t n = header_only ? 0 : s->record.body.n;
  if (n && !(body = zd_arena_alloc(arena, n))) return false;
  if (n) memcpy(body, s->body, n);
  *out = s->record;
  out->body = n ? zd_slice_make(body, n) : zd_slice_make("", 0);
  return true;
}

zd_recall zd_recent_find(zd_recent *r, zd_row row, bool header_only, zd_arena *arena,
                         zd_record *out) {
  _Atomic uint64_t *here = &r->rows[row % SLOTS], *asked = &r->asked[row % SLOTS];
  if (atomic_load_explicit(here, memory_order_relaxed) == row + 1) {
    pthread_mutex_t *lock = &r->locks[row % LOCKS];
    pthread_mutex_lock(lock);
    bool hit = atomic_load_explicit(here, memory_order_relaxed) == row + 1 &&
               copy_out(&r->slots[row % SLOTS], header_only, arena, out);
    pthread_mutex_unlock(lock);
    return hit ? ZD_RECALL_HIT : ZD_RECALL_NO;
  }
  if (header_only) return ZD_RECALL_NO;
  if (atomic_load_explicit(asked, memory_order_relaxed) == row + 1) return ZD_RECALL_OFFER;
  atomic_store_explicit(asked, row + 1, memory_order_relaxed);
  return ZD_RECALL_NO;
}

/* With the lock held. */
static bool make_room(zd_recent *r, slot *s, size_t n) {
  if (n <= s->room) return true;
  char *body = realloc(s->body, n);
  if (!body) return false;
  atomic_fetch_add_explicit(&r->bytes, n - s->room, memory_order_relaxed);
  s->body = body;
  s->room = n;
  return true;
}

void zd_recent_keep(zd_recent *r, const zd_record *record) {
  if (record->body.n > BODY_MOST) return;
  slot *s = &r->slots[record->row % SLOTS];
  pthread_mutex_t *lock = &r->locks[record->row % LOCKS];
  pthread_mutex_lock(lock);
  if (make_room(r, s, record->body.n)) {
    s->record = *record;
    if (record->body.n) memcpy(s->body, record->body.p, record->body.n);
    atomic_store_explicit(&r->rows[record->row % SLOTS], record->row + 1, memory_order_relaxed);
  }
  pthread_mutex_unlock(lock);
}

size_t zd_recent_bytes(zd_recent *r) {
  return atomic_load_explicit(&r->bytes, memory_order_relaxed);
}
