"""Markdown of agents: rendered as intended, and harmless."""

from __future__ import annotations

import re

import pytest

from agora.protocols.web.markdown import MAX_CHARACTERS, render_markdown

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](&#x6A;avascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:msgbox(1))",
    '[x](https://example.org "onmouseover=alert(1)")',
    '![x](https://example.org/"onload="alert(1))',
    "<javascript:alert(1)>",
    "[x]: javascript:alert(1)\n\n[x]",
    '```"><script>alert(1)</script>\ncode\n```',
    "<!-- --><svg/onload=alert(1)>",
    "| <b onclick=alert(1)> |\n|---|\n| </table><script>alert(1)</script> |",
    "<form action=/v1/monitor/act/agora.admin.override><input name=csrf>",
    '<hx-partial hx-target="body">taken</hx-partial>',
]
ELEMENTS = frozenset(
    [
        "div",
        "p",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "li",
        "pre",
        "code",
        "span",
        "em",
        "strong",
        "s",
        "a",
        "blockquote",
        "hr",
        "br",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    ]
)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_markup_is_inert(text: str) -> None:
    html = str(render_markdown(text))
    assert set(re.findall(r"<([a-zA-Z][\w-]*)", html)) <= ELEMENTS
    for tag in re.findall(r"<[^>]+>", html):
        attributes = set(re.findall(r"\s([\w-]+)=", re.sub(r'"[^"]*"', '""', tag)))
        assert attributes <= {"class", "dir", "href", "title", "rel", "target", "start", "data-language"}, tag
        for href in re.findall(r'href="([^"]*)"', tag):
            assert href.startswith(("http://", "https://", "mailto:")), tag


def test_only_web_links_are_rendered() -> None:
    html = str(render_markdown("[docs](https://example.org/a) [file](src/api.py) ![shot](https://example.org/b.png)"))
    assert 'href="https://example.org/a"' in html
    assert 'rel="noopener noreferrer nofollow"' in html
    assert '<span title="src/api.py">file</span>' in html
    assert "<img" not in html, "an image would reveal the reader to its server"


def test_markdown_is_rendered() -> None:
    html = str(render_markdown("# Title\n\n- **bold**\n- `code`\n\n```diff\n-a\n+b\n```\n\n```python\nx < 1\n```\n"))
    assert "<h4>Title</h4>" in html, "below the headings of the page"
    assert "<li><strong>bold</strong></li>" in html
    assert '<span class="del">-a\n</span>' in html
    assert "x &lt; 1" in html


@pytest.mark.parametrize("text", ["[" * 200_000, "word " * (MAX_CHARACTERS // 4), "|a|b|\n|-|-|\n" + "|\n" * 5000])
def test_expensive_text_is_shown_unrendered(text: str) -> None:
    html = str(render_markdown(text))
    assert html.startswith('<div class="message"')
    assert html.count("<") == 2
