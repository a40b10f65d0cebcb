/* text_match.c: a text query asked of one resource, word by word and text by text: what CHECK rests
 * on, what scores are counted from, and the tests' reference. */
#include "search/text/text.h"

typedef struct counting {
  zd_words *words;
  zd_arena *arena;
  const zd_text_clause *clause;
  zd_text_counts *counts;
  zd_slice *stems; /* of the text at hand: as many as the longest phrase, the last one written at
                      (seen - 1) % window */
  size_t window, seen;
} counting;

static bool ends_phrase(const counting *c, const zd_text_node *leaf) {
  if (c->seen < leaf->count) return false;
  for (size_t i = 0; i < leaf->count; i++) {
    size_t at = (c->seen - leaf->count + i) % c->window;
    if (!zd_slice_eq(c->stems[at], leaf->stems[i])) return false;
  }
  return true;
}

static zd_err hits(const counting *c, const zd_text_node *leaf, const zd_word *word, bool *hit) {
  if (leaf->op != ZD_TEXT_PREFIX) {
    *hit = ends_phrase(c, leaf);
    return ZD_OK;
  }
  zd_slice form = zd_word_form(word, c->arena);
  *hit = form.p && zd_slice_starts(form, leaf->prefix);
  return form.p ? ZD_OK : ZD_ERR_MEMORY;
}

static zd_err count_word(counting *c, zd_slice raw) {
  zd_word word;
  zd_err err = zd_words_read(c->words, raw, c->arena, &word);
  if (err || !word.term.n) return err;
  zd_slice stem = zd_arena_copy(c->arena, zd_word_stem(&word));
  if (!stem.p) return ZD_ERR_MEMORY;
  c->stems[c->seen++ % c->window] = stem;
  c->counts->length += c->counts->length < UINT32_MAX;
  for (size_t i = 0; i < c->counts->count && !err; i++) {
    bool hit = false;
    err = hits(c, c->counts->leaves[i], &word, &hit);
    if (hit && c->counts->hits[i] < UINT32_MAX) c->counts->hits[i]++;
  }
  return err;
}

static zd_err count_text(void *state, bool narrative, zd_slice text) {
  counting *c = state;
  zd_slice raw;
  zd_err err = ZD_OK;
  if (c->clause->narrative && !narrative) return ZD_OK;
  c->seen = 0;
  while (!err && zd_words_next(&text, &raw)) err = count_word(c, raw);
  return err;
}

zd_err zd_text_count(const zd_text_clause *clause, const zd_tree *tree, uint32_t root,
                     zd_arena *arena, zd_text_counts *counts) {
  counting c = {.arena = arena, .clause = clause, .counts = counts, .window = 1};
  for (size_t i = 0; i < counts->count; i++) {
    if (counts->leaves[i]->count > c.window) c.window = counts->leaves[i]->count;
    counts->hits[i] = 0;
  }
  counts->length = 0;
  c.stems = ZD_NEW_ARRAY(arena, zd_slice, c.window);
  c.words = zd_pool_take(clause->search->text->pool);
  zd_source source = {.search = clause->search, .tree = tree, .arena = arena};
  zd_err err =
      c.stems && c.words
          ? zd_text_each(&source, root, ZD_TEXT_NARRATIVE | ZD_TEXT_ELSEWHERE, count_text, &c)
          : ZD_ERR_MEMORY;
  zd_pool_give(clause->search->text->pool, c.words);
  return err;
}

/* ---- leaves and logic ---- */

static bool is_leaf(const zd_text_node *node) {
  return node->op == ZD_TEXT_WORD || node->op == ZD_TEXT_PHRASE || node->op == ZD_TEXT_PREFIX;
}

static void collect(const zd_text_node *node, bool wanted, bool negated, zd_text_counts *out) {
  if (is_leaf(node)) {
    if (!(wanted && negated) && out->count < out->room) out->leaves[out->count++] = node;
    return;
  }
  for (const zd_text_node *child = node->first; child; child = child->next)
    collect(child, wanted, negated != (node->op == ZD_TEXT_NOT), out);
}

zd_err zd_text_leaves(const zd_text_node *query, bool wanted, zd_arena *arena,
                      zd_text_counts *out) {
  *out = (zd_text_counts){.room = ZD_TEXT_WORDS_MAX};
  out->leaves = ZD_NEW_ARRAY(arena, const zd_text_node *, out->room);
  out->hits = ZD_NEW_ARRAY(arena, uint32_t, out->room);
  if (!out->leaves || !out->hits) return ZD_ERR_MEMORY;
  collect(query, wanted, false, out);
  return ZD_OK;
}

static bool decide(const zd_text_node *node, const zd_text_counts *counts) {
  if (is_leaf(node)) {
    for (size_t i = 0; i < counts->count; i++)
      if (counts->leaves[i] == node) return counts->hits[i] > 0;
    return false;
  }
  for (const zd_text_node *child = node->first; child; child = child->next) {
    bool hit = decide(child, counts);
    if (node->op == ZD_TEXT_NOT) return !hit;
    if (hit == (node->op == ZD_TEXT_OR)) return hit;
  }
  return node->op == ZD_TEXT_AND;
}

zd_err zd_text_match(const zd_text_clause *clause, const zd_tree *tree, uint32_t root,
                     zd_arena *arena, bool *hit) {
  zd_text_counts counts;
  zd_err err = zd_text_leaves(clause->query, false, arena, &counts);
  if (!err) err = zd_text_count(clause, tree, root, arena, &counts);
  *hit = !err && decide(clause->query, &counts);
  return err;
}
