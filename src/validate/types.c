/* types.c: the types a row allows, profiles of their values, what references lead to. */
#include "validate/run.h"

/* The type that a canonical of a profile is about; ZD_NO_TYPE: not known. */
static zd_type type_of(const zd_run *r, zd_slice canonical) {
  uint32_t p = zd_schema_profile_find(r->schema, canonical);
  return p == UINT32_MAX ? ZD_NO_TYPE : zd_schema_profile(r->schema, p).type;
}

static bool is_type(const zd_run *r, zd_slice canonical) {
  uint32_t p = zd_schema_profile_find(r->schema, canonical);
  return p != UINT32_MAX && (zd_schema_profile(r->schema, p).flags & ZD_PROFILE_TYPE);
}

static zd_slice last_part(zd_slice canonical) {
  for (size_t i = canonical.n; i-- > 0;)
    if (canonical.p[i] == '/') return zd_slice_from(canonical, i + 1);
  return canonical;
}

/* Names of what is allowed, with commas. */
static zd_slice list_of(zd_run *r, const zd_rules *rules, uint32_t row, uint16_t k, bool target) {
  zd_profile_type t = zd_schema_profile_type(r->schema, rules->profile, row, k);
  uint16_t n = target ? t.target_count : t.profile_count;
  zd_slice list = {"", 0};
  for (uint16_t j = 0; j < n && list.p; j++) {
    zd_slice one = zd_schema_profile_canonical(r->schema, rules->profile, row, k, target, j);
    if (target) one = last_part(one);
    list = zd_arena_printf(r->arena, "%.*s%s%.*s", ZD_SV(list), j ? ", " : "", ZD_SV(one));
  }
  return list;
}

static void say(zd_run *r, zd_subject about, zd_severity severity, zd_message message, zd_slice a,
                zd_slice b) {
  zd_run_say(
      r, about,
      &(zd_say){
          .severity = severity, .code = ZD_ISSUE_STRUCTURE, .message = message, .text = {a, b}});
}

/* ---- references ---- */

static void check_aggregation(zd_run *r, zd_subject about, const zd_profile_type *t,
                              const zd_target *to) {
  static const struct {
    unsigned bit;
    const char *name;
  } kinds[] = {[ZD_REFERENCE_CONTAINED] = {ZD_AGGREGATION_CONTAINED, "contained"},
               [ZD_REFERENCE_BUNDLED] = {ZD_AGGREGATION_BUNDLED, "bundled"},
               [ZD_REFERENCE_OUTSIDE] = {ZD_AGGREGATION_REFERENCED, "referenced"}};
  if (!t->aggregation || to->kind == ZD_REFERENCE_NONE) return;
  unsigned allowed = t->aggregation;
  /* What is in the Bundle is referred to as well. */
  if (to->kind == ZD_REFERENCE_BUNDLED && (allowed & ZD_AGGREGATION_REFERENCED)) return;
  if (kinds[to->kind].bit & allowed) return;
  zd_slice list =
      zd_arena_printf(r->arena, "%s%s%s", allowed & ZD_AGGREGATION_CONTAINED ? "contained " : "",
                      allowed & ZD_AGGREGATION_REFERENCED ? "referenced " : "",
                      allowed & ZD_AGGREGATION_BUNDLED ? "bundled" : "");
  say(r, about, ZD_ERROR, ZD_SAY_REFERENCE_AGGREGATION, zd_slice_of(kinds[to->kind].name), list);
}

/* 1: a reference to this may be there, 0: it may not, -1: not known. */
static int target_allowed(zd_run *r, zd_slice canonical, const zd_target *to) {
  zd_type type = type_of(r, canonical);
  if (type == ZD_NO_TYPE) return -1;
  if (to->type != ZD_NO_TYPE && !zd_schema_is_a(r->schema, to->type, type)) return 0;
  if (is_type(r, canonical)) return 1;
  if (!to->item.as.tree) return -1;
  return zd_run_item_conforms(r, to->item, canonical);
}

static void check_targets(zd_run *r, const zd_rules *rules, uint32_t row, uint16_t k,
                          uint32_t node) {
  zd_profile_type t = zd_schema_profile_type(r->schema, rules->profile, row, k);
  zd_subject about = {node, rules, row};
  zd_target to;
  zd_find_target(r, node, &to);
  check_aggregation(r, about, &t, &to);
  if (!t.target_count || to.type == ZD_NO_TYPE) return;
  bool of_type = false;
  for (uint16_t j = 0; j < t.target_count; j++) {
    zd_slice c = zd_schema_profile_canonical(r->schema, rules->profile, row, k, true, j);
    if (target_allowed(r, c, &to) != 0) return;
    zd_type type = type_of(r, c);
    of_type |= type != ZD_NO_TYPE && zd_schema_is_a(r->schema, to.type, type);
  }
  if (of_type)
    say(r, about, ZD_ERROR, ZD_SAY_REFERENCE_PROFILE, to.text, list_of(r, rules, row, k, true));
  else
    say(r, about, ZD_ERROR, ZD_SAY_REFERENCE_TYPE, zd_schema_type_info(r->schema, to.type).name,
        list_of(r, rules, row, k, true));
}

/* ---- profiles of values ---- */

/* The walk of types holds an extension against the definition its url names. */
static bool is_own_extension(zd_run *r, uint32_t node, zd_slice canonical) {
  if (r->tree->nodes[node].type != r->v->extension || r->trial) return false;
  zd_slice url = zd_run_child_text(r, r->tree, node, ZD_S("url"));
  canonical.n = zd_slice_find(canonical, '|');
  return url.p && zd_slice_eq(url, canonical);
}

static void check_profiles(zd_run *r, const zd_rules *rules, uint32_t row, uint16_t k,
                           uint32_t node) {
  zd_profile_type t = zd_schema_profile_type(r->schema, rules->profile, row, k);
  if (!t.profile_count) return;
  zd_slice first = zd_schema_profile_canonical(r->schema, rules->profile, row, k, false, 0);
  if (t.profile_count == 1) {
    if (!is_own_extension(r, node, first)) zd_run_profile(r, node, first);
    return;
  }
  for (uint16_t j = 0; j < t.profile_count; j++) {
    zd_slice c = zd_schema_profile_canonical(r->schema, rules->profile, row, k, false, j);
    if (zd_run_conforms(r, node, c) != 0) return;
  }
  say(r, (zd_subject){node, rules, row}, ZD_ERROR, ZD_SAY_NO_TYPE_PROFILE,
      list_of(r, rules, row, k, false), (zd_slice){NULL, 0});
}

static zd_slice types_of(zd_run *r, const zd_rules *rules, uint32_t row) {
  zd_slice list = {"", 0};
  for (uint16_t k = 0; k < rules->rows[row].e.type_count && list.p; k++) {
    zd_type type = zd_schema_profile_type(r->schema, rules->profile, row, k).type;
    if (type == ZD_NO_TYPE) continue;
    list = zd_arena_printf(r->arena, "%.*s%s%.*s", ZD_SV(list), list.n ? ", " : "",
                           ZD_SV(zd_schema_type_info(r->schema, type).name));
  }
  return list;
}

void zd_check_types(zd_run *r, const zd_rules *rules, uint32_t row, uint32_t node) {
  zd_type type = r->tree->nodes[node].type;
  uint16_t n = rules->rows[row].e.type_count;
  if (zd_schema_type_info(r->schema, type).kind == ZD_KIND_BACKBONE) return;
  for (uint16_t k = 0; k < n; k++) {
    zd_profile_type t = zd_schema_profile_type(r->schema, rules->profile, row, k);
    if (t.type == ZD_NO_TYPE) return;
    if (!zd_schema_is_a(r->schema, type, t.type)) continue;
    if (type == r->v->reference) check_targets(r, rules, row, k, node);
    check_profiles(r, rules, row, k, node);
    return;
  }
  if (n)
    say(r, (zd_subject){node, rules, row}, ZD_ERROR, ZD_SAY_TYPE,
        zd_schema_type_info(r->schema, type).name, types_of(r, rules, row));
}
