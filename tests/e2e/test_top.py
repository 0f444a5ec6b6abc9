#!/usr/bin/python3
"""flywheel top as someone at a terminal meets it: a pty, a screen of pyte, a
live server with workers."""
import fcntl
import json
import os
import pathlib
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import unittest

import pyte

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support.flywheel_test import Server, program, wait_for  # noqa: E402

FLYWHEEL = program("FLYWHEEL")
ENTER, ESCAPE = "\r", "\x1b"


def flywheel(*words, **more):
    return subprocess.run([FLYWHEEL, *words], capture_output=True, text=True,
                          timeout=60, stdin=subprocess.DEVNULL, **more)


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, *words, rows=40, columns=120, **environment):
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.bytes = b""
        self.master, self.slave = pty.openpty()
        self.resize(rows, columns, tell=False)
        self.before = termios.tcgetattr(self.slave)
        env = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8",
               **environment}
        self.process = subprocess.Popen(
            [FLYWHEEL, *words], stdin=self.slave, stdout=self.slave,
            stderr=self.slave, env=env, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def resize(self, rows, columns, tell=True):
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, size)
        self.screen.resize(rows, columns)
        if tell:
            self.process.send_signal(signal.SIGWINCH)

    def read(self, seconds=0.05):
        ready, _, _ = select.select([self.master], [], [], seconds)
        if ready:
            data = os.read(self.master, 65536)
            self.bytes += data
            self.stream.feed(data)
        return bool(ready)

    def text(self):
        return "\n".join(self.screen.display)

    def shows(self, *texts, seconds=20):
        """Wait until the screen has all texts."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            while self.read():
                pass
            if all(t in self.text() for t in texts):
                return self.text()
        raise AssertionError(f"no {texts!r} on the screen:\n{self.text()}")

    def press(self, keys):
        os.write(self.master, keys.encode())

    def names(self):
        """First words of the rows of the table."""
        lines = [x.split() for x in self.text().splitlines()]
        at = next((i for i, x in enumerate(lines)
                   if x and x[0].rstrip("^v") in ("JOB", "WORKER")),
                  len(lines))
        rows = []
        for x in lines[at + 1:]:
            if not x:
                break
            rows.append(x[0])
        return rows

    def orders(self, names, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            while self.read():
                pass
            if self.names() == names:
                return
        raise AssertionError(f"{self.names()} instead of {names}")

    def ended(self):
        """Its exit code, once it has ended; the terminal must be as before."""
        end = time.monotonic() + 20
        while self.process.poll() is None and time.monotonic() < end:
            self.read()
        while self.read():
            pass
        assert self.process.poll() is not None, "it goes on:\n" + self.text()
        after = termios.tcgetattr(self.slave)
        assert after == self.before, "the terminal is not as before"
        assert b"\x1b[?1049l" in self.bytes, "the old screen is not back"
        assert self.bytes.count(b"\x1b[?25l") <= self.bytes.count(
            b"\x1b[?25h") + self.bytes.count(b"\x1b[?12l\x1b[?25h"), "no cursor"
        return self.process.returncode

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)


class Live(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.workers = []
        for name in ("digits", "aside", "zebra"):
            got = flywheel("job", "create", "--name", name, "--model",
                           "linear", "--outlier-norm", "-1", "--server",
                           cls.server.address)
            assert got.returncode == 0, got.stderr
        for name in ("w-one", "w-two"):
            cls.workers.append(subprocess.Popen(
                [FLYWHEEL, "worker", "--job", "digits", "--model", "linear",
                 "--slowdown", "50", "--name", name, "--server", cls.server.address],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        wait_for("two workers", lambda: cls.job()["workers"] == 2 and
                 cls.job()["gradients_applied"] > 20)

    @classmethod
    def tearDownClass(cls):
        for w in cls.workers:
            w.terminate()
        for w in cls.workers:
            w.wait()
        cls.server.stop()
        cls.server.remove()

    @classmethod
    def job(cls):
        got = flywheel("top", "--json", "--job", "digits", "--server",
                       cls.server.address)
        assert got.returncode == 0, got.stderr
        return json.loads(got.stdout)["jobs"][0]

    def top(self, *words, server=None, **more):
        t = Terminal("top", "--server", (server or self.server).address,
                     "--interval-ms", "100", *words, **more)
        self.addCleanup(t.close)
        for w in self.workers:
            self.assertIsNone(w.poll(), "a worker has ended")
        return t

    def test_json_of_all_jobs_has_their_workers(self):
        for command in (["top", "--once"], ["status"]):
            got = flywheel(*command, "--json", "--server", self.server.address)
            self.assertEqual(got.returncode, 0, got.stderr)
            jobs = {j["name"]: j for j in json.loads(got.stdout)["jobs"]}
            self.assertEqual({w["name"] for w in jobs["digits"]["worker"]},
                             {"w-one", "w-two"})
            self.assertEqual(jobs["aside"]["worker"], [])

    def test_jobs_are_sorted_filtered_and_q_gives_the_terminal_back(self):
        t = self.top()
        t.shows("digits", "aside", "zebra", "training", "q quit")
        t.orders(["aside", "digits", "zebra"])
        t.press("1")
        t.orders(["zebra", "digits", "aside"])
        t.press("3")
        t.orders(["digits", "aside", "zebra"])
        t.press("/DIG")
        t.orders(["digits"])
        t.press(ENTER)
        t.shows("filter: DIG (1 of 3")
        t.press(ESCAPE)
        t.shows("q quit")
        t.press("?")
        t.shows("filter by name")
        t.press("x")
        t.shows("q quit")
        t.press("q")
        self.assertEqual(t.ended(), 0)

    def test_a_job_and_a_worker_are_shown_and_change(self):
        t = self.top("--sort", "workers")
        t.orders(["digits", "aside", "zebra"])
        t.press(ENTER)
        text = t.shows("digits: training", "w-one", "w-two", "explicit",
                       "implicit", "total", "target", "decision", "█")
        version = text.split("version ")[1].split()[0]
        end = time.monotonic() + 20
        while f"version {version} " in t.text() and time.monotonic() < end:
            t.read()
        self.assertNotIn(f"version {version} ", t.text())
        t.press(ENTER)
        t.shows("w-one of digits: connected", "gradients/s; mean")
        t.press(ESCAPE)
        t.shows("w-two")
        t.press(ESCAPE)
        t.shows("aside", "zebra")
        t.press("q")
        self.assertEqual(t.ended(), 0)

    def test_any_size_of_the_window_is_survived(self):
        t = self.top("--job", "digits")
        t.shows("w-one", "w-two")
        for rows, columns in ((3, 10), (1, 1), (10, 60), (60, 200), (24, 80)):
            t.resize(rows, columns)
        t.shows("w-one", "w-two", "q quit")
        self.assertIn("q quit", t.screen.display[23])
        t.press("q")
        self.assertEqual(t.ended(), 0)

    def test_signals_give_the_terminal_back(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            t = self.top()
            t.shows("digits")
            t.process.send_signal(number)
            self.assertEqual(t.ended(), 130)
        t = self.top()
        t.shows("digits")
        t.press("\x03")  # Ctrl-C
        self.assertEqual(t.ended(), 130)

    def test_no_color_is_respected(self):
        colour = b"\x1b[3"
        t = self.top("--job", "nothing-there")
        t.shows("stale")
        t.press("q")
        t.ended()
        self.assertIn(colour, t.bytes)
        t = self.top("--job", "nothing-there", NO_COLOR="1")
        t.shows("stale")
        t.press("q")
        t.ended()
        self.assertNotIn(colour, t.bytes)

    def test_a_terminal_without_utf8_gets_ascii(self):
        t = self.top("--job", "digits", LC_ALL="C")
        t.shows("explicit     #", "w-one")
        t.press("q")
        self.assertEqual(t.ended(), 0)
        self.assertNotIn("█".encode(), t.bytes)

    def test_a_server_that_goes_is_stale_and_comes_back(self):
        server = Server()
        self.addCleanup(server.remove)
        port = server.address
        t = self.top(server=server)
        t.shows("no jobs")
        server.stop()
        t.shows("stale:")
        again = subprocess.Popen(
            [program("FLYWHEELD"), "--listen", port, "--data", server.data],
            stderr=subprocess.DEVNULL)
        try:
            t.shows(f"{port} · flywheeld")
            t.press("q")
            self.assertEqual(t.ended(), 0)
        finally:
            again.terminate()
            again.wait()

    def test_without_a_terminal_one_plain_table_comes(self):
        for words in ((), ("--once",)):
            got = flywheel("top", "--server", self.server.address, *words)
            self.assertEqual(got.returncode, 0, got.stderr)
            self.assertNotIn("\x1b", got.stdout)
            self.assertIn("JOB ", got.stdout)
            self.assertEqual(len(got.stdout.splitlines()), 5)
        got = flywheel("top", "--once", "--job", "digits", "--filter", "two",
                       "--server", self.server.address)
        self.assertIn("w-two ", got.stdout)
        self.assertNotIn("w-one ", got.stdout)

    def test_mistakes_are_named(self):
        for words, code in ((["--sort", "colour"], 2),
                            (["--interval-ms", "1"], 2),
                            (["--once", "--job", "nobody"], 4)):
            got = flywheel("top", "--server", self.server.address, *words)
            self.assertEqual(got.returncode, code, got.stderr)
            self.assertEqual(len(got.stderr.splitlines()), 1)
        t = Terminal("top", "--server", self.server.address, TERM="nonsense")
        self.addCleanup(t.close)
        t.shows("no terminal that is known; try --once")
        got = flywheel("top", "--server", "127.0.0.1:1", "--timeout", "300")
        self.assertEqual(got.returncode, 3)


if __name__ == "__main__":
    unittest.main(verbosity=2)
