#include "server/http/conn.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/base/clock.h"
#include "sdk/base/mem.h"
#include "server/http/admin.h"

#define HEAD_MS    5000  /* for a request's head, once it has begun */
#define FIRST_MS   10000 /* for the first byte of a connection */
#define IDLE_MS    60000 /* between requests */
#define WRITE_MS   30000 /* for an answer or an event */
#define LINGER_MS  1000  /* for the client to hang up */
#define SEND_BYTES 65536 /* the kernel holds for a slow reader */

static void advance(struct fw_conn *c);

static struct fw_traffic *traffic(struct fw_conn *c)
{
    return &c->admin->site.traffic;
}

static void wait_for(struct fw_conn *c, enum fw_conn_state state, int64_t ms)
{
    c->state = state;
    c->deadline_ms = fw_clock_mono_ms() + ms;
}

/* --- the end --- */

static void free_if_done(struct fw_conn *c)
{
    if (c->working || !c->closed)
        return;
    fw_list_remove(&c->link);
    fw_reply_close(&c->reply);
    fw_body_unref(c->frame.body);
    traffic(c)->open--;
    free(c);
}

static void on_closed(uv_handle_t *h)
{
    struct fw_conn *c = h->data;

    c->closed = true;
    free_if_done(c);
}

void fw_conn_close(struct fw_conn *c)
{
    if (uv_is_closing((uv_handle_t *)&c->tcp))
        return;
    if (c->state == FW_CONN_STREAMING)
        traffic(c)->streams--;
    uv_close((uv_handle_t *)&c->tcp, on_closed);
}

/* --- reading --- */

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
    struct fw_conn *c = h->data;

    (void)suggested;
    buf->base = c->in + c->n_in;
    buf->len = sizeof(c->in) - c->n_in;
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct fw_conn *c = stream->data;

    (void)buf;
    if (n < 0) {
        fw_conn_close(c);
        return;
    }
    traffic(c)->bytes_in += (uint64_t)n;
    if (c->state != FW_CONN_READING)
        return; /* said after all was said: not kept */
    c->n_in += (size_t)n;
    advance(c);
}

static void listen_on(struct fw_conn *c)
{
    if (uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read))
        fw_conn_close(c);
}

/* --- writing --- */

static void linger(struct fw_conn *c)
{
    wait_for(c, FW_CONN_LINGERING, LINGER_MS);
    c->n_in = 0;
    if (uv_shutdown(&c->end, (uv_stream_t *)&c->tcp, NULL))
        fw_conn_close(c);
    else
        listen_on(c);
}

static void on_written(uv_write_t *w, int status);

static void write_all(struct fw_conn *c, uv_buf_t *bufs, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        traffic(c)->bytes_out += bufs[i].len;
    c->writing = true;
    if (uv_write(&c->write, (uv_stream_t *)&c->tcp, bufs, n, on_written)) {
        c->writing = false;
        fw_conn_close(c);
    }
}

static void send_frame(struct fw_conn *c, int64_t now_ms)
{
    static char empty_line[] = "\n\n";
    uv_buf_t bufs[3]; /* head, body, end */
    unsigned n = 0;

    if (!fw_stream_next(&c->stream, &c->admin->site, now_ms, &c->frame))
        return;
    bufs[n++] = uv_buf_init(c->frame.head, (unsigned)c->frame.n_head);
    if (c->frame.body)
        bufs[n++] =
            uv_buf_init(c->frame.body->data, (unsigned)c->frame.body->n);
    bufs[n++] = uv_buf_init(empty_line, 2);
    c->deadline_ms = now_ms + WRITE_MS;
    write_all(c, bufs, n);
}

static void begin_stream(struct fw_conn *c)
{
    int64_t now_ms = fw_clock_mono_ms();

    c->n_in = 0;
    wait_for(c, FW_CONN_STREAMING, WRITE_MS);
    traffic(c)->streams++;
    fw_stream_begin(&c->stream, &c->request);
    listen_on(c); /* to notice that it hangs up */
    send_frame(c, now_ms);
}

static void next_request(struct fw_conn *c)
{
    fw_request_begin(&c->request);
    wait_for(c, FW_CONN_READING, IDLE_MS);
    listen_on(c);
    if (c->n_in)
        advance(c);
}

static bool is_stream(const struct fw_conn *c)
{
    return c->route && c->route->is_stream && !c->request.head_only &&
           c->reply.status == HTTP_STATUS_OK;
}

static void on_written(uv_write_t *w, int status)
{
    struct fw_conn *c = w->data;
    bool streams = is_stream(c);

    c->writing = false;
    fw_body_unref(c->frame.body);
    c->frame.body = NULL;
    if (uv_is_closing((uv_handle_t *)&c->tcp))
        return;
    if (status < 0 || (c->state == FW_CONN_STREAMING && c->stream.over))
        fw_conn_close(c);
    else if (c->state == FW_CONN_STREAMING)
        return;
    else if (streams)
        begin_stream(c);
    else if (c->request.keep)
        next_request(c);
    else
        linger(c);
}

static void send_reply(struct fw_conn *c)
{
    struct fw_reply *r = &c->reply;
    uv_buf_t bufs[2]; /* head, body */
    unsigned n = 0;

    if (!r->body) {
        fw_conn_close(c); /* no memory to say so */
        return;
    }
    traffic(c)->answers[r->status / 100 - 1]++;
    wait_for(c, FW_CONN_ANSWERING, WRITE_MS);
    if (is_stream(c))
        c->request.keep = false;
    bufs[n++] =
        uv_buf_init(c->head, (unsigned)fw_reply_head(r, c->request.keep,
                                                     is_stream(c), c->head));
    if (!c->request.head_only)
        bufs[n++] = uv_buf_init(r->body->data, (unsigned)r->body->n);
    write_all(c, bufs, n);
}

/* --- answering --- */

static void work(uv_work_t *w)
{
    struct fw_conn *c = w->data;

    c->route->answer(&c->admin->site, &c->request, c->part, &c->reply);
}

static void on_worked(uv_work_t *w, int status)
{
    struct fw_conn *c = w->data;
    struct fw_admin *admin = c->admin;

    c->working = false;
    if (c->closed || uv_is_closing((uv_handle_t *)&c->tcp))
        free_if_done(c);
    else if (status)
        fw_conn_close(c);
    else
        send_reply(c);
    fw_admin_worked(admin);
}

void fw_conn_work(struct fw_conn *c)
{
    c->state = FW_CONN_WORKING;
    c->working = true;
    if (uv_queue_work(&c->admin->loop, &c->work, work, on_worked)) {
        c->working = false;
        fw_conn_close(c);
        fw_admin_worked(c->admin);
    }
}

static void answer(struct fw_conn *c)
{
    struct fw_site *site = &c->admin->site;
    struct fw_request *r = &c->request;

    fw_reply_close(&c->reply);
    c->route = fw_site_route(r->path, c->part);
    if (!r->refusal)
        fw_guard_check(&site->guard, c->route && c->route->is_open, r);
    if (r->refusal) {
        fw_reply_error(&c->reply, r->refusal, r->reason, r->why);
    } else if (!c->route) {
        fw_reply_error(&c->reply, HTTP_STATUS_NOT_FOUND, "NOT_FOUND",
                       "there is nothing at this address");
    } else if (c->route->is_slow) {
        wait_for(c, FW_CONN_QUEUED, WRITE_MS);
        fw_admin_queue(c->admin, c);
        return;
    } else {
        fw_view_look(&site->view, site->jobs, fw_clock_mono_ms());
        c->route->answer(site, r, c->part, &c->reply);
    }
    send_reply(c);
}

/* Use what has come. */
static void advance(struct fw_conn *c)
{
    bool begins = fw_request_is_empty(&c->request);
    size_t used = fw_request_feed(&c->request, c->in, c->n_in);

    memmove(c->in, c->in + used, c->n_in - used);
    c->n_in -= used;
    if (begins)
        wait_for(c, FW_CONN_READING, HEAD_MS);
    if (!c->request.complete)
        return;
    uv_read_stop((uv_stream_t *)&c->tcp);
    answer(c);
}

/* --- birth, time --- */

static struct fw_conn *create(struct fw_admin *admin)
{
    struct fw_conn *c = fw_mem_array(1, sizeof(*c));

    if (!c)
        return NULL;
    c->admin = admin;
    c->tcp.data = c;
    c->write.data = c;
    c->work.data = c;
    fw_request_begin(&c->request);
    wait_for(c, FW_CONN_READING, FIRST_MS);
    return c;
}

bool fw_conn_accept(struct fw_admin *admin, uv_stream_t *listener)
{
    static char full[] = "HTTP/1.1 503 Service Unavailable\r\n"
                         "Content-Length: 0\r\nRetry-After: 1\r\n"
                         "Connection: close\r\n\r\n";
    struct fw_conn *c = create(admin);
    uv_buf_t buf = uv_buf_init(full, sizeof(full) - 1);
    int size = SEND_BYTES;

    if (!c)
        return false;
    uv_tcp_init(&admin->loop, &c->tcp);
    fw_list_push_back(&admin->conns, &c->link);
    traffic(c)->open++;
    if (uv_accept(listener, (uv_stream_t *)&c->tcp)) {
        fw_conn_close(c);
        return true;
    }
    traffic(c)->connections++;
    if (traffic(c)->open > FW_ADMIN_CONNECTIONS) {
        traffic(c)->refused++;
        (void)uv_try_write((uv_stream_t *)&c->tcp, &buf, 1);
        fw_conn_close(c);
        return true;
    }
    (void)uv_send_buffer_size((uv_handle_t *)&c->tcp, &size);
    (void)uv_tcp_nodelay(&c->tcp, 1);
    listen_on(c);
    return true;
}

void fw_conn_tick(struct fw_conn *c, int64_t now_ms)
{
    bool must_end = c->state != FW_CONN_WORKING && now_ms >= c->deadline_ms;

    if (c->state == FW_CONN_STREAMING && !c->writing) {
        send_frame(c, now_ms);
        return;
    }
    if (c->state == FW_CONN_STREAMING)
        fw_stream_skip(&c->stream, &c->admin->site, now_ms);
    if (!must_end || uv_is_closing((uv_handle_t *)&c->tcp))
        return;
    if (c->state != FW_CONN_LINGERING &&
        !(c->state == FW_CONN_READING && fw_request_is_empty(&c->request)))
        traffic(c)->timeouts++;
    fw_conn_close(c);
}
