/* definitions_registry.c: which definitions there are, under which url and version.
 *
 * At build time the last definition of a url counts. On top of an image, definitions are told apart
 * by url and version: several versions stand side by side, and one version has one content for
 * ever.
 */
#include <stdlib.h>

#include "base/hash.h"
#include "fhir/definitions/definitions_internal.h"

static zd_err no_memory(zd_definitions *d) {
  return zd_fail(d->fault, ZD_ERR_MEMORY, "definitions: out of memory");
}

/* Search parameters are known by their url alone: their numbers are. */
static zd_slice key_of(zd_definitions *d, int kind, zd_slice url, zd_slice version) {
  if (kind == ZD_DEF_PARAM) version.n = 0;
  return zd_arena_printf(&d->arena, "%d %.*s|%.*s", kind, ZD_SV(url), ZD_SV(version));
}

/* ---- canonicals ---- */

typedef zd_slice (*version_of)(const zd_definitions *d, uint32_t number);

static zd_err name(zd_definitions *d, zd_name_map *map, zd_slice url, zd_slice version,
                   uint32_t number, version_of of) {
  zd_slice exact = zd_arena_printf(&d->arena, "%.*s|%.*s", ZD_SV(url), ZD_SV(version));
  if (!exact.p || !zd_name_map_set(map, &d->arena, exact, number)) return no_memory(d);
  int64_t newest = zd_name_map_find(map, url);
  if (newest >= 0 && zd_schema_version_cmp(version, of(d, (uint32_t)newest)) < 0) return ZD_OK;
  return zd_name_map_set(map, &d->arena, url, number) ? ZD_OK : no_memory(d);
}

int64_t zd_def_named(const zd_name_map *map, zd_slice canonical) {
  int64_t found = zd_name_map_find(map, canonical);
  if (found >= 0) return found;
  size_t bar = zd_slice_find(canonical, '|');
  /* A definition without a version answers for every one. */
  return bar < canonical.n ? zd_name_map_find(map, (zd_slice){canonical.p, bar + 1}) : ZD_NAME_NONE;
}

/* ---- what is in the base image ---- */

static zd_slice system_version(const zd_definitions *d, uint32_t i) {
  return zd_def_optional_at(d,
                            ZD_RECORDS(d, ZD_IMAGE_CODE_SYSTEMS, zd_image_code_system)[i].version);
}

static zd_slice set_version(const zd_definitions *d, uint32_t i) {
  return zd_def_optional_at(d, ZD_RECORDS(d, ZD_IMAGE_VALUE_SETS, zd_image_value_set)[i].version);
}

zd_err zd_def_name_system(zd_definitions *d, zd_slice url, zd_slice version, uint32_t number) {
  return name(d, &d->code_systems, url, version, number, system_version);
}

zd_err zd_def_name_set(zd_definitions *d, zd_slice url, zd_slice version, uint32_t number) {
  return name(d, &d->value_sets, url, version, number, set_version);
}

static zd_err name_definitions(zd_definitions *d, const zd_schema *base) {
  zd_err err = ZD_OK;
  for (uint32_t i = 0; i < zd_schema_definition_count(base) && !err; i++) {
    zd_definition_info info = zd_schema_definition(base, i);
    zd_slice key = key_of(d, (int)info.kind, info.url, info.version);
    if (!key.p || !zd_name_map_set(&d->definitions, &d->arena, key, i)) return no_memory(d);
    if (info.kind == ZD_DEF_CODE_SYSTEM)
      err = zd_def_name_system(d, info.url, info.version, info.number);
    if (info.kind == ZD_DEF_VALUE_SET)
      err = zd_def_name_set(d, info.url, info.version, info.number);
  }
  return err;
}

zd_err zd_def_name_base(zd_definitions *d, const zd_schema *base) {
  zd_arena *arena = &d->arena;
  for (zd_type t = 0; t < zd_schema_type_count(base); t++)
    if (!zd_name_map_set(&d->types, arena, zd_schema_type_info(base, t).name, t))
      return no_memory(d);
  for (uint32_t i = 0; i < zd_schema_param_count(base); i++)
    if (!zd_name_map_set(&d->params, arena, zd_schema_param(base, i).url, i)) return no_memory(d);
  for (uint32_t i = 0; i < zd_schema_code_system_count(base); i++) {
    zd_slice url = zd_schema_code_system(base, i).url;
    if (zd_name_map_find(&d->system_ids, url) >= 0) continue;
    if (!zd_name_map_set(&d->system_ids, arena, url, i)) return no_memory(d);
  }
  return name_definitions(d, base);
}

/* ---- sorting ---- */

static int by_url(const void *a, const void *b) {
  const zd_definition *x = a, *y = b;
  int order = zd_slice_cmp(x->url, y->url);
  return order ? order : (x->order > y->order) - (x->order < y->order);
}

static int by_canonical(const void *a, const void *b) {
  const zd_definition *x = a, *y = b;
  int order = zd_slice_cmp(x->url, y->url);
  if (!order) order = zd_schema_version_cmp(x->version, y->version);
  return order ? order : (x->order > y->order) - (x->order < y->order);
}

static zd_err take_digest(zd_definitions *d, zd_buffer *text, zd_definition *def) {
  zd_buffer_clear(text);
  zd_def_compact(text, def->tape, def->node);
  if (text->failed) return no_memory(d);
  unsigned char sum[32];
  zd_sha256(text->p, text->n, sum);
  memcpy(def->digest, sum, sizeof def->digest);
  return ZD_OK;
}

static zd_err take_digests(zd_definitions *d, zd_definition *all, size_t n) {
  zd_buffer text;
  zd_err err = ZD_OK;
  zd_buffer_init(&text, 0);
  for (size_t i = 0; i < n && !err; i++) err = take_digest(d, &text, &all[i]);
  zd_buffer_free(&text);
  return err;
}

static zd_err contradiction(zd_definitions *d, int kind, const zd_definition *def) {
  if (kind == ZD_DEF_PARAM)
    return zd_fail(d->fault, ZD_ERR_INVALID,
                   "definitions: %.*s is defined twice; a changed definition needs a new url",
                   ZD_SV(def->url));
  return zd_fail(d->fault, ZD_ERR_INVALID,
                 "definitions: %.*s%s%.*s is there with another content; a changed definition "
                 "needs a new version",
                 ZD_SV(def->url), def->version.p ? "|" : "", ZD_SV(def->version));
}

static bool same_key(int kind, const zd_definition *a, const zd_definition *b) {
  return zd_slice_eq(a->url, b->url) &&
         (kind == ZD_DEF_PARAM || zd_slice_eq(a->version, b->version));
}

/* Must this definition be compiled? Not when the base image holds the same. */
static zd_err is_new(zd_definitions *d, int kind, const zd_definition *def, bool *out) {
  zd_slice key = key_of(d, kind, def->url, def->version);
  if (!key.p) return no_memory(d);
  int64_t at = zd_name_map_find(&d->definitions, key);
  *out = true;
  if (at < 0) return ZD_OK;
  const zd_image_definition *known =
      ZD_RECORDS(d, ZD_IMAGE_DEFINITIONS, const zd_image_definition) + at;
  *out = memcmp(known->digest, def->digest, sizeof def->digest) != 0;
  /* A user's search parameter may take the place of a standard one. */
  return *out && kind != ZD_DEF_PARAM ? contradiction(d, kind, def) : ZD_OK;
}

static zd_err sort_added(zd_definitions *d, int kind, zd_definition *all, size_t n, size_t *kept) {
  qsort(all, n, sizeof *all, kind == ZD_DEF_PARAM ? by_url : by_canonical);
  *kept = 0;
  for (size_t i = 0; i < n; i++) {
    bool wanted = true;
    if (i && same_key(kind, &all[i - 1], &all[i])) {
      if (memcmp(all[i - 1].digest, all[i].digest, sizeof all[i].digest) != 0)
        return contradiction(d, kind, &all[i]);
      continue;
    }
    zd_err err = is_new(d, kind, &all[i], &wanted);
    if (err) return err;
    if (wanted) all[(*kept)++] = all[i];
  }
  return ZD_OK;
}

/* Of equal urls the last one added stays. */
static size_t keep_last(zd_definition *all, size_t n) {
  size_t kept = 0;
  qsort(all, n, sizeof *all, by_url);
  for (size_t i = 0; i < n; i++)
    if (i + 1 == n || !zd_slice_eq(all[i].url, all[i + 1].url)) all[kept++] = all[i];
  return kept;
}

/* What an image cannot take on top of it. */
static zd_err check_kinds(zd_definitions *d) {
  if (!d->found[ZD_DEF_COMPARTMENT].n) return ZD_OK;
  const zd_definition *first = (const zd_definition *)(void *)d->found[ZD_DEF_COMPARTMENT].p;
  return zd_fail(d->fault, ZD_ERR_UNSUPPORTED,
                 "definitions: %.*s: compartments can't be added to a compiled image",
                 ZD_SV(first->url));
}

zd_err zd_def_sort(zd_definitions *d) {
  zd_err err = d->extends ? check_kinds(d) : ZD_OK;
  for (int kind = 0; kind < ZD_DEF_KINDS && !err; kind++) {
    zd_buffer *found = &d->found[kind];
    zd_definition *all = (zd_definition *)(void *)found->p;
    size_t n = found->n / sizeof *all;
    if (!n) continue;
    if (!d->extends) n = keep_last(all, n);
    err = take_digests(d, all, n);
    if (!err && d->extends) err = sort_added(d, kind, all, n, &n);
    found->n = n * sizeof *all;
  }
  return err;
}

/* ---- comparing ---- */

static zd_definition_standing standing_of(const zd_schema *s, zd_definition_kind kind,
                                          const zd_definition *def) {
  for (uint32_t i = 0; i < zd_schema_definition_count(s); i++) {
    zd_definition_info info = zd_schema_definition(s, i);
    if (info.kind != kind || !zd_slice_eq(info.url, def->url)) continue;
    if (kind != ZD_DEF_PARAM && !zd_slice_eq(info.version, def->version)) continue;
    const zd_image_definition *r =
        (const zd_image_definition *)zd_image_at(s, ZD_IMAGE_DEFINITIONS) + i;
    return memcmp(r->digest, def->digest, sizeof r->digest) == 0 ? ZD_STANDING_SAME
                                                                 : ZD_STANDING_CONFLICT;
  }
  return ZD_STANDING_NEW;
}

zd_err zd_definitions_compare(const zd_schema *s, zd_slice text, zd_definition_standing *out,
                              zd_fault *fault) {
  zd_definitions *d;
  zd_buffer compact;
  *out = ZD_STANDING_OTHER_TYPE;
  zd_err err = zd_definitions_new(&d, fault);
  if (err) return err;
  d->fault = fault;
  d->extends = true; /* as strict as an extension */
  zd_buffer_init(&compact, 0);
  err = zd_definitions_add(d, text, fault);
  for (int kind = 0; kind < ZD_DEF_KINDS && !err; kind++) {
    if (!d->found[kind].n) continue;
    zd_definition *def = (zd_definition *)(void *)d->found[kind].p;
    err = take_digest(d, &compact, def);
    if (!err) *out = standing_of(s, (zd_definition_kind)kind, def);
  }
  zd_buffer_free(&compact);
  zd_definitions_free(d);
  return err;
}

/* ---- writing it down ---- */

static uint32_t hash_definition(const void *state, uint32_t i, uint32_t seed) {
  const zd_definitions *d = state;
  const zd_image_definition *r = ZD_RECORDS(d, ZD_IMAGE_DEFINITIONS, const zd_image_definition) + i;
  return zd_image_hash(zd_def_string_at(d, r->url), seed);
}

static zd_err write_definition(zd_definitions *d, int kind, const zd_definition *def) {
  zd_buffer *all = &d->section[ZD_IMAGE_DEFINITIONS];
  zd_image_definition r = {.url = zd_def_string(d, def->url),
                           .version = zd_def_string(d, def->version),
                           .number = def->number,
                           .kind = (uint32_t)kind};
  memcpy(r.digest, def->digest, sizeof r.digest);
  zd_slice key = key_of(d, kind, def->url, def->version);
  if (!key.p) return no_memory(d);
  int64_t at = zd_name_map_find(&d->definitions, key);
  if (at >= 0)
    ZD_RECORDS(d, ZD_IMAGE_DEFINITIONS, zd_image_definition)[at] = r;
  else
    zd_buffer_add(all, &r, sizeof r);
  return all->failed ? no_memory(d) : ZD_OK;
}

zd_err zd_def_register(zd_definitions *d) {
  for (int kind = 0; kind < ZD_DEF_KINDS; kind++) {
    const zd_definition *all = (const zd_definition *)(void *)d->found[kind].p;
    size_t n = d->found[kind].n / sizeof *all;
    for (size_t i = 0; i < n; i++) {
      if (all[i].number == ZD_DEF_LEFT_OUT) continue;
      zd_err err = write_definition(d, kind, &all[i]);
      if (err) return err;
    }
  }
  return zd_def_table(d, zd_def_count(d, ZD_IMAGE_DEFINITIONS, sizeof(zd_image_definition)),
                      hash_definition, d, &d->head.definitions);
}
