/* read_object.c: the members of one object: known, not twice, arrays where arrays belong,
 * companions
 * `_name` joined with their values, choices made once, nothing mandatory missing. */
#include "fhir/codec/read.h"

enum { WORDS = 8 }; /* elements of one type, by 64: the largest R4 type has some 300 */

/* One object being read. */
typedef struct object {
  uint32_t at; /* on the tape */
  const zd_image_type *type;
  zd_type type_number;
  const zd_read_place *place;
  bool companions;           /* there may be members whose name begins with '_' */
  uint64_t choices;          /* groups that have a value, by number */
  uint64_t seen[WORDS];      /* elements that have a value or companion */
  uint64_t companion[WORDS]; /* elements whose companion was met */
} object;

/* True when bit i was set already. */
static bool set_bit(uint64_t *bits, unsigned i) {
  uint64_t bit = 1ull << (i & 63);
  bool before = bits[i >> 6] & bit;
  bits[i >> 6] |= bit;
  return before;
}

static bool get_bit(const uint64_t *bits, unsigned i) {
  return bits[i >> 6] >> (i & 63) & 1;
}

static const zd_image_element *element_at(const zd_reader *r, zd_element e) {
  return zd_image_element_at(r->schema, e);
}

static zd_slice name_of(const zd_reader *r, zd_element e) {
  return zd_image_slice(r->schema, element_at(r, e)->name);
}

/* ---- repetitions ---- */

static uint32_t count_items(const zd_reader *r, uint32_t array) {
  uint32_t n = 0;
  for (uint32_t i = zd_json_first(&r->tape, array); i; i = zd_json_next(&r->tape, array, i)) n++;
  return n;
}

static bool is_array(const zd_reader *r, uint32_t v) {
  return r->tape.nodes[v].type == ZD_JSON_ARRAY;
}

/* The rules of the array as a whole; false when its items cannot be told apart. */
static bool check_array(zd_reader *r, zd_element e, uint32_t v, uint32_t c,
                        const zd_read_place *place) {
  uint32_t any = v ? v : c;
  zd_slice name = name_of(r, e);
  if ((v && !is_array(r, v)) || (c && !is_array(r, c))) {
    zd_read_issue(r, place, ZD_ISSUE_STRUCTURE, zd_read_value_at(r, any), "%.*s must be an array",
                  ZD_SV(name));
    return false;
  }
  uint32_t n = count_items(r, any);
  if (n == 0) {
    zd_read_issue(r, place, ZD_ISSUE_STRUCTURE, zd_read_value_at(r, any),
                  "%.*s is an empty array: leave it out instead", ZD_SV(name));
    return false;
  }
  if (v && c && count_items(r, c) != n) {
    zd_read_issue(r, place, ZD_ISSUE_STRUCTURE, zd_read_value_at(r, c),
                  "%.*s and _%.*s must have the same number of items, null where one is missing",
                  ZD_SV(name), ZD_SV(name));
    return false;
  }
  const zd_image_element *el = element_at(r, e);
  if (el->max != 0xFFFF && n > el->max) {
    zd_read_issue(r, place, ZD_ISSUE_STRUCTURE, zd_read_value_at(r, any),
                  "%.*s may repeat %u times at most, not %u", ZD_SV(name), (unsigned)el->max,
                  (unsigned)n);
  }
  return true;
}

static void read_array(zd_reader *r, const object *o, zd_element e, uint32_t v, uint32_t c) {
  zd_slice path = zd_image_slice(r->schema, element_at(r, e)->path);
  zd_read_place whole = {.up = o->place, .name = path, .index = ZD_READ_SINGLE};
  if (r->items && v && r->tape.nodes[v].at == r->items_at) {
    zd_read_items_here(r, o->place);
    return;
  }
  if (!check_array(r, e, v, c, &whole)) return;
  uint32_t vi = v ? zd_json_first(&r->tape, v) : 0;
  uint32_t ci = c ? zd_json_first(&r->tape, c) : 0;
  for (uint32_t i = 0; vi || ci; i++) {
    zd_read_place place = {.up = o->place, .name = path, .index = i};
    zd_read_value(r, e, vi, ci, &place);
    if (vi) vi = zd_json_next(&r->tape, v, vi);
    if (ci) ci = zd_json_next(&r->tape, c, ci);
  }
}

/* ---- one element ---- */

static void read_element(zd_reader *r, const object *o, zd_element e, uint32_t v, uint32_t c) {
  const zd_image_element *el = element_at(r, e);
  if (el->flags & ZD_EL_ARRAY) {
    read_array(r, o, e, v, c);
    return;
  }
  zd_read_place place = {
      .up = o->place, .name = zd_image_slice(r->schema, el->path), .index = ZD_READ_SINGLE};
  if ((v && is_array(r, v)) || (c && is_array(r, c))) {
    zd_read_issue(r, &place, ZD_ISSUE_STRUCTURE, zd_read_value_at(r, v && is_array(r, v) ? v : c),
                  "%.*s must not be an array", ZD_SV(name_of(r, e)));
    return;
  }
  if (el->max == 0) {
    zd_read_issue(r, &place, ZD_ISSUE_STRUCTURE, zd_read_value_at(r, v ? v : c),
                  "%.*s is not allowed here", ZD_SV(name_of(r, e)));
    return;
  }
  zd_read_value(r, e, v, c, &place);
}

/* Marks the element as there; false when the choice it belongs to was made already. */
static bool take_choice(zd_reader *r, object *o, zd_element e, uint32_t member) {
  const zd_image_element *el = element_at(r, e);
  if (el->choice == 0) return true;
  uint64_t bit = 1ull << (el->choice & 63);
  if (o->choices & bit) {
    zd_read_issue(r, o->place, ZD_ISSUE_STRUCTURE, zd_read_name_at(r, member),
                  "a second value for the choice %.*s[x]: %.*s",
                  ZD_SV(zd_image_slice(r->schema, el->path)), ZD_SV(name_of(r, e)));
    return false;
  }
  o->choices |= bit;
  return true;
}

/* ---- members ---- */

static void report_unknown(zd_reader *r, const object *o, uint32_t member, zd_slice key) {
  zd_slice type = zd_image_slice(r->schema, o->type->name);
  zd_slice shown = zd_read_excerpt(key);
  zd_read_issue(r, o->place, ZD_ISSUE_STRUCTURE, zd_read_name_at(r, member),
                "%.*s has no element \"%.*s\"", ZD_SV(type), ZD_SV(shown));
}

static void report_duplicate(zd_reader *r, const object *o, uint32_t member, zd_slice key) {
  zd_read_issue(r, o->place, ZD_ISSUE_STRUCTURE, zd_read_name_at(r, member),
                "\"%.*s\" stands here twice", ZD_SV(zd_read_excerpt(key)));
}

static bool may_have_companion(const zd_reader *r, zd_element e) {
  const zd_image_element *el = element_at(r, e);
  return zd_image_type_at(r->schema, el->type)->kind == ZD_KIND_PRIMITIVE &&
         !(el->flags & ZD_EL_ATTRIBUTE);
}

/* The companion of an element in this object; 0 when there is none. */
static uint32_t find_companion(const zd_reader *r, const object *o, zd_slice name) {
  char text[128];
  if (!o->companions || name.n + 1 > sizeof text) return 0;
  text[0] = '_';
  memcpy(text + 1, name.p, name.n);
  return zd_json_find(&r->tape, o->at, (zd_slice){text, name.n + 1});
}

/* A member "_name". It is read with its value when there is one, here when there is none. */
static void read_companion(zd_reader *r, object *o, uint32_t member, zd_slice key) {
  zd_slice name = zd_slice_from(key, 1);
  zd_element e = zd_image_child(r->schema, o->type_number, name);
  if (e == ZD_NO_ELEMENT || !may_have_companion(r, e)) {
    report_unknown(r, o, member, key);
    return;
  }
  unsigned i = (unsigned)(e - o->type->first);
  if (set_bit(o->companion, i)) {
    report_duplicate(r, o, member, key);
    return;
  }
  if (get_bit(o->seen, i) || zd_json_find(&r->tape, o->at, name)) return;
  set_bit(o->seen, i);
  if (take_choice(r, o, e, member)) read_element(r, o, e, 0, member);
}

static void read_member(zd_reader *r, object *o, uint32_t member, zd_slice key) {
  zd_element e = zd_image_child(r->schema, o->type_number, key);
  if (e == ZD_NO_ELEMENT) {
    report_unknown(r, o, member, key);
    return;
  }
  if (set_bit(o->seen, (unsigned)(e - o->type->first))) {
    report_duplicate(r, o, member, key);
    return;
  }
  if (!take_choice(r, o, e, member)) return;
  uint32_t companion = o->companions && may_have_companion(r, e) ? find_companion(r, o, key) : 0;
  read_element(r, o, e, member, companion);
}

/* The member name with its escapes resolved; absent when memory is exhausted. */
static zd_slice key_of(zd_reader *r, uint32_t member) {
  zd_slice key = zd_json_key(&r->tape, member);
  if (!r->tape.nodes[member].key_escaped) return key;
  char *plain = zd_arena_alloc(r->arena, key.n + 1);
  if (!plain) {
    r->out_of_memory = true;
    return (zd_slice){NULL, 0};
  }
  return (zd_slice){plain, zd_json_unescape(key, plain)};
}

static bool any_companion(const zd_reader *r, uint32_t at) {
  const char *text = r->tape.text.p;
  for (uint32_t m = zd_json_first(&r->tape, at); m; m = zd_json_next(&r->tape, at, m)) {
    const zd_json_node *node = &r->tape.nodes[m];
    if (text[node->key_at] == '_' || node->key_escaped) return true;
  }
  return false;
}

/* ---- mandatory elements ---- */

static bool is_there(const object *o, const zd_image_element *el, unsigned i) {
  return el->choice ? o->choices >> (el->choice & 63) & 1 : get_bit(o->seen, i);
}

static void check_mandatory(zd_reader *r, object *o) {
  const zd_image_element *el = element_at(r, o->type->first);
  for (unsigned i = 0; i < o->type->mandatory; i++, el++) {
    if (el->min == 0 || is_there(o, el, i)) continue;
    zd_read_place place = {
        .up = o->place, .name = zd_image_slice(r->schema, el->path), .index = ZD_READ_SINGLE};
    zd_read_issue(r, &place, ZD_ISSUE_REQUIRED, r->tape.nodes[o->at].at, "%.*s%s is missing",
                  ZD_SV(place.name), el->choice ? "[x]" : "");
    if (el->choice) o->choices |= 1ull << (el->choice & 63); /* once for the whole choice */
  }
}

/* ---- the object ---- */

/* This runs for every object of a text, so what is seldom needed is seldom cleared. */
static void open_object(object *o, const zd_reader *r, uint32_t at, zd_type type,
                        const zd_read_place *place) {
  o->at = at;
  o->type = zd_image_type_at(r->schema, type);
  o->type_number = type;
  o->place = place;
  o->companions = any_companion(r, at);
  o->choices = 0;
  for (int i = 0; i < WORDS; i++) o->seen[i] = 0;
  if (o->companions) memset(o->companion, 0, sizeof o->companion);
}

void zd_read_members(zd_reader *r, uint32_t at, zd_type type, const zd_read_place *place,
                     bool resource) {
  object o;
  bool typed = false;
  open_object(&o, r, at, type, place);
  if (o.type->count > WORDS * 64) {
    zd_read_issue(r, place, ZD_ISSUE_EXCEPTION, r->tape.nodes[at].at, "a type with %u elements",
                  (unsigned)o.type->count);
    return;
  }
  for (uint32_t m = zd_json_first(&r->tape, at); m; m = zd_json_next(&r->tape, at, m)) {
    zd_slice key = key_of(r, m);
    if (r->out_of_memory) return;
    if (resource && zd_slice_eq(key, ZD_S("resourceType"))) {
      if (typed) report_duplicate(r, &o, m, key);
      typed = true;
    } else if (key.n && key.p[0] == '_') {
      read_companion(r, &o, m, key);
    } else {
      read_member(r, &o, m, key);
    }
  }
  check_mandatory(r, &o);
}
