# Comparison: the tables of an archive.
#
# needs  results/{archive}/scores/{backbone}/{model}.csv of the whole run, scores/bounds.csv
# makes  results/{archive}/tables/comparison.csv
#        results/{archive}/tables/thesis.csv, for the archive and split of the thesis


rule compare:
    input:
        archive="results/{archive}/archive.csv",
        split="results/{archive}/split.csv",
        scores=expand(
            "results/{{archive}}/scores/{backbone}/{model}.csv",
            backbone=config["run"]["backbones"],
            model=models(),
        ),
        bounds="results/{archive}/scores/bounds.csv",
        code=code("compare.py"),
    output:
        "results/{archive}/tables/comparison.csv",
    log:
        "logs/{archive}/compare.log",
    conda:
        "../../envs/tables.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=30,
    params:
        database=config["retrieval"]["database"],
    script:
        "../scripts/compare.py"


rule thesis:
    input:
        comparison="results/{archive}/tables/comparison.csv",
        code=code("thesis.py"),
    output:
        "results/{archive}/tables/thesis.csv",
    log:
        "logs/{archive}/thesis.log",
    wildcard_constraints:
        archive=names(filter(is_thesis, config["archives"])),
    conda:
        "../../envs/tables.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    script:
        "../scripts/thesis.py"
