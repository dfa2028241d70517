"""Start, refresh, drain and end; and what a wrong configuration says."""

import os
import pathlib
import re
import shutil
import ssl
import subprocess
import time
import unittest

from enclave_case import BINARY, ROOT, EnclaveCase
from wire import Connection, request, seal_request, send_once

BODY = b'{"card":{"cvv":"1"}}'
SCHEMA_DEADLINE_S = 5


class Confinement(EnclaveCase):
    """What the running process may do."""

    @unittest.skipIf(os.environ.get("NES_SANITIZED") == "1", "a sanitizer's runtime calls what it likes")
    def test_runs_under_its_list_of_system_calls_without_privileges_to_gain(self):
        threads = sorted(pathlib.Path(f"/proc/{self.enclave.process.pid}/task").iterdir())
        self.assertGreater(len(threads), 2)
        for thread in threads:
            status = (thread / "status").read_text(encoding="ascii")
            self.assertRegex(status, r"\nNoNewPrivs:\t1\n")
            self.assertRegex(status, r"\nSeccomp:\t2\n", "2 is a filter")


class SchemaRefresh(EnclaveCase):
    """Files that come and change in the schema directory."""

    def put(self, name, text):
        temporary = self.enclave.schema_dir / ".incoming"
        temporary.write_text(text, encoding="utf-8")
        temporary.rename(self.enclave.schema_dir / name)

    def schema(self, *names):
        fields = ", ".join(f"{name}: {{ type: string, x-pii: true }}" for name in names)
        return ("openapi: 3.1.0\ninfo: { title: T, version: '1' }\npaths: {}\ncomponents:\n  schemas:\n"
                f"    Thing: {{ type: object, properties: {{ {fields} }} }}\n")

    def sealed_count(self, schema, body):
        answer = send_once(self.enclave, seal_request(body, schema))
        return int(answer.headers["x-fields-sealed"]) if answer.status == 200 else None

    def wait_for(self, schema, body, count, timeout_s=SCHEMA_DEADLINE_S):
        deadline = time.monotonic() + timeout_s
        while (seen := self.sealed_count(schema, body)) != count:
            self.assertLess(time.monotonic(), deadline, f"{seen} fields sealed, {count} expected")
            time.sleep(0.1)

    def test_new_schema_is_served_within_five_seconds(self):
        self.assertIsNone(self.sealed_count("fresh-v1", b'{"a":"1"}'))
        self.put("fresh-v1.yaml", self.schema("a"))
        self.wait_for("fresh-v1", b'{"a":"1"}', 1)

    def test_changed_schema_is_served_within_five_seconds(self):
        self.put("growing-v1.yaml", self.schema("a"))
        self.wait_for("growing-v1", b'{"a":"1","b":"2"}', 1)
        self.put("growing-v1.yaml", self.schema("a", "b"))
        self.wait_for("growing-v1", b'{"a":"1","b":"2"}', 2)

    def test_bad_schema_is_refused_whole_and_harms_no_other(self):
        bad = {
            "bad-yaml": "openapi: [",
            "bad-ref": self.schema("a").replace("type: string", "$ref: '#/components/schemas/Nobody'"),
            "external-ref": self.schema("a").replace("type: string", "$ref: 'other.yaml#/Thing'"),
            "bad-pii": self.schema("a").replace("x-pii: true", "x-pii: please"),
            "bad-version": self.schema("a").replace("3.1.0", "2.0"),
            "bad-bomb": "a: &a [x]\n" + "".join(
                f"{chr(97 + i)}: &{chr(97 + i)} [{', '.join(['*' + chr(96 + i)] * 20)}]\n" for i in range(1, 12)),
        }
        for name, text in bad.items():
            self.put(f"{name}.yaml", text)
        for extension in ("yaml", "yml"):  # two files for one name
            self.put(f"twice-v1.{extension}", self.schema("a"))
        self.put("good-v1.yaml", self.schema("a"))
        self.wait_for("good-v1", b'{"a":"1"}', 1, timeout_s=25)  # behind the bombs
        for name in (*bad, "twice-v1"):
            with self.subTest(name):
                self.assert_problem(send_once(self.enclave, seal_request(b"{}", name)), 404, "schema_unknown")
        self.assertEqual(send_once(self.enclave, seal_request(BODY)).status, 200)

    def test_last_good_version_stays_when_a_schema_turns_bad(self):
        self.put("turning-v1.yaml", self.schema("a"))
        self.wait_for("turning-v1", b'{"a":"1"}', 1)
        self.put("turning-v1.yaml", self.schema("a") + "\t- broken")
        self.put("beacon-v1.yaml", self.schema("a"))
        self.wait_for("beacon-v1", b'{"a":"1"}', 1)
        self.assertEqual(self.sealed_count("turning-v1", b'{"a":"1"}'), 1)
        health = send_once(self.enclave, request("GET", "/health"))
        self.assertEqual((health.status, health.json()["dek_ready"]), (200, True))


class Drain(EnclaveCase):
    """Each test ends a process of its own."""

    def begin_request(self, enclave):
        """A connection whose request the server has begun to read, and the rest of that request."""
        message = seal_request(BODY, Expect="100-continue")
        connection = Connection(enclave, timeout_s=30)
        self.addCleanup(connection.tls.close)
        self.assertEqual(connection.exchange(message[:-len(BODY)]).status, 100)
        return connection, BODY

    def assert_refuses_new_connections(self, enclave):
        deadline = time.monotonic() + 5
        while True:
            try:
                Connection(enclave, timeout_s=2).tls.close()
            except ConnectionRefusedError:  # and not left in a queue that nobody serves
                return
            except (ConnectionError, ssl.SSLEOFError):
                pass  # it stood in the queue while the listener closed
            self.assertLess(time.monotonic(), deadline, "new connections are still accepted")
            time.sleep(0.05)

    def test_sigterm_finishes_what_is_in_flight_and_exits_0(self):
        enclave = self.start()
        connection, rest = self.begin_request(enclave)
        enclave.process.terminate()
        self.assert_refuses_new_connections(enclave)
        self.assertIsNone(enclave.process.poll())
        answer = connection.exchange(rest)
        self.assertEqual((answer.status, answer.headers["connection"].lower()), (200, "close"))
        self.assertTrue(connection.is_closed())
        self.assertEqual(enclave.process.wait(10), 0)

    def test_sigterm_ends_idle_connections_at_once(self):
        enclave = self.start()
        with Connection(enclave) as idle:
            self.assertEqual(idle.exchange(seal_request(BODY)).status, 200)
            begin = time.monotonic()
            enclave.process.terminate()
            self.assertTrue(idle.is_closed())
        self.assertEqual(enclave.process.wait(10), 0)
        self.assertLess(time.monotonic() - begin, 5)

    def test_sigterm_cuts_a_request_that_never_ends(self):
        """limits.h: 15 s."""
        enclave = self.start()
        connection, _ = self.begin_request(enclave)
        begin = time.monotonic()
        enclave.process.terminate()
        self.assertEqual(enclave.process.wait(25), 0)
        self.assertGreater(time.monotonic() - begin, 10)
        self.assertTrue(connection.is_closed())

    def test_drain_makes_unready_refuses_new_connections_and_finishes_the_rest(self):
        enclave = self.start()
        connection, rest = self.begin_request(enclave)
        self.assertEqual(enclave.health("/readyz")[0], 200)
        self.assertEqual(enclave.health("/drain", "POST")[0], 200)
        self.assertEqual(enclave.health("/readyz")[0], 503)
        self.assertEqual(enclave.health("/livez")[0], 200)
        self.assert_refuses_new_connections(enclave)
        self.assertEqual(connection.exchange(rest).status, 200)
        self.assertIsNone(enclave.process.poll(), "a drained process stays up until it is ended")
        self.assertEqual(enclave.health("/drain", "POST")[0], 200)
        self.assertEqual(enclave.terminate(), 0)


class Start(EnclaveCase):
    """Readiness, and the health port."""

    def test_health_port_serves_its_three_paths_alone(self):
        self.assertEqual(self.enclave.health("/livez")[0], 200)
        self.assertEqual(self.enclave.health("/drain")[0], 405)
        for path in ("/", "/v1/encrypt", "/v1/decrypt"):
            self.assertEqual(self.enclave.health(path, "POST")[0], 404)

    def test_without_a_key_it_lives_but_is_not_ready_until_the_key_comes(self):
        enclave = self.make_enclave(with_key=False)
        self.addCleanup(enclave.terminate)
        enclave.launch()
        enclave.wait_until(lambda: enclave.health("/livez")[0] == 200, 10)
        self.assertEqual(enclave.health("/readyz")[0], 503)
        enclave.fetch_ca()
        self.assert_problem(send_once(enclave, seal_request(BODY)), 503, "not_ready")
        health = send_once(enclave, request("GET", "/health"))
        self.assertEqual((health.status, health.json()["dek_ready"]), (503, False))
        enclave.write_key()
        enclave.wait_until(lambda: enclave.health("/readyz")[0] == 200, 30)
        self.assertEqual(send_once(enclave, seal_request(BODY)).status, 200)

    def test_no_schemas_is_ready(self):
        enclave = self.make_enclave()
        self.addCleanup(enclave.terminate)
        for path in enclave.schema_dir.iterdir():
            path.unlink()
        enclave.start()
        health = send_once(enclave, request("GET", "/health"))
        self.assertEqual((health.status, health.json()["schemas_loaded"]), (200, 0))
        shutil.copy(ROOT / "testdata/schemas/payments-v1.yaml", enclave.schema_dir)
        enclave.wait_until(lambda: send_once(enclave, seal_request(BODY)).status == 200, SCHEMA_DEADLINE_S)

    def test_schema_header_has_the_configured_name(self):
        enclave = self.start(settings={"SCHEMA_HEADER_NAME": "X-Shape"})
        named = request("POST", "/v1/encrypt", BODY, X_Shape="payments-v1")
        self.assertEqual(send_once(enclave, named).status, 200)
        self.assert_problem(send_once(enclave, seal_request(BODY)), 400, "schema_header_missing")

    def test_x_pii_true_means_what_pii_default_mode_says(self):
        enclave = self.start(settings={"PII_DEFAULT_MODE": "deterministic"})
        first, second = (send_once(enclave, seal_request(BODY)).body for _ in range(2))
        self.assertEqual(first, second)

    def test_empty_values_count_as_unset(self):
        enclave = self.start(settings={"LOG_LEVEL": "", "TLS_PORT": "", "MAX_BODY_BYTES": "", "SCHEMA_HEADER_NAME": ""})
        self.assertEqual(send_once(enclave, seal_request(BODY)).status, 200)


BAD_CONFIGURATION = [
    ("SECRET_ARN", None), ("SECRET_ARN", ""), ("SECRET_ARN", "nitro/dek"), ("KMS_KEY_ID", None),
    ("KMS_KEY_ID", "alias/nitro"), ("KMS_KEY_ID", "arn:aws:kms:eu-central-1:111122223333:alias/nitro"),
    ("S3_BUCKET", None), ("S3_BUCKET", "Not A Bucket"), ("VSOCK_PROXY_CID", None), ("VSOCK_PROXY_CID", "1"),
    ("VSOCK_PROXY_CID", "three"), ("VSOCK_PROXY_CID", "4294967296"), ("OTEL_EXPORTER_OTLP_ENDPOINT", None),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://collector"), ("SCHEMA_HEADER_NAME", "X Schema"),
    ("DEK_ROTATION_INTERVAL_SECS", "0"), ("SCHEMA_REFRESH_INTERVAL_SECS", "soon"), ("VSOCK_PROXY_PORT", "-1"),
    ("TLS_PORT", "65536000000"), ("TLS_PORT", "4 43"), ("LOG_LEVEL", "loud"), ("VSOCK_PROXY_MODE", "both"),
    ("DEK_ENCRYPTION_CONTEXT", '{"a":1}'), ("DEK_ENCRYPTION_CONTEXT", "a=b"), ("PII_DEFAULT_MODE", "none"),
    ("DECRYPT_CLIENTS", "DNS:app.example.com"), ("DECRYPT_CLIENTS", "everybody"),
    ("ENCRYPT_CLIENTS", "nobody,anonymous"),
    ("DETERMINISTIC_SEALS_PER_SEC", "-5"), ("TLS_CLIENT_CA_B64", "!!"), ("TLS_SERVER_NAMES", "a b"),
    ("TLS_MIN_VERSION", "1.1"), ("SCHEMA_PUBLIC_KEY", "AAAA"), ("SCHEMA_MIN_VERSION", "1.0"),
    ("ACCEPT_V1_TOKENS", "perhaps"),
    ("MAX_BODY_BYTES", "1e6"), ("MAX_INFLIGHT_BYTES", "-1"), ("MAX_CONNECTIONS", "0"), ("WORKER_THREADS", "0x2"),
    ("LOG_VSOCK_PORT", "eight"), ("HEALTH_VSOCK_PORT", "0"), ("DEV_LISTEN", "udp:127.0.0.1:1"),
]


class BadConfiguration(EnclaveCase):
    """Every bad value ends the start with status 1 and one line that names the variable."""

    def test_each_bad_value_is_named(self):
        for name, value in BAD_CONFIGURATION:
            with self.subTest(name=name, value=value):
                environment = dict(self.enclave.environment)
                environment.pop(name, None)
                if value is not None:
                    environment[name] = value
                run = subprocess.run([BINARY], env=environment, capture_output=True, timeout=20, check=False)
                lines = (run.stdout + run.stderr).decode().splitlines()
                self.assertEqual((run.returncode, len(lines)), (1, 1), lines)
                self.assertRegex(lines[0], rf"^config: {re.escape(name)}: .+")
