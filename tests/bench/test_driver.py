#!/usr/bin/python3
"""The measuring works: a short run tells what it promises.  No speed is
claimed here, because a loaded machine would break such a claim."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
BUILD = os.environ.get("FW_BUILD")


class Driver(unittest.TestCase):
    def run_driver(self, *flags):
        out = self.enterContext(tempfile.TemporaryDirectory())
        subprocess.run(
            [sys.executable, "-B", HERE / "driver.py", "--build", BUILD,
             "--out", out, "--sizes", "10k", "--repeats", "1", "--seconds",
             "0.1", *flags], check=True, stdout=subprocess.DEVNULL)
        out = pathlib.Path(out)
        return json.loads((out / "rounds.json").read_text()), out

    def test_growth_is_told_with_its_constants(self):
        out = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        subprocess.run(
            [sys.executable, "-B", HERE / "scaling.py", "--build", BUILD,
             "--out", out, "--least"], check=True, stdout=subprocess.DEVNULL)
        got = json.loads((out / "scaling.json").read_text())
        self.assertEqual({r["peer"] for r in got["parameters"]},
                         {"raw", "flywheel", "flywheel-local"})
        self.assertGreater(got["workers"][-1]["workers"], 1)
        self.assertGreater(got["watching"]["messages_per_s"], 0)
        for name in ("scaling-parameters.svg", "scaling-workers.svg"):
            self.assertIn("<polyline", (out / name).read_text())

    def test_every_cell_has_rounds_and_a_ratio_to_the_yardstick(self):
        got, out = self.run_driver("--only", "flywheel", "--workers", "1,2")
        rows = {(r["peer"], r["workers"]): r for r in got["rows"]}
        self.assertEqual(set(rows), {(p, w) for p in ("raw", "flywheel")
                                     for w in (1, 2)})
        for row in rows.values():
            self.assertGreater(row["rounds_per_s"], 0)
            self.assertGreater(row["server_peak_bytes"], 40_000)
        self.assertEqual(rows["raw", 1]["ratio"], 1.0)
        flywheel = rows["flywheel", 2]
        self.assertAlmostEqual(
            flywheel["ratio"],
            flywheel["rounds_per_s"] / rows["raw", 2]["rounds_per_s"])
        drawn = (out / "rounds.svg").read_text()
        labels = [line for line in drawn.split("\n") if "/s)</text>" in line]
        self.assertEqual(len(labels), len(rows))
        for label in labels:  # not crossed by the line of 1.0
            self.assertGreater(drawn.index(label),
                               drawn.index("stroke-dasharray"))
            self.assertIn('paint-order="stroke" stroke="white"', label)
        self.assertIn("| flywheel |", (out / "rounds.md").read_text())

    def test_a_further_peer_is_a_program_that_prints_its_rounds(self):
        command = "sh -c 'echo $BENCH_ELEMENTS parameters: $BENCH_WORKERS'"
        got, _ = self.run_driver("--only", "mine", "--workers", "2",
                                 "--peer", f"mine={command}")
        row = next(r for r in got["rows"] if r["peer"] == "mine")
        self.assertEqual(row["rounds_per_s"], 2.0)


if __name__ == "__main__":
    if not BUILD:
        print("SKIPPED: FW_BUILD does not name a build")
        sys.exit(77)
    unittest.main()
