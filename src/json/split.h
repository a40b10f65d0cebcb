/* split.h: the items of one array of a big document, found while its bytes arrive.
 *
 *   text    {"type":"batch","entry":[ {"a":1} , {"b":2} ],"x":3}      split by "entry"
 *   items                             ^^^^^^^   ^^^^^^^               extents in the text
 *   outer   {"type":"batch","entry":[0],"x":3}                        a small document of its own
 *
 * So a document of a gigabyte is read item by item, and what stands around them as a document in
 * which one 0 stands for all of them. Bytes may come in parts of any size; nothing is kept of the
 * items but where they lie.
 *
 * The array is the first that is the value of a member of that name at the top of an object. Only
 * its own grammar is checked (values and commas, brackets in pairs): outer and each item are to be
 * read with zd_json_read, and the text is acceptable exactly when all of them are and `expected` is
 * NULL. Faults then stand in the order of their offsets: the first one is the one that reading the
 * whole text at once would have told (but for UTF-8, which is checked before the grammar there).
 *
 * Floor 0. One thread at a time.
 */
#ifndef ZD_JSON_SPLIT_H
#define ZD_JSON_SPLIT_H

#include "base/buffer.h"
#include "json/json.h"

typedef struct zd_json_item {
  uint64_t at, n; /* first byte, length */
} zd_json_item;

enum { ZD_JSON_SPLIT_NAME = 32 }; /* longest member name */

typedef struct zd_json_split {
  zd_buffer outer;     /* see above */
  zd_json_item *items; /* the first `most` found; whoever has dealt with them may set count to 0 */
  size_t count;
  uint64_t found;       /* items in all */
  uint64_t fed;         /* bytes seen */
  const char *expected; /* a fault of the array itself: what was expected there; static ... */
  uint64_t offset;      /* ... and where */
  /* the rest is its own business */
  zd_slice name;
  size_t room, most;
  uint64_t item_at;           /* of the item being read */
  uint64_t gap_from, gap_end; /* of the text: what was left out of outer ... */
  size_t gap_at, gap_n;       /* ... where in outer, and how many bytes stand for it */
  uint64_t nesting[ZD_JSON_MAX_DEPTH / 64]; /* open brackets of the item: 1 is an object */
  uint32_t depth;                           /* of the item, or of the outer document */
  unsigned char state;
  bool in_string, escape; /* in a string; behind a backslash in it */
  bool wants_name, named; /* at the top: a member name comes; it was the one */
  bool done;              /* the array was there, to its end */
  char key[ZD_JSON_SPLIT_NAME * 6 + 2];
  size_t key_n;
} zd_json_split;

/* name: letters, at most ZD_JSON_SPLIT_NAME bytes, static. most: items kept. outer_limit: bytes of
 * outer (0: any). */
void zd_json_split_init(zd_json_split *s, zd_slice name, size_t most, size_t outer_limit);
void zd_json_split_free(zd_json_split *s);

/* The next bytes. ZD_ERR_MEMORY, or ZD_ERR_LIMIT when outer grows too large; else ZD_OK, also when
 * the text is faulty: then the rest is only counted. */
zd_err zd_json_split_feed(zd_json_split *s, zd_slice more);
/* There are no more. Errors as above. */
zd_err zd_json_split_end(zd_json_split *s);

/* First byte of the text that belongs to an item not found to its end; `fed` when there is none. */
uint64_t zd_json_split_pending(const zd_json_split *s);
/* Offset in the text of an offset in outer; UINT64_MAX: behind an array that was not closed, so
 * that something else is wrong before it. */
uint64_t zd_json_split_place(const zd_json_split *s, size_t at);

#endif
