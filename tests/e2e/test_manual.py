#!/usr/bin/python3
"""Manual pages and completion: every command has them, and they say what the
program says."""
import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support.flywheel_test import Server, program  # noqa: E402

FLYWHEEL = program("FLYWHEEL")
FLYWHEELD = program("FLYWHEELD")
TOP = pathlib.Path(__file__).resolve().parents[2]
PAGES = pathlib.Path(os.environ["FW_BUILD"]) / "man/pages"


def say(*words):
    return subprocess.run(words, text=True, capture_output=True, timeout=60,
                          check=True).stdout


def commands(words=()):
    """Every command and group, as `--help` lists them."""
    yield words
    text = say(FLYWHEEL, *words, "--help")
    names = re.findall(r"^  ([a-z]+)  +\S", text, flags=re.M)
    names += re.findall(r"^Also: .* (\S+)$", text, flags=re.M)
    for name in names:
        yield from commands((*words, name))


def page_of(words):
    return PAGES / "man1" / ("-".join(("flywheel", *words)) + ".1")


class Manual(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.commands = list(commands())

    def test_every_command_has_a_page_and_no_page_lacks_its_command(self):
        self.assertGreater(len(self.commands), 30)
        self.assertIn(("workers", "release"), self.commands)
        wanted = {page_of(words).name for words in self.commands}
        self.assertEqual(wanted, {p.name for p in PAGES.glob("man1/*")})

    def test_a_page_has_every_option_of_its_command(self):
        for words in self.commands:
            text = page_of(words).read_text().replace("\\-", "-")
            for option in re.findall(r"^  (--[a-z0-9-]+)",
                                     say(FLYWHEEL, *words, "--help"),
                                     flags=re.M):
                self.assertIn(option, text, words)

    def test_the_daemon_page_has_every_option(self):
        text = (PAGES / "man8/flywheeld.8").read_text().replace("\\-", "-")
        for option in re.findall(r"^  (--[a-z0-9-]+)",
                                 say(FLYWHEELD, "--help"), flags=re.M):
            self.assertIn(f"\n.TP\n\\fB{option}", text)

    def test_mandoc_finds_nothing_to_warn_of(self):
        pages = [str(p) for p in PAGES.glob("man*/*")]
        got = subprocess.run(["mandoc", "-T", "lint", "-W", "warning",
                              *pages], text=True, capture_output=True,
                             timeout=60)
        self.assertEqual((got.returncode, got.stdout), (0, ""), got.stdout)

    def test_a_page_is_shown_as_written(self):
        with open(page_of(("job", "create")), encoding="utf-8") as page:
            text = page.read()
        self.assertTrue(text.startswith(".TH FLYWHEEL-JOB-CREATE 1 "), text)
        shown = subprocess.run(
            ["mandoc", "-T", "utf8", "-O", "width=200",
             str(page_of(("job", "create")))], text=True, capture_output=True,
            check=True, timeout=60).stdout
        shown = re.sub(".\b", "", shown)
        self.assertIn("--learning-rate R", shown)
        self.assertIn("flywheel job create --name digits --model cnn", shown)
        self.assertIn("tensors of linear, logistic, mlp or cnn", shown)

    def test_an_unknown_form_of_help_is_usage(self):
        for words in (("status",), ("job",), ()):
            got = subprocess.run([FLYWHEEL, *words, "--help=poem"], text=True,
                                 capture_output=True, timeout=60)
            self.assertEqual(got.returncode, 2, got.stdout)


class Completion(unittest.TestCase):
    def complete(self, *words, tool="flywheel", **environment):
        """What bash offers for the last word."""
        binary = {"flywheel": FLYWHEEL, "flywheeld": FLYWHEELD}[tool]
        script = (f". {TOP}/deploy/completion/{tool}\n"
                  "COMP_WORDS=(\"$@\")\nCOMP_CWORD=$(($# - 1))\n"
                  f"_{tool} \"$1\"\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n")
        got = subprocess.run(["bash", "-c", script, "bash", binary, *words],
                             text=True, capture_output=True, timeout=60,
                             env={**os.environ, **environment}, cwd=TOP)
        self.assertEqual(got.stderr, "")
        return got.stdout.split()

    def test_commands_and_options_are_offered(self):
        self.assertEqual(self.complete("check"), ["checkpoint"])
        self.assertEqual(self.complete("checkpoint", "re"), ["restore"])
        self.assertEqual(self.complete("workers", "rel"), ["release"])
        self.assertIn("--learning-rate",
                      self.complete("job", "create", "--le"))
        self.assertEqual(self.complete("status", "--wat"), ["--watch"])
        self.assertEqual(
            self.complete("status", "--watch", "--interval-ms", ""), [])

    def test_values_are_offered_by_their_kind(self):
        self.assertEqual(self.complete("job", "create", "--law", "mar"),
                         ["margin"])
        self.assertEqual(self.complete("train", "--job-file", "README"),
                         ["README.md"])

    def test_jobs_come_from_the_server(self):
        server = Server()
        self.addCleanup(server.remove)
        self.addCleanup(server.stop)
        say(FLYWHEEL, "job", "create", "--name", "digits", "--tensors", "w:4",
            "--server", server.address)
        self.assertEqual(self.complete("status", "--job", "d",
                                       FLYWHEEL_SERVER=server.address),
                         ["digits"])

    def test_the_daemon_has_its_options(self):
        self.assertEqual(self.complete("--lis", tool="flywheeld"),
                         ["--listen"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
