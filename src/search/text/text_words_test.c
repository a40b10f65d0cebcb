/* Words of a text, their stems, their terms (text_words.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/testing/dice.h"
#include "search/text/text_words.h"

/* Words of the text as "stem+ending", or "stem:word" where the word begins otherwise. */
static zd_slice words_of(zd_words *w, zd_slice text, zd_arena *arena) {
  zd_slice raw, out = ZD_S("");
  while (zd_words_next(&text, &raw)) {
    zd_word word;
    assert_int_equal(zd_words_read(w, raw, arena, &word), ZD_OK);
    if (!word.term.n) continue;
    assert_int_equal(word.term.p[word.stem_n], 0);
    zd_slice ending = zd_slice_from(word.term, word.stem_n + 1);
    out = zd_arena_printf(arena, "%.*s%s%.*s%s%.*s", ZD_SV(out), out.n ? " " : "", (int)word.stem_n,
                          word.term.p,
                          word.odd   ? ":"
                          : ending.n ? "+"
                                     : "",
                          ZD_SV(ending));
  }
  return out;
}

static const char *const texts[][2] = {
    {"", ""},
    {" ,.-", ""},
    {"Кашель, насморк", "кашел+ь насморк"},
    {"острая пневмония ПНЕВМОНИЕЙ пневмоний", "остр+ая пневмон+ия пневмон+иеи пневмон+ии"},
    {"ёж Ёлка йод ЙОД", "еж елк+а иод иод"},
    {"и\xCC\x86од е\xCC\x88лка", "иод елк+а"}, /* decomposed */
    {"happy happiness hoping running", "happi:happy happi+ness hope:hoping run+ning"},
    {"Café NAÏVE Straße", "cafe naiv+e strass+e"},
    {"O'Neil O’Neil d'", "oneil oneil d"},
    {"120/80 37.5 37,5 1,2.3 5. .5 2020-01-31", "120 80 37.5 37.5 1.2.3 5 5 2020 01 31"},
    {"I10.0 B12 covid19 ковид-19", "i10.0 b12 covid19 ковид 19"},
    {"snake_case e-mail@example.org", "snake case e mail exampl+e org"},
    {"foo\xC2\xADling", "fool+ing"},      /* a soft hyphen */
    {"５ ｆｕｌｌ ½ ㎎ ™", "5 full 1⁄2"}, /* compatibility forms */
    {"мg Bеta", "мg bеta"},               /* two scripts: its own stem */
    {"漢字 αθήνα", "漢字 αθηνα"},
    {"a\xFF"
     "b \xD0",
     "a b \xD0"}, /* not UTF-8: never stored, and harmless */
};

static void words_are_cut_folded_and_stemmed(void **state) {
  (void)state;
  zd_words *w = zd_words_new();
  zd_arena arena;
  zd_arena_init(&arena, 0);
  for (int again = 0; again < 2; again++) /* the second time from memory */
    for (size_t i = 0; i + 1 < sizeof texts / sizeof *texts; i++) {
      zd_slice found = words_of(w, zd_slice_of(texts[i][0]), &arena);
      if (!zd_slice_eq(found, zd_slice_of(texts[i][1])))
        fail_msg("%s: \"%.*s\", not \"%s\"", texts[i][0], ZD_SV(found), texts[i][1]);
    }
  zd_arena_free(&arena);
  zd_words_free(w);
}

/* Forms of one word have one stem: the reason for all this. */
static void forms_share_a_stem(void **state) {
  static const char *const rows[] = {
      "пневмония пневмонии пневмонию пневмонией пневмоний Пневмониями",
      "острый острая острое острого острыми",
      "лёгкое легкого лёгкие легких",
      "гипертония гипертонии гипертонией",
      "diabetes Diabetes",
      "fracture fractures fractured",
      "injection injections injected injecting",
      "happy happiness"};
  (void)state;
  zd_words *w = zd_words_new();
  zd_arena arena;
  zd_arena_init(&arena, 0);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_slice rest = zd_slice_of(rows[i]), raw, first = {NULL, 0};
    while (zd_words_next(&rest, &raw)) {
      zd_word word;
      assert_int_equal(zd_words_read(w, raw, &arena, &word), ZD_OK);
      if (!first.p) first = zd_arena_copy(&arena, zd_word_stem(&word));
      if (!zd_slice_eq(first, zd_word_stem(&word)))
        fail_msg("%.*s has another stem: %.*s", ZD_SV(raw), ZD_SV(zd_word_stem(&word)));
    }
  }
  zd_arena_free(&arena);
  zd_words_free(w);
}

static void long_words_are_told_apart(void **state) {
  (void)state;
  zd_words *w = zd_words_new();
  zd_arena arena;
  zd_arena_init(&arena, 0);
  char text[3][400];
  zd_word word;
  zd_slice terms[3];
  for (int i = 0; i < 3; i++) {
    for (size_t k = 0; k < 400; k += 2) memcpy(text[i] + k, "ж", 2);
    if (i == 1) memcpy(text[i] + 398, "з", 2);
    if (i == 2) memcpy(text[i], "Ж", 2);
    assert_int_equal(zd_words_read(w, (zd_slice){text[i], 400}, &arena, &word), ZD_OK);
    assert_true(word.term.n <= ZD_WORD_MAX + 34 && !word.odd);
    terms[i] = zd_arena_copy(&arena, word.term);
  }
  assert_false(zd_slice_eq(terms[0], terms[1]));
  assert_true(zd_slice_eq(terms[0], terms[2]));
  zd_arena_free(&arena);
  zd_words_free(w);
}

/* What is remembered is what would be found anew, whatever was asked in between; the word can be
 * told from its term. */
static void memory_changes_nothing(void **state) {
  static const char *const parts[] = {"а", "б", "ый",  "ост", "ing", "y",    "Й",   "7",
                                      ".", "'", "ies", "é",   "X",   "ость", "ami", "и\xCC\x86"};
  (void)state;
  zd_words *kept = zd_words_new();
  zd_random dice;
  zd_arena arena;
  zd_arena_init(&arena, 0);
  zd_testing_dice(&dice, 11, 1);
  for (int round = 0; round < 40; round++) {
    zd_words *fresh = zd_words_new();
    for (int i = 0; i < 500; i++) {
      char text[64];
      size_t n = 0;
      for (uint64_t k = 1 + zd_random_below(&dice, 5); k; k--) {
        const char *part = parts[zd_random_below(&dice, sizeof parts / sizeof *parts)];
        memcpy(text + n, part, strlen(part));
        n += strlen(part);
      }
      zd_slice a = words_of(kept, (zd_slice){text, n}, &arena);
      zd_slice b = words_of(fresh, (zd_slice){text, n}, &arena);
      if (!zd_slice_eq(a, b)) fail_msg("\"%.*s\", \"%.*s\"", ZD_SV(a), ZD_SV(b));
    }
    zd_words_free(fresh);
    zd_arena_reset(&arena);
  }
  zd_arena_free(&arena);
  zd_words_free(kept);
}

/* The sum is of the words themselves: it is the same each time, from run to run. */
static void readings_have_a_sum(void **state) {
  (void)state;
  char mark[ZD_WORDS_MARK + 1];
  assert_int_equal(zd_words_mark(mark), ZD_OK);
  print_message("words are read as %s\n", mark);
  assert_int_equal(strlen(mark), ZD_WORDS_MARK);
  char again[ZD_WORDS_MARK + 1];
  assert_int_equal(zd_words_mark(again), ZD_OK);
  assert_string_equal(mark, again);
}

static void the_pool_lends_each_once(void **state) {
  (void)state;
  zd_pool *pool = zd_words_pool();
  zd_words *a = zd_pool_take(pool), *b = zd_pool_take(pool);
  assert_true(a && b && a != b);
  zd_pool_give(pool, a);
  assert_ptr_equal(zd_pool_take(pool), a);
  zd_pool_give(pool, a);
  zd_pool_give(pool, b);
  zd_pool_free(pool);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(words_are_cut_folded_and_stemmed),
                                     cmocka_unit_test(forms_share_a_stem),
                                     cmocka_unit_test(long_words_are_told_apart),
                                     cmocka_unit_test(memory_changes_nothing),
                                     cmocka_unit_test(readings_have_a_sum),
                                     cmocka_unit_test(the_pool_lends_each_once)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
