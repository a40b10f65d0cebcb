/* escape.c: text as XML has it. What white space an attribute's value has is kept by writing it as
 * character references, for readers make spaces of it else; a carriage return everywhere. */
#include "fhir/xml/write.h"

enum { TEXT = 1, ATTRIBUTE = 2 };

/* Where a byte needs a look. */
static const unsigned char classes[256] = {
    ['&'] = TEXT | ATTRIBUTE,  ['<'] = TEXT | ATTRIBUTE, ['>'] = TEXT | ATTRIBUTE,
    ['"'] = ATTRIBUTE,         ['\t'] = ATTRIBUTE,       ['\n'] = ATTRIBUTE,
    ['\r'] = TEXT | ATTRIBUTE, [0xEF] = TEXT | ATTRIBUTE};

static zd_slice replacement(const char *p, size_t left) {
  switch (*p) {
    case '&':
      return ZD_S("&amp;");
    case '<':
      return ZD_S("&lt;");
    case '>':
      return ZD_S("&gt;");
    case '"':
      return ZD_S("&quot;");
    case '\t':
      return ZD_S("&#9;");
    case '\n':
      return ZD_S("&#10;");
    case '\r':
      return ZD_S("&#13;");
    default: /* U+FFFE, U+FFFF: no characters of XML */
      if (left >= 3 && (unsigned char)p[1] == 0xBF && (unsigned char)p[2] >= 0xBE)
        return ZD_S("\xEF\xBF\xBD");
      return (zd_slice){NULL, 0};
  }
}

static void add(zd_buffer *out, zd_slice text, unsigned char class) {
  size_t from = 0;
  for (size_t i = 0; i < text.n; i++) {
    if (!(classes[(unsigned char)text.p[i]] & class)) continue;
    zd_slice r = replacement(text.p + i, text.n - i);
    if (!r.p) continue;
    zd_buffer_add(out, text.p + from, i - from);
    zd_buffer_add_slice(out, r);
    from = i + ((unsigned char)text.p[i] == 0xEF ? 3 : 1);
  }
  if (from < text.n) zd_buffer_add(out, text.p + from, text.n - from);
}

void zd_xml_add_attribute(zd_buffer *out, zd_slice text) {
  add(out, text, ATTRIBUTE);
}

void zd_xml_add_text(zd_buffer *out, zd_slice text) {
  add(out, text, TEXT);
}
