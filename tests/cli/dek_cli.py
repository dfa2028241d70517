"""nitro-enc dek against fake_aws: label moves, refusals, what is sent, and where it may be interrupted."""

import datetime
import json
import re
import unittest

from cli_case import REFUSED, USAGE, CliCase
from fake_aws import ARN, KEY, FakeAws, serve_aws, serve_enclave

KEPT = re.compile(r"NES-\d{8}T\d{6}Z")
DAY = 86400


class DekCase(CliCase):
    def setUp(self):
        super().setUp()
        self.aws = FakeAws()
        self.environment.update(AWS_ACCESS_KEY_ID="AKIDTEST", AWS_SECRET_ACCESS_KEY="secret",
                                AWS_ENDPOINT_URL=serve_aws(self, self.aws))

    def dek(self, command, *words, status=0):
        run = self.run_json if status == 0 else self.refused
        options = {} if status == 0 else {"status": status}
        return run("dek", command, "--secret-arn", ARN, *words, **options)

    def rotate(self, *words, **options):
        return self.dek("rotate", "--kms-key-id", KEY, *words, **options)

    def rotated(self):
        """A secret with the version `old`, kept, and the new version staged; the new one's id."""
        self.aws.label("old", "AWSCURRENT")
        return self.rotate()["version_id"]

    def names(self):
        """Operations so far."""
        return [operation for operation, _ in self.aws.calls]


class Create(DekCase):
    def test_makes_a_secret_and_then_its_key_for_its_arn(self):
        self.aws.versions = None
        done = self.run_json("dek", "create", "--name", "dek", "--kms-key-id", KEY)
        self.assertEqual(done["secret_arn"], ARN)
        self.assertEqual(self.names(), ["CreateSecret", "GenerateDataKeyWithoutPlaintext", "PutSecretValue"])
        version, = self.aws.versions.values()
        self.assertEqual(version["labels"], ["AWSCURRENT"])
        self.assertEqual(json.loads(version["binary"]), {"nitro-enc-svc:secret-arn": ARN})
        self.assertEqual(self.aws.calls[1][1]["KeySpec"], "AES_256")

    def test_fills_a_secret_that_is_there(self):
        self.dek("create", "--kms-key-id", KEY)
        self.assertEqual(list(self.aws.labels().values()), [["AWSCURRENT"]])

    def test_takes_another_encryption_context_or_none(self):
        for text, context in (('{"a":"b"}', {"a": "b"}), ("none", None)):
            self.aws.versions = {}
            self.dek("create", "--kms-key-id", KEY, "--encryption-context", text)
            version, = self.aws.versions.values()
            self.assertEqual(json.loads(version["binary"]), context)

    def test_is_refused_for_a_secret_that_has_a_key(self):
        self.aws.label("old", "AWSCURRENT")
        self.dek("create", "--kms-key-id", KEY, status=REFUSED)
        self.aws.versions = {"gone": {"labels": [], "created": 0}}
        self.dek("create", "--kms-key-id", KEY, status=REFUSED)

    def test_says_how_to_go_on_if_kms_refuses(self):
        self.aws.versions = None
        self.aws.fail["GenerateDataKeyWithoutPlaintext"] = "AccessDeniedException"
        _, err = self.run_cli("dek", "create", "--name", "dek", "--kms-key-id", KEY, "--region", "eu-west-1",
                              status=REFUSED)
        self.assertIn("GenerateDataKeyWithoutPlaintext: AWS denies access (HTTP 400)", err)
        self.assertIn("--secret-arn " + ARN, err)
        self.aws.fail.clear()
        self.dek("create", "--kms-key-id", KEY)

    def test_refuses_a_wrong_command_line(self):
        for words in ([], ["--name", "n", "--secret-arn", ARN], ["--secret-arn", "name"],
                      ["--secret-arn", ARN, "--encryption-context", "{}"]):
            self.refused("dek", "create", "--kms-key-id", KEY, *words, status=USAGE)
        for alias in ("alias/a", "arn:aws:kms:eu-west-1:111122223333:alias/a"):
            self.refused("dek", "create", "--secret-arn", ARN, "--kms-key-id", alias, status=USAGE)
        self.refused("dek", "create", "--secret-arn", ARN, status=USAGE)
        self.assertEqual(self.aws.calls, [])


class Rotate(DekCase):
    def test_keeps_the_version_in_use_and_stages_a_new_one(self):
        new = self.rotated()
        labels = self.aws.labels()
        self.assertEqual(labels[new], ["AWSPENDING"])
        self.assertEqual(labels["old"][0], "AWSCURRENT")
        self.assertRegex(labels["old"][1], KEPT)

    def test_twice_is_refused(self):
        self.rotated()
        self.assertIn("not promoted", self.rotate(status=REFUSED))

    def test_changes_nothing_if_kms_refuses(self):
        self.aws.label("old", "AWSCURRENT")
        self.aws.fail["GenerateDataKeyWithoutPlaintext"] = "KMSInvalidStateException"
        self.rotate(status=REFUSED)
        self.assertEqual(self.aws.labels(), {"old": ["AWSCURRENT"]})

    def test_goes_on_after_an_interruption(self):
        self.aws.label("old", "AWSCURRENT")
        self.aws.fail["PutSecretValue"] = "InvalidRequestException"
        self.rotate(status=REFUSED)
        kept = self.aws.labels()
        self.aws.fail.clear()
        self.rotate()
        self.assertEqual(self.aws.labels()["old"], kept["old"])

    def test_warns_at_15_labels_and_refuses_more_than_20(self):
        self.aws.label("old", "AWSCURRENT", "AWSPREVIOUS")
        for i in range(11):
            self.aws.label(f"v{i}", f"NES-{i}")
        _, err = self.run_cli("dek", "rotate", "--secret-arn", ARN, "--kms-key-id", KEY)
        self.assertIn("15 of at most 20 labels", err)
        self.aws.versions = {}
        self.aws.label("old", "AWSCURRENT", "AWSPREVIOUS")
        for i in range(17):
            self.aws.label(f"v{i}", f"NES-{i}")
        self.assertIn("retire", self.rotate(status=REFUSED))
        self.assertEqual(len(self.aws.versions), 18)


class Promote(DekCase):
    def test_too_early_is_refused(self):
        new = self.rotated()
        self.assertIn("too young", self.dek("promote", status=REFUSED))
        self.aws.versions[new]["created"] -= 3590
        self.assertIn("too young", self.dek("promote", status=REFUSED))
        self.aws.versions[new]["created"] -= 20
        self.assertEqual(self.dek("promote")["version_id"], new)

    def test_moves_the_labels(self):
        new = self.rotated()
        self.dek("promote", "--refresh-interval-secs", "0")
        labels = self.aws.labels()
        self.assertEqual(labels[new], ["AWSCURRENT"])
        self.assertEqual(labels["old"][0], "AWSPREVIOUS")
        self.assertRegex(labels["old"][1], KEPT)
        self.dek("promote", status=REFUSED)

    def test_goes_on_after_an_interruption(self):
        new = self.rotated()
        self.aws.UpdateSecretVersionStage({"VersionStage": "AWSCURRENT", "RemoveFromVersionId": "old",
                                           "MoveToVersionId": new})
        self.dek("promote")
        self.assertEqual(self.aws.labels()[new], ["AWSCURRENT"])

    def test_asks_the_enclaves_whether_they_have_it(self):
        new = self.rotated()
        keys = [{"kid": "0a", "version_id": "old", "state": "sealing", "opens": 0, "last_open": None}]
        url, cacert = serve_enclave(self, self.directory, lambda: {"uptime_secs": 9, "keys": keys})
        words = ["--refresh-interval-secs", "0", "--url", url, "--cacert", cacert, "--server-name", "nitro-enc-svc"]
        self.assertIn("has not loaded", self.dek("promote", *words, status=REFUSED))
        keys.append({"kid": "0b", "version_id": new, "state": "opening", "opens": 0, "last_open": None})
        self.dek("promote", *words)

    def test_three_rotations_lose_no_version(self):
        self.aws.label("first", "AWSCURRENT")
        for _ in range(3):
            self.rotate()
            self.dek("promote", "--refresh-interval-secs", "0")
        labels = self.aws.labels()
        self.assertEqual(len(labels), 4)
        self.assertTrue(all(labels.values()), labels)
        kept = [label for each in labels.values() for label in each if KEPT.fullmatch(label)]
        self.assertEqual(len(set(kept)), 3)


class Retire(DekCase):
    def setUp(self):
        super().setUp()
        self.aws.label("old", "AWSPREVIOUS", "NES-20260101T000000Z")
        self.aws.label("new", "AWSCURRENT")
        self.enclave = {"uptime_secs": 2 * DAY, "keys": [self.key("new"), self.key("old")]}
        self.url, self.cacert = serve_enclave(self, self.directory, lambda: self.enclave)

    @staticmethod
    def key(version, ago=None):
        at = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=ago or 0)
        return {"kid": version, "version_id": version, "state": "opening", "opens": 0 if ago is None else 5,
                "last_open": None if ago is None else at.strftime("%Y-%m-%dT%H:%M:%S.000Z")}

    def retire(self, *words, version="old", status=0):
        return self.dek("retire", "--version-id", version, "--url", self.url, "--cacert", self.cacert,
                        "--server-name", "nitro-enc-svc", *words, status=status)

    def test_takes_the_labels_of_a_quiet_version(self):
        self.retire()
        self.assertEqual(self.aws.labels(), {"old": [], "new": ["AWSCURRENT"]})

    def test_finds_a_version_by_its_label(self):
        self.retire(version="NES-20260101T000000Z")
        self.assertEqual(self.aws.labels()["old"], [])

    def test_is_refused_for_what_seals_or_is_staged(self):
        self.assertIn("AWSCURRENT", self.retire(version="new", status=REFUSED))
        self.aws.label("staged", "AWSPENDING")
        self.assertIn("AWSPENDING", self.retire(version="staged", status=REFUSED))
        self.retire(version="nobody", status=REFUSED)

    def test_is_refused_if_an_enclave_has_opened_with_it_lately(self):
        self.enclave["keys"][1] = self.key("old", DAY - 100)
        self.assertIn("opened a token", self.retire(status=REFUSED))
        self.retire("--quiet-secs", "3600")

    def test_is_refused_if_an_enclave_is_too_young_to_tell(self):
        self.enclave["uptime_secs"] = DAY - 1
        self.assertIn("is up for", self.retire(status=REFUSED))

    def test_is_refused_if_an_enclave_is_of_another_secret(self):
        self.enclave["keys"] = [self.key("other")]
        self.retire(status=REFUSED)

    def test_passes_if_the_version_is_loaded_nowhere(self):
        del self.enclave["keys"][1]
        self.retire()

    def test_is_refused_if_one_enclave_cannot_be_reached_or_trusted(self):
        self.assertIn("127.0.0.1:1:", self.retire("--url", "https://127.0.0.1:1", status=REFUSED))
        other, _ = serve_enclave(self, self.directory, lambda: self.enclave, name="stranger")
        self.assertIn(other, self.retire("--url", other, status=REFUSED))
        self.assertIn("AWSPREVIOUS", self.aws.labels()["old"])

    def test_is_refused_if_an_enclave_does_not_name_versions(self):
        del self.enclave["keys"][1]["version_id"]
        self.assertIn("not understood", self.retire(status=REFUSED))

    def test_needs_a_url(self):
        self.dek("retire", "--version-id", "old", status=USAGE)
        self.dek("retire", "--version-id", "old", "--url", "http://127.0.0.1", status=USAGE)


class ShowStatus(DekCase):
    def setUp(self):
        super().setUp()
        self.aws.label("old", "AWSPREVIOUS", "NES-20260101T000000Z", age=100)
        self.aws.label("gone", age=200)
        self.aws.label("new", "AWSCURRENT", age=50)

    def test_is_a_table(self):
        out, _ = self.run_cli("dek", "status", "--secret-arn", ARN)
        rows = [line.split() for line in out.splitlines()]
        self.assertEqual(rows[0], ["VERSION", "STATE", "CREATED", "LABELS"])
        self.assertEqual([row[:2] for row in rows[1:]], [["new", "seals"], ["old", "opens"], ["gone", "retired"]])
        self.assertEqual(rows[2][3], "AWSPREVIOUS,NES-20260101T000000Z")

    def test_adds_up_what_the_enclaves_say(self):
        answers = [{"uptime_secs": 7, "keys": [Retire.key("new", 50), Retire.key("old", ago)]} for ago in (10, 20)]
        words = []
        for i, answer in enumerate(answers):
            url, cacert = serve_enclave(self, self.directory, lambda answer=answer: answer)
            words += ["--url", url]
        words += ["--cacert", cacert, "--server-name", "nitro-enc-svc"]
        report = self.run_json("dek", "status", "--json", "--secret-arn", ARN, *words)
        old = report["versions"][1]
        self.assertEqual((old["kid"], old["loaded"], old["opens"]), ("old", 2, 10))
        self.assertEqual(old["last_open"], answers[0]["keys"][1]["last_open"])
        self.assertEqual(report["versions"][2]["kid"], None)
        out, err = self.run_cli("dek", "status", "--secret-arn", ARN, *words, "--url", "https://127.0.0.1:1",
                                status=REFUSED)
        self.assertIn("2/3", out)
        self.assertEqual(len(err.splitlines()), 1)


class Access(DekCase):
    def test_needs_a_region_and_credentials(self):
        self.refused("dek", "create", "--name", "n", "--kms-key-id", "1234abcd", status=USAGE)
        del self.environment["AWS_SECRET_ACCESS_KEY"]
        self.assertIn("AWS_SECRET_ACCESS_KEY is missing", self.dek("status", status=REFUSED))

    def test_speaks_plainly_to_this_machine_alone(self):
        self.environment["AWS_ENDPOINT_URL"] = "http://example.com"
        self.dek("status", status=USAGE)

    def test_says_what_aws_refuses(self):
        self.aws.versions = None
        self.assertIn("ListSecretVersionIds: AWS does not find", self.dek("status", status=REFUSED))


if __name__ == "__main__":
    unittest.main()
