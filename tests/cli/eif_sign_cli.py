"""nitro-enc eif sign, and verify of signed images, against signatures that the openssl command makes and checks."""

import subprocess

from cli_case import USAGE
from eif_case import EifBuildCase, eif_file, eif_signature

CURVES = ("P-256", "P-384", "P-521")


class Signed(EifBuildCase):
    def setUp(self):
        super().setUp()
        self.build("--rootfs", self.rootfs(), "--cmd", "/bin/a")
        self.pcr0 = eif_file.pcrs(self.eif.read_bytes())[0]
        self.unsigned = self.eif.read_bytes()

    def openssl(self, *words):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)

    def signer(self, curve, name="me"):
        """Files of a key and its certificate."""
        key, certificate = self.directory / f"{name}-{curve}.key", self.directory / f"{name}-{curve}.pem"
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", f"ec_paramgen_curve:{curve}", "-nodes", "-sha256",
                     "-keyout", key, "-out", certificate, "-subj", f"/C=DE/O=x/CN={name}")
        key.chmod(0o600)
        return key, certificate

    def sign(self, key, certificate, *words):
        return self.run_json("eif", "sign", self.eif, "--private-key", key, "--signing-certificate", certificate, *words)

    def with_section(self, data):
        """The image with this signature section."""
        path = self.directory / "other.eif"
        sections = eif_file.sections(self.unsigned)
        path.write_bytes(eif_file.assemble([*sections, (eif_file.SIGNATURE, data)]))
        return path

    def test_signature_is_one_that_openssl_accepts_and_the_other_pcrs_stay(self):
        for curve in CURVES:
            self.eif.write_bytes(self.unsigned)
            key, certificate = self.signer(curve)
            printed = self.sign(key, certificate)["Measurements"]
            sections = eif_file.sections(self.eif.read_bytes())
            self.assertEqual(sections[:-1], eif_file.sections(self.unsigned))
            self.assertEqual(sections[-1][0], eif_file.SIGNATURE)
            self.assertTrue(eif_signature.is_signed(curve, certificate, self.pcr0, sections[-1][1], self.directory))
            self.assertEqual((printed["PCR0"], printed["PCR8"]), (self.pcr0, eif_signature.pcr8(certificate)))
            self.assertEqual(self.run_json("eif", "verify", self.eif, "--signed", "--pcr8", printed["PCR8"])
                             ["Measurements"], printed)

    def test_a_signature_by_others_is_verified(self):
        for curve in CURVES:
            key, certificate = self.signer(curve)
            path = self.with_section(eif_signature.section(curve, key, certificate, self.pcr0))
            self.run_cli("eif", "verify", path, "--pcr8", eif_signature.pcr8(certificate))
            described = self.run_json("eif", "describe", path)
            self.assertTrue(described["IsSigned"] and described["SignatureCheck"])
            shown = described["SigningCertificate"]
            self.assertEqual(shown["IssuerName"], {"countryName": "DE", "organizationName": "x", "commonName": "me"})
            self.assertRegex(shown["NotBefore"], r"^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4} GMT$")
            self.assertRegex(shown["Signature"], r"^\[30, ([0-9A-F]{2}, )+[0-9A-F]{2}\]$")
            self.assertEqual(shown["Algorithm"], "ecdsa-with-SHA256")

    def test_verify_refuses_every_signature_that_is_not_by_that_key_over_that_image(self):
        key, certificate = self.signer("P-384")
        other, other_certificate = self.signer("P-384", "other")
        good = eif_signature.section("P-384", key, certificate, self.pcr0)
        make = eif_signature.section
        for bad in (make("P-384", other, certificate, self.pcr0), make("P-384", key, other_certificate, self.pcr0),
                    make("P-384", key, certificate, "ab" * 48), make("P-384", key, certificate, self.pcr0, algorithm=-7),
                    make("P-384", key, certificate, self.pcr0, algorithm=-8),
                    make("P-384", key, certificate, self.pcr0, signed_pcr0="ab" * 48), good[:-1], good + b"\0", b"\x80",
                    b"\x82" + good[1:] + good[1:]):
            path = self.with_section(bad)
            self.refused("eif", "verify", path)
            self.assertFalse(self.run_json("eif", "describe", path)["SignatureCheck"])
        # The certificate itself is what PCR8 is for.
        behind = good.rindex(b"signature")
        for at in (*range(0, 20), *range(behind, len(good), 3)):
            self.refused("eif", "verify", self.with_section(good[:at] + bytes([good[at] ^ 1]) + good[at + 1:]))

    def test_verify_refuses_another_pcr8_and_an_image_without_one(self):
        self.assertIn("not signed", self.refused("eif", "verify", self.eif, "--signed"))
        self.assertIn("no PCR8", self.refused("eif", "verify", self.eif, "--pcr8", "ab" * 48))
        self.sign(*self.signer("P-256"))
        self.assertIn("PCR8 is another", self.refused("eif", "verify", self.eif, "--pcr8", "ab" * 48))
        self.refused("eif", "verify", self.eif, "--pcr8", "ab" * 47, status=USAGE)

    def test_a_signature_is_replaced_only_when_asked_to(self):
        first, second = self.signer("P-256"), self.signer("P-384", "second")
        self.sign(*first)
        self.assertIn("signed already", self.refused("eif", "sign", self.eif, "--private-key", second[0],
                                                     "--signing-certificate", second[1]))
        self.assertEqual(self.sign(*second, "--replace")["Measurements"]["PCR8"], eif_signature.pcr8(second[1]))

    def test_signs_a_copy_and_what_is_being_built(self):
        key, certificate = self.signer("P-521")
        copy = self.directory / "copy.eif"
        self.sign(key, certificate, "--output-file", copy)
        self.assertEqual(self.eif.read_bytes(), self.unsigned)
        self.run_cli("eif", "verify", copy, "--signed")
        built = self.build("--rootfs", self.rootfs("again"), "--cmd", "/bin/a", "--private-key", key,
                           "--signing-certificate", certificate)
        self.assertTrue(eif_signature.is_signed("P-521", certificate, self.pcr0, built[-1][1], self.directory))

    def test_refuses_keys_and_certificates_that_do_not_go(self):
        key, certificate = self.signer("P-384")
        other, _ = self.signer("P-384", "other")
        smaller, _ = self.signer("P-256")
        locked = self.directory / "locked.pem"
        self.openssl("ec", "-in", key, "-aes256", "-passout", "pass:x", "-out", locked)
        rsa, rsa_certificate = self.directory / "rsa.key", self.directory / "rsa.pem"
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", rsa, "-out", rsa_certificate, "-subj", "/CN=x")
        curve, curve_certificate = self.directory / "k1.key", self.directory / "k1.pem"
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1", "-nodes", "-keyout",
                     curve, "-out", curve_certificate, "-subj", "/CN=x")
        for path in (locked, rsa, curve):
            path.chmod(0o600)
        for pair in ((other, certificate), (smaller, certificate), (locked, certificate), (rsa, rsa_certificate),
                     (curve, curve_certificate), (key, key), (certificate, certificate), (key, self.eif),
                     (self.path("none"), certificate), (key, self.path("none"))):
            self.refused("eif", "sign", self.eif, "--private-key", pair[0], "--signing-certificate", pair[1])
        key.chmod(0o644)
        self.assertIn("chmod 600", self.refused("eif", "sign", self.eif, "--private-key", key, "--signing-certificate",
                                                certificate))
        self.assertEqual(self.eif.read_bytes(), self.unsigned)
