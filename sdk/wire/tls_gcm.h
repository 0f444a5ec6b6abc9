/* tls_gcm.h - messages under AES-GCM (NIST SP 800-38D) by Intel's ipsec-mb.
 *
 * OpenSSL 3.0, which Debian 12 has, takes one block of AES after the other;
 * ipsec-mb takes four with an instruction (VAES, VPCLMULQDQ) and is several
 * times as fast.  Nonces of 12 bytes, tags of 16: what TLS 1.3 needs and no
 * more.
 *
 *   start --> cover (what is not encrypted) --> update... --> finish
 *
 * Layer: sdk/wire.  Thread: a fw_gcm is its owner's. */
#ifndef FW_WIRE_TLS_GCM_H
#define FW_WIRE_TLS_GCM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sdk/base/status.h"

#define FW_GCM_NONCE_BYTES 12u
#define FW_GCM_TAG_BYTES   16u
#define FW_GCM_AAD_MAX     64u /* covered bytes; a record's head is 5 */

enum fw_gcm_strength { FW_GCM_128, FW_GCM_256 };

struct fw_gcm; /* one direction of one connection */

/* Was flywheel built with ipsec-mb, and does this processor gain by it?
 * Any thread. */
bool fw_gcm_serves(void);

/* Bytes of a key. */
size_t fw_gcm_key_bytes(enum fw_gcm_strength strength);

/* Only if it serves.  NULL: no memory. */
struct fw_gcm *fw_gcm_create(enum fw_gcm_strength strength);
void fw_gcm_destroy(struct fw_gcm *g); /* wipes the key; NULL: nothing */

/* The next message.  NULL: the key stays, the nonce will be given later. */
void fw_gcm_start(struct fw_gcm *g, bool encrypts, const uint8_t *key,
                  const uint8_t *nonce);

/* Those below are false for what is not to be: text without key and nonce, a
 * nonce used twice, more to cover than there is room for. */

/* More that the tag covers and nobody hides; before any text. */
FW_MUST_USE bool fw_gcm_cover(struct fw_gcm *g, const uint8_t *from, size_t n);

/* Text, to a place of n bytes, perhaps its own. */
FW_MUST_USE bool fw_gcm_update(struct fw_gcm *g, uint8_t *to,
                               const uint8_t *from, size_t n);

/* Decrypting: what finish must find.  NULL: nothing is right. */
FW_MUST_USE bool fw_gcm_expect(struct fw_gcm *g, const uint8_t *tag);

/* Encrypting: the tag is made.  Decrypting: it is the right one, and only then
 * was the text what the other end has sent. */
FW_MUST_USE bool fw_gcm_finish(struct fw_gcm *g);

/* The tag that finish has made; NULL: there is none.  Lent. */
const uint8_t *fw_gcm_tag(const struct fw_gcm *g);

#endif
