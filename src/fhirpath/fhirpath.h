/* fhirpath.h: FHIRPath, the whole language, compiled and run on resource trees.
 *
 * Sources: FHIRPath 2.0.0 (N1), FHIR R4 fhirpath.html, and of FHIRPath 3.0 what is stable:
 * defineVariable, lowBoundary, highBoundary, precision, comparable, sort, coalesce, repeatAll,
 * encode, decode, escape, unescape, trim, split, join, matchesFull, lastIndexOf, %rootResource.
 *
 *   zd_fhirpath_options how = {.schema = schema, .context = zd_schema_type(schema,
 * ZD_S("Patient"))}; err = zd_fhirpath_compile(&how, ZD_S("name.where(use = 'official').family"),
 * arena, &p, &fault); err = zd_fhirpath_eval(p, &env, &tree, 0, arena, &result, &fault);
 *
 * An expression is compiled once against the schema, where a wrong path, function or type is found
 * with its column; the program is immutable and may be shared by threads. Numbers are exact
 * decimals of up to 38 digits. What a result needs beyond that, and work beyond the limits, is
 * ZD_ERR_LIMIT, never a rounded or shortened answer.
 *
 * Floor: uses fhir and ucum. Knows nothing of search, store and rest; what needs them (references,
 * value sets, profiles) comes in through zd_fhirpath_world.
 */
#ifndef ZD_FHIRPATH_FHIRPATH_H
#define ZD_FHIRPATH_FHIRPATH_H

#include "base/arena.h"
#include "fhir/tree.h"

typedef struct zd_fhirpath zd_fhirpath;

enum {
  ZD_FHIRPATH_LENGTH_MAX = 65536, /* bytes of an expression */
  ZD_FHIRPATH_DEPTH_MAX = 64,     /* parentheses, functions and operators within each other */
  ZD_FHIRPATH_STEPS = 50000000    /* work of one evaluation, unless the environment says less */
};

/* ---- values ---- */

typedef enum zd_fhirpath_kind {
  ZD_FP_NODE, /* of a resource tree; primitives too: they have a type, children and a place */
  ZD_FP_BOOLEAN,
  ZD_FP_INTEGER,
  ZD_FP_LONG,
  ZD_FP_DECIMAL,
  ZD_FP_STRING,
  ZD_FP_DATE,
  ZD_FP_DATETIME,
  ZD_FP_TIME,
  ZD_FP_QUANTITY,
  ZD_FP_TYPE, /* what type() gives: SimpleTypeInfo or ClassInfo */
  ZD_FP_KINDS
} zd_fhirpath_kind;

typedef struct zd_fp_decimal zd_fp_decimal;
typedef struct zd_fp_moment zd_fp_moment;
typedef struct zd_fp_quantity zd_fp_quantity;

/* One item of a collection. Read it by the functions below. */
typedef struct zd_fhirpath_item {
  uint8_t kind;   /* zd_fhirpath_kind */
  uint8_t system; /* TYPE: a kind of System, type.n; else of FHIR */
  uint16_t spare;
  uint32_t n; /* NODE: its number; STRING: length; TYPE: zd_type or kind */
  union {
    const zd_tree *tree;
    int64_t integer; /* INTEGER, LONG; BOOLEAN 0 or 1 */
    const char *text;
    const zd_fp_decimal *decimal;
    const zd_fp_moment *moment;
    const zd_fp_quantity *quantity;
  } as;
} zd_fhirpath_item;

typedef struct zd_fhirpath_items {
  const zd_fhirpath_item *items; /* in the arena of the evaluation */
  size_t n;
} zd_fhirpath_items;

static inline zd_fhirpath_item zd_fhirpath_node(const zd_tree *tree, uint32_t node) {
  return (zd_fhirpath_item){.kind = ZD_FP_NODE, .n = node, .as.tree = tree};
}
static inline zd_fhirpath_item zd_fhirpath_boolean(bool value) {
  return (zd_fhirpath_item){.kind = ZD_FP_BOOLEAN, .as.integer = value};
}
static inline zd_fhirpath_item zd_fhirpath_string(zd_slice text) {
  return (zd_fhirpath_item){.kind = ZD_FP_STRING, .n = (uint32_t)text.n, .as.text = text.p};
}

/* "FHIR.HumanName", "System.String"; the namespace is left out with `bare`. In the arena or static.
 */
zd_slice zd_fhirpath_type_name(const zd_schema *schema, zd_fhirpath_item item, bool bare,
                               zd_arena *arena);
/* The value as text, without quotes: "1.50", "2012-04-15", "4 days", "185 '[lb_av]'"; of a
 * primitive node its value, absent when it has none; of other nodes canonical JSON. p is NULL when
 * absent or when memory is exhausted. */
zd_slice zd_fhirpath_text(const zd_schema *schema, zd_fhirpath_item item, zd_arena *arena);

/* ---- the world around an evaluation ----
 * Whatever a function pointer is missing for is refused by name when it is asked: a missing world
 * never gives an empty answer. All may return an error, which ends the evaluation. */
typedef struct zd_fhirpath_world {
  void *state;
  /* The resource that a reference text or canonical leads to; out->as.tree NULL: there is none.
   * Contained resources ("#p1") and entries of the Bundle at hand are found without it. */
  zd_err (*resolve)(void *state, zd_slice reference, zd_arena *arena, zd_fhirpath_item *out,
                    zd_fault *fault);
  /* *answer: 1 true, 0 false, -1 not known (empty). `coded` is a code, Coding or CodeableConcept;
   * codes of the shipped, enumerable value sets are found without it. */
  zd_err (*member_of)(void *state, zd_fhirpath_item coded, zd_slice value_set, zd_arena *arena,
                      int *answer, zd_fault *fault);
  /* Of definitions of whole types (http://hl7.org/fhir/StructureDefinition/Patient) the type
   * answers without it. */
  zd_err (*conforms_to)(void *state, zd_fhirpath_item item, zd_slice profile, zd_arena *arena,
                        int *answer, zd_fault *fault);
  /* trace(name, items) */
  void (*trace)(void *state, zd_slice name, const zd_fhirpath_items *items);
} zd_fhirpath_world;

typedef struct zd_fhirpath_env {
  int64_t now_ms;         /* now(), today(), timeOfDay(): the same for a whole evaluation */
  int16_t offset_minutes; /* time zone that they are told in */
  const zd_fhirpath_items *variables;    /* in the order of zd_fhirpath_options.variables */
  const zd_fhirpath_world *world;        /* may be NULL */
  const zd_fhirpath_item *root_resource; /* %rootResource; NULL: the outermost of the context */
  uint64_t steps;                        /* limit of work; 0: ZD_FHIRPATH_STEPS */
} zd_fhirpath_env;

/* ---- compiling and running ---- */

typedef struct zd_fhirpath_options {
  const zd_schema *schema;
  zd_type context; /* of what it will be run on; ZD_NO_TYPE: anything */
  /* Paths and type names that the context cannot have yield nothing instead of being errors, and
   * `as` passes over what is of another type, whatever the number: as search parameters, which
   * speak of several resource types, need it. */
  bool lenient;
  const zd_slice *variables; /* names without % that the environment supplies */
  size_t variable_count;
} zd_fhirpath_options;

/* ZD_ERR_INVALID: grammar, unknown names, types that do not fit; ZD_ERR_UNSUPPORTED, ZD_ERR_LIMIT:
 * both with the column in *fault; ZD_ERR_MEMORY. The program lives in the arena. */
zd_err zd_fhirpath_compile(const zd_fhirpath_options *options, zd_slice expression, zd_arena *arena,
                           const zd_fhirpath **out, zd_fault *fault);

/* Runs it on a node. `out` and what it leads to live in the arena, and in the tree.
 * ZD_ERR_INVALID: the data break a rule of the language (several items where one is asked);
 * ZD_ERR_UNSUPPORTED: needs a world that is not there; ZD_ERR_LIMIT; ZD_ERR_MEMORY. env may be NULL
 * for expressions without a clock, variables and a world. */
zd_err zd_fhirpath_eval(const zd_fhirpath *program, const zd_fhirpath_env *env, const zd_tree *tree,
                        uint32_t node, zd_arena *arena, zd_fhirpath_items *out, zd_fault *fault);

/* As an invariant is asked: 1 true, 0 false, -1 empty (FHIRPath 2.0.0, 4.5: one item that is no
 * boolean is true). */
zd_err zd_fhirpath_test(const zd_fhirpath *program, const zd_fhirpath_env *env, const zd_tree *tree,
                        uint32_t node, zd_arena *arena, int *out, zd_fault *fault);

#endif
