# Derived descriptors: which the run selects, and what they are computed from.


def selects_native():
    """Return whether the run compares anything that backbones give."""
    return any(name in NATIVE for name in config["run"]["descriptors"])


def derived_models(backbone, model):
    """Return the derived descriptors of a model in the run; handcrafted ones have none."""
    if backbone in handcrafted():
        return []
    return [
        f"{model}+{name}" for name in config["run"]["descriptors"] if name in config["descriptors"]
    ]


def searched_descriptors(wildcards):
    """Return what is searched in a file: a derived descriptor, or those of the run."""
    _, _, derived = wildcards.model.partition("+")
    return (
        [derived] if derived else [name for name in config["run"]["descriptors"] if name in NATIVE]
    )


def derivation(wildcards):
    """Return the definitions of a derived descriptor and of those that it is derived from."""
    used = [wildcards.descriptor, *further_sources(wildcards.descriptor)]
    return {name: config["descriptors"][name] for name in sorted({*used} - {*NATIVE})}
