#include "rest/bundle.h"

#include <stdlib.h>

#include "base/clock.h"
#include "rest/patch.h"
#include "rest/period.h"

enum {
  KEPT_BYTES = 8 << 20,   /* of trees that are kept until they are stored */
  SMALL_TEXT = 64 * 1024, /* Bundles that may be answered on any thread */
  SMALL_ENTRIES = 16
};

static zd_slice text_at(zd_bundle *b, const zd_tree *t, uint32_t parent, const char *name) {
  return zd_node_child_text(t, parent, zd_slice_of(name), b->call->arena);
}

static zd_slice entry_path(zd_bundle *b, size_t i) {
  char digits[ZD_DIGITS];
  zd_slice parts[] = {ZD_S("Bundle.entry["), zd_slice_digits(i, digits), ZD_S("]")};
  return zd_arena_join(b->call->arena, parts, 3);
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
  if (e->in.kind == ZD_OPERATION && zd_slice_eq(method, ZD_S("POST")))
    return refuse(b, e, a, 400, ZD_ISSUE_NOT_SUPPORTED,
                  "within a Bundle operations are asked with GET", url);
  if (e->in.kind == ZD_BUNDLE)
    return refuse(b, e, a, 400, ZD_ISSUE_NOT_SUPPORTED, "a Bundle within a Bundle is not processed",
                  url);
  return true;
}

bool zd_bundle_writes(const zd_interaction *in) {
  return zd_writes(in);
}

/* The tree stays at hand when it lies in memory that does. */
static bool keep_tree(zd_bundle *b, const zd_tree *t, uint32_t resource, zd_unit_entry *e) {
  if (!b->at_hand) return true;
  zd_tree *kept = ZD_NEW(&b->kept, zd_tree);
  if (!kept) return false;
  *kept = *t;
  e->in.tree = kept;
  e->in.root = resource;
  return true;
}

/* The patch that an entry brings. */
static bool take_patch(zd_bundle *b, const zd_tree *t, zd_unit_entry *e, zd_answer *a) {
  const char *why =
      "within an import a PATCH is not carried out: imported again, it would act again";
  zd_slice nothing = {NULL, 0};
  if (b->call->import_key.p) return refuse(b, e, a, 400, ZD_ISSUE_NOT_SUPPORTED, why, nothing);
  uint32_t resource = zd_tree_child(t, 0, ZD_S("resource"));
  if (!resource)
    return refuse(b, e, a, 400, ZD_ISSUE_REQUIRED, "the entry has no resource", nothing);
  return zd_patch_of_binary(t, resource, b->call->arena, &e->in, &why) ||
         refuse(b, e, a, 400, ZD_ISSUE_NOT_SUPPORTED, why, nothing);
}

/* Resource and request fit each other. */
static bool take_resource(zd_bundle *b, const zd_tree *t, zd_unit_entry *e, zd_answer *a) {
  bool wanted = e->in.kind == ZD_CREATE || e->in.kind == ZD_UPDATE;
  if (e->in.kind == ZD_PATCH) return take_patch(b, t, e, a);
  if (!wanted) return true;
  uint32_t resource = zd_tree_child(t, 0, ZD_S("resource"));
  if (!resource)
    return refuse(b, e, a, 400, ZD_ISSUE_REQUIRED, "the entry has no resource",
                  (zd_slice){NULL, 0});
  if (t->nodes[resource].type != e->in.type)
    return refuse(b, e, a, 400, ZD_ISSUE_VALUE,
                  "the resource is of another type than request.url says",
                  zd_schema_type_info(t->schema, t->nodes[resource].type).name);
  e->own_id = text_at(b, t, resource, "id");
  return keep_tree(b, t, resource, e) ||
         refuse(b, e, a, 500, ZD_ISSUE_EXCEPTION, "out of memory", (zd_slice){NULL, 0});
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

static bool take_entry(zd_bundle *b, const zd_tree *t, size_t i, zd_answer *a) {
  zd_unit_entry *e = &b->entries[i];
  zd_answer_init(&e->answer);
  e->expression = entry_path(b, i);
  e->full_url = text_at(b, t, 0, "fullUrl");
  e->in.lenient = b->lenient;
  uint32_t request = zd_tree_child(t, 0, ZD_S("request"));
  if (!request)
    return refuse(b, e, a, 400, ZD_ISSUE_REQUIRED, "the entry has no request", (zd_slice){NULL, 0});
  if (!take_request(b, t, request, e, a) || !take_resource(b, t, e, a)) return false;
  if (!zd_shape(b->call, &e->in, a)) return false;
  if (zd_bundle_writes(&e->in)) e->in.prefer = b->prefer;
  return name_by_key(b, e, i) ||
         refuse(b, e, a, 500, ZD_ISSUE_EXCEPTION, "out of memory", (zd_slice){NULL, 0});
}

/* At the entry where they do not say more exactly where. */
static void report_issues(zd_bundle *b, const zd_unit_entry *e, const zd_issues *from) {
  for (size_t i = 0; i < from->n; i++) {
    const zd_issue *issue = &from->items[i];
    bool placed = zd_slice_starts(issue->expression, ZD_S("Bundle."));
    zd_issue_add_at(b->report, issue->severity, issue->code,
                    placed ? issue->expression : e->expression, issue->line, issue->column, "%.*s",
                    ZD_SV(issue->diagnostics));
  }
}

/* Nothing is left to do for it but to give its answer. */
static void set_aside(zd_unit_entry *e) {
  e->in.kind = ZD_CAPABILITIES;
  e->position = SIZE_MAX;
}

/* A batch entry that asks for what cannot be done fails alone; in a transaction it fails all. */
static bool entry_may_fail(zd_bundle *b, zd_unit_entry *e, zd_answer *a) {
  if (b->transaction) return false;
  if (b->report) report_issues(b, e, &b->call->issues);
  zd_buffer_free(&e->answer.body);
  e->answer = *a;
  set_aside(e);
  zd_answer_init(a);
  zd_issues_init(&b->call->issues, b->call->arena);
  return true;
}

/* ---- reading ---- */

/* Trees are kept while there is room; the rest is read again when it is stored. */
static zd_arena *arena_of(void *context, size_t i, size_t n) {
  zd_bundle *b = context;
  size_t about = n < KEPT_BYTES ? n * 2 : KEPT_BYTES;
  (void)i;
  b->at_hand = b->processed && b->kept_bytes + about < KEPT_BYTES;
  if (b->at_hand) {
    b->kept_bytes += about;
    return &b->kept;
  }
  zd_arena_reset(&b->scratch);
  return &b->scratch;
}

/* What was found wrong with entry i when it was XML; NULL: nothing. Entries come in order. */
static const zd_issues *fault_of(zd_bundle *b, size_t i) {
  while (b->fault < b->faults.n && b->faults.items[b->fault].entry < i) b->fault++;
  bool found = b->fault < b->faults.n && b->faults.items[b->fault].entry == i;
  return found ? &b->faults.items[b->fault].issues : NULL;
}

static zd_err refuse_entry(void *context, size_t i, zd_err err, const zd_issues *found);

/* What an entry cannot do is told only when no fault is found anywhere. */
static zd_err take(void *context, size_t i, const zd_tree *tree) {
  zd_bundle *b = context;
  if (!b->processed || b->refused) return ZD_OK;
  const zd_issues *fault = fault_of(b, i);
  if (fault) return refuse_entry(b, i, ZD_ERR_INVALID, fault);
  if (!take_entry(b, tree, i, b->refusal))
    b->refused = !entry_may_fail(b, &b->entries[i], b->refusal);
  return ZD_OK;
}

/* An entry of a batch that is no Bundle.entry. What is wrong is found again when it is told: of a
 * million such entries the faults would not fit into memory. */
static zd_err refuse_entry(void *context, size_t i, zd_err err, const zd_issues *found) {
  zd_bundle *b = context;
  zd_unit_entry *e = &b->entries[i];
  zd_answer_init(&e->answer);
  e->expression = entry_path(b, i);
  e->answer.status = err == ZD_ERR_LIMIT ? 413 : 400;
  e->faulty = true;
  set_aside(e);
  if (b->report) report_issues(b, e, found);
  return ZD_OK;
}

static bool fail_reading(zd_call *c, zd_err err, const zd_issues *found, zd_answer *a) {
  if (!found->errors) {
    zd_answer_fail(c, a, zd_status_of(err), ZD_ISSUE_EXCEPTION, (zd_slice){NULL, 0},
                   "the Bundle cannot be read: %s", zd_err_name(err));
    return false;
  }
  c->issues = *found;
  zd_answer_outcome(c, a, err == ZD_ERR_LIMIT ? 413 : 400);
  return false;
}

static bool read_all(zd_bundle *b, zd_answer *a) {
  zd_call *c = b->call;
  bool batch = b->processed && !b->transaction;
  zd_fhir_entries to = {b, arena_of, take, batch ? refuse_entry : NULL};
  zd_issues found;
  zd_issues_init(&found, c->arena);
  b->refusal = a;
  zd_err err = zd_fhir_bundle_read(b->parts, b->text, &to, c->arena, &found);
  b->refusal = NULL;
  return err == ZD_OK || fail_reading(c, err, &found, a);
}

bool zd_bundle_open(zd_call *c, zd_fhir_bundle *parts, zd_slice text, zd_return prefer,
                    bool lenient, zd_bundle *b, zd_answer *a) {
  *b = (zd_bundle){.call = c,
                   .parts = parts,
                   .text = text,
                   .prefer = prefer,
                   .lenient = lenient,
                   .faults = b->faults,
                   .report = b->report};
  if (parts->split.found > c->rest->entry_limit) {
    zd_answer_fail(c, a, 413, ZD_ISSUE_TOO_LONG, ZD_S("Bundle.entry"),
                   "%llu entries; this server takes %u at most",
                   (unsigned long long)parts->split.found, c->rest->entry_limit);
    return false;
  }
  b->transaction = zd_fhir_bundle_is(parts, ZD_S("transaction"));
  b->processed = b->transaction || zd_fhir_bundle_is(parts, ZD_S("batch"));
  b->n = b->processed ? parts->split.count : 0;
  b->entries = calloc(b->n ? b->n : 1, sizeof *b->entries);
  if (!b->entries) {
    zd_answer_fail(c, a, 500, ZD_ISSUE_EXCEPTION, (zd_slice){NULL, 0}, "out of memory");
    return false;
  }
  if (!read_all(b, a)) return false;
  if (!b->processed)
    zd_answer_fail(c, a, 400, ZD_ISSUE_VALUE, ZD_S("Bundle.type"),
                   "a Bundle of type \"%.*s\" cannot be processed here; batch and transaction can",
                   ZD_SV(parts->type));
  return b->processed && !b->refused;
}

/* ---- running ---- */

static bool is_small(const zd_bundle *b) {
  return b->n <= SMALL_ENTRIES && b->text.n <= SMALL_TEXT;
}

/* The resource of an entry whose tree was not kept. */
static zd_err load(void *source, const zd_unit_entry *e, zd_arena *arena, zd_unit_resource *out) {
  zd_bundle *b = source;
  zd_err err = zd_fhir_bundle_entry(b->parts, b->text, (size_t)(e - b->entries), arena, &out->tree);
  if (err == ZD_OK) out->root = zd_tree_child(&out->tree, 0, ZD_S("resource"));
  return err;
}

static void open_unit(zd_bundle *b, zd_unit_entry *entries, size_t n, zd_unit *u) {
  *u = (zd_unit){.call = b->call,
                 .entries = entries,
                 .n = n,
                 .keep = is_small(b) && b->prefer == ZD_RETURN_REPRESENTATION,
                 .load = load,
                 .source = b};
}

void zd_bundle_unit(zd_bundle *b, zd_unit *u) {
  open_unit(b, b->entries, b->n, u);
  u->linked = true;
}

bool zd_bundle_is_brief(const zd_bundle *b) {
  if (!is_small(b)) return false;
  for (size_t i = 0; i < b->n; i++)
    if (!zd_bundle_writes(&b->entries[i].in)) return false;
  return true;
}

void zd_bundle_ask(zd_bundle *b, zd_unit_entry *e) {
  zd_call *c = b->call;
  zd_issues_init(&c->issues, c->arena);
  c->brief = false; /* nobody could run it again */
  c->deadline_ns = zd_clock_monotonic_ns() + (uint64_t)c->rest->query_ms * 1000000;
  zd_run_question(c, &e->in, &e->answer);
  if (b->report && e->answer.status >= 400) report_issues(b, e, &b->call->issues);
  if (e->in.head) zd_buffer_clear(&e->answer.body);
}

/* Every write of a batch is a unit of its own. They are committed one after the other. */
static void run_single(zd_bundle *b, zd_unit_entry *e) {
  zd_unit u;
  open_unit(b, e, 1, &u);
  zd_issues_init(&b->call->issues, b->call->arena);
  zd_unit_run(&u);
  if (!u.status) return;
  zd_answer_outcome(b->call, &e->answer, u.status);
  if (b->report) report_issues(b, e, &b->call->issues);
}

void zd_bundle_run_batch(zd_bundle *b) {
  for (size_t i = 0; i < b->n; i++)
    if (zd_bundle_writes(&b->entries[i].in)) run_single(b, &b->entries[i]);
}

void zd_bundle_free(zd_bundle *b) {
  for (size_t i = 0; b->entries && i < b->n; i++) zd_buffer_free(&b->entries[i].answer.body);
  free(b->entries);
  b->entries = NULL;
  zd_arena_free(&b->kept);
  zd_arena_free(&b->scratch);
}
