#include "region/kin.h"

#include "base/clock.h"
#include "region/dice.h"

/* region.md 1.1, per mille. Shares sum to 1000. */
const uint16_t ZD_AGE_SHARE[ZD_AGE_BANDS] = {47, 61, 64, 54, 49, 52, 68, 85, 78,
                                             72, 65, 61, 72, 64, 51, 23, 34};
const uint16_t ZD_AGE_MALE[ZD_AGE_BANDS] = {514, 514, 513, 512, 510, 510, 505, 498, 490,
                                            480, 470, 450, 425, 395, 360, 310, 250};

/* Deaths per year per 100,000 of the band, shaped like a Gompertz curve and scaled to 12,500 per
 * million (region.md 1.1, births and deaths). */
static const uint16_t DEATHS[ZD_AGE_BANDS] = {110, 20,  20,   60,   110,  160,  250,  350, 450,
                                              600, 850, 1200, 1700, 2400, 3500, 5500, 9800};

int zd_kin_age(const zd_person *person, int32_t day) {
  int year, month, date, born_year, born_month, born_date;
  zd_clock_date(day, &year, &month, &date);
  zd_clock_date(person->born, &born_year, &born_month, &born_date);
  bool before = month < born_month || (month == born_month && date < born_date);
  return year - born_year - before;
}

static int days_apart(const zd_person *older, const zd_person *younger) {
  return younger->born - older->born;
}

/* 80 and more: fewer and fewer reach each further year. */
static int old_age(zd_random *dice) {
  int age = 80;
  while (age < 105 && zd_dice_chance(dice, 920000 - 18000 * (uint32_t)(age - 80))) age++;
  return age;
}

/* ЕНП has five digits for who shares birth date and sex, a million residents need more: so day
 * number modulo k equals resident number / 100,000, with k hundred thousands of residents, and the
 * resident number modulo 100,000 is unique within a day. */
static int32_t fit_serial(const zd_kin_setting *s, uint32_t index, int32_t born) {
  int32_t k = (int32_t)((s->residents + 99999) / 100000), want = (int32_t)(index / 100000);
  int32_t has = ((born % k) + k) % k;
  return born - (has - want + k) % k;
}

static void draw_age(const zd_kin_setting *s, zd_random *dice, zd_person *p, unsigned i,
                     unsigned count) {
  uint32_t at = (i * 1000u + zd_dice_below(dice, 1000)) / count; /* per mille from the youngest */
  unsigned band = 0;
  while (at >= ZD_AGE_SHARE[band]) at -= ZD_AGE_SHARE[band++];
  int age = band == ZD_AGE_BANDS - 1 ? old_age(dice) : (int)(band * 5 + zd_dice_below(dice, 5));
  p->born = s->end - 1 - age * 365 - age / 4 - (int32_t)zd_dice_below(dice, 365);
  p->born = fit_serial(s, p->index, p->born);
  p->age = (uint8_t)zd_kin_age(p, s->end - 1);
  p->band = (uint8_t)(p->age >= 80 ? ZD_AGE_BANDS - 1 : p->age / 5);
  p->female = zd_dice_below(dice, 1000) >= ZD_AGE_MALE[band];
}

static void draw_death(const zd_kin_setting *s, zd_random *dice, zd_person *p) {
  int32_t from = p->born > s->from ? p->born : s->from;
  uint64_t ppm = (uint64_t)DEATHS[p->band] * 10u * (uint32_t)(s->end - from) / 365u;
  if (!p->female) ppm = ppm * 118 / 100; /* men die earlier at every age */
  if (p->female) ppm = ppm * 86 / 100;
  p->died = ZD_ALIVE;
  if (zd_dice_chance(dice, (uint32_t)ppm)) p->died = zd_dice_between(dice, from, s->end - 1);
}

static void shuffle(zd_block *b, zd_random *dice) {
  for (int i = 0; i < b->count; i++) b->at[i] = (int16_t)i;
  for (int i = b->count - 1; i > 0; i--) {
    int j = (int)zd_dice_below(dice, (uint32_t)i + 1);
    int16_t swap = b->at[i];
    b->at[i] = b->at[j];
    b->at[j] = swap;
  }
  for (int i = 0; i < b->count; i++) b->member[b->at[i]].index = b->first + (uint32_t)i;
}

static void draw_people(const zd_kin_setting *s, zd_random *dice, zd_block *b) {
  shuffle(b, dice);
  for (unsigned i = 0; i < b->count; i++) {
    zd_person *p = &b->member[i];
    p->mother = p->father = p->spouse = p->twin = ZD_NOBODY;
    draw_age(s, dice, p, i, b->count);
    draw_death(s, dice, p);
    p->minority = zd_dice_chance(dice, 120000);
  }
}

/* Per mille of women who live with a husband, by band (design). */
static const uint16_t MARRIED[ZD_AGE_BANDS] = {0,   0,   0,   10,  220, 480, 600, 650, 660,
                                               650, 640, 620, 570, 490, 390, 280, 150};

static void draw_couples(zd_block *b, zd_random *dice) {
  for (int i = 0; i < b->count; i++) {
    zd_person *wife = &b->member[i];
    if (!wife->female || wife->age < 18 || zd_dice_below(dice, 1000) >= MARRIED[wife->band])
      continue;
    int32_t wish = wife->born - 365 * zd_dice_between(dice, -1, 5); /* his birth: mean 2 earlier */
    int best = ZD_NOBODY, best_gap = 365 * 9;
    for (int k = 0; k < b->count; k++) {
      const zd_person *man = &b->member[k];
      if (man->female || man->age < 18 || man->spouse != ZD_NOBODY) continue;
      int gap = man->born > wish ? man->born - wish : wish - man->born;
      if (man->minority != wife->minority) gap += 365 * 2;
      if (gap < best_gap) {
        best_gap = gap;
        best = k;
      }
    }
    if (best == ZD_NOBODY) continue;
    wife->spouse = (int16_t)best;
    b->member[best].spouse = (int16_t)i;
    wife->married = wife->born + 365 * zd_dice_between(dice, 19, 25 + wife->band / 4);
    b->member[best].married = wife->married;
  }
}

/* Siblings are twins or at least 300 days apart. */
static bool spaced(const zd_block *b, int mother, const zd_person *child) {
  for (int i = 0; i < b->count; i++) {
    if (b->member[i].mother != mother) continue;
    int gap = days_apart(&b->member[i], child);
    if (gap < 300 && gap > -300) return false;
  }
  return true;
}

static int find_mother(const zd_block *b, zd_random *dice, const zd_person *child) {
  for (int attempt = 0; attempt < 60; attempt++) {
    int k = (int)zd_dice_below(dice, b->count);
    const zd_person *m = &b->member[k];
    int gap = days_apart(m, child) / 365;
    if (!m->female || gap < 18 || gap > 43 || m->died < child->born) continue;
    /* Mean age at birth is 28-29; single women have fewer children. */
    uint32_t fit = gap < 22 ? 350 : gap < 34 ? 1000 : gap < 38 ? 450 : 130;
    if (m->spouse == ZD_NOBODY) fit = fit * 35 / 100;
    if (zd_dice_below(dice, 1000) < fit && spaced(b, k, child)) return k;
  }
  return ZD_NOBODY;
}

static void give_parents(zd_block *b, zd_person *child, int mother) {
  child->mother = (int16_t)mother;
  if (mother == ZD_NOBODY) return;
  const zd_person *m = &b->member[mother];
  int husband = m->spouse;
  if (husband != ZD_NOBODY && days_apart(&b->member[husband], child) > 17 * 365 &&
      b->member[husband].died > child->born)
    child->father = (int16_t)husband;
  child->minority = m->minority;
}

/* All children, and seven of ten grown-ups, have their mother in the block. One birth in ninety is
 * of twins: the next youngest takes the same birth date. */
static void draw_parents(const zd_kin_setting *s, zd_block *b, zd_random *dice) {
  for (int i = 0; i < b->count; i++) {
    zd_person *p = &b->member[i];
    if (p->mother != ZD_NOBODY || p->age > 60) continue;
    if (p->age >= 18 && zd_dice_chance(dice, 300000)) continue;
    give_parents(b, p, find_mother(b, dice, p));
    bool twins = p->mother != ZD_NOBODY && p->age < 18 && zd_dice_chance(dice, 11000);
    if (!twins || i + 1 >= b->count || b->member[i + 1].age >= 18) continue;
    zd_person *q = &b->member[i + 1];
    if (q->born < s->from - 18 * 365) continue;
    q->born = p->born;
    q->age = p->age;
    q->band = p->band;
    if (q->died != ZD_ALIVE && q->died < q->born) q->died = ZD_ALIVE;
    q->twin = (int16_t)i;
    p->twin = (int16_t)(i + 1);
    give_parents(b, q, p->mother);
  }
}

static bool lives_with_mother(zd_random *dice, const zd_person *p) {
  if (p->mother == ZD_NOBODY) return false;
  if (p->age < 18) return true;
  if (p->spouse != ZD_NOBODY) return false;
  return zd_dice_chance(dice, p->age < 25 ? 800000 : p->age < 35 ? 500000 : 280000);
}

/* Households from the oldest down, so that who is moved in with has moved in already. */
static void draw_households(const zd_kin_setting *s, zd_block *b, zd_random *dice) {
  for (int i = b->count - 1; i >= 0; i--) {
    zd_person *p = &b->member[i];
    const zd_person *host = NULL;
    if (lives_with_mother(dice, p))
      host = &b->member[p->mother];
    else if (p->spouse > i)
      host = &b->member[p->spouse];
    else if (p->age < 18) /* a ward: with the next adult woman */
      for (int k = i; k < b->count && !host; k++)
        if (b->member[k].age >= 30 && b->member[k].female) host = &b->member[k];
    if (host) {
      p->household = host->household;
      p->settlement = host->settlement;
    } else {
      p->household = p->index;
      p->settlement = (uint16_t)zd_dice_cumulative(dice, s->sums, s->settlements);
    }
  }
}

static zd_family draw_family(zd_random *dice, const zd_person *p) {
  zd_family family = {zd_names_surname(dice, p->minority), ZD_NO_NAME};
  if (zd_dice_chance(dice, 22000)) { /* with those of a marriage: 3 % hyphenated */
    family.second = zd_names_surname(dice, p->minority);
    if (family.second == family.first) family.second = ZD_NO_NAME;
  }
  return family;
}

/* Parents before children: from the oldest down. */
static void draw_names(zd_block *b, zd_random *dice) {
  int year, month, date;
  for (int i = b->count - 1; i >= 0; i--) {
    zd_person *p = &b->member[i];
    const zd_person *father = p->father == ZD_NOBODY ? NULL : &b->member[p->father];
    const zd_person *mother = p->mother == ZD_NOBODY ? NULL : &b->member[p->mother];
    zd_clock_date(p->born, &year, &month, &date);
    p->given = p->female ? zd_names_female(dice, year, p->minority)
                         : zd_names_male(dice, year, p->minority);
    p->patronymic = father ? father->given : zd_names_male(dice, year - 27, p->minority);
    if (p->twin != ZD_NOBODY && p->twin > i) p->patronymic = b->member[p->twin].patronymic;
    p->family = father ? father->family : mother ? mother->family : draw_family(dice, p);
    p->maiden = (zd_family){ZD_NO_NAME, ZD_NO_NAME};
  }
}

/* 85 % of wives take their husband's surname, 2 % both; the register knows of a change for 4 % of
 * all women (region.md 1.4), the more recent ones. */
static void draw_married_names(zd_block *b, zd_random *dice) {
  for (int i = 0; i < b->count; i++) {
    zd_person *wife = &b->member[i];
    if (!wife->female || wife->spouse == ZD_NOBODY) continue;
    zd_family own = wife->family, his = b->member[wife->spouse].family;
    uint32_t way = zd_dice_below(dice, 100);
    if (way >= 87 || own.first == his.first) continue;
    wife->family = his;
    if (way < 2) wife->family = (zd_family){own.first, his.first};
    uint32_t known = wife->age < 30 ? 220000 : wife->age < 45 ? 130000 : 50000;
    if (zd_dice_chance(dice, known)) wife->maiden = own;
  }
}

void zd_kin_draw(const zd_kin_setting *s, uint32_t first, zd_block *b) {
  zd_random dice;
  zd_dice_seed(&dice, s->seed, ZD_DICE_KIN, first / ZD_BLOCK);
  memset(b, 0, sizeof *b);
  b->first = first;
  b->count = (uint16_t)(s->residents - first < ZD_BLOCK ? s->residents - first : ZD_BLOCK);
  draw_people(s, &dice, b);
  draw_couples(b, &dice);
  draw_parents(s, b, &dice);
  draw_households(s, b, &dice);
  draw_names(b, &dice);
  draw_married_names(b, &dice);
}
