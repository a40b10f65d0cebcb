/* Content codings: what goes in comes out, damage and bombs are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rest/coding.h"

static const zd_coding codings[] = {ZD_CODING_GZIP, ZD_CODING_ZSTD};

static zd_slice sample(size_t n) {
  char *p = malloc(n + 1);
  assert_non_null(p);
  uint64_t x = n + 7;
  for (size_t i = 0; i < n; i++) {
    x = x * 6364136223846793005u + 1442695040888963407u;
    p[i] = (char)("{\"a\":1, }\nxyz"[(x >> 33) % 13]);
  }
  return (zd_slice){p, n};
}

static void test_round_trip(void **state) {
  (void)state;
  static const size_t sizes[] = {0, 1, 1000, 65535, 65536, 65537, 1 << 20, 3 << 20};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    for (size_t k = 0; k < 2; k++) {
      zd_slice text = sample(sizes[i]);
      zd_buffer coded, plain;
      zd_buffer_init(&coded, 0);
      zd_buffer_init(&plain, 0);
      assert_int_equal(zd_coding_encode(codings[k], text, &coded), ZD_OK);
      assert_int_equal(zd_coding_decode(codings[k], zd_buffer_slice(&coded), &plain), ZD_OK);
      assert_int_equal(plain.n, text.n);
      if (text.n) assert_memory_equal(plain.p, text.p, text.n);
      zd_buffer_free(&coded);
      zd_buffer_free(&plain);
      free((char *)(uintptr_t)text.p);
    }
}

/* A text that comes in parts is one stream. */
static void test_parts(void **state) {
  (void)state;
  static const size_t sizes[] = {0, 1, 1000, 65537, 3 << 20}, steps[] = {1000, 65536, 1 << 20};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes * 6; i++) {
    zd_coding coding = codings[i % 2];
    size_t step = steps[i / 2 % 3];
    zd_slice text = sample(sizes[i / 6]), rest = text;
    zd_buffer coded, plain;
    zd_buffer_init(&coded, 0);
    zd_buffer_init(&plain, 0);
    zd_encoder *e = zd_encoder_open(coding);
    assert_non_null(e);
    for (; rest.n > step; rest = zd_slice_from(rest, step))
      assert_int_equal(zd_encoder_add(e, (zd_slice){rest.p, step}, false, &coded), ZD_OK);
    assert_int_equal(zd_encoder_add(e, rest, false, &coded), ZD_OK);
    assert_int_equal(zd_encoder_add(e, (zd_slice){NULL, 0}, true, &coded), ZD_OK);
    zd_encoder_free(e);
    assert_int_equal(zd_coding_decode(coding, zd_buffer_slice(&coded), &plain), ZD_OK);
    assert_true(zd_slice_eq(zd_buffer_slice(&plain), text));
    zd_buffer_free(&coded);
    zd_buffer_free(&plain);
    free((char *)(uintptr_t)text.p);
  }
}

/* Cut anywhere, a stream is refused: never taken as shorter. */
static void test_truncated(void **state) {
  (void)state;
  zd_slice text = sample(5000);
  for (size_t k = 0; k < 2; k++) {
    zd_buffer coded;
    zd_buffer_init(&coded, 0);
    assert_int_equal(zd_coding_encode(codings[k], text, &coded), ZD_OK);
    for (size_t n = 0; n < coded.n; n++) {
      char *cut = malloc(n ? n : 1); /* of its own, so that reading behind it shows */
      assert_non_null(cut);
      memcpy(cut, coded.p, n);
      zd_buffer plain;
      zd_buffer_init(&plain, 0);
      zd_err err = zd_coding_decode(codings[k], (zd_slice){cut, n}, &plain);
      if (err != ZD_ERR_INVALID) fail_msg("%zu of %zu bytes: %s", n, coded.n, zd_err_name(err));
      zd_buffer_free(&plain);
      free(cut);
    }
    zd_buffer_free(&coded);
  }
  free((char *)(uintptr_t)text.p);
}

static void test_members(void **state) {
  (void)state;
  for (size_t k = 0; k < 2;
       k++) { /* two streams in a row are one text (RFC 1952 2.2, RFC 8878 3.1) */
    zd_buffer coded, plain;
    zd_buffer_init(&coded, 0);
    zd_buffer_init(&plain, 0);
    assert_int_equal(zd_coding_encode(codings[k], ZD_S("first, "), &coded), ZD_OK);
    assert_int_equal(zd_coding_encode(codings[k], ZD_S("second"), &coded), ZD_OK);
    assert_int_equal(zd_coding_decode(codings[k], zd_buffer_slice(&coded), &plain), ZD_OK);
    assert_true(zd_slice_eq(zd_buffer_slice(&plain), ZD_S("first, second")));
    zd_buffer_add_slice(&coded, ZD_S("and garbage"));
    zd_buffer_clear(&plain);
    assert_int_equal(zd_coding_decode(codings[k], zd_buffer_slice(&coded), &plain), ZD_ERR_INVALID);
    zd_buffer_free(&coded);
    zd_buffer_free(&plain);
  }
}

static void test_bomb(void **state) {
  (void)state;
  size_t n = (size_t)64 << 20, limit = 1 << 20;
  char *zeros = calloc(1, n);
  assert_non_null(zeros);
  for (size_t k = 0; k < 2; k++) {
    zd_buffer coded, plain;
    zd_buffer_init(&coded, 0);
    zd_buffer_init(&plain, limit);
    assert_int_equal(zd_coding_encode(codings[k], (zd_slice){zeros, n}, &coded), ZD_OK);
    assert_int_equal(zd_coding_decode(codings[k], zd_buffer_slice(&coded), &plain), ZD_ERR_LIMIT);
    assert_true(plain.room <= 4 * limit);
    zd_buffer_free(&coded);
    zd_buffer_free(&plain);
  }
  free(zeros);
}

static void test_accepted(void **state) {
  (void)state;
  static const struct {
    const char *list;
    zd_coding coding;
  } rows[] = {{"", ZD_CODING_IDENTITY},
              {"gzip", ZD_CODING_GZIP},
              {"zstd", ZD_CODING_ZSTD},
              {"gzip, deflate, br, zstd", ZD_CODING_ZSTD},
              {"GZIP ;q=0.5", ZD_CODING_GZIP},
              {"gzip;q=0, zstd;q=0.000", ZD_CODING_IDENTITY},
              {"zstd; q=0, gzip;q=1", ZD_CODING_GZIP},
              {"br", ZD_CODING_IDENTITY},
              {" , ,gzip,", ZD_CODING_GZIP},
              {"identity", ZD_CODING_IDENTITY}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (zd_coding_accepted(zd_slice_of(rows[i].list)) != rows[i].coding)
      fail_msg("\"%s\"", rows[i].list);
  assert_int_equal(zd_coding_named(ZD_S("gzip, gzip")), ZD_CODING_UNKNOWN);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_round_trip), cmocka_unit_test(test_parts),
      cmocka_unit_test(test_truncated),  cmocka_unit_test(test_members),
      cmocka_unit_test(test_bomb),       cmocka_unit_test(test_accepted)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
