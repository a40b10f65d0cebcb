/* contained.h: contained resources, asked as if they were rows (R4 search.html#contained).
 *
 * A contained resource has no row. Its container has, in one field for all types,
 *
 *   T <type>             a resource of this type is contained
 *   R <field> <type>     a reference under the parameter of the field names a contained one
 *   L <field>            a uri of the field is longer than its term (told here for _filter)
 *
 * The first two find the containers. What is contained there is looked at: its entries, derived as
 * they would be for a row, are asked the plan that rows are asked (contained_match.h). So whatever
 * can be asked of a row can be asked of it; what knows only rows is refused by name.
 *
 * Of a parameter that users added R and L stand in that parameter's second field instead: they come
 * and go with it (zd_contained_place).
 */
#ifndef ZD_SEARCH_CONTAINED_H
#define ZD_SEARCH_CONTAINED_H

#include "search/plans/ask.h"

enum { ZD_CONTAINED_IN = 'T', ZD_CONTAINED_REFERRED = 'R', ZD_LONG_URI = 'L' };

/* Where R and L of a parameter stand. */
static inline uint32_t zd_contained_place(const zd_search *s, const zd_search_param *p) {
  return p->own_links ? p->more_field : s->contained_field;
}

/* Takes the field's symbol from the store. */
zd_err zd_contained_open(zd_search *s, zd_fault *fault);

/* ---- writing ---- */

/* The id of the resource at the node; absent when it has none. */
zd_err zd_contained_id(const zd_source *x, uint32_t node, zd_slice *out);
/* Next contained resource of the one at `container`; 0: no more. From 0. */
uint32_t zd_contained_next(const zd_search *s, const zd_tree *tree, uint32_t container,
                           uint32_t before);
/* What the reference or canonical at `node` ("#id", "#") names there; ZD_NO_NODE: nothing. */
#define ZD_NO_NODE UINT32_MAX
zd_err zd_contained_target(const zd_source *x, uint32_t container, uint32_t node, uint32_t *out);

/* Terms, in the arena; p is NULL when memory is exhausted. */
zd_slice zd_contained_term(const zd_search *s, zd_type type, zd_arena *arena);
zd_slice zd_contained_link_term(const zd_search *s, uint32_t field, zd_type type, zd_arena *arena);
zd_slice zd_long_term(uint32_t field, zd_arena *arena);

/* Entries of the resource at `node`, which stands in the one at `container` (or is it). */
zd_err zd_entries_within(const zd_search *s, const zd_tree *tree, uint32_t container, uint32_t node,
                         zd_arena *arena, const zd_entry **out, size_t *n);

/* ---- asking ---- */

/* Rows that refer by the parameter to a resource they contain and `target` matches. *out NULL:
 * there are none, and nothing contained at all. Errors as of zd_ask_plan. */
zd_err zd_contained_chain(zd_ask *a, const zd_search_param *param, const zd_plan *target,
                          const zd_plan **out);

/* What _has means for contained resources of `type`: `from` matches one of type `source` that
 * refers to it, its container or something contained beside it. `join`: the plan for rows, to be
 * told; NULL: *out is a plan that finds no rows, NULL when nothing is contained at all. */
zd_err zd_contained_has(zd_ask *a, zd_type type, zd_type source, const zd_search_param *param,
                        const zd_plan *from, zd_plan *join, const zd_plan **out);

/* Rows that contain a resource that the query's plan matches, with _contained=both besides those
 * that match themselves. */
zd_err zd_contained_query(zd_query_reader *q, const zd_plan **plan);

#endif
