/* log_files.h: the files of the log: opening, appending with all-or-nothing groups, reading at.
 *
 * Appending belongs to one thread (the committer); reading to everybody.
 */
#ifndef ZD_STORE_EMBEDDED_LOG_FILES_H
#define ZD_STORE_EMBEDDED_LOG_FILES_H

#include "base/file.h"
#include "store/embedded/format.h"

typedef struct zd_log_files zd_log_files;

/* Lists DIR/log. ZD_ERR_CORRUPT when a number is missing between the first and the last.
 * file_bytes: a file that has reached it takes no further commit; 0: ZD_LOG_FILE_BYTES. */
zd_err zd_log_files_open(const zd_file_system *fs, const char *dir, bool read_only,
                         uint64_t file_bytes, zd_log_files **out, zd_fault *fault);
void zd_log_files_close(zd_log_files *l);

/* Number of the last file; 0 when there is none. */
uint32_t zd_log_files_last(const zd_log_files *l);
/* "DIR/log/00000007.log" */
void zd_log_files_path(const zd_log_files *l, uint32_t file, char *path, size_t room);
/* Bytes the file has now. */
zd_err zd_log_files_size(zd_log_files *l, uint32_t file, uint64_t *size, zd_fault *fault);
/* Up to n bytes at offset; *got is less at the end of the file. ZD_ERR_CORRUPT: no such file. */
zd_err zd_log_files_read(zd_log_files *l, uint32_t file, uint64_t offset, void *p, size_t n,
                         size_t *got, zd_fault *fault);
/* The bytes at offset in place, *n of them up to the end of what is synced; they live until close.
 * NULL: they are not mapped, read them. Once the log was resumed; not on a read-only store (another
 * process may cut the file) nor on a file system of a test. A device that fails to deliver a mapped
 * page ends the process by SIGBUS (see base/mapped.h); reading would have told an error. */
const unsigned char *zd_log_files_map(zd_log_files *l, uint32_t file, uint64_t offset, size_t *n);
/* Bytes in all files, as far as they are known to be synced. */
uint64_t zd_log_files_bytes(const zd_log_files *l);

/* ---- appending ---- */

/* After recovery: the log ends at `end` of file `file`; what lies behind is cut (and synced), files
 * above are removed. file 0: the log is empty. */
zd_err zd_log_files_resume(zd_log_files *l, uint32_t file, uint64_t end, zd_fault *fault);

/* Begins a group that starts with this row and sequence; starts a new file when the last is full
 * or there is none. *at: where its first byte will be. */
zd_err zd_log_files_begin(zd_log_files *l, zd_row row, uint64_t sequence, zd_locator *at,
                          zd_fault *fault);
zd_err zd_log_files_append(zd_log_files *l, const void *p, size_t n, zd_fault *fault);
/* Syncs the group. After an error nothing may be appended any more: what the device holds is
 * unknown, and asking again may falsely succeed. */
zd_err zd_log_files_sync(zd_log_files *l, zd_fault *fault);
/* Takes the group back: cuts to where it began. After an error nothing may be appended any more. */
zd_err zd_log_files_cut(zd_log_files *l, zd_fault *fault);

#endif
