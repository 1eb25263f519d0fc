# Duplicates: pairs of images with the same pixels, or that overlap.
#
# needs  results/{archive}/archive.csv, pixels.json and the images
# makes  results/{archive}/duplicates.csv


rule duplicates:
    input:
        archive="results/{archive}/archive.csv",
        pixels="results/{archive}/pixels.json",
    output:
        "results/{archive}/duplicates.csv",
    log:
        "logs/{archive}/duplicates.log",
    priority: 1  # the split and the bounds, which read it, report errors before long jobs start
    conda:
        "../../envs/handcrafted.yaml"
    threads: 4
    resources:
        mem_mb=by_images(4000, 500),
        runtime=by_images(120, 60, retried=False),
    params:
        code=code("duplicates.py"),
        root=archive_root,
    script:
        "../scripts/duplicates.py"
