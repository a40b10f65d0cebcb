/* text_entries.c: the words of a resource as entries of the index. */
#include "search/text/text.h"

typedef struct telling {
  const zd_source *source;
  const zd_text_keeper *keeper;
  zd_words *words;
  uint32_t narrative_field, content_field;
  bool has_narrative;
  bool narrative; /* the narrative's turn; else that of all else */
} telling;

/* Adds the term to the narrative's field, or to that of all else unless it stands there already. */
static zd_err add(telling *t, zd_slice term) {
  const zd_text_keeper *k = t->keeper;
  if (t->narrative) return k->add(k->state, t->narrative_field, term);
  if (t->has_narrative && k->has(k->state, t->narrative_field, term)) return ZD_OK;
  return k->add(k->state, t->content_field, term);
}

/* A word that does not begin with its stem has two terms (text_words.h). */
static zd_err add_odd(telling *t, const zd_word *word) {
  char term[2 * ZD_WORD_MAX + 16];
  zd_slice form = zd_slice_from(word->term, word->stem_n + 1);
  term[0] = 1;
  memcpy(term + 1, word->term.p, word->term.n);
  zd_err err = add(t, (zd_slice){term, 1 + word->term.n});
  term[0] = 2;
  memcpy(term + 1, form.p, form.n);
  return err ? err : add(t, (zd_slice){term, 1 + form.n});
}

static zd_err tell(void *state, bool narrative, zd_slice text) {
  telling *t = state;
  zd_slice raw;
  zd_err err = ZD_OK;
  if (narrative != t->narrative) return ZD_OK;
  while (!err && zd_words_next(&text, &raw)) {
    zd_word word;
    err = zd_words_read(t->words, raw, t->source->arena, &word);
    if (!err && word.term.n) err = word.odd ? add_odd(t, &word) : add(t, word.term);
  }
  return err;
}

/* The narrative first: its words need not be said again. */
zd_err zd_text_entries(const zd_source *x, uint32_t root, const zd_text_keeper *keeper) {
  const zd_text *text = x->search->text;
  bool has = zd_text_narrative(x->search, x->tree, root) != 0;
  telling t = {x,   keeper, zd_words_take(text->pool), text->narrative_field, text->content_field,
               has, true};
  if (!t.words) return ZD_ERR_MEMORY;
  zd_err err = ZD_OK;
  if (has) err = zd_text_each(x, root, tell, &t);
  t.narrative = false;
  if (!err) err = zd_text_each(x, root, tell, &t);
  zd_words_give(text->pool, t.words);
  return err;
}
