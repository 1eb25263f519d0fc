# Published protocols: the metrics that other papers report, beside those of all runs.
#
# needs  results/{archive}/descriptors/{backbone}/{model}.h5, archive.csv, split.csv
# makes  results/{archive}/published/{backbone}/{model}.csv
#        results/{archive}/tables/published.csv


rule published:
    input:
        archive="results/{archive}/archive.csv",
        split="results/{archive}/split.csv",
        descriptors="results/{archive}/descriptors/{backbone}/{model}.h5",
        code=code("published.py"),
    output:
        "results/{archive}/published/{backbone}/{model}.csv",
    log:
        "logs/{archive}/published/{backbone}/{model}.log",
    wildcard_constraints:
        archive=names(config["archives"] if config.get("protocol") in MEASURED else []),
    conda:
        "../../envs/torch.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=60,
    params:
        protocol=config.get("protocol"),
        cutoffs=config["retrieval"]["cutoffs"],
        database=config["retrieval"]["database"],
        queries=config["retrieval"]["queries"],
    script:
        "../scripts/published.py"


rule tabulate_published:
    input:
        tables=of_the_run("results/{archive}/published/{backbone}/{model}.csv"),
        code=code("tabulate_published.py"),
    output:
        table("published"),
    log:
        "logs/{archive}/tabulate_published.log",
    wildcard_constraints:
        archive=names(config["archives"] if config.get("protocol") in MEASURED else []),
    conda:
        "../../envs/tables.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    script:
        "../scripts/tabulate_published.py"
