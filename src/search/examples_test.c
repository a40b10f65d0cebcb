/* Every resource of the official R4 package is indexed, and queries made from what it says are
 * answered by plans exactly as match.c answers them. Skipped, with a word, when the package is not
 * there (make deps). */
#include <dirent.h>
#include <math.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/testing/dice.h"
#include "search/internal.h"
#include "search/testing/memory_store.h"

enum { KEPT_OF_A_TYPE = 30, BYTES_MAX = 100000 };

typedef struct world {
  zd_store *store;
  zd_search *search;
  zd_random dice;
  zd_arena arena; /* of one query */
  size_t indexed, entries, queries, answers, hits;
  size_t modified[ZD_MOD_TYPE + 1];
} world;

/* ---- reading the package ---- */

static size_t kept_of_type(const world *w, uint32_t type) {
  size_t n = 0;
  for (size_t i = 0; i < w->store->row_count; i++) n += w->store->rows[i].type == type;
  return n;
}

static void *make_nothing(void) {
  return NULL;
}

static bool is_same(const zd_entry *a, const zd_entry *b) {
  return a->field == b->field && a->kind == b->kind && a->low == b->low && a->high == b->high &&
         zd_slice_eq(a->term, b->term);
}

/* What elements said is remembered by now. That changes nothing, whoever is asked. */
static void memory_changes_nothing(world *w, const zd_tree *tree, zd_arena *arena,
                                   const zd_entry *entries, size_t n) {
  zd_pool *nothing = zd_pool_new(make_nothing, free), *memos = w->search->memos;
  assert_non_null(nothing);
  for (int round = 0; round < 2; round++) {
    const zd_entry *again;
    size_t count;
    w->search->memos = round ? nothing : memos;
    assert_int_equal(zd_search_entries(w->search, tree, 0, NULL, NULL, 0, arena, &again, &count),
                     ZD_OK);
    w->search->memos = memos;
    assert_int_equal(count, n);
    for (size_t i = 0; i < n; i++) assert_true(is_same(&entries[i], &again[i]));
  }
  zd_pool_free(nothing);
}

static void index_file(world *w, const char *path) {
  zd_buffer text;
  zd_buffer_init(&text, 0);
  zd_fault fault;
  assert_int_equal(zd_file_read(path, 0, &text, &fault), ZD_OK);
  zd_arena arena;
  zd_arena_init(&arena, 0);
  zd_issues issues;
  zd_issues_init(&issues, &arena);
  zd_tree tree;
  const zd_entry *entries;
  size_t n;
  if (!zd_fhir_read_json(zd_schema_r4(), zd_buffer_slice(&text), ZD_NO_TYPE, NULL, &arena, &tree,
                         &issues)) {
    zd_err err = zd_search_entries(w->search, &tree, 0, NULL, NULL, 0, &arena, &entries, &n);
    if (err) fail_msg("%s: %s", path, zd_err_name(err));
    memory_changes_nothing(w, &tree, &arena, entries, n);
    w->indexed++;
    w->entries += n;
    uint32_t type = zd_search_type_symbol(w->search, tree.nodes[0].type);
    if (text.n <= BYTES_MAX && kept_of_type(w, type) < KEPT_OF_A_TYPE) {
      zd_buffer_add_char(&text, '\0');
      memory_put(w->store, w->search, text.p, 0);
    }
  }
  zd_arena_free(&arena);
  zd_buffer_free(&text);
}

static bool is_resource(const char *name) {
  size_t n = strlen(name);
  return n > 5 && !strcmp(name + n - 5, ".json") && name[0] != '.' && strncmp(name, "package", 7);
}

static bool index_package(world *w) {
  const char *folder = getenv("ZD_DEFINITIONS");
  if (!folder) folder = ZD_SOURCE_DIR "/node_modules/hl7.fhir.r4.examples";
  struct dirent **names;
  int n = scandir(folder, &names, NULL, alphasort);
  if (n < 0) return false;
  for (int i = 0; i < n; i++) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
    if (is_resource(names[i]->d_name)) index_file(w, path);
    free(names[i]);
  }
  free(names);
  return true;
}

/* ---- queries from facts ---- */

typedef struct wish {
  world *w;
  zd_param_type kind;
  zd_modifier modifier;
  size_t skip;   /* facts to pass over */
  zd_slice text; /* the query value made of the next */
} wish;

static zd_slice escaped(world *w, zd_slice s) {
  char *p = zd_arena_alloc(&w->arena, 2 * s.n + 1);
  size_t n = 0;
  assert_non_null(p);
  for (size_t i = 0; i < s.n; i++) {
    if (memchr(",|$\\", s.p[i], 4)) p[n++] = '\\';
    p[n++] = s.p[i];
  }
  return (zd_slice){p, n};
}

static const char *prefix_of(world *w) {
  static const char *const names[] = {"", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"};
  return names[zd_random_below(&w->dice, 10)];
}

static zd_slice token_wish(world *w, const zd_fact *f) {
  zd_slice code = f->code.p ? escaped(w, f->code) : ZD_S(""), system = ZD_S("");
  if (f->system.p) system = escaped(w, f->system);
  uint64_t form = zd_random_below(&w->dice, 4);
  if (form == 0 && code.n) return code;
  if (form == 1 && system.n) return zd_arena_printf(&w->arena, "%.*s|", ZD_SV(system));
  if (form == 2 && code.n) return zd_arena_printf(&w->arena, "|%.*s", ZD_SV(code));
  return zd_arena_printf(&w->arena, "%.*s|%.*s", ZD_SV(system), ZD_SV(code));
}

static zd_slice date_wish(world *w, const zd_fact *f) {
  int64_t at = f->when.low != ZD_MOMENT_FIRST ? f->when.low : f->when.high;
  if (zd_random_below(&w->dice, 2) && f->when.high != ZD_MOMENT_LAST) at = f->when.high;
  static const int lengths[] = {4, 7, 10, 23};
  char text[24];
  int n = lengths[zd_random_below(&w->dice, 4)];
  zd_clock_format(at / 1000 - (at % 1000 < 0), text);
  return zd_arena_printf(&w->arena, "%s%.*s%s", prefix_of(w), n, text, n == 23 ? "Z" : "");
}

static zd_slice number_text(world *w, const zd_decimal *d) {
  return zd_arena_printf(&w->arena, "%s0.%.*se%d", d->negative ? "-" : "", d->n ? (int)d->n : 1,
                         d->n ? d->digits : "0", d->exponent);
}

static zd_slice number_wish(world *w, const zd_fact *f) {
  const zd_decimal *d = f->no_low || zd_random_below(&w->dice, 2) ? &f->high : &f->low;
  if (f->no_high) d = &f->low;
  return zd_arena_printf(&w->arena, "%s%.*s", prefix_of(w), ZD_SV(number_text(w, d)));
}

static zd_slice quantity_wish(world *w, const zd_fact *f) {
  zd_slice number = number_wish(w, f);
  uint64_t form = zd_random_below(&w->dice, 3);
  if (form == 0 && f->code.p && f->system.p)
    return zd_arena_printf(&w->arena, "%.*s|%.*s|%.*s", ZD_SV(number), ZD_SV(escaped(w, f->system)),
                           ZD_SV(escaped(w, f->code)));
  zd_slice unit = zd_random_below(&w->dice, 2) && f->text.p ? f->text : f->code;
  if (form == 1 && unit.p)
    return zd_arena_printf(&w->arena, "%.*s||%.*s", ZD_SV(number), ZD_SV(escaped(w, unit)));
  return number;
}

static zd_slice reference_wish(world *w, const zd_fact *f) {
  if (f->id.p && zd_random_below(&w->dice, 2)) return f->id;
  if (f->id.p)
    return zd_arena_printf(&w->arena, "%.*s/%.*s",
                           ZD_SV(zd_schema_type_info(zd_schema_r4(), f->type).name), ZD_SV(f->id));
  if (f->version.p && zd_random_below(&w->dice, 2))
    return zd_arena_printf(&w->arena, "%.*s|%.*s", ZD_SV(escaped(w, f->text)),
                           ZD_SV(escaped(w, f->version)));
  return escaped(w, f->text);
}

static zd_slice string_wish(world *w, const zd_fact *f) {
  size_t n = 1 + zd_random_below(&w->dice, f->text.n);
  while (n < f->text.n && ((unsigned char)f->text.p[n] & 0xC0) == 0x80) n++;
  return escaped(w, (zd_slice){f->text.p, n});
}

static zd_slice near_wish(world *w, const zd_fact *f) {
  static const char *const distances[] = {"", "|0.001", "|12|km", "|5000|[mi_i]", "|3e7|m"};
  double by = (double)zd_random_below(&w->dice, 200) / 1000 - 0.1;
  return zd_arena_printf(&w->arena, "%.6f|%.6f%s", f->latitude * (1 - fabs(by)), f->longitude + by,
                         distances[zd_random_below(&w->dice, 5)]);
}

/* A part of a text, at whole characters. */
static zd_slice part_wish(world *w, const zd_fact *f) {
  size_t n = f->text.n, from = zd_random_below(&w->dice, n), to = from + 1;
  while (from && ((unsigned char)f->text.p[from] & 0xC0) == 0x80) from--;
  to += zd_random_below(&w->dice, n - to + 1);
  while (to < n && ((unsigned char)f->text.p[to] & 0xC0) == 0x80) to++;
  return escaped(w, (zd_slice){f->text.p + from, to - from});
}

/* A url up to one of its slashes, or with a segment more. */
static zd_slice url_wish(world *w, const zd_fact *f) {
  size_t n = f->text.n;
  uint64_t cuts = zd_random_below(&w->dice, 4);
  if (zd_random_below(&w->dice, 3) == 0)
    return zd_arena_printf(&w->arena, "%.*s/x", ZD_SV(escaped(w, f->text)));
  while (cuts-- && n > 1)
    while (--n > 1 && f->text.p[n] != '/') continue;
  return escaped(w, (zd_slice){f->text.p, n + (n < f->text.n && zd_random_below(&w->dice, 2))});
}

static bool modified_wish(wish *x, const zd_fact *f) {
  switch (x->modifier) {
    case ZD_MOD_EXACT:
      x->text = escaped(x->w, f->text);
      return true;
    case ZD_MOD_CONTAINS:
    case ZD_MOD_TEXT:
      x->text = part_wish(x->w, f);
      return true;
    case ZD_MOD_ABOVE:
    case ZD_MOD_BELOW:
      x->text = url_wish(x->w, f);
      return true;
    case ZD_MOD_IDENTIFIER:
      x->text = token_wish(x->w, f);
      return true;
    default:
      return false;
  }
}

static zd_err make_wish(void *state, const zd_fact *f) {
  wish *x = state;
  if (x->text.p) return ZD_OK;
  if (x->skip) {
    x->skip--;
    return ZD_OK;
  }
  if (modified_wish(x, f)) return ZD_OK;
  switch (x->kind) {
    case ZD_PARAM_SPECIAL:
      x->text = near_wish(x->w, f);
      break;
    case ZD_PARAM_TOKEN:
      x->text = token_wish(x->w, f);
      break;
    case ZD_PARAM_DATE:
      x->text = date_wish(x->w, f);
      break;
    case ZD_PARAM_NUMBER:
      x->text = number_wish(x->w, f);
      break;
    case ZD_PARAM_QUANTITY:
      x->text = quantity_wish(x->w, f);
      break;
    case ZD_PARAM_REFERENCE:
      x->text = reference_wish(x->w, f);
      break;
    case ZD_PARAM_STRING:
      x->text = string_wish(x->w, f);
      break;
    default:
      x->text = escaped(x->w, f->text);
      break;
  }
  return ZD_OK;
}

static zd_err first_pair(void *state, const zd_fact *f) {
  zd_fact *out = state;
  if (!out->code.p && f->code.p && f->system.p) *out = *f;
  return ZD_OK;
}

static zd_slice type_wish(const zd_source *source, uint32_t node, world *w) {
  uint32_t type = zd_tree_child(source->tree, node, ZD_S("type"));
  zd_fact coding = {0}, value = {0};
  if (type) zd_facts(source, ZD_PARAM_TOKEN, type, first_pair, &coding);
  zd_facts(source, ZD_PARAM_TOKEN, node, first_pair, &value);
  if (!coding.code.p || !value.code.p) return (zd_slice){NULL, 0};
  return zd_arena_printf(&w->arena, "%.*s|%.*s|%.*s", ZD_SV(escaped(w, coding.system)),
                         ZD_SV(escaped(w, coding.code)), ZD_SV(escaped(w, value.code)));
}

static zd_err node_wish(const zd_source *source, uint32_t node, wish *x) {
  if (x->modifier == ZD_MOD_TEXT || x->modifier == ZD_MOD_IDENTIFIER)
    return zd_aspect_facts(source,
                           x->modifier == ZD_MOD_TEXT ? ZD_ASPECT_TEXT : ZD_ASPECT_IDENTIFIER, node,
                           make_wish, x);
  if (x->modifier == ZD_MOD_OF_TYPE && !x->text.p) x->text = type_wish(source, node, x->w);
  if (x->modifier == ZD_MOD_OF_TYPE) return ZD_OK;
  return zd_facts(source, x->kind, node, make_wish, x);
}

/* A value that one of the row's facts below `context` suggests; absent when it has none. */
static zd_slice wish_at(world *w, const memory_row *r, zd_param_type kind, zd_modifier modifier,
                        zd_slice expression, uint32_t context) {
  zd_source source = {.search = w->search, .tree = &r->tree, .arena = &w->arena};
  wish x = {.w = w, .kind = kind, .modifier = modifier, .skip = zd_random_below(&w->dice, 3)};
  const zd_path *path;
  zd_nodes nodes = {0};
  zd_fault fault = {0};
  if (zd_path_compile(zd_schema_r4(), r->tree.nodes[context].type, expression, &w->arena, &path,
                      &fault))
    return x.text;
  if (zd_path_is_boolean(path))
    return modifier == ZD_MOD_NONE || modifier == ZD_MOD_NOT ? ZD_S("true") : x.text;
  assert_int_equal(zd_path_eval(path, &r->tree, context, &w->arena, &nodes), ZD_OK);
  for (size_t i = 0; i < nodes.n; i++)
    assert_int_equal(node_wish(&source, nodes.items[i], &x), ZD_OK);
  return x.text;
}

static zd_slice composite_wish(world *w, const memory_row *r, uint32_t index) {
  const zd_schema *schema = zd_schema_r4();
  zd_param_info info = zd_schema_param(schema, index);
  const zd_path *path;
  zd_nodes elements = {0};
  zd_fault fault = {0};
  zd_slice all = {NULL, 0};
  if (zd_path_compile(schema, r->tree.nodes[0].type, info.expression, &w->arena, &path, &fault) ||
      zd_path_eval(path, &r->tree, 0, &w->arena, &elements) || !elements.n)
    return all;
  for (uint16_t k = 0; k < info.component_count; k++) {
    zd_slice expression;
    uint32_t part = zd_schema_param_component(schema, index, k, &expression);
    uint32_t at = elements.items[zd_random_below(&w->dice, elements.n)]; /* often another element */
    zd_slice value = wish_at(w, r, zd_schema_param(schema, part).type, ZD_MOD_NONE, expression, at);
    if (!value.p) return (zd_slice){NULL, 0};
    all = k ? zd_arena_printf(&w->arena, "%.*s$%.*s", ZD_SV(all), ZD_SV(value)) : value;
  }
  return all;
}

/* ---- the comparison ---- */

static void compare(world *w, const zd_search_param *p, zd_type type, zd_modifier modifier,
                    zd_type only, zd_slice text) {
  zd_search_value value;
  zd_fault fault = {0};
  zd_value_context x = {.search = w->search,
                        .now_ms = INT64_C(1735689600000),
                        .arena = &w->arena,
                        .fault = &fault,
                        .modifier = modifier};
  zd_clause clause = {
      .param = p, .type = type, .modifier = modifier, .only = only, .values = &value, .count = 1};
  const zd_plan *plan;
  zd_err err = zd_value_read(&x, p, text, &value);
  if (err) { /* only texts of punctuation, and urns below others, can't be asked for */
    bool fine = p->kind == ZD_PARAM_STRING || p->kind == ZD_PARAM_COMPOSITE ||
                modifier == ZD_MOD_TEXT || zd_slice_starts(text, ZD_S("urn:"));
    if (!fine) fail_msg("modifier %d, %.*s: %s", (int)modifier, ZD_SV(text), fault.text);
    return;
  }
  assert_int_equal(zd_plan_clause(w->search, &clause, &w->arena, &plan), ZD_OK);
  w->queries++;
  for (zd_row row = 0; row < w->store->row_count; row++) {
    const memory_row *r = &w->store->rows[row];
    if (r->tree.nodes[0].type != type) continue;
    bool expected, found = memory_hit(w->store, plan, row);
    assert_int_equal(zd_match_clause(w->search, &clause, &r->tree, 0, &w->arena, &expected), ZD_OK);
    zd_param_info info = zd_schema_param(zd_schema_r4(), p->index);
    if (found != expected)
      fail_msg("%.*s?%.*s (modifier %d)=%.*s on %.*s: plan %d, resource %d",
               ZD_SV(zd_schema_type_info(zd_schema_r4(), type).name), ZD_SV(info.code),
               (int)modifier, ZD_SV(text), ZD_SV(r->id), found, expected);
    w->answers++;
    w->hits += found;
  }
}

static const char *const modifier_names[] = {"missing", "exact", "contains",   "text",   "not",
                                             "above",   "below", "identifier", "of-type"};

/* A modifier that the parameter allows. */
static bool pick_modifier(world *w, const zd_search_param *p, zd_type type, zd_modifier *out,
                          zd_type *only) {
  zd_fault fault;
  static const char *const types[] = {"Patient", "Group", "Organization", "Practitioner"};
  const char *name = zd_random_below(&w->dice, 4) ? modifier_names[zd_random_below(&w->dice, 9)]
                                                  : types[zd_random_below(&w->dice, 4)];
  if (zd_modifier_read(w->search, type, p, zd_slice_of(name), out, only, &fault)) return false;
  return p->kind == ZD_PARAM_URI || (*out != ZD_MOD_ABOVE && *out != ZD_MOD_BELOW);
}

static void ask_modified(world *w, const memory_row *r, const zd_search_param *p) {
  zd_param_info info = zd_schema_param(zd_schema_r4(), p->index);
  zd_type type = r->tree.nodes[0].type, only;
  zd_modifier modifier;
  for (int i = 0; i < 4; i++) {
    if (!pick_modifier(w, p, type, &modifier, &only)) continue;
    zd_slice text = zd_random_below(&w->dice, 2) ? ZD_S("true") : ZD_S("false");
    if (modifier != ZD_MOD_MISSING) text = wish_at(w, r, p->kind, modifier, info.expression, 0);
    if (text.p) compare(w, p, type, modifier, only, text);
    if (text.p) w->modified[modifier]++;
  }
}

static void ask_row(world *w, const memory_row *r) {
  zd_type type = r->tree.nodes[0].type;
  const zd_search_type *t = &w->search->types[type];
  for (uint16_t i = 0; i < t->count; i++) {
    const zd_search_param *p = &t->params[i];
    zd_param_info info = zd_schema_param(zd_schema_r4(), p->index);
    if (!p->answered || (p->field == ZD_NO_SYMBOL && p->kind != ZD_PARAM_COMPOSITE)) continue;
    zd_slice text = p->kind == ZD_PARAM_COMPOSITE
                        ? composite_wish(w, r, p->index)
                        : wish_at(w, r, p->kind, ZD_MOD_NONE, info.expression, 0);
    if (text.p) compare(w, p, type, ZD_MOD_NONE, ZD_NO_TYPE, text);
    ask_modified(w, r, p);
    zd_arena_reset(&w->arena);
  }
}

static void plans_answer_as_resources_do(void **state) {
  (void)state;
  world w = {.store = memory_open()};
  zd_fault fault = {0};
  uint64_t started = zd_clock_monotonic_ns();
  assert_int_equal(zd_search_open(zd_schema_r4(), w.store, ZD_S(""), &w.search, &fault), ZD_OK);
  print_message("opened in %.1f ms\n", (double)(zd_clock_monotonic_ns() - started) / 1e6);
  zd_arena_init(&w.arena, 0);
  zd_testing_dice(&w.dice, 2026, 11);
  if (index_package(&w)) {
    for (zd_row row = 0; row < w.store->row_count; row++) ask_row(&w, &w.store->rows[row]);
    print_message("%zu resources, %zu entries; %zu queries, %zu answers, %zu hits\n", w.indexed,
                  w.entries, w.queries, w.answers, w.hits);
    for (int i = ZD_MOD_MISSING; i <= ZD_MOD_TYPE; i++)
      print_message("modifier %d: %zu queries\n", i, w.modified[i]);
    assert_true(w.indexed > 4000 && w.hits > w.queries / 2);
  } else {
    print_message("skipped: 1 package of definitions is not here (make deps)\n");
  }
  zd_search_close(w.search);
  memory_close(w.store);
  zd_arena_free(&w.arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(plans_answer_as_resources_do)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
