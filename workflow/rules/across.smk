# Comparison across archives: what holds in all of them, with several `run.archives`.
#
# needs  results/{archive}/scores/{backbone}/{model}.csv of the whole run, scores/bounds.csv
#        results/{archive}/archive.csv, tables/comparison.csv, contrasts.csv, of all its archives
#        results/{archive}/attributes.csv of all its archives, with `split.groups`
# makes  results/across/tables/comparison.csv, contrasts.csv, ranks.csv
#        results/across/tables/summary.md, index.html, comparison.tex
#        results/across/figures/forest, heat_map, as .png and .svg


rule across:
    input:
        archives=of_all_archives("results/{archive}/archive.csv"),
        scores=of_all_models("results/{archive}/scores/{backbone}/{model}.csv"),
        bounds=of_all_archives("results/{archive}/scores/bounds.csv"),
        comparisons=of_all_archives("results/{archive}/tables/comparison.csv"),
        tables=of_all_archives("results/{archive}/tables/contrasts.csv"),
        attributes=of_all_archives("results/{archive}/attributes.csv") if GROUPS else [],
    output:
        comparison=table("comparison"),
        contrasts=table("contrasts"),
        ranks=table("ranks"),
    log:
        "logs/{archive}/across.log",
    wildcard_constraints:
        archive=ACROSS,
    conda:
        "../../envs/tables.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=60,
    params:
        code=code("across.py"),
        archives=config["run"]["archives"],
        contrasts=config["evaluation"].get("contrasts"),
        reference=config["evaluation"].get("reference"),
        groups=GROUPS,
    script:
        "../scripts/across.py"


rule across_page:
    input:
        comparison="results/{archive}/tables/comparison.csv",
        contrasts="results/{archive}/tables/contrasts.csv",
        ranks="results/{archive}/tables/ranks.csv",
        page=page("overview.html"),
    output:
        summary="results/{archive}/tables/summary.md",
        page=report(
            "results/{archive}/tables/index.html",
            caption="../report/across.rst",
            category="Tables",
            labels={"archive": "{archive}", "table": "all, and what they show"},
        ),
        latex="results/{archive}/tables/comparison.tex",
    log:
        "logs/{archive}/across_page.log",
    wildcard_constraints:
        archive=ACROSS,
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("across_page.py"),
        reference=config["evaluation"].get("reference"),
    script:
        "../scripts/across_page.py"


rule plot_across:
    input:
        comparison="results/{archive}/tables/comparison.csv",
        contrasts="results/{archive}/tables/contrasts.csv",
        ranks="results/{archive}/tables/ranks.csv",
    output:
        forest=figure("forest"),
        forest_svg="results/{archive}/figures/forest.svg",
        heat_map=figure("heat_map"),
        heat_map_svg="results/{archive}/figures/heat_map.svg",
    log:
        "logs/{archive}/plot_across.log",
    wildcard_constraints:
        archive=ACROSS,
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("plot_across.py"),
    script:
        "../scripts/plot_across.py"
