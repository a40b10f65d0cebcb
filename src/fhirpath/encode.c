/* encode.c: encode, decode, escape, unescape */
#include "fhirpath/functions.h"

static bool text_and_name(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_slice *s,
                          zd_slice *name, bool *has) {
  zd_fhirpath_item a, b;
  bool named;
  if (!zd_fp_input_as(r, o, f, ZD_FP_STRING, &a, has)) return false;
  if (!zd_fp_argument_as(r, o, 0, f, ZD_FP_STRING, &b, &named)) return false;
  *has = *has && named;
  if (!*has) return true;
  *s = zd_fp_string_of(&a);
  *name = zd_fp_string_of(&b);
  return zd_fp_spend(r, o, s->n);
}

static bool give_text(zd_fp_seq *out, const char *text, size_t n) {
  return zd_fp_give(out, zd_fhirpath_string((zd_slice){text, n}));
}

/* ---- encode, decode ---- */

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static size_t to_base64(zd_slice s, bool url, char *out) {
  size_t n = 0;
  for (size_t i = 0; i < s.n; i += 3) {
    uint32_t bits = 0;
    for (size_t k = 0; k < 3; k++)
      bits = bits << 8 | (i + k < s.n ? (unsigned char)s.p[i + k] : 0u);
    for (size_t k = 0; k < 4; k++) {
      char c = i + k > s.n ? '=' : base64[bits >> (18 - 6 * k) & 63];
      if (url && c == '+') c = '-';
      if (url && c == '/') c = '_';
      out[n++] = c;
    }
  }
  return n;
}

static int base64_digit(char c, bool url) {
  if (url && c == '-') return 62;
  if (url && c == '_') return 63;
  if (url && (c == '+' || c == '/')) return -1;
  const char *hit = c ? strchr(base64, c) : NULL;
  return hit ? (int)(hit - base64) : -1;
}

/* SIZE_MAX: it is none. */
static size_t from_base64(zd_slice s, bool url, char *out) {
  size_t n = 0, padding = 0;
  while (s.n && s.p[s.n - 1] == '=' && padding < 2) {
    s.n--;
    padding++;
  }
  if (s.n % 4 == 1 || (padding && (s.n + padding) % 4) || (!padding && !url && s.n % 4))
    return SIZE_MAX;
  uint32_t bits = 0;
  for (size_t i = 0; i < s.n; i++) {
    int digit = base64_digit(s.p[i], url);
    if (digit < 0) return SIZE_MAX;
    bits = bits << 6 | (uint32_t)digit;
    if (i % 4) out[n++] = (char)(bits >> (6 - 2 * (i % 4)));
  }
  return n;
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static size_t to_hex(zd_slice s, char *out) {
  for (size_t i = 0; i < s.n; i++) {
    out[2 * i] = "0123456789abcdef"[(unsigned char)s.p[i] >> 4];
    out[2 * i + 1] = "0123456789abcdef"[(unsigned char)s.p[i] & 15];
  }
  return s.n * 2;
}

static size_t from_hex(zd_slice s, char *out) {
  if (s.n % 2) return SIZE_MAX;
  for (size_t i = 0; i < s.n; i += 2) {
    int high = hex_digit(s.p[i]), low = hex_digit(s.p[i + 1]);
    if (high < 0 || low < 0) return SIZE_MAX;
    out[i / 2] = (char)(high << 4 | low);
  }
  return s.n / 2;
}

static bool unknown(zd_fp_running *r, const zd_fp_op *o, zd_slice name) {
  return zd_fp_fail(r, o, ZD_ERR_INVALID, "unknown encoding '%.*s'", name.n > 40 ? 40 : (int)name.n,
                    name.p);
}

/* hex, base64, urlbase64 */
bool zd_fp_run_encode(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_slice s, name;
  bool has;
  if (!text_and_name(r, o, f, &s, &name, &has)) return false;
  if (!has) return zd_fp_give_none(out);
  char *text = zd_arena_alloc(r->arena, s.n * 2 + 8);
  if (!text) return zd_fp_no_memory(r);
  if (zd_slice_eq(name, ZD_S("hex"))) return give_text(out, text, to_hex(s, text));
  bool url = zd_slice_eq(name, ZD_S("urlbase64"));
  if (!url && !zd_slice_eq(name, ZD_S("base64"))) return unknown(r, o, name);
  return give_text(out, text, to_base64(s, url, text));
}

/* What comes out must be text. */
static bool is_utf8(const char *p, size_t n) {
  for (size_t i = 0; i < n;) {
    unsigned char c = (unsigned char)p[i++];
    int more = c < 0x80                 ? 0
               : c >= 0xC2 && c <= 0xDF ? 1
               : (c & 0xF0) == 0xE0     ? 2
               : c <= 0xF4              ? 3
                                        : -1;
    if (more < 0 || (c >= 0x80 && c < 0xC2) || n - i < (size_t)more) return false;
    for (int k = 0; k < more; k++)
      if (((unsigned char)p[i++] & 0xC0) != 0x80) return false;
  }
  return true;
}

bool zd_fp_run_decode(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_slice s, name;
  bool has;
  if (!text_and_name(r, o, f, &s, &name, &has)) return false;
  if (!has) return zd_fp_give_none(out);
  char *text = zd_arena_alloc(r->arena, s.n + 4);
  if (!text) return zd_fp_no_memory(r);
  size_t n;
  if (zd_slice_eq(name, ZD_S("hex")))
    n = from_hex(s, text);
  else if (zd_slice_eq(name, ZD_S("base64")))
    n = from_base64(s, false, text);
  else if (zd_slice_eq(name, ZD_S("urlbase64")))
    n = from_base64(s, true, text);
  else
    return unknown(r, o, name);
  if (n == SIZE_MAX || !is_utf8(text, n))
    return zd_fp_fail(r, o, ZD_ERR_INVALID, "not %.*s of a text", ZD_SV(name));
  return give_text(out, text, n);
}

/* ---- escape, unescape ---- */

static const struct {
  char c;
  zd_slice html, json;
} escapes[] = {{'"', {"&quot;", 6}, {"\\\"", 2}}, {'&', {"&amp;", 5}, {NULL, 0}},
               {'<', {"&lt;", 4}, {NULL, 0}},     {'>', {"&gt;", 4}, {NULL, 0}},
               {'\'', {"&#39;", 5}, {NULL, 0}},   {'\\', {NULL, 0}, {"\\\\", 2}},
               {'\n', {NULL, 0}, {"\\n", 2}},     {'\r', {NULL, 0}, {"\\r", 2}},
               {'\t', {NULL, 0}, {"\\t", 2}},     {'\f', {NULL, 0}, {"\\f", 2}},
               {'\b', {NULL, 0}, {"\\b", 2}}};

enum { ESCAPES = sizeof escapes / sizeof *escapes };

static bool which_escape(zd_fp_running *r, const zd_fp_op *o, zd_slice name, bool *json) {
  *json = zd_slice_eq(name, ZD_S("json"));
  return *json || zd_slice_eq(name, ZD_S("html")) ||
         zd_fp_fail(r, o, ZD_ERR_INVALID, "unknown escaping '%.*s'", name.n > 40 ? 40 : (int)name.n,
                    name.p);
}

bool zd_fp_run_escape(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_slice s, name;
  bool has, json;
  if (!text_and_name(r, o, f, &s, &name, &has)) return false;
  if (!has) return zd_fp_give_none(out);
  if (!which_escape(r, o, name, &json)) return false;
  char *text = zd_arena_alloc(r->arena, s.n * 6 + 1);
  size_t n = 0;
  if (!text) return zd_fp_no_memory(r);
  for (size_t i = 0; i < s.n; i++) {
    zd_slice with = {s.p + i, 1};
    char control[8];
    for (size_t k = 0; k < ESCAPES; k++) {
      zd_slice to = json ? escapes[k].json : escapes[k].html;
      if (escapes[k].c == s.p[i] && to.p) with = to;
    }
    if (json && with.n == 1 && (unsigned char)s.p[i] < 0x20) {
      memcpy(control, "\\u0000", 6);
      control[4] = (char)('0' + (s.p[i] >> 4));
      control[5] = "0123456789abcdef"[s.p[i] & 15];
      with = (zd_slice){control, 6};
    }
    memcpy(text + n, with.p, with.n);
    n += with.n;
  }
  return give_text(out, text, n);
}

/* The escape that s starts with; its length, 0: none. */
static size_t read_escape(zd_slice s, bool json, char *c) {
  for (size_t k = 0; k < ESCAPES; k++) {
    zd_slice from = json ? escapes[k].json : escapes[k].html;
    if (from.p && zd_slice_starts(s, from)) {
      *c = escapes[k].c;
      return from.n;
    }
  }
  if (json && zd_slice_starts(s, ZD_S("\\/"))) {
    *c = '/';
    return 2;
  }
  return 0;
}

/* &#65; and A: the character in UTF-8; its bytes in *n. */
static size_t read_number(zd_slice s, bool json, char *out, size_t *n) {
  uint32_t code = 0;
  size_t used = 0;
  if (json && zd_slice_starts(s, ZD_S("\\u")) && s.n >= 6) {
    for (size_t i = 2; i < 6; i++) {
      if (hex_digit(s.p[i]) < 0) return 0;
      code = code << 4 | (uint32_t)hex_digit(s.p[i]);
    }
    used = 6;
  } else if (!json && zd_slice_starts(s, ZD_S("&#"))) {
    bool hex = s.n > 2 && (s.p[2] | 32) == 'x';
    size_t i = hex ? 3 : 2;
    for (; i < s.n && hex_digit(s.p[i]) >= 0 && i < 10; i++)
      code = code * (hex ? 16 : 10) + (uint32_t)hex_digit(s.p[i]);
    if (i >= s.n || s.p[i] != ';' || i < 3) return 0;
    used = i + 1;
  }
  if (!code || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return 0;
  *n = 0;
  if (code < 0x80) {
    out[(*n)++] = (char)code;
  } else {
    int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned char lead[] = {0, 0xC0, 0xE0, 0xF0};
    out[(*n)++] = (char)(lead[more] | code >> (6 * more));
    while (more-- > 0) out[(*n)++] = (char)(0x80 | (code >> (6 * more) & 0x3F));
  }
  return used;
}

bool zd_fp_run_unescape(zd_fp_running *r, const zd_fp_op *o, const zd_fp_frame *f, zd_fp_seq *out) {
  zd_slice s, name;
  bool has, json;
  if (!text_and_name(r, o, f, &s, &name, &has)) return false;
  if (!has) return zd_fp_give_none(out);
  if (!which_escape(r, o, name, &json)) return false;
  char *text = zd_arena_alloc(r->arena, s.n + 4);
  size_t n = 0;
  if (!text) return zd_fp_no_memory(r);
  for (size_t i = 0; i < s.n;) {
    zd_slice rest = zd_slice_from(s, i);
    size_t put = 1, used = read_escape(rest, json, text + n);
    if (!used) used = read_number(rest, json, text + n, &put);
    if (!used) {
      text[n] = s.p[i];
      used = put = 1;
    }
    n += put;
    i += used;
  }
  return give_text(out, text, n);
}
