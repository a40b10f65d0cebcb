/* functions.c: the table of functions */
#include "fhirpath/functions.h"

#define B(kind) ZD_FP_BIT(ZD_FP_##kind)
#define NUMBERS (B(INTEGER) | B(LONG) | B(DECIMAL))
#define MOMENTS (B(DATE) | B(DATETIME) | B(TIME))
#define N(text) \
  { text, sizeof(text) - 1 }
/* Plain functions: of what, how many arguments, giving what. */
#define PLAIN(name, least, most, input, kinds, which, run) \
  { N(name), least, most, ZD_FP_PLAIN, ZD_FP_RESULT_SYSTEM, input, kinds, which, false, false, run }
/* What gives items of its input. */
#define KEEPS(name, args, form, ordered, run) \
  { N(name), args, args, form, ZD_FP_RESULT_INPUT, 0, 0, 0, ordered, false, run }
#define OTHER(name, least, most, form, result, kinds, moving, run) \
  { N(name), least, most, form, result, 0, kinds, 0, false, moving, run }
#define TEXT(name, least, most, kinds, which, run) \
  PLAIN(name, least, most, B(STRING), kinds, which, run)
#define CONVERT(type, kind, most)                                         \
  PLAIN("to" type, 0, most, 0, B(kind), ZD_FP_##kind, zd_fp_run_convert), \
      PLAIN("convertsTo" type, 0, most, 0, B(BOOLEAN), ZD_FP_##kind, zd_fp_run_converts)
#define CLOCK(name, kind, which) \
  { N(name), 0, 0, ZD_FP_PLAIN, ZD_FP_RESULT_SYSTEM, 0, B(kind), which, false, true, zd_fp_run_now }
#define PART(name, input, kinds, which) PLAIN(name, 0, 0, input, kinds, which, zd_fp_run_component)

static const zd_fp_function functions[] = {
    /* existence */
    PLAIN("empty", 0, 0, 0, B(BOOLEAN), 0, zd_fp_run_empty),
    OTHER("exists", 0, 1, ZD_FP_LAMBDA, ZD_FP_RESULT_SYSTEM, B(BOOLEAN), false, zd_fp_run_exists),
    OTHER("all", 1, 1, ZD_FP_LAMBDA, ZD_FP_RESULT_SYSTEM, B(BOOLEAN), false, zd_fp_run_all),
    PLAIN("allTrue", 0, 0, B(BOOLEAN), B(BOOLEAN), 3, zd_fp_run_all_truths),
    PLAIN("allFalse", 0, 0, B(BOOLEAN), B(BOOLEAN), 1, zd_fp_run_all_truths),
    PLAIN("anyTrue", 0, 0, B(BOOLEAN), B(BOOLEAN), 2, zd_fp_run_all_truths),
    PLAIN("anyFalse", 0, 0, B(BOOLEAN), B(BOOLEAN), 0, zd_fp_run_all_truths),
    PLAIN("subsetOf", 1, 1, 0, B(BOOLEAN), 0, zd_fp_run_subset_of),
    PLAIN("supersetOf", 1, 1, 0, B(BOOLEAN), 0, zd_fp_run_superset_of),
    PLAIN("count", 0, 0, 0, B(INTEGER), 0, zd_fp_run_count),
    KEEPS("distinct", 0, ZD_FP_PLAIN, false, zd_fp_run_distinct),
    PLAIN("isDistinct", 0, 0, 0, B(BOOLEAN), 0, zd_fp_run_is_distinct),
    PLAIN("not", 0, 0, 0, B(BOOLEAN), 0, zd_fp_run_not),
    /* filtering and projection */
    KEEPS("where", 1, ZD_FP_LAMBDA, false, zd_fp_run_where),
    OTHER("select", 1, 1, ZD_FP_LAMBDA, ZD_FP_RESULT_FIRST, 0, false, zd_fp_run_select),
    OTHER("repeat", 1, 1, ZD_FP_REPEAT, ZD_FP_RESULT_FIRST, 0, false, zd_fp_run_repeat),
    OTHER("repeatAll", 1, 1, ZD_FP_REPEAT, ZD_FP_RESULT_FIRST, 0, false, zd_fp_run_repeat_all),
    OTHER("ofType", 1, 1, ZD_FP_TYPE_ARGUMENT, ZD_FP_RESULT_TYPE, 0, false, zd_fp_run_of_type),
    OTHER("as", 1, 1, ZD_FP_TYPE_ARGUMENT, ZD_FP_RESULT_TYPE, 0, false, zd_fp_run_as),
    OTHER("is", 1, 1, ZD_FP_TYPE_ARGUMENT, ZD_FP_RESULT_SYSTEM, B(BOOLEAN), false, zd_fp_run_is),
    /* subsetting */
    KEEPS("single", 0, ZD_FP_PLAIN, false, zd_fp_run_single),
    KEEPS("first", 0, ZD_FP_PLAIN, true, zd_fp_run_first),
    KEEPS("last", 0, ZD_FP_PLAIN, true, zd_fp_run_last),
    KEEPS("tail", 0, ZD_FP_PLAIN, true, zd_fp_run_tail),
    KEEPS("skip", 1, ZD_FP_PLAIN, true, zd_fp_run_skip),
    KEEPS("take", 1, ZD_FP_PLAIN, true, zd_fp_run_take),
    KEEPS("intersect", 1, ZD_FP_PLAIN, false, zd_fp_run_intersect),
    KEEPS("exclude", 1, ZD_FP_PLAIN, false, zd_fp_run_exclude),
    /* combining */
    OTHER("union", 1, 1, ZD_FP_PLAIN, ZD_FP_RESULT_BOTH, 0, false, zd_fp_run_union_with),
    OTHER("combine", 1, 1, ZD_FP_PLAIN, ZD_FP_RESULT_BOTH, 0, false, zd_fp_run_combine),
    OTHER("coalesce", 1, UINT8_MAX, ZD_FP_COALESCE, ZD_FP_RESULT_BOTH, 0, false,
          zd_fp_run_coalesce),
    /* conversion */
    OTHER("iif", 2, 3, ZD_FP_IIF, ZD_FP_RESULT_BOTH, 0, false, zd_fp_run_iif),
    CONVERT("Boolean", BOOLEAN, 0),
    CONVERT("Integer", INTEGER, 0),
    CONVERT("Long", LONG, 0),
    CONVERT("Decimal", DECIMAL, 0),
    CONVERT("String", STRING, 0),
    CONVERT("Date", DATE, 0),
    CONVERT("DateTime", DATETIME, 0),
    CONVERT("Time", TIME, 0),
    CONVERT("Quantity", QUANTITY, 1),
    /* strings */
    TEXT("indexOf", 1, 1, B(INTEGER), 0, zd_fp_run_index_of),
    TEXT("lastIndexOf", 1, 1, B(INTEGER), 1, zd_fp_run_index_of),
    TEXT("substring", 1, 2, B(STRING), 0, zd_fp_run_substring),
    TEXT("startsWith", 1, 1, B(BOOLEAN), 0, zd_fp_run_affix),
    TEXT("endsWith", 1, 1, B(BOOLEAN), 1, zd_fp_run_affix),
    TEXT("contains", 1, 1, B(BOOLEAN), 2, zd_fp_run_affix),
    TEXT("upper", 0, 0, B(STRING), 1, zd_fp_run_change_case),
    TEXT("lower", 0, 0, B(STRING), 0, zd_fp_run_change_case),
    TEXT("replace", 2, 2, B(STRING), 0, zd_fp_run_replace),
    TEXT("matches", 1, 1, B(BOOLEAN), 0, zd_fp_run_matches),
    TEXT("matchesFull", 1, 1, B(BOOLEAN), 1, zd_fp_run_matches),
    TEXT("replaceMatches", 2, 2, B(STRING), 0, zd_fp_run_replace_matches),
    TEXT("length", 0, 0, B(INTEGER), 0, zd_fp_run_length),
    TEXT("toChars", 0, 0, B(STRING), 0, zd_fp_run_to_chars),
    TEXT("trim", 0, 0, B(STRING), 0, zd_fp_run_trim),
    TEXT("split", 1, 1, B(STRING), 0, zd_fp_run_split),
    TEXT("join", 0, 1, B(STRING), 0, zd_fp_run_join),
    TEXT("encode", 1, 1, B(STRING), 0, zd_fp_run_encode),
    TEXT("decode", 1, 1, B(STRING), 0, zd_fp_run_decode),
    TEXT("escape", 1, 1, B(STRING), 0, zd_fp_run_escape),
    TEXT("unescape", 1, 1, B(STRING), 0, zd_fp_run_unescape),
    /* math */
    PLAIN("abs", 0, 0, NUMBERS | B(QUANTITY), NUMBERS | B(QUANTITY), 0, zd_fp_run_abs),
    PLAIN("ceiling", 0, 0, NUMBERS, B(INTEGER) | B(LONG), ZD_FP_UP, zd_fp_run_to_whole),
    PLAIN("floor", 0, 0, NUMBERS, B(INTEGER) | B(LONG), ZD_FP_DOWN, zd_fp_run_to_whole),
    PLAIN("truncate", 0, 0, NUMBERS, B(INTEGER) | B(LONG), ZD_FP_TO_ZERO, zd_fp_run_to_whole),
    PLAIN("round", 0, 1, NUMBERS, B(DECIMAL), 0, zd_fp_run_round),
    PLAIN("sqrt", 0, 0, NUMBERS, B(DECIMAL), 0, zd_fp_run_sqrt),
    PLAIN("exp", 0, 0, NUMBERS, B(DECIMAL), 0, zd_fp_run_exp),
    PLAIN("ln", 0, 0, NUMBERS, B(DECIMAL), 0, zd_fp_run_ln),
    PLAIN("log", 1, 1, NUMBERS, B(DECIMAL), 0, zd_fp_run_log),
    PLAIN("power", 1, 1, NUMBERS, NUMBERS, 0, zd_fp_run_power),
    /* precision, bounds, parts */
    PLAIN("precision", 0, 0, NUMBERS | MOMENTS, B(INTEGER), 0, zd_fp_run_precision),
    PLAIN("lowBoundary", 0, 1, NUMBERS | MOMENTS | B(QUANTITY), NUMBERS | MOMENTS | B(QUANTITY), 0,
          zd_fp_run_bound),
    PLAIN("highBoundary", 0, 1, NUMBERS | MOMENTS | B(QUANTITY), NUMBERS | MOMENTS | B(QUANTITY), 1,
          zd_fp_run_bound),
    PLAIN("comparable", 1, 1, NUMBERS | B(QUANTITY), B(BOOLEAN), 0, zd_fp_run_comparable),
    PART("yearOf", B(DATE) | B(DATETIME), B(INTEGER), ZD_FP_YEAR),
    PART("monthOf", B(DATE) | B(DATETIME), B(INTEGER), ZD_FP_MONTH),
    PART("dayOf", B(DATE) | B(DATETIME), B(INTEGER), ZD_FP_DAY),
    PART("hourOf", B(DATETIME) | B(TIME), B(INTEGER), ZD_FP_HOUR),
    PART("minuteOf", B(DATETIME) | B(TIME), B(INTEGER), ZD_FP_MINUTE),
    PART("secondOf", B(DATETIME) | B(TIME), B(INTEGER), ZD_FP_SECOND),
    PART("millisecondOf", B(DATETIME) | B(TIME), B(INTEGER), ZD_FP_SECOND + 1),
    PART("timezoneOffsetOf", B(DATETIME), B(DECIMAL), ZD_FP_SECOND + 2),
    PART("dateOf", B(DATE) | B(DATETIME), B(DATE), ZD_FP_SECOND + 3),
    PART("timeOf", B(DATETIME), B(TIME), ZD_FP_SECOND + 4),
    /* the tree */
    OTHER("children", 0, 0, ZD_FP_PLAIN, ZD_FP_RESULT_CHILDREN, 0, false, zd_fp_run_children),
    OTHER("descendants", 0, 0, ZD_FP_PLAIN, ZD_FP_RESULT_CHILDREN, 0, false, zd_fp_run_descendants),
    PLAIN("type", 0, 0, 0, B(TYPE), 0, zd_fp_run_type),
    /* utility */
    OTHER("trace", 1, 2, ZD_FP_TRACE, ZD_FP_RESULT_INPUT, 0, true, zd_fp_run_trace),
    OTHER("defineVariable", 1, 2, ZD_FP_DEFINE, ZD_FP_RESULT_INPUT, 0, true, zd_fp_run_define),
    OTHER("aggregate", 1, 2, ZD_FP_AGGREGATE, ZD_FP_RESULT_BOTH, 0, false, zd_fp_run_aggregate),
    OTHER("sort", 0, 16, ZD_FP_SORT, ZD_FP_RESULT_INPUT, 0, false, zd_fp_run_sort),
    CLOCK("now", DATETIME, 0),
    CLOCK("today", DATE, 1),
    CLOCK("timeOfDay", TIME, 2),
    /* FHIR */
    OTHER("extension", 1, 1, ZD_FP_PLAIN, ZD_FP_RESULT_EXTENSION, 0, false, zd_fp_run_extension),
    PLAIN("hasValue", 0, 0, 0, B(BOOLEAN), 0, zd_fp_run_has_value),
    OTHER("getValue", 0, 0, ZD_FP_PLAIN, ZD_FP_RESULT_SYSTEM, ZD_FP_ALL_SYSTEM, false,
          zd_fp_run_get_value),
    OTHER("resolve", 0, 0, ZD_FP_PLAIN, ZD_FP_RESULT_RESOURCE, 0, true, zd_fp_run_resolve),
    OTHER("memberOf", 1, 1, ZD_FP_PLAIN, ZD_FP_RESULT_SYSTEM, B(BOOLEAN), true,
          zd_fp_run_member_of),
    OTHER("conformsTo", 1, 1, ZD_FP_PLAIN, ZD_FP_RESULT_SYSTEM, B(BOOLEAN), true,
          zd_fp_run_conforms_to),
    OTHER("checkModifiers", 0, UINT8_MAX, ZD_FP_PLAIN, ZD_FP_RESULT_INPUT, 0, false,
          zd_fp_run_check_modifiers),
    OTHER("htmlChecks", 0, 0, ZD_FP_PLAIN, ZD_FP_RESULT_SYSTEM, B(BOOLEAN), false,
          zd_fp_run_html_checks),
    OTHER("elementDefinition", 0, 0, ZD_FP_PLAIN, ZD_FP_RESULT_ANY, 0, true, zd_fp_run_unsupported),
    OTHER("slice", 2, 2, ZD_FP_PLAIN, ZD_FP_RESULT_ANY, 0, true, zd_fp_run_unsupported),
};

const zd_fp_function *zd_fp_function_find(zd_slice name) {
  if (!name.n) return NULL;
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
    if (functions[i].name.n == name.n && functions[i].name.p[0] == name.p[0] &&
        memcmp(functions[i].name.p, name.p, name.n) == 0)
      return &functions[i];
  return NULL;
}
