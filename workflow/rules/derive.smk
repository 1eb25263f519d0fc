# Derivation: descriptors that are computed from those of a model, fitted on the training images.
#
# needs  results/{archive}/archive.csv, split.csv
#        results/{archive}/descriptors/{backbone}/{model}.h5
#        results/{archive}/models/{backbone}/{model}.safetensors, for probabilities of labels
# makes  results/{archive}/descriptors/{backbone}/{model}+{descriptor}.h5


rule derive:
    input:
        archive="results/{archive}/archive.csv",
        split="results/{archive}/split.csv",
        descriptors="results/{archive}/descriptors/{backbone}/{model}.h5",
        models=models_of_labels,
    output:
        "results/{archive}/descriptors/{backbone}/{model}+{descriptor}.h5",
    log:
        "logs/{archive}/derive/{backbone}/{model}+{descriptor}.log",
    wildcard_constraints:
        backbone=names([*networks(), *imported(), *config["ensembles"]]),
        model=MODELS,
    conda:
        "../../envs/torch.yaml"
    resources:
        mem_mb=by_images(4000, 2000),
        runtime=by_images(30, 20, retried=False),
    params:
        code=code("derive.py"),
        definitions=derivation,
        similarity=lambda wildcards: similarity(wildcards.descriptor),
        expansion=lambda wildcards: expansion(wildcards.descriptor),
    script:
        "../scripts/derive.py"
