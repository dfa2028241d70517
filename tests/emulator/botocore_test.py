#!/usr/bin/env python3
"""Holds the AWS emulator against botocore. Where it is not installed the test skips (status 77) and says so."""

import datetime
import json
import os
import socket
import subprocess
import sys
import unittest
import uuid
from unittest import mock

from emulator_case import ACCOUNT, REGION, SKIPPED, EmulatorCase

try:
    import botocore
    import botocore.parsers
    import botocore.session
    from botocore.config import Config
    from botocore.exceptions import ClientError
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(SKIPPED)

NO_RETRIES = {"total_max_attempts": 1}


class BotocoreCase(EmulatorCase):
    def client(self, service, url=None, style="path", key=None, **options):
        client = botocore.session.Session().create_client(
            service, endpoint_url=url or self.emulator.url, verify=str(self.emulator.ca_file),
            config=Config(s3={"addressing_style": style}, proxies={}, retries=NO_RETRIES,
                          **{"region_name": REGION, **options}), **(key or self.key))
        self.addCleanup(client.close)
        return client

    def assert_refused(self, code, call, *arguments, status=None, **parameters):
        with self.assertRaises(ClientError) as caught:
            call(*arguments, **parameters)
        response = caught.exception.response
        self.assertEqual(response["Error"]["Code"], code, response)
        if status is not None:
            self.assertEqual(response["ResponseMetadata"]["HTTPStatusCode"], status)
        return response["Error"]["Message"]


class Sts(BotocoreCase):
    def test_says_who_is_calling(self):
        identity = self.client("sts").get_caller_identity()
        self.assertEqual(identity["Account"], ACCOUNT)
        self.assertEqual(identity["Arn"], f"arn:aws:iam::{ACCOUNT}:user/administrator")
        self.assertTrue(identity["UserId"].startswith("AIDA"))

    def test_knows_no_other_action(self):
        self.assert_refused("InvalidAction", self.client("sts").get_session_token)


class Signatures(BotocoreCase):
    """Every protocol refuses in its own words."""

    CALLS = (("secretsmanager", "list_secrets"), ("s3", "list_buckets"), ("sts", "get_caller_identity"))

    def refusals(self, **client_options):
        return [self.refusal(service, call, **client_options) for service, call in self.CALLS]

    def refusal(self, service, call, **client_options):
        with self.assertRaises(ClientError) as caught:
            getattr(self.client(service, **client_options), call)()
        response = caught.exception.response
        return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]

    def test_unknown_key(self):
        self.assertEqual(self.refusals(key={**self.key, "aws_access_key_id": "AKIANOBODY"}), [
            ("UnrecognizedClientException", 400), ("InvalidAccessKeyId", 403), ("InvalidClientTokenId", 403)])

    def test_wrong_secret(self):
        self.assertEqual(self.refusals(key={**self.key, "aws_secret_access_key": "wrong"}), [
            ("InvalidSignatureException", 400), ("SignatureDoesNotMatch", 403), ("SignatureDoesNotMatch", 403)])

    def test_token_that_the_key_does_not_have(self):
        self.assertEqual(self.refusals(key={**self.key, "aws_session_token": "token"}), [
            ("UnrecognizedClientException", 400), ("InvalidToken", 400), ("InvalidClientTokenId", 403)])

    def test_emulators_clock_that_is_ahead(self):
        self.emulator.set_faults({"action": "skew", "seconds": 600})
        self.assertEqual(self.refusals(), [
            ("InvalidSignatureException", 400), ("RequestTimeTooSkewed", 403), ("SignatureDoesNotMatch", 403)])
        self.assertIn("Signature expired", self.assert_refused(
            "InvalidSignatureException", self.client("secretsmanager").list_secrets))

    def test_emulators_clock_that_is_behind(self):
        self.emulator.set_faults({"action": "skew", "seconds": -600})
        self.assertIn("Signature not yet current", self.assert_refused(
            "InvalidSignatureException", self.client("secretsmanager").list_secrets))

    def test_another_region(self):
        client = self.client("secretsmanager", region_name="eu-west-1")
        self.assert_refused("InvalidSignatureException", client.list_secrets)

    def test_no_signature(self):
        client = self.client("s3", signature_version=botocore.UNSIGNED)
        self.assert_refused("AccessDenied", client.list_buckets, status=403)


class InstanceMetadata(BotocoreCase):
    """botocore finds the role's credentials by itself."""

    def instance_credentials(self):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment |= {"AWS_EC2_METADATA_SERVICE_ENDPOINT": self.emulator.url, "AWS_CONFIG_FILE": "/dev/null",
                        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
        program = ("import botocore.session\n"
                   "frozen = botocore.session.Session().get_credentials().get_frozen_credentials()\n"
                   "print(*frozen[:3])")
        said = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True,
                              check=True, timeout=60).stdout.split()
        return dict(zip(("aws_access_key_id", "aws_secret_access_key", "aws_session_token"), said))

    def test_role_calls_with_its_session(self):
        identity = self.client("sts", key=self.instance_credentials()).get_caller_identity()
        self.assertEqual(identity["Arn"], f"arn:aws:sts::{ACCOUNT}:assumed-role/enclave-node/i-0123456789abcdef0")
        self.assertTrue(identity["UserId"].endswith(":i-0123456789abcdef0"))

    def test_session_is_known_after_a_restart_and_refused_after_its_end(self):
        key = self.instance_credentials()
        self.emulator.stop()
        self.emulator.start()
        self.client("s3", key=key).list_buckets()
        self.emulator.set_faults({"action": "expire_credentials", "times": 1})
        self.assert_refused("ExpiredToken", self.client("s3", key=key).list_buckets, status=400)
        self.assert_refused("ExpiredTokenException", self.client("secretsmanager", key=key).list_secrets, status=400)
        self.assert_refused("ExpiredToken", self.client("sts", key=key).get_caller_identity, status=403)
        self.assertNotEqual(self.instance_credentials()["aws_access_key_id"], key["aws_access_key_id"])


class Kms(BotocoreCase):
    CONTEXT = {"nitro-enc-svc:secret-arn": "arn"}
    ROOT = f"arn:aws:iam::{ACCOUNT}:root"

    def setUp(self):
        super().setUp()
        self.kms = self.client("kms")
        self.key_arn = self.kms.create_key(Description="d")["KeyMetadata"]["Arn"]

    def encrypt(self, plaintext=b"plaintext"):
        return self.kms.encrypt(KeyId=self.key_arn, Plaintext=plaintext,
                                EncryptionContext=self.CONTEXT)["CiphertextBlob"]

    def test_key_is_described(self):
        metadata = self.kms.describe_key(KeyId=self.key_arn.rpartition("/")[2])["KeyMetadata"]
        self.assertRegex(self.key_arn, f"^arn:aws:kms:{REGION}:{ACCOUNT}:key/[0-9a-f-]{{36}}$")
        self.assertEqual((metadata["Arn"], metadata["KeyState"], metadata["KeySpec"], metadata["KeyUsage"]),
                         (self.key_arn, "Enabled", "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"))
        self.assertIsInstance(metadata["CreationDate"], datetime.datetime)
        self.assert_refused("NotFoundException", self.kms.describe_key, KeyId=str(uuid.uuid4()))

    def test_decrypt_opens_what_encrypt_made_under_the_same_context(self):
        blob = self.encrypt()
        opened = self.kms.decrypt(CiphertextBlob=blob, EncryptionContext=self.CONTEXT)
        self.assertEqual((opened["Plaintext"], opened["KeyId"]), (b"plaintext", self.key_arn))
        self.assert_refused("InvalidCiphertextException", self.kms.decrypt, CiphertextBlob=blob)
        self.assert_refused("InvalidCiphertextException", self.kms.decrypt, EncryptionContext=self.CONTEXT,
                            CiphertextBlob=blob[:-1] + bytes([blob[-1] ^ 1]))
        other = self.kms.create_key()["KeyMetadata"]["KeyId"]
        self.assert_refused("IncorrectKeyException", self.kms.decrypt, CiphertextBlob=blob, KeyId=other,
                            EncryptionContext=self.CONTEXT)

    def test_data_keys(self):
        made = self.kms.generate_data_key(KeyId=self.key_arn, KeySpec="AES_256", EncryptionContext=self.CONTEXT)
        opened = self.kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext=self.CONTEXT)
        self.assertEqual(opened["Plaintext"], made["Plaintext"])
        self.assertEqual(len(made["Plaintext"]), 32)
        hidden = self.kms.generate_data_key_without_plaintext(KeyId=self.key_arn, NumberOfBytes=16)
        self.assertNotIn("Plaintext", hidden)
        self.assertEqual(len(self.kms.decrypt(CiphertextBlob=hidden["CiphertextBlob"])["Plaintext"]), 16)

    def test_re_encrypt_moves_to_another_key(self):
        other = self.kms.create_key()["KeyMetadata"]["Arn"]
        moved = self.kms.re_encrypt(CiphertextBlob=self.encrypt(), SourceEncryptionContext=self.CONTEXT,
                                    DestinationKeyId=other)
        self.assertEqual((moved["SourceKeyId"], moved["KeyId"]), (self.key_arn, other))
        self.assertEqual(self.kms.decrypt(CiphertextBlob=moved["CiphertextBlob"], KeyId=other)["Plaintext"], b"plaintext")

    def test_key_policy_decides(self):
        blob = self.encrypt()
        policy = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": self.ROOT}, "Action": "kms:*", "Resource": "*"},
            {"Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*",
             "Condition": {"Null": {"kms:RecipientAttestation:ImageSha384": "true"}}}]}
        self.kms.put_key_policy(KeyId=self.key_arn, PolicyName="default", Policy=json.dumps(policy))
        self.assertEqual(json.loads(self.kms.get_key_policy(KeyId=self.key_arn, PolicyName="default")["Policy"]), policy)
        self.assert_refused("AccessDeniedException", self.kms.decrypt, CiphertextBlob=blob,
                            EncryptionContext=self.CONTEXT)
        self.encrypt()
        self.assert_refused("MalformedPolicyDocumentException", self.kms.put_key_policy, KeyId=self.key_arn,
                            PolicyName="default", Policy="{")

    def test_grant_is_listed(self):
        made = self.kms.create_grant(KeyId=self.key_arn, GranteePrincipal=f"arn:aws:iam::{ACCOUNT}:role/enclave-node",
                                     Operations=["Decrypt"], Constraints={"EncryptionContextEquals": self.CONTEXT})
        grants = self.kms.list_grants(KeyId=self.key_arn)["Grants"]
        self.assertEqual([grant["GrantId"] for grant in grants], [made["GrantId"]])
        self.assertEqual(grants[0]["Constraints"], {"EncryptionContextEquals": self.CONTEXT})

    def test_recipient_without_a_document_that_verifies(self):
        if "Recipient" not in self.kms.meta.service_model.operation_model("Decrypt").input_shape.members:
            print(f"botocore {botocore.__version__} does not know Recipient", file=sys.stderr)
            return
        self.assert_refused("ValidationException", self.kms.decrypt, CiphertextBlob=self.encrypt(),
                            EncryptionContext=self.CONTEXT,
                            Recipient={"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256", "AttestationDocument": b"none"})

    def test_restart_keeps_keys(self):
        blob = self.encrypt()
        self.emulator.stop()
        self.emulator.start()
        opened = self.client("kms").decrypt(CiphertextBlob=blob, EncryptionContext=self.CONTEXT)
        self.assertEqual(opened["Plaintext"], b"plaintext")

    def test_throttling_and_lies(self):
        blob = self.encrypt()
        self.emulator.set_faults({"action": "throttle", "service": "kms", "operation": "Decrypt", "times": 1},
                                 {"action": "plaintext", "service": "kms", "operation": "Decrypt", "times": 1},
                                 {"action": "other_key", "service": "kms", "operation": "Decrypt", "times": 1})
        ask = {"CiphertextBlob": blob, "EncryptionContext": self.CONTEXT}
        self.assert_refused("ThrottlingException", self.kms.decrypt, **ask)
        self.assertEqual(self.kms.decrypt(**ask)["Plaintext"], bytes(32))
        self.assertNotEqual(self.kms.decrypt(**ask)["KeyId"], self.key_arn)
        self.assertEqual(self.kms.decrypt(**ask)["Plaintext"], b"plaintext")


class SecretsManager(BotocoreCase):
    def setUp(self):
        super().setUp()
        self.secrets = self.client("secretsmanager")
        self.name = "app/" + self.id()
        self.first, self.second = str(uuid.uuid4()), str(uuid.uuid4())

    def create(self, **parameters):
        return self.secrets.create_secret(Name=self.name, SecretBinary=b"\0one", ClientRequestToken=self.first, **parameters)

    def stages(self):
        return {version: sorted(stages) for version, stages
                in self.secrets.describe_secret(SecretId=self.name)["VersionIdsToStages"].items()}

    def test_value_by_name_and_arn(self):
        arn = self.create()["ARN"]
        self.assertRegex(arn, f"^arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{self.name}-[A-Za-z0-9]{{6}}$")
        for secret_id in (self.name, arn, arn[:-7]):
            value = self.secrets.get_secret_value(SecretId=secret_id)
            self.assertEqual(value["SecretBinary"], b"\0one")
            self.assertEqual(value["VersionStages"], ["AWSCURRENT"])
            self.assertIsInstance(value["CreatedDate"], datetime.datetime)
        self.assert_refused("ResourceNotFoundException", self.secrets.get_secret_value, SecretId=self.name + "x")

    def test_rotation_moves_labels_as_aws_does(self):
        self.create()
        self.secrets.put_secret_value(SecretId=self.name, SecretString="two", ClientRequestToken=self.second,
                                      VersionStages=["AWSPENDING"])
        self.assertEqual(self.stages(), {self.first: ["AWSCURRENT"], self.second: ["AWSPENDING"]})
        self.secrets.update_secret_version_stage(SecretId=self.name, VersionStage="AWSCURRENT",
                                                 RemoveFromVersionId=self.first, MoveToVersionId=self.second)
        self.secrets.update_secret_version_stage(SecretId=self.name, VersionStage="AWSPENDING",
                                                 RemoveFromVersionId=self.second)
        self.assertEqual(self.stages(), {self.first: ["AWSPREVIOUS"], self.second: ["AWSCURRENT"]})
        self.assertEqual(self.secrets.get_secret_value(SecretId=self.name)["SecretString"], "two")
        previous = self.secrets.get_secret_value(SecretId=self.name, VersionStage="AWSPREVIOUS")
        self.assertEqual(previous["VersionId"], self.first)

    def test_versions_in_pages(self):
        self.create()
        for value in ("two", "three"):
            self.secrets.put_secret_value(SecretId=self.name, SecretString=value)
        listed = self.secrets.list_secret_version_ids(SecretId=self.name)
        self.assertEqual(len(listed["Versions"]), 2)
        first = self.secrets.list_secret_version_ids(SecretId=self.name, IncludeDeprecated=True, MaxResults=2)
        second = self.secrets.list_secret_version_ids(SecretId=self.name, IncludeDeprecated=True, MaxResults=2,
                                                      NextToken=first["NextToken"])
        self.assertEqual(len(first["Versions"]) + len(second["Versions"]), 3)
        self.assertNotIn("NextToken", second)

    def test_same_token_same_content(self):
        self.assertEqual(self.create()["VersionId"], self.create()["VersionId"])
        self.assert_refused("ResourceExistsException", self.secrets.put_secret_value, SecretId=self.name,
                            SecretString="other", ClientRequestToken=self.first)
        self.assert_refused("ResourceExistsException", self.secrets.create_secret, Name=self.name, SecretString="other")

    def test_twenty_labels(self):
        self.create()
        for number in range(19):
            self.secrets.update_secret_version_stage(SecretId=self.name, VersionStage=f"NES-{number}",
                                                     MoveToVersionId=self.first)
        self.assert_refused("LimitExceededException", self.secrets.put_secret_value, SecretId=self.name,
                            SecretString="two", VersionStages=["AWSPENDING"])

    def test_delete_and_restore(self):
        self.create()
        gone_at = self.secrets.delete_secret(SecretId=self.name, RecoveryWindowInDays=7)["DeletionDate"]
        self.assertGreater(gone_at, datetime.datetime.now(gone_at.tzinfo) + datetime.timedelta(days=6))
        self.assert_refused("InvalidRequestException", self.secrets.get_secret_value, SecretId=self.name)
        self.secrets.restore_secret(SecretId=self.name)
        self.secrets.delete_secret(SecretId=self.name, ForceDeleteWithoutRecovery=True)
        self.assert_refused("ResourceNotFoundException", self.secrets.describe_secret, SecretId=self.name)

    def test_listing_by_prefix(self):
        self.create(Description="d", KmsKeyId="key")
        listed = self.secrets.list_secrets(Filters=[{"Key": "name", "Values": [self.name]}])["SecretList"]
        self.assertEqual([(item["Name"], item["Description"], item["KmsKeyId"]) for item in listed],
                         [(self.name, "d", "key")])
        self.assertEqual(listed[0]["SecretVersionsToStages"], {self.first: ["AWSCURRENT"]})

    def test_throttling(self):
        self.emulator.set_faults({"action": "throttle", "service": "secretsmanager", "operation": "ListSecrets"})
        self.assert_refused("ThrottlingException", self.secrets.list_secrets)


class S3(BotocoreCase):
    BODY = b"content" * 1000

    def setUp(self):
        super().setUp()
        self.s3 = self.client("s3")
        self.bucket = "b-" + uuid.uuid4().hex
        self.s3.create_bucket(Bucket=self.bucket)
        self.folder = self.emulator.state / "s3" / self.bucket

    def test_objects_are_files(self):
        etag = self.s3.put_object(Bucket=self.bucket, Key="a b/c+ä&.yaml", Body=self.BODY)["ETag"]
        self.assertEqual((self.folder / "a b" / "c+ä&.yaml").read_bytes(), self.BODY)
        got = self.s3.get_object(Bucket=self.bucket, Key="a b/c+ä&.yaml")
        self.assertEqual((got["Body"].read(), got["ETag"]), (self.BODY, etag))
        head = self.s3.head_object(Bucket=self.bucket, Key="a b/c+ä&.yaml")
        self.assertEqual((head["ContentLength"], head["ETag"]), (len(self.BODY), etag))
        self.assert_refused("304", self.s3.get_object, Bucket=self.bucket, Key="a b/c+ä&.yaml", IfNoneMatch=etag)
        (self.folder / "a b" / "c+ä&.yaml").write_bytes(b"dropped")
        changed = self.s3.get_object(Bucket=self.bucket, Key="a b/c+ä&.yaml", IfNoneMatch=etag, Range="bytes=0-3")
        self.assertEqual(changed["Body"].read(), b"drop")
        self.s3.delete_object(Bucket=self.bucket, Key="a b/c+ä&.yaml")
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_missing_things(self):
        self.assert_refused("NoSuchKey", self.s3.get_object, Bucket=self.bucket, Key="missing", status=404)
        self.assert_refused("NoSuchBucket", self.s3.get_object, Bucket="missing-bucket", Key="k", status=404)
        self.assert_refused("404", self.s3.head_object, Bucket=self.bucket, Key="missing")
        self.assert_refused("404", self.s3.head_bucket, Bucket="missing-bucket")
        self.assert_refused("BucketAlreadyOwnedByYou", self.s3.create_bucket, Bucket=self.bucket)

    def test_buckets(self):
        self.s3.head_bucket(Bucket=self.bucket)
        self.assertIn(self.bucket, [bucket["Name"] for bucket in self.s3.list_buckets()["Buckets"]])
        self.s3.put_object(Bucket=self.bucket, Key="k", Body=b"")
        self.assert_refused("BucketNotEmpty", self.s3.delete_bucket, Bucket=self.bucket)
        self.s3.delete_object(Bucket=self.bucket, Key="k")
        self.s3.delete_bucket(Bucket=self.bucket)
        self.assert_refused("404", self.s3.head_bucket, Bucket=self.bucket)

    def test_listing_in_pages(self):
        keys = sorted(f"schemas/{name}" for name in ("a b+c", "ä&<>", "x%41", *(f"k{i:02}" for i in range(20))))
        for key in keys:
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=key.encode())
        self.s3.put_object(Bucket=self.bucket, Key="other", Body=b"")
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix="schemas/", PaginationConfig={"PageSize": 7})
        self.assertEqual([item["Key"] for page in pages for item in page["Contents"]],
                         sorted(keys, key=lambda key: key.encode()))
        grouped = self.s3.list_objects_v2(Bucket=self.bucket, Delimiter="/")
        self.assertEqual([item["Prefix"] for item in grouped["CommonPrefixes"]], ["schemas/"])
        self.assertEqual([item["Key"] for item in grouped["Contents"]], ["other"])
        after = self.s3.list_objects_v2(Bucket=self.bucket, StartAfter="schemas/", MaxKeys=1)
        self.assertEqual([item["Key"] for item in after["Contents"]], keys[:1])

    def test_tls_with_virtual_hosts_and_trailing_checksums(self):
        # Newer botocores send aws-chunked with a trailer over TLS; the bucket goes in front of the host.
        resolve = socket.getaddrinfo
        here = mock.patch("socket.getaddrinfo", lambda _, *rest, **named: resolve("127.0.0.1", *rest, **named))
        here.start()
        self.addCleanup(here.stop)
        s3 = self.client("s3", url=f"https://s3.{REGION}.amazonaws.com:{self.emulator.ports['https']}", style="virtual")
        s3.put_object(Bucket=self.bucket, Key="k", Body=self.BODY)
        self.assertEqual((self.folder / "k").read_bytes(), self.BODY)
        self.assertEqual(s3.get_object(Bucket=self.bucket, Key="k")["Body"].read(), self.BODY)

    def test_truncated_object(self):
        self.s3.put_object(Bucket=self.bucket, Key="k", Body=self.BODY)
        self.emulator.set_faults({"action": "truncate", "operation": "GetObject"})
        body = self.s3.get_object(Bucket=self.bucket, Key="k")["Body"]
        with self.assertRaises((botocore.exceptions.IncompleteReadError, botocore.exceptions.ResponseStreamingError)):
            body.read()

    def test_dropped_connection(self):
        self.emulator.set_faults({"action": "drop", "service": "s3"})
        with self.assertRaises((botocore.exceptions.HTTPClientError, botocore.parsers.ResponseParserError)):
            self.s3.list_buckets()

    def test_delay(self):
        self.emulator.set_faults({"action": "delay", "delay_ms": 3000, "service": "s3"})
        impatient = self.client("s3", read_timeout=1)
        with self.assertRaises(botocore.exceptions.ReadTimeoutError):
            impatient.list_buckets()

    def test_throttling(self):
        self.emulator.set_faults({"action": "throttle", "service": "s3", "times": 1})
        self.assert_refused("SlowDown", self.s3.list_buckets, status=503)
        self.s3.list_buckets()


if __name__ == "__main__":
    sys.exit(unittest.main())
