#!/usr/bin/python3
"""What networks do to workers: cut, delayed, throttled, half-closed and
black-holed connections.  Gradients are applied once, calls end in time."""
import os
import pathlib
import random
import re
import signal
import socket
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import chaos  # noqa: E402
import flywheel_test as ft  # noqa: E402
import test_restart  # noqa: E402

S = test_restart.S
TESTS = test_restart.TESTS
ELEMENTS = test_restart.ELEMENTS
RECONNECTS = int(os.environ.get("FW_RECONNECTS", "100"))
GRADIENTS = int(os.environ.get("FW_GRADIENTS", "1000"))  # at least
WORKERS = int(os.environ.get("FW_WORKERS", "4"))
TRIALS = int(os.environ.get("FW_TRIALS", "1"))
ENDS = 200  # connections that end as soon as they have begun
CROWD = 50  # workers that are stopped at once
ELSEWHERE = "127.0.0.2"  # another address of this machine
LEASE_S = 2.0
# The lease ends to the millisecond, a status is 0.1 s old, a machine is loaded.
LATE_S = float(os.environ.get("FW_LATE_MS", "1000")) / 1000
TIMEOUT, STALE = 9, 5
LIVE, LOST = 1, 2


class Proxy(unittest.TestCase):
    def test_who_is_told_at_once_that_it_is_over_is_told(self):
        """An end that comes before the proxy has both directions."""
        server = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.addCleanup(server.close)
        proxy = chaos.Chaos(server.getsockname()[1])
        self.addCleanup(proxy.close)
        for _ in range(ENDS):
            with socket.create_connection(("127.0.0.1", proxy.port), 10) as s:
                server.accept()[0].close()
                self.assertEqual(s.recv(1), b"")
        ft.wait_for("all to have ended", lambda: proxy.ended == ENDS, 10)
        self.assertEqual(proxy.each(), [])


class Chaos(unittest.TestCase):
    def setUp(self):
        self.cluster = test_restart.Cluster()
        self.proxy = chaos.Chaos(self.cluster.port)
        self.workers = []

    def tearDown(self):
        for w in self.workers:
            if w.poll() is None:
                w.kill()
                w.communicate()
        self.proxy.close()
        self.cluster.remove()

    def begin(self, n, wait_us=200, lease_ms=0, *how):
        self.cluster.create(lease_ms)
        self.hire(n, f"127.0.0.1:{self.proxy.port}", wait_us, *how)

    def hire(self, n, address, wait_us, *how):
        self.workers = [ft.Worker(
            [TESTS / "sum_driver", address, "sum", f"w{i}", str(ELEMENTS),
             str(i), ("push", "round")[i % 2], str(wait_us), *how])
            for i in range(n)]

    def assert_all_live(self):
        for w in self.workers:
            if w.poll() is not None:
                out, log = w.communicate()
                self.fail(f"a worker ended: {out[-300:]} {log[-2000:]}")

    def finish(self):
        """Every gradient that was acknowledged is in, once, and no other."""
        told = []
        for w in self.workers:
            out, log = w.communicate(timeout=120)
            self.assertEqual(w.returncode, 0, out[-300:] + log[-3000:])
            acked, lost = map(int, re.search(r"acked (\d+) lost (\d+)",
                                             out).groups())
            self.assertEqual(lost, 0)
            told.append(acked)
        held = self.cluster.parameters()
        self.assertEqual([-int(x) for x in held[:len(told)]], told)
        self.assertEqual(self.cluster.job().workers_lost, 0)
        return sum(told)

    def cut(self, what):
        """Again and again, until there were enough; then the sum is exact."""
        dice = random.Random(11)
        begun = time.monotonic()
        # Who has not opened its session yet has nothing to come back to.
        ft.wait_for("all to train", lambda: self.assert_all_live() or sum(
            w.gradients > 0 for w in self.cluster.job().worker) >= WORKERS, 60)
        while self.proxy.ended < RECONNECTS:
            before = self.proxy.accepted
            # Who comes last waits longest before it tries again: it is not
            # cut each time before it got an answer, or its lease runs out.
            answered = dice.random() < 0.5
            ft.wait_for("workers to come back", lambda: (
                self.assert_all_live() or
                sum(x.answered or not answered for x in self.proxy.each())
                >= WORKERS), 60)
            ft.select_nothing(dice.uniform(0.0, 0.05))
            dice.choice([self.proxy.reset, self.proxy.reset,
                         self.proxy.half_close])()
            ft.wait_for("connections to end",
                        lambda: self.proxy.accepted > before, 60)
        ft.wait_for("enough gradients", lambda: self.assert_all_live() or
                    self.cluster.job().gradients_applied >= GRADIENTS, 1200)
        total = self.finish()
        print(f"T7: {WORKERS} workers, {total} gradients of {ELEMENTS} numbers "
              f"over {self.proxy.ended} cut {what} in "
              f"{time.monotonic() - begun:.0f} s: sum exact", flush=True)

    def test_cut_connections_lose_and_double_nothing(self):
        """T7: order-free exact sums over forced reconnects."""
        self.begin(WORKERS)
        self.cut("connections")

    def lane_port(self):
        training = S.training_grpc.TrainingServiceStub(
            self.cluster.server.channel)
        joined = training.Join(S.training.JoinRequest(
            job="sum", worker="scout", protocol_min=1, protocol_max=1),
            timeout=10)
        training.Leave(S.training.LeaveRequest(
            job="sum", session=joined.session), timeout=10)
        return joined.lane_port

    def test_cut_lanes_lose_and_double_nothing(self):
        """T7 beside gRPC: a lane is tried where the server's own ports are, so
        proxies have the same ones at another of this machine's addresses."""
        self.cluster.create()
        port = self.lane_port()
        calls = chaos.Chaos(self.cluster.port, (ELSEWHERE, self.cluster.port))
        self.addCleanup(calls.close)
        self.proxy.close()
        self.proxy = chaos.Chaos(port, (ELSEWHERE, port))
        self.hire(WORKERS, f"{ELSEWHERE}:{self.cluster.port}", 200, "lane")
        self.cut("lanes")

    def test_a_slow_link_is_only_slow(self):
        self.begin(2)
        self.proxy.delay = 0.002
        ft.wait_for("progress", lambda: self.cluster.job().version > 100)
        self.proxy.delay, self.proxy.rate = 0.0, 200_000
        version = self.cluster.job().version
        ft.wait_for("progress",
                    lambda: self.cluster.job().version > version + 20)
        self.proxy.rate = 0
        self.finish()

    def test_a_half_open_link_is_noticed_in_12_seconds(self):
        """T9: both ends notice, and the worker comes back by itself; its lease
        is longer than that, or it would have to join again."""
        self.begin(1, wait_us=1000, lease_ms=60000)
        ft.wait_for("training", lambda: self.cluster.job().version > 10)
        begun = time.monotonic()
        self.proxy.mode = "black hole"
        ft.wait_for("the end of a connection", lambda: self.proxy.ended, 40)
        noticed = self.proxy.ended_at - begun
        self.proxy.mode = "pass"
        version = self.cluster.job().version
        ft.wait_for("training to go on",
                    lambda: self.cluster.job().version > version + 10)
        print(f"T9: a black-holed connection was ended after {noticed:.1f} s")
        self.assertLess(noticed, 12)
        self.finish()

    def test_calls_into_a_black_hole_end_in_time(self):
        self.cluster.create()
        driver = ft.Worker(
            [TESTS / "sdk_driver", f"127.0.0.1:{self.proxy.port}", "sum",
             str(ELEMENTS), "f32", "1500:0", "pull", *["round"] * 100000])
        self.workers = []
        for line in driver.stdout:
            if line.startswith("round"):
                break
        self.proxy.mode = "black hole"
        out, _ = driver.communicate(timeout=60)
        failed = re.search(r"^round (\d+) \S+ ([\d.]+) ", out.replace(
            "round 0", "ok"), re.M)
        closed = float(re.search(r"^close ([\d.]+)", out, re.M)[1])
        self.assertEqual(int(failed[1]), TIMEOUT, out[-300:])
        self.assertLess(float(failed[2]), 3000)
        self.assertLess(closed, 3000)
        print(f"a call into a black hole ended after {float(failed[2]):.0f} ms "
              f"(timeout 1500), close after {closed:.0f} ms")


class Fence(unittest.TestCase):
    def setUp(self):
        self.cluster = test_restart.Cluster()
        S.job_grpc.JobServiceStub(self.cluster.server.channel).CreateJob(
            S.job.CreateJobRequest(spec=S.model.JobSpec(
                name="sum", tensors=[S.model.Tensor(name="w",
                                                    shape=[ELEMENTS])],
                controller=S.model.Controller(
                    law="LAW_FIXED", reference_momentum=0.0,
                    reference_learning_rate=1.0),
                limits=S.model.Limits(lease_ms=int(1000 * LEASE_S)))),
            timeout=10)
        S.training_grpc.TrainingServiceStub(
            self.cluster.server.channel).Initialize(iter([
                S.training.InitializeRequest(
                    job="sum", offset=0, data=bytes(4 * ELEMENTS))]),
            timeout=10)

    def tearDown(self):
        self.cluster.remove()

    def test_a_stopped_worker_is_fenced(self):
        """T8: lost in its lease, and what it sends later is refused."""
        begun = time.monotonic()
        late = []
        while len(late) < TRIALS:
            late += self.fence(min(CROWD, TRIALS - len(late)))
        late.sort()
        print(f"T8: {len(late)} stopped workers, all fenced, all that they "
              f"sent later refused; shown as lost {1000 * late[-1]:.0f} ms "
              f"after their lease at worst, {1000 * late[len(late) // 2]:.0f} "
              f"ms the median one; {time.monotonic() - begun:.0f} s")
        if not ft.is_sanitized():
            self.assertLess(late[-1], LATE_S)

    def states(self):
        """Gradients and state of each worker's newest session."""
        return {w.name: (w.gradients, w.state) for w in sorted(
            self.cluster.job().worker, key=lambda w: w.epoch)}

    def stop(self, names, workers):
        """When each was stopped, once all are at work."""
        ft.wait_for("all to train", lambda: (
            lambda now: all(now.get(n, (0, 0))[0] > 5 and now[n][1] == LIVE
                            for n in names))(self.states()), 60)
        stopped = {}
        for name, worker in zip(names, workers):
            worker.send_signal(signal.SIGSTOP)
            stopped[name] = time.monotonic()
        return stopped

    def fence(self, n):
        """So many workers at once; for each the seconds from the end of its
        lease to when it is shown as lost."""
        before = -self.cluster.parameters()[:n]
        names = [f"w{i}" for i in range(n)]
        workers = [self.cluster.worker(i, "push", 20000) for i in range(n)]
        for w in workers:
            self.addCleanup(lambda w=w: w.poll() is None and w.kill())
        stopped = self.stop(names, workers)
        late = {}

        def all_lost():
            now = self.states()
            for name in names:
                if name not in late and now[name][1] == LOST:
                    late[name] = (time.monotonic() - stopped[name] - LEASE_S)
            return len(late) == n

        ft.wait_for("them to be lost", all_lost, 20)
        log = self.cluster.server.log.read_text()
        for name in names:
            self.assertIn(f"event=worker_lost job=sum worker={name} ", log)
        held = -self.cluster.parameters()[:n]
        for w in workers:
            w.send_signal(signal.SIGCONT)
        for i, w in enumerate(workers):
            out, _ = w.communicate(timeout=60)
            acked = int(re.search(r"acked (\d+)", out)[1])
            self.assertIn(f"status {STALE} FENCED", out)
            # One answer may be on its way.
            self.assertIn(held[i] - before[i] - acked, (0, 1))
        self.assertTrue((-self.cluster.parameters()[:n] == held).all())
        return list(late.values())


if __name__ == "__main__":
    unittest.main(verbosity=2)
