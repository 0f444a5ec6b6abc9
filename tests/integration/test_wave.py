#!/usr/bin/python3
"""Gradients that are stepped while they come (server/job/wave.h), over a lane:
parameters come before the gradient's end, and what goes wrong in the middle
leaves no trace."""
import itertools
import os
import pathlib
import re
import signal
import sys
import tempfile
import unittest

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import flywheel_test as ft  # noqa: E402
import test_lane  # noqa: E402
import test_restart  # noqa: E402
import test_sdk  # noqa: E402
import test_stream  # noqa: E402

S = test_lane.S
CHUNK = test_stream.CHUNK
N = 3 * CHUNK + 5
TESTS = pathlib.Path(os.environ.get("FW_BUILD", "build-dev")) / "tests"


class Waves(test_lane.Workbench):
    resends = True

    def setUp(self):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as config:
            config.write("limits: {wave_mb_per_second: 1}\n")  # any is quick
            config.flush()
            self.server = ft.Server("--config", config.name)
        self.client = test_stream.Client(self.server)
        self.client.create("job", N)
        self.client.initialize("job", np.zeros(N, "<f4"))
        self.joined = self.join("job", "w")
        self.sequence = 0
        self.lane = self.open()

    def open(self):
        lane = test_lane.Lane(self.joined.lane_port)
        self.addCleanup(lane.close)
        lane.socket.sendall(test_lane.PREFACE)
        lane.send(open=S.training.TrainOpen(
            job="job", session=self.joined.session, resends=self.resends))
        self.opened = lane.next().opened
        return lane

    def chunks(self, values):
        return [self.gradient(self.sequence, i, values[i:i + CHUNK])
                for i in range(0, N, CHUNK)]

    def begin(self, values):
        """All but the last chunk of the next gradient."""
        self.sequence += 1
        self.got = []
        for c in self.chunks(values)[:-1]:
            self.lane.send(gradient=c)

    def end(self, values):
        """The last chunk; the acknowledgement behind all parameters, or why
        the stream has ended."""
        self.lane.send(gradient=self.chunks(values)[-1])
        ack = None
        while ack is None or sum(len(p.data) for p in self.got) < 4 * N:
            m = self.lane.next()
            if isinstance(m, str):
                return m
            if m.HasField("ack"):
                ack = m.ack
            else:
                self.got.append(m.parameters)
        return ack

    def wave(self, values):
        """A gradient of `values` whose parameters come already and whose last
        chunk is due.  Parameters and version before it."""
        self.begin(np.ones(N, "<f4"))  # by the first it is known how fast
        self.end(np.ones(N, "<f4"))
        self.begin(values)
        while len(self.got) < len(self.chunks(values)) - 1:
            self.got.append(self.lane.next().parameters)
        return self.pull()

    def pull(self):
        return self.client.pull("job")

    def test_parameters_come_before_the_gradients_end(self):
        g = np.full(N, 0.5, "<f4")
        self.wave(g)
        ack = self.end(g)
        self.assertEqual((ack.sequence, ack.reason), (self.sequence, ""))
        self.assertEqual(ack.version, self.sequence)
        self.assertEqual({p.version for p in self.got}, {ack.version})
        got = np.frombuffer(b"".join(p.data for p in self.got), "<f4")
        w, version = self.pull()
        self.assertEqual(version, ack.version)
        np.testing.assert_array_equal(got, w)
        self.assertEqual(len(set(w.tolist())), 1)

    def test_a_worker_that_goes_in_the_middle_leaves_no_trace(self):
        w, version = self.wave(np.ones(N, "<f4"))
        self.lane.close()
        other = self.client.open("job", "other")
        other.gradient(1, version, np.zeros(N, "<f4"))
        self.assertEqual(other.read_ack().version, version + 1)
        other.close()
        self.lane = self.open()  # and may come back
        self.assertEqual(self.opened.sequence, self.sequence - 1)

    def test_another_gradient_overtakes_who_stops_in_the_middle(self):
        g = np.ones(N, "<f4")
        _, version = self.wave(g)
        other = self.client.open("job", "other")
        other.gradient(1, version, np.zeros(N, "<f4"))
        self.assertEqual(other.read_ack().version, version + 1)
        w, _ = self.pull()
        self.assertEqual(self.end(g), "OVERTAKEN")
        np.testing.assert_array_equal(self.pull()[0], w)
        self.lane = self.open()
        self.assertEqual(self.opened.sequence, self.sequence - 1)
        self.assertTrue(self.lane.next().ack.duplicate)
        self.sequence -= 1
        self.begin(g)  # again, whole
        self.assertEqual(self.end(g).version, version + 2)
        other.close()

    def test_a_bad_end_is_refused_and_nothing_has_happened(self):
        g = np.ones(N, "<f4")
        w, version = self.wave(g)
        g[-1] = np.nan
        self.assertEqual(self.end(g), "OVERTAKEN")
        after, now = self.pull()
        self.assertEqual(now, version)
        np.testing.assert_array_equal(after, w)
        self.lane = self.open()
        ack = self.lane.next().ack
        self.assertEqual((ack.sequence, ack.duplicate, ack.reason),
                         (self.sequence, True, "NON_FINITE"))


    def test_who_cannot_send_again_is_not_stepped_early(self):
        self.resends = False
        self.lane = self.open()
        for _ in range(2):
            self.begin(np.ones(N, "<f4"))
            self.lane.socket.settimeout(0.2)
            self.assertRaises(TimeoutError, self.lane.socket.recv, 1)
            self.lane.socket.settimeout(10)
            self.assertEqual(self.end(np.ones(N, "<f4")).reason, "")

    def refuse_one(self, job):
        """Rounds of the library, one of which is refused; whether that was
        found out at the end of a wave."""
        self.client.create(job, N)
        run = test_sdk.Run(test_sdk.start(
            self.server.address, job, N, "pull", "round", "round", "nan",
            "round", "same", "round", "pull", timeout_ms="20000:0"))
        ok, invalid = test_sdk.OK, test_sdk.INVALID
        self.assertEqual(run.outcomes()[1:], [
            ("pull", ok, "-"), ("round", ok, "-"), ("round", ok, "-"),
            ("nan", invalid, "NON_FINITE"), ("round", ok, "-"),
            ("same", invalid, "-"), ("round", ok, "-"), ("pull", ok, "-")])
        self.assertEqual(run.version, 4)
        i = (N - 1) % 64
        w, u = i / 8, 0.0
        for _ in range(4):
            u = 0.5 * u + i / 16
            w -= 0.01 * u
        self.assertAlmostEqual(run.last, w, delta=abs(w) * 1e-6)
        return (f"event=overtaken job={job} sequence=3 reason=NON_FINITE" in
                self.server.log.read_text())

    def test_the_library_tells_a_refusal_as_ever(self):
        """Also if it may not reconnect: nothing is wrong with the server."""
        self.lane.close()  # where cores are few, waves are for one lane alone
        names = (f"sdk-{i}" for i in itertools.count())
        ft.wait_for("a wave", lambda: self.refuse_one(next(names)), 60)


class Library(unittest.TestCase):
    """A worker of the library rides through all of it."""

    def test_each_gradient_is_applied_once_over_kills_of_the_server(self):
        for ground in ("tcp", "local"):
            cluster = test_restart.Cluster()
            self.addCleanup(cluster.remove)
            cluster.create(elements=N)
            worker = ft.Worker(
                [TESTS / "sum_driver", f"127.0.0.1:{cluster.port}", "sum",
                 "w0", str(N), "0", "round", "0", ground])
            self.addCleanup(lambda w=worker: w.poll() is None and w.kill())
            for _ in range(5):
                version = cluster.job().version
                ft.wait_for("training", lambda: (
                    cluster.job().version > version + 20 and
                    cluster.job().durable_version > 0))
                cluster.server.stop(signal.SIGKILL)
                cluster.start()
            out, log = worker.communicate(timeout=120)
            self.assertEqual(worker.returncode, 0, out[-300:] + log[-3000:])
            acked, lost = map(int, re.search(
                r"acked (\d+) lost (\d+)", out).groups())
            self.assertEqual(-cluster.parameters()[0], acked - lost)
            self.assertGreater(acked - lost, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
