/* bundle_import.c: Bundles without HTTP, prepared side by side and taking effect in order. */
#include <assert.h>

#include "rest/bundle.h"

/* What was prepared ahead. The commit checks what is written, nobody what was found to need no
 * writing: that has to wait, and still be so. */
static bool run_prepared(zd_unit *u, const zd_rest_turn *turn) {
  zd_commit_result r = {.err = ZD_OK};
  if (u->txn && !u->skipped) {
    r = turn->commit(turn->context, u->txn);
    return zd_unit_settle(u, &r);
  }
  turn->wait(turn->context);
  if (zd_unit_is_stale(u)) {
    zd_unit_free(u);
    return false;
  }
  if (u->txn) r = zd_store_commit(u->call->rest->store, u->txn);
  return zd_unit_settle(u, &r);
}

/* Prepared ahead of its turn; what fails then may yet succeed in it. */
static void run_in_turn(zd_unit *u, const zd_rest_turn *turn) {
  bool ready = turn && zd_unit_prepare(u);
  if (ready && run_prepared(u, turn)) return;
  if (turn && !ready) zd_issues_init(&u->call->issues, u->call->arena);
  if (turn) turn->wait(turn->context);
  zd_unit_run(u);
}

/* Only whether they can be answered is of interest. */
static void run_questions(zd_bundle *b) {
  for (size_t i = 0; i < b->n; i++) {
    zd_unit_entry *e = &b->entries[i];
    if (zd_bundle_writes(&e->in) || e->position == SIZE_MAX) continue;
    zd_bundle_ask(b, e);
    zd_buffer_free(&e->answer.body);
  }
}

static uint64_t count_written(const zd_bundle *b) {
  uint64_t n = 0;
  for (size_t i = 0; i < b->n; i++) {
    const zd_unit_entry *e = &b->entries[i];
    n += zd_bundle_writes(&e->in) && e->answer.status < 400 && e->act == ZD_ACT_WRITE;
  }
  return n;
}

/* An entry of a batch that failed for our sake (a full disk), not for its own: its status; 0: none.
 */
static int worst_status(const zd_bundle *b) {
  for (size_t i = 0; i < b->n; i++)
    if (b->entries[i].answer.status >= 500) return b->entries[i].answer.status;
  return 0;
}

static zd_err error_of(int status) {
  if (status == 507) return ZD_ERR_FULL;
  return status >= 500 ? ZD_ERR_IO : ZD_ERR_REFUSED;
}

zd_err zd_rest_bundle(zd_rest *r, zd_fhir_bundle *parts, zd_slice text, zd_slice key,
                      zd_arena *arena, const zd_rest_turn *turn, uint64_t *written,
                      zd_issues *issues) {
  assert(key.n <= ZD_IMPORT_KEY_MAX);
  zd_call c = {.rest = r, .arena = arena, .import_key = key};
  zd_issues report;
  zd_bundle b = {.report = &report};
  zd_answer a;
  zd_unit u;
  int failed = 0;
  zd_issues_init(&c.issues, arena);
  zd_issues_init(&report, arena);
  zd_answer_init(&a);
  if (!zd_bundle_open(&c, parts, text, ZD_RETURN_MINIMAL, false, &b, &a)) {
    failed = a.status;
    if (turn) turn->wait(turn->context);
  } else if (b.transaction) {
    zd_bundle_unit(&b, &u);
    run_in_turn(&u, turn);
    failed = u.status;
  } else {
    if (turn) turn->wait(turn->context);
    zd_bundle_run_batch(&b);
    run_questions(&b);
    failed = worst_status(&b);
    c.issues = report;
  }
  bool nothing = failed && (b.transaction || !b.n);
  *written = nothing ? 0 : count_written(&b);
  *issues = c.issues;
  zd_buffer_free(&a.body);
  zd_bundle_free(&b);
  if (failed) return error_of(failed);
  return c.issues.errors ? ZD_ERR_REFUSED : ZD_OK;
}
