/* said.c: what elements said before; said.h is the manual. */
#include "search/entries/said.h"

#include <stdlib.h>

#include "base/hash.h"

enum { PLACES = 2048 };

typedef struct place {
  uint64_t hash; /* of the key */
  uint16_t key_n, bytes_n, count;
  zd_said_term terms[ZD_SAID_TERMS];
  char key[ZD_SAID_KEY];
  char bytes[ZD_SAID_BYTES];
} place;

/* A node's part of a key; its value follows. */
typedef struct head {
  zd_element element;
  zd_type type;
  uint16_t flags, span;
  uint32_t n;
} head;

enum { EDITED = 0x8000 };

struct zd_said {
  uint64_t hash;
  size_t n; /* of the key that is made; ZD_SAID_KEY + 1: too long */
  char key[ZD_SAID_KEY];
  place places[PLACES];
};

zd_said *zd_said_new(void) {
  return calloc(1, sizeof(zd_said)); /* pages that are not used cost nothing */
}

void zd_said_free(zd_said *m) {
  free(m);
}

/* ---- keys ---- */

static void add(zd_said *m, const void *bytes, size_t n) {
  if (m->n > ZD_SAID_KEY || n > ZD_SAID_KEY - m->n) {
    m->n = ZD_SAID_KEY + 1;
    return;
  }
  if (n) memcpy(m->key + m->n, bytes, n);
  m->n += n;
}

void zd_said_begin(zd_said *m, uint32_t who) {
  m->n = 0;
  add(m, &who, sizeof who);
}

void zd_said_node(zd_said *m, const zd_node *node, uint32_t span, zd_slice edited) {
  zd_slice value = edited.p ? edited : zd_node_raw(node);
  if (span > UINT16_MAX || value.n > ZD_SAID_KEY) {
    m->n = ZD_SAID_KEY + 1;
    return;
  }
  unsigned flags = node->flags | (edited.p ? EDITED : 0u);
  head h = {node->element, node->type, (uint16_t)flags, (uint16_t)span, (uint32_t)value.n};
  add(m, &h, sizeof h);
  add(m, value.p, value.n);
}

static place *place_of(zd_said *m) {
  return &m->places[(m->hash ^ (m->hash >> 32)) % PLACES];
}

/* ---- what was said ---- */

bool zd_said_find(zd_said *m, zd_said_terms *said) {
  if (m->n > ZD_SAID_KEY) return false;
  m->hash = zd_hash64(m->key, m->n);
  const place *at = place_of(m);
  if (at->hash != m->hash || at->key_n != m->n || memcmp(at->key, m->key, m->n) != 0) return false;
  *said = (zd_said_terms){at->terms, at->count, {at->bytes, at->bytes_n}};
  return true;
}

void zd_said_keep(zd_said *m, const zd_entry *entries, const uint32_t *hashes, size_t n) {
  if (m->n > ZD_SAID_KEY || n > ZD_SAID_TERMS) return;
  size_t bytes = 0;
  for (size_t i = 0; i < n; i++) {
    if (entries[i].kind != ZD_ENTRY_TERM || entries[i].term.n > ZD_SAID_BYTES - bytes) return;
    bytes += entries[i].term.n;
  }
  place *at = place_of(m);
  at->hash = m->hash;
  at->key_n = (uint16_t)m->n;
  at->bytes_n = 0;
  at->count = (uint16_t)n;
  memcpy(at->key, m->key, m->n);
  for (size_t i = 0; i < n; i++) {
    zd_slice term = entries[i].term;
    at->terms[i] = (zd_said_term){entries[i].field, hashes[i], at->bytes_n, (uint16_t)term.n};
    if (term.n) memcpy(at->bytes + at->bytes_n, term.p, term.n);
    at->bytes_n = (uint16_t)(at->bytes_n + term.n);
  }
}
