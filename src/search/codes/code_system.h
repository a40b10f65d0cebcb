/* code_system.h: a stored CodeSystem as a graph of its codes. Used by search/ only. */
#ifndef ZD_SEARCH_CODE_SYSTEM_H
#define ZD_SEARCH_CODE_SYSTEM_H

#include "search/codes/code_list.h"
#include "search/codes/terminology.h"

/* The newest stored resource of `type` with this canonical url (of that version, when "url|version"
 * says one). ZD_ERR_NOT_FOUND when there is none, quietly: *fault is left alone. */
zd_err zd_canonical_find(const zd_search *s, const zd_code_question *q, zd_type type, zd_slice url,
                         zd_tree *out);

typedef struct zd_concept {
  zd_slice code;
  uint32_t node; /* of the tree */
} zd_concept;

typedef struct zd_concept_edge {
  uint32_t parent, child; /* numbers of concepts */
} zd_concept_edge;

typedef struct zd_code_system {
  zd_tree tree;
  zd_slice url;
  zd_concept *concepts; /* sorted by code */
  uint32_t count;
  zd_concept_edge *edges;
  uint32_t edge_count;
  bool is_a; /* its hierarchy means is-a */
} zd_code_system;

/* Reads the stored code system. ZD_ERR_NOT_FOUND when it is not stored, quietly; ZD_ERR_UNSUPPORTED
 * when it is not complete; ZD_ERR_LIMIT when it has more than ZD_CODE_SYSTEM_MAX concepts. */
enum { ZD_CODE_SYSTEM_MAX = 1000000 };
zd_err zd_code_system_read(const zd_search *s, const zd_code_question *q, zd_slice url,
                           zd_code_system *out);
/* Number of the concept, UINT32_MAX when there is none. */
uint32_t zd_code_system_at(const zd_code_system *c, zd_slice code);
/* What lies below (or above) a concept, itself included, added to the list. ZD_ERR_UNSUPPORTED when
 * the hierarchy means something other than is-a. */
zd_err zd_code_system_closure(const zd_code_system *c, uint32_t from, bool down,
                              const zd_code_question *q, zd_code_list *out);

#endif
