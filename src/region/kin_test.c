/* Twenty thousand residents against the age pyramid, and what holds in every family. */
#include "region/kin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"

static const uint32_t SUMS[] = {10000, 16000, 20000};

static zd_kin_setting setting(uint32_t residents) {
  return (zd_kin_setting){.seed = 11,
                          .residents = residents,
                          .from = (int32_t)zd_clock_days(2023, 1, 1),
                          .end = (int32_t)zd_clock_days(2026, 1, 1),
                          .sums = SUMS,
                          .settlements = 3};
}

static void ages_and_sexes_are_those_of_the_pyramid(void **state) {
  (void)state;
  enum { RESIDENTS = 20000 };
  zd_kin_setting s = setting(RESIDENTS);
  uint32_t all[ZD_AGE_BANDS] = {0}, male[ZD_AGE_BANDS] = {0}, dead = 0;
  static zd_block b;
  for (uint32_t i = 0; i < RESIDENTS; i += ZD_BLOCK) {
    zd_kin_draw(&s, i, &b);
    for (int k = 0; k < b.count; k++) {
      all[b.member[k].band]++;
      male[b.member[k].band] += !b.member[k].female;
      dead += b.member[k].died != ZD_ALIVE;
    }
  }
  for (int band = 0; band < ZD_AGE_BANDS; band++) {
    int32_t want = ZD_AGE_SHARE[band] * RESIDENTS / 1000;
    assert_in_range(all[band], want * 93 / 100, want * 107 / 100);
    int32_t men = (int32_t)all[band] * ZD_AGE_MALE[band] / 1000;
    assert_in_range(male[band], men - 100, men + 100); /* about 4 sigma of a binomial */
  }
  assert_in_range(dead, RESIDENTS * 3 * 10 / 1000, RESIDENTS * 3 * 15 / 1000); /* 12.5 per mille */
}

static void check_person(const zd_block *b, int i) {
  const zd_person *p = &b->member[i];
  assert_true(p->died == ZD_ALIVE || p->died >= p->born);
  if (p->spouse != ZD_NOBODY) {
    const zd_person *q = &b->member[p->spouse];
    assert_int_equal(q->spouse, i);
    assert_true(p->female != q->female);
    assert_true(p->age >= 18 && q->age >= 18);
    assert_int_equal(p->household, q->household);
  }
  if (p->mother != ZD_NOBODY) {
    const zd_person *m = &b->member[p->mother];
    assert_true(m->female);
    assert_in_range((p->born - m->born) / 365, 17, 44);
    assert_true(m->died >= p->born);
    if (p->age < 18) assert_int_equal(p->household, m->household);
  }
  if (p->father != ZD_NOBODY) {
    assert_false(b->member[p->father].female);
    assert_true(p->born - b->member[p->father].born > 17 * 365);
    assert_int_equal(p->patronymic, b->member[p->father].given);
  }
  if (p->twin != ZD_NOBODY) {
    assert_int_equal(b->member[p->twin].twin, i);
    assert_int_equal(b->member[p->twin].born, p->born);
  }
}

static void siblings_are_born_apart(const zd_block *b) {
  for (int i = 0; i < b->count; i++)
    for (int k = 0; k < i; k++) {
      const zd_person *p = &b->member[i], *q = &b->member[k];
      if (p->mother == ZD_NOBODY || p->mother != q->mother || p->twin == k) continue;
      assert_true(abs(p->born - q->born) >= 280);
    }
}

static void families_make_sense(void **state) {
  (void)state;
  zd_kin_setting s = setting(10000);
  static zd_block b;
  uint32_t children = 0, with_mother = 0, couples = 0, minority = 0, changed = 0, women = 0;
  for (uint32_t first = 0; first < 10000; first += ZD_BLOCK) {
    zd_kin_draw(&s, first, &b);
    siblings_are_born_apart(&b);
    for (int i = 0; i < b.count; i++) {
      const zd_person *p = &b.member[i];
      check_person(&b, i);
      children += p->age < 18;
      with_mother += p->age < 18 && p->mother != ZD_NOBODY;
      couples += p->female && p->spouse != ZD_NOBODY;
      minority += p->minority;
      women += p->female;
      changed += p->maiden.first != ZD_NO_NAME;
      assert_int_equal(b.at[p->index - first], i);
    }
  }
  assert_true(with_mother * 100 >= children * 95);
  assert_in_range(couples, 1800, 3000);
  assert_in_range(minority, 900, 1500);            /* 12 % */
  assert_in_range(changed * 1000 / women, 25, 55); /* 4 % */
}

/* No two residents of a million share birth date, sex and the five digits of their ЕНП. */
static void serials_are_unique_within_a_birth_date_and_sex(void **state) {
  (void)state;
  zd_kin_setting s = setting(1000000);
  static zd_block a, b;
  for (uint32_t first = 0; first < 100000; first += ZD_BLOCK * 40) {
    zd_kin_draw(&s, first, &a);
    for (uint32_t other = first + 100000; other < 1000000; other += 100000) {
      zd_kin_draw(&s, other, &b);
      for (int i = 0; i < ZD_BLOCK; i++) {
        const zd_person *p = &a.member[a.at[i]], *q = &b.member[b.at[i]];
        assert_int_equal(p->index % 100000, q->index % 100000);
        assert_true(p->born != q->born);
      }
    }
  }
}

static void a_last_block_may_be_small(void **state) {
  (void)state;
  zd_kin_setting s = setting(100);
  static zd_block b;
  zd_kin_draw(&s, 0, &b);
  assert_int_equal(b.count, 100);
  for (int i = 0; i < b.count; i++) check_person(&b, i);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ages_and_sexes_are_those_of_the_pyramid),
      cmocka_unit_test(families_make_sense),
      cmocka_unit_test(serials_are_unique_within_a_birth_date_and_sex),
      cmocka_unit_test(a_last_block_may_be_small),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
