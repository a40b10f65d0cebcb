/* primitive.c: the formats of strings, numbers and identifiers. Times are in primitive_time.c. */
#include "fhir/primitive.h"

#include "json/json.h"

static bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static bool has_space(zd_slice s) {
  for (size_t i = 0; i < s.n; i++) {
    if (is_space(s.p[i])) return true;
  }
  return false;
}

/* ---- numbers: JSON's grammar is already checked ---- */

/* An integer without fraction, exponent or -0, from least to 2^31-1. */
static const char *check_integer(zd_slice s, int64_t least, const char *wrong) {
  bool negative = s.n && s.p[0] == '-';
  size_t at = negative ? 1 : 0;
  if (s.n - at == 0 || s.n - at > 10) return wrong;
  int64_t value = 0;
  for (; at < s.n; at++) {
    if (!is_digit(s.p[at])) return wrong;
    value = value * 10 + (s.p[at] - '0');
  }
  if (negative && value == 0) return wrong;
  if (negative) value = -value;
  return value >= least && value <= INT32_MAX ? NULL : wrong;
}

/* ---- strings ---- */

static size_t characters(zd_slice s) {
  size_t count = 0;
  for (size_t i = 0; i < s.n; i++) count += ((unsigned char)s.p[i] & 0xC0) != 0x80;
  return count;
}

static bool has_control(zd_slice s) {
  bool found = false;
  for (size_t i = 0; i < s.n; i++) {
    found |= (unsigned char)s.p[i] < 0x20 && !is_space(s.p[i]);
  }
  return found;
}

static const char *check_length(zd_slice s, zd_issue_code *code) {
  if (s.n <= ZD_STRING_LIMIT || characters(s) <= ZD_STRING_LIMIT) return NULL;
  *code = ZD_ISSUE_TOO_LONG;
  return "a string of more than 1048576 characters";
}

static const char *check_string(zd_slice s, zd_issue_code *code) {
  if (has_control(s)) return "a control character in a string";
  return check_length(s, code);
}

/* [^\s]+(\s[^\s]+)*: no white space around it, none doubled inside. */
static const char *check_code(zd_slice s) {
  bool space = true;
  for (size_t i = 0; i < s.n; i++) {
    bool now = is_space(s.p[i]);
    if (now && space) return "white space a code may not have";
    if ((unsigned char)s.p[i] < 0x20 && !now) return "a control character in a code";
    space = now;
  }
  return space ? "white space a code may not have" : NULL;
}

enum { ID = 1, HEX = 2 };

/* What a byte may be part of. */
static const unsigned char classes[256] = {
    ['-'] = ID,       ['.'] = ID,       ['0'] = ID | HEX, ['1'] = ID | HEX, ['2'] = ID | HEX,
    ['3'] = ID | HEX, ['4'] = ID | HEX, ['5'] = ID | HEX, ['6'] = ID | HEX, ['7'] = ID | HEX,
    ['8'] = ID | HEX, ['9'] = ID | HEX, ['A'] = ID | HEX, ['B'] = ID | HEX, ['C'] = ID | HEX,
    ['D'] = ID | HEX, ['E'] = ID | HEX, ['F'] = ID | HEX, ['G'] = ID,       ['H'] = ID,
    ['I'] = ID,       ['J'] = ID,       ['K'] = ID,       ['L'] = ID,       ['M'] = ID,
    ['N'] = ID,       ['O'] = ID,       ['P'] = ID,       ['Q'] = ID,       ['R'] = ID,
    ['S'] = ID,       ['T'] = ID,       ['U'] = ID,       ['V'] = ID,       ['W'] = ID,
    ['X'] = ID,       ['Y'] = ID,       ['Z'] = ID,       ['a'] = ID | HEX, ['b'] = ID | HEX,
    ['c'] = ID | HEX, ['d'] = ID | HEX, ['e'] = ID | HEX, ['f'] = ID | HEX, ['g'] = ID,
    ['h'] = ID,       ['i'] = ID,       ['j'] = ID,       ['k'] = ID,       ['l'] = ID,
    ['m'] = ID,       ['n'] = ID,       ['o'] = ID,       ['p'] = ID,       ['q'] = ID,
    ['r'] = ID,       ['s'] = ID,       ['t'] = ID,       ['u'] = ID,       ['v'] = ID,
    ['w'] = ID,       ['x'] = ID,       ['y'] = ID,       ['z'] = ID};

/* True when the n bytes at p are all of the class. */
static bool all_of(const char *p, size_t n, unsigned class) {
  unsigned common = class;
  for (size_t i = 0; i < n; i++) common &= classes[(unsigned char)p[i]];
  return common == class;
}

bool zd_primitive_is_id(zd_slice s) {
  return s.n > 0 && s.n <= 64 && all_of(s.p, s.n, ID);
}

bool zd_primitive_is_uuid(zd_slice s) {
  if (s.n != 36) return false;
  const char *p = s.p;
  if (p[8] != '-' || p[13] != '-' || p[18] != '-' || p[23] != '-') return false;
  return all_of(p, 8, HEX) && all_of(p + 9, 4, HEX) && all_of(p + 14, 4, HEX) &&
         all_of(p + 19, 4, HEX) && all_of(p + 24, 12, HEX);
}

/* [0-2](\.(0|[1-9][0-9]*))+ */
bool zd_primitive_is_oid(zd_slice s) {
  if (s.n < 3 || s.p[0] < '0' || s.p[0] > '2') return false;
  size_t at = 1;
  while (at < s.n) {
    if (s.p[at++] != '.' || at == s.n || !is_digit(s.p[at])) return false;
    bool zero = s.p[at++] == '0';
    if (zero && at < s.n && is_digit(s.p[at])) return false;
    while (at < s.n && is_digit(s.p[at])) at++;
  }
  return true;
}

static const char *check_urn(zd_slice s, zd_slice prefix, bool (*is)(zd_slice), const char *wrong) {
  if (!zd_slice_starts(s, prefix) || !is(zd_slice_from(s, prefix.n))) return wrong;
  return NULL;
}

static bool is_base64_digit(char c) {
  char lower = (char)(c | 0x20);
  return is_digit(c) || (lower >= 'a' && lower <= 'z') || c == '+' || c == '/';
}

/* Groups of four, '=' only at the end; white space between is allowed in R4. */
static const char *check_base64(zd_slice s) {
  size_t digits = 0, padding = 0;
  for (size_t i = 0; i < s.n; i++) {
    char c = s.p[i];
    if (is_base64_digit(c)) {
      if (padding) return "base64 that goes on after its padding";
      digits++;
    } else if (c == '=') {
      padding++;
    } else if (!is_space(c)) {
      return "a character that is not base64";
    }
  }
  bool whole = (digits + padding) % 4 == 0 && padding <= 2 && digits > 0;
  return whole ? NULL : "base64 that is not in groups of four";
}

static zd_slice trimmed(zd_slice s) {
  while (s.n && is_space(s.p[0])) s = zd_slice_from(s, 1);
  while (s.n && is_space(s.p[s.n - 1])) s.n--;
  return s;
}

/* Only the shape: one div element around everything. */
static const char *check_xhtml(zd_slice s) {
  s = trimmed(s);
  bool opens = zd_slice_starts(s, ZD_S("<div")) && s.n > 4 &&
               (is_space(s.p[4]) || s.p[4] == '>' || s.p[4] == '/');
  bool closes = zd_slice_ends(s, ZD_S("</div>")) ||
                (zd_slice_ends(s, ZD_S("/>")) && zd_slice_find(s, '>') == s.n - 1);
  return opens && closes ? NULL : "narrative that is not one xhtml div";
}

static const char *check_kind(zd_primitive kind, zd_slice s, zd_issue_code *code) {
  switch (kind) {
    case ZD_PRIM_BOOLEAN:
      return NULL;
    case ZD_PRIM_INTEGER:
      return check_integer(s, INT32_MIN, "not an integer from -2147483648 to 2147483647");
    case ZD_PRIM_POSITIVE_INT:
      return check_integer(s, 1, "not a whole number from 1 to 2147483647");
    case ZD_PRIM_UNSIGNED_INT:
      return check_integer(s, 0, "not a whole number from 0 to 2147483647");
    case ZD_PRIM_DECIMAL:
      if (s.n <= ZD_DECIMAL_LIMIT) return NULL;
      *code = ZD_ISSUE_TOO_LONG;
      return "a decimal of more than 256 characters";
    case ZD_PRIM_CODE:
      return check_code(s);
    case ZD_PRIM_ID:
      return zd_primitive_is_id(s) ? NULL : "not an id: 1 to 64 of A-Z a-z 0-9 - .";
    case ZD_PRIM_URI:
    case ZD_PRIM_URL:
    case ZD_PRIM_CANONICAL:
      return has_space(s) ? "white space in a URI" : check_string(s, code);
    case ZD_PRIM_OID:
      return check_urn(s, ZD_S("urn:oid:"), zd_primitive_is_oid, "not urn:oid: and an OID");
    case ZD_PRIM_UUID:
      return check_urn(s, ZD_S("urn:uuid:"), zd_primitive_is_uuid, "not urn:uuid: and a UUID");
    case ZD_PRIM_BASE64:
      return check_base64(s);
    case ZD_PRIM_DATE:
      return zd_primitive_is_date(s) ? NULL : "not a date YYYY, YYYY-MM or YYYY-MM-DD";
    case ZD_PRIM_DATETIME:
      return zd_primitive_is_datetime(s) ? NULL
                                         : "not a dateTime: a date, or YYYY-MM-DDThh:mm:ss with "
                                           "a time zone";
    case ZD_PRIM_INSTANT:
      return zd_primitive_is_instant(s) ? NULL
                                        : "not an instant: YYYY-MM-DDThh:mm:ss with a time zone";
    case ZD_PRIM_TIME:
      return zd_primitive_is_time(s) ? NULL : "not a time hh:mm:ss";
    case ZD_PRIM_XHTML:
      return has_control(s) ? "a control character in xhtml" : check_xhtml(s);
    case ZD_PRIM_STRING:
    case ZD_PRIM_MARKDOWN:
    case ZD_PRIM_NONE:
      return check_string(s, code);
  }
  return NULL;
}

const char *zd_primitive_check(zd_primitive kind, zd_slice text, zd_issue_code *code) {
  *code = ZD_ISSUE_VALUE;
  if (text.n == 0) return "an empty value";
  return check_kind(kind, text, code);
}

/* The escapes of a control character that FHIR does not allow: all but \t \n \r. */
static bool escapes_control(zd_slice raw) {
  for (size_t at = 0;;) {
    at += zd_slice_find(zd_slice_from(raw, at), '\\');
    if (at + 1 >= raw.n) return false;
    char c = raw.p[at + 1];
    if (c == 'b' || c == 'f') return true;
    if (c == 'u') {
      char decoded[12];
      size_t n = zd_json_unescape((zd_slice){raw.p + at, 6}, decoded);
      if (n == 1 && has_control((zd_slice){decoded, 1})) return true;
    }
    at += 2;
  }
}

static const char *check_escaped(zd_primitive kind, zd_slice raw, zd_arena *arena,
                                 zd_issue_code *code) {
  if (escapes_control(raw)) return "a control character";
  bool string = kind == ZD_PRIM_STRING || kind == ZD_PRIM_MARKDOWN;
  if (string && raw.n <= ZD_STRING_LIMIT) return NULL;
  char *plain = zd_arena_alloc(arena, raw.n);
  if (!plain) return "a value too long for the memory left";
  return zd_primitive_check(kind, (zd_slice){plain, zd_json_unescape(raw, plain)}, code);
}

/* Strings and narrative are long and often escaped: they are checked where they lie, when their
 * shape lets us. */
const char *zd_primitive_check_json(zd_primitive kind, zd_slice raw, bool escaped, zd_arena *arena,
                                    zd_issue_code *code) {
  *code = ZD_ISSUE_VALUE;
  if (raw.n == 0) return "an empty value";
  if (kind == ZD_PRIM_XHTML && zd_slice_starts(raw, ZD_S("<div ")) &&
      zd_slice_ends(raw, ZD_S("</div>"))) {
    return escaped && escapes_control(raw) ? "a control character" : NULL;
  }
  if (escaped) return check_escaped(kind, raw, arena, code);
  switch (kind) {
    case ZD_PRIM_STRING:
    case ZD_PRIM_MARKDOWN:
      return check_length(raw, code);
    case ZD_PRIM_URI:
    case ZD_PRIM_URL:
    case ZD_PRIM_CANONICAL:
      if (memchr(raw.p, ' ', raw.n)) return "white space in a URI";
      return check_length(raw, code);
    default:
      return check_kind(kind, raw, code);
  }
}
