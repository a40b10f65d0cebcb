/* _text and _content, asked as queries: what FHIR calls content, and random texts and questions
 * against an oracle that knows which forms belong to one word without any stemmer. */
#include <unistd.h>

#include "base/testing/dice.h"
#include "search/testing/memory_world.h"
#include "search/text/text.h"

/* As a client sends it. */
static zd_slice encoded(zd_arena *arena, zd_slice text) {
  zd_slice out = ZD_S("");
  char *p = zd_arena_alloc(arena, 3 * text.n + 1);
  for (size_t i = 0; i < text.n; i++)
    sprintf(p + 3 * i, "%%%02X", (unsigned)(unsigned char)text.p[i]);
  out.p = p;
  out.n = 3 * text.n;
  return out;
}

static zd_query read_query(world *w, const char *type, const char *name, zd_slice value) {
  zd_arena *arena = &w->store->arena;
  zd_issues issues;
  zd_query q;
  zd_slice query = zd_arena_printf(arena, "%s=%.*s", name, ZD_SV(encoded(arena, value)));
  if (parse_query(w, type, query, (zd_query_options){0}, &q, &issues))
    fail_msg("%s=%.*s: %.*s", name, ZD_SV(value),
             ZD_SV(issues.n ? issues.items[0].diagnostics : ZD_S("")));
  return q;
}

static const char *ask_text(world *w, const char *type, const char *name, const char *value) {
  return found_by(w, read_query(w, type, name, zd_slice_of(value)).plan);
}

#define DIV(x) "\"text\":{\"status\":\"additional\",\"div\":\"<div>" x "</div>\"}"

static const char *const resources[] = {
    "{\"resourceType\":\"Patient\",\"id\":\"p\"," DIV("<p>О<b>стр</b>ая боль</p>&nbsp;<i>и</i>")
    ",\"name\":[{\"family\":\"Иванов\",\"given\":[\"Пётр\"]}],\"address\":[{\"city\":\"Тула\"}],"
    "\"identifier\":[{\"system\":\"http://snils.example\",\"value\":\"112-233-445 95\"}],"
    "\"gender\":\"male\",\"birthDate\":\"1980-05-06\","
    "\"extension\":[{\"url\":\"http://x.example/race\",\"valueString\":\"Extended words\"}],"
    "\"contained\":[{\"resourceType\":\"Organization\",\"id\":\"o\",\"name\":\"Contained clinic\"}],"
    "\"managingOrganization\":{\"reference\":\"#o\"}}",
    "{\"resourceType\":\"Observation\",\"id\":\"o\",\"status\":\"final\",\"code\":{\"coding\":[{"
    "\"system\":\"http://loinc.org\",\"code\":\"8480-6\",\"display\":\"Systolic blood pressure\"}],"
    "\"text\":\"Давление \\u0432ерхнее\"},\"valueQuantity\":{\"value\":120,\"unit\":\"mmHg\"},"
    "\"subject\":{\"reference\":\"Patient/p\",\"display\":\"Иванов П.\"},"
    "\"note\":[{\"text\":\"Pressure, high: 120/80.\\nBlood taken\"}]}",
    "{\"resourceType\":\"Condition\",\"id\":\"c\",\"subject\":{\"reference\":\"Patient/p\"},"
    "\"code\":{\"text\":\"Острая боль\"}}",
    "{\"resourceType\":\"Bundle\",\"id\":\"b\",\"type\":\"collection\",\"entry\":[{\"resource\":{"
    "\"resourceType\":\"Basic\",\"code\":{\"text\":\"Inside\"}," DIV("Deep") "}}]}",
};

/* type, parameter, query, ids */
static const char *const questions[][4] = {
    {"", "_text", "острый", "p"},
    {"", "_content", "острый", "p c"},
    {"", "_content", "острых болей", "p c"},
    {"Patient", "_content", "острый", "p"},
    {"", "_content", "иванов", "p o"},
    {"", "_text", "иванов", ""},
    {"", "_content", "тула пётр", "p"},
    {"", "_content", "\"112-233-445 95\"", "p"},
    {"", "_content", "112-233", "p"},
    {"", "_content", "233-112", ""},
    {"", "_content", "contained clinics", "p"},
    {"", "_content", "extended", "p"},
    {"", "_content", "верхним давлением", "o"},
    {"", "_content", "\"blood pressure\"", "o"},
    {"", "_content", "\"pressure blood\"", ""}, /* across two texts */
    {"", "_content", "\"80 blood\"", "o"},
    {"", "_content", "\"pressures high\"", "o"},
    {"", "_content", "systol*", "o"},
    {"", "_content", "да*", "o"},
    {"", "_content", "mmhg", "o"},
    {"", "_content", "120/80", "o"},
    /* codes, uris, ids, dates and numbers of elements are no texts */
    {"", "_content", "final OR 8480 OR loinc OR male OR 1980 OR p OR race OR http", ""},
    {"", "_content", "-острый", "o b"},
    {"Observation", "_content", "-острый", "o"},
    {"", "_content", "иванов -давление", "p"},
    {"", "_content", "(давление OR тула) иванов", "p o"},
    {"", "_content", "давление,тула", "p o"},
    {"Bundle", "_content", "inside deep", "b"},
    {"", "_text", "deep", ""}, /* the narrative of a part is content of the whole */
    {"Condition", "subject:Patient._text", "боли", "c"},
    {"Condition", "subject:Patient._content", "тула", "c"},
    {"Organization", "_contained=true&_content", "clinics", "p"},
    {"Organization", "_contained=true&_content", "\"contained clinic\"", "p"},
    {"Organization", "_contained=true&_content", "\"clinic contained\" OR тула", ""},
    {"Patient", "organization._content", "\"contained clinic\"", "p"},
    {"Patient", "organization._content", "\"clinic contained\"", ""},
    {"Patient", "_has:Observation:subject:_content", "systolic", "p"},
};

static void what_is_text_and_content(void **state) {
  world *w = *state;
  for (size_t i = 0; i < sizeof resources / sizeof *resources; i++)
    memory_put(w->store, w->search, resources[i], 0);
  for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
    const char *const *q = questions[i];
    const char *found = ask_text(w, q[0], q[1], q[2]);
    if (strcmp(found, q[3]) != 0)
      fail_msg("%s?%s=%s: \"%s\", not \"%s\"", q[0], q[1], q[2], found, q[3]);
  }
}

/* ---- random texts and questions ---- */

/* Forms of one word in a row; no stem of one row is that of another. Folded forms, for beginnings.
 */
static const char *const forms[][5] = {
    {"пневмония", "пневмонии", "пневмонией", "пневмонию", "пневмониями"},
    {"пневмококк", "пневмококка", "пневмококком", "пневмококки", "пневмококков"},
    {"острая", "острым", "острого", "острые", "острыми"},
    {"боль", "боли", "болью", "болям", "болями"},
    {"больной", "больного", "больному", "больная", "больными"},
    {"лёгкое", "лёгкого", "легкие", "лёгкими", "легких"},
    {"happy", "happiness", "happy", "happy", "happiness"},
    {"hoping", "hope", "hoped", "hopes", "hope"},
    {"hop", "hopped", "hopping", "hops", "hop"},
    {"dying", "die", "died", "dies", "die"},
    {"fracture", "fractures", "fractured", "fracturing", "fracture"},
    {"relational", "relate", "related", "relates", "relating"},
    {"ability", "abilities", "ability", "abilities", "ability"},
    {"120", "120", "120", "120", "120"},
    {"37.5", "37.5", "37.5", "37.5", "37.5"},
    {"b12", "b12", "b12", "b12", "b12"},
};
enum { ROWS_OF_FORMS = sizeof forms / sizeof *forms, TEXTS = 3, WORDS = 7, STORED = 400 };

typedef struct spoken {
  uint8_t row[TEXTS][WORDS], form[TEXTS][WORDS];
  size_t n[TEXTS]; /* text 0 is the narrative */
} spoken;

typedef struct quiz {
  world *w;
  zd_random dice;
  spoken said[STORED];
  char text[4000]; /* the question */
  size_t n;
} quiz;

static uint64_t roll(quiz *z, uint64_t n) {
  return zd_random_below(&z->dice, n);
}

static void say(quiz *z, const char *text) {
  z->n += (size_t)snprintf(z->text + z->n, sizeof z->text - z->n, "%s", text);
  assert_true(z->n < sizeof z->text);
}

static zd_slice a_text(quiz *z, spoken *s, int t) {
  static const char *const gaps[] = {" ", ", ", " - ", ". ", "\\n", " (", "/"};
  zd_slice out = ZD_S("");
  s->n[t] = roll(z, WORDS + 1);
  for (size_t i = 0; i < s->n[t]; i++) {
    s->row[t][i] = (uint8_t)roll(z, ROWS_OF_FORMS);
    s->form[t][i] = (uint8_t)roll(z, 5);
    const char *gap = gaps[roll(z, t ? 7 : 4)];
    out = zd_arena_printf(&z->w->store->arena, "%.*s%s%s", ZD_SV(out), i ? gap : "",
                          forms[s->row[t][i]][s->form[t][i]]);
  }
  return out;
}

static void store_one(quiz *z, spoken *s) {
  zd_arena *arena = &z->w->store->arena;
  zd_slice narrative = a_text(z, s, 0), code = a_text(z, s, 1), note = a_text(z, s, 2);
  if (!s->n[1]) code = ZD_S("-");
  if (!s->n[2]) note = ZD_S("...");
  zd_slice json = zd_arena_printf(
      arena,
      "{\"resourceType\":\"Condition\",\"text\":{\"status\":\"generated\",\"div\":\"<div><p>%.*s"
      "</p></div>\"},\"code\":{\"text\":\"%.*s\"},\"note\":[{\"text\":\"%.*s\"}],"
      "\"subject\":{\"reference\":\"Patient/1\"}}",
      ZD_SV(narrative), ZD_SV(code), ZD_SV(note));
  memory_put(z->w->store, z->w->search, zd_arena_copy(arena, json).p, 0);
}

/* A question, written and kept as what the oracle asks. */
typedef struct asked asked;
struct asked {
  enum { FORM, PHRASE, BEGINNING, ALL, ANY, NONE } kind;
  uint8_t rows[4];
  size_t n;
  char beginning[64];
  asked *parts[4];
};

static void fold_plain(const char *form, char *out) {
  size_t n = 0;
  for (; *form; form++, n++) out[n] = *form;
  out[n] = 0;
  for (char *p = out; (p = strstr(p, "ё")) != NULL;) memcpy(p, "е", 2);
  for (char *p = out; (p = strstr(p, "й")) != NULL;) memcpy(p, "и", 2);
}

static asked *ask_form(quiz *z) {
  asked *a = ZD_NEW(&z->w->store->arena, asked);
  a->rows[0] = (uint8_t)roll(z, ROWS_OF_FORMS);
  a->n = 1;
  const char *form = forms[a->rows[0]][roll(z, 5)];
  a->kind = FORM;
  if (roll(z, 3)) {
    say(z, form);
    return a;
  }
  a->kind = BEGINNING;
  char folded[64];
  fold_plain(form, folded);
  size_t n = 1 + roll(z, strlen(folded));
  while (n < strlen(folded) && ((unsigned char)folded[n] & 0xC0) == 0x80) n++;
  if (folded[n - 1] == '.') n--;
  memcpy(a->beginning, folded, n);
  say(z, a->beginning);
  say(z, "*");
  return a;
}

static asked *ask_phrase(quiz *z) {
  asked *a = ZD_NEW(&z->w->store->arena, asked);
  a->kind = PHRASE;
  a->n = 2 + roll(z, 2);
  say(z, "\"");
  for (size_t i = 0; i < a->n; i++) {
    a->rows[i] = (uint8_t)roll(z, ROWS_OF_FORMS);
    if (i) say(z, " ");
    say(z, forms[a->rows[i]][roll(z, 5)]);
  }
  say(z, "\"");
  return a;
}

static asked *ask_any(quiz *z, int depth);

static asked *ask_group(quiz *z, int depth) {
  asked *a = ZD_NEW(&z->w->store->arena, asked);
  a->kind = roll(z, 2) ? ALL : ANY;
  a->n = 2 + roll(z, 2);
  static const char *const joints[2][3] = {{" ", " AND ", " and "}, {" OR ", ",", " or "}};
  say(z, "(");
  for (size_t i = 0; i < a->n; i++) {
    if (i) say(z, joints[a->kind == ANY][roll(z, 3)]);
    a->parts[i] = ask_any(z, depth - 1);
  }
  say(z, ")");
  return a;
}

static asked *ask_any(quiz *z, int depth) {
  uint64_t dice = roll(z, depth ? 6 : 4);
  if (dice == 0) return ask_phrase(z);
  if (dice < 4) return ask_form(z);
  if (dice == 4) return ask_group(z, depth);
  asked *a = ZD_NEW(&z->w->store->arena, asked);
  a->kind = NONE;
  say(z, roll(z, 2) ? "-" : "NOT ");
  a->parts[0] = ask_any(z, depth - 1);
  return a;
}

static bool word_fits(const asked *a, const spoken *s, int t, size_t i) {
  char folded[64];
  if (a->kind == FORM) return s->row[t][i] == a->rows[0];
  if (a->kind == BEGINNING) {
    fold_plain(forms[s->row[t][i]][s->form[t][i]], folded);
    return strncmp(folded, a->beginning, strlen(a->beginning)) == 0;
  }
  if (i + a->n > s->n[t]) return false;
  for (size_t k = 0; k < a->n; k++)
    if (s->row[t][i + k] != a->rows[k]) return false;
  return true;
}

static bool fits(const asked *a, const spoken *s, bool narrative) {
  if (a->kind == NONE) return !fits(a->parts[0], s, narrative);
  if (a->kind == ALL || a->kind == ANY) {
    for (size_t i = 0; i < a->n; i++)
      if (fits(a->parts[i], s, narrative) == (a->kind == ANY)) return a->kind == ANY;
    return a->kind == ALL;
  }
  for (int t = 0; t < (narrative ? 1 : TEXTS); t++)
    for (size_t i = 0; i < s->n[t]; i++)
      if (word_fits(a, s, t, i)) return true;
  return false;
}

static void random_questions_of_random_texts(void **state) {
  static quiz z;
  z.w = *state;
  size_t hits = 0, asked_in_all = 0;
  memory_empty(z.w->store);
  zd_testing_dice(&z.dice, 21, 1);
  for (size_t i = 0; i < STORED; i++) store_one(&z, &z.said[i]);
  for (int k = 0; k < 600; k++) {
    bool narrative = roll(&z, 2);
    z.n = 0;
    z.text[0] = 0;
    asked *a = ask_any(&z, 3);
    if (z.n > 3000) continue;
    zd_query q =
        read_query(z.w, "Condition", narrative ? "_text" : "_content", (zd_slice){z.text, z.n});
    assert_int_equal(q.text_count, 1);
    asked_in_all++;
    for (size_t i = 0; i < STORED; i++) {
      bool expected = fits(a, &z.said[i], narrative), naive;
      bool planned = memory_hit(z.w->store, q.plan, i);
      zd_arena arena;
      zd_arena_init(&arena, 0);
      assert_int_equal(zd_text_match(q.texts[0], &z.w->store->rows[i].tree, 0, &arena, &naive),
                       ZD_OK);
      zd_arena_free(&arena);
      if (planned != expected || naive != expected)
        fail_msg("%s: expected %d, planned %d, naive %d: %.*s", z.text, expected, planned, naive,
                 ZD_SV(z.w->store->rows[i].body));
      hits += expected;
    }
  }
  print_message("%zu questions, %zu hits\n", asked_in_all, hits);
  assert_true(hits > asked_in_all);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_text_and_content),
                                     cmocka_unit_test(random_questions_of_random_texts)};
  return cmocka_run_group_tests(tests, open_world, close_world);
}
