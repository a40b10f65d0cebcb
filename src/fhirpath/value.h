/* value.h: what items hold besides plain numbers and text. Private to fhirpath/. */
#ifndef ZD_FHIRPATH_VALUE_H
#define ZD_FHIRPATH_VALUE_H

#include "fhirpath/decimal.h"
#include "fhirpath/moment.h"

struct zd_fp_quantity {
  zd_fp_decimal value;
  zd_slice unit;    /* as written: "mg", "days"; "1" when there is none */
  uint8_t calendar; /* zd_fp_calendar: unit is one of FHIRPath's words for spans of time */
};

static inline zd_slice zd_fp_string_of(const zd_fhirpath_item *item) {
  return (zd_slice){item->as.text, item->n};
}

/* "String": the type of System that a kind is; empty for NODE. */
zd_slice zd_fp_kind_name(zd_fhirpath_kind kind);
/* The kind of a name of System; ZD_FP_KINDS when there is none. */
zd_fhirpath_kind zd_fp_kind_of_name(zd_slice name);
/* The kind that a primitive of FHIR becomes in operations; NODE when it is none. */
zd_fhirpath_kind zd_fp_kind_of_primitive(zd_primitive primitive);

#endif
