/* program.c: the parameters of a resource type, compiled to one walk over the resource.
 *
 * The plain paths of all parameters make one tree of states, so that a resource is walked once,
 * following element numbers, however many parameters want its parts:
 *
 *   Observation ──code──► [code, combo-code] ──value──► ...
 *              └─component──► ·  ──code──► [component-code, combo-code]
 *
 * Two parameters that say the same of a type ("Observation.subject" and
 * "Observation.subject.where(resolve() is Patient)") share one field; only its owner fills it.
 */
#include <stdio.h>

#include "base/hash.h"
#include "search/entries/branch.h"
#include "search/text/text.h"

enum { BRANCHES = 40, NAME_MAX_BYTES = 512 };

typedef struct maker {
  zd_search *s;
  zd_type type;
  zd_search_type *out;
  zd_slice *said; /* by parameter: its branches for this type, normalised */
  zd_fault *fault;
} maker;

/* ---- states ---- */

static zd_err add_state(maker *m, zd_type type, uint16_t *number) {
  zd_search_type *t = m->out;
  if (t->state_count == t->state_room) {
    uint16_t room = t->state_room ? (uint16_t)(t->state_room * 2) : 16;
    zd_walk_state *states = ZD_NEW_ARRAY(&m->s->arena, zd_walk_state, room);
    if (!states) return ZD_ERR_MEMORY;
    if (t->state_count) memcpy(states, t->states, t->state_count * sizeof *states);
    t->states = states;
    t->state_room = room;
  }
  *number = t->state_count++;
  zd_type_info info = {0};
  if (type != ZD_NO_TYPE) info = zd_schema_type_info(m->s->schema, type);
  t->states[*number] = (zd_walk_state){.type = type, .first = info.first, .count = info.count};
  return ZD_OK;
}

/* The state behind element `e` of state `from`, made when it is not there. */
static zd_err follow(maker *m, uint16_t from, zd_element e, zd_type type, uint16_t *to) {
  zd_walk_state *state = &m->out->states[from];
  if (!state->next) state->next = ZD_NEW_ARRAY(&m->s->arena, uint16_t, state->count);
  if (!state->next) return ZD_ERR_MEMORY;
  uint16_t *slot = &state->next[e - state->first];
  if (!*slot) {
    uint16_t number;
    zd_err err = add_state(m, type, &number);
    if (err) return err;
    *slot = number; /* the slot's table does not move when states do */
  }
  *to = *slot;
  return ZD_OK;
}

static zd_err want(maker *m, uint16_t number, uint16_t param, zd_type only) {
  zd_walk_state *state = &m->out->states[number];
  for (uint16_t i = 0; i < state->want_count; i++)
    if (state->wants[i].param == param && state->wants[i].only == only) return ZD_OK;
  if (state->want_count == state->want_room) {
    uint16_t room = (uint16_t)(state->want_room * 2 + 2);
    zd_walk_want *wants = ZD_NEW_ARRAY(&m->s->arena, zd_walk_want, room);
    if (!wants) return ZD_ERR_MEMORY;
    if (state->want_count) memcpy(wants, state->wants, state->want_count * sizeof *wants);
    state->wants = wants;
    state->want_room = room;
  }
  state->wants[state->want_count++] = (zd_walk_want){.param = param, .only = only};
  return ZD_OK;
}

/* Follows steps[at..] from a state; a choice goes on in each of its alternatives. */
static zd_err lay(maker *m, uint16_t number, const zd_branch *b, int at, uint16_t param) {
  if (at == b->n) return want(m, number, param, b->only);
  zd_walk_state state = m->out->states[number];
  const zd_branch_step *step = &b->steps[at];
  if (!step->name.p)
    return zd_schema_is_a(m->s->schema, state.type, step->as) ? lay(m, number, b, at + 1, param)
                                                              : ZD_OK;
  for (zd_element e = state.first; e < state.first + state.count; e++) {
    zd_element_info info = zd_schema_element_info(m->s->schema, e);
    if (!zd_slice_eq(info.path, step->name)) continue;
    /* An alternative that the next step drops needs no state. */
    bool drops = at + 1 < b->n && !b->steps[at + 1].name.p &&
                 !zd_schema_is_a(m->s->schema, info.type, b->steps[at + 1].as);
    uint16_t to;
    zd_err err = drops ? ZD_OK : follow(m, number, e, info.type, &to);
    if (!err && !drops) err = lay(m, to, b, at + 1, param);
    if (err) return err;
  }
  return ZD_OK;
}

/* ---- parameters ---- */

static zd_slice normalised(maker *m, const zd_branch *b) {
  zd_slice text = ZD_S("");
  for (int i = 0; i < b->n && text.p; i++) {
    const zd_branch_step *step = &b->steps[i];
    if (step->name.p) {
      text = zd_arena_printf(&m->s->arena, "%.*s.%.*s", ZD_SV(text), ZD_SV(step->name));
    } else {
      text = zd_arena_printf(&m->s->arena, "%.*s:%u", ZD_SV(text), (unsigned)step->as);
    }
  }
  return text;
}

/* What the parameter says of the type, in a form that equal sayings share. `only` is set when it is
 * one plain path restricted to references of one type; then the restriction is not in the text. */
static zd_slice saying(maker *m, zd_slice expression, zd_type *only) {
  zd_slice said = ZD_S(""), part, rest = expression;
  int count = 0;
  *only = ZD_NO_TYPE;
  while (said.p && zd_branch_next(&rest, &part)) {
    zd_branch b;
    if (!zd_branch_for(m->s->schema, m->type, part)) continue;
    bool plain = zd_branch_read(m->s->schema, part, true, &b);
    if (plain && b.only == ZD_NO_TYPE) part = normalised(m, &b);
    if (plain && b.only != ZD_NO_TYPE && !count) *only = b.only;
    if (++count > 1 && *only != ZD_NO_TYPE) *only = ZD_NO_TYPE;
    if (plain && *only != ZD_NO_TYPE) part = normalised(m, &b);
    said = part.p ? zd_arena_printf(&m->s->arena, "%.*s|%.*s", ZD_SV(said), ZD_SV(part)) : part;
  }
  return said;
}

/* Of the parameters of type special this one is answered (near.c). */
static bool is_near(zd_param_info info) {
  return zd_slice_eq(info.expression, ZD_S("Location.position"));
}

static bool is_special(zd_slice code) {
  return zd_slice_eq(code, ZD_S("_id")) || zd_slice_eq(code, ZD_S("_lastUpdated")) ||
         zd_text_is_param(code);
}

/* What a user's parameter says may change under its url; then its field is another one. 128 bits of
 * SHA-256 of what the entries follow from, as hexadecimal digits behind a '!'. */
enum { MARK_BYTES = 16, MARK_ROOM = 2 * MARK_BYTES + 2 };

static bool is_users(zd_slice url) {
  return zd_schema_definition_find(zd_schema_r4(), ZD_DEF_PARAM, url) == UINT32_MAX;
}

static zd_err field_mark(maker *m, zd_param_info info, char mark[MARK_ROOM]) {
  unsigned char digest[32];
  mark[0] = 0;
  if (!is_users(info.url)) return ZD_OK;
  zd_slice text = zd_arena_printf(&m->s->arena, "%d %.*s", (int)info.type, ZD_SV(info.expression));
  if (!text.p) return ZD_ERR_MEMORY;
  zd_sha256(text.p, text.n, digest);
  mark[0] = '!';
  for (int i = 0; i < MARK_BYTES; i++) snprintf(mark + 1 + 2 * i, 3, "%02x", digest[i]);
  return ZD_OK;
}

static zd_err field_symbol(maker *m, zd_param_info info, bool shared, const char *suffix,
                           uint32_t *out) {
  zd_slice type = shared ? ZD_S("") : zd_schema_type_info(m->s->schema, m->type).name;
  char name[NAME_MAX_BYTES], mark[MARK_ROOM];
  if (field_mark(m, info, mark)) return ZD_ERR_MEMORY;
  int n = snprintf(name, sizeof name, "f:%.*s%s%s%.*s%s", ZD_SV(info.url), mark, shared ? "" : "@",
                   ZD_SV(type), suffix);
  if (n < 0 || (size_t)n >= sizeof name)
    return zd_fail(m->fault, ZD_ERR_LIMIT, "search parameter %.*s: its url is too long",
                   ZD_SV(info.url));
  *out = zd_store_symbol(m->s->store, (zd_slice){name, (size_t)n}, true);
  return *out != ZD_NO_SYMBOL
             ? ZD_OK
             : zd_fail(m->fault, ZD_ERR_FULL, "no symbol left for the field %s", name);
}

/* The parameter before or after this one that fills the field for it, or -1. What comes and goes
 * fills no field for the standard's own. */
static int owner_of(maker *m, uint16_t i) {
  const zd_search_param *own = &m->out->params[i];
  for (uint16_t k = 0; k < m->out->count; k++) {
    const zd_search_param *p = &m->out->params[k];
    if (p->user && !own->user) continue;
    if (k == i || p->kind != own->kind || p->shared != own->shared || p->only != ZD_NO_TYPE)
      continue;
    if (own->only == ZD_NO_TYPE && k > i) break; /* of equals the first is the owner */
    if (zd_slice_eq(m->said[k], m->said[i])) return k;
  }
  return -1;
}

/* Whether a branch keeps to references of one type. Such fields have a name of their own: under the
 * plain one, earlier programs kept references of every type. */
static bool is_restricted(maker *m, zd_slice expression) {
  zd_slice part;
  zd_branch b;
  while (zd_branch_next(&expression, &part))
    if (zd_branch_for(m->s->schema, m->type, part) &&
        zd_branch_read(m->s->schema, part, true, &b) && b.only != ZD_NO_TYPE)
      return true;
  return false;
}

static zd_err own_field(maker *m, uint16_t i) {
  zd_search_param *p = &m->out->params[i];
  zd_param_info info = zd_schema_param(m->s->schema, p->index);
  const char *suffix = is_restricted(m, info.expression) ? "#only" : "";
  p->owner = true;
  p->own_links = p->user;
  if (p->only != ZD_NO_TYPE) { /* its field holds the restriction itself: nobody's equal */
    p->only = ZD_NO_TYPE;
    m->said[i] = info.expression;
  }
  zd_err err = field_symbol(m, info, p->shared, suffix, &p->field);
  if (!err && p->kind == ZD_PARAM_QUANTITY)
    err = field_symbol(m, info, p->shared, "#unit", &p->unit_field);
  if (!err && p->kind == ZD_PARAM_QUANTITY && m->s->units.canonical)
    err = field_symbol(m, info, p->shared, "#measure", &p->canon_field);
  if (!err) err = field_symbol(m, info, p->shared, "#more", &p->more_field);
  return err;
}

static zd_err first_look(maker *m, uint16_t i, uint32_t index) {
  zd_search_param *p = &m->out->params[i];
  zd_param_info info = zd_schema_param(m->s->schema, index);
  zd_type base = info.base_count ? zd_schema_param_base(m->s->schema, index, 0) : ZD_NO_TYPE;
  *p = (zd_search_param){.index = index,
                         .kind = info.type,
                         .field = ZD_NO_SYMBOL,
                         .unit_field = ZD_NO_SYMBOL,
                         .more_field = ZD_NO_SYMBOL,
                         .canon_field = ZD_NO_SYMBOL,
                         .only = ZD_NO_TYPE,
                         .user = is_users(info.url)};
  p->shared = base != ZD_NO_TYPE && zd_schema_type_info(m->s->schema, base).abstract;
  p->answered = (info.expression.n && (info.type != ZD_PARAM_SPECIAL || is_near(info))) ||
                zd_text_is_param(info.code);
  m->said[i] = saying(m, info.expression, &p->only);
  return m->said[i].p ? ZD_OK : ZD_ERR_MEMORY;
}

static zd_err assign_field(maker *m, uint16_t i) {
  zd_search_param *p = &m->out->params[i];
  zd_slice code = zd_schema_param(m->s->schema, p->index).code;
  if (!p->answered || p->kind == ZD_PARAM_COMPOSITE || is_special(code)) return ZD_OK;
  return owner_of(m, i) < 0 ? own_field(m, i) : ZD_OK;
}

static void borrow_field(maker *m, uint16_t i) {
  zd_search_param *p = &m->out->params[i];
  zd_slice code = zd_schema_param(m->s->schema, p->index).code;
  if (!p->answered || p->owner || p->kind == ZD_PARAM_COMPOSITE || is_special(code)) return;
  const zd_search_param *owner = &m->out->params[owner_of(m, i)];
  p->field = owner->field;
  p->unit_field = owner->unit_field;
  p->more_field = owner->more_field;
  p->canon_field = owner->canon_field;
  p->own_links = owner->own_links;
}

/* ---- paths ---- */

static zd_err add_path(maker *m, uint16_t param, zd_slice branch) {
  zd_search_type *t = m->out;
  const zd_path *path;
  zd_err err = zd_path_compile(m->s->schema, m->type, branch, &m->s->arena, &path, m->fault);
  if (err == ZD_ERR_UNSUPPORTED) t->params[param].answered = false;
  if (err) return err == ZD_ERR_UNSUPPORTED ? ZD_OK : err;
  if (t->path_count % 8 == 0) {
    zd_walk_path *paths = ZD_NEW_ARRAY(&m->s->arena, zd_walk_path, t->path_count + 8u);
    if (!paths) return ZD_ERR_MEMORY;
    if (t->path_count) memcpy(paths, t->paths, t->path_count * sizeof *paths);
    t->paths = paths;
  }
  t->paths[t->path_count++] = (zd_walk_path){path, param};
  return ZD_OK;
}

static zd_err lay_param(maker *m, uint16_t i) {
  zd_slice part, rest = zd_schema_param(m->s->schema, m->out->params[i].index).expression;
  zd_err err = ZD_OK;
  while (!err && zd_branch_next(&rest, &part)) {
    zd_branch b;
    if (!zd_branch_for(m->s->schema, m->type, part)) continue;
    if (zd_branch_read(m->s->schema, part, true, &b)) {
      err = lay(m, 1, &b, 0, i);
    } else {
      err = add_path(m, i, part);
    }
  }
  return err;
}

static zd_err lay_all(maker *m) {
  uint16_t number;
  zd_err err = add_state(m, ZD_NO_TYPE, &number);
  if (!err) err = add_state(m, m->type, &number);
  for (uint16_t i = 0; i < m->out->count && !err; i++)
    if (m->out->params[i].owner) err = lay_param(m, i);
  return err;
}

/* ---- what repeats ---- */

/* Shapes that say nothing but terms, and are few or stand in many resources: codes, references. */
static bool is_frequent(zd_shape shape) {
  return shape == ZD_SHAPE_CODE || shape == ZD_SHAPE_CODING || shape == ZD_SHAPE_CONCEPT ||
         shape == ZD_SHAPE_REFERENCE;
}

/* Terms of uris that are long name their field, so those are not alike. */
static bool is_alike(const zd_search_type *t, const zd_walk_want *a, const zd_walk_want *b) {
  zd_param_type kind = t->params[a->param].kind;
  return kind == t->params[b->param].kind && kind != ZD_PARAM_URI && a->only == ZD_NO_TYPE &&
         b->only == ZD_NO_TYPE;
}

void zd_program_compare(const zd_search *s, zd_search_type *t) {
  for (uint16_t i = 0; i < t->state_count; i++) {
    zd_walk_state *state = &t->states[i];
    state->repeats = state->want_count && state->type != ZD_NO_TYPE &&
                     is_frequent((zd_shape)s->shapes[state->type].shape);
    for (uint16_t k = 0; k < state->want_count; k++) {
      uint16_t like = 0;
      while (!is_alike(t, &state->wants[like], &state->wants[k]) && like < k) like++;
      state->wants[k].like = like;
    }
  }
}

zd_err zd_program_make(zd_search *s, zd_type type, zd_fault *fault) {
  zd_search_type *out = &s->types[type];
  maker m = {.s = s, .type = type, .out = out, .fault = fault};
  size_t n = zd_schema_params_of(s->schema, type, NULL, 0);
  uint32_t *indices = ZD_NEW_ARRAY(&s->arena, uint32_t, n + 1);
  out->params = ZD_NEW_ARRAY(&s->arena, zd_search_param, n + 1);
  m.said = ZD_NEW_ARRAY(&s->arena, zd_slice, n + 1);
  if (!indices || !out->params || !m.said) return ZD_ERR_MEMORY;
  if (n > UINT16_MAX) return zd_fail(fault, ZD_ERR_LIMIT, "too many search parameters");
  zd_schema_params_of(s->schema, type, indices, n);
  out->count = (uint16_t)n;
  zd_err err = ZD_OK;
  for (uint16_t i = 0; i < n && !err; i++) err = first_look(&m, i, indices[i]);
  for (uint16_t i = 0; i < n && !err; i++) err = assign_field(&m, i);
  for (uint16_t i = 0; i < n && !err; i++) borrow_field(&m, i);
  if (!err) err = lay_all(&m);
  zd_program_compare(s, out);
  return err;
}

const zd_search_param *zd_program_param(const zd_search *s, zd_type type, uint32_t index) {
  for (uint16_t i = 0; i < s->types[type].count; i++)
    if (s->types[type].params[i].index == index) return &s->types[type].params[i];
  return NULL;
}

const zd_search_param *zd_program_find(const zd_search *s, zd_type type, zd_slice code) {
  uint32_t index = zd_schema_param_find(s->schema, type, code);
  return index == UINT32_MAX ? NULL : zd_program_param(s, type, index);
}
