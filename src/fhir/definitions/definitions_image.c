/* definitions_image.c: strings, name tables and sections of the image being built; reading JSON. */
#include <stdlib.h>

#include "base/hash.h"
#include "fhir/definitions/definitions_internal.h"

/* ---- names to numbers ---- */

static struct zd_name_entry *name_slot(const zd_name_map *map, zd_slice key) {
  uint64_t at = zd_hash64(key.p, key.n);
  while (map->slots[at & map->mask].key.p && !zd_slice_eq(map->slots[at & map->mask].key, key))
    at++;
  return &map->slots[at & map->mask];
}

int64_t zd_name_map_find(const zd_name_map *map, zd_slice key) {
  if (!map->n) return ZD_NAME_NONE;
  const struct zd_name_entry *entry = name_slot(map, key);
  return entry->key.p ? (int64_t)entry->value : ZD_NAME_NONE;
}

static bool name_map_grow(zd_name_map *map, zd_arena *arena) {
  uint32_t room = map->slots ? (map->mask + 1) * 2 : 64;
  zd_name_map larger = {ZD_NEW_ARRAY(arena, struct zd_name_entry, room), room - 1, map->n};
  if (!larger.slots) return false;
  for (uint32_t i = 0; map->slots && i <= map->mask; i++)
    if (map->slots[i].key.p) *name_slot(&larger, map->slots[i].key) = map->slots[i];
  *map = larger;
  return true;
}

bool zd_name_map_set(zd_name_map *map, zd_arena *arena, zd_slice key, uint32_t value) {
  if (map->n * 2 >= map->mask && !name_map_grow(map, arena)) return false;
  struct zd_name_entry *entry = name_slot(map, key);
  if (!entry->key.p) {
    entry->key = key.p ? key : ZD_S("");
    map->n++;
  }
  entry->value = value;
  return true;
}

/* ---- JSON ---- */

zd_slice zd_def_value(zd_definitions *d, const zd_json_tape *tape, uint32_t i) {
  if (zd_json_type_of(tape, i) != ZD_JSON_STRING) return (zd_slice){NULL, 0};
  zd_slice raw = zd_json_raw(tape, i);
  if (!tape->nodes[i].escaped) return raw;
  char *text = zd_arena_alloc(&d->arena, raw.n);
  return text ? (zd_slice){text, zd_json_unescape(raw, text)} : (zd_slice){NULL, 0};
}

zd_slice zd_def_text(zd_definitions *d, const zd_json_tape *tape, uint32_t object, zd_slice name) {
  uint32_t i = zd_json_find(tape, object, name);
  return i ? zd_def_value(d, tape, i) : (zd_slice){NULL, 0};
}

bool zd_def_is_true(const zd_json_tape *tape, uint32_t object, zd_slice name) {
  uint32_t i = zd_json_find(tape, object, name);
  return i && zd_json_type_of(tape, i) == ZD_JSON_TRUE;
}

static void compact_members(zd_buffer *out, const zd_json_tape *tape, uint32_t i) {
  bool more = false;
  ZD_EACH(tape, child, i) {
    if (more) zd_buffer_add_char(out, ',');
    more = true;
    if (zd_json_type_of(tape, i) == ZD_JSON_OBJECT) {
      zd_buffer_add_char(out, '"');
      zd_buffer_add_slice(out, zd_json_key(tape, child));
      zd_buffer_add_slice(out, ZD_S("\":"));
    }
    zd_def_compact(out, tape, child);
  }
}

void zd_def_compact(zd_buffer *out, const zd_json_tape *tape, uint32_t i) {
  zd_json_type type = zd_json_type_of(tape, i);
  char quote[2] = {0};
  if (type == ZD_JSON_STRING)
    memset(quote, '"', 2);
  else if (type == ZD_JSON_ARRAY || type == ZD_JSON_OBJECT)
    memcpy(quote, type == ZD_JSON_ARRAY ? "[]" : "{}", 2);
  if (quote[0]) zd_buffer_add_char(out, quote[0]);
  if (type == ZD_JSON_ARRAY || type == ZD_JSON_OBJECT)
    compact_members(out, tape, i);
  else
    zd_buffer_add_slice(out, zd_json_raw(tape, i));
  if (quote[0]) zd_buffer_add_char(out, quote[1]);
}

static uint16_t decimal(zd_slice text) {
  uint32_t n = 0;
  for (size_t i = 0; i < text.n && text.p[i] >= '0' && text.p[i] <= '9'; i++) {
    n = n * 10 + (uint32_t)(text.p[i] - '0');
    if (n > 0xFFFE) return 0xFFFF;
  }
  return (uint16_t)n;
}

uint16_t zd_def_number(const zd_json_tape *tape, uint32_t object, zd_slice name) {
  uint32_t i = zd_json_find(tape, object, name);
  return i ? decimal(zd_json_raw(tape, i)) : 0;
}

uint16_t zd_def_max(zd_slice text) {
  return zd_slice_eq(text, ZD_S("*")) ? 0xFFFF : decimal(text);
}

zd_slice zd_def_tail(zd_slice url) {
  for (size_t i = url.n; i-- > 0;)
    if (url.p[i] == '/') return zd_slice_from(url, i + 1);
  return url;
}

zd_slice zd_def_unversioned(zd_slice canonical) {
  canonical.n = zd_slice_find(canonical, '|');
  return canonical;
}

/* ---- strings ---- */

zd_image_text zd_def_string(zd_definitions *d, zd_slice text) {
  if (!text.p) return (zd_image_text){0, UINT32_MAX};
  int64_t known = zd_name_map_find(&d->strings, text);
  if (known >= 0) return (zd_image_text){(uint32_t)known, (uint32_t)text.n};
  zd_buffer *strings = &d->section[ZD_IMAGE_STRINGS];
  zd_image_text out = {(uint32_t)strings->n, (uint32_t)text.n};
  zd_buffer_add_slice(strings, text);
  zd_slice kept = zd_arena_copy(&d->arena, text);
  if (!strings->failed && (!kept.p || !zd_name_map_set(&d->strings, &d->arena, kept, out.at)))
    strings->failed = ZD_ERR_MEMORY;
  /* Out of memory is noticed when the image is written; until then every text must be in bounds. */
  return strings->failed ? (zd_image_text){0, 0} : out;
}

zd_slice zd_def_string_at(const zd_definitions *d, zd_image_text text) {
  return (zd_slice){d->section[ZD_IMAGE_STRINGS].p + text.at, text.n};
}

zd_slice zd_def_optional_at(const zd_definitions *d, zd_image_text text) {
  return text.n == UINT32_MAX ? (zd_slice){NULL, 0} : zd_def_string_at(d, text);
}

zd_err zd_def_run(zd_definitions *d, zd_image_section section, const void *records, uint32_t n,
                  uint32_t *first) {
  uint32_t size = zd_image_record_size(section);
  zd_buffer *all = &d->section[section];
  zd_slice bytes = {records, (size_t)n * size};
  *first = 0;
  if (!n) return ZD_OK;
  int64_t known = zd_name_map_find(&d->runs[section], bytes);
  *first = known >= 0 ? (uint32_t)known : zd_def_count(d, section, size);
  if (known >= 0) return ZD_OK;
  zd_slice key = zd_arena_copy(&d->arena, bytes);
  zd_buffer_add(all, records, bytes.n);
  if (!key.p || all->failed || !zd_name_map_set(&d->runs[section], &d->arena, key, *first))
    return zd_fail(d->fault, ZD_ERR_MEMORY, "definitions: out of memory");
  return ZD_OK;
}

zd_type zd_def_type(const zd_definitions *d, zd_slice name) {
  int64_t type = zd_name_map_find(&d->types, name);
  return type < 0 ? ZD_NO_TYPE : (zd_type)type;
}

/* ---- name tables ---- */

/* Fills the slots for one seed; returns how far names stand from their first slots, in all. */
static uint64_t fill(uint32_t *slots, uint32_t mask, uint32_t n, zd_name_hash hash,
                     const void *state, uint32_t seed) {
  uint64_t distance = 0;
  for (uint32_t i = 0; i <= mask; i++) slots[i] = ZD_IMAGE_NO_SLOT;
  for (uint32_t i = 0; i < n; i++) {
    uint32_t h = hash(state, i, seed), at = h;
    while (slots[at & mask] != ZD_IMAGE_NO_SLOT) at++;
    distance += at - h;
    slots[at & mask] = (h & 0xFFFF0000u) | i;
  }
  return distance;
}

/* Few names: many seeds are tried, one without collisions is likely. */
enum { SEEDS_SMALL = 256, SEEDS_LARGE = 8, SMALL = 64 };

zd_err zd_def_table(zd_definitions *d, uint32_t n, zd_name_hash hash, const void *state,
                    zd_image_table *out) {
  uint32_t room = 2;
  while (room < n * 2 + 1) room *= 2;
  if (room > 0x10000) return zd_fail(d->fault, ZD_ERR_LIMIT, "definitions: %u names in a table", n);
  uint32_t *slots = malloc(room * sizeof *slots), best = 0;
  if (!slots) return zd_fail(d->fault, ZD_ERR_MEMORY, "definitions: out of memory");
  uint64_t least = UINT64_MAX;
  uint32_t seeds = n <= SMALL ? SEEDS_SMALL : SEEDS_LARGE;
  for (uint32_t seed = 0; seed < seeds && least; seed++) {
    uint64_t distance = fill(slots, room - 1, n, hash, state, seed);
    if (distance >= least) continue;
    least = distance;
    best = seed;
  }
  fill(slots, room - 1, n, hash, state, best);
  zd_buffer *all = &d->section[ZD_IMAGE_SLOTS];
  *out = (zd_image_table){(uint32_t)(all->n / sizeof *slots), (uint16_t)(room - 1), (uint16_t)best};
  zd_buffer_add(all, slots, room * sizeof *slots);
  free(slots);
  return all->failed ? zd_fail(d->fault, ZD_ERR_MEMORY, "definitions: out of memory") : ZD_OK;
}

/* ---- writing ---- */

zd_err zd_def_write(zd_definitions *d, zd_buffer *out) {
  static const char zeros[8] = {0};
  zd_buffer_clear(out);
  zd_buffer_add(out, &d->head, sizeof d->head);
  for (int i = 0; i < ZD_IMAGE_SECTIONS; i++) {
    const zd_buffer *section = &d->section[i];
    uint32_t size = zd_image_record_size((zd_image_section)i);
    if (section->failed) return zd_fail(d->fault, ZD_ERR_MEMORY, "definitions: out of memory");
    d->head.section[i] = (zd_image_extent){out->n, (uint32_t)(section->n / size), size};
    zd_buffer_add(out, section->p, section->n);
    zd_buffer_add(out, zeros, -out->n & 7);
  }
  if (out->failed) return zd_fail(d->fault, ZD_ERR_MEMORY, "definitions: out of memory");
  zd_schema *head = (zd_schema *)(void *)out->p;
  *head = d->head;
  memcpy(head->magic, ZD_IMAGE_MAGIC, 8);
  head->format = ZD_IMAGE_FORMAT;
  head->size = out->n;
  head->crc = 0;
  head->crc = zd_crc32c(0, out->p, out->n);
  return ZD_OK;
}
