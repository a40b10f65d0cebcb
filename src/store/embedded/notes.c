/* Notes: small texts kept beside the log, each replaced whole.
 *
 *   DIR/NAME.note   "zdravo note\n" | CRC32C of the text, 8 hex digits | "\n" | text
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "store/embedded/engine.h"

#define HEAD "zdravo note\n"
enum { SUM = 9, TEXT_AT = sizeof HEAD - 1 + SUM, NOTE_MAX = 64 << 20 };

static void path_of(const zd_store *s, const char *name, char path[PATH_MAX]) {
  snprintf(path, PATH_MAX, "%s/%s.note", s->dir, name);
}

static void sum_of(zd_slice text, char sum[SUM + 1]) {
  snprintf(sum, SUM + 1, "%08x\n", zd_crc32c(0, text.p, text.n));
}

bool zd_note_sound(zd_slice all) {
  char sum[SUM + 1];
  sum_of(zd_slice_from(all, TEXT_AT), sum);
  return all.n >= TEXT_AT && memcmp(all.p, HEAD, sizeof HEAD - 1) == 0 &&
         memcmp(all.p + sizeof HEAD - 1, sum, SUM) == 0;
}

zd_err zd_store_note(zd_store *s, const char *name, zd_buffer *out, zd_fault *fault) {
  char path[PATH_MAX];
  path_of(s, name, path);
  zd_err err = zd_file_read(path, NOTE_MAX, out, fault);
  if (err) return err;
  if (!zd_note_sound(zd_buffer_slice(out)))
    return zd_fail(fault, ZD_ERR_CORRUPT, "%s is damaged", path);
  memmove(out->p, out->p + TEXT_AT, out->n - TEXT_AT);
  out->n -= TEXT_AT;
  return ZD_OK;
}

zd_err zd_store_set_note(zd_store *s, const char *name, zd_slice text, zd_fault *fault) {
  char path[PATH_MAX], sum[SUM + 1];
  zd_buffer all;
  path_of(s, name, path);
  if (s->read_only) return zd_fail(fault, ZD_ERR_REFUSED, "%s: the store is read-only", path);
  zd_buffer_init(&all, 0);
  sum_of(text, sum);
  zd_buffer_add_slice(&all, ZD_S(HEAD));
  zd_buffer_add(&all, sum, SUM);
  zd_buffer_add_slice(&all, text);
  zd_err err = all.failed ? zd_fail(fault, ZD_ERR_MEMORY, "no memory to write %s", path)
                          : zd_file_replace(s->fs, path, zd_buffer_slice(&all), fault);
  zd_buffer_free(&all);
  return err;
}
