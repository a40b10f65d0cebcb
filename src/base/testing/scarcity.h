/* scarcity.h: memory that runs out when a test says so. For tests only.
 *
 * Every test program is linked so that its calls of malloc, calloc and realloc, and those of our
 * libraries, pass through here (linker option --wrap); calls inside foreign shared libraries do
 * not. Works under the sanitizers, which then find what a failure path leaks.
 *
 *   for (uint64_t nth = 1;; nth++) {
 *     zd_scarcity_begin(nth);                  the nth allocation from now fails, once
 *     zd_err err = what_is_tested();
 *     if (!zd_scarcity_end()) break;           it needed fewer than nth: every place was tried
 *     assert_int_equal(err, ZD_ERR_MEMORY);
 *   }
 *
 * One test at a time; allocations of all threads count.
 */
#ifndef ZD_BASE_TESTING_SCARCITY_H
#define ZD_BASE_TESTING_SCARCITY_H

#include <stdbool.h>
#include <stdint.h>

/* The nth allocation from now fails (nth >= 1); those before and after succeed. */
void zd_scarcity_begin(uint64_t nth);

/* Ends it; true when an allocation was made to fail. */
bool zd_scarcity_end(void);

#endif
