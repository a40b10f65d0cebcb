/* stats_ask.c: the parameters of $stats. */
#include "base/clock.h"
#include "rest/period.h"
#include "rest/stats.h"

enum { CODES_MOST = 64 };

typedef enum asked {
  SUBJECT,
  CODE,
  SYSTEM,
  CODING,
  DURATION,
  PERIOD,
  STATISTIC,
  INCLUDE,
  LIMIT,
  ASKED
} asked;

static const struct {
  const char *name;
  bool many, complex;
} parameters[ASKED] = {
    {"subject", false, false},  {"code", true, false},      {"system", false, false},
    {"coding", true, true},     {"duration", false, false}, {"period", false, true},
    {"statistic", true, false}, {"include", false, false},  {"limit", false, false}};

static bool refuse(zd_stats *s, zd_answer *a, const zd_argument *x, const char *wanted) {
  return zd_argument_refuse(s->call, a, x->name, ZD_ISSUE_VALUE, "%.*s is %s, not \"%.*s\"",
                            ZD_SV(x->name), wanted, ZD_SV(x->text));
}

static zd_slice child(zd_stats *s, const zd_argument *x, const char *name) {
  return zd_node_child_text(s->in->tree, x->node, zd_slice_of(name), s->call->arena);
}

static bool is_a(zd_stats *s, const zd_argument *x, const char *type) {
  zd_type t = s->in->tree->nodes[x->node].type;
  return zd_slice_eq(zd_schema_type_info(s->call->rest->schema, t).name, zd_slice_of(type));
}

static bool add_code(zd_stats *s, zd_answer *a, zd_slice system, zd_slice code) {
  if (s->code_count == CODES_MOST)
    return zd_argument_refuse(s->call, a, ZD_S("code"), ZD_ISSUE_TOO_COSTLY,
                              "more than %d codes are asked for at once", CODES_MOST);
  s->codes[s->code_count++] = (zd_stats_code){.system = system, .code = code};
  return true;
}

static bool take_coding(zd_stats *s, const zd_argument *x, zd_answer *a) {
  zd_slice code = is_a(s, x, "Coding") ? child(s, x, "code") : (zd_slice){NULL, 0};
  return code.p ? add_code(s, a, child(s, x, "system"), code)
                : refuse(s, a, x, "a Coding with a code");
}

static bool take_period(zd_stats *s, const zd_argument *x, zd_answer *a) {
  if (!is_a(s, x, "Period")) return refuse(s, a, x, "a Period");
  s->from = child(s, x, "start");
  s->to = child(s, x, "end");
  s->bounded = true;
  return true;
}

/* Hours back from now; a part of a millisecond is left out. */
static bool take_duration(zd_stats *s, const zd_argument *x, zd_answer *a) {
  zd_measured hours;
  char from[24], to[24];
  int64_t now = zd_clock_now(zd_clock_system());
  zd_whole ms = 0;
  bool fine = zd_measured_read(x->text, &hours) == ZD_OK && hours.units > 0;
  if (fine) {
    ms = hours.units < (zd_whole)1 << 80 ? hours.units * 3600000 : -1;
    for (int i = 0; i < hours.scale; i++) ms /= 10;
  }
  if (!fine || ms < 0 || ms > now)
    return refuse(s, a, x, "a number of hours, above zero and at most since 1970");
  zd_clock_format(now - (int64_t)ms, from);
  zd_clock_format(now, to);
  s->from = zd_arena_copy(s->call->arena, (zd_slice){from, sizeof from});
  s->to = zd_arena_copy(s->call->arena, (zd_slice){to, sizeof to});
  s->bounded = true;
  return true;
}

static bool take_statistic(zd_stats *s, const zd_argument *x, zd_answer *a) {
  zd_statistic which = zd_statistic_find(x->text);
  if (which == ZD_STATISTICS)
    return refuse(s, a, x,
                  "a code of http://terminology.hl7.org/CodeSystem/observation-statistics");
  if (!s->wanted[which]) s->order[s->wanted_count++] = which;
  s->wanted[which] = true;
  return true;
}

static bool take_include(zd_stats *s, const zd_argument *x, zd_answer *a) {
  s->include = zd_slice_eq(x->text, ZD_S("true"));
  return s->include || zd_slice_eq(x->text, ZD_S("false")) || refuse(s, a, x, "true or false");
}

static bool take_limit(zd_stats *s, const zd_argument *x, zd_answer *a) {
  bool fine = x->text.n > 0 && x->text.n < 10;
  for (size_t i = 0; i < x->text.n && fine; i++) {
    fine = x->text.p[i] >= '0' && x->text.p[i] <= '9';
    s->limit = s->limit * 10 + (uint64_t)(x->text.p[i] - '0');
  }
  return (fine && s->limit) || refuse(s, a, x, "a number from 1");
}

static bool take(zd_stats *s, asked what, const zd_argument *x, zd_answer *a) {
  switch (what) {
    case SUBJECT:
      s->subject = x->text;
      return x->text.n > 0 || refuse(s, a, x, "a reference");
    case CODE:
      return x->text.n > 0 ? add_code(s, a, (zd_slice){NULL, 0}, x->text)
                           : refuse(s, a, x, "a code");
    case SYSTEM:
      s->system = x->text;
      return x->text.n > 0 || refuse(s, a, x, "a uri");
    case CODING:
      return take_coding(s, x, a);
    case DURATION:
      return take_duration(s, x, a);
    case PERIOD:
      return take_period(s, x, a);
    case STATISTIC:
      return take_statistic(s, x, a);
    case INCLUDE:
      return take_include(s, x, a);
    default:
      return take_limit(s, x, a);
  }
}

/* The right sort of value, and no more than allowed. */
static bool fits(zd_stats *s, const zd_argument *x, asked what, bool given, zd_answer *a) {
  if (what == ASKED)
    return zd_argument_refuse(s->call, a, x->name, ZD_ISSUE_NOT_SUPPORTED,
                              "$stats has no parameter \"%.*s\"", ZD_SV(x->name));
  if (given && !parameters[what].many)
    return zd_argument_refuse(s->call, a, x->name, ZD_ISSUE_VALUE, "%.*s is given twice",
                              ZD_SV(x->name));
  if (parameters[what].complex && x->text.p)
    return zd_argument_refuse(s->call, a, x->name, ZD_ISSUE_NOT_SUPPORTED,
                              "%.*s is a %s: it is given with POST, in Parameters", ZD_SV(x->name),
                              what == CODING ? "Coding" : "Period");
  return parameters[what].complex || x->text.p ||
         zd_argument_refuse(s->call, a, x->name, ZD_ISSUE_VALUE,
                            "the parameter \"%.*s\" has another type", ZD_SV(x->name));
}

static bool is_complete(zd_stats *s, const bool *given, zd_answer *a) {
  const char *missing = NULL;
  if (!given[SUBJECT]) missing = "subject";
  if (!given[STATISTIC]) missing = "statistic";
  if (!given[CODE] && !given[CODING]) missing = "code";
  if (missing)
    return zd_argument_refuse(s->call, a, zd_slice_of(missing), ZD_ISSUE_REQUIRED,
                              "$stats needs `%s`%s", missing,
                              *missing == 'c' ? " with `system`, or `coding`" : "");
  if (given[DURATION] && given[PERIOD])
    return zd_argument_refuse(s->call, a, ZD_S("period"), ZD_ISSUE_VALUE,
                              "duration and period exclude each other");
  return true;
}

bool zd_stats_ask(zd_stats *s, zd_answer *a) {
  const zd_argument *list;
  size_t n;
  bool given[ASKED] = {false};
  if (!zd_arguments(s->call, s->in, &list, &n, a)) return false;
  s->codes = ZD_NEW_ARRAY(s->call->arena, zd_stats_code, CODES_MOST);
  if (!s->codes)
    return zd_argument_refuse(s->call, a, ZD_S("code"), ZD_ISSUE_EXCEPTION, "out of memory");
  for (size_t i = 0; i < n; i++) {
    asked what = 0;
    while (what < ASKED && !zd_slice_eq(list[i].name, zd_slice_of(parameters[what].name))) what++;
    bool fine = fits(s, &list[i], what, what < ASKED && given[what], a);
    if (!fine || what == ASKED) return false; /* fits says so, which the optimiser does not see */
    given[what] = true;
    if (!take(s, what, &list[i], a)) return false;
  }
  /* `system` is that of every `code` */
  for (size_t i = 0; i < s->code_count; i++)
    if (!s->codes[i].system.p && s->system.p) s->codes[i].system = s->system;
  return is_complete(s, given, a);
}
