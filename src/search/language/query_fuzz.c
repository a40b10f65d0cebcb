/* Any bytes as a query, for a few types and the system level: parsed or refused, never more. What
 * is parsed must parse again from its own self link, to the same link. The first byte chooses. */
#include <stdlib.h>

#include "search/search.h"

/* The only thing parsing asks of a store: symbols. None is kept, so each name is a new one. */
static uint32_t symbols;

uint32_t zd_store_symbol(zd_store *s, zd_slice name, bool create) {
  (void)s, (void)name;
  return create ? symbols++ : ZD_NO_SYMBOL;
}

zd_slice zd_store_symbol_name(const zd_store *s, uint32_t symbol) {
  (void)s, (void)symbol;
  return (zd_slice){NULL, 0};
}

zd_err zd_snapshot_read(zd_snapshot *v, zd_row row, bool header_only, zd_arena *arena,
                        zd_record *out, zd_fault *fault) {
  (void)v, (void)row, (void)header_only, (void)arena, (void)out, (void)fault;
  return ZD_ERR_NOT_FOUND;
}

zd_err zd_snapshot_find(zd_snapshot *v, uint32_t type, zd_slice id, zd_row *row) {
  (void)v, (void)type, (void)id, (void)row;
  return ZD_ERR_NOT_FOUND;
}

/* Value sets and code systems are looked up while parsing: there are none. */
zd_err zd_snapshot_search(zd_snapshot *v, const zd_search_request *q, zd_row *out, size_t *n,
                          zd_fault *fault) {
  (void)v, (void)q, (void)out, (void)fault;
  *n = 0;
  return ZD_OK;
}

zd_err zd_snapshot_entries(zd_snapshot *v, zd_row row, zd_arena *arena, const zd_entry **out,
                           size_t *n, zd_fault *fault) {
  (void)v, (void)row, (void)arena, (void)out, (void)n, (void)fault;
  return ZD_ERR_UNSUPPORTED;
}

zd_err zd_snapshot_row_at(zd_snapshot *v, int64_t ms, zd_row *row) {
  (void)v;
  *row = (zd_row)(ms < 0 ? 0 : ms / 1000);
  return ZD_OK;
}

/* Not asked by parsing; that they stand here keeps the linker from taking the real store besides.
 */
zd_err zd_store_note(zd_store *s, const char *name, zd_buffer *out, zd_fault *fault) {
  (void)s, (void)name, (void)out, (void)fault;
  return ZD_ERR_NOT_FOUND;
}

zd_err zd_store_set_note(zd_store *s, const char *name, zd_slice text, zd_fault *fault) {
  (void)s, (void)name, (void)text, (void)fault;
  return ZD_ERR_UNSUPPORTED;
}

zd_err zd_store_reindex(zd_store *s, const uint32_t *fields, size_t n,
                        bool (*progress)(void *context, uint64_t done, uint64_t total),
                        void *context, zd_fault *fault) {
  (void)s, (void)fields, (void)n, (void)progress, (void)context, (void)fault;
  return ZD_ERR_UNSUPPORTED;
}

zd_err zd_store_snapshot(zd_store *s, zd_snapshot **out) {
  (void)s, (void)out;
  return ZD_ERR_UNSUPPORTED;
}

void zd_snapshot_release(zd_snapshot *v) {
  (void)v;
}

zd_row zd_snapshot_row(const zd_snapshot *v) {
  (void)v;
  return 0;
}

zd_err zd_snapshot_estimate(zd_snapshot *v, const zd_plan *plan, uint64_t *n, zd_fault *fault) {
  (void)v, (void)plan, (void)fault;
  *n = 1; /* something is contained */
  return ZD_OK;
}

zd_err zd_snapshot_count(zd_snapshot *v, const zd_search_request *q, uint64_t *n, zd_fault *fault) {
  (void)v, (void)q, (void)fault;
  *n = 0;
  return ZD_ERR_UNSUPPORTED;
}

static const char *const types[] = {"",          "Patient",           "Observation",   "ValueSet",
                                    "Encounter", "RiskAssessment",    "Location",      "Group",
                                    "Bundle",    "MolecularSequence", "ServiceRequest"};

/* The bytes as a _filter, encoded. */
static zd_slice as_filter(zd_slice text, zd_arena *arena) {
  static const char digits[] = "0123456789ABCDEF", name[] = "_filter=";
  char *p = zd_arena_alloc(arena, sizeof name + 3 * text.n), *at = p;
  if (!p) return (zd_slice){NULL, 0};
  memcpy(at, name, sizeof name - 1);
  at += sizeof name - 1;
  for (size_t i = 0; i < text.n; i++) {
    *at++ = '%';
    *at++ = digits[(unsigned char)text.p[i] >> 4];
    *at++ = digits[(unsigned char)text.p[i] & 15];
  }
  return (zd_slice){p, (size_t)(at - p)};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static zd_search *search;
  zd_fault fault;
  if (!search && zd_search_open(zd_schema_r4(), NULL, ZD_S("http://here"), &search, &fault))
    abort();
  if (size < 2) return 0;
  const char *name = types[data[0] % (sizeof types / sizeof *types)];
  zd_type type = *name ? zd_schema_type(zd_schema_r4(), zd_slice_of(name)) : ZD_NO_TYPE;
  zd_query_options options = {.lenient = data[1] & 1,
                              .for_condition = data[1] & 2,
                              .now_ms = 1,
                              .snapshot = data[1] & 4 ? (zd_snapshot *)&options : NULL};
  zd_arena arena;
  zd_arena_init(&arena, data[1] & 8 ? 20000 : 0);
  zd_issues issues;
  zd_issues_init(&issues, &arena);
  zd_query q, again;
  zd_slice text = zd_slice_make(data + 2, size - 2);
  if (data[1] & 16) text = as_filter(text, &arena);
  if (!text.p) goto done;
  zd_err err = zd_search_parse(search, type, text, &options, &arena, &q, &issues);
  if ((err == ZD_ERR_INVALID || err == ZD_ERR_BUSY) && !issues.n && !(data[1] & 8)) abort();
  if (!err && !(data[1] & 8) && (q.used.n || !options.for_condition)) {
    if (zd_search_parse(search, type, q.used, &options, &arena, &again, &issues)) abort();
    if (!zd_slice_eq(q.used, again.used)) abort();
  }
done:
  zd_arena_free(&arena);
  return 0;
}
