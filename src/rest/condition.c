/* condition.c: when two conditions of a transaction are one. */
#include <stdlib.h>

#include "rest/unit.h"

typedef struct pair {
  zd_slice name, value;
} pair;

static int by_text(const void *a, const void *b) {
  const pair *x = a, *y = b;
  int order = zd_slice_cmp(x->name, y->name);
  return order ? order : zd_slice_cmp(x->value, y->value);
}

/* Its parameters decoded, into pairs; how many, or `most` when there are more, or some malformed.
 */
static size_t take_pairs(zd_slice query, zd_arena *arena, pair *pairs, size_t most) {
  size_t n = 0;
  zd_slice name, value;
  while (zd_next_parameter(&query, arena, &name, &value)) {
    if (n + 1 >= most || !name.p) return most;
    pairs[n++] = (pair){name, value};
  }
  return n;
}

zd_slice zd_condition_key(zd_slice type, zd_slice query, zd_arena *arena) {
  enum { MOST = 16 };
  pair pairs[MOST];
  size_t n = take_pairs(query, arena, pairs, MOST);
  if (n == MOST) return zd_arena_printf(arena, "%.*s?%.*s", ZD_SV(type), ZD_SV(query));
  qsort(pairs, n, sizeof *pairs, by_text);
  zd_buffer key;
  zd_buffer_init(&key, 0);
  zd_buffer_add_slice(&key, type);
  for (size_t i = 0; i < n; i++) { /* texts may hold any character but these, which end them */
    zd_buffer_add_char(&key, '\1');
    zd_buffer_add_slice(&key, pairs[i].name);
    zd_buffer_add_char(&key, '\2');
    zd_buffer_add_slice(&key, pairs[i].value);
  }
  zd_slice copy = key.failed ? (zd_slice){NULL, 0} : zd_arena_copy(arena, zd_buffer_slice(&key));
  zd_buffer_free(&key);
  return copy;
}

bool zd_unit_note_conditions(zd_unit *u) {
  for (size_t i = 0; i < u->n; i++) {
    zd_unit_entry *e = &u->entries[i];
    zd_slice query = e->in.kind == ZD_CREATE ? e->in.if_none_exist : e->in.query;
    bool decides = e->in.kind == ZD_CREATE || (e->in.kind == ZD_UPDATE && e->in.conditional);
    e->condition = (zd_slice){NULL, 0};
    if (!decides || !query.n) continue;
    zd_slice type = zd_schema_type_info(u->call->rest->schema, e->in.type).name;
    e->condition = zd_condition_key(type, query, &u->arena);
    if (!e->condition.p) return zd_unit_fail(u, e, 500, ZD_ISSUE_EXCEPTION, "out of memory");
  }
  return true;
}
