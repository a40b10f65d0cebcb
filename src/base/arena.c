#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
  ALIGN = 16,
  FIRST_BLOCK = 4096,    /* what a small request needs */
  LARGEST_STEP = 4 << 20 /* growth stops doubling here: at most 4 MiB stay unused */
};

/* A block: this header, then `room` bytes.
 *
 *   arena.block -> [older|room| ..handed out.. at ..free.. end]
 *                     |
 *                     v
 *                  [older|room| ..handed out, tail lost.. ] -> NULL
 */
struct zd_arena_block {
  zd_arena_block *older;
  size_t room;
};

_Static_assert(sizeof(struct zd_arena_block) % ALIGN == 0, "the first byte must be aligned");

static char *block_bytes(zd_arena_block *block) {
  return (char *)(block + 1);
}

static size_t block_used(const zd_arena *arena) {
  return arena->block ? (size_t)(arena->at - block_bytes(arena->block)) : 0;
}

void zd_arena_init(zd_arena *arena, size_t limit) {
  *arena = (zd_arena){.limit = limit};
}

static void free_chain(zd_arena_block *block) {
  while (block) {
    zd_arena_block *older = block->older;
    free(block);
    block = older;
  }
}

void zd_arena_free(zd_arena *arena) {
  free_chain(arena->block);
  zd_arena_init(arena, arena->limit);
}

void zd_arena_reset(zd_arena *arena) {
  zd_arena_block *keep = arena->block;
  if (!keep) return;
  /* The first block is the smallest: an unusually large round gives its memory back. */
  zd_arena_block *newer = NULL;
  while (keep->older) {
    newer = keep;
    keep = keep->older;
    free(newer);
  }
  arena->block = keep;
  arena->at = block_bytes(keep);
  arena->end = arena->at + keep->room;
  arena->used = 0;
}

/* Makes a new current block with at least n free bytes; what is left of the old one is lost. */
static bool add_block(zd_arena *arena, size_t n) {
  size_t room = arena->block ? arena->block->room : FIRST_BLOCK / 2;
  room = room < LARGEST_STEP / 2 ? room * 2 : LARGEST_STEP;
  if (room < n) room = n;
  if (room > SIZE_MAX - sizeof(zd_arena_block)) return false;
  zd_arena_block *block = malloc(sizeof *block + room);
  if (!block) return false;
  arena->used += block_used(arena);
  block->older = arena->block;
  block->room = room;
  arena->block = block;
  arena->at = block_bytes(block);
  arena->end = arena->at + room;
  return true;
}

void *zd_arena_alloc(zd_arena *arena, size_t n) {
  if (n > SIZE_MAX - (ALIGN - 1)) return NULL;
  size_t padded = n ? (n + ALIGN - 1) & ~(size_t)(ALIGN - 1) : ALIGN;
  if (arena->limit) {
    size_t used = zd_arena_used(arena);
    if (used > arena->limit || padded > arena->limit - used) return NULL;
  }
  if ((size_t)(arena->end - arena->at) < padded && !add_block(arena, padded)) return NULL;
  void *p = arena->at;
  arena->at += padded;
  return p;
}

void *zd_arena_calloc(zd_arena *arena, size_t count, size_t size) {
  size_t n;
  if (__builtin_mul_overflow(count, size, &n)) return NULL;
  void *p = zd_arena_alloc(arena, n);
  if (p && n) memset(p, 0, n);
  return p;
}

zd_slice zd_arena_copy(zd_arena *arena, zd_slice s) {
  if (s.n == SIZE_MAX) return (zd_slice){NULL, 0};
  char *p = zd_arena_alloc(arena, s.n + 1);
  if (!p) return (zd_slice){NULL, 0};
  if (s.n) memcpy(p, s.p, s.n);
  p[s.n] = 0;
  return (zd_slice){p, s.n};
}

zd_slice zd_arena_join(zd_arena *arena, const zd_slice *parts, size_t count) {
  size_t n = 0;
  for (size_t i = 0; i < count; i++)
    if (__builtin_add_overflow(n, parts[i].n, &n) || n == SIZE_MAX) return (zd_slice){NULL, 0};
  char *p = zd_arena_alloc(arena, n + 1), *to = p;
  if (!p) return (zd_slice){NULL, 0};
  for (size_t i = 0; i < count; to += parts[i++].n)
    if (parts[i].n) memcpy(to, parts[i].p, parts[i].n);
  *to = 0;
  return (zd_slice){p, n};
}

zd_slice zd_arena_printf(zd_arena *arena, const char *format, ...) {
  va_list args;
  va_start(args, format);
  va_list again;
  va_copy(again, args);
  char room[256]; /* most texts are short: formatted once */
  int n = vsnprintf(room, sizeof room, format, args);
  char *p = n < 0 ? NULL : zd_arena_alloc(arena, (size_t)n + 1);
  if (p && (size_t)n < sizeof room)
    memcpy(p, room, (size_t)n + 1);
  else if (p)
    vsnprintf(p, (size_t)n + 1, format, again);
  va_end(again);
  va_end(args);
  return (zd_slice){p, p ? (size_t)n : 0};
}

size_t zd_arena_used(const zd_arena *arena) {
  return arena->used + block_used(arena);
}
