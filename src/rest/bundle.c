#include "rest/bundle.h"

#include <assert.h>

#include "base/clock.h"
#include "rest/period.h"

/* Most bytes of resources in one answer; questions beyond it are refused one by one. */
enum { ANSWER_BYTES = 256 << 20 };

static zd_slice text_at(zd_bundle *b, const zd_tree *t, uint32_t parent, const char *name) {
  return zd_node_child_text(t, parent, zd_slice_of(name), b->call->arena);
}

static bool refuse(zd_bundle *b, const zd_unit_entry *e, zd_answer *a, int status,
                   zd_issue_code code, const char *why, zd_slice detail) {
  zd_answer_fail(b->call, a, status, code, e->expression, "%s%s%.*s", why, detail.n ? ": " : "",
                 ZD_SV(detail));
  return false;
}

/* Absolute URLs of this server are as good as relative ones. */
static zd_slice below_base(zd_bundle *b, zd_slice url) {
  zd_slice base = zd_rest_base(b->call->rest);
  bool here = zd_slice_starts(url, base) &&
              (url.n == base.n || url.p[base.n] == '/' || url.p[base.n] == '?');
  if (here) url = zd_slice_from(url, base.n);
  while (url.n && url.p[0] == '/') url = zd_slice_from(url, 1);
  return url;
}

/* Conditions at an entry that its interaction cannot heed. */
static bool conditions_fit(zd_bundle *b, const zd_unit_entry *e, zd_answer *a) {
  const zd_interaction *in = &e->in;
  zd_slice nothing = {NULL, 0};
  if (in->if_none_exist.p && in->kind != ZD_CREATE)
    return refuse(b, e, a, 400, ZD_ISSUE_VALUE, "ifNoneExist goes with POST only", nothing);
  if (in->if_none_exist.p && !in->if_none_exist.n)
    return refuse(b, e, a, 400, ZD_ISSUE_VALUE, "ifNoneExist holds no condition", nothing);
  if (in->kind == ZD_CREATE && (in->if_match.p || in->if_none_match.p))
    return refuse(b, e, a, 400, ZD_ISSUE_VALUE, "a create has no version to match", nothing);
  return true;
}

static bool take_request(zd_bundle *b, const zd_tree *t, uint32_t request, zd_unit_entry *e,
                         zd_answer *a) {
  zd_slice method = text_at(b, t, request, "method");
  zd_slice url = below_base(b, text_at(b, t, request, "url"));
  size_t mark = zd_slice_find(url, '?');
  const char *allow;
  e->in.query = zd_slice_from(url, mark + 1);
  if (!zd_route(b->call, method, (zd_slice){url.p, mark}, &e->in, a, &allow)) return false;
  e->in.if_match = text_at(b, t, request, "ifMatch");
  e->in.if_none_match = text_at(b, t, request, "ifNoneMatch");
  e->in.if_none_exist = text_at(b, t, request, "ifNoneExist");
  if (zd_slice_starts(e->in.if_none_exist, ZD_S("?")))
    e->in.if_none_exist = zd_slice_from(e->in.if_none_exist, 1);
  zd_slice since = text_at(b, t, request, "ifModifiedSince");
  int64_t from, to;
  if (since.p && zd_period_parse(since, &from, &to)) e->in.if_modified_since = from;
  if (!conditions_fit(b, e, a)) return false;
  if (e->in.kind == ZD_BUNDLE)
    return refuse(b, e, a, 400, ZD_ISSUE_NOT_SUPPORTED, "a Bundle within a Bundle is not processed",
                  url);
  return true;
}

static bool is_write(const zd_interaction *in) {
  return in->kind == ZD_CREATE || in->kind == ZD_UPDATE || in->kind == ZD_DELETE;
}

/* Resource and request fit each other. */
static bool take_resource(zd_bundle *b, const zd_tree *t, uint32_t resource, zd_unit_entry *e,
                          zd_answer *a) {
  bool wanted = e->in.kind == ZD_CREATE || e->in.kind == ZD_UPDATE;
  if (!wanted) return true;
  if (!resource)
    return refuse(b, e, a, 400, ZD_ISSUE_REQUIRED, "the entry has no resource",
                  (zd_slice){NULL, 0});
  if (t->nodes[resource].type != e->in.type)
    return refuse(b, e, a, 400, ZD_ISSUE_VALUE,
                  "the resource is of another type than request.url says",
                  zd_schema_type_info(t->schema, t->nodes[resource].type).name);
  e->in.tree = t;
  e->in.root = resource;
  return true;
}

/* An import gives the resources it creates ids that follow from its key: imported again, they are
 * found and left alone. */
static bool name_by_key(zd_bundle *b, zd_unit_entry *e, size_t i) {
  static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
  zd_slice key = b->call->import_key;
  if (!key.p || (e->in.kind != ZD_CREATE && e->in.kind != ZD_UPDATE)) return true;
  char text[64];
  memcpy(text, key.p, key.n);
  for (size_t k = 0; k < 5; k++) text[key.n + k] = digits[i >> 5 * (4 - k) & 31];
  e->new_id = zd_arena_copy(b->call->arena, (zd_slice){text, key.n + 5});
  e->known_id = true;
  return e->new_id.p != NULL;
}

static bool take_entry(zd_bundle *b, const zd_tree *t, uint32_t node, size_t i, bool lenient,
                       zd_answer *a) {
  zd_unit_entry *e = &b->entries[i];
  zd_answer_init(&e->answer);
  e->expression = zd_arena_printf(b->call->arena, "Bundle.entry[%zu]", i);
  e->full_url = text_at(b, t, node, "fullUrl");
  e->in.lenient = lenient;
  uint32_t request = zd_tree_child(t, node, ZD_S("request"));
  if (!request)
    return refuse(b, e, a, 400, ZD_ISSUE_REQUIRED, "the entry has no request", (zd_slice){NULL, 0});
  if (!take_request(b, t, request, e, a)) return false;
  if (!take_resource(b, t, zd_tree_child(t, node, ZD_S("resource")), e, a)) return false;
  if (!zd_shape(b->call, &e->in, a)) return false;
  if (is_write(&e->in)) e->in.prefer = b->prefer;
  return name_by_key(b, e, i) ||
         refuse(b, e, a, 500, ZD_ISSUE_EXCEPTION, "out of memory", (zd_slice){NULL, 0});
}

static bool take_type(zd_call *c, const zd_tree *t, zd_bundle *b, zd_answer *a) {
  zd_slice type = zd_node_child_text(t, 0, ZD_S("type"), c->arena);
  b->transaction = zd_slice_eq(type, ZD_S("transaction"));
  if (b->transaction || zd_slice_eq(type, ZD_S("batch"))) return true;
  zd_answer_fail(c, a, 400, ZD_ISSUE_VALUE, ZD_S("Bundle.type"),
                 "a Bundle of type \"%.*s\" cannot be processed here; batch and transaction can",
                 ZD_SV(type));
  return false;
}

static void report_issues(zd_bundle *b, const zd_unit_entry *e) {
  const zd_issues *from = &b->call->issues;
  for (size_t i = 0; i < from->n; i++)
    zd_issue_add(b->report, from->items[i].severity, from->items[i].code, e->expression, "%.*s",
                 ZD_SV(from->items[i].diagnostics));
}

/* A batch entry that is malformed fails alone; in a transaction it fails all. */
static bool entry_may_fail(zd_bundle *b, zd_unit_entry *e, zd_answer *a) {
  if (b->transaction) return false;
  if (b->report) report_issues(b, e);
  zd_buffer_free(&e->answer.body);
  e->answer = *a;
  e->in.kind = ZD_CAPABILITIES; /* nothing left to do for it */
  e->position = SIZE_MAX;
  zd_answer_init(a);
  zd_issues_init(&b->call->issues, b->call->arena);
  return true;
}

bool zd_bundle_open(zd_call *c, const zd_tree *t, zd_return prefer, bool lenient, zd_bundle *b,
                    zd_answer *a) {
  *b = (zd_bundle){.call = c, .prefer = prefer, .report = b->report};
  if (!take_type(c, t, b, a)) return false;
  zd_element entry = zd_schema_child(t->schema, t->nodes[0].type, ZD_S("entry"));
  size_t n = 0, i = 0;
  for (uint32_t k = zd_tree_first(t, 0); k; k = zd_tree_next(t, 0, k))
    n += t->nodes[k].element == entry;
  if (n > c->rest->entry_limit) {
    zd_answer_fail(c, a, 413, ZD_ISSUE_TOO_LONG, ZD_S("Bundle.entry"),
                   "%zu entries; this server takes %u at most", n, c->rest->entry_limit);
    return false;
  }
  b->entries = ZD_NEW_ARRAY(c->arena, zd_unit_entry, n ? n : 1);
  if (!b->entries) {
    zd_answer_fail(c, a, 500, ZD_ISSUE_EXCEPTION, (zd_slice){NULL, 0}, "out of memory");
    return false;
  }
  b->n = n;
  for (uint32_t k = zd_tree_first(t, 0); k; k = zd_tree_next(t, 0, k)) {
    if (t->nodes[k].element != entry) continue;
    if (!take_entry(b, t, k, i, lenient, a) && !entry_may_fail(b, &b->entries[i], a)) return false;
    i++;
  }
  return true;
}

void zd_bundle_unit(zd_bundle *b, zd_unit *u) {
  *u = (zd_unit){.call = b->call, .entries = b->entries, .n = b->n, .linked = true};
}

bool zd_bundle_is_brief(const zd_bundle *b) {
  if (b->n > 16) return false;
  for (size_t i = 0; i < b->n; i++)
    if (!is_write(&b->entries[i].in)) return false;
  return true;
}

static void ask(zd_bundle *b, zd_unit_entry *e) {
  zd_call *c = b->call;
  zd_issues_init(&c->issues, c->arena);
  c->brief = false; /* nobody could run it again */
  c->deadline_ns = zd_clock_monotonic_ns() + (uint64_t)c->rest->query_ms * 1000000;
  zd_run_question(c, &e->in, &e->answer);
  if (b->report && e->answer.status >= 400) report_issues(b, e);
  if (e->in.head) zd_buffer_clear(&e->answer.body);
}

void zd_bundle_run_questions(zd_bundle *b) {
  size_t bytes = 0;
  for (size_t i = 0; i < b->n; i++) {
    zd_unit_entry *e = &b->entries[i];
    if (is_write(&e->in) || e->position == SIZE_MAX) continue;
    ask(b, e);
    bytes += e->answer.body.n;
    if (bytes <= ANSWER_BYTES) continue;
    zd_buffer_free(&e->answer.body);
    zd_buffer_init(&e->answer.body, 0);
    zd_answer_fail(b->call, &e->answer, 503, ZD_ISSUE_TOO_COSTLY, e->expression,
                   "the answers of one Bundle are limited to %d MiB", ANSWER_BYTES >> 20);
  }
}

/* Every write of a batch is a unit of its own. They are committed one after the other. */
static void run_single(zd_bundle *b, zd_unit_entry *e) {
  zd_unit u = {.call = b->call, .entries = e, .n = 1};
  zd_issues_init(&b->call->issues, b->call->arena);
  zd_unit_run(&u);
  if (!u.status) return;
  zd_answer_outcome(b->call, &e->answer, u.status);
  if (b->report) report_issues(b, e);
}

void zd_bundle_run_batch(zd_bundle *b) {
  for (size_t i = 0; i < b->n; i++)
    if (is_write(&b->entries[i].in)) run_single(b, &b->entries[i]);
  zd_bundle_run_questions(b);
}

static const char *status_text(int status) {
  static const struct {
    int status;
    const char *text;
  } texts[] = {{200, "200 OK"},
               {201, "201 Created"},
               {204, "204 No Content"},
               {304, "304 Not Modified"},
               {400, "400 Bad Request"},
               {404, "404 Not Found"},
               {405, "405 Method Not Allowed"},
               {406, "406 Not Acceptable"},
               {409, "409 Conflict"},
               {410, "410 Gone"},
               {412, "412 Precondition Failed"},
               {413, "413 Content Too Large"},
               {415, "415 Unsupported Media Type"},
               {500, "500 Internal Server Error"},
               {501, "501 Not Implemented"},
               {503, "503 Service Unavailable"},
               {507, "507 Insufficient Storage"}};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (texts[i].status == status) return texts[i].text;
  return "500 Internal Server Error";
}

static void write_entry(zd_call *c, const zd_answer *a, bool first, zd_buffer *out) {
  bool good = a->status < 400;
  zd_buffer_add_slice(out, first ? ZD_S("{") : ZD_S(",{"));
  if (good && a->reference.p && a->body.n) { /* bdl-7: one fullUrl and version, one entry */
    zd_buffer_add_slice(out, ZD_S("\"fullUrl\":\""));
    zd_buffer_add_json(out, zd_rest_base(c->rest));
    zd_buffer_add_char(out, '/');
    zd_buffer_add_slice(out, a->reference);
    zd_buffer_add_slice(out, ZD_S("\","));
  }
  if (good && a->body.n) {
    zd_buffer_add_slice(out, ZD_S("\"resource\":"));
    zd_buffer_add_slice(out, zd_buffer_slice(&a->body));
    zd_buffer_add_char(out, ',');
  }
  zd_buffer_add_slice(out, ZD_S("\"response\":{\"status\":\""));
  zd_buffer_add_slice(out, zd_slice_of(status_text(a->status)));
  zd_buffer_add_char(out, '"');
  if (a->location.p) {
    zd_buffer_add_slice(out, ZD_S(",\"location\":\""));
    zd_buffer_add_slice(out, a->location);
    zd_buffer_add_char(out, '"');
  }
  if (a->version) {
    zd_buffer_add_slice(out, ZD_S(",\"etag\":\"W/\\\""));
    zd_buffer_add_u64(out, a->version);
    zd_buffer_add_slice(out, ZD_S("\\\"\""));
  }
  if (a->last_modified) {
    char time[24];
    zd_clock_format(a->last_modified, time);
    zd_buffer_add_slice(out, ZD_S(",\"lastModified\":\""));
    zd_buffer_add(out, time, sizeof time);
    zd_buffer_add_char(out, '"');
  }
  if (!good && a->body.n) {
    zd_buffer_add_slice(out, ZD_S(",\"outcome\":"));
    zd_buffer_add_slice(out, zd_buffer_slice(&a->body));
  }
  zd_buffer_add_slice(out, ZD_S("}}"));
}

void zd_bundle_answer(zd_bundle *b, zd_answer *a) {
  zd_buffer *out = &a->body;
  zd_buffer_add_slice(
      out, b->transaction ? ZD_S("{\"resourceType\":\"Bundle\",\"type\":\"transaction-response\"")
                          : ZD_S("{\"resourceType\":\"Bundle\",\"type\":\"batch-response\""));
  if (b->n) zd_buffer_add_slice(out, ZD_S(",\"entry\":["));
  for (size_t i = 0; i < b->n; i++) write_entry(b->call, &b->entries[i].answer, i == 0, out);
  zd_buffer_add_slice(out, b->n ? ZD_S("]}") : ZD_S("}"));
  a->status = 200;
}

void zd_bundle_free(zd_bundle *b) {
  for (size_t i = 0; i < b->n; i++) zd_buffer_free(&b->entries[i].answer.body);
}

/* Prepared ahead of its turn; what fails then may yet succeed in it. */
static void run_in_turn(zd_unit *u, void (*turn)(void *context), void *context) {
  if (!turn) {
    zd_unit_run(u);
    return;
  }
  bool ready = zd_unit_prepare(u);
  turn(context);
  if (ready && u->skipped && zd_unit_is_stale(u)) {
    zd_unit_free(u);
    ready = false;
  }
  if (ready) {
    zd_commit_result r = {.err = ZD_OK};
    if (u->txn) r = zd_store_commit(u->call->rest->store, u->txn);
    if (zd_unit_settle(u, &r)) return;
  } else {
    zd_issues_init(&u->call->issues, u->call->arena);
  }
  zd_unit_run(u);
}

static uint64_t count_written(const zd_bundle *b) {
  uint64_t n = 0;
  for (size_t i = 0; i < b->n; i++) {
    const zd_unit_entry *e = &b->entries[i];
    n += is_write(&e->in) && e->answer.status < 400 && e->act == ZD_ACT_WRITE;
  }
  return n;
}

/* An entry of a batch that failed for our sake (a full disk), not for its own: its status; 0: none.
 */
static int worst_status(const zd_bundle *b) {
  for (size_t i = 0; i < b->n; i++)
    if (b->entries[i].answer.status >= 500) return b->entries[i].answer.status;
  return 0;
}

static zd_err error_of(int status) {
  if (status == 507) return ZD_ERR_FULL;
  return status >= 500 ? ZD_ERR_IO : ZD_ERR_REFUSED;
}

zd_err zd_rest_bundle(zd_rest *r, const zd_tree *tree, zd_slice key, zd_arena *arena,
                      void (*turn)(void *context), void *context, uint64_t *written,
                      zd_issues *issues) {
  assert(key.n <= ZD_IMPORT_KEY_MAX);
  zd_call c = {.rest = r, .arena = arena, .import_key = key};
  zd_issues report;
  zd_bundle b = {.report = &report};
  zd_answer a;
  zd_unit u;
  int failed = 0;
  zd_issues_init(&c.issues, arena);
  zd_issues_init(&report, arena);
  zd_answer_init(&a);
  if (!zd_bundle_open(&c, tree, ZD_RETURN_MINIMAL, false, &b, &a)) {
    failed = a.status;
    if (turn) turn(context);
  } else if (b.transaction) {
    zd_bundle_unit(&b, &u);
    run_in_turn(&u, turn, context);
    failed = u.status;
  } else {
    if (turn) turn(context);
    zd_bundle_run_batch(&b);
    failed = worst_status(&b);
    c.issues = report;
  }
  bool nothing = failed && (b.transaction || !b.n);
  *written = nothing ? 0 : count_written(&b);
  *issues = c.issues;
  zd_buffer_free(&a.body);
  zd_bundle_free(&b);
  if (failed) return error_of(failed);
  return c.issues.errors ? ZD_ERR_REFUSED : ZD_OK;
}
