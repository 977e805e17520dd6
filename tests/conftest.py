"""The summary of judges at the end of a run."""

from __future__ import annotations

from typing import Any

JUDGES = ("own table", "reachability", "parliament", "cfn-lint", "terraform provider", "checkov")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line for each judge, and one that counts them; nothing where no test of theirs was asked for."""
    said: dict[str, str] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            for key, text in getattr(report, "user_properties", ()):
                if key == "judge":
                    said[text.partition(":")[0]] = text
    if not said:
        return
    terminalreporter.section("judges")
    for name in JUDGES:
        terminalreporter.write_line(said.get(name, f"{name}: not asked in this run; `make judge` does"))
    run = [name for name, text in said.items() if "SKIPPED" not in text]
    terminalreporter.write_line(f"judges: {len(run)} run, {len(JUDGES) - len(run)} skipped")
