"""nitro-enc rollout-check over files: status and one line a mistake."""

import json
import unittest

from cli_case import REFUSED, USAGE, CliCase

PCR0 = "a" * 96
ROLE, ADMIN = "arn:aws:iam::111122223333:role/enclave-node", "arn:aws:iam::111122223333:role/key-admin"
RUNNER = """kind: DaemonSet
spec: {template: {spec: {containers: [{name: enclave-runner, resources: {limits: {hugepages-2Mi: 512Mi}}, env: [
  {name: ENCLAVE_CID, value: "%s"},
  {name: ENCLAVE_MEMORY_MB, value: "512"},
  {name: ENCLAVE_CPU_COUNT, value: "2"}]}]}}}
"""


class RolloutCheck(CliCase):
    def setUp(self):
        super().setUp()
        self.words = ["rollout-check", "--manifest", self.write("runner.yaml", RUNNER % 16),
                      "--allocator", self.write("allocator.yaml", "---\nmemory_mib: 1024\ncpu_count: 2\n"),
                      "--eif", self.write("image.eif", "x" * 1000),
                      "--eif-json", self.write("pcr-values.json", json.dumps({"Measurements": {"PCR0": PCR0}})),
                      "--eif-env", self.write("env", "VSOCK_PROXY_CID=3\n"),
                      "--summary", self.write("build-summary.json", json.dumps({"pcr0": PCR0}))]

    def test_what_fits_together_is_good(self):
        self.assertEqual(self.run_cli(*self.words), ("", ""))
        self.assertEqual(self.run_json(*self.words, "--json"), {"good": True, "mistakes": []})

    def test_each_mistake_is_a_line_with_its_place_and_its_fix(self):
        self.write("runner.yaml", RUNNER % 3)
        self.write("env", "VSOCK_PROXY_CID=16\n")
        out, err = self.run_cli(*self.words, status=REFUSED)
        self.assertEqual(len(out.splitlines()), 2, out)
        self.assertRegex(out, r"runner.yaml:3: ENCLAVE_CID 3 is the parent's; fix: use 16")
        self.assertIn("fix: build it with VSOCK_PROXY_CID=3", out)
        self.assertIn("2 mistakes", err)

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
                           ("pcr-values.json", "{}"), ("env", "x\n"), ("env", ""), ("build-summary.json", "{}")):
            self.setUp()
            self.write(name, text)
            self.refused(*self.words)
        self.refused("rollout-check", status=USAGE)
        self.refused("rollout-check", "--manifest", "x", "--parent-cid", "1", status=USAGE)


if __name__ == "__main__":
    unittest.main()
