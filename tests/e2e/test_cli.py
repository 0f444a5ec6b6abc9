#!/usr/bin/python3
"""The program flywheel, as a user meets it: help, mistakes, jobs, training."""
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

COMMANDS = ["train", "job create", "job list", "job show", "job delete",
            "worker", "evaluate", "status", "top", "doctor", "workers", "momentum show",
            "momentum pin", "momentum auto", "momentum law", "help", "version"]


def program(variable):
    path = os.environ.get(variable)
    if not path or not os.access(path, os.X_OK):
        print(f"SKIPPED: {variable} does not name a program")
        sys.exit(77)
    return path


FLYWHEEL = program("FLYWHEEL")
FLYWHEELD = program("FLYWHEELD")


def flywheel(*words, timeout=120):
    return subprocess.run([FLYWHEEL, *words], capture_output=True, text=True,
                          timeout=timeout)


def wait_for(what, condition, seconds=60.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        select.select([], [], [], 0.02)
    raise AssertionError(f"waited {seconds} s in vain for {what}")


def processes_naming(text):
    """Processes whose command line contains `text`; the dead do not count."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if text.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return [pid for pid in found if pid != os.getpid()]


def can_connect(address):
    host, port = address.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), timeout=2).close()
    except OSError:
        return False
    return True


class WithoutServer(unittest.TestCase):
    def test_help_of_every_command_names_json_and_examples(self):
        for command in COMMANDS:
            with self.subTest(command):
                got = flywheel(*command.split(), "--help")
                self.assertEqual(got.returncode, 0, got.stderr)
                for word in ("--json", "Examples:", f"flywheel {command}"):
                    self.assertIn(word, got.stdout)
                self.assertEqual(got.stderr, "")

    def test_help_names_every_command(self):
        got = flywheel("help")
        for command in COMMANDS:
            self.assertIn(command.split()[0], got.stdout)

    def test_a_wrong_flag_is_named_in_one_line_with_the_way_to_help(self):
        for command in COMMANDS:
            with self.subTest(command):
                got = flywheel(*command.split(), "--frobnicate")
                self.assertEqual(got.returncode, 2)
                self.assertEqual(got.stdout, "")
                self.assertIn("--frobnicate", got.stderr)
                self.assertIn(f"try `flywheel {command} --help`", got.stderr)
                self.assertEqual(len(got.stderr.splitlines()), 1)

    def test_an_unknown_command_is_named(self):
        got = flywheel("trian")
        self.assertEqual(got.returncode, 2)
        self.assertIn("trian", got.stderr)

    def test_wrong_values_are_usage(self):
        for words in (["worker", "--job", "j", "--batch", "many"],
                      ["worker", "--job", "j", "--wire", "f64"],
                      ["worker", "--job", "j", "--data", "cards"],
                      ["worker", "--job", "j", "--model", "giant"],
                      ["worker"], ["job", "show"], ["job", "show", "a", "b"],
                      ["job", "create", "--name", "j"],
                      ["job", "create", "--name", "j", "--tensors", "a:2xx"],
                      ["job", "create", "--name", "j", "--tensors", "a:2",
                       "--schedule", "step:10"],
                      ["train", "--workers", "0"],
                      ["status", "--server", "127.0.0.1:99999"],
                      ["momentum", "pin", "much", "--job", "j"]):
            with self.subTest(" ".join(words)):
                got = flywheel(*words)
                self.assertEqual(got.returncode, 2, got.stderr)
                self.assertTrue(got.stderr.startswith("flywheel "))

    def test_a_file_that_is_missing_is_named(self):
        got = flywheel("worker", "--job", "j", "--data", "idx:no-such-folder")
        self.assertEqual(got.returncode, 1, got.stderr)
        self.assertIn("no-such-folder", got.stderr)

    def test_a_server_that_is_not_there_is_exit_3(self):
        with socket.socket() as s:      # a port that nobody listens on
            s.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{s.getsockname()[1]}"
            for words in (["job", "list"], ["status"],
                          ["momentum", "show", "--job", "j"]):
                got = flywheel(*words, "--server", address, "--timeout", "300")
                self.assertEqual(got.returncode, 3, got.stderr)
                self.assertIn(address, got.stderr)

    def test_exit_codes_are_documented(self):
        codes = json.loads(flywheel("help", "exit-codes", "--json").stdout)
        self.assertEqual(sorted(map(int, codes)), [0, 1, 2, 3, 4, 130])


class WithServer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.data = tempfile.mkdtemp(prefix="flywheel-cli-")
        cls.server = subprocess.Popen(
            [FLYWHEELD, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0",
             "--data", cls.data],
            stderr=subprocess.DEVNULL)
        address = pathlib.Path(cls.data) / "flywheeld.address"
        wait_for("the server", address.exists)
        cls.address = address.read_text().strip()

    @classmethod
    def tearDownClass(cls):
        cls.server.terminate()
        code = cls.server.wait(timeout=60)
        shutil.rmtree(cls.data, ignore_errors=True)
        assert code == 0, code

    def ask(self, *words, code=0):
        got = flywheel(*words, "--server", self.address)
        self.assertEqual(got.returncode, code, got.stderr)
        return got

    def answer(self, *words):
        return json.loads(self.ask(*words, "--json").stdout)

    def status_when(self, job, condition):
        """A job's status, as soon as it is so; it is published now and then."""
        def look():
            status = self.answer("status", "--job", job)["jobs"][0]
            return status if condition(status) else None
        return wait_for(f"the status of {job}", look)

    def test_a_job_is_made_listed_shown_and_deleted(self):
        self.ask("job", "create", "--name", "one", "--tensors",
                 "weight:3x2,bias:2,scale", "--momentum", "0.8",
                 "--schedule", "cosine:100:0.1", "--nesterov")
        self.assertIn("one", self.answer("job", "list")["jobs"])
        spec = self.answer("job", "show", "one")
        self.assertEqual(spec["tensors"], [
            {"name": "weight", "shape": [3, 2]}, {"name": "bias", "shape": [2]},
            {"name": "scale", "shape": []}])
        self.assertEqual(spec["n_elements"], 9)
        self.assertEqual(spec["controller"]["reference_momentum"], 0.8)
        self.assertEqual(spec["schedule"]["kind"], "cosine")
        self.assertTrue(spec["optimizer"]["nesterov"])
        self.assertIn("weight", self.ask("job", "show", "one").stdout)
        self.ask("job", "delete", "one")
        self.assertNotIn("one", self.answer("job", "list")["jobs"])

    def test_refusals_are_exit_4_and_name_the_reason(self):
        self.ask("job", "create", "--name", "two", "--tensors", "w:2")
        got = self.ask("job", "create", "--name", "two", "--tensors", "w:3",
                       code=4)
        self.assertIn("JOB_EXISTS", got.stderr)
        for words in (["job", "show", "nobody"], ["job", "delete", "nobody"],
                      ["workers", "--job", "nobody"],
                      ["momentum", "show", "--job", "nobody"]):
            self.assertIn("JOB_NOT_FOUND", self.ask(*words, code=4).stderr)
        got = self.ask("worker", "--job", "two", "--model", "logistic",
                       "--data", "digits:100", code=4)
        self.assertRegex(got.stderr, "UNKNOWN_TENSOR|SHAPE_MISMATCH")
        self.ask("job", "delete", "two")

    def test_first_parameters_come_from_a_file(self):
        header = json.dumps({
            "w": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
            "b": {"dtype": "F32", "shape": [2], "data_offsets": [16, 24]},
        }).encode()
        path = pathlib.Path(self.data) / "start.safetensors"
        path.write_bytes(struct.pack("<Q", len(header)) + header +
                         struct.pack("<6f", 1, 2, 3, 4, 5, 6))
        self.ask("job", "create", "--name", "init", "--init", str(path))
        job = self.status_when("init", lambda j: j["state"] == "training")
        self.assertEqual(job["n_elements"], 6)
        path.write_bytes(path.read_bytes()[:-1])
        got = self.ask("job", "create", "--name", "cut", "--init", str(path),
                       code=1)
        self.assertIn("start.safetensors", got.stderr)
        self.ask("job", "delete", "init")

    def test_a_worker_trains_an_evaluator_judges_and_momentum_is_pinned(self):
        net = ["--model", "logistic", "--data", "digits:1000"]
        self.ask("job", "create", "--name", "three", *net)
        result = self.answer("worker", "--job", "three", *net, "--rounds", "20",
                             "--wire", "bf16", "--name", "w")
        self.assertEqual(result["gradients"], 20)
        self.assertEqual(result["samples"], 640)
        self.assertEqual(result["probes"], 0)  # alone: nobody asks
        self.assertIsNone(result["curvature"])
        judged = self.answer("evaluate", "--job", "three", *net, "--once")
        self.assertEqual(judged["version"], 20)
        self.assertGreater(judged["validation_accuracy"], 0.1)
        self.status_when("three", lambda j: j["version"] == 20 and
                         j["loss"]["accuracy"] == judged["validation_accuracy"])
        self.status_when("three", lambda j: j["worker"][0]["state"] == "left")
        workers = self.answer("workers", "--job", "three")["workers"]
        self.assertEqual([(w["name"], w["state"]) for w in workers],
                         [("w", "left")])
        self.ask("momentum", "pin", "-0.2", "--job", "three", "--why", "test")
        self.status_when("three", lambda j: j["momentum"]["law"] == "manual")
        shown = self.answer("momentum", "show", "--job", "three")
        self.assertTrue(shown["decisions"][-1]["sentence"])
        self.ask("momentum", "auto", "--job", "three")
        self.status_when("three", lambda j: j["momentum"]["law"] == "margin")
        self.ask("job", "delete", "three")

    def test_a_worker_leaves_politely_when_interrupted(self):
        net = ["--model", "logistic", "--data", "digits:1000"]
        self.ask("job", "create", "--name", "four", *net)
        worker = subprocess.Popen(
            [FLYWHEEL, "worker", "--server", self.address, "--job", "four",
             *net, "--quiet"], stderr=subprocess.DEVNULL)
        self.status_when("four", lambda j: j["version"] > 0)
        worker.send_signal(signal.SIGINT)
        self.assertEqual(worker.wait(timeout=30), 130)
        self.status_when("four", lambda j: j["worker"][0]["state"] == "left")
        self.ask("job", "delete", "four")

    def test_watch_goes_on_until_interrupted(self):
        watch = subprocess.Popen(
            [FLYWHEEL, "status", "--server", self.address, "--watch", "--json",
             "--interval-ms", "20"], stdout=subprocess.PIPE, text=True)
        for _ in range(3):
            json.loads(watch.stdout.readline())
        watch.send_signal(signal.SIGTERM)
        watch.communicate(timeout=30)
        self.assertEqual(watch.returncode, 130)


class Train(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="flywheel-train-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def command(self, *words):
        return [FLYWHEEL, "train", "--dir", self.folder, *words]

    def start(self):
        """A run that would take long; the address of its server."""
        train = subprocess.Popen(
            self.command("--model", "logistic", "--data", "digits:1000",
                         "--epochs", "1000000", "--stagger-ms", "50"),
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(train.stderr.close)
        log = pathlib.Path(self.folder) / "server.log"
        wait_for("all workers", lambda: log.exists() and
                 log.read_text().count("event=worker_joined") >= 4)
        address = pathlib.Path(self.folder) / "data/flywheeld.address"
        self.assertTrue(can_connect(address.read_text().strip()))
        return train, address.read_text().strip()

    def assert_nothing_is_left(self, address):
        wait_for("the end of every process",
                 lambda: not processes_naming(self.folder) and
                 not processes_naming(address),
                 30.0)
        wait_for("the port to be free", lambda: not can_connect(address))

    def test_mlp_learns_digits_and_says_so_in_json(self):
        got = subprocess.run(
            self.command("--model", "mlp", "--data", "digits:4000", "--json"),
            capture_output=True, text=True, timeout=300)
        self.assertEqual(got.returncode, 0, got.stderr)
        result = json.loads(got.stdout)
        self.assertGreater(result["validation_accuracy"], 0.7)
        self.assertLessEqual(result["epochs"], 6.0)
        self.assertEqual(result["workers"], 4)
        self.assertEqual(result["workers_failed"], 0)
        self.assertTrue(pathlib.Path(result["checkpoint"]).is_file())
        self.assertTrue(
            (pathlib.Path(result["logs"]) / "worker-1.log").is_file())
        self.assertIn("samples/s", got.stderr)
        self.assertEqual(processes_naming(self.folder), [])

    def test_momentum_falls_as_workers_join(self):
        got = subprocess.run(
            self.command("--model", "logistic", "--data", "digits:2000",
                         "--workers", "2", "--epochs", "300", "--law", "count",
                         "--json"),
            capture_output=True, text=True, timeout=300)
        self.assertEqual(got.returncode, 0, got.stderr)
        seen = json.loads(got.stdout)["momentum_by_workers"]
        self.assertAlmostEqual(seen["2"], 0.4)

    def test_sigint_ends_every_process_and_frees_the_port(self):
        train, address = self.start()
        train.send_signal(signal.SIGINT)
        self.assertEqual(train.wait(timeout=60), 130)
        self.assertEqual(processes_naming(self.folder), [])
        self.assertFalse(can_connect(address))

    def test_nothing_outlives_a_train_that_was_killed(self):
        train, address = self.start()
        train.kill()
        train.wait(timeout=60)
        self.assert_nothing_is_left(address)

    def test_a_port_in_use_is_told_and_nothing_is_left(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            s.listen()
            port = s.getsockname()[1]
            got = subprocess.run(
                self.command("--model", "logistic", "--data", "digits:100",
                             "--listen", f"127.0.0.1:{port}"),
                capture_output=True, text=True, timeout=60)
        self.assertEqual(got.returncode, 1, got.stderr)
        self.assertIn("server", got.stderr)
        self.assertEqual(processes_naming(self.folder), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
