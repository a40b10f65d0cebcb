/* sort_internal.h: what the files that sort share.
 *
 * A search by keys k1, k2, ... goes level by level. A level has a set of rows and puts it in order
 * by its key: it walks the key's values in the index, from the wanted end or from the value of
 * `after`, and each value's rows are the set of the next level; or, where that is cheaper, it reads
 * the rows and sorts them in memory (sort_list.c).
 */
#ifndef ZD_INDEX_SORT_INTERNAL_H
#define ZD_INDEX_SORT_INTERNAL_H

#include "store/embedded/index/lookup.h"
#include "store/embedded/index/sort/sort.h"

/* ---- keys and values ---- */

typedef enum zd_sort_sort { ZD_BY_TERM, ZD_BY_RANGE, ZD_BY_TYPE, ZD_BY_ID, ZD_BY_ROW } zd_sort_sort;

/* A key as it is walked: ZD_SORT_ID has become two, TYPE and ID. */
typedef struct zd_sort_step {
  zd_sort_sort by;
  bool descending;
  uint32_t field;
  zd_slice prefix;
  zd_slice low, high; /* TERM: terms of [low, high); absent high: open */
  char high_room[ZD_TERM_MAX];
} zd_sort_step;

/* Of a row under a key: `term` of TERM and ID, `number` of the others. */
typedef struct zd_sort_value {
  bool missing;
  int64_t number;
  zd_slice term;
} zd_sort_value;

enum { ZD_SORT_STEPS = 2 * ZD_SORT_KEYS_MAX };

/* ---- sets of rows, over all chunks ---- */

typedef struct zd_sort_set {
  uint64_t **words; /* per chunk, kept once made; NULL: never used */
  bool *used;       /* per chunk: may have rows */
  uint64_t n;       /* rows put in; not reduced by what is taken out */
} zd_sort_set;

/* ---- groups: the rows with one value ---- */

/* Rows too many to be written out: a long posting, or a run of a column. */
typedef struct zd_sort_piece {
  const zd_part *from;
  const zd_posting_chunk *table; /* segments */
  size_t chunks;
  const zd_mem_key *key; /* memtables */
  const void *column;    /* intervals [first, last) of a column of n */
  uint32_t n, first, last;
  uint64_t chunk; /* of the column */
} zd_sort_piece;

typedef struct zd_sort_group {
  zd_sort_value value;
  zd_row *rows; /* in no order, may repeat; all of them in the set */
  size_t row_count, row_room;
  zd_sort_piece *pieces;
  size_t piece_count, piece_room;
  char term[ZD_TERM_MAX + 88]; /* of value.term */
} zd_sort_group;

/* ---- a heap of pointers; the least at [0] ---- */

typedef struct zd_sort_heap {
  const void **at;
  size_t n, room;
  int (*order)(const void *a, const void *b, bool down);
  bool down; /* the greatest at [0] */
} zd_sort_heap;

/* ---- the search ---- */

typedef struct zd_sort_walk zd_sort_walk;

/* Memory that dies together and is counted against the budget of the search. */
typedef struct zd_sort_memory {
  zd_arena arena;
  size_t held;
} zd_sort_memory;

/* The last groups of a level (sort_window.c). */
typedef struct zd_sort_last_group {
  size_t first, n; /* of rows */
  bool same;       /* holds `after` */
} zd_sort_last_group;

typedef struct zd_sort_last {
  zd_row *rows;
  zd_sort_last_group *groups;
  size_t row_count, row_room, group_count, group_room, front; /* groups before front are dropped */
  size_t counted; /* rows of groups kept, without the one of `after` */
} zd_sort_last;

typedef struct zd_sort_level {
  zd_sort_set set; /* rows alike under the keys above; level 0: all that match */
  zd_sort_group group;
  zd_sort_value path; /* the value under way */
  zd_sort_last last;
  bool unsure;         /* rows may be in the group that belong to another value */
  zd_sort_memory walk; /* of the level's walk, or of its rows when they are read */
} zd_sort_level;

typedef struct zd_sort {
  zd_scope scope; /* of all versions: matches are known to be current */
  const zd_row_facts *facts;
  zd_sort_step steps[ZD_SORT_STEPS];
  size_t step_count;
  zd_sort_level levels[ZD_SORT_STEPS + 1];
  bool reverse;
  bool certain; /* nothing may be left unsure: asking row by row came too dear */
  bool again;   /* begin anew, certain */
  zd_row after;
  zd_sort_value behind[ZD_SORT_STEPS]; /* values of `after` */
  const zd_plan *checks[ZD_PLAN_DEPTH];
  size_t check_count;
  zd_row *out;
  size_t n, limit;
  size_t rejected; /* rows read in vain */
  uint64_t chunks; /* of the scope */
  uint64_t *scratch;
  zd_sort_memory memory; /* lives as long as the search */
  zd_arena row_arena;    /* entries of one row */
  zd_budget budget;
  zd_fault *fault;
} zd_sort;

static inline bool zd_sort_full(const zd_sort *s) {
  return s->n >= s->limit;
}

/* ---- sort.c ---- */

/* Memory within the budget of the search; NULL with the error in *err. */
void *zd_sort_alloc(zd_sort *s, zd_sort_memory *m, size_t n, zd_err *err);
void zd_sort_forget(zd_sort *s, zd_sort_memory *m);
/* Says what is done, as zd_budget_work. */
zd_err zd_sort_work(zd_sort *s, unsigned units);
/* Puts a row that is next in order into the answer, unless it is none after all. */
zd_err zd_sort_emit(zd_sort *s, zd_row row, bool sure);
/* Counts a row that was read in vain; an error once there are so many that it is cheaper to begin
 * anew and be certain of every value. */
zd_err zd_sort_reject(zd_sort *s);

/* ---- sort_level.c ---- */

/* The rows of level k by keys k, k + 1, ...; `behind`: only those behind `after`, which is like
 * them under the keys before k. */
zd_err zd_sort_order(zd_sort *s, size_t k, bool behind);
/* The present group of level k by the keys behind it, taken out of the level's set when `consume`;
 * `behind`: the group has the value of `after`. */
zd_err zd_sort_order_group(zd_sort *s, size_t k, bool behind, bool consume);
zd_err zd_sort_level_empty(zd_sort *s, size_t k);
/* Is it a key of which a row may have several values, or none? */
bool zd_sort_of_field(const zd_sort *s, size_t k);

/* ---- sort_window.c ---- */

/* Level k's rows that have a value, against the direction in which values are chosen. */
zd_err zd_sort_window(zd_sort *s, size_t k, bool behind);

/* ---- sort_set.c ---- */

zd_err zd_sort_set_init(zd_sort *s, zd_sort_set *set);
void zd_sort_set_clear(const zd_sort *s, zd_sort_set *set);
/* The bitmap of a chunk, made when it is not there; NULL with *err. */
uint64_t *zd_sort_set_words(zd_sort *s, zd_sort_set *set, uint64_t chunk, zd_err *err);
bool zd_sort_set_has(const zd_sort *s, const zd_sort_set *set, zd_row row);
zd_err zd_sort_set_add(zd_sort *s, zd_sort_set *set, zd_row row);
/* The rows of the bitmap that stand behind `after` (ZD_NO_ROW: all), emitted by row. */
zd_err zd_sort_emit_words(zd_sort *s, uint64_t chunk, const uint64_t *words, bool down,
                          zd_row after);
/* The same of a set. */
zd_err zd_sort_emit_set(zd_sort *s, zd_sort_set *set, bool down, zd_row after);

/* ---- sort_group.c ---- */

void zd_sort_group_clear(zd_sort_group *g);
zd_err zd_sort_group_row(zd_sort *s, zd_sort_group *g, zd_row row);
zd_err zd_sort_group_piece(zd_sort *s, zd_sort_group *g, const zd_sort_piece *piece);
/* The rows of the set that `from` has under a posting or a key. */
zd_err zd_sort_group_posting(zd_sort *s, zd_sort_group *g, const zd_sort_set *set,
                             const zd_part *from, const zd_posting *p);
zd_err zd_sort_group_mem_key(zd_sort *s, zd_sort_group *g, const zd_sort_set *set,
                             const zd_part *from, const zd_mem_key *k);
/* Calls `each` for the chunks in which the group has rows of the set, in order, with a bitmap of
 * these rows; takes them out of the set when `consume`. Stops when the answer is full. */
typedef zd_err (*zd_sort_each)(zd_sort *s, void *context, uint64_t chunk, const uint64_t *words);
zd_err zd_sort_group_each(zd_sort *s, zd_sort_group *g, zd_sort_set *set, bool down, bool consume,
                          zd_row after, zd_sort_each each, void *context);

/* ---- sort_missing.c ---- */

/* Takes rows that have a value before that of `after` out of level k. */
zd_err zd_sort_subtract_before(zd_sort *s, size_t k);
/* Calls `each` with level k's rows that have no value, chunk by chunk, those behind `after` alone
 * (ZD_NO_ROW: all) as far as the page needs. */
zd_err zd_sort_missing_each(zd_sort *s, size_t k, bool down, zd_row after, zd_sort_each each,
                            void *context);

/* ---- sort_heap.c ---- */

zd_err zd_sort_heap_add(zd_sort *s, zd_sort_memory *m, zd_sort_heap *h, const void *item);
void zd_sort_heap_build(zd_sort_heap *h);
void zd_sort_heap_drop(zd_sort_heap *h);   /* the first */
void zd_sort_heap_settle(zd_sort_heap *h); /* the first has changed */

/* ---- walks over the values of a key: sort_range.c, sort_terms.c, sort_types.c ---- */

typedef struct zd_sort_bounds {
  bool down;
  const zd_sort_value *from; /* begins there (included); NULL: at the end */
} zd_sort_bounds;

struct zd_sort_walk {
  zd_sort_level *level;
  const zd_sort_step *step;
  uint32_t field; /* ID: the type under way */
  bool down;
  zd_sort_heap heap;       /* of sources by their present value */
  const uint32_t *types;   /* TYPE */
  size_t type_count, type; /* of them, the next */
};

zd_err zd_sort_walk_start(zd_sort *s, size_t k, const zd_sort_bounds *bounds, zd_sort_walk *w);
/* The next value and its rows within the level's set into level->group; *more false: no value is
 * left. The group may be empty. */
zd_err zd_sort_walk_next(zd_sort *s, zd_sort_walk *w, bool *more);

zd_err zd_sort_range_start(zd_sort *s, const zd_sort_bounds *bounds, zd_sort_walk *w);
zd_err zd_sort_range_next(zd_sort *s, zd_sort_walk *w, bool *more);
zd_err zd_sort_terms_start(zd_sort *s, const zd_sort_bounds *bounds, zd_sort_walk *w);
zd_err zd_sort_terms_next(zd_sort *s, zd_sort_walk *w, bool *more);
zd_err zd_sort_types_start(zd_sort *s, const zd_sort_bounds *bounds, zd_sort_walk *w);
zd_err zd_sort_types_next(zd_sort *s, zd_sort_walk *w, bool *more);

/* ---- sort_value.c ---- */

int zd_sort_value_cmp(const zd_sort_step *step, const zd_sort_value *a, const zd_sort_value *b);
/* Values of a row under steps [first, last); terms in m, or NULL: until the next row is read. */
zd_err zd_sort_values(zd_sort *s, zd_row row, size_t first, size_t last, zd_sort_memory *m,
                      zd_sort_value *out);
/* Has the row the values of the path, at every level that is unsure? */
zd_err zd_sort_on_path(zd_sort *s, zd_row row, bool *is);

/* ---- sort_cost.c ---- */

/* Is reading the n rows of level k cheaper than walking its key? */
bool zd_sort_list_pays(const zd_sort *s, size_t k, uint64_t n);

/* ---- sort_list.c ---- */

/* Orders the level's set by reading its rows; `behind`: only what stands behind `after`. */
zd_err zd_sort_list(zd_sort *s, size_t k, bool behind);

#endif
