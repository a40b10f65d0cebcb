#include "region/places.h"

#include "region/dice.h"
#include "region/pen.h"

static const char *const PREFIX[] = {"Верхне", "Нижне",  "Старо",  "Ново",   "Красно", "Бело",
                                     "Средне", "Мало",   "Больше", "Право",  "Лево",   "Дальне",
                                     "Сухо",   "Тихо",   "Добро",  "Светло", "Горно",  "Северо",
                                     "Южно",   "Озёрно", "Лесно",  "Черно",  "Зелено", "Высоко",
                                     "Низко",  "Ясно",   "Велико", "Много",  "Перво",  "Восточно"};
static const char *const VILLAGE[] = {
    "павловка", "петровка", "ивановка",  "михайловка", "сергеевка", "николаевка", "дмитриевка",
    "реченка",  "каменка",  "берёзовка", "ольховка",   "сосновка",  "полянка",    "горка",
    "лужки",    "ключи",    "борки",     "дубравка",   "покровка",  "троицкое",   "никольское",
    "успенка",  "ильинка",  "озерки",    "заимка",     "слободка",  "криница",    "балка",
    "родники",  "выселки",  "луговое"};
static const char *const TOWN[] = {"горск", "каменск", "озёрск", "реченск", "борск", "зорянск"};
static const char *const STREET[] = {
    "ул. Центральная",     "ул. Молодёжная",   "ул. Школьная",    "ул. Лесная",
    "ул. Садовая",         "ул. Советская",    "ул. Новая",       "ул. Набережная",
    "ул. Заречная",        "ул. Зелёная",      "ул. Мира",        "ул. Ленина",
    "ул. Полевая",         "ул. Луговая",      "ул. Октябрьская", "ул. Комсомольская",
    "ул. Гагарина",        "ул. Первомайская", "ул. Северная",    "ул. Солнечная",
    "ул. Степная",         "ул. Южная",        "ул. Береговая",   "ул. Кирова",
    "ул. Пионерская",      "ул. Юбилейная",    "ул. Речная",      "ул. Колхозная",
    "пр-кт Строителей",    "пр-кт Победы",     "ул. Рабочая",     "ул. Пролетарская",
    "ул. Пушкина",         "ул. Калинина",     "пер. Школьный",   "пер. Садовый",
    "ул. Железнодорожная", "ул. Чехова",       "ул. Спортивная",  "б-р Энтузиастов"};

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* rank^-1.07 in parts of 2^32; 70124 = 1.07 * 65536. */
static uint64_t zipf(uint32_t rank) {
  int64_t power = (int64_t)zd_dice_log2((uint64_t)rank << 16) * 70124 / 65536;
  return zd_dice_exp2((int32_t)(14 * 65536 - power)) << 2;
}

static zd_slice name_of(zd_settlement_kind kind, uint16_t i, zd_arena *arena) {
  static const char *const sign[] = {"г. ", "рп. ", "с. ", "д. "};
  if (i == 0) return ZD_S("г. Медоград");
  bool town = kind <= ZD_SETTLEMENT_TOWN;
  size_t prefixes = COUNT(PREFIX), roots = town ? COUNT(TOWN) : COUNT(VILLAGE);
  /* walks both tables at once; 30 prefixes and 31 roots meet 930 times before a repeat, 30 and
   * 6 after 30, so the round number moves the town roots on */
  const char *prefix = PREFIX[i % prefixes];
  const char *root = town ? TOWN[(i + i / prefixes) % roots] : VILLAGE[i % roots];
  return zd_arena_printf(arena, "%s%s%s", sign[kind], prefix, root);
}

zd_err zd_places_build(zd_places *p, uint32_t residents, uint16_t districts, zd_arena *arena) {
  uint32_t count = (uint32_t)((uint64_t)residents * 900 / 1000000);
  p->count = (uint16_t)(count < 4 ? 4 : count);
  p->districts = districts;
  p->settlement = ZD_NEW_ARRAY(arena, zd_settlement, p->count);
  p->sums = ZD_NEW_ARRAY(arena, uint32_t, p->count);
  if (!p->settlement || !p->sums) return ZD_ERR_MEMORY;
  uint64_t total = 0, before = 0;
  for (uint16_t i = 0; i < p->count; i++) total += zipf(i + 1u);
  for (uint16_t i = 0; i < p->count; i++) {
    zd_settlement *s = &p->settlement[i];
    s->urban = i == 0 || before * 4 < total * 3;
    before += zipf(i + 1u);
    p->sums[i] = (uint32_t)(before * residents / total);
    s->people = p->sums[i] - (i ? p->sums[i - 1] : 0);
    s->kind = i < 25 && s->urban ? ZD_SETTLEMENT_CITY
              : s->urban         ? ZD_SETTLEMENT_TOWN
              : s->people > 300  ? ZD_SETTLEMENT_VILLAGE
                                 : ZD_SETTLEMENT_HAMLET;
    s->district = (uint16_t)(i % districts);
    s->name = name_of(s->kind, i, arena);
    if (!s->name.p) return ZD_ERR_MEMORY;
  }
  p->sums[p->count - 1] = residents;
  return ZD_OK;
}

void zd_places_write(const zd_places *places, uint16_t number, uint64_t key, bool home,
                     zd_buffer *b) {
  const zd_settlement *s = &places->settlement[number];
  uint64_t dice = zd_mix(key, ZD_DICE_PLACES);
  ZD_PEN(b,
         "{\"extension\":[{\"url\":\"urn:zdravo:region:address-object\",\"valueUuid\":"
         "\"urn:uuid:00000000-0000-8000-8000-");
  zd_pen_fixed(b, key & 0xFFFFFFFFu, 12);
  ZD_PEN(b, "\"}],\"use\":\"");
  if (home)
    ZD_PEN(b, "home");
  else
    ZD_PEN(b, "work");
  ZD_PEN(b, "\",\"line\":[\"");
  zd_slice street = zd_slice_of(STREET[dice % COUNT(STREET)]);
  zd_pen_slice(b, street);
  ZD_PEN(b, ", д. ");
  zd_pen_u32(b, 1 + (uint32_t)(dice >> 8) % (s->urban ? 160u : 60u));
  if (home && s->urban) {
    ZD_PEN(b, ", кв. ");
    zd_pen_u32(b, 1 + (uint32_t)(dice >> 20) % 180u);
  }
  ZD_PEN(b, "\"],\"city\":\"");
  zd_pen_slice(b, s->name);
  ZD_PEN(b, "\",\"district\":\"Район ");
  zd_pen_u32(b, s->district + 1u);
  ZD_PEN(b, "\",\"state\":\"Область-М\",\"postalCode\":\"");
  zd_pen_fixed(b, number % 1000u, 6);
  ZD_PEN(b, "\",\"country\":\"RU\"}");
}
