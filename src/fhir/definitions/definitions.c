/* definitions.c: taking documents in, and the order of the compiler's parts. */
#include "fhir/definitions.h"

#include <stdlib.h>

#include "fhir/definitions/definitions_internal.h"

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

zd_err zd_definitions_extend(const zd_schema *base, zd_definitions **out, zd_fault *fault) {
  zd_err err = zd_definitions_new(out, fault);
  if (err) return err;
  zd_definitions *d = *out;
  d->fault = fault;
  bool ok = zd_def_name_base(d, base) == ZD_OK;
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
    if (zd_slice_eq(resource_type, zd_schema_definition_type((zd_definition_kind)i))) return i;
  return -1;
}

static zd_err add_resource(zd_definitions *d, const zd_json_tape *tape, uint32_t node,
                           zd_fault *fault) {
  zd_slice type = zd_json_string(tape, node, ZD_S("resourceType"));
  int kind = kind_of(type);
  if (kind < 0) return ZD_OK;
  zd_definition found = {.tape = tape,
                         .node = node,
                         .order = d->added++,
                         .url = zd_def_text(d, tape, node, ZD_S("url")),
                         .version = zd_def_text(d, tape, node, ZD_S("version"))};
  if (!found.url.n && d->extends)
    return zd_fail(fault, ZD_ERR_INVALID, "definitions: a %.*s without a url", ZD_SV(type));
  if (found.url.n) zd_buffer_add(&d->found[kind], &found, sizeof found);
  return d->found[kind].failed ? zd_fail(fault, ZD_ERR_MEMORY, "definitions: out of memory")
                               : ZD_OK;
}

static zd_err add_entries(zd_definitions *d, const zd_json_tape *tape, zd_fault *fault) {
  uint32_t entries = zd_json_find(tape, 0, ZD_S("entry"));
  if (!entries) return ZD_OK;
  ZD_EACH(tape, entry, entries) {
    uint32_t resource = zd_json_find(tape, entry, ZD_S("resource"));
    zd_err err = resource ? add_resource(d, tape, resource, fault) : ZD_OK;
    if (err) return err;
  }
  return ZD_OK;
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
  return zd_slice_eq(type, ZD_S("Bundle")) ? add_entries(d, &doc->tape, fault)
                                           : add_resource(d, &doc->tape, 0, fault);
}

size_t zd_definitions_count(const zd_definitions *d, zd_slice resource_type) {
  int kind = kind_of(resource_type);
  return kind < 0 ? 0 : d->found[kind].n / sizeof(zd_definition);
}

zd_err zd_definitions_build(zd_definitions *d, zd_buffer *image, zd_fault *fault) {
  static zd_err (*const parts[])(zd_definitions *) = {
      zd_def_sort,         zd_def_code_systems, zd_def_value_sets, zd_def_types,   zd_def_params,
      zd_def_compartments, zd_def_operations,   zd_def_profiles,   zd_def_register};
  d->fault = fault;
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    if (d->extends && parts[i] == zd_def_types) continue; /* an image's types are all there are */
    zd_err err = parts[i](d);
    if (err) return err;
  }
  return zd_def_write(d, image);
}
