"""The sentences of a summary, and the expected verdicts."""

import re

SENTENCE = re.compile(
    r"- \*\*(?P<first>.+?)\*\*(?: against (?P<second>.+?))?: "
    r"(?P<verdict>better by|worse by|not significant,) (?P<difference>\S+) "
    r"\[(?P<low>\S+), (?P<high>\S+)\], adjusted p = (?P<p>\S+); "
    r"wins / ties / losses over queries: (?P<wins>\d+) / (?P<ties>\d+) / (?P<losses>\d+)\."
    r"(?P<caveats>.*) Other metrics: (?P<others>.+)\."
)
SCENE_CAVEAT = (
    " However, with scene classes resampled instead of queries, the interval is [{}, {}] "
    "and includes zero."
)
SEED_CAVEAT = (
    " However, with seeds resampled as well as queries, the interval is [{}, {}] and includes zero."
)


def within(method):
    """Return the name of a method in the section of its network."""
    return f"{method[1]} ({method[2]})" if method[1] else method[0]


def expected_verdict(row):
    if not row["p_holm"] <= 0.05:
        return "not significant"
    higher = row["difference"] > 0
    return "worse" if higher == (row["metric"] in ("hamming_loss", "anmrr")) else "better"


def groups(text, names):
    """Return the verdict of each name in `better: a, b; worse: c`."""
    verdicts = {}
    for group in text.split("; "):
        verdict, listed = group.split(": ")
        for name in names if listed == "all" else listed.split(", "):
            assert name not in verdicts
            verdicts[name] = verdict
    return verdicts


def sections(text):
    """Return the text under each heading; including those of networks."""
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def sentences(text):
    """Return the contrast sentences of a text, by the network and the names in them."""
    matches = {}
    for network, body in sections(text).items():
        for line in body.splitlines():
            if match := SENTENCE.fullmatch(line):
                key = network, match["first"], match["second"]
                assert key not in matches
                matches[key] = match
    return matches
