/* values.c: fixed values and patterns, lengths, least and most. */
#include "validate/run.h"

static bool scalar_matches(zd_run *r, const zd_tree *tree, uint32_t node, const zd_json_tape *tape,
                           uint32_t at) {
  const zd_node *x = &tree->nodes[node];
  if (!x->p) return false;
  if (zd_json_type_of(tape, at) != ZD_JSON_STRING)
    return zd_slice_eq(zd_node_raw(x), zd_json_raw(tape, at));
  return zd_json_is(tape, at, zd_run_text(r, tree, node));
}

/* The next child of `node` behind `from` (0: the first) that is this JSON member. */
static uint32_t next_named(const zd_tree *tree, uint32_t node, uint32_t from, zd_slice name) {
  uint32_t c = from ? zd_tree_next(tree, node, from) : zd_tree_first(tree, node);
  while (c && !zd_slice_eq(zd_schema_element_info(tree->schema, tree->nodes[c].element).name, name))
    c = zd_tree_next(tree, node, c);
  return c;
}

/* A pattern's items are there in any order; a fixed list is the same, item by item. */
static bool array_matches(zd_run *r, const zd_tree *tree, uint32_t node, zd_slice name,
                          const zd_json_tape *tape, uint32_t array, bool exact) {
  uint32_t c = 0;
  for (uint32_t i = zd_json_first(tape, array); i; i = zd_json_next(tape, array, i)) {
    if (!exact) c = 0;
    c = next_named(tree, node, c, name);
    while (!exact && c && !zd_value_matches(r, tree, c, tape, i, false))
      c = next_named(tree, node, c, name);
    if (!c || (exact && !zd_value_matches(r, tree, c, tape, i, true))) return false;
  }
  return !exact || !next_named(tree, node, c, name);
}

static bool member_matches(zd_run *r, const zd_tree *tree, uint32_t node, const zd_json_tape *tape,
                           uint32_t m, bool exact) {
  zd_slice name = zd_json_key(tape, m);
  if (name.n && name.p[0] == '_') return true; /* extensions of primitives stand with the value */
  if (zd_json_type_of(tape, m) == ZD_JSON_ARRAY)
    return array_matches(r, tree, node, name, tape, m, exact);
  uint32_t c = next_named(tree, node, 0, name);
  return c && zd_value_matches(r, tree, c, tape, m, exact);
}

static bool has_nothing_else(const zd_tree *tree, uint32_t node, const zd_json_tape *tape,
                             uint32_t object) {
  for (uint32_t c = zd_tree_first(tree, node); c; c = zd_tree_next(tree, node, c)) {
    zd_slice name = zd_schema_element_info(tree->schema, tree->nodes[c].element).name;
    if (!zd_json_find(tape, object, name)) return false;
  }
  return true;
}

bool zd_value_matches(zd_run *r, const zd_tree *tree, uint32_t node, const zd_json_tape *tape,
                      uint32_t at, bool exact) {
  if (zd_json_type_of(tape, at) != ZD_JSON_OBJECT) return scalar_matches(r, tree, node, tape, at);
  for (uint32_t m = zd_json_first(tape, at); m; m = zd_json_next(tape, at, m))
    if (!member_matches(r, tree, node, tape, m, exact)) return false;
  return !exact || has_nothing_else(tree, node, tape, at);
}

static void say(zd_run *r, const zd_rules *rules, uint32_t row, uint32_t node, zd_message message,
                zd_slice text) {
  zd_run_say(
      r, (zd_subject){node, rules, row},
      &(zd_say){.severity = ZD_ERROR, .code = ZD_ISSUE_VALUE, .message = message, .text = {text}});
}

static size_t characters(zd_slice text) {
  size_t n = 0;
  for (size_t i = 0; i < text.n; i++) n += ((unsigned char)text.p[i] & 0xC0) != 0x80;
  return n;
}

/* "@2020-01-01", "5", "0 'kg'" of a bound as JSON; absent: of a type that does not compare. */
static zd_slice literal(zd_run *r, zd_slice bound) {
  zd_json_tape tape = {0};
  zd_slice out = {NULL, 0};
  if (bound.n > 1 && bound.p[0] == '"')
    return zd_arena_printf(r->arena, "@%.*s", (int)bound.n - 2, bound.p + 1);
  if (bound.n && bound.p[0] != '{') return bound;
  if (zd_json_read(bound, NULL, &tape, NULL) == ZD_OK) {
    uint32_t value = zd_json_find(&tape, 0, ZD_S("value"));
    zd_slice code = zd_json_string(&tape, 0, ZD_S("code"));
    if (value && code.n)
      out = zd_arena_printf(r->arena, "%.*s '%.*s'", ZD_SV(zd_json_raw(&tape, value)), ZD_SV(code));
  }
  zd_json_free(&tape);
  return out;
}

/* Does the value break the bound, by FHIRPath's rules of comparison; what does not compare doesn't.
 */
static bool breaks(zd_run *r, uint32_t node, const char *op, zd_slice bound) {
  zd_slice right = literal(r, bound);
  if (!right.p) return false;
  zd_slice text = zd_arena_printf(r->arena, "$this %s %.*s", op, ZD_SV(right));
  const zd_fhirpath *program;
  int answer = 0;
  zd_fhirpath_options how = {.schema = r->schema, .context = r->tree->nodes[node].type};
  zd_fhirpath_env env = {.now_ms = r->how->now_ms};
  return text.p && zd_fhirpath_compile(&how, text, r->arena, &program, NULL) == ZD_OK &&
         zd_fhirpath_test(program, &env, r->tree, node, r->arena, &answer, NULL) == ZD_OK &&
         answer == 1;
}

static void check_limits(zd_run *r, const zd_rules *rules, uint32_t row, uint32_t node) {
  const zd_profile_element *e = &rules->rows[row].e;
  if (e->max_length && r->tree->nodes[node].p &&
      characters(zd_run_text(r, r->tree, node)) > e->max_length)
    say(r, rules, row, node, ZD_SAY_TOO_LONG, zd_number_text(r, e->max_length));
  if (e->min_value.p && breaks(r, node, "<", e->min_value))
    say(r, rules, row, node, ZD_SAY_TOO_SMALL, e->min_value);
  if (e->max_value.p && breaks(r, node, ">", e->max_value))
    say(r, rules, row, node, ZD_SAY_TOO_LARGE, e->max_value);
}

void zd_check_value(zd_run *r, const zd_rules *rules, uint32_t row, uint32_t node) {
  const zd_rule_row *at = &rules->rows[row];
  if (at->fixed.count && !zd_value_matches(r, r->tree, node, &at->fixed, 0, true))
    say(r, rules, row, node, ZD_SAY_FIXED, at->e.fixed);
  if (at->pattern.count && !zd_value_matches(r, r->tree, node, &at->pattern, 0, false))
    say(r, rules, row, node, ZD_SAY_PATTERN, at->e.pattern);
  if (at->e.max_length || at->e.min_value.p || at->e.max_value.p) check_limits(r, rules, row, node);
}
