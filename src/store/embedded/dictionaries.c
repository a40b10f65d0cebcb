#include "store/embedded/dictionaries.h"

#include <dirent.h>
#include <endian.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"

enum { HEAD = 24, NUMBERS = 8192, SLOTS = 4096, LENGTH_MAX = 1 << 20 };
static const char magic[8] = "ZDDICT1\n";

struct zd_dictionary {
  uint32_t number, type;
  size_t n;
  _Atomic(ZSTD_CDict *) packing;
  _Atomic(ZSTD_DDict *) unpacking;
  char bytes[];
};

/* The newest dictionary of a type, in an open-addressed table that never grows: one slot per type
 * that has a dictionary. A full table leaves further types without one. */
typedef struct slot {
  _Atomic uint32_t type; /* type + 1; 0: free */
  _Atomic(zd_dictionary *) newest;
} slot;

struct zd_dictionaries {
  const zd_file_system *fs;
  char *dir;
  pthread_mutex_t changing; /* guards loading, saving and preparing; taken alone */
  _Atomic(zd_dictionary *) by_number[NUMBERS];
  slot by_type[SLOTS];
  uint32_t last, types;
  _Atomic uint64_t bytes;
};

static uint32_t get_u32(const char *p) {
  uint32_t v;
  memcpy(&v, p, sizeof v);
  return le32toh(v);
}

static void put_u32(char *p, uint32_t v) {
  v = htole32(v);
  memcpy(p, &v, sizeof v);
}

static void path_of(const zd_dictionaries *d, uint32_t number, char *path, size_t room) {
  snprintf(path, room, "%s/%04u.zdict", d->dir, number);
}

/* ---- by type ---- */

/* The slot of a type, or the free one it would take. */
static slot *slot_of(zd_dictionaries *d, uint32_t type) {
  size_t i = type * 2654435761u % SLOTS;
  for (;; i = (i + 1) % SLOTS) {
    uint32_t there = atomic_load_explicit(&d->by_type[i].type, memory_order_acquire);
    if (!there || there == type + 1) return &d->by_type[i];
  }
}

zd_dictionary *zd_dictionary_newest(zd_dictionaries *d, uint32_t type) {
  return atomic_load_explicit(&slot_of(d, type)->newest, memory_order_acquire);
}

/* With `changing` held (or while opening). */
static void publish(zd_dictionaries *d, zd_dictionary *x) {
  atomic_store_explicit(&d->by_number[x->number], x, memory_order_release);
  atomic_fetch_add(&d->bytes, x->n);
  if (x->number > d->last) d->last = x->number;
  slot *s = slot_of(d, x->type);
  bool fresh = atomic_load(&s->type) == 0;
  if (fresh && d->types >= SLOTS / 2) return;
  zd_dictionary *now = atomic_load(&s->newest);
  if (now && now->number > x->number) return;
  d->types += fresh;
  /* A reader of another type that finds the slot free between the two gets this dictionary: worse
   * for its body, not wrong, since the record names what it was packed with. */
  atomic_store_explicit(&s->newest, x, memory_order_release);
  atomic_store_explicit(&s->type, x->type + 1, memory_order_release);
}

/* ---- files ---- */

static zd_dictionary *make(uint32_t number, uint32_t type, zd_slice bytes) {
  zd_dictionary *x = calloc(1, sizeof *x + bytes.n);
  if (!x) return NULL;
  x->number = number;
  x->type = type;
  x->n = bytes.n;
  memcpy(x->bytes, bytes.p, bytes.n);
  return x;
}

/* With `changing` held (or while opening). */
static zd_err load(zd_dictionaries *d, uint32_t number, zd_fault *fault) {
  char path[PATH_MAX];
  path_of(d, number, path, sizeof path);
  zd_buffer file;
  zd_buffer_init(&file, 0);
  zd_err err = zd_file_read(path, HEAD + LENGTH_MAX, &file, fault);
  if (err == ZD_ERR_NOT_FOUND) err = zd_fail(fault, ZD_ERR_CORRUPT, "%s is missing", path);
  if (!err) {
    bool sane =
        file.n > HEAD && memcmp(file.p, magic, sizeof magic) == 0 &&
        get_u32(file.p + 12) == file.n - HEAD &&
        get_u32(file.p + 16) == zd_crc32c(zd_crc32c(0, file.p, 16), file.p + HEAD, file.n - HEAD);
    if (!sane) err = zd_fail(fault, ZD_ERR_CORRUPT, "%s is damaged", path);
  }
  if (!err) {
    zd_slice bytes = zd_slice_from(zd_buffer_slice(&file), HEAD);
    zd_dictionary *x = make(number, get_u32(file.p + 8), bytes);
    if (x) publish(d, x);
    if (!x) err = zd_fail(fault, ZD_ERR_MEMORY, "no memory for %s", path);
  }
  zd_buffer_free(&file);
  return err;
}

/* Number in a name such as 0007.zdict, or 0. */
static uint32_t file_number(const char *name) {
  char *end;
  unsigned long n = strtoul(name, &end, 10);
  return end == name + 4 && strcmp(end, ".zdict") == 0 && n < NUMBERS ? (uint32_t)n : 0;
}

static zd_err load_all(zd_dictionaries *d, zd_fault *fault) {
  DIR *folder = opendir(d->dir);
  if (!folder) {
    zd_fail_errno(fault, "cannot list %s", d->dir);
    return ZD_ERR_IO;
  }
  zd_err err = ZD_OK;
  for (struct dirent *e; !err && (e = readdir(folder));) {
    uint32_t number = file_number(e->d_name);
    if (number) err = load(d, number, fault);
  }
  closedir(folder);
  return err;
}

zd_err zd_dictionaries_open(const zd_file_system *fs, const char *dir, bool read_only,
                            zd_dictionaries **out, zd_fault *fault) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/dict", dir);
  zd_dictionaries *d = calloc(1, sizeof *d);
  if (!d) return zd_fail(fault, ZD_ERR_MEMORY, "no memory for the dictionaries");
  pthread_mutex_init(&d->changing, NULL);
  d->fs = fs;
  d->dir = strdup(path);
  if (!d->dir) {
    zd_dictionaries_close(d);
    return zd_fail(fault, ZD_ERR_MEMORY, "no memory for the dictionaries");
  }
  zd_err err = ZD_OK;
  if (!read_only) err = zd_file_make_dir(path, fault);
  if (!err) err = load_all(d, fault);
  if (err) {
    zd_dictionaries_close(d);
    return err;
  }
  *out = d;
  return ZD_OK;
}

void zd_dictionaries_close(zd_dictionaries *d) {
  if (!d) return;
  for (size_t i = 0; i < NUMBERS; i++) {
    zd_dictionary *x = atomic_load(&d->by_number[i]);
    if (!x) continue;
    ZSTD_freeCDict(atomic_load(&x->packing));
    ZSTD_freeDDict(atomic_load(&x->unpacking));
    free(x);
  }
  pthread_mutex_destroy(&d->changing);
  free(d->dir);
  free(d);
}

zd_err zd_dictionary_save(zd_dictionaries *d, uint32_t type, zd_slice bytes, zd_fault *fault) {
  if (bytes.n == 0 || bytes.n > LENGTH_MAX) {
    return zd_fail(fault, ZD_ERR_LIMIT, "a dictionary of %zu bytes", bytes.n);
  }
  char path[PATH_MAX], head[HEAD] = {0};
  pthread_mutex_lock(&d->changing);
  uint32_t number = d->last + 1;
  path_of(d, number, path, sizeof path);
  memcpy(head, magic, sizeof magic);
  put_u32(head + 8, type);
  put_u32(head + 12, (uint32_t)bytes.n);
  put_u32(head + 16, zd_crc32c(zd_crc32c(0, head, 16), bytes.p, bytes.n));
  zd_buffer file;
  zd_buffer_init(&file, 0);
  zd_buffer_add(&file, head, sizeof head);
  zd_buffer_add_slice(&file, bytes);
  zd_dictionary *x = number < NUMBERS ? make(number, type, bytes) : NULL;
  zd_err err = file.failed || !x
                   ? zd_fail(fault, ZD_ERR_MEMORY, "no room for dictionary %u", number)
                   : zd_file_replace(d->fs, path, zd_buffer_slice(&file), fault);
  if (!err && x) publish(d, x);
  pthread_mutex_unlock(&d->changing);
  zd_buffer_free(&file);
  if (err) free(x);
  return err;
}

/* ---- using one ---- */

uint32_t zd_dictionary_number(const zd_dictionary *x) {
  return x->number;
}

const ZSTD_CDict *zd_dictionary_for_packing(zd_dictionary *x) {
  ZSTD_CDict *ready = atomic_load_explicit(&x->packing, memory_order_acquire);
  if (ready) return ready;
  ZSTD_CDict *mine = ZSTD_createCDict(x->bytes, x->n, ZD_DICTIONARY_LEVEL), *other = NULL;
  if (!mine) return NULL;
  if (atomic_compare_exchange_strong(&x->packing, &other, mine)) return mine;
  ZSTD_freeCDict(mine); /* another thread was faster */
  return other;
}

/* A read-only store may meet a dictionary that was made after it was opened. */
static zd_err find(zd_dictionaries *d, uint32_t number, zd_dictionary **out, zd_fault *fault) {
  *out = NULL;
  if (number == 0 || number >= NUMBERS) {
    return zd_fail(fault, ZD_ERR_CORRUPT, "dictionary %u is referred to but cannot exist", number);
  }
  *out = atomic_load_explicit(&d->by_number[number], memory_order_acquire);
  if (*out) return ZD_OK;
  pthread_mutex_lock(&d->changing);
  zd_err err = ZD_OK;
  if (!atomic_load(&d->by_number[number])) err = load(d, number, fault);
  *out = atomic_load(&d->by_number[number]);
  pthread_mutex_unlock(&d->changing);
  return err || *out ? err : ZD_ERR_CORRUPT;
}

zd_err zd_dictionary_for_unpacking(zd_dictionaries *d, uint32_t number, const ZSTD_DDict **out,
                                   zd_fault *fault) {
  zd_dictionary *x = NULL;
  zd_err err = find(d, number, &x, fault);
  if (err || !x) return err;
  ZSTD_DDict *ready = atomic_load_explicit(&x->unpacking, memory_order_acquire);
  if (!ready) {
    ZSTD_DDict *mine = ZSTD_createDDict(x->bytes, x->n);
    if (!mine) return zd_fail(fault, ZD_ERR_MEMORY, "no memory for dictionary %u", number);
    if (atomic_compare_exchange_strong(&x->unpacking, &ready, mine)) {
      ready = mine;
    } else {
      ZSTD_freeDDict(mine);
    }
  }
  *out = ready;
  return ZD_OK;
}

uint64_t zd_dictionaries_bytes(zd_dictionaries *d, uint32_t *count) {
  pthread_mutex_lock(&d->changing);
  *count = d->last;
  pthread_mutex_unlock(&d->changing);
  return atomic_load(&d->bytes);
}
