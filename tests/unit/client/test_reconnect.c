/* What the log is told of a session whose server is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sdk/client/reconnect.h"
#include "sdk/wire/reason.h"

/* A session that is open, and what its log was told. */
struct world {
    struct fw_connection connection;
    struct fw_session session;
    char told[256]; /* the last line */
    int lines;
};

static void hear(void *user, const char *text)
{
    struct world *w = user;

    snprintf(w->told, sizeof(w->told), "%s", text);
    w->lines++;
}

static void begin(struct world *w, uint32_t reconnect_ms)
{
    *w = (struct world){.connection = {.address = "host:1"}};
    w->session = (struct fw_session){.connection = &w->connection,
                                     .reconnect_ms = reconnect_ms,
                                     .established = true,
                                     .opened = true,
                                     .log = hear,
                                     .log_user = w};
    fw_random_init(&w->session.dice, 1);
    pthread_cond_init(&w->session.train.waiter.changed, NULL);
}

static void end(struct world *w)
{
    pthread_cond_destroy(&w->session.train.waiter.changed);
}

static void lose(struct world *w)
{
    w->session.train.status =
        fw_err_set(&w->session.train.err, FW_UNAVAILABLE, "it is gone");
    fw_session_broke(&w->session);
}

static void overtake(struct world *w)
{
    w->session.train.status =
        FW_REFUSE(&w->session.train.err, OVERTAKEN, "send it again");
    fw_session_broke(&w->session);
}

static void come_back(struct world *w)
{
    const struct fw_opened opened = {.incarnation = 1};

    fw_session_found(&w->session, &opened);
}

static void a_lost_server_is_told_once_and_once_that_it_is_back(void **state)
{
    struct world w;

    (void)state;
    begin(&w, 60000);
    for (int i = 1; i < 4; i += 2) {
        lose(&w);
        lose(&w);
        assert_int_equal(w.lines, i);
        assert_string_equal(w.told, "lost the server at host:1 (it is gone); "
                                    "trying again for 60 s");
        come_back(&w);
        assert_int_equal(w.lines, i + 1);
        assert_non_null(strstr(w.told, "the server at host:1 is back after"));
    }
    end(&w);
}

static void how_long_it_is_tried_is_told_in_plain_figures(void **state)
{
    static const struct {
        uint32_t ms;
        const char *text;
    } cases[] = {{1500, "for 1.5 s"},
                 {3600000, "for 3600 s"},
                 {4000000000, "for 4000000 s"}};
    struct world w;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        begin(&w, cases[i].ms);
        lose(&w);
        assert_string_equal(strstr(w.told, "for "), cases[i].text);
        end(&w);
    }
}

static void a_server_lost_while_a_gradient_is_sent_again_is_told(void **state)
{
    struct world w;

    (void)state;
    begin(&w, 60000);
    overtake(&w);
    assert_int_equal(w.lines, 0);
    come_back(&w);
    assert_int_equal(w.lines, 0);
    overtake(&w);
    lose(&w);
    lose(&w);
    assert_int_equal(w.lines, 1);
    come_back(&w);
    assert_int_equal(w.lines, 2);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lost_server_is_told_once_and_once_that_it_is_back),
        cmocka_unit_test(how_long_it_is_tried_is_told_in_plain_figures),
        cmocka_unit_test(a_server_lost_while_a_gradient_is_sent_again_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
