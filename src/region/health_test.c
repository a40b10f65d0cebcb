/* Prevalence, registers, the blood pressure cascade and HbA1c of forty thousand residents against
 * their tables; creatinine against the published equation. */
#include "region/health.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "region/lab.h"

enum { RESIDENTS = 40000 };

typedef struct count {
  uint32_t people, have[ZD_DISEASES], registered[ZD_DISEASES];
  double expected[ZD_DISEASES];
  uint32_t pressure[ZD_PRESSURE_CONTROLLED + 1];
  uint32_t hba1c[4];
} count;

static void add(count *c, const zd_person *p, const zd_health *h) {
  c->people++;
  for (zd_disease d = 0; d < ZD_DISEASES; d++) {
    c->have[d] += zd_health_has(h, d);
    c->registered[d] += zd_health_registered(h, d);
    c->expected[d] += zd_health_prevalence(d, p->band, p->female) / 10000.0;
    if (zd_health_registered(h, d)) assert_true(zd_health_has(h, d));
  }
  c->pressure[h->pressure]++;
  if (!zd_health_registered(h, ZD_DIABETES_2)) return;
  c->hba1c[h->hba1c < 70 ? 0 : h->hba1c < 80 ? 1 : h->hba1c < 90 ? 2 : 3]++;
}

static void draw_all(count *c) {
  static const uint32_t sums[] = {RESIDENTS};
  static zd_block b;
  zd_kin_setting s = {.seed = 3,
                      .residents = RESIDENTS,
                      .from = (int32_t)zd_clock_days(2023, 1, 1),
                      .end = (int32_t)zd_clock_days(2026, 1, 1),
                      .sums = sums,
                      .settlements = 1};
  memset(c, 0, sizeof *c);
  for (uint32_t i = 0; i < RESIDENTS; i += ZD_BLOCK) {
    zd_kin_draw(&s, i, &b);
    for (int k = 0; k < b.count; k++) {
      zd_health h;
      zd_health_draw(s.seed, &b.member[k], s.end, &h);
      add(c, &b.member[k], &h);
    }
  }
}

static void prevalence_is_that_of_the_table(void **state) {
  const count *c = *state;
  for (zd_disease d = 0; d < ZD_DISEASES; d++) {
    double want = c->expected[d], away = fabs(c->have[d] - want);
    assert_true(away < 4.5 * sqrt(want) + want * 0.02);
  }
  /* region.md 1.1, true cases per million */
  assert_in_range(c->have[ZD_HYPERTENSION] * 25, 355000, 410000);
  assert_in_range(c->have[ZD_DIABETES_2] * 25, 33500, 43000);
  assert_in_range(c->have[ZD_ISCHAEMIC] * 25, 47000, 57500);
  assert_in_range(c->have[ZD_CANCER] * 25, 22500, 30000);
}

static void registers_know_less_than_is_true(void **state) {
  const count *c = *state;
  assert_in_range(c->registered[ZD_HYPERTENSION] * 25, 100000, 130000);
  assert_in_range(c->registered[ZD_DIABETES_2] * 25, 27000, 36000);
  assert_in_range(c->registered[ZD_DIABETES_1] * 25, 1000, 2700);
  assert_in_range(c->registered[ZD_ISCHAEMIC] * 25, 33500, 50000);
  assert_in_range(c->registered[ZD_CEREBROVASCULAR] * 25, 20000, 29000);
}

static void pressure_cascade_is_75_60_28(void **state) {
  const count *c = *state;
  double all = c->have[ZD_HYPERTENSION];
  double controlled = c->pressure[ZD_PRESSURE_CONTROLLED];
  double treated = controlled + c->pressure[ZD_PRESSURE_TREATED];
  double aware = treated + c->pressure[ZD_PRESSURE_AWARE];
  assert_true(fabs(aware / all - 0.75) < 0.02);
  assert_true(fabs(treated / all - 0.60) < 0.02);
  assert_true(fabs(controlled / all - 0.28) < 0.02);
}

static void hba1c_of_type_2_is_52_29_10_9(void **state) {
  const count *c = *state;
  static const double share[] = {0.52, 0.29, 0.10, 0.09};
  for (int i = 0; i < 4; i++)
    assert_true(fabs(c->hba1c[i] / (double)c->registered[ZD_DIABETES_2] - share[i]) < 0.06);
}

static double ckd_epi(double creatinine, double age, bool female) {
  double k = female ? 0.7 : 0.9, a = female ? -0.241 : -0.302, s = creatinine / 88.42 / k;
  return 142 * pow(fmin(s, 1), a) * pow(fmax(s, 1), -1.2) * pow(0.9938, age) * (female ? 1.012 : 1);
}

static void creatinine_and_filtration_agree_by_ckd_epi_2021(void **state) {
  (void)state;
  zd_random dice;
  zd_random_seed(&dice, 9, 9);
  for (int rate = 12; rate < 110; rate += 7)
    for (int age = 20; age < 90; age += 10)
      for (int female = 0; female < 2; female++) {
        zd_health h = {.filtration = (int16_t)rate};
        zd_person p = {.born = -365 * age, .age = (uint8_t)age, .female = female};
        zd_lab lab = {.seed = 1, .person = &p, .health = &h, .dice = &dice};
        int32_t filtration = zd_lab_value(&lab, ZD_FILTRATION, 0, 0);
        int32_t creatinine = zd_lab_value(&lab, ZD_CREATININE, 0, 0);
        double back = ckd_epi(creatinine, age, female);
        double rounded = ckd_epi(creatinine + 1, age, female); /* whole umol/L */
        assert_true(fabs(back - filtration) < fabs(back - rounded) + 0.03 * filtration + 2);
      }
}

static int draw(void **state) {
  count *c = malloc(sizeof *c);
  *state = c;
  if (!c) return -1;
  draw_all(c);
  return 0;
}

static int release(void **state) {
  free(*state);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(prevalence_is_that_of_the_table),
      cmocka_unit_test(registers_know_less_than_is_true),
      cmocka_unit_test(pressure_cascade_is_75_60_28),
      cmocka_unit_test(hba1c_of_type_2_is_52_29_10_9),
      cmocka_unit_test(creatinine_and_filtration_agree_by_ckd_epi_2021),
  };
  return cmocka_run_group_tests(tests, draw, release);
}
