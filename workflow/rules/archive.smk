# The archive: one row per image.
#
# needs  nothing (synthetic), or a folder and its label files, if any, which the network may provide
#        workflow/archives/{kind}.yaml of a named archive
# makes  results/{archive}/archive.csv, attributes.csv, pixels.json


rule synthetic:
    output:
        directory("results/{archive}/tiles"),
    log:
        "logs/{archive}/synthetic.log",
    wildcard_constraints:
        archive=names(archives_of("synthetic")),
    conda:
        "../../envs/tables.yaml"
    threads: 4
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        code=code("synthetic.py"),
        images_per_scene=lambda w: config["archives"][w.archive]["images_per_scene"],
        seed=lambda w: config["archives"][w.archive]["seed"],
    script:
        "../scripts/synthetic.py"


# Only the receipt is an output: the folder is the user's, and Snakemake deletes outputs.
rule download:
    input:
        facts=facts_file,
    output:
        "results/{archive}/download.csv",
    log:
        "logs/{archive}/download.log",
    wildcard_constraints:
        archive=names(name for name, one in config["archives"].items() if one.get("download")),
    localrule: True
    conda:
        "../../envs/tables.yaml"
    params:
        code=code("download.py"),
        root=archive_root,
        settings=lambda w: config["archives"][w.archive],
    script:
        "../scripts/download.py"


rule archive:
    input:
        source=archive_source,
        facts=facts_file,
    output:
        archive="results/{archive}/archive.csv",
        attributes="results/{archive}/attributes.csv",
        pixels="results/{archive}/pixels.json",
    log:
        "logs/{archive}/archive.log",
    conda:
        "../../envs/tables.yaml"
    threads: 4
    resources:
        mem_mb=by_images(2000, 400, retried=False),
        runtime=by_images(60, 20, retried=False),
    params:
        code=code("archive.py"),
        root=archive_root,
        settings=lambda w: config["archives"][w.archive],
        digests=digests(label_files),
        root_state=container_state,
    script:
        "../scripts/archive.py"
