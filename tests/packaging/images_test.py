#!/usr/bin/env python3
"""Builds the Dockerfiles with buildah, through the stand-in that scripts/codebuild-local uses, on a base made by
mmdebstrap, and looks at what came out. IMAGES_HOME keeps the base and the layers between runs."""

import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SKIPPED = 77  # ctest's SKIP_RETURN_CODE
HOME = pathlib.Path(os.environ["IMAGES_HOME"]).resolve()
sys.path.insert(0, str(HERE))

from stated import enclave_table, required_of_enclave  # noqa: E402: found by the line above

STORAGE = ["--storage-driver", "vfs", "--root", str(HOME / "storage"), "--runroot", str(HOME / "run")]
GIVEN = {"SECRET_ARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:nitro/dek",
         "KMS_KEY_ID": "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000",
         "S3_BUCKET": "my-schema-bucket", "VSOCK_PROXY_CID": "3",
         "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317"}
BASE = "localhost/debian:12"


def buildah(*arguments, check=True):
    done = subprocess.run(["buildah", *STORAGE, *map(str, arguments)], capture_output=True, text=True, check=False)
    if check and done.returncode != 0:
        raise AssertionError(f"buildah {arguments}: {done.stderr[-3000:]}")
    return done


def docker_build(*arguments, context=ROOT, layers=True):
    """Whether `docker build` succeeded, and its output. The compiler's cache is the machine's. Layers cost a copy of
    everything each and pay only where another build starts from them."""
    cache = pathlib.Path(os.environ.get("CCACHE_DIR", pathlib.Path.home() / ".cache/ccache"))
    cache.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "LOCAL_HOME": str(HOME), "LOCAL_BUILD_OPTIONS": f"--volume {cache}:/ccache --layers={str(layers).lower()}"}
    done = subprocess.run([str(ROOT / "devkit/shims/docker"), "build", *map(str, arguments), str(context)],
                          env=environment, capture_output=True, text=True, check=False)
    return done.returncode == 0, done.stdout + done.stderr


def arguments(values):
    return [word for name, value in values.items() for word in ("--build-arg", f"{name}={value}")]


def make_base():
    """Debian 12 with nothing but what it needs, as an image; made once."""
    if buildah("inspect", "--type", "image", BASE, check=False).returncode == 0:
        return
    folder = HOME / "base"
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "base.tar").exists():
        subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", "--include=ca-certificates,jq,python3",
                        "bookworm", str(folder / "new.tar")], check=True)
        (folder / "new.tar").rename(folder / "base.tar")
    (folder / "Dockerfile").write_text('FROM scratch\nADD base.tar /\nCMD ["/bin/bash"]\n')
    built, said = docker_build("-t", BASE, context=folder)
    assert built, said


def image(name):
    return json.loads(buildah("inspect", "--type", "image", name).stdout)["OCIv1"]


class Mounted:
    """A container of an image: its files, and running something in it."""

    def __init__(self, name):
        self.name = buildah("from", "--pull-never", name).stdout.strip()
        self.root = pathlib.Path(buildah("mount", self.name).stdout.strip())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        buildah("rm", self.name, check=False)

    def run(self, *command, variables=None):
        options = [word for name, value in (variables or {}).items() for word in ("--env", f"{name}={value}")]
        return buildah("run", "--isolation", "chroot", *options, self.name, "--", *command, check=False)


class Text(unittest.TestCase):
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
        self.assertEqual(set(required_of_enclave()), set(GIVEN))
        for name in GIVEN:
            self.assertEqual(self.declared[name], "")

    def test_tests_of_the_builder_leave_out_packaging(self):
        text = (ROOT / "Dockerfile.enclave").read_text(encoding="utf-8")
        stage = text.split("FROM builder AS test\n")[1].split("\nFROM ")[0]
        self.assertRegex(stage, r"ctest --test-dir build/release -LE packaging")


class Enclave(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        make_base()
        cls.built, cls.said = docker_build(
            "-f", ROOT / "Dockerfile.enclave", *arguments({"BUILDER_IMAGE": BASE, "RUNTIME_IMAGE": BASE, **GIVEN,
                                                           "TLS_PORT": "8443", "IMAGE_VERSION": "1.2.3"}),
            "-t", "nitro-enc-svc-enclave:local")
        assert cls.built, cls.said[-4000:]
        cls.image = image("nitro-enc-svc-enclave:local")

    def test_a_missing_argument_is_named(self):
        built, said = docker_build("-f", ROOT / "Dockerfile.enclave", *arguments({"BUILDER_IMAGE": BASE, "RUNTIME_IMAGE": BASE}))
        self.assertFalse(built)
        for name in GIVEN:
            self.assertIn(f"Dockerfile.enclave: --build-arg {name}=... is required", said)
        one = {**GIVEN, "S3_BUCKET": ""}
        built, said = docker_build("-f", ROOT / "Dockerfile.enclave",
                                   *arguments({"BUILDER_IMAGE": BASE, "RUNTIME_IMAGE": BASE, **one}))
        self.assertFalse(built)
        self.assertEqual(re.findall(r"--build-arg (\w+)=\.\.\. is required\n", said), ["S3_BUCKET"])

    def test_image_runs_the_enclave_as_its_user(self):
        config = self.image["config"]
        self.assertEqual(config["User"], "enclave-svc")
        self.assertEqual(config["Entrypoint"], ["/usr/local/bin/enclave"])
        self.assertFalse(config.get("Cmd"))
        with Mounted("nitro-enc-svc-enclave:local") as container:
            self.assertIn("enclave-svc:x:65532:65532:", (container.root / "etc/passwd").read_text())

    def test_configuration_is_baked_in(self):
        baked = dict(entry.split("=", 1) for entry in self.image["config"]["Env"])
        self.assertLessEqual(set(enclave_table()), set(baked))
        for name, value in {**GIVEN, "TLS_PORT": "8443", "S3_PREFIX": "schemas/", "LOG_LEVEL": "info"}.items():
            self.assertEqual(baked[name], value)
        self.assertEqual(baked["DECRYPT_CLIENTS"], "")

    def test_labels_are_those_of_the_oci(self):
        labels = self.image["config"]["Labels"]
        self.assertEqual(labels["org.opencontainers.image.version"], "1.2.3")
        self.assertEqual(labels["org.opencontainers.image.licenses"], "Apache-2.0")

    def binary(self):
        with Mounted("nitro-enc-svc-enclave:local") as container:
            return (container.root / "usr/local/bin/enclave").read_bytes()

    def test_empty_runtime_takes_a_static_binary_and_no_other(self):
        static = b"/lib64/ld-linux-x86-64.so.2\0" not in self.binary()
        built, said = docker_build("-f", ROOT / "Dockerfile.enclave", *arguments({"BUILDER_IMAGE": BASE, **GIVEN}),
                                   "-t", "nitro-enc-svc-enclave:scratch")
        self.assertEqual(built, static, said[-2000:])
        if not static:
            self.assertIn("the enclave binary is not static, which RUNTIME_IMAGE=scratch needs", said)

    def test_bill_of_materials_is_of_this_binary(self):
        folder = HOME / "tools"
        shutil.rmtree(folder, ignore_errors=True)
        built, said = docker_build("-f", ROOT / "Dockerfile.enclave", *arguments({"BUILDER_IMAGE": BASE}), "--target",
                                   "tools", "--output", f"type=local,dest={folder}")
        self.assertTrue(built, said[-2000:])
        bill = json.loads((folder / "enclave.cdx.json").read_text())
        self.assertEqual((bill["bomFormat"], bill["specVersion"]), ("CycloneDX", "1.5"))
        self.assertEqual(bill["metadata"]["component"]["hashes"],
                         [{"alg": "SHA-256", "content": hashlib.sha256(self.binary()).hexdigest()}])
        names = {component["name"] for component in bill["components"]}
        self.assertTrue(any(name.startswith("libssl") for name in names), names)
        self.assertTrue(any(name.startswith("libgcrypt20") for name in names), names)
        self.assertEqual(len(bill["dependencies"][0]["dependsOn"]), len(names))
        self.assertTrue(os.access(folder / "nitro-enc", os.X_OK))


@unittest.skipUnless((ROOT / "host/vsock_proxy").is_dir(), "there is no vsock-proxy in this tree")
class Proxy(unittest.TestCase):
    def test_image_runs_the_proxy_with_nothing_around_it(self):
        make_base()
        built, said = docker_build("-f", ROOT / "Dockerfile.vsock-proxy", *arguments({"BUILDER_IMAGE": BASE}), "-t",
                                   "nitro-enc-svc-vsock-proxy:local")
        self.assertTrue(built, said[-4000:])
        config = image("nitro-enc-svc-vsock-proxy:local")["config"]
        self.assertEqual((config["User"], config["Entrypoint"]), ("65532:65532", ["/usr/local/bin/vsock-proxy"]))
        with Mounted("nitro-enc-svc-vsock-proxy:local") as container:
            self.assertEqual(sorted(path.name for path in (container.root / "usr/local/bin").iterdir()), ["vsock-proxy"])
            done = container.run("/usr/local/bin/vsock-proxy", "--version")
            self.assertEqual(done.returncode, 0, done.stderr)


class Runner(unittest.TestCase):
    """On Debian in place of Amazon Linux: `dnf` there installs a local package under nitro-cli's real package name."""

    @classmethod
    def setUpClass(cls):
        make_base()
        cls.context = HOME / "runner"
        shutil.rmtree(cls.context, ignore_errors=True)
        package = cls.context / "base/aws-nitro-enclaves-cli"
        (package / "DEBIAN").mkdir(parents=True)
        (package / "DEBIAN/control").write_text("Package: aws-nitro-enclaves-cli\nVersion: 1.0\nArchitecture: all\n"
                                                "Maintainer: tests\nDescription: nitro-cli of the tests\n")
        (package / "usr/bin").mkdir(parents=True)
        shutil.copy(HERE / "fake_nitro_cli", package / "usr/bin/nitro-cli")
        subprocess.run(["dpkg-deb", "--build", package], check=True, capture_output=True)
        shutil.rmtree(package)
        dnf = cls.context / "base/dnf"
        dnf.write_text('#!/bin/bash\n[[ $1 != clean ]] || exit 0\n'
                       '[[ "$*" == "install --assumeyes --setopt=install_weak_deps=False aws-nitro-enclaves-cli jq" ]] '
                       '&& dpkg --install /aws-nitro-enclaves-cli.deb && command -v jq\n')
        dnf.chmod(0o755)
        (cls.context / "base/Dockerfile").write_text(
            f"FROM {BASE}\nCOPY aws-nitro-enclaves-cli.deb /\nCOPY dnf /usr/local/bin/\n")
        (cls.context / "proxy").mkdir()
        shutil.copy(HERE / "fake_vsock_proxy", cls.context / "proxy/vsock-proxy")
        (cls.context / "proxy/Dockerfile").write_text("FROM scratch\nCOPY vsock-proxy /usr/local/bin/vsock-proxy\n")
        for name in ("base", "proxy"):
            built, said = docker_build("-t", f"localhost/runner-{name}:test", context=cls.context / name, layers=False)
            assert built, said
        (cls.context / "scripts").mkdir()
        shutil.copy(ROOT / "scripts/run-enclave.sh", cls.context / "scripts/run-enclave.sh")
        (cls.context / "enclave").mkdir()
        (cls.context / "enclave/nitro-enc-svc.eif").write_bytes(b".eif\nVSOCK_PROXY_CID=3\n")
        cls.build("localhost/runner:test")

    @classmethod
    def build(cls, name, *options):
        built, said = docker_build(
            "-f", ROOT / "Dockerfile.runner", *options, *arguments({
                "RUNNER_IMAGE": "localhost/runner-base:test", "PROXY_IMAGE": "localhost/runner-proxy:test",
                "PCR0": "ab" * 48, "IMAGE_REVISION": "0123"}), "-t", name, context=cls.context, layers=False)
        assert built, said[-4000:]

    def test_eif_and_script_are_baked_in(self):
        config = image("localhost/runner:test")["config"]
        self.assertEqual(config["Entrypoint"], ["/usr/local/bin/run-enclave.sh"])
        self.assertEqual(config["User"], "root")
        self.assertEqual(config["Labels"]["nitro-enc-svc.pcr0"], "ab" * 48)
        with Mounted("localhost/runner:test") as container:
            self.assertEqual((container.root / "enclave/nitro-enc-svc.eif").read_bytes(), b".eif\nVSOCK_PROXY_CID=3\n")

    def test_its_entry_point_starts_the_enclave_and_notices_its_end(self):
        with Mounted("localhost/runner:test") as container:
            home = container.root / "fake"
            home.mkdir()
            # The state is read once for orphans, and once more to find that the enclave is gone.
            (home / "script.json").write_text(json.dumps({"describe-enclaves": ["ok", "[]"]}))
            (home / "logs").write_text("\n")
            done = container.run("/usr/local/bin/run-enclave.sh", variables={
                "FAKE_HOME": "/fake", "ENCLAVE_MEMORY_MB": "512", "ENCLAVE_CPU_COUNT": "2", "ENCLAVE_CID": "16",
                "HEALTH_CHECK_INTERVAL": "1", "PATH": "/usr/local/bin:/usr/bin:/bin"})
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn("run-enclave: started i-0abc-enc16 with CID 16", done.stderr)
            self.assertIn("run-enclave: the enclave i-0abc-enc16 is not RUNNING (state: MISSING)", done.stderr)
            self.assertIn('{"event":"started"}', done.stdout)
            self.assertIn("nitro-cli run-enclave --eif-path /enclave/nitro-enc-svc.eif --memory 512 --cpu-count 2 "
                          "--enclave-cid 16", (home / "calls").read_text())

    def test_what_is_copied_in_has_no_time_of_its_own(self):
        with Mounted("localhost/runner:test") as container:
            for name in ("usr/local/bin/run-enclave.sh", "enclave/nitro-enc-svc.eif"):
                self.assertEqual((container.root / name).stat().st_mtime, 0, name)
        self.assertTrue(image("localhost/runner:test")["created"].startswith("1970-01-01"))


if __name__ == "__main__":
    for program in ("buildah", "mmdebstrap", "dpkg-deb"):
        if shutil.which(program) is None:
            print(f"skipped: {program} is not installed")
            sys.exit(SKIPPED)
    HOME.mkdir(parents=True, exist_ok=True)
    unittest.main()
