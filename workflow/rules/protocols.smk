# Published protocols: what each sets in the configuration.

import sys
from pathlib import Path

import yaml

PROTOCOLS = {
    "thesis": {
        "split": {"method": "leading", "test_fraction": 0.4, "validation_fraction": 0},
        "retrieval": {"cutoffs": [20], "queries": "test", "database": "test"},
    },
    # A random fifth of the images that are held out are queries, the others are the database.
    "oml2021": {
        "split": {"method": "stratified", "test_fraction": 0.32, "validation_fraction": 0.08},
        "retrieval": {
            "cutoffs": [20, 40, 60, 80, 100],
            "queries": "validation",
            "database": "test",
        },
    },
    "ibm2024": {
        "split": {"method": "stratified", "test_fraction": 0.4, "validation_fraction": 0.2},
        "retrieval": {"cutoffs": [20], "queries": "validation", "database": "test"},
    },
    "single_label": {
        "retrieval": {"cutoffs": [5, 10, 50, 100], "queries": "test", "database": "test"},
    },
}
MEASURED = ("oml2021", "ibm2024", "single_label")
"""Protocols with metrics of their own."""


def measured_protocol(wildcards):
    """Return the protocol whose metrics an archive is scored by, if it has any of its own."""
    is_measured = config.get("protocol") in MEASURED and wildcards.archive in config["archives"]
    return config["protocol"] if is_measured else None


def apply_protocol():
    """Set what the protocol of the configuration sets; refuse what differs from it and the default."""
    protocol = config.get("protocol")
    schema = Path(workflow.basedir, "workflow", "schemas", "config.schema.yaml")
    sections = yaml.safe_load(schema.read_text(encoding="utf-8"))["properties"]
    for section, settings in PROTOCOLS.get(str(protocol), {}).items():
        for key, value in settings.items():
            default = sections[section]["properties"][key]["default"]
            own = config.setdefault(section, {}).get(key, default)
            if own not in (value, default):
                sys.exit(
                    f"config: {section}.{key}: is {own}{origin(section, key)}, but the protocol "
                    f"{protocol} sets {value}; remove the key or the protocol"
                )
            config[section][key] = value
