/* read_issue.c: issues with line, column and FHIRPath location, worked out only when needed. */
#include <stdio.h>

#include "fhir/codec/read.h"

enum { MESSAGE_LIMIT = 500 };

zd_slice zd_read_excerpt(zd_slice text) {
  enum { MOST = 60 };
  if (text.n <= MOST) return text;
  text.n = MOST;
  while (text.n && ((unsigned char)text.p[text.n] & 0xC0) == 0x80) text.n--;
  return text;
}

/* The walk goes forwards, so most issues stand behind the last one: lines are counted once. */
static void place_offset(zd_reader *r, size_t offset, uint32_t *line, uint32_t *column) {
  const zd_read_part *part = &r->part;
  zd_slice text = part->whole.p ? part->whole : r->tape.text;
  offset =
      part->split ? (size_t)zd_json_split_place(part->split, offset) : (size_t)part->at + offset;
  if (offset > text.n) offset = text.n;
  if (offset < r->placed_at || r->placed_line == 0) {
    r->placed_at = r->placed_line_start = 0;
    r->placed_line = 1;
  }
  uint32_t lines, columns;
  zd_slice rest = {text.p + r->placed_line_start, text.n - r->placed_line_start};
  zd_json_place(rest, offset - r->placed_line_start, &lines, &columns);
  r->placed_at = offset;
  r->placed_line += lines - 1;
  r->placed_line_start = offset - (columns - 1);
  if (r->placed_line == 1 && part->column) columns += part->column - 1;
  *line = r->placed_line + (part->line ? part->line - 1 : 0);
  *column = columns;
}

static void write_place(const zd_read_place *place, zd_buffer *out) {
  if (place->up) {
    write_place(place->up, out);
    zd_buffer_add_char(out, '.');
  }
  zd_buffer_add_slice(out, place->name);
  if (place->index != ZD_READ_SINGLE) zd_buffer_printf(out, "[%u]", (unsigned)place->index);
}

/* Beyond the limit an issue is only counted: its texts would cost more than it tells. */
static bool only_counted(zd_reader *r) {
  if (r->issues->n < r->issues->limit) return false;
  r->issues->errors++;
  r->issues->dropped++;
  return true;
}

void zd_read_issue(zd_reader *r, const zd_read_place *place, zd_issue_code code, size_t offset,
                   const char *format, ...) {
  if (only_counted(r)) return;
  char message[MESSAGE_LIMIT];
  va_list args;
  va_start(args, format);
  vsnprintf(message, sizeof message, format, args);
  va_end(args);
  zd_buffer expression;
  zd_buffer_init(&expression, 0);
  if (place) write_place(place, &expression);
  uint32_t line, column;
  place_offset(r, offset, &line, &column);
  zd_issue_add_at(r->issues, ZD_ERROR, code, zd_buffer_slice(&expression), line, column, "%s",
                  message);
  zd_buffer_free(&expression);
}

/* Of a tree whose root is no resource, the root's name gives way to its place. */
static zd_slice locate(zd_reader *r, const zd_tree *tree, uint32_t node) {
  zd_slice location = zd_tree_location(tree, node, r->arena);
  if (!r->above || !location.p) return location;
  const zd_image_type *root = zd_image_type_at(r->schema, r->nodes[0].type);
  zd_buffer above;
  zd_buffer_init(&above, 0);
  write_place(r->above, &above);
  zd_buffer_add_slice(&above, zd_slice_from(location, zd_image_slice(r->schema, root->name).n));
  location = zd_arena_copy(r->arena, zd_buffer_slice(&above));
  zd_buffer_free(&above);
  return location;
}

void zd_read_issue_node(zd_reader *r, uint32_t node, zd_issue_code code, const char *format, ...) {
  if (only_counted(r)) return;
  char message[MESSAGE_LIMIT];
  va_list args;
  va_start(args, format);
  vsnprintf(message, sizeof message, format, args);
  va_end(args);
  zd_tree tree = {.schema = r->schema, .nodes = r->nodes, .count = r->count};
  zd_slice location = locate(r, &tree, node);
  uint32_t line, column;
  place_offset(r, r->nodes[node].source, &line, &column);
  zd_issue_add_at(r->issues, ZD_ERROR, code, location, line, column, "%s", message);
}
