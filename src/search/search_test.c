/* Queries answered over a few resources, type by type, as R4 search.html words them. */
#include "search/testing/memory_world.h"

/* ---- number: R4 gives the table for 100 ---- */

static void number(void **state) {
  world *w = *state;
  static const char *const values[] = {"99.4999", "99.5",       "99.995", "100", "100.00",
                                       "100.004", "100.499999", "100.5",  "104", "111"};
  memory_empty(w->store);
  for (size_t i = 0; i < sizeof values / sizeof *values; i++)
    put(w,
        zd_arena_printf(&w->store->arena,
                        "{\"resourceType\":\"RiskAssessment\",\"id\":\"%s\",\"status\":\"final\","
                        "\"subject\":{\"reference\":\"Patient/1\"},"
                        "\"prediction\":[{\"probabilityDecimal\":%s}]}",
                        values[i], values[i])
            .p);
  put(w,
      "{\"resourceType\":\"RiskAssessment\",\"id\":\"range\",\"status\":\"final\","
      "\"subject\":{\"reference\":\"Patient/1\"},\"prediction\":[{\"probabilityRange\":"
      "{\"low\":{\"value\":1},\"high\":{\"value\":2}}}]}");
  static const example rows[] = {
      {"RiskAssessment", "probability=100", "99.5 99.995 100 100.00 100.004 100.499999"},
      {"RiskAssessment", "probability=100.00", "99.995 100 100.00 100.004"},
      {"RiskAssessment", "probability=1e2",
       "99.4999 99.5 99.995 100 100.00 100.004 100.499999 "
       "100.5 104 111"},
      {"RiskAssessment", "probability=lt100", "99.4999 99.5 99.995"},
      {"RiskAssessment", "probability=le100", "99.4999 99.5 99.995 100 100.00"},
      {"RiskAssessment", "probability=gt100", "100.004 100.499999 100.5 104 111"},
      {"RiskAssessment", "probability=ge100", "100 100.00 100.004 100.499999 100.5 104 111"},
      {"RiskAssessment", "probability=ne100", "99.4999 100.5 104 111"},
      {"RiskAssessment", "probability=sa100.5", "104 111"},
      {"RiskAssessment", "probability=eb99.5", "99.4999"},
      {"RiskAssessment", "probability=ap100",
       "99.4999 99.5 99.995 100 100.00 100.004 100.499999 "
       "100.5 104"},
      {"RiskAssessment", "probability=gt100.00399999999999999999999",
       "100.004 100.499999 100.5 104 "
       "111"},
      {"RiskAssessment", "probability=lt100.00400000000000000000001&probability=gt100", "100.004"},
      {"RiskAssessment", "probability=100,104", "99.5 99.995 100 100.00 100.004 100.499999 104"},
      {"RiskAssessment", "probability=x", "!probability: not a number: \"x\""},
      {"RiskAssessment", "probability=zz5",
       "!probability: unknown prefix; known are eq ne gt lt ge le sa eb ap: \"zz5\""},
  };
  CHECK(w, rows);
}

/* ---- date ---- */

static void date(void **state) {
  world *w = *state;
  memory_empty(w->store);
  put_procedure(w, "day", "\"performedDateTime\":\"2013-01-14\"");
  put_procedure(w, "start", "\"performedDateTime\":\"2013-01-14T00:00:00Z\"");
  put_procedure(w, "ten", "\"performedDateTime\":\"2013-01-14T10:00:00+03:00\"");
  put_procedure(w, "next", "\"performedDateTime\":\"2013-01-15T00:00:00.000Z\"");
  put_procedure(w, "month", "\"performedDateTime\":\"2013-01\"");
  put_procedure(w, "period",
                "\"performedPeriod\":{\"start\":\"2013-01-10\",\"end\":\"2013-01-20\"}");
  put_procedure(w, "open", "\"performedPeriod\":{\"start\":\"2013-01-14\"}");
  put_procedure(w, "until", "\"performedPeriod\":{\"end\":\"2013-01-13\"}");
  put_procedure(w, "text", "\"performedString\":\"long ago\"");
  static const example rows[] = {
      {"Procedure", "date=2013-01-14", "day start ten"},
      {"Procedure", "date=eq2013-01-14T10:00:00%2B03:00", "ten"},
      {"Procedure", "date=2013-01-14T07:00", "ten"},
      {"Procedure", "date=2013-01", "day start ten next month period"},
      {"Procedure", "date=ne2013-01-14", "next month period open until"},
      {"Procedure", "date=gt2013-01-14", "next month period open"},
      {"Procedure", "date=lt2013-01-14", "month period until"},
      {"Procedure", "date=ge2013-01-14", "day start ten next month period open"},
      {"Procedure", "date=le2013-01-14", "day start ten month period until"},
      {"Procedure", "date=sa2013-01-13", "day start ten next open"},
      {"Procedure", "date=eb2013-01-14", "until"},
      {"Procedure", "date=ge2013-01-14&date=lt2013-01-15", "day start ten month period open"},
      {"Procedure", "date=ap2013-01-14", "day start ten next month period open until"},
      {"Procedure", "date=2013-1",
       "!date: not a date or time such as 2024, 2024-05, 2024-05-31, "
       "2024-05-31T10:00:00Z: \"2013-1\""},
  };
  CHECK(w, rows);
}

static void timing(void **state) {
  world *w = *state;
  memory_empty(w->store);
  put(w,
      "{\"resourceType\":\"ServiceRequest\",\"id\":\"t\",\"status\":\"active\",\"intent\":"
      "\"order\","
      "\"subject\":{\"reference\":\"Patient/1\"},\"occurrenceTiming\":{\"event\":[\"2013-02-05\","
      "\"2013-01-31\"],\"repeat\":{\"boundsPeriod\":{\"start\":\"2013-02-01\",\"end\":"
      "\"2013-03-24\"}}}}");
  put(w,
      "{\"resourceType\":\"ServiceRequest\",\"id\":\"none\",\"status\":\"active\",\"intent\":"
      "\"order\","
      "\"subject\":{\"reference\":\"Patient/1\"},\"occurrenceTiming\":{\"repeat\":{\"frequency\":1,"
      "\"period\":1,\"periodUnit\":\"d\"}}}");
  static const example rows[] = {
      {"ServiceRequest", "occurrence=2013", "t"},
      {"ServiceRequest", "occurrence=ap2013-02-02", "t"},
      {"ServiceRequest", "occurrence=sa2013-01-30", "t"},
      {"ServiceRequest", "occurrence=sa2013-01-31", ""},
      {"ServiceRequest", "occurrence=eb2013-03-25", "t"},
      {"ServiceRequest", "occurrence=ne1999", "t"},
  };
  CHECK(w, rows);
}

/* ---- string ---- */

static void string(void **state) {
  world *w = *state;
  memory_empty(w->store);
  put(w,
      "{\"resourceType\":\"Patient\",\"id\":\"1\",\"name\":[{\"family\":\"Пётров-Водкин\","
      "\"given\":[\"Кузьма\",\"Сергеевич\"]},{\"text\":\"Kuzma P.\"}],\"address\":[{\"city\":"
      "\"Санкт-Петербург\",\"line\":[\"ул. Ленина, 5\"],\"postalCode\":\"190000\"}]}");
  put(w,
      "{\"resourceType\":\"Patient\",\"id\":\"2\",\"name\":[{\"family\":\"Müller\","
      "\"given\":[\"Eve\"],\"prefix\":[\"Dr.\"]}]}");
  put(w,
      "{\"resourceType\":\"Patient\",\"id\":\"3\",\"name\":[{\"family\":\"Carreno, Quinones\","
      "\"given\":[\"Everett\"]}]}");
  static const example rows[] = {
      {"Patient", "given=eve", "2 3"},
      {"Patient", "given=Кузь", "1"},
      {"Patient", "family=петров", "1"},
      {"Patient", "family=ПЕТРОВВ", "1"},
      {"Patient", "family=muller", "2"},
      {"Patient", "family=M%C3%BCll", "2"},
      {"Patient", "family=Carreno%5C,%20Quinones", "3"},
      {"Patient", "family=Carreno,Muller", "2 3"},
      {"Patient", "name=dr", "2"},
      {"Patient", "name=kuzma+p", "1"},
      {"Patient", "name=Eve&name=Mu", "2"},
      {"Patient", "address=ул%20ленина", "1"},
      {"Patient", "address-city=санкт", "1"},
      {"Patient", "address-postalcode=190000", "1"},
      {"Patient", "phonetic=eve", "2 3"},
      {"Patient", "name=vodkin", ""},
      {"Patient", "name=...", "!name: no letter or digit to search for: \"...\""},
      {"Patient", "name=a%5Cb", "!name: a backslash stands only before , | $ or \\: \"a\\b\""},
      {"Patient", "name=a,,b", "!name has an empty value"},
      {"Patient", "name=", "!name has no value"},
  };
  CHECK(w, rows);
}

static void a_string_longer_than_a_term(void **state) {
  world *w = *state;
  char text[700], query[1000];
  memory_empty(w->store);
  for (int tail = 0; tail < 3; tail++) {
    memset(text, 'x', 600);
    snprintf(text + 600, 20, "%s", tail == 0 ? "a" : tail == 1 ? "b" : "");
    put(w,
        zd_arena_printf(&w->store->arena,
                        "{\"resourceType\":\"Patient\",\"id\":\"%d\",\"name\":[{\"text\":\"%s\"}]}",
                        tail, text)
            .p);
  }
  memset(text, 'x', 600);
  snprintf(query, sizeof query, "name=%.600s", text);
  assert_string_equal(ask(w, "Patient", query), "0 1 2");
  snprintf(query, sizeof query, "name=%.600sB", text);
  assert_string_equal(ask(w, "Patient", query), "1");
  snprintf(query, sizeof query, "name=%.600sc,%.256s", text, text);
  assert_string_equal(ask(w, "Patient", query), "0 1 2");
}

/* ---- token ---- */

static void token(void **state) {
  world *w = *state;
  memory_empty(w->store);
  put(w,
      "{\"resourceType\":\"Patient\",\"id\":\"1\",\"active\":true,\"gender\":\"male\","
      "\"identifier\":"
      "[{\"system\":\"urn:a\",\"value\":\"446053\"}],\"telecom\":[{\"system\":\"phone\",\"value\":"
      "\"+7 1\"},{\"system\":\"email\",\"value\":\"a@b.c\"}],\"communication\":[{\"language\":"
      "{\"coding\":[{\"system\":\"urn:l\",\"code\":\"ru\"},{\"system\":\"urn:m\",\"code\":\"1\"}]}}"
      "]}");
  put(w,
      "{\"resourceType\":\"Patient\",\"id\":\"2\",\"gender\":\"female\",\"identifier\":[{\"value\":"
      "\"446053\"},{\"system\":\"urn:b\",\"value\":\"4460531\"}],\"deceasedBoolean\":false}");
  put(w,
      "{\"resourceType\":\"Patient\",\"id\":\"3\",\"identifier\":[{\"system\":\"urn:a\"}],"
      "\"deceasedDateTime\":\"2020\",\"maritalStatus\":{\"text\":\"M\"}}");
  put(w,
      "{\"resourceType\":\"Patient\",\"id\":\"4\",\"identifier\":[{\"system\":\"urn:a\",\"value\":"
      "\"a|b,c$d\"}],\"deceasedBoolean\":true}");
  static const example rows[] = {
      {"Patient", "identifier=446053", "1 2"},
      {"Patient", "identifier=urn:a|446053", "1"},
      {"Patient", "identifier=urn:a%7C446053", "1"},
      {"Patient", "identifier=|446053", "2"},
      {"Patient", "identifier=urn:a|", "1 3 4"},
      {"Patient", "identifier=urn:zzz|", ""},
      {"Patient", "identifier=446053,4460531", "1 2"},
      {"Patient", "identifier=a%5C|b%5C,c%5C$d", "4"},
      {"Patient", "gender=male", "1"},
      {"Patient", "gender=male,female", "1 2"},
      {"Patient", "gender=http://hl7.org/fhir/administrative-gender|male", "1"},
      {"Patient", "gender=http://hl7.org/fhir/administrative-gender|", "1 2"},
      {"Patient", "gender=MALE", ""},
      {"Patient", "active=true", "1"},
      {"Patient", "telecom=a@b.c", "1"},
      {"Patient", "email=a@b.c", "1"},
      {"Patient", "phone=a@b.c", ""},
      {"Patient", "phone=%2B7+1", "1"},
      {"Patient", "language=urn:m|1", "1"},
      {"Patient", "language=urn:l|1", ""},
      {"Patient", "deceased=true", "3 4"},
      {"Patient", "deceased=false", "1 2"},
      {"Patient", "death-date=2020", "3"},
      {"Patient", "_id=1", "1"},
      {"Patient", "_id=1,4,x/y", "1 4"},
      {"Patient", "_id=1&gender=female", ""},
      {"Patient", "identifier=|", "!identifier: a token without system and code: \"|\""},
      {"Patient", "identifier=a|b|c",
       "!identifier: a token is code, system|code, |code or system|: \"a|b|c\""},
  };
  CHECK(w, rows);
}

/* A code of any length is exact, also beside one that differs in its last character. */
static void long_tokens(void **state) {
  world *w = *state;
  char code[500], query[600];
  memory_empty(w->store);
  memset(code, 'c', sizeof code);
  for (int n = 198; n < 205; n++)
    put(w,
        zd_arena_printf(&w->store->arena,
                        "{\"resourceType\":\"Patient\",\"id\":\"%d\",\"identifier\":[{\"system\":"
                        "\"urn:s\",\"value\":\"%.*s\"}]}",
                        n, n, code)
            .p);
  for (int n = 198; n < 205; n++) {
    char id[16];
    snprintf(id, sizeof id, "%d", n);
    snprintf(query, sizeof query, "identifier=%.*s", n, code);
    assert_string_equal(ask(w, "Patient", query), id);
    snprintf(query, sizeof query, "identifier=urn:s|%.*s", n, code);
    assert_string_equal(ask(w, "Patient", query), id);
  }
}

/* When no symbol is left, systems stand in the terms as text. */
static void a_full_symbol_table(void **state) {
  world *w = *state;
  memory_empty(w->store);
  w->store->symbol_limit = w->store->symbol_count;
  put(w,
      "{\"resourceType\":\"Patient\",\"id\":\"1\",\"identifier\":[{\"system\":\"urn:never-seen-"
      "before\","
      "\"value\":\"7\"}]}");
  put(w,
      "{\"resourceType\":\"Patient\",\"id\":\"2\",\"identifier\":[{\"system\":\"urn:never-seen-"
      "before-"
      "and-longer-than-fifty-bytes-in-all-its-length\",\"value\":\"7\"}]}");
  static const example rows[] = {
      {"Patient", "identifier=7", "1 2"},
      {"Patient", "identifier=urn:never-seen-before|7", "1"},
      {"Patient", "identifier=urn:never-seen-before|", "1"},
      {"Patient",
       "identifier=urn:never-seen-before-and-longer-than-fifty-bytes-in-all-its-length|7", "2"},
      {"Patient", "identifier=urn:other|7", ""},
  };
  CHECK(w, rows);
  w->store->symbol_limit = SYMBOLS;
}

/* ---- reference ---- */

static void reference(void **state) {
  world *w = *state;
  memory_empty(w->store);
  put_observation(w, "p1", "\"subject\":{\"reference\":\"Patient/1\"}");
  put_observation(w, "p1abs", "\"subject\":{\"reference\":\"http://here.example/fhir/Patient/1\"}");
  put_observation(w, "p1ver", "\"subject\":{\"reference\":\"Patient/1/_history/3\"}");
  put_observation(w, "g1", "\"subject\":{\"reference\":\"Group/1\"}");
  put_observation(w, "far", "\"subject\":{\"reference\":\"http://far.example/Patient/1\"}");
  put_observation(w, "in",
                  "\"contained\":[{\"resourceType\":\"Patient\",\"id\":\"x\"}],\"subject\":"
                  "{\"reference\":\"#x\"}");
  put_observation(w, "words", "\"subject\":{\"display\":\"somebody\"}");
  put_observation(w, "prac",
                  "\"performer\":[{\"reference\":\"Practitioner/1\"},{\"reference\":"
                  "\"Organization/2\"}]");
  put(w,
      "{\"resourceType\":\"Questionnaire\",\"id\":\"q\",\"status\":\"active\",\"url\":\"http://"
      "q.example/own\"}");
  put(w,
      "{\"resourceType\":\"QuestionnaireResponse\",\"id\":\"r\",\"status\":\"completed\","
      "\"questionnaire\":\"http://q.example/base|2.0\"}");
  static const example rows[] = {
      {"Observation", "subject=Patient/1", "p1 p1abs p1ver"},
      {"Observation", "subject=1", "p1 p1abs p1ver g1"},
      {"Observation", "subject=http://here.example/fhir/Patient/1", "p1 p1abs p1ver"},
      {"Observation", "subject=Patient/1/_history/9", "p1 p1abs p1ver"},
      {"Observation", "subject=http://far.example/Patient/1", "far"},
      {"Observation", "subject=Group/1", "g1"},
      {"Observation", "patient=1", "p1 p1abs p1ver"},
      {"Observation", "patient=Patient/1", "p1 p1abs p1ver"},
      {"Observation", "patient=Group/1", ""},
      {"Observation", "patient=http://far.example/Patient/1", "far"},
      {"Observation", "subject=Patient/2,Group/1", "g1"},
      {"Observation", "performer=Practitioner/1&performer=Organization/2", "prac"},
      {"Observation", "performer=Practitioner/2", ""},
      {"QuestionnaireResponse", "questionnaire=http://q.example/base", "r"},
      {"QuestionnaireResponse", "questionnaire=http://q.example/base%7C2.0", "r"},
      {"QuestionnaireResponse", "questionnaire=http://q.example/base%7C3.0", ""},
      {"Questionnaire", "url=http://q.example/own", "q"},
      {"Questionnaire", "url=http://q.example", ""},
  };
  CHECK(w, rows);
}

/* ---- quantity ---- */

static void quantity(void **state) {
  world *w = *state;
  memory_empty(w->store);
#define MG(v)                       \
  "\"valueQuantity\":{\"value\":" v \
  ",\"unit\":\"milligram\",\"system\":\"http://unitsofmeasure.org\",\"code\":\"mg\"}"
  put_observation(w, "a", MG("5.4"));
  put_observation(w, "b", MG("5.40"));
  put_observation(w, "c", MG("5.44"));
  put_observation(w, "d", "\"valueQuantity\":{\"value\":5.4,\"unit\":\"mg\"}");
  put_observation(w, "e", "\"valueQuantity\":{\"value\":5.4}");
  put_observation(w, "f", "\"component\":[{\"code\":{\"text\":\"x\"}," MG("5.4") "},{\"code\":{\"text\":"
                          "\"y\"},\"valueQuantity\":{\"value\":7,\"system\":\"http://unitsofmeasure.org\","
                          "\"code\":\"g\"}}]");
  put_observation(w, "s",
                  "\"valueSampledData\":{\"origin\":{\"value\":10,\"code\":\"mV\",\"system\":"
                  "\"http://unitsofmeasure.org\"},\"period\":1,\"factor\":0.1,\"dimensions\":1,"
                  "\"data\":\"-5 E 20 7\"}");
  put_observation(w, "u",
                  "\"valueSampledData\":{\"origin\":{\"value\":10,\"code\":\"mV\",\"system\":"
                  "\"http://unitsofmeasure.org\"},\"period\":1,\"dimensions\":1,"
                  "\"data\":\"1 U\"}");
  static const example rows[] = {
      {"Observation", "value-quantity=5.4", "a b c d e"},
      {"Observation", "value-quantity=5.40", "a b d e"},
      {"Observation", "value-quantity=5.4|http://unitsofmeasure.org|mg", "a b c"},
      {"Observation", "value-quantity=5.4||mg", "a b c d"},
      {"Observation", "value-quantity=5.4||milligram", "a b c"},
      {"Observation", "value-quantity=5.4||", "a b c d e"},
      {"Observation", "value-quantity=gt5.4||mg", "c"},
      {"Observation", "value-quantity=5.4|http://unitsofmeasure.org|g", ""},
      {"Observation", "combo-value-quantity=5.4||mg", "a b c d f"},
      {"Observation", "combo-value-quantity=7||mg", ""},
      {"Observation", "combo-value-quantity=7||g", "f"},
      {"Observation", "component-value-quantity=7", "f"},
      {"Observation", "value-quantity=gt11.9||mV", "s u"},
      {"Observation", "value-quantity=gt12||mV", "u"},
      {"Observation", "value-quantity=lt9.6||mV", "s"},
      {"Observation", "value-quantity=sa9.4||mV", "s u"},
      {"Observation", "value-quantity=5|mg",
       "!value-quantity: a quantity is number, or number|system|code: \"5|mg\""},
      {"Observation", "value-quantity=5|urn:x|",
       "!value-quantity: a unit system needs a code: \"5|urn:x|\""},
  };
  CHECK(w, rows);
}

/* ---- composite ---- */

static void composite(void **state) {
  world *w = *state;
  memory_empty(w->store);
#define BP(code, v)                                               \
  "{\"code\":{\"coding\":[{\"system\":\"urn:l\",\"code\":\"" code \
  "\"}]},\"valueQuantity\":{\"value\":" v ",\"code\":\"mmHg\"}}"
  put_observation(w, "high", "\"component\":[" BP("sys", "150") "," BP("dia", "80") "]");
  put_observation(w, "low", "\"component\":[" BP("sys", "110") "," BP("dia", "150") "]");
  put_observation(w, "own", "\"valueQuantity\":{\"value\":150,\"code\":\"mmHg\"}");
  put_observation(w, "word", "\"valueString\":\"Positive\"");
  put_observation(w, "concept",
                  "\"valueCodeableConcept\":{\"coding\":[{\"system\":\"urn:v\",\"code\":"
                  "\"pos\"}],\"text\":\"positive\"}");
  put(w,
      "{\"resourceType\":\"DocumentReference\",\"id\":\"doc\",\"status\":\"current\",\"content\":"
      "[{\"attachment\":{\"contentType\":\"text/"
      "plain\"}}],\"relatesTo\":[{\"code\":\"replaces\",\"target\":"
      "{\"reference\":\"DocumentReference/1\"}},{\"code\":\"appends\",\"target\":{\"reference\":"
      "\"DocumentReference/2\"}}]}");
  static const example rows[] = {
      {"Observation", "component-code-value-quantity=sys$gt140", "high"},
      {"Observation", "component-code-value-quantity=urn:l|dia$gt140||mmHg", "low"},
      {"Observation", "component-code-value-quantity=sys$gt140,dia$gt140", "high low"},
      {"Observation", "code-value-quantity=http://loinc.org|8480-6$gt140", "own"},
      {"Observation", "code-value-quantity=8480-6$gt140||mmHg", "own"},
      {"Observation", "code-value-quantity=8480-6$gt140||mg", ""},
      {"Observation", "combo-code-value-quantity=8480-6$gt140", "own"},
      {"Observation", "code-value-string=8480-6$pos", "word"},
      {"Observation", "value-string=pos", "word concept"},
      {"Observation", "code-value-concept=8480-6$urn:v|pos", "concept"},
      {"Observation", "code-value-concept=8480-7$urn:v|pos", ""},
      {"DocumentReference", "relationship=DocumentReference/1$replaces", "doc"},
      {"DocumentReference", "relationship=DocumentReference/1$appends", ""},
      {"Observation", "code-value-concept=8480-6",
       "!code-value-concept: a composite value lacks a part (parts are joined by $): \"8480-6\""},
  };
  CHECK(w, rows);
}

/* ---- what every resource has ---- */

static void resource_level(void **state) {
  world *w = *state;
  memory_empty(w->store);
  memory_put(w->store, w->search,
             "{\"resourceType\":\"Patient\",\"id\":\"1\",\"meta\":{\"tag\":[{\"system\":\"urn:t\","
             "\"code\":"
             "\"a\"}],\"profile\":[\"http://p.example/x|1.0\"],\"source\":\"urn:src\"}}",
             INT64_C(1577836800000)); /* 2020-01-01T00:00:00Z */
  memory_put(
      w->store, w->search,
      "{\"resourceType\":\"Group\",\"id\":\"2\",\"type\":\"person\",\"actual\":true,\"meta\":"
      "{\"security\":[{\"system\":\"urn:s\",\"code\":\"R\"}]}}",
      INT64_C(1577836800001));
  memory_put(w->store, w->search, "{\"resourceType\":\"Patient\",\"id\":\"3\"}",
             INT64_C(1609459200000)); /* 2021 */
  static const example rows[] = {
      {"", "", "1 2 3"},
      {"Patient", "", "1 3"},
      {"", "_id=2", "2"},
      {"", "_tag=urn:t|a", "1"},
      {"", "_security=R", "2"},
      {"Patient", "_security=R", ""},
      {"", "_profile=http://p.example/x", "1"},
      {"", "_profile=http://p.example/x%7C1.0", "1"},
      {"", "_profile=http://p.example/x%7C2.0", ""},
      {"", "_source=urn:src", "1"},
      {"", "_type=Group", "2"},
      {"", "_type=Group,Patient", "1 2 3"},
      {"", "_type=Grup", "!\"Grup\" is no resource type"},
      {"", "_lastUpdated=2020", "1 2"},
      {"", "_lastUpdated=2020-01-01T00:00:00.000Z", "1"},
      {"", "_lastUpdated=gt2020-01-01T00:00:00.000Z", "2 3"},
      {"", "_lastUpdated=ge2020-01-01T00:00:00.001Z", "2 3"},
      {"", "_lastUpdated=lt2020-01-01T00:00:00.001Z", "1"},
      {"", "_lastUpdated=le2020-01-01T00:00:00.001Z", "1 2"},
      {"", "_lastUpdated=ne2020", "3"},
      {"", "_lastUpdated=sa2020", "3"},
      {"", "_lastUpdated=eb2021", "1 2"},
      {"Patient", "_lastUpdated=gt2019&_lastUpdated=lt2021", "1"},
  };
  CHECK(w, rows);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(number),
                                     cmocka_unit_test(date),
                                     cmocka_unit_test(timing),
                                     cmocka_unit_test(string),
                                     cmocka_unit_test(token),
                                     cmocka_unit_test(long_tokens),
                                     cmocka_unit_test(a_string_longer_than_a_term),
                                     cmocka_unit_test(a_full_symbol_table),
                                     cmocka_unit_test(reference),
                                     cmocka_unit_test(quantity),
                                     cmocka_unit_test(composite),
                                     cmocka_unit_test(resource_level)};
  return cmocka_run_group_tests(tests, open_world, close_world);
}
