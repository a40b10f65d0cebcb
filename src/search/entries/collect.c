/* collect.c: entries, each once; collect.h is the manual. */
#include "search/entries/collect.h"

#include "base/hash.h"

enum { FEW = 64 };

void zd_collect_open(zd_collector *c, zd_arena *arena) {
  c->arena = arena;
  c->items = NULL;
  c->hashes = NULL;
  c->n = c->room = 0;
  c->places = NULL;
  c->mask = 0;
  c->listens = c->missed = false;
  c->heard_n = 0;
}

void zd_collect_listen(zd_collector *c) {
  c->listens = true;
  c->missed = false;
  c->heard_n = 0;
}

/* ---- hashes ---- */

uint32_t zd_collect_term_hash(uint32_t field, uint64_t hash) {
  return (uint32_t)(((hash ^ field) * UINT64_C(0x9E3779B97F4A7C15)) >> 32);
}

uint32_t zd_collect_hash(const zd_entry *e) {
  if (e->kind == ZD_ENTRY_TERM)
    return zd_collect_term_hash(e->field, zd_hash64(e->term.p, e->term.n));
  uint64_t h = (uint64_t)e->low * UINT64_C(0x9E3779B97F4A7C15) + (uint64_t)e->high + e->term.n;
  return zd_collect_term_hash(e->field, (h ^ (h >> 29)) * UINT64_C(0xBF58476D1CE4E5B9));
}

/* ---- places ---- */

static bool is_equal(const zd_entry *a, const zd_entry *b) {
  if (a->field != b->field || a->kind != b->kind) return false;
  if (!zd_slice_eq(a->term, b->term)) return false;
  return a->kind == ZD_ENTRY_TERM || (a->low == b->low && a->high == b->high);
}

/* The place of an equal entry, or the empty one where it belongs. */
static uint32_t *place_of(const zd_collector *c, const zd_entry *e, uint32_t hash) {
  size_t at = hash & c->mask;
  for (; c->places[at]; at = (at + 1) & c->mask) {
    uint32_t i = c->places[at] - 1;
    if (c->hashes[i] == hash && is_equal(&c->items[i], e)) break;
  }
  return &c->places[at];
}

static zd_err grow(zd_collector *c) {
  size_t room = c->room ? c->room * 2 : FEW;
  zd_entry *items = zd_arena_alloc(c->arena, room * sizeof *items);
  uint32_t *hashes = zd_arena_alloc(c->arena, room * sizeof *hashes);
  uint32_t *places = ZD_NEW_ARRAY(c->arena, uint32_t, room * 2);
  if (!items || !hashes || !places) return ZD_ERR_MEMORY;
  if (c->n) memcpy(items, c->items, c->n * sizeof *items);
  if (c->n) memcpy(hashes, c->hashes, c->n * sizeof *hashes);
  c->items = items;
  c->hashes = hashes;
  c->room = room;
  c->places = places;
  c->mask = room * 2 - 1;
  for (size_t i = 0; i < c->n; i++) {
    size_t at = hashes[i] & c->mask; /* no two are equal */
    while (places[at]) at = (at + 1) & c->mask;
    places[at] = (uint32_t)(i + 1);
  }
  return ZD_OK;
}

static void put(zd_collector *c, uint32_t *place, const zd_entry *e, uint32_t hash) {
  c->hashes[c->n] = hash;
  c->items[c->n++] = *e;
  *place = (uint32_t)c->n;
}

/* ---- adding ---- */

static void hear(zd_collector *c, const zd_entry *e, uint32_t hash) {
  if (c->heard_n == ZD_HEARD_MAX) {
    c->missed = true;
    return;
  }
  c->heard_hashes[c->heard_n] = hash;
  c->heard[c->heard_n++] = *e;
}

zd_err zd_collect(zd_collector *c, const zd_entry *e, uint32_t hash) {
  zd_err err = c->n == c->room ? grow(c) : ZD_OK;
  if (err) return err;
  uint32_t *place = place_of(c, e, hash);
  if (!*place) put(c, place, e, hash);
  if (c->listens) hear(c, e, hash);
  return ZD_OK;
}

bool zd_collect_has(const zd_collector *c, uint32_t field, zd_slice term, uint32_t hash) {
  zd_entry e = {.field = field, .kind = ZD_ENTRY_TERM, .term = term};
  return c->n && *place_of(c, &e, hash);
}

zd_err zd_collect_copy(zd_collector *c, uint32_t field, zd_slice term, uint32_t hash) {
  zd_entry e = {.field = field, .kind = ZD_ENTRY_TERM, .term = term};
  zd_err err = c->n == c->room ? grow(c) : ZD_OK;
  if (err) return err;
  uint32_t *place = place_of(c, &e, hash);
  if (*place) return ZD_OK;
  e.term = zd_arena_copy(c->arena, term);
  if (!e.term.p) return ZD_ERR_MEMORY;
  put(c, place, &e, hash);
  return ZD_OK;
}
