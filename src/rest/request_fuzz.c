/* Bytes as "METHOD path?query\nheader value": whatever is sent is taken or refused with an
 * OperationOutcome that is UTF-8. */
#include <stdlib.h>

#include "rest/header.h"
#include "rest/page.h"
#include "rest/period.h"
#include "rest/pretty.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_values(zd_slice s, zd_arena *arena) {
  zd_cursor cursor;
  int64_t from, to;
  zd_buffer out;
  (void)arena;
  zd_buffer_init(&out, 0);
  (void)zd_etag_list(s, 3);
  (void)zd_header_date(s);
  (void)zd_cursor_parse(s, &cursor);
  if (zd_period_parse(s, &from, &to) && from >= to) abort();
  zd_pretty_json(s, &out);
  zd_buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  zd_rest rest = {.schema = zd_schema_r4()};
  zd_arena arena;
  zd_arena_init(&arena, 0);
  zd_call c = {.rest = &rest, .arena = &arena};
  zd_interaction in = {0};
  zd_answer a;
  const char *allow;
  zd_issues_init(&c.issues, &arena);
  zd_answer_init(&a);
  zd_slice text = {(const char *)data, size};
  size_t line = zd_slice_find(text, '\n');
  zd_slice head = {text.p, line};
  size_t blank = zd_slice_find(head, ' ');
  zd_slice path = zd_slice_from(head, blank + 1);
  size_t mark = zd_slice_find(path, '?');
  in.query = zd_slice_from(path, mark + 1);
  bool fine = zd_route(&c, (zd_slice){head.p, blank}, (zd_slice){path.p, mark}, &in, &a, &allow) &&
              zd_shape(&c, &in, &a);
  if (!fine && (a.status < 400 || !a.body.n || !zd_text_is_clean(zd_buffer_slice(&a.body))))
    abort();
  try_values(zd_slice_from(text, line + 1), &arena);
  zd_buffer_free(&a.body);
  zd_arena_free(&arena);
  return 0;
}
