"""A naive reading of JSON text that keeps positions: the oracle for "only planned values change". It shares
nothing with lib/json; json.loads has checked the text before it is read here."""

import json
import re

_SPACE = re.compile(r"[ \t\n\r]*")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_SCALAR = re.compile(r"[^,\]}\s]+")


def _skip(text, at):
    return _SPACE.match(text, at).end()


def _members(text, at, path, spans):
    while text[at] != "}":
        key = _STRING.match(text, at)
        at = _skip(text, key.end()) + 1  # past the colon
        at = _skip(text, _value(text, _skip(text, at), (*path, json.loads(key.group())), spans))
        if text[at] == ",":
            at = _skip(text, at + 1)
    return at + 1


def _elements(text, at, path, spans):
    index = 0
    while text[at] != "]":
        at = _skip(text, _value(text, at, (*path, index), spans))
        index += 1
        if text[at] == ",":
            at = _skip(text, at + 1)
    return at + 1


def _value(text, at, path, spans):
    slot = len(spans)
    spans.append(None)  # parents stand before their children
    if text[at] == "{":
        end = _members(text, _skip(text, at + 1), path, spans)
    elif text[at] == "[":
        end = _elements(text, _skip(text, at + 1), path, spans)
    else:
        end = (_STRING if text[at] == '"' else _SCALAR).match(text, at).end()
    spans[slot] = (path, at, end)
    return end


def all_spans(text):
    """(path, begin, end) of every value in document order; path is a tuple of keys and indices, duplicates of
    a key each have their own entry."""
    json.loads(text)
    spans = []
    _value(text, _skip(text, 0), (), spans)
    return spans


def matches(path, pattern):
    """`pattern` is like "items/*/recipient/name": `*` is any index or key; `**` any number of "parts/*"."""
    steps = pattern.split("/")

    def walk(i, j):
        if j == len(steps):
            return i == len(path)
        if steps[j] == "**":
            return walk(i, j + 1) or (path[i:i + 1] == ("parts",) and i + 1 < len(path) and walk(i + 2, j))
        if i == len(path):
            return False
        if steps[j] == "*" or (isinstance(path[i], str) and steps[j] == path[i]):
            return walk(i + 1, j + 1)
        if steps[j].isdigit() and path[i] == int(steps[j]):
            return walk(i + 1, j + 1)
        return False

    return walk(0, 0)


def planned_spans(text, patterns):
    """The spans of the outermost values that a pattern names and that are not null."""
    planned, covered = [], 0
    for path, begin, end in all_spans(text):
        if begin < covered or not any(matches(path, pattern) for pattern in patterns):
            continue
        covered = end
        if text[begin:end] != "null":
            planned.append((begin, end))
    return planned


def split_at(text, spans):
    """(what lies between the spans, what lies in them)."""
    edges = [0, *(edge for span in spans for edge in span), len(text)]
    pieces = [text[a:b] for a, b in zip(edges, edges[1:])]
    return pieces[0::2], pieces[1::2]
