#!/usr/bin/env python3
"""Holds the clients of Secrets Manager, S3 and KMS against moto, where it is installed; else says so and skips."""

import base64
import os
import subprocess
import sys
import unittest
import uuid

SKIPPED = 77  # ctest's SKIP_RETURN_CODE

try:
    import botocore.session
    from botocore.config import Config
    from moto.server import ThreadedMotoServer
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(SKIPPED)


class AgainstMoto(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        cls.server.start()
        cls.port = cls.server.get_host_and_port()[1]

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def peer(self, service):
        return botocore.session.Session().create_client(
            service, region_name="us-east-1", endpoint_url=f"http://127.0.0.1:{self.port}", aws_access_key_id="a",
            aws_secret_access_key="b", config=Config(s3={"addressing_style": "path"}, proxies={}))

    def ask(self, *arguments, fails=False):
        done = subprocess.run([os.environ["AWS_PROBE"], "call", str(self.port), *arguments], capture_output=True,
                              text=True, check=False, timeout=120)
        self.assertEqual(done.returncode, 1 if fails else 0, done)
        return done.stdout[:-1]

    def test_secrets_manager(self):
        peer, first, second = self.peer("secretsmanager"), str(uuid.uuid4()), str(uuid.uuid4())
        self.assertEqual(self.ask("secret-create", "dek", "one", first), first)
        self.assertIn("already", self.ask("secret-create", "dek", "one", str(uuid.uuid4()), fails=True))
        self.assertEqual(peer.get_secret_value(SecretId="dek")["SecretBinary"], b"one")
        self.assertEqual(self.ask("secret-put", "dek", "two", "AWSPENDING", second), second)
        self.assertEqual(self.ask("secret-get", "dek", "AWSPENDING"),
                         f"{second} AWSPENDING {base64.b64encode(b'two').decode()}")
        self.ask("secret-move", "dek", "AWSCURRENT", first, second)
        self.assertIn("AWSCURRENT", self.ask("secret-get-id", "dek", second))
        self.assertIn("AWSPREVIOUS", self.ask("secret-get-id", "dek", first))
        for command in ("secret-versions", "secret-describe"):
            listed = self.ask(command, "dek")
            self.assertIn(first, listed)
            self.assertIn(second, listed)
        peer.create_secret(Name="text", SecretString="tëxt \"quoted\"")
        self.assertTrue(self.ask("secret-get", "text", "AWSCURRENT").endswith(' text:tëxt "quoted"'))
        self.assertIn("not find", self.ask("secret-get", "missing", "AWSCURRENT", fails=True))

    def test_s3(self):
        peer = self.peer("s3")
        for bucket in ("schemas", "with.dot"):
            peer.create_bucket(Bucket=bucket)
        keys = sorted(f"schemas/{name}" for name in ("a b+c.yaml", "ä€.json", "x%41&y.yml", "plain-v1.yaml"))
        for key in keys:
            peer.put_object(Bucket="schemas", Key=key, Body=key.encode() * 100)
        peer.put_object(Bucket="schemas", Key="other/z", Body=b"")
        listed = self.ask("s3-list", "schemas", "schemas/").splitlines()
        self.assertEqual(sorted(line.rsplit(" ", 2)[0] for line in listed if line), keys)
        for key in keys:
            size = len(key.encode() * 100)
            etag, _, body = self.ask("s3-get", "schemas", key, "", str(size)).partition(" ")
            self.assertEqual(body, key * 100)
            self.assertEqual(self.ask("s3-get", "schemas", key, etag, str(size)), "not modified")
            self.assertIn("limit", self.ask("s3-get", "schemas", key, "", str(size - 1), fails=True))
        self.assertIn("not find", self.ask("s3-get", "schemas", "missing", "", "10", fails=True))
        self.assertEqual(self.ask("s3-list", "with.dot", "").strip(), "")
        self.assertIn("not find", self.ask("s3-list", "no-such-bucket", "", fails=True))

    def test_s3_pages(self):
        peer = self.peer("s3")
        peer.create_bucket(Bucket="many")
        names = [f"k{i:04}" for i in range(1005)]
        for name in names:
            peer.put_object(Bucket="many", Key=name, Body=b"x")
        listed = self.ask("s3-list", "many", "k").splitlines()
        self.assertEqual([line.split(" ")[0] for line in listed if line], names)

    def test_kms(self):
        peer = self.peer("kms")
        key = peer.create_key()["KeyMetadata"]
        context = {"k": "v"}
        blob = base64.b64encode(peer.encrypt(KeyId=key["KeyId"], Plaintext=b"x" * 32,
                                             EncryptionContext=context)["CiphertextBlob"]).decode()
        self.assertEqual(base64.b64decode(self.ask("kms-decrypt", key["KeyId"], blob, "v")), b"x" * 32)
        self.assertIn("ciphertext invalid", self.ask("kms-decrypt", key["KeyId"], blob, "other", fails=True))
        # moto knows no Recipient and answers with the plaintext: exactly what must be refused.
        self.assertIn("plaintext that nobody may see",
                      self.ask("kms-decrypt-for-recipient", key["KeyId"], blob, "v", fails=True))
        made = base64.b64decode(self.ask("kms-generate", key["Arn"], "v"))
        self.assertEqual(len(peer.decrypt(CiphertextBlob=made, EncryptionContext=context)["Plaintext"]), 32)


if __name__ == "__main__":
    sys.exit(unittest.main())
