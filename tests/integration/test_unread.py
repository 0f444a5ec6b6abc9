#!/usr/bin/python3
"""Clients that ask for parameters and do not read them, or stop in the midst of
a gradient, hold room that others need: they are ended in time, and training
goes on."""
import concurrent.futures
import os
import pathlib
import sys
import tempfile
import threading
import unittest

import grpc
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import flywheel_test as ft  # noqa: E402
import h2_abuse  # noqa: E402
import test_lane  # noqa: E402
import test_restart  # noqa: E402
import test_stream  # noqa: E402

S = test_stream.S
UNREAD_MS = 1000
IDLE_MS = 1000
READ_MB = 5  # a second: all of it takes two, and UNREAD_MS
GUESTS = 20
WATCHERS = 8
LEASE_MS = 2000
LIVE, LOST = 1, 2
N = 2_500_000  # 10 MB: more than sockets hold
SLOW_S = 4  # longer than READ_MB allows for
UPLOADS = 6
PINS = 3  # readers; the job has no room for one more version


class Watchers(test_lane.Workbench):
    """With the usual time to read in: nobody's place gets free by itself."""

    def setUp(self):
        f = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()),
                         "c.yaml")
        f.write_text(f"limits: {{max_watchers: {WATCHERS}}}\n")
        self.server = ft.Server("--config", str(f))
        self.client = test_stream.Client(self.server)
        self.client.create("job", N)

    def watch(self):
        """One that watches; None if it may not."""
        call = S.status_grpc.StatusServiceStub(self.server.channel).WatchStatus(
            S.status.WatchStatusRequest(job="job"), timeout=60)
        try:
            next(call)
            return call
        except grpc.RpcError as e:
            self.assertEqual(e.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)
            return None

    def test_so_many_may_watch_and_no_more(self):
        watching = [self.watch() for _ in range(WATCHERS)]
        self.assertNotIn(None, watching)
        self.assertIsNone(self.watch())
        watching[3].cancel()
        # kept: one that nobody holds any more is cancelled
        watching[3] = ft.wait_for("a place", self.watch)
        self.assertIsNone(self.watch())


class Unread(test_lane.Workbench):
    def setUp(self):
        f = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()),
                         "c.yaml")
        f.write_text(f"limits: {{unread_ms: {UNREAD_MS}, idle_ms: {IDLE_MS}, "
                     f"read_mb_per_second: {READ_MB}}}\n")
        self.joined = 0
        self.server = ft.Server("--config", str(f))
        self.client = test_stream.Client(self.server)
        self.client.create("job", N, buffer_bytes=1,  # as little as can be
                           lease_ms=LEASE_MS)
        self.client.initialize("job", np.zeros(N, "<f4"))

    def version(self):
        return self.client.get_status("job").version

    def train(self):
        worker = ft.Worker([test_restart.TESTS / "sum_driver",
                            self.server.address, "job", "w", str(N), "0",
                            "push", "200"])
        self.addCleanup(lambda: worker.poll() is None and worker.kill())
        ft.wait_for("training", lambda: self.version() > 2)
        return worker

    def goes_on(self, ended, why="unread"):
        """Once the so manieth reader was ended: till then there is no room."""
        ft.wait_for("its end", lambda: self.server.log.read_text().count(
            f"event=call_cut why={why}") == ended)
        version = self.version()
        ft.wait_for("training to go on", lambda: self.version() > version + 5)

    def end(self, worker):
        out, _ = worker.communicate(timeout=60)
        self.assertIn("lost 0 status 0", out)

    def pull(self):
        """One that has begun, and whose channel buffers little."""
        channel = grpc.insecure_channel(self.server.address, options=[
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.http2.lookahead_bytes", 4096),
            ("grpc.http2.bdp_probe", 0)])
        self.addCleanup(channel.close)
        call = S.training_grpc.TrainingServiceStub(channel).Pull(
            S.training.PullRequest(job="job"), timeout=600)
        return call, next(call)

    def test_pulls_that_nobody_reads_do_not_stop_training(self):
        worker = self.train()
        for i in range(PINS):
            call, _ = self.pull()
            self.goes_on(i + 1)
            with self.assertRaises(grpc.RpcError) as e:
                list(call)
            self.assertEqual(e.exception.code(), grpc.StatusCode.UNAVAILABLE)
        self.end(worker)

    def test_lanes_that_nobody_reads_do_not_stop_training(self):
        worker = self.train()
        for i in range(PINS):
            lane = self.open_lane(self.join("job", f"idle{i}"))
            lane.send(parameters=S.training.ParametersRequest())
            self.goes_on(i + 1)
        self.end(worker)

    def half(self):
        """The first chunk of a gradient that has more."""
        return S.training.GradientChunk(
            sequence=1, samples=1, loss=1.0, offset=0,
            data=np.zeros(test_stream.CHUNK, "<f4").tobytes())

    def states(self):
        return {w.name: w.state for w in self.client.get_status("job").worker}

    def room_comes_back(self, worker):
        """When the lease of who stopped has run out; who had to wait for it
        all the time has kept its own."""
        ft.wait_for("it to be lost",
                    lambda: self.states().get("half") == LOST)
        self.assertEqual(self.states()["w"], LIVE)
        version = self.version()
        ft.wait_for("training to go on", lambda: self.version() > version + 20)
        self.end(worker)

    def test_half_a_gradient_takes_room_for_a_lease_at_most(self):
        worker = self.train()
        joined = self.join("job", "half")
        channel = grpc.insecure_channel(self.server.address, options=[
            ("grpc.use_local_subchannel_pool", 1)])
        self.addCleanup(channel.close)
        stream = test_stream.Stream(S.training_grpc.TrainingServiceStub(
            channel), "job", joined.session)
        stream.send(gradient=self.half())
        self.room_comes_back(worker)

    def test_half_a_gradient_on_a_lane_takes_no_more(self):
        worker = self.train()
        lane = self.open_lane(self.join("job", "half"))
        lane.send(gradient=self.half())
        self.room_comes_back(worker)
        self.assertEqual(lane.next(), "FENCED")

    def upload(self, job, *offsets, stay=False):
        """Chunks of zeros at these elements, and no end if it is to stay."""
        go = threading.Event()
        self.addCleanup(go.set)

        def chunks():
            for at in offsets:
                yield S.training.InitializeRequest(
                    job=job, offset=at, data=bytes(4 * test_stream.CHUNK))
            if stay:
                go.wait()

        return self.client.training.Initialize(chunks(), timeout=60)

    def test_an_upload_that_stops_is_ended(self):
        self.client.create("fresh", N)
        with self.assertRaises(grpc.RpcError) as e:
            self.upload("fresh", 0, test_stream.CHUNK, stay=True)
        self.assertEqual(e.exception.code(),
                         grpc.StatusCode.DEADLINE_EXCEEDED)
        self.assertIn("stopped", e.exception.details())

    def test_first_parameters_that_come_late_are_let_by(self):
        before = self.version()
        self.assertTrue(self.client.initialize(
            "job", np.ones(N, "<f4")).already_initialized)
        self.assertEqual(self.version(), before)
        for offsets in (test_stream.CHUNK,), (0, 0), (0, 7):
            with self.assertRaises(grpc.RpcError) as e:
                self.upload("job", *offsets)
            self.assertEqual(e.exception.code(),
                             grpc.StatusCode.INVALID_ARGUMENT)

    def fds(self):
        return len(os.listdir(f"/proc/{self.server.process.pid}/fd"))

    def test_who_has_called_and_does_not_go_is_not_kept(self):
        """gRPC has hung up; the client neither reads that nor closes."""
        frame = h2_abuse.frame
        before = self.fds()
        guests = []
        for _ in range(GUESTS):
            guests.append(h2_abuse.connect(self.server.address))
            self.addCleanup(guests[-1].close)
            guests[-1].sendall(
                h2_abuse.PREFACE + frame(h2_abuse.SETTINGS, 0, 0)
                + frame(h2_abuse.HEADERS, h2_abuse.END_HEADERS, 1,
                        h2_abuse.headers())
                + frame(h2_abuse.DATA, 1, 1, bytes(5)))
        ft.wait_for("all to be let in", lambda: self.fds() >= before + GUESTS)
        ft.wait_for("all to be let go of", lambda: self.fds() <= before)

    def read(self, call, seconds):
        """All of it, evenly, in so many seconds; how many bytes came."""
        got = 0
        for m in call:
            ft.select_nothing(seconds * test_stream.CHUNK / N)
            got += len(m.data)
        return got

    def test_who_reads_slowly_is_not_ended(self):
        call, first = self.pull()
        self.assertEqual(len(first.data) + self.read(call, SLOW_S), 4 * N)

    def test_who_reads_slowly_and_has_others_wait_is_ended(self):
        worker = self.train()
        for i in range(PINS):
            call, _ = self.pull()
            reader = concurrent.futures.ThreadPoolExecutor().submit(
                self.read, call, 4 * SLOW_S)
            self.goes_on(i + 1, "slow")
            self.assertEqual(reader.exception().code(),
                             grpc.StatusCode.UNAVAILABLE)
            self.assertIn("too slowly", reader.exception().details())
        self.end(worker)

    def test_a_lane_that_is_read_slowly_and_has_others_wait_is_ended(self):
        worker = self.train()
        lane = self.open_lane(self.join("job", "slow"))
        lane.send(parameters=S.training.ParametersRequest())
        reader = concurrent.futures.ThreadPoolExecutor().submit(
            self.drip, lane.socket)
        self.goes_on(1, "slow")
        self.assertLess(reader.result(), 4 * N)
        self.end(worker)

    def drip(self, connection):
        """Read until it ends, never for long nothing."""
        got = 0
        try:
            while more := connection.recv(1 << 16):
                got += len(more)
                ft.select_nothing(4 * SLOW_S * (1 << 16) / (4 * N))
        except OSError:
            pass
        return got

    def memory(self, job):
        """Of a job, which tells it anew when something happens to it."""
        self.joined += 1
        self.join(job, f"looks{self.joined}")
        return self.client.get_status(job).quota.memory_bytes

    def test_uploads_take_no_more_room_than_there_is(self):
        """The others rest; who has its turn and sends all of it wins."""
        self.client.create("fresh", N, buffer_bytes=1)
        momentum = self.memory("fresh")
        pool = concurrent.futures.ThreadPoolExecutor(UPLOADS + 1)
        stopped = [pool.submit(self.upload, "fresh", 0, stay=True)
                   for _ in range(UPLOADS)]
        ft.wait_for("as many as there is room for",
                    lambda: self.memory("fresh") > momentum + 4 * N)
        good = pool.submit(self.client.initialize, "fresh", np.ones(N, "<f4"))
        while not good.done():
            self.assertLess(self.memory("fresh"), momentum + 2.2 * 4 * N)
            ft.select_nothing(0.05)
        self.assertFalse(good.result().already_initialized)
        for u in stopped:
            self.assertEqual(u.exception().code(),
                             grpc.StatusCode.DEADLINE_EXCEEDED)

    def test_many_first_parameters_at_once_are_one(self):
        self.client.create("fresh", N, buffer_bytes=1)
        with concurrent.futures.ThreadPoolExecutor(UPLOADS) as pool:
            answers = list(pool.map(
                lambda i: self.client.initialize(
                    "fresh", np.full(N, i, "<f4")).already_initialized,
                range(UPLOADS)))
        self.assertEqual(answers.count(False), 1)
        values, _ = self.client.pull("fresh")
        self.assertTrue((values == answers.index(False)).all())


if __name__ == "__main__":
    unittest.main(verbosity=2)
