#include "sdk/wire/tls_gcm.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <intel-ipsec-mb.h>
#include <openssl/crypto.h>

#include "sdk/base/mem.h"

/* What ipsec-mb has for one length of key. */
struct method {
    aes_gcm_pre_t prepare;
    aes_gcm_init_t begin;
    aes_gcm_enc_dec_update_t way[2]; /* decrypt, encrypt */
    aes_gcm_enc_dec_finalize_t end[2];
};

static struct method methods[2]; /* by strength; set once, by `find` */
static bool found;
static pthread_once_t once = PTHREAD_ONCE_INIT;

struct fw_gcm {
    struct gcm_key_data key; /* lies on 64 bytes */
    struct gcm_context_data sum;
    const struct method *method;
    bool encrypts;
    bool has_key;
    bool has_nonce; /* that no message was made with */
    bool begun;     /* text has come */
    bool has_tag;
    uint8_t nonce[FW_GCM_NONCE_BYTES];
    uint8_t tag[FW_GCM_TAG_BYTES];
    uint8_t aad[FW_GCM_AAD_MAX];
    size_t n_aad;
};

/* ipsec-mb encrypts and decrypts known texts before it says that it serves. */
static void find(void)
{
    const uint64_t needs =
        IMB_FEATURE_VAES | IMB_FEATURE_VPCLMULQDQ | IMB_FEATURE_SELF_TEST_PASS;
    IMB_MGR *m = alloc_mb_mgr(0);

    if (!m)
        return;
    init_mb_mgr_auto(m, NULL);
    found = imb_get_errno(m) == 0 && (m->features & needs) == needs;
    methods[FW_GCM_128] = (struct method){
        m->gcm128_pre,
        m->gcm128_init,
        {m->gcm128_dec_update, m->gcm128_enc_update},
        {m->gcm128_dec_finalize, m->gcm128_enc_finalize},
    };
    methods[FW_GCM_256] = (struct method){
        m->gcm256_pre,
        m->gcm256_init,
        {m->gcm256_dec_update, m->gcm256_enc_update},
        {m->gcm256_dec_finalize, m->gcm256_enc_finalize},
    };
    free_mb_mgr(m); /* the functions are the library's */
}

bool fw_gcm_serves(void)
{
    pthread_once(&once, find);
    return found;
}

size_t fw_gcm_key_bytes(enum fw_gcm_strength strength)
{
    return strength == FW_GCM_128 ? IMB_GCM_128_KEY_LEN : IMB_GCM_256_KEY_LEN;
}

struct fw_gcm *fw_gcm_create(enum fw_gcm_strength strength)
{
    struct fw_gcm *g = fw_mem_aligned(1, sizeof(*g));

    if (!g)
        return NULL;
    memset(g, 0, sizeof(*g));
    g->method = &methods[strength];
    return g;
}

void fw_gcm_destroy(struct fw_gcm *g)
{
    if (g)
        OPENSSL_cleanse(g, sizeof(*g));
    free(g);
}

void fw_gcm_start(struct fw_gcm *g, bool encrypts, const uint8_t *key,
                  const uint8_t *nonce)
{
    g->encrypts = encrypts;
    if (key)
        g->method->prepare(key, &g->key);
    g->has_key = g->has_key || key;
    if (nonce)
        memcpy(g->nonce, nonce, sizeof(g->nonce));
    g->has_nonce = nonce != NULL;
    g->begun = false;
    g->n_aad = 0;
    g->has_tag = g->has_tag && !encrypts;
}

bool fw_gcm_cover(struct fw_gcm *g, const uint8_t *from, size_t n)
{
    if (g->begun || n > FW_GCM_AAD_MAX - g->n_aad)
        return false;
    memcpy(g->aad + g->n_aad, from, n);
    g->n_aad += n;
    return true;
}

static bool begin(struct fw_gcm *g)
{
    if (!g->begun && g->has_key && g->has_nonce) {
        g->method->begin(&g->key, &g->sum, g->nonce, g->aad, g->n_aad);
        g->begun = true;
    }
    return g->begun;
}

bool fw_gcm_update(struct fw_gcm *g, uint8_t *to, const uint8_t *from, size_t n)
{
    if (!begin(g))
        return false;
    g->method->way[g->encrypts](&g->key, &g->sum, to, from, n);
    return true;
}

bool fw_gcm_expect(struct fw_gcm *g, const uint8_t *tag)
{
    if (g->encrypts)
        return false;
    if (tag)
        memcpy(g->tag, tag, sizeof(g->tag));
    g->has_tag = tag != NULL;
    return true;
}

bool fw_gcm_finish(struct fw_gcm *g)
{
    uint8_t tag[FW_GCM_TAG_BYTES];
    bool ok;

    if ((!g->encrypts && !g->has_tag) || !begin(g))
        return false;
    g->method->end[g->encrypts](&g->key, &g->sum, tag, sizeof(tag));
    ok = g->encrypts || CRYPTO_memcmp(tag, g->tag, sizeof(tag)) == 0;
    if (g->encrypts)
        memcpy(g->tag, tag, sizeof(tag));
    g->has_tag = g->encrypts;
    g->has_nonce = false;
    g->begun = false;
    return ok;
}

const uint8_t *fw_gcm_tag(const struct fw_gcm *g)
{
    return g->encrypts && g->has_tag ? g->tag : NULL;
}
