/* schema_r4.c: the image of FHIR R4 that is linked into the program (schema_r4.S). */
#include <assert.h>

#include "fhir/schema/schema_image.h"

extern const unsigned char zd_schema_r4_image[]; /* 64-byte aligned */

const zd_schema *zd_schema_r4(void) {
  const zd_schema *s = (const zd_schema *)(const void *)zd_schema_r4_image;
  assert(memcmp(s->magic, ZD_IMAGE_MAGIC, 8) == 0 && s->format == ZD_IMAGE_FORMAT);
  return s;
}
