"""Every judge, cheap ones first."""

from __future__ import annotations

from tests.judges.case import Judge
from tests.judges.checkov import Checkov
from tests.judges.linters import CfnLint, Parliament
from tests.judges.own import REACHABILITY, TABLE
from tests.judges.terraform import Terraform

JUDGES: tuple[Judge, ...] = (TABLE, REACHABILITY, Parliament(), CfnLint(), Terraform(), Checkov())
