/* say.c: findings with their place. */
#include "validate/run.h"

void zd_run_fail(zd_run *r, zd_err err, const char *why) {
  if (r->err == ZD_OK) r->err = zd_fail(&r->fault, err, "%s", why);
}

zd_slice zd_number_text(zd_run *r, uint64_t n) {
  char room[ZD_DIGITS];
  return zd_arena_copy(r->arena, zd_slice_digits(n, room));
}

static zd_slice kept(zd_run *r, zd_slice text) {
  if (!text.p) return text;
  zd_slice copy = zd_arena_copy(r->arena, text);
  if (!copy.p) zd_run_fail(r, ZD_ERR_MEMORY, "no memory for findings");
  return copy;
}

static void place(const zd_run *r, uint32_t node, zd_finding *f) {
  if (!r->tree->source.p) return;
  uint32_t at = r->tree->nodes[node].source;
  if (at > r->tree->source.n) return;
  zd_json_place(r->tree->source, at, &f->line, &f->column);
}

void zd_run_say(zd_run *r, zd_subject about, const zd_say *say) {
  if (r->trial) {
    r->trial_errors += say->severity <= ZD_ERROR;
    return;
  }
  if (r->out->n >= r->out->limit) {
    r->out->errors += say->severity <= ZD_ERROR;
    r->out->dropped++;
    return;
  }
  zd_finding f = {.severity = say->severity, .code = say->code, .message = say->message};
  for (size_t i = 0; i < 3; i++) f.text[i] = kept(r, say->text[i]);
  f.location = zd_tree_location(r->tree, about.node, r->arena);
  if (!f.location.p) zd_run_fail(r, ZD_ERR_MEMORY, "no memory for findings");
  place(r, about.node, &f);
  f.rule = kept(r, say->rule);
  f.source = kept(r, say->source);
  if (about.rules && !f.rule.p) f.rule = about.rules->rows[about.row].e.id;
  if (about.rules && !f.source.p) f.source = about.rules->url;
  zd_findings_add(r->out, &f);
}
