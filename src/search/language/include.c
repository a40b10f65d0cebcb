/* include.c: _include and _revinclude (R4 search.html#include), from text to zd_include:
 *
 *   _include[:iterate]=Type:parameter[:TargetType]     Type:parameter may be *, parameter too
 *
 * What could never add anything is a mistake, and refused as one. included.c follows them.
 */
#include "search/language/include.h"

bool zd_include_follows(const zd_search_param *p) {
  return p->kind == ZD_PARAM_REFERENCE && p->answered && p->field != ZD_NO_SYMBOL;
}

bool zd_include_admits(const zd_search *s, const zd_search_param *p, zd_type target) {
  if (p->only != ZD_NO_TYPE) return target == p->only;
  uint16_t n = zd_schema_param(s->schema, p->index).target_count;
  for (uint16_t k = 0; k < n; k++)
    if (zd_schema_is_a(s->schema, target, zd_schema_param_target(s->schema, p->index, k)))
      return true;
  return n == 0;
}

/* One being read. A problem that leaves no include ends in left_out. */
typedef struct reader {
  zd_query_reader *q;
  const zd_query_part *part;
  zd_include include;
  const zd_search_param *param; /* NULL: all */
  bool left_out;
} reader;

static zd_err leave_out(reader *r, zd_slice why) {
  r->left_out = true;
  return why.p ? zd_query_leave_out(r->q, r->part, why.p) : ZD_ERR_MEMORY;
}
#define LEAVE_OUT(r, ...) leave_out(r, zd_arena_printf((r)->q->arena, __VA_ARGS__))

static zd_slice shown(zd_slice s) {
  return (zd_slice){s.p, s.n > 64 ? 64 : s.n};
}

static zd_slice name_of(const reader *r, zd_type type) {
  return zd_schema_type_info(r->q->s->schema, type).name;
}

static zd_err read_type(reader *r, zd_slice name, zd_type *out) {
  *out = zd_schema_type(r->q->s->schema, name);
  if (*out != ZD_NO_TYPE && zd_schema_is_resource(r->q->s->schema, *out)) return ZD_OK;
  return LEAVE_OUT(r, "\"%.*s\" is no resource type", ZD_SV(shown(name)));
}

static zd_err read_param(reader *r, zd_slice code) {
  zd_include *x = &r->include;
  if (zd_slice_eq(code, ZD_S("*"))) {
    x->all = true;
    return ZD_OK;
  }
  const zd_search_param *p = zd_program_find(r->q->s, x->source, code);
  if (!p || !zd_include_follows(p))
    return LEAVE_OUT(r, "%.*s has no search parameter \"%.*s\" of type reference",
                     ZD_SV(name_of(r, x->source)), ZD_SV(shown(code)));
  r->param = p;
  x->param = p->index;
  return ZD_OK;
}

static zd_err read_target(reader *r, zd_slice name) {
  zd_err err = read_type(r, name, &r->include.target);
  if (err || r->left_out || !r->param) return err;
  if (zd_include_admits(r->q->s, r->param, r->include.target)) return ZD_OK;
  return LEAVE_OUT(r, "this parameter never refers to a %.*s", ZD_SV(shown(name)));
}

/* "Observation:subject:Patient". */
static zd_err read_value(reader *r, zd_slice text) {
  zd_slice part[3] = {{NULL, 0}};
  size_t n = 0;
  for (zd_slice rest = text; n < 3 && rest.p; n++) {
    size_t colon = zd_slice_find(rest, ':');
    part[n] = (zd_slice){rest.p, colon};
    rest = colon < rest.n ? zd_slice_from(rest, colon + 1) : (zd_slice){NULL, 0};
    if (n == 2 && rest.p) n = 3; /* a fourth */
  }
  if (n == 1 && zd_slice_eq(part[0], ZD_S("*"))) {
    r->include.all = true;
    return ZD_OK;
  }
  if (n < 2 || n > 3)
    return LEAVE_OUT(r, "Type:parameter or Type:parameter:TargetType is wanted, not \"%.*s\"",
                     ZD_SV(shown(text)));
  zd_err err = read_type(r, part[0], &r->include.source);
  if (!err && !r->left_out) err = read_param(r, part[1]);
  if (!err && !r->left_out && n == 3) err = read_target(r, part[2]);
  return err;
}

/* What is applied to the matches only must be able to find something there. */
static zd_err check_use(reader *r) {
  const zd_include *x = &r->include;
  zd_type type = r->q->type;
  if (type == ZD_NO_TYPE || x->iterate) return ZD_OK;
  if (!x->reverse && x->source != ZD_NO_TYPE && x->source != type)
    return LEAVE_OUT(r,
                     "matches are of type %.*s, not %.*s; to follow what is included, use "
                     "_include:iterate",
                     ZD_SV(name_of(r, type)), ZD_SV(name_of(r, x->source)));
  if (!x->reverse) return ZD_OK;
  bool never = r->param && !zd_include_admits(r->q->s, r->param, type);
  if (never || (x->target != ZD_NO_TYPE && x->target != type))
    return LEAVE_OUT(r, "this never refers to a %.*s", ZD_SV(name_of(r, type)));
  return ZD_OK;
}

/* Who refers is looked up in the index, which must be complete. */
static zd_err check_late(reader *r) {
  const zd_search *s = r->q->s;
  const zd_include *x = &r->include;
  if (!x->reverse || !zd_search_behind(s)) return ZD_OK;
  for (zd_type t = 0; t < zd_schema_type_count(s->schema); t++) {
    if (x->source != ZD_NO_TYPE && t != x->source) continue;
    for (uint16_t i = 0; i < s->types[t].count; i++) {
      const zd_search_param *p = &s->types[t].params[i];
      if (!zd_include_follows(p) || !zd_field_is_late(s, p)) continue;
      if (x->all || p->index == x->param)
        return zd_query_later(r->q, r->part->name, "a parameter of %.*s", ZD_SV(name_of(r, t)));
    }
  }
  return ZD_OK;
}

static zd_err add(zd_query_reader *q, const zd_include *include) {
  zd_query *out = q->out;
  zd_include *list = ZD_NEW_ARRAY(q->arena, zd_include, out->include_count + 1);
  if (!list) return ZD_ERR_MEMORY;
  if (out->include_count)
    memcpy(list, out->includes, out->include_count * sizeof *list); /* a few at most */
  list[out->include_count++] = *include;
  out->includes = list;
  return ZD_OK;
}

zd_err zd_include_read(zd_query_reader *q, const zd_query_part *part, bool *used) {
  size_t colon = zd_slice_find(part->name, ':');
  zd_slice modifier = zd_slice_from(part->name, colon);
  bool iterate = zd_slice_eq(modifier, ZD_S(":iterate")) || zd_slice_eq(modifier, ZD_S(":recurse"));
  *used = false;
  if (modifier.n && !iterate)
    return zd_query_refuse(q, part->name, ZD_ISSUE_NOT_SUPPORTED,
                           "%.*s takes the modifier :iterate and no other", (int)colon,
                           part->name.p);
  if (q->out->include_count == ZD_INCLUDES_MAX)
    return zd_query_refuse(q, part->name, ZD_ISSUE_TOO_COSTLY, "more than %d includes",
                           ZD_INCLUDES_MAX);
  reader r = {.q = q,
              .part = part,
              .include = {.reverse = part->name.p[1] == 'r',
                          .iterate = iterate,
                          .source = ZD_NO_TYPE,
                          .target = ZD_NO_TYPE}};
  zd_err err = read_value(&r, part->value);
  if (!err && !r.left_out) err = check_use(&r);
  if (!err && !r.left_out) err = check_late(&r);
  if (err || r.left_out) return err;
  *used = true;
  return add(q, &r.include);
}

size_t zd_search_includes(const zd_search *s, zd_type type, bool reverse, zd_include *out,
                          size_t room) {
  size_t n = 0;
  for (zd_type t = 0; t < zd_schema_type_count(s->schema); t++) {
    if (!zd_schema_is_resource(s->schema, t) || (!reverse && t != type)) continue;
    for (uint16_t i = 0; i < s->types[t].count; i++) {
      const zd_search_param *p = &s->types[t].params[i];
      if (!zd_include_follows(p) || (reverse && !zd_include_admits(s, p, type))) continue;
      if (n < room)
        out[n] =
            (zd_include){.reverse = reverse, .source = t, .param = p->index, .target = ZD_NO_TYPE};
      n++;
    }
  }
  return n;
}
