#include "rest/texts.h"

#include <stdlib.h>

#include "base/hash.h"

static zd_err grow(zd_texts *t) {
  size_t room = t->slots ? (t->mask + 1) * 2 : 64;
  zd_texts_slot *old = t->slots, *slots = calloc(room, sizeof *slots);
  if (!slots) return ZD_ERR_MEMORY;
  for (size_t i = 0; old && i <= t->mask; i++) {
    if (!old[i].hash) continue;
    size_t at = (size_t)old[i].hash & (room - 1);
    while (slots[at].hash) at = (at + 1) & (room - 1);
    slots[at] = old[i];
  }
  free(old);
  t->slots = slots;
  t->mask = room - 1;
  return ZD_OK;
}

static zd_texts_slot *slot_of(const zd_texts *t, uint64_t hash, zd_slice text) {
  size_t at = (size_t)hash & t->mask;
  for (; t->slots[at].hash; at = (at + 1) & t->mask) {
    const zd_texts_slot *s = &t->slots[at];
    if (s->hash == hash && zd_slice_eq((zd_slice){t->bytes.p + s->at, s->n}, text)) break;
  }
  return &t->slots[at];
}

zd_err zd_texts_add(zd_texts *t, zd_slice text, size_t *number, bool *is_new) {
  uint64_t hash = zd_hash64(text.p, text.n) | 1;
  if (!t->slots || t->count * 2 > t->mask) {
    zd_err err = grow(t);
    if (err != ZD_OK) return err;
  }
  zd_texts_slot *slot = slot_of(t, hash, text);
  *is_new = !slot->hash;
  if (*is_new) {
    size_t at = t->bytes.n;
    zd_buffer_add_slice(&t->bytes, text);
    if (t->bytes.failed) return zd_buffer_error(&t->bytes);
    *slot = (zd_texts_slot){.hash = hash, .at = at, .n = text.n, .number = t->count++};
  }
  *number = slot->number;
  return ZD_OK;
}

void zd_texts_free(zd_texts *t) {
  zd_buffer_free(&t->bytes);
  free(t->slots);
  *t = (zd_texts){0};
}
