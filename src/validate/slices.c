/* slices.c: which slice a value belongs to, and how many each may have.
 *
 * A discriminator is a path from the sliced element. It is followed twice: through the value, to
 * nodes, and through the rows of each slice, to the row that says what those nodes must be. Where
 * the rows go on in another profile (of a type, of an extension) the path goes on there.
 */
#include <assert.h>

#include "validate/run.h"

enum { NODES_MAX = 64, SLICED_MAX = 4096 };

/* ---- following a path ---- */

typedef struct place {
  const zd_rules *rules; /* NULL: no row says anything here */
  uint32_t row;
} place;

typedef struct nodes {
  zd_fhirpath_item items[NODES_MAX];
  size_t n;
  bool more; /* than fit */
} nodes;

static void add_node(nodes *list, zd_fhirpath_item item) {
  if (list->n == NODES_MAX)
    list->more = true;
  else
    list->items[list->n++] = item;
}

/* One step of a path, taken off its front: "code", "extension('x')", "resolve()". */
static zd_slice take_step(zd_slice *path) {
  size_t depth = 0, i = 0;
  bool quoted = false;
  for (; i < path->n; i++) {
    char c = path->p[i];
    if (c == '\'') quoted = !quoted;
    if (quoted) continue;
    if (c == '(') depth++;
    if (c == ')' && depth) depth--;
    if (c == '.' && !depth) break;
  }
  zd_slice step = {path->p, i};
  *path = zd_slice_from(*path, i + 1);
  return step;
}

/* The inside of "name('...')" or "name(...)"; absent when it is another step. */
static zd_slice argument(zd_slice step, const char *name) {
  zd_slice head = zd_slice_of(name);
  if (!zd_slice_starts(step, head) || !zd_slice_ends(step, ZD_S(")"))) return (zd_slice){NULL, 0};
  zd_slice in = {step.p + head.n, step.n - head.n - 1};
  if (in.n >= 2 && in.p[0] == '\'') in = (zd_slice){in.p + 1, in.n - 2};
  return in;
}

static void step_node(zd_run *r, zd_fhirpath_item item, zd_slice step, nodes *out) {
  const zd_tree *t = item.as.tree;
  assert(t); /* lists here hold nodes of trees */
  zd_slice url = argument(step, "extension("), type = argument(step, "ofType(");
  zd_slice name = url.p ? ZD_S("extension") : step;
  if (zd_slice_eq(step, ZD_S("resolve()"))) {
    zd_target to;
    if (t != r->tree) return;
    zd_slice text = t->nodes[item.n].p ? zd_run_text(r, t, item.n)
                                       : zd_run_child_text(r, t, item.n, ZD_S("reference"));
    if (text.p) zd_find_text(r, item.n, text, &to);
    if (text.p && to.item.as.tree) add_node(out, to.item);
    return;
  }
  if (type.p) {
    zd_type is = zd_schema_type(r->schema, type);
    if (is != ZD_NO_TYPE && zd_schema_is_a(r->schema, t->nodes[item.n].type, is))
      add_node(out, item);
    return;
  }
  for (uint32_t c = zd_tree_first(t, item.n); c; c = zd_tree_next(t, item.n, c)) {
    if (!zd_slice_eq(zd_schema_element_info(t->schema, t->nodes[c].element).path, name)) continue;
    if (url.p && !zd_slice_eq(zd_run_child_text(r, t, c, ZD_S("url")), url)) continue;
    add_node(out, zd_fhirpath_node(t, c));
  }
}

/* Rows of an only profile of the row's only type, where it has no rows of its own. */
static place enter_profile(zd_run *r, place at) {
  const zd_profile_element *e = &at.rules->rows[at.row].e;
  place none = {NULL, 0};
  if (at.rules->rows[at.row].first != ZD_PE_NONE) return at;
  if (e->content_reference != ZD_PE_NONE) return (place){at.rules, e->content_reference};
  if (e->type_count != 1) return none;
  zd_profile_type t = zd_schema_profile_type(r->schema, at.rules->profile, at.row, 0);
  if (t.profile_count == 1) {
    zd_slice c = zd_schema_profile_canonical(r->schema, at.rules->profile, at.row, 0, false, 0);
    uint32_t p = zd_schema_profile_find(r->schema, c);
    if (p != UINT32_MAX) return (place){zd_rules_of(r->v, p), 0};
  }
  return (place){zd_rules_of_type(r->v, t.type), 0};
}

/* Of a choice the one alternative that must be there, when the rows say so. */
static place the_choice(const zd_rules *rules, uint32_t main) {
  const zd_profile_element *m = &rules->rows[main].e;
  for (uint32_t k = rules->rows[main].next; m->alternatives > 1 && k != ZD_PE_NONE;
       k = rules->rows[k].next) {
    const zd_profile_element *e = &rules->rows[k].e;
    if (e->slice.p && e->min && e->element != ZD_NO_ELEMENT && e->element >= m->element &&
        e->element < m->element + m->alternatives)
      return (place){rules, k};
  }
  return (place){rules, main};
}

static place step_row(zd_run *r, place at, zd_slice step) {
  zd_slice url = argument(step, "extension(");
  place none = {NULL, 0};
  if (argument(step, "ofType(").p) return at;
  if (zd_slice_eq(step, ZD_S("resolve()"))) return at; /* types and profiles of the targets */
  at = enter_profile(r, at);
  if (!at.rules) return none;
  for (uint32_t k = at.rules->rows[at.row].first; k != ZD_PE_NONE; k = at.rules->rows[k].next) {
    const zd_profile_element *e = &at.rules->rows[k].e;
    if (e->element == ZD_NO_ELEMENT) continue;
    zd_slice name = zd_schema_element_info(r->schema, e->element).path;
    if (!url.p && !e->slice.p && zd_slice_eq(name, step)) return the_choice(at.rules, k);
    if (!url.p || !e->slice.p || !zd_slice_eq(name, ZD_S("extension")) || e->type_count != 1)
      continue;
    if (zd_schema_profile_type(r->schema, at.rules->profile, k, 0).profile_count &&
        zd_slice_eq(zd_schema_profile_canonical(r->schema, at.rules->profile, k, 0, false, 0), url))
      return (place){at.rules, k};
  }
  if (url.p) return none; /* a choice may have one row with a slice's name alone */
  for (uint32_t k = at.rules->rows[at.row].first; k != ZD_PE_NONE; k = at.rules->rows[k].next) {
    const zd_profile_element *e = &at.rules->rows[k].e;
    if (e->element != ZD_NO_ELEMENT && e->sliced == ZD_PE_NONE &&
        zd_slice_eq(zd_schema_element_info(r->schema, e->element).path, step))
      return (place){at.rules, k};
  }
  return none;
}

/* ---- what a discriminator says ---- */

/* Do the nodes have the values that the row asks for: 1, 0; -1: the row asks for none. */
static int by_value(zd_run *r, place at, const nodes *list) {
  const zd_rule_row *row = &at.rules->rows[at.row];
  bool bound = row->e.binding == ZD_BINDING_REQUIRED && row->e.value_set.p;
  bool known = row->fixed.count || row->pattern.count || bound;
  bool unknown = false;
  for (size_t i = 0; known && i < list->n; i++) {
    zd_fhirpath_item x = list->items[i];
    if (row->fixed.count && !zd_value_matches(r, x.as.tree, x.n, &row->fixed, 0, true)) continue;
    if (row->pattern.count && !zd_value_matches(r, x.as.tree, x.n, &row->pattern, 0, false))
      continue;
    int in = bound && !row->fixed.count && !row->pattern.count
                 ? zd_in_value_set(r, x.as.tree, x.n, row->e.value_set)
                 : 1;
    if (in == 1) return 1;
    unknown |= in < 0;
  }
  return known && !unknown ? 0 : -1;
}

/* What stands under the row says it: code, with the value fixed at code.coding.code. */
static int by_rows(zd_run *r, place at, const nodes *list) {
  int answer = 0;
  if (at.rules->rows[at.row].first == ZD_PE_NONE) return -1;
  for (size_t i = 0; i < list->n; i++) {
    zd_fhirpath_item x = list->items[i];
    if (x.as.tree != r->tree) return -1;
    int one = zd_run_row_conforms(r, at.rules, at.row, x.n);
    if (one == 1) return 1;
    if (one < 0) answer = -1;
  }
  return answer;
}

static int by_existence(place at, const nodes *list) {
  const zd_profile_element *e = &at.rules->rows[at.row].e;
  if (e->max == 0) return list->n == 0;
  if (e->min > 0) return list->n > 0;
  return -1;
}

static int by_type(zd_run *r, place at, bool resolved, const nodes *list) {
  const zd_profile_element *e = &at.rules->rows[at.row].e;
  for (size_t i = 0; i < list->n; i++) {
    const zd_tree *tree = list->items[i].as.tree;
    assert(tree);
    zd_type type = tree->nodes[list->items[i].n].type;
    for (uint16_t k = 0; k < e->type_count; k++) {
      zd_profile_type t = zd_schema_profile_type(r->schema, at.rules->profile, at.row, k);
      if (!resolved && t.type != ZD_NO_TYPE && zd_schema_is_a(r->schema, type, t.type)) return 1;
      for (uint16_t j = 0; resolved && j < t.target_count; j++) {
        uint32_t p = zd_schema_profile_find(
            r->schema,
            zd_schema_profile_canonical(r->schema, at.rules->profile, at.row, k, true, j));
        if (p != UINT32_MAX &&
            zd_schema_is_a(r->schema, type, zd_schema_profile(r->schema, p).type))
          return 1;
      }
    }
  }
  return 0;
}

static int by_profile(zd_run *r, place at, bool resolved, const nodes *list) {
  const zd_profile_element *e = &at.rules->rows[at.row].e;
  int answer = 0;
  bool asked = false;
  for (size_t i = 0; i < list->n; i++) {
    for (uint16_t k = 0; k < e->type_count; k++) {
      zd_profile_type t = zd_schema_profile_type(r->schema, at.rules->profile, at.row, k);
      uint16_t n = resolved ? t.target_count : t.profile_count;
      for (uint16_t j = 0; j < n; j++, asked = true) {
        int one = zd_run_item_conforms(
            r, list->items[i],
            zd_schema_profile_canonical(r->schema, at.rules->profile, at.row, k, resolved, j));
        if (one == 1) return 1;
        if (one < 0) answer = -1;
      }
    }
  }
  return asked || !list->n ? answer : -1;
}

/* The url of an extension is that of the slice's profile, whether that is known or not. */
static int by_url(zd_run *r, const zd_rules *rules, uint32_t slice, uint32_t node) {
  zd_slice url = zd_run_child_text(r, r->tree, node, ZD_S("url"));
  for (uint32_t k = rules->rows[slice].first; k != ZD_PE_NONE; k = rules->rows[k].next) {
    const zd_rule_row *row = &rules->rows[k];
    if (row->fixed.count && zd_slice_ends(row->e.path, ZD_S(".url")))
      return zd_json_is(&row->fixed, 0, url);
  }
  bool asked = false;
  for (uint16_t k = 0; k < rules->rows[slice].e.type_count; k++) {
    zd_profile_type t = zd_schema_profile_type(r->schema, rules->profile, slice, k);
    for (uint16_t j = 0; j < t.profile_count; j++) {
      zd_slice c = zd_schema_profile_canonical(r->schema, rules->profile, slice, k, false, j);
      c.n = zd_slice_find(c, '|');
      asked = true;
      if (zd_slice_eq(c, url)) return 1;
    }
  }
  return asked ? 0 : -1;
}

static int by_discriminator(zd_run *r, const zd_rules *rules, uint32_t slice, zd_discriminator d,
                            uint32_t node) {
  nodes list = {.n = 1, .items = {zd_fhirpath_node(r->tree, node)}};
  place at = {rules, slice};
  zd_slice path = d.path;
  bool resolved = false;
  if (r->tree->nodes[node].type == r->v->extension && zd_slice_eq(path, ZD_S("url")))
    return by_url(r, rules, slice, node);
  while (path.n) {
    zd_slice step = take_step(&path);
    if (zd_slice_eq(step, ZD_S("$this"))) continue;
    nodes next = {.n = 0};
    for (size_t i = 0; i < list.n; i++) step_node(r, list.items[i], step, &next);
    if (next.more) return -1;
    resolved = zd_slice_eq(step, ZD_S("resolve()"));
    place down = step_row(r, at, step);
    int early =
        at.rules && d.kind <= ZD_DISCRIMINATE_PATTERN && d.kind != ZD_DISCRIMINATE_EXISTS ? -1 : -2;
    if (!down.rules) { /* a pattern further up may say it */
      early = by_value(r, at, &list);
      return early;
    }
    const zd_rule_row *above = &at.rules->rows[at.row];
    if (early == -1 && (above->fixed.count || above->pattern.count)) return by_value(r, at, &list);
    list = next;
    at = down;
  }
  switch (d.kind) {
    case ZD_DISCRIMINATE_EXISTS:
      return by_existence(at, &list);
    case ZD_DISCRIMINATE_TYPE:
      return by_type(r, at, resolved, &list);
    case ZD_DISCRIMINATE_PROFILE:
      return by_profile(r, at, resolved, &list);
    case ZD_DISCRIMINATE_VALUE:
    case ZD_DISCRIMINATE_PATTERN:
      break;
  }
  int answer = by_value(r, at, &list);
  return answer < 0 ? by_rows(r, at, &list) : answer;
}

/* A slice without a discriminator: extensions by url, choices by type, others by all they say. */
static int by_itself(zd_run *r, const zd_rules *rules, uint32_t slice, uint32_t node) {
  const zd_profile_element *e = &rules->rows[slice].e;
  if (r->tree->nodes[node].type == r->v->extension) return by_url(r, rules, slice, node);
  if (e->alternatives > 1 ||
      (e->element != ZD_NO_ELEMENT &&
       (zd_schema_element_info(r->schema, e->element).flags & ZD_EL_CHOICE))) {
    nodes list = {.n = 1, .items = {zd_fhirpath_node(r->tree, node)}};
    return by_type(r, (place){rules, slice}, false, &list);
  }
  return zd_run_row_conforms(r, rules, slice, node);
}

int zd_slice_takes(zd_run *r, const zd_rules *rules, uint32_t main, uint32_t slice, uint32_t node) {
  const zd_profile_element *e = &rules->rows[slice].e;
  zd_element element = r->tree->nodes[node].element;
  if (element < e->element || element >= e->element + e->alternatives) return 0;
  zd_slicing s = {.discriminator_count = 0};
  if (main != ZD_PE_NONE && rules->rows[main].e.has_slicing)
    s = zd_schema_profile_slicing(r->schema, rules->profile, main);
  if (!s.discriminator_count) return by_itself(r, rules, slice, node);
  int answer = 1;
  for (uint32_t k = 0; k < s.discriminator_count; k++) {
    zd_discriminator d = zd_schema_profile_discriminator(r->schema, rules->profile, main, k);
    int one = by_discriminator(r, rules, slice, d, node);
    if (one == 0) return 0;
    if (one < 0) answer = -1;
  }
  return answer;
}

/* ---- counting ---- */

typedef struct sliced {
  const zd_rules *rules;
  uint32_t main, parent;
  uint32_t last;  /* slice of the value before; ZD_PE_NONE */
  bool outside;   /* a value before belongs to no slice */
  bool undecided; /* of some value it is not known */
  zd_slicing slicing;
} sliced;

static bool is_slice_of(const zd_rules *rules, uint32_t row, uint32_t main) {
  const zd_profile_element *e = &rules->rows[row].e, *m = &rules->rows[main].e;
  if (!e->slice.p || e->element == ZD_NO_ELEMENT) return false;
  if (e->sliced != ZD_PE_NONE) return e->sliced == main;
  return !m->slice.p && e->element >= m->element && e->element < m->element + m->alternatives;
}

static void say(zd_run *r, const sliced *s, uint32_t node, zd_severity severity, zd_message message,
                uint32_t slice) {
  const zd_rule_row *rows = s->rules->rows;
  bool named = slice != ZD_PE_NONE;
  zd_slice path = rows[s->main].e.id;
  zd_run_say(r, (zd_subject){node, s->rules, named ? slice : s->main},
             &(zd_say){.severity = severity,
                       .code = ZD_ISSUE_STRUCTURE,
                       .message = message,
                       .text = {path, named ? rows[slice].e.slice : path}});
}

static void say_undecided(zd_run *r, sliced *s, uint32_t node, uint32_t slice) {
  s->undecided = true;
  r->trial_undecided = true;
  zd_run_say(r, (zd_subject){node, s->rules, slice},
             &(zd_say){.severity = ZD_INFORMATION,
                       .code = ZD_ISSUE_NOT_SUPPORTED,
                       .message = ZD_SAY_SLICE_UNDECIDED,
                       .text = {s->rules->rows[slice].e.id,
                                ZD_S("no row of the slice says it, or what does is not known")}});
}

static void say_number(zd_run *r, const sliced *s, uint32_t slice, uint32_t found) {
  const zd_profile_element *e = &s->rules->rows[slice].e;
  bool few = found < e->min && !s->undecided, many = found > e->max;
  if (!few && !many) return;
  zd_run_say(r, (zd_subject){s->parent, s->rules, slice},
             &(zd_say){.severity = ZD_ERROR,
                       .code = few ? ZD_ISSUE_REQUIRED : ZD_ISSUE_STRUCTURE,
                       .message = few ? ZD_SAY_TOO_FEW : ZD_SAY_TOO_MANY,
                       .text = {e->id, zd_number_text(r, few ? e->min : e->max),
                                zd_number_text(r, found)}});
}

static void slice_nodes(zd_run *r, const zd_rules *rules, uint32_t main, uint32_t parent,
                        const uint32_t *list, size_t n);

/* The slice that a value belongs to; ZD_PE_NONE. */
static uint32_t choose(zd_run *r, sliced *s, uint32_t node, bool *unknown) {
  const zd_rules *rules = s->rules;
  uint32_t siblings = rules->rows[rules->rows[s->main].e.parent].first;
  *unknown = false;
  uint32_t maybe = ZD_PE_NONE;
  for (uint32_t k = siblings; k != ZD_PE_NONE; k = rules->rows[k].next) {
    if (!is_slice_of(rules, k, s->main)) continue;
    int takes = zd_slice_takes(r, rules, s->main, k, node);
    if (takes == 1) return k;
    if (takes < 0) maybe = k;
  }
  if (maybe != ZD_PE_NONE) {
    *unknown = true;
    say_undecided(r, s, node, maybe);
  }
  return ZD_PE_NONE;
}

static void check_order(zd_run *r, sliced *s, uint32_t node, uint32_t slice, bool unknown) {
  bool has = s->rules->rows[s->main].e.has_slicing;
  if (slice == ZD_PE_NONE) {
    s->outside = s->outside || !unknown;
    if (has && s->slicing.rules == ZD_SLICING_CLOSED && !unknown)
      say(r, s, node, ZD_ERROR, ZD_SAY_SLICE_CLOSED, ZD_PE_NONE);
    return;
  }
  if (has && s->outside && s->slicing.rules == ZD_SLICING_OPEN_AT_END)
    say(r, s, node, ZD_ERROR, ZD_SAY_SLICE_NOT_LAST, ZD_PE_NONE);
  if (has && s->slicing.ordered && s->last != ZD_PE_NONE && slice < s->last)
    say(r, s, node, ZD_ERROR, ZD_SAY_SLICE_ORDER, slice);
  s->last = slice;
}

static void check_each(zd_run *r, sliced *s, const uint32_t *list, size_t n, uint32_t *slice_of) {
  for (size_t i = 0; i < n && !r->err; i++) {
    bool unknown;
    slice_of[i] = choose(r, s, list[i], &unknown);
    check_order(r, s, list[i], slice_of[i], unknown);
    if (slice_of[i] != ZD_PE_NONE) zd_walk_row(r, s->rules, slice_of[i], list[i]);
  }
}

static void slice_nodes(zd_run *r, const zd_rules *rules, uint32_t main, uint32_t parent,
                        const uint32_t *list, size_t n) {
  sliced s = {.rules = rules, .main = main, .parent = parent, .last = ZD_PE_NONE};
  uint32_t *slice_of = ZD_NEW_ARRAY(r->arena, uint32_t, 2 * n + 1), *part = slice_of + n;
  if (!slice_of) {
    zd_run_fail(r, ZD_ERR_MEMORY, "no memory for slices");
    return;
  }
  if (rules->rows[main].e.has_slicing)
    s.slicing = zd_schema_profile_slicing(r->schema, rules->profile, main);
  check_each(r, &s, list, n, slice_of);
  uint32_t siblings = rules->rows[rules->rows[main].e.parent].first;
  for (uint32_t k = siblings; k != ZD_PE_NONE && !r->err; k = rules->rows[k].next) {
    if (!is_slice_of(rules, k, main)) continue;
    size_t found = 0;
    for (size_t i = 0; i < n; i++)
      if (slice_of[i] == k) part[found++] = list[i];
    say_number(r, &s, k, (uint32_t)found);
    slice_nodes(r, rules, k, parent, part, found); /* slices of a slice */
  }
}

static bool has_slices(const zd_rules *rules, uint32_t main) {
  for (uint32_t k = rules->rows[main].next; k != ZD_PE_NONE; k = rules->rows[k].next)
    if (is_slice_of(rules, k, main)) return true;
  return false;
}

void zd_check_slices(zd_run *r, const zd_rules *rules, uint32_t row, uint32_t parent) {
  const zd_profile_element *e = &rules->rows[row].e;
  size_t n = 0, room = r->tree->nodes[parent].end - parent;
  if (e->parent == ZD_PE_NONE || !has_slices(rules, row)) return;
  uint32_t *list = ZD_NEW_ARRAY(r->arena, uint32_t, room + 1);
  if (!list) {
    zd_run_fail(r, ZD_ERR_MEMORY, "no memory for slices");
    return;
  }
  for (uint32_t c = zd_tree_first(r->tree, parent); c; c = zd_tree_next(r->tree, parent, c)) {
    zd_element x = r->tree->nodes[c].element;
    if (x >= e->element && x < e->element + e->alternatives) list[n++] = c;
  }
  slice_nodes(r, rules, row, parent, list, n);
}
