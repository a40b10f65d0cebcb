/* generations.c: taking turns: who asks, who writes, who changes what is asked. */
#include <stdlib.h>

#include "define/definer_internal.h"

#define TAKES ((UINT64_C(1) << 48) - 1)

static generation *at(zd_definer *d, uint64_t present) {
  return d->slots[present >> 48];
}

generation *zd_generation_present(zd_definer *d) {
  return at(d, atomic_load(&d->present));
}

bool zd_generation_is_present(zd_definer *d, const zd_generation *g) {
  return &zd_generation_present(d)->shown == g;
}

const zd_generation *zd_definer_first(const zd_definer *d) {
  return &d->first->shown;
}

const zd_generation *zd_definer_take(zd_definer *d) {
  return &at(d, atomic_fetch_add(&d->present, 1))->shown;
}

void zd_definer_give(zd_definer *d, const zd_generation *g) {
  (void)d;
  generation *own = (generation *)(uintptr_t)g;
  atomic_fetch_add(&own->given, 1);
}

bool zd_definer_is_present(zd_definer *d, const zd_generation *g) {
  return zd_generation_is_present(d, g);
}

/* ---- writers ---- */

static void step_out(zd_definer *d) {
  if (atomic_fetch_sub(&d->inside, 1) != 1 || !atomic_load(&d->closed)) return;
  pthread_mutex_lock(&d->gate);
  pthread_cond_broadcast(&d->idle);
  pthread_mutex_unlock(&d->gate);
}

const zd_generation *zd_definer_enter(zd_definer *d, bool wait) {
  for (;;) {
    atomic_fetch_add(&d->inside, 1);
    if (!atomic_load(&d->closed)) return zd_definer_take(d);
    step_out(d);
    if (!wait) return NULL;
    pthread_mutex_lock(&d->gate);
    while (atomic_load(&d->closed)) pthread_cond_wait(&d->opened, &d->gate);
    pthread_mutex_unlock(&d->gate);
  }
}

void zd_definer_leave(zd_definer *d, const zd_generation *g) {
  zd_definer_give(d, g);
  step_out(d);
}

void zd_gate_close(zd_definer *d) {
  atomic_store(&d->closed, true);
  pthread_mutex_lock(&d->gate);
  while (atomic_load(&d->inside)) pthread_cond_wait(&d->idle, &d->gate);
  pthread_mutex_unlock(&d->gate);
}

void zd_gate_open(zd_definer *d) {
  pthread_mutex_lock(&d->gate);
  atomic_store(&d->closed, false);
  pthread_cond_broadcast(&d->opened);
  pthread_mutex_unlock(&d->gate);
}

/* ---- making and replacing ---- */

zd_err zd_generation_new(zd_definer *d, zd_defined *defined, generation **out, zd_fault *fault) {
  generation *g = calloc(1, sizeof *g);
  *out = NULL;
  if (!g) {
    zd_defined_free(defined);
    return zd_fail(fault, ZD_ERR_MEMORY, "no memory for search parameters");
  }
  g->defined = *defined;
  zd_err err = zd_search_open(g->defined.schema, d->o.store, zd_slice_of(d->base_url),
                              &g->shown.search, fault);
  if (err) {
    zd_generation_free(g);
    return err;
  }
  g->shown.schema = g->defined.schema;
  *out = g;
  return ZD_OK;
}

void zd_generation_free(generation *g) {
  if (!g) return;
  if (g->shown.search) zd_search_close(g->shown.search);
  zd_defined_free(&g->defined);
  free(g);
}

zd_err zd_generation_install(zd_definer *d, generation *g, zd_fault *fault) {
  size_t slot = 0;
  while (slot < ZD_GENERATION_SLOTS && d->slots[slot]) slot++;
  if (slot == ZD_GENERATION_SLOTS)
    return zd_fail(fault, ZD_ERR_BUSY, "questions still use too many earlier sets of parameters");
  bool is_first = !d->first;
  d->slots[slot] = g;
  g->shown.number = ++d->numbers;
  uint64_t before = atomic_exchange(&d->present, (uint64_t)slot << 48);
  if (is_first) {
    d->first = g;
    return ZD_OK;
  }
  generation *old = at(d, before);
  old->taken = before & TAKES;
  old->retired = true;
  return ZD_OK;
}

void zd_generations_sweep(zd_definer *d) {
  for (size_t i = 0; i < ZD_GENERATION_SLOTS; i++) {
    generation *g = d->slots[i];
    if (!g || !g->retired || g == d->first || atomic_load(&g->given) != g->taken) continue;
    d->slots[i] = NULL;
    zd_generation_free(g);
  }
}
