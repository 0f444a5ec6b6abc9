#!/usr/bin/python3
"""libflywheel against a real server: it trains, every refusal is named and
harmless, and no failure of the server keeps a worker waiting."""
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import flywheel_test as ft  # noqa: E402

S = ft.stubs()
TESTS = pathlib.Path(os.environ.get("FW_BUILD", "build-dev")) / "tests"
OK, INVALID, NOT_FOUND, STALE, UNAVAILABLE, TIMEOUT = 0, 2, 3, 5, 8, 9
CHUNK = 131072  # most elements a message
N_BIG = 4_000_000  # 16 MB: more than the buffers on the way hold


class Run:
    """What sdk_driver said."""

    def __init__(self, process, seconds=120):
        self.out, self.log = process.communicate(timeout=seconds)
        self.code = process.returncode
        assert "Sanitizer" not in self.log, self.log
        self.steps = [(m[1], int(m[2]), m[3], float(m[4]), m[5])
                      for m in re.finditer(
                          r"^([a-z:0-9]+) (\d+) (\S+) ([\d.]+) ?(.*)$",
                          self.out, re.MULTILINE) if m[1] != "version"]
        end = re.search(r"^version (\d+) first (\S+) last (\S+) momentum (\S+) "
                        r"rate (\S+)\nclose ([\d.]+)$", self.out, re.MULTILINE)
        assert end, f"the driver died ({self.code}):\n{self.out}{self.log}"
        self.version = int(end[1])
        self.first, self.last = float(end[2]), float(end[3])
        self.momentum, self.rate = float(end[4]), float(end[5])
        self.close_ms = float(end[6])

    def outcomes(self):
        return [(s[0], s[1], s[2]) for s in self.steps]


def start(address, job, n, *actions, dtype="f32", timeout_ms=20000):
    return subprocess.Popen(
        [TESTS / "sdk_driver", address, job, str(n), dtype, str(timeout_ms),
         *actions], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


class Sdk(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = ft.Server()
        cls.address = cls.server.address
        cls.jobs = S.job_grpc.JobServiceStub(cls.server.channel)
        cls.status = S.status_grpc.StatusServiceStub(cls.server.channel)

    @classmethod
    def tearDownClass(cls):
        code = cls.server.stop()
        log = cls.server.log.read_text()
        cls.server.remove()
        assert code == 0, f"the server ended with {code}:\n{log}"

    def create(self, name, tensors, **limits):
        self.jobs.CreateJob(S.job.CreateJobRequest(spec=S.model.JobSpec(
            name=name,
            tensors=[S.model.Tensor(name=k, shape=v)
                     for k, v in tensors.items()],
            controller=S.model.Controller(
                law="LAW_FIXED", reference_momentum=0.5,
                reference_learning_rate=0.25),
            limits=S.model.Limits(**limits))), timeout=10)

    def run_driver(self, job, n, *actions, **options):
        return Run(start(self.address, job, n, *actions, **options))

    def job_status(self, job):
        return self.status.GetStatus(S.status.GetStatusRequest(job=job),
                                     timeout=10).jobs[0]

    def await_status(self, job, holds):
        """The status is published now and then: wait until `holds`."""
        ft.wait_for(f"the status of {job}",
                    lambda: holds(self.job_status(job)))

    def test_the_example_in_the_header_learns(self):
        self.create("linear", {"weight": [3], "bias": []})
        done = subprocess.run([TESTS / "sdk_example", self.address, "400"],
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        loss = float(re.search(r"loss=(\S+)", done.stdout)[1])
        self.assertLess(loss, 1e-6, done.stdout)
        self.await_status("linear", lambda s: s.version == 400)

    def test_the_example_complains_where_there_is_no_job(self):
        self.create("other", {"w": [1]})
        done = subprocess.run([TESTS / "sdk_driver", self.address, "nowhere",
                               "3", "f32", "5000"],
                              capture_output=True, text=True, timeout=60)
        self.assertIn(f"open {NOT_FOUND} JOB_NOT_FOUND", done.stdout)

    def check_arithmetic(self, job, n, dtype):
        """Two rounds and a push of i/16 on i/8 follow momentum SGD."""
        self.create(job, {"w": [n]})
        run = self.run_driver(job, n, "pull", "round", "round", "push", "pull",
                              "report", dtype=dtype)
        self.assertEqual([s[1] for s in run.steps], [OK] * 7, run.out)
        i = (n - 1) % 64
        w, u, g = i / 8, 0.0, i / 16
        for _ in range(3):
            u = 0.5 * u + g
            w -= 0.25 * u
        self.assertEqual(run.version, 3)
        self.assertEqual(run.first, 0.0)
        self.assertAlmostEqual(run.last, w, delta=abs(w) * (
            1e-6 if dtype == "f32" else 1 / 128))
        self.assertEqual((run.momentum, run.rate), (0.5, 0.25))
        self.await_status(job, lambda s: s.loss.accuracy == 0.5)

    def test_a_round_is_a_step_of_sgd(self):
        self.check_arithmetic("one-chunk", 63, "f32")

    def test_many_chunks_are_put_together_in_order(self):
        self.check_arithmetic("chunks", 5 * CHUNK + 31, "f32")
        self.check_arithmetic("full-chunks", 2 * CHUNK, "f32")

    def test_bf16_travels_both_ways(self):
        self.check_arithmetic("halves", 3 * CHUNK + 31, "bf16")

    def test_coarse_gradients_come_back_as_bf16_parameters(self):
        self.check_arithmetic("int8", 3 * CHUNK + 31, "int8")
        self.check_arithmetic("int8-whole", 512, "int8")
        self.check_arithmetic("topk", 3 * CHUNK + 31, "topk")

    def test_a_coarse_gradient_that_is_not_finite_is_refused(self):
        for dtype in "int8", "topk":
            job = "refused-" + dtype
            self.create(job, {"w": [1000]})
            run = self.run_driver(job, 1000, "pull", "nan", "round",
                                  dtype=dtype)
            self.assertEqual(run.outcomes()[1:], [
                ("pull", OK, "-"), ("nan", INVALID, "NON_FINITE"),
                ("round", OK, "-")])

    def test_a_refused_gradient_is_named_and_the_stream_goes_on(self):
        self.create("refusals", {"w": [1000]})
        run = self.run_driver("refusals", 1000, "pull", "nan", "round", "ahead",
                              "push", "nan", "round", "pull")
        self.assertEqual(run.outcomes()[1:], [
            ("pull", OK, "-"), ("nan", INVALID, "NON_FINITE"),
            ("round", OK, "-"), ("ahead", INVALID, "VERSION_AHEAD"),
            ("push", OK, "-"), ("nan", INVALID, "NON_FINITE"),
            ("round", OK, "-"),
            ("pull", OK, "-")])
        self.assertEqual(run.version, 3)
        self.await_status("refusals", lambda s: (
            s.gradients_applied, s.gradients_refused) == (3, 3))

    def test_a_wrong_shape_is_refused_at_open(self):
        self.create("shapes", {"w": [5]})
        run = self.run_driver("shapes", 6, "pull")
        self.assertEqual(run.outcomes(), [("open", INVALID, "SHAPE_MISMATCH")])

    def test_leaving_is_seen_at_once(self):
        self.create("leavers", {"w": [2]})
        run = self.run_driver("leavers", 2, "pull")
        self.assertLess(run.close_ms, 2000)
        self.await_status("leavers", lambda s: s.workers == 0 and [
            w.state for w in s.worker] == [S.status.WORKER_STATE_LEFT])

    def test_heartbeats_keep_the_lease_of_an_idle_worker(self):
        self.create("idlers", {"w": [2]}, lease_ms=2000)
        run = self.run_driver("idlers", 2, "pull", "wait:5", "round")
        self.assertEqual([s[1] for s in run.steps], [OK] * 4, run.out)
        self.assertEqual(self.job_status("idlers").workers_lost, 0)

    def test_where_nobody_listens_the_address_and_why_are_told(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))  # taken, but not listening
            address = "127.0.0.1:%d" % s.getsockname()[1]
            run = Run(start(address, "job", 1, timeout_ms=700))
        (_, status, _, ms, text), = run.steps
        self.assertEqual(status, UNAVAILABLE)
        self.assertIn(f"no flywheel server at {address}: ", text)
        self.assertIn("refused", text)
        self.assertLess(ms, 4000)

    def test_an_address_without_a_port_is_refused(self):
        for address in ("localhost", "localhost:", "localhost:65536"):
            run = Run(start(address, "job", 1))
            self.assertEqual(run.steps[0][1], INVALID)
            self.assertIn("HOST:PORT", run.steps[0][4])


class DyingServer(unittest.TestCase):
    """A server of its own for each test, which is stopped or killed."""

    def setUp(self):
        self.server = ft.Server()
        S.job_grpc.JobServiceStub(self.server.channel).CreateJob(
            S.job.CreateJobRequest(spec=S.model.JobSpec(
                name="big", tensors=[S.model.Tensor(name="w", shape=[N_BIG])],
                controller=S.model.Controller(
                    law="LAW_FIXED", reference_momentum=0.5,
                    reference_learning_rate=0.25))), timeout=10)

    def tearDown(self):
        self.server.stop(signal.SIGKILL)
        self.server.remove()

    def lines_until(self, process, word):
        for line in process.stdout:
            if line.startswith(word):
                return
        self.fail(f"no '{word}' from the driver")

    def test_a_killed_server_fails_the_call_at_once(self):
        process = start(self.server.address, "big", N_BIG, "pull",
                        *["round"] * 1000, timeout_ms="20000:0")
        self.lines_until(process, "round")
        self.server.process.kill()
        run = Run(process)
        failed = [s for s in run.steps if s[1] != OK]
        self.assertTrue(failed, run.out)
        self.assertTrue(all(s[1] == UNAVAILABLE for s in failed), run.out)
        self.assertLess(failed[0][3], 5000)
        self.assertLess(run.close_ms, 3000)
        self.assertIn("log: the session with", run.log)

    def test_a_server_that_stays_away_is_waited_for_as_long_as_said(self):
        process = start(self.server.address, "big", N_BIG, "pull",
                        *["round"] * 1000, timeout_ms="20000:2000")
        self.lines_until(process, "round")
        self.server.process.kill()
        run = Run(process)
        failed = [s for s in run.steps if s[1] != OK]
        self.assertTrue(all(s[1] == UNAVAILABLE for s in failed), run.out)
        self.assertEqual(len(re.findall(
            r"^log: lost the server at .*; trying again for 2 s$", run.log,
            re.M)), 1, run.log)
        self.assertGreater(failed[0][3], 1900)
        self.assertLess(failed[0][3], 4000)
        self.assertLess(run.close_ms, 3000)

    def test_a_frozen_server_fails_the_call_in_time(self):
        process = start(self.server.address, "big", N_BIG, "pull", "round",
                        *["round"] * 200, timeout_ms=1500)
        self.lines_until(process, "round")
        self.server.process.send_signal(signal.SIGSTOP)
        run = Run(process)
        self.server.process.send_signal(signal.SIGCONT)
        failed = [s for s in run.steps if s[1] != OK]
        self.assertEqual(failed[0][1], TIMEOUT, run.out)
        # What gRPC holds of the gradient comes back by TCP's own timeout.
        self.assertLess(failed[0][3], 16000, run.out)
        self.assertLess(run.close_ms, 16000)


if __name__ == "__main__":
    unittest.main(verbosity=2)
