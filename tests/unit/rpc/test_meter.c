/* What a connection may send before it is cut. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/rpc/meter.h"

#define LOOK_MS 50
#define MIB     (1u << 20)
/* Of one that behaved before. */
#define TOO_MUCH (FW_METER_KNOWN + 2 * FW_METER_SLACK)

static const struct fw_deadlines D = {
    .first_call_ms = 5000, .progress_ms = 10000, .progress_bytes = 10240};

static void bytes_that_nobody_accepted_are_a_flood(void **state)
{
    struct fw_meter m;

    (void)state;
    fw_meter_open(&m, 0);
    fw_meter_credit(&m, 1);
    assert_int_equal(fw_meter_look(&m, FW_METER_SLACK, 0, LOOK_MS),
                     FW_VERDICT_STAY);
    assert_int_equal(fw_meter_look(&m, TOO_MUCH, 0, 2 * LOOK_MS),
                     FW_VERDICT_FLOOD);
}

static void who_behaved_before_has_a_longer_moment(void **state)
{
    const uint64_t first = 2 * FW_METER_SLACK;
    struct fw_meter m;

    (void)state;
    fw_meter_open(&m, 0);
    fw_meter_credit(&m, 1);
    assert_int_equal(fw_meter_look(&m, first, 0, 5), FW_VERDICT_STAY);
    assert_int_equal(fw_meter_look(&m, first + MIB, 0, 4 + FW_METER_KNOWN_MS),
                     FW_VERDICT_STAY);
    assert_int_equal(fw_meter_look(&m, first + MIB, 0, 5 + FW_METER_KNOWN_MS),
                     FW_VERDICT_FLOOD);
}

static void a_call_on_its_way_through_gRPC_has_a_moment(void **state)
{
    const int64_t first = 2 * FW_METER_SLACK;
    struct fw_meter m;

    (void)state;
    fw_meter_open(&m, 0);
    assert_int_equal(fw_meter_look(&m, first, 0, 5), FW_VERDICT_STAY);
    fw_meter_call(&m, true); /* its headers have been read */
    assert_int_equal(fw_meter_look(&m, first + MIB, 0, 60), FW_VERDICT_STAY);
    assert_int_equal(fw_meter_look(&m, FW_METER_FIRST, 0, 600),
                     FW_VERDICT_STAY);
    fw_meter_call_heard(&m, true); /* it was reset */
    assert_int_equal(fw_meter_look(&m, FW_METER_FIRST + 1, 0, 605),
                     FW_VERDICT_FLOOD);
}

#define TURNS 20000

/* A stream that begins, in a thread of its own, as often as it is told to. */
struct beginner {
    struct fw_meter *m;
    uint32_t told; /* atomic: turns that may be made */
    uint32_t done; /* atomic: that were */
};

static void *begin_streams(void *arg)
{
    struct beginner *b = arg;

    for (uint32_t i = 1; i <= TURNS; i++) {
        while (__atomic_load_n(&b->told, __ATOMIC_ACQUIRE) < i)
            continue;
        fw_meter_stream(b->m); /* its first message has come */
        fw_meter_call_heard(b->m, true);
        __atomic_store_n(&b->done, i, __ATOMIC_RELEASE);
    }
    return NULL;
}

/* It sent what gRPC lets a new one send, and a message that was taken. */
static void a_stream_that_begins_counts_at_every_moment(void **state)
{
    const uint64_t sent = FW_METER_FIRST + MIB;
    struct fw_meter m;
    struct beginner b = {.m = &m};
    unsigned cut = 0;
    pthread_t thread;

    (void)state;
    fw_meter_open(&m, 0);
    fw_meter_credit(&m, 1);
    fw_meter_call(&m, true);
    assert_int_equal(fw_meter_look(&m, sent, 0, 0), FW_VERDICT_STAY);
    assert_int_equal(pthread_create(&thread, NULL, begin_streams, &b), 0);
    for (uint32_t i = 1; i <= TURNS; i++) {
        __atomic_store_n(&b.told, i, __ATOMIC_RELEASE);
        while (__atomic_load_n(&b.done, __ATOMIC_ACQUIRE) < i)
            cut += fw_meter_look(&m, sent, 0, 0) == FW_VERDICT_FLOOD;
        fw_meter_call(&m, true);
        __atomic_sub_fetch(&m.streams, 1, __ATOMIC_RELAXED); /* anew */
    }
    pthread_join(thread, NULL);
    assert_int_equal(cut, 0);
}

static void the_moment_ends_with_time_or_with_a_mebibyte(void **state)
{
    const uint64_t first = 2 * FW_METER_SLACK;
    const uint64_t late = FW_METER_SLACK + FW_METER_LATE;
    struct fw_meter m;

    (void)state;
    fw_meter_open(&m, 0);
    assert_int_equal(fw_meter_look(&m, first, 0, 5), FW_VERDICT_STAY);
    assert_int_equal(fw_meter_look(&m, first, 0, 4 + FW_METER_LATE_MS),
                     FW_VERDICT_STAY);
    assert_int_equal(fw_meter_look(&m, first, 0, 5 + FW_METER_LATE_MS),
                     FW_VERDICT_FLOOD);
    fw_meter_open(&m, 0);
    assert_int_equal(fw_meter_look(&m, late - 1, 0, 0), FW_VERDICT_STAY);
    assert_int_equal(fw_meter_look(&m, late, 0, 0), FW_VERDICT_FLOOD);
}

static void gradients_that_are_accepted_never_are(void **state)
{
    struct fw_meter m;
    uint64_t sent = 0;

    (void)state;
    fw_meter_open(&m, 0);
    fw_meter_stream(&m);
    for (int i = 1; i < 10000; i++) {
        sent += 8 * MIB;
        /* What was received in this look is accepted in the next. */
        assert_int_equal(fw_meter_look(&m, sent, 0, (int64_t)i * LOOK_MS),
                         FW_VERDICT_STAY);
        fw_meter_credit(&m, 8 * MIB);
    }
}

static void a_stream_allows_its_window_and_no_more(void **state)
{
    struct fw_meter m;

    (void)state;
    fw_meter_open(&m, 0);
    fw_meter_credit(&m, 1);
    fw_meter_stream(&m);
    assert_int_equal(fw_meter_look(&m, FW_METER_STREAM, 0, LOOK_MS),
                     FW_VERDICT_STAY);
    assert_int_equal(
        fw_meter_look(&m, FW_METER_STREAM + TOO_MUCH, 0, 2 * LOOK_MS),
        FW_VERDICT_FLOOD);
}

static void streams_that_end_leave_one_window_behind_for_a_while(void **state)
{
    struct fw_meter m;
    int64_t later = 1000 * (int64_t)(FW_METER_STREAM / FW_METER_RATE);

    (void)state;
    fw_meter_open(&m, 0);
    fw_meter_credit(&m, 1);
    for (int i = 0; i < 100; i++) {
        fw_meter_stream(&m);
        fw_meter_stream_end(&m);
    }
    assert_int_equal(fw_meter_look(&m, FW_METER_STREAM, 0, LOOK_MS),
                     FW_VERDICT_STAY);
    assert_int_equal(fw_meter_look(&m, FW_METER_STREAM, 0, 2 * later),
                     FW_VERDICT_STAY); /* it has leaked away, as the grace */
    assert_int_equal(
        fw_meter_look(&m, FW_METER_STREAM + TOO_MUCH, 0, 2 * later + LOOK_MS),
        FW_VERDICT_FLOOD);
}

static void quiet_hours_are_not_saved_up_for_a_burst(void **state)
{
    struct fw_meter m;

    (void)state;
    fw_meter_open(&m, 0);
    fw_meter_credit(&m, 1);
    assert_int_equal(fw_meter_look(&m, 10, 0, 3600 * 1000), FW_VERDICT_STAY);
    assert_int_equal(fw_meter_look(&m, 2 * TOO_MUCH, 0, 3600 * 1000 + LOOK_MS),
                     FW_VERDICT_FLOOD);
}

static void pings_and_window_updates_are_paid_for(void **state)
{
    struct fw_meter m;
    uint64_t received = 0;
    uint64_t acked = 0;

    (void)state;
    fw_meter_open(&m, 0);
    for (int i = 1; i < 10000; i++) {
        received += 8 * MIB / 64; /* updates for what was read */
        acked += 8 * MIB;
        assert_int_equal(
            fw_meter_look(&m, received, acked, (int64_t)i * LOOK_MS),
            FW_VERDICT_STAY);
    }
}

static void no_call_in_time_is_silence(void **state)
{
    struct fw_meter m;

    (void)state;
    fw_meter_open(&m, 700);
    assert_int_equal(fw_meter_wait(&m, &D, 700 + D.first_call_ms - 1),
                     FW_VERDICT_STAY);
    assert_int_equal(fw_meter_wait(&m, &D, 700 + D.first_call_ms),
                     FW_VERDICT_SILENT);
    m.calls = 1;
    assert_int_equal(fw_meter_wait(&m, &D, 700 + D.first_call_ms),
                     FW_VERDICT_STAY);
}

static void a_call_whose_message_drips_is_cut_and_one_that_watches_is_not(
    void **state)
{
    struct fw_meter m;

    (void)state;
    fw_meter_open(&m, 0);
    fw_meter_call(&m, false);
    assert_int_equal(fw_meter_wait(&m, &D, D.progress_ms - 1), FW_VERDICT_STAY);
    assert_int_equal(fw_meter_wait(&m, &D, D.progress_ms), FW_VERDICT_SILENT);
    fw_meter_credit(&m, 10); /* another call's message: it is alive */
    assert_int_equal(fw_meter_wait(&m, &D, D.progress_ms), FW_VERDICT_STAY);
    fw_meter_call_heard(&m, false);
    for (int64_t now = 0; now < 100 * (int64_t)D.progress_ms; now += 1000)
        assert_int_equal(fw_meter_wait(&m, &D, now), FW_VERDICT_STAY);
}

/* Bytes a second that a link brings of one long message, looked at for a
 * minute: when is it cut? */
static int64_t cut_after_ms(uint64_t rate)
{
    struct fw_meter m;

    fw_meter_open(&m, 0);
    fw_meter_call(&m, false);
    for (int64_t now = 0; now < 60000; now += LOOK_MS) {
        assert_int_equal(fw_meter_look(&m, rate * (uint64_t)now / 1000, 0, now),
                         FW_VERDICT_STAY);
        if (fw_meter_wait(&m, &D, now) == FW_VERDICT_SILENT)
            return now;
    }
    return -1;
}

static void a_slow_link_is_not_a_drip(void **state)
{
    (void)state;
    assert_int_equal(cut_after_ms(1), D.progress_ms);
    assert_int_equal(cut_after_ms(900), D.progress_ms);
    assert_int_equal(cut_after_ms(1100), -1);
    assert_int_equal(cut_after_ms(30000), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_call_whose_message_drips_is_cut_and_one_that_watches_is_not),
        cmocka_unit_test(bytes_that_nobody_accepted_are_a_flood),
        cmocka_unit_test(who_behaved_before_has_a_longer_moment),
        cmocka_unit_test(a_call_on_its_way_through_gRPC_has_a_moment),
        cmocka_unit_test(a_stream_that_begins_counts_at_every_moment),
        cmocka_unit_test(the_moment_ends_with_time_or_with_a_mebibyte),
        cmocka_unit_test(gradients_that_are_accepted_never_are),
        cmocka_unit_test(a_stream_allows_its_window_and_no_more),
        cmocka_unit_test(streams_that_end_leave_one_window_behind_for_a_while),
        cmocka_unit_test(quiet_hours_are_not_saved_up_for_a_burst),
        cmocka_unit_test(pings_and_window_updates_are_paid_for),
        cmocka_unit_test(no_call_in_time_is_silence),
        cmocka_unit_test(a_slow_link_is_not_a_drip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
