#include "rest/pretty.h"

static void new_line(zd_buffer *out, unsigned depth) {
  zd_buffer_add_char(out, '\n');
  for (unsigned i = 0; i < depth; i++) zd_buffer_add(out, "  ", 2);
}

/* Length of what is left of the string that s begins in, with its closing quote. */
static size_t string_left(zd_pretty *p, zd_slice s) {
  for (size_t i = 0; i < s.n; i++) {
    if (p->escaped) {
      p->escaped = false;
    } else if (s.p[i] == '\\') {
      p->escaped = true;
    } else if (s.p[i] == '"') {
      p->in_string = false;
      return i + 1;
    }
  }
  return s.n;
}

static void take(zd_pretty *p, char ch, zd_buffer *out) {
  bool closes = ch == '}' || ch == ']';
  if (p->opened && !closes) new_line(out, ++p->depth);
  if (!p->opened && closes) new_line(out, p->depth ? --p->depth : 0);
  p->opened = ch == '{' || ch == '[';
  p->in_string = ch == '"';
  zd_buffer_add_char(out, ch);
  if (ch == ',') new_line(out, p->depth);
  if (ch == ':') zd_buffer_add_char(out, ' ');
}

void zd_pretty_part(zd_pretty *p, zd_slice part, zd_buffer *out) {
  for (size_t i = 0; i < part.n;) {
    if (p->in_string) {
      size_t n = string_left(p, zd_slice_from(part, i));
      zd_buffer_add(out, part.p + i, n);
      i += n;
    } else {
      take(p, part.p[i++], out);
    }
  }
}

void zd_pretty_json(zd_slice s, zd_buffer *out) {
  zd_pretty p = {0};
  zd_pretty_part(&p, s, out);
}
