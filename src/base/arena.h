/* arena.h: memory that dies together.
 *
 * A request, a commit or a load step has one arena; what is allocated in it is
 * never freed singly. Blocks double in size up to a bound; reset keeps the first
 * block for the next round. One thread at a time.
 */
#ifndef ZD_BASE_ARENA_H
#define ZD_BASE_ARENA_H

#include "base/slice.h"

typedef struct zd_arena_block zd_arena_block;

typedef struct zd_arena {
  char *at;              /* next free byte of the current block */
  char *end;             /* one past its last byte */
  zd_arena_block *block; /* current block; links to older ones */
  size_t used;           /* bytes in all blocks but the current */
  size_t limit;          /* most bytes it may hold; 0: no limit */
} zd_arena;

/* An empty arena, no allocation yet. limit 0: unlimited. */
void zd_arena_init(zd_arena *arena, size_t limit);

/* Frees every block; the arena is empty and usable again. */
void zd_arena_free(zd_arena *arena);

/* Forgets everything allocated, keeps one block for reuse. Pointers into it are dead. */
void zd_arena_reset(zd_arena *arena);

/* n bytes aligned to 16, not cleared; NULL when memory or the limit is exhausted. */
void *zd_arena_alloc(zd_arena *arena, size_t n);

/* As alloc, zero-filled; NULL also when count * size overflows. */
void *zd_arena_calloc(zd_arena *arena, size_t count, size_t size);

/* A copy of s in the arena, with a zero byte after it; p is NULL when memory is exhausted. */
zd_slice zd_arena_copy(zd_arena *arena, zd_slice s);

/* The parts one behind the other, with a zero byte after them; p is NULL when memory is exhausted.
 * For texts made by the ten thousand: a tenth of what printf costs. */
zd_slice zd_arena_join(zd_arena *arena, const zd_slice *parts, size_t count);

/* printf into the arena; p is NULL when memory is exhausted. */
zd_slice zd_arena_printf(zd_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Bytes handed out since init or reset, padding included. */
size_t zd_arena_used(const zd_arena *arena);

/* Typed shorthand: zd_node *n = ZD_NEW(arena, zd_node). Zero-filled; NULL on exhaustion. */
#define ZD_NEW(arena, type) ((type *)zd_arena_calloc((arena), 1, sizeof(type)))
#define ZD_NEW_ARRAY(arena, type, count) ((type *)zd_arena_calloc((arena), (count), sizeof(type)))

#endif
