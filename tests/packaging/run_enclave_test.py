#!/usr/bin/env python3
"""Runs scripts/run-enclave.sh over a nitro-cli and a vsock-proxy that misbehave as each test says. RUN_ENCLAVE is what
is run in its place: the script under a seccomp profile."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
SCRIPT = HERE.parents[1] / "scripts/run-enclave.sh"
STARTED = os.environ.get("RUN_ENCLAVE", str(SCRIPT))
ID = "i-0abc-enc16"
MIB = 1 << 20


class RunnerCase(unittest.TestCase):
    """A folder with the two programs, an image and the state they share; one run of the script at a time."""

    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="run-enclave-"))
        self.addCleanup(shutil.rmtree, self.home)
        (self.home / "bin").mkdir()
        shutil.copy(HERE / "fake_nitro_cli", self.home / "bin/nitro-cli")
        shutil.copy(HERE / "fake_vsock_proxy", self.home / "bin/vsock-proxy")
        self.image = self.home / "nitro-enc-svc.eif"
        self.write_image(b"kernel\0\nVSOCK_PROXY_CID=3\nTLS_PORT=443\n")
        self.script({})
        self.process = None
        self.addCleanup(self.kill)

    def write_image(self, content):
        self.image.write_bytes(b".eif" + content)

    def script(self, planned):
        """What each call of a command does; the fakes' own words say what there is."""
        (self.home / "script.json").write_text(json.dumps(planned))
        for command in ("logs", "drain"):
            (self.home / command).write_text("\n".join(planned.get(command, [])) + "\n")

    def enclaves(self):
        path = self.home / "enclaves.json"
        return json.loads(path.read_text()) if path.exists() else []

    def set_enclaves(self, enclaves):
        new = self.home / "enclaves.set"
        new.write_text(json.dumps(enclaves))
        new.rename(self.home / "enclaves.json")

    def calls(self, beginning=""):
        path = self.home / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line for line in lines if line.startswith(beginning)]

    def environment(self, **changes):
        given = {"PATH": f"{self.home / 'bin'}:{os.environ['PATH']}", "FAKE_HOME": str(self.home),
                 "TMPDIR": str(self.home), "EIF_PATH": str(self.image), "ENCLAVE_MEMORY_MB": "512",
                 "ENCLAVE_CPU_COUNT": "2", "ENCLAVE_CID": "16", "HEALTH_CHECK_INTERVAL": "1", "DRAIN_SECS": "0"}
        given.update(changes)
        return {name: value for name, value in given.items() if value is not None}

    def start(self, **changes):
        with open(self.home / "stdout", "wb") as stdout, open(self.home / "stderr", "wb") as stderr:
            self.process = subprocess.Popen([STARTED], env=self.environment(**changes), stdout=stdout,
                                            stderr=stderr)

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def said(self):
        return (self.home / "stderr").read_text()

    def printed(self):
        return (self.home / "stdout").read_text()

    def wait_for(self, what, seconds=30):
        end = time.monotonic() + seconds
        while not what():
            self.assertLess(time.monotonic(), end, f"waited in vain; stderr: {self.said()}")
            time.sleep(0.05)

    def wait_until_started(self):
        self.wait_for(lambda: "started " in self.said())

    def finish(self, seconds=60):
        status = self.process.wait(timeout=seconds)
        # Nothing of a run is left: neither a temporary folder nor a process that writes on.
        self.assertEqual([path for path in self.home.glob("tmp.*")], [])
        return status

    def run_to_the_end(self, **changes):
        self.start(**changes)
        return self.finish()

    def assert_one_clear_line(self, pattern):
        """The last line of stderr that is the script's own says why."""
        own = [line for line in self.said().splitlines() if line.startswith("run-enclave: ")]
        self.assertRegex(own[-1] if own else "", pattern)

    def assert_refused(self, pattern, **changes):
        """Refused before anything is started."""
        self.assertEqual(self.run_to_the_end(**changes), 1)
        self.assertRegex(self.said(), rf"\Arun-enclave: {pattern}\n\Z")
        self.assertEqual(self.calls(), [])


class Settings(RunnerCase):
    def test_required_variables_are_named_when_missing_or_empty(self):
        for name in ("ENCLAVE_MEMORY_MB", "ENCLAVE_CPU_COUNT", "ENCLAVE_CID"):
            for value in (None, ""):
                self.assert_refused(f"{name} is required: .*", **{name: value})

    def test_cid_is_none_of_the_reserved_ones(self):
        for cid in ("0", "1", "2", "3", "4294967295", "-1", "016", "0x10", "16 ", "any", "9" * 30):
            self.assert_refused(r"ENCLAVE_CID must be a whole number from 4 to 4294967294 \(got: .*\)", ENCLAVE_CID=cid)
        self.assert_refused("ENCLAVE_CID must differ from PARENT_CID .*", ENCLAVE_CID="5", PARENT_CID="5")

    def test_numbers_that_are_none_are_refused(self):
        for name, value in (("ENCLAVE_MEMORY_MB", "63"), ("ENCLAVE_CPU_COUNT", "0"), ("HEALTH_CHECK_INTERVAL", "0"),
                            ("DRAIN_SECS", "1.5"), ("PARENT_CID", "1"), ("NITRO_CLI_SECS", "0"),
                            ("ENCLAVE_START_SECS", "a[$(touch /dev/null)]")):
            self.assert_refused(f"{name} must be a whole number .*", **{name: value})

    def test_switches_are_true_or_false(self):
        self.assert_refused(r"ENCLAVE_DEBUG must be true or false \(got: yes\)", ENCLAVE_DEBUG="yes")
        self.assert_refused(r"REQUIRE_STRICT must be true or false \(got: TRUE\)", REQUIRE_STRICT="TRUE")

    def test_strict_takes_signed_schemas_and_named_clients_alone(self):
        strict = ["VSOCK_PROXY_CID=3", "SCHEMA_PUBLIC_KEY=MCow", "ENCRYPT_CLIENTS=DNS:a.example,DNS:b.example",
                  "DECRYPT_CLIENTS=nobody"]
        for changed, line in (("SCHEMA_PUBLIC_KEY=", "SCHEMA_PUBLIC_KEY must be set"),
                              ("ENCRYPT_CLIENTS=", "ENCRYPT_CLIENTS must be set"),
                              ("ENCRYPT_CLIENTS=anonymous", "ENCRYPT_CLIENTS in the image must not be anonymous"),
                              ("DECRYPT_CLIENTS=anonymous", "DECRYPT_CLIENTS in the image must not be anonymous")):
            name = changed.split("=")[0] + "="
            lines = [changed if entry.startswith(name) else entry for entry in strict]
            for content in ("\n" + "\n".join(lines) + "\n", json.dumps(lines)):
                self.write_image(content.encode())
                self.assert_refused(f"{line} .*", REQUIRE_STRICT="true")
        self.write_image(json.dumps(strict).encode())
        self.start(REQUIRE_STRICT="true")
        self.wait_until_started()
        self.process.terminate()
        self.assertEqual(self.finish(), 0)

    def test_image_has_to_be_there(self):
        self.assert_refused("EIF_PATH: no such file .*", EIF_PATH=str(self.home / "none.eif"))
        self.assert_refused("EIF_PATH: no such file .*", EIF_PATH=str(self.home))
        self.image.write_bytes(b"")
        self.assert_refused("EIF_PATH: the file is empty .*")

    def test_memory_is_at_least_four_images(self):
        self.write_image(b"\nVSOCK_PROXY_CID=3\n".ljust(16 * MIB - 4, b"\0"))
        self.start(ENCLAVE_MEMORY_MB="64")
        self.wait_until_started()
        self.process.terminate()
        self.assertEqual(self.finish(), 0)
        (self.home / "calls").unlink()
        self.write_image(b"\nVSOCK_PROXY_CID=3\n".ljust(16 * MIB - 3, b"\0"))
        self.assert_refused(r"ENCLAVE_MEMORY_MB must be at least four times the image: 65 \(got: 64\)",
                            ENCLAVE_MEMORY_MB="64")

    def test_image_baked_for_another_parent_is_refused(self):
        for content, got in ((b"\nVSOCK_PROXY_CID=16\n", "16"), (b'["VSOCK_PROXY_CID=2"]', "2"),
                             (b"\nVSOCK_PROXY_CID=3\n\nVSOCK_PROXY_CID=33\n", "3, 33")):
            self.write_image(content)
            self.assert_refused(rf"VSOCK_PROXY_CID in the image must be the parent's CID, 3 \(got: {got}\)")
        self.write_image(b"\nVSOCK_PROXY_CID=3\n")
        self.assert_refused(r"VSOCK_PROXY_CID in the image must be the parent's CID, 2 \(got: 3\)", PARENT_CID="2")

    def test_image_that_does_not_show_its_configuration_is_started_with_a_word(self):
        self.write_image(b"MY_VSOCK_PROXY_CID=16\n")
        self.start()
        self.wait_until_started()
        self.assertIn("does not show its VSOCK_PROXY_CID; it has to be 3", self.said())
        self.process.terminate()
        self.assertEqual(self.finish(), 0)


class Life(RunnerCase):
    def test_starts_as_the_design_says_and_stops_in_order(self):
        self.start()
        self.wait_until_started()
        self.wait_for(lambda: len(self.calls("nitro-cli describe-enclaves")) >= 3)
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.finish(), 0)
        run = f"nitro-cli run-enclave --eif-path {self.image} --memory 512 --cpu-count 2 --enclave-cid 16"
        logs, drain = "vsock-proxy logs --listen vsock:any:8014", "vsock-proxy drain --health vsock:16:8015"
        end = f"nitro-cli terminate-enclave --enclave-id {ID}"
        order = [call for call in self.calls() if call != "nitro-cli describe-enclaves"]
        self.assertEqual(order, [logs, run, drain, end])
        self.assertEqual(self.enclaves(), [])

    def test_log_stream_is_printed_and_progress_is_kept_apart(self):
        self.start()
        self.wait_until_started()
        self.process.terminate()
        self.assertEqual(self.finish(), 0)
        self.assertEqual(self.printed(), '{"event":"started"}\n')
        self.assertIn("Start allocating memory...", self.said())

    def test_interrupt_ends_it_too(self):
        self.start()
        self.wait_until_started()
        self.process.send_signal(signal.SIGINT)
        self.assertEqual(self.finish(), 0)
        self.assertEqual(self.enclaves(), [])

    def test_requests_in_flight_get_their_time(self):
        self.start(DRAIN_SECS="2", ENCLAVE_HEALTH="vsock:16:9999", LOG_LISTEN="vsock:any:9998")
        self.wait_until_started()
        begin = time.monotonic()
        self.process.terminate()
        self.wait_for(lambda: self.calls("vsock-proxy drain --health vsock:16:9999"))
        self.process.terminate()  # an impatient second one changes nothing
        self.assertEqual(len(self.enclaves()), 1)
        self.assertEqual(self.finish(), 0)
        self.assertGreaterEqual(time.monotonic() - begin, 2)
        self.assertEqual(self.enclaves(), [])
        self.assertEqual(len(self.calls("vsock-proxy logs --listen vsock:any:9998")), 1)

    def test_enclave_that_does_not_drain_is_ended_all_the_same(self):
        self.script({"drain": ["fail"]})
        self.start()
        self.wait_until_started()
        self.process.terminate()
        self.assertEqual(self.finish(), 0)
        self.assertIn("did not take the request to drain", self.said())
        self.assertEqual(self.enclaves(), [])

    def test_console_is_for_debug_mode_alone(self):
        self.start(ENCLAVE_DEBUG="true")
        self.wait_for(lambda: "Linux version" in self.printed())
        self.assertRegex(self.said(), "WARNING: debug mode: .* attestation cannot work")
        self.assertTrue(self.calls("nitro-cli run-enclave")[0].endswith(" --debug-mode"))
        self.assertEqual(self.calls("nitro-cli console"), [f"nitro-cli console --enclave-id {ID}"])
        self.process.terminate()
        self.assertEqual(self.finish(), 0)

    def test_log_receiver_that_ends_is_started_again(self):
        self.script({"logs": ["die_later"]})
        self.start()
        self.wait_for(lambda: len(self.calls("vsock-proxy logs")) == 2)
        self.assertIn("the log receiver ended", self.said())
        self.assertIsNone(self.process.poll())
        self.process.terminate()
        self.assertEqual(self.finish(), 0)

    def test_log_receiver_that_cannot_start_keeps_the_enclave_from_starting(self):
        self.script({"logs": ["die"]})
        self.assertEqual(self.run_to_the_end(LOG_LISTEN="vsock:any:x"), 1)
        self.assert_one_clear_line("the log receiver does not start; LOG_LISTEN is vsock:any:x")
        self.assertEqual(self.calls("nitro-cli run-enclave"), [])


class Orphans(RunnerCase):
    OTHER = {"EnclaveName": "somebody", "EnclaveID": "i-0abc-enc99", "EnclaveCID": 99, "State": "RUNNING"}
    BY_CID = {"EnclaveName": "old", "EnclaveID": "i-0abc-encOld", "EnclaveCID": 16, "State": "RUNNING"}
    BY_NAME = {"EnclaveName": "nitro-enc-svc", "EnclaveID": "i-0abc-encName", "EnclaveCID": 17, "State": "TERMINATING"}

    def test_enclaves_of_an_earlier_container_are_ended_first_and_others_stay(self):
        self.set_enclaves([self.OTHER, self.BY_CID, self.BY_NAME])
        self.start()
        self.wait_until_started()
        self.assertEqual([enclave["EnclaveID"] for enclave in self.enclaves()], ["i-0abc-enc99", ID])
        self.process.terminate()
        self.assertEqual(self.finish(), 0)
        self.assertEqual(self.enclaves(), [self.OTHER])

    def test_orphan_that_does_not_end_is_named(self):
        self.set_enclaves([self.BY_CID])
        self.script({"terminate-enclave": ["fail"]})
        self.assertEqual(self.run_to_the_end(), 1)
        self.assert_one_clear_line("an enclave of an earlier container does not end: i-0abc-encOld")
        self.assertEqual(self.calls("nitro-cli run-enclave"), [])

    def test_killed_runner_leaves_an_enclave_that_the_next_one_ends(self):
        self.start()
        self.wait_until_started()
        self.kill()
        self.assertEqual(len(self.enclaves()), 1)
        for left in self.home.glob("tmp.*"):
            shutil.rmtree(left)
        self.start()
        self.wait_until_started()
        self.assertIn(f"ending {ID}, left over by an earlier container", self.said())
        self.process.terminate()
        self.assertEqual(self.finish(), 0)

    def test_no_answer_about_enclaves_is_no_start(self):
        for how, line in (("fail", "describe-enclaves failed"), ("die", "describe-enclaves failed"),
                          ("bad_json", "did not print a list"), ("{}", "did not print a list"),
                          ("null", "did not print a list"), ('["x"]', "did not print a list")):
            self.script({"describe-enclaves": [how]})
            self.assertEqual(self.run_to_the_end(), 1, how)
            self.assert_one_clear_line(line)
        self.assertEqual(self.calls("nitro-cli run-enclave"), [])


class Start(RunnerCase):
    def assert_start_fails(self, how, pattern, **changes):
        self.script({"run-enclave": [how]})
        self.assertEqual(self.run_to_the_end(**changes), 1)
        self.assert_one_clear_line(pattern)
        self.assertEqual(self.enclaves(), [])
        self.assertEqual(self.calls("vsock-proxy drain"), [])

    def test_failure_is_told_with_its_status(self):
        self.assert_start_fails("fail", "run-enclave failed with status 1; its own lines are above")
        self.assertIn("[ E26 ] Insufficient memory", self.said())

    def test_nitro_cli_that_dies(self):
        self.assert_start_fails("die", "run-enclave (failed with status|did not end)")

    def test_nitro_cli_that_hangs(self):
        self.assert_start_fails("hang", "did not end within 1 s", ENCLAVE_START_SECS="1")

    def test_answers_that_name_no_enclave(self):
        for how in ("bad_json", "", "{}", "[]", '{"EnclaveID": 5}', '{"EnclaveID": "a b", "EnclaveCID": 16}',
                    '{"EnclaveID": ""}'):
            self.assert_start_fails(how, "run-enclave printed no EnclaveID")

    def test_enclave_that_was_started_without_saying_so_is_ended(self):
        self.assert_start_fails("start_then_fail", "run-enclave failed with status 1")
        self.assert_start_fails("start_then_hang", "did not end within 2 s", ENCLAVE_START_SECS="2")

    def test_enclave_with_another_cid_is_ended(self):
        self.assert_start_fails("other_cid", f"gave {ID} another CID than 16")

    def test_stop_during_the_start_ends_what_was_started(self):
        self.script({"run-enclave": ["start_then_hang"]})
        self.start()
        self.wait_for(self.enclaves)
        begin = time.monotonic()
        self.process.terminate()
        self.assertEqual(self.finish(), 0)
        self.assertLess(time.monotonic() - begin, 20)
        self.assertEqual(self.enclaves(), [])


class Watch(RunnerCase):
    def assert_ends(self, pattern):
        self.assertEqual(self.finish(), 1)
        self.assert_one_clear_line(pattern)

    def test_enclave_that_terminates(self):
        self.start()
        self.wait_until_started()
        self.set_enclaves([{**self.enclaves()[0], "State": "TERMINATING"}])
        self.assert_ends(rf"the enclave {ID} is not RUNNING \(state: TERMINATING\)")
        self.assertEqual(self.calls("vsock-proxy drain"), [])

    def test_enclave_that_is_gone_or_shows_no_state(self):
        for left in ([], [{"EnclaveID": ID, "EnclaveCID": 16, "EnclaveName": "x"}]):
            self.set_enclaves([])
            self.start()
            self.wait_until_started()
            self.set_enclaves(left)
            self.assertEqual(self.finish(), 1)
            self.assertRegex(self.said(), rf"the enclave {ID} is not RUNNING \(state: MISSING\)")

    def test_two_unreadable_answers_are_forgiven_and_three_are_not(self):
        # The first answer is for the search for orphans.
        self.script({"describe-enclaves": ["ok", "bad_json", "die", "ok", "fail", "hang", "ok"]})
        self.start(NITRO_CLI_SECS="3")  # for a call that works, on a busy machine
        self.wait_for(lambda: len(self.calls("nitro-cli describe-enclaves")) >= 8)
        self.assertIsNone(self.process.poll())
        self.assertEqual(len(re.findall("no readable answer", self.said())), 4)
        self.process.terminate()
        self.assertEqual(self.finish(), 0)
        (self.home / "counts.json").unlink()
        self.script({"describe-enclaves": ["ok", "bad_json", "die", "{}", "ok"]})
        self.start()
        self.assert_ends(f"the state of {ID} cannot be read")
        self.assertEqual(self.enclaves(), [])


class Text(unittest.TestCase):
    def test_shellcheck_finds_nothing(self):
        if shutil.which("shellcheck") is None:
            self.skipTest("shellcheck is not installed")
        done = subprocess.run(["shellcheck", "--external-sources", str(SCRIPT)], capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.stdout + done.stderr, "")


if __name__ == "__main__":
    unittest.main()
