"""nitro-enc attest, offline: with the genuine document of testdata, which an enclave in debug mode has made."""

import base64
import json
import unittest

from cli_case import GOOD, REFUSED, TESTDATA, USAGE, CliCase

DOCUMENT = TESTDATA / "attestation/aws-2023-09-18.b64"
AT = "2023-09-18T15:10:00Z"
ZEROS = "00" * 48


class Attest(CliCase):
    def attest(self, *words, status=GOOD):
        out, err = self.run_cli("attest", *words, status=status)
        return json.loads(out), err

    def looked_at(self, *words, status=GOOD):
        return self.attest("--document", DOCUMENT, "--at", AT, "--allow-debug", *words, status=status)

    def test_believes_the_genuine_document_at_its_time(self):
        report, err = self.looked_at()
        self.assertTrue(report["verified"])
        self.assertIsNone(report["failed_step"])
        self.assertEqual(report["compared"], [])
        self.assertEqual(report["root"], "aws")
        self.assertEqual(report["at"], "2023-09-18T15:10:00.000Z")
        document = report["document"]
        self.assertEqual(document["module_id"], "i-0918f6c55e3b61d89-enc018aa8b8e2285d13")
        self.assertEqual(document["timestamp"], "2023-09-18T15:03:30.860Z")
        self.assertEqual(document["digest"], "SHA384")
        self.assertEqual(document["pcrs"]["0"], ZEROS)
        self.assertEqual(len(document["pcrs"]), 16)
        self.assertEqual(len(document["cabundle"]), 4)
        self.assertIn("no PCR was compared", err)
        self.assertIn("debug mode", err)

    def test_names_the_step_that_fails(self):
        for words, step in (
                (["--at", AT], "measured"),
                (["--at", "2023-09-19T15:10:00Z", "--allow-debug"], "chain"),
                (["--allow-debug"], "chain"),
                (["--at", AT, "--allow-debug", "--pcr0", "11" * 48], "pcrs"),
                (["--at", AT, "--allow-debug", "--pcr", "4=" + ZEROS], "pcrs"),
                (["--at", AT, "--allow-debug", "--pcr", "31=" + ZEROS], "pcrs"),
                (["--at", AT, "--allow-debug", "--nonce", "00"], "nonce"),
                (["--at", AT, "--unsigned-qemu"], "syntax")):
            with self.subTest(words=words):
                report, err = self.attest("--document", DOCUMENT, *words, status=REFUSED)
                self.assertFalse(report["verified"])
                self.assertEqual(report["failed_step"], step)
                self.assertRegex(err.splitlines()[-1], rf"^nitro-enc: attestation failed at step {step}( \(PCR\d+\))?: ")

    def test_compares_pcrs_and_the_nonce(self):
        document = self.looked_at()[0]["document"]
        report, err = self.looked_at("--pcr0", ZEROS, "--pcr", "4=" + document["pcrs"]["4"].upper(), "--nonce",
                                     document["nonce"])
        self.assertEqual(report["compared"], ["PCR0", "PCR4"])
        self.assertTrue(report["fresh"])
        self.assertFalse(report["bound_to_tls_key"])
        self.assertNotIn("no PCR was compared", err)

    def test_reads_binary_documents_and_refuses_changed_ones(self):
        document = bytearray(base64.b64decode(DOCUMENT.read_text()))
        path = self.directory / "document"
        path.write_bytes(document)
        self.attest("--document", path, "--at", AT, "--allow-debug")
        document[-1] ^= 1
        path.write_bytes(document)
        report, _ = self.attest("--document", path, "--at", AT, "--allow-debug", status=REFUSED)
        self.assertEqual(report["failed_step"], "signature")
        path.write_bytes(document[:-1])
        report, _ = self.attest("--document", path, "--at", AT, "--allow-debug", status=REFUSED)
        self.assertEqual(report["failed_step"], "syntax")
        self.assertIsNone(report["document"])
        path.write_text("nonsense!")
        self.refused("attest", "--document", path)

    def test_refuses_a_wrong_command_line(self):
        for words in ([], ["--url", "https://h", "--document", "f"], ["--url", "http://h"], ["--url", "https://h/x"],
                      ["--url", "https://h", "--at", AT], ["--document", DOCUMENT, "--save-cert", "f"],
                      ["--url", "https://h", "--save-cert", "f"], ["--document", DOCUMENT, "--pcr0", "00"],
                      ["--document", DOCUMENT, "--pcr", "32=" + ZEROS], ["--document", DOCUMENT, "--pcr", ZEROS],
                      ["--document", DOCUMENT, "--pcr0", ZEROS, "--pcr", "0=" + ZEROS],
                      ["--document", DOCUMENT, "--nonce", "0"], ["--document", DOCUMENT, "--at", "yesterday"]):
            with self.subTest(words=words):
                self.refused("attest", *words, status=USAGE)

    def test_refuses_a_root_or_a_document_that_is_none(self):
        self.refused("attest", "--document", self.directory / "none")
        self.refused("attest", "--document", DOCUMENT, "--root", self.directory / "none")
        self.refused("attest", "--document", DOCUMENT, "--root", self.write("root.pem", "nonsense"))

    def test_refuses_a_server_that_is_not_there(self):
        self.refused("attest", "--url", "https://127.0.0.1:1")


if __name__ == "__main__":
    unittest.main()
