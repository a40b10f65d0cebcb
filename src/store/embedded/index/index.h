/* index.h: the derived index of the embedded store.
 *
 * Answers "which rows" for everything the store is asked: the newest row of a resource, the rows
 * that match a plan, how many there are, where a row lies in the log. All of it is derived from the
 * log and can be rebuilt from it; nothing here is truth.
 *
 * Parts. The index is a list of parts over disjoint, ascending row ranges: immutable segment files
 * (mapped), then frozen memtables, then the one active memtable. A view is such a list and a row
 * bound. Background threads flush frozen memtables into segments and merge adjacent segments; they
 * never change what a view sees.
 *
 * Threads. The functions under "committing" belong to one thread at a time (the committer), except
 * the zd_index_batch_* ones, where a batch belongs to whoever builds it. Everything else may be
 * called from any thread; a view is shared freely.
 *
 * Used by store/embedded/ only.
 */
#ifndef ZD_STORE_EMBEDDED_INDEX_H
#define ZD_STORE_EMBEDDED_INDEX_H

#include "base/file.h"
#include "base/log.h"
#include "store/store.h"

typedef struct zd_index zd_index;
typedef struct zd_index_view zd_index_view;
typedef struct zd_index_batch zd_index_batch;

/* ---- opening ---- */

typedef struct zd_index_options {
  const char *dir;          /* the index's own folder; created when missing */
  bool read_only;           /* nothing written, no threads; appends stay in memory */
  const zd_file_system *fs; /* NULL: the real one */
  const zd_logger *logger;  /* may be NULL */
  size_t memtable_rows;     /* rows of the active memtable before it is frozen; 0: 16,384 */
  unsigned merge_threads;   /* 0: flush and merge only when asked (tests); else background */
} zd_index_options;

/* Opens the segments the manifest names; files it does not name are removed. ZD_ERR_CORRUPT names
 * the file. After it the caller appends (or attaches) the rows from zd_index_flushed_row on, out of
 * the log, and publishes them. */
zd_err zd_index_open(const zd_index_options *options, zd_index **out, zd_fault *fault);

/* Stops the threads (a merge under way is abandoned), frees everything. Does not flush: call
 * zd_index_flush before for a clean close. Every view must have been released. */
void zd_index_close(zd_index *x);

/* Rows below it are safely in segments. */
zd_row zd_index_flushed_row(zd_index *x);

/* ---- committing: one thread ---- */

/* One version of one resource, as the index wants to know it. All borrowed for the call. */
typedef struct zd_index_row {
  zd_op op;
  uint32_t type;
  zd_slice id;      /* 1..64 bytes */
  zd_row previous;  /* the row this one supersedes, or ZD_NO_ROW */
  uint64_t locator; /* opaque; batches: added to the locator_base of the attach */
  const zd_entry *entries;
  size_t entry_count;
} zd_index_row;

/* The row the next append or attach gets: all rows below it are in (published or not). */
zd_row zd_index_next_row(zd_index *x);

/* Puts row zd_index_next_row in the active memtable; not visible before it is published. After an
 * error (ZD_ERR_MEMORY, ZD_ERR_INVALID: a term or id too long) the row may be in by half: call
 * zd_index_rollback to the row before going on. */
zd_err zd_index_append(zd_index *x, const zd_index_row *row);

/* A batch is built in private, by one thread, while the committer works. No resource may occur
 * twice in it. `rows` is a guess of its size. */
zd_index_batch *zd_index_batch_new(size_t rows);
zd_err zd_index_batch_add(zd_index_batch *b, const zd_index_row *row);
size_t zd_index_batch_rows(const zd_index_batch *b);
void zd_index_batch_free(zd_index_batch *b);

/* Attaches the batch at zd_index_next_row in constant time; row i of the batch gets the locator
 * locator_base + its own. Takes ownership when it returns ZD_OK. */
zd_err zd_index_attach(zd_index *x, zd_index_batch *b, uint64_t locator_base);

/* Rows below `bound` become visible to views acquired from now on. */
void zd_index_publish(zd_index *x, zd_row bound);
/* First row that is not visible. Any thread. */
zd_row zd_index_published(zd_index *x);

/* Forgets the unpublished rows >= row (a group that could not be synced). Costs a copy of the
 * active memtable. On ZD_ERR_MEMORY the index must not be appended to any more. */
zd_err zd_index_rollback(zd_index *x, zd_row row);

/* Names of resources, and how many at most are looked up together. */
typedef struct zd_index_name {
  uint32_t type;
  zd_slice id;
} zd_index_name;
enum { ZD_INDEX_NAMES = 32 };
/* The first of n names (at most ZD_INDEX_NAMES) that has a row >= as_of, unpublished ones included;
 * n when none has. Around 100 ns a name when as_of lies in the memtables. The committer's thread.
 */
zd_err zd_index_written_since(zd_index *x, const zd_index_name *names, size_t n, zd_row as_of,
                              size_t *first, zd_fault *fault);

/* Does any row of [first, last) match the plan and stand as the current version of its resource,
 * unpublished rows included? The committer's thread. */
typedef struct zd_index_any {
  const zd_plan *plan;
  zd_row first, last;           /* ZD_NO_ROW: all there are from first on */
  bool all_versions;            /* superseded ones and deletions too */
  uint64_t deadline_ns;         /* 0: none */
  struct zd_snapshot *snapshot; /* handed to CHECK callbacks */
} zd_index_any;
zd_err zd_index_any_of(zd_index *x, const zd_index_any *q, bool *any, zd_fault *fault);

/* Blocks while too many frozen memtables wait to be flushed, so that a fast importer is slowed to
 * what the disk takes. Any thread but the committer's: call it before a transaction is begun. */
void zd_index_wait_room(zd_index *x);
/* Whether that would return at once. */
bool zd_index_has_room(zd_index *x);

/* ---- views ---- */

/* What is published now; or as of an earlier row, exactly (row <= published, else ZD_ERR_INVALID).
 * Cheap. Never waits for the disk. */
zd_err zd_index_view_acquire(zd_index *x, zd_index_view **out);
zd_err zd_index_view_acquire_at(zd_index *x, zd_row row, zd_index_view **out);
zd_index_view *zd_index_view_share(zd_index_view *v); /* one more reference */
void zd_index_view_release(zd_index_view *v);
/* First row it does not see. */
zd_row zd_index_view_row(const zd_index_view *v);

/* Newest row of (type, id) below the view's bound, deletions included. ZD_ERR_NOT_FOUND. */
zd_err zd_index_find(zd_index_view *v, uint32_t type, zd_slice id, zd_row *row, zd_fault *fault);

/* Rows of all versions of (type, id), newest first, before row `before` (ZD_NO_ROW: all). */
zd_err zd_index_versions(zd_index_view *v, uint32_t type, zd_slice id, zd_row before, zd_row *out,
                         size_t room, size_t *n, zd_fault *fault);

/* The locator given with the row. ZD_ERR_NOT_FOUND at or above the view's bound. */
zd_err zd_index_locator(zd_index_view *v, zd_row row, uint64_t *locator, zd_fault *fault);
/* Locators of n consecutive rows from `first`: what scans use. */
zd_err zd_index_locators(zd_index_view *v, zd_row first, size_t n, uint64_t *out, zd_fault *fault);

/* See zd_snapshot_search and zd_snapshot_count. `snapshot` is handed to CHECK callbacks. */
zd_err zd_index_search(zd_index_view *v, const zd_search_request *q, struct zd_snapshot *snapshot,
                       zd_row *out, size_t *n, zd_fault *fault);
zd_err zd_index_count(zd_index_view *v, const zd_search_request *q, struct zd_snapshot *snapshot,
                      uint64_t *n, zd_fault *fault);

/* What the index has no list of: a row's entries, its type and id. In the arena. */
typedef struct zd_row_facts {
  void *state;
  zd_err (*entries)(void *state, zd_row row, zd_arena *arena, const zd_entry **out, size_t *n,
                    zd_fault *fault);
  zd_err (*name)(void *state, zd_row row, zd_arena *arena, uint32_t *type, zd_slice *id,
                 zd_fault *fault);
  /* When rows are asked rather than the index walked; 0: as measured. Tests try both ways. */
  unsigned entries_ns; /* what asking for a row's entries costs */
  unsigned vain_max;   /* rows asked in vain before the search takes another way */
} zd_row_facts;
/* A search with q->sort. */
zd_err zd_index_sorted(zd_index_view *v, const zd_search_request *q, const zd_row_facts *facts,
                       struct zd_snapshot *snapshot, zd_row *out, size_t *n, zd_fault *fault);

/* Current resources per type, ascending by symbol: fills up to room pairs; *n: how many types. */
zd_err zd_index_types(zd_index_view *v, zd_type_count *out, size_t room, size_t *n,
                      zd_fault *fault);

/* See zd_snapshot_estimate and zd_snapshot_explain. */
zd_err zd_index_estimate(zd_index_view *v, const zd_plan *plan, uint64_t *n, zd_fault *fault);
zd_err zd_index_explain(zd_index_view *v, const zd_search_request *q, struct zd_snapshot *snapshot,
                        void (*each)(void *context, const zd_plan_note *note), void *context,
                        zd_fault *fault);

/* How joins are carried out: by estimated cost or, for tests and measuring, always one way; then
 * what is found is always kept, too (memo.h). Before the view is used. */
typedef enum zd_join_way {
  ZD_JOIN_BY_COST,
  ZD_JOIN_BY_ROWS, /* reading each row; not without a snapshot */
  ZD_JOIN_BY_KEYS  /* walking dictionaries */
} zd_join_way;
void zd_index_view_join_way(zd_index_view *v, zd_join_way way);

/* ---- looking after it ---- */

/* Flushes every published row into segments; blocks. Waits for the group under way, so not from
 * within one; ZD_ERR_BUSY when that takes ten seconds. */
zd_err zd_index_flush(zd_index *x, zd_fault *fault);
/* Flushes, then merges everything into one segment; blocks. */
zd_err zd_index_compact(zd_index *x, zd_fault *fault);

typedef struct zd_index_stats {
  uint64_t segments, bytes; /* of segment files */
  uint64_t memtable_rows;   /* not yet in segments, published or not */
  uint64_t merges_waiting;  /* merges the present segments call for */
  size_t memory_bytes;      /* of memtables and of what searches found; not of mapped files */
  zd_fault background;      /* last failure of a background flush or merge; code ZD_OK: none */
} zd_index_stats;
void zd_index_stats_get(zd_index *x, zd_index_stats *out);

/* Re-indexing: adds entries of new fields for rows that are in already, while everything goes on.
 * `entries` holds, for row first + i, what zd_index_supplement_add(i-th call) gave: built by one
 * thread in a batch of its own, at most 1,048,576 rows, and written as a supplementary segment;
 * durable and visible to new views on return. Giving an entry twice is harmless. The batch stays
 * the caller's. */
zd_err zd_index_supplement_add(zd_index_batch *b, const zd_entry *entries, size_t n);
zd_err zd_index_supplement(zd_index *x, const zd_index_batch *b, zd_row first, zd_fault *fault);

/* Proves the structure: every page's checksum, order of keys, bounds of postings, the row ranges
 * without gap. Each finding is passed on; ZD_ERR_CORRUPT when there was any. */
typedef void (*zd_index_finding)(void *context, const char *text);
zd_err zd_index_check(zd_index_view *v, zd_index_finding finding, void *context, zd_fault *fault);

/* Proves the content against the log: feed every row below the view's bound in ascending order, as
 * it would be appended (locator absolute). That each of its postings is there is looked up; that
 * none is there without its row follows from their number, told at the end. Of fields that the
 * indexer calls partial a posting may be missing; foreign ones are passed over. indexer NULL: all
 * are complete. Rows that are still in memtables are passed over: flush before. */
typedef struct zd_index_verifier zd_index_verifier;
zd_err zd_index_verify_begin(zd_index_view *v, const zd_indexer *indexer, zd_index_finding finding,
                             void *context, zd_index_verifier **out);
zd_err zd_index_verify_row(zd_index_verifier *c, zd_row row, const zd_index_row *expected,
                           zd_fault *fault);
/* Frees the verifier. ZD_ERR_CORRUPT when there was any finding. */
zd_err zd_index_verify_end(zd_index_verifier *c, zd_fault *fault);

#endif
