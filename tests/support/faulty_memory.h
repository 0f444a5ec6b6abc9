/* faulty_memory.h - allocations that fail on demand, also inside of libraries.
 *
 * In plain builds the allocator of the whole program is replaced; under a
 * sanitizer, which has one of its own, only calls from the code that is linked
 * statically come here (--wrap), and jansson's.
 *
 * Layer: tests.  Thread: one.  One of it in a program. */
#ifndef FW_TESTS_FAULTY_MEMORY_H
#define FW_TESTS_FAULTY_MEMORY_H

#include <stdbool.h>

/* Have jansson's allocations come here, too; once, at first. */
void faulty_memory_init(void);

/* The n-th allocation from here on fails, and if it is `sticky` all behind it,
 * until faulty_memory_stop(), which tells whether one has failed. */
void faulty_memory_start(unsigned long n, bool sticky);
bool faulty_memory_stop(void);

/* What is allocated between begin and end is none of it. */
void faulty_memory_pause(bool begins);

/* The buffer in which jansson gathers a token does not fail: 2.14 ignores that
 * it could not grow, and reads and writes past its end. */
void faulty_memory_spare_tokens(bool spared);

/* All but jansson's are left alone. */
void faulty_memory_only_json(bool only);

#endif
