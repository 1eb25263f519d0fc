# The results that belong to a run, and how the report presents them.

import re
from pathlib import Path
from types import SimpleNamespace

FIGURES = ("comparison", "cutoffs", "contrasts", "scenes", "learning", "maps")
ACROSS_FIGURES = ("forest", "heat_map")
TABLES = ("comparison", "contrasts", "gain", "by_scene", "by_label")


def of_the_run(path):
    """Return a function for `input` that fills in a path for each model of the run on an archive.

    Each backbone stands off the shelf, and each network with each labeling and seed, trained on
    the archive itself, then on those that the run transfers to it; an ensemble stands where a
    backbone stands. The derived descriptors of the run follow the models that they are derived
    from.
    """

    def paths(wildcards):
        of_archive = path.replace("{archive}", wildcards.archive)
        return [
            of_archive.replace("{backbone}", backbone).replace("{model}", model)
            for backbone, native in models_on(wildcards.archive)
            for model in [native] * selects_native()
            + (derived_models(backbone, native) if wildcards.archive in config["archives"] else [])
        ]

    return paths


def models_on(archive):
    """Return the backbones of the run with their models on an archive, transferred ones included.

    For a search across archives, these are the models of either archive; descriptors that are
    fitted to an archive cannot be compared with those of another.
    """
    crossed = re.fullmatch(CROSSED, archive)
    if crossed:
        return [
            (backbone, name)
            for backbone, model in native_models()
            if backbone in networks()
            for name in (
                [model]
                if model == OFF_THE_SHELF
                else [f"{model}-from-{source}" for source in crossed.groups()]
            )
        ]
    sources = [entry["from"] for entry in config["run"]["transfer"] if entry["to"] == archive]
    transferred = [
        (backbone, f"{model}-from-{source}")
        for source in sources
        for backbone, model in native_models()
        if model != OFF_THE_SHELF and backbone in networks()
    ]
    return sorted(
        native_models() + transferred, key=lambda pair: config["run"]["backbones"].index(pair[0])
    )


def native_models():
    """Return the backbones of the run with their models, without derived descriptors."""
    run = config["run"]
    labelings = [name for name in run["labelings"] if name != OFF_THE_SHELF]
    trained = expand("{labeling}-seed{seed}", labeling=labelings, seed=run["seeds"])
    return [
        (backbone, model)
        for backbone in run["backbones"]
        for model in (
            ensemble_models(backbone)
            if backbone in config["ensembles"]
            else [OFF_THE_SHELF, *(trained if backbone in networks() else [])]
        )
    ]


def of_all_models(path):
    """Return a function for `input` that fills in a path for each archive of the run and its models."""

    def paths(_wildcards):
        archives = [SimpleNamespace(archive=name) for name in config["run"]["archives"]]
        return [file for archive in archives for file in of_the_run(path)(archive)]

    return paths


def of_all_archives(path):
    """Fill in `{archive}` of a path for each archive of the run."""
    return expand(path, archive=config["run"]["archives"])


def across_archives():
    """Return what compares the archives of the run, if there are several."""
    if len(config["run"]["archives"]) < 2:
        return []
    made = [f"tables/{name}.csv" for name in ("comparison", "contrasts", "ranks")]
    made += [f"tables/{name}" for name in ("summary.md", "index.html", "comparison.tex")]
    made += [f"figures/{name}.{ending}" for name in ACROSS_FIGURES for ending in ("png", "svg")]
    return [f"results/{ACROSS}/{file}" for file in made]


def tables(archive):
    """Return the tables of an archive that belong to the run."""
    made = [f"{table}.csv" for table in TABLES] + ["summary.md", "index.html", "comparison.tex"]
    if is_thesis(archive):
        made.append("thesis.csv")
    if config["retrieval"]["indexes"]:
        made.append("indexes.csv")
    if config.get("protocol") in MEASURED:
        made.append("published.csv")
    if config["evaluation"]["label_transfer"]:
        made.append("label_transfer.csv")
    return expand("results/{archive}/tables/{table}", archive=archive, table=made)


def crossed_tables():
    """Return the tables of the searches across archives of the run."""
    searches = [
        f"across/{entry['queries']}-in-{entry['database']}" for entry in config["run"]["cross"]
    ]
    made = [*(f"{table}.csv" for table in TABLES), "summary.md", "index.html"]
    return expand("results/{archive}/tables/{table}", archive=searches, table=made)


def table(name):
    """Return a table as an output that the report offers with its caption."""
    return report(
        f"results/{{archive}}/tables/{name}.csv",
        caption="../report/table.rst",
        category="Tables",
        labels={"archive": "{archive}", "table": f"{name}.csv"},
    )


def figures(archive):
    """Return the figures of an archive that belong to the run."""
    made = [*FIGURES, *(["thesis"] if is_thesis(archive) else [])]
    made += ["indexes"] if config["retrieval"]["indexes"] else []
    made += ["noise"] if noise_lines() else []
    return expand(
        "results/{archive}/figures/{figure}.{ending}",
        archive=archive,
        figure=made,
        ending=("png", "svg"),
    )


def figure(name):
    """Return a figure as an output that the report shows with its caption."""
    return report(
        f"results/{{archive}}/figures/{name}.png",
        caption=f"../report/{name}.rst",
        category="Figures",
        labels={"archive": "{archive}", "figure": name},
    )


def audits(archive):
    """Return the findings on an archive and, if findings may stop the run, that they do not."""
    made = [
        "audit.csv",
        "audit.html",
        *(["audit_passed.txt"] if "fail_on" in config["audit"] else []),
    ]
    return expand("results/{archive}/{file}", archive=archive, file=made)


def noise_lines():
    """Return the labelings of the run that differ in the rate of their noise alone.

    They are the rates by labeling, of each labeling and kind of noise.
    """
    entries = {name: config["labelings"].get(name, {}) for name in config["run"]["labelings"]}
    lines = {}
    for name, entry in entries.items():
        if "noise" in entry:
            rest = {key: value for key, value in entry.items() if key != "noise"}
            noise = entry["noise"]
            clean = [other for other, one in entries.items() if one == rest]
            title = f"{clean[0] if clean else entry['kind']}, {noise['kind']}, seed {noise['seed']}"
            lines.setdefault(title, dict.fromkeys(clean, 0))[name] = noise["rate"]
    return {title: rates for title, rates in lines.items() if len(rates) > 1}


def learning_curves():
    """Return the learning curve of each fine-tuning of the run."""
    return [
        f"results/{{archive}}/models/{backbone}/{model}.csv"
        for backbone, model in native_models()
        if model != OFF_THE_SHELF and backbone in networks()
    ]


def mapped_descriptors():
    """Return the pooled features of the run, off the shelf and of the first seed."""
    run = config["run"]
    trained = [
        f"{labeling}-seed{run['seeds'][0]}"
        for labeling in run["labelings"]
        if labeling != OFF_THE_SHELF
    ]
    return [
        f"results/{{archive}}/descriptors/{backbone}/{model}.h5"
        for backbone in run["backbones"]
        if backbone in [*networks(), *imported()]
        for model in [OFF_THE_SHELF, *(trained if backbone in networks() else [])]
    ]


def audited_descriptors():
    """Return the off-the-shelf descriptors of the first network of the run, if it has any."""
    return mapped_descriptors()[:1]


def is_thesis(archive):
    """Return whether archive, split and retrieval are those of the thesis."""
    retrieval = config["retrieval"]
    return (
        config["archives"][archive]["kind"] == "ucmerced"
        and config["split"]["method"] == "leading"
        and (retrieval["database"], retrieval["queries"]) == ("test", "test")
        and 20 in retrieval["cutoffs"]
    )
