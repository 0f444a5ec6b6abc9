/* Waiters stand in line for room; readers and writers are on many threads. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/job/fixture.h"

#define N       (2u * FW_BLOCK_ELEMENTS + 1000u) /* three blocks */
#define THREADS 4
#define ROUNDS  2000

struct waiter {
    struct fw_gather_waiter w;
    struct fw_gather *g;
    int turn; /* 1, 2 ... in order of being granted; 0: not yet */
    int *turns;
};

static void on_granted(struct fw_gather_waiter *w, struct fw_gather *g)
{
    struct waiter *me = (struct waiter *)w; /* w is first */

    me->g = g;
    me->turn = ++*me->turns;
}

/* `n` waiters behind one gather that fills the pool. */
static struct fw_gather *fill_pool(struct fw_pool **p, struct waiter *w, int n,
                                   int *turns)
{
    struct fw_gather *g;
    struct fw_gather *none;

    assert_int_equal(fw_pool_create(1000, 1000 * sizeof(float), p), FW_OK);
    assert_int_equal(fw_gather_create(*p, 1000, FW_DTYPE_F32, NULL, &g), FW_OK);
    for (int i = 0; i < n; i++) {
        w[i] = (struct waiter){.w.granted = on_granted, .turns = turns};
        assert_int_equal(
            fw_gather_create(*p, 1000, FW_DTYPE_F32, &w[i].w, &none), FW_BUSY);
        assert_null(none);
    }
    return g;
}

static void waiters_are_granted_first_come_first_served(void **state)
{
    struct fw_pool *p;
    struct waiter w[3];
    int turns = 0;
    struct fw_gather *g = fill_pool(&p, w, 3, &turns);

    (void)state;
    assert_true(fw_gather_cancel(p, &w[1].w));
    assert_false(fw_gather_cancel(p, &w[1].w));
    assert_int_equal(turns, 0);
    fw_gather_close(g);
    assert_int_equal(w[0].turn, 1);
    assert_int_equal(w[2].turn, 0);
    assert_int_equal(fw_pool_bytes_in_use(p), fw_pool_cap_bytes(p));
    assert_false(fw_gather_cancel(p, &w[0].w));
    fw_gather_close(w[0].g);
    assert_int_equal(w[2].turn, 2);
    assert_int_equal(w[1].turn, 0);
    fw_gather_close(w[2].g);
    assert_int_equal(fw_pool_bytes_in_use(p), 0);
    fw_pool_unref(p);
}

static void the_last_waiter_may_cancel_and_the_line_goes_on(void **state)
{
    struct fw_pool *p;
    struct waiter w[2];
    struct waiter late = {.w.granted = on_granted};
    int turns = 0;
    struct fw_gather *g = fill_pool(&p, w, 2, &turns);
    struct fw_gather *none;

    (void)state;
    late.turns = &turns;
    assert_true(fw_gather_cancel(p, &w[1].w));
    assert_int_equal(fw_gather_create(p, 1000, FW_DTYPE_F32, &late.w, &none),
                     FW_BUSY);
    fw_gather_close(g);
    fw_gather_close(w[0].g);
    assert_int_equal(late.turn, 2);
    fw_gather_close(late.g);
    fw_pool_unref(p);
}

static void a_waiter_is_told_when_memory_runs_out(void **state)
{
    struct fw_pool *p;
    struct waiter w[2];
    int turns = 0;
    struct fw_gather *g = fill_pool(&p, w, 2, &turns);

    (void)state;
    fault_arm(0);
    fw_gather_close(g);
    assert_true(fault_disarm());
    assert_int_equal(w[0].turn, 1);
    assert_null(w[0].g);
    assert_int_equal(w[1].turn, 2); /* the room is not lost with it */
    assert_non_null(w[1].g);
    fw_gather_close(w[1].g);
    assert_int_equal(fw_pool_bytes_in_use(p), 0);
    fw_pool_unref(p);
}

static void one_gather_is_granted_whatever_the_cap(void **state)
{
    struct fw_pool *p;
    struct waiter w = {.w.granted = on_granted};
    struct fw_gather *g;

    (void)state;
    assert_int_equal(fw_pool_create(N, 1, &p), FW_OK);
    assert_int_equal(fw_gather_create(p, N, FW_DTYPE_F32, &w.w, &g), FW_OK);
    fw_gather_close(g);
    fw_pool_unref(p);
}

/* What readers share with the writer. */
struct shared {
    struct fw_pool *pool;
    pthread_mutex_t lock;
    struct fw_version *current; /* ref; guarded by lock */
    bool torn;                  /* atomic */
};

static void *read_versions(void *arg)
{
    struct shared *s = arg;

    for (int i = 0; i < ROUNDS; i++) {
        struct fw_version *v;
        struct fw_block *b;

        pthread_mutex_lock(&s->lock);
        v = fw_version_ref(s->current);
        pthread_mutex_unlock(&s->lock);
        b = fw_block_ref(v->blocks[0]);
        if (b->data[0] != b->data[v->n_elements - 1])
            __atomic_store_n(&s->torn, true, __ATOMIC_RELAXED);
        fw_version_unref(v);
        if (b->data[0] != b->data[1])
            __atomic_store_n(&s->torn, true, __ATOMIC_RELAXED);
        fw_block_unref(b);
    }
    return NULL;
}

static struct fw_version *constant_version(struct fw_pool *p, float value)
{
    struct fw_version *v;
    float x[64];

    for (int i = 0; i < 64; i++)
        x[i] = value;
    assert_int_equal(
        fw_version_from_gather(gather_of(p, x, 64), (uint64_t)value, &v),
        FW_OK);
    return v;
}

static void readers_on_other_threads_see_whole_versions(void **state)
{
    struct shared s = {.torn = false};
    pthread_t threads[THREADS];

    (void)state;
    pthread_mutex_init(&s.lock, NULL);
    assert_int_equal(fw_pool_create(64, 1u << 20, &s.pool), FW_OK);
    s.current = constant_version(s.pool, 0.0f);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_versions, &s),
                         0);
    for (int i = 1; i < ROUNDS; i++) {
        struct fw_version *next = constant_version(s.pool, (float)i);
        struct fw_version *old;

        pthread_mutex_lock(&s.lock);
        old = s.current;
        s.current = next;
        pthread_mutex_unlock(&s.lock);
        fw_version_unref(old);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_false(s.torn);
    fw_version_unref(s.current);
    assert_int_equal(fw_pool_bytes_in_use(s.pool), 0);
    fw_pool_unref(s.pool);
    pthread_mutex_destroy(&s.lock);
}

/* A thread that reserves again and again in a pool that has room for one. */
struct reserver {
    struct fw_gather_waiter w;
    struct fw_pool *pool;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct fw_gather *g; /* guarded by lock */
};

static void wake_reserver(struct fw_gather_waiter *w, struct fw_gather *g)
{
    struct reserver *r = (struct reserver *)w; /* w is first */

    pthread_mutex_lock(&r->lock);
    r->g = g;
    pthread_cond_signal(&r->wake);
    pthread_mutex_unlock(&r->lock);
}

static void *reserve(void *arg)
{
    struct reserver *r = arg;

    for (int i = 0; i < ROUNDS; i++) {
        struct fw_gather *g;

        if (fw_gather_create(r->pool, 64, FW_DTYPE_F32, &r->w, &g) == FW_BUSY) {
            pthread_mutex_lock(&r->lock);
            while (!r->g)
                pthread_cond_wait(&r->wake, &r->lock);
            g = r->g;
            r->g = NULL;
            pthread_mutex_unlock(&r->lock);
        }
        g->blocks[0]->data[0] = (float)i;
        fw_gather_close(g);
    }
    return NULL;
}

static void threads_that_wait_for_room_all_get_it(void **state)
{
    struct fw_pool *p;
    struct reserver r[THREADS];
    pthread_t threads[THREADS];

    (void)state;
    assert_int_equal(fw_pool_create(64, 64 * sizeof(float), &p), FW_OK);
    for (int i = 0; i < THREADS; i++) {
        r[i] = (struct reserver){.w.granted = wake_reserver, .pool = p};
        pthread_mutex_init(&r[i].lock, NULL);
        pthread_cond_init(&r[i].wake, NULL);
        assert_int_equal(pthread_create(&threads[i], NULL, reserve, &r[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++) {
        pthread_mutex_destroy(&r[i].lock);
        pthread_cond_destroy(&r[i].wake);
    }
    assert_int_equal(fw_pool_bytes_in_use(p), 0);
    fw_pool_unref(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waiters_are_granted_first_come_first_served),
        cmocka_unit_test(the_last_waiter_may_cancel_and_the_line_goes_on),
        cmocka_unit_test(a_waiter_is_told_when_memory_runs_out),
        cmocka_unit_test(one_gather_is_granted_whatever_the_cap),
        cmocka_unit_test(readers_on_other_threads_see_whole_versions),
        cmocka_unit_test(threads_that_wait_for_room_all_get_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
