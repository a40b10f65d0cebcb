/* door_write.c: writes, one or a Bundle of them. They are queued to the store and answered from its
 * commit thread, so that no thread of ours waits for the disk. */
#include "rest/definition.h"
#include "rest/door_internal.h"
#include "rest/patch.h"

enum { BRIEF_NS = 3 * 1000 * 1000 }; /* how long the condition of a write may take on the loop */

void zd_door_free_bundle(zd_door *d) {
  if (!d->parts) return;
  zd_bundle_free(&d->bundle);
  zd_fhir_bundle_free(d->parts);
}

static void write_settled(zd_door *d);
static void write_try(zd_door *d);

static void retry_on_worker(void *context) {
  zd_door *d = context;
  d->call.brief = false;
  if (!zd_unit_defines(&d->unit)) {
    write_try(d);
    return;
  }
  zd_unit_run(&d->unit); /* what searches rest on changes one after the other */
  write_settled(d);
}

/* The answering Bundle has grown by an entry. */
static bool pass_on(void *context) {
  zd_door *d = context;
  if (d->answer.body.n < ZD_OUTLET_PART) return true;
  if (!d->outlet) {
    if (!(d->outlet = ZD_NEW(zd_http_arena(d->x), zd_outlet))) return true; /* sent whole, then */
    zd_outlet_open(d->outlet, d->x, d->call.rest, &d->in, zd_door_head_of_parts(d));
  }
  return zd_outlet_send(d->outlet, &d->answer.body);
}

/* `waits`: on a thread that may wait for a slow client. */
static void answer_bundle(zd_door *d, bool waits) {
  zd_bundle_answer(&d->bundle, &d->answer, waits ? pass_on : NULL, d);
  if (!d->outlet) {
    zd_door_leave(d);
    return;
  }
  zd_buffer text = d->answer.body; /* d is gone with the exchange */
  zd_door_free_bundle(d);
  zd_buffer_free(&d->body);
  zd_outlet_close(d->outlet, &text, true);
  zd_buffer_free(&text);
}

static void bundle_finish_on_worker(void *context) {
  answer_bundle(context, true);
}

static void on_worker(zd_door *d, zd_job job) {
  zd_door_move(d, d->call.rest->workers, job);
}

static void committed(void *context, const zd_commit_result *result) {
  zd_door *d = context;
  if (zd_unit_settle(&d->unit, result)) {
    write_settled(d);
    return;
  }
  zd_unit_free(&d->unit); /* the attempt's scratch, should there be no other */
  on_worker(d, retry_on_worker);
}

static void write_try(zd_door *d) {
  static const zd_commit_result nothing = {.err = ZD_OK};
  if (!zd_unit_prepare(&d->unit)) {
    if (d->call.again) {
      d->call.again = false;
      on_worker(d, retry_on_worker);
    } else {
      write_settled(d);
    }
  } else if (d->unit.txn) {
    zd_txn *txn = d->unit.txn;
    d->unit.txn = NULL;
    zd_store_submit(d->call.rest->store, txn, committed, d);
  } else {
    zd_unit_settle(&d->unit, &nothing);
    write_settled(d);
  }
}

static void answer_single(zd_door *d) {
  zd_return prefer = d->in.prefer;
  d->answer = d->entry.answer;
  if (prefer == ZD_RETURN_OUTCOME && d->answer.status < 300) {
    int status = d->answer.status == 204 ? 200 : d->answer.status;
    zd_buffer_clear(&d->answer.body);
    zd_issues_write_json(&d->call.issues, &d->answer.body);
    d->answer.status = status;
  }
}

static void write_settled(zd_door *d) {
  if (d->unit.status) {
    if (!d->parts) zd_buffer_free(&d->entry.answer.body);
    zd_answer_outcome(&d->call, &d->answer, d->unit.status);
    zd_door_leave(d);
  } else if (!d->parts) {
    answer_single(d);
    zd_door_leave(d);
  } else if (zd_bundle_is_brief(&d->bundle)) {
    answer_bundle(d, false);
  } else if (zd_workers_submit(d->call.rest->workers, bundle_finish_on_worker, d) != ZD_OK) {
    answer_bundle(d, false); /* it is committed, so the answer has to be made, if need be here */
  }
}

/* A write starts on the loop when it is small: then its conditions have to be found quickly. */
static void begin_write(zd_door *d) {
  d->call.brief = !d->on_worker;
  d->call.deadline_ns = zd_clock_monotonic_ns() + BRIEF_NS;
  bool long_one = zd_unit_defines(&d->unit) || (!d->on_worker && zd_unit_patches(&d->unit));
  if (long_one)
    on_worker(d, retry_on_worker);
  else
    write_try(d);
}

void zd_door_write(zd_door *d) {
  zd_answer_init(&d->entry.answer);
  d->entry.in = d->in;
  if (d->entry.in.prefer == ZD_RETURN_DEFAULT) d->entry.in.prefer = ZD_RETURN_REPRESENTATION;
  if (d->in.tree)
    d->entry.own_id = zd_node_child_text(d->in.tree, d->in.root, ZD_S("id"), d->call.arena);
  d->unit = (zd_unit){.call = &d->call,
                      .entries = &d->entry,
                      .n = 1,
                      .keep = d->entry.in.prefer == ZD_RETURN_REPRESENTATION};
  begin_write(d);
}

/* A batch commits entry by entry and waits for each, so it never runs on a loop. */
static void batch_on_worker(void *context) {
  zd_door *d = context;
  zd_bundle_run_batch(&d->bundle);
  answer_bundle(d, true);
}

void zd_door_bundle(zd_door *d) {
  zd_return prefer =
      d->in.prefer == ZD_RETURN_REPRESENTATION ? ZD_RETURN_REPRESENTATION : ZD_RETURN_MINIMAL;
  d->bundle.faults = d->faults;
  if (!zd_bundle_open(&d->call, d->parts, d->text, prefer, d->in.lenient, &d->bundle, &d->answer)) {
    zd_door_leave(d);
  } else if (d->bundle.transaction) {
    zd_bundle_unit(&d->bundle, &d->unit);
    begin_write(d);
  } else if (d->on_worker) {
    batch_on_worker(d);
  } else {
    on_worker(d, batch_on_worker);
  }
}
