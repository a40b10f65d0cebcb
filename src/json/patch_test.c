/* patch_test.c: RFC 6902 by the suites of others, and what they leave out: limits, exact numbers,
 * nothing done by halves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/file.h"
#include "json/patch.h"

static zd_err apply(zd_slice document, zd_slice patch, const zd_json_patch_limits *limits,
                    zd_buffer *out, zd_json_patch_error *error) {
  zd_arena arena;
  zd_arena_init(&arena, 0);
  zd_err err = zd_json_patch(document, patch, limits, &arena, out, error);
  zd_arena_free(&arena);
  return err;
}

/* ---- the suites ---- */

/* Equal as a JSON Patch judges it: that is what `test` of the whole document is for. */
static bool same(zd_slice a, zd_slice b) {
  zd_buffer patch, out;
  zd_json_patch_error error;
  zd_buffer_init(&patch, 0);
  zd_buffer_init(&out, 0);
  zd_buffer_add_slice(&patch, ZD_S("[{\"op\":\"test\",\"path\":\"\",\"value\":"));
  zd_buffer_add_slice(&patch, b);
  zd_buffer_add_slice(&patch, ZD_S("}]"));
  zd_err err = apply(a, zd_buffer_slice(&patch), NULL, &out, &error);
  zd_buffer_free(&patch);
  zd_buffer_free(&out);
  return err == ZD_OK;
}

static bool run_case(const zd_json_tape *t, uint32_t c) {
  uint32_t doc = zd_json_find(t, c, ZD_S("doc")), patch = zd_json_find(t, c, ZD_S("patch"));
  uint32_t expected = zd_json_find(t, c, ZD_S("expected"));
  uint32_t wrong = zd_json_find(t, c, ZD_S("error"));
  zd_buffer out;
  zd_json_patch_error error;
  zd_buffer_init(&out, 0);
  zd_err err = apply(zd_json_raw(t, doc), zd_json_raw(t, patch), NULL, &out, &error);
  bool fine = wrong ? err != ZD_OK && error.text[0] : err == ZD_OK;
  if (expected && err == ZD_OK) fine &= same(zd_buffer_slice(&out), zd_json_raw(t, expected));
  if (!fine)
    print_message("%.*s: %s %s: %.*s\n", ZD_SV(zd_json_string(t, c, ZD_S("comment"))),
                  zd_err_name(err), error.text, ZD_SV(zd_buffer_slice(&out)));
  zd_buffer_free(&out);
  return fine;
}

static void run_suite(const char *file, int least) {
  const char *shared = getenv("ZD_SHARED");
  char path[1000];
  zd_buffer text;
  zd_json_tape t = {0};
  int count = 0, wrong = 0, left = 0;
  snprintf(path, sizeof path, "%s/suites/%s", shared ? shared : ZD_SOURCE_DIR "/../shared", file);
  zd_buffer_init(&text, 0);
  if (zd_file_read(path, 0, &text, NULL) != ZD_OK) {
    print_message("0 cases: no suite at %s\n", path);
    zd_buffer_free(&text);
    skip();
  }
  assert_int_equal(zd_json_read(zd_buffer_slice(&text), NULL, &t, NULL), ZD_OK);
  for (uint32_t c = zd_json_first(&t, 0); c; c = zd_json_next(&t, 0, c)) {
    bool disabled = zd_json_find(&t, c, ZD_S("disabled"));
    bool is_case = zd_json_find(&t, c, ZD_S("doc")) && zd_json_find(&t, c, ZD_S("patch"));
    left += disabled || !is_case;
    if (disabled || !is_case) continue;
    count++;
    wrong += !run_case(&t, c);
  }
  print_message("%s: %d cases, %d wrong, %d disabled\n", file, count, wrong, left);
  zd_json_free(&t);
  zd_buffer_free(&text);
  assert_true(count >= least);
  assert_int_equal(wrong, 0);
}

static void json_patch_tests(void **state) {
  (void)state;
  run_suite("json-and-jose/json-patch-tests/tests.json", 50);
}

static void json_patch_spec_tests(void **state) {
  (void)state;
  run_suite("json-and-jose/json-patch-tests/spec_tests.json", 8);
}

static void fhir_patch_tests(void **state) {
  (void)state;
  run_suite("fhir-test-cases/r4/patch/json-patch-tests.json", 10);
}

/* ---- what they leave out ---- */

static void operations_one_by_one(void **state) {
  (void)state;
  static const struct {
    const char *document, *patch, *wanted; /* NULL: see err */
    zd_err err;
  } rows[] = {
      {"{\"a\":1.50}", "[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/b\"}]",
       "{\"a\":1.50,\"b\":1.50}", ZD_OK},
      {"{\"a\":1.50}", "[{\"op\":\"replace\",\"path\":\"/a\",\"value\":2.00e1}]", "{\"a\":2.00e1}",
       ZD_OK},
      {"[1,2,3]", "[{\"op\":\"move\",\"from\":\"/0\",\"path\":\"/2\"}]", "[2,3,1]", ZD_OK},
      {"[1,2,3]", "[{\"op\":\"move\",\"from\":\"/2\",\"path\":\"/0\"}]", "[3,1,2]", ZD_OK},
      {"[1]", "[{\"op\":\"add\",\"path\":\"/-\",\"value\":2},{\"op\":\"remove\",\"path\":\"/0\"}]",
       "[2]", ZD_OK},
      {"[1,2]",
       "[{\"op\":\"remove\",\"path\":\"/1\"},{\"op\":\"add\",\"path\":\"/-\",\"value\":3}]",
       "[1,3]", ZD_OK},
      {"{\"a\":{\"b\":1}}", "[{\"op\":\"move\",\"from\":\"/a/b\",\"path\":\"/a\"}]", "{\"a\":1}",
       ZD_OK},
      {"{\"a\":1}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/a\"}]", "{\"a\":1}", ZD_OK},
      {"{\"a\":{}}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/a/b\"}]", NULL, ZD_ERR_INVALID},
      {"{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/x\\u0022~1~0\",\"value\":null}]",
       "{\"a\":1,\"x\\\"/~\":null}", ZD_OK},
      {"{\"a\":1}", "[{\"op\":\"add\",\"path\":\"\",\"value\":[]}]", "[]", ZD_OK},
      {"{\"a\":1}", "[{\"op\":\"remove\",\"path\":\"\"}]", NULL, ZD_ERR_INVALID},
      {"{\"a\":1}", "[{\"op\":\"remove\",\"path\":\"/a/b\"}]", NULL, ZD_ERR_NOT_FOUND},
      {"[1]", "[{\"op\":\"replace\",\"path\":\"/-\",\"value\":1}]", NULL, ZD_ERR_NOT_FOUND},
      {"[1]", "[{\"op\":\"remove\",\"path\":\"/-\"}]", NULL, ZD_ERR_NOT_FOUND},
      {"[1]", "[{\"op\":\"add\",\"path\":\"/4294967296\",\"value\":1}]", NULL, ZD_ERR_NOT_FOUND},
      {"{}", "[{\"op\":\"add\",\"path\":\"/~2\",\"value\":1}]", NULL, ZD_ERR_INVALID},
      {"{}", "[{\"op\":\"add\",\"path\":\"/~\",\"value\":1}]", NULL, ZD_ERR_INVALID},
      {"{}", "[{\"op\":\"add\",\"path\":\"/a\",\"path\":\"/b\",\"value\":1}]", NULL,
       ZD_ERR_INVALID},
      {"{}", "[{\"op\":\"spam\",\"path\":\"/a\"}]", NULL, ZD_ERR_INVALID},
      {"{}", "{\"op\":\"add\",\"path\":\"/a\",\"value\":1}", NULL, ZD_ERR_INVALID},
      {"{}", "[1]", NULL, ZD_ERR_INVALID},
      {"{}", "[", NULL, ZD_ERR_INVALID},
      {"{\"a\":1}",
       "[{\"op\":\"remove\",\"path\":\"/a\"},{\"op\":\"test\",\"path\":\"/a\",\"value\":1}]", NULL,
       ZD_ERR_NOT_FOUND},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_buffer out;
    zd_json_patch_error error;
    zd_buffer_init(&out, 0);
    zd_err err =
        apply(zd_slice_of(rows[i].document), zd_slice_of(rows[i].patch), NULL, &out, &error);
    if (err != rows[i].err) fail_msg("%s: %s %s", rows[i].patch, zd_err_name(err), error.text);
    zd_slice wanted = rows[i].wanted ? zd_slice_of(rows[i].wanted) : ZD_S("");
    if (!zd_slice_eq(zd_buffer_slice(&out), wanted))
      fail_msg("%s: %.*s", rows[i].patch, ZD_SV(zd_buffer_slice(&out)));
    zd_buffer_free(&out);
  }
}

static void tests_compare_what_values_mean(void **state) {
  (void)state;
  static const struct {
    const char *a, *b;
    bool same;
  } rows[] = {
      {"1", "1.0", true},
      {"10", "1e1", true},
      {"0.10", "1E-1", true},
      {"100", "1.00e2", true},
      {"0", "-0.0e5", true},
      {"1", "-1", false},
      {"1.5", "15", false},
      {"1", "1.0000000000000000000000000000001", false},
      {"12345678901234567890123", "12345678901234567890124", false},
      {"1e99999999999999999999", "1e99999999999999999998", false},
      {"\"a\\u0062\"", "\"ab\"", true},
      {"\"1\"", "1", false},
      {"{\"a\":1,\"b\":[2]}", "{\"b\":[2.0],\"a\":1}", true},
      {"{\"a\":1}", "{\"a\":1,\"b\":2}", false},
      {"[1,2]", "[2,1]", false},
      {"null", "false", false},
      {"{}", "[]", false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (same(zd_slice_of(rows[i].a), zd_slice_of(rows[i].b)) != rows[i].same)
      fail_msg("%s and %s", rows[i].a, rows[i].b);
}

static void copies_of_copies_end_at_the_limit(void **state) {
  (void)state;
  zd_buffer patch, out;
  zd_json_patch_error error;
  zd_buffer_init(&patch, 0);
  zd_buffer_init(&out, 1 << 20);
  zd_buffer_add_char(&patch, '[');
  for (int i = 0; i < 200; i++)
    zd_buffer_printf(&patch, "%s{\"op\":\"copy\",\"from\":\"\",\"path\":\"/%d\"}", i ? "," : "", i);
  zd_buffer_add_char(&patch, ']');
  assert_int_equal(apply(ZD_S("{\"a\":1}"), zd_buffer_slice(&patch), NULL, &out, &error),
                   ZD_ERR_LIMIT);
  assert_int_equal(out.n, 0);
  assert_true(error.text[0]);
  zd_json_patch_limits few = {.operations = 10, .nodes = 100, .depth = 10, .steps = 1000};
  assert_int_equal(apply(ZD_S("{\"a\":1}"), zd_buffer_slice(&patch), &few, &out, &error),
                   ZD_ERR_LIMIT);
  zd_buffer_free(&patch);
  zd_buffer_free(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(json_patch_tests),
      cmocka_unit_test(json_patch_spec_tests),
      cmocka_unit_test(fhir_patch_tests),
      cmocka_unit_test(operations_one_by_one),
      cmocka_unit_test(tests_compare_what_values_mean),
      cmocka_unit_test(copies_of_copies_end_at_the_limit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
