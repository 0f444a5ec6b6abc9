#!/usr/bin/python3
"""Lanes through memory (sdk/wire/pipe_ring.h): chosen by themselves, as exact as
others, for the server's own user only, and nothing that a worker writes there
does harm."""
import ctypes
import mmap
import os
import pathlib
import random
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

import numpy as np

# Children here are forked and become another program at once; grpcio would join
# its threads before, and now and then waits for ever.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import flywheel_test as ft  # noqa: E402
import test_lane  # noqa: E402
import test_stream  # noqa: E402

S = test_stream.S
TESTS = pathlib.Path(os.environ.get("FW_BUILD", "build-dev")) / "tests"
RING = 1 << 20  # FW_RING_BYTES
HEAD = 4096
ELEMENTS = 300_001  # more than a ring
MOST = 128  # FW_LANES_LOCAL_MAX
NOBODY = 65534
CLONE_NEWNET = 0x40000000
# Where the worker's ring has its writer's place, and the server's its reader's.
UP_WRITTEN, DOWN_READ = 0, 256 + 64


class Ring(test_lane.Lane):
    """A worker's end, in Python."""

    def __init__(self, name):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        self.socket.connect("\0" + name)
        said, fds, _, _ = socket.recv_fds(self.socket, 64, 1)
        if not fds:
            self.socket.close()
            raise EOFError(said)
        assert said == b"flywheel-ring-1\n", said
        self.memory = mmap.mmap(fds[0], HEAD + 2 * RING)
        os.close(fds[0])
        self.sent = self.received = 0

    def put(self, data):
        assert len(data) <= RING
        at = self.sent % RING
        first = data[:RING - at]
        self.memory[HEAD + at:HEAD + at + len(first)] = first
        self.memory[HEAD:HEAD + len(data) - len(first)] = data[len(first):]
        self.sent += len(data)
        self.place(UP_WRITTEN, self.sent)

    def place(self, which, value):
        self.memory[which:which + 8] = struct.pack("<Q", value % 2 ** 64)
        try:
            self.socket.sendall(b"\0")
        except BrokenPipeError:
            pass  # what it said last may still be read

    def send(self, **body):
        data = S.training.TrainRequest(**body).SerializeToString()
        self.put(struct.pack("<I", len(data)) + data)

    def bytes(self, n):
        got = b""
        while len(got) < n:
            tail = struct.unpack_from("<Q", self.memory, 256)[0]
            more = min(n - len(got), tail - self.received)
            at = self.received % RING
            more = min(more, RING - at)
            if not more:
                self.memory[256 + 128] = 1  # we sleep
                if struct.unpack_from("<Q", self.memory, 256)[0] == tail:
                    self.await_bell()
                continue
            got += self.memory[HEAD + RING + at:HEAD + RING + at + more]
            self.received += more
            self.place(DOWN_READ, self.received)
        return got

    def await_bell(self):
        try:
            bells = self.socket.recv(64)
        except ConnectionResetError:  # ours were not all heard
            bells = b""
        if not bells:
            raise EOFError

    def close(self):
        self.socket.close()
        self.memory.close()


class LocalLanes(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="fw-")
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "s.sock"
        config = pathlib.Path(folder.name) / "c.yaml"
        config.write_text("checkpoint: {interval_s: 1}\n")
        self.flags = ["--listen", f"unix:{self.path}", "--config", config]
        self.server = ft.Server(*self.flags)
        self.client = test_stream.Client(self.server)
        self.workers = []

    def tearDown(self):
        for w in self.workers:
            if w.poll() is None:
                w.kill()
            w.communicate()
        self.assertEqual(self.server.stop(), 0, self.server.log.read_text())
        self.server.remove()

    def rings(self, pid=None):
        maps = pathlib.Path(f"/proc/{pid or self.server.process.pid}/maps")
        return maps.read_text().count("memfd:flywheel-ring")

    def create(self, n):
        self.client.jobs.CreateJob(S.job.CreateJobRequest(spec=S.model.JobSpec(
            name="job", tensors=[S.model.Tensor(name="w", shape=[n])],
            controller=S.model.Controller(
                law="LAW_FIXED", reference_momentum=0.0,
                reference_learning_rate=1.0))), timeout=10)
        self.client.initialize("job", np.zeros(n, "<f4"))

    def join(self, worker="w"):
        return self.client.training.Join(S.training.JoinRequest(
            job="job", worker=worker, protocol_min=1, protocol_max=1),
            timeout=10)

    def begin(self, worker="w"):
        joined = self.join(worker)
        lane = Ring(joined.lane_local)
        self.addCleanup(lane.close)
        lane.put(test_lane.PREFACE)
        lane.send(open=S.training.TrainOpen(job="job", session=joined.session))
        self.assertTrue(lane.next().HasField("opened"))
        return lane

    def gradient(self, sequence, offset, values, want=True):
        return test_lane.Lanes.gradient(self, sequence, offset, values, want)

    def start(self, index, address=None, n=ELEMENTS, **more):
        w = subprocess.Popen(
            [TESTS / "sum_driver", address or self.server.address, "job",
             f"w{index}", str(n), str(index), "round"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)
        self.workers.append(w)
        return w

    def end(self, worker):
        """Gradients that were acknowledged."""
        out, errors = worker.communicate(timeout=60)
        self.assertEqual(worker.returncode, 0, out + errors)
        word = out.split("acked ")[1].split()
        self.assertEqual(word[2], "0", out)  # none lost
        return int(word[0])

    def wait_version(self, version):
        ft.wait_for(f"version {version}", lambda: self.client.get_status(
            "job").version >= version)

    def version(self):
        return self.client.get_status("job").version

    def test_sums_are_exact_whatever_way_the_gradients_come(self):
        self.create(ELEMENTS)
        # 1 and 3 go by TCP (sum_driver.c)
        workers = {0: self.start(0), 1: self.start(1), 3: self.start(3),
                   2: self.start(2, f"flywheel://{self.server.address}"),
                   4: self.start(4, f"flywheel://{self.path}"),
                   6: self.start(6, f"unix:{self.path}")}
        self.wait_version(len(workers))
        ft.wait_for("four rings", lambda: self.rings() == 4)
        self.assertEqual([self.rings(w.pid) for i, w in workers.items()],
                         [i % 2 == 0 for i in workers])
        self.wait_version(60)
        acked = {i: self.end(w) for i, w in workers.items()}
        w, version = self.client.pull("job")
        self.assertEqual(version, sum(acked.values()))
        want = np.zeros(ELEMENTS, "<f4")
        for i, n in acked.items():
            want[i] = -n
        np.testing.assert_array_equal(w, want)
        ft.wait_for("no rings", lambda: self.rings() == 0)

    def test_a_round_is_the_one_that_others_make(self):
        n = 3 * test_stream.CHUNK + 5
        self.create(n)
        lane = self.begin()
        g = np.arange(n, dtype="<f4")
        for i in range(0, n, test_stream.CHUNK):
            ft.wait_for("room", lambda: lane.sent - struct.unpack_from(
                "<Q", lane.memory, 64)[0] == 0)
            lane.send(gradient=self.gradient(1, i, g[i:i + test_stream.CHUNK]))
        got, ack = b"", None
        while len(got) < 4 * n or ack is None:
            m = lane.next()
            got += m.parameters.data
            ack = m.ack if m.HasField("ack") else ack
        self.assertEqual((ack.version, ack.reason), (1, ""))
        np.testing.assert_array_equal(np.frombuffer(got, "<f4"), -g)

    def test_what_is_written_later_changes_nothing(self):
        """A gradient that is whole is the server's own; a bad one is found,
        whatever stands in the ring afterwards."""
        self.create(4)
        lane = self.begin()
        lane.send(gradient=self.gradient(1, 0, [1, 2, 3, 4], False))
        self.assertEqual(lane.next().ack.version, 1)
        lane.memory[HEAD:HEAD + RING] = b"\xff" * RING
        np.testing.assert_array_equal(self.client.pull("job")[0],
                                      [-1, -2, -3, -4])
        lane.send(gradient=self.gradient(2, 0, [1, np.nan, 3, 4], False))
        self.assertEqual(lane.next().ack.reason, "NON_FINITE")
        self.assertEqual(self.client.pull("job")[1], 1)

    def test_wild_places_end_that_lane_and_no_other(self):
        self.create(ELEMENTS)
        good = self.start(0)
        dice = random.Random(3)
        for i, place in enumerate((RING + 1, 2 ** 63, 2 ** 64 - 1)):
            lane = self.begin(f"bad{i}")
            lane.place(UP_WRITTEN, lane.sent + place)
            with self.assertRaises(EOFError):
                lane.next()
        for i in range(30):
            lane = self.begin(f"noise{i}")
            lane.memory[HEAD:HEAD + RING] = dice.randbytes(RING)
            lane.place(DOWN_READ, dice.randrange(2 ** 20))
            lane.place(UP_WRITTEN, lane.sent + dice.randrange(RING))
            lane.close()
        before = self.version()
        self.wait_version(before + 3)
        acked = self.end(good)
        w, version = self.client.pull("job")
        self.assertEqual((version, -w[0], np.abs(w[1:]).max()),
                         (acked, acked, 0))

    def test_strangers_are_shown_out(self):
        self.create(2)
        joined = self.join()
        lane = Ring(joined.lane_local)
        lane.put(test_lane.PREFACE)
        lane.send(open=S.training.TrainOpen(job="job", session=b"x" * 16))
        self.assertEqual(lane.next(), "SESSION_UNKNOWN")
        lane.close()
        lane = Ring(joined.lane_local)
        lane.put(b"GET / HTTP/1.1\r\n\r\n")
        with self.assertRaises(EOFError):
            lane.bytes(1)
        lane.close()
        silent = Ring(joined.lane_local)
        with self.assertRaises(EOFError):  # after five seconds
            silent.bytes(1)
        silent.close()

    def test_there_are_so_many_and_the_rest_go_by_tcp(self):
        self.create(ELEMENTS)
        name = self.join("first").lane_local
        lanes = [Ring(name) for _ in range(MOST)]
        with self.assertRaises((EOFError, ConnectionResetError)):
            Ring(name)
        worker = self.start(0)
        self.wait_version(2)
        self.assertEqual(self.rings(), MOST)
        for lane in lanes:
            lane.close()
        self.assertGreater(self.end(worker), 1)

    @unittest.skipIf(os.geteuid() != 0, "needs another user")
    def test_another_user_is_refused(self):
        self.create(2)
        name = self.join().lane_local
        got = subprocess.run(
            [sys.executable, "-c", "import socket, sys\n"
             "s = socket.socket(socket.AF_UNIX)\n"
             "s.settimeout(10)\n"
             "s.connect('\\0' + sys.argv[1])\n"
             "assert socket.recv_fds(s, 64, 1)[:2] == (b'', [])\n", name],
            user=NOBODY, capture_output=True, text=True, timeout=60)
        self.assertEqual(got.returncode, 0, got.stderr)
        ft.wait_for("a word in the log", lambda: "another user's"
                    in self.server.log.read_text())

    @unittest.skipIf(os.geteuid() != 0, "needs a network namespace")
    def test_where_the_name_is_not_known_all_goes_by_grpc(self):
        self.create(ELEMENTS)
        libc = ctypes.CDLL(None)
        worker = self.start(0, f"flywheel://{self.path}",
                            preexec_fn=lambda: libc.unshare(CLONE_NEWNET))
        self.wait_version(3)
        self.assertEqual(self.rings(), 0)
        self.assertEqual(self.end(worker), self.version())

    def test_a_killed_worker_is_noticed_at_once(self):
        self.create(ELEMENTS)
        worker, other = self.start(0), self.start(2)
        self.wait_version(10)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        ft.wait_for("its ring to go", lambda: self.rings() == 1)
        self.wait_version(self.version() + 3)
        acked = self.end(other)
        w, version = self.client.pull("job")
        self.assertEqual((-w[2], -w[0] - w[2]), (acked, version))

    def test_a_killed_server_comes_back_and_no_gradient_counts_twice(self):
        self.create(ELEMENTS)
        worker = self.start(0)
        ft.wait_for("a checkpoint", lambda: self.client.get_status(
            "job").durable_version > 0)
        data, address = self.server.data, self.server.address
        self.server.stop(signal.SIGKILL)
        self.server = ft.Server("--listen", address, *self.flags, data=data)
        self.client = test_stream.Client(self.server)
        self.wait_version(self.version() + 5)
        out, errors = worker.communicate(timeout=60)
        w, version = self.client.pull("job")
        word = out.split("acked ")[1].split()
        self.assertEqual(-w[0], version, errors)
        self.assertEqual(int(word[0]) - int(word[2]), version, errors)


if __name__ == "__main__":
    unittest.main()
