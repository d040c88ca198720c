#!/usr/bin/env python3
"""A mixture of `octet-measurements mixture` as GGUF v3 for libllama: the same weights, in the types that are published.

  mixture_gguf.py DIR OUT.gguf [--type q8_0|bf16] [--embd-type q8_0|bf16]

Qwen3-MoE: every matrix as --type, norms and routers in float32.  gpt-oss: experts keep their MXFP4 codes, every other
matrix is --type.  The embedding and the head are --embd-type (default --type).  numpy only; imports the peer's tools.
"""
import argparse
import struct

import numpy as np

from peerlib import HfDir, f32_to_bf16, q8_0
from to_gguf import ALIGN, ARR, BOOL, F32, I32, STR, U32, byte_chars, kv, s

GGML = {'f32': 0, 'q8_0': 8, 'bf16': 30, 'mxfp4': 39}


def size(shape, kind):
    n = int(np.prod(shape))
    return n * 4 if kind == 'f32' else n * 2 if kind == 'bf16' else n // 32 * (34 if kind == 'q8_0' else 17)


def encode(x, kind):
    x = np.ascontiguousarray(x, np.float32)
    return x.tobytes() if kind == 'f32' else f32_to_bf16(x).tobytes() if kind == 'bf16' else q8_0(x).tobytes()


def chunks(hf, name, kind):
    """A matrix in pieces, so that no whole head lies in memory as float32."""
    rows = hf.shape(name)[0]
    if len(hf.shape(name)) == 1:
        yield encode(hf.rows(name), kind)
        return
    for r in range(0, rows, 4096):
        yield encode(hf.rows(name, r, r + 4096), kind)


def mxfp4(blocks, scales):
    """[..., 16] bytes with neighbours in one byte -> ggml's block: the scale, then element i low and element i + 16 high."""
    low, high = blocks & 15, blocks >> 4
    x = np.stack([low, high], axis=-1).reshape(*blocks.shape[:-1], 32)
    out = np.empty((*blocks.shape[:-1], 17), np.uint8)
    out[..., 0] = scales
    out[..., 1:] = x[..., :16] | x[..., 16:] << 4
    return out.tobytes()


def plan(hf, kind, embd):
    """(name, shape, kind, a function that gives the bytes in pieces)"""
    c, out = hf.config, []

    def same(name, source, k):
        out.append((name, hf.shape(source), k, lambda: chunks(hf, source, k)))

    same('token_embd.weight', 'model.embed_tokens.weight', embd)
    same('output.weight', 'lm_head.weight', embd)
    same('output_norm.weight', 'model.norm.weight', 'f32')
    for l in range(c['num_hidden_layers']):
        g, h = 'blk.%d.' % l, 'model.layers.%d.' % l
        gpt = c['model_type'] == 'gpt_oss'
        same(g + 'attn_norm.weight', h + 'input_layernorm.weight', 'f32')
        same(g + ('post_attention_norm' if gpt else 'ffn_norm') + '.weight', h + 'post_attention_layernorm.weight', 'f32')
        for x, y in (('q', 'q'), ('k', 'k'), ('v', 'v'), ('o', 'output')):
            same(g + 'attn_%s.weight' % y, h + 'self_attn.%s_proj.weight' % x, kind)
            if gpt:
                same(g + 'attn_%s.bias' % y, h + 'self_attn.%s_proj.bias' % x, 'f32')
        if gpt:
            same(g + 'attn_sinks.weight', h + 'self_attn.sinks', 'f32')
            same(g + 'ffn_gate_inp.weight', h + 'mlp.router.weight', 'f32')
            same(g + 'ffn_gate_inp.bias', h + 'mlp.router.bias', 'f32')
            e = h + 'mlp.experts.'
            n, rows, groups = hf.shape(e + 'gate_up_proj_blocks')[:3]
            bias = hf.rows(e + 'gate_up_proj_bias')
            for k, y in enumerate(('gate', 'up')):           # interleaved row by row
                out.append((g + 'ffn_%s_exps.weight' % y, (n, rows // 2, groups * 32), 'mxfp4',
                            lambda k=k, e=e, n=n: (mxfp4(hf.raw(e + 'gate_up_proj_blocks')[i, k::2], hf.raw(e + 'gate_up_proj_scales')[i, k::2]) for i in range(n))))
                out.append((g + 'ffn_%s_exps.bias' % y, (n, rows // 2), 'f32', lambda k=k, b=bias: [encode(b[:, k::2], 'f32')]))
            n, rows, groups = hf.shape(e + 'down_proj_blocks')[:3]
            out.append((g + 'ffn_down_exps.weight', (n, rows, groups * 32), 'mxfp4',
                        lambda e=e, n=n: (mxfp4(hf.raw(e + 'down_proj_blocks')[i], hf.raw(e + 'down_proj_scales')[i]) for i in range(n))))
            same(g + 'ffn_down_exps.bias', e + 'down_proj_bias', 'f32')
        else:
            same(g + 'attn_q_norm.weight', h + 'self_attn.q_norm.weight', 'f32')
            same(g + 'attn_k_norm.weight', h + 'self_attn.k_norm.weight', 'f32')
            same(g + 'ffn_gate_inp.weight', h + 'mlp.gate.weight', 'f32')
            for x in ('gate', 'up', 'down'):
                names = [h + 'mlp.experts.%d.%s_proj.weight' % (i, x) for i in range(c['num_experts'])]
                out.append((g + 'ffn_%s_exps.weight' % x, (len(names), *hf.shape(names[0])), kind,
                            lambda names=names: (b for name in names for b in chunks(hf, name, kind))))
    return out


def metadata(c):
    gpt = c['model_type'] == 'gpt_oss'
    arch, V = 'gpt-oss' if gpt else 'qwen3moe', c['vocab_size']
    put = lambda key, kind, value: kv(arch + key, kind, value)
    out = [kv('general.architecture', STR, arch), kv('general.type', STR, 'model'), kv('general.quantization_version', U32, 2),
           kv('general.alignment', U32, ALIGN), put('.vocab_size', U32, V), put('.block_count', U32, c['num_hidden_layers']),
           put('.context_length', U32, c['max_position_embeddings']), put('.embedding_length', U32, c['hidden_size']),
           put('.feed_forward_length', U32, c['intermediate_size']), put('.attention.head_count', U32, c['num_attention_heads']),
           put('.attention.head_count_kv', U32, c['num_key_value_heads']), put('.attention.key_length', U32, c['head_dim']),
           put('.attention.value_length', U32, c['head_dim']), put('.attention.layer_norm_rms_epsilon', F32, c['rms_norm_eps']),
           put('.rope.freq_base', F32, float(c['rope_theta'])), put('.rope.dimension_count', U32, c['head_dim']),
           put('.expert_count', U32, c['num_local_experts' if gpt else 'num_experts']), put('.expert_used_count', U32, c['num_experts_per_tok']),
           put('.expert_feed_forward_length', U32, c['intermediate_size' if gpt else 'moe_intermediate_size'])]
    if gpt:
        r = c['rope_scaling']
        out += [put('.attention.sliding_window', U32, c['sliding_window']), put('.rope.scaling.type', STR, 'yarn'),
                put('.rope.scaling.factor', F32, float(r['factor'])), put('.rope.scaling.original_context_length', U32, r['original_max_position_embeddings'])]
    tokens = byte_chars() + ['<|dummy_%d|>' % i for i in range(256, V)]
    return out + [kv('tokenizer.ggml.model', STR, 'gpt2'), kv('tokenizer.ggml.pre', STR, 'qwen2'), kv('tokenizer.ggml.tokens', ARR, (STR, tokens)),
                  kv('tokenizer.ggml.token_type', ARR, (I32, [1] * V)), kv('tokenizer.ggml.merges', ARR, (STR, ['a b'])),
                  kv('tokenizer.ggml.eos_token_id', U32, V - 1), kv('tokenizer.ggml.bos_token_id', U32, V - 1), kv('tokenizer.ggml.add_bos_token', BOOL, False)]


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('dir'); ap.add_argument('out')
    ap.add_argument('--type', choices=('q8_0', 'bf16'), default='q8_0'); ap.add_argument('--embd-type', choices=('q8_0', 'bf16'))
    a = ap.parse_args()
    hf = HfDir(a.dir)
    tensors, meta = plan(hf, a.type, a.embd_type or a.type), metadata(hf.config)
    info, offsets, at = b'', [], 0
    for name, shape, kind, _ in tensors:
        info += s(name) + struct.pack('<I', len(shape)) + b''.join(struct.pack('<Q', d) for d in reversed(shape)) + struct.pack('<IQ', GGML[kind], at)
        offsets.append(at)
        at += -(-size(shape, kind) // ALIGN) * ALIGN
    head = b'GGUF' + struct.pack('<IQQ', 3, len(tensors), len(meta)) + b''.join(meta) + info
    head += b'\0' * (-len(head) % ALIGN)
    with open(a.out, 'wb') as f:
        f.write(head)
        for (name, shape, kind, pieces), offset in zip(tensors, offsets):
            f.seek(len(head) + offset)
            if sum(f.write(piece) for piece in pieces()) != size(shape, kind):
                raise SystemExit('%s: another number of bytes than its shape says' % name)
        f.truncate(len(head) + at)


if __name__ == '__main__':
    main()
