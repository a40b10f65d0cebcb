/* bundle.h: batch and transaction Bundles (http.html#transaction). Private to rest/.
 *
 * The writing entries of a transaction are one unit; its questions (GET, HEAD) are answered after
 * the commit. The entries of a batch are units of one entry each.
 */
#ifndef ZD_REST_BUNDLE_H
#define ZD_REST_BUNDLE_H

#include "rest/unit.h"

typedef struct zd_bundle {
  zd_call *call;
  zd_unit_entry *entries; /* in Bundle order */
  size_t n;
  bool transaction;
  zd_return prefer;
  zd_issues *report; /* takes the issues of a batch's entries, too; NULL: nobody asks */
} zd_bundle;

/* Takes the Bundle in `tree` apart; *b is zero but for `report`; false when refused (status and
 * issues set). */
bool zd_bundle_open(zd_call *c, const zd_tree *tree, zd_return prefer, bool lenient, zd_bundle *b,
                    zd_answer *a);
/* The unit of all entries of a transaction. */
void zd_bundle_unit(zd_bundle *b, zd_unit *u);
/* Runs a batch: every entry by itself; blocks. */
void zd_bundle_run_batch(zd_bundle *b);
/* Answers the questions of a transaction, after its commit. False: the issues say why not. */
void zd_bundle_run_questions(zd_bundle *b);
/* The answering Bundle. */
void zd_bundle_answer(zd_bundle *b, zd_answer *a);
void zd_bundle_free(zd_bundle *b);
/* True when it is small and has no questions: may be finished on any thread. */
bool zd_bundle_is_brief(const zd_bundle *b);

#endif
