/* Vaccinations: the national calendar (order of the Ministry of Health 1122n, 06.12.2021) for
 * children, influenza every autumn, diphtheria and tetanus every ten years, pneumococcus from 65.
 */
#include "base/clock.h"
#include "region/chart.h"
#include "region/dice.h"

typedef struct vaccine {
  uint16_t months; /* age at which it is due */
  const char *atc, *name;
  uint8_t dose;
} vaccine;

static const vaccine CALENDAR[] = {
    {0, "J07BC01", "Вакцина против гепатита B", 1},
    {0, "J07AN01", "Вакцина БЦЖ-М", 1},
    {1, "J07BC01", "Вакцина против гепатита B", 2},
    {2, "J07AL02", "Вакцина пневмококковая конъюгированная", 1},
    {3, "J07AJ51", "Вакцина АКДС", 1},
    {3, "J07BF03", "Вакцина полиомиелитная инактивированная", 1},
    {3, "J07AG01", "Вакцина против гемофильной инфекции типа b", 1},
    {4, "J07AL02", "Вакцина пневмококковая конъюгированная", 2},
    {4, "J07AJ51", "Вакцина АКДС", 2},
    {4, "J07BF03", "Вакцина полиомиелитная инактивированная", 2},
    {6, "J07AJ51", "Вакцина АКДС", 3},
    {6, "J07BC01", "Вакцина против гепатита B", 3},
    {6, "J07BF03", "Вакцина полиомиелитная инактивированная", 3},
    {12, "J07BD52", "Вакцина против кори, краснухи и паротита", 1},
    {15, "J07AL02", "Вакцина пневмококковая конъюгированная", 3},
    {18, "J07AJ51", "Вакцина АКДС", 4},
    {18, "J07BF03", "Вакцина полиомиелитная инактивированная", 4},
    {72, "J07BD52", "Вакцина против кори, краснухи и паротита", 2},
    {76, "J07AM51", "Анатоксин дифтерийно-столбнячный АДС-М", 2},
    {80, "J07AN01", "Вакцина БЦЖ", 2},
    {168, "J07AM51", "Анатоксин дифтерийно-столбнячный АДС-М", 3},
    {312, "J07AM51", "Анатоксин дифтерийно-столбнячный АДС-М", 4},
    {432, "J07AM51", "Анатоксин дифтерийно-столбнячный АДС-М", 5},
    {552, "J07AM51", "Анатоксин дифтерийно-столбнячный АДС-М", 6},
    {672, "J07AM51", "Анатоксин дифтерийно-столбнячный АДС-М", 7},
    {780, "J07AL01", "Вакцина пневмококковая полисахаридная", 1},
    {792, "J07AM51", "Анатоксин дифтерийно-столбнячный АДС-М", 8},
};

static const vaccine INFLUENZA = {0, "J07BB02", "Вакцина для профилактики гриппа инактивированная",
                                  1};

static void give(zd_chart *chart, const vaccine *v, int32_t day) {
  zd_buffer *b = zd_chart_begin(chart, ZD_REGION_IMMUNIZATION, NULL);
  ZD_PEN(b,
         ",\"status\":\"completed\",\"vaccineCode\":{\"coding\":[{\"system\":"
         "\"http://www.whocc.no/atc\",\"code\":\"");
  zd_pen_slice(b, zd_slice_of(v->atc));
  ZD_PEN(b, "\"}],\"text\":\"");
  zd_pen_slice(b, zd_slice_of(v->name));
  ZD_PEN(b, "\"},\"patient\":{\"reference\":\"Patient/");
  zd_pen_ref(b, &chart->patient);
  ZD_PEN(b, "\"}");
  zd_chart_encounter(chart, b);
  ZD_PEN(b, ",\"occurrenceDateTime\":\"");
  zd_pen_date(b, day);
  ZD_PEN(b, "\",\"primarySource\":true,\"lotNumber\":\"S");
  zd_pen_fixed(b, zd_mix(chart->person->index, (uint64_t)day) % 100000, 5);
  ZD_PEN(b, "\",\"performer\":[{\"actor\":{\"reference\":\"Organization/org-");
  zd_pen_u32(b, chart->org + 1u);
  ZD_PEN(b, "\"}}],\"protocolApplied\":[{\"doseNumberPositiveInt\":");
  zd_pen_u32(b, v->dose);
  ZD_PEN(b, "}]");
  zd_chart_end(chart, ZD_REGION_IMMUNIZATION);
}

/* Half of the people are vaccinated against influenza, between September and November. */
static void influenza(zd_chart *chart) {
  int year, month, date;
  zd_clock_date(chart->day, &year, &month, &date);
  if (month < 9 || month > 11 || chart->flu_season == year) return;
  if (chart->day - chart->person->born < 183) return;
  if (zd_mix(chart->person->index, (uint64_t)year) % 100 >= 56) return;
  chart->flu_season = (uint16_t)year;
  give(chart, &INFLUENZA, chart->day);
}

void zd_chart_vaccinate(zd_chart *chart) {
  int32_t born = chart->person->born;
  for (size_t i = 0; i < sizeof CALENDAR / sizeof *CALENDAR; i++) {
    int32_t due = born + CALENDAR[i].months * 487 / 16; /* 30.44 days */
    if (due < chart->vaccinated || due >= chart->day) continue;
    give(chart, &CALENDAR[i], CALENDAR[i].months == 0 ? born : chart->day);
  }
  chart->vaccinated = chart->day;
  influenza(chart);
}
