#!/usr/bin/env python3
"""confine.py [--record FILE] PROFILE COMMAND...: COMMAND under an OCI seccomp profile with no_new_privs, read as
containerd and runc read it (specs-go/config.go, libcontainer/seccomp), but for what they pass over in silence: a field
or a system call that they do not know is an error here. --record: the names of the calls that the default action
refuses, to COMMAND and to all that it starts, are added to FILE; the profile has to allow sendmsg for that."""

import errno
import fcntl
import json
import os
import select
import socket
import struct
import sys

import seccomp

ACTIONS = {"SCMP_ACT_ALLOW": seccomp.ALLOW, "SCMP_ACT_LOG": seccomp.LOG, "SCMP_ACT_TRAP": seccomp.TRAP,
           "SCMP_ACT_KILL": seccomp.KILL, "SCMP_ACT_KILL_THREAD": seccomp.KILL,
           "SCMP_ACT_KILL_PROCESS": seccomp.KILL_PROCESS}
ARCHITECTURES = {f"SCMP_ARCH_{name}": name.lower() for name in ("X86_64", "X86", "X32")}
OPERATORS = {f"SCMP_CMP_{name}": getattr(seccomp, name) for name in ("NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ")}
NUMBERS_END = 1024  # above every system call that x86_64 has
RECEIVE, SEND = 0xC0502100, 0xC0182101  # linux/seccomp.h: SECCOMP_IOCTL_NOTIF_RECV, SECCOMP_IOCTL_NOTIF_SEND
UNKNOWN = -1        # __NR_SCMP_ERROR: in no architecture; other numbers below zero: in another one


class Refused(Exception):
    """The profile is not one that is read in full."""


def chosen(table, name):
    if name not in table:
        raise Refused(f"{name} is not known")
    return table[name]


def fields(given, *known):
    """The values of an object that has no other fields; None for those that are absent."""
    unknown = set(given) - set(known)
    if unknown:
        raise Refused(f"{', '.join(sorted(unknown))}: no such field in an OCI profile")
    return [given.get(name) for name in known]


def action(name, errno_ret):
    if name == "SCMP_ACT_ERRNO":
        return seccomp.ERRNO(errno.EPERM if errno_ret is None else errno_ret)
    return chosen(ACTIONS, name)


def number(name):
    found = seccomp.resolve_syscall(seccomp.Arch(), name)
    if found == UNKNOWN:
        raise Refused(f"{name}: no such system call")
    return found


def conditions(args):
    """A list a rule. Several conditions on one argument are alternatives, else all have to hold."""
    found = []
    for arg in args or []:
        index, value, value_two, operator = fields(arg, "index", "value", "valueTwo", "op")
        # With a mask, `value` is the mask and `valueTwo` what is left under it.
        found.append(seccomp.Arg(index, chosen(OPERATORS, operator), value, value_two or 0))
    indexes = [arg["index"] for arg in args or []]
    return [found] if len(set(indexes)) == len(indexes) else [[condition] for condition in found]


def refuse_and_record(listener, error, path):
    """Answers the calls that the filter hands over, until no process is left that could make one."""
    waiting = select.poll()
    waiting.register(listener, select.POLLIN)
    with open(path, "a", encoding="ascii") as file:
        while waiting.poll()[0][1] & select.POLLIN:
            notice = bytearray(80)  # struct seccomp_notif
            try:
                fcntl.ioctl(listener, RECEIVE, notice)
                cookie, _, _, made = struct.unpack_from("=QIIi", notice)
                name = seccomp.resolve_syscall(seccomp.Arch(), made)
                file.write((name.decode() if isinstance(name, bytes) else str(name)) + "\n")
                file.flush()
                fcntl.ioctl(listener, SEND, struct.pack("=QqiI", cookie, 0, -error, 0))
            except FileNotFoundError:  # whoever made the call was killed
                pass


def start_recorder(error, path):
    """Where to send the filter's listener. The recorder is nobody's child, and none of its files is another's."""
    ours, its = socket.socketpair()
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return ours
    if os.fork():
        os._exit(0)
    ours.close()
    os.setsid()
    for file in range(3):
        os.dup2(os.open(os.devnull, os.O_RDWR), file)
    _, listeners, _, _ = socket.recv_fds(its, 1, 1)
    for listener in listeners:
        refuse_and_record(listener, error, path)
    os._exit(0)


def load(profile, record):
    default_name, default_errno, architectures, rules = fields(
        profile, "defaultAction", "defaultErrnoRet", "architectures", "syscalls")
    default = action(default_name, default_errno)
    loaded = seccomp.SyscallFilter(seccomp.NOTIFY if record else default)
    for name in architectures or []:
        architecture = seccomp.Arch(chosen(ARCHITECTURES, name))
        if not loaded.exist_arch(architecture):
            loaded.add_arch(architecture)
    last = 0
    for rule in rules:
        names, wanted, errno_ret, args, _ = fields(rule, "names", "action", "errnoRet", "args", "comment")
        for name in names:
            last = max(last, number(name))
            if action(wanted, errno_ret) != default:
                for alternative in conditions(args):
                    loaded.add_rule(action(wanted, errno_ret), name, *alternative)
    # runc answers ENOSYS to what is newer than the profile, in the architectures that it names.
    if "SCMP_ARCH_X86_64" in (architectures or []) and default not in (seccomp.ALLOW, seccomp.LOG):
        for newer in range(last + 1, NUMBERS_END):
            loaded.add_rule(seccomp.ERRNO(errno.ENOSYS), newer)
    loaded.set_attr(seccomp.Attr.CTL_OPTIMIZE, 2)
    loaded.set_attr(seccomp.Attr.CTL_NNP, 1)
    recorder = start_recorder(default_errno or errno.EPERM, record) if record else None
    loaded.load()
    if recorder:
        socket.send_fds(recorder, [b"\0"], [loaded.get_notify_fd()])


def main(arguments):
    record = arguments[1] if arguments[:1] == ["--record"] else None
    path, *command = arguments[2:] if record else arguments
    with open(path, encoding="utf-8") as file:
        profile = json.load(file)
    try:
        load(profile, record)
    except Refused as why:
        sys.exit(f"confine: {path}: {why}")
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
