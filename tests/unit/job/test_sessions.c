/* Names, epochs, keys and leases of workers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/job/fixture.h"

#define LEASE_MS 1000
#define CROWD    10000u

static void key_of(uint64_t i, uint8_t key[FW_SESSION_BYTES])
{
    for (int k = 0; k < FW_SESSION_BYTES; k++)
        key[k] = (uint8_t)(i >> 8 * (k % 4));
}

static fw_status join(struct fw_sessions *s, const char *name, uint64_t i,
                      int64_t now_ms, struct fw_session **out,
                      struct fw_err *err)
{
    uint8_t key[FW_SESSION_BYTES];

    key_of(i, key);
    return fw_sessions_join(s, name, key, FW_DTYPE_F32, now_ms, out, err);
}

static void a_rate_is_that_of_the_last_seconds(void **state)
{
    struct fw_sessions s;
    struct fw_session *a;

    (void)state;
    fw_sessions_init(&s, LEASE_MS * 100, 10);
    assert_int_equal(join(&s, "a", 0, 1000, &a, NULL), FW_OK);
    assert_true(fw_session_rate(a, 1000) == 0.0);
    a->gradients = 20;
    assert_true(fw_session_rate(a, 2000) == 20.0);
    a->gradients = 100;
    fw_sessions_heard(&s, a, 6000);
    assert_true(fw_session_rate(a, 6000) == 20.0);
    assert_true(fw_session_rate(a, 8000) == 20.0);
    assert_true(fw_session_rate(a, 16000) == 0.0); /* none for ten seconds */
    a->gradients = 130;
    fw_sessions_heard(&s, a, 16000);
    assert_true(fw_session_rate(a, 17000) == 3.0);
    fw_sessions_end(&s, a, FW_WORKER_LOST);
    assert_true(fw_session_rate(a, 17000) == 0.0);
    fw_sessions_close(&s);
}

static void a_connected_name_is_refused_and_a_gone_one_may_return(void **state)
{
    static const enum fw_worker_state gone[] = {FW_WORKER_LOST, FW_WORKER_LEFT};
    struct fw_sessions s;
    struct fw_session *a;
    struct fw_session *b;
    struct fw_err err;

    (void)state;
    fw_sessions_init(&s, LEASE_MS, 10);
    assert_int_equal(join(&s, "a", 0, 0, &a, NULL), FW_OK);
    for (uint64_t i = 0; i < 2; i++) {
        uint64_t epoch = a->epoch;

        assert_int_equal(join(&s, "a", i + 1, 5, &b, &err), FW_EXISTS);
        assert_string_equal(err.reason, "WORKER_EXISTS");
        assert_int_equal(s.connected, 1);
        fw_sessions_end(&s, a, gone[i]);
        assert_int_equal(join(&s, "a", i + 1, 7, &a, NULL), FW_OK);
        assert_true(a->epoch > epoch);
        assert_int_equal(a->sequence, 0);
        assert_null(fw_sessions_by_epoch(&s, epoch)); /* one row a name */
        assert_int_equal(s.departed, 0);
    }
    fw_sessions_close(&s);
}

static void the_limit_of_workers_holds_and_frees_up(void **state)
{
    struct fw_sessions s;
    struct fw_session *a;
    struct fw_session *b;
    struct fw_err err;

    (void)state;
    fw_sessions_init(&s, LEASE_MS, 2);
    assert_int_equal(join(&s, "a", 1, 0, &a, NULL), FW_OK);
    assert_int_equal(join(&s, "b", 2, 0, &b, NULL), FW_OK);
    assert_int_equal(join(&s, "c", 3, 0, &b, &err), FW_BUSY);
    assert_string_equal(err.reason, "TOO_MANY_WORKERS");
    fw_sessions_end(&s, a, FW_WORKER_LEFT);
    assert_int_equal(join(&s, "c", 3, 1, &b, NULL), FW_OK);
    fw_sessions_close(&s);
}

static void a_lease_runs_from_the_last_sign_of_life(void **state)
{
    struct fw_sessions s;
    struct fw_session *a;
    struct fw_session *b;

    (void)state;
    fw_sessions_init(&s, LEASE_MS, 10);
    assert_int_equal(join(&s, "a", 1, 0, &a, NULL), FW_OK);
    assert_int_equal(join(&s, "b", 2, 0, &b, NULL), FW_OK);
    fw_sessions_heard(&s, a, 600);
    assert_true(fw_sessions_next_ms(&s) == LEASE_MS + 1);
    assert_null(fw_sessions_expired(&s, LEASE_MS));
    assert_ptr_equal(fw_sessions_expired(&s, LEASE_MS + 1), b);
    fw_sessions_end(&s, b, FW_WORKER_LOST);
    assert_true(fw_sessions_next_ms(&s) == 601 + LEASE_MS);
    assert_null(fw_sessions_expired(&s, 600 + LEASE_MS));
    assert_ptr_equal(fw_sessions_expired(&s, 601 + LEASE_MS), a);
    fw_sessions_end(&s, a, FW_WORKER_LOST);
    assert_null(fw_sessions_expired(&s, INT64_MAX / 2));
    assert_true(fw_sessions_next_ms(&s) == INT64_MAX);
    assert_int_equal(s.lost, 2);
    assert_int_equal(s.connected, 0);
    fw_sessions_close(&s);
}

static void a_key_that_differs_in_one_bit_is_another(void **state)
{
    struct fw_sessions s;
    struct fw_session *a;
    uint8_t key[FW_SESSION_BYTES];

    (void)state;
    fw_sessions_init(&s, LEASE_MS, 10);
    assert_int_equal(join(&s, "a", 0x01020304, 0, &a, NULL), FW_OK);
    key_of(0x01020304, key);
    assert_ptr_equal(fw_sessions_by_key(&s, key), a);
    for (unsigned bit = 0; bit < 8u * FW_SESSION_BYTES; bit++) {
        key[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_null(fw_sessions_by_key(&s, key));
        key[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    fw_sessions_close(&s);
}

/* Worker i of the crowd is the same by name, key and epoch. */
static void assert_found(struct fw_sessions *s, uint64_t i, bool found)
{
    struct fw_session *w = fw_sessions_by_epoch(s, i + 1);
    uint8_t key[FW_SESSION_BYTES];
    char name[32];

    key_of(i, key);
    assert_ptr_equal(fw_sessions_by_key(s, key), w);
    assert_int_equal(w != NULL, found);
    if (!found)
        return;
    snprintf(name, sizeof(name), "w%u", (unsigned)i);
    assert_string_equal(w->name, name);
}

static void ten_thousand_workers_come_and_go(void **state)
{
    struct fw_sessions s;
    struct fw_session *w;
    uint32_t n_lost = 0;

    (void)state;
    fw_sessions_init(&s, LEASE_MS, CROWD);
    for (uint64_t i = 0; i < CROWD; i++) {
        char name[32];

        snprintf(name, sizeof(name), "w%u", (unsigned)i);
        assert_int_equal(join(&s, name, i, (int64_t)i, &w, NULL), FW_OK);
        assert_int_equal(w->epoch, i + 1);
    }
    for (uint64_t i = 0; i < CROWD; i++)
        assert_found(&s, i, true);
    while ((w = fw_sessions_expired(&s, LEASE_MS + CROWD))) {
        assert_int_equal(w->epoch, ++n_lost); /* the longest silent first */
        fw_sessions_end(&s, w, FW_WORKER_LOST);
    }
    assert_int_equal(n_lost, CROWD);
    assert_int_equal(s.connected, 0);
    assert_int_equal(s.departed, FW_DEPARTED_KEPT);
    for (uint64_t i = 0; i < CROWD; i++)
        assert_found(&s, i, i >= CROWD - FW_DEPARTED_KEPT);
    fw_sessions_close(&s);
}

static void a_join_without_memory_changes_nothing(void **state)
{
    struct fw_sessions s;
    struct fw_session *a;
    struct fw_session *w;
    struct fw_err err;
    fw_status st = FW_NOMEM;
    long n = 0;

    (void)state;
    fw_sessions_init(&s, LEASE_MS, CROWD);
    for (uint64_t i = 0; i < 64; i++) { /* the next one makes the index grow */
        char name[32];

        snprintf(name, sizeof(name), "w%u", (unsigned)i);
        assert_int_equal(join(&s, name, i, 0, &w, NULL), FW_OK);
    }
    a = fw_sessions_by_epoch(&s, 1);
    fw_sessions_end(&s, a, FW_WORKER_LEFT);
    do {
        fault_arm(n++);
        st = join(&s, "w0", 1000, 0, &w, &err);
        if (!fault_disarm())
            break;
        assert_int_equal(st, FW_BUSY);
        assert_string_equal(err.reason, "OUT_OF_MEMORY");
        assert_ptr_equal(fw_sessions_by_epoch(&s, 1), a);
        assert_int_equal(s.connected, 63);
        assert_int_equal(s.epoch, 64);
    } while (n < 100);
    assert_int_equal(st, FW_OK);
    assert_int_equal(n, 5); /* a session and three indexes have failed */
    assert_int_equal(w->epoch, 65);
    fw_sessions_close(&s);
    fw_sessions_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rate_is_that_of_the_last_seconds),
        cmocka_unit_test(a_connected_name_is_refused_and_a_gone_one_may_return),
        cmocka_unit_test(the_limit_of_workers_holds_and_frees_up),
        cmocka_unit_test(a_lease_runs_from_the_last_sign_of_life),
        cmocka_unit_test(a_key_that_differs_in_one_bit_is_another),
        cmocka_unit_test(ten_thousand_workers_come_and_go),
        cmocka_unit_test(a_join_without_memory_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
