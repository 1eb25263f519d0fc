# Search across archives: queries of one archive in the database of another, by their shared labels.
#
# needs  results/{archive}/archive.csv, split.csv of both archives
#        results/{archive}/descriptors/{backbone}/{model}.h5 of both archives
# makes  results/across/{queries}-in-{database}/archive.csv, split.csv
#        results/across/{queries}-in-{database}/descriptors/{backbone}/{model}.h5


rule cross:
    input:
        archives=of_both_sides("archive.csv"),
        splits=of_both_sides("split.csv"),
    output:
        archive="results/{archive}/archive.csv",
        split="results/{archive}/split.csv",
    log:
        "logs/{archive}/cross.log",
    wildcard_constraints:
        archive=CROSSED,
    conda:
        "../../envs/tables.yaml"
    resources:
        mem_mb=by_images(1000, 200, retried=False),
        runtime=by_images(10, 5, retried=False),
    params:
        code=code("cross.py"),
        names=sides,
        queries=config["retrieval"]["queries"],
        database=config["retrieval"]["database"],
    script:
        "../scripts/cross.py"


rule cross_descriptors:
    input:
        archive="results/{archive}/archive.csv",
        archives=of_both_sides("archive.csv"),
        descriptors=crossed_descriptors,
    output:
        "results/{archive}/descriptors/{backbone}/{model}.h5",
    log:
        "logs/{archive}/cross_descriptors/{backbone}/{model}.log",
    wildcard_constraints:
        archive=CROSSED,
        model=f"{OFF_THE_SHELF}|{TRANSFERRED}",
    conda:
        "../../envs/torch.yaml"
    resources:
        mem_mb=by_images(4000, 200),
        runtime=by_images(30, 10, retried=False),
    params:
        code=code("cross_descriptors.py"),
        names=sides,
    script:
        "../scripts/cross_descriptors.py"
