#!/usr/bin/python3
"""What flywheeld tells a supervisor (sd_notify): when it is ready, that it is
alive, and no more of that when its port lets nobody in."""
import contextlib
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import flywheel_test as ft  # noqa: E402

WATCHDOG_S = 1.5
DESCRIPTORS = 128  # that the server has
TRIES = 12  # servers that are ended as soon as may be
CROWD = 300  # of connections


def pending(pid, number):
    """Has the process still to take the signal?"""
    told = pathlib.Path(f"/proc/{pid}/status").read_text()
    bits = int(re.search(r"^ShdPnd:\s*(\w+)", told, re.M).group(1), 16)
    return bits >> (number - 1) & 1


def read_all(fd):
    while os.read(fd, 65536):
        pass


class Supervised(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="flywheel-notify-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.told.close)

    def start(self, at, *flags):
        """A server that is told where to say how it is."""
        self.told.bind(at.replace("@", "\0"))
        env = {"NOTIFY_SOCKET": at,
               "WATCHDOG_USEC": str(round(1e6 * WATCHDOG_S))}
        os.environ.update(env)
        try:
            server = ft.Server(*flags)
        finally:
            for k in env:
                del os.environ[k]
        self.addCleanup(server.remove)
        self.addCleanup(server.stop)
        return server

    def hear(self, seconds=10):
        self.told.settimeout(seconds)
        return self.told.recv(100).decode()

    def is_silent(self, seconds):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                self.hear(left)
                return False
            except TimeoutError:
                pass
        return True

    def test_it_is_ready_alive_and_stopping(self):
        server = self.start(f"@flywheel-{os.getpid()}")
        self.assertEqual(self.hear(), "READY=1")
        begun = time.monotonic()
        for _ in range(6):
            self.assertEqual(self.hear(), "WATCHDOG=1")
        self.assertGreater(time.monotonic() - begun, WATCHDOG_S)
        server.process.send_signal(signal.SIGTERM)
        words = []
        while "STOPPING=1" not in words:
            words.append(self.hear())
        self.assertEqual(server.process.wait(timeout=60), 0)

    def test_who_knows_that_it_is_ready_may_end_it(self):
        """At once: no signal comes too early to be taken."""
        for i in range(TRIES):
            data = self.folder / f"data{i}"
            address = data / "flywheeld.address"
            server = subprocess.Popen(
                [ft.program("FLYWHEELD"), "--listen", "127.0.0.1:0",
                 "--admin", "off", "--data", data],
                stderr=subprocess.DEVNULL)
            while not address.exists() and server.poll() is None:
                pass
            server.send_signal(signal.SIGTERM)
            self.assertEqual(server.wait(timeout=60), 0)

    def test_one_that_reads_its_files_again_ends_all_the_same(self):
        """Both signals come before the loop takes any: the server stands
        still in its word that it is ready, since its log is full."""
        data = self.folder / "data"
        out, log = os.pipe()
        os.set_blocking(log, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(log, bytes(4096))
        os.set_blocking(log, True)
        server = subprocess.Popen(
            [ft.program("FLYWHEELD"), "--listen", "127.0.0.1:0", "--admin",
             "off", "--data", data], stderr=log)
        os.close(log)
        self.addCleanup(lambda: server.poll() is None and server.kill())
        self.addCleanup(os.close, out)
        ft.wait_for("its address", (data / "flywheeld.address").exists)
        for number in (signal.SIGTERM, signal.SIGHUP):
            server.send_signal(number)
            ft.wait_for("that it is taken", lambda: not pending(
                server.pid, number))
        reader = threading.Thread(target=read_all, args=(out,))
        reader.start()
        self.assertEqual(server.wait(timeout=30), 0)
        reader.join()

    def ready(self, server):
        try:
            with urllib.request.urlopen(f"http://{server.admin}/readyz",
                                        timeout=5) as r:
                return r.read().decode().strip()
        except urllib.error.HTTPError as e:
            return e.read().decode().strip()

    def serves_tls(self, server):
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        c.check_hostname = False
        c.verify_mode = ssl.CERT_NONE
        host, port = server.address.rsplit(":", 1)
        try:
            with socket.create_connection((host, int(port)), 1) as s:
                s.settimeout(1)
                c.wrap_socket(s).close()
            return True
        except OSError:
            return False

    def test_one_whose_port_is_dead_is_not_alive(self):
        """Under TLS gRPC listens, and does so no more once it was out of
        descriptors."""
        certs = self.folder / "certs"
        subprocess.run([ft.program("FLYWHEEL"), "certs", "init", certs],
                       check=True, capture_output=True)
        config = self.folder / "c.yaml"
        config.write_text(f"tls:\n  cert: {certs}/server.pem\n"
                          f"  key: {certs}/server.key\n")
        server = self.start(str(self.folder / "socket"), "--config",
                            str(config))
        self.assertEqual(self.hear(), "READY=1")
        self.assertTrue(self.serves_tls(server))
        self.assertEqual(self.ready(server), "ready")
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE,
                         (DESCRIPTORS, DESCRIPTORS))
        host, port = server.address.rsplit(":", 1)
        crowd = [socket.create_connection((host, int(port)), 10)
                 for _ in range(CROWD)]
        ft.wait_for("it to be out of descriptors", lambda: "Too many open"
                    in server.log.read_text())
        for s in crowd:
            s.close()
        ft.wait_for("it to be deaf", lambda: self.ready(server) == "deaf")
        self.assertFalse(self.serves_tls(server))
        self.assertIn("takes_connections=no", server.log.read_text())
        while not self.is_silent(WATCHDOG_S):
            pass
        self.assertEqual(server.stop(), 0)

    def test_a_plain_port_lives_through_it(self):
        server = self.start(str(self.folder / "socket"))
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE,
                         (DESCRIPTORS, DESCRIPTORS))
        host, port = server.address.rsplit(":", 1)
        crowd = [socket.create_connection((host, int(port)), 10)
                 for _ in range(CROWD)]
        ft.wait_for("it to be out of descriptors", lambda: "no_descriptors"
                    in server.log.read_text())
        for s in crowd:
            s.close()
        heard = [self.hear() for _ in range(12)]
        self.assertEqual(heard, ["READY=1"] + 11 * ["WATCHDOG=1"])
        self.assertEqual(self.ready(server), "ready")


if __name__ == "__main__":
    unittest.main(verbosity=2)
