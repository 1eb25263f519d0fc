# Re-extraction: descriptors by the fine-tuned tails and heads.
#
# needs  results/{archive}/archive.csv, pixels.json
#        results/{archive}/models/{backbone}/{labeling}-seed{seed}.safetensors
#        results/{archive}/precision/{backbone}.json, the activations at the cut
#        of a model that another archive fine-tuned: that model, and its archive.csv and precision
# makes  results/{archive}/descriptors/{backbone}/{labeling}-seed{seed}.h5
#        results/{archive}/descriptors/{backbone}/{labeling}-seed{seed}-from-{archive}.h5


rule reextract:
    input:
        archive="results/{archive}/archive.csv",
        pixels="results/{archive}/pixels.json",
        weights="results/{archive}/weights/{backbone}.json",
        precision="results/{archive}/precision/{backbone}.json",
        activations=activations,
        models=tuned,
        source_archive=source_file("archive.csv"),
        source_precision=source_file("precision/{backbone}.json"),
    output:
        "results/{archive}/descriptors/{backbone}/{model}.h5",
    log:
        "logs/{archive}/reextract/{backbone}/{model}.log",
    wildcard_constraints:
        backbone=names(networks() if SHARDS == 1 else []),
        model=TRAINED,
    conda:
        "../../envs/torch.yaml"
    threads: 4
    resources:
        gpu=1,
        mem_mb=by_images(8000, 200),
        runtime=by_images(60, 20, retried=False),
    params:
        code=code("reextract.py"),
        root=archive_root,
        backbone=backbone_settings,
        cut=own_cut,
    script:
        "../scripts/reextract.py"
