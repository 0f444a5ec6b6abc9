#include "client/cli/init_file.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/base/mem.h"
#include "server/store/safetensors.h"

static int by_place(const void *a, const void *b)
{
    const struct fw_safetensors_entry *x = *(void *const *)a;
    const struct fw_safetensors_entry *y = *(void *const *)b;

    return (x->begin > y->begin) - (x->begin < y->begin);
}

static bool is_optimizers(const struct fw_safetensors_entry *e)
{
    return strncmp(e->name, FW_SAFETENSORS_OPTIMIZER,
                   strlen(FW_SAFETENSORS_OPTIMIZER)) == 0;
}

static fw_status add_tensor(struct fw_tensor_list *l,
                            const struct fw_safetensors_entry *e,
                            struct fw_err *err)
{
    struct fw_tensor_spec *t = &l->items[l->n];

    if (strlen(e->name) > FW_TENSOR_NAME_MAX || e->rank > FW_RANK_MAX)
        return fw_err_set(err, FW_INVALID,
                          "tensor '%.60s' has a name above %d bytes or more "
                          "than %d axes",
                          e->name, FW_TENSOR_NAME_MAX, FW_RANK_MAX);
    memcpy(t->name, e->name, strlen(e->name) + 1);
    t->rank = e->rank;
    if (e->rank)
        memcpy(t->shape, e->shape, e->rank * sizeof(*e->shape));
    l->n++;
    return FW_OK;
}

/* The tensors in the order in which they lie in the file. */
static fw_status list_tensors(const struct fw_safetensors *table,
                              struct fw_tensor_list *l, struct fw_err *err)
{
    struct fw_safetensors_entry **order;
    fw_status s = FW_OK;

    order = fw_mem_array(table->n, sizeof(*order));
    l->items = fw_mem_array(table->n, sizeof(*l->items));
    if (!order || !l->items) {
        free(order);
        return fw_err_set(err, FW_NOMEM, "out of memory");
    }
    for (uint32_t i = 0; i < table->n; i++)
        order[i] = &table->items[i];
    qsort(order, table->n, sizeof(struct fw_safetensors_entry *), by_place);
    for (uint32_t i = 0; i < table->n && s == FW_OK; i++) {
        if (!is_optimizers(order[i]))
            s = add_tensor(l, order[i], err);
    }
    free(order);
    return s == FW_OK ? fw_tensor_list_check(l, err) : s;
}

fw_status fw_init_file_open(struct fw_init_file *f, const char *path,
                            struct fw_err *err)
{
    struct fw_safetensors_file file = {0};
    fw_status s;

    *f = (struct fw_init_file){0};
    s = fw_safetensors_open(&file, fw_disk_real(), path, 0, err);
    if (s == FW_OK)
        s = list_tensors(&file.table, &f->tensors, err);
    if (s == FW_OK) {
        f->n = fw_tensor_list_elements(&f->tensors);
        f->values = fw_mem_aligned(f->n, sizeof(float));
        s = f->values ? fw_safetensors_load(&file, "", &f->tensors,
                                            fw_floats_flat(f->values), err)
                      : fw_err_set(err, FW_NOMEM, "no memory for %s", path);
    }
    fw_safetensors_file_close(&file);
    if (s != FW_OK)
        fw_init_file_close(f);
    return s;
}

void fw_init_file_close(struct fw_init_file *f)
{
    fw_tensor_list_close(&f->tensors);
    free(f->values);
    *f = (struct fw_init_file){0};
}
