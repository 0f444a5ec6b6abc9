#!/usr/bin/python3
"""Checkpoints as an operator meets them: saved, listed, compared, gone back
to, exported; and what a disk that fails does to a server."""
import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import flywheel_test as ft  # noqa: E402
import test_restart  # noqa: E402

S = test_restart.S
ELEMENTS = test_restart.ELEMENTS
UNLIMITED = resource.RLIM_INFINITY
CYCLES = int(os.environ.get("FW_CYCLES", "3"))


class Checkpoints(unittest.TestCase):
    def setUp(self):
        self.cluster = test_restart.Cluster()
        self.cluster.create()
        self.worker = None

    def tearDown(self):
        self.end_worker()
        self.cluster.remove()

    def end_worker(self):
        if self.worker:
            self.worker.communicate(timeout=60)
        self.worker = None

    def train(self, versions):
        """So many more versions, then nobody works."""
        begun = self.cluster.job().version
        self.worker = self.cluster.worker(0, "push")
        ft.wait_for("training",
                    lambda: self.cluster.job().version >= begun + versions)
        self.end_worker()
        ft.wait_for("it to leave", lambda: self.cluster.job().workers == 0)

    def cli(self, *words, code=0):
        done = subprocess.run(
            [ft.program("FLYWHEEL"), "checkpoint", *words, "--job", "sum",
             "--server", self.cluster.server.address, "--json"],
            capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return json.loads(done.stdout) if done.stdout else done.stderr

    def newest(self):
        return sorted((pathlib.Path(self.cluster.data) / "jobs/sum").glob(
            "*.safetensors"), key=lambda p: int(p.stem.split("-")[1]))[-1]

    def test_saved_listed_restored_and_exported(self):
        self.train(100)
        saved = self.cli("save")
        held = self.cluster.parameters()
        self.assertEqual(saved["version"], self.cluster.job().version)
        self.assertEqual(self.cli("list")["checkpoints"][0]["version"],
                         saved["version"])
        self.train(100)
        self.assertLess(self.cluster.parameters()[0], held[0])
        before = self.cluster.job().version
        back = self.cli("restore", "--version", str(saved["version"]))
        self.assertEqual(back["version"], before + 1)
        self.assertTrue((self.cluster.parameters() == held).all())
        to = self.cluster.data + ".safetensors"
        self.addCleanup(os.unlink, to)
        self.cli("export", "--to", to)
        sys.path.insert(0, str(ft.TOP / "tests/support"))
        size = int.from_bytes(pathlib.Path(to).read_bytes()[:8], "little")
        head = json.loads(pathlib.Path(to).read_bytes()[8:8 + size])
        self.assertEqual(set(head), {"w", "__metadata__"})
        self.assertNotIn("flywheel.state", head["__metadata__"])
        self.train(50)  # it goes on from there
        self.assertLess(self.cluster.parameters()[0], held[0])

    def test_one_that_is_not_there_is_named(self):
        self.train(10)
        self.assertIn("999999", self.cli("restore", "--version", "999999",
                                         code=4))

    def test_a_bad_file_is_told_set_aside_and_counted(self):
        self.train(100)
        self.cli("save")
        self.train(100)
        self.cli("save")
        bad = self.newest()
        # the one before it: perhaps one that the server made by itself
        good = self.cli("list")["checkpoints"][1]["version"]
        raw = bytearray(bad.read_bytes())
        raw[-5] ^= 0x40
        self.cluster.server.stop(signal.SIGKILL)
        bad.write_bytes(raw)
        self.cluster.start()
        job = self.cluster.job()
        self.assertEqual(job.version, good)
        self.assertEqual(job.checkpoints_bad, 1)
        self.assertTrue(bad.with_name(bad.name + ".bad").exists())
        states = [c["state"] for c in self.cli("verify")["checkpoints"]]
        self.assertEqual(states[0], "set aside")
        self.assertEqual(set(states[1:]), {"good"})

    def ask(self, path):
        """What the administrator's address says."""
        with urllib.request.urlopen(
                f"http://{self.cluster.server.admin}{path}", timeout=20) as got:
            return got.read().decode()

    def events(self):
        return [e["event"] for e in
                json.loads(self.ask("/api/v1/jobs/sum/events"))["events"]]

    def limit_files(self, n):
        resource.prlimit(self.cluster.server.process.pid,
                         resource.RLIMIT_FSIZE, (n, UNLIMITED))

    def test_a_disk_that_fails_degrades_and_recovers_by_itself(self):
        """T16 in small: training goes on, nothing durable is lost."""
        self.train(100)
        durable = self.cli("save")["version"]
        self.limit_files(1000)
        self.worker = self.cluster.worker(0, "push")
        ft.wait_for("DEGRADED",
                    lambda: self.cluster.job().checkpoint_failures >= 3)
        ft.wait_for("the alert's metric", lambda: re.search(
            r'^flywheel_job_degraded{job="sum"} 1$', self.ask("/metrics"),
            re.M))
        ft.wait_for("the event", lambda: "degraded" in self.events())
        job = self.cluster.job()
        self.assertIn("cannot write", job.checkpoint_error)
        self.assertEqual(job.durable_version, durable)
        self.assertIn("cannot write", self.cli("save", code=4))
        ft.wait_for("training to go on",
                    lambda: self.cluster.job().version > job.version + 100)
        self.limit_files(UNLIMITED)
        ft.wait_for("recovery",
                    lambda: self.cluster.job().checkpoint_failures == 0)
        ft.wait_for("the end of the event",
                    lambda: "recovered" in self.events())
        self.assertIn("checkpoint_failed", self.events())
        self.assertGreater(self.cluster.job().durable_version, durable)
        self.assertEqual(self.cluster.job().checkpoint_error, "")

    def test_each_failure_is_recovered_from(self):
        """T16: fill and free, again and again, while a worker trains."""
        self.worker = self.cluster.worker(0, "push")
        ft.wait_for("training", lambda: self.cluster.job().version > 10)
        durable = 0
        for _ in range(CYCLES):
            self.limit_files(1000)
            version = self.cluster.job().version
            self.cli("save", code=4)
            ft.wait_for("the status to be as new", lambda: (
                self.cluster.job().durable_version >= durable))
            self.limit_files(UNLIMITED)
            ft.wait_for("training to go on",
                        lambda: self.cluster.job().version > version)
            saved = self.cli("save")["version"]
            self.assertGreaterEqual(saved, durable)
            durable = saved
        self.end_worker()
        listed = self.cli("verify")["checkpoints"]
        self.assertEqual({c["state"] for c in listed}, {"good"})
        durable = self.cluster.job().durable_version
        self.cluster.server.stop(signal.SIGKILL)
        self.cluster.start()
        self.assertGreaterEqual(self.cluster.job().version, durable)
        print(f"T16: {CYCLES} times no room and room again: each save refused "
              "and the next one good, 0 durable lost", flush=True)


if __name__ == "__main__":
    unittest.main(verbosity=2)
