# The export: descriptors, labels, predictions and places, for other programs.
#
# needs  results/{archive}/archive.csv, attributes.csv
#        results/{archive}/descriptors/{backbone}/{model}.h5
#        results/{archive}/models/{backbone}/{model}.safetensors
# makes  results/{archive}/export/{backbone}/{model}.parquet


rule export:
    input:
        archive="results/{archive}/archive.csv",
        attributes="results/{archive}/attributes.csv",
        descriptors="results/{archive}/descriptors/{backbone}/{model}.h5",
        models=tuned,
    output:
        "results/{archive}/export/{backbone}/{model}.parquet",
    log:
        "logs/{archive}/export/{backbone}/{model}.log",
    conda:
        "../../envs/torch.yaml"
    resources:
        mem_mb=by_images(4000, 1000),
        runtime=by_images(30, 10, retried=False),
    params:
        code=code("export.py"),
    script:
        "../scripts/export.py"
