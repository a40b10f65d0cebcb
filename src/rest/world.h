/* world.h: a record on an empty store in a folder of its own, for tests and fuzzing of rest/. */
#ifndef ZD_REST_WORLD_H
#define ZD_REST_WORLD_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "rest/interaction.h"

typedef struct world {
  char dir[64];
  zd_store *store;
  zd_search *search;
  zd_rest *rest;
} world;

static inline void world_remove(const char *dir) {
  char path[512];
  DIR *d = opendir(dir);
  for (struct dirent *e; d && (e = readdir(d));) {
    if (e->d_name[0] == '.') continue;
    if (snprintf(path, sizeof path, "%s/%s", dir, e->d_name) >= (int)sizeof path) continue;
    if (unlink(path) != 0) world_remove(path);
  }
  if (d) closedir(d);
  rmdir(dir);
}

static inline bool world_open(world *w, zd_fault *fault) {
  snprintf(w->dir, sizeof w->dir, "/tmp/zdravo-rest-XXXXXX");
  if (!mkdtemp(w->dir)) return false;
  zd_store_options store = {.dir = w->dir};
  zd_slice base = ZD_S("http://here.example/fhir");
  zd_err err = zd_store_open(&store, &w->store, fault);
  if (err == ZD_OK) err = zd_search_open(zd_schema_r4(), w->store, base, &w->search, fault);
  if (err == ZD_OK) err = zd_store_start(w->store, zd_search_indexer(w->search), fault);
  zd_rest_options rest = {.schema = zd_schema_r4(),
                          .store = w->store,
                          .search = w->search,
                          .base_url = base,
                          .version = "test"};
  if (err == ZD_OK) err = zd_rest_open(&rest, &w->rest, fault);
  return err == ZD_OK;
}

static inline void world_close(world *w) {
  zd_rest_close(w->rest);
  if (w->store) zd_store_close(w->store);
  if (w->search) zd_search_close(w->search);
  world_remove(w->dir);
  *w = (world){0};
}

#endif
