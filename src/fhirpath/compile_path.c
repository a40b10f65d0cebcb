/* compile_path.c: names: steps to elements, types, variables */
#include <stdlib.h>

#include "fhirpath/compile.h"

/* ---- elements of a name ---- */

/* Elements found, and their types. */
typedef struct found {
  zd_fp_compiler *c;
  zd_fp_range *ranges;
  uint32_t n, room;
  zd_type *types;
  uint32_t type_count, type_room;
  bool failed;
} found;

static void *grown(found *f, const void *old, uint32_t n, uint32_t *room, size_t size) {
  if (n < *room) return (void *)(uintptr_t)old;
  *room = *room ? *room * 2 : 4;
  void *p = zd_arena_alloc(f->c->arena, *room * size);
  if (!p) {
    f->failed = true;
    return NULL;
  }
  if (n) memcpy(p, old, n * size);
  return p;
}

static void add_type(found *f, zd_type t) {
  for (uint32_t i = 0; i < f->type_count; i++)
    if (f->types[i] == t) return;
  f->types = grown(f, f->types, f->type_count, &f->type_room, sizeof *f->types);
  if (!f->failed) f->types[f->type_count++] = t;
}

static void add_element(found *f, zd_element e, zd_type type) {
  add_type(f, type);
  if (f->failed) return;
  if (f->n && f->ranges[f->n - 1].high + 1 == e) {
    f->ranges[f->n - 1].high = e;
    return;
  }
  f->ranges = grown(f, f->ranges, f->n, &f->room, sizeof *f->ranges);
  if (!f->failed) f->ranges[f->n++] = (zd_fp_range){e, e};
}

/* The elements of one type with this name in FHIRPath. */
static void find_in_type(found *f, zd_type t, zd_slice name) {
  const zd_schema *s = f->c->schema;
  zd_element direct = zd_schema_child(s, t, name);
  if (direct != ZD_NO_ELEMENT) {
    zd_element_info e = zd_schema_element_info(s, direct);
    if (!(e.flags & ZD_EL_CHOICE)) {
      add_element(f, direct, e.type);
      return;
    }
  }
  zd_type_info info = zd_schema_type_info(s, t);
  for (uint16_t i = 0; i < info.count && !f->failed; i++) {
    zd_element_info e = zd_schema_element_info(s, (zd_element)(info.first + i));
    if (e.flags & ZD_EL_CHOICE && zd_slice_eq(e.path, name))
      add_element(f, (zd_element)(info.first + i), e.type);
  }
}

/* Of all types, or those that derive from one. */
static void find_in_all(found *f, zd_type ancestor, zd_slice name) {
  uint16_t n = zd_schema_type_count(f->c->schema);
  for (uint16_t t = 0; t < n && !f->failed; t++)
    if (ancestor == ZD_NO_TYPE || zd_schema_is_a(f->c->schema, t, ancestor))
      find_in_type(f, t, name);
}

static int by_low(const void *a, const void *b) {
  const zd_fp_range *x = a, *y = b;
  return (x->low > y->low) - (x->low < y->low);
}

/* Sorted, without those that are there twice. */
static void tidy(found *f) {
  uint32_t kept = 0;
  if (f->n < 2) return;
  qsort(f->ranges, f->n, sizeof *f->ranges, by_low);
  for (uint32_t i = 1; i < f->n; i++) {
    if (f->ranges[i].low <= (uint32_t)f->ranges[kept].high + 1) {
      if (f->ranges[i].high > f->ranges[kept].high) f->ranges[kept].high = f->ranges[i].high;
    } else {
      f->ranges[++kept] = f->ranges[i];
    }
  }
  f->n = kept + 1;
}

static uint16_t member_of(const zd_fp_types *types, zd_slice name, zd_fp_types *out) {
  static const struct {
    zd_slice name;
    uint16_t member;
    uint8_t of, gives;
  } members[] = {{{"namespace", 9}, ZD_FP_MEMBER_NAMESPACE, ZD_FP_TYPE, ZD_FP_STRING},
                 {{"name", 4}, ZD_FP_MEMBER_NAME, ZD_FP_TYPE, ZD_FP_STRING},
                 {{"baseType", 8}, ZD_FP_MEMBER_BASE, ZD_FP_TYPE, ZD_FP_STRING},
                 {{"value", 5}, ZD_FP_MEMBER_VALUE, ZD_FP_QUANTITY, ZD_FP_DECIMAL},
                 {{"unit", 4}, ZD_FP_MEMBER_UNIT, ZD_FP_QUANTITY, ZD_FP_STRING}};
  for (size_t i = 0; types->system && i < sizeof members / sizeof *members; i++) {
    if (!(types->system & ZD_FP_BIT(members[i].of)) || !zd_slice_eq(members[i].name, name))
      continue;
    out->system |= ZD_FP_BIT(members[i].gives);
    return members[i].member;
  }
  return ZD_FP_MEMBER_NONE;
}

/* The step to `name` from what has these types; false: memory. *hit: is there one? */
static bool find_step(zd_fp_compiler *c, const zd_fp_types *from, zd_slice name, zd_fp_step *step,
                      zd_fp_types *to, bool *hit) {
  found f = {.c = c};
  if (from->any) find_in_all(&f, ZD_NO_TYPE, name);
  for (uint32_t i = 0; !from->any && i < from->n && !f.failed; i++) {
    if (zd_schema_type_info(c->schema, from->fhir[i]).abstract)
      find_in_all(&f, from->fhir[i], name);
    else
      find_in_type(&f, from->fhir[i], name);
  }
  if (f.failed) return false;
  tidy(&f);
  *to = (zd_fp_types){.unordered = from->unordered, .n = f.type_count, .fhir = f.types};
  *step = (zd_fp_step){.n = (uint16_t)f.n, .ranges = f.ranges};
  step->member = member_of(from, name, to);
  if (f.n == 1) step->one = f.ranges[0];
  *hit = f.n || step->member;
  return true;
}

/* ---- steps ---- */

/* A step more for what the input walks already. */
static zd_err add_step(zd_fp_compiler *c, const zd_fp_ast *ast, const zd_fp_expression *input,
                       const zd_fp_step *step, zd_fp_op **out) {
  const zd_fp_op *before = input->op;
  bool joins = before && before->run == zd_fp_run_steps && before->step_count < 64;
  zd_err err = zd_fp_new_op(c, ast, zd_fp_run_steps, out);
  if (err) return err;
  unsigned n = joins ? before->step_count : 0;
  zd_fp_step *steps = zd_arena_alloc(c->arena, (n + 1) * sizeof *steps);
  if (!steps) return zd_fp_compile_memory(c);
  if (n) memcpy(steps, before->u.steps, n * sizeof *steps);
  steps[n] = *step;
  (*out)->u.steps = steps;
  (*out)->step_count = (uint16_t)(n + 1);
  (*out)->input = joins ? before->input : before;
  if ((*out)->input && (*out)->input->run == zd_fp_run_this && !(*out)->input->input)
    (*out)->input = NULL;
  (*out)->needs = zd_fp_needs_of(before);
  return ZD_OK;
}

static zd_err none_of(zd_fp_compiler *c, const zd_fp_ast *ast, const zd_fp_types *from) {
  zd_slice type = from->n ? zd_schema_type_info(c->schema, from->fhir[0]).name : ZD_S("");
  zd_slice name = {ast->text.p, ast->text.n > 80 ? 80 : ast->text.n};
  for (uint32_t i = 0; i < from->n; i++) {
    zd_element e = zd_schema_child(c->schema, from->fhir[i], ast->text);
    if (e == ZD_NO_ELEMENT) continue;
    zd_slice path = zd_schema_element_info(c->schema, e).path;
    return zd_fp_refuse(c, ZD_ERR_INVALID, ast, "%.*s is written %.*s in FHIRPath", ZD_SV(name),
                        ZD_SV(path));
  }
  return zd_fp_refuse(c, ZD_ERR_INVALID, ast, "there is no %.*s in %.*s%s", ZD_SV(name),
                      ZD_SV(type), from->n > 1 ? " and the others that it may be" : "");
}

/* A type's name in front: what is of that type goes on. */
static zd_err compile_type_filter(zd_fp_compiler *c, const zd_fp_ast *ast, const zd_fp_scope *scope,
                                  zd_type type, zd_fp_expression *out) {
  const zd_fp_types *self = &scope->self;
  bool possible = self->any;
  zd_fp_type_name name = {.fhir = type};
  for (uint32_t i = 0; i < self->n; i++) {
    if (zd_schema_is_a(c->schema, self->fhir[i], type)) { /* it is $this */
      out->types = *self;
      zd_err err = zd_fp_new_op(c, ast, zd_fp_run_this, &out->op);
      if (!err) out->op->needs = ZD_FP_NEEDS_SELF;
      return err;
    }
    possible = possible || zd_schema_is_a(c->schema, type, self->fhir[i]);
  }
  if (!possible && !c->how->lenient)
    return zd_fp_refuse(c, ZD_ERR_INVALID, ast, "the context is no %.*s", ZD_SV(ast->text));
  zd_err err = zd_fp_new_op(c, ast, possible ? zd_fp_run_of_type : zd_fp_run_seq, &out->op);
  if (err || !possible) return err;
  out->op->needs = ZD_FP_NEEDS_SELF;
  out->op->u.type = name;
  return zd_fp_narrow(c, self, &name, &out->types);
}

zd_err zd_fp_compile_name(zd_fp_compiler *c, const zd_fp_ast *ast, const zd_fp_scope *scope,
                          const zd_fp_expression *input, zd_fp_expression *out) {
  zd_fp_step step;
  bool hit;
  if (!find_step(c, &input->types, ast->text, &step, &out->types, &hit))
    return zd_fp_compile_memory(c);
  if (!hit && !input->op && !scope->lambda) {
    zd_type type = zd_schema_type(c->schema, ast->text);
    if (type != ZD_NO_TYPE && zd_schema_type_info(c->schema, type).kind != ZD_KIND_PRIMITIVE)
      return compile_type_filter(c, ast, scope, type, out);
  }
  bool nothing = !input->types.any && !input->types.n && !input->types.system;
  if (!hit && !c->how->lenient && !nothing) return none_of(c, ast, &input->types);
  if (!hit) return zd_fp_new_op(c, ast, zd_fp_run_seq, &out->op);
  return add_step(c, ast, input, &step, &out->op);
}

/* ---- types ---- */

zd_err zd_fp_compile_type_name(zd_fp_compiler *c, const zd_fp_ast *ast, zd_fp_type_name *out) {
  const zd_fp_ast *space = ast->left;
  *out = (zd_fp_type_name){.fhir = ZD_NO_TYPE};
  if (ast->kind != ZD_FP_AST_NAME || (space && (space->kind != ZD_FP_AST_NAME || space->left)))
    return zd_fp_refuse(c, ZD_ERR_INVALID, ast, "a type's name is asked");
  bool fhir = !space || zd_slice_eq(space->text, ZD_S("FHIR"));
  bool system = !space || zd_slice_eq(space->text, ZD_S("System"));
  if (fhir) out->fhir = zd_schema_type(c->schema, ast->text);
  zd_fhirpath_kind kind = system ? zd_fp_kind_of_name(ast->text) : ZD_FP_KINDS;
  if (kind < ZD_FP_KINDS) out->system = (uint8_t)kind;
  if (out->fhir != ZD_NO_TYPE || out->system) return ZD_OK;
  zd_slice name = {ast->text.p, ast->text.n > 80 ? 80 : ast->text.n};
  return zd_fp_refuse(c, ZD_ERR_INVALID, ast, "there is no type %.*s", ZD_SV(name));
}

zd_err zd_fp_narrow(zd_fp_compiler *c, const zd_fp_types *from, const zd_fp_type_name *type,
                    zd_fp_types *out) {
  *out = (zd_fp_types){.unordered = from->unordered};
  if (type->system && (from->any || from->system & ZD_FP_BIT(type->system)))
    out->system = ZD_FP_BIT(type->system);
  if (type->fhir == ZD_NO_TYPE) return ZD_OK;
  zd_type *kept = ZD_NEW_ARRAY(c->arena, zd_type, from->n + 1u);
  if (!kept) return zd_fp_compile_memory(c);
  for (uint32_t i = 0; i < from->n; i++)
    if (zd_schema_is_a(c->schema, from->fhir[i], type->fhir)) kept[out->n++] = from->fhir[i];
  if (!out->n && !(out->system && !from->any && !from->n)) kept[out->n++] = type->fhir;
  out->fhir = kept;
  return ZD_OK;
}

/* ---- %name ---- */

static zd_err constant(zd_fp_compiler *c, const zd_fp_ast *ast, zd_slice text,
                       zd_fp_expression *out) {
  if (!text.p) return zd_fp_compile_memory(c);
  zd_err err = zd_fp_new_op(c, ast, zd_fp_run_value, &out->op);
  if (err) return err;
  out->op->u.value = zd_fhirpath_string(text);
  out->types = zd_fp_types_system(ZD_FP_BIT(ZD_FP_STRING));
  return ZD_OK;
}

/* ucum, sct, loinc, vs-name, ext-name: texts; absent: none of them. */
static zd_slice known_text(zd_fp_compiler *c, zd_slice name) {
  if (zd_slice_eq(name, ZD_S("ucum"))) return ZD_S("http://unitsofmeasure.org");
  if (zd_slice_eq(name, ZD_S("sct"))) return ZD_S("http://snomed.info/sct");
  if (zd_slice_eq(name, ZD_S("loinc"))) return ZD_S("http://loinc.org");
  if (zd_slice_starts(name, ZD_S("vs-")))
    return zd_arena_printf(c->arena, "http://hl7.org/fhir/ValueSet/%.*s",
                           ZD_SV(zd_slice_from(name, 3)));
  if (zd_slice_starts(name, ZD_S("ext-")))
    return zd_arena_printf(c->arena, "http://hl7.org/fhir/StructureDefinition/%.*s",
                           ZD_SV(zd_slice_from(name, 4)));
  return (zd_slice){NULL, 0};
}

static bool is_known(zd_slice name) {
  return zd_slice_eq(name, ZD_S("ucum")) || zd_slice_eq(name, ZD_S("sct")) ||
         zd_slice_eq(name, ZD_S("loinc")) || zd_slice_starts(name, ZD_S("vs-")) ||
         zd_slice_starts(name, ZD_S("ext-"));
}

/* %resource is the context itself when that is a resource. */
static zd_err compile_resource(zd_fp_compiler *c, const zd_fp_ast *ast, zd_fp_run *run,
                               zd_fp_expression *out) {
  zd_type *types = zd_arena_alloc(c->arena, sizeof *types);
  zd_err err = zd_fp_new_op(c, ast, run, &out->op);
  if (err || !types) return err ? err : zd_fp_compile_memory(c);
  out->op->needs = ZD_FP_NEEDS_WORLD;
  bool itself = run == zd_fp_run_resource && c->how->context != ZD_NO_TYPE &&
                zd_schema_type_info(c->schema, c->how->context).kind == ZD_KIND_RESOURCE;
  *types = itself ? c->how->context : zd_schema_type(c->schema, ZD_S("Resource"));
  out->types = (zd_fp_types){.n = 1, .fhir = types};
  return ZD_OK;
}

static zd_err compile_defined(zd_fp_compiler *c, const zd_fp_ast *ast, const zd_fp_defined *d,
                              zd_fp_expression *out) {
  zd_err err = zd_fp_new_op(c, ast, zd_fp_run_slot, &out->op);
  if (err) return err;
  out->op->slot = d->slot;
  out->op->needs = ZD_FP_NEEDS_WORLD;
  out->types = d->types;
  return ZD_OK;
}

zd_err zd_fp_compile_external(zd_fp_compiler *c, const zd_fp_ast *ast, zd_fp_expression *out) {
  for (const zd_fp_defined *d = c->defined; d; d = d->before)
    if (zd_slice_eq(d->name, ast->text)) return compile_defined(c, ast, d, out);
  for (size_t i = 0; i < c->how->variable_count; i++) {
    if (!zd_slice_eq(c->how->variables[i], ast->text)) continue;
    zd_err err = zd_fp_new_op(c, ast, zd_fp_run_variable, &out->op);
    if (err) return err;
    out->op->slot = (uint16_t)i;
    out->op->needs = ZD_FP_NEEDS_WORLD;
    out->types = (zd_fp_types){.any = true, .system = ZD_FP_ALL_SYSTEM};
    return ZD_OK;
  }
  if (zd_slice_eq(ast->text, ZD_S("resource")))
    return compile_resource(c, ast, zd_fp_run_resource, out);
  if (zd_slice_eq(ast->text, ZD_S("rootResource")))
    return compile_resource(c, ast, zd_fp_run_root_resource, out);
  if (zd_slice_eq(ast->text, ZD_S("context"))) {
    zd_err err = zd_fp_new_op(c, ast, zd_fp_run_context, &out->op);
    if (err) return err;
    out->op->needs = ZD_FP_NEEDS_WORLD;
    out->types = c->context;
    return ZD_OK;
  }
  if (is_known(ast->text)) return constant(c, ast, known_text(c, ast->text), out);
  zd_slice name = {ast->text.p, ast->text.n > 80 ? 80 : ast->text.n};
  return zd_fp_refuse(c, ZD_ERR_INVALID, ast, "there is no variable %%%.*s", ZD_SV(name));
}
