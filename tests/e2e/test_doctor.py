#!/usr/bin/python3
"""flywheel doctor against a live server, a dead port, wrong folders and TLS
that is not in order."""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support.flywheel_test import Server, program, wait_for  # noqa: E402

FLYWHEEL = program("FLYWHEEL")


def doctor(*words, **environment):
    """Exit code and the findings, by check: [(verdict, text, mend)]."""
    got = subprocess.run([FLYWHEEL, "doctor", *words, "--json"], text=True,
                         capture_output=True, timeout=60,
                         env={**os.environ, **environment})
    told = json.loads(got.stdout)
    found = {}
    for f in told["findings"]:
        found.setdefault(f["check"], []).append(
            (f["verdict"], f["text"], f["mend"]))
        assert (f["mend"] == "") == (f["verdict"] == "OK"), f
    assert told["ok"] == (got.returncode == 0), got
    return got.returncode, found


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class WorkerHost(unittest.TestCase):
    def test_a_live_server_is_well(self):
        server = Server()
        self.addCleanup(server.remove)
        self.addCleanup(server.stop)
        code, found = doctor(server.address)
        self.assertEqual(code, 0, found)
        for check in ("connect", "service", "version", "clock", "files"):
            self.assertEqual(found[check][0][0], "OK", found)
        self.assertNotIn("disk", found)
        got = subprocess.run([FLYWHEEL, "doctor", "--server", server.address],
                             text=True, capture_output=True, timeout=60)
        self.assertEqual(got.returncode, 0, got.stdout + got.stderr)
        self.assertIn("OK    connect ", got.stdout)

    def test_a_dead_port_fails_and_is_said_once(self):
        code, found = doctor(f"127.0.0.1:{free_port()}")
        self.assertEqual(code, 1)
        self.assertEqual(found["connect"][0][0], "FAIL")
        self.assertIn("refused", found["connect"][0][1])
        self.assertNotIn("service", found)

    def test_an_unknown_name_fails(self):
        code, found = doctor("no-such-host.invalid:7070")
        self.assertEqual(code, 1)
        self.assertIn("no-such-host.invalid", found["connect"][0][1])

    def test_what_is_no_flywheeld_fails(self):
        with socket.create_server(("127.0.0.1", 0)) as s:
            code, found = doctor(f"127.0.0.1:{s.getsockname()[1]}",
                                 "--timeout", "500")
        self.assertEqual(code, 1)
        self.assertEqual(found["connect"][0][0], "OK")
        self.assertEqual(found["service"][0][0], "FAIL")

    def test_workers_that_crowd_the_cores_are_warned_of(self):
        _, found = doctor(f"127.0.0.1:{free_port()}", "--workers", "900",
                          OPENBLAS_NUM_THREADS="4")
        self.assertEqual(found["blas"][0][0], "WARN")
        self.assertIn("OPENBLAS_NUM_THREADS=1", found["blas"][0][2])


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="flywheel-doctor-")
        cls.certs("good", 365)
        cls.certs("short", 5)
        config = pathlib.Path(cls.folder) / "flywheeld.yaml"
        config.write_text(f"tls:\n  cert: {cls.folder}/short/server.pem\n"
                          f"  key: {cls.folder}/short/server.key\n"
                          "admin:\n  listen: \"off\"\n")
        cls.config = str(config)
        cls.server = Server("--config", cls.config)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.server.remove()
        shutil.rmtree(cls.folder)

    @classmethod
    def certs(cls, name, days):
        got = subprocess.run(
            [FLYWHEEL, "certs", "init", f"{cls.folder}/{name}", "--days",
             str(days)], text=True, capture_output=True, timeout=60)
        assert got.returncode == 0, got.stderr

    def test_days_left_are_told_and_few_are_warned_of(self):
        ca = f"{self.folder}/short/ca.pem"
        code, found = doctor(self.server.address, "--ca", ca)
        self.assertEqual(code, 0, found)
        self.assertEqual(found["certificate"][0][0], "WARN")
        self.assertIn("days", found["certificate"][0][1])
        self.assertEqual(found["tls"][0][0], "OK")
        self.assertEqual(found["service"][0][0], "OK")
        self.assertEqual(doctor(self.server.address, FLYWHEEL_CA=ca)[0], 0)

    def test_another_authority_fails(self):
        code, found = doctor(self.server.address, "--timeout", "2000", "--ca",
                             f"{self.folder}/good/ca.pem")
        self.assertEqual(code, 1)
        self.assertIn("FAIL", [f[0] for f in found["tls"]])

    def test_another_name_fails(self):
        port = self.server.address.rsplit(":", 1)[1]
        code, found = doctor(f"127.0.0.2:{port}", "--timeout", "1000", "--ca",
                             f"{self.folder}/short/ca.pem")
        self.assertEqual(code, 1)
        texts = [f[1] for f in found.get("tls", found["connect"])]
        self.assertTrue(any("127.0.0.2" in t for t in texts), found)

    def test_a_plain_client_is_told_of_tls(self):
        code, found = doctor(self.server.address, "--timeout", "1000")
        self.assertEqual(code, 1)
        self.assertIn("--ca", found["service"][0][2])

    def test_the_certificate_of_a_configuration_is_read(self):
        _, found = doctor("--server", "--config", self.config, "--data",
                          self.server.data)
        self.assertEqual(found["certificate"][0][0], "WARN")


class ServerHost(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="flywheel-doctor-")
        self.addCleanup(shutil.rmtree, self.folder)

    def config(self, listen):
        path = pathlib.Path(self.folder) / "flywheeld.yaml"
        path.write_text(f"listen: {listen}\nadmin:\n  listen: \"off\"\n")
        return str(path)

    def test_a_good_folder_is_measured_and_left_as_it_was(self):
        data = pathlib.Path(self.folder) / "data"
        data.mkdir(mode=0o700)
        code, found = doctor("--server", "--data", str(data), "--config",
                             self.config(f"127.0.0.1:{free_port()}"))
        self.assertEqual(code, 0, found)
        self.assertIn("MB/s", found["disk"][0][1])
        for check in ("folder", "owner", "port"):
            self.assertEqual(found[check][0][0], "OK", found)
        self.assertEqual(list(data.iterdir()), [])

    def test_a_folder_that_is_not_there_is_not_made(self):
        data = pathlib.Path(self.folder) / "data"
        code, found = doctor("--server", "--data", str(data), "--config",
                             self.config(f"127.0.0.1:{free_port()}"))
        self.assertEqual(code, 0, found)
        self.assertFalse(data.exists())

    def test_wrong_folders_fail(self):
        a_file = pathlib.Path(self.folder) / "file"
        a_file.write_text("")
        config = self.config(f"127.0.0.1:{free_port()}")
        for path in (a_file, pathlib.Path(self.folder) / "no" / "parent"):
            code, found = doctor("--server", "--data", str(path), "--config",
                                 config)
            self.assertEqual(code, 1, found)
            self.assertEqual(found["folder"][0][0], "FAIL")

    def test_a_folder_open_to_others_is_warned_of(self):
        data = pathlib.Path(self.folder) / "data"
        data.mkdir()
        data.chmod(0o755)
        _, found = doctor("--server", "--data", str(data), "--config",
                          self.config(f"127.0.0.1:{free_port()}"))
        self.assertEqual(found["owner"][0][0], "WARN")

    def test_a_port_that_is_taken_fails(self):
        data = pathlib.Path(self.folder) / "data"
        with socket.create_server(("127.0.0.1", 0)) as s:
            code, found = doctor(
                "--server", "--data", str(data), "--config",
                self.config(f"127.0.0.1:{s.getsockname()[1]}"))
        self.assertEqual(code, 1)
        self.assertEqual(found["port"][0][0], "FAIL")

    def test_the_server_that_runs_is_known(self):
        server = Server()
        self.addCleanup(server.remove)
        self.addCleanup(server.stop)
        code, found = doctor("--server", "--data", server.data, "--config",
                             self.config(server.address))
        self.assertEqual(code, 0, found)
        self.assertIn("running server", found["folder"][0][1])
        self.assertEqual(found["port"][0][0], "WARN")
        wait_for("an answer", lambda: doctor(server.address)[0] == 0)

    def test_a_wrong_configuration_is_usage(self):
        path = pathlib.Path(self.folder) / "wrong.yaml"
        path.write_text("lisen: 1\n")
        got = subprocess.run([FLYWHEEL, "doctor", "--server", "--config",
                              str(path)], capture_output=True, timeout=60)
        self.assertEqual(got.returncode, 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
