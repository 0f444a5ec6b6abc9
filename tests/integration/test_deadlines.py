#!/usr/bin/python3
"""Connections that say nothing, or too slowly, are closed in the time that the
configuration gives; those of lanes and of gRPC count together."""
import pathlib
import socket
import struct
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import flywheel_test as ft  # noqa: E402
import h2_abuse  # noqa: E402
import test_lane  # noqa: E402
import test_stream  # noqa: E402

LIMITS = """limits:
  handshake_ms: 300
  first_call_ms: 900
  progress_ms: 1500
  max_connections: 20
"""
HANDSHAKE_S, CALL_S, PROGRESS_S = 0.3, 0.9, 1.5
LATE_S = 5  # a loaded machine must not fail a test


class Deadlines(test_lane.Workbench):
    def setUp(self):
        f = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()),
                         "c.yaml")
        f.write_text(LIMITS)
        self.server = ft.Server("--config", str(f))
        self.client = test_stream.Client(self.server)

    def closed_after(self, port, first, drip=b""):
        """Seconds until the server has closed a connection that sends this,
        and then a byte of `drip` each 50 ms."""
        begun = time.monotonic()
        with socket.create_connection(("127.0.0.1", port), 10) as s:
            s.sendall(first)
            s.settimeout(0.05)
            for i in range(int(20 * (PROGRESS_S + LATE_S))):
                try:
                    if s.recv(65536) == b"":
                        break
                except TimeoutError:
                    pass
                except ConnectionResetError:
                    break
                try:
                    s.sendall(drip[i:i + 1])
                except OSError:
                    break
            return time.monotonic() - begun

    def closed(self, port, first, at, drip=b""):
        after = self.closed_after(port, first, drip)
        self.assertGreater(after, at - 0.1)
        self.assertLess(after, at + LATE_S)

    def test_gRPC_connections_are_closed_in_time(self):
        port = int(self.server.address.rsplit(":", 1)[1])
        frame = h2_abuse.frame
        hello = h2_abuse.PREFACE + frame(h2_abuse.SETTINGS, 0, 0)
        call = frame(h2_abuse.HEADERS, 4, 1, h2_abuse.headers())
        self.closed(port, b"", HANDSHAKE_S)
        self.closed(port, h2_abuse.PREFACE[:10], HANDSHAKE_S)
        self.closed(port, hello, CALL_S)
        self.closed(port, hello + call, PROGRESS_S, frame(
            h2_abuse.DATA, 1, 1, b"\0\0\0\x10\0" + bytes(4096)))

    def test_lanes_are_closed_in_time(self):
        self.client.create("job", 2)
        port = self.join("job").lane_port
        self.closed(port, b"", HANDSHAKE_S)
        self.closed(port, test_lane.PREFACE[:4], HANDSHAKE_S)
        self.closed(port, test_lane.PREFACE, CALL_S)
        self.closed(port, test_lane.PREFACE + struct.pack("<I", 300), CALL_S,
                    bytes(300))

    def test_a_message_that_drips_ends_a_lane_and_silence_does_not(self):
        lane = self.begin(2)
        ft.select_nothing(2 * PROGRESS_S)
        lane.send(heartbeat=test_stream.S.training.Heartbeat())
        lane.socket.sendall(struct.pack("<I", 4000))
        begun = time.monotonic()
        lane.socket.settimeout(0.1)
        try:
            while time.monotonic() < begun + PROGRESS_S + LATE_S:
                try:
                    if lane.socket.recv(4096) == b"":
                        break
                except TimeoutError:
                    lane.socket.sendall(b"x")
        except OSError:
            pass
        after = time.monotonic() - begun
        self.assertGreater(after, PROGRESS_S - 0.1)
        self.assertLess(after, PROGRESS_S + LATE_S)

    def test_lanes_count_as_connections(self):
        lane = self.begin(2)
        port = lane.socket.getpeername()[1]
        guests = []
        for _ in range(20):
            guests.append(socket.create_connection(("127.0.0.1", port), 10))
            self.addCleanup(guests[-1].close)
        ft.wait_for("one too many",
                    lambda: "event=lane_refused" in self.server.log.read_text())
        self.assertIn("why=too_many_connections", self.server.log.read_text())
        # who is silent goes, and there is room again
        ft.wait_for("a place", lambda: self.room(port))

    def room(self, port):
        with socket.create_connection(("127.0.0.1", port), 10) as s:
            s.settimeout(HANDSHAKE_S / 3)
            try:
                return s.recv(1) != b""
            except TimeoutError:
                return True
            except OSError:
                return False


if __name__ == "__main__":
    unittest.main(verbosity=2)
