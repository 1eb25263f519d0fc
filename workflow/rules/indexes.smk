# Approximate indexes: what they retrieve and cost, compared with exact search.
#
# needs  results/{archive}/descriptors/{backbone}/{model}.h5, archive.csv, split.csv
# makes  results/{archive}/indexes/{backbone}/{model}.csv
#        results/{archive}/indexes/{backbone}/{model}.h5, which `rsir query` searches
#        results/{archive}/tables/indexes.csv
#        results/{archive}/figures/indexes.png, .svg


rule index:
    input:
        archive="results/{archive}/archive.csv",
        split="results/{archive}/split.csv",
        descriptors="results/{archive}/descriptors/{backbone}/{model}.h5",
    output:
        table="results/{archive}/indexes/{backbone}/{model}.csv",
        stored="results/{archive}/indexes/{backbone}/{model}.h5",
    log:
        "logs/{archive}/index/{backbone}/{model}.log",
    conda:
        "../../envs/torch.yaml"
    threads: 4
    resources:
        mem_mb=by_images(8000, 4000),
        runtime=by_images(120, 60, retried=False),
    params:
        code=code("index.py"),
        indexes=requested_indexes,
        searched=searched_descriptors,
        cutoffs=config["retrieval"]["cutoffs"],
        database=config["retrieval"]["database"],
        queries=config["retrieval"]["queries"],
    script:
        "../scripts/index.py"


rule indexes:
    input:
        tables=compared_by_cosine("results/{archive}/indexes/{backbone}/{model}.csv"),
    output:
        table("indexes"),
    log:
        "logs/{archive}/indexes.log",
    conda:
        "../../envs/tables.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("indexes.py"),
    script:
        "../scripts/indexes.py"


rule plot_indexes:
    input:
        table="results/{archive}/tables/indexes.csv",
    output:
        png=figure("indexes"),
        svg="results/{archive}/figures/indexes.svg",
    log:
        "logs/{archive}/plot_indexes.log",
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("plot_indexes.py"),
    script:
        "../scripts/plot_indexes.py"
