/* lab_tell.h - what a study found: as a table, as JSON, as a page.
 *
 * Layer: client/cli.  Thread: the main one. */
#ifndef FW_CLI_LAB_TELL_H
#define FW_CLI_LAB_TELL_H

#include "client/cli/json.h"
#include "client/lab/page.h"
#include "client/lab/study.h"

/* "8 workers", "8 workers, one 10x slower". */
void fw_lab_cell_name(const struct fw_cell *c, char *out, size_t size);

/* Every arm of every cell, one line each; for people. */
void fw_lab_tell_table(const struct fw_study *s);

/* The same with each seed's run and its points. */
json_t *fw_lab_tell_json(const struct fw_study *s, const char *command);

/* Curves, staleness and a table for each cell. */
void fw_lab_tell_page(const struct fw_study *s, struct fw_page *p);

#endif
