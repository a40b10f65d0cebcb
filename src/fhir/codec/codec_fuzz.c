/* codec_fuzz.c: any bytes are read or refused with an issue; what is read is written and read again
 * to an equal tree, in every form. */
#include <stdlib.h>

#include "fhir/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static zd_err read(zd_slice text, zd_arena *arena, zd_tree *tree) {
  zd_issues issues;
  zd_issues_init(&issues, arena);
  zd_err err = zd_fhir_read_json(zd_schema_r4(), text, ZD_NO_TYPE, NULL, arena, tree, &issues);
  if ((err == ZD_OK) != (issues.errors == 0) && err != ZD_ERR_MEMORY) abort();
  return err;
}

/* Both trees are in schema order, so equal resources have equal nodes. */
static void must_be_equal(const zd_tree *a, const zd_tree *b) {
  if (a->count != b->count) abort();
  for (uint32_t i = 0; i < a->count; i++) {
    const zd_node *x = &a->nodes[i], *y = &b->nodes[i];
    if (x->element != y->element || x->type != y->type || x->end != y->end) abort();
    if (x->flags != y->flags || !zd_slice_eq(zd_node_raw(x), zd_node_raw(y))) abort();
  }
}

static void check_locations(const zd_tree *tree, zd_arena *arena) {
  for (uint32_t i = 0; i < tree->count && i < 50; i++) {
    if (!zd_tree_location(tree, i, arena).p) abort();
    if (tree->nodes[i].end <= i || tree->nodes[i].end > tree->count) abort();
  }
}

static void check_forms(const zd_tree *tree, zd_arena *arena) {
  zd_buffer canonical, other;
  zd_tree first, again;
  uint32_t stamp_at;
  zd_buffer_init(&canonical, 0);
  zd_buffer_init(&other, 0);
  zd_fhir_write_json(tree, 0, NULL, &canonical);
  if (read(zd_buffer_slice(&canonical), arena, &first) != ZD_OK) abort();
  if (first.count != tree->count) abort();
  zd_fhir_write_json(&first, 0, NULL, &other);
  if (read(zd_buffer_slice(&other), arena, &again) != ZD_OK) abort();
  must_be_equal(&first, &again);
  zd_buffer_clear(&other);
  zd_fhir_write_stored(tree, 0, NULL, &other, &stamp_at);
  zd_slice stored = zd_arena_copy(arena, zd_buffer_slice(&other));
  zd_buffer_clear(&other);
  zd_fhir_stamp(stored, stamp_at, 1, 0, &other);
  if (read(zd_buffer_slice(&other), arena, &again) != ZD_OK) abort();
  for (int kind = ZD_SUMMARY_TRUE; kind <= ZD_SUMMARY_DATA; kind++) {
    zd_write_options summary = {.summary = (zd_summary)kind};
    zd_buffer_clear(&other);
    zd_fhir_write_json(tree, 0, &summary, &other);
    (void)read(zd_buffer_slice(&other), arena, &again); /* may miss contained resources */
    if (again.count == 0) abort();
  }
  zd_buffer_free(&canonical);
  zd_buffer_free(&other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  zd_arena arena;
  zd_tree tree;
  zd_arena_init(&arena, (size_t)256 << 20);
  zd_err err = read(zd_slice_make(data, n), &arena, &tree);
  if (err == ZD_OK || err == ZD_ERR_INVALID) check_locations(&tree, &arena);
  if (err == ZD_OK) check_forms(&tree, &arena);
  zd_arena_free(&arena);
  return 0;
}
