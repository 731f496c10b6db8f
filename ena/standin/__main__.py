"""``python -m ena.standin``: the stand-in without Django."""

import argparse

from ena.standin.starting import add_options, serve

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m ena.standin", description="A stand-in ENA on loopback.")
    add_options(parser)
    serve(**vars(parser.parse_args()))
