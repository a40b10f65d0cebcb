/* What is remembered of elements, and by which key. */
#include "search/entries/said.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

static const zd_slice as_it_is = {NULL, 0};

static zd_node node(zd_element element, const char *value) {
  return (zd_node){.element = element, .p = value, .n = (uint32_t)strlen(value)};
}

static zd_entry term(uint32_t field, const char *text) {
  return (zd_entry){.field = field, .kind = ZD_ENTRY_TERM, .term = zd_slice_of(text)};
}

/* The key of one node. */
static void ask(zd_said *m, uint32_t who, zd_node n, uint32_t span, zd_slice edited) {
  zd_said_begin(m, who);
  zd_said_node(m, &n, span, edited);
}

static void keep(zd_said *m, const char *text) {
  zd_entry e = term(7, text);
  zd_said_keep(m, &e, &(uint32_t){11}, 1);
}

static void what_is_kept_is_found(void **state) {
  zd_said *m = *state;
  zd_said_terms said;
  ask(m, 1, node(5, "a"), 1, as_it_is);
  assert_false(zd_said_find(m, &said));
  zd_entry entries[2] = {term(7, "first"), term(8, "")};
  zd_said_keep(m, entries, (uint32_t[]){11, 12}, 2);
  ask(m, 1, node(5, "a"), 1, as_it_is);
  assert_true(zd_said_find(m, &said));
  assert_int_equal(said.n, 2);
  assert_int_equal(said.terms[0].field, 7);
  assert_int_equal(said.terms[0].hash, 11);
  assert_memory_equal(said.bytes.p + said.terms[0].at, "first", 5);
  assert_int_equal(said.terms[1].field, 8);
  assert_int_equal(said.terms[1].n, 0);
}

static void that_nothing_was_said_is_remembered_too(void **state) {
  zd_said *m = *state;
  zd_said_terms said;
  ask(m, 2, node(5, "nothing"), 1, as_it_is);
  assert_false(zd_said_find(m, &said));
  zd_said_keep(m, NULL, NULL, 0);
  assert_true(zd_said_find(m, &said));
  assert_int_equal(said.n, 0);
}

/* Each row differs from the first in one thing. */
static void all_that_matters_is_in_the_key(void **state) {
  zd_said *m = *state;
  zd_said_terms said;
  zd_node plain = node(5, "b"), typed = plain, flagged = plain;
  typed.type = 9;
  flagged.flags = ZD_NODE_ESCAPED;
  const struct {
    uint32_t who;
    zd_node node;
    uint32_t span;
    zd_slice edited;
  } rows[] = {{1, plain, 1, as_it_is},         {2, plain, 1, as_it_is},
              {1, node(6, "b"), 1, as_it_is},  {1, node(5, "c"), 1, as_it_is},
              {1, node(5, "bb"), 1, as_it_is}, {1, node(5, ""), 1, as_it_is},
              {1, typed, 1, as_it_is},         {1, flagged, 1, as_it_is},
              {1, plain, 2, as_it_is},         {1, plain, 1, ZD_S("b")},
              {1, plain, 1, ZD_S("d")}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    ask(m, rows[i].who, rows[i].node, rows[i].span, rows[i].edited);
    assert_false(zd_said_find(m, &said));
    keep(m, "x");
    assert_true(zd_said_find(m, &said));
  }
}

/* Two nodes "ab", "c" are not "a", "bc". */
static void keys_of_several_nodes(void **state) {
  zd_said *m = *state;
  zd_said_terms said;
  const zd_node one[2] = {node(5, "ab"), node(6, "c")}, other[2] = {node(5, "a"), node(6, "bc")};
  zd_said_begin(m, 3);
  for (int i = 0; i < 2; i++) zd_said_node(m, &one[i], 1, as_it_is);
  assert_false(zd_said_find(m, &said));
  keep(m, "x");
  zd_said_begin(m, 3);
  for (int i = 0; i < 2; i++) zd_said_node(m, &other[i], 1, as_it_is);
  assert_false(zd_said_find(m, &said));
}

static void what_is_too_much_is_not_kept(void **state) {
  zd_said *m = *state;
  zd_said_terms said;
  static char text[ZD_SAID_BYTES + 2];
  zd_entry entries[ZD_SAID_TERMS + 1];
  uint32_t hashes[ZD_SAID_TERMS + 1] = {0};
  memset(text, 'x', sizeof text - 1);
  ask(m, 4, node(5, text), 1, as_it_is); /* the key */
  assert_false(zd_said_find(m, &said));
  keep(m, "x");
  assert_false(zd_said_find(m, &said));
  ask(m, 4, node(5, "long"), 1, as_it_is); /* a term */
  keep(m, text);
  assert_false(zd_said_find(m, &said));
  for (int i = 0; i <= ZD_SAID_TERMS; i++) entries[i] = term(1, "x"); /* too many */
  zd_said_keep(m, entries, hashes, ZD_SAID_TERMS + 1);
  assert_false(zd_said_find(m, &said));
  entries[0].kind = ZD_ENTRY_RANGE;
  zd_said_keep(m, entries, hashes, 1);
  assert_false(zd_said_find(m, &said));
  keep(m, text + 1); /* as much as there is room for */
  assert_true(zd_said_find(m, &said));
}

static int open_memory(void **state) {
  *state = zd_said_new();
  return *state ? 0 : -1;
}

static int close_memory(void **state) {
  zd_said_free(*state);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_kept_is_found),
                                     cmocka_unit_test(that_nothing_was_said_is_remembered_too),
                                     cmocka_unit_test(all_that_matters_is_in_the_key),
                                     cmocka_unit_test(keys_of_several_nodes),
                                     cmocka_unit_test(what_is_too_much_is_not_kept)};
  return cmocka_run_group_tests(tests, open_memory, close_memory);
}
