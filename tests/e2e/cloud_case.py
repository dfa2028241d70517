"""What the tests behind the emulators share: an account a class, and enclaves with the sources of production."""

import base64
import json
import pathlib
import shutil
import subprocess
import tempfile

from certificates import ClientAuthority
from emulated_cloud import EmulatedCloud
from enclave_case import BINARY, SCHEMAS, EnclaveCase, WatchedProcess
from wire import Connection, tls_context

CLIENT_SAN = "DNS:app.payments.example"


class CloudCase(EnclaveCase):
    """An emulated account with a key, a secret and signed schemas; `enclave` runs on it. A subclass may set SETTINGS
    and CLOUD_OPTIONS."""

    CLOUD_OPTIONS = {}
    cloud = None

    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="nitro-enc-cloud-"))
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        cls.folder = folder
        cls.cloud = EmulatedCloud(BINARY.parent, folder / "cloud", **cls.CLOUD_OPTIONS)
        cls.addClassCleanup(lambda: cls.cloud.stop())
        cls.cloud.start()
        cls.pcr0 = json.loads(cls.cloud.pcr_file.read_text(encoding="ascii"))["Measurements"]["PCR0"]
        cls.cloud.create_key([cls.pcr0])
        cls.cloud.create_secret()
        cls.schema_public_key = cls.cloud.make_schema_key()
        for schema in SCHEMAS:
            cls.cloud.put_schema(schema)
        cls.clients = ClientAuthority(folder / "clients")
        cls.client = cls.clients.issue("app", CLIENT_SAN)
        super().setUpClass()

    @classmethod
    def make_enclave(cls, settings=None, **options):
        home = tempfile.mkdtemp(prefix="enclave-", dir=cls.folder)
        ours = {**cls.cloud.enclave_settings(), "SCHEMA_PUBLIC_KEY": cls.schema_public_key,
                "TLS_CLIENT_CA_B64": cls.clients.base64, "DECRYPT_CLIENTS": CLIENT_SAN}
        options = {"behind_ingress": True, **options}
        return cls.watched(WatchedProcess(BINARY, pathlib.Path(home) / "enclave", settings={**ours, **(settings or {})},
                                          **options))

    def launch(self, **options):
        """A process of this test alone, whose readiness the test waits for."""
        enclave = self.make_enclave(**options)
        enclave.launch()
        self.addCleanup(self.end, enclave)
        return enclave

    def make_tls_secret(self, name):
        """What TLS_SECRET_ARN wants: the ARN of a new secret, the value to put into it, and the certificate's file."""
        certificate, key = self.clients.issue(name, "DNS:localhost", "serverAuth")
        der = subprocess.run(["openssl", "pkcs8", "-topk8", "-nocrypt", "-outform", "DER", "-in", str(key)],
                             capture_output=True, check=True).stdout
        arn = self.cloud.admin.call("secretsmanager", "CreateSecret", Name=name)["ARN"]
        blob = self.cloud.admin.call("kms", "Encrypt", KeyId=self.cloud.key_arn,
                                     Plaintext=base64.b64encode(der).decode(),
                                     EncryptionContext={"nitro-enc-svc:secret-arn": arn})["CiphertextBlob"]
        value = {"certificate": certificate.read_text(encoding="ascii"), "encryptedKey": blob}
        return arn, json.dumps(value), certificate

    def exchange(self, data, enclave=None, client=None):
        """One request on a connection of its own, by `client`, a (certificate, key), or an anonymous one."""
        enclave = enclave or self.enclave
        context = tls_context(enclave)
        if client:
            context.load_cert_chain(*client)
        with Connection(enclave, context) as connection:
            return connection.exchange(data)

    def events(self, enclave, name):
        """The log's events of this name."""
        lines = enclave.log_file.read_text(encoding="utf-8").splitlines() if enclave.log_file.exists() else []
        return [event for event in map(json.loads, filter(lambda line: line.startswith("{"), lines))
                if event["event"] == name]

    def wait_for_event(self, enclave, name, accepts=lambda _: True, timeout_s=20):
        found = []
        def there():
            found[:] = [event for event in self.events(enclave, name) if accepts(event)]
            return bool(found)
        enclave.wait_until(there, timeout_s)
        return found[0]
