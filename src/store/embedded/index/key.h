/* key.h: what the index can be asked by.
 *
 * Everything a part knows about its rows hangs on keys (kind, field, bytes), ordered by kind, then
 * field, then bytes. A key leads to rows, except RANGE (intervals with rows) and KILLS (pairs of
 * superseded and superseding row).
 *
 *   kind      field             bytes               leads to
 *   TERM      field symbol      the term            rows with the term
 *   RANGE     field symbol      name of the column  (low, high, row)
 *   TYPE      type symbol       -                   rows of the type, deletions included
 *   ID        type symbol       the id, packed      rows of the resource's versions
 *   DELETED   0                 -                   rows that are deletions
 *   KILLS     chunk of victims  -                   (victim, killer): killer lies in this part
 *   FIELD     field symbol      -                   memtables only: chain of GROUPs
 *   GROUP     field symbol      first 4 bytes       memtables only: chain of TERMs
 */
#ifndef ZD_INDEX_KEY_H
#define ZD_INDEX_KEY_H

#include "store/store.h"

typedef enum zd_key_kind {
  ZD_KEY_TERM = 1,
  ZD_KEY_RANGE,
  ZD_KEY_TYPE,
  ZD_KEY_ID,
  ZD_KEY_DELETED,
  ZD_KEY_KILLS,
  ZD_KEY_FIELD,
  ZD_KEY_GROUP
} zd_key_kind;

typedef struct zd_key {
  uint32_t kind; /* zd_key_kind */
  uint32_t field;
  zd_slice bytes;
} zd_key;

enum { ZD_ID_MAX = 64, ZD_ID_KEY_MAX = ZD_ID_MAX + 1, ZD_GROUP_BYTES = 4 };

/* Rows are worked on in chunks of 65,536. */
enum { ZD_CHUNK_BITS = 16, ZD_CHUNK_ROWS = 1 << ZD_CHUNK_BITS };

static inline uint64_t zd_chunk_of(uint64_t row) {
  return row >> ZD_CHUNK_BITS;
}

static inline uint64_t zd_chunk_first(uint64_t chunk) {
  return chunk << ZD_CHUNK_BITS;
}

static inline int zd_key_cmp(const zd_key *a, const zd_key *b) {
  if (a->kind != b->kind) return a->kind < b->kind ? -1 : 1;
  if (a->field != b->field) return a->field < b->field ? -1 : 1;
  return zd_slice_cmp(a->bytes, b->bytes);
}

/* The key bytes of an id, one to one: a lower-case UUID shrinks to 0x01 and its 16 bytes; an id
 * that begins below 0x20 gets 0x02 before it; any other is itself. `room` may back the result. */
zd_slice zd_key_id(zd_slice id, char room[ZD_ID_KEY_MAX]);
/* And back; false when the bytes are no key of an id. */
bool zd_key_id_text(zd_slice bytes, char id[ZD_ID_MAX], size_t *n);

#endif
