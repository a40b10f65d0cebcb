/* tokenize.h: the tokenizer proper, compiled once per variant.
 *
 * The including file first defines
 *   static inline const char *scan_string(const char *p, const char *end, const char *text);
 * which returns the first '"', '\\' or byte below 0x20 at or after p, or end when there is none;
 * text <= p is where the readable bytes begin.
 *
 * Everything hot is inlined into one function whose state lives in registers; an error ends the
 * reading by returning what was expected, with the cursor on the offending byte.
 */
#include "json/scan.h"

#define TOK_INLINE static inline __attribute__((always_inline))

typedef struct tok {
  const char *p, *end, *text;
  zd_json_node *nodes;
  uint32_t count, room;
  zd_err err; /* what a failure is; ZD_ERR_INVALID unless said otherwise */
  bool loose; /* white space between tokens was met, or a member name with escapes */
} tok;

/* The member name of the coming value; all zero in arrays. */
typedef struct tok_key {
  uint32_t at, n;
  bool escaped, member;
} tok_key;

/* The current byte; 0 at the end (a zero byte is allowed nowhere, so the two need no telling apart
 * here). */
TOK_INLINE unsigned char tok_peek(const tok *t) {
  return t->p < t->end ? (unsigned char)*t->p : 0;
}

TOK_INLINE unsigned char tok_skip(tok *t) {
  while (t->p < t->end) {
    unsigned char c = (unsigned char)*t->p;
    if (c > ' ') return c;
    if (c != ' ' && c != '\n' && c != '\r' && c != '\t') return c;
    t->loose = true;
    t->p++;
  }
  return 0;
}

/* The cursor is on the opening quote; leaves it behind the closing one. */
TOK_INLINE const char *tok_string(tok *t, uint32_t *at, uint32_t *n, bool *escaped) {
  const char *start = t->p + 1;
  const char *p = start;
  *escaped = false;
  for (;;) {
    p = scan_string(p, t->end, t->text);
    if (p < t->end && *p == '"') break;
    const char *expected = "the closing quote of the string";
    const char *bad = p;
    if (p < t->end && *p == '\\') {
      *escaped = true;
      p = zd_json_escape(p, t->end, &bad, &expected);
      if (p) continue;
    } else if (p < t->end) {
      expected = "an escape instead of a control character";
    }
    t->p = bad;
    return expected;
  }
  *at = (uint32_t)(start - t->text);
  *n = (uint32_t)(p - start);
  t->p = p + 1;
  return NULL;
}

TOK_INLINE bool tok_digits(tok *t) {
  const char *start = t->p;
  while (t->p < t->end && (unsigned char)(*t->p - '0') < 10) t->p++;
  return t->p > start;
}

TOK_INLINE const char *tok_number(tok *t) {
  if (*t->p == '-') t->p++;
  if (tok_peek(t) == '0') {
    t->p++;
    if ((unsigned char)(tok_peek(t) - '0') < 10) return "no digit after a leading zero";
  } else if (!tok_digits(t)) {
    return "a digit";
  }
  if (tok_peek(t) == '.') {
    t->p++;
    if (!tok_digits(t)) return "a digit after the decimal point";
  }
  if ((tok_peek(t) | 0x20) == 'e') {
    t->p++;
    if (tok_peek(t) == '+' || tok_peek(t) == '-') t->p++;
    if (!tok_digits(t)) return "a digit of the exponent";
  }
  return NULL;
}

TOK_INLINE const char *tok_literal(tok *t, const char *word, size_t n) {
  if ((size_t)(t->end - t->p) < n || memcmp(t->p, word, n) != 0) return "a value";
  t->p += n;
  return NULL;
}

/* A value that is no container: its type, and where it lies. */
TOK_INLINE const char *tok_scalar(tok *t, unsigned char c, zd_json_node *node) {
  const char *start = t->p;
  const char *expected;
  bool escaped = false;
  node->at = (uint32_t)(start - t->text);
  node->escaped = false;
  if (c == '"') {
    uint32_t at = 0, n = 0;
    expected = tok_string(t, &at, &n, &escaped);
    node->at = at;
    node->n = n;
    node->type = ZD_JSON_STRING;
    node->escaped = escaped;
    return expected;
  }
  if (c == '-' || (unsigned char)(c - '0') < 10) {
    expected = tok_number(t);
    node->type = ZD_JSON_NUMBER;
  } else if (c == 't') {
    expected = tok_literal(t, "true", 4);
    node->type = ZD_JSON_TRUE;
  } else if (c == 'f') {
    expected = tok_literal(t, "false", 5);
    node->type = ZD_JSON_FALSE;
  } else if (c == 'n') {
    expected = tok_literal(t, "null", 4);
    node->type = ZD_JSON_NULL;
  } else {
    expected = "a value";
  }
  node->n = (uint32_t)(t->p - start);
  return expected;
}

/* Member name, colon and white space. */
TOK_INLINE const char *tok_name(tok *t, tok_key *key) {
  if (tok_peek(t) != '"') return "a member name in quotes";
  const char *start = t->p;
  uint32_t at = 0, n = 0;
  bool escaped = false;
  const char *expected = tok_string(t, &at, &n, &escaped);
  if (expected) return expected;
  if (n > ZD_JSON_MAX_KEY) {
    t->p = start;
    t->err = ZD_ERR_LIMIT;
    return "a shorter member name";
  }
  *key = (tok_key){.at = at, .n = n, .escaped = escaped, .member = true};
  if (escaped) t->loose = true;
  if (tok_skip(t) != ':') return "a colon";
  t->p++;
  tok_skip(t);
  return NULL;
}

TOK_INLINE bool tok_grow(tok *t, zd_json_reading *r) {
  t->err = zd_json_grow(r, t->count);
  if (t->err != ZD_OK) return false;
  t->err = ZD_ERR_INVALID;
  t->nodes = r->tape->nodes;
  t->room = r->tape->room;
  return true;
}

/* The node to come, with its member name. Fields are stored one by one into the tape: building a
 * node aside and copying it stalls on store forwarding and costs a third of the speed. */
TOK_INLINE zd_json_node *tok_node(tok *t, const tok_key *key) {
  zd_json_node *node = &t->nodes[t->count];
  node->key_at = key->at;
  node->key_n = key->n;
  node->key_escaped = key->escaped;
  node->is_member = key->member;
  return node;
}

/* What follows a comma or an opening bracket: a member name, in objects. Sets *c to the first byte
 * of the value. */
TOK_INLINE const char *tok_next(tok *t, bool object, tok_key *key, unsigned char *c) {
  if (!object) {
    *key = (tok_key){0};
    return NULL;
  }
  const char *expected = tok_name(t, key);
  if (!expected) *c = tok_peek(t);
  return expected;
}

/* The document, from its first byte that is not white space to the end of the text. */
TOK_INLINE const char *tok_document(tok *t, zd_json_reading *r) {
  uint32_t open[ZD_JSON_MAX_DEPTH]; /* the containers we are in, outermost first */
  uint32_t depth = 0;
  bool object = false; /* the innermost container is one */
  const char *expected = NULL;
  tok_key key = {0};
  unsigned char c = tok_skip(t);
  for (;;) {
    if (t->count == t->room && !tok_grow(t, r)) return "fewer values";
    zd_json_node *node = tok_node(t, &key);
    if (c == '{' || c == '[') {
      if (depth == r->limits.depth) {
        t->err = ZD_ERR_LIMIT;
        return "less nesting";
      }
      object = c == '{';
      node->type = object ? ZD_JSON_OBJECT : ZD_JSON_ARRAY;
      node->escaped = false;
      node->at = (uint32_t)(t->p - t->text);
      open[depth++] = t->count++;
      t->p++;
      c = tok_skip(t);
      if (c != (object ? '}' : ']')) {
        expected = tok_next(t, object, &key, &c);
        if (expected) return expected;
        continue;
      }
    } else {
      expected = tok_scalar(t, c, node);
      if (expected) return expected;
      node->end = ++t->count;
      c = tok_skip(t);
    }
    /* A value or an opening bracket is behind us: close what closes here. */
    for (;;) {
      if (depth == 0) return c || t->p < t->end ? "the end of the text" : NULL;
      if (c == ',') {
        t->p++;
        c = tok_skip(t);
        expected = tok_next(t, object, &key, &c);
        if (expected) return expected;
        break;
      }
      if (c != (object ? '}' : ']')) return object ? "a comma or '}'" : "a comma or ']'";
      t->p++;
      zd_json_node *in = &t->nodes[open[--depth]];
      in->end = t->count;
      in->n = (uint32_t)(t->p - t->text) - in->at;
      if (depth) object = t->nodes[open[depth - 1]].type == ZD_JSON_OBJECT;
      c = tok_skip(t);
    }
  }
}

static zd_err tokenize(zd_json_reading *r) {
  zd_slice text = r->tape->text;
  uint32_t room = r->tape->room; /* may be more than asked: the tape is reused */
  tok t = {.p = text.p,
           .end = text.p + text.n,
           .text = text.p,
           .nodes = r->tape->nodes,
           .room = room < r->limits.nodes ? room : r->limits.nodes,
           .err = ZD_ERR_INVALID};
  r->expected = tok_document(&t, r);
  r->stop = t.p;
  r->tape->count = t.count;
  r->tape->tight = !t.loose;
  return r->expected ? t.err : ZD_OK;
}
