/* regex.h: regular expressions, as matches and replaceMatches take them.
 *
 * Perl's syntax over code points: literals, . (newlines too: FHIRPath's single line mode), classes
 * with ranges, \d \w \s \D \W \S, \p{L}, groups (capturing, (?:), named), alternatives, greedy and
 * lazy repetition, possessive as greedy is refused; ^ $ \A \z \b \B, lookahead (?= (?!,
 * backreferences, (?i) in front. What it does not know is refused, not taken for something else.
 *
 * A program of a few operations, run by backtracking; the caller bounds the work, since a pattern
 * may ask for a power of the text's length.
 */
#ifndef ZD_FHIRPATH_REGEX_H
#define ZD_FHIRPATH_REGEX_H

#include "base/arena.h"
#include "base/error.h"

typedef struct zd_fp_regex zd_fp_regex;

enum { ZD_FP_GROUPS = 32 };

/* ZD_ERR_INVALID, ZD_ERR_UNSUPPORTED, ZD_ERR_LIMIT with *why (static); ZD_ERR_MEMORY. */
zd_err zd_fp_regex_compile(zd_slice pattern, zd_arena *arena, const zd_fp_regex **out,
                           const char **why);

typedef struct zd_fp_match {
  size_t start[ZD_FP_GROUPS], end[ZD_FP_GROUPS]; /* SIZE_MAX: the group took no part; 0: all */
} zd_fp_match;

/* The first match from `from` on; `whole`: one that takes the whole text. *found says whether there
 * is one. ZD_ERR_LIMIT when *budget is spent; ZD_ERR_MEMORY. */
zd_err zd_fp_regex_search(const zd_fp_regex *re, zd_slice text, size_t from, bool whole,
                          zd_arena *arena, uint64_t *budget, bool *found, zd_fp_match *out);

/* How many groups there are, without the whole. */
uint32_t zd_fp_regex_groups(const zd_fp_regex *re);
/* Number of a named group; 0: none. */
uint32_t zd_fp_regex_group(const zd_fp_regex *re, zd_slice name);

#endif
