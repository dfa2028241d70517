"""HTTP/2 (RFC 9113): the routes of HTTP/1.1 over streams, and how everything else that arrives is taken."""

import struct
import threading
import time

from enclave_case import EnclaveCase, document
from http2_wire import (
    ACK, CANCEL, COMPRESSION_ERROR, CONTINUATION, DATA, ENABLE_PUSH, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM,
    FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, GOAWAY, HAS_PRIORITY, HEADERS, INITIAL_WINDOW_SIZE, MAX_CONCURRENT_STREAMS,
    MAX_FRAME_SIZE, MAX_HEADER_LIST_SIZE, NO_ERROR, PADDED, PING, PREFACE, PRIORITY, PROTOCOL_ERROR, PUSH_PROMISE,
    REFUSED_STREAM, RST_STREAM, SETTINGS, STREAM_CLOSED, WINDOW_UPDATE, Closed, Http2Connection, data, encode, frame,
    head, headers, integer, rst_stream, sealing, sealing_head, settings, window_update)
from wire import open_request, send_once

BODY = b'{"card":{"cvv":"1"}}'
GET = headers(1, head("GET", "/livez"), end_stream=True)


class Requests(EnclaveCase):
    """What HTTP/1.1 does, over streams."""

    SETTINGS = {"MAX_BODY_BYTES": "4194304", "DECRYPT_CLIENTS": "anonymous"}

    def test_a_document_is_sealed_and_opens_over_either_version(self):
        body = document("payments-v1.odd")
        with Http2Connection(self.enclave) as connection:
            sealed = connection.exchange(1, sealing(1, body))
            self.assertEqual((sealed.status, sealed.headers["content-type"]), (200, "application/json"))
            self.assertGreater(int(sealed.headers["x-fields-sealed"]), 0)
            self.assertEqual(int(sealed.headers["content-length"]), len(sealed.body))
            opened = connection.exchange(
                3, headers(3, sealing_head(route="/v1/decrypt")), data(3, sealed.body))
        self.assertEqual((opened.status, opened.body), (200, body))
        self.assertEqual(send_once(self.enclave, open_request(sealed.body)).body, body)

    def test_get_and_head_are_answered(self):
        with Http2Connection(self.enclave) as connection:
            get = connection.exchange(1, headers(1, head("GET", "/health"), end_stream=True))
            only_head = connection.exchange(3, headers(3, head("HEAD", "/health"), end_stream=True))
        self.assertEqual((get.status, get.json()["status"]), (200, "ok"))
        self.assertEqual((only_head.status, only_head.body), (200, b""))
        self.assertEqual(only_head.headers["content-length"], str(len(get.body)))

    def test_errors_are_those_of_http_1_1(self):
        cases = {
            (404, "not_found"): headers(1, head("GET", "/nothing"), end_stream=True),
            (405, "method_not_allowed"): headers(1, head("GET", "/encrypt"), end_stream=True),
            (415, "unsupported_media_type"): headers(1, head("POST", "/encrypt"), end_stream=True),
            (400, "malformed_json"): sealing(1, b"{"),
            (404, "schema_unknown"): headers(1, sealing_head(schema="absent")) + data(1, BODY),
            (400, "malformed_request"): headers(1, sealing_head(("x-schema-name", "patient-v1"))) + data(1, BODY),
            (431, "headers_too_large"): headers(1, head("GET", "/livez", ("x-a", "a" * 16300)), end_stream=True),
        }
        for (status, code), message in cases.items():
            with self.subTest(code), Http2Connection(self.enclave) as connection:
                self.assert_problem(connection.exchange(1, message), status, code)
                self.assertEqual(connection.exchange(3, headers(3, head("GET", "/livez"), end_stream=True)).body, b"ok")

    def test_65_fields_are_431(self):
        with Http2Connection(self.enclave) as connection:
            few = head("GET", "/livez", *[("x-a", "1")] * 60)
            self.assertEqual(connection.exchange(1, headers(1, few, end_stream=True)).status, 200)
            self.assert_problem(connection.exchange(3, headers(3, few + [("x-a", "1")] * 5, end_stream=True)),
                                431, "headers_too_large")

    def test_streams_are_answered_side_by_side(self):
        with Http2Connection(self.enclave) as connection:
            streams = range(1, 200, 2)
            connection.send(*[headers(i, sealing_head()) for i in streams])
            for i in reversed(streams):
                connection.send(data(i, b'{"note":"%d"}' % i))
            for i in streams:
                self.assertEqual(connection.read(i).body, b'{"note":"%d"}' % i)

    def test_body_in_pieces_with_padding_and_trailers(self):
        with Http2Connection(self.enclave) as connection:
            connection.send(headers(1, sealing_head(("content-length", str(len(BODY))), ("te", "trailers"))))
            for i, byte in enumerate(BODY):
                padding = i % 3
                connection.send(frame(DATA, PADDED, 1, bytes([padding, byte]) + bytes(padding)))
            answer = connection.exchange(1, headers(1, [("x-checksum", "1")], end_stream=True))
            self.assertEqual((answer.status, answer.headers["x-fields-sealed"]), (200, "1"))

    def test_large_document_passes_the_windows_both_ways(self):
        body = b'{"items":[' + b'{"note":"0123456789"},' * 100_000 + b"{}]}"
        with Http2Connection(self.enclave, own_settings=[(INITIAL_WINDOW_SIZE, 1000)]) as connection:
            connection.send(headers(1, sealing_head()))
            connection.rooms[1] = connection.server_settings[INITIAL_WINDOW_SIZE]
            at = 0
            while at < len(body):
                size = min(16384, *connection.rooms.values(), len(body) - at)
                if size == 0:
                    connection.next_frame()
                    continue
                connection.send(data(1, body[at:at + size], end_stream=at + size == len(body)))
                for stream in (0, 1):
                    connection.rooms[stream] -= size
                at += size
            received = b""
            while True:
                got = connection.next_frame()
                if got.type == HEADERS:
                    fields = got.fields
                if got.type == DATA:
                    self.assertLessEqual(len(got.payload), 1000)
                    received += got.payload
                    if got.flags & END_STREAM:
                        break
                    connection.send(window_update(0, len(got.payload)), window_update(1, len(got.payload)))
        self.assertEqual((fields[":status"], received), ("200", body))

    def test_a_refused_request_with_a_short_body_is_answered_behind_it_and_not_reset(self):
        """curl 7.88 loses an answer whose stream is reset while it sends."""
        body = b"x" * 2000
        with Http2Connection(self.enclave) as connection:
            connection.send(headers(1, sealing_head(("content-length", "2000"), schema="")),
                            data(1, body[:1000], end_stream=False))
            self.assertEqual(connection.exchange(3, sealing(3, BODY)).status, 200)
            self.assertNotIn(1, connection.answers, "not yet")
            connection.send(data(1, body[1000:]))
            answer = connection.read(1)
            self.assert_problem(answer, 400, "schema_header_missing")
            self.assertEqual(connection.exchange(5, sealing(5, BODY)).status, 200)
            self.assertIsNone(answer.reset)

    def test_body_over_the_limit_is_413_and_the_rest_is_not_waited_for(self):
        with Http2Connection(self.enclave) as connection:
            connection.send(headers(1, sealing_head(("content-length", "4194305"))))
            answer = connection.read(1, until_reset=True)
            self.assert_problem(answer, 413, "body_too_large")
            self.assertEqual(answer.reset, NO_ERROR)
            connection.send(data(1, b"x" * 1000, end_stream=False))  # was on its way: no mistake
            self.assertEqual(connection.exchange(3, sealing(3, BODY)).status, 200)

    def test_expect_100_continue_is_answered_before_the_body(self):
        with Http2Connection(self.enclave) as connection:
            connection.send(headers(1, sealing_head(("expect", "100-continue"))))
            interim = connection.wait_for(lambda f: f.type == HEADERS)
            self.assertEqual(interim.fields, {":status": "100"})
            self.assertEqual(connection.exchange(1, data(1, BODY)).status, 200)

    def test_frames_in_single_bytes(self):
        with Http2Connection(self.enclave, greet=False) as connection:
            for byte in PREFACE + settings() + sealing(1, BODY):
                connection.send(bytes([byte]))
            self.assertEqual(connection.read(1).status, 200)

    def test_settings_bound_what_a_client_may_do(self):
        with Http2Connection(self.enclave) as connection:
            found = connection.server_settings
        self.assertEqual((found[MAX_CONCURRENT_STREAMS], found[MAX_HEADER_LIST_SIZE]), (128, 16384))


class Mistakes(EnclaveCase):
    """RFC 9113, section by section. Each case: what is sent after the greeting, and the errors that may come."""

    def assert_error(self, allowed, *frames, stream_error=None, greet=True):
        """A connection error with one of the codes, or the connection closed; or, with `stream_error`, a
        RST_STREAM of that stream with one of the codes. Others are served all the same."""
        with Http2Connection(self.enclave, greet=greet) as connection:
            try:
                connection.send(*frames)
            except OSError:
                pass  # the server had ended the connection by then
            got = connection.failure()
            if got is None:
                self.assertIsNone(stream_error, "the connection was closed for a stream's mistake")
            else:
                self.assertIn(got.error, allowed)
            if stream_error is not None:
                self.assertEqual((got.type, got.stream), (RST_STREAM, stream_error))
                self.assertEqual(connection.exchange(101, sealing(101, BODY)).status, 200)
            else:
                self.assertTrue(got is None or got.type == GOAWAY)
                self.assertTrue(connection.is_closed())

    def connection_errors(self, cases):
        for name, (allowed, *frames) in cases.items():
            with self.subTest(name):
                self.assert_error([allowed] if isinstance(allowed, int) else allowed, *frames)

    def stream_errors(self, cases):
        for name, (code, *frames) in cases.items():
            with self.subTest(name):
                self.assert_error([code], *frames, stream_error=1)

    def test_preface(self):  # section 3.4
        for name, sent in {"another preface": b"PRI * HTTP/3.0\r\n\r\nSM\r\n\r\n" + settings(),
                           "HTTP/1.1": b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n",
                           "no SETTINGS": PREFACE + GET}.items():
            with self.subTest(name):
                self.assert_error([PROTOCOL_ERROR], sent, greet=False)

    def test_frame_sizes(self):  # section 4.2
        self.connection_errors({
            "DATA over the limit": (FRAME_SIZE_ERROR, headers(1, sealing_head()), data(1, b"x" * 16385)),
            "HEADERS over the limit": (FRAME_SIZE_ERROR, headers(1, head("GET", "/livez", ("x-a", "a" * 16384)))),
            "PRIORITY of 4 bytes": (FRAME_SIZE_ERROR, frame(PRIORITY, 0, 1, bytes(4))),
            "RST_STREAM of 3 bytes": (FRAME_SIZE_ERROR, headers(1, sealing_head()), frame(RST_STREAM, 0, 1, bytes(3))),
            "SETTINGS of 7 bytes": (FRAME_SIZE_ERROR, frame(SETTINGS, 0, 0, bytes(7))),
            "SETTINGS ACK with a payload": (FRAME_SIZE_ERROR, frame(SETTINGS, ACK, 0, bytes(6))),
            "PING of 6 bytes": (FRAME_SIZE_ERROR, frame(PING, 0, 0, bytes(6))),
            "PING of 9 bytes": (FRAME_SIZE_ERROR, frame(PING, 0, 0, bytes(9))),
            "GOAWAY of 7 bytes": (FRAME_SIZE_ERROR, frame(GOAWAY, 0, 0, bytes(7))),
            "WINDOW_UPDATE of 3 bytes": (FRAME_SIZE_ERROR, frame(WINDOW_UPDATE, 0, 0, bytes(3))),
            "WINDOW_UPDATE of 5 bytes": (FRAME_SIZE_ERROR, frame(WINDOW_UPDATE, 0, 0, bytes(5))),
        })

    def test_largest_frame_is_taken(self):
        with Http2Connection(self.enclave) as connection:
            body = b'{"a":"' + b"x" * (16384 - 8) + b'"}'
            self.assertEqual(len(body), 16384)
            self.assertEqual(connection.exchange(1, sealing(1, body)).status, 200)

    def test_header_compression(self):  # RFC 7541
        def block(data_bytes):
            return frame(HEADERS, END_STREAM | END_HEADERS, 1, data_bytes)
        whole = encode(head("GET", "/livez"))
        self.connection_errors({
            "index 0": (COMPRESSION_ERROR, block(whole + b"\x80")),
            "index beyond the tables": (COMPRESSION_ERROR, block(whole + b"\xc6")),
            "name index beyond the tables": (COMPRESSION_ERROR, block(whole + b"\x7f\x80\x01\x01a")),
            "table size over SETTINGS": (COMPRESSION_ERROR, block(b"\x3f" + integer(4097, 5, 0x20)[1:] + whole)),
            "table size after a field": (COMPRESSION_ERROR, block(whole + b"\x20")),
            "Huffman padding of 8 bits": (COMPRESSION_ERROR, block(whole + b"\0\x03x-a\x82\x1f\xff")),
            "Huffman padding of zeros": (COMPRESSION_ERROR, block(whole + b"\0\x03x-a\x81\x18")),
            "Huffman EOS": (COMPRESSION_ERROR, block(whole + b"\0\x03x-a\x84\xff\xff\xff\xff")),
            "text that ends early": (COMPRESSION_ERROR, block(whole + b"\0\x03x-a\x05ab")),
            "an endless integer": (COMPRESSION_ERROR, block(whole + b"\xff" + b"\xff" * 20)),
        })

    def test_stream_states(self):  # section 5.1
        done = GET + data(1, b"")
        self.connection_errors({
            "DATA when idle": (PROTOCOL_ERROR, data(1, BODY)),
            "RST_STREAM when idle": (PROTOCOL_ERROR, rst_stream(1)),
            "WINDOW_UPDATE when idle": (PROTOCOL_ERROR, window_update(1, 100)),
            "CONTINUATION when idle": (PROTOCOL_ERROR, frame(CONTINUATION, END_HEADERS, 1, b"")),
            "DATA after the end": (STREAM_CLOSED, done),
            "HEADERS after the end": ((STREAM_CLOSED, PROTOCOL_ERROR), GET, GET),
            "CONTINUATION after the end": (PROTOCOL_ERROR, GET, frame(CONTINUATION, END_HEADERS, 1, b"")),
            "DATA after a RST_STREAM": (STREAM_CLOSED, headers(1, sealing_head()), rst_stream(1), data(1, BODY)),
            "HEADERS after a RST_STREAM": (STREAM_CLOSED, headers(1, sealing_head()), rst_stream(1), GET),
            "an even stream": (PROTOCOL_ERROR, headers(2, head("GET", "/livez"), end_stream=True)),
            "a stream below an earlier one": (
                (PROTOCOL_ERROR, STREAM_CLOSED), headers(5, head("GET", "/livez"), end_stream=True),
                headers(3, head("GET", "/livez"), end_stream=True)),
            "a client's push": (PROTOCOL_ERROR, headers(1, sealing_head()), frame(PUSH_PROMISE, END_HEADERS, 1, bytes(4))),
        })

    def test_data_on_an_answered_stream_is_a_mistake(self):
        for late in (data(1, b"x"), headers(1, head("GET", "/livez"), end_stream=True)):
            with Http2Connection(self.enclave) as connection:
                connection.exchange(1, GET)
                connection.send(late)
                self.assertEqual(connection.failure().error, STREAM_CLOSED)

    def test_more_streams_than_allowed_are_refused(self):
        many = [headers(i, sealing_head()) for i in range(1, 257, 2)]
        self.connection_errors({"one more than SETTINGS allow": (PROTOCOL_ERROR, *many, headers(257, sealing_head()))})
        with Http2Connection(self.enclave) as connection:
            connection.send(*many)
            self.assertEqual(connection.exchange(255, data(255, BODY)).status, 200)
            self.assertEqual(connection.exchange(257, sealing(257, BODY)).status, 200)
        with Http2Connection(self.enclave, greet=False) as connection:  # SETTINGS may not have been read yet
            connection.send(PREFACE + settings(), *many, headers(257, sealing_head()), data(257, BODY))
            got = connection.failure()
            self.assertEqual((got.type, got.stream, got.error), (RST_STREAM, 257, REFUSED_STREAM))
            self.assertEqual(connection.exchange(1, data(1, BODY)).status, 200)

    def test_priority(self):  # section 5.3
        self_dependent = struct.pack(">IB", 1, 15)
        self.connection_errors({
            "PRIORITY on stream 0": (PROTOCOL_ERROR, frame(PRIORITY, 0, 0, bytes(5))),
            "PRIORITY on itself": (PROTOCOL_ERROR, frame(PRIORITY, 0, 1, self_dependent)),
            "HEADERS on itself": (PROTOCOL_ERROR, frame(HEADERS, END_STREAM | END_HEADERS | HAS_PRIORITY, 1,
                                                        self_dependent + encode(head("GET", "/livez")))),
        })
        with Http2Connection(self.enclave) as connection:
            connection.send(frame(PRIORITY, 0, 3, struct.pack(">IB", 0, 255)))
            connection.exchange(3, headers(3, head("GET", "/livez"), end_stream=True))
            connection.send(frame(PRIORITY, 0, 3, struct.pack(">IB", 0, 1)))  # of a closed stream
            self.assertEqual(connection.exchange(5, sealing(5, BODY)).status, 200)

    def test_frames_with_broken_contents(self):  # section 6
        self.connection_errors({
            "DATA on stream 0": (PROTOCOL_ERROR, data(0, BODY)),
            "DATA of padding beyond its end": (PROTOCOL_ERROR, headers(1, sealing_head()),
                                              frame(DATA, PADDED | END_STREAM, 1, b"\x05ab")),
            "HEADERS on stream 0": (PROTOCOL_ERROR, headers(0, head("GET", "/livez"))),
            "HEADERS of padding beyond their end": (PROTOCOL_ERROR, frame(
                HEADERS, END_STREAM | END_HEADERS | PADDED, 1, b"\xff" + encode(head("GET", "/livez")))),
            "another frame within a header list": (PROTOCOL_ERROR, headers(1, head("GET", "/livez"), end_headers=False),
                                                   frame(PRIORITY, 0, 1, bytes(5))),
            "another stream's HEADERS within a header list": (
                PROTOCOL_ERROR, headers(1, head("GET", "/livez"), end_headers=False),
                headers(3, head("GET", "/livez"))),
            "another stream's CONTINUATION": (PROTOCOL_ERROR, headers(1, head("GET", "/livez"), end_headers=False),
                                              frame(CONTINUATION, END_HEADERS, 3, b"")),
            "an unknown frame within a header list": (PROTOCOL_ERROR, headers(1, head("GET", "/livez"), end_headers=False),
                                                      frame(0x16, 0, 0, b"")),
            "CONTINUATION after END_HEADERS": (PROTOCOL_ERROR, headers(1, sealing_head()),
                                               frame(CONTINUATION, END_HEADERS, 1, b"")),
            "CONTINUATION after DATA": (PROTOCOL_ERROR, headers(1, sealing_head()), data(1, b"x", end_stream=False),
                                        frame(CONTINUATION, END_HEADERS, 1, b"")),
            "RST_STREAM on stream 0": (PROTOCOL_ERROR, rst_stream(0)),
            "SETTINGS on a stream": (PROTOCOL_ERROR, frame(SETTINGS, 0, 1, b"")),
            "ENABLE_PUSH of 2": (PROTOCOL_ERROR, settings((ENABLE_PUSH, 2))),
            "INITIAL_WINDOW_SIZE of 2^31": (FLOW_CONTROL_ERROR, settings((INITIAL_WINDOW_SIZE, 1 << 31))),
            "MAX_FRAME_SIZE of 16383": (PROTOCOL_ERROR, settings((MAX_FRAME_SIZE, 16383))),
            "MAX_FRAME_SIZE of 2^24": (PROTOCOL_ERROR, settings((MAX_FRAME_SIZE, 1 << 24))),
            "PING on a stream": (PROTOCOL_ERROR, frame(PING, 0, 1, bytes(8))),
            "GOAWAY on a stream": (PROTOCOL_ERROR, frame(GOAWAY, 0, 1, bytes(8))),
            "WINDOW_UPDATE of 0": (PROTOCOL_ERROR, window_update(0, 0)),
            "WINDOW_UPDATE of 0 on a stream": (PROTOCOL_ERROR, headers(1, sealing_head()), window_update(1, 0)),
            "WINDOW_UPDATE over 2^31": (FLOW_CONTROL_ERROR, window_update(0, 0x7FFFFFFF)),
        })
        self.stream_errors({
            "WINDOW_UPDATE over 2^31 on a stream": (FLOW_CONTROL_ERROR, headers(1, sealing_head()),
                                                    window_update(1, 0x7FFFFFFF)),
        })

    def test_what_is_unknown_is_ignored(self):  # sections 4.1 and 5.5
        with Http2Connection(self.enclave) as connection:
            connection.send(frame(0x16, 0xFF, 0, bytes(8)), settings((0xFF, 1)), frame(PING, 0x16, 0, b"pingpong"))
            pong = connection.wait_for(lambda f: f.type == PING)
            self.assertEqual((pong.flags, pong.payload), (ACK, b"pingpong"))
            connection.send(frame(PING, ACK, 0, bytes(8)))  # is not answered
            self.assertEqual(connection.exchange(1, sealing(1, BODY)).status, 200)

    def test_malformed_requests(self):  # section 8
        def get(*fields, end_stream=True):
            return headers(1, fields, end_stream=end_stream)
        method, scheme, path, authority = head("GET", "/livez")
        post = sealing_head()
        cases = {
            "upper-case name": get(method, scheme, path, authority, ("X-A", "1")),
            "unknown pseudo-header": get(method, scheme, path, authority, (":test", "1")),
            "an answer's pseudo-header": get(method, scheme, path, authority, (":status", "200")),
            "pseudo-header after a field": get(method, scheme, authority, ("x-a", "1"), path),
            "no :method": get(scheme, path, authority),
            "no :scheme": get(method, path, authority),
            "no :path": get(method, scheme, authority),
            "empty :path": get(method, scheme, (":path", ""), authority),
            "relative :path": get(method, scheme, (":path", "livez"), authority),
            "no :authority and no host": get(method, scheme, path),
            "another host": get(method, scheme, path, authority, ("host", "other")),
            "two :method": get(method, method, scheme, path, authority),
            "two :scheme": get(method, scheme, scheme, path, authority),
            "two :path": get(method, scheme, path, path, authority),
            "two :authority": get(method, scheme, path, authority, authority),
            "connection": get(method, scheme, path, authority, ("connection", "keep-alive")),
            "proxy-connection": get(method, scheme, path, authority, ("proxy-connection", "close")),
            "keep-alive": get(method, scheme, path, authority, ("keep-alive", "1")),
            "upgrade": get(method, scheme, path, authority, ("upgrade", "h2c")),
            "transfer-encoding": get(method, scheme, path, authority, ("transfer-encoding", "chunked")),
            "te but trailers": get(method, scheme, path, authority, ("te", "trailers, deflate")),
            "LF in a value": get(method, scheme, path, authority, ("x-a", b"1\nx-b: 2")),
            "CR LF in a value": get(method, scheme, path, authority, ("x-a", b"1\r\nx-b: 2")),
            "NUL in a value": get(method, scheme, path, authority, ("x-a", b"a\0b")),
            "space in a name": get(method, scheme, path, authority, ("x a", "1")),
            "colon in a name": get(method, scheme, path, authority, ("x:a", "1")),
            "empty name": get(method, scheme, path, authority, ("", "1")),
            "space around a value": get(method, scheme, path, authority, ("x-a", " 1")),
            "space in :path": get(method, scheme, (":path", "/livez HTTP/1.1"), authority),
            "CR LF in :path": get(method, scheme, (":path", b"/livez\r\nx-a: 1"), authority),
            "CR LF in :authority": get(method, scheme, path, (":authority", b"localhost\r\nx-a: 1")),
            "space in :method": get((":method", "GET /"), scheme, path, authority),
            "content-length over the body": headers(1, post + [("content-length", "21")]) + data(1, BODY),
            "content-length under the body": headers(1, post + [("content-length", "19")]) + data(1, BODY),
            "content-length under several DATA": headers(1, post + [("content-length", "1")]) + data(
                1, BODY[:10], end_stream=False) + data(1, BODY[10:]),
            "content-length without a body": get(*post, ("content-length", "1")),
            "content-length that is no number": headers(1, post + [("content-length", "+20")]) + data(1, BODY),
            "two content-lengths": headers(1, post + [("content-length", "20"), ("content-length", "20")]) + data(1, BODY),
            "pseudo-header in trailers": headers(1, post) + data(1, BODY, end_stream=False) + headers(
                1, [(":method", "POST")], end_stream=True),
            "trailers that do not end": headers(1, post) + data(1, BODY, end_stream=False) + headers(1, [("x-a", "1")]),
            "connection in trailers": headers(1, post) + data(1, BODY, end_stream=False) + headers(
                1, [("connection", "close")], end_stream=True),
        }
        self.stream_errors({name: (PROTOCOL_ERROR, sent) for name, sent in cases.items()})

    def test_well_formed_neighbours_are_served(self):
        plain = [f for f in head("GET", "/livez") if f[0] != ":authority"]
        post = sealing_head(("content-length", "20"))
        for name, sent in {
                "host for :authority": headers(1, plain + [("host", "localhost")], end_stream=True),
                "host like :authority": headers(1, head("GET", "/livez", ("host", "LOCALHOST")), end_stream=True),
                "te: trailers": headers(1, head("GET", "/livez", ("te", "trailers")), end_stream=True),
                "empty value": headers(1, head("GET", "/livez", ("x-a", "")), end_stream=True),
                "content-length of the body": headers(1, post) + data(1, BODY),
                "header list in pieces": frame(HEADERS, END_STREAM, 1, encode(plain)) + frame(
                    CONTINUATION, 0, 1, b"") + frame(CONTINUATION, END_HEADERS, 1, encode([("host", "a")])),
        }.items():
            with self.subTest(name), Http2Connection(self.enclave) as connection:
                self.assertEqual(connection.exchange(1, sent).status, 200)


def large_field(stream):
    """A request with a field of 4,000 bytes that enters the compression's table."""
    field = encode([("x-a", "a" * 4_000)]).replace(b"\0", b"\x40", 1)
    return frame(HEADERS, END_STREAM | END_HEADERS, stream, encode(head("GET", "/livez")) + field)


def reference(count):
    """That field, `count` times."""
    return b"\xbe" * count


class Floods(EnclaveCase):
    """Frames that cost work and bring nothing: each kind ends with ENHANCE_YOUR_CALM, and others are served."""

    def assert_cut_off(self, greeting, piece, allowed=(ENHANCE_YOUR_CALM,)):
        with Http2Connection(self.enclave) as connection:
            connection.tls.settimeout(10)
            error = None
            try:
                connection.send(greeting)
                for i in range(40):
                    connection.send(piece(i))
            except OSError:
                pass
            got = None
            try:
                got = connection.wait_for(lambda f: f.type == GOAWAY)
            except Closed as closed:
                error = closed
            self.assertTrue(got is not None or error is not None)
            if got is not None:
                self.assertIn(got.error, allowed)
        with Http2Connection(self.enclave) as connection:
            self.assertEqual(connection.exchange(1, sealing(1, BODY)).status, 200)

    def test_floods_are_cut_off(self):
        def resets(i):
            return b"".join(headers(n, sealing_head()) + rst_stream(n) for n in range(i * 200 + 1, i * 200 + 201, 2))
        for name, (greeting, piece) in {
                "PING": (b"", lambda i: frame(PING, 0, 0, bytes(8)) * 100),
                "SETTINGS": (b"", lambda i: settings() * 100),
                "PRIORITY": (b"", lambda i: frame(PRIORITY, 0, 1, struct.pack(">IB", 3, 1)) * 100),
                "WINDOW_UPDATE": (b"", lambda i: window_update(0, 1) * 100),
                "RST_STREAM": (b"", resets),
                "windows of one byte": (settings((INITIAL_WINDOW_SIZE, 0)) + sealing(1, b'"' + b"x" * 9998 + b'"'),
                                        lambda i: window_update(1, 1) * 100),
                "empty DATA": (headers(1, sealing_head()), lambda i: data(1, b"", end_stream=False) * 100)}.items():
            with self.subTest(name):
                self.assert_cut_off(greeting, piece)

    def test_endless_continuation_is_cut_off(self):
        self.assert_cut_off(headers(1, head("GET", "/livez"), end_headers=False),
                            lambda i: frame(CONTINUATION, 0, 1, encode([("x-a", "a" * 4000)])),
                            (ENHANCE_YOUR_CALM, PROTOCOL_ERROR, COMPRESSION_ERROR))

    def test_a_header_list_without_end_is_cut_off(self):
        """A byte stands for 4,000 (RFC 7541 section 6.1): what is decoded ends, however little was sent."""
        self.assert_cut_off(large_field(1), lambda i: frame(HEADERS, END_STREAM | END_HEADERS, 3 + 2 * i,
                                                            encode(head("GET", "/livez")) + reference(16_000)))

    def test_header_lists_over_the_limit_are_cut_off_once_there_are_many(self):
        def lists(i):
            return b"".join(frame(HEADERS, END_STREAM | END_HEADERS, stream, encode(head("GET", "/livez")) + reference(15))
                            for stream in range(3 + 20 * i, 23 + 20 * i, 2))
        self.assert_cut_off(large_field(1), lists)

    def test_requests_that_have_to_be_reset_are_cut_off_once_there_are_many(self):
        self.assert_cut_off(b"", lambda i: b"".join(
            headers(stream, head("GET", "/livez", ("X-A", "1")), end_stream=True)
            for stream in range(1 + 40 * i, 41 + 40 * i, 2)))

    def test_moderate_housekeeping_is_no_flood(self):
        with Http2Connection(self.enclave) as connection:
            for i in range(1, 400, 2):
                connection.send(frame(PING, 0, 0, bytes(8)), window_update(0, 10))
                self.assertEqual(connection.exchange(i, sealing(i, BODY)).status, 200)


class Overload(EnclaveCase):
    """What is held at once is bounded over all streams; what goes over is told so, the rest is served."""

    SETTINGS = {"MAX_BODY_BYTES": "65536", "MAX_INFLIGHT_BYTES": "131072"}

    def test_bodies_over_the_bound_are_503_at_once_and_room_comes_back(self):
        part = b'{"note":"' + b"x" * 15_400  # eight of them, and eleven heads
        with Http2Connection(self.enclave) as connection:
            streams = range(1, 23, 2)
            for i in streams:
                connection.send(headers(i, sealing_head()), data(i, part, end_stream=False))
            refused = [connection.read(i, until_reset=True) for i in list(streams)[-3:]]
            for answer in refused:
                self.assert_problem(answer, 503, "overloaded")
                self.assertEqual(answer.reset, NO_ERROR)
            for i in list(streams)[:8]:
                self.assertEqual(connection.exchange(i, data(i, b'"}')).status, 200)
            self.assertEqual(connection.exchange(31, sealing(31, part + b'"}')).status, 200)

    def test_answers_count_before_they_are_made(self):
        def many(values):
            return b'{"card":{' + b",".join([b'"cvv":1'] * values) + b"}}"
        part = b'{"note":"' + b"x" * 16000
        with Http2Connection(self.enclave) as connection:
            body = many(2_500)
            connection.send(headers(1, sealing_head()), data(1, body[:16000], end_stream=False), data(1, body[16000:]))
            self.assert_problem(connection.read(1), 413, "body_too_large")
            self.assertEqual(connection.exchange(3, sealing(3, many(1_500))).headers["x-fields-sealed"], "1500")
            for i in (5, 7, 9):
                connection.send(headers(i, sealing_head()), data(i, part, end_stream=False))
            self.assert_problem(connection.exchange(11, sealing(11, many(1_500))), 503, "overloaded")
            self.assertEqual(connection.exchange(13, sealing(13, many(200))).status, 200)
            for i in (5, 7, 9):
                self.assertEqual(connection.exchange(i, data(i, b'"}')).status, 200)
            self.assertEqual(connection.exchange(15, sealing(15, many(1_500))).status, 200)


    def test_heads_over_the_bound_are_503_and_room_comes_back(self):
        """Of a head, what the answer needs is held: the target is, a field that means nothing here is not."""
        def heads(*more, query=""):
            fields = sealing_head(*more, route="/v1/encrypt" + query)
            return [headers(i, fields) for i in range(1, 101, 2)]

        def sealed():
            with Http2Connection(self.enclave) as another:
                return another.exchange(1, sealing(1, BODY)).status == 200
        with Http2Connection(self.enclave) as connection:
            connection.send(*heads(("x-a", "a" * 3_900)))
            self.assertEqual(connection.exchange(99, data(99, BODY)).status, 200)
        with Http2Connection(self.enclave) as connection:
            connection.send(*heads(query="?" + "a" * 3_900))
            self.assert_problem(connection.read(99, until_reset=True), 503, "overloaded")
            self.assertEqual(connection.exchange(1, data(1, BODY)).status, 200)
        self.enclave.wait_until(sealed, 5)


class Fairness(EnclaveCase):
    """One connection asks for much, another for little, of one worker."""

    SETTINGS = {"WORKER_THREADS": "1"}

    SETTINGS = {"WORKER_THREADS": "1"}

    def test_large_documents_of_one_client_do_not_keep_another_waiting(self):
        body = b'{"items":[%s]}' % b",".join([BODY] * 30_000)
        with Http2Connection(self.enclave, timeout_s=60) as greedy, Http2Connection(self.enclave) as modest:
            streams = range(1, 33, 2)
            for i in streams:
                greedy.send_but_the_end(i, body)
            begin = time.monotonic()
            greedy.send(*[data(i, body[-1:]) for i in streams])
            self.assertEqual(modest.exchange(1, sealing(1, BODY)).status, 200)
            waited = time.monotonic() - begin
            for i in streams:
                self.assertEqual(greedy.read(i).status, 200)
            self.assertLess(waited, (time.monotonic() - begin) / 4)

    def test_a_greedy_client_does_not_keep_another_waiting(self):
        rounds = [[sealing(i, b'{"card":{"number":"%d"},"items":[%s]}' % (i, b",".join([BODY] * 400)))
                   for i in range(at, at + 200, 2)] for at in range(1, 4001, 200)]
        with Http2Connection(self.enclave, timeout_s=60) as greedy, Http2Connection(self.enclave, timeout_s=60) as modest:
            sender = threading.Thread(target=self.keep_busy, args=(greedy, rounds))
            sender.start()
            waits, begin, stream = [], time.monotonic(), 1
            while sender.is_alive():
                asked = time.monotonic()
                self.assertEqual(modest.exchange(stream, sealing(stream, BODY)).status, 200)
                waits.append(time.monotonic() - asked)
                stream += 2
            sender.join()
            self.assertGreater(len(waits), len(rounds))
            self.assertLess(max(waits), (time.monotonic() - begin) / 2)

    @staticmethod
    def keep_busy(connection, rounds):
        """A hundred streams at a time, all of their answers read."""
        for number, work in enumerate(rounds):
            connection.send(*work)
            for i in range(number * 200 + 1, number * 200 + 201, 2):
                connection.read(i)


class Endings(EnclaveCase):
    """GOAWAY on a drain; deadlines of streams."""

    def test_drain_announces_itself_and_finishes_what_was_begun(self):
        enclave = self.start()
        with Http2Connection(enclave) as connection:
            connection.send(headers(1, sealing_head()))
            connection.exchange(3, headers(3, head("GET", "/livez"), end_stream=True))
            enclave.process.terminate()
            first = connection.wait_for(lambda f: f.type == GOAWAY)
            self.assertEqual((first.error, first.payload[:4]), (NO_ERROR, b"\x7f\xff\xff\xff"))
            last = connection.wait_for(lambda f: f.type == GOAWAY)
            self.assertEqual((last.error, last.payload[:4]), (NO_ERROR, b"\0\0\0\x03"))
            self.assertEqual(connection.exchange(1, data(1, BODY)).status, 200)
            self.assertTrue(connection.is_closed())
        self.assertEqual(enclave.process.wait(10), 0)

    def test_slow_bodies_are_408_and_others_go_on(self):
        begin = time.monotonic()
        with Http2Connection(self.enclave, timeout_s=60) as connection:
            connection.send(headers(1, sealing_head()))
            connection.send(data(1, b"{", end_stream=False))
            self.assertEqual(connection.exchange(3, sealing(3, BODY)).status, 200)
            answer = connection.read(1, until_reset=True)
            self.assert_problem(answer, 408, "timeout")
            self.assertTrue(25 <= time.monotonic() - begin <= 45)
            self.assertEqual(connection.exchange(5, sealing(5, BODY)).status, 200)

    def test_unfinished_header_list_ends_the_connection(self):
        with Http2Connection(self.enclave, timeout_s=60) as connection:
            begin = time.monotonic()
            connection.send(headers(1, head("GET", "/livez"), end_headers=False))
            self.assertTrue(connection.is_closed())
            self.assertTrue(8 <= time.monotonic() - begin <= 20)

    def test_cancelled_streams_cost_nothing(self):
        with Http2Connection(self.enclave) as connection:
            connection.send(sealing(1, BODY), rst_stream(1, CANCEL), headers(3, sealing_head()), rst_stream(3))
            self.assertEqual(connection.exchange(5, sealing(5, BODY)).status, 200)
