"""victoria-metrics takes our metrics, and its query engine our alerts. Skipped where it is not installed, or is older
than its first version that speaks OTLP (1.92); VICTORIA_METRICS names the binary."""

import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

from enclave_case import ROOT, EnclaveCase, document
from wire import open_request, seal_request, send_once

BINARY = os.environ.get("VICTORIA_METRICS") or shutil.which("victoria-metrics")


class VictoriaMetrics(EnclaveCase):
    """One database, and an enclave-dev that exports to it."""

    @classmethod
    def setUpClass(cls):
        if not BINARY:
            raise unittest.SkipTest("victoria-metrics is not installed")
        home = tempfile.mkdtemp(prefix="nitro-enc-vm-")
        cls.addClassCleanup(shutil.rmtree, home, ignore_errors=True)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            cls.port = probe.getsockname()[1]
        with open(pathlib.Path(home) / "log", "wb") as log:
            cls.database = subprocess.Popen([BINARY, f"-httpListenAddr=127.0.0.1:{cls.port}", f"-storageDataPath={home}/data",
                                             "-search.latencyOffset=0s"], stdout=log, stderr=log)
        cls.addClassCleanup(cls.database.wait)
        cls.addClassCleanup(cls.database.terminate)
        if not cls.speaks_otlp():
            raise unittest.SkipTest("this victoria-metrics takes no OTLP")
        cls.SETTINGS = {
            "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": f"http://127.0.0.1:{cls.port}/opentelemetry/v1/metrics",
            "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL": "http/protobuf", "OTEL_TRACES_EXPORTER": "none",
            "OTEL_LOGS_EXPORTER": "none", "OTEL_METRIC_EXPORT_INTERVAL": "500", "DEV_PARENT": "tcp:127.0.0.1"}
        super().setUpClass()

    @classmethod
    def speaks_otlp(cls):
        """Once it is there: whether it takes an empty export."""
        export = urllib.request.Request(f"http://127.0.0.1:{cls.port}/opentelemetry/v1/metrics", data=b"", method="POST")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        for _ in range(300):
            try:
                with opener.open(export, timeout=10):
                    return True
            except urllib.error.HTTPError:
                return False
            except OSError:
                time.sleep(0.1)
        return False

    def query(self, expression):
        target = f"http://127.0.0.1:{self.port}/api/v1/query?" + urllib.parse.urlencode(
            {"query": expression, "nocache": "1"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(target, timeout=10) as answer:
                return json.load(answer)["data"]["result"]
        except urllib.error.HTTPError as error:
            self.fail(f"{expression}: {error.read().decode()}")
        except OSError:
            return []

    def test_counters_gauges_and_histograms_arrive(self):
        for _ in range(3):
            sealed = send_once(self.enclave, seal_request(document("payments-v1")))
        self.assertEqual(send_once(self.enclave, open_request(sealed.body)).status, 200)
        self.enclave.wait_until(
            lambda: [row["value"][1] for row in self.query("enclave_encrypt_requests")] == ["3"] and
            [row["value"][1] for row in self.query("enclave_decrypt_requests")] == ["1"], 30)
        self.assertEqual([row["value"][1] for row in self.query("enclave_encrypt_latency_ms_count")], ["3"])
        p99 = float(self.query("histogram_quantile(0.99, enclave_encrypt_latency_ms_bucket)")[0]["value"][1])
        self.assertTrue(0.004 <= p99 < 10_000, p99)
        phases = {row["metric"]["phase"] for row in self.query("enclave_phase_latency_us_count")}
        self.assertEqual(phases, {"tls", "parse", "plan", "seal", "write"})
        self.assertIn("payments-v1", {row["metric"]["schema"] for row in self.query("enclave_schema_age_s")})
        self.assertEqual({row["metric"]["service.name"] for row in self.query("enclave_ready")}, {"nitro-enc-svc"})

    def test_expressions_of_alerts_and_dashboard_are_understood(self):
        alerts = (ROOT / "deploy/observability/alerts.yaml").read_text(encoding="utf-8")
        expressions = re.findall(r"^ +expr: (?!>-)(.+)$", alerts, re.MULTILINE)
        expressions += [" ".join(text.split()) for text in re.findall(r"expr: >-\n((?: {10,}.+\n)+)", alerts)]
        self.assertEqual(len(expressions), alerts.count("alert:"))
        dashboard = json.loads((ROOT / "deploy/observability/dashboard.json").read_text(encoding="utf-8"))
        expressions += [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
        for expression in expressions:
            with self.subTest(expression):
                self.query(expression)
