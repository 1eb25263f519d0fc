# Search across archives: queries of one archive in the database of another, by their shared labels.
#
# needs  results/{archive}/archive.csv, split.csv of both archives
#        results/{archive}/descriptors/{backbone}/{model}.h5 of both archives
# makes  results/across/{queries}-in-{database}/archive.csv, split.csv
#        results/across/{queries}-in-{database}/descriptors/{backbone}/{model}.h5


rule cross:
    input:
        archives=expand("results/{archive}/archive.csv", archive=SIDES),
        splits=expand("results/{archive}/split.csv", archive=SIDES),
        code=code("cross.py"),
    output:
        archive="results/across/{queries}-in-{database}/archive.csv",
        split="results/across/{queries}-in-{database}/split.csv",
    log:
        "logs/across/{queries}-in-{database}/cross.log",
    conda:
        "../../envs/tables.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        queries=config["retrieval"]["queries"],
        database=config["retrieval"]["database"],
    script:
        "../scripts/cross.py"


rule cross_descriptors:
    input:
        archive="results/across/{queries}-in-{database}/archive.csv",
        archives=expand("results/{archive}/archive.csv", archive=SIDES),
        descriptors=crossed_descriptors,
        code=code("cross_descriptors.py"),
    output:
        "results/across/{queries}-in-{database}/descriptors/{backbone}/{model}.h5",
    log:
        "logs/across/{queries}-in-{database}/cross_descriptors/{backbone}/{model}.log",
    wildcard_constraints:
        model=f"{OFF_THE_SHELF}|{TRANSFERRED}",
    conda:
        "../../envs/torch.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=30,
    script:
        "../scripts/cross_descriptors.py"
