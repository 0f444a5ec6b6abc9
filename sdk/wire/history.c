#include "sdk/wire/history.h"

#include <math.h>
#include <stdlib.h>

#include "sdk/base/mem.h"

const char *fw_series_name(unsigned series)
{
    static const char *const names[] = {
#define FW_SERIES_NAME(name) #name,
        FW_SERIES_MAP(FW_SERIES_NAME)
#undef FW_SERIES_NAME
    };

    return series < FW_SERIES_COUNT ? names[series] : "";
}

fw_status fw_history_series_init(struct fw_history_series *s, uint32_t n)
{
    size_t all = (size_t)n * FW_HISTORY_COLUMNS;

    s->n = 0;
    s->values = fw_mem_array(all, sizeof(*s->values));
    if (!s->values)
        return FW_NOMEM;
    s->n = n;
    for (size_t i = 0; i < all; i++)
        s->values[i] = NAN;
    return FW_OK;
}

void fw_history_series_close(struct fw_history_series *s)
{
    free(s->values);
    *s = (struct fw_history_series){.n = 0};
}

void fw_run_list_close(struct fw_run_list *l)
{
    free(l->items);
    *l = (struct fw_run_list){0};
}
