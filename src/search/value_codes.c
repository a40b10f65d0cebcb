/* value_codes.c: from the name of a value set, or a code of a hierarchy, to codes. */
#include "search/value_codes.h"

zd_err zd_value_set_codes(const zd_value_context *x, zd_search_value *out) {
  (void)out;
  return zd_fail(x->fault, ZD_ERR_UNSUPPORTED, "value sets are not offered yet");
}

zd_err zd_value_hierarchy(const zd_value_context *x, zd_search_value *out) {
  (void)out;
  return zd_fail(x->fault, ZD_ERR_UNSUPPORTED, "hierarchies of codes are not offered yet");
}
