"""Shows two texts beside each other so that what changed is seen at a glance: changed parts in colour on a
terminal, marked with `|` elsewhere; long runs of equal lines folded; tokens shortened."""

import difflib
import os
import re
import shutil
import sys
import unicodedata

RED, GREEN, DIM, BOLD, RESET = "\x1b[31m", "\x1b[32m", "\x1b[2m", "\x1b[1m", "\x1b[0m"

_TOKEN = re.compile(r"(v2\.[0-9a-f]{8}\.[A-Za-z0-9_-]{6})[A-Za-z0-9_-]{8,}([A-Za-z0-9_-]{3})")
_CONTEXT_LINES = 2
_NARROW = 90


def use_colour(stream=sys.stdout):
    return stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def paint(colour, text):
    return f"{colour}{text}{RESET}" if use_colour() and text else text


def shorten_tokens(text):
    return _TOKEN.sub(r"\1…\2", text)


def _columns(character):
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cf", "Mn"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _printable(text):
    return "".join(c if c.isprintable() else "·" for c in text.expandtabs(2))


def fit(text, width):
    """`text` cut or padded to exactly `width` columns."""
    used, kept = 0, []
    for character in text:
        columns = _columns(character)
        if used + columns > width - 1 and sum(map(_columns, text)) > width:
            return "".join(kept) + "…" + " " * (width - used - 1)
        kept.append(character)
        used += columns
    return text + " " * (width - used)


def _changed_part(left, right):
    """(start, end of left, end of right) of what differs between two lines."""
    start = len(os.path.commonprefix([left, right]))
    tail = len(os.path.commonprefix([left[start:][::-1], right[start:][::-1]]))
    return start, len(left) - tail, len(right) - tail


def _paint_part(fitted, colour, start, end):
    return fitted[:start] + paint(colour, fitted[start:end]) + fitted[end:]


def _pairs(before, after):
    """(kind, left, right) for each row; kind is ' ' for equal lines and '|' for changed ones."""
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        left, right = before[i1:i2], after[j1:j2]
        if tag == "equal":
            yield from ((" ", a, b) for a, b in zip(left, right))
            continue
        for i in range(max(len(left), len(right))):
            yield "|", left[i] if i < len(left) else "", right[i] if i < len(right) else ""


def _fold(rows):
    """Replaces the middle of long runs of equal rows by (None, count, None)."""
    folded, run = [], []

    def flush(at_start, at_end):
        head = 0 if at_start else _CONTEXT_LINES
        tail = 0 if at_end else _CONTEXT_LINES
        hidden = len(run) - head - tail
        if hidden > 1:
            folded.extend(run[:head] + [(None, hidden, None)] + run[len(run) - tail:])
        else:
            folded.extend(run)
        run.clear()

    for row in rows:
        if row[0] == " ":
            run.append(row)
            continue
        flush(at_start=not folded, at_end=False)
        folded.append(row)
    flush(at_start=not folded, at_end=True)
    return folded


def _wide_row(kind, left, right, width):
    left_fitted, right_fitted = fit(left, width), fit(right, width)
    if kind == " ":
        return f"{paint(DIM, left_fitted)}   {paint(DIM, right_fitted.rstrip())}"
    start, left_end, right_end = _changed_part(left, right)
    return (f"{_paint_part(left_fitted, RED, start, left_end)} {paint(BOLD, '|')} "
            f"{_paint_part(right_fitted.rstrip(), GREEN, start, right_end)}")


def _narrow_rows(kind, left, right, width):
    if kind == " ":
        yield paint(DIM, "  " + fit(left, width).rstrip())
        return
    if left:
        yield paint(RED, "- " + fit(left, width).rstrip())
    if right:
        yield paint(GREEN, "+ " + fit(right, width).rstrip())


def show(before, after, before_title, after_title, out=sys.stdout):
    """Prints the two texts: side by side, or one above the other where the terminal is narrow."""
    total = shutil.get_terminal_size((120, 40)).columns
    left = [_printable(line) for line in before.splitlines()]
    right = [_printable(shorten_tokens(line)) for line in after.splitlines()]
    narrow = total < _NARROW
    width = total - 2 if narrow else (min(total, 180) - 3) // 2
    if narrow:
        print(f"- {before_title}\n+ {after_title}", file=out)
    else:
        print(paint(BOLD, f"{fit(before_title, width)}   {after_title}"), file=out)
        print(f"{'─' * width}   {'─' * width}", file=out)
    for kind, a, b in _fold(list(_pairs(left, right))):
        if kind is None:
            print(paint(DIM, f"  ⋮ {a} lines unchanged"), file=out)
        elif narrow:
            print("\n".join(_narrow_rows(kind, a, b, width)), file=out)
        else:
            print(_wide_row(kind, a, b, width), file=out)
