/* tls_hello.h - the first words of a TLS client, for who only wants to see
 * whether a server answers them.
 *
 * Layer: sdk/wire.  Thread: any.  No state. */
#ifndef FW_WIRE_TLS_HELLO_H
#define FW_WIRE_TLS_HELLO_H

#include <stddef.h>
#include <stdint.h>

#define FW_TLS_HELLO_MAX 1024

/* A ClientHello that asks for HTTP/2; its bytes, 0 without memory. */
size_t fw_tls_hello(uint8_t out[FW_TLS_HELLO_MAX]);

#endif
