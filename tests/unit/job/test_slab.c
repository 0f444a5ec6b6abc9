/* Blocks lie in large pages that end with the last of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server/job/slab.h"

#define BLOCK (512u << 10)
#define PAGE  (2u << 20)

static void pieces_of_a_page_lie_in_a_row_on_its_boundary(void **state)
{
    struct fw_slab_cut cut = {.slab = NULL};
    struct fw_slab *slab[5];
    uint8_t *piece[5];

    (void)state;
    for (int i = 0; i < 5; i++) {
        piece[i] = fw_slab_cut(&cut, BLOCK, &slab[i]);
        assert_non_null(piece[i]);
        memset(piece[i], i, BLOCK);
    }
    assert_int_equal((uintptr_t)piece[0] % PAGE, 0);
    assert_int_equal((uintptr_t)piece[4] % PAGE, 0);
    for (int i = 1; i < 4; i++) {
        assert_ptr_equal(slab[i], slab[0]);
        assert_ptr_equal(piece[i], piece[0] + (size_t)i * BLOCK);
    }
    assert_ptr_not_equal(slab[4], slab[0]);
    /* what is held stays when its neighbours, and the cutting, have ended */
    for (int i = 0; i < 3; i++)
        fw_slab_unref(slab[i]);
    fw_slab_cut_close(&cut);
    fw_slab_cut_close(&cut);
    assert_int_equal(piece[3][0], 3);
    assert_int_equal(piece[4][BLOCK - 1], 4);
    fw_slab_unref(slab[3]);
    fw_slab_unref(slab[4]);
}

static void small_and_very_large_pieces_have_memory_of_their_own(void **state)
{
    const size_t sizes[] = {4, 64, 4096, 200000, PAGE + 64};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        struct fw_slab_cut cut = {.slab = NULL};
        struct fw_slab *slab;
        uint8_t *piece = fw_slab_cut(&cut, sizes[i], &slab);

        assert_non_null(piece);
        assert_int_equal((uintptr_t)piece % 64, 0);
        memset(piece, 1, sizes[i]);
        assert_null(cut.slab);
        fw_slab_unref(slab);
    }
    fw_slab_unref(NULL);
}

static void uneven_pieces_do_not_overlap(void **state)
{
    struct fw_slab_cut cut = {.slab = NULL};
    struct fw_slab *slab[8];
    uint8_t *piece[8];
    const size_t size = 300001;

    (void)state;
    for (int i = 0; i < 8; i++) {
        piece[i] = fw_slab_cut(&cut, size, &slab[i]);
        assert_int_equal((uintptr_t)piece[i] % 64, 0);
        memset(piece[i], i, size);
    }
    for (int i = 0; i < 8; i++) {
        assert_int_equal(piece[i][0], i);
        assert_int_equal(piece[i][size - 1], i);
        fw_slab_unref(slab[i]);
    }
    fw_slab_cut_close(&cut);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_of_a_page_lie_in_a_row_on_its_boundary),
        cmocka_unit_test(small_and_very_large_pieces_have_memory_of_their_own),
        cmocka_unit_test(uneven_pieces_do_not_overlap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
