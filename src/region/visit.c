/* What happens at each kind of event: who, where, when, and which resources come of it. */
#include "region/chart.h"
#include "region/dice.h"

typedef struct visit {
  const zd_event *event;
  const zd_illness *illness; /* NULL: none, or a chronic disease */
  int age;
  int32_t end_day;
  unsigned end_minute;
  zd_setting setting;
} visit;

static const struct {
  const char *class_code, *class_name, *code, *text;
} KIND[ZD_EVENT_KINDS] = {
    [ZD_EVENT_CHECKUP] = {"AMB", "ambulatory", "checkup", "Профилактический осмотр"},
    [ZD_EVENT_OTHER] = {"AMB", "ambulatory", "other", "Посещение с иной целью"},
    [ZD_EVENT_URGENT] = {"AMB", "ambulatory", "urgent", "Посещение в неотложной форме"},
    [ZD_EVENT_EPISODE] = {"AMB", "ambulatory", "episode", "Обращение по заболеванию"},
    [ZD_EVENT_FOLLOW_UP] = {"AMB", "ambulatory", "follow-up", "Повторное посещение"},
    [ZD_EVENT_DISPENSARY] = {"AMB", "ambulatory", "dispensary", "Диспансерное наблюдение"},
    [ZD_EVENT_AMBULANCE] = {"FLD", "field", "ambulance", "Вызов скорой медицинской помощи"},
    [ZD_EVENT_ADMISSION] = {"IMP", "inpatient encounter", "admission",
                            "Госпитализация в круглосуточный стационар"},
    [ZD_EVENT_DAY_HOSPITAL] = {"SS", "short stay", "day-hospital", "Лечение в дневном стационаре"},
};

static zd_position chronic_position(zd_disease d, int age) {
  static const zd_position by_disease[ZD_DISEASES] = {
      [ZD_HYPERTENSION] = ZD_POSITION_THERAPIST,
      [ZD_DIABETES_2] = ZD_POSITION_ENDOCRINOLOGIST,
      [ZD_ISCHAEMIC] = ZD_POSITION_CARDIOLOGIST,
      [ZD_HEART_FAILURE] = ZD_POSITION_CARDIOLOGIST,
      [ZD_FIBRILLATION] = ZD_POSITION_CARDIOLOGIST,
      [ZD_KIDNEY] = ZD_POSITION_THERAPIST,
      [ZD_COPD] = ZD_POSITION_PULMONOLOGIST,
      [ZD_ASTHMA] = ZD_POSITION_PULMONOLOGIST,
      [ZD_CANCER] = ZD_POSITION_ONCOLOGIST,
      [ZD_DIABETES_1] = ZD_POSITION_ENDOCRINOLOGIST,
      [ZD_CEREBROVASCULAR] = ZD_POSITION_NEUROLOGIST,
      [ZD_HYPOTHYROID] = ZD_POSITION_ENDOCRINOLOGIST,
      [ZD_GASTRITIS] = ZD_POSITION_THERAPIST,
      [ZD_ARTHROSIS] = ZD_POSITION_SURGEON,
      [ZD_OBESITY] = ZD_POSITION_ENDOCRINOLOGIST,
  };
  zd_position p = by_disease[d];
  return p == ZD_POSITION_THERAPIST && age < 18 ? ZD_POSITION_PAEDIATRICIAN : p;
}

static zd_department chronic_department(zd_disease d) {
  switch (d) {
    case ZD_HYPERTENSION:
    case ZD_ISCHAEMIC:
    case ZD_HEART_FAILURE:
    case ZD_FIBRILLATION:
      return ZD_DEPARTMENT_CARDIOLOGY;
    case ZD_CEREBROVASCULAR:
      return ZD_DEPARTMENT_NEUROLOGY;
    case ZD_ARTHROSIS:
      return ZD_DEPARTMENT_SURGERY;
    default:
      return ZD_DEPARTMENT_THERAPY;
  }
}

/* Half the patients of a hospital come to their district's, half (and severe ones) to the regional
 * one. */
static uint16_t hospital_of(zd_chart *chart) {
  const zd_supply *s = &chart->region->supply;
  if (chart->sick == 2 || zd_dice_chance(&chart->dice, 500000))
    return s->first[ZD_ORG_REGIONAL_HOSPITAL];
  uint16_t district = chart->region->places.settlement[chart->person->settlement].district;
  return (uint16_t)(s->first[ZD_ORG_DISTRICT_HOSPITAL] +
                    district % s->count[ZD_ORG_DISTRICT_HOSPITAL]);
}

static zd_position position_of(const visit *v) {
  if (v->event->chronic) return chronic_position((zd_disease)v->event->disease, v->age);
  zd_position p = v->illness ? v->illness->position : ZD_POSITION_THERAPIST;
  return p == ZD_POSITION_THERAPIST && v->age < 18 ? ZD_POSITION_PAEDIATRICIAN : p;
}

static void choose_place(zd_chart *chart, const visit *v) {
  const zd_supply *s = &chart->region->supply;
  uint64_t key = chart->person->household;
  zd_position position = position_of(v);
  uint16_t post = s->post[chart->person->settlement];
  uint16_t staff_of = chart->polyclinic;
  chart->org = chart->polyclinic;
  switch ((zd_event_kind)v->event->kind) {
    case ZD_EVENT_OTHER:
      if (post != ZD_NO_ORG && zd_dice_chance(&chart->dice, 500000)) {
        chart->org = staff_of = post;
        position = ZD_POSITION_FELDSHER;
      }
      break;
    case ZD_EVENT_AMBULANCE: {
      uint16_t district = chart->region->places.settlement[chart->person->settlement].district;
      chart->org = (uint16_t)(s->first[ZD_ORG_STATION] + district % s->count[ZD_ORG_STATION]);
      staff_of = chart->org;
      bool doctor = zd_dice_chance(&chart->dice, 280000); /* the others are feldsher crews */
      position = doctor ? ZD_POSITION_EMERGENCY : ZD_POSITION_FELDSHER;
      key = zd_random_u64(&chart->dice);
      break;
    }
    case ZD_EVENT_ADMISSION: {
      staff_of = hospital_of(chart);
      zd_department d = v->event->chronic ? chronic_department((zd_disease)v->event->disease)
                        : v->illness      ? v->illness->department
                                          : ZD_DEPARTMENT_THERAPY;
      if (v->age < 18 && d != ZD_DEPARTMENT_SURGERY) d = ZD_DEPARTMENT_PAEDIATRICS;
      chart->org = (uint16_t)(s->org[staff_of].departments + d);
      key = zd_random_u64(&chart->dice);
      break;
    }
    default:
      break;
  }
  if (position != ZD_POSITION_THERAPIST && position != ZD_POSITION_PAEDIATRICIAN)
    key = zd_mix(key, position);
  chart->doctor = zd_supply_staff(s, staff_of, position, key);
}

/* Working hours in slots of ten minutes; ambulance and admissions around the clock. A stay
 * lasts 9.8 days on average (region.md 1.3). */
static void choose_time(zd_chart *chart, visit *v) {
  zd_event_kind kind = (zd_event_kind)v->event->kind;
  bool any_hour = kind == ZD_EVENT_AMBULANCE || kind == ZD_EVENT_ADMISSION;
  chart->minute =
      any_hour ? zd_dice_below(&chart->dice, 1440) : 480 + 10 * zd_dice_below(&chart->dice, 60);
  v->end_day = chart->day;
  v->end_minute = chart->minute + (kind == ZD_EVENT_CHECKUP ? 40 : 15);
  if (kind == ZD_EVENT_AMBULANCE) v->end_minute = chart->minute + 45;
  if (kind == ZD_EVENT_ADMISSION || kind == ZD_EVENT_DAY_HOSPITAL) {
    int32_t days = 4 + (int32_t)zd_dice_poisson(&chart->dice, 5800);
    if (v->illness == &ZD_ILLNESS_BIRTH) days = zd_dice_between(&chart->dice, 3, 5);
    v->end_day = chart->day + days;
    v->end_minute = 600 + 10 * zd_dice_below(&chart->dice, 24);
    int32_t last =
        chart->person->died < chart->region->end ? chart->person->died : chart->region->end - 1;
    if (v->end_day > last) v->end_day = last;
    if (v->end_day == chart->day) v->end_minute = 1439;
  }
}

static void write_class(zd_buffer *b, zd_event_kind kind) {
  ZD_PEN(b,
         ",\"status\":\"finished\",\"class\":{\"system\":"
         "\"http://terminology.hl7.org/CodeSystem/v3-ActCode\",\"code\":\"");
  zd_pen_slice(b, zd_slice_of(KIND[kind].class_code));
  ZD_PEN(b, "\",\"display\":\"");
  zd_pen_slice(b, zd_slice_of(KIND[kind].class_name));
  ZD_PEN(b, "\"},\"type\":[{\"coding\":[{\"system\":\"urn:zdravo:region:visit\",\"code\":\"");
  zd_pen_slice(b, zd_slice_of(KIND[kind].code));
  ZD_PEN(b, "\"}],\"text\":\"");
  zd_pen_slice(b, zd_slice_of(KIND[kind].text));
  ZD_PEN(b, "\"}]");
}

static void write_diagnosis(zd_chart *chart, zd_buffer *b, const visit *v) {
  if (chart->condition) {
    zd_ref ref = zd_chart_ref(chart, ZD_REGION_CONDITION, chart->condition);
    ZD_PEN(b, ",\"diagnosis\":[{\"condition\":{\"reference\":\"Condition/");
    zd_pen_ref(b, &ref);
    if (v->event->kind == ZD_EVENT_ADMISSION)
      ZD_PEN(b,
             "\"},\"use\":{\"coding\":[{\"system\":"
             "\"http://terminology.hl7.org/CodeSystem/diagnosis-role\",\"code\":\"DD\"}]},"
             "\"rank\":1}]");
    else
      ZD_PEN(b, "\"},\"rank\":1}]");
  } else if (v->event->kind == ZD_EVENT_CHECKUP) {
    ZD_PEN(b,
           ",\"reasonCode\":[{\"coding\":[{\"system\":\"http://hl7.org/fhir/sid/icd-10\","
           "\"code\":\"");
    if (v->age < 18)
      ZD_PEN(b, "Z00.1\"}],\"text\":\"Рутинное обследование состояния здоровья ребёнка\"}]");
    else
      ZD_PEN(b, "Z00.0\"}],\"text\":\"Общий медицинский осмотр\"}]");
  }
}

static void write_encounter(zd_chart *chart, const visit *v) {
  zd_buffer *b = zd_chart_begin(chart, ZD_REGION_ENCOUNTER, NULL);
  write_class(b, (zd_event_kind)v->event->kind);
  zd_chart_subject(chart, b);
  ZD_PEN(b, ",\"participant\":[{\"individual\":{\"reference\":\"Practitioner/doc-");
  zd_pen_u32(b, chart->doctor + 1u);
  ZD_PEN(b, "\"}}],\"period\":{\"start\":\"");
  zd_pen_time(b, chart->day, chart->minute);
  ZD_PEN(b, "\",\"end\":\"");
  zd_pen_time(b, v->end_day, v->end_minute);
  ZD_PEN(b, "\"}");
  write_diagnosis(chart, b, v);
  if (v->event->kind == ZD_EVENT_ADMISSION) {
    bool died = chart->person->died == v->end_day;
    ZD_PEN(b,
           ",\"hospitalization\":{\"dischargeDisposition\":{\"coding\":[{\"system\":"
           "\"http://terminology.hl7.org/CodeSystem/discharge-disposition\",\"code\":\"");
    if (died)
      ZD_PEN(b, "exp\"}]}}");
    else
      ZD_PEN(b, "home\"}]}}");
  }
  ZD_PEN(b, ",\"serviceProvider\":{\"reference\":\"Organization/org-");
  zd_pen_u32(b, chart->org + 1u);
  ZD_PEN(b, "\"}");
  zd_chart_end(chart, ZD_REGION_ENCOUNTER);
}

/* Its Condition: the one on the problem list, or a new one that passes. Follow-ups share that of
 * the first visit. */
static void diagnose(zd_chart *chart, const visit *v) {
  if (v->event->kind == ZD_EVENT_CHECKUP || v->event->kind == ZD_EVENT_OTHER) {
    chart->condition = 0;
  } else if (v->event->chronic) {
    chart->condition = chart->chronic[v->event->disease];
  } else if (v->event->kind == ZD_EVENT_FOLLOW_UP) {
    chart->condition = chart->told[v->event->first];
  } else if (v->illness && (v->illness->needs & chart->health.registered)) {
    chart->condition = chart->chronic[__builtin_ctz(v->illness->needs)]; /* an exacerbation */
  } else if (v->illness) {
    int32_t onset = chart->day - (int32_t)zd_dice_below(&chart->dice, 4);
    if (onset < chart->person->born || v->illness == &ZD_ILLNESS_BIRTH) onset = chart->day;
    int32_t end = chart->day + v->illness->days + (int32_t)zd_dice_below(&chart->dice, 5);
    if (end > chart->person->died) end = chart->person->died;
    chart->condition = zd_chart_condition(chart, v->illness->icd, onset, end, false);
  }
}

static bool chance(zd_chart *chart, uint32_t per_mille) {
  return zd_dice_below(&chart->dice, 1000) < per_mille;
}

static void body(zd_chart *chart) {
  zd_chart_observation(chart, ZD_HEIGHT, NULL);
  zd_lab_value(&chart->lab, ZD_MASS_INDEX, chart->day, 0);
  zd_chart_observation(chart, ZD_WEIGHT, NULL);
  if (chance(chart, 500)) zd_chart_observation(chart, ZD_MASS_INDEX, NULL);
}

static void checkup(zd_chart *chart, const visit *v) {
  if (v->age < 18 || chance(chart, 500)) body(chart);
  if (v->age >= 3 && chance(chart, 750)) zd_chart_pressure(chart);
  if (v->age >= 18 && chance(chart, 500)) zd_chart_panel(chart, ZD_PANEL_LIPIDS);
  if (v->age >= 18 && chance(chart, 900)) zd_chart_panel(chart, ZD_PANEL_GLUCOSE);
  if (chance(chart, v->age >= 40 ? 520 : 320)) zd_chart_panel(chart, ZD_PANEL_BLOOD);
  if (chance(chart, v->age < 18 ? 400 : 100)) zd_chart_panel(chart, ZD_PANEL_URINE);
  if (v->age >= 30 && chance(chart, chart->person->female ? 120 : 40))
    zd_chart_panel(chart, ZD_PANEL_TSH);
  zd_chart_renew(chart);
  if (v->age >= 15 && chance(chart, 560)) zd_chart_image(chart, ZD_IMAGE_FLUOROGRAPHY);
  bool breast = chart->person->female && v->age >= 40 && v->age <= 75;
  if (breast && chance(chart, 380)) zd_chart_image(chart, ZD_IMAGE_MAMMOGRAPHY);
  if (v->age >= 40 && chance(chart, 500))
    zd_chart_procedure(chart, "A05.10.006", "Регистрация электрокардиограммы");
}

static void other(zd_chart *chart, const visit *v) {
  zd_chart_vaccinate(chart);
  if (v->age >= 18 && chance(chart, 120)) zd_chart_pressure(chart);
  if (chance(chart, 70)) zd_chart_panel(chart, ZD_PANEL_BLOOD);
  if (v->age >= 18 && chance(chart, 80)) zd_chart_panel(chart, ZD_PANEL_GLUCOSE);
  if (chance(chart, 60)) zd_chart_panel(chart, ZD_PANEL_URINE);
  zd_chart_renew(chart);
}

static void treat(zd_chart *chart, const visit *v) {
  if (!v->illness) return;
  for (uint8_t i = 0; i < v->illness->drugs; i++)
    zd_chart_prescribe(chart, v->illness->drug[i], false);
}

static void chronic_panels(zd_chart *chart, zd_disease d, uint32_t per_mille) {
  static const zd_panel panels[ZD_DISEASES][2] = {
      [ZD_HYPERTENSION] = {ZD_PANEL_LIPIDS, ZD_PANEL_KIDNEY},
      [ZD_DIABETES_2] = {ZD_PANEL_HBA1C, ZD_PANEL_CHEMISTRY},
      [ZD_ISCHAEMIC] = {ZD_PANEL_LIPIDS, ZD_PANEL_CHEMISTRY},
      [ZD_HEART_FAILURE] = {ZD_PANEL_CHEMISTRY, ZD_PANEL_BLOOD},
      [ZD_FIBRILLATION] = {ZD_PANEL_INR, ZD_PANEL_KIDNEY},
      [ZD_KIDNEY] = {ZD_PANEL_KIDNEY, ZD_PANEL_URINE},
      [ZD_COPD] = {ZD_PANEL_BLOOD, ZD_PANEL_CRP},
      [ZD_ASTHMA] = {ZD_PANEL_BLOOD, ZD_PANEL_CRP},
      [ZD_CANCER] = {ZD_PANEL_BLOOD, ZD_PANEL_CHEMISTRY},
      [ZD_DIABETES_1] = {ZD_PANEL_HBA1C, ZD_PANEL_KIDNEY},
      [ZD_CEREBROVASCULAR] = {ZD_PANEL_LIPIDS, ZD_PANEL_BLOOD},
      [ZD_HYPOTHYROID] = {ZD_PANEL_TSH, ZD_PANEL_BLOOD},
      [ZD_GASTRITIS] = {ZD_PANEL_BLOOD, ZD_PANEL_CHEMISTRY},
      [ZD_ARTHROSIS] = {ZD_PANEL_BLOOD, ZD_PANEL_CRP},
      [ZD_OBESITY] = {ZD_PANEL_GLUCOSE, ZD_PANEL_LIPIDS},
  };
  for (int k = 0; k < 2; k++)
    if (chance(chart, per_mille)) zd_chart_panel(chart, panels[d][k]);
}

static void episode(zd_chart *chart, const visit *v) {
  bool grown = v->age >= 18;
  if (chart->sick && chance(chart, 500)) zd_chart_observation(chart, ZD_TEMPERATURE, NULL);
  if (grown && chance(chart, 170)) zd_chart_pressure(chart);
  if (v->event->chronic) {
    chronic_panels(chart, (zd_disease)v->event->disease, 320);
  } else {
    if (chance(chart, chart->sick ? 330 : 180)) zd_chart_panel(chart, ZD_PANEL_BLOOD);
    if (chance(chart, 170)) zd_chart_panel(chart, ZD_PANEL_URINE);
    if (chance(chart, 120)) zd_chart_panel(chart, ZD_PANEL_CHEMISTRY);
    if (chart->sick && chance(chart, 150)) zd_chart_panel(chart, ZD_PANEL_CRP);
  }
  if (chance(chart, 80)) zd_chart_image(chart, ZD_IMAGE_XRAY);
  if (chance(chart, 20)) zd_chart_image(chart, ZD_IMAGE_CT);
  if (grown && chance(chart, 16)) zd_chart_image(chart, ZD_IMAGE_MRI);
  treat(chart, v);
  zd_chart_renew(chart);
}

static void dispensary(zd_chart *chart, const visit *v) {
  zd_disease d = v->event->chronic ? (zd_disease)v->event->disease : ZD_HYPERTENSION;
  zd_chart_pressure(chart);
  zd_chart_observation(chart, ZD_PULSE, NULL);
  if (chance(chart, 500)) body(chart);
  chronic_panels(chart, d, 900);
  if (chance(chart, 300)) zd_chart_panel(chart, ZD_PANEL_BLOOD);
  if (d <= ZD_FIBRILLATION && chance(chart, 450))
    zd_chart_procedure(chart, "A05.10.006", "Регистрация электрокардиограммы");
  zd_chart_renew(chart);
}

static void ambulance(zd_chart *chart, const visit *v) {
  zd_chart_pressure(chart);
  zd_chart_observation(chart, ZD_PULSE, NULL);
  zd_chart_observation(chart, ZD_SATURATION, NULL);
  zd_chart_observation(chart, ZD_TEMPERATURE, NULL);
  if (chance(chart, 500)) zd_chart_observation(chart, ZD_RESPIRATION, NULL);
  if (v->age >= 40 && chance(chart, 500))
    zd_chart_procedure(chart, "A05.10.006", "Регистрация электрокардиограммы");
}

static void hospital_procedure(zd_chart *chart, const visit *v) {
  static const struct {
    const zd_illness *illness;
    const char *code, *name;
  } row[] = {{&ZD_ILLNESS_INFARCTION, "A16.12.026.012",
              "Транслюминальная баллонная ангиопластика со стентированием коронарных артерий"},
             {&ZD_ILLNESS_BIRTH, "B01.001.009", "Ведение физиологических родов врачом"}};
  for (size_t i = 0; i < 2; i++)
    if (v->illness == row[i].illness) zd_chart_procedure(chart, row[i].code, row[i].name);
  bool surgery = v->illness && v->illness->department == ZD_DEPARTMENT_SURGERY;
  if (surgery && strcmp(v->illness->icd.code, "K35.8") == 0)
    zd_chart_procedure(chart, "A16.18.009", "Аппендэктомия");
  if (surgery && strcmp(v->illness->icd.code, "H25.9") == 0)
    zd_chart_procedure(chart, "A16.26.093", "Факоэмульсификация");
  if (v->age >= 18 && chance(chart, 700))
    zd_chart_procedure(chart, "A05.10.006", "Регистрация электрокардиограммы");
}

static void admission(zd_chart *chart, const visit *v) {
  zd_chart_pressure(chart);
  zd_chart_observation(chart, ZD_PULSE, NULL);
  zd_chart_observation(chart, ZD_TEMPERATURE, NULL);
  zd_chart_observation(chart, ZD_SATURATION, NULL);
  zd_chart_panel(chart, ZD_PANEL_BLOOD);
  zd_chart_panel(chart, ZD_PANEL_CHEMISTRY);
  if (chance(chart, 700)) zd_chart_panel(chart, ZD_PANEL_URINE);
  if (chart->sick && chance(chart, 500)) zd_chart_panel(chart, ZD_PANEL_CRP);
  if (chance(chart, 300)) zd_chart_image(chart, ZD_IMAGE_XRAY);
  if (chance(chart, 180)) zd_chart_image(chart, ZD_IMAGE_CT);
  hospital_procedure(chart, v);
  treat(chart, v);
  if (v->end_day - chart->day < 6) return; /* and once more before going home, well again */
  int32_t day = chart->day;
  int sick = chart->sick;
  chart->day = v->end_day - 1;
  chart->minute = 480;
  chart->sick = 0;
  zd_chart_panel(chart, ZD_PANEL_BLOOD);
  chart->day = day;
  chart->sick = sick;
}

static void urgent(zd_chart *chart, const visit *v) {
  if (chance(chart, chart->sick ? 700 : 200)) zd_chart_observation(chart, ZD_TEMPERATURE, NULL);
  if (chart->sick && chance(chart, 400)) zd_chart_observation(chart, ZD_SATURATION, NULL);
  if (v->age >= 18 && chance(chart, 300)) zd_chart_pressure(chart);
  treat(chart, v);
}

static void follow_up(zd_chart *chart, const visit *v) {
  if (v->age >= 18 && chance(chart, 100)) zd_chart_pressure(chart);
  if (v->illness && v->illness->drugs && chance(chart, 350)) /* one more of the course */
    zd_chart_prescribe(chart, v->illness->drug[v->illness->drugs - 1], false);
  zd_chart_renew(chart);
}

static zd_setting setting_of(zd_event_kind kind) {
  switch (kind) {
    case ZD_EVENT_URGENT:
      return ZD_SETTING_URGENT;
    case ZD_EVENT_AMBULANCE:
      return ZD_SETTING_AMBULANCE;
    case ZD_EVENT_ADMISSION:
    case ZD_EVENT_DAY_HOSPITAL:
      return ZD_SETTING_ADMISSION;
    default:
      return ZD_SETTING_EPISODE;
  }
}

static void act(zd_chart *chart, const visit *v) {
  switch ((zd_event_kind)v->event->kind) {
    case ZD_EVENT_CHECKUP:
      checkup(chart, v);
      break;
    case ZD_EVENT_OTHER:
      other(chart, v);
      break;
    case ZD_EVENT_URGENT:
      urgent(chart, v);
      break;
    case ZD_EVENT_EPISODE:
      episode(chart, v);
      break;
    case ZD_EVENT_FOLLOW_UP:
      follow_up(chart, v);
      break;
    case ZD_EVENT_DISPENSARY:
      dispensary(chart, v);
      break;
    case ZD_EVENT_AMBULANCE:
      ambulance(chart, v);
      break;
    case ZD_EVENT_ADMISSION:
      admission(chart, v);
      break;
    default:
      dispensary(chart, v);
      break;
  }
}

/* Booked visits: check-ups and dispensary mostly, others at times. */
static uint32_t booked(zd_event_kind kind) {
  static const uint16_t per_mille[ZD_EVENT_KINDS] = {
      [ZD_EVENT_CHECKUP] = 500,   [ZD_EVENT_OTHER] = 180,      [ZD_EVENT_EPISODE] = 350,
      [ZD_EVENT_FOLLOW_UP] = 500, [ZD_EVENT_DISPENSARY] = 700, [ZD_EVENT_DAY_HOSPITAL] = 0,
  };
  return per_mille[kind];
}

void zd_chart_event(zd_chart *chart, const zd_event *event) {
  zd_event_kind kind = (zd_event_kind)event->kind;
  visit v = {.event = event, .illness = event->illness, .setting = setting_of(kind)};
  v.age = zd_kin_age(chart->person, event->day);
  if (kind == ZD_EVENT_FOLLOW_UP) v.illness = chart->seen[event->first];
  bool needs = kind != ZD_EVENT_CHECKUP && kind != ZD_EVENT_OTHER && kind != ZD_EVENT_FOLLOW_UP;
  if (needs && !event->chronic && !v.illness)
    v.illness =
        zd_illness_pick(&chart->dice, v.setting, v.age, chart->person->female, chart->health.has);
  chart->seen[event->number] = v.illness;
  chart->day = event->day;
  chart->sick = v.illness && kind != ZD_EVENT_FOLLOW_UP ? v.illness->sick : 0;
  choose_place(chart, &v);
  choose_time(chart, &v);
  chart->encounter = zd_chart_ref(chart, ZD_REGION_ENCOUNTER, chart->made[ZD_REGION_ENCOUNTER] + 1);
  diagnose(chart, &v);
  chart->told[event->number] = (uint16_t)chart->condition;
  write_encounter(chart, &v);
  if (chance(chart, booked(kind))) zd_chart_appointment(chart, 15);
  act(chart, &v);
}
