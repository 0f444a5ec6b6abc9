/* The cipher that lanes use says what OpenSSL's own says, and takes nothing
 * that was changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/provider.h>

#include "sdk/wire/tls_library.h"

#define TEXT_MAX 20000
#define AAD_MAX  64
#define NONCE    12
#define TAG      16
#define ROUNDS   3000

static EVP_CIPHER *ours[2]; /* AES-128, AES-256 */
static EVP_CIPHER *theirs[2];
static uint64_t random_state = 6;

static uint32_t draw(uint32_t below)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((random_state >> 33) % below);
}

static void fill(uint8_t *to, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (uint8_t)draw(256);
}

/* A message, and what goes with it. */
struct message {
    uint8_t key[32];
    uint8_t nonce[NONCE];
    uint8_t tag[TAG];
    uint8_t aad[AAD_MAX];
    uint8_t text[TEXT_MAX];
    size_t n_aad;
    size_t n;
};

static struct message any(void)
{
    struct message m = {.n_aad = draw(AAD_MAX + 1)};

    m.n = draw(2) ? draw(TEXT_MAX) : draw(100);
    fill(m.key, sizeof(m.key));
    fill(m.nonce, sizeof(m.nonce));
    fill(m.aad, sizeof(m.aad));
    fill(m.text, m.n);
    return m;
}

/* In place, as TLS does, in pieces of at most so much.  False: refused. */
static bool pass(EVP_CIPHER *cipher, bool encrypt, struct message *m,
                 size_t piece)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int n;
    bool ok;

    assert_non_null(c);
    ok = EVP_CipherInit_ex(c, cipher, NULL, m->key, NULL, encrypt) == 1 &&
         EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_IVLEN, NONCE, NULL) == 1 &&
         EVP_CipherInit_ex(c, NULL, NULL, NULL, m->nonce, encrypt) == 1 &&
         (encrypt ||
          EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, TAG, m->tag) == 1) &&
         EVP_CipherUpdate(c, NULL, &n, m->aad, (int)m->n_aad) == 1;
    for (size_t i = 0; ok && i < m->n; i += piece) {
        size_t left = m->n - i < piece ? m->n - i : piece;

        ok =
            EVP_CipherUpdate(c, m->text + i, &n, m->text + i, (int)left) == 1 &&
            (size_t)n == left;
    }
    ok = ok && EVP_CipherFinal_ex(c, m->text + m->n, &n) == 1 && n == 0 &&
         (!encrypt ||
          EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, TAG, m->tag) == 1);
    EVP_CIPHER_CTX_free(c);
    return ok;
}

static void it_is_our_cipher_and_nobody_else_s(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_string_equal(
            OSSL_PROVIDER_get0_name(EVP_CIPHER_get0_provider(ours[i])),
            "flywheel");
        assert_string_equal(
            OSSL_PROVIDER_get0_name(EVP_CIPHER_get0_provider(theirs[i])),
            "default");
        assert_int_equal(EVP_CIPHER_get_flags(ours[i]) & EVP_CIPH_MODE,
                         EVP_CIPH_GCM_MODE);
        assert_int_equal(EVP_CIPHER_get_key_length(ours[i]), 16 * (i + 1));
        assert_int_equal(EVP_CIPHER_get_iv_length(ours[i]), NONCE);
        assert_int_equal(EVP_CIPHER_get_block_size(ours[i]), 1);
        assert_true(EVP_CIPHER_get_flags(ours[i]) & EVP_CIPH_FLAG_AEAD_CIPHER);
    }
}

static void it_says_what_openssl_s_own_says(void **state)
{
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        const struct message m = any();
        struct message a = m;
        struct message b = m;
        size_t piece = i % 3 ? TEXT_MAX : 1 + draw(1000);

        assert_true(pass(ours[i % 2], true, &a, piece));
        assert_true(pass(theirs[i % 2], true, &b, TEXT_MAX));
        assert_memory_equal(a.text, b.text, m.n);
        assert_memory_equal(a.tag, b.tag, TAG);
        assert_true(pass(ours[i % 2], false, &b, piece));
        assert_memory_equal(b.text, m.text, m.n);
    }
}

static void what_was_changed_is_refused(void **state)
{
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        struct message m = any();
        uint8_t bit = (uint8_t)(1u << draw(8));

        assert_true(pass(ours[i % 2], true, &m, TEXT_MAX));
        if (i % 4 == 0 && m.n)
            m.text[draw((uint32_t)m.n)] ^= bit;
        else if (i % 4 == 1 && m.n_aad)
            m.aad[draw((uint32_t)m.n_aad)] ^= bit;
        else if (i % 4 == 2)
            m.nonce[draw(NONCE)] ^= bit;
        else
            m.tag[draw(TAG)] ^= bit;
        assert_false(pass(ours[i % 2], false, &m, TEXT_MAX));
    }
}

/* A nonce for two messages would give both away. */
static void what_is_not_safe_is_refused(void **state)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    uint8_t bytes[64] = {1};
    int n;

    (void)state;
    assert_int_equal(EVP_EncryptInit_ex(c, ours[0], NULL, NULL, NULL), 1);
    assert_int_not_equal(EVP_EncryptUpdate(c, bytes, &n, bytes, 16), 1);
    assert_int_equal(EVP_EncryptInit_ex(c, NULL, NULL, bytes, NULL), 1);
    assert_int_not_equal(EVP_EncryptUpdate(c, bytes, &n, bytes, 16), 1);
    assert_int_not_equal(
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_IVLEN, 8, NULL), 1);
    assert_int_equal(EVP_EncryptInit_ex(c, NULL, NULL, NULL, bytes), 1);
    assert_int_not_equal(
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, TAG, bytes), 1);
    assert_int_equal(EVP_EncryptUpdate(c, bytes, &n, bytes, 16), 1);
    assert_int_not_equal(EVP_EncryptUpdate(c, NULL, &n, bytes, 16), 1);
    assert_int_equal(EVP_EncryptFinal_ex(c, bytes, &n), 1);
    assert_int_not_equal(EVP_EncryptUpdate(c, bytes, &n, bytes, 16), 1);
    assert_int_not_equal(
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, TAG / 2, bytes), 1);
    assert_int_equal(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, TAG, bytes),
                     1);
    /* decrypting without a tag, or with half of one */
    assert_int_equal(EVP_DecryptInit_ex(c, NULL, NULL, NULL, bytes), 1);
    assert_int_not_equal(
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, TAG / 2, bytes), 1);
    assert_int_equal(EVP_DecryptUpdate(c, bytes, &n, bytes, 16), 1);
    assert_int_not_equal(EVP_DecryptFinal_ex(c, bytes, &n), 1);
    EVP_CIPHER_CTX_free(c);
}

static int open_all(void **state)
{
    const char *const names[] = {"AES-128-GCM", "AES-256-GCM"};

    (void)state;
    for (int i = 0; i < 2; i++) {
        ours[i] = EVP_CIPHER_fetch(fw_tls_library(), names[i], FW_TLS_PREFER);
        theirs[i] = EVP_CIPHER_fetch(NULL, names[i], NULL);
    }
    return ours[0] && ours[1] && theirs[0] && theirs[1] ? 0 : -1;
}

static int close_all(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        EVP_CIPHER_free(ours[i]);
        EVP_CIPHER_free(theirs[i]);
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_our_cipher_and_nobody_else_s),
        cmocka_unit_test(it_says_what_openssl_s_own_says),
        cmocka_unit_test(what_was_changed_is_refused),
        cmocka_unit_test(what_is_not_safe_is_refused),
    };

    if (!fw_tls_library()) {
        puts("SKIPPED: no AES-GCM but OpenSSL's own on this machine");
        return 77;
    }
    return cmocka_run_group_tests(tests, open_all, close_all);
}
