/* text_plan.c: _text and _content as plans over the terms of text_words.h. */
#include "search/text/text.h"

#include "fhir/codec.h"
#include "search/language/filter.h"

bool zd_text_is_param(zd_slice name) {
  return zd_slice_eq(name, ZD_S("_text")) || zd_slice_eq(name, ZD_S("_content"));
}

/* ---- from the query ---- */

static zd_err read_query(zd_ask *a, zd_text_clause *clause) {
  zd_query_reader *q = a->q;
  zd_slice text = a->part->value;
  zd_text_fault fault;
  zd_text_node *node = NULL;
  if (text.n > ZD_QUERY_VALUE_BYTES_MAX)
    return zd_query_refuse(q, a->part->name, ZD_ISSUE_TOO_LONG, "a value of more than %d bytes",
                           ZD_QUERY_VALUE_BYTES_MAX);
  zd_words *words = zd_pool_take(q->s->text->pool);
  zd_err err = words ? zd_text_read(words, text, q->arena, &node, &fault) : ZD_ERR_MEMORY;
  zd_pool_give(q->s->text->pool, words);
  if (err == ZD_ERR_INVALID || err == ZD_ERR_LIMIT)
    return zd_query_refuse(q, a->part->name,
                           err == ZD_ERR_LIMIT ? ZD_ISSUE_TOO_COSTLY : ZD_ISSUE_VALUE,
                           "%s, character %zu: %s", clause->narrative ? "_text" : "_content",
                           zd_filter_place(text, fault.at), fault.why);
  clause->query = node;
  return err;
}

zd_err zd_text_clause_read(zd_ask *a, zd_type type, zd_slice name, const zd_text_clause **out) {
  const zd_search *s = a->q->s;
  bool narrative = zd_slice_eq(name, ZD_S("_text"));
  zd_type of = type == ZD_NO_TYPE ? zd_schema_type(s->schema, ZD_S("DomainResource")) : type;
  if (zd_schema_param_find(s->schema, of, name) == UINT32_MAX)
    return zd_ask_fail(a, ZD_ERR_NOT_FOUND, "%.*s has no search parameter \"%.*s\"",
                       ZD_SV(zd_schema_type_info(s->schema, of).name), ZD_SV(name));
  if (zd_search_standing(s, s->text->narrative_field) == ZD_FIELD_PARTIAL ||
      (!narrative && zd_search_standing(s, s->text->content_field) == ZD_FIELD_PARTIAL))
    return zd_query_later(a->q, a->part->name, "the parameter \"%.*s\"", ZD_SV(name));
  zd_text_clause *clause = ZD_NEW(a->q->arena, zd_text_clause);
  if (!clause) return ZD_ERR_MEMORY;
  *clause = (zd_text_clause){.search = s, .narrative = narrative};
  *out = clause;
  return read_query(a, clause);
}

/* ---- to plans ---- */

/* Terms of one leaf, in both fields when both are asked. */
typedef struct gatherer {
  const zd_text_clause *clause;
  zd_arena *arena;
  const zd_plan **found;
  size_t n;
} gatherer;

/* `tag` (0: none), the first `n` bytes, then a 00 and the rest when `split`. */
static zd_slice term_of(zd_arena *arena, char tag, zd_slice text, size_t n, bool split) {
  char *p = zd_arena_alloc(arena, text.n + 2);
  size_t at = 0;
  if (!p) return (zd_slice){NULL, 0};
  if (tag) p[at++] = tag;
  memcpy(p + at, text.p, n);
  at += n;
  if (split) p[at++] = 0;
  memcpy(p + at, text.p + n, text.n - n);
  return (zd_slice){p, at + text.n - n};
}

static zd_err gather(gatherer *g, zd_plan_op op, zd_slice term) {
  const zd_text *t = g->clause->search->text;
  if (!term.p) return ZD_ERR_MEMORY;
  for (int both = 0; both <= !g->clause->narrative; both++) {
    zd_plan *p = zd_plan_new(g->arena, op);
    if (!p) return ZD_ERR_MEMORY;
    p->field = both ? t->content_field : t->narrative_field;
    p->term = term;
    g->found[g->n++] = p;
  }
  return ZD_OK;
}

static zd_err word_plan(const zd_text_clause *clause, zd_slice stem, zd_arena *arena,
                        const zd_plan **out) {
  gatherer g = {clause, arena, ZD_NEW_ARRAY(arena, const zd_plan *, 4), 0};
  zd_word_script script = zd_word_script_of(stem);
  if (!g.found) return ZD_ERR_MEMORY;
  zd_plan_op op = script == ZD_SCRIPT_OTHER ? ZD_PLAN_TERM : ZD_PLAN_PREFIX;
  zd_err err = gather(&g, op, term_of(arena, 0, stem, stem.n, true));
  if (!err && script == ZD_SCRIPT_LATIN)
    err = gather(&g, op, term_of(arena, 1, stem, stem.n, true));
  return err ? err : zd_plan_group(ZD_PLAN_OR, g.found, g.n, arena, out);
}

/* Words that begin with it: their stem does, or their stem is its beginning and the ending goes on
 * as it does. What has other signs than letters of one language has no ending. */
static zd_err prefix_plan(const zd_text_clause *clause, zd_slice prefix, zd_arena *arena,
                          const zd_plan **out) {
  gatherer g = {clause, arena, ZD_NEW_ARRAY(arena, const zd_plan *, 2 * prefix.n + 4), 0};
  if (!g.found) return ZD_ERR_MEMORY;
  zd_word_script script = zd_word_script_of(prefix);
  zd_err err = gather(&g, ZD_PLAN_PREFIX, prefix);
  if (!err && script == ZD_SCRIPT_LATIN)
    err = gather(&g, ZD_PLAN_PREFIX, term_of(arena, 2, prefix, prefix.n, false));
  for (size_t k = 1; k < prefix.n && !err && script != ZD_SCRIPT_OTHER; k++)
    if (((unsigned char)prefix.p[k] & 0xC0) != 0x80)
      err = gather(&g, ZD_PLAN_PREFIX, term_of(arena, 0, prefix, k, true));
  return err ? err : zd_plan_group(ZD_PLAN_OR, g.found, g.n, arena, out);
}

static zd_err all_words_plan(const zd_text_clause *clause, const zd_text_node *phrase,
                             zd_arena *arena, const zd_plan **out) {
  const zd_plan **found = ZD_NEW_ARRAY(arena, const zd_plan *, phrase->count);
  size_t n = 0;
  zd_err err = found ? ZD_OK : ZD_ERR_MEMORY;
  for (size_t i = 0; i < phrase->count && !err; i++) {
    bool again = false;
    for (size_t k = 0; k < i; k++) again |= zd_slice_eq(phrase->stems[k], phrase->stems[i]);
    if (!again) err = word_plan(clause, phrase->stems[i], arena, &found[n++]);
  }
  return err ? err : zd_plan_group(ZD_PLAN_AND, found, n, arena, out);
}

zd_err zd_text_leaf_plan(const zd_text_clause *clause, const zd_text_node *leaf, zd_arena *arena,
                         const zd_plan **out) {
  if (leaf->op == ZD_TEXT_PREFIX) return prefix_plan(clause, leaf->prefix, arena, out);
  return leaf->op == ZD_TEXT_WORD ? word_plan(clause, leaf->stems[0], arena, out)
                                  : all_words_plan(clause, leaf, arena, out);
}

/* ---- phrases, asked of the resources ---- */

static zd_err check_phrase(void *state, zd_snapshot *v, zd_row row, bool *hit) {
  const zd_text_clause *phrase = state;
  zd_arena arena;
  zd_arena_init(&arena, 0);
  zd_record record;
  zd_fault fault = {0};
  zd_tree tree;
  *hit = false;
  zd_err err = zd_snapshot_read(v, row, false, &arena, &record, &fault);
  if (!err && record.body.n) {
    err = zd_stored_tree(phrase->search, record.type, record.body, &arena, &tree);
    if (!err) err = zd_text_match(phrase, &tree, 0, &arena, hit);
  }
  zd_arena_free(&arena);
  return err;
}

const zd_text_clause *zd_text_phrase_of(const zd_plan *plan) {
  return plan->op == ZD_PLAN_CHECK && plan->check == check_phrase ? plan->check_state : NULL;
}

static zd_err phrase_plan(const zd_text_clause *clause, const zd_text_node *leaf, zd_arena *arena,
                          const zd_plan **out) {
  zd_plan *p = zd_plan_new(arena, ZD_PLAN_CHECK);
  zd_text_clause *alone = ZD_NEW(arena, zd_text_clause);
  zd_text_node *node = ZD_NEW(arena, zd_text_node);
  const zd_plan **child = ZD_NEW_ARRAY(arena, const zd_plan *, 1);
  if (!p || !alone || !node || !child) return ZD_ERR_MEMORY;
  *alone = *clause;
  *node = *leaf;
  node->next = NULL;
  alone->query = node;
  zd_err err = all_words_plan(clause, leaf, arena, &child[0]);
  p->children = child;
  p->child_count = 1;
  p->check = check_phrase;
  p->check_state = alone;
  *out = p;
  return err;
}

/* As deep as the query: at most ZD_TEXT_DEPTH_MAX. */
static zd_err node_plan(const zd_text_clause *clause, const zd_text_node *node, zd_arena *arena,
                        const zd_plan **out) {
  if (node->op == ZD_TEXT_PHRASE) return phrase_plan(clause, node, arena, out);
  if (!node->first) return zd_text_leaf_plan(clause, node, arena, out);
  size_t n = 0;
  for (const zd_text_node *child = node->first; child; child = child->next) n++;
  const zd_plan **found = ZD_NEW_ARRAY(arena, const zd_plan *, n);
  zd_err err = found ? ZD_OK : ZD_ERR_MEMORY;
  n = 0;
  for (const zd_text_node *child = node->first; child && !err; child = child->next)
    err = node_plan(clause, child, arena, &found[n++]);
  zd_plan_op op = node->op == ZD_TEXT_AND  ? ZD_PLAN_AND
                  : node->op == ZD_TEXT_OR ? ZD_PLAN_OR
                                           : ZD_PLAN_NOT;
  return err ? err : zd_plan_group(op, found, n, arena, out);
}

zd_err zd_text_plan(const zd_text_clause *clause, zd_arena *arena, const zd_plan **out) {
  return node_plan(clause, clause->query, arena, out);
}
