#include "rest/binary.h"

#include <strings.h>

#include "json/json.h"
#include "rest/base64.h"

/* ---- what is wanted ---- */

/* Accept names a format that is FHIR's beyond doubt; XML alone may be meant by browsers, which name
 * it with everything. */
static bool names_fhir(zd_slice accept) {
  zd_slice item, media;
  while (zd_list_next(&accept, ',', &item)) {
    if (!zd_list_next(&item, ';', &media) || !zd_list_weight(item)) continue;
    zd_format format = zd_format_of(media);
    bool plain_xml = zd_word_is(media, "application/xml") || zd_word_is(media, "text/xml");
    if (format == ZD_FORMAT_JSON || (format == ZD_FORMAT_XML && !plain_xml)) return true;
  }
  return false;
}

bool zd_binary_may_be_content(const zd_http_exchange *x, const zd_interaction *in) {
  if (in->kind != ZD_READ && in->kind != ZD_VREAD) return false;
  if (in->summary != ZD_SUMMARY_NONE || in->element_count || in->pretty) return false;
  if (zd_format_asked(zd_http_request_of(x)->query) != ZD_FORMAT_NONE) return false;
  return !names_fhir(zd_http_header_get(x, "Accept"));
}

/* 0: does not fit; 1: all types, 2: of this kind, 3: exactly. */
static int fits(zd_slice range, zd_slice type) {
  size_t slash = zd_slice_find(type, '/');
  if (zd_slice_eq(range, ZD_S("*/*"))) return 1;
  if (!type.n) return 0;
  if (range.n == type.n && strncasecmp(range.p, type.p, type.n) == 0) return 3;
  bool kind = range.n == slash + 2 && slash < type.n && range.p[slash + 1] == '*' &&
              strncasecmp(range.p, type.p, slash + 1) == 0;
  return kind ? 2 : 0;
}

/* Whether Accept takes the type: what the most specific range says. */
static bool accepts(zd_slice accept, zd_slice type) {
  zd_slice item, range;
  int best = 0, weight = 0;
  type.n = zd_slice_find(type, ';');
  while (type.n && type.p[type.n - 1] == ' ') type.n--;
  if (!accept.n) return true;
  while (zd_list_next(&accept, ',', &item)) {
    if (!zd_list_next(&item, ';', &range)) continue;
    int specific = fits(range, type), w = zd_list_weight(item);
    if (!specific || specific < best || (specific == best && w <= weight)) continue;
    best = specific;
    weight = w;
  }
  return weight > 0;
}

/* ---- on the way out ---- */

static zd_slice member(const zd_json_tape *t, zd_slice name, zd_arena *arena) {
  zd_slice raw = zd_json_string(t, 0, name);
  if (!raw.p || zd_slice_find(raw, '\\') == raw.n) return raw;
  char *plain = zd_arena_alloc(arena, raw.n);
  return plain ? (zd_slice){plain, zd_json_unescape(raw, plain)} : (zd_slice){NULL, 0};
}

/* A media type that can stand in a header. */
static zd_slice header_safe(zd_slice type) {
  for (size_t i = 0; i < type.n; i++)
    if (type.p[i] < ' ' || type.p[i] > '~') return ZD_S("application/octet-stream");
  return type.n ? type : ZD_S("application/octet-stream");
}

static void put_content(zd_call *c, const zd_json_tape *t, zd_answer *a, zd_slice content_type,
                        zd_slice *type) {
  zd_slice data = zd_base64_decode(member(t, ZD_S("data"), c->arena), c->arena);
  *type = zd_arena_copy(c->arena, header_safe(content_type));
  zd_buffer_clear(&a->body);
  zd_buffer_add_slice(&a->body, data);
  if (!data.p || !type->p) a->body.failed = ZD_ERR_MEMORY;
}

void zd_binary_unwrap(zd_call *c, zd_slice accept, zd_interaction *in, zd_answer *a,
                      zd_slice *type) {
  zd_json_tape t = {0};
  zd_err err = zd_json_read(zd_buffer_slice(&a->body), NULL, &t, NULL);
  *type = (zd_slice){NULL, 0};
  if (err != ZD_OK) {
    zd_json_free(&t);
    a->body.failed = err;
    return;
  }
  zd_slice content_type = member(&t, ZD_S("contentType"), c->arena);
  if (accepts(accept, content_type)) {
    put_content(c, &t, a, content_type, type);
  } else if (zd_format_accepted(accept) == ZD_FORMAT_XML) {
    in->xml = true;
  } else {
    content_type = zd_arena_copy(c->arena, content_type);
    zd_buffer_clear(&a->body);
    a->version = 0;
    a->last_modified = 0;
    zd_answer_fail(c, a, 406, ZD_ISSUE_NOT_SUPPORTED, ZD_S("http.Accept"),
                   "this Binary is \"%.*s\", or application/fhir+json or +xml; not \"%.*s\"",
                   ZD_SV(content_type), ZD_SV(accept));
  }
  zd_json_free(&t);
}

/* ---- on the way in ---- */

static void add_member(zd_buffer *out, const char *before, zd_slice value, const char *behind) {
  if (!value.n) return;
  zd_buffer_add_slice(out, zd_slice_of(before));
  zd_buffer_add_json(out, value);
  zd_buffer_add_slice(out, zd_slice_of(behind));
}

void zd_binary_wrap(const zd_http_exchange *x, const zd_interaction *in, zd_slice content,
                    zd_buffer *out) {
  zd_buffer_add_slice(out, ZD_S("{\"resourceType\":\"Binary\""));
  add_member(out, ",\"id\":\"", in->id, "\"");
  add_member(out, ",\"contentType\":\"", zd_http_header_get(x, "Content-Type"), "\"");
  add_member(out, ",\"securityContext\":{\"reference\":\"",
             zd_http_header_get(x, "X-Security-Context"), "\"}");
  if (content.n) {
    zd_buffer_add_slice(out, ZD_S(",\"data\":\""));
    zd_base64_encode(content, out);
    zd_buffer_add_char(out, '"');
  }
  zd_buffer_add_char(out, '}');
}
