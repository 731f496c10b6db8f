"""``python -m ena.standin``: the stand-in without Django."""

import sys

from ena.standin.starting import main

if __name__ == "__main__":
    main("python -m ena.standin", sys.argv[1:])
