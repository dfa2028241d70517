"""nitro-enc schema."""

import base64
import json
import stat
import unittest

from cli_case import REFUSED, TESTDATA, USAGE, CliCase

SEALED = """openapi: 3.1.0
paths: {}
components:
  schemas:
    Order:
      properties:
        id: {type: string}
        email: {type: string, x-pii: {mode: deterministic, context: email}}
        phone: {type: string, x-pii: true}
"""
INHERITED = """openapi: 3.0.3
paths: {}
components:
  schemas:
    Visit: {properties: {pet: {$ref: '#/components/schemas/Pet'}}}
    Pet:
      properties: {kind: {type: string}}
      discriminator:
        propertyName: kind
        mapping:
          dog: '#/components/schemas/Dog'
    Dog:
      allOf:
        - $ref: '#/components/schemas/Pet'
        - properties: {ownerSsn: {type: string, x-pii: true}}
"""
FORGOTTEN = SEALED + "        iban: {type: string}\n"
BROKEN = SEALED.replace("x-pii: true", "x-pii: maybe")


class Check(CliCase):
    def test_passes_a_schema_and_shows_what_is_sealed(self):
        out, err = self.run_cli("schema", "check", "--strict", self.write("order.yaml", SEALED))
        self.assertIn("#/components/schemas/Order\n", out)
        self.assertIn("/email\tdeterministic\temail\n", out)
        self.assertIn("/phone\trandomized\t\n", out)
        self.assertEqual(err, "")

    def test_warns_of_what_looks_forgotten(self):
        path = self.write("order.yaml", FORGOTTEN)
        _, err = self.run_cli("schema", "check", path)
        self.assertEqual(err.splitlines(), [
            f"{path}:10: warning: /iban of #/components/schemas/Order is not sealed and by its name holds "
            "an account number"])
        self.run_cli("schema", "check", "--strict", path, status=REFUSED)

    def test_refuses_what_the_enclave_refuses(self):
        path = self.write("order.yaml", BROKEN)
        self.assertIn(f"{path}:9: refused: ", self.refused("schema", "check", path))

    def test_goes_on_behind_a_refused_file(self):
        out, err = self.run_cli("schema", "check", self.write("a.yaml", BROKEN), self.write("b.yaml", FORGOTTEN),
                                self.directory / "none.json", self.write("c.txt", SEALED), status=REFUSED)
        self.assertIn("b.yaml: compiles", out)
        self.assertEqual(len(err.splitlines()), 4)

    def test_prints_json(self):
        report, = self.run_json("schema", "check", "--json", self.write("order.yaml", FORGOTTEN))
        self.assertEqual(report["roots"][0]["root"], "/components/schemas/Order")
        self.assertEqual(report["roots"][0]["paths"][0],
                         {"path": "/email", "mode": "deterministic", "context": "email", "previous_contexts": []})
        self.assertEqual([(w["kind"], w["line"], w["path"]) for w in report["warnings"]],
                         [("unsealed_name", 10, "/iban")])
        self.assertFalse(report["root_required"])

    def test_passes_the_schemas_of_the_demo(self):
        files = sorted((TESTDATA / "schemas").iterdir())
        reports = self.run_json("schema", "check", "--json", *files)
        self.assertEqual([r["file"] for r in reports], [str(f) for f in files])
        by_name = {r["file"].rsplit("/", 1)[1]: r for r in reports}
        self.assertTrue(by_name["ambiguous-v1.yaml"]["root_required"])
        self.assertFalse(by_name["payments-v1.yaml"]["root_required"])


class Paths(CliCase):
    def test_lists_the_paths_of_the_union_and_of_one_root(self):
        path = self.write("order.yaml", SEALED)
        listed = "/email\tdeterministic\temail\n/phone\trandomized\t\n"
        self.assertEqual(self.run_cli("schema", "paths", path)[0], listed)
        for root in ("/components/schemas/Order", "#/components/schemas/Order"):
            self.assertEqual(self.run_cli("schema", "paths", path, "--root", root)[0], listed)
        self.refused("schema", "paths", path, "--root", "/components/schemas/Nobody")

    def test_lists_what_a_discriminator_leads_to(self):
        path = self.write("pet.yaml", INHERITED)
        out, _ = self.run_cli("schema", "paths", path, "--root", "/components/schemas/Visit")
        self.assertEqual(out, "/pet/ownerSsn\trandomized\t\n")
        out, _ = self.run_cli("schema", "check", "--strict", path)
        self.assertIn("#/components/schemas/Visit\n    /pet/ownerSsn\trandomized\t\n", out)
        away = self.write("away.yaml", INHERITED.replace("'#/components/schemas/Dog'", "dog.yaml"))
        self.assertIn(f"{away}:11: refused: ", self.refused("schema", "check", away))

    def test_asks_for_a_root_where_roots_disagree(self):
        path = TESTDATA / "schemas/ambiguous-v1.yaml"
        self.assertIn("--root", self.refused("schema", "paths", path))
        self.run_cli("schema", "paths", path, "--root", "/components/schemas/Visitor")

    def test_takes_the_mode_of_the_enclave(self):
        path = self.write("order.yaml", SEALED)
        out, _ = self.run_cli("schema", "paths", path, "--default-mode", "deterministic")
        self.assertIn("/phone\tdeterministic\t\n", out)
        self.refused("schema", "paths", path, "--default-mode", "none", status=USAGE)


class Sign(CliCase):
    def setUp(self):
        super().setUp()
        self.key = self.directory / "key.pem"
        self.public_key = self.run_cli("schema", "keygen", "--out", self.key)[0].strip()
        self.schema = self.write("order.yaml", SEALED)
        self.signature = self.directory / "order.yaml.sig"

    def sign(self, *words, **options):
        return self.run_cli("schema", "sign", "--key", self.key, *words, **options)

    def verify(self, *words, **options):
        return self.run_cli("schema", "verify", "--public-key", self.public_key, *words, **options)

    def version(self):
        return json.loads(self.signature.read_text())["version"]

    def test_keys_are_private_and_never_overwritten(self):
        self.assertEqual(stat.S_IMODE(self.key.stat().st_mode), 0o600)
        self.assertTrue(self.key.read_text().startswith("-----BEGIN PRIVATE KEY-----\n"))
        self.assertEqual(len(base64.b64decode(self.public_key, validate=True)), 44)
        self.assertEqual(self.run_cli("schema", "public-key", "--key", self.key)[0].strip(), self.public_key)
        before = self.key.read_text()
        self.refused("schema", "keygen", "--out", self.key)
        self.assertEqual(self.key.read_text(), before)

    def test_keys_that_others_can_read_are_refused(self):
        self.key.chmod(0o644)
        self.assertIn("chmod 600", self.refused("schema", "sign", "--key", self.key, self.schema))

    def test_signatures_count_up_when_the_schema_changes(self):
        self.sign(self.schema)
        self.assertEqual(self.version(), 1)
        self.verify(self.schema)
        self.sign(self.schema)  # nothing has changed
        self.assertEqual(self.version(), 1)
        self.schema.write_text(SEALED + "# changed\n")
        self.verify(self.schema, status=REFUSED)
        self.sign(self.schema)
        self.assertEqual(self.version(), 2)
        self.verify(self.schema, "--min-version", "2")
        self.verify(self.schema, "--min-version", "3", status=REFUSED)

    def test_versions_can_be_chosen_in_range(self):
        self.sign("--version", 2**53 - 1, self.schema)
        self.assertEqual(self.version(), 2**53 - 1)
        for version in ("0", "-1", 2**53, "1.0", "x"):
            self.refused("schema", "sign", "--key", self.key, "--version", version, self.schema, status=USAGE)

    def test_names_are_the_files_or_paths_below_a_directory_or_given(self):
        nested = self.write("schemas/team/order.yaml", SEALED)
        self.sign(nested)
        self.verify("--name", "order", nested)
        self.sign("--base-dir", self.directory / "schemas", nested)
        self.verify("--name", "team/order", nested)
        self.verify("--base-dir", self.directory / "schemas", nested)
        self.verify(nested, status=REFUSED)
        self.sign("--name", "elsewhere", nested)
        self.verify("--name", "elsewhere", nested)
        self.refused("schema", "sign", "--key", self.key, "--base-dir", self.directory / "other", nested)
        self.refused("schema", "sign", "--key", self.key, "--name", "a#b", nested)

    def test_what_does_not_compile_is_not_signed(self):
        self.schema.write_text(BROKEN)
        self.refused("schema", "sign", "--key", self.key, self.schema)
        self.assertFalse(self.signature.exists())

    def test_what_is_no_signature_is_not_counted_on(self):
        self.signature.write_text("{}")
        self.refused("schema", "sign", "--key", self.key, self.schema)
        self.sign("--version", "7", self.schema)
        self.assertEqual(self.version(), 7)

    def test_another_key_verifies_nothing(self):
        self.sign(self.schema)
        other = self.run_cli("schema", "keygen", "--out", self.directory / "other.pem")[0].strip()
        self.refused("schema", "verify", "--public-key", other, self.schema)
        self.refused("schema", "verify", "--public-key", "AAAA", self.schema, status=USAGE)
        self.signature.unlink()
        self.verify(self.schema, status=REFUSED)

    def test_the_signature_is_what_another_implementation_makes(self):
        try:
            from cryptography.hazmat.primitives.serialization import load_pem_private_key
        except ImportError:
            self.skipTest("python3-cryptography is not installed")
        import hashlib
        import struct
        self.sign("--version", "5", self.schema)
        key = load_pem_private_key(self.key.read_bytes(), None)
        message = (b"nes-schema-v1\0" + struct.pack(">I", 5) + b"order" + struct.pack(">Q", 5)
                   + hashlib.sha256(self.schema.read_bytes()).digest())
        made = json.loads(self.signature.read_text())["signature"]
        self.assertEqual(base64.b64decode(made), key.sign(message))


if __name__ == "__main__":
    unittest.main()
