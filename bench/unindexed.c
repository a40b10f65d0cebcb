/* unindexed.c: import without an index, for the measure of what indexing costs.
 *
 * The program `unindexed` is zdravo but for one thing: its import of NDJSON asks this function for
 * the entries of a resource. Nothing that it has imported can be found by search.
 */
#include "search/search.h"

/* The name that zd_search_entries has in import_lines.c of this program (see CMakeLists.txt). */
zd_err zd_bench_no_entries(const zd_search *s, const zd_tree *tree, uint32_t root,
                           const uint32_t *edit_nodes, const zd_slice *edit_values,
                           size_t edit_count, zd_arena *arena, const zd_entry **out, size_t *n);

zd_err zd_bench_no_entries(const zd_search *s, const zd_tree *tree, uint32_t root,
                           const uint32_t *edit_nodes, const zd_slice *edit_values,
                           size_t edit_count, zd_arena *arena, const zd_entry **out, size_t *n) {
  (void)s, (void)tree, (void)root, (void)edit_nodes, (void)edit_values, (void)edit_count;
  (void)arena;
  *out = NULL;
  *n = 0;
  return ZD_OK;
}
