/* texts.h: a set of texts, numbered in the order in which they came. Private to rest/. */
#ifndef ZD_REST_TEXTS_H
#define ZD_REST_TEXTS_H

#include "base/buffer.h"

typedef struct zd_texts_slot {
  uint64_t hash; /* 0: empty */
  size_t at, n;  /* in `bytes` */
  size_t number;
} zd_texts_slot;

/* Zeroed: empty. Owns its memory: about twice the texts and 64 bytes each. */
typedef struct zd_texts {
  zd_buffer bytes;
  zd_texts_slot *slots; /* open-addressed, at most half full */
  size_t mask, count;
} zd_texts;

/* The text's number; *is_new: it was not there yet. */
zd_err zd_texts_add(zd_texts *t, zd_slice text, size_t *number, bool *is_new);
void zd_texts_free(zd_texts *t);

#endif
