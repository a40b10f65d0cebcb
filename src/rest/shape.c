/* shape.c: the parameters every interaction may carry: _format, _pretty, _summary, _elements
 * (http.html#general). */
#include "rest/format.h"
#include "rest/operation.h"

static bool take_format(zd_call *c, zd_slice v, zd_interaction *in, zd_answer *a) {
  zd_format format = zd_format_named(v);
  in->xml = format == ZD_FORMAT_XML;
  if (format != ZD_FORMAT_NONE) return true;
  zd_answer_fail(
      c, a, 406, ZD_ISSUE_NOT_SUPPORTED, ZD_S("http._format"),
      "the format \"%.*s\" is not offered; offered: application/fhir+json, application/fhir+xml",
      ZD_SV(v));
  return false;
}

static bool take_pretty(zd_call *c, zd_slice v, zd_interaction *in, zd_answer *a) {
  in->pretty = zd_slice_eq(v, ZD_S("true"));
  if (in->pretty || zd_slice_eq(v, ZD_S("false"))) return true;
  zd_answer_fail(c, a, 400, ZD_ISSUE_VALUE, ZD_S("http._pretty"),
                 "_pretty is true or false, not \"%.*s\"", ZD_SV(v));
  return false;
}

static bool take_summary(zd_call *c, zd_slice v, zd_interaction *in, zd_answer *a) {
  static const struct {
    const char *word;
    zd_summary summary;
    bool count;
  } words[] = {{"true", ZD_SUMMARY_TRUE, false},
               {"text", ZD_SUMMARY_TEXT, false},
               {"data", ZD_SUMMARY_DATA, false},
               {"false", ZD_SUMMARY_NONE, false},
               {"count", ZD_SUMMARY_NONE, true}};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (!zd_slice_eq(v, zd_slice_of(words[i].word))) continue;
    if (words[i].count && in->kind != ZD_SEARCH && in->kind != ZD_HISTORY) break;
    in->summary = words[i].summary;
    in->summary_count = words[i].count;
    return true;
  }
  zd_answer_fail(c, a, 400, ZD_ISSUE_VALUE, ZD_S("http._summary"),
                 "_summary is true, text, data, count (searches) or false, not \"%.*s\"", ZD_SV(v));
  return false;
}

/* "_elements=name,Patient.birthDate": the names are checked when the type is known. */
static bool take_elements(zd_call *c, zd_slice v, zd_interaction *in, zd_answer *a) {
  size_t n = 1;
  for (size_t i = 0; i < v.n; i++) n += v.p[i] == ',';
  zd_slice *list = ZD_NEW_ARRAY(c->arena, zd_slice, n);
  if (!list) {
    zd_answer_fail(c, a, 500, ZD_ISSUE_EXCEPTION, ZD_S("http._elements"), "out of memory");
    return false;
  }
  for (size_t i = 0; i < n; i++) {
    size_t comma = zd_slice_find(v, ',');
    list[i] = (zd_slice){v.p, comma};
    v = zd_slice_from(v, comma + 1);
    if (list[i].n) continue;
    zd_answer_fail(c, a, 400, ZD_ISSUE_VALUE, ZD_S("http._elements"),
                   "_elements has an empty name in its list");
    return false;
  }
  in->elements = list;
  in->element_count = n;
  return true;
}

/* What kind of statement is wanted (http.html#capabilities). */
static bool take_mode(zd_call *c, zd_slice v, zd_answer *a) {
  if (zd_slice_eq(v, ZD_S("full"))) return true;
  zd_answer_fail(c, a, 400, ZD_ISSUE_NOT_SUPPORTED, ZD_S("http.mode"),
                 "mode: full is offered, not \"%.*s\"", ZD_SV(v));
  return false;
}

/* 1: taken; 0: not one of ours; -1: refused. */
static int take(zd_call *c, zd_slice name, zd_slice v, zd_interaction *in, zd_answer *a) {
  if (zd_slice_eq(name, ZD_S("_format"))) return take_format(c, v, in, a) ? 1 : -1;
  if (zd_slice_eq(name, ZD_S("_pretty"))) return take_pretty(c, v, in, a) ? 1 : -1;
  if (zd_slice_eq(name, ZD_S("_summary"))) return take_summary(c, v, in, a) ? 1 : -1;
  if (zd_slice_eq(name, ZD_S("_elements"))) return take_elements(c, v, in, a) ? 1 : -1;
  if (in->kind == ZD_CAPABILITIES && zd_slice_eq(name, ZD_S("mode")))
    return take_mode(c, v, a) ? 1 : -1;
  return 0;
}

/* A name that the type asked for does not have is a mistake; where types are mixed, each takes what
 * it has. Choices go by either name: value[x], value, valueQuantity. */
static bool names_element(const zd_call *c, zd_type type, zd_slice name) {
  const zd_schema *schema = c->rest->schema;
  zd_type_info info = zd_schema_type_info(schema, type);
  zd_slice prefix = info.name;
  if (zd_slice_starts(name, prefix) && name.n > prefix.n && name.p[prefix.n] == '.')
    name = zd_slice_from(name, prefix.n + 1);
  for (uint16_t k = 0; k < info.count; k++)
    if (zd_slice_eq(zd_schema_element_info(schema, (zd_element)(info.first + k)).path, name))
      return true;
  return zd_schema_child(schema, type, name) != ZD_NO_ELEMENT;
}

static bool elements_exist(zd_call *c, const zd_interaction *in, zd_answer *a) {
  zd_type type = in->type;
  if (in->kind == ZD_CAPABILITIES)
    type = zd_schema_type(c->rest->schema, ZD_S("CapabilityStatement"));
  if (type == ZD_NO_TYPE || in->lenient) return true;
  if (in->kind == ZD_OPERATION && in->operation->mixed) return true;
  for (size_t i = 0; i < in->element_count; i++) {
    if (names_element(c, type, in->elements[i])) continue;
    zd_answer_fail(c, a, 400, ZD_ISSUE_VALUE, ZD_S("http._elements"),
                   "%.*s has no element \"%.*s\"",
                   ZD_SV(zd_schema_type_info(c->rest->schema, type).name), ZD_SV(in->elements[i]));
    return false;
  }
  return true;
}

static bool has_own_parameters(const zd_interaction *in) {
  return in->kind == ZD_SEARCH || in->kind == ZD_HISTORY || in->kind == ZD_OPERATION ||
         (in->conditional && in->kind != ZD_CREATE);
}

static void keep(zd_buffer *list, const char *p, size_t n) {
  if (list->n) zd_buffer_add_char(list, '&');
  zd_buffer_add(list, p, n);
}

bool zd_shape(zd_call *c, zd_interaction *in, zd_answer *a) {
  zd_buffer kept, shaped;
  zd_buffer_init(&kept, 0);
  zd_buffer_init(&shaped, 0);
  zd_slice rest = in->query, name, value;
  bool fine = true;
  while (fine && rest.n) {
    while (rest.n && rest.p[0] == '&') rest = zd_slice_from(rest, 1);
    zd_slice before = rest;
    if (!zd_next_parameter(&rest, c->arena, &name, &value)) break;
    if (!name.p) {
      zd_answer_fail(c, a, 400, ZD_ISSUE_VALUE, ZD_S("http.query"),
                     "the query is not properly percent-encoded");
      fine = false;
      break;
    }
    if (!zd_text_is_clean(name) || !zd_text_is_clean(value)) {
      zd_answer_fail(c, a, 400, ZD_ISSUE_VALUE, ZD_S("http.query"), "the query is not UTF-8");
      fine = false;
      break;
    }
    int taken = take(c, name, value, in, a);
    if (taken < 0) fine = false;
    if (taken > 0) keep(&shaped, before.p, before.n - rest.n);
    if (taken != 0) continue;
    if (has_own_parameters(in)) {
      keep(&kept, before.p, before.n - rest.n);
    } else if (!in->lenient) {
      zd_slice where = zd_arena_printf(c->arena, "http.%.*s", ZD_SV(name));
      zd_answer_fail(c, a, 400, ZD_ISSUE_NOT_SUPPORTED, where,
                     "the parameter \"%.*s\" means nothing for this interaction", ZD_SV(name));
      fine = false;
    }
  }
  in->query = zd_arena_copy(c->arena, zd_buffer_slice(&kept));
  in->shape_query = zd_arena_copy(c->arena, zd_buffer_slice(&shaped));
  zd_buffer_free(&kept);
  zd_buffer_free(&shaped);
  return fine && elements_exist(c, in, a);
}
