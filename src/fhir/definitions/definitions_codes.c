/* definitions_codes.c: CodeSystems and ValueSets to sorted code lists.
 *
 * Source: FHIR R4 valueset.html#compositions: an include is a system (all of it, listed concepts,
 * or filters), intersected with the value sets it names; includes are united, excludes taken away.
 *
 * A value set is enumerable when that follows from the definitions given: whole systems must be
 * complete, filters must speak about the hierarchy or properties of such a system. Everything else
 * is marked as not enumerable rather than guessed. Codes of inactive or abstract concepts are kept.
 */
#include <stdlib.h>

#include "base/hash.h"
#include "fhir/definitions/definitions_internal.h"

/* A code list being computed: zd_image_code records, sorted and without repetitions. */
typedef struct code_list {
  zd_buffer codes;
  bool enumerable;
} code_list;

enum { IN_PROGRESS = 2, DONE = 1, DEPTH_MAX = 32 };

typedef struct set_state {
  code_list list;
  int progress; /* 0, IN_PROGRESS, DONE */
} set_state;

typedef struct compiler {
  zd_definitions *d;
  zd_definition *systems, *sets; /* that were added; in the image behind those of the base */
  size_t system_count, set_count;
  set_state *states;  /* of each value set */
  zd_name_map shared; /* bytes of a code list → first code, so that equal lists are kept once */
} compiler;

static zd_err no_memory(zd_definitions *d) {
  return zd_fail(d->fault, ZD_ERR_MEMORY, "definitions: out of memory");
}

/* ---- code lists ---- */

static int compare_codes(const void *a, const void *b, void *strings) {
  const zd_image_code *x = a, *y = b;
  const char *text = strings;
  if (x->at != y->at) {
    int order = zd_slice_cmp((zd_slice){text + x->at, x->n}, (zd_slice){text + y->at, y->n});
    if (order) return order;
  }
  return (x->system > y->system) - (x->system < y->system);
}

static uint32_t list_count(const zd_buffer *codes) {
  return (uint32_t)(codes->n / sizeof(zd_image_code));
}

static void sort_codes(const zd_definitions *d, zd_buffer *codes) {
  zd_image_code *all = (zd_image_code *)(void *)codes->p;
  char *strings = d->section[ZD_IMAGE_STRINGS].p;
  uint32_t n = list_count(codes), kept = 0;
  if (!n) return;
  qsort_r(all, n, sizeof *all, compare_codes, strings);
  for (uint32_t i = 0; i < n; i++)
    if (!kept || compare_codes(&all[kept - 1], &all[i], strings) != 0) all[kept++] = all[i];
  codes->n = kept * sizeof *all;
}

/* Is this code in the sorted list? */
static bool contains(const zd_buffer *codes, const zd_image_code *code, char *strings) {
  const zd_image_code *all = (const zd_image_code *)(void *)codes->p;
  uint32_t low = 0, high = list_count(codes);
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    int order = compare_codes(&all[middle], code, strings);
    if (!order) return true;
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return false;
}

/* Keeps those codes of a that are (or, with `without`, are not) in b; both sorted. */
static void intersect(const zd_definitions *d, zd_buffer *a, const zd_buffer *b, bool without) {
  zd_image_code *all = (zd_image_code *)(void *)a->p;
  char *strings = d->section[ZD_IMAGE_STRINGS].p;
  uint32_t n = list_count(a), kept = 0;
  for (uint32_t i = 0; i < n; i++) {
    bool hit = contains(b, all + i, strings);
    if (hit != without) all[kept++] = all[i];
  }
  a->n = kept * sizeof *all;
}

/* The number that stands for a system in codes: of the first record with its url. One that is not
 * shipped gets a record without codes. */
static uint16_t system_id(compiler *c, zd_slice url) {
  zd_definitions *d = c->d;
  int64_t known = zd_name_map_find(&d->system_ids, url);
  if (known >= 0) return (uint16_t)known;
  uint32_t number = zd_def_count(d, ZD_IMAGE_CODE_SYSTEMS, sizeof(zd_image_code_system));
  if (number >= 0xFFFF) return 0xFFFF;
  zd_image_code_system record = {
      .url = zd_def_string(d, url), .version = {0, UINT32_MAX}, .content = ZD_CODES_NOT_PRESENT};
  zd_buffer_add(&d->section[ZD_IMAGE_CODE_SYSTEMS], &record, sizeof record);
  if (!zd_name_map_set(&d->system_ids, &d->arena, url, number)) return 0xFFFF;
  return (uint16_t)number;
}

static void add_code(compiler *c, zd_buffer *codes, zd_slice code, uint16_t system) {
  if (!code.n || code.n > 0xFFFF) return;
  zd_image_text text = zd_def_string(c->d, code);
  zd_image_code record = {text.at, (uint16_t)text.n, system};
  zd_buffer_add(codes, &record, sizeof record);
}

/* The sorted list in the image; equal lists share their codes. */
static zd_err keep_list(compiler *c, const zd_buffer *codes, uint32_t *first) {
  zd_definitions *d = c->d;
  zd_buffer *all = &d->section[ZD_IMAGE_CODES];
  *first = list_count(all);
  if (!codes->n) return ZD_OK;
  int64_t known = zd_name_map_find(&c->shared, zd_buffer_slice(codes));
  if (known >= 0) {
    *first = (uint32_t)known;
    return ZD_OK;
  }
  zd_slice key = zd_arena_copy(&d->arena, zd_buffer_slice(codes));
  if (!key.p || !zd_name_map_set(&c->shared, &d->arena, key, *first)) return no_memory(d);
  zd_buffer_add(all, codes->p, codes->n);
  return all->failed ? no_memory(d) : ZD_OK;
}

/* ---- code systems ---- */

static zd_code_content content_of(const zd_definition *def) {
  static const char *const names[] = {"not-present", "example", "fragment", "complete",
                                      "supplement"};
  zd_slice content = zd_json_string(def->tape, def->node, ZD_S("content"));
  for (int i = 0; i < 5; i++)
    if (zd_slice_eq(content, zd_slice_of(names[i]))) return (zd_code_content)i;
  return ZD_CODES_NOT_PRESENT;
}

static void add_concepts(compiler *c, const zd_json_tape *tape, uint32_t list, uint16_t system,
                         int depth, zd_buffer *out) {
  ZD_EACH(tape, concept, list) {
    add_code(c, out, zd_def_text(c->d, tape, concept, ZD_S("code")), system);
    uint32_t nested = zd_json_find(tape, concept, ZD_S("concept"));
    if (nested && depth < DEPTH_MAX) add_concepts(c, tape, nested, system, depth + 1, out);
  }
}

/* The codes of a system that is compiled. */
static void add_whole_system(compiler *c, uint32_t number, zd_buffer *out) {
  const zd_image_code_system *r =
      ZD_RECORDS(c->d, ZD_IMAGE_CODE_SYSTEMS, const zd_image_code_system) + number;
  zd_buffer_add(out, ZD_RECORDS(c->d, ZD_IMAGE_CODES, const zd_image_code) + r->first,
                r->count * sizeof(zd_image_code));
}

static uint32_t hash_system(const void *state, uint32_t i, uint32_t seed) {
  const zd_definitions *d = state;
  const zd_image_code_system *r =
      ZD_RECORDS(d, ZD_IMAGE_CODE_SYSTEMS, const zd_image_code_system) + i;
  return zd_image_hash(zd_def_string_at(d, r->url), seed);
}

static void begin(compiler *c, zd_definitions *d) {
  *c = (compiler){.d = d};
  c->systems = (zd_definition *)(void *)d->found[ZD_DEF_CODE_SYSTEM].p;
  c->system_count = d->found[ZD_DEF_CODE_SYSTEM].n / sizeof(zd_definition);
  c->sets = (zd_definition *)(void *)d->found[ZD_DEF_VALUE_SET].p;
  c->set_count = d->found[ZD_DEF_VALUE_SET].n / sizeof(zd_definition);
}

static zd_err compile_system(compiler *c, zd_definition *def) {
  zd_definitions *d = c->d;
  zd_image_code_system record = {.url = zd_def_string(d, def->url),
                                 .version = zd_def_string(d, def->version),
                                 .content = content_of(def)};
  def->number = zd_def_count(d, ZD_IMAGE_CODE_SYSTEMS, sizeof record);
  if (def->number >= 0xFFFF)
    return zd_fail(d->fault, ZD_ERR_LIMIT, "definitions: too many code systems");
  int64_t id = zd_name_map_find(&d->system_ids, def->url);
  if (id < 0 && !zd_name_map_set(&d->system_ids, &d->arena, def->url, def->number))
    return no_memory(d);
  zd_buffer codes;
  zd_buffer_init(&codes, 0);
  uint32_t list = zd_json_find(def->tape, def->node, ZD_S("concept"));
  uint16_t own = (uint16_t)(id < 0 ? (int64_t)def->number : id);
  if (list) add_concepts(c, def->tape, list, own, 0, &codes);
  sort_codes(d, &codes);
  record.count = list_count(&codes);
  zd_err err = codes.failed ? no_memory(d) : keep_list(c, &codes, &record.first);
  zd_buffer_free(&codes);
  if (err) return err;
  zd_buffer_add(&d->section[ZD_IMAGE_CODE_SYSTEMS], &record, sizeof record);
  if (d->section[ZD_IMAGE_CODE_SYSTEMS].failed) return no_memory(d);
  return zd_def_name_system(d, def->url, def->version, def->number);
}

zd_err zd_def_code_systems(zd_definitions *d) {
  compiler c;
  zd_err err = ZD_OK;
  begin(&c, d);
  d->first_system = zd_def_count(d, ZD_IMAGE_CODE_SYSTEMS, sizeof(zd_image_code_system));
  for (size_t i = 0; i < c.system_count && !err; i++) err = compile_system(&c, &c.systems[i]);
  return err;
}

/* ---- filters ---- */

/* The concept with this code; 0: none. */
static uint32_t find_concept(const zd_json_tape *tape, uint32_t list, zd_slice code, int depth) {
  ZD_EACH(tape, concept, list) {
    uint32_t own = zd_json_find(tape, concept, ZD_S("code"));
    if (own && zd_json_is(tape, own, code)) return concept;
    uint32_t nested = zd_json_find(tape, concept, ZD_S("concept"));
    uint32_t hit = nested && depth < DEPTH_MAX ? find_concept(tape, nested, code, depth + 1) : 0;
    if (hit) return hit;
  }
  return 0;
}

/* Walking down a hierarchy: each concept once, however many parents it has. */
typedef struct descent {
  compiler *c;
  const zd_json_tape *tape;
  uint32_t concepts; /* all of the system */
  uint16_t system;
  zd_name_map seen;
  zd_buffer *out;
} descent;

static void add_below(descent *x, uint32_t concept, int depth);

static void add_child(descent *x, uint32_t child, int depth) {
  zd_definitions *d = x->c->d;
  zd_slice code = zd_def_text(d, x->tape, child, ZD_S("code"));
  if (!code.n || zd_name_map_find(&x->seen, code) >= 0) return;
  if (!zd_name_map_set(&x->seen, &d->arena, code, 1)) x->out->failed = true;
  add_code(x->c, x->out, code, x->system);
  if (depth < DEPTH_MAX) add_below(x, child, depth + 1);
}

/* The codes under a concept, itself not included: nested concepts, and, in v3 code systems with
 * several parents, those named by properties. */
static void add_below(descent *x, uint32_t concept, int depth) {
  uint32_t nested = zd_json_find(x->tape, concept, ZD_S("concept"));
  uint32_t properties = zd_json_find(x->tape, concept, ZD_S("property"));
  if (nested) {
    ZD_EACH(x->tape, child, nested) add_child(x, child, depth);
  }
  if (!properties) return;
  ZD_EACH(x->tape, property, properties) {
    if (!zd_slice_eq(zd_json_string(x->tape, property, ZD_S("code")), ZD_S("child"))) continue;
    zd_slice code = zd_def_text(x->c->d, x->tape, property, ZD_S("valueCode"));
    uint32_t child = code.n ? find_concept(x->tape, x->concepts, code, 0) : 0;
    if (child) add_child(x, child, depth);
  }
}

/* concept is-a / descendent-of / is-not-a code. The image keeps no hierarchies: those of systems in
 * the base image are not known. */
static bool filter_hierarchy(compiler *c, uint32_t number, zd_slice op, zd_slice code,
                             zd_buffer *out) {
  uint32_t added = number - c->d->first_system;
  if (number < c->d->first_system || added >= c->system_count) return false;
  const zd_definition *def = &c->systems[added];
  uint16_t system = system_id(c, def->url);
  uint32_t list = zd_json_find(def->tape, def->node, ZD_S("concept"));
  uint32_t concept = list ? find_concept(def->tape, list, code, 0) : 0;
  if (!concept) return false;
  zd_buffer below;
  zd_buffer_init(&below, 0);
  if (!zd_slice_eq(op, ZD_S("descendent-of"))) add_code(c, &below, code, system);
  descent down = {.c = c, .tape = def->tape, .concepts = list, .system = system, .out = &below};
  add_below(&down, concept, 0);
  sort_codes(c->d, &below);
  if (zd_slice_eq(op, ZD_S("is-not-a"))) {
    add_whole_system(c, number, out);
    sort_codes(c->d, out);
    intersect(c->d, out, &below, true);
  } else {
    zd_buffer_add(out, below.p, below.n);
  }
  out->failed |= below.failed;
  zd_buffer_free(&below);
  return true;
}

/* One filter of an include: its codes, sorted, to out; false when it can't be computed. */
static bool apply_filter(compiler *c, uint32_t system, const zd_json_tape *tape, uint32_t filter,
                         zd_buffer *out) {
  zd_slice property = zd_json_string(tape, filter, ZD_S("property"));
  zd_slice op = zd_json_string(tape, filter, ZD_S("op"));
  zd_slice value = zd_def_text(c->d, tape, filter, ZD_S("value"));
  bool hierarchy = zd_slice_eq(op, ZD_S("is-a")) || zd_slice_eq(op, ZD_S("descendent-of")) ||
                   zd_slice_eq(op, ZD_S("is-not-a"));
  if (!zd_slice_eq(property, ZD_S("concept")) || !hierarchy) return false;
  return filter_hierarchy(c, system, op, value, out);
}

/* ---- value sets ---- */

static zd_err evaluate(compiler *c, size_t set, int depth);

/* The record of the system that an include names, in the version it names; -1: not compiled. */
static int64_t system_of(compiler *c, const zd_json_tape *tape, uint32_t include, zd_slice url) {
  zd_definitions *d = c->d;
  zd_slice version = zd_def_text(d, tape, include, ZD_S("version"));
  if (version.n) url = zd_arena_printf(&d->arena, "%.*s|%.*s", ZD_SV(url), ZD_SV(version));
  return url.p ? zd_def_named(&d->code_systems, url) : ZD_NAME_NONE;
}

static bool is_complete(const compiler *c, int64_t number) {
  if (number < 0) return false;
  const zd_image_code_system *r =
      ZD_RECORDS(c->d, ZD_IMAGE_CODE_SYSTEMS, const zd_image_code_system) + number;
  return r->content == ZD_CODES_COMPLETE && r->count;
}

/* The part of an include that its system gives; false: not computable. */
static bool include_system(compiler *c, const zd_json_tape *tape, uint32_t include,
                           zd_buffer *out) {
  zd_slice url = zd_def_text(c->d, tape, include, ZD_S("system"));
  uint16_t id = system_id(c, url);
  uint32_t concepts = zd_json_find(tape, include, ZD_S("concept"));
  uint32_t filters = zd_json_find(tape, include, ZD_S("filter"));
  if (concepts) {
    ZD_EACH(tape, item, concepts)
    add_code(c, out, zd_def_text(c->d, tape, item, ZD_S("code")), id);
    sort_codes(c->d, out);
    return true;
  }
  int64_t found = system_of(c, tape, include, url);
  if (!is_complete(c, found)) return false;
  uint32_t system = (uint32_t)found;
  if (!filters) {
    add_whole_system(c, system, out);
    sort_codes(c->d, out);
    return true;
  }
  bool first = true, computable = true;
  ZD_EACH(tape, filter, filters) {
    zd_buffer part;
    zd_buffer_init(&part, 0);
    computable = computable && apply_filter(c, system, tape, filter, &part);
    if (first)
      zd_buffer_add(out, part.p, part.n);
    else
      intersect(c->d, out, &part, false);
    out->failed |= part.failed;
    first = false;
    zd_buffer_free(&part);
  }
  sort_codes(c->d, out);
  return computable;
}

/* The codes of a value set, added or in the base image, lent. False: not enumerable. */
static bool codes_of_set(compiler *c, uint32_t number, zd_buffer *lent) {
  zd_definitions *d = c->d;
  if (number >= d->first_set) {
    const code_list *list = &c->states[number - d->first_set].list;
    *lent = list->codes;
    return list->enumerable;
  }
  const zd_image_value_set *r =
      ZD_RECORDS(d, ZD_IMAGE_VALUE_SETS, const zd_image_value_set) + number;
  zd_image_code *first = ZD_RECORDS(d, ZD_IMAGE_CODES, zd_image_code) + r->first;
  *lent = (zd_buffer){.p = (char *)first, .n = r->count * sizeof *first};
  return r->enumerable != 0;
}

/* Narrows `out` (everything, when it is still open) to the value sets an include names. */
static zd_err include_sets(compiler *c, const zd_json_tape *tape, uint32_t list, bool open,
                           bool *computable, zd_buffer *out, int depth) {
  ZD_EACH(tape, item, list) {
    int64_t found = zd_def_named(&c->d->value_sets, zd_def_value(c->d, tape, item));
    uint32_t set = (uint32_t)found, first = c->d->first_set;
    if (found < 0 || (set >= first && c->states[set - first].progress == IN_PROGRESS)) {
      *computable = false;
      return ZD_OK;
    }
    zd_err err = set >= first ? evaluate(c, set - first, depth + 1) : ZD_OK;
    if (err) return err;
    zd_buffer lent;
    if (!codes_of_set(c, set, &lent)) *computable = false;
    if (open)
      zd_buffer_add(out, lent.p, lent.n);
    else
      intersect(c->d, out, &lent, false);
    open = false;
  }
  return ZD_OK;
}

static zd_err include_one(compiler *c, const zd_json_tape *tape, uint32_t include, bool *computable,
                          zd_buffer *out, int depth) {
  bool system = zd_json_find(tape, include, ZD_S("system")) != 0;
  *computable = true;
  if (system) *computable = include_system(c, tape, include, out);
  uint32_t sets = zd_json_find(tape, include, ZD_S("valueSet"));
  if (!*computable || !sets) return ZD_OK;
  return include_sets(c, tape, sets, !system, computable, out, depth);
}

static zd_err compose(compiler *c, const zd_definition *def, code_list *list, int depth) {
  uint32_t composed = zd_json_find(def->tape, def->node, ZD_S("compose"));
  list->enumerable = composed != 0;
  for (int excluding = 0; composed && excluding < 2 && list->enumerable; excluding++) {
    uint32_t parts =
        zd_json_find(def->tape, composed, excluding ? ZD_S("exclude") : ZD_S("include"));
    if (!parts) continue;
    ZD_EACH(def->tape, part, parts) {
      zd_buffer codes;
      zd_buffer_init(&codes, 0);
      bool computable = true;
      zd_err err = include_one(c, def->tape, part, &computable, &codes, depth);
      if (excluding)
        intersect(c->d, &list->codes, &codes, true);
      else
        zd_buffer_add(&list->codes, codes.p, codes.n);
      list->codes.failed |= codes.failed;
      zd_buffer_free(&codes);
      if (err) return err;
      if (!computable) list->enumerable = false;
    }
    sort_codes(c->d, &list->codes);
  }
  if (!list->enumerable) zd_buffer_clear(&list->codes);
  return list->codes.failed ? no_memory(c->d) : ZD_OK;
}

static zd_err evaluate(compiler *c, size_t set, int depth) {
  set_state *state = &c->states[set];
  if (state->progress) return ZD_OK;
  if (depth > DEPTH_MAX)
    return zd_fail(c->d->fault, ZD_ERR_LIMIT, "definitions: %.*s: value sets nested too deeply",
                   ZD_SV(c->sets[set].url));
  state->progress = IN_PROGRESS;
  zd_err err = compose(c, &c->sets[set], &state->list, depth);
  state->progress = DONE;
  return err;
}

/* ---- writing value sets ---- */

typedef struct code_hash {
  const zd_definitions *d;
  const zd_image_code *codes;
} code_hash;

static uint32_t hash_code(const void *state, uint32_t i, uint32_t seed) {
  const code_hash *h = state;
  zd_image_text text = {h->codes[i].at, h->codes[i].n};
  return zd_image_hash(zd_def_string_at(h->d, text), seed);
}

enum { TABLE_MAX = 20000 }; /* codes in a value set with a name table */

static zd_err write_set(compiler *c, size_t i) {
  zd_definitions *d = c->d;
  const code_list *list = &c->states[i].list;
  zd_image_value_set record =
      ZD_RECORDS(d, ZD_IMAGE_VALUE_SETS, zd_image_value_set)[c->sets[i].number];
  record.enumerable = list->enumerable;
  record.count = list_count(&list->codes);
  zd_err err = keep_list(c, &list->codes, &record.first);
  if (!err && list->enumerable && record.count <= TABLE_MAX) {
    code_hash state = {d, (const zd_image_code *)(void *)list->codes.p};
    err = zd_def_table(d, record.count, hash_code, &state, &record.names);
  }
  if (!err) ZD_RECORDS(d, ZD_IMAGE_VALUE_SETS, zd_image_value_set)[c->sets[i].number] = record;
  return err;
}

static uint32_t hash_set(const void *state, uint32_t i, uint32_t seed) {
  const zd_definitions *d = state;
  const zd_image_value_set *r = ZD_RECORDS(d, ZD_IMAGE_VALUE_SETS, const zd_image_value_set) + i;
  return zd_image_hash(zd_def_string_at(d, r->url), seed);
}

/* The versions of the sets that are not written yet are those of their definitions: each is named
 * once its record is there, so records come first and get their codes later. */
static zd_err name_sets(compiler *c) {
  zd_definitions *d = c->d;
  for (size_t i = 0; i < c->set_count; i++) {
    zd_buffer_init(&c->states[i].list.codes, 0);
    zd_definition *def = &c->sets[i];
    def->number = d->first_set + (uint32_t)i;
    zd_image_value_set record = {.url = zd_def_string(d, def->url),
                                 .version = zd_def_string(d, def->version)};
    zd_buffer_add(&d->section[ZD_IMAGE_VALUE_SETS], &record, sizeof record);
    if (d->section[ZD_IMAGE_VALUE_SETS].failed) return no_memory(d);
    zd_err err = zd_def_name_set(d, def->url, def->version, def->number);
    if (err) return err;
  }
  return ZD_OK;
}

static zd_err all_sets(compiler *c) {
  zd_definitions *d = c->d;
  zd_err err = name_sets(c);
  for (size_t i = 0; i < c->set_count && !err; i++) {
    err = evaluate(c, i, 0);
    if (!err) err = write_set(c, i);
  }
  if (!err)
    err = zd_def_table(d, zd_def_count(d, ZD_IMAGE_VALUE_SETS, sizeof(zd_image_value_set)),
                       hash_set, d, &d->head.value_sets);
  if (err) return err;
  return zd_def_table(d, zd_def_count(d, ZD_IMAGE_CODE_SYSTEMS, sizeof(zd_image_code_system)),
                      hash_system, d, &d->head.code_systems);
}

zd_err zd_def_value_sets(zd_definitions *d) {
  compiler c;
  begin(&c, d);
  d->first_set = zd_def_count(d, ZD_IMAGE_VALUE_SETS, sizeof(zd_image_value_set));
  if (d->first_set + c.set_count >= 0xFFFF)
    return zd_fail(d->fault, ZD_ERR_LIMIT, "definitions: too many value sets");
  c.states = ZD_NEW_ARRAY(&d->arena, set_state, c.set_count + 1);
  if (!c.states) return no_memory(d);
  zd_err err = all_sets(&c);
  for (size_t i = 0; i < c.set_count; i++) zd_buffer_free(&c.states[i].list.codes);
  return err;
}
