"""nitro-enc dek against the AWS emulator, which checks signatures and has a KMS of its own: a whole life of keys."""

import configparser
import os
import pathlib
import subprocess
import unittest

from cli_case import REFUSED, CliCase
from fake_aws import serve_enclave

AWS_EMULATOR = os.environ.get("AWS_EMULATOR", "")
REGION = "eu-west-1"

try:
    import botocore.session
except ImportError:
    botocore = None


@unittest.skipUnless(AWS_EMULATOR and pathlib.Path(AWS_EMULATOR).exists(), "the emulator is not built")
@unittest.skipIf(botocore is None, "python3-botocore is not installed")
class EmulatorCase(CliCase):
    def setUp(self):
        super().setUp()
        state = self.directory / "state"
        state.mkdir()
        emulator = subprocess.Popen([AWS_EMULATOR, "--tls-listen", "tcp:127.0.0.1:0", "--state", str(state), "--region",
                                     REGION], stdout=subprocess.PIPE, text=True)
        self.addCleanup(emulator.stdout.close)
        self.addCleanup(emulator.wait)
        self.addCleanup(emulator.terminate)
        lines = iter(emulator.stdout.readline, "")
        listening = next(line for line in lines if line.startswith("listening https tcp:"))
        next(line for line in lines if line == "ready\n")
        self.endpoint = "https://localhost:" + listening.rsplit(":", 1)[1].strip()
        self.bundle = state / "ca.pem"
        self.environment.update(AWS_SHARED_CREDENTIALS_FILE=str(state / "admin-credentials"), AWS_REGION=REGION,
                                AWS_ENDPOINT_URL=self.endpoint, AWS_CA_BUNDLE=str(self.bundle))
        self.key = self.client("kms").create_key()["KeyMetadata"]["Arn"]

    def client(self, service):
        credentials = configparser.ConfigParser()
        credentials.read(self.environment["AWS_SHARED_CREDENTIALS_FILE"])
        made = botocore.session.Session().create_client(
            service, region_name=REGION, endpoint_url=self.endpoint, verify=str(self.bundle),
            aws_access_key_id=credentials["default"]["aws_access_key_id"],
            aws_secret_access_key=credentials["default"]["aws_secret_access_key"])
        self.addCleanup(made.close)
        return made


class Emulator(EmulatorCase):
    def labels(self, arn):
        report = self.run_json("dek", "status", "--json", "--secret-arn", arn)
        return {version["version_id"]: sorted(version["labels"]) for version in report["versions"]}

    def test_a_key_lives_from_create_to_retire(self):
        made = self.run_json("dek", "create", "--name", "dek", "--kms-key-id", self.key)
        arn, first = made["secret_arn"], made["version_id"]
        secret = ["--secret-arn", arn]
        self.assertIn("has one of that name", self.refused("dek", "create", "--name", "dek", "--kms-key-id", self.key))

        second = self.run_json("dek", "rotate", *secret, "--kms-key-id", self.key)["version_id"]
        self.assertIn("not promoted", self.refused("dek", "rotate", *secret, "--kms-key-id", self.key))
        self.assertIn("too young", self.refused("dek", "promote", *secret))
        self.run_json("dek", "promote", *secret, "--refresh-interval-secs", "0")
        labels = self.labels(arn)
        self.assertEqual(labels[second], ["AWSCURRENT"])
        self.assertEqual(labels[first][0], "AWSPREVIOUS")

        keys = [{"kid": str(i), "version_id": version, "state": "opening", "opens": 0, "last_open": None}
                for i, version in enumerate((first, second))]
        enclave = {"uptime_secs": 60, "keys": keys}
        url, cacert = serve_enclave(self, self.directory, lambda: enclave)
        retire = ["dek", "retire", *secret, "--version-id", first, "--url", url, "--cacert", cacert, "--server-name",
                  "nitro-enc-svc"]
        self.assertIn("is up for", self.refused(*retire))
        enclave["uptime_secs"] = 86400
        self.run_json(*retire)
        self.assertEqual(self.labels(arn).get(first, []), [])

    def test_what_is_stored_is_the_ciphertext_of_a_key_for_this_secret(self):
        arn = self.run_json("dek", "create", "--name", "dek", "--kms-key-id", self.key)["secret_arn"]
        binary = self.client("secretsmanager").get_secret_value(SecretId=arn)["SecretBinary"]
        opened = self.client("kms").decrypt(CiphertextBlob=binary, EncryptionContext={"nitro-enc-svc:secret-arn": arn})
        self.assertEqual(len(opened["Plaintext"]), 32)

    def test_wrong_credentials_are_refused(self):
        self.environment.update(AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE", AWS_SECRET_ACCESS_KEY="wrong")
        self.assertIn("AWS refuses the credentials",
                      self.refused("dek", "status", "--secret-arn", f"arn:aws:secretsmanager:{REGION}:1:secret:x"))

    def test_another_authority_is_refused(self):
        _, other = serve_enclave(self, self.directory, dict)
        self.run_cli("dek", "status", "--secret-arn", f"arn:aws:secretsmanager:{REGION}:1:secret:x", "--ca-bundle",
                     other, status=REFUSED)


if __name__ == "__main__":
    unittest.main()
