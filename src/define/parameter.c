#include "define/parameter.h"

#include "json/json.h"

/* The unescaped value of a string; absent when it is none, or memory is exhausted. */
static zd_slice text_of(const zd_json_tape *t, uint32_t node, zd_arena *arena, bool *memory) {
  if (!node || zd_json_type_of(t, node) != ZD_JSON_STRING) return (zd_slice){NULL, 0};
  zd_slice raw = zd_json_raw(t, node);
  char *p = zd_arena_alloc(arena, raw.n + 1);
  if (!p) *memory = false;
  return p ? (zd_slice){p, zd_json_unescape(raw, p)} : (zd_slice){NULL, 0};
}

static size_t count_items(const zd_json_tape *t, uint32_t list) {
  size_t n = 0;
  for (uint32_t c = list ? zd_json_first(t, list) : 0; c; c = zd_json_next(t, list, c)) n++;
  return n;
}

static int type_of(zd_slice name) {
  static const char *const names[] = {"number",    "date",     "string", "token",  "reference",
                                      "composite", "quantity", "uri",    "special"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (zd_slice_eq(name, zd_slice_of(names[i]))) return (int)i;
  return -1;
}

typedef struct reader {
  const zd_json_tape *tape;
  zd_parameter *p;
  zd_arena *arena;
  bool memory;
} reader;

static zd_slice member(reader *r, const char *name) {
  return text_of(r->tape, zd_json_find(r->tape, 0, zd_slice_of(name)), r->arena, &r->memory);
}

/* Types of resources; `out` may be NULL when only their names are of interest. */
static void read_types(reader *r, const char *name, zd_type *out, size_t *n) {
  const zd_schema *r4 = zd_schema_r4();
  uint32_t list = zd_json_find(r->tape, 0, zd_slice_of(name));
  size_t i = 0;
  for (uint32_t c = list ? zd_json_first(r->tape, list) : 0; c;
       c = zd_json_next(r->tape, list, c), i++) {
    zd_slice text = text_of(r->tape, c, r->arena, &r->memory);
    zd_type type = text.p ? zd_schema_type(r4, text) : ZD_NO_TYPE;
    if (type != ZD_NO_TYPE && zd_schema_type_info(r4, type).kind == ZD_KIND_RESOURCE) {
      if (out) out[(*n)++] = type;
    } else if (!r->p->unknown_at.p) {
      r->p->unknown = text.p ? text : ZD_S("");
      r->p->unknown_at = zd_arena_printf(r->arena, "SearchParameter.%s[%zu]", name, i);
    }
  }
}

static void read_components(reader *r) {
  uint32_t list = zd_json_find(r->tape, 0, ZD_S("component"));
  size_t n = count_items(r->tape, list);
  r->p->components = ZD_NEW_ARRAY(r->arena, zd_slice, n + 1);
  if (!r->p->components) {
    r->memory = false;
    return;
  }
  for (uint32_t c = list ? zd_json_first(r->tape, list) : 0; c;
       c = zd_json_next(r->tape, list, c)) {
    uint32_t definition = zd_json_find(r->tape, c, ZD_S("definition"));
    zd_slice url = text_of(r->tape, definition, r->arena, &r->memory);
    url.n = url.p ? zd_slice_find(url, '|') : 0;
    r->p->components[r->p->component_count++] = url;
  }
}

zd_err zd_parameter_read(zd_parameter *p, zd_arena *arena) {
  zd_json_tape tape = {0};
  zd_err err = zd_json_read(p->text, NULL, &tape, NULL);
  reader r = {.tape = &tape, .p = p, .arena = arena, .memory = true};
  if (!err &&
      !zd_json_is(&tape, zd_json_find(&tape, 0, ZD_S("resourceType")), ZD_S("SearchParameter")))
    err = ZD_ERR_CORRUPT;
  if (!err) {
    size_t bases = count_items(&tape, zd_json_find(&tape, 0, ZD_S("base")));
    p->url = member(&r, "url");
    p->code = member(&r, "code");
    p->status = member(&r, "status");
    p->expression = member(&r, "expression");
    zd_slice type = member(&r, "type");
    p->type = type.p ? type_of(type) : -1;
    p->bases = ZD_NEW_ARRAY(arena, zd_type, bases + 1);
    if (!p->bases) r.memory = false;
    if (r.memory) read_types(&r, "base", p->bases, &p->base_count);
    if (r.memory) read_types(&r, "target", NULL, NULL);
    read_components(&r);
  }
  zd_json_free(&tape);
  if (err == ZD_ERR_MEMORY || !r.memory) return ZD_ERR_MEMORY;
  return err ? ZD_ERR_CORRUPT : ZD_OK;
}
