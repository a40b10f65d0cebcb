#include "store/testing/little_record.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

uint32_t zd_little_symbol(zd_store *s, const char *name) {
  return zd_store_symbol(s, zd_slice_of(name), true);
}

static bool number_field(zd_slice name) {
  return zd_slice_eq(name, ZD_S("day")) || zd_slice_eq(name, ZD_S("from"));
}

static zd_err entries(void *state, uint32_t type, zd_slice body, zd_arena *arena,
                      const zd_entry **out, size_t *n) {
  zd_store *s = state;
  (void)type;
  enum { MOST = 64 };
  zd_entry *list = zd_arena_calloc(arena, MOST, sizeof *list);
  if (!list) return ZD_ERR_MEMORY;
  *n = 0;
  *out = list;
  for (size_t end; (end = zd_slice_find(body, ';')) < body.n && *n < MOST;
       body = zd_slice_from(body, end + 1)) {
    zd_slice part = {body.p, end};
    size_t equals = zd_slice_find(part, '=');
    if (equals == part.n) continue;
    zd_slice name = {part.p, equals}, value = zd_slice_from(part, equals + 1);
    zd_entry *e = &list[(*n)++];
    e->field = zd_store_symbol(s, name, true);
    if (e->field == ZD_NO_SYMBOL) return ZD_ERR_MEMORY;
    e->kind = number_field(name) ? ZD_ENTRY_RANGE : ZD_ENTRY_TERM;
    if (e->kind == ZD_ENTRY_TERM) {
      e->term = value;
    } else {
      zd_slice text = zd_arena_copy(arena, value);
      if (!text.p) return ZD_ERR_MEMORY;
      e->low = e->high = strtoll(text.p, NULL, 10);
    }
  }
  return ZD_OK;
}

zd_indexer zd_little_indexer(zd_store *s) {
  return (zd_indexer){.state = s, .entries = entries};
}

zd_err zd_little_put(zd_txn *t, zd_store *s, zd_op op, const char *type, zd_slice id,
                     zd_row previous, uint64_t previous_version, zd_slice body) {
  zd_arena arena;
  zd_arena_init(&arena, 0);
  const zd_entry *list = NULL;
  size_t n = 0;
  zd_err err = op == ZD_OP_DELETE ? ZD_OK : entries(s, 0, body, &arena, &list, &n);
  zd_write w = {.op = op,
                .type = zd_little_symbol(s, type),
                .id = id,
                .previous = previous,
                .previous_version = previous_version,
                .body = body,
                .stamp_at = 7,
                .entries = list,
                .entry_count = n};
  if (!err) err = zd_txn_put(t, &w);
  zd_arena_free(&arena);
  return err;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *walk) {
  (void)st, (void)kind, (void)walk;
  return remove(path);
}

void zd_little_remove(const char *dir) {
  nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
