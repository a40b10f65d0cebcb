/* The terms of a field, or the ids of a type, in order: the dictionaries of all segments are
 * merged, each read a block at a time in either direction; the keys of memtables are gathered.
 *
 * Ids stand in dictionaries packed (key.h), in three classes one after the other: UUIDs, those that
 * begin with a control character, all others. Within a class the order of keys is that of the ids,
 * so each class is a source of its own and the merge compares ids.
 */
#include "store/embedded/index/sort/sort_internal.h"

enum {
  KEY_BYTES = ZD_TERM_MAX + 88,
  FEW_ROWS = 64,
  KEY_UNITS = 5,
  BLOCK_UNITS = 60,
  PACKED = 1, /* first bytes of keys of ids: their class */
  ESCAPED = 2,
  PLAIN = 3
};

/* The keys of one block, read out. */
typedef struct block {
  uint64_t number;
  size_t n;
  zd_slice keys[ZD_SEGMENT_BLOCK_KEYS];
  zd_posting postings[ZD_SEGMENT_BLOCK_KEYS];
  char bytes[ZD_SEGMENT_BLOCK_KEYS * KEY_BYTES];
} block;

typedef struct source {
  const zd_part *part;
  const zd_segment_space *space;
  bool id;
  unsigned char class; /* of ids */
  block *block;
  size_t at;          /* in the block */
  uint64_t end_block; /* where the keys wanted end (not included) in the direction of the walk */
  size_t end_at;
  zd_slice key;      /* present */
  zd_sort_heap keys; /* memtables: of zd_mem_key */
} source;

/* ---- order of ids ---- */

static unsigned char class_of(zd_slice key) {
  unsigned char first = key.n ? (unsigned char)key.p[0] : 0;
  return first <= ESCAPED ? first : PLAIN;
}

/* The text of a key: of an id into `room`. */
static zd_slice text_of(zd_slice key, bool id, char room[ZD_ID_MAX]) {
  size_t n = 0;
  if (!id || class_of(key) == PLAIN) return key;
  return zd_key_id_text(key, room, &n) ? zd_slice_make(room, n) : key;
}

static int key_cmp(zd_slice a, zd_slice b, bool id) {
  char room_a[ZD_ID_MAX], room_b[ZD_ID_MAX];
  if (!id || class_of(a) == class_of(b)) return zd_slice_cmp(a, b);
  return zd_slice_cmp(text_of(a, id, room_a), text_of(b, id, room_b));
}

static int by_key(const void *x, const void *y, bool down) {
  const source *a = x, *b = y;
  (void)down;
  return key_cmp(a->key, b->key, a->id);
}

static int mem_by_term(const void *x, const void *y, bool down) {
  (void)down;
  return key_cmp(zd_mem_key_get(x).bytes, zd_mem_key_get(y).bytes, false);
}

static int mem_by_id(const void *x, const void *y, bool down) {
  (void)down;
  return key_cmp(zd_mem_key_get(x).bytes, zd_mem_key_get(y).bytes, true);
}

/* ---- blocks of segments ---- */

static zd_err read_block(zd_sort *s, source *c, uint64_t number) {
  zd_segment_cursor at;
  block *b = c->block;
  size_t used = 0;
  zd_err err = zd_segment_cursor_block(&at, c->part->segment, c->space, number, s->fault);
  b->n = 0;
  b->number = number;
  while (!err && !at.done && at.block == number) {
    if (b->n == ZD_SEGMENT_BLOCK_KEYS)
      return zd_segment_corrupt(c->part->segment, c->space->blocks_at, "keys of a block", s->fault);
    memcpy(b->bytes + used, at.bytes, at.length);
    b->keys[b->n] = zd_slice_make(b->bytes + used, at.length);
    b->postings[b->n++] = at.posting;
    used += at.length;
    if (at.left == 0) break;
    err = zd_segment_cursor_next(&at, s->fault);
  }
  return err ? err : zd_sort_work(s, BLOCK_UNITS);
}

/* A place among the keys: the first that is not below (class, text). */
typedef struct bound {
  unsigned char class;
  zd_slice text;
} bound;

static bool below(const source *c, zd_slice key, const bound *b) {
  char room[ZD_ID_MAX];
  if (c->id && class_of(key) != b->class) return class_of(key) < b->class;
  return zd_slice_cmp(text_of(key, c->id, room), b->text) < 0;
}

/* The place of the first key that is not below the bound; *at may be one behind the block's. */
static zd_err seek(zd_sort *s, source *c, const bound *b, uint64_t *number, size_t *at) {
  uint64_t low = 0, n = c->space->blocks;
  zd_segment_cursor first;
  while (n > 1) {
    uint64_t half = n / 2;
    zd_err err = zd_segment_cursor_block(&first, c->part->segment, c->space, low + half, s->fault);
    if (err) return err;
    if (below(c, zd_segment_cursor_key(&first), b)) {
      low += half;
      n -= half;
    } else {
      n = half;
    }
  }
  zd_err err = read_block(s, c, low);
  *number = low;
  for (*at = 0; !err && *at < c->block->n && below(c, c->block->keys[*at], b);) ++*at;
  return err;
}

/* Goes to the key at (number, at) of the walk, which may be outside of a block; false at the end.
 */
static zd_err settle(zd_sort *s, source *c, bool down, bool *more) {
  *more = false;
  while (down ? c->at == SIZE_MAX : c->at >= c->block->n) {
    if (down ? c->block->number == 0 : c->block->number + 1 >= c->space->blocks) return ZD_OK;
    zd_err err = read_block(s, c, down ? c->block->number - 1 : c->block->number + 1);
    if (err) return err;
    c->at = down ? c->block->n - 1 : 0;
  }
  uint64_t number = c->block->number;
  if (down)
    *more = number > c->end_block || (number == c->end_block && c->at + 1 > c->end_at);
  else
    *more = number < c->end_block || (number == c->end_block && c->at < c->end_at);
  c->key = c->block->keys[c->at];
  return ZD_OK;
}

static zd_err step(zd_sort *s, source *c, bool down, bool *more) {
  c->at = down ? c->at - 1 : c->at + 1;
  return settle(s, c, down, more);
}

/* ---- starting: the keys in [low, high), absent high: open ---- */

typedef struct span {
  zd_slice low, high;
  bool down;
} span;

static zd_err seek_ends(zd_sort *s, source *c, const span *of) {
  bound low = {c->class, of->low}, high = {c->class, of->high};
  uint64_t low_block = 0, high_block = c->space->blocks;
  size_t low_at = 0, high_at = 0;
  if (c->id && !of->high.p) high = (bound){(unsigned char)(c->class + 1), ZD_S("")};
  zd_err err = seek(s, c, &low, &low_block, &low_at);
  bool open = !of->high.p && (!c->id || c->class == PLAIN);
  uint64_t in_block = low_block;
  if (!err && !open) {
    err = seek(s, c, &high, &high_block, &high_at);
    in_block = high_block;
  }
  if (err) return err;
  c->end_block = of->down ? low_block : high_block;
  c->end_at = of->down ? low_at : high_at;
  uint64_t begin = of->down ? (open ? c->space->blocks - 1 : high_block) : low_block;
  if (begin != in_block) err = read_block(s, c, begin);
  if (!of->down)
    c->at = low_at;
  else
    c->at = (open ? c->block->n : high_at) - 1;
  return err;
}

static zd_err add_segment(zd_sort *s, zd_sort_walk *w, const zd_part *part, const span *of,
                          unsigned char class) {
  bool id = w->step->by == ZD_BY_ID, more = false;
  const zd_segment_space *space =
      zd_segment_find_space(part->segment, id ? ZD_KEY_ID : ZD_KEY_TERM, w->field);
  if (!space || space->blocks == 0) return ZD_OK;
  zd_err err;
  source *c = zd_sort_alloc(s, &w->level->walk, sizeof *c, &err);
  if (err) return err;
  *c = (source){.part = part, .space = space, .id = id, .class = class};
  c->block = zd_sort_alloc(s, &w->level->walk, sizeof *c->block, &err);
  if (!err) err = seek_ends(s, c, of);
  if (!err) err = settle(s, c, of->down, &more);
  return err || !more ? err : zd_sort_heap_add(s, &w->level->walk, &w->heap, c);
}

typedef struct gathering {
  zd_sort *s;
  zd_sort_walk *walk;
  source *to;
  const span *of;
  zd_err err;
} gathering;

/* Has the key few rows, none of them in the set? Then it need not be put in order. */
static bool of_no_use(const gathering *g, const zd_mem_key *k) {
  if (zd_mem_key_count(k) > FEW_ROWS) return false;
  zd_mem_walk w;
  zd_mem_walk_start(&w, g->to->part->memtable, k);
  const void *items;
  for (uint32_t n; (n = zd_mem_walk_next(&w, &items)) > 0;) {
    for (uint32_t i = 0; i < n; i++) {
      zd_row row = g->to->part->first + ((const uint32_t *)items)[i];
      if (zd_sort_set_has(g->s, &g->walk->level->set, row)) return false;
    }
  }
  return true;
}

static bool gather(void *context, const zd_mem_key *k) {
  gathering *g = context;
  char room[ZD_ID_MAX];
  g->err = zd_sort_work(g->s, KEY_UNITS);
  if (g->err) return false;
  zd_slice text = text_of(zd_mem_key_get(k).bytes, g->to->id, room);
  if (zd_slice_cmp(text, g->of->low) < 0) return true;
  if (g->of->high.p && zd_slice_cmp(text, g->of->high) >= 0) return true;
  if (of_no_use(g, k)) return true;
  g->err = zd_sort_heap_add(g->s, &g->walk->level->walk, &g->to->keys, k);
  return g->err == ZD_OK;
}

static zd_err add_memtable(zd_sort *s, zd_sort_walk *w, const zd_part *part, const span *of) {
  bool id = w->step->by == ZD_BY_ID;
  zd_err err;
  source *c = zd_sort_alloc(s, &w->level->walk, sizeof *c, &err);
  if (err) return err;
  *c = (source){.part = part, .id = id};
  c->keys = (zd_sort_heap){.order = id ? mem_by_id : mem_by_term, .down = of->down};
  gathering g = {s, w, c, of, ZD_OK};
  if (id)
    zd_memtable_keys(part->memtable, ZD_KEY_ID, w->field, gather, &g);
  else
    zd_memtable_terms(part->memtable, w->field, of->low, of->high, gather, &g);
  if (g.err || c->keys.n == 0) return g.err;
  zd_sort_heap_build(&c->keys);
  c->key = zd_mem_key_get(c->keys.at[0]).bytes;
  return zd_sort_heap_add(s, &w->level->walk, &w->heap, c);
}

static zd_err add_part(zd_sort *s, zd_sort_walk *w, const zd_part *part, const span *of) {
  if (part->memtable) return add_memtable(s, w, part, of);
  if (w->step->by != ZD_BY_ID) return add_segment(s, w, part, of, 0);
  zd_err err = add_segment(s, w, part, of, PACKED);
  if (!err) err = add_segment(s, w, part, of, ESCAPED);
  return err ? err : add_segment(s, w, part, of, PLAIN);
}

zd_err zd_sort_terms_start(zd_sort *s, const zd_sort_bounds *b, zd_sort_walk *w) {
  char after_from[ZD_TERM_MAX + 1]; /* the least term behind b->from */
  span of = {w->step->low, w->step->high, b->down};
  if (w->step->by == ZD_BY_ID) of.low = ZD_S("");
  if (b->from && !b->down) of.low = b->from->term;
  if (b->from && b->down && b->from->term.n <= ZD_TERM_MAX) {
    memcpy(after_from, b->from->term.p, b->from->term.n);
    after_from[b->from->term.n] = 0;
    of.high = zd_slice_make(after_from, b->from->term.n + 1);
  }
  w->heap = (zd_sort_heap){.order = by_key, .down = b->down};
  for (size_t i = 0; i < s->scope.parts->all; i++) {
    zd_err err = add_part(s, w, s->scope.parts->at[i], &of);
    if (err) return err;
  }
  zd_sort_heap_build(&w->heap);
  return ZD_OK;
}

/* ---- walking ---- */

static zd_err take(zd_sort *s, zd_sort_walk *w, source *c, bool *more) {
  zd_sort_level *level = w->level;
  if (!c->keys.n) {
    zd_err err =
        zd_sort_group_posting(s, &level->group, &level->set, c->part, &c->block->postings[c->at]);
    return err ? err : step(s, c, w->down, more);
  }
  zd_err err = zd_sort_group_mem_key(s, &level->group, &level->set, c->part, c->keys.at[0]);
  if (err) return err;
  zd_sort_heap_drop(&c->keys);
  *more = c->keys.n > 0;
  if (*more) c->key = zd_mem_key_get(c->keys.at[0]).bytes;
  return ZD_OK;
}

zd_err zd_sort_terms_next(zd_sort *s, zd_sort_walk *w, bool *more) {
  zd_sort_group *g = &w->level->group;
  *more = w->heap.n > 0;
  if (!*more) return ZD_OK;
  const source *first = w->heap.at[0];
  char room[ZD_ID_MAX];
  zd_slice text = text_of(first->key, first->id, room);
  memcpy(g->term, text.p, text.n);
  g->value = (zd_sort_value){.term = {g->term, text.n}};
  while (w->heap.n) {
    source *c = (source *)(uintptr_t)w->heap.at[0];
    bool left = false;
    if (!zd_slice_eq(text_of(c->key, c->id, room), g->value.term)) break;
    zd_err err = take(s, w, c, &left);
    if (err) return err;
    if (left)
      zd_sort_heap_settle(&w->heap);
    else
      zd_sort_heap_drop(&w->heap);
  }
  return zd_sort_work(s, KEY_UNITS);
}
