"""Imported first: goes on in the system's python3 where the first one on PATH lacks h5py."""

import os
import sys

SYSTEM = "/usr/bin/python3"

try:
    import h5py  # noqa: F401
    import matplotlib  # noqa: F401
except ImportError:
    if os.path.realpath(sys.executable) != os.path.realpath(SYSTEM):
        os.execv(SYSTEM, [SYSTEM, *sys.argv])
    sys.exit(f"{os.path.basename(sys.argv[0])} needs h5py and matplotlib: "
             "apt-get install python3-h5py python3-matplotlib")
