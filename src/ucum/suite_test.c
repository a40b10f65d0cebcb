/* UcumFunctionalTests.xml of the UCUM organisation, case by case. Expected values are rounded
 * there; ours must round to them. ZD_SHARED says where the suites are; without them the test is
 * skipped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/file.h"
#include "ucum/rational.h"
#include "ucum/ucum.h"

typedef struct tally {
  const char *section;
  int cases, failed;
} tally;

typedef struct suite {
  zd_slice text;
  zd_arena arena;
} suite;

/* An attribute of the element, unescaped as far as the suite needs it. */
static zd_slice attribute(zd_arena *arena, zd_slice element, const char *name) {
  zd_slice wanted = zd_arena_printf(arena, " %s=\"", name);
  for (size_t i = 0; i + wanted.n < element.n; i++) {
    if (memcmp(element.p + i, wanted.p, wanted.n) != 0) continue;
    zd_slice value = zd_slice_from(element, i + wanted.n);
    value.n = zd_slice_find(value, '"');
    return value;
  }
  return ZD_S("");
}

static zd_slice digits_only(zd_slice text, zd_arena *arena) {
  char *out = zd_arena_alloc(arena, text.n + 1);
  size_t n = 0;
  for (size_t i = 0; i < text.n && (text.p[i] | 0x20) != 'e'; i++)
    if (text.p[i] >= '0' && text.p[i] <= '9' && (n || text.p[i] != '0')) out[n++] = text.p[i];
  return zd_slice_make(out, n);
}

/* Is the value the expected one, to as many digits as that has? */
static bool rounds_to(zd_slice value, zd_slice expected, zd_arena *arena) {
  zd_rational a, b;
  int order = 1;
  zd_slice rounded;
  if (zd_rational_read(value, &a)) return false;
  unsigned digits = (unsigned)digits_only(expected, arena).n;
  if (zd_rational_write(&a, digits, arena, &rounded, NULL)) return false;
  if (zd_rational_read(rounded, &a) || zd_rational_read(expected, &b)) return false;
  return !zd_rational_cmp(&a, &b, &order) && !order;
}

static bool validity(suite *s, zd_slice e) {
  bool valid = zd_slice_eq(attribute(&s->arena, e, "valid"), ZD_S("true"));
  zd_ucum_fault fault = {0};
  zd_slice unit = attribute(&s->arena, e, "unit");
  bool ours = zd_ucum_check(unit, &fault) == ZD_OK;
  if (ours != valid) printf("  %.*s: %s\n", ZD_SV(unit), ours ? "taken" : fault.text);
  return ours == valid && (valid || fault.text[0]);
}

static bool display(suite *s, zd_slice e) {
  zd_slice out = ZD_S("");
  zd_ucum_spell(attribute(&s->arena, e, "unit"), &s->arena, &out, NULL);
  return zd_slice_eq(out, attribute(&s->arena, e, "display"));
}

static bool conversion(suite *s, zd_slice e) {
  zd_ucum_number out;
  zd_ucum_quantity from = {attribute(&s->arena, e, "value"), attribute(&s->arena, e, "srcUnit")};
  zd_slice to = attribute(&s->arena, e, "dstUnit");
  return !zd_ucum_convert(from, to, &s->arena, &out, NULL) &&
         rounds_to(out.text, attribute(&s->arena, e, "outcome"), &s->arena);
}

static bool combined(suite *s, zd_slice e, bool product) {
  zd_ucum_number value;
  zd_slice unit, wanted = attribute(&s->arena, e, "uRes");
  zd_ucum_quantity a = {attribute(&s->arena, e, "v1"), attribute(&s->arena, e, "u1")};
  zd_ucum_quantity b = {attribute(&s->arena, e, "v2"), attribute(&s->arena, e, "u2")};
  zd_err err = product ? zd_ucum_multiply(a, b, &s->arena, &value, &unit, NULL)
                       : zd_ucum_divide(a, b, &s->arena, &value, &unit, NULL);
  if (!wanted.n) wanted = ZD_S("1");
  return !err && zd_slice_eq(unit, wanted) &&
         rounds_to(value.text, attribute(&s->arena, e, "vRes"), &s->arena);
}

static bool multiplication(suite *s, zd_slice e) {
  return combined(s, e, true);
}
static bool division(suite *s, zd_slice e) {
  return combined(s, e, false);
}

/* Every <case> between <name> and </name>, comments left out. */
static tally run(suite *s, const char *name, bool (*holds)(suite *, zd_slice)) {
  tally t = {.section = name};
  const char *from = strstr(s->text.p, zd_arena_printf(&s->arena, "<%s>", name).p);
  const char *end = strstr(s->text.p, zd_arena_printf(&s->arena, "</%s>", name).p);
  assert_true(from && end);
  while ((from = strchr(from + 1, '<')) && from < end) {
    if (!strncmp(from, "<!--", 4)) from = strstr(from, "-->");
    if (strncmp(from, "<case ", 6) != 0) continue;
    zd_slice element = zd_slice_make(from, (size_t)(strstr(from, "/>") - from) + 1);
    t.cases++;
    if (holds(s, element)) continue;
    t.failed++;
    printf("  %.*s\n", ZD_SV(element));
  }
  printf("  %-22s %3d cases, %d failed\n", name, t.cases, t.failed);
  return t;
}

static void every_case_of_the_suite(void **state) {
  (void)state;
  zd_buffer text;
  zd_fault fault = {0};
  char path[4096];
  const char *shared = getenv("ZD_SHARED");
  zd_buffer_init(&text, 0);
  snprintf(path, sizeof path, "%s/suites/ucum/UcumFunctionalTests.xml",
           shared ? shared : ZD_SOURCE_DIR "/../shared");
  if (zd_file_read(path, 0, &text, &fault)) {
    printf("  skipped: 360 cases, %s is not there\n", path);
    zd_buffer_free(&text);
    skip();
  }
  zd_buffer_add_char(&text, 0);
  suite s = {.text = zd_buffer_slice(&text)};
  zd_arena_init(&s.arena, 0);
  tally all[] = {run(&s, "validation", validity), run(&s, "displayNameGeneration", display),
                 run(&s, "conversion", conversion), run(&s, "multiplication", multiplication),
                 run(&s, "division", division)};
  int cases = 0;
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    cases += all[i].cases;
    assert_int_equal(all[i].failed, 0);
  }
  assert_int_equal(cases, 360);
  zd_arena_free(&s.arena);
  zd_buffer_free(&text);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_case_of_the_suite)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
