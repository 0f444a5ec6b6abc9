#!/usr/bin/python3
"""What `cmake --install` leaves behind is enough to build a worker, by
pkg-config and by CMake, and shows nothing but the public functions."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

BUILD = pathlib.Path(os.environ.get("FW_BUILD", "build-dev")).resolve()
TOP = pathlib.Path(__file__).resolve().parents[2]
HEADER = "include/flywheel/flywheel.h"
PROGRAM = """
double compute(const float *parameters, float *gradient);
int complain(const char *reason, const char *text);
%s
double compute(const float *parameters, float *gradient)
{
    gradient[0] = parameters[0];
    return 0.0;
}
int complain(const char *reason, const char *text)
{
    return reason[0] && text[0];
}
int main(int argc, char **argv)
{
    float x[4] = {0}, g[4] = {0};
    (void)argv;
    return argc > 9 ? train(x, g, 1) : fw_version()[0] != '0';
}
"""
CMAKE = """
cmake_minimum_required(VERSION 3.22)
project(user C)
find_package(flywheel 0.1 REQUIRED)
foreach(kind flywheel flywheel_static)
    add_executable(by_${kind} worker.c)
    target_link_libraries(by_${kind} flywheel::${kind})
endforeach()
"""


def run(*command, **options):
    done = subprocess.run([str(c) for c in command], text=True,
                          capture_output=True, timeout=300, **options)
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return done.stdout


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="flywheel-install-"))
        cls.prefix = cls.folder / "prefix"
        run("cmake", "--install", BUILD, "--prefix", cls.prefix)
        cls.lib = next(cls.prefix.glob("lib*/**/libflywheel.so")).parent
        cls.source = cls.folder / "worker.c"
        example = cls.folder / "example.inc"
        run("/usr/bin/python3", "-B", TOP / "tests/support/header_example.py",
            cls.prefix / HEADER, example)
        cls.source.write_text(PROGRAM % example.read_text())
        cls.env = dict(os.environ, LD_LIBRARY_PATH=str(cls.lib),
                       PKG_CONFIG_PATH=str(cls.lib / "pkgconfig"))

    def test_manual_and_completion_are_installed(self):
        for name in ("man/man1/flywheel.1", "man/man1/flywheel-job-create.1",
                     "man/man8/flywheeld.8",
                     "bash-completion/completions/flywheel",
                     "bash-completion/completions/flywheeld"):
            self.assertTrue((self.prefix / "share" / name).is_file(), name)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def test_the_example_builds_by_pkg_config(self):
        flags = run("pkg-config", "--cflags", "--libs", "flywheel",
                    env=self.env).split()
        run("cc", "-Wall", "-Wextra", "-Werror", "-std=c99", self.source,
            "-o", self.folder / "worker", *flags)
        run(self.folder / "worker", env=self.env)

    def test_the_example_links_to_the_archive_alone(self):
        flags = run("pkg-config", "--static", "--cflags", "--libs", "flywheel",
                    env=self.env).split()
        flags[flags.index("-lflywheel")] = "-l:libflywheel.a"
        run("cc", self.source, "-o", self.folder / "whole", *flags)
        self.assertNotIn("libflywheel", run("ldd", self.folder / "whole"))
        run(self.folder / "whole")

    def test_the_example_builds_by_find_package(self):
        (self.folder / "CMakeLists.txt").write_text(CMAKE)
        run("cmake", "-S", self.folder, "-B", self.folder / "b",
            f"-DCMAKE_PREFIX_PATH={self.prefix}")
        run("cmake", "--build", self.folder / "b")
        for kind in ("flywheel", "flywheel_static"):
            run(self.folder / f"b/by_{kind}", env=self.env)

    def test_the_header_is_also_cpp(self):
        source = self.folder / "worker.cpp"
        source.write_text(f'#include "{self.prefix / HEADER}"\n'
                          "int main() { return fw_version()[0] != '0'; }\n")
        run("c++", "-Wall", "-Wextra", "-Werror", source, "-o",
            self.folder / "cpp", f"-L{self.lib}", "-lflywheel")
        run(self.folder / "cpp", env=self.env)

    def test_only_the_public_functions_are_shown(self):
        shown = {line.split()[-1].split("@")[0] for line in run(
            "nm", "-D", "--defined-only", self.lib / "libflywheel.so"
        ).splitlines() if " A " not in line}
        header = (self.prefix / HEADER).read_text()
        public = set(re.findall(r"^FW_API[^;]*?\b(fw_\w+)\(", header,
                                re.MULTILINE))
        self.assertGreater(len(public), 10)
        self.assertEqual(shown, public)

    def test_python_finds_the_library_of_its_prefix(self):
        env = dict(os.environ,
                   PYTHONPATH=str(self.prefix / "share/flywheel/python"))
        env.pop("FLYWHEEL_LIBRARY", None)
        out = run("/usr/bin/python3", "-B", "-c",
                  "import flywheel; from flywheel import library; "
                  "print(flywheel.version(), library.load()._name)", env=env)
        self.assertIn(str(self.lib), out)

    def test_the_soname_is_zero(self):
        self.assertIn("[libflywheel.so.0]", run(
            "readelf", "-d", self.lib / "libflywheel.so"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
