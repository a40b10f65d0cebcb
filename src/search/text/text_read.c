/* text_read.c: the language of _text and _content: see text.h. */
#include <stdio.h>

#include "search/text/text.h"

typedef struct reader {
  zd_words *words;
  zd_slice text;
  size_t at;
  zd_arena *arena;
  zd_text_fault *fault;
  size_t count;
  unsigned depth;
} reader;

typedef enum mark { END, OPEN, CLOSE, COMMA, QUOTE, MINUS, AND, OR, NOT, ITEM } mark;

static zd_err fail_at(reader *r, zd_err err, size_t at, const char *why) {
  r->fault->at = at;
  snprintf(r->fault->why, sizeof r->fault->why, "%s", why);
  return err;
}

static zd_err fail(reader *r, const char *why) {
  return fail_at(r, ZD_ERR_INVALID, r->at, why);
}

/* ---- marks ---- */

/* Bytes of the white space at `i`, 0 when there is none. */
static size_t blank_at(zd_slice text, size_t i) {
  unsigned char a = (unsigned char)text.p[i];
  if (a == ' ' || (a >= 9 && a <= 13)) return 1;
  if (a == 0xC2 && i + 1 < text.n && (unsigned char)text.p[i + 1] == 0xA0) return 2;
  zd_slice here = zd_slice_from(text, i);
  bool wide = zd_slice_starts(here, ZD_S("\xE3\x80\x80")) ||
              zd_slice_starts(here, ZD_S("\xE2\x80\xAF")) ||
              (zd_slice_starts(here, ZD_S("\xE2\x80")) && i + 2 < text.n &&
               (unsigned char)text.p[i + 2] <= 0x8A);
  return wide ? 3 : 0;
}

static bool ends_item(zd_slice text, size_t i) {
  char c = text.p[i];
  return c == '(' || c == ')' || c == ',' || c == '"' || blank_at(text, i);
}

/* The item that begins here, up to what ends items. A comma between digits is part of a number only
 * where it is written \, : everywhere else it joins values, as in all of FHIR search. */
static zd_slice item_at(const reader *r) {
  size_t i = r->at;
  while (i < r->text.n && !ends_item(r->text, i))
    i += r->text.p[i] == '\\' && i + 1 < r->text.n ? 2 : 1;
  return (zd_slice){r->text.p + r->at, i - r->at};
}

static bool is_keyword(zd_slice item, const char *upper) {
  size_t n = strlen(upper);
  if (item.n != n) return false;
  for (size_t i = 0; i < n; i++)
    if ((item.p[i] & ~0x20) != upper[i]) return false;
  return true;
}

static mark peek(reader *r) {
  size_t blank;
  while (r->at < r->text.n && (blank = blank_at(r->text, r->at)) > 0) r->at += blank;
  if (r->at == r->text.n) return END;
  switch (r->text.p[r->at]) {
    case '(':
      return OPEN;
    case ')':
      return CLOSE;
    case ',':
      return COMMA;
    case '"':
      return QUOTE;
    case '-':
      return MINUS;
    default:
      break;
  }
  zd_slice item = item_at(r);
  if (is_keyword(item, "AND")) return AND;
  if (is_keyword(item, "OR")) return OR;
  return is_keyword(item, "NOT") ? NOT : ITEM;
}

/* ---- nodes ---- */

static zd_text_node *node_of(reader *r, zd_text_op op) {
  zd_text_node *node = ZD_NEW(r->arena, zd_text_node);
  if (node) node->op = op;
  return node;
}

/* A backslash and what it escapes, as FHIR values have them, are no letters: they become blanks. */
static zd_err without_escapes(reader *r, size_t at, zd_slice *text) {
  if (zd_slice_find(*text, '\\') == text->n) return ZD_OK;
  char *p = zd_arena_alloc(r->arena, text->n);
  if (!p) return ZD_ERR_MEMORY;
  memcpy(p, text->p, text->n);
  for (size_t i = 0; i < text->n; i++) {
    if (p[i] != '\\') continue;
    if (i + 1 == text->n || !memchr(",|$\\\"", p[i + 1], 5))
      return fail_at(r, ZD_ERR_INVALID, at + i, "a \\ stands before , | $ \" or \\ only");
    /* "37\,5" is a number: the comma stays, and what stood before moves up to it */
    bool comma = p[i + 1] == ',';
    if (comma) memmove(p + 1, p, i);
    p[comma ? 0 : i] = ' ';
    if (!comma) p[i + 1] = ' ';
    i++;
  }
  *text = (zd_slice){p, text->n};
  return ZD_OK;
}

static zd_err add_stem(reader *r, zd_slice raw, zd_slice *stems, size_t *n) {
  zd_word word;
  zd_err err = zd_words_read(r->words, raw, r->arena, &word);
  if (err || !word.term.n) return err;
  if (++r->count > ZD_TEXT_WORDS_MAX)
    return fail_at(r, ZD_ERR_LIMIT, r->at, "more words than one question may have");
  stems[*n] = zd_arena_copy(r->arena, zd_word_stem(&word));
  return stems[(*n)++].p ? ZD_OK : ZD_ERR_MEMORY;
}

/* Words that follow each other; one is a word. */
static zd_err read_words(reader *r, size_t at, zd_slice text, zd_text_node **out) {
  zd_slice raw, *stems = ZD_NEW_ARRAY(r->arena, zd_slice, ZD_TEXT_WORDS_MAX + 1);
  size_t n = 0;
  zd_err err = stems ? without_escapes(r, at, &text) : ZD_ERR_MEMORY;
  while (!err && zd_words_next(&text, &raw)) err = add_stem(r, raw, stems, &n);
  if (err) return err;
  if (!n) return fail_at(r, ZD_ERR_INVALID, at, "no letter or digit to search for");
  zd_text_node *node = node_of(r, n > 1 ? ZD_TEXT_PHRASE : ZD_TEXT_WORD);
  if (!node) return ZD_ERR_MEMORY;
  node->stems = stems;
  node->count = n;
  *out = node;
  return ZD_OK;
}

static zd_err read_phrase(reader *r, zd_text_node **out) {
  size_t open = r->at, i = open + 1;
  while (i < r->text.n && r->text.p[i] != '"') {
    if (r->text.p[i] == '*')
      return fail_at(r, ZD_ERR_INVALID, i, "no beginnings (*) between quotation marks");
    i += r->text.p[i] == '\\' && i + 1 < r->text.n ? 2 : 1;
  }
  if (i >= r->text.n) return fail(r, "the quotation mark is not closed");
  zd_err err = read_words(r, open + 1, (zd_slice){r->text.p + open + 1, i - open - 1}, out);
  r->at = i + 1;
  return err;
}

/* "pneumo*": the letters before the mark are one word, without its stem. */
static zd_err read_prefix(reader *r, zd_slice item, zd_text_node **out) {
  zd_slice rest = {item.p, item.n - 1}, raw = {NULL, 0};
  zd_word word = {.term = {NULL, 0}};
  zd_err err = ZD_OK;
  bool whole = zd_words_next(&rest, &raw) && raw.p == item.p && rest.n == 0;
  if (whole) err = zd_words_read(r->words, raw, r->arena, &word);
  if (err) return err;
  if (!whole || !word.term.n) return fail(r, "a * stands behind the first letters of one word");
  if (++r->count > ZD_TEXT_WORDS_MAX || word.term.n > ZD_TEXT_PREFIX_MAX)
    return fail_at(r, ZD_ERR_LIMIT, r->at, "more or longer words than one question may have");
  zd_text_node *node = node_of(r, ZD_TEXT_PREFIX);
  if (!node) return ZD_ERR_MEMORY;
  node->prefix = zd_word_form(&word, r->arena);
  *out = node;
  return node->prefix.p ? ZD_OK : ZD_ERR_MEMORY;
}

static zd_err read_item(reader *r, zd_text_node **out) {
  zd_slice item = item_at(r);
  for (size_t i = 0; i < item.n; i++) {
    char c = item.p[i];
    if (c == '\\')
      i++;
    else if (memchr("~^?|&!{}[]", c, 10))
      return fail_at(r, ZD_ERR_INVALID, r->at + i,
                     "this sign means nothing here: AND, OR, NOT, -, ( ), \" \" and * do");
    else if (c == '*' && i + 1 < item.n)
      return fail_at(r, ZD_ERR_INVALID, r->at + i, "a * stands at the end of a word only");
  }
  zd_err err =
      item.p[item.n - 1] == '*' ? read_prefix(r, item, out) : read_words(r, r->at, item, out);
  if (!err) r->at += item.n;
  return err;
}

/* ---- logic ---- */

static zd_err read_any(reader *r, zd_text_node **out);

static zd_err read_group(reader *r, zd_text_node **out) {
  size_t open = r->at++;
  if (++r->depth > ZD_TEXT_DEPTH_MAX)
    return fail_at(r, ZD_ERR_LIMIT, open, "deeper than one question may be");
  zd_err err = read_any(r, out);
  if (err) return err;
  if (peek(r) != CLOSE) return fail_at(r, ZD_ERR_INVALID, open, "the parenthesis is not closed");
  r->at++;
  r->depth--;
  return ZD_OK;
}

static zd_err read_one(reader *r, zd_text_node **out);

static zd_err read_not(reader *r, size_t bytes, zd_text_node **out) {
  size_t sign = r->at;
  r->at += bytes;
  bool apart = bytes == 1 && r->at < r->text.n && blank_at(r->text, r->at);
  if (apart) return fail_at(r, ZD_ERR_INVALID, sign, "a - stands right before what it excludes");
  if (++r->depth > ZD_TEXT_DEPTH_MAX)
    return fail_at(r, ZD_ERR_LIMIT, sign, "deeper than one question may be");
  *out = node_of(r, ZD_TEXT_NOT);
  if (!*out) return ZD_ERR_MEMORY;
  zd_err err = read_one(r, &(*out)->first);
  r->depth--;
  return err;
}

static zd_err read_one(reader *r, zd_text_node **out) {
  switch (peek(r)) {
    case OPEN:
      return read_group(r, out);
    case QUOTE:
      return read_phrase(r, out);
    case MINUS:
      return read_not(r, 1, out);
    case NOT:
      return read_not(r, 3, out);
    case ITEM:
      return read_item(r, out);
    default:
      return fail(r, "a word is missing here");
  }
}

/* Children of `op`; a single one stands for itself. */
static zd_err join(reader *r, zd_text_op op, zd_text_node *first, bool several,
                   zd_text_node **out) {
  *out = first;
  if (!several) return ZD_OK;
  *out = node_of(r, op);
  if (!*out) return ZD_ERR_MEMORY;
  (*out)->first = first;
  return ZD_OK;
}

static zd_err read_all(reader *r, zd_text_node **out) {
  zd_text_node *first = NULL, **at = &first;
  zd_err err = read_one(r, at);
  while (!err) {
    mark m = peek(r);
    if (m == AND) r->at += 3;
    if (m == END || m == CLOSE || m == COMMA || m == OR) break;
    at = &(*at)->next;
    err = read_one(r, at);
  }
  return err ? err : join(r, ZD_TEXT_AND, first, first->next != NULL, out);
}

static zd_err read_any(reader *r, zd_text_node **out) {
  zd_text_node *first = NULL, **at = &first;
  zd_err err = read_all(r, at);
  while (!err) {
    mark m = peek(r);
    if (m != COMMA && m != OR) break;
    r->at += m == COMMA ? 1 : 2;
    at = &(*at)->next;
    err = read_all(r, at);
  }
  return err ? err : join(r, ZD_TEXT_OR, first, first->next != NULL, out);
}

zd_err zd_text_read(zd_words *words, zd_slice text, zd_arena *arena, zd_text_node **out,
                    zd_text_fault *fault) {
  reader r = {.words = words, .text = text, .arena = arena, .fault = fault};
  *fault = (zd_text_fault){0};
  zd_err err = read_any(&r, out);
  if (!err && peek(&r) != END) return fail(&r, "there is no parenthesis to close");
  return err;
}
