#!/usr/bin/env python3
"""Boots the production binary in QEMU's nitro-enclave machine beside a parent, both ways of starting it. NES_BIN is the
folder of the programs. Without the QEMU tools: says so, and exits as skipped."""

import re
import ssl
import subprocess
import unittest

import image
import qemu_node
from node_case import BOOT_S, NodeCase

CONFIGURATION = [
    "SECRET_ARN=arn:aws:secretsmanager:eu-central-1:111122223333:secret:nitro-enc-svc/dek-AbCdEf",
    "KMS_KEY_ID=arn:aws:kms:eu-central-1:111122223333:key/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
    "S3_BUCKET=nitro-enc-svc-schemas", f"VSOCK_PROXY_CID={qemu_node.PARENT_CID}",
    "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317"]


def service_image(**more):
    """The production binary. Nobody answers its calls to AWS, so that it lives and is not ready."""
    return {"command": ["/usr/local/bin/enclave"], "environment": CONFIGURATION,
            "files": {"usr/local/bin/enclave": ((image.BINARIES / "enclave").read_bytes(), 0o755),
                      "etc/passwd": b"root:x:0:0::/:/\nenclave-svc:x:10001:10001::/:/\n",
                      "etc/nitro-enc-svc/ca-bundle.pem": certificate()}, **more}


def certificate():
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
         "/dev/null", "-subj", "/CN=nobody"], capture_output=True, check=True)
    return made.stdout


class Service:
    """What holds whoever starts the service; the classes below say who."""

    PARENT_PROGRAMS = (f"/bin/boot-probe receive 8014 {qemu_node.ENCLAVE_CID} 8015 /livez",)

    def test_lives_and_tells_the_parent(self):
        self.node.wait_for_console("parent", rb"answer: HTTP/1.1 200 ", BOOT_S)

    def test_its_log_reaches_the_parent_line_by_line_with_numbers(self):
        for event in (b"service_starting", b"listening", b"certificate_renewed", b"step_failed"):
            self.node.wait_for_console(
                "parent", rb'received: {"seq":\d+,"time":"[^"]+","level":"\w+","event":"' + event, BOOT_S)
        numbers = [int(n) for n in re.findall(rb'received: {"seq":(\d+),', self.node.console("parent"))]
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))

    def test_serves_tls_with_a_certificate_that_the_nsm_attests(self):
        self.node.wait_for_console("parent", rb'"event":"certificate_renewed","source":"boot","attested":true', BOOT_S)
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with context.wrap_socket(self.node.connect_to_enclave(443, BOOT_S)) as peer:
            self.assertEqual(peer.version(), "TLSv1.3")
            peer.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            self.assertIn(b" 503 ", peer.recv(100))

    def test_goes_on_running(self):
        self.assertFalse(self.node.enclave_has_ended(), self.console())
        self.assertEqual(self.console().count("enclave-init:"), 0, self.console())


class ServiceStartedAsRoot(Service, NodeCase):
    """As AWS's init starts it: it becomes enclave-svc by itself."""

    @classmethod
    def make_image(cls):
        return service_image()


class ServiceStartedAsAUser(Service, NodeCase):
    """As our init starts it in an image with USER."""

    @classmethod
    def make_image(cls):
        return service_image(user="10001:10001")


class ServiceThatCannotStart(NodeCase):
    """Each end says why, on the console as well."""

    def test_without_its_user(self):
        files = service_image()["files"]
        files["etc/passwd"] = b"root:x:0:0::/:/\n"
        self.assert_ends(r"enclave: privileges: there is no such user \(not_found, 0\)", **service_image(files=files))

    def test_without_authorities(self):
        files = service_image()["files"]
        del files["etc/nitro-enc-svc/ca-bundle.pem"]
        self.assert_ends(r"enclave: ca bundle: a file cannot be opened \(io, 2\)", **service_image(files=files))

    def test_with_a_wrong_configuration(self):
        self.assert_ends("config: KMS_KEY_ID: ",
                         **service_image(environment=CONFIGURATION[:1] + CONFIGURATION[2:]))


if __name__ == "__main__":
    qemu_node.exit_without_tools()
    unittest.main()
