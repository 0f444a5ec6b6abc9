#!/usr/bin/python3
"""Debian's HAProxy before the server, with deploy/haproxy/haproxy.cfg as it is:
who has a certificate trains, who has none does not."""
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/support"))
from flywheel_test import Server, program, wait_for  # noqa: E402

HAPROXY = shutil.which("haproxy", path="/usr/sbin:/usr/bin")


def flywheel(*words):
    return subprocess.run([program("FLYWHEEL"), *words], text=True,
                          capture_output=True, timeout=120)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Edge(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="flywheel-edge-"))
        cls.server = Server()
        certs = cls.folder / "certs"
        made = flywheel("certs", "init", str(certs))
        assert made.returncode == 0, made.stderr
        pem = cls.folder / "edge.pem"
        pem.write_text((certs / "server.pem").read_text()
                       + (certs / "server.key").read_text())
        cls.address = f"127.0.0.1:{free_port()}"
        cls.proxy = subprocess.Popen(
            [HAPROXY, "-db", "-f", str(TOP / "deploy/haproxy/haproxy.cfg")],
            env=dict(os.environ, FLYWHEEL_EDGE=cls.address,
                     FLYWHEEL_BACKEND=cls.server.address,
                     FLYWHEEL_EDGE_PEM=str(pem),
                     FLYWHEEL_EDGE_CA=str(certs / "ca.pem")),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        cls.flags = ["--server", cls.address, "--ca", str(certs / "ca.pem")]
        cls.mine = ["--cert", str(certs / "client.pem"),
                    "--key", str(certs / "client.key")]
        wait_for("the edge", lambda: cls.proxy.poll() is not None or flywheel(
            "status", *cls.flags, *cls.mine).returncode == 0)
        assert cls.proxy.poll() is None, "haproxy does not take its file"

    @classmethod
    def tearDownClass(cls):
        cls.proxy.terminate()
        cls.proxy.wait(timeout=30)
        assert cls.server.stop() == 0
        cls.server.remove()
        shutil.rmtree(cls.folder, ignore_errors=True)

    def test_a_worker_with_a_certificate_trains(self):
        made = flywheel("job", "create", "--name", "a", "--model", "mlp",
                        *self.flags, *self.mine)
        self.assertEqual(made.returncode, 0, made.stderr)
        worked = flywheel("worker", "--job", "a", "--model", "mlp",
                          "--epochs", "1", *self.flags, *self.mine)
        self.assertEqual(worked.returncode, 0, worked.stderr)

    def test_without_a_certificate_nobody_gets_in(self):
        refused = flywheel("status", "--timeout", "2000", *self.flags)
        self.assertNotEqual(refused.returncode, 0)
        refused = flywheel("status", "--timeout", "2000",
                           "--server", self.address)
        self.assertNotEqual(refused.returncode, 0)


if __name__ == "__main__":
    if not HAPROXY:
        print("SKIPPED: haproxy is not installed")
        sys.exit(77)
    unittest.main(verbosity=2)
