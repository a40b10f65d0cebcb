/* path_eval.c: running a program on a tree.
 *
 * A walk pushes nodes through a chain; its counters and its sink are its own, so that a condition
 * inside of a where() runs as a walk of its own on the stack. Recursion is bounded by the length of
 * the program. Work is bounded too: an expression with nested where() over %resource could cost a
 * power of the resource's size.
 */
#include "fhir/path/path_internal.h"

enum { TRUTH_EMPTY = -1, TRUTH_FALSE = 0, TRUTH_TRUE = 1 };

/* Children looked at before an evaluation is given up. */
enum { BUDGET = 50 * 1000 * 1000 };

typedef struct run {
  const zd_path *path;
  const zd_tree *tree;
  const zd_path_edits *edits;
  zd_arena *arena;
  uint32_t context, resource;
  int64_t budget;
  zd_err err;
} run;

typedef struct walk {
  run *r;
  const zd_path_chain *chain;
  zd_nodes *out;      /* where results go; NULL: only the first ones are kept, in found */
  size_t before;      /* out->n when the walk began */
  uint32_t found[2];  /* without `out` */
  uint32_t n, enough; /* results so far; stop when there are enough (without `out`) */
  uint32_t counters[ZD_PATH_SLOTS];
} walk;

static bool push(walk *w, uint32_t op, uint32_t node);
static int test(run *r, uint32_t cond, uint32_t node);

static bool stop(run *r, zd_err err) {
  if (!r->err) r->err = err;
  return false;
}

/* ---- results ---- */

static bool grow(run *r, zd_nodes *out) {
  size_t room = out->room ? out->room * 2 : 16;
  uint32_t *items = zd_arena_alloc(r->arena, room * sizeof *items);
  if (!items) return stop(r, ZD_ERR_MEMORY);
  if (out->n) memcpy(items, out->items, out->n * sizeof *items);
  out->items = items;
  out->room = room;
  return true;
}

static bool emit(walk *w, uint32_t node) {
  if (!w->out) {
    if (w->chain->may_repeat && w->n && w->found[0] == node) return true;
    if (w->n < 2) w->found[w->n] = node;
    return ++w->n < w->enough;
  }
  if (w->out->n == w->out->room && !grow(w->r, w->out)) return false;
  w->out->items[w->out->n++] = node;
  return true;
}

/* ---- steps ---- */

/* Repetitions of an element follow each other, and of a choice only one alternative can be there:
 * the first child behind a hit that is none ends the search. */
static bool step(walk *w, const zd_path_op *o, uint32_t node) {
  const zd_node *nodes = w->r->tree->nodes;
  uint32_t end = nodes[node].end, low = o->one.low, span = (uint32_t)o->one.high - low;
  bool hit = false;
  int64_t looked = 0;
  for (uint32_t child = node + 1; child < end; child = nodes[child].end, looked++) {
    if (nodes[child].element - low <= span) {
      hit = true;
      if (!(o->next ? push(w, o->next, child) : emit(w, child))) return false;
    } else if (hit) {
      break;
    }
  }
  w->r->budget -= looked;
  return w->r->budget > 0 || stop(w->r, ZD_ERR_LIMIT);
}

static bool in_ranges(const zd_path_range *ranges, uint32_t n, zd_element e) {
  uint32_t low = 0, high = n;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if (ranges[middle].high < e)
      low = middle + 1;
    else
      high = middle;
  }
  return low < n && ranges[low].low <= e;
}

static bool steps(walk *w, const zd_path_op *o, uint32_t node) {
  const zd_node *nodes = w->r->tree->nodes;
  const zd_path_range *ranges = w->r->path->ranges + o->n;
  uint32_t end = nodes[node].end;
  bool hit = false;
  int64_t looked = 0;
  for (uint32_t child = node + 1; child < end; child = nodes[child].end, looked++) {
    if (in_ranges(ranges, o->count, nodes[child].element)) {
      hit = true;
      if (!push(w, o->next, child)) return false;
    } else if (hit) {
      break;
    }
  }
  w->r->budget -= looked;
  return w->r->budget > 0 || stop(w->r, ZD_ERR_LIMIT);
}

/* Node through the chain from `op` on. False: stop the walk. */
static bool push(walk *w, uint32_t op, uint32_t node) {
  run *r = w->r;
  for (;;) {
    const zd_path_op *o = &r->path->ops[op];
    switch ((zd_path_op_kind)o->kind) {
      case ZD_OP_END:
        return emit(w, node);
      case ZD_OP_START:
        break;
      case ZD_OP_RESOURCE:
        node = r->resource;
        break;
      case ZD_OP_CONTEXT:
        node = r->context;
        break;
      case ZD_OP_STEP:
        return step(w, o, node);
      case ZD_OP_STEPS:
        return steps(w, o, node);
      case ZD_OP_TYPE:
        if (!zd_schema_is_a(r->path->schema, r->tree->nodes[node].type, (zd_type)o->n)) return true;
        break;
      case ZD_OP_INDEX:
        if (w->counters[o->slot]++ != o->n) return true;
        break;
      case ZD_OP_SKIP:
        if (w->counters[o->slot]++ < o->n) return true;
        break;
      case ZD_OP_TAKE:
        if (w->counters[o->slot]++ >= o->n) return true;
        break;
      case ZD_OP_WHERE:
        if (test(r, o->n, node) != TRUTH_TRUE) return r->err == ZD_OK;
        break;
    }
    op = o->next;
  }
}

/* Runs a chain from `node`; the results are in w. */
static void run_chain(walk *w, uint32_t node) {
  const uint16_t *heads = w->r->path->heads + w->chain->first_head;
  for (uint16_t i = 0; i < w->chain->head_count; i++)
    if (!push(w, heads[i], node)) return;
}

/* The first results of a chain, at most `enough` (1 or 2); returns how many. */
static uint32_t first_of(run *r, uint32_t chain, uint32_t node, uint32_t enough,
                         uint32_t found[2]) {
  walk w = {.r = r, .chain = &r->path->chains[chain], .enough = enough};
  run_chain(&w, node);
  found[0] = w.found[0];
  found[1] = w.found[1];
  return w.n;
}

/* ---- conditions ---- */

static bool is_text(zd_primitive p) {
  switch (p) {
    case ZD_PRIM_STRING:
    case ZD_PRIM_MARKDOWN:
    case ZD_PRIM_CODE:
    case ZD_PRIM_ID:
    case ZD_PRIM_URI:
    case ZD_PRIM_URL:
    case ZD_PRIM_CANONICAL:
    case ZD_PRIM_OID:
    case ZD_PRIM_UUID:
    case ZD_PRIM_BASE64:
      return true;
    default:
      return false;
  }
}

static bool is_number(zd_primitive p) {
  return p == ZD_PRIM_INTEGER || p == ZD_PRIM_DECIMAL || p == ZD_PRIM_POSITIVE_INT ||
         p == ZD_PRIM_UNSIGNED_INT;
}

/* Values of different types are not equal. */
static int equals(run *r, const zd_path_cond *c, uint32_t at) {
  const zd_node *node = &r->tree->nodes[at];
  zd_primitive primitive = zd_schema_type_info(r->path->schema, node->type).primitive;
  if (!node->p) return TRUTH_FALSE;
  if (c->literal == ZD_AST_NUMBER)
    return is_number(primitive) && zd_path_same_number(zd_node_raw(node), c->text);
  if (c->literal == ZD_AST_BOOLEAN)
    return primitive == ZD_PRIM_BOOLEAN && zd_slice_eq(zd_node_raw(node), c->text);
  if (!is_text(primitive)) return TRUTH_FALSE;
  zd_slice text = zd_node_text(node, r->arena);
  if (!text.p) {
    stop(r, ZD_ERR_MEMORY);
    return TRUTH_EMPTY;
  }
  return zd_slice_eq(text, c->text);
}

static int is_reference_to(run *r, zd_type type, uint32_t node) {
  zd_type target = ZD_NO_TYPE;
  zd_err err = zd_path_target_type(r->tree, node, r->edits, r->arena, &target);
  if (err) stop(r, err);
  if (target == ZD_NO_TYPE) return TRUTH_EMPTY;
  return zd_schema_is_a(r->path->schema, target, type);
}

/* FHIRPath 2.0.0, 4.5 Singleton Evaluation of Collections. */
static int singleton(run *r, uint32_t at) {
  const zd_node *node = &r->tree->nodes[at];
  zd_type_info info = zd_schema_type_info(r->path->schema, node->type);
  if (info.primitive != ZD_PRIM_BOOLEAN) return TRUTH_TRUE;
  if (!node->p) return TRUTH_EMPTY;
  return zd_slice_eq(zd_node_raw(node), ZD_S("true"));
}

/* Conditions on the results of one chain. */
static int test_chain(run *r, const zd_path_cond *c, uint32_t node) {
  uint32_t found[2] = {0, 0};
  uint32_t n = first_of(r, c->chain, node, c->kind == ZD_COND_EXISTS ? 1 : 2, found);
  if (c->kind == ZD_COND_EXISTS) return n > 0;
  if (c->kind == ZD_COND_HAS_VALUE) return n == 1 && r->tree->nodes[found[0]].p != NULL;
  if (n == 0) return TRUTH_EMPTY;
  if (c->kind == ZD_COND_EQUALS) return n == 1 ? equals(r, c, found[0]) : TRUTH_FALSE;
  if (n > 1) {
    stop(r, ZD_ERR_INVALID); /* one item is asked */
    return TRUTH_EMPTY;
  }
  if (c->kind == ZD_COND_IS)
    return zd_schema_is_a(r->path->schema, r->tree->nodes[found[0]].type, c->type);
  if (c->kind == ZD_COND_RESOLVES_TO) return is_reference_to(r, c->type, found[0]);
  return singleton(r, found[0]);
}

/* Three-valued logic (FHIRPath 2.0.0, 6.5). */
static int test_logic(run *r, const zd_path_cond *c, uint32_t node) {
  int left = test(r, c->left, node);
  if (c->kind == ZD_COND_AND && left == TRUTH_FALSE) return TRUTH_FALSE;
  if (c->kind == ZD_COND_OR && left == TRUTH_TRUE) return TRUTH_TRUE;
  if (c->kind == ZD_COND_IMPLIES && left == TRUTH_FALSE) return TRUTH_TRUE;
  int right = test(r, c->right, node);
  switch ((zd_cond_kind)c->kind) {
    case ZD_COND_AND:
      return right == TRUTH_FALSE || left == TRUTH_TRUE ? right : TRUTH_EMPTY;
    case ZD_COND_OR:
      return right == TRUTH_TRUE || left == TRUTH_FALSE ? right : TRUTH_EMPTY;
    case ZD_COND_IMPLIES:
      return right == TRUTH_TRUE || left == TRUTH_TRUE ? right : TRUTH_EMPTY;
    default: /* xor */
      return left == TRUTH_EMPTY || right == TRUTH_EMPTY ? TRUTH_EMPTY : left != right;
  }
}

static int test(run *r, uint32_t cond, uint32_t node) {
  const zd_path_cond *c = &r->path->conds[cond];
  switch ((zd_cond_kind)c->kind) {
    case ZD_COND_CONSTANT:
      return c->value;
    case ZD_COND_NOT: {
      int inner = test(r, c->left, node);
      return inner == TRUTH_EMPTY ? TRUTH_EMPTY : !inner;
    }
    case ZD_COND_AND:
    case ZD_COND_OR:
    case ZD_COND_XOR:
    case ZD_COND_IMPLIES:
      return test_logic(r, c, node);
    default:
      return test_chain(r, c, node);
  }
}

/* ---- entry ---- */

static run begin(const zd_path *path, const zd_tree *tree, uint32_t context,
                 const zd_path_edits *edits, zd_arena *arena) {
  run r = {.path = path,
           .tree = tree,
           .edits = edits,
           .arena = arena,
           .context = context,
           .budget = BUDGET};
  if (path->uses_resource) r.resource = zd_path_resource_of(tree, context, false);
  return r;
}

/* Keeps the first of equal node numbers from `from` on. Few results: compare; many: mark. */
static zd_err drop_repetitions(zd_nodes *out, size_t from, uint32_t nodes, zd_arena *arena) {
  size_t n = out->n - from, kept = from;
  if (n < 2) return ZD_OK;
  unsigned char *seen = n > 16 ? zd_arena_calloc(arena, nodes / 8 + 1, 1) : NULL;
  if (n > 16 && !seen) return ZD_ERR_MEMORY;
  for (size_t i = from; i < out->n; i++) {
    uint32_t node = out->items[i];
    bool again = seen && (seen[node / 8] >> (node % 8) & 1);
    for (size_t k = from; !seen && !again && k < kept; k++) again = out->items[k] == node;
    if (again) continue;
    if (seen) seen[node / 8] |= (unsigned char)(1u << (node % 8));
    out->items[kept++] = node;
  }
  out->n = kept;
  return ZD_OK;
}

zd_err zd_path_eval_edited(const zd_path *path, const zd_tree *tree, uint32_t context,
                           const zd_path_edits *edits, zd_arena *arena, zd_nodes *out) {
  if (path->boolean || !path->type_count) return ZD_OK;
  run r = begin(path, tree, context, edits, arena);
  walk w = {.r = &r, .chain = &path->chains[path->chain], .out = out, .before = out->n};
  run_chain(&w, context);
  if (r.err) {
    out->n = w.before;
    return r.err;
  }
  return w.chain->may_repeat ? drop_repetitions(out, w.before, tree->count, arena) : ZD_OK;
}

zd_err zd_path_eval(const zd_path *path, const zd_tree *tree, uint32_t context, zd_arena *arena,
                    zd_nodes *out) {
  return zd_path_eval_edited(path, tree, context, NULL, arena, out);
}

zd_err zd_path_test(const zd_path *path, const zd_tree *tree, uint32_t context,
                    const zd_path_edits *edits, zd_arena *arena, int *out) {
  run r = begin(path, tree, context, edits, arena);
  *out = test(&r, path->cond, context);
  return r.err;
}
