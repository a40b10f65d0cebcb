/* Any bytes as a text query, as markup, and as a text: read or refused with a place, never more; a
 * word read twice is the same word. */
#include <stdlib.h>

#include "search/text/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void cut(zd_words *words, zd_slice text, zd_arena *arena) {
  zd_slice raw;
  const char *end = text.p;
  while (zd_words_next(&text, &raw)) {
    zd_word word;
    if (raw.p < end || !raw.n) abort();
    end = raw.p + raw.n;
    if (zd_words_read(words, raw, arena, &word)) abort();
    if (!word.term.n) continue;
    zd_slice first = zd_arena_copy(arena, word.term);
    if (word.stem_n >= first.n || first.p[word.stem_n] || first.n > 2 * ZD_WORD_MAX + 16) abort();
    if (zd_words_read(words, raw, arena, &word) || !zd_slice_eq(first, word.term)) abort();
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static zd_words *words;
  if (!words && !(words = zd_words_new())) abort();
  if (size > 20000) return 0;
  zd_arena arena;
  zd_arena_init(&arena, 0);
  zd_slice text = zd_slice_make(data, size);
  zd_text_node *node = NULL;
  zd_text_fault fault;
  zd_err err = zd_text_read(words, text, &arena, &node, &fault);
  if (err && (!fault.why[0] || fault.at > size)) abort();
  if (!err && !node) abort();
  cut(words, text, &arena);
  zd_slice plain = zd_text_of_markup(text, &arena);
  if (!plain.p || plain.n > size) abort();
  cut(words, plain, &arena);
  zd_arena_free(&arena);
  return 0;
}
