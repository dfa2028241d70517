#!/usr/bin/env python3
"""The demo: an enclave on an emulated AWS account, from the measurement to the first sealed document, a rotation of
the key while requests flow, and those who are refused. Leaves nothing running, unless asked to."""

import argparse
import json
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from background import StartFailed, during
from certificates import ClientAuthority
from emulated_cloud import CommandFailed, EmulatedCloud
from enclave_process import SERVER_NAME, EnclaveProcess
from kept import KeptProcesses
from side_by_side import BOLD, DIM, GREEN, paint, show

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARIES = ROOT / "build/release/bin"
KEPT = ROOT / "build/demo"
ENV_FILE = KEPT / "env"
PROCESSES = KeptProcesses(KEPT / "processes")
SCHEMAS = sorted((ROOT / "testdata/schemas").iterdir())
DOCUMENTS = [
    ("payments-v1", "a card payment"),
    ("iso20022-pain001", "a credit transfer, ISO 20022 pain.001"),
]
CLIENT_SAN = "DNS:ledger.payments.example"
KEY_REFRESH_SECS = 2


class DemoFailed(Exception):
    """What went wrong, in a sentence for the person who runs the demo."""


def shown(command):
    return shlex.join(map(str, command)).replace(f"{ROOT}/", "")


class Steps:
    """Says what comes, and remembers how long it took."""

    def __init__(self):
        self.taken = []

    def run(self, name, action):
        begin = time.monotonic()
        result = action()
        self.taken.append((name, (time.monotonic() - begin) * 1000))
        return result

    def show(self):
        print(paint(BOLD, "How long each step took"))
        for name, milliseconds in self.taken:
            print(f"  {name:<58} {milliseconds:8.1f} ms")


class Demo:
    """The account, the enclave, its client; `work` takes all files."""

    def __init__(self, work):
        self.work = work
        self.steps = Steps()
        self.cloud = EmulatedCloud(BINARIES, work / "cloud")
        self.enclave = None
        self.others = []  # enclaves that are to be refused
        self.client = None
        self.pcr0 = ""
        self.public_key = ""

    # --- what stands around the enclave ---

    def set_up(self):
        print(paint(BOLD, "An account, and a key that only the measured enclave gets"))
        self.steps.run("start the AWS and NSM emulators and the egress", self.cloud.start)
        self.pcr0 = json.loads(self.cloud.pcr_file.read_text(encoding="ascii"))["Measurements"]["PCR0"]
        print(f"measured   PCR0 {self.pcr0[:24]}… (of enclave-dev)")
        key = self.steps.run("create a KMS key whose policy names PCR0", lambda: self.cloud.create_key([self.pcr0]))
        print(f"KMS key    {key}\n           Decrypt only if kms:RecipientAttestation:ImageSha384 is that PCR0")
        secret = self.steps.run("nitro-enc dek create: a data key that nobody has seen", self.cloud.create_secret)
        print(f"data key   {secret}")
        self.public_key = self.cloud.make_schema_key()
        self.steps.run("sign two schemas and put them into the bucket", self.put_schemas)
        print(f"schemas    {', '.join(path.stem for path in SCHEMAS)}, signed")
        authority = ClientAuthority(self.work / "clients")
        self.client = authority.issue("ledger", CLIENT_SAN)
        print(f"client     {CLIENT_SAN}, who may decrypt; anybody may encrypt")
        self.enclave = self.make_enclave("enclave", authority, {})

    def put_schemas(self):
        for schema in SCHEMAS:
            self.cloud.put_schema(schema)

    def make_enclave(self, name, authority, settings):
        ours = {**self.cloud.enclave_settings(), "SCHEMA_PUBLIC_KEY": self.public_key,
                "TLS_CLIENT_CA_B64": authority.base64, "DECRYPT_CLIENTS": CLIENT_SAN,
                "DEK_ROTATION_INTERVAL_SECS": str(KEY_REFRESH_SECS), **settings}
        return EnclaveProcess(BINARIES / "enclave-dev", self.work / name, settings=ours, behind_ingress=True)

    def start(self):
        self.enclave.launch()
        self.enclave.wait_until(lambda: self.enclave.health("/readyz")[0] == 200, 30)

    def attest(self):
        """The enclave's CA, once its key is the one that the attestation document vouches for."""
        command = [BINARIES / "nitro-enc", "attest", "--url", f"https://127.0.0.1:{self.enclave.port}",
                   "--root", self.cloud.root_pem, "--pcr0", self.pcr0, "--save-cert", self.enclave.ca_file]
        print(paint(DIM, "$ " + shown(command)))
        if not json.loads(self.cloud.run(*command))["verified"]:
            raise DemoFailed("the enclave cannot be verified")
        print(paint(GREEN, "verified: the measured code holds the key of this TLS certificate"))

    # --- requests ---

    def curl(self, route, schema, source, client=False):
        certificate = ["--cert", self.client[0], "--key", self.client[1]] if client else []
        return ["curl", "--cacert", self.enclave.ca_file, *certificate, "-H", f"X-Schema-Name: {schema}",
                "-H", "Content-Type: application/json", "--data-binary", f"@{source}", f"{self.enclave.url}{route}"]

    def post(self, route, schema, source, destination, client=False, quiet=False):
        """Sends `source` with curl and writes the answer to `destination`. Returns status and headers."""
        headers = destination.with_suffix(".headers")
        command = self.curl(route, schema, source, client)
        if not quiet:
            print(paint(DIM, "$ " + shown(command)))
        run = subprocess.run(
            [*map(str, command), "--silent", "--show-error", "--max-time", "30", "--noproxy", "*",
             "--resolve", f"{SERVER_NAME}:{self.enclave.port}:127.0.0.1",
             "--dump-header", str(headers), "--output", str(destination), "--write-out", "%{http_code}"],
            stdout=subprocess.PIPE, text=True, check=False)
        if run.returncode != 0:
            raise DemoFailed(f"curl ended with status {run.returncode}")
        fields = dict(line.lower().split(": ", 1) for line in headers.read_text(encoding="latin-1").splitlines()
                      if ": " in line)
        return int(run.stdout), fields

    def expect(self, route, schema, source, destination, count_header, client=False, quiet=False):
        """The number of fields of an answer that must be 200."""
        status, fields = self.post(route, schema, source, destination, client, quiet)
        if status != 200 or count_header not in fields:
            answer = destination.read_text(encoding="utf-8", errors="replace")
            raise DemoFailed(f"{route} answered {status}: {answer}")
        return int(fields[count_header])

    def seal_and_open(self, schema, title):
        source = ROOT / f"testdata/documents/{schema}.json"
        sealed, opened = self.work / f"{schema}.sealed.json", self.work / f"{schema}.opened.json"
        print(f"\n{paint(BOLD, f'{schema}: {title}')}")
        count = self.steps.run(f"seal {schema} (curl, new TLS connection)",
                               lambda: self.expect("/v1/encrypt", schema, source, sealed, "x-fields-sealed"))
        show(source.read_text(encoding="utf-8"), sealed.read_text(encoding="utf-8"),
             f"before, {source.stat().st_size} bytes",
             f"sealed, {sealed.stat().st_size} bytes, tokens shortened here")
        if count == 0 or source.read_bytes() == sealed.read_bytes():
            raise DemoFailed("nothing was sealed")
        opened_count = self.steps.run(
            f"open {schema} (curl, with a client certificate)",
            lambda: self.expect("/v1/decrypt", schema, sealed, opened, "x-fields-opened", client=True))
        same = subprocess.run(["cmp", str(source), str(opened)], check=False).returncode == 0
        if not same or opened_count != count:
            raise DemoFailed("what was opened differs from the original")
        print(paint(GREEN, f"{count} values sealed and opened again; cmp: all {source.stat().st_size} bytes are equal"))

    def refuse_stranger(self):
        print(f"\n{paint(BOLD, 'A client without a certificate')}")
        answer = self.work / "refused.json"
        status, _ = self.post("/v1/decrypt", DOCUMENTS[0][0], self.work / "payments-v1.sealed.json", answer)
        print(answer.read_text(encoding="utf-8"))
        if status != 403:
            raise DemoFailed(f"a client without a certificate was answered {status}")
        print(paint(GREEN, "cannot decrypt: 403"))

    # --- another key ---

    def sealing_key(self):
        listed = self.work / "keys.json"
        subprocess.run(["curl", "--silent", "--fail", "--noproxy", "*", "--cacert", str(self.enclave.ca_file),
                        "--resolve", f"{SERVER_NAME}:{self.enclave.port}:127.0.0.1", "--output", str(listed),
                        f"{self.enclave.url}/v1/keys"], check=True)
        return next(key["kid"] for key in json.loads(listed.read_text())["keys"] if key["state"] == "sealing")

    def dek(self, command, *options):
        line = [BINARIES / "nitro-enc", "dek", command, "--secret-arn", self.cloud.secret_arn, *options]
        print(paint(DIM, "$ " + shown(line)))
        return self.cloud.run(*line)

    def rotate(self):
        print(f"\n{paint(BOLD, 'Another data key, while requests flow')}")
        schema = DOCUMENTS[0][0]
        source, sealed = ROOT / f"testdata/documents/{schema}.json", self.work / f"{schema}.sealed.json"
        before = self.sealing_key()
        served = []

        def requests(stopped):
            """Seals and opens until it is told to stop; every request has to succeed."""
            flow = self.work / "flow.json"
            while not stopped.is_set():
                self.expect("/v1/encrypt", schema, source, flow, "x-fields-sealed", quiet=True)
                self.expect("/v1/decrypt", schema, flow, self.work / "flow.opened.json", "x-fields-opened",
                            client=True, quiet=True)
                served.append(2)

        def change():
            with during(requests):
                self.dek("rotate", "--kms-key-id", self.cloud.key_arn)
                time.sleep(KEY_REFRESH_SECS)
                self.dek("promote", "--refresh-interval-secs", str(KEY_REFRESH_SECS))
                self.enclave.wait_until(lambda: self.sealing_key() != before, 20)

        self.steps.run("rotate and promote, the enclave takes the new key", change)
        after = self.sealing_key()
        print(f"key {before} has given way to {after}; {sum(served)} requests in the meantime, none failed")
        rewrapped = self.work / f"{schema}.rewrapped.json"
        self.steps.run("rewrap what the old key sealed",
                       lambda: self.expect("/v1/rewrap", schema, sealed, rewrapped, "x-fields-sealed", client=True))
        if before in rewrapped.read_text() or after not in rewrapped.read_text():
            raise DemoFailed("rewrap did not move the document to the new key")
        opened = self.work / f"{schema}.opened.json"
        self.expect("/v1/decrypt", schema, rewrapped, opened, "x-fields-opened", client=True, quiet=True)
        if opened.read_bytes() != source.read_bytes():
            raise DemoFailed("what was opened after the rewrap differs from the original")
        print(paint(GREEN, f"rewrapped: {before} is in no token any more, and the document opens to the same bytes"))

    # --- another enclave ---

    def refuse_other_enclave(self):
        print(f"\n{paint(BOLD, 'An enclave with another PCR0')}")
        pcrs, socket = self.work / "other-pcrs.json", self.work / "other-nsm.sock"
        pcr0 = self.cloud.measure(BINARIES / "nitro-enc", pcrs)
        nsm = self.cloud.start_nsm(pcrs, socket)
        other = self.make_enclave("other", ClientAuthority(self.work / "other-clients"), {"DEV_NSM_SOCKET": str(socket)})
        self.others.append(other)
        other.launch()
        refusals = []

        def refused():
            lines = other.log_file.read_text(encoding="utf-8").splitlines() if other.log_file.exists() else []
            refusals[:] = [line for line in lines if '"step_failed"' in line and '"keys"' in line]
            return bool(refusals)

        self.steps.run("an enclave with another PCR0 is refused by KMS", lambda: other.wait_until(refused, 30))
        print(f"PCR0 {pcr0[:24]}…\n{refusals[0]}")
        if other.health("/readyz")[0] == 200:
            raise DemoFailed("an enclave with another PCR0 became ready")
        print(paint(GREEN, "KMS gives it no key; it stays unready"))
        other.terminate()
        nsm.stop()

    # --- all of it ---

    def run(self):
        self.set_up()
        print(f"\n{paint(BOLD, 'The enclave')}")
        self.steps.run("start enclave-dev behind its ingress: attested, ready", self.start)
        print(f"enclave-dev serves {self.enclave.url}, process {self.enclave.process.pid}")
        self.steps.run("nitro-enc attest: verify it, save its CA", self.attest)
        for schema, title in DOCUMENTS:
            self.seal_and_open(schema, title)
        self.refuse_stranger()
        self.rotate()
        self.refuse_other_enclave()

    def stop(self):
        """Ends everything; the enclave's exit status, or None if it was never started."""
        status = None
        for enclave in (*self.others, self.enclave):
            if enclave and enclave.process:
                status = enclave.terminate()
        self.cloud.stop()
        return status

    def write_kept(self):
        around = [process.pid for process in self.cloud.processes() if process.process.poll() is None]
        PROCESSES.write([self.enclave.process.pid, self.enclave.ingress.pid, *around])
        values = {"URL": self.enclave.url, "CA": self.enclave.ca_file, "SCHEMA_DIR": self.cloud.schema_dir,
                  "CLIENT_CERT": self.client[0], "CLIENT_KEY": self.client[1], "SCHEMA_KEY": self.cloud.schema_key}
        ENV_FILE.write_text("".join(f"{k}={shlex.quote(str(v))}\n" for k, v in values.items()), encoding="utf-8")

    def print_what_to_try(self):
        source, sealed = ROOT / "testdata/documents/payments-v1.json", KEPT / "sealed.json"
        print(f"""
{paint(BOLD, "It keeps running. Try")}
  {shlex.join(map(str, self.curl("/v1/encrypt", "payments-v1", source)))} -o {shlex.quote(str(sealed))}
  {shlex.join(map(str, self.curl("/v1/decrypt", "payments-v1", sealed, client=True)))}
  curl --cacert {shlex.quote(str(self.enclave.ca_file))} {self.enclave.url}/health
A schema, with its signature, in {self.cloud.schema_dir} is served within 5 seconds:
  {shlex.join(map(str, [BINARIES / "nitro-enc", "schema", "sign", "--key", self.cloud.schema_key]))} FILE
All of these for scripts: {ENV_FILE}
The log: {self.enclave.log_file}
End it with: ./run demo --stop""")


def demo(keep):
    running = PROCESSES.running()
    if running:
        raise DemoFailed(f"one is running already (process {running[0]}, {ENV_FILE}); end it with: ./run demo --stop")
    shutil.rmtree(KEPT, ignore_errors=True)
    KEPT.mkdir(parents=True)
    work = KEPT if keep else pathlib.Path(tempfile.mkdtemp(prefix="nitro-enc-demo-"))
    show_run = Demo(work)
    stay, status = False, None
    try:
        show_run.run()
        stay = keep
        if stay:
            show_run.write_kept()
    finally:
        if not stay:
            status = show_run.steps.run("SIGTERM to exit", show_run.stop)
            print(f"\nenclave-dev ended with status {status}; nothing is left running")
            shutil.rmtree(work, ignore_errors=True)
    print()
    show_run.steps.show()
    if stay:
        show_run.print_what_to_try()
    elif status != 0:
        raise DemoFailed(f"enclave-dev ended with status {status}")


def stop():
    running = PROCESSES.running()
    if not running:
        print("no demo is running")
    else:
        stubborn = PROCESSES.stop()
        if stubborn:
            raise DemoFailed(f"processes {stubborn} do not end; their logs are in {KEPT}")
        print(f"the demo (processes {', '.join(map(str, running))}) has ended")
    shutil.rmtree(KEPT, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(prog="./run demo", description=__doc__)
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--keep", action="store_true", help="leave it running; build/demo/env says where")
    choice.add_argument("--stop", action="store_true", help="end what --keep left running")
    arguments = parser.parse_args()
    for signal_number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(signal_number, lambda number, _: sys.exit(128 + number))
    # Output goes line by line, so that it stands in order with curl's.
    sys.stdout.reconfigure(line_buffering=True, encoding="utf-8")
    try:
        stop() if arguments.stop else demo(arguments.keep)
    except (DemoFailed, StartFailed, CommandFailed) as failure:
        print(f"demo: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
