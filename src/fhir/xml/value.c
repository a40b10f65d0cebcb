/* value.c: attribute values to values of the tree, in the form they have in JSON. */
#include "fhir/primitive.h"
#include "fhir/xml/read.h"

/* ---- text as JSON has it ---- */

/* What JSON escapes, of what XML text can hold: no other control characters. */
static const unsigned char special[256] = {
    ['\t'] = 1, ['\n'] = 1, ['\r'] = 1, ['"'] = 1, ['\\'] = 1};

static size_t escapes(zd_slice text) {
  size_t n = 0;
  for (size_t i = 0; i < text.n; i++) n += special[(unsigned char)text.p[i]];
  return n;
}

static char *escape(char *at, char c) {
  *at++ = '\\';
  *at++ = (char)(c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\t' ? 't' : c);
  return at;
}

zd_slice zd_xml_json_text(zd_xml_reader *x, zd_slice text, bool lasting, bool *escaped) {
  size_t more = escapes(text);
  *escaped = more != 0;
  if (!more && lasting) return text;
  char *copy = zd_arena_alloc(x->r.arena, text.n + more + 1), *at = copy;
  if (!copy) {
    zd_xml_stop(x, ZD_ERR_MEMORY);
    return (zd_slice){NULL, 0};
  }
  size_t from = 0;
  for (size_t i = 0; more && i < text.n; i++) {
    if (!special[(unsigned char)text.p[i]]) continue;
    memcpy(at, text.p + from, i - from);
    at = escape(at + (i - from), text.p[i]);
    from = i + 1;
  }
  if (from < text.n) memcpy(at, text.p + from, text.n - from);
  at += text.n - from;
  return (zd_slice){copy, (size_t)(at - copy)};
}

/* ---- what is not a string in JSON ---- */

static bool is_bare(zd_primitive kind) {
  return kind == ZD_PRIM_BOOLEAN || kind == ZD_PRIM_INTEGER || kind == ZD_PRIM_POSITIVE_INT ||
         kind == ZD_PRIM_UNSIGNED_INT || kind == ZD_PRIM_DECIMAL;
}

static size_t digits(zd_slice s, size_t at) {
  while (at < s.n && s.p[at] >= '0' && s.p[at] <= '9') at++;
  return at;
}

/* -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)? */
static bool is_number(zd_slice s) {
  size_t at = s.n && s.p[0] == '-', from = at;
  at = digits(s, at);
  if (at == from || (s.p[from] == '0' && at > from + 1)) return false;
  if (at < s.n && s.p[at] == '.') {
    from = ++at;
    at = digits(s, at);
    if (at == from) return false;
  }
  if (at < s.n && (s.p[at] | 0x20) == 'e') {
    at++;
    if (at < s.n && (s.p[at] == '+' || s.p[at] == '-')) at++;
    from = at;
    at = digits(s, at);
    if (at == from) return false;
  }
  return at == s.n;
}

static const char *check_bare(zd_primitive kind, zd_slice s) {
  if (kind == ZD_PRIM_BOOLEAN)
    return zd_slice_eq(s, ZD_S("true")) || zd_slice_eq(s, ZD_S("false")) ? NULL
                                                                         : "not true or false";
  return is_number(s) ? NULL : "not a number";
}

/* ---- the value ---- */

static void check_binding(zd_xml_reader *x, zd_element e, uint32_t node,
                          const zd_read_place *place) {
  zd_reader *r = &x->r;
  if (zd_image_element_at(r->schema, e)->required == 0xFFFF) return;
  zd_slice code = zd_node_text(&r->nodes[node], r->arena);
  if (!code.p || zd_schema_bound_code(r->schema, e, code) != 0) return;
  zd_read_issue(r, place, ZD_ISSUE_CODE_INVALID, r->nodes[node].source,
                "\"%.*s\" is not in the value set that %.*s requires", ZD_SV(zd_read_excerpt(code)),
                ZD_SV(place->name));
}

void zd_xml_value_of(zd_xml_reader *x, zd_element e, zd_type type, uint32_t node,
                     const zd_read_place *place, const zd_xml_attribute *a, size_t at) {
  zd_reader *r = &x->r;
  zd_primitive kind = (zd_primitive)zd_image_type_at(r->schema, type)->primitive;
  zd_issue_code code = ZD_ISSUE_VALUE;
  bool escaped = false, bare = is_bare(kind);
  const char *wrong = a->value.n == 0 ? "an empty value" : bare ? check_bare(kind, a->value) : NULL;
  zd_slice raw = zd_xml_json_text(x, a->value, a->in_text, &escaped);
  if (!raw.p) return;
  zd_node *n = &r->nodes[node];
  n->p = raw.p;
  n->n = (uint32_t)raw.n;
  n->flags = bare ? ZD_NODE_BARE : ZD_NODE_STRING;
  if (escaped) n->flags |= ZD_NODE_ESCAPED;
  if (!wrong) wrong = zd_primitive_check_json(kind, raw, escaped, r->arena, &code);
  if (wrong) {
    zd_slice shown = zd_read_excerpt(raw);
    zd_read_issue(r, place, code, at, "%s: \"%.*s\"%s", wrong, ZD_SV(shown),
                  shown.n < raw.n ? "..." : "");
  } else if (kind == ZD_PRIM_CODE) {
    check_binding(x, e, node, place);
  }
}

void zd_xml_value(zd_xml_reader *x, const zd_xml_frame *f, const zd_xml_attribute *a) {
  zd_xml_value_of(x, f->element, f->type, f->node, f->here, a, f->at);
}
