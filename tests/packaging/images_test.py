#!/usr/bin/env python3
"""Runs buildspec.yml with scripts/codebuild-local: real images, made by buildah on a base that mmdebstrap makes, and an EIF
by devkit's nitro-cli. Then looks at what came out. IMAGES_HOME keeps the bases and the layers between runs, NES_BIN has the
programs; what the machine's compiler cache has is not compiled again. IMAGES_TEST_STAGE=yes runs `--target test` too."""

import hashlib
import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SKIPPED = 77  # ctest's SKIP_RETURN_CODE
HOME = pathlib.Path(os.environ["IMAGES_HOME"]).resolve()
BINARIES = pathlib.Path(os.environ["NES_BIN"]).resolve()
sys.path[:0] = [str(HERE), str(ROOT / "devkit")]

import make_eif  # found by the line above
from stated import enclave_table

GIVEN = {"SECRET_ARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:nitro/dek",
         "KMS_KEY_ID": "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000",
         "S3_BUCKET": "my-schema-bucket", "VSOCK_PROXY_CID": "3",
         "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317"}
BASE, RUNNER_BASE = "localhost/debian:12", "localhost/runner-base:1"
ENCLAVE = "nitro-enc-svc-enclave:local"
REVISION = "0123456789abcdef0123456789abcdef01234567"
DNF = """#!/bin/bash
[[ $1 != clean ]] || exit 0
[[ "$*" == "install --assumeyes --setopt=install_weak_deps=False aws-nitro-enclaves-cli jq" ]] &&
  dpkg --install /aws-nitro-enclaves-cli.deb && command -v jq
"""


WITHOUT_TEST_STAGE = """#!/bin/bash
[[ " $* " != *" --target test "* ]] || exit 0
exec "%s" "$@"
"""


def run(*command, check=True, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **options)
    if check and done.returncode != 0:
        raise AssertionError(f"{command}: {done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done


def storage_driver():
    """overlay where the kernel lets it mount; vfs copies every layer for the next."""
    folder = HOME / "driver"
    for name in ("lower", "upper", "work", "merged"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    options = ",".join(f"{name}dir={folder / name}" for name in ("lower", "upper", "work"))
    if run("mount", "-t", "overlay", "overlay", "-o", options, folder / "merged", check=False).returncode != 0:
        return "vfs"
    run("umount", folder / "merged")
    return "overlay"


def environment(**changes):
    """Of devkit's docker. The compiler's cache is the machine's."""
    cache = pathlib.Path(run("ccache", "--get-config", "cache_dir").stdout.strip())
    cache.mkdir(parents=True, exist_ok=True)
    return {**os.environ, "LOCAL_HOME": str(HOME), "LOCAL_STORAGE_DRIVER": storage_driver(),
            "LOCAL_BUILD_OPTIONS": f"--volume {cache}:/ccache", **changes}


def buildah(*arguments, check=True):
    return run("buildah", "--storage-driver", storage_driver(), "--root", HOME / "storage", "--runroot", HOME / "run",
               *arguments, check=check)


def docker_build(*arguments, context=None, **variables):
    """Whether `docker build` succeeded, and its output."""
    done = run(ROOT / "devkit/shims/docker", "build", *arguments, context or BUILD.clean, check=False,
               env=environment(**variables))
    return done.returncode == 0, done.stdout + done.stderr


def arguments(values):
    return [word for name, value in values.items() for word in ("--build-arg", f"{name}={value}")]


def make_image(name, folder, **variables):
    built, said = docker_build("-t", name, context=folder, **variables)
    assert built, said


def make_base():
    """Debian 12 with nothing but what it needs, as an image; made once."""
    if buildah("inspect", "--type", "image", BASE, check=False).returncode == 0:
        return
    folder = HOME / "base"
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "base.tar").exists():
        run("mmdebstrap", "--quiet", "--variant=minbase", "--include=ca-certificates,jq,python3",
            "--dpkgopt=force-unsafe-io", "bookworm", folder / "new.tar")
        (folder / "new.tar").rename(folder / "base.tar")
    # As Docker's image has it: a package's files need not be on the disk before the next.
    (folder / "unsafe-io").write_text("force-unsafe-io\n")
    (folder / "Dockerfile").write_text(
        'FROM scratch\nADD base.tar /\nCOPY unsafe-io /etc/dpkg/dpkg.cfg.d/unsafe-io\nCMD ["/bin/bash"]\n')
    make_image(BASE, folder)


def make_runner_base():
    """What stands for Amazon Linux: its `dnf` installs devkit's nitro-cli as the package that the real one is in."""
    folder = HOME / "runner-base"
    shutil.rmtree(folder, ignore_errors=True)
    package = folder / "aws-nitro-enclaves-cli"
    (package / "DEBIAN").mkdir(parents=True)
    (package / "DEBIAN/control").write_text("Package: aws-nitro-enclaves-cli\nVersion: 1.0\nArchitecture: all\n"
                                            "Maintainer: tests\nDescription: devkit's nitro-cli\n")
    (package / "usr/bin").mkdir(parents=True)
    (package / "usr/share/devkit").mkdir(parents=True)
    shutil.copytree(ROOT / "devkit/nitro_cli", package / "usr/share/devkit/nitro_cli")
    for module in (ROOT / "devkit").glob("*.py"):
        shutil.copy(module, package / "usr/share/devkit")
    (package / "usr/bin/nitro-cli").symlink_to("../share/devkit/nitro_cli/nitro-cli")
    run("dpkg-deb", "--build", package)
    shutil.rmtree(package)
    (folder / "dnf").write_text(DNF)
    (folder / "dnf").chmod(0o755)
    (folder / "Dockerfile").write_text(f"FROM {BASE}\nCOPY aws-nitro-enclaves-cli.deb /\nCOPY dnf /usr/local/bin/\n")
    make_image(RUNNER_BASE, folder)


def copy_source(target):
    """A checkout: what is built from leaves nothing in the tree."""
    shutil.rmtree(target, ignore_errors=True)
    ignored = shutil.ignore_patterns(".git", "build", ".cache", "__pycache__", "*.eif", "pcr-values.json",
                                     "build-summary.json")
    shutil.copytree(ROOT, target, symlinks=True, ignore=ignored)


class Build:
    """One run of the pipeline, and what it left."""

    def __init__(self):
        self.source = HOME / "source"
        self.clean = HOME / "clean"  # the same before it was built: its layers are there
        self.eif = self.source / "enclave/nitro-enc-svc.eif"
        self.tools = self.source / "enclave/tools"
        self.tag = REVISION[:12]
        self.proxy, self.runner = (f"localhost/nitro-enc-svc/{name}:{self.tag}" for name in ("vsock-proxy", "runner"))

    def shims(self):
        if os.environ.get("IMAGES_TEST_STAGE") == "yes":
            return ROOT / "devkit/shims"
        folder = HOME / "shims"
        shutil.copytree(ROOT / "devkit/shims", folder, dirs_exist_ok=True)
        (folder / "docker").write_text(WITHOUT_TEST_STAGE % (ROOT / "devkit/shims/docker"))
        return folder

    def run(self):
        copy_source(self.source)
        copy_source(self.clean)
        # ccache knows a compiler by its size and its time: here it is to be the machine's.
        built, said = docker_build("-f", self.clean / "Dockerfile.enclave", "--target", "dependencies",
                                   *arguments({"BUILDER_IMAGE": BASE}), LOCAL_KEEP_TIMES="yes")
        assert built, said[-4000:]
        kernel = pathlib.Path(run(ROOT / "kernel/build.sh", "enclave").stdout.strip())
        make_eif.make_blobs(HOME / "blobs", BINARIES, kernel)
        shutil.rmtree(HOME / "ecr", ignore_errors=True)
        given = environment(
            **GIVEN, TLS_PORT="8443", ECR_REGISTRY="localhost", AWS_DEFAULT_REGION="us-east-1", AWS_REGION="us-east-1",
            BUILDER_IMAGE=BASE,
            RUNNER_IMAGE=RUNNER_BASE, CODEBUILD_RESOLVED_SOURCE_VERSION=REVISION, NITRO_CLI_BLOBS=str(HOME / "blobs"),
            PATH=f"{ROOT / 'devkit/nitro_cli'}:{BINARIES}:{os.environ['PATH']}")
        with open(HOME / "pipeline.log", "wb") as log:
            done = subprocess.run([str(ROOT / "scripts/codebuild-local"), "--home", str(HOME), "--source", str(self.source),
                                   "--shims", str(self.shims())], env=given, stdout=log, stderr=log, check=False)
        self.said = (HOME / "pipeline.log").read_text(encoding="utf-8", errors="replace")
        if done.returncode != 0:
            sys.exit(f"codebuild-local ended with status {done.returncode}; {HOME}/pipeline.log ends:\n{self.said[-6000:]}")
        self.summary = json.loads((self.source / "enclave/build-summary.json").read_text())
        self.measured = json.loads((self.source / "enclave/pcr-values.json").read_text())["Measurements"]


BUILD = Build()


def setUpModule():
    make_base()
    make_runner_base()
    BUILD.run()


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


class Pipeline(unittest.TestCase):
    """buildspec.yml, all of it, once; the classes below look at what it made too."""

    def test_ends_with_artifacts_that_agree(self):
        self.assertEqual(BUILD.summary["imageTag"], BUILD.tag)
        self.assertEqual(BUILD.summary["eifBuilder"], "nitro-cli")
        for name in ("PCR0", "PCR1", "PCR2"):
            self.assertRegex(BUILD.measured[name], "^[0-9a-f]{96}$")
            self.assertEqual(BUILD.summary[name.lower()], BUILD.measured[name])
        described = run(BINARIES / "nitro-enc", "eif", "describe", BUILD.eif)
        self.assertEqual(json.loads(described.stdout)["Measurements"]["PCR0"], BUILD.measured["PCR0"])

    def test_tests_come_first_and_in_the_builder_stage(self):
        tested, built = (BUILD.said.index(f"+ bash scripts/build-image Dockerfile.enclave {words}")
                         for words in ("--target test", "-t nitro-enc-svc-enclave:local"))
        self.assertLess(tested, built)

    def test_two_images_are_pushed_and_the_enclave_s_is_not(self):
        for name in ("vsock-proxy", "runner"):
            index = json.loads((HOME / "ecr/nitro-enc-svc" / name / "image/index.json").read_text())
            tags = [entry["annotations"]["org.opencontainers.image.ref.name"] for entry in index["manifests"]]
            self.assertIn(BUILD.tag, tags)
        self.assertFalse((HOME / "ecr/nitro-enc-svc/enclave").exists())
        self.assertEqual(image(f"nitro-enc-svc/enclave:{BUILD.tag}"), image(ENCLAVE))

    def test_labels_say_what_each_image_is(self):
        for name, title in ((ENCLAVE, "enclave"), (BUILD.proxy, "vsock-proxy"), (BUILD.runner, "runner")):
            labels = image(name)["config"]["Labels"]
            self.assertEqual(labels["org.opencontainers.image.title"], f"nitro-enc-svc {title}")
            self.assertEqual(labels["org.opencontainers.image.revision"], REVISION)
            self.assertRegex(labels["org.opencontainers.image.version"], r"^\d+\.\d+\.\d+$")
            self.assertTrue(image(name)["created"].startswith("1970-01-01"))
        self.assertEqual(image(BUILD.runner)["config"]["Labels"]["nitro-enc-svc.pcr0"], BUILD.measured["PCR0"])

    def test_a_value_goes_from_the_project_into_the_binary(self):
        """TLS_PORT: buildspec.yml's argument, the image's ENV, a line of the EIF's environment, what `enclave` reads."""
        self.assertIn("TLS_PORT=8443", image(ENCLAVE)["config"]["Env"])
        self.assertIn(b"TLS_PORT=8443\n", BUILD.eif.read_bytes())
        with Mounted(ENCLAVE) as container:
            refused = container.run("/usr/local/bin/enclave", variables={"TLS_PORT": "x"})
            self.assertNotEqual(refused.returncode, 0)
            self.assertIn("TLS_PORT", refused.stderr + refused.stdout)
            accepted = container.run("/usr/local/bin/enclave")  # and ends for want of an NSM
            self.assertNotEqual(accepted.returncode, 0)
            self.assertNotIn("TLS_PORT", accepted.stderr + accepted.stdout)


class Enclave(unittest.TestCase):
    BASES = {"BUILDER_IMAGE": BASE}

    def test_a_missing_argument_is_named(self):
        built, said = docker_build("-f", BUILD.clean / "Dockerfile.enclave", *arguments(self.BASES))
        self.assertFalse(built)
        for name in GIVEN:
            self.assertIn(f"Dockerfile.enclave: --build-arg {name}=... is required", said)
        one = {**GIVEN, "S3_BUCKET": ""}
        built, said = docker_build("-f", BUILD.clean / "Dockerfile.enclave", *arguments({**self.BASES, **one}))
        self.assertFalse(built)
        self.assertEqual(re.findall(r"--build-arg (\w+)=\.\.\. is required\n", said), ["S3_BUCKET"])

    def assert_runs_the_enclave_as_its_user(self, name):
        config = image(name)["config"]
        self.assertEqual(config["User"], "enclave-svc")
        self.assertEqual(config["Entrypoint"], ["/usr/local/bin/enclave"])
        self.assertFalse(config.get("Cmd"))
        with Mounted(name) as container:
            self.assertIn("enclave-svc:x:65532:65532:", (container.root / "etc/passwd").read_text())
            return (container.root / "usr/local/bin/enclave").read_bytes()

    def test_image_has_nothing_but_the_enclave_and_runs_it_as_its_user(self):
        self.assert_runs_the_enclave_as_its_user(ENCLAVE)
        with Mounted(ENCLAVE) as container:
            files = {str(path.relative_to(container.root)) for path in container.root.rglob("*") if path.is_file()}
        self.assertEqual(files, {"usr/local/bin/enclave", "etc/passwd", "etc/group", "etc/nitro-enc-svc/ca-bundle.pem"})

    def test_another_base_takes_the_same_binary(self):
        folder = HOME / "small"
        folder.mkdir(exist_ok=True)
        (folder / "os-release").write_text("ID=small\n")
        (folder / "Dockerfile").write_text("FROM scratch\nCOPY os-release /etc/os-release\n")
        make_image("localhost/small:1", folder)
        built, said = docker_build(
            "-f", BUILD.clean / "Dockerfile.enclave", *arguments({**self.BASES, **GIVEN, "RUNTIME_IMAGE": "localhost/small:1"}),
            "-t", "localhost/enclave:on-small")
        self.assertTrue(built, said[-2000:])
        binary = self.assert_runs_the_enclave_as_its_user("localhost/enclave:on-small")
        self.assertEqual(binary, self.assert_runs_the_enclave_as_its_user(ENCLAVE))

    def test_where_it_was_built_is_not_baked_in(self):
        self.assertIn("AWS_REGION=", image(ENCLAVE)["config"]["Env"])

    def test_our_builder_takes_the_image_as_docker_saves_it(self):
        archive, eif = HOME / "image.tar", HOME / "ours.eif"
        archive.unlink(missing_ok=True)
        run(ROOT / "devkit/shims/docker", "save", "--output", archive, ENCLAVE, env=environment())
        measured = json.loads(run(BINARIES / "nitro-enc", "eif", "build", "--blobs", HOME / "blobs", "--docker-archive", archive,
                                  "--output-file", eif).stdout)["Measurements"]
        self.assertRegex(measured["PCR0"], "^[0-9a-f]{96}$")
        (HOME / "ours.json").write_text(json.dumps({"Measurements": measured}))
        run(BINARIES / "nitro-enc", "eif", "verify", eif, "--measurements", HOME / "ours.json")
        self.assertIn(b"TLS_PORT=8443\n", eif.read_bytes())

    def test_configuration_is_baked_in(self):
        baked = dict(entry.split("=", 1) for entry in image(ENCLAVE)["config"]["Env"])
        self.assertLessEqual(set(enclave_table()), set(baked))
        for name, value in {**GIVEN, "S3_PREFIX": "schemas/", "LOG_LEVEL": "info"}.items():
            self.assertEqual(baked[name], value)


class Reproducible(unittest.TestCase):
    """Another checkout of the same sources, of another time, with a file more that no program is made of."""

    def test_layers_are_the_same_again(self):
        other = HOME / "other"
        copy_source(other)
        (other / "docs/another-page.md").write_text("Another page.\n")
        for path in other.rglob("*"):
            os.utime(path, (1_000_000_000, 1_000_000_000), follow_symlinks=False)
        built, said = docker_build("-f", other / "Dockerfile.enclave", *arguments({"BUILDER_IMAGE": BASE, **GIVEN}),
                                   "-t", "localhost/enclave:other", context=other)
        self.assertTrue(built, said[-4000:])
        self.assertEqual(image("localhost/enclave:other")["rootfs"]["diff_ids"], image(ENCLAVE)["rootfs"]["diff_ids"])


class Tools(unittest.TestCase):
    """What `--target tools` exports."""

    def bill_of(self, name, *files):
        """The names of the components; the file that it is of has this hash."""
        bill = json.loads((BUILD.tools / f"{name}.cdx.json").read_text())
        self.assertEqual((bill["bomFormat"], bill["specVersion"]), ("CycloneDX", "1.5"))
        hashed = [bill["metadata"]["component"], *bill["components"]]
        hashes = [entry["hashes"] for entry in hashed if "hashes" in entry]
        self.assertEqual(hashes, [[{"alg": "SHA-256", "content": hashlib.sha256(file).hexdigest()}] for file in files])
        references = [component["bom-ref"] for component in bill["components"]]
        self.assertEqual(len(set(references)), len(references))
        self.assertEqual(bill["dependencies"][0]["dependsOn"], references)
        return {component["name"] for component in bill["components"]}

    def test_nitro_enc_is_one_static_file(self):
        program = BUILD.tools / "nitro-enc"
        self.assertNotIn("INTERP", run("readelf", "--program-headers", program).stdout)
        root = HOME / "empty-root"
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir()
        shutil.copy(program, root / "nitro-enc")
        self.assertIn("rollout-check", run("chroot", root, "/nitro-enc", "--help").stdout)

    def test_bills_of_binaries_name_the_libraries_in_them(self):
        with Mounted(ENCLAVE) as container:
            names = self.bill_of("enclave", (container.root / "usr/local/bin/enclave").read_bytes())
        self.assertLessEqual({"libssl-dev", "libgcrypt20-dev", "libc6-dev"}, names)
        self.assertLessEqual({"libarchive-dev", "libc-ares-dev", "libzstd-dev"},
                             self.bill_of("nitro-enc", (BUILD.tools / "nitro-enc").read_bytes()))
        with Mounted(BUILD.proxy) as container:
            names = self.bill_of("vsock-proxy", (container.root / "usr/local/bin/vsock-proxy").read_bytes())
        self.assertIn("libc-ares-dev", names)
        self.assertNotIn("libssl-dev", names)

    def test_bill_of_the_runner_names_its_packages_and_what_was_copied(self):
        paths = ("enclave/nitro-enc-svc.eif", "usr/local/bin/run-enclave.sh", "usr/local/bin/vsock-proxy")
        with Mounted(BUILD.runner) as container:
            names = self.bill_of("runner", *((container.root / path).read_bytes() for path in paths))
        self.assertLessEqual({"aws-nitro-enclaves-cli", "jq", *(f"/{path}" for path in paths)}, names)


class Proxy(unittest.TestCase):
    def test_image_runs_the_proxy_with_nothing_around_it(self):
        config = image(BUILD.proxy)["config"]
        self.assertEqual((config["User"], config["Entrypoint"]), ("65532:65532", ["/usr/local/bin/vsock-proxy"]))
        with Mounted(BUILD.proxy) as container:
            self.assertEqual(sorted(path.name for path in (container.root / "usr/local/bin").iterdir()), ["vsock-proxy"])
            done = container.run("/usr/local/bin/vsock-proxy", "--version")
            self.assertEqual(done.returncode, 0, done.stderr)


class Runner(unittest.TestCase):
    """On Debian in place of Amazon Linux: `dnf` there installs devkit's nitro-cli, packaged under the real one's name."""

    def test_eif_and_script_are_baked_in(self):
        config = image(BUILD.runner)["config"]
        self.assertEqual(config["Entrypoint"], ["/usr/local/bin/run-enclave.sh"])
        self.assertEqual(config["User"], "root")
        with Mounted(BUILD.runner) as container:
            self.assertEqual((container.root / "enclave/nitro-enc-svc.eif").read_bytes(), BUILD.eif.read_bytes())
            self.assertEqual((container.root / "usr/local/bin/run-enclave.sh").read_bytes(),
                             (ROOT / "scripts/run-enclave.sh").read_bytes())
            with Mounted(BUILD.proxy) as proxy:
                self.assertEqual((container.root / "usr/local/bin/vsock-proxy").read_bytes(),
                                 (proxy.root / "usr/local/bin/vsock-proxy").read_bytes())
            described = container.run("nitro-cli", "describe-enclaves")
            self.assertEqual((described.returncode, json.loads(described.stdout)), (0, []), described.stderr)

    def test_its_entry_point_starts_the_enclave_and_notices_its_end(self):
        with Mounted(BUILD.runner) as container:
            for fake, name in (("fake_nitro_cli", "nitro-cli"), ("fake_vsock_proxy", "vsock-proxy")):
                shutil.copy(HERE / fake, container.root / "usr/local/bin" / name)
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
        """Where the builder keeps files' times, as BuildKit does; and a script that has lost its mode runs."""
        folder = HOME / "runner-source"
        shutil.rmtree(folder, ignore_errors=True)
        for name in ("Dockerfile.runner", "scripts", "enclave/nitro-enc-svc.eif"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if (BUILD.source / name).is_dir() else shutil.copy)(BUILD.source / name, folder / name)
        (folder / "scripts/run-enclave.sh").chmod(0o644)
        built, said = docker_build("-f", folder / "Dockerfile.runner", "-t", "localhost/runner:times", *arguments(
            {"RUNNER_IMAGE": RUNNER_BASE, "PROXY_IMAGE": BUILD.proxy}), context=folder, LOCAL_KEEP_TIMES="yes")
        self.assertTrue(built, said[-2000:])
        with Mounted("localhost/runner:times") as container:
            for name, mode in (("usr/local/bin/run-enclave.sh", 0o755), ("usr/local/bin/vsock-proxy", 0o755),
                               ("enclave/nitro-enc-svc.eif", 0o644)):
                status = (container.root / name).stat()
                self.assertEqual((status.st_mtime, stat.S_IMODE(status.st_mode)), (0, mode), name)


if __name__ == "__main__":
    missing = [f"{program} is not installed" for program in ("buildah", "mmdebstrap", "dpkg-deb", "ccache")
               if shutil.which(program) is None]
    if os.geteuid() != 0:
        missing.append("this is not root, who may mount images")
    if missing:
        print(f"skipped: {missing[0]}")
        sys.exit(SKIPPED)
    HOME.mkdir(parents=True, exist_ok=True)
    unittest.main()
