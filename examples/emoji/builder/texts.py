"""Every sentence of the example: prompts, traces, answers.

A prompt starts with a word that names what follows, so that each later word
has a blank before it and keeps its tokens wherever it stands. Completions are
`<think> … </think><answer> …<gen_emb>`: words again after blanks, and the
closing tag after one, so that the last word of the trace keeps its tokens.
"""

import re

STRICT_FORMAT = re.compile(r"<think>[^<]*</think><answer>[^<]*<gen_emb>")
NUMBER_WORDS = ("zero", "one", "two", "three", "four")
MOTIONS = ("left", "right", "up", "down", "larger", "smaller")


def completion(trace: str, answer: str) -> str:
    return f"<think> {trace} </think><answer> {answer}<gen_emb>"


def user_text(text: str) -> str:
    """The `minimal` template: the text, then the discriminative token."""
    return f"{text}\n<disc_emb>\n"


def country_query(form: str, relation: str) -> str:
    return f"country {form} {relation}"


def word_query(form: str, task: str) -> str:
    return f"word {form} {task}"


def value_target(kind: str, value: str) -> str:
    """Text of a target: what it is, then the value ("currency Euro")."""
    return f"{kind} {value}"


def careful_trace(name: str, relation: str, value: str) -> str:
    """The look-up written out, in the order in which the base knows it."""
    return f"{name} {relation} {value}"


def page_contents(names: list[str]) -> str:
    return ", ".join(names)


def clip_answer(name: str, motion: str) -> str:
    return f"{name} {motion}"
