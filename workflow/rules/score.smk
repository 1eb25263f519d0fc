# Retrieval and scores: the rankings of each descriptor, and their scores per query.
#
# needs  results/{archive}/descriptors/{backbone}/{model}.h5, archive.csv, split.csv
#        results/{archive}/duplicates.csv, unless `audit.duplicates` is false
# makes  results/{archive}/rankings/{backbone}/{model}.h5
#        results/{archive}/scores/{backbone}/{model}.csv
#        results/{archive}/scores/bounds.csv


rule retrieve:
    input:
        archive="results/{archive}/archive.csv",
        split="results/{archive}/split.csv",
        duplicates=duplicates_file,
        descriptors="results/{archive}/descriptors/{backbone}/{model}.h5",
    output:
        "results/{archive}/rankings/{backbone}/{model}.h5",
    log:
        "logs/{archive}/retrieve/{backbone}/{model}.log",
    wildcard_constraints:
        archive=SEARCHED,
    conda:
        "../../envs/torch.yaml"
    resources:
        mem_mb=by_images(4000, 1000),
        runtime=by_images(30, 20, retried=False),
    params:
        code=code("retrieve.py"),
        cutoffs=config["retrieval"]["cutoffs"],
        database=searched_subset,
        queries=query_subset,
        protocol=measured_protocol,
        searched=searched_descriptors,
        similarity=lambda wildcards: similarity(derived_name(wildcards)),
        expansion=lambda wildcards: expansion(derived_name(wildcards)),
    script:
        "../scripts/retrieve.py"


rule score:
    input:
        archive="results/{archive}/archive.csv",
        rankings="results/{archive}/rankings/{backbone}/{model}.h5",
    output:
        "results/{archive}/scores/{backbone}/{model}.csv",
    log:
        "logs/{archive}/score/{backbone}/{model}.log",
    wildcard_constraints:
        archive=SEARCHED,
    conda:
        "../../envs/tables.yaml"
    resources:
        mem_mb=by_images(2000, 500),
        runtime=by_images(30, 10, retried=False),
    params:
        code=code("score.py"),
        cutoffs=config["retrieval"]["cutoffs"],
    script:
        "../scripts/score.py"


rule bounds:
    input:
        archive="results/{archive}/archive.csv",
        split="results/{archive}/split.csv",
        duplicates=duplicates_file,
    output:
        "results/{archive}/scores/bounds.csv",
    log:
        "logs/{archive}/bounds.log",
    wildcard_constraints:
        archive=SEARCHED,
    priority: 1  # reports a cutoff that is too large before long jobs start
    conda:
        "../../envs/tables.yaml"
    resources:
        mem_mb=by_images(2000, 500),
        runtime=by_images(30, 30, retried=False),
    params:
        code=code("bounds.py"),
        cutoffs=config["retrieval"]["cutoffs"],
        database=searched_subset,
        queries=query_subset,
    script:
        "../scripts/bounds.py"
