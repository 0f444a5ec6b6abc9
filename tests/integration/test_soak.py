#!/usr/bin/python3
"""T21: hours of a server's life in minutes: workers come and go, checkpoints
are saved one after the other, status is asked all the time; memory and
descriptors stay."""
import os
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import flywheel_test as ft  # noqa: E402
import test_restart  # noqa: E402

S = test_restart.S
SECONDS = float(os.environ.get("FW_SOAK_S", "0"))
WORKERS = 4
STAY_S = 2.0  # of a worker, before it leaves and another takes its place
SLOPE = 0.005  # of memory, over the last half
MIB = 1 << 20


def slope(samples):
    """Growth over the samples by least squares, as a share of their mean."""
    import numpy
    t, y = numpy.array(samples, dtype=float).T
    return float(numpy.polyfit(t, y, 1)[0] * (t[-1] - t[0]) / y.mean())


@unittest.skipUnless(SECONDS, "takes as long as FW_SOAK_S says")
class Soak(unittest.TestCase):
    def test_memory_and_descriptors_stay(self):
        cluster = test_restart.Cluster()
        self.addCleanup(cluster.remove)
        cluster.create()
        fds = pathlib.Path(f"/proc/{cluster.server.process.pid}/fd")
        begun, joins, samples, open_fds = time.monotonic(), 0, [], []
        crew, saves, saving = [], 0, None
        checkpoints = S.checkpoint_grpc.CheckpointServiceStub(
            cluster.server.channel)
        while time.monotonic() < begun + SECONDS:
            if len(crew) < WORKERS:
                crew.append(cluster.worker(joins % WORKERS, "push", 50))
                joins += 1
            elif time.monotonic() > begun + joins * STAY_S / WORKERS:
                out, _ = crew.pop(0).communicate(timeout=60)
                self.assertIn("lost 0", out)
            job = cluster.job()
            if saving and saving.done():
                saves += saving.result().version > 0
                saving = None
            if not saving and job.version:
                saving = checkpoints.SaveCheckpoint.future(
                    S.checkpoint.SaveCheckpointRequest(job="sum"), timeout=60)
            if time.monotonic() > begun + SECONDS / 2:
                samples.append((time.monotonic(), cluster.server.rss_bytes()))
                open_fds.append(len(list(fds.iterdir())))
            ft.select_nothing(0.05)
        for w in crew:
            w.communicate(timeout=60)
        grown = slope(samples)
        print(f"T21: {SECONDS:.0f} s, {job.version} steps, {joins} joins, "
              f"{saves} checkpoints; memory {samples[-1][1] / MIB:.0f}"
              f" MiB, slope over the last half {100 * grown:+.2f} %, "
              f"descriptors {min(open_fds)} to {max(open_fds)}", flush=True)
        self.assertLess(grown, SLOPE)
        self.assertLess(max(open_fds) - min(open_fds), 16)


if __name__ == "__main__":
    unittest.main(verbosity=2)
