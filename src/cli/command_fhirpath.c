/* command_fhirpath.c: zdravo fhirpath: an expression on resources in files */
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "cli/command.h"
#include "fhir/codec.h"
#include "fhir/xml.h"
#include "fhirpath/fhirpath.h"

enum { RESOURCE_MAX = 64 << 20 };

/* One run of the command. */
typedef struct fhirpath_run {
  const zd_arguments *a;
  const zd_schema *schema;
  zd_arena arena;
  const char *file;
  bool many; /* files */
} fhirpath_run;

static zd_err read_resource(fhirpath_run *r, zd_tree *tree, zd_fault *fault) {
  zd_buffer text;
  zd_issues issues;
  zd_buffer_init(&text, 0);
  zd_err err = zd_file_read(r->file, RESOURCE_MAX, &text, fault);
  zd_slice kept = err ? ZD_S("") : zd_arena_copy(&r->arena, zd_buffer_slice(&text));
  zd_buffer_free(&text);
  if (err) return err;
  if (!kept.p) return zd_fail(fault, ZD_ERR_MEMORY, "no memory to read %s", r->file);
  zd_issues_init(&issues, &r->arena);
  size_t at = 0;
  while (at < kept.n && strchr(" \t\r\n\xEF\xBB\xBF", kept.p[at])) at++;
  bool xml = at < kept.n && kept.p[at] == '<';
  err = xml ? zd_fhir_read_xml(r->schema, kept, ZD_NO_TYPE, NULL, &r->arena, tree, &issues)
            : zd_fhir_read_json(r->schema, kept, ZD_NO_TYPE, NULL, &r->arena, tree, &issues);
  for (size_t i = 0; i < issues.n; i++)
    fprintf(stderr, "%s:%u:%u: %.*s: %.*s\n", r->file, issues.items[i].line, issues.items[i].column,
            ZD_SV(issues.items[i].expression), ZD_SV(issues.items[i].diagnostics));
  if (err && tree->count) return ZD_OK; /* told; what could be read is enough to look at */
  return err ? zd_fail(fault, err, "%s is no resource", r->file) : ZD_OK;
}

/* ---- printing ---- */

static void print_json(const fhirpath_run *r, zd_slice type, zd_slice path, zd_slice text,
                       bool complex) {
  zd_buffer out;
  zd_buffer_init(&out, 0);
  zd_buffer_printf(&out, "{\"file\":\"");
  zd_buffer_add_json(&out, zd_slice_of(r->file));
  zd_buffer_printf(&out, "\",\"type\":\"%.*s\"", ZD_SV(type));
  if (path.n) zd_buffer_printf(&out, ",\"path\":\"%.*s\"", ZD_SV(path));
  if (text.p) {
    zd_buffer_printf(&out, ",\"value\":%s", complex ? "" : "\"");
    if (complex)
      zd_buffer_add_slice(&out, text);
    else
      zd_buffer_add_json(&out, text);
    zd_buffer_printf(&out, complex ? "" : "\"");
  }
  printf("%.*s}\n", ZD_SV(zd_buffer_slice(&out)));
  zd_buffer_free(&out);
}

static void print_item(fhirpath_run *r, zd_fhirpath_item item) {
  zd_slice type = zd_fhirpath_type_name(r->schema, item, false, &r->arena);
  zd_slice text = zd_fhirpath_text(r->schema, item, &r->arena), path = {NULL, 0};
  bool node = item.kind == ZD_FP_NODE;
  if (node) path = zd_tree_location(item.as.tree, item.n, &r->arena);
  bool complex = node && text.p && !item.as.tree->nodes[item.n].p;
  if (r->a->json) {
    print_json(r, type, path, text, complex);
    return;
  }
  if (r->many) printf("%s  ", r->file);
  printf("%.*s%s%.*s%s%.*s\n", ZD_SV(path), path.n ? "  " : "", ZD_SV(type), text.p ? "  " : "",
         ZD_SV(text));
}

static void print_trace(void *state, zd_slice name, const zd_fhirpath_items *items) {
  fhirpath_run *r = (fhirpath_run *)state;
  for (size_t i = 0; i < items->n; i++) {
    zd_slice text = zd_fhirpath_text(r->schema, items->items[i], &r->arena);
    fprintf(stderr, "trace %.*s: %.*s\n", ZD_SV(name), ZD_SV(text));
  }
}

/* ---- running ---- */

/* On each of what `contexts` holds; each may have another type. */
static zd_err run_on(fhirpath_run *r, zd_slice expression, const zd_fhirpath_env *env,
                     zd_fhirpath_items contexts, bool print, zd_fhirpath_items *last,
                     zd_fault *fault) {
  for (size_t i = 0; i < contexts.n; i++) {
    zd_fhirpath_item at = contexts.items[i];
    if (at.kind != ZD_FP_NODE)
      return zd_fail(fault, ZD_ERR_INVALID, "--context must give elements of the resource");
    zd_fhirpath_options how = {
        .schema = r->schema, .context = at.as.tree->nodes[at.n].type, .lenient = r->a->lenient};
    const zd_fhirpath *program;
    zd_err err = zd_fhirpath_compile(&how, expression, &r->arena, &program, fault);
    if (!err) err = zd_fhirpath_eval(program, env, at.as.tree, at.n, &r->arena, last, fault);
    if (err) return err;
    for (size_t k = 0; print && k < last->n; k++) print_item(r, last->items[k]);
  }
  return ZD_OK;
}

static zd_err run_file(fhirpath_run *r, zd_fault *fault) {
  zd_fhirpath_world world = {.state = r, .trace = print_trace};
  zd_fhirpath_env env = {.now_ms = zd_clock_now(zd_clock_system()), .world = &world};
  zd_tree tree;
  zd_fhirpath_items contexts, last;
  zd_err err = read_resource(r, &tree, fault);
  if (err) return err;
  zd_fhirpath_item root = zd_fhirpath_node(&tree, 0);
  contexts = (zd_fhirpath_items){&root, 1};
  if (r->a->context) {
    err = run_on(r, zd_slice_of(r->a->context), &env, contexts, false, &last, fault);
    if (err) return err;
    contexts = last;
  }
  return run_on(r, zd_slice_of(r->a->rest[0]), &env, contexts, true, &last, fault);
}

int zd_command_fhirpath(const zd_arguments *a) {
  if (a->rest_count < 2) {
    fprintf(stderr, "zdravo fhirpath: an expression and a file are needed\n");
    return ZD_EXIT_USAGE;
  }
  fhirpath_run r = {.a = a, .schema = zd_schema_r4(), .many = a->rest_count > 2};
  zd_fault fault = {0};
  zd_err err = ZD_OK;
  zd_arena_init(&r.arena, 0);
  for (size_t i = 1; i < a->rest_count && !err; i++) {
    r.file = a->rest[i];
    err = run_file(&r, &fault);
    zd_arena_reset(&r.arena);
  }
  zd_arena_free(&r.arena);
  return err ? zd_cli_fail(err, &fault) : ZD_EXIT_OK;
}
