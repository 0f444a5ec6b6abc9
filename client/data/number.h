/* number.h - whole numbers in specifications.
 *
 * Layer: client/data.  Thread: any. */
#ifndef FW_DATA_NUMBER_H
#define FW_DATA_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* Take the decimal digits at *text and step behind them.  False, with nothing
 * changed, if there are none or the number does not fit. */
bool fw_number_take(const char **text, uint64_t *out);

#endif
