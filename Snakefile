# Multi-label retrieval of remote-sensing images with deep features.
#
#   snakemake --cores all                                        the default run
#   snakemake --cores all --configfile config/ucmerced.yaml      the thesis
#   snakemake --cores 4 results/sample/scores/efficientnet_lite0/multi_label-seed0.csv

import os

from snakemake.utils import min_version

min_version("9.19")


DEFAULTS = os.path.relpath(os.path.join(workflow.basedir, "config", "config.yaml"))


configfile: DEFAULTS


# A working folder of its own (--directory) may have a config of its own.
if DEFAULTS != "config/config.yaml" and os.path.exists("config/config.yaml"):

    configfile: "config/config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/origins.smk"
include: "workflow/rules/protocols.smk"
include: "workflow/rules/check.smk"
include: "workflow/rules/targets.smk"
include: "workflow/rules/jobs.smk"
include: "workflow/rules/common.smk"
include: "workflow/rules/sources.smk"
include: "workflow/rules/transfers.smk"
include: "workflow/rules/descriptors.smk"
include: "workflow/rules/results.smk"
include: "workflow/rules/previous.smk"
include: "workflow/rules/console.smk"
include: "workflow/rules/archive.smk"
include: "workflow/rules/duplicates.smk"
include: "workflow/rules/split.smk"
include: "workflow/rules/extract.smk"
include: "workflow/rules/finetune.smk"
include: "workflow/rules/reextract.smk"
include: "workflow/rules/shards.smk"
include: "workflow/rules/ensemble.smk"
include: "workflow/rules/derive.smk"
include: "workflow/rules/cross.smk"
include: "workflow/rules/score.smk"
include: "workflow/rules/indexes.smk"
include: "workflow/rules/published.smk"
include: "workflow/rules/label_transfer.smk"
include: "workflow/rules/compare.smk"
include: "workflow/rules/across.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/gallery.smk"
include: "workflow/rules/audit.smk"
include: "workflow/rules/export.smk"
include: "workflow/rules/query.smk"


rule all:
    default_target: True
    input:
        [
            tables(archive)
            + figures(archive)
            + [f"results/{archive}/gallery/index.html"]
            + audits(archive)
            for archive in config["run"]["archives"]
        ],
        crossed_tables(),
        across_archives(),


if workflow.is_main_process:
    check_targets(targets())
