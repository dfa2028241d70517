"""What the tests of `nitro-enc eif build` share: parts to boot, and the files of a ramdisk by a reader of its own."""

import pathlib
import stat
import sys

from cli_case import ROOT, CliCase

sys.path[:0] = [str(ROOT / "tests/eif")]

import eif_file  # found by the line above
import eif_signature


class CpioFile:
    """One entry of a newc archive."""

    def __init__(self, fields, data):
        (self.inode, self.mode, self.uid, self.gid, self.links, self.time, _, self.device_major, self.device_minor,
         self.major, self.minor) = fields[:11]
        self.data = data

    @property
    def permissions(self):
        return stat.S_IMODE(self.mode)


def cpio_files(archive):
    """{path: CpioFile} in the archive's order, hardlinks with the data of their first name."""
    found, contents, at = {}, {}, 0
    while True:
        assert archive[at:at + 6] == b"070701", archive[at:at + 6]
        fields = [int(archive[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        name = archive[at + 110:at + 110 + fields[11] - 1].decode("utf-8", "surrogateescape")
        begin = (at + 110 + fields[11] + 3) & ~3
        at = (begin + fields[6] + 3) & ~3
        if name == "TRAILER!!!":
            assert not archive[at:].strip(b"\0")
            return found
        file = CpioFile(fields, archive[begin:begin + fields[6]])
        if stat.S_ISREG(file.mode):
            file.data = contents.setdefault(file.inode, file.data)
        found[name] = file


class EifBuildCase(CliCase):
    CMDLINE = "reboot=k panic=30 console=ttyS0"

    def setUp(self):
        super().setUp()
        self.blobs = self.directory / "blobs"
        self.blobs.mkdir()
        (self.blobs / "bzImage").write_bytes(b"kernel" * 100)
        (self.blobs / "cmdline").write_text(self.CMDLINE + "\n")
        (self.blobs / "init").write_bytes(b"init" * 100)
        self.eif = self.directory / "image.eif"

    def build(self, *words, **more):
        """The sections of the image that is built, after what it printed was compared with the calculator's."""
        printed = self.run_json("eif", "build", "--blobs", self.blobs, "--output-file", self.eif, *words, **more)
        eif = self.eif.read_bytes()
        for index, value in eif_file.pcrs(eif).items():
            self.assertEqual(printed["Measurements"][f"PCR{index}"], value)
        self.assertEqual(printed["Measurements"]["HashAlgorithm"], "Sha384 { ... }")
        return eif_file.sections(eif)

    def files(self, *words):
        """{path: CpioFile} of the second ramdisk of what is built."""
        return cpio_files(self.build(*words)[4][1])

    def refused_build(self, *words):
        """stderr, one line; no image is there."""
        self.eif.unlink(missing_ok=True)
        err = self.refused("eif", "build", "--blobs", self.blobs, "--output-file", self.eif, *words)
        self.assertFalse(self.eif.exists())
        self.assertEqual([path.name for path in self.directory.glob("image.eif*")], [])
        return err

    def rootfs(self, name="root"):
        root = self.directory / name
        (root / "bin").mkdir(parents=True)
        (root / "bin/a").write_bytes(b"program")
        (root / "bin/a").chmod(0o755)
        return root

    def path(self, *parts):
        return pathlib.Path(self.directory, *parts)
