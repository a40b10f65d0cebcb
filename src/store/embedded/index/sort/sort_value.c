/* What a row is worth under the keys, by the row itself: its entries, its name. */
#include "store/embedded/index/sort/sort_internal.h"

enum { ROW_UNITS = 1500 };

static int plain_cmp(const zd_sort_step *step, const zd_sort_value *a, const zd_sort_value *b) {
  if (step->by == ZD_BY_TERM || step->by == ZD_BY_ID) return zd_slice_cmp(a->term, b->term);
  return (a->number > b->number) - (a->number < b->number);
}

int zd_sort_value_cmp(const zd_sort_step *step, const zd_sort_value *a, const zd_sort_value *b) {
  if (a->missing || b->missing) return a->missing - b->missing;
  int order = plain_cmp(step, a, b);
  return step->descending ? -order : order;
}

static bool entry_counts(const zd_sort_step *step, const zd_entry *e) {
  if (e->field != step->field) return false;
  if (step->by == ZD_BY_RANGE) return e->kind == ZD_ENTRY_RANGE && !e->term.n;
  return e->kind == ZD_ENTRY_TERM && zd_slice_starts(e->term, step->prefix) &&
         zd_slice_cmp(e->term, step->low) >= 0;
}

/* The least or greatest entry. */
static zd_sort_value of_entries(const zd_sort_step *step, const zd_entry *entries, size_t n) {
  zd_sort_value best = {.missing = true};
  for (size_t i = 0; i < n; i++) {
    if (!entry_counts(step, &entries[i])) continue;
    zd_sort_value value = {.number = entries[i].low, .term = entries[i].term};
    if (zd_sort_value_cmp(step, &value, &best) < 0) best = value;
  }
  return best;
}

static zd_err keep_term(zd_sort *s, zd_sort_memory *m, zd_slice *term) {
  zd_err err;
  char *copy = zd_sort_alloc(s, m, term->n + 1, &err);
  if (err) return err;
  if (term->n) memcpy(copy, term->p, term->n);
  *term = zd_slice_make(copy, term->n);
  return ZD_OK;
}

typedef struct facts {
  const zd_entry *entries;
  size_t n;
  bool have_entries, have_name;
  uint32_t type;
  zd_slice id;
} facts;

static zd_err learn(zd_sort *s, zd_row row, const zd_sort_step *step, facts *f) {
  bool field = step->by == ZD_BY_TERM || step->by == ZD_BY_RANGE;
  bool name = step->by == ZD_BY_TYPE || step->by == ZD_BY_ID;
  const zd_row_facts *of = s->facts;
  zd_err err = ZD_OK;
  if (field && !f->have_entries) {
    err = of->entries(of->state, row, &s->row_arena, &f->entries, &f->n, s->fault);
    f->have_entries = true;
  }
  if (name && !f->have_name) {
    err = of->name(of->state, row, &s->row_arena, &f->type, &f->id, s->fault);
    f->have_name = true;
  }
  return err;
}

zd_err zd_sort_values(zd_sort *s, zd_row row, size_t first, size_t last, zd_sort_memory *m,
                      zd_sort_value *out) {
  facts f = {0};
  zd_arena_reset(&s->row_arena);
  zd_err err = zd_sort_work(s, ROW_UNITS);
  for (size_t k = first; !err && k < last; k++) {
    const zd_sort_step *step = &s->steps[k];
    err = learn(s, row, step, &f);
    if (err) return err;
    switch (step->by) {
      case ZD_BY_TYPE:
        out[k] = (zd_sort_value){.number = f.type};
        break;
      case ZD_BY_ID:
        out[k] = (zd_sort_value){.term = f.id};
        break;
      case ZD_BY_ROW:
        out[k] = (zd_sort_value){.number = (int64_t)row};
        break;
      default:
        out[k] = of_entries(step, f.entries, f.n);
    }
    if (m && out[k].term.p) err = keep_term(s, m, &out[k].term);
  }
  return err;
}

zd_err zd_sort_on_path(zd_sort *s, zd_row row, bool *is) {
  size_t last = 0;
  *is = true;
  for (size_t k = 0; k < s->step_count; k++) {
    if (s->levels[k].unsure) last = k + 1;
  }
  if (last == 0) return ZD_OK;
  zd_sort_value values[ZD_SORT_STEPS];
  zd_err err = zd_sort_values(s, row, 0, last, NULL, values);
  for (size_t k = 0; !err && k < last; k++) {
    if (!s->levels[k].unsure) continue;
    if (zd_sort_value_cmp(&s->steps[k], &values[k], &s->levels[k].path) != 0) *is = false;
  }
  return err;
}
