"""The table of config keys in config/README.md, rendered from the schema.

python tests/workflow/config_table.py     prints it, to be put between the table's two markers
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from project import ROOT

SCHEMA = ROOT / "workflow" / "schemas" / "config.schema.yaml"

SAME_KEYS = {"labelings.<name>.finetuning": "finetuning"}
"""Mappings with the keys of another one, which are described there alone."""

TYPES = {"object": "mapping", "string": "text"}
BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


@dataclass(frozen=True)
class Key:
    """A key that the schema knows."""

    path: str
    schema: dict[str, Any]
    required: bool

    @property
    def type(self) -> str:
        return described_type(self.schema)

    @property
    def default(self) -> str:
        if self.required:
            return "required"
        default = self.schema.get("default")
        return "none" if default is None else f"`{yaml_text(default)}`"

    @property
    def meaning(self) -> str:
        return str(self.schema.get("description", ""))


def described_type(schema: dict[str, Any]) -> str:
    """Return what a value may be, in words."""
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "type" not in schema:
        return " or ".join(map(described_type, schema.get("anyOf") or schema["oneOf"]))
    if isinstance(schema["type"], list):
        return " or ".join(TYPES.get(name, name) for name in schema["type"])
    if schema["type"] == "array":
        return f"list of: {described_type(schema['items'])}" if "items" in schema else "list"
    bounds = [f"{sign} {schema[word]}" for word, sign in BOUNDS.items() if word in schema]
    return f"{TYPES.get(schema['type'], schema['type'])} {' and '.join(bounds)}".strip()


def yaml_text(value: Any) -> str:
    """Return a value as it is written in a config file."""
    return yaml.safe_dump(value, default_flow_style=True).removesuffix("\n...\n").strip()


def read_keys() -> list[Key]:
    """Read all keys of the schema, in its order."""
    schema = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    return list(keys_below(schema, "", schema["$defs"]))


def keys_below(schema: dict[str, Any], path: str, definitions: dict[str, Any]) -> Iterator[Key]:
    """Yield the keys of a mapping, each followed by those below it."""
    if path in SAME_KEYS:
        return
    for name, own in schema.get("properties", {}).items():
        key = f"{path}.{name}".removeprefix(".")
        value = resolved(own, definitions)
        yield Key(key, value, name in schema.get("required", []))
        yield from keys_below(value, key, definitions)
    if isinstance(named := schema.get("additionalProperties"), dict):
        yield from keys_below(resolved(named, definitions), f"{path}.<name>", definitions)
    for case in schema.get("allOf", []):  # the keys that not all kinds have
        for branch in (case[word] for word in ("else", "then") if word in case):
            own = {name: value for name, value in branch["properties"].items() if value}
            yield from keys_below({**branch, "properties": own}, path, definitions)


def resolved(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Put what a schema refers to in its place; its own words win."""
    own = dict(schema)
    parts = [part for part in own.get("allOf", []) if "$ref" in part]
    if parts:
        del own["allOf"]
    if "$ref" in own:
        parts.append({"$ref": own.pop("$ref")})
    whole: dict[str, Any] = {}
    for part in parts:
        whole = merged(whole, definitions[part["$ref"].rpartition("/")[2]])
    return merged(whole, own)


def merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Merge two mappings, and the mappings in them; the second wins."""
    both = {**one, **other}
    for key in one.keys() & other.keys():
        if isinstance(one[key], dict) and isinstance(other[key], dict):
            both[key] = merged(one[key], other[key])
    return both


def render(keys: list[Key]) -> str:
    """Return the table in Markdown; a key that several kinds share has one row."""
    lines = [f"| `{key.path}` | {key.type} | {key.default} | {key.meaning} |" for key in keys]
    rows = dict.fromkeys(lines)
    return "\n".join(["| Key | Type | Default | Meaning |", "|---|---|---|---|", *rows])


if __name__ == "__main__":
    sys.stdout.write(f"{render(read_keys())}\n")
