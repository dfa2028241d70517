#!/usr/bin/env python3
"""Runs buildspec.yml with scripts/codebuild-local, phase by phase as CodeBuild does, over programs that record what they
are asked and fail as each test says. images_test.py builds the images themselves. And holds Dockerfile.enclave to the
variables that the program reads."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import yaml

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))

from stated import enclave_table, required_of_enclave  # noqa: E402: found by the line above

SPEC = yaml.safe_load((ROOT / "buildspec.yml").read_text(encoding="utf-8"))
PCRS = {"PCR0": "a0" * 48, "PCR1": "a1" * 48, "PCR2": "a2" * 48}
REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"

DOCKER = """#!/bin/bash
printf 'docker' >>"$LOCAL_HOME/calls"; printf '\\t%s' "$@" >>"$LOCAL_HOME/calls"; echo >>"$LOCAL_HOME/calls"
[[ " $* " != *" $FAIL_AT "* ]] || exit 1
[[ $1 != login ]] || [[ $(cat) == local ]]
if [[ "$*" == *dest=enclave/tools* ]]; then
  mkdir -p enclave/tools && cp "$LOCAL_HOME/bin/nitro-enc" enclave/tools/nitro-enc
fi
if [[ $1 == save ]]; then echo image >"$3"; fi
"""
NITRO_CLI = """#!/bin/bash
printf 'nitro-cli\\t%s\\n' "$*" >>"$LOCAL_HOME/calls"
echo 'Start building the Enclave Image...' >&2
while (($#)); do if [[ $1 == --output-file ]]; then echo eif >"$2"; fi; shift; done
cat "$LOCAL_HOME/measured"
"""
NITRO_ENC = """#!/bin/bash
printf 'nitro-enc\\t%s\\n' "$*" >>"$LOCAL_HOME/calls"
case "$1 $2" in
  'eif build') [[ $3 == --docker-archive && -s $4 ]] && echo eif >"$6" && cat "$LOCAL_HOME/measured" ;;
  'eif verify') [[ -f $3 && $4 == --measurements && $(jq -r .Measurements.PCR0 "$5") == "$(cat "$LOCAL_HOME/second-opinion")" ]] ;;
  *) exit 2 ;;
esac
"""


class PipelineCase(unittest.TestCase):
    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="pipeline-"))
        self.addCleanup(shutil.rmtree, self.home)
        self.source = self.home / "source"
        (self.source / "enclave").mkdir(parents=True)
        for name in ("buildspec.yml", "CMakeLists.txt", "Dockerfile.enclave", "Dockerfile.vsock-proxy", "Dockerfile.runner"):
            shutil.copy(ROOT / name, self.source / name)
        (self.source / "scripts").mkdir()
        shutil.copy(ROOT / "scripts/build-image", self.source / "scripts/build-image")
        (self.home / "bin").mkdir()
        shutil.copytree(ROOT / "devkit/shims", self.home / "shims")
        for name, text in (("shims/docker", DOCKER), ("bin/nitro-cli", NITRO_CLI), ("bin/nitro-enc", NITRO_ENC)):
            (self.home / name).write_text(text)
            (self.home / name).chmod(0o755)
        self.measure(PCRS, PCRS["PCR0"])

    def measure(self, pcrs, second_opinion):
        (self.home / "measured").write_text(json.dumps({"Measurements": {"HashAlgorithm": "Sha384 { ... }", **pcrs}}))
        (self.home / "second-opinion").write_text(second_opinion)

    def run_build(self, **changes):
        given = {"PATH": f"{self.home / 'bin'}:{os.environ['PATH']}", "FAIL_AT": "nothing",
                 "CODEBUILD_RESOLVED_SOURCE_VERSION": "0123456789abcdef0123456789abcdef01234567",
                 "ECR_REGISTRY": REGISTRY, "AWS_DEFAULT_REGION": "us-east-1", "VSOCK_PROXY_CID": "3",
                 "SECRET_ARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:nitro/dek",
                 "KMS_KEY_ID": "arn:aws:kms:us-east-1:123456789012:key/1", "S3_BUCKET": "schemas-of-mine",
                 "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317"}
        given.update(changes)
        self.done = subprocess.run(
            [str(ROOT / "scripts/codebuild-local"), "--home", str(self.home), "--source", str(self.source), "--shims",
             str(self.home / "shims")],
            env={name: value for name, value in given.items() if value is not None}, capture_output=True, text=True,
            timeout=120, check=False)
        return self.done.returncode

    def calls(self, *beginning):
        path = self.home / "calls"
        lines = [line.split("\t") for line in path.read_text().splitlines()] if path.exists() else []
        return [line for line in lines if tuple(line[:len(beginning)]) == beginning]

    def build_arguments(self):
        enclave = [call for call in self.calls("docker", "build") if "nitro-enc-svc-enclave:local" in call]
        self.assertEqual(len(enclave), 1)
        pairs = zip(enclave[0], enclave[0][1:])
        return dict(value.split("=", 1) for option, value in pairs if option == "--build-arg")

    def written(self, name):
        return (self.source / "enclave" / name).exists()


class Good(PipelineCase):
    def test_writes_measurements_and_a_summary_of_what_it_pushed(self):
        self.assertEqual(self.run_build(), 0, self.done.stderr)
        summary = json.loads((self.source / "enclave/build-summary.json").read_text())
        self.assertEqual(summary, {
            "imageTag": "0123456789ab", "eifBuilder": "nitro-cli",
            "ecrRunner": f"{REGISTRY}/nitro-enc-svc/runner:0123456789ab",
            "ecrProxy": f"{REGISTRY}/nitro-enc-svc/vsock-proxy:0123456789ab",
            "pcr0": PCRS["PCR0"], "pcr1": PCRS["PCR1"], "pcr2": PCRS["PCR2"]})
        measured = json.loads((self.source / "enclave/pcr-values.json").read_text())
        self.assertEqual(measured["Measurements"]["PCR0"], PCRS["PCR0"])
        pushed = [call[2] for call in self.calls("docker", "push")]
        self.assertEqual(pushed, [summary["ecrProxy"], summary["ecrRunner"]])

    def test_steps_come_in_order(self):
        self.assertEqual(self.run_build(), 0, self.done.stderr)
        def first(word):
            return next(i for i, call in enumerate(self.calls()) if any(word in part for part in call))
        order = [first(word) for word in ("login", "test", "nitro-enc-svc-enclave:local", "build-enclave", "eif verify",
                                          "Dockerfile.vsock-proxy", "push", "Dockerfile.runner")]
        self.assertEqual(order, sorted(order))

    def test_configuration_of_the_project_reaches_the_image(self):
        changes = {"TLS_PORT": "8443", "DECRYPT_CLIENTS": "DNS:a.example,DNS:b c.example", "S3_PREFIX": ""}
        self.assertEqual(self.run_build(**changes), 0, self.done.stderr)
        given = self.build_arguments()
        self.assertEqual(given["TLS_PORT"], "8443")
        self.assertEqual(given["DECRYPT_CLIENTS"], "DNS:a.example,DNS:b c.example")
        self.assertNotIn("S3_PREFIX", given)  # unset: the Dockerfile's default
        self.assertEqual(given["SECRET_ARN"], "arn:aws:secretsmanager:us-east-1:123456789012:secret:nitro/dek")

    def test_every_variable_of_the_enclave_can_be_set(self):
        names = {name: "x" for name in enclave_table()}
        self.assertEqual(self.run_build(**names, ENCLAVE_AWS_REGION="x"), 0, self.done.stderr)
        self.assertLessEqual(set(names), set(self.build_arguments()))

    def test_where_the_build_runs_is_not_measured(self):
        """CodeBuild sets AWS_REGION itself."""
        self.assertEqual(self.run_build(AWS_REGION="eu-north-1"), 0, self.done.stderr)
        self.assertNotIn("AWS_REGION", self.build_arguments())
        (self.home / "calls").unlink()
        self.assertEqual(self.run_build(AWS_REGION="eu-north-1", ENCLAVE_AWS_REGION="eu-west-1"), 0, self.done.stderr)
        self.assertEqual(self.build_arguments()["AWS_REGION"], "eu-west-1")

    def test_bases_of_the_project_reach_every_image(self):
        self.assertEqual(self.run_build(BUILDER_IMAGE="b", RUNTIME_IMAGE="r", RUNNER_IMAGE="n"), 0, self.done.stderr)
        for call in self.calls("docker", "build"):
            runner = "Dockerfile.runner" in call
            self.assertEqual(("BUILDER_IMAGE=b" in call, "RUNTIME_IMAGE=r" in call, "RUNNER_IMAGE=n" in call),
                             (not runner, not runner, runner), call)

    def test_the_runner_is_of_the_proxy_and_the_measurement_of_this_build(self):
        self.assertEqual(self.run_build(), 0, self.done.stderr)
        runner, = [call for call in self.calls("docker", "build")
                   if "Dockerfile.runner" in call and "-t" in call]
        self.assertIn(f"PCR0={PCRS['PCR0']}", runner)
        self.assertIn(f"PROXY_IMAGE={REGISTRY}/nitro-enc-svc/vsock-proxy:0123456789ab", runner)
        self.assertIn("IMAGE_REVISION=0123456789abcdef0123456789abcdef01234567", runner)
        self.assertTrue(any(word.startswith("IMAGE_VERSION=0.") or word.startswith("IMAGE_VERSION=1.") for word in runner))

    def test_a_bill_of_materials_is_taken_out_of_each_image(self):
        self.assertEqual(self.run_build(), 0, self.done.stderr)
        exported = [call[call.index("-f") + 1] for call in self.calls("docker", "build") if "--target" in call
                    and call[call.index("--target") + 1] == "tools"]
        self.assertEqual(exported, ["Dockerfile.enclave", "Dockerfile.vsock-proxy", "Dockerfile.runner"])

    def test_enclave_image_is_local(self):
        self.assertEqual(self.run_build(ECR_REPO_ENCLAVE="here/only"), 0, self.done.stderr)
        self.assertEqual(self.calls("docker", "tag"), [["docker", "tag", "nitro-enc-svc-enclave:local", "here/only:0123456789ab"]])
        self.assertFalse([call for call in self.calls("docker", "push") if "here/only" in call[2]])

    def test_our_builder_can_be_chosen(self):
        self.assertEqual(self.run_build(EIF_BUILDER="nitro-enc"), 0, self.done.stderr)
        self.assertEqual(self.calls("nitro-cli"), [])
        self.assertEqual([call[1].split()[1] for call in self.calls("nitro-enc")], ["build", "verify"])


class Bad(PipelineCase):
    def assert_ends_in(self, phase, **changes):
        self.assertNotEqual(self.run_build(**changes), 0)
        self.assertIn(f"phase {phase}: failed", self.done.stderr)
        self.assertFalse(self.written("build-summary.json"))
        self.assertEqual(self.calls("docker", "push"), [])

    def test_missing_variables_are_named_before_anything_is_built(self):
        for name in ["ECR_REGISTRY", "AWS_DEFAULT_REGION", *required_of_enclave()]:
            self.assert_ends_in("pre_build", **{name: None})
            self.assertIn(f"required on the CodeBuild project: {name}\n", self.done.stdout)
        self.assertEqual(self.calls(), [])

    def test_failing_tests_end_it(self):
        self.assert_ends_in("pre_build", FAIL_AT="test")
        self.assertFalse(self.written("nitro-enc-svc.eif"))

    def test_measurements_that_our_reader_does_not_find_end_it(self):
        self.measure(PCRS, "b0" * 48)
        self.assert_ends_in("build")

    def test_measurements_of_nothing_end_it(self):
        for pcrs in ({**PCRS, "PCR0": "0" * 96}, {**PCRS, "PCR2": "a2" * 47}, {"PCR0": PCRS["PCR0"]}):
            self.measure(pcrs, pcrs["PCR0"])
            self.assert_ends_in("build")

    def test_unknown_builder_is_refused(self):
        self.assert_ends_in("build", EIF_BUILDER="podman")
        self.assertIn("EIF_BUILDER must be nitro-cli or nitro-enc (got: podman)", self.done.stdout)

    def test_image_that_cannot_be_built_ends_it(self):
        self.assert_ends_in("build", FAIL_AT="Dockerfile.vsock-proxy")


    def test_commands_share_what_they_export_alone(self):
        """As on CodeBuild: an array or a function of one command is not there in the next."""
        spec = {**SPEC, "artifacts": {"files": []}, "phases": {phase: {"commands": []} for phase in SPEC["phases"]}}
        spec["phases"]["install"]["commands"] = ["export KEPT=1; LOST=1; lost=(1 2); gone() { :; }; mkdir -p below && cd below"]
        spec["phases"]["build"]["commands"] = [
            'echo "<${KEPT:-}${LOST:-}${lost[*]:-}$(type -t gone)$(basename "$PWD")>"']
        (self.source / "buildspec.yml").write_text(yaml.safe_dump(spec))
        self.assertEqual(self.run_build(), 0, self.done.stderr)
        self.assertIn("<1below>", self.done.stdout)

    def test_post_build_runs_after_a_build_that_failed_and_is_told(self):
        spec = {**SPEC, "phases": {**SPEC["phases"], "build": {"commands": ["false", "echo never"]},
                                   "post_build": {"commands": ['echo "<$CODEBUILD_BUILD_SUCCEEDING>"']}}}
        (self.source / "buildspec.yml").write_text(yaml.safe_dump(spec))
        self.assertNotEqual(self.run_build(), 0)
        self.assertIn("<0>", self.done.stdout)
        self.assertNotIn("never\n", self.done.stdout)


class Text(unittest.TestCase):
    def test_phases_are_the_four_of_the_design(self):
        self.assertEqual(list(SPEC["phases"]), ["install", "pre_build", "build", "post_build"])
        self.assertTrue({"enclave/pcr-values.json", "enclave/build-summary.json"} <= set(SPEC["artifacts"]["files"]))

    def test_repositories_have_the_names_of_the_design(self):
        for name, value in (("ENCLAVE", "enclave"), ("PROXY", "vsock-proxy"), ("RUNNER", "runner")):
            self.assertEqual(SPEC["env"]["variables"][f"ECR_REPO_{name}"], f"nitro-enc-svc/{value}")


class DockerfileOfTheEnclave(unittest.TestCase):
    """Dockerfile.enclave against the tables that the program reads."""

    @classmethod
    def setUpClass(cls):
        text = (ROOT / "Dockerfile.enclave").read_text(encoding="utf-8")
        runtime = text.split("AS runtime\n")[1]
        cls.declared = dict(re.findall(r"^ARG ([A-Z0-9_]+)(?:=(.*))?$", runtime, re.MULTILINE))
        cls.baked = dict(re.findall(r"([A-Z0-9_]+)=\$(\w+)", re.search(r"^ENV (?:.*\\\n)*.*$", runtime, re.MULTILINE)[0]))

    def test_every_variable_of_the_enclave_is_an_argument_and_baked_in(self):
        names = set(enclave_table())
        self.assertEqual({name for name in self.declared if not name.startswith("IMAGE_")}, names)
        self.assertEqual(self.baked, {name: name for name in names})

    def test_defaults_are_those_of_the_program(self):
        table = enclave_table()
        given = {name: value for name, value in self.declared.items() if value and not name.startswith("IMAGE_")}
        self.assertEqual(given, {name: table[name] for name in (
            "S3_PREFIX", "SCHEMA_HEADER_NAME", "DEK_ROTATION_INTERVAL_SECS", "SCHEMA_REFRESH_INTERVAL_SECS",
            "VSOCK_PROXY_PORT", "TLS_PORT", "LOG_LEVEL")})

    def test_required_ones_have_no_default(self):
        self.assertEqual(set(required_of_enclave()), {"SECRET_ARN", "KMS_KEY_ID", "S3_BUCKET", "VSOCK_PROXY_CID",
                                                      "OTEL_EXPORTER_OTLP_ENDPOINT"})
        for name in required_of_enclave():
            self.assertEqual(self.declared[name], "")

    def test_tests_of_the_builder_leave_out_packaging(self):
        text = (ROOT / "Dockerfile.enclave").read_text(encoding="utf-8")
        stage = text.split("FROM builder AS test\n")[1].split("\nFROM ")[0]
        self.assertRegex(stage, r"ctest --test-dir build/release -LE packaging")


if __name__ == "__main__":
    unittest.main()
