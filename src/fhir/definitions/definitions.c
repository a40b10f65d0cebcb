/* definitions.c: taking documents in, and the order of the compiler's parts. */
#include "fhir/definitions.h"

#include <stdlib.h>

#include "fhir/definitions/definitions_internal.h"

static const char *const kind_names[ZD_DEF_KINDS] = {
    "StructureDefinition", "SearchParameter", "CompartmentDefinition",
    "OperationDefinition", "CodeSystem",      "ValueSet"};

zd_err zd_definitions_new(zd_definitions **out, zd_fault *fault) {
  zd_definitions *d = calloc(1, sizeof *d);
  *out = d;
  if (!d) {
    zd_fail(fault, ZD_ERR_MEMORY, "definitions: out of memory");
    return ZD_ERR_MEMORY;
  }
  zd_arena_init(&d->arena, 0);
  for (int i = 0; i < ZD_DEF_KINDS; i++) zd_buffer_init(&d->found[i], 0);
  for (int i = 0; i < ZD_IMAGE_SECTIONS; i++) zd_buffer_init(&d->section[i], UINT32_MAX - 64);
  return ZD_OK;
}

/* Names of the base image that new definitions may refer to. */
static bool name_base(zd_definitions *d, const zd_schema *base) {
  for (zd_type t = 0; t < zd_schema_type_count(base); t++)
    if (!zd_name_map_set(&d->types, &d->arena, zd_schema_type_info(base, t).name, t)) return false;
  for (uint32_t i = 0; i < zd_schema_param_count(base); i++)
    if (!zd_name_map_set(&d->params, &d->arena, zd_schema_param(base, i).url, i)) return false;
  return true;
}

zd_err zd_definitions_extend(const zd_schema *base, zd_definitions **out, zd_fault *fault) {
  zd_err err = zd_definitions_new(out, fault);
  if (err) return err;
  zd_definitions *d = *out;
  bool ok = name_base(d, base);
  for (int i = 0; i < ZD_IMAGE_SECTIONS && ok; i++) {
    const zd_image_extent *x = &base->section[i];
    zd_buffer_add(&d->section[i], zd_image_at(base, (zd_image_section)i),
                  (size_t)x->count * x->size);
    ok = !d->section[i].failed;
  }
  d->head = *base;
  d->extends = true;
  if (ok) return ZD_OK;
  zd_definitions_free(d);
  *out = NULL;
  return zd_fail(fault, ZD_ERR_MEMORY, "definitions: out of memory");
}

void zd_definitions_free(zd_definitions *d) {
  if (!d) return;
  for (zd_document *doc = d->documents; doc; doc = doc->next) zd_json_free(&doc->tape);
  for (int i = 0; i < ZD_DEF_KINDS; i++) zd_buffer_free(&d->found[i]);
  for (int i = 0; i < ZD_IMAGE_SECTIONS; i++) zd_buffer_free(&d->section[i]);
  zd_arena_free(&d->arena);
  free(d);
}

static int kind_of(zd_slice resource_type) {
  for (int i = 0; i < ZD_DEF_KINDS; i++)
    if (zd_slice_eq(resource_type, zd_slice_of(kind_names[i]))) return i;
  return -1;
}

static void add_resource(zd_definitions *d, const zd_json_tape *tape, uint32_t node) {
  int kind = kind_of(zd_json_string(tape, node, ZD_S("resourceType")));
  if (kind < 0) return;
  zd_definition found = {tape, node, d->added++, zd_def_text(d, tape, node, ZD_S("url"))};
  if (found.url.n) zd_buffer_add(&d->found[kind], &found, sizeof found);
}

zd_err zd_definitions_add(zd_definitions *d, zd_slice text, zd_fault *fault) {
  zd_document *doc = ZD_NEW(&d->arena, zd_document);
  if (!doc) return zd_fail(fault, ZD_ERR_MEMORY, "definitions: out of memory");
  zd_json_error error = {0};
  zd_err err = zd_json_read(text, NULL, &doc->tape, &error);
  doc->next = d->documents;
  d->documents = doc;
  if (err)
    return zd_fail(fault, err, "definitions: line %u, column %u: expected %s", error.line,
                   error.column, error.expected ? error.expected : "JSON");
  zd_slice type = zd_json_string(&doc->tape, 0, ZD_S("resourceType"));
  if (!type.n) return zd_fail(fault, ZD_ERR_INVALID, "definitions: not a FHIR resource");
  if (!zd_slice_eq(type, ZD_S("Bundle"))) {
    add_resource(d, &doc->tape, 0);
  } else {
    uint32_t entries = zd_json_find(&doc->tape, 0, ZD_S("entry"));
    if (entries) {
      ZD_EACH(&doc->tape, entry, entries) {
        uint32_t resource = zd_json_find(&doc->tape, entry, ZD_S("resource"));
        if (resource) add_resource(d, &doc->tape, resource);
      }
    }
  }
  for (int i = 0; i < ZD_DEF_KINDS; i++)
    if (d->found[i].failed) return zd_fail(fault, ZD_ERR_MEMORY, "definitions: out of memory");
  return ZD_OK;
}

size_t zd_definitions_count(const zd_definitions *d, zd_slice resource_type) {
  int kind = kind_of(resource_type);
  return kind < 0 ? 0 : d->found[kind].n / sizeof(zd_definition);
}

static int by_url(const void *a, const void *b) {
  const zd_definition *x = a, *y = b;
  int order = zd_slice_cmp(x->url, y->url);
  return order ? order : (x->order > y->order) - (x->order < y->order);
}

/* Sorted by url; of equal urls the last one added stays. */
static void sort_found(zd_buffer *found) {
  size_t n = found->n / sizeof(zd_definition), kept = 0;
  zd_definition *all = (zd_definition *)(void *)found->p;
  if (!n) return;
  qsort(all, n, sizeof *all, by_url);
  for (size_t i = 0; i < n; i++) {
    if (i + 1 < n && zd_slice_eq(all[i].url, all[i + 1].url)) continue;
    all[kept++] = all[i];
  }
  found->n = kept * sizeof *all;
}

/* On top of a compiled image only search parameters are taken. */
static zd_err check_extension(zd_definitions *d) {
  for (int i = 0; i < ZD_DEF_KINDS; i++) {
    if (i == ZD_DEF_PARAM || !d->found[i].n) continue;
    const zd_definition *first = (const zd_definition *)(void *)d->found[i].p;
    return zd_fail(d->fault, ZD_ERR_UNSUPPORTED,
                   "definitions: %.*s: a %s can't be added to a compiled image", ZD_SV(first->url),
                   kind_names[i]);
  }
  return ZD_OK;
}

zd_err zd_definitions_build(zd_definitions *d, zd_buffer *image, zd_fault *fault) {
  static zd_err (*const parts[])(zd_definitions *) = {zd_def_code_systems, zd_def_value_sets,
                                                      zd_def_types,        zd_def_params,
                                                      zd_def_compartments, zd_def_operations};
  d->fault = fault;
  if (d->extends) {
    zd_err err = check_extension(d);
    sort_found(&d->found[ZD_DEF_PARAM]);
    if (!err) err = zd_def_params(d);
    return err ? err : zd_def_write(d, image);
  }
  for (int i = 0; i < ZD_DEF_KINDS; i++) sort_found(&d->found[i]);
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    zd_err err = parts[i](d);
    if (err) return err;
  }
  return zd_def_write(d, image);
}
