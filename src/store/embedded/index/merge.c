#include "store/embedded/index/merge.h"

#include <stdlib.h>

enum { CANCEL_EVERY = 4096, LOCATORS_AT_ONCE = 1024 };

typedef struct source {
  const zd_merge_input *in;
  zd_key key;              /* present key; its bytes live until the next one */
  const zd_mem_key **keys; /* memtable */
  size_t at, count;
  size_t space, spaces; /* segment */
  zd_segment_cursor cursor;
} source;

/* What one source has for the present key in one chunk. */
typedef struct piece {
  uint64_t chunk;
  zd_set set;
  const void *column;           /* RANGE of a segment: the column, n intervals */
  const zd_interval *intervals; /* RANGE of a memtable */
  uint32_t n;
} piece;

typedef struct merger {
  const zd_merge_request *r;
  zd_segment_writer *w;
  source *sources;
  source **heap;
  size_t heap_count;
  zd_arena arena; /* of the present key */
  piece *pieces;
  size_t piece_count, piece_room;
  zd_buffer scratch;
  zd_fault *fault;
} merger;

static zd_err out_of_memory(merger *m) {
  return zd_fail(m->fault, ZD_ERR_MEMORY, "out of memory merging the index");
}

/* Passes on what the writer says. */
static zd_err told(merger *m, zd_err err) {
  if (err && m->fault) *m->fault = *zd_segment_writer_fault(m->w);
  return err;
}

/* ---- sources ---- */

static bool source_done(const source *s) {
  return s->in->memtable ? s->at >= s->count : s->space >= s->spaces;
}

static void source_take_key(source *s) {
  if (source_done(s)) return;
  if (s->in->memtable) {
    s->key = zd_mem_key_get(s->keys[s->at]);
  } else {
    s->key.bytes = zd_segment_cursor_key(&s->cursor);
    s->key.kind = s->cursor.space->kind;
    s->key.field = s->cursor.space->field;
  }
}

/* To the first key of the present space, or of the next that has one. */
static zd_err source_enter_space(source *s, zd_fault *fault) {
  const zd_segment_space *spaces = zd_segment_spaces(s->in->segment, &s->spaces);
  while (s->space < s->spaces) {
    zd_err err = zd_segment_cursor_start(&s->cursor, s->in->segment, &spaces[s->space],
                                         (zd_slice){NULL, 0}, fault);
    if (err || !s->cursor.done) return err;
    s->space++;
  }
  return ZD_OK;
}

static zd_err source_next(source *s, zd_fault *fault) {
  zd_err err = ZD_OK;
  if (s->in->memtable) {
    s->at++;
  } else {
    err = zd_segment_cursor_next(&s->cursor, fault);
    if (!err && s->cursor.done) {
      s->space++;
      err = source_enter_space(s, fault);
    }
  }
  source_take_key(s);
  return err;
}

static zd_err source_start(source *s, const zd_merge_input *in, zd_fault *fault) {
  s->in = in;
  zd_err err = in->memtable ? zd_memtable_sorted(in->memtable, &s->keys, &s->count)
                            : source_enter_space(s, fault);
  if (err == ZD_ERR_MEMORY) zd_fail(fault, err, "out of memory sorting the index");
  if (!err) source_take_key(s);
  return err;
}

/* ---- heap of sources by key ---- */

static void heap_down(merger *m, size_t i) {
  for (;;) {
    size_t least = i;
    for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < m->heap_count; child++) {
      if (zd_key_cmp(&m->heap[child]->key, &m->heap[least]->key) < 0) least = child;
    }
    if (least == i) return;
    source *moved = m->heap[i];
    m->heap[i] = m->heap[least];
    m->heap[least] = moved;
    i = least;
  }
}

/* ---- gathering the pieces of a key ---- */

static piece *piece_add(merger *m, uint64_t chunk) {
  if (m->piece_count == m->piece_room) {
    size_t room = m->piece_room ? m->piece_room * 2 : 64;
    piece *more = realloc(m->pieces, room * sizeof *more);
    if (!more) return NULL;
    m->pieces = more;
    m->piece_room = room;
  }
  piece *p = &m->pieces[m->piece_count++];
  *p = (piece){.chunk = chunk};
  return p;
}

/* Rows ascending; those of the same chunk as the last piece begun by this call go together. */
static zd_err add_rows(merger *m, zd_row base, const uint32_t *rows, size_t n) {
  for (size_t i = 0; i < n;) {
    uint64_t chunk = zd_chunk_of(base + rows[i]);
    uint16_t *out = zd_arena_alloc(&m->arena, (n - i < 65536 ? n - i : 65536) * sizeof *out);
    piece *p = out ? piece_add(m, chunk) : NULL;
    if (!p) return out_of_memory(m);
    uint32_t k = 0;
    for (; i < n && zd_chunk_of(base + rows[i]) == chunk; i++)
      out[k++] = (uint16_t)((base + rows[i]) & (ZD_CHUNK_ROWS - 1));
    p->set = (zd_set){out, NULL, k};
  }
  return ZD_OK;
}

/* A memtable may hold, beyond its rows, half of one that was rolled back. */
static bool beyond(const source *s, uint32_t row) {
  return row >= s->in->end - s->in->first;
}

static zd_err gather_mem_rows(merger *m, const source *s, zd_mem_walk *w) {
  const void *items;
  for (uint32_t n; (n = zd_mem_walk_next(w, &items)) > 0;) {
    const uint32_t *rows = items;
    while (n > 0 && beyond(s, rows[n - 1])) n--;
    zd_err err = add_rows(m, s->in->first, rows, n);
    if (err) return err;
  }
  return ZD_OK;
}

static zd_err gather_mem_intervals(merger *m, const source *s, zd_mem_walk *w) {
  const void *items;
  for (uint32_t n; (n = zd_mem_walk_next(w, &items)) > 0;) {
    const zd_mem_interval *in = items;
    while (n > 0 && beyond(s, in[n - 1].row)) n--;
    for (uint32_t i = 0; i < n;) {
      uint64_t chunk = zd_chunk_of(s->in->first + in[i].row);
      zd_interval *out = zd_arena_alloc(&m->arena, (n - i) * sizeof *out);
      piece *p = out ? piece_add(m, chunk) : NULL;
      if (!p) return out_of_memory(m);
      p->intervals = out;
      for (; i < n && zd_chunk_of(s->in->first + in[i].row) == chunk; i++) {
        zd_row row = s->in->first + in[i].row;
        out[p->n++] = (zd_interval){in[i].low, in[i].high, (uint32_t)(row & (ZD_CHUNK_ROWS - 1))};
      }
    }
  }
  return ZD_OK;
}

static zd_err gather_memtable(merger *m, const source *s) {
  zd_mem_walk w;
  zd_mem_walk_start(&w, s->in->memtable, s->keys[s->at]);
  return s->key.kind == ZD_KEY_RANGE ? gather_mem_intervals(m, s, &w) : gather_mem_rows(m, s, &w);
}

static zd_err gather_chunks(merger *m, const source *s) {
  zd_segment *segment = s->in->segment;
  const zd_posting_chunk *table;
  size_t n = 0;
  zd_err err = zd_posting_chunks(segment, &s->cursor.posting, &table, &n, m->fault);
  for (size_t i = 0; !err && i < n; i++) {
    piece *p = piece_add(m, zd_chunk_of(zd_segment_head(segment)->first_row) + table[i].chunk);
    if (!p) return out_of_memory(m);
    p->n = table[i].n;
    err = s->key.kind == ZD_KEY_RANGE ? zd_posting_column(segment, &table[i], &p->column, m->fault)
                                      : zd_posting_set(segment, &table[i], &p->set, m->fault);
  }
  return err;
}

static zd_err gather_segment(merger *m, const source *s) {
  const zd_posting *p = &s->cursor.posting;
  if (p->form == ZD_POSTING_CHUNKS) return gather_chunks(m, s);
  uint32_t rows[ZD_POSTING_SHORT];
  bool sound =
      p->form != ZD_POSTING_KILLS && p->n <= ZD_POSTING_SHORT && s->key.kind != ZD_KEY_RANGE;
  if (!sound) return zd_segment_corrupt(s->in->segment, p->at, "form of a posting", m->fault);
  zd_err err = zd_posting_rows(s->in->segment, p, rows, m->fault);
  return err ? err : add_rows(m, zd_segment_head(s->in->segment)->first_row, rows, p->n);
}

static int by_chunk(const void *x, const void *y) {
  const piece *a = x, *b = y;
  if (a->chunk != b->chunk) return a->chunk < b->chunk ? -1 : 1;
  if (!a->set.n || !b->set.n || !a->set.rows || !b->set.rows) return 0;
  return (int)a->set.rows[0] - (int)b->set.rows[0];
}

static void sort_pieces(merger *m) {
  size_t i = 1;
  while (i < m->piece_count && by_chunk(&m->pieces[i - 1], &m->pieces[i]) <= 0) i++;
  if (i < m->piece_count) qsort(m->pieces, m->piece_count, sizeof *m->pieces, by_chunk);
}

/* Pieces [i, return) are of one chunk. */
static size_t chunk_end(const merger *m, size_t i) {
  size_t end = i + 1;
  while (end < m->piece_count && m->pieces[end].chunk == m->pieces[i].chunk) end++;
  return end;
}

/* ---- writing the pieces of a key ---- */

/* Pieces that are lists, each behind the one before (as parts lie, they nearly always are): their
 * concatenation is their union. False: they are not, or too many for a list. */
static bool concatenate(merger *m, size_t from, size_t end, zd_set *out) {
  uint32_t n = 0;
  int last = -1;
  for (size_t k = from; k < end; k++) {
    const zd_set *set = &m->pieces[k].set;
    if (set->words) return false;
    if (!set->n) continue;
    if (set->rows[0] <= last) return false;
    last = set->rows[set->n - 1];
    n += set->n;
  }
  uint16_t *rows = n <= ZD_SET_ARRAY ? zd_arena_alloc(&m->arena, (n + 1) * sizeof *rows) : NULL;
  if (!rows) return false;
  *out = (zd_set){rows, NULL, n};
  for (size_t k = from; k < end; k++) {
    const zd_set *set = &m->pieces[k].set;
    if (set->n) memcpy(rows, set->rows, set->n * sizeof *rows);
    rows += set->n;
  }
  return true;
}

static zd_err write_sets(merger *m) {
  for (size_t i = 0; i < m->piece_count;) {
    size_t end = chunk_end(m, i);
    zd_set set = m->pieces[i].set;
    zd_set_room room;
    if (end - i > 1 && !concatenate(m, i, end, &set)) {
      memset(&room, 0, sizeof room);
      for (size_t k = i; k < end; k++) zd_words_add_set(room.words, &m->pieces[k].set);
      set = (zd_set){NULL, room.words, zd_words_count(room.words)};
    }
    zd_err err = told(m, zd_segment_writer_set(m->w, m->pieces[i].chunk, &set));
    if (err) return err;
    i = end;
  }
  return ZD_OK;
}

static void add_intervals(merger *m, const piece *p) {
  if (p->intervals) {
    zd_buffer_add(&m->scratch, p->intervals, p->n * sizeof *p->intervals);
    return;
  }
  if (!zd_buffer_reserve(&m->scratch, p->n * sizeof(zd_interval))) return;
  for (uint32_t i = 0; i < p->n; i++) {
    zd_interval v = zd_column_at(p->column, p->n, i);
    zd_buffer_add(&m->scratch, &v, sizeof v);
  }
}

static zd_err write_columns(merger *m) {
  for (size_t i = 0; i < m->piece_count;) {
    size_t end = chunk_end(m, i);
    const piece *p = &m->pieces[i];
    zd_err err;
    if (end - i == 1 && p->column) {
      err = zd_segment_writer_column_raw(m->w, p->chunk, p->column, p->n);
    } else {
      zd_buffer_clear(&m->scratch);
      for (size_t k = i; k < end; k++) add_intervals(m, &m->pieces[k]);
      if (m->scratch.failed) return out_of_memory(m);
      err = zd_segment_writer_column(m->w, p->chunk, (zd_interval *)(void *)m->scratch.p,
                                     m->scratch.n / sizeof(zd_interval));
    }
    if (err) return told(m, err);
    i = end;
  }
  return ZD_OK;
}

/* ---- kills ---- */

typedef struct kill {
  uint32_t victim;
  zd_row killer;
} kill;

static int by_victim(const void *x, const void *y) {
  const kill *a = x, *b = y;
  if (a->victim != b->victim) return a->victim < b->victim ? -1 : 1;
  return (a->killer > b->killer) - (a->killer < b->killer);
}

static zd_err gather_kills(merger *m, const source *s) {
  if (s->in->memtable) {
    zd_mem_walk w;
    const void *items;
    zd_mem_walk_start(&w, s->in->memtable, s->keys[s->at]);
    for (uint32_t n; (n = zd_mem_walk_next(&w, &items)) > 0;) {
      const zd_mem_kill *in = items;
      for (uint32_t i = 0; i < n && !beyond(s, in[i].killer); i++) {
        kill k = {in[i].victim, s->in->first + in[i].killer};
        zd_buffer_add(&m->scratch, &k, sizeof k);
      }
    }
    return ZD_OK;
  }
  zd_set victims;
  const uint32_t *killers;
  uint16_t rows[ZD_CHUNK_ROWS];
  zd_err err = zd_posting_kills(s->in->segment, &s->cursor.posting, &victims, &killers, m->fault);
  if (err) return err;
  uint32_t n = zd_set_list(&victims, rows);
  if (n != victims.n)
    return zd_segment_corrupt(s->in->segment, s->cursor.posting.at, "number of superseded rows",
                              m->fault);
  for (uint32_t i = 0; i < n; i++) {
    kill k = {rows[i], zd_segment_head(s->in->segment)->first_row + killers[i]};
    zd_buffer_add(&m->scratch, &k, sizeof k);
  }
  return ZD_OK;
}

static zd_err write_kills(merger *m) {
  if (m->scratch.failed) return out_of_memory(m);
  kill *kills = (kill *)(void *)m->scratch.p;
  size_t n = m->scratch.n / sizeof *kills, kept = 0;
  qsort(kills, n, sizeof *kills, by_victim);
  uint16_t *victims = zd_arena_alloc(&m->arena, (n + 1) * sizeof *victims);
  zd_row *killers = zd_arena_alloc(&m->arena, (n + 1) * sizeof *killers);
  if (!victims || !killers) return out_of_memory(m);
  for (size_t i = 0; i < n; i++) {
    if (i && kills[i].victim == kills[i - 1].victim) continue; /* the first killer counts */
    victims[kept] = (uint16_t)kills[i].victim;
    killers[kept++] = kills[i].killer;
  }
  return told(m, zd_segment_writer_kills(m->w, victims, killers, kept));
}

/* ---- the merge ---- */

static zd_err gather(merger *m, const source *s) {
  if (s->key.kind == ZD_KEY_KILLS) return gather_kills(m, s);
  return s->in->memtable ? gather_memtable(m, s) : gather_segment(m, s);
}

static zd_err write_pieces(merger *m, uint32_t kind) {
  if (kind == ZD_KEY_KILLS) return write_kills(m);
  sort_pieces(m);
  return kind == ZD_KEY_RANGE ? write_columns(m) : write_sets(m);
}

/* Takes the least key out of every source that has it. */
static zd_err merge_key(merger *m) {
  char bytes[ZD_TERM_MAX];
  zd_key key = m->heap[0]->key;
  if (key.bytes.n > sizeof bytes) return zd_fail(m->fault, ZD_ERR_CORRUPT, "a key too long");
  if (key.bytes.n) memcpy(bytes, key.bytes.p, key.bytes.n);
  key.bytes.p = bytes;
  zd_arena_reset(&m->arena);
  m->piece_count = 0;
  zd_buffer_clear(&m->scratch);
  zd_err err = told(m, zd_segment_writer_key(m->w, &key));
  while (!err && m->heap_count && zd_key_cmp(&m->heap[0]->key, &key) == 0) {
    source *s = m->heap[0];
    err = gather(m, s);
    /* A cursor's posting may lie in its block only: what was gathered has been copied or is mapped.
     */
    if (!err) err = source_next(s, m->fault);
    if (!err && !source_done(s) && zd_key_cmp(&s->key, &key) <= 0)
      err = zd_segment_corrupt(s->in->segment, 0, "order of the keys", m->fault);
    if (source_done(s)) m->heap[0] = m->heap[--m->heap_count];
    heap_down(m, 0);
  }
  return err ? err : write_pieces(m, key.kind);
}

static zd_err merge_keys(merger *m) {
  for (size_t i = 0; i < m->r->input_count; i++) {
    zd_err err = source_start(&m->sources[i], &m->r->inputs[i], m->fault);
    if (err) return err;
    if (!source_done(&m->sources[i])) m->heap[m->heap_count++] = &m->sources[i];
  }
  for (size_t i = m->heap_count; i-- > 0;) heap_down(m, i);
  for (uint64_t n = 0; m->heap_count; n++) {
    if (n % CANCEL_EVERY == 0 && m->r->cancel &&
        atomic_load_explicit(m->r->cancel, memory_order_relaxed))
      return zd_fail(m->fault, ZD_ERR_CANCELLED, "merge stopped");
    zd_err err = merge_key(m);
    if (err) return err;
  }
  return ZD_OK;
}

static zd_err input_locators(const zd_merge_input *in, zd_row row, size_t n, uint64_t *out,
                             zd_fault *fault) {
  if (in->segment) return zd_segment_locators(in->segment, row, n, out, fault);
  for (size_t i = 0; i < n; i++)
    out[i] = in->locator_base + zd_memtable_locator(in->memtable, (uint32_t)(row - in->first + i));
  return ZD_OK;
}

static zd_err merge_locators(merger *m) {
  uint64_t locators[LOCATORS_AT_ONCE];
  for (size_t i = 0; i < m->r->input_count; i++) {
    const zd_merge_input *in = &m->r->inputs[i];
    if (in->supplement) continue;
    for (zd_row row = in->first; row < in->end;) {
      size_t n = in->end - row < LOCATORS_AT_ONCE ? (size_t)(in->end - row) : LOCATORS_AT_ONCE;
      zd_err err = input_locators(in, row, n, locators, m->fault);
      if (!err) err = told(m, zd_segment_writer_locators(m->w, locators, n));
      if (err) return err;
      row += n;
    }
  }
  return ZD_OK;
}

static void merger_free(merger *m) {
  for (size_t i = 0; m->sources && i < m->r->input_count; i++) free(m->sources[i].keys);
  free(m->sources);
  free(m->heap);
  free(m->pieces);
  zd_arena_free(&m->arena);
  zd_buffer_free(&m->scratch);
}

zd_err zd_merge(const zd_merge_request *r, uint64_t *size, zd_fault *fault) {
  merger m = {.r = r, .fault = fault};
  zd_arena_init(&m.arena, 0);
  zd_buffer_init(&m.scratch, 0);
  m.sources = calloc(r->input_count, sizeof *m.sources);
  m.heap = calloc(r->input_count, sizeof(source *));
  zd_err err = m.sources && m.heap ? ZD_OK : out_of_memory(&m);
  if (!err) err = zd_segment_writer_open(r->fs, r->path, r->first, r->end, r->flags, &m.w, fault);
  if (!err) err = merge_locators(&m);
  if (!err) err = merge_keys(&m);
  if (!err)
    err = zd_segment_writer_finish(m.w, size, fault);
  else
    zd_segment_writer_abort(m.w);
  merger_free(&m);
  return err;
}
