/* code_system.h: CodeSystems as graphs of their codes. Used by search/ only. */
#ifndef ZD_SEARCH_CODE_SYSTEM_H
#define ZD_SEARCH_CODE_SYSTEM_H

#include "fhir/concepts.h"
#include "search/codes/code_list.h"
#include "search/codes/terminology.h"

/* The newest stored resource of `type` with this canonical url (of that version, when "url|version"
 * says one). ZD_ERR_NOT_FOUND when there is none, quietly: *fault is left alone. */
zd_err zd_canonical_find(const zd_search *s, const zd_code_question *q, zd_type type, zd_slice url,
                         zd_tree *out);

/* The text of a member of a node of a definition; absent when it has none. ZD_ERR_MEMORY. */
zd_err zd_code_member(const zd_code_question *q, const zd_tree *t, uint32_t node, zd_slice name,
                      zd_slice *out);

/* The code system, stored or shipped; *url is the one without a version. What is stored goes before
 * what is shipped. ZD_ERR_NOT_FOUND when there is none; ZD_ERR_UNSUPPORTED when it is not complete
 * here; ZD_ERR_LIMIT when it has more than ZD_CODE_SYSTEM_MAX concepts. */
enum { ZD_CODE_SYSTEM_MAX = 1000000 };
zd_err zd_code_system_read(const zd_search *s, const zd_code_question *q, zd_slice canonical,
                           zd_concepts *out);
/* Adds the marked codes (all of them: NULL) to the list. */
zd_err zd_code_system_add(const zd_concepts *c, const uint8_t *marks, const zd_code_question *q,
                          zd_code_list *out);

#endif
