/* findings.c: the list of findings, and how it is told. */
#include "validate/run.h"

void zd_findings_init(zd_findings *list, zd_arena *arena) {
  *list = (zd_findings){.arena = arena, .limit = 1000};
}

static zd_finding *next_item(zd_findings *list) {
  if (list->n >= list->limit) return NULL;
  if (list->n == list->room) {
    size_t room = list->room ? list->room * 2 : 8;
    zd_finding *items = ZD_NEW_ARRAY(list->arena, zd_finding, room);
    if (!items) return NULL;
    if (list->n) memcpy(items, list->items, list->n * sizeof *items);
    list->items = items;
    list->room = room;
  }
  return &list->items[list->n];
}

void zd_findings_add(zd_findings *list, const zd_finding *finding) {
  if (finding->severity <= ZD_ERROR) list->errors++;
  zd_finding *item = next_item(list);
  if (!item) {
    list->dropped++;
    return;
  }
  *item = *finding;
  list->n++;
}

void zd_findings_add_issues(zd_findings *list, const zd_issues *issues) {
  for (size_t i = 0; i < issues->n; i++) {
    const zd_issue *x = &issues->items[i];
    zd_findings_add(list, &(zd_finding){.severity = x->severity,
                                        .code = x->code,
                                        .message = ZD_SAY_READ,
                                        .text = {x->diagnostics},
                                        .location = x->expression,
                                        .line = x->line,
                                        .column = x->column});
  }
  list->dropped += issues->dropped;
  size_t errors = 0;
  for (size_t i = 0; i < issues->n; i++) errors += issues->items[i].severity <= ZD_ERROR;
  list->errors += issues->errors - errors;
}

/* ---- OperationOutcome ---- */

static void add_text(zd_buffer *out, const char *before, zd_slice text, const char *behind) {
  zd_buffer_add_slice(out, zd_slice_of(before));
  zd_buffer_add_json(out, text);
  zd_buffer_add_slice(out, zd_slice_of(behind));
}

static void write_extensions(const zd_finding *f, zd_buffer *out) {
  static const char url[] = "http://hl7.org/fhir/StructureDefinition/operationoutcome-issue";
  if (!f->line && !f->source.p) return;
  zd_buffer_add_slice(out, ZD_S("\"extension\":["));
  if (f->line)
    zd_buffer_printf(out,
                     "{\"url\":\"%s-line\",\"valueInteger\":%u},"
                     "{\"url\":\"%s-col\",\"valueInteger\":%u}",
                     url, (unsigned)f->line, url, (unsigned)f->column);
  if (f->source.p) {
    zd_buffer_printf(out, "%s{\"url\":\"%s-source\",", f->line ? "," : "", url);
    add_text(out, "\"valueString\":\"", f->source, "\"}");
  }
  zd_buffer_add_slice(out, ZD_S("],"));
}

static void write_finding(const zd_finding *f, zd_language language, zd_arena *arena,
                          zd_buffer *out) {
  zd_buffer_add_char(out, '{');
  write_extensions(f, out);
  zd_buffer_printf(
      out, "\"severity\":\"%s\",\"code\":\"%s\",\"details\":{\"coding\":[{\"code\":\"%s\"}",
      zd_severity_name(f->severity), zd_issue_code_name(f->code), zd_message_name(f->message));
  if (f->rule.p) add_text(out, ",{\"code\":\"", f->rule, "\"}");
  add_text(out, "],\"text\":\"", zd_finding_text(f, language, arena), "\"}");
  if (f->location.n) add_text(out, ",\"expression\":[\"", f->location, "\"]");
  zd_buffer_add_char(out, '}');
}

void zd_findings_write_json(const zd_findings *list, zd_language language, zd_buffer *out) {
  zd_buffer_add_slice(out, ZD_S("{\"resourceType\":\"OperationOutcome\",\"issue\":["));
  for (size_t i = 0; i < list->n; i++) {
    if (i) zd_buffer_add_char(out, ',');
    write_finding(&list->items[i], language, list->arena, out);
  }
  if (!list->n && !list->dropped)
    zd_buffer_add_slice(out, ZD_S("{\"severity\":\"information\",\"code\":\"informational\","
                                  "\"diagnostics\":\"nothing was found that is wrong\"}"));
  if (list->dropped)
    zd_buffer_printf(out,
                     "%s{\"severity\":\"%s\",\"code\":\"incomplete\","
                     "\"diagnostics\":\"%zu further findings are not listed\"}",
                     list->n ? "," : "", list->errors ? "error" : "information", list->dropped);
  zd_buffer_add_slice(out, ZD_S("]}"));
}
