# Published protocols: the metrics that other papers report, beside those of all runs.
#
# needs  results/{archive}/rankings/{backbone}/{model}.h5 of the whole run
# makes  results/{archive}/tables/published.csv


rule published:
    input:
        rankings=of_the_run("results/{archive}/rankings/{backbone}/{model}.h5"),
    output:
        table("published"),
    log:
        "logs/{archive}/published.log",
    wildcard_constraints:
        archive=names(config["archives"] if config.get("protocol") in MEASURED else []),
    conda:
        "../../envs/tables.yaml"
    resources:
        mem_mb=by_images(1000, 200, retried=False),
        runtime=by_images(10, 5, retried=False),
    params:
        code=code("published.py"),
    script:
        "../scripts/published.py"
