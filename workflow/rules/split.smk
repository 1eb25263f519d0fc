# The split: the images for training, validation and test.
#
# needs  results/{archive}/archive.csv
#        results/{archive}/attributes.csv for the official split, groups and blocks
#        results/{archive}/duplicates.csv with `split.group_duplicates`
# makes  results/{archive}/split.csv


rule split:
    input:
        archive="results/{archive}/archive.csv",
        attributes=split_attributes,
        duplicates=grouped_duplicates,
        file=split_file,
    output:
        "results/{archive}/split.csv",
    log:
        "logs/{archive}/split.log",
    priority: 2  # reports a split that is impossible before long jobs start
    conda:
        "../../envs/tables.yaml"
    resources:
        mem_mb=by_images(1000, 200, retried=False),
        runtime=by_images(10, 5, retried=False),
    params:
        **{
            key: config["split"][key]
            for key in ("method", "test_fraction", "validation_fraction", "seed")
        },
        code=code("split.py"),
        groups=config["split"].get("groups"),
        block_km=config["split"]["block_km"] if config["split"]["method"] == "blocks" else None,
        digests=digests(split_file),
    script:
        "../scripts/split.py"
