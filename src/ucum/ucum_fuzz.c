/* Any bytes as a code, and as a value with two: what is read can be printed, measured and
 * converted, and nothing ends the program. */
#include <stdlib.h>

#include "ucum/ucum.h"

static void expect(bool holds) {
  if (!holds) abort();
}

static void look(zd_slice code, zd_arena *arena) {
  zd_ucum_form form, again;
  zd_ucum_fault fault = {0};
  zd_slice text;
  zd_err valid = zd_ucum_check(code, &fault);
  expect(!valid || (fault.text[0] && fault.at <= code.n));
  zd_err err = zd_ucum_canonical(code, arena, &form, &fault);
  expect(valid ? err == valid : err == ZD_OK || err == ZD_ERR_UNSUPPORTED || err == ZD_ERR_LIMIT);
  expect((zd_ucum_display(code, ZD_UCUM_RUSSIAN, arena, &text, NULL) == ZD_OK) == !valid);
  if (err) return;
  expect(!zd_ucum_canonical(form.unit, arena, &again, NULL) && zd_slice_eq(form.unit, again.unit));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* value|code|code */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  zd_arena arena;
  zd_slice rest = zd_slice_make(data, size), part[3];
  if (size > 2000) return 0;
  zd_arena_init(&arena, 1 << 20);
  for (int i = 0; i < 3; i++) {
    part[i] = zd_slice_make(rest.p, zd_slice_find(rest, '|'));
    rest = zd_slice_from(rest, part[i].n + 1);
  }
  look(part[1], &arena);
  look(part[2], &arena);
  zd_ucum_number there, back;
  zd_ucum_quantity q = {part[0], part[1]};
  if (!zd_ucum_convert(q, part[2], &arena, &there, NULL) && there.exact) {
    int order = 1;
    zd_ucum_quantity moved = {there.text, part[2]};
    if (!zd_ucum_convert(moved, part[1], &arena, &back, NULL) && back.exact)
      expect(!zd_ucum_compare(q, (zd_ucum_quantity){back.text, part[1]}, &order, NULL) && !order);
  }
  zd_arena_free(&arena);
  return 0;
}
