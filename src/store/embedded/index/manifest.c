#include "store/embedded/index/manifest.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"

enum { MANIFEST_LIMIT = 16 << 20, MANIFEST_VERSION = 1 };

static zd_err corrupt(const char *path, const char *what, zd_fault *fault) {
  return zd_fail(fault, ZD_ERR_CORRUPT, "index manifest %s is damaged: %s", path, what);
}

/* Cuts the next line off *text. */
static zd_slice next_line(zd_slice *text) {
  size_t n = zd_slice_find(*text, '\n');
  zd_slice line = {text->p, n};
  *text = zd_slice_from(*text, n + 1);
  return line;
}

static bool take_word(zd_slice *line, const char *word) {
  zd_slice w = zd_slice_of(word);
  if (!zd_slice_starts(*line, w)) return false;
  *line = zd_slice_from(*line, w.n);
  return true;
}

static bool take_number(zd_slice *line, uint64_t *value) {
  size_t n = 0;
  uint64_t v = 0;
  while (n < line->n && line->p[n] >= '0' && line->p[n] <= '9') {
    uint64_t digit = (uint64_t)(line->p[n] - '0');
    if (v > (UINT64_MAX - digit) / 10) return false;
    v = v * 10 + digit;
    n++;
  }
  if (n == 0) return false;
  *line = zd_slice_from(*line, n);
  take_word(line, " ");
  *value = v;
  return true;
}

static bool parse_segment(zd_slice line, zd_manifest_segment *s) {
  if (!take_word(&line, "segment ") || !take_number(&line, &s->number)) return false;
  s->supplement = take_word(&line, "supplement ");
  if (!s->supplement && !take_word(&line, "main ")) return false;
  return take_number(&line, &s->first) && take_number(&line, &s->end) && line.n == 0 &&
         s->first < s->end;
}

/* The text without its last line, which must be the checksum of the rest. */
static bool check_crc(zd_slice *text) {
  enum { LAST = sizeof "crc 00000000\n" - 1 };
  if (text->n < LAST) return false;
  zd_slice body = {text->p, text->n - LAST};
  char line[LAST + 1];
  snprintf(line, sizeof line, "crc %08x\n", zd_crc32c(0, body.p, body.n));
  if (memcmp(line, body.p + body.n, LAST) != 0) return false;
  *text = body;
  return true;
}

static zd_err parse_lines(zd_slice text, const char *path, zd_manifest *out, zd_fault *fault) {
  zd_slice first = next_line(&text), next = next_line(&text);
  uint64_t version;
  if (!take_word(&first, "zdravo-index ") || !take_number(&first, &version))
    return corrupt(path, "its first line", fault);
  if (version > MANIFEST_VERSION)
    return zd_fail(fault, ZD_ERR_UNSUPPORTED,
                   "index manifest %s has format %llu; this program "
                   "knows up to %d",
                   path, (unsigned long long)version, MANIFEST_VERSION);
  if (!take_word(&next, "next ") || !take_number(&next, &out->next))
    return corrupt(path, "its second line", fault);
  zd_row end = 0;
  while (text.n > 0) {
    zd_manifest_segment *s = &out->segments[out->count];
    if (!parse_segment(next_line(&text), s)) return corrupt(path, "a segment line", fault);
    if (!s->supplement && s->first != end) return corrupt(path, "a gap between segments", fault);
    if (!s->supplement) end = s->end;
    out->count++;
  }
  return ZD_OK;
}

zd_err zd_manifest_parse(zd_slice text, const char *path, zd_manifest *out, zd_fault *fault) {
  *out = (zd_manifest){0};
  if (!check_crc(&text)) return corrupt(path, "its checksum", fault);
  size_t lines = 0;
  for (size_t i = 0; i < text.n; i++) lines += text.p[i] == '\n';
  if (text.n && text.p[text.n - 1] != '\n') return corrupt(path, "its last line", fault);
  out->segments = calloc(lines + 1, sizeof *out->segments);
  if (!out->segments) return zd_fail(fault, ZD_ERR_MEMORY, "out of memory reading %s", path);
  zd_err err = parse_lines(text, path, out, fault);
  if (err) zd_manifest_free(out);
  return err;
}

zd_err zd_manifest_read(const char *dir, zd_manifest *out, zd_fault *fault) {
  *out = (zd_manifest){.next = 1};
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/MANIFEST", dir);
  if (access(path, F_OK) != 0) return ZD_OK;
  zd_buffer text;
  zd_buffer_init(&text, 0);
  zd_err err = zd_file_read(path, MANIFEST_LIMIT, &text, fault);
  if (!err) err = zd_manifest_parse(zd_buffer_slice(&text), path, out, fault);
  zd_buffer_free(&text);
  return err;
}

void zd_manifest_free(zd_manifest *m) {
  free(m->segments);
  *m = (zd_manifest){0};
}

zd_err zd_manifest_write(const zd_file_system *fs, const char *dir, uint64_t next,
                         const zd_parts *parts, zd_fault *fault) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/MANIFEST", dir);
  zd_buffer text;
  zd_buffer_init(&text, 0);
  zd_buffer_printf(&text, "zdravo-index %d\nnext %llu\n", MANIFEST_VERSION,
                   (unsigned long long)next);
  for (size_t i = 0; i < parts->all; i++) {
    const zd_part *p = parts->at[i];
    if (!p->segment) continue;
    zd_buffer_printf(&text, "segment %llu %s %llu %llu\n", (unsigned long long)p->number,
                     p->supplement ? "supplement" : "main", (unsigned long long)p->first,
                     (unsigned long long)zd_part_end(p));
  }
  zd_buffer_printf(&text, "crc %08x\n", zd_crc32c(0, text.p ? text.p : "", text.n));
  zd_err err = text.failed ? zd_fail(fault, ZD_ERR_MEMORY, "out of memory writing %s", path)
                           : zd_file_replace(fs, path, zd_buffer_slice(&text), fault);
  zd_buffer_free(&text);
  return err;
}
