/* Documents taken apart while they arrive, against the same read at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "json/split_oracle.h"

static const char *const texts[] = {
    "{\"type\":\"batch\",\"entry\":[ {\"a\":[1,{}]} , {\"b\":\"]}\"} ],\"x\":[3]}",
    "{\"entry\":[]}",
    "{\"entry\" : [ \n ] , \"a\":1}",
    "{\"entry\":[1,true,null,\"s\\\"\\\\\",-1.5e3,[[]],{}]}",
    "{\"entry\":[{\"a\":\"\\u00e9\xc3\xa9\"}],\"entry\":[1]}",
    "{\"entry\":5,\"entry\":[1]}",
    "{\"entry\":{\"entry\":[1]},\"x\":{\"entry\":[2]}}",
    "{\"\\u0065ntr\\u0079\":[1,2]}",
    "{\"x\":\"entry\",\"y\":[\"entry\"],\"entry\":[[]]}",
    "[{\"entry\":[1]}]",
    "\"entry\"",
    "  {\"entry\":[\r\n\t{ } ] } ",
    "{\"entry\":[{\"a\":]}]}",
    "{\"entry\":[{\"a\":1]]}",
    "{\"entry\":[{\"a\":tru}]}",
    "{\"entry\":[1 2]}",
    "{\"entry\":[1,]}",
    "{\"entry\":[,1]}",
    "{\"entry\":[12x]}",
    "{\"entry\":[1.5.5,2]}",
    "{\"entry\":[\"a\"b]}",
    "{\"entry\":[1}",
    "{\"entry\":[1]]",
    "{\"entry\":[1],}",
    "{\"entry\":[1]}x",
    "{\"entry\"[1]}",
    "{\"entry\":[\"\\q\"]}",
    "{\"entry\":[\"\n\"]}",
    "{\"en\ntry\":[1]}",
    "{entry:[1]}",
    "{\"a\":[1,\"entry\":[1]}",
    "{\"a\":]\"entry\":[1]}",
    ""};

static void check(zd_slice text, size_t step) {
  const char *wrong = split_wrong(text, step);
  if (wrong) fail_msg("%s, in steps of %zu: %.*s", wrong, step, ZD_SV(text));
}

/* Every text, cut off at every byte, arriving in parts of every size. */
static void test_table(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    zd_slice whole = zd_slice_of(texts[i]);
    for (size_t n = 0; n <= whole.n; n++)
      for (size_t step = 0; step <= n; step++) check((zd_slice){whole.p, n}, step);
  }
}

static uint64_t dice(uint64_t *state, uint64_t below) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (*state >> 33) % below;
}

/* Texts made of what matters, most of them faulty. */
static void test_random(void **state) {
  (void)state;
  static const char *const parts[] = {
      "{", "}",           "[", "]",  ",",  ":",     "\"entry\"", "\"", "\\",      "true", "1",
      "-", "\"entry\":[", " ", "{}", "[]", "\"a\"", "{\"a\":1}", "\n", "\"a\":1", "],"};
  uint64_t seed = 7;
  for (int round = 0; round < 200000; round++) {
    char text[256];
    size_t n = 0;
    uint64_t many = dice(&seed, 12);
    if (dice(&seed, 2)) n = (size_t)snprintf(text, sizeof text, "{\"entry\":[");
    for (uint64_t i = 0; i < many; i++) {
      const char *part = parts[dice(&seed, sizeof parts / sizeof *parts)];
      n += (size_t)snprintf(text + n, sizeof text - n, "%s", part);
    }
    check((zd_slice){text, n}, dice(&seed, 5));
  }
}

static void split(zd_slice text, size_t step, zd_json_split *s) {
  zd_json_split_init(s, ZD_S("entry"), 1000, 0);
  for (zd_slice rest = text; rest.n; rest = zd_slice_from(rest, step))
    assert_int_equal(zd_json_split_feed(s, (zd_slice){rest.p, step < rest.n ? step : rest.n}),
                     ZD_OK);
  assert_int_equal(zd_json_split_end(s), ZD_OK);
}

static void same_items(zd_slice text, size_t step) {
  zd_json_split one, more;
  split(text, 1, &one);
  split(text, step, &more);
  assert_int_equal(one.count, more.count);
  for (size_t i = 0; i < one.count; i++) {
    assert_int_equal(one.items[i].at, more.items[i].at);
    assert_int_equal(one.items[i].n, more.items[i].n);
  }
  assert_int_equal(one.expected != NULL, more.expected != NULL);
  assert_int_equal(one.offset, more.offset);
  zd_json_split_free(&one);
  zd_json_split_free(&more);
}

/* Long items are looked at in blocks, single bytes never are: both find the same, in texts full of
 * escapes, right and wrong. */
static void test_blocks(void **state) {
  (void)state;
  static const char *const parts[] = {
      "\"a\":\"",    "\",", "\\\"", "\\\\", "\\n",  "{",  "}",        "[",        "]", "\\\\\\\"",
      "plain text ", "{}",  "[{}]", "\"",   "]},{", "\\", "\\\\\\\\", "\"]}{[\"", ",", "éж "};
  uint64_t seed = 11;
  char text[4096];
  for (int round = 0; round < 30000; round++) {
    size_t n = (size_t)snprintf(text, sizeof text, "{\"entry\":[{\"x\":[");
    bool sound = dice(&seed, 2);
    for (uint64_t left = dice(&seed, 150); left; left--) {
      const char *part = parts[dice(&seed, sizeof parts / sizeof *parts)];
      if (sound)
        n += (size_t)snprintf(text + n, sizeof text - n, "\"\\\\%zu\\\"[\",", n);
      else
        n += (size_t)snprintf(text + n, sizeof text - n, "%s", part);
    }
    n += (size_t)snprintf(text + n, sizeof text - n, "1]},{\"y\":\"%*s\"}]}", (int)dice(&seed, 70),
                          "");
    same_items((zd_slice){text, n}, 64 + dice(&seed, 4096));
    check((zd_slice){text, n}, dice(&seed, 200));
  }
}

static void test_depth(void **state) {
  (void)state;
  enum { DEEP = 2000 };
  char text[DEEP * 2 + 64];
  for (size_t depth = 1; depth < DEEP; depth = depth < 50 ? depth + 1 : depth * 2) {
    size_t n = (size_t)snprintf(text, sizeof text, "{\"entry\":[");
    for (size_t i = 0; i < depth; i++) text[n++] = i % 3 ? '[' : '{';
    check((zd_slice){text, n}, 3);
    n -= depth;
    for (size_t i = 0; i < depth; i++) text[n++] = '[';
    for (size_t i = 0; i < depth; i++) text[n++] = ']';
    n += (size_t)snprintf(text + n, 8, "]}");
    check((zd_slice){text, n}, 0);
  }
}

/* Items beyond those kept are counted; what was dealt with makes room. */
static void test_bounds(void **state) {
  (void)state;
  zd_json_split s;
  zd_slice text = ZD_S("{\"entry\":[1,2,3,[4");
  zd_json_split_init(&s, ZD_S("entry"), 2, 0);
  assert_int_equal(zd_json_split_feed(&s, text), ZD_OK);
  assert_int_equal(s.count, 2);
  assert_int_equal(s.found, 3);
  assert_int_equal(zd_json_split_pending(&s), text.n - 2);
  s.count = 0;
  assert_int_equal(zd_json_split_feed(&s, ZD_S("]]}")), ZD_OK);
  assert_int_equal(s.count, 1);
  assert_int_equal(s.found, 4);
  assert_int_equal(s.items[0].at, text.n - 2);
  zd_json_split_free(&s);
  zd_json_split_init(&s, ZD_S("entry"), 2, 16);
  assert_int_equal(zd_json_split_feed(&s, ZD_S("{\"entry\":[1],\"link\":[1,2,3]}")), ZD_ERR_LIMIT);
  zd_json_split_free(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_table), cmocka_unit_test(test_random),
                                     cmocka_unit_test(test_blocks), cmocka_unit_test(test_depth),
                                     cmocka_unit_test(test_bounds)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
