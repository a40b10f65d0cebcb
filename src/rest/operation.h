/* operation.h: FHIR operations (R4 operations.html): a table from which routes, errors and the
 * CapabilityStatement follow. Rooms above rest/ bring tables of the same form
 * (zd_rest_options.operations).
 *
 *   GET  [base]/Patient/1/$everything?_count=50      parameters in the address
 *   POST [base]/Patient/1/$everything                and in a Parameters resource
 */
#ifndef ZD_REST_OPERATION_H
#define ZD_REST_OPERATION_H

#include "rest/interaction.h"

enum { ZD_AT_SYSTEM = 1, ZD_AT_TYPE = 2, ZD_AT_INSTANCE = 4 };

/* An answer that is made part by part, because it may be larger than memory. */
typedef struct zd_parts {
  /* Understands what is asked; its state, or NULL when refused, with status and issues in `a`. */
  void *(*open)(zd_call *c, const zd_interaction *in, zd_answer *a);
  /* Appends to `out` until it holds `until` bytes (or somewhat more), or the answer is *whole. */
  zd_err (*more)(void *state, zd_buffer *out, size_t until, bool *whole, zd_fault *fault);
  /* Nobody takes more for a while: lets go of what should not be held, a snapshot say. `more` takes
   * it up again. */
  void (*rest)(void *state);
  void (*close)(void *state);
} zd_parts;

typedef struct zd_operation {
  const char *code; /* "everything", without the $ */
  const char *type; /* resource type that it is of, Resource: any; NULL: of the system */
  unsigned at;      /* levels: ZD_AT_ */
  bool affects;     /* changes the record: POST only */
  bool mixed;       /* resources of any type may come back, so _elements may name any element */
  /* The body may be any resource, also a faulty one: what could be read of it is in->tree, what is
   * wrong with it in the call's issues. */
  bool any_body;
  void (*run)(zd_call *c, const zd_interaction *in, zd_answer *a); /* NULL: it has parts */
  const zd_parts *parts;
} zd_operation;

/* Those of rest/ itself. */
const zd_operation *zd_operations_own(size_t *n);
/* Of the rest: $code of `type` (ZD_NO_TYPE: of the system) at a level; NULL: not offered there. */
const zd_operation *zd_operation_find(const zd_rest *r, zd_type type, zd_slice code, unsigned at);
/* Where else $code is offered, for people: "Patient/[id]/$everything"; absent: nowhere. */
zd_slice zd_operation_places(const zd_rest *r, zd_slice code, zd_arena *arena);

/* Runs in->operation to its end; what has parts only as far as memory for one answer goes. */
void zd_run_operation(zd_call *c, const zd_interaction *in, zd_answer *a);

/* ---- arguments ---- */

/* One parameter as given, from the address or from Parameters. */
typedef struct zd_argument {
  zd_slice name;
  zd_slice text; /* value of a primitive type; absent: the value has another type ... */
  uint32_t node; /* ... and is here, in in->tree */
} zd_argument;

/* In the order given. False: refused, said in `a`. */
bool zd_arguments(zd_call *c, const zd_interaction *in, const zd_argument **out, size_t *n,
                  zd_answer *a);
/* "name=value" with what a query reserves percent-encoded, behind an & when out holds some. */
void zd_argument_encode(zd_slice name, zd_slice value, zd_buffer *out);
/* Refuses an argument by name; false. */
bool zd_argument_refuse(zd_call *c, zd_answer *a, zd_slice name, zd_issue_code code,
                        const char *format, ...) __attribute__((format(printf, 5, 6)));

extern const zd_parts zd_everything_parts;
void zd_run_lastn(zd_call *c, const zd_interaction *in, zd_answer *a);
void zd_run_validate(zd_call *c, const zd_interaction *in, zd_answer *a);
void zd_run_fhirpath(zd_call *c, const zd_interaction *in, zd_answer *a);
void zd_run_stats(zd_call *c, const zd_interaction *in, zd_answer *a);

#endif
