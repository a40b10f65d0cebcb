/* rest.h: the FHIR R4 RESTful API over the store.
 *
 * Source: https://hl7.org/fhir/R4/http.html. Every interaction is a zd_interaction that is run
 * against a snapshot and gives a zd_answer; HTTP requests and Bundle entries are two doors to the
 * same thing. Writes of one request form a unit: decided on one snapshot, committed at once, tried
 * again from a fresh snapshot when another writer came first.
 */
#ifndef ZD_REST_REST_H
#define ZD_REST_REST_H

#include "base/workers.h"
#include "define/define.h"
#include "fhir/bundle.h"
#include "http/http.h"
#include "search/search.h"
#include "store/store.h"

typedef struct zd_rest zd_rest;

struct zd_operation;

typedef struct zd_rest_options {
  const zd_schema *schema;
  zd_store *store;     /* started; owned by the caller, as are search and workers */
  zd_search *search;   /* of the start; symbols of types are the same in every generation */
  zd_definer *definer; /* NULL: search stays what it is, and SearchParameters are not looked at */
  zd_workers *workers; /* for what may block */
  const zd_logger *logger;  /* may be NULL */
  zd_slice base_url;        /* "http://127.0.0.1:8080/fhir": links in answers; copied */
  size_t resource_limit;    /* bytes of one resource; 0: 64 MiB */
  size_t body_limit;        /* bytes of a request's body, unpacked; 0: 1 GiB */
  uint32_t entry_limit;     /* entries of one Bundle; 0: 1,000,000 */
  uint32_t page_default;    /* _count when not given; 0: 50 */
  unsigned query_ms;        /* longest a search may take; 0: 30,000 */
  size_t query_memory;      /* bytes one search may hold at once; 0: the store's default */
  const char *cors_origins; /* origins whose pages may call this server, separated by spaces; "*":
                               any; NULL: none; copied */
  const struct zd_operation *operations; /* of rooms above, see operation.h; may be NULL */
  size_t operation_count;
  const char *version; /* software version, for the CapabilityStatement; static */
} zd_rest_options;

zd_err zd_rest_open(const zd_rest_options *options, zd_rest **out, zd_fault *fault);
void zd_rest_close(zd_rest *r);
/* The server is about to end: long questions that still wait are answered 503 instead of being
 * worked on. Any thread. */
void zd_rest_stop(zd_rest *r);

/* Changes limits while requests run; 0: back to the default. Any thread. */
void zd_rest_tune(zd_rest *r, uint32_t page_default, unsigned query_ms, size_t query_memory);

/* Whether writing works as far as is known: the error of the newest commit, when it says that the
 * next will fail, too. A full disk is forgotten after ten seconds, so that writers may try again.
 * ZD_OK: fine. Any thread. */
zd_err zd_rest_writable(const zd_rest *r);

/* Answers one request whose path lies under the base path; for zd_http_options.handler. */
void zd_rest_handle(zd_rest *r, zd_http_exchange *x);

/* For http-level refusals: the OperationOutcome for an HTTP status. */
void zd_rest_refusal(int status, const char *text, zd_buffer *body);

/* Runs a transaction or batch Bundle without HTTP: what `import` uses. `parts` was fed with all of
 * `text`, and ended; nothing else was done with it. The arena takes the scratch memory. *written:
 * resources committed. ZD_ERR_REFUSED with issues when nothing
 * (transaction) or not everything (batch) was stored. Blocks.
 *
 * `turn` (may be NULL) lets several Bundles be prepared side by side and still take effect in
 * order; one that failed before its turn is prepared again in it.
 *
 * `key` (letters and digits, at most ZD_IMPORT_KEY_MAX; absent: none) stands for this Bundle at
 * this place of the input: what it creates gets ids that follow from it. Run again under the same
 * key, after a crash say, it leaves alone what it wrote before, and what would not change. */
enum { ZD_IMPORT_KEY_MAX = 32 };
typedef struct zd_rest_turn {
  void *context;
  /* Blocks until what this Bundle may build on is committed. May be called more than once. */
  void (*wait)(void *context);
  /* Commits behind that, which need not have ended yet: the commit is refused with ZD_ERR_CONFLICT
   * when it fails. At most once, and only before `wait`. Takes ownership of txn. */
  zd_commit_result (*commit)(void *context, zd_txn *txn);
} zd_rest_turn;
zd_err zd_rest_bundle(zd_rest *r, zd_fhir_bundle *parts, zd_slice text, zd_slice key,
                      zd_arena *arena, const zd_rest_turn *turn, uint64_t *written,
                      zd_issues *issues);

#endif
