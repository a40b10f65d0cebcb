/* Sequential reading: the log in big blocks, skipping what is not wanted. */
#include <stdlib.h>

#include "store/embedded/engine.h"

enum {
  SCAN_BLOCK = 1 << 20,
  SKIP_ROWS = 256, /* wanted rows closer than this are reached by walking over those between */
  ROWS_AT_ONCE = 8192
};

/* Stands before the record of row `row`. */
typedef struct stream {
  zd_snapshot *view;
  zd_reader *reader;
  zd_locator at;
  zd_row row;
  zd_commit_head head; /* of the commit it stands in; rows 0: nowhere yet */
  char *body;          /* of the record handed out last */
  size_t room;
} stream;

static zd_err stream_open(stream *s, zd_snapshot *v, zd_fault *fault) {
  *s = (stream){.view = v, .reader = zd_reader_take(v->store)};
  if (!s->reader) return zd_fail(fault, ZD_ERR_MEMORY, "no memory to read the log");
  s->reader->cursor.block = SCAN_BLOCK;
  s->reader->cursor.lead = 0;
  s->reader->cursor.in_place = false;
  return ZD_OK;
}

static void stream_close(stream *s) {
  if (s->reader) zd_log_cursor_free(&s->reader->cursor); /* its block is too large to be kept */
  zd_reader_give(s->view->store, s->reader);
  free(s->body);
}

/* By the index, from anywhere. */
static zd_err jump(stream *s, zd_row row, zd_fault *fault) {
  zd_record_head h;
  zd_locator at;
  zd_err err = zd_index_locator(s->view->view, row, &at, fault);
  if (!err) err = zd_log_cursor_record(&s->reader->cursor, at, &h, fault);
  if (!err) err = zd_log_cursor_commit_of(&s->reader->cursor, at, h.back, &s->head, fault);
  if (err) return err;
  s->at = at;
  s->row = row;
  if (s->head.first_row + h.index == row) return ZD_OK;
  return zd_fail(fault, ZD_ERR_CORRUPT, "row %llu: its locator leads to another",
                 (unsigned long long)row);
}

/* Behind the last record of a commit: into the next one, in the same file or the one after. */
static zd_err enter_commit(stream *s, zd_fault *fault) {
  zd_err err = zd_log_cursor_commit(&s->reader->cursor, s->at, &s->head, fault);
  if (err == ZD_ERR_NOT_FOUND) {
    s->at = zd_locator_make(zd_locator_file(s->at) + 1, ZD_LOG_HEAD);
    err = zd_log_cursor_commit(&s->reader->cursor, s->at, &s->head, fault);
  }
  if (err) return err;
  if (s->head.first_row != s->row) {
    return zd_fail(fault, ZD_ERR_CORRUPT, "the log goes on with row %llu after row %llu",
                   (unsigned long long)s->head.first_row, (unsigned long long)s->row - 1);
  }
  s->at += ZD_COMMIT_HEAD;
  return ZD_OK;
}

static bool between_commits(const stream *s) {
  return s->row == s->head.first_row + s->head.rows;
}

static zd_err skip_record(stream *s, zd_fault *fault) {
  const unsigned char *p;
  size_t got;
  zd_err err = zd_log_cursor_peek(&s->reader->cursor, s->at, ZD_RECORD_LEAST, &p, &got, fault);
  if (err) return err;
  uint32_t size = got == ZD_RECORD_LEAST ? zd_record_size(p) : 0;
  if (!size) {
    return zd_fail(fault, ZD_ERR_CORRUPT, "row %llu: damaged record", (unsigned long long)s->row);
  }
  s->at += size;
  s->row++;
  return ZD_OK;
}

static zd_err move_to(stream *s, zd_row row, zd_fault *fault) {
  if (!s->head.rows || row < s->row || row - s->row > SKIP_ROWS) return jump(s, row, fault);
  for (;;) {
    zd_err err = between_commits(s) ? enter_commit(s, fault) : ZD_OK;
    if (err || s->row == row) return err;
    err = skip_record(s, fault);
    if (err) return err;
  }
}

/* The record of the row, and steps behind it. The body lives until the next call. */
static zd_err stream_read(stream *s, zd_row row, bool (*wanted)(void *context, const zd_record *r),
                          void *context, zd_record *out, zd_fault *fault) {
  zd_record_head h;
  zd_err err = move_to(s, row, fault);
  if (!err) err = zd_log_cursor_record(&s->reader->cursor, s->at, &h, fault);
  if (err) return err;
  if (s->head.first_row + h.index != row) {
    return zd_fail(fault, ZD_ERR_CORRUPT, "row %llu: another record is in its place",
                   (unsigned long long)row);
  }
  zd_record_fill(&h, &s->head, out);
  s->at += h.size;
  s->row++;
  if (!h.plain_n || !wanted(context, out)) return ZD_OK;
  if (h.plain_n > s->room) {
    char *larger = realloc(s->body, h.plain_n);
    if (!larger) return zd_fail(fault, ZD_ERR_MEMORY, "no memory for %u bytes", h.plain_n);
    s->body = larger;
    s->room = h.plain_n;
  }
  out->body = zd_slice_make(s->body, h.plain_n);
  return zd_codec_unpack(s->view->store->codec, s->reader->unpacker, &h, s->body, fault);
}

/* ---- every row ---- */

/* First row of the first commit with a sequence above `after`. */
static zd_err row_after(zd_snapshot *v, uint64_t after, zd_row *row, zd_fault *fault) {
  zd_row low = 0, high = v->row;
  while (low < high) {
    zd_row middle = low + (high - low) / 2;
    zd_record record = {.sequence = 0};
    zd_err err = zd_snapshot_read(v, middle, true, NULL, &record, fault);
    if (err) return err;
    if (record.sequence > after) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  *row = low;
  return ZD_OK;
}

static bool always(void *context, const zd_record *r) {
  (void)context, (void)r;
  return true;
}

static bool never(void *context, const zd_record *r) {
  (void)context, (void)r;
  return false;
}

zd_err zd_store_scan_rows(zd_snapshot *v, zd_row from, zd_row to, bool bodies, zd_log_each each,
                          void *context, zd_fault *fault) {
  return zd_store_scan_wanted(v, from, to, bodies ? always : never, each, context, fault);
}

zd_err zd_store_scan_wanted(zd_snapshot *v, zd_row from, zd_row to,
                            bool (*wanted)(void *context, const zd_record *r), zd_log_each each,
                            void *context, zd_fault *fault) {
  stream s;
  zd_err err = stream_open(&s, v, fault);
  if (to > v->row) to = v->row;
  for (zd_row row = from; !err && row < to; row++) {
    zd_record record;
    err = stream_read(&s, row, wanted, context, &record, fault);
    if (!err) err = each(context, &record);
  }
  stream_close(&s);
  return err;
}

zd_err zd_store_log(zd_store *s, uint64_t after_sequence, bool bodies, zd_log_each each,
                    void *context, zd_fault *fault) {
  zd_snapshot *v;
  zd_row from;
  zd_err err = zd_store_snapshot(s, &v);
  if (err) return zd_fail(fault, err, "no snapshot to read the log by");
  err = row_after(v, after_sequence, &from, fault);
  if (!err) err = zd_store_scan_rows(v, from, v->row, bodies, each, context, fault);
  zd_snapshot_release(v);
  return err;
}

/* ---- what is current ---- */

static zd_err scan_current(stream *s, const zd_plan *plan, zd_row from, zd_row to, zd_row *rows,
                           zd_log_each each, void *context, zd_fault *fault) {
  zd_row after = from ? from - 1 : ZD_NO_ROW;
  for (;;) {
    zd_search_request q = {.plan = plan, .after = after, .limit = ROWS_AT_ONCE};
    size_t n = 0;
    zd_err err = zd_snapshot_search(s->view, &q, rows, &n, fault);
    if (err || n == 0) return err;
    for (size_t i = 0; i < n; i++) {
      if (rows[i] >= to) return ZD_OK;
      zd_record record;
      err = stream_read(s, rows[i], always, NULL, &record, fault);
      if (!err) err = each(context, &record);
      if (err) return err;
    }
    if (n < ROWS_AT_ONCE) return ZD_OK;
    after = rows[n - 1];
  }
}

zd_err zd_snapshot_scan(zd_snapshot *v, uint32_t type, zd_row from, zd_row to, zd_log_each each,
                        void *context, zd_fault *fault) {
  zd_plan plan = {.op = type == ZD_NO_SYMBOL ? ZD_PLAN_ALL : ZD_PLAN_TYPE, .type = type};
  if (from >= to || from >= v->row) return ZD_OK;
  zd_row *rows = malloc(ROWS_AT_ONCE * sizeof *rows);
  if (!rows) return zd_fail(fault, ZD_ERR_MEMORY, "no memory to scan");
  stream s;
  zd_err err = stream_open(&s, v, fault);
  if (!err) err = scan_current(&s, &plan, from, to, rows, each, context, fault);
  stream_close(&s);
  free(rows);
  return err;
}
