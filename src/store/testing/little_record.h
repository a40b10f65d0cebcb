/* little_record.h: a resource format of one line, for tests of the store: "code=a;day=17;text".
 *
 * Every `name=` part before the last ';' becomes an index entry: numbers (day, from) a RANGE, the
 * rest a TERM, in the field of that name. What is written carries the same entries that the
 * indexer derives again at replay.
 */
#ifndef ZD_STORE_TESTING_LITTLE_RECORD_H
#define ZD_STORE_TESTING_LITTLE_RECORD_H

#include "store/store.h"

/* An indexer for such bodies; `s` must be open (its symbols are used, created when missing). */
zd_indexer zd_little_indexer(zd_store *s);

/* The symbol of a name, created. */
uint32_t zd_little_symbol(zd_store *s, const char *name);

/* Puts a write whose entries are derived from the body. previous as in zd_write. */
zd_err zd_little_put(zd_txn *t, zd_store *s, zd_op op, const char *type, zd_slice id,
                     zd_row previous, uint64_t previous_version, zd_slice body);

/* Removes a folder and all below it. */
void zd_little_remove(const char *dir);

#endif
