/* nodes.c: functions about the tree, and those of FHIR */
#include "fhirpath/functions.h"

/* ---- children, descendants ---- */

bool zd_fp_run_children(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fp_seq s;
  if (!zd_fp_input(r, o, f, &s)) return false;
  *out = (zd_fp_seq){.n = 0, .unordered = true};
  const zd_fhirpath_item *items = zd_fp_at(&s);
  for (uint32_t i = 0; i < s.n; i++) {
    if (items[i].kind != ZD_FP_NODE) continue;
    const zd_tree *t = items[i].as.tree;
    for (uint32_t c = zd_tree_first(t, items[i].n); c; c = zd_tree_next(t, items[i].n, c))
      if (!zd_fp_spend(r, o, 1) || !zd_fp_push(r, out, zd_fhirpath_node(t, c))) return false;
  }
  return true;
}

/* All that is under a node follows it in the tree. */
bool zd_fp_run_descendants(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f,
                           zd_fp_seq *out) {
  zd_fp_seq s;
  if (!zd_fp_input(r, o, f, &s)) return false;
  *out = (zd_fp_seq){.n = 0, .unordered = true};
  const zd_fhirpath_item *items = zd_fp_at(&s);
  for (uint32_t i = 0; i < s.n; i++) {
    if (items[i].kind != ZD_FP_NODE) continue;
    const zd_tree *t = items[i].as.tree;
    uint32_t end = t->nodes[items[i].n].end;
    if (!zd_fp_spend(r, o, end - items[i].n)) return false;
    for (uint32_t c = items[i].n + 1; c < end; c++)
      if (!zd_fp_push(r, out, zd_fhirpath_node(t, c))) return false;
  }
  return true;
}

/* ---- type, extension, hasValue, getValue ---- */

bool zd_fp_run_type(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fp_seq s;
  if (!zd_fp_input(r, o, f, &s)) return false;
  *out = (zd_fp_seq){.n = 0};
  const zd_fhirpath_item *items = zd_fp_at(&s);
  for (uint32_t i = 0; i < s.n; i++) {
    bool system = items[i].kind != ZD_FP_NODE;
    zd_fhirpath_item type = {
        .kind = ZD_FP_TYPE,
        .system = system,
        .n = system ? items[i].kind : items[i].as.tree->nodes[items[i].n].type};
    if (!zd_fp_push(r, out, type)) return false;
  }
  return true;
}

/* The steps of the operation lead to `extension`, those of the second to its url. */
bool zd_fp_run_extension(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f,
                         zd_fp_seq *out) {
  zd_fp_seq s;
  zd_fhirpath_item url;
  bool has;
  if (!zd_fp_input(r, o, f, &s)) return false;
  if (!zd_fp_argument_as(r, o, 0, f, ZD_FP_STRING, &url, &has)) return false;
  *out = (zd_fp_seq){.n = 0};
  if (!has) return true;
  const zd_fhirpath_item *items = zd_fp_at(&s);
  for (uint32_t i = 0; i < s.n; i++) {
    if (items[i].kind != ZD_FP_NODE) continue;
    const zd_tree *t = items[i].as.tree;
    zd_element extension = zd_schema_child(r->schema, t->nodes[items[i].n].type, ZD_S("extension"));
    if (extension == ZD_NO_ELEMENT) continue;
    for (uint32_t c = zd_tree_first(t, items[i].n); c; c = zd_tree_next(t, items[i].n, c)) {
      if (!zd_fp_spend(r, o, 1)) return false;
      if (t->nodes[c].element != extension) continue;
      uint32_t at = zd_tree_child(t, c, ZD_S("url"));
      if (!at || !t->nodes[at].p) continue;
      zd_slice text = zd_node_text(&t->nodes[at], r->arena);
      if (!text.p) return zd_fp_no_memory(r);
      if (zd_slice_eq(text, zd_fp_string_of(&url)) && !zd_fp_push(r, out, zd_fhirpath_node(t, c)))
        return false;
    }
  }
  return true;
}

static bool has_value(const zd_fp_seq *s) {
  return s->n == 1 && (s->one.kind != ZD_FP_NODE || s->one.as.tree->nodes[s->one.n].p != NULL);
}

bool zd_fp_run_has_value(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f,
                         zd_fp_seq *out) {
  zd_fp_seq s;
  return zd_fp_input(r, o, f, &s) && zd_fp_give_boolean(out, has_value(&s));
}

bool zd_fp_run_get_value(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f,
                         zd_fp_seq *out) {
  zd_fp_seq s;
  zd_fhirpath_item value;
  bool has;
  if (!zd_fp_input(r, o, f, &s)) return false;
  if (!has_value(&s)) return zd_fp_give_none(out);
  return zd_fp_value(r, o, &s.one, &value, &has) && zd_fp_give(out, value);
}

/* ---- resolve ---- */

/* The resource that contains the others, which "#id" looks into: the nearest resource of a node
 * that is not itself contained. *bundle: the Bundle that it is an entry of, SIZE_MAX none. */
static void holders(const zd_tree *t, uint32_t node, uint32_t *container, uint32_t *bundle) {
  zd_element contained;
  *container = 0;
  *bundle = UINT32_MAX;
  for (uint32_t at = 0; at != node;) {
    uint32_t c = zd_tree_first(t, at);
    while (c && t->nodes[c].end <= node) c = zd_tree_next(t, at, c);
    if (!c) return;
    zd_element_info e = zd_schema_element_info(t->schema, t->nodes[c].element);
    contained = zd_schema_child(t->schema, t->nodes[*container].type, ZD_S("contained"));
    if (e.flags & ZD_EL_ANY_RESOURCE && t->nodes[c].element != contained) {
      if (zd_slice_eq(zd_schema_type_info(t->schema, t->nodes[*container].type).name,
                      ZD_S("Bundle")))
        *bundle = *container;
      *container = c;
    }
    at = c;
  }
}

static bool has_text(const zd_fp_running *r, const zd_tree *t, uint32_t parent, zd_slice name,
                     zd_slice text) {
  uint32_t at = zd_tree_child(t, parent, name);
  return at && t->nodes[at].p && zd_slice_eq(zd_node_text(&t->nodes[at], r->arena), text);
}

static uint32_t find_contained(const zd_fp_running *r, const zd_tree *t, uint32_t container,
                               zd_slice id) {
  zd_element e = zd_schema_child(t->schema, t->nodes[container].type, ZD_S("contained"));
  if (!id.n) return container;
  for (uint32_t c = zd_tree_first(t, container); c; c = zd_tree_next(t, container, c))
    if (t->nodes[c].element == e && has_text(r, t, c, ZD_S("id"), id)) return c;
  return UINT32_MAX;
}

/* An entry of the Bundle by its fullUrl, or by type and id. */
static uint32_t find_entry(const zd_fp_running *r, const zd_tree *t, uint32_t bundle,
                           zd_slice reference) {
  zd_element e = zd_schema_child(t->schema, t->nodes[bundle].type, ZD_S("entry"));
  for (uint32_t c = zd_tree_first(t, bundle); c; c = zd_tree_next(t, bundle, c)) {
    if (t->nodes[c].element != e) continue;
    uint32_t resource = zd_tree_child(t, c, ZD_S("resource"));
    if (!resource) continue;
    if (has_text(r, t, c, ZD_S("fullUrl"), reference)) return resource;
    size_t slash = zd_slice_find(reference, '/');
    zd_slice type = zd_schema_type_info(t->schema, t->nodes[resource].type).name;
    if (slash < reference.n && zd_slice_eq((zd_slice){reference.p, slash}, type) &&
        has_text(r, t, resource, ZD_S("id"), zd_slice_from(reference, slash + 1)))
      return resource;
  }
  return UINT32_MAX;
}

/* The text that leads there: of a Reference its reference, of a string itself. */
static bool reference_text(zd_fp_running *r, const zd_fp_op *o, const zd_fhirpath_item *item,
                           zd_slice *out) {
  zd_fhirpath_item value;
  bool has;
  *out = (zd_slice){NULL, 0};
  if (item->kind == ZD_FP_NODE && !item->as.tree->nodes[item->n].p) {
    uint32_t at = zd_tree_child(item->as.tree, item->n, ZD_S("reference"));
    if (!at || !item->as.tree->nodes[at].p) return true;
    *out = zd_node_text(&item->as.tree->nodes[at], r->arena);
    return out->p || zd_fp_no_memory(r);
  }
  if (!zd_fp_value(r, o, item, &value, &has)) return false;
  if (has && value.kind == ZD_FP_STRING) *out = zd_fp_string_of(&value);
  return true;
}

static bool resolve_one(zd_fp_running *r, const zd_fp_op *o, const zd_fhirpath_item *item,
                        zd_fp_seq *out) {
  zd_slice text;
  if (!reference_text(r, o, item, &text)) return false;
  if (!text.p) return true;
  if (item->kind == ZD_FP_NODE) {
    const zd_tree *t = item->as.tree;
    uint32_t container, bundle, found = UINT32_MAX;
    holders(t, item->n, &container, &bundle);
    bool local = text.n && text.p[0] == '#';
    if (local)
      found = find_contained(r, t, container, zd_slice_from(text, 1));
    else if (bundle != UINT32_MAX)
      found = find_entry(r, t, bundle, text);
    if (!zd_fp_spend(r, o, t->nodes[0].end / 16)) return false;
    if (found != UINT32_MAX) return zd_fp_push(r, out, zd_fhirpath_node(t, found));
    if (local) return true;
  }
  const zd_fhirpath_world *w = r->env->world;
  zd_fhirpath_item target = {.as.tree = NULL};
  if (!w || !w->resolve)
    return zd_fp_fail(r, o, ZD_ERR_UNSUPPORTED,
                      "resolve: %.*s is not at hand, and there is no record to look in",
                      text.n > 100 ? 100 : (int)text.n, text.p);
  zd_err err = w->resolve(w->state, text, r->arena, &target, r->fault);
  if (err) {
    r->err = err;
    return false;
  }
  return !target.as.tree || zd_fp_push(r, out, target);
}

bool zd_fp_run_resolve(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fp_seq s;
  if (!zd_fp_input(r, o, f, &s)) return false;
  *out = (zd_fp_seq){.n = 0};
  const zd_fhirpath_item *items = zd_fp_at(&s);
  for (uint32_t i = 0; i < s.n; i++)
    if (!resolve_one(r, o, &items[i], out)) return false;
  return true;
}

/* ---- memberOf, conformsTo ---- */

/* One code with its system (absent: any) in a shipped value set: 1, 0; -1 when it cannot be said.
 */
static int in_shipped_set(const zd_schema *schema, zd_slice url, zd_slice system, zd_slice code) {
  uint32_t set = zd_schema_value_set_find(schema, url);
  if (set == UINT32_MAX) return -1;
  zd_value_set_info info = zd_schema_value_set(schema, set);
  if (!info.enumerable) return -1;
  uint32_t low = 0, high = info.count;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if (zd_slice_cmp(zd_schema_value_set_code(schema, set, middle).code, code) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  for (; low < info.count; low++) {
    zd_coded c = zd_schema_value_set_code(schema, set, low);
    if (!zd_slice_eq(c.code, code)) return 0;
    if (!system.p || zd_slice_eq(c.system, system)) return 1;
  }
  return 0;
}

/* A code, a Coding, or one of a CodeableConcept's. */
static bool member_here(zd_fp_running *r, const zd_fp_op *o, const zd_fhirpath_item *item,
                        zd_slice url, int *out) {
  zd_fhirpath_item value;
  bool has;
  *out = -1;
  if (item->kind != ZD_FP_NODE || item->as.tree->nodes[item->n].p) {
    if (!zd_fp_value(r, o, item, &value, &has)) return false;
    if (has && value.kind == ZD_FP_STRING)
      *out = in_shipped_set(r->schema, url, (zd_slice){NULL, 0}, zd_fp_string_of(&value));
    return true;
  }
  const zd_tree *t = item->as.tree;
  uint32_t code = zd_tree_child(t, item->n, ZD_S("code"));
  uint32_t system = zd_tree_child(t, item->n, ZD_S("system"));
  if (code && t->nodes[code].p) {
    zd_slice s =
        system && t->nodes[system].p ? zd_node_text(&t->nodes[system], r->arena) : ZD_S("");
    *out = in_shipped_set(r->schema, url, s, zd_node_text(&t->nodes[code], r->arena));
    return true;
  }
  zd_element coding = zd_schema_child(r->schema, t->nodes[item->n].type, ZD_S("coding"));
  for (uint32_t c = zd_tree_first(t, item->n); c && *out != 1; c = zd_tree_next(t, item->n, c)) {
    zd_fhirpath_item one = zd_fhirpath_node(t, c);
    if (t->nodes[c].element == coding && !member_here(r, o, &one, url, out)) return false;
  }
  return true;
}

bool zd_fp_run_member_of(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f,
                         zd_fp_seq *out) {
  zd_fp_seq s;
  zd_fhirpath_item url;
  bool has;
  int answer;
  if (!zd_fp_input(r, o, f, &s)) return false;
  if (!zd_fp_argument_as(r, o, 0, f, ZD_FP_STRING, &url, &has)) return false;
  if (!has || !s.n) return zd_fp_give_none(out);
  if (s.n > 1)
    return zd_fp_fail(r, o, ZD_ERR_INVALID, "memberOf asks for one item, there are %u", s.n);
  if (!member_here(r, o, &s.one, zd_fp_string_of(&url), &answer)) return false;
  if (answer >= 0) return zd_fp_give_truth(out, answer);
  const zd_fhirpath_world *w = r->env->world;
  if (!w || !w->member_of)
    return zd_fp_fail(r, o, ZD_ERR_UNSUPPORTED, "memberOf: what is in %.*s is not known here",
                      url.n > 150 ? 150 : (int)url.n, url.as.text);
  zd_err err = w->member_of(w->state, s.one, zd_fp_string_of(&url), r->arena, &answer, r->fault);
  if (err) r->err = err;
  return !err && zd_fp_give_truth(out, answer);
}

bool zd_fp_run_conforms_to(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f,
                           zd_fp_seq *out) {
  zd_fp_seq s;
  zd_fhirpath_item url;
  bool has;
  int answer;
  if (!zd_fp_input(r, o, f, &s)) return false;
  if (!zd_fp_argument_as(r, o, 0, f, ZD_FP_STRING, &url, &has)) return false;
  if (!has || !s.n) return zd_fp_give_none(out);
  if (s.n > 1)
    return zd_fp_fail(r, o, ZD_ERR_INVALID, "conformsTo asks for one item, there are %u", s.n);
  uint32_t profile = zd_schema_profile_find(r->schema, zd_fp_string_of(&url));
  if (profile != UINT32_MAX && s.one.kind == ZD_FP_NODE) {
    zd_profile_info info = zd_schema_profile(r->schema, profile);
    bool fits = zd_schema_is_a(r->schema, s.one.as.tree->nodes[s.one.n].type, info.type);
    if (!fits || info.flags & ZD_PROFILE_TYPE) return zd_fp_give_boolean(out, fits);
  }
  const zd_fhirpath_world *w = r->env->world;
  if (!w || !w->conforms_to)
    return zd_fp_fail(r, o, ZD_ERR_UNSUPPORTED,
                      "conformsTo: nobody here checks resources against %.*s",
                      url.n > 150 ? 150 : (int)url.n, url.as.text);
  zd_err err = w->conforms_to(w->state, s.one, zd_fp_string_of(&url), r->arena, &answer, r->fault);
  if (err) r->err = err;
  return !err && zd_fp_give_truth(out, answer);
}

/* ---- checkModifiers ---- */

/* Fails when an item has a modifierExtension that is not among those named. */
bool zd_fp_run_check_modifiers(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f,
                               zd_fp_seq *out) {
  zd_fp_seq s, known = {.n = 0}, part;
  if (!zd_fp_input(r, o, f, &s)) return false;
  for (int k = 0; k < o->argc; k++)
    if (!zd_fp_argument(r, o, k, f, &part) || !zd_fp_push_all(r, &known, &part)) return false;
  const zd_fhirpath_item *items = zd_fp_at(&s);
  for (uint32_t i = 0; i < s.n; i++) {
    if (items[i].kind != ZD_FP_NODE) continue;
    const zd_tree *t = items[i].as.tree;
    zd_element e = zd_schema_child(r->schema, t->nodes[items[i].n].type, ZD_S("modifierExtension"));
    for (uint32_t c = zd_tree_first(t, items[i].n); c; c = zd_tree_next(t, items[i].n, c)) {
      if (t->nodes[c].element != e) continue;
      uint32_t url = zd_tree_child(t, c, ZD_S("url"));
      zd_fhirpath_item item = zd_fhirpath_node(t, url);
      bool there = false;
      if (url && !zd_fp_contains(r, o, &known, &item, &there)) return false;
      if (!there)
        return zd_fp_fail(r, o, ZD_ERR_INVALID,
                          "checkModifiers: a modifier that is not known: %.*s",
                          url ? (int)(t->nodes[url].n > 150 ? 150 : t->nodes[url].n) : 0,
                          url ? t->nodes[url].p : "");
    }
  }
  *out = s;
  return true;
}

/* elementDefinition and slice need the profile that an item is validated against, which only a
 * validator knows. */
bool zd_fp_run_unsupported(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f,
                           zd_fp_seq *out) {
  (void)f, (void)out;
  return zd_fp_fail(r, o, ZD_ERR_UNSUPPORTED,
                    "this function needs a validator's profile, which is not at hand");
}
