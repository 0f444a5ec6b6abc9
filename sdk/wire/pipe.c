#include "sdk/wire/pipe.h"

/* What a pipe is looked at for. */
struct wish {
    const struct fw_pipe *pipe;
    bool reading;
    bool writing;
};

static bool is_granted(const void *what)
{
    const struct wish *w = what;

    return w->pipe->ways->look(w->pipe, w->reading, w->writing);
}

bool fw_pipe_again(const struct fw_pipe *p, struct fw_brisk *b, bool reading,
                   bool writing, const struct pollfd *also)
{
    const struct wish wish = {p, reading, writing};

    if (p->ways->look)
        return fw_brisk_look(b, is_granted, &wish, also);
    return fw_brisk_again(b, p->ways->apart && p->ways->apart(p));
}
