# Label transfer: the labels of each query, predicted from the nearest training images.
#
# needs  results/{archive}/descriptors/{backbone}/{model}.h5, archive.csv, split.csv
#        results/{archive}/duplicates.csv, unless `audit.duplicates` is false
# makes  results/{archive}/label_transfer/{backbone}/{model}.csv
#        results/{archive}/tables/label_transfer.csv


rule transfer_labels:
    input:
        archive="results/{archive}/archive.csv",
        split="results/{archive}/split.csv",
        duplicates=duplicates_file,
        descriptors="results/{archive}/descriptors/{backbone}/{model}.h5",
    output:
        "results/{archive}/label_transfer/{backbone}/{model}.csv",
    log:
        "logs/{archive}/transfer_labels/{backbone}/{model}.log",
    conda:
        "../../envs/torch.yaml"
    resources:
        mem_mb=by_images(4000, 200),
        runtime=by_images(30, 20, retried=False),
    params:
        code=code("transfer_labels.py"),
        neighbours=config["retrieval"]["cutoffs"],
        queries=query_subset,
        searched=searched_descriptors,
        similarity=lambda wildcards: similarity(derived_name(wildcards)),
        expansion=lambda wildcards: expansion(derived_name(wildcards)),
    script:
        "../scripts/transfer_labels.py"


rule label_transfer:
    input:
        rows=of_the_run("results/{archive}/label_transfer/{backbone}/{model}.csv"),
    output:
        table("label_transfer"),
    log:
        "logs/{archive}/label_transfer.log",
    conda:
        "../../envs/tables.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("label_transfer.py"),
    script:
        "../scripts/label_transfer.py"
