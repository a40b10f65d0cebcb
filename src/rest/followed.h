/* followed.h: what stored bodies refer to, found without parsing them. Private to rest/.
 *
 *   zd_follow          notes the names that a body refers to
 *   zd_followed_given  this one is at hand: its name leads nowhere else
 *   zd_followed_next   looks for the next noted name: its row joins `rows` when it is wanted
 *
 * Most of what the resources of a patient refer to are resources of the patient. To look each name
 * up, only to find that its row is in the answer already, cost a quarter of the answer; now names
 * are looked up when all that are given are known.
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
  zd_buffer names; /* for each text of `seen`, by number, where it is and what to do about it */
  size_t next;     /* the first that may still have to be looked for */
  size_t given;
} zd_followed;

void zd_followed_init(zd_followed *f, const zd_rest *rest, zd_arena *scratch);
void zd_followed_free(zd_followed *f);
/* Notes what the body refers to. */
zd_err zd_follow(zd_followed *f, zd_slice body);
/* The resource need not be looked for. Only a saving: beyond 100,000 of them they are not kept, and
 * are looked for after all, so `wanted` must know them. */
zd_err zd_followed_given(zd_followed *f, zd_type type, zd_slice id);
/* Looks for the next name that was noted, in the order in which they were; *more false: there was
 * none. */
zd_err zd_followed_next(zd_followed *f, bool *more, zd_fault *fault);

static inline size_t zd_followed_count(const zd_followed *f) {
  return f->rows.n / sizeof(zd_row);
}
zd_row zd_followed_row(const zd_followed *f, size_t i);

#endif
