#!/usr/bin/env python3
"""Every promise of SPEC.md names tests as `path::test`, or the file of a must-not-compile case; each of them has to
exist in the tree, and every C++ test has to be built."""

import pathlib
import re
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
REFERENCE = re.compile(r"`([\w./-]+\.(?:cc|py))::(\w+)`|`(tests/must_not_compile/\w+\.cc)`")
PROMISE = re.compile(r"^- \*\*", re.MULTILINE)


def declares(text, name, suffix):
    """Whether a test of this name stands in a C++ (GoogleTest) or Python file."""
    form = {".cc": rf"\b(?:TYPED_)?TEST(?:_F|_P)?\(\s*\w+,\s*{name}\s*\)", ".py": rf"\bdef {name}\("}[suffix]
    return re.search(form, text) is not None


def missing(spec, root):
    """The references of `spec` that lead nowhere, and the promises without one."""
    wrong = []
    for path, name, case in REFERENCE.findall(spec):
        file = root / (path or case)
        if case:
            if not file.is_file():
                wrong.append(f"{case} does not exist")
        elif not file.is_file() or not declares(file.read_text(encoding="utf-8"), name, file.suffix):
            wrong.append(f"{path}::{name} does not exist")
    for promise in PROMISE.split(spec)[1:]:
        if not REFERENCE.search(promise.split("\n\n")[0]):
            wrong.append(f"no test for: {promise.splitlines()[0]}")
    return wrong


def unbuilt(root):
    """The C++ tests that the CMakeLists.txt of their folder does not name."""
    found = []
    for folder in ("lib", "enclave", "host", "tools", "devkit"):
        for file in sorted((root / folder).rglob("*_test.cc")):
            lists = file.parent / "CMakeLists.txt"
            if not lists.is_file() or file.name not in re.findall(r"[\w.]+", lists.read_text(encoding="utf-8")):
                found.append(str(file.relative_to(root)))
    return found


class Promises(unittest.TestCase):
    """SPEC.md, and specifications with mistakes."""

    def test_every_promise_has_a_test_that_exists(self):
        wrong = missing((ROOT / "SPEC.md").read_text(encoding="utf-8"), ROOT)
        self.assertEqual(wrong, [], "\n" + "\n".join(wrong))

    def test_mistakes_are_found(self):
        here = "tests/promises_test.py"
        self.assertEqual(missing(f"- **P** holds. `{here}::test_mistakes_are_found`\n", ROOT), [])
        self.assertEqual(len(missing(f"- **P** holds. `{here}::test_of_nothing`\n", ROOT)), 1)
        self.assertEqual(len(missing("- **P** holds. `tests/none_test.py::test_x`\n", ROOT)), 1)
        self.assertEqual(len(missing("- **P** holds. `tests/must_not_compile/nothing.cc`\n", ROOT)), 1)
        self.assertEqual(len(missing("- **P** holds, they say.\n", ROOT)), 1)
        self.assertFalse(declares("// TESTING(A, name)\n", "name", ".cc"))
        self.assertTrue(declares("TEST_F(Suite,\n       name) {", "name", ".cc"))

    def test_every_c_plus_plus_test_is_built(self):
        self.assertEqual(unbuilt(ROOT), [])
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "lib").mkdir()
            (pathlib.Path(folder) / "lib/a_test.cc").touch()
            (pathlib.Path(folder) / "lib/CMakeLists.txt").write_text("TESTS aa_test.cc)", encoding="utf-8")
            self.assertEqual(unbuilt(pathlib.Path(folder)), ["lib/a_test.cc"])


if __name__ == "__main__":
    sys.exit(unittest.main())
