/* index_model.h: a little world of random rows, and the naive answers to everything the index is
 * asked. For tests only.
 *
 * The oracle keeps every row with its entries and walks all of them for every question. Rows are
 * made of few types, ids, fields and words, so that everything collides with everything. Of the
 * last range field no row has two values.
 */
#ifndef ZD_STORE_TESTING_INDEX_MODEL_H
#define ZD_STORE_TESTING_INDEX_MODEL_H

#include "base/arena.h"
#include "base/random.h"
#include "store/embedded/index/index.h"

enum { ZD_MODEL_TYPES = 4, ZD_MODEL_FIELDS = 5, ZD_MODEL_RANGES = 4, ZD_MODEL_RANGE_FIELD = 100 };

typedef struct zd_model {
  zd_random dice;
  zd_arena arena; /* of rows */
  zd_index_row *rows;
  size_t n, room;
  unsigned ids;                /* resources per type to choose from */
  struct zd_model_join *joins; /* what joins of the plan asked match */
  zd_arena asking;             /* while one question is answered */
} zd_model;

void zd_model_start(zd_model *m, uint64_t seed, unsigned ids);
void zd_model_free(zd_model *m);

/* Makes the next row (not yet in any index): a create, update or delete. */
const zd_index_row *zd_model_row(zd_model *m);
/* Forgets the rows >= n. */
void zd_model_cut(zd_model *m, size_t n);

/* Newest row of (type, id) below bound, or ZD_NO_ROW. */
zd_row zd_model_newest(const zd_model *m, uint32_t type, zd_slice id, zd_row bound);
/* Is it the newest of its resource below bound, and no deletion? */
bool zd_model_current(const zd_model *m, zd_row row, zd_row bound);
/* Does the row match in the state at `bound`? What joins match is kept until the next answer. */
bool zd_model_matches(zd_model *m, const zd_plan *plan, zd_row row, zd_row bound);

/* A random plan in the arena. CHECKs in it call zd_model_check with the model as state. */
const zd_plan *zd_model_plan(zd_model *m, zd_arena *arena, unsigned depth);
/* Matches rows whose number is no multiple of three. */
zd_err zd_model_check(void *state, struct zd_snapshot *v, zd_row row, bool *hit);

/* All rows that answer the request at `bound`, in its order; out has room for m->n. Returns how
 * many (before the limit). */
size_t zd_model_answer(zd_model *m, const zd_search_request *q, zd_row bound, zd_row *out);

/* The same for a request with sort keys. */
size_t zd_model_sorted(zd_model *m, const zd_search_request *q, zd_row bound, zd_row *out);
/* What a sorted search asks of single rows, answered by the model. */
zd_row_facts zd_model_facts(zd_model *m);

/* Compares sorted searches of the view with the model. Returns NULL, or what differed. */
const char *zd_model_compare_sorted(zd_model *m, zd_index_view *v, unsigned rounds);
/* Compares the view with the model: `rounds` random questions. Returns NULL, or what differed. */
const char *zd_model_compare(zd_model *m, zd_index_view *v, unsigned rounds);

#endif
