"""Bad input: each shape has its status and its code, and nothing of the input comes back."""

import json

from enclave_case import EnclaveCase, document
from wire import Connection, open_request, request, seal_request, send_once

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

MALFORMED = {
    "empty": b"",
    "white space only": b" \t\r\n",
    "truncated object": b'{"card":{"cvv":"1"}',
    "truncated string": b'{"card":{"cvv":"1',
    "truncated escape": b'{"a":"\\u12"}',
    "unknown escape": b'{"a":"\\x41"}',
    "trailing comma in object": b'{"a":1,}',
    "trailing comma in array": b"[1,]",
    "leading comma": b"[,1]",
    "missing colon": b'{"a" 1}',
    "missing value": b'{"a":}',
    "key that is no string": b"{1:2}",
    "single quotes": b"{'a':1}",
    "comment": b'{"a":1 /* no */}',
    "trailing bytes": b"{} x",
    "two documents": b"{}{}",
    "mismatched brackets": b'{"a":[1}',
    "closing bracket too many": b"[]]",
    "leading zero": b"[01]",
    "plus sign": b"[+1]",
    "bare minus": b"[-]",
    "no digit after the point": b"[1.]",
    "no digit before the point": b"[.5]",
    "no digit in the exponent": b"[1e]",
    "hexadecimal": b"[0x10]",
    "NaN": b"[NaN]",
    "Infinity": b"[-Infinity]",
    "literal in capitals": b"[True]",
    "literal cut": b"[nul]",
    "literal with a tail": b"[truex]",
    "raw NUL between values": b"[1,\x002]",
    "raw NUL in a string": b'["a\x00b"]',
    "NUL after the document": b"{}\x00",
    "raw newline in a string": b'["a\nb"]',
    "raw U+001F in a string": b'["\x1f"]',
    "byte order mark": b"\xef\xbb\xbf{}",
    "vertical tab as white space": b"[\x0b1]",
    "no-break space as white space": b"[\xc2\xa01]",
    "lone continuation byte": b'["\x80"]',
    "overlong solidus": b'["\xc0\xaf"]',
    "overlong three bytes": b'["\xe0\x80\xaf"]',
    "surrogate in UTF-8": b'["\xed\xa0\x80"]',
    "beyond U+10FFFF": b'["\xf4\x90\x80\x80"]',
    "UTF-8 cut by the quote": b'["\xe2\x82"]',
    "UTF-16": '{"a":1}'.encode("utf-16-le"),
    "arrays 129 deep": b"[" * 129 + b"]" * 129,
    "objects 129 deep": b'{"a":' * 129 + b"1" + b"}" * 129,
    "depth bomb": b"[" * 500_000,
    "bad text under a planned place": b'{"billing_address":{"x":[1,2,}}',
}

VALID = {
    "numbers beyond double": b'{"card":{"cvv":1e999999},"metadata":[-1E-9999,' + b"9" * 400 + b"]}",
    "lone surrogates": b'{"card":{"cvv":"\\ud800","holder":"\\udc00\\ud800x"},"note":"\\udfff"}',
    "NUL as an escape": b'{"card":{"holder":"a\\u0000b"},"k\\u0000":1}',
    "arrays 128 deep": b"[" * 128 + b"]" * 128,
    "planned value down to 128": b'{"billing_address":' + b"[" * 127 + b"]" * 127 + b"}",
    "scalar document": b" 1.10e-0 ",
}


class JsonRejects(EnclaveCase):
    """What is no JSON, on both routes, and its valid neighbours."""

    def test_malformed_json_of_every_kind(self):
        with Connection(self.enclave) as connection:
            for name, body in MALFORMED.items():
                for message in (seal_request(body), open_request(body)):
                    with self.subTest(name):
                        self.assert_problem(connection.exchange(message), 400, "malformed_json")

    def test_malformed_payload_of_an_envelope(self):
        with Connection(self.enclave) as connection:
            for name in ("truncated escape", "leading zero", "raw NUL in a string", "overlong solidus", "literal cut"):
                with self.subTest(name):
                    message = seal_request(b'{"payload":' + MALFORMED[name] + b"}", route="/encrypt")
                    self.assert_problem(connection.exchange(message), 400, "malformed_json")

    def test_valid_neighbours_round_trip(self):
        with Connection(self.enclave) as connection:
            for name, body in VALID.items():
                with self.subTest(name):
                    sealed = connection.exchange(seal_request(body))
                    self.assertEqual(sealed.status, 200)
                    self.assertEqual(connection.exchange(open_request(sealed.body)).body, body)


class RequestRejects(EnclaveCase):
    """What is JSON and still no request."""

    def test_schema_header_missing_repeated_or_unknown(self):
        body = b"{}"
        cases = [
            (request("POST", "/v1/encrypt", body), 400, "schema_header_missing"),
            (seal_request(body, ""), 400, "schema_header_missing"),
            (seal_request(body, **{"x_schema_name": "patient-v1"}), 400, "malformed_request"),
            (seal_request(body, "payments-v2"), 404, "schema_unknown"),
            (seal_request(body, "payments-v1.yaml"), 404, "schema_unknown"),
            (seal_request(body, "../schemas/payments-v1"), 404, "schema_unknown"),
            (seal_request(body, "PAYMENTS-V1"), 404, "schema_unknown"),
            (seal_request(body, "payments-v1#/components/schemas/Nobody"), 404, "schema_unknown"),
            (seal_request(body, "payments-v1#/components/schemas/Card/properties/cvv"), 404, "schema_unknown"),
            (seal_request(body, "payments-v1#"), 404, "schema_unknown"),
        ]
        with Connection(self.enclave) as connection:
            for message, status, code in cases:
                with self.subTest(message.split(b"\r\n\r\n")[0]):
                    self.assert_problem(connection.exchange(message), status, code)

    def test_paths_and_methods(self):
        with Connection(self.enclave) as connection:
            for path in ("/", "/encrypt/", "/v1", "/v2/encrypt", "/v1/encrypt%20", "/ENCRYPT", "/drain", "/health/x"):
                with self.subTest(path):
                    self.assert_problem(connection.exchange(request("POST", path, b"{}")), 404, "not_found")
            for method, path, allowed in [("GET", "/encrypt", "POST"), ("PUT", "/v1/encrypt", "POST"),
                                          ("DELETE", "/v1/decrypt", "POST"), ("BREW", "/decrypt", "POST"),
                                          ("POST", "/health", "GET"), ("DELETE", "/readyz", "GET")]:
                with self.subTest(f"{method} {path}"):
                    answer = connection.exchange(request(method, path, b"{}"))
                    self.assert_problem(answer, 405, "method_not_allowed")
                    self.assertIn(allowed, answer.headers["allow"].split(", "))

    def test_media_types(self):
        with Connection(self.enclave) as connection:
            for wrong in ("text/plain", "application/jsonp", "application/json5", "application/xml", "json", "*/*"):
                with self.subTest(wrong):
                    answer = connection.exchange(seal_request(b"{}", Content_Type=wrong))
                    self.assert_problem(answer, 415, "unsupported_media_type")
            for right in ("application/json", "Application/JSON", 'application/json; charset="utf-8"'):
                with self.subTest(right):
                    self.assertEqual(connection.exchange(seal_request(b"{}", Content_Type=right)).status, 200)


class BodyLimit(EnclaveCase):
    """MAX_BODY_BYTES, with each framing."""

    SETTINGS = {"MAX_BODY_BYTES": "65536"}
    LIMIT = 65536

    def body(self, size):
        return b'{"note":"' + b"n" * (size - 11) + b'"}'

    def chunked(self, body):
        head = seal_request(b"", Content_Length=None, Transfer_Encoding="chunked")
        return head + b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n"

    def test_limit_is_exact(self):
        for size, status in ((self.LIMIT - 1, 200), (self.LIMIT, 200), (self.LIMIT + 1, 413)):
            for message in (seal_request(self.body(size)), self.chunked(self.body(size))):
                with self.subTest(size=size):
                    answer = send_once(self.enclave, message)
                    self.assertEqual(answer.status, status)
                    if status == 413:
                        self.assert_problem(answer, 413, "body_too_large")

    def test_announced_size_is_refused_before_the_body_comes(self):
        for size in (self.LIMIT + 1, 2**40):
            head = seal_request(b"", Content_Length=str(size), Expect="100-continue")
            self.assert_problem(send_once(self.enclave, head), 413, "body_too_large")


class TokenRejects(EnclaveCase):
    """Tokens that are not exactly ours."""

    def setUp(self):
        body = b'{"card":{"holder":"Ada Example","number":"4111111111111111"},"customer":{"email":"a@example.com"}}'
        sealed = json.loads(send_once(self.enclave, seal_request(body)).body)
        self.token = sealed["card"]["holder"]
        self.card, self.email = sealed["card"]["number"], sealed["customer"]["email"]

    def reject(self, connection, value, path="/card/holder"):
        document_text = json.dumps({"card": {"holder": value}}).encode()
        answer = connection.exchange(open_request(document_text))
        self.assert_problem(answer, 422, "token_rejected")
        self.assertEqual(answer.json()["path"], path)

    def test_tampered_truncated_and_respelled_tokens(self):
        prefix, payload = self.token[:12], self.token[12:]
        respelled = [prefix + payload[:i] + ALPHABET[(ALPHABET.index(c) + 1) % 64] + payload[i + 1:]
                     for i, c in enumerate(payload)]
        variants = respelled + [self.token[:i] for i in range(len(self.token))] + [
            self.token + c for c in ("=", "A", "==", " ", "\n", "\x00", ".")] + [
            " " + self.token, "V2" + self.token[2:], "v3" + self.token[2:], "v1" + self.token[2:],
            self.token.replace(".", "", 1), self.token.replace(".", "..", 1), self.token.replace(".", ":"),
            prefix[:3] + prefix[3:].upper().translate(str.maketrans("0123456789", "GHIJKLMNOP")) + payload,
            prefix + "é" + payload[1:], prefix + "+" + payload[1:], prefix + payload * 2, prefix]
        with Connection(self.enclave) as connection:
            for variant in variants:
                with self.subTest(variant):
                    self.reject(connection, variant)
            answer = connection.exchange(open_request(json.dumps({"card": {"holder": self.token}}).encode()))
            self.assertEqual(answer.json()["card"]["holder"], "Ada Example")

    def test_last_character_has_one_spelling(self):
        """Base64 leaves unused bits in the last character; only zeros there are ours."""
        with Connection(self.enclave) as connection:
            for value in ("x", "xy", "xyz"):  # 1, 2 and 0 bytes in the last group, in some order
                message = seal_request(json.dumps({"card": {"cvv": value}}).encode())
                token = connection.exchange(message).json()["card"]["cvv"]
                opened = 0
                for last in ALPHABET:
                    body = json.dumps({"card": {"cvv": token[:-1] + last}}).encode()
                    opened += connection.exchange(open_request(body)).status == 200
                self.assertEqual(opened, 1)

    def test_token_of_another_context(self):
        with Connection(self.enclave) as connection:
            for value in (self.card, self.email):
                self.reject(connection, value)

    def test_values_that_are_no_tokens(self):
        with Connection(self.enclave) as connection:
            for value in ("", "Ada Example", 1, 1.5, True, False, [], {}, [self.token], {"v2": self.token}):
                with self.subTest(value):
                    self.reject(connection, value)

    def test_token_whose_literal_has_escapes_is_another_spelling(self):
        for spelled in ("\\u0076" + self.token[1:], "".join(f"\\u{ord(c):04x}" for c in self.token)):
            answer = send_once(self.enclave, open_request(b'{"card":{"holder":"' + spelled.encode() + b'"}}'))
            self.assert_problem(answer, 422, "token_rejected")

    def test_token_of_a_key_that_is_not_loaded(self):
        kid = "00000000" if self.token[3:11] != "00000000" else "11111111"
        body = json.dumps({"card": {"holder": f"v2.{kid}.{self.token[12:]}"}}).encode()
        self.assert_problem(send_once(self.enclave, open_request(body)), 503, "key_not_loaded")

    def test_path_names_what_the_schema_spells_out_and_nothing_else(self):
        cases = [
            ("patient-v1", {"notes": {"dr. secret": "no token"}}, "/notes/*"),
            ("patient-v1", {"ext_secret": "no token"}, "/*"),
            ("patient-v1", {"observations": [{}, {"reading": ["t", 5]}]}, "/observations/1/reading/1"),
            ("payments-v1", {"items": [{}, {}, {"parts": [{"recipient": {"name": "x"}}]}]},
             "/items/2/parts/0/recipient/name"),
            ("payments-v1", {"billing_address": {"city": "x"}}, "/billing_address"),
        ]
        for schema, body, path in cases:
            with self.subTest(path):
                answer = send_once(self.enclave, open_request(json.dumps(body).encode(), schema))
                self.assert_problem(answer, 422, "token_rejected")
                self.assertEqual(answer.json()["path"], path)
                self.assertNotIn(b"secret", answer.body)

    def test_one_bad_token_refuses_the_whole_document(self):
        body = json.dumps({"card": {"holder": self.token, "cvv": "no token"}}).encode()
        answer = send_once(self.enclave, open_request(body))
        self.assert_problem(answer, 422, "token_rejected")
        self.assertNotIn(b"Ada", answer.body)


class WhoMay(EnclaveCase):
    """DECRYPT_CLIENTS unset means nobody."""

    SETTINGS = {"DECRYPT_CLIENTS": None}

    def test_decrypt_is_closed_until_opened(self):
        sealed = send_once(self.enclave, seal_request(document("payments-v1")))
        self.assertEqual(sealed.status, 200)
        for route in ("/decrypt", "/v1/decrypt"):
            self.assert_problem(send_once(self.enclave, open_request(sealed.body, route=route)), 403, "not_allowed")

    def test_encrypt_can_be_closed_too(self):
        enclave = self.start(settings={"ENCRYPT_CLIENTS": "nobody"})
        for route in ("/encrypt", "/v1/encrypt"):
            self.assert_problem(send_once(enclave, seal_request(b'{"payload":{}}', route=route)), 403, "not_allowed")
