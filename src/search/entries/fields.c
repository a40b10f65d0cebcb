/* fields.c: which fields the rows stored earlier have.
 *
 * The note "fields" holds the complete ones, as ranges of symbol numbers in order:
 *
 *   fields 1\n
 *   150-1702\n
 *   1711\n
 *
 * It is written before the store takes writes, without the fields this program does not fill: what
 * is written from now on lacks them, so that they are late when their parameter comes back. A store
 * without the note was made before there were notes: it has what it has symbols for.
 */
#include <stdlib.h>

#include "search/entries/contained.h"
#include "search/text/text.h"

#define HEAD "fields 1\n"
static const char note[] = "fields";

typedef struct field_set {
  uint32_t *all; /* sorted, distinct */
  size_t n, room;
} field_set;

static int by_number(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

static bool add(field_set *set, uint32_t field) {
  if (field == ZD_NO_SYMBOL) return true;
  if (set->n == set->room) {
    size_t room = set->room ? set->room * 2 : 2048;
    uint32_t *all = realloc(set->all, room * sizeof *all);
    if (!all) return false;
    set->all = all;
    set->room = room;
  }
  set->all[set->n++] = field;
  return true;
}

static bool has(const uint32_t *all, size_t n, uint32_t field) {
  return n && bsearch(&field, all, n, sizeof field, by_number) != NULL;
}

/* Every field this program fills. */
static bool fields_filled(const zd_search *s, field_set *out) {
  bool fine = add(out, s->text->narrative_field) && add(out, s->text->content_field);
  for (zd_type t = 0; t < zd_schema_type_count(s->schema); t++)
    for (uint16_t i = 0; i < s->types[t].count && fine; i++) {
      const zd_search_param *p = &s->types[t].params[i];
      fine = add(out, p->field) && add(out, p->unit_field) && add(out, p->more_field) &&
             add(out, p->canon_field);
    }
  fine = fine && add(out, s->contained_field);
  if (!fine || !out->n) return fine;
  qsort(out->all, out->n, sizeof *out->all, by_number);
  size_t kept = 1;
  for (size_t i = 1; i < out->n; i++)
    if (out->all[i] != out->all[kept - 1]) out->all[kept++] = out->all[i];
  out->n = kept;
  return true;
}

/* ---- the note ---- */

static bool take_number(zd_slice *rest, uint32_t *out) {
  uint64_t v = 0;
  size_t i = 0;
  for (; i < rest->n && i < 10 && rest->p[i] >= '0' && rest->p[i] <= '9'; i++)
    v = v * 10 + (uint64_t)(rest->p[i] - '0');
  *rest = zd_slice_from(*rest, i);
  *out = (uint32_t)v;
  return i && v < ZD_NO_SYMBOL;
}

/* Of `wanted` those within the ranges of the text, which are in order. */
static zd_err take_complete(zd_slice text, const field_set *wanted, field_set *out,
                            zd_fault *fault) {
  bool sane = zd_slice_starts(text, ZD_S(HEAD));
  size_t at = 0;
  text = zd_slice_from(text, sizeof HEAD - 1);
  while (sane && text.n) {
    uint32_t first, last;
    sane = take_number(&text, &first);
    last = first;
    if (sane && text.n && text.p[0] == '-') {
      text = zd_slice_from(text, 1);
      sane = take_number(&text, &last) && last > first;
    }
    sane = sane && text.n && text.p[0] == '\n';
    text = zd_slice_from(text, 1);
    while (sane && at < wanted->n && wanted->all[at] < first) at++;
    for (; sane && at < wanted->n && wanted->all[at] <= last; at++)
      if (!add(out, wanted->all[at])) return ZD_ERR_MEMORY;
  }
  return sane ? ZD_OK
              : zd_fail(fault, ZD_ERR_UNSUPPORTED, "the note \"%s\" was written by a newer program",
                        note);
}

static zd_err write_note(zd_search *s, const field_set *complete, zd_fault *fault) {
  zd_buffer text;
  zd_buffer_init(&text, 0);
  zd_buffer_add_slice(&text, ZD_S(HEAD));
  for (size_t i = 0, k; i < complete->n; i = k) {
    for (k = i + 1; k < complete->n && complete->all[k] == complete->all[k - 1] + 1;) k++;
    zd_buffer_add_u64(&text, complete->all[i]);
    if (k - i > 1) {
      zd_buffer_add_char(&text, '-');
      zd_buffer_add_u64(&text, complete->all[k - 1]);
    }
    zd_buffer_add_char(&text, '\n');
  }
  zd_err err = zd_buffer_error(&text);
  if (!err) err = zd_store_set_note(s->store, note, zd_buffer_slice(&text), fault);
  zd_buffer_free(&text);
  return err;
}

/* What the store says is complete, of what this program fills. */
static zd_err read_note(zd_search *s, const field_set *filled, field_set *complete,
                        zd_fault *fault) {
  zd_buffer text;
  zd_buffer_init(&text, 0);
  zd_err err = zd_store_note(s->store, note, &text, fault);
  if (!err) {
    err = take_complete(zd_buffer_slice(&text), filled, complete, fault);
  } else if (err == ZD_ERR_NOT_FOUND) {
    err = ZD_OK;
    if (fault) *fault = (zd_fault){0};
    /* In a store that is new nothing lies without them. To say so here and not when catching up
     * matters: by then the first rows may have been written. */
    bool is_new = s->known_before == 0;
    for (size_t i = 0; i < filled->n && !err; i++)
      if ((is_new || filled->all[i] < s->known_before) && !add(complete, filled->all[i]))
        err = ZD_ERR_MEMORY;
  }
  zd_buffer_free(&text);
  return err;
}

/* ---- late fields ---- */

static bool is_late(const zd_search *s, uint32_t field) {
  return field != ZD_NO_SYMBOL && has(s->late, s->late_count, field);
}

static void mark_param(const zd_search *s, zd_search_param *p) {
  p->late = is_late(s, p->field) || is_late(s, p->unit_field) || is_late(s, p->canon_field);
  p->more_late = is_late(s, p->more_field);
}

/* A composite is as late as its components. */
static void mark_composite(const zd_search *s, zd_type type, zd_search_param *p) {
  zd_param_info info = zd_schema_param(s->schema, p->index);
  for (uint16_t k = 0; k < info.component_count; k++) {
    uint32_t component = zd_schema_param_component(s->schema, p->index, k, NULL);
    const zd_search_param *c = zd_program_param(s, type, component);
    if (c && c->late) p->late = true;
    if (c && c->more_late) p->more_late = true;
  }
}

static void mark_params(zd_search *s) {
  for (zd_type t = 0; t < zd_schema_type_count(s->schema); t++) {
    for (uint16_t i = 0; i < s->types[t].count; i++) mark_param(s, &s->types[t].params[i]);
    for (uint16_t i = 0; i < s->types[t].count; i++)
      if (s->types[t].params[i].kind == ZD_PARAM_COMPOSITE)
        mark_composite(s, t, &s->types[t].params[i]);
  }
}

static zd_err find_late(zd_search *s, const field_set *filled, const field_set *complete) {
  field_set late = {0};
  for (size_t i = 0; i < filled->n; i++)
    if (!has(complete->all, complete->n, filled->all[i]) && !add(&late, filled->all[i])) {
      free(late.all);
      return ZD_ERR_MEMORY;
    }
  s->late = late.all;
  s->late_count = late.n;
  mark_params(s);
  atomic_store(&s->behind, late.n > 0);
  return ZD_OK;
}

zd_err zd_search_compare(zd_search *s, bool read_only, zd_fault *fault) {
  field_set filled = {0}, complete = {0};
  zd_err err = fields_filled(s, &filled) ? ZD_OK : ZD_ERR_MEMORY;
  if (!err) err = read_note(s, &filled, &complete, fault);
  if (!err) err = find_late(s, &filled, &complete);
  if (!err && !read_only) err = write_note(s, &complete, fault);
  free(complete.all);
  free(s->filled);
  s->filled = filled.all;
  s->filled_count = filled.n;
  return err == ZD_ERR_MEMORY ? zd_fail(fault, err, "out of memory for the fields") : err;
}

static bool is_behind(const zd_search *s) {
  return atomic_load_explicit(&s->behind, memory_order_acquire);
}

bool zd_field_is_late(const zd_search *s, const zd_search_param *param) {
  return is_behind(s) && param->late;
}

bool zd_field_more_is_late(const zd_search *s, const zd_search_param *param) {
  return is_behind(s) && param->more_late;
}

bool zd_contained_is_late(const zd_search *s) {
  return is_behind(s) && is_late(s, s->contained_field);
}

size_t zd_search_behind(const zd_search *s) {
  return is_behind(s) ? s->late_count : 0;
}

bool zd_search_is_late(const zd_search *s, uint32_t param) {
  if (!is_behind(s)) return false;
  for (zd_type t = 0; t < zd_schema_type_count(s->schema); t++) {
    const zd_search_param *p = zd_program_param(s, t, param);
    if (p && (p->late || p->more_late)) return true;
  }
  return false;
}

zd_field_standing zd_search_standing(const zd_search *s, uint32_t field) {
  if (!s->filled) return ZD_FIELD_COMPLETE; /* nothing was compared */
  if (!has(s->filled, s->filled_count, field)) return ZD_FIELD_FOREIGN;
  return is_behind(s) && is_late(s, field) ? ZD_FIELD_PARTIAL : ZD_FIELD_COMPLETE;
}

/* ---- some fields alone ---- */

static bool fills_one(const zd_search_param *p, const uint32_t *fields, size_t n) {
  return p->owner && (has(fields, n, p->field) || has(fields, n, p->unit_field) ||
                      has(fields, n, p->more_field) || has(fields, n, p->canon_field));
}

/* The systems that what is contained mentions have symbols, too. */
zd_err zd_search_contains(const zd_search *s, zd_snapshot *v, bool *any) {
  static const char in[1] = {ZD_CONTAINED_IN};
  const zd_plan plan = {.op = ZD_PLAN_PREFIX, .field = s->contained_field, .term = {in, 1}};
  uint64_t about = 1;
  zd_err err =
      is_late(s, s->contained_field) ? ZD_OK : zd_snapshot_estimate(v, &plan, &about, NULL);
  *any = about > 0;
  return err;
}

bool zd_search_concerns(const zd_search *s, uint32_t type, const uint32_t *fields, size_t n) {
  zd_type t = zd_search_symbol_type(s, type);
  if (t == ZD_NO_TYPE || has(fields, n, s->contained_field) ||
      has(fields, n, s->text->narrative_field) || has(fields, n, s->text->content_field))
    return true;
  for (uint16_t i = 0; i < s->types[t].count; i++)
    if (fills_one(&s->types[t].params[i], fields, n)) return true;
  return false;
}

/* Leaves out what nobody wants; true when something below or at the state is wanted. States lead to
 * states with greater numbers only. */
static void narrow_walk(zd_search_type *t, const uint32_t *fields, size_t n) {
  for (uint16_t i = t->state_count; i-- > 1;) {
    zd_walk_state *state = &t->states[i];
    uint16_t kept = 0;
    bool below = false;
    for (uint16_t k = 0; k < state->want_count; k++)
      if (fills_one(&t->params[state->wants[k].param], fields, n))
        state->wants[kept++] = state->wants[k];
    state->want_count = kept;
    for (uint16_t k = 0; state->next && k < state->count; k++) {
      const zd_walk_state *next = &t->states[state->next[k]];
      if (state->next[k] && !next->want_count && !next->next) state->next[k] = 0;
      below = below || state->next[k];
    }
    if (!below) state->next = NULL;
  }
}

void zd_search_narrow(zd_search *s, const uint32_t *fields, size_t n) {
  s->no_texts =
      !has(fields, n, s->text->narrative_field) && !has(fields, n, s->text->content_field);
  if (has(fields, n, s->contained_field)) return; /* links are told of every reference */
  for (zd_type type = 0; type < zd_schema_type_count(s->schema); type++) {
    zd_search_type *t = &s->types[type];
    uint16_t kept = 0;
    for (uint16_t k = 0; k < t->path_count; k++)
      if (fills_one(&t->params[t->paths[k].param], fields, n)) t->paths[kept++] = t->paths[k];
    t->path_count = kept;
    if (t->states) narrow_walk(t, fields, n);
    zd_program_compare(s, t);
  }
}

const uint32_t *zd_search_late_fields(const zd_search *s) {
  return s->late;
}

/* ---- catching up ---- */

zd_err zd_search_index_late(zd_search *s,
                            bool (*progress)(void *context, uint64_t done, uint64_t total),
                            void *context, zd_fault *fault) {
  zd_snapshot *v;
  if (!is_behind(s)) return ZD_OK;
  zd_err err = zd_store_snapshot(s->store, &v);
  if (err) return zd_fail(fault, err, "no snapshot to index again by");
  bool empty = zd_snapshot_row(v) == 0;
  zd_snapshot_release(v);
  /* An empty store: whatever is written to it from now on has all fields. */
  return empty ? ZD_OK
               : zd_store_reindex(s->store, s->late, s->late_count, progress, context, fault);
}

zd_err zd_search_note_complete(zd_search *s, zd_fault *fault) {
  return write_note(s, &(field_set){.all = s->filled, .n = s->filled_count}, fault);
}

zd_err zd_search_complete(zd_search *s, zd_fault *fault) {
  if (!is_behind(s)) return ZD_OK;
  zd_err err = zd_search_note_complete(s, fault);
  if (!err) atomic_store_explicit(&s->behind, false, memory_order_release);
  return err;
}

zd_err zd_search_catch_up(zd_search *s,
                          bool (*progress)(void *context, uint64_t done, uint64_t total),
                          void *context, zd_fault *fault) {
  zd_err err = zd_search_index_late(s, progress, context, fault);
  return err ? err : zd_search_complete(s, fault);
}
