/* training.h: collects the first bodies of each resource type and trains a dictionary from them on
 * a thread of its own.
 *
 * Samples are bounded: SAMPLES of a type, SAMPLE_BYTES of each body, and a total for all types (the
 * type with the most is then trained early). What was collected is forgotten at close: a type that
 * never gathers enough in one run stays without a dictionary, which costs space only.
 */
#ifndef ZD_STORE_EMBEDDED_TRAINING_H
#define ZD_STORE_EMBEDDED_TRAINING_H

#include "base/log.h"
#include "store/embedded/dictionaries.h"

typedef struct zd_training zd_training;

/* NULL when memory or threads are exhausted. */
zd_training *zd_training_open(zd_dictionaries *d, const zd_logger *logger);
/* Ends after the training under way; those waiting are dropped. */
void zd_training_close(zd_training *t);

/* A body of a type that has no dictionary yet; copied. Any thread. */
void zd_training_offer(zd_training *t, uint32_t type, zd_slice body);
/* Blocks until no training is waiting or under way. */
void zd_training_settle(zd_training *t);
/* Bytes of samples held. */
size_t zd_training_bytes(zd_training *t);

#endif
