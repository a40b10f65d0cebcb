/* engine.h: the embedded store's own structures; private to this folder.
 *
 * Lock order: none of these locks is held while another is taken, but zd_symbols' syncing, which
 * takes its creating inside. The committer calls out (done callbacks, guards) with no lock held.
 */
#ifndef ZD_STORE_EMBEDDED_ENGINE_H
#define ZD_STORE_EMBEDDED_ENGINE_H

#include <pthread.h>
#include <stdatomic.h>

#include "store/embedded/codec.h"
#include "store/embedded/index/index.h"
#include "store/embedded/log_cursor.h"
#include "store/embedded/log_walk.h"
#include "store/embedded/recent.h"
#include "store/embedded/symbols.h"
#include "store/store.h"

typedef struct zd_committer zd_committer;

/* What reading records takes: a buffered place in the log and an unpacking context. Pooled. */
typedef struct zd_reader {
  struct zd_reader *next;
  zd_log_cursor cursor;
  zd_unpacker *unpacker;
} zd_reader;

struct zd_store {
  char *dir;
  bool read_only, started;
  zd_row first_new; /* rows below it were there when the store was started */
  int lock_fd;      /* holds DIR/lock; -1 when read-only */
  const zd_file_system *fs;
  const zd_logger *logger;
  zd_clock clock;
  zd_indexer indexer;
  zd_log_files *log;
  zd_symbols *symbols;
  zd_codec *codec;
  zd_index *index;
  zd_committer *committer;      /* NULL when read-only */
  pthread_mutex_t readers_lock; /* guards the pool of readers */
  zd_reader *readers;
  unsigned reader_count;
  zd_recent *recent;
  pthread_mutex_t txns_lock; /* guards the pool of transactions */
  zd_txn *txns;
  unsigned txn_count;
  _Atomic uint64_t sequence; /* of the last published commit */
  _Atomic uint64_t commits, syncs;
};

zd_reader *zd_reader_take(zd_store *s);
void zd_reader_give(zd_store *s, zd_reader *r);
void zd_readers_free(zd_store *s); /* at close */

/* ---- store.c ---- */

/* Takes DIR/lock, held until *out is closed. ZD_ERR_BUSY names the process that holds it. */
zd_err zd_store_lock(const char *dir, int *out, zd_fault *fault);
/* Judges the text of DIR/FORMAT. ZD_ERR_CORRUPT; ZD_ERR_UNSUPPORTED: a newer program's. */
zd_err zd_store_judge_format(zd_slice text, const char *path, zd_fault *fault);

/* ---- notes.c ---- */

/* Is the content of a .note file what was written? */
bool zd_note_sound(zd_slice all);

/* ---- txn.c ---- */

/* One write of a transaction, as the committer needs it. */
typedef struct zd_txn_row {
  zd_row previous;
  const char *id;
  const zd_entry *entries; /* none when they went into the batch */
  size_t entry_count;
  uint32_t type;
  uint32_t at; /* the record's distance from the commit's first byte */
  zd_op op;
  uint8_t id_n;
} zd_txn_row;

/* What must hold when it is committed (store.h). */
typedef struct zd_guard {
  enum { ZD_GUARD_NONE_NEW, ZD_GUARD_ROW_STAYS, ZD_GUARD_UNTOUCHED } kind;
  const zd_plan *plan;
  zd_row row; /* ROW_STAYS */
} zd_guard;

struct zd_txn {
  zd_store *store;
  zd_txn *next; /* in the committer's queue */
  zd_row as_of;
  zd_arena arena; /* ids and entries */
  zd_buffer log;  /* the commit as it goes into the log: room for its head, then the records */
  zd_txn_row *rows;
  size_t count, room;
  uint64_t *slots; /* (type, id) -> upper half of the hash, row index + 1; open addressing */
  size_t slot_count;
  zd_guard *guards;
  size_t guard_count;
  zd_packer *packer;
  zd_index_batch *batch; /* large transactions: their part of the index, built ahead */
  zd_err failed;         /* a put that left it unusable */
  uint32_t records_crc;
  bool accepted;   /* by the committer, in the group under way */
  zd_chain *chain; /* NULL: none */
  zd_commit_done done;
  void *context;
  zd_commit_result result;
};

void zd_txns_free(zd_store *s); /* at close */
/* The last work on the caller's thread before it is queued. */
zd_err zd_txn_seal(zd_txn *t);

/* ---- guards.c ---- */

/* Whether the transaction's guards hold: ZD_OK, ZD_ERR_CONFLICT, or why that cannot be told. The
 * committer's thread. *pending: of zd_snapshot_pending, made when it is needed. */
zd_err zd_guards_check(zd_txn *t, const zd_txn *group, zd_snapshot **pending, zd_fault *fault);

/* ---- committer.c ---- */

/* Starts the committer's thread; the next commit goes to `next` (after recovery). */
zd_err zd_committer_open(zd_store *s, const zd_log_place *next, zd_committer **out,
                         zd_fault *fault);
/* Commits what is queued, then ends. */
void zd_committer_close(zd_committer *c);

/* ---- snapshot.c ---- */

struct zd_snapshot {
  zd_store *store;
  zd_index_view *view;
  zd_row row;
  zd_reader *reader;   /* taken at the first read */
  const zd_txn *group; /* the committer's own: rows at and above `row` lie here, unpublished */
};

/* For the committer: sees what is published, and by row number the accepted rows of the group. */
zd_err zd_snapshot_pending(zd_store *s, const zd_txn *group, zd_snapshot **out);
/* Fills all but the body. */
void zd_record_fill(const zd_record_head *h, const zd_commit_head *commit, zd_record *out);

/* ---- past.c ---- */

/* Offers up to `most` bodies of the type that earlier runs stored to the training (training.h). */
void zd_store_offer_past(void *store, zd_training *t, uint32_t type, size_t most);

/* ---- scan.c ---- */

/* Every row of [from, to) the snapshot sees, in order, superseded and deleted ones too. */
zd_err zd_store_scan_rows(zd_snapshot *v, zd_row from, zd_row to, bool bodies, zd_log_each each,
                          void *context, zd_fault *fault);
/* The same, with the bodies of those rows whose header is `wanted`. */
zd_err zd_store_scan_wanted(zd_snapshot *v, zd_row from, zd_row to,
                            bool (*wanted)(void *context, const zd_record *r), zd_log_each each,
                            void *context, zd_fault *fault);

/* ---- replay.c ---- */

/* Brings the index up to the end of the log and finds where that is. */
zd_err zd_store_replay(zd_store *s, zd_log_place *end, zd_fault *fault);

#endif
