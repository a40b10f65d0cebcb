/* scan.c: which variants this processor can run. The build says which are compiled in. */
#include "json/scan.h"

/* The vector variant, or NULL when there is none for this processor. */
static const zd_json_scanner *vector_scanner(void) {
#if defined(ZD_JSON_AVX2)
  return __builtin_cpu_supports("avx2") ? &zd_json_scanner_avx2 : NULL;
#elif defined(ZD_JSON_NEON)
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
