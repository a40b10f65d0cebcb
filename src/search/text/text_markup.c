/* text_markup.c: what a reader of a narrative sees (narrative.html), as plain text. Any bytes will
 * do: what is no markup is text. */
#include <utf8proc.h>

#include "search/text/text.h"

/* Letters, in the order of their code points. */
static const char latin[] =
    "Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute "
    "Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml "
    "Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc "
    "euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave "
    "uacute ucirc uuml yacute thorn yuml";
static const char greek[] =
    "Alpha Beta Gamma Delta Epsilon Zeta Eta Theta Iota Kappa Lambda Mu Nu Xi Omicron Pi Rho - "
    "Sigma Tau Upsilon Phi Chi Psi Omega - - - - - - - alpha beta gamma delta epsilon zeta eta "
    "theta iota kappa lambda mu nu xi omicron pi rho sigmaf sigma tau upsilon phi chi psi omega";

static const struct {
  const char *name;
  int32_t point;
} others[] = {
    {"amp", '&'},      {"lt", '<'},       {"gt", '>'},       {"quot", '"'},    {"apos", '\''},
    {"rsquo", 0x2019}, {"shy", 0xAD},     {"zwj", 0x200D},   {"zwnj", 0x200C}, {"OElig", 0x152},
    {"oelig", 0x153},  {"Scaron", 0x160}, {"scaron", 0x161}, {"Yuml", 0x178},  {"fnof", 0x192},
    {"ordf", 0xAA},    {"ordm", 0xBA},    {"micro", 0xB5},   {"sup1", 0xB9},   {"sup2", 0xB2},
    {"sup3", 0xB3},    {"frac14", 0xBC},  {"frac12", 0xBD},  {"frac34", 0xBE},
};

/* Tags that a word may have inside. */
static const char within[] =
    " a abbr acronym b bdo big cite code del dfn em font i ins kbd q s samp small span strike "
    "strong sub sup tt u var ";

/* Number of a name in a list of names, -1 when it is not there. */
static int place_in(const char *names, zd_slice name) {
  int place = 0;
  for (zd_slice rest = zd_slice_of(names); rest.n; place++) {
    size_t end = zd_slice_find(rest, ' ');
    if (zd_slice_eq((zd_slice){rest.p, end}, name)) return place;
    rest = zd_slice_from(rest, end + 1);
  }
  return -1;
}

static int32_t named(zd_slice name) {
  int place = place_in(latin, name);
  if (place >= 0) return 0xC0 + place;
  place = place_in(greek, name);
  if (place >= 0) return 0x391 + place;
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (zd_slice_eq(name, zd_slice_of(others[i].name))) return others[i].point;
  return ' ';
}

static int digit_of(char c, int base) {
  if (c >= '0' && c <= '9') return c - '0';
  if (base == 16 && (c | 0x20) >= 'a' && (c | 0x20) <= 'f') return (c | 0x20) - 'a' + 10;
  return -1;
}

/* "#1080", "#x438" without their '#'; a blank when it is no character. */
static int32_t numbered(zd_slice digits) {
  int base = digits.n && (digits.p[0] | 0x20) == 'x' ? 16 : 10;
  int32_t point = 0;
  if (base == 16) digits = zd_slice_from(digits, 1);
  for (size_t i = 0; i < digits.n; i++) {
    int digit = digit_of(digits.p[i], base);
    if (digit < 0 || point > 0x10FFFF) return ' ';
    point = point * base + digit;
  }
  return point > 0 && utf8proc_codepoint_valid(point) ? point : ' ';
}

static bool is_name(char c) {
  return c == '#' || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* Bytes of the entity at the start of `text`, 0 when there is none. */
static size_t entity_at(zd_slice text, int32_t *point) {
  enum { LONGEST = 12 };
  size_t end = 1;
  while (end < text.n && end < LONGEST && is_name(text.p[end])) end++;
  if (end >= text.n || text.p[end] != ';' || end == 1) return 0;
  zd_slice name = {text.p + 1, end - 1};
  *point = name.p[0] == '#' ? numbered(zd_slice_from(name, 1)) : named(name);
  return end + 1;
}

/* Bytes up to and with `end`, all of them when it does not come. */
static size_t up_to(zd_slice text, const char *end) {
  size_t n = strlen(end);
  const char *hit = memmem(text.p, text.n, end, n);
  return hit ? (size_t)(hit - text.p) + n : text.n;
}

static bool stands_within(zd_slice tag) {
  size_t n = 0;
  char padded[16] = " ";
  if (tag.n && tag.p[0] == '/') tag = zd_slice_from(tag, 1);
  while (n < tag.n && n < 10 && tag.p[n] > ' ' && tag.p[n] != '/' && tag.p[n] != '>') {
    padded[n + 1] = tag.p[n];
    n++;
  }
  padded[n + 1] = ' ';
  return n && memmem(within, sizeof within - 1, padded, n + 2) != NULL;
}

/* Bytes of the tag at the start of `text`; a '>' in quotes does not end it. */
static size_t tag_at(zd_slice text) {
  char quote = 0;
  for (size_t i = 1; i < text.n; i++) {
    char c = text.p[i];
    if (quote)
      quote = c == quote ? 0 : quote;
    else if (c == '"' || c == '\'')
      quote = c;
    else if (c == '>')
      return i + 1;
  }
  return text.n;
}

/* Markup at the start of `text`, which is a '<': how many bytes; *blank: it separates words. */
static size_t markup_at(zd_slice text, bool *blank) {
  *blank = false;
  if (zd_slice_starts(text, ZD_S("<!--"))) return up_to(text, "-->");
  if (zd_slice_starts(text, ZD_S("<?"))) return up_to(text, "?>");
  *blank = !stands_within(zd_slice_from(text, 1));
  return tag_at(text);
}

zd_slice zd_text_of_markup(zd_slice xhtml, zd_arena *arena) {
  char *p = zd_arena_alloc(arena, xhtml.n + 1);
  size_t n = 0;
  if (!p) return (zd_slice){NULL, 0};
  for (size_t i = 0; i < xhtml.n;) {
    zd_slice here = zd_slice_from(xhtml, i);
    bool blank;
    int32_t point;
    size_t bytes;
    if (here.p[0] == '<') {
      i += markup_at(here, &blank);
      if (blank) p[n++] = ' ';
    } else if (here.p[0] == '&' && (bytes = entity_at(here, &point)) > 0) {
      i += bytes;
      n += (size_t)utf8proc_encode_char(point, (utf8proc_uint8_t *)p + n);
    } else {
      p[n++] = here.p[0];
      i++;
    }
  }
  return (zd_slice){p, n};
}
