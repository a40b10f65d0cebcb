/* Resources and what is found in them, rule by rule; n-th failure of memory; threads. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "fhir/codec.h"
#include "validate/knowledge.h"

#define CORE "http://hl7.org/fhir/StructureDefinition/"

/* "error rule location" of each finding of these severities, one behind the other with ';'. */
static void told(const zd_findings *found, bool all, char *out, size_t room) {
  size_t n = 0;
  out[0] = 0;
  for (size_t i = 0; i < found->n; i++) {
    const zd_finding *f = &found->items[i];
    if (f->severity > (all ? ZD_INFORMATION : ZD_ERROR)) continue;
    zd_slice rule = f->rule.p ? f->rule : zd_slice_of(zd_message_name(f->message));
    n += (size_t)snprintf(out + n, n < room ? room - n : 0, "%s%.*s@%.*s", n ? ";" : "",
                          ZD_SV(rule), ZD_SV(f->location));
  }
}

static void validate_text(zd_validator *v, const char *text, const char *profile, zd_arena *arena,
                          zd_findings *found) {
  zd_tree tree;
  zd_issues issues;
  zd_slice profiles[] = {zd_slice_of(profile)};
  zd_validate_options how = {.profiles = profiles, .profile_count = profile ? 1 : 0};
  zd_issues_init(&issues, arena);
  zd_findings_init(found, arena);
  zd_fhir_read_json(zd_validator_schema(v), zd_slice_of(text), ZD_NO_TYPE, NULL, arena, &tree,
                    &issues);
  zd_findings_add_issues(found, &issues);
  assert_int_equal(zd_validate(v, &how, &tree, 0, found, NULL), ZD_OK);
}

static const struct {
  const char *text, *profile, *errors;
} cases[] = {
    /* invariants */
    {"{'resourceType':'Patient','contact':[{'gender':'male'}]}", NULL, "pat-1@Patient.contact[0]"},
    {"{'resourceType':'Patient','contact':[{'name':{'text':'a'}}]}", NULL, ""},
    {"{'resourceType':'Observation','status':'final','code':{'text':'a'},'valueQuantity':{'value':"
     "1,'code':'g'}}",
     NULL, "qty-3@Observation.value"},
    {"{'resourceType':'Patient','name':[{'period':{'start':'2020','end':'2019'}}]}", NULL,
     "per-1@Patient.name[0].period"},
    {"{'resourceType':'Patient','name':[{'id':'a'}]}", NULL, "ele-1@Patient.name[0]"},
    /* contained */
    {"{'resourceType':'Patient','contained':[{'resourceType':'Organization','id':'o','name':'a'}]}",
     NULL, "dom-3@Patient"},
    {"{'resourceType':'Patient','managingOrganization':{'reference':'#o'}}", NULL,
     "structure@Patient.managingOrganization.reference;ref-1@Patient.managingOrganization"},
    {"{'resourceType':'Patient','contained':[{'resourceType':'Organization','id':'o','name':'a'}],"
     "'managingOrganization':{'reference':'#o'}}",
     NULL, ""},
    /* references */
    {"{'resourceType':'Patient','managingOrganization':{'reference':'Patient/1'}}", NULL,
     "Patient.managingOrganization@Patient.managingOrganization"},
    {"{'resourceType':'Patient','managingOrganization':{'reference':'Organization/1','type':"
     "'Patient'}}",
     NULL, "reference-says-type@Patient.managingOrganization"},
    /* codes */
    {"{'resourceType':'Patient','maritalStatus':{'coding':[{'system':'http://terminology.hl7.org/"
     "CodeSystem/v3-MaritalStatus','code':'M'}]}}",
     NULL, ""},
    {"{'resourceType':'Patient','maritalStatus':{'coding':[{'system':'http://terminology.hl7.org/"
     "CodeSystem/v3-MaritalStatus','code':'MM'}]}}",
     NULL, "code-unknown@Patient.maritalStatus.coding[0].code"},
    {"{'resourceType':'Patient','maritalStatus':{'coding':[{'system':'here','code':'M'}]}}", NULL,
     "system-relative@Patient.maritalStatus.coding[0].system"},
    {"{'resourceType':'AllergyIntolerance','patient':{'reference':'Patient/1'},'clinicalStatus':{"
     "'coding':[{'system':'http://example.org','code':'active'}]}}",
     NULL, "AllergyIntolerance.clinicalStatus@AllergyIntolerance.clinicalStatus"},
    /* extensions */
    {"{'resourceType':'Patient','extension':[{'url':'" CORE "patient-birthTime','valueDateTime':"
     "'1974-12-25T14:35:45-05:00'}]}",
     NULL, "extension-context@Patient.extension[0]"},
    {"{'resourceType':'Patient','birthDate':'1974-12-25','_birthDate':{'extension':[{'url':'" CORE
     "patient-birthTime','valueDateTime':'1974-12-25T14:35:45-05:00'}]}}",
     NULL, ""},
    {"{'resourceType':'Patient','birthDate':'1974-12-25','_birthDate':{'extension':[{'url':'" CORE
     "patient-birthTime','valueString':'late'}]}}",
     NULL, "Extension.value[x]@Patient.birthDate.extension[0].value"},
    {"{'resourceType':'Patient','extension':[{'url':'mine','valueString':'a'}]}", NULL,
     "extension-url@Patient.extension[0]"},
    {"{'resourceType':'Patient','modifierExtension':[{'url':'" CORE
     "patient-congregation','valueString':'a'}]}",
     NULL, "extension-no-modifier@Patient.modifierExtension[0]"},
    /* slices by value, in a profile of the standard */
    {"{'resourceType':'Observation','status':'final','subject':{'reference':'Patient/1'},'category'"
     ":[{'coding':[{'system':'http://terminology.hl7.org/CodeSystem/observation-category','code':"
     "'vital-signs'}]}],'code':{'coding':[{'system':'http://loinc.org','code':'29463-7'}]},"
     "'effectiveDateTime':'2020-01-01','valueQuantity':{'value':80,'unit':'kg','system':"
     "'http://unitsofmeasure.org','code':'kg'}}",
     CORE "bodyweight", ""},
    {"{'resourceType':'Observation','status':'final','subject':{'reference':'Patient/1'},'category'"
     ":[{'coding':[{'system':'http://terminology.hl7.org/CodeSystem/observation-category','code':"
     "'vital-signs'}]}],'code':{'coding':[{'system':'http://loinc.org','code':'29463-8'}]},"
     "'effectiveDateTime':'2020-01-01','valueQuantity':{'value':80,'unit':'kg','system':"
     "'http://unitsofmeasure.org','code':'kg'}}",
     CORE "bodyweight", "Observation.code.coding:BodyWeightCode@Observation.code"},
    /* Bundles */
    {"{'resourceType':'Bundle','type':'collection','entry':[{'fullUrl':'http://a.org/fhir/Patient/"
     "1','resource':{'resourceType':'Patient','id':'2'}}]}",
     NULL, "bundle-full-url@Bundle.entry[0]"},
    /* QuestionnaireResponse with its questionnaire */
    {"{'resourceType':'QuestionnaireResponse','status':'completed','questionnaire':'#q','contained'"
     ":[{'resourceType':'Questionnaire','id':'q','status':'active','item':[{'linkId':'1','type':"
     "'integer','required':true},{'linkId':'2','type':'string','maxLength':3}]}],'item':[{'linkId':"
     "'2','answer':[{'valueString':'four'}]},{'linkId':'3'}]}",
     NULL,
     "2@QuestionnaireResponse.item[0].answer[0].value;3@QuestionnaireResponse.item[1];"
     "1@QuestionnaireResponse"},
};

static void each_case_finds_what_it_should(void **state) {
  zd_validator *v;
  zd_arena arena;
  zd_findings found;
  (void)state;
  zd_arena_init(&arena, 0);
  assert_int_equal(zd_validator_new(zd_schema_r4(), &v, NULL), ZD_OK);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[4096], errors[2048];
    size_t n = strlen(cases[i].text);
    assert_true(n < sizeof text);
    for (size_t k = 0; k <= n; k++) text[k] = cases[i].text[k] == '\'' ? '"' : cases[i].text[k];
    validate_text(v, text, cases[i].profile, &arena, &found);
    told(&found, false, errors, sizeof errors);
    if (strcmp(errors, cases[i].errors) != 0) print_message("case %zu: %s\n", i, text);
    assert_string_equal(errors, cases[i].errors);
    zd_arena_reset(&arena);
  }
  zd_validator_free(v);
  zd_arena_free(&arena);
}

static void messages_are_there_in_all_languages(void **state) {
  zd_arena arena;
  (void)state;
  zd_arena_init(&arena, 0);
  for (int m = 0; m < ZD_SAY_MESSAGES; m++) {
    zd_finding f = {.message = (zd_message)m, .text = {ZD_S("A"), ZD_S("B"), ZD_S("C")}};
    assert_non_null(zd_message_name(f.message));
    for (int l = 0; l < ZD_LANGUAGES; l++) {
      zd_slice text = zd_finding_text(&f, (zd_language)l, &arena);
      assert_true(text.n > 0);
      assert_int_equal(zd_slice_find(text, '%'), text.n);
    }
  }
  zd_arena_free(&arena);
}

/* ---- memory that runs out ---- */

static void memory_may_run_out_anywhere(void **state) {
  static const char text[] =
      "{\"resourceType\":\"Patient\",\"contact\":[{\"gender\":\"male\"}],\"extension\":[{\"url\":"
      "\"http://example.org\",\"valueString\":\"a\"}]}";
  zd_validator *v;
  zd_tree tree;
  zd_issues issues;
  zd_arena read;
  (void)state;
  zd_arena_init(&read, 0);
  zd_issues_init(&issues, &read);
  assert_int_equal(zd_validator_new(zd_schema_r4(), &v, NULL), ZD_OK);
  assert_int_equal(
      zd_fhir_read_json(zd_schema_r4(), zd_slice_of(text), ZD_NO_TYPE, NULL, &read, &tree, &issues),
      ZD_OK);
  for (size_t limit = 64; limit < 65536; limit += 512) {
    zd_arena arena;
    zd_findings found;
    zd_fault fault = {0};
    zd_arena_init(&arena, limit);
    zd_findings_init(&found, &arena);
    zd_err err = zd_validate(v, NULL, &tree, 0, &found, &fault);
    assert_true(err == ZD_OK || err == ZD_ERR_MEMORY);
    assert_true(err == ZD_ERR_MEMORY || found.errors == 1);
    zd_arena_free(&arena);
  }
  zd_validator_free(v);
  zd_arena_free(&read);
}

/* ---- threads ---- */

static void *validate_many(void *state) {
  zd_validator *v = state;
  zd_arena arena;
  zd_findings found;
  size_t errors = 0;
  zd_arena_init(&arena, 0);
  for (int i = 0; i < 200; i++) {
    validate_text(v, "{\"resourceType\":\"Patient\",\"contact\":[{\"gender\":\"male\"}]}",
                  CORE "cholesterol", &arena, &found);
    errors += found.errors;
    zd_arena_reset(&arena);
  }
  zd_arena_free(&arena);
  return (void *)(uintptr_t)errors;
}

static void threads_share_a_validator(void **state) {
  enum { THREADS = 4 };
  zd_validator *v;
  pthread_t threads[THREADS];
  (void)state;
  assert_int_equal(zd_validator_new(zd_schema_r4(), &v, NULL), ZD_OK);
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, validate_many, v), 0);
  for (int i = 0; i < THREADS; i++) {
    void *errors;
    pthread_join(threads[i], &errors);
    assert_int_equal((uintptr_t)errors, 400); /* the invariant, and a profile of another type */
  }
  zd_validator_free(v);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_case_finds_what_it_should),
      cmocka_unit_test(messages_are_there_in_all_languages),
      cmocka_unit_test(memory_may_run_out_anywhere),
      cmocka_unit_test(threads_share_a_validator),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
