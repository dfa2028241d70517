#!/usr/bin/env python3
"""deploy/node/seccomp-vsock.json as a kernel has it, loaded by confine.py: what it refuses, and the proxy and the
runner's script under it, by their own tests. VSOCK_PROXY is the proxy. Without python3-seccomp: exits as skipped."""

import errno
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PROFILE = ROOT / "deploy/node/seccomp-vsock.json"
CONFINE = HERE / "confine.py"
SKIPPED = 77  # ctest's SKIP_RETURN_CODE
UNCONFINED = ""

# Each with arguments that are all zero. What Docker's and containerd's own profiles keep from a container without
# capabilities, and what these three programs have no use for.
REFUSED = """
add_key bpf chroot clock_settime delete_module finit_module fsmount fsopen init_module io_setup io_uring_enter
io_uring_register io_uring_setup ioperm iopl kcmp kexec_file_load kexec_load keyctl memfd_secret modify_ldt mount
mount_setattr move_mount name_to_handle_at open_by_handle_at open_tree perf_event_open personality pidfd_getfd
pivot_root process_madvise process_vm_readv process_vm_writev ptrace quotactl request_key setns settimeofday swapoff
swapon syslog umount2 unshare userfaultfd
""".split()
REFUSED_FAMILIES = {"AF_UNSPEC": 0, "AF_KEY": 15, "AF_PACKET": 17, "AF_RDS": 21, "AF_CAN": 29, "AF_TIPC": 30,
                    "AF_BLUETOOTH": 31, "AF_ALG": 38, "AF_KCM": 41, "AF_QIPCRTR": 42, "AF_SMC": 43, "AF_XDP": 44}
ALLOWED_FAMILIES = ("AF_UNIX", "AF_INET", "AF_INET6", "AF_NETLINK", "AF_VSOCK")
NAMESPACES = {"CLONE_NEWNS": 0x20000, "CLONE_NEWCGROUP": 0x2000000, "CLONE_NEWUTS": 0x4000000,
              "CLONE_NEWIPC": 0x8000000, "CLONE_NEWUSER": 0x10000000, "CLONE_NEWPID": 0x20000000,
              "CLONE_NEWNET": 0x40000000}

# Reads a list of calls, each a number and its arguments; prints what each came to: the name of its errno, or `done`.
# Each is made in a process of its own.
PROBE = """
import ctypes, errno, json, os, sys
libc = ctypes.CDLL(None, use_errno=True)
came_to = []
for number, *arguments in json.load(sys.stdin):
    child = os.fork()
    if child == 0:
        result = libc.syscall(ctypes.c_long(number), *[ctypes.c_ulong(argument) for argument in arguments])
        os._exit(ctypes.get_errno() if result == -1 else 0)
    came_to.append(errno.errorcode.get(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), "done"))
json.dump(came_to, sys.stdout)
"""


def confined(profile, *command, record=None):
    return [sys.executable, str(CONFINE), *(["--record", str(record)] if record else []), str(profile), *command]


def probe(calls, profile=PROFILE, record=None):
    """What the calls came to under the profile, or UNCONFINED."""
    command = [sys.executable, "-c", PROBE]
    done = subprocess.run(confined(profile, *command, record=record) if profile else command, input=json.dumps(calls),
                          capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)


def call(name, *arguments):
    return [seccomp.resolve_syscall(seccomp.Arch(), name), *(arguments or [0] * 6)]


class ProfileCase(unittest.TestCase):
    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="seccomp-"))
        self.addCleanup(shutil.rmtree, self.home)
        self.record = self.home / "refused"

    def recorded(self):
        return self.record.read_text().split() if self.record.exists() else []


class Confined(ProfileCase):
    def assert_refused(self, calls):
        """With EPERM, and by the filter: what the kernel refuses is not recorded."""
        numbers = list(calls.values())
        self.assertEqual(dict(zip(calls, probe(numbers))), dict.fromkeys(calls, "EPERM"))
        self.record.unlink(missing_ok=True)
        self.assertEqual(dict(zip(calls, probe(numbers, record=self.record))), dict.fromkeys(calls, "EPERM"))
        names = [seccomp.resolve_syscall(seccomp.Arch(), number).decode() for number, *_ in numbers]
        self.assertEqual(self.recorded(), names)

    def test_what_no_container_needs_is_refused(self):
        self.assert_refused({name: call(name) for name in REFUSED})

    def test_families_of_sockets_that_are_not_named_are_refused(self):
        self.assert_refused({name: call("socket", family, socket.SOCK_RAW, 0)
                             for name, family in REFUSED_FAMILIES.items()})

    def test_families_that_are_named_open_as_they_do_outside(self):
        calls = [call("socket", getattr(socket, family), socket.SOCK_STREAM, 0)
                 for family in ALLOWED_FAMILIES if family != "AF_NETLINK"]
        calls.append(call("socket", socket.AF_NETLINK, socket.SOCK_RAW, 0))
        outside = probe(calls, UNCONFINED)
        self.assertIn("done", outside)
        self.assertEqual(probe(calls, record=self.record), outside)
        self.assertEqual(self.recorded(), [])

    def test_vsock_opens(self):
        vsock = [call("socket", socket.AF_VSOCK, socket.SOCK_STREAM, 0)]
        if probe(vsock, UNCONFINED) != ["done"]:
            self.skipTest("this kernel has no AF_VSOCK")
        self.assertEqual(probe(vsock), ["done"])

    def test_clone_makes_processes_and_no_namespaces(self):
        self.assert_refused({name: call("clone", flag | signal.SIGCHLD, 0, 0, 0, 0)
                             for name, flag in {**NAMESPACES, "all": sum(NAMESPACES.values())}.items()})
        self.assertEqual(probe([call("clone", signal.SIGCHLD, 0, 0, 0, 0), call("fork"), call("getpid")]), ["done"] * 3)

    def test_clone3_and_what_is_newer_than_the_profile_do_not_exist(self):
        newer = call("fchmodat2", 2**64 - 100, 0, 0, 0)
        self.assertEqual(probe([call("clone3"), newer]), ["ENOSYS", "ENOSYS"])

    def test_threads_start(self):
        text = "import threading; t = threading.Thread(target=print, args=['ran']); t.start(); t.join()"
        done = subprocess.run(confined(PROFILE, sys.executable, "-c", text), capture_output=True, text=True,
                              check=False)
        self.assertEqual((done.returncode, done.stdout), (0, "ran\n"))

    def test_process_cannot_gain_privileges(self):
        status = subprocess.run(confined(PROFILE, "cat", "/proc/self/status"), capture_output=True, text=True,
                                check=True).stdout
        self.assertRegex(status, r"(?m)^NoNewPrivs:\t1$")
        self.assertRegex(status, r"(?m)^Seccomp:\t2$")


class Reading(ProfileCase):
    """confine.py itself."""

    def written(self, profile):
        path = self.home / "profile.json"
        path.write_text(json.dumps(profile))
        return path

    def test_what_would_be_passed_over_in_silence_is_refused(self):
        profile = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": []}
        argument = {"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}

        def rule(**changes):
            return {**profile, "syscalls": [{"names": ["dup"], "action": "SCMP_ACT_LOG", **changes}]}
        for wrong, why in (({**profile, "archMap": []}, "archMap: no such field"),
                           ({**profile, "architectures": ["SCMP_ARCH_X86-64"]}, "SCMP_ARCH_X86-64 is not known"),
                           ({**profile, "defaultAction": "ALLOW"}, "ALLOW is not known"),
                           (rule(name="dup"), "name: no such field"),
                           (rule(includes={"minKernel": "4.8"}), "includes: no such field"),
                           (rule(names=["dup", "dupe"]), "dupe: no such system call"),
                           (rule(action="SCMP_ACT_NOTIFY"), "SCMP_ACT_NOTIFY is not known"),
                           (rule(args=[{**argument, "op": "SCMP_CMP_IN"}]), "SCMP_CMP_IN is not known"),
                           (rule(args=[{**argument, "mask": 1}]), "mask: no such field")):
            done = subprocess.run(confined(self.written(wrong), "true"), capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 1, why)
            self.assertIn(why, done.stderr)
        for right in (profile, rule(), rule(args=[argument], comment="x"), rule(names=["dup", "socketcall"])):
            subprocess.run(confined(self.written(right), "true"), check=True)

    def test_conditions_are_those_of_the_profile(self):
        for operator, value, value_two, met, not_met in (
                ("EQ", 1001, 0, [1001], [1000, 1002, 1001 | 1 << 32]), ("NE", 1001, 0, [1000, 1002], [1001]),
                ("LT", 1001, 0, [1000], [1001, 1002]), ("LE", 1001, 0, [1000, 1001], [1002]),
                ("GT", 1001, 0, [1002], [1000, 1001]), ("GE", 1001, 0, [1001, 1002], [1000]),
                ("MASKED_EQ", 0xff, 3, [0x403, 0x503], [0x402, 0x404])):
            rule = {"names": ["dup"], "action": "SCMP_ACT_ERRNO", "errnoRet": errno.EXDEV,
                    "args": [{"index": 0, "value": value, "valueTwo": value_two, "op": f"SCMP_CMP_{operator}"}]}
            profile = self.written({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]})
            self.assertEqual(probe([call("dup", file) for file in met + not_met], profile),
                             ["EXDEV"] * len(met) + ["EBADF"] * len(not_met), operator)

    def test_conditions_hold_together_or_are_alternatives_on_one_argument(self):
        def refused(*conditions):
            rule = {"names": ["dup2"], "action": "SCMP_ACT_ERRNO", "errnoRet": errno.EXDEV,
                    "args": [{"index": index, "value": value, "op": "SCMP_CMP_EQ"} for index, value in conditions]}
            return self.written({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]})
        calls = [call("dup2", 1001, 2001), call("dup2", 1001, 2002), call("dup2", 1002, 2001)]
        self.assertEqual(probe(calls, refused((0, 1001), (1, 2001))), ["EXDEV", "EBADF", "EBADF"])
        self.assertEqual(probe(calls, refused((0, 1001), (0, 1002))), ["EXDEV", "EXDEV", "EXDEV"])

    def test_newer_calls_do_not_exist_only_where_an_architecture_is_named(self):
        profile = json.loads(PROFILE.read_text())
        newer = [call("fchmodat2", 2**64 - 100, 0, 0, 0)]
        self.assertEqual(probe(newer, self.written(profile)), ["ENOSYS"])
        del profile["architectures"]
        self.assertEqual(probe(newer, self.written(profile)), ["EPERM"])


    def test_what_descendants_are_refused_is_recorded(self):
        script = "echo before; setsid --wait unshare --mount true; echo after"
        done = subprocess.run(confined(PROFILE, "sh", "-c", script, record=self.record), capture_output=True, text=True,
                              check=False)
        self.assertEqual((done.returncode, done.stdout), (0, "before\nafter\n"))
        self.assertEqual(self.recorded(), ["unshare"])


class Programs(ProfileCase):
    """Nothing may be refused, neither to the program nor to what it starts, be it something that it would get over."""

    def assert_passes_confined(self, test, variable, program):
        wrapper = self.home / "confined"
        command = " ".join(f"'{part}'" for part in confined(PROFILE, str(program), record=self.record))
        wrapper.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        wrapper.chmod(0o755)
        done = subprocess.run([sys.executable, str(test)], env={**os.environ, variable: str(wrapper)}, check=False)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(sorted(set(self.recorded())), [])


class Proxy(Programs):
    def test_proxy_passes_its_tests(self):
        self.assert_passes_confined(ROOT / "tests/proxy/proxy_test.py", "VSOCK_PROXY", os.environ["VSOCK_PROXY"])


class Runner(Programs):
    """The script, its tools, and the stand-ins for nitro-cli and vsock-proxy."""

    def test_script_passes_its_tests(self):
        self.assert_passes_confined(HERE / "run_enclave_test.py", "RUN_ENCLAVE", ROOT / "scripts/run-enclave.sh")


if __name__ == "__main__":
    try:
        import seccomp
    except ImportError:
        print("skipped: python3-seccomp is not installed")
        sys.exit(SKIPPED)
    unittest.main()
