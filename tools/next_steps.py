"""What `make up` says last."""

from __future__ import annotations

from rich.console import Console

Console(soft_wrap=True, highlight=False).print(
    """
[bold]What to do next[/bold]
  edit stacks/Pulumi.sandbox.yaml (docs/reference.md says what may stand there) and run `make up` again
  `.venv/bin/modelinfra preview dev` shows what stacks/Pulumi.dev.yaml becomes; `pulumi up -s dev` deploys it to AWS
  `make down` removes what was deployed here"""
)
