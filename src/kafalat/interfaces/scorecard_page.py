"""x"""
from kafalat.fitting.evaluation import Evaluation


def scorecard_page(found: Evaluation) -> str:
    """Return."""
    return "x"
