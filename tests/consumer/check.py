#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check.py BUILD_FOLDER: installs the libraries into a new folder, builds the
examples of the README against them as a stranger would, and runs them."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent.parent
BUILD = ""
OUTPUTS = {"coop": "1\n4\n9\n16\n25\n", "preempt": "1\n2\n3\n4\n5\n"}


def run(*command, **options):
    """A command's output; its errors end the test."""
    result = subprocess.run(command, capture_output=True, text=True,
                            stdin=subprocess.DEVNULL, check=False, **options)
    if result.returncode != 0:
        raise AssertionError(f"{command}: exit status {result.returncode}\n"
                             f"{result.stdout}{result.stderr}")
    return result.stdout


class Consumer(unittest.TestCase):
    """The installed libraries work outside the source tree."""

    @classmethod
    def setUpClass(cls):
        # pylint: disable=consider-using-with
        cls.folder = tempfile.TemporaryDirectory(prefix="schedkit-")
        cls.prefix = Path(cls.folder.name, "prefix")
        run("cmake", "--install", BUILD, "--prefix", str(cls.prefix))
        cls.libraries = next(cls.prefix.rglob("pkgconfig")).parent

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_cmake_finds_builds_and_runs(self):
        build = str(Path(self.folder.name, "build"))
        run("cmake", "-G", "Ninja", "-S", str(FOLDER), "-B", build,
            f"-DCMAKE_PREFIX_PATH={self.prefix}",
            "-DCMAKE_C_FLAGS=-Wall -Wextra -Werror")
        run("cmake", "--build", build)
        for library, output in OUTPUTS.items():
            with self.subTest(library=library):
                self.assertEqual(run(f"{build}/{library}_example"), output)

    def test_pkg_config_finds_builds_and_runs(self):
        path = str(self.libraries / "pkgconfig")
        env = dict(os.environ, PKG_CONFIG_PATH=path)
        for library, output in OUTPUTS.items():
            with self.subTest(library=library):
                flags = run("pkg-config", "--cflags", "--libs",
                            f"schedkit-{library}", env=env).split()
                program = str(Path(self.folder.name, library))
                run("cc", str(FOLDER / f"{library}_example.c"), "-o", program,
                    "-Wall", "-Wextra", "-Werror", *flags,
                    f"-Wl,-rpath,{self.libraries}")
                self.assertEqual(run(program), output)

    def test_pkg_config_tells_the_version(self):
        env = dict(os.environ,
                   PKG_CONFIG_PATH=str(self.libraries / "pkgconfig"))
        versions = {run("pkg-config", "--modversion", f"schedkit-{name}",
                        env=env) for name in ("common", "coop", "preempt")}
        self.assertEqual(len(versions), 1)

    def test_only_libraries_headers_and_a_script_are_installed(self):
        files = [path for path in self.prefix.rglob("*")
                 if path.is_file() and not path.is_symlink()]
        self.assertLessEqual({path.suffix for path in files}, {
            ".h", ".pc", ".cmake", ".so", ".0", ".a", ".py"})
        self.assertEqual([str(path.relative_to(self.prefix))
                          for path in files if path.suffix == ".py"],
                         ["share/schedkit/coop-gdb.py"])
        names = {path.name for path in self.prefix.rglob("*.h")}
        self.assertIn("gen.h", names)
        self.assertNotIn("workload.h", names)


class Readme(unittest.TestCase):
    """What the README shows is what is built and run here."""

    def test_the_readme_quotes_the_examples_as_they_are(self):
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        for library in OUTPUTS:
            with self.subTest(library=library):
                example = (FOLDER / f"{library}_example.c").read_text()
                code = example[example.index("#include"):]
                self.assertTrue(code in readme,
                                f"README.md does not have {library}_example.c")


if __name__ == "__main__":
    BUILD = sys.argv.pop(1)
    unittest.main(verbosity=1)
