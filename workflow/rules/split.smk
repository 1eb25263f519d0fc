# The split: the images for training, validation and test.
#
# needs  results/{archive}/archive.csv
#        results/{archive}/attributes.csv for the official split
# makes  results/{archive}/split.csv


rule split:
    input:
        archive="results/{archive}/archive.csv",
        attributes=official_subsets,
        file=split_file,
        code=code("split.py"),
    output:
        "results/{archive}/split.csv",
    log:
        "logs/{archive}/split.log",
    priority: 1  # reports a split that is impossible before long jobs start
    conda:
        "../../envs/tables.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        **{
            key: config["split"][key]
            for key in ("method", "test_fraction", "validation_fraction", "seed")
        },
        digests=digests(split_file),
    script:
        "../scripts/split.py"
