#!/usr/bin/env python3
"""The demo: starts enclave-dev, seals two documents with curl over TLS, shows what changed, opens them again
and compares the bytes. Leaves nothing running, unless asked to."""

import argparse
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from enclave_process import SERVER_NAME, EnclaveProcess, StartFailed
from side_by_side import BOLD, DIM, GREEN, paint, show

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = ROOT / "build/release/bin/enclave-dev"
KEPT = ROOT / "build/demo"
ENV_FILE, PID_FILE = KEPT / "env", KEPT / "pid"
DOCUMENTS = [
    ("payments-v1", "a card payment"),
    ("iso20022-pain001", "a credit transfer, ISO 20022 pain.001"),
]


class DemoFailed(Exception):
    """What went wrong, in a sentence for the person who runs the demo."""


def start_time(pid):
    """When a process started, in clock ticks since boot (proc(5), stat, field 22); None if it has ended."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="latin-1").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def kept_pid():
    """The process that --keep left, or None. A recycled process id is not mistaken for it."""
    try:
        pid, started = map(int, PID_FILE.read_text(encoding="ascii").split())
    except (OSError, ValueError):
        return None
    return pid if start_time(pid) == started else None


class Steps:
    """Remembers how long each step took."""

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
            print(f"  {name:<50} {milliseconds:8.1f} ms")


def curl_command(enclave, route, schema, source):
    return ["curl", "--cacert", str(enclave.ca_file), "-H", f"X-Schema-Name: {schema}",
            "-H", "Content-Type: application/json", "--data-binary", f"@{source}", f"{enclave.url}{route}"]


def post(enclave, route, schema, source, destination, count_header):
    """Sends `source` with curl, writes the answer to `destination` and returns the number of fields."""
    headers = destination.with_suffix(".headers")
    command = curl_command(enclave, route, schema, source)
    print(paint(DIM, "$ " + shlex.join(command).replace(f"{ROOT}/", "")))
    run = subprocess.run(
        [*command, "--silent", "--show-error", "--max-time", "30", "--noproxy", "*",
         "--resolve", f"{SERVER_NAME}:{enclave.port}:127.0.0.1",
         "--dump-header", str(headers), "--output", str(destination), "--write-out", "%{http_code}"],
        stdout=subprocess.PIPE, text=True, check=False)
    if run.returncode != 0:
        raise DemoFailed(f"curl ended with status {run.returncode}")
    if run.stdout != "200":
        raise DemoFailed(f"{route} answered {run.stdout}: {destination.read_text(encoding='utf-8', errors='replace')}")
    for line in headers.read_text(encoding="latin-1").splitlines():
        name, _, value = line.partition(":")
        if name.lower() == count_header:
            return int(value)
    raise DemoFailed(f"{route} answered without {count_header}")


def seal_and_open(enclave, work, steps, schema, title):
    source = ROOT / f"testdata/documents/{schema}.json"
    sealed, opened = work / f"{schema}.sealed.json", work / f"{schema}.opened.json"
    print(f"\n{paint(BOLD, f'{schema}: {title}')}")
    count = steps.run(f"seal {schema} (curl, new TLS connection)",
                      lambda: post(enclave, "/v1/encrypt", schema, source, sealed, "x-fields-sealed"))
    show(source.read_text(encoding="utf-8"), sealed.read_text(encoding="utf-8"),
         f"before, {source.stat().st_size} bytes", f"sealed, {sealed.stat().st_size} bytes, tokens shortened here")
    if count == 0 or source.read_bytes() == sealed.read_bytes():
        raise DemoFailed("nothing was sealed")
    opened_count = steps.run(f"open {schema} (curl, new TLS connection)",
                             lambda: post(enclave, "/v1/decrypt", schema, sealed, opened, "x-fields-opened"))
    same = subprocess.run(["cmp", str(source), str(opened)], check=False).returncode == 0
    if not same or opened_count != count:
        raise DemoFailed("what was opened differs from the original")
    print(paint(GREEN, f"{count} values sealed and opened again; cmp: all {source.stat().st_size} bytes are equal"))


def print_what_to_try(enclave):
    source = ROOT / "testdata/documents/payments-v1.json"
    sealed = KEPT / "sealed.json"
    encrypt = shlex.join(curl_command(enclave, "/v1/encrypt", "payments-v1", source))
    decrypt = shlex.join(curl_command(enclave, "/v1/decrypt", "payments-v1", sealed))
    print(f"""
{paint(BOLD, "It keeps running. Try")}
  {encrypt} -o {shlex.quote(str(sealed))}
  {decrypt}
  curl --cacert {shlex.quote(str(enclave.ca_file))} {enclave.url}/health
A schema file put into {enclave.schema_dir} is served within 5 seconds.
URL, CA and SCHEMA_DIR for scripts: {ENV_FILE}
The log: {enclave.log_file}
End it with: ./run demo --stop""")


def write_kept(enclave):
    pid = enclave.process.pid
    PID_FILE.write_text(f"{pid} {start_time(pid)}\n", encoding="ascii")
    values = {"URL": enclave.url, "CA": enclave.ca_file, "SCHEMA_DIR": enclave.schema_dir}
    ENV_FILE.write_text("".join(f"{k}={shlex.quote(str(v))}\n" for k, v in values.items()), encoding="utf-8")


def demo(keep):
    if kept_pid() is not None:
        raise DemoFailed(f"one is running already (process {kept_pid()}, {ENV_FILE}); end it with: ./run demo --stop")
    shutil.rmtree(KEPT, ignore_errors=True)
    KEPT.mkdir(parents=True)
    work = KEPT if keep else pathlib.Path(tempfile.mkdtemp(prefix="nitro-enc-demo-"))
    steps = Steps()
    enclave = EnclaveProcess(BINARY, work / "enclave", sorted((ROOT / "testdata/schemas").iterdir()))
    stay = False
    try:
        steps.run("start enclave-dev: TLS key, keys, schemas, ready", enclave.start)
        print(f"enclave-dev serves {enclave.url}, process {enclave.process.pid}")
        for schema, title in DOCUMENTS:
            seal_and_open(enclave, work, steps, schema, title)
        stay = keep
        if stay:
            write_kept(enclave)
    finally:
        if not stay:
            if enclave.process is not None:
                status = steps.run("SIGTERM to exit", enclave.terminate)
                print(f"\nenclave-dev ended with status {status}; nothing is left running")
            shutil.rmtree(work, ignore_errors=True)
    print()
    steps.show()
    if stay:
        print_what_to_try(enclave)
    elif status != 0:
        raise DemoFailed(f"enclave-dev ended with status {status}")


def stop():
    pid = kept_pid()
    if pid is None:
        print("no demo is running")
    else:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + 20
        while kept_pid() is not None:
            if time.monotonic() > deadline:
                raise DemoFailed(f"process {pid} does not end; its log is {KEPT / 'enclave/log'}")
            time.sleep(0.05)
        print(f"the demo (process {pid}) has ended")
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
    except (DemoFailed, StartFailed) as failure:
        print(f"demo: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
