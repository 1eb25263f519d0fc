# Derived descriptors and ensembles: which the run selects, what they are computed from, and how they
# are compared.

import re
from pathlib import Path

COMPARISON = ("similarity", "query_expansion", "database_augmentation")
"""The keys of a definition that say how vectors are compared, not how they are computed."""

LABEL_PROBABILITIES = ("multi_label", "independent", "joint", "similarity")
"""The kinds of labelings whose `output` has probabilities of labels."""


def selects_native():
    """Return whether the run compares anything that backbones give."""
    return any(name in NATIVE for name in config["run"]["descriptors"])


def derived_models(backbone, model):
    """Return the derived descriptors of a model in the run; handcrafted ones have none."""
    if backbone in handcrafted():
        return []
    return [
        f"{model}+{name}"
        for name in config["run"]["descriptors"]
        if name in config["descriptors"] and not lacks(backbone, model, name)
    ]


def lacks(backbone, model, descriptor):
    """Return what a model lacks that a derived descriptor is computed from; nothing if none.

    What a backbone off the shelf gives is known to its job alone.
    """
    sources = {descriptor, *further_sources(descriptor)}
    labeling = re.sub("-seed.*", "", model)
    if backbone in config["ensembles"]:
        given = {"joined", *["output"] * averages_outputs(backbone), *config["descriptors"]}
        if missing := sources - given:
            return min(missing)
        labeling = parts_of(backbone)[0][1]
    settings = config["labelings"].get(labeling, {})
    kind = settings.get("kind")
    if is_soft(descriptor) and (
        kind not in LABEL_PROBABILITIES
        or (kind == "similarity" and not settings.get("weights", {}).get("labels", 1))
    ):
        return "probabilities of labels"
    if "joined" in sources and backbone not in config["ensembles"]:
        return "joined"
    if "embedding" in sources and kind != "similarity":
        return "embedding"
    if "projection" in sources and labeling != OFF_THE_SHELF:
        return "projection"
    return None


def models_of_labels(wildcards):
    """Return the model whose probabilities of labels a derived descriptor is, if it is."""
    if not is_soft(wildcards.descriptor):
        return []
    if wildcards.backbone not in config["ensembles"]:
        return tuned(wildcards)
    backbone, labeling, _ = parts_of(wildcards.backbone)[0]
    seed = seeds_of(wildcards.model)[0]
    return [f"results/{wildcards.archive}/models/{backbone}/{labeling}-seed{seed}.safetensors"]


def searched_descriptors(wildcards):
    """Return what is searched in a file: a derived descriptor, or those of the run."""
    derived = derived_name(wildcards)
    return (
        [derived] if derived else [name for name in config["run"]["descriptors"] if name in NATIVE]
    )


def compared_by_cosine(path):
    """Return what `of_the_run` does, without descriptors of other similarities or expansions."""
    others = {
        name
        for name, entry in config["descriptors"].items()
        if entry.get("similarity", "cosine") != "cosine" or {*COMPARISON[1:]} & {*entry}
    }
    files = of_the_run(path)

    def paths(wildcards):
        return [
            file for file in files(wildcards) if Path(file).stem.partition("+")[2] not in others
        ]

    return paths


def derivation(wildcards):
    """Return the definitions of a derived descriptor and of those that it is derived from."""
    used = [wildcards.descriptor, *further_sources(wildcards.descriptor)]
    return {
        name: {
            key: value
            for key, value in config["descriptors"][name].items()
            if key not in COMPARISON
        }
        for name in sorted({*used} - {*NATIVE})
    }


def derived_name(wildcards):
    """Return the name of the derived descriptor of a model, empty for another model."""
    return wildcards.model.partition("+")[2]


def similarity(descriptor):
    """Return the similarity by which a descriptor is compared."""
    return config["descriptors"].get(descriptor, {}).get("similarity", "cosine")


def expansion(descriptor):
    """Return the numbers of neighbours by which vectors are averaged; none if they are not."""
    entry = config["descriptors"].get(descriptor, {})
    augmentation, query = (entry.get(key, {}) for key in reversed(COMPARISON[1:]))
    if not augmentation and not query:
        return None
    return {
        "augmentation": augmentation.get("neighbours", 0),
        "neighbours": query.get("neighbours", 0),
        "alpha": query.get("alpha", 3),
    }


def files_of_query(wildcards):
    """Return what describes a query image as a model does: weights, data types, fine-tuned parts,
    or visual words.

    For an ensemble also the descriptors of its members, which say how they are made.
    """
    model = wildcards.model.partition("+")[0]
    if wildcards.backbone in config["ensembles"]:
        files = []
        for path, _ in ensemble_members(wildcards.backbone, model):
            path = Path(path.format(archive=wildcards.archive))
            member = {"backbone": path.parent.name, "model": path.name.removesuffix(".h5")}
            files += [str(path), *files_of_query(with_values(wildcards, member))]
        return sorted({*files})
    if wildcards.backbone not in networks():
        return visual_words(wildcards)
    native = with_values(wildcards, {"model": model})
    return receipt(native) + precision_record(native) + tuned(native)


def with_values(wildcards, values):
    """Return wildcards with other values for some of them."""
    return type(wildcards)(fromdict={**dict(wildcards.items()), **values})


def parts_of(ensemble):
    """Return backbone, labeling and descriptor of each member."""
    return [re.split("[/]", member) for member in config["ensembles"][ensemble]["members"]]


def is_over_seeds(ensemble):
    """Return whether the seeds of the run are members."""
    return config["ensembles"][ensemble].get("over") == "seeds"


def ensemble_models(ensemble):
    """Return the models of an ensemble: one, or one for each seed."""
    if all(labeling == OFF_THE_SHELF for _, labeling, _ in parts_of(ensemble)):
        return [OFF_THE_SHELF]
    if is_over_seeds(ensemble):
        return [ENSEMBLE]
    return [f"{ENSEMBLE}-seed{seed}" for seed in config["run"]["seeds"]]


def seeds_of(model):
    """Return the seeds of the members of an ensemble."""
    return re.findall("-seed([0-9]+)", model) or config["run"]["seeds"]


def ensemble_members(ensemble, model):
    """Return the descriptor file of each member and the descriptor in it."""
    members = []
    for backbone, labeling, descriptor in parts_of(ensemble):
        suffix = f"+{descriptor}" if descriptor in config["descriptors"] else ""
        models = [f"{labeling}-seed{seed}" for seed in seeds_of(model)]
        for name in [OFF_THE_SHELF] if labeling == OFF_THE_SHELF else models:
            path = f"results/{{archive}}/descriptors/{backbone}/{name}{suffix}.h5"
            members.append((path, descriptor))
    return members


def averages_outputs(ensemble):
    """Return whether the members give probabilities of the same classes or labels."""
    return len(
        {(labeling, descriptor) for _, labeling, descriptor in parts_of(ensemble)}
    ) == 1 and (parts_of(ensemble)[0][2] == "output")
