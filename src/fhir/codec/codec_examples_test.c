/* codec_examples_test.c: every resource of the official R4 package is read, written and read again
 * identically. What "identically" means is judged without the schema: same JSON values, whatever
 * the order of members. */
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
#include "json/json.h"

/* Official resources that break a rule of the specification, and which. What could be read of them
 * comes back the same nevertheless: the faults are missing elements and ids that are too long. */
static const struct {
  const char *file, *why;
} faulty[] = {
    {"ImplementationGuide-fhir.json", "name and status are missing; an id of 67 characters"},
    {"ig-r4.json", "the same ImplementationGuide"},
    {"Questionnaire-qs1.json", "items without linkId"},
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
};

static bool same(const zd_json_tape *a, uint32_t i, const zd_json_tape *b, uint32_t j) {
  if (zd_json_type_of(a, i) != zd_json_type_of(b, j)) return false;
  zd_json_type type = zd_json_type_of(a, i);
  if (type != ZD_JSON_OBJECT && type != ZD_JSON_ARRAY) {
    return zd_slice_eq(zd_json_raw(a, i), zd_json_raw(b, j));
  }
  uint32_t c = zd_json_first(a, i), d = zd_json_first(b, j), left = 0, right = 0;
  for (; c; c = zd_json_next(a, i, c), left++) {
    uint32_t other = type == ZD_JSON_OBJECT ? zd_json_find(b, j, zd_json_key(a, c)) : d;
    if (!other || !same(a, c, b, other)) return false;
    if (type == ZD_JSON_ARRAY) d = zd_json_next(b, j, d);
  }
  for (d = zd_json_first(b, j); d; d = zd_json_next(b, j, d)) right++;
  return left == right;
}

static bool same_json(zd_slice a, zd_slice b) {
  zd_json_tape left = {0}, right = {0};
  bool equal = zd_json_read(a, NULL, &left, NULL) == ZD_OK &&
               zd_json_read(b, NULL, &right, NULL) == ZD_OK && same(&left, 0, &right, 0);
  zd_json_free(&left);
  zd_json_free(&right);
  return equal;
}

static zd_err read(zd_slice text, zd_arena *arena, zd_tree *tree, zd_issues *issues) {
  zd_issues_init(issues, arena);
  return zd_fhir_read_json(zd_schema_r4(), text, ZD_NO_TYPE, NULL, arena, tree, issues);
}

static void print_issues(const char *name, const zd_issues *issues) {
  for (size_t i = 0; i < issues->n; i++) {
    const zd_issue *issue = &issues->items[i];
    print_message("%s:%u:%u: %s: %.*s: %.*s\n", name, issue->line, issue->column,
                  zd_issue_code_name(issue->code), ZD_SV(issue->expression),
                  ZD_SV(issue->diagnostics));
  }
}

/* NULL when the text comes back the same. */
static const char *round_trip(zd_slice text, const zd_tree *tree, zd_arena *arena, zd_err want) {
  zd_buffer once, twice;
  zd_issues issues;
  zd_tree again;
  const char *wrong = NULL;
  zd_buffer_init(&once, 0);
  zd_buffer_init(&twice, 0);
  zd_fhir_write_json(tree, 0, NULL, &once);
  if (!same_json(text, zd_buffer_slice(&once))) {
    wrong = "written differently";
  } else if (read(zd_buffer_slice(&once), arena, &again, &issues) != want) {
    wrong = "not read again";
  } else if (again.count != tree->count) {
    wrong = "another number of nodes";
  } else {
    zd_fhir_write_json(&again, 0, NULL, &twice);
    bool equal = zd_slice_eq(zd_buffer_slice(&once), zd_buffer_slice(&twice));
    wrong = equal ? NULL : "the second writing differs from the first";
  }
  zd_buffer_free(&once);
  zd_buffer_free(&twice);
  return wrong;
}

/* A summary leaves contained resources out, and so may leave references to them hanging: that is
 * what the tag SUBSETTED warns of. */
static bool only_hanging_references(const zd_issues *issues) {
  for (size_t i = 0; i < issues->n; i++) {
    if (!zd_slice_starts(issues->items[i].diagnostics, ZD_S("no contained resource"))) return false;
  }
  return issues->dropped == 0;
}

/* Every summary of a resource is itself a valid resource, tagged as incomplete. */
static const char *summaries(const zd_tree *tree, zd_arena *arena) {
  zd_buffer out;
  const char *wrong = NULL;
  zd_buffer_init(&out, 0);
  for (int kind = ZD_SUMMARY_TRUE; kind <= ZD_SUMMARY_DATA; kind++) {
    zd_write_options options = {.summary = (zd_summary)kind};
    zd_tree again;
    zd_issues issues;
    zd_buffer_clear(&out);
    zd_fhir_write_json(tree, 0, &options, &out);
    if (read(zd_buffer_slice(&out), arena, &again, &issues) == ZD_OK) continue;
    if (only_hanging_references(&issues)) continue;
    print_issues("summary", &issues);
    wrong = "a summary that is not valid";
  }
  zd_buffer_free(&out);
  return wrong;
}

static const char *known_reason(const char *file) {
  for (size_t i = 0; i < sizeof faulty / sizeof *faulty; i++) {
    if (strcmp(faulty[i].file, file) == 0) return faulty[i].why;
  }
  return NULL;
}

static bool check_file(const char *name, zd_slice text, zd_arena *arena) {
  zd_tree tree;
  zd_issues issues;
  zd_err err = read(text, arena, &tree, &issues);
  zd_err want = known_reason(name) ? ZD_ERR_INVALID : ZD_OK;
  if (err != want) {
    print_message("%s: %s\n", name, zd_err_name(err));
    print_issues(name, &issues);
    return false;
  }
  const char *wrong = round_trip(text, &tree, arena, want);
  if (!wrong && want == ZD_OK) wrong = summaries(&tree, arena);
  if (wrong) print_message("%s: %s\n", name, wrong);
  return !wrong;
}

static bool is_resource_file(const char *name) {
  size_t n = strlen(name);
  return n > 5 && strcmp(name + n - 5, ".json") == 0 && strcmp(name, "package.json") != 0 &&
         name[0] != '.';
}

static void official_resources_come_back_the_same(void **state) {
  (void)state;
  const char *folder = getenv("ZD_EXAMPLES");
  if (!folder) folder = ZD_SOURCE_DIR "/node_modules/hl7.fhir.r4.examples";
  DIR *dir = opendir(folder);
  if (!dir) {
    print_message("0 resources: the definitions are not at %s\n", folder);
    skip();
  }
  zd_arena arena;
  zd_buffer text;
  zd_arena_init(&arena, 0);
  zd_buffer_init(&text, 0);
  int count = 0, wrong = 0;
  for (struct dirent *e; (e = readdir(dir));) {
    if (!is_resource_file(e->d_name)) continue;
    char path[1400];
    snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
    assert_int_equal(zd_file_read(path, 0, &text, NULL), ZD_OK);
    zd_arena_reset(&arena);
    count++;
    wrong += !check_file(e->d_name, zd_buffer_slice(&text), &arena);
  }
  closedir(dir);
  zd_arena_free(&arena);
  zd_buffer_free(&text);
  print_message("%d resources, %d wrong\n", count, wrong);
  assert_true(count > 5000);
  assert_int_equal(wrong, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(official_resources_come_back_the_same),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
