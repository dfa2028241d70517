#!/usr/bin/env python3
"""devkit's nitro-cli with the calls that scripts/run-enclave.sh makes, and that script over it, unchanged, with the
production image in QEMU. NES_BIN is the folder of the programs. Without the QEMU tools: says so, and exits as skipped."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "devkit"), str(ROOT / "tests/boot"), str(ROOT / "tests/cli")]

import image  # found by the line above
import container_files as files
import make_eif
import qemu_node
from background import Background
from emulated_cloud import BUCKET, PREFIX, REGION, EmulatedCloud
from enclave_process import REQUIRED

NITRO_CLI = ROOT / "devkit/nitro_cli/nitro-cli"
CID, BOOT_S = 16, 120
# `docker save --output FILE NAME`, of one image.
DOCKER = """#!/bin/sh
[ "$1 $2 $4" = "save --output here:1" ] && cp "$SAVED_IMAGE" "$3"
"""


class NitroCliCase(unittest.TestCase):
    """A home of its own, and an image for it."""

    @classmethod
    def setUpClass(cls):
        cls.home = pathlib.Path(tempfile.mkdtemp(prefix="nes-nc-"))
        cls.addClassCleanup(shutil.rmtree, cls.home, ignore_errors=True)
        (cls.home / "bin").mkdir()
        (cls.home / "bin/nitro-cli").symlink_to(NITRO_CLI)
        cls.run_home = cls.home / "run"
        cls.run_home.mkdir()
        cls.environment = {**os.environ, "NITRO_CLI_HOME": str(cls.run_home),
                           "PATH": f"{cls.home / 'bin'}:{image.BINARIES}:{os.environ['PATH']}"}
        cls.addClassCleanup(lambda: cls.cli("terminate-enclave", "--all"))
        cls.prepare()

    @classmethod
    def prepare(cls):
        cls.eif = cls.make_image(REQUIRED, "no authority\n")

    @classmethod
    def make_image(cls, environment, ca_pem):
        settings = [f"{name}={value}" for name, value in {**environment, "VSOCK_PROXY_CID": "2"}.items()]
        cls.measured = make_eif.make_eif(image.BINARIES, image.kernels()[0], settings, ca_pem, cls.home)["Measurements"]
        return cls.home / "nitro-enc-svc.eif"

    @classmethod
    def cli(cls, *arguments):
        return subprocess.run(["nitro-cli", *map(str, arguments)], env=cls.environment, capture_output=True, text=True,
                              timeout=2 * BOOT_S, check=False)

    def answer(self, *arguments):
        done = self.cli(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def assert_refused(self, pattern, *arguments):
        done = self.cli(*arguments)
        self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
        self.assertRegex(done.stderr, pattern)

    def start(self, *more):
        return self.answer("run-enclave", "--eif-path", self.eif, "--memory", 256, "--cpu-count", 2, "--enclave-cid", CID,
                           *more)


class Commands(NitroCliCase):
    """The authorities are no certificates, so that the service of this image ends by itself."""

    def tearDown(self):
        self.cli("terminate-enclave", "--all")

    def test_an_enclave_s_life(self):
        self.assertEqual(self.answer("describe-enclaves"), [])
        started = self.start()
        self.assertEqual((started["EnclaveName"], started["EnclaveCID"], started["NumberOfCPUs"], started["MemoryMiB"]),
                         ("nitro-enc-svc", CID, 2, 256))
        self.assertRegex(started["EnclaveID"], "^i-[0-9a-f]+-enc[0-9a-f]+$")
        described = self.answer("describe-enclaves")
        if described:  # until its service has ended
            self.assertEqual(described, [{**started, "State": "RUNNING", "Flags": "NONE", "Measurements": self.measured}])

    def test_one_that_has_ended_is_forgotten(self):
        self.start()
        deadline = time.monotonic() + BOOT_S
        while self.answer("describe-enclaves"):
            self.assertLess(time.monotonic(), deadline)
        self.assertEqual(list(self.run_home.iterdir()), [])

    def test_terminates_by_id_and_only_what_is_there(self):
        identity = self.start("--debug-mode")["EnclaveID"]
        console = self.cli("console", "--enclave-id", identity)
        self.assertIn("enclave: ca bundle: ", console.stdout)
        self.assert_refused("there is no enclave", "terminate-enclave", "--enclave-id", "i-0-enc0")

    def test_refuses_what_aws_s_refuses(self):
        flags = {"--eif-path": self.eif, "--memory": 256, "--cpu-count": 2, "--enclave-cid": CID}
        for name, value, pattern in (("--memory", 16, "insufficient memory"), ("--cpu-count", 0, "number of CPUs"),
                                     ("--enclave-cid", 3, "invalid CID"), ("--eif-path", "/none", "cannot be opened")):
            changed = {**flags, name: value}
            self.assert_refused(pattern, "run-enclave", *(word for pair in changed.items() for word in pair))
        self.assertEqual(self.cli("run-enclave").returncode, 2)

    def test_builds_an_image_of_what_docker_saves_and_refuses_what_it_does_not(self):
        docker, saved, eif = (self.home / name for name in ("bin/docker", "saved.tar", "built.eif"))
        docker.write_text(DOCKER)
        docker.chmod(0o755)
        program = files.layer(files.directory("bin"), files.entry("bin/a", b"#!", mode=0o755))
        saved.write_bytes(files.docker_archive([program], tags=("here:1",)))
        self.environment.update(SAVED_IMAGE=str(saved), NITRO_CLI_BLOBS=str(self.home / "blobs"))
        built = self.answer("build-enclave", "--docker-uri", "here:1", "--output-file", eif)
        self.assertEqual(list(built), ["Measurements"])
        described = self.answer("describe-eif", "--eif-path", eif)
        self.assertEqual((described["Measurements"], described["ImageName"]), (built["Measurements"], "here"))
        self.assert_refused("docker save there:1 failed", "build-enclave", "--docker-uri", "there:1", "--output-file", eif)
        saved.write_bytes(b"no archive")
        self.assert_refused("nitro-enc eif build failed", "build-enclave", "--docker-uri", "here:1", "--output-file", eif)

    def test_describes_an_image(self):
        described = self.answer("describe-eif", "--eif-path", self.eif)
        self.assertEqual(described["Measurements"], self.measured)
        self.assertTrue(described["CheckCRC"])


class Runner(NitroCliCase):
    """scripts/run-enclave.sh as on a node. The parent's CID is 2, its vsock are Unix sockets."""

    @classmethod
    def prepare(cls):
        cls.cloud = EmulatedCloud(image.BINARIES, cls.home / "cloud", unsigned_documents=True)
        cls.addClassCleanup(lambda: cls.cloud.stop())
        cls.cloud.start_aws()
        cls.cloud.create_key(["0" * 96])
        cls.cloud.create_secret()
        public_key = cls.cloud.make_schema_key()
        cls.cloud.put_schema(ROOT / "testdata/schemas/payments-v1.yaml")
        cls.eif = cls.make_image({**REQUIRED, "SECRET_ARN": cls.cloud.secret_arn, "KMS_KEY_ID": cls.cloud.key_arn,
                                  "S3_BUCKET": BUCKET, "S3_PREFIX": PREFIX, "AWS_REGION": REGION,
                                  "SCHEMA_PUBLIC_KEY": public_key}, cls.cloud.ca_file.read_text())
        cls.cloud.put_policy([cls.measured["PCR0"]])
        cls.cloud.start_egress(f"uds:{cls.run_home}/{CID}:8000")

    def start_runner(self):
        environment = {**self.environment, "EIF_PATH": str(self.eif), "ENCLAVE_MEMORY_MB": "512",
                       "ENCLAVE_CPU_COUNT": "2", "ENCLAVE_CID": str(CID), "PARENT_CID": "2", "DRAIN_SECS": "1",
                       "LOG_LISTEN": f"uds:{self.run_home}/{CID}:8014", "HEALTH_CHECK_INTERVAL": "1",
                       "ENCLAVE_HEALTH": f"uds:{self.run_home}/{CID}:8015"}
        runner = Background([ROOT / "scripts/run-enclave.sh"], self.home / "runner.log", environment)
        self.addCleanup(runner.stop, 60)
        return runner

    def test_starts_the_enclave_prints_its_log_and_ends_it(self):
        runner = self.start_runner()
        runner.wait_for_line("run-enclave: started ", timeout_s=BOOT_S)
        runner.wait_for_line("{", '"event":"service_ready"', timeout_s=BOOT_S)
        probe = subprocess.run(["vsock-proxy", "probe", "--health", f"uds:{self.run_home}/{CID}:8015"],
                               env=self.environment, capture_output=True, check=False)
        self.assertEqual(probe.returncode, 0, probe.stderr)
        runner.process.send_signal(signal.SIGTERM)
        self.assertEqual(runner.process.wait(60), 0, runner.lines()[-10:])
        self.assertTrue(any('"event":"drain_started"' in line or '"draining"' in line for line in runner.lines()),
                        runner.lines()[-20:])
        self.assertEqual(self.answer("describe-enclaves"), [])

    def test_an_orphan_is_ended_first_and_an_end_is_noticed(self):
        orphan = self.start()["EnclaveID"]
        runner = self.start_runner()
        runner.wait_for_line(f"run-enclave: ending {orphan}, left over", timeout_s=BOOT_S)
        runner.wait_for_line("run-enclave: started ", timeout_s=BOOT_S)
        (entry,) = self.answer("describe-enclaves")
        self.assertEqual((entry["State"], entry["Flags"], entry["Measurements"]), ("RUNNING", "NONE", self.measured))
        self.assert_refused("was not started in debug mode", "console", "--enclave-id", entry["EnclaveID"])
        self.assert_refused("CID 16 belongs to an enclave", "run-enclave", "--eif-path", self.eif, "--memory", 256,
                            "--cpu-count", 2, "--enclave-cid", CID)
        os.kill(entry["ProcessID"], signal.SIGKILL)
        self.assertEqual(runner.process.wait(60), 1)
        self.assertTrue(any("is not RUNNING (state: MISSING)" in line for line in runner.lines()), runner.lines()[-5:])


if __name__ == "__main__":
    qemu_node.exit_without_tools()
    unittest.main()
