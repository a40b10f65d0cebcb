/* display.c: units as people read them: printed symbols, and names spelled out. */
#include <stdio.h>

#include "base/buffer.h"
#include "ucum/symbols.h"
#include "ucum/ucum_internal.h"

enum { TEXT_MAX = 32 * 1024 };

typedef struct printer {
  const ucum_code *code;
  zd_ucum_language language;
  bool spelled; /* names instead of symbols */
  zd_buffer out;
} printer;

static void put(printer *p, const char *text) {
  zd_buffer_add_slice(&p->out, zd_slice_of(text));
}

static const char *symbol(const ucum_symbol *all, int count, const char *code,
                          zd_ucum_language language) {
  for (int i = 0; i < count; i++)
    if (!strcmp(all[i].code, code))
      return language == ZD_UCUM_RUSSIAN ? all[i].russian : all[i].english;
  return code;
}

static void put_raised(printer *p, int power) {
  static const char *const digits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  char text[8];
  snprintf(text, sizeof text, "%d", power);
  for (const char *c = text; *c; c++) put(p, *c == '-' ? "⁻" : digits[*c - '0']);
}

/* The inside of the braces; underscores stand for blanks, which a code may not hold. */
static void put_note(printer *p, const ucum_node *n) {
  for (size_t i = 1; i + 1 < n->note_n; i++) {
    char c = p->code->text.p[n->note_at + i];
    zd_buffer_add_char(&p->out, c == '_' ? ' ' : c);
  }
}

static void put_symbol(printer *p, const ucum_node *n) {
  const ucum_table *t = &zd_ucum_units;
  if (n->prefix)
    put(p, symbol(ucum_prefix_symbols, UCUM_PREFIX_SYMBOLS, t->prefixes[n->prefix - 1].code,
                  p->language));
  put(p, symbol(ucum_symbols, UCUM_SYMBOLS, t->atoms[n->atom].code, p->language));
  if (n->power != 1) put_raised(p, n->power);
}

static void put_name(printer *p, const ucum_node *n) {
  const ucum_table *t = &zd_ucum_units;
  put(p, "(");
  if (n->prefix) put(p, t->prefixes[n->prefix - 1].name);
  put(p, t->atoms[n->atom].name);
  if (n->power != 1) zd_buffer_printf(&p->out, " ^ %d", n->power);
  put(p, ")");
}

static bool is_one(const printer *p, const ucum_node *n) {
  zd_slice digits = zd_slice_make(p->code->text.p + n->at, n->n);
  return n->kind == UCUM_FACTOR && zd_slice_eq(digits, ZD_S("1"));
}

static void put_leaf(printer *p, const ucum_node *n) {
  if (n->kind == UCUM_UNIT) {
    p->spelled ? put_name(p, n) : put_symbol(p, n);
  } else if (n->kind == UCUM_FACTOR && !(p->spelled && is_one(p, n))) {
    zd_buffer_add(&p->out, p->code->text.p + n->at, n->n);
  } else if (p->spelled) {
    put(p, "(unity)");
  }
  if (!n->note_n || p->spelled) return;
  if (n->kind != UCUM_NOTE) put(p, " (");
  put_note(p, n);
  if (n->kind != UCUM_NOTE) put(p, ")");
}

static void put_node(printer *p, uint16_t number);

/* What stands behind an operator was in brackets when it has one itself. */
static void put_right(printer *p, uint16_t number) {
  bool compound = p->code->nodes[number].kind >= UCUM_TIMES;
  if (compound) put(p, "(");
  put_node(p, number);
  if (compound) put(p, ")");
}

static void put_node(printer *p, uint16_t number) {
  const ucum_node *n = &p->code->nodes[number];
  switch ((ucum_kind)n->kind) {
    case UCUM_BELOW:
      put(p, p->spelled ? "(unity) / " : "/");
      put_right(p, n->left);
      break;
    case UCUM_TIMES:
    case UCUM_OVER:
      put_node(p, n->left);
      if (n->kind == UCUM_TIMES) put(p, p->spelled ? " * " : "·");
      if (n->kind == UCUM_OVER) put(p, p->spelled ? " / " : "/");
      put_right(p, n->right);
      break;
    default:
      put_leaf(p, n);
  }
}

static zd_err print(zd_slice code, printer *p, zd_arena *arena, zd_slice *out,
                    zd_ucum_fault *fault) {
  ucum_code read;
  zd_err err = zd_ucum_read(&zd_ucum_units, code, &read, fault);
  if (err) return err;
  p->code = &read;
  zd_buffer_init(&p->out, TEXT_MAX);
  put_node(p, read.root);
  err = zd_buffer_error(&p->out);
  if (!err) {
    *out = zd_arena_copy(arena, zd_buffer_slice(&p->out));
    if (!out->p) err = ZD_ERR_MEMORY;
  }
  zd_buffer_free(&p->out);
  return err;
}

zd_err zd_ucum_display(zd_slice code, zd_ucum_language language, zd_arena *arena, zd_slice *out,
                       zd_ucum_fault *fault) {
  printer p = {.language = language};
  return print(code, &p, arena, out, fault);
}

zd_err zd_ucum_spell(zd_slice code, zd_arena *arena, zd_slice *out, zd_ucum_fault *fault) {
  printer p = {.spelled = true};
  *out = ZD_S("(unity)");
  return code.n ? print(code, &p, arena, out, fault) : ZD_OK;
}
