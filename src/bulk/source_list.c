/* source_list.c: which files an import reads, and in which order. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "bulk/source.h"

static bool cut_ending(zd_slice *name, const char *ending) {
  zd_slice e = zd_slice_of(ending);
  if (!zd_slice_ends(*name, e) || name->n == e.n) return false;
  name->n -= e.n;
  return true;
}

/* False when the name is not one of ours. */
static bool classify(const char *path, zd_source_file *f) {
  zd_slice name = zd_slice_of(path);
  f->packing = cut_ending(&name, ".gz") ? ZD_GZIP : cut_ending(&name, ".zst") ? ZD_ZSTD : ZD_PLAIN;
  f->lines = cut_ending(&name, ".ndjson") || cut_ending(&name, ".jsonl");
  f->xml = cut_ending(&name, ".xml");
  return f->lines || f->xml || cut_ending(&name, ".json");
}

static zd_err add_file(zd_source_list *list, const char *path, const struct stat *st, bool named,
                       zd_fault *fault) {
  zd_source_file f = {.size = (uint64_t)st->st_size, .modified = st->st_mtime};
  if (!classify(path, &f)) {
    if (!named) return ZD_OK;
    return zd_fail(fault, ZD_ERR_UNSUPPORTED,
                   "%s: not .json, .ndjson, .jsonl or .xml (plain, .gz or .zst)", path);
  }
  if (list->n == list->room) {
    size_t room = list->room ? list->room * 2 : 64;
    zd_source_file *grown = realloc(list->files, room * sizeof *grown);
    if (!grown) return zd_fail(fault, ZD_ERR_MEMORY, "out of memory");
    list->files = grown;
    list->room = room;
  }
  f.path = strdup(path);
  if (!f.path) return zd_fail(fault, ZD_ERR_MEMORY, "out of memory");
  list->files[list->n++] = f;
  list->bytes += f.size;
  return ZD_OK;
}

static zd_err add_path(zd_source_list *list, const char *path, bool named, unsigned depth,
                       zd_fault *fault);

static zd_err add_folder(zd_source_list *list, const char *path, unsigned depth, zd_fault *fault) {
  enum { DEPTH = 32 };
  if (depth == DEPTH) return zd_fail(fault, ZD_ERR_LIMIT, "%s: folders nested too deeply", path);
  struct dirent **names;
  int n = scandir(path, &names, NULL, alphasort);
  if (n < 0) return zd_fail_errno(fault, "cannot read folder %s", path);
  zd_err err = ZD_OK;
  for (int i = 0; i < n; i++) {
    char inner[4096];
    bool fits = snprintf(inner, sizeof inner, "%s/%s", path, names[i]->d_name) < (int)sizeof inner;
    if (err == ZD_OK && names[i]->d_name[0] != '.')
      err = fits ? add_path(list, inner, false, depth + 1, fault)
                 : zd_fail(fault, ZD_ERR_LIMIT, "%s: path too long", path);
    free(names[i]);
  }
  free(names);
  return err;
}

static zd_err add_path(zd_source_list *list, const char *path, bool named, unsigned depth,
                       zd_fault *fault) {
  struct stat st;
  if (stat(path, &st) != 0) return zd_fail_errno(fault, "cannot open %s", path);
  if (S_ISDIR(st.st_mode)) return add_folder(list, path, depth, fault);
  if (S_ISREG(st.st_mode)) return add_file(list, path, &st, named, fault);
  return named ? zd_fail(fault, ZD_ERR_UNSUPPORTED, "%s: neither a file nor a folder", path)
               : ZD_OK;
}

zd_err zd_source_find(const char *const *paths, size_t n, zd_source_list *out, zd_fault *fault) {
  *out = (zd_source_list){0};
  zd_err err = ZD_OK;
  for (size_t i = 0; i < n && err == ZD_OK; i++) err = add_path(out, paths[i], true, 0, fault);
  if (err == ZD_OK && !out->n) err = zd_fail(fault, ZD_ERR_NOT_FOUND, "no files to import");
  if (err != ZD_OK) zd_source_list_free(out);
  return err;
}

void zd_source_list_free(zd_source_list *list) {
  for (size_t i = 0; i < list->n; i++) free(list->files[i].path);
  free(list->files);
  *list = (zd_source_list){0};
}
