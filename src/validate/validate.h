/* validate.h: is a resource what its definitions say?
 *
 * Sources: FHIR R4 validation.html, profiling.html, elementdefinition.html, extensibility.html,
 * references.html, bundle.html, terminologies.html#strength.
 *
 *   zd_validator_new(schema, &v, fault);                    once a generation of the schema
 *   zd_findings_init(&found, &arena);
 *   zd_validate(v, &how, &tree, 0, &found, fault);          many, from any thread
 *   zd_findings_write_json(&found, ZD_LANGUAGE_EN, out);
 *
 * A tree comes from a reader (codec.h, xml.h), which has checked structure, formats and cardinality
 * of the base types. Here a resource is held against the definitions of its types (invariants,
 * bindings, references, extensions) and then against profiles: those asked for and those it claims
 * in meta.profile, each resource in a Bundle or contained ones too.
 *
 * What cannot be decided here is told as information or warning by name (a value set whose content
 * is not known, a profile that is not there), never taken for right or wrong. Rules of definitions
 * are compiled when they are first asked for and kept.
 *
 * Floor: uses fhirpath and fhir. Terminology and other resources come in through zd_validate_world.
 */
#ifndef ZD_VALIDATE_VALIDATE_H
#define ZD_VALIDATE_VALIDATE_H

#include "fhir/issue.h"
#include "fhirpath/fhirpath.h"

typedef struct zd_validator zd_validator;

/* Keeps the schema, which must outlive it. ZD_ERR_MEMORY. Any thread may use it. */
zd_err zd_validator_new(const zd_schema *schema, zd_validator **out, zd_fault *fault);
void zd_validator_free(zd_validator *v); /* NULL is allowed */
const zd_schema *zd_validator_schema(const zd_validator *v);

/* ---- what is around a resource; every function may be missing ---- */

typedef struct zd_validate_world {
  void *state;
  /* The resource that a reference or canonical leads to; out->as.tree NULL: not known. What is
   * contained and what is in the Bundle at hand is found without it. */
  zd_err (*resolve)(void *state, zd_slice reference, zd_arena *arena, zd_fhirpath_item *out,
                    zd_fault *fault);
  /* Is the code in the value set (or the code system, when value_set is absent)? *answer: 1 yes, 0
   * no, -1 not known. Asked when the shipped definitions do not say. */
  zd_err (*member)(void *state, zd_slice value_set, zd_slice system, zd_slice version,
                   zd_slice code, zd_arena *arena, int *answer, zd_fault *fault);
} zd_validate_world;

typedef struct zd_validate_options {
  const zd_validate_world *world; /* may be NULL */
  const zd_slice *profiles;       /* canonicals that the resource must conform to */
  size_t profile_count;
  int64_t now_ms;  /* of now() in invariants */
  bool claims_off; /* meta.profile is not looked at */
} zd_validate_options;

/* ---- what was found ---- */

typedef enum zd_language { ZD_LANGUAGE_EN, ZD_LANGUAGE_RU, ZD_LANGUAGES } zd_language;

/* One row of messages.c. */
typedef enum zd_message {
  ZD_SAY_READ, /* told by the reader: its text is the whole message */
  ZD_SAY_INVARIANT,
  ZD_SAY_INVARIANT_BROKEN,
  ZD_SAY_TOO_FEW,
  ZD_SAY_TOO_MANY,
  ZD_SAY_FIXED,
  ZD_SAY_PATTERN,
  ZD_SAY_TOO_LONG,
  ZD_SAY_TOO_SMALL,
  ZD_SAY_TOO_LARGE,
  ZD_SAY_TYPE,
  ZD_SAY_NO_TYPE_PROFILE,
  ZD_SAY_BINDING_REQUIRED,
  ZD_SAY_BINDING_EXTENSIBLE,
  ZD_SAY_BINDING_MAXIMUM,
  ZD_SAY_BINDING_EMPTY,
  ZD_SAY_BINDING_UNKNOWN,
  ZD_SAY_CODE_UNKNOWN,
  ZD_SAY_SYSTEM_RELATIVE,
  ZD_SAY_SYSTEM_VALUE_SET,
  ZD_SAY_CANONICAL_RELATIVE,
  ZD_SAY_SLICE_CLOSED,
  ZD_SAY_SLICE_NOT_LAST,
  ZD_SAY_SLICE_ORDER,
  ZD_SAY_SLICE_UNDECIDED,
  ZD_SAY_EXTENSION_UNKNOWN,
  ZD_SAY_EXTENSION_PART_UNKNOWN,
  ZD_SAY_EXTENSION_URL,
  ZD_SAY_EXTENSION_CONTEXT,
  ZD_SAY_EXTENSION_MODIFIER,
  ZD_SAY_EXTENSION_NO_MODIFIER,
  ZD_SAY_MODIFIER_UNKNOWN,
  ZD_SAY_PROFILE_UNKNOWN,
  ZD_SAY_PROFILE_TYPE,
  ZD_SAY_REFERENCE_TYPE,
  ZD_SAY_REFERENCE_SAYS_TYPE,
  ZD_SAY_REFERENCE_PROFILE,
  ZD_SAY_REFERENCE_AGGREGATION,
  ZD_SAY_BUNDLE_FIRST,
  ZD_SAY_BUNDLE_FULL_URL,
  ZD_SAY_BUNDLE_NO_FULL_URL,
  ZD_SAY_ANSWER_NO_QUESTION,
  ZD_SAY_ANSWER_MISSING,
  ZD_SAY_ANSWER_TYPE,
  ZD_SAY_ANSWER_MANY,
  ZD_SAY_ANSWER_OPTION,
  ZD_SAY_ANSWER_DISPLAY,
  ZD_SAY_ANSWER_ORDER,
  ZD_SAY_ANSWER_DISABLED,
  ZD_SAY_ANSWER_TWICE,
  ZD_SAY_ANSWER_LIMIT,
  ZD_SAY_QUESTIONNAIRE_UNKNOWN,
  ZD_SAY_MESSAGES
} zd_message;

typedef struct zd_finding {
  zd_severity severity;
  zd_issue_code code;
  zd_message message;
  zd_slice text[3];      /* what fills the message */
  zd_slice location;     /* FHIRPath */
  uint32_t line, column; /* 0: not known */
  zd_slice rule;         /* key of an invariant, id of an element; may be absent */
  zd_slice source;       /* canonical of the definition it stands in; may be absent */
} zd_finding;

/* A bounded list; texts live in the arena, in the tree, or in the validator that found them, which
 * must outlive the list. One thread. */
typedef struct zd_findings {
  zd_arena *arena;
  zd_finding *items;
  size_t n, room;
  size_t limit;   /* most kept (default 1000) */
  size_t dropped; /* beyond it */
  size_t errors;  /* of severity error or fatal, dropped ones included */
} zd_findings;

void zd_findings_init(zd_findings *list, zd_arena *arena);
/* Those of a reader. */
void zd_findings_add_issues(zd_findings *list, const zd_issues *issues);

/* The message as a person reads it, in the arena: a static table filled with the finding's texts.
 * Absent when memory is exhausted. */
zd_slice zd_finding_text(const zd_finding *f, zd_language language, zd_arena *arena);
/* "invariant": the same in all languages, and in all versions of the program. */
const char *zd_message_name(zd_message message);

/* As OperationOutcome: details.coding (the message's name), details.text, expression, extensions
 * with line, column and source. An empty list gives one informational issue. */
void zd_findings_write_json(const zd_findings *list, zd_language language, zd_buffer *out);

/* ---- validating ---- */

/* The resource at `root` of the tree. Findings are added to `out`; ZD_OK whatever was found.
 * ZD_ERR_MEMORY; ZD_ERR_LIMIT: work beyond limits, with what was found so far. */
zd_err zd_validate(zd_validator *v, const zd_validate_options *how, const zd_tree *tree,
                   uint32_t root, zd_findings *out, zd_fault *fault);

#endif
