# Comparison: the tables of an archive.
#
# needs  results/{archive}/scores/{backbone}/{model}.csv of the whole run, scores/bounds.csv
#        results/{archive}/rankings/{backbone}/{model}.h5 of the whole run
#        results/{archive}/archive.csv, split.csv
#        results/{archive}/attributes.csv, with `split.groups`
#        results/{archive}/duplicates.csv, unless `audit.duplicates` is false
# makes  results/{archive}/tables/comparison.csv, contrasts.csv, gain.csv
#        results/{archive}/tables/by_scene.csv, by_label.csv
#        results/{archive}/tables/summary.md, index.html, comparison.tex
#        results/{archive}/tables/thesis.csv, for the archive and split of the thesis


rule compare:
    input:
        archive="results/{archive}/archive.csv",
        split="results/{archive}/split.csv",
        scores=of_the_run("results/{archive}/scores/{backbone}/{model}.csv"),
        rankings=of_the_run("results/{archive}/rankings/{backbone}/{model}.h5"),
        bounds="results/{archive}/scores/bounds.csv",
    output:
        table("comparison"),
    log:
        "logs/{archive}/compare.log",
    wildcard_constraints:
        archive=SEARCHED,
    conda:
        "../../envs/tables.yaml"
    resources:
        mem_mb=by_images(4000, 500),
        runtime=by_images(30, 10, retried=False),
    params:
        code=code("compare.py"),
        database=searched_subset,
        queries=query_subset,
    script:
        "../scripts/compare.py"


rule contrasts:
    input:
        archive="results/{archive}/archive.csv",
        scores=of_the_run("results/{archive}/scores/{backbone}/{model}.csv"),
        bounds="results/{archive}/scores/bounds.csv",
        attributes=group_attributes,
    output:
        table("contrasts"),
    log:
        "logs/{archive}/contrasts.log",
    wildcard_constraints:
        archive=SEARCHED,
    conda:
        "../../envs/tables.yaml"
    resources:
        mem_mb=by_images(4000, 500),
        runtime=by_images(30, 10, retried=False),
    params:
        code=code("contrasts.py"),
        contrasts=config["evaluation"].get("contrasts"),
        reference=config["evaluation"].get("reference"),
        groups=groups_column,
        partial=lambda wildcards: wildcards.archive.startswith("across/"),
    script:
        "../scripts/contrasts.py"


rule gain:
    input:
        contrasts="results/{archive}/tables/contrasts.csv",
    output:
        table("gain"),
    log:
        "logs/{archive}/gain.log",
    wildcard_constraints:
        archive=SEARCHED,
    conda:
        "../../envs/tables.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("gain.py"),
    script:
        "../scripts/gain.py"


rule by_scene:
    input:
        archive="results/{archive}/archive.csv",
        scores=of_the_run("results/{archive}/scores/{backbone}/{model}.csv"),
        bounds="results/{archive}/scores/bounds.csv",
    output:
        table("by_scene"),
    log:
        "logs/{archive}/by_scene.log",
    wildcard_constraints:
        archive=SEARCHED,
    conda:
        "../../envs/tables.yaml"
    resources:
        mem_mb=by_images(4000, 500),
        runtime=by_images(30, 10, retried=False),
    params:
        code=code("by_scene.py"),
    script:
        "../scripts/by_scene.py"


rule by_label:
    input:
        archive="results/{archive}/archive.csv",
        split="results/{archive}/split.csv",
        duplicates=duplicates_file,
        rankings=of_the_run("results/{archive}/rankings/{backbone}/{model}.h5"),
    output:
        table("by_label"),
    log:
        "logs/{archive}/by_label.log",
    wildcard_constraints:
        archive=SEARCHED,
    conda:
        "../../envs/tables.yaml"
    resources:
        mem_mb=by_images(4000, 500),
        runtime=by_images(30, 20, retried=False),
    params:
        code=code("by_label.py"),
        cutoffs=config["retrieval"]["cutoffs"],
        database=searched_subset,
        queries=query_subset,
    script:
        "../scripts/by_label.py"


rule summary:
    input:
        archive="results/{archive}/archive.csv",
        duplicates=duplicates_file,
        comparison="results/{archive}/tables/comparison.csv",
        contrasts="results/{archive}/tables/contrasts.csv",
        by_scene="results/{archive}/tables/by_scene.csv",
        by_label="results/{archive}/tables/by_label.csv",
    output:
        "results/{archive}/tables/summary.md",
    log:
        "logs/{archive}/summary.log",
    wildcard_constraints:
        archive=SEARCHED,
    conda:
        "../../envs/tables.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("summary.py"),
    script:
        "../scripts/summary.py"


rule overview:
    input:
        comparison="results/{archive}/tables/comparison.csv",
        contrasts="results/{archive}/tables/contrasts.csv",
        summary="results/{archive}/tables/summary.md",
        page=page("overview.html"),
    output:
        page=report(
            "results/{archive}/tables/index.html",
            caption="../report/overview.rst",
            category="Tables",
            labels={"archive": "{archive}", "table": "all, and what they show"},
        ),
        latex="results/{archive}/tables/comparison.tex",
    log:
        "logs/{archive}/overview.log",
    wildcard_constraints:
        archive=SEARCHED,
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("overview.py"),
        reference=config["evaluation"].get("reference"),
    script:
        "../scripts/overview.py"


rule thesis:
    input:
        comparison="results/{archive}/tables/comparison.csv",
    output:
        table("thesis"),
    log:
        "logs/{archive}/thesis.log",
    wildcard_constraints:
        archive=names(filter(is_thesis, config["archives"])),
    conda:
        "../../envs/tables.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("thesis.py"),
    script:
        "../scripts/thesis.py"
