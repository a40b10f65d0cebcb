/* codec.h: resources from and to JSON (FHIR R4, json.html).
 *
 * Reading checks as it goes: UTF-8, JSON grammar, unknown and duplicate members, types,
 * cardinality, choice types, primitive formats, `_field` companions and null alignment, ids,
 * contained, references. Every error is reported with line, column and FHIRPath location, not only
 * the first.
 */
#ifndef ZD_FHIR_CODEC_H
#define ZD_FHIR_CODEC_H

#include "base/buffer.h"
#include "fhir/issue.h"
#include "fhir/tree.h"

typedef struct zd_read_limits {
  uint32_t depth; /* JSON objects and arrays within each other; default 64, at most 1024 */
  uint32_t nodes; /* JSON values in one text; default 4 million */
} zd_read_limits;

/* One resource (or a Bundle, with its entries' resources as subtrees). `text` must stay while the
 * tree is used. limits NULL: defaults. Any resource type when `expected` is ZD_NO_TYPE.
 * ZD_ERR_INVALID with at least one error issue when the text is not acceptable: *out then holds
 * what could be read nevertheless, faulty members left out (out->count is 0 when the text is no
 * JSON or no resource). ZD_ERR_LIMIT with an issue and ZD_ERR_MEMORY: out->count is 0. */
zd_err zd_fhir_read_json(const zd_schema *schema, zd_slice text, zd_type expected,
                         const zd_read_limits *limits, zd_arena *arena, zd_tree *out,
                         zd_issues *issues);

typedef enum zd_summary {
  ZD_SUMMARY_NONE,
  ZD_SUMMARY_TRUE,
  ZD_SUMMARY_TEXT,
  ZD_SUMMARY_DATA
} zd_summary;

typedef struct zd_write_options {
  zd_summary summary;         /* leaves elements out and tags meta with SUBSETTED */
  const zd_element *elements; /* keep only these top-level elements (and mandatory ones) */
  size_t element_count;       /* 0: all */
} zd_write_options;

/* Node `root` of the tree as JSON text. Canonical when options is NULL: members in schema order
 * with resourceType first, no white space, strings and numbers as they were read. */
void zd_fhir_write_json(const zd_tree *tree, uint32_t root, const zd_write_options *options,
                        zd_buffer *out);

/* ---- stored form ----
 * Canonical JSON whose meta object is always there, third after resourceType and id, and never
 * holds versionId and lastUpdated; those are put in at `stamp_at` when it is sent, because they are
 * known only at commit. {"resourceType":"Patient","id":"1","meta":{^...},...}
 * An unstamped meta may be the empty object, which FHIR does not allow: stamp before reading. */

typedef struct zd_stored_edit {
  zd_slice id; /* replaces or supplies the resource's id; absent: keep */
  /* Replaces the values of these nodes (Reference.reference, uri, ... of a transaction): sorted by
   * node number; values are unescaped text. */
  const uint32_t *nodes;
  const zd_slice *values;
  size_t count;
} zd_stored_edit;

/* Appends the stored form of the resource at `root`; *stamp_at is relative to the first appended
 * byte. edit may be NULL. */
void zd_fhir_write_stored(const zd_tree *tree, uint32_t root, const zd_stored_edit *edit,
                          zd_buffer *out, uint32_t *stamp_at);

/* Appends the stored form with versionId and lastUpdated (ms since epoch) put in. */
void zd_fhir_stamp(zd_slice stored, uint32_t stamp_at, uint64_t version, int64_t last_updated,
                   zd_buffer *out);

#endif
