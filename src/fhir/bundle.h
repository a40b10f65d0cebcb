/* bundle.h: a Bundle read entry by entry: memory is its text and what the caller keeps of the
 * entries, not a tree of the whole.
 *
 *   zd_fhir_bundle_init    then, as bytes arrive:
 *   zd_fhir_bundle_feed    finds where entries begin and end
 *   zd_fhir_bundle_end     what kind of Bundle it is can be asked from here on
 *   zd_fhir_bundle_read    checks everything, in the order of the text, handing out entry by entry
 *   zd_fhir_bundle_entry   reads one entry again
 *   zd_fhir_bundle_free
 *
 * What is found wrong is what zd_fhir_read_json would tell of the whole text: the same issues, in
 * the same order, at the same line, column and FHIRPath location. (Of several faults of the JSON
 * itself the first one; there, bytes that are no UTF-8 come first.) One thread at a time.
 */
#ifndef ZD_FHIR_BUNDLE_H
#define ZD_FHIR_BUNDLE_H

#include "fhir/codec.h"
#include "json/split.h"

typedef struct zd_fhir_bundle {
  const zd_schema *schema;
  zd_json_split split;   /* split.found: entries in all; split.items: where those kept lie */
  bool is_bundle;        /* from _end on: an object of resourceType Bundle */
  zd_slice type;         /* its `type` as it stands in JSON; absent: none; lives as long as this */
  uint32_t line, column; /* of the first byte of the texts given: 1 and 1; for parts of a file */
  /* the rest is its own business */
  zd_read_limits limits;
  zd_json_tape outer, tape; /* what surrounds the entries; the entry being read */
  zd_json_error error;      /* of outer */
  zd_err failed;
} zd_fhir_bundle;

/* Bytes around the entries, in all. */
enum { ZD_FHIR_BUNDLE_OUTER = 64 << 20 };

/* limits (of an entry, and of what surrounds them) NULL: defaults. At most most_entries can be
 * read; the rest is counted only. */
void zd_fhir_bundle_init(zd_fhir_bundle *b, const zd_schema *schema, const zd_read_limits *limits,
                         size_t most_entries);
void zd_fhir_bundle_free(zd_fhir_bundle *b);

/* ZD_ERR_MEMORY, or ZD_ERR_LIMIT when what surrounds the entries is too large. A faulty text is no
 * error yet. */
zd_err zd_fhir_bundle_feed(zd_fhir_bundle *b, zd_slice more);
zd_err zd_fhir_bundle_end(zd_fhir_bundle *b);

/* True when `type` is this code. */
bool zd_fhir_bundle_is(const zd_fhir_bundle *b, zd_slice type);

/* Who takes the entries. A tree's root is the entry (a Bundle.entry), which may be empty of what
 * the caller needs. */
typedef struct zd_fhir_entries {
  void *context;
  /* Memory for the tree of entry i, whose text has n bytes; it is the caller's to reset. */
  zd_arena *(*arena)(void *context, size_t i, size_t n);
  /* The entry, as long as nothing faulty has been found in the Bundle. Not ZD_OK: ends reading. */
  zd_err (*take)(void *context, size_t i, const zd_tree *tree);
  /* NULL: what is wrong with an entry is wrong with the Bundle. Else such an entry comes here
   * (err ZD_ERR_INVALID; ZD_ERR_LIMIT: too large) with its issues, which last as long as its
   * memory, and is no fault of the Bundle, as long as the whole is JSON. Not ZD_OK: ends reading.
   */
  zd_err (*refuse)(void *context, size_t i, zd_err err, const zd_issues *issues);
} zd_fhir_entries;

/* `text` is all that was fed; must stay while trees are used. Results as of zd_fhir_read_json;
 * refuses what is no Bundle. Call it once. */
zd_err zd_fhir_bundle_read(zd_fhir_bundle *b, zd_slice text, const zd_fhir_entries *to,
                           zd_arena *arena, zd_issues *issues);

/* The n bytes of an entry alone, of which `at` is the offset in `text`: for whoever has not got the
 * whole. Faults become issues as above, at Bundle.entry[index]. */
zd_err zd_fhir_bundle_item(zd_fhir_bundle *b, zd_slice text, zd_json_item item, uint32_t index,
                           zd_arena *arena, zd_tree *out, zd_issues *issues);

/* Entry i < split.count again, of a text that has been read without faults. */
zd_err zd_fhir_bundle_entry(zd_fhir_bundle *b, zd_slice text, size_t i, zd_arena *arena,
                            zd_tree *out);

#endif
