/* bundle_answer.c: the answering Bundle, made entry by entry. */
#include "base/clock.h"
#include "rest/bundle.h"

/* Most bytes of resources in one answer; questions beyond it are refused one by one, and of
 * faulty entries only the first fault is told. */
enum { ANSWER_BYTES = 256 << 20 };

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
               {422, "422 Unprocessable Entity"},
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
  bool body = a->body.n && !a->body.failed;
  zd_buffer_add_slice(out, first ? ZD_S("{") : ZD_S(",{"));
  if (good && a->reference.p && body) { /* bdl-7: one fullUrl and version, one entry */
    zd_buffer_add_slice(out, ZD_S("\"fullUrl\":\""));
    zd_buffer_add_json(out, zd_rest_base(c->rest));
    zd_buffer_add_char(out, '/');
    zd_buffer_add_slice(out, a->reference);
    zd_buffer_add_slice(out, ZD_S("\","));
  }
  if (good && body) {
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
  if (!good && body) {
    zd_buffer_add_slice(out, ZD_S(",\"outcome\":"));
    zd_buffer_add_slice(out, zd_buffer_slice(&a->body));
  }
  zd_buffer_add_slice(out, ZD_S("}}"));
}

/* The text from the beginning of entry i on, its line and column known: lines are counted once for
 * all entries that are told of. */
static zd_slice text_of_entry(zd_bundle *b, size_t i) {
  zd_text_place *told = &b->told;
  uint32_t lines, columns;
  size_t at = (size_t)b->parts->split.items[i].at;
  zd_json_place(zd_slice_from(b->text, told->at), at - told->at, &lines, &columns);
  told->column = lines > 1 ? columns : told->column + columns - 1;
  told->line += lines - 1;
  told->at = at;
  b->parts->line = told->line;
  b->parts->column = told->column;
  return zd_slice_from(b->text, at);
}

/* Of an entry that was XML the faults are known. */
static const zd_issues *fault_of(const zd_bundle *b, size_t i) {
  size_t low = 0, high = b->faults.n;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (b->faults.items[middle].entry < i)
      low = middle + 1;
    else
      high = middle;
  }
  return low < b->faults.n && b->faults.items[low].entry == i ? &b->faults.items[low].issues : NULL;
}

/* What is wrong with an entry that could not be read. */
static void tell_faults(zd_bundle *b, zd_unit_entry *e) {
  zd_call *c = b->call;
  zd_tree tree;
  size_t i = (size_t)(e - b->entries);
  zd_json_item item = {.at = 0, .n = b->parts->split.items[i].n};
  zd_issues_init(&c->issues, c->arena);
  const zd_issues *known = fault_of(b, i);
  if (known) {
    c->issues = *known;
    zd_answer_outcome(c, &e->answer, e->answer.status);
    return;
  }
  zd_err err = zd_fhir_bundle_item(b->parts, text_of_entry(b, i), item, (uint32_t)i, c->arena,
                                   &tree, &c->issues);
  if (!c->issues.errors) {
    zd_answer_fail(c, &e->answer, zd_status_of(err == ZD_OK ? ZD_ERR_INTERNAL : err),
                   ZD_ISSUE_EXCEPTION, e->expression, "the entry cannot be read: %s",
                   zd_err_name(err));
    return;
  }
  if (b->answered > ANSWER_BYTES && c->issues.n > 1) {
    c->issues.dropped += c->issues.n - 1;
    c->issues.n = 1;
  }
  zd_answer_outcome(c, &e->answer, e->answer.status);
  b->answered += e->answer.body.n;
}

/* An answer that is made only now: to a question, of faults, or with a resource in it. */
static void complete(zd_bundle *b, zd_unit_entry *e) {
  if (e->faulty) tell_faults(b, e);
  if (e->shows) zd_unit_show(b->call, e);
  if (zd_bundle_writes(&e->in) || e->position == SIZE_MAX) return;
  zd_bundle_ask(b, e);
  b->answered += e->answer.body.n;
  if (b->answered <= ANSWER_BYTES) return;
  zd_buffer_free(&e->answer.body);
  zd_buffer_init(&e->answer.body, 0);
  zd_answer_fail(b->call, &e->answer, 503, ZD_ISSUE_TOO_COSTLY, e->expression,
                 "the answers of one Bundle are limited to %d MiB", ANSWER_BYTES >> 20);
}

void zd_bundle_answer(zd_bundle *b, zd_answer *a, bool (*pass)(void *context), void *context) {
  zd_buffer *out = &a->body;
  zd_call *c = b->call;
  zd_arena *arena = c->arena;
  bool heard = true;
  zd_arena_free(&b->kept);
  b->told = (zd_text_place){.line = 1, .column = 1};
  a->status = 200;
  zd_buffer_add_slice(
      out, b->transaction ? ZD_S("{\"resourceType\":\"Bundle\",\"type\":\"transaction-response\"")
                          : ZD_S("{\"resourceType\":\"Bundle\",\"type\":\"batch-response\""));
  if (b->n) zd_buffer_add_slice(out, ZD_S(",\"entry\":["));
  c->arena = &b->scratch; /* what one entry's answer takes is gone with it */
  for (size_t i = 0; i < b->n && heard; i++) {
    complete(b, &b->entries[i]);
    write_entry(c, &b->entries[i].answer, i == 0, out);
    zd_buffer_free(&b->entries[i].answer.body);
    zd_arena_reset(&b->scratch);
    if (pass) heard = pass(context);
  }
  c->arena = arena;
  zd_issues_init(&c->issues, arena);
  zd_buffer_add_slice(out, b->n ? ZD_S("]}") : ZD_S("}"));
}
