/* What is searched of values that are written the wrong way round, or are turned over. */
#include "search/testing/memory_world.h"

/* Periods that end before they start exist; they are taken the right way round. */
static void turned_periods(void **state) {
  world *w = *state;
  memory_empty(w->store);
  put_procedure(w, "right",
                "\"performedPeriod\":{\"start\":\"2013-01-10\",\"end\":\"2013-01-20\"}");
  put_procedure(w, "turned",
                "\"performedPeriod\":{\"start\":\"2013-01-20\",\"end\":\"2013-01-10\"}");
  put_procedure(w, "hours",
                "\"performedPeriod\":{\"start\":\"2013-01-10T12:00:00Z\",\"end\":\"2013-01-10\"}");
  static const example rows[] = {
      {"Procedure", "date=2013-01", "right turned hours"},
      {"Procedure", "date=sa2013-01-09", "right turned hours"},
      {"Procedure", "date=gt2013-01-19", "right turned"},
      {"Procedure", "date=gt2013-01-20", ""},
      {"Procedure", "date=lt2013-01-11", "right turned hours"},
      {"Procedure", "date=lt2013-01-10", ""},
      {"Procedure", "date=eb2013-01-21", "right turned hours"},
      {"Procedure", "date=eb2013-01-20", "hours"},
      {"Procedure", "date=2013-01-10", "hours"},
  };
  CHECK(w, rows);
}

/* Ranges the wrong way round, and samples that a negative factor turns over. */
static void turned_ranges(void **state) {
  world *w = *state;
  memory_empty(w->store);
  put_observation(w, "down",
                  "\"valueSampledData\":{\"origin\":{\"value\":10,\"code\":\"mV\"},\"period\":1,"
                  "\"factor\":-2,\"dimensions\":1,\"data\":\"-5 E 20 7\"}");
  put_observation(w, "open",
                  "\"valueSampledData\":{\"origin\":{\"value\":10,\"code\":\"mV\"},\"period\":1,"
                  "\"factor\":-1,\"dimensions\":1,\"data\":\"1 U\"}");
  put(w,
      "{\"resourceType\":\"Condition\",\"id\":\"turned\",\"subject\":{\"reference\":\"Patient/1\"},"
      "\"onsetRange\":{\"low\":{\"value\":9},\"high\":{\"value\":3}}}");
  put(w,
      "{\"resourceType\":\"Condition\",\"id\":\"right\",\"subject\":{\"reference\":\"Patient/1\"},"
      "\"onsetRange\":{\"low\":{\"value\":3},\"high\":{\"value\":9}}}");
  static const example rows[] = {
      {"Observation", "value-quantity=gt19||mV", "down"}, /* -5 * -2 + 10 */
      {"Observation", "value-quantity=gt20||mV", ""},
      {"Observation", "value-quantity=lt-29||mV", "down open"}, /* 20 * -2 + 10; no lower end */
      {"Observation", "value-quantity=lt-30||mV", "open"},
      {"Observation", "value-quantity=lt-1000000||mV", "open"},
      {"Observation", "value-quantity=gt8||mV", "down open"}, /* 1 * -1 + 10 */
      {"Observation", "value-quantity=gt9||mV", "down"},
      {"Observation", "value-quantity=sa-31||mV", "down"},
      {"Condition", "onset-age=gt8", "turned right"},
      {"Condition", "onset-age=gt9", ""},
      {"Condition", "onset-age=lt4", "turned right"},
      {"Condition", "onset-age=lt3", ""},
      {"Condition", "onset-age=sa2", "turned right"},
      {"Condition", "onset-age=eb10", "turned right"},
  };
  CHECK(w, rows);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(turned_periods),
                                     cmocka_unit_test(turned_ranges)};
  return cmocka_run_group_tests(tests, open_world, close_world);
}
