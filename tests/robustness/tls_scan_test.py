#!/usr/bin/env python3
"""testssl.sh against the service with a certificate of somebody's CA: no finding above LOW."""

import json
import pathlib
import shutil
import subprocess
import sys
import unittest

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER.parent / "e2e"), str(FOLDER.parents[1] / "devkit")]

from cloud_case import CloudCase  # noqa: E402

SCANNER = shutil.which("testssl") or shutil.which("testssl.sh")
ABOVE_LOW = {"MEDIUM", "HIGH", "CRITICAL", "FATAL", "WARN"}
# Findings that say nothing of the service, by id.
EXCLUDED = {
    "cert_revocation": "the CA was made for this test and publishes no CRL and no OCSP responder",
    "engine_problem": "of the scanner's own openssl, which has no GOST: nothing was asked of the server",
    "security_headers": "they tell a browser what a page may do; this API serves no page",
}


@unittest.skipUnless(SCANNER, "testssl.sh is not installed")
class Scan(CloudCase):
    def scan(self, enclave, authority):
        report = self.folder / f"scan-{enclave.port}.json"
        subprocess.run([SCANNER, "--quiet", "--color", "0", "--warnings", "off", "--ip", "127.0.0.1", "--add-ca",
                        str(authority), "--jsonfile", str(report), f"https://localhost:{enclave.port}/"],
                       stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, timeout=1700, check=False)
        findings = json.loads(report.read_text(encoding="utf-8"))
        self.assertGreater(len(findings), 50)
        return findings

    def assert_clean(self, settings):
        arn, value, _ = self.make_tls_secret("scanned-" + settings.get("TLS_MIN_VERSION", "default"))
        self.cloud.admin.call("secretsmanager", "PutSecretValue", SecretId=arn, SecretString=value)
        enclave = self.launch(settings={"TLS_SECRET_ARN": arn, **settings}, behind_ingress=False)
        enclave.wait_until(lambda: enclave.health("/readyz")[0] == 200, 40)
        findings = self.scan(enclave, self.clients.certificate)
        bad = {finding["id"]: f"{finding['severity']}: {finding['finding']}" for finding in findings
               if finding["severity"] in ABOVE_LOW and finding["id"] not in EXCLUDED}
        self.assertEqual(bad, {})
        return {finding["id"]: finding["finding"] for finding in findings}

    def test_tls_1_3(self):
        found = self.assert_clean({})
        self.assertIn("not offered", found["TLS1_2"])

    def test_tls_1_2_allowed(self):
        found = self.assert_clean({"TLS_MIN_VERSION": "1.2"})
        self.assertIn("offered", found["TLS1_2"])


if __name__ == "__main__":
    unittest.main()
