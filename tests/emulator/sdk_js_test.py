#!/usr/bin/env python3
"""Holds KMS's Recipient against others' code from end to end: AWS's SDK for JavaScript asks, with credentials of the
instance metadata service, and OpenSSL opens what it gets. SDK_FOLDER is where the SDK is installed; where it cannot
be, the test skips (status 77) and says so."""

import base64
import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "devkit"))

from emulated_cloud import REGION, EmulatedCloud  # noqa: E402: found by the line above

SKIPPED = 77  # ctest's SKIP_RETURN_CODE
SDK_FOLDER = pathlib.Path(os.environ["SDK_FOLDER"])
BINARIES = pathlib.Path(os.environ["AWS_EMULATOR"]).parent


def install_sdk():
    """Returns why it is not there, or nothing."""
    if shutil.which("npm") is None:
        return "npm is not installed"
    SDK_FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = (HERE / "sdk_js/package.json").read_bytes()
    manifest = SDK_FOLDER / "package.json"
    if (SDK_FOLDER / "node_modules/@aws-sdk/client-kms").is_dir() and manifest.exists() and manifest.read_bytes() == wanted:
        return None
    manifest.write_bytes(wanted)
    done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"],
                          cwd=SDK_FOLDER, capture_output=True, text=True, timeout=240, check=False)
    return None if done.returncode == 0 else "npm cannot install the SDK"


def cbor_head(major, length):
    if length < 24:
        return bytes([major << 5 | length])
    if length < 256:
        return bytes([major << 5 | 24, length])
    return bytes([major << 5 | 25]) + struct.pack(">H", length)


def attestation_document(nsm_socket, public_key):
    """Asks the NSM emulator in the words of the device: {"Attestation": {user_data, nonce, public_key}}."""
    def text(value):
        return cbor_head(3, len(value)) + value
    request = (b"\xa1" + text(b"Attestation") + b"\xa3" + text(b"user_data") + b"\xf6" + text(b"nonce") + b"\xf6"
               + text(b"public_key") + cbor_head(2, len(public_key)) + public_key)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(nsm_socket))
        connection.sendall(struct.pack(">I", len(request)) + request)
        received = b""
        while len(received) < 4 or len(received) < 4 + struct.unpack(">I", received[:4])[0]:
            part = connection.recv(65536)
            if not part:
                raise AssertionError("the NSM ended the connection")
            received += part
    head = b"\xa1" + text(b"Attestation") + b"\xa1" + text(b"document") + b"\x59"
    assert received[4:].startswith(head), received[:80]
    return received[4 + len(head) + 2:]


class Recipient(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = pathlib.Path(tempfile.mkdtemp(prefix="sdk-js-"))
        cls.addClassCleanup(shutil.rmtree, cls.home)
        cls.cloud = EmulatedCloud(BINARIES, cls.home / "cloud")
        cls.addClassCleanup(cls.cloud.stop)
        cls.pcr0 = cls.cloud.measure(BINARIES / "nsm-emulator")
        cls.cloud.start_nsm()
        cls.cloud.start_aws()
        cls.cloud.create_key([cls.pcr0])
        cls.private_key = cls.home / "key.pem"
        subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out",
                        cls.private_key], check=True, capture_output=True)
        cls.public_key = subprocess.run(["openssl", "pkey", "-in", cls.private_key, "-pubout", "-outform", "DER"],
                                        check=True, capture_output=True).stdout

    def decrypt(self, plaintext, document, context):
        blob = self.cloud.admin.call("kms", "Encrypt", KeyId=self.cloud.key_arn, EncryptionContext={"for": "sdk"},
                                     Plaintext=base64.b64encode(plaintext).decode())["CiphertextBlob"]
        asked = {"endpoint": self.cloud.endpoint, "region": REGION, "keyId": self.cloud.key_arn, "ciphertext": blob,
                 "context": context, "document": base64.b64encode(document).decode()}
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.home), "SDK_FOLDER": str(SDK_FOLDER),
                       "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.cloud.endpoint}
        done = subprocess.run(["node", str(HERE / "sdk_js/decrypt.mjs")], input=json.dumps(asked), env=environment,
                              capture_output=True, text=True, timeout=60, check=True)
        return json.loads(done.stdout)

    def test_what_the_sdk_receives_openssl_opens_with_the_attested_key_alone(self):
        plaintext = bytes(range(32))
        answer = self.decrypt(plaintext, attestation_document(self.cloud.nsm_socket, self.public_key), {"for": "sdk"})
        self.assertIsNone(answer.get("error"), answer)
        self.assertIsNone(answer["plaintext"])
        opened = subprocess.run(["openssl", "cms", "-decrypt", "-inform", "DER", "-inkey", self.private_key],
                                input=base64.b64decode(answer["ciphertextForRecipient"]), check=True,
                                capture_output=True).stdout
        self.assertEqual(opened, plaintext)

    def test_another_context_is_refused(self):
        document = attestation_document(self.cloud.nsm_socket, self.public_key)
        self.assertEqual(self.decrypt(b"x", document, {"for": "other"}), {"error": "InvalidCiphertextException"})

    def test_a_document_with_one_changed_bit_is_refused(self):
        document = bytearray(attestation_document(self.cloud.nsm_socket, self.public_key))
        document[-1] ^= 1  # of the signature
        self.assertEqual(self.decrypt(b"x", bytes(document), {"for": "sdk"}), {"error": "ValidationException"})

    def test_an_enclave_that_the_policy_does_not_name_is_denied(self):
        self.cloud.put_policy(["ab" * 48])
        self.addCleanup(self.cloud.put_policy, [self.pcr0])
        document = attestation_document(self.cloud.nsm_socket, self.public_key)
        self.assertEqual(self.decrypt(b"x", document, {"for": "sdk"}), {"error": "AccessDeniedException"})


if __name__ == "__main__":
    missing = install_sdk()
    if missing:
        print(f"skipped: {missing}")
        sys.exit(SKIPPED)
    unittest.main()
