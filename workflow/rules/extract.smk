# Extraction: the only pass over the pixels; or the import of descriptors computed elsewhere.
#
# needs  results/{archive}/archive.csv, pixels.json and the images, the backbone's weights;
#        for visual words, results/{archive}/split.csv
# makes  results/{archive}/weights/{backbone}.json
#        results/{archive}/descriptors/{backbone}/off_the_shelf.h5
#        results/{archive}/activations/{backbone}.h5, and {backbone}/{cut}.h5 for labelings with a cut
#        results/{archive}/precision/{backbone}.json
#        results/{archive}/words/{backbone}.h5


# Only the receipt is an output: the file stays in its library's cache, which other software shares.
rule weights:
    input:
        file=weights_file,
    output:
        "results/{archive}/weights/{backbone}.json",
    log:
        "logs/{archive}/weights/{backbone}.log",
    wildcard_constraints:
        backbone=names(networks()),
    localrule: True
    conda:
        "../../envs/torch.yaml"
    params:
        code=code("weights.py"),
        backbone=backbone_settings,
        digests=digests(weights_file),
    script:
        "../scripts/weights.py"


rule extract:
    input:
        archive="results/{archive}/archive.csv",
        pixels="results/{archive}/pixels.json",
        weights="results/{archive}/weights/{backbone}.json",
    output:
        descriptors="results/{archive}/descriptors/{backbone}/off_the_shelf.h5",
        activations=["results/{archive}/activations/{backbone}.h5"] * STORED,
        precision="results/{archive}/precision/{backbone}.json",
    log:
        "logs/{archive}/extract/{backbone}.log",
    wildcard_constraints:
        backbone=names(networks() if SHARDS == 1 else []),
    conda:
        "../../envs/torch.yaml"
    threads: 8
    resources:
        gpu=1,
        mem_mb=by_images(8000, 200),
        runtime=by_images(120, 30, retried=False),
    params:
        code=code("extract.py"),
        root=archive_root,
        backbone=backbone_settings,
    script:
        "../scripts/extract.py"


# The activations at a cut that labelings state; `part` is a cut or, in shards, a shard of one.
rule activations:
    input:
        archive="results/{archive}/archive.csv",
        pixels="results/{archive}/pixels.json",
        weights="results/{archive}/weights/{backbone}.json",
        precision="results/{archive}/precision/{backbone}.json",
    output:
        "results/{archive}/activations/{backbone}/{part}.h5",
    log:
        "logs/{archive}/activations/{backbone}/{part}.log",
    wildcard_constraints:
        backbone=names(networks() if STORED else []),
        part=names(CUTS if SHARDS == 1 else expand("{cut}/{shard}", cut=CUTS, shard=SHARD_NAMES)),
    conda:
        "../../envs/torch.yaml"
    threads: 8
    resources:
        gpu=1,
        mem_mb=by_images(8000, 200),
        runtime=by_images(120, 30 // SHARDS, retried=False),
    params:
        code=code("activations.py"),
        root=archive_root,
        backbone=backbone_settings,
    script:
        "../scripts/activations.py"


rule visual_words:
    input:
        archive="results/{archive}/archive.csv",
        pixels="results/{archive}/pixels.json",
        split="results/{archive}/split.csv",
    output:
        "results/{archive}/words/{backbone}.h5",
    log:
        "logs/{archive}/visual_words/{backbone}.log",
    wildcard_constraints:
        backbone=names(counting_words()),
    conda:
        "../../envs/handcrafted.yaml"
    threads: 8
    resources:
        mem_mb=by_images(4000, 1000),
        runtime=by_images(120, 30, retried=False),
    params:
        code=code("visual_words.py"),
        root=archive_root,
        backbone=backbone_settings,
    script:
        "../scripts/visual_words.py"


rule describe:
    input:
        archive="results/{archive}/archive.csv",
        pixels="results/{archive}/pixels.json",
        words=visual_words,
    output:
        "results/{archive}/descriptors/{backbone}/off_the_shelf.h5",
    log:
        "logs/{archive}/describe/{backbone}.log",
    wildcard_constraints:
        backbone=names(handcrafted() if SHARDS == 1 else []),
    conda:
        "../../envs/handcrafted.yaml"
    threads: 8
    resources:
        mem_mb=by_images(4000, 1000),
        runtime=by_images(120, 30, retried=False),
    params:
        code=code("describe.py"),
        root=archive_root,
        backbone=backbone_settings,
    script:
        "../scripts/describe.py"


rule import_descriptors:
    input:
        archive="results/{archive}/archive.csv",
        pixels="results/{archive}/pixels.json",
        file=descriptors_file,
    output:
        "results/{archive}/descriptors/{backbone}/off_the_shelf.h5",
    log:
        "logs/{archive}/import_descriptors/{backbone}.log",
    wildcard_constraints:
        backbone=names(imported()),
    conda:
        "../../envs/tables.yaml"
    resources:
        mem_mb=by_images(4000, 2000),
        runtime=by_images(30, 10, retried=False),
    params:
        code=code("import_descriptors.py"),
        backbone=backbone_settings,
        digests=digests(descriptors_file),
    script:
        "../scripts/import_descriptors.py"
