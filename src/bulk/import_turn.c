/* import_turn.c: pieces prepared side by side take effect in their order.
 *
 *   piece 7   prepared │ submitted ├──── durable ─┤ settled
 *   piece 8   prepared     │ submitted ├── durable ─┤ settled      one write and sync for both
 *   piece 9        prepared    │ submitted ...
 *
 * A piece submits its last commit as soon as the one before it has; the chain (store.h) sees to it
 * that none overtakes another. Once one was refused, those behind it are, too: each is prepared
 * again and committed in its turn, when all before it are settled, and nothing is submitted ahead
 * until none is under way.
 */
#include "bulk/import.h"

void zd_import_wait_turn(void *context) {
  zd_import_piece *p = context;
  zd_import_run *run = p->run;
  if (p->has_turn) return;
  pthread_mutex_lock(&run->lock);
  while (run->turn != p->number) pthread_cond_wait(&run->moved, &run->lock);
  p->has_turn = true;
  pthread_mutex_unlock(&run->lock);
}

static bool may_submit(const zd_import_run *run, const zd_import_piece *p) {
  return run->turn == p->number || (run->submitted == p->number && !run->held);
}

/* All before it have submitted. False: so has this one, once; what it commits now is no part of the
 * chain. */
static bool wait_place(zd_import_piece *p) {
  zd_import_run *run = p->run;
  pthread_mutex_lock(&run->lock);
  bool first = run->submitted <= p->number;
  while (first && !may_submit(run, p)) pthread_cond_wait(&run->moved, &run->lock);
  if (first && run->turn == p->number) { /* none of the chain is under way */
    run->held = false;
    atomic_store(&run->chain.broken, false);
  }
  pthread_mutex_unlock(&run->lock);
  return first;
}

static void note_submitted(void *context) {
  zd_import_piece *p = context;
  zd_import_run *run = p->run;
  pthread_mutex_lock(&run->lock);
  run->submitted = p->number + 1;
  pthread_cond_broadcast(&run->moved);
  pthread_mutex_unlock(&run->lock);
}

static void note_refused(zd_import_run *run) {
  pthread_mutex_lock(&run->lock);
  run->held = true;
  pthread_mutex_unlock(&run->lock);
}

zd_commit_result zd_import_commit(void *piece, zd_txn *txn) {
  zd_import_piece *p = piece;
  zd_import_run *run = p->run;
  if (!p->last_commit || !wait_place(p)) {
    zd_import_wait_turn(p);
    return zd_store_commit(run->o->store, txn);
  }
  zd_txn_chain(txn, &run->chain);
  zd_commit_result r = zd_store_commit_told(run->o->store, txn, note_submitted, p);
  if (r.err != ZD_OK) note_refused(run);
  return r;
}

void zd_import_pass_turn(zd_import_piece *p) {
  zd_import_run *run = p->run;
  run->turn++;
  if (run->submitted < run->turn) run->submitted = run->turn;
  pthread_cond_broadcast(&run->moved);
}
