"""Where Portside's own pages are."""

HOME = "https://github.com/portside/portside"
_RULES = f"{HOME}/blob/main/docs/rules"


def rule_url(code: str, name: str) -> str:
    """The page of this rule, as `scripts/generate_docs.py` names it."""
    return f"{_RULES}/{code}-{name}.md"


def failure_url(name: str) -> str:
    """Where a failure is described."""
    return f"{HOME}/blob/main/docs/failures.md#{name}"
