/* fhirpath_test.c: the language rule by rule, beyond what the public suite asks: tables of an
 * expression and what it gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "fhir/codec.h"
#include "fhirpath/fhirpath.h"

#include <cmocka.h>

static const char patient[] =
    "{\"resourceType\":\"Patient\",\"id\":\"p\",\"contained\":[{\"resourceType\":\"Organization\","
    "\"id\":\"o\",\"name\":\"Acme\"},{\"resourceType\":\"Practitioner\",\"id\":\"d\",\"name\":[{"
    "\"family\":\"Doe\"}]}],\"extension\":[{\"url\":\"urn:weight\",\"valueQuantity\":{\"value\":72."
    "50,"
    "\"unit\":\"kilo\",\"system\":\"http://"
    "unitsofmeasure.org\",\"code\":\"kg\"}},{\"url\":\"urn:size\","
    "\"valueQuantity\":{\"value\":1,\"unit\":\"head\"}}],\"active\":true,\"name\":[{\"use\":"
    "\"official\","
    "\"family\":\"Chalmers\",\"given\":[\"Peter\",\"James\"]},{\"use\":\"usual\",\"given\":["
    "\"J\\u0065m\"]"
    "}],\"gender\":\"male\",\"birthDate\":\"1974-12-25\",\"_birthDate\":{\"extension\":[{\"url\":"
    "\"urn:time\",\"valueDateTime\":\"1974-12-25T14:35:45-05:00\"}]},\"_deceasedBoolean\":{"
    "\"extension\""
    ":[{\"url\":\"urn:none\",\"valueCode\":\"unknown\"}]},\"multipleBirthInteger\":2,\"contact\":[{"
    "\"gender\":\"female\"}],\"communication\":[{\"language\":{\"coding\":[{\"system\":\"urn:ietf:"
    "bcp:47\","
    "\"code\":\"nl\"}]}}],\"managingOrganization\":{\"reference\":\"#o\"}}";

typedef struct fixture {
  zd_arena arena;
  zd_tree tree;
} fixture;

static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  zd_issues issues;
  if (!f) return -1;
  zd_arena_init(&f->arena, 0);
  zd_issues_init(&issues, &f->arena);
  zd_slice text = {patient, sizeof patient - 1};
  *state = f;
  return zd_fhir_read_json(zd_schema_r4(), text, ZD_NO_TYPE, NULL, &f->arena, &f->tree, &issues);
}

static int tear_down(void **state) {
  fixture *f = *state;
  zd_arena_free(&f->arena);
  free(f);
  return 0;
}

/* "Integer 1; string Peter", or "! " and what the fault holds. */
static const char *answer(fixture *f, const char *expression) {
  static char out[2000];
  zd_fhirpath_options how = {.schema = zd_schema_r4(), .context = f->tree.nodes[0].type};
  zd_fhirpath_env env = {.now_ms = 1577836800123, .offset_minutes = 180, .steps = 1000000};
  const zd_fhirpath *program;
  zd_fhirpath_items got;
  zd_fault fault = {0};
  zd_err err = zd_fhirpath_compile(&how, zd_slice_of(expression), &f->arena, &program, &fault);
  if (!err) err = zd_fhirpath_eval(program, &env, &f->tree, 0, &f->arena, &got, &fault);
  if (err) {
    snprintf(out, sizeof out, "! %s", fault.text);
    return out;
  }
  size_t n = 0;
  out[0] = 0;
  for (size_t i = 0; i < got.n; i++) {
    zd_slice type = zd_fhirpath_type_name(zd_schema_r4(), got.items[i], true, &f->arena);
    zd_slice text = zd_fhirpath_text(zd_schema_r4(), got.items[i], &f->arena);
    n += (size_t)snprintf(out + n, sizeof out - n, "%s%.*s %.*s", i ? "; " : "", ZD_SV(type),
                          ZD_SV(text));
    if (n >= sizeof out) break;
  }
  return out;
}

typedef struct row {
  const char *expression, *expected; /* of errors ("! ") what the message holds */
} row;

static void run_rows(void **state, const row *rows, size_t n) {
  unsigned wrong = 0;
  for (size_t i = 0; i < n; i++) {
    const char *got = answer(*state, rows[i].expression), *expected = rows[i].expected;
    bool error = expected[0] == '!';
    bool good = error ? got[0] == '!' && strstr(got, expected + 2) : strcmp(got, expected) == 0;
    if (good) continue;
    wrong++;
    print_message("%s\n    expected %s\n    got      %s\n", rows[i].expression, expected, got);
  }
  assert_int_equal(wrong, 0);
}

#define ROWS(name, ...)                                \
  static void name(void **state) {                     \
    static const row rows[] = {__VA_ARGS__};           \
    run_rows(state, rows, sizeof rows / sizeof *rows); \
  }

ROWS(paths, {"name.given", "string Peter; string James; string Jem"},
     {"Patient.name[1].given", "string Jem"}, {"name[5].given", ""},
     {"name.given[2]", "string Jem"}, {"multipleBirth", "integer 2"},
     {"`name`.`use`[0]", "code official"}, {"name.where(use = 'usual').given", "string Jem"},
     {"contained.id", "id o; id d"},
     {"contained.name", "string Acme; HumanName {\"family\":\"Doe\"}"},
     {"contained.ofType(Organization).name", "string Acme"}, {"contact.gender", "code female"},
     {"birthDate.extension('urn:time').value", "dateTime 1974-12-25T14:35:45-05:00"},
     {"extension.value.value", "decimal 72.50; decimal 1"}, {"deceased.exists()", "Boolean true"},
     {"deceased.hasValue()", "Boolean false"}, {"deceased and true", ""}, {"Resource.id", "id p"},
     {"DomainResource.contained.count()", "Integer 2"},
     {"descendants().where($this is Coding).code", "code nl"})

ROWS(refusals, {"nam", "! column 1: there is no nam in Patient"},
     {"name.given.famly", "! column 12: there is no famly in string"},
     {"multipleBirthInteger", "! column 1: multipleBirthInteger is written multipleBirth"},
     {"Observation.code", "! column 1: the context is no Observation"},
     {"name.foo()", "! column 6: there is no function foo"},
     {"name.where()", "! column 6: where takes 1 to 1 arguments, not 0"},
     {"1 +", "! the expression ends too early"}, {"(1", "! the expression ends too early"},
     {"1 1", "! column 3: unexpected 1"}, {"'a", "! a string is not closed"},
     {"'\\q'", "! bad escape"}, {"%what", "! column 1: there is no variable %what"},
     {"$index", "! column 1: $index is known"}, {"$total", "! column 1: $total is known"},
     {"name is Foo", "! there is no type Foo"}, {"@2012-13", "! no date or time"},
     {"@2012-02-30", "! no date or time"}, {"1 + 'a'", "! + does not take Integer and String"},
     {"name < 1", "! < does not take HumanName and Integer"},
     {"name.startsWith('a')", "! startsWith is not a function of"}, {"-'a'", "! sign"},
     {"name.single()", "! single: there are 2 items"},
     {"children().first()", "! children have no order"},
     {"name.as(HumanName)", "! as asks for one item"},
     {"name.given + 'a'", "! one item is asked, there are 3"}, {"2147483648", "! too large"},
     {"birthDate.memberOf('urn:no')", "! memberOf: what is in urn:no is not known here"},
     {"'Patient/9'.resolve()", "! resolve: Patient/9 is not at hand"},
     {"conformsTo('urn:p')", "! conformsTo: nobody"},
     {"'a'.matches('(')", "! a group is not closed"}, {"'a'.matches('(?<=a)b')", "! not supported"},
     {"slice('a', 'b')", "! needs a validator"}, {"(1|2).repeatAll($this)", "! takes too long"},
     {"('a').repeatAll($this & $this)", "! takes too long"})

ROWS(numbers, {"1 + 2", "Integer 3"}, {"1 + 2.0", "Decimal 3.0"}, {"1.10 + 0.40", "Decimal 1.50"},
     {"0.1 + 0.2 = 0.3", "Boolean true"}, {"2147483647 + 1", ""},
     {"2147483647L + 1L", "Long 2147483648"}, {"5 / 2", "Decimal 2.5"},
     {"1 / 3", "Decimal 0.3333333333333333333333333333"}, {"7 div 2", "Integer 3"},
     {"-7 div 2", "Integer -3"}, {"-7 mod 2", "Integer -1"}, {"5.5 mod 2", "Decimal 1.5"},
     {"1 / 0", ""}, {"1.005.round(2)", "Decimal 1.01"}, {"(-1.5).round()", "Decimal -2"},
     {"3.14159.round(3)", "Decimal 3.142"}, {"2.sqrt()", "Decimal 1.414213562373095049"},
     {"7.sqrt() > 2.6457 and 7.sqrt() < 2.6458", "Boolean true"}, {"0.25.sqrt()", "Decimal 0.5"},
     {"(-1).sqrt()", ""}, {"2.power(10)", "Integer 1024"}, {"1.1.power(3)", "Decimal 1.331"},
     {"2.power(-1)", "Decimal 0.5"}, {"0.power(-1)", ""}, {"8.log(2)", "Decimal 3"}, {"0.ln()", ""},
     {"(-1.7).truncate()", "Integer -1"}, {"(-1.2).floor()", "Integer -2"},
     {"1.2.ceiling()", "Integer 2"},
     {"12345678901234567890123456789.5 * 10000000000.5", "! more than 38 digits"},
     {"1.50.toString()", "String 1.50"}, {"1.50 ~ 1.5", "Boolean true"},
     {"1.51 ~ 1.5", "Boolean true"}, {"1 = 1.0", "Boolean true"},
     {"extension[0].value.value * 2", "Decimal 145.00"}, {"-multipleBirth", "Integer -2"})

ROWS(moments, {"@2012-04-15 + 1 month", "Date 2012-05-15"},
     {"@2012-01-31 + 1 month", "Date 2012-02-29"}, {"@2011-01-31 + 1 month", "Date 2011-02-28"},
     {"@2012-02-29 + 1 year", "Date 2013-02-28"}, {"@2012 + 24 months", "Date 2014"},
     {"@2012-04-15 - 15 days", "Date 2012-03-31"}, {"@2012 + 365 days", "Date 2013"},
     {"@2012-04-15T10:00:00Z + 90 minutes", "DateTime 2012-04-15T11:30:00Z"},
     {"@2012-12-31T23:59:59.500 + 1 second", "DateTime 2013-01-01T00:00:00.500"},
     {"@T23:00:00 + 2 hours", "Time 01:00:00"}, {"@T01:00 - 2 hours", "Time 23:00"},
     {"@9999-12-31 + 1 day", ""}, {"@2012-04-15 + 1 'mo'", "! is no span of time"},
     {"@T10:00:00 + 0.5 seconds", "Time 10:00:00.500"},
     {"@2012-04-15T10:00:00.000 + 1 millisecond", "DateTime 2012-04-15T10:00:00.001"},
     {"@2012-04-15 = @2012-04", ""}, {"@2012-04-15 < @2012-05", "Boolean true"},
     {"@2012-04 <= @2012-04-01", ""}, {"@T10:30 = @T10:30:00", ""},
     {"@2012-04-15T10:00:00Z = @2012-04-15T12:00:00+02:00", "Boolean true"},
     {"@2012-04-15T10:00:00Z < @2012-04-17", "Boolean true"},
     {"@2012-04-15T23:00:00Z > @2012-04-15", ""},
     {"now()", "DateTime 2020-01-01T03:00:00.123+03:00"}, {"today()", "Date 2020-01-01"},
     {"timeOfDay()", "Time 03:00:00.123"}, {"now() = now()", "Boolean true"},
     {"birthDate + 1 day", "Date 1974-12-26"}, {"@2012-04.highBoundary()", "Date 2012-04-30"},
     {"@2012.lowBoundary()", "Date 2012-01-01"},
     {"@2012-04-15T10:30.highBoundary(17)", "DateTime 2012-04-15T10:30:59.999-12:00"},
     {"@2012-04.yearOf()", "Integer 2012"}, {"@2012-04.dayOf()", ""},
     {"@2012-04-15T10:30:15.5+02:00.timezoneOffsetOf()", "Decimal 2"},
     {"@2012-04-15T10:30:15Z.timeOf()", "Time 10:30:15"})

ROWS(quantities, {"1 'kg' = 1000 'g'", "Boolean true"}, {"1 'kg' + 1 'g'", "Quantity 1.001 'kg'"},
     {"1 'm' * 2 'm' = 2 'm2'", "Boolean true"}, {"1 'kg' > 1 'm'", ""},
     {"2 * 3 'mg'", "Quantity 6 'mg'"}, {"1 year = 12 months", "Boolean true"},
     {"1 year = 365 days", ""}, {"1 year ~ 1 'a'", "Boolean true"},
     {"1 week = 7 'd'", "Boolean true"}, {"1 year = 1 'a'", ""},
     {"4 days.toString()", "String 4 days"}, {"'4 days'.toQuantity()", "Quantity 4 days"},
     {"'1.5 \\'mg\\''.toQuantity('g') = 0.0015 'g'", "Boolean true"},
     {"extension[0].value > 70 'kg'", "Boolean true"},
     {"extension[0].value = 72500 'g'", "Boolean true"},
     {"extension[1].value = extension[1].value", "Boolean true"},
     {"37 'Cel' = 310.15 'K'", "Boolean true"}, {"(5 'mg').value", "Decimal 5"},
     {"(5 'mg').unit", "String mg"}, {"-(5 'mg')", "Quantity -5 'mg'"},
     {"1 'cm'.comparable(1 'm')", "Boolean true"})

ROWS(texts, {"'Жук'.length()", "Integer 3"}, {"'Жук'.substring(1)", "String ук"},
     {"'жук'.upper()", "String ЖУК"}, {"'Жук' ~ 'жУК'", "Boolean true"},
     {"'a b' ~ 'a\\tb'", "Boolean true"}, {"'abcabc'.lastIndexOf('b')", "Integer 4"},
     {"'abc'.indexOf('')", "Integer 0"}, {"'a,b'.split(',')", "String a; String b"},
     {"('a'|'b').join('-')", "String a-b"}, {"'\\u0416' = 'Ж'", "Boolean true"},
     {"'2012-04-15'.matches('^\\\\d{4}-\\\\d\\\\d')", "Boolean true"},
     {"'ab12'.replaceMatches('([a-z]+)(\\\\d+)', '$2$1')", "String 12ab"},
     {"'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!'.matches('^(a+)+$')", "! takes too long"},
     {"'Abc'.matches('(?i)^abc$')", "Boolean true"}, {"'a\\nb'.matches('a.b')", "Boolean true"},
     {"'foobar'.matches('foo(?!baz)')", "Boolean true"},
     {"'abab'.matches('^(ab)\\\\1$')", "Boolean true"},
     {"'Ж1'.matches('^\\\\p{L}\\\\d$')", "Boolean true"}, {"'a' & {} & 'b'", "String ab"},
     {"'a' + {}", ""}, {"'<a>'.escape('html')", "String &lt;a&gt;"},
     {"'abc'.encode('base64').decode('base64')", "String abc"},
     {"'x'.decode('base64')", "! not base64"}, {"' a '.trim()", "String a"},
     {"'abc'.toChars().count()", "Integer 3"})

ROWS(collections, {"(1|2|2|3).count()", "Integer 3"}, {"(1|2).combine(2).count()", "Integer 3"},
     {"(1|2|3).exclude(2)", "Integer 1; Integer 3"},
     {"(1|2|3).intersect(2|3|4)", "Integer 2; Integer 3"},
     {"(3|1|2).sort()", "Integer 1; Integer 2; Integer 3"},
     {"(3|1|2).sort($this desc)", "Integer 3; Integer 2; Integer 1"},
     {"name.sort(use desc, family).use", "code usual; code official"},
     {"name.given.sort(length(), $this)", "string Jem; string James; string Peter"},
     {"(1|2|3).aggregate($this + $total, 0)", "Integer 6"},
     {"name.select(given.first())", "string Peter; string Jem"},
     {"name.defineVariable('u', use).select(%u.count())", "Integer 2; Integer 2"},
     {"name.first().defineVariable('u', use).select(%u & '!')", "String official!"},
     {"defineVariable('n', name).select(%n.count())", "Integer 2"},
     {"(defineVariable('n', 1).select(%n)) | %n", "! there is no variable %n"},
     {"defineVariable('context')", "! defined already"},
     {"coalesce(name[9].given, name[1].given)", "string Jem"},
     {"name.all(given.exists())", "Boolean true"}, {"{}.all(false)", "Boolean true"},
     {"name.given.where($index = 1)", "string James"}, {"(true|false).anyFalse()", "Boolean true"},
     {"{}.allTrue()", "Boolean true"}, {"iif(name.exists(), 'yes', 1 / 'x')", "! / does not take"},
     {"iif(true, 1)", "Integer 1"}, {"name.take(-1)", ""}, {"name.given.skip(9)", ""},
     {"1 in {}", "Boolean false"}, {"{} in (1|2)", ""},
     {"name.repeat(given)", "string Peter; string James; string Jem"})

ROWS(types, {"name[0].type().name", "String HumanName"}, {"active.type().namespace", "String FHIR"},
     {"true.type().namespace", "String System"}, {"gender is code", "Boolean true"},
     {"gender is string", "Boolean true"}, {"gender as string", ""},
     {"$this is DomainResource", "Boolean true"}, {"contact[0] is BackboneElement", "Boolean true"},
     {"1 is System.Integer", "Boolean true"}, {"1 is FHIR.integer", "Boolean false"},
     {"'5'.toInteger()", "Integer 5"}, {"'x'.toInteger()", ""}, {"'1.0'.toInteger()", ""},
     {"'yes'.toBoolean()", "Boolean true"}, {"2.toBoolean()", ""}, {"'2012'.toDate()", "Date 2012"},
     {"'10:30'.toTime()", "Time 10:30"}, {"@2012-04-15T10:30:00Z.toDate()", "Date 2012-04-15"},
     {"'9999999999'.toInteger()", ""}, {"'9999999999'.toLong()", "Long 9999999999"},
     {"birthDate.toString()", "String 1974-12-25"})

ROWS(fhir, {"managingOrganization.resolve().name", "string Acme"}, {"'#d'.resolve()", "! resolve"},
     {"extension('urn:weight').value.code", "code kg"}, {"%resource.id", "id p"},
     {"%rootResource.id", "id p"}, {"contained[0].select(%resource.id)", "id p"},
     {"%context.gender", "code male"}, {"%ucum", "String http://unitsofmeasure.org"},
     {"%`vs-x`", "String http://hl7.org/fhir/ValueSet/x"},
     {"%'ext-y'", "String http://hl7.org/fhir/StructureDefinition/y"},
     {"gender.memberOf('http://hl7.org/fhir/ValueSet/administrative-gender')", "Boolean true"},
     {"'x'.memberOf('http://hl7.org/fhir/ValueSet/administrative-gender')", "Boolean false"},
     {"birthDate.getValue()", "Date 1974-12-25"},
     {"conformsTo('http://hl7.org/fhir/StructureDefinition/Observation')", "Boolean false"},
     {"checkModifiers('urn:a').id", "id p"},
     {"'<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>x</p></div>'.htmlChecks()", "Boolean true"},
     {"'<div><script>x</script></div>'.htmlChecks()", "Boolean false"},
     {"'<div onclick=\"x\">x</div>'.htmlChecks()", "Boolean false"},
     {"'<div><p>x</div>'.htmlChecks()", "Boolean false"},
     {"'<div> </div>'.htmlChecks()", "Boolean false"})

/* ---- a world, variables, lenience ---- */

static zd_err find_nothing(void *state, zd_slice reference, zd_arena *arena, zd_fhirpath_item *out,
                           zd_fault *fault) {
  (void)arena, (void)out, (void)fault;
  ++*(int *)state;
  return zd_slice_eq(reference, ZD_S("Patient/9")) ? ZD_OK : ZD_ERR_IO;
}

static void a_world_is_asked(void **state) {
  fixture *f = *state;
  int asked = 0;
  zd_fhirpath_world world = {.state = &asked, .resolve = find_nothing};
  zd_slice name = ZD_S("v");
  zd_fhirpath_item item = zd_fhirpath_node(&f->tree, 0);
  zd_fhirpath_items variable = {&item, 1}, got;
  zd_fhirpath_env env = {.world = &world, .variables = &variable};
  zd_fhirpath_options how = {.schema = zd_schema_r4(),
                             .context = f->tree.nodes[0].type,
                             .variables = &name,
                             .variable_count = 1};
  const zd_fhirpath *program;
  zd_fault fault = {0};
  assert_int_equal(
      zd_fhirpath_compile(&how, ZD_S("'Patient/9'.resolve() | %v.id"), &f->arena, &program, &fault),
      ZD_OK);
  assert_int_equal(zd_fhirpath_eval(program, &env, &f->tree, 0, &f->arena, &got, &fault), ZD_OK);
  assert_int_equal(asked, 1);
  assert_int_equal(got.n, 1);
  assert_int_equal(
      zd_fhirpath_compile(&how, ZD_S("'Patient/8'.resolve()"), &f->arena, &program, &fault), ZD_OK);
  assert_int_equal(zd_fhirpath_eval(program, &env, &f->tree, 0, &f->arena, &got, &fault),
                   ZD_ERR_IO);
}

static void lenience_gives_nothing_instead(void **state) {
  fixture *f = *state;
  zd_fhirpath_options how = {
      .schema = zd_schema_r4(), .context = f->tree.nodes[0].type, .lenient = true};
  const char *const expressions[] = {"Observation.code", "name.nothing",
                                     "Practitioner.name | Person.name"};
  for (size_t i = 0; i < 3; i++) {
    const zd_fhirpath *program;
    zd_fhirpath_items got;
    zd_fault fault = {0};
    assert_int_equal(
        zd_fhirpath_compile(&how, zd_slice_of(expressions[i]), &f->arena, &program, &fault), ZD_OK);
    assert_int_equal(zd_fhirpath_eval(program, NULL, &f->tree, 0, &f->arena, &got, &fault), ZD_OK);
    assert_int_equal(got.n, 0);
  }
}

/* The n-th allocation that fails, for every n, is out of memory and nothing else. */
static void memory_ends_orderly(void **state) {
  fixture *f = *state;
  static const char expression[] =
      "name.where(given.count() > 1).given.select($this & 'x' + "
      "'1.5'.toDecimal().toString()).distinct() | "
      "contained.name | (birthDate + 1 month).toString() | name.given.sort() | "
      "'a1'.replaceMatches('\\\\d', 'x')";
  for (size_t limit = 0; limit < 200000; limit += limit < 20000 ? 512 : 8192) {
    zd_arena arena;
    const zd_fhirpath *program;
    zd_fhirpath_items got;
    zd_fault fault = {0};
    zd_arena_init(&arena, limit + 1);
    zd_fhirpath_options how = {.schema = zd_schema_r4(), .context = f->tree.nodes[0].type};
    zd_err err = zd_fhirpath_compile(&how, zd_slice_of(expression), &arena, &program, &fault);
    if (!err) err = zd_fhirpath_eval(program, NULL, &f->tree, 0, &arena, &got, &fault);
    zd_arena_free(&arena);
    if (!err) return;
    assert_int_equal(err, ZD_ERR_MEMORY);
  }
  fail();
}

static void nesting_is_bounded(void **state) {
  fixture *f = *state;
  enum { N = 5000 };
  static const char *const openers[] = {"(", "name.where(", "-", "1+", "name.", "a or "};
  for (size_t k = 0; k < sizeof openers / sizeof *openers; k++) {
    char *text = calloc(1, N * 12 + 8);
    assert_non_null(text);
    for (int i = 0; i < N; i++) strcat(text + strlen(text), openers[k]);
    strcat(text, "1");
    zd_fhirpath_options how = {
        .schema = zd_schema_r4(), .context = f->tree.nodes[0].type, .lenient = true};
    const zd_fhirpath *program;
    zd_fault fault = {0};
    zd_err err = zd_fhirpath_compile(&how, zd_slice_of(text), &f->arena, &program, &fault);
    assert_true(err == ZD_ERR_LIMIT || err == ZD_ERR_INVALID);
    free(text);
  }
}

static void long_chains_run(void **state) {
  static char text[8000] = "name";
  for (int i = 0; i < 450; i++) strcat(text + 4 + (size_t)i * 12, ".where(true)");
  strcat(text, ".count()");
  assert_string_equal(answer(*state, text), "Integer 2");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {TEST(paths),
                                     TEST(refusals),
                                     TEST(numbers),
                                     TEST(moments),
                                     TEST(quantities),
                                     TEST(texts),
                                     TEST(collections),
                                     TEST(types),
                                     TEST(fhir),
                                     TEST(a_world_is_asked),
                                     TEST(lenience_gives_nothing_instead),
                                     TEST(memory_ends_orderly),
                                     TEST(nesting_is_bounded),
                                     TEST(long_chains_run)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
