/* file.h: files through an interface, so that tests tear writes, fill the disk and fail syncs.
 *
 * Everything the store writes goes through a zd_file_system. The real one is the operating
 * system; tests wrap it (fault injection). Paths are zero-terminated.
 */
#ifndef ZD_BASE_FILE_H
#define ZD_BASE_FILE_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/slice.h"

typedef struct zd_file_system {
  void *state;
  /* open(2) semantics: returns a descriptor >= 0, or -1 with errno. */
  int (*open)(void *state, const char *path, int flags, int mode);
  /* Writes all n bytes at offset, or -1 with errno (some bytes may then be on disk). */
  int (*write_at)(void *state, int fd, const void *p, size_t n, uint64_t offset);
  /* Bytes read (short only at end of file), or -1 with errno. */
  int64_t (*read_at)(void *state, int fd, void *p, size_t n, uint64_t offset);
  int (*sync)(void *state, int fd); /* fdatasync */
  int (*sync_dir)(void *state, const char *path);
  int (*truncate)(void *state, int fd, uint64_t size);
  int (*rename)(void *state, const char *from, const char *to);
  int (*remove)(void *state, const char *path);
  int (*close)(void *state, int fd);
} zd_file_system;

/* The operating system's files; state is NULL; immutable and shared by all threads. */
const zd_file_system *zd_file_system_real(void);

/* The whole file into *out (cleared first). ZD_ERR_LIMIT when larger than limit (0: none). */
zd_err zd_file_read(const char *path, size_t limit, zd_buffer *out, zd_fault *fault);

/* Writes path.tmp, syncs it, renames it over path, syncs the folder: all or nothing. */
zd_err zd_file_replace(const zd_file_system *fs, const char *path, zd_slice content,
                       zd_fault *fault);

/* Creates the folder and its missing parents; success when it is there already. */
zd_err zd_file_make_dir(const char *path, zd_fault *fault);

#endif
