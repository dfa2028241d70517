"""What the tests of the command line share: a run of it, and a directory that goes away."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
NITRO_ENC = os.environ.get("NITRO_ENC", str(ROOT / "build/release/bin/nitro-enc"))
TESTDATA = ROOT / "testdata"

GOOD, REFUSED, USAGE = 0, 1, 2


class CliCase(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="nitro-enc-cli."))
        self.addCleanup(shutil.rmtree, self.directory)
        # Nothing of the machine's own AWS configuration gets in.
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.directory)}

    def run_cli(self, *words, status=GOOD):
        """stdout and stderr of a run that must end with `status`."""
        done = subprocess.run([NITRO_ENC, *map(str, words)], env=self.environment, capture_output=True, text=True,
                              timeout=120, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        for line in done.stderr.splitlines():
            if status == REFUSED and not line.startswith("nitro-enc: "):
                self.assertRegex(line, r"^\S+:\d+: warning: ")
        return done.stdout, done.stderr

    def run_json(self, *words, status=GOOD):
        return json.loads(self.run_cli(*words, status=status)[0])

    def refused(self, *words, status=REFUSED):
        """stderr of a run that must be refused: one line."""
        _, err = self.run_cli(*words, status=status)
        self.assertEqual(len(err.splitlines()), 1, err)
        self.assertTrue(err.startswith("nitro-enc: "), err)
        return err

    def write(self, name, text):
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path
