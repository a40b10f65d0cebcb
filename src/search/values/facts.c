/* facts.c: from a node of the resource to what can match (R4 search.html, "Search Parameter
 * Types"; the table of each type says which data types it speaks about). */
#include <math.h>

#include "fhir/primitive.h"
#include "search/internal.h"
#include "search/values/near.h"

size_t zd_source_edit_from(const zd_source *x, uint32_t node) {
  size_t low = 0, high = x->edit_count;
  while (low < high) {
    size_t mid = (low + high) / 2;
    if (x->edit_nodes[mid] < node) {
      low = mid + 1;
    } else {
      high = mid;
    }
  }
  return low;
}

/* Position of node in the sorted list of edits, or edit_count. */
static size_t edit_of(const zd_source *x, uint32_t node) {
  size_t at = zd_source_edit_from(x, node);
  return at < x->edit_count && x->edit_nodes[at] == node ? at : x->edit_count;
}

zd_err zd_source_text(const zd_source *x, uint32_t node, zd_slice *out) {
  *out = (zd_slice){NULL, 0};
  if (x->edit_count) {
    size_t edit = edit_of(x, node);
    if (edit < x->edit_count) {
      *out = x->edit_values[edit];
      return ZD_OK;
    }
  }
  const zd_node *n = &x->tree->nodes[node];
  if (!n->p || (n->flags & ZD_NODE_NO_VALUE)) return ZD_OK;
  *out = zd_node_text(n, x->arena);
  return out->p ? ZD_OK : ZD_ERR_MEMORY;
}

static const zd_shape_info *shape_of(const zd_source *x, uint32_t node) {
  return &x->search->shapes[x->tree->nodes[node].type];
}

/* Texts of the first child in each of the shape's first `n` slots; absent ones stay absent. */
static zd_err slot_texts(const zd_source *x, uint32_t node, int n, zd_slice *out) {
  const zd_shape_info *shape = shape_of(x, node);
  for (int k = 0; k < n; k++) out[k] = (zd_slice){NULL, 0};
  for (uint32_t c = zd_tree_first(x->tree, node); c; c = zd_tree_next(x->tree, node, c)) {
    for (int k = 0; k < n; k++) {
      if (x->tree->nodes[c].element != shape->slot[k]) continue;
      zd_err err = zd_source_text(x, c, &out[k]);
      if (err) return err;
    }
  }
  return ZD_OK;
}

/* ---- token ---- */

static zd_err token_pair(const zd_source *x, uint32_t node, zd_fact_sink sink, void *state) {
  zd_slice text[2];
  zd_err err = slot_texts(x, node, 2, text);
  if (err || (!text[0].p && !text[1].p)) return err;
  return sink(state, &(zd_fact){.system = text[0], .code = text[1]});
}

/* The system that a required binding gives the codes of an element ("male" of Patient.gender). */
static zd_slice implied_system(const zd_source *x, uint32_t node, zd_slice code) {
  const zd_schema *schema = x->search->schema;
  zd_element e = x->tree->nodes[node].element;
  uint32_t set = e == ZD_NO_ELEMENT ? UINT32_MAX : zd_schema_bound_value_set(schema, e);
  if (set == UINT32_MAX) return (zd_slice){NULL, 0};
  if (x->search->set_system[set].p) return x->search->set_system[set];
  zd_value_set_info info = zd_schema_value_set(schema, set);
  uint32_t low = 0, high = info.enumerable ? info.count : 0;
  while (low < high) {
    uint32_t mid = (low + high) / 2;
    zd_coded coded = zd_schema_value_set_code(schema, set, mid);
    int order = zd_slice_cmp(coded.code, code);
    if (!order) return coded.system;
    if (order < 0) {
      low = mid + 1;
    } else {
      high = mid;
    }
  }
  return (zd_slice){NULL, 0};
}

static zd_err token_alone(const zd_source *x, uint32_t node, zd_fact_sink sink, void *state) {
  zd_fact fact = {0};
  zd_err err = zd_source_text(x, node, &fact.code);
  if (err || !fact.code.p) return err;
  if (shape_of(x, node)->shape == ZD_SHAPE_CODE) fact.system = implied_system(x, node, fact.code);
  return sink(state, &fact);
}

static zd_err token_facts(const zd_source *x, uint32_t node, zd_fact_sink sink, void *state) {
  const zd_shape_info *shape = shape_of(x, node);
  zd_err err = ZD_OK;
  switch (shape->shape) {
    case ZD_SHAPE_CODING:
    case ZD_SHAPE_IDENTIFIER:
      return token_pair(x, node, sink, state);
    case ZD_SHAPE_CONCEPT:
    case ZD_SHAPE_CONTACT:
      for (uint32_t c = zd_tree_first(x->tree, node); c && !err;
           c = zd_tree_next(x->tree, node, c)) {
        if (x->tree->nodes[c].element == shape->slot[0]) err = token_facts(x, c, sink, state);
      }
      return err;
    case ZD_SHAPE_BOOLEAN:
    case ZD_SHAPE_TEXT:
    case ZD_SHAPE_CODE:
    case ZD_SHAPE_ID:
    case ZD_SHAPE_URI:
    case ZD_SHAPE_CANONICAL:
      return token_alone(x, node, sink, state);
    default:
      return ZD_OK;
  }
}

/* ---- string ---- */

static zd_err string_facts(const zd_source *x, uint32_t node, zd_fact_sink sink, void *state) {
  const zd_shape_info *shape = shape_of(x, node);
  zd_fact fact = {0};
  zd_err err = ZD_OK;
  switch (shape->shape) {
    case ZD_SHAPE_NAME:
    case ZD_SHAPE_ADDRESS:
      for (uint32_t c = zd_tree_first(x->tree, node); c && !err;
           c = zd_tree_next(x->tree, node, c)) {
        for (int k = 0; k < ZD_SHAPE_SLOTS && !err; k++)
          if (x->tree->nodes[c].element == shape->slot[k]) err = string_facts(x, c, sink, state);
      }
      return err;
    case ZD_SHAPE_TEXT:
    case ZD_SHAPE_CODE:
    case ZD_SHAPE_ID:
    case ZD_SHAPE_URI:
      err = zd_source_text(x, node, &fact.text);
      return err || !fact.text.p ? err : sink(state, &fact);
    default:
      return ZD_OK;
  }
}

/* ---- uri and reference ---- */

void zd_fact_canonical(zd_slice text, zd_fact *fact) {
  size_t bar = zd_slice_find(text, '|');
  fact->text = (zd_slice){text.p, bar};
  if (bar < text.n) fact->version = zd_slice_from(text, bar + 1);
}

static zd_err uri_facts(const zd_source *x, uint32_t node, zd_fact_sink sink, void *state) {
  zd_shape shape = shape_of(x, node)->shape;
  if (shape != ZD_SHAPE_URI && shape != ZD_SHAPE_CANONICAL) return ZD_OK;
  zd_fact fact = {.type = ZD_NO_TYPE};
  zd_err err = zd_source_text(x, node, &fact.text);
  if (err || !fact.text.p) return err;
  if (shape == ZD_SHAPE_CANONICAL) zd_fact_canonical(fact.text, &fact);
  return sink(state, &fact);
}

/* Cuts "/_history/n" off. */
static zd_slice without_version(zd_slice url) {
  static const char mark[] = "/_history/";
  const char *hit = url.n ? memmem(url.p, url.n, mark, sizeof mark - 1) : NULL;
  return hit ? (zd_slice){url.p, (size_t)(hit - url.p)} : url;
}

bool zd_fact_is_id(zd_slice id) {
  return zd_primitive_is_id(id);
}

/* "Patient/1": one slash, which neither our base nor a version has alone. */
static bool is_short(zd_slice text) {
  size_t slash = zd_slice_find(text, '/');
  return slash == text.n || zd_fact_is_id(zd_slice_from(text, slash + 1));
}

void zd_fact_reference(const zd_search *s, zd_slice text, zd_fact *fact) {
  zd_slice path = text, base = s->base_url;
  if (!is_short(text)) path = without_version(text);
  if (base.n && path.n > base.n && zd_slice_starts(path, base) && path.p[base.n] == '/')
    path = zd_slice_from(path, base.n + 1);
  size_t slash = zd_slice_find(path, '/');
  zd_slice id = zd_slice_from(path, slash + 1);
  fact->type = slash < path.n ? zd_schema_type(s->schema, (zd_slice){path.p, slash}) : ZD_NO_TYPE;
  if (fact->type != ZD_NO_TYPE && zd_schema_is_resource(s->schema, fact->type) &&
      zd_fact_is_id(id)) {
    fact->id = id;
    return;
  }
  fact->type = ZD_NO_TYPE;
  fact->text = path;
}

bool zd_search_reference(const zd_search *s, zd_slice text, zd_type *type, zd_slice *id) {
  zd_fact fact = {.type = ZD_NO_TYPE};
  zd_fact_reference(s, text, &fact);
  *type = fact.type;
  *id = fact.id;
  return fact.id.p != NULL;
}

zd_type zd_fact_target(const zd_search *s, const zd_fact *fact) {
  if (fact->id.p) return fact->type;
  zd_slice url = fact->text;
  size_t slash = url.n;
  while (slash > 0 && url.p[slash - 1] != '/') slash--;
  if (slash < 2 || !zd_fact_is_id(zd_slice_from(url, slash))) return ZD_NO_TYPE;
  size_t start = slash - 1;
  while (start > 0 && url.p[start - 1] != '/') start--;
  zd_type t = zd_schema_type(s->schema, (zd_slice){url.p + start, slash - 1 - start});
  return t != ZD_NO_TYPE && zd_schema_is_resource(s->schema, t) ? t : ZD_NO_TYPE;
}

zd_type zd_source_target(const zd_source *x, uint32_t node) {
  const zd_shape_info *shape = shape_of(x, node);
  uint32_t text = node;
  if (shape->shape == ZD_SHAPE_REFERENCE)
    text = zd_tree_child_element(x->tree, node, shape->slot[0]);
  size_t edit = text && x->edit_count ? edit_of(x, text) : x->edit_count;
  if (edit < x->edit_count)
    return zd_path_reference_text_type(x->search->schema, x->edit_values[edit]);
  return zd_path_reference_type(x->tree, node);
}

static zd_err reference_text(const zd_source *x, zd_slice text, zd_fact_sink sink, void *state) {
  if (!text.n || text.p[0] == '#') return ZD_OK; /* contained: no resource of its own */
  zd_fact fact = {.type = ZD_NO_TYPE};
  zd_fact_reference(x->search, text, &fact);
  return sink(state, &fact);
}

static zd_err reference_facts(const zd_source *x, uint32_t node, zd_fact_sink sink, void *state) {
  zd_fact fact = {.type = ZD_NO_TYPE};
  zd_slice text;
  zd_err err;
  switch (shape_of(x, node)->shape) {
    case ZD_SHAPE_REFERENCE:
      err = slot_texts(x, node, 1, &text);
      return err || !text.p ? err : reference_text(x, text, sink, state);
    case ZD_SHAPE_CANONICAL:
    case ZD_SHAPE_URI:
      err = zd_source_text(x, node, &text);
      if (err || !text.n || text.p[0] == '#') return err;
      zd_fact_canonical(text, &fact);
      return sink(state, &fact);
    case ZD_SHAPE_RESOURCE: /* Bundle.entry[0].resource: the resource stands there itself */
      err = slot_texts(x, node, 1, &fact.id);
      fact.type = x->tree->nodes[node].type;
      return err || !fact.id.p ? err : sink(state, &fact);
    default:
      return ZD_OK;
  }
}

/* ---- date ---- */

static zd_err moment_of(const zd_source *x, uint32_t node, zd_moment *out, bool *there) {
  zd_slice text;
  zd_err err = zd_source_text(x, node, &text);
  *there = !err && text.p;
  if (!*there) return err;
  return zd_moment_read(text, x->search->zone_minutes, out) ? ZD_OK : ZD_ERR_INTERNAL;
}

/* A missing bound of a period is unbounded. No bound at all says nothing. One that ends before it
 * starts (such data exists) is taken the right way round. */
static zd_err period_of(const zd_source *x, uint32_t node, zd_moment *out, bool *there) {
  const zd_shape_info *shape = shape_of(x, node);
  zd_moment start = {ZD_MOMENT_FIRST, ZD_MOMENT_FIRST}, end = {ZD_MOMENT_LAST, ZD_MOMENT_LAST};
  *there = false;
  for (uint32_t c = zd_tree_first(x->tree, node); c; c = zd_tree_next(x->tree, node, c)) {
    zd_element e = x->tree->nodes[c].element;
    if (e != shape->slot[0] && e != shape->slot[1]) continue;
    zd_moment m;
    bool value;
    zd_err err = moment_of(x, c, &m, &value);
    if (err) return err;
    if (!value) continue;
    *there = true;
    if (e == shape->slot[0]) {
      start = m;
    } else {
      end = m;
    }
  }
  bool turned = start.low > end.high;
  *out = (zd_moment){turned ? end.low : start.low, turned ? start.high : end.high};
  return ZD_OK;
}

/* Widens the outer limits of a Timing by one of its parts. */
static void widen(zd_moment *limits, zd_moment part, bool *any) {
  if (!*any || part.low < limits->low) limits->low = part.low;
  if (!*any || part.high > limits->high) limits->high = part.high;
  *any = true;
}

/* Only the outer limits of a schedule count: its events, and the period that bounds it. */
static zd_err timing_of(const zd_source *x, uint32_t node, zd_moment *out, bool *any) {
  const zd_shape_info *shape = shape_of(x, node);
  zd_err err = ZD_OK;
  *any = false;
  for (uint32_t c = zd_tree_first(x->tree, node); c && !err; c = zd_tree_next(x->tree, node, c)) {
    zd_moment part;
    bool there = false;
    if (x->tree->nodes[c].element == shape->slot[0]) {
      err = moment_of(x, c, &part, &there);
    } else if (x->tree->nodes[c].element == shape->slot[1]) {
      uint32_t bounds = zd_tree_child_path(x->tree, c, ZD_S("bounds"));
      if (bounds && shape_of(x, bounds)->shape == ZD_SHAPE_PERIOD)
        err = period_of(x, bounds, &part, &there);
    }
    if (!err && there) widen(out, part, any);
  }
  return err;
}

static zd_err date_facts(const zd_source *x, uint32_t node, zd_fact_sink sink, void *state) {
  zd_fact fact = {0};
  bool there = false;
  zd_err err = ZD_OK;
  switch (shape_of(x, node)->shape) {
    case ZD_SHAPE_DATE:
      err = moment_of(x, node, &fact.when, &there);
      break;
    case ZD_SHAPE_PERIOD:
      err = period_of(x, node, &fact.when, &there);
      break;
    case ZD_SHAPE_TIMING:
      err = timing_of(x, node, &fact.when, &there);
      break;
    default:
      break;
  }
  return err || !there ? err : sink(state, &fact);
}

/* ---- number and quantity ---- */

static zd_err decimal_of(const zd_source *x, zd_slice text, zd_decimal *out) {
  zd_err err = zd_decimal_read(text, x->arena, out);
  return err == ZD_ERR_INVALID ? ZD_ERR_INTERNAL : err;
}

static zd_err number_facts(const zd_source *x, uint32_t node, zd_fact_sink sink, void *state) {
  zd_fact fact = {.plain = true};
  zd_slice text;
  if (shape_of(x, node)->shape != ZD_SHAPE_NUMBER) return ZD_OK;
  zd_err err = zd_source_text(x, node, &text);
  if (err || !text.p) return err;
  err = decimal_of(x, text, &fact.low);
  fact.high = fact.low;
  return err ? err : sink(state, &fact);
}

/* Value and unit of a Quantity; *there: it has a value. */
static zd_err quantity_of(const zd_source *x, uint32_t node, zd_decimal *value, zd_fact *unit,
                          bool *there) {
  zd_slice text[4];
  zd_err err = slot_texts(x, node, 4, text);
  *there = !err && text[0].p;
  if (!*there) return err;
  unit->text = text[1];
  unit->system = text[2];
  unit->code = text[3];
  return decimal_of(x, text[0], value);
}

static zd_err money_fact(const zd_source *x, uint32_t node, zd_fact *fact, bool *there) {
  zd_slice text[2];
  zd_err err = slot_texts(x, node, 2, text);
  *there = !err && text[0].p;
  if (!*there) return err;
  if (text[1].p) fact->system = ZD_S("urn:iso:std:iso:4217");
  fact->code = text[1];
  fact->plain = true;
  err = decimal_of(x, text[0], &fact->low);
  fact->high = fact->low;
  return err;
}

static void turn(zd_fact *fact) {
  zd_decimal low = fact->low;
  bool no_low = fact->no_low;
  fact->low = fact->high;
  fact->no_low = fact->no_high;
  fact->high = low;
  fact->no_high = no_low;
}

static zd_err range_fact(const zd_source *x, uint32_t node, zd_fact *fact, bool *there) {
  const zd_shape_info *shape = shape_of(x, node);
  zd_err err = ZD_OK;
  fact->no_low = fact->no_high = true;
  for (uint32_t c = zd_tree_first(x->tree, node); c && !err; c = zd_tree_next(x->tree, node, c)) {
    zd_element e = x->tree->nodes[c].element;
    bool value = false;
    if (e == shape->slot[0]) {
      err = quantity_of(x, c, &fact->low, fact, &value);
      fact->no_low = !value;
    } else if (e == shape->slot[1]) {
      err = quantity_of(x, c, &fact->high, fact, &value);
      fact->no_high = !value;
    }
  }
  *there = !fact->no_low || !fact->no_high;
  if (!err && !fact->no_low && !fact->no_high && zd_decimal_cmp(&fact->low, &fact->high) > 0)
    turn(fact);
  return err;
}

/* Widens the fact by one sample; E, L and U are error, below and above what can be measured. */
static zd_err sample(const zd_source *x, zd_slice word, zd_fact *fact, bool *any) {
  if (word.n == 1 && word.p[0] == 'E') return ZD_OK;
  if (word.n == 1 && (word.p[0] == 'L' || word.p[0] == 'U')) {
    if (word.p[0] == 'L') fact->no_low = true;
    if (word.p[0] == 'U') fact->no_high = true;
    return ZD_OK;
  }
  zd_decimal d;
  zd_err err = decimal_of(x, word, &d);
  if (err) return err;
  if (!*any || zd_decimal_cmp(&d, &fact->low) < 0) fact->low = d;
  if (!*any || zd_decimal_cmp(&d, &fact->high) > 0) fact->high = d;
  *any = true;
  return ZD_OK;
}

static zd_err sample_bounds(const zd_source *x, zd_slice data, zd_fact *fact, bool *any) {
  zd_err err = ZD_OK;
  *any = false;
  for (size_t i = 0; i < data.n && !err;) {
    size_t start = i;
    while (i < data.n && data.p[i] != ' ') i++;
    if (i > start) err = sample(x, (zd_slice){data.p + start, i - start}, fact, any);
    i++;
  }
  return err;
}

/* *bound * factor + origin. */
static zd_err scale(const zd_source *x, const zd_decimal *factor, const zd_decimal *origin,
                    zd_decimal *bound) {
  zd_decimal product;
  zd_err err = zd_decimal_mul(bound, factor, x->arena, &product);
  return err ? err : zd_decimal_add(&product, origin, x->arena, bound);
}

/* "just search on the bounds of the values in sampled data" (Observation-value-quantity). */
static zd_err sampled_fact(const zd_source *x, uint32_t node, zd_fact *fact, bool *there) {
  const zd_shape_info *shape = shape_of(x, node);
  zd_slice text[3];
  zd_decimal origin, factor = {.digits = "1", .n = 1, .exponent = 1};
  uint32_t at = zd_tree_child_element(x->tree, node, shape->slot[0]);
  bool any = false, has_origin = false;
  zd_err err = slot_texts(x, node, 3, text);
  if (!err && at) err = quantity_of(x, at, &origin, fact, &has_origin);
  if (!err && text[1].p) err = decimal_of(x, text[1], &factor);
  if (!err && text[2].p) err = sample_bounds(x, text[2], fact, &any);
  if (err || !has_origin) return err;
  if (any) {
    err = scale(x, &factor, &origin, &fact->low);
    if (!err) err = scale(x, &factor, &origin, &fact->high);
  }
  if (factor.negative) turn(fact);
  *there = any;
  return err;
}

static zd_err quantity_facts(const zd_source *x, uint32_t node, zd_fact_sink sink, void *state) {
  zd_fact fact = {0};
  bool there = false;
  zd_err err = ZD_OK;
  switch (shape_of(x, node)->shape) {
    case ZD_SHAPE_QUANTITY:
      err = quantity_of(x, node, &fact.low, &fact, &there);
      fact.high = fact.low;
      fact.plain = true;
      break;
    case ZD_SHAPE_MONEY:
      err = money_fact(x, node, &fact, &there);
      break;
    case ZD_SHAPE_RANGE:
      err = range_fact(x, node, &fact, &there);
      break;
    case ZD_SHAPE_SAMPLED:
      err = sampled_fact(x, node, &fact, &there);
      break;
    default:
      break;
  }
  return err || !there ? err : sink(state, &fact);
}

/* ---- special: near ---- */

static zd_err position_facts(const zd_source *x, uint32_t node, zd_fact_sink sink, void *state) {
  zd_fact fact = {.type = ZD_NO_TYPE};
  zd_slice text[2];
  if (shape_of(x, node)->shape != ZD_SHAPE_POSITION) return ZD_OK;
  zd_err err = slot_texts(x, node, 2, text);
  if (err || !text[0].p || !text[1].p || !zd_near_number(text[0], &fact.latitude) ||
      !zd_near_number(text[1], &fact.longitude) || fabs(fact.latitude) > 90 ||
      fabs(fact.longitude) > 180)
    return err;
  return sink(state, &fact);
}

zd_err zd_facts(const zd_source *x, zd_param_type kind, uint32_t node, zd_fact_sink sink,
                void *state) {
  switch (kind) {
    case ZD_PARAM_TOKEN:
      return token_facts(x, node, sink, state);
    case ZD_PARAM_STRING:
      return string_facts(x, node, sink, state);
    case ZD_PARAM_URI:
      return uri_facts(x, node, sink, state);
    case ZD_PARAM_REFERENCE:
      return reference_facts(x, node, sink, state);
    case ZD_PARAM_DATE:
      return date_facts(x, node, sink, state);
    case ZD_PARAM_NUMBER:
      return number_facts(x, node, sink, state);
    case ZD_PARAM_QUANTITY:
      return quantity_facts(x, node, sink, state);
    case ZD_PARAM_SPECIAL:
      return position_facts(x, node, sink, state);
    default:
      return ZD_OK;
  }
}
