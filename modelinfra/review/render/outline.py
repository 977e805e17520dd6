"""What every format says of a review or of an environment, as data of text and numbers only; `json.py` writes exactly this.

Nothing in it is secret: values are written as words before they come here (`modelinfra.review.render.words`).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator
from pydantic.alias_generators import to_camel

from modelinfra.review.finding import Kind, Severity
from modelinfra.review.render.lines import one_line

Text = Annotated[str, AfterValidator(one_line)]
"""One line, whoever wrote it."""

Mark = Literal["same", "create", "update", "replace", "delete"]
"""What happens to a resource; `same` where nothing does."""

MARKS: tuple[Mark, ...] = ("delete", "replace", "update", "create", "same")
"""What a reader should see first comes first."""

MARK_WORDS: dict[Mark, str] = {
    "same": "unchanged",
    "create": "created",
    "update": "updated",
    "replace": "replaced",
    "delete": "deleted",
}

Layer = Literal["clients", "edge", "network", "public", "private", "endpoints", "data"]

LAYERS: dict[Layer, str] = {
    "clients": "Clients",
    "edge": "Edge and load balancers",
    "network": "Network",
    "public": "Public subnets",
    "private": "Private subnets",
    "endpoints": "Endpoints and services",
    "data": "Data: images, logs, keys, stores",
}
"""From the client's side to the data: the order in which the picture is drawn."""


class Data(BaseModel):
    """Immutable, and strict towards what is read back: a wrong type or an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, alias_generator=to_camel, populate_by_name=True)


class Property(Data):
    """One property that changes. before, after: as text, empty where there was or is nothing.

    follows: whether it only takes the new identity of a resource that is replaced.
    """

    path: Text
    before: Text = ""
    after: Text = ""
    replaces: bool = False
    follows: bool = False


class Resource(Data):
    """One resource. component: URN of the component that it belongs to, empty for none. because: URNs of the replaced ones behind it.

    quiet: whether nothing but tags and hashes changes.
    """

    urn: Text
    name: Text
    type: Text
    component: Text = ""
    mark: Mark = "same"
    certainty: Literal["engine", "table", "unknown"] = "table"
    because: tuple[Text, ...] = ()
    properties: tuple[Property, ...] = ()
    quiet: bool = False

    @property
    def told(self) -> tuple[Property, ...]:
        """The properties without those that only follow from a replaced resource, which is named."""
        return tuple(each for each in self.properties if not (each.follows and self.because))

    @property
    def following(self) -> tuple[str, ...]:
        """The paths of those that only follow."""
        return tuple(each.path for each in self.properties if each.follows and self.because)


class Component(Data):
    """A component resource. parent: URN of the component around it, empty for none."""

    urn: Text
    name: Text
    type: Text
    parent: Text = ""


class Said(Data):
    """A finding of the review. text: what it means, a line or more. file, line: where it was written, from the top of the repository; empty and 0 where nobody knows."""

    severity: Severity
    kind: Kind
    urn: Text
    title: Text
    text: tuple[Text, ...] = ()
    remedy: Text = ""
    file: Text = ""
    line: int = 0

    @property
    def place(self) -> str:
        """`stacks/Pulumi.prod.yaml:12`, or nothing."""
        return f"{self.file}:{self.line}" if self.file else ""

    @property
    def explained(self) -> str:
        """What it means and what to do, in one line; never empty."""
        return (
            " ".join((*self.text, f"Remedy: {self.remedy}" if self.remedy else "")).strip() or self.title or self.kind
        )


class Amount(Data):
    """USD a month, at the least and at the most of what scales."""

    min: Decimal = Decimal(0)
    max: Decimal = Decimal(0)


class CostRow(Data):
    """What one component costs a month. before: None where there is nothing to compare with."""

    component: Text
    before: Amount | None = None
    after: Amount


class Cost(Data):
    """What the stack costs a month. as_of: day of the oldest price that was used."""

    before: Amount | None = None
    after: Amount
    rows: tuple[CostRow, ...] = ()
    as_of: Text = ""
    regions: tuple[Text, ...] = ()
    unknown: tuple[Text, ...] = ()
    not_counted: tuple[Text, ...] = ()


class Box(Data):
    """One thing in the picture. lines: what is said of it. zone: its availability zone's letter, where it has one."""

    id: Text
    layer: Layer
    title: Text
    lines: tuple[Text, ...] = ()
    zone: Text = ""
    mark: Mark = "same"


class Arrow(Data):
    """From one box to another. kind: `request` for the way in, `out` for the way out, `uses` for what a service reads and writes."""

    source: Text
    target: Text
    kind: Literal["request", "out", "uses"]
    label: Text = ""


class Picture(Data):
    """The architecture. undrawn: how many changed resources have no place in it."""

    boxes: tuple[Box, ...] = ()
    arrows: tuple[Arrow, ...] = ()
    undrawn: int = 0


class Figures(Data):
    """A table beside the findings: as many texts in each row as in the head."""

    title: Text
    head: tuple[Text, ...]
    rows: tuple[tuple[Text, ...], ...]
    notes: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _even(self) -> Figures:
        if not self.head or any(len(row) != len(self.head) for row in self.rows):
            raise ValueError("a row has another number of cells than the head")
        return self


class Outline(Data):
    """All of it. kind: a change between two states, or one environment.

    roll_back: how to undo it. touched: names of the endpoints that the change concerns. blast_radius: how many resources that stay stand
    on what changes. moved: URN of a created resource -> the deleted one that it was. tables: figures beside the findings. unchanged: how many resources stay as they are.
    """

    version: Literal[2] = 2
    kind: Literal["change", "environment"]
    project: Text
    stack: Text
    source: Literal["capture", "engine", "graph"]
    verdict: Text = ""
    roll_back: Text = ""
    touched: tuple[Text, ...] = ()
    blast_radius: int = 0
    findings: tuple[Said, ...] = ()
    cost: Cost | None = None
    tables: tuple[Figures, ...] = ()
    components: tuple[Component, ...] = ()
    resources: tuple[Resource, ...] = ()
    unchanged: int = 0
    moved: dict[Text, Text] = {}
    outputs: dict[Text, Text] = {}
    reachable: tuple[Text, ...] = ()
    unknowns: tuple[Text, ...] = ()
    warnings: tuple[Text, ...] = ()
    notes: tuple[Text, ...] = ()
    picture: Picture = Picture()

    def of(self, mark: Mark) -> tuple[Resource, ...]:
        """The resources to which one thing happens."""
        return tuple(each for each in self.resources if each.mark == mark)

    @property
    def told(self) -> tuple[Resource, ...]:
        """The resources without those in which nothing but tags and hashes changes."""
        return tuple(each for each in self.resources if not each.quiet)

    @property
    def quiet(self) -> int:
        """In how many resources nothing but tags and hashes changes."""
        return len(self.resources) - len(self.told)

    def successor(self, urn: str) -> str:
        """URN of the created resource that a deleted one comes back as, the same but for its name or place; empty for none."""
        return next((made for made, gone in self.moved.items() if gone == urn), "")
