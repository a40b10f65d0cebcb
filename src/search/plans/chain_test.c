/* Chains, _has, _list, _type, compartments: questions that reach over references, as R4
 * search.html words them, over a handful of resources. */
#include "search/testing/memory_world.h"

static const char *const resources[] = {
    "{\"resourceType\":\"Organization\",\"id\":\"o1\",\"name\":\"Polyclinic\",\"identifier\":"
    "[{\"value\":\"77\"}]}",
    "{\"resourceType\":\"Organization\",\"id\":\"o2\",\"name\":\"Ward\",\"partOf\":{\"reference\":"
    "\"Organization/o1\"}}",
    "{\"resourceType\":\"Practitioner\",\"id\":\"d1\",\"name\":[{\"family\":\"Sokolov\"}]}",
    "{\"resourceType\":\"Patient\",\"id\":\"p1\",\"name\":[{\"family\":\"Ivanov\"}],\"gender\":"
    "\"male\",\"birthDate\":\"1970-05-01\",\"managingOrganization\":{\"reference\":"
    "\"Organization/o2\"},\"generalPractitioner\":[{\"reference\":\"Practitioner/d1\"},"
    "{\"reference\":\"Organization/o1\"}]}",
    "{\"resourceType\":\"Patient\",\"id\":\"p2\",\"name\":[{\"family\":\"Petrova\"}],\"gender\":"
    "\"female\",\"meta\":{\"tag\":[{\"code\":\"vip\"}]},\"link\":[{\"other\":{\"reference\":"
    "\"Patient/p1\"},\"type\":\"seealso\"}],\"generalPractitioner\":[{\"reference\":"
    "\"http://elsewhere.example/Practitioner/d1\"}]}",
    "{\"resourceType\":\"Group\",\"id\":\"g1\",\"type\":\"person\",\"actual\":true,\"identifier\":"
    "[{\"value\":\"77\"}],\"member\":[{\"entity\":{\"reference\":\"Patient/p2\"}}]}",
    "{\"resourceType\":\"Device\",\"id\":\"v1\",\"identifier\":[{\"value\":\"77\"}]}",
    "{\"resourceType\":\"Encounter\",\"id\":\"e1\",\"status\":\"finished\",\"class\":{\"code\":"
    "\"AMB\"},\"subject\":{\"reference\":\"Patient/p1\"},\"participant\":[{\"individual\":"
    "{\"reference\":\"Practitioner/d1\"}}]}",
    "{\"resourceType\":\"Observation\",\"id\":\"b1\",\"status\":\"final\",\"code\":{\"coding\":"
    "[{\"code\":\"1234-5\"}]},\"subject\":{\"reference\":\"Patient/p1\"},\"encounter\":"
    "{\"reference\":\"Encounter/e1\"},\"performer\":[{\"reference\":\"Practitioner/d1\"}]}",
    "{\"resourceType\":\"Observation\",\"id\":\"b2\",\"status\":\"final\",\"code\":{\"coding\":"
    "[{\"code\":\"9\"}]},\"subject\":{\"reference\":\"Patient/p2/_history/3\"}}",
    "{\"resourceType\":\"Observation\",\"id\":\"b3\",\"status\":\"amended\",\"code\":{\"coding\":"
    "[{\"code\":\"1234-5\"}]},\"subject\":{\"reference\":\"Group/g1\"}}",
    "{\"resourceType\":\"Observation\",\"id\":\"b4\",\"status\":\"final\",\"code\":{\"coding\":"
    "[{\"code\":\"9\"}]},\"subject\":{\"reference\":\"Device/v1\"}}",
    "{\"resourceType\":\"Observation\",\"id\":\"b5\",\"status\":\"final\",\"code\":{\"coding\":"
    "[{\"code\":\"9\"}]},\"subject\":{\"reference\":\"Patient/gone\"},\"device\":{\"reference\":"
    "\"Device/v1\"}}",
    "{\"resourceType\":\"AuditEvent\",\"id\":\"a1\",\"type\":{\"code\":\"rest\"},\"recorded\":"
    "\"2024-01-01T00:00:00Z\",\"agent\":[{\"requestor\":true,\"who\":{\"reference\":"
    "\"Practitioner/d1\"}}],\"source\":{\"observer\":{\"reference\":\"Device/v1\"}},\"entity\":"
    "[{\"what\":{\"reference\":\"Observation/b1\"}}]}",
    "{\"resourceType\":\"List\",\"id\":\"l1\",\"status\":\"current\",\"mode\":\"changes\","
    "\"entry\":[{\"item\":{\"reference\":\"Patient/p1\"}},{\"deleted\":true,\"item\":"
    "{\"reference\":\"Patient/p2\"}},{\"item\":{\"reference\":\"Observation/b4\"}},{\"item\":"
    "{\"display\":\"nobody\"}}]}",
    "{\"resourceType\":\"List\",\"id\":\"l2\",\"status\":\"current\",\"mode\":\"working\","
    "\"entry\":[{\"item\":{\"reference\":\"http://here.example/fhir/Patient/p2\"}}]}",
    "{\"resourceType\":\"QuestionnaireResponse\",\"id\":\"q1\",\"status\":\"completed\","
    "\"questionnaire\":\"http://q.example/1\",\"subject\":{\"reference\":\"Patient/p1\"}}",
    "{\"resourceType\":\"Questionnaire\",\"id\":\"t1\",\"status\":\"active\",\"url\":\"http://"
    "q.example/1\",\"version\":\"1\",\"title\":\"Alpha\"}",
    "{\"resourceType\":\"Questionnaire\",\"id\":\"t2\",\"status\":\"active\",\"url\":\"http://"
    "q.example/1\",\"version\":\"2\",\"title\":\"Beta\"}",
    "{\"resourceType\":\"Questionnaire\",\"id\":\"t3\",\"status\":\"active\",\"url\":\"http://"
    "q.example/3\",\"title\":\"Alpha\"}",
    "{\"resourceType\":\"QuestionnaireResponse\",\"id\":\"r1\",\"status\":\"completed\","
    "\"questionnaire\":\"http://q.example/1|1\"}",
    "{\"resourceType\":\"QuestionnaireResponse\",\"id\":\"r2\",\"status\":\"completed\","
    "\"questionnaire\":\"http://q.example/1|2\"}",
    "{\"resourceType\":\"QuestionnaireResponse\",\"id\":\"r3\",\"status\":\"completed\","
    "\"questionnaire\":\"http://q.example/3\"}",
    "{\"resourceType\":\"QuestionnaireResponse\",\"id\":\"r4\",\"status\":\"completed\","
    "\"questionnaire\":\"http://q.example/3|9\"}",
    "{\"resourceType\":\"CarePlan\",\"id\":\"c1\",\"status\":\"active\",\"intent\":\"plan\","
    "\"subject\":{\"display\":\"?\"},\"instantiatesCanonical\":[\"http://q.example/1|9\",\"http://"
    "q.example/1\"]}",
    "{\"resourceType\":\"CarePlan\",\"id\":\"c2\",\"status\":\"active\",\"intent\":\"plan\","
    "\"subject\":{\"display\":\"?\"},\"instantiatesCanonical\":[\"http://q.example/1|9\"]}",
    "{\"resourceType\":\"CarePlan\",\"id\":\"c3\",\"status\":\"active\",\"intent\":\"plan\","
    "\"subject\":{\"display\":\"?\"},\"instantiatesCanonical\":[\"http://q.example/1|9\",\"http://"
    "q.example/3\"]}",
    /* Types that are not searched by url or version, or by another url than their own. */
    "{\"resourceType\":\"Library\",\"id\":\"lib\",\"status\":\"active\",\"type\":{\"text\":\"?\"},"
    "\"relatedArtifact\":[{\"type\":\"depends-on\",\"resource\":\"http://c.example/"
    "k|1\"},{\"type\":"
    "\"depends-on\",\"resource\":\"http://c.example/d\"},{\"type\":\"depends-on\",\"resource\":"
    "\"http://c.example/s\"}]}",
    "{\"resourceType\":\"Contract\",\"id\":\"k1\",\"url\":\"http://c.example/"
    "k\",\"version\":\"1\"}",
    "{\"resourceType\":\"Contract\",\"id\":\"k2\",\"url\":\"http://c.example/"
    "k\",\"version\":\"2\"}",
    "{\"resourceType\":\"DeviceDefinition\",\"id\":\"dd\",\"url\":\"http://c.example/d\"}",
    "{\"resourceType\":\"DeviceDefinition\",\"id\":\"de\",\"url\":\"http://c.example/e\"}",
    "{\"resourceType\":\"Subscription\",\"id\":\"su\",\"status\":\"off\",\"reason\":\"?\","
    "\"criteria\":"
    "\"?\",\"channel\":{\"type\":\"rest-hook\",\"endpoint\":\"http://c.example/s\"}}",
};

static int open_filled(void **state) {
  return fill_world(state, resources, sizeof resources / sizeof *resources);
}

static void chains_follow_references(void **state) {
  static const example rows[] = {
      {"Observation", "subject:Patient.name=ivanov", "b1"},
      {"Observation", "subject.name=iva", "b1"},
      {"Observation", "subject.name=iva,petr", "b1 b2"},
      {"Observation", "patient.name=petrova", "b2"},
      {"Observation", "subject.name=nobody", ""},
      {"Observation", "subject:Patient.birthdate=ge1970-01-01", "b1"},
      /* Every type that may be meant and has the parameter is. */
      {"Observation", "subject.identifier=77", "b3 b4"},
      {"Observation", "subject:Group.identifier=77", "b3"},
      {"Observation", "subject:Patient.identifier=77", ""},
      /* To any depth. */
      {"Observation", "subject:Patient.organization.name=ward", "b1"},
      {"Observation", "subject.organization.partof.name=polyclinic", "b1"},
      {"Observation", "subject:Patient.organization:Organization.partof.identifier=77", "b1"},
      {"Observation", "encounter.participant.name=sokolov", "b1"},
      {"Patient", "general-practitioner.name=sokolov", "p1"},
      {"Patient", "general-practitioner.name=polyclinic", "p1"},
      {"Patient", "general-practitioner:Practitioner.name=polyclinic", ""},
      {"AuditEvent", "entity.subject.name=ivanov", "a1"},
      /* What every resource has. */
      {"Observation", "subject._id=p1", "b1"},
      {"Observation", "subject:Group._id=p1,g1", "b3"},
      {"Observation", "subject._tag=vip", "b2"},
      {"Observation", "subject._lastUpdated=lt2000", "b1 b2 b3 b4"},
      {"AuditEvent", "entity._id=b1", "a1"},
      {"AuditEvent", "entity._lastUpdated=lt2000", "a1"},
      /* Chains are independent of each other, and of what is asked besides. */
      {"Patient", "general-practitioner.name=polyclinic&general-practitioner.name=sokolov", "p1"},
      {"Observation", "subject.name=ivanov&code=9", ""},
      {"Observation", "subject.name=ivanov&code=1234-5", "b1"},
      {"Observation", "subject._list=l1", "b1"},
      /* Modifiers belong to what stands at the end. */
      {"Observation", "subject:Patient.name:exact=Ivanov", "b1"},
      {"Observation", "subject:Patient.name:exact=ivanov", ""},
      {"Observation", "subject.name:contains=etr", "b2"},
      {"Observation", "subject:Patient.birthdate:missing=true", "b2"},
      {"Observation", "subject:Patient.gender:not=male", "b2"},
      {"Observation", "subject.general-practitioner:missing=false", "b1 b2"},
  };
  CHECK((world *)*state, rows);
}

/* A canonical without a version names every resource of its url, with one that version alone. */
static void canonicals_are_followed_by_url(void **state) {
  static const example rows[] = {
      {"QuestionnaireResponse", "questionnaire.title=alpha", "q1 r1 r3"},
      {"QuestionnaireResponse", "questionnaire.title=beta", "q1 r2"},
      {"QuestionnaireResponse", "questionnaire:Questionnaire._id=t3", "r3"},
      {"QuestionnaireResponse", "questionnaire.title=nothing", ""},
      {"QuestionnaireResponse", "questionnaire.title=alpha&subject.name=ivanov", "q1"},
      {"CarePlan", "instantiates-canonical.title=beta", "c1"},
      {"CarePlan", "instantiates-canonical:Questionnaire.title=alpha", "c1 c3"},
      {"Patient", "_has:QuestionnaireResponse:patient:questionnaire.title=alpha", "p1"},
  };
  CHECK((world *)*state, rows);
}

static void chains_are_refused_by_name(void **state) {
  static const example rows[] = {
      {"Observation", "subject.nmae=x",
       "!subject.nmae: none of the types that subject may refer to has the parameter \"nmae\""},
      {"Observation", "subject:Patient.nmae=x",
       "!subject:Patient.nmae: Patient has no search parameter \"nmae\""},
      {"Observation", "subject:Practitioner.name=x",
       "!subject:Practitioner.name: subject does not refer to Practitioner"},
      {"Observation", "subject:Nobody.name=x",
       "!subject:Nobody.name: \"Nobody\" is no resource type"},
      {"Observation", "code.name=x", "!code.name: code is no reference"},
      {"Observation", "subject:Patient:Group.name=x",
       "!subject:Patient:Group.name: two modifiers of one parameter"},
      {"Observation", "subject.name=", "!subject.name has no value"},
      {"Observation", "subject:Patient.birthdate=soon",
       "!subject:Patient.birthdate: unknown prefix; known are eq ne gt lt ge le sa eb ap: "
       "\"soon\""},
      {"Encounter",
       "part-of.part-of.part-of.part-of.part-of.part-of.part-of.part-of.part-of.part-of=e1",
       "!a chain of more than 8 references"},
      {"", "subject.name=x", "!subject.name: Resource has no search parameter \"subject\""},
  };
  CHECK((world *)*state, rows);
}

/* A way is asked once for each type, but what it asks is written out for each. */
static void chains_have_a_size(void **state) {
  world *w = *state;
  static char query[20000] = "entity.identifier=1";
  assert_string_equal(ask(w, "AuditEvent", query), "");
  for (int i = 0; i < 5000; i++) strcat(query, ",1");
  assert_string_equal(
      ask(w, "AuditEvent", query),
      "!too-costly too many values for too many types: name the types (subject:Patient)");
  assert_string_equal(ask(w, "AuditEvent", "entity:Observation.identifier=1"), "");
}

static void ids_take_modifiers(void **state) {
  static const example rows[] = {
      {"Patient", "_id:not=p1", "p2"},
      {"Patient", "_id:missing=false", "p1 p2"},
      {"Patient", "_id:missing=true", ""},
      {"Patient", "_lastUpdated:missing=false&_id=p1", "p1"},
      {"Patient", "_lastUpdated:missing=true", ""},
  };
  CHECK((world *)*state, rows);
}

/* What a condition's plan is made from beside the index is named, to be watched until the commit:
 * lists, definitions found by url, hierarchies, what chains would find contained. What joins reach,
 * guards look at themselves. */
static void conditions_say_what_they_were_read_from(void **state) {
  static const struct {
    const char *type, *query, *found;
    bool watched;
  } rows[] = {
      {"Observation", "subject:Patient.name=ivanov", "b1", true},
      {"Patient", "_has:Observation:patient:code=9", "p2", false},
      {"Patient", "_list=l1", "p1", true},
      {"Patient", "_list=nolist", "", true},
      {"QuestionnaireResponse", "questionnaire.title=alpha&subject=Patient/p1", "q1", true},
      {"Observation", "_filter=subject.name%20eq%20ivanov", "b1", true},
      {"Observation", "code=nothing", "", false},
      {"Patient", "organization:below=Organization/o1", "p1", true},
  };
  world *w = *state;
  zd_snapshot v = {w->store};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zd_query q;
    zd_issues issues;
    zd_arena arena;
    zd_arena_init(&arena, 0);
    zd_issues_init(&issues, &arena);
    zd_query_options options = {.for_condition = true, .snapshot = &v};
    zd_type type = type_of(rows[i].type);
    zd_err err =
        zd_search_parse(w->search, type, zd_slice_of(rows[i].query), &options, &arena, &q, &issues);
    if (err) fail_msg("%s: %d", rows[i].query, err);
    if ((q.watch != NULL) != rows[i].watched) fail_msg("%s: watches otherwise", rows[i].query);
    zd_arena_free(&arena);
    assert_string_equal(
        ask_with(*state, rows[i].type, rows[i].query, (zd_query_options){.for_condition = true}),
        rows[i].found);
  }
}

static void has_follows_them_backwards(void **state) {
  static const example rows[] = {
      {"Patient", "_has:Observation:patient:code=1234-5", "p1"},
      {"Patient", "_has:Observation:subject:code=1234-5", "p1"},
      {"Patient", "_has:Observation:patient:code=9", "p2"},
      {"Patient", "_has:Observation:patient:code=9,1234-5", "p1 p2"},
      {"Patient", "_has:Observation:patient:code=9&_has:Observation:patient:code=1234-5", ""},
      {"Group", "_has:Observation:subject:code=1234-5", "g1"},
      {"Patient", "_has:Observation:patient:_has:AuditEvent:entity:agent=Practitioner/d1", "p1"},
      {"Patient", "_has:Observation:patient:performer.name=sokolov", "p1"},
      {"Patient", "_has:Group:member:_id=g1", "p2"},
      {"Observation", "patient._has:Group:member:_id=g1", "b2"},
      {"Observation", "subject:Patient._has:Encounter:patient:participant.name=sokolov", "b1"},
      {"Practitioner", "_has:Observation:performer:subject.organization.name=ward", "d1"},
      {"Patient", "_has:Observation:patient:code:not=9", "p1"},
      {"Patient", "_has:Observation:patient:performer:missing=true", "p2"},
      {"Device", "_has:Observation:device:status=final", "v1"},
      {"Patient", "_has:Observation:encounter:code=9",
       "!_has:Observation:encounter:code: encounter of Observation does not refer to Patient"},
      {"Patient", "_has:Observation:code:code=9",
       "!_has:Observation:code:code: code is no reference"},
      {"Patient", "_has:Observation:patient=9",
       "!_has:Observation:patient: _has is written _has:Type:reference-parameter:parameter"},
      {"Patient", "_has:Nobody:patient:code=9",
       "!_has:Nobody:patient:code: \"Nobody\" is no resource type"},
      /* Named by url: any version of it, or that one. */
      {"Questionnaire", "_has:QuestionnaireResponse:questionnaire:status=completed", "t1 t2 t3"},
      {"Questionnaire", "_has:QuestionnaireResponse:questionnaire:_id=q1", "t1 t2"},
      {"Questionnaire", "_has:QuestionnaireResponse:questionnaire:_id=r2", "t2"},
      {"Questionnaire", "_has:QuestionnaireResponse:questionnaire:_id=r4", ""},
      {"Questionnaire", "_has:QuestionnaireResponse:questionnaire:subject:Patient.name=ivanov",
       "t1 t2"},
      {"Questionnaire", "_has:CarePlan:instantiates-canonical:_id=c3", "t3"},
      {"Questionnaire", "title=beta&_has:CarePlan:instantiates-canonical:status=active", "t2"},
      {"Contract", "_has:Library:depends-on:status=active", "k1"},
      {"DeviceDefinition", "_has:Library:depends-on:status=active", "dd"},
      {"Subscription", "_has:Library:depends-on:status=active", ""},
      {"Consent", "_has:Library:depends-on:status=active", ""},
      {"Library", "depends-on:Contract._id=k1", "lib"},
      {"Library", "depends-on:Contract._id=k2", ""},
      {"Library", "depends-on:DeviceDefinition._id=dd", "lib"},
      {"Library", "depends-on:Subscription._id=su", ""},
      {"", "_has:Observation:patient:code=9",
       "!_has:Observation:patient:code: _has needs a resource type, or _type"},
  };
  CHECK((world *)*state, rows);
}

static void lists(void **state) {
  static const example rows[] = {
      {"Patient", "_list=l1", "p1"},
      {"Observation", "_list=l1", "b4"},
      {"Patient", "_list=l2", "p2"},
      {"Patient", "_list=l1,l2", "p1 p2"},
      {"Patient", "_list=l1&_list=l2", ""},
      {"", "_list=l1", "p1 b4"},
      {"Patient", "_list=unknown", ""},
      {"Patient", "_list=l1&gender=male", "p1"},
      {"Patient", "_list=$current-allergies",
       "!the functional list \"$current-allergies\" is not offered"},
  };
  CHECK((world *)*state, rows);
}

static void types_at_system_level_bring_their_parameters(void **state) {
  static const example rows[] = {
      {"", "_type=Patient&name=ivanov", "p1"},
      {"", "_type=Patient,Practitioner&name=ivanov,sokolov", "d1 p1"},
      {"", "_type=Patient,Device&identifier=77", "v1"},
      {"", "_type=Encounter,Observation&subject.name=ivanov", "e1 b1"},
      {"", "_type=Patient,Group&_has:Observation:subject:code=1234-5", "p1 g1"},
      {"", "_type=Patient&_type=Patient,Group&gender=male", "p1"},
      {"", "_type=Patient&_type=Group&_id=p1", ""},
      {"", "_type=Patient,Device&_id=p1,v1", "p1 v1"},
      {"", "_type=Patient,Device&gender=male",
       "!gender: Device has no search parameter \"gender\""},
      {"", "_type=Nobody&name=x", "!\"Nobody\" is no resource type"},
  };
  CHECK((world *)*state, rows);
}

static const char *in_compartment(world *w, const char *of, const char *id, const char *type,
                                  const char *query) {
  return ask_with(
      w, type, query,
      (zd_query_options){.compartment = type_of(of), .compartment_id = zd_slice_of(id)});
}

static void compartments_hold_what_their_parameters_link(void **state) {
  world *w = *state;
  assert_string_equal(in_compartment(w, "Patient", "p1", "Observation", ""), "b1");
  assert_string_equal(in_compartment(w, "Patient", "p2", "Observation", ""), "b2");
  assert_string_equal(in_compartment(w, "Patient", "p1", "Observation", "code=9"), "");
  assert_string_equal(in_compartment(w, "Patient", "p1", "Patient", ""), "p1 p2"); /* linked */
  assert_string_equal(in_compartment(w, "Patient", "p1", "", ""), "p1 p2 e1 b1 q1");
  assert_string_equal(in_compartment(w, "Patient", "p1", "", "_type=Observation,Encounter"),
                      "e1 b1");
  assert_string_equal(in_compartment(w, "Encounter", "e1", "Observation", ""), "b1");
  assert_string_equal(in_compartment(w, "Encounter", "e1", "Encounter", ""), "e1");
  assert_string_equal(in_compartment(w, "Practitioner", "d1", "", ""), "d1 p1 e1 b1 a1");
  assert_string_equal(in_compartment(w, "Device", "v1", "Device", ""), "v1");
  assert_string_equal(in_compartment(w, "Device", "v1", "Observation", ""), "b4 b5");
  assert_string_equal(in_compartment(w, "RelatedPerson", "x", "", ""), "");
  assert_string_equal(in_compartment(w, "Patient", "no such id!", "Patient", ""), "");
  assert_string_equal(in_compartment(w, "Group", "g1", "Observation", ""),
                      "!not-supported there is no such compartment, or no such type in it");
  assert_string_equal(in_compartment(w, "Patient", "p1", "Organization", ""),
                      "!not-supported there is no such compartment, or no such type in it");
}

/* Every type of every compartment is answered: no definition names a parameter that is not. */
static void all_compartments_are_answered(void **state) {
  static const char *const compartments[] = {"Patient", "Encounter", "Practitioner",
                                             "RelatedPerson", "Device"};
  world *w = *state;
  const zd_schema *schema = zd_schema_r4();
  for (size_t i = 0; i < sizeof compartments / sizeof *compartments; i++) {
    const zd_plan *plan;
    size_t types = 0;
    for (zd_type t = 0; t < zd_schema_type_count(schema); t++) {
      if (!zd_schema_is_resource(schema, t)) continue;
      zd_err err = zd_search_compartment(w->search, type_of(compartments[i]), ZD_S("1"), t,
                                         &w->store->arena, &plan);
      if (err && err != ZD_ERR_NOT_FOUND)
        fail_msg("%s: %.*s: %s", compartments[i], ZD_SV(zd_schema_type_info(schema, t).name),
                 zd_err_name(err));
      types += !err;
    }
    assert_in_range(types, 10, 100);
    assert_int_equal(zd_search_compartment(w->search, type_of(compartments[i]), ZD_S("1"),
                                           ZD_NO_TYPE, &w->store->arena, &plan),
                     ZD_OK);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(chains_follow_references),
      cmocka_unit_test(canonicals_are_followed_by_url),
      cmocka_unit_test(chains_are_refused_by_name),
      cmocka_unit_test(chains_have_a_size),
      cmocka_unit_test(ids_take_modifiers),
      cmocka_unit_test(conditions_say_what_they_were_read_from),
      cmocka_unit_test(has_follows_them_backwards),
      cmocka_unit_test(lists),
      cmocka_unit_test(types_at_system_level_bring_their_parameters),
      cmocka_unit_test(compartments_hold_what_their_parameters_link),
      cmocka_unit_test(all_compartments_are_answered),
  };
  return cmocka_run_group_tests(tests, open_filled, close_world);
}
