#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/testing/scarcity.h"

/* A folder of its own for each test. */
static char folder[] = "/tmp/zd_file_XXXXXX";

static int make_folder(void **state) {
  (void)state;
  strcpy(folder + sizeof folder - 7, "XXXXXX");
  return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
  (void)state;
  char command[64];
  snprintf(command, sizeof command, "rm -rf %s", folder);
  return system(command);
}

static const char *inside(const char *name) {
  static char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

static void assert_content(const char *path, zd_slice expected) {
  zd_buffer b;
  zd_buffer_init(&b, 0);
  assert_int_equal(zd_file_read(path, 0, &b, NULL), ZD_OK);
  assert_true(zd_slice_eq(zd_buffer_slice(&b), expected));
  zd_buffer_free(&b);
}

static void replaced_content_is_read_back(void **state) {
  (void)state;
  const char *path = inside("x");
  const zd_file_system *fs = zd_file_system_real();
  assert_int_equal(zd_file_replace(fs, path, ZD_S("one"), NULL), ZD_OK);
  assert_content(path, ZD_S("one"));
  assert_int_equal(zd_file_replace(fs, path, ZD_S(""), NULL), ZD_OK);
  assert_content(path, ZD_S(""));
  assert_int_equal(access(inside("x.tmp"), F_OK), -1);
}

static void a_large_file_and_one_without_a_size_are_read_whole(void **state) {
  (void)state;
  size_t n = (1 << 20) + 17;
  char *bytes = malloc(n);
  assert_non_null(bytes);
  for (size_t i = 0; i < n; i++) bytes[i] = (char)(i % 253);
  const char *path = inside("large");
  assert_int_equal(zd_file_replace(zd_file_system_real(), path, zd_slice_make(bytes, n), NULL),
                   ZD_OK);
  assert_content(path, zd_slice_make(bytes, n));
  free(bytes);
  zd_buffer b;
  zd_buffer_init(&b, 0);
  assert_int_equal(zd_file_read("/proc/self/status", 0, &b, NULL), ZD_OK);
  assert_true(b.n > 100);
  zd_buffer_free(&b);
}

static void reading_fails_with_the_reason(void **state) {
  (void)state;
  zd_buffer b;
  zd_buffer_init(&b, 0);
  zd_fault fault;
  assert_int_equal(zd_file_read(inside("absent"), 0, &b, &fault), ZD_ERR_NOT_FOUND);
  assert_int_equal(fault.code, ZD_ERR_NOT_FOUND);
  assert_non_null(strstr(fault.text, "absent"));
  assert_int_equal(zd_file_read(folder, 0, &b, &fault), ZD_ERR_IO);
  const char *path = inside("x");
  assert_int_equal(zd_file_replace(zd_file_system_real(), path, ZD_S("12345"), NULL), ZD_OK);
  assert_int_equal(zd_file_read(path, 5, &b, &fault), ZD_OK);
  assert_int_equal(zd_file_read(path, 4, &b, &fault), ZD_ERR_LIMIT);
  assert_int_equal(b.n, 0);
  zd_buffer_free(&b);
  zd_scarcity_begin(1);
  assert_int_equal(zd_file_read(path, 0, &b, &fault), ZD_ERR_MEMORY);
  assert_true(zd_scarcity_end());
  zd_buffer_free(&b);
}

static void folders_are_made_with_their_parents(void **state) {
  (void)state;
  zd_fault fault;
  assert_int_equal(zd_file_make_dir(inside("a/b//c/"), &fault), ZD_OK);
  assert_int_equal(zd_file_make_dir(inside("a/b/c"), &fault), ZD_OK);
  struct stat st;
  assert_int_equal(stat(inside("a/b/c"), &st), 0);
  assert_true(S_ISDIR(st.st_mode));
  assert_int_equal(zd_file_replace(zd_file_system_real(), inside("file"), ZD_S(""), NULL), ZD_OK);
  assert_int_equal(zd_file_make_dir(inside("file"), &fault), ZD_ERR_IO);
  assert_int_equal(zd_file_make_dir(inside("file/below"), &fault), ZD_ERR_IO);
  assert_int_equal(zd_file_make_dir("", &fault), ZD_ERR_INVALID);
}

static void the_real_files_behave(void **state) {
  (void)state;
  const zd_file_system *fs = zd_file_system_real();
  const char *path = inside("data");
  int fd = fs->open(fs->state, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  assert_true(fd >= 0);
  char got[8];
  assert_int_equal(fs->write_at(fs->state, fd, "world", 5, 3), 0);
  assert_int_equal(fs->read_at(fs->state, fd, got, 8, 0), 8);
  assert_memory_equal(got, "\0\0\0world", 8);
  assert_int_equal(fs->read_at(fs->state, fd, got, 8, 6), 2);
  assert_int_equal(fs->read_at(fs->state, fd, got, 8, 100), 0);
  assert_int_equal(fs->truncate(fs->state, fd, 4), 0);
  assert_int_equal(fs->read_at(fs->state, fd, got, 8, 0), 4);
  assert_int_equal(fs->sync(fs->state, fd), 0);
  assert_int_equal(fs->sync_dir(fs->state, folder), 0);
  errno = 0;
  assert_int_equal(fs->write_at(fs->state, fd, "x", 1, UINT64_MAX), -1);
  assert_int_equal(errno, EFBIG);
  assert_int_equal(fs->close(fs->state, fd), 0);
  assert_int_equal(fs->read_at(fs->state, -1, got, 8, 0), -1);
  assert_int_equal(errno, EBADF);
  assert_int_equal(fs->remove(fs->state, path), 0);
  assert_int_equal(fs->remove(fs->state, path), -1);
  assert_int_equal(fs->sync_dir(fs->state, path), -1);
}

/* A file system in which the nth call of a kind fails. */
typedef struct trouble {
  int calls, nth;
} trouble;

static int strike(void *state) {
  trouble *t = state;
  if (++t->calls != t->nth) return 0;
  errno = ENOSPC;
  return -1;
}

static int t_open(void *s, const char *path, int flags, int mode) {
  return strike(s) ? -1 : zd_file_system_real()->open(NULL, path, flags, mode);
}
static int t_write_at(void *s, int fd, const void *p, size_t n, uint64_t offset) {
  return strike(s) ? -1 : zd_file_system_real()->write_at(NULL, fd, p, n, offset);
}
static int t_sync(void *s, int fd) {
  return strike(s) ? -1 : zd_file_system_real()->sync(NULL, fd);
}
static int t_sync_dir(void *s, const char *path) {
  return strike(s) ? -1 : zd_file_system_real()->sync_dir(NULL, path);
}
static int t_rename(void *s, const char *from, const char *to) {
  return strike(s) ? -1 : zd_file_system_real()->rename(NULL, from, to);
}
static int t_remove(void *s, const char *path) {
  (void)s;
  return zd_file_system_real()->remove(NULL, path);
}
static int t_close(void *s, int fd) {
  int failed = zd_file_system_real()->close(NULL, fd);
  return strike(s) ? -1 : failed;
}

static void a_replace_that_fails_leaves_the_old_or_the_new(void **state) {
  (void)state;
  const char *path = inside("x");
  for (int nth = 1;; nth++) {
    assert_int_equal(zd_file_replace(zd_file_system_real(), path, ZD_S("old"), NULL), ZD_OK);
    trouble t = {.nth = nth};
    zd_file_system fs = {.state = &t,
                         .open = t_open,
                         .write_at = t_write_at,
                         .sync = t_sync,
                         .sync_dir = t_sync_dir,
                         .rename = t_rename,
                         .remove = t_remove,
                         .close = t_close};
    zd_fault fault;
    zd_err err = zd_file_replace(&fs, path, ZD_S("new"), &fault);
    bool renamed = nth > 5; /* open, write, sync, close, rename; then the folder's sync */
    assert_content(path, renamed ? ZD_S("new") : ZD_S("old"));
    if (t.calls < nth) {
      assert_int_equal(err, ZD_OK);
      break;
    }
    assert_int_equal(err, ZD_ERR_FULL);
  }
}

int main(void) {
#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)
  const struct CMUnitTest tests[] = {
      IN_FOLDER(replaced_content_is_read_back),
      IN_FOLDER(a_large_file_and_one_without_a_size_are_read_whole),
      IN_FOLDER(reading_fails_with_the_reason),
      IN_FOLDER(folders_are_made_with_their_parents),
      IN_FOLDER(the_real_files_behave),
      IN_FOLDER(a_replace_that_fails_leaves_the_old_or_the_new),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
