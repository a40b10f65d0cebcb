/* json_test.c: RFC 8259 as the specification, JSONTestSuite as the judge, and the scalar variant as
 * the oracle of the vector ones. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/testing/dice.h"
#include "json/scan.h"

/* ---- single texts ---- */

static const struct {
  const char *text;
  bool good;
  size_t offset; /* of the error */
} texts[] = {
    {"{}", true, 0},
    {" [1 , 2] ", true, 0},
    {"\"a\"", true, 0},
    {"0", true, 0},
    {"-0.10e+5", true, 0},
    {"123456789012345678901234567890.10", true, 0},
    {"{\"a\":{\"b\":[null,true,false]}}", true, 0},
    {"\"\\ud83d\\ude00 \\u0416 \\u0000\"", true, 0},
    {"\"\xD0\x96\"", true, 0},
    {"", false, 0},
    {"   ", false, 3},
    {"\xEF\xBB\xBF{}", false, 0},
    {"[1,]", false, 3},
    {"[1 2]", false, 3},
    {"[1}", false, 2},
    {"{\"a\":1,}", false, 7},
    {"{\"a\" 1}", false, 5},
    {"{a:1}", false, 1},
    {"{\"a\":1", false, 6},
    {"01", false, 1},
    {"-", false, 1},
    {"1.", false, 2},
    {"1e", false, 2},
    {"+1", false, 0},
    {".5", false, 0},
    {"nul", false, 0},
    {"{} {}", false, 3},
    {"\"\t\"", false, 1},
    {"\"\\x\"", false, 1},
    {"\"\\u12g4\"", false, 1},
    {"\"\\ud83d\"", false, 1},
    {"\"\\ude00\"", false, 1},
    {"\"\\ud83d\\u0041\"", false, 1},
    {"\"abc", false, 4},
    {"\"\xC0\x80\"", false, 1},
    {"\"ab\xED\xA0\x80\"", false, 3},
    {"\"\xF4\x90\x80\x80\"", false, 1},
    {"\"\xD0\"", false, 1},
};

static void accepts_and_refuses_as_the_grammar_says(void **state) {
  (void)state;
  zd_json_tape tape = {0};
  for (unsigned k = 0; zd_json_scanner_at(k); k++) {
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
      zd_json_error error = {0};
      zd_slice text = zd_slice_of(texts[i].text);
      zd_err err = zd_json_read_with(zd_json_scanner_at(k), text, NULL, &tape, &error);
      if ((err == ZD_OK) != texts[i].good) fail_msg("%s: %s", texts[i].text, zd_err_name(err));
      if (err != ZD_OK && error.offset != texts[i].offset) {
        fail_msg("%s: error at %zu (expected %s)", texts[i].text, error.offset, error.expected);
      }
    }
  }
  zd_json_free(&tape);
}

static void tells_line_and_column(void **state) {
  (void)state;
  zd_json_tape tape = {0};
  zd_json_error error;
  zd_slice text = ZD_S("{\n  \"a\": 1,\n  \"b\" 2\n}");
  assert_int_equal(zd_json_read(text, NULL, &tape, &error), ZD_ERR_INVALID);
  assert_int_equal(error.line, 3);
  assert_int_equal(error.column, 7);
  assert_string_equal(error.expected, "a colon");
  zd_json_free(&tape);
}

static void tape_is_the_document(void **state) {
  (void)state;
  zd_json_tape t = {0};
  zd_slice text = ZD_S("{\"a\":[1,\"x\\n\"],\"\\u0062\":null, \"c\" : {} }");
  assert_int_equal(zd_json_read(text, NULL, &t, NULL), ZD_OK);
  assert_int_equal(t.count, 6);
  assert_int_equal(t.nodes[0].end, 6);
  uint32_t a = zd_json_find(&t, 0, ZD_S("a"));
  assert_int_equal(a, 1);
  assert_int_equal(t.nodes[a].end, 4);
  assert_true(zd_slice_eq(zd_json_raw(&t, a), ZD_S("[1,\"x\\n\"]")));
  uint32_t one = zd_json_first(&t, a);
  assert_true(zd_slice_eq(zd_json_raw(&t, one), ZD_S("1")));
  uint32_t x = zd_json_next(&t, a, one);
  assert_true(t.nodes[x].escaped);
  assert_true(zd_json_is(&t, x, ZD_S("x\n")));
  assert_int_equal(zd_json_next(&t, a, x), 0);
  assert_int_equal(zd_json_find(&t, 0, ZD_S("b")), 4);
  uint32_t c = zd_json_find(&t, 0, ZD_S("c"));
  assert_int_equal(zd_json_first(&t, c), 0);
  assert_int_equal(zd_json_find(&t, 0, ZD_S("d")), 0);
  assert_int_equal(zd_json_find(&t, one, ZD_S("d")), 0);
  assert_null(zd_json_string(&t, 0, ZD_S("b")).p);
  zd_json_free(&t);
}

static void unescapes(void **state) {
  (void)state;
  static const char *pairs[][2] = {
      {"plain", "plain"},
      {"\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t"},
      {"\\u0041\\u0416\\u20ac", "A\xD0\x96\xE2\x82\xAC"},
      {"\\ud83d\\ude00!", "\xF0\x9F\x98\x80!"},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    char out[64];
    size_t n = zd_json_unescape(zd_slice_of(pairs[i][0]), out);
    assert_true(zd_slice_eq((zd_slice){out, n}, zd_slice_of(pairs[i][1])));
  }
}

/* ---- limits ---- */

static void nesting_is_limited(void **state) {
  (void)state;
  enum { N = 1000000 };
  char *bomb = malloc(N);
  zd_json_tape tape = {0};
  zd_json_error error;
  memset(bomb, '[', N);
  assert_int_equal(zd_json_read((zd_slice){bomb, N}, NULL, &tape, &error), ZD_ERR_LIMIT);
  assert_int_equal(error.offset, 512);
  for (size_t i = 0; i + 5 <= N; i += 5) memcpy(bomb + i, "{\"a\":", 5);
  assert_int_equal(zd_json_read((zd_slice){bomb, N}, NULL, &tape, &error), ZD_ERR_LIMIT);
  zd_json_limits limits = {.depth = 1u << 30, .nodes = 100};
  memset(bomb, '[', N);
  assert_int_equal(zd_json_read((zd_slice){bomb, N}, &limits, &tape, &error), ZD_ERR_LIMIT);
  assert_true(zd_json_read(ZD_S("[[[]]]"), &(zd_json_limits){2, 100}, &tape, NULL) == ZD_ERR_LIMIT);
  assert_true(zd_json_read(ZD_S("[[[]]]"), &(zd_json_limits){3, 100}, &tape, NULL) == ZD_OK);
  assert_true(zd_json_read(ZD_S("[1,2]"), &(zd_json_limits){3, 2}, &tape, NULL) == ZD_ERR_LIMIT);
  assert_true(zd_json_read(ZD_S("[1,2]"), &(zd_json_limits){3, 3}, &tape, NULL) == ZD_OK);
  zd_json_free(&tape);
  free(bomb);
}

static void long_strings_and_names(void **state) {
  (void)state;
  size_t n = (size_t)20 << 20;
  char *text = malloc(n);
  zd_json_tape tape = {0};
  memset(text, 'x', n);
  text[0] = text[n - 1] = '"';
  assert_int_equal(zd_json_read((zd_slice){text, n}, NULL, &tape, NULL), ZD_OK);
  assert_int_equal(tape.nodes[0].n, n - 2);
  memcpy(text, "{\"", 2);
  memcpy(text + n - 4, "\":1}", 4);
  text[n - 1] = '}';
  zd_json_error error;
  assert_int_equal(zd_json_read((zd_slice){text, n}, NULL, &tape, &error), ZD_ERR_LIMIT);
  assert_int_equal(error.offset, 1);
  zd_json_free(&tape);
  free(text);
}

/* ---- scalar against vector ---- */

static bool same_tape(const zd_json_tape *a, const zd_json_tape *b) {
  return a->count == b->count && memcmp(a->nodes, b->nodes, a->count * sizeof(zd_json_node)) == 0;
}

/* The text is copied to the very end of its memory, so that a sanitizer sees any over-read. */
static void compare_variants(zd_slice text) {
  char *copy = malloc(text.n ? text.n : 1);
  if (text.n) memcpy(copy, text.p, text.n);
  zd_slice exact = {copy, text.n};
  zd_json_tape want = {0}, got = {0};
  zd_json_error want_error = {0}, got_error = {0};
  zd_err expected = zd_json_read_with(&zd_json_scanner_scalar, exact, NULL, &want, &want_error);
  for (unsigned k = 0; zd_json_scanner_at(k); k++) {
    zd_err err = zd_json_read_with(zd_json_scanner_at(k), exact, NULL, &got, &got_error);
    assert_int_equal(err, expected);
    if (err == ZD_OK) {
      assert_true(same_tape(&want, &got));
    } else {
      assert_int_equal(want_error.offset, got_error.offset);
      assert_string_equal(want_error.expected, got_error.expected);
    }
  }
  zd_json_free(&want);
  zd_json_free(&got);
  free(copy);
}

static const char sample[] =
    "{\"resourceType\":\"Patient\",\"id\":\"a\",\"name\":[{\"family\":\"\xD0\x98\xD0\xB2\xD0\xB0"
    "\xD0\xBD\xD0\xBE\xD0\xB2\xD0\xB0-\xE2\x82\xAC-\xF0\x9F\x98\x80 and a longer run of text\","
    "\"given\":[\"A\\u0416\\n\",\"B\"]}],\"x\":-1.50e+3,\"b\":[true,false,null,{},[]]}";

static void truncated_at_every_byte(void **state) {
  (void)state;
  zd_json_tape tape = {0};
  for (size_t n = 0; n < sizeof sample - 1; n++) {
    compare_variants((zd_slice){sample, n});
    assert_int_equal(zd_json_read((zd_slice){sample, n}, NULL, &tape, NULL), ZD_ERR_INVALID);
  }
  compare_variants((zd_slice){sample, sizeof sample - 1});
  zd_json_free(&tape);
}

static void mutated(void **state) {
  (void)state;
  zd_random dice;
  zd_testing_dice(&dice, 1, 0);
  char text[sizeof sample];
  for (int round = 0; round < 20000; round++) {
    memcpy(text, sample, sizeof sample);
    uint64_t changes = 1 + zd_random_below(&dice, 3);
    for (uint64_t i = 0; i < changes; i++) {
      static const char bytes[] = "\"\\{}[]:,0eE.-+ \n\t\x01\x1f\x80\xbf\xc3\xe0\xed\xf0\xf4\xff";
      size_t at = (size_t)zd_random_below(&dice, sizeof sample - 1);
      text[at] = bytes[zd_random_below(&dice, sizeof bytes)];
    }
    compare_variants((zd_slice){text, sizeof sample - 1});
  }
}

/* Random sequences of the bytes that UTF-8 cares about, at every alignment. */
static void utf8_like_the_oracle(void **state) {
  (void)state;
  static const unsigned char bytes[] = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF,
                                        0xC0, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF1,
                                        0xF4, 0xF5, 0xFF, 0x80, 0x80, 0x80, 0x41, 0x41, 0x41};
  zd_random dice;
  zd_testing_dice(&dice, 2, 0);
  for (int round = 0; round < 200000; round++) {
    char text[100];
    size_t n = (size_t)zd_random_below(&dice, sizeof text);
    memset(text, 'a', sizeof text);
    size_t from = n ? (size_t)zd_random_below(&dice, n) : 0;
    for (size_t i = from; i < n && i < from + 5; i++) {
      text[i] = (char)bytes[zd_random_below(&dice, sizeof bytes)];
    }
    size_t want = zd_json_utf8_scalar(text, n);
    for (unsigned k = 0; zd_json_scanner_at(k); k++) {
      assert_int_equal(zd_json_scanner_at(k)->utf8(text, n), want);
    }
  }
}

/* Every code point there is, and every three-byte combination after a letter. */
static void utf8_exhaustive(void **state) {
  (void)state;
  for (uint32_t v = 0; v < 0x1000000; v += 3) {
    char text[40] = "......................................";
    text[29] = (char)(v >> 16);
    text[30] = (char)(v >> 8);
    text[31] = (char)v;
    size_t want = zd_json_utf8_scalar(text, 40);
    assert_int_equal(zd_json_scanner_at(0)->utf8(text, 40), want);
  }
}

/* ---- JSONTestSuite ---- */

/* i_ cases: what is text of a number or a string is kept; what is no Unicode is refused. */
static bool accepts_i(const char *name) {
  return strncmp(name, "i_number_", 9) == 0 ||
         strcmp(name, "i_structure_500_nested_arrays.json") == 0;
}

static void json_test_suite(void **state) {
  (void)state;
  char folder[1024], path[1400];
  const char *shared = getenv("ZD_SHARED");
  snprintf(folder, sizeof folder, "%s/suites/json-and-jose/JSONTestSuite/test_parsing",
           shared ? shared : ZD_SOURCE_DIR "/../shared");
  DIR *dir = opendir(folder);
  if (!dir) {
    print_message("0 cases: JSONTestSuite is not at %s\n", folder);
    skip();
  }
  zd_json_tape tape = {0};
  zd_buffer text;
  zd_buffer_init(&text, 0);
  int cases = 0, wrong = 0;
  for (struct dirent *e; (e = readdir(dir));) {
    if (e->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
    assert_int_equal(zd_file_read(path, 0, &text, NULL), ZD_OK);
    zd_err err = zd_json_read(zd_buffer_slice(&text), NULL, &tape, NULL);
    compare_variants(zd_buffer_slice(&text));
    bool want = e->d_name[0] == 'y' || (e->d_name[0] == 'i' && accepts_i(e->d_name));
    cases++;
    if ((err == ZD_OK) == want) continue;
    print_message("%s: %s\n", e->d_name, zd_err_name(err));
    wrong++;
  }
  closedir(dir);
  zd_json_free(&tape);
  zd_buffer_free(&text);
  print_message("%d cases, %d wrong\n", cases, wrong);
  assert_true(cases > 200);
  assert_int_equal(wrong, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(accepts_and_refuses_as_the_grammar_says),
      cmocka_unit_test(tells_line_and_column),
      cmocka_unit_test(tape_is_the_document),
      cmocka_unit_test(unescapes),
      cmocka_unit_test(nesting_is_limited),
      cmocka_unit_test(long_strings_and_names),
      cmocka_unit_test(truncated_at_every_byte),
      cmocka_unit_test(mutated),
      cmocka_unit_test(utf8_like_the_oracle),
      cmocka_unit_test(utf8_exhaustive),
      cmocka_unit_test(json_test_suite),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
