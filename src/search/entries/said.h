/* said.h: what elements said before. Private to entries/.
 *
 * A register repeats itself: the same code, the same subject stand in resource after resource, and
 * say the same to the parameters that ask for them. So the terms that were derived are remembered
 * by the element's content, of which a key is made: who asks, and of every node below its element,
 * type, shape and value. Equal keys mean equal terms; keys are compared whole.
 *
 *   begin, with who asks  ->  node, for each  ->  find: the terms, or nothing
 *                                                   └─ derive them, and keep them
 *
 * Each content has one place of a fixed number, and what comes later takes it over: a memo has some
 * 2 MB, and never more. One thread at a time.
 */
#ifndef ZD_SEARCH_ENTRIES_SAID_H
#define ZD_SEARCH_ENTRIES_SAID_H

#include "fhir/tree.h"
#include "store/store.h"

enum { ZD_SAID_TERMS = 16, ZD_SAID_KEY = 256, ZD_SAID_BYTES = 424 };

typedef struct zd_said zd_said;
zd_said *zd_said_new(void); /* NULL: out of memory */
void zd_said_free(zd_said *m);

/* A key. A node's value is given where it is another than the tree's (an edit). */
void zd_said_begin(zd_said *m, uint32_t who);
void zd_said_node(zd_said *m, const zd_node *node, uint32_t span, zd_slice edited);

/* One of the terms: `at` bytes behind the first of all. */
typedef struct zd_said_term {
  uint32_t field, hash;
  uint16_t at, n;
} zd_said_term;

typedef struct zd_said_terms {
  const zd_said_term *terms;
  size_t n;
  zd_slice bytes; /* of all terms */
} zd_said_terms;

/* Under the key made last; false: nothing. What is said is valid until the next zd_said_keep. */
bool zd_said_find(zd_said *m, zd_said_terms *said);
/* Keeps it under the key that was not found. hashes: whatever the caller wants back with each. What
 * is too much for a place, or no term, is not kept. */
void zd_said_keep(zd_said *m, const zd_entry *entries, const uint32_t *hashes, size_t n);

#endif
