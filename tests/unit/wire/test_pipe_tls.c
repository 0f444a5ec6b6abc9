/* A lane under TLS carries bytes, and only between those who trust each
 * other. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "sdk/wire/pipe_tls.h"
#include "tests/unit/wire/papers.h"

#define HOST   "127.0.0.1"
#define A_LOT  (1u << 20)
#define TURNS  100000
#define PIECE  77777u /* not a multiple of anything */
#define SECRET "a gradient"

struct world {
    struct authority ca;
    struct papers server;
    struct papers worker;
    struct fw_pipe ours;   /* the server's end */
    struct fw_pipe theirs; /* the worker's */
};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    w->ca = authority_make();
    w->server = papers_make(&w->ca, "IP:" HOST);
    w->worker = papers_make(&w->ca, "DNS:worker");
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    fw_pipe_close(&w->ours);
    fw_pipe_close(&w->theirs);
    papers_close(&w->server);
    papers_close(&w->worker);
    authority_close(&w->ca);
    free(w);
    return 0;
}

/* Two ends that have not spoken; takes the sides. */
static void connect_as(struct world *w, struct fw_tls_side *server,
                       struct fw_tls_side *worker, const char *host)
{
    int fd[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    assert_int_equal(fw_pipe_tls(&w->ours, fd[0], server, NULL), FW_OK);
    if (worker)
        assert_int_equal(fw_pipe_tls(&w->theirs, fd[1], worker, host), FW_OK);
    else
        fw_pipe_tcp(&w->theirs, fd[1]);
    fw_tls_side_unref(server);
    fw_tls_side_unref(worker);
}

static void connect_all(struct world *w)
{
    connect_as(w, side_open(FW_TLS_SERVER, &w->server, &w->ca),
               side_open(FW_TLS_CLIENT, &w->worker, &w->ca), HOST);
}

/* Let both make the handshake until one of them is in trouble, or `theirs` has
 * said `text` and `ours` has heard it.  Bytes heard. */
static size_t speak(struct world *w, const char *text, char *heard, size_t room)
{
    struct iovec all = {(void *)text, strlen(text)};
    bool said = false;

    for (unsigned i = 0; i < TURNS; i++) {
        ssize_t n;

        if (!said)
            said = fw_pipe_send(&w->theirs, &all, 1) > 0;
        n = fw_pipe_receive(&w->ours, heard, room);
        if (n > 0)
            return (size_t)n;
        if (n == 0 || errno != EAGAIN)
            return 0;
        n = fw_pipe_receive(&w->theirs, heard, room);
        if (n == 0 || (n < 0 && errno != EAGAIN))
            return 0;
    }
    fail_msg("nothing was heard and nobody complains");
    return 0;
}

static void assert_bytes_go_both_ways(struct world *w)
{
    uint8_t *sent = malloc(A_LOT);
    uint8_t *got = malloc(A_LOT);

    for (size_t i = 0; i < A_LOT; i++)
        sent[i] = (uint8_t)(i * 7 + i / 251);
    for (int way = 0; way < 2; way++) {
        struct fw_pipe *from = way ? &w->ours : &w->theirs;
        struct fw_pipe *to = way ? &w->theirs : &w->ours;
        size_t out = 0;
        size_t in = 0;

        memset(got, 0, A_LOT);
        for (unsigned i = 0; i < TURNS && in < A_LOT; i++) {
            size_t left = A_LOT - out < PIECE ? A_LOT - out : PIECE;
            struct iovec two[] = {{sent + out, left / 3},
                                  {sent + out + left / 3, left - left / 3}};
            ssize_t n = left ? fw_pipe_send(from, two, 2) : 0;

            assert_true(n >= 0 || errno == EAGAIN);
            out += n > 0 ? (size_t)n : 0;
            n = fw_pipe_receive(to, got + in, in % 2 ? 1000 : A_LOT - in);
            assert_true(n > 0 || errno == EAGAIN);
            in += n > 0 ? (size_t)n : 0;
        }
        assert_int_equal(in, A_LOT);
        assert_memory_equal(got, sent, A_LOT);
    }
    free(sent);
    free(got);
}

static void bytes_go_both_ways_in_any_pieces(void **state)
{
    connect_all(*state);
    assert_bytes_go_both_ways(*state);
}

/* With all of OpenSSL as it came, and each cipher. */
static void an_other_end_s_openssl_is_understood(void **state)
{
    struct world *w = *state;
    const char *const ciphers[] = {"TLS_AES_128_GCM_SHA256",
                                   "TLS_AES_256_GCM_SHA384",
                                   "TLS_CHACHA20_POLY1305_SHA256"};

    for (size_t i = 0; i < sizeof(ciphers) / sizeof(*ciphers); i++) {
        struct fw_tls_side *side = side_open(FW_TLS_SERVER, &w->server, NULL);
        struct fw_tls_side *plain = side_open(FW_TLS_CLIENT, NULL, &w->ca);

        SSL_CTX_free(plain->context);
        plain->context = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_verify(plain->context, SSL_VERIFY_NONE, NULL);
        assert_int_equal(SSL_CTX_set_ciphersuites(plain->context, ciphers[i]),
                         1);
        SSL_CTX_set_mode(plain->context, SSL_CTX_get_mode(side->context));
        connect_as(w, side, plain, HOST);
        assert_bytes_go_both_ways(w);
        fw_pipe_close(&w->ours);
        fw_pipe_close(&w->theirs);
    }
}

static void what_openssl_holds_is_not_waited_for(void **state)
{
    struct world *w = *state;
    struct pollfd p;
    char heard[64] = "";

    connect_all(w);
    assert_int_equal(speak(w, SECRET, heard, 4), 4);
    assert_false(fw_pipe_arm(&w->ours, true, false, &p));
    assert_int_equal(fw_pipe_receive(&w->ours, heard + 4, sizeof(heard) - 5),
                     sizeof(SECRET) - 1 - 4);
    assert_string_equal(heard, SECRET);
    assert_int_equal(fw_pipe_receive(&w->ours, heard, 1), -1);
    assert_int_equal(errno, EAGAIN);
    assert_true(fw_pipe_arm(&w->ours, true, false, &p));
    assert_int_equal(p.events, POLLIN);
    assert_int_equal(p.fd, w->ours.fd);
}

static void nothing_can_be_read_on_the_way(void **state)
{
    struct world *w = *state;
    char wire[4096];
    char heard[64];
    struct iovec all = {SECRET, sizeof(SECRET) - 1};
    ssize_t n;

    connect_all(w);
    assert_true(speak(w, "x", heard, sizeof(heard)) == 1);
    assert_int_equal(fw_pipe_send(&w->theirs, &all, 1), sizeof(SECRET) - 1);
    n = recv(w->ours.fd, wire, sizeof(wire), MSG_PEEK | MSG_DONTWAIT);
    assert_true(n > (ssize_t)sizeof(SECRET));
    assert_null(memmem(wire, (size_t)n, SECRET, sizeof(SECRET) - 1));
    /* one bit, and it is not taken */
    assert_int_equal(recv(w->ours.fd, wire, sizeof(wire), 0), n);
    wire[n / 2] ^= 1;
    assert_int_equal(send(w->theirs.fd, wire, (size_t)n, MSG_NOSIGNAL), n);
    assert_int_equal(fw_pipe_receive(&w->ours, heard, sizeof(heard)), -1);
    assert_int_not_equal(errno, EAGAIN);
    assert_non_null(w->ours.trouble);
}

static void assert_refused(struct world *w, const char *why)
{
    const char *text = "";
    char heard[64];

    assert_int_equal(speak(w, SECRET, heard, sizeof(heard)), 0);
    if (w->theirs.trouble)
        text = w->theirs.trouble;
    if (!strstr(text, why) && w->ours.trouble)
        text = w->ours.trouble;
    if (!strstr(text, why))
        fail_msg("'%s' is not said, but '%s'", why, text);
    /* and it stays so */
    assert_true(fw_pipe_receive(&w->ours, heard, sizeof(heard)) <= 0);
    fw_pipe_close(&w->ours);
    fw_pipe_close(&w->theirs);
}

static void who_is_not_trusted_is_refused(void **state)
{
    struct world *w = *state;
    struct authority other = authority_make();
    struct papers strange = papers_make(&other, "DNS:worker");

    /* no certificate; one of another authority by the same name; a server of
     * that */
    connect_as(w, side_open(FW_TLS_SERVER, &w->server, &w->ca),
               side_open(FW_TLS_CLIENT, NULL, &w->ca), HOST);
    assert_refused(w, "peer did not return a certificate");
    connect_as(w, side_open(FW_TLS_SERVER, &w->server, &w->ca),
               side_open(FW_TLS_CLIENT, &strange, &w->ca), HOST);
    assert_refused(w, "certificate signature failure");
    connect_as(w, side_open(FW_TLS_SERVER, &w->server, NULL),
               side_open(FW_TLS_CLIENT, NULL, &other), HOST);
    assert_refused(w, "certificate signature failure");
    papers_close(&strange);
    authority_close(&other);
}

static void a_server_of_another_name_is_refused(void **state)
{
    struct world *w = *state;

    connect_as(w, side_open(FW_TLS_SERVER, &w->server, NULL),
               side_open(FW_TLS_CLIENT, NULL, &w->ca), "127.0.0.2");
    assert_refused(w, "IP address mismatch");
    connect_as(w, side_open(FW_TLS_SERVER, &w->worker, NULL),
               side_open(FW_TLS_CLIENT, NULL, &w->ca), "server");
    assert_refused(w, "hostname mismatch");
}

static void plain_text_is_refused(void **state)
{
    struct world *w = *state;

    connect_as(w, side_open(FW_TLS_SERVER, &w->server, NULL), NULL, NULL);
    assert_refused(w, "wrong version number");
}

static void an_end_in_the_middle_is_an_end(void **state)
{
    struct world *w = *state;
    char heard[64];
    char wire[4096];
    struct iovec all = {SECRET, sizeof(SECRET) - 1};
    ssize_t n;

    connect_all(w);
    assert_true(speak(w, "x", heard, sizeof(heard)) == 1);
    assert_int_equal(fw_pipe_send(&w->theirs, &all, 1), sizeof(SECRET) - 1);
    n = recv(w->ours.fd, wire, sizeof(wire), MSG_DONTWAIT);
    assert_int_equal(send(w->theirs.fd, wire, (size_t)n - 1, MSG_NOSIGNAL),
                     n - 1);
    fw_pipe_close(&w->theirs);
    assert_true(fw_pipe_receive(&w->ours, heard, sizeof(heard)) <= 0);
    assert_int_not_equal(errno, EAGAIN);
}

static void papers_that_do_not_serve_are_named(void **state)
{
    struct world *w = *state;
    struct fw_tls_side *side = NULL;
    struct fw_err err = {0};
    const struct {
        struct fw_tls_pem pem;
        const char *says;
    } cases[] = {
        {{"nonsense", w->server.key, NULL}, "the certificate does not serve"},
        {{w->server.cert, w->worker.key, NULL}, "the key does not serve"},
        {{w->server.cert, w->server.key, "x"}, "the authority does not serve"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_int_equal(
            fw_tls_side_open(FW_TLS_SERVER, &cases[i].pem, &side, &err),
            FW_INVALID);
        assert_null(side);
        assert_non_null(strstr(err.text, cases[i].says));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bytes_go_both_ways_in_any_pieces, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_other_end_s_openssl_is_understood,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(what_openssl_holds_is_not_waited_for,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_can_be_read_on_the_way, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(who_is_not_trusted_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_server_of_another_name_is_refused,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(plain_text_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(an_end_in_the_middle_is_an_end, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(papers_that_do_not_serve_are_named,
                                        setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
