"""A batch (NDJSON) over TLS: the server's CPU a field, beside what sealing a field costs by itself."""

import json
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import server as servers

LINES, FIELDS = 100_000, 4  # of a round, of a line
SEALS = {"seal_deterministic/16": 1, "seal_randomized/16": FIELDS - 1}  # what a line asks for


def bare_seal():
    """Microseconds a field, of the fields of one line, on the server's core."""
    output = subprocess.run(
        ["taskset", "-c", str(servers.SERVER_CORE), servers.ROOT / "build/release/bin/core_bench",
         "--benchmark_format=json", "--benchmark_filter=^seal_.*/16$", "--benchmark_min_time=0.3"],
        check=True, capture_output=True, text=True).stdout
    times = {entry["name"]: entry["cpu_time"] for entry in json.loads(output)["benchmarks"]}
    return sum(times[name] * count for name, count in SEALS.items()) / FIELDS / 1e3


def load(server, lines_file, http2=False):
    """Sends one batch with curl; returns the server's CPU microseconds a field."""
    before = server.cpu_seconds()
    answer = lines_file.with_suffix(".out")
    output = subprocess.run(
        ["taskset", "-c", str(servers.CLIENT_CORE), shutil.which("curl") or "/usr/bin/curl", "-sS", "-k",
         "--http2" if http2 else "--http1.1", "-X", "POST", "-T", str(lines_file), "-o", str(answer), "-D", "-",
         "-H", "Content-Type: application/x-ndjson", "-H", "X-Schema-Name: payment", "-H", "Expect:",
         f"https://127.0.0.1:{server.port}/v1/encrypt"], check=True, capture_output=True, text=True).stdout
    cpu = server.cpu_seconds() - before
    with open(answer, "rb") as sealed:
        answered = sum(1 for line in sealed if line.count(b'"v2.') == FIELDS)
    if " 200" not in output.splitlines()[0] or answered != LINES:
        sys.exit(f"bench: {answered} of {LINES} lines were sealed:\n{output}")
    return cpu / LINES / FIELDS * 1e6


def rows(row, rounds):
    """`row` as run_bench.py has it."""
    print(f"a batch of {LINES} lines, {rounds} interleaved rounds ...", flush=True)
    with servers.folder() as name:
        folder = Path(name)
        lines_file = folder / "lines.ndjson"
        lines_file.write_text((servers.DOCUMENT + "\n") * LINES)
        ours = servers.start_service(folder)
        try:
            load(ours, lines_file)  # warm
            bare, batch, http2 = [], [], []
            for _ in range(rounds):
                bare.append(bare_seal())
                batch.append(load(ours, lines_file))
                http2.append(load(ours, lines_file, http2=True))
        finally:
            ours.stop()
    return [row("ndjson_cpu_per_field", statistics.median(batch) * 1e3, "ns", "the bare seal",
                servers.paired(bare, batch), 1 / 1.4),
            row("ndjson_cpu_per_field_http2", statistics.median(http2) * 1e3, "ns", "the bare seal",
                servers.paired(bare, http2))]
