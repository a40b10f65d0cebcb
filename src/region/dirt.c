/* Second registrations of the same person, and different persons who look the same; with the truth.
 *
 * Kinds and shares are those of region.md 1.4. When a person cannot have a kind (no relative
 * whose policy to borrow, no day that can be a month), another is drawn.
 */
#include "base/clock.h"
#include "region/chart.h"
#include "region/dice.h"
#include "region/numbers.h"

typedef enum dirt {
  DIRT_TYPO,
  DIRT_SWAPPED_DATE,
  DIRT_SURNAME,
  DIRT_NO_SNILS,
  DIRT_ENP_CHECK,
  DIRT_RELATIVES_POLICY,
  DIRT_TRANSLITERATED,
  DIRT_TWIN,
  DIRT_NAMESAKE,
  DIRTS
} dirt;

/* share: percent of all. weight: share over the part of residents who can have the kind (10 * share
 * when everybody can; measured); drawing again when one cannot makes the shares come out. */
static const struct {
  const char *name;
  uint16_t share, weight;
  bool same; /* the same person as the resident */
} DIRT[DIRTS] = {
    [DIRT_TYPO] = {"typo", 35, 350, true},
    [DIRT_SWAPPED_DATE] = {"swapped-day-month", 15, 570, true},
    [DIRT_SURNAME] = {"maiden-or-married-surname", 10, 223, true},
    [DIRT_NO_SNILS] = {"missing-snils", 10, 103, true},
    [DIRT_ENP_CHECK] = {"wrong-enp-check-digit", 8, 72, true},
    [DIRT_RELATIVES_POLICY] = {"policy-of-a-relative", 5, 61, true},
    [DIRT_TRANSLITERATED] = {"transliterated", 5, 50, true},
    [DIRT_TWIN] = {"twin", 2, 20, false},
    [DIRT_NAMESAKE] = {"same-name-and-birth-date", 10, 100, false},
};

enum { SECOND_OWNERS = 1500000 }; /* СНИЛС of namesakes: see supply_write.c */

typedef struct spoiled { /* texts that the registration points into */
  char family[2 * ZD_FAMILY_ROOM], given[64], patronymic[64], maiden[ZD_FAMILY_ROOM];
} spoiled;

/* Bytes of the letter at p[i]: names are Cyrillic (two bytes) and hyphens. */
static size_t letter(const char *p) {
  return (*p & 0x80) ? 2 : 1;
}

static bool drop_dots(char *p, size_t n) { /* ё -> е */
  for (size_t i = 0; i + 1 < n; i += letter(p + i))
    if (memcmp(p + i, "ё", 2) == 0) {
      memcpy(p + i, "е", 2);
      return true;
    }
  return false;
}

/* One edit of Damerau: two letters swapped, one dropped or one doubled. The first letter stays. */
static size_t mistype(zd_random *dice, char *p, size_t n) {
  if (drop_dots(p, n)) return n;
  size_t letters = n / 2;
  if (letters < 4 || memchr(p, '-', n)) return n;
  size_t at = 2 * (1 + zd_dice_below(dice, (uint32_t)letters - 2));
  bool alike = memcmp(p + at, p + at + 2, 2) == 0;
  switch (zd_dice_below(dice, 3)) {
    case 0:
      if (!alike) {
        char keep[2] = {p[at], p[at + 1]};
        memcpy(p + at, p + at + 2, 2);
        memcpy(p + at + 2, keep, 2);
        return n;
      }
      __attribute__((fallthrough)); /* nothing to swap: drop one */
    case 1:
      memmove(p + at, p + at + 2, n - at - 2);
      return n - 2;
    default:
      memmove(p + at + 2, p + at, n - at);
      return n + 2;
  }
}

static size_t transliterate(zd_slice s, char *out) {
  /* а to я, then capitals by the same row; ё apart. Order of the Foreign Ministry, simplified. */
  static const char *const latin[32] = {
      "a", "b", "v", "g", "d", "e",  "zh", "z",  "i",  "i",    "k",  "l", "m", "n", "o",  "p",
      "r", "s", "t", "u", "f", "kh", "ts", "ch", "sh", "shch", "ie", "y", "",  "e", "iu", "ia"};
  size_t n = 0;
  for (size_t i = 0; i < s.n; i += letter(s.p + i)) {
    if (letter(s.p + i) == 1) {
      out[n++] = s.p[i];
      continue;
    }
    unsigned code = ((unsigned)(s.p[i] & 0x1F) << 6) | (unsigned)(s.p[i + 1] & 0x3F);
    bool capital = code < 0x430;
    const char *text = code == 0x451 || code == 0x401 ? "e" : latin[(code - 0x410) % 32];
    for (size_t k = 0; text[k]; k++, n++)
      out[n] = capital && k == 0 ? (char)(text[k] - 'a' + 'A') : text[k];
  }
  return n;
}

static bool swap_date(zd_registration *r) {
  int year, month, day;
  zd_clock_date(r->born, &year, &month, &day);
  if (day > 12 || day == month) return false;
  r->born = (int32_t)zd_clock_days(year, day, month);
  return true;
}

static bool other_surname(const zd_chart *c, zd_registration *r, spoiled *text) {
  const zd_person *p = c->person;
  if (!p->female || p->age < 18) return false;
  if (r->maiden.n) {
    r->family = r->maiden;
  } else { /* one that nobody told the register about */
    zd_random dice;
    zd_dice_seed(&dice, c->region->options.seed, ZD_DICE_DIRT, p->index + (UINT64_C(1) << 32));
    zd_family family = {zd_names_surname(&dice, p->minority), ZD_NO_NAME};
    if (family.first == p->family.first) return false;
    r->family = (zd_slice){text->family, zd_names_family(family, true, text->family)};
  }
  r->maiden = (zd_slice){NULL, 0};
  return true;
}

static bool borrow_policy(const zd_chart *c, zd_registration *r) {
  const zd_person *p = c->person;
  int16_t from = p->mother != ZD_NOBODY ? p->mother : p->spouse;
  if (from == ZD_NOBODY) return false;
  const zd_person *other = &c->block->member[from];
  zd_enp_make(0, other->born, other->female, other->index % 100000, r->enp);
  r->has_enp = true;
  return true;
}

static bool transliterate_all(zd_registration *r, spoiled *text) {
  char family[2 * ZD_FAMILY_ROOM];
  size_t n = transliterate(r->family, family);
  memcpy(text->family, family, n);
  r->family = (zd_slice){text->family, n};
  r->given = (zd_slice){text->given, transliterate(r->given, text->given)};
  r->patronymic = (zd_slice){text->patronymic, transliterate(r->patronymic, text->patronymic)};
  r->maiden = (zd_slice){NULL, 0};
  return true;
}

/* Somebody else: own numbers; a twin also has his own given name. */
static bool be_another(zd_chart *c, zd_random *dice, zd_registration *r, bool twin) {
  const zd_person *p = c->person;
  zd_snils_make(c->region->options.seed, SECOND_OWNERS + p->index, r->snils);
  zd_enp_make(0, p->born, p->female, (p->index + 50000) % 100000, r->enp);
  r->series = 1; /* the number in series 0 belongs to the resident */
  r->maiden = (zd_slice){NULL, 0};
  if (!twin) return true;
  uint16_t given = p->given;
  for (int i = 0; i < 20 && given == p->given; i++)
    given = p->female ? zd_names_female(dice, 1990, p->minority)
                      : zd_names_male(dice, 1990, p->minority);
  if (given == p->given) return false;
  r->given = zd_slice_of(p->female ? ZD_FEMALE_NAMES[given].name : ZD_MALE_NAMES[given].name);
  return true;
}

static bool differs(const zd_chart *c, const char *family, size_t n) {
  char right[ZD_FAMILY_ROOM];
  size_t m = zd_names_family(c->person->family, c->person->female, right);
  return m != n || memcmp(right, family, n) != 0;
}

static bool spoil(zd_chart *c, zd_random *dice, dirt kind, zd_registration *r, spoiled *text) {
  switch (kind) {
    case DIRT_TYPO: {
      size_t n = mistype(dice, text->family, r->family.n); /* in place: it points into text */
      bool wrong = n != r->family.n || differs(c, text->family, n);
      r->family.n = n;
      return wrong;
    }
    case DIRT_SWAPPED_DATE:
      return swap_date(r);
    case DIRT_SURNAME:
      return other_surname(c, r, text);
    case DIRT_NO_SNILS: {
      bool had = r->has_snils;
      r->has_snils = false;
      return had;
    }
    case DIRT_ENP_CHECK:
      r->enp[15] = (char)('0' + (r->enp[15] - '0' + 1 + (int)zd_dice_below(dice, 9)) % 10);
      r->has_enp = true;
      return true;
    case DIRT_RELATIVES_POLICY:
      return borrow_policy(c, r);
    case DIRT_TRANSLITERATED:
      return transliterate_all(r, text);
    case DIRT_TWIN:
      return be_another(c, dice, r, true);
    case DIRT_NAMESAKE:
      return be_another(c, dice, r, false);
    default:
      return false;
  }
}

static void write_truth(zd_chart *c, const zd_registration *r, dirt kind) {
  zd_buffer *b = &c->sheets->of[ZD_REGION_TYPES];
  ZD_PEN(b, "{\"resource\":\"Patient/");
  zd_pen_ref(b, &r->id);
  ZD_PEN(b, "\",\"kind\":\"");
  zd_pen_slice(b, zd_slice_of(DIRT[kind].name));
  ZD_PEN(b, "\",\"like\":\"Patient/p");
  zd_pen_u32(b, c->person->index + 1);
  if (DIRT[kind].same)
    ZD_PEN(b, "\",\"same\":true}\n");
  else
    ZD_PEN(b, "\",\"same\":false}\n");
  c->sheets->count[ZD_REGION_TYPES]++;
}

/* Draws kinds until one fits; a typing error always does. */
static dirt draw_kind(zd_chart *c, zd_random *dice, zd_registration *r, spoiled *text) {
  uint16_t weight[DIRTS];
  for (int i = 0; i < DIRTS; i++) weight[i] = DIRT[i].weight;
  for (int attempt = 0; attempt < 20; attempt++) {
    dirt kind = (dirt)zd_dice_pick(dice, weight, DIRTS);
    zd_registration_of(c, text->family, text->maiden, r);
    if (spoil(c, dice, kind, r, text)) return kind;
  }
  return DIRT_TYPO;
}

bool zd_dirt_write(zd_chart *c, zd_ref *second) {
  zd_random dice;
  spoiled text;
  zd_registration r;
  zd_dice_seed(&dice, c->region->options.seed, ZD_DICE_DIRT, c->person->index);
  if (!zd_dice_chance(&dice, c->region->options.dirt_ppm)) return false;
  dirt kind = draw_kind(c, &dice, &r, &text);
  r.id.p[0] = 'd';
  zd_registration_write(c, &r);
  write_truth(c, &r, kind);
  *second = r.id;
  return DIRT[kind].same;
}
