/* stored.c: from a resource as the store keeps it to its tree. */
#include "fhir/codec.h"
#include "search/internal.h"

/* The stored form (fhir/codec.h) keeps an object for meta even when nothing stands in it, for
 * versionId and lastUpdated to be put in; FHIR allows no empty object. Nothing is searched there,
 * so it is left out. It is the third member, behind two that can't hold these bytes. */
static zd_err without_empty_meta(zd_slice body, zd_arena *arena, zd_slice *out) {
  static const char meta[] = ",\"meta\":{";
  *out = body;
  const char *hit = memmem(body.p, body.n, meta, sizeof meta - 1);
  if (!hit) return ZD_OK;
  size_t before = (size_t)(hit - body.p), after = before + sizeof meta;
  if (after > body.n || hit[sizeof meta - 1] != '}') return ZD_OK;
  char *p = zd_arena_alloc(arena, body.n);
  if (!p) return ZD_ERR_MEMORY;
  memcpy(p, body.p, before);
  memcpy(p + before, body.p + after, body.n - after);
  *out = (zd_slice){p, body.n - sizeof meta};
  return ZD_OK;
}

zd_err zd_stored_tree(const zd_search *s, uint32_t type, zd_slice body, zd_arena *arena,
                      zd_tree *out) {
  zd_type t = zd_search_symbol_type(s, type);
  zd_issues issues;
  zd_issues_init(&issues, arena);
  if (t == ZD_NO_TYPE) return ZD_ERR_CORRUPT;
  zd_err err = without_empty_meta(body, arena, &body);
  if (!err) err = zd_fhir_read_json(s->schema, body, t, NULL, arena, out, &issues);
  return err == ZD_ERR_INVALID ? ZD_ERR_CORRUPT : err; /* it was checked when it came in */
}
