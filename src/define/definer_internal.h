/* definer_internal.h: the parts of a definer. Private to define/. */
#ifndef ZD_DEFINE_DEFINER_INTERNAL_H
#define ZD_DEFINE_DEFINER_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "define/parameter.h"

enum { ZD_GENERATION_SLOTS = 256 };

typedef struct generation {
  zd_generation shown; /* first: what is given out */
  zd_defined defined;
  uint64_t taken; /* once retired: how often it was taken in all */
  bool retired;
  _Atomic uint64_t given; /* how often it was given back */
} generation;

struct zd_definer {
  zd_definer_options o;
  char *base_url;
  generation *first;

  /* The slot of the present generation in the upper 16 bits, below how often it was taken: one
   * addition takes it and says which one that was. */
  _Atomic uint64_t present;
  generation *slots[ZD_GENERATION_SLOTS]; /* changed under `changing` */
  uint64_t numbers;                       /* given to generations */
  pthread_mutex_t changing;               /* zd_definer_lock */

  atomic_bool closed;          /* the gate of writers */
  _Atomic size_t inside;       /* writers */
  pthread_mutex_t gate;        /* for waiting only */
  pthread_cond_t opened, idle; /* the gate was opened; nobody is inside */

  /* indexing.c */
  pthread_mutex_t notes; /* the store's note "fields": taken after `changing` */
  pthread_cond_t wake;
  pthread_t thread;
  bool running;
  atomic_bool stopping;
  /* Of the pass that runs: set before the store asks for them, from threads of its own. */
  zd_search *narrow; /* NULL: the present generation's */
  bool all_concern;
  _Atomic uint64_t done, total;
};

/* generations.c */
generation *zd_generation_present(zd_definer *d); /* under `changing` or `notes` */
bool zd_generation_is_present(zd_definer *d, const zd_generation *g);
/* Opens a search over `defined`, which is taken over, also on failure. */
zd_err zd_generation_new(zd_definer *d, zd_defined *defined, generation **out, zd_fault *fault);
void zd_generation_free(generation *g); /* NULL is allowed */
/* Puts it in the place of the present one. Under `changing`; the gate may be open or closed. */
zd_err zd_generation_install(zd_definer *d, generation *g, zd_fault *fault);
/* Frees those that were given back by all. Under `changing`. */
void zd_generations_sweep(zd_definer *d);
void zd_gate_close(zd_definer *d); /* waits until nobody is inside */
void zd_gate_open(zd_definer *d);

/* stored.c: every SearchParameter that counts beside the writes, judged: those of `zdravo define`,
 * those in use, other active ones of the record, what is written. */
typedef struct zd_parameters {
  zd_parameter *all;
  size_t n;
} zd_parameters;
zd_err zd_parameters_gather(zd_definer *d, const generation *g, const zd_definition_write *writes,
                            size_t n, zd_arena *arena, zd_parameters *out, zd_fault *fault);

#endif
