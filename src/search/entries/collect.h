/* collect.h: the entries of one resource, each once. Private to entries/.
 *
 *   items   [e0][e1][e2]...          in the order in which they came
 *   hashes  [h0][h1][h2]...
 *   places  [ 2|  |1 |  |3 ...]      open-addressed, at most half full; a number in items + 1, or 0
 *
 * What comes while it listens is noted as well, also what was there already, so that it can be said
 * again of another resource (said.h) or for another parameter.
 */
#ifndef ZD_SEARCH_ENTRIES_COLLECT_H
#define ZD_SEARCH_ENTRIES_COLLECT_H

#include "base/arena.h"
#include "store/store.h"

enum { ZD_HEARD_MAX = 32 };

typedef struct zd_collector {
  zd_arena *arena;
  zd_entry *items;
  uint32_t *hashes;
  size_t n, room;
  uint32_t *places;
  size_t mask;
  bool listens;
  bool missed; /* more came than is noted */
  size_t heard_n;
  uint32_t heard_hashes[ZD_HEARD_MAX];
  zd_entry heard[ZD_HEARD_MAX];
} zd_collector;

/* An empty one; what is heard is not cleared, for it is large. */
void zd_collect_open(zd_collector *c, zd_arena *arena);
void zd_collect_listen(zd_collector *c);

/* Hash of an entry; of a term in a field, `hash` being zd_hash64 of the term. */
uint32_t zd_collect_hash(const zd_entry *e);
uint32_t zd_collect_term_hash(uint32_t field, uint64_t hash);

/* Adds an entry whose term stays. ZD_ERR_MEMORY. */
zd_err zd_collect(zd_collector *c, const zd_entry *e, uint32_t hash);

/* For terms that do not stay: copies what is new. */
bool zd_collect_has(const zd_collector *c, uint32_t field, zd_slice term, uint32_t hash);
zd_err zd_collect_copy(zd_collector *c, uint32_t field, zd_slice term, uint32_t hash);

#endif
