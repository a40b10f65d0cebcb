/* json_fuzz.c: all variants read any bytes alike; what is read has consistent spans. */
#include <stdlib.h>

#include "json/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_spans(const zd_json_tape *t) {
  for (uint32_t i = 0; i < t->count; i++) {
    const zd_json_node *node = &t->nodes[i];
    if (node->end <= i || node->end > t->count) abort();
    if ((size_t)node->at + node->n > t->text.n) abort();
    if (node->type != ZD_JSON_STRING) continue;
    char *plain = malloc(node->n + 1);
    if (!plain) return;
    if (zd_json_unescape(zd_json_raw(t, i), plain) > node->n) abort();
    free(plain);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  zd_slice text = zd_slice_make(data, n);
  zd_json_tape want = {0}, got = {0};
  zd_json_error want_error = {0}, got_error = {0};
  zd_err expected = zd_json_read_with(&zd_json_scanner_scalar, text, NULL, &want, &want_error);
  for (unsigned k = 0; zd_json_scanner_at(k); k++) {
    zd_err err = zd_json_read_with(zd_json_scanner_at(k), text, NULL, &got, &got_error);
    if (err != expected) abort();
    if (err != ZD_OK && want_error.offset != got_error.offset) abort();
    if (err != ZD_OK) continue;
    if (want.count != got.count) abort();
    if (memcmp(want.nodes, got.nodes, want.count * sizeof *want.nodes) != 0) abort();
    check_spans(&got);
  }
  zd_json_free(&want);
  zd_json_free(&got);
  return 0;
}
