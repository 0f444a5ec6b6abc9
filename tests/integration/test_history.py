#!/usr/bin/python3
"""What the server remembers of runs: through a restart, by gRPC and by HTTP."""
import contextlib
import csv
import io
import json
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]
                       / "support"))
from flywheel_test import Server, program, wait_for  # noqa: E402


def flywheel(server, *words):
    return subprocess.run([program("FLYWHEEL"), *words, "--server",
                           server.address], text=True, capture_output=True,
                          timeout=120)


def page(server, path):
    admin = (pathlib.Path(server.data) / "flywheeld.admin").read_text().strip()
    with urllib.request.urlopen(f"http://{admin}{path}", timeout=10) as answer:
        return json.load(answer)


def train(server, job):
    made = flywheel(server, "job", "create", "--name", job, "--model", "mlp")
    assert made.returncode == 0, made.stderr
    done = flywheel(server, "worker", "--job", job, "--model", "mlp",
                    "--epochs", "4", "--slowdown", "6", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])["version"]


def decisions_in(server):
    database = pathlib.Path(server.data) / "history.db"
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro",
                                            uri=True)) as db:
        return db.execute("SELECT count(*) FROM decisions").fetchone()[0]


def runs(server):
    told = flywheel(server, "history", "--runs", "--json")
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)["runs"]


class History(unittest.TestCase):
    def test_a_run_is_remembered_through_a_restart(self):
        config = tempfile.NamedTemporaryFile("w", suffix=".yaml")
        config.write("history: {interval_ms: 100}\n")
        config.flush()
        self.addCleanup(config.close)
        server = Server("--config", config.name)
        version = train(server, "first")
        wait_for("the run's end in the history", lambda: any(
            r["job"] == "first" and r["version"] > 0 for r in runs(server)))
        wait_for("the last version", lambda: runs(server)[0]["version"]
                 == version)
        before = runs(server)[0]
        self.assertEqual(server.stop(), 0)
        server = Server("--config", config.name, data=server.data)
        self.addCleanup(server.remove)
        self.addCleanup(server.stop)
        train(server, "second")
        wait_for("both runs", lambda: {r["job"] for r in runs(server)}
                 == {"first", "second"})
        again = [r for r in runs(server) if r["job"] == "first"]
        self.assertEqual([r["id"] for r in again], [before["id"]])
        self.assertEqual(again[0]["version"], version)

        # By gRPC, as JSON and CSV, and by HTTP: the same rows.
        told = flywheel(server, "history", "--job", "first", "--json")
        self.assertEqual(told.returncode, 0, told.stderr)
        one = json.loads(told.stdout)
        self.assertGreater(len(one["time"]), 0)
        self.assertEqual(one["version"][-1], version)
        self.assertGreater(one["worker_seconds"][-1], 0)
        self.assertEqual(one["time"], sorted(one["time"]))
        self.assertEqual(page(server, "/api/v1/jobs/first/history"), one)
        self.assertEqual(page(server, f"/api/v1/runs/{before['id']}/history"),
                         one)
        self.assertEqual(page(server, "/api/v1/runs?job=first")["runs"], again)
        rows = list(csv.DictReader(io.StringIO(
            flywheel(server, "history", "--job", "first", "--csv").stdout)))
        self.assertEqual([float(r["version"]) for r in rows], one["version"])

        # Two on one chart.
        with tempfile.TemporaryDirectory() as folder:
            svg = pathlib.Path(folder) / "both.svg"
            ids = [r["id"] for r in runs(server)]
            drawn = flywheel(server, "history", "--run", ids[0], "--compare",
                             ids[1], "--svg", str(svg))
            self.assertEqual(drawn.returncode, 0, drawn.stderr)
            text = svg.read_text()
            self.assertIn("first, run", text)
            self.assertIn("second, run", text)
            import xml.dom.minidom
            xml.dom.minidom.parseString(text)

        # What is not there is said to be not there.
        gone = flywheel(server, "history", "--run", "999")
        self.assertNotEqual(gone.returncode, 0)
        self.assertIn("RUN_NOT_FOUND", gone.stderr)
        for path in ("/api/v1/jobs/none/history", "/api/v1/runs/999/history",
                     "/api/v1/runs/x/history"):
            with self.assertRaises(urllib.error.HTTPError) as refused:
                page(server, path)
            self.assertEqual(refused.exception.code, 404)

    def crash(self, server, config, decisions):
        """Kill it once so many are in its history; the one that comes after."""
        wait_for("all of them in the history",
                 lambda: decisions_in(server) == decisions)
        server.process.kill()
        server.process.wait()
        again = Server("--config", config.name, data=server.data)
        self.addCleanup(again.remove)
        self.addCleanup(again.stop)
        return again

    def test_decisions_go_on_where_a_killed_server_was(self):
        config = tempfile.NamedTemporaryFile("w", suffix=".yaml")
        config.write("history: {interval_ms: 100}\n")
        config.flush()
        self.addCleanup(config.close)
        server = Server("--config", config.name)
        train(server, "killed")
        for value in ("0.3", "0.4"):
            flywheel(server, "momentum", "pin", "--job", "killed", value,
                     "--why", "a test")
        self.assertEqual(flywheel(server, "checkpoint", "save", "--job",
                                  "killed").returncode, 0)
        before = page(server, "/api/v1/jobs/killed/decisions")["decisions"]
        server = self.crash(server, config, len(before))
        after = page(server, "/api/v1/jobs/killed/decisions")["decisions"]
        # Of a cluster's staleness, the history has the mean only.
        told = ("index", "version", "workers", "law", "momentum_after",
                "binding", "cause", "who", "why", "sentence")
        for old, new in zip(before, after):
            self.assertEqual([new[k] for k in told], [old[k] for k in told])
            self.assertAlmostEqual(new["unix_ms"], old["unix_ms"], delta=100)
        shown = flywheel(server, "momentum", "show", "--job", "killed")
        self.assertIn(before[-1]["sentence"], shown.stdout)
        flywheel(server, "momentum", "pin", "--job", "killed", "0.5")
        last = page(server, "/api/v1/jobs/killed/decisions?limit=1")
        self.assertEqual(last["decisions"][0]["index"],
                         after[-1]["index"] + 1)
        # And none of them is written a second time.
        wait_for("the new one in the history",
                 lambda: decisions_in(server) == len(after) + 1)

    def test_what_a_killed_server_decided_and_did_not_save_is_not_in_force(
            self):
        config = tempfile.NamedTemporaryFile("w", suffix=".yaml")
        config.write("history: {interval_ms: 100}\n"
                     "checkpoint: {interval_s: 0}\n")
        config.flush()
        self.addCleanup(config.close)
        server = Server("--config", config.name)
        train(server, "unsaved")
        flywheel(server, "momentum", "pin", "--job", "unsaved", "0.3")
        flywheel(server, "checkpoint", "save", "--job", "unsaved")
        flywheel(server, "momentum", "pin", "--job", "unsaved", "0.4")
        before = page(server, "/api/v1/jobs/unsaved/decisions")["decisions"]
        server = self.crash(server, config, len(before))
        last = page(server, "/api/v1/jobs/unsaved/decisions?limit=1")
        self.assertEqual(last["decisions"][0]["momentum_after"], 0.3)
        shown = flywheel(server, "momentum", "show", "--job", "unsaved").stdout
        self.assertIn("momentum 0.3000 now", shown)
        self.assertIn("bound by    operator", shown)
        self.assertIn("No workers (restart): momentum stays 0.3", shown)

    def test_without_a_history_the_server_says_so_and_trains(self):
        config = tempfile.NamedTemporaryFile("w", suffix=".yaml")
        config.write("history: {enabled: false}\n")
        config.flush()
        self.addCleanup(config.close)
        server = Server("--config", config.name)
        self.addCleanup(server.remove)
        self.addCleanup(server.stop)
        train(server, "a")
        told = flywheel(server, "history", "--runs")
        self.assertNotEqual(told.returncode, 0)
        self.assertIn("HISTORY_UNAVAILABLE", told.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
