"""An enclave as `nitro-enc attest --url` sees it, without an NSM: a boot CA and a leaf under one key, made by openssl,
and unsigned attestation documents, which only `--unsigned-qemu` takes."""

import base64
import hashlib
import http.server
import ssl
import subprocess
import threading
import urllib.parse

PCRS = {0: b"\x10" * 48, 1: b"\x11" * 48, 2: b"\x12" * 48}


def head(major, size):
    """The head of a CBOR item (RFC 8949 section 3), in its shortest form."""
    if size < 24:
        return bytes([major << 5 | size])
    for info, width in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if size < 1 << 8 * width:
            return bytes([major << 5 | info]) + size.to_bytes(width, "big")
    raise ValueError(size)


def cbor(value):
    if value is None:
        return b"\xf6"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value)) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    return head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in value.items())


def document(**fields):
    payload = {"module_id": "i-test", "timestamp": 1_700_000_000_000, "digest": "SHA384", "pcrs": PCRS,
               "certificate": b"\x30", "cabundle": [b"\x30"], "public_key": None, "user_data": None, "nonce": None}
    return cbor([cbor({1: -1}), {}, cbor({**payload, **fields}), bytes(96)])


class FakeEnclave:
    """Listens until the test is over. `fields` go into its documents in place of what belongs there."""

    def __init__(self, test, directory, shows_ca=True, **fields):
        self.directory = directory
        self.fields = fields
        self.requests = []
        self.make_certificates(shows_ca)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(directory / "chain.pem", directory / "enclave.key")
        handler = self.handler()
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        test.addCleanup(thread.join)
        test.addCleanup(server.server_close)
        test.addCleanup(server.shutdown)
        self.url = f"https://127.0.0.1:{server.server_address[1]}"

    def openssl(self, *words, stdin=None):
        return subprocess.run(["openssl", *map(str, words)], input=stdin, check=True, capture_output=True,
                              cwd=self.directory).stdout

    def make_certificates(self, shows_ca):
        self.openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "enclave.key")
        self.openssl("req", "-x509", "-new", "-key", "enclave.key", "-subj", "/CN=boot CA", "-addext",
                     "keyUsage=critical,keyCertSign", "-out", "ca.pem")
        request = self.openssl("req", "-new", "-key", "enclave.key", "-subj", "/CN=leaf")
        (self.directory / "extensions").write_text("subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n")
        leaf = self.openssl("x509", "-req", "-CA", "ca.pem", "-CAkey", "enclave.key", "-extfile", "extensions",
                            stdin=request)
        self.ca = (self.directory / "ca.pem").read_bytes()
        (self.directory / "chain.pem").write_bytes(leaf + (self.ca if shows_ca else b""))
        spki = self.openssl("pkey", "-in", "enclave.key", "-pubout", "-outform", "DER")
        self.user_data = hashlib.sha256(b"nes-tls-v1\0" + spki).digest()

    def handler(self):
        enclave = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                enclave.requests.append(self.path)
                nonce = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)["nonce"][0]
                content = document(**{"nonce": base64.urlsafe_b64decode(nonce + "=" * (-len(nonce) % 4)),
                                      "user_data": enclave.user_data, **enclave.fields})
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        return Handler
