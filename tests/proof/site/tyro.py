"""A stand-in: options of the fields of a class, as tyro makes them."""

import argparse


def cli(kind):
    parser = argparse.ArgumentParser()
    for name, given in vars(kind()).items():
        parser.add_argument(f"--{name}", default=given, type=type(given))
    return kind(**vars(parser.parse_args()))
