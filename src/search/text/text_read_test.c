/* The language of _text and _content, and what is left of markup. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "search/text/text.h"

static zd_slice show(const zd_text_node *node, zd_arena *arena) {
  static const char *const names[] = {"", "", "", "and", "or", "not"};
  zd_slice out = {NULL, 0};
  switch (node->op) {
    case ZD_TEXT_PREFIX:
      return zd_arena_printf(arena, "%.*s*", ZD_SV(node->prefix));
    case ZD_TEXT_WORD:
    case ZD_TEXT_PHRASE:
      for (size_t i = 0; i < node->count; i++)
        out = zd_arena_printf(arena, "%.*s%s%.*s", ZD_SV(out), i ? "_" : "", ZD_SV(node->stems[i]));
      return out;
    default:
      out = zd_arena_printf(arena, "%s(", names[node->op]);
  }
  for (const zd_text_node *child = node->first; child; child = child->next)
    out = zd_arena_printf(arena, "%.*s%s%.*s", ZD_SV(out), child == node->first ? "" : " ",
                          ZD_SV(show(child, arena)));
  return zd_arena_printf(arena, "%.*s)", ZD_SV(out));
}

static const char *const queries[][2] = {
    {"Кашель", "кашел"},
    {"острая пневмония", "and(остр пневмон)"},
    {"a AND b and c", "and(a b c)"},
    {"a OR b c", "or(a and(b c))"},
    {"a,b,c d", "or(a b and(c d))"},
    {"(bone OR liver) and metastases", "and(or(bone liver) metastas)"},
    {"\"правое лёгкое\"", "прав_легк"},
    {"\"one\"", "one"},
    {"120/80", "120_80"},
    {"blood-pressure", "blood_pressur"},
    {"a -b", "and(a not(b))"},
    {"a NOT b", "and(a not(b))"},
    {"a AND NOT (b OR c)", "and(a not(or(b c)))"},
    {"-\"a b\"", "not(a_b)"},
    {"NOT NOT a", "not(not(a))"},
    {"пневмон*", "пневмон*"},
    {"running* x", "and(running* x)"},
    {"Острый*", "острыи*"},
    {"37\\,5", "37.5"},
    {"\"37,5 C\"", "37.5_c"},
    {"37,5", "or(37 5)"},
    {"37.5*", "37.5*"},
    {"\"and or not\"", "and_or_not"},
    {"android orb notes", "and(android orb note)"},
    {"((a))", "a"},
    {"O'Neil\xC2\xA0x", "and(oneil x)"},
    {"a\\$b", "a_b"},
};

/* text, character, a part of why */
static const struct {
  const char *text;
  size_t place;
  const char *why;
} faults[] = {
    {"", 1, "a word is missing"},      {"  ", 3, "a word is missing"},
    {"a OR", 5, "a word is missing"},  {"OR a", 1, "a word is missing"},
    {"a,,b", 3, "a word is missing"},  {"a AND", 6, "a word is missing"},
    {"а NOT", 6, "a word is missing"}, {"(a", 1, "not closed"},
    {"б (a OR (c)", 3, "not closed"},  {"a)", 2, "no parenthesis"},
    {"()", 2, "a word is missing"},    {"x \"a b", 3, "not closed"},
    {"\"\"", 2, "no letter"},          {"a ---", 6, "a word is missing"},
    {"a + b", 3, "no letter"},         {"a - b", 3, "right before"},
    {"*", 1, "first letters"},         {"a*b", 2, "at the end"},
    {"a-b*", 1, "first letters"},      {"\"a b*\"", 5, "no beginnings"},
    {"ёж~2", 3, "means nothing"},      {"a && b", 3, "means nothing"},
    {"wor?d", 4, "means nothing"},     {"a^2", 2, "means nothing"},
    {"a\\b", 2, "stands before"},
};

static void what_a_query_asks(void **state) {
  (void)state;
  zd_words *words = zd_words_new();
  zd_arena arena;
  zd_arena_init(&arena, 0);
  for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
    zd_text_node *node;
    zd_text_fault fault;
    if (zd_text_read(words, zd_slice_of(queries[i][0]), &arena, &node, &fault))
      fail_msg("%s: %zu %s", queries[i][0], fault.at, fault.why);
    zd_slice shown = show(node, &arena);
    if (!zd_slice_eq(shown, zd_slice_of(queries[i][1])))
      fail_msg("%s: %.*s, not %s", queries[i][0], ZD_SV(shown), queries[i][1]);
  }
  zd_arena_free(&arena);
  zd_words_free(words);
}

static size_t characters(const char *text, size_t bytes) {
  size_t n = 1;
  for (size_t i = 0; i < bytes && text[i]; i++) n += ((unsigned char)text[i] & 0xC0) != 0x80;
  return n;
}

static void faults_have_a_place(void **state) {
  (void)state;
  zd_words *words = zd_words_new();
  zd_arena arena;
  zd_arena_init(&arena, 0);
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
    zd_text_node *node;
    zd_text_fault fault;
    const char *text = faults[i].text;
    zd_err err = zd_text_read(words, zd_slice_of(text), &arena, &node, &fault);
    if (err != ZD_ERR_INVALID || characters(text, fault.at) != faults[i].place ||
        !strstr(fault.why, faults[i].why))
      fail_msg("%s: %s, character %zu: %s", text, zd_err_name(err), characters(text, fault.at),
               fault.why);
  }
  zd_arena_free(&arena);
  zd_words_free(words);
}

static void there_are_limits(void **state) {
  (void)state;
  zd_words *words = zd_words_new();
  zd_arena arena;
  zd_arena_init(&arena, 0);
  static char text[4000];
  zd_text_node *node;
  zd_text_fault fault;
  for (int k = 0; k < 4; k++) {
    static const char *const parts[] = {"(", "NOT ", "a ", "ж"};
    size_t n = 0;
    for (int i = 0; i < 200; i++) n += (size_t)sprintf(text + n, "%s", parts[k]);
    strcpy(text + n, k == 3 ? "*" : "a");
    assert_int_equal(zd_text_read(words, zd_slice_of(text), &arena, &node, &fault), ZD_ERR_LIMIT);
    assert_true(*fault.why);
  }
  zd_arena_free(&arena);
  zd_words_free(words);
}

static const char *const pages[][2] = {
    {"<div><p>a</p><p>b</p></div>", "  a  b  "},
    {"H<sub>2</sub>O <b class=\">\">x</b>y", "H2O xy"},
    {"a<br/>b<td>c", "a b c"},
    {"a<!-- no <p> --><?x y?>b", "ab"},
    {"&amp;&lt;p&gt; &#1078;&#x416; &Eacute;t&eacute; &alpha;&omega;", "&<p> жЖ Été αω"},
    {"a&nbsp;b&shy;c O&rsquo;N &bogus; & &#0; &#xD800; &#99999999;",
     "a b\xC2\xAD"
     "c O’N   &      "},
    {"a<p", "a "},
    {"a<!-- b", "a"},
};

static void markup_becomes_text(void **state) {
  (void)state;
  zd_arena arena;
  zd_arena_init(&arena, 0);
  for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
    zd_slice text = zd_text_of_markup(zd_slice_of(pages[i][0]), &arena);
    if (!zd_slice_eq(text, zd_slice_of(pages[i][1])))
      fail_msg("%s: \"%.*s\"", pages[i][0], ZD_SV(text));
  }
  zd_arena_free(&arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_a_query_asks), cmocka_unit_test(faults_have_a_place),
      cmocka_unit_test(there_are_limits), cmocka_unit_test(markup_becomes_text)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
