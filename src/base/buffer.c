#include "base/buffer.h"

#include <stdio.h>
#include <stdlib.h>

enum { FIRST_ROOM = 256 };

void zd_buffer_init(zd_buffer *b, size_t limit) {
  *b = (zd_buffer){.limit = limit};
}

void zd_buffer_free(zd_buffer *b) {
  free(b->p);
  zd_buffer_init(b, b->limit);
}

void zd_buffer_clear(zd_buffer *b) {
  b->n = 0;
  b->failed = ZD_OK;
}

/* The room to ask for so that `need` fits: doubling, so that n appends cost O(n) copies. */
static size_t next_room(const zd_buffer *b, size_t need) {
  size_t room = b->room ? b->room : FIRST_ROOM;
  while (room < need) {
    if (room > SIZE_MAX / 2) return need;
    room *= 2;
  }
  return b->limit && room > b->limit ? b->limit : room;
}

static bool fail(zd_buffer *b, zd_err why) {
  b->failed = why;
  return false;
}

static bool grow(zd_buffer *b, size_t more) {
  size_t need;
  if (__builtin_add_overflow(b->n, more, &need)) return fail(b, ZD_ERR_LIMIT);
  if (b->limit && need > b->limit) return fail(b, ZD_ERR_LIMIT);
  size_t room = next_room(b, need);
  if (room == SIZE_MAX) return fail(b, ZD_ERR_LIMIT);
  char *p = realloc(b->p, room + 1); /* see zd_buffer_printf */
  if (!p) return fail(b, ZD_ERR_MEMORY);
  b->p = p;
  b->room = room;
  return true;
}

bool zd_buffer_reserve(zd_buffer *b, size_t more) {
  if (b->failed) return false;
  return more <= b->room - b->n || grow(b, more);
}

void zd_buffer_add(zd_buffer *b, const void *p, size_t n) {
  if (!n || !zd_buffer_reserve(b, n)) return;
  memcpy(b->p + b->n, p, n);
  b->n += n;
}

void zd_buffer_add_slice(zd_buffer *b, zd_slice s) {
  zd_buffer_add(b, s.p, s.n);
}

void zd_buffer_add_char(zd_buffer *b, char c) {
  if (!zd_buffer_reserve(b, 1)) return;
  b->p[b->n++] = c;
}

void zd_buffer_add_u64(zd_buffer *b, uint64_t decimal) {
  char room[ZD_DIGITS];
  zd_buffer_add_slice(b, zd_slice_digits(decimal, room));
}

void zd_buffer_printf(zd_buffer *b, const char *format, ...) {
  va_list args;
  va_start(args, format);
  va_list again;
  va_copy(again, args);
  int n = vsnprintf(NULL, 0, format, args);
  /* vsnprintf writes a zero byte behind the text. It is not part of it and does not count against
   * the limit: every block is one byte larger than its room. */
  if (n < 0) {
    fail(b, ZD_ERR_INVALID);
  } else if (n > 0 && zd_buffer_reserve(b, (size_t)n)) {
    vsnprintf(b->p + b->n, (size_t)n + 1, format, again);
    b->n += (size_t)n;
  }
  va_end(again);
  va_end(args);
}

static void add_json_escape(zd_buffer *b, unsigned char c) {
  static const char hex[] = "0123456789abcdef";
  static const char letter[] = {
      ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
  char text[6] = {'\\', (char)c, '0', '0', hex[c >> 4 & 15], hex[c & 15]};
  size_t n = 2;
  if (c < sizeof letter && letter[c]) {
    text[1] = letter[c];
  } else if (c < 0x20) {
    text[1] = 'u';
    n = 6;
  }
  zd_buffer_add(b, text, n);
}

void zd_buffer_add_json(zd_buffer *b, zd_slice s) {
  size_t plain = 0; /* start of the run not yet copied */
  for (size_t i = 0; i < s.n; i++) {
    unsigned char c = (unsigned char)s.p[i];
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    zd_buffer_add(b, s.p + plain, i - plain);
    add_json_escape(b, c);
    plain = i + 1;
  }
  if (plain < s.n) zd_buffer_add(b, s.p + plain, s.n - plain);
}

zd_err zd_buffer_error(const zd_buffer *b) {
  return b->failed;
}
