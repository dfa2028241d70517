#!/usr/bin/env python3
"""Runs clang-tidy over the sources of a build folder whose paths match a pattern, and prints what it finds. A file that
was clean stays out until what the compiler sees of it, its comments or the configuration change.

usage: tidy.py BUILD_FOLDER CACHE_FOLDER PATTERN"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys


def preprocess(entry):
    """The command of compile_commands.json, for preprocessing with comments: NOLINT is one."""
    command = shlex.split(entry["command"])
    del command[command.index("-o"):command.index("-o") + 2]
    return subprocess.run([*(word for word in command if word != "-c"), "-E", "-C"], cwd=entry["directory"],
                          capture_output=True, check=True).stdout


def check(entry, build, cache, salt):
    """(the file's mark of being clean, what there is to say of it)"""
    mark = cache / hashlib.sha256(salt + preprocess(entry)).hexdigest()
    if mark.exists():
        return mark, ""
    run = subprocess.run(["clang-tidy", "-quiet", "-p", build, entry["file"]], capture_output=True, text=True,
                         check=False)
    if run.returncode == 0 and not run.stdout:
        mark.touch()
        return mark, ""
    return mark, run.stdout or run.stderr


def main():
    build, cache, pattern = sys.argv[1], pathlib.Path(sys.argv[2]), re.compile(sys.argv[3])
    root = pathlib.Path(__file__).resolve().parent.parent
    cache.mkdir(parents=True, exist_ok=True)
    version = subprocess.run(["clang-tidy", "--version"], capture_output=True, check=True).stdout
    salt = version + (root / ".clang-tidy").read_bytes()
    commands = json.loads((pathlib.Path(build) / "compile_commands.json").read_text(encoding="utf-8"))
    entries = [entry for entry in commands
               if pattern.search(os.path.relpath(entry["file"], root))]
    if not entries:
        sys.exit("tidy: no source matches")
    found, marks = 0, set()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for i, (mark, said) in enumerate(pool.map(lambda entry: check(entry, build, cache, salt), entries), 1):
            marks.add(mark)
            found += bool(said)
            sys.stdout.write(said)
            if sys.stdout.isatty():
                print(f"\r{i} of {len(entries)} files", end="", flush=True)
    for mark in set(cache.iterdir()) - marks:
        mark.unlink()
    print(f"{'' if not sys.stdout.isatty() else chr(13)}clang-tidy: {len(entries)} files, {found} with findings")
    sys.exit(found > 0)


if __name__ == "__main__":
    main()
