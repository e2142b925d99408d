#!/usr/bin/env python3
"""Checks every document (*.md): length, links, and the commands, decks and Python in its code blocks.

    check_documents.py [JPO]

Commands are not run. Each file that they name must exist, each option must be in the source of its script or in the help of its verb, and a deck
with its --set must pass `jpo check`. With JPO, the path of the program, verbs, options and decks are checked too.
Prints one line for each fault, and returns 1 if there is one.
"""

import functools
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIMITS = {"README.md": (120, 120)}  # lines, characters of a line
OTHERS = (200, 160)
PROGRAM = re.compile(r"(^|/)jpo$")
OURS = re.compile(r"^(jobs|inputs|postprocess|tests|src)/")
CHECKED_VERBS = {"run", "study", "check", "verify", "doctor"}


def anchors(text):
    """Returns the anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ +(.*)$", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def blocks(text):
    """Yields (language, first line number, content) of each code block."""
    for match in re.finditer(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield match.group(1), text.count("\n", 0, match.start()) + 2, match.group(2)


@functools.cache
def output_of(*command):
    """Returns what a command prints; "" if it cannot be started."""
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    except OSError:
        return ""
    return done.stdout + done.stderr


def options_of(words):
    return [word.split("=")[0] for word in words if re.match(r"^--\w", word)]


class Checker:
    """Collects the faults of all documents."""

    def __init__(self, program):
        self.program = program
        self.n_command = self.n_deck = 0
        self.faults = []

    def fault(self, path, line, text):
        self.faults.append(f"{path}:{line}: {text}")

    def check(self, path):
        text = (ROOT / path).read_text()
        n_line, n_character = LIMITS.get(str(path), OTHERS)
        lines = text.splitlines()
        if len(lines) > n_line:
            self.fault(path, n_line, f"{len(lines)} lines, more than {n_line}")
        for number, line in enumerate(lines, start=1):
            if len(line) > n_character and not (line.startswith("|") and str(path) not in LIMITS):
                self.fault(path, number, f"{len(line)} characters, more than {n_character}")
        self.check_links(path, text)
        decks = {}
        for language, line, content in blocks(text):
            if language == "toml":
                self.check_toml(path, line, content, decks, text)
            elif language == "python":
                try:
                    compile(content, str(path), "exec")
                except SyntaxError as error:
                    self.fault(path, line, f"Python: {error}")
            elif language == "sh":
                self.check_commands(path, line, content, decks)

    def check_links(self, path, text):
        plain = re.sub(r"^```.*?^```", lambda match: "\n" * match.group(0).count("\n"), text, flags=re.MULTILINE | re.DOTALL)
        for match in re.finditer(r"\]\(([^)\s]+)\)", plain):
            target, _, anchor = match.group(1).partition("#")
            if re.match(r"https?:", target):
                continue
            line = plain.count("\n", 0, match.start()) + 1
            file = (ROOT / path).parent / target if target else ROOT / path
            if not file.exists():
                self.fault(path, line, f"no file {target}")
            elif anchor and anchor not in anchors(file.read_text()):
                self.fault(path, line, f"no heading #{anchor} in {file.relative_to(ROOT)}")

    def check_toml(self, path, line, content, decks, text):
        """A block after the words "as `NAME.toml`" is a whole deck, which later commands may name."""
        try:
            tomllib.loads(content)
        except tomllib.TOMLDecodeError as error:
            self.fault(path, line, f"TOML: {error}")
        before = "\n".join(text.splitlines()[: line - 2][-3:])
        name = re.search(r"as `([\w.]+\.toml)`", before)
        if name:
            decks[name.group(1)] = content

    def check_commands(self, path, line, content, decks):
        # A backslash continues a line; $(...) of the shell is read as its words.
        joined = content.replace("\\\n", "  ")
        for offset, command in enumerate(joined.splitlines()):
            try:
                words = shlex.split(command.replace("$(", " ").replace(")", " ") if "$(" in command else command, comments=True)
            except ValueError:
                continue  # a line of a longer quotation
            self.n_command += bool(words)
            self.check_words(path, line + offset, words, decks)

    def check_words(self, path, line, words, decks):
        # sbatch --wrap has a command in quotes.
        words = [part.rstrip(";") for word in words for part in (word.split() if OURS.match(word) else [word])]
        for word in words:
            if OURS.match(word) and not re.search(r"[$*]", word) and not (ROOT / word).exists():
                self.fault(path, line, f"no file {word}")
        for at, word in enumerate(words):
            if PROGRAM.search(word):
                self.check_program(path, line, words[at + 1:], decks)
                return
            if OURS.match(word) and word.endswith((".sh", ".py")):
                source = (ROOT / word).read_text() if (ROOT / word).exists() else ""
                for option in options_of(words[at + 1:]):
                    if option not in source and '"$@"' not in source and '"${@' not in source:
                        self.fault(path, line, f"{word} has no option {option}")
                return
            if word.endswith(".sbatch"):
                self.check_program(path, line, ["run", *words[at + 1:]], decks)
                return

    def check_program(self, path, line, words, decks):
        if not self.program or not words or words[0].startswith("-") or words[0].startswith("$"):
            return
        verb, words = words[0], words[1:]
        help_text = output_of(self.program, verb, "--help")
        if not re.search(rf"^ +{re.escape(verb)}\b", output_of(self.program, "--help"), re.MULTILINE):
            self.fault(path, line, f"jpo has no verb {verb}")
            return
        for option in options_of(words):
            if option not in help_text:
                self.fault(path, line, f"jpo {verb} has no option {option}")
        deck = next((word for word in words if word.endswith(".toml")), None)
        if verb in CHECKED_VERBS and deck:
            self.check_deck(path, line, deck, words, decks)

    def check_deck(self, path, line, deck, words, decks):
        sets = [part for at, word in enumerate(words) if word == "--set" for part in ("--set", words[at + 1])]
        with tempfile.TemporaryDirectory() as folder:
            if deck in decks:
                file = pathlib.Path(folder) / deck
                file.write_text(decks[deck])
            elif (ROOT / deck).exists():
                file = ROOT / deck
            else:
                self.fault(path, line, f"no deck {deck}")
                return
            if any(part.startswith(("data.file", "data.source", "parallel.device")) for part in sets):
                return  # needs a file (the test of own data runs that command) or a device
            self.n_deck += 1
            done = subprocess.run([self.program, "check", str(file), *sets], cwd=ROOT, capture_output=True, text=True, check=False)
            if done.returncode:
                self.fault(path, line, f"jpo check: {(done.stderr or done.stdout).strip().splitlines()[-1]}")


def main():
    program = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else None
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.md"], cwd=ROOT, check=False,
                            capture_output=True, text=True).stdout.split()
    # Outside of a git checkout: all files.
    files = listed or [str(path.relative_to(ROOT)) for path in ROOT.rglob("*.md")]
    checker = Checker(program)
    for file in sorted(files):
        if (ROOT / file).is_file():
            checker.check(pathlib.Path(file))
    print(*checker.faults, sep="\n")
    print(f"{len(files)} documents, {checker.n_command} commands, {checker.n_deck} decks: {len(checker.faults)} faults")
    return 1 if checker.faults or not checker.n_command else 0


if __name__ == "__main__":
    sys.exit(main())
