"""jinja2, set up so that a template cannot forget to escape: whatever it writes is escaped unless a filter has done so for its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import BaseLoader, DictLoader, Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

__all__ = ["DictLoader", "Markup", "template"]


def template(
    name: str,
    escape: Callable[[str], str] | None,
    filters: Mapping[str, Callable[..., Any]],
    loader: BaseLoader | None = None,
) -> Template:
    """A template of this package. escape: for prose that no filter has escaped; None escapes for HTML."""

    def finalize(value: Any) -> Any:
        if isinstance(value, Markup) or escape is None:
            return value
        return Markup(escape(str(value)))

    # autoescape is for HTML; for another language finalize does the same job.
    environment = Environment(
        loader=loader or PackageLoader("modelinfra.review.render"),
        autoescape=escape is None,
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=False,
        keep_trailing_newline=True,
    )
    environment.filters.update(filters)
    return environment.get_template(name)
