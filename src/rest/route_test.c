/* Method and path to interaction, and the parameters of every interaction (http.html#summary,
 * #general), as tables. */
#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rest/operation.h"

static zd_rest rest; /* only its schema is asked */

static const char *const kinds[] = {"read",   "vread",     "create",  "update",
                                    "delete", "search",    "history", "capabilities",
                                    "bundle", "operation", "patch"};

static const struct {
  const char *method, *path;
  int status;         /* of a refusal; 0: taken */
  const char *result; /* kind type id version, `?`: conditional; or the Allow header */
} routes[] = {
    {"GET", "Patient/1", 0, "read Patient 1 0"},
    {"HEAD", "Patient/1", 0, "read Patient 1 0"},
    {"GET", "Patient/1/", 0, "read Patient 1 0"},
    {"GET", "Patient/a%2Db", 0, "read Patient a-b 0"},
    {"GET", "Patient/1/_history/3", 0, "vread Patient 1 3"},
    {"GET", "Patient/1/_history", 0, "history Patient 1 0"},
    {"GET", "Patient/_history", 0, "history Patient  0"},
    {"GET", "_history", 0, "history   0"},
    {"GET", "Patient", 0, "search Patient  0"},
    {"GET", "", 0, "search   0"},
    {"POST", "Patient/_search", 0, "search Patient  0"},
    {"POST", "_search", 0, "search   0"},
    {"POST", "Patient", 0, "create Patient  0"},
    {"PUT", "Patient/1", 0, "update Patient 1 0"},
    {"PUT", "Patient", 0, "update Patient  0?"},
    {"DELETE", "Patient/1", 0, "delete Patient 1 0"},
    {"DELETE", "Patient", 0, "delete Patient  0?"},
    {"POST", "", 0, "bundle   0"},
    {"GET", "metadata", 0, "capabilities   0"},
    {"PATCH", "Patient/1", 0, "patch Patient 1 0"},
    {"PATCH", "Patient", 0, "patch Patient  0?"},
    {"PATCH", "Patient/1/_history", 405, "GET, HEAD"},
    {"POST", "Patient/1", 405, "GET, HEAD, PUT, PATCH, DELETE"},
    {"PUT", "", 405, "GET, HEAD, POST"},
    {"DELETE", "metadata", 405, "GET, HEAD"},
    {"POST", "Patient/1/_history/2", 405, "GET, HEAD"},
    {"GET", "Patient/_search", 405, "POST"},
    {"GET", "patient/1", 404, ""},
    {"GET", "Element/1", 404, ""},
    {"GET", "$everything", 404, ""},
    {"GET", "Patient/1/$everything", 0, "operation Patient 1 0"},
    {"HEAD", "Patient/$everything", 0, "operation Patient  0"},
    {"POST", "Encounter/1/$everything", 0, "operation Encounter 1 0"},
    {"GET", "Encounter/$everything", 404, ""},
    {"GET", "Observation/1/$everything", 404, ""},
    {"GET", "Patient/1/2/$everything", 404, ""},
    {"GET", "Patient/a_b/$everything", 400, ""},
    {"GET", "Patients/1/$everything", 404, ""},
    {"DELETE", "Patient/1/$everything", 405, "GET, HEAD, POST"},
    {"GET", "Observation/$lastn", 0, "operation Observation  0"},
    {"POST", "Observation/$lastn", 0, "operation Observation  0"},
    {"GET", "Observation/1/$lastn", 404, ""},
    {"GET", "$lastn", 404, ""},
    {"GET", "$", 404, ""},
    {"POST", "$merge", 0, "operation   0"},
    {"GET", "$merge", 405, "POST"},
    {"GET", "Patient/$match", 404, ""},
    {"GET", "Patient/1/Observation", 0, "search Observation 1 0 in Patient"},
    {"HEAD", "Encounter/1/Condition", 0, "search Condition 1 0 in Encounter"},
    {"GET", "Patient/1/*", 0, "search  1 0 in Patient"},
    {"GET", "Patient/1/Patient", 0, "search Patient 1 0 in Patient"},
    {"POST", "Device/1/Observation/_search", 0, "search Observation 1 0 in Device"},
    {"POST", "RelatedPerson/1/*/_search", 0, "search  1 0 in RelatedPerson"},
    {"GET", "Practitioner/1/Observation/_search", 405, "POST"},
    {"POST", "Patient/1/Observation", 405, "GET, HEAD"},
    {"DELETE", "Patient/1/*", 405, "GET, HEAD"},
    {"GET", "Patient/1/Medication", 404, ""},
    {"GET", "Organization/1/Patient", 404, ""},
    {"GET", "Organization/1/*", 404, ""},
    {"GET", "Patient/1/Observation/2", 404, ""},
    {"GET", "Patient/1/observation", 404, ""},
    {"GET", "Patient/1/_history/0", 404, ""},
    {"GET", "Patient/1/_history/x", 404, ""},
    {"GET", "Patient/1/_history/9999999999999999999", 404, ""},
    {"GET", "Patient/1/_history/1/2", 404, ""},
    {"GET", "Patient/1/_history/1/2/3", 404, ""},
    {"GET", "Patient//1", 404, ""},
    {"GET", "Patient/%zz", 404, ""},
    {"GET", "Patient/a_b", 400, ""},
    {"GET", "Patient/%D0%96", 400, ""},
    {"GET", "Patient/0123456789012345678901234567890123456789012345678901234567890123", 0,
     "read Patient 0123456789012345678901234567890123456789012345678901234567890123 0"},
    {"GET", "Patient/01234567890123456789012345678901234567890123456789012345678901234", 400, ""},
};

/* kind type id version */
static zd_slice told(const zd_interaction *in, zd_arena *arena) {
  zd_slice type = ZD_S("");
  if (in->type != ZD_NO_TYPE) type = zd_schema_type_info(rest.schema, in->type).name;
  zd_slice text = zd_arena_printf(arena, "%s %.*s %.*s %d%s", kinds[in->kind], ZD_SV(type),
                                  ZD_SV(in->id), (int)in->version, in->conditional ? "?" : "");
  if (in->kind == ZD_SEARCH && in->id.p)
    text = zd_arena_printf(arena, "%.*s in %.*s", ZD_SV(text),
                           ZD_SV(zd_schema_type_info(rest.schema, in->compartment).name));
  return text;
}

static void test_routes(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
    zd_arena arena;
    zd_arena_init(&arena, 0);
    zd_call c = {.rest = &rest, .arena = &arena};
    zd_interaction in = {0};
    zd_answer a;
    const char *allow;
    zd_issues_init(&c.issues, &arena);
    zd_answer_init(&a);
    bool fine =
        zd_route(&c, zd_slice_of(routes[i].method), zd_slice_of(routes[i].path), &in, &a, &allow);
    zd_slice got = fine ? told(&in, &arena) : zd_slice_of(allow ? allow : "");
    int status = fine ? 0 : a.status;
    if (status != routes[i].status || !zd_slice_eq(got, zd_slice_of(routes[i].result)))
      fail_msg("%s %s: %d \"%.*s\"", routes[i].method, routes[i].path, status, ZD_SV(got));
    zd_buffer_free(&a.body);
    zd_arena_free(&arena);
  }
}

static const struct {
  zd_kind kind;
  const char *query;
  int status; /* of a refusal; 0: taken */
  const char *query_left, *shape;
} shapes[] = {
    {ZD_READ, "", 0, "", ""},
    {ZD_READ, "_pretty=true", 0, "", "_pretty=true"},
    {ZD_READ, "_format=json&_summary=true", 0, "", "_format=json&_summary=true"},
    {ZD_READ, "_format=application/fhir+json", 0, "", "_format=application/fhir+json"},
    {ZD_READ, "_format=application%2Ffhir%2Bjson;fhirVersion=4.0", 0, "",
     "_format=application%2Ffhir%2Bjson;fhirVersion=4.0"},
    {ZD_READ, "_format=ttl", 406, "", ""},
    {ZD_READ, "_format=", 406, "", ""},
    {ZD_READ, "_pretty=yes", 400, "", ""},
    {ZD_READ, "_summary=count", 400, "", ""},
    {ZD_READ, "_summary=some", 400, "", ""},
    {ZD_READ, "_elements=name,Patient.gender", 0, "", "_elements=name,Patient.gender"},
    {ZD_READ, "_elements=", 400, "", ""},
    {ZD_READ, "_elements=name,,gender", 400, "", ""},
    {ZD_READ, "_elements=nam", 400, "", ""},
    {ZD_READ, "name=x", 400, "", ""},
    {ZD_READ, "_pretty=%zz", 400, "", ""},
    {ZD_SEARCH, "name=a&_pretty=true&gender=male", 0, "name=a&gender=male", "_pretty=true"},
    {ZD_SEARCH, "&&name=a&&", 0, "name=a", ""},
    {ZD_SEARCH, "_summary=count", 0, "", "_summary=count"},
    {ZD_SEARCH, "name=%FF", 400, "", ""},
    {ZD_HISTORY, "_count=3&_summary=count", 0, "_count=3", "_summary=count"},
};

static void test_shapes(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    zd_arena arena;
    zd_arena_init(&arena, 0);
    zd_call c = {.rest = &rest, .arena = &arena};
    zd_interaction in = {.kind = shapes[i].kind,
                         .type = zd_schema_type(rest.schema, ZD_S("Patient")),
                         .query = zd_slice_of(shapes[i].query)};
    zd_answer a;
    zd_issues_init(&c.issues, &arena);
    zd_answer_init(&a);
    bool fine = zd_shape(&c, &in, &a);
    if ((fine ? 0 : a.status) != shapes[i].status) fail_msg("%s: %d", shapes[i].query, a.status);
    if (fine && (!zd_slice_eq(in.query, zd_slice_of(shapes[i].query_left)) ||
                 !zd_slice_eq(in.shape_query, zd_slice_of(shapes[i].shape))))
      fail_msg("%s: \"%.*s\" \"%.*s\"", shapes[i].query, ZD_SV(in.query), ZD_SV(in.shape_query));
    zd_buffer_free(&a.body);
    zd_arena_free(&arena);
  }
}

int main(void) {
  size_t n;
  zd_operation operations[16];
  const zd_operation *own = zd_operations_own(&n);
  assert(n < 16);
  memcpy(operations, own, n * sizeof *own);
  operations[n++] = (zd_operation){.code = "merge", .at = ZD_AT_SYSTEM, .affects = true};
  rest.schema = zd_schema_r4();
  rest.operations = operations;
  rest.operation_count = n;
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_routes), cmocka_unit_test(test_shapes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
