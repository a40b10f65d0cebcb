/* _filter: its grammar, what each comparison means for which type, its logic over paths. */
#include "base/testing/dice.h"
#include "search/testing/memory_world.h"
#include "search/values/fold.h"

enum { TEXTS = 120, ROUNDS = 2000 };

static const char *const resources[] = {
    "{\"resourceType\":\"Organization\",\"id\":\"o1\",\"name\":\"Polyclinic\"}",
    "{\"resourceType\":\"Patient\",\"id\":\"p1\",\"name\":[{\"family\":\"Ivanov\",\"given\":"
    "[\"Pyotr\",\"Lev\"]}],\"gender\":\"male\",\"birthDate\":\"1970-05-01\",\"active\":true,"
    "\"managingOrganization\":{\"reference\":\"Organization/o1\"},\"identifier\":[{\"system\":"
    "\"urn:a\",\"value\":\"1\"},{\"system\":\"urn:b\",\"value\":\"2\"}]}",
    "{\"resourceType\":\"Patient\",\"id\":\"p2\",\"name\":[{\"family\":\"Petrova\"}],\"gender\":"
    "\"female\",\"birthDate\":\"1980\",\"meta\":{\"source\":\"http://s.example/a\",\"tag\":"
    "[{\"code\":\"vip\"}]},\"identifier\":[{\"system\":\"urn:a\",\"value\":\"1\"}]}",
    "{\"resourceType\":\"Patient\",\"id\":\"p3\",\"gender\":\"unknown\",\"meta\":{\"source\":"
    "\"http://s.example/b\"},\"identifier\":[{\"system\":\"urn:c\"}]}",
    "{\"resourceType\":\"Observation\",\"id\":\"b1\",\"status\":\"final\",\"code\":{\"coding\":"
    "[{\"system\":\"urn:l\",\"code\":\"8480-6\"}]},\"subject\":{\"reference\":\"Patient/p1\"},"
    "\"effectivePeriod\":{\"start\":\"2024-01-10\",\"end\":\"2024-01-20\"},\"valueQuantity\":"
    "{\"value\":120,\"system\":\"urn:u\",\"code\":\"mm\"}}",
    "{\"resourceType\":\"Observation\",\"id\":\"b2\",\"status\":\"amended\",\"code\":{\"coding\":"
    "[{\"system\":\"urn:l\",\"code\":\"9\"}]},\"subject\":{\"reference\":\"Patient/p2\"},"
    "\"effectiveDateTime\":\"2024-01-15\",\"valueQuantity\":{\"value\":80.5,\"system\":\"urn:u\","
    "\"code\":\"mm\"}}",
    "{\"resourceType\":\"List\",\"id\":\"l1\",\"status\":\"current\",\"mode\":\"changes\","
    "\"entry\":[{\"deleted\":false,\"item\":{\"reference\":\"Observation/b1\"}}]}",
    "{\"resourceType\":\"Observation\",\"id\":\"b3\",\"status\":\"final\",\"code\":{\"text\":"
    "\"?\"},\"subject\":{\"reference\":\"http://x.example/Patient/p1\"}}",
};

static int open_filled(void **state) {
  return fill_world(state, resources, sizeof resources / sizeof *resources);
}

/* The filter as a query would carry it. */
static zd_slice encoded(zd_arena *arena, const char *filter) {
  char *p = zd_arena_alloc(arena, 3 * strlen(filter) + 16), *at = p;
  at += sprintf(at, "_filter=");
  for (; *filter; filter++) at += sprintf(at, "%%%02X", (unsigned char)*filter);
  return (zd_slice){p, (size_t)(at - p)};
}

static zd_err parse(world *w, const char *type, const char *filter, zd_query *q,
                    zd_issues *issues) {
  return parse_query(w, type, encoded(&w->store->arena, filter), (zd_query_options){0}, q, issues);
}

static const char *ask_filter(world *w, const char *type, const char *filter) {
  return ask(w, type,
             zd_arena_printf(&w->store->arena, "%.*s", ZD_SV(encoded(&w->store->arena, filter))).p);
}

static void check_filters(world *w, const example *rows, size_t n) {
  size_t wrong = 0;
  for (size_t i = 0; i < n; i++) {
    const char *found = ask_filter(w, rows[i].type, rows[i].query);
    if (is_expected(found, rows[i].found)) continue;
    print_error("%s: %s: found \"%s\", expected \"%s\"\n", rows[i].type, rows[i].query, found,
                rows[i].found);
    wrong++;
  }
  assert_int_equal(wrong, 0);
}
#define CHECK_FILTERS(w, rows) check_filters(w, rows, sizeof rows / sizeof *rows)

static void comparisons_by_type(void **state) {
  static const example rows[] = {
      /* string */
      {"Patient", "family eq ivanov", "p1"},
      {"Patient", "family eq \"IVANOV\"", "p1"},
      {"Patient", "family eq ivan", ""},
      {"Patient", "given ne pyotr", "p1"}, /* Lev is another */
      {"Patient", "family ne ivanov", "p2"},
      {"Patient", "family co tro", "p2"},
      {"Patient", "family sw iva", "p1"},
      {"Patient", "family ew ova", "p2"},
      {"Patient", "family gt ivanov", "p2"},
      {"Patient", "family ge ivanov", "p1 p2"},
      {"Patient", "family lt petrova", "p1"},
      {"Patient", "family le petrova", "p1 p2"},
      {"Patient", "family pr true", "p1 p2"},
      {"Patient", "family pr false", "p3"},
      /* date */
      {"Patient", "birthdate eq 1980", "p2"},
      {"Patient", "birthdate ge 1970-05-01", "p1 p2"},
      {"Patient", "birthdate lt \"1980\"", "p1"},
      {"Patient", "birthdate ne 1980", "p1"},
      {"Patient", "birthdate pr false", "p3"},
      {"Observation", "date po 2024-01-20", "b1"},
      {"Observation", "date po 2024-01", "b1 b2"},
      {"Observation", "date po 2024-01-21", ""},
      {"Observation", "date sa 2024-01-14", "b2"},
      {"Observation", "date eb 2024-01-16", "b2"},
      {"Observation", "date ap 2024-01-15", "b1 b2"},
      /* quantity */
      {"Observation", "value-quantity gt 100", "b1"},
      {"Observation", "value-quantity eq 80.5|urn:u|mm", "b2"},
      {"Observation", "value-quantity le 120", "b1 b2"},
      /* token */
      {"Patient", "gender eq male", "p1"},
      {"Patient", "gender ne male", "p2 p3"},
      {"Patient", "identifier eq urn:a|1", "p1 p2"},
      {"Patient", "identifier ne urn:a|1", "p1"},
      {"Patient", "identifier ne 1", "p1"},
      {"Patient", "identifier ne urn:a|", "p1"},
      {"Patient", "identifier eq urn:c|", "p3"},
      {"Patient", "active eq true", "p1"},
      {"Patient", "active pr false", "p2 p3"},
      {"Observation", "code eq 8480-6", "b1"},
      {"Observation", "code pr true", "b1 b2 b3"},
      {"Patient", "_tag eq vip", "p2"},
      {"Patient", "_tag pr false", "p1 p3"},
      {"", "_tag eq vip", "p2"},
      /* uri */
      {"Patient", "_source eq http://s.example/a", "p2"},
      {"Patient", "_source sw http://s.example/", "p2 p3"},
      {"Patient", "_source ew /b", "p3"},
      {"Patient", "_source co example", "p2 p3"},
      {"Patient", "_source ne http://s.example/a", "p3"},
      {"Patient", "_source ne http://s.example", "p2 p3"},
      {"Patient", "_source co s.example/a", "p2"},
      /* composite: its components bring their own comparisons */
      {"Observation", "code-value-quantity eq 8480-6$gt100", "b1"},
      {"Observation", "code-value-quantity eq 8480-6$gt100|urn:u|mm", "b1"},
      {"Observation", "code-value-quantity eq 9$gt100", ""},
      {"Observation", "code-value-quantity eq 9$80.5 or status eq amended", "b2"},
      {"Observation", "code-value-quantity pr true", "b1 b2"},
      {"Observation", "code-value-quantity pr false", "b3"},
      {"Observation", "code-value-concept pr true", ""},
      /* reference */
      {"Observation", "subject eq Patient/p1", "b1"},
      {"Observation", "subject re Patient/p1", "b1"},
      {"Observation", "subject re http://x.example/Patient/p1", "b3"},
      {"Observation", "subject ne Patient/p1", "b2 b3"},
      {"Observation", "patient ne Patient/p1", "b2 b3"},
      {"Observation", "encounter pr false", "b1 b2 b3"},
      /* what every resource has */
      {"Patient", "_id eq p1", "p1"},
      {"Patient", "_id ne p1", "p2 p3"},
      {"Patient", "_id pr true", "p1 p2 p3"},
      {"Patient", "_lastUpdated lt 2000", "p1 p2 p3"},
      {"Patient", "_lastUpdated ge 2000", ""},
      {"Patient", "_lastUpdated po 1970", "p1 p2 p3"},
  };
  CHECK_FILTERS((world *)*state, rows);
}

/* Uris, canonicals with versions and such as look so, short and longer than a term: each comparison
 * against the texts themselves. */
static void uris_compare_as_texts(void **state) {
  world *w = *state;
  zd_arena *arena = &w->store->arena;
  static const char *const texts[] = {"http://u.example/a", "http://u.example/ab",
                                      "http://u.example/a|1", "http://u.example/b", "urn:x"};
  static const char *const ops[] = {"ne", "co", "ew", "sw"};
  size_t first = w->store->row_count, wrong = 0;
  char json[1024], filler[300];
  memset(filler, 'z', sizeof filler);
  filler[sizeof filler - 1] = 0;
  for (size_t i = 0; i < 10; i++) { /* five, and five that end so far behind */
    const char *text = texts[i % 5];
    snprintf(json, sizeof json,
             "{\"resourceType\":\"Basic\",\"id\":\"u%zu\",\"code\":{\"text\":\"x\"},\"meta\":"
             "{\"source\":\"%s%s%s\"}}",
             i, i < 5 ? "" : "http://long.example/", i < 5 ? "" : filler, text);
    memory_put(w->store, w->search, json, 1000);
  }
  static const char *const asked[] = {"http://u.example/a", "a", "/b", "|1", "urn:", "zz"};
  for (size_t o = 0; o < 4; o++)
    for (size_t a = 0; a < 6; a++) {
      zd_query q;
      zd_issues issues;
      zd_slice filter = zd_arena_printf(arena, "_source %s \"%s\"", ops[o], asked[a]);
      assert_int_equal(parse(w, "Basic", zd_arena_copy(arena, filter).p, &q, &issues), ZD_OK);
      for (size_t i = 0; i < 10; i++) {
        zd_slice tail = zd_slice_of(texts[i % 5]), v = zd_slice_of(asked[a]);
        zd_slice whole =
            i < 5 ? tail
                  : zd_arena_printf(arena, "http://long.example/%s%.*s", filler, ZD_SV(tail));
        bool holds = o == 0   ? !zd_slice_eq(whole, v)
                     : o == 1 ? memmem(whole.p, whole.n, v.p, v.n) != NULL
                     : o == 2 ? zd_slice_ends(whole, v)
                              : zd_slice_starts(whole, v);
        if (holds == memory_hit(w->store, q.plan, first + i)) continue;
        print_error("%s %s of %.*s\n", ops[o], asked[a], ZD_SV(whole));
        wrong++;
      }
    }
  w->store->row_count = first;
  assert_int_equal(wrong, 0);
}

static void logic_goes_from_left_to_right(void **state) {
  static const example rows[] = {
      {"Patient", "gender eq male or gender eq female", "p1 p2"},
      {"Patient", "gender eq male and family eq petrova", ""},
      {"Patient", "not (gender eq male)", "p2 p3"},
      {"Patient", "not(gender eq male or gender eq female)", "p3"},
      {"Patient", "(gender eq male)", "p1"},
      {"Patient", "gender eq male or gender eq female and family eq petrova", "p2"},
      {"Patient", "gender eq male or (gender eq female and family eq petrova)", "p1 p2"},
      {"Patient", "family eq petrova and gender eq female or gender eq male", "p1 p2"},
      {"Patient", "  ( ( gender eq male ) )  ", "p1"},
      {"Patient", "given eq \"pyotr\" and birthdate ge 1970-01-01", "p1"},
      {"", "not (_tag eq vip) and _source pr true", "p3"},
  };
  CHECK_FILTERS((world *)*state, rows);
}

static void paths_follow_references(void **state) {
  static const example rows[] = {
      {"Observation", "subject.name co iva", "b1"},
      {"Observation", "subject.organization.name eq polyclinic", "b1"},
      {"Observation", "subject.gender ne male", "b2"},
      {"Observation", "not (subject.gender eq male)", "b2 b3"},
      {"Observation", "subject[gender eq female].name co pet", "b2"},
      {"Observation", "subject[gender eq male].name co pet", ""},
      {"Observation", "subject[gender eq male or birthdate eq 1980]._id pr true", "b1 b2"},
      {"Observation", "subject[gender eq male].organization[name sw poly]._id eq o1", "b1"},
      {"Observation", "patient._id eq p1 and status eq final", "b1"},
  };
  CHECK_FILTERS((world *)*state, rows);
}

static void faults_have_a_place(void **state) {
  static const example rows[] = {
      {"Patient", "_content co x",
       "!_filter, character 1: \"_content\" has a language of its own and is asked as a "
       "parameter, \"_content=...\""},
      {"Patient", "", "!_filter, character 1: a search parameter is wanted"},
      {"Patient", "name", "!_filter, character 5: a blank and an operation are wanted"},
      {"Patient", "name like x",
       "!_filter, character 6: an operation is wanted: eq ne co sw ew gt lt ge le ap sa eb pr po "
       "ss "
       "sb in ni re"},
      {"Patient", "name eq", "!_filter, character 8: a blank and a value are wanted"},
      {"Patient", "name eq ", "!_filter, character 9: a value is wanted"},
      {"Patient", "name eq \"x", "!_filter, character 9: a string that does not end"},
      {"Patient", "name eq \"\\x\"", "!_filter, character 11: no escape of a JSON string"},
      {"Patient", "name eq \"\\uD800\"", "!_filter, character 16: no escape of a JSON string"},
      {"Patient", "(name eq x", "!_filter, character 11: ) is wanted"},
      {"Patient", "name eq x)", "!_filter, character 10: and, or, or the end is wanted"},
      {"Patient", "name eq x y", "!_filter, character 11: and, or, or the end is wanted"},
      {"Patient", "name eq x and", "!_filter, character 14: a search parameter is wanted"},
      {"Patient", "name eq \xD1\x91 ; x", "!_filter, character 11: and, or, or the end is wanted"},
      {"Patient", "link[name eq x]", "!_filter, character 16: . and a parameter are wanted"},
      {"Patient", "link[name eq x.name eq y", "!_filter, character 21: ] is wanted"},
      {"Patient", "gender eq male and nmae eq x",
       "!_filter, character 20: Patient has no search parameter \"nmae\""},
      {"Observation", "subject.nmae eq x",
       "!_filter, character 1: none of the types that subject may refer to has the parameter "
       "\"nmae\""},
      {"Patient", "birthdate eq soon",
       "!_filter, character 1: birthdate eq: not a date or time such as 2024, 2024-05, 2024-05-31, "
       "2024-05-31T10:00:00Z: \"eqsoon\""},
      {"Patient", "birthdate co 2000",
       "!_filter, character 1: birthdate co: this comparison is not defined for parameters of that "
       "type"},
      {"Patient", "gender gt male",
       "!_filter, character 1: gender gt: this comparison is not defined for parameters of that "
       "type"},
      {"Patient", "name po x",
       "!_filter, character 1: name po: this comparison is not defined for parameters of that "
       "type"},
      {"Observation", "code-value-quantity ne 1$2",
       "!_filter, character 1: code-value-quantity ne: this comparison is not defined for "
       "parameters "
       "of that type"},
      {"Patient", "name pr maybe", "!_filter, character 1: name pr: true or false is wanted"},
      {"Patient", "name eq \"\"", "!_filter, character 1: name eq: the value is empty"},
      {"Patient", "name eq \"-\"",
       "!_filter, character 1: name eq: no letter or digit to compare with"},
      {"Patient", "(((((((((((((name eq x)))))))))))))", "!_filter, character 14: nested too deep"},
  };
  CHECK_FILTERS((world *)*state, rows);
}

static void strings_are_of_json(void **state) {
  static const example rows[] = {
      {"Patient", "family eq \"\\u0049vanov\"", "p1"},
      {"Patient", "family eq \"Iv\\u0061nov\" and gender eq male", "p1"},
      {"Patient", "_source eq \"http:\\/\\/s.example\\/a\"", "p2"},
      {"Patient", "identifier eq \"urn:a|1\"", "p1 p2"},
      {"Patient", "family eq \"Ivanov)\"", "p1"}, /* punctuation does not count in strings */
      {"Patient", "identifier eq a\\b", ""},
  };
  CHECK_FILTERS((world *)*state, rows);
}

/* A run of comparisons is as long as allowed, and no longer. */
static void filters_have_a_size(void **state) {
  world *w = *state;
  static char text[40000] = "gender eq x0";
  for (int i = 1; i < 256; i++) sprintf(text + strlen(text), " or gender eq x%d", i);
  assert_string_equal(ask_filter(w, "Patient", text), "");
  strcat(text, " or gender eq male");
  assert_non_null(strstr(ask_filter(w, "Patient", text), "too many comparisons"));
  strcpy(text, "gender eq male");
  for (int i = 0; i < 20; i++) strcat(text, i % 2 ? " or gender eq male" : " and gender eq male");
  assert_non_null(strstr(ask_filter(w, "Patient", text), "nested too deep"));
}

/* ---- texts: every comparison against a naive one ---- */

static zd_slice random_text(zd_random *dice, zd_arena *arena) {
  static const char *const letters[] = {"a", "b", "A", "\xD1\x91", "-", " ", "\xC3\xA9"};
  size_t n =
      zd_random_below(dice, 20) ? 1 + zd_random_below(dice, 4) : 180 + zd_random_below(dice, 90);
  zd_slice text = ZD_S("x");
  if (zd_random_below(dice, 2)) text = letters[0][0] ? ZD_S("a") : text;
  if (!zd_random_below(dice, 6)) text = ZD_S("-");
  for (size_t i = 0; i < n; i++)
    text = zd_arena_printf(arena, "%.*s%s", ZD_SV(text), letters[zd_random_below(dice, 7)]);
  return text;
}

static bool compares(const char *op, zd_slice fact, zd_slice text) {
  int order = zd_slice_cmp(fact, text);
  if (!strcmp(op, "eq")) return !order;
  if (!strcmp(op, "ne")) return order != 0;
  if (!strcmp(op, "gt")) return order > 0;
  if (!strcmp(op, "ge")) return order >= 0;
  if (!strcmp(op, "lt")) return order < 0;
  if (!strcmp(op, "le")) return order <= 0;
  if (!strcmp(op, "sw")) return zd_slice_starts(fact, text);
  if (!strcmp(op, "ew")) return zd_slice_ends(fact, text);
  return fact.n >= text.n && memmem(fact.p, fact.n, text.p, text.n);
}

static void texts_compare_as_a_naive_reader_would(void **state) {
  static const char *const ops[] = {"eq", "ne", "gt", "ge", "lt", "le", "sw", "ew", "co"};
  world *w = *state;
  zd_arena *arena = &w->store->arena;
  zd_random dice;
  zd_testing_dice(&dice, 31, 1);
  size_t start = w->store->row_count, hits = 0;
  zd_slice folded[TEXTS][2];
  for (size_t i = 0; i < TEXTS; i++) {
    zd_slice a = random_text(&dice, arena), b = random_text(&dice, arena);
    memory_put(
        w->store, w->search,
        zd_arena_printf(arena,
                        "{\"resourceType\":\"Organization\",\"id\":\"t%zu\",\"name\":\"%.*s\","
                        "\"alias\":[\"%.*s\"]}",
                        i, ZD_SV(a), ZD_SV(b))
            .p,
        1000);
    folded[i][0] = zd_fold(a, 0, NULL, arena);
    folded[i][1] = zd_fold(b, 0, NULL, arena);
  }
  for (size_t k = 0; k < ROUNDS; k++) {
    const char *op = ops[zd_random_below(&dice, 9)];
    zd_slice any = random_text(&dice, arena);
    if (zd_random_below(&dice, 2)) any = folded[zd_random_below(&dice, TEXTS)][0];
    if (any.n > 200) any.n = 1 + zd_random_below(&dice, 8);
    while (any.n && ((unsigned char)any.p[any.n - 1] & 0xC0)) any.n--; /* whole characters */
    zd_slice text = zd_fold(any, 0, NULL, arena);
    if (!text.n || text.n > 200) continue;
    zd_query q;
    zd_issues issues;
    zd_err err = parse(w, "Organization",
                       zd_arena_printf(arena, "name %s \"%.*s\"", op, ZD_SV(any)).p, &q, &issues);
    if (err) fail_msg("name %s %.*s: %.*s", op, ZD_SV(any), ZD_SV(issues.items[0].diagnostics));
    for (size_t i = 0; i < TEXTS; i++) {
      bool wanted = compares(op, folded[i][0], text) || compares(op, folded[i][1], text);
      bool found = memory_hit(w->store, q.plan, start + i);
      if (wanted != found)
        fail_msg("seed: name %s \"%.*s\" of \"%.*s\", \"%.*s\": %d", op, ZD_SV(any),
                 ZD_SV(folded[i][0]), ZD_SV(folded[i][1]), found);
      hits += found;
    }
  }
  assert_in_range(hits, ROUNDS, (size_t)ROUNDS * TEXTS);
  w->store->row_count = start;
}

/* ---- logic: random trees against sets ---- */

typedef struct said {
  char text[3000];
  unsigned rows; /* bits: p1, p2, p3 */
} said;

static void combine(zd_random *dice, unsigned depth, said *out);

static void leaf(zd_random *dice, said *out) {
  static const struct {
    const char *text;
    unsigned rows;
  } leaves[] = {{"gender eq male", 1}, {"gender eq female", 2},      {"birthdate pr true", 3},
                {"family co o", 3},    {"_source pr true", 6},       {"identifier eq urn:c|", 4},
                {"_id ne p1", 6},      {"organization.name sw p", 1}};
  size_t i = zd_random_below(dice, 8);
  strcpy(out->text, leaves[i].text);
  out->rows = leaves[i].rows;
}

static void combine(zd_random *dice, unsigned depth, said *out) {
  said part;
  leaf(dice, out);
  for (uint64_t n = zd_random_below(dice, 3); n > 0; n--) {
    bool is_and = zd_random_below(dice, 2);
    if (depth && zd_random_below(dice, 2)) {
      said inner;
      combine(dice, depth - 1, &inner);
      bool negated = zd_random_below(dice, 2);
      snprintf(part.text, sizeof part.text, "%s(%.2900s)", negated ? "not " : "", inner.text);
      part.rows = negated ? 7 & ~inner.rows : inner.rows;
    } else {
      leaf(dice, &part);
    }
    snprintf(out->text + strlen(out->text), sizeof out->text - strlen(out->text), " %s %s",
             is_and ? "and" : "or", part.text);
    out->rows = is_and ? out->rows & part.rows : out->rows | part.rows;
  }
}

static void logic_is_that_of_sets(void **state) {
  world *w = *state;
  zd_random dice;
  zd_testing_dice(&dice, 31, 2);
  for (int i = 0; i < ROUNDS; i++) {
    said s;
    combine(&dice, 3, &s);
    char expected[16] = "";
    for (int k = 0; k < 3; k++)
      if (s.rows >> k & 1)
        sprintf(expected + strlen(expected), "%sp%d", *expected ? " " : "", k + 1);
    const char *found = ask_filter(w, "Patient", s.text);
    if (strcmp(found, expected)) fail_msg("%s: found %s, expected %s", s.text, found, expected);
  }
}

/* ---- memory ---- */

static const char everything[] =
    "_filter=subject[gender%20eq%20male].organization.name%20co%20x%20or%20not%20(code%20ne%20a%"
    "20and"
    "%20date%20po%202024)&_has:AuditEvent:entity:agent.name:contains=x&subject.name=a,b&encounter."
    "participant:Practitioner.identifier:not=5&_list=l1&value-string=a";

static void memory_runs_out(void **state) {
  world *w = *state;
  zd_type type = zd_schema_type(zd_schema_r4(), ZD_S("Observation"));
  zd_snapshot v = {w->store};
  zd_query_options options = {.snapshot = &v, .now_ms = 1};
  size_t failures = 0;
  for (size_t limit = 256;; limit += 256) {
    zd_arena arena, words;
    zd_query q;
    zd_issues issues;
    zd_arena_init(&arena, limit);
    zd_arena_init(&words, 0);
    zd_issues_init(&issues, &words);
    zd_err err =
        zd_search_parse(w->search, type, zd_slice_of(everything), &options, &arena, &q, &issues);
    zd_arena_free(&arena);
    zd_arena_free(&words);
    if (err == ZD_OK) break;
    assert_int_equal(err, ZD_ERR_MEMORY);
    failures++;
  }
  assert_true(failures > 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(comparisons_by_type),
      cmocka_unit_test(uris_compare_as_texts),
      cmocka_unit_test(logic_goes_from_left_to_right),
      cmocka_unit_test(paths_follow_references),
      cmocka_unit_test(faults_have_a_place),
      cmocka_unit_test(strings_are_of_json),
      cmocka_unit_test(filters_have_a_size),
      cmocka_unit_test(texts_compare_as_a_naive_reader_would),
      cmocka_unit_test(logic_is_that_of_sets),
      cmocka_unit_test(memory_runs_out),
  };
  return cmocka_run_group_tests(tests, open_filled, close_world);
}
