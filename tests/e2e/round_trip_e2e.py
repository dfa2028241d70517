"""Seal and open: what changes, what does not, and what the tokens give away."""

import json
import re

from enclave_case import EnclaveCase, document
from json_spans import planned_spans, split_at
from wire import Connection, open_request, request, seal_request, send_once

TOKEN = re.compile(r'"v2\.[0-9a-f]{8}\.[A-Za-z0-9_-]+"')

PARTY = ["Nm", "PstlAdr/StrtNm", "PstlAdr/BldgNb", "PstlAdr/PstCd", "PstlAdr/AdrLine/*",
         "Id/PrvtId/DtAndPlcOfBirth", "Id/PrvtId/Othr/*/Id", "CtctDtls/EmailAdr", "CtctDtls/PhneNb"]
ACCOUNT = ["Id/IBAN", "Id/Othr/Id", "Nm"]
PERSON = ["name", "email", "phone", "date_of_birth"]


def below(prefix, patterns):
    return [f"{prefix}/{pattern}" for pattern in patterns]


INSTRUCTION = "CstmrCdtTrfInitn/PmtInf/*"
TRANSFER = f"{INSTRUCTION}/CdtTrfTxInf/*"
PLANNED = {
    "payments-v1": [
        *below("card", ["number", "cvv", "holder"]),
        *below("customer", [*PERSON, "yearly_income", "tax_ids"]),
        *below("items/*/**/recipient", PERSON), "billing_address", "refunds/*/iban"],
    "iso20022-pain001": [
        *below("CstmrCdtTrfInitn/GrpHdr/InitgPty", PARTY),
        *below(f"{INSTRUCTION}/Dbtr", PARTY), *below(f"{INSTRUCTION}/DbtrAcct", ACCOUNT), f"{INSTRUCTION}/UltmtDbtr",
        *below(f"{TRANSFER}/Cdtr", PARTY), *below(f"{TRANSFER}/CdtrAcct", ACCOUNT), f"{TRANSFER}/RmtInf/Ustrd/*"],
    "patient-v1": [
        "identifier/*/value", "name/*", "telecom/*/value", "birthDate", "deceased", "insurance/policy",
        "insurance/member", "guardian", "observations/*/reading/1", "observations/*/members/*/reading/1",
        "ext_insurer", "notes/*"],
}
DOCUMENTS = ["payments-v1", "payments-v1.odd", "iso20022-pain001", "patient-v1"]


class RoundTrip(EnclaveCase):
    """Documents of testdata through /encrypt and /decrypt."""

    def assert_sealed(self, before, after, patterns):
        """Every planned value is a token now, every other character is where it was. Returns their number."""
        before, after = before.decode(), after.decode()
        kept, values = split_at(before, planned_spans(before, patterns))
        kept_after, tokens = split_at(after, planned_spans(after, patterns))
        self.assertEqual(kept, kept_after)
        self.assertGreater(len(values), 0)
        for token in tokens:
            self.assertRegex(token, TOKEN)
        return len(values)

    def test_only_planned_values_change_and_opening_gives_the_same_bytes(self):
        with Connection(self.enclave) as connection:
            for name in DOCUMENTS:
                with self.subTest(document=name):
                    schema, original = name.split(".")[0], document(name)
                    sealed = connection.exchange(seal_request(original, schema))
                    self.assertEqual((sealed.status, sealed.headers["content-type"]), (200, "application/json"))
                    count = self.assert_sealed(original, sealed.body, PLANNED[schema])
                    self.assertEqual(sealed.headers["x-fields-sealed"], str(count))
                    opened = connection.exchange(open_request(sealed.body, schema))
                    self.assertEqual((opened.status, opened.body), (200, original))
                    self.assertEqual(opened.headers["x-fields-opened"], str(count))

    def test_envelope_is_copied_around_the_payload(self):
        for name in DOCUMENTS:
            with self.subTest(document=name):
                schema, original = name.split(".")[0], document(name)
                envelope = b' {\t"payl\\u006fad"\r\n: ' + original + b" }\n"
                sealed = send_once(self.enclave, seal_request(envelope, schema, "/encrypt"))
                self.assertEqual(sealed.status, 200)
                patterns = below("payload", PLANNED[schema])
                count = self.assert_sealed(envelope, sealed.body, patterns)
                self.assertEqual(sealed.headers["x-fields-sealed"], str(count))
                opened = send_once(self.enclave, open_request(sealed.body, schema, "/decrypt"))
                self.assertEqual((opened.status, opened.body), (200, envelope))

    def test_payload_of_any_type_is_a_document(self):
        for payload in (b"null", b"3", b'"card"', b"[]", b"{}"):
            answer = send_once(self.enclave, seal_request(b'{"payload":' + payload + b"}", route="/encrypt"))
            self.assertEqual((answer.status, answer.body), (200, b'{"payload":' + payload + b"}"))
            self.assertEqual(answer.headers["x-fields-sealed"], "0")

    def test_envelope_with_another_repeated_or_missing_member_is_malformed_request(self):
        for envelope in (b"{}", b"[]", b'"payload"', b"null", b'{"payload":{},"payload":{}}', b'{"payload":{},"x":1}',
                         b'{"Payload":{}}', b'{"x":{}}', b'[{"payload":{}}]', b'{"payload":{},"p\\u0061yload":1}'):
            for route in ("/encrypt", "/decrypt"):
                with self.subTest(envelope=envelope, route=route):
                    answer = send_once(self.enclave, seal_request(envelope, route=route))
                    self.assert_problem(answer, 400, "malformed_request")

    def test_every_duplicate_and_every_spelling_of_a_key_is_sealed(self):
        body = b'{"card":{"cvv":"1","cvv":"2","\\u0063vv":"3","c\\u0076\\u0076":4},"c\\u0061rd":{"cvv":"5"}}'
        sealed = send_once(self.enclave, seal_request(body))
        self.assertEqual(sealed.headers["x-fields-sealed"], "5")
        self.assertEqual(len(TOKEN.findall(sealed.body.decode())), 5)
        self.assertEqual(send_once(self.enclave, open_request(sealed.body)).body, body)

    def test_null_stays_null_both_ways(self):
        body = b'{"card":{"cvv":null},"customer":{"phone":null},"billing_address":null}'
        for message in (seal_request(body), open_request(body)):
            answer = send_once(self.enclave, message)
            self.assertEqual((answer.status, answer.body), (200, body))

    def test_document_without_planned_values_comes_back_unchanged(self):
        body = b' {"Card":{"cvv":"1"},"card ":{"cvv":"2"},"cards":[{"cvv":"3"}]} '
        answer = send_once(self.enclave, seal_request(body))
        self.assertEqual((answer.status, answer.body, answer.headers["x-fields-sealed"]), (200, body, "0"))

    def test_token_shaped_values_are_sealed_again(self):
        once = send_once(self.enclave, seal_request(b'{"card":{"holder":"Ada Example"}}')).body
        twice = send_once(self.enclave, seal_request(once)).body
        self.assertNotEqual(once, twice)
        self.assertEqual(send_once(self.enclave, open_request(twice)).body, once)

    def test_deterministic_values_of_one_context_are_equal_and_randomized_ones_never(self):
        body = (b'{"customer":{"email":"a@example.com","name":"A","phone":"A"},'
                b'"items":[{"recipient":{"email":"a@example.com","name":"A"}}]}')
        first = json.loads(send_once(self.enclave, seal_request(body)).body)
        second = json.loads(send_once(self.enclave, seal_request(body)).body)
        recipient = first["items"][0]["recipient"]
        self.assertEqual(first["customer"]["email"], recipient["email"])
        self.assertEqual(first["customer"]["email"], second["customer"]["email"])
        names = [first["customer"]["name"], first["customer"]["phone"], recipient["name"], second["customer"]["name"]]
        self.assertEqual(len(set(names)), len(names))

    def test_deterministic_string_comes_back_in_canonical_spelling(self):
        spelled = b'{"card":{"number":"4242\\u00344242\\/\\u000A"}}'
        plain = b'{"card":{"number":"424244242/\\n"}}'
        sealed = send_once(self.enclave, seal_request(spelled)).body
        self.assertEqual(sealed, send_once(self.enclave, seal_request(plain)).body)
        self.assertEqual(send_once(self.enclave, open_request(sealed)).body, plain)

    def test_fragment_names_one_root(self):
        card = b'{"number":"4111111111111111","cvv":"1","email":"a@example.com"}'
        whole = json.loads(send_once(self.enclave, seal_request(card)).body)
        self.assertTrue(all(value.startswith("v2.") for value in whole.values()))
        for spelled in ("payments-v1#/components/schemas/Card", "payments-v1#/components/%73chemas/Card"):
            one = json.loads(send_once(self.enclave, seal_request(card, spelled)).body)
            self.assertTrue(one["number"].startswith("v2.") and one["cvv"].startswith("v2."))
            self.assertEqual(one["email"], "a@example.com")

    def test_roots_that_disagree_need_a_fragment_whatever_the_document(self):
        for body in (document("ambiguous-v1"), b"{}", b'{"host":"x"}'):
            answer = send_once(self.enclave, seal_request(body, "ambiguous-v1"))
            self.assert_problem(answer, 400, "schema_root_required")
        for root, count in (("Employee", "1"), ("Visitor", "2")):
            schema = f"ambiguous-v1#/components/schemas/{root}"
            sealed = send_once(self.enclave, seal_request(document("ambiguous-v1"), schema))
            self.assertEqual(sealed.headers["x-fields-sealed"], count)
            opened = send_once(self.enclave, open_request(sealed.body, schema))
            self.assertEqual(opened.body, document("ambiguous-v1"))

    def test_large_document_round_trips(self):
        item = b'{"sku":"A","quantity":1.0,"recipient":{"name":"N\\u00e9","email":"n@example.com"}},'
        body = b'{"items":[' + item * 20000 + b"null]}"
        sealed = send_once(self.enclave, seal_request(body))
        self.assertEqual((sealed.status, sealed.headers["x-fields-sealed"]), (200, "40000"))
        self.assertEqual(send_once(self.enclave, open_request(sealed.body)).body, body)

    def test_health_tells_what_is_loaded(self):
        with Connection(self.enclave) as connection:
            health = connection.exchange(request("GET", "/health"))
            self.assertEqual(health.json(), {"status": "ok", "dek_ready": True, "schemas_loaded": 4})
            for path in ("/livez", "/readyz"):
                answer = connection.exchange(request("GET", path))
                self.assertEqual(answer.status, 200)
                self.assertRegex(answer.body, rb"^[a-z]+\n?$")

    def test_log_is_json_lines_without_anything_from_a_document(self):
        canary = "Canary Zweiundvierzig"
        body = json.dumps({"card": {"holder": canary}, "reference": canary}).encode()
        sealed = send_once(self.enclave, seal_request(body)).body
        send_once(self.enclave, open_request(sealed))
        send_once(self.enclave, open_request(body))
        send_once(self.enclave, seal_request(body[:-1]))
        log = self.enclave.log_file.read_text(encoding="utf-8")
        self.assertNotIn(canary, log)
        self.assertNotIn(json.loads(sealed)["card"]["holder"], log)
        for line in log.splitlines():
            json.loads(line)
