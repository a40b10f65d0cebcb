/* by_url.c: chains and _has through canonical references, which name their target by its url.
 *
 * The store follows names (type and id) only. What canonicals point to are definitions, of which
 * there are few: those that match are looked up while the query is read, in its snapshot, and their
 * urls become terms. A reference without a version names every resource of its url; one with a
 * version, that version alone. _has goes the other way alike: those that refer are looked up, and
 * what they name is asked for by its url and version. */
#include "base/clock.h"
#include "search/plans/ask.h"
#include "search/plans/look.h"

enum { TARGETS_MAX = 1000, URL_MAX = 190 };
static const uint64_t LOOK_UP_NS = UINT64_C(2000000000);

typedef struct urls {
  zd_ask *a;
  const zd_search_param *param;
  zd_slice *done; /* urls whose references without a version are planned already */
  size_t done_count;
  const zd_plan **plans;
  size_t n;
} urls;

static zd_plan *term(urls *u, zd_plan_op op, uint8_t tag, zd_slice text) {
  zd_plan *p = zd_plan_new(u->a->q->arena, op);
  if (!p) return NULL;
  p->field = u->param->field;
  p->term = zd_term_tagged(tag, text, u->a->q->arena);
  return p->term.p ? p : NULL;
}

static zd_err fits(const zd_look *look, const zd_fact *fact, zd_arena *arena, bool *hit) {
  (void)arena;
  const zd_slice *url = look->wanted;
  *hit = !fact->id.p && !fact->version.p && fact->text.p && zd_slice_eq(fact->text, *url);
  return ZD_OK;
}

/* Rows with a reference to the url that has no version. Its term stands for those with one too; a
 * row with both is looked at. */
static zd_err without_version(urls *u, zd_slice url, const zd_plan **out) {
  zd_arena *arena = u->a->q->arena;
  zd_slice *wanted = ZD_NEW(arena, zd_slice);
  const zd_plan *any = term(u, ZD_PLAN_TERM, ZD_TERM_URL, url);
  zd_slice bar = zd_arena_printf(arena, "%.*s|", ZD_SV(url));
  const zd_plan *versioned = bar.p ? term(u, ZD_PLAN_PREFIX, ZD_TERM_VERSIONED, bar) : NULL;
  const zd_plan *none, *sure, *both;
  if (!wanted || !any || !versioned) return ZD_ERR_MEMORY;
  *wanted = url;
  zd_look look = {.search = u->a->q->s, .param = u->param, .fits = fits, .wanted = wanted};
  zd_err err = zd_plan_group(ZD_PLAN_NOT, &versioned, 1, arena, &none);
  if (!err) err = zd_plan_group(ZD_PLAN_AND, (const zd_plan *[]){any, none}, 2, arena, &sure);
  if (!err) err = zd_plan_group(ZD_PLAN_AND, (const zd_plan *[]){any, versioned}, 2, arena, &both);
  if (err) return err;
  both = zd_look_plan(&look, both, arena);
  return zd_plan_group(ZD_PLAN_OR, (const zd_plan *[]){sure, both}, 2, arena, out);
}

static zd_err text_of(const zd_tree *tree, zd_slice name, zd_arena *arena, zd_slice *out) {
  uint32_t node = zd_tree_child(tree, 0, name);
  *out = (zd_slice){NULL, 0};
  if (!node || !tree->nodes[node].p) return ZD_OK;
  *out = zd_node_text(&tree->nodes[node], arena);
  return out->p ? ZD_OK : ZD_ERR_MEMORY;
}

static zd_err add_url(urls *u, zd_slice url, zd_slice version) {
  zd_arena *arena = u->a->q->arena;
  if (url.n > URL_MAX)
    return zd_ask_fail(u->a, ZD_ERR_UNSUPPORTED,
                       "a matching resource has a url of more than %d bytes", URL_MAX);
  if (version.n) {
    zd_slice whole = zd_arena_printf(arena, "%.*s|%.*s", ZD_SV(url), ZD_SV(version));
    u->plans[u->n] = whole.p ? term(u, ZD_PLAN_TERM, ZD_TERM_VERSIONED, whole) : NULL;
    if (!u->plans[u->n++]) return ZD_ERR_MEMORY;
  }
  for (size_t i = 0; i < u->done_count; i++)
    if (zd_slice_eq(u->done[i], url)) return ZD_OK;
  u->done[u->done_count++] = url;
  return without_version(u, url, &u->plans[u->n++]);
}

static zd_err add_target(urls *u, zd_row row) {
  zd_query_reader *q = u->a->q;
  zd_record record;
  zd_tree tree;
  zd_fault fault = {0};
  zd_slice url, version = {NULL, 0};
  zd_err err = zd_snapshot_read(q->options->snapshot, row, false, q->arena, &record, &fault);
  if (!err) err = zd_stored_tree(q->s, record.type, record.body, q->arena, &tree);
  if (!err) err = text_of(&tree, ZD_S("url"), q->arena, &url);
  if (!err) err = text_of(&tree, ZD_S("version"), q->arena, &version);
  return err || !url.n ? err : add_url(u, url, version);
}

static zd_err too_many(zd_ask *a) {
  return zd_query_refuse(a->q, a->part->name, ZD_ISSUE_TOO_COSTLY,
                         "%.*s: canonical references are followed to and from at most %d resources "
                         "that are found quickly",
                         a->part->name.n > 100 ? 100 : (int)a->part->name.n, a->part->name.p,
                         TARGETS_MAX);
}

/* The rows that are followed from, at most TARGETS_MAX. */
static zd_err find_targets(zd_ask *a, const zd_plan *target, zd_row *rows, size_t *n) {
  zd_fault fault = {0};
  zd_search_request ask = {.plan = target,
                           .after = ZD_NO_ROW,
                           .limit = TARGETS_MAX + 1,
                           .deadline_ns = zd_clock_monotonic_ns() + LOOK_UP_NS};
  zd_err err = zd_snapshot_search(a->q->options->snapshot, &ask, rows, n, &fault);
  if (err != ZD_ERR_LIMIT && (err || *n <= TARGETS_MAX)) return err;
  return too_many(a);
}

/* Of what the urls are taken from: any definition the parameter may refer to. */
static zd_err watch_targets(zd_ask *a, const zd_search_param *param) {
  uint16_t types = zd_schema_type_count(a->q->s->schema), n = 0;
  zd_err err = ZD_OK;
  if (!a->q->options->for_condition) return ZD_OK;
  for (zd_type t = 0; t < types; t++) n += zd_param_may_refer(a->q->s, param, t);
  if (n > 16) return zd_query_watch_type(a->q, ZD_NO_TYPE);
  for (zd_type t = 0; t < types && !err; t++)
    if (zd_param_may_refer(a->q->s, param, t)) err = zd_query_watch_type(a->q, t);
  return err;
}

zd_err zd_ask_by_url(zd_ask *a, const zd_search_param *param, const zd_plan *target,
                     const zd_plan **out) {
  zd_arena *arena = a->q->arena;
  size_t n = 0;
  if (!a->q->options->snapshot)
    return zd_ask_fail(a, ZD_ERR_UNSUPPORTED,
                       "a canonical reference is followed in a snapshot only");
  zd_row *rows = ZD_NEW_ARRAY(arena, zd_row, TARGETS_MAX + 1);
  if (!rows) return ZD_ERR_MEMORY;
  zd_err err = watch_targets(a, param);
  if (!err) err = find_targets(a, target, rows, &n);
  if (err) return err;
  urls u = {.a = a,
            .param = param,
            .done = ZD_NEW_ARRAY(arena, zd_slice, n + 1),
            .plans = ZD_NEW_ARRAY(arena, const zd_plan *, 2 * n + 1)};
  if (!u.done || !u.plans) return ZD_ERR_MEMORY;
  for (size_t i = 0; i < n && !err; i++) err = add_target(&u, rows[i]);
  return err ? err : zd_plan_group(ZD_PLAN_OR, u.plans, u.n, arena, out);
}

/* ---- _has: from those that refer to what they name ---- */

/* The canonical references of the rows that refer, each once. */
typedef struct named {
  zd_ask *a;
  zd_slice *urls; /* url, or url|version */
  zd_slice *versions;
  size_t n;
  bool many;
} named;

static zd_err keep_name(named *k, const zd_fact *fact) {
  zd_arena *arena = k->a->q->arena;
  for (size_t i = 0; i < k->n; i++) {
    bool versioned = k->versions[i].p != NULL;
    if (zd_slice_eq(k->urls[i], fact->text) && versioned == (fact->version.p != NULL) &&
        (!versioned || zd_slice_eq(k->versions[i], fact->version)))
      return ZD_OK;
  }
  k->many |= k->n == TARGETS_MAX;
  if (k->many) return ZD_OK;
  k->urls[k->n] = zd_arena_copy(arena, fact->text);
  k->versions[k->n] = fact->version.p ? zd_arena_copy(arena, fact->version) : fact->version;
  bool whole = k->urls[k->n].p && (!fact->version.p || k->versions[k->n].p);
  k->n++;
  return whole ? ZD_OK : ZD_ERR_MEMORY;
}

static zd_err collect(const zd_look *look, const zd_fact *fact, zd_arena *arena, bool *hit) {
  named *const *k = look->wanted;
  (void)arena;
  *hit = false;
  return fact->id.p || !fact->text.p ? ZD_OK : keep_name(*k, fact);
}

static zd_err names_of(named *k, const zd_search_param *param, zd_row row) {
  zd_query_reader *q = k->a->q;
  zd_arena arena;
  zd_record record;
  zd_tree tree;
  zd_fault fault = {0};
  bool hit;
  zd_look look = {.search = q->s, .param = param, .fits = collect, .wanted = &k};
  zd_arena_init(&arena, 0);
  zd_err err = zd_snapshot_read(q->options->snapshot, row, false, &arena, &record, &fault);
  if (!err) err = zd_stored_tree(q->s, record.type, record.body, &arena, &tree);
  if (!err) err = zd_look_at(&look, &tree, 0, &arena, &hit);
  zd_arena_free(&arena);
  return err;
}

/* Rows of the type with this url; where none can be asked for by it, all of the type. */
static zd_err with_url(zd_ask *a, zd_type type, zd_slice url, const zd_plan **out) {
  zd_arena *arena = a->q->arena;
  const zd_search *s = a->q->s;
  zd_clause clause = {.type = type, .name = ZD_S("url"), .only = ZD_NO_TYPE, .count = 1};
  zd_search_value *v = ZD_NEW(arena, zd_search_value);
  if (!v) return ZD_ERR_MEMORY;
  *v = (zd_search_value){.text = url, .code = url, .any_system = true};
  clause.values = v;
  bool said = a->why[0] != '\0';
  zd_err err = zd_clause_param(a, type, clause.name, &clause.param);
  if (err == ZD_ERR_NOT_FOUND) {
    if (!said) a->why[0] = '\0';
    return zd_plan_type(s, type, arena, out);
  }
  return err ? err : zd_plan_clause(s, &clause, arena, out);
}

/* What a row is named by: looked at, for not every type is searched by its url and version. */
typedef struct name {
  const zd_search *s;
  zd_slice url, version; /* version.p NULL: any */
} name;

static zd_err is_named(void *state, zd_snapshot *v, zd_row row, bool *hit) {
  const name *k = state;
  zd_arena arena;
  zd_record record;
  zd_tree tree;
  zd_fault fault = {0};
  zd_slice url, version;
  *hit = false;
  zd_arena_init(&arena, 0);
  zd_err err = zd_snapshot_read(v, row, false, &arena, &record, &fault);
  if (!err && record.body.n) {
    err = zd_stored_tree(k->s, record.type, record.body, &arena, &tree);
    if (!err) err = text_of(&tree, ZD_S("url"), &arena, &url);
    if (!err) err = text_of(&tree, ZD_S("version"), &arena, &version);
    *hit = !err && url.p && zd_slice_eq(url, k->url) &&
           (!k->version.p || (version.p && zd_slice_eq(version, k->version)));
  }
  zd_arena_free(&arena);
  return err;
}

bool zd_ask_is_named(const zd_plan *plan) {
  return plan->op == ZD_PLAN_CHECK && plan->check == is_named;
}

static zd_err looked_at(zd_ask *a, const zd_plan *among, zd_slice url, zd_slice version,
                        const zd_plan **out) {
  zd_arena *arena = a->q->arena;
  zd_plan *p = zd_plan_new(arena, ZD_PLAN_CHECK);
  const zd_plan **child = ZD_NEW_ARRAY(arena, const zd_plan *, 1);
  name *k = ZD_NEW(arena, name);
  if (!p || !child || !k) return ZD_ERR_MEMORY;
  *k = (name){a->q->s, url, version};
  child[0] = among;
  p->children = child;
  p->child_count = 1;
  p->check = is_named;
  p->check_state = k;
  *out = p;
  return ZD_OK;
}

static zd_err name_plan(zd_ask *a, zd_type type, zd_slice url, zd_slice version,
                        const zd_plan **out) {
  const zd_plan *among = NULL;
  zd_err err = with_url(a, type, url, &among);
  if (!err && (version.p || among->op == ZD_PLAN_TYPE))
    return looked_at(a, among, url, version, out);
  *out = among;
  return err;
}

zd_err zd_ask_named_by_url(zd_ask *a, zd_type type, zd_type source, const zd_search_param *param,
                           const zd_plan *from, const zd_plan **out) {
  zd_arena *arena = a->q->arena;
  size_t n = 0;
  if (!a->q->options->snapshot)
    return zd_ask_fail(a, ZD_ERR_UNSUPPORTED,
                       "a canonical reference is followed in a snapshot only");
  zd_row *rows = ZD_NEW_ARRAY(arena, zd_row, TARGETS_MAX + 1);
  named k = {.a = a,
             .urls = ZD_NEW_ARRAY(arena, zd_slice, TARGETS_MAX),
             .versions = ZD_NEW_ARRAY(arena, zd_slice, TARGETS_MAX)};
  const zd_plan **plans = ZD_NEW_ARRAY(arena, const zd_plan *, TARGETS_MAX);
  if (!rows || !k.urls || !k.versions || !plans) return ZD_ERR_MEMORY;
  /* A type without a url of its own is named by none (Subscription's parameter is another's). */
  if (zd_schema_child(a->q->s->schema, type, ZD_S("url")) == ZD_NO_ELEMENT)
    return zd_plan_group(ZD_PLAN_OR, plans, 0, arena, out);
  zd_err err = zd_query_watch_type(a->q, source);
  if (!err) err = find_targets(a, from, rows, &n);
  for (size_t i = 0; i < n && !err; i++) err = names_of(&k, param, rows[i]);
  if (!err && k.many) err = too_many(a);
  for (size_t i = 0; i < k.n && !err; i++)
    err = name_plan(a, type, k.urls[i], k.versions[i], &plans[i]);
  if (!err) err = zd_plan_group(ZD_PLAN_OR, plans, k.n, arena, out);
  /* a contained definition is named by nobody, whatever its url */
  return err || !k.n ? err : zd_plan_of_rows(*out, arena, out);
}
