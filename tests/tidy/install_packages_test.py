"""tools/install-packages against a made-up dpkg, apt-get, sudo, id and sleep."""
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "tools/install-packages"
# The machine is a folder: `installed` lists its packages, `calls` what was asked of apt-get.
PROGRAMS = {
    "dpkg-query": 'for p in "$@"; do grep -qx -- "$p" $MACHINE/installed && echo "$p installed"; done\n'
                  "exit 1",
    "apt-get": """echo "$@" >>$MACHINE/calls
if [ -e $MACHINE/locked ]; then echo "E: Could not get lock /var/lib/dpkg/lock. It is held"; exit 100; fi
if [ -e $MACHINE/offline ]; then echo "E: Failed to fetch the mirror"; exit 100; fi
case " $* " in *" install "*) for p in "$@"; do echo "$p" >>$MACHINE/installed; done ;; esac""",
    "apt-cache": "cat $MACHINE/available",
    "id": "cat $MACHINE/uid",
    "sudo": '[ "$1" = -n ] && { [ -e $MACHINE/sudoer ]; exit; }\n[ -e $MACHINE/sudoer ] && exec "$@"',
    "sleep": 'echo "$@" >>$MACHINE/sleeps; rm -f $MACHINE/locked',
}


class InstallPackagesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.machine = Path(folder.name)
        for name, body in PROGRAMS.items():
            program = self.machine / "bin" / name
            program.parent.mkdir(exist_ok=True)
            program.write_text(f"#!/bin/sh\n{body}\n")
            program.chmod(0o755)
        self.set("uid", "0\n")
        self.set("installed", "")
        self.set("available", "Package: a\n" * 10000)

    def set(self, name, text=""):
        (self.machine / name).write_text(text)

    def lines(self, name):
        path = self.machine / name
        return path.read_text().splitlines() if path.exists() else []

    def run_script(self, *arguments):
        environment = {"PATH": f"{self.machine}/bin:{os.environ['PATH']}",
                       "MACHINE": str(self.machine)}
        return subprocess.run([SCRIPT, *arguments], env=environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60, check=False)

    def packages(self, purpose):
        return self.run_script("--list", purpose).stdout.split()

    def test_nothing_missing_is_silent_and_never_calls_apt(self):
        self.set("installed", "\n".join(self.packages("test")))
        run = self.run_script("test")
        self.assertEqual((run.returncode, run.stdout, run.stderr), (0, "", ""))
        self.assertEqual(self.lines("calls"), [])

    def test_only_what_is_missing_is_installed_after_one_update(self):
        packages = self.packages("build")
        self.set("installed", "\n".join(set(packages) - {"ccache", "cmake"}) + "\n")
        run = self.run_script("build")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("installing 2 packages: ccache cmake", run.stderr)
        update, install = self.lines("calls")
        self.assertTrue(update.endswith(" update"), update)
        self.assertTrue(install.endswith(" install --no-install-recommends ccache cmake"), install)

    def test_a_second_run_does_nothing(self):
        self.assertEqual(self.run_script("bench").returncode, 0)
        calls = self.lines("calls")
        self.assertEqual(self.run_script("bench").stderr, "")
        self.assertEqual(self.lines("calls"), calls)

    def test_purposes_contain_what_they_stand_on(self):
        build, test, bench = (set(self.packages(name)) for name in ("build", "test", "bench"))
        self.assertLess(build, test)
        self.assertLess(build, bench)
        self.assertIn("g++", build)
        self.assertIn("libgtest-dev", test - build)
        self.assertIn("libbenchmark-dev", bench - test)

    def test_without_rights_it_names_the_command_and_fails(self):
        self.set("uid", "1000\n")
        run = self.run_script("build")
        self.assertEqual(run.returncode, 1)
        self.assertIn("there is neither root nor sudo", run.stderr)
        self.assertIn("apt-get update && apt-get install ccache cmake", run.stderr)
        self.assertEqual(self.lines("calls"), [])

    def test_without_rights_nothing_missing_is_fine(self):
        self.set("uid", "1000\n")
        self.set("installed", "\n".join(self.packages("build")))
        self.assertEqual(self.run_script("build").returncode, 0)

    def test_sudo_is_used_where_it_asks_for_no_password(self):
        self.set("uid", "1000\n")
        self.set("sudoer")
        self.assertEqual(self.run_script("build").returncode, 0)
        self.assertEqual(len(self.lines("calls")), 2)

    def test_it_waits_for_another_package_manager(self):
        self.set("locked")
        run = self.run_script("build")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(self.lines("sleeps"), ["5"])
        self.assertEqual(run.stderr.count("waiting for it"), 1)

    def test_package_lists_are_fetched_only_where_apt_has_none(self):
        self.set("installed", "\n".join(self.packages("build")))
        self.assertEqual(self.run_script("--catalogue", "build").returncode, 0)
        self.assertEqual(self.lines("calls"), [])
        self.set("available", "Package: a\n" * 9999)
        self.assertEqual(self.run_script("--catalogue", "build").returncode, 0)
        self.assertEqual([line.split()[-1] for line in self.lines("calls")], ["update"])

    def test_a_failure_of_apt_is_shown_and_fails(self):
        self.set("offline")
        run = self.run_script("build")
        self.assertEqual(run.returncode, 1)
        self.assertIn("Failed to fetch the mirror", run.stderr)

    def test_an_unknown_purpose_is_wrong_usage(self):
        run = self.run_script("everything")
        self.assertEqual(run.returncode, 2)
        self.assertIn("found 'everything'", run.stderr)


if __name__ == "__main__":
    unittest.main()
