#!/usr/bin/env python3
"""Writes token_v2.json and token_v1.json: public vectors of this project's token formats.

An oracle that shares no code with the service: AES-256, POLYVAL and AES-GCM-SIV are spelled out here from
FIPS 197 and RFC 8452, HKDF from RFC 5869; SHA-256 and HMAC are Python's. Before it writes, it checks itself
against rfc8452_aes_256_gcm_siv.txt and rfc5869_hkdf_sha256.txt. Far too slow, and not constant-time: for
vectors alone.

  make_tokens.py           writes the files
  make_tokens.py --check   exits 1 unless the files are what it would write
"""

import base64
import hashlib
import hmac
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent


# --- AES-256 (FIPS 197) ---

def gf256_multiply(a, b):
    product = 0
    while b:
        if b & 1:
            product ^= a
        a = (a << 1) ^ (0x11B if a & 0x80 else 0)
        b >>= 1
    return product


def make_s_box():
    box = []
    for x in range(256):
        inverse = next((y for y in range(256) if gf256_multiply(x, y) == 1), 0)
        rotations = [((inverse << n) | (inverse >> (8 - n))) & 0xFF for n in range(5)]
        value = 0x63
        for rotated in rotations:
            value ^= rotated
        box.append(value)
    return box


S_BOX = make_s_box()


def expand_key(key):
    words = [list(key[i:i + 4]) for i in range(0, 32, 4)]
    rcon = 1
    for i in range(8, 60):
        word = list(words[i - 1])
        if i % 8 == 0:
            word = [S_BOX[b] for b in word[1:] + word[:1]]
            word[0] ^= rcon
            rcon = gf256_multiply(rcon, 2)
        elif i % 8 == 4:
            word = [S_BOX[b] for b in word]
        words.append([a ^ b for a, b in zip(words[i - 8], word)])
    return [sum(words[i:i + 4], []) for i in range(0, 60, 4)]


def aes_encrypt(round_keys, block):
    state = [a ^ b for a, b in zip(block, round_keys[0])]
    for number, round_key in enumerate(round_keys[1:], 1):
        state = [S_BOX[b] for b in state]
        state = [state[(i + 4 * (i % 4)) % 16] for i in range(16)]  # ShiftRows; columns are stored in a row
        if number < 14:
            mixed = []
            for c in range(0, 16, 4):
                column = state[c:c + 4]
                for r in range(4):
                    a, b, d, e = (column[(r + n) % 4] for n in range(4))
                    mixed.append(gf256_multiply(a, 2) ^ gf256_multiply(b, 3) ^ d ^ e)
            state = mixed
        state = [a ^ b for a, b in zip(state, round_key)]
    return bytes(state)


# --- AES-GCM-SIV (RFC 8452) ---

# x^128 + x^127 + x^126 + x^121 + 1, and x^-128 modulo it (section 3).
POLYNOMIAL = (1 << 128) | (1 << 127) | (1 << 126) | (1 << 121) | 1
X_TO_MINUS_128 = (1 << 127) | (1 << 124) | (1 << 121) | (1 << 114) | 1


def field_multiply(a, b):
    product = 0
    while b:
        if b & 1:
            product ^= a
        a <<= 1
        if a >> 128:
            a ^= POLYNOMIAL
        b >>= 1
    return product


def polyval(key, blocks):
    h = field_multiply(int.from_bytes(key, "little"), X_TO_MINUS_128)
    total = 0
    for i in range(0, len(blocks), 16):
        total = field_multiply(total ^ int.from_bytes(blocks[i:i + 16], "little"), h)
    return total.to_bytes(16, "little")


def padded(data):
    return data + bytes(-len(data) % 16)


def gcm_siv_seal(key, nonce, aad, plaintext):
    generating = expand_key(key)
    halves = [aes_encrypt(generating, n.to_bytes(4, "little") + nonce)[:8] for n in range(6)]
    authentication_key, encryption = b"".join(halves[:2]), expand_key(b"".join(halves[2:]))

    lengths = (8 * len(aad)).to_bytes(8, "little") + (8 * len(plaintext)).to_bytes(8, "little")
    digest = bytearray(polyval(authentication_key, padded(aad) + padded(plaintext) + lengths))
    for i in range(12):
        digest[i] ^= nonce[i]
    digest[15] &= 0x7F
    tag = aes_encrypt(encryption, digest)

    counter = bytearray(tag)
    counter[15] |= 0x80
    ciphertext = bytearray()
    for i in range(0, len(plaintext), 16):
        stream = aes_encrypt(encryption, counter)
        ciphertext += bytes(a ^ b for a, b in zip(plaintext[i:i + 16], stream))
        counter[:4] = ((int.from_bytes(counter[:4], "little") + 1) & 0xFFFFFFFF).to_bytes(4, "little")
    return bytes(ciphertext) + tag


# --- HKDF-SHA256 (RFC 5869) and HMAC ---

def hmac_sha256(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def hkdf_sha256(secret, salt, info, size):
    key = hmac_sha256(salt or bytes(32), secret)
    output, block, count = b"", b"", 0
    while len(output) < size:
        count += 1
        block = hmac_sha256(key, block + info + bytes([count]))
        output += block
    return output[:size]


# --- the tokens ---

def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token_v2(dek, context, plaintext):
    label = b"nitro-enc-svc/v2"
    aead_key = hkdf_sha256(dek, b"", label + b"/aead", 32)
    nonce_key = hkdf_sha256(dek, b"", label + b"/nonce", 32)
    kid = hkdf_sha256(dek, b"", label + b"/kid", 4).hex()
    nonce = hmac_sha256(nonce_key, len(context).to_bytes(4, "big") + context + plaintext)[:12]
    aad = label + b"\0" + kid.encode() + b"\0" + context
    return kid, "v2." + kid + "." + base64url(nonce + gcm_siv_seal(aead_key, nonce, aad, plaintext))


def token_v1(dek, value):
    nonce = hmac_sha256(dek, value)[:12]
    return "v1." + base64url(nonce) + "." + base64url(gcm_siv_seal(dek, nonce, b"", value))


# --- self-check and output ---

def read_cases(name):
    cases, current = [], {}
    for line in (HERE / name).read_text().splitlines() + [""]:
        if line.startswith("#"):
            continue
        if line:
            key, value = line.split(" =", 1)
            current[key] = value.strip() if key == "case" else bytes.fromhex(value)
        elif current:
            cases.append(current)
            current = {}
    return cases


def check_oracle():
    for case in read_cases("rfc8452_aes_256_gcm_siv.txt"):
        sealed = gcm_siv_seal(case["key"], case["nonce"], case["aad"], case["plaintext"])
        assert sealed == case["result"], "RFC 8452 " + case["case"]
    for case in read_cases("rfc5869_hkdf_sha256.txt"):
        output = hkdf_sha256(case["secret"], case["salt"], case["info"], len(case["output"]))
        assert output == case["output"], "RFC 5869 " + case["case"]


DEKS = [bytes(range(32)), bytes(255 - 7 * i & 0xFF for i in range(32))]
CONTEXTS = [b"", b"payments.card", b"A" * 64]
# The first byte is the type. Sizes 1, 15, 16, 17, 31, 32, 33 and 300 stand around the cipher's block.
PLAINTEXTS = [b"s", b"s4111111111111111", "sJosé Müller ☃".encode(), b"r\\u0041\\ud800", b"j123.4500",
              b'j{"a": [1, null]}', b"s" + b"x" * 14, b"s" + b"x" * 15, b"s" + b"x" * 30, b"s" + b"x" * 31,
              b"s" + b"x" * 32, b"s" + bytes(i % 128 for i in range(299))]


def render():
    v2, v1 = [], []
    for dek in DEKS:
        for context in CONTEXTS:
            for plaintext in PLAINTEXTS:
                kid, token = token_v2(dek, context, plaintext)
                v2.append({"dek": dek.hex(), "kid": kid, "context": context.decode(),
                           "plaintext": plaintext.hex(), "token": token})
        for plaintext in PLAINTEXTS:
            if plaintext.startswith(b"s"):
                v1.append({"dek": dek.hex(), "value": plaintext[1:].hex(), "token": token_v1(dek, plaintext[1:])})
    return {"token_v2.json": v2, "token_v1.json": v1}


def as_json(vectors):
    return "[\n" + ",\n".join("  " + json.dumps(vector) for vector in vectors) + "\n]\n"


def main():
    check_oracle()
    stale = []
    for name, vectors in render().items():
        text = as_json(vectors)
        if sys.argv[1:] != ["--check"]:
            (HERE / name).write_text(text)
        elif (HERE / name).read_text() != text:
            stale.append(name)
    for name in stale:
        print(f"{name} is not what make_tokens.py writes", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
