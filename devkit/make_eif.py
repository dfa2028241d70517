#!/usr/bin/env python3
"""Builds the production image: kernel, enclave-init, and a root with the service, its user and its authorities.

    ./run eif [--env FILE] [--ca FILE] [--output DIR]

FILE of --env has the configuration, NAME=VALUE a line, `#` before a comment; by default it is deploy/demo.env, which
names an account that does not exist. That of --ca has the authorities in PEM; by default those of Amazon. Writes
nitro-enc-svc.eif and pcr-values.json into DIR (build/eif), and blobs/, the folder of what boots that nitro-enc and
nitro-cli take in NITRO_CLI_BLOBS."""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
USER = "enclave-svc"
PASSWD = f"root:x:0:0:root:/:/sbin/nologin\n{USER}:x:65532:65532:{USER}:/:/sbin/nologin\n"
GROUP = f"root:x:0:\n{USER}:x:65532:\n"


class BuildFailed(Exception):
    """The text says what failed."""


def run(*command, **options):
    """Standard output of a program. Raises BuildFailed."""
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True, check=False, **options)
    if done.returncode != 0:
        raise BuildFailed(f"{pathlib.Path(command[0]).name} ended with status {done.returncode}")
    return done.stdout


def read_environment(path):
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    entries = [line for line in lines if line and not line.startswith("#")]
    for entry in entries:
        if "=" not in entry:
            raise BuildFailed(f"{path}: '{entry}' is not NAME=VALUE")
    return entries


def make_root(root, service, ca_pem):
    """The image's files, anew."""
    shutil.rmtree(root, ignore_errors=True)
    for folder in ("usr/local/bin", "etc/nitro-enc-svc", "tmp"):
        (root / folder).mkdir(parents=True)
    (root / "tmp").chmod(0o1777)
    shutil.copy(service, root / "usr/local/bin/enclave")
    (root / "usr/local/bin/enclave").chmod(0o755)
    (root / "etc/passwd").write_text(PASSWD, encoding="ascii")
    (root / "etc/group").write_text(GROUP, encoding="ascii")
    (root / "etc/nitro-enc-svc/ca-bundle.pem").write_text(ca_pem, encoding="ascii")


def make_blobs(blobs, binaries, kernel):
    blobs.mkdir(parents=True, exist_ok=True)
    for source, name in ((kernel, "bzImage"), (ROOT / "kernel/cmdline", "cmdline"), (binaries / "enclave-init", "init")):
        shutil.copy(source, blobs / name)


def make_eif(binaries, kernel, environment, ca_pem, output):
    """Writes nitro-enc-svc.eif and pcr-values.json into `output`; the measurements. `environment`: NAME=VALUE each."""
    make_blobs(output / "blobs", binaries, kernel)
    make_root(output / "rootfs", binaries / "enclave", ca_pem)
    settings = [word for entry in environment for word in ("--env", entry)]
    text = run(binaries / "nitro-enc", "eif", "build", "--rootfs", output / "rootfs", "--blobs",
               output / "blobs", "--cmd", "/usr/local/bin/enclave", "--user", USER, *settings, "--name", "nitro-enc-svc", "--gzip",
               "--output-file", output / "nitro-enc-svc.eif")
    (output / "pcr-values.json").write_text(text, encoding="ascii")
    return json.loads(text)


def show(output, kernel, measured, seconds):
    size = lambda path: f"{path.stat().st_size:>12,} bytes"
    print(f"kernel   {size(kernel)}\nservice  {size(output / 'rootfs/usr/local/bin/enclave')}")
    print(f"image    {size(output / 'nitro-enc-svc.eif')}, in {seconds:.1f} s, ramdisks compressed")
    for name in ("PCR0", "PCR1", "PCR2"):
        print(f"{name}     {measured['Measurements'][name]}")
    print(f"memory   {measured['MinimumMemoryMib']} MiB at least\n{output}/nitro-enc-svc.eif, pcr-values.json")


def main():
    parser = argparse.ArgumentParser(prog="./run eif", description=__doc__.splitlines()[0])
    parser.add_argument("--env", type=pathlib.Path, default=ROOT / "deploy/demo.env", help="the configuration")
    parser.add_argument("--ca", type=pathlib.Path, help="the authorities, PEM; default: Amazon's")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "build/eif", help="the folder to write to")
    arguments = parser.parse_args()
    binaries = pathlib.Path(os.environ.get("NES_BIN", ROOT / "build/release/bin"))
    try:
        kernel = pathlib.Path(run(ROOT / "kernel/build.sh", "enclave").strip())
        ca_pem = arguments.ca.read_text(encoding="ascii") if arguments.ca else run(ROOT / "scripts/ca-bundle")
        begin = time.monotonic()
        measured = make_eif(binaries, kernel, read_environment(arguments.env), ca_pem, arguments.output)
        show(arguments.output, kernel, measured, time.monotonic() - begin)
    except (BuildFailed, OSError) as failure:
        print(f"eif: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
