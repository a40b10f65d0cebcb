/* search.h: FHIR R4 search between resources and the store.
 *
 * Writing side: a resource's search parameters become index entries. Asking side: a query string
 * becomes a plan over those entries, and whatever the index alone can't decide exactly is checked
 * on the resource itself. What can't be answered is refused by name.
 *
 * Source: https://hl7.org/fhir/R4/search.html
 */
#ifndef ZD_SEARCH_SEARCH_H
#define ZD_SEARCH_SEARCH_H

#include "fhir/issue.h"
#include "fhir/schema.h"
#include "fhir/tree.h"
#include "store/store.h"

typedef struct zd_search zd_search;

/* Compiles all search parameters of the schema and takes their field symbols from the store (open,
 * not yet started). Immutable afterwards (but for
 * the fields below); shared by all threads. base_url: own server's base
 * ("http://127.0.0.1:8080/fhir"), so that absolute references to it are local ones; may be empty.
 */
zd_err zd_search_open(const zd_schema *schema, zd_store *store, zd_slice base_url, zd_search **out,
                      zd_fault *fault);
void zd_search_close(zd_search *s);

/* Offset, in minutes east of UTC, of dates and times without a zone, stored and asked; default 0.
 * To be set right after open, and the same for the life of a store. */
void zd_search_set_zone(zd_search *s, int minutes_east);

/* Which fields the rows stored earlier have. A field is complete once every row was indexed with
 * it; one that came with a new search parameter (or a newer program) is not, and asking for it is
 * refused by name until zd_search_catch_up is done. The store keeps the complete ones in its note
 * "fields", so this holds over restarts, crashes, and programs that know fewer parameters in
 * between.
 *
 * zd_search_compare: after zd_search_open, before zd_store_start; read_only as the store was
 * opened. zd_search_catch_up: after it, from one thread, while reads and writes go on; nothing to
 * do is quickly done. progress as for zd_store_reindex. zd_search_behind: how many fields are not
 * complete; any thread. */
zd_err zd_search_compare(zd_search *s, bool read_only, zd_fault *fault);
zd_err zd_search_catch_up(zd_search *s,
                          bool (*progress)(void *context, uint64_t done, uint64_t total),
                          void *context, zd_fault *fault);
size_t zd_search_behind(const zd_search *s);

/* The two halves of catching up, for who has to make sure in between that this search is still the
 * one that is used: the rows are indexed; they are said to be. */
zd_err zd_search_index_late(zd_search *s,
                            bool (*progress)(void *context, uint64_t done, uint64_t total),
                            void *context, zd_fault *fault);
zd_err zd_search_complete(zd_search *s, zd_fault *fault);
/* Says so in the store's note alone: a search opened and compared from now on has nothing late.
 * This one stays behind, because snapshots taken before do not see what was added to the index. */
zd_err zd_search_note_complete(zd_search *s, zd_fault *fault);

/* Whether a parameter (number in the schema) is refused on some type because rows stored earlier
 * are not indexed for it yet. */
bool zd_search_is_late(const zd_search *s, uint32_t param);
/* Whether a parameter of the kind can say anything about values of the type: what facts.c reads. */
bool zd_search_kind_fits(const zd_search *s, zd_param_type kind, zd_type type);
/* Whether resources of a type (its symbol) can have entries in one of the fields (ascending), apart
 * from what they contain; whether anything seen contains something (true when in doubt). */
zd_err zd_search_contains(const zd_search *s, zd_snapshot *v, bool *any);
bool zd_search_concerns(const zd_search *s, uint32_t type, const uint32_t *fields, size_t n);
/* Makes an opened search, which nobody else has, derive nothing but the entries of `fields`
 * (ascending): quicker, for zd_store_reindex. It cannot be asked. */
void zd_search_narrow(zd_search *s, const uint32_t *fields, size_t n);
/* The fields that are late, ascending; as many as zd_search_behind says. */
const uint32_t *zd_search_late_fields(const zd_search *s);
/* What the index holds of a field; all are complete before zd_search_compare. */
zd_field_standing zd_search_standing(const zd_search *s, uint32_t field);

/* For zd_store_start. */
zd_indexer zd_search_indexer(zd_search *s);

/* Store symbol of a resource type and back. */
uint32_t zd_search_type_symbol(const zd_search *s, zd_type type);
zd_type zd_search_symbol_type(const zd_search *s, uint32_t symbol);

/* Index entries of the resource at `root` of the tree, in the arena. For a transaction whose
 * references are being replaced, `edit_nodes`/`edit_values` (as zd_stored_edit) give the final
 * texts; both may be NULL with count 0. */
zd_err zd_search_entries(const zd_search *s, const zd_tree *tree, uint32_t root,
                         const uint32_t *edit_nodes, const zd_slice *edit_values, size_t edit_count,
                         zd_arena *arena, const zd_entry **out, size_t *n);

typedef enum zd_total {
  ZD_TOTAL_DEFAULT,
  ZD_TOTAL_NONE,
  ZD_TOTAL_ESTIMATE,
  ZD_TOTAL_ACCURATE
} zd_total;

/* _include, _revinclude (search.html#include), one of them. */
typedef struct zd_include {
  bool reverse, iterate;
  bool all;       /* "*" or "Type:*": every reference parameter of the type */
  zd_type source; /* the type that refers; ZD_NO_TYPE: any ("*") */
  uint32_t param; /* in the schema, unless all */
  zd_type target; /* only targets of this type; ZD_NO_TYPE: any */
} zd_include;

/* A parameter of the query that chooses resources, and its part of the plan. */
typedef struct zd_query_clause {
  const zd_plan *plan;
  zd_slice text; /* "name=ivan", decoded */
} zd_query_clause;

/* _contained=true, both (search.html#contained): what is asked of contained resources. */
typedef struct zd_contained_ask {
  zd_type type;           /* ZD_NO_TYPE: any */
  const zd_plan *plan;    /* asked of each contained resource, and of rows when `both` */
  const zd_plan *holders; /* rows that contain something of the type */
  bool both;
  bool apart;  /* _containedType=contained: matches are contained resources, not their containers */
  bool listed; /* `apart`, or ordered by what is contained: matches come from zd_search_contained */
} zd_contained_ask;

/* Result parameters (search.html#return) that shape the answer; everything else became the plan. */
typedef struct zd_query {
  const zd_plan *plan;
  const zd_plan *watch; /* of a condition, for zd_txn_watch: what the plan was made from (lists,
                           definitions, hierarchies); NULL: nothing */
  const zd_query_clause *clauses; /* for explaining */
  size_t clause_count;
  const zd_sort_key *sort; /* _sort, for zd_search_request */
  size_t sort_count;
  const struct zd_text_clause *const *texts; /* _text, _content: what they find can be ranked */
  size_t text_count;
  bool by_score; /* _sort=_score: in the order of zd_search_rank or not at all */
  const zd_contained_ask *contained; /* NULL: contained resources are not asked for */
  const zd_include *includes;
  size_t include_count;
  uint64_t max_results; /* _maxresults: no more matches than this over all pages; 0: not given */
  bool explain;         /* _explain=true */
  zd_type type;         /* ZD_NO_TYPE: system level */
  uint32_t count;       /* _count; default 50, at most 1000; 0: only the total */
  bool count_given;
  zd_total total;
  zd_slice summary;         /* "true", "text", "data", "count", "false" or absent */
  const zd_slice *elements; /* _elements */
  size_t element_count;
  zd_slice cursor; /* our paging parameter, as given back by us; absent on the first page */
  /* The parameters that were used, in order, as they belong into the self link (without leading ?),
   * and, with lenient handling, those that were left out. */
  zd_slice used;
  const zd_slice *ignored;
  size_t ignored_count;
} zd_query;

typedef struct zd_query_options {
  bool lenient;       /* Prefer: handling=lenient: unknown parameters are left out and listed */
  bool for_condition; /* If-None-Exist, conditional update/delete: result parameters are errors */
  uint32_t default_count;
  zd_snapshot *snapshot;   /* turns times (_lastUpdated) into rows; NULL: such clauses are checked
                              row by row, which is right and slow */
  zd_type compartment;     /* with compartment_id: only what zd_search_compartment links to it; */
  zd_slice compartment_id; /* absent: no compartment */
  int64_t now_ms;          /* for the prefix `ap` of dates; 0: the system's clock */
} zd_query_options;

/* Parses "name=ivan&birthdate=ge1980" (percent-encoded, from URL or form body) for `type`
 * (ZD_NO_TYPE: system level). The plan includes the type. Everything in the arena. ZD_ERR_INVALID
 * with issues (code, diagnostics, expression "http.name") when a parameter is unknown, a modifier
 * or prefix is not supported, a value is malformed; ZD_ERR_BUSY with issues when it is only too
 * early for it: what is stored is being indexed for a parameter. */
zd_err zd_search_parse(const zd_search *s, zd_type type, zd_slice query,
                       const zd_query_options *options, zd_arena *arena, zd_query *out,
                       zd_issues *issues);

/* A match of a query with _contained: a row itself (inner 0), or the inner-th resource that it
 * contains. */
typedef struct zd_hit {
  zd_row row;
  uint32_t inner;
} zd_hit;

/* What is asked of zd_search_contained: as zd_search_request. */
typedef struct zd_hits_request {
  zd_hit after;         /* continue behind this one; row ZD_NO_ROW: from the start */
  bool descending;      /* from the end */
  size_t limit;         /* most wanted */
  uint64_t deadline_ns; /* monotonic; 0: none. ZD_ERR_LIMIT when it passes */
  size_t memory_max;
} zd_hits_request;

enum { ZD_HITS_SORTED_MAX = 100000 };

/* The matches of a query that are `listed`: rows and contained resources when they stand apart,
 * else containers (inner 0). Without _sort in the order of rows, and of contained resources as they
 * stand in them; with it by what matched: a container stands at the least of the values of what
 * matched of it, descending at the greatest. ZD_ERR_LIMIT with _sort when more than
 * ZD_HITS_SORTED_MAX match.
 */
zd_err zd_search_contained(const zd_search *s, zd_snapshot *v, const zd_query *q,
                           const zd_hits_request *ask, zd_arena *arena, zd_hit *out, size_t *n,
                           zd_fault *fault);
/* How many there are, when they stand apart. */
zd_err zd_search_contained_count(const zd_search *s, zd_snapshot *v, const zd_query *q,
                                 uint64_t deadline_ns, size_t memory_max, uint64_t *n,
                                 zd_fault *fault);
/* What of a row matches a query with _contained: itself, what it contains. */
zd_err zd_search_contained_in(const zd_search *s, zd_snapshot *v, const zd_query *q, zd_row row,
                              uint64_t deadline_ns, zd_arena *arena, const zd_hit **out, size_t *n,
                              zd_fault *fault);
/* The node of the inner-th resource that the one at the root contains; 0: there is none. */
uint32_t zd_search_inner(const zd_search *s, const zd_tree *tree, uint32_t inner);

/* Rows of the resources that `includes` add to a page of matches, each once and none of the rows
 * `matches`; follows :iterate until nothing new comes. In the order in which they were found. What
 * is followed first is `from`; NULL: the matches. ZD_ERR_LIMIT when there are more than `limit`:
 * nothing is left out silently. Reads what `v` sees. */
typedef struct zd_page_matches {
  const zd_row *rows;
  size_t n;
  const zd_hit *from;
  size_t from_n;
} zd_page_matches;

zd_err zd_search_included(const zd_search *s, zd_snapshot *v, const zd_query *q,
                          const zd_page_matches *matches, size_t limit, uint64_t deadline_ns,
                          zd_arena *arena, const zd_row **out, size_t *count, zd_fault *fault);

/* How well the matches of a query with texts fit what those ask: BM25 (Robertson, Zaragoza 2009; k1
 * 1.2, b 0.75) over the words, phrases and beginnings that are not negated, counted in the
 * resources themselves. How rare a word is, is counted exactly among the resources of the query's
 * type; the usual length of a text is that of the matches. The best has the score 1, the others
 * their part of it; of equals the earlier row is first. The same for the same query on the same
 * snapshot. */
typedef struct zd_ranked {
  zd_row row;
  double score; /* 0..1 */
} zd_ranked;

enum { ZD_RANKED_MAX = 10000 };

/* All matches, best first. ZD_ERR_FULL, and nothing ranked, when there are more than `most` (at
 * most ZD_RANKED_MAX). ZD_ERR_LIMIT when the deadline passes. */
zd_err zd_search_rank(const zd_search *s, zd_snapshot *v, const zd_query *q, size_t most,
                      uint64_t deadline_ns, size_t memory_max, zd_arena *arena,
                      const zd_ranked **out, size_t *n, zd_fault *fault);

/* Rows of `type` in the compartment of one resource ("Patient", "123"), as a plan: what one of the
 * compartment's parameters links to it (compartmentdefinition.html). ZD_ERR_NOT_FOUND when the
 * compartment or the type in it is not defined. type ZD_NO_TYPE: every type in it. */
zd_err zd_search_compartment(const zd_search *s, zd_type compartment, zd_slice id, zd_type type,
                             zd_arena *arena, const zd_plan **out);

/* Whether a literal reference ("Patient/1", its absolute form under our base, either with
 * /_history/n) names a resource of this server, and which. */
bool zd_search_reference(const zd_search *s, zd_slice text, zd_type *type, zd_slice *id);

/* Parameters of a resource type for the CapabilityStatement: those that are really answered now. */
size_t zd_search_supported(const zd_search *s, zd_type type, uint32_t *params, size_t room);

/* For the same: modifiers a parameter of the type takes (static names without the colon); what
 * _include follows from the type, or with `reverse` what _revinclude follows to it: one parameter
 * each. They fill up to room and return how many there are. */
size_t zd_search_modifiers(const zd_search *s, zd_type type, uint32_t param, const char **out,
                           size_t room);
size_t zd_search_includes(const zd_search *s, zd_type type, bool reverse, zd_include *out,
                          size_t room);

#endif
