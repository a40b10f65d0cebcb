/* definitions_codes.c: ValueSets to sorted code lists.
 *
 * Source: FHIR R4 valueset.html#compositions: an include is a system (all of it, listed concepts,
 * or filters), intersected with the value sets it names; includes are united, excludes taken away.
 *
 * A value set is enumerable when that follows from the definitions given: whole systems must be
 * complete, filters must speak about the hierarchy or properties of such a system. Everything else
 * is marked as not enumerable rather than guessed, with the system whose codes were missing. Codes
 * of inactive or abstract concepts are kept.
 */
#include <stdlib.h>

#include "base/hash.h"
#include "fhir/definitions/definitions_internal.h"

/* A code list being computed: zd_image_code records, sorted and without repetitions. */
typedef struct code_list {
  zd_buffer codes;
  bool enumerable;
  uint32_t missing; /* as in zd_image_value_set */
} code_list;

enum { IN_PROGRESS = 2, DONE = 1, DEPTH_MAX = 32 };

typedef struct set_state {
  code_list list;
  int progress; /* 0, IN_PROGRESS, DONE */
} set_state;

typedef struct compiler {
  zd_definitions *d;
  zd_definition *sets; /* that were added; in the image behind those of the base */
  size_t set_count;
  set_state *states; /* of each value set */
} compiler;

/* An include or exclude being computed. */
typedef struct part {
  const zd_json_tape *tape;
  uint32_t node;
  int depth; /* of value sets in value sets */
  code_list list;
} part;

static void not_computable(part *x, uint32_t missing) {
  if (x->list.enumerable) x->list.missing = missing;
  x->list.enumerable = false;
}

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

/* The codes of a system that is compiled. */
static void add_whole_system(compiler *c, uint32_t number, zd_buffer *out) {
  const zd_image_code_system *r =
      ZD_RECORDS(c->d, ZD_IMAGE_CODE_SYSTEMS, const zd_image_code_system) + number;
  zd_buffer_add(out, ZD_RECORDS(c->d, ZD_IMAGE_CODES, const zd_image_code) + r->first,
                r->count * sizeof(zd_image_code));
}

/* ---- filters ---- */

/* One filter of an include: its codes, sorted, to out; false when it can't be computed. */
static bool apply_filter(compiler *c, uint32_t number, const zd_json_tape *tape, uint32_t node,
                         zd_buffer *out) {
  const zd_image_code_system *r =
      ZD_RECORDS(c->d, ZD_IMAGE_CODE_SYSTEMS, const zd_image_code_system) + number;
  const zd_image_code *codes = ZD_RECORDS(c->d, ZD_IMAGE_CODES, const zd_image_code) + r->first;
  zd_concept_filter filter = {.property = zd_def_text(c->d, tape, node, ZD_S("property")),
                              .op = zd_def_text(c->d, tape, node, ZD_S("op")),
                              .value = zd_def_text(c->d, tape, node, ZD_S("value"))};
  zd_arena arena;
  zd_concepts concepts;
  zd_arena_init(&arena, 0);
  zd_err err = zd_def_concepts(c->d, number, &arena, &concepts);
  uint8_t *marks = ZD_NEW_ARRAY(&arena, uint8_t, r->count + 1u);
  if (!err && !marks) err = ZD_ERR_MEMORY;
  if (!err) err = zd_concepts_filter(&concepts, &filter, &arena, marks, NULL);
  for (uint32_t i = 0; i < r->count && !err; i++)
    if (marks[i]) zd_buffer_add(out, &codes[i], sizeof codes[i]);
  zd_arena_free(&arena);
  if (err == ZD_ERR_MEMORY) out->failed = err;
  return err == ZD_OK;
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

static void include_concepts(compiler *c, part *x, uint32_t list, uint16_t system) {
  ZD_EACH(x->tape, item, list) {
    zd_slice code = zd_def_text(c->d, x->tape, item, ZD_S("code"));
    if (code.n > 0xFFFF) not_computable(x, UINT32_MAX);
    add_code(c, &x->list.codes, code, system);
  }
}

/* What all filters leave of a complete system. */
static void include_filtered(compiler *c, part *x, uint32_t list, uint32_t system) {
  zd_buffer *out = &x->list.codes;
  bool first = true;
  ZD_EACH(x->tape, filter, list) {
    zd_buffer kept;
    zd_buffer_init(&kept, 0);
    if (!apply_filter(c, system, x->tape, filter, &kept)) not_computable(x, UINT32_MAX);
    if (first)
      zd_buffer_add(out, kept.p, kept.n);
    else
      intersect(c->d, out, &kept, false);
    out->failed |= kept.failed;
    first = false;
    zd_buffer_free(&kept);
  }
}

/* What the system of an include gives. */
static void include_system(compiler *c, part *x) {
  zd_slice url = zd_def_text(c->d, x->tape, x->node, ZD_S("system"));
  if (!url.p) { /* not a text */
    not_computable(x, UINT32_MAX);
    return;
  }
  uint16_t id = system_id(c, url);
  uint32_t concepts = zd_json_find(x->tape, x->node, ZD_S("concept"));
  uint32_t filters = zd_json_find(x->tape, x->node, ZD_S("filter"));
  int64_t found = system_of(c, x->tape, x->node, url);
  if (concepts)
    include_concepts(c, x, concepts, id);
  else if (!is_complete(c, found))
    not_computable(x, id == 0xFFFF ? UINT32_MAX : id);
  else if (filters)
    include_filtered(c, x, filters, (uint32_t)found);
  else
    add_whole_system(c, (uint32_t)found, &x->list.codes);
  sort_codes(c->d, &x->list.codes);
}

/* The codes of a value set, added or in the base image, lent. */
static code_list codes_of_set(compiler *c, uint32_t number) {
  zd_definitions *d = c->d;
  if (number >= d->first_set) return c->states[number - d->first_set].list;
  const zd_image_value_set *r =
      ZD_RECORDS(d, ZD_IMAGE_VALUE_SETS, const zd_image_value_set) + number;
  code_list list = {.enumerable = r->enumerable != 0, .missing = r->missing};
  if (r->count) list.codes.p = (char *)(ZD_RECORDS(d, ZD_IMAGE_CODES, zd_image_code) + r->first);
  list.codes.n = r->count * sizeof(zd_image_code);
  return list;
}

/* Narrows what there is (everything, when it is still open) to the value sets an include names. */
static zd_err include_sets(compiler *c, part *x, uint32_t list, bool open) {
  uint32_t first = c->d->first_set;
  ZD_EACH(x->tape, item, list) {
    int64_t found = zd_def_named(&c->d->value_sets, zd_def_value(c->d, x->tape, item));
    uint32_t set = (uint32_t)found;
    if (found < 0 || (set >= first && c->states[set - first].progress == IN_PROGRESS)) {
      not_computable(x, UINT32_MAX);
      return ZD_OK;
    }
    zd_err err = set >= first ? evaluate(c, set - first, x->depth + 1) : ZD_OK;
    if (err) return err;
    code_list lent = codes_of_set(c, set);
    if (!lent.enumerable) not_computable(x, lent.missing);
    if (open)
      zd_buffer_add(&x->list.codes, lent.codes.p, lent.codes.n);
    else
      intersect(c->d, &x->list.codes, &lent.codes, false);
    open = false;
  }
  return ZD_OK;
}

static zd_err include_one(compiler *c, part *x) {
  bool system = zd_json_find(x->tape, x->node, ZD_S("system")) != 0;
  uint32_t sets = zd_json_find(x->tape, x->node, ZD_S("valueSet"));
  if (system) include_system(c, x);
  return x->list.enumerable && sets ? include_sets(c, x, sets, !system) : ZD_OK;
}

/* Unites the list with an include, or takes an exclude away. */
static zd_err compose_one(compiler *c, part *x, bool excluding, code_list *list) {
  zd_buffer_init(&x->list.codes, 0);
  zd_err err = include_one(c, x);
  if (excluding)
    intersect(c->d, &list->codes, &x->list.codes, true);
  else
    zd_buffer_add(&list->codes, x->list.codes.p, x->list.codes.n);
  list->codes.failed |= x->list.codes.failed;
  zd_buffer_free(&x->list.codes);
  if (list->enumerable && !x->list.enumerable) list->missing = x->list.missing;
  list->enumerable &= x->list.enumerable;
  return err;
}

static zd_err compose(compiler *c, const zd_definition *def, code_list *list, int depth) {
  uint32_t composed = zd_json_find(def->tape, def->node, ZD_S("compose"));
  list->enumerable = composed != 0;
  list->missing = UINT32_MAX;
  for (int excluding = 0; composed && excluding < 2 && list->enumerable; excluding++) {
    uint32_t parts =
        zd_json_find(def->tape, composed, excluding ? ZD_S("exclude") : ZD_S("include"));
    if (!parts) continue;
    ZD_EACH(def->tape, node, parts) {
      part x = {.tape = def->tape,
                .node = node,
                .depth = depth,
                .list = {.enumerable = true, .missing = UINT32_MAX}};
      zd_err err = compose_one(c, &x, excluding, list);
      if (err) return err;
    }
    sort_codes(c->d, &list->codes);
  }
  if (list->codes.failed) return no_memory(c->d);
  if (!list->enumerable) zd_buffer_clear(&list->codes);
  return ZD_OK;
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

/* How a set that is not enumerable is made: others may know the codes that are missing here. */
static zd_err keep_compose(compiler *c, const zd_definition *def, zd_image_text *out) {
  zd_buffer text;
  uint32_t compose = zd_json_find(def->tape, def->node, ZD_S("compose"));
  if (!compose) return ZD_OK;
  zd_buffer_init(&text, 0);
  zd_def_compact(&text, def->tape, compose);
  zd_err err = text.failed ? no_memory(c->d) : ZD_OK;
  if (!err) *out = zd_def_string(c->d, zd_buffer_slice(&text));
  zd_buffer_free(&text);
  return err;
}

static zd_err write_set(compiler *c, size_t i) {
  zd_definitions *d = c->d;
  const code_list *list = &c->states[i].list;
  zd_image_value_set record =
      ZD_RECORDS(d, ZD_IMAGE_VALUE_SETS, zd_image_value_set)[c->sets[i].number];
  record.enumerable = list->enumerable;
  record.missing = list->missing;
  record.count = list_count(&list->codes);
  zd_err err = zd_def_run(d, ZD_IMAGE_CODES, list->codes.p, record.count, &record.first);
  if (!err && list->enumerable && record.count <= TABLE_MAX) {
    code_hash state = {d, (const zd_image_code *)(void *)list->codes.p};
    err = zd_def_table(d, record.count, hash_code, &state, &record.names);
  }
  if (!err && !list->enumerable) err = keep_compose(c, &c->sets[i], &record.compose);
  if (!err) ZD_RECORDS(d, ZD_IMAGE_VALUE_SETS, zd_image_value_set)[c->sets[i].number] = record;
  return err;
}

static uint32_t hash_system(const void *state, uint32_t i, uint32_t seed) {
  const zd_definitions *d = state;
  const zd_image_code_system *r =
      ZD_RECORDS(d, ZD_IMAGE_CODE_SYSTEMS, const zd_image_code_system) + i;
  return zd_image_hash(zd_def_string_at(d, r->url), seed);
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
                                 .version = zd_def_string(d, def->version),
                                 .compose = {0, UINT32_MAX}};
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
  compiler c = {.d = d,
                .sets = (zd_definition *)(void *)d->found[ZD_DEF_VALUE_SET].p,
                .set_count = d->found[ZD_DEF_VALUE_SET].n / sizeof(zd_definition)};
  d->first_set = zd_def_count(d, ZD_IMAGE_VALUE_SETS, sizeof(zd_image_value_set));
  if (d->first_set + c.set_count >= 0xFFFF)
    return zd_fail(d->fault, ZD_ERR_LIMIT, "definitions: too many value sets");
  c.states = ZD_NEW_ARRAY(&d->arena, set_state, c.set_count + 1);
  if (!c.states) return no_memory(d);
  zd_err err = all_sets(&c);
  for (size_t i = 0; i < c.set_count; i++) zd_buffer_free(&c.states[i].list.codes);
  return err;
}
