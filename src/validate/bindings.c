/* bindings.c: codes against value sets and code systems. */
#include <ctype.h>
#include <strings.h>

#include "ucum/ucum.h"
#include "validate/run.h"

/* ---- code systems ---- */

static bool holds_code(const zd_schema *s, uint32_t system, const zd_code_system_info *info,
                       zd_slice code) {
  uint32_t low = 0, high = info->count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    int order = zd_slice_cmp(zd_schema_code_system_code(s, system, middle), code);
    if (!order) return true;
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  if (info->case_sensitive) return false;
  for (uint32_t k = 0; k < info->count; k++) {
    zd_slice x = zd_schema_code_system_code(s, system, k);
    if (x.n == code.n && strncasecmp(x.p, code.p, x.n) == 0) return true;
  }
  return false;
}

/* type/subtype; parameters may follow. The short names are those of _format (R4 http.html). */
static bool is_media_type(zd_slice code) {
  static const char *const names[] = {"xml", "json", "ttl", "html"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (zd_slice_eq(code, zd_slice_of(names[i]))) return true;
  size_t slash = zd_slice_find(code, '/');
  return slash > 0 && slash + 1 < code.n && zd_slice_find(code, ' ') > slash;
}

/* BCP 47 by form: parts of one to eight letters and digits, the first of letters. */
static bool is_language(zd_slice code) {
  size_t part = 0;
  bool first = true;
  for (size_t i = 0; i <= code.n; i++) {
    if (i == code.n || code.p[i] == '-') {
      if (part == 0 || part > 8) return false;
      part = 0, first = false;
      continue;
    }
    if (!(first ? isalpha((unsigned char)code.p[i]) : isalnum((unsigned char)code.p[i])))
      return false;
    part++;
  }
  return true;
}

/* Systems whose codes follow a grammar: 1, 0; -1: not one of them. */
static int by_grammar(zd_slice system, zd_slice code) {
  if (zd_slice_eq(system, ZD_S("http://unitsofmeasure.org")))
    return zd_ucum_check(code, NULL) == ZD_OK;
  if (zd_slice_eq(system, ZD_S("urn:ietf:bcp:13"))) return is_media_type(code);
  if (zd_slice_eq(system, ZD_S("urn:ietf:bcp:47"))) return is_language(code);
  return -1;
}

static int ask_world(zd_run *r, zd_slice value_set, zd_slice system, zd_slice version,
                     zd_slice code) {
  int answer = -1;
  const zd_validate_world *world = r->how->world;
  if (!world || !world->member) return -1;
  zd_err err =
      world->member(world->state, value_set, system, version, code, r->arena, &answer, &r->fault);
  if (err && !r->err) r->err = err;
  return answer;
}

/* Has the system this code: 1, 0, -1 not known. */
static int in_system(zd_run *r, zd_slice system, zd_slice version, zd_slice code) {
  int answer = by_grammar(system, code);
  if (answer >= 0) return answer;
  uint32_t i = zd_schema_code_system_find(r->schema, system);
  if (i == UINT32_MAX) return ask_world(r, (zd_slice){NULL, 0}, system, version, code);
  zd_code_system_info info = zd_schema_code_system(r->schema, i);
  if (holds_code(r->schema, i, &info, code)) return 1;
  if (info.content == ZD_CODES_COMPLETE && info.count) return 0;
  return ask_world(r, (zd_slice){NULL, 0}, system, version, code);
}

/* An absolute address that is not one of a value set (R4 datatypes.html#Coding). */
static bool is_system(zd_run *r, uint32_t node, zd_slice system) {
  bool relative = zd_slice_find(system, ':') == system.n;
  bool set = zd_schema_value_set_find(r->schema, system) != UINT32_MAX &&
             zd_schema_code_system_find(r->schema, system) == UINT32_MAX;
  if (!relative && !set) return true;
  zd_run_say(r, (zd_subject){zd_tree_child(r->tree, node, ZD_S("system")), NULL, 0},
             &(zd_say){.severity = ZD_ERROR,
                       .code = ZD_ISSUE_CODE_INVALID,
                       .message = relative ? ZD_SAY_SYSTEM_RELATIVE : ZD_SAY_SYSTEM_VALUE_SET,
                       .text = {system},
                       .source = ZD_S("http://hl7.org/fhir/StructureDefinition/Coding")});
  return false;
}

void zd_check_coding(zd_run *r, uint32_t node) {
  zd_slice system = zd_run_child_text(r, r->tree, node, ZD_S("system"));
  zd_slice code = zd_run_child_text(r, r->tree, node, ZD_S("code"));
  zd_slice version = zd_run_child_text(r, r->tree, node, ZD_S("version"));
  if (system.p && !is_system(r, node, system)) return;
  if (!system.p || !code.p || version.p) return;
  if (in_system(r, system, version, code) != 0) return;
  zd_run_say(r, (zd_subject){zd_tree_child(r->tree, node, ZD_S("code")), NULL, 0},
             &(zd_say){.severity = ZD_ERROR,
                       .code = ZD_ISSUE_CODE_INVALID,
                       .message = ZD_SAY_CODE_UNKNOWN,
                       .text = {code, system},
                       .source = system});
}

/* ---- value sets ---- */

/* In the codes of an enumerable set; a primitive has no system: any will do. */
static bool in_codes(const zd_schema *s, uint32_t set, uint32_t count, zd_slice system, bool any,
                     zd_slice code) {
  uint32_t low = 0, high = count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (zd_slice_cmp(zd_schema_value_set_code(s, set, middle).code, code) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  for (; low < count; low++) {
    zd_coded x = zd_schema_value_set_code(s, set, low);
    if (!zd_slice_eq(x.code, code)) return false;
    if (any || !x.system.p || zd_slice_eq(x.system, system)) return true;
  }
  return false;
}

/* Sets that a grammar decides. */
static int in_special(zd_slice set, zd_slice code) {
  set.n = zd_slice_find(set, '|');
  if (zd_slice_eq(set, ZD_S("http://hl7.org/fhir/ValueSet/mimetypes"))) return is_media_type(code);
  if (zd_slice_eq(set, ZD_S("http://hl7.org/fhir/ValueSet/all-languages")))
    return is_language(code);
  if (zd_slice_eq(set, ZD_S("http://hl7.org/fhir/ValueSet/ucum-units")))
    return zd_ucum_check(code, NULL) == ZD_OK;
  return -1;
}

static int in_set(zd_run *r, zd_slice set, zd_slice system, zd_slice version, zd_slice code,
                  bool any) {
  uint32_t i = zd_schema_value_set_find(r->schema, set);
  if (i != UINT32_MAX) {
    zd_value_set_info info = zd_schema_value_set(r->schema, i);
    if (info.enumerable) return in_codes(r->schema, i, info.count, system, any, code);
  }
  int answer = in_special(set, code);
  return answer >= 0 ? answer : ask_world(r, set, system, version, code);
}

static int coding_in_set(zd_run *r, const zd_tree *tree, uint32_t node, zd_slice set) {
  zd_slice code = zd_run_child_text(r, tree, node, ZD_S("code"));
  if (!code.p) return 0;
  return in_set(r, set, zd_run_child_text(r, tree, node, ZD_S("system")),
                zd_run_child_text(r, tree, node, ZD_S("version")), code, false);
}

int zd_in_value_set(zd_run *r, const zd_tree *tree, uint32_t node, zd_slice set) {
  zd_type type = tree->nodes[node].type;
  zd_slice none = {NULL, 0};
  if (tree->nodes[node].p) return in_set(r, set, none, none, zd_run_text(r, tree, node), true);
  if (type == r->v->coding || zd_schema_is_a(r->schema, type, r->v->quantity))
    return coding_in_set(r, tree, node, set);
  if (type != r->v->concept) return -1;
  int answer = 0;
  for (uint32_t c = zd_tree_first(tree, node); c; c = zd_tree_next(tree, node, c)) {
    if (tree->nodes[c].type != r->v->coding) continue;
    int one = coding_in_set(r, tree, c, set);
    if (one == 1) return 1;
    if (one < 0) answer = -1;
  }
  return answer;
}

/* ---- bindings ---- */

/* "system#code" of the first code; absent: there is none. */
static zd_slice code_text(zd_run *r, uint32_t node) {
  const zd_node *x = &r->tree->nodes[node];
  if (x->p) return zd_run_text(r, r->tree, node);
  if (x->type == r->v->concept) {
    uint32_t coding = zd_tree_child(r->tree, node, ZD_S("coding"));
    return coding ? code_text(r, coding) : (zd_slice){NULL, 0};
  }
  zd_slice system = zd_run_child_text(r, r->tree, node, ZD_S("system"));
  zd_slice code = zd_run_child_text(r, r->tree, node, ZD_S("code"));
  if (!code.p) return code;
  return zd_arena_printf(r->arena, "%.*s%s%.*s", ZD_SV(system), system.p ? "#" : "", ZD_SV(code));
}

static bool is_coded(const zd_run *r, const zd_node *x) {
  return x->p || x->type == r->v->concept || x->type == r->v->coding ||
         zd_schema_is_a(r->schema, x->type, r->v->quantity);
}

static void say(zd_run *r, zd_subject about, zd_severity severity, zd_message message,
                zd_slice code, zd_slice set) {
  zd_run_say(
      r, about,
      &(zd_say){.severity = severity,
                .code = severity == ZD_INFORMATION ? ZD_ISSUE_NOT_SUPPORTED : ZD_ISSUE_CODE_INVALID,
                .message = message,
                .text = {code, set}});
}

static void check_set(zd_run *r, zd_subject about, zd_slice set, zd_severity severity,
                      zd_message message, zd_slice code) {
  int answer = zd_in_value_set(r, r->tree, about.node, set);
  if (answer == 0) say(r, about, severity, message, code, set);
  if (answer < 0) say(r, about, ZD_INFORMATION, ZD_SAY_BINDING_UNKNOWN, code, set);
}

void zd_check_binding(zd_run *r, const zd_rules *rules, uint32_t row, uint32_t node) {
  const zd_profile_element *e = &rules->rows[row].e;
  const zd_node *x = &r->tree->nodes[node];
  zd_subject about = {node, rules, row};
  if (!is_coded(r, x)) return;
  /* The reader has looked at codes with a required binding. */
  if (x->p && (rules->info.flags & ZD_PROFILE_TYPE) && e->binding == ZD_BINDING_REQUIRED &&
      zd_schema_bound_value_set(r->schema, x->element) != UINT32_MAX &&
      zd_schema_bound_code(r->schema, x->element, zd_run_text(r, r->tree, node)) >= 0)
    return;
  zd_slice code = code_text(r, node);
  bool required = e->binding == ZD_BINDING_REQUIRED;
  if (!code.p) {
    bool quantity = x->type != r->v->concept && x->type != r->v->coding;
    if (required && e->value_set.p && !quantity)
      say(r, about, ZD_ERROR, ZD_SAY_BINDING_EMPTY, code, e->value_set);
    return;
  }
  if (e->value_set.p && (required || e->binding == ZD_BINDING_EXTENSIBLE))
    check_set(r, about, e->value_set, required ? ZD_ERROR : ZD_WARNING,
              required ? ZD_SAY_BINDING_REQUIRED : ZD_SAY_BINDING_EXTENSIBLE, code);
  if (e->max_value_set.p)
    check_set(r, about, e->max_value_set, ZD_ERROR, ZD_SAY_BINDING_MAXIMUM, code);
}
