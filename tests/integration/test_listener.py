#!/usr/bin/python3
"""The door: caps, a moment without descriptors, guests that say nothing, and
clients that open streams only to reset them (CVE-2023-44487)."""
import pathlib
import resource
import socket
import struct
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]
                       / "support"))
from flywheel_test import Server, is_sanitized, stubs, wait_for  # noqa: E402

import grpc  # noqa: E402

S = stubs()
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADERS, RST, SETTINGS = 1, 3, 4
MIB = 1 << 20


def frame(kind, flags, stream, payload=b""):
    return (struct.pack(">I", len(payload))[1:] + bytes([kind, flags])
            + struct.pack(">I", stream) + payload)


def text(s):
    return bytes([len(s)]) + s


def headers(path):
    """A gRPC request's headers, by hand (RFC 7541, without indexing)."""
    return (b"\x83\x86" + b"\x04" + text(path) + b"\x01" + text(b"a")
            + b"\x0f\x10" + text(b"application/grpc")
            + b"\x00" + text(b"te") + text(b"trailers"))


def connect(address):
    host, port = address.rsplit(":", 1)
    s = socket.create_connection((host, int(port)), timeout=10)
    return s


def is_closed(s):
    """Has the other side ended this connection?"""
    s.setblocking(False)
    try:
        while True:
            if s.recv(65536) == b"":
                return True
    except BlockingIOError:
        return False
    except OSError:
        return True


def answers(address, timeout=5):
    """Does a new connection get an answer?"""
    with grpc.insecure_channel(address) as channel:
        try:
            S.health_grpc.HealthStub(channel).Check(
                S.health.HealthCheckRequest(), timeout=timeout)
            return True
        except grpc.RpcError:
            return False


class Door(unittest.TestCase):
    def serve(self, yaml=""):
        flags = []
        if yaml:
            f = tempfile.NamedTemporaryFile("w", suffix=".yaml")
            self.addCleanup(f.close)
            f.write(yaml)
            f.flush()
            flags = ["--config", f.name]
        server = Server(*flags)
        self.addCleanup(server.remove)
        self.addCleanup(server.stop)
        return server

    def test_clients_that_reset_what_they_open_are_cut_and_others_served(self):
        server = self.serve()
        self.assertTrue(answers(server.address))
        before = server.rss_bytes()
        path = b"/flywheel.v1.StatusService/GetStatus"
        for _ in range(8):
            s = connect(server.address)
            s.sendall(PREFACE + frame(SETTINGS, 0, 0))
            block = headers(path)
            stream = 1
            try:
                # 64 MiB, a thousand times the slack, were it let through.
                while stream < 1_000_000:
                    burst = b"".join(
                        frame(HEADERS, 0x4, i, block)
                        + frame(RST, 0, i, struct.pack(">I", 8))
                        for i in range(stream, stream + 400, 2))
                    stream += 400
                    s.sendall(burst)
                self.fail("a million resets and not cut")
            except ConnectionError:
                pass
            s.close()
        self.assertTrue(answers(server.address))
        self.assertIn("why=flood", server.log.read_text())
        if not is_sanitized():
            self.assertLess(server.rss_bytes() - before, 400 * MIB)

    def test_more_connections_than_the_cap_are_refused_until_one_ends(self):
        server = self.serve("limits: {max_connections: 8}\n")
        guests = [connect(server.address) for _ in range(8)]
        late = connect(server.address)
        wait_for("the ninth to be refused", lambda: is_closed(late))
        self.assertFalse(any(is_closed(s) for s in guests))
        for s in guests[:4]:
            s.close()
        wait_for("a free place", lambda: answers(server.address, 2))
        for s in guests:
            s.close()

    def test_a_moment_without_descriptors_passes(self):
        server = self.serve()
        few = 64
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE,
                         (few, few))
        guests = [connect(server.address) for _ in range(4 * few)]
        wait_for("descriptors to run out",
                 lambda: "no_descriptors" in server.log.read_text())
        for s in guests:
            s.close()
        wait_for("new connections to be served",
                 lambda: answers(server.address, 2))

    def test_who_says_nothing_is_cut(self):
        server = self.serve()
        silent = connect(server.address)
        polite = connect(server.address)
        polite.sendall(PREFACE + frame(SETTINGS, 0, 0))
        wait_for("the silent one to be cut", lambda: is_closed(silent), 30)
        wait_for("the one without a call to be cut",
                 lambda: is_closed(polite), 30)
        self.assertIn("why=silent", server.log.read_text())


if __name__ == "__main__":
    unittest.main(verbosity=2)
