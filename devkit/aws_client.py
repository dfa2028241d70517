"""Signed calls of AWS's JSON services with nothing but the standard library: what the demo and the tests set the
emulator up with. Signature Version 4, as AWS documents it."""

import configparser
import datetime
import hashlib
import hmac
import json
import urllib.error
import urllib.parse
import urllib.request
import uuid


class Refused(Exception):
    """The service refused a call. `code` is the name of its error."""

    def __init__(self, status, code, message):
        super().__init__(f"{code} ({status}): {message}")
        self.status, self.code = status, code


def read_credentials(path):
    """(access key id, secret access key) of the default profile of a shared credentials file."""
    parser = configparser.ConfigParser()
    with open(path, encoding="utf-8") as text:
        parser.read_file(text)
    return parser["default"]["aws_access_key_id"], parser["default"]["aws_secret_access_key"]


class AwsClient:
    """KMS, Secrets Manager and the like at one endpoint."""

    SERVICES = {"kms": "TrentService", "secretsmanager": "secretsmanager"}

    def __init__(self, endpoint, region, credentials):
        self.endpoint, self.region = endpoint, region
        self.key_id, self.secret = credentials

    def call(self, service, operation, **members):
        """The answer's JSON. Raises Refused."""
        if operation in ("CreateSecret", "PutSecretValue"):
            members.setdefault("ClientRequestToken", str(uuid.uuid4()))  # as every SDK adds it
        body = json.dumps(members).encode()
        host = urllib.parse.urlsplit(self.endpoint).netloc
        headers = {"content-type": "application/x-amz-json-1.1", "host": host,
                   "x-amz-date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ"),
                   "x-amz-target": f"{self.SERVICES[service]}.{operation}"}
        headers["authorization"] = self._authorization(service, headers, body)
        request = urllib.request.Request(self.endpoint + "/", data=body, method="POST", headers=headers)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as answer:
                return json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            found = json.loads(error.read() or b"{}")
            code = found.get("__type", "Unknown").rpartition("#")[2]
            raise Refused(error.code, code, found.get("message") or found.get("Message") or "") from None

    def _authorization(self, service, headers, body):
        date = headers["x-amz-date"]
        names = ";".join(sorted(headers))
        canonical = "\n".join(["POST", "/", "", *(f"{name}:{headers[name]}" for name in sorted(headers)), "", names,
                               hashlib.sha256(body).hexdigest()])
        scope = f"{date[:8]}/{self.region}/{service}/aws4_request"
        to_sign = "\n".join(["AWS4-HMAC-SHA256", date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = ("AWS4" + self.secret).encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), hashlib.sha256)
        signature = hmac.digest(key, to_sign.encode(), hashlib.sha256).hex()
        return f"AWS4-HMAC-SHA256 Credential={self.key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
