/* import.h: the parts of an import. Private to bulk/. */
#ifndef ZD_BULK_IMPORT_H
#define ZD_BULK_IMPORT_H

#include <pthread.h>

#include "base/progress.h"
#include "bulk/bulk.h"
#include "bulk/source.h"
#include "fhir/bundle.h"

enum { ZD_IMPORT_LINE_MAX = 256 << 20 };

typedef struct zd_import_state zd_import_state;
typedef struct zd_import_stream zd_import_stream;

typedef struct zd_import_run {
  const zd_import_options *o;
  zd_source_list list;
  zd_import_state *state;
  FILE *report;
  pthread_mutex_t lock; /* guards everything below; the report too */
  pthread_cond_t moved; /* `turn` went on, or the run failed */
  size_t file;          /* being read */
  zd_source *source;
  zd_import_stream *stream; /* instead of source: a big Bundle that only carries resources */
  uint64_t drawn, turn;     /* pieces given out; pieces before this one have settled */
  uint64_t submitted;       /* pieces before this one have submitted all they commit */
  bool held;                /* a commit was refused: no piece submits before its turn */
  zd_chain chain;           /* of the commits under way */
  size_t step;              /* bytes of the next piece; 0 at first */
  _Atomic bool jobs;        /* the last line taken was a Bundle that takes effect by itself */
  zd_import_stats stats;
  uint64_t bytes_read; /* on disk, of ended files: for progress */
  zd_err err;
  zd_fault fault;
} zd_import_run;

/* A piece being worked on by one thread. */
typedef struct zd_import_piece {
  zd_import_run *run;
  const zd_source_file *file;
  uint64_t number, first_line, end;
  bool last;        /* of its file */
  bool streamed;    /* entries of a big Bundle: parts tells where they lie in text */
  bool has_turn;    /* all earlier pieces are committed */
  bool last_commit; /* what it commits next is the last */
  zd_fhir_bundle parts;
  uint64_t first_entry; /* number of the first one */
  zd_buffer text;
  zd_arena arena; /* scratch: reset per resource */
  uint64_t read, written, unchanged, refused;
} zd_import_piece;

/* import_turn.c. Blocks until all earlier pieces are committed. */
void zd_import_wait_turn(void *context);
/* Commits behind what all earlier pieces commit. The last commit of a piece (p->last_commit) does
 * not wait for them: should one of theirs be refused, so is this (ZD_ERR_CONFLICT), and has to be
 * prepared again in its turn. Takes ownership of txn. */
zd_commit_result zd_import_commit(void *piece, zd_txn *txn);
/* The piece is committed, or failed: the turn passes on. With the lock held. */
void zd_import_pass_turn(zd_import_piece *p);
/* Stands for this text at this line of a file: what zd_rest_bundle calls a key. */
enum { ZD_IMPORT_KEY = 15 };
zd_slice zd_import_key(zd_slice text, uint64_t line, char key[ZD_IMPORT_KEY]);
/* One refused resource: a line of the report. */
void zd_import_refuse(zd_import_piece *p, uint64_t line, const zd_issues *issues);

/* import_lines.c: resources of an NDJSON piece, or those that entries of a Bundle carry. */
zd_err zd_import_lines(zd_import_piece *p, zd_fault *fault);
zd_err zd_import_entries(zd_import_piece *p, zd_fhir_bundle *bundle, zd_fault *fault);
/* import_xml.c: p->text, a document in XML, becomes JSON; *refused: it is no resource, which has
 * been reported. */
zd_err zd_import_xml(zd_import_piece *p, bool *refused, zd_fault *fault);
/* import_document.c: one JSON document: a Bundle or a single resource. */
zd_err zd_import_document(zd_import_piece *p, zd_fault *fault);
/* Where the entries of `text` lie, should it be a Bundle. *out is to be freed whatever comes. */
zd_err zd_import_split(zd_import_piece *p, zd_slice text, zd_fhir_bundle *out);
/* A Bundle that asks for something: batch or transaction. */
bool zd_import_is_job(const zd_fhir_bundle *b);
/* A Bundle that only carries resources: collection or searchset. */
bool zd_import_is_collection(const zd_fhir_bundle *b);
/* import_stream.c: a big Bundle that only carries resources, in pieces of whole entries. *out NULL:
 * the file is none. */
zd_err zd_import_stream_open(const zd_source_file *file, const zd_schema *schema,
                             zd_import_stream **out, zd_fault *fault);
void zd_import_stream_close(zd_import_stream *s);
/* About `wanted` bytes into p->text and p->parts, which the caller frees. */
zd_err zd_import_stream_next(zd_import_stream *s, size_t wanted, zd_import_piece *p,
                             zd_fault *fault);
/* import_answer.c: what a server said of entry i: whether it did as asked, else why not. */
typedef void (*zd_import_said)(void *context, size_t i, bool good, zd_slice status, zd_slice why);
/* The answer to a Bundle of n entries. ZD_ERR_INVALID: it is no such answer. */
zd_err zd_import_answer(const zd_schema *schema, zd_slice body, size_t n, zd_import_said said,
                        void *context);
/* import_remote.c: either kind, to a server. */
zd_err zd_import_send(zd_import_piece *p, zd_fault *fault);

/* state.c: what is done already, and files only their owner may read: paths and faults tell of
 * people. flags: O_APPEND or O_TRUNC. */
FILE *zd_import_open(const char *path, int flags);
/* What is done already. One line per file: offset, size, time of change, path. */
zd_err zd_import_state_open(const char *path, zd_import_state **out, zd_fault *fault);
/* Offset up to which this very file (path, size, time) is done; UINT64_MAX: wholly. */
uint64_t zd_import_state_done(const zd_import_state *s, const zd_source_file *file);
zd_err zd_import_state_mark(zd_import_state *s, const zd_source_file *file, uint64_t end,
                            bool whole, zd_fault *fault);
void zd_import_state_close(zd_import_state *s);

#endif
