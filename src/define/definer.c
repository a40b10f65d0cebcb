/* definer.c: the life of a definer, and changes of what is defined. */
#include <stdlib.h>

#include "define/definer_internal.h"

struct zd_proposal {
  generation *next;
};

/* ---- life ---- */

static char *copy_text(zd_slice s) {
  char *p = malloc(s.n + 1);
  if (!p) return NULL;
  if (s.n) memcpy(p, s.p, s.n);
  p[s.n] = 0;
  return p;
}

static void init(zd_definer *d, const zd_definer_options *o) {
  d->o = *o;
  pthread_mutex_init(&d->changing, NULL);
  pthread_mutex_init(&d->gate, NULL);
  pthread_mutex_init(&d->notes, NULL);
  pthread_cond_init(&d->opened, NULL);
  pthread_cond_init(&d->idle, NULL);
  pthread_cond_init(&d->wake, NULL);
  d->base_url = copy_text(o->base_url);
}

static zd_err open_first(zd_definer *d, zd_fault *fault) {
  zd_defined defined;
  generation *g;
  zd_err err = zd_defined_load(d->o.store, &defined, fault);
  if (err) {
    zd_defined_free(&defined);
    return err;
  }
  err = zd_generation_new(d, &defined, &g, fault);
  if (!err) err = zd_search_compare(g->shown.search, d->o.read_only, fault);
  if (err) {
    zd_generation_free(g);
    return err;
  }
  if (!d->o.read_only) zd_defined_keep_image(&g->defined, d->o.store);
  return zd_generation_install(d, g, fault);
}

zd_err zd_definer_open(const zd_definer_options *options, zd_definer **out, zd_fault *fault) {
  *out = NULL;
  zd_definer *d = calloc(1, sizeof *d);
  if (!d) return zd_fail(fault, ZD_ERR_MEMORY, "no memory for what is defined");
  init(d, options);
  zd_err err = d->base_url ? open_first(d, fault)
                           : zd_fail(fault, ZD_ERR_MEMORY, "no memory for what is defined");
  if (err) {
    zd_definer_close(d);
    return err;
  }
  *out = d;
  return ZD_OK;
}

void zd_definer_close(zd_definer *d) {
  if (!d) return;
  zd_definer_stop(d);
  for (size_t i = 0; i < ZD_GENERATION_SLOTS; i++) zd_generation_free(d->slots[i]);
  pthread_cond_destroy(&d->wake);
  pthread_cond_destroy(&d->idle);
  pthread_cond_destroy(&d->opened);
  pthread_mutex_destroy(&d->notes);
  pthread_mutex_destroy(&d->gate);
  pthread_mutex_destroy(&d->changing);
  free(d->base_url);
  free(d);
}

/* ---- the store's indexer: the present generation's ---- */

static zd_err entries(void *state, uint32_t type, zd_slice body, zd_arena *arena,
                      const zd_entry **out, size_t *n) {
  zd_definer *d = state;
  const zd_generation *g = zd_definer_take(d);
  zd_indexer x = zd_search_indexer(g->search);
  zd_err err = x.entries(x.state, type, body, arena, out, n);
  zd_definer_give(d, g);
  return err;
}

/* Of a pass: once another generation has come nothing of it will be kept, whatever this gives. */
static zd_err late(void *state, uint32_t type, zd_slice body, zd_arena *arena, const zd_entry **out,
                   size_t *n) {
  zd_definer *d = state;
  if (!d->narrow) return entries(state, type, body, arena, out, n);
  zd_indexer x = zd_search_indexer(d->narrow);
  return x.entries(x.state, type, body, arena, out, n);
}

static bool concerns(void *state, uint32_t type, const uint32_t *fields, size_t n) {
  const zd_definer *d = state;
  return d->all_concern || !d->narrow || zd_search_concerns(d->narrow, type, fields, n);
}

static zd_field_standing standing(void *state, uint32_t field) {
  zd_definer *d = state;
  const zd_generation *g = zd_definer_take(d);
  zd_field_standing answer = zd_search_standing(g->search, field);
  zd_definer_give(d, g);
  return answer;
}

zd_indexer zd_definer_indexer(zd_definer *d) {
  return (zd_indexer){
      .state = d, .entries = entries, .standing = standing, .late = late, .concerns = concerns};
}

/* ---- proposing ---- */

void zd_definer_lock(zd_definer *d) {
  pthread_mutex_lock(&d->changing);
}

void zd_definer_unlock(zd_definer *d) {
  pthread_mutex_unlock(&d->changing);
}

/* Whether a line of the generation is this resource's; *text: what it says. */
static bool is_in_use(const generation *g, zd_slice id) {
  zd_slice rest = zd_buffer_slice(&g->defined.stored);
  while (rest.n) {
    zd_slice line = {rest.p, zd_slice_find(rest, '\n')};
    if (zd_slice_eq((zd_slice){line.p, zd_slice_find(line, ' ')}, id)) return true;
    rest = zd_slice_from(rest, line.n + 1);
  }
  return false;
}

/* "Bundle.entry[3].resource.code" of "SearchParameter.code". */
static zd_slice place_of(const zd_definition_write *w, zd_slice at, zd_arena *arena) {
  if (!w->where.p) return at;
  zd_slice rest = zd_slice_from(at, sizeof "SearchParameter" - 1);
  return zd_arena_printf(arena, "%.*s%.*s", ZD_SV(w->where), ZD_SV(rest));
}

static void accuse(const zd_definition_write *w, const zd_parameter *p, zd_issues *issues) {
  zd_issue_add(issues, ZD_ERROR, p->issue, place_of(w, p->at, issues->arena), "%.*s",
               ZD_SV(p->why));
}

/* What is written has to be right, and what is in use has to stay so. */
static bool is_acceptable(const generation *g, const zd_definition_write *writes, size_t n,
                          const zd_parameters *list, zd_issues *issues) {
  size_t before = issues->errors;
  for (size_t i = 0; i < list->n; i++) {
    const zd_parameter *p = &list->all[i];
    const zd_definition_write *w = NULL;
    if (!p->id.p || p->standing != ZD_PARAMETER_REFUSED) continue;
    for (size_t k = 0; k < n && !w; k++)
      if (zd_slice_eq(writes[k].id, p->id)) w = &writes[k];
    if (w)
      accuse(w, p, issues);
    else if (is_in_use(g, p->id))
      zd_issue_add(issues, ZD_ERROR, ZD_ISSUE_BUSINESS_RULE,
                   place_of(&writes[0], p->at, issues->arena),
                   "SearchParameter/%.*s, which is in use, could not be used any more: %.*s",
                   ZD_SV(p->id), ZD_SV(p->why));
  }
  return issues->errors == before;
}

static zd_err lines_of(const zd_parameters *list, zd_buffer *out, zd_fault *fault) {
  for (size_t i = 0; i < list->n; i++) {
    const zd_parameter *p = &list->all[i];
    if (!p->id.p || p->standing != ZD_PARAMETER_USED) continue;
    zd_buffer_add_slice(out, p->id);
    zd_buffer_add_char(out, ' ');
    zd_buffer_add_slice(out, p->text);
    zd_buffer_add_char(out, '\n');
  }
  return out->failed ? zd_fail(fault, zd_buffer_error(out), "too many search parameters") : ZD_OK;
}

static zd_err propose_lines(zd_definer *d, const generation *g, zd_slice lines, zd_proposal **out,
                            zd_fault *fault) {
  zd_defined defined;
  if (zd_slice_eq(lines, zd_buffer_slice(&g->defined.stored))) return ZD_OK;
  zd_proposal *p = calloc(1, sizeof *p);
  if (!p) return zd_fail(fault, ZD_ERR_MEMORY, "no memory for search parameters");
  zd_err err = zd_defined_with_stored(&g->defined, lines, &defined, fault);
  if (err)
    zd_defined_free(&defined);
  else
    err = zd_generation_new(d, &defined, &p->next, fault);
  if (err) {
    free(p);
    return err;
  }
  *out = p;
  return ZD_OK;
}

/* Neither before nor behind the write is it a parameter. */
static bool is_of_no_account(const generation *g, const zd_definition_write *w, zd_arena *arena,
                             zd_err *err) {
  zd_parameter p = {.id = w->id, .text = w->text};
  if (is_in_use(g, w->id)) return false;
  if (!w->text.p) return true;
  *err = zd_parameter_read(&p, arena);
  return !*err && !zd_slice_eq(p.status, ZD_S("active"));
}

static zd_err propose(zd_definer *d, const zd_definition_write *writes, size_t n, zd_arena *arena,
                      zd_issues *issues, zd_proposal **out, zd_fault *fault) {
  const generation *g = zd_generation_present(d);
  zd_parameters list;
  zd_buffer lines;
  zd_err err = ZD_OK;
  size_t plain = 0;
  while (plain < n && is_of_no_account(g, &writes[plain], arena, &err)) plain++;
  if (err || (n && plain == n)) return err;
  err = zd_parameters_gather(d, g, writes, n, arena, &list, fault);
  if (!err && issues && !is_acceptable(g, writes, n, &list, issues)) return ZD_ERR_INVALID;
  if (err) return err;
  zd_buffer_init(&lines, 0);
  err = lines_of(&list, &lines, fault);
  if (!err) err = propose_lines(d, g, zd_buffer_slice(&lines), out, fault);
  zd_buffer_free(&lines);
  for (size_t i = 0; i < list.n && !issues; i++)
    if (list.all[i].standing == ZD_PARAMETER_REFUSED)
      zd_log(d->o.logger, ZD_LOG_WARN, "a stored search parameter is not used", "id",
             zd_arena_printf(arena, "%.*s", ZD_SV(list.all[i].id)).p, "element",
             zd_arena_printf(arena, "%.*s", ZD_SV(list.all[i].at)).p, NULL);
  return err;
}

zd_err zd_definer_propose(zd_definer *d, const zd_definition_write *writes, size_t n,
                          zd_issues *issues, zd_proposal **out, zd_fault *fault) {
  zd_arena arena;
  *out = NULL;
  zd_arena_init(&arena, 0);
  zd_err err = propose(d, writes, n, &arena, issues, out, fault);
  if (err == ZD_ERR_INVALID && !issues->errors)
    zd_issue_add(issues, ZD_ERROR, ZD_ISSUE_VALUE, (zd_slice){NULL, 0}, "%s",
                 fault ? fault->text : "the search parameters cannot be compiled");
  zd_arena_free(&arena);
  return err;
}

void zd_definer_drop(zd_proposal *p) {
  if (!p) return;
  zd_generation_free(p->next);
  free(p);
}

/* ---- adopting ---- */

/* The notes first: after a crash in between, the store opens with what was to come, and whatever
 * the rows lack is late. */
static zd_err take_over(zd_definer *d, generation *next, zd_fault *fault) {
  zd_err err = zd_defined_save(&next->defined, d->o.store, fault);
  if (err) return err;
  zd_gate_close(d);
  pthread_mutex_lock(&d->notes);
  err = zd_search_compare(next->shown.search, false, fault);
  if (!err) err = zd_generation_install(d, next, fault);
  if (!err) {
    atomic_store(&d->done, 0);
    atomic_store(&d->total, 0);
  }
  pthread_cond_broadcast(&d->wake);
  pthread_mutex_unlock(&d->notes);
  zd_gate_open(d);
  return err;
}

zd_err zd_definer_adopt(zd_definer *d, zd_proposal *p, zd_fault *fault) {
  if (!p) return ZD_OK;
  generation *next = p->next;
  p->next = NULL;
  zd_definer_drop(p);
  zd_generations_sweep(d);
  zd_err err = take_over(d, next, fault);
  if (err) {
    zd_log(d->o.logger, ZD_LOG_ERROR, "search parameters stay as they were until the next start",
           "why", fault ? fault->text : zd_err_name(err), NULL);
    zd_generation_free(next);
    return err;
  }
  zd_log(d->o.logger, ZD_LOG_INFO, "search parameters changed", NULL);
  return ZD_OK;
}

zd_err zd_definer_refresh(zd_definer *d, zd_fault *fault) {
  zd_arena arena;
  zd_proposal *p = NULL;
  zd_arena_init(&arena, 0);
  zd_definer_lock(d);
  zd_err err = propose(d, NULL, 0, &arena, NULL, &p, fault);
  if (!err) err = zd_definer_adopt(d, p, fault);
  zd_definer_unlock(d);
  zd_arena_free(&arena);
  return err;
}

/* ---- reporting ---- */

static zd_err read_stored(zd_definer *d, zd_slice id, zd_arena *arena, zd_slice *body) {
  zd_snapshot *v;
  zd_row row;
  zd_record record;
  zd_type type = zd_schema_type(zd_schema_r4(), ZD_S("SearchParameter"));
  uint32_t symbol = zd_search_type_symbol(d->first->shown.search, type);
  zd_err err = zd_store_snapshot(d->o.store, &v);
  if (err) return err;
  err = zd_snapshot_find(v, symbol, id, &row);
  if (!err) err = zd_snapshot_read(v, row, false, arena, &record, NULL);
  if (!err && record.op == ZD_OP_DELETE) err = ZD_ERR_NOT_FOUND;
  if (!err) *body = record.body;
  zd_snapshot_release(v);
  return err;
}

static bool is_late(const generation *g, zd_slice url) {
  const zd_schema *s = g->shown.schema;
  uint32_t at = zd_schema_definition_find(s, ZD_DEF_PARAM, url);
  return at == UINT32_MAX || zd_search_is_late(g->shown.search, zd_schema_definition(s, at).number);
}

static zd_err report(zd_definer *d, const generation *g, zd_slice id, zd_arena *arena,
                     zd_parameter_report *out, zd_fault *fault) {
  zd_parameters list;
  zd_slice body;
  zd_err err = read_stored(d, id, arena, &body);
  if (err) return err;
  *out = (zd_parameter_report){.standing = ZD_PARAMETER_IDLE};
  const zd_definition_write as_it_is = {.id = id, .text = body};
  err = zd_parameters_gather(d, g, &as_it_is, 1, arena, &list, fault);
  for (size_t i = 0; i < list.n && !err; i++) {
    const zd_parameter *p = &list.all[i];
    if (!p->id.p || !zd_slice_eq(p->id, id)) continue;
    out->standing = p->standing;
    out->at = p->at;
    if (p->standing == ZD_PARAMETER_ANSWERED) out->other = p->why;
    if (p->standing == ZD_PARAMETER_REFUSED) out->why = p->why;
    out->late = p->standing == ZD_PARAMETER_USED && is_late(g, p->url);
  }
  return err;
}

zd_err zd_definer_report(zd_definer *d, zd_slice id, zd_arena *arena, zd_parameter_report *out,
                         zd_fault *fault) {
  const zd_generation *g = zd_definer_take(d);
  zd_err err = report(d, (const generation *)(const void *)g, id, arena, out, fault);
  zd_definer_give(d, g);
  return err;
}
