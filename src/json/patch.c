/* patch.c: the operations of a JSON Patch, one after the other. */
#include "json/patch.h"

#include <stdarg.h>
#include <stdio.h>

#include "json/patch_value.h"

static const zd_json_patch_limits default_limits = {
    .operations = 10000, .nodes = 4000000, .depth = 512, .steps = 200000000};

/* Where a path leads. */
typedef struct place {
  zd_json_value *parent; /* NULL: the document itself */
  zd_json_value *value;  /* NULL: nothing is there */
  zd_slice key;          /* last step, unescaped */
  uint32_t index;        /* of an array: it as a number, or the end */
  uint32_t depth;        /* of the value: 1 is the document */
} place;

typedef struct operation {
  zd_slice op, path, from; /* absent: not given */
  uint32_t value;          /* on the tape; 0: none */
} operation;

static zd_err fail(zd_json_patching *p, zd_err err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static zd_err fail(zd_json_patching *p, zd_err err, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(p->error->text, sizeof p->error->text, format, args);
  va_end(args);
  return err;
}

/* At most 60 bytes, cut between characters. */
static zd_slice excerpt(zd_slice text) {
  enum { MOST = 60 };
  if (text.n <= MOST) return text;
  text.n = MOST;
  while (text.n && ((unsigned char)text.p[text.n] & 0xC0) == 0x80) text.n--;
  return text;
}

static zd_err tell(zd_json_patching *p, zd_err err) {
  if (err == ZD_ERR_LIMIT && !p->error->text[0])
    return fail(p, err, "the patch would make the document too large, or take too long");
  return err;
}

/* ---- JSON Pointer ---- */

/* A step without ~0 and ~1; absent with *err. */
static zd_slice decode_step(zd_json_patching *p, zd_slice step, zd_err *err) {
  if (zd_slice_find(step, '~') == step.n) return step;
  char *plain = zd_arena_alloc(p->arena, step.n);
  size_t n = 0;
  *err = plain ? ZD_OK : ZD_ERR_MEMORY;
  for (size_t i = 0; plain && i < step.n; i++) {
    char c = step.p[i];
    if (c == '~') {
      char which = ++i < step.n ? step.p[i] : 0;
      if (which != '0' && which != '1') {
        *err = fail(p, ZD_ERR_INVALID, "in a path ~ stands before 0 or 1 only: \"%.*s\"",
                    ZD_SV(excerpt(step)));
        return (zd_slice){NULL, 0};
      }
      c = which == '0' ? '~' : '/';
    }
    plain[n++] = c;
  }
  return (zd_slice){plain, n};
}

/* 0, or digits that do not begin with 0; false: no index. */
static bool take_index(zd_slice s, uint32_t *index) {
  uint64_t value = 0;
  if (s.n == 0 || s.n > 9 || (s.n > 1 && s.p[0] == '0')) return false;
  for (size_t i = 0; i < s.n; i++) {
    if (s.p[i] < '0' || s.p[i] > '9') return false;
    value = value * 10 + (uint64_t)(s.p[i] - '0');
  }
  *index = (uint32_t)value;
  return true;
}

static zd_err enter_array(zd_json_patching *p, place *at, zd_slice step) {
  zd_err err = ZD_OK;
  at->index = at->parent->count;
  if (zd_slice_eq(step, ZD_S("-"))) return ZD_OK;
  if (!take_index(step, &at->index) || at->index > at->parent->count)
    return fail(p, ZD_ERR_NOT_FOUND, "the array has no place \"%.*s\"", ZD_SV(excerpt(step)));
  if (at->index < at->parent->count) at->value = zd_json_value_item(p, at->parent, at->index, &err);
  return err;
}

/* One step down, from a value that is there. */
static zd_err enter(zd_json_patching *p, place *at, zd_slice step) {
  zd_err err = ZD_OK;
  at->parent = at->value;
  at->value = NULL;
  at->key = step;
  at->depth++;
  if (at->parent->type == ZD_JSON_ARRAY) return enter_array(p, at, step);
  if (at->parent->type == ZD_JSON_OBJECT) {
    at->value = zd_json_value_member(p, at->parent, step, &err);
    return err;
  }
  return fail(p, ZD_ERR_NOT_FOUND, "\"%.*s\" is looked for in what has nothing in it",
              ZD_SV(excerpt(step)));
}

/* The last step of a path may lead to nothing. */
static zd_err find(zd_json_patching *p, zd_slice path, place *at) {
  zd_err err = ZD_OK;
  *at = (place){.value = p->root, .depth = 1};
  if (path.n && path.p[0] != '/')
    return fail(p, ZD_ERR_INVALID, "a path is empty or begins with /: \"%.*s\"",
                ZD_SV(excerpt(path)));
  while (path.n && err == ZD_OK) {
    if (!at->value)
      return fail(p, ZD_ERR_NOT_FOUND, "there is no \"%.*s\"", ZD_SV(excerpt(at->key)));
    path = zd_slice_from(path, 1);
    size_t slash = zd_slice_find(path, '/');
    zd_slice step = decode_step(p, (zd_slice){path.p, slash}, &err);
    if (err == ZD_OK) err = enter(p, at, step);
    path = slash < path.n ? zd_slice_from(path, slash) : (zd_slice){path.p, 0};
  }
  return err;
}

static zd_err find_there(zd_json_patching *p, zd_slice path, place *at) {
  zd_err err = find(p, path, at);
  if (err != ZD_OK || at->value) return err;
  return fail(p, ZD_ERR_NOT_FOUND, "there is nothing at \"%.*s\"", ZD_SV(excerpt(path)));
}

/* ---- operations ---- */

/* A member's name that was not in a text yet. */
static bool name(zd_json_patching *p, zd_json_value *v, zd_slice key) {
  zd_buffer text;
  zd_buffer_init(&text, 0);
  zd_buffer_add_json(&text, key);
  v->key = zd_arena_copy(p->arena, key);
  v->key_raw = zd_arena_copy(p->arena, zd_buffer_slice(&text));
  bool fine = zd_buffer_error(&text) == ZD_OK && v->key.p && v->key_raw.p;
  zd_buffer_free(&text);
  return fine;
}

/* Depth bounds the recursion of everything here. */
static zd_err fits(zd_json_patching *p, const place *at, const zd_json_value *v) {
  uint32_t height = zd_json_value_height(p, v);
  if (p->steps > p->limits.steps) return ZD_ERR_LIMIT;
  if (at->depth + height - 1 <= p->limits.depth) return ZD_OK;
  return fail(p, ZD_ERR_LIMIT, "nested too deep");
}

static zd_err put(zd_json_patching *p, const place *at, zd_json_value *v) {
  zd_err err = fits(p, at, v);
  if (err != ZD_OK) return err;
  if (!at->parent) {
    p->root = v;
    return ZD_OK;
  }
  if (at->parent->type == ZD_JSON_ARRAY) return zd_json_value_insert(p, at->parent, at->index, v);
  if (at->value) return zd_json_value_replace(p, at->parent, at->value, v);
  if (!name(p, v, at->key)) return ZD_ERR_MEMORY;
  return zd_json_value_insert(p, at->parent, at->parent->count, v);
}

static zd_err take_out(zd_json_patching *p, const place *at) {
  if (!at->parent) return fail(p, ZD_ERR_INVALID, "the document itself cannot be taken away");
  return zd_json_value_remove(p, at->parent, at->value);
}

static zd_err do_add(zd_json_patching *p, const operation *o, zd_json_value *v) {
  place at;
  zd_err err = find(p, o->path, &at);
  return err == ZD_OK ? put(p, &at, v) : err;
}

static zd_err do_remove(zd_json_patching *p, const operation *o, zd_json_value *v) {
  place at;
  (void)v;
  zd_err err = find_there(p, o->path, &at);
  return err == ZD_OK ? take_out(p, &at) : err;
}

static zd_err do_replace(zd_json_patching *p, const operation *o, zd_json_value *v) {
  place at;
  zd_err err = find_there(p, o->path, &at);
  if (err != ZD_OK) return err;
  if (!at.parent || at.parent->type != ZD_JSON_ARRAY) return put(p, &at, v);
  err = fits(p, &at, v);
  if (err != ZD_OK) return err;
  return zd_json_value_replace(p, at.parent, at.value, v);
}

static zd_err do_move(zd_json_patching *p, const operation *o, zd_json_value *v) {
  place from, to;
  (void)v;
  zd_err err = find_there(p, o->from, &from);
  if (err != ZD_OK || zd_slice_eq(o->from, o->path)) return err;
  bool into = zd_slice_starts(o->path, o->from) && o->path.p[o->from.n] == '/';
  if (into) return fail(p, ZD_ERR_INVALID, "a value cannot be moved into itself");
  err = take_out(p, &from);
  if (err == ZD_OK) err = find(p, o->path, &to);
  return err == ZD_OK ? put(p, &to, from.value) : err;
}

static zd_err do_copy(zd_json_patching *p, const operation *o, zd_json_value *v) {
  place from, to;
  (void)v;
  zd_err err = find_there(p, o->from, &from);
  zd_json_value *copy = err == ZD_OK ? zd_json_value_copy(p, from.value, &err) : NULL;
  if (err == ZD_OK) err = find(p, o->path, &to);
  return err == ZD_OK ? put(p, &to, copy) : err;
}

static zd_err do_test(zd_json_patching *p, const operation *o, zd_json_value *v) {
  place at;
  zd_err err = find_there(p, o->path, &at);
  if (err == ZD_OK) err = zd_json_value_same(p, at.value, v);
  if (err != ZD_ERR_REFUSED) return err;
  return fail(p, err, "the test failed: another value is at \"%.*s\"", ZD_SV(excerpt(o->path)));
}

static const struct {
  const char *name;
  zd_err (*run)(zd_json_patching *p, const operation *o, zd_json_value *v);
  bool value, from;
} operations[] = {{"add", do_add, true, false},         {"remove", do_remove, false, false},
                  {"replace", do_replace, true, false}, {"move", do_move, false, true},
                  {"copy", do_copy, false, true},       {"test", do_test, true, false}};

/* ---- the patch ---- */

/* A member that must be a string, unescaped. */
static zd_err take_text(zd_json_patching *p, const zd_json_tape *t, uint32_t m, const char *called,
                        zd_slice *out) {
  if (out->p) return fail(p, ZD_ERR_INVALID, "\"%s\" stands there twice", called);
  if (zd_json_type_of(t, m) != ZD_JSON_STRING)
    return fail(p, ZD_ERR_INVALID, "\"%s\" is a string", called);
  *out = zd_json_plain(p, zd_json_raw(t, m), t->nodes[m].escaped);
  return out->p ? ZD_OK : ZD_ERR_MEMORY;
}

/* Members with other names mean nothing (RFC 6902, 4). */
static zd_err take_member(zd_json_patching *p, const zd_json_tape *t, uint32_t m, operation *o) {
  zd_slice key = zd_json_plain(p, zd_json_key(t, m), t->nodes[m].key_escaped);
  if (!key.p) return ZD_ERR_MEMORY;
  if (zd_slice_eq(key, ZD_S("op"))) return take_text(p, t, m, "op", &o->op);
  if (zd_slice_eq(key, ZD_S("path"))) return take_text(p, t, m, "path", &o->path);
  if (zd_slice_eq(key, ZD_S("from"))) return take_text(p, t, m, "from", &o->from);
  if (!zd_slice_eq(key, ZD_S("value"))) return ZD_OK;
  if (o->value) return fail(p, ZD_ERR_INVALID, "\"value\" stands there twice");
  o->value = m;
  return ZD_OK;
}

static zd_err run(zd_json_patching *p, const zd_json_tape *t, const operation *o, size_t i) {
  zd_err err = ZD_OK;
  zd_json_value *v = NULL;
  if (operations[i].value && !o->value)
    return fail(p, ZD_ERR_INVALID, "%s has a value", operations[i].name);
  if (operations[i].from && !o->from.p)
    return fail(p, ZD_ERR_INVALID, "%s says where from", operations[i].name);
  if (operations[i].value && !(v = zd_json_value_make(p, t, o->value, &err))) return err;
  return operations[i].run(p, o, v);
}

static zd_err run_item(zd_json_patching *p, const zd_json_tape *t, uint32_t item) {
  operation o = {.value = 0};
  zd_err err = ZD_OK;
  if (zd_json_type_of(t, item) != ZD_JSON_OBJECT)
    return fail(p, ZD_ERR_INVALID, "an operation is an object");
  for (uint32_t m = zd_json_first(t, item); m && err == ZD_OK; m = zd_json_next(t, item, m))
    err = take_member(p, t, m, &o);
  if (err != ZD_OK) return err;
  if (!o.op.p) return fail(p, ZD_ERR_INVALID, "an operation says which: \"op\" is missing");
  if (!o.path.p) return fail(p, ZD_ERR_INVALID, "an operation says where: \"path\" is missing");
  for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
    if (zd_slice_eq(o.op, zd_slice_of(operations[i].name))) return run(p, t, &o, i);
  return fail(p, ZD_ERR_INVALID, "there is no operation \"%.*s\"", ZD_SV(excerpt(o.op)));
}

static zd_err run_all(zd_json_patching *p, const zd_json_tape *t) {
  size_t i = 0;
  if (zd_json_type_of(t, 0) != ZD_JSON_ARRAY)
    return fail(p, ZD_ERR_INVALID, "a JSON Patch is an array of operations");
  for (uint32_t item = zd_json_first(t, 0); item; item = zd_json_next(t, 0, item), i++) {
    p->error->operation = i;
    if (i >= p->limits.operations)
      return fail(p, ZD_ERR_LIMIT, "more than %u operations", (unsigned)p->limits.operations);
    zd_err err = run_item(p, t, item);
    if (err != ZD_OK) return tell(p, err);
  }
  p->error->operation = SIZE_MAX;
  return ZD_OK;
}

static zd_err read_text(zd_json_patching *p, zd_slice text, const char *what, zd_json_tape *tape) {
  zd_json_limits limits = {.depth = p->limits.depth, .nodes = p->limits.nodes};
  zd_json_error error = {0};
  zd_err err = zd_json_read(text, &limits, tape, &error);
  if (err == ZD_OK || err == ZD_ERR_MEMORY) return err;
  return fail(p, err, "%s is not acceptable as JSON: line %u, column %u: expected %s", what,
              error.line, error.column, error.expected);
}

zd_err zd_json_patch(zd_slice document, zd_slice patch, const zd_json_patch_limits *limits,
                     zd_arena *arena, zd_buffer *out, zd_json_patch_error *error) {
  zd_json_patching p = {
      .limits = limits ? *limits : default_limits, .arena = arena, .error = error};
  zd_json_tape from = {0}, changes = {0};
  size_t before = out->n;
  *error = (zd_json_patch_error){.operation = SIZE_MAX};
  zd_err err = read_text(&p, document, "the document", &from);
  if (err == ZD_OK) err = read_text(&p, patch, "the patch", &changes);
  if (err == ZD_OK) {
    p.root = zd_json_value_make(&p, &from, 0, &err);
    if (p.root) err = run_all(&p, &changes);
  }
  if (err == ZD_OK) {
    zd_json_value_write(p.root, out);
    err = tell(&p, zd_buffer_error(out));
  }
  if (err != ZD_OK) out->n = before;
  zd_json_free(&from);
  zd_json_free(&changes);
  return err;
}
