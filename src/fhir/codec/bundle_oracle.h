/* bundle_oracle.h: a Bundle read entry by entry against the same read as one tree; for the test and
 * the fuzz target. */
#ifndef ZD_FHIR_BUNDLE_ORACLE_H
#define ZD_FHIR_BUNDLE_ORACLE_H

#include <stdio.h>

#include "fhir/bundle.h"

typedef struct bundle_taken {
  zd_arena arena;
  zd_fhir_bundle *bundle;
  const zd_tree *whole;
  zd_tree trees[64]; /* the first ones */
  size_t n;
  size_t next; /* node of the next entry in the whole tree */
  const char *wrong;
} bundle_taken;

static inline zd_arena *bundle_arena(void *context, size_t i, size_t n) {
  bundle_taken *t = context;
  (void)i;
  (void)n;
  return &t->arena;
}

static inline zd_err bundle_take(void *context, size_t i, const zd_tree *tree) {
  bundle_taken *t = context;
  if (i != t->n) t->wrong = "entries out of order";
  if (i < 64) t->trees[i] = *tree;
  t->n++;
  return ZD_OK;
}

/* An entry's tree is that part of the whole tree. */
static inline bool bundle_same(const zd_tree *whole, uint32_t from, const zd_tree *entry) {
  if (whole->nodes[from].end - from != entry->count) return false;
  for (uint32_t i = 0; i < entry->count; i++) {
    const zd_node *a = &whole->nodes[from + i], *b = &entry->nodes[i];
    if (a->element != b->element || a->type != b->type || a->flags != b->flags || a->n != b->n ||
        a->end - from != b->end || (a->p == NULL) != (b->p == NULL))
      return false;
    if (a->p && a->p != b->p) return false; /* the very bytes of the text */
  }
  return true;
}

static inline const char *bundle_compare(bundle_taken *t, zd_slice text) {
  const zd_tree *w = t->whole;
  zd_element entry = zd_schema_child(w->schema, w->nodes[0].type, ZD_S("entry"));
  size_t i = 0;
  for (uint32_t k = zd_tree_first(w, 0); k; k = zd_tree_next(w, 0, k)) {
    if (w->nodes[k].element != entry) continue;
    zd_tree again;
    if (i >= t->n) return "entries are missing";
    if (i < 64 && !bundle_same(w, k, &t->trees[i])) return "an entry is another";
    if (i < t->bundle->split.count) {
      if (zd_fhir_bundle_entry(t->bundle, text, i, &t->arena, &again) != ZD_OK ||
          !bundle_same(w, k, &again))
        return "an entry read again is another";
    }
    i++;
  }
  return i == t->n ? NULL : "too many entries";
}

static inline const char *bundle_issues(const zd_issues *a, const zd_issues *b) {
  if (a->n != b->n || a->errors != b->errors || a->dropped != b->dropped)
    return "another number of issues";
  for (size_t i = 0; i < a->n; i++) {
    const zd_issue *x = &a->items[i], *y = &b->items[i];
    if (x->line != y->line || x->column != y->column) return "an issue stands elsewhere";
    if (x->code != y->code || x->severity != y->severity ||
        !zd_slice_eq(x->diagnostics, y->diagnostics))
      return "another issue";
    /* told when the tree is made, where entries that are no objects are not counted in the whole */
    if (zd_slice_starts(x->diagnostics, ZD_S("no contained"))) continue;
    if (!zd_slice_eq(x->expression, y->expression)) return "an issue is located elsewhere";
  }
  return NULL;
}

/* ---- entries judged one by one ---- */

typedef struct bundle_alone {
  zd_arena arena;  /* of trees and of entries' issues */
  zd_issues found; /* in entries, in order */
  size_t taken, refused, next;
  const char *wrong;
} bundle_alone;

static inline zd_arena *alone_arena(void *context, size_t i, size_t n) {
  bundle_alone *t = context;
  (void)n;
  if (i != t->next++) t->wrong = "entries out of order";
  return &t->arena;
}

static inline zd_err alone_take(void *context, size_t i, const zd_tree *tree) {
  bundle_alone *t = context;
  if (i + 1 != t->next || !tree->count) t->wrong = "another entry taken";
  t->taken++;
  return ZD_OK;
}

static inline zd_err alone_refuse(void *context, size_t i, zd_err err, const zd_issues *own) {
  bundle_alone *t = context;
  char prefix[40];
  int n = snprintf(prefix, sizeof prefix, "Bundle.entry[%zu]", i);
  if (i + 1 != t->next) t->wrong = "another entry refused";
  if (err != ZD_ERR_INVALID && err != ZD_ERR_LIMIT) t->wrong = "refused for another error";
  if (!own->errors) t->wrong = "refused without a fault";
  for (size_t k = 0; k < own->n; k++) {
    const zd_issue *x = &own->items[k];
    if (!zd_slice_starts(x->expression, (zd_slice){prefix, (size_t)n}) &&
        !zd_slice_starts(x->diagnostics, ZD_S("no contained")))
      t->wrong = "a fault of another entry";
    zd_issue_add_at(&t->found, x->severity, x->code, x->expression, x->line, x->column, "%.*s",
                    ZD_SV(x->diagnostics));
  }
  t->refused++;
  return ZD_OK;
}

static inline bool alone_is(const zd_issues *list, size_t i, const zd_issue *issue) {
  return i < list->n && list->items[i].line == issue->line &&
         list->items[i].column == issue->column && list->items[i].code == issue->code &&
         zd_slice_eq(list->items[i].diagnostics, issue->diagnostics);
}

/* What reading the whole finds is what is found around the entries and in them, each in order. */
static inline const char *alone_compare(const bundle_alone *t, const zd_issues *whole,
                                        const zd_issues *around) {
  size_t a = 0, e = 0;
  if (whole->dropped) return NULL;
  for (size_t i = 0; i < whole->n; i++) {
    if (alone_is(around, a, &whole->items[i]))
      a++;
    else if (alone_is(&t->found, e, &whole->items[i]))
      e++;
    else
      return "a fault is told of nobody";
  }
  return a == around->n && e == t->found.n ? NULL : "a fault that is none";
}

/* `whole`: what was found reading all as one. */
static inline const char *bundle_alone_wrong(zd_slice text, zd_err expected,
                                             const zd_issues *whole) {
  zd_fhir_bundle b;
  zd_issues around;
  bundle_alone t = {0};
  zd_arena_init(&t.arena, 0);
  zd_issues_init(&t.found, &t.arena);
  zd_issues_init(&around, &t.arena);
  zd_fhir_bundle_init(&b, zd_schema_r4(), NULL, 1 << 20);
  zd_err err = zd_fhir_bundle_feed(&b, text);
  if (err == ZD_OK) err = zd_fhir_bundle_end(&b);
  zd_fhir_entries to = {&t, alone_arena, alone_take, alone_refuse};
  if (err == ZD_OK) err = zd_fhir_bundle_read(&b, text, &to, &t.arena, &around);
  bool fatal = around.n && around.items[0].severity == ZD_FATAL;
  bool limit = expected == ZD_ERR_LIMIT; /* of one entry, perhaps: then there is more to find */
  if ((err == ZD_OK) != !around.errors) t.wrong = "an error without a fault";
  if (err == ZD_OK && t.taken + t.refused != b.split.found) t.wrong = "an entry is neither";
  if (expected == ZD_OK && (err != ZD_OK || t.refused)) t.wrong = "refused what is fine";
  if (!t.wrong && !fatal && !limit) t.wrong = alone_compare(&t, whole, &around);
  zd_fhir_bundle_free(&b);
  zd_arena_free(&t.arena);
  return t.wrong;
}

/* Reads both ways, in parts of `step` bytes (0: at once); what differs, or NULL. */
static inline const char *bundle_wrong(zd_slice text, size_t step) {
  const zd_schema *schema = zd_schema_r4();
  zd_tree whole;
  zd_fhir_bundle b;
  bundle_taken t = {.bundle = &b, .whole = &whole};
  zd_issues one, two;
  zd_arena_init(&t.arena, 0);
  zd_issues_init(&one, &t.arena);
  zd_issues_init(&two, &t.arena);
  zd_err expected = zd_fhir_read_json(schema, text, zd_schema_type(schema, ZD_S("Bundle")), NULL,
                                      &t.arena, &whole, &one);
  zd_fhir_bundle_init(&b, schema, NULL, 1 << 20);
  zd_err err = ZD_OK;
  for (zd_slice rest = text; rest.n && err == ZD_OK;) {
    size_t n = step && step < rest.n ? step : rest.n;
    err = zd_fhir_bundle_feed(&b, (zd_slice){rest.p, n});
    rest = zd_slice_from(rest, n);
  }
  if (err == ZD_OK) err = zd_fhir_bundle_end(&b);
  zd_fhir_entries to = {&t, bundle_arena, bundle_take, NULL};
  if (err == ZD_OK) err = zd_fhir_bundle_read(&b, text, &to, &t.arena, &two);
  bool utf8 = false; /* told before any other fault of the whole */
  for (size_t i = 0; i < one.n; i++)
    utf8 |= zd_slice_ends(one.items[i].diagnostics, ZD_S("valid UTF-8"));
  if (err != expected && !utf8) t.wrong = "another error";
  if (!t.wrong && !utf8) t.wrong = bundle_issues(&one, &two);
  if (!t.wrong && expected == ZD_OK) t.wrong = bundle_compare(&t, text);
  if (!t.wrong && !utf8) t.wrong = bundle_alone_wrong(text, expected, &one);
  zd_fhir_bundle_free(&b);
  zd_arena_free(&t.arena);
  return t.wrong;
}

#endif
