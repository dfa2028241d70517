"""What the code says of itself, for tests that hold manifests, images and the pipeline to it."""

import os
import pathlib
import re
import subprocess

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]


def enclave_table():
    """Variables of the enclave and their defaults; None where there is none, or one that is computed."""
    table = {}
    for name in ("service_table", "telemetry_table"):
        text = (ROOT / f"enclave/config/{name}.cc").read_text(encoding="utf-8")
        for entry in re.split(r"\{\{(?=\.name)", text)[1:]:
            default = re.search(r'\.default_value = "([^"]*)"', entry)
            table[re.match(r'\.name = "([A-Z0-9_]+)"', entry)[1]] = default[1] if default else None
    return table


def required_of_enclave():
    found = []
    for name in ("service_table", "telemetry_table"):
        text = (ROOT / f"enclave/config/{name}.cc").read_text(encoding="utf-8")
        found += re.findall(r'\{\{\.name = "([A-Z0-9_]+)",\s*\.required = true', text)
    return found


def runner_variables():
    """Variables that run-enclave.sh reads and their defaults; None where one is required."""
    text = (ROOT / "scripts/run-enclave.sh").read_text(encoding="utf-8")
    found = dict(re.findall(r"^  ([A-Z_]+)=\$\{\1:-([^}]*)\}", text, re.MULTILINE))
    for name in re.findall(r"^  read_(?:number|boolean) ([A-Z_]+)", text, re.MULTILINE):
        found.setdefault(name, None)
    return found


def proxy_settings():
    """Variables of each command of vsock-proxy, as $VSOCK_PROXY prints them; None if it is not built."""
    program = os.environ.get("VSOCK_PROXY")
    if not program:
        return None
    settings = {}
    for mode in ("ingress", "egress", "logs", "probe", "drain"):
        done = subprocess.run([program, mode, "--print-config"], capture_output=True, text=True, check=True, env={})
        settings[mode] = dict(line.split("=", 1) for line in done.stdout.splitlines())
    return settings


class _Tags(yaml.SafeLoader):
    pass


def _tagged(loader, suffix, node):
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    return {name: loader.construct_sequence(node, deep=True)}


_Tags.add_multi_constructor("!", _tagged)


def parse_cloudformation(text):
    """YAML with CloudFormation's short tags, as the long forms."""
    return yaml.load(text, Loader=_Tags)  # noqa: S506: derived from SafeLoader
