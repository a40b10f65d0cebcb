/* Bytes as the parameters of an operation: the first says which, a line the query, the rest is
 * taken for Parameters and, whatever it is, as a stored body. What is answered is UTF-8. */
#include "rest/followed.h"
#include "rest/operation.h"
#include "rest/statistics.h"
#include "rest/world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static world here;

static void leave(void) {
  world_close(&here);
}

static zd_err nothing_wanted(void *state, zd_type type, zd_row row, bool *yes) {
  (void)state, (void)type, (void)row;
  *yes = true;
  return ZD_OK;
}

static void follow(zd_slice body, zd_arena *arena) {
  zd_followed f;
  zd_fault fault;
  zd_measured value;
  zd_followed_init(&f, here.rest, arena);
  f.wanted = nothing_wanted;
  if (zd_store_snapshot(here.store, &f.v) != ZD_OK) abort();
  bool more = true;
  (void)zd_follow(&f, body);
  while (more && zd_followed_next(&f, &more, &fault) == ZD_OK) {
  }
  if (zd_followed_count(&f)) abort(); /* the store is empty */
  zd_snapshot_release(f.v);
  zd_followed_free(&f);
  (void)zd_measured_read(body, &value);
}

static void ask(const zd_operation *o, zd_slice query, zd_slice body, zd_arena *arena) {
  zd_call c = {.rest = here.rest, .arena = arena};
  zd_type type = zd_schema_type(zd_schema_r4(), zd_slice_of(o->type));
  zd_interaction in = {.kind = ZD_OPERATION, .operation = o, .type = type, .query = query};
  zd_answer a;
  zd_tree tree;
  zd_issues_init(&c.issues, arena);
  zd_answer_init(&a);
  if (o->at & ZD_AT_INSTANCE) in.id = ZD_S("1");
  if (zd_fhir_read_json(zd_schema_r4(), body, here.rest->parameters, NULL, arena, &tree,
                        &c.issues) == ZD_OK)
    in.tree = &tree;
  zd_issues_init(&c.issues, arena);
  if (zd_shape(&c, &in, &a)) zd_run_question(&c, &in, &a);
  if (!a.body.n || !zd_text_is_clean(zd_buffer_slice(&a.body))) abort();
  zd_buffer_free(&a.body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  zd_arena arena;
  zd_fault fault = {0};
  size_t n;
  const zd_operation *own = zd_operations_own(&n);
  if (!size) return 0;
  if (!here.rest) {
    if (!world_open(&here, &fault)) abort();
    atexit(leave);
  }
  zd_arena_init(&arena, 64 << 20);
  zd_slice text = {(const char *)data + 1, size - 1};
  zd_slice query = {text.p, zd_slice_find(text, '\n')}, body = zd_slice_from(text, query.n + 1);
  ask(&own[data[0] % n], query, body, &arena);
  follow(body, &arena);
  zd_arena_free(&arena);
  return 0;
}
