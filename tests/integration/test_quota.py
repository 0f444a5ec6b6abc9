#!/usr/bin/python3
"""What a job may use: rates slow its workers down and refuse none of their
gradients, by gRPC and by lanes; memory is granted when it is created."""
import json
import os
import pathlib
import subprocess
import sys
import threading
import time
import unittest
import urllib.request

import grpc
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import flywheel_test as ft  # noqa: E402
import test_lane  # noqa: E402
import test_stream  # noqa: E402
from google.rpc import status_pb2, error_details_pb2  # noqa: E402

S = test_stream.S
MIB = 1 << 20
BURST_S = 0.2  # that a bucket lends (server/job/bucket.h)
CONFIG = "limits: {job_memory_mb: 256, job_gradients_per_second: 1000}\n"
TESTS = pathlib.Path(os.environ.get("FW_BUILD", ".")) / "tests"


def details(error):
    """Reason and retry delay in seconds (None: not told) of an RpcError."""
    packed = dict(error.trailing_metadata())["grpc-status-details-bin"]
    info = error_details_pb2.ErrorInfo()
    retry = error_details_pb2.RetryInfo()
    delay = None
    for any_ in status_pb2.Status.FromString(packed).details:
        any_.Unpack(info)
        if any_.Unpack(retry):
            delay = retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9
    return info.reason, delay


class Flood:
    """A worker that sends gradients as fast as it is read, for a while."""

    def __init__(self, client, job, name, n, seconds, want=False):
        self.acks = []
        self.stream = client.open(job, name)
        self.thread = threading.Thread(
            target=self.run, args=(np.zeros(n, "<f4"), seconds, want))
        self.thread.start()

    def run(self, values, seconds, want):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.stream.gradient(len(self.acks) + 1, 0, values, samples=1,
                                 want_parameters=want)
            self.acks.append(self.stream.read_ack())
            if want:
                self.stream.read_version(len(values))

    def end(self):
        self.thread.join()
        self.stream.close()
        return len(self.acks)


class OnOneServer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        config = pathlib.Path(ft.tempfile.mkdtemp()) / "flywheel.yaml"
        config.write_text(CONFIG)
        cls.server = ft.Server("--config", str(config))
        cls.client = test_stream.Client(cls.server)
        ft.shutil.rmtree(config.parent)

    @classmethod
    def tearDownClass(cls):
        code = cls.server.stop()
        log = cls.server.log.read_text()
        cls.server.remove()
        assert code == 0, f"the server ended with {code}:\n{log}"

    def begin(self, job, n, **limits):
        self.client.create(job, n, **limits)
        self.client.initialize(job, np.zeros(n, "<f4"))

    def refusal(self, job, n, **limits):
        with self.assertRaises(grpc.RpcError) as caught:
            self.client.create(job, n, **limits)
        self.assertEqual(caught.exception.code(),
                         grpc.StatusCode.RESOURCE_EXHAUSTED)
        return details(caught.exception) + (caught.exception.details(),)

    def test_workers_share_the_rate_of_their_job_and_none_is_refused(self):
        rate, seconds = 40, 2.5
        self.begin("rate", 8, gradients_per_second=rate)
        began = time.monotonic()
        floods = [Flood(self.client, "rate", f"w{i}", 8, seconds)
                  for i in range(4)]
        counts = [f.end() for f in floods]
        took = time.monotonic() - began
        self.assertLessEqual(sum(counts), rate * (took + BURST_S) + 4)
        self.assertGreaterEqual(sum(counts), 0.4 * rate * seconds)
        self.assertGreater(min(counts), 0.5 * max(counts), counts)
        self.assertFalse([a for f in floods for a in f.acks if a.reason])
        quota = self.client.get_status("rate").quota
        self.assertEqual(quota.gradients_per_second, rate)
        ft.wait_for("the waits to be shown", lambda: self.client.get_status(
            "rate").quota.waited_seconds > 1)
        page = urllib.request.urlopen(
            f"http://{self.server.admin}/metrics", timeout=10).read().decode()
        waits = [line for line in page.splitlines() if line.startswith(
            'flywheel_job_throttled_total{job="rate"}')]
        self.assertGreater(float(waits[0].split()[1]), 10)

    def test_bytes_up_and_down_keep_to_the_rate(self):
        n, rate, seconds = MIB // 8, 8 * MIB, 1.5  # 512 KiB each way
        self.begin("bytes", n, bytes_per_second=rate)
        began = time.monotonic()
        rounds = Flood(self.client, "bytes", "w", n, seconds, want=True).end()
        took = time.monotonic() - began
        self.assertLessEqual(rounds * MIB, rate * (took + BURST_S) + MIB)
        self.assertGreaterEqual(rounds * MIB, 0.4 * rate * seconds)

    def test_first_parameters_come_at_the_rate_too(self):
        began = time.monotonic()
        self.begin("upload", MIB, bytes_per_second=4 * MIB)  # 4 MiB
        self.assertTrue(0.5 < time.monotonic() - began < 8)

    def test_a_pull_waits_and_one_that_cannot_is_told_when(self):
        n = MIB  # 4 MiB: 3.2 s each
        self.begin("pull", n, bytes_per_second=5 * MIB // 4)
        self.client.pull("pull")
        with self.assertRaises(grpc.RpcError) as caught:
            list(self.client.training.Pull(
                S.training.PullRequest(job="pull"), timeout=1))
        reason, delay = details(caught.exception)
        self.assertEqual(reason, "THROTTLED")
        self.assertTrue(1 < delay <= 3.2, delay)
        began = time.monotonic()
        self.assertEqual(len(self.client.pull("pull")[0]), n)
        self.assertGreater(time.monotonic() - began, 0.5)

    def test_lanes_keep_to_the_rate_too(self):
        rate, n = 20, 100000
        self.begin("lane", n, gradients_per_second=rate)
        joined = self.client.training.Join(S.training.JoinRequest(
            job="lane", worker="w", protocol_min=1, protocol_max=1),
            timeout=10)
        lane = test_lane.Lane(joined.lane_port)
        self.addCleanup(lane.close)
        lane.socket.sendall(test_lane.PREFACE)
        lane.send(open=S.training.TrainOpen(job="lane",
                                            session=joined.session))
        self.assertTrue(lane.next().HasField("opened"))
        values = np.zeros(n, "<f4").tobytes()
        began = time.monotonic()
        for i in range(1, 31):
            lane.send(gradient=S.training.GradientChunk(
                sequence=i, base_version=0, samples=1, data=values))
            self.assertEqual(lane.next().ack.sequence, i)
        self.assertGreater(time.monotonic() - began, 30 / rate - BURST_S - 0.1)
        self.assertLess(time.monotonic() - began, 8 * 30 / rate)

    def test_a_worker_of_the_library_just_slows_down(self):
        self.begin("sdk", 2, gradients_per_second=25)
        worker = subprocess.Popen(
            [TESTS / "sum_driver", self.server.address, "sdk", "w", "2", "0",
             "round"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        time_0 = time.monotonic()
        ft.wait_for("50 gradients", lambda: self.client.get_status(
            "sdk").gradients_applied >= 50)
        self.assertGreater(time.monotonic() - time_0, 1.5)
        out = worker.communicate(timeout=20)[0]
        self.assertEqual(worker.returncode, 0, out)
        self.assertEqual(self.client.get_status("sdk").gradients_refused, 0)

    def test_who_rests_longer_than_its_lease_keeps_it(self):
        self.begin("slow", 2, gradients_per_second=0.3, lease_ms=2000)
        stream = self.client.open("slow", "w")
        for i in range(1, 3):
            stream.gradient(i, 0, np.ones(2, "<f4"), samples=1)
        signs, acks = 0, 0
        while acks < 2:
            m = next(stream.answers)
            signs += m.HasField("heartbeat")
            acks += m.HasField("ack")
        self.assertGreaterEqual(signs, 2)
        self.assertEqual(self.client.get_status("slow").workers_lost, 0)
        stream.close()

    def test_memory_is_refused_at_the_beginning_with_its_figure(self):
        reason, delay, text = self.refusal("big", 4 * MIB,
                                           memory_bytes=60 * MIB)
        self.assertEqual((reason, delay), ("QUOTA_EXCEEDED", None))
        self.assertIn(f"{65 * MIB}", text)
        self.assertIn("raise limits.memory_bytes of the job", text)
        self.assertIn("limits.job_memory_mb of the server",
                      self.refusal("bigger", 20 * MIB)[2])
        self.assertIn("limits.job_gradients_per_second",
                      self.refusal("fast", 2, gradients_per_second=1001)[2])
        self.begin("fits", 4 * MIB, memory_bytes=65 * MIB)
        quota = self.client.get_status("fits").quota
        self.assertEqual(quota.memory_limit, 65 * MIB)
        self.assertTrue(16 * MIB <= quota.memory_bytes <= 33 * MIB)

    def test_a_job_that_asks_for_nothing_gets_what_the_server_gives(self):
        self.client.create("plain", 2)
        quota = self.client.get_status("plain").quota
        self.assertEqual(quota.memory_limit, 256 * MIB)
        self.assertEqual(quota.gradients_per_second, 1000)
        self.assertEqual(quota.bytes_per_second, 0)

    def test_who_may_come_later_is_told_when(self):
        self.begin("one", 2, max_workers=1)
        self.client.open("one", "a")
        with self.assertRaises(grpc.RpcError) as caught:
            self.client.open("one", "b")
        self.assertEqual(details(caught.exception), ("TOO_MANY_WORKERS", 5))

    def test_the_command_line_asks_and_shows(self):
        flywheel = [ft.program("FLYWHEEL")]
        server = ["--server", self.server.address]
        subprocess.run(flywheel + ["job", "create"] + server + [
            "--name", "cli", "--tensors", "w:2", "--memory-bytes", "1000000",
            "--bytes-per-second", "5000", "--gradients-per-second", "2.5"],
            check=True, stdout=subprocess.DEVNULL)

        def say(*words):
            return subprocess.run(flywheel + list(words) + server, check=True,
                                  text=True, capture_output=True).stdout

        self.assertIn("at most 2.5 gradients/s", say("job", "show", "cli"))
        limits = json.loads(say("job", "show", "cli", "--json"))["limits"]
        self.assertEqual((limits["memory_bytes"], limits["bytes_per_second"],
                          limits["gradients_per_second"]), (1000000, 5000, 2.5))
        text = say("status", "--job", "cli")
        self.assertIn("5000 bytes/s, 2.5 gradients/s", text)
        job = json.loads(say("status", "--job", "cli", "--json"))["jobs"][0]
        self.assertEqual(job["quota"]["memory_limit"], 1000000)


class OfItsOwn(unittest.TestCase):
    def test_a_server_goes_down_at_once_though_workers_rest(self):
        server = ft.Server()
        client = test_stream.Client(server)
        client.create("rest", 2, gradients_per_second=0.01)
        client.initialize("rest", np.zeros(2, "<f4"))
        stream = client.open("rest", "w")
        stream.gradient(1, 0, np.ones(2, "<f4"), samples=1)
        stream.read_ack()
        ft.wait_for("the worker to rest",
                    lambda: client.get_status("rest").quota.waits)
        began = time.monotonic()
        self.assertEqual(server.stop(), 0, server.log.read_text())
        self.assertLess(time.monotonic() - began, 10)
        server.remove()


if __name__ == "__main__":
    unittest.main(verbosity=2)
