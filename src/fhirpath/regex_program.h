/* regex_program.h: what a regular expression is compiled to. Private to regex*.c.
 *
 *   a(b|c)*    CHAR a; MARK 0; SPLIT; SAVE 2; SPLIT; CHAR b; JUMP; CHAR c; SAVE 3; CHECK 0; JUMP;
 * MATCH
 */
#ifndef ZD_FHIRPATH_REGEX_PROGRAM_H
#define ZD_FHIRPATH_REGEX_PROGRAM_H

#include "fhirpath/regex.h"

typedef enum zd_fp_re_code {
  ZD_RE_MATCH,
  ZD_RE_CHAR, /* a: code point */
  ZD_RE_ANY,
  ZD_RE_CLASS, /* a: first range, b: how many; negated */
  ZD_RE_SPLIT, /* first a, then b */
  ZD_RE_JUMP,
  ZD_RE_SAVE, /* a: 2 * group, + 1 at its end */
  ZD_RE_MARK, /* a: where a repetition began, to see that it goes on */
  ZD_RE_CHECK,
  ZD_RE_START,
  ZD_RE_END,
  ZD_RE_WORD, /* at the edge of a word; negated */
  ZD_RE_LOOK, /* the program behind it, until its MATCH; goes on at a; negated */
  ZD_RE_SAME  /* a: group */
} zd_fp_re_code;

typedef struct zd_fp_re_op {
  uint8_t code;
  bool negated;
  uint32_t a, b;
} zd_fp_re_op;

/* low > high: a category of Unicode (utf8proc), or a group of them by its letter. */
typedef struct zd_fp_re_range {
  uint32_t low, high;
  uint8_t category; /* 0: a range; else a letter L M N P S Z C, */
  uint8_t detail;   /* and the second one, or 0 */
  bool negated;
} zd_fp_re_range;

enum { ZD_RE_MARKS = 64 };

struct zd_fp_regex {
  const zd_fp_re_op *ops;
  const zd_fp_re_range *ranges;
  uint32_t op_count, groups, marks;
  bool fold; /* whatever the case of letters */
  zd_slice names[ZD_FP_GROUPS];
};

#endif
