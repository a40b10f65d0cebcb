/* pretty.h: JSON text laid out for people: one member a line, two spaces. Private to rest/. */
#ifndef ZD_REST_PRETTY_H
#define ZD_REST_PRETTY_H

#include "base/buffer.h"

/* Appends s, compact and valid JSON, as an indented text. Values are not touched. */
void zd_pretty_json(zd_slice s, zd_buffer *out);

#endif
