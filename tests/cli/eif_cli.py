"""nitro-enc eif against images and PCRs made here with struct, zlib and hashlib, which share no code with it."""

import hashlib
import json
import struct
import zlib

from cli_case import REFUSED, CliCase

KERNEL, CMDLINE, RAMDISK, SIGNATURE, METADATA = 1, 2, 3, 4, 5
SECTIONS = [(KERNEL, b"kernel" * 999), (CMDLINE, b"reboot=k panic=30"), (METADATA, b"{}"), (RAMDISK, b"zero" * 77),
            (RAMDISK, b"one" * 1234)]


def image(sections):
    body, offsets, sizes = b"", [], []
    for kind, data in sections:
        offsets.append(548 + len(body))
        sizes.append(len(data))
        body += struct.pack(">HHQ", kind, 0, len(data)) + data
    head = b".eif" + struct.pack(">HHQQHH", 4, 0, 1 << 30, 2, 0, len(sections))
    for table in (offsets, sizes):
        head += struct.pack(">32Q", *table, *[0] * (32 - len(table)))
    head += bytes(4)
    return head + struct.pack(">I", zlib.crc32(head + body)) + body


def pcr(*contents):
    return hashlib.sha384(bytes(48) + hashlib.sha384(b"".join(contents)).digest()).hexdigest()


class Eif(CliCase):
    def write(self, content):
        path = self.directory / "x.eif"
        path.write_bytes(content)
        return path

    def test_describe_agrees_with_a_calculator_that_shares_no_code(self):
        kernel, cmdline, zero, one = (SECTIONS[i][1] for i in (0, 1, 3, 4))
        path = self.write(image(SECTIONS))
        described = self.run_json("eif", "describe", path)
        self.assertEqual(described, {
            "EifVersion": 4, "IsSigned": False, "CheckCRC": True, "MinimumMemoryMib": 64,
            "Measurements": {"HashAlgorithm": "Sha384 { ... }", "PCR0": pcr(kernel, cmdline, zero, one),
                             "PCR1": pcr(kernel, cmdline, zero), "PCR2": pcr(one)}})
        self.assertEqual(self.run_json("eif", "verify", path)["Measurements"], described["Measurements"])
        self.run_cli("eif", "verify", path, "--pcr0", described["Measurements"]["PCR0"])
        self.run_cli("eif", "verify", path, "--pcr0", described["Measurements"]["PCR1"], status=REFUSED)

    def test_verify_compares_with_what_nitro_cli_printed(self):
        path = self.write(image(SECTIONS))
        measured = self.run_json("eif", "verify", path)
        others = self.directory / "pcr-values.json"

        def verify(text, status=0):
            others.write_text(text, encoding="ascii")
            self.run_cli("eif", "verify", path, "--measurements", others, status=status)
        verify(json.dumps(measured))
        verify(json.dumps({"Measurements": {**measured["Measurements"], "PCR8": "00", "PCR0": measured["Measurements"]["PCR0"].upper()}}))
        for name in ("PCR0", "PCR1", "PCR2"):
            verify(json.dumps({"Measurements": {**measured["Measurements"], name: "ab" * 48}}), REFUSED)
            verify(json.dumps({"Measurements": {k: v for k, v in measured["Measurements"].items() if k != name}}), REFUSED)
        for text in ("", "[]", json.dumps(measured["Measurements"]), json.dumps(measured)[:-1],
                     json.dumps(measured).replace('"PCR1"', '"PCR0"')):
            verify(text, REFUSED)
        self.run_cli("eif", "verify", path, "--measurements", self.directory / "none.json", status=REFUSED)

    def test_verify_refuses_what_is_broken(self):
        good = image(SECTIONS)
        for broken in (good[:-1], good + b"\0", good[:600] + b"?" + good[601:], good[:548], b"",
                       image(SECTIONS[1:]), image(SECTIONS + SECTIONS[:1])):
            self.run_cli("eif", "verify", self.write(broken), status=REFUSED)

    def test_verify_refuses_a_signature_that_is_none(self):
        path = self.write(image(SECTIONS + [(SIGNATURE, b"\x80")]))
        described = self.run_json("eif", "describe", path)
        self.assertTrue(described["IsSigned"])
        self.assertFalse(described["SignatureCheck"])
        self.assertNotIn("PCR8", described["Measurements"])
        self.run_cli("eif", "verify", path, status=REFUSED)

    def test_describe_shows_the_metadata_as_it_stands(self):
        build = {"BuildTime": "1970-01-01T00:00:00Z", "BuildTool": "x", "BuildToolVersion": "1.5", "OperatingSystem":
                 "Linux", "KernelVersion": "6.1"}
        metadata = {"ImageName": "n", "ImageVersion": "v", "BuildMetadata": build,
                    "DockerInfo": {"a": [1, -2.5e3, True, False, None, "\u00e9\n"]}, "CustomMetadata": {}}
        described = self.run_json("eif", "describe", self.write(image(
            [(k, json.dumps(metadata).encode() if k == METADATA else d) for k, d in SECTIONS])))
        self.assertEqual((described["ImageName"], described["ImageVersion"]), ("n", "v"))
        self.assertEqual(described["Metadata"], {**build, "DockerInfo": metadata["DockerInfo"], "CustomMetadata": {}})
        for broken in (b"[]", b"{", b"\xff", b'{"a":1,"a":2}', b"[" * 100000):
            path = self.write(image([(k, broken if k == METADATA else d) for k, d in SECTIONS]))
            self.refused("eif", "describe", path)
            self.refused("eif", "verify", path)

    def test_memory_is_four_times_the_file_in_pages_of_two_mebibytes(self):
        for size, mebibytes in ((1, 64), (17 << 20, 70), ((16 << 20) - 10000, 64)):
            path = self.write(image([(k, b"k" * size if k == KERNEL else d) for k, d in SECTIONS]))
            self.assertEqual(self.run_json("eif", "verify", path)["MinimumMemoryMib"], mebibytes)
