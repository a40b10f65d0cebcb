/* Text as string search compares it. */
#include "search/values/fold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

static void folds(void **state) {
  (void)state;
  static const char *const rows[][2] = {
      {"Ivan", "ivan"},
      {"ИВАНОВ", "иванов"},
      {"Пётр", "петр"},
      {"Ёлкина", "елкина"},
      {"Андрей", "андреи"},
      {"Müller", "muller"},
      {"MU\xCC\x88LLER", "muller"},
      {"Straße", "strasse"},
      {"Ångström", "angstrom"},
      {"ΣΊΣΥΦΟΣ", "σισυφοσ"},
      {"Σίσυφος", "σισυφοσ"},
      {"Їжак", "іжак"},
      {"O'Brien-Smith", "obriensmith"},
      {"  two \t\n words  ", "two words"},
      {"2+2", "2+2"},
      {"ﬁne", "fine"},
      {"«Рога и копыта», ООО", "рога и копыта ооо"},
      {"...", ""},
      {"", ""},
      {"bad\xFF\xC3 bytes", "bad bytes"},
  };
  zd_arena arena;
  zd_arena_init(&arena, 0);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_slice folded = zd_fold(zd_slice_of(rows[i][0]), 0, NULL, &arena);
    zd_slice shown = zd_arena_copy(&arena, folded);
    assert_string_equal(shown.p, rows[i][1]);
  }
  zd_arena_free(&arena);
}

/* Every cut is a beginning of the whole, of whole characters, without a blank at its end. */
static void cuts_at_whole_characters(void **state) {
  (void)state;
  zd_arena arena;
  zd_arena_init(&arena, 0);
  zd_slice text = ZD_S("Ёж а б  ﬃ q ю́ end"), whole = zd_fold(text, 0, NULL, &arena);
  for (size_t limit = 1; limit < whole.n + 3; limit++) {
    bool was_cut;
    zd_slice part = zd_fold(text, limit, &was_cut, &arena);
    assert_true(part.n <= limit);
    assert_true(zd_slice_starts(whole, part));
    assert_true(zd_fold_is_utf8(part));
    assert_int_equal(was_cut, part.n < whole.n);
    if (part.n) assert_true(part.p[part.n - 1] != ' ');
  }
  zd_arena_free(&arena);
}

/* Where room is short each character goes the long way, through the tables of Unicode. */
static void plain_characters_are_folded_as_unicode_says(void **state) {
  (void)state;
  zd_arena arena;
  zd_arena_init(&arena, 0);
  for (unsigned c = 1; c < 0x500; c++) {
    char text[8] = "xxx";
    size_t n = 3;
    if (c >= 0x80) text[n++] = (char)(0xC0 | (c >> 6));
    text[n++] = (char)(c < 0x80 ? c : 0x80 | (c & 0x3F));
    zd_slice quick = zd_fold((zd_slice){text, n}, 0, NULL, &arena);
    zd_slice slow = zd_fold((zd_slice){text, n}, quick.n, NULL, &arena);
    assert_true(zd_slice_eq(quick, slow));
  }
  zd_arena_free(&arena);
}

static void out_of_memory_is_told(void **state) {
  (void)state;
  zd_arena arena;
  zd_arena_init(&arena, 64);
  char text[500];
  memset(text, 'a', sizeof text);
  assert_null(zd_fold(zd_slice_make(text, sizeof text), 0, NULL, &arena).p);
  zd_arena_free(&arena);
}

/* A plain text is a function of its folded form, so exact search may ask for that alone. */
static void tells_plain_texts(void **state) {
  (void)state;
  static const struct {
    const char *text;
    bool plain;
  } rows[] = {{"Anna", true},        {"anna", false}, {"ANNA", false},     {"Oak Street 5", true},
              {"Oak street", false}, {"Анна", true},  {"Жук Ольга", true}, {"Сергей", false},
              {"Фёдор", false},      {"Федор", true}, {"O'Neil", false},   {"Anna ", false},
              {"Élan", false},       {"12/4", false}, {"12", true},        {"Straße", false},
              {"Ятт", true},         {"Рощин", true}};
  zd_arena arena;
  zd_arena_init(&arena, 0);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_slice text = zd_slice_of(rows[i].text), folded = zd_fold(text, 0, NULL, &arena);
    if (zd_fold_is_plain(text, folded) != rows[i].plain) fail_msg("%s", rows[i].text);
  }
  zd_arena_free(&arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(folds), cmocka_unit_test(tells_plain_texts),
                                     cmocka_unit_test(cuts_at_whole_characters),
                                     cmocka_unit_test(plain_characters_are_folded_as_unicode_says),
                                     cmocka_unit_test(out_of_memory_is_told)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
