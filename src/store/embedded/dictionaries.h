/* dictionaries.h: the trained dictionaries of a store, by number and by resource type.
 *
 *   DIR/dict/0001.zdict   0 "ZDDICT1\n"   8 u32 type   12 u32 length   16 u32 CRC32C of 0..15 and
 *                         of the dictionary   20 u32 zero   24 the dictionary, as zstd makes it
 *
 * Number 0 is no dictionary. A dictionary is never changed or removed, so pointers to one live as
 * long as the store. Look-ups are lock-free; loading and saving take a mutex.
 */
#ifndef ZD_STORE_EMBEDDED_DICTIONARIES_H
#define ZD_STORE_EMBEDDED_DICTIONARIES_H

#include <zstd.h>

#include "base/error.h"
#include "base/file.h"

/* With a dictionary level 1 packs as tightly as 3 (173 and 172 bytes of 1,333, measured on Synthea
 * records) in two thirds of the time. */
enum { ZD_DICTIONARY_LEVEL = 1 };

typedef struct zd_dictionaries zd_dictionaries;
typedef struct zd_dictionary zd_dictionary;

/* Reads what DIR/dict holds. */
zd_err zd_dictionaries_open(const zd_file_system *fs, const char *dir, bool read_only,
                            zd_dictionaries **out, zd_fault *fault);
void zd_dictionaries_close(zd_dictionaries *d);

/* The newest of a type; NULL when it has none. */
zd_dictionary *zd_dictionary_newest(zd_dictionaries *d, uint32_t type);
uint32_t zd_dictionary_number(const zd_dictionary *x);
/* Prepared for packing; made at first use. NULL when memory is exhausted. */
const ZSTD_CDict *zd_dictionary_for_packing(zd_dictionary *x);
/* Prepared for unpacking. ZD_ERR_CORRUPT when there is no such dictionary or it is damaged. */
zd_err zd_dictionary_for_unpacking(zd_dictionaries *d, uint32_t number, const ZSTD_DDict **out,
                                   zd_fault *fault);

/* Makes a new dictionary durable, then the newest of its type. */
zd_err zd_dictionary_save(zd_dictionaries *d, uint32_t type, zd_slice bytes, zd_fault *fault);

/* Bytes of all, and how many. */
uint64_t zd_dictionaries_bytes(zd_dictionaries *d, uint32_t *count);

#endif
