/* html.c: htmlChecks (R4 narrative.html: what the XHTML of a narrative may hold) */
#include "fhirpath/functions.h"

static const char *const elements[] = {
    "p",   "br",    "div",     "h1",       "h2",      "h3",     "h4",         "h5",    "h6",
    "a",   "span",  "b",       "em",       "i",       "strong", "small",      "big",   "tt",
    "dfn", "q",     "var",     "abbr",     "acronym", "cite",   "blockquote", "hr",    "address",
    "bdo", "kbd",   "sub",     "sup",      "ul",      "ol",     "li",         "dl",    "dt",
    "dd",  "table", "caption", "colgroup", "col",     "thead",  "tr",         "tfoot", "tbody",
    "th",  "td",    "code",    "samp",     "img",     "map",    "area",       "pre",   NULL};
static const char *const attributes[] = {
    "title",       "style",       "class", "id",       "lang",    "xml:lang", "dir",
    "accesskey",   "tabindex",    "span",  "width",    "align",   "valign",   "char",
    "charoff",     "abbr",        "axis",  "headers",  "scope",   "rowspan",  "colspan",
    "href",        "hreflang",    "name",  "rel",      "src",     "alt",      "border",
    "cellpadding", "cellspacing", "frame", "rules",    "summary", "nowrap",   "height",
    "xmlns",       "cite",        "type",  "longdesc", "usemap",  "ismap",    "shape",
    "coords",      "bgcolor",     NULL};

static bool in_list(zd_slice name, const char *const *list) {
  for (; *list; list++)
    if (zd_slice_eq(name, zd_slice_of(*list))) return true;
  return false;
}

typedef struct reader {
  zd_slice s;
  size_t at;
  zd_slice open[64]; /* elements that are not closed yet */
  unsigned depth;
  bool text; /* there is something to read */
} reader;

static bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool more(const reader *r) {
  return r->at < r->s.n;
}

static void skip_blank(reader *r) {
  while (more(r) && is_blank(r->s.p[r->at])) r->at++;
}

static zd_slice take_name(reader *r) {
  size_t from = r->at;
  while (more(r) && !is_blank(r->s.p[r->at]) && !strchr("=/>\"'<", r->s.p[r->at])) r->at++;
  return (zd_slice){r->s.p + from, r->at - from};
}

/* No scripts: in links, and in styles that would run one. */
static bool is_safe(zd_slice name, zd_slice value) {
  if (!zd_slice_eq(name, ZD_S("href")) && !zd_slice_eq(name, ZD_S("src"))) return true;
  while (value.n && is_blank(value.p[0])) value = zd_slice_from(value, 1);
  static const char script[] = "javascript:";
  if (value.n < sizeof script - 1) return true;
  for (size_t i = 0; i < sizeof script - 1; i++)
    if ((value.p[i] | 32) != script[i] && value.p[i] != script[i]) return true;
  return false;
}

/* name="value" */
static bool take_attribute(reader *r) {
  zd_slice name = take_name(r);
  bool known = in_list(name, attributes) || zd_slice_starts(name, ZD_S("xmlns:"));
  skip_blank(r);
  if (!known || !more(r) || r->s.p[r->at] != '=') return false;
  r->at++;
  skip_blank(r);
  if (!more(r) || (r->s.p[r->at] != '"' && r->s.p[r->at] != '\'')) return false;
  char quote = r->s.p[r->at++];
  zd_slice rest = zd_slice_from(r->s, r->at);
  size_t n = zd_slice_find(rest, quote);
  if (n == rest.n || zd_slice_find((zd_slice){rest.p, n}, '<') < n) return false;
  r->at += n + 1;
  return is_safe(name, (zd_slice){rest.p, n});
}

static bool take_tag(reader *r) {
  bool closing = r->s.p[r->at] == '/';
  if (closing) r->at++;
  zd_slice name = take_name(r);
  skip_blank(r);
  if (closing) {
    if (!r->depth || !zd_slice_eq(r->open[--r->depth], name)) return false;
    return more(r) && r->s.p[r->at++] == '>';
  }
  if (!in_list(name, elements) || (!r->depth && !zd_slice_eq(name, ZD_S("div")))) return false;
  if (zd_slice_eq(name, ZD_S("img"))) r->text = true;
  while (more(r) && r->s.p[r->at] != '>' && r->s.p[r->at] != '/') {
    if (!take_attribute(r)) return false;
    skip_blank(r);
  }
  if (more(r) && r->s.p[r->at] == '/') {
    r->at++;
    return more(r) && r->s.p[r->at++] == '>';
  }
  if (!more(r) || r->depth == sizeof r->open / sizeof *r->open) return false;
  r->at++;
  r->open[r->depth++] = name;
  return true;
}

static bool take_markup(reader *r) {
  zd_slice rest = zd_slice_from(r->s, r->at);
  if (zd_slice_starts(rest, ZD_S("<!--"))) {
    const char *end = memmem(rest.p + 4, rest.n - 4, "-->", 3);
    if (end) r->at += (size_t)(end - rest.p) + 3;
    return end != NULL;
  }
  r->at++;
  return more(r) && take_tag(r);
}

static bool is_narrative(zd_slice text) {
  reader r = {.s = text};
  skip_blank(&r);
  while (more(&r)) {
    if (r.s.p[r.at] == '<') {
      if (!take_markup(&r)) return false;
    } else {
      if (!is_blank(r.s.p[r.at])) {
        if (!r.depth) return false;
        r.text = true;
      }
      r.at++;
    }
  }
  return !r.depth && r.text;
}

bool zd_fp_run_html_checks(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f,
                           zd_fp_seq *out) {
  zd_fhirpath_item a;
  bool has;
  if (!zd_fp_input_as(r, o, f, ZD_FP_STRING, &a, &has)) return false;
  if (!has) return zd_fp_give_none(out);
  return zd_fp_spend(r, o, a.n) && zd_fp_give_boolean(out, is_narrative(zd_fp_string_of(&a)));
}
