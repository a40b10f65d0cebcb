/* What keys lead to, read in place. */
#include "store/embedded/index/segment_internal.h"

zd_err zd_posting_rows(zd_segment *s, const zd_posting *p, uint32_t *out, zd_fault *fault) {
  const unsigned char *at = p->rows, *end = p->end;
  if (p->form == ZD_POSTING_LIST) {
    const void *bytes;
    zd_err err = zd_segment_bytes(s, p->at, p->size, &bytes, fault);
    if (err) return err;
    at = bytes;
    end = at + p->size;
  }
  uint64_t rows = s->head.end_row - s->head.first_row, row = 0;
  for (uint64_t i = 0; i < p->n; i++) {
    uint64_t step;
    bool sound = zd_varint_get(&at, end, &step) && step < rows && (i == 0 || step > 0);
    row += sound ? step : 0;
    if (!sound || row >= rows)
      return zd_segment_corrupt(s, (uint64_t)(at - s->map), "a list of rows", fault);
    out[i] = (uint32_t)row;
  }
  return ZD_OK;
}

zd_err zd_posting_chunks(zd_segment *s, const zd_posting *p, const zd_posting_chunk **out,
                         size_t *n, zd_fault *fault) {
  const void *bytes;
  if (p->at % 8 || p->size > s->head.crcs_at / sizeof **out || p->size == 0)
    return zd_segment_corrupt(s, p->at, "a table of chunks", fault);
  zd_err err = zd_segment_bytes(s, p->at, p->size * sizeof **out, &bytes, fault);
  if (err) return err;
  *out = bytes;
  *n = p->size;
  return ZD_OK;
}

/* The n 16-bit rows or the bitmap at `at`; sorted and as many as told, else corrupt. */
static zd_err container(zd_segment *s, uint64_t at, uint32_t n, zd_set *out, zd_fault *fault) {
  const void *bytes;
  if (at % 8 || n == 0 || n > ZD_CHUNK_ROWS) return zd_segment_corrupt(s, at, "a container", fault);
  uint64_t size = n > ZD_SET_ARRAY ? sizeof(zd_set_room) : n * sizeof(uint16_t);
  zd_err err = zd_segment_bytes(s, at, size, &bytes, fault);
  if (err) return err;
  *out = n > ZD_SET_ARRAY ? (zd_set){NULL, bytes, n} : (zd_set){bytes, NULL, n};
  return ZD_OK;
}

zd_err zd_posting_set(zd_segment *s, const zd_posting_chunk *chunk, zd_set *out, zd_fault *fault) {
  return container(s, chunk->at, chunk->n, out, fault);
}

zd_err zd_posting_kills(zd_segment *s, const zd_posting *p, zd_set *victims,
                        const uint32_t **killers, zd_fault *fault) {
  if (p->form != ZD_POSTING_KILLS || p->n > ZD_CHUNK_ROWS)
    return zd_segment_corrupt(s, p->at, "a list of superseded rows", fault);
  zd_err err = container(s, p->at, (uint32_t)p->n, victims, fault);
  if (err) return err;
  uint64_t size = p->n > ZD_SET_ARRAY ? sizeof(zd_set_room) : (p->n * sizeof(uint16_t) + 7) / 8 * 8;
  const void *bytes;
  err = zd_segment_bytes(s, p->at + size, p->n * sizeof(uint32_t), &bytes, fault);
  *killers = bytes;
  return err;
}

zd_err zd_posting_column(zd_segment *s, const zd_posting_chunk *chunk, const void **column,
                         zd_fault *fault) {
  const void *bytes;
  if (chunk->at % 8 || chunk->n == 0) return zd_segment_corrupt(s, chunk->at, "a column", fault);
  zd_err err = zd_segment_bytes(s, chunk->at, sizeof(zd_column_header), &bytes, fault);
  if (err) return err;
  uint64_t size = zd_column_size(bytes, chunk->n);
  if (size == 0) return zd_segment_corrupt(s, chunk->at, "header of a column", fault);
  return zd_segment_bytes(s, chunk->at, size, column, fault);
}
