/* json.c: reading with limits, placing errors, finding members. The grammar is in tokenize.h. */
#include "json/json.h"

#include <stdlib.h>

#include "json/scan.h"

static const zd_json_limits default_limits = {.depth = 512, .nodes = 100000000};

zd_err zd_json_grow(zd_json_reading *r, uint32_t count) {
  if (count >= r->limits.nodes) return ZD_ERR_LIMIT;
  uint64_t room = (uint64_t)count * 2 + 64;
  if (room > r->limits.nodes) room = r->limits.nodes;
  zd_json_node *nodes = realloc(r->tape->nodes, room * sizeof(zd_json_node));
  if (!nodes) return ZD_ERR_MEMORY;
  r->tape->nodes = nodes;
  r->tape->room = (uint32_t)room;
  return ZD_OK;
}

/* Room for a usual document: compact clinical JSON has a value per 15 to 25 bytes. */
static zd_err first_room(zd_json_reading *r) {
  uint64_t want = r->tape->text.n / 16 + 16;
  if (want > r->limits.nodes) want = r->limits.nodes;
  if (r->tape->room >= want) return ZD_OK;
  free(r->tape->nodes);
  r->tape->room = 0;
  r->tape->nodes = malloc((size_t)want * sizeof(zd_json_node));
  if (!r->tape->nodes) return ZD_ERR_MEMORY;
  r->tape->room = (uint32_t)want;
  return ZD_OK;
}

static zd_err refuse(zd_slice text, size_t offset, const char *expected, zd_err err,
                     zd_json_error *error) {
  if (!error) return err;
  error->offset = offset;
  error->expected = expected;
  zd_json_place(text, offset, &error->line, &error->column);
  return err;
}

zd_err zd_json_read_with(const zd_json_scanner *scanner, zd_slice text,
                         const zd_json_limits *limits, zd_json_tape *tape, zd_json_error *error) {
  if (!text.p) text = ZD_S("");
  tape->text = text;
  tape->count = 0;
  zd_json_reading r = {.tape = tape, .limits = limits ? *limits : default_limits};
  if (r.limits.depth > ZD_JSON_MAX_DEPTH) r.limits.depth = ZD_JSON_MAX_DEPTH;
  if (text.n >= UINT32_MAX) return refuse(text, 0, "less than 4 GiB", ZD_ERR_LIMIT, error);
  zd_err err = first_room(&r);
  if (err != ZD_OK) return refuse(text, 0, "less memory in use", err, error);
  size_t valid = scanner->utf8(text.p, text.n);
  if (valid < text.n) return refuse(text, valid, "valid UTF-8", ZD_ERR_INVALID, error);
  err = scanner->read(&r);
  if (err == ZD_OK) return ZD_OK;
  return refuse(text, (size_t)(r.stop - text.p), r.expected, err, error);
}

zd_err zd_json_read(zd_slice text, const zd_json_limits *limits, zd_json_tape *tape,
                    zd_json_error *error) {
  return zd_json_read_with(zd_json_scanner_at(0), text, limits, tape, error);
}

void zd_json_free(zd_json_tape *tape) {
  free(tape->nodes);
  *tape = (zd_json_tape){0};
}

void zd_json_place(zd_slice text, size_t offset, uint32_t *line, uint32_t *column) {
  if (offset > text.n) offset = text.n;
  uint32_t lines = 1;
  size_t start = 0;
  for (;;) {
    size_t next = zd_slice_find((zd_slice){text.p + start, offset - start}, '\n');
    if (next == offset - start) break;
    start += next + 1;
    lines++;
  }
  *line = lines;
  *column = (uint32_t)(offset - start) + 1;
}

static bool equals_escaped(zd_slice raw, zd_slice text, char *plain) {
  zd_slice decoded = {plain, zd_json_unescape(raw, plain)};
  return zd_slice_eq(decoded, text);
}

/* Compares a raw string with plain text. An escape takes at most six bytes for each it stands for,
 * so what is decoded is never much longer than the text: no work for hostile names. */
static bool equals(zd_slice raw, bool escaped, zd_slice text) {
  if (!escaped) return zd_slice_eq(raw, text);
  if (text.n >= raw.n || raw.n / 6 > text.n) return false;
  char small[512];
  if (raw.n <= sizeof small) return equals_escaped(raw, text, small);
  char *plain = malloc(raw.n);
  if (!plain) return false;
  bool equal = equals_escaped(raw, text, plain);
  free(plain);
  return equal;
}

uint32_t zd_json_find(const zd_json_tape *t, uint32_t object, zd_slice name) {
  if (zd_json_type_of(t, object) != ZD_JSON_OBJECT) return 0;
  for (uint32_t c = zd_json_first(t, object); c; c = zd_json_next(t, object, c)) {
    if (equals(zd_json_key(t, c), t->nodes[c].key_escaped, name)) return c;
  }
  return 0;
}

bool zd_json_is(const zd_json_tape *t, uint32_t i, zd_slice text) {
  return zd_json_type_of(t, i) == ZD_JSON_STRING &&
         equals(zd_json_raw(t, i), t->nodes[i].escaped, text);
}

zd_slice zd_json_string(const zd_json_tape *t, uint32_t object, zd_slice name) {
  uint32_t i = zd_json_find(t, object, name);
  if (!i || zd_json_type_of(t, i) != ZD_JSON_STRING) return (zd_slice){NULL, 0};
  return zd_json_raw(t, i);
}
