/* Small things that everything rests on: parameters, ids, tags, cursors, dates, layout, UTF-8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <pthread.h>
#include <stdlib.h>
#include <cmocka.h>

#include "rest/header.h"
#include "rest/page.h"
#include "rest/pretty.h"

static void test_parameters(void **state) {
  (void)state;
  static const struct {
    const char *query, *pairs; /* name=value| ...; ! for a malformed one */
  } rows[] = {{"", ""},
              {"a=1", "a=1|"},
              {"a=1&b=2", "a=1|b=2|"},
              {"&&a=1&&b&", "a=1|b=|"},
              {"a=b=c", "a=b=c|"},
              {"a=%D0%96+x%2B", "a=Ж x+|"},
              {"%61=%26", "a=&|"},
              {"a=%4", "!|"},
              {"a=%zz&b=1", "!|b=1|"},
              {"=1", "=1|"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_arena arena;
    zd_buffer out;
    zd_slice rest = zd_slice_of(rows[i].query), name, value;
    zd_arena_init(&arena, 0);
    zd_buffer_init(&out, 0);
    while (zd_next_parameter(&rest, &arena, &name, &value)) {
      if (!name.p)
        zd_buffer_add_char(&out, '!');
      else
        zd_buffer_printf(&out, "%.*s=%.*s", ZD_SV(name), ZD_SV(value));
      zd_buffer_add_char(&out, '|');
    }
    if (!zd_slice_eq(zd_buffer_slice(&out), zd_slice_of(rows[i].pairs)))
      fail_msg("%s: %.*s", rows[i].query, (int)out.n, out.p);
    zd_buffer_free(&out);
    zd_arena_free(&arena);
  }
}

static void test_tags(void **state) {
  (void)state;
  static const struct {
    const char *tag;
    uint64_t version;
  } rows[] = {{"W/\"3\"", 3},
              {"\"3\"", 3},
              {"3", 3},
              {"W/3", 3},
              {"", 0},
              {"W/", 0},
              {"\"", 0},
              {"W/\"\"", 0},
              {"W/\"x\"", 0},
              {"-1", 0},
              {"1.0", 0},
              {"999999999999999999", 999999999999999999u},
              {"9999999999999999999", 0},
              {"W/\"3", 0}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (zd_etag_version(zd_slice_of(rows[i].tag)) != rows[i].version) fail_msg("%s", rows[i].tag);
  assert_int_equal(zd_etag_list(ZD_S("W/\"1\" ,W/\"2\""), 2), ZD_TAGS_HIT);
  assert_int_equal(zd_etag_list(ZD_S("W/\"1\", W/\"2\""), 3), ZD_TAGS_MISS);
  assert_int_equal(zd_etag_list(ZD_S(" * "), 3), ZD_TAGS_HIT);
  assert_int_equal(zd_etag_list(ZD_S("*"), 0), ZD_TAGS_MISS);
  assert_int_equal(zd_etag_list(ZD_S(""), 1), ZD_TAGS_MALFORMED);
  assert_int_equal(zd_etag_list(ZD_S("W/\"1\", x"), 1), ZD_TAGS_MALFORMED);
}

static void test_cursors(void **state) {
  (void)state;
  static const zd_cursor rows[] = {
      {.snapshot = 0, .after = 0},
      {.snapshot = 7, .after = 3, .back = true, .part = 1},
      {.snapshot = 123456789012, .after = 99, .part = 1},
      {.snapshot = 5, .after = ZD_NO_ROW},
      {.snapshot = 5, .after = 2, .search = true, .check = UINT32_MAX, .now_ms = 17, .before = 3},
      {.snapshot = 5, .after = 2, .search = true, .check = 1, .now_ms = 17, .inner = UINT32_MAX}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_buffer text;
    zd_cursor back;
    zd_buffer_init(&text, 0);
    zd_cursor_write(&rows[i], &text);
    assert_true(zd_cursor_parse(zd_buffer_slice(&text), &back));
    assert_int_equal(back.snapshot, rows[i].snapshot);
    assert_int_equal(back.after, rows[i].after);
    assert_int_equal(back.back, rows[i].back);
    assert_int_equal(back.part, rows[i].part);
    assert_int_equal(back.search, rows[i].search);
    assert_int_equal(back.check, rows[i].check);
    assert_int_equal(back.now_ms, rows[i].now_ms);
    assert_int_equal(back.before, rows[i].before);
    assert_int_equal(back.inner, rows[i].inner);
    zd_buffer_free(&text);
  }
  static const char *const bad[] = {"",
                                    "1",
                                    "1-2",
                                    "1-2-f",
                                    "1-2-x0",
                                    "1-2-f2",
                                    "1-2-f0 ",
                                    "-2-f0",
                                    "1--f0",
                                    "1-2-f-",
                                    "a-2-f0",
                                    "1-2-f00x",
                                    "99999999999999999999-1-f0",
                                    "1-2-b11",
                                    "1-2-f0-1",
                                    "1-2-f0-1-2",
                                    "1-2-f0-4294967296-2-0",
                                    "1-2-f0-1-9999999999999999999-0",
                                    "1-2-f0-1-2-3-4-5",
                                    "1-2-f0-1-2-3-",
                                    "1-2-f0-1-2-3-4294967296",
                                    "1-ss-f0"};
  zd_cursor c;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    if (zd_cursor_parse(zd_slice_of(bad[i]), &c)) fail_msg("taken: \"%s\"", bad[i]);
}

static void test_dates(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int64_t ms;
  } rows[] = {{"Thu, 01 Jan 1970 00:00:01 GMT", 1000},
              {"Sun, 06 Nov 1994 08:49:37 GMT", INT64_C(784111777000)},
              {"Tue, 29 Feb 2000 23:59:59 GMT", INT64_C(951868799000)},
              {"Fri, 31 Dec 9999 23:59:59 GMT", INT64_C(253402300799000)}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char text[29];
    assert_int_equal(zd_header_date(zd_slice_of(rows[i].text)), rows[i].ms);
    zd_header_write_date(rows[i].ms, text);
    assert_memory_equal(text, rows[i].text, 29);
  }
  static const char *const bad[] = {"",
                                    "yesterday",
                                    "Sun, 06 Xyz 1994 08:49:37 GMT",
                                    "Sun, 32 Nov 1994 08:49:37 GMT",
                                    "Sun, 06 Nov 1994 24:49:37 GMT",
                                    "Sunday, 06-Nov-94 08:49:37 GMT",
                                    "Sun Nov  6 08:49:37 1994"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    if (zd_header_date(zd_slice_of(bad[i]))) fail_msg("taken: \"%s\"", bad[i]);
}

static void test_pretty(void **state) {
  (void)state;
  static const struct {
    const char *compact, *laid_out;
  } rows[] = {
      {"{}", "{}"},
      {"[]", "[]"},
      {"{\"a\":1,\"b\":[1,2]}", "{\n  \"a\": 1,\n  \"b\": [\n    1,\n    2\n  ]\n}"},
      {"{\"a\":\"{,:}[\\\"\\\\\",\"b\":{}}", "{\n  \"a\": \"{,:}[\\\"\\\\\",\n  \"b\": {}\n}"},
      {"\"broken", "\"broken"},
      {"\"broken\\", "\"broken\\"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_buffer out;
    zd_buffer_init(&out, 0);
    zd_pretty_json(zd_slice_of(rows[i].compact), &out);
    if (!zd_slice_eq(zd_buffer_slice(&out), zd_slice_of(rows[i].laid_out)))
      fail_msg("%.*s", (int)out.n, out.p);
    zd_slice text = zd_slice_of(rows[i].compact);
    for (size_t cut = 0; cut <= text.n; cut++) { /* the same in two parts */
      zd_pretty p = {0};
      zd_buffer_clear(&out);
      zd_pretty_part(&p, (zd_slice){text.p, cut}, &out);
      zd_pretty_part(&p, zd_slice_from(text, cut), &out);
      assert_true(zd_slice_eq(zd_buffer_slice(&out), zd_slice_of(rows[i].laid_out)));
    }
    zd_buffer_free(&out);
  }
}

static void test_utf8(void **state) {
  (void)state;
  static const struct {
    const char *text, *clean;
  } rows[] = {{"", ""},
              {"abc", "abc"},
              {"Ж€𝄞", "Ж€𝄞"},
              {"\xFF\xFE", "??"},
              {"a\xD0", "a?"},
              {"\xE2\x82", "??"},
              {"\xC0\xAF", "??"},           /* not the shortest form */
              {"\xED\xA0\x80", "???"},      /* a surrogate */
              {"\xF4\x90\x80\x80", "????"}, /* behind the last code point */
              {"\xF0\x9D\x84x", "???x"},
              {"\x80Ж", "?Ж"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char copy[16];
    size_t n = strlen(rows[i].text);
    memcpy(copy, rows[i].text, n);
    bool same = strcmp(rows[i].text, rows[i].clean) == 0;
    assert_int_equal(zd_text_is_clean(zd_slice_of(rows[i].text)), same);
    assert_int_equal(zd_text_clean(copy, n), same);
    assert_memory_equal(copy, rows[i].clean, n);
  }
}

/* ---- ids ---- */

enum { THREADS = 4, EACH = 20000 };

typedef struct maker {
  zd_rest *rest;
  char ids[EACH][13];
} maker;

static void *make_ids(void *context) {
  maker *m = context;
  zd_arena arena;
  zd_arena_init(&arena, 0);
  for (size_t i = 0; i < EACH; i++) memcpy(m->ids[i], zd_new_id(m->rest, &arena).p, 13);
  zd_arena_free(&arena);
  return NULL;
}

static int by_text(const void *a, const void *b) {
  return memcmp(a, b, 13);
}

static void test_ids(void **state) {
  (void)state;
  static zd_rest rest;
  maker *makers = calloc(THREADS, sizeof *makers);
  char(*all)[13] = calloc(THREADS, sizeof makers->ids);
  pthread_t threads[THREADS];
  assert_non_null(makers);
  assert_non_null(all);
  for (size_t t = 0; t < THREADS; t++) {
    makers[t].rest = &rest;
    assert_int_equal(pthread_create(&threads[t], NULL, make_ids, &makers[t]), 0);
  }
  for (size_t t = 0; t < THREADS; t++) pthread_join(threads[t], NULL);
  for (size_t t = 0; t < THREADS; t++) {
    for (size_t i = 1; i < EACH; i++)
      assert_true(by_text(makers[t].ids[i - 1], makers[t].ids[i]) < 0); /* ascending in a thread */
    memcpy(all[t * EACH], makers[t].ids, sizeof makers[t].ids);
  }
  qsort(all, (size_t)THREADS * EACH, 13, by_text);
  for (size_t i = 1; i < (size_t)THREADS * EACH; i++) assert_true(by_text(all[i - 1], all[i]) < 0);
  free(all);
  free(makers);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_parameters), cmocka_unit_test(test_tags),
      cmocka_unit_test(test_cursors),    cmocka_unit_test(test_dates),
      cmocka_unit_test(test_pretty),     cmocka_unit_test(test_utf8),
      cmocka_unit_test(test_ids)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
