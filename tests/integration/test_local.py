#!/usr/bin/python3
"""A socket of this machine (unix:PATH): workers train over it as over TCP, only
its owner gets in, and two servers cannot have one path."""
import os
import pathlib
import re
import socket
import stat
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import flywheel_test as ft  # noqa: E402

S = ft.stubs()
TESTS = pathlib.Path(os.environ.get("FW_BUILD", "build-dev")) / "tests"


def mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


class Local(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="fw-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.path = self.folder / "s.sock"

    def serve(self, *flags):
        server = ft.Server("--listen", f"unix:{self.path}", *flags)
        self.addCleanup(server.remove)
        self.addCleanup(server.stop)
        return server

    def refuse(self, *flags):
        """A server that does not begin: exit code and its last word."""
        got = subprocess.run(
            [ft.program("FLYWHEELD"), "--listen", "off", "--admin", "off",
             "--data", str(self.folder / "other"), *flags],
            capture_output=True, text=True, timeout=30)
        return got.returncode, got.stderr

    def flywheel(self, *words):
        return subprocess.run([ft.program("FLYWHEEL"), *words, "--server",
                               f"unix:{self.path}"], capture_output=True,
                              text=True, timeout=60)

    def test_library_and_tool_work_by_the_path_beside_tcp(self):
        server = self.serve()
        made = self.flywheel("job", "create", "--name", "linear", "--tensors",
                             "weight:3,bias", "--law", "fixed", "--momentum",
                             "0.5", "--learning-rate", "0.25")
        self.assertEqual(made.returncode, 0, made.stderr)
        for address in (f"unix:{self.path}", server.address):
            done = subprocess.run([TESTS / "sdk_example", address, "400"],
                                  capture_output=True, text=True, timeout=120)
            self.assertEqual(done.returncode, 0, done.stderr)
            loss = float(re.search(r"loss=(\S+)", done.stdout)[1])
            self.assertLess(loss, 1e-6, done.stdout)
        seen = self.flywheel("doctor")
        self.assertEqual(seen.returncode, 0, seen.stdout + seen.stderr)
        for address in (f"flywheel://{self.path}", f"flywheel://{server.address}"):
            seen = subprocess.run([ft.program("FLYWHEEL"), "doctor", address],
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual(seen.returncode, 0, seen.stdout + seen.stderr)
        where = pathlib.Path(server.data) / "flywheeld.socket"
        self.assertEqual(where.read_text(), f"unix:{self.path}\n")

    def test_a_server_without_tcp_is_found_by_its_path(self):
        server = self.serve("--listen", "off")
        self.assertEqual(server.address, f"unix:{self.path}")
        self.assertEqual(self.flywheel("status").returncode, 0)
        code, said = self.refuse()
        self.assertEqual(code, 2)
        self.assertIn("--listen unix:PATH", said)

    def test_the_file_is_its_owners_or_its_groups_whatever_the_umask(self):
        before = os.umask(0)
        self.addCleanup(os.umask, before)
        server = self.serve()
        self.assertEqual(mode(self.path), 0o600)
        self.assertEqual(server.stop(), 0)
        self.assertFalse(self.path.exists())
        os.umask(0o077)
        f = self.folder / "c.yaml"
        f.write_text(f"local: {{path: {self.path}, mode: 0660}}\n")
        self.serve("--config", str(f))
        self.assertEqual(mode(self.path), 0o660)

    def test_two_servers_on_one_path_get_a_clear_word(self):
        self.serve()
        code, said = self.refuse("--listen", f"unix:{self.path}")
        self.assertEqual(code, 3)
        self.assertIn(f"unix:{self.path}: another server listens there", said)
        self.assertEqual(self.flywheel("status").returncode, 0)

    def test_what_a_killed_server_left_is_replaced_and_nothing_else(self):
        killed = self.serve()
        killed.stop(9)
        self.assertTrue(self.path.exists())
        self.serve()
        self.assertEqual(self.flywheel("status").returncode, 0)
        book = self.folder / "book"
        book.write_text("not a socket")
        code, said = self.refuse("--listen", f"unix:{book}")
        self.assertEqual(code, 3)
        self.assertIn("no socket", said)
        self.assertEqual(book.read_text(), "not a socket")

    def test_a_path_that_was_taken_over_is_left_to_its_new_owner(self):
        server = self.serve()
        self.path.unlink()
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(self.path))
            self.assertEqual(server.stop(), 0)
            self.assertTrue(self.path.exists())

    def test_a_path_that_cannot_be_is_refused_with_the_reason(self):
        for path, why in (("here", "begins with /"),
                          ("/" + "x" * 200, "at most 107 bytes"),
                          (str(self.folder / "no" / "s"), "its folder")):
            code, said = self.refuse("--listen", f"unix:{path}")
            self.assertIn(code, (2, 3), said)
            self.assertIn(why, said)

    def test_connections_by_the_path_count(self):
        f = self.folder / "c.yaml"
        f.write_text("limits: {max_connections: 4, max_per_peer: 1}\n")
        server = self.serve("--config", str(f))
        guests = []
        for _ in range(5):
            s = socket.socket(socket.AF_UNIX)
            self.addCleanup(s.close)
            s.connect(str(self.path))
            guests.append(s)
        guests[4].settimeout(30)
        self.assertEqual(guests[4].recv(1), b"")
        self.assertIn("why=too_many_connections", server.log.read_text())
        for s in guests[:4]:
            s.close()
        ft.wait_for("a free place",
                    lambda: self.flywheel("status").returncode == 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
