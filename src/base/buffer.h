/* buffer.h: a growing run of bytes that owns its memory.
 *
 * Appends never fail half-way: when memory or the limit is exhausted the buffer
 * keeps what it had, `failed` is set, later appends do nothing, and the caller
 * checks once at the end.
 */
#ifndef ZD_BASE_BUFFER_H
#define ZD_BASE_BUFFER_H

#include "base/error.h"
#include "base/slice.h"

typedef struct zd_buffer {
  char *p;
  size_t n;
  size_t room;
  size_t limit;  /* most bytes it may hold; 0: no limit */
  zd_err failed; /* ZD_OK, or why the first failing append failed */
} zd_buffer;

void zd_buffer_init(zd_buffer *b, size_t limit);
void zd_buffer_free(zd_buffer *b);

/* n = 0, failed = ZD_OK; keeps the memory. */
void zd_buffer_clear(zd_buffer *b);

/* Makes room for `more` further bytes; false (and failed) when it can't. */
bool zd_buffer_reserve(zd_buffer *b, size_t more);

void zd_buffer_add(zd_buffer *b, const void *p, size_t n);
void zd_buffer_add_slice(zd_buffer *b, zd_slice s);
void zd_buffer_add_char(zd_buffer *b, char c);
void zd_buffer_add_u64(zd_buffer *b, uint64_t decimal);
void zd_buffer_printf(zd_buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* s as the inside of a JSON string (no quotes): escapes ", \ and controls. */
void zd_buffer_add_json(zd_buffer *b, zd_slice s);

static inline zd_slice zd_buffer_slice(const zd_buffer *b) {
  return (zd_slice){b->p ? b->p : "", b->n};
}

/* ZD_OK, or ZD_ERR_MEMORY / ZD_ERR_LIMIT when an append failed. */
zd_err zd_buffer_error(const zd_buffer *b);

#endif
