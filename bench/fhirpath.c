/* fhirpath.c: how long FHIRPath expressions take to compile and to run
 *
 *   fhirpath-bench < list        lines of: file, tab, expression (\n and \t written \\n and \\t)
 *
 * Prints a line each: nanoseconds to compile, to run, items; "-" when it fails. fhirpath.mjs makes
 * the list of the public suite and sets the figures beside those of npm fhirpath.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "fhir/codec.h"
#include "fhir/xml.h"
#include "fhirpath/fhirpath.h"

enum { INPUTS = 64, LINE = 65536, ROUND_NS = 2000000 };

typedef struct input {
  char *name;
  zd_tree tree;
} input;

static input inputs[INPUTS];
static size_t input_count;
static zd_arena kept;

static const zd_tree *load(const char *name) {
  for (size_t i = 0; i < input_count; i++)
    if (!strcmp(inputs[i].name, name)) return &inputs[i].tree;
  zd_buffer text;
  zd_fault fault;
  zd_issues issues;
  zd_buffer_init(&text, 0);
  if (input_count == INPUTS || zd_file_read(name, 0, &text, &fault)) exit(1);
  input *in = &inputs[input_count++];
  in->name = strdup(name);
  zd_issues_init(&issues, &kept);
  zd_slice s = zd_buffer_slice(&text); /* stays */
  if (zd_slice_ends(zd_slice_of(name), ZD_S(".xml")))
    zd_fhir_read_xml(zd_schema_r4(), s, ZD_NO_TYPE, NULL, &kept, &in->tree, &issues);
  else
    zd_fhir_read_json(zd_schema_r4(), s, ZD_NO_TYPE, NULL, &kept, &in->tree, &issues);
  if (!in->tree.count) exit(1);
  return &in->tree;
}

static void unescape(char *s) {
  char *to = s;
  for (; *s; s++) {
    if (s[0] == '\\' && s[1] && strchr("nt\\", s[1])) {
      s++;
      *to++ = *s == 'n' ? '\n' : *s == 't' ? '\t' : '\\';
    } else {
      *to++ = *s;
    }
  }
  *to = 0;
}

typedef struct task {
  const zd_tree *tree;
  zd_slice expression;
  zd_arena program_memory, memory;
  const zd_fhirpath *program;
  size_t items;
} task;

static bool compile(task *t) {
  zd_fhirpath_options how = {.schema = zd_schema_r4(), .context = t->tree->nodes[0].type};
  zd_arena_reset(&t->program_memory);
  return !zd_fhirpath_compile(&how, t->expression, &t->program_memory, &t->program, NULL);
}

static bool run(task *t) {
  static const zd_fhirpath_env env = {.now_ms = 1790000000000};
  zd_fhirpath_items out;
  zd_arena_reset(&t->memory);
  zd_err err = zd_fhirpath_eval(t->program, &env, t->tree, 0, &t->memory, &out, NULL);
  t->items = out.n;
  return !err;
}

/* Nanoseconds of one call: the best of three rounds. */
static double measure(task *t, bool (*call)(task *)) {
  double best = 1e18;
  for (int round = 0; round < 3; round++) {
    uint64_t start = zd_clock_monotonic_ns(), now = start;
    uint64_t calls = 0;
    while (now - start < ROUND_NS) {
      for (int i = 0; i < 16; i++) call(t);
      calls += 16;
      now = zd_clock_monotonic_ns();
    }
    double each = (double)(now - start) / (double)calls;
    if (each < best) best = each;
  }
  return best;
}

int main(void) {
  static char line[LINE];
  task t = {.tree = NULL};
  zd_arena_init(&kept, 0);
  zd_arena_init(&t.program_memory, 0);
  zd_arena_init(&t.memory, 0);
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = 0;
    char *tab = strchr(line, '\t');
    if (!tab) continue;
    *tab = 0;
    unescape(tab + 1);
    t.tree = load(line);
    t.expression = zd_slice_of(tab + 1);
    if (!compile(&t) || !run(&t)) {
      printf("-\n");
      continue;
    }
    double compiling = measure(&t, compile);
    printf("%.1f %.1f %zu\n", compiling, measure(&t, run), t.items);
  }
  return 0;
}
