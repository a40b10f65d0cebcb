/* xml_patch_fuzz.c: any patch of any document: applied or refused, and what comes out is XML. */
#include <stdlib.h>

#include "fhir/xml_patch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* The document up to the first line end, the patch behind it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  zd_slice all = zd_slice_make(data, n);
  size_t cut = zd_slice_find(all, '\n');
  zd_xml_patch_error error;
  zd_buffer out, again;
  zd_buffer_init(&out, 1 << 20);
  zd_buffer_init(&again, 0);
  zd_err err = zd_xml_patch((zd_slice){all.p, cut}, zd_slice_from(all, cut + 1), &out, &error);
  if (err != ZD_OK && (out.n || (err != ZD_ERR_MEMORY && !error.text[0]))) abort();
  zd_slice nothing = ZD_S("<d><add sel='/*' pos='before'/></d>");
  if (err == ZD_OK && zd_xml_patch(zd_buffer_slice(&out), nothing, &again, &error) != ZD_OK)
    abort();
  zd_buffer_free(&out);
  zd_buffer_free(&again);
  return 0;
}
