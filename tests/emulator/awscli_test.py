#!/usr/bin/env python3
"""Holds the AWS emulator against the AWS CLI. Where `aws` is not on the PATH the test skips (status 77) and says so."""

import os
import shutil
import subprocess
import sys
import unittest

from emulator_case import ACCOUNT, REGION, SKIPPED, EmulatorCase

if shutil.which("aws") is None:
    print("skipped: the AWS CLI is not installed: there is no `aws` on the PATH")
    sys.exit(SKIPPED)


class AwsCli(EmulatorCase):
    def aws(self, *arguments, fails=False):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment |= {"AWS_SHARED_CREDENTIALS_FILE": str(self.emulator.credentials_file), "AWS_CONFIG_FILE": "/dev/null",
                        "AWS_DEFAULT_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": ""}
        done = subprocess.run(["aws", "--endpoint-url", self.emulator.url, "--output", "text", *arguments],
                              env=environment, capture_output=True, text=True, check=False, timeout=120)
        self.assertEqual(done.returncode != 0, fails, done)
        return done.stderr if fails else done.stdout.strip()

    def test_secret(self):
        self.aws("secretsmanager", "create-secret", "--name", "cli", "--secret-string", "väl\"ue")
        self.assertEqual(self.aws("secretsmanager", "get-secret-value", "--secret-id", "cli", "--query", "SecretString"),
                         "väl\"ue")
        self.assertIn("ResourceNotFoundException",
                      self.aws("secretsmanager", "get-secret-value", "--secret-id", "none", fails=True))

    def test_files(self):
        source = self.home / "schema.yaml"
        source.write_text("openapi: 3.1.0\n", encoding="utf-8")
        self.aws("s3", "mb", "s3://cli-bucket")
        self.aws("s3", "cp", str(source), "s3://cli-bucket/schemas/schema.yaml")
        self.assertIn("schema.yaml", self.aws("s3", "ls", "s3://cli-bucket/schemas/"))
        self.assertEqual(self.aws("s3", "cp", "s3://cli-bucket/schemas/schema.yaml", "-"), "openapi: 3.1.0")
        self.aws("s3", "rm", "s3://cli-bucket/schemas/schema.yaml")
        self.aws("s3", "rb", "s3://cli-bucket")

    def test_identity(self):
        self.assertEqual(self.aws("sts", "get-caller-identity", "--query", "Account"), ACCOUNT)


if __name__ == "__main__":
    sys.exit(unittest.main())
