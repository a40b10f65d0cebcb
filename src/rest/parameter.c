/* parameter.c: form-encoded lists, ids, entity tags. */
#include <stdatomic.h>

#include "rest/interaction.h"

bool zd_next_parameter(zd_slice *rest, zd_arena *arena, zd_slice *name, zd_slice *value) {
  while (rest->n && rest->p[0] == '&') *rest = zd_slice_from(*rest, 1);
  if (!rest->n) return false;
  size_t end = zd_slice_find(*rest, '&');
  zd_slice pair = {rest->p, end};
  *rest = zd_slice_from(*rest, end);
  size_t equals = zd_slice_find(pair, '=');
  *name = zd_http_decode((zd_slice){pair.p, equals}, true, arena);
  *value = zd_http_decode(zd_slice_from(pair, equals + 1), true, arena);
  if (equals == pair.n) *value = ZD_S("");
  if (!value->p) name->p = NULL;
  return true;
}

/* Ids made here are 13 characters of base 32 (Crockford's alphabet): 44 bits of milliseconds since
 * 2020 and 20 bits that count within one. They sort by time, so neighbours share a prefix and cost
 * few bytes in the index. */
zd_slice zd_new_id(zd_rest *r, zd_arena *arena) {
  static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
  const int64_t epoch_ms = 1577836800000; /* 2020-01-01 */
  uint64_t now = (uint64_t)(zd_clock_now(zd_clock_system()) - epoch_ms) << 20;
  uint64_t last = atomic_load_explicit(&r->last_id, memory_order_relaxed);
  uint64_t id;
  do {
    id = now > last ? now : last + 1;
  } while (!atomic_compare_exchange_weak(&r->last_id, &last, id));
  char text[13];
  for (int i = 12; i >= 0; i--, id >>= 5) text[i] = digits[id & 31];
  return zd_arena_copy(arena, (zd_slice){text, sizeof text});
}

uint64_t zd_etag_version(zd_slice etag) {
  if (zd_slice_starts(etag, ZD_S("W/"))) etag = zd_slice_from(etag, 2);
  if (etag.n >= 2 && etag.p[0] == '"' && etag.p[etag.n - 1] == '"')
    etag = (zd_slice){etag.p + 1, etag.n - 2};
  if (!etag.n || etag.n > 18) return 0;
  uint64_t v = 0;
  for (size_t i = 0; i < etag.n; i++) {
    if (etag.p[i] < '0' || etag.p[i] > '9') return 0;
    v = v * 10 + (uint64_t)(etag.p[i] - '0');
  }
  return v;
}

static zd_slice trim(zd_slice s) {
  while (s.n && (s.p[0] == ' ' || s.p[0] == '\t')) s = zd_slice_from(s, 1);
  while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t')) s.n--;
  return s;
}

zd_tags zd_etag_list(zd_slice list, uint64_t version) {
  zd_tags found = ZD_TAGS_MISS;
  if (zd_slice_eq(trim(list), ZD_S("*"))) return version ? ZD_TAGS_HIT : ZD_TAGS_MISS;
  if (!trim(list).n) return ZD_TAGS_MALFORMED;
  while (list.n) {
    size_t comma = zd_slice_find(list, ',');
    uint64_t one = zd_etag_version(trim((zd_slice){list.p, comma}));
    if (!one) return ZD_TAGS_MALFORMED;
    if (one == version) found = ZD_TAGS_HIT;
    list = zd_slice_from(list, comma + 1);
  }
  return found;
}

zd_slice zd_node_child_text(const zd_tree *t, uint32_t parent, zd_slice name, zd_arena *arena) {
  uint32_t child = zd_tree_child(t, parent, name);
  if (!child || (t->nodes[child].flags & ZD_NODE_NO_VALUE)) return (zd_slice){NULL, 0};
  return zd_node_text(&t->nodes[child], arena);
}
