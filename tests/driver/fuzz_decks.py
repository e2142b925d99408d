#!/usr/bin/env python3
"""Tests with mutated decks that each is accepted, or refused with one message.

    fuzz_decks.py READER N SEED [--jpo JPO] [--each EACH] [--keep DIR]

READER (read_decks) checks N mutated decks of inputs/ and tests/decks in one process. JPO is run with every EACH-th
deck; if it refuses the deck, it must leave no files. The test fails on a crash, a hang, another error, an empty
message, or a message of several lines. --keep: folder for copies of the decks that failed.
"""

from __future__ import annotations

import argparse
import collections
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]

HANGS = 300  # seconds; much longer than a normal run, because the machine may be busy

VALUES = [
    "0", "-1", "1", "2", "3", "7", "64", "65537", "2147483647", "2147483648", "-2147483649", "4294967296",
    "9223372036854775807", "-9223372036854775808", "9223372036854775808", "1e308", "-1e308", "1e-320", "1e400",
    "0.0", "-0.0", "0.5", "1.5", "nan", "-nan", "inf", "-inf", "true", "false", '""', '"x"', '"auto"', '"/"',
    '"/dev/null"', '"../.."', '"a\\u0000b"', '"\\U0001F600"', "''", "'''a\nb'''", "[]", "[0]", "[1, 2, 3]",
    "[-1]", "[1e9]", '["a"]', "[[1]]", "[1, \"a\"]", "{}", "{a = 1}", "1979-05-27", "07:32:00", "0x10", "0b1",
    "1_000", "[" * 300 + "]" * 300, '"' + "x" * 10000 + '"', "[" + "1," * 5000 + "]",
]
INTEGERS = [
    "0", "1", "2", "3", "4", "5", "7", "8", "16", "31", "32", "64", "100", "1000", "4096", "65536", "1000000",
    "100000000", "2147483647", "4294967296", "9007199254740993", "9223372036854775807", "-1",
]
FLOATS = ["0.0", "1e-300", "1e-9", "0.01", "0.3", "0.5", "1.0", "2.5", "10.0", "25.0", "1e3", "1e6", "1e12", "1e300", "-1.0"]
KEYS = [
    "seed", "name", "kind", "output", "n_problem", "noise", "seeds", "sizes", "variants", "only", "base", "methods", "hidden", "channels",
    "kernel", "stride", "micro_batch", "solve_batch", "updates", "learning_rate", "from", "budget_of", "starts",
    "candidates", "random_draws", "simulations", "concurrent_solves", "window", "stages", "horizon", "grid", "file", "source",
    "directory", "every_seconds", "keep", "resume", "walltime_s", "problems", "max_evaluations", "rest",
    "inverse_crime", "residual_scale", "prior_weight", "precision", "reduction", "networks", "result", "network",
]
NAMES = [
    "run", "data", "misfit", "model", "network", "parallel", "checkpoint", "fault", "study", "petsc", "method",
    "wave_packet", "billiards", "kuramoto_sivashinsky", "navier_stokes", "darcy", "diffusion", "mlp", "cnn",
    "cnn2d", "unet", "transformer", "bank", "joint", "tao", "refine", "multi_start", "supervised", "windows",
    "predict", "levenberg_marquardt", "file", "generated",
]


def load_decks() -> list[str]:
    good = [path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("inputs/**/*.toml"))]
    bad = [path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("tests/decks/**/*.toml"))]
    return 4 * good + bad


def key_lines(lines: list[str]) -> list[int]:
    return [k for k, line in enumerate(lines) if re.match(r"\s*[\w\"']+\s*=", line)]


def value_of_same_type(value: str, draw: random.Random) -> str:
    """Returns another value of the same TOML type."""
    value = value.split("#", 1)[0].strip()
    if value.startswith("["):
        return "[" + ", ".join(draw.choice(INTEGERS) for _ in range(draw.randrange(5))) + "]"
    if value in ("true", "false"):
        return draw.choice(["true", "false"])
    if value.startswith('"'):
        return f'"{draw.choice(NAMES)}"'
    if re.fullmatch(r"-?\d+", value):
        return draw.choice(INTEGERS)
    return draw.choice(FLOATS)


def mutate_value(lines: list[str], decks: list[str], draw: random.Random) -> list[str]:
    """Changes the value of one key, or replaces the line by that of another deck. The deck stays valid TOML."""
    keys = key_lines(lines)
    if not keys:
        return lines
    k = draw.choice(keys)
    key, value = lines[k].split("=", 1)
    if draw.random() < 0.6:
        lines[k] = f"{key}= {value_of_same_type(value, draw)}"
        return lines
    others = [line for line in draw.choice(decks).splitlines() if line.split("=", 1)[0].strip() == key.strip()]
    if others:
        lines[k] = draw.choice(others)
    return lines


def mutate_once(lines: list[str], decks: list[str], draw: random.Random) -> list[str]:
    change = draw.randrange(13)
    keys = key_lines(lines)
    at = draw.randrange(len(lines) + 1)
    if change <= 3 and keys:  # another value
        k = draw.choice(keys)
        lines[k] = lines[k].split("=", 1)[0] + "= " + draw.choice(VALUES)
    elif change == 4 and keys:  # a name as value
        k = draw.choice(keys)
        lines[k] = lines[k].split("=", 1)[0] + f'= "{draw.choice(NAMES)}"'
    elif change == 5:  # an additional key
        lines.insert(at, f"{draw.choice(KEYS)} = {draw.choice(VALUES)}")
    elif change == 6 and keys:  # another character in a line
        k = draw.choice(keys)
        position = draw.randrange(len(lines[k]))
        lines[k] = lines[k][:position] + chr(draw.randrange(32, 127)) + lines[k][position + 1:]
    elif change == 7 and lines:  # a deleted line
        del lines[min(at, len(lines) - 1)]
    elif change == 8 and lines:  # a repeated line
        lines.insert(at, draw.choice(lines))
    elif change == 9:  # an additional section
        name = draw.choice(NAMES)
        lines.insert(at, draw.choice([f"[{name}]", f"[[{name}]]", f"[{name}.{name}]", f"[method.{name}]",
                                           f"[study.variants.{name}]"]))
    elif change == 10:  # lines of another deck
        other = draw.choice(decks).splitlines()
        first = draw.randrange(len(other))
        lines[at:at] = other[first:first + draw.randrange(1, 12)]
    elif change == 11:  # a missing end
        del lines[at:]
    else:  # control and unusual characters
        lines.insert(at, "".join(chr(draw.choice([0, 1, 9, 127, 128, 255, 0x2028, 0xFEFF])) for _ in range(5)))
    return lines


def make_deck(decks: list[str], draw: random.Random) -> bytes:
    lines = draw.choice(decks).splitlines()
    mutate = mutate_value if draw.random() < 0.5 else mutate_once
    for _ in range(draw.choice([1, 1, 1, 2, 2, 3, 5, 10])):
        lines = mutate(lines, decks, draw)
    text = "\n".join(lines) + "\n"
    data = text.encode("utf-8", errors="replace")
    if draw.random() < 0.05:  # not UTF-8
        position = draw.randrange(len(data))
        data = data[:position] + bytes([draw.randrange(128, 256)]) + data[position + 1:]
    return data


def put_bases(folder: str) -> set[str]:
    """Copies the shipped decks, because some decks have one as their base. Returns their names."""
    names = set()
    for path in sorted(ROOT.glob("inputs/**/*.toml"), key=lambda path: -len(path.parts)):
        shutil.copy(path, folder)
        names.add(path.name)
    return names


class Reader:
    """The process that reads decks. It is started again after it has died."""

    def __init__(self, path: str, folder: str) -> None:
        self.path, self.folder = path, folder
        self.process: subprocess.Popen[bytes] | None = None

    def read(self, deck: bytes) -> str:
        if self.process is None:
            self.process = subprocess.Popen([self.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=open(os.path.join(self.folder, "stderr"), "wb"), cwd=self.folder)
        process = self.process
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(f"{len(deck)}\n".encode() + deck)
            process.stdin.flush()
        except BrokenPipeError:
            pass
        line = process.stdout.readline().decode(errors="replace").rstrip("\n")
        if line:
            return line
        code = process.wait()
        self.process = None
        errors = pathlib.Path(self.folder, "stderr").read_text(errors="replace")[-3000:]
        return f"WRONG: died: exit {code} ({'hangs' if code == -14 else 'crash'}): {errors}"


def wrong_with(answer: str) -> str:
    """Returns the error of an answer, or an empty string if the answer is correct."""
    if answer == "good":
        return ""
    if not answer.startswith(("refused: ", "study: ")):
        return answer
    if "\x1e" in answer:
        return "a message of several lines: " + answer.replace("\x1e", "\\n")
    if not answer.split(": ", 1)[1].strip():
        return "an empty message"
    return ""


def run_program(jpo: str, deck: bytes, answer: str, folder: str) -> str:
    """Runs `jpo run` if the reader refused the deck, otherwise `jpo check`. Returns the error, or an empty string."""
    here = tempfile.mkdtemp(dir=folder)
    bases = put_bases(here)
    with open(os.path.join(here, "deck.toml"), "wb") as file:
        file.write(deck)
    verb = "run" if answer.startswith("refused: ") else "check"
    try:
        done = subprocess.run([jpo, verb, "deck.toml"], cwd=here, capture_output=True, timeout=HANGS, check=False)
    except subprocess.TimeoutExpired:
        return f"jpo {verb} hangs"
    expected = 0 if answer == "good" else 2
    left = sorted(set(os.listdir(here)) - {"deck.toml"} - bases)
    message = done.stderr.decode(errors="replace")
    if done.returncode != expected:
        return f"jpo {verb}: exit {done.returncode}, expected {expected}: {message}"
    if expected == 2 and message.count("\n") != 1:
        return f"jpo {verb}: not one message: {message}"
    if left:
        return f"jpo {verb} leaves {left}"
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reader")
    parser.add_argument("n", type=int)
    parser.add_argument("seed", type=int)
    parser.add_argument("--jpo")
    parser.add_argument("--each", type=int, default=250)
    parser.add_argument("--keep")
    arguments = parser.parse_args()
    draw = random.Random(arguments.seed)
    decks = load_decks()
    counts: collections.Counter[str] = collections.Counter()
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        put_bases(folder)
        reader = Reader(os.path.abspath(arguments.reader), folder)
        for k in range(arguments.n):
            deck = make_deck(decks, draw)
            answer = reader.read(deck)
            counts["good" if answer == "good" else "refused"] += 1
            wrong = wrong_with(answer)
            if not wrong and arguments.jpo and k % arguments.each == 0:
                wrong = run_program(os.path.abspath(arguments.jpo), deck, answer, folder)
                counts["program"] += 1
            if wrong:
                failures += 1
                print(f"case {k} of seed {arguments.seed}: {wrong[:1000]}")
                if arguments.keep:
                    os.makedirs(arguments.keep, exist_ok=True)
                    pathlib.Path(arguments.keep, f"{arguments.seed}_{k}.toml").write_bytes(deck)
    print(f"{arguments.n} decks: {counts['good']} good, {counts['refused']} refused, {counts['program']} also by "
          f"the program, {failures} wrong")
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
