# Where the configuration comes from: the files that are merged, the entries that replace others of
# their name, and the file and line of a key.

import json
import os
from pathlib import Path

import yaml
from snakemake.utils import update_config

# section, the key that makes an entry another one, and its default
DISCRIMINATORS = (
    ("archives", "kind", None),
    ("backbones", "library", "torchvision"),
    ("labelings", "kind", None),
)

PATHS = {"archives": ("root", "labels"), "backbones": ("weights", "path"), "split": ("file",)}


def config_sources():
    """Return name, content and YAML tree of each part of the configuration, the strongest last."""
    overriding = [str(file) for file in workflow.overwrite_configfiles]
    files = [str(file) for file in workflow.configfiles if str(file) not in overriding] + overriding
    sources = []
    for file in files:
        text = Path(file).read_text(encoding="utf-8")
        is_yaml = Path(file).suffix in (".yaml", ".yml")
        content = yaml.safe_load(text) if is_yaml else json.loads(text)
        tree = yaml.compose(text) if is_yaml else None
        sources.append((os.path.relpath(file), content or {}, tree))
    return [*sources, ("--config", workflow.config_settings.config, None)]


def replace_entries():
    """Let an entry of another kind or library replace the one of its name.

    Merged, an archive called `sample` of kind `table` would keep keys of a synthetic one.
    """
    for section, key, default in DISCRIMINATORS:
        entries, replaced = {}, set()
        for _, content, _ in CONFIG_SOURCES:
            parts = content.get(section)
            for name, part in parts.items() if isinstance(parts, dict) else ():
                if not isinstance(part, dict):
                    continue
                before = entries.setdefault(name, {})
                known = before.get(key, default)
                if before and part.get(key, known) != known:
                    before.clear()
                    replaced.add(name)
                update_config(before, part)
        if replaced and isinstance(config.get(section), dict):
            config[section].update({name: entries[name] for name in replaced})


def expand_paths():
    """Expand `~` and `$VAR` in the paths of the configuration."""
    entries = [
        (entry, keys)
        for section, keys in PATHS.items()
        for entry in ([config[section]] if section == "split" else config[section].values())
    ]
    for entry, keys in [*entries, (config["queries"], tuple(config["queries"]))]:
        for key in keys:
            if isinstance(entry.get(key), str):
                entry[key] = os.path.expandvars(os.path.expanduser(entry[key]))


def origin(*path):
    """Return the file and line of a key, in brackets; nothing for a default of the schema."""
    for length in range(len(path), 0, -1):
        for name, content, tree in reversed(CONFIG_SOURCES):
            if has_key(content, path[:length]):
                return f" ({name}, line {line_of(tree, path[:length])})" if tree else f" ({name})"
    return ""


def has_key(content, path):
    for part in path:
        if isinstance(content, dict) and part in content:
            content = content[part]
        elif isinstance(content, list) and isinstance(part, int) and part < len(content):
            content = content[part]
        else:
            return False
    return True


def line_of(node, path):
    """Return the line of a key in a YAML tree, or of the last of its parents there."""
    line = 1
    for part in path:
        if isinstance(node, yaml.MappingNode):
            pairs = {
                (yaml.safe_load(key.value) if key.style is None else key.value): (key, value)
                for key, value in node.value
            }
        elif isinstance(node, yaml.SequenceNode):
            pairs = {index: (value, value) for index, value in enumerate(node.value)}
        else:
            pairs = {}
        if part not in pairs:
            break
        key, node = pairs[part]
        line = key.start_mark.line + 1
    return line


CONFIG_SOURCES = config_sources()
