/* text_entries.c: the words of a resource as entries of the index. */
#include "base/hash.h"
#include "search/text/text.h"

enum { LATELY = 4 };

typedef struct telling {
  const zd_source *source;
  const zd_text_keeper *keeper;
  zd_words *words;
  uint32_t narrative_field, content_field;
  bool has_narrative;
  zd_slice lately[LATELY]; /* told already: displays and texts of a code are often the same */
  unsigned told;
} telling;

/* Adds the term to the narrative's field, or to that of all else unless it stands there already. */
static zd_err add(telling *t, bool narrative, zd_slice term, uint64_t hash) {
  const zd_text_keeper *k = t->keeper;
  if (narrative) return k->add(k->state, t->narrative_field, term, hash);
  if (t->has_narrative && k->has(k->state, t->narrative_field, term, hash)) return ZD_OK;
  return k->add(k->state, t->content_field, term, hash);
}

/* A word that does not begin with its stem has two terms (text_words.h). */
static zd_err add_odd(telling *t, bool narrative, const zd_word *word) {
  char term[2 * ZD_WORD_MAX + 16];
  zd_slice form = zd_slice_from(word->term, word->stem_n + 1);
  term[0] = 1;
  memcpy(term + 1, word->term.p, word->term.n);
  size_t n = 1 + word->term.n;
  zd_err err = add(t, narrative, (zd_slice){term, n}, zd_hash64(term, n));
  term[0] = 2;
  memcpy(term + 1, form.p, form.n);
  n = 1 + form.n;
  return err ? err : add(t, narrative, (zd_slice){term, n}, zd_hash64(term, n));
}

static bool is_told(telling *t, zd_slice text) {
  for (unsigned i = 0; i < LATELY; i++)
    if (t->lately[i].n == text.n && memcmp(t->lately[i].p, text.p, text.n) == 0) return true;
  t->lately[t->told++ % LATELY] = text;
  return false;
}

static zd_err tell(void *state, bool narrative, zd_slice text) {
  telling *t = state;
  zd_slice raw;
  zd_err err = ZD_OK;
  if (is_told(t, text)) return ZD_OK;
  while (!err && zd_words_next(&text, &raw)) {
    zd_word word;
    err = zd_words_read(t->words, raw, t->source->arena, &word);
    if (err || !word.term.n) continue;
    err = word.odd ? add_odd(t, narrative, &word) : add(t, narrative, word.term, word.hash);
  }
  return err;
}

/* The narrative first: its words need not be said again. */
zd_err zd_text_entries(const zd_source *x, uint32_t root, const zd_text_keeper *keeper) {
  const zd_text *text = x->search->text;
  telling t = {.source = x,
               .keeper = keeper,
               .words = zd_pool_take(text->pool),
               .narrative_field = text->narrative_field,
               .content_field = text->content_field,
               .has_narrative = zd_text_narrative(x->search, x->tree, root) != 0};
  if (!t.words) return ZD_ERR_MEMORY;
  zd_err err = ZD_OK;
  if (t.has_narrative) err = zd_text_each(x, root, ZD_TEXT_NARRATIVE, tell, &t);
  if (!err) err = zd_text_each(x, root, ZD_TEXT_ELSEWHERE, tell, &t);
  zd_pool_give(text->pool, t.words);
  return err;
}
