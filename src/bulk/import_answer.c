/* import_answer.c: what a server says of each entry of a Bundle that it was sent. */
#include "bulk/import.h"

typedef struct answer {
  zd_arena arena; /* of one entry */
  zd_import_said said;
  void *context;
  size_t n;
} answer;

static zd_arena *arena_of(void *context, size_t i, size_t n) {
  answer *a = context;
  (void)i, (void)n;
  zd_arena_reset(&a->arena);
  return &a->arena;
}

/* The first issue of an outcome, in words; absent: none. */
static zd_slice diagnostics_of(const zd_tree *t, uint32_t response, zd_arena *arena) {
  uint32_t outcome = zd_tree_child(t, response, ZD_S("outcome"));
  uint32_t issue = outcome ? zd_tree_child(t, outcome, ZD_S("issue")) : 0;
  uint32_t text = issue ? zd_tree_child(t, issue, ZD_S("diagnostics")) : 0;
  return text ? zd_node_text(&t->nodes[text], arena) : (zd_slice){NULL, 0};
}

static zd_err take(void *context, size_t i, const zd_tree *t) {
  answer *a = context;
  uint32_t response = zd_tree_child(t, 0, ZD_S("response"));
  uint32_t status = response ? zd_tree_child(t, response, ZD_S("status")) : 0;
  if (!status) return ZD_ERR_INVALID;
  zd_slice text = zd_node_raw(&t->nodes[status]);
  bool good = text.n && (text.p[0] == '2' || text.p[0] == '3');
  a->n++;
  a->said(a->context, i, good, text, diagnostics_of(t, response, &a->arena));
  return ZD_OK;
}

zd_err zd_import_answer(const zd_schema *schema, zd_slice body, size_t n, zd_import_said said,
                        void *context) {
  answer a = {.said = said, .context = context};
  zd_fhir_bundle b;
  zd_issues issues;
  zd_arena arena;
  zd_fhir_entries to = {&a, arena_of, take, NULL};
  zd_arena_init(&a.arena, 0);
  zd_arena_init(&arena, 0);
  zd_issues_init(&issues, &arena);
  zd_fhir_bundle_init(&b, schema, NULL, n);
  zd_err err = zd_fhir_bundle_feed(&b, body);
  if (err == ZD_OK) err = zd_fhir_bundle_end(&b);
  if (err == ZD_OK) err = zd_fhir_bundle_read(&b, body, &to, &arena, &issues);
  if (err == ZD_OK && (a.n != n || b.split.found != n)) err = ZD_ERR_INVALID;
  zd_fhir_bundle_free(&b);
  zd_arena_free(&arena);
  zd_arena_free(&a.arena);
  return err;
}
