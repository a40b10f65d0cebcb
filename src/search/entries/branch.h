/* branch.h: the FHIRPath of a search parameter, as far as the walk over a resource can follow it.
 *
 * R4 parameters are unions ("Condition.code | Observation.code"); a branch is one side of a union.
 * Most branches are plain paths with type choices, which need no evaluator: they become states of
 * the walk (program.c). The others are compiled by fhir/path.
 */
#ifndef ZD_SEARCH_BRANCH_H
#define ZD_SEARCH_BRANCH_H

#include "fhir/schema.h"

enum { ZD_BRANCH_STEPS = 24 };

typedef struct zd_branch_step {
  zd_slice name; /* child of this FHIRPath name; absent: */
  zd_type as;    /* keep values of this type */
} zd_branch_step;

typedef struct zd_branch {
  zd_branch_step steps[ZD_BRANCH_STEPS]; /* behind the resource type's name */
  int n;
  zd_type only; /* where(resolve() is Only) at its end, else ZD_NO_TYPE */
} zd_branch;

/* Takes the next branch off *rest; false at the end. */
bool zd_branch_next(zd_slice *rest, zd_slice *branch);

/* True when the branch speaks about resources of this type: its first name is the type's or an
 * ancestor's, or no resource type's at all ("name | alias" of InsurancePlan). */
bool zd_branch_for(const zd_schema *schema, zd_type type, zd_slice branch);

/* Reads a plain path; false when the branch is anything else. `rooted`: its first name may
 * be the resource type (a composite's component starts at its element). */
bool zd_branch_read(const zd_schema *schema, zd_slice branch, bool rooted, zd_branch *out);

#endif
