#!/usr/bin/env python3
"""Reads every #include of the project against cmake/layers.txt, and checks itself on trees with mistakes."""

import pathlib
import re
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOP_FOLDERS = ("lib", "enclave", "host", "tools", "devkit", "fuzz", "bench")
TEST_HEADERS = ("gtest/", "gmock/")
BENCH_HEADERS = ("benchmark/",)
TEST_FILE = re.compile(r"(^|/)(test_\w+|\w+_(test|testing|fixture))\.(h|cc)$")  # a test, or for tests alone
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')


class Layers:
    """cmake/layers.txt. A folder below lib/ is named without `lib/`."""

    def __init__(self, text):
        self.allowed = {}  # folder -> folders that it may include
        self.homes = {}  # prefix of a third-party header -> folders that may include it
        for line in text.splitlines():
            line = line.split("#")[0].strip()
            if not line:
                continue
            name, _, folders = line.partition(":")
            if name.startswith("third-party "):
                self.homes[name.removeprefix("third-party ").strip()] = folders.split()
            else:
                self.allowed[name.strip()] = folders.split()

    def folder_of(self, path):
        """The listed folder with the longest prefix of `path` (as written in an #include), or None."""
        parents = pathlib.PurePosixPath(path).parents
        return next((str(p) for p in parents if str(p) in self.allowed), None)


def folder_in_tree(relative):
    """How layers.txt and the includes name a file: without `lib/`."""
    parts = pathlib.PurePosixPath(relative).parts
    return "/".join(parts[1:] if parts[0] == "lib" else parts)


def check_project_include(layers, owner, header, is_test, root):
    target = layers.folder_of(header)
    if target is None:
        exists = any((root / base / header).exists() for base in ("", "lib"))
        return f'"{header}" is in no folder of cmake/layers.txt' if exists else f'"{header}" is no file of the project'
    if target != owner and target not in layers.allowed[owner]:
        return f'{owner} may not include "{header}"'
    if TEST_FILE.search(header) and not is_test and owner not in ("fuzz", "bench"):
        return f'"{header}" is for tests alone'
    return None


def check_third_party(layers, owner, header, is_test, is_header):
    home = next((prefix for prefix in layers.homes if header.startswith(prefix)), None)
    if home is not None:
        if owner not in layers.homes[home]:
            return f"<{header}> lives in {', '.join(layers.homes[home])}, not in {owner}"
        return f"<{header}> in a header; third-party headers stay in sources" if is_header else None
    if header.startswith(TEST_HEADERS):
        return None if is_test else f"<{header}> outside a test"
    if header.startswith(BENCH_HEADERS):
        return None if owner == "bench" else f"<{header}> outside bench"
    return None


def violations(root):
    """`path:line: what is wrong` for every include that cmake/layers.txt forbids."""
    layers = Layers((root / "cmake/layers.txt").read_text(encoding="utf-8"))
    found = []
    for top in TOP_FOLDERS:
        for path in sorted((root / top).rglob("*")):
            if path.suffix not in (".h", ".cc") or not path.is_file():
                continue
            relative = path.relative_to(root)
            owner = layers.folder_of(folder_in_tree(relative))
            if owner is None:
                found.append(f"{relative}:1: its folder is not in cmake/layers.txt")
                continue
            is_test = TEST_FILE.search(path.name) is not None
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                quoted, angled = match.groups()
                wrong = (check_project_include(layers, owner, quoted, is_test, root) if quoted else
                         check_third_party(layers, owner, angled, is_test, path.suffix == ".h"))
                if wrong:
                    found.append(f"{relative}:{number}: {wrong}")
    return found


class ThisTree(unittest.TestCase):
    """The project as it is."""

    def test_every_include_is_allowed(self):
        found = violations(ROOT)
        self.assertEqual(found, [], "\n" + "\n".join(found))

    def test_layers_have_no_cycle(self):
        allowed = Layers((ROOT / "cmake/layers.txt").read_text(encoding="utf-8")).allowed

        def visit(folder, above):
            self.assertNotIn(folder, above, " -> ".join([*above, folder]))
            for below in allowed[folder]:
                visit(below, [*above, folder])

        for folder in allowed:
            visit(folder, [])


class Mistakes(unittest.TestCase):
    """Trees with one mistake each."""

    LAYERS = """# comment
base:
json: base
crypto: base   # trailing comment
enclave/service: base json
enclave/service/deep: base
fuzz: json
bench: json
third-party gcrypt.h: crypto
third-party openssl/: crypto
"""

    def check(self, path, line):
        with tempfile.TemporaryDirectory() as directory:
            root = pathlib.Path(directory)
            files = {"cmake/layers.txt": self.LAYERS, "lib/base/a.h": "", "lib/json/b.h": "", "lib/crypto/c.h": "",
                     "enclave/service/d.h": "", "enclave/service/deep/e.h": "", "lib/json/n_for_test.h": "",
                     path: f"// first line\n{line}\n"}
            for name, text in files.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text, encoding="utf-8")
            return violations(root)

    def assert_found(self, path, line):
        found = self.check(path, line)
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(f"{path}:2: "), found)

    def assert_clean(self, path, line):
        self.assertEqual(self.check(path, line), [])

    def test_what_is_listed_is_allowed(self):
        for path, line in [("lib/json/x.cc", '#include "base/a.h"'), ("lib/json/x.cc", '#include "json/b.h"'),
                           ("enclave/service/x.cc", '  #  include "json/b.h"'), ("fuzz/x.cc", '#include "json/b.h"'),
                           ("lib/crypto/x.cc", "#include <gcrypt.h>"), ("lib/crypto/x.cc", "#include <openssl/evp.h>"),
                           ("lib/json/x.cc", "#include <vector>"), ("lib/json/x_test.cc", "#include <gtest/gtest.h>"),
                           ("bench/x.cc", "#include <benchmark/benchmark.h>"), ("lib/json/x.cc", '// #include "no.h"')]:
            with self.subTest(f"{path} {line}"):
                self.assert_clean(path, line)

    def test_folder_that_is_not_listed_is_forbidden(self):
        for path, line in [("lib/base/x.cc", '#include "json/b.h"'), ("lib/json/x.h", '#include "crypto/c.h"'),
                           ("lib/json/x_test.cc", '#include "crypto/c.h"'),
                           ("lib/json/x.cc", '#include "enclave/service/d.h"'),
                           ("fuzz/x.cc", '#include "base/a.h"')]:
            with self.subTest(f"{path} {line}"):
                self.assert_found(path, line)

    def test_longest_folder_prefix_wins(self):
        self.assert_clean("enclave/service/deep/x.cc", '#include "base/a.h"')
        self.assert_found("enclave/service/deep/x.cc", '#include "json/b.h"')
        self.assert_found("enclave/service/deep/x.cc", '#include "enclave/service/d.h"')
        self.assert_found("enclave/service/x.cc", '#include "enclave/service/deep/e.h"')

    def test_third_party_header_out_of_its_home_is_forbidden(self):
        self.assert_found("lib/json/x.cc", "#include <gcrypt.h>")
        self.assert_found("lib/json/x_test.cc", "#include <openssl/sha.h>")
        self.assert_found("enclave/service/x.cc", "#include <openssl/ssl.h>")

    def test_third_party_header_in_a_header_is_forbidden_at_home_too(self):
        self.assert_found("lib/crypto/x.h", "#include <gcrypt.h>")

    def test_test_and_benchmark_headers_stay_where_they_belong(self):
        self.assert_found("lib/json/x.cc", "#include <gtest/gtest.h>")
        self.assert_found("lib/json/x_test.cc", "#include <benchmark/benchmark.h>")
        self.assert_found("lib/json/x.cc", '#include "json/n_for_test.h"')
        self.assert_clean("lib/json/x_test.cc", '#include "json/n_for_test.h"')
        self.assert_clean("fuzz/x.cc", '#include "json/n_for_test.h"')

    def test_file_or_folder_that_nobody_listed_is_found(self):
        self.assert_found("lib/json/x.cc", '#include "jsno/b.h"')
        self.assert_found("lib/json/x.cc", '#include "b.h"')
        found = self.check("lib/util/x.h", "")
        self.assertEqual(found, ["lib/util/x.h:1: its folder is not in cmake/layers.txt"])


if __name__ == "__main__":
    sys.exit(unittest.main())
