"""Reads the environment out of a stack file, with errors that name line and remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from modelinfra.options.problems import InvalidOptionsError, Problem

KEY = "modelinfra:environment"


def read_environment(path: Path) -> dict[str, Any]:
    """What stands below `config` -> `modelinfra:environment`.

    Raises InvalidOptionsError when the file cannot be read, is no YAML, repeats a key, or has no environment.
    """
    document = _document(path)
    config = document.get("config")
    if not isinstance(config, dict):
        raise _invalid(
            path, Problem("config", "this is required, as a mapping", f"Write `config:` and below it `{KEY}:`.", config)
        )
    environment = config.get(KEY)
    if not isinstance(environment, dict):
        near = next((str(key) for key in config if str(key).endswith("environment")), None)
        remedy = f"Spell `{near}` as `{KEY}`." if near and near != KEY else f"Write the environment below `{KEY}:`."
        raise _invalid(path, Problem(KEY, "this is required, as a mapping", remedy, environment))
    return environment


class _StrictLoader(yaml.SafeLoader):
    """A loader that refuses a key that stands twice: YAML keeps the last one, and the first is lost without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, (list, dict)):
                raise yaml.constructor.ConstructorError(None, None, "a key must be text", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key '{key}' stands here a second time", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def _document(path: Path) -> dict[str, Any]:
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), _StrictLoader)
    except OSError as error:
        raise _invalid(
            path,
            Problem(
                "", f"the file cannot be read ({error.strerror})", "Name a stack file, stacks/Pulumi.<stack>.yaml."
            ),
        ) from None
    except UnicodeDecodeError:
        raise _invalid(path, Problem("", "the file is not UTF-8 text", "Save it as UTF-8.")) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise _invalid(path, Problem("", f"this is not YAML: {_where(error)}", "Mend that line.")) from None
    if not isinstance(document, dict):
        raise _invalid(path, Problem("", "a mapping is expected", f"Write `config:` and below it `{KEY}:`.", document))
    return document


def _where(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}" if mark else str(problem)


def _invalid(path: Path, problem: Problem) -> InvalidOptionsError:
    return InvalidOptionsError([problem], str(path))
