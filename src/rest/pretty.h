/* pretty.h: JSON text laid out for people: one member a line, two spaces. Private to rest/. */
#ifndef ZD_REST_PRETTY_H
#define ZD_REST_PRETTY_H

#include "base/buffer.h"

/* Where in a text one is that comes in parts; zero at its start. */
typedef struct zd_pretty {
  unsigned depth;
  bool in_string, escaped; /* behind a backslash */
  bool opened;             /* behind a bracket that may yet turn out to be empty */
} zd_pretty;

/* Appends the next part of a compact and valid JSON text, indented. Values are not touched. */
void zd_pretty_part(zd_pretty *p, zd_slice part, zd_buffer *out);
/* A whole text. */
void zd_pretty_json(zd_slice s, zd_buffer *out);

#endif
