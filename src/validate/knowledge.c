#include "validate/knowledge.h"

#include <stdlib.h>

#include "base/file.h"
#include "fhir/codec.h"
#include "fhir/definitions.h"
#include "fhir/xml.h"
#include "json/json.h"
#include "validate/package.h"
#include "validate/snapshot.h"

enum { FILE_MAX = 256 << 20, RETRIES_MAX = 2000 };

/* One resource as JSON. */
typedef struct known {
  zd_slice text, type, url, version, id;
  bool definition; /* goes into the schema */
  bool bare;       /* a profile that has no snapshot yet */
  zd_slice why;    /* left out of it */
} known;

struct zd_knowledge {
  const zd_schema *base;
  zd_arena arena;
  zd_buffer all; /* known */
  zd_buffer image;
};

static known *at(const zd_knowledge *k, size_t i) {
  return (known *)(void *)k->all.p + i;
}

static size_t count(const zd_knowledge *k) {
  return k->all.n / sizeof(known);
}

zd_err zd_knowledge_new(const zd_schema *base, zd_knowledge **out, zd_fault *fault) {
  zd_knowledge *k = calloc(1, sizeof *k);
  *out = k;
  if (!k) return zd_fail(fault, ZD_ERR_MEMORY, "no memory for definitions");
  k->base = base;
  zd_arena_init(&k->arena, 0);
  zd_buffer_init(&k->all, 0);
  zd_buffer_init(&k->image, 0);
  return ZD_OK;
}

void zd_knowledge_free(zd_knowledge *k) {
  if (!k) return;
  zd_buffer_free(&k->all);
  zd_buffer_free(&k->image);
  zd_arena_free(&k->arena);
  free(k);
}

/* ---- adding ---- */

static bool is_definition(zd_slice type) {
  return zd_slice_eq(type, ZD_S("StructureDefinition")) || zd_slice_eq(type, ZD_S("ValueSet")) ||
         zd_slice_eq(type, ZD_S("CodeSystem"));
}

static bool has_snapshot(const zd_json_tape *tape) {
  return zd_json_find(tape, 0, ZD_S("snapshot")) != 0;
}

static zd_slice excuse(const zd_json_tape *tape, zd_slice type) {
  if (!zd_slice_eq(type, ZD_S("StructureDefinition"))) return (zd_slice){NULL, 0};
  if (zd_slice_eq(zd_json_string(tape, 0, ZD_S("kind")), ZD_S("logical")))
    return ZD_S("logical models are not read");
  if (zd_slice_eq(zd_json_string(tape, 0, ZD_S("derivation")), ZD_S("specialization")))
    return ZD_S("types cannot be added");
  return (zd_slice){NULL, 0};
}

static zd_err add_json(zd_knowledge *k, zd_slice text, const char *name, zd_fault *fault) {
  zd_json_tape tape = {0};
  zd_json_error error = {0};
  zd_err err = zd_json_read(text, NULL, &tape, &error);
  if (err != ZD_OK) {
    zd_json_free(&tape);
    return zd_fail(fault, err, "%s: no JSON (line %u, column %u)", name, error.line, error.column);
  }
  known x = {.text = text,
             .type = zd_json_string(&tape, 0, ZD_S("resourceType")),
             .url = zd_json_string(&tape, 0, ZD_S("url")),
             .version = zd_json_string(&tape, 0, ZD_S("version")),
             .id = zd_json_string(&tape, 0, ZD_S("id"))};
  if (x.type.p) {
    x.definition = is_definition(x.type) && x.url.p;
    if (x.definition) x.why = excuse(&tape, x.type);
    x.bare = x.definition && !x.why.p && zd_slice_eq(x.type, ZD_S("StructureDefinition")) &&
             !has_snapshot(&tape);
    zd_buffer_add(&k->all, &x, sizeof x);
  }
  zd_json_free(&tape);
  return zd_buffer_error(&k->all);
}

/* XML becomes JSON; what is faulty is taken as far as it could be read. */
static zd_err add_xml(zd_knowledge *k, zd_slice text, const char *name, zd_fault *fault) {
  zd_issues issues;
  zd_tree tree;
  zd_buffer json;
  zd_issues_init(&issues, &k->arena);
  zd_err err = zd_fhir_read_xml(k->base, text, ZD_NO_TYPE, NULL, &k->arena, &tree, &issues);
  if (!tree.count) return zd_fail(fault, err, "%s is no resource", name);
  zd_buffer_init(&json, 0);
  zd_fhir_write_json(&tree, 0, NULL, &json);
  zd_slice kept = zd_arena_copy(&k->arena, zd_buffer_slice(&json));
  err = json.failed || !kept.p ? zd_fail(fault, ZD_ERR_MEMORY, "no memory to read %s", name)
                               : add_json(k, kept, name, fault);
  zd_buffer_free(&json);
  return err;
}

zd_err zd_knowledge_add_text(zd_knowledge *k, zd_slice text, const char *name, zd_fault *fault) {
  while (text.n && strchr(" \t\r\n\xEF\xBB\xBF", text.p[0])) text = zd_slice_from(text, 1);
  zd_slice kept = zd_arena_copy(&k->arena, text);
  if (!kept.p) return zd_fail(fault, ZD_ERR_MEMORY, "no memory to read %s", name);
  return kept.n && kept.p[0] == '<' ? add_xml(k, kept, name, fault)
                                    : add_json(k, kept, name, fault);
}

/* Files right in package/; its folders hold examples and other things. */
static bool is_content(zd_slice name) {
  if (!zd_slice_starts(name, ZD_S("package/"))) return false;
  zd_slice file = zd_slice_from(name, 8);
  return zd_slice_find(file, '/') == file.n && file.n && file.p[0] != '.' &&
         !zd_slice_eq(file, ZD_S("package.json"));
}

static zd_err add_package(zd_knowledge *k, zd_slice packed, const char *path, zd_fault *fault) {
  zd_buffer archive;
  zd_slice name, content;
  size_t from = 0;
  zd_buffer_init(&archive, 0);
  zd_err err = zd_package_unpack(packed, &archive, fault), end = ZD_OK;
  while (!err && zd_package_next(zd_buffer_slice(&archive), &from, &name, &content, &end, fault))
    if (is_content(name)) err = zd_knowledge_add_text(k, content, path, fault);
  zd_buffer_free(&archive);
  return err ? err : end;
}

zd_err zd_knowledge_add_file(zd_knowledge *k, const char *path, zd_fault *fault) {
  zd_buffer text;
  zd_buffer_init(&text, 0);
  zd_err err = zd_file_read(path, FILE_MAX, &text, fault);
  zd_slice in = zd_buffer_slice(&text);
  bool packed = in.n > 2 && (unsigned char)in.p[0] == 0x1F && (unsigned char)in.p[1] == 0x8B;
  if (!err)
    err = packed ? add_package(k, in, path, fault) : zd_knowledge_add_text(k, in, path, fault);
  zd_buffer_free(&text);
  return err;
}

/* ---- building ---- */

/* The definition that the compiler's message names: the longest url in it; SIZE_MAX. */
static size_t find_named(const zd_knowledge *k, const zd_fault *fault) {
  size_t found = SIZE_MAX, longest = 0;
  zd_slice text = {fault->text, strlen(fault->text)};
  for (size_t i = 0; i < count(k); i++) {
    const known *x = at(k, i);
    if (!x->definition || x->why.p || !x->url.p || x->url.n <= longest) continue;
    if (!memmem(text.p, text.n, x->url.p, x->url.n)) continue;
    found = i;
    longest = x->url.n;
  }
  return found;
}

static bool leave_out(zd_knowledge *k, size_t i, const zd_fault *fault) {
  at(k, i)->why = zd_arena_copy(&k->arena, zd_slice_of(fault->text));
  return at(k, i)->why.p != NULL;
}

/* One attempt: *again when something was left out and the rest may do. */
static zd_err compile(zd_knowledge *k, bool *again, zd_fault *fault) {
  zd_definitions *d = NULL;
  zd_err err = zd_definitions_extend(k->base, &d, fault);
  size_t culprit = SIZE_MAX;
  *again = false;
  for (size_t i = 0; i < count(k) && !err; i++) {
    const known *x = at(k, i);
    if (!x->definition || x->why.p || x->bare) continue;
    err = zd_definitions_add(d, x->text, fault);
    if (err) culprit = i;
  }
  if (!err) err = zd_definitions_build(d, &k->image, fault);
  zd_definitions_free(d);
  if (err != ZD_ERR_INVALID && err != ZD_ERR_UNSUPPORTED) return err;
  if (culprit == SIZE_MAX) culprit = find_named(k, fault);
  *again = culprit != SIZE_MAX && leave_out(k, culprit, fault);
  return *again ? ZD_OK : err;
}

/* The same definition twice is one, and what the base has already stays as it is there. */
static void drop_known(zd_knowledge *k) {
  for (size_t i = 0; i < count(k); i++) {
    known *x = at(k, i);
    zd_definition_standing standing;
    if (!x->definition || x->why.p) continue;
    for (size_t j = 0; j < i; j++) {
      const known *y = at(k, j);
      if (y->definition && !y->why.p && zd_slice_eq(x->url, y->url) &&
          zd_slice_eq(x->version, y->version))
        x->definition = false;
    }
    if (zd_definitions_compare(k->base, x->text, &standing, NULL) == ZD_OK) {
      if (standing == ZD_STANDING_SAME) x->definition = false;
      if (standing == ZD_STANDING_CONFLICT)
        x->why = ZD_S("another definition has its url and version");
    }
  }
}

/* With everything that has a snapshot. */
static zd_err compile_all(zd_knowledge *k, const zd_schema **out, zd_fault *fault) {
  bool again = true, any = false;
  zd_err err = ZD_OK;
  *out = k->base;
  for (size_t i = 0; i < count(k); i++) {
    const known *x = at(k, i);
    any |= x->definition && !x->why.p && !x->bare;
  }
  if (!any) return ZD_OK;
  for (size_t i = 0; again && !err && i < RETRIES_MAX; i++) err = compile(k, &again, fault);
  if (err) return err;
  return zd_schema_from_image(k->image.p, k->image.n, out, fault);
}

/* A profile whose base has rows gets rows, too. `last`: what lacks its base is given up. */
static zd_err make_snapshots(zd_knowledge *k, const zd_schema *schema, bool last, bool *more,
                             zd_fault *fault) {
  *more = false;
  for (size_t i = 0; i < count(k); i++) {
    known *x = at(k, i);
    zd_slice text;
    zd_fault why = {0};
    if (!x->definition || x->why.p || !x->bare) continue;
    zd_err err = zd_snapshot_make(schema, x->text, &k->arena, &text, &why);
    if (err == ZD_ERR_MEMORY) return zd_fail(fault, err, "%s", why.text);
    if (err == ZD_ERR_NOT_FOUND && !last) continue;
    if (err) {
      if (!leave_out(k, i, &why)) return zd_fail(fault, ZD_ERR_MEMORY, "no memory");
      continue;
    }
    x->text = text;
    x->bare = false;
    *more = true;
  }
  return ZD_OK;
}

zd_err zd_knowledge_build(zd_knowledge *k, const zd_schema **out, zd_fault *fault) {
  bool more = true;
  drop_known(k);
  zd_err err = compile_all(k, out, fault);
  while (!err && more) {
    err = make_snapshots(k, *out, false, &more, fault);
    if (!err && more) err = compile_all(k, out, fault);
  }
  return err ? err : make_snapshots(k, *out, true, &more, fault);
}

bool zd_knowledge_left_out(const zd_knowledge *k, size_t i, zd_slice *url, zd_slice *why) {
  for (size_t j = 0; j < count(k); j++) {
    const known *x = at(k, j);
    if (!x->definition || !x->why.p || i--) continue;
    *url = x->url;
    *why = x->why;
    return true;
  }
  return false;
}

/* ---- resolving ---- */

static bool is_meant(const known *x, zd_slice reference) {
  zd_slice url = {reference.p, zd_slice_find(reference, '|')};
  if (x->url.p && zd_slice_eq(x->url, url)) {
    zd_slice version = zd_slice_from(reference, url.n + 1);
    return url.n == reference.n || zd_slice_eq(version, x->version);
  }
  return x->id.p && reference.n == x->type.n + 1 + x->id.n && zd_slice_starts(reference, x->type) &&
         reference.p[x->type.n] == '/' && zd_slice_ends(reference, x->id);
}

zd_err zd_knowledge_resolve(void *state, zd_slice reference, zd_arena *arena, zd_fhirpath_item *out,
                            zd_fault *fault) {
  const zd_knowledge *k = state;
  *out = (zd_fhirpath_item){.kind = ZD_FP_NODE};
  for (size_t i = 0; i < count(k); i++) {
    if (!is_meant(at(k, i), reference)) continue;
    zd_tree *tree = ZD_NEW(arena, zd_tree);
    zd_issues issues;
    zd_issues_init(&issues, arena);
    if (!tree) return zd_fail(fault, ZD_ERR_MEMORY, "no memory to read a resource");
    zd_err err = zd_fhir_read_json(k->base, at(k, i)->text, ZD_NO_TYPE, NULL, arena, tree, &issues);
    if (err == ZD_ERR_MEMORY) return zd_fail(fault, err, "no memory to read a resource");
    if (tree->count) *out = zd_fhirpath_node(tree, 0);
    return ZD_OK;
  }
  return ZD_OK;
}
