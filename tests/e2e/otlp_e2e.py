"""Logs, metrics and traces leave by OTLP, and a receiver that nobody here wrote understands them."""

import re
import time
import unittest

import otlp_receiver
from enclave_case import ROOT, EnclaveCase, document
from http2_wire import Http2Connection, data, headers, sealing_head
from otlp_receiver import GrpcReceiver, HttpReceiver, StalledReceiver
from wire import Connection, open_request, request, seal_request, send_once

SOON = {"OTEL_METRIC_EXPORT_INTERVAL": "200", "OTEL_BSP_SCHEDULE_DELAY": "100", "OTEL_BLRP_SCHEDULE_DELAY": "100"}
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def value(metric, **attributes):
    """Of the point with these attributes."""
    points = getattr(metric, metric.WhichOneof("data")).data_points
    for point in points:
        if {pair.key: pair.value.string_value for pair in point.attributes} == attributes:
            return point
    raise AssertionError(f"{metric.name} has no point {attributes}")


def attributes(item):
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in item.attributes}


class OtlpCase(EnclaveCase):
    """A receiver and an enclave-dev that exports to it, a test."""

    @classmethod
    def setUpClass(cls):
        if otlp_receiver.MISSING:
            raise unittest.SkipTest(otlp_receiver.MISSING)

    @classmethod
    def tearDownClass(cls):
        pass

    def begin(self, receiver, protocol, **settings):
        self.addCleanup(receiver.stop)
        return self.start(settings={
            **SOON, "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{receiver.port}",
            "OTEL_EXPORTER_OTLP_PROTOCOL": protocol, "DEV_PARENT": "tcp:127.0.0.1", **settings})

    def total(self, receiver, name, **labels):
        metric = receiver.metrics().get(name)
        return value(metric, **labels).as_int if metric else 0


class Signals(OtlpCase):
    """All three, over every transport and encoding."""

    def check(self, receiver, protocol, **settings):
        enclave = self.begin(receiver, protocol, OTEL_RESOURCE_ATTRIBUTES="team=a%20b", OTEL_SERVICE_NAME="sealer",
                             OTEL_EXPORTER_OTLP_HEADERS="x-tenant=t1", **settings)
        sealed = send_once(enclave, seal_request(document("payments-v1"), traceparent=f"00-{TRACE}-{PARENT}-01"))
        self.assertEqual(sealed.status, 200)
        self.assertEqual(send_once(enclave, open_request(sealed.body)).status, 200)
        self.assertEqual(send_once(enclave, seal_request(b"{")).status, 400)
        enclave.wait_until(lambda: len(receiver.spans()) == 3, 20)
        enclave.wait_until(lambda: self.total(receiver, "enclave_encrypt_requests") == 2 and
                           self.total(receiver, "enclave_decrypt_requests") == 1, 20)
        # What the last request is counted for may be in the export after the one that counts it.
        exports = len(receiver.requests["metrics"])
        enclave.wait_until(lambda: len(receiver.requests["metrics"]) > exports, 20)
        enclave.wait_until(lambda: any(log.body.string_value == "audit_decrypt" for log in receiver.logs()), 20)
        self.check_spans(receiver.spans(), int(sealed.headers["x-fields-sealed"]))
        self.check_metrics(receiver, int(sealed.headers["x-fields-sealed"]))
        self.check_logs(receiver.logs())
        for resource in receiver.resources():
            found = attributes(resource)
            self.assertEqual((found["service.name"], found["team"]), ("sealer", "a b"))
            self.assertEqual(len(found["service.instance.id"]), 32)
        for _signal, sent in receiver.headers:
            self.assertEqual(sent["x-tenant"], "t1")
        self.assertNotIn("export_failing", enclave.log_tail(100_000))

    def check_spans(self, spans, sealed):
        child, root, refused = sorted(spans, key=lambda span: span.start_time_unix_nano)
        self.assertEqual((child.trace_id.hex(), child.parent_span_id.hex()), (TRACE, PARENT))
        self.assertEqual((child.name, child.kind, child.status.code), ("POST /v1/encrypt", 2, 0))
        self.assertEqual(attributes(child), {
            "http.request.method": "POST", "http.route": "/v1/encrypt", "http.response.status_code": 200,
            "network.protocol.version": "1.1", "enclave.schema": "payments-v1", "enclave.fields": sealed})
        now = time.time_ns()
        for span in spans:
            self.assertLess(span.start_time_unix_nano, span.end_time_unix_nano)
            self.assertLess(abs(span.end_time_unix_nano - now), 60e9)
        self.assertEqual((root.name, root.parent_span_id), ("POST /v1/decrypt", b""))
        self.assertEqual((len(root.trace_id), len(root.span_id)), (16, 8))
        self.assertNotIn(root.trace_id, (refused.trace_id, child.trace_id))
        self.assertEqual(attributes(refused)["error.type"], "malformed_json")
        self.assertEqual(attributes(refused)["http.response.status_code"], 400)

    def check_metrics(self, receiver, sealed):
        metrics = receiver.metrics()
        self.assertEqual(self.total(receiver, "enclave_encrypt_requests"), 2)
        self.assertEqual(self.total(receiver, "enclave_fields_sealed"), sealed)
        self.assertEqual(self.total(receiver, "enclave_requests_failed"), 1)
        self.assertEqual(self.total(receiver, "enclave_requests_errored"), 0)
        requests = metrics["enclave_requests"].sum
        self.assertTrue(requests.is_monotonic)
        self.assertEqual(requests.aggregation_temporality, 2)
        self.assertLess(requests.data_points[0].start_time_unix_nano, requests.data_points[0].time_unix_nano)
        latency = metrics["enclave_encrypt_latency_ms"].histogram.data_points[0]
        self.assertEqual((latency.count, sum(latency.bucket_counts)), (2, 2))
        self.assertEqual(len(latency.bucket_counts), len(latency.explicit_bounds) + 1)
        self.assertEqual(latency.explicit_bounds[0], 0.004)
        self.assertTrue(0 < latency.sum < 10_000)
        for phase in ("tls", "parse", "plan", "seal", "write"):
            point = value(metrics["enclave_phase_latency_us"], phase=phase)
            self.assertGreater(point.count, 0, phase)
            self.assertEqual(point.explicit_bounds[0], 4)
        self.assertGreater(metrics["enclave_handshake_latency_ms"].histogram.data_points[0].count, 0)
        opens = metrics["enclave_token_opens"].sum.data_points
        self.assertEqual([point.as_int for point in opens], [sealed])
        self.assertRegex(attributes(opens[0])["kid"], "^[0-9a-f]{8}$")
        self.assertEqual(value(metrics["enclave_ready"]).as_int, 1)
        self.assertLess(value(metrics["enclave_schema_age_s"], schema="payments-v1").as_int, 60)
        self.assertLess(value(metrics["enclave_dek_age_s"]).as_int, 60)
        self.assertGreater(value(metrics["enclave_memory_resident_bytes"]).as_int, 1_000_000)

    def check_logs(self, logs):
        events = {log.body.string_value: log for log in logs}
        audit = events["audit_decrypt"]
        self.assertEqual((audit.severity_number, audit.severity_text, audit.event_name), (9, "info", "audit_decrypt"))
        self.assertEqual(attributes(audit)["schema"], "payments-v1")
        self.assertIn("service_ready", events)

    def test_grpc(self):
        self.check(GrpcReceiver(), "grpc")

    def test_grpc_with_gzip(self):
        receiver = GrpcReceiver()
        self.check(receiver, "grpc", OTEL_EXPORTER_OTLP_COMPRESSION="gzip")

    def test_http_protobuf(self):
        self.check(HttpReceiver(), "http/protobuf")

    def test_http_protobuf_with_gzip(self):
        receiver = HttpReceiver()
        self.check(receiver, "http/protobuf", OTEL_EXPORTER_OTLP_COMPRESSION="gzip")
        self.assertTrue(all(sent["content-encoding"] == "gzip" for _signal, sent in receiver.headers))

    def test_http_json(self):
        receiver = HttpReceiver()
        self.check(receiver, "http/json")
        self.assertTrue(all(sent["content-type"] == "application/json" for _signal, sent in receiver.headers))

    def test_http_json_with_gzip(self):
        self.check(HttpReceiver(), "http/json", OTEL_EXPORTER_OTLP_COMPRESSION="gzip")


class Traces(OtlpCase):
    """Which requests have a span, and whose child it is."""

    def test_http_2_and_batches_have_spans(self):
        receiver = GrpcReceiver()
        enclave = self.begin(receiver, "grpc")
        body = document("payments-v1")
        with Http2Connection(enclave) as connection:
            sealed = connection.exchange(1, headers(1, sealing_head()), data(1, body))
            self.assertEqual(sealed.status, 200)
        lines = body.replace(b"\n", b" ") + b"\n" + b"{\n"
        batch = send_once(enclave, request("POST", "/v1/encrypt", lines, X_Schema_Name="payments-v1",
                                           Content_Type="application/x-ndjson"))
        self.assertEqual(batch.status, 200)
        enclave.wait_until(lambda: len(receiver.spans()) == 2, 20)
        by_version = {attributes(span)["network.protocol.version"]: span for span in receiver.spans()}
        self.assertEqual(attributes(by_version["2"])["enclave.fields"], int(sealed.headers["x-fields-sealed"]))
        self.assertGreater(attributes(by_version["1.1"])["enclave.fields"], 0)

    def test_a_traceparent_that_is_none_or_repeated_begins_a_trace(self):
        receiver = GrpcReceiver()
        enclave = self.begin(receiver, "grpc")
        body = document("payments-v1")
        good = f"00-{TRACE}-{PARENT}-01"
        twice = seal_request(body, traceparent=good).replace(b"\r\n\r\n", b"\r\nTraceparent: " + good.encode() + b"\r\n\r\n", 1)
        for sent in (seal_request(body, traceparent="00-" + "0" * 32 + f"-{PARENT}-01"),
                     seal_request(body, traceparent=good.upper()), twice):
            self.assertEqual(send_once(enclave, sent).status, 200)
        enclave.wait_until(lambda: len(receiver.spans()) == 3, 20)
        for span in receiver.spans():
            self.assertEqual(span.parent_span_id, b"")
            self.assertNotEqual(span.trace_id.hex(), TRACE)

    def test_samplers(self):
        body = document("payments-v1")
        for sampler, argument, expected in (("parentbased_always_off", None, ["child"]), ("always_on", None, ["child", "no", "root"]),
                                            ("traceidratio", "0", []), ("always_off", None, [])):
            with self.subTest(sampler):
                receiver = GrpcReceiver()
                enclave = self.begin(receiver, "grpc", OTEL_TRACES_SAMPLER=sampler, OTEL_TRACES_SAMPLER_ARG=argument)
                self.assertEqual(send_once(enclave, seal_request(body, traceparent=f"00-{TRACE}-{PARENT}-01")).status, 200)
                self.assertEqual(send_once(enclave, seal_request(body, traceparent=f"00-{'1' * 32}-{PARENT}-00")).status, 200)
                self.assertEqual(send_once(enclave, seal_request(body)).status, 200)
                enclave.wait_until(lambda: self.total(receiver, "enclave_encrypt_requests") == 3, 20)
                enclave.wait_until(lambda: self.total(receiver, "enclave_spans_waiting") == 0, 20)
                names = {TRACE: "child", "1" * 32: "no"}
                self.assertEqual(sorted(names.get(span.trace_id.hex(), "root") for span in receiver.spans()), expected)

    def test_probes_have_none(self):
        receiver = GrpcReceiver()
        enclave = self.begin(receiver, "grpc")
        for path in ("/livez", "/readyz", "/health", "/v1/keys"):
            self.assertEqual(send_once(enclave, request("GET", path)).status, 200)
        enclave.wait_until(receiver.spans, 20)
        self.assertEqual([span.name for span in receiver.spans()], ["GET /v1/keys"])


class BadCollectors(OtlpCase):
    """Away, slow, refusing: it costs telemetry and nothing else."""

    def test_what_is_not_available_is_sent_again(self):
        import grpc
        for receiver, protocol, failure in ((GrpcReceiver, "grpc", lambda: grpc.StatusCode.UNAVAILABLE),
                                            (HttpReceiver, "http/protobuf", lambda: 503)):
            with self.subTest(protocol):
                collector = receiver()
                collector.fail["traces"].append(failure())
                enclave = self.begin(collector, protocol)
                send_once(enclave, seal_request(document("payments-v1")))
                enclave.wait_until(collector.spans, 20)
                self.assertEqual(len(collector.spans()), 1)
                enclave.wait_until(lambda: self.total(collector, "enclave_exports_failed") == 1, 20)
                self.assertEqual(self.total(collector, "enclave_spans_dropped"), 0)

    def test_what_is_refused_is_dropped_and_counted_and_said_once(self):
        import grpc
        for receiver, protocol, failure in ((GrpcReceiver, "grpc", lambda: grpc.StatusCode.INVALID_ARGUMENT),
                                            (HttpReceiver, "http/protobuf", lambda: 400)):
            with self.subTest(protocol):
                collector = receiver()
                collector.fail["traces"].append(failure())
                enclave = self.begin(collector, protocol)
                send_once(enclave, seal_request(document("payments-v1")))
                enclave.wait_until(lambda: self.total(collector, "enclave_spans_dropped") == 1, 20)
                send_once(enclave, seal_request(document("payments-v1")))
                enclave.wait_until(collector.spans, 20)
                enclave.wait_until(lambda: '"export_restored"' in enclave.log_tail(100_000), 20)
                log = enclave.log_tail(100_000)
                self.assertEqual((log.count('"export_failing"'), log.count('"export_restored"')), (1, 1), log)

    def test_a_stalled_collector_costs_no_request_and_the_end_is_soon(self):
        for protocol in ("grpc", "http/protobuf"):
            with self.subTest(protocol):
                enclave = self.begin(StalledReceiver(), protocol, OTEL_BSP_MAX_QUEUE_SIZE="4",
                                     OTEL_BSP_MAX_EXPORT_BATCH_SIZE="2")
                with Connection(enclave) as connection:
                    for _ in range(200):
                        self.assertEqual(connection.exchange(seal_request(document("payments-v1"))).status, 200)
                began = time.monotonic()
                self.assertEqual(enclave.terminate(), 0)
                self.assertLess(time.monotonic() - began, 8)

    def test_none_at_all(self):
        receiver = StalledReceiver()
        enclave = self.begin(receiver, "grpc", OTEL_SDK_DISABLED="true")
        self.assertEqual(send_once(enclave, seal_request(document("payments-v1"))).status, 200)
        time.sleep(0.5)
        receiver.listener.settimeout(0)
        self.assertRaises(BlockingIOError, receiver.listener.accept)


class Names(OtlpCase):
    """What dashboards, alerts and the manual name is what the binary emits."""

    def test_every_metric_in_deploy_and_docs_is_emitted_and_documented(self):
        receiver = GrpcReceiver()
        enclave = self.begin(receiver, "grpc")
        sealed = send_once(enclave, seal_request(document("payments-v1")))
        send_once(enclave, open_request(sealed.body))
        enclave.wait_until(lambda: self.total(receiver, "enclave_decrypt_requests") == 1, 20)
        emitted = set(receiver.metrics())
        manual = (ROOT / "docs/observability.md").read_text(encoding="utf-8")
        documented = set(re.findall(r"`(enclave_[a-z_]+)`", manual))
        self.assertEqual(emitted, documented)
        events = set(re.findall(r'kName = "([a-z_]+)"', (ROOT / "lib/telemetry/events.h").read_text(encoding="utf-8")))
        self.assertEqual(events - set(re.findall(r"`([a-z_]+)`", manual)), set())
        for path in ("deploy/observability/alerts.yaml", "deploy/observability/dashboard.json", "deploy/collector.yaml"):
            named = {re.sub("_(bucket|count|sum)$", "", name)
                     for name in re.findall(r"\benclave_[a-z_]+", (ROOT / path).read_text(encoding="utf-8"))}
            self.assertEqual(named - emitted, set(), path)
