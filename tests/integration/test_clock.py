#!/usr/bin/python3
"""T18: the wall clock jumps by hours and days, back and forth; no lease runs
out and no step changes."""
import mmap
import os
import pathlib
import random
import struct
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import flywheel_test as ft  # noqa: E402
import test_restart  # noqa: E402

JUMPS = int(os.environ.get("FW_JUMPS", "30"))
HOUR, DAY = 3600, 86400
WORKERS = 4


class Clock(unittest.TestCase):
    def setUp(self):
        self.file = tempfile.NamedTemporaryFile()
        self.file.write(bytes(8))
        self.file.flush()
        self.offset = mmap.mmap(self.file.fileno(), 8)
        more = {"LD_PRELOAD": str((test_restart.TESTS /
                                   "libwall_clock.so").resolve()),
                "FW_WALL_CLOCK": self.file.name}
        os.environ.update(more)
        try:
            self.cluster = test_restart.Cluster()
        finally:
            for k in more:
                del os.environ[k]
        self.addCleanup(self.cluster.remove)

    def jump(self, seconds):
        self.offset[:] = struct.pack("<q", seconds)

    def server_s(self):
        """How far the server's wall clock is ahead."""
        answer = self.cluster.status.GetStatus(
            test_restart.S.status.GetStatusRequest(), timeout=10)
        return answer.server.unix_ms / 1000 - time.time()

    def test_jumps_expire_no_lease_and_change_no_step(self):
        begun = time.monotonic()
        dice = random.Random(3)
        self.cluster.create(lease_ms=5000)
        workers = [self.cluster.worker(i, "push", 500) for i in range(WORKERS)]
        ft.wait_for("all to train", lambda: self.cluster.job().version > 50)
        self.jump(DAY)
        self.assertAlmostEqual(self.server_s(), DAY, delta=60)
        first = self.cluster.job()
        for _ in range(JUMPS):
            version = self.cluster.job().version
            self.jump(dice.choice([-DAY, -HOUR, 0, HOUR, DAY]))
            ft.wait_for("training to go on",
                        lambda: self.cluster.job().version > version + 5)
        last = self.cluster.job()
        told = []
        for w in workers:
            out, _ = w.communicate(timeout=60)
            self.assertIn("lost 0 status 0", out)
            told.append(int(out.split("acked ")[1].split()[0]))
        self.assertEqual([-int(x) for x in self.cluster.parameters()[:WORKERS]],
                         told)  # each step is 1 for 1
        self.assertEqual(last.workers_lost, 0)
        self.assertEqual(last.workers, WORKERS)
        self.assertEqual(last.momentum.learning_rate,
                         first.momentum.learning_rate)
        print(f"T18: {JUMPS} jumps of the wall clock by an hour to two days, "
              f"{last.version - first.version} steps: no lease ran out, all "
              f"steps exact; {time.monotonic() - begun:.0f} s", flush=True)


if __name__ == "__main__":
    unittest.main(verbosity=2)
