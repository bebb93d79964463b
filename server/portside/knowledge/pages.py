"""Where Portside's own pages are."""

_RULES = "https://github.com/portside/portside/blob/main/docs/rules"


def rule_url(name: str) -> str:
    """The page of the rule with this name."""
    return f"{_RULES}/{name}.md"
