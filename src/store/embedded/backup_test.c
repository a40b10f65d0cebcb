/* What store.h promises of a backup. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "store/testing/faulty_files.h"
#include "store/testing/small_store.h"

typedef struct world {
  fixture f; /* the store; first, so that small_store.h's helpers find it */
  char to[80], grave[80];
} world;

static int begin(void **state) {
  void *made;
  set_up(&made);
  world *w = calloc(1, sizeof *w);
  w->f = *(fixture *)made;
  free(made);
  snprintf(w->to, sizeof w->to, "%s.backup", w->f.dir);
  snprintf(w->grave, sizeof w->grave, "%s.grave", w->f.dir);
  *state = w;
  return 0;
}

static int end(void **state) {
  world *w = *state;
  zd_little_remove(w->to);
  return tear_down(state);
}

static zd_err back_up(world *w, zd_backup_report *r, zd_fault *fault) {
  zd_backup_options o = {.dir = w->f.dir, .to = w->to, .verify = true};
  *fault = (zd_fault){0};
  return zd_store_backup(&o, r, fault);
}

static zd_backup_report must_back_up(world *w) {
  zd_backup_report r;
  zd_fault fault;
  if (back_up(w, &r, &fault)) fail_msg("backup: %s", fault.text);
  return r;
}

static void write_some(world *w, int from, int n) {
  for (int i = from; i < from + n; i++) {
    char id[16], body[300];
    snprintf(id, sizeof id, "p%d", i % 40);
    snprintf(body, sizeof body, "code=c%d;field%d=x;%0200d", i, i, i);
    write_one(&w->f, i < 40 ? ZD_OP_CREATE : ZD_OP_UPDATE, "Patient", id, body);
  }
}

typedef struct history {
  zd_buffer text;
} history;

static zd_err add_record(void *context, const zd_record *r) {
  history *h = context;
  char line[200];
  snprintf(line, sizeof line, "%llu %llu %lld %.*s %d ", (unsigned long long)r->row,
           (unsigned long long)r->sequence, (long long)r->time_ms, (int)r->id_n, r->id, r->op);
  zd_buffer_add_slice(&h->text, zd_slice_of(line));
  zd_buffer_add_slice(&h->text, r->body);
  zd_buffer_add_char(&h->text, '\n');
  return ZD_OK;
}

static void read_history(zd_store *s, history *h) {
  zd_fault fault = {0};
  zd_buffer_init(&h->text, 0);
  if (zd_store_log(s, 0, true, add_record, h, &fault)) fail_msg("%s", fault.text);
}

static void open_backup(world *w, fixture *copy) {
  *copy = (fixture){0};
  assert_true(strlen(w->to) < sizeof copy->dir);
  strcpy(copy->dir, w->to);
  open_store(copy, NULL);
}

/* The backup opens, is sound, and tells the same history, up to where it was made (rows). */
static void must_be_same(world *w, uint64_t rows) {
  fixture copy;
  history here, there;
  open_backup(w, &copy);
  assert_int_equal(now(copy.s), rows);
  check_clean(&copy);
  read_history(copy.s, &there);
  read_history(w->f.s, &here);
  assert_true(there.text.n <= here.text.n);
  if (now(w->f.s) == rows) assert_int_equal(there.text.n, here.text.n);
  assert_memory_equal(there.text.p, here.text.p, there.text.n);
  zd_buffer_free(&here.text);
  zd_buffer_free(&there.text);
  zd_store_close(copy.s);
}

static void a_backup_is_the_store_at_that_moment(void **state) {
  world *w = *state;
  zd_backup_report r = must_back_up(w);
  assert_int_equal(r.sequence, 0);
  must_be_same(w, 0);
  zd_little_remove(w->to);
  write_some(w, 0, 60);
  r = must_back_up(w);
  assert_int_equal(r.rows, 60);
  assert_int_equal(r.sequence, 60);
  write_some(w, 60, 5);
  must_be_same(w, 60);
}

static void again_copies_what_is_new_only(void **state) {
  world *w = *state;
  write_some(w, 0, 200);
  zd_backup_report first = must_back_up(w), second = must_back_up(w);
  assert_true(first.copied >= first.log_bytes);
  assert_int_equal(second.copied, 0);
  assert_int_equal(second.rows, 200);
  for (int i = 200; i < 260; i += 3) {
    write_some(w, i, 3);
    zd_backup_report more = must_back_up(w);
    assert_int_equal(more.rows, i + 3);
    assert_true(more.copied > 0 && more.copied < 20000); /* a last file, and names */
  }
  must_be_same(w, 260);
}

static void a_backup_that_was_opened_goes_on_until_it_was_written_to(void **state) {
  world *w = *state;
  fixture copy;
  zd_backup_report r;
  zd_fault fault;
  write_some(w, 0, 50);
  must_back_up(w);
  must_be_same(w, 50); /* it has an index now */
  write_some(w, 50, 50);
  must_back_up(w);
  must_be_same(w, 100);
  open_backup(w, &copy);
  assert_int_equal(back_up(w, &r, &fault), ZD_ERR_BUSY);
  write_one(&copy, ZD_OP_CREATE, "Patient", "other", "code=x;");
  zd_store_close(copy.s);
  assert_int_equal(back_up(w, &r, &fault), ZD_ERR_REFUSED);
  assert_non_null(strstr(fault.text, "another folder"));
  write_some(w, 100, 50);
  assert_int_equal(back_up(w, &r, &fault), ZD_ERR_REFUSED);
}

static void other_folders_are_left_alone(void **state) {
  world *w = *state;
  zd_backup_report r;
  zd_fault fault;
  char path[100];
  write_some(w, 0, 5);
  zd_backup_options self = {.dir = w->f.dir, .to = w->f.dir}, none = {.dir = "/tmp", .to = w->to};
  assert_int_equal(zd_store_backup(&self, &r, &fault), ZD_ERR_REFUSED);
  assert_int_equal(zd_store_backup(&none, &r, &fault), ZD_ERR_NOT_FOUND);
  assert_int_equal(access(w->to, F_OK), -1);
  assert_int_equal(mkdir(w->to, 0700), 0);
  snprintf(path, sizeof path, "%s/letter.txt", w->to);
  close(open(path, O_CREAT | O_WRONLY, 0600));
  assert_int_equal(back_up(w, &r, &fault), ZD_ERR_REFUSED);
  assert_non_null(strstr(fault.text, "something else"));
  assert_int_equal(unlink(path), 0);
  must_back_up(w);
}

static void flip(const char *path, off_t at) {
  unsigned char byte;
  int fd = open(path, O_RDWR);
  assert_int_equal(pread(fd, &byte, 1, at), 1);
  byte ^= 4;
  assert_int_equal(pwrite(fd, &byte, 1, at), 1);
  close(fd);
}

static void damage_is_named_and_not_copied(void **state) {
  world *w = *state;
  zd_backup_report r;
  zd_fault fault;
  char path[100];
  write_some(w, 0, 30);
  must_back_up(w);
  write_some(w, 30, 30);
  zd_backup_options o = {.dir = w->f.dir, .to = w->to};
  snprintf(path, sizeof path, "%s/log/00000002.log", w->f.dir);
  flip(path, 3000);
  assert_int_equal(zd_store_backup(&o, &r, &fault), ZD_ERR_CORRUPT);
  assert_non_null(strstr(fault.text, "00000002.log"));
  flip(path, 3000);
  snprintf(path, sizeof path, "%s/symbols", w->f.dir);
  flip(path, 40);
  assert_int_equal(zd_store_backup(&o, &r, &fault), ZD_ERR_CORRUPT);
  assert_non_null(strstr(fault.text, "symbols"));
  fixture copy; /* and the backup stays one */
  open_backup(w, &copy);
  assert_true(now(copy.s) >= 30 && now(copy.s) < 60); /* what stands before the damage was taken */
  check_clean(&copy);
  zd_store_close(copy.s);
  flip(path, 40);
  must_back_up(w);
  must_be_same(w, 60);
  snprintf(path, sizeof path, "%s/log/00000001.log", w->to); /* a backup that rotted */
  flip(path, 3000);
  assert_int_equal(zd_store_backup(&o, &r, &fault), ZD_OK);
  assert_int_equal(back_up(w, &r, &fault), ZD_ERR_CORRUPT);
  assert_non_null(strstr(fault.text, w->to));
  flip(path, 3000);
}

/* The store's older part is damaged: the backup has it whole and takes what is new. */
static void a_damaged_store_and_its_backup_make_a_whole_one(void **state) {
  world *w = *state;
  zd_backup_report r;
  zd_fault fault;
  char early[100], last[100];
  write_some(w, 0, 30);
  must_back_up(w);
  snprintf(early, sizeof early, "%s/log/00000001.log", w->f.dir);
  snprintf(last, sizeof last, "%s/log/00000002.log", w->f.dir);
  for (int i = 3; access(last, F_OK) == 0; i++)
    snprintf(last, sizeof last, "%s/log/%08d.log", w->f.dir, i);
  struct stat st;
  int number = atoi(strrchr(last, '/') + 1) - 1;
  snprintf(last, sizeof last, "%s/log/%08d.log", w->f.dir, number);
  assert_int_equal(stat(last, &st), 0);
  write_some(w, 30, 30);
  flip(early, 2000);
  flip(last, 64 + (st.st_size - 64) / 3);
  assert_int_equal(back_up(w, &r, &fault), ZD_OK);
  assert_int_equal(r.rows, 60);
  assert_int_equal(r.damaged_file, number);
  assert_int_equal(r.damaged_at, 64 + (st.st_size - 64) / 3);
  fixture copy;
  open_backup(w, &copy);
  assert_int_equal(now(copy.s), 60);
  check_clean(&copy);
  zd_store_close(copy.s);
  flip(early, 2000);
  flip(last, 64 + (st.st_size - 64) / 3);
  must_be_same(w, 60);
}

/* Every operation of a backup failing in turn, with the power cut there: what is left is always a
 * backup, of one of the moments, and the next call completes it. */
static void at_any_moment_it_is_a_whole_backup(void **state) {
  world *w = *state;
  zd_backup_report r;
  zd_fault fault;
  write_some(w, 0, 40);
  must_back_up(w);
  write_some(w, 40, 60);
  bool died = true;
  for (uint64_t nth = 1; died; nth++) {
    char copy[300];
    snprintf(copy, sizeof copy, "rm -rf %s.was && cp -a %s %s.was", w->to, w->to, w->to);
    assert_int_equal(system(copy), 0);
    zd_faulty *faulty = zd_faulty_new(w->grave, nth);
    zd_backup_options o = {.dir = w->f.dir, .to = w->to, .fs = zd_faulty_files(faulty)};
    zd_faulty_die_at(faulty, nth);
    zd_err err = zd_store_backup(&o, &r, &fault);
    died = zd_faulty_dead(faulty);
    assert_int_equal(err != ZD_OK, died);
    zd_faulty_cut_power(faulty);
    zd_faulty_free(faulty);
    fixture left;
    open_backup(w, &left);
    zd_row rows = now(left.s);
    assert_true(rows >= 40 && rows <= 100 && (died || rows == 100));
    check_clean(&left);
    zd_store_close(left.s);
    if (died) must_back_up(w);
    must_be_same(w, 100);
    snprintf(copy, sizeof copy, "rm -rf %s && mv %s.was %s", w->to, w->to, w->to);
    assert_int_equal(system(copy), 0);
  }
}

static bool stop_at(void *context, uint64_t done, uint64_t total) {
  assert_true(done <= total);
  return done < *(uint64_t *)context;
}

static void it_can_be_stopped_and_fills_no_disk_for_good(void **state) {
  world *w = *state;
  zd_backup_report r;
  zd_fault fault;
  write_some(w, 0, 100);
  int stopped = 0;
  zd_err err = ZD_ERR_CANCELLED;
  for (uint64_t most = 1; err; most += 1000, stopped++) {
    zd_backup_options o = {.dir = w->f.dir, .to = w->to, .progress = stop_at, .context = &most};
    err = zd_store_backup(&o, &r, &fault);
    if (err) assert_int_equal(err, ZD_ERR_CANCELLED);
  }
  assert_true(stopped > 5);
  must_be_same(w, 100);
  zd_little_remove(w->to);
  zd_faulty *faulty = zd_faulty_new(w->grave, 1);
  zd_backup_options o = {.dir = w->f.dir, .to = w->to, .fs = zd_faulty_files(faulty)};
  zd_faulty_fill(faulty, 2000);
  assert_int_equal(zd_store_backup(&o, &r, &fault), ZD_ERR_FULL);
  zd_faulty_fill(faulty, UINT64_MAX);
  assert_int_equal(zd_store_backup(&o, &r, &fault), ZD_OK);
  zd_faulty_free(faulty);
  must_be_same(w, 100);
}

typedef struct writer {
  world *w;
  atomic_bool stop;
  atomic_int done;
} writer;

static void *write_on(void *context) {
  writer *r = context;
  for (int i = 0; !atomic_load(&r->stop) && i < 20000; i++) {
    write_some(r->w, i, 1);
    atomic_store(&r->done, i + 1);
  }
  return NULL;
}

static void what_was_acknowledged_before_is_in_it_while_writes_go_on(void **state) {
  world *w = *state;
  writer r = {.w = w};
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, write_on, &r), 0);
  for (int i = 0; i < 40; i++) {
    uint64_t before = (uint64_t)atomic_load(&r.done);
    zd_backup_report report = must_back_up(w);
    assert_true(report.rows >= before);
    must_be_same(w, report.rows);
  }
  atomic_store(&r.stop, true);
  pthread_join(thread, NULL);
  must_back_up(w);
  must_be_same(w, (uint64_t)atomic_load(&r.done));
}

int main(void) {
#define OF_A_BACKUP(test) cmocka_unit_test_setup_teardown(test, begin, end)
  const struct CMUnitTest tests[] = {
      OF_A_BACKUP(a_backup_is_the_store_at_that_moment),
      OF_A_BACKUP(again_copies_what_is_new_only),
      OF_A_BACKUP(a_backup_that_was_opened_goes_on_until_it_was_written_to),
      OF_A_BACKUP(other_folders_are_left_alone),
      OF_A_BACKUP(damage_is_named_and_not_copied),
      OF_A_BACKUP(a_damaged_store_and_its_backup_make_a_whole_one),
      OF_A_BACKUP(at_any_moment_it_is_a_whole_backup),
      OF_A_BACKUP(it_can_be_stopped_and_fills_no_disk_for_good),
      OF_A_BACKUP(what_was_acknowledged_before_is_in_it_while_writes_go_on)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
