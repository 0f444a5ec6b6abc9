#!/usr/bin/python3
"""T20: one worker of eight sends poison; the others learn as if it were not
there."""
import os
import pathlib
import sys
import unittest

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import flywheel_test as ft  # noqa: E402
import test_service  # noqa: E402

S = test_service.S
ROUNDS = int(os.environ.get("FW_ROUNDS", "200"))
WORKERS = 8
N = 64
NOISE = 1.0
WARM = 20  # rounds before the poison


def poison(kind, honest):
    """A gradient of the bad worker's."""
    bad = honest.copy()
    if kind < 3:
        bad[kind] = (np.nan, np.inf, -np.inf)[kind]
    elif kind == 3:
        bad[:] = 3e38
    elif kind == 4:
        bad[:] = 1e-40
    else:
        bad *= -100
    return bad


class Poison(unittest.TestCase):
    def setUp(self):
        self.service = test_service.Service("create")
        test_service.Service.setUpClass()
        self.addCleanup(test_service.Service.tearDownClass)

    def train(self, job, poisoned):
        """Mean loss over the second half; the job's status."""
        s = self.service
        spec = S.model.JobSpec(
            name=job, tensors=[S.model.Tensor(name="w", shape=[N])],
            controller=S.model.Controller(
                law=S.model.LAW_FIXED, reference_momentum=0.5,
                reference_learning_rate=0.02))
        s.jobs.CreateJob(S.job.CreateJobRequest(spec=spec), timeout=10)
        s.initialize(job, np.zeros(N, "<f4"))
        streams = [test_service.Stream(
            s.training, job, s.join(job, f"w{i}").session)
            for i in range(WORKERS)]
        dice = np.random.default_rng(5)
        losses, refused, sent = [], 0, [0] * WORKERS
        w, version = streams[0].pull(N)
        for r in range(ROUNDS):
            for i, stream in enumerate(streams):
                honest = (w - 1 + NOISE * dice.standard_normal(N)).astype("<f4")
                bad = poisoned and i == WORKERS - 1 and r >= WARM
                kind = (r - WARM) % 6
                sent[i] += 1
                ack = stream.push(sent[i], version,
                                  poison(kind, honest) if bad else honest,
                                  samples=1, loss=1.0)
                new, version = streams[0].pull(N)
                if ack.reason:
                    refused += 1
                    self.assertTrue(bad, ack.detail)
                    self.assertTrue((new == w).all())
                self.assertTrue(not bad or kind > 2 or ack.reason)
                w = new
            if r >= ROUNDS // 2:
                losses.append(float(((w - 1) ** 2).mean()))
        for stream in streams:
            stream.close()
        return np.mean(losses), refused, s.get_status(job)

    def test_one_of_eight_does_no_harm(self):
        clean, refused, _ = self.train("clean", False)
        self.assertEqual(refused, 0)
        loss, refused, status = self.train("poisoned", True)
        sent = ROUNDS - WARM
        print(f"T20: 1 of {WORKERS} workers sent {sent} bad gradients (NaN, "
              f"Inf, 3e38, subnormal, -100 x): {refused} refused, state "
              f"unchanged each time, {status.quarantined} in quarantine; final "
              f"loss {loss:.4f}, without it {clean:.4f} "
              f"({100 * (loss / clean - 1):+.1f} %)", flush=True)
        self.assertEqual(status.quarantined, 1)
        self.assertLess(loss, 1.05 * clean)


if __name__ == "__main__":
    unittest.main(verbosity=2)
