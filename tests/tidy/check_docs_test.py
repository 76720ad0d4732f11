"""Small made-up documents, each with one fault that tools/check_docs.py must name."""
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import check_docs  # noqa: E402  (found through the line above)

KITH = """#!/bin/sh
if [ "$1" = search ]; then echo "  --queries FILE   what to look for"; exit 0; fi
if [ "$1 $2" = "keep list" ]; then echo "  --data DIR   where"; exit 0; fi
if [ "$1" = keep ]; then printf '%s\n' Options: "" Subcommands: "  list   shows"; exit 0; fi
echo "Usage: kith COMMAND"
echo "  build    makes an index"
echo "  search   asks it"
echo "  keep     has actions"
"""
SOUND = {
    "README.md": "# kith\nSee [notes](docs/notes.md#on-disk-bytes) and [the web](https://a.b/c).\n"
                 "```\ntools/test --quick\ncmake --preset dev\nkith search --queries q.npy | head\n"
                 "```\n",
    "docs/notes.md": "# Notes\n## On disk: `bytes`\n[up](../README.md) [here](#notes)\n",
    "tools/test": "",
    "CMakePresets.json": '{"configurePresets": [{"name": "base", "hidden": true}, {"name": "dev"}]}',
    "program": KITH,
}


def errors_with(files):
    """Errors of the sound documents with some files added or changed."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in {**SOUND, **files}.items():
            file = Path(root, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        Path(root, "program").chmod(0o755)
        return check_docs.errors_of(Path(root), check_docs.Program(f"{root}/program"))


class CheckDocsTest(unittest.TestCase):
    def expect_one(self, text, part):
        errors = errors_with({"docs/more.md": text})
        self.assertEqual(len(errors), 1, errors)
        self.assertIn("docs/more.md: " + part, errors[0])

    def test_sound_documents_have_no_errors(self):
        self.assertEqual(errors_with({}), [])

    def test_a_link_to_a_missing_file_is_an_error(self):
        self.expect_one("[x](gone.md)", "link to gone.md: no such file")

    def test_a_link_to_a_missing_heading_is_an_error(self):
        self.expect_one("[x](notes.md#gone)", "link to notes.md#gone: no such heading")

    def test_a_missing_script_in_a_code_block_is_an_error(self):
        self.expect_one("```\n./tools/gone --now\n```", "names tools/gone: no such file")

    def test_a_missing_script_in_inline_code_is_an_error(self):
        self.expect_one("Run `tools/gone`.", "names tools/gone: no such file")

    def test_placeholders_are_no_scripts(self):
        self.assertEqual(errors_with({"docs/more.md": "`tools/NAME_command.cc`"}), [])

    def test_prose_and_longer_paths_are_no_scripts(self):
        self.assertEqual(errors_with({"docs/more.md": "tools/gone and `/usr/tools/gone`"}), [])

    def test_a_missing_preset_is_an_error(self):
        self.expect_one("`cmake --workflow --preset base`", "names preset base: known are dev")

    def test_a_missing_program_command_is_an_error(self):
        self.expect_one("`build/dev/bin/kith fly`", "names kith fly: known are build, keep, search")

    def test_a_missing_option_of_a_command_is_an_error(self):
        self.expect_one("```\nkith search \\\n  --query q.npy\n```", "names kith search --query: not")

    def test_options_of_an_action_are_in_its_own_help(self):
        self.assertEqual(errors_with({"docs/more.md": "`kith keep list --data x`"}), [])
        self.expect_one("`kith keep list --date x`", "names kith keep --date: not in its --help")
        self.expect_one("`kith keep --data x`", "names kith keep --data: not in its --help")

    def test_options_after_a_pipe_belong_to_another_program(self):
        self.assertEqual(errors_with({"docs/more.md": "`kith search | grep --count x`"}), [])

    def test_build_folders_are_left_out(self):
        self.assertEqual(errors_with({"build/dev/x.md": "[x](gone.md)"}), [])


if __name__ == "__main__":
    unittest.main()
