/* element.c: elements that open and close: known, in order, not too often, with the attributes they
 * may have and nothing mandatory missing. */
#include "fhir/xml/read.h"

static const zd_image_element *element_at(const zd_xml_reader *x, zd_element e) {
  return zd_image_element_at(x->r.schema, e);
}

static zd_slice name_of(const zd_xml_reader *x, zd_element e) {
  return zd_image_slice(x->r.schema, element_at(x, e)->name);
}

static const zd_image_type *type_at(const zd_xml_reader *x, zd_type t) {
  return zd_image_type_at(x->r.schema, t);
}

bool zd_xml_push(zd_xml_reader *x, zd_element e, zd_type type, size_t at, uint32_t *node) {
  zd_reader *r = &x->r;
  if (r->count >= x->most_nodes) {
    zd_read_issue(r, zd_xml_top(x)->here, ZD_ISSUE_TOO_LONG, at, "more than %u values",
                  (unsigned)x->most_nodes);
    zd_xml_stop(x, ZD_ERR_LIMIT);
    return false;
  }
  if (r->count == x->room) {
    zd_node *nodes = x->room < UINT32_MAX / 2
                         ? zd_arena_alloc(r->arena, (size_t)x->room * 2 * sizeof *nodes)
                         : NULL;
    if (!nodes) {
      zd_xml_stop(x, ZD_ERR_MEMORY);
      return false;
    }
    memcpy(nodes, r->nodes, r->count * sizeof *nodes);
    r->nodes = nodes;
    x->room *= 2;
  }
  *node = zd_read_push(r, e, type, at);
  return true;
}

/* ---- attributes ---- */

static void unknown_attribute(zd_xml_reader *x, zd_xml_frame *f, const zd_xml_attribute *a) {
  f->filled = true; /* one fault is enough */
  zd_read_issue(&x->r, f->here, ZD_ISSUE_STRUCTURE, f->at, "%.*s has no attribute \"%s%s%.*s\"",
                ZD_SV(zd_image_slice(x->r.schema, type_at(x, f->type)->name)),
                a->prefix ? a->prefix : "", a->prefix ? ":" : "", ZD_SV(zd_read_excerpt(a->name)));
}

/* id and url: elements in the tree, attributes here. */
static bool take_element(zd_xml_reader *x, zd_xml_frame *f, const zd_xml_attribute *a) {
  zd_element e = zd_image_child(x->r.schema, f->type, a->name);
  uint32_t node;
  if (e == ZD_NO_ELEMENT || !(element_at(x, e)->flags & ZD_EL_ATTRIBUTE)) return false;
  zd_read_place place = {.up = f->here, .name = a->name, .index = ZD_READ_SINGLE};
  unsigned i = (unsigned)(e - type_at(x, f->type)->first);
  f->seen[i >> 6] |= 1ull << (i & 63);
  if (zd_xml_push(x, e, element_at(x, e)->type, f->at, &node))
    zd_xml_value_of(x, e, element_at(x, e)->type, node, &place, a, f->at);
  return true;
}

static void take_attributes(zd_xml_reader *x, zd_xml_frame *f, const zd_xml_tag *tag) {
  bool resource = f->kind == ZD_XML_OBJECT && type_at(x, f->type)->kind == ZD_KIND_RESOURCE;
  for (int i = 0; i < tag->attribute_count && !x->stopped; i++) {
    zd_xml_attribute a = zd_xml_attribute_at(x, tag, i);
    if (a.uri.p) {
      bool hint = resource && x->frame_count == 1 &&
                  zd_slice_eq(a.uri, ZD_S("http://www.w3.org/2001/XMLSchema-instance")) &&
                  zd_slice_eq(a.name, ZD_S("schemaLocation"));
      if (!hint) unknown_attribute(x, f, &a); /* where schemas lie is of no interest here */
    } else if (f->kind == ZD_XML_PRIMITIVE && zd_slice_eq(a.name, ZD_S("value"))) {
      f->filled = true;
      zd_xml_value(x, f, &a);
    } else if (resource || f->kind == ZD_XML_HOLDER || f->bare || !take_element(x, f, &a)) {
      unknown_attribute(x, f, &a);
    }
  }
}

/* ---- opening ---- */

/* A frame on top; NULL: too deep. `depth`: how much deeper than the parent JSON has it. */
static zd_xml_frame *open_frame(zd_xml_reader *x, const zd_xml_tag *tag, zd_xml_kind kind,
                                zd_type type, uint32_t depth) {
  uint32_t above = x->frame_count ? zd_xml_top(x)->depth : 0;
  if (above + depth > x->most_depth) {
    zd_read_issue(&x->r, x->frame_count ? zd_xml_top(x)->here : NULL, ZD_ISSUE_TOO_LONG, tag->at,
                  "not acceptable: nested too deep, %u levels at most", (unsigned)x->most_depth);
    zd_xml_stop(x, ZD_ERR_LIMIT);
    return NULL;
  }
  if (type_at(x, type)->count > ZD_XML_SEEN * 64) {
    zd_read_issue(&x->r, NULL, ZD_ISSUE_EXCEPTION, tag->at, "a type with %u elements",
                  (unsigned)type_at(x, type)->count);
    return NULL;
  }
  zd_xml_frame *f = &x->frames[x->frame_count++];
  *f = (zd_xml_frame){.kind = kind,
                      .type = type,
                      .element = ZD_NO_ELEMENT,
                      .depth = above + depth,
                      .at = tag->at,
                      .last = ZD_NO_ELEMENT,
                      .first_local = x->r.local_count};
  f->here = &f->own;
  return f;
}

static zd_type resource_type(zd_xml_reader *x, const zd_xml_tag *tag, const zd_read_place *place) {
  zd_type type = zd_schema_type(x->r.schema, tag->name);
  if (type != ZD_NO_TYPE && zd_schema_is_resource(x->r.schema, type)) return type;
  zd_read_issue(&x->r, place, ZD_ISSUE_VALUE, tag->at, "unknown resource type \"%.*s\"",
                ZD_SV(zd_read_excerpt(tag->name)));
  return ZD_NO_TYPE;
}

static void begin_resource(zd_xml_reader *x, zd_xml_frame *f, zd_element e, const zd_xml_tag *tag) {
  if (f->type == x->r.bundle_type) x->r.bundles++;
  f->element = e;
  if (!zd_xml_push(x, e, f->type, tag->at, &f->node)) return;
  take_attributes(x, f, tag);
}

static void open_root(zd_xml_reader *x, const zd_xml_tag *tag) {
  zd_read_place nowhere = {.name = ZD_S("Resource"), .index = ZD_READ_SINGLE};
  zd_type type = resource_type(x, tag, &nowhere);
  if (type != ZD_NO_TYPE && x->expected != ZD_NO_TYPE && type != x->expected) {
    zd_read_place place = {.name = tag->name, .index = ZD_READ_SINGLE};
    zd_read_issue(&x->r, &place, ZD_ISSUE_INVALID, tag->at, "a %.*s is expected here, not a %.*s",
                  ZD_SV(zd_image_slice(x->r.schema, type_at(x, x->expected)->name)),
                  ZD_SV(tag->name));
    type = ZD_NO_TYPE;
  }
  zd_xml_frame *f = type == ZD_NO_TYPE ? NULL : open_frame(x, tag, ZD_XML_OBJECT, type, 1);
  if (!f) {
    x->skipping = 1;
    return;
  }
  f->own = (zd_read_place){.name = zd_image_slice(x->r.schema, type_at(x, type)->name),
                           .index = ZD_READ_SINGLE};
  begin_resource(x, f, ZD_NO_ELEMENT, tag);
}

/* The resource within an element that holds one. */
static void open_held(zd_xml_reader *x, zd_xml_frame *holder, const zd_xml_tag *tag) {
  zd_type type = ZD_NO_TYPE;
  if (holder->filled)
    zd_read_issue(&x->r, holder->here, ZD_ISSUE_STRUCTURE, tag->at,
                  "a second resource where one may stand");
  else
    type = resource_type(x, tag, holder->here);
  holder->filled = true;
  zd_xml_frame *f = type == ZD_NO_TYPE ? NULL : open_frame(x, tag, ZD_XML_OBJECT, type, 0);
  if (!f) {
    x->skipping = 1;
    return;
  }
  f->here = holder->here;
  begin_resource(x, f, holder->element, tag);
}

static void note(zd_xml_reader *x, zd_xml_frame *f, zd_element e) {
  unsigned i = (unsigned)(e - type_at(x, f->type)->first);
  f->seen[i >> 6] |= 1ull << (i & 63);
  if (element_at(x, e)->choice) f->choices |= 1ull << (element_at(x, e)->choice & 63);
}

/* Faults of where the element stands; false: it is left out. */
static bool may_stand(zd_xml_reader *x, zd_xml_frame *f, zd_element e, const zd_xml_tag *tag) {
  const zd_image_element *el = element_at(x, e);
  unsigned i = (unsigned)(e - type_at(x, f->type)->first);
  zd_read_place place = {
      .up = f->here, .name = zd_image_slice(x->r.schema, el->path), .index = ZD_READ_SINGLE};
  bool seen = f->seen[i >> 6] >> (i & 63) & 1;
  if (el->max == 0) {
    zd_read_issue(&x->r, &place, ZD_ISSUE_STRUCTURE, tag->at, "%.*s is not allowed here",
                  ZD_SV(tag->name));
    return false;
  }
  if (f->last != ZD_NO_ELEMENT && e < f->last &&
      !(el->choice && el->choice == element_at(x, f->last)->choice)) {
    zd_read_issue(&x->r, f->here, ZD_ISSUE_STRUCTURE, tag->at,
                  "%.*s stands behind %.*s; in XML it comes before", ZD_SV(tag->name),
                  ZD_SV(name_of(x, f->last)));
    return false;
  }
  if (seen && !(el->flags & ZD_EL_ARRAY)) {
    zd_read_issue(&x->r, f->here, ZD_ISSUE_STRUCTURE, tag->at, "\"%.*s\" stands here twice",
                  ZD_SV(tag->name));
    return false;
  }
  if (el->choice && !seen && (f->choices >> (el->choice & 63) & 1)) {
    zd_read_issue(&x->r, f->here, ZD_ISSUE_STRUCTURE, tag->at,
                  "a second value for the choice %.*s[x]: %.*s", ZD_SV(place.name),
                  ZD_SV(tag->name));
    return false;
  }
  note(x, f, e);
  f->index = f->last == e ? f->index + 1 : 0;
  f->last = e;
  if ((el->flags & ZD_EL_ARRAY) && el->max != 0xFFFF && f->index == el->max)
    zd_read_issue(&x->r, &place, ZD_ISSUE_STRUCTURE, tag->at, "%.*s may repeat %u times at most",
                  ZD_SV(tag->name), (unsigned)el->max);
  return true;
}

/* The namespace that an element must be of. */
static zd_slice namespace_of(const zd_xml_reader *x, zd_element e) {
  bool narrative = e != ZD_NO_ELEMENT &&
                   type_at(x, element_at(x, e)->type)->primitive == ZD_PRIM_XHTML &&
                   type_at(x, element_at(x, e)->type)->kind == ZD_KIND_PRIMITIVE;
  return narrative ? ZD_S(ZD_XML_XHTML_NAMESPACE) : ZD_S(ZD_XML_FHIR_NAMESPACE);
}

static bool right_namespace(zd_xml_reader *x, zd_element e, const zd_xml_tag *tag) {
  zd_slice wanted = namespace_of(x, e);
  if (zd_slice_eq(tag->uri, wanted)) return true;
  zd_read_issue(&x->r, x->frame_count ? zd_xml_top(x)->here : NULL, ZD_ISSUE_STRUCTURE, tag->at,
                "%.*s is of the namespace \"%.*s\", not of %.*s", ZD_SV(zd_read_excerpt(tag->name)),
                ZD_SV(zd_read_excerpt(tag->uri)), ZD_SV(wanted));
  return false;
}

static bool is_contained(const zd_xml_reader *x, zd_element e) {
  return zd_slice_eq(zd_image_slice(x->r.schema, element_at(x, e)->path), ZD_S("contained"));
}

static void open_child(zd_xml_reader *x, zd_xml_frame *parent, zd_element e,
                       const zd_xml_tag *tag) {
  const zd_image_element *el = element_at(x, e);
  const zd_image_type *type = type_at(x, el->type);
  bool holds = el->flags & ZD_EL_ANY_RESOURCE, primitive = type->kind == ZD_KIND_PRIMITIVE;
  bool array = el->flags & ZD_EL_ARRAY;
  zd_xml_kind kind = holds ? ZD_XML_HOLDER : primitive ? ZD_XML_PRIMITIVE : ZD_XML_OBJECT;
  zd_xml_frame *f = open_frame(x, tag, kind, el->type, (primitive ? 0u : 1u) + (array ? 1u : 0u));
  if (!f) {
    x->skipping = 1;
    return;
  }
  f->own = (zd_read_place){.up = parent->here,
                           .name = zd_image_slice(x->r.schema, el->path),
                           .index = array ? parent->index : ZD_READ_SINGLE};
  f->element = e;
  if (x->entries && x->frame_count == 2) zd_xml_entry_begin(x, f);
  f->bare = el->flags & ZD_EL_ATTRIBUTE;
  f->contained = holds && is_contained(x, e);
  if (f->contained && x->r.contained) {
    zd_read_issue(&x->r, f->here, ZD_ISSUE_STRUCTURE, tag->at,
                  "a contained resource may not contain resources");
    x->frame_count--;
    x->skipping = 1;
    return;
  }
  x->r.contained += f->contained;
  if (!holds && !zd_xml_push(x, e, el->type, tag->at, &f->node)) return;
  if (primitive && type->primitive == ZD_PRIM_XHTML)
    zd_xml_narrative_begin(x, tag);
  else
    take_attributes(x, f, tag);
}

void zd_xml_open_element(zd_xml_reader *x, const zd_xml_tag *tag) {
  zd_xml_frame *parent = x->frame_count ? zd_xml_top(x) : NULL;
  zd_element e = ZD_NO_ELEMENT;
  if (!parent || parent->kind == ZD_XML_HOLDER) {
    if (!right_namespace(x, e, tag))
      x->skipping = 1;
    else if (parent)
      open_held(x, parent, tag);
    else
      open_root(x, tag);
    return;
  }
  e = zd_image_child(x->r.schema, parent->type, tag->name);
  bool resource = type_at(x, parent->type)->kind == ZD_KIND_RESOURCE;
  bool known = e != ZD_NO_ELEMENT && !parent->bare &&
               (resource || !(element_at(x, e)->flags & ZD_EL_ATTRIBUTE));
  if (!known) {
    zd_read_issue(&x->r, parent->here, ZD_ISSUE_STRUCTURE, tag->at, "%.*s has no element \"%.*s\"",
                  ZD_SV(zd_image_slice(x->r.schema, type_at(x, parent->type)->name)),
                  ZD_SV(zd_read_excerpt(tag->name)));
  }
  if (!known || !right_namespace(x, e, tag) || !may_stand(x, parent, e, tag)) {
    if (known) note(x, parent, e); /* what is told of is not missing besides */
    x->skipping = 1;
    return;
  }
  parent->filled = true;
  open_child(x, parent, e, tag);
}

/* ---- closing ---- */

static bool is_there(const zd_xml_frame *f, const zd_image_element *el, unsigned i) {
  return el->choice ? f->choices >> (el->choice & 63) & 1 : f->seen[i >> 6] >> (i & 63) & 1;
}

static void check_mandatory(zd_xml_reader *x, zd_xml_frame *f) {
  const zd_image_type *type = type_at(x, f->type);
  const zd_image_element *el = element_at(x, type->first);
  for (unsigned i = 0; i < type->mandatory; i++, el++) {
    if (el->min == 0 || is_there(f, el, i)) continue;
    zd_read_place place = {
        .up = f->here, .name = zd_image_slice(x->r.schema, el->path), .index = ZD_READ_SINGLE};
    zd_read_issue(&x->r, &place, ZD_ISSUE_REQUIRED, f->at, "%.*s%s is missing", ZD_SV(place.name),
                  el->choice ? "[x]" : "");
    if (el->choice) f->choices |= 1ull << (el->choice & 63); /* once for the whole choice */
  }
}

static void close_resource(zd_xml_reader *x, zd_xml_frame *f) {
  bool contained = x->frame_count > 1 && f[-1].contained;
  if (f->type == x->r.bundle_type) x->r.bundles--;
  if (!contained) zd_read_check_locals(&x->r, f->node, f->first_local);
}

static void close_object(zd_xml_reader *x, zd_xml_frame *f) {
  x->r.nodes[f->node].end = x->r.count;
  bool resource = type_at(x, f->type)->kind == ZD_KIND_RESOURCE;
  if (!resource && x->r.count == f->node + 1 && !f->filled) {
    zd_read_issue(&x->r, f->here, ZD_ISSUE_STRUCTURE, f->at, "%.*s is empty: leave it out instead",
                  ZD_SV(f->own.name));
    return;
  }
  check_mandatory(x, f);
  if (resource)
    close_resource(x, f);
  else if (f->type == x->r.reference_type)
    zd_read_check_reference(&x->r, f->node, f->here);
}

static void close_primitive(zd_xml_reader *x, zd_xml_frame *f) {
  zd_node *node = &x->r.nodes[f->node];
  node->end = x->r.count;
  if (!(node->flags & (ZD_NODE_STRING | ZD_NODE_BARE))) node->flags |= ZD_NODE_NO_VALUE;
  if (f->filled || node->end > f->node + 1) return;
  zd_read_issue(&x->r, f->here, ZD_ISSUE_STRUCTURE, f->at,
                "%.*s has neither a value nor an extension", ZD_SV(f->own.name));
}

void zd_xml_close_element(zd_xml_reader *x) {
  if (!x->frame_count) return;
  zd_xml_frame *f = zd_xml_top(x);
  if (f->kind == ZD_XML_HOLDER) {
    x->r.contained -= f->contained;
    if (!f->filled)
      zd_read_issue(&x->r, f->here, ZD_ISSUE_REQUIRED, f->at, "the resource is missing");
  } else if (f->kind == ZD_XML_PRIMITIVE) {
    close_primitive(x, f);
  } else {
    close_object(x, f);
  }
  if (x->r.out_of_memory) zd_xml_stop(x, ZD_ERR_MEMORY);
  x->frame_count--;
  if (x->entries && x->frame_count == 1 && !x->stopped) zd_xml_child_done(x, f);
}
