#!/usr/bin/python3
"""Workers that rest: on the server they have no thread, and all goes on when
they do."""
import os
import pathlib
import struct
import subprocess
import sys
import unittest

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import flywheel_test as ft  # noqa: E402
import test_lane  # noqa: E402
import test_stream  # noqa: E402

S = test_stream.S
CHUNK = test_stream.CHUNK
WORKERS = 20 if ft.is_sanitized() else 200
LEASE_MS = 2000


def frame(**body):
    data = S.training.TrainRequest(**body).SerializeToString()
    return struct.pack("<I", len(data)) + data


BEAT = frame(heartbeat=S.training.Heartbeat())


class Idle(unittest.TestCase):
    def setUp(self):
        self.server = ft.Server()
        self.client = test_stream.Client(self.server)

    def tearDown(self):
        self.assertEqual(self.server.stop(), 0, self.server.log.read_text())
        self.server.remove()

    def threads(self):
        """Of lanes."""
        tasks = pathlib.Path(f"/proc/{self.server.process.pid}/task")
        names = []
        for comm in tasks.glob("*/comm"):
            try:
                names.append(comm.read_text().strip())
            except (FileNotFoundError, ProcessLookupError):
                pass  # it has just ended
        return names.count("lane")

    def lane(self, worker):
        joined = self.client.training.Join(S.training.JoinRequest(
            job="job", worker=worker, protocol_min=1, protocol_max=1),
            timeout=10)
        lane = test_lane.Lane(joined.lane_port)
        self.addCleanup(lane.close)
        lane.socket.sendall(test_lane.PREFACE)
        lane.send(open=S.training.TrainOpen(job="job", session=joined.session))
        self.assertTrue(lane.next().HasField("opened"))
        return lane

    def begin(self, n, lanes, **controller):
        """A job of n zeros and lanes to it that rest."""
        self.client.jobs.CreateJob(S.job.CreateJobRequest(spec=S.model.JobSpec(
            name="job", tensors=[S.model.Tensor(name="w", shape=[n])],
            limits=S.model.Limits(lease_ms=60_000),
            controller=S.model.Controller(
                law=S.model.LAW_FIXED, reference_momentum=0.5,
                reference_learning_rate=0.01, **controller))), timeout=10)
        self.client.initialize("job", np.zeros(n, "<f4"))
        opened = [self.lane(f"w{i}") for i in range(lanes)]
        self.assertGreater(self.threads(), 0)
        self.rest()
        return opened

    def rest(self):
        ft.wait_for("the lanes to rest", lambda: not self.threads())

    def gradient(self, lane, sequence, n, base=0):
        for at in range(0, n, CHUNK):
            size = min(CHUNK, n - at)
            lane.send(gradient=S.training.GradientChunk(
                sequence=sequence, base_version=base, samples=1, loss=1.0,
                want_parameters=True, offset=at,
                data=np.ones(size, "<f4").tobytes()))

    def round(self, lane, n):
        """The rest of a round: its version."""
        got, ack = 0, None
        while got < n or ack is None:
            m = lane.next()
            got += len(m.parameters.data) // 4
            ack = m.ack if m.HasField("ack") else ack
        self.assertEqual(ack.reason, "")
        return ack.version

    def test_a_resting_worker_gets_its_answers_and_works_again(self):
        n = 3 * CHUNK + 5
        lane, = self.begin(n, 1)
        for beats in (1, 2, 30):
            lane.socket.sendall(BEAT * beats)
            ft.wait_for("the server to have read them", lambda: not any(
                self.unread(lane)))
        self.assertTrue(lane.next().HasField("heartbeat"))
        self.rest()
        for i in range(1, 4):
            self.gradient(lane, i, n, i - 1)
            self.assertEqual(self.round(lane, n), i)
            self.rest()
        lane.send(parameters=S.training.ParametersRequest())
        self.assertEqual(lane.next().parameters.version, 3)

    def test_a_frame_that_comes_in_pieces_is_waited_for(self):
        lane, = self.begin(2, 1)
        data = frame(gradient=S.training.GradientChunk(
            sequence=1, samples=1, loss=1.0,
            data=np.ones(2, "<f4").tobytes()))
        for piece in (data[:1], data[1:7], data[7:]):
            lane.socket.sendall(BEAT + piece if piece == data[:1] else piece)
            ft.wait_for("the server to have read it", lambda: not any(
                self.unread(lane)))
        self.assertTrue(lane.next().HasField("heartbeat"))
        self.assertEqual(lane.next().ack.version, 1)

    def unread(self, lane):
        """Bytes that wait at the server for this connection."""
        port = lane.socket.getsockname()[1]
        for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
            words = line.split()
            if words[2].endswith(f":{port:04X}"):
                yield int(words[4].split(":")[1], 16)

    def test_what_a_group_waits_for_reaches_those_that_rest(self):
        n = 2 * CHUNK
        first, second = self.begin(n, 2, groups=1)
        self.gradient(first, 1, n)
        self.rest()  # its answer comes when the other one has pushed
        self.gradient(second, 1, n)
        self.assertEqual((self.round(first, n), self.round(second, n)), (1, 1))

    def test_one_that_goes_away_while_it_rests_is_gone(self):
        lanes = self.begin(2, 3)
        lanes[0].close()
        lanes[1].socket.sendall(b"\xff\xff\xff\x7f")
        self.assertEqual(lanes[1].next(), "MESSAGE_TOO_LARGE")
        lanes[2].socket.sendall(BEAT)
        self.assertTrue(lanes[2].next().HasField("heartbeat"))

    def test_many_idle_workers_are_kept_woken_and_lost(self):
        self.client.create("many", 1000, lease_ms=LEASE_MS, max_workers=1000)
        self.client.initialize("many", np.zeros(1000, "<f4"))
        workers = subprocess.Popen(
            [pathlib.Path(os.environ["FW_BUILD"]) / "tests/bench_many",
             self.server.address, "many", "w", str(WORKERS), "1000", "lane"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            self.assertEqual(workers.stdout.readline(), "ready\n")
            joined = self.client.get_status("many").age_ms
            self.rest()
            ft.wait_for("two leases to go by", lambda: self.client.get_status(
                "many").age_ms > 2 * LEASE_MS + joined)
            status = self.client.get_status("many")
            self.assertEqual((status.workers, status.workers_lost),
                             (WORKERS, 0))
            workers.stdin.write("once\n")
            workers.stdin.flush()
            self.assertEqual(workers.stdout.readline(), "done\n")
            ft.wait_for("each one's gradient", lambda: self.client.get_status(
                "many").version == WORKERS)
        finally:
            workers.kill()
            workers.communicate()
        ft.wait_for("all to be lost", lambda: self.client.get_status(
            "many").workers_lost == WORKERS)
        self.rest()


if __name__ == "__main__":
    unittest.main()
