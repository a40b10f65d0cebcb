/* xml_test.c: XML read fault by fault, and what it becomes in JSON; what is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fhir/xml.h"

#define FHIR " xmlns=\"http://hl7.org/fhir\""
#define DIV "<div xmlns=\"http://www.w3.org/1999/xhtml\">"

static zd_err read(zd_slice text, const zd_read_limits *limits, zd_arena *arena, zd_tree *tree,
                   zd_issues *issues) {
  zd_issues_init(issues, arena);
  return zd_fhir_read_xml(zd_schema_r4(), text, ZD_NO_TYPE, limits, arena, tree, issues);
}

/* ---- what it becomes ---- */

static void xml_becomes_json(void **state) {
  (void)state;
  static const struct {
    const char *xml, *json;
  } rows[] = {
      {"<Patient" FHIR "/>", "{\"resourceType\":\"Patient\"}"},
      {"\xEF\xBB\xBF<?xml version='1.0' encoding='utf-8'?>\n<!-- a --><?pi?><f:Patient "
       "xmlns:f=\"http://hl7.org/fhir\"><f:active value='true'/><!-- b --></f:Patient>\n<!-- c -->",
       "{\"resourceType\":\"Patient\",\"active\":true}"},
      {"<Patient" FHIR " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
       "xsi:schemaLocation=\"a b\"><id value=\"1\"/></Patient>",
       "{\"resourceType\":\"Patient\",\"id\":\"1\"}"},
      {"<Patient" FHIR "><name id=\"n\"><given value=\"A\"/><given id=\"g\" value=\"B\"/>"
       "<given><extension url=\"u\"><valueBoolean value=\"false\"/></extension></given></name>"
       "</Patient>",
       "{\"resourceType\":\"Patient\",\"name\":[{\"id\":\"n\",\"given\":[\"A\",\"B\",null],"
       "\"_given\":[null,{\"id\":\"g\"},{\"extension\":[{\"url\":\"u\",\"valueBoolean\":false}]}]}]"
       "}"},
      {"<Observation" FHIR "><status value=\"final\"/><code><text value=\"a&#10;b&quot;\\&amp;"
       "&#x416;\"/></code><valueQuantity><value value=\"-1.50E+2\"/></valueQuantity></Observation>",
       "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"text\":"
       "\"a\\nb\\\"\\\\&\xD0\x96\"},\"valueQuantity\":{\"value\":-1.50E+2}}"},
      {"<Patient" FHIR "><name><family value=\"a\n\tb\"/></name></Patient>",
       "{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"a  b\"}]}"},
      {"<Patient" FHIR "><text><status value=\"empty\"/>" DIV
       "<p>a &amp; \"b\"</p><!--c--><![CDATA[d]]></div></text></Patient>",
       "{\"resourceType\":\"Patient\",\"text\":{\"status\":\"empty\",\"div\":\"<div "
       "xmlns=\\\"http://www.w3.org/1999/xhtml\\\"><p>a &amp; "
       "\\\"b\\\"</p><!--c--><![CDATA[d]]></div>\"}}"},
      {"<Patient" FHIR " xmlns:h=\"http://www.w3.org/1999/xhtml\"><text><status value=\"empty\"/>"
       "<h:div><h:p title=\"&lt;\">a&lt;b</h:p><h:br/></h:div></text></Patient>",
       "{\"resourceType\":\"Patient\",\"text\":{\"status\":\"empty\",\"div\":\"<div "
       "xmlns=\\\"http://www.w3.org/1999/xhtml\\\"><p "
       "title=\\\"&lt;\\\">a&lt;b</p><br></br></div>\"}}"},
      {"<Patient" FHIR "><contained><Organization><id value=\"o\"/></Organization></contained>"
       "<managingOrganization><reference value=\"#o\"/></managingOrganization></Patient>",
       "{\"resourceType\":\"Patient\",\"contained\":[{\"resourceType\":\"Organization\",\"id\":"
       "\"o\"}],\"managingOrganization\":{\"reference\":\"#o\"}}"},
      {"<Patient" FHIR "><extension url=\"u\"><extension url=\"v\"><valueString value=\"x\"/>"
       "</extension></extension></Patient>",
       "{\"resourceType\":\"Patient\",\"extension\":[{\"extension\":[{\"url\":\"v\","
       "\"valueString\":\"x\"}],\"url\":\"u\"}]}"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_arena arena;
    zd_tree tree;
    zd_issues issues;
    zd_buffer out;
    zd_arena_init(&arena, 0);
    zd_buffer_init(&out, 0);
    zd_err err = read(zd_slice_of(rows[i].xml), NULL, &arena, &tree, &issues);
    if (err != ZD_OK)
      fail_msg("%s: %s", rows[i].xml, issues.n ? issues.items[0].diagnostics.p : zd_err_name(err));
    zd_fhir_write_json(&tree, 0, NULL, &out);
    if (!zd_slice_eq(zd_buffer_slice(&out), zd_slice_of(rows[i].json)))
      fail_msg("%.*s\n%s", ZD_SV(zd_buffer_slice(&out)), rows[i].json);
    zd_buffer_free(&out);
    zd_arena_free(&arena);
  }
}

/* ---- faults ---- */

static const struct told {
  const char *xml;
  zd_issue_code code;
  const char *place; /* NULL: none */
  uint32_t line, column;
  const char *text; /* part of it */
} told[] = {
    {"<Patient" FHIR ">\n <colour value=\"x\"/></Patient>", ZD_ISSUE_STRUCTURE, "Patient", 2, 2,
     "no element \"colour\""},
    {"<Patient" FHIR "><id value=\"a\" x=\"y\"/></Patient>", ZD_ISSUE_STRUCTURE, "Patient.id", 1,
     38, "no attribute \"x\""},
    {"<Patient" FHIR "><id id=\"a\" value=\"b\"/></Patient>", ZD_ISSUE_STRUCTURE, "Patient.id", 0,
     0, "no attribute \"id\""},
    {"<Patient" FHIR "><id value=\"a\"><extension url=\"u\"/></id></Patient>", ZD_ISSUE_STRUCTURE,
     "Patient.id", 0, 0, "no element \"extension\""},
    {"<Patient" FHIR " id=\"a\"/>", ZD_ISSUE_STRUCTURE, "Patient", 0, 0, "no attribute \"id\""},
    {"<Patient" FHIR "><name value=\"a\"/></Patient>", ZD_ISSUE_STRUCTURE, "Patient.name[0]", 0, 0,
     "no attribute \"value\""},
    {"<Patient" FHIR "><name/></Patient>", ZD_ISSUE_STRUCTURE, "Patient.name[0]", 0, 0, "is empty"},
    {"<Patient" FHIR "><active/></Patient>", ZD_ISSUE_STRUCTURE, "Patient.active", 0, 0,
     "neither a value nor"},
    {"<Patient" FHIR "><active value=\"\"/></Patient>", ZD_ISSUE_VALUE, "Patient.active", 0, 0,
     "empty value"},
    {"<Patient" FHIR "><active value=\" true\"/></Patient>", ZD_ISSUE_VALUE, "Patient.active", 0, 0,
     "not true or false"},
    {"<Patient" FHIR "><multipleBirthInteger value=\"01\"/></Patient>", ZD_ISSUE_VALUE,
     "Patient.multipleBirth", 0, 0, "not a number"},
    {"<Patient" FHIR "><multipleBirthInteger value=\"1.0\"/></Patient>", ZD_ISSUE_VALUE,
     "Patient.multipleBirth", 0, 0, "not an integer"},
    {"<Patient" FHIR "><multipleBirthInteger value=\"1\"/><multipleBirthBoolean value=\"true\"/>"
     "</Patient>",
     ZD_ISSUE_STRUCTURE, "Patient", 0, 0, "second value for the choice"},
    {"<Patient" FHIR "><active value=\"true\"/><active value=\"true\"/></Patient>",
     ZD_ISSUE_STRUCTURE, "Patient", 0, 0, "twice"},
    {"<Patient" FHIR "><birthDate value=\"1984\"/><active value=\"true\"/></Patient>",
     ZD_ISSUE_STRUCTURE, "Patient", 0, 0, "comes before"},
    {"<Patient" FHIR "><name><text value=\"a\"/></name><active value=\"true\"/>"
     "<name><text value=\"b\"/></name></Patient>",
     ZD_ISSUE_STRUCTURE, "Patient", 0, 0, "comes before"},
    {"<Patient" FHIR "><gender value=\"x\"/></Patient>", ZD_ISSUE_CODE_INVALID, "Patient.gender", 0,
     0, "value set"},
    {"<Observation" FHIR "><status value=\"final\"/></Observation>", ZD_ISSUE_REQUIRED,
     "Observation.code", 0, 0, "code is missing"},
    {"<Patient" FHIR "><extension><valueCode value=\"a\"/></extension></Patient>",
     ZD_ISSUE_REQUIRED, "Patient.extension[0].url", 0, 0, "url is missing"},
    {"<Patient" FHIR ">hello</Patient>", ZD_ISSUE_STRUCTURE, "Patient", 0, 0, "text where"},
    {"<Patient" FHIR "><name><text value=\"a\">b</text></name></Patient>", ZD_ISSUE_STRUCTURE,
     "Patient.name[0].text", 0, 0, "text where"},
    {"<Patient" FHIR "><contained/></Patient>", ZD_ISSUE_REQUIRED, "Patient.contained[0]", 0, 0,
     "resource is missing"},
    {"<Patient" FHIR "><contained><Basic><code><text value=\"a\"/></code></Basic><Basic/>"
     "</contained></Patient>",
     ZD_ISSUE_STRUCTURE, "Patient.contained[0]", 0, 0, "second resource"},
    {"<Patient" FHIR "><contained><Patient><contained><Patient/></contained></Patient>"
     "</contained></Patient>",
     ZD_ISSUE_STRUCTURE, "Patient.contained[0].contained[0]", 0, 0, "may not contain"},
    {"<Patient" FHIR "><contained><Nobody/></contained></Patient>", ZD_ISSUE_VALUE,
     "Patient.contained[0]", 0, 0, "unknown resource type"},
    {"<Patient" FHIR "><managingOrganization><reference value=\"#o\"/></managingOrganization>"
     "</Patient>",
     ZD_ISSUE_VALUE, "Patient.managingOrganization.reference", 0, 0, "no contained resource"},
    {"<Patient" FHIR "><managingOrganization><reference value=\"Nobody/1\"/>"
     "</managingOrganization></Patient>",
     ZD_ISSUE_VALUE, "Patient.managingOrganization.reference", 0, 0, "unknown resource type"},
    {"<Patient" FHIR "><text><status value=\"empty\"/><div>a</div></text></Patient>",
     ZD_ISSUE_STRUCTURE, "Patient.text", 0, 0, "namespace"},
    {"<Patient" FHIR " xmlns:h=\"http://www.w3.org/1999/xhtml\"><text><status value=\"empty\"/>" DIV
     "<h:p/></div></text></Patient>",
     ZD_ISSUE_STRUCTURE, "Patient.text.div", 0, 0, "declared outside"},
    {"<Patient" FHIR " xmlns:h=\"http://www.w3.org/1999/xhtml\"><text><status value=\"empty\"/>"
     "<h:div><active/></h:div></text></Patient>",
     ZD_ISSUE_STRUCTURE, "Patient.text.div", 0, 0, "not XHTML"},
    {"<Patient/>", ZD_ISSUE_STRUCTURE, NULL, 1, 1, "namespace"},
    {"<Patient" FHIR "><active xmlns=\"urn:x\" value=\"true\"/></Patient>", ZD_ISSUE_STRUCTURE,
     "Patient", 0, 0, "namespace"},
    {"<Nobody" FHIR "/>", ZD_ISSUE_VALUE, "Resource", 1, 1, "unknown resource type"},
    {"<DomainResource" FHIR "/>", ZD_ISSUE_VALUE, "Resource", 1, 1, "unknown resource type"},
    {"<Patient" FHIR ">", ZD_ISSUE_STRUCTURE, NULL, 0, 0, "not acceptable as XML"},
    {"<Patient" FHIR "><active value=\"true\" value=\"true\"/></Patient>", ZD_ISSUE_STRUCTURE, NULL,
     0, 0, "redefined"},
    {"<x:Patient/>", ZD_ISSUE_STRUCTURE, NULL, 0, 0, "not acceptable as XML"},
    {"<Patient" FHIR "><id value=\"&lt;&eacute;\"/></Patient>", ZD_ISSUE_STRUCTURE, NULL, 0, 0,
     "eacute"},
    {"<Patient" FHIR "><id value=\"\xFF\"/></Patient>", ZD_ISSUE_STRUCTURE, NULL, 0, 0,
     "not acceptable as XML"},
    {"<Patient" FHIR "><id value=\"&#1;\"/></Patient>", ZD_ISSUE_STRUCTURE, NULL, 0, 0,
     "not acceptable as XML"},
    {"<!DOCTYPE a><Patient" FHIR "/>", ZD_ISSUE_STRUCTURE, NULL, 1, 1, "document type"},
    {"<?xml version=\"1.0\" encoding=\"latin1\"?><Patient" FHIR "/>", ZD_ISSUE_STRUCTURE, NULL, 1,
     1, "encoding"},
    {"{\"resourceType\":\"Patient\"}", ZD_ISSUE_STRUCTURE, NULL, 1, 1, "not XML"},
    {"", ZD_ISSUE_STRUCTURE, NULL, 1, 1, "not XML"},
};

static void faults_are_told_with_their_place(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
    zd_arena arena;
    zd_tree tree;
    zd_issues issues;
    zd_arena_init(&arena, 0);
    zd_err err = read(zd_slice_of(told[i].xml), NULL, &arena, &tree, &issues);
    if (err != ZD_ERR_INVALID || issues.n != 1)
      fail_msg("%s: %s, %zu issues, the first: %s", told[i].xml, zd_err_name(err), issues.n,
               issues.n ? issues.items[0].diagnostics.p : "");
    const zd_issue *issue = &issues.items[0];
    bool fine = issue->code == told[i].code && strstr(issue->diagnostics.p, told[i].text) &&
                zd_slice_eq(issue->expression, zd_slice_of(told[i].place ? told[i].place : ""));
    if (told[i].line) fine &= issue->line == told[i].line && issue->column == told[i].column;
    if (!fine)
      fail_msg("%s: %s %.*s %u:%u %s", told[i].xml, zd_issue_code_name(issue->code),
               ZD_SV(issue->expression), issue->line, issue->column, issue->diagnostics.p);
    zd_arena_free(&arena);
  }
}

static void all_faults_are_told_at_once(void **state) {
  (void)state;
  zd_arena arena;
  zd_tree tree;
  zd_issues issues;
  zd_arena_init(&arena, 0);
  zd_slice text = ZD_S("<Patient" FHIR
                       "><a><b>c</b></a><active value=\"1\"/><gender value=\"x\"/>"
                       "<birthDate value=\"y\"/><name><given value=\"ok\"/></name></Patient>");
  assert_int_equal(read(text, NULL, &arena, &tree, &issues), ZD_ERR_INVALID);
  assert_int_equal(issues.n, 5);
  assert_true(tree.count > 1); /* what could be read */
  zd_arena_free(&arena);
}

/* ---- limits ---- */

static zd_err read_nested(const char *open, const char *close, int n, zd_arena *arena) {
  zd_buffer text;
  zd_tree tree;
  zd_issues issues;
  zd_buffer_init(&text, 0);
  zd_buffer_printf(&text, "<Patient" FHIR ">");
  for (int i = 0; i < n; i++) zd_buffer_printf(&text, "%s", open);
  for (int i = 0; i < n; i++) zd_buffer_printf(&text, "%s", close);
  zd_buffer_printf(&text, "</Patient>");
  zd_err err = read(zd_buffer_slice(&text), NULL, arena, &tree, &issues);
  if (err == ZD_ERR_LIMIT) {
    assert_int_equal(issues.items[issues.n - 1].code, ZD_ISSUE_TOO_LONG);
    assert_int_equal(tree.count, 0);
  }
  zd_buffer_free(&text);
  return err;
}

static void depth_and_size_have_limits(void **state) {
  (void)state;
  zd_arena arena;
  zd_tree tree;
  zd_issues issues;
  zd_read_limits few = {.depth = 64, .nodes = 3};
  zd_arena_init(&arena, 0);
  assert_int_equal(read_nested("<extension url=\"u\">", "</extension>", 31, &arena), ZD_OK);
  assert_int_equal(read_nested("<extension url=\"u\">", "</extension>", 32, &arena), ZD_ERR_LIMIT);
  assert_int_equal(read_nested("<x>", "</x>", 100000, &arena), ZD_ERR_LIMIT);
  assert_int_equal(read_nested("<a xmlns:p=\"u\">", "</a>", 100, &arena), ZD_ERR_LIMIT);
  assert_int_equal(read_nested("<text><status value=\"empty\"/>" DIV, "</div></text>", 1, &arena),
                   ZD_OK);
  zd_slice text = ZD_S("<Patient" FHIR "><id value=\"a\"/><active value=\"true\"/></Patient>");
  assert_int_equal(read(text, &few, &arena, &tree, &issues), ZD_OK);
  few.nodes = 2;
  assert_int_equal(read(text, &few, &arena, &tree, &issues), ZD_ERR_LIMIT);
  zd_arena_free(&arena);
}

/* Every prefix of a text is refused, and nothing is read beyond it. */
static void prefixes_are_refused(void **state) {
  (void)state;
  zd_slice text = ZD_S("<?xml version=\"1.0\"?><Patient" FHIR "><text><status value=\"empty\"/>" DIV
                       "<p>a</p></div></text><name><given value=\"&#1046;\"/></name></Patient>");
  for (size_t n = 0; n < text.n; n++) {
    zd_arena arena;
    zd_tree tree;
    zd_issues issues;
    char *copy = malloc(n ? n : 1);
    memcpy(copy, text.p, n);
    zd_arena_init(&arena, 0);
    assert_int_equal(read((zd_slice){copy, n}, NULL, &arena, &tree, &issues), ZD_ERR_INVALID);
    assert_int_equal(tree.count, 0);
    zd_arena_free(&arena);
    free(copy);
  }
}

/* ---- writing ---- */

static void json_becomes_xml(void **state) {
  (void)state;
  static const struct {
    const char *json, *xml;
  } rows[] = {
      {"{\"resourceType\":\"Patient\"}", "<Patient" FHIR "/>"},
      {"{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"\\u0416\\t\\\"<&>'\\r\\n\"}],\"id\":"
       "\"1\"}",
       "<Patient" FHIR "><id value=\"1\"/><name><family value=\"\xD0\x96&#9;&quot;&lt;&amp;&gt;'"
       "&#13;&#10;\"/></name></Patient>"},
      {"{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"a\xEF\xBF\xBF\xEF\xBF\xBD"
       "b\"}]}",
       "<Patient" FHIR "><name><family value=\"a\xEF\xBF\xBD\xEF\xBF\xBD"
       "b\"/></name></Patient>"},
      {"{\"resourceType\":\"Patient\",\"text\":{\"status\":\"empty\",\"div\":\"<div>a</div>\"}}",
       "<Patient" FHIR "><text><status value=\"empty\"/>" DIV "a</div></text></Patient>"},
      {"{\"resourceType\":\"Patient\",\"text\":{\"status\":\"empty\",\"div\":\"<div "
       "xmlns=\\\"http://www.w3.org/1999/xhtml\\\">a&nbsp;&amp;&eacute;</div>\"}}",
       "<Patient" FHIR "><text><status value=\"empty\"/>" DIV
       "a&#160;&amp;&#233;</div></text></Patient>"},
      {"{\"resourceType\":\"Patient\",\"text\":{\"status\":\"empty\",\"div\":\"<div "
       "xmlns=\\\"http://www.w3.org/1999/xhtml\\\"><o:p>a</o:p></div>\"}}",
       "<Patient" FHIR "><text><status value=\"empty\"/>" DIV
       "&lt;div xmlns=\"http://www.w3.org/1999/xhtml\"&gt;&lt;o:p&gt;a&lt;/o:p&gt;&lt;/div&gt;"
       "</div></text></Patient>"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_arena arena;
    zd_tree tree;
    zd_issues issues;
    zd_buffer out;
    zd_arena_init(&arena, 0);
    zd_buffer_init(&out, 0);
    zd_issues_init(&issues, &arena);
    assert_int_equal(zd_fhir_read_json(zd_schema_r4(), zd_slice_of(rows[i].json), ZD_NO_TYPE, NULL,
                                       &arena, &tree, &issues),
                     ZD_OK);
    zd_fhir_write_xml(&tree, 0, NULL, &out);
    if (!zd_slice_eq(zd_buffer_slice(&out), zd_slice_of(rows[i].xml)))
      fail_msg("%.*s\n%s", ZD_SV(zd_buffer_slice(&out)), rows[i].xml);
    zd_buffer_free(&out);
    zd_arena_free(&arena);
  }
}

/* ---- Bundles entry by entry ---- */

static void bundles_become_json(void **state) {
  (void)state;
  static const struct {
    const char *xml, *json; /* NULL: refused */
    size_t faults;
  } rows[] = {
      {"<Bundle" FHIR "><type value=\"batch\"/></Bundle>",
       "{\"resourceType\":\"Bundle\",\"type\":\"batch\"}", 0},
      {"<Bundle" FHIR "><id value=\"b\"/><type value=\"batch\"/><link><relation value=\"self\"/>"
       "<url value=\"u\"/></link><entry><fullUrl value=\"urn:a\"/></entry><entry><fullUrl "
       "value=\"urn:b\"/></entry><signature><type><code value=\"c\"/></type><when "
       "value=\"2020-01-01T00:00:00Z\"/><who><display value=\"d\"/></who></signature></Bundle>",
       "{\"resourceType\":\"Bundle\",\"id\":\"b\",\"type\":\"batch\",\"link\":[{\"relation\":"
       "\"self\",\"url\":\"u\"}],\"entry\":[{\"fullUrl\":\"urn:a\"},{\"fullUrl\":\"urn:b\"}],"
       "\"signature\":{\"type\":[{\"code\":\"c\"}],\"when\":\"2020-01-01T00:00:00Z\",\"who\":{"
       "\"display\":\"d\"}}}",
       0},
      {"<Bundle" FHIR "><type value=\"batch\"/><entry><fullUrl value=\"urn:a\"/></entry><entry>"
       "<colour/></entry></Bundle>",
       "{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":[{\"fullUrl\":\"urn:a\"},{}]}",
       1},
      {"<Bundle" FHIR "><type value=\"transaction\"/><entry><colour/></entry></Bundle>", NULL, 0},
      {"<Bundle" FHIR "><type value=\"batch\"/><entry><colour/></entry><colour/></Bundle>", NULL,
       1},
      {"<Bundle" FHIR "><type value=\"batch\"/><entry><colour/></entry>", NULL, 1},
      {"<Bundle" FHIR "><type value=\"batch\"/><entry><colour/>", NULL, 0},
      {"<Patient" FHIR "/>", NULL, 0},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_arena arena;
    zd_issues issues;
    zd_buffer out;
    zd_xml_faults faults = {0};
    zd_arena_init(&arena, 0);
    zd_buffer_init(&out, 0);
    zd_issues_init(&issues, &arena);
    zd_err err = zd_fhir_xml_bundle(zd_schema_r4(), zd_slice_of(rows[i].xml), NULL, &arena, &out,
                                    &faults, &issues);
    if ((err == ZD_OK) != (rows[i].json != NULL) || (issues.errors != 0) != (err != ZD_OK))
      fail_msg("%s: %s", rows[i].xml, zd_err_name(err));
    assert_int_equal(faults.n, rows[i].faults);
    if (rows[i].json && !zd_slice_eq(zd_buffer_slice(&out), zd_slice_of(rows[i].json)))
      fail_msg("%.*s\n%s", ZD_SV(zd_buffer_slice(&out)), rows[i].json);
    zd_buffer_free(&out);
    zd_arena_free(&arena);
  }
}

static void the_root_is_seen_before_reading(void **state) {
  (void)state;
  static const struct {
    const char *text, *root; /* NULL: none */
  } rows[] = {
      {"<Bundle" FHIR "/>", "Bundle"},
      {"\xEF\xBB\xBF<?xml version='1.0'?>\n<!-- <Patient> -->\n<f:Bundle>", "Bundle"},
      {"<Bundle", "Bundle"},
      {"hello", NULL},
      {"  ", NULL},
      {"<?xml", NULL},
      {"", NULL},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_slice root = zd_fhir_xml_root(zd_slice_of(rows[i].text));
    assert_true(zd_slice_eq(root, zd_slice_of(rows[i].root)));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(xml_becomes_json),
      cmocka_unit_test(faults_are_told_with_their_place),
      cmocka_unit_test(all_faults_are_told_at_once),
      cmocka_unit_test(depth_and_size_have_limits),
      cmocka_unit_test(prefixes_are_refused),
      cmocka_unit_test(json_becomes_xml),
      cmocka_unit_test(bundles_become_json),
      cmocka_unit_test(the_root_is_seen_before_reading),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
