/* Buffers grow, names are checked, arithmetic of sizes does not wrap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sdk/base/bytes.h"
#include "sdk/base/law.h"
#include "sdk/base/list.h"
#include "sdk/base/mem.h"
#include "sdk/base/name.h"

static void appended_bytes_stay_in_order(void **state)
{
    struct fw_bytes b = {0};

    (void)state;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(fw_bytes_printf(&b, "%03d,", i), FW_OK);
    assert_int_equal(b.n, 4000);
    assert_memory_equal(b.data + 4 * 678, "678,", 4);
    fw_bytes_close(&b);
    fw_bytes_close(&b);
    assert_null(b.data);
}

static void a_size_that_wraps_is_out_of_memory(void **state)
{
    struct fw_bytes b = {0};

    (void)state;
    assert_int_equal(fw_bytes_append(&b, "x", 1), FW_OK);
    assert_int_equal(fw_bytes_reserve(&b, SIZE_MAX), FW_NOMEM);
    assert_int_equal(b.n, 1);
    assert_null(fw_mem_aligned(SIZE_MAX / 2, 4));
    assert_null(fw_mem_aligned(SIZE_MAX, 1));
    fw_bytes_close(&b);
}

static void aligned_memory_is_aligned(void **state)
{
    (void)state;
    for (size_t n = 0; n < 200; n += 7) {
        void *p = fw_mem_aligned(n, 1);

        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 64, 0);
        free(p);
    }
}

static void borrowed_memory_is_aligned_and_goes_back(void **state)
{
    static const size_t sizes[] = {0, 1, 100, 1 << 20, (32 << 20) + 1};
    size_t bytes;

    (void)state;
    assert_null(fw_mem_borrow(SIZE_MAX / 2, 4, &bytes));
    assert_null(fw_mem_borrow(SIZE_MAX, 1, &bytes));
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        uint8_t *p = fw_mem_borrow(sizes[i], 1, &bytes);

        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 64, 0);
        assert_int_equal(bytes, sizes[i]);
        memset(p, 1, sizes[i]);
        fw_mem_return(p, bytes);
    }
    fw_mem_return(NULL, 1);
    fw_mem_return(NULL, 32 << 20);
}

static void names_are_safe_in_a_path(void **state)
{
    char longest[FW_NAME_MAX + 2];

    (void)state;
    memset(longest, 'a', sizeof(longest));
    longest[FW_NAME_MAX] = '\0';
    assert_true(fw_name_valid(longest));
    longest[FW_NAME_MAX] = 'a';
    longest[FW_NAME_MAX + 1] = '\0';
    assert_false(fw_name_valid(longest));
    assert_true(fw_name_valid("resnet-50_v1.5"));
    assert_false(fw_name_valid(""));
    assert_false(fw_name_valid(NULL));
    assert_false(fw_name_valid(".."));
    assert_false(fw_name_valid("a/b"));
    assert_false(fw_name_valid("a b"));
    assert_false(fw_name_valid("\xc3\xa4"));
}

static void laws_are_parsed_by_their_names(void **state)
{
    enum fw_law law = FW_LAW_DEFAULT;
    struct fw_err err;

    (void)state;
    for (int i = FW_LAW_FIXED; i <= FW_LAW_MANUAL; i++) {
        assert_int_equal(fw_law_parse(fw_law_name((enum fw_law)i), &law, &err),
                         FW_OK);
        assert_int_equal(law, i);
    }
    assert_int_equal(fw_law_parse("margins", &law, &err), FW_INVALID);
    assert_non_null(strstr(err.text, "margins"));
    assert_non_null(strstr(err.text, "closed_loop"));
}

struct item {
    struct fw_list link;
    int x;
};

static void a_list_keeps_order_and_forgives_removal(void **state)
{
    struct fw_list head;
    struct item items[3] = {{.x = 0}, {.x = 1}, {.x = 2}};
    struct fw_list *l;

    (void)state;
    fw_list_init(&head);
    for (int i = 0; i < 3; i++)
        fw_list_push_back(&head, &items[i].link);
    fw_list_remove(&items[1].link);
    fw_list_remove(&items[1].link);
    l = fw_list_take_front(&head);
    assert_int_equal(FW_LIST_ITEM(l, struct item, link)->x, 0);
    l = fw_list_take_front(&head);
    assert_int_equal(FW_LIST_ITEM(l, struct item, link)->x, 2);
    assert_null(fw_list_take_front(&head));
    assert_true(fw_list_empty(&head));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appended_bytes_stay_in_order),
        cmocka_unit_test(a_size_that_wraps_is_out_of_memory),
        cmocka_unit_test(aligned_memory_is_aligned),
        cmocka_unit_test(borrowed_memory_is_aligned_and_goes_back),
        cmocka_unit_test(names_are_safe_in_a_path),
        cmocka_unit_test(laws_are_parsed_by_their_names),
        cmocka_unit_test(a_list_keeps_order_and_forgives_removal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
