/* merge_choice.h: which parts are merged next. A pure function over their sizes, so that its two
 * promises can be tested without files: few parts, and little written again. */
#ifndef ZD_INDEX_MERGE_CHOICE_H
#define ZD_INDEX_MERGE_CHOICE_H

#include "base/slice.h"

enum {
  ZD_MERGE_FAN = 8,  /* adjacent segments that are merged */
  ZD_MERGE_MOST = 48 /* segments at which some are merged though they don't balance */
};

/* rows[0..n-1]: sizes of adjacent segments, oldest first. True when some are to be merged: count of
 * them from first on. Called again and again until false, it leaves fewer than ZD_MERGE_MOST
 * segments. What a merge writes is at least four times its largest part (but for merges that only
 * keep the number down), so that a row is written again about log4(all rows / its part's) times. */
bool zd_merge_choose(const uint64_t *rows, size_t n, size_t *first, size_t *count);

#endif
