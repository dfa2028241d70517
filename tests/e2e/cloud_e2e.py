"""An enclave with the sources of production: keys from Secrets Manager and KMS, schemas from S3, documents of an
NSM. AWS is emulated; what it checks is real."""

import base64
import json
import socket
import ssl
import subprocess
import threading
import time

from aws_client import Refused
from cloud_case import CLIENT_SAN, CloudCase
from emulated_cloud import CommandFailed
from enclave_case import SCHEMAS, document
from wire import Connection, open_request, request, seal_request, send_once, tls_context


class Chain(CloudCase):
    """The whole way once: measured, attested, released, sealed, opened."""

    def test_document_round_trips_under_a_key_that_only_kms_and_the_enclave_have_seen(self):
        original = document("payments-v1")
        sealed = self.exchange(seal_request(original))
        self.assertEqual(sealed.status, 200)
        opened = self.exchange(open_request(sealed.body), client=self.client)
        self.assertEqual((opened.status, opened.body), (200, original))

    def test_log_says_under_which_encryption_context_the_key_opened(self):
        self.assertEqual(self.events(self.enclave, "keys_loaded")[0]["encryption_context"], "secret-arn")

    def test_client_without_a_certificate_seals_and_does_not_open(self):
        sealed = self.exchange(seal_request(document("payments-v1")))
        for route in ("/v1/decrypt", "/v1/rewrap"):
            self.assert_problem(self.exchange(open_request(sealed.body, route=route)), 403, "not_allowed")

    def test_client_of_another_name_does_not_open(self):
        other = self.clients.issue("other", "DNS:web.payments.example")
        sealed = self.exchange(seal_request(document("payments-v1")))
        self.assert_problem(self.exchange(open_request(sealed.body), client=other), 403, "not_allowed")

    def test_schemas_and_keys_are_listed_without_contents(self):
        schemas = self.exchange(request("GET", "/v1/schemas")).json()["schemas"]
        self.assertEqual({schema["name"]: schema["version"] for schema in schemas},
                         {schema.stem: 1 for schema in SCHEMAS})
        self.assertTrue(all(schema["planned_paths"] > 0 for schema in schemas))
        key, = self.exchange(request("GET", "/v1/keys")).json()["keys"]
        versions = self.cloud.admin.call("secretsmanager", "ListSecretVersionIds", SecretId=self.cloud.secret_arn)
        self.assertEqual(key["version_id"], versions["Versions"][0]["VersionId"])

    def test_kms_does_not_release_the_key_to_a_caller_without_a_document(self):
        secret = self.cloud.admin.call("secretsmanager", "GetSecretValue", SecretId=self.cloud.secret_arn)
        with self.assertRaises(Refused) as refused:
            self.cloud.admin.call("kms", "Decrypt", CiphertextBlob=secret["SecretBinary"],
                                  EncryptionContext={"nitro-enc-svc:secret-arn": self.cloud.secret_arn})
        self.assertEqual(refused.exception.code, "AccessDeniedException")


class Ways(CloudCase):
    """The other ways out of the enclave."""

    def serves(self, settings):
        enclave = self.launch(settings=settings)
        enclave.wait_until(lambda: enclave.health("/readyz")[0] == 200, 30)
        enclave.fetch_ca()
        self.assertEqual(self.exchange(seal_request(document("payments-v1")), enclave).status, 200)

    def test_one_endpoint_for_all_of_aws(self):
        self.serves({"DEV_AWS_ENDPOINT": self.cloud.endpoint})

    def test_one_port_a_service(self):
        base = self.forward_ports([self.cloud.tls_port] * 3 + [self.cloud.port])
        self.serves({"VSOCK_PROXY_MODE": "ports", "VSOCK_PROXY_PORT": str(base)})

    def forward_ports(self, targets):
        """Forwards base + 1 and so on to `targets` of this machine; returns base."""
        for base in range(20_000, 60_000, 16):
            listeners = []
            try:
                for offset in range(1, len(targets) + 1):
                    listeners.append(socket.create_server(("127.0.0.1", base + offset)))
                break
            except OSError:
                for listener in listeners:
                    listener.close()
        for listener, target in zip(listeners, targets):
            self.addCleanup(listener.close)
            threading.Thread(target=forward_all, args=(listener, target), daemon=True).start()
        return base

    def test_a_server_that_cannot_prove_its_name_is_not_asked(self):
        stranger = self.folder / "stranger-ca.pem"
        stranger.write_bytes(self.clients.certificate.read_bytes())
        enclave = self.launch(settings={"DEV_CA_FILE": str(stranger)})
        self.wait_for_event(enclave, "step_failed", lambda event: event["step"] == "keys")
        self.assertEqual(enclave.health("/readyz")[0], 503)


def forward_all(listener, port):
    """Each connection to `port` of this machine, until the listener closes."""
    def copy(source, destination):
        try:
            while data := source.recv(65536):
                destination.sendall(data)
            destination.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def join(near, far):
        with near, far:
            back = threading.Thread(target=copy, args=(far, near), daemon=True)
            back.start()
            copy(near, far)
            back.join()

    while True:
        try:
            near, _ = listener.accept()
        except OSError:
            return
        far = socket.create_connection(("127.0.0.1", port))
        threading.Thread(target=join, args=(near, far), daemon=True).start()


class Attestation(CloudCase):
    """Who it is that clients talk to."""

    def attest(self, *options):
        return json.loads(self.cloud.nitro_enc("attest", "--url", f"https://127.0.0.1:{self.enclave.port}", "--root",
                                               self.cloud.root_pem, *options))

    def test_a_stranger_verifies_the_enclave_and_takes_its_ca(self):
        ca = self.folder / "attested-ca.pem"
        report = self.attest("--pcr0", self.pcr0, "--save-cert", ca)
        self.assertTrue(report["verified"])
        context = ssl.create_default_context(cafile=str(ca))
        with Connection(self.enclave, context) as connection:
            self.assertEqual(connection.exchange(request("GET", "/readyz")).status, 200)

    def test_another_pcr0_is_refused_by_name(self):
        with self.assertRaises(CommandFailed) as failed:
            self.attest("--pcr0", "ab" * 48)
        self.assertEqual(failed.exception.status, 1)
        self.assertIn("pcrs", failed.exception.output)

    def test_another_root_is_refused_by_name(self):
        with self.assertRaises(CommandFailed) as failed:
            self.cloud.nitro_enc("attest", "--url", f"https://127.0.0.1:{self.enclave.port}")
        self.assertIn("chain", failed.exception.output)

    def test_document_has_the_nonce_and_no_public_key(self):
        nonce = base64.urlsafe_b64encode(bytes(range(32))).decode().rstrip("=")
        answer = self.exchange(request("GET", f"/attestation?nonce={nonce}"))
        self.assertEqual((answer.status, answer.headers["content-type"]), (200, "application/cbor"))
        path = self.folder / "document.cbor"
        path.write_bytes(answer.body)
        report = json.loads(self.cloud.nitro_enc("attest", "--document", path, "--root", self.cloud.root_pem,
                                                 "--pcr0", self.pcr0, "--nonce", bytes(range(32)).hex()))
        self.assertTrue(report["verified"])
        self.assertIsNone(report["document"]["public_key"])
        with self.assertRaises(CommandFailed) as failed:
            self.cloud.nitro_enc("attest", "--document", path, "--root", self.cloud.root_pem, "--pcr0", self.pcr0,
                                 "--nonce", bytes(32).hex())
        self.assertIn("nonce", failed.exception.output)

    def test_nonces_of_other_sizes_are_400(self):
        for nonce in ("", "AAAA", "A" * 87, "A" * 21 + "=", "&nonce=" + "A" * 22):
            answer = self.exchange(request("GET", f"/attestation?nonce={nonce}"))
            self.assert_problem(answer, 400, "malformed_request")

    def test_more_than_ten_a_second_are_429(self):
        nonce = "A" * 22
        with Connection(self.enclave) as connection:
            statuses = [connection.exchange(request("GET", f"/attestation?nonce={nonce}")).status for _ in range(25)]
        self.assertIn(429, statuses)
        self.assertIn(200, statuses)
        time.sleep(1)  # the other tests of this enclave want documents too

    def test_leaf_carries_a_document_in_an_extension_of_its_own(self):
        shown = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{self.enclave.port}", "-servername", "localhost"],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=20, check=False).stdout
        text = subprocess.run(["openssl", "x509", "-noout", "-text"], input=shown, capture_output=True, timeout=20,
                              check=True).stdout.decode()
        self.assertIn("2.25.219061704005222877541837240410931692882", text)


class Refusals(CloudCase):
    """Enclaves that KMS does not know, and answers that the enclave does not take."""

    def reason_of_keys(self, enclave):
        return self.wait_for_event(enclave, "step_failed", lambda event: event["step"] == "keys")["reason"]

    def never_ready(self, enclave):
        self.assertEqual(enclave.health("/livez")[0], 200)
        self.assertEqual(enclave.health("/readyz")[0], 503)

    def enclave_with_pcrs(self, name, pcr0):
        pcrs = self.folder / f"{name}.json"
        pcrs.write_text(json.dumps({"Measurements": {"PCR0": pcr0, "PCR1": "11" * 48, "PCR2": "22" * 48}}),
                        encoding="ascii")
        socket = self.folder / f"{name}.sock"
        nsm = self.cloud.start_nsm(pcrs, socket)
        self.addCleanup(nsm.stop)
        return self.launch(settings={"DEV_NSM_SOCKET": str(socket)})

    def test_an_enclave_with_another_pcr0_gets_no_key_until_the_policy_names_it(self):
        other = "ab" * 48
        enclave = self.enclave_with_pcrs("other-pcr0", other)
        self.assertIn("denie", self.reason_of_keys(enclave))
        self.never_ready(enclave)
        self.cloud.put_policy([self.pcr0, other])
        self.addCleanup(self.cloud.put_policy, [self.pcr0])
        enclave.wait_until(lambda: enclave.health("/readyz")[0] == 200, 40)

    def test_an_enclave_in_debug_mode_does_not_start(self):
        pcrs = self.folder / "zero.json"
        pcrs.write_text(json.dumps({"PCR0": "00" * 48, "PCR1": "00" * 48, "PCR2": "00" * 48}), encoding="ascii")
        socket = self.folder / "zero.sock"
        self.addCleanup(self.cloud.start_nsm(pcrs, socket).stop)
        enclave = self.make_enclave(settings={"DEV_NSM_SOCKET": str(socket)})
        enclave.launch()
        self.assertEqual(enclave.process.wait(20), 1)
        self.assertEqual([event["step"] for event in self.events(enclave, "step_failed")], ["nsm"])

    def test_no_nsm_is_the_end_of_the_start(self):
        enclave = self.make_enclave(settings={"DEV_NSM_SOCKET": str(self.folder / "nobody.sock")})
        enclave.launch()
        self.assertEqual(enclave.process.wait(20), 1)
        self.assertEqual([event["step"] for event in self.events(enclave, "step_failed")], ["nsm"])

    def test_a_plaintext_or_another_key_in_the_answer_is_refused(self):
        for action, said in (("plaintext", "plaintext"), ("other_key", "another key")):
            with self.subTest(action):
                self.cloud.set_faults([{"service": "kms", "operation": "Decrypt", "action": action}])
                self.addCleanup(self.cloud.set_faults, [])
                enclave = self.launch()
                self.assertIn(said, self.reason_of_keys(enclave))
                self.never_ready(enclave)
                self.cloud.set_faults([])
                enclave.wait_until(lambda enclave=enclave: enclave.health("/readyz")[0] == 200, 40)

    def secret_of(self, name, plaintext, context):
        """A secret of its own, with what KMS encrypts for this context; {} takes the secret's own."""
        arn = self.cloud.admin.call("secretsmanager", "CreateSecret", Name=name)["ARN"]
        context = {"nitro-enc-svc:secret-arn": arn} if context == {} else context or {}
        blob = self.cloud.admin.call("kms", "Encrypt", KeyId=self.cloud.key_arn, EncryptionContext=context,
                                     Plaintext=base64.b64encode(plaintext).decode())["CiphertextBlob"]
        self.cloud.admin.call("secretsmanager", "PutSecretValue", SecretId=arn, SecretString=blob + "\n")
        return arn

    def test_a_secret_that_is_not_32_bytes_is_refused(self):
        for size in (31, 33):
            arn = self.secret_of(f"dek-of-{size}", bytes(size), {})
            enclave = self.launch(settings={"SECRET_ARN": arn})
            self.assertIn("32 bytes", self.reason_of_keys(enclave))
            self.never_ready(enclave)

    def test_a_key_made_for_no_context_opens_and_the_log_says_so(self):
        arn = self.secret_of("dek-without-context", bytes(range(32)), None)
        enclave = self.launch(settings={"SECRET_ARN": arn})
        self.assertEqual(self.wait_for_event(enclave, "keys_loaded")["encryption_context"], "none")

    def test_a_configured_context_is_the_only_one(self):
        context = {"app": "payments"}
        arn = self.secret_of("dek-with-context", bytes(range(32)), context)
        enclave = self.launch(settings={"SECRET_ARN": arn, "DEK_ENCRYPTION_CONTEXT": json.dumps(context)})
        self.assertEqual(self.wait_for_event(enclave, "keys_loaded")["encryption_context"], "configured")
        wrong = self.launch(settings={"SECRET_ARN": arn, "DEK_ENCRYPTION_CONTEXT": '{"app":"other"}'})
        self.reason_of_keys(wrong)
        self.never_ready(wrong)


class Certificate(CloudCase):
    """TLS_SECRET_ARN: a certificate of somebody's CA, whose key only the enclave opens."""

    def test_clients_wait_for_the_certificate_and_the_health_port_does_not(self):
        arn, value, certificate = self.make_tls_secret("tls")
        enclave = self.launch(settings={"TLS_SECRET_ARN": arn}, behind_ingress=False)
        enclave.wait_until(lambda: enclave.health("/livez")[0] == 200, 20)
        with self.assertRaises(ConnectionRefusedError):
            Connection(enclave, ssl.create_default_context())
        self.cloud.admin.call("secretsmanager", "PutSecretValue", SecretId=arn, SecretString=value)
        enclave.wait_until(lambda: self.events(enclave, "certificate_renewed"), 40)
        shown = ssl.get_server_certificate(("127.0.0.1", enclave.port))
        self.assertEqual(ssl.PEM_cert_to_DER_cert(shown),
                         ssl.PEM_cert_to_DER_cert(certificate.read_text(encoding="ascii")))
        # The document vouches for this key, though it does not stand in the certificate.
        enclave.wait_until(lambda: enclave.health("/readyz")[0] == 200, 40)
        report = json.loads(self.cloud.nitro_enc("attest", "--url", f"https://127.0.0.1:{enclave.port}", "--root",
                                                 self.cloud.root_pem, "--pcr0", self.pcr0))
        self.assertTrue(report["verified"])
