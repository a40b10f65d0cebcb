/* UCUM case by case: what is valid and why not, canonical forms, conversions, special units,
 * comparing, products, symbols. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/testing/scarcity.h"
#include "ucum/ucum.h"

static zd_arena arena;

static zd_slice s(const char *text) {
  return zd_slice_of(text);
}

static void codes_that_are_valid(void **state) {
  (void)state;
  static const char *const codes[] = {"m",
                                      "/m",
                                      "m/s2",
                                      "kg.m/s2",
                                      "10*3/uL",
                                      "10^9/L",
                                      "10*-7",
                                      "1",
                                      "4.[pi]",
                                      "{cells}",
                                      "{cells}/uL",
                                      "L{x}",
                                      "1{x}",
                                      "m-2",
                                      "m+2",
                                      "(m)",
                                      "((m))",
                                      "g/(24.h)",
                                      "mm[Hg]",
                                      "dB[10.nV]",
                                      "%",
                                      "cal_[15]",
                                      "mL/min/{1.73_m2}",
                                      "m0",
                                      "[in_i'Hg]",
                                      "KiBy",
                                      "'",
                                      "''",
                                      "Cel",
                                      "mCel",
                                      "[m/s2/Hz^(1/2)]",
                                      "dar",
                                      "pH",
                                      "ug/kg/min",
                                      "Cel/min"};
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
    zd_ucum_fault fault = {0};
    if (zd_ucum_check(s(codes[i]), &fault)) fail_msg("%s: %s", codes[i], fault.text);
  }
}

static void faults_say_where_and_why(void **state) {
  (void)state;
  static const struct {
    const char *code;
    zd_err err;
    uint32_t at;
    const char *says;
  } rows[] = {{"", ZD_ERR_INVALID, 0, "a unit is missing"},
              {"mmol/", ZD_ERR_INVALID, 5, "a unit is missing"},
              {"mmol/iU", ZD_ERR_INVALID, 5, "no unit \"iU\""},
              {"m..s", ZD_ERR_INVALID, 2, "no unit begins like this"},
              {"m s", ZD_ERR_INVALID, 1, "an operator or the end"},
              {" m", ZD_ERR_INVALID, 0, "no unit begins like this"},
              {"ккал", ZD_ERR_INVALID, 0, "no unit begins like this"},
              {"m{ячейка}", ZD_ERR_INVALID, 2, "no such character"},
              {"m{a b}", ZD_ERR_INVALID, 3, "no such character"},
              {"m{a", ZD_ERR_INVALID, 3, "a } is missing"},
              {"{a}m", ZD_ERR_INVALID, 3, "an operator or the end"},
              {"(m", ZD_ERR_INVALID, 2, "a ) is missing"},
              {"m)", ZD_ERR_INVALID, 1, "an operator or the end"},
              {"(m)2", ZD_ERR_INVALID, 3, "an operator or the end"},
              {"[IU", ZD_ERR_INVALID, 3, "a ] is missing"},
              {"m-", ZD_ERR_INVALID, 2, "an exponent needs digits"},
              {"m1234", ZD_ERR_LIMIT, 4, "three digits"},
              {"g/48h", ZD_ERR_INVALID, 4, "an operator or the end"},
              {"10+3/ul", ZD_ERR_INVALID, 2, "an operator or the end"},
              {"0.m", ZD_ERR_INVALID, 0, "above zero"},
              {"1234567890123456789", ZD_ERR_LIMIT, 0, "18 digits"},
              {"kmin", ZD_ERR_INVALID, 0, "no unit \"kmin\""}, /* minutes have no prefixes */
              {"Kg", ZD_ERR_INVALID, 0, "no unit \"Kg\""}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_ucum_fault fault = {0};
    assert_int_equal(zd_ucum_check(s(rows[i].code), &fault), rows[i].err);
    if (fault.at != rows[i].at || !strstr(fault.text, rows[i].says))
      fail_msg("%s: %u %s", rows[i].code, fault.at, fault.text);
  }
}

static void what_is_too_much_is_refused(void **state) {
  (void)state;
  char code[4 * ZD_UCUM_CODE_MAX];
  zd_ucum_form form;
  memset(code, '(', 40);
  memcpy(code + 40, "m", 2);
  assert_int_equal(zd_ucum_check(s(code), NULL), ZD_ERR_LIMIT);
  memset(code, 'm', ZD_UCUM_CODE_MAX + 1);
  assert_int_equal(zd_ucum_check(zd_slice_make(code, ZD_UCUM_CODE_MAX + 1), NULL), ZD_ERR_LIMIT);
  for (int i = 0; i < ZD_UCUM_CODE_MAX; i += 2) memcpy(code + i, "m.", 2);
  assert_int_equal(zd_ucum_check(zd_slice_make(code, ZD_UCUM_CODE_MAX - 1), NULL), ZD_OK);
  assert_int_equal(zd_ucum_canonical(s("[ft_us]999"), &arena, &form, NULL), ZD_ERR_LIMIT);
  assert_int_equal(zd_ucum_canonical(s("m999.m"), &arena, &form, NULL), ZD_ERR_LIMIT);
  assert_int_equal(zd_ucum_canonical(s("Ym999"), &arena, &form, NULL), ZD_OK); /* a power of ten */
}

static void canonical_forms(void **state) {
  (void)state;
  static const struct {
    const char *code, *unit, *numerator, *denominator, *offset;
    int32_t exponent;
    zd_ucum_scale scale;
  } rows[] = {{"m", "m", "1", "1", "0", 0, ZD_UCUM_RATIO},
              {"mg/dL", "g.m-3", "1", "1", "0", 1, ZD_UCUM_RATIO},
              {"g/dL", "g.m-3", "1", "1", "0", 4, ZD_UCUM_RATIO},
              {"mmol/L", "m-3", "602214076", "1", "0", 15, ZD_UCUM_RATIO},
              {"mm[Hg]", "g.m-1.s-2", "133322", "1", "0", 0, ZD_UCUM_RATIO},
              {"[lb_av]", "g", "45359237", "1", "0", -5, ZD_UCUM_RATIO},
              {"/min", "s-1", "5", "3", "0", -2, ZD_UCUM_RATIO},
              {"[IU]/mL", "[iU].m-3", "1", "1", "0", 6, ZD_UCUM_RATIO},
              {"k[IU]2", "[iU]2", "1", "1", "0", 6, ZD_UCUM_RATIO},
              {"[IU]/[IU]", "1", "1", "1", "0", 0, ZD_UCUM_RATIO},
              {"%", "1", "1", "1", "0", -2, ZD_UCUM_RATIO},
              {"{score}", "1", "1", "1", "0", 0, ZD_UCUM_RATIO},
              {"m{a}/s{b}", "m.s-1", "1", "1", "0", 0, ZD_UCUM_RATIO},
              {"deg", "rad", "52359877559829887307710723054658381403286156656251763682915743205",
               "3", "0", -66, ZD_UCUM_RATIO},
              {"[FEU].[IU].C.K.cd.g.m.rad.s", "C.K.[FEU].[iU].cd.g.m.rad.s", "1", "1", "0", 0,
               ZD_UCUM_RATIO},
              {"[g].kg{force}", "g.m.s-2", "980665", "1", "0", -2, ZD_UCUM_RATIO},
              {"/m.s", "m-1.s", "1", "1", "0", 0, ZD_UCUM_RATIO},
              {"/(m.s)", "m-1.s-1", "1", "1", "0", 0, ZD_UCUM_RATIO},
              {"m/s/s", "m.s-2", "1", "1", "0", 0, ZD_UCUM_RATIO},
              {"m/(s/s2)", "m.s", "1", "1", "0", 0, ZD_UCUM_RATIO},
              {"Cel", "K", "1", "1", "273.15", 0, ZD_UCUM_INTERVAL},
              {"mCel", "K", "1", "1", "273150", -3, ZD_UCUM_INTERVAL},
              {"[degF]", "K", "5", "9", "459.67", 0, ZD_UCUM_INTERVAL},
              {"[pH]", "m-3", "602214076", "1", "0", 18, ZD_UCUM_CURVE},
              {"dB", "1", "1", "1", "0", -1, ZD_UCUM_CURVE}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_ucum_form f;
    print_message("%s\n", rows[i].code);
    assert_int_equal(zd_ucum_canonical(s(rows[i].code), &arena, &f, NULL), ZD_OK);
    assert_true(zd_slice_eq(f.unit, s(rows[i].unit)));
    assert_true(zd_slice_eq(f.numerator, s(rows[i].numerator)));
    assert_true(zd_slice_eq(f.denominator, s(rows[i].denominator)));
    assert_true(zd_slice_eq(f.offset, s(rows[i].offset)));
    assert_int_equal(f.exponent, rows[i].exponent);
    assert_int_equal(f.scale, rows[i].scale);
  }
}

static void special_units_stand_alone(void **state) {
  (void)state;
  static const struct {
    const char *code;
    uint32_t at;
  } rows[] = {{"Cel/min", 0}, {"W/Cel", 2}, {"2.Cel", 2}, {"Cel2", 0}, {"m.dB", 2}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_ucum_form form;
    zd_ucum_fault fault = {0};
    assert_int_equal(zd_ucum_canonical(s(rows[i].code), &arena, &form, &fault), ZD_ERR_UNSUPPORTED);
    assert_int_equal(fault.at, rows[i].at);
  }
}

/* Against the definitions, and published figures: 98.6 degrees Fahrenheit, 5.5 mmol/L of glucose.
 */
static void conversions(void **state) {
  (void)state;
  static const struct {
    const char *value, *from, *to, *result;
    bool exact;
  } rows[] = {{"5.4", "mmol/L", "umol/L", "5400", true},
              {"5400", "umol/L", "mmol/L", "5.4", true},
              {"1.50", "g/dL", "g/L", "15", true},
              {"1", "[lb_av]", "kg", "0.45359237", true},
              {"1", "kg", "[lb_av]", "2.204622621848775807229738013", false},
              {"60", "/min", "Hz", "1", true},
              {"1", "/min", "Hz", "0.01666666666666666666666666667", false},
              {"120", "mm[Hg]", "kPa", "15.99864", true},
              {"10", "cm[H2O]", "mm[Hg]", "7.355612727081801953166019112", false},
              {"37", "Cel", "[degF]", "98.6", true},
              {"98.6", "[degF]", "Cel", "37", true},
              {"-40", "Cel", "[degF]", "-40", true},
              {"0", "K", "Cel", "-273.15", true},
              {"80", "[degRe]", "Cel", "100", true},
              {"37000", "mCel", "[degF]", "98.6", true},
              {"7", "[pH]", "mol/L", "0.0000001", true},
              {"7.4", "[pH]", "nmol/L", "39.8107170553497", false},
              {"100", "nmol/L", "[pH]", "7", true},
              {"3", "B", "1", "1000", true},
              {"30", "dB", "1", "1000", true},
              {"33.3", "dB", "B", "3.33", true}, /* along the curve */
              {"7.41", "[pH]", "[pH]", "7.41", true},
              {"1000", "1", "dB", "30", true},
              {"1", "B", "Np", "2.30258509299405", false},
              {"60", "dB[SPL]", "Pa", "0.02", true},
              {"0.02", "Pa", "dB[SPL]", "60", true},
              {"0", "dB[mV]", "V", "0.001", true},
              {"8", "bit_s", "1", "256", true},
              {"100", "%[slope]", "deg", "45", false},
              {"100", "[p'diop]", "deg", "45", false},
              {"1", "rad", "[p'diop]", "155.74077246549", false},
              {"2", "[hp'_X]", "1", "0.01", true},
              {"2", "[m/s2/Hz^(1/2)]", "m2.s-4/Hz", "4", true},
              {"9", "m2.s-4/Hz", "[m/s2/Hz^(1/2)]", "3", true},
              {"180", "deg", "rad",
               "3.1415926535897932384626433832795028841971693993751058209749445923", true},
              {"1", "mo", "d", "30.4375", true},
              {"1", "U/L", "nkat/L", "16.66666666666666666666666667", false},
              {"-1e3", "m", "km", "-1", true},
              {"1e-400", "m", "mm", "1e-397", true},
              {"0", "m", "km", "0", true},
              {"1", "KiBy", "bit", "8192", true},
              {"6", "[IU]/mL", "k[IU]/L", "6", true}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_ucum_number out;
    zd_ucum_quantity from = {s(rows[i].value), s(rows[i].from)};
    assert_int_equal(zd_ucum_convert(from, s(rows[i].to), &arena, &out, NULL), ZD_OK);
    if (!zd_slice_eq(out.text, s(rows[i].result)) || out.exact != rows[i].exact)
      fail_msg("%s %s in %s: %.*s, exact %d", rows[i].value, rows[i].from, rows[i].to,
               ZD_SV(out.text), out.exact);
  }
}

static void what_cannot_be_converted(void **state) {
  (void)state;
  static const struct {
    const char *value, *from, *to;
    zd_err err;
    bool second;
  } rows[] = {{"1", "g", "m", ZD_ERR_REFUSED, false},
              {"1", "[IU]", "g", ZD_ERR_REFUSED, false},
              {"1", "[IU]", "[arb'U]", ZD_ERR_REFUSED, false},
              {"1", "g", "mol", ZD_ERR_REFUSED, false},
              {"1", "gg", "m", ZD_ERR_INVALID, false},
              {"1", "m", "mm.", ZD_ERR_INVALID, true},
              {"", "m", "m", ZD_ERR_INVALID, false},
              {"1,5", "m", "m", ZD_ERR_INVALID, false},
              {".5", "m", "m", ZD_ERR_INVALID, false},
              {"5.", "m", "m", ZD_ERR_INVALID, false},
              {"1e", "m", "m", ZD_ERR_INVALID, false},
              {"NaN", "m", "m", ZD_ERR_INVALID, false},
              {"1e999999999", "m", "m", ZD_ERR_LIMIT, false},
              {"0", "mol/L", "[pH]", ZD_ERR_INVALID, false},
              {"-1", "1", "dB", ZD_ERR_INVALID, false},
              {"2", "rad", "[p'diop]", ZD_ERR_INVALID, false},
              {"1", "Cel/min", "K/min", ZD_ERR_UNSUPPORTED, false}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_ucum_number out;
    zd_ucum_fault fault = {0};
    zd_ucum_quantity from = {s(rows[i].value), s(rows[i].from)};
    print_message("%s %s %s\n", rows[i].value, rows[i].from, rows[i].to);
    assert_int_equal(zd_ucum_convert(from, s(rows[i].to), &arena, &out, &fault), rows[i].err);
    assert_int_equal(fault.second, rows[i].second);
    assert_true(fault.text[0]);
  }
}

static void substances_by_their_molar_weight(void **state) {
  (void)state;
  static const struct {
    const char *value, *from, *to, *weight, *result;
  } rows[] = {{"5.5", "mmol/L", "mg/dL", "180.156", "99.0858"}, /* glucose */
              {"99.0858", "mg/dL", "mmol/L", "180.156", "5.5"},
              {"1", "mol", "g", "18.015", "18.015"}, /* water */
              {"18.015", "g", "mol", "18.015", "1"},
              {"88.42", "umol/L", "mg/dL", "113.12", "1.00020704"}, /* creatinine */
              {"2", "mmol/kg", "mg/g", "100", "0.2"},
              {"1", "mmol/mol", "mg/g", "100", "1"}, /* both are numbers */
              {"4", "mmol/L", "umol/mL", "100", "4"},
              {"10", "mg/mmol", "g/kg", "100", "100"},
              {"10", "g/mol", "1", "100", "0.1"},
              {"1", "mol/L", "m", "100", NULL},
              {"1", "mol", "g", "0", NULL},
              {"1", "mol", "g", "-1", NULL},
              {"1", "mol", "g", "x", NULL}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_ucum_number out = {0};
    zd_ucum_quantity from = {s(rows[i].value), s(rows[i].from)};
    zd_err err =
        zd_ucum_convert_substance(from, s(rows[i].to), s(rows[i].weight), &arena, &out, NULL);
    print_message("%s %s: %d %.*s\n", rows[i].from, rows[i].to, err, ZD_SV(out.text));
    assert_int_equal(err == ZD_OK, rows[i].result != NULL);
    if (rows[i].result) assert_true(zd_slice_eq(out.text, s(rows[i].result)) && out.exact);
  }
}

static void comparing(void **state) {
  (void)state;
  static const struct {
    const char *a, *unit_a, *b, *unit_b;
    int order;
  } rows[] = {{"5.4", "mmol/L", "5400", "umol/L", 0},
              {"5.4000000000000000000001", "mmol/L", "5400", "umol/L", 1},
              {"1", "[lb_av]", "0.4535923699999999999", "kg", 1},
              {"37", "Cel", "98.6", "[degF]", 0},
              {"37", "Cel", "98.7", "[degF]", -1},
              {"-1", "m", "1", "mm", -1},
              {"1e-90000", "m", "1e-99999", "m", 1},
              {"7", "[pH]", "100", "nmol/L", 0},
              {"7.4", "[pH]", "7.35", "[pH]", -1}, /* more acid is lower */
              {"7.4", "[pH]", "40", "nmol/L", -1},
              {"10", "dB", "1", "B", 0},
              {"1.5", "B", "15", "dB", 0},
              {"1.50000000000000000000001", "B", "15", "dB", 1},
              {"3.5", "Np", "3.4", "Np", 1},
              {"1", "{a}", "1", "{b}", 0}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    int order = 9;
    zd_ucum_quantity a = {s(rows[i].a), s(rows[i].unit_a)}, b = {s(rows[i].b), s(rows[i].unit_b)};
    assert_int_equal(zd_ucum_compare(a, b, &order, NULL), ZD_OK);
    if ((order > 0) - (order < 0) != rows[i].order)
      fail_msg("%s %s: %d", rows[i].a, rows[i].unit_a, order);
    assert_int_equal(zd_ucum_compare(b, a, &order, NULL), ZD_OK);
    assert_int_equal((order > 0) - (order < 0), -rows[i].order);
  }
}

static void products_and_quotients(void **state) {
  (void)state;
  static const struct {
    const char *a, *unit_a, *b, *unit_b;
    bool product;
    const char *value, *unit;
  } rows[] = {{"70", "kg", "1.75", "m", true, "122500", "g.m"},
              {"10", "mg/kg", "70", "kg", true, "0.7", "g"},
              {"1.5", "g", "2", "m", false, "0.75", "g.m-1"},
              {"1", "m", "3", "m", false, "0.3333333333333333333333333333", "1"},
              {"2", "[IU]", "4", "[IU]", false, "0.5", "1"},
              {"2", "[IU]", "4", "[arb'U]", true, "8", "[arb'U].[iU]"},
              {"1", "m", "0", "m", false, NULL, NULL},
              {"1", "Cel", "1", "m", true, NULL, NULL}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_ucum_number value = {0};
    zd_slice unit = {0};
    zd_ucum_quantity a = {s(rows[i].a), s(rows[i].unit_a)}, b = {s(rows[i].b), s(rows[i].unit_b)};
    zd_err err = rows[i].product ? zd_ucum_multiply(a, b, &arena, &value, &unit, NULL)
                                 : zd_ucum_divide(a, b, &arena, &value, &unit, NULL);
    assert_int_equal(err == ZD_OK, rows[i].value != NULL);
    if (err) continue;
    assert_true(zd_slice_eq(value.text, s(rows[i].value)));
    assert_true(zd_slice_eq(unit, s(rows[i].unit)));
  }
}

static void symbols_for_people(void **state) {
  (void)state;
  static const char *const rows[][3] = {{"mmol/L", "mmol/L", "ммоль/л"},
                                        {"ug/dL", "µg/dL", "мкг/дл"},
                                        {"mm[Hg]", "mmHg", "мм рт. ст."},
                                        {"10*9/L", "10⁹/L", "10⁹/л"},
                                        {"10*-3", "10⁻³", "10⁻³"},
                                        {"kg/m2", "kg/m²", "кг/м²"},
                                        {"mL/min/{1.73_m2}", "mL/min/1.73 m2", "мл/мин/1.73 m2"},
                                        {"[IU]/mL", "IU/mL", "МЕ/мл"},
                                        {"U/L", "U/L", "Ед/л"},
                                        {"Cel", "°C", "°C"},
                                        {"mg/(kg.h)", "mg/(kg·h)", "мг/(кг·ч)"},
                                        {"/[HPF]", "/HPF", "/п/зр"},
                                        {"10*9/L{cells}", "10⁹/L (cells)", "10⁹/л (cells)"},
                                        {"[smoot]", "[smoot]", "[smoot]"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_slice english, russian;
    assert_int_equal(zd_ucum_display(s(rows[i][0]), ZD_UCUM_ENGLISH, &arena, &english, NULL),
                     ZD_OK);
    assert_int_equal(zd_ucum_display(s(rows[i][0]), ZD_UCUM_RUSSIAN, &arena, &russian, NULL),
                     ZD_OK);
    assert_string_equal(english.p, rows[i][1]);
    assert_string_equal(russian.p, rows[i][2]);
  }
}

static void names_spelled_out(void **state) {
  (void)state;
  static const char *const rows[][2] = {{"mmol/L", "(millimole) / (liter)"},
                                        {"m2", "(meter ^ 2)"},
                                        {"1", "(unity)"},
                                        {"{a}", "(unity)"},
                                        {"/min", "(unity) / (minute)"},
                                        {"g/(24.h)", "(gram) / (24 * (hour))"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_slice name;
    assert_int_equal(zd_ucum_spell(s(rows[i][0]), &arena, &name, NULL), ZD_OK);
    assert_string_equal(name.p, rows[i][1]);
  }
}

static void an_arena_that_is_full_is_an_error(void **state) {
  (void)state;
  zd_arena small;
  zd_ucum_form form;
  zd_ucum_number number;
  zd_slice text;
  zd_arena_init(&small, 1);
  assert_int_equal(zd_ucum_canonical(s("mg/dL"), &small, &form, NULL), ZD_OK); /* from the table */
  assert_int_equal(zd_ucum_canonical(s("mg/dL/m"), &small, &form, NULL), ZD_ERR_MEMORY);
  assert_int_equal(
      zd_ucum_convert((zd_ucum_quantity){s("1"), s("m")}, s("mm"), &small, &number, NULL),
      ZD_ERR_MEMORY);
  assert_int_equal(zd_ucum_display(s("m"), ZD_UCUM_RUSSIAN, &small, &text, NULL), ZD_ERR_MEMORY);
  zd_arena_free(&small);
}

static zd_err everything(zd_arena *memory) {
  zd_ucum_form form;
  zd_ucum_number number;
  zd_slice text;
  zd_err err = zd_ucum_canonical(s("mg/dL/m"), memory, &form, NULL);
  if (!err) err = zd_ucum_display(s("mg/dL/m"), ZD_UCUM_RUSSIAN, memory, &text, NULL);
  if (!err) err = zd_ucum_spell(s("mg/dL/m"), memory, &text, NULL);
  zd_ucum_quantity pound = {s("1"), s("[lb_av]")};
  return err ? err : zd_ucum_convert(pound, s("kg"), memory, &number, NULL);
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  uint64_t nth = 1;
  for (;; nth++) {
    zd_arena memory;
    zd_arena_init(&memory, 0);
    zd_scarcity_begin(nth);
    zd_err err = everything(&memory);
    bool failed = zd_scarcity_end();
    zd_arena_free(&memory);
    assert_int_equal(err, failed ? ZD_ERR_MEMORY : ZD_OK);
    if (!failed) break;
  }
  assert_true(nth > 3);
}

static int set_up(void **state) {
  (void)state;
  zd_arena_init(&arena, 0);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  zd_arena_free(&arena);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(codes_that_are_valid),
                                     cmocka_unit_test(faults_say_where_and_why),
                                     cmocka_unit_test(what_is_too_much_is_refused),
                                     cmocka_unit_test(canonical_forms),
                                     cmocka_unit_test(special_units_stand_alone),
                                     cmocka_unit_test(conversions),
                                     cmocka_unit_test(what_cannot_be_converted),
                                     cmocka_unit_test(substances_by_their_molar_weight),
                                     cmocka_unit_test(comparing),
                                     cmocka_unit_test(products_and_quotients),
                                     cmocka_unit_test(symbols_for_people),
                                     cmocka_unit_test(names_spelled_out),
                                     cmocka_unit_test(an_arena_that_is_full_is_an_error),
                                     cmocka_unit_test(every_allocation_may_fail)};
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
