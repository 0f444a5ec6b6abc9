/* How a lane ends. */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/rpc/lane.h"
#include "server/rpc/lanes.h"
#include "server/rpc/server.h"

void fw_lane_end(struct fw_lane *l)
{
    struct fw_call *c = l->call;
    struct fw_lanes *lanes = &c->server->lanes;
    bool reading;

    pthread_mutex_lock(&c->lock);
    c->gone = true;
    l->over = true;
    reading = l->reading;
    l->reading = false;
    pthread_mutex_unlock(&c->lock);
    if (!l->greeted)
        fw_lanes_stranger(lanes, l);
    (void)shutdown(l->pipe.fd, SHUT_RDWR);
    if (reading)
        c->method->on_read(c, NULL);
    fw_lanes_remove(lanes, l);
    fw_call_unref(c);
    fw_lanes_left(lanes);
}

void fw_lane_cut(struct fw_lane *l)
{
    (void)shutdown(l->pipe.fd, SHUT_RDWR); /* wakes its thread */
}

void fw_lane_destroy(struct fw_lane *l)
{
    for (unsigned i = 0; i < l->n_out; i++) {
        if (l->out[i].body)
            grpc_byte_buffer_destroy(l->out[i].body);
    }
    free(l->in);
    if (l->wake >= 0)
        close(l->wake);
    fw_pipe_close(&l->pipe);
    free(l);
}
