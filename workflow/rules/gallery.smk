# The gallery: a page that displays the hits of each query.
#
# needs  results/{archive}/archive.csv, attributes.csv, pixels.json and the images
#        results/{archive}/rankings/{backbone}/{model}.h5 of the whole run
#        results/{archive}/scores/{backbone}/{model}.csv of the whole run
# makes  results/{archive}/thumbnails.h5
#        results/{archive}/gallery/index.html


rule thumbnails:
    input:
        archive="results/{archive}/archive.csv",
        pixels="results/{archive}/pixels.json",
    output:
        "results/{archive}/thumbnails.h5",
    log:
        "logs/{archive}/thumbnails.log",
    conda:
        "../../envs/figures.yaml"
    threads: 4
    resources:
        mem_mb=by_images(2000, 200, retried=False),
        runtime=by_images(60, 20, retried=False),
    params:
        code=code("thumbnails.py"),
        root=archive_root,
    script:
        "../scripts/thumbnails.py"


rule gallery:
    input:
        archive="results/{archive}/archive.csv",
        attributes="results/{archive}/attributes.csv",
        thumbnails="results/{archive}/thumbnails.h5",
        rankings=of_the_run("results/{archive}/rankings/{backbone}/{model}.h5"),
        scores=of_the_run("results/{archive}/scores/{backbone}/{model}.csv"),
        page=page("gallery.html"),
    output:
        report(
            "results/{archive}/gallery/index.html",
            caption="../report/gallery.rst",
            category="Gallery",
            labels={"archive": "{archive}"},
        ),
    log:
        "logs/{archive}/gallery.log",
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=by_images(2000, 500),
        runtime=by_images(30, 10, retried=False),
    params:
        code=code("gallery.py"),
    script:
        "../scripts/gallery.py"
