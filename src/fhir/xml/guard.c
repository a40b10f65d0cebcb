/* guard.c: what is refused before the parser sees a byte of it.
 *
 * Document types (and with them entities of any kind), encodings but UTF-8, and start tags with so
 * many attributes that comparing them pair by pair would take minutes. Markup is cut here as the
 * grammar cuts it, up to its first fault; what follows that the parser does not read.
 */
#include "fhir/xml/read.h"

static zd_slice after_mark(zd_slice text) {
  return zd_slice_starts(text, ZD_S("\xEF\xBB\xBF")) ? zd_slice_from(text, 3) : text;
}

/* Offset behind the next `end` at or behind `at`; the text's length when there is none. */
static size_t behind(zd_slice text, size_t at, zd_slice end) {
  if (at >= text.n) return text.n;
  const char *hit = memmem(text.p + at, text.n - at, end.p, end.n);
  return hit ? (size_t)(hit - text.p) + end.n : text.n;
}

/* A tag from its name on: counts attributes. Offset behind it. */
static size_t tag_end(zd_slice text, size_t at, unsigned *attributes) {
  *attributes = 0;
  while (at < text.n && text.p[at] != '>' && text.p[at] != '<') {
    char c = text.p[at++];
    *attributes += c == '=';
    if (c != '"' && c != '\'') continue;
    const char *hit = memchr(text.p + at, c, text.n - at);
    if (!hit) return text.n;
    at = (size_t)(hit - text.p) + 1;
  }
  return at;
}

/* One piece of markup at '<'; NULL when it may pass, *at behind it. */
static const char *pass(zd_slice text, size_t *at) {
  zd_slice rest = zd_slice_from(text, *at);
  unsigned attributes;
  if (zd_slice_starts(rest, ZD_S("<!--"))) {
    *at = behind(text, *at + 4, ZD_S("-->"));
  } else if (zd_slice_starts(rest, ZD_S("<![CDATA["))) {
    *at = behind(text, *at + 9, ZD_S("]]>"));
  } else if (zd_slice_starts(rest, ZD_S("<!"))) {
    return "a document type is not taken: no DOCTYPE, no entities of one's own";
  } else if (zd_slice_starts(rest, ZD_S("<?"))) {
    *at = behind(text, *at + 2, ZD_S("?>"));
  } else {
    size_t end = tag_end(text, *at + 1, &attributes);
    if (attributes > ZD_XML_TAG_ATTRIBUTES) return "too many attributes in one tag";
    *at = end;
  }
  return NULL;
}

static bool same_word(zd_slice a, zd_slice lower) {
  if (a.n != lower.n) return false;
  for (size_t i = 0; i < a.n; i++) {
    char c = a.p[i] >= 'A' && a.p[i] <= 'Z' ? (char)(a.p[i] | 0x20) : a.p[i];
    if (c != lower.p[i]) return false;
  }
  return true;
}

/* encoding="..." of the declaration, when there is one and it says so. */
static bool says_utf8(zd_slice text) {
  if (!zd_slice_starts(text, ZD_S("<?xml")) || text.n < 6 || (unsigned char)text.p[5] > ' ')
    return true;
  zd_slice declaration = {text.p, behind(text, 5, ZD_S("?>"))};
  zd_slice word = ZD_S("encoding");
  const char *hit = memmem(declaration.p, declaration.n, word.p, word.n);
  if (!hit) return true;
  zd_slice rest = zd_slice_from(declaration, (size_t)(hit - declaration.p) + word.n);
  while (rest.n && (rest.p[0] == '=' || (unsigned char)rest.p[0] <= ' '))
    rest = zd_slice_from(rest, 1);
  if (!rest.n || (rest.p[0] != '"' && rest.p[0] != '\''))
    return true; /* no grammar: refused later */
  char quote = rest.p[0];
  rest = zd_slice_from(rest, 1);
  rest.n = zd_slice_find(rest, quote);
  return same_word(rest, ZD_S("utf-8"));
}

const char *zd_xml_guard(zd_slice text, size_t *at) {
  zd_slice begun = after_mark(text);
  size_t space = 0;
  *at = 0;
  while (space < begun.n && strchr(" \t\r\n", begun.p[space]) && begun.p[space]) space++;
  if (begun.n - space < 2 || begun.p[space] != '<' || !begun.p[space + 1])
    return "not XML in UTF-8";
  if (!says_utf8(begun)) return "an encoding other than UTF-8 is not taken";
  for (size_t i = text.n - begun.n;;) {
    const char *hit = i < text.n ? memchr(text.p + i, '<', text.n - i) : NULL;
    if (!hit) return NULL;
    *at = i = (size_t)(hit - text.p);
    const char *why = pass(text, &i);
    if (why) return why;
  }
}

zd_slice zd_fhir_xml_root(zd_slice text) {
  zd_slice nothing = {NULL, 0};
  for (size_t at = text.n - after_mark(text).n; at < text.n;) {
    zd_slice rest = zd_slice_from(text, at);
    if (zd_slice_starts(rest, ZD_S("<?")) || zd_slice_starts(rest, ZD_S("<!--"))) {
      at = behind(text, at + 2, rest.p[1] == '?' ? ZD_S("?>") : ZD_S("-->"));
    } else if (rest.p[0] == '<') {
      size_t n = 1, from = 1;
      while (n < rest.n && !strchr(" \t\r\n/>", rest.p[n])) {
        if (rest.p[n] == ':') from = n + 1;
        n++;
      }
      return (zd_slice){rest.p + from, n - from};
    } else if ((unsigned char)rest.p[0] > ' ') {
      return nothing;
    } else {
      at++;
    }
  }
  return nothing;
}
