/* included.c: resources that _include and _revinclude add to a page (R4 search.html#include).
 *
 * Round by round: the first looks at the matches, each further one at what the round before found,
 * with the includes that iterate, until nothing new comes. A resource is looked at once.
 *
 *   forwards    the resource is read; its entries under the parameter name the targets
 *   backwards   rows with a term that names the resource, asked of the index for many at once
 *
 * Canonicals (Questionnaire.url and the like) are no names. They are followed by url and version:
 * the index finds candidates, the resource itself decides.
 */
#include "search/entries/contained.h"
#include "search/language/include.h"

enum { AT_ONCE = 256, TERMS_AT_ONCE = 4096 }; /* resources, terms asked for in one search */

typedef struct walk {
  const zd_search *s;
  zd_snapshot *v;
  const zd_query *q;
  uint64_t deadline_ns;
  size_t limit;    /* most rows added */
  zd_arena *arena; /* the result */
  zd_arena scratch;
  zd_fault *fault;
  zd_row *rows; /* matches, those that are followed first; then what was added */
  size_t n, followed, matches, room;
  const zd_page_matches *page;
  uint64_t *places; /* open-addressed, at most half full; 0: empty, else a place in rows + 1 */
  size_t mask;
} walk;

/* ---- rows, each once ---- */

static uint64_t *place_of(walk *w, zd_row row) {
  uint64_t h = row * UINT64_C(0x9E3779B97F4A7C15);
  size_t at = (size_t)(h >> 20) & w->mask;
  while (w->places[at] && w->rows[w->places[at] - 1] != row) at = (at + 1) & w->mask;
  return &w->places[at];
}

static zd_err grow(walk *w) {
  size_t room = w->room ? w->room * 2 : 256;
  zd_row *rows = ZD_NEW_ARRAY(w->arena, zd_row, room);
  uint64_t *places = ZD_NEW_ARRAY(w->arena, uint64_t, room * 2);
  if (!rows || !places) return ZD_ERR_MEMORY;
  if (w->n) memcpy(rows, w->rows, w->n * sizeof *rows);
  w->rows = rows;
  w->places = places;
  w->room = room;
  w->mask = room * 2 - 1;
  for (size_t i = 0; i < w->n; i++) *place_of(w, rows[i]) = i + 1;
  return ZD_OK;
}

static zd_err add(walk *w, zd_row row) {
  if (w->n == w->room) {
    zd_err err = grow(w);
    if (err) return err;
  }
  uint64_t *place = place_of(w, row);
  if (*place) return ZD_OK;
  w->rows[w->n++] = row;
  *place = w->n;
  if (w->n <= w->matches || w->n - w->matches <= w->limit) return ZD_OK;
  return zd_fail(w->fault, ZD_ERR_LIMIT,
                 "more than %zu resources would be included; ask for fewer matches with _count, or "
                 "name the parameters and types to include",
                 w->limit);
}

static zd_err in_time(walk *w) {
  if (!w->deadline_ns || zd_clock_monotonic_ns() < w->deadline_ns) return ZD_OK;
  return zd_fail(w->fault, ZD_ERR_LIMIT, "looking for what to include takes too long");
}

/* ---- resources ---- */

/* A row read: its memory is the scratch arena's until the next one. */
typedef struct resource {
  zd_type type;
  zd_slice id;
  zd_tree tree;
  uint32_t node; /* of the tree: its root, or a contained one */
} resource;

static zd_err read_resource(walk *w, zd_row row, zd_arena *arena, resource *out) {
  zd_record record;
  zd_err err = zd_snapshot_read(w->v, row, false, arena, &record, w->fault);
  if (err) return err;
  out->type = zd_search_symbol_type(w->s, record.type);
  out->node = 0;
  out->id = zd_arena_copy(arena, (zd_slice){record.id, record.id_n});
  if (!out->id.p) return ZD_ERR_MEMORY;
  return zd_stored_tree(w->s, record.type, record.body, arena, &out->tree);
}

static zd_slice text_of(const resource *r, zd_slice element, zd_arena *arena) {
  uint32_t node = zd_tree_child(&r->tree, 0, element);
  return node ? zd_node_text(&r->tree.nodes[node], arena) : (zd_slice){NULL, 0};
}

/* ---- searches ---- */

/* A canonical reference: url and version of the target; the version may be absent. */
typedef struct canonical {
  zd_slice url, version;
  const zd_search_param *param; /* under which it is referred to */
} canonical;
typedef zd_err (*decider)(walk *w, const canonical *x, zd_row row, bool *yes);

/* Adds what the plan finds, but no row that `decide` says no to (NULL: all). */
static zd_err add_matching(walk *w, const zd_plan *plan, decider decide, const canonical *x) {
  enum { STEP = 2048 };
  zd_row *rows = ZD_NEW_ARRAY(&w->scratch, zd_row, STEP), after = ZD_NO_ROW;
  if (!rows) return ZD_ERR_MEMORY;
  for (;;) {
    zd_search_request ask = {
        .plan = plan, .after = after, .limit = STEP, .deadline_ns = w->deadline_ns};
    size_t n = 0;
    zd_err err = zd_snapshot_search(w->v, &ask, rows, &n, w->fault);
    for (size_t i = 0; i < n && !err; i++) {
      bool yes = true;
      if (decide) err = decide(w, x, rows[i], &yes);
      if (!err && yes) err = add(w, rows[i]);
    }
    if (err || n < STEP) return err;
    after = rows[n - 1];
  }
}

static zd_err term_plan(walk *w, uint32_t field, zd_slice term, const zd_plan **out) {
  zd_plan *p = term.p ? zd_plan_new(&w->scratch, ZD_PLAN_TERM) : NULL;
  *out = p;
  if (!p) return ZD_ERR_MEMORY;
  p->field = field;
  p->term = term;
  return ZD_OK;
}

/* A field that several types share needs their name besides. */
static zd_err of_type(walk *w, const zd_search_param *p, zd_type type, const zd_plan **plan) {
  const zd_plan *both[2] = {*plan};
  if (!p->shared) return ZD_OK;
  zd_err err = zd_plan_type(w->s, type, &w->scratch, &both[1]);
  return err ? err : zd_plan_group(ZD_PLAN_AND, both, 2, &w->scratch, plan);
}

/* ---- canonicals ---- */

typedef zd_err (*canonical_sink)(void *state, zd_slice url, zd_slice version);

typedef struct fact_state {
  canonical_sink sink;
  void *state;
} fact_state;

static zd_err canonical_fact(void *state, const zd_fact *fact) {
  fact_state *f = state;
  return fact->text.p ? f->sink(f->state, fact->text, fact->version) : ZD_OK;
}

/* The canonicals that a resource says under the parameter. */
static zd_err each_canonical(walk *w, const resource *r, const zd_search_param *p, zd_arena *arena,
                             canonical_sink sink, void *state) {
  zd_type canonical_type = zd_schema_type(w->s->schema, ZD_S("canonical"));
  zd_slice expression = zd_schema_param(w->s->schema, p->index).expression;
  zd_source source = {.search = w->s, .tree = &r->tree, .arena = arena};
  fact_state f = {sink, state};
  zd_nodes nodes = {0};
  const zd_path *path;
  zd_err err = zd_path_compile(w->s->schema, r->type, expression, arena, &path, w->fault);
  if (!err) err = zd_path_eval(path, &r->tree, r->node, arena, &nodes);
  for (size_t i = 0; i < nodes.n && !err; i++)
    if (r->tree.nodes[nodes.items[i]].type == canonical_type)
      err = zd_facts(&source, p->kind, nodes.items[i], canonical_fact, &f);
  return err;
}

/* Whether the resource in the row has this url, and this version when one is wanted. */
static zd_err is_version(walk *w, const canonical *x, zd_row row, bool *yes) {
  resource r;
  zd_arena arena;
  *yes = true;
  if (!x->version.p) return ZD_OK;
  zd_arena_init(&arena, 0);
  zd_err err = read_resource(w, row, &arena, &r);
  *yes = !err && zd_slice_eq(text_of(&r, ZD_S("version"), &arena), x->version);
  zd_arena_free(&arena);
  return err;
}

typedef struct forward_canonical {
  walk *w;
  const zd_search_param *param;
  zd_type target; /* ZD_NO_TYPE: any that the parameter admits */
} forward_canonical;

static zd_err follow_canonical(void *state, zd_slice url, zd_slice version) {
  forward_canonical *f = state;
  walk *w = f->w;
  canonical x = {.url = url, .version = version};
  for (zd_type t = 0; t < zd_schema_type_count(w->s->schema); t++) {
    if (!zd_schema_is_resource(w->s->schema, t)) continue;
    if (f->target != ZD_NO_TYPE && t != f->target) continue;
    const zd_search_param *p = zd_program_find(w->s, t, ZD_S("url"));
    if (!p || p->kind != ZD_PARAM_URI || !p->answered || p->field == ZD_NO_SYMBOL) continue;
    if (!zd_include_admits(w->s, f->param, t)) continue;
    if (zd_field_is_late(w->s, p))
      return zd_fail(w->fault, ZD_ERR_BUSY, "canonical urls are being indexed; ask again later");
    const zd_plan *plan;
    zd_err err = term_plan(w, p->field, zd_term_uri(url, &w->scratch), &plan);
    if (!err) err = of_type(w, p, t, &plan);
    if (!err) err = add_matching(w, plan, is_version, &x);
    if (err) return err;
  }
  return ZD_OK;
}

/* ---- forwards ---- */

static zd_err add_target(walk *w, uint32_t type, zd_slice id) {
  zd_row row;
  zd_record record;
  zd_err err = zd_snapshot_find(w->v, type, id, &row);
  if (err == ZD_ERR_NOT_FOUND) return ZD_OK; /* nothing promises that references lead somewhere */
  if (!err) err = zd_snapshot_read(w->v, row, true, &w->scratch, &record, w->fault);
  return err || record.op == ZD_OP_DELETE ? err : add(w, row);
}

static zd_err add_targets(walk *w, const zd_include *x, const zd_search_param *p, const resource *r,
                          const zd_entry *entries, size_t n) {
  bool others = false;
  for (size_t i = 0; i < n; i++) {
    uint32_t symbol;
    zd_slice id;
    if (entries[i].field != p->field || entries[i].kind != ZD_ENTRY_TERM) continue;
    if (!zd_name_read(entries[i].term, &symbol, &id)) {
      others = true;
      continue;
    }
    zd_type target = zd_search_symbol_type(w->s, symbol);
    if (p->only != ZD_NO_TYPE && target != p->only) continue;
    if (x->target != ZD_NO_TYPE && target != x->target) continue;
    zd_err err = add_target(w, symbol, id);
    if (err) return err;
  }
  forward_canonical f = {w, p, x->target};
  return others ? each_canonical(w, r, p, &w->scratch, follow_canonical, &f) : ZD_OK;
}

static bool is_asked(const zd_include *x, zd_type type, const zd_search_param *p) {
  if (x->source != ZD_NO_TYPE && x->source != type) return false;
  return zd_include_follows(p) && (x->all || x->param == p->index);
}

static bool goes_forward(const walk *w, bool again, zd_type type) {
  for (size_t i = 0; i < w->q->include_count; i++) {
    const zd_include *x = &w->q->includes[i];
    if (!x->reverse && (!again || x->iterate) && (x->source == ZD_NO_TYPE || x->source == type))
      return true;
  }
  return false;
}

static zd_err follow_entries(walk *w, bool again, const resource *r, const zd_entry *entries,
                             size_t n) {
  const zd_search_type *params = &w->s->types[r->type];
  zd_err err = ZD_OK;
  for (size_t i = 0; i < w->q->include_count && !err; i++) {
    const zd_include *x = &w->q->includes[i];
    if (x->reverse || (again && !x->iterate)) continue;
    for (uint16_t k = 0; k < params->count && !err; k++)
      if (is_asked(x, r->type, &params->params[k]) && (!x->all || params->params[k].owner))
        err = add_targets(w, x, &params->params[k], r, entries, n);
  }
  return err;
}

static zd_err forward(walk *w, bool again, zd_type type, zd_row row) {
  const zd_entry *entries;
  resource r;
  size_t n;
  if (!goes_forward(w, again, type)) return ZD_OK;
  zd_err err = read_resource(w, row, &w->scratch, &r);
  if (!err) err = zd_search_entries(w->s, &r.tree, 0, NULL, NULL, 0, &w->scratch, &entries, &n);
  return err ? err : follow_entries(w, again, &r, entries, n);
}

/* From a contained resource that matched: what it refers to outside of its container. */
static zd_err forward_within(walk *w, zd_hit hit) {
  const zd_entry *entries;
  resource r;
  size_t n;
  zd_err err = read_resource(w, hit.row, &w->scratch, &r);
  if (err) return err;
  r.node = zd_search_inner(w->s, &r.tree, hit.inner);
  r.type = r.tree.nodes[r.node].type;
  if (!r.node || !goes_forward(w, false, r.type)) return ZD_OK;
  err = zd_entries_within(w->s, &r.tree, 0, r.node, &w->scratch, &entries, &n);
  return err ? err : follow_entries(w, false, &r, entries, n);
}

/* ---- backwards ---- */

/* Terms for which one search asks. */
typedef struct terms {
  const zd_plan **plans;
  size_t n, room;
} terms;

static zd_err add_term(walk *w, terms *t, const zd_search_param *p, zd_type source, zd_slice term) {
  if (t->n == t->room) {
    size_t room = t->room ? t->room * 2 : 64;
    const zd_plan **plans = ZD_NEW_ARRAY(&w->scratch, const zd_plan *, room);
    if (!plans) return ZD_ERR_MEMORY;
    if (t->n) memcpy(plans, t->plans, t->n * sizeof *plans);
    t->plans = plans;
    t->room = room;
  }
  zd_err err = term_plan(w, p->field, term, &t->plans[t->n]);
  if (!err) err = of_type(w, p, source, &t->plans[t->n]);
  t->n += !err;
  return err;
}

typedef struct hit_state {
  const canonical *x;
  bool hit;
} hit_state;

static zd_err compare_canonical(void *state, zd_slice url, zd_slice version) {
  hit_state *h = state;
  if (zd_slice_eq(url, h->x->url) && (!version.p || zd_slice_eq(version, h->x->version)))
    h->hit = true;
  return ZD_OK;
}

/* Whether the resource in the row refers to this canonical in this version, or in any. */
static zd_err refers_to(walk *w, const canonical *x, zd_row row, bool *yes) {
  resource r;
  zd_arena arena;
  hit_state h = {x, false};
  zd_arena_init(&arena, 0);
  zd_err err = read_resource(w, row, &arena, &r);
  if (!err) err = each_canonical(w, &r, x->param, &arena, compare_canonical, &h);
  zd_arena_free(&arena);
  *yes = h.hit;
  return err;
}

/* Whether the parameter of the source type can refer to the target by what `x` asks. */
static bool is_reverse(walk *w, const zd_include *x, zd_type source, const zd_search_param *p,
                       zd_type target) {
  return (x->target == ZD_NO_TYPE || x->target == target) && is_asked(x, source, p) &&
         zd_include_admits(w->s, p, target);
}

/* Calls add_term for every field in which `target` may be named. */
static zd_err name_in_fields(walk *w, const zd_include *x, zd_type target, zd_slice id, terms *t) {
  char name[ZD_NAME_MAX];
  zd_slice term = {NULL, 0};
  size_t n = zd_name_write(name, w->s->types[target].symbol, id);
  zd_err err = ZD_OK;
  for (zd_type s = 0; s < zd_schema_type_count(w->s->schema) && !err; s++) {
    if (x->source != ZD_NO_TYPE && s != x->source) continue;
    if (!zd_schema_is_resource(w->s->schema, s)) continue;
    for (uint16_t i = 0; i < w->s->types[s].count && !err; i++) {
      const zd_search_param *p = &w->s->types[s].params[i];
      if (!is_reverse(w, x, s, p, target)) continue;
      if (!term.p) term = zd_arena_copy(&w->scratch, (zd_slice){name, n});
      err = term.p ? add_term(w, t, p, s, term) : ZD_ERR_MEMORY;
    }
  }
  return err;
}

static zd_err canonical_in_fields(walk *w, const zd_include *x, const resource *r, canonical *c) {
  zd_err err = ZD_OK;
  for (zd_type s = 0; s < zd_schema_type_count(w->s->schema) && !err; s++) {
    if (x->source != ZD_NO_TYPE && s != x->source) continue;
    if (!zd_schema_is_resource(w->s->schema, s)) continue;
    for (uint16_t i = 0; i < w->s->types[s].count && !err; i++) {
      terms t = {0};
      c->param = &w->s->types[s].params[i];
      if (!is_reverse(w, x, s, c->param, r->type)) continue;
      zd_slice term = zd_term_tagged(ZD_TERM_URL, c->url, &w->scratch);
      err = add_term(w, &t, c->param, s, term);
      if (!err) err = add_matching(w, t.plans[0], refers_to, c);
    }
  }
  return err;
}

/* Who refers to the resource by its canonical url. */
static zd_err backward_canonical(walk *w, const zd_include *x, zd_type type, zd_row row) {
  const zd_search_param *url = zd_program_find(w->s, type, ZD_S("url"));
  resource r;
  if (!url || url->kind != ZD_PARAM_URI) return ZD_OK;
  zd_err err = read_resource(w, row, &w->scratch, &r);
  if (err) return err;
  canonical c = {.url = text_of(&r, ZD_S("url"), &w->scratch),
                 .version = text_of(&r, ZD_S("version"), &w->scratch)};
  return c.url.p ? canonical_in_fields(w, x, &r, &c) : ZD_OK;
}

static zd_err header(walk *w, zd_row row, zd_type *type, zd_slice *id) {
  zd_record record;
  zd_err err = zd_snapshot_read(w->v, row, true, &w->scratch, &record, w->fault);
  if (err) return err;
  *type = zd_search_symbol_type(w->s, record.type);
  *id = zd_arena_copy(&w->scratch, (zd_slice){record.id, record.id_n});
  return id->p ? ZD_OK : ZD_ERR_MEMORY;
}

/* Asks for all the terms, and forgets them. */
static zd_err ask(walk *w, terms *t) {
  const zd_plan *plan;
  size_t n = t->n;
  t->n = 0;
  if (!n) return ZD_OK;
  zd_err err = zd_plan_group(ZD_PLAN_OR, t->plans, n, &w->scratch, &plan);
  return err ? err : add_matching(w, plan, NULL, NULL);
}

static zd_err backward_some(walk *w, const zd_include *x, size_t first, size_t end) {
  terms t = {0};
  zd_err err = in_time(w);
  for (size_t i = first; i < end && !err; i++) {
    zd_type type;
    zd_slice id;
    zd_row row = w->rows[i];
    err = header(w, row, &type, &id);
    if (!err) err = name_in_fields(w, x, type, id, &t);
    if (!err) err = backward_canonical(w, x, type, row);
    if (!err && t.n >= TERMS_AT_ONCE) err = ask(w, &t);
  }
  return err ? err : ask(w, &t);
}

/* ---- rounds ---- */

static zd_err forward_all(walk *w, size_t first, size_t end, bool again) {
  zd_err err = ZD_OK;
  for (size_t i = first; i < end && !err; i++) {
    zd_type type;
    zd_slice id;
    err = in_time(w);
    if (!err) err = header(w, w->rows[i], &type, &id);
    if (!err) err = forward(w, again, type, w->rows[i]);
    zd_arena_reset(&w->scratch);
  }
  return err;
}

static zd_err backward_all(walk *w, size_t first, size_t end, bool again) {
  zd_err err = ZD_OK;
  for (size_t k = 0; k < w->q->include_count; k++) {
    const zd_include *x = &w->q->includes[k];
    if (!x->reverse || (again && !x->iterate)) continue;
    for (size_t i = first; i < end && !err; i += AT_ONCE) {
      err = backward_some(w, x, i, end - i > AT_ONCE ? i + AT_ONCE : end);
      zd_arena_reset(&w->scratch);
    }
  }
  return err;
}

/* The first round: nobody outside refers to a contained resource, so from those it goes forward. */
static zd_err first_round(walk *w) {
  zd_err err = forward_all(w, 0, w->followed, false);
  if (!err) err = backward_all(w, 0, w->followed, false);
  for (size_t i = 0; i < w->page->from_n && !err; i++) {
    if (!w->page->from[i].inner) continue;
    err = in_time(w);
    if (!err) err = forward_within(w, w->page->from[i]);
    zd_arena_reset(&w->scratch);
  }
  return err;
}

static zd_err rounds(walk *w) {
  zd_err err = first_round(w);
  for (size_t first = w->matches; first < w->n && !err;) {
    size_t end = w->n;
    err = forward_all(w, first, end, true);
    if (!err) err = backward_all(w, first, end, true);
    first = end;
  }
  return err;
}

/* The matches as rows, those that are followed in front. */
static zd_err add_matches(walk *w) {
  const zd_page_matches *m = w->page;
  zd_err err = ZD_OK;
  for (size_t i = 0; i < m->from_n && !err; i++)
    if (!m->from[i].inner) err = add(w, m->from[i].row);
  for (size_t i = 0; i < m->n && !err && !m->from; i++) err = add(w, m->rows[i]);
  w->followed = w->n;
  for (size_t i = 0; i < m->n && !err; i++) err = add(w, m->rows[i]);
  w->matches = w->n;
  return err;
}

zd_err zd_search_included(const zd_search *s, zd_snapshot *v, const zd_query *q,
                          const zd_page_matches *matches, size_t limit, uint64_t deadline_ns,
                          zd_arena *arena, const zd_row **out, size_t *count, zd_fault *fault) {
  walk w = {.s = s,
            .v = v,
            .q = q,
            .deadline_ns = deadline_ns,
            .limit = limit,
            .arena = arena,
            .fault = fault,
            .page = matches,
            .matches = matches->n + matches->from_n};
  *out = NULL;
  *count = 0;
  if (!w.matches || !q->include_count) return ZD_OK;
  zd_arena_init(&w.scratch, 0);
  zd_err err = add_matches(&w);
  if (!err) err = rounds(&w);
  zd_arena_free(&w.scratch);
  *out = w.rows + w.matches;
  *count = w.n - w.matches;
  return err;
}
