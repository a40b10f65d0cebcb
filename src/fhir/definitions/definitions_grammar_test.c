/* FHIRPath or not: the grammar alone. All published expressions are looked at when the image is
 * made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fhir/definitions/definitions_internal.h"

static void expressions_of_the_grammar_are_accepted(void **state) {
  (void)state;
  static const char *const good[] = {
      "a",
      "a.b.c()",
      "name.given[0].first()",
      "-1 + 2 * 3 div 4 mod 5 - (6 & 'x')",
      "a | b | c.d",
      "contained.where(('#'+id in %resource.descendants().reference).not()).empty()",
      "value is Quantity and (value as FHIR.Quantity).value > 1.5",
      "is.as.contains.in",
      "a contains b or c in d xor e implies f",
      "a ~ b and c !~ d and e != f and g = h",
      "a <= b and c >= d and e < f and g > h",
      "{}.empty()",
      "true = false",
      "@2015-02-04T14:34:28.123+09:00 > @2015-02 and @T14:34 < @T14:34:28.5 and @2015T = @2015",
      "today() - 3 months <= date and 5 'mg' > 3 days",
      "%resource.id = %`ext-x` and %'vs' = $this and $index > $total.a",
      "extension('url').value.matches('[A-Z]\\\\.\\'x\\'')",
      "`a name`.b",
      "a // to the end\n.b /* between */ .c",
      "$this.a",
      "a.$this",
  };
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    size_t at = 0;
    if (!zd_def_expression_parses(zd_slice_of(good[i]), &at)) fail_msg("%s: at %zu", good[i], at);
  }
}

static void other_texts_are_refused_with_the_place(void **state) {
  (void)state;
  static const struct {
    const char *text;
    size_t at;
  } bad[] = {
      {"", 0},
      {"a.", 2},
      {"a..b", 2},
      {"(a", 2},
      {"a)", 1},
      {"a b", 2},
      {"a and", 5},
      {"and", 0},
      {"a is", 4},
      {"a is 'b'", 5},
      {"f(a,)", 4},
      {"f(,a)", 2},
      {"a[", 2},
      {"a[]", 2},
      {"'open", 0},
      {"`open", 0},
      {"a # b", 2},
      {"1.a.", 4},
      {"$that", 1},
      {"%", 1},
      {"{1}", 1},
      {"a == b", 3},
      {"a => b", 3},
      {"@15", 0},
      {"@2015-02-04T1", 0},
      {"a /* b", 6},
      {"\"a\"", 0},
      {"a; b", 1},
      {"true.", 5},
      {"a.1", 2},
      {"a is b as c.", 12},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    size_t at = 99;
    if (zd_def_expression_parses(zd_slice_of(bad[i].text), &at))
      fail_msg("%s is accepted", bad[i].text);
    if (at != bad[i].at) fail_msg("%s: at %zu, not %zu", bad[i].text, at, bad[i].at);
  }
}

static void nesting_is_bounded(void **state) {
  (void)state;
  char deep[20001];
  size_t at;
  memset(deep, '(', sizeof deep);
  assert_false(zd_def_expression_parses((zd_slice){deep, sizeof deep}, &at));
  memset(deep, '-', 10000);
  deep[10000] = 'a';
  assert_true(zd_def_expression_parses((zd_slice){deep, 10001}, &at));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(expressions_of_the_grammar_are_accepted),
      cmocka_unit_test(other_texts_are_refused_with_the_place),
      cmocka_unit_test(nesting_is_bounded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
