"""Reads the environment out of a stack file, with errors that name line and remedy."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import yaml

from modelinfra.options.problems import NOTHING, InvalidOptionsError, Problem
from modelinfra.stackfile.loader import NotAccepted, StrictLoader

KEY = "modelinfra:environment"

_REQUIRED = "this is required, as a mapping"


def read_environment(path: Path) -> dict[str, Any]:
    """What stands below `config` -> `modelinfra:environment`.

    Raises InvalidOptionsError when the file cannot be read, is no YAML, repeats a key, or has no environment.
    """
    document = _document(path)
    config = document.get("config")
    if not isinstance(config, dict):
        remedy = f"Write `config:` and below it `{KEY}:`."
        raise _invalid(path, Problem("config", _REQUIRED, remedy, document.get("config", NOTHING)))
    environment = config.get(KEY)
    if not isinstance(environment, dict):
        remedy = f"Write the environment below `{KEY}:`."
        if KEY not in config:
            near = next((each for each in map(str, config) if _resembles(each)), None)
            remedy = f"Spell `{near}` as `{KEY}`." if near else remedy
        raise _invalid(path, Problem(KEY, _REQUIRED, remedy, config.get(KEY, NOTHING)))
    return environment


def _resembles(key: str) -> bool:
    return bool(difflib.get_close_matches(key, [KEY], cutoff=0.8)) or key.endswith("environment")


def _document(path: Path) -> dict[str, Any]:
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), StrictLoader)
    except OSError as error:
        raise _invalid(
            path,
            Problem(
                "", f"the file cannot be read ({error.strerror})", "Name a stack file, stacks/Pulumi.<stack>.yaml."
            ),
        ) from None
    except UnicodeDecodeError:
        raise _invalid(path, Problem("", "this is not UTF-8 text", "Save it as UTF-8.")) from None
    except NotAccepted as error:
        raise _invalid(path, Problem("", _where(error), error.remedy)) from None
    except RecursionError:
        raise _invalid(path, Problem("", "this is nested too deeply", "Write it flatter.")) from None
    except ValueError as error:  # a date that there is not, a number beyond what Python reads
        raise _invalid(path, Problem("", f"a value cannot be read: {error}", "Put it in quotes.")) from None
    except yaml.YAMLError as error:
        raise _invalid(path, Problem("", f"this is not YAML: {_where(error)}", "Mend that line.")) from None
    if not isinstance(document, dict):
        given = NOTHING if document is None else document
        raise _invalid(path, Problem("", "a mapping is expected", f"Write `config:` and below it `{KEY}:`.", given))
    return document


def _where(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}" if mark else str(problem)


def _invalid(path: Path, problem: Problem) -> InvalidOptionsError:
    return InvalidOptionsError([problem], str(path))
