/* text_source.c: which elements of a resource are texts, and what they say. */
#include "search/text/text.h"

enum { NO_TEXT, TEXT, MARKUP };

/* Strings that are written for machines. */
static bool is_notation(const zd_schema *schema, zd_element_info info) {
  static const char *const elements[][2] = {{"Reference", "reference"}, {"SampledData", "data"}};
  zd_slice owner = zd_schema_type_info(schema, info.owner).name;
  for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
    if (zd_slice_eq(owner, zd_slice_of(elements[i][0])) &&
        zd_slice_eq(info.name, zd_slice_of(elements[i][1])))
      return true;
  return false;
}

static uint8_t kind_of(const zd_schema *schema, zd_element e) {
  zd_element_info info = zd_schema_element_info(schema, e);
  if (is_notation(schema, info)) return NO_TEXT;
  if (info.type == ZD_NO_TYPE || (info.flags & ZD_EL_ATTRIBUTE)) return NO_TEXT;
  zd_primitive primitive = zd_schema_type_info(schema, info.type).primitive;
  if (primitive == ZD_PRIM_XHTML) return MARKUP;
  return primitive == ZD_PRIM_STRING || primitive == ZD_PRIM_MARKDOWN ? TEXT : NO_TEXT;
}

static zd_err find_kinds(zd_search *s) {
  const zd_schema *schema = s->schema;
  zd_text *t = s->text;
  for (zd_type i = 0; i < zd_schema_type_count(schema); i++) {
    zd_type_info info = zd_schema_type_info(schema, i);
    size_t end = (size_t)info.first + info.count;
    if (info.count && end > t->kind_count) t->kind_count = end;
  }
  t->kinds = ZD_NEW_ARRAY(&s->arena, uint8_t, t->kind_count + 1);
  if (!t->kinds) return ZD_ERR_MEMORY;
  for (zd_type i = 0; i < zd_schema_type_count(schema); i++) {
    zd_type_info info = zd_schema_type_info(schema, i);
    for (uint16_t k = 0; k < info.count; k++) {
      zd_element e = (zd_element)(info.first + k);
      t->kinds[e] = kind_of(schema, e);
    }
  }
  return ZD_OK;
}

static zd_err take_field(zd_search *s, const char *url, const char *mark, uint32_t *out,
                         zd_fault *fault) {
  zd_slice name = zd_arena_printf(&s->arena, "f:%s@%s", url, mark);
  if (!name.p) return ZD_ERR_MEMORY;
  *out = zd_store_symbol(s->store, name, true);
  return *out != ZD_NO_SYMBOL
             ? ZD_OK
             : zd_fail(fault, ZD_ERR_FULL, "no symbol left for the field %.*s", ZD_SV(name));
}

static zd_err take_fields(zd_search *s, zd_fault *fault) {
  char mark[ZD_WORDS_MARK + 1];
  zd_err err = zd_words_mark(mark);
  if (!err)
    err = take_field(s, "http://hl7.org/fhir/SearchParameter/DomainResource-text", mark,
                     &s->text->narrative_field, fault);
  if (!err)
    err = take_field(s, "http://hl7.org/fhir/SearchParameter/Resource-content", mark,
                     &s->text->content_field, fault);
  return err;
}

zd_err zd_text_open(zd_search *s, zd_fault *fault) {
  zd_text *t = s->text = ZD_NEW(&s->arena, zd_text);
  if (!t) return ZD_ERR_MEMORY;
  zd_err err = take_fields(s, fault);
  t->narrative_type = zd_schema_type(s->schema, ZD_S("Narrative"));
  if (!err) err = find_kinds(s);
  if (err) return err;
  t->pool = zd_words_pool();
  return t->pool ? ZD_OK : ZD_ERR_MEMORY;
}

void zd_text_close(zd_search *s) {
  if (s->text) zd_pool_free(s->text->pool);
}

uint32_t zd_text_narrative(const zd_search *s, const zd_tree *tree, uint32_t root) {
  uint32_t child = zd_tree_first(tree, root);
  while (child && tree->nodes[child].type != s->text->narrative_type)
    child = zd_tree_next(tree, root, child);
  return child;
}

static zd_err tell(const zd_source *x, uint32_t node, bool markup, bool narrative,
                   zd_text_sink sink, void *state) {
  zd_slice text;
  zd_err err = zd_source_text(x, node, &text);
  if (!err && text.n && markup) {
    text = zd_text_of_markup(text, x->arena);
    if (!text.p) return ZD_ERR_MEMORY;
  }
  return err || !text.n ? err : sink(state, narrative, text);
}

zd_err zd_text_each(const zd_source *x, uint32_t root, unsigned parts, zd_text_sink sink,
                    void *state) {
  const zd_text *t = x->search->text;
  const zd_tree *tree = x->tree;
  uint32_t first = zd_text_narrative(x->search, tree, root);
  uint32_t end = first ? tree->nodes[first].end : 0;
  bool all = parts != ZD_TEXT_NARRATIVE;
  uint32_t last = all ? tree->nodes[root].end : end;
  zd_err err = ZD_OK;
  for (uint32_t i = all ? root + 1 : first + 1; i < last && !err; i++) {
    zd_element e = tree->nodes[i].element;
    uint8_t kind = e < t->kind_count ? t->kinds[e] : NO_TEXT;
    if (kind == NO_TEXT) continue;
    bool narrative = kind == MARKUP && first && i > first && i < end;
    if (parts & (narrative ? ZD_TEXT_NARRATIVE : ZD_TEXT_ELSEWHERE))
      err = tell(x, i, kind == MARKUP, narrative, sink, state);
  }
  return err;
}
