/* scan.c: which variants this processor can run. */
#include "json/scan.h"

/* The vector variant, or NULL when there is none for this processor. */
static const zd_json_scanner *vector_scanner(void) {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2") ? &zd_json_scanner_avx2 : NULL;
#elif defined(__aarch64__)
  return &zd_json_scanner_neon;
#else
  return NULL;
#endif
}

const zd_json_scanner *zd_json_scanner_at(unsigned k) {
  const zd_json_scanner *vector = vector_scanner();
  if (vector) {
    if (k == 0) return vector;
    k--;
  }
  return k == 0 ? &zd_json_scanner_scalar : NULL;
}
