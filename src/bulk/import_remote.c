/* import_remote.c: to a running server. Resources are checked here, then sent as transactions of a
 * few hundred; a transaction that the server refuses is sent again as a batch, so that the server
 * says which entries it does not want. */
#include <stdio.h>
#include <unistd.h>

#include "bulk/import.h"
#include "http/client.h"

enum { GROUP = 500, TIMEOUT_MS = 120000, PATIENCE = 10 };

typedef struct sender {
  zd_import_piece *p;
  zd_http_client *client;
  zd_buffer entries; /* of the Bundle being gathered */
  uint64_t lines[GROUP];
  size_t n;
} sender;

static void refuse(sender *s, uint64_t line, const char *why, zd_slice detail) {
  zd_issues issues;
  zd_issues_init(&issues, &s->p->arena);
  zd_issue_add(&issues, ZD_ERROR, ZD_ISSUE_PROCESSING, (zd_slice){NULL, 0}, "%s%.*s", why,
               (int)(detail.n < 2000 ? detail.n : 2000), detail.n ? detail.p : "");
  zd_import_refuse(s->p, line, &issues);
}

/* The server has too much to do, has done nothing of this, and says when to come again. */
static bool is_to_wait(const zd_http_answer *a) {
  zd_slice after = zd_http_answer_header(a, "Retry-After");
  bool digit = after.n == 1 && after.p[0] >= '0' && after.p[0] <= '9';
  if (a->status != 503 || !digit) return false;
  sleep((unsigned)(after.p[0] - '0'));
  return true;
}

static zd_err post(sender *s, const char *path, const char *method, zd_slice body,
                   zd_http_answer *a, zd_fault *fault) {
  const zd_http_header headers[] = {{ZD_S("Content-Type"), ZD_S("application/fhir+json")},
                                    {ZD_S("Accept"), ZD_S("application/fhir+json")},
                                    {ZD_S("Prefer"), ZD_S("return=minimal")}};
  zd_err err;
  unsigned tries = 0;
  do {
    err = zd_http_client_request(s->client, method, path, headers, 3, body, a, fault);
  } while (err == ZD_OK && ++tries < PATIENCE && is_to_wait(a));
  if (err == ZD_OK && a->status >= 500)
    return zd_fail(fault, ZD_ERR_IO, "the server answered %d: %.*s", a->status,
                   (int)(a->body.n < 200 ? a->body.n : 200), a->body.n ? a->body.p : "");
  return err;
}

/* Whom the entries of a Bundle that was sent belong to. */
typedef struct receiver {
  sender *s;
  const uint64_t *lines; /* of each entry; NULL: all of one line ... */
  uint64_t line;         /* ... this one */
} receiver;

static void said(void *context, size_t i, bool good, zd_slice status, zd_slice why) {
  receiver *r = context;
  char text[120];
  if (good) {
    r->s->p->written++;
    return;
  }
  if (r->lines)
    snprintf(text, sizeof text, "the server refused it: %.*s%s",
             (int)(status.n < 40 ? status.n : 40), status.p, why.n ? ": " : "");
  else
    snprintf(text, sizeof text, "the server refused Bundle.entry[%zu]: %.*s%s", i,
             (int)(status.n < 40 ? status.n : 40), status.p, why.n ? ": " : "");
  refuse(r->s, r->lines ? r->lines[i] : r->line, text, why);
}

/* Entry by entry: what was stored, and what was not. */
static zd_err count_answer(receiver *r, zd_slice body, size_t n, zd_fault *fault) {
  zd_err err = zd_import_answer(r->s->p->run->o->schema, body, n, said, r);
  return err == ZD_OK ? err
                      : zd_fail(fault, err, "the server's answer to a Bundle is not understood");
}

static zd_err send_group(sender *s, const char *type, zd_http_answer *a, zd_fault *fault) {
  zd_buffer bundle;
  zd_buffer_init(&bundle, 0);
  zd_buffer_printf(&bundle, "{\"resourceType\":\"Bundle\",\"type\":\"%s\",\"entry\":[", type);
  zd_buffer_add_slice(&bundle, zd_buffer_slice(&s->entries));
  zd_buffer_add_slice(&bundle, ZD_S("]}"));
  zd_err err = zd_buffer_error(&bundle);
  if (err == ZD_OK) err = post(s, "/", "POST", zd_buffer_slice(&bundle), a, fault);
  zd_buffer_free(&bundle);
  return err;
}

static zd_err flush(sender *s, zd_fault *fault) {
  zd_http_answer a;
  if (!s->n) return ZD_OK;
  zd_err err = send_group(s, "transaction", &a, fault);
  if (err == ZD_OK && a.status == 200) {
    s->p->written += s->n;
  } else if (err == ZD_OK) {
    err = send_group(s, "batch", &a, fault);
    receiver r = {.s = s, .lines = s->lines};
    if (err == ZD_OK) err = count_answer(&r, a.body, s->n, fault);
  }
  zd_buffer_clear(&s->entries);
  s->n = 0;
  return err;
}

static zd_err add(sender *s, const zd_tree *t, uint32_t root, uint64_t line, zd_fault *fault) {
  uint32_t id = zd_tree_child(t, root, ZD_S("id"));
  if (!id) {
    refuse(s, line, "a resource to import needs an id", (zd_slice){NULL, 0});
    return ZD_OK;
  }
  zd_slice type = zd_schema_type_info(t->schema, t->nodes[root].type).name;
  zd_buffer_add_slice(&s->entries, s->n ? ZD_S(",{\"resource\":") : ZD_S("{\"resource\":"));
  zd_fhir_write_json(t, root, NULL, &s->entries);
  zd_buffer_add_slice(&s->entries, ZD_S(",\"request\":{\"method\":\"PUT\",\"url\":\""));
  zd_buffer_add_slice(&s->entries, type);
  zd_buffer_add_char(&s->entries, '/');
  zd_buffer_add_slice(&s->entries, zd_node_raw(&t->nodes[id]));
  zd_buffer_add_slice(&s->entries, ZD_S("\"}}"));
  if (s->entries.failed) return zd_fail(fault, ZD_ERR_MEMORY, "out of memory");
  s->lines[s->n++] = line;
  return s->n == GROUP ? flush(s, fault) : ZD_OK;
}

static zd_err send_bundle(sender *s, zd_slice text, uint64_t entries, uint64_t line,
                          zd_fault *fault) {
  zd_http_answer a;
  zd_err err = flush(s, fault);
  if (err == ZD_OK) err = post(s, "/", "POST", text, &a, fault);
  s->p->read += entries;
  if (err != ZD_OK) return err;
  receiver r = {.s = s, .line = line};
  if (a.status == 200) return count_answer(&r, a.body, entries, fault);
  refuse(s, line, "the server refused the Bundle: ", a.body);
  s->p->refused += entries ? entries - 1 : 0;
  return ZD_OK;
}

/* What an entry carries, when it carries something. */
static zd_err add_entry(sender *s, zd_fhir_bundle *parts, size_t i, zd_fault *fault) {
  zd_import_piece *p = s->p;
  zd_tree t;
  zd_issues issues;
  uint32_t resource;
  zd_arena_reset(&p->arena);
  zd_issues_init(&issues, &p->arena);
  zd_err err = zd_fhir_bundle_item(parts, zd_buffer_slice(&p->text), parts->split.items[i],
                                   (uint32_t)(p->first_entry + i), &p->arena, &t, &issues);
  if (err == ZD_ERR_MEMORY) return zd_fail(fault, err, "out of memory");
  uint64_t line = issues.n ? issues.items[0].line : parts->line;
  if (err != ZD_OK) {
    p->read++;
    zd_import_refuse(p, line, &issues);
    return ZD_OK;
  }
  if (!(resource = zd_tree_child(&t, 0, ZD_S("resource")))) return ZD_OK;
  p->read++;
  return add(s, &t, resource, line, fault);
}

static zd_err add_entries(sender *s, zd_fhir_bundle *parts, zd_fault *fault) {
  zd_err err = ZD_OK;
  for (size_t i = 0; i < parts->split.count && err == ZD_OK; i++)
    err = add_entry(s, parts, i, fault);
  return err;
}

static zd_err add_resource(sender *s, zd_slice text, uint64_t line, zd_fault *fault) {
  zd_tree t;
  zd_issues issues;
  zd_issues_init(&issues, &s->p->arena);
  zd_err err =
      zd_fhir_read_json(s->p->run->o->schema, text, ZD_NO_TYPE, NULL, &s->p->arena, &t, &issues);
  if (err == ZD_ERR_MEMORY) return zd_fail(fault, err, "out of memory");
  s->p->read++;
  if (err == ZD_OK) return add(s, &t, 0, line, fault);
  zd_import_refuse(s->p, line, &issues);
  return ZD_OK;
}

/* One JSON text: a line, or a whole document. A Bundle to be processed is checked by the server. */
static zd_err take(sender *s, zd_slice text, uint64_t line, zd_fault *fault) {
  zd_fhir_bundle parts;
  zd_arena_reset(&s->p->arena);
  zd_err err = zd_import_split(s->p, text, &parts);
  if (err == ZD_ERR_MEMORY)
    zd_fail(fault, err, "out of memory");
  else if (err == ZD_OK && zd_import_is_job(&parts))
    err = send_bundle(s, text, parts.split.found, line, fault);
  else if (err == ZD_OK && !s->p->file->lines && zd_import_is_collection(&parts))
    err = add_entries(s, &parts, fault);
  else
    err = add_resource(s, text, line, fault);
  zd_fhir_bundle_free(&parts);
  return err;
}

static zd_err take_all(sender *s, zd_fault *fault) {
  zd_slice rest = zd_buffer_slice(&s->p->text);
  if (s->p->streamed) return add_entries(s, &s->p->parts, fault);
  if (!s->p->file->lines) return take(s, rest, 1, fault);
  zd_err err = ZD_OK;
  for (uint64_t line = s->p->first_line; rest.n && err == ZD_OK; line++) {
    size_t end = zd_slice_find(rest, '\n');
    zd_slice text = {rest.p, end};
    rest = zd_slice_from(rest, end + 1);
    if (text.n && text.p[text.n - 1] == '\r') text.n--;
    if (text.n) err = take(s, text, line, fault);
  }
  return err;
}

zd_err zd_import_send(zd_import_piece *p, zd_fault *fault) {
  sender s = {.p = p};
  zd_buffer_init(&s.entries, 0);
  zd_import_wait_turn(p); /* the server sees the files in their order */
  zd_err err = zd_http_client_open(p->run->o->server, TIMEOUT_MS, &s.client, fault);
  if (err == ZD_OK) {
    err = take_all(&s, fault);
    if (err == ZD_OK) err = flush(&s, fault);
    zd_http_client_close(s.client);
  }
  zd_buffer_free(&s.entries);
  return err;
}
