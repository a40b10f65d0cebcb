#include "region/names.h"

#include "region/dice.h"

unsigned zd_names_cohort(int year) {
  return year < 1940 ? 0 : year < 1960 ? 1 : year < 1980 ? 2 : year < 2000 ? 3 : 4;
}

uint16_t zd_names_male(zd_random *dice, int year, bool minority) {
  unsigned cohort = zd_names_cohort(year);
  uint16_t first = minority ? ZD_MALE_MINORITY : 0;
  uint16_t end = minority ? ZD_MALE_COUNT : ZD_MALE_MINORITY;
  uint32_t total = 0;
  for (uint16_t i = first; i < end; i++) total += ZD_MALE_NAMES[i].weight[cohort];
  uint32_t at = zd_dice_below(dice, total);
  for (uint16_t i = first; i + 1 < end; i++) {
    if (at < ZD_MALE_NAMES[i].weight[cohort]) return i;
    at -= ZD_MALE_NAMES[i].weight[cohort];
  }
  return (uint16_t)(end - 1);
}

uint16_t zd_names_female(zd_random *dice, int year, bool minority) {
  unsigned cohort = zd_names_cohort(year);
  uint16_t first = minority ? ZD_FEMALE_MINORITY : 0;
  uint16_t end = minority ? ZD_FEMALE_COUNT : ZD_FEMALE_MINORITY;
  uint32_t total = 0;
  for (uint16_t i = first; i < end; i++) total += ZD_FEMALE_NAMES[i].weight[cohort];
  uint32_t at = zd_dice_below(dice, total);
  for (uint16_t i = first; i + 1 < end; i++) {
    if (at < ZD_FEMALE_NAMES[i].weight[cohort]) return i;
    at -= ZD_FEMALE_NAMES[i].weight[cohort];
  }
  return (uint16_t)(end - 1);
}

/* The published head of the list has its own weights; the tail falls off smoothly with rank, close
 * to the published frequencies of ranks 16 to 250 (Журавлёв 2005). */
static uint32_t surname_weight(uint16_t i) {
  if (ZD_SURNAMES[i].weight) return ZD_SURNAMES[i].weight;
  uint32_t rank = i < ZD_SURNAME_MINORITY ? i : (uint32_t)(i - ZD_SURNAME_MINORITY);
  return 335u * 36u / (rank + 20u);
}

uint16_t zd_names_surname(zd_random *dice, bool minority) {
  uint16_t first = minority ? ZD_SURNAME_MINORITY : 0;
  uint16_t end = minority ? ZD_SURNAME_COUNT : ZD_SURNAME_MINORITY;
  uint32_t total = 0;
  for (uint16_t i = first; i < end; i++) total += surname_weight(i);
  uint32_t at = zd_dice_below(dice, total);
  for (uint16_t i = first; i + 1 < end; i++) {
    uint32_t weight = surname_weight(i);
    if (at < weight) return i;
    at -= weight;
  }
  return (uint16_t)(end - 1);
}

static size_t append(char *out, size_t n, zd_slice s) {
  memcpy(out + n, s.p, s.n);
  return n + s.n;
}

size_t zd_names_feminine(zd_slice s, char out[ZD_FAMILY_ROOM]) {
  static const struct {
    zd_slice from, to;
  } rule[] = {
      {{"ов", 4}, {"ова", 6}},    {{"ев", 4}, {"ева", 6}}, {{"ёв", 4}, {"ёва", 6}},
      {{"ин", 4}, {"ина", 6}},    {{"ын", 4}, {"ына", 6}}, {{"ский", 8}, {"ская", 8}},
      {{"цкий", 8}, {"цкая", 8}}, {{"ый", 4}, {"ая", 4}},  {{"ой", 4}, {"ая", 4}},
  };
  if (s.n + 8 > ZD_FAMILY_ROOM) return 0;
  for (size_t i = 0; i < sizeof rule / sizeof *rule; i++) {
    if (!zd_slice_ends(s, rule[i].from)) continue;
    zd_slice stem = {s.p, s.n - rule[i].from.n};
    return append(out, append(out, 0, stem), rule[i].to);
  }
  return append(out, 0, s);
}

size_t zd_names_family(zd_family family, bool female, char out[ZD_FAMILY_ROOM]) {
  size_t n = 0;
  uint16_t row[2] = {family.first, family.second};
  for (int k = 0; k < 2 && row[k] != ZD_NO_NAME; k++) {
    char form[ZD_FAMILY_ROOM];
    zd_slice s = zd_slice_of(ZD_SURNAMES[row[k]].stem);
    if (female) s = (zd_slice){form, zd_names_feminine(s, form)};
    if (n + s.n + 1 > ZD_FAMILY_ROOM) break;
    if (k) out[n++] = '-';
    n = append(out, n, s);
  }
  return n;
}
