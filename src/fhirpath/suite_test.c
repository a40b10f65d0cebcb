/* suite_test.c: the public FHIRPath suite for R4 (fhir-test-cases/r4/fhirpath), whole
 *
 * The suites are not part of the repository: ZD_SHARED says where they are. Prints what is not as
 * the suite has it, and a line of figures.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "fhir/codec.h"
#include "fhir/xml.h"
#include "fhirpath/fhirpath.h"

#include <cmocka.h>

/* ---- a small reader of the suite's XML: elements, attributes, text ---- */

static zd_slice between(zd_slice s, const char *from, const char *to, zd_slice *rest) {
  const char *a = memmem(s.p, s.n, from, strlen(from));
  const char *b = a ? memmem(a, s.n - (size_t)(a - s.p), to, strlen(to)) : NULL;
  if (!b) return (zd_slice){NULL, 0};
  a += strlen(from);
  if (rest) *rest = zd_slice_from(s, (size_t)(b - s.p) + strlen(to));
  return (zd_slice){a, (size_t)(b - a)};
}

static zd_slice decode(zd_slice s, zd_arena *arena) {
  static const char *const names[] = {"&lt;", "&gt;", "&amp;", "&quot;", "&apos;"};
  char *text = zd_arena_alloc(arena, s.n + 1);
  size_t n = 0;
  assert_non_null(text);
  for (size_t i = 0; i < s.n;) {
    zd_slice rest = zd_slice_from(s, i);
    size_t used = 1;
    char c = s.p[i];
    for (size_t k = 0; k < 5; k++) {
      if (!zd_slice_starts(rest, zd_slice_of(names[k]))) continue;
      used = strlen(names[k]);
      c = "<>&\"'"[k];
    }
    if (used == 1 && zd_slice_starts(rest, ZD_S("&#"))) {
      c = (char)strtol(s.p + i + 2, NULL, 10);
      used = zd_slice_find(rest, ';') + 1;
    }
    text[n++] = c;
    i += used;
  }
  text[n] = 0;
  return (zd_slice){text, n};
}

static zd_slice attribute(zd_slice tag, const char *name, zd_arena *arena) {
  char start[64];
  snprintf(start, sizeof start, " %s=\"", name);
  zd_slice raw = between(tag, start, "\"", NULL);
  const char *a = memmem(tag.p, tag.n, start, strlen(start));
  if (!a) return (zd_slice){NULL, 0};
  a += strlen(start);
  raw = (zd_slice){a, zd_slice_find((zd_slice){a, tag.n - (size_t)(a - tag.p)}, '"')};
  return decode(raw, arena);
}

/* <name ...>inside</name>; *tag is what stands in the opening tag. */
static bool element(zd_slice *s, const char *name, zd_slice *tag, zd_slice *inside) {
  char open[32], close[32];
  snprintf(open, sizeof open, "<%s", name);
  snprintf(close, sizeof close, "</%s>", name);
  for (;;) {
    const char *a = memmem(s->p, s->n, open, strlen(open));
    if (!a) return false;
    zd_slice rest = zd_slice_from(*s, (size_t)(a - s->p) + strlen(open));
    if (rest.n && rest.p[0] != ' ' && rest.p[0] != '>' && rest.p[0] != '/') {
      *s = rest;
      continue;
    }
    size_t end = 0; /* of the tag; > may stand in quotes */
    for (char quote = 0; end < rest.n && (quote || rest.p[end] != '>'); end++)
      if (rest.p[end] == '"') quote = !quote;
    *tag = (zd_slice){a, (size_t)(rest.p + end - a)};
    *inside = (zd_slice){"", 0};
    *s = zd_slice_from(rest, end + 1);
    if (end && rest.p[end - 1] == '/') return true;
    const char *b = memmem(s->p, s->n, close, strlen(close));
    if (!b) return false;
    *inside = (zd_slice){s->p, (size_t)(b - s->p)};
    *s = zd_slice_from(*s, inside->n + strlen(close));
    return true;
  }
}

/* ---- inputs ---- */

typedef struct input {
  zd_slice name;
  zd_tree tree;
} input;

typedef struct world {
  zd_arena arena;
  char folder[512];
  input inputs[16];
  size_t input_count;
  unsigned passed, failed;
} world;

/* The suite's observation has its extension behind status, where XML may not have it. */
static void put_in_order(char *text, size_t n) {
  char *status = memmem(text, n, "<status value=\"final", 20),
       *from = memmem(text, n, "<extension", 10);
  char *end = memmem(text, n, "</extension>", 12);
  if (!status || !from || !end || from < status) return;
  size_t length = (size_t)(end - from) + 12;
  char *moved = malloc(length);
  assert_non_null(moved);
  memcpy(moved, from, length);
  memmove(status + length, status, (size_t)(from - status));
  memcpy(status, moved, length);
  free(moved);
}

static const zd_tree *input_of(world *w, zd_slice name) {
  if (!name.p) name = ZD_S("patient-example.xml");
  for (size_t i = 0; i < w->input_count; i++)
    if (zd_slice_eq(w->inputs[i].name, name)) return &w->inputs[i].tree;
  char path[600];
  snprintf(path, sizeof path, "%s/r4/%.*s", w->folder, ZD_SV(name));
  zd_buffer text;
  zd_fault fault;
  zd_issues issues;
  zd_buffer_init(&text, 0);
  assert_int_equal(zd_file_read(path, 0, &text, &fault), ZD_OK);
  zd_issues_init(&issues, &w->arena);
  input *in = &w->inputs[w->input_count++];
  in->name = name;
  zd_slice kept = zd_arena_copy(&w->arena, zd_buffer_slice(&text));
  zd_buffer_free(&text);
  bool xml = zd_slice_ends(name, ZD_S(".xml"));
  if (zd_slice_eq(name, ZD_S("observation-example.xml")))
    put_in_order((char *)(uintptr_t)kept.p, kept.n);
  zd_err err =
      xml ? zd_fhir_read_xml(zd_schema_r4(), kept, ZD_NO_TYPE, NULL, &w->arena, &in->tree, &issues)
          : zd_fhir_read_json(zd_schema_r4(), kept, ZD_NO_TYPE, NULL, &w->arena, &in->tree,
                              &issues);
  if (err)
    for (size_t i = 0; i < issues.n && i < 3; i++)
      print_message("%.*s: %.*s\n", ZD_SV(name), ZD_SV(issues.items[i].diagnostics));
  assert_true(in->tree.count > 0);
  return &in->tree;
}

/* ---- one case ---- */

static bool same_name(zd_slice a, zd_slice b) {
  if (a.n != b.n) return false;
  for (size_t i = 0; i < a.n; i++)
    if ((a.p[i] | 32) != (b.p[i] | 32)) return false;
  return true;
}

/* -0.0 and 0.0 are one number. */
static zd_slice plain(zd_slice s) {
  if (s.n && s.p[0] == '@') s = zd_slice_from(s, 1);
  if (s.n && s.p[0] == 'T') s = zd_slice_from(s, 1);
  if (zd_slice_starts(s, ZD_S("-0.0"))) s = zd_slice_from(s, 1);
  return s;
}

static bool fits(world *w, zd_fhirpath_item item, zd_slice type, zd_slice value) {
  zd_slice text = zd_fhirpath_text(zd_schema_r4(), item, &w->arena);
  zd_slice name = zd_fhirpath_type_name(zd_schema_r4(), item, true, &w->arena);
  return (!type.p || same_name(name, type)) && zd_slice_eq(plain(text), plain(value));
}

static bool compare(world *w, zd_fhirpath_items got, zd_slice outputs, bool ordered) {
  bool used[64] = {false};
  zd_slice tag, inside;
  size_t n = 0;
  while (element(&outputs, "output", &tag, &inside)) {
    zd_slice type = attribute(tag, "type", &w->arena), value = decode(inside, &w->arena);
    bool hit = false;
    if (ordered)
      hit = n < got.n && fits(w, got.items[n], type, value);
    else
      for (size_t i = 0; i < got.n && i < 64 && !hit; i++)
        if (!used[i] && fits(w, got.items[i], type, value)) used[i] = hit = true;
    if (!hit) return false;
    n++;
  }
  return n == got.n;
}

static void complain(world *w, zd_slice name, zd_slice expression, const char *why,
                     zd_fhirpath_items got) {
  w->failed++;
  print_message("  %.*s: %.*s: %s", ZD_SV(name), ZD_SV(expression), why);
  for (size_t i = 0; i < got.n && i < 5; i++) {
    zd_slice text = zd_fhirpath_text(zd_schema_r4(), got.items[i], &w->arena);
    zd_slice type = zd_fhirpath_type_name(zd_schema_r4(), got.items[i], false, &w->arena);
    print_message(" [%.*s %.*s]", ZD_SV(type), text.n > 60 ? 60 : (int)text.n, text.p);
  }
  print_message("\n");
}

static void run_case(world *w, zd_slice tag, zd_slice inside) {
  zd_slice name = attribute(tag, "name", &w->arena), expression_tag, raw, cursor = inside;
  assert_true(element(&cursor, "expression", &expression_tag, &raw));
  zd_slice expression = decode(raw, &w->arena);
  zd_slice invalid = attribute(expression_tag, "invalid", &w->arena);
  const zd_tree *tree = input_of(w, attribute(tag, "inputfile", &w->arena));
  zd_fhirpath_options how = {.schema = zd_schema_r4(), .context = tree->nodes[0].type};
  zd_fhirpath_env env = {.now_ms = 1790000000000, .offset_minutes = 180};
  const zd_fhirpath *program;
  zd_fhirpath_items got = {NULL, 0};
  zd_fault fault = {0};
  zd_err err = zd_fhirpath_compile(&how, expression, &w->arena, &program, &fault);
  if (!err) err = zd_fhirpath_eval(program, &env, tree, 0, &w->arena, &got, &fault);
  if (invalid.p) {
    if (err)
      w->passed++;
    else
      complain(w, name, expression, "should fail", got);
    return;
  }
  if (err) {
    complain(w, name, expression, fault.text, got);
    return;
  }
  zd_fhirpath_item truth = zd_fhirpath_boolean(got.n > 0);
  if (attribute(tag, "predicate", &w->arena).p) got = (zd_fhirpath_items){&truth, 1};
  bool ordered = !zd_slice_eq(attribute(tag, "ordered", &w->arena), ZD_S("false"));
  if (compare(w, got, cursor, ordered))
    w->passed++;
  else
    complain(w, name, expression, "gave", got);
}

static void all_of_the_suite(void **state) {
  (void)state;
  const char *shared = getenv("ZD_SHARED");
  world *w = calloc(1, sizeof *w);
  assert_non_null(w);
  zd_arena_init(&w->arena, 0);
  snprintf(w->folder, sizeof w->folder, "%s/suites/fhir-test-cases",
           shared ? shared : ZD_SOURCE_DIR "/../shared");
  char path[600];
  snprintf(path, sizeof path, "%s/r4/fhirpath/tests-fhir-r4.xml", w->folder);
  if (access(path, R_OK) != 0) {
    print_message("skipped: 606 cases of the FHIRPath suite, which is not here (ZD_SHARED)\n");
    free(w);
    skip();
  }
  zd_buffer text;
  zd_fault fault;
  zd_buffer_init(&text, 0);
  assert_int_equal(zd_file_read(path, 0, &text, &fault), ZD_OK);
  zd_slice rest = zd_buffer_slice(&text), tag, inside;
  while (element(&rest, "test", &tag, &inside)) run_case(w, tag, inside);
  print_message("FHIRPath suite: %u of %u passed\n", w->passed, w->passed + w->failed);
  assert_int_equal(w->passed + w->failed, 606);
  assert_int_equal(w->failed, 0);
  zd_buffer_free(&text);
  zd_arena_free(&w->arena);
  free(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(all_of_the_suite)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
