"""Snakemake, with what it imports only when it reads a configuration."""

import sys

import jsonschema  # noqa: F401
import pandas  # noqa: F401
import snakemake.utils  # noqa: F401
from snakemake.cli import main

sys.argv[0] = "snakemake"
main()
