#!/usr/bin/env python3
"""Decode rate of llama.cpp (libllama through ctypes) with several sequences in one batch, as bench/serving.cs measures Octet.

  llama_parallel.py MODEL.gguf --threads 2 --streams 1,4,16,64 --tokens 48 --reps 3

Every sequence has a prompt of 16 tokens of its own, not counted; then each step decodes one token of each, all logits wanted.
Run where llama_bench.py runs (node_modules with node-llama-cpp, peerlib.py on PYTHONPATH). Prints a line for each number of streams.
"""
import argparse
import ctypes as C
import statistics
import time

import numpy as np
from peerlib import GGML, Llama

PROMPT = 16


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('gguf')
    ap.add_argument('--threads', type=int, default=2)
    ap.add_argument('--streams', default='1,4,16,64')
    ap.add_argument('--tokens', type=int, default=48)
    ap.add_argument('--reps', type=int, default=3)
    a = ap.parse_args()
    m = Llama()
    m.load(a.gguf)
    for streams in map(int, a.streams.split(',')):
        cp = m.lib.llama_context_default_params()
        cp.n_ctx = 256 * streams
        cp.n_batch, cp.n_ubatch, cp.n_seq_max = max(512, PROMPT * streams), 512, streams
        cp.n_threads = cp.n_threads_batch = a.threads
        cp.type_k = cp.type_v = GGML['f16']
        ctx = m.lib.llama_init_from_model(m.model, cp)
        if not ctx:
            raise SystemExit('no context for %d sequences' % streams)
        batch = m.lib.llama_batch_init(max(512, PROMPT * streams), 0, 1)
        random = np.random.default_rng(0)

        def decode(first, count):
            n = 0
            for s in range(streams):
                for i in range(count):
                    batch.token[n] = int(random.integers(1000, min(m.n_vocab, 100000)))
                    batch.pos[n] = first + i
                    batch.n_seq_id[n] = 1
                    batch.seq_id[n][0] = s
                    batch.logits[n] = i == count - 1
                    n += 1
            batch.n_tokens = n
            if m.lib.llama_decode(ctx, batch):
                raise SystemExit('llama_decode failed')
            m.lib.llama_synchronize(ctx)

        rates = []
        for rep in range(a.reps):
            m.lib.llama_memory_clear(m.lib.llama_get_memory(ctx), True)
            decode(0, PROMPT)
            begun = time.perf_counter()
            for i in range(a.tokens):
                decode(PROMPT + i, 1)
            rates.append(streams * a.tokens / (time.perf_counter() - begun))
        print('%d streams: %.1f tokens/s (%.1f..%.1f)' % (streams, statistics.median(rates), min(rates), max(rates)), flush=True)
        m.lib.llama_free(ctx)


main()
