# The files of archives: what their tables are read from, in folders or in one file.


def archive_source(wildcards):
    """Return the files that the table of an archive is read from, apart from its images."""
    archive = config["archives"][wildcards.archive]
    key = f"archives.{wildcards.archive}"
    facts = archive_facts(wildcards)
    if "root" not in archive:
        return rules.synthetic.output
    one_file = container_of(archive["root"])
    if archive.get("download"):
        if one_file:
            sys.exit(
                f"config: {key}.download: {one_file} is a file, which nothing is downloaded to; "
                "remove download, or name a folder as root"
            )
        if not facts["files"]:
            sys.exit(
                f"config: {key}.download: {facts['title']} cannot be downloaded; {facts['get']}"
            )
        return rules.download.output
    root = archive["root"]
    own = archive.get("labels")
    sources = [existing(one_file or root, f"{key}.root", facts["get"])]
    if isinstance(own, str):
        labels = existing(container_of(own) or own, f"{key}.labels")
        return [labels, *(source for source in sources if one_file not in (None, labels))]
    if one_file:
        return sources
    tables, lists = (
        [str(path) for pattern in facts[part] for path in sorted(Path(root).glob(pattern))]
        for part in ("tables", "optional")
    )
    if facts["tables"] and not tables:
        sys.exit(f"config: {key}.root: {root} has no {facts['tables'][0]}; {facts['get']}")
    return [existing(path, f"{key}.root") for path in tables + lists]


def label_files(wildcards):
    """Return the files of `archive_source`, without the archive itself if it is one file."""
    sources = archive_source(wildcards)
    sources = [sources] if isinstance(sources, str) else sources
    return [file for file in sources if file != container_of(archive_root(wildcards))]


def container_of(path):
    """Return the file that a path is or leads into, such as the zip of `tiles.zip/forest`, if any."""
    return next((str(one) for one in (Path(path), *Path(path).parents) if one.is_file()), None)


def container_state(wildcards):
    """Return size and time of an archive in one file, which may be too large for a digest."""
    one_file = container_of(archive_root(wildcards))
    state = os.stat(one_file) if one_file else None
    return [state.st_size, state.st_mtime_ns] if state else []
