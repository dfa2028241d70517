"""What the tests of the AWS emulator share: one emulator for the tests of a class. AWS_EMULATOR is the program."""

import os
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "devkit" / "aws_emulator"))

from emulator_process import EmulatorProcess  # noqa: E402: found by the line above

SKIPPED = 77  # ctest's SKIP_RETURN_CODE
REGION = "us-east-1"
ACCOUNT = "111122223333"


class EmulatorCase(unittest.TestCase):
    """The administrator's key is `key`."""

    @classmethod
    def setUpClass(cls):
        cls.home = pathlib.Path(tempfile.mkdtemp(prefix="aws-emulator-"))
        cls.addClassCleanup(shutil.rmtree, cls.home)
        cls.emulator = EmulatorProcess(os.environ["AWS_EMULATOR"], cls.home / "state").start()
        cls.addClassCleanup(cls.emulator.stop)
        lines = cls.emulator.credentials_file.read_text(encoding="utf-8").splitlines()[1:]
        cls.key = dict(line.split(" = ") for line in lines)

    def setUp(self):
        self.addCleanup(self.emulator.set_faults)
