/* Every image comes once an epoch, in an order that a seed decides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/data/batches.h"

#define N      23 /* images; image i holds i and -i, its label is i */
#define SAMPLE 2

struct fixture {
    float inputs[N * SAMPLE];
    float labels[N];
    struct fw_samples from;
};

static int open_fixture(void **state)
{
    static struct fixture f;

    for (int i = 0; i < N; i++) {
        f.inputs[i * SAMPLE] = (float)i;
        f.inputs[i * SAMPLE + 1] = (float)-i;
        f.labels[i] = (float)i;
    }
    f.from = (struct fw_samples){f.inputs, f.labels, N, SAMPLE};
    *state = &f;
    return 0;
}

/* Take n images, in batches of 4, and count them. */
static void take(struct fw_batches *b, size_t n, int seen[N])
{
    for (size_t done = 0; done < n;) {
        size_t piece = n - done < 4 ? n - done : 4;
        float inputs[4 * SAMPLE];
        float labels[4];

        fw_batches_take(b, piece, inputs, labels);
        for (size_t i = 0; i < piece; i++) {
            assert_true(inputs[i * SAMPLE] == labels[i]);
            assert_true(inputs[i * SAMPLE + 1] == -labels[i]);
            seen[(size_t)labels[i]]++;
        }
        done += piece;
    }
}

static void an_epoch_has_every_image_once(void **state)
{
    struct fixture *f = *state;
    struct fw_batches b = {0};
    int seen[N] = {0};

    assert_int_equal(fw_batches_init(&b, &f->from, "iid", 1, NULL), FW_OK);
    for (int epoch = 1; epoch <= 3; epoch++) {
        take(&b, N, seen);
        for (int i = 0; i < N; i++)
            assert_int_equal(seen[i], epoch);
        assert_int_equal(b.epochs, epoch);
    }
    fw_batches_close(&b);
    fw_batches_close(&b);
}

static void shards_part_the_images(void **state)
{
    static const char *const shards[] = {"shard:0/3", "shard:1/3", "shard:2/3"};
    struct fixture *f = *state;
    int seen[N] = {0};

    for (size_t i = 0; i < 3; i++) {
        struct fw_batches b = {0};
        int own[N] = {0};

        assert_int_equal(fw_batches_init(&b, &f->from, shards[i], 1, NULL),
                         FW_OK);
        take(&b, b.n, own);
        for (size_t k = 0; k < N; k++) {
            assert_true(own[k] == (k % 3 == i));
            seen[k] += own[k];
        }
        fw_batches_close(&b);
    }
    for (int k = 0; k < N; k++)
        assert_int_equal(seen[k], 1);
}

static void the_seed_decides_the_order(void **state)
{
    struct fixture *f = *state;
    float inputs[N * SAMPLE];
    float labels[4][N];

    for (size_t i = 0; i < 3; i++) { /* seeds 5, 5, 6 */
        struct fw_batches b = {0};

        assert_int_equal(fw_batches_init(&b, &f->from, "iid", 5 + i / 2, NULL),
                         FW_OK);
        fw_batches_take(&b, N, inputs, labels[i]);
        if (i == 2) /* its second epoch */
            fw_batches_take(&b, N, inputs, labels[3]);
        fw_batches_close(&b);
    }
    assert_memory_equal(labels[0], labels[1], sizeof(labels[0]));
    assert_memory_not_equal(labels[0], labels[2], sizeof(labels[0]));
    assert_memory_not_equal(labels[2], labels[3], sizeof(labels[0]));
}

static void a_wrong_sampling_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",           "IID",       "shard:",      "shard:1",
        "shard:/2",   "shard:2/2", "shard:0/0",   "shard:0/2x",
        "shard:-1/2", "iid2",      "shard:23/24",
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        struct fw_batches b = {0};
        struct fw_err err = {0};

        if (fw_batches_init(&b, &f->from, wrong[i], 1, &err) != FW_INVALID)
            fail_msg("'%s' was not refused", wrong[i]);
        assert_non_null(strstr(err.text, wrong[i]));
        assert_null(b.order);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_epoch_has_every_image_once),
        cmocka_unit_test(shards_part_the_images),
        cmocka_unit_test(the_seed_decides_the_order),
        cmocka_unit_test(a_wrong_sampling_is_refused),
    };

    return cmocka_run_group_tests(tests, open_fixture, NULL);
}
