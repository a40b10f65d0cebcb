/* value_codes.h: values that stand for many codes. Used by value.c only. */
#ifndef ZD_SEARCH_VALUE_CODES_H
#define ZD_SEARCH_VALUE_CODES_H

#include "search/internal.h"

/* :in, :not-in: out->text names a value set; sets out->codes. ZD_ERR_NOT_FOUND when it is unknown,
 * ZD_ERR_UNSUPPORTED when its content can't be told exactly, ZD_ERR_LIMIT when it is too large. */
zd_err zd_value_set_codes(const zd_value_context *x, zd_search_value *out);
/* Token :above, :below: the code given and what lies above or below it. */
zd_err zd_value_hierarchy(const zd_value_context *x, zd_search_value *out);

#endif
