#include "define/defined.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/hash.h"
#include "define/defined_parameters.h"
#include "fhir/codec.h"
#include "fhir/definitions.h"
#include "json/json.h"

static const char note[] = "search-parameters", stored_note[] = "stored-search-parameters",
                  image_note[] = "definitions-image";

enum { TEXT_MAX = 48 << 20 }; /* of all that is defined */

/* What an image was made from. A multiple of 8 bytes: the image behind it is aligned. */
typedef struct zd_defined_key {
  char magic[8];
  uint64_t text_size;
  uint32_t text_crc;
  uint32_t schema_crc; /* of the official definitions */
} zd_defined_key;

/* ---- compiling ---- */

static zd_defined_key key_of(const zd_defined *p) {
  uint32_t crc = zd_crc32c(0, p->text.p, p->text.n);
  return (zd_defined_key){.magic = "ZDDEFINE",
                          .text_size = p->text.n + p->stored.n,
                          .text_crc = zd_crc32c(crc, p->stored.p, p->stored.n),
                          .schema_crc = zd_schema_checksum(zd_schema_r4())};
}

/* Lines that begin with an id stand for resources of the record. */
static zd_err add_lines(zd_definitions *d, zd_slice text, bool with_id, zd_fault *fault) {
  zd_err err = ZD_OK;
  while (text.n && !err) {
    size_t end = zd_slice_find(text, '\n');
    zd_slice line = {text.p, end};
    if (with_id) line = zd_slice_from(line, zd_slice_find(line, ' ') + 1);
    if (line.n) err = zd_definitions_add(d, line, fault);
    text = zd_slice_from(text, end + 1);
  }
  return err;
}

static zd_err open_image(zd_defined *p, zd_fault *fault) {
  zd_slice image = zd_slice_from(zd_buffer_slice(&p->image), sizeof(zd_defined_key));
  return zd_schema_from_image(image.p, image.n, &p->schema, fault);
}

/* The image of the official definitions and p's lines. */
static zd_err compile(zd_defined *p, zd_fault *fault) {
  zd_definitions *d;
  zd_buffer image;
  zd_defined_key key = key_of(p);
  zd_err err = zd_definitions_extend(zd_schema_r4(), &d, fault);
  if (err) return err;
  zd_buffer_init(&image, 0);
  err = add_lines(d, zd_buffer_slice(&p->text), false, fault);
  if (!err) err = add_lines(d, zd_buffer_slice(&p->stored), true, fault);
  if (!err) err = zd_definitions_build(d, &image, fault);
  zd_definitions_free(d);
  zd_buffer_clear(&p->image);
  zd_buffer_add(&p->image, &key, sizeof key);
  zd_buffer_add_slice(&p->image, zd_buffer_slice(&image));
  zd_buffer_free(&image);
  if (!err && p->image.failed)
    err = zd_fail(fault, ZD_ERR_MEMORY, "no memory for the image of what is defined");
  p->compiled = true;
  return err ? err : open_image(p, fault);
}

/* ---- the store's notes ---- */

/* The image that is kept, when it was made from this text by a program like this one. */
static bool load_image(zd_store *store, zd_defined *out) {
  zd_fault ignored = {0};
  zd_defined_key wanted = key_of(out);
  if (zd_store_note(store, image_note, &out->image, &ignored)) return false;
  return out->image.n > sizeof wanted && memcmp(out->image.p, &wanted, sizeof wanted) == 0 &&
         open_image(out, &ignored) == ZD_OK;
}

static void init(zd_defined *p) {
  *p = (zd_defined){.schema = zd_schema_r4()};
  zd_buffer_init(&p->text, TEXT_MAX);
  zd_buffer_init(&p->stored, TEXT_MAX);
  zd_buffer_init(&p->image, 0);
}

static zd_err load_note(zd_store *store, const char *name, zd_buffer *out, zd_fault *fault) {
  zd_err err = zd_store_note(store, name, out, fault);
  if (err != ZD_ERR_NOT_FOUND) return err;
  if (fault) *fault = (zd_fault){0};
  zd_buffer_clear(out);
  return ZD_OK;
}

/* What does not compile any more, with a newer program say, is looked at again as it stands in the
 * record (zd_definer_refresh). */
static zd_err compile_loaded(zd_defined *p, zd_fault *fault) {
  zd_err err = compile(p, fault);
  if (!err || err == ZD_ERR_MEMORY || !p->stored.n) return err;
  if (fault) *fault = (zd_fault){0};
  zd_buffer_clear(&p->stored);
  p->schema = zd_schema_r4();
  return p->text.n ? compile(p, fault) : ZD_OK;
}

zd_err zd_defined_load(zd_store *store, zd_defined *out, zd_fault *fault) {
  init(out);
  zd_err err = load_note(store, note, &out->text, fault);
  if (!err) err = load_note(store, stored_note, &out->stored, fault);
  if (err || !(out->text.n + out->stored.n) || load_image(store, out)) return err;
  return compile_loaded(out, fault);
}

void zd_defined_free(zd_defined *p) {
  zd_buffer_free(&p->text);
  zd_buffer_free(&p->stored);
  zd_buffer_free(&p->image);
}

zd_err zd_defined_copy(const zd_defined *p, zd_defined *out, zd_fault *fault) {
  init(out);
  zd_buffer_add_slice(&out->text, zd_buffer_slice(&p->text));
  zd_buffer_add_slice(&out->stored, zd_buffer_slice(&p->stored));
  zd_buffer_add_slice(&out->image, zd_buffer_slice(&p->image));
  if (out->text.failed || out->stored.failed || out->image.failed)
    return zd_fail(fault, ZD_ERR_MEMORY, "no memory for what is defined");
  return out->image.n ? open_image(out, fault) : ZD_OK;
}

zd_err zd_defined_with_stored(const zd_defined *p, zd_slice stored, zd_defined *out,
                              zd_fault *fault) {
  init(out);
  zd_buffer_add_slice(&out->text, zd_buffer_slice(&p->text));
  zd_buffer_add_slice(&out->stored, stored);
  if (out->text.failed || out->stored.failed)
    return zd_fail(fault, zd_buffer_error(out->text.failed ? &out->text : &out->stored),
                   "too many definitions for one store");
  return out->text.n + out->stored.n ? compile(out, fault) : ZD_OK;
}

void zd_defined_keep_image(zd_defined *p, zd_store *store) {
  zd_fault ignored = {0};
  if (p->compiled && !zd_store_set_note(store, image_note, zd_buffer_slice(&p->image), &ignored))
    p->compiled = false;
}

/* The old image goes first: whatever happens in between, an image that is there fits its text. */
zd_err zd_defined_save(zd_defined *p, zd_store *store, zd_fault *fault) {
  zd_err err = zd_store_set_note(store, image_note, ZD_S(""), fault);
  if (!err) err = zd_store_set_note(store, note, zd_buffer_slice(&p->text), fault);
  if (!err) err = zd_store_set_note(store, stored_note, zd_buffer_slice(&p->stored), fault);
  if (!err) zd_defined_keep_image(p, store);
  return err;
}

/* ---- reading what is added ---- */

static zd_type type_of(zd_slice text) {
  static const char *const types[] = {
      "SearchParameter", "StructureDefinition", "ValueSet",
      "CodeSystem",      "OperationDefinition", "CompartmentDefinition"};
  zd_json_tape tape = {0};
  zd_type found = ZD_NO_TYPE;
  if (zd_json_read(text, NULL, &tape, NULL) == ZD_OK) {
    zd_slice name = zd_json_string(&tape, 0, ZD_S("resourceType"));
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
      if (zd_slice_eq(name, zd_slice_of(types[i]))) found = zd_schema_type(zd_schema_r4(), name);
  }
  zd_json_free(&tape);
  return found;
}

bool zd_defined_is_definition(zd_slice text) {
  return type_of(text) != ZD_NO_TYPE;
}

/* A resource of the right shape; the first fault found is told. */
static zd_err check_resource(zd_slice text, zd_fault *fault) {
  const zd_schema *r4 = zd_schema_r4();
  zd_type type = type_of(text);
  zd_arena arena;
  zd_issues issues;
  zd_tree tree;
  zd_arena_init(&arena, 0);
  zd_issues_init(&issues, &arena);
  zd_err err = zd_fhir_read_json(r4, text, type, NULL, &arena, &tree, &issues);
  if (err && issues.n) {
    const zd_issue *i = &issues.items[0];
    err = zd_fail(fault, err, "%.*s (line %u, column %u): %.*s", ZD_SV(i->expression), i->line,
                  i->column, ZD_SV(i->diagnostics));
  } else if (err) {
    err = zd_fail(fault, err, "not a definition: %s", zd_err_name(err));
  } else if (type == ZD_NO_TYPE) {
    err = zd_fail(fault, ZD_ERR_INVALID, "a %.*s is no definition",
                  ZD_SV(zd_schema_type_info(r4, tree.nodes[0].type).name));
  }
  zd_arena_free(&arena);
  return err;
}

/* Appends it as one line: line breaks and tabs of JSON stand between its parts only. */
static void append_line(zd_buffer *out, zd_slice text) {
  while (text.n && memchr(" \t\r\n", text.p[0], 4)) text = zd_slice_from(text, 1);
  while (text.n && memchr(" \t\r\n", text.p[text.n - 1], 4)) text.n--;
  for (size_t i = 0; i < text.n; i++) {
    char c = text.p[i];
    zd_buffer_add_char(out, c == '\n' || c == '\r' || c == '\t' ? ' ' : c);
  }
  zd_buffer_add_char(out, '\n');
}

/* ---- adding ---- */

static zd_err check_addition(const zd_schema *s, zd_addition *a, zd_fault *fault) {
  zd_definition_standing standing;
  zd_fault why = {0};
  zd_err err = check_resource(a->text, &why);
  if (!err) err = zd_definitions_compare(s, a->text, &standing, &why);
  if (!err && standing == ZD_STANDING_CONFLICT)
    err = zd_fail(&why, ZD_ERR_INVALID,
                  "its url (and version) is that of another definition; a changed one needs a new "
                  "version, a search parameter a new url");
  if (err) return zd_fail(fault, err, "%s: %s", a->file, why.text[0] ? why.text : zd_err_name(err));
  a->outcome = standing == ZD_STANDING_SAME ? ZD_DEFINED_SAME : ZD_DEFINED_ADDED;
  return ZD_OK;
}

/* p's text and what is added to it, compiled. */
static zd_err compile_with(const zd_defined *p, const zd_addition *additions, size_t n,
                           zd_defined *next, zd_fault *fault) {
  zd_buffer_clear(&next->text);
  zd_buffer_clear(&next->stored);
  zd_buffer_add_slice(&next->text, zd_buffer_slice(&p->text));
  zd_buffer_add_slice(&next->stored, zd_buffer_slice(&p->stored));
  for (size_t i = 0; i < n; i++)
    if (additions[i].outcome == ZD_DEFINED_ADDED) append_line(&next->text, additions[i].text);
  if (next->text.failed || next->stored.failed)
    return zd_fail(fault, ZD_ERR_LIMIT, "too many definitions for one store");
  return compile(next, fault);
}

static zd_err add_all(const zd_defined *p, zd_addition *additions, size_t n, bool skip,
                      zd_defined *next, zd_fault *fault) {
  bool left_out = false;
  zd_err err = compile_with(p, additions, n, next, fault);
  if (!err)
    err =
        zd_defined_check_parameters(p->schema, next->schema, additions, n, skip, &left_out, fault);
  return !err && left_out ? compile_with(p, additions, n, next, fault) : err;
}

zd_err zd_defined_add(zd_defined *p, zd_addition *additions, size_t n, bool skip, zd_fault *fault) {
  zd_defined next = {.schema = NULL};
  zd_err err = ZD_OK;
  size_t added = 0;
  for (size_t i = 0; i < n && !err; i++) {
    err = check_addition(p->schema, &additions[i], fault);
    added += additions[i].outcome == ZD_DEFINED_ADDED;
  }
  if (err || !added) return err;
  init(&next);
  err = add_all(p, additions, n, skip, &next, fault);
  if (err) {
    zd_defined_free(&next);
    return err;
  }
  zd_defined_free(p);
  *p = next;
  return ZD_OK;
}
