/* fold.h: text as string search compares it (R4 search.html#string).
 *
 * Compatibility decomposition, case folded, combining marks removed (so ё is е, é is e, й is и),
 * punctuation and control characters removed, runs of white space made one blank, none at the ends.
 */
#ifndef ZD_SEARCH_FOLD_H
#define ZD_SEARCH_FOLD_H

#include "base/arena.h"
#include "base/slice.h"

/* The folded text in the arena, cut at a whole character to at most `limit` bytes (0: not cut;
 * *cut says whether it was, may be NULL). p is NULL when memory is exhausted. Bytes that are not
 * UTF-8 are dropped. */
zd_slice zd_fold(zd_slice text, size_t limit, bool *cut, zd_arena *arena);

/* True when `text` is what `folded` tells without looking at it: every word of letters and digits
 * with a capital first, as far as ASCII and Russian capitals go ("Анна", "Oak Street 5"). Two
 * different texts with the same folded form are never both plain. */
bool zd_fold_is_plain(zd_slice text, zd_slice folded);

/* True when the bytes are UTF-8. */
bool zd_fold_is_utf8(zd_slice text);

#endif
