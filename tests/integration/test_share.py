#!/usr/bin/python3
"""A job with many workers does not starve one with a single worker.

Both have the same model.  What is fair: half of the updates that the server
makes, or all that the lone worker can use.  By the number of workers it would
be a ninth; the greedy workers run at the lowest priority, so that the server
is measured and not how the machine shares itself among nine clients."""
import os
import pathlib
import subprocess
import sys
import time
import unittest

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import flywheel_test as ft  # noqa: E402
import test_stream  # noqa: E402

N = 1 << 18  # parameters: 1 MiB, two messages each way
GREEDY = 8
LEAST = 0.4  # of its fair part, with room for a loaded machine
TESTS = pathlib.Path(os.environ.get("FW_BUILD", ".")) / "tests"


class Share(unittest.TestCase):
    def setUp(self):
        self.server = ft.Server()
        self.client = test_stream.Client(self.server)
        self.workers = []
        for job in ("greedy", "small"):
            self.client.create(job, N)
            self.client.initialize(job, np.zeros(N, "<f4"))

    def tearDown(self):
        for worker in self.workers:
            worker.kill()
            worker.communicate()
        self.assertEqual(self.server.stop(), 0, self.server.log.read_text())
        self.server.remove()

    def work(self, job, name, by, priority):
        self.workers.append(subprocess.Popen(
            ["nice", "-n", str(priority), TESTS / "sum_driver",
             self.server.address, job, name, str(N), "0", "round", "0", by],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL))

    def applied(self, job):
        return self.client.get_status(job).gradients_applied

    def rates(self, seconds):
        """Updates a second of both jobs, from when all workers are at it."""
        for job, workers in (("small", 1),
                             ("greedy", len(self.workers) - 1)):
            ft.wait_for("all workers", lambda: workers == sum(
                w.gradients > 0 for w in self.client.get_status(job).worker))
        began = time.monotonic()
        before = [self.applied("small"), self.applied("greedy")]
        ft.select_nothing(seconds)
        after = [self.applied("small"), self.applied("greedy")]
        took = time.monotonic() - began
        return [(b - a) / took for a, b in zip(before, after)]

    def check(self, by):
        self.work("small", "w", by, 0)
        alone, _ = self.rates(1.0)
        for i in range(GREEDY):
            self.work("greedy", f"w{i}", by, 19)
        small, greedy = self.rates(2.0)
        fair = min(alone, (small + greedy) / 2)
        print(f"{by}: alone {alone:.0f}/s, beside {GREEDY} others {small:.0f}/s "
              f"and they {greedy:.0f}/s: {small / fair:.2f} of its fair part",
              flush=True)
        self.assertGreaterEqual(small, LEAST * fair)

    def test_by_lanes(self):
        self.check("lane")

    def test_by_shared_memory(self):
        self.check("local")

    def test_by_gRPC(self):
        self.check("grpc")


if __name__ == "__main__":
    unittest.main(verbosity=2)
