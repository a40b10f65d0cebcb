#include "cli/parameters.h"

#include "base/arena.h"
#include "fhir/codec.h"
#include "fhir/definitions.h"
#include "fhir/path.h"

static const char note[] = "search-parameters";

static zd_err add_lines(zd_definitions *d, zd_slice text, zd_fault *fault) {
  zd_err err = ZD_OK;
  while (text.n && !err) {
    size_t end = zd_slice_find(text, '\n');
    if (end) err = zd_definitions_add(d, (zd_slice){text.p, end}, fault);
    text = zd_slice_from(text, end + 1);
  }
  return err;
}

/* The image of the official definitions and these lines. */
static zd_err compile(zd_slice text, zd_buffer *image, const zd_schema **out, zd_fault *fault) {
  zd_definitions *d;
  zd_err err = zd_definitions_extend(zd_schema_r4(), &d, fault);
  if (err) return err;
  err = add_lines(d, text, fault);
  if (!err) err = zd_definitions_build(d, image, fault);
  if (!err) err = zd_schema_from_image(image->p, image->n, out, fault);
  zd_definitions_free(d);
  return err;
}

zd_err zd_parameters_load(zd_store *store, zd_parameters *out, zd_fault *fault) {
  *out = (zd_parameters){.schema = zd_schema_r4()};
  zd_buffer_init(&out->text, 0);
  zd_buffer_init(&out->image, 0);
  zd_err err = zd_store_note(store, note, &out->text, fault);
  if (!err) return compile(zd_buffer_slice(&out->text), &out->image, &out->schema, fault);
  if (err != ZD_ERR_NOT_FOUND) return err;
  if (fault) *fault = (zd_fault){0};
  return ZD_OK;
}

void zd_parameters_free(zd_parameters *p) {
  zd_buffer_free(&p->text);
  zd_buffer_free(&p->image);
}

zd_err zd_parameters_save(const zd_parameters *p, zd_store *store, zd_fault *fault) {
  return zd_store_set_note(store, note, zd_buffer_slice(&p->text), fault);
}

/* ---- adding ---- */

/* A resource of the right type and shape; the first fault found is told. */
static zd_err check_resource(zd_slice text, zd_fault *fault) {
  const zd_schema *r4 = zd_schema_r4();
  zd_arena arena;
  zd_issues issues;
  zd_tree tree;
  zd_arena_init(&arena, 0);
  zd_issues_init(&issues, &arena);
  zd_err err = zd_fhir_read_json(r4, text, zd_schema_type(r4, ZD_S("SearchParameter")), NULL,
                                 &arena, &tree, &issues);
  if (err && issues.n) {
    const zd_issue *i = &issues.items[0];
    err = zd_fail(fault, err, "%.*s (line %u, column %u): %.*s", ZD_SV(i->expression), i->line,
                  i->column, ZD_SV(i->diagnostics));
  } else if (err) {
    err = zd_fail(fault, err, "not a SearchParameter: %s", zd_err_name(err));
  }
  zd_arena_free(&arena);
  return err;
}

/* Appends it as one line: line breaks and tabs of JSON stand between its parts only. */
static bool append_line(zd_buffer *out, zd_slice text) {
  for (size_t i = 0; i < text.n; i++) {
    char c = text.p[i];
    zd_buffer_add_char(out, c == '\n' || c == '\r' || c == '\t' ? ' ' : c);
  }
  zd_buffer_add_char(out, '\n');
  return !out->failed;
}

static zd_slice without_blanks(zd_slice s) {
  while (s.n && memchr(" \t\r\n", s.p[0], 4)) s = zd_slice_from(s, 1);
  while (s.n && memchr(" \t\r\n", s.p[s.n - 1], 4)) s.n--;
  return s;
}

static bool holds_line(zd_slice all, zd_slice line) {
  while (all.n) {
    size_t end = zd_slice_find(all, '\n');
    if (zd_slice_eq((zd_slice){all.p, end}, line)) return true;
    all = zd_slice_from(all, end + 1);
  }
  return false;
}

/* The code must be free for, and the expression understood of, every type it is for. */
static zd_err check_type(const zd_schema *old, const zd_schema *new, uint32_t index, zd_type type,
                         zd_fault *fault) {
  zd_param_info info = zd_schema_param(new, index);
  zd_slice name = zd_schema_type_info(new, type).name;
  uint32_t taken = zd_schema_param_find(old, type, info.code);
  if (taken != UINT32_MAX)
    return zd_fail(fault, ZD_ERR_INVALID, "%.*s has a parameter \"%.*s\" already: %.*s",
                   ZD_SV(name), ZD_SV(info.code), ZD_SV(zd_schema_param(old, taken).url));
  zd_arena arena;
  const zd_path *path;
  zd_fault why = {0};
  zd_arena_init(&arena, 0);
  zd_err err = zd_path_compile(new, type, info.expression, &arena, &path, &why);
  zd_arena_free(&arena);
  return err ? zd_fail(fault, err, "%.*s: the expression for %.*s: %s", ZD_SV(info.url),
                       ZD_SV(name), why.text)
             : ZD_OK;
}

static zd_err check_base(const zd_schema *old, const zd_schema *new, uint32_t index, zd_type base,
                         zd_fault *fault) {
  zd_err err = ZD_OK;
  for (zd_type t = 0; t < zd_schema_type_count(new) && !err; t++)
    if (zd_schema_is_resource(new, t) && zd_schema_is_a(new, t, base))
      err = check_type(old, new, index, t, fault);
  return err;
}

/* The number of the one that is new: added ones stand in the order of their urls. */
static uint32_t number_of_new(const zd_schema *old, const zd_schema *new) {
  uint32_t i = 0;
  while (i < zd_schema_param_count(old) &&
         zd_slice_eq(zd_schema_param(old, i).url, zd_schema_param(new, i).url))
    i++;
  return i;
}

static zd_err check_new(const zd_schema *old, const zd_schema *new, zd_fault *fault) {
  uint32_t index = number_of_new(old, new);
  if (zd_schema_param_count(new) != zd_schema_param_count(old) + 1)
    return zd_fail(fault, ZD_ERR_INVALID,
                   "its url is that of another parameter; a changed definition needs a new url");
  zd_param_info info = zd_schema_param(new, index);
  if (!info.expression.n || info.type == ZD_PARAM_SPECIAL || !info.base_count)
    return zd_fail(fault, ZD_ERR_UNSUPPORTED,
                   "%.*s: it needs an expression, a base, and a type other than special",
                   ZD_SV(info.url));
  zd_err err = ZD_OK;
  for (uint16_t k = 0; k < info.base_count && !err; k++)
    err = check_base(old, new, index, zd_schema_param_base(new, index, k), fault);
  return err;
}

zd_err zd_parameters_add(zd_parameters *p, zd_slice text, bool *added, zd_fault *fault) {
  zd_parameters next = {0};
  *added = false;
  zd_err err = check_resource(text, fault);
  if (err) return err;
  zd_buffer_init(&next.text, 0);
  zd_buffer_init(&next.image, 0);
  zd_slice old = zd_buffer_slice(&p->text);
  zd_buffer_add_slice(&next.text, old);
  if (!append_line(&next.text, without_blanks(text))) err = zd_buffer_error(&next.text);
  zd_slice all = zd_buffer_slice(&next.text), line = zd_slice_from(all, old.n);
  line.n -= line.n > 0;
  if (!err && holds_line(old, line)) {
    zd_parameters_free(&next);
    return ZD_OK;
  }
  if (!err) err = compile(all, &next.image, &next.schema, fault);
  if (!err) err = check_new(p->schema, next.schema, fault);
  if (err) {
    zd_parameters_free(&next);
    return err;
  }
  zd_parameters_free(p);
  *p = next;
  *added = true;
  return ZD_OK;
}
