# Ensembles: descriptors of several models as one, which stands where a backbone stands.
#
# needs  results/{archive}/archive.csv
#        results/{archive}/descriptors/{backbone}/{model}.h5 of each member
# makes  results/{archive}/descriptors/{ensemble}/{model}.h5


rule ensemble:
    input:
        archive="results/{archive}/archive.csv",
        members=lambda wildcards: [
            path.format(archive=wildcards.archive)
            for path, _ in ensemble_members(wildcards.backbone, wildcards.model)
        ],
    output:
        "results/{archive}/descriptors/{backbone}/{model}.h5",
    log:
        "logs/{archive}/ensemble/{backbone}/{model}.log",
    wildcard_constraints:
        backbone=names(config["ensembles"]),
        model=MODELS,
    conda:
        "../../envs/torch.yaml"
    resources:
        mem_mb=by_images(4000, 500),
        runtime=by_images(30, 10, retried=False),
    params:
        code=code("ensemble.py"),
        names=lambda wildcards: [
            name for _, name in ensemble_members(wildcards.backbone, wildcards.model)
        ],
        are_probabilities=lambda wildcards: averages_outputs(wildcards.backbone),
    script:
        "../scripts/ensemble.py"
