/* stats.h: one Observation/$stats being answered. Private to rest/. */
#ifndef ZD_REST_STATS_H
#define ZD_REST_STATS_H

#include "rest/observed.h"
#include "rest/statistics.h"
#include "rest/texts.h"

/* A code whose values are one sample. */
typedef struct zd_stats_group {
  zd_slice system, code; /* system absent: any, or none */
  zd_slice text;         /* code absent: what goes by its text alone */
  zd_buffer values;      /* zd_measured by zd_measured */
  zd_sample sample;
  zd_texts units;     /* UCUM codes seen, in order of appearance */
  zd_slice unit_code; /* of the first value, as is what a person reads; what they were unified to */
  zd_slice unit;
} zd_stats_group;

/* One code that was asked for. */
typedef struct zd_stats_code {
  zd_slice system, code;
  zd_stats_group *groups; /* [0]: the code itself; then the parts of panels */
  size_t group_count, group_room;
  zd_texts names;   /* of groups[1..] */
  zd_texts members; /* rows of hasMember counted already */
  bool panel;
} zd_stats_code;

typedef struct zd_stats_source {
  zd_row row;
  int64_t time;
} zd_stats_source;

typedef struct zd_stats {
  zd_snapshot *v;
  zd_call *call;
  const zd_interaction *in;
  zd_slice subject, system;
  zd_slice from, to; /* of the period; absent: open */
  bool bounded;      /* there is a period */
  zd_stats_code *codes;
  size_t code_count;
  bool wanted[ZD_STATISTICS];
  zd_statistic order[ZD_STATISTICS]; /* as they were asked for */
  size_t wanted_count;
  bool include;
  uint64_t limit;    /* 0: none */
  zd_buffer sources; /* zd_stats_source by zd_stats_source; a row may be there twice */
} zd_stats;

/* stats_ask.c: understands what is asked. False: refused, said in `a`. */
bool zd_stats_ask(zd_stats *s, zd_answer *a);
/* stats_gather.c: the values of every code. */
bool zd_stats_gather(zd_stats *s, zd_stats_code *code, zd_answer *a);
/* stats_units.c: brings all values to one unit, exactly. ZD_ERR_REFUSED when that cannot be done
 * (nothing changed); ZD_ERR_MEMORY. */
zd_err zd_stats_unify(zd_stats_group *g, zd_arena *arena);
void zd_stats_code_free(zd_stats_code *code);

#endif
