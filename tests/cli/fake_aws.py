"""A Secrets Manager and a KMS that keep what they are told in memory and check no signature, and an enclave that
answers /v1/keys: what the dek commands are tested against where a test has to turn the clock or break something.
Their rules for labels are those of AWS's documentation."""

import base64
import http.server
import json
import ssl
import subprocess
import threading
import time

ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:dek-AbCdEf"
KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


class Refusal(Exception):
    def __init__(self, name):
        super().__init__(name)
        self.name = name


class FakeAws:
    """The state; `versions` maps ids to {"labels", "created", "binary"}, or is None while there is no secret."""

    def __init__(self):
        self.versions = {}
        self.calls = []
        self.fail = {}  # operation: name of an error

    def label(self, version, *labels, age=0):
        self.versions[version] = {"labels": list(labels), "created": time.time() - age, "binary": b"x"}

    def labels(self):
        return {name: sorted(v["labels"]) for name, v in self.versions.items()}

    def answer(self, operation, body):
        self.calls.append((operation, body))
        if operation in self.fail:
            raise Refusal(self.fail[operation])
        return getattr(self, operation)(body)

    def GenerateDataKeyWithoutPlaintext(self, body):
        context = json.dumps(body.get("EncryptionContext"), sort_keys=True)
        return {"KeyId": body["KeyId"], "CiphertextBlob": base64.b64encode(context.encode()).decode()}

    def CreateSecret(self, body):
        assert set(body) == {"Name"}, body
        if self.versions is not None:
            raise Refusal("ResourceExistsException")
        self.versions = {}
        return {"ARN": ARN, "Name": body["Name"]}

    def ListSecretVersionIds(self, body):
        if self.versions is None or body["SecretId"] != ARN:
            raise Refusal("ResourceNotFoundException")
        return {"ARN": ARN, "Versions": [
            {"VersionId": name, "VersionStages": v["labels"], "CreatedDate": v["created"]}
            for name, v in self.versions.items()]}

    def PutSecretValue(self, body):
        name = body["ClientRequestToken"]
        for label in body["VersionStages"]:
            self.move(label, name)
        self.versions[name] = {"labels": body["VersionStages"], "created": time.time(),
                               "binary": base64.b64decode(body["SecretBinary"])}
        self.check_labels()
        return {"ARN": ARN, "VersionId": name}

    def UpdateSecretVersionStage(self, body):
        label, source, target = body["VersionStage"], body.get("RemoveFromVersionId"), body.get("MoveToVersionId")
        holder = next((n for n, v in self.versions.items() if label in v["labels"]), None)
        if holder != source or (label == "AWSCURRENT" and target is None):
            raise Refusal("InvalidParameterException")
        self.move(label, target)
        if label == "AWSCURRENT":
            self.move("AWSPREVIOUS", source)
        self.check_labels()
        return {"ARN": ARN}

    def move(self, label, target):
        for version in self.versions.values():
            if label in version["labels"]:
                version["labels"].remove(label)
        if target in self.versions:
            self.versions[target]["labels"].append(label)

    def check_labels(self):
        if sum(len(v["labels"]) for v in self.versions.values()) > 20:
            raise Refusal("LimitExceededException")


def serve(test, handle, context=None):
    """A server that answers with (status, JSON) of handle(path, headers, body) until the test is over; its port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, answer = handle(self.path, self.headers, body)
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    test.addCleanup(thread.join)
    test.addCleanup(server.server_close)
    test.addCleanup(server.shutdown)
    return server.server_address[1]


def serve_aws(test, aws):
    def handle(_path, headers, body):
        assert headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDTEST/"), headers
        try:
            return 200, aws.answer(headers["X-Amz-Target"].split(".")[1], json.loads(body))
        except Refusal as refusal:
            return 400, {"__type": refusal.name}

    return f"http://127.0.0.1:{serve(test, handle)}"


def serve_enclave(test, directory, answer, name="nitro-enc-svc"):
    """An enclave whose /v1/keys is answer(); its URL and the file of its certificate."""
    certificate, key = directory / f"{name}.pem", directory / f"{name}.key"
    if not certificate.exists():
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-subj", "/CN=boot", "-addext", f"subjectAltName=DNS:{name}", "-keyout", str(key), "-out",
                        str(certificate)], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def handle(path, _headers, _body):
        return (200, answer()) if path == "/v1/keys" else (404, {})

    return f"https://127.0.0.1:{serve(test, handle, context)}", certificate
