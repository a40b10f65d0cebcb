/* Identifier rules of the Russian exchange, on published and computed examples, and the promises of
 * the reserved blocks. */
#include "region/numbers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"

static void snils_check_digits_are_the_pension_funds(void **state) {
  (void)state;
  static const struct {
    const char *number;
    unsigned check;
  } row[] = {{"112233445", 95}, {"254636254", 80}, {"900100201", 94}, {"901234567", 64}};
  for (size_t i = 0; i < sizeof row / sizeof *row; i++)
    assert_int_equal(zd_snils_check(row[i].number), row[i].check);
}

static void enp_holds_birth_date_sex_and_a_luhn_digit(void **state) {
  (void)state;
  static const struct {
    unsigned region;
    int year, month, day;
    bool female;
    uint32_t serial;
    const char *enp;
  } row[] = {{22, 1975, 6, 15, false, 123, "2253420834001232"},
             {0, 1975, 6, 15, false, 123, "0053420834001238"},
             {0, 2019, 2, 3, true, 90001, "0097089796900014"},
             {0, 1948, 12, 31, false, 90002, "0067150818900022"}};
  for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
    char enp[16];
    int32_t born = (int32_t)zd_clock_days(row[i].year, row[i].month, row[i].day);
    zd_enp_make(row[i].region, born, row[i].female, row[i].serial, enp);
    assert_memory_equal(enp, row[i].enp, 16);
  }
}

static int by_value(const void *a, const void *b) {
  const uint64_t *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

static uint64_t number_of(const char *digits, size_t n) {
  uint64_t v = 0;
  for (size_t i = 0; i < n; i++) v = v * 10 + (uint64_t)(digits[i] - '0');
  return v;
}

static void snils_block_is_kept_and_nobody_shares_a_number(void **state) {
  (void)state;
  enum { OWNERS = 200000 };
  uint64_t *all = malloc(OWNERS * sizeof *all);
  assert_non_null(all);
  for (uint32_t i = 0; i < OWNERS; i++) {
    char snils[11];
    zd_snils_make(7, i * 19, snils); /* owners spread over the whole range */
    assert_int_equal(snils[0], '9');
    assert_false(zd_digits_triple(snils, 11));
    assert_int_equal(number_of(snils + 9, 2), zd_snils_check(snils));
    all[i] = number_of(snils, 11);
  }
  qsort(all, OWNERS, sizeof *all, by_value);
  for (uint32_t i = 1; i < OWNERS; i++) assert_true(all[i] != all[i - 1]);
  free(all);
}

static void inn_and_ogrn_have_their_check_digits(void **state) {
  (void)state;
  /* A public number: ИНН of the Federal Tax Service, 7707329152, checks the weights. */
  static const unsigned char weight[9] = {2, 4, 10, 3, 5, 9, 4, 6, 8};
  const char *public_inn = "7707329152";
  unsigned sum = 0;
  for (int i = 0; i < 9; i++) sum += weight[i] * (unsigned)(public_inn[i] - '0');
  assert_int_equal(sum % 11 % 10, public_inn[9] - '0');
  for (uint32_t n = 1; n < 2000; n++) {
    char inn[10], ogrn[13];
    zd_inn_make(n, inn);
    sum = 0;
    for (int i = 0; i < 9; i++) sum += weight[i] * (unsigned)(inn[i] - '0');
    assert_int_equal(sum % 11 % 10, inn[9] - '0');
    zd_ogrn_make(n, 2002, ogrn);
    assert_int_equal(ogrn[0], '1');
    assert_memory_equal(ogrn + 3, "00", 2);
    assert_int_equal(number_of(ogrn, 12) % 11 % 10, ogrn[12] - '0');
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(snils_check_digits_are_the_pension_funds),
      cmocka_unit_test(enp_holds_birth_date_sex_and_a_luhn_digit),
      cmocka_unit_test(snils_block_is_kept_and_nobody_shares_a_number),
      cmocka_unit_test(inn_and_ogrn_have_their_check_digits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
