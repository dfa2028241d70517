"""nitro-enc eif diff and extract."""

import gzip
import os
import stat
import subprocess

from cli_case import REFUSED
from eif_case import EifBuildCase, cpio_files, eif_file


class Diff(EifBuildCase):
    def image(self, name, *words):
        path = self.directory / f"{name}.eif"
        self.run_cli("eif", "build", "--blobs", self.blobs, "--output-file", path, "--rootfs", self.directory / "root",
                     "--cmd", "/bin/a", *words)
        return path

    def setUp(self):
        super().setUp()
        self.root = self.rootfs()
        self.first = self.image("first")

    def diff(self, second, *words):
        lines = self.run_cli("eif", "diff", self.first, second, *words, status=REFUSED)[0].splitlines()
        printed = self.run_json("eif", "diff", self.first, second, "--json", *words, status=REFUSED)
        self.assertFalse(printed["Same"])
        self.assertEqual([": ".join(v for v in (d["Section"], d.get("Path"), d["What"]) if v) for d in printed["Differences"]],
                         [line for line in lines if not line.startswith("PCR")])
        self.assertEqual([line.split(":")[0] for line in lines if line.startswith("PCR")], list(printed["Measurements"]))
        return [line for line in lines if not line.startswith("PCR")], list(printed["Measurements"])

    def test_same(self):
        self.assertEqual(self.run_cli("eif", "diff", self.first, self.image("second"))[0], "")
        self.assertTrue(self.run_json("eif", "diff", self.first, self.first, "--json")["Same"])

    def test_names_the_files(self):
        (self.root / "bin/a").write_bytes(b"Program")
        (self.root / "bin/a").chmod(0o644)
        (self.root / "new").write_text("")
        self.assertEqual(self.diff(self.image("second")), (
            ["ramdisk 1: rootfs/bin/a: content", "ramdisk 1: rootfs/bin/a: mode",
             "ramdisk 1: rootfs/new: only in the second"], ["PCR0", "PCR2"]))

    def test_names_the_sections(self):
        (self.blobs / "cmdline").write_text("quiet")
        (self.blobs / "init").write_text("other")
        (self.blobs / "nsm.ko").write_text("module")
        self.assertEqual(self.diff(self.image("second")), (
            ["cmdline: content", "ramdisk 0: init: content", "ramdisk 0: nsm.ko: only in the second"], ["PCR0", "PCR1"]))

    def test_metadata_and_signatures_can_be_left_out(self):
        other = self.image("second", "--name", "other")
        self.assertEqual(self.diff(other), (["metadata: content"], []))
        self.assertEqual(self.run_cli("eif", "diff", self.first, other, "--measured")[0], "")
        key, certificate = self.directory / "k.pem", self.directory / "c.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                        key, "-out", certificate, "-subj", "/CN=x"], check=True, capture_output=True)
        key.chmod(0o600)
        signed = self.image("third", "--private-key", key, "--signing-certificate", certificate)
        self.assertEqual(self.diff(signed), (["signature: only in the second"], ["PCR8"]))
        self.run_cli("eif", "diff", self.first, signed, "--measured")

    def test_a_ramdisk_that_is_packed_otherwise_is_told(self):
        sections = eif_file.sections(self.first.read_bytes())
        second = self.directory / "second.eif"
        second.write_bytes(eif_file.assemble(sections[:4] + [(eif_file.RAMDISK, gzip.compress(sections[4][1]))]))
        self.assertEqual(self.diff(second), (["ramdisk 1: packing"], ["PCR0", "PCR2"]))
        second.write_bytes(eif_file.assemble(sections[:4] + [(eif_file.RAMDISK, b"no archive")]))
        self.assertEqual(self.diff(second), (["ramdisk 1: content"], ["PCR0", "PCR2"]))
        second.write_bytes(eif_file.assemble(sections[:4]))
        self.assertEqual(self.diff(second), (["ramdisk 1: only in the first"], ["PCR0", "PCR2"]))

    def test_what_is_no_image_is_no_difference(self):
        self.refused("eif", "diff", self.first, self.blobs / "init")


class Extract(EifBuildCase):
    def test_writes_the_sections_as_they_are(self):
        sections = self.build("--rootfs", self.rootfs(), "--cmd", "/bin/a")
        out = self.directory / "out"
        names = self.run_cli("eif", "extract", self.eif, out)[0].splitlines()
        self.assertEqual(names, ["kernel", "cmdline", "metadata.json", "ramdisk-0.cpio", "ramdisk-1.cpio"])
        self.assertEqual([(out / name).read_bytes() for name in names], [data for _, data in sections])
        self.assertEqual(sorted(path.name for path in out.iterdir()), sorted(names))

    def test_what_it_wrote_builds_the_same_image_again(self):
        self.build("--rootfs", self.rootfs(), "--cmd", "/bin/a")
        first, out = self.eif.read_bytes(), self.directory / "out"
        self.run_cli("eif", "extract", self.eif, out)
        files = cpio_files((out / "ramdisk-0.cpio").read_bytes())
        (out / "init").write_bytes(files["init"].data)
        self.blobs = out
        self.build("--rootfs", self.directory / "root", "--cmd", "/bin/a")
        self.assertEqual(self.eif.read_bytes(), first)

    def test_touches_nothing_that_is_there(self):
        self.build("--rootfs", self.rootfs(), "--cmd", "/bin/a")
        for name in ("directory", "link", "file"):
            target = self.directory / name
            if name == "directory":
                target.mkdir()
            elif name == "link":
                target.symlink_to(self.directory / "elsewhere")
            else:
                target.write_text("x")
            before = stat.S_IFMT(os.lstat(target).st_mode)
            self.assertIn("is there already", self.refused("eif", "extract", self.eif, target))
            self.assertEqual(stat.S_IFMT(os.lstat(target).st_mode), before)
        self.assertFalse((self.directory / "elsewhere").exists())
        self.eif.write_bytes(self.eif.read_bytes()[:-1])
        self.refused("eif", "extract", self.eif, self.directory / "out")
        self.assertFalse((self.directory / "out").exists())
