#include "store/embedded/log_walk.h"

enum { BLOCK = 1 << 20 };

/* First intact commit head at or behind `at` in the same file. ZD_ERR_NOT_FOUND. */
static zd_err find_head(zd_log_cursor *c, zd_locator *at, zd_commit_head *h, zd_fault *fault) {
  for (;;) {
    const unsigned char *p;
    size_t got;
    zd_err err = zd_log_cursor_peek(c, *at, BLOCK, &p, &got, fault);
    if (err) return err;
    if (got < ZD_COMMIT_HEAD) return ZD_ERR_NOT_FOUND;
    size_t last = got - ZD_COMMIT_HEAD; /* a head may begin here at the latest */
    for (size_t i = 0; (i = zd_commit_head_find(p, i, got)) <= last; i++) {
      if (zd_commit_head_read(p + i, h) == ZD_OK) {
        *at += i;
        return ZD_OK;
      }
    }
    *at += last + 1;
  }
}

/* Is there an intact commit behind the place in the same file that was written when the place had
 * been synced already? Then the damage is no torn tail. */
static zd_err find_witness(zd_log_cursor *c, zd_locator bad, bool *found, zd_fault *fault) {
  zd_commit_head h;
  zd_locator at = bad + 1;
  zd_err err;
  *found = false;
  while (!*found && (err = find_head(c, &at, &h, fault)) == ZD_OK) {
    *found = h.durable > zd_locator_offset(bad) && h.durable <= zd_locator_offset(at);
    at++;
  }
  return *found || err == ZD_ERR_NOT_FOUND ? ZD_OK : err;
}

zd_err zd_log_next_commit(zd_log_cursor *c, zd_locator bad, zd_locator *at, zd_commit_head *h,
                          zd_fault *fault) {
  *at = bad + 1;
  for (;;) {
    zd_err err = find_head(c, at, h, fault);
    if (err != ZD_ERR_NOT_FOUND || zd_locator_file(*at) >= zd_log_files_last(c->files)) return err;
    *at = zd_locator_make(zd_locator_file(*at) + 1, ZD_LOG_HEAD);
  }
}

/* Judges damage at a place: ZD_OK when it is the torn tail of the last file. */
static zd_err judge(zd_log_cursor *c, zd_locator bad, uint64_t sequence, uint64_t *torn,
                    zd_fault *fault) {
  uint32_t file = zd_locator_file(bad);
  bool witness = file != zd_log_files_last(c->files);
  zd_err err = ZD_OK;
  if (!witness) err = find_witness(c, bad, &witness, fault);
  if (err) return err;
  if (witness) {
    char path[512];
    zd_log_files_path(c->files, file, path, sizeof path);
    return zd_fail(fault, ZD_ERR_CORRUPT,
                   "%s: damaged at byte %llu, in or behind commit %llu, after it had been synced",
                   path, (unsigned long long)zd_locator_offset(bad), (unsigned long long)sequence);
  }
  uint64_t size;
  err = zd_log_files_size(c->files, file, &size, fault);
  if (!err && torn) *torn = size - zd_locator_offset(bad);
  return err;
}

/* Steps into file number `file`: its head must continue the log. *torn_head: it is the last one,
 * and its head was never synced (so nothing behind it was). */
static zd_err enter_file(zd_log_cursor *c, uint32_t file, const zd_log_place *place,
                         bool *torn_head, zd_fault *fault) {
  const unsigned char *p;
  size_t got;
  zd_log_head h;
  char path[512];
  zd_log_files_path(c->files, file, path, sizeof path);
  *torn_head = false;
  zd_err err = zd_log_cursor_peek(c, zd_locator_make(file, 0), ZD_LOG_HEAD, &p, &got, fault);
  if (err) return err;
  if (got < ZD_LOG_HEAD || zd_log_head_read(p, &h)) {
    err = judge(c, zd_locator_make(file, 0), place->sequence, NULL, fault);
    *torn_head = err == ZD_OK;
    return err;
  }
  if (h.format > ZD_FORMAT_VERSION) {
    return zd_fail(fault, ZD_ERR_UNSUPPORTED,
                   "%s has format %u, this program knows formats up to %u", path, h.format,
                   ZD_FORMAT_VERSION);
  }
  if (h.file != file || h.first_row != place->row || h.first_sequence != place->sequence) {
    return zd_fail(fault, ZD_ERR_CORRUPT,
                   "%s begins with row %llu, commit %llu; row %llu, commit %llu are next", path,
                   (unsigned long long)h.first_row, (unsigned long long)h.first_sequence,
                   (unsigned long long)place->row, (unsigned long long)place->sequence);
  }
  return ZD_OK;
}

/* Is there nothing but zeros from here to the end of the file? Then commits end here: the zeros
 * were put there for those to come (log_files.c). Whether any is missing, the next file's head
 * tells. */
static zd_err only_zeros(zd_log_cursor *c, zd_locator at, bool *zeros, zd_fault *fault) {
  const unsigned char *p;
  size_t got, step = ZD_COMMIT_HEAD; /* mostly that settles it */
  for (*zeros = true;; at += got, step = BLOCK) {
    zd_err err = zd_log_cursor_peek(c, at, step, &p, &got, fault);
    if (err || !got) return err;
    *zeros = p[0] == 0 && memcmp(p, p + 1, got - 1) == 0;
    if (!*zeros) return ZD_OK;
  }
}

zd_err zd_log_verify_commit(zd_log_cursor *c, const zd_log_place *place, zd_commit_head *h,
                            zd_fault *fault) {
  zd_err err = zd_log_cursor_commit(c, place->at, h, fault);
  if (err == ZD_ERR_CORRUPT) {
    bool zeros;
    zd_err read = only_zeros(c, place->at, &zeros, NULL);
    if (!read && zeros) {
      if (fault) *fault = (zd_fault){0};
      return ZD_ERR_NOT_FOUND;
    }
  }
  if (err) return err;
  uint32_t crc;
  err = zd_log_cursor_crc(c, place->at + ZD_COMMIT_HEAD, h->length, &crc, fault);
  if (err) return err;
  if (crc != h->records_crc) return zd_fail(fault, ZD_ERR_CORRUPT, "wrong checksum of a commit");
  return ZD_OK;
}

static zd_err in_order(zd_log_cursor *c, const zd_log_place *place, const zd_commit_head *h,
                       zd_fault *fault) {
  if (h->first_row == place->row && h->sequence == place->sequence &&
      h->time_ms >= place->time_ms) {
    return ZD_OK;
  }
  char path[512];
  zd_log_files_path(c->files, zd_locator_file(place->at), path, sizeof path);
  return zd_fail(fault, ZD_ERR_CORRUPT,
                 "%s: out of order at byte %llu: commit %llu, row %llu; commit %llu, row %llu are "
                 "next",
                 path, (unsigned long long)zd_locator_offset(place->at),
                 (unsigned long long)h->sequence, (unsigned long long)h->first_row,
                 (unsigned long long)place->sequence, (unsigned long long)place->row);
}

/* Beside a store that is being written the commit may have been half there when it was looked at,
 * and its witness was written since. Then it is whole now: a witness's claim holds for good. */
static bool whole_by_now(zd_log_cursor *c, const zd_log_place *place, zd_commit_head *h) {
  zd_log_cursor_restart(c);
  return zd_log_verify_commit(c, place, h, NULL) == ZD_OK;
}

static zd_err walk(zd_log_cursor *c, zd_log_place *place, zd_log_visit visit, void *context,
                   uint64_t *torn, zd_fault *fault) {
  for (;;) {
    zd_commit_head h;
    uint32_t file = place->at ? zd_locator_file(place->at) : 0;
    zd_err err = file ? zd_log_verify_commit(c, place, &h, fault) : ZD_ERR_NOT_FOUND;
    if (err == ZD_ERR_NOT_FOUND) {
      bool torn_head;
      if (file >= zd_log_files_last(c->files)) return ZD_OK;
      err = enter_file(c, file + 1, place, &torn_head, fault);
      if (err || torn_head) return err;
      place->at = zd_locator_make(file + 1, ZD_LOG_HEAD);
      continue;
    }
    if (err == ZD_ERR_CORRUPT) {
      err = judge(c, place->at, place->sequence, torn, fault);
      if (err != ZD_ERR_CORRUPT || !whole_by_now(c, place, &h)) return err;
      if (fault) *fault = (zd_fault){0};
      err = ZD_OK;
    }
    if (!err) err = in_order(c, place, &h, fault);
    if (!err) err = visit(context, c, place->at, &h, fault);
    if (err) return err;
    place->at += ZD_COMMIT_HEAD + h.length;
    place->row += h.rows;
    place->sequence++;
    place->time_ms = h.time_ms;
  }
}

zd_err zd_log_walk(zd_log_files *files, zd_log_place *place, zd_log_visit visit, void *context,
                   uint64_t *torn, zd_fault *fault) {
  zd_log_cursor c;
  zd_log_cursor_init(&c, files, BLOCK, 0);
  *torn = 0;
  zd_err err = walk(&c, place, visit, context, torn, fault);
  zd_log_cursor_free(&c);
  return err;
}
