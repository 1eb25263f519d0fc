"""Snakemake, with what it imports only when it runs; what it starts are forks, too."""

import os
import sys

import jsonschema  # noqa: F401
import nbformat  # noqa: F401
import pandas  # noqa: F401
import smart_open  # noqa: F401
import snakemake.api
import snakemake.report
import snakemake.utils  # noqa: F401
import snakemake_executor_plugin_slurm  # noqa: F401
import snakemake_executor_plugin_slurm_jobstep  # noqa: F401
import snakemake_logger_plugin_rich  # noqa: F401
from snakemake.cli import main

sys.argv[0] = "snakemake"
sys.executable = os.environ["RSIR_FORKED_PYTHON"]
main()
