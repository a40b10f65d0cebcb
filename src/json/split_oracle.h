/* split_oracle.h: what splitting must find, told by reading the whole text; for tests and fuzzing.
 */
#ifndef ZD_JSON_SPLIT_ORACLE_H
#define ZD_JSON_SPLIT_ORACLE_H

#include <stdlib.h>

#include "json/split.h"

/* A text as one document would tell it, or as its parts do. */
typedef struct split_view {
  bool fine;
  uint64_t fault; /* first one */
  const char *expected;
} split_view;

enum { SPLIT_DEPTH = 40 };

static inline split_view split_whole(zd_slice text, zd_json_tape *tape) {
  zd_json_limits limits = {.depth = SPLIT_DEPTH, .nodes = 1 << 24};
  zd_json_error error = {0};
  bool fine = zd_json_read(text, &limits, tape, &error) == ZD_OK;
  return (split_view){fine, fine ? 0 : error.offset, fine ? NULL : error.expected};
}

static inline void split_first(split_view *v, uint64_t at, const char *expected) {
  if (!v->fine && v->fault <= at) return;
  *v = (split_view){false, at, expected};
}

/* Reads all parts of a text that was split. */
static inline split_view split_parts(const zd_json_split *s, zd_slice text) {
  split_view v = {.fine = true};
  zd_json_tape tape = {0};
  zd_json_error error = {0};
  zd_json_limits limits = {.depth = SPLIT_DEPTH, .nodes = 1 << 24};
  limits.depth = SPLIT_DEPTH - 2;
  for (size_t i = 0; i < s->count; i++) {
    zd_slice item = {text.p + s->items[i].at, s->items[i].n};
    if (zd_json_read(item, &limits, &tape, &error) == ZD_OK) continue;
    bool behind = strcmp(error.expected, "the end of the text") == 0;
    split_first(&v, s->items[i].at + error.offset, behind ? "a comma or ']'" : error.expected);
    break;
  }
  if (s->expected) split_first(&v, s->offset, s->expected);
  limits.depth = SPLIT_DEPTH;
  if (zd_json_read(zd_buffer_slice(&s->outer), &limits, &tape, &error) != ZD_OK)
    split_first(&v, zd_json_split_place(s, error.offset), error.expected);
  zd_json_free(&tape);
  return v;
}

/* The array that is to be split, on the tape of the whole; 0: none. */
static inline uint32_t split_array(const zd_json_tape *t, zd_slice name) {
  if (zd_json_type_of(t, 0) != ZD_JSON_OBJECT) return 0;
  for (uint32_t c = zd_json_first(t, 0); c; c = zd_json_next(t, 0, c)) {
    zd_slice key = zd_json_key(t, c);
    char plain[512];
    if (key.n > sizeof plain || zd_json_type_of(t, c) != ZD_JSON_ARRAY) continue;
    if (zd_slice_eq((zd_slice){plain, zd_json_unescape(key, plain)}, name)) return c;
  }
  return 0;
}

/* Splits in parts of `step` bytes (0: at once) and compares; what is wrong, or NULL. */
static inline const char *split_wrong(zd_slice text, size_t step) {
  zd_json_split s;
  zd_json_tape tape = {0};
  const char *wrong = NULL;
  zd_json_split_init(&s, ZD_S("entry"), 1 << 20, 0);
  for (zd_slice rest = text; rest.n;) {
    size_t n = step && step < rest.n ? step : rest.n;
    if (zd_json_split_feed(&s, (zd_slice){rest.p, n}) != ZD_OK) wrong = "memory";
    rest = zd_slice_from(rest, n);
  }
  if (zd_json_split_end(&s) != ZD_OK) wrong = "memory";
  split_view whole = split_whole(text, &tape), parts = split_parts(&s, text);
  bool utf8 = whole.expected && strcmp(whole.expected, "valid UTF-8") == 0;
  if (whole.fine != parts.fine) wrong = "one takes what the other refuses";
  if (!whole.fine && !utf8 && whole.fault != parts.fault) wrong = "the faults stand elsewhere";
  if (!whole.fine && !utf8 && whole.expected && parts.expected && !wrong &&
      strcmp(whole.expected, parts.expected) != 0)
    wrong = "the faults are told differently";
  uint32_t array = whole.fine ? split_array(&tape, s.name) : 0;
  size_t i = 0;
  for (uint32_t c = array ? zd_json_first(&tape, array) : 0; c; c = zd_json_next(&tape, array, c)) {
    uint32_t quote = zd_json_type_of(&tape, c) == ZD_JSON_STRING;
    if (i >= s.count || s.items[i].at != tape.nodes[c].at - quote ||
        s.items[i].n != tape.nodes[c].n + 2 * (uint64_t)quote)
      wrong = "an item lies elsewhere";
    i++;
  }
  if (whole.fine && i != s.found) wrong = "items are missing, or too many";
  zd_json_free(&tape);
  zd_json_split_free(&s);
  return wrong;
}

#endif
