/* interaction.h: one FHIR interaction as asked, and its answer; whatever door it came through.
 * Private to rest/. */
#ifndef ZD_REST_INTERACTION_H
#define ZD_REST_INTERACTION_H

#include <pthread.h>
#include <stdatomic.h>

#include "fhir/codec.h"
#include "rest/rest.h"

typedef enum zd_kind {
  ZD_READ,
  ZD_VREAD,
  ZD_CREATE,
  ZD_UPDATE,
  ZD_DELETE,
  ZD_SEARCH,
  ZD_HISTORY,
  ZD_CAPABILITIES,
  ZD_BUNDLE,
  ZD_OPERATION,
  ZD_PATCH
} zd_kind;

typedef enum zd_return {
  ZD_RETURN_DEFAULT,
  ZD_RETURN_MINIMAL,
  ZD_RETURN_REPRESENTATION,
  ZD_RETURN_OUTCOME
} zd_return;

struct zd_operation;

typedef struct zd_interaction {
  zd_kind kind;
  bool head;           /* HEAD: as GET, without the body */
  zd_type type;        /* ZD_NO_TYPE: system level */
  zd_slice id;         /* absent: type level */
  zd_type compartment; /* search with an id: `type` in the compartment of compartment/id */
  uint64_t version;    /* vread */
  const struct zd_operation *operation; /* ZD_OPERATION */
  zd_slice query;                       /* search, history and result parameters, form-encoded */
  bool conditional; /* update, delete: `query` selects the resource; create: if_none_exist does */
  zd_slice if_none_exist;
  zd_slice if_match; /* as sent; absent: none */
  zd_slice if_none_match;
  int64_t if_modified_since; /* ms; 0: none */
  zd_slice patch;            /* patch: as it came ... */
  bool xml_patch;            /* ... in XML, else JSON */
  const zd_tree *tree;       /* create, update: the resource; operation: Parameters ... */
  uint32_t root;             /* ... at this node */
  const zd_issues *faults;   /* what is wrong with it: of operations that take any body */
  zd_return prefer;
  bool lenient;
  bool russian; /* Accept-Language prefers Russian, for explanations */
  /* shape of the answer, from Accept, _format, _pretty, _summary, _elements */
  bool xml; /* XML, not JSON */
  bool pretty;
  zd_summary summary;
  bool summary_count;
  const zd_slice *elements;
  size_t element_count;
  zd_slice shape_query; /* those parameters as sent, for links */
} zd_interaction;

typedef struct zd_answer {
  int status;
  zd_buffer body;        /* JSON, whatever was asked for; empty: none */
  uint64_t version;      /* 0: no ETag */
  int64_t last_modified; /* ms; 0: none */
  zd_slice location;     /* "Patient/1/_history/1", relative to the base; absent: none */
  zd_slice reference;    /* "Patient/1": the resource written */
} zd_answer;

/* One interaction being worked on: its memory and what went wrong. */
typedef struct zd_call {
  zd_rest *rest;
  zd_arena *arena;
  zd_issues issues;
  uint64_t deadline_ns;            /* for searches; 0: none */
  zd_slice import_key;             /* see zd_rest_bundle; absent: none */
  const zd_generation *generation; /* of a question, while it is worked on; see definition.h */
  bool on_loop;                    /* of a question: large pages are not for here */
  bool brief;                      /* running where it must not take long: give up early ... */
  bool again;                      /* ... and say so here, to be run again where it may */
} zd_call;

static inline bool zd_writes(const zd_interaction *in) {
  return in->kind == ZD_CREATE || in->kind == ZD_UPDATE || in->kind == ZD_PATCH ||
         in->kind == ZD_DELETE;
}

struct zd_question_memory;

struct zd_rest {
  const zd_schema *schema;
  zd_store *store;
  zd_search *search;   /* for symbols of types; what is asked and written: zd_rest_take, _enter */
  zd_definer *definer; /* may be NULL */
  zd_workers *workers;
  atomic_bool stopping;                 /* see zd_rest_stop */
  zd_workers *askers[2];                /* threads of the lanes SHORT and LONG, see question.h */
  struct zd_question_memory *questions; /* see question.h */
  const zd_logger *logger;
  char *base_url;      /* without a slash at its end */
  zd_slice base_path;  /* "/fhir", inside base_url */
  zd_buffer base_json; /* base_url as the inside of a JSON string */
  size_t resource_limit;
  size_t body_limit; /* bytes of a body once unpacked */
  uint32_t entry_limit;
  _Atomic uint32_t page_default; /* these three follow zd_rest_tune */
  _Atomic unsigned query_ms;
  _Atomic size_t query_memory;
  _Atomic int commit_error;      /* zd_err of the newest commit */
  _Atomic int64_t commit_failed; /* ms: when one last failed */
  const char *version;
  int64_t started_ms;
  _Atomic uint64_t last_id;        /* newest id given out, see parameter.c */
  zd_type bundle;                  /* type Bundle */
  zd_type parameters;              /* type Parameters */
  zd_type binary;                  /* type Binary */
  struct zd_operation *operations; /* own ones and those of the rooms above */
  size_t operation_count;
  atomic_uint streams;      /* answers on their way in parts */
  zd_workers *makers;       /* make answers in parts, see streaming.h */
  zd_type search_parameter; /* type SearchParameter */
  /* The CapabilityStatement as it was last asked for, and what it follows from. */
  pthread_mutex_t capabilities_lock;
  zd_buffer capabilities;
  uint64_t capabilities_key;
  char *cors_origins; /* space-separated; NULL: none */
};

static inline zd_slice zd_rest_base(const zd_rest *r) {
  return zd_slice_of(r->base_url);
}

/* ---- failing: sets the status and one issue; returns the status ---- */
int zd_answer_fail(zd_call *c, zd_answer *a, int status, zd_issue_code code, zd_slice expression,
                   const char *format, ...) __attribute__((format(printf, 6, 7)));
/* Writes the call's issues as OperationOutcome into the answer, status as given. */
void zd_answer_outcome(zd_call *c, zd_answer *a, int status);
/* A search or history that could not be answered: too costly, gone, broken. */
void zd_answer_unanswered(zd_call *c, zd_answer *a, zd_err err, const zd_fault *fault);
/* HTTP status for an error of a lower floor. */
int zd_status_of(zd_err err);
void zd_answer_init(zd_answer *a);

/* ---- parsing what is asked (route.c, shape.c) ---- */

/* Method and path below the base ("", "Patient/1/_history") to kind, type, id, version. *allow is
 * set to the methods the path understands when the method is the problem (405). False when refused,
 * with status and issues set. */
bool zd_route(zd_call *c, zd_slice method, zd_slice path, zd_interaction *in, zd_answer *a,
              const char **allow);

/* Takes _format, _pretty, _summary, _elements out of in->query and into the shape; refuses values
 * it doesn't know. Parameters that the kind has no use for are errors unless lenient. */
bool zd_shape(zd_call *c, zd_interaction *in, zd_answer *a);

/* ---- running ---- */
void zd_run_read(zd_call *c, const zd_interaction *in, zd_answer *a); /* READ, VREAD */
void zd_run_search(zd_call *c, const zd_interaction *in, zd_answer *a);
void zd_run_history(zd_call *c, const zd_interaction *in, zd_answer *a);
/* READ, VREAD, SEARCH, HISTORY, CAPABILITIES, OPERATION. */
void zd_run_question(zd_call *c, const zd_interaction *in, zd_answer *a);

/* The stored resource as asked for (stamped, summarised, pretty), appended to out. */
zd_err zd_render(zd_call *c, const zd_interaction *in, const zd_record *record, zd_buffer *out);
/* The inner-th resource that the record contains, on its own; *id: its id, in the arena. */
zd_err zd_render_contained(zd_call *c, const zd_interaction *in, const zd_record *record,
                           uint32_t inner, zd_slice *id, zd_buffer *out);
/* The same of a resource that is not stored: `body` becomes what was asked for of it. */
zd_err zd_render_whole(zd_call *c, const zd_interaction *in, zd_buffer *body);

/* ---- small ones ---- */
/* Remembers how a commit ended, for zd_rest_writable. */
void zd_rest_note_commit(zd_rest *r, zd_err err);
/* Puts '?' for every byte that is not UTF-8; true when there was none. */
bool zd_text_clean(char *p, size_t n);
bool zd_text_is_clean(zd_slice s);
zd_slice zd_new_id(zd_rest *r, zd_arena *arena);
/* W/"3" or "3" or 3 to the number; 0 when malformed. */
uint64_t zd_etag_version(zd_slice etag);
/* If-Match, If-None-Match (RFC 9110 13.1): `*` or a list of tags. `version` 0: there is none. */
typedef enum zd_tags { ZD_TAGS_MALFORMED, ZD_TAGS_MISS, ZD_TAGS_HIT } zd_tags;
zd_tags zd_etag_list(zd_slice list, uint64_t version);
/* A form-encoded parameter list, decoded pair by pair: false at the end. *rest shrinks. Malformed
 * encodings give name.p NULL. */
bool zd_next_parameter(zd_slice *rest, zd_arena *arena, zd_slice *name, zd_slice *value);
zd_slice zd_node_child_text(const zd_tree *t, uint32_t parent, zd_slice name, zd_arena *arena);

void zd_run_capabilities(zd_call *c, zd_answer *a);

#endif
