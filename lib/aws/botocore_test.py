#!/usr/bin/env python3
"""Holds sigv4.cc against botocore: the same Authorization header for many generated requests."""

import calendar
import os
import random
import string
import subprocess
import sys
import time
import unittest
from urllib.parse import quote

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

REQUESTS = 500
UNRESERVED = "-._~"
TEXT = string.ascii_letters + string.digits + UNRESERVED + " !\"#$%&'()*+,/:;<=>?@[\\]^`{|}äß€𝄞"


def text(rng, alphabet=TEXT, least=0, most=12):
    return "".join(rng.choice(alphabet) for _ in range(rng.randint(least, most)))


def path(rng, style):
    """As it is sent: encoded once; for services that normalize, with segments that normalizing removes."""
    odd = ["", ".", ".."] if style == "common" else ["", "."]
    segments = [rng.choice(odd) if rng.random() < 0.2 else quote(text(rng), safe=UNRESERVED)
                for _ in range(rng.randint(0, 5))]
    return "/" + "/".join(segments)


def headers(rng):
    found = {"Host": "host-" + text(rng, string.ascii_lowercase, 1) + ".example.com"}
    for _ in range(rng.randint(0, 5)):
        name = rng.choice(["X-Amz-", "x-", "Content-", "a"]) + text(rng, string.ascii_letters + "-", 1)
        if name.lower() not in {have.lower() for have in found} and name.lower() != "content-length":
            found[name] = text(rng, string.ascii_letters + string.digits + "  \t\"=/;", 0, 30)
    return found


def hexed(value):
    data = value if isinstance(value, bytes) else value.encode()
    return data.hex() or "-"


def pairs(items):
    return ",".join(f"{hexed(name)}:{hexed(value).replace('-', '')}" for name, value in items) or "-"


def make(rng):
    """(line for the probe, Authorization of botocore)"""
    style = rng.choice(["common", "s3"])
    region = rng.choice(["us-east-1", "eu-central-1", "cn-north-1"])
    service = "s3" if style == "s3" else rng.choice(["kms", "secretsmanager", "service"])
    key_id, key = "AKID" + text(rng, string.ascii_uppercase), text(rng, string.ascii_letters + "+/", 1, 40)
    token = text(rng, string.ascii_letters + "+/=", 1, 60) if rng.random() < 0.5 else ""
    method = rng.choice(["GET", "PUT", "POST"])
    target, sent = path(rng, style), headers(rng)
    query = {text(rng, TEXT, 1): text(rng) for _ in range(rng.randint(0, 4))}
    body = rng.randbytes(rng.choice([0, 1, 64, 1000]))

    request = AWSRequest(method, f"http://{sent['Host']}{target}", dict(sent), body, params=query)
    signer = S3SigV4Auth if style == "s3" else SigV4Auth
    signer(Credentials(key_id, key, token or None), service, region).add_auth(request)
    stamp = request.context["timestamp"]
    unix_ms = calendar.timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ")) * 1000
    words = [style, str(unix_ms), *map(hexed, (region, service, key_id, key, token, method, target)),
             pairs(query.items()), pairs(sent.items()), hexed(body)]
    return " ".join(words), request.headers["Authorization"]


class AgainstBotocore(unittest.TestCase):
    def test_signatures_are_equal(self):
        rng = random.Random(20260102)
        made = [make(rng) for _ in range(REQUESTS)]
        ours = subprocess.run([os.environ["AWS_PROBE"], "sign"], input="\n".join(line for line, _ in made) + "\n",
                              capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()
        self.assertEqual(len(ours), REQUESTS)
        for (line, theirs), our in zip(made, ours):
            self.assertEqual(our, theirs, line)


if __name__ == "__main__":
    sys.exit(unittest.main())
