"""Batches over HTTP/2: windows both ways, trailers, streams beside each other."""

import json
import signal
import time

from enclave_case import EnclaveCase
from http2_wire import (CANCEL, DATA, END_STREAM, HEADERS, INITIAL_WINDOW_SIZE, NO_ERROR, Failed, Http2Connection, data, head,
                        headers, rst_stream, sealing, window_update)
from ndjson_e2e import CARD, bound_kb, error_line, memory_kb, payment
from ndjson_wire import batch_once

FRAME = 16_384


def batch_head(stream, *more, route="/v1/encrypt", schema="payments-v1"):
    return headers(stream, head("POST", route, ("content-type", "application/x-ndjson"), ("x-schema-name", schema),
                                *more))


def send_within_windows(connection, stream, body, end_stream=True):
    """Sends the body as the server's windows let it, and notes what comes meanwhile. The connection's first body."""
    at, window = 0, 262_144
    connection.rooms.setdefault(stream, 0)
    while at < len(body):
        room = min(window + connection.rooms[stream] - at, connection.rooms[0] - at)
        size = min(FRAME, len(body) - at, room)
        if size <= 0:
            connection.note(connection.next_frame())
            continue
        last = end_stream and at + size == len(body)
        connection.send(data(stream, body[at:at + size], end_stream=last))
        at += size


def next_data(connection):
    """The next DATA frame; what comes before it is noted."""
    while True:
        got = connection.next_frame()
        connection.note(got)
        if got.type == DATA:
            return got


class NdjsonHttp2(EnclaveCase):
    SETTINGS = {"MAX_BODY_BYTES": "1000000", "WORKER_THREADS": "2"}

    def test_a_batch_is_answered_as_over_http_1_1_and_opens_to_the_same_bytes(self):
        lines = b"".join(payment(i) + b"\n" if i % 50 else b"\n{\n" for i in range(4_000)) + b"{}"
        with Http2Connection(self.enclave, timeout_s=60) as connection:
            connection.send(batch_head(1))
            send_within_windows(connection, 1, lines)
            sealed = connection.read(1)
        self.assertEqual((sealed.status, sealed.headers["content-type"]), (200, "application/x-ndjson"))
        self.assertEqual(sealed.trailers, {"x-lines-failed": "80", "x-fields-sealed": str(4 * 3_920)})
        self.assertEqual(sealed.headers["trailer"], "X-Lines-Failed, X-Fields-Sealed")
        opened = batch_once(self.enclave, sealed.body, route="/v1/decrypt")
        self.assertEqual([line for line in opened.body.split(b"\n") if b"$error" not in line],
                         [line for line in lines.split(b"\n") if line != b"{"])

    def test_a_line_is_answered_before_the_next_one_is_sent(self):
        with Http2Connection(self.enclave) as connection:
            connection.send(batch_head(1, ("expect", "100-continue")))
            for i in range(3):
                connection.send(data(1, b'{"x":%d}\n' % i, end_stream=False))
                got = next_data(connection)
                self.assertEqual((got.payload, got.flags & END_STREAM), (b'{"x":%d}\n' % i, 0))
                other = 3 + 2 * i
                self.assertEqual(connection.exchange(other, sealing(other, CARD)).status, 200)
            connection.send(data(1, b"{"))
            answer = connection.read(1)
            self.assertTrue(answer.body.endswith(b'{"x":2}\n' + error_line("malformed_json", 4)))
            self.assertEqual(answer.trailers, {"x-lines-failed": "1", "x-fields-sealed": "0"})

    def test_an_empty_batch_and_errors_before_the_first_line(self):
        with Http2Connection(self.enclave) as connection:
            connection.send(batch_head(1), data(1, b""))
            answer = connection.read(1)
            self.assertEqual((answer.status, answer.body, answer.trailers["x-lines-failed"]), (200, b"", "0"))
            self.assert_problem(connection.exchange(3, batch_head(3, schema="nobody"), data(3, CARD)), 404,
                                "schema_unknown")
            self.assert_problem(connection.exchange(5, batch_head(5, route="/encrypt"), data(5, CARD)), 415,
                                "unsupported_media_type")

    def test_a_line_longer_than_the_windows(self):
        line = b'{"card":{"holder":"' + b"h" * 900_000 + b'"}}\n'
        with Http2Connection(self.enclave) as connection:
            connection.send(batch_head(1))
            send_within_windows(connection, 1, line + b'{"note":"' + b"x" * 1_200_000 + b'"}\n' + CARD)
            answer = connection.read(1)
        self.assertEqual(answer.trailers, {"x-lines-failed": "1", "x-fields-sealed": "2"})
        self.assertEqual(answer.body.split(b"\n")[1], error_line("body_too_large", 2))

    def test_a_client_that_takes_nothing_may_send_no_more(self):
        lines = b"".join(payment(i) + b"\n" for i in range(40_000))
        before = memory_kb(self.enclave)
        with Http2Connection(self.enclave, timeout_s=3) as connection:
            connection.send(batch_head(1))
            def note(got):  # opens no window
                if got.type == HEADERS:
                    connection.decoder.decode(got.payload)
            connection.note = note
            with self.assertRaises(TimeoutError):
                send_within_windows(connection, 1, lines)
            self.assertLess(connection.rooms[1], 1_500_000)
            self.assertLess(memory_kb(self.enclave) - before, bound_kb(self.enclave, 6_000))
            del connection.note
            connection.tls.settimeout(30)
            self.assertEqual(connection.exchange(3, window_update(0, 1_000_000), sealing(3, CARD)).status, 200,
                             "other streams go on")
            connection.send(rst_stream(1))
            self.assertEqual(connection.exchange(5, sealing(5, CARD)).status, 200)

    def test_small_windows_of_the_client(self):
        lines = b"".join(payment(i) + b"\n" for i in range(300))
        with Http2Connection(self.enclave, own_settings=[(INITIAL_WINDOW_SIZE, 1_000)]) as connection:
            connection.send(batch_head(1))
            send_within_windows(connection, 1, lines)
            answer = connection.read(1)
        self.assertEqual(answer.trailers["x-fields-sealed"], "1200")
        self.assertEqual(answer.body.count(b"\n"), 300)

    def test_several_batches_of_one_connection(self):
        with Http2Connection(self.enclave) as connection:
            for i in range(1, 41, 2):
                connection.send(batch_head(i))
            for step in range(10):
                for i in range(1, 41, 2):
                    connection.send(data(i, b'{"stream":%d,"step":%d}\n' % (i, step), end_stream=step == 9))
            for i in range(1, 41, 2):
                got = [json.loads(line) for line in connection.read(i).body.splitlines()]
                self.assertEqual(got, [{"stream": i, "step": step} for step in range(10)])

    def test_a_body_that_is_not_what_its_length_says_resets_the_stream(self):
        with Http2Connection(self.enclave) as connection:
            connection.send(batch_head(1, ("content-length", "5")), data(1, b"{}\n", end_stream=False))
            connection.send(data(1, b"{}\n"))
            self.assertNotEqual(connection.failure().error, NO_ERROR)
            self.assertEqual(connection.exchange(3, sealing(3, CARD)).status, 200)

    def test_a_stopped_batch_is_408_or_reset(self):
        with Http2Connection(self.enclave, timeout_s=60) as connection:
            connection.send(batch_head(1), batch_head(3), data(3, b"{}\n", end_stream=False))
            answer = connection.read(1, until_reset=True)
            self.assert_problem(answer, 408, "timeout")
            with self.assertRaises(Failed) as cut:
                connection.read(3)
            self.assertEqual(cut.exception.args[0].error, CANCEL)
            self.assertEqual(connection.exchange(5, sealing(5, CARD)).status, 200)

    def test_a_stopped_batch_is_answered_once_behind_an_answer_that_is_not_read(self):
        """It waits for its turn when it is given up."""
        large = b'{"items":[%s]}' % b",".join([CARD] * 20_000)
        with Http2Connection(self.enclave, own_settings=[(INITIAL_WINDOW_SIZE, 1 << 30)], timeout_s=60) as connection:
            begin = time.monotonic()
            connection.send(window_update(0, 1 << 30), batch_head(1, route="/v1/decrypt"))
            streams = range(3, 83, 2)
            for i in streams:
                connection.send_but_the_end(i, large)
            time.sleep(max(0, begin + 25 - time.monotonic()))
            connection.send(*[data(i, large[-1:]) for i in streams], data(1, b"{", end_stream=False))
            time.sleep(max(0, begin + 31 - time.monotonic()))
            heads, left = [], {1, *streams}
            while left:
                got = connection.next_frame()
                if (got.type, got.stream) == (HEADERS, 1):
                    heads.append(got.fields[":status"])
                if got.flags & END_STREAM and got.type == DATA:
                    left.discard(got.stream)
            self.assertEqual(heads, ["408"])
        audits = [line for line in self.enclave.log_file.read_text().splitlines() if '"outcome":"timeout"' in line]
        self.assertEqual(len(audits), 1)

    def test_drain_finishes_a_batch_that_has_begun(self):
        enclave = self.start()
        with Http2Connection(enclave) as connection:
            connection.send(batch_head(1), data(1, b"{}\n", end_stream=False))
            next_data(connection)
            enclave.process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            connection.send(data(1, b"[]\n"))
            answer = connection.read(1)
            self.assertEqual((answer.body, answer.trailers["x-lines-failed"]), (b"{}\n[]\n", "0"))
            self.assertTrue(connection.is_closed())
        self.assertEqual(enclave.process.wait(10), 0)
