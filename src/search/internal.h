/* internal.h: structures shared by the files of search/. Nobody else includes it. */
#ifndef ZD_SEARCH_INTERNAL_H
#define ZD_SEARCH_INTERNAL_H

#include <stdatomic.h>

#include "base/pool.h"
#include "fhir/path.h"
#include "search/codes/terminology.h"
#include "search/moment.h"
#include "search/search.h"
#include "search/values/decimal.h"
#include "search/values/units.h"

/* ---- shapes: how a type's values are read, told once per type instead of compared by name ---- */

typedef enum zd_shape {
  ZD_SHAPE_NONE,
  ZD_SHAPE_BOOLEAN,
  ZD_SHAPE_NUMBER,
  ZD_SHAPE_TEXT,      /* string, markdown */
  ZD_SHAPE_CODE,      /* code */
  ZD_SHAPE_ID,        /* id */
  ZD_SHAPE_URI,       /* uri, url, oid, uuid */
  ZD_SHAPE_CANONICAL, /* canonical */
  ZD_SHAPE_DATE,      /* date, dateTime, instant */
  ZD_SHAPE_CODING,
  ZD_SHAPE_CONCEPT,
  ZD_SHAPE_IDENTIFIER,
  ZD_SHAPE_CONTACT,
  ZD_SHAPE_REFERENCE,
  ZD_SHAPE_QUANTITY, /* and what derives from it: Age, Duration, ... */
  ZD_SHAPE_MONEY,
  ZD_SHAPE_RANGE,
  ZD_SHAPE_SAMPLED,
  ZD_SHAPE_PERIOD,
  ZD_SHAPE_TIMING,
  ZD_SHAPE_NAME,
  ZD_SHAPE_ADDRESS,
  ZD_SHAPE_POSITION,
  ZD_SHAPE_RESOURCE
} zd_shape;

enum { ZD_SHAPE_SLOTS = 8 };

/* Element numbers of the children a shape is read from, in the order of the table in shape.c. */
typedef struct zd_shape_info {
  uint8_t shape;
  zd_element slot[ZD_SHAPE_SLOTS];
} zd_shape_info;

/* Fills one entry per type of the schema. NULL when memory is exhausted. */
zd_shape_info *zd_shapes_make(const zd_schema *schema, zd_arena *arena);

/* ---- facts: what a node says to a parameter of some type ---- */

/* One thing that can match. Slices live in the tree's source or the arena. */
typedef struct zd_fact {
  zd_slice system, code; /* token; unit of a quantity. code absent: an identifier without value */
  zd_slice text;         /* string, uri: as stored; quantity: unit as written; reference: url */
  zd_slice version;      /* canonical: behind the |; absent when there is none */
  zd_type type;          /* reference: type of a local target, or ZD_NO_TYPE */
  zd_slice id;           /* reference: id of a local target */
  zd_moment when;        /* date */
  zd_decimal low, high;  /* number, quantity */
  bool no_low, no_high;  /* it has no such bound */
  bool plain;            /* quantity: a Quantity, not a Range or SampledData */
  double latitude, longitude; /* near */
} zd_fact;

typedef zd_err (*zd_fact_sink)(void *state, const zd_fact *fact);

/* Where facts are read from. */
typedef struct zd_source {
  const zd_search *search;
  const zd_tree *tree;
  const uint32_t *edit_nodes; /* sorted; their values replace those of the tree */
  const zd_slice *edit_values;
  size_t edit_count;
  zd_arena *arena;
} zd_source;

/* Calls `sink` for every fact of `node` under a parameter of type `kind`. A node whose type that
 * kind does not speak about (the string alternative of a date parameter's choice) has none.
 * ZD_ERR_INTERNAL when a value breaks its type's grammar, which the codec does not let through. */
zd_err zd_facts(const zd_source *x, zd_param_type kind, uint32_t node, zd_fact_sink sink,
                void *state);

/* The text of a primitive, edits applied; absent when it has no value, or is no primitive. */
zd_err zd_source_text(const zd_source *x, uint32_t node, zd_slice *out);
/* The first edit at `node` or behind it; edit_count: there is none. */
size_t zd_source_edit_from(const zd_source *x, uint32_t node);
/* Type of the resource that the reference at `node` names, edits applied; ZD_NO_TYPE: unknown. */
zd_type zd_source_target(const zd_source *x, uint32_t node);

/* What a modifier looks at besides. */
typedef enum zd_aspect {
  ZD_ASPECT_TEXT,      /* token: Coding.display, CodeableConcept.text, Identifier.type.text */
  ZD_ASPECT_IDENTIFIER /* reference: Reference.identifier, as a token */
} zd_aspect;
zd_err zd_aspect_facts(const zd_source *x, zd_aspect aspect, uint32_t node, zd_fact_sink sink,
                       void *state);
/* Whether `node` is an Identifier of this value with a type.coding of this system and code. */
zd_err zd_fact_is_typed(const zd_source *x, uint32_t node, zd_slice system, zd_slice code,
                        zd_slice value, bool *hit);
/* Whether the element is there for :missing: a value, or content other than id and extensions. */
bool zd_fact_is_there(const zd_source *x, uint32_t node);

/* Splits a literal reference or a query's reference value: local ("Patient/1", own base stripped,
 * any /_history/n stripped) sets type and id, anything else sets text to the url. */
void zd_fact_reference(const zd_search *s, zd_slice text, zd_fact *fact);
/* [A-Za-z0-9.-]{1,64} */
bool zd_fact_is_id(zd_slice id);
/* Type of the target: of a local one its own, else what the url's last two parts say; ZD_NO_TYPE
 * when they say nothing. Decides where(resolve() is T) without reading the target. */
zd_type zd_fact_target(const zd_search *s, const zd_fact *fact);
/* Splits "url|version". */
void zd_fact_canonical(zd_slice text, zd_fact *fact);

/* ---- terms: how facts are written into the index ---- */

/* Fixed first bytes of reference terms and unit terms. */
enum { ZD_TERM_LOCAL = 1, ZD_TERM_URL = 2, ZD_TERM_VERSIONED = 3 };
enum { ZD_UNIT_MIXED = 0, ZD_UNIT_CODE = 1, ZD_UNIT_TEXT = 2 };
enum { ZD_STRING_MAX = 256, ZD_URI_MAX = 200 }; /* what terms hold whole */
/* First byte of a term in a parameter's second field: what it says besides. */
enum {
  ZD_MORE_THERE = 'P',     /* alone: an element is there of which no other entry tells */
  ZD_MORE_LONG = 'L',      /* alone: a text is longer than its term */
  ZD_MORE_EXACT = 'E',     /* string: its folded form and itself, where that can't be told */
  ZD_MORE_TEXT = 'T',      /* token: folded text */
  ZD_MORE_IDENTIFIER = 'I' /* reference: its identifier, as a token */
};

/* Number of a token system, 0: none. ZD_NO_SYMBOL: not in the table (full, or unknown). */
uint32_t zd_term_system(const zd_search *s, zd_slice system, bool create, zd_arena *arena);

/* Terms in the arena; p is NULL when memory is exhausted. */
zd_slice zd_term_token(zd_slice code, uint32_t symbol, zd_slice system, zd_arena *arena);
zd_slice zd_term_token_any(zd_slice code, zd_arena *arena); /* a prefix: code, any system */
/* The same two behind a tag of a second field. */
zd_slice zd_term_more(uint8_t tag, zd_slice code, uint32_t symbol, zd_slice system,
                      zd_arena *arena);
zd_slice zd_term_more_any(uint8_t tag, zd_slice code, zd_arena *arena);
zd_slice zd_term_local(const zd_search *s, zd_type type, zd_slice id, zd_arena *arena);
zd_slice zd_term_tagged(uint8_t tag, zd_slice text, zd_arena *arena);
zd_slice zd_term_unit(zd_slice code, uint32_t symbol, zd_slice system, zd_arena *arena);
zd_slice zd_term_unit_any(zd_slice code, zd_arena *arena); /* a prefix */
zd_slice zd_term_uri(zd_slice uri, zd_arena *arena);

/* What the search's units say of a unit; *known false: nothing. */
zd_err zd_canonical_of(const zd_search *s, zd_slice system, zd_slice code, zd_arena *arena,
                       zd_canonical_unit *out, bool *known);
/* The column of canon_field for values in this canonical unit; absent: no memory. */
zd_slice zd_canonical_column(const zd_canonical_unit *unit, zd_arena *arena);
/* A value in the canonical unit, so far that its key is right (zd_decimal_quotient), times
 * its scale. */
zd_err zd_canonical_value(const zd_decimal *value, const zd_canonical_unit *unit, zd_arena *arena,
                          zd_decimal *out);

/* ---- programs: all parameters of a resource type, compiled ---- */

/* One parameter for one resource type. */
typedef struct zd_search_param {
  uint32_t index; /* in the schema */
  zd_param_type kind;
  uint32_t field;       /* symbol; ZD_NO_SYMBOL: not indexed */
  uint32_t unit_field;  /* quantity: symbol of the units */
  uint32_t more_field;  /* what modifiers ask besides: terms by ZD_MORE_; near: longitudes */
  uint32_t canon_field; /* quantity: scaled values in canonical units, a column for each unit;
                           ZD_NO_SYMBOL without zd_units */
  zd_type only;         /* references to this type only, in a field shared with another parameter */
  bool shared;          /* the field holds rows of several resource types */
  bool owner;           /* produces the field's entries; else another parameter does */
  bool answered;
  bool user;      /* not of the standard: it may come and go */
  bool own_links; /* what it refers to within containers is told in more_field (contained.h) */
  bool late, more_late; /* while `behind`: must not be asked, nor modifiers of it; see fields.c */
} zd_search_param;

/* A parameter that wants a node; of references only those to `only`, if that is a type. */
typedef struct zd_walk_want {
  uint16_t param; /* number in zd_search_type.params */
  zd_type only;
  uint16_t like; /* the first want of the state to which a node says the same; itself: none */
} zd_walk_want;

/* A state of the walk over a resource: for elements first .. first+count-1 of its type the next
 * state (0: nothing below is wanted), and the parameters that want the node itself. */
typedef struct zd_walk_state {
  zd_element first;
  uint16_t count;
  uint16_t *next;
  zd_walk_want *wants;
  uint16_t want_count, want_room;
  zd_type type;
  bool repeats; /* its nodes say terms alone, and often the same ones */
} zd_walk_state;

/* What the walk can't say is asked of a FHIRPath program. */
typedef struct zd_walk_path {
  const zd_path *path;
  uint16_t param;
} zd_walk_path;

typedef struct zd_search_type {
  zd_search_param *params;
  uint16_t count;
  zd_walk_state *states; /* states[0] stands for "nothing"; the root is states[1] */
  uint16_t state_count, state_room;
  zd_walk_path *paths;
  uint16_t path_count;
  uint32_t symbol;
  zd_element contained; /* the element; ZD_NO_ELEMENT: it contains nothing */
} zd_search_type;

struct zd_search {
  const zd_schema *schema;
  zd_store *store;
  zd_slice base_url; /* without a slash at its end; empty: none */
  int zone_minutes;
  zd_shape_info *shapes;
  zd_slice *set_system; /* by value set: the one system of its codes; absent: none or several */
  zd_terminology terminology;
  zd_units units;        /* .canonical NULL: none */
  struct zd_text *text;  /* full text search (text.h) */
  zd_search_type *types; /* by zd_type */
  zd_pool *memos;        /* of zd_said: what elements said before */
  zd_type *symbol_type;  /* by type symbol */
  uint32_t symbol_count; /* entries in symbol_type */
  uint32_t known_before; /* symbols the store had before this search was opened */
  uint32_t *filled;      /* sorted: every field that is filled; NULL before zd_search_compare */
  size_t filled_count;
  uint32_t *late; /* sorted: those that rows stored earlier may lack; see fields.c */
  size_t late_count;
  bool no_texts;            /* narrowed: see zd_search_narrow */
  uint32_t contained_field; /* what resources contain: contained.h */
  atomic_bool behind;       /* those fields are not complete yet */
  zd_arena arena;
};

/* Compiles the parameters of one type. */
zd_err zd_program_make(zd_search *s, zd_type type, zd_fault *fault);
/* Says of the wants of its states which are alike, and which states repeat: whenever wants change.
 */
void zd_program_compare(const zd_search *s, zd_search_type *t);
/* Whether the parameter must not be asked yet. */
bool zd_field_is_late(const zd_search *s, const zd_search_param *param);
/* The same of the field that most modifiers ask besides. */
bool zd_field_more_is_late(const zd_search *s, const zd_search_param *param);

/* The same of what resources contain. */
bool zd_contained_is_late(const zd_search *s);

/* The parameter `code` of `type`, NULL when it has none. */
const zd_search_param *zd_program_find(const zd_search *s, zd_type type, zd_slice code);
const zd_search_param *zd_program_param(const zd_search *s, zd_type type, uint32_t index);

/* ---- clauses: what a query asks ---- */

typedef enum zd_prefix {
  ZD_PREFIX_EQ,
  ZD_PREFIX_NE,
  ZD_PREFIX_GT,
  ZD_PREFIX_LT,
  ZD_PREFIX_GE,
  ZD_PREFIX_LE,
  ZD_PREFIX_SA,
  ZD_PREFIX_EB,
  ZD_PREFIX_AP
} zd_prefix;

typedef struct zd_search_value zd_search_value;
struct zd_search_value {
  zd_prefix prefix;
  zd_moment when;             /* date; for ap already widened */
  zd_decimal number;          /* number, quantity: as written */
  zd_decimal low, high;       /* eq, ne: [low, high); ap: [low, high] */
  bool any_system, no_system; /* token: "code", "|code"; else `system` */
  bool any_code;              /* token: "system|" */
  zd_slice system, code;      /* token; unit of a quantity */
  enum { ZD_UNIT_ANY, ZD_UNIT_EXACT, ZD_UNIT_LOOSE } unit; /* none, system|code, |code */
  bool has_canonical; /* quantity: its unit is one of zd_units */
  zd_canonical_unit canonical;
  zd_slice text;                /* string: folded, not cut; uri: as given */
  zd_fact reference;            /* reference: split */
  bool bare_id;                 /* reference: only an id was given */
  const zd_search_value *parts; /* composite: one per component */
  bool missing;                 /* :missing=true */
  zd_slice raw;                 /* :exact: as given; :of-type: the identifier's value */
  const zd_coded *codes; /* :in, :not-in, :above, :below: sorted by zd_coded_cmp; of references
                            ids, with the type's name for a system */
  size_t code_count;
  struct zd_near {
    double latitude, longitude, metres;
  } near; /* special: near */
};

/* Order of the codes of a value: by code, then system, absent ones first. */
int zd_coded_cmp(const zd_coded *a, const zd_coded *b);

/* search.html#modifiers */
typedef enum zd_modifier {
  ZD_MOD_NONE,
  ZD_MOD_MISSING,
  ZD_MOD_EXACT,
  ZD_MOD_CONTAINS,
  ZD_MOD_TEXT,
  ZD_MOD_NOT,
  ZD_MOD_IN,
  ZD_MOD_NOT_IN,
  ZD_MOD_ABOVE,
  ZD_MOD_BELOW,
  ZD_MOD_IDENTIFIER,
  ZD_MOD_OF_TYPE,
  ZD_MOD_TYPE /* a resource type: zd_clause.only */
} zd_modifier;

/* Reads what stands behind the colon of a parameter's name ("exact", "Patient"). ZD_ERR_INVALID
 * when there is no such modifier for the parameter, ZD_ERR_UNSUPPORTED when R4 has it and we don't,
 * ZD_ERR_BUSY while rows stored earlier are being indexed for it; *fault says why. */
zd_err zd_modifier_read(const zd_search *s, zd_type type, const zd_search_param *param,
                        zd_slice text, zd_modifier *out, zd_type *only, zd_fault *fault);

/* Whether the parameter may refer to resources of this type. */
bool zd_param_may_refer(const zd_search *s, const zd_search_param *param, zd_type type);

typedef struct zd_clause {
  zd_modifier modifier;
  zd_type only; /* ZD_MOD_TYPE */
  const zd_search_param *param;
  zd_type type; /* resource type asked; ZD_NO_TYPE at system level */
  zd_slice name;
  const zd_search_value *values;
  size_t count;
} zd_clause;

/* Parses one value (still escaped) for a parameter. ZD_ERR_INVALID, ZD_ERR_UNSUPPORTED with the
 * reason in *fault. now_ms: for ap. */
typedef struct zd_value_context {
  const zd_search *search;
  int64_t now_ms;
  zd_arena *arena;
  zd_fault *fault;
  zd_modifier modifier;  /* of the clause */
  size_t *work;          /* of the query, see zd_code_spend; may be NULL */
  zd_snapshot *snapshot; /* where value sets and code systems are looked up; may be NULL */
} zd_value_context;
/* How an error of zd_value_read or zd_modifier_read is reported. */
zd_issue_code zd_value_issue(zd_err err);
zd_err zd_value_read(const zd_value_context *x, const zd_search_param *param, zd_slice text,
                     zd_search_value *out);
/* Splits at an unescaped `by`: the part before it; *rest the part behind, absent when none. */
zd_slice zd_value_split(zd_slice text, char by, zd_slice *rest);

/* The clause as a plan. */
zd_err zd_plan_clause(const zd_search *s, const zd_clause *clause, zd_arena *arena,
                      const zd_plan **out);
zd_plan *zd_plan_new(zd_arena *arena, zd_plan_op op);
zd_err zd_plan_group(zd_plan_op op, const zd_plan *const *children, size_t n, zd_arena *arena,
                     const zd_plan **out);

/* _lastUpdated: rows are in the order of time. */
zd_err zd_plan_updated(const zd_search *s, const zd_clause *clause, zd_snapshot *snapshot,
                       int64_t now_ms, zd_arena *arena, const zd_plan **out);
/* _id */
zd_err zd_plan_ids(const zd_search *s, zd_type type, const zd_slice *ids, size_t n, zd_arena *arena,
                   const zd_plan **out);
/* Every row, and the plan's rows: those alone, when contained resources are asked (contained.h). */
zd_err zd_plan_rows(zd_arena *arena, const zd_plan **out);
zd_err zd_plan_of_rows(const zd_plan *plan, zd_arena *arena, const zd_plan **out);
/* Whether the plan is a CHECK of _lastUpdated. */
bool zd_plan_is_updated(const zd_plan *plan);
/* Rows of one resource type. */
zd_err zd_plan_type(const zd_search *s, zd_type type, zd_arena *arena, const zd_plan **out);

/* The tree of a stored body. ZD_ERR_CORRUPT when it can't be read. */
zd_err zd_stored_tree(const zd_search *s, uint32_t type, zd_slice body, zd_arena *arena,
                      zd_tree *out);

/* The same, asked of one resource and answered by the specification's words: what CHECK nodes rest
 * on, and the reference for tests. */
zd_err zd_match_clause(const zd_search *s, const zd_clause *clause, const zd_tree *tree,
                       uint32_t root, zd_arena *arena, bool *hit);
/* One value against one fact. */
bool zd_match_fact(const zd_search *s, const zd_search_param *param, const zd_search_value *v,
                   const zd_fact *fact, zd_arena *arena);

/* ---- queries ---- */

enum {
  ZD_QUERY_BYTES_MAX = 1 << 20,
  ZD_QUERY_PARAMS_MAX = 256,
  ZD_QUERY_VALUES_MAX = 10000, /* joined by commas */
  ZD_QUERY_VALUE_BYTES_MAX = 8192,
  ZD_QUERY_CODES_MAX = 100000,   /* of a value set, or below a code */
  ZD_QUERY_GUESSES_MAX = 100000, /* types tried for ids without one, in one clause */
  ZD_QUERY_COUNT_DEFAULT = 50,
  ZD_QUERY_COUNT_MAX = 1000
};

/* One name=value of the query, decoded. */
typedef struct zd_query_part {
  zd_slice name, value;
} zd_query_part;

/* _contained */
typedef enum zd_contained { ZD_CONTAINED_NOT, ZD_CONTAINED_ONLY, ZD_CONTAINED_BOTH } zd_contained;

/* A query being read. */
typedef struct zd_query_reader {
  const zd_search *s;
  zd_type type;
  const zd_query_options *options;
  zd_arena *arena;
  zd_query *out;
  zd_issues *issues;
  int64_t now_ms;
  size_t work;           /* codes and definitions looked at, see zd_code_spend */
  const zd_plan **plans; /* one per clause */
  size_t plan_count;
  const zd_plan **watches; /* of a condition */
  size_t watch_count, watch_room;
  zd_contained contained;
  bool contained_apart;                /* _containedType=contained */
  bool contained_known, any_contained; /* whether anything is contained anywhere */
  bool typed;                          /* a clause keeps to rows of the type already */
  unsigned given; /* result parameters seen: bits by their place in the table */
  char *used;
  size_t used_n;
  zd_slice *ignored;
  size_t ignored_n;
} zd_query_reader;

/* Adds an issue about a parameter; returns ZD_ERR_INVALID, or ZD_ERR_BUSY when it is TRANSIENT. */
zd_err zd_query_refuse(zd_query_reader *q, zd_slice name, zd_issue_code code, const char *format,
                       ...) __attribute__((format(printf, 4, 5)));
/* The same of what is asked too early, even when lenient: "%s is new, what was stored before is
 * being indexed for it". */
zd_err zd_query_later(zd_query_reader *q, zd_slice name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A parameter that is not known or not offered: refused, or left out with lenient handling. */
zd_err zd_query_leave_out(zd_query_reader *q, const zd_query_part *part, const char *why);

/* Handles the part when its name is a result parameter (_count, ...); *mine says whether it is. */
zd_err zd_query_result(zd_query_reader *q, const zd_query_part *part, bool *mine);

/* In a condition: the plan was made from rows of `plan`, or of the type (ZD_NO_TYPE: any). */
zd_err zd_query_watch(zd_query_reader *q, const zd_plan *plan);
zd_err zd_query_watch_type(zd_query_reader *q, zd_type type);

/* Takes the next part off *rest and decodes it; false at the end. ZD_ERR_INVALID in *err when it is
 * not decodable. */
bool zd_query_next(zd_query_reader *q, zd_slice *rest, zd_query_part *part, zd_err *err);
/* Adds the part to the self link. */
void zd_query_use(zd_query_reader *q, const zd_query_part *part);

#endif
