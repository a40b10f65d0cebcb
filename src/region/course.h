/* course.h: when a resident meets the health service, and what for.
 *
 * Events per year and resident are those of region.md 1.2, multiplied by age (the young and the old
 * come more often). Planned before anything is written, then sorted, so that resources of a
 * resident come in order of time.
 */
#ifndef ZD_REGION_COURSE_H
#define ZD_REGION_COURSE_H

#include "region/illness.h"

typedef enum zd_event_kind {
  ZD_EVENT_CHECKUP,    /* preventive examination */
  ZD_EVENT_OTHER,      /* prescription, certificate, vaccination, consultation */
  ZD_EVENT_URGENT,     /* same-day visit */
  ZD_EVENT_EPISODE,    /* first visit for a disease */
  ZD_EVENT_FOLLOW_UP,  /* further visit of the episode before */
  ZD_EVENT_DISPENSARY, /* planned observation of a registered disease */
  ZD_EVENT_AMBULANCE,
  ZD_EVENT_ADMISSION,
  ZD_EVENT_DAY_HOSPITAL,
  ZD_EVENT_KINDS
} zd_event_kind;

typedef struct zd_event {
  int32_t day;
  uint16_t number;      /* order of planning: breaks ties */
  uint16_t first;       /* of a follow-up: the number of its episode's first visit */
  uint8_t kind, visits; /* visits: of an episode, how many in all */
  bool chronic;         /* for a registered disease of his, not an acute one */
  uint8_t disease;
  const zd_illness *illness; /* of acute ones; NULL: to be picked */
} zd_event;

enum { ZD_EVENTS_MOST = 512 };

typedef struct zd_course {
  unsigned count;
  zd_event event[ZD_EVENTS_MOST];
} zd_course;

/* The resident's events between `from` and the day before `end`, his birth and death. */
void zd_course_plan(zd_random *dice, const zd_block *block, const zd_person *person,
                    const zd_health *health, int32_t from, int32_t end, zd_course *course);

#endif
