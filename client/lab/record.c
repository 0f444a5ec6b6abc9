#include "client/lab/record.h"

#include <stdlib.h>

#include "sdk/base/mem.h"

void fw_record_close(struct fw_record *r)
{
    free(r->points);
    *r = (struct fw_record){0};
}

fw_status fw_record_add(struct fw_record *r, const struct fw_record_point *p)
{
    if (fw_mem_grow(&r->points, &r->capacity, r->n_points + 1,
                    sizeof(*r->points)))
        return FW_NOMEM;
    r->points[r->n_points++] = *p;
    return FW_OK;
}
