#!/usr/bin/env python3
"""Runs every test of this folder against the real vsock-proxy. Arguments are unittest's: `-k pattern` chooses."""

import pathlib
import sys
import unittest

FOLDER = pathlib.Path(__file__).resolve().parent


def load_tests(loader, _tests, _pattern):
    sys.path.insert(0, str(FOLDER))
    return loader.discover(str(FOLDER), pattern="*_proxy.py")


if __name__ == "__main__":
    unittest.main()
