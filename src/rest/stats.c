/* stats.c: Observation/$stats (R4 observation-operation-stats.html): statistics.h over what
 * stats_gather.c finds, as Observations in Parameters. */
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "rest/period.h"

#include "rest/definition.h"
#include "rest/stats.h"

#define SYSTEM "http://terminology.hl7.org/CodeSystem/observation-statistics"
#define ABSENT "http://terminology.hl7.org/CodeSystem/data-absent-reason"
#define UCUM "http://unitsofmeasure.org"

static void add(zd_buffer *out, const char *text) {
  zd_buffer_add_slice(out, zd_slice_of(text));
}

static void add_string(zd_buffer *out, const char *name, zd_slice value) {
  zd_buffer_add_char(out, '"');
  add(out, name);
  add(out, "\":\"");
  zd_buffer_add_json(out, value);
  zd_buffer_add_char(out, '"');
}

/* ---- figures ---- */

/* A unit made of the values' own, as UCUM writes it and as a person does. */
static void add_unit(zd_call *c, const zd_stats_group *g, const char *form, zd_buffer *out) {
  zd_slice one = ZD_S("1"), code = g->unit_code.p ? g->unit_code : one;
  zd_slice unit = g->unit.p ? g->unit : one;
  zd_slice texts[] = {unit, code};
  for (int i = 0; i < 2; i++) {
    if (*form == '2') /* squared */
      texts[i] = zd_arena_printf(c->arena, "(%.*s).(%.*s)", ZD_SV(texts[i]), ZD_SV(texts[i]));
    if (*form == 'h') /* an hour */
      texts[i] = zd_arena_printf(c->arena, "(%.*s)/h", ZD_SV(texts[i]));
    if (*form == '1') texts[i] = one;
  }
  add_string(out, "unit", texts[0]);
  add(out, ",");
  add_string(out, "system", ZD_S(UCUM));
  add(out, ",");
  add_string(out, "code", texts[1]);
}

/* `why` NULL: the figure is in `figure`; else it cannot be computed. */
static void add_component(zd_call *c, const zd_stats_group *g, zd_statistic which, const char *text,
                          const char *form, zd_slice figure, const char *why, zd_buffer *out) {
  const zd_statistic_info *info = zd_statistic_named(which);
  add(out, "{\"code\":{\"coding\":[{");
  add_string(out, "system", ZD_S(SYSTEM));
  add(out, ",");
  add_string(out, "code", zd_slice_of(info->code));
  add(out, ",");
  add_string(out, "display", zd_slice_of(info->display));
  add(out, "}]");
  if (text) {
    add(out, ",");
    add_string(out, "text", zd_slice_of(text));
  }
  add(out, "},");
  if (why) {
    add(out, "\"dataAbsentReason\":{\"coding\":[{");
    add_string(out, "system", ZD_S(ABSENT));
    add(out, ",\"code\":\"not-applicable\"}],");
    add_string(out, "text", zd_slice_of(why));
    add(out, "}}");
    return;
  }
  add(out, "\"valueQuantity\":{\"value\":");
  zd_buffer_add_slice(out, figure);
  add(out, ",");
  add_unit(c, g, form, out);
  add(out, "}}");
}

/* "intercept at 2024-01-01T00:00:00.000Z" */
static const char *intercept_text(zd_call *c, const zd_stats_group *g) {
  char time[24];
  zd_clock_format((int64_t)(g->sample.origin * 3.6e6), time);
  return zd_arena_printf(c->arena, "intercept at %.24s", time).p;
}

static zd_err add_figure(zd_call *c, const zd_stats_group *g, zd_statistic which, zd_buffer *out) {
  static const char *const forms[] = {"", "2", "1"};
  bool regression = which == ZD_STAT_REGRESSION;
  zd_buffer figure;
  zd_buffer_init(&figure, 0);
  const char *why = zd_sample_figure(&g->sample, which, &figure);
  add_component(c, g, which, regression ? "gradient" : NULL,
                regression ? "h" : forms[zd_statistic_named(which)->unit], zd_buffer_slice(&figure),
                why, out);
  if (regression) {
    zd_buffer_clear(&figure);
    why = zd_sample_intercept(&g->sample, &figure);
    add(out, ",");
    add_component(c, g, which, intercept_text(c, g), "", zd_buffer_slice(&figure), why, out);
  }
  zd_err err = zd_buffer_error(&figure);
  zd_buffer_free(&figure);
  return err;
}

/* ---- Observations ---- */

static void add_code(const zd_stats_group *g, zd_buffer *out) {
  add(out, "\"code\":{");
  if (g->code.p) {
    add(out, "\"coding\":[{");
    if (g->system.p) {
      add_string(out, "system", g->system);
      add(out, ",");
    }
    add_string(out, "code", g->code);
    add(out, "}]");
  } else {
    add_string(out, "text", g->text.p ? g->text : ZD_S("(no code)"));
  }
  add(out, "},");
}

static void add_period(const zd_stats *s, zd_buffer *out) {
  if (!s->from.p && !s->to.p) return;
  add(out, "\"effectivePeriod\":{");
  if (s->from.p) add_string(out, "start", s->from);
  if (s->from.p && s->to.p) add(out, ",");
  if (s->to.p) add_string(out, "end", s->to);
  add(out, "},");
}

static zd_err add_group(const zd_stats *s, const zd_stats_group *g, bool first, zd_buffer *out) {
  zd_err err = ZD_OK;
  add(out, first ? "{" : ",{");
  add(out,
      "\"name\":\"statistics\",\"resource\":{\"resourceType\":\"Observation\","
      "\"status\":\"final\",");
  add_code(g, out);
  add(out, "\"subject\":{");
  add_string(out, "reference", s->subject);
  add(out, "},");
  add_period(s, out);
  add(out, "\"component\":[");
  for (size_t i = 0; i < s->wanted_count && err == ZD_OK; i++) {
    if (i) add(out, ",");
    err = add_figure(s->call, g, s->order[i], out);
  }
  add(out, "]}}");
  return err;
}

/* ---- samples ---- */

/* "mg/dL, mmol/L" */
static zd_slice unit_list(zd_call *c, const zd_stats_group *g) {
  zd_slice list = {NULL, 0};
  for (size_t i = 0; g->units.slots && i <= g->units.mask && list.n < 200; i++) {
    const zd_texts_slot *slot = &g->units.slots[i];
    if (slot->hash)
      list = zd_arena_printf(c->arena, "%.*s%s%.*s", ZD_SV(list), list.n ? ", " : "", (int)slot->n,
                             g->units.bytes.p + slot->at);
  }
  return list;
}

/* Where hours begin: with the period, else with the first value. */
static double origin_of(const zd_stats *s, const zd_sample *sample) {
  int64_t from, to;
  double first = INFINITY;
  if (s->from.p && zd_period_parse(s->from, &from, &to)) return (double)from / 3.6e6;
  for (size_t i = 0; i < sample->n; i++)
    if (sample->values[i].hours < first) first = sample->values[i].hours;
  return sample->n ? first : 0;
}

static bool make_ready(zd_stats *s, zd_stats_group *g, zd_answer *a) {
  zd_slice name = g->code.p ? g->code : g->text;
  zd_err err = zd_stats_unify(g, s->call->arena);
  if (err == ZD_ERR_REFUSED) {
    zd_slice units = unit_list(s->call, g);
    zd_answer_fail(s->call, a, 422, ZD_ISSUE_PROCESSING, ZD_S("Observation.value"),
                   "the values of %.*s are in units that UCUM does not convert into one of them "
                   "exactly (%.*s); nothing is computed from a mixture",
                   ZD_SV(name), ZD_SV(units));
    return false;
  }
  if (err != ZD_OK) {
    zd_answer_unanswered(s->call, a, err, NULL);
    return false;
  }
  g->sample.values = (zd_measured *)(void *)g->values.p;
  g->sample.origin = origin_of(s, &g->sample);
  if (zd_sample_ready(&g->sample) == ZD_OK) return true;
  zd_answer_fail(s->call, a, 422, ZD_ISSUE_PROCESSING, ZD_S("Observation.value"),
                 "the values of %.*s differ so much in size that they have more than 27 digits in "
                 "all; nothing is computed from them",
                 ZD_SV(name));
  return false;
}

static int recent_first(const void *a, const void *b) {
  const zd_stats_source *x = a, *y = b;
  if (x->time != y->time) return x->time > y->time ? -1 : 1;
  return x->row > y->row ? -1 : x->row < y->row;
}

/* What the figures rest on, most recent first, each once. */
static zd_err add_sources(zd_stats *s, bool first, zd_buffer *out, zd_fault *fault) {
  enum { MOST_BYTES = 256 << 20 };
  zd_stats_source *list = (zd_stats_source *)(void *)s->sources.p;
  size_t n = s->sources.n / sizeof *list;
  uint64_t given = 0;
  if (!n) return ZD_OK;
  qsort(list, n, sizeof *list, recent_first);
  zd_err err = ZD_OK;
  for (size_t i = 0; err == ZD_OK && i < n && (!s->limit || given < s->limit); i++) {
    zd_record record;
    if (i && list[i].row == list[i - 1].row) continue;
    add(out, first && !given ? "{" : ",{");
    add(out, "\"name\":\"source\",\"resource\":");
    err = zd_snapshot_read(s->v, list[i].row, false, s->call->arena, &record, fault);
    if (err == ZD_OK) err = zd_render(s->call, s->in, &record, out);
    add(out, "}");
    given++;
    if (out->n > MOST_BYTES)
      err = zd_fail(fault, ZD_ERR_LIMIT, "the sources have more than %d MiB; give a limit",
                    MOST_BYTES >> 20);
  }
  return err;
}

/* ---- the answer ---- */

static bool answer(zd_stats *s, zd_answer *a) {
  zd_fault fault = {0};
  bool first = true;
  zd_err err = ZD_OK;
  add(&a->body, "{\"resourceType\":\"Parameters\",\"parameter\":[");
  for (size_t i = 0; i < s->code_count; i++) {
    zd_stats_code *code = &s->codes[i];
    for (size_t k = 0; k < code->group_count; k++) {
      if (!k && !code->groups[0].sample.total && code->panel) continue;
      if (!make_ready(s, &code->groups[k], a)) return false;
      if (err == ZD_OK) err = add_group(s, &code->groups[k], first, &a->body);
      first = false;
    }
  }
  if (err == ZD_OK) err = add_sources(s, first, &a->body, &fault);
  add(&a->body, "]}");
  if (err == ZD_OK) return true;
  zd_buffer_clear(&a->body);
  zd_answer_unanswered(s->call, a, err, &fault);
  return false;
}

void zd_run_stats(zd_call *c, const zd_interaction *in, zd_answer *a) {
  zd_stats s = {.call = c, .in = in};
  zd_buffer_init(&s.sources, 0);
  bool fine = zd_stats_ask(&s, a);
  if (fine && (in->summary != ZD_SUMMARY_NONE || in->element_count))
    fine = zd_argument_refuse(c, a, in->element_count ? ZD_S("_elements") : ZD_S("_summary"),
                              ZD_ISSUE_NOT_SUPPORTED, "figures are not shortened");
  zd_err err = fine ? zd_call_snapshot(c, ZD_NO_ROW, &s.v) : ZD_OK;
  if (err != ZD_OK) zd_answer_unanswered(c, a, err, NULL);
  fine = fine && err == ZD_OK;
  for (size_t i = 0; fine && i < s.code_count; i++) fine = zd_stats_gather(&s, &s.codes[i], a);
  if (fine) answer(&s, a);
  for (size_t i = 0; i < s.code_count; i++) zd_stats_code_free(&s.codes[i]);
  zd_buffer_free(&s.sources);
  if (s.v) zd_snapshot_release(s.v);
}
