#!/usr/bin/env python3
"""Checks that what the documents name is there.

links     Every link of a markdown file to a file of the tree, and to a heading.
commands  In code blocks and `code`: scripts (`tools/x`), presets (`--preset x`), and with
          `--kith PROGRAM` also the program's commands and their options (`kith search --k`).

Run by ctest as `tidy.docs`.  `--root DIR` checks another tree.
"""
import argparse
import json
import re
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

SKIPPED = re.compile(r"^(\.|build|quickstart-data)")
FENCE = re.compile(r"^```.*?^```", re.M | re.S)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]]*\]\(\s*<?([^)\s>]+)")
HEADING = re.compile(r"^#{1,6}\s+(.*)$", re.M)
SCRIPT = re.compile(r"(?<![\w/.-])(?:\./)?((?:tools|bench|\.ci)/[\w./-]*\w)")
PLACEHOLDER = re.compile(r"NAME|NNNN")
PRESET = re.compile(r"--preset[ =](\w+)")
KITH = re.compile(r"(?<![\w.-])(?:build/\w+/bin/)?kith((?:[ \t]+[\w./:=-]+)*)")
OPTION = re.compile(r"(?<=\s)--[a-z][\w-]*")
PLAIN_WORD = re.compile(r"[a-z][a-z-]+$")


def markdown_files(root):
    for path in sorted(root.rglob("*.md")):
        if not SKIPPED.match(str(path.relative_to(root))):
            yield path


def anchors(text):
    """Headings as GitHub turns them into anchors."""
    names = set()
    for heading in HEADING.findall(FENCE.sub("", text)):
        plain = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading.strip().lower())
        names.add(re.sub(r"[^\w\- ]", "", plain).replace(" ", "-"))
    return names


def link_errors(root, path, text):
    for target in LINK.findall(FENCE.sub("", text)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        place = path if not name else (root / name[1:] if name[0] == "/" else path.parent / name)
        if not place.exists():
            yield f"link to {target}: no such file"
        elif anchor and place.suffix == ".md" and anchor not in anchors(place.read_text()):
            yield f"link to {target}: no such heading"


def code_of(text):
    """Code blocks, with continued lines joined, and inline code: one command a line."""
    blocks = [re.sub(r"\\\n\s*", " ", block) for block in FENCE.findall(text)]
    return [line for block in blocks for line in block.splitlines()[1:-1]] + INLINE.findall(
        FENCE.sub("", text))


def tree_errors(root, presets, line):
    for name in SCRIPT.findall(line):
        if not PLACEHOLDER.search(name) and not (root / name).exists():
            yield f"names {name}: no such file"
    for name in PRESET.findall(line):
        if name not in presets:
            yield f"names preset {name}: known are {', '.join(sorted(presets))}"


class Program:
    """The commands and options of a kith program, read from its --help."""

    def __init__(self, path):
        self.path = path
        self.commands = set(re.findall(r"^  ([a-z][\w-]*)\s{2,}", self.help(), re.M))

    @lru_cache(maxsize=None)
    def help(self, *command):
        words = [self.path, *command, "--help"]
        run = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
        return run.stdout

    def options(self, words):
        """The help that names the options of a command, or of an action of one."""
        text = self.help(words[0])
        actions = text.partition("\nSubcommands:\n")[2]
        if len(words) > 1 and re.search(rf"^  {re.escape(words[1])}\s", actions, re.M):
            text += self.help(words[0], words[1])
        return text + self.help()

    def errors(self, line):
        if re.match(r"\s*(#|kith [\d(])", line):
            return
        for words in KITH.findall(line):
            command = words.split()[0] if words.split() else ""
            if not PLAIN_WORD.match(command):
                continue
            if command not in self.commands:
                yield f"names kith {command}: known are {', '.join(sorted(self.commands))}"
                continue
            rest = line[line.index(f"kith {command}"):].split("|")[0].split(" #")[0]
            for option in OPTION.findall(rest):
                if not re.search(rf"{option}(?![\w-])", self.options(words.split()[:2])):
                    yield f"names kith {command} {option}: not in its --help"


def errors_of(root, program=None):
    file = root / "CMakePresets.json"
    presets = {row["name"] for row in json.loads(file.read_text())["configurePresets"]
               if not row.get("hidden")} if file.exists() else set()
    errors = []
    for path in markdown_files(root):
        text = path.read_text()
        found = list(link_errors(root, path, text))
        for line in code_of(text):
            found += tree_errors(root, presets, line)
            if program:
                found += program.errors(line)
        errors += [f"{path.relative_to(root)}: {error}" for error in found]
    return errors


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", default=Path(__file__).resolve().parent.parent, type=Path)
    parser.add_argument("--kith", help="a built program: check its commands and options too")
    args = parser.parse_args()
    errors = errors_of(args.root, Program(args.kith) if args.kith else None)
    count = len(list(markdown_files(args.root)))
    print("\n".join(errors) or f"{count} documents: every link and command is there")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
