/* command_validate.c: zdravo validate: resources in files against definitions and profiles */
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "cli/command.h"
#include "fhir/codec.h"
#include "fhir/xml.h"
#include "validate/knowledge.h"

enum { RESOURCE_MAX = 256 << 20 };

/* One run of the command. */
typedef struct validate_run {
  const zd_arguments *a;
  zd_knowledge *knowledge;
  const zd_schema *schema;
  zd_validator *validator;
  zd_language language;
  zd_arena arena; /* of one file */
  size_t errors;
} validate_run;

static void print_finding(const char *file, const zd_finding *f, zd_language language,
                          zd_arena *arena) {
  printf("%s:%u:%u: %s: %.*s", file, f->line, f->column, zd_severity_name(f->severity),
         ZD_SV(zd_finding_text(f, language, arena)));
  if (f->location.n) printf("  (%.*s)", ZD_SV(f->location));
  if (f->rule.p || f->source.p)
    printf("  [%.*s%s%.*s]", ZD_SV(f->rule), f->rule.p && f->source.p ? ", " : "",
           ZD_SV(f->source));
  printf("\n");
}

static void print_findings(validate_run *r, const char *file, const zd_findings *found) {
  if (r->a->json) {
    zd_buffer out;
    zd_buffer_init(&out, 0);
    zd_findings_write_json(found, r->language, &out);
    printf("%.*s\n", ZD_SV(zd_buffer_slice(&out)));
    zd_buffer_free(&out);
    return;
  }
  for (size_t i = 0; i < found->n; i++)
    if (!r->a->quiet || found->items[i].severity <= ZD_ERROR)
      print_finding(file, &found->items[i], r->language, &r->arena);
  if (found->dropped) printf("%s: %zu further findings are not listed\n", file, found->dropped);
  printf("%s: %s\n", file, found->errors ? "not valid" : "valid");
}

static zd_err read_file(validate_run *r, const char *file, zd_slice *text, zd_fault *fault) {
  zd_buffer whole;
  zd_buffer_init(&whole, 0);
  zd_err err = zd_file_read(file, RESOURCE_MAX, &whole, fault);
  *text = err ? ZD_S("") : zd_arena_copy(&r->arena, zd_buffer_slice(&whole));
  zd_buffer_free(&whole);
  if (err) return err;
  if (!text->p) return zd_fail(fault, ZD_ERR_MEMORY, "no memory to read %s", file);
  if (zd_slice_starts(*text, ZD_S("\xEF\xBB\xBF"))) *text = zd_slice_from(*text, 3);
  return ZD_OK;
}

static zd_err validate_file(validate_run *r, const char *file, zd_fault *fault) {
  zd_slice text;
  zd_tree tree;
  zd_issues issues;
  zd_findings found;
  zd_err err = read_file(r, file, &text, fault);
  if (err) return err;
  zd_issues_init(&issues, &r->arena);
  zd_findings_init(&found, &r->arena);
  size_t at = 0;
  while (at < text.n && text.p[at] && strchr(" \t\r\n", text.p[at])) at++;
  bool xml = at < text.n && text.p[at] == '<';
  err = xml ? zd_fhir_read_xml(r->schema, text, ZD_NO_TYPE, NULL, &r->arena, &tree, &issues)
            : zd_fhir_read_json(r->schema, text, ZD_NO_TYPE, NULL, &r->arena, &tree, &issues);
  if (err == ZD_ERR_MEMORY) return zd_fail(fault, err, "no memory to read %s", file);
  zd_findings_add_issues(&found, &issues);
  zd_validate_world world = {.state = r->knowledge, .resolve = zd_knowledge_resolve};
  zd_validate_options how = {.world = &world,
                             .profiles = r->a->profiles.items,
                             .profile_count = r->a->profiles.n,
                             .now_ms = zd_clock_now(zd_clock_system())};
  err = tree.count ? zd_validate(r->validator, &how, &tree, 0, &found, fault) : ZD_OK;
  if (err) return err;
  print_findings(r, file, &found);
  r->errors += found.errors;
  return ZD_OK;
}

static zd_err open_run(validate_run *r, zd_fault *fault) {
  zd_slice url, why;
  zd_err err = zd_knowledge_new(zd_schema_r4(), &r->knowledge, fault);
  for (size_t i = 0; i < r->a->packages.n && !err; i++)
    err = zd_knowledge_add_file(r->knowledge, r->a->packages.items[i].p, fault);
  if (!err) err = zd_knowledge_build(r->knowledge, &r->schema, fault);
  for (size_t i = 0; !err && !r->a->quiet && zd_knowledge_left_out(r->knowledge, i, &url, &why);
       i++)
    fprintf(stderr, "left out %.*s: %.*s\n", ZD_SV(url), ZD_SV(why));
  return err ? err : zd_validator_new(r->schema, &r->validator, fault);
}

int zd_command_validate(const zd_arguments *a) {
  if (!a->rest_count) {
    fprintf(stderr, "zdravo validate: a file is needed\n");
    return ZD_EXIT_USAGE;
  }
  validate_run r = {.a = a};
  zd_fault fault = {0};
  if (a->language && strcmp(a->language, "en") != 0 && strcmp(a->language, "ru") != 0) {
    fprintf(stderr, "zdravo validate: --language is en or ru\n");
    return ZD_EXIT_USAGE;
  }
  r.language = a->language && strcmp(a->language, "ru") == 0 ? ZD_LANGUAGE_RU : ZD_LANGUAGE_EN;
  zd_arena_init(&r.arena, 0);
  zd_err err = open_run(&r, &fault);
  for (size_t i = 0; i < a->rest_count && !err; i++) {
    err = validate_file(&r, a->rest[i], &fault);
    zd_arena_reset(&r.arena);
  }
  zd_arena_free(&r.arena);
  zd_validator_free(r.validator);
  zd_knowledge_free(r.knowledge);
  if (err) return zd_cli_fail(err, &fault);
  return r.errors ? ZD_EXIT_FINDINGS : ZD_EXIT_OK;
}
