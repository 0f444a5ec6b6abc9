/* wide.h - loops over floats, compiled for each kind of processor.
 *
 * FW_WIRE_WIDE before a function builds it for wider registers too; which one
 * runs is chosen when the program starts.  Sanitizers are not up yet when that
 * choice is made, so they get the plain one.
 *
 * Layer: sdk/wire.  Thread: any. */
#ifndef FW_WIRE_WIDE_H
#define FW_WIRE_WIDE_H

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) &&                   \
    !defined(__SANITIZE_THREAD__) && !defined(__clang__)
#define FW_WIRE_WIDE                                                           \
    __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FW_WIRE_WIDE
#endif

#endif
