"""HTTP/1.1 as it arrives on a wire: pieces, pipelines, chunks, smuggling shapes, slow and vanishing clients."""

import random
import socket
import struct
import threading
import time

from enclave_case import EnclaveCase, document
from wire import Closed, Connection, open_request, request, seal_request, send_once

BODY = b'{"card":{"cvv":"1"}}'
HEAD = (b"POST /v1/encrypt HTTP/1.1\r\nHost: localhost\r\n"
        b"X-Schema-Name: payments-v1\r\nContent-Type: application/json\r\n")


def chunks(body, sizes):
    """`body` in chunks of the given sizes, repeated; the last chunk included."""
    out, at, i = b"", 0, 0
    while at < len(body):
        piece = body[at:at + sizes[i % len(sizes)]]
        out += b"%x\r\n" % len(piece) + piece + b"\r\n"
        at, i = at + len(piece), i + 1
    return out + b"0\r\n\r\n"


class Framing(EnclaveCase):
    """Requests that are in order, however they are cut."""

    def test_keep_alive_serves_many_requests(self):
        with Connection(self.enclave) as connection:
            for _ in range(50):
                self.assertEqual(connection.exchange(seal_request(BODY)).status, 200)
            self.assertEqual(connection.exchange(seal_request(b"{")).status, 400)
            self.assertEqual(connection.exchange(seal_request(BODY)).status, 200)

    def test_connection_close_and_http_1_0_end_the_connection(self):
        for message in (seal_request(BODY, Connection="close"), seal_request(BODY).replace(b"HTTP/1.1", b"HTTP/1.0")):
            with Connection(self.enclave) as connection:
                answer = connection.exchange(message)
                self.assertEqual((answer.status, answer.headers["connection"].lower()), (200, "close"))
                self.assertTrue(connection.is_closed())

    def test_client_that_goes_on_after_close_still_reads_its_answer(self):
        for rest in (seal_request(BODY), b"x" * 200_000):
            with Connection(self.enclave) as connection:
                connection.send(seal_request(BODY, Connection="close") + rest)
                answer = connection.read()
                self.assertEqual(answer.status, 200)
                self.assertTrue(connection.is_closed(), "what follows is not served")
                self.assertEqual(send_once(self.enclave, open_request(answer.body)).body, BODY)

    def test_pipelined_requests_are_answered_in_order(self):
        documents = [b'{"note":"%d"}' % i for i in range(40)]
        with Connection(self.enclave) as connection:
            connection.send(b"".join(map(seal_request, documents)) + request("GET", "/livez") + seal_request(b"["))
            self.assertEqual([connection.read().body for _ in documents], documents)
            self.assertEqual(connection.read().status, 200)
            self.assertEqual(connection.read().status, 400)

    def test_request_in_single_bytes(self):
        with Connection(self.enclave) as connection:
            for message in (seal_request(BODY), HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks(BODY, [3, 1])):
                for byte in message:
                    connection.send(bytes([byte]))
                self.assertEqual(connection.read().status, 200)

    def test_chunked_bodies_in_odd_splits(self):
        body = document("payments-v1.odd")
        choice = random.Random(9112)
        with Connection(self.enclave) as connection:
            for sizes in ([1], [7, 1, 64], [len(body)], [255, 256, 257], [choice.randint(1, 99) for _ in range(20)]):
                message = HEAD + b"Transfer-Encoding: Chunked\r\n\r\n" + chunks(body, sizes)
                while message:
                    cut = choice.randint(1, 400)
                    connection.send(message[:cut])
                    message = message[cut:]
                sealed = connection.read()
                self.assertEqual(sealed.status, 200)
                self.assertEqual(connection.exchange(open_request(sealed.body)).body, body)

    def test_chunk_extensions_and_trailers_are_skipped(self):
        coded = (b'5;name="ab";x=1\r\n{"a":\r\n00002\r\n1}\r\n000;last\r\n'
                 b"X-Trailer: 1\r\nX-Schema-Name: patient-v1\r\n\r\n")
        with Connection(self.enclave) as connection:
            answer = connection.exchange(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + coded)
            self.assertEqual((answer.status, answer.body), (200, b'{"a":1}'))
            self.assertEqual(connection.exchange(seal_request(BODY)).status, 200)

    def test_expect_100_continue_is_answered_before_the_body(self):
        head = seal_request(b"", Content_Length=str(len(BODY)), Expect="100-continue")
        with Connection(self.enclave) as connection:
            self.assertEqual(connection.exchange(head).status, 100)
            self.assertEqual(connection.exchange(BODY).status, 200)

    def test_head_is_answered_as_get_without_a_body(self):
        with Connection(self.enclave) as connection:
            connection.send(request("HEAD", "/health"))
            head = connection.read(head_only=True)
            get = connection.exchange(request("GET", "/health"))
            self.assertEqual((head.status, head.headers["content-length"]), (200, str(len(get.body))))

    def test_absolute_form_and_query_reach_the_route(self):
        with Connection(self.enclave) as connection:
            for target in ("https://localhost/v1/encrypt", "/v1/encrypt?trace=1", "/v1/encrypt?"):
                self.assertEqual(connection.exchange(seal_request(BODY, route=target)).status, 200)


SMUGGLING = {
    "Content-Length and Transfer-Encoding": b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding and Content-Length": b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    "two Content-Lengths": b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
    "two equal Content-Lengths": b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "Content-Length list": b"Content-Length: 2, 2\r\n\r\n{}",
    "Content-Length with plus": b"Content-Length: +2\r\n\r\n{}",
    "Content-Length with minus": b"Content-Length: -2\r\n\r\n{}",
    "Content-Length with inner space": b"Content-Length: 0 2\r\n\r\n{}",
    "Content-Length in hexadecimal": b"Content-Length: 0x2\r\n\r\n{}",
    "Content-Length empty": b"Content-Length:\r\n\r\n{}",
    "Content-Length beyond 64 bits": b"Content-Length: 18446744073709551618\r\n\r\n{}",
    "space before the colon": b"Content-Length : 2\r\n\r\n{}",
    "tab before the colon": b"Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n",
    "obs-fold": b"X-A: 1\r\n Content-Length: 2\r\n\r\n",
    "leading space in a field line": b" X-A: 1\r\nContent-Length: 2\r\n\r\n{}",
    "bare LF after a field": b"X-A: 1\nContent-Length: 2\r\n\r\n{}",
    "bare LF ends the head": b"Content-Length: 2\r\n\n{}",
    "bare CR in a value": b"X-A: 1\rContent-Length: 2\r\n\r\n{}",
    "NUL in a value": b"X-A: \x00\r\nContent-Length: 2\r\n\r\n{}",
    "NUL in a name": b"X\x00A: 1\r\nContent-Length: 2\r\n\r\n{}",
    "empty name": b": 1\r\nContent-Length: 2\r\n\r\n{}",
    "line without colon": b"Content-Length\r\n\r\n{}",
    "second Host": b"Host: other\r\nContent-Length: 2\r\n\r\n{}",
    "chunked twice": b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunked in two fields": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked not last": b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "gzip before chunked": b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding with vertical tab": b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "chunk size with plus": b"Transfer-Encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n",
    "chunk size with 0x": b"Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n",
    "chunk size with leading space": b"Transfer-Encoding: chunked\r\n\r\n 2\r\n{}\r\n0\r\n\r\n",
    "chunk size empty": b"Transfer-Encoding: chunked\r\n\r\n\r\n{}\r\n0\r\n\r\n",
    "chunk size of 17 digits": b"Transfer-Encoding: chunked\r\n\r\n10000000000000002\r\n{}\r\n0\r\n\r\n",
    "LF after a chunk size": b"Transfer-Encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n",
    "LF in a chunk extension": b"Transfer-Encoding: chunked\r\n\r\n2;a\nb\r\n{}\r\n0\r\n\r\n",
    "CR in a chunk extension": b"Transfer-Encoding: chunked\r\n\r\n2;a\rb\r\n{}\r\n0\r\n\r\n",
    "chunk longer than its size": b"Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n",
    "LF after chunk data": b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\n0\r\n\r\n",
    "obs-fold in a trailer": b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nA: 1\r\n b\r\n\r\n",
}

REQUEST_LINES = {
    "no version": b"POST /v1/encrypt",
    "two spaces": b"POST  /v1/encrypt HTTP/1.1",
    "tab for a space": b"POST\t/v1/encrypt HTTP/1.1",
    "space in the target": b"POST /v1/enc rypt HTTP/1.1",
    "trailing space": b"POST /v1/encrypt HTTP/1.1 ",
    "leading space": b" POST /v1/encrypt HTTP/1.1",
    "lower-case http": b"POST /v1/encrypt http/1.1",
    "version of three digits": b"POST /v1/encrypt HTTP/1.10",
    "control byte in the target": b"POST /v1/\x7fencrypt HTTP/1.1",
    "separator in the method": b"PO(ST /v1/encrypt HTTP/1.1",
}


class Smuggling(EnclaveCase):
    """What two servers could read differently is refused, and the connection ends with it."""

    def assert_refused(self, message):
        with Connection(self.enclave) as connection:
            self.assert_problem(connection.exchange(message + seal_request(BODY)), 400, "malformed_request")
            self.assertTrue(connection.is_closed(), "a second answer came on a broken connection")

    def test_smuggling_shapes_are_400_and_close_the_connection(self):
        for name, rest in SMUGGLING.items():
            with self.subTest(name):
                self.assert_refused(HEAD + rest)

    def test_odd_request_lines_are_400_and_close_the_connection(self):
        for name, line in REQUEST_LINES.items():
            with self.subTest(name):
                self.assert_refused(line + b"\r\nHost: localhost\r\n\r\n")

    def test_missing_host_is_400(self):
        self.assert_refused(b"GET /livez HTTP/1.1\r\n\r\n")

    def test_other_http_version_is_505(self):
        with Connection(self.enclave) as connection:
            answer = connection.exchange(b"GET /livez HTTP/2.0\r\nHost: localhost\r\n\r\n")
            self.assert_problem(answer, 505, "http_version_not_supported")
            self.assertTrue(connection.is_closed())

    def test_head_limits_are_431(self):
        heads = {
            "one long field": b"X-A: " + b"a" * 16384 + b"\r\n",
            "an endless field": b"X-A: " + b"a" * 40000,
            "many fields": b"X-A: 1\r\n" * 65,
        }
        for name, fields in heads.items():
            with self.subTest(name), Connection(self.enclave) as connection:
                answer = connection.exchange(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n" + fields + b"\r\n")
                self.assert_problem(answer, 431, "headers_too_large")
                self.assertTrue(connection.is_closed())
        self.assertEqual(send_once(self.enclave, request("GET", "/livez", X_A="a" * 12000)).status, 200)


class VanishingClients(EnclaveCase):
    """Clients that go away at the worst moment cost the others nothing."""

    def vanish(self, message, read_bytes=0):
        connection = Connection(self.enclave)
        raw = connection.tls
        raw.sendall(message)
        if read_bytes:
            raw.recv(read_bytes)
        # With a linger time of zero, close() resets.
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raw.close()

    def test_server_lives_on(self):
        large = b'{"items":[' + b'{"recipient":{"name":"n"}},' * 100_000 + b"{}]}"
        for unfinished in (b"", seal_request(BODY)[:20], seal_request(BODY)[:-1], seal_request(large)[:-1]):
            self.vanish(unfinished)
        for whole in (seal_request(BODY), seal_request(large), seal_request(BODY) * 200):
            for read_bytes in (0, 1, 10_000):
                self.vanish(whole, read_bytes)
        self.assertEqual(send_once(self.enclave, seal_request(BODY)).status, 200)


class SlowClients(EnclaveCase):
    """limits.h: 10 s for a handshake and for a head, 30 s of grace for a body, which must then have kept 1,000 bytes
    a second and keeps on doing so every 10 s. All wait side by side."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.results = {}
        clients = {"head": cls.slow_head, "trickle": cls.trickled_head, "body": cls.slow_body,
                   "trickled body": cls.trickled_body, "steady body": cls.steady_body,
                   "handshake": cls.no_handshake}
        threads = [threading.Thread(target=cls.measure, args=item) for item in clients.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    @classmethod
    def measure(cls, name, client):
        begin = time.monotonic()
        try:
            outcome = client()
        except (Closed, OSError) as error:
            outcome = error
        cls.results[name] = (outcome, time.monotonic() - begin)

    @classmethod
    def answer_and_end(cls, connection):
        return connection.read(), connection.is_closed()

    @classmethod
    def slow_head(cls):
        with Connection(cls.enclave, timeout_s=60) as connection:
            connection.send(HEAD[:-10])
            return cls.answer_and_end(connection)

    @classmethod
    def trickled_head(cls):
        with Connection(cls.enclave, timeout_s=60) as connection:
            for byte in HEAD[:40]:
                try:
                    connection.send(bytes([byte]))
                except OSError:
                    break
                time.sleep(0.4)
            return cls.answer_and_end(connection)

    @classmethod
    def slow_body(cls):
        with Connection(cls.enclave, timeout_s=60) as connection:
            connection.send(seal_request(BODY)[:-5])
            return cls.answer_and_end(connection)

    @classmethod
    def body_at(cls, bytes_per_second, seconds):
        """Sends a body at a rate, and its end after `seconds`. What is answered, and whether that was the end."""
        body = b'"' + b"x" * (bytes_per_second * seconds) + b'"'
        with Connection(cls.enclave, timeout_s=60) as connection:
            message = seal_request(body)
            connection.send(message[:-len(body)])
            for at in range(0, len(body), bytes_per_second):
                try:
                    connection.send(body[at:at + bytes_per_second])
                except OSError:
                    break
                time.sleep(1)
            return connection.read(), None

    @classmethod
    def trickled_body(cls):
        return cls.body_at(100, 60)

    @classmethod
    def steady_body(cls):
        return cls.body_at(4000, 45)

    @classmethod
    def no_handshake(cls):
        with socket.create_connection(("127.0.0.1", cls.enclave.port), timeout=60) as raw:
            return raw.recv(1)

    def assert_timed_out(self, name, low_s, high_s):
        outcome, seconds = self.results[name]
        self.assertIsInstance(outcome, tuple, outcome)
        self.assert_problem(outcome[0], 408, "timeout")
        self.assertTrue(outcome[1])
        self.assertTrue(low_s <= seconds <= high_s, seconds)

    def test_slow_head_is_408(self):
        self.assert_timed_out("head", 8, 16)

    def test_head_that_trickles_is_408_all_the_same(self):
        self.assert_timed_out("trickle", 8, 20)

    def test_slow_body_is_408(self):
        self.assert_timed_out("body", 25, 40)

    def test_body_below_the_rate_is_408_though_it_never_stops(self):
        outcome, seconds = self.results["trickled body"]
        self.assertTrue(25 <= seconds <= 50, seconds)
        if isinstance(outcome, tuple):  # else the connection was gone before the answer was read
            self.assert_problem(outcome[0], 408, "timeout")
        else:
            self.assertIsInstance(outcome, (Closed, OSError))

    def test_slow_body_that_keeps_the_rate_is_served(self):
        outcome, seconds = self.results["steady body"]
        self.assertIsInstance(outcome, tuple, outcome)
        self.assertEqual(outcome[0].status, 200)
        self.assertGreater(seconds, 40)

    def test_missing_handshake_is_cut(self):
        outcome, seconds = self.results["handshake"]
        self.assertTrue(outcome == b"" or isinstance(outcome, ConnectionError), outcome)
        self.assertTrue(8 <= seconds <= 16, seconds)
