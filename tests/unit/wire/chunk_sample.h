/* chunk_sample.h - messages that the tests of chunk.h write and read. */
#ifndef FW_TESTS_CHUNK_SAMPLE_H
#define FW_TESTS_CHUNK_SAMPLE_H

#include "sdk/wire/chunk.h"

#define DATA_BYTES 300 /* its length takes two bytes */

/* A flat message. */
struct flat {
    uint8_t data[2048];
    size_t n; /* bytes in use */
};

/* A head whose every field is set. */
extern const struct fw_gradient_head GRADIENT_HEAD;
struct fw_parameters_head parameters_head(void);

uint8_t pattern(size_t i);

/* Put the pattern behind a head, as a sender does its data. */
void finish(struct flat *f, const uint8_t *head, size_t n_head);

/* The message of GRADIENT_HEAD. */
void sample_gradient(struct flat *f);

void assert_pattern(const uint8_t *data, size_t n);
void assert_run(const struct fw_run *run);

#endif
