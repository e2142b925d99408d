"""Import this first: re-executes the script with the system's python3 if a module is missing in the current one."""

import importlib
import os
import sys
from collections.abc import Callable

SYSTEM = "/usr/bin/python3"


def _missing() -> list[str]:
    missing = []
    for module in ("h5py", "numpy", "matplotlib", "pandas"):
        try:
            importlib.import_module(module)
        except ImportError:
            missing.append(module)
    return missing


if modules := _missing():
    if os.path.exists(SYSTEM) and os.path.realpath(sys.executable) != os.path.realpath(SYSTEM):
        os.execv(SYSTEM, [SYSTEM, *sys.argv])
    sys.exit(f"{os.path.basename(sys.argv[0])} needs {', '.join(modules)}: "
             f"apt-get install {' '.join('python3-' + module for module in modules)}")


def run(main: Callable[[], int]) -> int:
    """Call `main` and return its exit code; 141, as from the shell, if the reader of the output is gone (`| head`)."""
    try:
        code = main()
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # The interpreter flushes the output again when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
