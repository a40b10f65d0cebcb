#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "base/crc32c.h"
#include "base/hash.h"
#include "base/random.h"

typedef uint32_t (*variant)(uint32_t crc, const unsigned char *p, size_t n);

/* The definition itself: one bit at a time. */
static uint32_t oracle(uint32_t crc, const unsigned char *p, size_t n) {
  while (n--) {
    crc ^= *p++;
    for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
  }
  return crc;
}

/* RFC 3720, appendix B.4. */
static void crc32c_gives_the_published_values(void **state) {
  (void)state;
  unsigned char zeros[32] = {0}, ones[32], up[32], down[32];
  memset(ones, 0xff, sizeof ones);
  for (int i = 0; i < 32; i++) up[i] = (unsigned char)i, down[31 - i] = (unsigned char)i;
  assert_int_equal(zd_crc32c(0, zeros, 32), 0x8a9136aau);
  assert_int_equal(zd_crc32c(0, ones, 32), 0x62a8ab43u);
  assert_int_equal(zd_crc32c(0, up, 32), 0x46dd794eu);
  assert_int_equal(zd_crc32c(0, down, 32), 0x113fdb5cu);
  assert_int_equal(zd_crc32c(0, "123456789", 9), 0xe3069283u);
  assert_int_equal(zd_crc32c(0, "", 0), 0);
}

static void crc32c_can_be_continued_at_any_byte(void **state) {
  (void)state;
  unsigned char bytes[100];
  assert_int_equal(zd_random_bytes(bytes, sizeof bytes), ZD_OK);
  uint32_t whole = zd_crc32c(0, bytes, sizeof bytes);
  for (size_t cut = 0; cut <= sizeof bytes; cut++) {
    uint32_t head = zd_crc32c(0, bytes, cut);
    assert_int_equal(zd_crc32c(head, bytes + cut, sizeof bytes - cut), whole);
  }
}

static void compare_with_oracle(variant run) {
  unsigned char bytes[300];
  zd_random dice;
  zd_random_seed(&dice, 7, 0);
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)zd_random_u64(&dice);
  for (size_t at = 0; at < 9; at++) {
    for (size_t n = 0; n + at <= sizeof bytes; n++) {
      uint32_t start = (uint32_t)zd_random_u64(&dice);
      assert_int_equal(run(start, bytes + at, n), oracle(start, bytes + at, n));
    }
  }
}

static void every_variant_of_crc32c_agrees_with_the_definition(void **state) {
  (void)state;
  compare_with_oracle(zd_crc32c_table);
  if (zd_crc32c_has_sse42()) compare_with_oracle(zd_crc32c_sse42);
  if (zd_crc32c_has_armv8()) compare_with_oracle(zd_crc32c_armv8);
}

static void assert_sha256(const char *text, const char *hex) {
  unsigned char digest[32];
  zd_sha256(text, strlen(text), digest);
  char got[65];
  for (int i = 0; i < 32; i++) snprintf(got + (size_t)i * 2, 3, "%02x", digest[i]);
  assert_string_equal(got, hex);
}

/* The examples NIST publishes beside FIPS 180-4. */
static void sha256_gives_the_published_values(void **state) {
  (void)state;
  assert_sha256("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  assert_sha256("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assert_sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void hash64_depends_on_every_byte_the_length_and_the_seed(void **state) {
  (void)state;
  char bytes[64] = {0};
  uint64_t plain = zd_hash64(bytes, sizeof bytes);
  assert_int_equal(zd_hash64(bytes, sizeof bytes), plain);
  for (size_t i = 0; i < sizeof bytes; i++) {
    bytes[i] = 1;
    assert_true(zd_hash64(bytes, sizeof bytes) != plain);
    bytes[i] = 0;
    assert_true(zd_hash64(bytes, i) != plain);
  }
  assert_true(zd_hash64_seed(bytes, 64, 1) != zd_hash64_seed(bytes, 64, 2));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(crc32c_gives_the_published_values),
      cmocka_unit_test(crc32c_can_be_continued_at_any_byte),
      cmocka_unit_test(every_variant_of_crc32c_agrees_with_the_definition),
      cmocka_unit_test(sha256_gives_the_published_values),
      cmocka_unit_test(hash64_depends_on_every_byte_the_length_and_the_seed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
