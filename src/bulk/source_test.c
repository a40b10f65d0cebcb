/* Files of an import: which, in which order, cut into which pieces; damage is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <cmocka.h>

#include "bulk/source.h"

static char folder[] = "/tmp/zdravo-source-XXXXXX";

static int make_folder(void **state) {
  (void)state;
  strcpy(folder, "/tmp/zdravo-source-XXXXXX");
  return mkdtemp(folder) ? 0 : 1;
}

static int remove_folder(void **state) {
  (void)state;
  char command[100];
  snprintf(command, sizeof command, "rm -r '%s'", folder);
  return system(command);
}

static const char *path_of(const char *name) {
  static char path[200];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

static void put(const char *name, const void *p, size_t n) {
  FILE *f = fopen(path_of(name), "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(p, 1, n, f), n);
  fclose(f);
}

static void test_order(void **state) {
  (void)state;
  const char *const names[] = {"b.ndjson",  "a.json",       "c.jsonl.gz",  "d.json.zst",
                               "notes.txt", ".hidden.json", "e.ndjson.bz2"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) put(names[i], "x", 1);
  mkdir(path_of("aa"), 0700);
  put("aa/z.json", "x", 1);
  zd_source_list list;
  zd_fault fault = {0};
  const char *const paths[] = {folder};
  assert_int_equal(zd_source_find(paths, 1, &list, &fault), ZD_OK);
  static const char *const expected[] = {"a.json", "aa/z.json", "b.ndjson", "c.jsonl.gz",
                                         "d.json.zst"};
  assert_int_equal(list.n, 5);
  for (size_t i = 0; i < 5; i++) assert_string_equal(list.files[i].path, path_of(expected[i]));
  assert_false(list.files[0].lines);
  assert_true(list.files[2].lines);
  assert_int_equal(list.files[3].packing, ZD_GZIP);
  assert_int_equal(list.files[4].packing, ZD_ZSTD);
  zd_source_list_free(&list);
}

static void test_refused(void **state) {
  (void)state;
  zd_source_list list;
  zd_fault fault = {0};
  put("notes.txt", "x", 1);
  char named[200];
  snprintf(named, sizeof named, "%s", path_of("notes.txt"));
  const char *const text[] = {named}, *const none[] = {"/tmp/zdravo-no-such"},
                    *const empty[] = {folder};
  assert_int_equal(zd_source_find(text, 1, &list, &fault), ZD_ERR_UNSUPPORTED);
  assert_int_equal(zd_source_find(none, 1, &list, &fault), ZD_ERR_IO);
  assert_int_equal(zd_source_find(empty, 1, &list, &fault), ZD_ERR_NOT_FOUND);
}

/* All pieces of one file, each followed by '|' and its first line; the error at the end. */
static zd_err pieces(const zd_source_file *f, size_t wanted, size_t limit, uint64_t skip,
                     zd_buffer *out) {
  zd_source *s;
  zd_buffer piece;
  zd_fault fault = {0};
  uint64_t line, end, before = skip;
  zd_buffer_init(&piece, 0);
  zd_err err = zd_source_open(f, &s, &fault);
  assert_int_equal(err, ZD_OK);
  if (skip) err = zd_source_skip(s, skip, &fault);
  while (err == ZD_OK) {
    err = zd_source_next(s, wanted, limit, &piece, &line, &end, &fault);
    if (err != ZD_OK || !piece.n) break;
    assert_int_equal(end, before + piece.n);
    before = end;
    zd_buffer_add_slice(out, zd_buffer_slice(&piece));
    zd_buffer_printf(out, "|%llu;", (unsigned long long)line);
  }
  zd_buffer_free(&piece);
  zd_source_close(s);
  return err;
}

static void test_pieces(void **state) {
  (void)state;
  static const struct {
    const char *text;
    bool lines;
    uint64_t skip;
    const char *pieces;
  } rows[] = {{"", true, 0, ""},
              {"a\nb\n", true, 0, "a\nb\n|1;"},
              {"a\nb", true, 0, "a\n|1;b|2;"},
              {"a\n\nb\n", true, 3, "b\n|3;"},
              {"{\n}\n", false, 0, "{\n}\n|1;"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    put("f.ndjson", rows[i].text, strlen(rows[i].text));
    zd_source_file f = {.path = (char *)(uintptr_t)path_of("f.ndjson"), .lines = rows[i].lines};
    zd_buffer out;
    zd_buffer_init(&out, 0);
    assert_int_equal(pieces(&f, 1, 1000, rows[i].skip, &out), ZD_OK);
    assert_true(zd_slice_eq(zd_buffer_slice(&out), zd_slice_of(rows[i].pieces)));
    zd_buffer_free(&out);
  }
}

/* Whatever the size asked for, pieces are whole lines and join to the text; packed or not. */
static void test_join(void **state) {
  (void)state;
  enum { N = 3000000 };
  char *text = malloc(N);
  assert_non_null(text);
  for (size_t i = 0; i < N; i++) text[i] = i % 1000 == 999 || i % 77777 == 3 ? '\n' : 'x';
  size_t room = ZSTD_compressBound(N);
  char *packed = malloc(room);
  assert_non_null(packed);
  put("j.ndjson", text, N);
  put("j.ndjson.zst", packed, ZSTD_compress(packed, room, text, N, 1));
  gzFile gz = gzopen(path_of("j.ndjson.gz"), "wb1");
  assert_int_equal(gzwrite(gz, text, N), N);
  gzclose(gz);
  static const char *const names[] = {"j.ndjson", "j.ndjson.gz", "j.ndjson.zst"};
  for (int packing = 0; packing < 3; packing++)
    for (size_t wanted = 1; wanted < 2 * N; wanted = wanted * 40 + 7) {
      zd_source_file f = {.path = (char *)(uintptr_t)path_of(names[packing]),
                          .lines = true,
                          .packing = packing == 0   ? ZD_PLAIN
                                     : packing == 1 ? ZD_GZIP
                                                    : ZD_ZSTD};
      zd_source *s;
      zd_buffer piece;
      uint64_t line, end;
      size_t at = 0;
      zd_buffer_init(&piece, 0);
      assert_int_equal(zd_source_open(&f, &s, NULL), ZD_OK);
      while (zd_source_next(s, wanted, 16 << 20, &piece, &line, &end, NULL) == ZD_OK && piece.n) {
        assert_memory_equal(piece.p, text + at, piece.n);
        at += piece.n;
        if (at < N) assert_int_equal(piece.p[piece.n - 1], '\n');
      }
      assert_int_equal(at, N);
      zd_buffer_free(&piece);
      zd_source_close(s);
    }
  /* cut off: the pieces before may come, then it is told */
  struct stat st;
  for (int packing = 1; packing < 3; packing++) {
    zd_source_file f = {.path = (char *)(uintptr_t)path_of(names[packing]),
                        .lines = true,
                        .packing = packing == 1 ? ZD_GZIP : ZD_ZSTD};
    assert_int_equal(stat(f.path, &st), 0);
    assert_int_equal(truncate(f.path, st.st_size / 2), 0);
    zd_buffer out;
    zd_buffer_init(&out, 0);
    assert_int_equal(pieces(&f, 1000, 1 << 20, 0, &out), ZD_ERR_INVALID);
    zd_buffer_free(&out);
  }
  free(packed);
  free(text);
}

static void test_long_line(void **state) {
  (void)state;
  enum { N = 2 << 20 };
  char *text = malloc(N);
  assert_non_null(text);
  memset(text, 'x', N);
  put("l.ndjson", text, N);
  zd_source_file f = {.path = (char *)(uintptr_t)path_of("l.ndjson"), .lines = true};
  zd_buffer out;
  zd_buffer_init(&out, 0);
  assert_int_equal(pieces(&f, 10, 1 << 20, 0, &out), ZD_ERR_LIMIT);
  assert_int_equal(pieces(&f, 10, 4 << 20, 0, &out), ZD_OK);
  assert_int_equal(pieces(&f, 10, 4 << 20, N + 1, &out), ZD_ERR_INVALID); /* shorter than it was */
  zd_buffer_free(&out);
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_order, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(test_refused, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(test_pieces, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(test_join, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(test_long_line, make_folder, remove_folder)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
