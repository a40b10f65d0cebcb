/* followed.h: what stored bodies refer to, found without parsing them. Private to rest/.
 *
 * A reference is the value of a member `reference` that is a string, or an attachment's `url` that
 * names a Binary. The stored form has no white space and escapes every quote within a string, so
 * the bytes `"reference":"` stand nowhere else. Each resource is found once, however often and in
 * whatever form it is referred to; what is not here, or no longer, is left out.
 */
#ifndef ZD_REST_FOLLOWED_H
#define ZD_REST_FOLLOWED_H

#include "rest/interaction.h"
#include "rest/texts.h"

typedef struct zd_followed {
  const zd_rest *rest;
  zd_snapshot *v;
  zd_arena *scratch; /* reset between bodies, by the caller */
  /* Whether a resource of this type in this row is wanted; it is asked once for each. */
  zd_err (*wanted)(void *state, zd_type type, zd_row row, bool *yes);
  void *state;
  zd_buffer rows; /* zd_row by zd_row, in the order found */
  zd_texts seen;
} zd_followed;

void zd_followed_init(zd_followed *f, const zd_rest *rest, zd_arena *scratch);
void zd_followed_free(zd_followed *f);
/* Adds what the body refers to. */
zd_err zd_follow(zd_followed *f, zd_slice body, zd_fault *fault);

static inline size_t zd_followed_count(const zd_followed *f) {
  return f->rows.n / sizeof(zd_row);
}
zd_row zd_followed_row(const zd_followed *f, size_t i);

#endif
