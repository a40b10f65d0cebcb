/* What store.h promises about opening, symbols and new fields: one test per promise. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "store/testing/small_store.h"

static void a_held_store_is_busy_and_can_be_read_beside(void **state) {
  fixture *f = *state;
  zd_store *other;
  zd_fault fault = {0};
  zd_store_options o = {.dir = f->dir};
  write_one(f, ZD_OP_CREATE, "Patient", "a", "code=x;");
  assert_int_equal(zd_store_open(&o, &other, &fault), ZD_ERR_BUSY);
  char pid[32];
  snprintf(pid, sizeof pid, "process %d", (int)getpid());
  assert_non_null(strstr(fault.text, pid));
  o.read_only = true;
  assert_int_equal(zd_store_open(&o, &other, &fault), ZD_OK);
  assert_int_equal(zd_store_start(other, zd_little_indexer(other), &fault), ZD_OK);
  write_one(f, ZD_OP_CREATE, "Patient", "b", "code=x;");
  assert_int_equal(now(other), 1); /* the state at open */
  zd_txn *t;
  assert_int_equal(zd_txn_begin(other, 0, &t), ZD_ERR_REFUSED);
  assert_int_equal(zd_store_check(other, NULL, NULL, NULL, &fault), ZD_OK);
  zd_store_close(other);
  zd_fault none = {0};
  o.dir = "/tmp/zd_store_test_there_is_none";
  assert_int_equal(zd_store_open(&o, &other, &none), ZD_ERR_NOT_FOUND);
}

static void put_file(fixture *f, const char *name, const char *text) {
  char path[128];
  snprintf(path, sizeof path, "%s/%s", f->dir, name);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  assert_int_equal(write(fd, text, strlen(text)), strlen(text));
  close(fd);
}

static void other_formats_are_refused_by_name(void **state) {
  fixture *f = *state;
  struct {
    const char *text;
    zd_err err;
    const char *words;
  } cases[] = {{"zdravo store\nformat 2\n", ZD_ERR_UNSUPPORTED, "format 2"},
               {"zdravo store\nformat 99999\n", ZD_ERR_UNSUPPORTED, "newer program"},
               {"zdravo store\nformat 0\n", ZD_ERR_CORRUPT, "FORMAT is damaged"},
               {"zdravo store\n", ZD_ERR_CORRUPT, "FORMAT is damaged"},
               {"", ZD_ERR_CORRUPT, "FORMAT is damaged"},
               {"something else", ZD_ERR_CORRUPT, "FORMAT is damaged"}};
  write_one(f, ZD_OP_CREATE, "Patient", "a", "code=x;");
  zd_store_close(f->s);
  zd_store_options o = {.dir = f->dir};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    zd_fault fault = {0};
    put_file(f, "FORMAT", cases[i].text);
    assert_int_equal(zd_store_open(&o, &f->s, &fault), cases[i].err);
    assert_non_null(strstr(fault.text, cases[i].words));
  }
  char path[128];
  snprintf(path, sizeof path, "%s/FORMAT", f->dir);
  unlink(path);
  zd_fault fault = {0};
  assert_int_equal(zd_store_open(&o, &f->s, &fault), ZD_ERR_CORRUPT);
  put_file(f, "FORMAT", "zdravo store\nformat 1\n");
  open_store(f, NULL);
  assert_int_equal(now(f->s), 1);
}

static void symbols_keep_their_numbers(void **state) {
  fixture *f = *state;
  uint32_t numbers[3000];
  char name[32];
  assert_int_equal(zd_store_symbol(f->s, ZD_S("absent"), false), ZD_NO_SYMBOL);
  for (int i = 0; i < 3000; i++) {
    snprintf(name, sizeof name, "parameter-%d", i);
    numbers[i] = zd_little_symbol(f->s, name);
  }
  write_one(f, ZD_OP_CREATE, "Patient", "a", "code=x;");
  reopen(f);
  for (int i = 0; i < 3000; i++) {
    snprintf(name, sizeof name, "parameter-%d", i);
    assert_int_equal(zd_store_symbol(f->s, zd_slice_of(name), false), numbers[i]);
    assert_true(zd_slice_eq(zd_store_symbol_name(f->s, numbers[i]), zd_slice_of(name)));
  }
  assert_null(zd_store_symbol_name(f->s, 900000).p);
}

static void new_fields_are_indexed_while_the_store_runs(void **state) {
  fixture *f = *state;
  uint32_t late = zd_little_symbol(f->s, "late");
  for (int i = 0; i < 150; i++) { /* written by a program that did not know the field */
    char id[16], body[64];
    snprintf(id, sizeof id, "p%d", i);
    snprintf(body, sizeof body, "code=x;late=v%d;", i % 5);
    zd_write w = {.type = zd_little_symbol(f->s, "Patient"),
                  .id = zd_slice_of(id),
                  .previous = ZD_NO_ROW,
                  .body = zd_slice_of(body)};
    zd_entry e = {
        .field = zd_little_symbol(f->s, "code"), .kind = ZD_ENTRY_TERM, .term = ZD_S("x")};
    w.entries = &e;
    w.entry_count = 1;
    zd_txn *t;
    zd_txn_begin(f->s, now(f->s), &t);
    zd_txn_put(t, &w);
    assert_int_equal(zd_store_commit(f->s, t).err, ZD_OK);
  }
  assert_int_equal(count_term(f, "late", "v3"), 0);
  zd_fault fault = {0};
  if (zd_store_reindex(f->s, &late, 1, NULL, NULL, &fault)) fail_msg("%s", fault.text);
  write_one(f, ZD_OP_CREATE, "Patient", "new", "late=v3;");
  assert_int_equal(count_term(f, "late", "v3"), 31);
  assert_int_equal(count_term(f, "code", "x"), 150);
  check_clean(f);
  reopen(f);
  assert_int_equal(count_term(f, "late", "v3"), 31);
  check_clean(f);
  assert_int_equal(zd_store_compact(f->s, &fault), ZD_OK);
  assert_int_equal(count_term(f, "late", "v3"), 31);
  check_clean(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      PROMISE(a_held_store_is_busy_and_can_be_read_beside),
      PROMISE(other_formats_are_refused_by_name),
      PROMISE(symbols_keep_their_numbers),
      PROMISE(new_fields_are_indexed_while_the_store_runs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
