"""Byte-level BPE: trainer, encoder, decoder, and tokenizer.json in the Hugging Face layout.

The encoder has the semantics of that file: added tokens are cut out of the raw text first, the rest is normalised
(NFC), split by the regex, mapped byte by byte to printable characters, and merged by rank.

The trainer differs from the usual one in one point.  Merges inside words come first (lower ranks), merges that glue
the leading space to a word come last.  A word is therefore cut the same way after a space (in a question) as after a
quote (in JSON), except for its first piece, which makes copying an argument into a tool call much easier to learn.
"""
import json
import unicodedata
from collections import Counter, defaultdict

import regex

PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
           r"|\s*[\r\n]+|\s+(?!\S)|\s+")
SPLIT = regex.compile(PATTERN)
SPECIAL = ['<|endoftext|>', '<|im_start|>', '<|im_end|>']
MARKUP = ['<tool_call>', '</tool_call>', '<tool_response>', '</tool_response>', '<think>', '</think>']
OUTSIDE = regex.compile('|'.join(map(regex.escape, SPECIAL + MARKUP)))


def byte_chars():
    """The printable stand-in for each byte: itself where Latin-1 has a visible character, else from U+0100 upwards."""
    keep = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    table = {b: chr(b) for b in keep}
    for b in range(256):
        if b not in table:
            table[b] = chr(0x100 + len(table) - len(keep))
    return table


TO_CHAR = byte_chars()
TO_BYTE = {c: b for b, c in TO_CHAR.items()}
SPACE = TO_CHAR[0x20]


def words_of(text):
    for w in SPLIT.findall(unicodedata.normalize('NFC', text)):
        yield ''.join(TO_CHAR[b] for b in w.encode('utf-8'))


def train(texts, n_base, n_space):
    """Returns (vocab, merges): 256 bytes + inner merges + n_space merges with the space, n_base tokens in all."""
    freq = Counter()
    for t in texts:
        freq.update(words_of(t))
    inner = Counter()
    for w, n in freq.items():
        inner[w[1:] if len(w) > 1 and w[0] == SPACE else w] += n
    words = [(list(w), n) for w, n in sorted(inner.items())]
    pairs, where = Counter(), defaultdict(set)
    for k, (w, n) in enumerate(words):
        for p in zip(w, w[1:]):
            pairs[p] += n
            where[p].add(k)
    vocab = {c: i for i, c in enumerate(sorted(TO_BYTE))}
    merges = []
    while len(vocab) < n_base - n_space:
        best = max(pairs, key=lambda p: (pairs[p], p))          # ties by text, so the result does not depend on order
        merges.append(best)
        vocab.setdefault(best[0] + best[1], len(vocab))
        for k in sorted(where.pop(best)):
            w, n = words[k]
            for p in zip(w, w[1:]):
                pairs[p] -= n
            i = 0
            while i < len(w) - 1:
                if (w[i], w[i + 1]) == best:
                    w[i:i + 2] = [w[i] + w[i + 1]]
                i += 1
            for p in zip(w, w[1:]):
                pairs[p] += n
                where[p].add(k)
        del pairs[best]
    first = Counter()
    cut = {''.join(w): w[0] for w, _ in words}
    for w, n in freq.items():
        if len(w) > 1 and w[0] == SPACE:
            first[cut[w[1:]]] += n
    for p, _ in sorted(first.items(), key=lambda x: (-x[1], x[0])):
        if len(vocab) == n_base:
            break
        if SPACE + p not in vocab:
            merges.append((SPACE, p))
            vocab[SPACE + p] = len(vocab)
    assert len(vocab) == n_base, len(vocab)
    return vocab, merges


def tokenizer_json(vocab, merges):
    level = {'type': 'ByteLevel', 'add_prefix_space': False, 'trim_offsets': False, 'use_regex': False}
    added = [dict(id=len(vocab) + i, content=t, single_word=False, lstrip=False, rstrip=False, normalized=False,
                  special=t in SPECIAL) for i, t in enumerate(SPECIAL + MARKUP)]
    return {'version': '1.0', 'truncation': None, 'padding': None, 'added_tokens': added,
            'normalizer': {'type': 'NFC'},
            'pre_tokenizer': {'type': 'Sequence', 'pretokenizers': [
                {'type': 'Split', 'pattern': {'Regex': PATTERN}, 'behavior': 'Isolated', 'invert': False}, level]},
            'post_processor': level, 'decoder': level,
            'model': {'type': 'BPE', 'dropout': None, 'unk_token': None, 'continuing_subword_prefix': '',
                      'end_of_word_suffix': '', 'fuse_unk': False, 'byte_fallback': False, 'ignore_merges': False,
                      'vocab': vocab, 'merges': [list(m) for m in merges]}}


class Tokenizer:
    def __init__(self, path):
        d = json.load(open(path, encoding='utf-8'))
        self.vocab = d['model']['vocab']
        self.rank = {tuple(m.split(' ') if isinstance(m, str) else m): i for i, m in enumerate(d['model']['merges'])}
        self.added = {t['content']: t['id'] for t in d['added_tokens']}
        self.cut = regex.compile('(' + '|'.join(map(regex.escape, sorted(self.added, key=len, reverse=True))) + ')')
        self.text = {i: c for c, i in self.vocab.items()}
        self.special = {t['id'] for t in d['added_tokens'] if t['special']}
        self.added_text = {i: c for c, i in self.added.items()}
        self.size = len(self.vocab) + len(self.added)
        self.cache = {}

    def word(self, w):
        ids = self.cache.get(w)
        if ids is None:
            s = list(w)
            while len(s) > 1:
                r, i = min((self.rank.get(p, 1 << 30), i) for i, p in enumerate(zip(s, s[1:])))
                if r == 1 << 30:
                    break
                s[i:i + 2] = [s[i] + s[i + 1]]
            ids = self.cache[w] = [self.vocab[p] for p in s]
        return ids

    def encode(self, text):
        ids = []
        for part in self.cut.split(text):
            if part in self.added:
                ids.append(self.added[part])
            elif part:
                for w in words_of(part):
                    ids += self.word(w)
        return ids

    def decode(self, ids, skip_special=True):
        out = bytearray()
        for i in ids:
            if i in self.added_text:
                if not (skip_special and i in self.special):
                    out += self.added_text[i].encode()
            elif i in self.text:
                out += bytes(TO_BYTE[c] for c in self.text[i])
        return out.decode('utf-8', 'replace')
