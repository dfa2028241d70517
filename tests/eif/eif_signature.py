"""A second opinion on signed Enclave Image Files: writes and takes apart the signature section with its own CBOR, and has
ECDSA done by the openssl command. Shares no code with lib/eif."""

import base64
import hashlib
import struct
import subprocess

ALGORITHMS = {"P-256": (-7, "sha256", 32), "P-384": (-35, "sha384", 48), "P-521": (-36, "sha512", 66)}


def _head(major, value):
    if value < 24:
        return bytes([major << 5 | value])
    for info, form in ((24, ">B"), (25, ">H"), (26, ">I")):
        if value < 1 << 8 * struct.calcsize(form):
            return bytes([major << 5 | info]) + struct.pack(form, value)
    raise ValueError(value)


def cbor(value):
    """Of int, bytes, str, list and dict, in the order given."""
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        return _head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return _head(4, len(value)) + b"".join(map(cbor, value))
    return _head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in value.items())


def _der_integer(raw):
    raw = raw.lstrip(b"\0") or b"\0"
    raw = b"\0" + raw if raw[0] & 0x80 else raw
    return b"\x02" + bytes([len(raw)]) + raw


def to_der(signature):
    half = len(signature) // 2
    body = _der_integer(signature[:half]) + _der_integer(signature[half:])
    return b"\x30" + (b"\x81" if len(body) > 127 else b"") + bytes([len(body)]) + body


def from_der(der, size):
    at = 3 if der[1] & 0x80 else 2
    parts = []
    for _ in range(2):
        length = der[at + 1]
        parts.append(int.from_bytes(der[at + 2:at + 2 + length], "big").to_bytes(size, "big"))
        at += 2 + length
    return b"".join(parts)


def payload(pcr0):
    return cbor({"register_index": 0, "register_value": list(bytes.fromhex(pcr0))})


def to_be_signed(curve, pcr0):
    return cbor(["Signature1", cbor({1: ALGORITHMS[curve][0]}), b"", payload(pcr0)])


def section(curve, key, certificate, pcr0, algorithm=None, signed_pcr0=None):
    """The section by the key and certificate of these files. `algorithm` and `signed_pcr0` lie about it."""
    number, digest, size = ALGORITHMS[curve]
    der = subprocess.run(["openssl", "dgst", "-" + digest, "-sign", key], input=to_be_signed(curve, signed_pcr0 or pcr0),
                         capture_output=True, check=True).stdout
    sign1 = cbor([cbor({1: algorithm or number}), {}, payload(pcr0), from_der(der, size)])
    return cbor([{"signing_certificate": list(certificate.read_bytes()), "signature": list(sign1)}])


def is_signed(curve, certificate, pcr0, data, folder):
    """Whether `data` is, to the byte, the section that this certificate's key makes of its own last bytes."""
    digest, size = ALGORITHMS[curve][1:]
    header, body = cbor({1: ALGORITHMS[curve][0]}), payload(pcr0)
    before = cbor([header, {}, body])[1:]
    prefix = _head(4, 1) + _head(5, 2) + cbor("signing_certificate") + cbor(list(certificate.read_bytes()))
    prefix += cbor("signature")
    length = len(_head(4, 4) + before + cbor(bytes(2 * size)))
    assert data.startswith(prefix + _head(4, length))
    integers, at = [], len(prefix + _head(4, length))
    while at < len(data):
        at += data[at] == 24
        integers.append(data[at])
        at += 1
    sign1 = bytes(integers)
    assert len(sign1) == length and data == prefix + cbor(list(sign1))
    assert sign1.startswith(_head(4, 4) + before)
    (folder / "signature.der").write_bytes(to_der(sign1[-2 * size:]))
    public = subprocess.run(["openssl", "x509", "-in", certificate, "-pubkey", "-noout"], capture_output=True, check=True)
    (folder / "public.pem").write_bytes(public.stdout)
    return subprocess.run(["openssl", "dgst", "-" + digest, "-verify", folder / "public.pem", "-signature",
                           folder / "signature.der"], input=to_be_signed(curve, pcr0), capture_output=True,
                          check=False).returncode == 0


def pcr8(certificate):
    """SHA384(48 zeros || SHA384(DER)) of a file in PEM."""
    text = certificate.read_text().split("-----")
    der = base64.b64decode(text[2])
    return hashlib.sha384(bytes(48) + hashlib.sha384(der).digest()).hexdigest()
