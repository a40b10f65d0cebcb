/* import_stream.c: a big Bundle that only carries resources, in pieces of whole entries.
 *
 *   file ─► window ─► split (json/split.h) ─► items ─► piece: some MiB of them
 *
 * Looked through twice: first only to see that it is such a Bundle and whole (`type` may stand
 * behind the entries), then to take the entries. Memory is the pieces under way and the window: the
 * entry that is being read, and a step.
 */
#include <stdlib.h>

#include "bulk/import.h"

enum {
  BIG_PLAIN = 32 << 20, /* bytes of a file from which on it is worth while */
  BIG_PACKED = 2 << 20
};

struct zd_import_stream {
  const zd_source_file *file;
  zd_source *source;
  zd_fhir_bundle b;
  zd_buffer window;
  uint64_t base;         /* offset of the window's first byte */
  uint32_t line, column; /* of it */
  uint64_t taken;        /* entries given out */
  bool ended;
};

static zd_err read_some(zd_import_stream *s, zd_slice *part, zd_fault *fault) {
  zd_err err = zd_source_read(s->source, part, fault);
  if (err != ZD_OK) return err;
  err = part->n ? zd_fhir_bundle_feed(&s->b, *part) : zd_fhir_bundle_end(&s->b);
  s->ended = part->n == 0;
  if (err == ZD_ERR_LIMIT) return ZD_OK; /* not what we are looking for */
  return err == ZD_OK ? err : zd_fail(fault, err, "%s: %s", s->file->path, zd_err_name(err));
}

static zd_err begin(zd_import_stream *s, const zd_schema *schema, size_t most, zd_fault *fault) {
  zd_source_close(s->source);
  s->source = NULL;
  zd_fhir_bundle_free(&s->b);
  zd_fhir_bundle_init(&s->b, schema, NULL, most);
  s->ended = false;
  return zd_source_open(s->file, &s->source, fault);
}

/* Looks through the file. */
static zd_err look(zd_import_stream *s, bool *fits, zd_fault *fault) {
  zd_slice part;
  zd_err err = ZD_OK;
  while (err == ZD_OK && !s->ended && !s->b.split.outer.failed) err = read_some(s, &part, fault);
  *fits = err == ZD_OK && s->ended && s->b.split.found && s->b.split.done &&
          zd_import_is_collection(&s->b);
  return err;
}

zd_err zd_import_stream_open(const zd_source_file *file, const zd_schema *schema,
                             zd_import_stream **out, zd_fault *fault) {
  bool fits = false;
  *out = NULL;
  if (file->lines || file->xml || file->size < (file->packing == ZD_PLAIN ? BIG_PLAIN : BIG_PACKED))
    return ZD_OK;
  zd_import_stream *s = calloc(1, sizeof *s);
  if (!s) return zd_fail(fault, ZD_ERR_MEMORY, "out of memory");
  s->file = file;
  s->line = s->column = 1;
  zd_buffer_init(&s->window, ZD_IMPORT_LINE_MAX);
  zd_err err = begin(s, schema, 0, fault);
  if (err == ZD_OK) err = look(s, &fits, fault);
  if (err == ZD_OK && fits) err = begin(s, schema, SIZE_MAX, fault);
  if (err == ZD_OK && fits)
    *out = s;
  else
    zd_import_stream_close(s);
  return err;
}

void zd_import_stream_close(zd_import_stream *s) {
  if (!s) return;
  zd_source_close(s->source);
  zd_fhir_bundle_free(&s->b);
  zd_buffer_free(&s->window);
  free(s);
}

/* Bytes from the first item found to the end of the n-th. */
static size_t extent(const zd_import_stream *s, size_t n) {
  const zd_json_item *items = s->b.split.items;
  return n ? (size_t)(items[n - 1].at + items[n - 1].n - items[0].at) : 0;
}

static void move_on(zd_import_stream *s, uint64_t to) {
  uint32_t lines, column;
  size_t n = (size_t)(to - s->base);
  if (!n) return;
  zd_json_place(zd_buffer_slice(&s->window), n, &lines, &column);
  s->column = lines == 1 ? s->column + column - 1 : column;
  s->line += lines - 1;
  s->base = to;
  memmove(s->window.p, s->window.p + n, s->window.n - n);
  s->window.n -= n;
}

/* The first n items become the piece. */
static zd_err give(zd_import_stream *s, size_t n, zd_import_piece *p) {
  zd_json_split *from = &s->b.split, *to = &p->parts.split;
  uint64_t first = from->items[0].at;
  move_on(s, first);
  zd_buffer_add(&p->text, s->window.p, extent(s, n));
  zd_fhir_bundle_init(&p->parts, s->b.schema, NULL, n);
  to->items = malloc(n * sizeof *to->items);
  if (!to->items || p->text.failed) return ZD_ERR_MEMORY;
  for (size_t i = 0; i < n; i++)
    to->items[i] = (zd_json_item){from->items[i].at - first, from->items[i].n};
  to->count = to->room = n;
  to->found = n;
  p->parts.line = s->line;
  p->parts.column = s->column;
  p->first_entry = s->taken;
  s->taken += n;
  from->count -= n;
  memmove(from->items, from->items + n, from->count * sizeof *from->items);
  return ZD_OK;
}

zd_err zd_import_stream_next(zd_import_stream *s, size_t wanted, zd_import_piece *p,
                             zd_fault *fault) {
  zd_json_split *split = &s->b.split;
  zd_slice part;
  zd_err err = ZD_OK;
  /* one item more than is given, so that the last piece is known to be the last */
  while (err == ZD_OK && !s->ended && (split->count < 2 || extent(s, split->count - 1) < wanted)) {
    uint64_t needed = split->count ? split->items[0].at : zd_json_split_pending(split);
    move_on(s, needed);
    err = read_some(s, &part, fault);
    if (err == ZD_OK) zd_buffer_add_slice(&s->window, part);
    if (s->window.failed)
      err = zd_fail(fault, s->window.failed, "%s: an entry is larger than %d MiB", s->file->path,
                    ZD_IMPORT_LINE_MAX >> 20);
  }
  if (err == ZD_OK && s->ended && !split->done)
    err = zd_fail(fault, ZD_ERR_INVALID, "%s: changed while it was read", s->file->path);
  if (err != ZD_OK) return err;
  p->last = s->ended;
  size_t n = s->ended ? split->count : split->count - 1;
  if (n && give(s, n, p) != ZD_OK) return zd_fail(fault, ZD_ERR_MEMORY, "out of memory");
  return ZD_OK;
}
