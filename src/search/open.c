/* open.c: the life of a zd_search, and what it tells about itself. */
#include <stdio.h>
#include <stdlib.h>

#include "search/entries/contained.h"
#include "search/entries/said.h"
#include "search/text/text.h"

static zd_slice without_slash(zd_slice url) {
  while (url.n && url.p[url.n - 1] == '/') url.n--;
  return url;
}

/* The one system of a value set's codes; absent when there are several, or too little is known. */
static zd_slice only_system(const zd_schema *schema, uint32_t set) {
  zd_value_set_info info = zd_schema_value_set(schema, set);
  zd_slice system = {NULL, 0};
  for (uint32_t k = 0; info.enumerable && k < info.count; k++) {
    zd_slice next = zd_schema_value_set_code(schema, set, k).system;
    if (!next.p || (k && !zd_slice_eq(next, system))) return (zd_slice){NULL, 0};
    system = next;
  }
  return system;
}

static zd_err find_systems(zd_search *s) {
  uint32_t n = zd_schema_value_set_count(s->schema);
  s->set_system = ZD_NEW_ARRAY(&s->arena, zd_slice, n + 1u);
  if (!s->set_system) return ZD_ERR_MEMORY;
  for (uint32_t i = 0; i < n; i++) s->set_system[i] = only_system(s->schema, i);
  return ZD_OK;
}

/* "t:Patient" for every concrete resource type, and the way back. */
static zd_err take_type_symbols(zd_search *s, uint16_t n, zd_fault *fault) {
  uint32_t most = 0;
  for (zd_type t = 0; t < n; t++) {
    s->types[t].symbol = ZD_NO_SYMBOL;
    if (!zd_schema_is_resource(s->schema, t)) continue;
    char name[128];
    int length =
        snprintf(name, sizeof name, "t:%.*s", ZD_SV(zd_schema_type_info(s->schema, t).name));
    if (length < 0 || (size_t)length >= sizeof name) return ZD_ERR_LIMIT;
    uint32_t symbol = zd_store_symbol(s->store, (zd_slice){name, (size_t)length}, true);
    if (symbol == ZD_NO_SYMBOL) return zd_fail(fault, ZD_ERR_FULL, "no symbol left for %s", name);
    s->types[t].symbol = symbol;
    if (symbol > most) most = symbol;
  }
  s->symbol_count = most + 1;
  s->symbol_type = ZD_NEW_ARRAY(&s->arena, zd_type, s->symbol_count);
  if (!s->symbol_type) return ZD_ERR_MEMORY;
  for (uint32_t i = 0; i <= most; i++) s->symbol_type[i] = ZD_NO_TYPE;
  for (zd_type t = 0; t < n; t++)
    if (s->types[t].symbol != ZD_NO_SYMBOL) s->symbol_type[s->types[t].symbol] = t;
  return ZD_OK;
}

static uint32_t count_symbols(const zd_store *store) {
  uint32_t n = 0;
  while (zd_store_symbol_name(store, n).p) n++;
  return n;
}

static zd_err make_types(zd_search *s, zd_fault *fault) {
  uint16_t n = zd_schema_type_count(s->schema);
  s->types = ZD_NEW_ARRAY(&s->arena, zd_search_type, n);
  s->shapes = zd_shapes_make(s->schema, &s->arena);
  if (!s->types || !s->shapes) return ZD_ERR_MEMORY;
  zd_err err = take_type_symbols(s, n, fault);
  if (!err) err = find_systems(s);
  if (!err) err = zd_text_open(s, fault);
  zd_type root = zd_schema_type(s->schema, ZD_S("Resource"));
  if (!err) err = zd_contained_open(s, fault);
  for (zd_type t = 0; t < n && !err; t++)
    if (t == root || zd_schema_is_resource(s->schema, t)) err = zd_program_make(s, t, fault);
  return err;
}

zd_err zd_search_open(const zd_schema *schema, zd_store *store, zd_slice base_url, zd_search **out,
                      zd_fault *fault) {
  zd_units units = zd_units_ucum();
  return zd_search_open_units(schema, store, base_url, &units, out, fault);
}

static void *make_said(void) {
  return zd_said_new();
}

static void drop_said(void *said) {
  zd_said_free(said);
}

zd_err zd_search_open_units(const zd_schema *schema, zd_store *store, zd_slice base_url,
                            const zd_units *units, zd_search **out, zd_fault *fault) {
  *out = NULL;
  zd_search *s = calloc(1, sizeof *s);
  if (!s) return zd_fail(fault, ZD_ERR_MEMORY, "out of memory for the search parameters");
  zd_arena_init(&s->arena, 0);
  s->schema = schema;
  s->store = store;
  s->base_url = zd_arena_copy(&s->arena, without_slash(base_url));
  s->known_before = count_symbols(store);
  s->terminology = zd_terminology_stored(s);
  if (units) s->units = *units;
  s->memos = zd_pool_new(make_said, drop_said);
  zd_err err = s->base_url.p && s->memos ? make_types(s, fault) : ZD_ERR_MEMORY;
  if (err) {
    zd_search_close(s);
    return err == ZD_ERR_MEMORY ? zd_fail(fault, err, "out of memory for the search parameters")
                                : err;
  }
  *out = s;
  return ZD_OK;
}

void zd_search_close(zd_search *s) {
  if (!s) return;
  zd_text_close(s);
  zd_pool_free(s->memos);
  zd_arena_free(&s->arena);
  free(s->late);
  free(s->filled);
  free(s);
}

void zd_search_set_zone(zd_search *s, int minutes_east) {
  s->zone_minutes = minutes_east;
}

uint32_t zd_search_type_symbol(const zd_search *s, zd_type type) {
  return type < zd_schema_type_count(s->schema) ? s->types[type].symbol : ZD_NO_SYMBOL;
}

zd_type zd_search_symbol_type(const zd_search *s, uint32_t symbol) {
  return symbol < s->symbol_count ? s->symbol_type[symbol] : ZD_NO_TYPE;
}

size_t zd_search_supported(const zd_search *s, zd_type type, uint32_t *params, size_t room) {
  zd_type of = type == ZD_NO_TYPE ? zd_schema_type(s->schema, ZD_S("Resource")) : type;
  if (of >= zd_schema_type_count(s->schema)) return 0;
  size_t n = 0;
  for (uint16_t i = 0; i < s->types[of].count; i++) {
    const zd_search_param *p = &s->types[of].params[i];
    if (!p->answered || zd_field_is_late(s, p)) continue;
    if (n < room) params[n] = s->types[of].params[i].index;
    n++;
  }
  return n;
}

static zd_err index_stored(void *state, uint32_t type, zd_slice body, zd_arena *arena,
                           const zd_entry **out, size_t *n) {
  const zd_search *s = state;
  *out = NULL;
  *n = 0;
  if (!body.n) return ZD_OK; /* a deletion */
  zd_tree tree;
  zd_err err = zd_stored_tree(s, type, body, arena, &tree);
  if (err) return err;
  return zd_search_entries(s, &tree, 0, NULL, NULL, 0, arena, out, n);
}

static zd_field_standing standing(void *state, uint32_t field) {
  return zd_search_standing(state, field);
}

zd_indexer zd_search_indexer(zd_search *s) {
  return (zd_indexer){.state = s, .entries = index_stored, .standing = standing};
}
