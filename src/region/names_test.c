/* Surnames are feminised by rule; tables hold nothing that JSON must escape, and no Latin letters
 * that look like Russian ones. */
#include "region/names.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "region/drugs.h"

static void feminine_forms_follow_the_rule(void **state) {
  (void)state;
  static const char *const row[][2] = {
      {"Иванов", "Иванова"},        {"Зайцев", "Зайцева"},    {"Королёв", "Королёва"},
      {"Ильин", "Ильина"},          {"Белый", "Белая"},       {"Толстой", "Толстая"},
      {"Вишневский", "Вишневская"}, {"Высоцкий", "Высоцкая"}, {"Шевченко", "Шевченко"},
      {"Черных", "Черных"},         {"Саркисян", "Саркисян"}, {"Мельник", "Мельник"},
      {"Галиев", "Галиева"},        {"Ким", "Ким"},
  };
  for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
    char out[ZD_FAMILY_ROOM];
    size_t n = zd_names_feminine(zd_slice_of(row[i][0]), out);
    assert_true(zd_slice_eq((zd_slice){out, n}, zd_slice_of(row[i][1])));
  }
}

static void hyphenated_surnames_change_in_both_parts(void **state) {
  (void)state;
  char out[ZD_FAMILY_ROOM];
  zd_family family = {0, 1}; /* Иванов, Смирнов */
  size_t n = zd_names_family(family, true, out);
  assert_true(zd_slice_eq((zd_slice){out, n}, ZD_S("Иванова-Смирнова")));
}

static void assert_russian(const char *s) {
  assert_non_null(s);
  assert_true(*s != 0);
  for (; *s; s++) {
    assert_true((unsigned char)*s >= 0x80); /* names are Cyrillic only */
  }
}

static void assert_plain(const char *s) {
  for (; *s; s++) assert_true(*s != '"' && *s != '\\' && (unsigned char)*s >= 0x20);
}

static void tables_hold_only_russian_letters(void **state) {
  (void)state;
  for (uint16_t i = 0; i < ZD_MALE_COUNT; i++) {
    assert_russian(ZD_MALE_NAMES[i].name);
    assert_russian(ZD_MALE_NAMES[i].son);
    assert_russian(ZD_MALE_NAMES[i].daughter);
  }
  for (uint16_t i = 0; i < ZD_FEMALE_COUNT; i++) assert_russian(ZD_FEMALE_NAMES[i].name);
  for (uint16_t i = 0; i < ZD_SURNAME_COUNT; i++) assert_russian(ZD_SURNAMES[i].stem);
  for (int i = 0; i < ZD_DRUG_COUNT; i++) {
    assert_non_null(ZD_DRUGS[i].atc);
    assert_plain(ZD_DRUGS[i].name);
    assert_plain(ZD_DRUGS[i].dose);
  }
}

static void heads_of_the_lists_are_the_published_ones(void **state) {
  (void)state;
  zd_random dice;
  zd_random_seed(&dice, 5, 5);
  int ivanov = 0, smirnov = 0, lyudmila = 0, sofia = 0;
  for (int i = 0; i < 40000; i++) {
    uint16_t surname = zd_names_surname(&dice, false);
    ivanov += surname == 0;
    smirnov += surname == 1;
    zd_slice old = zd_slice_of(ZD_FEMALE_NAMES[zd_names_female(&dice, 1950, false)].name);
    zd_slice young = zd_slice_of(ZD_FEMALE_NAMES[zd_names_female(&dice, 2015, false)].name);
    lyudmila += zd_slice_eq(old, ZD_S("Людмила"));
    sofia += zd_slice_eq(young, ZD_S("София"));
  }
  assert_in_range(smirnov * 1000 / ivanov, 640, 850); /* .741 */
  assert_in_range(lyudmila, 2500, 6000);
  assert_in_range(sofia, 2000, 5000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(feminine_forms_follow_the_rule),
      cmocka_unit_test(hyphenated_surnames_change_in_both_parts),
      cmocka_unit_test(tables_hold_only_russian_letters),
      cmocka_unit_test(heads_of_the_lists_are_the_published_ones),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
