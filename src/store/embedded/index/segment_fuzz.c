/* Segments whose content is wrong though every checksum is right: no read leaves the file, nothing
 * loops, everything ends in an answer or in ZD_ERR_CORRUPT.
 *
 * The input is a list of patches (3 bytes offset, 1 byte value) of a sound segment; checksums are
 * made right again. An input of odd length that begins with "MANI" is parsed as a manifest. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"
#include "store/embedded/index/index.h"
#include "store/embedded/index/manifest.h"
#include "store/embedded/index/merge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { ROWS = 3000 };

typedef struct bed {
  char dir[64], path[96], merged[96];
  char *sound, *bytes;
  size_t n;
} bed;

static void add_row(zd_index *x, unsigned i) {
  char id[40], term[40], to[40], name[ZD_NAME_MAX];
  zd_slice next = {to, (size_t)snprintf(to, sizeof to, "id-%u", (i * 7 + 1) % 1000)};
  zd_entry entries[] = {
      {.field = 4, .kind = ZD_ENTRY_TERM, .term = {name, zd_name_write(name, (i + 1) % 3, next)}},
      {.field = 1, .kind = ZD_ENTRY_TERM, .term = ZD_S("every")},
      {.field = 1, .kind = ZD_ENTRY_TERM, .term = i % 2 ? ZD_S("odd") : ZD_S("even")},
      {.field = 2,
       .kind = ZD_ENTRY_TERM,
       .term = {term, (size_t)snprintf(term, sizeof term, "term-%u", i % 100)}},
      {.field = 3, .kind = ZD_ENTRY_RANGE, .low = i % 77, .high = i % 77 + i % 5}};
  zd_index_row r = {.op = i % 50 ? ZD_OP_CREATE : ZD_OP_DELETE,
                    .type = i % 3,
                    .id = {id, (size_t)snprintf(id, sizeof id, "id-%u", i % 1000)},
                    .previous = i < 1000 ? ZD_NO_ROW : i - 1000,
                    .locator = i * 300,
                    .entries = entries,
                    .entry_count = 5};
  if (zd_index_append(x, &r)) abort();
}

static void read_sound(bed *b) {
  FILE *f = fopen(b->path, "rb");
  if (!f || fseek(f, 0, SEEK_END)) abort();
  b->n = (size_t)ftell(f);
  rewind(f);
  b->sound = malloc(b->n);
  b->bytes = malloc(b->n);
  if (!b->sound || !b->bytes || fread(b->sound, 1, b->n, f) != b->n) abort();
  fclose(f);
}

static bed *make_bed(void) {
  bed *b = calloc(1, sizeof *b);
  if (!b) abort();
  strcpy(b->dir, "/tmp/zd-segment-fuzz-XXXXXX");
  if (!mkdtemp(b->dir)) abort();
  zd_index_options o = {.dir = b->dir, .memtable_rows = 100000};
  zd_index *x;
  if (zd_index_open(&o, &x, NULL)) abort();
  for (unsigned i = 0; i < ROWS; i++) add_row(x, i);
  zd_index_publish(x, ROWS);
  if (zd_index_flush(x, NULL)) abort();
  zd_index_close(x);
  snprintf(b->path, sizeof b->path, "%s/00000001.seg", b->dir);
  snprintf(b->merged, sizeof b->merged, "%s/merged", b->dir);
  read_sound(b);
  return b;
}

static void mend_checksums(bed *b) {
  zd_segment_header h;
  memcpy(&h, b->sound, sizeof h);
  uint64_t at = ZD_SEGMENT_PAGE, crcs_at = h.crcs_at, pages = h.pages;
  for (uint64_t page = 0; page < pages; page++, at += ZD_SEGMENT_PAGE) {
    uint64_t size = crcs_at - at < ZD_SEGMENT_PAGE ? crcs_at - at : ZD_SEGMENT_PAGE;
    uint32_t crc = zd_crc32c(0, b->bytes + at, size);
    memcpy(b->bytes + crcs_at + page * 4, &crc, 4);
  }
  memcpy(&h, b->bytes, sizeof h);
  h.crcs_crc = zd_crc32c(0, b->bytes + crcs_at, pages * 4);
  h.crc = zd_crc32c(0, &h, offsetof(zd_segment_header, crc));
  memcpy(b->bytes, &h, sizeof h);
}

static void write_patched(bed *b, const uint8_t *data, size_t n) {
  memcpy(b->bytes, b->sound, b->n);
  for (size_t i = 0; i + 4 <= n; i += 4) {
    size_t at = ((size_t)data[i] << 16 | (size_t)data[i + 1] << 8 | data[i + 2]) % b->n;
    b->bytes[at] = (char)data[i + 3];
  }
  mend_checksums(b);
  FILE *f = fopen(b->path, "wb");
  if (!f || fwrite(b->bytes, 1, b->n, f) != b->n) abort();
  fclose(f);
}

static void ask(zd_index_view *v, const zd_plan *plan, zd_scan order) {
  zd_row rows[64];
  size_t n;
  uint64_t count;
  zd_search_request q = {.plan = plan, .order = order, .after = ZD_NO_ROW, .limit = 64};
  zd_index_search(v, &q, NULL, rows, &n, NULL);
  zd_index_count(v, &q, NULL, &count, NULL);
}

static zd_err entries_of(void *state, zd_row row, zd_arena *arena, const zd_entry **out, size_t *n,
                         zd_fault *fault) {
  static const zd_entry entry = {.field = 3, .kind = ZD_ENTRY_RANGE, .low = 7, .high = 9};
  (void)state, (void)arena, (void)fault;
  *out = &entry;
  *n = row % 2;
  return ZD_OK;
}

static zd_err name_of(void *state, zd_row row, zd_arena *arena, uint32_t *type, zd_slice *id,
                      zd_fault *fault) {
  (void)state, (void)row, (void)arena, (void)fault;
  *type = 1;
  *id = ZD_S("id-7");
  return ZD_OK;
}

/* A quarter of the ways, by the input. */
static void sort_some(zd_index_view *v, size_t input_n) {
  static const zd_plan all = {.op = ZD_PLAN_ALL};
  const zd_sort_key keys[] = {{.by = ZD_SORT_FIELD, .field = 1, .kind = ZD_ENTRY_TERM},
                              {.by = ZD_SORT_FIELD, .field = 3, .kind = ZD_ENTRY_RANGE},
                              {.by = ZD_SORT_FIELD, .descending = true, .field = 2},
                              {.by = ZD_SORT_ID}};
  for (unsigned i = input_n / 4 % 4; i < 16; i += 4) {
    zd_row rows[64];
    size_t n;
    zd_row_facts facts = {.entries = entries_of, .name = name_of, .vain_max = i % 3};
    zd_search_request q = {.plan = &all,
                           .sort = keys + i / 4,
                           .sort_count = 4 - i / 4,
                           .order = i & 1 ? ZD_SCAN_DESCENDING : ZD_SCAN_ASCENDING,
                           .after = i & 2 ? 5 : ZD_NO_ROW,
                           .limit = 64};
    if (i % 5 == 0) facts.entries_ns = 1;
    zd_index_sorted(v, &q, &facts, NULL, rows, &n, NULL);
  }
}

/* Joins to and fro, of a list and of a stretch of terms. */
static void join_some(zd_index_view *v) {
  zd_plan leaves[] = {{.op = ZD_PLAN_TERM, .field = 1, .term = ZD_S("odd")},
                      {.op = ZD_PLAN_CONTAINS, .field = 2, .term = ZD_S("te"), .to = ZD_S("-1")}};
  for (unsigned i = 0; i < 2; i++) {
    const zd_plan *leaf = &leaves[i];
    zd_plan to = {.op = ZD_PLAN_REFERS, .field = 4, .children = &leaf, .child_count = 1};
    const zd_plan *child = &to;
    zd_plan from = {
        .op = ZD_PLAN_REFERRED, .type = 1, .field = 4, .children = &child, .child_count = 1};
    uint64_t n;
    ask(v, &to, ZD_SCAN_ASCENDING);
    ask(v, &from, ZD_SCAN_DESCENDING);
    zd_index_estimate(v, &from, &n, NULL);
  }
}

static void ask_all(zd_index_view *v) {
  zd_slice ids[] = {ZD_S("id-7"), ZD_S("id-900")};
  zd_plan plans[] = {
      {.op = ZD_PLAN_TYPE, .type = 1},
      {.op = ZD_PLAN_TERM, .field = 1, .term = ZD_S("every")},
      {.op = ZD_PLAN_TERM, .field = 2, .term = ZD_S("term-17")},
      {.op = ZD_PLAN_PREFIX, .field = 2, .term = ZD_S("term-")},
      {.op = ZD_PLAN_SPAN, .field = 1, .term = ZD_S("even"), .to = ZD_S("z")},
      {.op = ZD_PLAN_RANGE, .field = 3, .low_min = 5, .low_max = 60, .high_min = 7, .high_max = 62},
      {.op = ZD_PLAN_IDS, .type = 1, .ids = ids, .id_count = 2}};
  const zd_plan *children[] = {&plans[1], &plans[5], &plans[0]};
  zd_plan all = {.op = ZD_PLAN_AND, .children = children, .child_count = 3};
  for (size_t i = 0; i < sizeof plans / sizeof *plans; i++)
    ask(v, &plans[i], i % 2 ? ZD_SCAN_DESCENDING : ZD_SCAN_ASCENDING);
  ask(v, &all, ZD_SCAN_DESCENDING);
  join_some(v);
  zd_row row, versions[8];
  uint64_t locators[100];
  size_t n;
  zd_index_find(v, 1, ZD_S("id-7"), &row, NULL);
  zd_index_versions(v, 1, ZD_S("id-16"), ZD_NO_ROW, versions, 8, &n, NULL);
  zd_index_locators(v, 100, 100, locators, NULL);
}

static int no_sync(void *state, int fd) {
  (void)state;
  (void)fd;
  return 0;
}

static void merge_it(const bed *b) {
  zd_file_system files = *zd_file_system_real();
  files.sync = no_sync;
  zd_segment *s;
  if (zd_segment_open(b->path, &s, NULL)) return;
  const zd_segment_header *h = zd_segment_head(s);
  if (h->end_row - h->first_row <= ROWS) {
    zd_merge_input input = {.segment = s, .first = h->first_row, .end = h->end_row};
    zd_merge_request r = {.fs = &files,
                          .path = b->merged,
                          .inputs = &input,
                          .input_count = 1,
                          .first = h->first_row,
                          .end = h->end_row};
    uint64_t size;
    zd_merge(&r, &size, NULL);
  }
  zd_segment_close(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  static bed *b; /* the one place kept between inputs */
  if (!b) b = make_bed();
  if (n % 2 && n > 4 && memcmp(data, "MANI", 4) == 0) {
    zd_manifest m;
    if (!zd_manifest_parse(zd_slice_make(data + 4, n - 4), "input", &m, NULL)) zd_manifest_free(&m);
    return 0;
  }
  write_patched(b, data, n);
  zd_index_options o = {.dir = b->dir, .read_only = true};
  zd_index *x;
  if (zd_index_open(&o, &x, NULL)) return 0;
  zd_index_view *v;
  if (!zd_index_view_acquire(x, &v)) {
    zd_index_check(v, NULL, NULL, NULL);
    ask_all(v);
    sort_some(v, n);
    zd_index_view_release(v);
  }
  zd_index_close(x);
  merge_it(b);
  return 0;
}
