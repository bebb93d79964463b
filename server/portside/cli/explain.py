"""`portside explain`: a rule's page in the terminal."""

from __future__ import annotations

import json
import sys

import click

from portside.cli import output


@click.command(short_help="Print a rule's page: what happens, why, and the fix.")
@click.argument("rule")
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def explain(rule: str, output_format: str) -> None:
    """Print the page of RULE, a name (hardcoded-port) or a code (PS201)."""
    from portside.report import rule_pages
    from portside.rules import by_name

    found = by_name(rule)
    if found is None:
        output.give_up(_unknown(rule))
    if output_format == "json":
        output.say(json.dumps(rule_pages.page_object(found), indent=2) + "\n")
    else:
        output.say(rule_pages.page(found, output.ink_for(sys.stdout)))


def _unknown(rule: str) -> str:
    from portside.settings.names import unknown_rule

    if " " in rule.strip():
        return (
            "this explains rules only; log lines and error messages can't be explained yet "
            "(`portside rules` lists what there is)"
        )
    return unknown_rule(rule)
