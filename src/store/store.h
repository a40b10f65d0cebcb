/* store.h: the record's store, as the rest of the house sees it.
 *
 * Keeps every version of every resource, one ordered change log, and the index entries that search
 * asks for. An engine (embedded/ now, PostgreSQL later) implements it; nothing above knows which.
 * The store knows no FHIR: a resource is a type symbol, an id, bytes, and index entries.
 *
 * Rows. Every committed version of a resource gets the next row number: dense, permanent, in commit
 * order. A version is current from its own row until the row of its successor. A snapshot is simply
 * a row number S: it sees the rows below S, and of each resource the newest of them. So any S ever
 * published can be asked again later, also after a restart: that is what paging cursors hold.
 *
 * Promise. When a commit is reported done it is durable (synced) and searchable. A commit is seen
 * whole or not at all, also after kill -9 and power loss.
 *
 * Threads. Every function may be called from any thread unless it says otherwise. A zd_txn and a
 * zd_snapshot belong to one thread at a time.
 */
#ifndef ZD_STORE_STORE_H
#define ZD_STORE_STORE_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "store/plan.h"

typedef struct zd_store zd_store;
typedef struct zd_snapshot zd_snapshot;
typedef struct zd_txn zd_txn;

/* ---- index entries ---- */

typedef enum zd_entry_kind {
  ZD_ENTRY_TERM, /* a byte string, exact and ordered bytewise; at most ZD_TERM_MAX bytes */
  ZD_ENTRY_RANGE /* a closed interval [low, high] of ordered 64-bit values, in a column of the field
                  */
} zd_entry_kind;

enum { ZD_TERM_MAX = 512 };

typedef struct zd_entry {
  uint32_t field; /* a symbol: which parameter */
  zd_entry_kind kind;
  zd_slice term; /* ZD_ENTRY_TERM; ZD_ENTRY_RANGE: the column's name, most fields have one alone:
                    "". Ordered is a field by that one */
  int64_t low, high; /* ZD_ENTRY_RANGE */
} zd_entry;

/* ---- opening ---- */

/* What the index holds of a field, for check. */
typedef enum zd_field_standing {
  ZD_FIELD_COMPLETE, /* exactly what the indexer derives */
  ZD_FIELD_PARTIAL,  /* some of it: it is being indexed (zd_store_reindex), or will be */
  ZD_FIELD_FOREIGN   /* something that is asked no more: what the indexer does not derive */
} zd_field_standing;

/* Derives the index entries of a stored resource; called when the log is replayed behind the last
 * flushed index, when a new field is indexed and by check. Must give what the write carried: the
 * same entries for the same body, always. `arena` is reset by the store afterwards. Must be
 * callable from several threads at once; may create symbols. An error of it while the log is
 * replayed keeps the store from starting, and names the resource. */
typedef struct zd_indexer {
  void *state;
  zd_err (*entries)(void *state, uint32_t type, zd_slice body, zd_arena *arena,
                    const zd_entry **out, size_t *n);
  zd_field_standing (*standing)(void *state, uint32_t field); /* NULL: all are complete */
  /* For zd_store_reindex, which wants some fields alone; NULL: `entries` is asked for all rows.
   * late: as `entries`, of which those of other fields may be missing. concerns: whether a resource
   * of the type can have entries in one of the fields (ascending). */
  zd_err (*late)(void *state, uint32_t type, zd_slice body, zd_arena *arena, const zd_entry **out,
                 size_t *n);
  bool (*concerns)(void *state, uint32_t type, const uint32_t *fields, size_t n);
} zd_indexer;

typedef struct zd_store_options {
  const char *dir;          /* created when missing */
  bool read_only;           /* no lock taken, nothing written; log tail is replayed in memory */
  zd_indexer indexer;       /* or given to zd_store_start */
  zd_clock clock;           /* zero: the system's */
  const zd_file_system *fs; /* NULL: the real one */
  const zd_logger *logger;  /* may be NULL */
  size_t memtable_rows;     /* rows kept in memory before they are flushed; 0: default */
  unsigned merge_threads;   /* background threads; 0: default (1) */
  uint64_t log_file_bytes;  /* a file of the log that has reached it is closed; 0: 256 MB */
} zd_store_options;

/* Opens or creates. The indexer needs symbols (field numbers), and symbols need an open store, so:
 * zd_store_open reads manifest and symbols; zd_store_start replays the log with the indexer, then
 * accepts commits and snapshots. ZD_ERR_BUSY when another process holds the folder. */
zd_err zd_store_open(const zd_store_options *options, zd_store **out, zd_fault *fault);
zd_err zd_store_start(zd_store *s, zd_indexer indexer, zd_fault *fault);

/* Waits for submitted commits, flushes the memtable so that the next start replays nothing. */
void zd_store_close(zd_store *s);

/* ---- symbols: a permanent, exact dictionary of names <-> small numbers ---- */

/* Number of a name; creates it when `create` and it is new (durable before any commit that uses
 * it). ZD_NO_SYMBOL when it is not there, or the table is full. Lock-free look-up. */
#define ZD_NO_SYMBOL UINT32_MAX
uint32_t zd_store_symbol(zd_store *s, zd_slice name, bool create);
/* The name of a number; lives as long as the store. Absent slice when unknown. */
zd_slice zd_store_symbol_name(const zd_store *s, uint32_t symbol);

/* ---- notes: small texts kept with the store, for what must be known before it starts ---- */

/* The note `name` ([a-z-]+) into *out (cleared first). ZD_ERR_NOT_FOUND when there is none,
 * ZD_ERR_CORRUPT when it is damaged. One caller at a time, as for zd_store_set_note. */
zd_err zd_store_note(zd_store *s, const char *name, zd_buffer *out, zd_fault *fault);
/* Replaces it, whole or not at all, durably. Allowed before zd_store_start. */
zd_err zd_store_set_note(zd_store *s, const char *name, zd_slice text, zd_fault *fault);

/* ---- writing ---- */

typedef enum zd_op { ZD_OP_CREATE, ZD_OP_UPDATE, ZD_OP_DELETE } zd_op;

typedef struct zd_write {
  zd_op op;      /* what the history will say */
  uint32_t type; /* symbol of the resource type */
  zd_slice id;   /* 1..64 bytes */
  /* The newest version below `as_of`, as zd_snapshot_find told on a snapshot at that row;
   * ZD_NO_ROW: there is none. The commit is refused with ZD_ERR_CONFLICT when that is no longer so.
   * Rows from as_of on are looked at for that, not earlier ones: anything but what the snapshot
   * told is the caller's bug, which debug builds assert against and zd_store_check would find. */
  zd_row previous;
  uint64_t previous_version; /* version number of `previous`, 0 when there is none */
  zd_slice body;           /* stored form, at most 64 MB; a delete has none, nor entries. Copied. */
  uint32_t stamp_at;       /* kept with the record, returned by reads */
  const zd_entry *entries; /* index entries; copied */
  size_t entry_count;
} zd_write;

/* A transaction in preparation. as_of: the row of the snapshot all its decisions were made on.
 * Waits when writers are far ahead of the disk. ZD_ERR_REFUSED on a read-only store,
 * ZD_ERR_INVALID when as_of was never reached. */
zd_err zd_txn_begin(zd_store *s, zd_row as_of, zd_txn **out);
/* The same without waiting: ZD_ERR_BUSY instead. For threads that must not block. */
zd_err zd_txn_try_begin(zd_store *s, zd_row as_of, zd_txn **out);
/* Adds one write. The work that can be done before the commit (compression, index building for big
 * transactions) is done here, on the caller's thread. A resource may occur once. ZD_ERR_INVALID and
 * ZD_ERR_LIMIT leave the transaction as it was; after any other error it can only be freed (or
 * submitted, which then fails the same way). At most 1 GB of log, compressed, in all. */
zd_err zd_txn_put(zd_txn *t, const zd_write *w);
/* Whether it writes this resource. */
bool zd_txn_writes(zd_txn *t, uint32_t type, zd_slice id);
/* What the transaction was decided by must still hold at commit, else it is refused with
 * ZD_ERR_CONFLICT, and may be decided anew. Plans are kept by reference and must live until the
 * commit is done.
 *
 * zd_txn_guard: nothing matches `plan` that did not at as_of: no row >= as_of, current at commit.
 * Rows before as_of come to match only through what a join reaches: so a plan with joins conflicts
 * with a row >= as_of that one of its joins would follow to, too; and one that excludes (NOT) by a
 * join, or has very many joins, with any row >= as_of. What is refused so needlessly finds, decided
 * anew, nothing in its way. What conditional creates rest on.
 * zd_txn_require: `row`, which matched at as_of, is current and matches.
 * zd_txn_watch: no row >= as_of, be it a deletion or superseded since, matches. */
zd_err zd_txn_guard(zd_txn *t, const zd_plan *plan);
zd_err zd_txn_require(zd_txn *t, const zd_plan *plan, zd_row row);
zd_err zd_txn_watch(zd_txn *t, const zd_plan *plan);
/* Transactions of a chain take effect in the order they are submitted in, or not at all: behind one
 * that is refused, for whatever reason, all others are (ZD_ERR_CONFLICT, conflict SIZE_MAX), so
 * that several can be under way and none overtakes another. `broken` is set then; who submits them
 * clears it when none is under way any more. The chain must live until all of them are done. */
typedef struct zd_chain {
  _Atomic bool broken;
} zd_chain;
void zd_txn_chain(zd_txn *t, zd_chain *chain);
void zd_txn_free(zd_txn *t); /* only before submit */

/* What can go wrong: ZD_ERR_CONFLICT (only this transaction fails); ZD_ERR_FULL, ZD_ERR_IO,
 * ZD_ERR_MEMORY (those committed together fail, nothing of them is there, the next may succeed).
 * After a failed sync nobody knows what the device holds: then every commit fails with ZD_ERR_IO
 * until the store is reopened; reading goes on. */
typedef struct zd_commit_result {
  zd_err err;        /* ZD_OK: durable and searchable */
  uint64_t sequence; /* commit number */
  zd_row first_row;  /* row of the first write; the others follow in order */
  int64_t time_ms;   /* lastUpdated of all its writes; never decreases from commit to commit */
  size_t conflict;   /* index of the write (or SIZE_MAX: a guard) on ZD_ERR_CONFLICT */
  zd_fault fault;
} zd_commit_result;

typedef void (*zd_commit_done)(void *context, const zd_commit_result *result);

/* Queues the transaction; `done` is called once, on the committer's thread: be quick there. Takes
 * ownership of t, also on failure to queue (then done is called before return). Commits of all
 * threads are written and synced together. Version of write i is previous_version + 1. */
void zd_store_submit(zd_store *s, zd_txn *t, zd_commit_done done, void *context);
/* Submit and wait. */
zd_commit_result zd_store_commit(zd_store *s, zd_txn *t);
/* Calls `queued` as soon as t has its place before all that is submitted from then on. */
zd_commit_result zd_store_commit_told(zd_store *s, zd_txn *t, void (*queued)(void *context),
                                      void *context);

/* ---- reading ---- */

/* A consistent view; cheap; readers never wait for writers. Release soon: it pins memory and files.
 */
zd_err zd_store_snapshot(zd_store *s, zd_snapshot **out);
/* As of an earlier row (from a cursor). ZD_ERR_GONE when that state is no longer kept;
 * ZD_ERR_INVALID when it never was. */
zd_err zd_store_snapshot_at(zd_store *s, zd_row row, zd_snapshot **out);
void zd_snapshot_release(zd_snapshot *v);
/* First row it does not see: its identity. */
zd_row zd_snapshot_row(const zd_snapshot *v);

typedef struct zd_record {
  zd_row row, previous; /* previous version's row or ZD_NO_ROW */
  uint32_t type;
  zd_op op;
  uint64_t version; /* 1, 2, ... */
  int64_t time_ms;
  uint64_t sequence; /* of its commit; 0 when not read with the commit */
  uint32_t stamp_at;
  char id[64];
  uint8_t id_n;
  zd_slice body; /* stored form in the arena given; empty for a delete */
} zd_record;

/* Newest version of (type, id) the snapshot sees, deletions included. ZD_ERR_NOT_FOUND. */
zd_err zd_snapshot_find(zd_snapshot *v, uint32_t type, zd_slice id, zd_row *row);
/* Any row below the snapshot. body is decompressed into `arena` unless `header_only`. */
zd_err zd_snapshot_read(zd_snapshot *v, zd_row row, bool header_only, zd_arena *arena,
                        zd_record *out, zd_fault *fault);
/* A hint: these rows are read next, in this order. Costs next to nothing, so it may be given before
 * every read, with what is left. */
void zd_snapshot_expect(zd_snapshot *v, const zd_row *rows, size_t n);
/* Rows of all versions of (type, id), newest first, from before row `before` (ZD_NO_ROW: from the
 * newest). Fills up to room, *n how many. */
zd_err zd_snapshot_versions(zd_snapshot *v, uint32_t type, zd_slice id, zd_row before, zd_row *out,
                            size_t room, size_t *n);
/* First row whose commit time is >= ms (the snapshot's row when there is none). */
zd_err zd_snapshot_row_at(zd_snapshot *v, int64_t ms, zd_row *row);

typedef enum zd_scan { ZD_SCAN_ASCENDING, ZD_SCAN_DESCENDING } zd_scan;

/* An order of rows other than their own. A row's value under a key is, ascending, the least of its
 * entries in the field (terms bytewise, ranges by low), descending the greatest; rows without an
 * entry come last either way. Rows alike under all keys stand in the order of rows. */
typedef enum zd_sort_by { ZD_SORT_FIELD, ZD_SORT_ROW, ZD_SORT_ID } zd_sort_by;
typedef struct zd_sort_key {
  zd_sort_by by;
  bool descending;
  uint32_t field;     /* FIELD */
  zd_entry_kind kind; /* FIELD: which entries of the field */
  zd_slice prefix;    /* FIELD, terms: only those that start so */
  zd_slice from;      /* FIELD, terms: none below it (bytewise); absent: from the first */
} zd_sort_key;

typedef struct zd_search_request {
  const zd_plan *plan;
  const zd_sort_key *sort; /* NULL with sort_count 0: by row. Not together with all_versions. */
  size_t sort_count;       /* at most ZD_SORT_KEYS_MAX */
  bool all_versions;    /* also superseded and deleted rows (history); else current, not deleted */
  zd_scan order;        /* by row; of a sorted request: DESCENDING is the exact reverse */
  zd_row after;         /* continue behind this row; ZD_NO_ROW: from the start */
  size_t limit;         /* most rows wanted */
  uint64_t deadline_ns; /* monotonic; 0: none. ZD_ERR_LIMIT when it passes */
  size_t memory_max;    /* bytes the search may hold at once; 0: default. ZD_ERR_LIMIT beyond */
} zd_search_request;

enum { ZD_SORT_KEYS_MAX = 8 };

/* Rows that match, in order, into out (room >= limit). Cost does not grow with the depth of
 * `after`. */
zd_err zd_snapshot_search(zd_snapshot *v, const zd_search_request *q, zd_row *out, size_t *n,
                          zd_fault *fault);
/* How many match, exactly. */
zd_err zd_snapshot_count(zd_snapshot *v, const zd_search_request *q, uint64_t *n, zd_fault *fault);
/* About how many, from sizes of postings alone: quick for any plan. */
zd_err zd_snapshot_estimate(zd_snapshot *v, const zd_plan *plan, uint64_t *n, zd_fault *fault);
/* The index entries of a row (whose body is read for it), in the arena. */
zd_err zd_snapshot_entries(zd_snapshot *v, zd_row row, zd_arena *arena, const zd_entry **out,
                           size_t *n, zd_fault *fault);

/* How a search is carried out, node by node, parents first: `rows` the node alone finds (exactly
 * when `exact`, else about), the order in which an AND takes its children, what it cost when
 * carried out. */
typedef struct zd_plan_note {
  const zd_plan *node;
  unsigned depth;
  uint64_t rows;
  bool exact;
  const char *how;      /* static: "one list", "scan of the dictionary", "row by row", ... */
  uint64_t nanoseconds; /* to find `rows` of this node alone */
} zd_plan_note;
zd_err zd_snapshot_explain(zd_snapshot *v, const zd_search_request *q,
                           void (*each)(void *context, const zd_plan_note *note), void *context,
                           zd_fault *fault);

/* ---- the change log ---- */

/* Calls `each` for the records of commits with sequence > after, in order, bodies included when
 * wanted; stops when each returns other than ZD_OK (and returns that). Sequential reading: this is
 * what export, replication and re-indexing use. */
typedef zd_err (*zd_log_each)(void *context, const zd_record *record);
zd_err zd_store_log(zd_store *s, uint64_t after_sequence, bool bodies, zd_log_each each,
                    void *context, zd_fault *fault);
/* Calls `each` for every current resource the snapshot sees, in row order (fast sequential read);
 * type ZD_NO_SYMBOL: all. */
zd_err zd_snapshot_scan(zd_snapshot *v, uint32_t type, zd_row from, zd_row to, zd_log_each each,
                        void *context, zd_fault *fault);

/* ---- looking after it ---- */

/* Indexes new fields over all rows already stored, on a thread a processor, while writes go on; the
 * indexer given at start must already produce them. progress may be NULL: rows done, rows in all,
 * by one thread at a time; return false to stop. */
zd_err zd_store_reindex(zd_store *s, const uint32_t *fields, size_t n,
                        bool (*progress)(void *context, uint64_t done, uint64_t total),
                        void *context, zd_fault *fault);

typedef struct zd_store_stats {
  uint64_t rows, current, sequence, log_bytes, index_bytes, dictionary_bytes;
  uint64_t segments, memtable_rows, symbols, merges_waiting, syncs, commits;
  size_t memory_bytes; /* held by the store itself, mapped files not counted */
} zd_store_stats;
void zd_store_stats_get(zd_store *s, zd_store_stats *out);
/* Current resources per type: fills up to room (type, count) pairs, returns how many types. */
typedef struct zd_type_count {
  uint32_t type;
  uint64_t count;
} zd_type_count;
size_t zd_snapshot_types(zd_snapshot *v, zd_type_count *out, size_t room);

/* Flushes the memtable and merges everything there is to merge; blocks. */
zd_err zd_store_compact(zd_store *s, zd_fault *fault);

/* Verifies checksums, version chains, row table, and that every posting has its resource and every
 * resource its postings, as far as the indexer's `standing` says. Each finding is passed to
 * `finding`; returns ZD_ERR_CORRUPT when there was any. Works on a store opened read-only or
 * running. */
zd_err zd_store_check(zd_store *s, void (*finding)(void *context, const char *text),
                      bool (*progress)(void *context, uint64_t done, uint64_t total), void *context,
                      zd_fault *fault);

/* ---- backup ---- */

typedef struct zd_backup_options {
  const char *dir;          /* a store, used by others or not; only read, and not opened */
  const char *to;           /* made when missing, or holds an earlier backup of the same store */
  bool verify;              /* read the whole backup again at the end */
  const zd_file_system *fs; /* NULL: the real one */
  /* Bytes done, bytes in all; return false to stop. May be NULL. */
  bool (*progress)(void *context, uint64_t done, uint64_t total);
  void *context;
} zd_backup_options;

typedef struct zd_backup_report {
  uint64_t rows, sequence; /* of the last commit it holds */
  int64_t time_ms;         /* of that commit; INT64_MIN when there is none */
  uint64_t log_bytes;      /* of the log in the backup */
  uint64_t copied;         /* written by this call */
  uint32_t damaged_file;   /* 0, or the file of the log that differs from its earlier backup: */
  uint64_t damaged_at;     /* from this byte on; what the backup has there was verified and stays */
} zd_backup_report;

/* Copies a store while it is written to. What had been committed when the call began is in the
 * backup, commits are there whole or not at all, each was verified when it was copied. The result
 * is a store without an index: a copy of it is opened like any other. A folder that has an earlier
 * backup gets what is new; at any moment, also when this call fails, is stopped or loses power, it
 * is a whole backup: the earlier, the newer, or one in between.
 * ZD_ERR_NOT_FOUND: no store there. ZD_ERR_CORRUPT: damage, named (and not copied).
 * ZD_ERR_REFUSED: `to` holds what the store does not have, or is the store itself. ZD_ERR_BUSY:
 * `to` is in use. ZD_ERR_CANCELLED: progress said so. */
zd_err zd_store_backup(const zd_backup_options *options, zd_backup_report *out, zd_fault *fault);

#endif
