#include "rest/operation.h"

#include <stdio.h>

#include "rest/definition.h"

static const zd_operation own[] = {
    {.code = "everything",
     .type = "Patient",
     .at = ZD_AT_TYPE | ZD_AT_INSTANCE,
     .mixed = true,
     .parts = &zd_everything_parts},
    {.code = "everything",
     .type = "Encounter",
     .at = ZD_AT_INSTANCE,
     .mixed = true,
     .parts = &zd_everything_parts},
    {.code = "status",
     .type = "SearchParameter",
     .at = ZD_AT_INSTANCE,
     .run = zd_run_parameter_status},
    {.code = "lastn", .type = "Observation", .at = ZD_AT_TYPE, .run = zd_run_lastn},
    {.code = "fhirpath", .at = ZD_AT_SYSTEM, .run = zd_run_fhirpath},
    {.code = "validate",
     .at = ZD_AT_SYSTEM,
     .mixed = true,
     .any_body = true,
     .run = zd_run_validate},
    {.code = "validate",
     .type = "Resource",
     .at = ZD_AT_TYPE | ZD_AT_INSTANCE,
     .mixed = true,
     .any_body = true,
     .run = zd_run_validate},
    {.code = "stats", .type = "Observation", .at = ZD_AT_TYPE, .run = zd_run_stats},
};

const zd_operation *zd_operations_own(size_t *n) {
  *n = sizeof own / sizeof *own;
  return own;
}

static bool is_of(const zd_rest *r, const zd_operation *o, zd_type type) {
  if (type == ZD_NO_TYPE || !o->type) return type == ZD_NO_TYPE && !o->type;
  if (strcmp(o->type, "Resource") == 0) return zd_schema_is_resource(r->schema, type);
  return zd_slice_eq(zd_schema_type_info(r->schema, type).name, zd_slice_of(o->type));
}

const zd_operation *zd_operation_find(const zd_rest *r, zd_type type, zd_slice code, unsigned at) {
  for (size_t i = 0; i < r->operation_count; i++) {
    const zd_operation *o = &r->operations[i];
    if ((o->at & at) && is_of(r, o, type) && zd_slice_eq(zd_slice_of(o->code), code)) return o;
  }
  return NULL;
}

zd_slice zd_operation_places(const zd_rest *r, zd_slice code, zd_arena *arena) {
  static const char *const forms[] = {"$", "/$", "/[id]/$"};
  zd_slice list = {NULL, 0};
  for (size_t i = 0; i < r->operation_count; i++) {
    const zd_operation *o = &r->operations[i];
    for (unsigned level = 0; level < 3; level++) {
      if (!(o->at & 1u << level) || !zd_slice_eq(zd_slice_of(o->code), code)) continue;
      list = zd_arena_printf(arena, "%.*s%s%s%s%s", ZD_SV(list), list.n ? ", " : "",
                             level ? o->type : "", forms[level], o->code);
    }
  }
  return list;
}

/* All of an answer that could go out in parts. */
static void run_parts(zd_call *c, const zd_interaction *in, zd_answer *a) {
  enum { MOST = 64 << 20 };
  const zd_parts *parts = in->operation->parts;
  zd_fault fault = {0};
  bool whole = false;
  void *state = parts->open(c, in, a);
  if (!state) return;
  zd_err err = parts->more(state, &a->body, MOST, &whole, &fault);
  parts->close(state);
  if (err == ZD_OK && whole) return;
  zd_buffer_clear(&a->body);
  if (err == ZD_OK)
    zd_answer_fail(c, a, 503, ZD_ISSUE_TOO_COSTLY, (zd_slice){NULL, 0},
                   "the answer is larger than %d MiB; ask for it outside of a Bundle, or for pages "
                   "of it with _count",
                   MOST >> 20);
  else
    zd_answer_unanswered(c, a, err, &fault);
}

void zd_run_operation(zd_call *c, const zd_interaction *in, zd_answer *a) {
  if (in->operation->run)
    in->operation->run(c, in, a);
  else
    run_parts(c, in, a);
}

/* ---- arguments ---- */

bool zd_argument_refuse(zd_call *c, zd_answer *a, zd_slice name, zd_issue_code code,
                        const char *format, ...) {
  char text[400];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  zd_slice where = zd_arena_printf(c->arena, "http.%.*s", ZD_SV(name));
  zd_answer_fail(c, a, 400, code, where, "%s", text);
  return false;
}

/* Parameters.parameter: a name and a value. */
static bool read_parameter(zd_call *c, const zd_tree *t, uint32_t node, zd_argument *x,
                           zd_answer *a) {
  x->name = zd_node_child_text(t, node, ZD_S("name"), c->arena);
  if (zd_tree_child(t, node, ZD_S("resource")) || zd_tree_child(t, node, ZD_S("part")))
    return zd_argument_refuse(c, a, x->name, ZD_ISSUE_NOT_SUPPORTED,
                              "the parameter \"%.*s\" has a value, not a resource or parts",
                              ZD_SV(x->name));
  uint32_t value = zd_tree_child_path(t, node, ZD_S("value"));
  if (!value || (t->nodes[value].flags & ZD_NODE_NO_VALUE))
    return zd_argument_refuse(c, a, x->name, ZD_ISSUE_REQUIRED,
                              "the parameter \"%.*s\" has no value", ZD_SV(x->name));
  bool primitive = zd_schema_type_info(t->schema, t->nodes[value].type).kind == ZD_KIND_PRIMITIVE;
  x->node = value;
  if (primitive) x->text = zd_node_text(&t->nodes[value], c->arena);
  return !primitive || x->text.p ||
         zd_argument_refuse(c, a, x->name, ZD_ISSUE_EXCEPTION, "out of memory");
}

static bool read_tree(zd_call *c, const zd_interaction *in, zd_argument *list, size_t *n,
                      zd_answer *a) {
  const zd_tree *t = in->tree;
  for (uint32_t k = t ? zd_tree_first(t, in->root) : 0; k; k = zd_tree_next(t, in->root, k)) {
    zd_element e = t->nodes[k].element;
    if (!zd_slice_eq(zd_schema_element_info(t->schema, e).name, ZD_S("parameter"))) continue;
    if (!read_parameter(c, t, k, &list[(*n)++], a)) return false;
  }
  return true;
}

static size_t most_arguments(const zd_interaction *in) {
  size_t n = 1;
  const zd_tree *t = in->tree;
  for (size_t i = 0; i < in->query.n; i++) n += in->query.p[i] == '&';
  for (uint32_t k = t ? zd_tree_first(t, in->root) : 0; k; k = zd_tree_next(t, in->root, k)) n++;
  return n;
}

bool zd_arguments(zd_call *c, const zd_interaction *in, const zd_argument **out, size_t *n,
                  zd_answer *a) {
  zd_argument *list = ZD_NEW_ARRAY(c->arena, zd_argument, most_arguments(in));
  zd_slice rest = in->query;
  *n = 0;
  *out = list;
  if (!list) return zd_argument_refuse(c, a, ZD_S("query"), ZD_ISSUE_EXCEPTION, "out of memory");
  while (zd_next_parameter(&rest, c->arena, &list[*n].name, &list[*n].text)) {
    zd_argument *x = &list[(*n)++];
    if (!x->text.p) x->text = ZD_S("");
  }
  return read_tree(c, in, list, n, a);
}

void zd_argument_encode(zd_slice name, zd_slice value, zd_buffer *out) {
  if (out->n) zd_buffer_add_char(out, '&');
  const zd_slice parts[] = {name, value};
  for (size_t k = 0; k < 2; k++) {
    if (k) zd_buffer_add_char(out, '=');
    for (size_t i = 0; i < parts[k].n; i++) {
      unsigned char ch = (unsigned char)parts[k].p[i];
      bool plain = (ch >= '0' && ch <= '9') || (ch >= 'A' && ch <= 'Z') ||
                   (ch >= 'a' && ch <= 'z') || memchr("-._~:/,", ch, 7) != NULL;
      if (plain)
        zd_buffer_add_char(out, (char)ch);
      else
        zd_buffer_printf(out, "%%%02X", ch);
    }
  }
}
