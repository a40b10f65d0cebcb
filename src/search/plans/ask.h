/* ask.h: one parameter of a query, asked of resources of a type. Its name is a way through
 * references (search.html#chaining, #has), and what stands at the end of it:
 *
 *   subject:Patient.general-practitioner.name:exact      CHAIN, CHAIN, LEAF
 *   _has:Observation:patient:_has:AuditEvent:entity:agent    HAS, HAS, LEAF
 *
 * A step that leaves several types open is answered for each of them; what was found for a step
 * and a type is remembered, so the work is bounded by steps times types.
 */
#ifndef ZD_SEARCH_ASK_H
#define ZD_SEARCH_ASK_H

#include "search/internal.h"

enum {
  ZD_ASK_JOINS_MAX = 8,
  ZD_ASK_NODES_MAX = 250000 /* of the plan of one parameter, written out as a tree */
};

typedef enum zd_step_kind { ZD_STEP_LEAF, ZD_STEP_CHAIN, ZD_STEP_HAS } zd_step_kind;

typedef struct zd_step {
  zd_step_kind kind;
  zd_slice code;      /* the parameter; of HAS: the reference parameter of `type` */
  zd_slice qualifier; /* LEAF: the modifier; CHAIN: the target type; absent when there is none */
  zd_type type;       /* CHAIN: the target type, ZD_NO_TYPE when left open; HAS: who refers */
  const void *narrow; /* CHAIN: what the target must match besides, for zd_ask.narrow; or NULL */
} zd_step;

/* A plan for resources of the type asked. */
typedef struct zd_asked {
  const zd_plan *plan;
  uint64_t nodes; /* of the plan as a tree */
  bool typed;     /* finds no resources of other types */
} zd_asked;

typedef struct zd_ask zd_ask;
struct zd_ask {
  zd_query_reader *q;
  const zd_query_part *part;
  zd_step steps[ZD_ASK_JOINS_MAX + 1]; /* a LEAF at the end */
  size_t step_count;
  /* The plan of the leaf. ZD_ERR_NOT_FOUND: the type has no such parameter. */
  zd_err (*leaf)(zd_ask *a, zd_type type, const zd_step *step, zd_asked *out);
  zd_err (*narrow)(zd_ask *a, zd_type type, const void *what, zd_asked *out);
  const struct zd_filter *test;                 /* theirs: a comparison of a _filter */
  struct zd_known *known[ZD_ASK_JOINS_MAX + 1]; /* by step and type; made when first needed */
  char why[300];                                /* with ZD_ERR_NOT_FOUND and ZD_ERR_UNSUPPORTED */
};

/* Splits a name into steps. ZD_ERR_NOT_FOUND with `why` when it is no such way, ZD_ERR_LIMIT when
 * it is too long. */
zd_err zd_ask_read(zd_ask *a, zd_slice name);

/* The plan for `type`; ZD_NO_TYPE: resources of any type, by what all have.
 * ZD_ERR_NOT_FOUND with `why`: there is no such parameter. ZD_ERR_UNSUPPORTED with `why`: known and
 * not offered. ZD_ERR_INVALID, ZD_ERR_BUSY: refused (for now), the issue has been added. */
zd_err zd_ask_plan(zd_ask *a, zd_type type, zd_asked *out);

/* Sets `why` (the first one stays); zd_ask_fail is then `err`. */
void zd_ask_say(zd_ask *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
#define zd_ask_fail(a, err, ...) (zd_ask_say(a, __VA_ARGS__), (err))

/* Nodes of a plan written out as a tree; stops counting beyond ZD_ASK_NODES_MAX. */
uint64_t zd_ask_nodes(const zd_plan *plan);
/* `asked`, restricted to resources of the type when it is not. */
zd_err zd_ask_typed(const zd_query_reader *q, zd_type type, zd_asked *asked);

/* Rows that name, by its url, one of the resources that `target` matches (by_url.c). Errors as of
 * zd_ask_plan. */
zd_err zd_ask_by_url(zd_ask *a, const zd_search_param *param, const zd_plan *target,
                     const zd_plan **out);

/* Rows of `type` that resources of `source` matching `from` name by url under the parameter. */
zd_err zd_ask_named_by_url(zd_ask *a, zd_type type, zd_type source, const zd_search_param *param,
                           const zd_plan *from, const zd_plan **out);
/* Whether it is a CHECK of such a plan: of rows alone. */
bool zd_ask_is_named(const zd_plan *plan);

/* ---- leaves (clause.c) ---- */

/* The usual leaf: code[:modifier]=value of the part. */
zd_err zd_clause_leaf(zd_ask *a, zd_type type, const zd_step *step, zd_asked *out);
/* The parameter of the type, ready to be asked; of ZD_NO_TYPE one that every resource has.
 * Errors as of zd_ask_plan. */
zd_err zd_clause_param(zd_ask *a, zd_type type, zd_slice code, const zd_search_param **out);
/* The values of a part that commas join, still escaped. */
zd_err zd_clause_values(zd_query_reader *q, const zd_query_part *part, zd_slice **out, size_t *n);

/* In a condition: gives the systems of a value their symbols before its plan is made. A plan made
 * without one does not find what another writer, who gives it a symbol meanwhile, commits, and as a
 * guard would let both write. */
void zd_clause_know(const zd_query_reader *q, const zd_search_param *param,
                    const zd_search_value *v);

/* In a condition: watches what the codes or ids of the clause's modifier were looked up in. */
zd_err zd_clause_watch(zd_query_reader *q, const zd_clause *clause);

/* _list=ID (list.c): what current Lists name and have not deleted. */
zd_err zd_list_plan(zd_ask *a, zd_type type, zd_asked *out);

#endif
