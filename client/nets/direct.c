#include "client/nets/direct.h"

bool fw_direct_fits(const struct fw_layer *l)
{
    return l->window == FW_DIRECT_WINDOW &&
           l->out.channels % FW_DIRECT_CHANNELS == 0;
}

const struct fw_direct *fw_direct_nth(unsigned i)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512f") && i-- == 0)
        return &fw_direct_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
        i-- == 0)
        return &fw_direct_avx2;
#endif
    return i == 0 ? &fw_direct_base : NULL;
}
