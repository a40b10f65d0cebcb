/* terminology.h: what search asks of terminology: the codes of a value set, and what lies above and
 * below a code. A service answers; zd_terminology_stored is the one made of the definitions linked
 * into the program and of the CodeSystems and ValueSets that are stored.
 *
 * Nothing is guessed: what a service can't tell exactly is an error that says why.
 */
#ifndef ZD_SEARCH_TERMINOLOGY_H
#define ZD_SEARCH_TERMINOLOGY_H

#include "fhir/schema.h"
#include "search/search.h"

/* Takes one code; the slices live as long as the arena of the call. */
typedef zd_err (*zd_code_sink)(void *context, const zd_coded *code);

/* One question. */
typedef struct zd_code_question {
  zd_snapshot *snapshot; /* what is stored; NULL: only what is shipped */
  size_t limit;          /* most codes; ZD_ERR_LIMIT when there are more */
  zd_code_sink sink;
  void *context;
  zd_arena *arena;
  zd_fault *fault;
  size_t *work; /* counts what the query's questions have cost together, see zd_code_spend */
} zd_code_question;

/* Counts codes, and nodes of definitions, that are read. ZD_ERR_LIMIT when the query has asked for
 * more than ZD_CODE_WORK_MAX of them: many value sets, or the same a thousand times over. */
enum { ZD_CODE_WORK_MAX = 1000000 };
zd_err zd_code_spend(const zd_code_question *q, size_t n);

/* expand: the codes of the value set with this url ("url|version" too) or reference
 * ("ValueSet/id"). descendants, ancestors: those of a code, itself not among them. Order and
 * repetitions are not promised. Errors: ZD_ERR_NOT_FOUND (no such value set, code system, code),
 * ZD_ERR_UNSUPPORTED (not to be told exactly), ZD_ERR_LIMIT, ZD_ERR_INVALID (a definition is wrong:
 * it includes itself), those of the store. Any thread. */
typedef struct zd_terminology {
  void *state;
  zd_err (*expand)(void *state, const zd_code_question *q, zd_slice set);
  zd_err (*descendants)(void *state, const zd_code_question *q, zd_slice system, zd_slice code);
  zd_err (*ancestors)(void *state, const zd_code_question *q, zd_slice system, zd_slice code);
} zd_terminology;

zd_terminology zd_terminology_stored(const zd_search *s);
/* Right after zd_search_open; without it, zd_terminology_stored answers. Kept by value. */
void zd_search_set_terminology(zd_search *s, zd_terminology t);

#endif
