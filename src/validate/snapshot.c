#include "validate/snapshot.h"

#include <ctype.h>

#include "base/buffer.h"
#include "json/json.h"

enum { MEMBERS_MAX = 48, ELEMENTS_MAX = 20000, DEPTH_MAX = 40 };

/* An ElementDefinition as its members' JSON texts. */
typedef struct member {
  zd_slice name, value;
} member;

typedef struct element {
  zd_slice id, path;
  member members[MEMBERS_MAX];
  size_t n;
} element;

typedef struct maker {
  const zd_schema *s;
  zd_arena *arena;
  element **list; /* in the order of the snapshot */
  size_t n;
  zd_json_tape tape;
  zd_fault *fault;
  bool no_memory;
} maker;

/* ---- members ---- */

static zd_slice join(maker *m, zd_slice a, zd_slice b, zd_slice c) {
  zd_slice out = zd_arena_join(m->arena, (zd_slice[]){a, b, c}, 3);
  if (!out.p) m->no_memory = true;
  return out.p ? out : ZD_S("");
}

static zd_slice quoted(maker *m, zd_slice text) {
  zd_buffer b;
  zd_buffer_init(&b, 0);
  zd_buffer_add_char(&b, '"');
  zd_buffer_add_json(&b, text);
  zd_buffer_add_char(&b, '"');
  zd_slice out = zd_arena_copy(m->arena, zd_buffer_slice(&b));
  m->no_memory |= b.failed || !out.p;
  zd_buffer_free(&b);
  return out;
}

static const member *get(const element *e, zd_slice name) {
  for (size_t i = 0; i < e->n; i++)
    if (zd_slice_eq(e->members[i].name, name)) return &e->members[i];
  return NULL;
}

static void set(maker *m, element *e, zd_slice name, zd_slice value) {
  for (size_t i = 0; i < e->n; i++) {
    if (!zd_slice_eq(e->members[i].name, name)) continue;
    e->members[i].value = value;
    return;
  }
  if (e->n == MEMBERS_MAX)
    m->no_memory = true;
  else
    e->members[e->n++] = (member){name, value};
}

static void drop(element *e, zd_slice name) {
  for (size_t i = 0; i < e->n; i++) {
    if (!zd_slice_eq(e->members[i].name, name)) continue;
    e->members[i] = e->members[--e->n];
    return;
  }
}

/* "[a]" and "[b]" as "[a,b]". */
static zd_slice appended(maker *m, zd_slice a, zd_slice b) {
  if (a.n <= 2) return b;
  return join(m, (zd_slice){a.p, a.n - 1}, ZD_S(","), zd_slice_from(b, 1));
}

/* ---- rows of the schema as elements ---- */

static zd_slice number(maker *m, uint32_t n) {
  char room[ZD_DIGITS];
  return join(m, zd_slice_digits(n, room), ZD_S(""), ZD_S(""));
}

static zd_slice list_of(maker *m, uint32_t p, uint32_t row, uint16_t k, bool target, uint16_t n) {
  zd_slice out = ZD_S("[");
  for (uint16_t j = 0; j < n; j++)
    out = join(m, out, j ? ZD_S(",") : ZD_S(""),
               quoted(m, zd_schema_profile_canonical(m->s, p, row, k, target, j)));
  return join(m, out, ZD_S("]"), ZD_S(""));
}

static zd_slice type_of(maker *m, uint32_t p, uint32_t row, uint16_t k) {
  static const char *const aggregations[] = {"contained", "referenced", "bundled"};
  zd_profile_type t = zd_schema_profile_type(m->s, p, row, k);
  zd_slice code = t.type == ZD_NO_TYPE ? ZD_S("http://hl7.org/fhirpath/System.String")
                                       : zd_schema_type_info(m->s, t.type).name;
  zd_slice out = join(m, ZD_S("{\"code\":"), quoted(m, code), ZD_S(""));
  if (t.profile_count)
    out = join(m, out, ZD_S(",\"profile\":"), list_of(m, p, row, k, false, t.profile_count));
  if (t.target_count)
    out = join(m, out, ZD_S(",\"targetProfile\":"), list_of(m, p, row, k, true, t.target_count));
  zd_slice before = ZD_S(",\"aggregation\":[\"");
  for (unsigned i = 0; i < 3; i++) {
    if (!(t.aggregation & 1u << i)) continue;
    out = join(m, out, before, zd_slice_of(aggregations[i]));
    before = ZD_S("\",\"");
  }
  if (t.aggregation) out = join(m, out, ZD_S("\"]"), ZD_S(""));
  return join(m, out, ZD_S("}"), ZD_S(""));
}

static zd_slice types_of(maker *m, uint32_t p, uint32_t row, uint16_t n) {
  zd_slice out = ZD_S("[");
  for (uint16_t k = 0; k < n; k++)
    out = join(m, out, k ? ZD_S(",") : ZD_S(""), type_of(m, p, row, k));
  return join(m, out, ZD_S("]"), ZD_S(""));
}

static zd_slice slicing_of(maker *m, uint32_t p, uint32_t row) {
  static const char *const rules[] = {"closed", "open", "openAtEnd"};
  static const char *const kinds[] = {"value", "exists", "pattern", "type", "profile"};
  zd_slicing s = zd_schema_profile_slicing(m->s, p, row);
  zd_slice out = ZD_S("{\"discriminator\":[");
  for (uint32_t k = 0; k < s.discriminator_count; k++) {
    zd_discriminator d = zd_schema_profile_discriminator(m->s, p, row, k);
    out =
        join(m, out, k ? ZD_S(",{\"type\":\"") : ZD_S("{\"type\":\""), zd_slice_of(kinds[d.kind]));
    out = join(m, out, ZD_S("\",\"path\":"), quoted(m, d.path));
    out = join(m, out, ZD_S("}"), ZD_S(""));
  }
  out = join(m, out, s.ordered ? ZD_S("],\"ordered\":true,\"rules\":\"") : ZD_S("],\"rules\":\""),
             zd_slice_of(rules[s.rules]));
  return join(m, out, ZD_S("\"}"), ZD_S(""));
}

static zd_slice constraints_of(maker *m, uint32_t p, uint32_t row, uint16_t n) {
  zd_slice out = ZD_S("["), url = zd_schema_profile(m->s, p).url;
  for (uint16_t k = 0; k < n; k++) {
    zd_constraint c = zd_schema_profile_constraint(m->s, p, row, k);
    out = join(m, out, k ? ZD_S(",{\"key\":") : ZD_S("{\"key\":"), quoted(m, c.key));
    out =
        join(m, out, c.error ? ZD_S(",\"severity\":\"error\"") : ZD_S(",\"severity\":\"warning\""),
             ZD_S(",\"human\":"));
    out = join(m, out, quoted(m, c.human), ZD_S(""));
    if (c.expression.p) out = join(m, out, ZD_S(",\"expression\":"), quoted(m, c.expression));
    out = join(m, out, ZD_S(",\"source\":"), quoted(m, c.source.p ? c.source : url));
    out = join(m, out, ZD_S("}"), ZD_S(""));
  }
  return join(m, out, ZD_S("]"), ZD_S(""));
}

static void set_typed(maker *m, element *e, const char *name, zd_slice value, zd_type type) {
  if (!value.p || type == ZD_NO_TYPE) return;
  zd_slice of = join(m, zd_slice_of(name), zd_schema_type_info(m->s, type).name, ZD_S(""));
  size_t at = strlen(name);
  char *first = (char *)(uintptr_t)of.p + at; /* joined just now, ours */
  if (of.n > at) *first = (char)toupper((unsigned char)*first);
  set(m, e, of, value);
}

static zd_slice binding_of(maker *m, const zd_profile_element *x) {
  static const char *const strengths[] = {"", "required", "extensible", "preferred", "example"};
  zd_slice out = join(m, ZD_S("{\"strength\":\""), zd_slice_of(strengths[x->binding]), ZD_S("\""));
  if (x->max_value_set.p) {
    out = join(m, out,
               ZD_S(",\"extension\":[{\"url\":\"http://hl7.org/fhir/StructureDefinition/"
                    "elementdefinition-maxValueSet\",\"valueCanonical\":"),
               quoted(m, x->max_value_set));
    out = join(m, out, ZD_S("}]"), ZD_S(""));
  }
  if (x->value_set.p) out = join(m, out, ZD_S(",\"valueSet\":"), quoted(m, x->value_set));
  return join(m, out, ZD_S("}"), ZD_S(""));
}

static void set_flags(maker *m, element *e, uint16_t flags) {
  if (flags & ZD_PE_MUST_SUPPORT) set(m, e, ZD_S("mustSupport"), ZD_S("true"));
  if (flags & ZD_PE_MODIFIER) set(m, e, ZD_S("isModifier"), ZD_S("true"));
  if (flags & ZD_PE_SUMMARY) set(m, e, ZD_S("isSummary"), ZD_S("true"));
}

/* Row as an element at another place: id and path are given. */
static element *from_row(maker *m, uint32_t p, uint32_t row, zd_slice id, zd_slice path) {
  zd_profile_element x = zd_schema_profile_element(m->s, p, row);
  element *e = ZD_NEW(m->arena, element);
  if (!e) {
    m->no_memory = true;
    return NULL;
  }
  e->id = id;
  e->path = path;
  set(m, e, ZD_S("min"), number(m, x.min));
  set(m, e, ZD_S("max"), x.max == ZD_PE_UNBOUNDED ? ZD_S("\"*\"") : quoted(m, number(m, x.max)));
  if (x.slice.p) set(m, e, ZD_S("sliceName"), quoted(m, x.slice));
  if (x.type_count && x.content_reference == ZD_PE_NONE)
    set(m, e, ZD_S("type"), types_of(m, p, row, x.type_count));
  if (x.has_slicing) set(m, e, ZD_S("slicing"), slicing_of(m, p, row));
  if (x.constraint_count)
    set(m, e, ZD_S("constraint"), constraints_of(m, p, row, x.constraint_count));
  if (x.binding != ZD_BINDING_NONE) set(m, e, ZD_S("binding"), binding_of(m, &x));
  if (x.max_length) set(m, e, ZD_S("maxLength"), number(m, x.max_length));
  set_typed(m, e, "fixed", x.fixed, x.fixed_type);
  set_typed(m, e, "pattern", x.pattern, x.pattern_type);
  set_typed(m, e, "minValue", x.min_value, x.min_value_type);
  set_typed(m, e, "maxValue", x.max_value, x.max_value_type);
  set_flags(m, e, x.flags);
  if (x.flags & ZD_PE_FORBIDDEN) set(m, e, ZD_S("base"), ZD_S("{\"max\":\"0\"}"));
  if (x.content_reference != ZD_PE_NONE)
    set(m, e, ZD_S("contentReference"),
        quoted(m, join(m, ZD_S("#"), zd_schema_profile_element(m->s, p, x.content_reference).id,
                       ZD_S(""))));
  return e;
}

/* ---- the list ---- */

static size_t find(const maker *m, zd_slice id) {
  for (size_t i = 0; i < m->n; i++)
    if (zd_slice_eq(m->list[i]->id, id)) return i;
  return SIZE_MAX;
}

static bool is_under(zd_slice id, zd_slice above, bool slices) {
  return zd_slice_starts(id, above) && id.n > above.n &&
         (id.p[above.n] == '.' || (slices && (id.p[above.n] == ':' || id.p[above.n] == '/')));
}

/* Behind what stands under `above`, and behind its slices. */
static size_t end_of(const maker *m, zd_slice above, bool slices) {
  size_t i = find(m, above) + 1;
  while (i < m->n && is_under(m->list[i]->id, above, slices)) i++;
  return i;
}

static bool insert(maker *m, size_t at, element *e) {
  if (!e || m->n == ELEMENTS_MAX || m->no_memory) return false;
  memmove(m->list + at + 1, m->list + at, (m->n - at) * sizeof *m->list);
  m->list[at] = e;
  m->n++;
  return true;
}

static size_t last_dot(zd_slice id) {
  size_t i = id.n;
  while (i && id.p[i - 1] != '.') i--;
  return i; /* behind the dot; 0: none */
}

/* ---- elements that the base does not have yet ---- */

static size_t ensure(maker *m, zd_slice id, zd_slice path, unsigned depth);

static zd_slice unquoted(zd_slice json) {
  return json.n >= 2 && json.p[0] == '"' ? (zd_slice){json.p + 1, json.n - 2} : json;
}

/* The same without the last slice's name: "A.b:x.c" is "A.b.c"; absent: there is no slice. */
static zd_slice without_slice(maker *m, zd_slice id) {
  size_t colon = id.n;
  while (colon && id.p[colon - 1] != ':') colon--;
  if (!colon) return (zd_slice){NULL, 0};
  zd_slice rest = zd_slice_from(id, colon);
  return join(m, (zd_slice){id.p, colon - 1}, zd_slice_from(rest, zd_slice_find(rest, '.')),
              ZD_S(""));
}

/* Row of the definition of the parent's type (or its only profile) with this name. */
static bool find_type_row(maker *m, const element *parent, zd_slice name, uint32_t *p,
                          uint32_t *row) {
  const member *type = get(parent, ZD_S("type"));
  zd_json_tape tape = {0};
  bool found = false;
  if (!type || zd_json_read(type->value, NULL, &tape, NULL) != ZD_OK) return false;
  uint32_t first = zd_json_first(&tape, 0);
  uint32_t profiles = first ? zd_json_find(&tape, first, ZD_S("profile")) : 0;
  uint32_t profile = profiles ? zd_json_first(&tape, profiles) : 0;
  zd_slice code = zd_json_string(&tape, first, ZD_S("code"));
  *p = profile ? zd_schema_profile_find(m->s, zd_json_raw(&tape, profile)) : UINT32_MAX;
  if (*p == UINT32_MAX)
    *p = zd_schema_profile_find(
        m->s, join(m, ZD_S("http://hl7.org/fhir/StructureDefinition/"), code, ZD_S("")));
  zd_json_free(&tape);
  if (*p == UINT32_MAX) return false;
  uint32_t n = zd_schema_profile(m->s, *p).element_count;
  for (*row = 1; *row < n && !found; ++*row) {
    zd_profile_element x = zd_schema_profile_element(m->s, *p, *row);
    found =
        x.parent == 0 && !x.slice.p && zd_slice_eq(zd_slice_from(x.path, last_dot(x.path)), name);
  }
  --*row;
  return found;
}

static element *copied(maker *m, const element *from, zd_slice id, zd_slice path) {
  element *e = ZD_NEW(m->arena, element);
  if (!e) {
    m->no_memory = true;
    return NULL;
  }
  *e = *from;
  e->id = id;
  e->path = path;
  return e;
}

/* Elements under a slice are first what they are without it; else those of the parent's type. */
static size_t add_child(maker *m, zd_slice id, zd_slice path, unsigned depth) {
  size_t dot = last_dot(id), path_dot = last_dot(path);
  if (!dot || !path_dot) return SIZE_MAX;
  zd_slice above = {id.p, dot - 1};
  size_t parent = ensure(m, above, (zd_slice){path.p, path_dot - 1}, depth + 1);
  if (parent == SIZE_MAX) return SIZE_MAX;
  zd_slice name = zd_slice_from(path, path_dot), plain = without_slice(m, id);
  size_t twin = plain.p ? find(m, plain) : SIZE_MAX;
  uint32_t p, row;
  element *e = NULL;
  if (twin != SIZE_MAX) {
    e = copied(m, m->list[twin], id, path);
  } else if (find_type_row(m, m->list[parent], name, &p, &row)) {
    e = from_row(m, p, row, id, path);
  } else {
    const member *content = get(m->list[parent], ZD_S("contentReference"));
    if (!content) return SIZE_MAX;
    zd_slice at = zd_slice_from(unquoted(content->value), 1);
    twin = find(m, join(m, at, ZD_S("."), name));
    if (twin != SIZE_MAX) e = copied(m, m->list[twin], id, path);
  }
  size_t at = end_of(m, above, false);
  return insert(m, at, e) ? at : SIZE_MAX;
}

/* "A.b:x": a copy of A.b (of "A.b:x/y" of A.b:x), which it need not have. */
static size_t add_slice(maker *m, zd_slice id, zd_slice path, unsigned depth) {
  size_t cut = id.n, dot = last_dot(id);
  while (cut > dot && id.p[cut - 1] != '/' && id.p[cut - 1] != ':') cut--;
  if (cut == dot) return SIZE_MAX;
  zd_slice of = {id.p, cut - 1};
  size_t main = ensure(m, of, path, depth + 1);
  if (main == SIZE_MAX) return SIZE_MAX;
  zd_slice name = zd_slice_from(id, dot);
  name = zd_slice_from(name, zd_slice_find(name, ':') + 1);
  element *e = copied(m, m->list[main], id, path);
  if (!e) return SIZE_MAX;
  drop(e, ZD_S("slicing"));
  set(m, e, ZD_S("min"), ZD_S("0"));
  set(m, e, ZD_S("sliceName"), quoted(m, name));
  size_t at = end_of(m, of, true);
  return insert(m, at, e) ? at : SIZE_MAX;
}

static size_t ensure(maker *m, zd_slice id, zd_slice path, unsigned depth) {
  size_t i = find(m, id);
  if (i != SIZE_MAX || depth > DEPTH_MAX) return i;
  zd_slice last = zd_slice_from(id, last_dot(id));
  return zd_slice_find(last, ':') < last.n ? add_slice(m, id, path, depth)
                                           : add_child(m, id, path, depth);
}

/* ---- the differential ---- */

/* "Observation.valueQuantity" is the slice valueQuantity of value[x]: found when the name without
 * the type is a choice of the element above. */
static bool as_choice(maker *m, zd_slice *id, zd_slice *path) {
  size_t dot = last_dot(*path), id_dot = last_dot(*id);
  zd_slice name = zd_slice_from(*path, dot), last = zd_slice_from(*id, id_dot);
  if (!dot || !id_dot || zd_slice_find(last, ':') < last.n) return false;
  for (size_t n = name.n - 1; n > 0; n--) {
    if (!isupper((unsigned char)name.p[n])) continue;
    zd_slice stem = join(m, (zd_slice){name.p, n}, ZD_S("[x]"), ZD_S(""));
    zd_slice whole = join(m, (zd_slice){path->p, dot}, stem, ZD_S(""));
    zd_slice main = join(m, (zd_slice){id->p, id_dot}, stem, ZD_S(""));
    if (ensure(m, main, whole, 0) == SIZE_MAX) continue;
    *id = join(m, join(m, main, ZD_S(":"), name), ZD_S(""), ZD_S(""));
    *path = whole;
    return true;
  }
  return false;
}

/* The type that a choice's slice is named after: valueQuantity. */
static void type_choice(maker *m, element *e) {
  zd_slice last = zd_slice_from(e->id, last_dot(e->id));
  size_t colon = zd_slice_find(last, ':');
  size_t stem = zd_slice_find(e->path, '[') - last_dot(e->path);
  zd_slice name = zd_slice_from(last, colon + 1);
  if (colon == last.n || name.n <= stem) return;
  name = zd_slice_from(name, stem);
  for (zd_type t = 0; t < zd_schema_type_count(m->s); t++) {
    zd_type_info info = zd_schema_type_info(m->s, t);
    if (info.name.n != name.n || info.kind == ZD_KIND_BACKBONE ||
        toupper((unsigned char)info.name.p[0]) != name.p[0] ||
        memcmp(info.name.p + 1, name.p + 1, name.n - 1) != 0)
      continue;
    set(m, e, ZD_S("type"), join(m, ZD_S("[{\"code\":"), quoted(m, info.name), ZD_S("}]")));
    return;
  }
}

static void merge(maker *m, element *e, uint32_t d) {
  for (uint32_t c = zd_json_first(&m->tape, d); c; c = zd_json_next(&m->tape, d, c)) {
    zd_slice name = zd_json_key(&m->tape, c), value = zd_json_raw(&m->tape, c);
    if (zd_json_type_of(&m->tape, c) == ZD_JSON_STRING)
      value = join(m, ZD_S("\""), value, ZD_S("\""));
    if (zd_slice_eq(name, ZD_S("id")) || zd_slice_eq(name, ZD_S("path"))) continue;
    const member *before = get(e, name);
    if (before && zd_slice_eq(name, ZD_S("constraint"))) value = appended(m, before->value, value);
    set(m, e, name, value);
  }
}

/* The id as it should be: from the path and the ids before it, when there is none. */
static zd_slice id_of(maker *m, uint32_t d, zd_slice path, zd_slice before) {
  zd_slice id = zd_json_string(&m->tape, d, ZD_S("id"));
  zd_slice slice = zd_json_string(&m->tape, d, ZD_S("sliceName"));
  zd_slice whole = {NULL, 0};
  if (id.n && zd_slice_starts(id, (zd_slice){path.p, zd_slice_find(path, '.')})) return id;
  size_t dot = last_dot(path), depth = 0;
  if (!dot) return path;
  /* As many parts of the id before as the path has above its last. */
  for (size_t i = 0; i < dot - 1; i++) depth += path.p[i] == '.';
  whole = (zd_slice){path.p, dot - 1};
  size_t at = 0;
  for (size_t parts = 0; at < before.n; at++)
    if (before.p[at] == '.' && parts++ == depth) break;
  if (at && before.n) {
    zd_slice head = {before.p, at};
    size_t hd = last_dot(head), wd = last_dot(whole);
    zd_slice a = zd_slice_from(head, hd), b = zd_slice_from(whole, wd);
    a.n = zd_slice_find(a, ':');
    if (zd_slice_eq(a, b)) whole = head;
  }
  id = join(m, whole, ZD_S("."), zd_slice_from(path, dot));
  if (slice.n) id = join(m, id, ZD_S(":"), slice);
  return id;
}

static zd_err apply(maker *m, uint32_t d, zd_slice *before) {
  zd_slice path = zd_json_string(&m->tape, d, ZD_S("path"));
  zd_slice id = id_of(m, d, path, *before);
  if (!path.n) return zd_fail(m->fault, ZD_ERR_INVALID, "an element without a path");
  size_t at = ensure(m, id, path, 0);
  bool choice = at == SIZE_MAX && as_choice(m, &id, &path);
  if (choice) at = ensure(m, id, path, 0);
  if (m->no_memory) return zd_fail(m->fault, ZD_ERR_MEMORY, "no memory for a snapshot");
  if (at == SIZE_MAX)
    return zd_fail(m->fault, ZD_ERR_INVALID, "element %.*s: its base has no such element",
                   ZD_SV(id));
  if (choice) type_choice(m, m->list[at]);
  merge(m, m->list[at], d);
  *before = id;
  return ZD_OK;
}

/* ---- the whole ---- */

static zd_err begin(maker *m) {
  zd_slice base = zd_json_string(&m->tape, 0, ZD_S("baseDefinition"));
  uint32_t p = zd_schema_profile_find(m->s, base);
  m->list = ZD_NEW_ARRAY(m->arena, element *, ELEMENTS_MAX);
  if (p == UINT32_MAX)
    return zd_fail(m->fault, ZD_ERR_NOT_FOUND, "its base is not known: %.*s", ZD_SV(base));
  if (!m->list) return zd_fail(m->fault, ZD_ERR_MEMORY, "no memory for a snapshot");
  uint32_t n = zd_schema_profile(m->s, p).element_count;
  for (uint32_t row = 0; row < n; row++) {
    zd_profile_element x = zd_schema_profile_element(m->s, p, row);
    if (!insert(m, m->n, from_row(m, p, row, x.id, x.path)))
      return zd_fail(m->fault, ZD_ERR_MEMORY, "no memory for a snapshot");
  }
  return ZD_OK;
}

static void write_all(maker *m, zd_slice text, zd_buffer *out) {
  size_t brace = zd_slice_find(text, '{');
  zd_buffer_add_slice(out, ZD_S("{\"snapshot\":{\"element\":["));
  for (size_t i = 0; i < m->n; i++) {
    const element *e = m->list[i];
    zd_buffer_printf(out, "%s{\"id\":\"%.*s\",\"path\":\"%.*s\"", i ? "," : "", ZD_SV(e->id),
                     ZD_SV(e->path));
    for (size_t k = 0; k < e->n; k++) {
      zd_buffer_printf(out, ",\"%.*s\":", ZD_SV(e->members[k].name));
      zd_buffer_add_slice(out, e->members[k].value);
    }
    zd_buffer_add_char(out, '}');
  }
  zd_buffer_add_slice(out, ZD_S("]},"));
  zd_buffer_add_slice(out, zd_slice_from(text, brace + 1));
}

static zd_err make(maker *m, zd_slice text, zd_slice *out) {
  zd_slice before = {NULL, 0};
  zd_err err = begin(m);
  uint32_t differential = zd_json_find(&m->tape, 0, ZD_S("differential"));
  uint32_t list = differential ? zd_json_find(&m->tape, differential, ZD_S("element")) : 0;
  for (uint32_t d = list ? zd_json_first(&m->tape, list) : 0; d && !err;
       d = zd_json_next(&m->tape, list, d))
    err = apply(m, d, &before);
  if (err) return err;
  zd_buffer b;
  zd_buffer_init(&b, 0);
  write_all(m, text, &b);
  *out = zd_arena_copy(m->arena, zd_buffer_slice(&b));
  if (b.failed || !out->p || m->no_memory)
    err = zd_fail(m->fault, ZD_ERR_MEMORY, "no memory for a snapshot");
  zd_buffer_free(&b);
  return err;
}

zd_err zd_snapshot_make(const zd_schema *schema, zd_slice text, zd_arena *arena, zd_slice *out,
                        zd_fault *fault) {
  maker m = {.s = schema, .arena = arena, .fault = fault};
  zd_err err = zd_json_read(text, NULL, &m.tape, NULL);
  if (err)
    err = zd_fail(fault, err, "no JSON");
  else
    err = make(&m, text, out);
  zd_json_free(&m.tape);
  return err;
}
