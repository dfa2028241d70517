"""nitro-enc attest --url: the nonce, the TLS key, the PCRs and the boot CA."""

import json
import unittest

from cli_case import GOOD, REFUSED, CliCase
from fake_enclave import PCRS, FakeEnclave


class AttestUrl(CliCase):
    def attest(self, enclave, *words, status=GOOD):
        out, err = self.run_cli("attest", "--url", enclave.url, "--unsigned-qemu", *words, status=status)
        return json.loads(out), err

    def failed_step(self, enclave, *words):
        return self.attest(enclave, *words, status=REFUSED)[0]["failed_step"]

    def test_believes_an_enclave_whose_document_vouches_for_its_key(self):
        enclave = FakeEnclave(self, self.directory)
        report, err = self.attest(enclave, "--pcr0", PCRS[0].hex(), "--pcr", "2=" + PCRS[2].hex())
        self.assertTrue(report["verified"] and report["fresh"] and report["bound_to_tls_key"])
        self.assertEqual(report["compared"], ["PCR0", "PCR2"])
        self.assertEqual(report["document"]["user_data"], enclave.user_data.hex())
        self.assertIn("not signed", err)
        self.assertNotIn("no PCR", err)

    def test_sends_a_fresh_nonce_each_time_or_the_one_given(self):
        enclave = FakeEnclave(self, self.directory)
        nonces = {self.attest(enclave)[0]["document"]["nonce"] for _ in range(2)}
        self.assertEqual({len(nonce) for nonce in nonces}, {64})
        self.assertEqual(len(nonces), 2)
        self.attest(enclave, "--nonce", "ab" * 16)
        self.assertEqual(enclave.requests[-1], "/attestation?nonce=q6urq6urq6urq6urq6urqw")
        self.refused("attest", "--url", enclave.url, "--nonce", "ab" * 15)

    def test_believes_no_document_without_a_trusted_signature(self):
        enclave = FakeEnclave(self, self.directory)
        report = json.loads(self.run_cli("attest", "--url", enclave.url, status=REFUSED)[0])
        self.assertEqual(report["failed_step"], "syntax")

    def test_refuses_a_replayed_document(self):
        enclave = FakeEnclave(self, self.directory, nonce=bytes(32))
        self.assertEqual(self.failed_step(enclave), "nonce")

    def test_refuses_a_document_that_vouches_for_another_key(self):
        enclave = FakeEnclave(self, self.directory, user_data=bytes(32))
        self.assertEqual(self.failed_step(enclave), "user_data")
        enclave.fields["user_data"] = None
        self.assertEqual(self.failed_step(enclave), "user_data")

    def test_refuses_a_document_that_carries_a_key(self):
        enclave = FakeEnclave(self, self.directory, public_key=b"\x01")
        self.assertEqual(self.failed_step(enclave), "public_key")

    def test_refuses_other_pcrs_and_debug_mode(self):
        enclave = FakeEnclave(self, self.directory)
        self.assertEqual(self.failed_step(enclave, "--pcr0", PCRS[1].hex()), "pcrs")
        enclave.fields["pcrs"] = {index: bytes(48) for index in range(16)}
        self.assertEqual(self.failed_step(enclave), "measured")
        self.attest(enclave, "--allow-debug")

    def test_saves_the_boot_ca_of_an_enclave_that_it_believes(self):
        enclave = FakeEnclave(self, self.directory)
        saved = self.directory / "saved.pem"
        words = ["--pcr0", PCRS[0].hex(), "--save-cert", saved]
        enclave.fields["nonce"] = bytes(32)
        self.assertEqual(self.failed_step(enclave, *words), "nonce")
        self.assertFalse(saved.exists())
        del enclave.fields["nonce"]
        self.attest(enclave, *words)
        self.assertEqual(saved.read_bytes(), enclave.ca)

    def test_saves_nothing_if_the_enclave_shows_no_boot_ca(self):
        enclave = FakeEnclave(self, self.directory, shows_ca=False)
        saved = self.directory / "saved.pem"
        _, err = self.attest(enclave, "--pcr0", PCRS[0].hex(), "--save-cert", saved, status=REFUSED)
        self.assertIn("no CA certificate under its own key", err)
        self.assertFalse(saved.exists())


if __name__ == "__main__":
    unittest.main()
