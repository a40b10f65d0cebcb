/* path_explain.c: a program as text, for people and bug reports. */
#include "base/buffer.h"
#include "fhir/path/path_internal.h"

static void explain_range(const zd_path *p, zd_path_range range, zd_buffer *out) {
  for (uint32_t e = range.low; e <= range.high && e - range.low < 4; e++) {
    zd_element_info info = zd_schema_element_info(p->schema, (zd_element)e);
    zd_buffer_printf(out, " %.*s.%.*s", ZD_SV(zd_schema_type_info(p->schema, info.owner).name),
                     ZD_SV(info.name));
  }
  if (range.high - range.low >= 4) zd_buffer_printf(out, " ... (%d)", range.high - range.low + 1);
}

static void explain_op(const zd_path *p, uint32_t i, zd_buffer *out) {
  static const char *const names[] = {"end",  "start", "resource", "context", "step", "steps",
                                      "type", "index", "skip",     "take",    "where"};
  const zd_path_op *o = &p->ops[i];
  zd_buffer_printf(out, "%u %s", i, names[o->kind]);
  if (o->kind == ZD_OP_STEP) explain_range(p, o->one, out);
  for (uint32_t k = 0; o->kind == ZD_OP_STEPS && k < o->count && k < 4; k++)
    explain_range(p, p->ranges[o->n + k], out);
  if (o->kind == ZD_OP_STEPS && o->count > 4) zd_buffer_printf(out, " ... (%u)", o->count);
  if (o->kind == ZD_OP_TYPE)
    zd_buffer_printf(out, " %.*s", ZD_SV(zd_schema_type_info(p->schema, (zd_type)o->n).name));
  if (o->kind >= ZD_OP_INDEX) zd_buffer_printf(out, " %u", o->n);
  zd_buffer_printf(out, " -> %u\n", o->next);
}

zd_slice zd_path_explain(const zd_path *path, zd_arena *arena) {
  zd_buffer out;
  zd_buffer_init(&out, 1 << 20);
  zd_buffer_printf(&out, "%s\n", path->boolean ? "truth" : "path");
  for (uint32_t i = 1; i < path->op_count; i++) explain_op(path, i, &out);
  zd_slice text = zd_arena_copy(arena, zd_buffer_slice(&out));
  zd_buffer_free(&out);
  return text;
}
