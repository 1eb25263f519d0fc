# Models of other archives, and searches across archives: which files they are made of.

import re


def trained_model(wildcards):
    """Return the name of the fine-tuned model and the archive that it is of, this one or another."""
    transferred = re.fullmatch(TRANSFERRED, wildcards.model)
    own = wildcards.model, wildcards.get("archive")
    return transferred.groups() if transferred else own


def source_file(file):
    """Return a function for `input`: a result of the archive that a transferred model is of."""

    def path(wildcards):
        _, source = trained_model(wildcards)
        if source == wildcards.archive:
            return []
        return [f"results/{source}/{file}".replace("{backbone}", wildcards.backbone)]

    return path


def searched_subset(wildcards):
    """Return the subset that is the database."""
    return config["retrieval"]["database"] if wildcards.archive in config["archives"] else "train"


def query_subset(wildcards):
    """Return the subset that the queries are of."""
    return config["retrieval"]["queries"] if wildcards.archive in config["archives"] else "test"


def sides(wildcards):
    """Return the archive of the queries and that of the database."""
    return list(re.fullmatch(CROSSED, wildcards.archive).groups())


def of_both_sides(file):
    """Return a function for `input`: a result of the archives of queries and of the database."""
    return lambda wildcards: [f"results/{archive}/{file}" for archive in sides(wildcards)]


def crossed_descriptors(wildcards):
    """Return the descriptors of both archives by one model: a model is one of the archive it is of."""
    model, source = trained_model(wildcards)
    return [
        f"results/{archive}/descriptors/{wildcards.backbone}/"
        f"{model if archive == source else wildcards.model}.h5"
        for archive in sides(wildcards)
    ]
