/* examples_test.c: every resource of the official R4 package is valid, but those that are known to
 * break a rule of the specification. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/file.h"
#include "fhir/codec.h"
#include "validate/validate.h"

static const struct {
  const char *file, *why;
} faulty[] = {
    {"ActivityDefinition-blood-tubes-supply.json", "txt-1, txt-2: a narrative without text"},
    {"ActivityDefinition-heart-valve-replacement.json", "txt-1, txt-2: a narrative without text"},
    {"Bundle-10bb101f-a121-4264-a920-67be9cb82c74.json", "a fullUrl ends in another id"},
    {"Bundle-3a0707d3-549e-4467-b8b8-5a2ab3800efe.json", "a fullUrl ends in another id"},
    {"Bundle-dataelements.json", "bdl-7: fullUrls come twice"},
    {"Bundle-hla-1.json", "an extension's part that is not defined"},
    {"Bundle-lri-example.json", "fullUrls end in other ids than those of the resources"},
    {"DeviceMetric-example.json", "parent refers to a DeviceDefinition, not a Device"},
    {"DeviceUseStatement-example.json", "reasonReference refers to a Procedure"},
    {"EventDefinition-example.json", "txt-1, txt-2: a narrative without text"},
    {"ImplementationGuide-fhir.json", "name and status are missing; an id of 67 characters"},
    {"MedicationRequest-medrx0301.json", "performer refers to a Practitioner"},
    {"Observation-clinical-gender.json", "performer refers to an Encounter"},
    {"Questionnaire-bb.json", "que-7: exists with an answer that is no boolean"},
    {"Questionnaire-qs1.json", "items without linkId"},
    {"Questionnaire-zika-virus-exposure-assessment.json", "txt-1, txt-2: no text"},
    {"SearchParameter-codesystem-extensions-CodeSystem-author.json", "no base"},
    {"SearchParameter-codesystem-extensions-CodeSystem-effective.json", "no base"},
    {"SearchParameter-codesystem-extensions-CodeSystem-end.json", "no base"},
    {"SearchParameter-codesystem-extensions-CodeSystem-keyword.json", "no base"},
    {"SearchParameter-codesystem-extensions-CodeSystem-workflow.json", "no base"},
    {"SearchParameter-questionnaireresponse-extensions-QuestionnaireResponse-item-subject.json",
     "an id of 67 characters"},
    {"SearchParameter-valueset-extensions-ValueSet-author.json", "no base"},
    {"SearchParameter-valueset-extensions-ValueSet-effective.json", "no base"},
    {"SearchParameter-valueset-extensions-ValueSet-end.json", "no base"},
    {"SearchParameter-valueset-extensions-ValueSet-keyword.json", "no base"},
    {"SearchParameter-valueset-extensions-ValueSet-workflow.json", "no base"},
    {"StructureDefinition-Definition.json", "sdf-4: no base, and not abstract"},
    {"StructureDefinition-Event.json", "sdf-4: no base, and not abstract"},
    {"StructureDefinition-FiveWs.json", "sdf-4: no base, and not abstract"},
    {"StructureDefinition-Request.json", "sdf-4: no base, and not abstract"},
    {"ig-r4.json", "the ImplementationGuide again"},
};

static bool is_faulty(const char *file) {
  for (size_t i = 0; i < sizeof faulty / sizeof *faulty; i++)
    if (strcmp(faulty[i].file, file) == 0) return true;
  return false;
}

static bool check_file(zd_validator *v, const char *name, zd_slice text, zd_arena *arena) {
  zd_tree tree;
  zd_issues issues;
  zd_findings found;
  zd_issues_init(&issues, arena);
  zd_findings_init(&found, arena);
  zd_fhir_read_json(zd_schema_r4(), text, ZD_NO_TYPE, NULL, arena, &tree, &issues);
  zd_findings_add_issues(&found, &issues);
  if (tree.count) assert_int_equal(zd_validate(v, NULL, &tree, 0, &found, NULL), ZD_OK);
  if ((found.errors > 0) == is_faulty(name)) return true;
  print_message("%s: %zu errors\n", name, found.errors);
  for (size_t i = 0, told = 0; i < found.n && told < 5; i++) {
    const zd_finding *f = &found.items[i];
    if (f->severity > ZD_ERROR) continue;
    zd_slice what = zd_finding_text(f, ZD_LANGUAGE_EN, arena);
    print_message("  %.*s: %.*s\n", ZD_SV(f->location), ZD_SV(what));
    told++;
  }
  return false;
}

static bool is_resource_file(const char *name) {
  zd_slice s = zd_slice_of(name);
  return zd_slice_ends(s, ZD_S(".json")) && !zd_slice_eq(s, ZD_S("package.json")) && name[0] != '.';
}

static void official_resources_are_valid(void **state) {
  const char *folder = getenv("ZD_EXAMPLES");
  (void)state;
  if (!folder) folder = ZD_SOURCE_DIR "/node_modules/hl7.fhir.r4.examples";
  DIR *dir = opendir(folder);
  if (!dir) {
    print_message("0 resources: the definitions are not at %s\n", folder);
    skip();
  }
  zd_validator *v;
  zd_arena arena;
  zd_buffer text;
  zd_arena_init(&arena, 0);
  zd_buffer_init(&text, 0);
  assert_int_equal(zd_validator_new(zd_schema_r4(), &v, NULL), ZD_OK);
  int count = 0, wrong = 0;
  for (struct dirent *e; (e = readdir(dir));) {
    if (!is_resource_file(e->d_name)) continue;
    char path[1400];
    snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
    assert_int_equal(zd_file_read(path, 0, &text, NULL), ZD_OK);
    zd_arena_reset(&arena);
    count++;
    wrong += !check_file(v, e->d_name, zd_buffer_slice(&text), &arena);
  }
  closedir(dir);
  print_message("%d resources, %d not as they should be\n", count, wrong);
  zd_validator_free(v);
  zd_buffer_free(&text);
  zd_arena_free(&arena);
  assert_true(count > 5000);
  assert_int_equal(wrong, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(official_resources_are_valid)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
