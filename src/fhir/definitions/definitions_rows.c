/* definitions_rows.c: where a row of a snapshot stands, and which element of the schema it is.
 *
 * A row's path says the element, its id also the slices on the way. Rows come depth first, so that
 * a row stands under the nearest one before it whose path is its own without the last name; its id
 * must say the same.
 */
#include <stdio.h>

#include "fhir/definitions/definitions_profiles.h"

zd_err zd_def_row_fail(const zd_profile_rows *rows, const zd_profile_row *row, zd_err err,
                       const char *format, ...) {
  char what[300];
  va_list args;
  va_start(args, format);
  vsnprintf(what, sizeof what, format, args);
  va_end(args);
  return zd_fail(rows->d->fault, err, "definitions: %.*s: %.*s: %s", ZD_SV(rows->def->url),
                 ZD_SV(row->id), what);
}

int zd_def_word(const zd_json_tape *tape, uint32_t object, zd_slice member,
                const char *const *words, size_t n) {
  zd_slice word = zd_json_string(tape, object, member);
  for (size_t i = 0; i < n; i++)
    if (zd_slice_eq(word, zd_slice_of(words[i]))) return (int)i;
  return -1;
}

/* ---- names ---- */

static zd_slice last_name(zd_slice path) {
  size_t at = path.n;
  while (at && path.p[at - 1] != '.') at--;
  return zd_slice_from(path, at);
}

static zd_slice without_last(zd_slice path) {
  size_t at = path.n;
  while (at && path.p[at - 1] != '.') at--;
  path.n = at ? at - 1 : 0;
  return path;
}

static zd_err read_names(zd_profile_rows *rows, zd_profile_row *row) {
  zd_definitions *d = rows->d;
  const zd_json_tape *tape = rows->def->tape;
  row->id = zd_def_text(d, tape, row->node, ZD_S("id"));
  row->path = zd_def_text(d, tape, row->node, ZD_S("path"));
  row->slice = zd_def_text(d, tape, row->node, ZD_S("sliceName"));
  if (!row->path.n)
    return zd_def_row_fail(rows, row, ZD_ERR_INVALID, "element %u has no path", rows->count);
  if (!row->id.n && row->slice.n)
    return zd_def_row_fail(rows, row, ZD_ERR_INVALID, "slice %.*s of %.*s has no id",
                           ZD_SV(row->slice), ZD_SV(row->path));
  if (!row->id.n) row->id = row->path; /* what it would be */
  row->out.id = zd_def_string(d, row->id);
  row->out.path = zd_def_string(d, row->path);
  row->out.slice = zd_def_string(d, row->slice);
  return ZD_OK;
}

/* ---- parents ---- */

static bool stands_under(const zd_profile_row *row, const zd_profile_row *parent) {
  return zd_slice_starts(row->id, parent->id) && row->id.n > parent->id.n &&
         row->id.p[parent->id.n] == '.';
}

static zd_err find_parent(zd_profile_rows *rows, zd_profile_row *row) {
  zd_slice path = without_last(row->path);
  row->out.parent = ZD_PE_NONE;
  if (!rows->count) {
    zd_slice name = zd_def_string_at(
        rows->d, ZD_RECORDS(rows->d, ZD_IMAGE_TYPES, zd_image_type)[rows->type].name);
    return zd_slice_eq(row->path, name)
               ? ZD_OK
               : zd_def_row_fail(rows, row, ZD_ERR_INVALID,
                                 "the first element must be the type, %.*s", ZD_SV(name));
  }
  /* Up the ancestors of the row before: everything else is closed. */
  uint32_t at = rows->count - 1;
  while (at != ZD_PE_NONE && !zd_slice_eq(rows->items[at].path, path))
    at = rows->items[at].out.parent;
  if (at == ZD_PE_NONE)
    return zd_def_row_fail(rows, row, ZD_ERR_INVALID, "the element it stands under is not there");
  if (!stands_under(row, &rows->items[at]))
    return zd_def_row_fail(rows, row, ZD_ERR_INVALID, "its id does not begin with %.*s, its path's",
                           ZD_SV(rows->items[at].id));
  row->out.parent = at;
  return ZD_OK;
}

/* ---- elements ---- */

static bool same_text(const zd_definitions *d, zd_image_text text, zd_slice name) {
  return zd_slice_eq(zd_def_string_at(d, text), name);
}

/* The element of a type with this JSON name; all alternatives of "value[x]". */
static bool find_element(const zd_definitions *d, const zd_image_type *type, zd_slice name,
                         zd_image_profile_element *out) {
  const zd_image_element *all = ZD_RECORDS(d, ZD_IMAGE_ELEMENTS, const zd_image_element);
  bool choice = zd_slice_ends(name, ZD_S("[x]"));
  zd_slice stem = {name.p, name.n - (choice ? 3 : 0)};
  out->alternatives = 0;
  for (uint32_t i = type->first; i < (uint32_t)type->first + type->count; i++) {
    bool hit =
        choice ? all[i].choice && same_text(d, all[i].path, stem) : same_text(d, all[i].name, name);
    if (!hit) continue;
    if (!out->alternatives++) out->element = (zd_element)i;
    if (!choice) break;
  }
  return out->alternatives > 0;
}

/* max of the row, or of what it derives from, is 0. */
static bool is_forbidden(const zd_profile_rows *rows, const zd_profile_row *row) {
  const zd_json_tape *tape = rows->def->tape;
  uint32_t base = zd_json_find(tape, row->node, ZD_S("base"));
  return zd_slice_eq(zd_json_string(tape, row->node, ZD_S("max")), ZD_S("0")) ||
         (base && zd_slice_eq(zd_json_string(tape, base, ZD_S("max")), ZD_S("0")));
}

static zd_err resolve(zd_profile_rows *rows, zd_profile_row *row) {
  zd_definitions *d = rows->d;
  zd_image_profile_element *out = &row->out;
  out->owner = ZD_NO_TYPE;
  out->element = ZD_NO_ELEMENT;
  out->alternatives = 1;
  if (out->parent == ZD_PE_NONE) return ZD_OK;
  const zd_profile_row *parent = &rows->items[out->parent];
  if (parent->children == ZD_NO_TYPE)
    return zd_def_row_fail(rows, row, ZD_ERR_INVALID, "nothing can stand under %.*s",
                           ZD_SV(parent->id));
  out->owner = parent->children;
  const zd_image_type *type = ZD_RECORDS(d, ZD_IMAGE_TYPES, const zd_image_type) + out->owner;
  zd_slice name = last_name(row->path);
  if (find_element(d, type, name, out)) return ZD_OK;
  out->element = ZD_NO_ELEMENT;
  out->alternatives = 1;
  if (type->kind == ZD_KIND_PRIMITIVE && zd_slice_eq(name, ZD_S("value")))
    out->flags |= ZD_PE_VALUE;
  else if (is_forbidden(rows, row))
    out->flags |= ZD_PE_FORBIDDEN;
  else
    return zd_def_row_fail(rows, row, ZD_ERR_INVALID, "%.*s has no element \"%.*s\"",
                           ZD_SV(zd_def_string_at(d, type->name)), ZD_SV(name));
  return ZD_OK;
}

/* ---- slices ---- */

static bool overlap(const zd_image_profile_element *a, const zd_image_profile_element *b) {
  if (a->element == ZD_NO_ELEMENT || b->element == ZD_NO_ELEMENT) return a->element == b->element;
  return a->element < b->element + b->alternatives && b->element < a->element + a->alternatives;
}

/* The row that a slice is a part of: of "a/b" the slice "a", else the element before slicing. */
static uint32_t find_sliced(const zd_profile_rows *rows, const zd_profile_row *row) {
  size_t n = row->slice.n;
  while (n && row->slice.p[n - 1] != '/') n--;
  zd_slice of = {row->slice.p, n ? n - 1 : 0};
  for (uint32_t i = rows->count; i-- > 0 && i != row->out.parent;) {
    const zd_profile_row *r = &rows->items[i];
    if (r->out.parent != row->out.parent || !overlap(&r->out, &row->out)) continue;
    if (of.n ? zd_slice_eq(r->slice, of) : !r->slice.n) return i;
  }
  return ZD_PE_NONE;
}

/* Extensions are sliced by their url, choices by their type, whether this is said or not. */
static bool is_sliced_anyway(const zd_profile_rows *rows, const zd_profile_row *row) {
  const zd_image_element *e = ZD_RECORDS(rows->d, ZD_IMAGE_ELEMENTS, const zd_image_element);
  if (row->out.element == ZD_NO_ELEMENT) return false;
  e += row->out.element;
  return e->choice || e->type == zd_def_type(rows->d, ZD_S("Extension"));
}

static zd_err find_slicing(zd_profile_rows *rows, zd_profile_row *row) {
  row->out.sliced = ZD_PE_NONE;
  if (!row->slice.n) return ZD_OK;
  uint32_t sliced = find_sliced(rows, row);
  bool said = sliced != ZD_PE_NONE && rows->items[sliced].out.slicing != ZD_PE_NONE;
  /* The only row of an element may have a slice's name: it says nothing then. */
  if (sliced != ZD_PE_NONE && !said && !is_sliced_anyway(rows, row))
    return zd_def_row_fail(rows, row, ZD_ERR_INVALID, "a slice of what is not sliced");
  if (said) row->out.sliced = sliced;
  return ZD_OK;
}

/* ---- cardinality ---- */

bool zd_def_count_of(zd_slice text, uint32_t *out) {
  uint64_t n = 0;
  for (size_t i = 0; i < text.n; i++) {
    if (text.p[i] < '0' || text.p[i] > '9') return false;
    n = n * 10 + (uint64_t)(text.p[i] - '0');
    if (n >= ZD_PE_UNBOUNDED) return false;
  }
  *out = (uint32_t)n;
  return text.n > 0;
}

static zd_err read_cardinality(zd_profile_rows *rows, zd_profile_row *row) {
  const zd_json_tape *tape = rows->def->tape;
  zd_image_profile_element *out = &row->out;
  uint32_t least = zd_json_find(tape, row->node, ZD_S("min"));
  zd_slice most = zd_json_string(tape, row->node, ZD_S("max"));
  if (!least || !zd_def_count_of(zd_json_raw(tape, least), &out->min))
    return zd_def_row_fail(rows, row, ZD_ERR_INVALID, "no min");
  out->max = ZD_PE_UNBOUNDED;
  if (!zd_slice_eq(most, ZD_S("*")) && !zd_def_count_of(most, &out->max))
    return zd_def_row_fail(rows, row, ZD_ERR_INVALID, "no max");
  if (out->min > out->max)
    return zd_def_row_fail(rows, row, ZD_ERR_INVALID, "min %u is more than max %u", out->min,
                           out->max);
  if (out->element == ZD_NO_ELEMENT) return ZD_OK;
  uint16_t allowed = ZD_RECORDS(rows->d, ZD_IMAGE_ELEMENTS, zd_image_element)[out->element].max;
  if (allowed != 0xFFFF && out->max > allowed)
    return zd_def_row_fail(rows, row, ZD_ERR_INVALID, "max %.*s is more than its base allows, %u",
                           ZD_SV(most), allowed);
  return ZD_OK;
}

static void read_flags(const zd_profile_rows *rows, zd_profile_row *row) {
  static const struct {
    const char *member;
    uint16_t flag;
  } table[] = {{"mustSupport", ZD_PE_MUST_SUPPORT},
               {"isSummary", ZD_PE_SUMMARY},
               {"isModifier", ZD_PE_MODIFIER},
               {"sliceIsConstraining", ZD_PE_CONSTRAINING}};
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    if (zd_def_is_true(rows->def->tape, row->node, zd_slice_of(table[i].member)))
      row->out.flags |= table[i].flag;
}

zd_err zd_def_row_place(zd_profile_rows *rows, uint32_t node) {
  zd_profile_row *row = &rows->items[rows->count];
  *row = (zd_profile_row){.node = node, .children = ZD_NO_TYPE};
  zd_err err = read_names(rows, row);
  if (!err) err = find_parent(rows, row);
  if (!err) err = resolve(rows, row);
  if (!err) err = find_slicing(rows, row);
  if (!err) err = read_cardinality(rows, row);
  if (err) return err;
  read_flags(rows, row);
  return zd_def_row_types(rows, row);
}
