#!/usr/bin/env python3
"""Runs every test of this folder against the real process, over real TLS. ENCLAVE_DEV is the binary's path
(default: the release build's). Arguments are unittest's: `-k pattern` chooses, `-v` names each test."""

import pathlib
import sys
import unittest

FOLDER = pathlib.Path(__file__).resolve().parent


def load_tests(loader, _tests, _pattern):
    sys.path[:0] = [str(FOLDER), str(FOLDER.parents[1] / "devkit")]
    return loader.discover(str(FOLDER), pattern="*_e2e.py")


if __name__ == "__main__":
    unittest.main()
