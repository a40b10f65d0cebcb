#define ZDICT_STATIC_LINKING_ONLY /* for the trainer with parameters of one's own */
#include "store/embedded/training.h"

#include <pthread.h>
#include <stdlib.h>
#include <zdict.h>

/* Measured on generated Observations, Patients and DiagnosticReports (bytes of a packed body):
 *   1,500 samples, the best of five segment sizes    62, 125, 72   in 55–134 ms
 *     500 samples, the best of five                  62, 130, 74   in 20–56 ms
 *     500 samples, segments of 1,000 bytes           63, 134, 75   in 3–11 ms
 * A body packed before there is a dictionary takes six times the room and time, so an early one
 * wins: imports wait for it. */
enum {
  DICTIONARY_BYTES = 16 << 10, /* measured best; larger ones need more samples than they save */
  SEGMENT_BYTES = 1000,
  PIECE_BYTES = 8, /* what is counted to tell what is frequent */
  COUNTER_BITS = 18,
  SAMPLES = 500,
  SAMPLES_LEAST = 100,  /* fewer train nothing worth having */
  SAMPLE_BYTES = 8192,  /* of one body */
  TYPE_BYTES = 2 << 20, /* of one type: a hundred times the dictionary and some */
  ALL_BYTES = 16 << 20
};

typedef enum phase { COLLECTING, WAITING, DONE } phase;

typedef struct collection {
  struct collection *next;
  uint32_t type;
  phase phase;
  bool fetched; /* what earlier runs stored has been asked for */
  zd_buffer bodies;
  size_t sizes[SAMPLES];
  unsigned count;
} collection;

struct zd_training {
  zd_dictionaries *dictionaries;
  const zd_logger *logger;
  zd_training_past past;
  pthread_t thread;
  pthread_mutex_t lock; /* guards all below; not held while training */
  pthread_cond_t work, idle;
  collection *all;
  size_t bytes;
  bool busy, closing;
};

static collection *find(zd_training *t, uint32_t type) {
  collection *c = t->all;
  while (c && c->type != type) c = c->next;
  return c;
}

static collection *find_or_make(zd_training *t, uint32_t type) {
  collection *c = find(t, type);
  if (c) return c;
  c = calloc(1, sizeof *c);
  if (!c) return NULL; /* no samples then; the body is stored all the same */
  zd_buffer_init(&c->bodies, 0);
  c->type = type;
  c->next = t->all;
  t->all = c;
  if (t->past.fetch) pthread_cond_signal(&t->work);
  return c;
}

static collection *first_unfetched(zd_training *t) {
  if (!t->past.fetch) return NULL;
  collection *c = t->all;
  while (c && (c->fetched || c->phase != COLLECTING)) c = c->next;
  return c;
}

static collection *first_waiting(zd_training *t) {
  collection *c = t->all;
  while (c && c->phase != WAITING) c = c->next;
  return c;
}

static void forget(zd_training *t, collection *c) {
  t->bytes -= c->bodies.n;
  zd_buffer_free(&c->bodies);
  c->count = 0;
}

/* Too much is held: the largest collection is trained now, or dropped when it is hopeless. */
static void relieve(zd_training *t) {
  collection *largest = NULL;
  for (collection *c = t->all; c; c = c->next) {
    if (c->phase == COLLECTING && (!largest || c->bodies.n > largest->bodies.n)) largest = c;
  }
  if (!largest) return;
  if (largest->count < SAMPLES_LEAST) {
    forget(t, largest);
  } else {
    largest->phase = WAITING;
    pthread_cond_signal(&t->work);
  }
}

bool zd_training_offer(zd_training *t, uint32_t type, zd_slice body) {
  if (body.n > SAMPLE_BYTES) body.n = SAMPLE_BYTES;
  if (body.n < PIECE_BYTES) return false;
  pthread_mutex_lock(&t->lock);
  collection *c = find_or_make(t, type);
  if (c && c->phase == COLLECTING) {
    zd_buffer_add_slice(&c->bodies, body);
    if (!c->bodies.failed) {
      c->sizes[c->count++] = body.n;
      t->bytes += body.n;
    }
    c->bodies.failed = false;
    bool enough = c->count == SAMPLES || (c->bodies.n > TYPE_BYTES && c->count >= SAMPLES_LEAST);
    if (enough) {
      c->phase = WAITING;
      pthread_cond_signal(&t->work);
    }
    if (t->bytes > ALL_BYTES) relieve(t);
  }
  bool due = c && c->phase == WAITING;
  pthread_mutex_unlock(&t->lock);
  return due;
}

void zd_training_wait(zd_training *t, uint32_t type) {
  pthread_mutex_lock(&t->lock);
  for (const collection *c = find(t, type); c && c->phase == WAITING && !t->closing;) {
    pthread_cond_wait(&t->idle, &t->lock);
  }
  pthread_mutex_unlock(&t->lock);
}

void zd_training_set_past(zd_training *t, zd_training_past past) {
  pthread_mutex_lock(&t->lock);
  t->past = past;
  pthread_cond_signal(&t->work);
  pthread_mutex_unlock(&t->lock);
}

static void train(zd_training *t, const collection *c) {
  char *bytes = malloc(DICTIONARY_BYTES);
  if (!bytes) return;
  ZDICT_fastCover_params_t how = {
      .k = SEGMENT_BYTES, .d = PIECE_BYTES, .f = COUNTER_BITS, .accel = 1};
  how.zParams.compressionLevel = ZD_DICTIONARY_LEVEL;
  size_t n = ZDICT_trainFromBuffer_fastCover(bytes, DICTIONARY_BYTES, c->bodies.p, c->sizes,
                                             c->count, how);
  zd_fault fault = {0};
  if (ZDICT_isError(n)) {
    zd_log(t->logger, ZD_LOG_INFO, "no dictionary", "why", ZDICT_getErrorName(n), NULL);
  } else if (zd_dictionary_save(t->dictionaries, c->type, zd_slice_make(bytes, n), &fault)) {
    zd_log(t->logger, ZD_LOG_WARN, "dictionary not saved", "why", fault.text, NULL);
  }
  free(bytes);
}

/* The type is done with in any case: trained, or found untrainable (its bodies too alike or too
 * few), or not saved, which space cures and the next start tries again. */
static void train_next(zd_training *t, collection *c) {
  pthread_mutex_unlock(&t->lock); /* while WAITING nobody else touches its samples */
  train(t, c);
  pthread_mutex_lock(&t->lock);
  c->phase = DONE;
  forget(t, c);
  pthread_cond_broadcast(&t->idle);
}

static void fetch_next(zd_training *t, collection *c) {
  zd_training_past past = t->past;
  size_t most = SAMPLES - c->count;
  c->fetched = true;
  pthread_mutex_unlock(&t->lock);
  past.fetch(past.state, t, c->type, most);
  pthread_mutex_lock(&t->lock);
}

static void *run(void *context) {
  zd_training *t = context;
  pthread_mutex_lock(&t->lock);
  while (!t->closing) {
    collection *due = first_waiting(t), *bare = due ? NULL : first_unfetched(t);
    t->busy = due || bare;
    if (due) {
      train_next(t, due);
    } else if (bare) {
      fetch_next(t, bare);
    } else {
      pthread_cond_broadcast(&t->idle);
      pthread_cond_wait(&t->work, &t->lock);
    }
  }
  t->busy = false;
  pthread_cond_broadcast(&t->idle);
  pthread_mutex_unlock(&t->lock);
  return NULL;
}

zd_training *zd_training_open(zd_dictionaries *d, const zd_logger *logger) {
  zd_training *t = calloc(1, sizeof *t);
  if (!t) return NULL;
  t->dictionaries = d;
  t->logger = logger;
  pthread_mutex_init(&t->lock, NULL);
  pthread_cond_init(&t->work, NULL);
  pthread_cond_init(&t->idle, NULL);
  if (pthread_create(&t->thread, NULL, run, t) == 0) return t;
  pthread_mutex_destroy(&t->lock);
  pthread_cond_destroy(&t->work);
  pthread_cond_destroy(&t->idle);
  free(t);
  return NULL;
}

void zd_training_close(zd_training *t) {
  if (!t) return;
  pthread_mutex_lock(&t->lock);
  t->closing = true;
  pthread_cond_signal(&t->work);
  pthread_mutex_unlock(&t->lock);
  pthread_join(t->thread, NULL);
  while (t->all) {
    collection *next = t->all->next;
    zd_buffer_free(&t->all->bodies);
    free(t->all);
    t->all = next;
  }
  pthread_mutex_destroy(&t->lock);
  pthread_cond_destroy(&t->work);
  pthread_cond_destroy(&t->idle);
  free(t);
}

void zd_training_settle(zd_training *t) {
  pthread_mutex_lock(&t->lock);
  while (t->busy || first_waiting(t) || first_unfetched(t)) pthread_cond_wait(&t->idle, &t->lock);
  pthread_mutex_unlock(&t->lock);
}

size_t zd_training_bytes(zd_training *t) {
  pthread_mutex_lock(&t->lock);
  size_t n = t->bytes;
  pthread_mutex_unlock(&t->lock);
  return n;
}
