/* functions.h: the functions of the language: what each takes and gives, and what runs it. Private
 * to fhirpath/. The table is functions.c. */
#ifndef ZD_FHIRPATH_FUNCTIONS_H
#define ZD_FHIRPATH_FUNCTIONS_H

#include "fhirpath/program.h"

/* How the arguments are understood. */
typedef enum zd_fp_form {
  ZD_FP_PLAIN,         /* values, where the function stands */
  ZD_FP_LAMBDA,        /* the first: once for each item, which is $this in it */
  ZD_FP_TYPE_ARGUMENT, /* a type's name */
  ZD_FP_REPEAT,        /* LAMBDA whose results are its items, too */
  ZD_FP_AGGREGATE,
  ZD_FP_IIF,
  ZD_FP_SORT,
  ZD_FP_TRACE,
  ZD_FP_DEFINE,
  ZD_FP_COALESCE
} zd_fp_form;

/* What the result is. */
typedef enum zd_fp_result {
  ZD_FP_RESULT_SYSTEM, /* of the kinds in `kinds` */
  ZD_FP_RESULT_INPUT,  /* of the types of the input */
  ZD_FP_RESULT_FIRST,  /* of those of the first argument */
  ZD_FP_RESULT_BOTH,   /* of those of the input and the arguments */
  ZD_FP_RESULT_ANY,
  ZD_FP_RESULT_CHILDREN, /* any, without an order */
  ZD_FP_RESULT_EXTENSION,
  ZD_FP_RESULT_TYPE, /* of the type that the argument names */
  ZD_FP_RESULT_RESOURCE
} zd_fp_result;

typedef struct zd_fp_function {
  zd_slice name;
  uint8_t least, most;  /* arguments */
  uint8_t form, result; /* zd_fp_form, zd_fp_result */
  uint32_t input;       /* kinds one of which the input must be able to have; 0: any item */
  uint32_t kinds;       /* of the result */
  uint8_t which;        /* zd_fp_op.which */
  bool ordered;         /* asks for an order of its input */
  bool moving;          /* not the same everywhere: never computed while compiling */
  zd_fp_run *run;
} zd_fp_function;

/* NULL: there is none. */
const zd_fp_function *zd_fp_function_find(zd_slice name);

/* An item as text; p NULL: memory, or a node. */
zd_slice zd_fp_item_text(const zd_schema *schema, const zd_fhirpath_item *item, zd_arena *arena);

/* select.c */
zd_fp_run zd_fp_run_empty, zd_fp_run_exists, zd_fp_run_count, zd_fp_run_not, zd_fp_run_all,
    zd_fp_run_all_truths, zd_fp_run_where, zd_fp_run_select, zd_fp_run_repeat, zd_fp_run_repeat_all,
    zd_fp_run_first, zd_fp_run_last, zd_fp_run_single, zd_fp_run_tail, zd_fp_run_skip,
    zd_fp_run_take, zd_fp_run_iif, zd_fp_run_aggregate, zd_fp_run_coalesce, zd_fp_run_define,
    zd_fp_run_trace, zd_fp_run_sort;
/* sets.c */
zd_fp_run zd_fp_run_distinct, zd_fp_run_is_distinct, zd_fp_run_subset_of, zd_fp_run_superset_of,
    zd_fp_run_union_with, zd_fp_run_combine, zd_fp_run_intersect, zd_fp_run_exclude;
/* math.c */
zd_fp_run zd_fp_run_abs, zd_fp_run_to_whole, zd_fp_run_round, zd_fp_run_sqrt, zd_fp_run_exp,
    zd_fp_run_ln, zd_fp_run_log, zd_fp_run_power;
/* convert.c */
zd_fp_run zd_fp_run_convert, zd_fp_run_converts;
/* text.c */
zd_fp_run zd_fp_run_index_of, zd_fp_run_substring, zd_fp_run_affix, zd_fp_run_change_case,
    zd_fp_run_replace, zd_fp_run_length, zd_fp_run_to_chars, zd_fp_run_trim, zd_fp_run_split,
    zd_fp_run_join;
/* encode.c */
zd_fp_run zd_fp_run_encode, zd_fp_run_decode, zd_fp_run_escape, zd_fp_run_unescape;
/* matches.c */
zd_fp_run zd_fp_run_matches, zd_fp_run_replace_matches;
/* time.c */
zd_fp_run zd_fp_run_now, zd_fp_run_bound, zd_fp_run_precision, zd_fp_run_component;
/* quantity.c */
zd_fp_run zd_fp_run_comparable;
/* nodes.c */
zd_fp_run zd_fp_run_children, zd_fp_run_descendants, zd_fp_run_type, zd_fp_run_extension,
    zd_fp_run_has_value, zd_fp_run_get_value, zd_fp_run_resolve, zd_fp_run_member_of,
    zd_fp_run_conforms_to, zd_fp_run_check_modifiers, zd_fp_run_html_checks, zd_fp_run_unsupported;

#endif
