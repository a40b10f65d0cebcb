/* text.h: full text search: _text and _content (R4 search.html#text). Private to search/.
 *
 * _text asks the narrative (text.div of the resource itself), _content the whole content: every
 * string and markdown (names, displays, texts of codes, values, addresses, notes, extensions and
 * contained resources included) and the narrative. Codes, uris, ids, dates, numbers and binary data
 * are no texts: other parameters ask for them.
 *
 * Two fields, shared by all types: the words of the narrative, and those that stand elsewhere and
 * not in the narrative as well. _content asks both.
 *
 *   query  := part { ("," | OR) part }
 *   part   := item { [AND] item }
 *   item   := [ NOT | "-" ] ( "(" query ")" | "\"" words "\"" | word | beginning "*" )
 *
 * A word finds every word with its stem. What is cut into several words (120/80) is asked as if it
 * stood in quotes: the words follow each other in one text, each by its stem.
 */
#ifndef ZD_SEARCH_TEXT_H
#define ZD_SEARCH_TEXT_H

#include "search/plans/ask.h"
#include "search/text/text_words.h"

enum { ZD_TEXT_DEPTH_MAX = 32, ZD_TEXT_WORDS_MAX = 128, ZD_TEXT_PREFIX_MAX = 100 };

/* ---- what is asked ---- */

typedef enum zd_text_op {
  ZD_TEXT_WORD,
  ZD_TEXT_PHRASE,
  ZD_TEXT_PREFIX,
  ZD_TEXT_AND,
  ZD_TEXT_OR,
  ZD_TEXT_NOT
} zd_text_op;

typedef struct zd_text_node zd_text_node;
struct zd_text_node {
  zd_text_op op;
  zd_text_node *first, *next; /* children; the next child of the same parent */
  const zd_slice *stems;      /* WORD: one; PHRASE: two or more, in order */
  size_t count;
  zd_slice prefix; /* PREFIX: folded */
};

/* Where and why a text query is not one. */
typedef struct zd_text_fault {
  size_t at; /* in bytes */
  char why[120];
} zd_text_fault;

/* ZD_ERR_INVALID, ZD_ERR_LIMIT with *fault; ZD_ERR_MEMORY. */
zd_err zd_text_read(zd_words *words, zd_slice text, zd_arena *arena, zd_text_node **out,
                    zd_text_fault *fault);

/* ---- what a resource says ---- */

/* Calls `sink` for every text of the resource at `root` that stands in its narrative, or elsewhere,
 * or (both parts together) for all; markup removed. */
enum { ZD_TEXT_NARRATIVE = 1, ZD_TEXT_ELSEWHERE = 2 };
typedef zd_err (*zd_text_sink)(void *state, bool narrative, zd_slice text);
zd_err zd_text_each(const zd_source *x, uint32_t root, unsigned parts, zd_text_sink sink,
                    void *state);

/* The narrative of the resource at `root` itself; 0: it has none. */
uint32_t zd_text_narrative(const zd_search *s, const zd_tree *tree, uint32_t root);

/* XHTML as text: tags, comments and what is no letter among the entities become blanks; tags that
 * stand within words (b, i, sup, ...) nothing. In the arena; p is NULL when memory is exhausted. */
zd_slice zd_text_of_markup(zd_slice xhtml, zd_arena *arena);

/* What keeps the terms of a resource, each once. A term lies where the next one will; `hash` is its
 * zd_hash64. */
typedef struct zd_text_keeper {
  void *state;
  zd_err (*add)(void *state, uint32_t field, zd_slice term, uint64_t hash);
  bool (*has)(void *state, uint32_t field, zd_slice term, uint64_t hash);
} zd_text_keeper;
zd_err zd_text_entries(const zd_source *x, uint32_t root, const zd_text_keeper *keeper);

/* ---- asking ---- */

/* What a clause asks, and of what. */
typedef struct zd_text_clause {
  const zd_search *search;
  const zd_text_node *query;
  bool narrative; /* _text; else _content */
} zd_text_clause;

/* Whether the name is one of the two parameters. */
bool zd_text_is_param(zd_slice name);
/* A _text or _content of the query's part for resources of `type`: the errors of zd_ask_plan. The
 * clause is not NULL on success. */
zd_err zd_text_clause_read(zd_ask *a, zd_type type, zd_slice name, const zd_text_clause **out);
zd_err zd_text_plan(const zd_text_clause *clause, zd_arena *arena, const zd_plan **out);
/* The phrase that a CHECK of such a plan asks of its row; NULL: it asks something else. */
const zd_text_clause *zd_text_phrase_of(const zd_plan *plan);
/* The rows where a word, phrase (its words, in whatever order) or beginning stands. */
zd_err zd_text_leaf_plan(const zd_text_clause *clause, const zd_text_node *leaf, zd_arena *arena,
                         const zd_plan **out);

/* How often each leaf occurs in a resource, and how many words it has. */
typedef struct zd_text_counts {
  const zd_text_node **leaves;
  uint32_t *hits; /* one per leaf */
  size_t count, room;
  uint32_t length;
} zd_text_counts;
/* Leaves of the query into *out, in the arena; with `wanted`, only those that are not negated. */
zd_err zd_text_leaves(const zd_text_node *query, bool wanted, zd_arena *arena, zd_text_counts *out);
zd_err zd_text_count(const zd_text_clause *clause, const zd_tree *tree, uint32_t root,
                     zd_arena *arena, zd_text_counts *counts);
/* Whether the resource matches: what CHECK rests on, and the tests' reference. */
zd_err zd_text_match(const zd_text_clause *clause, const zd_tree *tree, uint32_t root,
                     zd_arena *arena, bool *hit);

/* ---- of a zd_search ---- */

typedef struct zd_text {
  uint32_t narrative_field, content_field;
  zd_pool *pool; /* of zd_words */
  zd_type narrative_type;
  uint8_t *kinds; /* by element: 0 no text, 1 a text, 2 xhtml */
  size_t kind_count;
} zd_text;

/* Fields, kinds of elements, stems. Into s->text. */
zd_err zd_text_open(zd_search *s, zd_fault *fault);
void zd_text_close(zd_search *s);

#endif
