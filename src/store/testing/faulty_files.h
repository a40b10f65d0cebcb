/* faulty_files.h: a file system that fails when told to, and forgets what was not synced when the
 * power is cut. For tests only.
 *
 * It stands before the real one. Operations that change something (write, sync, sync_dir,
 * truncate, rename, remove, and open when it creates) are counted; faults are named by that count.
 * For every change it remembers how to take it back until the file or folder is synced.
 *
 *   zd_faulty *f = zd_faulty_new("/tmp/x.grave", seed);
 *   options.fs = zd_faulty_files(f);
 *   zd_faulty_die_at(f, 17);            the 17th operation is torn, all after it fail
 *   ... use the store, close it ...
 *   zd_faulty_cut_power(f);             a random part of what was not synced is taken back
 *   zd_faulty_free(f);                  and the folder is what a machine finds at its next start
 *
 * Thread-safe. Needs the zd_file_system structure only, none of our libraries.
 */
#ifndef ZD_STORE_TESTING_FAULTY_FILES_H
#define ZD_STORE_TESTING_FAULTY_FILES_H

#include "base/file.h"

typedef struct zd_faulty zd_faulty;

/* `grave`: a folder of its own for removed files, made and removed by it, on the same disk. */
zd_faulty *zd_faulty_new(const char *grave, uint64_t seed);
void zd_faulty_free(zd_faulty *f);
const zd_file_system *zd_faulty_files(zd_faulty *f);

/* Operations counted so far. */
uint64_t zd_faulty_count(zd_faulty *f);

/* The operation number `nth` (counted from now, 1 is the next) fails with `why`, once; a write is
 * done in part. */
void zd_faulty_fail_at(zd_faulty *f, uint64_t nth, int why);
/* As fail_at, only syncs are counted. */
void zd_faulty_fail_sync_at(zd_faulty *f, uint64_t nth);
/* From operation nth on everything fails with EIO: the machine stops there. */
void zd_faulty_die_at(zd_faulty *f, uint64_t nth);
bool zd_faulty_dead(zd_faulty *f);
/* Only so many more bytes can be written; then ENOSPC. UINT64_MAX: as many as there are. */
void zd_faulty_fill(zd_faulty *f, uint64_t bytes);

/* Takes back a random part of what was not synced. Nobody may use the files meanwhile. */
void zd_faulty_cut_power(zd_faulty *f);

#endif
