#include "region/course.h"

#include "region/dice.h"

/* Events per 1,000 residents and year (region.md 1.2). */
static const uint16_t RATE[ZD_EVENT_KINDS] = {
    [ZD_EVENT_CHECKUP] = 700, /* 311 preventive and 389 complex visits */
    [ZD_EVENT_OTHER] = 2133,    [ZD_EVENT_URGENT] = 540,      [ZD_EVENT_EPISODE] = 1788,
    [ZD_EVENT_FOLLOW_UP] = 0,   [ZD_EVENT_DISPENSARY] = 0,    [ZD_EVENT_AMBULANCE] = 280,
    [ZD_EVENT_ADMISSION] = 142, [ZD_EVENT_DAY_HOSPITAL] = 67,
};
/* Admissions are 160 in all: births, infarctions and strokes are planned apart. */

/* How much more often than the average a band comes, percent; averages to 100 over the pyramid
 * (design). Columns: polyclinic, ambulance and hospital. */
static const uint16_t OFTEN[2][ZD_AGE_BANDS] = {
    {190, 120, 110, 90, 62, 62, 62, 70, 70, 72, 95, 95, 122, 128, 160, 162, 142},
    {120, 60, 50, 55, 60, 60, 58, 62, 70, 80, 95, 110, 135, 165, 205, 270, 330},
};

/* Acute infarction per 100,000 and year by band: 1.08 per mille of all; strokes are 2.04 times as
 * many, and a tenth as many bleed (region.md 1.1). */
static const uint16_t INFARCTION[ZD_AGE_BANDS] = {0,  0,   0,   0,   0,   0,   4,   13, 31,
                                                  62, 106, 168, 230, 283, 354, 442, 575};

/* Dispensary visits per year of the registered: 262 per 1,000 residents in all. */
static uint32_t dispensary_rate(const zd_health *h) {
  uint32_t rate = 0;
  for (zd_disease d = 0; d < ZD_HYPOTHYROID; d++)
    if (zd_health_registered(h, d)) rate += d == ZD_HYPERTENSION ? 650 : 1100;
  return rate > 4000 ? 4000 : rate;
}

static zd_event *add(zd_course *c, int32_t day, zd_event_kind kind) {
  if (c->count == ZD_EVENTS_MOST) return NULL;
  zd_event *e = &c->event[c->count];
  *e = (zd_event){.day = day, .number = (uint16_t)c->count, .kind = (uint8_t)kind, .visits = 1};
  c->count++;
  return e;
}

/* Planned care on weekdays; 1970-01-01 was a Thursday. */
static int32_t working_day(int32_t day) {
  int32_t weekday = (day + 3) % 7; /* 0: Monday */
  return weekday < 5 ? day : day - (weekday - 4);
}

typedef struct plan {
  zd_random *dice;
  const zd_person *person;
  const zd_health *health;
  int32_t from, end; /* of this person: after birth, before death */
  zd_course *course;
} plan;

/* One of the registered diseases, or ZD_DISEASES. */
static zd_disease registered_one(plan *p) {
  unsigned count = (unsigned)__builtin_popcount(p->health->registered);
  if (count == 0) return ZD_DISEASES;
  unsigned k = zd_dice_below(p->dice, count);
  for (zd_disease d = 0; d < ZD_DISEASES; d++)
    if (zd_health_registered(p->health, d) && k-- == 0) return d;
  return ZD_DISEASES;
}

static void make_chronic(plan *p, zd_event *e) {
  zd_disease d = registered_one(p);
  if (d == ZD_DISEASES || p->health->onset[d] > e->day) return;
  e->chronic = true;
  e->disease = (uint8_t)d;
}

/* 1.8 visits an episode, so that all visits come to 6.9 a year (region.md 1.2). */
static void add_follow_ups(plan *p, zd_event *e) {
  static const uint16_t share[] = {42, 40, 15, 3};
  uint16_t first = e->number;
  int32_t day = e->day;
  unsigned visits = 1 + zd_dice_pick(p->dice, share, 4);
  e->visits = (uint8_t)visits;
  bool chronic = e->chronic;
  uint8_t disease = e->disease;
  for (unsigned i = 1; i < visits; i++) {
    day = working_day(day + zd_dice_between(p->dice, 4, 11));
    if (day >= p->end) return;
    zd_event *more = add(p->course, day, ZD_EVENT_FOLLOW_UP);
    if (!more) return;
    more->first = first;
    more->chronic = chronic;
    more->disease = disease;
  }
}

static void plan_kind(plan *p, zd_event_kind kind, uint32_t per_year_milli) {
  int32_t days = p->end - p->from;
  for (int32_t at = 0; at < days; at += 365) { /* a year at a time keeps each mean small */
    int32_t span = days - at < 365 ? days - at : 365;
    unsigned n = zd_dice_poisson(p->dice, per_year_milli * (uint32_t)span / 365);
    for (unsigned i = 0; i < n; i++) {
      int32_t day = p->from + at + (int32_t)zd_dice_below(p->dice, (uint32_t)span);
      bool planned = kind != ZD_EVENT_AMBULANCE && kind != ZD_EVENT_ADMISSION;
      if (planned) day = working_day(day);
      if (day < p->from) day = p->from;
      zd_event *e = add(p->course, day, kind);
      if (!e) return;
      if (kind == ZD_EVENT_DISPENSARY) make_chronic(p, e);
      if (kind == ZD_EVENT_DAY_HOSPITAL) make_chronic(p, e);
      if ((kind == ZD_EVENT_EPISODE || kind == ZD_EVENT_ADMISSION) &&
          zd_dice_chance(p->dice, 300000))
        make_chronic(p, e);
      if (kind == ZD_EVENT_EPISODE) add_follow_ups(p, e);
    }
  }
}

/* An attack brings an ambulance and an admission on the same day. */
static void plan_attack(plan *p, const zd_illness *illness, uint32_t per_100000) {
  int32_t days = p->end - p->from;
  uint64_t ppm = (uint64_t)per_100000 * 10 * (uint32_t)days / 365;
  ppm = ppm * (p->person->female ? 75 : 130) / 100;
  if (!zd_dice_chance(p->dice, (uint32_t)ppm)) return;
  int32_t day = p->from + (int32_t)zd_dice_below(p->dice, (uint32_t)days);
  zd_event *call = add(p->course, day, ZD_EVENT_AMBULANCE);
  if (call) call->illness = illness;
  zd_event *stay = add(p->course, day, ZD_EVENT_ADMISSION);
  if (stay) stay->illness = illness;
}

static void plan_births(plan *p, const zd_block *b) {
  if (!p->person->female) return;
  for (int i = 0; i < b->count; i++) {
    const zd_person *child = &b->member[i];
    if (child->mother == ZD_NOBODY || &b->member[child->mother] != p->person) continue;
    if (child->twin != ZD_NOBODY && child->twin < i) continue;
    if (child->born < p->from || child->born >= p->end) continue;
    zd_event *e = add(p->course, child->born, ZD_EVENT_ADMISSION);
    if (e) e->illness = &ZD_ILLNESS_BIRTH;
  }
}

static void sort(zd_course *c) { /* insertion: short, nearly ordered runs, no recursion */
  for (unsigned i = 1; i < c->count; i++) {
    zd_event e = c->event[i];
    unsigned k = i;
    while (k > 0 && (c->event[k - 1].day > e.day ||
                     (c->event[k - 1].day == e.day && c->event[k - 1].number > e.number))) {
      c->event[k] = c->event[k - 1];
      k--;
    }
    c->event[k] = e;
  }
}

void zd_course_plan(zd_random *dice, const zd_block *block, const zd_person *person,
                    const zd_health *health, int32_t from, int32_t end, zd_course *course) {
  plan p = {dice, person, health, from, end, course};
  if (person->born > from) p.from = person->born;
  if (person->died < end) p.end = person->died;
  course->count = 0;
  if (p.from >= p.end) return;
  bool frail = health->registered != 0;
  for (zd_event_kind k = 0; k < ZD_EVENT_KINDS; k++) {
    bool urgent = k >= ZD_EVENT_AMBULANCE;
    uint32_t rate = (uint32_t)RATE[k] * OFTEN[urgent][person->band] / 100;
    if (k != ZD_EVENT_CHECKUP) rate = rate * (frail ? 128 : 88) / 100;
    if (k == ZD_EVENT_DISPENSARY) rate = dispensary_rate(health);
    plan_kind(&p, k, rate);
  }
  uint32_t attack = INFARCTION[person->band];
  plan_attack(&p, &ZD_ILLNESS_INFARCTION, attack);
  plan_attack(&p, &ZD_ILLNESS_STROKE, attack * 204 / 100);
  plan_attack(&p, &ZD_ILLNESS_HAEMORRHAGE, attack * 23 / 100);
  plan_births(&p, block);
  sort(course);
}
