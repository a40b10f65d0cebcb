/* json.h: strict JSON (RFC 8259) to a flat tape, in one pass.
 *
 *   text   {"a":[1,"x"],"b":null}
 *   tape   [0 object end=5][1 array key="a" end=4][2 number end=3][3 string end=4][4 null key="b"]
 *
 * One node per value, in document order; a member's key stands in the node of its value. A node's
 * first child is the next node (when that is before the node's end), its next sibling is the node
 * at `end`. Nodes hold offsets into the text, never copies: the text must outlive the tape.
 *
 * Checked: UTF-8, the whole grammar, surrogate pairs of \u escapes, nesting, node count. Numbers
 * stay text of any length and size. Member names may repeat: refusing that is the caller's part,
 * who knows what the members mean. A byte order mark is refused. Nothing is read beyond the text.
 *
 * Floor 0. Knows no FHIR.
 */
#ifndef ZD_JSON_JSON_H
#define ZD_JSON_JSON_H

#include "base/error.h"
#include "base/slice.h"

typedef enum zd_json_type {
  ZD_JSON_NULL,
  ZD_JSON_FALSE,
  ZD_JSON_TRUE,
  ZD_JSON_NUMBER,
  ZD_JSON_STRING,
  ZD_JSON_ARRAY,
  ZD_JSON_OBJECT
} zd_json_type;

typedef struct zd_json_node {
  uint32_t at;      /* offset of the first byte: of a string, the byte after the quote */
  uint32_t n;       /* bytes: of a string, between the quotes; of a container, with its brackets */
  uint32_t end;     /* one past the last node of this subtree */
  uint32_t key_at;  /* offset of the member name, after its quote; 0 when not a member */
  uint32_t key_n;   /* bytes of the member name */
  uint8_t type;     /* zd_json_type */
  bool escaped;     /* a string with escapes in it */
  bool key_escaped; /* a member name with escapes in it */
  bool is_member;
} zd_json_node;

/* Zero-initialise before the first read; reading again reuses the memory. One thread at a time. */
typedef struct zd_json_tape {
  zd_slice text;
  zd_json_node *nodes; /* owned; node 0 is the document's value */
  uint32_t count;
  uint32_t room;
  bool tight; /* no white space between tokens, no escapes in member names */
} zd_json_tape;

typedef struct zd_json_limits {
  uint32_t depth; /* containers within each other; at most ZD_JSON_MAX_DEPTH */
  uint32_t nodes; /* values in the document */
} zd_json_limits;

enum { ZD_JSON_MAX_DEPTH = 1024, ZD_JSON_MAX_KEY = 1 << 24 };

/* Where and why a text was refused. */
typedef struct zd_json_error {
  size_t offset;
  uint32_t line, column; /* 1-based; column in bytes */
  const char *expected;  /* "a comma or ']'"; static */
} zd_json_error;

/* Reads one document. limits NULL: depth 512, 100 million nodes. ZD_ERR_INVALID with *error filled
 * (which may be NULL), ZD_ERR_LIMIT (also texts of 4 GiB and more) likewise, ZD_ERR_MEMORY. On
 * failure the tape's content is undefined, and may still be reused or freed. */
zd_err zd_json_read(zd_slice text, const zd_json_limits *limits, zd_json_tape *tape,
                    zd_json_error *error);
void zd_json_free(zd_json_tape *tape);

/* Line and column of an offset: 1-based, column in bytes. O(offset). */
void zd_json_place(zd_slice text, size_t offset, uint32_t *line, uint32_t *column);

/* ---- walking ---- */

static inline zd_json_type zd_json_type_of(const zd_json_tape *t, uint32_t i) {
  return (zd_json_type)t->nodes[i].type;
}

/* Children: for (uint32_t c = zd_json_first(t, i); c; c = zd_json_next(t, i, c)) */
static inline uint32_t zd_json_first(const zd_json_tape *t, uint32_t parent) {
  return parent + 1 < t->nodes[parent].end ? parent + 1 : 0;
}
static inline uint32_t zd_json_next(const zd_json_tape *t, uint32_t parent, uint32_t child) {
  uint32_t next = t->nodes[child].end;
  return next < t->nodes[parent].end ? next : 0;
}

/* The value as it stands in the text: inside of a string still escaped, number, literal, container
 * with its brackets. */
static inline zd_slice zd_json_raw(const zd_json_tape *t, uint32_t i) {
  return (zd_slice){t->text.p + t->nodes[i].at, t->nodes[i].n};
}

/* The member name, still escaped; absent when the node is no member. */
static inline zd_slice zd_json_key(const zd_json_tape *t, uint32_t i) {
  const zd_json_node *node = &t->nodes[i];
  if (!node->is_member) return (zd_slice){NULL, 0};
  return (zd_slice){t->text.p + node->key_at, node->key_n};
}

/* First member of an object with this name (compared unescaped); 0 when there is none or `object`
 * is no object (node 0 is the root, never a member). */
uint32_t zd_json_find(const zd_json_tape *t, uint32_t object, zd_slice name);

/* True when node i is a string whose unescaped value is `text`. */
bool zd_json_is(const zd_json_tape *t, uint32_t i, zd_slice text);

/* Raw value of the string member `name` of `object`, still escaped; absent when it is missing or no
 * string. */
zd_slice zd_json_string(const zd_json_tape *t, uint32_t object, zd_slice name);

/* ---- escapes ---- */

/* Decodes the inside of a JSON string that was read by zd_json_read. Writes at most raw.n bytes to
 * out and returns how many. */
size_t zd_json_unescape(zd_slice raw, char *out);

#endif
