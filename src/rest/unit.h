/* unit.h: the writes of one request: decided together, committed together. Private to rest/.
 *
 *   prepare   on one snapshot: conditions searched, targets found, references resolved, stored
 *             forms and index entries made, a zd_txn filled
 *   commit    by the store; refused with ZD_ERR_CONFLICT when the snapshot's answers no longer hold
 *   settle    answers filled in; or, after a conflict, prepare again on a fresh snapshot
 */
#ifndef ZD_REST_UNIT_H
#define ZD_REST_UNIT_H

#include "rest/interaction.h"

/* A condition, searched. */
typedef struct zd_condition {
  const zd_plan *plan;  /* NULL: none */
  const zd_plan *watch; /* what the plan was made from; NULL: nothing */
  zd_row rows[2];       /* the first matches that the unit does not delete */
  size_t n;
} zd_condition;

typedef enum zd_act { ZD_ACT_NONE, ZD_ACT_WRITE } zd_act;

typedef struct zd_unit_entry {
  zd_interaction in;
  zd_slice own_id;     /* the id that the resource says it has; absent: none */
  zd_slice full_url;   /* Bundle.entry.fullUrl; absent outside bundles */
  zd_slice expression; /* "Bundle.entry[3]"; absent outside bundles */
  zd_slice new_id;     /* made here for a create; kept over retries */
  bool known_id;       /* new_id follows from the import's key: it may be there already */
  /* decided by prepare */
  zd_slice condition; /* zd_condition_key of what a create or update depends on; absent: nothing */
  zd_act act;
  zd_op op;
  uint32_t type;
  zd_slice id;
  zd_row previous;
  uint64_t previous_version;
  int64_t previous_time;
  zd_condition guard;  /* what must still be so at commit */
  zd_slice definition; /* the stored form of a SearchParameter */
  zd_slice stored;     /* when the unit keeps the stored forms */
  uint32_t stamp_at;
  bool shows;      /* the answer is to hold the resource: zd_unit_show */
  bool faulty;     /* could not be read: its answer has a status, but the outcome is made later */
  size_t position; /* among the writes of the transaction */
  zd_answer answer;
} zd_unit_entry;

/* A resource while it is looked at. */
typedef struct zd_unit_resource {
  zd_tree tree;
  uint32_t root;
} zd_unit_resource;

typedef struct zd_unit {
  zd_call *call;
  zd_unit_entry *entries;
  size_t n;
  bool linked; /* a transaction: entries refer to each other */
  bool keep;   /* stored forms, for answers made where the store must not be asked */
  /* Reads the resource of an entry that has no tree in `in`, into `arena`; NULL: all have. */
  zd_err (*load)(void *source, const zd_unit_entry *e, zd_arena *arena, zd_unit_resource *out);
  void *source;
  zd_snapshot *snapshot;
  const zd_generation *generation; /* see definition.h; NULL while nothing is held */
  zd_txn *txn;                     /* filled by prepare; NULL when nothing is to be written */
  zd_arena arena;   /* scratch of one attempt: from prepare to settle; zeroed before the first */
  zd_arena scratch; /* of one entry's resource; as above */
  zd_buffer stored; /* of one entry's resource; as above */
  zd_row *deleted;  /* versions that this unit deletes, ascending */
  size_t deleted_count;
  unsigned attempts;
  zd_row as_of; /* the snapshot of this attempt */
  bool skipped; /* an entry was found to change nothing, which no commit checks again */
  int status;   /* of a failed unit; 0: fine. The issues are the call's */
} zd_unit;

/* False when refused: status and issues are set, nothing is held. Also false when call->again was
 * set: a brief call has to be tried where it may take long. */
bool zd_unit_prepare(zd_unit *u);
/* After the commit. True: done (answers or status set). False: prepare again. */
bool zd_unit_settle(zd_unit *u, const zd_commit_result *result);
/* Prepare and commit until settled; blocks. */
void zd_unit_run(zd_unit *u);
/* The resource of a settled entry whose answer `shows` it, into the answer's body; asks the store
 * unless the stored form was kept. */
void zd_unit_show(zd_call *c, zd_unit_entry *e);
/* Whether anything was committed since it was prepared. */
bool zd_unit_is_stale(const zd_unit *u);
/* Frees what an attempt holds; the answers belong to the entries. */
void zd_unit_free(zd_unit *u);

/* ---- steps of prepare ---- */
/* target.c: what an entry will write to. False when refused. */
bool zd_unit_target(zd_unit *u, zd_unit_entry *e);
/* condition.c: conditions that say the same have one key, however they are encoded and ordered. p
 * NULL: out of memory. */
zd_slice zd_condition_key(zd_slice type, zd_slice query, zd_arena *arena);
/* Gives the entries theirs. */
bool zd_unit_note_conditions(zd_unit *u);
/* reference.c: replacements of references inside an entry's resource, given all entries' targets.
 */
typedef struct zd_links zd_links;
zd_links *zd_links_open(zd_unit *u); /* NULL: refused or out of memory */
bool zd_links_edit(zd_links *l, zd_unit_entry *e, const zd_unit_resource *resource,
                   zd_stored_edit *edit); /* in the unit's scratch */
/* Refuses the unit when links were found missing. */
bool zd_links_close(zd_links *l);

/* Status and one issue at an entry. Always false. */
bool zd_unit_fail(zd_unit *u, const zd_unit_entry *e, int status, zd_issue_code code,
                  const char *format, ...) __attribute__((format(printf, 5, 6)));

/* True when the unit deletes the resource whose newest version is `row`. */
bool zd_unit_deletes(const zd_unit *u, zd_row row);
/* One search for a condition. False when refused. */
bool zd_unit_condition(zd_unit *u, const zd_unit_entry *e, zd_type type, zd_slice query,
                       zd_condition *out);
/* The commit is refused when the condition would be answered otherwise. */
zd_err zd_unit_guard(zd_unit *u, const zd_condition *c);

#endif
