#!/usr/bin/env python3
"""Lists the shared libraries that programs need, for jobs/bundle.sh.

    libraries.py --programs FILE... --plugins FILE... [--exclude FOLDER]...

Prints one line per library: SET, the requested name, the path. SET is "mpi" for the libraries of MPI, and for
libraries that only MPI or the files of --plugins need. SET is "base" for all others. Libraries under a FOLDER of
--exclude are left out, and so are libraries that only they need. Exit code 1 if a library is not found.
"""
import argparse
import os
import re
import subprocess
import sys


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def needed(path, cache={}):
    """Returns the names of the libraries that the file at path requests directly."""
    if path not in cache:
        cache[path] = re.findall(r"NEEDED\s+(\S+)", output("objdump", "-p", path))
    return cache[path]


def found_by_loader(path):
    """Returns {name: path} of all libraries that the loader maps for the file at path."""
    text = output("ldd", path)
    for name in re.findall(r"(\S+) => not found", text):
        sys.exit(f"libraries.py: {name}, needed by {path}, is not found")
    found = dict(re.findall(r"^\s*(\S+) => (/\S+)", text, re.M))
    for loader in re.findall(r"^\s*(/\S*ld-linux\S*)", text, re.M):
        found[os.path.basename(loader)] = loader
    return found


def is_mpi(name):
    return re.match(r"lib(mpi(?!_cxx)|open-rte|open-pal|mca_common)", name) is not None


def closure(roots, paths, excluded, stops=lambda name: False):
    """Returns the names of libraries needed by the files in roots, directly or through other libraries.

    Excluded libraries and names for which `stops` is true are left out, with all that only they need.
    """
    names, todo = set(), list(roots)
    while todo:
        for name in needed(todo.pop()):
            if name in names or stops(name) or name not in paths or excluded(paths[name]):
                continue
            names.add(name)
            todo.append(paths[name])
    return names


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", nargs="+", required=True)
    parser.add_argument("--plugins", nargs="+", default=[])
    parser.add_argument("--exclude", action="append", default=[])
    args = parser.parse_args()
    folders = [os.path.realpath(folder) + "/" for folder in args.exclude]

    def excluded(path):
        return any(os.path.realpath(path).startswith(folder) for folder in folders)

    paths = {}
    for root in args.programs + args.plugins:
        for name, path in found_by_loader(root).items():
            paths.setdefault(name, path)
    base = closure(args.programs, paths, excluded, stops=is_mpi)
    everything = closure(args.programs + args.plugins, paths, excluded)
    # Every program needs the loader, but few request it by name.
    base |= {name for name in paths if name.startswith("ld-linux")}
    for name in sorted(everything | base):
        print("base" if name in base else "mpi", name, os.path.realpath(paths[name]))


main()
