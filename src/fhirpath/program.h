/* program.h: a compiled expression, and what runs it. Private to fhirpath/.
 *
 * A program is a tree of operations, each with the function that runs it. Static types are known
 * while compiling, so that a step is a comparison of element numbers; a run of steps is one
 * operation that walks the tree depth first, without lists in between:
 *
 *   name.where(use = 'official').family
 *
 *   steps [family] ◄── where ◄── steps [name]
 *                        └ argument: equal( steps [use], 'official' )
 *
 * Nothing is compared by name at run time. What has no context (1 + 1) is computed while compiling.
 */
#ifndef ZD_FHIRPATH_PROGRAM_H
#define ZD_FHIRPATH_PROGRAM_H

#include "fhirpath/syntax.h"
#include "fhirpath/value.h"

/* ---- collections ---- */

/* A collection under evaluation: one item in place, more in the arena. Items are never changed once
 * a function has returned them; the same array may be shared. */
typedef struct zd_fp_seq {
  uint32_t n;
  bool unordered; /* children(): what asks for an order is on its own */
  zd_fhirpath_item one;
  const zd_fhirpath_item *many; /* when n > 1 */
} zd_fp_seq;

static inline const zd_fhirpath_item *zd_fp_at(const zd_fp_seq *s) {
  return s->n == 1 ? &s->one : s->many;
}

typedef struct zd_fp_op zd_fp_op;
typedef struct zd_fp_running zd_fp_running;

/* What $this, $index and $total are. `path` starts from `self` too. */
typedef struct zd_fp_frame {
  const zd_fhirpath_item *self; /* $this */
  uint32_t self_count;          /* 1; more or nothing in defineVariable and iif */
  uint32_t index;
  const zd_fp_seq *total;
} zd_fp_frame;

/* Runs an operation. False: it failed, the running holds why. *out is set, not added to. */
typedef bool zd_fp_run(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out);

/* Elements low .. high; the alternatives of a choice are neighbours. */
typedef struct zd_fp_range {
  zd_element low, high;
} zd_fp_range;

enum {
  ZD_FP_MEMBER_NONE,
  ZD_FP_MEMBER_NAMESPACE,
  ZD_FP_MEMBER_NAME,
  ZD_FP_MEMBER_BASE,
  ZD_FP_MEMBER_VALUE,
  ZD_FP_MEMBER_UNIT
};

/* One step of a path: children whose element is in one of the ranges (sorted). */
typedef struct zd_fp_step {
  zd_fp_range one;           /* when n is 1 */
  uint16_t n, member;        /* member: of items that are no nodes, ZD_FP_MEMBER_ */
  const zd_fp_range *ranges; /* when n > 1 */
} zd_fp_step;

/* A type as is, as and ofType name it. */
typedef struct zd_fp_type_name {
  zd_type fhir;   /* ZD_NO_TYPE: none of that name */
  uint8_t system; /* kind; NODE: none of that name */
  bool exact;     /* as and ofType: primitives are of the type itself, not of one derived from it */
} zd_fp_type_name;

/* What an operation's value depends on, besides the program. Nothing: it is computed while
 * compiling. */
enum { ZD_FP_NEEDS_SELF = 1, ZD_FP_NEEDS_TOTAL = 2, ZD_FP_NEEDS_WORLD = 4 };

struct zd_fp_op {
  zd_fp_run *run;
  const zd_fp_op *input; /* NULL: $this */
  const zd_fp_op *const *arguments;
  uint32_t at;         /* offset in the expression */
  uint8_t argc, which; /* zd_fp_operator, ZD_EXTERNAL_, how to round ... */
  uint8_t needs;       /* ZD_FP_NEEDS_ */
  uint16_t slot;       /* of a variable */
  uint16_t step_count;
  union {
    zd_fhirpath_item value;
    const zd_fp_step *steps;
    zd_fp_type_name type;
    zd_fp_seq seq;
    const void *regex;
    const bool *descending;
  } u;
};

struct zd_fhirpath {
  const zd_schema *schema;
  const zd_fp_op *root;
  uint32_t slots;   /* of defineVariable */
  zd_type quantity; /* FHIR's */
};

/* ---- running ---- */

struct zd_fp_running {
  const zd_fhirpath *program;
  const zd_schema *schema;
  const zd_fhirpath_env *env;
  zd_arena *arena;
  zd_fhirpath_item context;
  zd_fp_seq *slots;
  uint64_t budget;
  zd_err err;
  zd_fault *fault;
};

/* Says why, with the operation's column, and fails. */
bool zd_fp_fail(zd_fp_running *r, const zd_fp_op *o, zd_err err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
bool zd_fp_no_memory(zd_fp_running *r);
bool zd_fp_too_long(zd_fp_running *r, const zd_fp_op *o);  /* the budget is spent */
bool zd_fp_too_large(zd_fp_running *r, const zd_fp_op *o); /* of numbers beyond 38 digits */
static inline bool zd_fp_spend(zd_fp_running *r, const zd_fp_op *o, uint64_t work) {
  if (r->budget < work) return zd_fp_too_long(r, o);
  r->budget -= work;
  return true;
}

/* Building: start from an empty one. */
bool zd_fp_push_more(zd_fp_running *r, zd_fp_seq *s, zd_fhirpath_item item);
static inline bool zd_fp_push(zd_fp_running *r, zd_fp_seq *s, zd_fhirpath_item item) {
  if (s->n) return zd_fp_push_more(r, s, item);
  s->n = 1;
  s->one = item;
  return true;
}
bool zd_fp_push_all(zd_fp_running *r, zd_fp_seq *s, const zd_fp_seq *more);
/* `count` items from `from` on, which are there. */
zd_fp_seq zd_fp_part(const zd_fp_seq *s, uint32_t from, uint32_t count);
static inline zd_fp_seq zd_fp_one(zd_fhirpath_item item) {
  return (zd_fp_seq){.n = 1, .one = item};
}
static inline bool zd_fp_give(zd_fp_seq *out, zd_fhirpath_item item) {
  *out = zd_fp_one(item);
  return true;
}
static inline bool zd_fp_give_boolean(zd_fp_seq *out, bool value) {
  return zd_fp_give(out, zd_fhirpath_boolean(value));
}
static inline bool zd_fp_give_none(zd_fp_seq *out) {
  out->n = 0;
  out->unordered = false;
  return true;
}
static inline bool zd_fp_give_integer(zd_fp_seq *out, int64_t value) {
  return zd_fp_give(out, (zd_fhirpath_item){.kind = ZD_FP_INTEGER, .as.integer = value});
}
bool zd_fp_give_decimal(zd_fp_running *r, zd_fp_decimal value, zd_fp_seq *out);
bool zd_fp_give_quantity(zd_fp_running *r, zd_fp_decimal value, zd_slice unit, uint8_t calendar,
                         zd_fp_seq *out);
bool zd_fp_give_moment(zd_fp_running *r, zd_fhirpath_kind kind, const zd_fp_moment *m,
                       zd_fp_seq *out);

/* What the operation is applied to: its input, or $this. */
static inline bool zd_fp_input(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f,
                               zd_fp_seq *out) {
  if (o->input) return o->input->run(r, o->input, f, out);
  *out = (zd_fp_seq){.n = f->self_count, .many = f->self};
  if (f->self_count == 1) out->one = *f->self;
  return true;
}
static inline bool zd_fp_argument(zd_fp_running *r, const zd_fp_op *o, int k, const zd_fp_frame *f,
                                  zd_fp_seq *out) {
  return o->arguments[k]->run(r, o->arguments[k], f, out);
}

/* A primitive node's value as an item of System; other items as they are. *has false: a node
 * without a value. A Quantity of FHIR becomes one of System when it has a value. */
bool zd_fp_value(zd_fp_running *r, const zd_fp_op *o, const zd_fhirpath_item *item,
                 zd_fhirpath_item *out, bool *has);
/* The one item's value; *has false when there is none. Several are an error. */
bool zd_fp_single(zd_fp_running *r, const zd_fp_op *o, const zd_fp_seq *s, zd_fhirpath_item *out,
                  bool *has);
/* The same, of one kind; INTEGER becomes LONG, DECIMAL, QUANTITY as asked; other kinds are errors.
 */
bool zd_fp_single_as(zd_fp_running *r, const zd_fp_op *o, const zd_fp_seq *s, zd_fhirpath_kind kind,
                     zd_fhirpath_item *out, bool *has);
/* Singleton evaluation as a truth: 1, 0, -1 empty. */
bool zd_fp_truth(zd_fp_running *r, const zd_fp_op *o, const zd_fp_seq *s, int *out);
/* Runs an operation as a truth. */
bool zd_fp_test(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, int *out);
static inline bool zd_fp_give_truth(zd_fp_seq *out, int truth) {
  return truth < 0 ? zd_fp_give_none(out) : zd_fp_give_boolean(out, truth != 0);
}
/* Argument k as a value of one kind. */
bool zd_fp_argument_as(zd_fp_running *r, const zd_fp_op *o, int k, const zd_fp_frame *f,
                       zd_fhirpath_kind kind, zd_fhirpath_item *out, bool *has);
/* Input as a value of one kind. */
bool zd_fp_input_as(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f,
                    zd_fhirpath_kind kind, zd_fhirpath_item *out, bool *has);

/* ---- equality (equal.c) ---- */

/* 1, 0, -1 unknown. */
bool zd_fp_equal(zd_fp_running *r, const zd_fp_op *o, const zd_fhirpath_item *a,
                 const zd_fhirpath_item *b, int *out);
bool zd_fp_alike(zd_fp_running *r, const zd_fp_op *o, const zd_fhirpath_item *a,
                 const zd_fhirpath_item *b, bool *out);
/* Is it in the set? Equality; unknown is no. */
bool zd_fp_contains(zd_fp_running *r, const zd_fp_op *o, const zd_fp_seq *set,
                    const zd_fhirpath_item *item, bool *out);
/* Adds what is not there yet. */
bool zd_fp_push_new(zd_fp_running *r, const zd_fp_op *o, zd_fp_seq *s,
                    const zd_fhirpath_item *item);
/* The order of two values; UNKNOWN: empty. Kinds that have none between them are an error. */
bool zd_fp_order_of(zd_fp_running *r, const zd_fp_op *o, const zd_fhirpath_item *a,
                    const zd_fhirpath_item *b, zd_fp_order *out);

/* ---- quantities (quantity.c) ---- */

/* UNKNOWN when they are not commensurable. `alike`: a calendar month is a month of UCUM. */
bool zd_fp_quantity_cmp(zd_fp_running *r, const zd_fp_op *o, const zd_fp_quantity *a,
                        const zd_fp_quantity *b, bool alike, zd_fp_order *out);
bool zd_fp_quantity_of_node(zd_fp_running *r, const zd_fp_op *o, const zd_fhirpath_item *node,
                            zd_fp_quantity *out, bool *has);
/* As a unit of UCUM: "d" of days. Absent for years and months, which have none that is equal. */
zd_slice zd_fp_quantity_code(const zd_fp_quantity *q, bool alike);

/* ---- types (types.c) ---- */

/* What static checking knows of an expression's items. */
typedef struct zd_fp_types {
  uint32_t system;     /* bits of kinds */
  bool any;            /* of any type of FHIR */
  bool unordered;      /* a result of children() or descendants() */
  uint32_t n;          /* types of FHIR ... */
  const zd_type *fhir; /* ... without repetitions */
} zd_fp_types;

static inline zd_fp_types zd_fp_types_system(uint32_t kinds) {
  return (zd_fp_types){.system = kinds};
}
bool zd_fp_types_join(zd_arena *arena, const zd_fp_types *a, const zd_fp_types *b,
                      zd_fp_types *out);
/* Kinds of System that the values can be in operations; bit NODE for what is none. */
uint32_t zd_fp_types_kinds(const zd_schema *schema, const zd_fp_types *t);
bool zd_fp_is_type(const zd_schema *schema, const zd_fhirpath_item *item,
                   const zd_fp_type_name *type);

#define ZD_FP_BIT(kind) (1u << (kind))
enum { ZD_FP_ALL_SYSTEM = (1 << ZD_FP_KINDS) - 2 };

/* ---- the functions that operations run ---- */

zd_fp_run zd_fp_run_steps, zd_fp_run_this, zd_fp_run_index_variable, zd_fp_run_total,
    zd_fp_run_value, zd_fp_run_seq, zd_fp_run_context, zd_fp_run_resource, zd_fp_run_root_resource,
    zd_fp_run_variable, zd_fp_run_slot, zd_fp_run_index, zd_fp_run_sign, zd_fp_run_logic,
    zd_fp_run_equality, zd_fp_run_order, zd_fp_run_membership, zd_fp_run_union, zd_fp_run_math,
    zd_fp_run_join_text, zd_fp_run_is, zd_fp_run_as, zd_fp_run_of_type;

#endif
