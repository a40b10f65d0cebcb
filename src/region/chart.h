/* chart.h: one resident's record while it is being written. Private to the module. */
#ifndef ZD_REGION_CHART_H
#define ZD_REGION_CHART_H

#include "region/course.h"
#include "region/lab.h"
#include "region/pen.h"
#include "region/region.h"

struct zd_region {
  zd_region_options options;
  int32_t from, end; /* first day of activity, and the day after the last */
  zd_arena arena;
  zd_places places;
  zd_supply supply;
  zd_kin_setting kin;
  zd_analyte_text analyte[ZD_ANALYTES];
};

/* Where resources go: a buffer of lines per type, ground truth last. One thread. */
typedef struct zd_sheets {
  zd_buffer of[ZD_REGION_TYPES + 1];
  uint64_t count[ZD_REGION_TYPES + 1];
} zd_sheets;

void zd_sheets_init(zd_sheets *sheets);
void zd_sheets_clear(zd_sheets *sheets);
void zd_sheets_free(zd_sheets *sheets);
zd_err zd_sheets_error(const zd_sheets *sheets);

enum { ZD_REF_ROOM = 16 };
typedef struct zd_ref { /* the id of a resource: "p123", "e123-4" */
  char p[ZD_REF_ROOM];
  uint8_t n;
} zd_ref;

typedef struct zd_chart {
  const zd_region *region;
  const zd_block *block;
  const zd_person *person;
  zd_sheets *sheets;
  zd_random dice;
  zd_health health;
  zd_lab lab;
  zd_course course;
  uint16_t polyclinic;
  zd_ref patient;                 /* who the record being written is about */
  uint32_t made[ZD_REGION_TYPES]; /* numbers given to this resident's resources so far */
  uint32_t chronic[ZD_DISEASES];  /* number of the Condition; 0: none yet */
  int32_t renewed[ZD_DRUGS_MOST];
  int32_t vaccinated;  /* the calendar has been served up to this day */
  uint16_t flu_season; /* year of the last influenza vaccination */
  /* by event number, for the follow-ups of an episode */
  uint16_t told[ZD_EVENTS_MOST]; /* number of its Condition */
  const zd_illness *seen[ZD_EVENTS_MOST];
  /* of the event at hand */
  int32_t day;
  unsigned minute;
  zd_ref encounter;
  uint16_t org, doctor;
  uint32_t condition; /* number of the Condition it is about; 0: none */
  int sick;
} zd_chart;

/* Opens a resource `{"resourceType":...,"id":...,"meta":...` numbered anew and returns its buffer;
 * zd_chart_end closes the brace and the line. *ref may be NULL. */
zd_buffer *zd_chart_begin(zd_chart *chart, zd_region_type type, zd_ref *ref);
void zd_chart_end(zd_chart *chart, zd_region_type type);

zd_ref zd_chart_ref(const zd_chart *chart, zd_region_type type, uint32_t number);
/* ,"subject":{"reference":"Patient/p123"} */
void zd_chart_subject(const zd_chart *chart, zd_buffer *b);
/* ,"encounter":{"reference":"Encounter/e123-4"} */
void zd_chart_encounter(const zd_chart *chart, zd_buffer *b);
static inline void zd_pen_ref(zd_buffer *b, const zd_ref *ref) {
  zd_pen(b, ref->p, ref->n);
}

/* ---- person.c: Patient, RelatedPerson, Coverage ---- */
void zd_chart_person(zd_chart *chart);
/* A Patient about `person` under another id, as a second registration office wrote it. */
typedef struct zd_registration {
  zd_ref id;
  zd_slice family, given, patronymic, maiden; /* maiden absent: none recorded */
  int32_t born;
  char snils[11], enp[16];
  bool has_snils, has_enp, has_passport;
  uint8_t series; /* of passport or birth certificate: 0 the residents', 1 namesakes' */
} zd_registration;
void zd_registration_of(const zd_chart *chart, char family[ZD_FAMILY_ROOM],
                        char maiden[ZD_FAMILY_ROOM], zd_registration *r);
void zd_registration_write(zd_chart *chart, const zd_registration *r);

/* ---- visit.c: what happens at an event ---- */
void zd_chart_event(zd_chart *chart, const zd_event *event);

/* ---- clinical.c: the resources of a visit ---- */
uint32_t zd_chart_condition(zd_chart *chart, zd_icd icd, int32_t onset, int32_t end, bool listed);
void zd_chart_chronic(zd_chart *chart); /* Conditions of all registered diseases */
void zd_chart_observation(zd_chart *chart, zd_analyte analyte, zd_ref *ref);
void zd_chart_pressure(zd_chart *chart);
void zd_chart_panel(zd_chart *chart, zd_panel panel);
void zd_chart_image(zd_chart *chart, unsigned kind);
void zd_chart_prescribe(zd_chart *chart, zd_drug drug, bool lasting);
void zd_chart_renew(zd_chart *chart);
void zd_chart_procedure(zd_chart *chart, const char *code, const char *name);
void zd_chart_appointment(zd_chart *chart, unsigned minutes);
void zd_chart_allergy(zd_chart *chart);

enum { ZD_IMAGE_FLUOROGRAPHY, ZD_IMAGE_XRAY, ZD_IMAGE_CT, ZD_IMAGE_MAMMOGRAPHY, ZD_IMAGE_MRI };

/* ---- vaccines.c ---- */
void zd_chart_vaccinate(zd_chart *chart);

/* ---- supply_write.c, dirt.c ---- */
void zd_supply_write(const zd_region *region, zd_sheets *sheets);
/* True when this resident is registered twice; writes the second Patient and its truth. */
bool zd_dirt_write(zd_chart *chart, zd_ref *second);

/* ---- region.c ---- */
void zd_region_write_resident(const zd_region *region, const zd_block *block, uint16_t member,
                              zd_sheets *sheets);

#endif
