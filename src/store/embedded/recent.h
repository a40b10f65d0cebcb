/* recent.h: records read again and again, unpacked.
 *
 * What a row holds never changes once it is published, so nothing here is ever out of date: no
 * invalidation, and a hit saves place, checksum and unpacking. First pages are the same few rows
 * for everybody, and often the oldest ones, packed before there was a dictionary for their type.
 *
 * A table of SLOTS by row number. A row is taken in when it is asked for a second time before
 * another one claimed its slot, so that scattered reads pass by and leave what is asked for often.
 * Bounded: 65,536 bodies of at most 2 KB, all together 24 MB, nothing before they are asked for.
 * When that is used up, a row takes the place of another only where it fits.
 *
 * Any thread. Looking for what is not there takes no lock; a hit copies under one of 64.
 */
#ifndef ZD_STORE_EMBEDDED_RECENT_H
#define ZD_STORE_EMBEDDED_RECENT_H

#include "store/store.h"

typedef struct zd_recent zd_recent;

zd_recent *zd_recent_new(void); /* NULL: out of memory */
void zd_recent_free(zd_recent *r);

typedef enum zd_recall {
  ZD_RECALL_NO,    /* not here */
  ZD_RECALL_OFFER, /* not here, but asked for again: pass it to zd_recent_keep once read */
  ZD_RECALL_HIT    /* *out is filled, the body in the arena */
} zd_recall;
zd_recall zd_recent_find(zd_recent *r, zd_row row, bool header_only, zd_arena *arena,
                         zd_record *out);
/* Copies the record, body and all. */
void zd_recent_keep(zd_recent *r, const zd_record *record);
/* A hint that these rows are looked for next, in this order: the first will be now. */
void zd_recent_expect(zd_recent *r, const zd_row *rows, size_t n);
size_t zd_recent_bytes(zd_recent *r);

#endif
