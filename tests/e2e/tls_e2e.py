"""The TLS side: versions, ALPN, resumption, the certificate."""

import socket
import ssl
import subprocess

from enclave_case import EnclaveCase
from wire import Connection, request, tls_context


class Tls(EnclaveCase):
    """What a client can negotiate."""

    def test_tls_1_3_and_http_1_1_are_negotiated(self):
        with Connection(self.enclave) as connection:
            self.assertEqual(connection.tls.version(), "TLSv1.3")
            self.assertEqual(connection.tls.selected_alpn_protocol(), "http/1.1")

    def test_client_without_alpn_is_served(self):
        context = ssl.create_default_context(cafile=str(self.enclave.ca_file))
        with Connection(self.enclave, context) as connection:
            self.assertIsNone(connection.tls.selected_alpn_protocol())
            self.assertEqual(connection.exchange(request("GET", "/livez")).status, 200)

    def test_tls_1_2_is_refused(self):
        with self.assertRaises(ssl.SSLError):
            Connection(self.enclave, tls_context(self.enclave, ssl.TLSVersion.TLSv1_2))

    def test_session_is_resumed(self):
        context = tls_context(self.enclave)
        with Connection(self.enclave, context) as first:
            self.assertEqual(first.exchange(request("GET", "/livez")).status, 200)
            self.assertFalse(first.tls.session_reused)
            session = first.tls.session
        with Connection(self.enclave, context, session) as second:
            self.assertTrue(second.tls.session_reused)
            self.assertEqual(second.exchange(request("GET", "/livez")).status, 200)

    def test_session_of_another_process_is_not_resumed(self):
        other = self.start()
        context = tls_context(other)
        with Connection(other, context) as first:
            first.exchange(request("GET", "/livez"))
            session = first.tls.session
        context.load_verify_locations(cafile=str(self.enclave.ca_file))
        with Connection(self.enclave, context, session) as second:
            self.assertFalse(second.tls.session_reused)
            self.assertEqual(second.exchange(request("GET", "/livez")).status, 200)

    def test_certificate_is_p256_with_the_default_names(self):
        with Connection(self.enclave) as connection:
            names = connection.tls.getpeercert()["subjectAltName"]
            leaf = connection.tls.getpeercert(binary_form=True)
        self.assertEqual({name for kind, name in names if kind == "DNS"}, {"localhost", "nitro-enc-svc"})
        text = subprocess.run(["openssl", "x509", "-inform", "DER", "-noout", "-text"],
                              input=leaf, capture_output=True, check=True).stdout.decode()
        self.assertIn("prime256v1", text)
        self.assertIn("CA:FALSE", text)

    def test_configured_names_are_in_the_certificate(self):
        enclave = self.start(settings={"TLS_SERVER_NAMES": "localhost,vault.example.com"})
        with Connection(enclave) as connection:
            names = {name for _, name in connection.tls.getpeercert()["subjectAltName"]}
        self.assertEqual(names, {"localhost", "vault.example.com"})

    def test_certificate_authority_is_new_at_every_start(self):
        other = self.start()
        self.assertNotEqual(other.ca_file.read_bytes(), self.enclave.ca_file.read_bytes())
        with self.assertRaises(ssl.SSLCertVerificationError):
            Connection(other, tls_context(self.enclave))

    def test_plain_http_and_garbage_on_the_tls_port_get_no_http_answer(self):
        plain_http = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
        for garbage in (plain_http, b"\x00" * 100, b"\x16\x03\x01\xff\xff" + b"A" * 400):
            with socket.create_connection(("127.0.0.1", self.enclave.port), timeout=15) as raw:
                raw.sendall(garbage)
                received = b""
                try:
                    while data := raw.recv(4096):
                        received += data
                except ConnectionError:
                    pass
                self.assertNotIn(b"HTTP/1", received)
        with Connection(self.enclave) as connection:
            self.assertEqual(connection.exchange(request("GET", "/livez")).status, 200)
