"""Nothing that a request brings, and no key, is in a log line, a metric, a span or an error."""

import base64
import json
import os
import pathlib
import secrets
import tempfile
import unittest

from canaries import Watch, spellings
from http2_wire import Http2Connection, data, headers, sealing_head
from otlp_e2e import OtlpCase, attributes
from otlp_receiver import HttpReceiver
from wire import Connection, open_request, request, seal_request, send_once


class TheWatch(unittest.TestCase):
    """What every other test relies on: that it would be heard."""

    def setUp(self):
        self.watch = Watch()
        self.watch.note(b'{"name": "Augusta Ada King", "code":"malformed_json","n":"short"}')

    def test_finds_what_a_client_has_sent(self):
        self.watch.check("log", b'{"event":"malformed_json","name":"Ada"} short')
        for text in (b"...Augusta Ada King...", b'{"x":"Augusta Ada King"}'):
            with self.assertRaisesRegex(AssertionError, "in the log"):
                self.watch.check("log", text)

    def test_finds_it_in_errors_alone(self):
        said = b'{"type":"about:blank","title":"Augusta Ada King"}'
        self.watch.check_answer(200, {}, b'{"name":"Augusta Ada King"}')
        for status, headers, body in ((400, {}, said), (400, {"x": "Augusta Ada King"}, b"{}"), (200, {}, b'{}\n{"$error":"Augusta Ada King"}')):
            with self.assertRaises(AssertionError):
                self.watch.check_answer(status, headers, body)

    def test_finds_a_key_in_every_spelling(self):
        with tempfile.TemporaryDirectory() as folder:
            key = secrets.token_bytes(32)
            (pathlib.Path(folder) / "current.key").write_bytes(key)
            self.watch.note_keys(pathlib.Path(folder))
        for text in (key, key[:16], key.hex().encode(), base64.b64encode(key), base64.urlsafe_b64encode(key)):
            with self.assertRaises(AssertionError):
                self.watch.check("exports", b"a" + text + b"b")

    def test_finds_what_a_process_holds(self):
        with self.assertRaisesRegex(AssertionError, "memory"):
            self.watch.check_memory(os.getpid(), patience_s=0)  # this process holds what it looks for


class Canaries(OtlpCase):
    """Every kind of request, with something in it that is nowhere else."""

    def setUp(self):
        self.canary = "canary" + secrets.token_hex(12)
        self.receiver = HttpReceiver()
        self.enclave = self.begin(self.receiver, "http/protobuf", LOG_LEVEL="trace")
        self.errors = b""

    def note(self, answer, *statuses):
        self.assertIn(answer.status, statuses, answer.body[:300])
        if answer.status >= 400:
            self.errors += repr(sorted(answer.headers.items())).encode() + answer.body
        return answer

    def everything(self):
        canary = self.canary
        body = json.dumps({"card": {"number": canary, "holder": canary, "expiry": {"month": canary}},
                           "customer": {"name": canary}, canary: canary, "note": canary}).encode()
        extra = {"tracestate": f"a={canary}", "X_Other": canary, "User_Agent": canary, "Cookie": canary,
                 "traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"}
        sealed = self.note(send_once(self.enclave, seal_request(body, **extra)), 200)
        self.note(send_once(self.enclave, open_request(sealed.body, **extra)), 200)
        self.note(send_once(self.enclave, open_request(sealed.body, route="/v1/rewrap", **extra)), 200)
        refused = [
            open_request(body), seal_request(body + canary.encode()), seal_request(body[:-1]), seal_request(canary.encode()),
            seal_request(body, schema=canary), seal_request(body, schema=f"payments-v1#/{canary}"),
            seal_request(body, Prefer="handling=strict"), seal_request(body, Prefer=f"handling={canary}"),
            seal_request(body, Content_Type=canary), seal_request(body, route=f"/v1/{canary}"),
            seal_request(body, route=f"/{canary}?{canary}"), request("GET", f"/attestation?nonce={canary}"),
            seal_request(body, X_Schema_Name=None), request(canary.upper(), "/v1/encrypt", body),
            request("DELETE", "/v1/encrypt", body), seal_request(body, traceparent=canary),
            open_request(b'{"card":{"number":"v2.00000000.' + base64.urlsafe_b64encode(canary.encode() * 4) + b'"}}'),
        ]
        for sent in refused:
            self.note(send_once(self.enclave, sent), 200, 400, 404, 405, 415, 422, 501, 503)
        for sent in (f"{canary} HTTP/1.1\r\n\r\n", f"GET / HTTP/1.1\r\nHost: h\r\n{canary}\r\n\r\n"):
            with Connection(self.enclave) as connection:
                self.note(connection.exchange(sent.encode()), 400)
        lines = body.replace(b"\n", b" ") + b"\n{" + canary.encode() + b"\n"
        for route in ("/v1/encrypt", "/v1/decrypt"):
            self.note(send_once(self.enclave, seal_request(lines, route=route, Content_Type="application/x-ndjson", **extra)), 200)
        with Http2Connection(self.enclave) as connection:
            self.assertEqual(connection.exchange(1, headers(1, sealing_head()), data(1, body)).status, 200)
            refused = connection.exchange(3, headers(3, sealing_head()), data(3, body[:-1]))
            self.errors += refused.body

    def test_are_nowhere(self):
        self.everything()
        self.enclave.wait_until(lambda: sum(attributes(span)["network.protocol.version"] == "2"
                                            for span in self.receiver.spans()) == 2, 30)
        exports = len(self.receiver.requests["metrics"])
        self.enclave.wait_until(lambda: len(self.receiver.requests["metrics"]) > exports + 1, 30)
        limits = pathlib.Path(f"/proc/{self.enclave.process.pid}/limits").read_text(encoding="ascii")
        self.assertRegex(limits, r"Max core file size +0 +0 ")
        self.assertEqual(self.enclave.terminate(), 0)
        log = self.enclave.log_file.read_bytes()
        self.assertIn(b"audit_decrypt", log)
        exported = b"\n".join(self.receiver.raw)
        self.assertIn(b"audit_decrypt", exported)
        self.assertIn(b"payments-v1", exported)
        key = (self.enclave.key_dir / "current.key").read_bytes()
        for name, text in (("log", log), ("exports", exported), ("errors", self.errors)):
            for needle in spellings(self.canary.encode()) | {self.canary.upper().encode()}:
                self.assertNotIn(needle, text, f"the canary is in the {name}")
            for needle in spellings(key) | spellings(key[:16]) | spellings(key[16:]):
                self.assertNotIn(needle, text, f"the key is in the {name}")
