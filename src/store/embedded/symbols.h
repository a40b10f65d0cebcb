/* symbols.h: names <-> small permanent numbers, in DIR/symbols.
 *
 *   +---------------------+---------------------+---
 *   | block               | block               | ...
 *   +---------------------+---------------------+---
 *   block   0 u32 magic   4 u32 CRC32C of 8..   8 u32 length of the names   12 u32 count
 *          16 u32 number of the first   20 u32 zero   24 names: u16 length, bytes
 *
 * Look-up is lock-free; creating takes a mutex. New names are kept in memory until
 * zd_symbols_sync makes them durable: before anything that uses their numbers is.
 */
#ifndef ZD_STORE_EMBEDDED_SYMBOLS_H
#define ZD_STORE_EMBEDDED_SYMBOLS_H

#include "base/file.h"
#include "store/store.h"

typedef struct zd_symbols zd_symbols;

/* Reads DIR/symbols, made when missing. A torn last block is cut off; damage before it is
 * ZD_ERR_CORRUPT. read_only: nothing is written, new names live in memory. */
zd_err zd_symbols_open(const zd_file_system *fs, const char *dir, bool read_only, zd_symbols **out,
                       zd_fault *fault);
void zd_symbols_close(zd_symbols *t);

uint32_t zd_symbols_find(zd_symbols *t, zd_slice name, bool create);
zd_slice zd_symbols_name(const zd_symbols *t, uint32_t number);
uint32_t zd_symbols_count(const zd_symbols *t);
/* How many of them are durable. */
uint32_t zd_symbols_durable(const zd_symbols *t);

/* Makes every name created before the call durable; cheap when there is none. After ZD_ERR_FULL it
 * may be tried again; any other error sticks. */
zd_err zd_symbols_sync(zd_symbols *t, zd_fault *fault);

#endif
