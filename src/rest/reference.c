/* reference.c: references between the entries of a transaction, and conditional references
 * (http.html#trules): urn:uuid and other fullUrls become Type/id wherever an element holds a
 * reference or a URI, and inside narratives; "Patient?identifier=x" becomes the one resource that
 * matches. What cannot be resolved is collected and named, then the transaction is refused. */
#include "base/hash.h"
#include "rest/unit.h"

typedef struct link_slot {
  zd_slice from; /* fullUrl, or the text of a conditional reference */
  zd_slice to;   /* "Patient/1"; absent: known to be missing */
} link_slot;

struct zd_links {
  zd_unit *unit;
  zd_arena *arena;
  link_slot *slots;
  size_t room, used;
  zd_element reference; /* Reference.reference */
  bool *linkish;        /* per type: may its text be a reference or a URI */
  zd_type xhtml;
  bool missing;
};

static link_slot *find_slot(zd_links *l, zd_slice from) {
  size_t mask = l->room - 1;
  size_t at = (size_t)zd_hash64(from.p, from.n) & mask;
  while (l->slots[at].from.p && !zd_slice_eq(l->slots[at].from, from)) at = (at + 1) & mask;
  return &l->slots[at];
}

static bool grow(zd_links *l) {
  if (l->used * 2 < l->room) return true;
  link_slot *old = l->slots;
  size_t old_room = l->room;
  l->room *= 2;
  l->slots = ZD_NEW_ARRAY(l->arena, link_slot, l->room);
  if (!l->slots) return false;
  for (size_t i = 0; i < old_room; i++)
    if (old[i].from.p) *find_slot(l, old[i].from) = old[i];
  return true;
}

static link_slot *put(zd_links *l, zd_slice from, zd_slice to) {
  if (!grow(l)) return NULL;
  link_slot *slot = find_slot(l, from);
  if (!slot->from.p) l->used++;
  *slot = (link_slot){from, to};
  return slot;
}

/* As put, of a text that lasts no longer than the resource it stands in. */
static bool keep(zd_links *l, zd_slice from, zd_slice to) {
  from = zd_arena_copy(l->arena, from);
  return from.p && put(l, from, to);
}

static zd_slice identity(zd_links *l, const zd_unit_entry *e) {
  zd_slice type = zd_schema_type_info(l->unit->call->rest->schema, e->in.type).name;
  zd_slice parts[] = {type, ZD_S("/"), e->id};
  return zd_arena_join(l->arena, parts, 3);
}

/* The "Type/id" at the end of a RESTful fullUrl, by which relative references may mean the entry.
 */
static zd_slice relative_tail(zd_slice url) {
  size_t slashes = 0;
  for (size_t i = url.n; i > 0; i--)
    if (url.p[i - 1] == '/' && ++slashes == 2) return zd_slice_from(url, i);
  return (zd_slice){NULL, 0};
}

/* "Patient?identifier=x" of an entry that is created or updated on this condition means that entry:
 * conditional references are resolved after the writes (http.html#trules). */
static bool put_condition(zd_links *l, zd_unit_entry *e) {
  if (!e->condition.p || !e->id.p) return true;
  zd_slice to = identity(l, e);
  if (to.p && (find_slot(l, e->condition)->from.p || put(l, e->condition, to))) return true;
  return zd_unit_fail(l->unit, e, 500, ZD_ISSUE_EXCEPTION, "out of memory");
}

static bool put_entry(zd_links *l, zd_unit_entry *e) {
  if (e->in.kind != ZD_CREATE && e->in.kind != ZD_UPDATE) return true;
  if (!put_condition(l, e)) return false;
  if (!e->full_url.p || !e->id.p) return true;
  link_slot *slot = find_slot(l, e->full_url);
  if (slot->from.p)
    return zd_unit_fail(l->unit, e, 400, ZD_ISSUE_DUPLICATE,
                        "the fullUrl \"%.*s\" stands at two entries", ZD_SV(e->full_url));
  zd_slice to = identity(l, e);
  if (!to.p || !put(l, e->full_url, to))
    return zd_unit_fail(l->unit, e, 500, ZD_ISSUE_EXCEPTION, "out of memory");
  zd_slice tail =
      zd_slice_starts(e->full_url, ZD_S("urn:")) ? (zd_slice){NULL, 0} : relative_tail(e->full_url);
  if (tail.n && !zd_slice_eq(tail, to) && !find_slot(l, tail)->from.p && !put(l, tail, to))
    return zd_unit_fail(l->unit, e, 500, ZD_ISSUE_EXCEPTION, "out of memory");
  return true;
}

static bool know_types(zd_links *l) {
  const zd_schema *s = l->unit->call->rest->schema;
  uint16_t n = zd_schema_type_count(s);
  l->linkish = ZD_NEW_ARRAY(l->arena, bool, n);
  l->xhtml = zd_schema_type(s, ZD_S("xhtml"));
  l->reference = zd_schema_child(s, zd_schema_type(s, ZD_S("Reference")), ZD_S("reference"));
  if (!l->linkish) return false;
  static const char *const names[] = {"uri", "url", "canonical", "oid", "uuid", "xhtml"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    zd_type t = zd_schema_type(s, zd_slice_of(names[i]));
    if (t != ZD_NO_TYPE) l->linkish[t] = true;
  }
  return true;
}

zd_links *zd_links_open(zd_unit *u) {
  zd_links *l = ZD_NEW(&u->arena, zd_links);
  if (l) {
    l->unit = u;
    l->arena = &u->arena;
    l->room = 64;
    while (l->room < u->n * 2 + 2) l->room *= 2;
    l->slots = ZD_NEW_ARRAY(l->arena, link_slot, l->room);
  }
  if (!l || !l->slots || !know_types(l)) {
    zd_unit_fail(u, NULL, 500, ZD_ISSUE_EXCEPTION, "out of memory");
    return NULL;
  }
  for (size_t i = 0; i < u->n; i++)
    if (!put_entry(l, &u->entries[i])) return NULL;
  return l;
}

/* ---- one reference ---- */

static bool say_missing(zd_links *l, const zd_unit_entry *e, zd_issue_code code, const char *why,
                        zd_slice text) {
  l->missing = true;
  zd_issue_add(&l->unit->call->issues, ZD_ERROR, code, e->expression, "%s: \"%.*s\"", why,
               ZD_SV(text));
  return keep(l, text, (zd_slice){NULL, 0});
}

static bool match_condition(zd_links *l, zd_unit_entry *e, zd_slice text, zd_type type,
                            zd_slice query) {
  zd_condition c;
  zd_record record;
  if (!zd_unit_condition(l->unit, e, type, query, &c)) return false;
  if (c.n == 0)
    return say_missing(l, e, ZD_ISSUE_NOT_FOUND, "no resource matches the conditional reference",
                       text);
  if (c.n > 1)
    return say_missing(l, e, ZD_ISSUE_MULTIPLE_MATCHES,
                       "several resources match the conditional reference", text);
  zd_err err = zd_snapshot_read(l->unit->snapshot, c.rows[0], true, l->arena, &record, NULL);
  if (err == ZD_OK) err = zd_unit_guard(l->unit, &c);
  if (err != ZD_OK)
    return zd_unit_fail(l->unit, e, zd_status_of(err), ZD_ISSUE_EXCEPTION,
                        "a reference cannot be resolved: %s", zd_err_name(err));
  zd_slice name = zd_schema_type_info(l->unit->call->rest->schema, type).name;
  zd_slice to = zd_arena_printf(l->arena, "%.*s/%.*s", ZD_SV(name), record.id_n, record.id);
  return to.p && keep(l, text, to);
}

/* "Patient?identifier=x|1": false when refused outright. */
static bool resolve_condition(zd_links *l, zd_unit_entry *e, zd_slice text) {
  size_t mark = zd_slice_find(text, '?');
  zd_type type = zd_schema_type(l->unit->call->rest->schema, (zd_slice){text.p, mark});
  if (type == ZD_NO_TYPE || !zd_schema_is_resource(l->unit->call->rest->schema, type))
    return zd_unit_fail(l->unit, e, 400, ZD_ISSUE_VALUE,
                        "the conditional reference \"%.*s\" names no resource type", ZD_SV(text));
  zd_slice query = zd_slice_from(text, mark + 1);
  if (!query.n)
    return zd_unit_fail(l->unit, e, 400, ZD_ISSUE_VALUE,
                        "the conditional reference \"%.*s\" has no condition", ZD_SV(text));
  zd_slice name = zd_schema_type_info(l->unit->call->rest->schema, type).name;
  zd_slice key = zd_condition_key(name, query, &l->unit->scratch);
  if (!key.p) return zd_unit_fail(l->unit, e, 500, ZD_ISSUE_EXCEPTION, "out of memory");
  const link_slot *own = find_slot(l, key);
  if (own->from.p) return keep(l, text, own->to);
  return match_condition(l, e, text, type, query);
}

static bool is_condition(zd_slice text) {
  size_t mark = zd_slice_find(text, '?');
  return mark < text.n && zd_slice_find((zd_slice){text.p, mark}, ':') == mark &&
         zd_slice_find((zd_slice){text.p, mark}, '/') == mark;
}

/* What the text of a reference or URI is to become; absent `to`: stays. False when refused. */
static bool resolve(zd_links *l, zd_unit_entry *e, zd_slice text, bool reference, zd_slice *to) {
  *to = (zd_slice){NULL, 0};
  size_t hash = zd_slice_find(text, '#'); /* urn:uuid:...#part: the fragment stays behind */
  link_slot *slot = find_slot(l, text);
  if (slot->from.p) {
    *to = slot->to;
    return true;
  }
  if (hash && hash < text.n && (slot = find_slot(l, (zd_slice){text.p, hash}))->to.p) {
    *to = zd_arena_printf(&l->unit->scratch, "%.*s%.*s", ZD_SV(slot->to),
                          ZD_SV(zd_slice_from(text, hash)));
    return to->p != NULL;
  }
  if (!reference) return true;
  if (is_condition(text)) {
    if (!resolve_condition(l, e, text)) return false;
    *to = find_slot(l, text)->to;
    return true;
  }
  if (zd_slice_starts(text, ZD_S("urn:uuid:")) || zd_slice_starts(text, ZD_S("urn:oid:")))
    return say_missing(l, e, ZD_ISSUE_NOT_FOUND,
                       "no entry of this transaction has the fullUrl referred to", text);
  return true;
}

/* ---- narrative ---- */

/* Every quoted attribute value of the XHTML that is a known fullUrl is replaced. */
static bool edit_narrative(zd_links *l, zd_slice text, zd_slice *to) {
  zd_buffer out;
  zd_buffer_init(&out, 0);
  size_t from = 0;
  *to = (zd_slice){NULL, 0};
  for (size_t i = 0; i + 1 < text.n; i++) {
    if (text.p[i] != '=' || (text.p[i + 1] != '"' && text.p[i + 1] != '\'')) continue;
    zd_slice value = zd_slice_from(text, i + 2);
    value.n = zd_slice_find(value, text.p[i + 1]);
    link_slot *slot = value.n ? find_slot(l, value) : NULL;
    if (!slot || !slot->to.p) continue;
    zd_buffer_add(&out, text.p + from, i + 2 - from);
    zd_buffer_add_slice(&out, slot->to);
    from = i + 2 + value.n;
    i = from - 1;
  }
  bool fine = true;
  if (from) {
    zd_buffer_add_slice(&out, zd_slice_from(text, from));
    *to = zd_arena_copy(&l->unit->scratch, zd_buffer_slice(&out));
    fine = zd_buffer_error(&out) == ZD_OK && to->p;
  }
  zd_buffer_free(&out);
  return fine;
}

/* ---- a whole resource ---- */

typedef struct edits {
  uint32_t *nodes;
  zd_slice *values;
  size_t n, room;
} edits;

static bool add_edit(zd_links *l, edits *list, uint32_t node, zd_slice value) {
  if (list->n == list->room) {
    size_t room = list->room ? list->room * 2 : 16;
    uint32_t *nodes = ZD_NEW_ARRAY(&l->unit->scratch, uint32_t, room);
    zd_slice *values = ZD_NEW_ARRAY(&l->unit->scratch, zd_slice, room);
    if (!nodes || !values) return false;
    if (list->n) {
      memcpy(nodes, list->nodes, list->n * sizeof *nodes);
      memcpy(values, list->values, list->n * sizeof *values);
    }
    list->nodes = nodes;
    list->values = values;
    list->room = room;
  }
  list->nodes[list->n] = node;
  list->values[list->n++] = value;
  return true;
}

bool zd_links_edit(zd_links *l, zd_unit_entry *e, const zd_unit_resource *resource,
                   zd_stored_edit *edit) {
  const zd_tree *t = &resource->tree;
  edits list = {0};
  for (uint32_t i = resource->root + 1; i < t->nodes[resource->root].end; i++) {
    const zd_node *node = &t->nodes[i];
    bool reference = node->element == l->reference;
    if (!node->p || (!reference && !l->linkish[node->type])) continue;
    zd_slice text = zd_node_text(node, &l->unit->scratch), to;
    if (!text.p) return zd_unit_fail(l->unit, e, 500, ZD_ISSUE_EXCEPTION, "out of memory");
    bool fine =
        node->type == l->xhtml ? edit_narrative(l, text, &to) : resolve(l, e, text, reference, &to);
    if (fine && to.p) fine = add_edit(l, &list, i, to);
    if (!fine)
      return l->unit->status ? false
                             : zd_unit_fail(l->unit, e, 500, ZD_ISSUE_EXCEPTION, "out of memory");
  }
  edit->nodes = list.nodes;
  edit->values = list.values;
  edit->count = list.n;
  return true;
}

bool zd_links_close(zd_links *l) {
  if (!l->missing) return true;
  l->unit->status = 412;
  return false;
}
