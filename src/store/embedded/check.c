/* The proof that a store is whole: the log byte by byte, the chains of versions, the index against
 * the log. Findings are passed on one by one; after damage the check goes on with the next intact
 * commit. */
#include <stdio.h>
#include <stdlib.h>

#include "store/embedded/engine.h"

enum { CHECK_BLOCK = 1 << 20 };

typedef struct checking {
  zd_store *store;
  zd_snapshot *view;
  void (*finding)(void *context, const char *text);
  bool (*progress)(void *context, uint64_t done, uint64_t total);
  void *context;
  zd_log_cursor cursor;
  zd_unpacker *unpacker;
  zd_arena arena;
  zd_index_verifier *verifier; /* NULL once a row was missed: it needs all of them */
  zd_log_place place;
  uint64_t findings;
  uint64_t told; /* rows, at the last progress */
} checking;

static void find(checking *k, const char *text) {
  k->findings++;
  if (k->finding) k->finding(k->context, text);
}

static void __attribute__((format(printf, 2, 3))) report(checking *k, const char *format, ...) {
  char text[600];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof text, format, list);
  va_end(list);
  find(k, text);
}

static void pass_on(void *context, const char *text) {
  find(context, text);
}

/* A failure is a finding when it tells of damage; anything else ends the check. */
static zd_err absorb(checking *k, zd_err err, const zd_fault *why) {
  if (err != ZD_ERR_CORRUPT && err != ZD_ERR_NOT_FOUND) return err;
  find(k, why->code ? why->text : zd_err_name(err));
  return ZD_OK;
}

/* ---- one record ---- */

/* The version before, found twice: by the record and by the index. */
static zd_err check_chain(checking *k, const zd_record_head *h, zd_row row) {
  zd_row before = ZD_NO_ROW;
  size_t n = 0;
  zd_fault why = {0};
  zd_err err = zd_index_versions(k->view->view, h->type, zd_slice_make(h->id, h->id_n), row,
                                 &before, 1, &n, &why);
  if (err && err != ZD_ERR_NOT_FOUND) return absorb(k, err, &why);
  if (n == 0) before = ZD_NO_ROW;
  if (before != h->previous) {
    report(k, "row %llu: its record names row %lld as the version before, the index row %lld",
           (unsigned long long)row, (long long)h->previous, (long long)before);
    return ZD_OK;
  }
  if (h->previous == ZD_NO_ROW) {
    if (h->version != 1) {
      report(k, "row %llu: version %llu has no version before it", (unsigned long long)row,
             (unsigned long long)h->version);
    }
    return ZD_OK;
  }
  zd_record previous;
  err = zd_snapshot_read(k->view, h->previous, true, NULL, &previous, &why);
  if (err) return absorb(k, err, &why);
  if (previous.type != h->type || previous.version + 1 != h->version || previous.id_n != h->id_n ||
      memcmp(previous.id, h->id, h->id_n) != 0) {
    report(k, "row %llu: version %llu does not follow on row %llu", (unsigned long long)row,
           (unsigned long long)h->version, (unsigned long long)h->previous);
  }
  return ZD_OK;
}

/* The entries of the record, derived again. *body is needed as long as they are. */
static zd_err derive(checking *k, const zd_record_head *h, const zd_entry **entries, size_t *n,
                     zd_fault *why) {
  const zd_indexer *x = &k->store->indexer;
  *entries = NULL;
  *n = 0;
  char *body = zd_arena_alloc(&k->arena, (size_t)h->plain_n + 1);
  if (!body) return zd_fail(why, ZD_ERR_MEMORY, "no memory for a body of %u bytes", h->plain_n);
  zd_err err = zd_codec_unpack(k->store->codec, k->unpacker, h, body, why);
  if (err || !x->entries || h->op == ZD_OP_DELETE) return err;
  err = x->entries(x->state, h->type, zd_slice_make(body, h->plain_n), &k->arena, entries, n);
  return err ? zd_fail(why, err, "the index entries cannot be derived: %s", zd_err_name(err)) : err;
}

static zd_err check_row(checking *k, const zd_record_head *h, zd_locator at, zd_row row) {
  const zd_entry *entries;
  size_t n;
  zd_fault why = {0};
  if (h->type >= zd_symbols_durable(k->store->symbols)) {
    report(k, "row %llu: type %u has no name", (unsigned long long)row, h->type);
  }
  zd_err err = derive(k, h, &entries, &n, &why);
  if (err == ZD_ERR_MEMORY) return err;
  if (err) {
    report(k, "row %llu: %s", (unsigned long long)row, why.text);
  } else if (k->verifier) {
    zd_index_row expected = {.op = h->op,
                             .type = h->type,
                             .id = {h->id, h->id_n},
                             .previous = h->previous,
                             .locator = at,
                             .entries = entries,
                             .entry_count = n};
    err = zd_index_verify_row(k->verifier, row, &expected, &why);
    if (err) err = absorb(k, err, &why);
  }
  zd_arena_reset(&k->arena);
  return err == ZD_ERR_MEMORY || err == ZD_ERR_IO ? err : check_chain(k, h, row);
}

/* ---- one commit ---- */

/* Records are read one by one also when the commit's checksum is wrong: that names the row. */
static zd_err check_commit(checking *k, const zd_commit_head *c) {
  uint64_t back = ZD_COMMIT_HEAD;
  for (uint32_t i = 0; i < c->rows && c->first_row + i < k->view->row; i++) {
    zd_record_head h;
    zd_fault why = {0};
    zd_row row = c->first_row + i;
    zd_err err = zd_log_cursor_record(&k->cursor, k->place.at + back, &h, &why);
    if (err) {
      report(k, "row %llu of commit %llu: %s", (unsigned long long)row,
             (unsigned long long)c->sequence, why.text);
      return err == ZD_ERR_CORRUPT ? ZD_OK : err;
    }
    if (h.index != i || h.back != back) {
      report(k, "row %llu: the record contradicts its place", (unsigned long long)row);
    }
    uint32_t size = h.size;
    err = check_row(k, &h, k->place.at + back, row);
    if (err) return err;
    back += size;
  }
  return ZD_OK;
}

/* Rows were missed: the content of the index cannot be proved any more. */
static void drop_verifier(checking *k) {
  if (!k->verifier) return;
  zd_fault why = {0};
  zd_index_verify_end(k->verifier, &why);
  k->verifier = NULL;
  find(k, "the log is damaged: the index could not be compared with it to the end");
}

/* Goes to the next intact commit behind damage. ZD_ERR_NOT_FOUND: there is none. */
static zd_err resynchronise(checking *k, zd_fault *fault) {
  zd_commit_head h;
  zd_locator at;
  zd_row row = k->place.row;
  drop_verifier(k);
  zd_err err = zd_log_next_commit(&k->cursor, k->place.at, &at, &h, fault);
  if (err == ZD_ERR_NOT_FOUND) {
    report(k, "rows %llu to %llu are lost", (unsigned long long)row,
           (unsigned long long)k->view->row - 1);
  }
  if (err) return err;
  if (h.first_row > row) {
    report(k, "rows %llu to %llu are lost", (unsigned long long)row,
           (unsigned long long)h.first_row - 1);
  }
  k->place = (zd_log_place){at, h.first_row, h.sequence, INT64_MIN};
  return ZD_OK;
}

static zd_err check_order(checking *k, const zd_commit_head *h) {
  const zd_log_place *p = &k->place;
  if (h->first_row != p->row || h->sequence != p->sequence || h->time_ms < p->time_ms) {
    report(k, "commit %llu with row %llu comes where commit %llu with row %llu is next",
           (unsigned long long)h->sequence, (unsigned long long)h->first_row,
           (unsigned long long)p->sequence, (unsigned long long)p->row);
    if (h->first_row != p->row) drop_verifier(k);
    k->place.row = h->first_row;
    k->place.sequence = h->sequence;
  }
  return ZD_OK;
}

/* The first file's head, or the next one's. */
static zd_err enter_file(checking *k, zd_fault *fault) {
  uint32_t file = k->place.at ? zd_locator_file(k->place.at) + 1 : 1;
  const unsigned char *p;
  size_t got;
  zd_log_head h;
  zd_err err =
      zd_log_cursor_peek(&k->cursor, zd_locator_make(file, 0), ZD_LOG_HEAD, &p, &got, fault);
  if (err) return err;
  if (got < ZD_LOG_HEAD || zd_log_head_read(p, &h)) {
    report(k, "log file %u: damaged head", file);
  } else if (h.file != file || h.first_row != k->place.row ||
             h.first_sequence != k->place.sequence) {
    report(k, "log file %u: its head contradicts its place", file);
  }
  k->place.at = zd_locator_make(file, ZD_LOG_HEAD);
  return ZD_OK;
}

static bool go_on(checking *k) {
  if (!k->progress || k->place.row - k->told < 4096) return true;
  k->told = k->place.row;
  return k->progress(k->context, k->place.row, k->view->row);
}

static zd_err check_log(checking *k, zd_fault *fault) {
  while (k->place.row < k->view->row) {
    zd_commit_head h;
    zd_fault why = {0};
    zd_err err =
        k->place.at ? zd_log_verify_commit(&k->cursor, &k->place, &h, &why) : ZD_ERR_NOT_FOUND;
    if (err == ZD_ERR_NOT_FOUND) {
      err = enter_file(k, fault);
      if (err) return err;
      continue;
    }
    if (!go_on(k)) return zd_fail(fault, ZD_ERR_CANCELLED, "the check was stopped");
    if (err == ZD_ERR_CORRUPT) {
      report(k, "commit %llu: %s", (unsigned long long)k->place.sequence, why.text);
      if (zd_log_cursor_commit(&k->cursor, k->place.at, &h, &why) == ZD_OK) check_commit(k, &h);
      err = resynchronise(k, fault);
      if (err == ZD_ERR_NOT_FOUND) return ZD_OK;
      if (!err) continue;
    }
    if (!err) err = check_order(k, &h);
    if (!err) err = check_commit(k, &h);
    if (err) return zd_fail(fault, err, "the check could not go on: %s", why.text);
    k->place.at += ZD_COMMIT_HEAD + h.length;
    k->place.row += h.rows;
    k->place.sequence++;
    k->place.time_ms = h.time_ms;
  }
  return ZD_OK;
}

/* ---- all of it ---- */

static zd_err check_all(checking *k, zd_fault *fault) {
  zd_fault why = {0};
  zd_err err = zd_index_check(k->view->view, pass_on, k, &why);
  if (err && err != ZD_ERR_CORRUPT) return zd_fail(fault, err, "%s", why.text);
  err = zd_index_verify_begin(k->view->view, &k->store->indexer, pass_on, k, &k->verifier);
  if (err) return zd_fail(fault, err, "the index could not be checked");
  err = check_log(k, fault);
  if (k->verifier) {
    zd_err verdict = zd_index_verify_end(k->verifier, &why);
    if (!err && verdict && verdict != ZD_ERR_CORRUPT) err = zd_fail(fault, verdict, "%s", why.text);
  }
  if (!err && k->progress) k->progress(k->context, k->view->row, k->view->row);
  return err;
}

zd_err zd_store_check(zd_store *s, void (*finding)(void *context, const char *text),
                      bool (*progress)(void *context, uint64_t done, uint64_t total), void *context,
                      zd_fault *fault) {
  checking k = {.store = s,
                .finding = finding,
                .progress = progress,
                .context = context,
                .place = {.at = 0, .row = 0, .sequence = 1, .time_ms = INT64_MIN}};
  zd_err err = zd_store_snapshot(s, &k.view);
  if (err) return zd_fail(fault, err, "no snapshot to check");
  zd_log_cursor_init(&k.cursor, s->log, CHECK_BLOCK, 0);
  zd_arena_init(&k.arena, 0);
  k.unpacker = zd_unpacker_new();
  err = k.unpacker ? check_all(&k, fault) : zd_fail(fault, ZD_ERR_MEMORY, "no memory to check");
  zd_unpacker_free(k.unpacker);
  zd_arena_free(&k.arena);
  zd_log_cursor_free(&k.cursor);
  zd_snapshot_release(k.view);
  if (err || !k.findings) return err;
  return zd_fail(fault, ZD_ERR_CORRUPT, "%llu findings", (unsigned long long)k.findings);
}
