/* Quantities asked and stored in different units: plans against resources, over a small service of
 * units with factors that do and do not divide evenly. */
#include "base/testing/dice.h"
#include "search/internal.h"
#include "search/testing/memory_store.h"

typedef struct world {
  zd_store *store;
  zd_search *search;
  zd_arena arena;
  zd_random dice;
} world;

/* A third of a gram never ends, nor does a seventh of a hertz, scaled or not. */
static const struct {
  const char *code, *canonical, *numerator, *denominator, *offset, *scale;
} known_units[] = {
    {"g", "g", "1", "1", "0", "0"},         {"kg", "g", "1000", "1", "0", "0"},
    {"mg", "g", "1", "1000", "0", "0"},     {"[lb_av]", "g", "453.59237", "1", "0", "0"},
    {"third", "g", "1", "3", "0", "0"},     {"s", "s", "1", "1", "0", "0"},
    {"min", "s", "60", "1", "0", "0"},      {"/s", "/s", "1", "1", "0", "9"},
    {"/min", "/s", "1", "60", "0", "9"},    {"/h", "/s", "1", "3600", "0", "9"},
    {"/wk", "/s", "1", "604800", "0", "9"}, {"K", "K", "1", "1", "0", "9"},
    {"Cel", "K", "1", "1", "273.15", "9"},  {"[degF]", "K", "5", "9", "459.67", "9"}};

static zd_err canonical(void *state, zd_slice code, zd_arena *arena, zd_canonical_unit *out) {
  (void)state;
  for (size_t i = 0; i < sizeof known_units / sizeof *known_units; i++) {
    if (!zd_slice_eq(code, zd_slice_of(known_units[i].code))) continue;
    out->code = zd_slice_of(known_units[i].canonical);
    zd_err err = zd_decimal_read(zd_slice_of(known_units[i].numerator), arena, &out->numerator);
    if (!err) err = zd_decimal_read(zd_slice_of(known_units[i].offset), arena, &out->offset);
    if (!err) err = zd_decimal_read(zd_slice_of(known_units[i].scale), arena, &out->scale);
    return err ? err
               : zd_decimal_read(zd_slice_of(known_units[i].denominator), arena, &out->denominator);
  }
  return ZD_ERR_NOT_FOUND;
}

static int open_world(void **state) {
  world *w = calloc(1, sizeof *w);
  zd_fault fault = {0};
  zd_units units = {.canonical = canonical};
  assert_non_null(w);
  w->store = memory_open();
  zd_arena_init(&w->arena, 0);
  zd_testing_dice(&w->dice, 31, 4);
  if (zd_search_open_units(zd_schema_r4(), w->store, ZD_S(""), &units, &w->search, &fault))
    fail_msg("%s", fault.text);
  *state = w;
  return 0;
}

static int close_world(void **state) {
  world *w = *state;
  zd_search_close(w->search);
  memory_close(w->store);
  zd_arena_free(&w->arena);
  free(w);
  return 0;
}

static void put_quantity(world *w, const char *id, const char *quantity) {
  memory_put(w->store, w->search,
             zd_arena_printf(&w->store->arena,
                             "{\"resourceType\":\"Observation\",\"id\":\"%s\",\"status\":\"final\","
                             "\"code\":{\"text\":\"c\"},%s}",
                             id, quantity)
                 .p,
             0);
}

static const char *quantity(world *w, const char *value, const char *code) {
  return zd_arena_printf(&w->store->arena,
                         "{\"value\":%s,\"system\":\"" ZD_UCUM "\",\"code\":\"%s\"}", value, code)
      .p;
}

static void put_value(world *w, const char *id, const char *value, const char *code) {
  put_quantity(
      w, id, zd_arena_printf(&w->store->arena, "\"valueQuantity\":%s", quantity(w, value, code)).p);
}

/* The clause that asks for the value, whose room is v, and its plan. */
static zd_clause clause_of(world *w, const char *value, zd_search_value *v, const zd_plan **plan) {
  zd_type type = zd_schema_type(zd_schema_r4(), ZD_S("Observation"));
  zd_fault fault = {0};
  zd_value_context x = {.search = w->search, .now_ms = 1, .arena = &w->arena, .fault = &fault};
  zd_clause clause = {.param = zd_program_find(w->search, type, ZD_S("value-quantity")),
                      .type = type,
                      .values = v,
                      .count = 1};
  if (zd_value_read(&x, clause.param, zd_slice_of(value), v)) fail_msg("%s", fault.text);
  assert_int_equal(zd_plan_clause(w->search, &clause, &w->arena, plan), ZD_OK);
  return clause;
}

/* Ids that plan and resource agree upon. */
static const char *ask(world *w, const char *value) {
  zd_search_value v;
  const zd_plan *plan;
  zd_clause clause = clause_of(w, value, &v, &plan);
  zd_slice found = ZD_S("");
  for (zd_row row = 0; row < w->store->row_count; row++) {
    const memory_row *r = &w->store->rows[row];
    bool expected, hit = memory_hit(w->store, plan, row);
    assert_int_equal(zd_match_clause(w->search, &clause, &r->tree, 0, &w->arena, &expected), ZD_OK);
    if (hit != expected)
      fail_msg("%s on %.*s: plan %d, resource %d", value, ZD_SV(r->body), hit, expected);
    if (hit)
      found =
          zd_arena_printf(&w->arena, "%.*s%s%.*s", ZD_SV(found), found.n ? " " : "", ZD_SV(r->id));
  }
  return zd_arena_copy(&w->arena, zd_arena_printf(&w->arena, "%.*s", ZD_SV(found))).p;
}

static void a_quantity_is_found_in_any_unit(void **state) {
  world *w = *state;
  memory_empty(w->store);
  put_value(w, "mg", "5400", "mg");
  put_value(w, "g", "5.4", "g");
  put_value(w, "kg", "0.0054", "kg");
  put_value(w, "near", "5.41", "g");
  put_value(w, "pound", "1", "[lb_av]");
  put_value(w, "beat", "60", "/min");
  put_value(w, "hertz", "1", "/s");
  put_value(w, "third", "20", "/min");
  put_value(w, "warm", "98.6", "[degF]");
  put_value(w, "body", "37.0", "Cel");
  put_value(w, "kelvin", "310.15", "K");
  put_value(w, "odd", "5.4", "[unknown]");
  put_quantity(
      w, "range",
      zd_arena_printf(&w->arena, "\"component\":[{\"code\":{\"text\":\"c\"},\"valueQuantity\":%s}]",
                      quantity(w, "5.4", "g"))
          .p);
  static const char *const rows[][2] = {
      {"5.4|" ZD_UCUM "|g", "mg g kg near"}, /* 5.35 to 5.45 */
      {"5.40|" ZD_UCUM "|g", "mg g kg"},
      {"5400|" ZD_UCUM "|mg", "mg g kg"},
      {"5.4||g", "g near"}, /* without a system: as written */
      {"gt0.00540|" ZD_UCUM "|kg", "near pound"},
      {"ge453.59237|" ZD_UCUM "|g", "pound"},
      {"gt453.59237|" ZD_UCUM "|g", ""},
      {"453592.37|" ZD_UCUM "|mg", "pound"},
      {"1|" ZD_UCUM "|/s", "beat hertz"},
      {"ge60|" ZD_UCUM "|/min", "beat hertz"},
      {"lt60|" ZD_UCUM "|/min", "third"},
      {"le0.3333333333333333|" ZD_UCUM "|/s", ""},
      {"le0.3333333333333334|" ZD_UCUM "|/s", "third"},
      {"310.15|" ZD_UCUM "|K", "warm body kelvin"},
      {"gt98.5|" ZD_UCUM "|[degF]", "warm body kelvin"},
      {"gt98.6|" ZD_UCUM "|[degF]", ""},
      {"le37|" ZD_UCUM "|Cel", "warm body kelvin"},
      {"lt37|" ZD_UCUM "|Cel", ""},
      {"5.4|" ZD_UCUM "|[unknown]", "odd"},
      {"5.4|" ZD_UCUM "|s", ""},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    assert_string_equal(ask(w, rows[i][0]), rows[i][1]);
}

static int checks_of(const zd_plan *plan) {
  int n = plan->op == ZD_PLAN_CHECK;
  for (size_t i = 0; i < plan->child_count; i++) n += checks_of(plan->children[i]);
  return n;
}

static void rows_are_looked_at_only_where_a_factor_never_ends(void **state) {
  world *w = *state;
  static const struct {
    const char *value;
    bool sure;
  } rows[] = {
      {"ge5|" ZD_UCUM "|kg", true},        {"ge5|" ZD_UCUM "|/min", true},
      {"lt0.1|" ZD_UCUM "|/h", true},      {"62|" ZD_UCUM "|/h", true},
      {"gt98.6|" ZD_UCUM "|[degF]", true}, {"ap7|" ZD_UCUM "|/s", true},
      {"ge3|" ZD_UCUM "|third", true},     {"ge2|" ZD_UCUM "|third", false},
      {"le21|" ZD_UCUM "|/wk", true},      {"le1|" ZD_UCUM "|/wk", false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_search_value v;
    const zd_plan *plan;
    clause_of(w, rows[i].value, &v, &plan);
    if ((checks_of(plan) == 0) != rows[i].sure)
      fail_msg("%s: %d checks", rows[i].value, checks_of(plan));
  }
}

static const char *a_number(world *w) {
  static const char *const numbers[] = {"1",
                                        "2.0",
                                        "60",
                                        "0.001",
                                        "1000",
                                        "3600",
                                        "0.5",
                                        "20",
                                        "1.0e3",
                                        "7",
                                        "-3",
                                        "0",
                                        "453.59237",
                                        "0.016666666666666666666666",
                                        "0.0166666666666666667",
                                        "98.6",
                                        "37.0",
                                        "-40",
                                        "310.15"};
  return numbers[zd_random_below(&w->dice, sizeof numbers / sizeof *numbers)];
}

static const char *a_unit(world *w) {
  return known_units[zd_random_below(&w->dice, sizeof known_units / sizeof *known_units)].code;
}

static const char *a_value(world *w) {
  const char *one = quantity(w, a_number(w), a_unit(w)), *two = quantity(w, a_number(w), a_unit(w));
  switch (zd_random_below(&w->dice, 4)) {
    case 0:
      return zd_arena_printf(&w->store->arena,
                             "\"valueSampledData\":{\"origin\":%s,\"period\":1,\"dimensions\":1,"
                             "\"data\":\"0 1 %s\"}",
                             one, a_number(w))
          .p;
    case 1:
      return zd_arena_printf(&w->store->arena,
                             "\"valueQuantity\":%s,\"component\":[{\"code\":{\"text\":\"c\"},"
                             "\"valueQuantity\":%s}]",
                             one, two)
          .p;
    default:
      return zd_arena_printf(&w->store->arena, "\"valueQuantity\":%s", one).p;
  }
}

static void plans_answer_as_resources_do(void **state) {
  world *w = *state;
  static const char *const prefixes[] = {"", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"};
  size_t hits = 0;
  memory_empty(w->store);
  for (int i = 0; i < 500; i++) put_quantity(w, "x", a_value(w));
  for (int i = 0; i < 800; i++) {
    zd_slice asked =
        zd_arena_printf(&w->arena, "%s%s|" ZD_UCUM "|%s", prefixes[zd_random_below(&w->dice, 9)],
                        a_number(w), a_unit(w));
    hits += strlen(ask(w, asked.p)) > 0;
    zd_arena_reset(&w->arena);
  }
  assert_true(hits > 200);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_quantity_is_found_in_any_unit),
      cmocka_unit_test(rows_are_looked_at_only_where_a_factor_never_ends),
      cmocka_unit_test(plans_answer_as_resources_do)};
  return cmocka_run_group_tests(tests, open_world, close_world);
}
