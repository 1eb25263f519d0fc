# Shards: extraction, re-extraction and handcrafted descriptors as several jobs, each over consecutive
# rows of the archive, if `extraction.shards` is more than 1. Nothing later than descriptors differs.
#
# needs  results/{archive}/archive.csv, pixels.json and the images, the backbone's weights,
#        results/{archive}/models/{backbone}/{labeling}-seed{seed}.safetensors,
#        results/{archive}/words/{backbone}.h5
# makes  results/{archive}/precision/{backbone}.json
#        results/{archive}/shards/{backbone}/{model}/{shard}.h5
#        results/{archive}/activations/{backbone}/{shard}.h5
#        results/{archive}/descriptors/{backbone}/{model}.h5


rule precision:
    input:
        archive="results/{archive}/archive.csv",
        pixels="results/{archive}/pixels.json",
        weights="results/{archive}/weights/{backbone}.json",
    output:
        "results/{archive}/precision/{backbone}.json",
    log:
        "logs/{archive}/precision/{backbone}.log",
    wildcard_constraints:
        backbone=names(networks() if SHARDS > 1 else []),
    conda:
        "../../envs/torch.yaml"
    threads: 4
    resources:
        gpu=1,
        mem_mb=by_images(8000, 200),
        runtime=30,
    params:
        code=code("precision.py"),
        root=archive_root,
        backbone=backbone_settings,
    script:
        "../scripts/precision.py"


rule extract_shard:
    input:
        archive="results/{archive}/archive.csv",
        pixels="results/{archive}/pixels.json",
        weights="results/{archive}/weights/{backbone}.json",
        precision="results/{archive}/precision/{backbone}.json",
    output:
        descriptors="results/{archive}/shards/{backbone}/off_the_shelf/{shard}.h5",
        activations=["results/{archive}/activations/{backbone}/{shard}.h5"] * STORED,
    log:
        "logs/{archive}/extract_shard/{backbone}/{shard}.log",
    wildcard_constraints:
        backbone=names(networks() if SHARDS > 1 else []),
    conda:
        "../../envs/torch.yaml"
    threads: 8
    resources:
        gpu=1,
        mem_mb=by_images(8000, 200),
        runtime=by_images(120, 30 // SHARDS, retried=False),
    params:
        code=code("extract_shard.py"),
        root=archive_root,
        backbone=backbone_settings,
    script:
        "../scripts/extract_shard.py"


rule describe_shard:
    input:
        archive="results/{archive}/archive.csv",
        pixels="results/{archive}/pixels.json",
        words=visual_words,
    output:
        "results/{archive}/shards/{backbone}/off_the_shelf/{shard}.h5",
    log:
        "logs/{archive}/describe_shard/{backbone}/{shard}.log",
    wildcard_constraints:
        backbone=names(handcrafted() if SHARDS > 1 else []),
    conda:
        "../../envs/handcrafted.yaml"
    threads: 8
    resources:
        mem_mb=by_images(4000, 1000),
        runtime=by_images(120, 30 // SHARDS, retried=False),
    params:
        code=code("describe_shard.py"),
        root=archive_root,
        backbone=backbone_settings,
    script:
        "../scripts/describe_shard.py"


rule reextract_shard:
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
        "results/{archive}/shards/{backbone}/{model}/{shard}.h5",
    log:
        "logs/{archive}/reextract_shard/{backbone}/{model}/{shard}.log",
    wildcard_constraints:
        backbone=names(networks() if SHARDS > 1 else []),
        model=TRAINED,
    conda:
        "../../envs/torch.yaml"
    threads: 4
    resources:
        gpu=1,
        mem_mb=by_images(8000, 200),
        runtime=by_images(60, 20 // SHARDS, retried=False),
    params:
        code=code("reextract_shard.py"),
        root=archive_root,
        backbone=backbone_settings,
        cut=own_cut,
    script:
        "../scripts/reextract_shard.py"


rule join_shards:
    input:
        archive="results/{archive}/archive.csv",
        shards=expand(
            "results/{archive}/shards/{backbone}/{model}/{shard}.h5",
            shard=SHARD_NAMES,
            allow_missing=True,
        ),
    output:
        "results/{archive}/descriptors/{backbone}/{model}.h5",
    log:
        "logs/{archive}/join_shards/{backbone}/{model}.log",
    wildcard_constraints:
        backbone=names([*networks(), *handcrafted()] if SHARDS > 1 else []),
        model=MODELS,
    conda:
        "../../envs/tables.yaml"
    resources:
        mem_mb=by_images(2000, 200),
        runtime=by_images(30, 10, retried=False),
    params:
        code=code("join_shards.py"),
    script:
        "../scripts/join_shards.py"
