/* primitive_test.c: the formats of http://hl7.org/fhir/R4/datatypes.html, value by value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/random.h"
#include "fhir/primitive.h"

static const struct {
  zd_primitive kind;
  const char *good[12], *bad[24];
} formats[] = {
    {ZD_PRIM_INTEGER,
     {"0", "1", "-1", "2147483647", "-2147483648"},
     {"-0", "1.0", "1e2", "2147483648", "-2147483649", "99999999999", "-"}},
    {ZD_PRIM_POSITIVE_INT, {"1", "2147483647"}, {"0", "-1", "2147483648"}},
    {ZD_PRIM_UNSIGNED_INT, {"0", "2147483647"}, {"-1", "-0", "1.5"}},
    {ZD_PRIM_DECIMAL, {"0", "-0.00", "1.00", "1e400", "123456789012345678901234567890.1"}, {""}},
    {ZD_PRIM_STRING, {"a", " ", "a\nb\tc\r", "\xD0\x96"}, {"", "\x01", "a\x1f", "\x0c"}},
    {ZD_PRIM_MARKDOWN, {"# a\n"}, {"", "\b"}},
    {ZD_PRIM_CODE, {"a", "a b", "A-1", "a\tb"}, {"", " a", "a ", "a  b", " ", "a\n", "a\x01"}},
    {ZD_PRIM_ID,
     {"a", "A-1.b", "0123456789012345678901234567890123456789012345678901234567890123"},
     {"", "a_b", "a b", "\xD0\x96",
      "01234567890123456789012345678901234567890123456789012345678901234"}},
    {ZD_PRIM_URI, {"http://a.b/c?d#e", "urn:x:1", "a"}, {"", "a b", " http://a", "http://a\n"}},
    {ZD_PRIM_URL, {"mailto:a@b"}, {"", "a b"}},
    {ZD_PRIM_CANONICAL, {"http://a/b|1.0"}, {"", "http://a |1"}},
    {ZD_PRIM_OID,
     {"urn:oid:1.2.3", "urn:oid:2.16.840.1.113883", "urn:oid:0.0"},
     {"1.2.3", "urn:oid:", "urn:oid:1", "urn:oid:3.1", "urn:oid:1.02", "urn:oid:1..2", "urn:oid:1.",
      "urn:oid:1.a"}},
    {ZD_PRIM_UUID,
     {"urn:uuid:c757873d-ec9a-4326-a141-556f43239520"},
     {"c757873d-ec9a-4326-a141-556f43239520", "urn:uuid:c757873d",
      "urn:uuid:", "urn:uuid:c757873d-ec9a-4326-a141-556f4323952g",
      "urn:uuid:c757873dxec9a-4326-a141-556f43239520"}},
    {ZD_PRIM_BASE64,
     {"AAAA", "AAA=", "AA==", "+/+/", "AAAA\nAAAA", " AAAA "},
     {"", "A", "AA", "AAA", "A===", "====", "AA=A", "AA==AAAA", "AAA-", " "}},
    {ZD_PRIM_DATE,
     {"2020", "2020-02", "2020-02-29", "2000-02-29", "0001-01-01", "9999-12-31"},
     {"0000", "20", "02020", "2020-", "2020-13", "2020-00", "2020-2", "2020-02-30", "2023-02-29",
      "1900-02-29", "2020-04-31", "2020-01-00", "2020-01-32", "2020-01-01T00:00:00Z", "2020-01-01 ",
      "2020/01/01", "-2020", ""}},
    {ZD_PRIM_DATETIME,
     {"2020", "2020-02", "2020-02-29", "2020-01-01T00:00:00Z", "2020-01-01T23:59:60+14:00",
      "2020-01-01T00:00:00.123456789-13:59"},
     {"2020-01-01T00:00Z", "2020-01-01T00:00:00", "2020-01-01T24:00:00Z", "2020-01-01T00:60:00Z",
      "2020-01-01T00:00:61Z", "2020-01-01T00:00:00.Z", "2020-01-01T00:00:00+14:01",
      "2020-01-01T00:00:00+15:00", "2020-01T00:00:00Z", "2020T00:00:00Z", "2020-01-01t00:00:00Z",
      "2020-01-01T00:00:00z", "2020-01-01T00:00:00+0100", "2020-01-01T", "2020-02-30T00:00:00Z"}},
    {ZD_PRIM_INSTANT,
     {"2020-01-01T00:00:00Z", "2020-01-01T00:00:00.1+03:00"},
     {"2020", "2020-01-01", "2020-01-01T00:00:00", "2020-01-01T00:00:00 Z"}},
    {ZD_PRIM_TIME,
     {"00:00:00", "23:59:60", "12:00:00.001"},
     {"24:00:00", "12:00", "12:00:00Z", "1:00:00", "12:60:00", "12:00:61", "12:00:00."}},
    {ZD_PRIM_XHTML,
     {"<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>", "<div>x</div>", "<div/>",
      " <div>\n</div>\n"},
     {"", "x", "<p>x</p>", "<div", "<div>", "</div>", "<divx></div>", "<div><p/>",
      "<div>\x01</div>"}},
};

static void values_as_the_specification_says(void **state) {
  (void)state;
  int wrong = 0;
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
    zd_issue_code code;
    for (size_t k = 0; k < 12 && formats[i].good[k]; k++) {
      const char *told =
          zd_primitive_check(formats[i].kind, zd_slice_of(formats[i].good[k]), &code);
      if (told) print_message("refused '%s': %s\n", formats[i].good[k], told), wrong++;
    }
    for (size_t k = 0; k < 24 && formats[i].bad[k]; k++) {
      const char *told = zd_primitive_check(formats[i].kind, zd_slice_of(formats[i].bad[k]), &code);
      if (!told) print_message("accepted '%s'\n", formats[i].bad[k]), wrong++;
    }
  }
  assert_int_equal(wrong, 0);
}

/* Every day of 400 years, and the days that are not. */
static void dates_follow_the_calendar(void **state) {
  (void)state;
  for (int year = 1900; year < 2300; year++) {
    for (int month = 1; month <= 12; month++) {
      int next_year = month == 12 ? year + 1 : year, next = month == 12 ? 1 : month + 1;
      int64_t days = zd_clock_days(next_year, next, 1) - zd_clock_days(year, month, 1);
      for (int day = 1; day <= 31; day++) {
        char text[11] = {(char)('0' + year / 1000),
                         (char)('0' + year / 100 % 10),
                         (char)('0' + year / 10 % 10),
                         (char)('0' + year % 10),
                         '-',
                         (char)('0' + month / 10),
                         (char)('0' + month % 10),
                         '-',
                         (char)('0' + day / 10),
                         (char)('0' + day % 10)};
        assert_int_equal(zd_primitive_is_date((zd_slice){text, 10}), day <= days);
      }
    }
  }
}

static void long_strings(void **state) {
  (void)state;
  enum { N = ZD_STRING_LIMIT };
  char *text = malloc(2 * N + 2);
  zd_issue_code code;
  for (size_t i = 0; i <= N; i++) memcpy(text + 2 * i, "\xD0\x96", 2);
  assert_null(zd_primitive_check(ZD_PRIM_STRING, (zd_slice){text, 2 * (size_t)N}, &code));
  assert_non_null(zd_primitive_check(ZD_PRIM_STRING, (zd_slice){text, 2 * (size_t)N + 2}, &code));
  assert_int_equal(code, ZD_ISSUE_TOO_LONG);
  free(text);
}

/* Escaped text is judged as its decoded form is. */
static void escapes_change_nothing(void **state) {
  (void)state;
  static const struct {
    zd_primitive kind;
    const char *raw;
    bool good;
  } cases[] = {
      {ZD_PRIM_STRING, "a\\n\\t\\r\\u0009\\u000A\\\\b", true},
      {ZD_PRIM_STRING, "a\\b", false},
      {ZD_PRIM_STRING, "\\f", false},
      {ZD_PRIM_STRING, "\\u0000", false},
      {ZD_PRIM_STRING, "\\u001f", false},
      {ZD_PRIM_STRING, "\\ud83d\\ude00", true},
      {ZD_PRIM_CODE, "a\\u0020b", true},
      {ZD_PRIM_CODE, "a\\n", false},
      {ZD_PRIM_DATE, "2020\\u002d01", true},
      {ZD_PRIM_URI, "http:\\/\\/a", true},
      {ZD_PRIM_XHTML, "<div xmlns=\\\"x\\\">\\n<\\/div>", true},
      {ZD_PRIM_XHTML, "<div xmlns=\\\"x\\\"></div>", true},
      {ZD_PRIM_XHTML, "<div xmlns=\\\"x\\\"></p>", false},
      {ZD_PRIM_BASE64, "AAAA\\nAAAA", true},
  };
  zd_arena arena;
  zd_arena_init(&arena, 0);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    zd_issue_code code;
    const char *wrong =
        zd_primitive_check_json(cases[i].kind, zd_slice_of(cases[i].raw), true, &arena, &code);
    if (!wrong != cases[i].good) fail_msg("%s", cases[i].raw);
  }
  zd_arena_free(&arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_as_the_specification_says),
      cmocka_unit_test(dates_follow_the_calendar),
      cmocka_unit_test(long_strings),
      cmocka_unit_test(escapes_change_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
