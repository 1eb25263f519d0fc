# Figures of the tables, the learning curves and the descriptors.
#
# needs  results/{archive}/tables/comparison.csv, contrasts.csv, by_scene.csv, thesis.csv
#        results/{archive}/rankings/{backbone}/{model}.h5 of the whole run
#        results/{archive}/models/{backbone}/{model}.csv of the whole run
#        results/{archive}/descriptors/{backbone}/{model}.h5 of the run's networks, one seed
#        results/{archive}/archive.csv, split.csv
# makes  results/{archive}/figures/comparison, cutoffs, contrasts, scenes, learning, maps, as .png
#        and .svg
#        results/{archive}/figures/thesis.png, .svg, for the archive and split of the thesis
#        results/{archive}/figures/noise.png, .svg, for labelings that differ in their noise


rule plot_comparison:
    input:
        table="results/{archive}/tables/comparison.csv",
    output:
        png=figure("comparison"),
        svg="results/{archive}/figures/comparison.svg",
    log:
        "logs/{archive}/plot_comparison.log",
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("plot_comparison.py"),
        labelings=list(config["labelings"]),
    script:
        "../scripts/plot_comparison.py"


rule plot_cutoffs:
    input:
        archive="results/{archive}/archive.csv",
        split="results/{archive}/split.csv",
        rankings=of_the_run("results/{archive}/rankings/{backbone}/{model}.h5"),
    output:
        png=figure("cutoffs"),
        svg="results/{archive}/figures/cutoffs.svg",
    log:
        "logs/{archive}/plot_cutoffs.log",
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=by_images(4000, 500),
        runtime=by_images(30, 20, retried=False),
    params:
        code=code("plot_cutoffs.py"),
        cutoffs=config["retrieval"]["cutoffs"],
        database=config["retrieval"]["database"],
        queries=config["retrieval"]["queries"],
        labelings=list(config["labelings"]),
    script:
        "../scripts/plot_cutoffs.py"


rule plot_contrasts:
    input:
        table="results/{archive}/tables/contrasts.csv",
    output:
        png=figure("contrasts"),
        svg="results/{archive}/figures/contrasts.svg",
    log:
        "logs/{archive}/plot_contrasts.log",
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("plot_contrasts.py"),
        labelings=list(config["labelings"]),
    script:
        "../scripts/plot_contrasts.py"


rule plot_scenes:
    input:
        table="results/{archive}/tables/by_scene.csv",
    output:
        png=figure("scenes"),
        svg="results/{archive}/figures/scenes.svg",
    log:
        "logs/{archive}/plot_scenes.log",
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("plot_scenes.py"),
    script:
        "../scripts/plot_scenes.py"


rule plot_learning:
    input:
        curves=learning_curves(),
    output:
        png=figure("learning"),
        svg="results/{archive}/figures/learning.svg",
    log:
        "logs/{archive}/plot_learning.log",
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("plot_learning.py"),
        labelings=list(config["labelings"]),
    script:
        "../scripts/plot_learning.py"


rule plot_maps:
    input:
        archive="results/{archive}/archive.csv",
        split="results/{archive}/split.csv",
        descriptors=mapped_descriptors(),
    output:
        png=figure("maps"),
        svg="results/{archive}/figures/maps.svg",
    log:
        "logs/{archive}/plot_maps.log",
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=by_images(4000, 500),
        runtime=by_images(30, 10, retried=False),
    params:
        code=code("plot_maps.py"),
    script:
        "../scripts/plot_maps.py"


rule plot_thesis:
    input:
        table="results/{archive}/tables/thesis.csv",
    output:
        png=figure("thesis"),
        svg="results/{archive}/figures/thesis.svg",
    log:
        "logs/{archive}/plot_thesis.log",
    wildcard_constraints:
        archive=names(filter(is_thesis, config["archives"])),
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("plot_thesis.py"),
        labelings=list(config["labelings"]),
    script:
        "../scripts/plot_thesis.py"


rule plot_noise:
    input:
        table="results/{archive}/tables/comparison.csv",
    output:
        png=figure("noise"),
        svg="results/{archive}/figures/noise.svg",
    log:
        "logs/{archive}/plot_noise.log",
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("plot_noise.py"),
        lines=noise_lines(),
    script:
        "../scripts/plot_noise.py"
