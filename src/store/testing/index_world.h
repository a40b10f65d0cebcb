/* index_world.h: an index in a folder of its own and a model of the same rows, for tests of the
 * index against the naive truth. With cmocka, for test programs only. */
#ifndef ZD_STORE_TESTING_INDEX_WORLD_H
#define ZD_STORE_TESTING_INDEX_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <unistd.h>

#include "store/testing/index_model.h"
#include "store/testing/little_record.h"

typedef struct world {
  zd_model model;
  zd_index *index;
  zd_index_options options;
  char dir[64];
} world;

static inline void world_start(world *w, uint64_t seed, unsigned ids, size_t memtable_rows) {
  zd_model_start(&w->model, seed, ids);
  strcpy(w->dir, "/tmp/zd-index-XXXXXX");
  if (!mkdtemp(w->dir)) fail();
  w->options = (zd_index_options){.dir = w->dir, .memtable_rows = memtable_rows};
  assert_int_equal(zd_index_open(&w->options, &w->index, NULL), ZD_OK);
}

static inline void world_end(world *w) {
  zd_index_close(w->index);
  zd_model_free(&w->model);
  zd_little_remove(w->dir);
}

/* Rows that nobody sees yet. */
static inline void append(world *w, size_t n) {
  for (size_t i = 0; i < n; i++)
    assert_int_equal(zd_index_append(w->index, zd_model_row(&w->model)), ZD_OK);
}

static inline void publish(world *w) {
  assert_int_equal(zd_index_next_row(w->index), w->model.n);
  zd_index_publish(w->index, w->model.n);
}

/* Both. */
static inline void grow(world *w, size_t n) {
  append(w, n);
  publish(w);
}

/* ---- fields that are indexed later ---- */

static inline bool is_late(const zd_entry *e) {
  return e->field % 2 == 1;
}

static inline size_t entries_that_are(const zd_index_row *r, bool late, zd_entry *out) {
  size_t n = 0;
  for (size_t i = 0; i < r->entry_count; i++)
    if (is_late(&r->entries[i]) == late) out[n++] = r->entries[i];
  return n;
}

/* Rows without the entries that are late. */
static inline void grow_early(world *w, size_t rows) {
  zd_entry kept[16];
  for (size_t i = 0; i < rows; i++) {
    zd_index_row part = *zd_model_row(&w->model);
    part.entry_count = entries_that_are(&part, false, kept);
    part.entries = kept;
    assert_int_equal(zd_index_append(w->index, &part), ZD_OK);
  }
  publish(w);
}

/* The late ones of [first, end). */
static inline void supplement(world *w, zd_row first, zd_row end) {
  zd_entry kept[16];
  zd_index_batch *b = zd_index_batch_new((size_t)(end - first));
  assert_non_null(b);
  for (zd_row row = first; row < end; row++) {
    size_t n = entries_that_are(&w->model.rows[row], true, kept);
    assert_int_equal(zd_index_supplement_add(b, kept, n), ZD_OK);
  }
  assert_int_equal(zd_index_supplement(w->index, b, first, NULL), ZD_OK);
  zd_index_batch_free(b);
}

#endif
