#!/usr/bin/python3
"""The dashboard as it is built: small, the same each time, whole in itself."""
import base64
import gzip
import hashlib
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = TOP / "server/http/page/build.py"


def built(*options):
    done = subprocess.run([sys.executable, "-B", BUILD, *options], check=True,
                          capture_output=True, text=True)
    return done.stdout


def bytes_of(c_source):
    """The bytes of the array in a C source, and its policy."""
    array = re.search(r"fw_page_gz\[\] = \{(.*?)\};", c_source, re.S)
    policy = re.search(r"fw_page_csp\[\] =\n(.*?);\n$", c_source, re.S)
    return (bytes(int(n) for n in re.findall(r"\d+", array.group(1))),
            "".join(re.findall(r'"([^"]*)"', policy.group(1))))


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            first, second = (pathlib.Path(folder) / n for n in "ab")
            built(first)
            built(second)
            cls.source, cls.again = first.read_text(), second.read_text()
        cls.gz, cls.policy = bytes_of(cls.source)
        cls.html = gzip.decompress(cls.gz).decode()

    def test_the_same_sources_give_the_same_bytes(self):
        self.assertEqual(self.source, self.again)

    def test_it_is_below_150_kB(self):
        self.assertLess(len(self.gz), 150_000)

    def test_the_policy_names_each_script_and_style_and_nothing_else(self):
        inline = re.findall(r"<(script|style)>(.*?)</\1>", self.html, re.S)
        want = {f"'sha256-{base64.b64encode(hashlib.sha256(t.encode()).digest()).decode()}'"
                for _, t in inline}
        self.assertEqual(len(inline), 3)
        self.assertEqual(set(re.findall(r"'sha256-[^']*'", self.policy)), want)
        self.assertIn("default-src 'none'", self.policy)
        self.assertNotIn("unsafe", self.policy)
        self.assertLessEqual(len(self.policy), 512)

    def test_nothing_is_loaded_from_elsewhere_and_no_handler_is_inline(self):
        markup = re.sub(r"<(script|style)>.*?</\1>", "", self.html, flags=re.S)
        self.assertNotRegex(markup, r"\son[a-z]+=")
        self.assertNotRegex(markup, r"\sstyle=")
        self.assertNotRegex(markup, r'(src|href)="(?!#|data:)')
        self.assertNotRegex(self.html, r"@import|url\((?!data:)")

    def test_data_never_becomes_markup(self):
        for module in (TOP / "server/http/page/app").glob("*.js"):
            with self.subTest(module=module.name):
                self.assertNotRegex(module.read_text(), r"innerHTML|outerHTML"
                                    r"|insertAdjacentHTML|document\.write|eval\(")

    def test_the_licence_of_uplot_is_in_it(self):
        self.assertIn("Permission is hereby granted", self.html)

    def test_modules_that_need_no_browser(self):
        node = shutil.which("node")
        if not node:
            self.skipTest("SKIPPED: node is not installed")
        done = subprocess.run([node, TOP / "tests/browser/test_modules.mjs"],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
