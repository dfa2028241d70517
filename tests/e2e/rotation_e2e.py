"""Keys that change while requests flow: two enclaves that refresh at different times, rewrap, retire."""

import json
import time

from cloud_case import CloudCase
from emulated_cloud import CommandFailed
from enclave_case import document
from wire import open_request, request, seal_request

REFRESH_SECS = 5  # of the first enclave; the second one refreshes when it has to
KEY_REFRESH_GAP_S = 30


class Rotation(CloudCase):
    SETTINGS = {"DEK_ROTATION_INTERVAL_SECS": str(REFRESH_SECS)}

    def dek(self, command, *options):
        return self.cloud.nitro_enc("dek", command, "--secret-arn", self.cloud.secret_arn, *options)

    def keys(self, enclave):
        return self.exchange(request("GET", "/v1/keys"), enclave).json()["keys"]

    def seal(self, enclave):
        sealed = self.exchange(seal_request(document("payments-v1")), enclave)
        self.assertEqual(sealed.status, 200)
        return sealed.body

    def open(self, enclave, body, route="/v1/decrypt"):
        return self.exchange(open_request(body, route=route), enclave, self.client)

    def assert_refused(self, said, *arguments):
        with self.assertRaises(CommandFailed) as failed:
            self.dek(*arguments)
        self.assertEqual(failed.exception.status, 1)
        self.assertIn(said, failed.exception.output)

    def test_a_fleet_agrees_though_it_refreshes_at_different_times(self):
        late = self.launch(settings={"DEK_ROTATION_INTERVAL_SECS": "3600"})
        late.wait_until(lambda: late.health("/readyz")[0] == 200, 30)
        late.fetch_ca()
        late_since = time.monotonic()
        old_kid = self.keys(self.enclave)[0]["kid"]
        before = self.seal(self.enclave)

        self.dek("rotate", "--kms-key-id", self.cloud.key_arn)
        self.assert_refused("AWSPENDING", "rotate", "--kms-key-id", self.cloud.key_arn)
        self.assert_refused("too young", "promote")
        self.enclave.wait_until(lambda: len(self.keys(self.enclave)) == 2, 20)
        self.assertEqual(self.keys(self.enclave)[0]["kid"], old_kid, "a staged key does not seal")
        self.dek("promote", "--refresh-interval-secs", "1")
        self.enclave.wait_until(lambda: self.keys(self.enclave)[0]["kid"] != old_kid, 20)
        after = self.seal(self.enclave)
        self.assertEqual(self.open(self.enclave, before).body, document("payments-v1"), "the old key still opens")

        # The late one has never heard of the new key: it refreshes once, and the client tries again.
        self.assertEqual(len(self.keys(late)), 1)
        time.sleep(max(0, KEY_REFRESH_GAP_S + 1 - (time.monotonic() - late_since)))
        self.assert_problem(self.open(late, after), 503, "key_not_loaded")
        late.wait_until(lambda: self.open(late, after).status == 200, 20)
        self.assertEqual(self.keys(late)[0]["kid"], self.keys(self.enclave)[0]["kid"])

        # Everything moves to the new key, and the old one is out of use.
        moved = self.open(self.enclave, before, "/v1/rewrap")
        self.assertEqual(moved.status, 200)
        self.assertNotIn(old_kid.encode(), moved.body)
        self.assertEqual(self.open(late, moved.body).body, document("payments-v1"))
        old_version = next(key["version_id"] for key in self.keys(late) if key["kid"] == old_kid)
        urls = [option for enclave in (self.enclave, late)
                for option in ("--url", f"https://localhost:{enclave.port}")]
        bundle = self.folder / "both.pem"
        bundle.write_text(self.enclave.ca_file.read_text() + late.ca_file.read_text(), encoding="ascii")
        self.assert_refused("86400 s are needed", "retire", "--version-id", old_version, *urls, "--cacert", bundle)
        # Both are up for longer than that, so that only its use is left to say no.
        self.assert_refused("opened a token", "retire", "--version-id", old_version, *urls, "--cacert", bundle,
                            "--quiet-secs", str(KEY_REFRESH_GAP_S))
        status = self.dek("status", *urls, "--cacert", bundle)
        self.assertIn(old_kid, status)
        time.sleep(2)
        self.dek("retire", "--version-id", old_version, *urls, "--cacert", bundle, "--quiet-secs", "1")
        self.enclave.wait_until(lambda: len(self.keys(self.enclave)) == 1, 20)
        self.assert_problem(self.open(self.enclave, before), 503, "key_not_loaded")
