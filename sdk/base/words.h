/* words.h - endings of words in what people read.
 *
 * Layer: sdk/base.  Thread: any. */
#ifndef FW_BASE_WORDS_H
#define FW_BASE_WORDS_H

#include <stdint.h>

/* Behind a word that counts `n`: "1 job", "2 jobs", "no jobs". */
static inline const char *fw_plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

#endif
