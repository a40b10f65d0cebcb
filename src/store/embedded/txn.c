#include <assert.h>
#include <stdlib.h>

#include "base/hash.h"
#include "store/embedded/engine.h"

/* From this many writes on, a transaction builds its part of the index itself, so that the
 * committer only has to attach it. */
enum { BATCH_ROWS = 1000 };
/* From this many on, its writes wait for a dictionary under way: it runs where waiting is no harm.
 */
enum { PATIENT_ROWS = 100 };

static zd_err may_begin(zd_store *s, zd_row as_of) {
  if (s->read_only || !s->started) return ZD_ERR_REFUSED;
  return as_of > zd_index_published(s->index) ? ZD_ERR_INVALID : ZD_OK;
}

/* ---- the pool ---- */

/* Small writes come by the ten thousand, and are freed on another thread than the one that made
 * them, which is what an allocator likes least: the memory of finished ones is used again. */

enum { KEPT = 256, KEPT_LOG = 16 << 10, KEPT_ROWS = 16, KEPT_SLOTS = 64, LOG_ROOM = 4 << 10 };

static zd_txn *take(zd_store *s) {
  pthread_mutex_lock(&s->txns_lock);
  zd_txn *t = s->txns;
  if (t) {
    s->txns = t->next;
    s->txn_count--;
  }
  pthread_mutex_unlock(&s->txns_lock);
  if (t) return t;
  t = calloc(1, sizeof *t);
  if (!t) return NULL;
  zd_arena_init(&t->arena, 0);
  zd_buffer_init(&t->log, ZD_COMMIT_MAX);
  return t;
}

static void dispose(zd_txn *t) {
  zd_buffer_free(&t->log);
  zd_arena_free(&t->arena);
  free(t->rows);
  free(t->slots);
  free(t);
}

/* As new, but for the memory it holds. */
static void clean(zd_txn *t) {
  zd_arena_reset(&t->arena);
  zd_buffer_clear(&t->log);
  if (t->slot_count) memset(t->slots, 0, t->slot_count * sizeof *t->slots);
  *t = (zd_txn){.arena = t->arena,
                .log = t->log,
                .rows = t->rows,
                .room = t->room,
                .slots = t->slots,
                .slot_count = t->slot_count};
}

static void give(zd_store *s, zd_txn *t) {
  bool small = t->log.room <= KEPT_LOG && t->room <= KEPT_ROWS && t->slot_count <= KEPT_SLOTS;
  if (small) clean(t);
  pthread_mutex_lock(&s->txns_lock);
  bool keep = small && s->txn_count < KEPT;
  if (keep) {
    t->next = s->txns;
    s->txns = t;
    s->txn_count++;
  }
  pthread_mutex_unlock(&s->txns_lock);
  if (!keep) dispose(t);
}

void zd_txns_free(zd_store *s) {
  while (s->txns) {
    zd_txn *next = s->txns->next;
    dispose(s->txns);
    s->txns = next;
  }
}

/* ---- its life ---- */

static zd_err begin(zd_store *s, zd_row as_of, zd_txn **out) {
  static const char head[ZD_COMMIT_HEAD];
  zd_txn *t = take(s);
  if (!t) return ZD_ERR_MEMORY;
  t->store = s;
  t->as_of = as_of;
  t->packer = zd_codec_take_packer(s->codec);
  if (zd_buffer_reserve(&t->log, LOG_ROOM)) zd_buffer_add(&t->log, head, sizeof head);
  if (!t->packer || t->log.failed) {
    zd_txn_free(t);
    return ZD_ERR_MEMORY;
  }
  *out = t;
  return ZD_OK;
}

zd_err zd_txn_begin(zd_store *s, zd_row as_of, zd_txn **out) {
  zd_err err = may_begin(s, as_of);
  if (err) return err;
  zd_index_wait_room(s->index);
  return begin(s, as_of, out);
}

zd_err zd_txn_try_begin(zd_store *s, zd_row as_of, zd_txn **out) {
  zd_err err = may_begin(s, as_of);
  if (err) return err;
  return zd_index_has_room(s->index) ? begin(s, as_of, out) : ZD_ERR_BUSY;
}

void zd_txn_free(zd_txn *t) {
  if (!t) return;
  zd_codec_give_packer(t->store->codec, t->packer);
  zd_index_batch_free(t->batch);
  free(t->guards);
  t->next = NULL;
  give(t->store, t);
}

/* ---- a resource occurs once ---- */

/* The slot of the resource, or the free one where it belongs. `tag`: its hash, without the lower
 * half. */
static uint64_t *slot_of(zd_txn *t, uint32_t type, zd_slice id, uint64_t *tag) {
  size_t mask = t->slot_count - 1;
  uint64_t hash = zd_hash64_seed(id.p, id.n, type);
  *tag = hash >> 32 << 32;
  for (size_t i = hash & mask;; i = (i + 1) & mask) {
    uint64_t there = t->slots[i];
    if (!there) return &t->slots[i];
    if (there >> 32 != hash >> 32) continue;
    const zd_txn_row *r = &t->rows[(uint32_t)there - 1];
    if (r->type == type && zd_slice_eq(zd_slice_make(r->id, r->id_n), id)) return &t->slots[i];
  }
}

static bool grow_slots(zd_txn *t) {
  if (t->count < t->slot_count / 2) return true;
  size_t n = t->slot_count ? t->slot_count * 4 : 16;
  uint64_t tag, *slots = calloc(n, sizeof *slots);
  if (!slots) return false;
  free(t->slots);
  t->slots = slots;
  t->slot_count = n;
  for (size_t i = 0; i < t->count; i++) {
    const zd_txn_row *r = &t->rows[i];
    uint64_t *slot = slot_of(t, r->type, zd_slice_make(r->id, r->id_n), &tag);
    *slot = tag | (i + 1);
  }
  return true;
}

static bool grow_rows(zd_txn *t) {
  if (t->count < t->room) return true;
  size_t room = t->room ? t->room * 2 : 4;
  zd_txn_row *rows = realloc(t->rows, room * sizeof *rows);
  if (!rows) return false;
  t->rows = rows;
  t->room = room;
  return true;
}

/* ---- one write ---- */

static zd_err judge_entries(const zd_store *s, const zd_write *w) {
  uint32_t symbols = zd_symbols_count(s->symbols);
  for (size_t i = 0; i < w->entry_count; i++) {
    const zd_entry *e = &w->entries[i];
    if (e->field >= symbols) return ZD_ERR_INVALID;
    if (e->term.n > ZD_TERM_MAX) return ZD_ERR_LIMIT;
    if (e->kind == ZD_ENTRY_RANGE && e->low > e->high) return ZD_ERR_INVALID;
  }
  return ZD_OK;
}

static zd_err judge(const zd_txn *t, const zd_write *w) {
  if (w->id.n == 0 || w->id.n > sizeof((zd_record *)0)->id) return ZD_ERR_INVALID;
  if (w->type >= zd_symbols_count(t->store->symbols)) return ZD_ERR_INVALID;
  if (w->op > ZD_OP_DELETE) return ZD_ERR_INVALID;
  bool first = w->previous == ZD_NO_ROW;
  if (first != (w->previous_version == 0)) return ZD_ERR_INVALID;
  if (!first && w->previous >= t->as_of) return ZD_ERR_INVALID;
  if (w->op == ZD_OP_DELETE && (w->body.n || w->entry_count)) return ZD_ERR_INVALID;
  if (w->body.n > ZD_BODY_MAX || t->count >= UINT32_MAX / 2) return ZD_ERR_LIMIT;
  return judge_entries(t->store, w);
}

#ifndef NDEBUG
/* Is `previous` what a snapshot at as_of tells? What cannot be asked now is taken to be so. */
static bool is_newest(const zd_txn *t, const zd_write *w) {
  zd_index_view *view;
  zd_row newest = ZD_NO_ROW;
  if (zd_index_view_acquire_at(t->store->index, t->as_of, &view)) return true;
  zd_err err = zd_index_find(view, w->type, w->id, &newest, NULL);
  zd_index_view_release(view);
  if (err == ZD_ERR_NOT_FOUND) return w->previous == ZD_NO_ROW;
  return err || w->previous == newest;
}
#endif

/* The record behind what the log buffer holds; *at: where. */
static zd_err add_record(zd_txn *t, const zd_write *w, uint32_t *at) {
  size_t room = zd_codec_bound(w->body.n);
  if (!zd_buffer_reserve(&t->log, ZD_RECORD_HEAD_MAX + room)) {
    zd_err err = zd_buffer_error(&t->log);
    t->log.failed = false; /* what is in it is whole */
    return err;
  }
  unsigned char *p = (unsigned char *)t->log.p + t->log.n, *body = p + ZD_RECORD_HEAD_MAX;
  zd_packed packed;
  zd_err err = zd_codec_pack(t->store->codec, t->packer, w->type, w->body, body, room, &packed);
  if (err) return err;
  zd_record_head h = {.index = (uint32_t)t->count,
                      .back = (uint32_t)t->log.n,
                      .type = w->type,
                      .dictionary = packed.dictionary,
                      .stamp_at = w->stamp_at,
                      .plain_n = (uint32_t)w->body.n,
                      .op = w->op,
                      .plain = packed.plain,
                      .version = w->previous_version + 1,
                      .previous = w->previous,
                      .id_n = (uint8_t)w->id.n};
  memcpy(h.id, w->id.p, w->id.n);
  unsigned char head[ZD_RECORD_HEAD_MAX];
  size_t head_n = zd_record_head_write(&h, head);
  memcpy(p, head, head_n);
  memmove(p + head_n, body, packed.n);
  zd_record_seal(p, (uint32_t)(head_n + packed.n));
  *at = h.back;
  t->log.n += head_n + packed.n;
  return ZD_OK;
}

static zd_err copy_entries(zd_txn *t, const zd_write *w, zd_txn_row *row) {
  row->entries = NULL;
  row->entry_count = w->entry_count;
  if (!w->entry_count) return ZD_OK;
  zd_entry *entries = zd_arena_alloc(&t->arena, w->entry_count * sizeof *entries);
  if (!entries) return ZD_ERR_MEMORY;
  memcpy(entries, w->entries, w->entry_count * sizeof *entries);
  for (size_t i = 0; i < w->entry_count; i++) {
    if (entries[i].kind != ZD_ENTRY_TERM && !entries[i].term.n) continue;
    entries[i].term = zd_arena_copy(&t->arena, entries[i].term);
    if (!entries[i].term.p) return ZD_ERR_MEMORY;
  }
  row->entries = entries;
  return ZD_OK;
}

static zd_err batch_row(zd_txn *t, const zd_txn_row *r, const zd_entry *entries) {
  zd_index_row row = {.op = r->op,
                      .type = r->type,
                      .id = {r->id, r->id_n},
                      .previous = r->previous,
                      .locator = r->at,
                      .entries = entries,
                      .entry_count = r->entry_count};
  return zd_index_batch_add(t->batch, &row);
}

/* The transaction has become a large one: what it holds moves into a batch. */
static zd_err start_batch(zd_txn *t) {
  t->batch = zd_index_batch_new(t->count * 4);
  if (!t->batch) return ZD_ERR_MEMORY;
  for (size_t i = 0; i < t->count; i++) {
    zd_err err = batch_row(t, &t->rows[i], t->rows[i].entries);
    if (err) return err;
    t->rows[i].entries = NULL;
  }
  return ZD_OK;
}

static zd_err add_row(zd_txn *t, const zd_write *w, zd_txn_row *row) {
  if (t->count == PATIENT_ROWS) zd_packer_wait_for_training(t->packer);
  if (t->count == BATCH_ROWS) {
    zd_err err = start_batch(t);
    if (err) return err;
  }
  zd_err err = add_record(t, w, &row->at);
  if (err) return err;
  if (!t->batch) return copy_entries(t, w, row);
  row->entries = NULL;
  row->entry_count = w->entry_count;
  return batch_row(t, row, w->entries);
}

zd_err zd_txn_put(zd_txn *t, const zd_write *w) {
  if (t->failed) return t->failed;
  zd_err err = judge(t, w);
  if (err) return err;
  assert(is_newest(t, w));
  if (!grow_rows(t) || !grow_slots(t)) return ZD_ERR_MEMORY;
  uint64_t tag, *slot = slot_of(t, w->type, w->id, &tag);
  if (*slot) return ZD_ERR_INVALID;
  zd_slice id = zd_arena_copy(&t->arena, w->id);
  if (!id.p) return ZD_ERR_MEMORY;
  zd_txn_row *row = &t->rows[t->count];
  *row = (zd_txn_row){
      .previous = w->previous, .id = id.p, .id_n = (uint8_t)id.n, .type = w->type, .op = w->op};
  err = add_row(t, w, row);
  if (err) return t->failed = err; /* half of it may be in */
  *slot = tag | ++t->count;
  return ZD_OK;
}

bool zd_txn_writes(zd_txn *t, uint32_t type, zd_slice id) {
  uint64_t tag;
  return t->count && *slot_of(t, type, id, &tag);
}

static zd_err add_guard(zd_txn *t, zd_guard guard) {
  zd_guard *guards = realloc(t->guards, (t->guard_count + 1) * sizeof *guards);
  if (!guards) return t->failed = ZD_ERR_MEMORY;
  t->guards = guards;
  t->guards[t->guard_count++] = guard;
  return ZD_OK;
}

zd_err zd_txn_guard(zd_txn *t, const zd_plan *plan) {
  return add_guard(t, (zd_guard){ZD_GUARD_NONE_NEW, plan, ZD_NO_ROW});
}

zd_err zd_txn_require(zd_txn *t, const zd_plan *plan, zd_row row) {
  return add_guard(t, (zd_guard){ZD_GUARD_ROW_STAYS, plan, row});
}

zd_err zd_txn_watch(zd_txn *t, const zd_plan *plan) {
  return add_guard(t, (zd_guard){ZD_GUARD_UNTOUCHED, plan, ZD_NO_ROW});
}

void zd_txn_chain(zd_txn *t, zd_chain *chain) {
  t->chain = chain;
}

zd_err zd_txn_seal(zd_txn *t) {
  zd_codec_give_packer(t->store->codec, t->packer);
  t->packer = NULL;
  if (t->failed) return t->failed;
  if (!t->count) return ZD_ERR_INVALID;
  t->records_crc = zd_crc32c(0, t->log.p + ZD_COMMIT_HEAD, t->log.n - ZD_COMMIT_HEAD);
  return ZD_OK;
}
