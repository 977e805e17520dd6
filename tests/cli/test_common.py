"""What every command prints with."""

from __future__ import annotations

import pytest

from modelinfra.cli.common import console


def test_what_stands_between_colons_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    arn = "arn:aws:secretsmanager:us-west-2:123456789012:secret:client-AbCdEf"
    console(stderr=False).print(arn)
    assert capsys.readouterr().out.strip() == arn
