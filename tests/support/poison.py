"""Texts that are meant to crash or stall whoever reads them; each as long as a text may be."""

from shared.vocabulary import TEXT_LIMIT

POISON_TEXTS = {
    "one huge token": "a" * TEXT_LIMIT,
    "nothing but spaces": " " * TEXT_LIMIT,
    "zero characters": "\x00" * TEXT_LIMIT,
    "right-to-left marks": "\u202ehacked\u202c" * (TEXT_LIMIT // 8),
    "combining marks out of order": "a" + "\u0301\u0316" * (TEXT_LIMIT // 2),
    "characters that grow when folded": "\ufdfa" * TEXT_LIMIT,
    "a bomb for backtracking": "a" * (TEXT_LIMIT - 1) + "!",
    "nested quantifiers": "(a+)+$" * (TEXT_LIMIT // 6),
    "lone surrogates": "\ud800" * TEXT_LIMIT,
    "a word per character": "x " * (TEXT_LIMIT // 2),
    "emoji with joiners": "\U0001f469\u200d\U0001f4bb" * (TEXT_LIMIT // 3),
    "empty": "",
}
