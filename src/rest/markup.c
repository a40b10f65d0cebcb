#include "rest/markup.h"

#include "fhir/xml.h"

/* What is sent may be deeper and larger than what is taken: a Bundle is around it. */
static const zd_read_limits limits = {.depth = ZD_JSON_MAX_DEPTH, .nodes = 100000000};

enum { MOST_AT_ONCE = 1 << 20 }; /* entries in one part */

void zd_markup_init(zd_markup *m, const zd_schema *schema, bool laid_out) {
  *m = (zd_markup){.schema = schema, .laid_out = laid_out};
  zd_fhir_bundle_init(&m->bundle, schema, &limits, MOST_AT_ONCE);
  zd_buffer_init(&m->text, 0);
  zd_arena_init(&m->arena, 0);
}

void zd_markup_free(zd_markup *m) {
  zd_fhir_bundle_free(&m->bundle);
  zd_buffer_free(&m->text);
  zd_arena_free(&m->arena);
}

/* Our own answers have no faults. */
static zd_err as_ours(zd_err err) {
  return err == ZD_ERR_INVALID || err == ZD_ERR_LIMIT ? ZD_ERR_INTERNAL : err;
}

static zd_err write_resource(zd_markup *m, zd_slice json, zd_buffer *out) {
  zd_tree tree;
  zd_issues issues;
  zd_xml_layout layout = {.declaration = true, .laid_out = m->laid_out};
  zd_arena_reset(&m->arena);
  zd_issues_init(&issues, &m->arena);
  zd_err err = zd_fhir_read_json(m->schema, json, ZD_NO_TYPE, &limits, &m->arena, &tree, &issues);
  if (err != ZD_OK) return as_ours(err);
  zd_fhir_write_xml(&tree, 0, &layout, out);
  return zd_buffer_error(out);
}

/* ---- a Bundle in parts ---- */

static zd_slice close_tag(const zd_markup *m) {
  return m->laid_out ? ZD_S("\n</Bundle>") : ZD_S("</Bundle>");
}

/* All before the first entry: the Bundle without its entries, and left open. */
static zd_err write_head(zd_markup *m, zd_buffer *out) {
  zd_slice entries = ZD_S(",\"entry\":[");
  zd_slice head = {m->text.p, (size_t)(m->bundle.split.items[0].at - m->from)};
  zd_buffer whole;
  if (!zd_slice_ends(head, entries)) return ZD_ERR_INTERNAL;
  zd_buffer_init(&whole, 0);
  zd_buffer_add(&whole, head.p, head.n - entries.n);
  zd_buffer_add_char(&whole, '}');
  zd_err err = zd_buffer_error(&whole);
  if (err == ZD_OK) err = write_resource(m, zd_buffer_slice(&whole), out);
  zd_buffer_free(&whole);
  if (err != ZD_OK) return err;
  if (!zd_slice_ends(zd_buffer_slice(out), close_tag(m))) return ZD_ERR_INTERNAL;
  out->n -= close_tag(m).n;
  return ZD_OK;
}

static zd_err write_entry(zd_markup *m, zd_json_item item, zd_buffer *out) {
  zd_tree tree;
  zd_issues issues;
  zd_xml_layout layout = {.laid_out = m->laid_out, .depth = 1};
  zd_arena_reset(&m->arena);
  zd_issues_init(&issues, &m->arena);
  item.at -= m->from;
  zd_err err = zd_fhir_bundle_item(&m->bundle, zd_buffer_slice(&m->text), item, m->entries,
                                   &m->arena, &tree, &issues);
  if (err != ZD_OK) return as_ours(err);
  zd_fhir_write_xml(&tree, 0, &layout, out);
  return zd_buffer_error(out);
}

static zd_err write_entries(zd_markup *m, zd_buffer *out) {
  zd_json_split *split = &m->bundle.split;
  zd_err err = ZD_OK;
  if (split->count && !m->entries) err = write_head(m, out);
  for (size_t i = 0; i < split->count && err == ZD_OK; i++, m->entries++)
    err = write_entry(m, split->items[i], out);
  split->count = 0;
  return err;
}

/* What has been written is kept no longer. */
static void forget(zd_markup *m) {
  uint64_t pending = zd_json_split_pending(&m->bundle.split);
  if (!m->entries || pending <= m->from) return;
  size_t gone = (size_t)(pending - m->from);
  if (gone > m->text.n) gone = m->text.n;
  memmove(m->text.p, m->text.p + gone, m->text.n - gone);
  m->text.n -= gone;
  m->from += gone;
}

/* Behind the entries nothing may stand: in XML it would stand before them. */
static zd_err end(zd_markup *m, zd_buffer *out) {
  if (!m->entries) return write_resource(m, zd_buffer_slice(&m->text), out);
  if (!zd_slice_ends(zd_buffer_slice(&m->bundle.split.outer), ZD_S("]}"))) return ZD_ERR_INTERNAL;
  if (m->bundle.split.found != m->entries) return ZD_ERR_INTERNAL;
  zd_buffer_add_slice(out, close_tag(m));
  return zd_buffer_error(out);
}

zd_err zd_markup_part(zd_markup *m, zd_slice part, bool last, zd_buffer *out) {
  zd_buffer_add_slice(&m->text, part);
  zd_err err = zd_buffer_error(&m->text);
  if (err == ZD_OK) err = zd_fhir_bundle_feed(&m->bundle, part);
  if (err == ZD_OK) err = write_entries(m, out);
  if (err == ZD_OK && last) return end(m, out);
  forget(m);
  return err;
}

zd_err zd_markup_whole(const zd_schema *schema, zd_slice json, bool laid_out, zd_buffer *out) {
  zd_markup m;
  size_t before = out->n;
  zd_err err = ZD_ERR_INTERNAL;
  zd_markup_init(&m, schema, laid_out);
  if (zd_slice_starts(json, ZD_S("{\"resourceType\":\"Bundle\"")))
    err = zd_markup_part(&m, json, true, out);
  if (err == ZD_ERR_INTERNAL) { /* no Bundle, or a stored one with more behind its entries */
    out->n = before;
    err = write_resource(&m, json, out);
  }
  zd_markup_free(&m);
  return err;
}
