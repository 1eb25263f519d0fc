# Re-extraction: descriptors by the fine-tuned tails and heads.
#
# needs  results/{archive}/archive.csv, pixels.json
#        results/{archive}/models/{backbone}/{labeling}-seed{seed}.safetensors
#        results/{archive}/activations/{backbone}.h5, precision/{backbone}.json
# makes  results/{archive}/descriptors/{backbone}/{labeling}-seed{seed}.h5


rule reextract:
    input:
        archive="results/{archive}/archive.csv",
        pixels="results/{archive}/pixels.json",
        weights="results/{archive}/weights/{backbone}.json",
        precision="results/{archive}/precision/{backbone}.json",
        activations=ACTIVATIONS,
        models="results/{archive}/models/{backbone}/{labeling}-seed{seed}.safetensors",
        code=code("reextract.py"),
    output:
        "results/{archive}/descriptors/{backbone}/{labeling}-seed{seed}.h5",
    log:
        "logs/{archive}/reextract/{backbone}/{labeling}-seed{seed}.log",
    wildcard_constraints:
        backbone=names(networks()),
    conda:
        "../../envs/torch.yaml"
    threads: 4
    resources:
        gpu=1,
        mem_mb=lambda wildcards, attempt: 8000 * attempt,
        runtime=60,
    params:
        root=archive_root,
        backbone=backbone_settings,
    script:
        "../scripts/reextract.py"
