/* text_words.h: text as words, and words as terms of full text search.
 *
 * A word is a run of letters and digits, by Unicode. An apostrophe between letters belongs to it
 * and is dropped ("O'Neil" is oneil), a point or comma between digits belongs to it and is written
 * as a point ("37,5" is 37.5); all else separates words. Words are folded as string search folds
 * (fold.h), but й stays й until the stem is found. A word of Russian letters alone has its Russian
 * stem, one of Latin letters alone its English one, any other is its own stem.
 *
 * Terms tell stem and word at once, so that the index answers for both:
 *
 *   <stem> 00 <ending>     the word is the stem and what follows it
 *   01 <stem> 00 <word>    the word does not begin with its stem (English: happy, happi), and
 *   02 <word>              the same word once more, to be found by how it begins
 *
 * Words longer than ZD_WORD_MAX bytes are their beginning, 03, and the SHA-256 of the whole.
 */
#ifndef ZD_SEARCH_TEXT_WORDS_H
#define ZD_SEARCH_TEXT_WORDS_H

#include "base/arena.h"
#include "base/error.h"
#include "base/pool.h"
#include "base/slice.h"

enum { ZD_WORD_MAX = 120 };

/* What finds stems, and remembers those it found: one thread at a time. */
typedef struct zd_words zd_words;
zd_words *zd_words_new(void); /* NULL: out of memory */
void zd_words_free(zd_words *w);

/* A pool of them. NULL: out of memory. */
zd_pool *zd_words_pool(void);

/* Takes the next word off *rest, as it stands there; false when there is none left. */
bool zd_words_next(zd_slice *rest, zd_slice *raw);

typedef struct zd_word {
  zd_slice term; /* <stem> 00 <ending>, or <stem> 00 <word>; valid until the next call */
  size_t stem_n; /* bytes of the stem */
  bool odd;      /* behind the 00 stands the whole word */
  uint64_t hash; /* zd_hash64 of the term */
} zd_word;

/* The word that zd_words_next cut out. term is empty when nothing of it is left by folding.
 * `scratch` is for long words alone. ZD_ERR_MEMORY. */
zd_err zd_words_read(zd_words *w, zd_slice raw, zd_arena *scratch, zd_word *out);

/* Eight hexadecimal digits that tell whether words are still read as they were: a sum of the terms
 * of words that between them need most rules of folding and stemming. Words of the index belong to
 * it. ZD_ERR_MEMORY. */
enum { ZD_WORDS_MARK = 8 };
zd_err zd_words_mark(char out[ZD_WORDS_MARK + 1]);

static inline zd_slice zd_word_stem(const zd_word *word) {
  return (zd_slice){word->term.p, word->stem_n};
}

/* The folded word itself, in the arena; p is NULL when memory is exhausted. */
zd_slice zd_word_form(const zd_word *word, zd_arena *arena);

/* Whether a word of these (folded) letters has a stem other than itself: letters of one of the two
 * languages alone. */
typedef enum zd_word_script { ZD_SCRIPT_OTHER, ZD_SCRIPT_LATIN, ZD_SCRIPT_RUSSIAN } zd_word_script;
zd_word_script zd_word_script_of(zd_slice form);

#endif
