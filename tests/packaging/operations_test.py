#!/usr/bin/env python3
"""Runs docs/operations.md as it stands, section by section, in one shell: nitro-enc and the AWS CLI are the real ones, KMS,
Secrets Manager and S3 the emulator's, and the other programs are recorded (operations/). Where the page approves, the
buildspecs of the stages Gate and Deploy of deploy/codepipeline.yaml run, with the credentials of the gate's role."""

import importlib.machinery
import importlib.util
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.request
import zipfile

import yaml

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SKIPPED = 77  # ctest's SKIP_RETURN_CODE
sys.path[:0] = [str(HERE), str(ROOT / "devkit/aws_emulator"), str(ROOT / "tests/cli"), str(ROOT / "tests/eif")]

from container_files import docker_archive, entry, layer  # noqa: E402: found by the line above
from emulator_process import EmulatorProcess  # noqa: E402
from stated import enclave_table, parse_cloudformation  # noqa: E402

GATE_ROLE = "gate-role"
TEMPLATE = parse_cloudformation((ROOT / "deploy/codepipeline.yaml").read_text(encoding="utf-8"))
SCHEMA = """openapi: 3.1.0
info: {title: payments, version: "1"}
paths: {}
components: {schemas: {Payment: {properties: {card: {type: string, x-pii: true}}}}}
"""


def sections():
    """{heading: the commands below it}; "" is what comes before the first."""
    text = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    parts = re.split(r"^## (.*)$", text, flags=re.MULTILINE)
    named = dict(zip(parts[1::2], parts[2::2]))
    return {name: "\n".join(re.findall(r"^```sh\n(.*?)^```$", body, re.MULTILINE | re.DOTALL))
            for name, body in {"": parts[0], **named}.items()}


def codebuild_local():
    loader = importlib.machinery.SourceFileLoader("codebuild_local", str(ROOT / "scripts/codebuild-local"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("codebuild_local", loader))
    loader.exec_module(module)
    return module


class Stages:
    """Gate and Deploy as the stack of $FAKE_HOME has them."""

    def __init__(self, home):
        self.home = pathlib.Path(home)
        self.parameters = {name: str(one.get("Default", "")) for name, one in TEMPLATE["Parameters"].items()}
        self.parameters.update(json.loads((self.home / "stack.json").read_text()))

    def value(self, value):
        if isinstance(value, str):
            return value
        (kind, text), = value.items()
        return self.parameters[text] if kind == "Ref" else re.sub(
            r"\$\{(\w+)\}", lambda found: self.parameters[found[1]], text)

    def run(self, name):
        """Whether the stage succeeds."""
        project = TEMPLATE["Resources"][name]["Properties"]
        spec = yaml.safe_load(project["Source"]["BuildSpec"])
        environment = {**os.environ, **json.loads((self.home / "credentials.json").read_text())}
        for variable in project["Environment"]["EnvironmentVariables"]:
            environment[variable["Name"]] = self.value(variable["Value"])
        with tempfile.TemporaryDirectory() as folder:
            with zipfile.ZipFile(self.home / "built.zip") as archive:
                archive.extractall(folder)
            return codebuild_local().Build(spec, folder, environment).run(["build"])


class Operations(unittest.TestCase):
    """One account, for the sections in order."""

    @classmethod
    def setUpClass(cls):
        cls.home = pathlib.Path(tempfile.mkdtemp(prefix="operations-"))
        cls.addClassCleanup(shutil.rmtree, cls.home)
        cls.emulator = EmulatorProcess(os.environ["AWS_EMULATOR"], cls.home / "state", "--imds-role", GATE_ROLE)
        (cls.home / "state").mkdir()
        cls.emulator.start()
        cls.addClassCleanup(cls.emulator.stop)
        cls.make_programs()
        cls.make_checkout()
        credentials = dict(line.split(" = ") for line in cls.emulator.credentials_file.read_text().splitlines()[1:])
        cls.environment = {
            "PATH": f"{cls.home / 'bin'}:{os.environ['PATH']}", "HOME": str(cls.home), "FAKE_HOME": str(cls.home),
            "STAGES": f"{cls.home / 'run-stages'}", "NITRO_ENC": os.environ["NITRO_ENC"], "KUBECTL": shutil.which("kubectl"),
            "AWS_ENDPOINT_URL": f"https://localhost:{cls.emulator.ports['https']}", "AWS_PAGER": "",
            "AWS_CA_BUNDLE": str(cls.home / "state/ca.pem"), "AWS_REGION": "us-east-1",
            **{name.upper(): value for name, value in credentials.items()}}
        caller = json.loads(cls.aws("sts", "get-caller-identity"))
        cls.administrator, cls.account = caller["Arn"], caller["Account"]
        cls.state = cls.home / "shell"  # variables and functions, from a section to the next
        cls.answers()
        cls.pcr0 = []

    @classmethod
    def make_programs(cls):
        (cls.home / "bin").mkdir()
        for name in ("aws", "nitro-enc"):
            shutil.copy(HERE / "operations" / name, cls.home / "bin" / name)
        for name in ("kubectl", "helm", "eksctl", "docker", "curl", "sleep"):
            shutil.copy(HERE / "operations/recorded", cls.home / "bin" / name)
        (cls.home / "run-stages").write_text(
            f"import sys\nsys.path.insert(0, {str(HERE)!r})\nfrom operations_test import Stages\n"
            f"stages = Stages({str(cls.home)!r})\nsys.exit(0 if stages.run('Gate') and stages.run('Deploy') else 1)\n")

    @classmethod
    def make_checkout(cls):
        cls.checkout = cls.home / "checkout"
        cls.checkout.mkdir()
        for name in ("deploy", "overlays"):
            shutil.copytree(ROOT / name, cls.checkout / name)
        (cls.checkout / "payments-v1.yaml").write_text(SCHEMA)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x",
                        "-keyout", "server-key.pem", "-out", "chain.pem"], cwd=cls.checkout, check=True, capture_output=True)
        shutil.copy(cls.checkout / "chain.pem", cls.checkout / "client-ca.pem")

    @classmethod
    def answers(cls):
        outputs = {"GateRoleArn": f"arn:aws:iam::{cls.account}:role/{GATE_ROLE}",
                   "DeployRoleArn": f"arn:aws:iam::{cls.account}:role/deploy-role", "PipelineName": "nitro-enc-svc-prod",
                   "ArtifactsBucket": "artifacts"}
        assert set(outputs) == set(TEMPLATE["Outputs"])
        credentials = {"AccessKeyId": cls.environment["AWS_ACCESS_KEY_ID"], "SessionToken": "",
                       "SecretAccessKey": cls.environment["AWS_SECRET_ACCESS_KEY"]}
        place = {"bucket": "artifacts", "key": "nitro-enc-svc-prod/Built/abc.zip"}
        (cls.home / "answers.json").write_text(json.dumps({
            "token": "0b1c2d3e-0000-4000-8000-0123456789ab",
            "sts assume-role": {"Credentials": credentials},
            "eks describe-cluster": {"cluster": {"resourcesVpcConfig": {"subnetIds": ["subnet-1", "subnet-2"]}}},
            "codestar-connections create-connection": {
                "ConnectionArn": f"arn:aws:codestar-connections:us-east-1:{cls.account}:connection/1"},
            "cloudformation describe-stacks": {"Stacks": [{"Outputs": [
                {"OutputKey": name, "OutputValue": value} for name, value in outputs.items()]}]},
            "codepipeline list-action-executions": {"actionExecutionDetails": [
                {"actionName": "Check"},
                {"actionName": "Build", "output": {"outputArtifacts": [{"name": "Built", "s3location": place}]}}]},
            "codepipeline get-pipeline-state": {"stageStates": [
                {"stageName": "Source"},
                {"stageName": "Gate", "actionStates": [{"actionName": "Check"}, {
                    "actionName": "Approve", "latestExecution": {"token": "0b1c2d3e-0000-4000-8000-0123456789ab"}}]}]}}))

    @classmethod
    def aws(cls, *words):
        done = subprocess.run([str(cls.home / "bin/aws"), *words], env=cls.environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        return done.stdout

    def become_gate(self):
        """What the stages call AWS with: the role that the emulator's metadata service gives."""
        base = f"http://127.0.0.1:{self.emulator.ports['http']}/latest"
        request = urllib.request.Request(f"{base}/api/token", method="PUT",
                                         headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"})
        with urllib.request.urlopen(request) as answer:
            token = answer.read().decode()
        request = urllib.request.Request(f"{base}/meta-data/iam/security-credentials/{GATE_ROLE}",
                                         headers={"X-aws-ec2-metadata-token": token})
        with urllib.request.urlopen(request) as answer:
            found = json.load(answer)
        (self.home / "credentials.json").write_text(json.dumps(
            {"AWS_ACCESS_KEY_ID": found["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": found["SecretAccessKey"],
             "AWS_SESSION_TOKEN": found["Token"]}))

    def build(self, tag):
        """A build of the pipeline: its artifacts in the bucket."""
        folder = self.home / f"build-{tag}"
        (folder / "blobs").mkdir(parents=True)
        for name, data in (("bzImage", b"kernel" * 100), ("cmdline", b"console=ttyS0\n"), ("init", b"init" * 100)):
            (folder / "blobs" / name).write_bytes(data)
        variables = {name: value for name, value in enclave_table().items() if value}
        variables.update(VSOCK_PROXY_CID="3", BUILD=tag)
        bundle = subprocess.run([str(ROOT / "scripts/ca-bundle")], check=True, capture_output=True).stdout
        image = folder / "image.tar"
        image.write_bytes(docker_archive([layer(
            entry("usr/local/bin/enclave", b"program", mode=0o755), entry("etc/nitro-enc-svc/ca-bundle.pem", bundle))],
            Env=[f"{name}={value}" for name, value in variables.items()], Cmd=[], Entrypoint=["/usr/local/bin/enclave"]))
        done = subprocess.run([os.environ["NITRO_ENC"], "eif", "build", "--blobs", folder / "blobs", "--docker-archive", image,
                               "--output-file", folder / "image.eif"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        pcr0 = json.loads(done.stdout)["Measurements"]["PCR0"]
        registry = f"{self.account}.dkr.ecr.us-east-1.amazonaws.com/nitro-enc-svc"
        summary = {"imageTag": tag, "ecrRunner": f"{registry}/runner:{tag}", "ecrProxy": f"{registry}/vsock-proxy:{tag}",
                   "pcr0": pcr0}
        archived = folder / "built.zip"
        with zipfile.ZipFile(archived, "w") as archive:
            archive.writestr("enclave/build-summary.json", json.dumps(summary))
            archive.writestr("enclave/pcr-values.json", done.stdout)
            archive.write(folder / "image.eif", "enclave/nitro-enc-svc.eif")
            archive.write(os.environ["NITRO_ENC"], "enclave/tools/nitro-enc")
        self.publish(archived.read_bytes())
        self.pcr0.append(pcr0)

    def publish(self, artifacts):
        """For the stages, and in the bucket for whoever fetches it."""
        place = self.home / "state/s3/artifacts/nitro-enc-svc-prod/Built"
        place.mkdir(parents=True, exist_ok=True)
        for path in (self.home / "built.zip", place / "abc.zip"):
            path.write_bytes(artifacts)

    def shell(self, commands):
        # The one person here is whom the emulator knows: he is administrator, operator and importer.
        commands = re.sub(r"arn:aws:iam::\$ACCOUNT:role/kms-[a-z]+", self.administrator, commands)
        script = ("set -euo pipefail\n" + (f"source {self.state}\n" if self.state.exists() else "") + commands +
                  f"\nwait\n{{ declare -p $(compgen -v | grep -E '^([A-Z][A-Z0-9_]*|apply|urls)$' | grep -Ev "
                  f"'^(BASH|EUID|UID|PPID|SHELLOPTS|DIRSTACK|GROUPS|FUNCNAME|PIPESTATUS|SECONDS|RANDOM|SRANDOM|LINENO|EPOCH)'); "
                  f"declare -f; }} >{self.state}.new\nmv {self.state}.new {self.state}\n")
        done = subprocess.run(["bash", "-c", script], cwd=self.checkout, env=self.environment, capture_output=True, text=True,
                              timeout=300, check=False)
        self.assertEqual(done.returncode, 0, f"{done.stdout[-2000:]}{done.stderr[-4000:]}")
        return done.stdout

    def calls(self, *beginning):
        lines = [json.loads(line) for line in (self.home / "calls").read_text().splitlines()]
        return [line for line in lines if tuple(line[:len(beginning)]) == beginning]

    def policy_is_closed_for(self, *words):
        done = subprocess.run([os.environ["NITRO_ENC"], "policy", "check", "--kms-key-id", self.key, "--admin", self.administrator,
                               *words], env=self.environment, capture_output=True, text=True, check=False)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return done.returncode == 0

    def assert_stages_passed(self, why):
        status, said = json.loads((self.home / "stages.json").read_text())
        self.assertEqual(status, 0, f"{why}: {said[-3000:]}")

    def running(self):
        return (self.home / "parameter").read_text().split("\n")

    @property
    def key(self):
        return re.search(r'KMS_KEY_ARN="(.*)"', self.state.read_text())[1]

    def gate(self):
        self.become_gate()
        return Stages(self.home).run("Gate")

    def test_the_page_from_an_empty_account_to_the_days_after(self):
        page = sections()
        os.environ.update(self.environment)  # for the stages that run in this process
        self.build("first")
        self.become_gate()
        self.shell(page[""])
        self.from_nothing(page["From nothing to sealed traffic"])
        self.a_new_schema(page["A new schema"])
        self.a_new_key(page["A new data key"])
        self.a_new_version(page["A new version"])
        self.a_gate_that_must_not_open()
        self.roll_back(page["Roll back"])
        self.a_certificate(page["A certificate of your own"])
        self.shell(page["A lost node"])
        self.shell("set +e\n" + page["PCR0 changed, and nobody changed the code"])

    def from_nothing(self, commands):
        self.shell(commands)
        self.assert_stages_passed("the gate opens for the first build, and Deploy deploys it")
        self.assertTrue(self.policy_is_closed_for("--pcr0", self.pcr0[0]))
        self.assertEqual(self.running(), ["/nitro-enc-svc/prod/pcr0", self.pcr0[0]])
        image, = self.calls("kubectl", "set", "image")
        self.assertTrue(image[-2].endswith("/nitro-enc-svc/runner:first"), image)
        applied = yaml.safe_load_all((self.checkout / "manifests.yaml").read_text())
        daemonset, = [one for one in applied if one["kind"] == "DaemonSet"]
        images = [container["image"].rsplit("/", 1)[1] for container in daemonset["spec"]["template"]["spec"]["containers"]]
        self.assertEqual(images, ["runner:first", "vsock-proxy:first"])
        self.assertIn("/vsock-proxy:first", (self.checkout / "pod.yaml").read_text())
        order = [call[:3] for call in self.calls("kubectl")]
        self.assertLess(order.index(["kubectl", "apply", "-f"]), order.index(["kubectl", "set", "image"]))

    def a_new_schema(self, commands):
        self.shell(commands)
        signature = (self.home / "state/s3/my-schema-bucket/schemas/payments-v1.yaml.sig").read_text()
        self.assertEqual(json.loads(signature)["version"], 2)

    def a_new_key(self, commands):
        self.shell(commands)
        arn = re.search(r'SECRET_ARN="(.*)"', self.state.read_text())[1]
        versions = json.loads(self.aws("secretsmanager", "list-secret-version-ids", "--secret-id", arn))["Versions"]
        self.assertEqual(len(versions), 2)
        self.assertTrue(any("AWSCURRENT" in version["VersionStages"] for version in versions))

    def a_new_version(self, commands):
        self.build("second")
        self.shell(commands)
        self.assert_stages_passed("the gate takes the image that still runs beside the new one")
        self.assertTrue(self.policy_is_closed_for("--pcr0", self.pcr0[1]))
        self.assertEqual(self.running()[1], self.pcr0[1])

    def a_gate_that_must_not_open(self):
        self.assertTrue(self.gate())
        self.shell('"${apply[@]}" --previous-pcr0 ' + "c" * 96)
        self.assertFalse(self.gate(), "an image that neither runs nor was built can decrypt")
        self.shell('"${apply[@]}"')
        second = (self.home / "built.zip").read_bytes()
        self.build("third")
        self.assertFalse(self.gate(), "the build cannot decrypt")
        self.publish(second)
        self.assertTrue(self.gate())

    def roll_back(self, commands):
        (self.checkout / "old").mkdir()
        with zipfile.ZipFile(self.home / "built.zip") as archive:
            self.assertEqual(json.loads(archive.read("enclave/build-summary.json"))["pcr0"], self.pcr0[1])
        (self.checkout / "old/build-summary.json").write_text(json.dumps({"pcr0": self.pcr0[0]}))
        self.shell(commands)
        self.assertTrue(self.policy_is_closed_for("--pcr0", self.pcr0[0], "--pcr0", self.pcr0[1]))
        self.assertEqual(self.running()[1], self.pcr0[0])

    def a_certificate(self, commands):
        self.assertTrue(self.gate(), "the second image, and the first, which runs")
        self.shell(commands)
        self.assertFalse(self.policy_is_closed_for("--pcr0", self.pcr0[1]), "somebody may encrypt")
        self.assertTrue(self.policy_is_closed_for("--pcr0", self.pcr0[1], "--importer", self.administrator))
        self.assertTrue(self.gate(), "the stack names the importer")
        secret = json.loads(json.loads(self.aws("secretsmanager", "get-secret-value", "--secret-id", "nitro/tls"))["SecretString"])
        self.assertEqual(secret["certificate"], (self.checkout / "chain.pem").read_text())
        self.assertFalse((self.checkout / "server-key.der").exists())


class Page(unittest.TestCase):
    def test_every_section_with_commands_is_run_above(self):
        text = pathlib.Path(__file__).read_text(encoding="utf-8")
        for name, commands in sections().items():
            if commands:
                self.assertIn(f'page["{name}"]', text)


if __name__ == "__main__":
    missing = [f"{program} is not installed" for program in ("/usr/bin/aws", "kubectl", "jq", "openssl", "unzip")
               if shutil.which(program) is None]
    if missing:
        print(f"skipped: {missing[0]}")
        sys.exit(SKIPPED)
    unittest.main()
