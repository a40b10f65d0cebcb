/* route.c: method and path to an interaction (http.html#summary). */
#include "rest/operation.h"

enum { SEGMENTS = 5 };

typedef struct segments {
  zd_slice at[SEGMENTS];
  size_t n;
} segments;

/* Splits and percent-decodes; false when there are too many or one is empty or malformed. */
static bool split_path(zd_slice path, zd_arena *arena, segments *out) {
  out->n = 0;
  while (path.n) {
    size_t slash = zd_slice_find(path, '/');
    if (out->n == SEGMENTS) return false;
    zd_slice part = zd_http_decode((zd_slice){path.p, slash}, false, arena);
    if (!part.p || !part.n) return false;
    out->at[out->n++] = part;
    if (slash + 1 == path.n) return true; /* one slash at the end is tolerated */
    path = zd_slice_from(path, slash + 1);
  }
  return true;
}

/* FHIR id: [A-Za-z0-9\-\.]{1,64} (datatypes.html#id). */
static bool is_id(zd_slice s) {
  if (s.n < 1 || s.n > 64) return false;
  for (size_t i = 0; i < s.n; i++) {
    char ch = s.p[i];
    bool ok = (ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
              ch == '-' || ch == '.';
    if (!ok) return false;
  }
  return true;
}

static bool is_get(zd_slice method, zd_interaction *in) {
  in->head = zd_slice_eq(method, ZD_S("HEAD"));
  return in->head || zd_slice_eq(method, ZD_S("GET"));
}

/* Each route_* handles paths of one length; returns false when the method does not fit, having set
 * *allow to those that would. */
static bool route_system(zd_slice method, zd_interaction *in, const char **allow) {
  *allow = "GET, HEAD, POST";
  in->kind = ZD_SEARCH;
  if (is_get(method, in)) return true;
  in->kind = ZD_BUNDLE;
  return zd_slice_eq(method, ZD_S("POST"));
}

static bool route_type(zd_slice method, zd_interaction *in, const char **allow) {
  *allow = "GET, HEAD, POST, PUT, PATCH, DELETE";
  in->kind = ZD_SEARCH;
  if (is_get(method, in)) return true;
  in->kind = ZD_CREATE;
  if (zd_slice_eq(method, ZD_S("POST"))) return true;
  in->conditional = true;
  in->kind = ZD_UPDATE;
  if (zd_slice_eq(method, ZD_S("PUT"))) return true;
  in->kind = ZD_PATCH;
  if (zd_slice_eq(method, ZD_S("PATCH"))) return true;
  in->kind = ZD_DELETE;
  return zd_slice_eq(method, ZD_S("DELETE"));
}

static bool route_instance(zd_slice method, zd_interaction *in, const char **allow) {
  *allow = "GET, HEAD, PUT, PATCH, DELETE";
  in->kind = ZD_READ;
  if (is_get(method, in)) return true;
  in->kind = ZD_UPDATE;
  if (zd_slice_eq(method, ZD_S("PUT"))) return true;
  in->kind = ZD_PATCH;
  if (zd_slice_eq(method, ZD_S("PATCH"))) return true;
  in->kind = ZD_DELETE;
  return zd_slice_eq(method, ZD_S("DELETE"));
}

static bool route_only_get(zd_slice method, zd_kind kind, zd_interaction *in, const char **allow) {
  *allow = "GET, HEAD";
  in->kind = kind;
  return is_get(method, in);
}

static bool route_post_search(zd_slice method, zd_interaction *in, const char **allow) {
  *allow = "POST";
  in->kind = ZD_SEARCH;
  return zd_slice_eq(method, ZD_S("POST"));
}

/* [base]/Patient/1/Observation, or with a star for the type: search in a compartment
 * (http.html#vsearch). A name that is none is told by take_names. */
static bool is_compartment(const zd_call *c, const segments *s) {
  zd_slice name = s->n > 2 ? s->at[2] : (zd_slice){NULL, 0};
  if (s->n == 4 && !zd_slice_eq(s->at[3], ZD_S("_search"))) return false;
  if (s->n < 3 || s->n > 4) return false;
  zd_type type = zd_schema_type(c->rest->schema, name);
  return zd_slice_eq(name, ZD_S("*")) ||
         (type != ZD_NO_TYPE && zd_schema_is_resource(c->rest->schema, type));
}

static bool route_compartment(zd_slice method, const segments *s, zd_interaction *in,
                              const char **allow) {
  if (s->n == 4) return route_post_search(method, in, allow);
  *allow = "GET, HEAD";
  in->kind = ZD_SEARCH;
  return is_get(method, in);
}

static bool is_operation(zd_slice s) {
  return s.n > 1 && s.p[0] == '$';
}

/* [base]/$x, [base]/Patient/$x, [base]/Patient/1/$x. What is not offered is told by take_names. */
static bool route_operation(const zd_call *c, zd_slice method, const segments *s,
                            zd_interaction *in, const char **allow) {
  static const unsigned levels[] = {ZD_AT_SYSTEM, ZD_AT_TYPE, ZD_AT_INSTANCE};
  zd_slice code = zd_slice_from(s->at[s->n - 1], 1);
  zd_type type = s->n > 1 ? zd_schema_type(c->rest->schema, s->at[0]) : ZD_NO_TYPE;
  in->kind = ZD_OPERATION;
  if (s->n == 1 || type != ZD_NO_TYPE)
    in->operation = zd_operation_find(c->rest, type, code, levels[s->n - 1]);
  *allow = in->operation && in->operation->affects ? "POST" : "GET, HEAD, POST";
  return !in->operation || zd_slice_eq(method, ZD_S("POST")) ||
         (!in->operation->affects && is_get(method, in));
}

/* "_history/3": version ids are our own decimal numbers; anything else was never given out. */
static uint64_t version_number(zd_slice s) {
  uint64_t v = 0;
  if (!s.n || s.n > 18) return 0;
  for (size_t i = 0; i < s.n; i++) {
    if (s.p[i] < '0' || s.p[i] > '9') return 0;
    v = v * 10 + (uint64_t)(s.p[i] - '0');
  }
  return v;
}

static bool refuse_segment(zd_call *c, zd_answer *a, zd_slice segment) {
  if (segment.n && segment.p[0] == '$') {
    zd_slice places = zd_operation_places(c->rest, zd_slice_from(segment, 1), c->arena);
    zd_answer_fail(c, a, 404, ZD_ISSUE_NOT_SUPPORTED, ZD_S("http.path"),
                   "the operation %.*s is not offered here%s%.*s", ZD_SV(segment),
                   places.n ? "; it is at " : "", ZD_SV(places));
  } else {
    zd_answer_fail(c, a, 404, ZD_ISSUE_NOT_FOUND, ZD_S("http.path"),
                   "there is nothing at this path: \"%.*s\" is not understood", ZD_SV(segment));
  }
  return false;
}

static bool take_type(zd_call *c, zd_slice name, zd_interaction *in, zd_answer *a) {
  in->type = zd_schema_type(c->rest->schema, name);
  if (in->type != ZD_NO_TYPE && zd_schema_is_resource(c->rest->schema, in->type)) return true;
  if (name.n && name.p[0] == '$') return refuse_segment(c, a, name);
  zd_answer_fail(c, a, 404, ZD_ISSUE_NOT_SUPPORTED, ZD_S("http.path"),
                 "\"%.*s\" is not a resource type of FHIR R4", ZD_SV(name));
  return false;
}

static bool take_id(zd_call *c, zd_slice id, zd_interaction *in, zd_answer *a) {
  in->id = id;
  if (is_id(id)) return true;
  if (id.n && (id.p[0] == '$' || id.p[0] == '_')) return refuse_segment(c, a, id);
  zd_answer_fail(c, a, 400, ZD_ISSUE_VALUE, ZD_S("http.path"),
                 "\"%.*s\" cannot be a resource id: 1 to 64 letters, digits, '-' and '.'",
                 ZD_SV(id));
  return false;
}

static bool take_version(zd_call *c, zd_slice text, zd_interaction *in, zd_answer *a) {
  in->version = version_number(text);
  if (in->version) return true;
  zd_answer_fail(c, a, 404, ZD_ISSUE_NOT_FOUND, ZD_S("http.path"), "there is no version \"%.*s\"",
                 ZD_SV(text));
  return false;
}

/* Whether the compartment is defined, and the type may be in it (compartmentdefinition.html). */
static bool take_compartment(zd_call *c, const segments *s, zd_interaction *in, zd_answer *a) {
  const zd_schema *schema = c->rest->schema;
  in->compartment = in->type;
  in->type = ZD_NO_TYPE;
  zd_slice name = zd_schema_type_info(schema, in->compartment).name, inside = s->at[2];
  bool any = false, fits = false;
  for (zd_type t = 0; t < zd_schema_type_count(schema); t++) {
    if (!zd_schema_is_resource(schema, t) ||
        !zd_schema_compartment(schema, in->compartment, t, NULL, 0))
      continue;
    any = true;
    if (zd_slice_eq(zd_schema_type_info(schema, t).name, inside)) fits = true;
  }
  if (!zd_slice_eq(inside, ZD_S("*"))) in->type = zd_schema_type(schema, inside);
  if (any && (fits || in->type == ZD_NO_TYPE || in->type == in->compartment)) return true;
  zd_answer_fail(c, a, 404, ZD_ISSUE_NOT_FOUND, ZD_S("http.path"),
                 any ? "FHIR R4 puts no %.*s into the compartment of a %.*s"
                     : "FHIR R4 defines no compartment with %.*s of a %.*s",
                 ZD_SV(inside), ZD_SV(name));
  return false;
}

static bool method_fits(zd_call *c, zd_slice method, const segments *s, zd_interaction *in,
                        const char **allow) {
  zd_slice last = s->n ? s->at[s->n - 1] : (zd_slice){NULL, 0};
  if (s->n == 0) return route_system(method, in, allow);
  if (s->n <= 3 && is_operation(last)) return route_operation(c, method, s, in, allow);
  if (s->n == 1 && zd_slice_eq(last, ZD_S("metadata")))
    return route_only_get(method, ZD_CAPABILITIES, in, allow);
  if (s->n <= 3 && zd_slice_eq(last, ZD_S("_history")))
    return route_only_get(method, ZD_HISTORY, in, allow);
  if (s->n <= 2 && zd_slice_eq(last, ZD_S("_search"))) return route_post_search(method, in, allow);
  if (is_compartment(c, s)) return route_compartment(method, s, in, allow);
  if (s->n == 1) return route_type(method, in, allow);
  if (s->n == 2) return route_instance(method, in, allow);
  return route_only_get(method, ZD_VREAD, in, allow);
}

/* Type, id and version segments; the words (_history, _search, metadata) were seen by method_fits.
 */
static bool take_names(zd_call *c, const segments *s, zd_interaction *in, zd_answer *a) {
  size_t n = s->n;
  bool operation = in->kind == ZD_OPERATION;
  if (operation) n--;
  if (n && (in->kind == ZD_CAPABILITIES ||
            ((in->kind == ZD_HISTORY || in->kind == ZD_SEARCH) && s->at[n - 1].p[0] == '_')))
    n--;
  if (n > 0 && !take_type(c, s->at[0], in, a)) return false;
  if (n > 1 && !take_id(c, s->at[1], in, a)) return false;
  if (operation && !in->operation) return refuse_segment(c, a, s->at[n]);
  if (n <= 2) return true;
  if (is_compartment(c, s)) return take_compartment(c, s, in, a);
  if (n == 4 && zd_slice_eq(s->at[2], ZD_S("_history"))) return take_version(c, s->at[3], in, a);
  return refuse_segment(c, a, s->at[2]);
}

bool zd_route(zd_call *c, zd_slice method, zd_slice path, zd_interaction *in, zd_answer *a,
              const char **allow) {
  segments s;
  in->type = ZD_NO_TYPE;
  *allow = NULL;
  if (!split_path(path, c->arena, &s)) {
    zd_answer_fail(c, a, 404, ZD_ISSUE_NOT_FOUND, ZD_S("http.path"),
                   "there is nothing at this path");
    return false;
  }
  bool fits = method_fits(c, method, &s, in, allow);
  if (!take_names(c, &s, in, a)) {
    *allow = NULL;
    return false;
  }
  if (fits) {
    *allow = NULL;
    return true;
  }
  zd_answer_fail(c, a, 405, ZD_ISSUE_NOT_SUPPORTED, ZD_S("http.method"),
                 "%.*s is not offered here; offered: %s", ZD_SV(method), *allow);
  return false;
}
