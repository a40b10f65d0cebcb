/* patch_value.c: values that can be changed: chains of children, made from a tape and written again
 * text by text. Depth is bounded by who inserts, so recursion is. */
#include "json/patch_value.h"

static bool step(zd_json_patching *p, zd_err *err) {
  if (++p->steps <= p->limits.steps) return true;
  *err = ZD_ERR_LIMIT;
  return false;
}

zd_slice zd_json_plain(zd_json_patching *p, zd_slice raw, bool escaped) {
  if (!escaped) return raw;
  char *plain = zd_arena_alloc(p->arena, raw.n + 1);
  return plain ? (zd_slice){plain, zd_json_unescape(raw, plain)} : (zd_slice){NULL, 0};
}

/* ---- making ---- */

static zd_json_value *new_value(zd_json_patching *p, zd_err *err) {
  if (p->nodes >= p->limits.nodes) {
    *err = ZD_ERR_LIMIT;
    return NULL;
  }
  p->nodes++;
  zd_json_value *v = ZD_NEW(p->arena, zd_json_value);
  if (!v) *err = ZD_ERR_MEMORY;
  return v;
}

static void append(zd_json_value *parent, zd_json_value *child) {
  if (parent->last)
    parent->last->next = child;
  else
    parent->first = child;
  parent->last = child;
  parent->count++;
}

zd_json_value *zd_json_value_make(zd_json_patching *p, const zd_json_tape *tape, uint32_t at,
                                  zd_err *err) {
  const zd_json_node *node = &tape->nodes[at];
  zd_json_value *v = new_value(p, err);
  if (!v) return NULL;
  v->type = (zd_json_type)node->type;
  v->escaped = node->escaped;
  if (v->type != ZD_JSON_OBJECT && v->type != ZD_JSON_ARRAY) v->raw = zd_json_raw(tape, at);
  for (uint32_t c = zd_json_first(tape, at); c; c = zd_json_next(tape, at, c)) {
    zd_json_value *child = zd_json_value_make(p, tape, c, err);
    if (!child) return NULL;
    if (tape->nodes[c].is_member) {
      child->key_raw = zd_json_key(tape, c);
      child->key = zd_json_plain(p, child->key_raw, tape->nodes[c].key_escaped);
      if (!child->key.p) {
        *err = ZD_ERR_MEMORY;
        return NULL;
      }
    }
    append(v, child);
  }
  return v;
}

zd_json_value *zd_json_value_copy(zd_json_patching *p, const zd_json_value *v, zd_err *err) {
  zd_json_value *copy = new_value(p, err);
  if (!copy) return NULL;
  *copy = (zd_json_value){.type = v->type, .escaped = v->escaped, .raw = v->raw};
  for (const zd_json_value *c = v->first; c; c = c->next) {
    zd_json_value *child = zd_json_value_copy(p, c, err);
    if (!child) return NULL;
    child->key = c->key;
    child->key_raw = c->key_raw;
    append(copy, child);
  }
  return copy;
}

uint32_t zd_json_value_height(zd_json_patching *p, const zd_json_value *v) {
  uint32_t most = 0;
  p->steps++;
  for (const zd_json_value *c = v->first; c; c = c->next) {
    uint32_t height = zd_json_value_height(p, c);
    if (height > most) most = height;
  }
  return most + 1;
}

/* ---- writing ---- */

static void write_string(zd_slice raw, zd_buffer *out) {
  zd_buffer_add_char(out, '"');
  zd_buffer_add_slice(out, raw);
  zd_buffer_add_char(out, '"');
}

void zd_json_value_write(const zd_json_value *v, zd_buffer *out) {
  if (v->type == ZD_JSON_STRING) {
    write_string(v->raw, out);
    return;
  }
  if (v->type != ZD_JSON_OBJECT && v->type != ZD_JSON_ARRAY) {
    zd_buffer_add_slice(out, v->raw);
    return;
  }
  zd_buffer_add_char(out, v->type == ZD_JSON_OBJECT ? '{' : '[');
  for (const zd_json_value *c = v->first; c && !out->failed; c = c->next) {
    if (c != v->first) zd_buffer_add_char(out, ',');
    if (v->type == ZD_JSON_OBJECT) {
      write_string(c->key_raw, out);
      zd_buffer_add_char(out, ':');
    }
    zd_json_value_write(c, out);
  }
  zd_buffer_add_char(out, v->type == ZD_JSON_OBJECT ? '}' : ']');
}

/* ---- children ---- */

zd_json_value *zd_json_value_member(zd_json_patching *p, const zd_json_value *object, zd_slice key,
                                    zd_err *err) {
  for (zd_json_value *c = object->first; c; c = c->next) {
    if (!step(p, err)) return NULL;
    if (zd_slice_eq(c->key, key)) return c;
  }
  return NULL;
}

zd_json_value *zd_json_value_item(zd_json_patching *p, const zd_json_value *array, uint32_t index,
                                  zd_err *err) {
  zd_json_value *c = array->first;
  for (uint32_t i = 0; i < index; i++, c = c->next)
    if (!step(p, err)) return NULL;
  return c;
}

zd_err zd_json_value_insert(zd_json_patching *p, zd_json_value *parent, uint32_t index,
                            zd_json_value *child) {
  zd_err err = ZD_OK;
  if (index >= parent->count) {
    child->next = NULL;
    append(parent, child);
    return ZD_OK;
  }
  if (index == 0) {
    child->next = parent->first;
    parent->first = child;
  } else {
    zd_json_value *before = zd_json_value_item(p, parent, index - 1, &err);
    if (!before) return err;
    child->next = before->next;
    before->next = child;
  }
  parent->count++;
  return ZD_OK;
}

/* The link that leads to a child. */
static zd_json_value **link_to(zd_json_patching *p, zd_json_value *parent,
                               const zd_json_value *child, zd_json_value **before, zd_err *err) {
  *before = NULL;
  zd_json_value **link = &parent->first;
  while (*link != child) {
    if (!step(p, err)) return NULL;
    *before = *link;
    link = &(*link)->next;
  }
  return link;
}

zd_err zd_json_value_remove(zd_json_patching *p, zd_json_value *parent, zd_json_value *child) {
  zd_err err = ZD_OK;
  zd_json_value *before, **link = link_to(p, parent, child, &before, &err);
  if (!link) return err;
  *link = child->next;
  if (parent->last == child) parent->last = before;
  parent->count--;
  child->next = NULL;
  return ZD_OK;
}

zd_err zd_json_value_replace(zd_json_patching *p, zd_json_value *parent, zd_json_value *old,
                             zd_json_value *v) {
  zd_err err = ZD_OK;
  zd_json_value *before, **link = link_to(p, parent, old, &before, &err);
  if (!link) return err;
  v->key = old->key;
  v->key_raw = old->key_raw;
  v->next = old->next;
  *link = v;
  if (parent->last == old) parent->last = v;
  return ZD_OK;
}

/* ---- comparing ---- */

/* A number as its digits without zeros around them, and the power of ten of the last one. */
typedef struct decimal {
  bool negative;
  zd_slice digits; /* a point may stand among them */
  int64_t exponent;
} decimal;

static size_t count_digits(zd_slice s) {
  size_t n = 0;
  for (size_t i = 0; i < s.n; i++) n += s.p[i] != '.';
  return n;
}

/* False: an exponent beyond all reason. */
static bool take_exponent(zd_slice text, int64_t *exponent) {
  bool negative = text.n && text.p[0] == '-';
  int64_t value = 0;
  if (text.n && (text.p[0] == '-' || text.p[0] == '+')) text = zd_slice_from(text, 1);
  for (size_t i = 0; i < text.n; i++) {
    if (value > INT64_MAX / 100) return false;
    value = value * 10 + (text.p[i] - '0');
  }
  *exponent = negative ? -value : value;
  return true;
}

static bool take_decimal(zd_slice s, decimal *d) {
  d->negative = s.p[0] == '-';
  if (d->negative) s = zd_slice_from(s, 1);
  size_t e = zd_slice_find(s, 'e'), other = zd_slice_find(s, 'E');
  if (other < e) e = other;
  if (!take_exponent(zd_slice_from(s, e + 1), &d->exponent)) return false;
  s.n = e;
  size_t point = zd_slice_find(s, '.');
  if (point < s.n) d->exponent -= (int64_t)(s.n - point - 1);
  while (s.n && (s.p[0] == '0' || s.p[0] == '.')) s = zd_slice_from(s, 1);
  while (s.n && (s.p[s.n - 1] == '0' || s.p[s.n - 1] == '.')) {
    if (s.p[s.n - 1] == '0') d->exponent++;
    s.n--;
  }
  d->digits = s;
  return true;
}

static bool same_digits(zd_slice a, zd_slice b) {
  size_t i = 0, j = 0;
  if (count_digits(a) != count_digits(b)) return false;
  while (i < a.n && j < b.n) {
    if (a.p[i] == '.') {
      i++;
    } else if (b.p[j] == '.') {
      j++;
    } else if (a.p[i++] != b.p[j++]) {
      return false;
    }
  }
  return true;
}

static bool same_number(zd_slice a, zd_slice b) {
  decimal x, y;
  if (zd_slice_eq(a, b)) return true;
  if (!take_decimal(a, &x) || !take_decimal(b, &y)) return false;
  if (!x.digits.n || !y.digits.n) return !x.digits.n && !y.digits.n; /* zero has no sign */
  return x.negative == y.negative && x.exponent == y.exponent && same_digits(x.digits, y.digits);
}

static zd_err same_string(zd_json_patching *p, const zd_json_value *a, const zd_json_value *b) {
  zd_slice x = zd_json_plain(p, a->raw, a->escaped), y = zd_json_plain(p, b->raw, b->escaped);
  if (!x.p || !y.p) return ZD_ERR_MEMORY;
  return zd_slice_eq(x, y) ? ZD_OK : ZD_ERR_REFUSED;
}

zd_err zd_json_value_same(zd_json_patching *p, const zd_json_value *a, const zd_json_value *b) {
  zd_err err = ZD_OK;
  if (!step(p, &err)) return err;
  if (a->type != b->type || a->count != b->count) return ZD_ERR_REFUSED;
  if (a->type == ZD_JSON_STRING) return same_string(p, a, b);
  if (a->type == ZD_JSON_NUMBER) return same_number(a->raw, b->raw) ? ZD_OK : ZD_ERR_REFUSED;
  const zd_json_value *other = b->first;
  for (const zd_json_value *c = a->first; c && err == ZD_OK; c = c->next) {
    if (a->type == ZD_JSON_OBJECT) other = zd_json_value_member(p, b, c->key, &err);
    if (!other) return err == ZD_OK ? ZD_ERR_REFUSED : err;
    err = zd_json_value_same(p, c, other);
    other = other->next;
  }
  return err;
}
