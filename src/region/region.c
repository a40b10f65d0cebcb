#include "region/region.h"

#include <stdlib.h>

#include "base/clock.h"
#include "region/chart.h"
#include "region/dice.h"

zd_region_options zd_region_defaults(void) {
  return (zd_region_options){.seed = 1, .residents = 1000, .from_year = 2023, .years = 3};
}

static zd_err check(const zd_region_options *o, zd_fault *fault) {
  if (o->residents < 100 || o->residents > 1000000)
    return zd_fail(fault, ZD_ERR_INVALID, "residents must be 100 to 1000000, not %u", o->residents);
  if (o->years < 1 || o->years > 10)
    return zd_fail(fault, ZD_ERR_INVALID, "years must be 1 to 10, not %u", o->years);
  if (o->from_year < 1990 || o->from_year > 2100)
    return zd_fail(fault, ZD_ERR_INVALID, "the first year must be 1990 to 2100, not %u",
                   o->from_year);
  if (o->dirt_ppm > 500000)
    return zd_fail(fault, ZD_ERR_INVALID, "at most half of the residents may be dirty");
  return ZD_OK;
}

static zd_err build(zd_region *r) {
  uint32_t residents = r->options.residents;
  r->from = (int32_t)zd_clock_days(r->options.from_year, 1, 1);
  r->end = (int32_t)zd_clock_days(r->options.from_year + r->options.years, 1, 1);
  uint16_t districts = zd_supply_scaled(ZD_ORG_DISTRICT_HOSPITAL, residents);
  zd_err err = zd_places_build(&r->places, residents, districts, &r->arena);
  if (err == ZD_OK) err = zd_supply_build(&r->supply, &r->places, residents, &r->arena);
  if (err == ZD_OK) err = zd_lab_texts(r->analyte, &r->arena);
  r->kin = (zd_kin_setting){.seed = r->options.seed,
                            .residents = residents,
                            .from = r->from,
                            .end = r->end,
                            .sums = r->places.sums,
                            .settlements = r->places.count};
  return err;
}

zd_err zd_region_open(const zd_region_options *options, zd_region **out, zd_fault *fault) {
  *out = NULL;
  zd_err err = check(options, fault);
  if (err != ZD_OK) return err;
  zd_region *r = calloc(1, sizeof *r);
  if (!r) return zd_fail(fault, ZD_ERR_MEMORY, "out of memory");
  r->options = *options;
  zd_arena_init(&r->arena, 64u << 20);
  err = build(r);
  if (err != ZD_OK) {
    zd_region_close(r);
    return zd_fail(fault, err, "out of memory");
  }
  *out = r;
  return ZD_OK;
}

void zd_region_close(zd_region *r) {
  if (!r) return;
  zd_arena_free(&r->arena);
  free(r);
}

static void start_chart(zd_chart *c, const zd_region *region, const zd_block *block,
                        const zd_person *person, zd_sheets *sheets) {
  /* The tables by event number are written before they are read. */
  memset(c->made, 0, sizeof c->made);
  memset(c->chronic, 0, sizeof c->chronic);
  c->region = region;
  c->block = block;
  c->person = person;
  c->sheets = sheets;
  zd_dice_seed(&c->dice, region->options.seed, ZD_DICE_COURSE, person->index);
  zd_health_draw(region->options.seed, person, region->end, &c->health);
  memset(&c->lab, 0, sizeof c->lab);
  c->lab.seed = region->options.seed;
  c->lab.person = person;
  c->lab.health = &c->health;
  c->lab.dice = &c->dice;
  c->lab.from = region->from;
  c->polyclinic =
      zd_supply_polyclinic(&region->supply, &region->places, person->settlement, person->household);
  c->patient = zd_chart_ref(c, ZD_REGION_PATIENT, 0);
  c->condition = 0;
  c->sick = 0;
  c->flu_season = 0;
  c->vaccinated = person->born > region->from ? person->born : region->from;
  for (unsigned i = 0; i < ZD_DRUGS_MOST; i++) /* earlier prescriptions run out at some time */
    c->renewed[i] = region->from + (int32_t)zd_dice_below(&c->dice, 90);
}

void zd_region_write_resident(const zd_region *region, const zd_block *block, uint16_t member,
                              zd_sheets *sheets) {
  zd_chart chart;
  zd_ref second;
  const zd_person *person = &block->member[member];
  start_chart(&chart, region, block, person, sheets);
  zd_chart_person(&chart);
  zd_chart_allergy(&chart);
  zd_chart_chronic(&chart);
  bool twice = region->options.dirt_ppm && zd_dirt_write(&chart, &second);
  zd_ref first = chart.patient;
  zd_course_plan(&chart.dice, block, person, &chart.health, region->from, region->end,
                 &chart.course);
  for (unsigned i = 0; i < chart.course.count; i++) {
    /* a second registration takes a part of the record with it */
    bool other = twice && zd_mix(person->index, chart.course.event[i].number) % 4 == 0;
    chart.patient = other ? second : first;
    zd_chart_event(&chart, &chart.course.event[i]);
  }
}

/* ---- streaming ---- */

static zd_err pour(const zd_sheets *sheets, zd_region_sink sink, void *context) {
  zd_err err = zd_sheets_error(sheets);
  for (int t = 0; t <= ZD_REGION_TYPES && err == ZD_OK; t++) {
    zd_slice rest = zd_buffer_slice(&sheets->of[t]);
    while (rest.n && err == ZD_OK) {
      size_t end = zd_slice_find(rest, '\n');
      err = sink(context, (zd_region_type)t, (zd_slice){rest.p, end});
      rest = zd_slice_from(rest, end + 1);
    }
  }
  return err;
}

zd_err zd_region_supply(const zd_region *region, zd_region_sink sink, void *context) {
  zd_sheets sheets;
  zd_sheets_init(&sheets);
  zd_supply_write(region, &sheets);
  zd_err err = pour(&sheets, sink, context);
  zd_sheets_free(&sheets);
  return err;
}

zd_err zd_region_residents(const zd_region *region, uint32_t first, uint32_t count,
                           zd_region_sink sink, void *context) {
  uint32_t residents = region->options.residents;
  if (first > residents || count > residents - first) return ZD_ERR_INVALID;
  zd_block *block = malloc(sizeof *block);
  if (!block) return ZD_ERR_MEMORY;
  zd_sheets sheets;
  zd_sheets_init(&sheets);
  zd_err err = ZD_OK;
  for (uint32_t i = first; i < first + count && err == ZD_OK; i++) {
    if (i == first || i % ZD_BLOCK == 0) zd_kin_draw(&region->kin, i - i % ZD_BLOCK, block);
    zd_sheets_clear(&sheets);
    zd_region_write_resident(region, block, (uint16_t)block->at[i - block->first], &sheets);
    err = pour(&sheets, sink, context);
  }
  zd_sheets_free(&sheets);
  free(block);
  return err;
}

zd_err zd_region_resident(const zd_region *region, uint32_t index, zd_region_sink sink,
                          void *context) {
  return zd_region_residents(region, index, 1, sink, context);
}
