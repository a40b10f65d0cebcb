/* region.h: a believable Russian region, made from one seed.
 *
 * Residents with kinship, households, addresses and identifiers in reserved number blocks; the
 * organisations and staff that serve them; and what happened to them over some years: visits,
 * diagnoses, measurements, prescriptions, reports, vaccinations. No real person's data is in it.
 * Every resource carries meta.security HTEST.
 *
 * Same options, same bytes: on every machine, at any number of threads. Every resident has dice of
 * his own (seed, number), families are derived by arithmetic inside blocks of 250 residents, so
 * nothing is remembered from one block to the next and memory does not grow with the region.
 * The manual for users is docs/region.md.
 */
#ifndef ZD_REGION_REGION_H
#define ZD_REGION_REGION_H

#include "base/error.h"
#include "base/slice.h"

/* Resource types in the order they are written: whatever is referred to often comes first. */
typedef enum zd_region_type {
  ZD_REGION_ORGANIZATION,
  ZD_REGION_LOCATION,
  ZD_REGION_PRACTITIONER,
  ZD_REGION_PRACTITIONER_ROLE,
  ZD_REGION_PATIENT,
  ZD_REGION_RELATED_PERSON,
  ZD_REGION_COVERAGE,
  ZD_REGION_ALLERGY,
  ZD_REGION_CONDITION,
  ZD_REGION_ENCOUNTER,
  ZD_REGION_OBSERVATION,
  ZD_REGION_DIAGNOSTIC_REPORT,
  ZD_REGION_MEDICATION_REQUEST,
  ZD_REGION_PROCEDURE,
  ZD_REGION_IMMUNIZATION,
  ZD_REGION_APPOINTMENT,
  ZD_REGION_TYPES
} zd_region_type;

/* "Organization", ...; static. */
const char *zd_region_type_name(zd_region_type type);

typedef enum zd_region_format {
  ZD_REGION_NDJSON, /* a file per type and block of residents: Patient-00000.ndjson */
  ZD_REGION_BUNDLES /* a line per resident, each a transaction bundle: bundles-00000.ndjson */
} zd_region_format;

typedef enum zd_region_packing {
  ZD_REGION_PLAIN,
  ZD_REGION_GZIP, /* .gz, a member per 250 residents */
  ZD_REGION_ZSTD  /* .zst, a frame per 250 residents */
} zd_region_packing;

typedef struct zd_region_options {
  uint64_t seed;
  uint32_t residents; /* 100 .. 1,000,000 */
  uint16_t from_year; /* first year of activity: a fixed date, never the clock */
  uint16_t years;     /* 1 .. 10 */
  uint32_t dirt_ppm;  /* share of residents registered twice, per million; 0: clean data */
  /* The rest is for zd_region_generate only. */
  unsigned threads; /* 0: one per processor */
  const char *out;  /* folder, made if missing; NULL: count only */
  zd_region_format format;
  zd_region_packing packing;
  uint32_t residents_per_file; /* rounded up to whole blocks of 250; 0: 10,000 */
} zd_region_options;

#define ZD_REGION_DIRT_USUAL 60000u /* 6 % duplicate registrations */

/* Seed 1, 1,000 residents, 2023..2025, clean, plain NDJSON, no folder. */
zd_region_options zd_region_defaults(void);

typedef struct zd_region_stats {
  uint64_t residents;
  uint64_t resources;
  uint64_t bytes; /* of JSON text before packing, newlines included */
  uint64_t by_type[ZD_REGION_TYPES];
  uint64_t planted; /* lines of ground truth */
} zd_region_stats;

/* Called from the calling thread after each block; returning false stops with
 * ZD_ERR_CANCELLED, leaving the files written so far. */
typedef bool (*zd_region_progress)(void *context, const zd_region_stats *so_far,
                                   uint32_t residents);

/* Writes the whole region into options->out. progress, stats and fault may be NULL.
 * ZD_ERR_INVALID for options out of range; ZD_ERR_IO, ZD_ERR_FULL, ZD_ERR_MEMORY,
 * ZD_ERR_CANCELLED. Existing files of the same names are replaced. */
zd_err zd_region_generate(const zd_region_options *options, zd_region_progress progress,
                          void *context, zd_region_stats *stats, zd_fault *fault);

/* ---- without files: the same resources, streamed ---- */

/* Names, places, organisations and staff of one region: immutable after open, shared by all
 * threads. A few megabytes at a million residents. */
typedef struct zd_region zd_region;

zd_err zd_region_open(const zd_region_options *options, zd_region **out, zd_fault *fault);
void zd_region_close(zd_region *region); /* NULL is fine */

/* One resource, no newline; the bytes live until the sink returns. `type` says which; a line of
 * ground truth has type ZD_REGION_TYPES. Not ZD_OK stops and is returned. */
typedef zd_err (*zd_region_sink)(void *context, zd_region_type type, zd_slice json);

/* Organisations, locations, staff. */
zd_err zd_region_supply(const zd_region *region, zd_region_sink sink, void *context);
/* Residents first .. first + count - 1, each with all that happened to them, resident by resident,
 * types in order. Cheapest in whole blocks of 250. Any thread, any number at once. */
zd_err zd_region_residents(const zd_region *region, uint32_t first, uint32_t count,
                           zd_region_sink sink, void *context);
zd_err zd_region_resident(const zd_region *region, uint32_t index, zd_region_sink sink,
                          void *context);

#endif
