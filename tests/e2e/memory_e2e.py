"""What a process leaves in its memory: nothing of a request once it is answered, nothing of a key once the process
has given it up."""

import hashlib
import hmac
import json
import secrets
import select
import signal
import socket
import ssl
import threading
import time
import types

import process_memory
from enclave_case import EnclaveCase
from http2_wire import (END_HEADERS, END_STREAM, HEADERS, RST_STREAM, Http2Connection, data, encode, frame, head, headers,
                        rst_stream, sealing_head)
from wire import Closed, Connection, open_request, seal_request, send_once


def digits(count):
    return "".join(secrets.choice("0123456789") for _ in range(count))


def subkey(key, purpose):
    """HKDF-SHA256 (RFC 5869) of the key for what CONTRACTS section 5 names, 32 bytes."""
    extracted = hmac.digest(bytes(32), key, hashlib.sha256)
    return hmac.digest(extracted, b"nitro-enc-svc/v2/" + purpose + b"\x01", hashlib.sha256)


def payment(holder, number, size=0):
    """A document whose values no memory holds by chance; `size` more bytes in a value that is sealed."""
    return json.dumps({"card": {"number": number, "holder": holder, "cvv": digits(3)},
                       "customer": {"name": holder + "x" * size}}).encode()


class Memory(EnclaveCase):
    """Needs to read another process's memory, which root may."""

    def setUp(self):
        self.pid = self.enclave.process.pid
        if not process_memory.searchable(self.pid):
            self.skipTest("reading /proc/PID/mem is not allowed here, or of no use")
        self.holder, self.number = "holder " + secrets.token_hex(20), digits(32)
        self.needles = {"the holder": self.holder.encode(), "the number": self.number.encode()}

    def assert_forgotten(self):
        """The answer may be here before the process has come to wipe what it was made of."""
        deadline = time.monotonic() + 2
        while (found := process_memory.find(self.pid, self.needles)) and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertEqual(found, [])

    def test_the_search_finds_what_is_there(self):
        """A request that is not complete yet has to be held."""
        with Connection(self.enclave) as connection:
            body = payment(self.holder, self.number)
            connection.send(seal_request(body)[:-1])
            # An answer on another connection comes after the first bytes were read.
            send_once(self.enclave, seal_request(payment("a", "b")))
            self.assertNotEqual(process_memory.find(self.pid, self.needles), [])
            connection.send(body[-1:])
            self.assertEqual(connection.read().status, 200)
            self.assert_forgotten()
        self.assert_forgotten()

    def test_sealed_and_opened_values_are_gone_once_answered(self):
        for size in (0, 3_000, 40_000, 2_000_000):
            with self.subTest(size=size), Connection(self.enclave) as connection:
                sealed = connection.exchange(seal_request(payment(self.holder, self.number, size)))
                self.assertEqual(sealed.status, 200)
                self.assert_forgotten()
                opened = connection.exchange(open_request(sealed.body))
                self.assertIn(self.holder.encode(), opened.body)
                self.assert_forgotten()
                rewrapped = connection.exchange(open_request(sealed.body, route="/v1/rewrap"))
                self.assertEqual(rewrapped.status, 200)
                self.assert_forgotten()

    def test_values_of_refused_documents_are_gone_too(self):
        body = payment(self.holder, self.number)
        for refused in (body + b"x", b"[" + body, body[:-2] + b"\xff}}"):
            self.assertEqual(send_once(self.enclave, seal_request(refused)).status, 400)
        self.assertEqual(send_once(self.enclave, open_request(body)).status, 422)
        self.assert_forgotten()

    def test_values_of_pipelined_requests_are_gone(self):
        with Connection(self.enclave) as connection:
            connection.send(seal_request(payment(self.holder, self.number)) * 3)
            for _ in range(3):
                self.assertEqual(connection.read().status, 200)
            self.assert_forgotten()

    def test_values_are_gone_over_http2_too(self):
        for size in (0, 3_000, 40_000):
            with self.subTest(size=size), Http2Connection(self.enclave) as connection:
                body = payment(self.holder, self.number, size)
                frames = [data(1, body[at:at + 16384], end_stream=False) for at in range(0, len(body), 16384)]
                sealed = connection.exchange(1, headers(1, sealing_head()), *frames, data(1, b""))
                self.assertEqual(sealed.status, 200)
                self.assert_forgotten()
                frames = [data(3, sealed.body[at:at + 16384], end_stream=False)
                          for at in range(0, len(sealed.body), 16384)]
                connection.send(headers(3, sealing_head(route="/v1/decrypt")), *frames, data(3, b""))
                opened = connection.read(3)
                self.assertIn(self.holder.encode(), opened.body)
                connection.exchange(5, headers(5, head("GET", "/livez"), end_stream=True))
                self.assert_forgotten()
                connection.send(headers(7, sealing_head()), data(7, body[:200], end_stream=False), rst_stream(7))
                connection.exchange(9, headers(9, head("GET", "/livez"), end_stream=True))
                self.assert_forgotten()

    def test_header_fields_are_gone_over_http2_too(self):
        """One that its client has put into the compression's table (RFC 7541 section 6.2.1) goes with the connection,
        every other with its request."""
        names = ("authorization", "cookie", "x-unknown", "traceparent", "prefer")
        secret = {name: secrets.token_hex(20) for name in (*names, "the query", "a trailer", "an indexed field")}
        self.needles = {name: value.encode() for name, value in secret.items()}
        fields = [(name, secret[name]) for name in names]
        body = payment(self.holder, self.number)

        def request(*more, route="/v1/encrypt"):
            return sealing_head(*fields, *more, route=f"{route}?{secret['the query']}")
        with Http2Connection(self.enclave) as connection:
            cases = {200: request(), 405: request(route="/v1/keys"), 431: request(("x-large", "a" * 15_800))}
            for stream, (status, head_fields) in zip((1, 3, 5), cases.items()):
                with self.subTest(status):
                    answer = connection.exchange(stream, headers(stream, head_fields), data(stream, body))
                    self.assertEqual(answer.status, status)
                    self.assert_forgotten()
            connection.send(headers(7, request(("X-Malformed", ""))))
            connection.wait_for(lambda got: (got.type, got.stream) == (RST_STREAM, 7))
            self.assert_forgotten()
            connection.send(headers(9, request()), rst_stream(9))
            trailer = headers(11, [("x-trailer", secret["a trailer"])], end_stream=True)
            answer = connection.exchange(11, headers(11, request()), data(11, body, end_stream=False), trailer)
            self.assertEqual(answer.status, 200)
            self.assert_forgotten()
            indexed = encode([("x-indexed", secret["an indexed field"])]).replace(b"\0", b"\x40", 1)
            block = encode(head("GET", "/livez")) + indexed
            self.assertEqual(connection.exchange(13, frame(HEADERS, END_STREAM | END_HEADERS, 13, block)).status, 200)
        self.assert_forgotten()

    def test_values_of_a_client_that_goes_are_gone(self):
        with Connection(self.enclave) as connection:
            connection.send(seal_request(payment(self.holder, self.number, 30_000))[:-1])
            send_once(self.enclave, seal_request(payment("a", "b")))
        self.enclave.wait_until(lambda: not process_memory.find(self.pid, self.needles), 5)


    def test_a_record_that_was_tampered_with_is_forgotten(self):
        """It is decrypted before its tag turns out to be wrong (RFC 8446 section 5.2)."""
        tamper = threading.Event()

        def relay(listener):
            client, _ = listener.accept()
            with client, socket.create_connection(("127.0.0.1", self.enclave.port)) as server:
                while True:
                    for source in select.select([client, server], [], [])[0]:
                        data = source.recv(1 << 16)
                        if not data:
                            return
                        if source is client and tamper.is_set():
                            data = data[:-1] + bytes([data[-1] ^ 1])
                        (server if source is client else client).sendall(data)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            between = threading.Thread(target=relay, args=(listener,))
            between.start()
            target = types.SimpleNamespace(port=listener.getsockname()[1], ca_file=self.enclave.ca_file)
            with Connection(target) as connection:
                self.assertEqual(connection.exchange(seal_request(payment("a", "b"))).status, 200)
                tamper.set()
                connection.send(seal_request(payment(self.holder, self.number)))
                with self.assertRaises((Closed, ssl.SSLError)):
                    connection.read()
            between.join()
        self.assert_forgotten()


class Keys(EnclaveCase):
    """The key's own process, which the test looks at when its last instruction has run."""

    def test_no_key_is_left_at_the_end_of_the_process(self):
        enclave = self.start()
        pid = enclave.process.pid
        if not process_memory.searchable(pid):
            self.skipTest("reading /proc/PID/mem is not allowed here, or of no use")
        key = (enclave.key_dir / "current.key").read_bytes()
        self.assertEqual(send_once(enclave, seal_request(payment("a", "b"))).status, 200)
        needles = {"the key": key, "half of it": key[:16], "its cipher key": subkey(key, b"aead"),
                   "its nonce key": subkey(key, b"nonce")}
        self.assertEqual({found.split(" at ")[0] for found in process_memory.find(pid, needles)}, set(needles),
                         "all of them are in use")
        with process_memory.StopAtExit(pid) as stop:
            enclave.process.send_signal(signal.SIGTERM)
            stop.wait()
            self.assertEqual(process_memory.find(pid, needles), [])
        self.assertEqual(enclave.process.wait(10), 0)
