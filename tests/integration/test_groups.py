#!/usr/bin/python3
"""Compute groups in a live server: workers that step together, over gRPC."""
import pathlib
import signal
import subprocess
import sys
import unittest

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import flywheel_test as ft  # noqa: E402
import test_controller as controller  # noqa: E402

S = controller.S
N = controller.N


class Groups(controller.Live):
    def start_push(self, stream, base, value):
        """Send a gradient without waiting for its answer."""
        stream.sequence += 1
        stream.send(gradient=S.training.GradientChunk(
            sequence=stream.sequence, base_version=base, samples=8, loss=1.0,
            data=np.full(N, value, "<f4").tobytes()))

    def version(self, job):
        return self.job(job).version

    def test_one_group_steps_once_a_round_with_the_exact_mean(self):
        self.create("sync", law=S.model.LAW_FIXED, groups=1)
        team = [self.join("sync", f"w{i}") for i in range(4)]
        before, version = team[0].pull(N)
        self.assertEqual(version, 0)
        for stream, value in zip(team, (1, 2, 4, 5)):
            self.start_push(stream, 0, value)
        for stream in team:
            ack = stream.next().ack
            self.assertEqual((ack.reason, ack.version, ack.staleness),
                             ("", 1, 0))
        after, version = team[3].pull(N)
        self.assertEqual(version, 1)
        np.testing.assert_array_equal(
            after, before - np.float32(0.01) * np.float32(3))
        ft.wait_for("four gradients", lambda: self.job(
            "sync").gradients_applied == 4)
        job = self.job("sync")
        self.assertEqual(job.groups, 1)
        self.assertEqual({w.group for w in job.worker}, {1})

    def test_a_dead_member_blocks_for_no_longer_than_the_deadline(self):
        self.create("dead", groups=1, straggler_deadline_ms=200)
        alive, dead = self.join("dead", "alive"), self.join("dead", "dead")
        dead.answers.cancel()
        self.start_push(alive, 0, 1)
        self.assertEqual(alive.next().ack.version, 1)

    def test_a_late_gradient_is_refused_by_name_and_its_worker_goes_on(self):
        self.create("late", groups=1, straggler_deadline_ms=200)
        fast, slow = self.join("late", "fast"), self.join("late", "slow")
        self.assertEqual(slow.pull(N)[1], 0)
        self.start_push(fast, 0, 1)
        self.assertEqual(fast.next().ack.version, 1)
        self.start_push(slow, 0, 1)
        self.assertEqual(slow.next().ack.reason, "LATE")
        self.assertEqual(slow.pull(N)[1], 1)
        self.start_push(slow, 1, 1)
        self.start_push(fast, 1, 1)
        self.assertEqual(slow.next().ack.version, 2)
        self.assertEqual(fast.next().ack.version, 2)

    def test_deleting_the_job_ends_those_who_wait(self):
        self.create("gone", groups=1, straggler_deadline_ms=60000)
        waits, _ = self.join("gone", "waits"), self.join("gone", "idle")
        self.start_push(waits, 0, 1)
        waits.send(heartbeat=S.training.Heartbeat())
        waits.next()  # the gradient was handed on before this
        self.jobs.DeleteJob(S.job.DeleteJobRequest(job="gone"), timeout=10)
        with self.assertRaises(controller.grpc.RpcError) as caught:
            waits.next()
        self.assertEqual(caught.exception.code(),
                         controller.grpc.StatusCode.NOT_FOUND)

    def test_a_server_that_goes_down_steps_with_what_it_has(self):
        self.create("down", groups=1, straggler_deadline_ms=60000)
        waits, _ = self.join("down", "waits"), self.join("down", "idle")
        self.start_push(waits, 0, 1)
        waits.send(heartbeat=S.training.Heartbeat())
        waits.next()
        waits.close()
        self.server.process.terminate()
        ack = waits.next().ack
        self.assertEqual((ack.reason, ack.version), ("", 1))
        self.assertEqual(self.server.process.wait(timeout=60), 0)

    def test_worker_processes_in_groups_survive_kill_9(self):
        self.ask("job", "create", "--name", "team", "--groups", "2",
                 "--straggler-deadline", "300", "--lease-ms", "2000",
                 "--model", "mlp", "--data", "digits:500")
        team = [subprocess.Popen(
            [controller.FLYWHEEL, "worker", "--server", self.server.address,
             "--job", "team", "--model", "mlp", "--data", "digits:500",
             "--name", f"w{i}"], stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL) for i in range(4)]
        self.addCleanup(lambda: [p.kill() or p.wait() for p in team])
        ft.wait_for("four workers in two groups", lambda: sorted(
            w.group for w in self.job("team").worker) == [1, 1, 2, 2])
        team[0].send_signal(signal.SIGKILL)
        ft.wait_for("the lost one", lambda: self.job("team").workers == 3)
        seen = self.version("team")
        ft.wait_for("20 steps more", lambda: self.version("team") > seen + 20)
        self.assertEqual(self.job("team").groups, 2)


if __name__ == "__main__":
    unittest.main()
