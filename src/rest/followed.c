#include "rest/followed.h"

#include "fhir/tree.h"

enum { GIVEN_MOST = 100000 }; /* about 140 bytes each */

/* A text that was seen. */
typedef struct name {
  size_t at; /* in seen.bytes */
  uint32_t n;
  enum { NOTHING, NOTED, GIVEN } state;
} name;

static size_t name_count(const zd_followed *f) {
  return f->names.n / sizeof(name);
}

static name *name_at(const zd_followed *f, size_t i) {
  return (name *)(void *)(f->names.p + i * sizeof(name));
}

void zd_followed_init(zd_followed *f, const zd_rest *rest, zd_arena *scratch) {
  *f = (zd_followed){.rest = rest, .scratch = scratch};
  zd_buffer_init(&f->rows, 0);
  zd_buffer_init(&f->names, 0);
}

void zd_followed_free(zd_followed *f) {
  zd_buffer_free(&f->rows);
  zd_buffer_free(&f->names);
  zd_texts_free(&f->seen);
}

zd_row zd_followed_row(const zd_followed *f, size_t i) {
  zd_row row;
  memcpy(&row, f->rows.p + i * sizeof row, sizeof row);
  return row;
}

/* ---- from a text to a row ---- */

static zd_err add_target(zd_followed *f, zd_type type, zd_slice id, zd_fault *fault) {
  zd_row row;
  zd_record record;
  bool wanted = false;
  uint32_t symbol = zd_search_type_symbol(f->rest->search, type);
  zd_err err = zd_snapshot_find(f->v, symbol, id, &row);
  if (err == ZD_ERR_NOT_FOUND) return ZD_OK; /* nothing promises that references lead somewhere */
  if (err == ZD_OK) err = zd_snapshot_read(f->v, row, true, f->scratch, &record, fault);
  if (err != ZD_OK || record.op == ZD_OP_DELETE) return err;
  err = f->wanted(f->state, type, row, &wanted);
  if (err != ZD_OK || !wanted) return err;
  zd_buffer_add(&f->rows, &row, sizeof row);
  return zd_buffer_error(&f->rows);
}

/* Adds a text to those seen. */
static zd_err see(zd_followed *f, zd_slice text, size_t *number, bool *is_new) {
  zd_err err = zd_texts_add(&f->seen, text, number, is_new);
  if (err != ZD_OK || !*is_new) return err;
  name x = {f->seen.bytes.n - text.n, (uint32_t)text.n, NOTHING};
  zd_buffer_add(&f->names, &x, sizeof x);
  return zd_buffer_error(&f->names);
}

/* A resource may be named in several forms: it is its plain name that is noted. */
static zd_err take_text(zd_followed *f, zd_slice text) {
  zd_type type;
  zd_slice id;
  bool is_new;
  size_t number;
  zd_err err = see(f, text, &number, &is_new);
  if (err != ZD_OK || !is_new || !zd_search_reference(f->rest->search, text, &type, &id))
    return err;
  zd_slice type_name = zd_schema_type_info(f->rest->schema, type).name;
  if (text.n != type_name.n + 1 + id.n) {
    text = zd_arena_printf(f->scratch, "%.*s/%.*s", ZD_SV(type_name), ZD_SV(id));
    err = text.p ? see(f, text, &number, &is_new) : ZD_ERR_MEMORY;
  }
  if (err == ZD_OK && is_new) name_at(f, number)->state = NOTED;
  return err;
}

zd_err zd_followed_given(zd_followed *f, zd_type type, zd_slice id) {
  enum { NAME_MAX_BYTES = 160 };
  char text[NAME_MAX_BYTES];
  bool is_new;
  size_t number;
  zd_slice type_name = zd_schema_type_info(f->rest->schema, type).name;
  if (f->given == GIVEN_MOST || type_name.n + 1 + id.n > sizeof text) return ZD_OK;
  memcpy(text, type_name.p, type_name.n);
  text[type_name.n] = '/';
  memcpy(text + type_name.n + 1, id.p, id.n);
  zd_err err = see(f, (zd_slice){text, type_name.n + 1 + id.n}, &number, &is_new);
  if (err != ZD_OK) return err;
  f->given++;
  name_at(f, number)->state = GIVEN;
  return ZD_OK;
}

zd_err zd_followed_next(zd_followed *f, bool *more, zd_fault *fault) {
  zd_type type;
  zd_slice id;
  while (f->next < name_count(f) && name_at(f, f->next)->state != NOTED) f->next++;
  *more = f->next < name_count(f);
  if (!*more) return ZD_OK;
  const name *x = name_at(f, f->next++);
  zd_slice text = {f->seen.bytes.p + x->at, x->n};
  return zd_search_reference(f->rest->search, text, &type, &id) ? add_target(f, type, id, fault)
                                                                : ZD_OK;
}

static bool is_binary(const zd_followed *f, zd_slice text) {
  zd_type type;
  zd_slice id;
  return zd_search_reference(f->rest->search, text, &type, &id) &&
         zd_slice_eq(zd_schema_type_info(f->rest->schema, type).name, ZD_S("Binary"));
}

/* ---- finding texts ---- */

/* End of the JSON string that begins at p, in front of its closing quote; NULL: none. */
static const char *string_end(const char *p, const char *end) {
  for (const char *q = p; (q = memchr(q, '"', (size_t)(end - q))); q++) {
    size_t slashes = 0;
    while (q - slashes > p && q[-1 - (ptrdiff_t)slashes] == '\\') slashes++;
    if (slashes % 2 == 0) return q;
  }
  return NULL;
}

/* Where `text` stands first in p[0..n), found by the rare letter at text.p[rare]; NULL: nowhere.
 * The texts are short, and so are bodies: memmem would spend most of its time on preparing. */
static const char *find(const char *p, size_t n, zd_slice text, size_t rare) {
  const char *end = p + n, *at = p + rare;
  while (at < end && (at = memchr(at, text.p[rare], (size_t)(end - at)))) {
    if ((size_t)(end - (at - rare)) < text.n) return NULL;
    if (memcmp(at - rare, text.p, text.n) == 0) return at - rare;
    at++;
  }
  return NULL;
}

/* Any letter may stand escaped. */
static bool may_name_binary(zd_slice body) {
  return find(body.p, body.n, ZD_S("Binary"), 0) || find(body.p, body.n, ZD_S("\\u"), 0);
}

/* Takes the strings that stand behind `member`. */
static zd_err take_members(zd_followed *f, zd_slice body, zd_slice member, size_t rare,
                           bool binary) {
  const char *at = body.p, *end = body.p + body.n;
  zd_err err = ZD_OK;
  while (err == ZD_OK && (at = find(at, (size_t)(end - at), member, rare))) {
    const char *p = at + member.n, *q = string_end(p, end);
    if (!q) return ZD_ERR_CORRUPT;
    zd_slice text = {p, (size_t)(q - p)};
    at = q;
    if (!text.n || text.p[0] == '#') continue; /* contained: part of this one */
    if (memchr(text.p, '\\', text.n)) {
      zd_node node = {.p = text.p, .n = (uint32_t)text.n, .flags = ZD_NODE_ESCAPED};
      text = zd_node_text(&node, f->scratch);
      if (!text.p) return ZD_ERR_MEMORY;
    }
    if (!binary || is_binary(f, text)) err = take_text(f, text);
  }
  return err;
}

zd_err zd_follow(zd_followed *f, zd_slice body) {
  zd_err err = take_members(f, body, ZD_S("\"reference\":\""), 3, false);
  if (err != ZD_OK || !may_name_binary(body)) return err;
  return take_members(f, body, ZD_S("\"url\":\""), 2, true);
}
