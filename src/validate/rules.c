#include "validate/rules.h"

#include <stdlib.h>

#define CORE "http://hl7.org/fhir/StructureDefinition/"

/* ---- which rules are left to ask ---- */

/* The reader refuses elements without value and children: ele-1 holds in every tree. */
static bool is_read(const zd_constraint *c) {
  return zd_slice_eq(c->key, ZD_S("ele-1"));
}

/* True when the definition of a type that every instance is held against has this invariant. */
static bool is_inherited(const zd_validator *v, const zd_rules *rules, const zd_constraint *c) {
  if (!c->source.p || !zd_slice_starts(c->source, ZD_S(CORE))) return false;
  zd_slice name = zd_slice_from(c->source, sizeof CORE - 1);
  name.n = zd_slice_find(name, '|');
  zd_type type = zd_schema_type(v->schema, name);
  if (type == ZD_NO_TYPE || v->of_type[type] == UINT32_MAX) return false;
  return !(rules->info.flags & ZD_PROFILE_TYPE) || type != rules->info.type;
}

/* Those of its ancestors a type's own row 0 repeats: asked there, for they have no walk of theirs.
 */
static bool asks(const zd_validator *v, const zd_rules *rules, uint32_t row,
                 const zd_constraint *c) {
  if (is_read(c) || !c->expression.p) return false;
  if ((rules->info.flags & ZD_PROFILE_TYPE) && row == 0) return true;
  return !is_inherited(v, rules, c);
}

static zd_type context_of(const zd_validator *v, const zd_rules *rules, uint32_t row) {
  const zd_profile_element *e = &rules->rows[row].e;
  if (row == 0) return rules->info.type;
  if (e->element == ZD_NO_ELEMENT || e->alternatives != 1) return ZD_NO_TYPE;
  zd_element_info info = zd_schema_element_info(v->schema, e->element);
  return info.flags & ZD_EL_ANY_RESOURCE ? ZD_NO_TYPE : info.type;
}

/* First as it should be; invariants of the published definitions that name what their context
 * cannot have are read leniently. */
static bool compile(zd_validator *v, zd_type context, zd_invariant *i) {
  zd_fault fault = {0};
  zd_fhirpath_options how = {.schema = v->schema, .context = context};
  zd_err err = zd_fhirpath_compile(&how, i->c.expression, &v->arena, &i->program, &fault);
  if (err == ZD_ERR_INVALID) {
    zd_fault again = {0};
    how.lenient = true;
    err = zd_fhirpath_compile(&how, i->c.expression, &v->arena, &i->program, &again);
  }
  if (err == ZD_OK) return true;
  i->program = NULL;
  i->why = zd_arena_copy(&v->arena, zd_slice_of(fault.text));
  return err != ZD_ERR_MEMORY && i->why.p;
}

static zd_plain plain_of(const zd_rules *rules, zd_slice key) {
  static const struct {
    const char *key;
    zd_plain plain;
  } table[] = {{"dom-2", ZD_PLAIN_CONTAINED}, {"dom-3", ZD_PLAIN_CONTAINED},
               {"dom-4", ZD_PLAIN_CONTAINED}, {"dom-5", ZD_PLAIN_CONTAINED},
               {"ext-1", ZD_PLAIN_EXTENSION}, {"ref-1", ZD_PLAIN_REFERENCE}};
  if (!(rules->info.flags & ZD_PROFILE_TYPE)) return ZD_PLAIN_NOT;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    if (zd_slice_eq(key, zd_slice_of(table[i].key))) return table[i].plain;
  return ZD_PLAIN_NOT;
}

static bool take_invariants(zd_validator *v, zd_rules *rules, uint32_t row) {
  zd_rule_row *r = &rules->rows[row];
  if (!r->e.constraint_count) return true;
  r->invariants = ZD_NEW_ARRAY(&v->arena, zd_invariant, r->e.constraint_count);
  if (!r->invariants) return false;
  for (uint16_t k = 0; k < r->e.constraint_count; k++) {
    zd_constraint c = zd_schema_profile_constraint(v->schema, rules->profile, row, k);
    if (!asks(v, rules, row, &c)) continue;
    zd_invariant *i = &r->invariants[r->invariant_count++];
    i->c = c;
    i->plain = plain_of(rules, c.key);
    if (!compile(v, context_of(v, rules, row), i)) return false;
  }
  return true;
}

static bool take_value(zd_slice text, zd_json_tape *tape) {
  if (!text.p) return true;
  zd_err err = zd_json_read(text, NULL, tape, NULL);
  if (err != ZD_OK) tape->count = 0;
  return err != ZD_ERR_MEMORY;
}

/* ---- what a profile says beyond its type ---- */

/* The row of the type's own definition about the same element; ZD_PE_NONE. */
static uint32_t base_row(const zd_validator *v, const zd_profile_element *e, uint32_t *profile) {
  if (e->owner == ZD_NO_TYPE || e->element == ZD_NO_ELEMENT) return ZD_PE_NONE;
  zd_slice name = zd_schema_type_info(v->schema, e->owner).name;
  name.n = zd_slice_find(name, '.'); /* backbones stand in the definition of their type */
  zd_type type = zd_schema_type(v->schema, name);
  if (type == ZD_NO_TYPE || v->of_type[type] == UINT32_MAX) return ZD_PE_NONE;
  *profile = v->of_type[type];
  uint32_t n = zd_schema_profile(v->schema, *profile).element_count;
  for (uint32_t row = 0; row < n; row++) {
    zd_profile_element b = zd_schema_profile_element(v->schema, *profile, row);
    if (b.element != ZD_NO_ELEMENT && e->element >= b.element &&
        e->element < b.element + b.alternatives)
      return row;
  }
  return ZD_PE_NONE;
}

static bool same_types(const zd_validator *v, uint32_t p, uint32_t row, uint32_t q, uint32_t base) {
  const zd_schema *s = v->schema;
  uint16_t n = zd_schema_profile_element(s, p, row).type_count;
  if (n != zd_schema_profile_element(s, q, base).type_count) return false;
  for (uint16_t k = 0; k < n; k++) {
    zd_profile_type a = zd_schema_profile_type(s, p, row, k);
    zd_profile_type b = zd_schema_profile_type(s, q, base, k);
    if (a.type != b.type || a.profile_count != b.profile_count ||
        a.target_count != b.target_count || a.aggregation != b.aggregation)
      return false;
    for (uint16_t j = 0; j < a.profile_count + a.target_count; j++) {
      bool target = j >= a.profile_count;
      uint16_t at = (uint16_t)(target ? j - a.profile_count : j);
      if (!zd_slice_eq(zd_schema_profile_canonical(s, p, row, k, target, at),
                       zd_schema_profile_canonical(s, q, base, k, target, at)))
        return false;
    }
  }
  return true;
}

static void compare_to_base(const zd_validator *v, zd_rules *rules, uint32_t row) {
  zd_rule_row *r = &rules->rows[row];
  bool type = rules->info.flags & ZD_PROFILE_TYPE;
  uint32_t profile = 0, base = type ? ZD_PE_NONE : base_row(v, &r->e, &profile);
  r->binds = r->e.binding == ZD_BINDING_REQUIRED || r->e.binding == ZD_BINDING_EXTENSIBLE ||
             r->e.max_value_set.p;
  r->typed = r->e.type_count > 0;
  if (base == ZD_PE_NONE) return;
  zd_profile_element b = zd_schema_profile_element(v->schema, profile, base);
  if (b.binding == r->e.binding && zd_slice_eq(b.value_set, r->e.value_set) &&
      zd_slice_eq(b.max_value_set, r->e.max_value_set))
    r->binds = false;
  if (r->typed) r->typed = !same_types(v, rules->profile, row, profile, base);
}

/* ---- making ---- */

static void link_rows(zd_rules *rules) {
  for (uint32_t row = rules->count; row-- > 1;) {
    zd_rule_row *r = &rules->rows[row], *parent = &rules->rows[r->e.parent];
    r->next = parent->first;
    parent->first = row;
  }
}

static zd_slice name_of(zd_validator *v, const zd_profile_info *info) {
  if (!info->version.p) return info->url;
  return zd_arena_printf(&v->arena, "%.*s|%.*s", ZD_SV(info->url), ZD_SV(info->version));
}

static zd_rules *make(zd_validator *v, uint32_t profile) {
  zd_rules *rules = ZD_NEW(&v->arena, zd_rules);
  if (!rules) return NULL;
  rules->profile = profile;
  rules->info = zd_schema_profile(v->schema, profile);
  rules->count = rules->info.element_count;
  rules->url = name_of(v, &rules->info);
  rules->rows = ZD_NEW_ARRAY(&v->arena, zd_rule_row, rules->count);
  if (!rules->rows || !rules->url.p) return NULL;
  for (uint32_t row = 0; row < rules->count; row++) {
    rules->rows[row].e = zd_schema_profile_element(v->schema, profile, row);
    rules->rows[row].first = rules->rows[row].next = ZD_PE_NONE;
  }
  link_rows(rules);
  bool whole = true;
  for (uint32_t row = 0; row < rules->count && whole; row++) {
    zd_rule_row *r = &rules->rows[row];
    compare_to_base(v, rules, row);
    whole = take_invariants(v, rules, row) && take_value(r->e.fixed, &r->fixed) &&
            take_value(r->e.pattern, &r->pattern);
  }
  return whole ? rules : NULL;
}

const zd_rules *zd_rules_of(zd_validator *v, uint32_t profile) {
  const zd_rules *rules = atomic_load_explicit(&v->rules[profile], memory_order_acquire);
  if (rules) return rules;
  pthread_mutex_lock(&v->making);
  rules = atomic_load_explicit(&v->rules[profile], memory_order_relaxed);
  if (!rules) {
    rules = make(v, profile);
    atomic_store_explicit(&v->rules[profile], rules, memory_order_release);
  }
  pthread_mutex_unlock(&v->making);
  return rules;
}

const zd_rules *zd_rules_of_type(zd_validator *v, zd_type type) {
  if (type == ZD_NO_TYPE || v->of_type[type] == UINT32_MAX) return NULL;
  return zd_rules_of(v, v->of_type[type]);
}

/* ---- life ---- */

static bool find_types(zd_validator *v) {
  const zd_schema *s = v->schema;
  uint32_t types = zd_schema_type_count(s), profiles = zd_schema_profile_count(s);
  v->of_type = zd_arena_alloc(&v->arena, types * sizeof *v->of_type);
  v->rules = calloc(profiles ? profiles : 1, sizeof *v->rules);
  if (!v->of_type || !v->rules) return false;
  memset(v->of_type, 0xFF, types * sizeof *v->of_type);
  for (uint32_t p = 0; p < profiles; p++) {
    zd_profile_info info = zd_schema_profile(s, p);
    if ((info.flags & ZD_PROFILE_TYPE) && info.type != ZD_NO_TYPE) v->of_type[info.type] = p;
  }
  v->extension = zd_schema_type(s, ZD_S("Extension"));
  v->reference = zd_schema_type(s, ZD_S("Reference"));
  v->coding = zd_schema_type(s, ZD_S("Coding"));
  v->concept = zd_schema_type(s, ZD_S("CodeableConcept"));
  v->quantity = zd_schema_type(s, ZD_S("Quantity"));
  v->bundle = zd_schema_type(s, ZD_S("Bundle"));
  v->response = zd_schema_type(s, ZD_S("QuestionnaireResponse"));
  v->canonical = zd_schema_type(s, ZD_S("canonical"));
  return true;
}

zd_err zd_validator_new(const zd_schema *schema, zd_validator **out, zd_fault *fault) {
  zd_validator *v = calloc(1, sizeof *v);
  *out = NULL;
  if (!v) return zd_fail(fault, ZD_ERR_MEMORY, "no memory for a validator");
  v->schema = schema;
  zd_arena_init(&v->arena, 0);
  pthread_mutex_init(&v->making, NULL);
  if (!find_types(v)) {
    zd_validator_free(v);
    return zd_fail(fault, ZD_ERR_MEMORY, "no memory for a validator");
  }
  *out = v;
  return ZD_OK;
}

void zd_validator_free(zd_validator *v) {
  if (!v) return;
  uint32_t profiles = zd_schema_profile_count(v->schema);
  for (uint32_t p = 0; v->rules && p < profiles; p++) {
    const zd_rules *rules = atomic_load_explicit(&v->rules[p], memory_order_relaxed);
    for (uint32_t row = 0; rules && row < rules->count; row++) {
      zd_json_free(&rules->rows[row].fixed);
      zd_json_free(&rules->rows[row].pattern);
    }
  }
  free(v->rules);
  pthread_mutex_destroy(&v->making);
  zd_arena_free(&v->arena);
  free(v);
}

const zd_schema *zd_validator_schema(const zd_validator *v) {
  return v->schema;
}
