"""Images for the boot tests: an EIF of our kernel and enclave-init around one program."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "devkit"), str(ROOT / "tests/eif"), str(ROOT / "tests/cli")]

import container_files  # found by the line above
import cpio
import eif_file

BINARIES = pathlib.Path(os.environ.get("NES_BIN", ROOT / "build/release/bin"))
CMDLINE = (ROOT / "kernel/cmdline").read_text().strip()


def kernels():
    """(enclave's, parent's) bzImage, built unless they are there."""
    built = subprocess.run([ROOT / "kernel/build.sh", "enclave", "parent"], stdout=subprocess.PIPE, check=True, text=True)
    return tuple(pathlib.Path(line) for line in built.stdout.splitlines())


def boot_ramdisk():
    return cpio.archive({"init": ((BINARIES / "enclave-init").read_bytes(), 0o755), "dev": None})


def image_ramdisk(command, environment=(), user=None, directory=None, files=None):
    """`files` are those below rootfs/. What is None has no file in the archive, as in an image that says nothing."""
    entries = {f"rootfs/{path}": content for path, content in (files or {}).items()} or {"rootfs": None}
    for name, lines in (("cmd", command), ("env", environment)):
        if lines is not None:
            entries[name] = "".join(line + "\n" for line in lines).encode()
    for name, line in (("user", user), ("workdir", directory)):
        if line is not None:
            entries[name] = (line + "\n").encode()
    return cpio.archive(entries)


def build(kernel, path, **image):
    """Writes an EIF with the image_ramdisk() of the arguments; returns its bytes."""
    eif = eif_file.write(kernel.read_bytes(), CMDLINE, [boot_ramdisk(), image_ramdisk(**image)])
    path.write_bytes(eif)
    return eif


def build_by_nitro_enc(kernel, path, command, environment=(), user=None, directory=None, files=None):
    """The same by `nitro-enc eif build`, from an OCI layout with one layer: {path: (content, permissions)}, or a path to
    be linked to."""
    with tempfile.TemporaryDirectory() as folder:
        layout = container_files.OciLayout(pathlib.Path(folder) / "layout")
        entries = [container_files.hardlink(name, content) if isinstance(content, str) else
                   container_files.entry(name, content[0], mode=content[1]) for name, content in files.items()]
        layout.add_image([container_files.layer(*entries)], Cmd=command, Env=list(environment), User=user or "",
                         WorkingDir=directory or "")
        built = subprocess.run(
            [BINARIES / "nitro-enc", "eif", "build", "--oci-layout", layout.write_index(), "--kernel", kernel, "--cmdline",
             ROOT / "kernel/cmdline", "--init", BINARIES / "enclave-init", "--output-file", path],
            stdout=subprocess.PIPE, check=True, text=True)
    eif = path.read_bytes()
    printed = json.loads(built.stdout)["Measurements"]
    assert {index: printed[f"PCR{index}"] for index in (0, 1, 2)} == eif_file.pcrs(eif)
    return eif
