/* training.h: collects bodies of each resource type that has no dictionary yet and trains one from
 * them on a thread of its own.
 *
 *   offered bodies ──┐
 *                    ├─► a collection per type ─► SAMPLES of them ─► dictionaries.h
 *   stored earlier ──┘   (bounded in memory)       train (some ms)
 *
 * Samples are bounded: SAMPLES of a type, SAMPLE_BYTES of each body, and a total for all types (the
 * type with the most is then trained early). They are not kept at close; instead, the first body of
 * a type in a run makes the thread fetch what earlier runs stored of it, so that a type which grows
 * by a few resources a day gets its dictionary as soon as there are enough in all.
 */
#ifndef ZD_STORE_EMBEDDED_TRAINING_H
#define ZD_STORE_EMBEDDED_TRAINING_H

#include "base/log.h"
#include "store/embedded/dictionaries.h"

typedef struct zd_training zd_training;

/* Where bodies of earlier runs come from: offers up to `most` of the type by zd_training_offer.
 * Called on the training's thread. */
typedef struct zd_training_past {
  void *state;
  void (*fetch)(void *state, zd_training *t, uint32_t type, size_t most);
} zd_training_past;

/* NULL when memory or threads are exhausted. */
zd_training *zd_training_open(zd_dictionaries *d, const zd_logger *logger);
/* Until it is told, there is no past. */
void zd_training_set_past(zd_training *t, zd_training_past past);
/* Ends after the training under way; those waiting are dropped. */
void zd_training_close(zd_training *t);

/* A body of a type that has no dictionary yet; copied. Any thread. True when the samples of the
 * type are complete and being trained: who packs many bodies had better wait for it. */
bool zd_training_offer(zd_training *t, uint32_t type, zd_slice body);
/* Blocks until the type's training, if it is due, is over. Not from within a fetch. */
void zd_training_wait(zd_training *t, uint32_t type);
/* Blocks until no training is waiting or under way. */
void zd_training_settle(zd_training *t);
/* Bytes of samples held. */
size_t zd_training_bytes(zd_training *t);

#endif
