"""Plain text through Jira's wiki markup: a reader sees what was written."""

import pytest

from infra.local.products.jira import rendered
from shared.connectors.jira.wiki import escaped, unescaped


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("The fuse is new.", "The fuse is new."),
        ("[azure-devops:4711:12]", r"\[azure-devops:4711:12\]"),
        ("{code} and {noformat}", r"\{code\} and \{noformat\}"),
        ("*bold* _italic_ ~sub~ ^sup^", r"\*bold\* \_italic\_ \~sub\~ \^sup\^"),
        ("well-known and 1+1, but -struck- and +inserted+", r"well-known and 1+1, but \-struck- and \+inserted+"),
        ("C:\\temp | D:\\", r"C:\\temp \| D:\\"),
        ("!image.png! Really?? Yes!", r"\!image.png! Really\?? Yes!"),
        ("# not a list\nissue #12", "\\# not a list\nissue #12"),
        (
            "see https://dev.azure.com/c/_workitems/edit/7?a=[b] [x]",
            r"see https://dev.azure.com/c/_workitems/edit/7?a=[b] \[x\]",
        ),
    ],
)
def test_markup_is_escaped_and_addresses_are_not(text: str, markup: str) -> None:
    assert escaped(text) == markup


@pytest.mark.parametrize("text", ["[a|b] {code}", "-a- *b* _c_", "C:\\temp\\new", "größer <b> & 50 %", "[wi_7:a-b]"])
def test_what_was_escaped_is_seen_and_found_as_it_was(text: str) -> None:
    assert rendered(escaped(text)) == text
    assert unescaped(escaped(text)) == text
