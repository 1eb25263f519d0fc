# Fine-tuning: tail and head, on the activations at the cut.
#
# needs  results/{archive}/archive.csv, pixels.json, split.csv
#        results/{archive}/descriptors/{backbone}/off_the_shelf.h5
#        results/{archive}/precision/{backbone}.json, the activations at the cut
#        results/{archive}/audit_passed.txt, with audit.fail_on
# makes  results/{archive}/models/{backbone}/{labeling}-seed{seed}.safetensors, .csv


rule finetune:
    input:
        archive="results/{archive}/archive.csv",
        pixels="results/{archive}/pixels.json",
        split="results/{archive}/split.csv",
        weights="results/{archive}/weights/{backbone}.json",
        precision="results/{archive}/precision/{backbone}.json",
        descriptors="results/{archive}/descriptors/{backbone}/off_the_shelf.h5",
        activations=activations,
        audit=passed_audit,
    output:
        models="results/{archive}/models/{backbone}/{labeling}-seed{seed}.safetensors",
        curve="results/{archive}/models/{backbone}/{labeling}-seed{seed}.csv",
    log:
        "logs/{archive}/finetune/{backbone}/{labeling}-seed{seed}.log",
    wildcard_constraints:
        backbone=names(networks()),
    conda:
        "../../envs/torch.yaml"
    threads: 4
    resources:
        gpu=1,
        mem_mb=by_images(8000, 500),
        runtime=by_images(120, 60),
    params:
        code=code("finetune.py"),
        root=archive_root,
        backbone=backbone_settings,
        cut=own_cut,
        augmentation=augmentation,
        kind=lambda w: config["labelings"][w.labeling]["kind"],
        options=labeling_options,
        settings=finetuning_settings,
    script:
        "../scripts/finetune.py"
