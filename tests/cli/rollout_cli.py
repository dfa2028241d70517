"""nitro-enc rollout-check over files and images that nitro-enc has built: status and one line a mistake."""

import base64
import json
import re
import unittest

from cli_case import REFUSED, ROOT, USAGE
from eif_case import EifBuildCase, eif_file

PCR0 = "a" * 96
ROLE, ADMIN = "arn:aws:iam::111122223333:role/enclave-node", "arn:aws:iam::111122223333:role/key-admin"
RUNNER = """kind: DaemonSet
spec: {template: {spec: {containers: [{name: enclave-runner, resources: {limits: {hugepages-2Mi: 512Mi}}, env: [
  {name: ENCLAVE_CID, value: "%s"},
  {name: ENCLAVE_MEMORY_MB, value: "512"},
  {name: ENCLAVE_CPU_COUNT, value: "2"}]}]}}}
"""


def authority(name):
    """A bundle of one authority, as far as its name matters."""
    text = base64.b64encode(name.encode()).decode()
    return f"-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n"


class RolloutCase(EifBuildCase):
    def setUp(self):
        super().setUp()
        self.words = ["rollout-check", "--manifest", self.write("runner.yaml", RUNNER % 16),
                      "--allocator", self.write("allocator.yaml", "---\nmemory_mib: 1022\ncpu_count: 2\n")]

    def mistakes(self, *words):
        """The lines of stdout, as many as stderr says."""
        out, err = self.run_cli(*words, status=REFUSED)
        lines = out.splitlines()
        self.assertIn(f"not to be rolled out: {len(lines)} mistake", err)
        return lines

    def mistake(self, *words):
        lines = self.mistakes(*words)
        self.assertEqual(len(lines), 1, lines)
        self.assertRegex(lines[0], "^.+: .+; fix: .+$")
        return lines[0]


class RolloutCheck(RolloutCase):
    """The image by what somebody wrote about it."""

    def setUp(self):
        super().setUp()
        self.words += ["--eif-json", self.write("pcr-values.json", json.dumps({"Measurements": {"PCR0": PCR0}})),
                       "--eif-env", self.write("env", "VSOCK_PROXY_CID=3\n"),
                       "--eif-ca", self.write("ca.pem", authority("Amazon Root CA 1")),
                       "--summary", self.write("build-summary.json", json.dumps({"pcr0": PCR0}))]

    def test_what_fits_together_is_good(self):
        size = "nitro-enc: warning: not compared: its size (--eif)\n"
        self.assertEqual(self.run_cli(*self.words), ("", size))
        self.assertEqual(self.run_json(*self.words, "--json"), {"good": True, "mistakes": []})

    def test_each_mistake_is_a_line_with_its_place_and_its_fix(self):
        self.write("runner.yaml", RUNNER % 3)
        self.write("env", "VSOCK_PROXY_CID=16\n")
        out, err = self.run_cli(*self.words, status=REFUSED)
        self.assertEqual(len(out.splitlines()), 2, out)
        self.assertRegex(out, r"runner.yaml:3: ENCLAVE_CID 3 is the parent's; fix: use 16")
        self.assertIn("fix: build it with VSOCK_PROXY_CID=3", out)
        self.assertIn("2 mistakes", err)

    def test_a_demo_authority_is_a_mistake(self):
        self.write("ca.pem", authority("Amazon Root CA 1") + authority("demo"))
        self.assertIn("a CA that is not of Amazon", self.mistake(*self.words))

    def test_images_are_those_of_the_summary(self):
        runner = "r.example/nitro-enc-svc/runner:0123"
        self.write("build-summary.json", json.dumps({"pcr0": PCR0, "ecrRunner": runner}))
        self.write("runner.yaml", RUNNER.replace("{name: enclave-runner", f'{{name: enclave-runner, image: "{runner}"') % 16)
        self.run_cli(*self.words)
        self.write("build-summary.json", json.dumps({"pcr0": PCR0, "ecrRunner": runner + "4"}))
        out, _ = self.run_cli(*self.words, status=REFUSED)
        self.assertIn(f"the image of enclave-runner is {runner}, and the build summary has {runner}4; fix: set it", out)

    def test_the_keys_policy_is_part_of_it(self):
        policy, _ = self.run_cli("policy", "render", "--whole", "--pcr0", PCR0, "--role", ROLE, "--admin", ADMIN)
        key = ["--policy", self.write("policy.json", policy), "--grants", self.write("grants.json", '{"Grants": []}')]
        self.run_cli(*self.words, *key, "--admin", ADMIN)
        out, _ = self.run_cli(*self.words, *key, status=REFUSED)
        self.assertIn("the key's policy, statement 2 \"AllowKeyAdministration\"", out)

    def test_files_that_cannot_be_read_are_refused(self):
        for name, text in (("runner.yaml", "a: b\na: c\n"), ("runner.yaml", "[" * 300), ("allocator.yaml", "x: 1\n"),
                           ("allocator.yaml", ""), ("pcr-values.json", "{}"), ("env", "x\n"), ("env", ""),
                           ("ca.pem", ""), ("ca.pem", "x"), ("build-summary.json", "{}")):
            self.setUp()
            self.write(name, text)
            self.refused(*self.words)
        self.refused("rollout-check", status=USAGE)
        self.refused("rollout-check", "--manifest", "x", "--parent-cid", "1", status=USAGE)


class RolloutImage(RolloutCase):
    """The image as a file."""

    # Where the service looks for it.
    CA_PATH = re.search(r'kCaBundlePath = "/(.+)"', (ROOT / "enclave/service/program.h").read_text(encoding="utf-8"))[1]

    def image(self, *words, environment=("VSOCK_PROXY_CID=3", "TLS_PORT="), ca="Amazon Root CA 1"):
        """Words for an image that is built anew, and for the summary of its build."""
        root = self.path("root")
        if not root.exists():
            (self.rootfs() / self.CA_PATH).parent.mkdir(parents=True)
        (root / self.CA_PATH).write_text(authority(ca))
        self.build("--rootfs", root, "--cmd", "/bin/a", *[word for entry in environment for word in ("--env", entry)], *words)
        return self.and_summary()

    def and_summary(self):
        pcr0 = eif_file.pcrs(self.eif.read_bytes())[0]
        return [*self.words, "--eif", self.eif, "--summary", self.write("build-summary.json", json.dumps({"pcr0": pcr0}))]

    def test_the_file_alone_says_all_of_it(self):
        self.assertEqual(self.run_cli(*self.image()), ("", ""))
        self.assertEqual(self.run_cli(*self.image("--gzip")), ("", ""))

    def test_the_baked_cid_is_compared(self):
        for environment, what in ((("VSOCK_PROXY_CID=16",), "VSOCK_PROXY_CID is 16"), (("A=b",), "VSOCK_PROXY_CID is not set")):
            self.assertIn(f"the image: {what}, and the parent is 3", self.mistake(*self.image(environment=environment)))

    def test_the_baked_ports_are_compared(self):
        words = self.image(environment=("VSOCK_PROXY_CID=3", "LOG_VSOCK_PORT=9000"))
        self.assertIn("LOG_VSOCK_PORT of the image is 9000; fix: use 9000", self.mistake(*words))

    def test_pcr0_is_measured(self):
        words = self.image()
        self.write("build-summary.json", json.dumps({"pcr0": PCR0}))
        self.assertIn(f"is not the {PCR0} of the build summary", self.mistake(*words))

    def test_a_demo_image_is_not_rolled_out(self):
        self.assertIn("the image: it trusts a CA that is not of Amazon", self.mistake(*self.image(ca="demo")))

    def test_memory_is_four_times_the_file(self):
        self.write("runner.yaml", (RUNNER % 16).replace("512", "64"))
        self.assertEqual(self.run_cli(*self.image())[0], "")
        (self.blobs / "bzImage").write_bytes(b"k" * (16 << 20))
        self.assertIn("less than the 66 that the image needs", self.mistake(*self.image()))

    def test_an_image_of_another_layout_is_never_a_silent_pass(self):
        self.build("--rootfs", self.rootfs(), "--cmd", "/bin/a", "--env", "VSOCK_PROXY_CID=3")
        self.assertIn(f"it has no file rootfs/{self.CA_PATH}", self.mistake(*self.and_summary()))
        for ramdisk, message in ((self.cpio_of_nothing(), "its ramdisks have no file env"),
                                 (b"no archive", "its ramdisks cannot be read: ")):
            self.eif.write_bytes(eif_file.write(b"kernel", "reboot=k", [ramdisk]))
            self.assertIn(message, self.mistakes(*self.and_summary())[0])
        report = self.run_json(*self.and_summary(), "--json", status=REFUSED)
        self.assertEqual((report["good"], report["mistakes"][0]["where"]), (False, "the image"))

    @staticmethod
    def cpio_of_nothing():
        name = b"TRAILER!!!\0"
        fields = [0] * 4 + [1] + [0] * 6 + [len(name), 0]
        return b"070701" + b"".join(b"%08X" % field for field in fields) + name + bytes(3)

    def test_a_signature_has_to_hold(self):
        kernel, cmdline, metadata, *ramdisks = (data for _, data in self.built())
        broken = [(eif_file.KERNEL, kernel), (eif_file.CMDLINE, cmdline), (eif_file.METADATA, metadata),
                  *((eif_file.RAMDISK, data) for data in ramdisks), (eif_file.SIGNATURE, b"\x80")]
        self.eif.write_bytes(eif_file.assemble(broken))
        self.assertIn("the image: its signature does not hold", self.mistake(*self.and_summary()))

    def built(self):
        self.image()
        return eif_file.sections(self.eif.read_bytes())

    def test_a_file_that_is_no_image_is_refused(self):
        words = self.image()
        content = self.eif.read_bytes()
        for broken in (b"", b"x" * 1000, content[:-1], content[:700] + b"?" + content[701:]):
            self.eif.write_bytes(broken)
            self.refused(*words)
        self.eif.unlink()
        self.refused(*words)

    def test_what_the_file_says_is_not_said_beside_it(self):
        words = self.image()
        for flag in ("--eif-json", "--eif-env", "--eif-ca"):
            self.assertIn("give it without them", self.refused(*words, flag, self.eif, status=USAGE))

    def test_what_is_not_compared_is_a_warning(self):
        good, warning = "", "nitro-enc: warning: not compared: "
        everything = "CID and ports in the image, its PCR0, its CA bundle, its size (--eif)"
        build = "PCR0 and images of the build (--summary)"
        self.assertEqual(self.run_cli(*self.words), (good, f"{warning}{everything}, {build}\n"))
        self.assertEqual(self.run_cli(*self.words[:3]),
                         (good, f"{warning}{everything}, {build}, what the node sets aside (--allocator)\n"))
        self.assertEqual(self.run_cli(*self.image()[:-2]), (good, f"{warning}{build}\n"))
        self.write("runner.yaml", RUNNER % 3)
        out, err = self.run_cli(*self.words, status=REFUSED)
        self.assertIn("is the parent's", out)
        self.assertIn(warning, err)


class RolloutManifests(RolloutCase):
    """What is shipped, whole and with mistakes."""

    SHIPPED = ("deploy/daemonset-enclave.yaml", "deploy/pod-example.yaml", "deploy/node/allocator.yaml")

    def shipped(self, *changes):
        """Words for the shipped files after (pattern, replacement) each."""
        texts = [(ROOT / name).read_text(encoding="utf-8") for name in self.SHIPPED]
        for pattern, replacement in changes:
            found = [re.subn(pattern, replacement, text) for text in texts]
            self.assertGreater(sum(count for _, count in found), 0, pattern)
            texts = [text for text, _ in found]
        daemonset, pod, allocator = (self.write(f"{index}.yaml", text) for index, text in enumerate(texts))
        return ["rollout-check", "--manifest", daemonset, "--manifest", pod, "--allocator", allocator,
                "--eif-env", self.write("env", "VSOCK_PROXY_CID=3\n")]

    def test_what_is_shipped_fits_together(self):
        self.assertEqual(self.run_cli(*self.shipped())[0], "")

    def test_every_probe_asks_the_enclave(self):
        lines = self.mistakes(*self.shipped(("vsock:16:8015", "vsock:17:8016")))
        self.assertEqual(len(lines), 8, lines)  # three probes and ENCLAVE_HEALTH: CID and port
        for name in ("startupProbe", "livenessProbe", "readinessProbe", "ENCLAVE_HEALTH"):
            self.assertEqual(len([line for line in lines if f"{name} of enclave-runner means" in line]), 2, name)
        for line in lines:
            self.assertRegex(line, r"0\.yaml:\d+: .*; fix: use (16|8015), or ")

    def test_a_runner_in_debug_mode_or_with_another_parent_is_a_mistake(self):
        self.assertIn("ENCLAVE_DEBUG is true", self.mistake(*self.shipped((r'(ENCLAVE_DEBUG\n *value: )"false"', r'\1"true"'))))
        other = self.shipped((r'(PARENT_CID\n *value: )"3"', r'\1"4"'))
        self.assertIn("PARENT_CID is 4, and the parent is 3", self.mistake(*other))
        self.assertIn("VSOCK_PROXY_CID is 3, and the parent is 4", self.mistake(*other, "--parent-cid", 4))

    def test_a_node_of_whole_gibs_leaves_the_pod_pending(self):
        whole = ((r"(memory_mib: )\d+", r"\g<1>1024"), (r'(ENCLAVE_MEMORY_MB\n *value: )"\d+"', r'\g<1>"1024"'))
        line = self.mistake(*self.shipped(*whole, (r"(hugepages-2Mi: )\w+", r"\g<1>1Gi")))
        self.assertIn("the pod stays Pending; fix: use memory_mib 1022, ENCLAVE_MEMORY_MB 1022 and hugepages-2Mi: 1022Mi", line)
        self.assertEqual(self.run_cli(*self.shipped(*whole, ("hugepages-2Mi: .*", "hugepages-1Gi: 1Gi")))[0], "")


if __name__ == "__main__":
    unittest.main()
