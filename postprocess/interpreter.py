"""Import this first: re-executes the script with the system's python3 if a module is missing in the current one."""

import importlib
import os
import sys

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
