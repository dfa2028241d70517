#!/usr/bin/env python3
"""Measures and prints the bench table, and plots how costs grow; --json FILE writes every row as
{name, value, unit, peer, ratio, target, met}.

`ratio` is how many times cheaper (or faster) this project is than the peer that was measured in the same run,
the median over interleaved rounds; `met` says whether it reaches `target`. Rows without a peer are for scale.
"""

import argparse
import json
import statistics
import subprocess
import sys
import urllib.request
from pathlib import Path

import batch
import enclave_image
import growth
import memory
import plot
import proxies
import server as servers
import telemetry

ROUNDS, SECONDS = 9, 3
PROXY_SECONDS = 2
PLOT = servers.ROOT / "build/growth.svg"
HTTP2_REQUESTS, NEW_CONNECTIONS = 50_000, 500  # a round

# ratio = peer's time / ours, and what it has to reach
CORE_TARGETS = {"locate_small": 1.5, "locate_large": 1.5, "plan_lookup": 1.0}
CORE_PEERS = {"locate_small": "simdjson, validating walk", "locate_large": "simdjson, validating walk",
              "plan_lookup": "std::unordered_map"}


def row(name, value, unit, peer=None, ratio=None, target=None):
    return {"name": name, "value": round(value, 3), "unit": unit, "peer": peer,
            "ratio": None if ratio is None else round(ratio, 3), "target": target,
            "met": None if target is None else ratio >= target}


def core_rows():
    print("functions (Google Benchmark) ...", flush=True)
    output = subprocess.run(
        [servers.ROOT / "build/release/bin/core_bench", "--benchmark_format=json", "--benchmark_repetitions=5",
         "--benchmark_min_time=0.2", "--benchmark_enable_random_interleaving=true",
         "--benchmark_report_aggregates_only=true"],
        check=True, capture_output=True, text=True).stdout
    times = {entry["run_name"]: entry["cpu_time"] for entry in json.loads(output)["benchmarks"]
             if entry["aggregate_name"] == "median"}
    rows = []
    for name, time in times.items():
        if name.endswith("_peer"):
            continue
        peer_time = times.get(name + "_peer")
        rows.append(row(name, time, "ns", CORE_PEERS.get(name), peer_time / time if peer_time else None,
                        CORE_TARGETS.get(name)))
    return rows


def answer_size(port):
    """The size of our answer, which nginx is then told to send too."""
    import ssl
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # loopback, and only a size is read
    request = urllib.request.Request(
        f"https://127.0.0.1:{port}/encrypt", method="POST", data=b'{"payload":' + servers.DOCUMENT.encode() + b"}",
        headers={"Content-Type": "application/json", "X-Schema-Name": "payment"})
    with urllib.request.urlopen(request, context=context) as answer:
        if answer.headers["X-Fields-Sealed"] != "4":
            sys.exit("bench: the document was not sealed")
        return len(answer.read())


def server_rows():
    print(f"server CPU a request, {ROUNDS} interleaved rounds of {SECONDS} s each ...", flush=True)
    with servers.folder() as name:
        folder = Path(name)
        ours = servers.start_service(folder)
        try:
            nginx = servers.start_nginx(folder, answer_size(ours.port))
        except BaseException:
            ours.stop()
            raise
        try:
            script = servers.write_wrk_script(folder)
            for server in (ours, nginx):
                servers.load(server, script, 100, 1)  # warm
            body_file = servers.write_body(folder)
            results, http2, full, resumed = ({ours: [], nginx: []} for _ in range(4))
            for _ in range(ROUNDS):
                for server in (ours, nginx):
                    results[server].append(servers.load(server, script, 100, SECONDS))
                    http2[server].append(servers.load_http2(server, body_file, 10, HTTP2_REQUESTS))
                    full[server].append(servers.connect_often(server, NEW_CONNECTIONS, resume=False))
                    resumed[server].append(servers.connect_often(server, NEW_CONNECTIONS, resume=True))
        finally:
            ours.stop()
            nginx.stop()

    def paired_row(name, unit, values, peer_values, peer, target):
        return row(name, statistics.median(values), unit, peer, servers.paired(peer_values, values), target)

    def cpu_row(name, measured, peer, target):
        values, peer_values = ([result[1] for result in measured[server]] for server in (ours, nginx))
        return paired_row(name, "us", values, peer_values, peer, target)

    spread, nginx_spread = ([result[3] / result[2] for result in results[server]] for server in (ours, nginx))
    return [
        cpu_row("encrypt_cpu_per_request_c100", results, "nginx return 200", 1.25),
        cpu_row("encrypt_cpu_per_request_http2", http2, "nginx return 200, HTTP/2", 1.0),
        cpu_row("new_connection_cpu_full", full, "nginx", 1.2),
        cpu_row("new_connection_cpu_resumed", resumed, "nginx", 1.2),
        paired_row("encrypt_p99_over_p50_c100", "x", spread, nginx_spread, "nginx return 200", 1.0),
    ]


def show(rows):
    print(f"\n{'row':34} {'value':>11} {'unit':4} {'ratio':>7} {'target':>7}  met  peer")
    for entry in rows:
        ratio = "" if entry["ratio"] is None else f"{entry['ratio']:.2f}"
        target = "" if entry["target"] is None else f"{entry['target']:.2f}"
        met = {None: "", True: "yes", False: "NO"}[entry["met"]]
        print(f"{entry['name']:34} {entry['value']:11.1f} {entry['unit']:4} {ratio:>7} {target:>7}  {met:4} "
              f"{entry['peer'] or ''}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", metavar="FILE")
    arguments = parser.parse_args()
    curves = growth.measure()
    rows = (core_rows() + server_rows() + batch.rows(row, ROUNDS) + memory.rows(row) + growth.rows(row, curves) +
            proxies.rows(row, ROUNDS, PROXY_SECONDS) + telemetry.rows(row, ROUNDS, SECONDS) + enclave_image.rows(row))
    show(rows)
    PLOT.write_text(plot.svg(curves))
    print(f"the curves of growth: {PLOT.relative_to(servers.ROOT)}")
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
