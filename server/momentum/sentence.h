/* sentence.h - a decision in plain English.
 *
 * Layer: server/momentum.  Thread: any.  Owns nothing. */
#ifndef FW_MOMENTUM_SENTENCE_H
#define FW_MOMENTUM_SENTENCE_H

#include "server/momentum/decision.h"

/* Write d->sentence from the other fields and the laws' words, such as
 * "4 workers (w3 joined): momentum 0.65 -> 0.15 (law count: 0.9 less 1 - 1/4),
 * rate 0.035 -> 0.085 so that the effective step stays 0.1." */
void fw_sentence_write(struct fw_decision *d, const char *momentum_words,
                       const char *rate_words);

/* A decision to change nothing, because of `reason`. */
void fw_sentence_hold(struct fw_decision *d, const char *reason);

#endif
