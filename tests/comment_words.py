#!/usr/bin/env python3
"""Prints how often some words occur per 1000 words of comments, for each folder. For information only.

Comments of C++ sources and headers, docstrings and comments of Python, comments of scripts, of CMake and of decks, and
documents (*.md, without code blocks) are counted. --list WORD prints the lines with that word.
"""

import argparse
import ast
import collections
import io
import pathlib
import re
import subprocess
import tokenize

WATCHED = ("where", "if", "when", "what", "who", "returns")
CXX = {".cpp", ".hpp", ".cu", ".h"}
HASH = {".sh", ".sbatch", ".toml", ".cmake", ".txt", ""}
CXX_TOKEN = re.compile(r'R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'|(//[^\n]*|/\*.*?\*/)', re.DOTALL)
HASH_COMMENT = re.compile(r"(?:^|\s)#(?!!)(.*)$")


def cxx_comments(text):
    """Yields (line number, comment) of a C++ source; literals are skipped."""
    for match in CXX_TOKEN.finditer(text):
        if match.group(2):
            first = text.count("\n", 0, match.start()) + 1
            for offset, line in enumerate(match.group(2).splitlines()):
                yield first + offset, line


def python_comments(text):
    """Yields (line number, comment) of a Python source, docstrings included."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and not token.string.startswith("#!"):
            yield token.start[0], token.string
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node):
            for offset, line in enumerate(node.body[0].value.value.splitlines()):
                yield node.body[0].lineno + offset, line


def hash_comments(text):
    """Yields (line number, comment) of a script, a deck or a CMake file."""
    for number, line in enumerate(text.splitlines(), start=1):
        match = HASH_COMMENT.search(line)
        if match:
            yield number, match.group(1)


def prose(text):
    """Yields (line number, line) of a document, without its code blocks and code words."""
    code = False
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith("```"):
            code = not code
        elif not code:
            yield number, re.sub(r"`[^`]*`|\]\([^)]*\)", " ", line)


def comments(path):
    """Returns the (line number, comment) pairs of a file, an empty list for other kinds of files."""
    text = path.read_text(errors="replace")
    if path.suffix in CXX:
        return list(cxx_comments(text))
    if path.suffix == ".py":
        return list(python_comments(text))
    if path.suffix == ".md":
        return list(prose(text))
    return list(hash_comments(text)) if path.suffix in HASH else []


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", default=["."], help="files or folders under version control; default: all")
    parser.add_argument("--list", metavar="WORD", help="print each comment line that has this word")
    arguments = parser.parse_args()
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "--", *arguments.paths],
                           check=True, capture_output=True, text=True).stdout.split()
    totals, watched = collections.Counter(), collections.defaultdict(collections.Counter)
    for file in map(pathlib.Path, files):
        if not file.is_file() or file.name in ("LICENSE", ".gitignore"):
            continue
        folder = "/".join(file.parts[:2]) if file.parts[0] == "src" else file.parts[0]
        for number, line in comments(file):
            words = re.findall(r"[a-z']+", line.lower())
            for group in (folder, "all"):
                totals[group] += len(words)
                watched[group].update(word for word in words if word in WATCHED)
            if arguments.list and arguments.list.lower() in words:
                print(f"{file}:{number}: {line.strip()}")
    if arguments.list:
        return
    print(f"{'':<20}{'words':>8}" + "".join(f"{word:>9}" for word in WATCHED) + "   per 1000 words of comments")
    for group in sorted(totals, key=lambda name: (name == "all", name)):
        rates = "".join(f"{1000 * watched[group][word] / max(1, totals[group]):>9.1f}" for word in WATCHED)
        print(f"{group:<20}{totals[group]:>8}{rates}")


if __name__ == "__main__":
    main()
