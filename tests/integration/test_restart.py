#!/usr/bin/python3
"""Workers ride through crashes and restarts of their server: every gradient
is applied once or told as lost, and nothing durable is ever lost."""
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import flywheel_test as ft  # noqa: E402

S = ft.stubs()
TESTS = pathlib.Path(os.environ.get("FW_BUILD", "build-dev")) / "tests"
KILLS = int(os.environ.get("FW_KILLS", "6"))
BETWEEN_S = (0.05, 1.0)  # of kills; a checkpoint is begun every second
SAVING_S = 0.03  # at most, of a save when the kill comes
WORKERS = 4
ELEMENTS = int(os.environ.get("FW_SUM_ELEMENTS", "1000"))
CHUNK = 131072  # most elements a chunk


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Cluster:
    """A server that may die and come back at its address, and its workers."""

    def __init__(self, more=""):
        """`more` goes into the server's configuration."""
        self.data = tempfile.mkdtemp(prefix="flywheel-test-")
        self.config = pathlib.Path(self.data + ".yaml")
        self.config.write_text("checkpoint:\n  interval_s: 1\n  keep: 3\n"
                               + more)
        self.port = free_port()
        self.slowest = 0.0
        self.start()

    def start(self):
        begun = time.monotonic()
        self.server = ft.Server("--listen", f"127.0.0.1:{self.port}",
                                "--config", str(self.config), data=self.data)
        self.slowest = max(self.slowest, time.monotonic() - begun)
        self.status = S.status_grpc.StatusServiceStub(self.server.channel)

    def create(self, lease_ms=0, elements=ELEMENTS):
        S.job_grpc.JobServiceStub(self.server.channel).CreateJob(
            S.job.CreateJobRequest(spec=S.model.JobSpec(
                name="sum", tensors=[S.model.Tensor(name="w",
                                                    shape=[elements])],
                controller=S.model.Controller(
                    law="LAW_FIXED", reference_momentum=0.0,
                    reference_learning_rate=1.0),
                limits=S.model.Limits(lease_ms=lease_ms))), timeout=10)
        training = S.training_grpc.TrainingServiceStub(self.server.channel)
        training.Initialize((S.training.InitializeRequest(
            job="sum", offset=i, data=bytes(4 * min(CHUNK, elements - i)))
            for i in range(0, elements, CHUNK)), timeout=10)

    def job(self):
        return self.status.GetStatus(S.status.GetStatusRequest(job="sum"),
                                     timeout=10).jobs[0]

    def worker(self, i, mode, wait_us=200):
        return ft.Worker(
            [TESTS / "sum_driver", f"127.0.0.1:{self.port}", "sum", f"w{i}",
             str(ELEMENTS), str(i), mode, str(wait_us)])

    def parameters(self):
        import numpy
        training = S.training_grpc.TrainingServiceStub(self.server.channel)
        data = b"".join(p.data for p in training.Pull(
            S.training.PullRequest(job="sum"), timeout=10))
        return numpy.frombuffer(data, dtype="<f4")

    def remove(self):
        self.server.stop(signal.SIGKILL)
        self.server.remove()
        self.config.unlink()


class Words(unittest.TestCase):
    """What a person sees who watches a worker."""

    def flywheel(self, *words):
        done = subprocess.run(
            [ft.program("FLYWHEEL"), *words, "--server",
             self.cluster.server.address], text=True, capture_output=True,
            timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_worker_says_once_that_its_server_is_lost_and_once_that_it_is_back(
            self):
        self.cluster = Cluster()
        self.addCleanup(lambda: self.cluster.remove())
        self.flywheel("job", "create", "--name", "digits", "--model", "mlp")
        with tempfile.NamedTemporaryFile("w") as log:
            w = subprocess.Popen(
                [ft.program("FLYWHEEL"), "worker", "--job", "digits",
                 "--model", "mlp", "--quiet", "--server",
                 self.cluster.server.address], stderr=log)
            self.addCleanup(lambda: w.poll() is None and w.kill())
            status = lambda: self.cluster.status.GetStatus(
                S.status.GetStatusRequest(job="digits"), timeout=10).jobs[0]
            ft.wait_for("training", lambda: status().version > 0)
            self.flywheel("checkpoint", "save", "--job", "digits")
            self.cluster.server.process.kill()
            self.cluster.server.stop()
            said = lambda: pathlib.Path(log.name).read_text()
            ft.wait_for("a word", said)
            ft.select_nothing(1.5)  # it tries more than once
            self.cluster.start()
            version = status().version
            ft.wait_for("training again", lambda: status().version > version)
            ft.wait_for("a word more", lambda: "is back" in said())
            w.send_signal(signal.SIGINT)
            w.wait(timeout=30)
            self.assertRegex(
                said(), r"^worker: lost the server at 127.0.0.1:\d+ \(.+\); "
                r"trying again for 60 s\n"
                r"worker: the server at 127.0.0.1:\d+ is back after \d+\.\d "
                r"s(; \d+ gradients? (is|are) lost)?\n"
                r"worker: left after [^\n]*\n$")


class Log(unittest.TestCase):
    def test_a_long_log_that_nobody_reads_holds_no_worker_up(self):
        """The library logs on the thread that sends heartbeats."""
        long = 1 << 20  # of bytes: pipes hold 64 KiB
        w = ft.Worker([sys.executable, "-c", "import sys\n"
                       f"sys.stderr.write('x' * {long})\nprint('done')"])
        self.addCleanup(lambda: w.poll() is None and w.kill())
        ft.wait_for("a process to end", lambda: w.poll() is not None)
        out, log = w.communicate()
        self.assertEqual((out, len(log)), ("done\n", long))


class Restart(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster()
        self.cluster.create()
        self.workers = []

    def tearDown(self):
        for w in self.workers:
            if w.poll() is None:
                w.kill()
                w.communicate()
        self.cluster.remove()

    def begin(self):
        self.workers = [self.cluster.worker(i, ("push", "round")[i % 2])
                        for i in range(WORKERS)]
        ft.wait_for("all to have joined",
                    lambda: self.cluster.job().workers == WORKERS)

    def finish(self):
        """All end well, and the parameters hold what they say."""
        told = []
        for w in self.workers:
            out, log = w.communicate(timeout=300)
            self.assertEqual(w.returncode, 0, out[-300:] + log[-3000:])
            acked, lost = map(int, re.search(r"acked (\d+) lost (\d+)",
                                             out).groups())
            told.append((acked, lost))
        held = self.cluster.parameters()
        for i, (acked, lost) in enumerate(told):
            self.assertEqual(-held[i], acked - lost, f"worker {i}: {told}")
            self.assertGreater(acked - lost, 0)
        return told

    def save(self, server):
        """Ask for a checkpoint that a kill may come before."""
        return S.checkpoint_grpc.CheckpointServiceStub(
            server.channel).SaveCheckpoint.future(
                S.checkpoint.SaveCheckpointRequest(job="sum"), timeout=10)

    def test_a_server_killed_under_load_applies_each_gradient_once(self):
        """T1 and T7 in small."""
        dice = random.Random(7)
        begun = time.monotonic()
        lost_durable = saved = 0
        self.begin()
        for _ in range(KILLS):
            before = ft.wait_for("a checkpoint under load", lambda: (
                lambda j: j if j.durable_version > 0 else None)(
                    self.cluster.job()))
            ft.select_nothing(dice.uniform(*BETWEEN_S))
            durable = max(before.durable_version,
                          self.cluster.job().durable_version)
            save = self.save(self.cluster.server)
            ft.select_nothing(dice.uniform(0, SAVING_S))
            self.cluster.server.process.kill()
            if save.exception() is None:
                durable = max(durable, save.result().version)
                saved += 1
            self.cluster.server.stop()
            self.cluster.start()
            after = self.cluster.job()
            lost_durable += after.version < durable
            self.assertGreater(after.incarnation, before.incarnation)
            epochs = [w.epoch for w in after.worker]
            self.assertEqual(len(set(epochs)), len(epochs))
        told = self.finish()
        print(f"T1/T7: {KILLS} kills, {sum(a for a, _ in told)} gradients "
              f"acknowledged, {sum(x for _, x in told)} lost and told, "
              f"{saved} saves told durable, {KILLS - saved} cut short, "
              f"{lost_durable} durable lost, 0 applied twice, ready in "
              f"{self.cluster.slowest:.2f} s at worst; "
              f"{time.monotonic() - begun:.0f} s")
        self.assertEqual(lost_durable, 0)
        ft.wait_for("all to have left",
                    lambda: self.cluster.job().workers == 0)

    def test_a_server_that_goes_down_by_itself_loses_nothing(self):
        self.begin()
        for w in self.workers:
            w.stdout.readline()
        for _ in range(2):
            self.assertEqual(self.cluster.server.stop(), 0,
                             self.cluster.server.log.read_text()[-2000:])
            self.cluster.start()
            version = self.cluster.job().version
            ft.wait_for("training to go on",
                        lambda: self.cluster.job().version > version + 50)
        told = self.finish()
        self.assertEqual([lost for _, lost in told], [0] * WORKERS)

    def test_momentum_and_losses_come_back(self):
        self.begin()
        ft.wait_for("all workers",
                    lambda: self.cluster.job().workers == WORKERS)
        ft.wait_for("a checkpoint", lambda: self.cluster.job().durable_version)
        for w in self.workers:
            w.kill()
            w.communicate()
        self.workers = []
        self.assertEqual(self.cluster.server.stop(), 0)
        self.cluster.start()
        job = self.cluster.job()
        self.assertEqual(job.version, job.durable_version)
        self.assertEqual(job.gradients_applied, job.version)
        self.assertEqual(job.staleness.samples, min(4096, job.version))
        self.assertAlmostEqual(job.loss.training, 0.5)
        self.assertEqual(job.workers, WORKERS)  # their leases run anew


if __name__ == "__main__":
    unittest.main(verbosity=2)
