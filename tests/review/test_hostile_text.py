"""Names, values and messages are anybody's: whatever they hold, they are shown and do nothing."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from modelinfra.review.render import FORMATS, json, render_outline
from modelinfra.review.render.lines import one_line
from modelinfra.review.render.markdown import LIMIT
from modelinfra.review.render.outline import (
    LAYERS,
    Amount,
    Arrow,
    Box,
    Component,
    Cost,
    CostRow,
    Figures,
    Outline,
    Picture,
    Property,
    Resource,
    Said,
)

NASTY = (
    "</details>",
    "</summary>",
    "<script>alert(1)</script>",
    "</script>",
    "</style>",
    "</title>",
    "-->",
    "<!--",
    "<!-- modelinfra:other -->",
    "]]>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='x",
    "@everyone",
    "@org/team",
    "#123",
    "org/repo#1",
    "GH-12",
    "https://evil.example/x",
    "www.evil.example",
    "[click](https://evil.example)",
    "![x](//evil.example/x.png)",
    "[x]: //evil.example",
    "<https://evil.example>",
    "`",
    "``",
    "```",
    "~~~",
    "|",
    "\\|",
    "\\",
    "\n",
    "\r\n\r\n",
    "\u2028",
    "\u202e",
    "\x1b[31m",
    "\x00",
    "# head",
    "- list",
    "+ list",
    "1. list",
    "1) list",
    "> quote",
    "---",
    "===",
    "***",
    "**bold**",
    "_it_",
    "$x$",
    "&lt;b&gt;",
    "&#64;user",
    "{{ 7*7 }}",
    "{% raw %}",
    "%%{init: {}}%%",
    'x"]; click n0 call alert()',
    "end",
    "#quot;",
    "    code",
    "\t",
    "\ud800",
)
HOSTILE = st.lists(st.sampled_from(NASTY) | st.text(max_size=8), min_size=1, max_size=5).map("".join)
BENIGN = "x"


def outline_of(text: str) -> Outline:
    """An outline in which every text is the same."""
    urn = f"urn:pulumi:s::p::{text}::{text}"
    properties = (Property(path=text, before=text, after=text, replaces=True),)
    marks: tuple[Any, ...] = ("create", "update", "replace", "delete")
    return Outline(
        kind="change",
        project=text,
        stack=text,
        source="capture",
        verdict=text,
        roll_back=text,
        touched=(text,),
        blast_radius=1,
        findings=(
            Said(
                severity="high", kind="exposure", urn=urn, title=text, text=(text, text), remedy=text, file=text, line=3
            ),
        ),
        tables=(Figures(title=text, head=(text, text), rows=((text, text),), notes=(text,)),),
        cost=Cost(
            before=Amount(),
            after=Amount(),
            rows=(CostRow(component=text, before=Amount(), after=Amount()),),
            as_of="2026-01-01",
            regions=(text,),
            unknown=(text,),
            not_counted=(text,),
        ),
        components=(Component(urn=urn, name=text, type=text),),
        resources=tuple(
            Resource(urn=urn, name=text, type=text, component=urn, mark=mark, because=(urn,), properties=properties)
            for mark in marks
        ),
        moved={urn: urn},
        outputs={text: text},
        reachable=(text,),
        unknowns=(text,),
        warnings=(text,),
        notes=(text,),
        picture=Picture(
            boxes=(
                Box(id="a", layer="edge", title=text, lines=(text,), zone=text, mark="update"),
                Box(id="b", layer="endpoints", title=text, lines=(text,)),
            ),
            arrows=(Arrow(source="a", target="b", kind="request", label=text),),
        ),
    )


class _Skeleton(HTMLParser):
    """The tags, and the text outside of code."""

    def __init__(self, *, attributes: bool) -> None:
        super().__init__()
        self.tags: list[Any] = []
        self.text: list[str] = []
        self._attributes = attributes
        self._code = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._code += tag == "code"
        self.tags.append((tag, attrs if self._attributes else [name for name, _ in attrs]))

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag == "code"
        self.tags.append(f"/{tag}")

    def handle_comment(self, data: str) -> None:
        self.tags.append("comment")

    def handle_decl(self, decl: str) -> None:
        self.tags.append(decl)

    def unknown_decl(self, data: str) -> None:
        self.tags.append(data)

    def handle_data(self, data: str) -> None:
        if not self._code:
            self.text.append(data)


def skeleton(page: str, *, attributes: bool = True) -> _Skeleton:
    parser = _Skeleton(attributes=attributes)
    parser.feed(page)
    parser.close()
    return parser


def github(markdown: str) -> str:
    """Markdown as GitHub reads it, without the filters that come after."""
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(markdown)


def visible(text: str) -> bool:
    """Whether something is left when controls are taken out."""

    return bool(one_line(text))


several = settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])


@several
@given(HOSTILE.filter(visible))
@example("- ---")
@example("`a` | b")
@example("</details>\n\n# Approved\n\n<!-- modelinfra:x -->")
def test_nothing_breaks_out_of_the_comment(text: str) -> None:
    shown = skeleton(github(render_outline(outline_of(text), "markdown")))
    assert shown.tags == skeleton(github(render_outline(outline_of(BENIGN), "markdown"))).tags
    # A reference does not reach over a tag: `#<br>1` is none.
    outside = "\n".join(shown.text)
    assert not re.search(r"@\w|#\d|gh-\d|www\.|https?://", outside, re.IGNORECASE)


@pytest.mark.parametrize("text", ["@", "<", "|", "`|", "www.", "\\"])
def test_text_that_grows_by_escaping_stays_within_the_limit(text: str) -> None:
    one = outline_of(text * 3_000)
    cost = one.cost
    assert cost is not None
    many = one.model_copy(
        update={
            "findings": one.findings * 300,
            "resources": one.resources * 300,
            "cost": cost.model_copy(update={"rows": cost.rows * 300, "unknown": cost.unknown * 300}),
            "unknowns": one.unknowns * 300,
            "notes": one.notes * 300,
            "picture": Picture(
                boxes=tuple(
                    Box(id=f"{i}", layer=layer, title=text * 99, lines=(text * 99,) * 4)
                    for layer in LAYERS
                    for i in range(99)
                )
            ),
        }
    )
    comment = render_outline(many, "markdown")
    assert len(comment) <= LIMIT
    assert "more findings are left out here" in comment
    assert len(render_outline(many, "mermaid")) < 50_000


@several
@given(HOSTILE.filter(visible))
def test_nothing_breaks_out_of_the_page(text: str) -> None:
    page = render_outline(outline_of(text), "html")
    expected = skeleton(render_outline(outline_of(BENIGN), "html"), attributes=False)
    assert skeleton(page, attributes=False).tags == expected.tags
    assert page.count("<script>") == 1


@several
@given(HOSTILE.filter(visible))
def test_nothing_breaks_out_of_the_flowchart(text: str) -> None:
    def bare(chart: str) -> list[str]:
        return re.sub(r'"[^"\n]*"', '""', chart).splitlines()

    assert bare(render_outline(outline_of(text), "mermaid")) == bare(render_outline(outline_of(BENIGN), "mermaid"))


@several
@given(HOSTILE.filter(visible))
def test_nothing_but_lines_of_the_tree_reaches_a_terminal(text: str) -> None:
    tree = render_outline(outline_of(text), "tree")
    assert len(tree.splitlines()) == len(render_outline(outline_of(BENIGN), "tree").splitlines())
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", tree)


@several
@given(HOSTILE.filter(visible))
def test_json_gives_back_what_was_said(text: str) -> None:
    clean = text.encode("utf-8", "replace").decode()
    assert json.read(json.write(outline_of(clean))) == outline_of(clean)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "the whole: Invalid JSON"),
        ("[]", "the whole: Input should be an object"),
        ('{"version": 1}', "version: Input should be 2"),
        ('{"version": 2, "kind": "change", "project": 3}', "project: Input should be a valid string"),
    ],
)
def test_what_is_no_outline_is_told_in_one_line(text: str, said: str) -> None:
    with pytest.raises(json.NotAnOutline) as error:
        json.read(text)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_an_unknown_key_is_no_outline() -> None:
    text = json.write(outline_of("x")).replace('"version": 2,', '"version": 2, "approved": true,', 1)
    with pytest.raises(json.NotAnOutline, match="approved"):
        json.read(text)


def test_another_format_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="'pdf' is no format; there are: tree, markdown, json, html, mermaid"):
        render_outline(outline_of("x"), "pdf")
    assert set(FORMATS) == {"tree", "markdown", "json", "html", "mermaid"}
