#!/usr/bin/env python3
"""Measures how long machines take from exec to their first qtest reply.

Usage: startup.py [-n STARTS] [COMMAND...]

COMMAND is a qemu-system-aarch64 or something that takes its command line; without one, the one of the built distribution
is measured, and qemu-system-aarch64 beside it when it is on PATH. The commands take turns, so that what else the machine
does hits all of them. Prints medians: wall-clock time, and what the process and its children have used of the processors
by then (user and system time).
"""

import argparse
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

MACHINE = (
    "-display none -audio none -run-with exit-with-parent=on -machine virt,acpi=off,gic-version=3,iommu=smmuv3 -smp 1 "
    "-m 512 -cpu max -net none -device iommu-testdev -device edu -accel qtest"
).split()
BUILT = "runtime/distribution/target/backplane/backplane/bin/backplane-system-aarch64"
TICK = os.sysconf("SC_CLK_TCK")
PATIENCE = 60


def listener(path):
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(PATIENCE)
    sock.bind(path)
    sock.listen(1)
    return sock


def processor_time(pid):
    """Seconds of user and system time of a process and the children that it has waited for."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return sum(int(fields[i]) for i in (11, 12, 13, 14)) / TICK


def start(command, data):
    """Starts a machine; returns milliseconds until the first reply: wall clock, processors."""
    with tempfile.TemporaryDirectory() as folder:
        qtest, qmp = folder + "/qtest", folder + "/qmp"
        with listener(qtest) as commands, listener(qmp):
            arguments = ["-qtest", "unix:" + qtest, "-qtest-log", "/dev/null", "-chardev", f"socket,path={qmp},id=char0",
                         "-object", "monitor-qmp,id=qmp0,chardev=char0"]
            environment = dict(os.environ, BACKPLANE_DATA=data)
            began = time.perf_counter()
            machine = subprocess.Popen([command, *arguments, *MACHINE], env=environment, stdin=subprocess.DEVNULL)
            try:
                connection, _ = commands.accept()
                with connection:
                    connection.settimeout(PATIENCE)
                    connection.sendall(b"endianness\n")
                    reply = connection.recv(100)
                    took = time.perf_counter() - began
                    used = processor_time(machine.pid)
                    if not reply.startswith(b"OK"):
                        sys.exit(f"{command}: {reply!r}: expected OK little")
            finally:
                machine.send_signal(signal.SIGTERM)
                status = machine.wait(PATIENCE)
            if status != 0:
                sys.exit(f"{command}: exit status {status} on SIGTERM: expected 0")
            return took * 1000, used * 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("-n", type=int, default=20, help="starts of each command that are measured")
    parser.add_argument("command", nargs="*")
    options = parser.parse_args()
    root = pathlib.Path(__file__).resolve().parents[2]
    found = [str(root / BUILT), shutil.which("qemu-system-aarch64")]
    commands = options.command or [command for command in found if command and os.path.exists(command)]
    if not commands:
        parser.error(f"there is no {found[0]}: build the distribution, or name a command")
    results = {command: [] for command in commands}
    with tempfile.TemporaryDirectory() as folder:
        data = {command: f"{folder}/{i}" for i, command in enumerate(commands)}  # each finds its own caches filled
        for command in commands:
            start(command, data[command])
        for _ in range(options.n):
            for command in commands:
                results[command].append(start(command, data[command]))
                time.sleep(0.1)
    print(f"{'wall, ms':>10} {'least':>7} {'processors, ms':>15}")
    for command, times in results.items():
        wall, used = zip(*times)
        print(f"{statistics.median(wall):>10.0f} {min(wall):>7.0f} {statistics.median(used):>15.0f}  {command}")
    print("load average %.1f" % os.getloadavg()[0])


if __name__ == "__main__":
    main()
