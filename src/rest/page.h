/* page.h: Bundles that answer searches and histories, and the cursors between their pages.
 * Private to rest/.
 *
 * A cursor is all it takes to go on exactly where the page ended, on the same state of the record,
 * with nothing kept on the server:
 *
 *   <snapshot row>-<row, or s>-<f or b><part>                            of a history
 *   ...                                      -<check>-<now>-<before>     of a search
 *   ...                                                     -<inner>     behind a contained
 * resource
 */
#ifndef ZD_REST_PAGE_H
#define ZD_REST_PAGE_H

#include "rest/interaction.h"

typedef struct zd_cursor {
  zd_row snapshot; /* state the first page saw */
  zd_row after;    /* last row of the page before, or first of the page behind it; ZD_NO_ROW ("s"):
                      from the start, back: from the end */
  bool back;       /* towards the first page */
  unsigned part;   /* history: which of its row ranges */
  bool search;     /* it has what follows */
  uint32_t check;  /* of the question it belongs to */
  int64_t now_ms;  /* what the first page took for now */
  uint64_t before; /* _maxresults: matches before the page; back: before the page behind it */
  uint32_t inner;  /* which contained resource of `after`; 0: the row itself */
} zd_cursor;

bool zd_cursor_parse(zd_slice text, zd_cursor *out);
void zd_cursor_write(const zd_cursor *cursor, zd_buffer *out);

/* Makes room for a page of these, so that it does not move while it grows. */
void zd_page_room(zd_call *c, const zd_record *records, size_t n, zd_buffer *out);
/* Opens a Bundle: {"resourceType":"Bundle","type":...,; total UINT64_MAX: not told. */
void zd_page_open(zd_call *c, const char *bundle_type, uint64_t total, zd_buffer *out);
/* A link; call before zd_page_entries. url_path is below the base; query without '?', may be empty;
 * cursor may be NULL. */
void zd_page_link(zd_call *c, const char *relation, zd_slice url_path, zd_slice query,
                  const zd_cursor *cursor, zd_buffer *out);
/* Ends the links; the entries follow, then zd_page_close. */
void zd_page_entries(zd_buffer *out);
/* Reads the rows of a page, bodies too, into the arena. *n shrinks when they would be more than a
 * page may hold: at least one row is read. */
zd_err zd_page_read(zd_call *c, zd_snapshot *v, const zd_row *rows, size_t *n, zd_record **out,
                    zd_fault *fault);
/* One resource of a search; mode: "match", "include". */
zd_err zd_page_entry(zd_call *c, const zd_interaction *in, const zd_record *record,
                     const char *mode, bool first, zd_buffer *out);
/* The same of the inner-th resource that the record contains, on its own. */
zd_err zd_page_contained(zd_call *c, const zd_interaction *in, const zd_record *record,
                         uint32_t inner, const char *mode, bool first, zd_buffer *out);
/* One version as a history entry, with request and response. */
zd_err zd_page_version(zd_call *c, const zd_interaction *in, const zd_record *record, bool first,
                       zd_buffer *out);
void zd_page_close(zd_buffer *out);

/* Path of the interaction below the base: "Patient", "Patient/1/_history". */
zd_slice zd_page_path(zd_call *c, const zd_interaction *in);

/* Two parameter lists as one. */
zd_slice zd_page_query(zd_call *c, zd_slice first, zd_slice second);

#endif
