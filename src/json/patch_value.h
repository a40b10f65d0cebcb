/* patch_value.h: a JSON document that can be changed; private to json/patch*.c. */
#ifndef ZD_JSON_PATCH_VALUE_H
#define ZD_JSON_PATCH_VALUE_H

#include "json/patch.h"

/* A value and its place among others. Texts are those it was read from. */
typedef struct zd_json_value {
  zd_json_type type;
  bool escaped;     /* a string with escapes in it */
  zd_slice raw;     /* scalars: as in the text, strings without quotes */
  zd_slice key_raw; /* of a member: as in the text ... */
  zd_slice key;     /* ... and unescaped */
  struct zd_json_value *first, *last, *next;
  uint32_t count; /* children */
} zd_json_value;

typedef struct zd_json_patching {
  zd_json_patch_limits limits;
  zd_arena *arena;
  zd_json_patch_error *error;
  zd_json_value *root;
  uint32_t nodes;
  uint64_t steps;
} zd_json_patching;

/* The value at `at` of a tape. NULL: limit or memory, *err says which. */
zd_json_value *zd_json_value_make(zd_json_patching *p, const zd_json_tape *tape, uint32_t at,
                                  zd_err *err);
/* A copy with all in it, and without a place. */
zd_json_value *zd_json_value_copy(zd_json_patching *p, const zd_json_value *v, zd_err *err);
/* ZD_OK: the same; ZD_ERR_REFUSED: not; limit, memory. */
zd_err zd_json_value_same(zd_json_patching *p, const zd_json_value *a, const zd_json_value *b);
/* Values within each other: 1 for a scalar. Counts as steps; who calls looks at them. */
uint32_t zd_json_value_height(zd_json_patching *p, const zd_json_value *v);
void zd_json_value_write(const zd_json_value *v, zd_buffer *out);
/* The member of this name; NULL: none, or *err. */
zd_json_value *zd_json_value_member(zd_json_patching *p, const zd_json_value *object, zd_slice key,
                                    zd_err *err);
/* Child number `index` < count. */
zd_json_value *zd_json_value_item(zd_json_patching *p, const zd_json_value *array, uint32_t index,
                                  zd_err *err);
/* One child more, in front of child number `index`; index count: at the end. */
zd_err zd_json_value_insert(zd_json_patching *p, zd_json_value *parent, uint32_t index,
                            zd_json_value *child);
zd_err zd_json_value_remove(zd_json_patching *p, zd_json_value *parent, zd_json_value *child);
/* `v` takes the place of `old`, its key too. */
zd_err zd_json_value_replace(zd_json_patching *p, zd_json_value *parent, zd_json_value *old,
                             zd_json_value *v);

/* Text without escapes; absent: memory. */
zd_slice zd_json_plain(zd_json_patching *p, zd_slice raw, bool escaped);

#endif
