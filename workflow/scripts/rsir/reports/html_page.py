"""Self-contained HTML pages."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def rendered(template: Path, **values: Any) -> str:
    """Render a template, which may include files of its folder; every value is escaped.

    Raises
    ------
    jinja2.TemplateError
        If the template cannot be rendered.
    """
    environment = Environment(
        loader=FileSystemLoader(template.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template.name).render(values)
