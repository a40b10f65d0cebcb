#include "rest/page.h"

#include "rest/operation.h"

static bool take_number(zd_slice *s, uint64_t *out) {
  uint64_t v = 0;
  size_t i = 0;
  for (; i < s->n && i < 19 && s->p[i] >= '0' && s->p[i] <= '9'; i++)
    v = v * 10 + (uint64_t)(s->p[i] - '0');
  *s = zd_slice_from(*s, i);
  *out = v;
  return i > 0;
}

static bool take_char(zd_slice *s, char ch) {
  if (!s->n || s->p[0] != ch) return false;
  *s = zd_slice_from(*s, 1);
  return true;
}

/* "-<check>-<now>-<before>" */
static bool take_search(zd_slice *s, zd_cursor *out) {
  uint64_t check, now, inner;
  if (!take_number(s, &check) || check > UINT32_MAX || !take_char(s, '-')) return false;
  if (!take_number(s, &now) || now > INT64_MAX || !take_char(s, '-')) return false;
  out->check = (uint32_t)check;
  out->now_ms = (int64_t)now;
  out->search = true;
  if (!take_number(s, &out->before)) return false;
  if (!take_char(s, '-')) return true;
  if (!take_number(s, &inner) || inner > UINT32_MAX) return false;
  out->inner = (uint32_t)inner;
  return true;
}

bool zd_cursor_parse(zd_slice s, zd_cursor *out) {
  uint64_t part = 0;
  *out = (zd_cursor){.after = ZD_NO_ROW};
  if (!take_number(&s, &out->snapshot) || !take_char(&s, '-')) return false;
  if (!take_char(&s, 's') && !take_number(&s, &out->after)) return false;
  if (!take_char(&s, '-')) return false;
  out->back = s.n && s.p[0] == 'b';
  if (!take_char(&s, out->back ? 'b' : 'f') || !take_number(&s, &part) || part > 1) return false;
  out->part = (unsigned)part;
  if (take_char(&s, '-') && !take_search(&s, out)) return false;
  return !s.n;
}

void zd_cursor_write(const zd_cursor *cursor, zd_buffer *out) {
  zd_buffer_add_u64(out, cursor->snapshot);
  zd_buffer_add_char(out, '-');
  if (cursor->after == ZD_NO_ROW)
    zd_buffer_add_char(out, 's');
  else
    zd_buffer_add_u64(out, cursor->after);
  zd_buffer_add(out, cursor->back ? "-b" : "-f", 2);
  zd_buffer_add_u64(out, cursor->part);
  if (!cursor->search) return;
  const uint64_t more[] = {cursor->check, (uint64_t)cursor->now_ms, cursor->before};
  for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
    zd_buffer_add_char(out, '-');
    zd_buffer_add_u64(out, more[i]);
  }
  if (!cursor->inner) return;
  zd_buffer_add_char(out, '-');
  zd_buffer_add_u64(out, cursor->inner);
}

void zd_page_open(zd_call *c, const char *bundle_type, uint64_t total, zd_buffer *out) {
  (void)c;
  zd_buffer_add_slice(out, ZD_S("{\"resourceType\":\"Bundle\",\"type\":\""));
  zd_buffer_add_slice(out, zd_slice_of(bundle_type));
  zd_buffer_add_char(out, '"');
  if (total != UINT64_MAX) {
    zd_buffer_add_slice(out, ZD_S(",\"total\":"));
    zd_buffer_add_u64(out, total);
  }
  zd_buffer_add_slice(out, ZD_S(",\"link\":["));
}

void zd_page_link(zd_call *c, const char *relation, zd_slice url_path, zd_slice query,
                  const zd_cursor *cursor, zd_buffer *out) {
  if (out->n && out->p[out->n - 1] != '[') zd_buffer_add_char(out, ',');
  zd_buffer_add_slice(out, ZD_S("{\"relation\":\""));
  zd_buffer_add_slice(out, zd_slice_of(relation));
  zd_buffer_add_slice(out, ZD_S("\",\"url\":\""));
  zd_buffer_add_json(out, zd_rest_base(c->rest));
  if (url_path.n) zd_buffer_add_char(out, '/');
  zd_buffer_add_json(out, url_path);
  char separator = '?';
  if (query.n) {
    zd_buffer_add_char(out, separator);
    zd_buffer_add_json(out, query);
    separator = '&';
  }
  if (cursor) {
    zd_buffer_add_char(out, separator);
    zd_buffer_add_slice(out, ZD_S("_cursor="));
    zd_cursor_write(cursor, out);
  }
  zd_buffer_add_slice(out, ZD_S("\"}"));
}

void zd_page_entries(zd_buffer *out) {
  zd_buffer_add_char(out, ']');
}

zd_err zd_page_read(zd_call *c, zd_snapshot *v, const zd_row *rows, size_t *n, zd_record **out,
                    zd_fault *fault) {
  enum { PAGE_BYTES = 32 << 20 };
  size_t bytes = 0, i = 0;
  zd_record *records = ZD_NEW_ARRAY(c->arena, zd_record, *n ? *n : 1);
  if (!records) return ZD_ERR_MEMORY;
  for (; i < *n && bytes < PAGE_BYTES; i++) {
    zd_snapshot_expect(v, rows + i, *n - i);
    zd_err err = zd_snapshot_read(v, rows[i], false, c->arena, &records[i], fault);
    if (err != ZD_OK) return err;
    bytes += records[i].body.n;
  }
  *n = i;
  *out = records;
  return ZD_OK;
}

void zd_page_room(zd_call *c, const zd_record *records, size_t n, zd_buffer *out) {
  enum { AROUND = 320 }; /* address, id, stamp, search or request and response */
  size_t room = 1024;
  for (size_t i = 0; i < n; i++) room += records[i].body.n + zd_rest_base(c->rest).n + AROUND;
  zd_buffer_reserve(out, room);
}

static char *put(char *p, zd_slice s) {
  memcpy(p, s.p, s.n);
  return p + s.n;
}

/* Every entry begins so: at once, instead of piece by piece. Its fullUrl is left open. */
static void entry_open(zd_call *c, zd_slice type, zd_slice id, bool first, zd_buffer *out) {
  zd_slice head = first ? ZD_S(",\"entry\":[{\"fullUrl\":\"") : ZD_S(",{\"fullUrl\":\"");
  zd_slice base = zd_buffer_slice(&c->rest->base_json);
  if (!zd_buffer_reserve(out, head.n + base.n + type.n + id.n + 2)) return;
  char *p = put(put(out->p + out->n, head), base);
  *p++ = '/';
  p = put(p, type);
  *p++ = '/';
  p = put(p, id);
  out->n = (size_t)(p - out->p);
}

static zd_slice type_name(zd_call *c, const zd_record *record) {
  zd_type type = zd_search_symbol_type(c->rest->search, record->type);
  return zd_schema_type_info(c->rest->schema, type).name;
}

static void entry_close(const char *mode, zd_buffer *out) {
  if (!zd_buffer_reserve(out, 64)) return;
  char *p = put(out->p + out->n, ZD_S(",\"search\":{\"mode\":\""));
  p = put(put(p, zd_slice_of(mode)), ZD_S("\"}}"));
  out->n = (size_t)(p - out->p);
}

zd_err zd_page_entry(zd_call *c, const zd_interaction *in, const zd_record *record,
                     const char *mode, bool first, zd_buffer *out) {
  entry_open(c, type_name(c, record), (zd_slice){record->id, record->id_n}, first, out);
  zd_buffer_add_slice(out, ZD_S("\",\"resource\":"));
  zd_err err = zd_render(c, in, record, out);
  entry_close(mode, out);
  return err != ZD_OK ? err : zd_buffer_error(out);
}

/* Its fullUrl is the container's, and its own id behind a # (search.html#contained). */
zd_err zd_page_contained(zd_call *c, const zd_interaction *in, const zd_record *record,
                         uint32_t inner, const char *mode, bool first, zd_buffer *out) {
  zd_slice id = {NULL, 0};
  zd_buffer resource;
  zd_buffer_init(&resource, 0);
  zd_err err = zd_render_contained(c, in, record, inner, &id, &resource);
  entry_open(c, type_name(c, record), (zd_slice){record->id, record->id_n}, first, out);
  zd_buffer_add_char(out, '#');
  zd_buffer_add_json(out, id);
  zd_buffer_add_slice(out, ZD_S("\",\"resource\":"));
  zd_buffer_add_slice(out, zd_buffer_slice(&resource));
  entry_close(mode, out);
  zd_buffer_free(&resource);
  return err != ZD_OK ? err : zd_buffer_error(out);
}

static void write_request(const zd_record *record, zd_slice type, zd_buffer *out) {
  static const char *const methods[] = {"POST", "PUT", "DELETE"};
  zd_buffer_add_slice(out, ZD_S(",\"request\":{\"method\":\""));
  /* a create whose id the client chose came by PUT; both are told as the create they were */
  zd_buffer_add_slice(out, zd_slice_of(methods[record->op]));
  zd_buffer_add_slice(out, ZD_S("\",\"url\":\""));
  zd_buffer_add_slice(out, type);
  if (record->op != ZD_OP_CREATE) {
    zd_buffer_add_char(out, '/');
    zd_buffer_add(out, record->id, record->id_n);
  }
  zd_buffer_add_slice(out, ZD_S("\"}"));
}

static void write_response(const zd_record *record, zd_buffer *out) {
  static const char *const statuses[] = {"201", "200", "204"};
  char time[24];
  zd_clock_format(record->time_ms, time);
  zd_buffer_add_slice(out, ZD_S(",\"response\":{\"status\":\""));
  zd_buffer_add_slice(out, zd_slice_of(statuses[record->op]));
  zd_buffer_add_slice(out, ZD_S("\",\"etag\":\"W/\\\""));
  zd_buffer_add_u64(out, record->version);
  zd_buffer_add_slice(out, ZD_S("\\\"\",\"lastModified\":\""));
  zd_buffer_add(out, time, sizeof time);
  zd_buffer_add_slice(out, ZD_S("\"}}"));
}

zd_err zd_page_version(zd_call *c, const zd_interaction *in, const zd_record *record, bool first,
                       zd_buffer *out) {
  zd_slice type = type_name(c, record);
  entry_open(c, type, (zd_slice){record->id, record->id_n}, first, out);
  zd_buffer_add_char(out, '"');
  zd_err err = ZD_OK;
  if (record->op != ZD_OP_DELETE) {
    zd_buffer_add_slice(out, ZD_S(",\"resource\":"));
    err = zd_render(c, in, record, out);
  }
  write_request(record, type, out);
  write_response(record, out);
  return err != ZD_OK ? err : zd_buffer_error(out);
}

void zd_page_close(zd_buffer *out) {
  /* Bundle.entry may not be an empty array */
  bool entries = out->n && out->p[out->n - 1] == '}';
  if (entries) zd_buffer_add_char(out, ']');
  zd_buffer_add_char(out, '}');
}

zd_slice zd_page_path(zd_call *c, const zd_interaction *in) {
  zd_slice type =
      in->type == ZD_NO_TYPE ? ZD_S("") : zd_schema_type_info(c->rest->schema, in->type).name;
  const char *tail = in->kind == ZD_HISTORY ? "_history" : "";
  if (in->kind == ZD_OPERATION)
    return zd_arena_printf(c->arena, "%.*s%s%.*s%s$%s", ZD_SV(type), in->id.p ? "/" : "",
                           ZD_SV(in->id), type.n ? "/" : "", in->operation->code);
  if (in->kind == ZD_SEARCH && in->id.p)
    return zd_arena_printf(c->arena, "%.*s/%.*s/%.*s",
                           ZD_SV(zd_schema_type_info(c->rest->schema, in->compartment).name),
                           ZD_SV(in->id), ZD_SV(type.n ? type : ZD_S("*")));
  if (in->id.p)
    return zd_arena_printf(c->arena, "%.*s/%.*s%s%s", ZD_SV(type), ZD_SV(in->id), *tail ? "/" : "",
                           tail);
  return zd_arena_printf(c->arena, "%.*s%s%s", ZD_SV(type), type.n && *tail ? "/" : "", tail);
}

zd_slice zd_page_query(zd_call *c, zd_slice first, zd_slice second) {
  if (!first.n || !second.n) return first.n ? first : second;
  return zd_arena_printf(c->arena, "%.*s&%.*s", ZD_SV(first), ZD_SV(second));
}
