/* entries.c: a resource becomes its index entries. */
#include "search/entries/collect.h"
#include "search/entries/contained.h"
#include "search/entries/said.h"
#include "search/internal.h"
#include "search/text/text.h"
#include "search/values/fold.h"
#include "search/values/near.h"

enum { PARAMS_MAX = 512, WANTS_MAX = 24 };

/* One resource on its way. */
typedef struct collector {
  zd_source source;
  const zd_search_type *type;
  uint32_t container; /* where contained resources stand: the resource itself, or its container */
  bool contains;      /* anything stands there */
  uint16_t param;     /* whose facts are coming */
  size_t facts;       /* told of the node so far */
  zd_collector *all;
  zd_said *memo;            /* NULL: nothing is remembered */
  uint8_t seen[PARAMS_MAX]; /* quantity parameters that have had a value */
} collector;

static zd_err add(collector *c, const zd_entry *e) {
  return zd_collect(c->all, e, zd_collect_hash(e));
}

static zd_err add_term(collector *c, uint32_t field, zd_slice term) {
  if (!term.p) return ZD_ERR_MEMORY;
  return add(c, &(zd_entry){.field = field, .kind = ZD_ENTRY_TERM, .term = term});
}

static const zd_slice the_one = {NULL, 0}; /* column of a field */

static zd_err add_range(collector *c, uint32_t field, zd_slice column, int64_t low, int64_t high) {
  return add(c,
             &(zd_entry){
                 .field = field, .kind = ZD_ENTRY_RANGE, .term = column, .low = low, .high = high});
}

static zd_err add_tag(collector *c, const zd_search_param *p, uint8_t tag) {
  return add_term(c, p->more_field, zd_term_tagged(tag, ZD_S(""), c->source.arena));
}

/* ---- one fact, by the parameter's type ---- */

static zd_err add_token(collector *c, const zd_search_param *p, const zd_fact *f) {
  const zd_search *s = c->source.search;
  zd_arena *arena = c->source.arena;
  uint32_t symbol = zd_term_system(s, f->system, true, arena);
  zd_err err = ZD_OK;
  if (f->code.p) err = add_term(c, p->field, zd_term_token(f->code, symbol, f->system, arena));
  if (!err && f->system.p)
    err = add_term(c, p->field, zd_term_token(ZD_S(""), symbol, f->system, arena));
  return err;
}

static zd_err add_reference(collector *c, const zd_search_param *p, const zd_fact *f) {
  zd_arena *arena = c->source.arena;
  if (f->id.p) return add_term(c, p->field, zd_term_local(c->source.search, f->type, f->id, arena));
  zd_err err = add_term(c, p->field, zd_term_tagged(ZD_TERM_URL, f->text, arena));
  if (err || !f->version.p) return err;
  zd_slice whole = {f->text.p, f->text.n + 1 + f->version.n}; /* as it stood: url|version */
  return add_term(c, p->field, zd_term_tagged(ZD_TERM_VERSIONED, whole, arena));
}

static zd_err add_uri(collector *c, const zd_search_param *p, const zd_fact *f) {
  zd_arena *arena = c->source.arena;
  zd_slice whole = f->text;
  zd_err err = add_term(c, p->field, zd_term_uri(f->text, arena));
  if (f->version.p) whole.n += 1 + f->version.n;
  if (!err && f->version.p) err = add_term(c, p->field, zd_term_uri(whole, arena));
  if (err || whole.n <= ZD_URI_MAX) return err;
  return add_term(c, zd_contained_place(c->source.search, p), zd_long_term(p->field, arena));
}

/* Punctuation alone has no term that could be asked for, but one that tells it exactly. */
static zd_err add_string(collector *c, const zd_search_param *p, const zd_fact *f) {
  zd_arena *arena = c->source.arena;
  bool cut = false;
  zd_slice folded = zd_fold(f->text, ZD_STRING_MAX, &cut, arena);
  if (!folded.p) return ZD_ERR_MEMORY;
  zd_err err = folded.n ? add_term(c, p->field, folded) : ZD_OK;
  if (err || (!cut && folded.n && zd_fold_is_plain(f->text, folded))) return err;
  if (cut) folded = zd_fold(f->text, 0, NULL, arena);
  if (!folded.p) return ZD_ERR_MEMORY;
  if (cut) err = add_tag(c, p, ZD_MORE_LONG);
  return err ? err
             : add_term(c, p->more_field,
                        zd_term_more(ZD_MORE_EXACT, folded, ZD_NO_SYMBOL, f->text, arena));
}

static zd_err add_number(collector *c, uint32_t field, zd_slice column, const zd_fact *f) {
  bool exact;
  int64_t low = f->no_low ? INT64_MIN : zd_decimal_key(&f->low, &exact);
  int64_t high = low; /* of one value */
  if (!f->plain) high = f->no_high ? INT64_MAX : zd_decimal_key(&f->high, &exact);
  return add_range(c, field, column, low, high);
}

/* The quantity once more in its canonical unit, which has a column of its own. */
static zd_err add_canonical(collector *c, const zd_search_param *p, const zd_fact *f) {
  zd_arena *arena = c->source.arena;
  zd_canonical_unit unit;
  zd_fact carried = *f;
  bool known;
  zd_err err = zd_canonical_of(c->source.search, f->system, f->code, arena, &unit, &known);
  if (err || !known) return err;
  if (!f->no_low) err = zd_canonical_value(&f->low, &unit, arena, &carried.low);
  if (f->plain)
    carried.high = carried.low;
  else if (!err && !f->no_high)
    err = zd_canonical_value(&f->high, &unit, arena, &carried.high);
  if (err) return err == ZD_ERR_LIMIT ? ZD_OK : err; /* as match.c: found as written alone */
  zd_slice column = zd_canonical_column(&unit, arena);
  return column.p ? add_number(c, p->canon_field, column, &carried) : ZD_ERR_MEMORY;
}

/* As written, number and unit stand in two fields. That they belong together is sure only when the
 * resource has one quantity here; else a mark says that the resource must be looked at. */
static zd_err add_quantity(collector *c, const zd_search_param *p, const zd_fact *f) {
  zd_arena *arena = c->source.arena;
  zd_err err = add_number(c, p->field, the_one, f);
  if (!err && f->code.p) {
    uint32_t symbol = zd_term_system(c->source.search, f->system, true, arena);
    err = add_term(c, p->unit_field, zd_term_unit(f->code, symbol, f->system, arena));
  }
  if (!err && f->text.p && !(f->code.p && zd_slice_eq(f->text, f->code)))
    err = add_term(c, p->unit_field, zd_term_tagged(ZD_UNIT_TEXT, f->text, arena));
  if (!err) err = add_canonical(c, p, f);
  bool mixed = c->seen[c->param] || !f->plain;
  c->seen[c->param] = 1;
  static const char mark[1] = {ZD_UNIT_MIXED};
  return err || !mixed ? err : add_term(c, p->unit_field, zd_slice_make(mark, 1));
}

static zd_err add_position(collector *c, const zd_search_param *p, const zd_fact *f) {
  int64_t latitude = zd_near_key(f->latitude), longitude = zd_near_key(f->longitude);
  zd_err err = add_range(c, p->field, the_one, latitude, latitude);
  return err ? err : add_range(c, p->more_field, the_one, longitude, longitude);
}

static zd_err add_fact(void *state, const zd_fact *f) {
  collector *c = state;
  const zd_search_param *p = &c->type->params[c->param];
  c->facts++;
  switch (p->kind) {
    case ZD_PARAM_TOKEN:
      return add_token(c, p, f);
    case ZD_PARAM_REFERENCE:
      return add_reference(c, p, f);
    case ZD_PARAM_URI:
      return add_uri(c, p, f);
    case ZD_PARAM_STRING:
      return add_string(c, p, f);
    case ZD_PARAM_DATE:
      return add_range(c, p->field, the_one, f->when.low, f->when.high);
    case ZD_PARAM_NUMBER:
      return add_number(c, p->field, the_one, f);
    case ZD_PARAM_QUANTITY:
      return add_quantity(c, p, f);
    case ZD_PARAM_SPECIAL:
      return add_position(c, p, f);
    default:
      return ZD_ERR_INTERNAL;
  }
}

/* ---- what modifiers ask besides ---- */

static zd_err add_text(void *state, const zd_fact *f) {
  collector *c = state;
  const zd_search_param *p = &c->type->params[c->param];
  bool cut = false;
  zd_slice folded = zd_fold(f->text, ZD_STRING_MAX, &cut, c->source.arena);
  if (!folded.p) return ZD_ERR_MEMORY;
  if (!folded.n) return ZD_OK;
  c->facts++;
  char *term = zd_arena_alloc(c->source.arena, folded.n + 1);
  if (!term) return ZD_ERR_MEMORY;
  term[0] = ZD_MORE_TEXT;
  memcpy(term + 1, folded.p, folded.n);
  zd_err err = add_term(c, p->more_field, (zd_slice){term, folded.n + 1});
  return err || !cut ? err : add_tag(c, p, ZD_MORE_LONG);
}

static zd_err add_identifier(void *state, const zd_fact *f) {
  collector *c = state;
  const zd_search_param *p = &c->type->params[c->param];
  zd_arena *arena = c->source.arena;
  uint32_t symbol = zd_term_system(c->source.search, f->system, true, arena);
  zd_err err = ZD_OK;
  c->facts++;
  if (f->code.p)
    err = add_term(c, p->more_field,
                   zd_term_more(ZD_MORE_IDENTIFIER, f->code, symbol, f->system, arena));
  if (!err && f->system.p)
    err = add_term(c, p->more_field,
                   zd_term_more(ZD_MORE_IDENTIFIER, ZD_S(""), symbol, f->system, arena));
  return err;
}

/* ---- contained resources ---- */

static zd_err add_link(collector *c, const zd_search_param *p, uint32_t node) {
  const zd_search *s = c->source.search;
  uint32_t target;
  zd_err err = zd_contained_target(&c->source, c->container, node, &target);
  if (err || target == ZD_NO_NODE) return err;
  zd_type type = c->source.tree->nodes[target].type;
  return add_term(c, zd_contained_place(s, p),
                  zd_contained_link_term(s, p->field, type, c->source.arena));
}

/* Their types. Their own entries are derived when they are asked; but the systems they mention have
 * symbols from now on, as they would in entries that are kept. */
static zd_err add_contained(collector *c, uint32_t root) {
  const zd_source *x = &c->source;
  zd_err err = ZD_OK;
  for (uint32_t k = 0; !err && (k = zd_contained_next(x->search, x->tree, root, k));) {
    const zd_entry *entries;
    size_t n;
    err = add_term(c, x->search->contained_field,
                   zd_contained_term(x->search, x->tree->nodes[k].type, x->arena));
    if (!err) err = zd_entries_within(x->search, x->tree, root, k, x->arena, &entries, &n);
  }
  return err;
}

/* An element that says nothing the index holds is still there. */
static zd_err node_facts(collector *c, zd_walk_want want, uint32_t node) {
  const zd_search_param *p = &c->type->params[want.param];
  if (want.only != ZD_NO_TYPE && zd_source_target(&c->source, node) != want.only) return ZD_OK;
  c->param = want.param;
  c->facts = 0;
  zd_err err = zd_facts(&c->source, p->kind, node, add_fact, c);
  if (!err && p->kind == ZD_PARAM_TOKEN)
    err = zd_aspect_facts(&c->source, ZD_ASPECT_TEXT, node, add_text, c);
  if (!err && p->kind == ZD_PARAM_REFERENCE)
    err = zd_aspect_facts(&c->source, ZD_ASPECT_IDENTIFIER, node, add_identifier, c);
  if (!err && c->contains && p->kind == ZD_PARAM_REFERENCE) err = add_link(c, p, node);
  if (err || c->facts || !zd_fact_is_there(&c->source, node)) return err;
  return add_tag(c, p, ZD_MORE_THERE);
}

/* ---- what was said before ---- */

/* Entries of the parameter `from` as the parameter `to` has them, which is of its kind. */
static zd_entry as_of(zd_entry e, const zd_search_param *from, const zd_search_param *to) {
  if (e.field == from->field)
    e.field = to->field;
  else if (e.field == from->more_field)
    e.field = to->more_field;
  else if (e.field == from->unit_field)
    e.field = to->unit_field;
  else
    e.field = to->canon_field;
  return e;
}

/* The parameter of want `i` hears of a node what an earlier one heard: entries first .. last - 1.
 */
static zd_err say_again(collector *c, const zd_walk_state *state, uint16_t i, size_t first,
                        size_t last) {
  const zd_walk_want *want = &state->wants[i];
  const zd_search_param *from = &c->type->params[state->wants[want->like].param];
  const zd_search_param *to = &c->type->params[want->param];
  zd_err err = ZD_OK;
  for (size_t k = first; k < last && !err; k++) {
    zd_entry e = as_of(c->all->heard[k], from, to);
    err = add(c, &e);
  }
  c->seen[want->param] = c->seen[state->wants[want->like].param];
  return err;
}

/* What the node says to each parameter that wants it. Those of one kind hear the same, but that a
 * quantity is marked when it is not the first. */
static zd_err wants_facts(collector *c, const zd_walk_state *state, uint32_t node) {
  size_t from[WANTS_MAX + 1] = {0};
  uint8_t seen[WANTS_MAX] = {0};
  zd_err err = ZD_OK;
  for (uint16_t i = 0; i < state->want_count && !err; i++) {
    zd_walk_want want = state->wants[i];
    bool few = i < WANTS_MAX, again = few && want.like < i && !c->contains && !c->all->missed;
    if (few) {
      from[i] = c->all->heard_n;
      seen[i] = c->seen[want.param];
    }
    if (again && seen[want.like] == seen[i])
      err = say_again(c, state, i, from[want.like], from[want.like + 1]);
    else
      err = node_facts(c, want, node);
    if (few) from[i + 1] = c->all->heard_n;
  }
  return err;
}

static void make_key(collector *c, uint32_t who, uint32_t node) {
  const zd_source *x = &c->source;
  const zd_node *nodes = x->tree->nodes;
  size_t edit = x->edit_count ? zd_source_edit_from(x, node) : 0;
  zd_said_begin(c->memo, who);
  for (uint32_t i = node; i < nodes[node].end; i++) {
    bool edited = edit < x->edit_count && x->edit_nodes[edit] == i;
    zd_said_node(c->memo, &nodes[i], nodes[i].end - i,
                 edited ? x->edit_values[edit] : (zd_slice){NULL, 0});
    edit += edited;
  }
}

static zd_err say_remembered(collector *c, const zd_said_terms *said) {
  char *bytes = zd_arena_alloc(c->source.arena, said->bytes.n);
  zd_err err = bytes ? ZD_OK : ZD_ERR_MEMORY;
  if (bytes) memcpy(bytes, said->bytes.p, said->bytes.n);
  for (size_t i = 0; i < said->n && !err; i++) {
    const zd_said_term *t = &said->terms[i];
    zd_entry e = {.field = t->field, .kind = ZD_ENTRY_TERM, .term = {bytes + t->at, t->n}};
    err = zd_collect(c->all, &e, t->hash);
  }
  return err;
}

/* States have numbers below 2^16 within their type. */
static zd_err wanted(collector *c, uint16_t number, uint32_t node) {
  const zd_walk_state *state = &c->type->states[number];
  zd_said_terms said;
  bool remembers = c->memo && state->repeats && !c->contains;
  if (remembers) {
    make_key(c, (uint32_t)(c->type - c->source.search->types) << 16 | number, node);
    if (zd_said_find(c->memo, &said)) return say_remembered(c, &said);
  }
  if (remembers || state->want_count > 1) zd_collect_listen(c->all);
  zd_err err = wants_facts(c, state, node);
  c->all->listens = false;
  if (!err && remembers && !c->all->missed)
    zd_said_keep(c->memo, c->all->heard, c->all->heard_hashes, c->all->heard_n);
  return err;
}

/* ---- the walk ---- */

/* As deep as the longest plain path: at most ZD_BRANCH_STEPS. */
static zd_err walk(collector *c, uint32_t node, const zd_walk_state *state) {
  const zd_tree *tree = c->source.tree;
  zd_err err = ZD_OK;
  for (uint32_t child = zd_tree_first(tree, node); child && !err;
       child = zd_tree_next(tree, node, child)) {
    unsigned at = (unsigned)tree->nodes[child].element - state->first;
    if (at >= state->count || !state->next[at]) continue;
    const zd_walk_state *next = &c->type->states[state->next[at]];
    if (next->want_count) err = wanted(c, state->next[at], child);
    if (!err && next->next) err = walk(c, child, next);
  }
  return err;
}

static zd_err truth_fact(collector *c, const zd_walk_path *p, uint32_t root) {
  int truth;
  zd_path_edits edits = {c->source.edit_nodes, c->source.edit_values, c->source.edit_count};
  zd_err err = zd_path_test(p->path, c->source.tree, root, &edits, c->source.arena, &truth);
  if (err || truth < 0) return err;
  c->param = p->param;
  return add_fact(c, &(zd_fact){.code = truth ? ZD_S("true") : ZD_S("false")});
}

static zd_err path_facts(collector *c, const zd_walk_path *p, uint32_t root, zd_nodes *nodes) {
  zd_path_edits edits = {c->source.edit_nodes, c->source.edit_values, c->source.edit_count};
  nodes->n = 0;
  zd_err err = zd_path_eval_edited(p->path, c->source.tree, root, &edits, c->source.arena, nodes);
  for (size_t k = 0; k < nodes->n && !err; k++)
    err = node_facts(c, (zd_walk_want){.param = p->param, .only = ZD_NO_TYPE}, nodes->items[k]);
  return err;
}

static zd_err ask_paths(collector *c, uint32_t root) {
  zd_nodes nodes = {0};
  zd_err err = ZD_OK;
  for (uint16_t i = 0; i < c->type->path_count && !err; i++) {
    const zd_walk_path *p = &c->type->paths[i];
    if (!c->type->params[p->param].answered) continue;
    err = zd_path_is_boolean(p->path) ? truth_fact(c, p, root) : path_facts(c, p, root, &nodes);
  }
  return err;
}

/* ---- full text ---- */

static bool has_term(void *state, uint32_t field, zd_slice term, uint64_t hash) {
  return zd_collect_has(state, field, term, zd_collect_term_hash(field, hash));
}

static zd_err keep_term(void *state, uint32_t field, zd_slice term, uint64_t hash) {
  return zd_collect_copy(state, field, term, zd_collect_term_hash(field, hash));
}

/* ---- a resource ---- */

static zd_err derive(collector *c, uint32_t root) {
  const zd_search *s = c->source.search;
  const zd_walk_state *start = &c->type->states[1];
  zd_err err = start->next ? walk(c, root, start) : ZD_OK;
  if (!err) err = ask_paths(c, root);
  if (!err && root == c->container) err = add_contained(c, root);
  zd_text_keeper texts = {c->all, keep_term, has_term};
  if (!err && !s->no_texts) err = zd_text_entries(&c->source, root, &texts);
  return err;
}

static zd_err entries_of(const zd_source *source, uint32_t container, uint32_t root,
                         const zd_entry **out, size_t *n) {
  const zd_search *s = source->search;
  zd_type type = source->tree->nodes[root].type;
  *out = NULL;
  *n = 0;
  if (type >= zd_schema_type_count(s->schema) || s->types[type].symbol == ZD_NO_SYMBOL)
    return ZD_ERR_INVALID;
  zd_collector all;
  zd_collect_open(&all, source->arena);
  collector c = {.source = *source, .type = &s->types[type], .container = container, .all = &all};
  c.contains = zd_contained_next(s, source->tree, container, 0) != 0;
  if (c.type->count > PARAMS_MAX) return ZD_ERR_LIMIT;
  if (!c.contains) c.memo = zd_pool_take(s->memos); /* without memory for it, it goes without */
  zd_err err = derive(&c, root);
  zd_pool_give(s->memos, c.memo);
  *out = all.items;
  *n = all.n;
  return err;
}

zd_err zd_search_entries(const zd_search *s, const zd_tree *tree, uint32_t root,
                         const uint32_t *edit_nodes, const zd_slice *edit_values, size_t edit_count,
                         zd_arena *arena, const zd_entry **out, size_t *n) {
  zd_source source = {.search = s,
                      .tree = tree,
                      .edit_nodes = edit_nodes,
                      .edit_values = edit_values,
                      .edit_count = edit_count,
                      .arena = arena};
  return entries_of(&source, root, root, out, n);
}

zd_err zd_entries_within(const zd_search *s, const zd_tree *tree, uint32_t container, uint32_t node,
                         zd_arena *arena, const zd_entry **out, size_t *n) {
  zd_source source = {.search = s, .tree = tree, .arena = arena};
  return entries_of(&source, container, node, out, n);
}
