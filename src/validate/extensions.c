/* extensions.c: is an extension known, may it stand where it stands, is it what it is defined to be
 * (R4 extensibility.html, defining-extensions.html). */
#include "validate/run.h"

static void say(zd_run *r, uint32_t node, zd_severity severity, zd_message message, zd_slice a,
                zd_slice b) {
  zd_run_say(r, (zd_subject){node, NULL, 0},
             &(zd_say){.severity = severity,
                       .code = ZD_ISSUE_EXTENSION,
                       .message = message,
                       .text = {a, b},
                       .source = a});
}

static bool is_absolute(zd_slice url) {
  return zd_slice_find(url, ':') < url.n;
}

/* ---- context ---- */

static zd_slice without_choice(zd_slice path) {
  if (zd_slice_ends(path, ZD_S("[x]"))) path.n -= 3;
  return path;
}

/* "Patient.contact", "HumanName.family": the element in its owner, or what the owner derives from.
 */
static bool is_element(const zd_run *r, uint32_t node, zd_slice path) {
  zd_element e = r->tree->nodes[node].element;
  if (e == ZD_NO_ELEMENT) return false;
  zd_element_info info = zd_schema_element_info(r->schema, e);
  path = without_choice(path);
  if (path.n <= info.path.n || !zd_slice_ends(path, info.path) ||
      path.p[path.n - info.path.n - 1] != '.')
    return false;
  zd_slice owner = {path.p, path.n - info.path.n - 1};
  for (zd_type t = info.owner; t != ZD_NO_TYPE;) {
    zd_type_info type = zd_schema_type_info(r->schema, t);
    if (zd_slice_eq(type.name, owner)) return true;
    t = type.base;
  }
  return false;
}

static bool is_type(const zd_run *r, uint32_t node, zd_slice name) {
  for (zd_type t = r->tree->nodes[node].type; t != ZD_NO_TYPE;) {
    zd_type_info type = zd_schema_type_info(r->schema, t);
    if (zd_slice_eq(type.name, name)) return true;
    t = type.base;
  }
  /* Published extensions say Element where they mean resources, too. */
  return zd_slice_eq(name, ZD_S("Element"));
}

/* A path of FHIRPath from the resource, or from any type. */
static bool is_at_path(zd_run *r, uint32_t node, zd_slice expression) {
  uint32_t resource = zd_resource_of(r, r->tree, node);
  const zd_fhirpath *program;
  zd_fhirpath_items items;
  zd_fhirpath_world world;
  zd_fhirpath_env env;
  zd_fhirpath_options how = {
      .schema = r->schema, .context = r->tree->nodes[resource].type, .lenient = true};
  zd_run_environment(r, &world, &env);
  if (zd_fhirpath_compile(&how, expression, r->arena, &program, NULL) != ZD_OK ||
      zd_fhirpath_eval(program, &env, r->tree, resource, r->arena, &items, NULL) != ZD_OK)
    return true; /* what is not understood is not held against it */
  for (size_t i = 0; i < items.n; i++)
    if (items.items[i].kind == ZD_FP_NODE && items.items[i].n == node) return true;
  return false;
}

static bool in_context(zd_run *r, zd_profile_context c, uint32_t parent, zd_slice parent_url) {
  switch (c.kind) {
    case ZD_CONTEXT_FHIRPATH:
      return is_at_path(r, parent, c.expression);
    case ZD_CONTEXT_ELEMENT: {
      zd_slice path = c.expression;
      size_t hash = zd_slice_find(path, '#');
      if (hash < path.n) path = zd_slice_from(path, hash + 1);
      return is_type(r, parent, path) || is_element(r, parent, path) ||
             zd_slice_starts(path, ZD_S("http"));
    }
    case ZD_CONTEXT_EXTENSION:
      return parent_url.p && zd_slice_eq(c.expression, parent_url);
    case ZD_CONTEXT_INVARIANT:
      break;
  }
  return false;
}

/* Extensions that the published definitions themselves have in other places than they define. */
static bool is_misplaced(zd_slice url) {
  static const char *const names[] = {"structuredefinition-fhir-type",
                                      "structuredefinition-normative-version", "regex",
                                      "valueset-concept-comments", "translation"};
  zd_slice core = ZD_S("http://hl7.org/fhir/StructureDefinition/");
  if (!zd_slice_starts(url, core)) return false;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (zd_slice_eq(zd_slice_from(url, core.n), zd_slice_of(names[i]))) return true;
  return false;
}

/* contextInvariant: FHIRPath on the element that the extension stands in. */
static void check_context_invariant(zd_run *r, uint32_t node, uint32_t parent, zd_slice url,
                                    zd_slice expression) {
  const zd_fhirpath *program;
  zd_fhirpath_world world;
  zd_fhirpath_env env;
  int answer = 1;
  zd_fhirpath_options how = {.schema = r->schema, .context = r->tree->nodes[parent].type};
  zd_run_environment(r, &world, &env);
  if (zd_fhirpath_compile(&how, expression, r->arena, &program, NULL) != ZD_OK ||
      zd_fhirpath_test(program, &env, r->tree, parent, r->arena, &answer, NULL) != ZD_OK)
    return;
  if (answer == 0) say(r, node, ZD_ERROR, ZD_SAY_EXTENSION_CONTEXT, url, expression);
}

static void check_context(zd_run *r, uint32_t node, uint32_t parent, uint32_t profile,
                          zd_slice url) {
  zd_profile_info info = zd_schema_profile(r->schema, profile);
  zd_slice parent_url = {NULL, 0}, list = {"", 0};
  uint32_t places = 0;
  uint32_t holder = parent; /* of an extension, or of the value of one */
  if (r->tree->nodes[parent].type != r->v->extension && r->depth >= 3)
    holder = r->path[r->depth - 3];
  if (r->tree->nodes[holder].type == r->v->extension)
    parent_url = zd_run_child_text(r, r->tree, holder, ZD_S("url"));
  for (uint32_t k = 0; k < info.context_count; k++) {
    zd_profile_context c = zd_schema_profile_context(r->schema, profile, k);
    if (c.kind == ZD_CONTEXT_INVARIANT) {
      check_context_invariant(r, node, parent, url, c.expression);
      continue;
    }
    if (is_misplaced(url)) return;
    if (in_context(r, c, parent, parent_url)) return;
    list = zd_arena_printf(r->arena, "%.*s%s%.*s", ZD_SV(list), places++ ? ", " : "",
                           ZD_SV(c.expression));
  }
  if (places) say(r, node, ZD_ERROR, ZD_SAY_EXTENSION_CONTEXT, url, list);
}

/* ---- the definition ---- */

/* A part of an extension: its definition has a slice of that url. */
static void check_part(zd_run *r, uint32_t node, uint32_t parent, zd_slice url) {
  zd_slice whole = zd_run_child_text(r, r->tree, parent, ZD_S("url"));
  uint32_t p = whole.p ? zd_schema_profile_find(r->schema, whole) : UINT32_MAX;
  if (p == UINT32_MAX) return;
  const zd_rules *rules = zd_rules_of(r->v, p);
  for (uint32_t k = rules ? rules->rows[0].first : ZD_PE_NONE; k != ZD_PE_NONE;
       k = rules->rows[k].next) {
    if (!rules->rows[k].e.slice.p || rules->rows[k].e.element != r->tree->nodes[node].element)
      continue;
    if (zd_slice_takes(r, rules, ZD_PE_NONE, k, node) != 0) return;
  }
  say(r, node, ZD_ERROR, ZD_SAY_EXTENSION_PART_UNKNOWN, url, whole);
}

static void check_known(zd_run *r, uint32_t node, uint32_t parent, uint32_t profile, zd_slice url,
                        bool modifies) {
  const zd_rules *rules = zd_rules_of(r->v, profile);
  if (!rules) {
    zd_run_fail(r, ZD_ERR_MEMORY, "no memory for the rules of an extension");
    return;
  }
  bool modifier = rules->rows[0].e.flags & ZD_PE_MODIFIER;
  if (modifier && !modifies) say(r, node, ZD_ERROR, ZD_SAY_EXTENSION_MODIFIER, url, url);
  if (!modifier && modifies) say(r, node, ZD_ERROR, ZD_SAY_EXTENSION_NO_MODIFIER, url, url);
  check_context(r, node, parent, profile, url);
  zd_walk_row(r, rules, 0, node);
}

void zd_check_extension(zd_run *r, uint32_t node) {
  zd_slice url = zd_run_child_text(r, r->tree, node, ZD_S("url"));
  if (!url.p || r->depth < 2) return;
  uint32_t parent = r->path[r->depth - 2];
  bool part = r->tree->nodes[parent].type == r->v->extension;
  zd_slice name = zd_schema_element_info(r->schema, r->tree->nodes[node].element).name;
  bool modifies = zd_slice_eq(name, ZD_S("modifierExtension"));
  if (!is_absolute(url)) {
    if (part)
      check_part(r, node, parent, url);
    else
      say(r, node, ZD_ERROR, ZD_SAY_EXTENSION_URL, url, url);
    return;
  }
  uint32_t p = zd_schema_profile_find(r->schema, url);
  bool known = p != UINT32_MAX && (zd_schema_profile(r->schema, p).flags & ZD_PROFILE_EXTENSION);
  if (known)
    check_known(r, node, parent, p, url, modifies);
  else
    say(r, node, modifies ? ZD_WARNING : ZD_INFORMATION,
        modifies ? ZD_SAY_MODIFIER_UNKNOWN : ZD_SAY_EXTENSION_UNKNOWN, url, url);
}
