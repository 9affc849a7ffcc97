# SPDX-License-Identifier: MIT
"""What the numbers depend on: machine, kernel, libc, compiler, versions.

Nothing that names a person, a host or a folder is recorded."""

import gzip
import json
import os
import platform
import re
import resource
import shlex
import subprocess
import time
from pathlib import Path

PACKAGES = ("libc6", "gcc", "cmake", "ninja-build", "libjansson4", "check",
            "hyperfine", "python3-numpy", "python3-scipy",
            "python3-matplotlib", "libboost-context1.74-dev",
            "libboost-context-dev", "libck-dev", "lua5.4", "nodejs",
            "golang-go")
UNREADABLE = "not readable"


def read(path, default=UNREADABLE):
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return default


def output(*command):
    """The output of a command, or an empty string."""
    try:
        return subprocess.run(command, capture_output=True, text=True,
                              timeout=20, check=False).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def kernel_config():
    """The kernel's build options as text, or None."""
    try:
        with gzip.open("/proc/config.gz", "rt") as file:
            return file.read()
    except OSError:
        pass
    text = read(f"/boot/config-{platform.release()}", "")
    return text or None


def option(config, name):
    """The value of a kernel build option."""
    if config is None:
        return UNREADABLE
    match = re.search(rf"^{name}=(.*)$", config, re.MULTILINE)
    return match.group(1) if match else "not set"


def hz(config):
    value = option(config, "CONFIG_HZ")
    if value == UNREADABLE:
        # The tick of the accounting interface is 100 on every kernel and
        # says nothing about the kernel's own.
        return f"{UNREADABLE} (no kernel configuration here)"
    return value


def preemption(config):
    """The kernel's own preemption mode, as well as it can be known."""
    live = read("/sys/kernel/debug/sched/preempt", "")
    chosen = re.search(r"\((\w+)\)", live)
    if chosen:
        return chosen.group(1)
    argument = re.search(r"\bpreempt=(\w+)", read("/proc/cmdline", ""))
    if argument:
        return f"{argument.group(1)} (boot argument)"
    if config is None:
        return f"{UNREADABLE}; kernel says {platform.version()}"
    for name in ("NONE", "VOLUNTARY", "LAZY", "RT", ""):
        key = f"CONFIG_PREEMPT_{name}" if name else "CONFIG_PREEMPT"
        if option(config, key) == "y":
            dynamic = option(config, "CONFIG_PREEMPT_DYNAMIC") == "y"
            note = " (default of a dynamic kernel)" if dynamic else ""
            return (name.lower() or "full") + note
    return UNREADABLE


def cpu():
    info = read("/proc/cpuinfo", "")

    def first(*names):
        for name in names:
            match = re.search(rf"^{name}\s*:\s*(.+)$", info, re.MULTILINE)
            if match:
                return match.group(1).strip()
        return UNREADABLE

    family = f"family {first('cpu family')}, model {first('model')}"
    return f"{first('model name', 'Processor', 'CPU part')} ({family})"


def hypervisor():
    for line in output("lscpu").splitlines():
        if line.startswith("Hypervisor vendor:"):
            return line.split(":", 1)[1].strip()
    flags = read("/proc/cpuinfo", "")
    return "yes, vendor unknown" if " hypervisor " in flags else "none seen"


def siblings():
    """Whether the CPUs are hardware threads of one core, so far as the
    machine says."""
    shared = read("/sys/devices/system/cpu/cpu0/topology/"
                  "thread_siblings_list")
    return f"CPU 0 shares its core with: {shared}"


def mitigations():
    folder = Path("/sys/devices/system/cpu/vulnerabilities")
    found = []
    for path in sorted(folder.glob("*")):
        state = read(path)
        if state != "Not affected":
            found.append(f"{path.name}: {state}")
    return found or [UNREADABLE if not folder.exists() else "not affected"]


def compiler(root):
    """The compiler of the release build and the flags of one library file."""
    build = Path(root) / "build" / "release"
    cache = read(build / "CMakeCache.txt", "")

    def entry(name):
        match = re.search(rf"^{name}:\w+=(.*)$", cache, re.MULTILINE)
        return match.group(1) if match else ""

    path = entry("CMAKE_C_COMPILER") or "cc"
    version = (output(path, "--version").splitlines() or [UNREADABLE])[0]
    linker = entry("CMAKE_EXE_LINKER_FLAGS")
    return {"compiler": version, "build_type": entry("CMAKE_BUILD_TYPE"),
            "flags": compile_flags(build) or UNREADABLE,
            "linker_flags": scrub(linker) or "none beside the defaults"}


def compile_flags(build):
    try:
        entries = json.loads(read(build / "compile_commands.json", ""))
    except json.JSONDecodeError:
        return ""
    for wanted in ("/coop/", "/common/", ""):
        for one in entries:
            if wanted in one.get("file", "") and one["file"].endswith(".c"):
                words = one.get("arguments") or shlex.split(one["command"])
                return " ".join(w for w in words if re.match(
                    r"-(O|f(?!file)|m|std|g|pthread|D)", w) and "/" not in w)
    return ""


def scrub(flags):
    """Flags without anything that holds a path."""
    return " ".join(w for w in flags.split() if "/" not in w)


def commit(root):
    """The commit, marked when sources (results aside) differ from it."""
    git = ("git", "--no-optional-locks", "-C", str(root))
    name = output(*git, "describe", "--always")
    if not name:
        return "not a git checkout"
    changed = output(*git, "status", "--porcelain", "--", ".",
                     ":!RESULTS.md", ":!bench/results")
    return name + ("-dirty" if changed else "")


def packages():
    found = {}
    for name in PACKAGES:
        text = output("dpkg-query", "-W", "-f",
                      "${db:Status-Abbrev} ${Version}", name)
        if text.startswith("ii"):
            # A vendor's own suffix says who packaged it, not what it is.
            found[name] = re.sub(r"-\d+[a-z]{4,}.*", "", text.split()[1])
    return found


def limits():
    names = {"processes": resource.RLIMIT_NPROC,
             "open files": resource.RLIMIT_NOFILE,
             "stack bytes": resource.RLIMIT_STACK,
             "address space": resource.RLIMIT_AS,
             "locked bytes": resource.RLIMIT_MEMLOCK}

    def shown(value):
        return "unlimited" if value == resource.RLIM_INFINITY else value

    return {name: shown(resource.getrlimit(kind)[0])
            for name, kind in names.items()}


def huge_pages():
    match = re.search(r"\[(\w+)\]",
                      read("/sys/kernel/mm/transparent_hugepage/enabled", ""))
    return match.group(1) if match else UNREADABLE


def memory_bytes():
    match = re.search(r"MemTotal:\s+(\d+)", read("/proc/meminfo", ""))
    return int(match.group(1)) * 1024 if match else 0


def capture(root):
    """The whole environment as one dict."""
    config = kernel_config()
    tick = option(config, "CONFIG_TICK_CPU_ACCOUNTING") == "y"
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "cpu": cpu(),
        "virtual_cpus": os.cpu_count(),
        "usable_cpus": len(os.sched_getaffinity(0)),
        "siblings": siblings(),
        "hypervisor": hypervisor(),
        "memory_gib": round(memory_bytes() / 2**30, 1),
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "preemption": preemption(config),
        "hz": hz(config),
        "cpu_time_accounting": "by tick: the split of user and system time "
                               "is an estimate" if tick else
                               "not by tick, or not readable",
        "idle_driver": read("/sys/devices/system/cpu/cpuidle/current_driver"),
        "idle_governor": read(
            "/sys/devices/system/cpu/cpuidle/current_governor"),
        "frequency_governor": read("/sys/devices/system/cpu/cpu0/cpufreq/"
                                   "scaling_governor", "none"),
        "clock_source": read("/sys/devices/system/clocksource/clocksource0/"
                             "current_clocksource"),
        "mitigations": mitigations(),
        "address_randomisation": read("/proc/sys/kernel/randomize_va_space"),
        "transparent_huge_pages": huge_pages(),
        "pid_max": read("/proc/sys/kernel/pid_max"),
        "max_map_count": read("/proc/sys/vm/max_map_count"),
        "limits": limits(),
        "libc": " ".join(platform.libc_ver()),
        "python": platform.python_version(),
        "commit": commit(root),
        "packages": packages(),
    } | compiler(root)
