/* sets.c: collections as sets, and their combinations */
#include "fhirpath/functions.h"

static bool distinct(zd_fp_running *r, const zd_fp_op *o, const zd_fp_seq *s, zd_fp_seq *out) {
  const zd_fhirpath_item *items = zd_fp_at(s);
  *out = (zd_fp_seq){.n = 0, .unordered = s->unordered};
  for (uint32_t i = 0; i < s->n; i++)
    if (!zd_fp_push_new(r, o, out, &items[i])) return false;
  return true;
}

bool zd_fp_run_distinct(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fp_seq s;
  return zd_fp_input(r, o, f, &s) && distinct(r, o, &s, out);
}

bool zd_fp_run_is_distinct(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f,
                           zd_fp_seq *out) {
  zd_fp_seq s, once;
  if (!zd_fp_input(r, o, f, &s) || !distinct(r, o, &s, &once)) return false;
  return zd_fp_give_boolean(out, once.n == s.n);
}

static bool both(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *a,
                 zd_fp_seq *b) {
  return zd_fp_input(r, o, f, a) && zd_fp_argument(r, o, 0, f, b);
}

static bool within(zd_fp_running *r, const zd_fp_op *o, const zd_fp_seq *part,
                   const zd_fp_seq *whole, zd_fp_seq *out) {
  const zd_fhirpath_item *items = zd_fp_at(part);
  for (uint32_t i = 0; i < part->n; i++) {
    bool there;
    if (!zd_fp_contains(r, o, whole, &items[i], &there)) return false;
    if (!there) return zd_fp_give_boolean(out, false);
  }
  return zd_fp_give_boolean(out, true);
}

bool zd_fp_run_subset_of(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f,
                         zd_fp_seq *out) {
  zd_fp_seq a, b;
  return both(r, o, f, &a, &b) && within(r, o, &a, &b, out);
}

bool zd_fp_run_superset_of(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f,
                           zd_fp_seq *out) {
  zd_fp_seq a, b;
  return both(r, o, f, &a, &b) && within(r, o, &b, &a, out);
}

bool zd_fp_run_combine(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fp_seq a, b;
  if (!both(r, o, f, &a, &b)) return false;
  *out = (zd_fp_seq){.n = 0};
  return zd_fp_push_all(r, out, &a) && zd_fp_push_all(r, out, &b);
}

bool zd_fp_run_union_with(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f,
                          zd_fp_seq *out) {
  zd_fp_seq a, b;
  if (!both(r, o, f, &a, &b) || !distinct(r, o, &a, out)) return false;
  const zd_fhirpath_item *items = zd_fp_at(&b);
  for (uint32_t i = 0; i < b.n; i++)
    if (!zd_fp_push_new(r, o, out, &items[i])) return false;
  return true;
}

bool zd_fp_run_intersect(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f,
                         zd_fp_seq *out) {
  zd_fp_seq a, b;
  if (!both(r, o, f, &a, &b)) return false;
  const zd_fhirpath_item *items = zd_fp_at(&a);
  *out = (zd_fp_seq){.n = 0, .unordered = a.unordered};
  for (uint32_t i = 0; i < a.n; i++) {
    bool there;
    if (!zd_fp_contains(r, o, &b, &items[i], &there)) return false;
    if (there && !zd_fp_push_new(r, o, out, &items[i])) return false;
  }
  return true;
}

bool zd_fp_run_exclude(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_fp_seq a, b;
  if (!both(r, o, f, &a, &b)) return false;
  const zd_fhirpath_item *items = zd_fp_at(&a);
  *out = (zd_fp_seq){.n = 0, .unordered = a.unordered};
  for (uint32_t i = 0; i < a.n; i++) {
    bool there;
    if (!zd_fp_contains(r, o, &b, &items[i], &there)) return false;
    if (!there && !zd_fp_push(r, out, items[i])) return false;
  }
  return true;
}
