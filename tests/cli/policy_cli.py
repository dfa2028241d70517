"""nitro-enc policy: offline against files, and against the key policies and grants of the AWS emulator."""

import json
import unittest

from cli_case import GOOD, REFUSED, USAGE, CliCase
from emulator_cli import EmulatorCase

PCR0, NEXT = "a" * 96, "b" * 96
ACCOUNT = "111122223333"
ROLE, ADMIN, IMPORTER = (f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("enclave-node", "key-admin", "importer"))
PEOPLE = ["--admin", ADMIN, "--importer", IMPORTER]


class Offline(CliCase):
    def setUp(self):
        super().setUp()
        self.grants = self.write("grants.json", '{"Grants": []}')
        self.summary = self.write("build-summary.json", json.dumps({"imageTag": "t", "pcr0": PCR0.upper()}))
        self.policy = self.whole()

    def whole(self, *words):
        out, _ = self.run_cli("policy", "render", "--whole", "--summary", self.summary, "--role", ROLE, *PEOPLE, *words)
        return json.loads(out)

    def check(self, policy, *words, status=REFUSED):
        path = self.write("policy.json", json.dumps(policy, indent=1))
        return self.run_json("policy", "check", "--json", "--policy", path, "--grants", self.grants, *PEOPLE,
                             *(words or ["--summary", self.summary]), status=status)

    def problems(self, *statements):
        """What check finds when these stand behind those of the good policy."""
        report = self.check({**self.policy, "Statement": self.policy["Statement"] + list(statements)})
        self.assertFalse(report["closed"])
        return [(found["problem"], found["statement"]) for found in report["findings"]]

    def test_render_writes_the_designs_statement(self):
        out, _ = self.run_cli("policy", "render", "--summary", self.summary, "--role", ROLE)
        self.assertEqual(json.loads(out), {
            "Sid": "AllowNitroEnclaveDecrypt", "Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "kms:Decrypt",
            "Resource": "*", "Condition": {"StringEqualsIgnoreCase": {"kms:RecipientAttestation:PCR0": PCR0}}})

    def test_render_refuses_what_is_no_image_and_no_role(self):
        render = ["policy", "render", "--role", ROLE]
        for words in ([], ["--pcr0", "0" * 96], ["--pcr0", PCR0[1:]], ["--pcr0", PCR0, "--pcr0", NEXT],
                      ["--pcr0", PCR0, "--previous-pcr0", "0" * 96], ["--pcr0", PCR0, "--admin", ADMIN],
                      ["--pcr0", PCR0, "--whole"], ["--pcr0", PCR0, "--whole", "--admin", "*"]):
            self.refused(*render, *words, status=USAGE)
        for role in ("*", f"arn:aws:iam::{ACCOUNT}:root", f"arn:aws:iam::{ACCOUNT}:role/*", "enclave-node"):
            self.refused("policy", "render", "--pcr0", PCR0, "--role", role, status=USAGE)
        for pcr0 in ("0" * 96, "", None):
            summary = self.write("bad.json", json.dumps({"pcr0": pcr0}))
            self.refused(*render, "--summary", summary)

    def test_a_rendered_policy_is_closed_for_its_image_and_people_alone(self):
        self.assertTrue(self.check(self.policy, status=GOOD)["closed"])
        self.assertFalse(self.check(self.policy, "--pcr0", NEXT)["closed"])
        path = self.write("policy.json", json.dumps(self.policy))
        for missing in (["--admin", ADMIN], ["--importer", IMPORTER], []):
            self.run_cli("policy", "check", "--policy", path, "--grants", self.grants, "--pcr0", PCR0, *missing,
                         status=REFUSED)

    def test_two_images_may_stand_during_a_rollout_and_not_three(self):
        both = self.whole("--previous-pcr0", NEXT)
        self.assertTrue(self.check(both, "--pcr0", PCR0, "--pcr0", NEXT, status=GOOD)["closed"])
        stale, = self.check(both)["findings"]
        self.assertEqual(stale["problem"], "stale-pcr0")
        self.refused("policy", "check", "--policy", "x", "--pcr0", PCR0, "--pcr0", NEXT, "--pcr0", "c" * 96,
                     status=USAGE)

    def test_the_previous_image_may_stand_and_need_not(self):
        both, rollout = self.whole("--previous-pcr0", NEXT), ["--pcr0", PCR0, "--previous-pcr0", NEXT.upper()]
        self.assertTrue(self.check(both, *rollout, status=GOOD)["closed"])
        self.assertTrue(self.check(self.policy, *rollout, status=GOOD)["closed"])
        self.assertTrue(self.check(self.policy, "--pcr0", PCR0, "--previous-pcr0", PCR0, status=GOOD)["closed"])
        self.assertEqual([found["problem"] for found in self.check(both, "--pcr0", "c" * 96, *rollout[2:])["findings"]],
                         ["stale-pcr0", "cannot-decrypt"])
        for words in (["--previous-pcr0", "0" * 96], ["--pcr0", "c" * 96, "--previous-pcr0", NEXT]):
            self.refused("policy", "check", "--policy", "x", "--pcr0", PCR0, *words, status=USAGE)

    def test_an_auditor_may_read_the_policy_and_no_more(self):
        auditor = f"arn:aws:iam::{ACCOUNT}:role/gate"
        policy = self.whole("--auditor", auditor)
        self.assertTrue(self.check(policy, status=GOOD)["closed"])
        path = self.write("policy.json", json.dumps(policy))
        for action, allowed in (("GetKeyPolicy", True), ("ListGrants", True), ("PutKeyPolicy", False), ("Decrypt", False)):
            out, _ = self.run_cli("policy", "explain", "--policy", path, "--grants", self.grants, "--principal", auditor,
                                  "--action", action)
            self.assertEqual(out.startswith("allowed by"), allowed, action)
        self.refused("policy", "render", "--pcr0", PCR0, "--role", ROLE, "--auditor", auditor, status=USAGE)

    def test_names_each_way_to_take_the_key_with_its_statement(self):
        allow = {"Effect": "Allow", "Resource": "*", "Principal": {"AWS": ROLE}}
        number = len(self.policy["Statement"]) + 1
        for action, problem in (("kms:Decrypt", "without-attestation"), ("kms:CreateGrant", "without-attestation"),
                                ("kms:Encrypt", "import"), ("kms:PutKeyPolicy", "administration")):
            self.assertEqual(self.problems({**allow, "Action": action}), [(problem, number)], action)
        self.assertIn(("does-not-bind", number), self.problems(
            {**allow, "Action": "kms:Decrypt",
             "Condition": {"StringEqualsIfExists": {"kms:RecipientAttestation:PCR0": PCR0}}}))
        self.assertIn(("not-action", number), self.problems({**allow, "NotAction": "kms:Decrypt"}))

    def test_the_table_has_the_fix_below_the_finding(self):
        path = self.write("policy.json", json.dumps({"Statement": {
            "Sid": "Root", "Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "kms:*", "Resource": "*"}}))
        out, err = self.run_cli("policy", "check", "--policy", path, "--grants", self.grants, "--pcr0", PCR0,
                                status=REFUSED)
        self.assertRegex(out, r'statement 1 "Root" \(line 1\) +wildcard-action +the action kms:\* ')
        self.assertEqual(out.count("fix: "), out.count("\n") // 2)
        self.assertIn("5 findings", err)

    def test_reads_what_the_aws_cli_prints(self):
        path = self.write("policy.json", json.dumps({"Policy": json.dumps(self.policy), "PolicyName": "default"}))
        good = ["policy", "check", "--policy", path, "--pcr0", PCR0, *PEOPLE]
        self.run_cli(*good, "--grants", self.grants)
        self.assertIn("warning: grants were not looked at", self.run_cli(*good)[1])
        grant = {"GrantId": "g1", "GranteePrincipal": ROLE, "Operations": ["Decrypt"]}
        for text in ({"Grants": [grant]}, {"Grants": [], "Truncated": True}, {"Grants": [], "NextToken": "x"}, {}):
            self.run_cli(*good, "--grants", self.write("other.json", json.dumps(text)), status=REFUSED)

    def test_explain_names_the_statement_that_decides(self):
        path = self.write("policy.json", json.dumps(self.policy, indent=1))
        session = f"arn:aws:sts::{ACCOUNT}:assumed-role/enclave-node/i-1"

        def explain(principal, *words):
            return self.run_cli("policy", "explain", "--policy", path, "--grants", self.grants, "--principal", principal,
                                *words)[0]
        self.assertIn('allowed by statement 1 "AllowNitroEnclaveDecrypt"', explain(session, "--pcr0", PCR0))
        self.assertIn("not allowed by any statement or grant", explain(session))
        self.assertIn("not allowed", explain(session, "--pcr0", NEXT))
        self.assertIn("not allowed", explain(ADMIN, "--pcr0", PCR0))
        self.assertIn("allowed by statement 2", explain(ADMIN, "--action", "PutKeyPolicy"))

    def test_files_that_are_no_policies_are_refused_with_their_line(self):
        for text in ("", "{}", "\n[1]", '{"Statement":[]}'):
            self.assertIn("bad.json:", self.refused("policy", "check", "--pcr0", PCR0, "--policy",
                                                    self.write("bad.json", text)))
        self.refused("policy", "check", "--pcr0", PCR0, "--policy", "/nonexistent")
        self.refused("policy", "check", "--pcr0", PCR0, status=USAGE)
        self.refused("policy", "check", "--pcr0", PCR0, "--kms-key-id", "alias/x", "--region", "eu-west-1", status=USAGE)


class Live(EmulatorCase):
    def setUp(self):
        super().setUp()
        self.admin = self.client("sts").get_caller_identity()["Arn"]
        account = self.admin.split(":")[4]
        self.role = f"arn:aws:iam::{account}:role/enclave-node"
        self.key_flags = ["--kms-key-id", self.key, "--admin", self.admin]
        out, _ = self.run_cli("policy", "render", "--whole", "--pcr0", PCR0, "--role", self.role, "--admin", self.admin)
        self.whole = self.write("whole.json", out)

    def live(self):
        return self.client("kms").get_key_policy(KeyId=self.key, PolicyName="default")["Policy"]

    def test_a_new_key_is_closed_and_follows_a_rollout(self):
        check = ["policy", "check", *self.key_flags]
        self.run_cli(*check, "--pcr0", PCR0, status=REFUSED)  # what KMS gives to a new key
        self.run_cli("policy", "apply", *self.key_flags, "--pcr0", PCR0, "--policy", self.whole)
        self.run_cli(*check, "--pcr0", PCR0)

        rollout = ["policy", "apply", *self.key_flags, "--pcr0", NEXT, "--role", self.role]
        both = [*rollout, "--previous-pcr0", PCR0]
        before = self.live()
        self.assertIn("not applied: --dry-run", self.run_cli(*both, "--dry-run")[0])
        self.assertEqual(self.live(), before)
        out, _ = self.run_cli(*both)
        self.assertEqual([line[0] for line in out.splitlines() if PCR0 in line], ["-", "+"])
        self.assertEqual(self.live(), before.replace(f'"{PCR0}"', f'["{NEXT}", "{PCR0}"]'))
        self.run_cli(*check, "--pcr0", PCR0, "--pcr0", NEXT)
        self.run_cli(*rollout)
        self.assertEqual(self.live(), before.replace(PCR0, NEXT))
        self.assertIn("unchanged", self.run_cli(*rollout)[0])
        self.run_cli(*check, "--pcr0", PCR0, status=REFUSED)

    def test_what_check_would_refuse_is_not_applied(self):
        before = self.live()
        _, err = self.run_cli("policy", "apply", *self.key_flags, "--pcr0", PCR0, "--role", self.role, status=REFUSED)
        self.assertIn("not applied", err)
        self.assertEqual(self.live(), before)

    def test_a_grant_is_found_on_whatever_page_it_is(self):
        kms = self.client("kms")
        self.run_cli("policy", "check", "--kms-key-id", self.key, "--pcr0", PCR0, status=REFUSED)
        for _ in range(105):  # a page of the emulator has 100
            kms.create_grant(KeyId=self.key, GranteePrincipal=self.role, Operations=["DescribeKey"])
        grant = kms.create_grant(KeyId=self.key, GranteePrincipal=self.role, Operations=["Decrypt"])["GrantId"]
        kms.put_key_policy(KeyId=self.key, PolicyName="default", Policy=self.whole.read_text())
        report = self.run_json("policy", "check", "--json", *self.key_flags, "--pcr0", PCR0, status=REFUSED)
        self.assertEqual([(found["problem"], found["grant_id"]) for found in report["findings"]], [("grant", grant)])
        kms.revoke_grant(KeyId=self.key, GrantId=grant)
        self.run_cli("policy", "check", *self.key_flags, "--pcr0", PCR0)


if __name__ == "__main__":
    unittest.main()
