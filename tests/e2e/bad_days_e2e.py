"""AWS on its bad days: absent, slow, wrong, forgetful; and what an enclave makes of them."""

import json
import signal
import time

from cloud_case import CloudCase
from enclave_case import document
from wire import open_request, request, seal_request

SCHEMA = ("openapi: 3.1.0\ninfo: { title: T, version: '1' }\npaths: {}\ncomponents:\n  schemas:\n"
          "    Thing: { type: object, properties: { FIELD: { type: string, x-pii: true } } }\n")


class BadDays(CloudCase):
    """The enclave of the class lives through most of it."""

    def setUp(self):
        self.addCleanup(self.cloud.set_faults, [])

    def assert_serves(self, enclave=None):
        sealed = self.exchange(seal_request(document("payments-v1")), enclave)
        opened = self.exchange(open_request(sealed.body), enclave, self.client)
        self.assertEqual((opened.status, opened.body), (200, document("payments-v1")))

    def wait_until_ready(self, enclave, timeout_s=40):
        enclave.wait_until(lambda: enclave.health("/readyz")[0] == 200, timeout_s)
        enclave.fetch_ca()

    def test_the_emulator_is_down_at_the_start(self):
        self.cloud.aws.stop()
        enclave = self.launch()
        try:
            failed = self.wait_for_event(enclave, "step_failed")
            self.assertIn(failed["step"], ("credentials", "keys"))
            self.assertEqual(enclave.health("/livez")[0], 200)
            self.assertEqual(enclave.health("/readyz")[0], 503)
            self.assert_problem(self.exchange_anonymous(enclave), 503, "not_ready")
        finally:
            self.cloud.start_aws()
        self.wait_until_ready(enclave)
        self.assert_serves(enclave)

    def exchange_anonymous(self, enclave):
        enclave.fetch_ca()
        return self.exchange(seal_request(document("payments-v1")), enclave)

    def status(self):
        return json.loads(self.exchange(request("GET", "/health")).body)["status"]

    def test_the_emulator_goes_and_comes_back_mid_life(self):
        self.enclave.wait_until(lambda: self.status() == "ok", 30)
        self.cloud.aws.stop()
        try:
            self.enclave.wait_until(lambda: self.status() == "degraded", 30)
            self.assertEqual(self.exchange(request("GET", "/health")).status, 200)
            self.assert_serves()
        finally:
            self.cloud.start_aws()
        self.enclave.wait_until(lambda: self.status() == "ok", 60)
        self.assert_serves()

    def test_throttling_is_waited_out(self):
        self.cloud.set_faults([{"service": "kms", "action": "throttle", "times": 2},
                               {"service": "secretsmanager", "action": "throttle", "times": 2},
                               {"service": "s3", "action": "throttle", "times": 2}])
        enclave = self.launch()
        self.wait_until_ready(enclave)
        self.assertEqual(self.events(enclave, "step_failed"), [], "within the attempts of a call")
        self.assert_serves(enclave)

    def test_connections_that_drop_and_answers_that_are_late(self):
        self.cloud.set_faults([{"service": "secretsmanager", "action": "drop", "times": 1},
                               {"service": "kms", "action": "error", "status": 500, "type": "KMSInternalException",
                                "times": 1},
                               {"service": "s3", "action": "delay", "delay_ms": 700, "times": 2}])
        enclave = self.launch()
        self.wait_until_ready(enclave)
        self.assert_serves(enclave)

    def test_a_clock_ten_minutes_off_is_learnt(self):
        for seconds in (600, -600):
            with self.subTest(seconds):
                self.cloud.set_faults([{"action": "skew", "seconds": seconds}])
                enclave = self.launch()
                self.wait_until_ready(enclave)
                self.assert_serves(enclave)

    def test_an_object_cut_short_or_too_large_leaves_the_last_good_version(self):
        path = self.folder / "cut-v1.yaml"
        path.write_text(SCHEMA.replace("FIELD", "a"), encoding="utf-8")
        self.cloud.put_schema(path)
        def sealed():
            answer = self.exchange(seal_request(b'{"a":"1","b":"2"}', "cut-v1"))
            return int(answer.headers["x-fields-sealed"]) if answer.status == 200 else None
        self.enclave.wait_until(lambda: sealed() == 1, 20)
        for action, more in (("truncate", {}), ("huge", {"bytes": 9 << 20})):
            with self.subTest(action):
                refused = len(self.events(self.enclave, "schema_refused"))
                self.cloud.set_faults([{"service": "s3", "operation": "GetObject", "action": action, **more}])
                path.write_text(SCHEMA.replace("FIELD", "a: { type: string, x-pii: true }, b") + f"# {action}\n",
                                encoding="utf-8")
                self.cloud.put_schema(path)
                self.enclave.wait_until(
                    lambda refused=refused: len(self.events(self.enclave, "schema_refused")) > refused, 30)
                self.assertEqual(sealed(), 1)
                self.cloud.set_faults([])
                path.write_text(SCHEMA.replace("FIELD", "a") + f"# after {action}\n", encoding="utf-8")
                self.cloud.put_schema(path)
                self.assertEqual(sealed(), 1)

    def test_schemas_that_roll_back_or_are_signed_for_another_name_are_refused(self):
        path = self.folder / "rolled-v1.yaml"
        path.write_text(SCHEMA.replace("FIELD", "a"), encoding="utf-8")
        self.cloud.put_schema(path)
        objects = {name: (self.cloud.schema_dir / name).read_bytes() for name in ("rolled-v1.yaml",
                                                                                  "rolled-v1.yaml.sig")}
        def sealed(schema):
            answer = self.exchange(seal_request(b'{"a":"1","b":"2"}', schema))
            return int(answer.headers["x-fields-sealed"]) if answer.status == 200 else answer.status
        self.enclave.wait_until(lambda: sealed("rolled-v1") == 1, 20)
        path.write_text(SCHEMA.replace("FIELD", "a: { type: string, x-pii: true }, b"), encoding="utf-8")
        self.cloud.put_schema(path)
        self.enclave.wait_until(lambda: sealed("rolled-v1") == 2, 20)
        # Yesterday's object and its genuine signature, and the same under another name.
        for name, content in objects.items():
            (self.cloud.schema_dir / name).write_bytes(content)
            (self.cloud.schema_dir / name.replace("rolled", "renamed")).write_bytes(content)
            for left in (name, name.replace("rolled", "renamed")):
                self.addCleanup((self.cloud.schema_dir / left).unlink)
        refused = lambda name: [event for event in self.events(self.enclave, "schema_refused")
                                if event["schema"] == name]
        self.enclave.wait_until(lambda: refused("rolled-v1") and refused("renamed-v1"), 20)
        self.assertIn("older", refused("rolled-v1")[-1]["reason"])
        self.assertEqual((sealed("rolled-v1"), sealed("renamed-v1")), (2, 404))
        self.assert_serves()

    def test_the_end_does_not_wait_for_aws(self):
        self.cloud.set_faults([{"action": "delay", "delay_ms": 10_000}])
        enclave = self.launch()
        enclave.wait_until(lambda: enclave.health("/livez")[0] == 200, 20)
        time.sleep(1)
        begin = time.monotonic()
        enclave.process.send_signal(signal.SIGTERM)
        self.assertEqual(enclave.process.wait(20), 0)
        self.assertLess(time.monotonic() - begin, 5)


class ShortCredentials(CloudCase):
    """Sessions that end long before the enclave does."""

    CLOUD_OPTIONS = {"credentials_lifetime_s": 4}

    def test_credentials_are_renewed_before_and_after_they_expire(self):
        path = self.folder / "later-v1.yaml"
        time.sleep(5)
        path.write_text(SCHEMA.replace("FIELD", "a"), encoding="utf-8")
        self.cloud.put_schema(path)
        self.enclave.wait_until(
            lambda: self.exchange(seal_request(b'{"a":"1"}', "later-v1")).status == 200, 20)

    def test_sessions_that_are_revoked_are_replaced(self):
        self.cloud.set_faults([{"action": "expire_credentials", "times": 1}])
        self.addCleanup(self.cloud.set_faults, [])
        path = self.folder / "revoked-v1.yaml"
        path.write_text(SCHEMA.replace("FIELD", "a"), encoding="utf-8")
        self.cloud.put_schema(path)
        self.enclave.wait_until(
            lambda: self.exchange(seal_request(b'{"a":"1"}', "revoked-v1")).status == 200, 20)
