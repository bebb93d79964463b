"""`portside rules`: what Portside looks for."""

from __future__ import annotations

import json
import sys

import click

from portside.cli import output


@click.command(short_help="List the rules.")
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
def rules(output_format: str) -> None:
    """List what Portside looks for; `portside explain RULE` prints a rule's page."""
    from portside.report import rule_pages
    from portside.rules import ALL

    if output_format == "json":
        output.say(json.dumps([rule_pages.rule_object(rule) for rule in ALL], indent=2) + "\n")
    else:
        output.say(rule_pages.table(ALL, output.ink_for(sys.stdout)))
