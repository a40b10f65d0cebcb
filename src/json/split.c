#include "json/split.h"

#include <stdlib.h>

#include "json/scan.h"

enum {
  START,     /* before the document's value */
  OUTER,     /* around the items */
  OPENED,    /* behind the array's bracket */
  COMMA,     /* behind a comma of the array: an item must come */
  BEHIND,    /* behind an item */
  CONTAINER, /* in an item that is an object or array */
  STRING,    /* in an item that is a string */
  SCALAR,    /* in any other item */
  LOST       /* nothing to find any more: the rest is outer */
};

void zd_json_split_init(zd_json_split *s, zd_slice name, size_t most, size_t outer_limit) {
  *s = (zd_json_split){.name = name, .most = most, .state = START};
  zd_buffer_init(&s->outer, outer_limit);
}

void zd_json_split_free(zd_json_split *s) {
  zd_buffer_free(&s->outer);
  free(s->items);
  s->items = NULL;
  s->count = s->room = 0;
}

static bool is_space(unsigned char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* ---- strings ---- */

/* 0x80 in every byte of `eight` that is the one asked for (and perhaps in some behind it). */
static uint64_t bytes_like(uint64_t eight, unsigned char c) {
  uint64_t x = eight ^ (0x0101010101010101u * c);
  return (x - 0x0101010101010101u) & ~x & 0x8080808080808080u;
}

/* First quote or backslash. */
static const char *find_special(const char *p, const char *end) {
  for (; end - p >= 8; p += 8) {
    uint64_t eight;
    memcpy(&eight, p, 8);
    if (bytes_like(eight, '"') | bytes_like(eight, '\\')) break;
  }
  while (p < end && *p != '"' && *p != '\\') p++;
  return p;
}

/* p is inside a string: one past its closing quote, or end. */
static const char *pass_string(zd_json_split *s, const char *p, const char *end) {
  if (s->escape && p < end) {
    s->escape = false;
    p++;
  }
  for (;;) {
    p = find_special(p, end);
    if (p == end) return p;
    if (*p == '"') {
      s->in_string = false;
      return p + 1;
    }
    if (++p == end) {
      s->escape = true;
      return p;
    }
    p++; /* what is escaped */
  }
}

/* ---- items ---- */

static zd_err add_item(zd_json_split *s, uint64_t end) {
  s->found++;
  if (s->count >= s->most) return ZD_OK;
  if (s->count == s->room) {
    size_t room = s->room ? s->room * 2 : 64;
    zd_json_item *items = realloc(s->items, room * sizeof *items);
    if (!items) return ZD_ERR_MEMORY;
    s->items = items;
    s->room = room;
  }
  s->items[s->count++] = (zd_json_item){s->item_at, end - s->item_at};
  return ZD_OK;
}

static void fail(zd_json_split *s, uint64_t offset, const char *expected) {
  s->state = LOST;
  s->expected = expected;
  s->offset = offset;
}

static bool push(zd_json_split *s, bool object) {
  if (s->depth == ZD_JSON_MAX_DEPTH) return false;
  uint64_t bit = 1ull << (s->depth & 63);
  if (object)
    s->nesting[s->depth >> 6] |= bit;
  else
    s->nesting[s->depth >> 6] &= ~bit;
  s->depth++;
  return true;
}

static bool pop(zd_json_split *s, bool object) {
  s->depth--;
  return (s->nesting[s->depth >> 6] >> (s->depth & 63) & 1) == object;
}

static bool is_special(unsigned char c) {
  return c == '"' || (c | 0x20) == '{' || (c | 0x20) == '}'; /* with [ and ] */
}

/* A bracket of an item. True: the item ends with it. When it does not fit, too: reading the item
 * tells why. */
static bool take_bracket(zd_json_split *s, char c) {
  bool object = (c & 0x20) != 0;
  bool fits = c == '{' || c == '[' ? push(s, object) : pop(s, object);
  if (!fits) fail(s, UINT64_MAX, NULL);
  return !fits || s->depth == 0;
}

/* Goes on in an item that is an object or array, byte by byte. */
static const char *pass_bytes(zd_json_split *s, const char *p, const char *end, bool *ended) {
  while (p < end) {
    if (s->in_string) {
      p = pass_string(s, p, end);
      continue;
    }
    while (p < end && !is_special((unsigned char)*p)) p++;
    if (p == end) break;
    char c = *p++;
    if (c == '"')
      s->in_string = true;
    else if ((*ended = take_bracket(s, c)))
      break;
  }
  return p;
}

/* Bytes behind a backslash. *carry: the first one is; becomes whether the next block's first is. */
static uint64_t escaped_bytes(uint64_t backslashes, bool *carry) {
  uint64_t escaped = *carry;
  *carry = false;
  for (backslashes &= ~escaped; backslashes; backslashes &= backslashes - 1) {
    uint64_t next = (backslashes & -backslashes) << 1;
    *carry = next == 0;
    escaped |= next;
    backslashes &= ~next;
  }
  return escaped;
}

/* Each bit: the parity of itself and all below it. */
static uint64_t parity_below(uint64_t x) {
  for (int shift = 1; shift < ZD_JSON_BLOCK; shift *= 2) x ^= x << shift;
  return x;
}

/* The same a block at a time, while there are whole ones. */
static const char *pass_blocks(zd_json_split *s, zd_json_marks (*marks)(const char *p),
                               const char *p, const char *end, bool *ended) {
  for (; end - p >= ZD_JSON_BLOCK; p += ZD_JSON_BLOCK) {
    zd_json_marks m = marks(p);
    bool carry = s->escape;
    uint64_t quotes = m.quotes & ~escaped_bytes(m.backslashes, &carry);
    uint64_t inside = parity_below(quotes) ^ (s->in_string ? UINT64_MAX : 0);
    if (m.backslashes & ~inside) return p; /* no JSON: byte by byte */
    for (uint64_t left = m.brackets & ~inside; left; left &= left - 1) {
      const char *at = p + __builtin_ctzll(left);
      if (!(*ended = take_bracket(s, *at))) continue;
      s->in_string = s->escape = false;
      return at + 1;
    }
    s->in_string = inside >> (ZD_JSON_BLOCK - 1);
    s->escape = carry;
  }
  return p;
}

static const char *pass_container(zd_json_split *s, const char *p, const char *end, bool *ended) {
  zd_json_marks (*marks)(const char *) = zd_json_scanner_at(0)->marks;
  while (p < end && !*ended) {
    if (marks) p = pass_blocks(s, marks, p, end, ended);
    if (*ended) break;
    const char *stop = marks && end - p > ZD_JSON_BLOCK ? p + ZD_JSON_BLOCK : end;
    p = pass_bytes(s, p, stop, ended);
  }
  return p;
}

static bool ends_scalar(unsigned char c) {
  return is_space(c) || is_special(c) || c == ',' || c == ':';
}

static const char *pass_item(zd_json_split *s, const char *p, const char *end, bool *ended) {
  if (s->state == CONTAINER) return pass_container(s, p, end, ended);
  if (s->state == STRING) {
    p = pass_string(s, p, end);
    *ended = !s->in_string;
    return p;
  }
  while (p < end && !ends_scalar((unsigned char)*p)) p++;
  *ended = p < end;
  return p;
}

/* c is the first byte of an item; the byte itself is looked at again. */
static void begin_item(zd_json_split *s, unsigned char c, uint64_t at) {
  s->item_at = at;
  s->depth = 0;
  s->in_string = s->escape = false;
  if (!s->gap_n) zd_buffer_add_char(&s->outer, '0');
  s->gap_n = 1;
  if (c == '{' || c == '[') {
    s->state = CONTAINER;
  } else if (c == '"') {
    s->state = STRING;
    s->in_string = true;
  } else if (ends_scalar(c)) {
    fail(s, at, "a value");
  } else {
    s->state = SCALAR;
  }
}

static void close_array(zd_json_split *s, uint64_t at) {
  s->gap_end = at;
  s->state = OUTER;
  s->depth = 2; /* in the array, whose bracket comes */
  s->done = true;
}

/* Between items. The byte that begins or ends something is left to the state it leads to, but for
 * the comma and the quote. */
static const char *pass_between(zd_json_split *s, const char *p, const char *end, uint64_t from) {
  const char *start = p;
  while (p < end && is_space((unsigned char)*p)) p++;
  if (p == end) return p;
  uint64_t at = from + (uint64_t)(p - start);
  unsigned char c = (unsigned char)*p;
  if (c == ']' && s->state != COMMA) {
    close_array(s, at);
  } else if (s->state != BEHIND) {
    begin_item(s, c, at);
    if (s->state == STRING) p++;
  } else if (c == ',') {
    s->state = COMMA;
    p++;
  } else {
    fail(s, at, "a comma or ']'");
  }
  return p;
}

/* ---- outer ---- */

/* A member name at the top is complete: raw, without its quotes. */
static bool is_name(const zd_json_split *s) {
  if (s->key_n < 2 || s->key_n == sizeof s->key) return false;
  zd_json_tape tape = {0};
  bool same = zd_json_read((zd_slice){s->key, s->key_n}, NULL, &tape, NULL) == ZD_OK &&
              zd_json_is(&tape, 0, s->name);
  zd_json_free(&tape);
  return same;
}

static void add_to_name(zd_json_split *s, const char *p, const char *end) {
  for (; p < end && s->key_n < sizeof s->key; p++) s->key[s->key_n++] = *p;
}

static const char *pass_outer_string(zd_json_split *s, const char *p, const char *end) {
  const char *start = p;
  p = pass_string(s, p, end);
  if (!s->wants_name) return p;
  add_to_name(s, start, p);
  if (s->in_string) return p;
  s->wants_name = false;
  s->named = is_name(s);
  return p;
}

/* One byte outside of strings. */
static void take_outer(zd_json_split *s, char c) {
  bool top = s->depth == 1;
  if (c == '"') {
    s->in_string = true;
    s->key_n = 0;
    static const char quote[] = "\"";
    if (s->wants_name) add_to_name(s, quote, quote + 1);
  } else if (c == '{' || c == '[') {
    s->state = top && s->named && !s->done && c == '[' ? OPENED : s->state;
    s->wants_name = false;
    s->depth++;
  } else if (c == '}' || c == ']') {
    s->depth--;
    if (!s->depth) s->state = LOST;
  } else if (c == ',' && top) {
    s->wants_name = true;
    s->named = false;
  } else if (c != ':' && !is_space((unsigned char)c)) {
    s->named = false;
  }
}

static const char *pass_outer(zd_json_split *s, const char *p, const char *end) {
  const char *start = p;
  while (p < end && s->state == OUTER) {
    if (s->in_string)
      p = pass_outer_string(s, p, end);
    else
      take_outer(s, *p++);
  }
  zd_buffer_add(&s->outer, start, (size_t)(p - start));
  return p;
}

static const char *pass_start(zd_json_split *s, const char *p, const char *end) {
  const char *start = p;
  while (p < end && is_space((unsigned char)*p)) p++;
  if (p < end) {
    s->state = *p == '{' ? OUTER : LOST;
    if (*p++ == '{') {
      s->depth = 1;
      s->wants_name = true;
    }
  }
  zd_buffer_add(&s->outer, start, (size_t)(p - start));
  return p;
}

/* ---- the door ---- */

/* What is left of a text that nothing more is to be found in: outer, unless a fault of the array
 * was found, which comes first. */
static const char *pass_lost(zd_json_split *s, const char *p, const char *end) {
  bool told = s->offset != 0;
  if (!told) zd_buffer_add(&s->outer, p, (size_t)(end - p));
  return end;
}

static const char *pass(zd_json_split *s, const char *p, const char *end, zd_err *err) {
  bool ended = false;
  uint64_t from = s->fed;
  const char *start = p;
  switch (s->state) {
    case START:
      return pass_start(s, p, end);
    case OUTER:
      p = pass_outer(s, p, end);
      if (s->state != OPENED) return p;
      s->gap_at = s->outer.n;
      s->gap_from = s->gap_end = from + (uint64_t)(p - start);
      return p;
    case OPENED:
    case COMMA:
    case BEHIND:
      return pass_between(s, p, end, from);
    case LOST:
      return pass_lost(s, p, end);
    default:
      p = pass_item(s, p, end, &ended);
      if (!ended) return p;
      if (s->state != LOST) s->state = BEHIND;
      *err = add_item(s, from + (uint64_t)(p - start));
      return p;
  }
}

zd_err zd_json_split_feed(zd_json_split *s, zd_slice more) {
  zd_err err = ZD_OK;
  const char *p = more.p, *end = more.n ? more.p + more.n : more.p;
  while (p < end && err == ZD_OK) {
    const char *next = pass(s, p, end, &err);
    s->fed += (uint64_t)(next - p);
    p = next;
  }
  return err == ZD_OK ? zd_buffer_error(&s->outer) : err;
}

zd_err zd_json_split_end(zd_json_split *s) {
  zd_err err = ZD_OK;
  if (s->state == OPENED || s->state == COMMA) {
    fail(s, s->fed, "a value");
  } else if (s->state == BEHIND) {
    fail(s, s->fed, "a comma or ']'");
  } else if (s->state == SCALAR) {
    err = add_item(s, s->fed);
    fail(s, s->fed, "a comma or ']'");
  } else if (s->state == CONTAINER || s->state == STRING) {
    err = add_item(s, s->fed); /* cut off: reading it tells so */
    fail(s, UINT64_MAX, NULL);
  }
  return err;
}

uint64_t zd_json_split_pending(const zd_json_split *s) {
  return s->state == CONTAINER || s->state == STRING || s->state == SCALAR ? s->item_at : s->fed;
}

uint64_t zd_json_split_place(const zd_json_split *s, size_t at) {
  if (!s->gap_at || at < s->gap_at) return at;
  if (!s->done) return UINT64_MAX;
  if (at < s->gap_at + s->gap_n) return s->gap_from;
  return s->gap_end + (at - s->gap_at - s->gap_n);
}
