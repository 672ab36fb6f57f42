"""Every refusal that a rule can raise."""

from domain.errors import Refusal


def refusals_of(branch: type[Refusal] = Refusal) -> list[type[Refusal]]:
    """Return the refusals of a branch of the tree; a branch itself is never raised."""
    inner = branch.__subclasses__()
    return [leaf for kind in inner for leaf in refusals_of(kind)] if inner else [branch]
