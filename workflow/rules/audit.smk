# Audit: what is doubtful about the archive and its split.
#
# needs  results/{archive}/archive.csv, attributes.csv, pixels.json and the images
#        results/{archive}/split.csv, thumbnails.h5
#        results/{archive}/duplicates.csv, unless `audit.duplicates` is false
#        results/{archive}/descriptors/{backbone}/off_the_shelf.h5 of the first network, if any
# makes  results/{archive}/audit.csv, audit.html
#        results/{archive}/audit_passed.txt, with audit.fail_on


rule audit:
    input:
        archive="results/{archive}/archive.csv",
        attributes="results/{archive}/attributes.csv",
        pixels="results/{archive}/pixels.json",
        split="results/{archive}/split.csv",
        thumbnails="results/{archive}/thumbnails.h5",
        duplicates=duplicates_file,
        descriptors=audited_descriptors(),
        page=page("audit.html"),
    output:
        table="results/{archive}/audit.csv",
        page=report(
            "results/{archive}/audit.html",
            caption="../report/audit.rst",
            category="Audit",
            labels={"archive": "{archive}"},
        ),
    log:
        "logs/{archive}/audit.log",
    conda:
        "../../envs/torch.yaml"
    threads: 4
    resources:
        mem_mb=by_images(4000, 500),
        runtime=by_images(60, 60, retried=False),
    params:
        code=code("audit.py"),
        root=archive_root,
        database=config["retrieval"]["database"],
        fractions=requested_fractions(),
        exclusive=config["audit"]["exclusive"],
        minimum_positives=config["audit"]["minimum_positives"],
        minimum_distance_km=config["audit"]["minimum_distance_km"],
    script:
        "../scripts/audit.py"


# A job of its own, since Snakemake deletes the outputs of a job that fails: the page is to be read.
rule check_audit:
    input:
        table="results/{archive}/audit.csv",
        page="results/{archive}/audit.html",
    output:
        "results/{archive}/audit_passed.txt",
    log:
        "logs/{archive}/check_audit.log",
    localrule: True
    conda:
        "../../envs/tables.yaml"
    params:
        code=code("check_audit.py"),
        fail_on=config["audit"].get("fail_on", "severe"),
    script:
        "../scripts/check_audit.py"
