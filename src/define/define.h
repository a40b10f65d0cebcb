/* define.h: what is defined for a record besides the standard, and the search that follows from it.
 *
 * Definitions come in two ways: by `zdravo define` (defined.h), and as SearchParameter resources of
 * the record: an active one is a search parameter of this server. While a server runs, writing one
 * makes a new *generation*: a schema and a zd_search, immutable both, that take the place of those
 * before. Who asks takes the generation of the moment and gives it back; the old one lives until it
 * was given back by all.
 *
 *   zd_definer_open(&options, &d, fault)        store open, not started
 *   zd_store_start(store, zd_definer_indexer(d), fault)
 *   zd_definer_refresh(d, fault)                SearchParameters that came while nobody looked
 *   ...            take, give; enter, leave; lock, propose, adopt, unlock
 *   zd_definer_stop(d); zd_store_close(store); zd_definer_close(d)
 *
 * Exactness. A question takes a generation, then its snapshot, and begins anew when another
 * generation is present by then (zd_definer_is_present): so all rows of the snapshot were written
 * under this generation or an earlier one, and what it calls complete had been in the index before
 * the snapshot was taken. A write enters before it takes its snapshot and leaves when it is
 * committed or given up; what is filled changes when nobody is inside (who wants to enter waits),
 * so that every commit is of one generation, guards included. docs/decisions.md has the reasons.
 *
 * Threads. All functions but open, refresh, stop and close may be called from any thread.
 */
#ifndef ZD_DEFINE_DEFINE_H
#define ZD_DEFINE_DEFINE_H

#include "base/log.h"
#include "define/defined.h"
#include "fhir/issue.h"
#include "search/search.h"

typedef struct zd_definer zd_definer;

typedef struct zd_definer_options {
  zd_store *store; /* open, not started; owned by the caller */
  bool read_only;  /* as the store was opened */
  zd_slice base_url;
  const zd_logger *logger; /* may be NULL */
} zd_definer_options;

zd_err zd_definer_open(const zd_definer_options *options, zd_definer **out, zd_fault *fault);
/* The indexer, for zd_store_start: that of the present generation. */
zd_indexer zd_definer_indexer(zd_definer *d);
/* Once the store has been started (writable): what is stored is compared with what is used. */
zd_err zd_definer_refresh(zd_definer *d, zd_fault *fault);
/* Ends indexing in the background; before the store is closed. */
void zd_definer_stop(zd_definer *d);
void zd_definer_close(zd_definer *d); /* after the store was closed */

/* ---- generations ---- */

typedef struct zd_generation {
  const zd_schema *schema; /* types and elements are the same in all generations */
  zd_search *search;
  uint64_t number; /* 1, 2, ... since the start */
} zd_generation;

/* The one of the start: symbols of types are the same in all. Lives as long as the definer. */
const zd_generation *zd_definer_first(const zd_definer *d);
/* The present one; two atomic additions. */
const zd_generation *zd_definer_take(zd_definer *d);
void zd_definer_give(zd_definer *d, const zd_generation *g);
bool zd_definer_is_present(zd_definer *d, const zd_generation *g);
/* The same for who writes. NULL when generations are being changed and `wait` is false. */
const zd_generation *zd_definer_enter(zd_definer *d, bool wait);
void zd_definer_leave(zd_definer *d, const zd_generation *g);

/* ---- SearchParameters that are written ---- */

typedef struct zd_definition_write {
  zd_slice id;
  zd_slice text;  /* the stored form; absent: it is deleted */
  zd_slice where; /* before the places in issues: "Bundle.entry[3].resource"; absent: none */
} zd_definition_write;

typedef struct zd_proposal zd_proposal;

/* One change at a time: lock; propose; commit the writes; adopt or drop; unlock. Not inside. */
void zd_definer_lock(zd_definer *d);
void zd_definer_unlock(zd_definer *d);
/* What follows from the writes, as one. ZD_ERR_INVALID with issues: an active parameter is not
 * right, or one in use would be put out of use. *out NULL: nothing changes. */
zd_err zd_definer_propose(zd_definer *d, const zd_definition_write *writes, size_t n,
                          zd_issues *issues, zd_proposal **out, zd_fault *fault);
/* The writes are committed: makes the proposal the present generation and begins to index what is
 * stored. After an error the former stays in use until the next change or start. Frees it. */
zd_err zd_definer_adopt(zd_definer *d, zd_proposal *p, zd_fault *fault);
void zd_definer_drop(zd_proposal *p); /* NULL is allowed */

/* ---- indexing what is stored ---- */

/* From now on in the background, whenever there is something. */
zd_err zd_definer_index_start(zd_definer *d, zd_fault *fault);
/* Now, in the foreground, for who started no background. progress as for zd_store_reindex. */
zd_err zd_definer_index_now(zd_definer *d,
                            bool (*progress)(void *context, uint64_t done, uint64_t total),
                            void *context, zd_fault *fault);

typedef struct zd_definer_progress {
  size_t fields;        /* not complete yet; 0: all is indexed */
  uint64_t done, total; /* rows of the present pass; 0 of 0 before it begins */
} zd_definer_progress;
void zd_definer_progress_get(zd_definer *d, zd_definer_progress *out);

/* ---- how a SearchParameter of the record stands ---- */

typedef enum zd_parameter_standing {
  ZD_PARAMETER_IDLE,     /* not active, so nobody asks it */
  ZD_PARAMETER_USED,     /* is a parameter of this server (or being indexed) */
  ZD_PARAMETER_ANSWERED, /* does what another one does that has its url or code */
  ZD_PARAMETER_REFUSED   /* cannot be used: it was stored without being looked at (an import) */
} zd_parameter_standing;

typedef struct zd_parameter_report {
  zd_parameter_standing standing;
  bool late;        /* used, and what is stored is being indexed for it */
  zd_slice other;   /* answered: url of the other one */
  zd_slice at, why; /* refused: the element, the reason */
} zd_parameter_report;

/* Of the SearchParameter as it is stored now; texts in the arena. ZD_ERR_NOT_FOUND. */
zd_err zd_definer_report(zd_definer *d, zd_slice id, zd_arena *arena, zd_parameter_report *out,
                         zd_fault *fault);

#endif
