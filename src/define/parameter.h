/* parameter.h: SearchParameters as resources of the record: read, and judged beside each other.
 * Private to define/.
 *
 * Judging a list gives each a verdict. What stands earlier has precedence: a code means one thing
 * for a type of resources, so who comes later and wants it for something else is refused.
 */
#ifndef ZD_DEFINE_PARAMETER_H
#define ZD_DEFINE_PARAMETER_H

#include "base/arena.h"
#include "define/define.h"

typedef struct zd_parameter {
  zd_slice id;   /* of the resource; absent: kept by `zdravo define` */
  zd_slice text; /* JSON */
  /* as read; in the arena, or in text */
  zd_slice url, code, status, expression;
  int type; /* zd_param_type; -1: none that is known */
  zd_type *bases;
  size_t base_count;
  zd_slice unknown; /* the first base or target that is no type of resource, and where it stands */
  zd_slice unknown_at;
  zd_slice *components; /* urls without version */
  size_t component_count;
  /* as judged */
  zd_parameter_standing standing;
  zd_issue_code issue; /* refused */
  zd_slice at;         /* refused: the element, "SearchParameter.expression" */
  zd_slice why;        /* refused: the reason; answered: url of the other parameter */
} zd_parameter;

/* Takes p->text apart (p->id and p->text are given). ZD_ERR_MEMORY; ZD_ERR_CORRUPT when it is not
 * the JSON of a SearchParameter. */
zd_err zd_parameter_read(zd_parameter *p, zd_arena *arena);

/* Gives each of those that have an id its standing; all have been read. `search` is any search over
 * the official types. ZD_ERR_MEMORY. */
zd_err zd_parameters_judge(const zd_search *search, zd_parameter *all, size_t n, zd_arena *arena);

#endif
