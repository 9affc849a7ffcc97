#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""headers.py BUILD_FOLDER: the public headers. coop and preempt mirror each
other; each header compiles alone; what is declared is exported, and nothing
else is."""

import re
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INCLUDES = ("common/include", "coop/include", "preempt/include")
MIRRORED = ("gen.h", "task.h", "chan.h", "group.h", "sync.h", "select.h",
            "fd.h")

# What one library has and the other has not: name after the prefix -> why.
ONLY_PREEMPT = {
    "gen_dropped": "only a thread runs ahead",
    "spawn_limit": "only threads meet the kernel's limits",
}
ONLY_COOP = {
    "gen_link": "only a switch of stacks can be inlined",
    "gen_go_on": "as gen_link",
    "chan_send_slowly": "as chan_face: where the inlined way ends",
    "chan_recv_slowly": "as chan_face: where the inlined way ends",
}
ONLY_COOP_TYPES = {
    "gen_face": "as gen_link",
    "coro_face": "as gen_link",
    "sched_face": "only where there is one thread a counter is enough",
    "chan_face": "only without other threads is it but a move of a pointer",
}

# Fields, as "struct.field"; those of a type above go without saying.
ONLY_COOP_FIELDS = {
    "gen_options.mechanism": "there is more than one for tasks of one thread",
    "sched_options.mechanism": "as of gen_options",
    "sched_options.slice": "only who is not interrupted has to ask the clock",
    "sched_options.offload_threads": "in preempt a task's thread does it",
    "task_options.first": "only here there is an order of what is ready",
    "mutex.owner": "not for users: who it is, where a word does",
    "barrier.arrived": "not for users: a count, where the queue has none",
}
ONLY_PREEMPT_FIELDS = {
    "gen_options.capacity": "only a thread runs ahead",
    "gen_options.wait": "only a thread can poll for another",
    "gen_options.cpu_plus_one": "only a thread has a CPU",
    "sched_options.placement": "as gen_options.cpu_plus_one",
    "sched_options.watchdog_ns": "coop sees a deadlock when it comes",
    "task_options.cpu_plus_one": "as of gen_options",
    "task_options.policy": "the kernel's, for threads",
    "task_options.priority": "as policy",
    "chan_options.wait": "as of gen_options",
    "chan_options.single": "only between threads is one of each faster",
    "mutex_options.inherits_priority": "as task_options.policy",
    "mutex.inherits_priority": "not for users: as of mutex_options",
    "mutex.inheriting": "not for users: as inherits_priority",
    "mutex.state": "not for users: the owner, where threads compete for it",
    "mutex.lock": "not for users: only threads keep each other out",
    "semaphore.lock": "as of mutex",
    "waitgroup.lock": "as of mutex",
    "event.lock": "as of mutex",
    "barrier.lock": "as of mutex",
    "waiters.last": "not for users: in coop the first knows the last",
    "waiters.count": "not for users: for looks without the lock",
}
ONLY_COOP_MACROS = {
    "SLICE_DEFAULT": "of sched_options.slice",
    "OFFLOAD_THREADS_DEFAULT": "of sched_options.offload_threads",
}
ONLY_PREEMPT_MACROS = {
    "STACK_DEFAULT": "coop has KIT_STACK_DEFAULT: coroutines need less",
    "LIMIT_TEXT": "as spawn_limit",
    "INHERITING_NOTICE": "of mutex_options.inherits_priority",
    "MUTEX_PATIENCE": "only a thread can take a mutex before who waits",
    "SEMAPHORE_MAX": "coop counts to SIZE_MAX",
}

BUILD = ""


def uncommented(path):
    """A header without comments."""
    return re.sub(r"/\*.*?\*/|//[^\n]*", " ", path.read_text(), flags=re.S)


def code_of(path):
    """A header without comments, preprocessor lines and needless space."""
    text = uncommented(path)
    text = re.sub(r"^\s*#(?:.*\\\n)*.*$", "", text, flags=re.M)
    return re.sub(r"\s+", " ", text)


def functions_of(path):
    """The exported functions of a header: name -> whole declaration."""
    found = re.findall(r"KIT_EXPORT ([^;{]*?(\w+)\([^;{]*\))"
                       r"(?: __attribute__\(\(\w+\)\))?;", code_of(path))
    return {name: declaration for declaration, name in found}


def neutral(text, prefix):
    """The text with `prefix` replaced in names, types and constants."""
    text = re.sub(rf"\b{prefix}_", "K_", text)
    return re.sub(rf"\b{prefix.upper()}_", "K_", text)


def mirrored(library):
    """Every exported function of a library's mirrored headers, made neutral."""
    functions = {}
    for header in MIRRORED:
        path = ROOT / library / "include" / library / header
        for name, declaration in functions_of(path).items():
            functions[name.removeprefix(library + "_")] = (
                header, neutral(declaration, library))
    return functions


def types_of(library):
    """The types that a library's mirrored headers name, made neutral."""
    text = "".join(code_of(ROOT / library / "include" / library / header)
                   for header in MIRRORED)
    names = re.findall(rf"(?:struct |typedef [^;]*?\b\(?\*?)({library}_\w+)",
                       text)
    return {name.removeprefix(library + "_") for name in names}


def mirrored_code(library, read):
    """What `read` gives of all mirrored headers of a library, made neutral."""
    return neutral("\n".join(read(ROOT / library / "include" / library / h)
                             for h in MIRRORED), library)


def fields_of(library):
    """The fields of the mirrored headers: "struct.field" -> declaration."""
    fields = {}
    for struct, body in re.findall(r"struct K_(\w+) \{([^{}]*)\}",
                                   mirrored_code(library, code_of)):
        for declaration in filter(None, map(str.strip, body.split(";"))):
            kind, names = re.fullmatch(r"(.*?\w)\b([\s*]*\w+"
                                       r"(?:\[\w+\])*(?:,[^,()]*)*)",
                                       declaration).groups()
            for name in names.split(","):
                fields[f"{struct}.{name.strip(' *')}"] = kind + name
    return fields


def enumerators_of(library):
    """The enums of the mirrored headers: name -> enumerators and values."""
    return {name: re.sub(r"\s", "", body).strip(",").split(",")
            for name, body in re.findall(r"enum (\w+) \{([^{}]*)\}",
                                         mirrored_code(library, code_of))}


def macros_of(library):
    """Macros without arguments of the mirrored headers: name -> value."""
    text = mirrored_code(library, uncommented).replace("\\\n", " ")
    return {name: " ".join(value.split()) for name, value in re.findall(
        r"^[ \t]*#[ \t]*define[ \t]+K_(\w+)\b(?!\()(.*)$", text, flags=re.M)
        if not name.endswith("_H")}


class Mirror(unittest.TestCase):
    """A program moves from one library to the other by replacing a prefix."""

    def setUp(self):
        self.coop, self.preempt = mirrored("coop"), mirrored("preempt")
        self.assertGreater(len(self.coop), 20)

    def test_what_coop_has_preempt_has(self):
        missing = set(self.coop) - set(self.preempt) - set(ONLY_COOP)
        self.assertEqual(missing, set())

    def test_what_preempt_has_coop_has(self):
        missing = set(self.preempt) - set(self.coop) - set(ONLY_PREEMPT)
        self.assertEqual(missing, set())

    def test_the_exceptions_are_still_exceptions(self):
        self.assertLessEqual(set(ONLY_PREEMPT), set(self.preempt))
        self.assertLessEqual(set(ONLY_COOP), set(self.coop))
        self.assertFalse(set(ONLY_PREEMPT) & set(self.coop))
        self.assertFalse(set(ONLY_COOP) & set(self.preempt))

    def test_arguments_and_results_are_the_same_in_both(self):
        for name in sorted(set(self.coop) & set(self.preempt)):
            with self.subTest(function=name):
                self.assertEqual(self.coop[name], self.preempt[name])

    def test_types_have_the_same_names_in_both(self):
        self.assertEqual(types_of("coop"),
                         types_of("preempt") | set(ONLY_COOP_TYPES))

    def compare(self, read, only_coop, only_preempt):
        """What both have is the same, and each lacks what is said here."""
        coop, preempt = read("coop"), read("preempt")
        self.assertGreater(len(set(coop) & set(preempt)), 1)
        self.assertEqual(set(coop) - set(preempt), set(only_coop))
        self.assertEqual(set(preempt) - set(coop), set(only_preempt))
        for name in sorted(set(coop) & set(preempt)):
            with self.subTest(name=name):
                self.assertEqual(coop[name], preempt[name])

    def test_structs_have_the_same_fields_in_both(self):
        alone = {name for name in fields_of("coop")
                 if name.split(".")[0] in ONLY_COOP_TYPES}
        self.compare(fields_of, alone | set(ONLY_COOP_FIELDS),
                     ONLY_PREEMPT_FIELDS)

    def test_enums_are_the_same_in_both(self):
        self.compare(enumerators_of, {}, {})

    def test_constants_are_the_same_in_both(self):
        self.compare(macros_of, ONLY_COOP_MACROS, ONLY_PREEMPT_MACROS)

    def test_the_wirings_of_workloads_have_the_same_file_names(self):
        def files(library):
            # Resumable functions, in a folder, have no counterpart.
            return {p.name for p in (ROOT / library / "workloads").iterdir()
                    if p.name != "stackless"}
        self.assertEqual(files("coop"), files("preempt"))


def headers():
    """Every public header, as one includes it."""
    for include in INCLUDES:
        for path in sorted((ROOT / include).rglob("*.h")):
            yield str(path.relative_to(ROOT / include))


def complaints(compiler, language, standard, source):
    """What the compiler says about a source text."""
    command = [compiler, "-x", language, f"-std={standard}",
               "-S", "-o", "/dev/null", "-Wall", "-Wextra", "-Wshadow",
               "-Wpedantic", "-Werror", "-"]
    command += [f"-I{ROOT / include}" for include in INCLUDES]
    return subprocess.run(command, input=source, capture_output=True,
                          text=True, check=False).stderr


def compile_alone(compiler, language, standard, header):
    """What the compiler says about a file that includes one header twice."""
    return complaints(compiler, language, standard,
                      f"#include <{header}>\n#include <{header}>\n"
                      "typedef int not_empty;\n")


COMPILERS = (("gcc", "c", "gnu11"), ("g++", "c++", "gnu++17"),
             ("clang", "c", "gnu11"), ("clang++", "c++", "gnu++17"))

# A body with every macro of kit/body.h, in C and in C++.
BODY = """
#include <coop/gen.h>
#include <kit/body.h>
extern void forget(void *p);
extern kit_completion body(coop_gen *self, kit_value arg);
kit_completion body(coop_gen *self, kit_value arg)
{
    kit_loop loop;
    kit_value item;
    KIT_DEFER(forget, arg.p);
    KIT_DEFER(forget, self);
    for (kit_loop_open(&loop, (kit_iterable *)arg.p);
         kit_loop_next(&loop, &item);)
        item = KIT_LOOP_TRY(&loop, coop_gen_yield(self, item));
    KIT_TRY(coop_gen_yield(self, KIT_TRY(coop_gen_yield(self, item))));
    return kit_loop_close(&loop, kit_next(kit_none()));
}
"""

# Memory that is not written yet, as a generator's argument.
FRESH = """
#include <stdlib.h>
#include <kit/value.h>
extern kit_value fresh(void);
kit_value fresh(void)
{
    return kit_ptr(malloc(1));
}
"""


class Headers(unittest.TestCase):
    """Each header stands on its own."""

    def test_each_compiles_alone_as_c11(self):
        for header in headers():
            with self.subTest(header=header):
                self.assertEqual(
                    compile_alone("cc", "c", "gnu11", header), "")

    @unittest.skipUnless(shutil.which("c++"), "no C++ compiler")
    def test_each_compiles_alone_as_cpp(self):
        for header in headers():
            with self.subTest(header=header):
                self.assertEqual(
                    compile_alone("c++", "c++", "gnu++17", header), "")

    def assert_no_complaints(self, source):
        """Of any compiler that there is."""
        for compiler, language, standard in COMPILERS:
            if shutil.which(compiler):
                with self.subTest(compiler=compiler):
                    self.assertEqual(
                        complaints(compiler, language, standard, source), "")

    def test_the_macros_of_bodies_serve_every_compiler(self):
        self.assert_no_complaints(BODY)

    def test_a_value_may_point_to_memory_that_is_not_written_yet(self):
        self.assert_no_complaints(FRESH)

    def test_each_has_its_licence_and_its_guard(self):
        for include in INCLUDES:
            for path in (ROOT / include).rglob("*.h"):
                with self.subTest(header=path.name):
                    text = path.read_text()
                    guard = f"{path.parent.name}_{path.stem}_H".upper()
                    self.assertTrue(text.startswith(
                        "/* SPDX-License-Identifier: MIT */\n"))
                    self.assertIn(f"#ifndef {guard}\n#define {guard}\n", text)

    def test_libraries_include_only_what_they_may(self):
        for library, other in (("coop", "preempt"), ("preempt", "coop"),
                               ("common", "coop"), ("common", "preempt")):
            for path in (ROOT / library).rglob("*.[chS]"):
                with self.subTest(file=str(path.relative_to(ROOT))):
                    self.assertNotIn(f"#include <{other}/", path.read_text())


def exported(library):
    """The names that a built library exports."""
    path = Path(BUILD, library, f"libschedkit-{library}.so")
    symbols = subprocess.run(["nm", "-D", "--defined-only", path],
                             capture_output=True, text=True, check=True).stdout
    return {line.split()[-1] for line in symbols.splitlines()}


def declared(library):
    """What a library's headers mark as exported."""
    names = set()
    for path in (ROOT / library / "include").rglob("*.h"):
        names |= set(functions_of(path))
        names |= set(re.findall(r"KIT_EXPORT extern [^;(]*?(\w+);",
                                code_of(path)))
    return names


class Symbols(unittest.TestCase):
    """The headers tell the whole of what a library offers."""

    def test_what_is_declared_is_exported(self):
        for library in ("common", "coop", "preempt"):
            with self.subTest(library=library):
                self.assertEqual(declared(library) - exported(library), set())

    def test_what_is_exported_is_declared(self):
        for library in ("common", "coop", "preempt"):
            with self.subTest(library=library):
                self.assertEqual(exported(library) - declared(library), set())


if __name__ == "__main__":
    BUILD = sys.argv.pop(1)
    unittest.main(verbosity=1)
