/* Bodies come back whatever the dictionary of their time was. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/testing/dice.h"
#include "store/embedded/codec.h"
#include "store/testing/little_record.h"

enum { TYPE = 3, OTHER = 4, BODIES = 4000 };

typedef struct fixture {
  char dir[64];
  zd_codec *codec;
  zd_packer *packer;
  zd_unpacker *unpacker;
} fixture;

static void open_codec(fixture *f, bool read_only) {
  zd_fault fault = {0};
  if (zd_codec_open(zd_file_system_real(), f->dir, read_only, NULL, &f->codec, &fault)) {
    fail_msg("%s", fault.text);
  }
  f->packer = zd_codec_take_packer(f->codec);
  assert_non_null(f->packer);
}

static void close_codec(fixture *f) {
  zd_codec_give_packer(f->codec, f->packer);
  zd_codec_close(f->codec);
}

static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  strcpy(f->dir, "/tmp/zd_codec_test_XXXXXX");
  assert_non_null(mkdtemp(f->dir));
  f->unpacker = zd_unpacker_new();
  open_codec(f, false);
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  close_codec(f);
  zd_unpacker_free(f->unpacker);
  zd_little_remove(f->dir);
  free(f);
  return 0;
}

static zd_slice body_of(uint64_t i, char text[400]) {
  zd_random r;
  zd_testing_dice(&r, i, 0);
  int n =
      snprintf(text, 400,
               "{\"resourceType\":\"Observation\",\"id\":\"%016llx\",\"status\":\"final\","
               "\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"%llu-4\"}]},"
               "\"subject\":{\"reference\":\"Patient/%llu\"},\"valueQuantity\":{\"value\":%llu,"
               "\"unit\":\"mmol/L\",\"system\":\"http://unitsofmeasure.org\"}}",
               (unsigned long long)zd_random_u64(&r), (unsigned long long)zd_random_below(&r, 50),
               (unsigned long long)zd_random_below(&r, 100000),
               (unsigned long long)zd_random_below(&r, 300));
  return zd_slice_make(text, (size_t)n);
}

/* Packs and unpacks; returns what it said about the packing. */
static zd_packed round_trip(fixture *f, uint32_t type, zd_slice body) {
  size_t room = zd_codec_bound(body.n);
  unsigned char *out = malloc(room + 1);
  char *back = malloc(body.n + 1);
  zd_packed packed;
  zd_fault fault = {0};
  assert_int_equal(zd_codec_pack(f->codec, f->packer, type, body, out, room, &packed), ZD_OK);
  zd_record_head h = {.plain_n = (uint32_t)body.n,
                      .dictionary = packed.dictionary,
                      .plain = packed.plain,
                      .body = out,
                      .body_n = (uint32_t)packed.n};
  if (zd_codec_unpack(f->codec, f->unpacker, &h, back, &fault)) fail_msg("%s", fault.text);
  assert_memory_equal(back, body.p, body.n);
  free(out);
  free(back);
  return packed;
}

static void a_dictionary_is_trained_used_and_kept(void **state) {
  fixture *f = *state;
  char text[400];
  size_t before = 0, after = 0;
  for (uint64_t i = 0; i < BODIES; i++) {
    if (i == BODIES / 2) zd_codec_settle(f->codec);
    zd_packed packed = round_trip(f, TYPE, body_of(i, text));
    if (i < 500) assert_int_equal(packed.dictionary, 0);
    if (i < 500) before += packed.n;
    if (i >= BODIES - 500) assert_int_equal(packed.dictionary, 1);
    if (i >= BODIES - 500) after += packed.n;
  }
  assert_true(after * 2 < before);
  zd_codec_stats stats;
  zd_codec_stats_get(f->codec, &stats);
  assert_int_equal(stats.dictionaries, 1);
  assert_true(stats.dictionary_bytes > 0);
  for (int read_only = 0; read_only < 2; read_only++) {
    close_codec(f);
    open_codec(f, read_only);
    assert_int_equal(round_trip(f, TYPE, body_of(7, text)).dictionary, 1);
    assert_int_equal(round_trip(f, OTHER, body_of(7, text)).dictionary, 0);
  }
}

static void what_cannot_be_packed_is_stored_plain(void **state) {
  fixture *f = *state;
  unsigned char noise[1000];
  assert_int_equal(zd_random_bytes(noise, sizeof noise), ZD_OK);
  assert_true(round_trip(f, TYPE, zd_slice_make(noise, sizeof noise)).plain);
  assert_true(round_trip(f, TYPE, ZD_S("")).plain);
  assert_true(round_trip(f, TYPE, ZD_S("x")).plain);
  char zeros[100000] = {0};
  assert_true(round_trip(f, TYPE, zd_slice_make(zeros, sizeof zeros)).n < 100);
}

static void a_missing_or_damaged_dictionary_is_named(void **state) {
  fixture *f = *state;
  char text[400], path[96];
  zd_fault fault = {0};
  zd_record_head h = {
      .plain_n = 100, .dictionary = 9, .body = (const unsigned char *)text, .body_n = 50};
  assert_int_equal(zd_codec_unpack(f->codec, f->unpacker, &h, text, &fault), ZD_ERR_CORRUPT);
  assert_non_null(strstr(fault.text, "0009.zdict"));
  for (uint64_t i = 0; i < 1600; i++) round_trip(f, TYPE, body_of(i, text));
  zd_codec_settle(f->codec);
  close_codec(f);
  snprintf(path, sizeof path, "%s/dict/0001.zdict", f->dir);
  for (off_t at = 0; at < 200; at += 7) {
    int fd = open(path, O_RDWR);
    char byte;
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    bool unused = at >= 20 && at < 24;
    if (!unused) {
      assert_int_equal(zd_codec_open(zd_file_system_real(), f->dir, true, NULL, &f->codec, &fault),
                       ZD_ERR_CORRUPT);
      assert_non_null(strstr(fault.text, "0001.zdict"));
    }
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
  }
  open_codec(f, false);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(a_dictionary_is_trained_used_and_kept),
      CASE(what_cannot_be_packed_is_stored_plain),
      CASE(a_missing_or_damaged_dictionary_is_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
