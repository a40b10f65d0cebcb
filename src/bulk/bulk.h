/* bulk.h: much at once, in and out: import and export of files.
 *
 * Import keeps order: pieces of the input are read, checked and indexed side by side, and committed
 * one after the other in the order of the files. Importing the same again changes nothing: a
 * resource equal to the stored one is left alone.
 */
#ifndef ZD_BULK_BULK_H
#define ZD_BULK_BULK_H

#include <stdatomic.h>
#include <stdio.h>

#include "rest/rest.h"

typedef struct zd_import_options {
  const char *const *paths; /* files and folders */
  size_t path_count;
  zd_rest *rest; /* into a store held by this process ... */
  const zd_schema *schema;
  zd_store *store;
  zd_search *search;
  const char *server;        /* ... or (rest NULL) to a server: "http://127.0.0.1:8080/fhir" */
  unsigned threads;          /* 0: one per processor and one more */
  size_t piece;              /* bytes of NDJSON committed together; 0: up to 8 MiB */
  const char *report;        /* file for what was refused, NDJSON; NULL: none is written */
  const char *state;         /* file that remembers what is done, for resuming; NULL: none */
  FILE *progress;            /* NULL: silent */
  const atomic_bool *cancel; /* set by a signal handler; may be NULL */
} zd_import_options;

typedef struct zd_import_stats {
  uint64_t files, skipped_files;              /* skipped: done by an earlier run */
  uint64_t read, written, unchanged, refused; /* resources */
  uint64_t bytes;                             /* unpacked text */
  double seconds;
} zd_import_stats;

/* ZD_OK also when single resources were refused (see stats and the report). ZD_ERR_CANCELLED when
 * asked to stop: what was committed stays, a further run with the same state goes on from there. */
zd_err zd_import(const zd_import_options *options, zd_import_stats *stats, zd_fault *fault);

typedef struct zd_export_options {
  const zd_schema *schema;
  zd_store *store;
  zd_search *search;
  const char *dir;  /* created; must not hold files of an earlier export */
  unsigned threads; /* 0: one per processor. Each writes files of its own: Patient-1.ndjson, ... */
  FILE *progress;
  const atomic_bool *cancel;
} zd_export_options;

typedef struct zd_export_stats {
  uint64_t resources, bytes, files;
  double seconds;
} zd_export_stats;

/* All current resources of one snapshot, one NDJSON file per type (and thread), with versionId and
 * lastUpdated. Complete or not at all: on failure the files of this run are removed. */
zd_err zd_export(const zd_export_options *options, zd_export_stats *stats, zd_fault *fault);

#endif
