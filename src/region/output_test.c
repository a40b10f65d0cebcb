/* Files: the same bytes at any number of threads, packed files unpack to the plain ones, stopping
 * and failing leave no threads and no leaks. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/hash.h"
#include "region/region.h"

enum { RESIDENTS = 800 }; /* four blocks, the last one short */

static char *make_folder(char path[64]) {
  snprintf(path, 64, "/tmp/zd-region-XXXXXX");
  assert_non_null(mkdtemp(path));
  return path;
}

static void remove_folder(const char *path) {
  DIR *dir = opendir(path);
  assert_non_null(dir);
  for (struct dirent *e; (e = readdir(dir));)
    if (e->d_name[0] != '.') assert_int_equal(unlinkat(dirfd(dir), e->d_name, 0), 0);
  closedir(dir);
  assert_int_equal(rmdir(path), 0);
}

static zd_region_options options(const char *out, unsigned threads) {
  zd_region_options o = zd_region_defaults();
  o.residents = RESIDENTS;
  o.years = 1;
  o.dirt_ppm = ZD_REGION_DIRT_USUAL;
  o.out = out;
  o.threads = threads;
  o.residents_per_file = 500;
  return o;
}

static void unpack(zd_region_packing packing, zd_slice in, zd_buffer *out) {
  size_t room = 64u << 20;
  assert_true(zd_buffer_reserve(out, room));
  if (packing == ZD_REGION_ZSTD) { /* reads all frames of the file */
    out->n = ZSTD_decompress(out->p, room, in.p, in.n);
    assert_false(ZSTD_isError(out->n));
    return;
  }
  while (in.n) { /* member by member */
    z_stream z = {0};
    char *copy = malloc(in.n); /* next_in is not const */
    assert_non_null(copy);
    memcpy(copy, in.p, in.n);
    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    z.next_in = (Bytef *)copy;
    z.avail_in = (uInt)in.n;
    z.next_out = (Bytef *)out->p + out->n;
    z.avail_out = (uInt)(room - out->n);
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    out->n += z.total_out;
    in = zd_slice_from(in, z.total_in);
    inflateEnd(&z);
    free(copy);
  }
}

/* Order-free hash of all (name, content): names without the packing's ending. */
static uint64_t folder_hash(const char *path, zd_region_packing packing, unsigned *files) {
  static const char *const ending[] = {"", ".gz", ".zst"};
  uint64_t hash = 0;
  *files = 0;
  DIR *dir = opendir(path);
  assert_non_null(dir);
  for (struct dirent *e; (e = readdir(dir));) {
    if (e->d_name[0] == '.') continue;
    char full[400];
    zd_buffer raw, plain;
    zd_buffer_init(&raw, 0);
    zd_buffer_init(&plain, 0);
    snprintf(full, sizeof full, "%s/%s", path, e->d_name);
    assert_int_equal(zd_file_read(full, 0, &raw, NULL), ZD_OK);
    zd_slice name = zd_slice_of(e->d_name), content = zd_buffer_slice(&raw);
    if (packing != ZD_REGION_PLAIN && zd_slice_ends(name, zd_slice_of(ending[packing]))) {
      name.n -= strlen(ending[packing]);
      unpack(packing, content, &plain);
      content = zd_buffer_slice(&plain);
    }
    hash += zd_hash64_seed(content.p, content.n, zd_hash64(name.p, name.n));
    ++*files;
    zd_buffer_free(&raw);
    zd_buffer_free(&plain);
  }
  closedir(dir);
  return hash;
}

static uint64_t made(zd_region_options o, zd_region_stats *stats, unsigned *files) {
  char path[64];
  o.out = make_folder(path);
  assert_int_equal(zd_region_generate(&o, NULL, NULL, stats, NULL), ZD_OK);
  uint64_t hash = folder_hash(path, o.packing, files);
  remove_folder(path);
  return hash;
}

static void same_bytes_at_one_two_and_three_threads(void **state) {
  (void)state;
  zd_region_stats stats[3];
  unsigned files[3];
  uint64_t hash[3];
  for (unsigned i = 0; i < 3; i++) hash[i] = made(options(NULL, i + 1), &stats[i], &files[i]);
  for (unsigned i = 1; i < 3; i++) {
    assert_true(hash[i] == hash[0]);
    assert_int_equal(files[i], files[0]);
    assert_memory_equal(&stats[i], &stats[0], sizeof stats[0]);
  }
  assert_int_equal(stats[0].residents, RESIDENTS);
  assert_true(files[0] > 20); /* two numbered files of each type of a resident's resources */
}

static void another_seed_is_another_region(void **state) {
  (void)state;
  zd_region_stats stats;
  unsigned files;
  zd_region_options o = options(NULL, 2);
  uint64_t one = made(o, &stats, &files);
  o.seed = 2;
  assert_true(made(o, &stats, &files) != one);
}

static void packed_files_hold_the_same(void **state) {
  (void)state;
  zd_region_stats stats;
  unsigned files;
  zd_region_options o = options(NULL, 2);
  uint64_t plain = made(o, &stats, &files);
  o.packing = ZD_REGION_GZIP;
  assert_true(made(o, &stats, &files) == plain);
  o.packing = ZD_REGION_ZSTD;
  assert_true(made(o, &stats, &files) == plain);
}

static void bundles_are_a_line_per_resident(void **state) {
  (void)state;
  char path[64], file[96];
  zd_region_options o = options(make_folder(path), 2);
  zd_region_stats stats;
  zd_buffer text;
  o.format = ZD_REGION_BUNDLES;
  assert_int_equal(zd_region_generate(&o, NULL, NULL, &stats, NULL), ZD_OK);
  snprintf(file, sizeof file, "%s/bundles-00000.ndjson", path);
  zd_buffer_init(&text, 0);
  assert_int_equal(zd_file_read(file, 0, &text, NULL), ZD_OK);
  unsigned lines = 0;
  zd_slice start = ZD_S("{\"resourceType\":\"Bundle\",\"meta\":");
  for (zd_slice rest = zd_buffer_slice(&text); rest.n; lines++) {
    assert_true(zd_slice_starts(rest, start));
    rest = zd_slice_from(rest, zd_slice_find(rest, '\n') + 1);
  }
  assert_int_equal(lines, 500);
  zd_buffer_free(&text);
  remove_folder(path);
}

static bool stop_early(void *context, const zd_region_stats *so_far, uint32_t residents) {
  (void)context;
  return so_far->residents * 2 < residents;
}

static void progress_may_stop_it(void **state) {
  (void)state;
  zd_region_options o = options(NULL, 3);
  zd_region_stats stats;
  zd_fault fault;
  assert_int_equal(zd_region_generate(&o, stop_early, NULL, &stats, &fault), ZD_ERR_CANCELLED);
  assert_int_equal(stats.residents, 500);
}

static void a_folder_that_cannot_be_made_is_an_error(void **state) {
  (void)state;
  zd_region_options o = options("/dev/null/region", 1);
  zd_fault fault;
  assert_int_not_equal(zd_region_generate(&o, NULL, NULL, NULL, &fault), ZD_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(same_bytes_at_one_two_and_three_threads),
      cmocka_unit_test(another_seed_is_another_region),
      cmocka_unit_test(packed_files_hold_the_same),
      cmocka_unit_test(bundles_are_a_line_per_resident),
      cmocka_unit_test(progress_may_stop_it),
      cmocka_unit_test(a_folder_that_cannot_be_made_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
