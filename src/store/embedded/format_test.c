/* The log's bytes: what is written is read back; any other byte is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/testing/dice.h"
#include "store/embedded/format.h"

static zd_record_head sample(zd_random *r, const char *id) {
  zd_record_head h = {.index = (uint32_t)zd_random_below(r, 100000),
                      .back = ZD_COMMIT_HEAD + (uint32_t)zd_random_below(r, 1u << 29),
                      .type = (uint32_t)zd_random_below(r, 5000),
                      .dictionary = (uint32_t)zd_random_below(r, 200),
                      .stamp_at = (uint32_t)zd_random_below(r, 3000),
                      .plain_n = (uint32_t)zd_random_below(r, ZD_BODY_MAX),
                      .op = (zd_op)zd_random_below(r, 3),
                      .version = zd_random_u64(r),
                      .previous = zd_random_below(r, 2) ? ZD_NO_ROW : zd_random_u64(r) / 2};
  h.id_n = (uint8_t)strlen(id);
  memcpy(h.id, id, h.id_n);
  return h;
}

static size_t build(const zd_record_head *h, const char *body, unsigned char *out) {
  size_t n = zd_record_head_write(h, out);
  assert_true(n <= ZD_RECORD_HEAD_MAX);
  memcpy(out + n, body, strlen(body));
  n += strlen(body);
  zd_record_seal(out, (uint32_t)n);
  return n;
}

static void records_read_back_as_written(void **state) {
  (void)state;
  const char *ids[] = {"a", "3f2b8c1e-0000-4abc-9def-0123456789ab",
                       "3F2B8C1E-0000-4ABC-9DEF-0123456789AB",
                       "3f2b8c1e00000-4abc-9def-0123456789ab",
                       "sixty-four-bytes-sixty-four-bytes-sixty-four-bytes-sixty-four-by"};
  zd_random r;
  zd_testing_dice(&r, 1, 0);
  for (int round = 0; round < 1000; round++) {
    const char *id = ids[round % 5];
    unsigned char bytes[ZD_RECORD_HEAD_MAX + 64];
    zd_record_head h = sample(&r, id), back;
    size_t n = build(&h, "a body of some bytes", bytes);
    assert_int_equal(zd_record_size(bytes), n);
    assert_int_equal(zd_record_head_read(bytes, n, &back), ZD_OK);
    assert_int_equal(back.index, h.index);
    assert_int_equal(back.back, h.back);
    assert_int_equal(back.type, h.type);
    assert_int_equal(back.version, h.version);
    assert_int_equal(back.previous, h.previous);
    assert_int_equal(back.dictionary, h.dictionary);
    assert_int_equal(back.stamp_at, h.stamp_at);
    assert_int_equal(back.plain_n, h.plain_n);
    assert_int_equal(back.op, h.op);
    assert_int_equal(back.id_n, strlen(id));
    assert_memory_equal(back.id, id, back.id_n);
    assert_int_equal(back.body_n, 20);
    assert_memory_equal(back.body, "a body of some bytes", 20);
  }
}

static void every_flipped_bit_of_a_record_is_noticed(void **state) {
  (void)state;
  zd_random r;
  zd_testing_dice(&r, 2, 0);
  unsigned char bytes[ZD_RECORD_HEAD_MAX + 64];
  zd_record_head h = sample(&r, "patient-1"), back;
  size_t n = build(&h, "body", bytes);
  for (size_t bit = 0; bit < n * 8; bit++) {
    bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
    assert_int_equal(zd_record_head_read(bytes, n, &back), ZD_ERR_CORRUPT);
    bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
  }
  for (size_t cut = 0; cut < n; cut++) {
    if (cut >= ZD_RECORD_LEAST) {
      assert_int_equal(zd_record_head_read(bytes, cut, &back), ZD_ERR_CORRUPT);
    }
  }
}

static void heads_read_back_and_notice_flipped_bits(void **state) {
  (void)state;
  unsigned char bytes[64];
  zd_commit_head c = {.length = 5000,
                      .sequence = 7,
                      .durable = 64,
                      .time_ms = -5,
                      .first_row = 9,
                      .rows = 3,
                      .records_crc = 0xdeadbeef};
  zd_commit_head c2;
  zd_commit_head_write(&c, bytes);
  assert_int_equal(zd_commit_head_read(bytes, &c2), ZD_OK);
  assert_memory_equal(&c, &c2, sizeof c);
  for (size_t bit = 0; bit < 512; bit++) {
    bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
    assert_int_equal(zd_commit_head_read(bytes, &c2), ZD_ERR_CORRUPT);
    bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
  }
  zd_log_head l = {ZD_FORMAT_VERSION, 3, 100, 20}, l2;
  zd_log_head_write(&l, bytes);
  assert_int_equal(zd_log_head_read(bytes, &l2), ZD_OK);
  assert_memory_equal(&l, &l2, sizeof l);
  for (size_t bit = 0; bit < 512; bit++) {
    bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
    assert_int_equal(zd_log_head_read(bytes, &l2), ZD_ERR_CORRUPT);
    bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
  }
}

static void commit_heads_are_found_by_their_magic(void **state) {
  (void)state;
  unsigned char bytes[300] = {0};
  zd_commit_head c = {.length = 100, .rows = 1};
  zd_commit_head_write(&c, bytes + 123);
  assert_int_equal(zd_commit_head_find(bytes, 0, sizeof bytes), 123);
  assert_int_equal(zd_commit_head_find(bytes, 124, sizeof bytes), sizeof bytes);
  assert_int_equal(zd_commit_head_find(bytes, 500, sizeof bytes), sizeof bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(records_read_back_as_written),
      cmocka_unit_test(every_flipped_bit_of_a_record_is_noticed),
      cmocka_unit_test(heads_read_back_and_notice_flipped_bits),
      cmocka_unit_test(commit_heads_are_found_by_their_magic),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
