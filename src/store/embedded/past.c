/* Bodies of earlier runs, for the training of dictionaries: the newest, which resemble most what
 * will come. */
#include <stdlib.h>

#include "store/embedded/engine.h"

static zd_err offer_row(zd_snapshot *v, zd_row row, zd_training *t, uint32_t type,
                        zd_arena *arena) {
  zd_record record;
  zd_arena_reset(arena);
  zd_err err = zd_snapshot_read(v, row, false, arena, &record, NULL);
  if (!err) zd_training_offer(t, type, record.body);
  return err;
}

static zd_err offer_rows(zd_snapshot *v, zd_training *t, uint32_t type, zd_row *rows, size_t most) {
  zd_plan plan = {.op = ZD_PLAN_TYPE, .type = type};
  zd_search_request q = {
      .plan = &plan, .order = ZD_SCAN_DESCENDING, .after = ZD_NO_ROW, .limit = most};
  size_t n = 0;
  zd_err err = zd_snapshot_search(v, &q, rows, &n, NULL);
  zd_arena arena;
  zd_arena_init(&arena, 0);
  for (size_t i = 0; !err && i < n; i++) err = offer_row(v, rows[i], t, type, &arena);
  zd_arena_free(&arena);
  return err;
}

/* Whatever fails here leaves the type without a dictionary a little longer, nothing else. */
void zd_store_offer_past(void *store, zd_training *t, uint32_t type, size_t most) {
  zd_store *s = store;
  zd_snapshot *v;
  if (!most || !s->first_new || zd_store_snapshot_at(s, s->first_new, &v)) return;
  zd_row *rows = malloc(most * sizeof *rows);
  zd_err err = rows ? offer_rows(v, t, type, rows, most) : ZD_ERR_MEMORY;
  free(rows);
  zd_snapshot_release(v);
  if (err) {
    zd_log(s->logger, ZD_LOG_WARN, "no samples of earlier bodies", "why", zd_err_name(err), NULL);
  }
}
