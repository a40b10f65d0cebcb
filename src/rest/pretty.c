#include "rest/pretty.h"

static void new_line(zd_buffer *out, unsigned depth) {
  zd_buffer_add_char(out, '\n');
  for (unsigned i = 0; i < depth; i++) zd_buffer_add(out, "  ", 2);
}

/* Index one past the string that starts at s[at]. */
static size_t string_end(zd_slice s, size_t at) {
  for (at++; at < s.n && s.p[at] != '"'; at++)
    if (s.p[at] == '\\') at++;
  return at < s.n ? at + 1 : s.n;
}

void zd_pretty_json(zd_slice s, zd_buffer *out) {
  unsigned depth = 0;
  for (size_t i = 0; i < s.n; i++) {
    char ch = s.p[i];
    if (ch == '"') {
      size_t end = string_end(s, i);
      zd_buffer_add(out, s.p + i, end - i);
      i = end - 1;
    } else if (ch == '{' || ch == '[') {
      zd_buffer_add_char(out, ch);
      bool empty = i + 1 < s.n && (s.p[i + 1] == '}' || s.p[i + 1] == ']');
      if (empty)
        zd_buffer_add_char(out, s.p[++i]);
      else
        new_line(out, ++depth);
    } else if (ch == '}' || ch == ']') {
      new_line(out, depth ? --depth : 0);
      zd_buffer_add_char(out, ch);
    } else {
      zd_buffer_add_char(out, ch);
      if (ch == ',') new_line(out, depth);
      if (ch == ':') zd_buffer_add_char(out, ' ');
    }
  }
}
