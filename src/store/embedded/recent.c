#include "store/embedded/recent.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { SLOTS = 65536, LOCKS = 64, BODY_MOST = 2048, BYTES_MOST = 24 << 20 };

/* Guarded by its slot's lock. */
typedef struct kept {
  zd_record record;
  size_t room;
  char body[];
} kept;

/* What a miss looks at lies close together, so that it costs little. */
typedef struct slot {
  _Atomic uint64_t row;   /* + 1; 0: empty. Written with the slot's lock held */
  _Atomic uint64_t asked; /* + 1: the row asked for last that was not here */
  kept *_Atomic at;       /* read and written with the lock held, but for hints */
} slot;

struct zd_recent {
  slot slots[SLOTS];
  pthread_mutex_t locks[LOCKS]; /* each guards every 64th slot; taken alone */
  _Atomic size_t bytes;
};

zd_recent *zd_recent_new(void) {
  zd_recent *r = calloc(1, sizeof *r);
  if (!r) return NULL;
  for (size_t i = 0; i < LOCKS; i++) pthread_mutex_init(&r->locks[i], NULL);
  return r;
}

void zd_recent_free(zd_recent *r) {
  if (!r) return;
  for (size_t i = 0; i < SLOTS; i++) free(atomic_load(&r->slots[i].at));
  for (size_t i = 0; i < LOCKS; i++) pthread_mutex_destroy(&r->locks[i]);
  free(r);
}

/* With the lock held. */
static bool copy_out(const kept *s, bool header_only, zd_arena *arena, zd_record *out) {
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
  slot *s = &r->slots[row % SLOTS];
  if (atomic_load_explicit(&s->row, memory_order_relaxed) == row + 1) {
    pthread_mutex_t *lock = &r->locks[row % LOCKS];
    pthread_mutex_lock(lock);
    bool hit =
        atomic_load_explicit(&s->row, memory_order_relaxed) == row + 1 &&
        copy_out(atomic_load_explicit(&s->at, memory_order_relaxed), header_only, arena, out);
    pthread_mutex_unlock(lock);
    return hit ? ZD_RECALL_HIT : ZD_RECALL_NO;
  }
  if (header_only) return ZD_RECALL_NO;
  if (atomic_load_explicit(&s->asked, memory_order_relaxed) == row + 1) return ZD_RECALL_OFFER;
  atomic_store_explicit(&s->asked, row + 1, memory_order_relaxed);
  return ZD_RECALL_NO;
}

void zd_recent_expect(zd_recent *r, const zd_row *rows, size_t n) {
  enum { SLOT_AHEAD = 5, BODY_AHEAD = 2, LINE = 64, LINES = 10 };
  if (n > SLOT_AHEAD) __builtin_prefetch(&r->slots[rows[SLOT_AHEAD] % SLOTS]);
  if (n <= BODY_AHEAD) return;
  slot *s = &r->slots[rows[BODY_AHEAD] % SLOTS];
  if (atomic_load_explicit(&s->row, memory_order_relaxed) != rows[BODY_AHEAD] + 1) return;
  /* It may be freed meanwhile: an address is all it is. */
  uintptr_t at = (uintptr_t)atomic_load_explicit(&s->at, memory_order_relaxed);
  for (unsigned i = 0; i < LINES; i++) __builtin_prefetch((const void *)(at + i * LINE));
}

/* With the lock held: room in the slot, as far as all of it together may grow. */
static kept *make_room(zd_recent *r, slot *s, size_t n) {
  kept *old = atomic_load_explicit(&s->at, memory_order_relaxed);
  size_t had = old ? old->room : 0, room = sizeof *old + n;
  if (room <= had) return old;
  if (atomic_load_explicit(&r->bytes, memory_order_relaxed) + room - had > BYTES_MOST) return NULL;
  kept *k = malloc(room);
  if (!k) return NULL;
  k->room = room;
  atomic_store_explicit(&s->at, k, memory_order_relaxed);
  free(old);
  atomic_fetch_add_explicit(&r->bytes, room - had, memory_order_relaxed);
  return k;
}

void zd_recent_keep(zd_recent *r, const zd_record *record) {
  if (record->body.n > BODY_MOST) return;
  slot *s = &r->slots[record->row % SLOTS];
  pthread_mutex_t *lock = &r->locks[record->row % LOCKS];
  pthread_mutex_lock(lock);
  kept *k = make_room(r, s, record->body.n);
  if (k) {
    k->record = *record;
    if (record->body.n) memcpy(k->body, record->body.p, record->body.n);
    atomic_store_explicit(&s->row, record->row + 1, memory_order_relaxed);
  }
  pthread_mutex_unlock(lock);
}

size_t zd_recent_bytes(zd_recent *r) {
  return atomic_load_explicit(&r->bytes, memory_order_relaxed);
}
