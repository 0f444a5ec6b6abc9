#!/usr/bin/python3
"""Train streams without gRPC below (sdk/wire/frame.h), and what strangers may
do at that port."""
import pathlib
import random
import socket
import struct
import sys
import unittest

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import flywheel_test as ft  # noqa: E402
import test_stream  # noqa: E402
from google.rpc import status_pb2, error_details_pb2  # noqa: E402

S = test_stream.S
PREFACE = b"flywheel-lane-1\n"
END = 1 << 31


class Lane:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 10)

    def send(self, **body):
        data = S.training.TrainRequest(**body).SerializeToString()
        self.socket.sendall(struct.pack("<I", len(data)) + data)

    def bytes(self, n):
        got = b""
        while len(got) < n:
            more = self.socket.recv(n - len(got))
            if not more:
                raise EOFError(got)
            got += more
        return got

    def next(self):
        """A message, or the reason of the end frame ("" for none)."""
        word = struct.unpack("<I", self.bytes(4))[0]
        data = self.bytes(word & ~END)
        if not word & END:
            return S.training.TrainResponse.FromString(data)
        info = error_details_pb2.ErrorInfo()
        for any_ in status_pb2.Status.FromString(data).details:
            any_.Unpack(info)
        return info.reason

    def is_closed(self):
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def close(self):
        self.socket.close()


class Workbench(unittest.TestCase):
    """A server, and what makes lanes to it."""

    def setUp(self):
        self.server = ft.Server()
        self.client = test_stream.Client(self.server)

    def tearDown(self):
        self.assertEqual(self.server.stop(), 0, self.server.log.read_text())
        self.server.remove()

    def join(self, job, worker="w"):
        return self.client.training.Join(S.training.JoinRequest(
            job=job, worker=worker, protocol_min=1, protocol_max=1),
            timeout=10)

    def begin(self, n, worker="w"):
        """A job of n zeros and an open lane to it."""
        self.client.create("job", n)
        self.client.initialize("job", np.zeros(n, "<f4"))
        joined = self.join("job", worker)
        self.assertTrue(self.server.address.endswith(f":{joined.port}"))
        return self.open_lane(joined)

    def open_lane(self, joined):
        """The lane of one that has joined `job`."""
        lane = Lane(joined.lane_port)
        self.addCleanup(lane.close)
        lane.socket.sendall(PREFACE)
        lane.send(open=S.training.TrainOpen(job="job", session=joined.session))
        self.assertTrue(lane.next().HasField("opened"))
        return lane

    def gradient(self, sequence, offset, values, want=True):
        return S.training.GradientChunk(
            sequence=sequence, base_version=0, samples=1, loss=1.0,
            want_parameters=want, offset=offset,
            data=np.asarray(values, "<f4").tobytes())


class Lanes(Workbench):
    def test_a_round_is_the_one_that_gRPC_makes(self):
        n = 3 * test_stream.CHUNK + 5
        lane = self.begin(n)
        g = np.arange(n, dtype="<f4")
        for i in range(0, n, test_stream.CHUNK):
            lane.send(gradient=self.gradient(1, i, g[i:i + test_stream.CHUNK]))
        got, ack = b"", None
        while len(got) < 4 * n or ack is None:
            m = lane.next()
            got += m.parameters.data
            ack = m.ack if m.HasField("ack") else ack
        self.assertEqual((ack.sequence, ack.version, ack.reason), (1, 1, ""))
        w, version = self.client.pull("job")
        np.testing.assert_array_equal(np.frombuffer(got, "<f4"), w)
        np.testing.assert_allclose(w, -ack.learning_rate * g, rtol=1e-6)
        self.assertEqual(version, 1)

    def test_bytes_that_come_one_by_one_are_a_message_too(self):
        lane = self.begin(2)
        data = S.training.TrainRequest(gradient=self.gradient(
            1, 0, [1, 2], False)).SerializeToString()
        for b in struct.pack("<I", len(data)) + data:
            lane.socket.sendall(bytes([b]))
        self.assertEqual(lane.next().ack.version, 1)

    def test_half_a_gradient_leaves_no_trace(self):
        n = 2 * test_stream.CHUNK
        lane = self.begin(n)
        lane.send(gradient=self.gradient(1, 0, np.ones(test_stream.CHUNK)))
        lane.socket.sendall(struct.pack("<I", 500_000) + b"half")
        lane.close()
        other = self.client.open("job", "w2")
        other.gradient(1, 0, np.ones(n, "<f4"))
        self.assertEqual(other.read_ack().version, 1)
        w, version = self.client.pull("job")
        self.assertEqual((version, len(set(w.tolist()))), (1, 1))
        other.close()

    def test_a_session_that_nobody_knows_is_told_so(self):
        self.client.create("job", 2)
        lane = Lane(self.join("job").lane_port)
        lane.socket.sendall(PREFACE)
        lane.send(open=S.training.TrainOpen(job="job", session=b"x" * 16))
        self.assertEqual(lane.next(), "SESSION_UNKNOWN")
        self.assertTrue(lane.is_closed())

    def test_strangers_are_shown_out(self):
        self.client.create("job", 2)
        port = self.join("job").lane_port
        for first in (b"GET / HTTP/1.1\r\n\r\n", PREFACE[:-1] + b"x"):
            lane = Lane(port)
            lane.socket.sendall(first)
            self.assertTrue(lane.is_closed())
            lane.close()
        lane = Lane(port)
        lane.socket.sendall(PREFACE + struct.pack("<I", 1 << 20))
        self.assertEqual(lane.next(), "MESSAGE_TOO_LARGE")
        lane.close()
        silent = Lane(port)
        self.assertTrue(silent.is_closed())  # after three seconds
        silent.close()

    def test_noise_does_no_harm(self):
        self.client.create("job", 2)
        self.client.initialize("job", np.zeros(2, "<f4"))
        joined = self.join("job")
        dice = random.Random(5)
        good = S.training.TrainRequest(open=S.training.TrainOpen(
            job="job", session=joined.session)).SerializeToString()
        for _ in range(200):
            noise = dice.randbytes(dice.randrange(200))
            lane = Lane(joined.lane_port)
            head = struct.pack("<I", len(good)) + good
            try:
                lane.socket.sendall(PREFACE + head * dice.randrange(3)
                                    + struct.pack("<I", len(noise)) + noise)
            except OSError:
                pass  # shown out already
            lane.close()
        self.assertEqual(self.client.pull("job")[1], 0)


if __name__ == "__main__":
    unittest.main()
