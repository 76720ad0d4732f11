"""tools/package_catalogue on made-up lists, with every awk that is installed."""
import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "tools/package_catalogue"

PLACEHOLDER = "TO" "DO"  # debtags' value for a tag that nobody filled in

AVAILABLE = f"""\
Package: xboard
Version: 2
Description: X Window System Chess Board
Description-md5: aa
Tag: game::board:chess, implemented-in::c, role::program,
 use::gameplaying, works-with::{PLACEHOLDER}
Section: games
Depends: libc6

Package: abc
Description: says "quoted" and back\\slash
 Long text in the record itself.
 .
 Second\tparagraph.
Section: text

Package: xboard
Version: 1
Description: an older version
"""

TRANSLATIONS = """\
Package: xboard
Description-md5: aa
Description-en: X Window System Chess Board
 A graphical board.
 .
   * for two

Package: xboard
Description-md5: bb
Description-en: an older version
 Not wanted.
"""


class PackageCatalogueTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def run_script(self, *args, stdin=b"", awk=None):
        environment = dict(os.environ)
        if awk:
            bin_folder = self.folder / f"bin-{Path(awk).name}"
            bin_folder.mkdir(exist_ok=True)
            if not (bin_folder / "awk").exists():
                (bin_folder / "awk").symlink_to(awk)
            environment["PATH"] = f"{bin_folder}:{environment['PATH']}"
        return subprocess.run([SCRIPT, *args], input=stdin, capture_output=True, env=environment)

    def write(self, name, text):
        data = text if isinstance(text, bytes) else text.encode()
        (self.folder / name).write_bytes(data)
        return str(self.folder / name)

    def catalogue(self, available, *translations, awk=None):
        files = [self.write("available", available)]
        files += [self.write(f"translation{i}", text) for i, text in enumerate(translations)]
        run = self.run_script(*files, awk=awk)
        self.assertEqual((run.returncode, run.stderr), (0, b""))
        return [json.loads(line) for line in run.stdout.decode().splitlines()]

    def test_a_package_is_one_object_in_order_of_names_with_every_awk(self):
        awks = [path for name in ("mawk", "gawk", "original-awk") if (path := shutil.which(name))]
        self.assertTrue(awks)
        for awk in awks:
            with self.subTest(awk=awk):
                self.assertEqual(self.catalogue(AVAILABLE, TRANSLATIONS, awk=awk), [
                    {"id": 0, "name": "abc", "section": "text", "tags": "",
                     "summary": 'says "quoted" and back\\slash',
                     "text": 'abc says "quoted" and back\\slash. Long text in the record itself. '
                             "Second paragraph."},
                    {"id": 1, "name": "xboard", "section": "games",
                     "tags": "game::board:chess, implemented-in::c, role::program, "
                             f"use::gameplaying, works-with::{PLACEHOLDER}",
                     "summary": "X Window System Chess Board",
                     "text": "xboard X Window System Chess Board. A graphical board. * for two "
                             "board chess, gameplaying"}])

    def test_long_descriptions_are_left_out_where_there_is_no_list(self):
        self.assertEqual(self.catalogue(AVAILABLE)[1]["text"],
                         "xboard X Window System Chess Board. board chess, gameplaying")

    def test_the_first_version_of_a_package_counts(self):
        self.assertEqual([p["name"] for p in self.catalogue(AVAILABLE, TRANSLATIONS)],
                         ["abc", "xboard"])

    def test_odd_bytes_give_valid_json(self):
        odd = b"Package: odd\r\nDescription: caf\xc3\xa9 \xff\x01\x1b[1m \xf0\x9f\x98\x80 \\u0041\n"
        package, = self.catalogue(odd)
        self.assertEqual(package["name"], "odd")
        self.assertEqual(package["summary"], "caf\u00e9 [1m \U0001f600 \\u0041")

    def test_names_sort_by_bytes_in_any_locale(self):
        names = ["b", "B", "a-b", "a+b", "ab", "lib", "0ad"]
        available = "\n".join(f"Package: {name}\nDescription: x\n" for name in names)
        self.assertEqual([p["name"] for p in self.catalogue(available)], sorted(names))

    def test_no_packages_give_no_lines(self):
        self.assertEqual(self.catalogue(""), [])

    def test_records_come_from_standard_input_too(self):
        run = self.run_script("-", stdin=AVAILABLE.encode())
        self.assertEqual(len(run.stdout.splitlines()), 2)

    def test_a_file_that_cannot_be_read_is_named(self):
        run = self.run_script(str(self.folder / "absent"))
        self.assertEqual(run.returncode, 1)
        self.assertIn(b"cannot read", run.stderr)
        self.assertEqual(run.stdout, b"")

    def test_help_tells_the_usage(self):
        run = self.run_script("--help")
        self.assertEqual(run.returncode, 0)
        self.assertIn(b"Usage: tools/package_catalogue", run.stdout)

    @unittest.skipUnless(shutil.which("apt-cache"), "no apt-cache here")
    def test_the_catalogue_of_this_machine_is_one_numbered_object_a_line(self):
        run = self.run_script()
        self.assertEqual(run.returncode, 0, run.stderr)
        packages = [json.loads(line) for line in run.stdout.decode().splitlines()]
        self.assertEqual([p["id"] for p in packages], list(range(len(packages))))
        names = [p["name"].encode() for p in packages]
        self.assertEqual(names, sorted(set(names)))
        for package in packages:
            self.assertTrue(package["text"].startswith(package["name"] + " "))


if __name__ == "__main__":
    unittest.main()
