/* import_document.c: one JSON file: a Bundle to be processed, a Bundle to be unpacked, a resource.
 */
#include "base/hash.h"
#include "bulk/import.h"

enum { ENTRIES_MAX = 16 << 20 }; /* of one Bundle */

/* Whether the word occurs. Its B is rare in what is no Bundle, and one byte is found faster than
 * six.
 */
static bool names_bundle(zd_slice text) {
  static const char word[] = "Bundle";
  const char *end = text.p + text.n;
  for (const char *p = text.p; p && end - p >= 6; p++) {
    p = memchr(p, word[0], (size_t)(end - p) - 5);
    if (!p) return false;
    if (memcmp(p, word, 6) == 0) return true;
  }
  return false;
}

zd_err zd_import_split(zd_import_piece *p, zd_slice text, zd_fhir_bundle *out) {
  zd_fhir_bundle_init(out, p->run->o->schema, NULL, ENTRIES_MAX);
  /* Most lines of most files: the word does not even occur. (Names of types have no escapes.) */
  if (!names_bundle(text)) return ZD_OK;
  zd_err err = zd_fhir_bundle_feed(out, text);
  return err == ZD_OK ? zd_fhir_bundle_end(out) : err;
}

bool zd_import_is_job(const zd_fhir_bundle *b) {
  return zd_fhir_bundle_is(b, ZD_S("transaction")) || zd_fhir_bundle_is(b, ZD_S("batch"));
}

bool zd_import_is_collection(const zd_fhir_bundle *b) {
  return zd_fhir_bundle_is(b, ZD_S("collection")) || zd_fhir_bundle_is(b, ZD_S("searchset"));
}

/* 75 bits of the SHA-256 of the text, then mixed with the line: equal Bundles of one file are two.
 */
zd_slice zd_import_key(zd_slice text, uint64_t line, char key[ZD_IMPORT_KEY]) {
  static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
  unsigned char digest[32], both[40];
  zd_sha256(text.p, text.n, digest);
  memcpy(both, digest, sizeof digest);
  for (int i = 0; i < 8; i++) both[32 + i] = (unsigned char)(line >> 8 * i);
  zd_sha256(both, sizeof both, digest);
  for (size_t i = 0; i < ZD_IMPORT_KEY; i++) key[i] = digits[digest[i] & 31];
  return (zd_slice){key, ZD_IMPORT_KEY};
}

static zd_err process_bundle(zd_import_piece *p, zd_fhir_bundle *parts, zd_fault *fault) {
  zd_issues issues;
  char text[ZD_IMPORT_KEY];
  zd_slice key = zd_import_key(zd_buffer_slice(&p->text), 1, text);
  zd_rest_turn turn = {p, zd_import_wait_turn, zd_import_commit};
  p->read = parts->split.found;
  p->last_commit = true;
  zd_err err = zd_rest_bundle(p->run->o->rest, parts, zd_buffer_slice(&p->text), key, &p->arena,
                              &turn, &p->written, &issues);
  p->unchanged = err == ZD_OK ? p->read - p->written : 0;
  if (err == ZD_OK) return ZD_OK;
  zd_import_refuse(p, issues.n && issues.items[0].line ? issues.items[0].line : 1, &issues);
  p->refused = p->read > p->written ? p->read - p->written : 1;
  return err == ZD_ERR_REFUSED
             ? ZD_OK
             : zd_fail(fault, err, "%s: the Bundle could not be stored", p->file->path);
}

/* A Bundle, perhaps, that is no JSON: what is wrong is told without reading it into a tree. */
static zd_err refuse_broken(zd_import_piece *p, zd_fhir_bundle *parts, zd_fault *fault) {
  zd_issues issues;
  zd_fhir_entries nobody = {0};
  zd_issues_init(&issues, &p->arena);
  zd_err err = zd_fhir_bundle_read(parts, zd_buffer_slice(&p->text), &nobody, &p->arena, &issues);
  if (err == ZD_ERR_MEMORY) return zd_fail(fault, err, "out of memory");
  p->read = 1;
  zd_import_refuse(p, issues.n ? issues.items[0].line : 1, &issues);
  return ZD_OK;
}

zd_err zd_import_document(zd_import_piece *p, zd_fault *fault) {
  zd_fhir_bundle parts;
  if (p->streamed) return zd_import_entries(p, &p->parts, fault);
  zd_arena_reset(&p->arena);
  zd_err err = zd_import_split(p, zd_buffer_slice(&p->text), &parts);
  if (err == ZD_ERR_MEMORY) {
    zd_fail(fault, err, "out of memory");
  } else if (err == ZD_OK && parts.failed != ZD_OK) {
    err = refuse_broken(p, &parts, fault);
  } else if (err == ZD_OK && zd_import_is_job(&parts)) {
    err = process_bundle(p, &parts, fault);
  } else if (err == ZD_OK && zd_import_is_collection(&parts)) {
    err = zd_import_entries(p, &parts, fault);
  } else {
    err = zd_import_lines(p, fault); /* one resource */
  }
  zd_fhir_bundle_free(&parts);
  return err;
}
