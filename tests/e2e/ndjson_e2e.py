"""Batches: a document a line, in and out (CONTRACTS section 2). NES_FULL=1 sends a million lines."""

import json
import os
import pathlib
import signal
import time

import process_memory
from enclave_case import EnclaveCase, document
from ndjson_wire import BatchConnection, batch_head, batch_once, chunk
from wire import open_request, request, seal_request, send_once

LINES = 1_000_000 if os.environ.get("NES_FULL") else 100_000
CARD = b'{"card":{"cvv":"314"}}'
TIMES = 0.2 if os.environ.get("NES_SANITIZED") == "1" else 1


def error_line(code, line):
    return b'{"$error":{"code":"%s","line":%d}}' % (code.encode(), line)


def payment(number):
    return (b'{"reference":"pay_%08d","amount":{"value":1249.10,"currency":"EUR"},"card":{"number":"%016d","holder":'
            b'"Ada Lovelace"},"note":"two items, one of them a gift; deliver after six","customer":{"email":'
            b'"ada%d@example.com","phone":"+44 20 7946 0000"}}' % (number, number, number))


def memory_kb(enclave, field="VmRSS"):
    status = pathlib.Path(f"/proc/{enclave.process.pid}/status").read_text(encoding="ascii")
    return int(status.split(field + ":")[1].split()[0])


def bound_kb(enclave, kilobytes):
    """AddressSanitizer keeps 256 MiB of what has been freed."""
    return kilobytes + (400_000 if process_memory.sanitized(enclave.process.pid) else 0)


class Ndjson(EnclaveCase):
    SETTINGS = {"MAX_BODY_BYTES": "300000", "WORKER_THREADS": "1"}

    def assert_counts(self, answer, failed, fields, name="x-fields-sealed"):
        self.assertEqual((answer.status, answer.trailers["x-lines-failed"], answer.trailers[name]),
                         (200, str(failed), str(fields)))

    def test_lines_are_answered_in_order_and_open_to_the_same_bytes(self):
        lines = b"".join(payment(i) + b"\n" for i in range(3_000))
        sealed = batch_once(self.enclave, lines)
        self.assert_counts(sealed, 0, 12_000)
        self.assertEqual(sealed.headers["content-type"], "application/x-ndjson")
        self.assertEqual(sealed.headers["transfer-encoding"], "chunked")
        self.assertEqual(sealed.headers["trailer"], "X-Lines-Failed, X-Fields-Sealed")
        self.assertEqual(sealed.headers["cache-control"], "no-store")
        for i, line in enumerate(sealed.body.splitlines()):
            self.assertEqual(json.loads(line)["reference"], f"pay_{i:08d}")
        self.assertNotIn(b"Lovelace", sealed.body)
        opened = batch_once(self.enclave, sealed.body, route="/v1/decrypt")
        self.assert_counts(opened, 0, 12_000, "x-fields-opened")
        self.assertEqual(opened.body, lines)
        again = batch_once(self.enclave, sealed.body, route="/v1/rewrap")
        self.assert_counts(again, 0, 12_000)
        self.assertEqual(batch_once(self.enclave, again.body, route="/v1/decrypt").body, lines)

    def test_a_line_is_what_a_document_alone_would_be(self):
        line = json.dumps(json.loads(document("payments-v1").replace(b"1e400", b"1"))).encode()
        sealed = batch_once(self.enclave, line + b"\n" + line)
        alone = json.loads(send_once(self.enclave, open_request(sealed.body.split(b"\n")[1])).body)
        self.assertEqual(alone, json.loads(line))
        opened = batch_once(self.enclave, send_once(self.enclave, seal_request(line)).body, route="/v1/decrypt")
        self.assertEqual(json.loads(opened.body), json.loads(line))

    def test_bad_lines_are_answered_in_their_place_and_the_others_go_on(self):
        marked = b'{"card":{"cvv":"1"},"\\u0024err\\u006fr":0}'
        lines = [CARD, b"{", b'{"$error":{"code":"x","line":1}}', marked, b'{"deeper":{"$error":1}}', b"\xff", b"[]", CARD]
        answer = batch_once(self.enclave, b"\n".join(lines) + b"\n")
        self.assert_counts(answer, 4, 2)
        out = answer.body.split(b"\n")
        self.assertEqual(out[1:7], [error_line("malformed_json", 2), error_line("malformed_request", 3),
                                    error_line("malformed_request", 4), lines[4], error_line("malformed_json", 6), b"[]"])
        self.assertIn("v2.", json.loads(out[7])["card"]["cvv"])
        opened = batch_once(self.enclave, answer.body, route="/v1/decrypt")
        self.assert_counts(opened, 4, 2, "x-fields-opened")
        self.assertEqual(opened.body.split(b"\n")[3], error_line("malformed_request", 4))

    def test_blank_lines_line_ends_and_a_last_line_without_one_are_copied(self):
        for lines in (b"", b"\n", b"\n\n \t\r\n{}\n", b"{}", b"{}\r\n{}\r\n", b'{"a":1}\n\n\n{"a":2}', b"\n\n \t"):
            with self.subTest(lines=lines):
                answer = batch_once(self.enclave, lines)
                self.assert_counts(answer, 0, 0)
                self.assertEqual(answer.body, lines)
        self.assertEqual(batch_once(self.enclave, b"\n\n{\r\n\n{").body,
                         b"\n\n" + error_line("malformed_json", 3) + b"\n\n" + error_line("malformed_json", 5))

    def test_long_lines_are_bounded_exactly(self):
        def line(size):
            return b'{"note":"' + b"x" * (size - 11) + b'"}'
        for size in (65_535, 65_536, 65_537, 299_999, 300_000):
            self.assertEqual(batch_once(self.enclave, line(size) + b"\n" + CARD).body.split(b"\n")[0], line(size))
        for size in (300_001, 2_000_000):
            for end in (b"\n", b""):
                with self.subTest(size=size, end=end):
                    answer = batch_once(self.enclave, CARD + b"\n" + line(size) + end)
                    self.assert_counts(answer, 1, 1)
                    self.assertEqual(answer.body.split(b"\n", 1)[1], error_line("body_too_large", 2) + end)
        answer = batch_once(self.enclave, (line(300_001) + b"\n") * 3 + CARD + b"\n{")
        self.assertEqual(answer.body.split(b"\n")[:3], [error_line("body_too_large", i) for i in (1, 2, 3)])
        self.assertEqual(answer.body.split(b"\n")[4], error_line("malformed_json", 5))

    def test_how_the_input_is_cut_does_not_matter(self):
        lines = b'{"x":1}\n\n{"$error":1}\r\n{"note":"' + b"y" * 40 + b'"}\n{'
        expected = batch_once(self.enclave, lines).body
        for size in (1, 2, 7):
            with BatchConnection(self.enclave) as connection:
                pieces = [chunk(lines[at:at + size]) for at in range(0, len(lines), size)]
                self.assertEqual(connection.run([batch_head(), *pieces, b"0\r\n\r\n"]).body, expected)
            with BatchConnection(self.enclave) as connection:
                sized = batch_head(Transfer_Encoding=None, Content_Length=str(len(lines)))
                message = sized + lines
                answer = connection.run(message[at:at + size] for at in range(0, len(message), size))
                self.assertEqual(answer.body, expected)

    def test_a_line_is_answered_before_the_next_one_is_sent(self):
        with BatchConnection(self.enclave) as connection:
            connection.send(batch_head(Expect="100-continue"))
            self.assertEqual(connection.read().status, 100)
            connection.send(chunk(b'{"x":1}\n{"x"'))
            self.assertIn(b"200 OK", connection._until(b"\r\n\r\n"))
            self.assertEqual(connection._until(b"\r\n"), b"8")
            self.assertEqual(connection._take(10), b'{"x":1}\n\r\n')
            connection.send(chunk(b":2}\n"))
            self.assertEqual(connection._until(b"\r\n"), b"8")
            self.assertEqual(connection._take(10), b'{"x":2}\n\r\n')
            connection.send(b"0\r\n\r\n")
            self.assertEqual(connection._until(b"\r\n\r\n"), b"0\r\nX-Lines-Failed: 0\r\nX-Fields-Sealed: 0")
            self.assertEqual(connection.exchange(request("GET", "/livez")).status, 200, "the connection goes on")

    def test_requests_behind_a_batch_are_answered_after_it(self):
        batch = batch_head() + chunk(b"{}\n") + b"0\r\n\r\n"
        with BatchConnection(self.enclave) as connection:
            answer = connection.run([batch * 3 + request("GET", "/livez")])
            self.assertEqual((answer.status, answer.body), (200, b"{}\n"))
            for _ in range(2):
                self.assertIn(b"Trailer", connection._until(b"\r\n\r\n"))
                self.assertEqual(connection._until(b"\r\n\r\n"), b"3\r\n{}\n\r\n0\r\nX-Lines-Failed: 0\r\nX-Fields-Sealed: 0")
            self.assertEqual(connection.read().body, b"ok")

    def test_errors_before_the_first_line_have_their_status(self):
        for status, code, options in ((400, "schema_header_missing", {"X_Schema_Name": None}),
                                      (404, "schema_unknown", {"schema": "nobody"}),
                                      (400, "schema_root_required", {"schema": "ambiguous-v1"}),
                                      (400, "malformed_request", {"Prefer": "handling="}),
                                      (415, "unsupported_media_type", {"route": "/encrypt"}),
                                      (415, "unsupported_media_type", {"Content_Type": "application/ndjson"})):
            with self.subTest(code=code):
                self.assert_problem(batch_once(self.enclave, CARD, **options), status, code)
        old = batch_head(Transfer_Encoding=None, Content_Length="0").replace(b"HTTP/1.1", b"HTTP/1.0")
        self.assert_problem(send_once(self.enclave, old), 505, "http_version_not_supported")
        broken = send_once(self.enclave, batch_head() + b"zz\r\n")
        self.assert_problem(broken, 400, "malformed_request")

    def test_broken_framing_ends_the_answer_without_its_last_chunk(self):
        with BatchConnection(self.enclave) as connection:
            connection.send(batch_head() + chunk(b"{}\n"))
            self.assertIn(b"200 OK", connection._until(b"\r\n\r\n"))
            self.assertEqual(connection._take(8), b"3\r\n{}\n\r\n")
            connection.send(b"zz\r\n")
            self.assertTrue(connection.is_closed())

    def test_preferences_hold_for_each_line(self):
        misspelled = b'{"customer":{"emial":"a"}}'
        answer = batch_once(self.enclave, CARD + b"\n" + misspelled, Prefer="handling=strict")
        self.assert_counts(answer, 1, 1)
        self.assertEqual(answer.headers["preference-applied"], "handling=strict")
        self.assertEqual(answer.body.split(b"\n")[1], error_line("undeclared_key", 2))
        sealed = batch_once(self.enclave, CARD).body
        kept = batch_once(self.enclave, sealed + b"\n" + CARD, Prefer="sealed=keep")
        self.assert_counts(kept, 0, 1)
        self.assertEqual(kept.body.split(b"\n")[0], sealed)
        self.assert_counts(batch_once(self.enclave, sealed + b"\n" + CARD, route="/v1/decrypt"), 1, 1, "x-fields-opened")
        lenient = batch_once(self.enclave, sealed + b"\n" + CARD, route="/v1/decrypt", Prefer="handling=lenient")
        self.assert_counts(lenient, 0, 1, "x-fields-opened")
        self.assertEqual((lenient.trailers["x-fields-unopened"], lenient.body), ("1", CARD + b"\n" + CARD))

    def test_an_audit_event_says_how_many_fields_a_batch_has_opened(self):
        enclave = self.start()  # with a log of its own, to be counted
        sealed = batch_once(enclave, b"\n".join([CARD] * 7)).body
        batch_once(enclave, sealed + b"\n{", route="/v1/decrypt")
        with BatchConnection(enclave) as connection:  # one that is cut
            connection.send(batch_head("/v1/decrypt") + chunk(sealed))
            while connection.buffer.count(CARD) < 6:  # the seventh line has no end
                connection._more()

        def audits():
            lines = (line for line in enclave.log_file.read_text().splitlines() if '"audit_' in line)
            return [(event["event"], event["fields"], event["outcome"]) for event in map(json.loads, lines)]
        enclave.wait_until(lambda: len(audits()) >= 2, 5)
        batch_once(enclave, sealed.split(b"\n")[0], route="/v1/decrypt")  # what was said too much has been said by now
        enclave.wait_until(lambda: ("audit_decrypt", 1, "ok") in audits(), 5)
        self.assertEqual(audits(), [("audit_decrypt", 7, "ok"), ("audit_decrypt", 6, "truncated"),
                                    ("audit_decrypt", 1, "ok")])

    def test_a_batch_that_its_client_leaves_frees_everything(self):
        text = b"".join(payment(i) + b"\n" for i in range(200))
        for _ in range(20):
            with BatchConnection(self.enclave) as connection:
                connection.send(batch_head() + chunk(text) + chunk(text)[:-1000])
        self.enclave.wait_until(lambda: json.loads(send_once(self.enclave, request("GET", "/health")).body), 5)
        self.assert_counts(batch_once(self.enclave, text), 0, 800)

    def test_many_lines_take_constant_memory(self):
        seen = {"size": 0, "lines": 0}

        def take(piece):
            seen["size"] += len(piece)
            seen["lines"] += piece.count(b"\n")
        block = b"".join(payment(i) + b"\n" for i in range(100))
        batch_once(self.enclave, block * 20)
        before = memory_kb(self.enclave)
        count = int(LINES * TIMES) // 100
        answer = batch_once(self.enclave, (block for _ in range(count)), take=take)
        self.assert_counts(answer, 0, 400 * count)
        self.assertEqual(seen["lines"], 100 * count)
        self.assertLess(memory_kb(self.enclave, "VmHWM") - before, bound_kb(self.enclave, 4_000),
                        "kB, for an answer of %d" % seen["size"])

    def test_a_client_that_does_not_read_is_not_read_from(self):
        block = b"".join(payment(i) + b"\n" for i in range(100))
        before = memory_kb(self.enclave)
        sent = [0]

        def blocks():
            for _ in range(2_000):
                sent[0] += len(block)
                yield block
        began = time.monotonic()
        stalled = []

        def read():
            if time.monotonic() - began < 2:
                return False
            if not stalled:
                stalled.append((sent[0], memory_kb(self.enclave) - before))
            return True
        with BatchConnection(self.enclave) as connection:
            answer = connection.batch(blocks(), read=read)
        self.assert_counts(answer, 0, 2_000 * 400)
        self.assertLess(stalled[0][0], 2_000 * len(block) / 2, "it was still sending")
        self.assertLess(stalled[0][1], bound_kb(self.enclave, 4_000))

    def test_a_batch_keeps_the_schema_that_it_began_with(self):
        enclave = self.start()
        line = b'{"note":"n"}\n'
        with BatchConnection(enclave) as connection:
            connection.send(batch_head() + chunk(line))
            connection._until(line + b"\r\n")
            schema = enclave.schema_dir / "payments-v1.yaml"
            text = schema.read_text()
            new = schema.with_suffix(".new")
            new.write_text(text.replace("x-pii: false", "x-pii: true"))
            new.rename(schema)
            enclave.wait_until(
                lambda: send_once(enclave, seal_request(line)).headers["x-fields-sealed"] == "1", 10)
            connection.send(chunk(line) + b"0\r\n\r\n")
            self.assertEqual(connection._until(b"\r\n\r\n"),
                             b"d\r\n" + line + b"\r\n0\r\nX-Lines-Failed: 0\r\nX-Fields-Sealed: 0")
        self.assertEqual(batch_once(enclave, line).trailers["x-fields-sealed"], "1")

    def test_drain_finishes_a_batch_that_has_begun(self):
        enclave = self.start(settings={"WORKER_THREADS": "2"})
        with BatchConnection(enclave) as connection:
            connection.send(batch_head() + chunk(b"{}\n"))
            self.assertIn(b"200 OK", connection._until(b"\r\n\r\n"))
            self.assertEqual(connection._take(8), b"3\r\n{}\n\r\n")
            enclave.process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            connection.send(chunk(b"[]\n") + b"0\r\n\r\n")
            self.assertEqual(connection._until(b"\r\n\r\n"),
                             b"3\r\n[]\n\r\n0\r\nX-Lines-Failed: 0\r\nX-Fields-Sealed: 0")
            self.assertTrue(connection.is_closed())
        self.assertEqual(enclave.process.wait(10), 0)

    def test_a_batch_without_progress_is_408_or_cut(self):
        with BatchConnection(self.enclave, timeout_s=60) as silent, BatchConnection(
                self.enclave, timeout_s=60) as begun, BatchConnection(self.enclave, timeout_s=60) as slow:
            silent.send(batch_head())
            for connection in (begun, slow):
                connection.send(batch_head() + chunk(b"{}\n"))
                connection._until(b"{}\n\r\n")
            for _ in range(12):  # a line now and then is progress
                time.sleep(3)
                slow.send(chunk(b"{}\n"))
                slow._until(b"{}\n\r\n")
            self.assert_problem(silent.read(), 408, "timeout")
            self.assertTrue(begun.is_closed())
            slow.send(b"0\r\n\r\n")
            self.assertEqual(slow._until(b"\r\n\r\n"), b"0\r\nX-Lines-Failed: 0\r\nX-Fields-Sealed: 0")
