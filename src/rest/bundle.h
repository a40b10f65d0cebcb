/* bundle.h: batch and transaction Bundles (http.html#transaction). Private to rest/.
 *
 * The writing entries of a transaction are one unit; its questions (GET, HEAD) are answered after
 * the commit. The entries of a batch are units of one entry each.
 *
 * An entry of a batch is judged by itself, by its JSON, too: one that is no valid Bundle.entry is
 * answered with what is wrong with it, and the others are carried out.
 *
 * Memory: the text, what each entry asks for, and the trees of as many entries as fit into a few
 * megabytes. The others are read a second time when they are stored, and so are entries with faults
 * when these are told. Answers are made entry by entry while they are sent.
 */
#ifndef ZD_REST_BUNDLE_H
#define ZD_REST_BUNDLE_H

#include "fhir/bundle.h"
#include "fhir/xml.h"
#include "rest/unit.h"

/* A byte of a text as a person finds it. */
typedef struct zd_text_place {
  size_t at;
  uint32_t line, column;
} zd_text_place;

typedef struct zd_bundle {
  zd_call *call;
  zd_fhir_bundle *parts; /* where entries lie in `text` */
  zd_slice text;
  zd_unit_entry *entries; /* in Bundle order; owned */
  size_t n;
  bool transaction;
  bool lenient;
  zd_return prefer;
  zd_xml_faults faults; /* of entries that came in XML */
  size_t fault;         /* the next of them */
  zd_issues *report;    /* takes the issues of a batch's entries, too; NULL: nobody asks */
  zd_arena kept;        /* trees of entries ... */
  size_t kept_bytes;    /* ... about */
  zd_arena scratch;     /* of the entry being read or answered */
  size_t answered;      /* bytes of the answers to questions, and of faults told */
  zd_text_place told;   /* where the text has been counted to, for the lines of faults */
  zd_answer *refusal;
  bool at_hand, processed, refused; /* while it is opened: see bundle.c */
} zd_bundle;

/* Reads the Bundle and takes it apart. parts: fed with all of `text`, and ended; both must outlive
 * b. *b is zero but for `report` and `faults`; false when refused (status and issues set). */
bool zd_bundle_open(zd_call *c, zd_fhir_bundle *parts, zd_slice text, zd_return prefer,
                    bool lenient, zd_bundle *b, zd_answer *a);
/* The unit of all entries of a transaction. */
void zd_bundle_unit(zd_bundle *b, zd_unit *u);
/* Runs the writes of a batch, every entry by itself; blocks. */
void zd_bundle_run_batch(zd_bundle *b);
/* Answers one entry that asks something, after the writes: into e->answer. */
void zd_bundle_ask(zd_bundle *b, zd_unit_entry *e);
/* The answering Bundle, appended to a->body. Questions are answered now. After each entry `pass`
 * (may be NULL) may take away what is in a->body; false: nobody reads on. */
void zd_bundle_answer(zd_bundle *b, zd_answer *a, bool (*pass)(void *context), void *context);
void zd_bundle_free(zd_bundle *b);
/* True when it is small and has no questions: may be finished on any thread. */
bool zd_bundle_is_brief(const zd_bundle *b);
/* An interaction that writes. */
bool zd_bundle_writes(const zd_interaction *in);

#endif
