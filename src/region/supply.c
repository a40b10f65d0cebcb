#include "region/supply.h"

#include "region/dice.h"

/* Per million residents (region.md 1.3): organisations, the fewest a region may have, and staff of
 * the kind all together. The split of doctors and nurses over kinds is ours (design). */
static const struct {
  uint16_t per_million, fewest;
  uint16_t doctors, nurses;
} KIND[ZD_ORG_KINDS] = {
    [ZD_ORG_AUTHORITY] = {1, 1, 0, 0},
    [ZD_ORG_FUND] = {1, 1, 0, 0},
    [ZD_ORG_INSURER] = {3, 3, 0, 0},
    [ZD_ORG_REGIONAL_HOSPITAL] = {1, 1, 500, 1300},
    [ZD_ORG_PERINATAL] = {1, 0, 100, 300},
    [ZD_ORG_ONCOLOGY] = {1, 0, 100, 250},
    [ZD_ORG_PSYCHIATRY] = {1, 0, 100, 300},
    [ZD_ORG_TUBERCULOSIS] = {1, 0, 60, 150},
    [ZD_ORG_DISTRICT_HOSPITAL] = {25, 1, 1000, 2500},
    [ZD_ORG_POLYCLINIC] = {35, 1, 1380, 2650},
    [ZD_ORG_AMBULANCE] = {1, 1, 0, 0},
    [ZD_ORG_LABORATORY] = {1, 1, 50, 120},
    [ZD_ORG_DENTAL] = {2, 0, 40, 40},
    [ZD_ORG_PRIVATE] = {345, 1, 400, 60},
    [ZD_ORG_DISTRICT_POLYCLINIC] = {25, 1, 900, 1850},
    [ZD_ORG_FELDSHER_POST] = {280, 1, 0, 280},
    [ZD_ORG_STATION] = {25, 1, 200, 500},
};

/* Weights of positions by kind of organisation: doctors, then who nurses. */
static const struct {
  const char *name, *code;
  uint8_t ambulatory, hospital;
} POSITION[ZD_POSITIONS] = {
    [ZD_POSITION_THERAPIST] = {"врач-терапевт участковый", "therapist", 30, 16},
    [ZD_POSITION_PAEDIATRICIAN] = {"врач-педиатр участковый", "paediatrician", 16, 6},
    [ZD_POSITION_CARDIOLOGIST] = {"врач-кардиолог", "cardiologist", 4, 8},
    [ZD_POSITION_NEUROLOGIST] = {"врач-невролог", "neurologist", 5, 8},
    [ZD_POSITION_ENDOCRINOLOGIST] = {"врач-эндокринолог", "endocrinologist", 3, 2},
    [ZD_POSITION_SURGEON] = {"врач-хирург", "surgeon", 6, 14},
    [ZD_POSITION_OPHTHALMOLOGIST] = {"врач-офтальмолог", "ophthalmologist", 4, 2},
    [ZD_POSITION_OTOLARYNGOLOGIST] = {"врач-оториноларинголог", "otolaryngologist", 4, 2},
    [ZD_POSITION_GYNAECOLOGIST] = {"врач-акушер-гинеколог", "gynaecologist", 7, 9},
    [ZD_POSITION_UROLOGIST] = {"врач-уролог", "urologist", 2, 3},
    [ZD_POSITION_PULMONOLOGIST] = {"врач-пульмонолог", "pulmonologist", 1, 2},
    [ZD_POSITION_ONCOLOGIST] = {"врач-онколог", "oncologist", 2, 2},
    [ZD_POSITION_PSYCHIATRIST] = {"врач-психиатр", "psychiatrist", 2, 2},
    [ZD_POSITION_DENTIST] = {"врач-стоматолог", "dentist", 6, 0},
    [ZD_POSITION_RADIOLOGIST] = {"врач-рентгенолог", "radiologist", 4, 5},
    [ZD_POSITION_LABORATORY] = {"врач клинической лабораторной диагностики", "laboratory", 2, 3},
    [ZD_POSITION_EMERGENCY] = {"врач скорой медицинской помощи", "emergency", 0, 1},
    [ZD_POSITION_INTENSIVE] = {"врач-анестезиолог-реаниматолог", "intensive", 0, 10},
    [ZD_POSITION_FELDSHER] = {"фельдшер", "feldsher", 0, 0},
    [ZD_POSITION_NURSE] = {"медицинская сестра", "nurse", 0, 0},
};

const char *zd_supply_position_name(zd_position position) {
  return POSITION[position].name;
}

const char *zd_supply_position_code(zd_position position) {
  return POSITION[position].code;
}

uint16_t zd_supply_scaled(zd_org_kind kind, uint32_t residents) {
  uint64_t n = ((uint64_t)KIND[kind].per_million * residents + 500000) / 1000000;
  return (uint16_t)(n < KIND[kind].fewest ? KIND[kind].fewest : n);
}

static bool has_departments(zd_org_kind kind) {
  return kind == ZD_ORG_REGIONAL_HOSPITAL || kind == ZD_ORG_DISTRICT_HOSPITAL;
}

static bool is_hospital(zd_org_kind kind) {
  return kind >= ZD_ORG_REGIONAL_HOSPITAL && kind <= ZD_ORG_DISTRICT_HOSPITAL;
}

static uint32_t position_weight(zd_org_kind kind, zd_position p) {
  switch (kind) {
    case ZD_ORG_POLYCLINIC:
    case ZD_ORG_DISTRICT_POLYCLINIC:
      return POSITION[p].ambulatory;
    case ZD_ORG_LABORATORY:
      return p == ZD_POSITION_LABORATORY;
    case ZD_ORG_STATION:
      return p == ZD_POSITION_EMERGENCY;
    case ZD_ORG_DENTAL:
      return p == ZD_POSITION_DENTIST;
    case ZD_ORG_PRIVATE:
      return p == ZD_POSITION_THERAPIST || p == ZD_POSITION_DENTIST;
    default:
      return is_hospital(kind) ? POSITION[p].hospital : 0;
  }
}

/* Everybody of the organisation: each position it needs at least once, the rest by weight. */
static uint16_t fill_staff(zd_org *org, uint32_t residents, uint16_t of_kind) {
  uint32_t doctors = (uint32_t)((uint64_t)KIND[org->kind].doctors * residents / 1000000 / of_kind);
  uint32_t nurses = (uint32_t)((uint64_t)KIND[org->kind].nurses * residents / 1000000 / of_kind);
  bool posts = org->kind == ZD_ORG_FELDSHER_POST || org->kind == ZD_ORG_STATION;
  uint32_t sum = 0, n = 0;
  for (zd_position p = 0; p < ZD_POSITIONS; p++) sum += position_weight(org->kind, p);
  for (zd_position p = 0; p < ZD_POSITIONS; p++) {
    uint32_t weight = position_weight(org->kind, p), some = 0;
    if (weight) some = (doctors * weight + sum / 2) / sum;
    if (weight && some == 0) some = 1;
    if (KIND[org->kind].nurses && p == (posts ? ZD_POSITION_FELDSHER : ZD_POSITION_NURSE))
      some = nurses ? nurses : 1;
    org->before[p] = (uint16_t)n;
    n += some;
  }
  org->before[ZD_POSITIONS] = (uint16_t)n;
  return (uint16_t)n;
}

static uint16_t parent_of(const zd_supply *s, zd_org_kind kind, uint16_t number) {
  switch (kind) {
    case ZD_ORG_DISTRICT_POLYCLINIC:
    case ZD_ORG_FELDSHER_POST: {
      uint16_t hospitals = s->count[ZD_ORG_DISTRICT_HOSPITAL];
      return (uint16_t)(s->first[ZD_ORG_DISTRICT_HOSPITAL] + number % hospitals);
    }
    case ZD_ORG_STATION:
      return s->first[ZD_ORG_AMBULANCE];
    default:
      return ZD_NO_ORG;
  }
}

/* City polyclinics go to the settlement with the most people per polyclinic (D'Hondt). */
static void place_polyclinics(zd_supply *s, const zd_places *places) {
  uint16_t total = s->count[ZD_ORG_POLYCLINIC], at = s->first[ZD_ORG_POLYCLINIC];
  for (uint16_t k = 0; k < total; k++) {
    uint16_t best = 0;
    for (uint16_t i = 1; i < places->count; i++)
      if ((uint64_t)places->settlement[i].people * (s->polyclinics[best] + 1u) >
          (uint64_t)places->settlement[best].people * (s->polyclinics[i] + 1u))
        best = i;
    s->polyclinics[best]++;
  }
  for (uint16_t i = 0; i < places->count; i++) {
    s->polyclinic[i] = at;
    for (uint16_t k = 0; k < s->polyclinics[i]; k++) s->org[at++].settlement = i;
  }
}

static void place_others(zd_supply *s, const zd_places *places) {
  uint16_t rural = 0;
  if (places->count == 0) return;
  while (rural < places->count && places->settlement[rural].urban) rural++;
  for (uint16_t i = 0; i < places->count; i++) s->post[i] = ZD_NO_ORG;
  for (uint16_t i = 0; i < s->orgs; i++) {
    zd_org *org = &s->org[i];
    uint16_t *at = &org->settlement;
    if (org->kind == ZD_ORG_DISTRICT_HOSPITAL || org->kind == ZD_ORG_DISTRICT_POLYCLINIC ||
        org->kind == ZD_ORG_STATION)
      *at = (uint16_t)(org->number % places->count);
    else if (org->kind == ZD_ORG_PRIVATE)
      *at = (uint16_t)(org->number % (rural ? rural : 1));
    else if (org->kind == ZD_ORG_FELDSHER_POST && rural < places->count) {
      *at = (uint16_t)(rural + org->number % (places->count - rural));
      s->post[*at] = i;
      org->parent = /* districts are counted by their hospitals */
          (uint16_t)(s->first[ZD_ORG_DISTRICT_HOSPITAL] + places->settlement[*at].district);
    }
  }
}

static void add_departments(zd_supply *s) {
  uint16_t at = s->first[ZD_ORG_DEPARTMENT];
  for (uint16_t i = 0; i < s->first[ZD_ORG_DEPARTMENT]; i++) {
    if (!has_departments(s->org[i].kind)) continue;
    s->org[i].departments = at;
    for (int d = 0; d < ZD_DEPARTMENTS; d++, at++)
      s->org[at] = (zd_org){.kind = ZD_ORG_DEPARTMENT,
                            .number = (uint16_t)d,
                            .parent = i,
                            .settlement = s->org[i].settlement,
                            .departments = ZD_NO_ORG};
  }
}

zd_err zd_supply_build(zd_supply *s, const zd_places *places, uint32_t residents, zd_arena *arena) {
  uint16_t n = 0;
  for (zd_org_kind k = 0; k < ZD_ORG_KINDS; k++) {
    s->first[k] = n;
    s->count[k] = zd_supply_scaled(k, residents);
    if (k == ZD_ORG_DEPARTMENT)
      s->count[k] = (uint16_t)(ZD_DEPARTMENTS * (s->count[ZD_ORG_REGIONAL_HOSPITAL] +
                                                 s->count[ZD_ORG_DISTRICT_HOSPITAL]));
    n = (uint16_t)(n + s->count[k]);
  }
  s->orgs = n;
  s->org = ZD_NEW_ARRAY(arena, zd_org, n);
  s->polyclinic = ZD_NEW_ARRAY(arena, uint16_t, places->count);
  s->polyclinics = ZD_NEW_ARRAY(arena, uint16_t, places->count);
  s->post = ZD_NEW_ARRAY(arena, uint16_t, places->count);
  if (!s->org || !s->polyclinic || !s->polyclinics || !s->post) return ZD_ERR_MEMORY;
  s->staff = 0;
  for (zd_org_kind k = 0; k < ZD_ORG_DEPARTMENT; k++)
    for (uint16_t i = 0; i < s->count[k]; i++) {
      zd_org *org = &s->org[s->first[k] + i];
      *org = (zd_org){.kind = k, .number = i, .parent = parent_of(s, k, i)};
      org->departments = ZD_NO_ORG;
      org->staff = s->staff;
      s->staff = (uint16_t)(s->staff + fill_staff(org, residents, s->count[k]));
    }
  place_polyclinics(s, places);
  place_others(s, places);
  add_departments(s);
  return ZD_OK;
}

uint16_t zd_supply_polyclinic(const zd_supply *s, const zd_places *places, uint16_t settlement,
                              uint64_t key) {
  uint16_t own = s->polyclinics[settlement];
  if (own) return (uint16_t)(s->polyclinic[settlement] + zd_mix(key, 77) % own);
  uint16_t district = places->settlement[settlement].district;
  return (uint16_t)(s->first[ZD_ORG_DISTRICT_POLYCLINIC] +
                    district % s->count[ZD_ORG_DISTRICT_POLYCLINIC]);
}

uint16_t zd_supply_staff(const zd_supply *s, uint16_t number, zd_position position, uint64_t key) {
  const zd_org *org = &s->org[number];
  uint16_t from = org->before[position], count = (uint16_t)(org->before[position + 1] - from);
  if (count == 0) {
    from = 0;
    count = org->before[ZD_POSITION_THERAPIST + 1];
    if (count == 0) count = org->before[ZD_POSITIONS];
  }
  return (uint16_t)(org->staff + from + (count ? zd_mix(key, position) % count : 0));
}
