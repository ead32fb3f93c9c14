"""Numbers as the UI shows them. The lake and the manifests keep every digit; metadata shows four."""


def rounded(value: float) -> float:
    """`value` with four significant digits."""
    return float(f"{value:.4g}")


def interval_text(low: float | None, high: float | None) -> str:
    """`0.0786 to 0.0904`: both ends with four significant digits; `unknown` where an end is."""
    return "unknown" if low is None or high is None else f"{low:.4g} to {high:.4g}"
