#!/usr/bin/env python3
"""Runs every test of this folder against the real nitro-enc. NITRO_ENC is the binary's path (default: the
release build's); AWS_EMULATOR that of the emulator, without which its tests are skipped. Arguments are
unittest's: `-k pattern` chooses, `-v` names each test."""

import pathlib
import sys
import unittest

FOLDER = pathlib.Path(__file__).resolve().parent


def load_tests(loader, _tests, _pattern):
    sys.path.insert(0, str(FOLDER))
    return loader.discover(str(FOLDER), pattern="*_cli.py")


if __name__ == "__main__":
    unittest.main()
