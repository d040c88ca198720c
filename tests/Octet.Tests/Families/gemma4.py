#!/usr/bin/python3
"""Independent float64 reference of the Gemma 4 text decoder, numpy only, written from Hugging Face transformers' source (facts.md).

  gemma4.py make dense|small|moe --out DIR [--seed N] [--fp8 none|block|channel] [--wrap] [--per-layer-config] [--set KEY=JSON ...]
  gemma4.py logits DIR --ids 1,2,3 | rand:COUNT:SEED --out FILE.npy [--plant BUG]
  gemma4.py list E2B|E4B|12B|31B|26B-A4B --out DIR [--fp8 none|channel]    # config.json and tensors.tsv (name, type, shape) of a published size
  gemma4.py bugs                   # plantable bugs: name, variants it concerns (d, s, m), what it does
  gemma4.py check [DIR]            # makes every variant under DIR, plants every bug, prints its relative error; exit status 1 if < 1e-4

dense  like 31B: attention_k_eq_v, fewer key/value heads in full layers, no per-layer inputs
small  like E2B / E4B: per-layer inputs, the last layers share keys and values, double-wide MLP in them
moe    like 26B-A4B: experts beside a dense MLP, attention_k_eq_v; BF16 experts fused, FP8 experts apart
--wrap writes Gemma4ForConditionalGeneration (text_config, prefix model.language_model., vision and audio tensors to skip).
--per-layer-config writes head_dim and num_key_value_heads of full layers in the newer spelling.
Weights are random; gains, norms and scalars are spread so that a forgotten or mixed-up one shows.
"""
import argparse
import json
import math
import os
import re
import sys
import tempfile

import numpy as np

from oracle_files import Weights, draw, fp8, quantization_config, softmax, to_bf16, write_safetensors

S, F = 'sliding_attention', 'full_attention'
COMMON = dict(
    attention_bias=False, attention_dropout=0.0, attention_k_eq_v=False, bos_token_id=2, dtype='bfloat16', enable_moe_block=False,
    eos_token_id=1, final_logit_softcapping=30.0, global_head_dim=64, head_dim=32, hidden_activation='gelu_pytorch_tanh', hidden_size=160,
    hidden_size_per_layer_input=0, initializer_range=0.02, max_position_embeddings=131072, model_type='gemma4_text',
    moe_intermediate_size=None, num_attention_heads=4, num_experts=None, num_global_key_value_heads=None, num_kv_shared_layers=0,
    pad_token_id=0, rms_norm_eps=1e-06, tie_word_embeddings=True, top_k_experts=None, use_bidirectional_attention=None, use_cache=True,
    use_double_wide_mlp=False, vocab_size=301, vocab_size_per_layer_input=301,
    rope_parameters={F: dict(partial_rotary_factor=0.25, rope_theta=1000000.0, rope_type='proportional'),
                     S: dict(rope_theta=10000.0, rope_type='default')})
VARIANTS = {
    'dense': dict(attention_k_eq_v=True, intermediate_size=224, layer_types=[S, S, F, S, S, F], max_position_embeddings=262144,
                  num_global_key_value_heads=2, num_key_value_heads=4, sliding_window=16, use_bidirectional_attention='vision'),
    'small': dict(hidden_size_per_layer_input=32, intermediate_size=96, layer_types=[S, S, F, S, F, S, S, F], num_key_value_heads=1,
                  num_kv_shared_layers=3, sliding_window=20, use_double_wide_mlp=True),
    'moe': dict(attention_k_eq_v=True, enable_moe_block=True, intermediate_size=96, layer_types=[S, F, S, F], max_position_embeddings=262144,
                moe_intermediate_size=64, num_experts=6, num_global_key_value_heads=1, num_key_value_heads=2, sliding_window=24, top_k_experts=3,
                use_bidirectional_attention='vision'),
}

# transformers' convert_gemma4_weights.py (_VARIANTS) and convert_gemma4_unified_weights.py.
PUBLISHED = {
    'E2B': dict(hidden_size=1536, intermediate_size=6144, layer_types=([S] * 4 + [F]) * 7, num_attention_heads=8, num_key_value_heads=1,
                num_kv_shared_layers=20, use_double_wide_mlp=True, hidden_size_per_layer_input=256, sliding_window=512),
    'E4B': dict(hidden_size=2560, intermediate_size=10240, layer_types=([S] * 5 + [F]) * 7, num_attention_heads=8, num_key_value_heads=2,
                num_kv_shared_layers=18, hidden_size_per_layer_input=256, sliding_window=512),
    '12B': dict(hidden_size=3840, intermediate_size=15360, layer_types=([S] * 5 + [F]) * 8, num_attention_heads=16, num_key_value_heads=8,
                num_global_key_value_heads=1, attention_k_eq_v=True, sliding_window=1024, model_type='gemma4_unified_text'),
    '31B': dict(hidden_size=5376, intermediate_size=21504, layer_types=([S] * 5 + [F]) * 10, num_attention_heads=32, num_key_value_heads=16,
                num_global_key_value_heads=4, attention_k_eq_v=True, sliding_window=1024),
    '26B-A4B': dict(hidden_size=2816, intermediate_size=2112, layer_types=([S] * 5 + [F]) * 5, num_attention_heads=16, num_key_value_heads=8,
                    num_global_key_value_heads=2, attention_k_eq_v=True, sliding_window=1024, enable_moe_block=True, num_experts=128,
                    top_k_experts=8, moe_intermediate_size=704),
}

class Shape:
    """What differs between the layers of a text config, in both spellings."""

    def __init__(self, c):
        self.c, self.types, n = c, c['layer_types'], c['num_hidden_layers']
        self.first_shared = n - c['num_kv_shared_layers']
        own = c.get('per_layer_config')
        over = {k: v for k, v in (('head_dim', c.get('global_head_dim')),
                ('num_key_value_heads', c.get('num_global_key_value_heads') if c['attention_k_eq_v'] else None)) if v}
        layers = [own.get(str(l), {}) if own is not None else over if self.types[l] == F else {} for l in range(n)]
        self.head_dim, self.kv_heads = ([x.get(k, c[k]) for x in layers] for k in ('head_dim', 'num_key_value_heads'))
        self.shared = [0 < self.first_shared <= l for l in range(n)]
        self.k_eq_v = [c['attention_k_eq_v'] and t == F for t in self.types]
        self.inner = [c['intermediate_size'] * (2 if c['use_double_wide_mlp'] and s else 1) for s in self.shared]

def plan(c, resaved):
    """[(name without prefix, shape, kind, mean, deviation)]; kind: lin is quantised by --fp8, wide is not.  Google's files store k_proj,
    v_proj and k_norm of sharing layers as well (they are ignored); files that transformers saved again do not have them."""
    s, H, V, L, P = Shape(c), c['hidden_size'], c['vocab_size'], c['num_hidden_layers'], c['hidden_size_per_layer_input']
    out = [('embed_tokens.weight', (V, H), 'wide', 0, 1 / math.sqrt(H))]

    def lin(name, o, i, gain=1.0, kind='lin'):
        out.append((name + '.weight', (o, i), kind, 0, gain / math.sqrt(i)))

    def norm(name, n, mean=1.0):
        out.append((name + '.weight', (n,), 'wide', mean, 0.2 * mean))

    def mlp(p, inner, gain=1.0):
        lin(p + 'gate_proj', inner, H, 1.5)
        lin(p + 'up_proj', inner, H)
        lin(p + 'down_proj', H, inner, gain)

    if P:
        out.append(('embed_tokens_per_layer.weight', (c['vocab_size_per_layer_input'], L * P), 'wide', 0, 1 / math.sqrt(P)))
        out.append(('per_layer_model_projection.weight', (L * P, H), 'wide', 0, 0.01))   # so small that its norm's epsilon shows
        norm('per_layer_projection_norm', P)
    for l in range(L):
        p, D, K, Q = 'layers.%d.' % l, s.head_dim[l], s.kv_heads[l], c['num_attention_heads']
        a = p + 'self_attn.'
        norm(p + 'input_layernorm', H)
        lin(a + 'q_proj', Q * D, H, 1.5)
        if not (s.shared[l] and resaved):
            lin(a + 'k_proj', K * D, H, 1.5)
            norm(a + 'k_norm', D, 0.45)
            if not s.k_eq_v[l]:
                lin(a + 'v_proj', K * D, H, 0.7)
        lin(a + 'o_proj', H, Q * D)
        norm(a + 'q_norm', D, 0.6)
        norm(p + 'post_attention_layernorm', H, 0.6)
        norm(p + 'pre_feedforward_layernorm', H)
        mlp(p + 'mlp.', s.inner[l])
        norm(p + 'post_feedforward_layernorm', H, 0.5)
        out.append((p + 'layer_scalar', (1,), 'wide', 0.8, 0.2))
        if P:
            lin(p + 'per_layer_input_gate', P, H, 1.5, 'wide')
            lin(p + 'per_layer_projection', H, P, 0.02, 'wide')
            norm(p + 'post_per_layer_input_norm', H, 0.4)
        if c['enable_moe_block']:
            E, I = c['num_experts'], c['moe_intermediate_size']
            lin(p + 'router.proj', E, H, 1.5 * math.sqrt(H), 'wide')
            out.append((p + 'router.scale', (H,), 'wide', 1, 0.3))
            out.append((p + 'router.per_expert_scale', (E,), 'wide', 1, 0.3))
            for e in range(E):
                mlp('%sexperts.%d.' % (p, e), I, 0.02)       # small: the epsilon of the norm behind it shows
            norm(p + 'pre_feedforward_layernorm_2', H)
            norm(p + 'post_feedforward_layernorm_1', H, 0.7)
            norm(p + 'post_feedforward_layernorm_2', H, 0.5)
    norm('norm', H, 4.0)                                          # logits large enough for the softcap to bend them
    if not c['tie_word_embeddings']:
        out.append(('lm_head.weight', (V, H), 'wide', 0, 1 / math.sqrt(H)))
    return out

def make(variant, out, seed=0, scheme='none', wrap=False, per_layer_config=False, overrides=()):
    c = dict(COMMON, **VARIANTS[variant])
    for kv in overrides:
        k, v = kv.split('=', 1)
        c[k] = json.loads(v)
    c['num_hidden_layers'] = len(c['layer_types'])
    prefix = 'model.language_model.' if wrap else 'model.'
    ts, ignore, parts = {}, ['lm_head'], {}
    for name, shape, kind, mean, dev in plan(c, scheme != 'none'):
        full = name if name == 'lm_head.weight' else prefix + name
        x = mean + dev * draw(seed, name, shape)
        if kind == 'lin' and scheme != 'none':
            q, s = fp8(name, x, scheme)
            ts[full], ts[full + '_scale'] = ('F8_E4M3', q), ('BF16', s)
        elif '.experts.' in name:
            p, e, role, _ = full.rsplit('.', 3)
            parts.setdefault(p, {}).setdefault(role, []).append(x)
        else:
            ts[full] = ('BF16', to_bf16(x))
            if len(shape) == 2 and name.endswith('.weight') and 'embed' not in name and name != 'lm_head.weight':
                ignore.append(full[:-len('.weight')])
    for p, r in parts.items():                                    # BF16: two 3-D tensors a layer, gate above up
        ts[p + '.gate_up_proj'] = ('BF16', to_bf16(np.concatenate([np.stack(r['gate_proj']), np.stack(r['up_proj'])], 1)))
        ts[p + '.down_proj'] = ('BF16', to_bf16(np.stack(r['down_proj'])))
    if per_layer_config:
        s = Shape(c)
        c['per_layer_config'] = {str(l): dict(head_dim=s.head_dim[l], num_key_value_heads=s.kv_heads[l])
                                 for l, t in enumerate(c['layer_types']) if t == F}
        del c['global_head_dim'], c['num_global_key_value_heads']
    config = dict(c, architectures=['Gemma4ForCausalLM'])
    if wrap:
        for name, shape in (('vision_tower.patch_embedder.input_proj.weight', (48, 96)),
                            ('vision_tower.patch_embedder.position_embedding_table', (2, 20, 48)),
                            ('vision_tower.encoder.layers.0.input_layernorm.weight', (48,)),
                            ('vision_tower.encoder.layers.0.self_attn.q_proj.linear.weight', (48, 48)),
                            ('vision_tower.encoder.layers.0.mlp.gate_proj.linear.weight', (64, 48)),
                            ('embed_vision.embedding_projection.weight', (c['hidden_size'], 48)),
                            ('audio_tower.layers.0.self_attn.q_proj.linear.weight', (32, 32)),
                            ('audio_tower.layers.0.norm_out.weight', (32,)),
                            ('audio_tower.output_proj.bias', (24,)),
                            ('embed_audio.embedding_projection.weight', (c['hidden_size'], 24))):
            ts['model.' + name] = ('BF16', to_bf16(draw(seed, name, shape)))
            if len(shape) == 2:
                ignore.append('model.' + name[:-len('.weight')])
        config = dict(architectures=['Gemma4ForConditionalGeneration'], audio_config=dict(model_type='gemma4_audio', hidden_size=32),
                      audio_token_id=258881, boa_token_id=256000, boi_token_id=255999, dtype='bfloat16', eoa_token_id=258883,
                      eoi_token_id=258882, eos_token_id=[1, 106], image_token_id=258880, initializer_range=0.02, model_type='gemma4',
                      text_config=c, tie_word_embeddings=c['tie_word_embeddings'], video_token_id=258884,
                      vision_config=dict(model_type='gemma4_vision', hidden_size=48), vision_soft_tokens_per_image=280)
    if scheme != 'none':
        config['quantization_config'] = quantization_config(scheme, ignore)
    config['transformers_version'] = '5.15.0' if per_layer_config else '5.5.0'
    os.makedirs(out, exist_ok=True)
    for name, value in (('config.json', config), ('generation_config.json', dict(
            bos_token_id=2, do_sample=True, eos_token_id=[1, 106, 50], pad_token_id=0, temperature=1.0, top_k=64, top_p=0.95))):
        with open(os.path.join(out, name), 'w') as f:
            json.dump(value, f, indent=2, sort_keys=True)
    return len(ts), write_safetensors(os.path.join(out, 'model.safetensors'), ts)

def listed(model, out, scheme):
    """config.json and the text model's tensors of a published size, without data."""
    c = dict(COMMON, head_dim=256, global_head_dim=512, vocab_size=262144, vocab_size_per_layer_input=262144)
    c.update(PUBLISHED[model], num_hidden_layers=len(PUBLISHED[model]['layer_types']))
    if model == '12B':
        c = {k: v for k, v in c.items() if k not in ('vocab_size_per_layer_input', 'hidden_size_per_layer_input', 'enable_moe_block')}
    lines, ignore = [], ['lm_head']
    for name, shape, kind, _, _ in plan(dict(c, hidden_size_per_layer_input=c.get('hidden_size_per_layer_input', 0), enable_moe_block=c.get('enable_moe_block', False)), False):
        full = 'model.language_model.' + name
        if '.experts.' in name and scheme == 'none':
            if '.experts.0.' not in name or '.up_proj.' in name:
                continue
            e, (o, i) = c['num_experts'], shape
            lines.append((full.rsplit('.', 3)[0] + ('.gate_up_proj' if '.gate_proj.' in name else '.down_proj'),
                          'BF16', (e, 2 * o if '.gate_proj.' in name else o, i)))
        elif kind == 'lin' and scheme != 'none':
            lines += [(full, 'F8_E4M3', shape), (full + '_scale', 'BF16', (shape[0], 1))]
        else:
            lines.append((full, 'BF16', shape))
            if len(shape) == 2 and 'embed' not in name:
                ignore.append(full[:-len('.weight')])
    unified = model == '12B'
    config = dict(architectures=['Gemma4UnifiedForConditionalGeneration' if unified else 'Gemma4ForConditionalGeneration'], eos_token_id=[1, 106],
                  model_type='gemma4_unified' if unified else 'gemma4', text_config=c, tie_word_embeddings=True)
    lines.append(('model.vision_embedder.patch_dense.weight' if unified else 'model.vision_tower.patch_embedder.input_proj.weight', 'BF16', (48, 96)))
    if scheme != 'none':
        config['quantization_config'] = quantization_config(scheme, ignore)
    os.makedirs(out, exist_ok=True)
    with open(os.path.join(out, 'config.json'), 'w') as f:
        json.dump(config, f)
    with open(os.path.join(out, 'tensors.tsv'), 'w') as f:
        f.writelines('%s\t%s\t%s\n' % (name, dtype, ','.join(map(str, shape))) for name, dtype, shape in lines)

NORMS = dict(input_layernorm='dsm', post_attention_layernorm='dsm', pre_feedforward_layernorm='dsm', post_feedforward_layernorm='dsm',
             norm='dsm', q_norm='dsm', k_norm='dsm', v_norm='dsm', per_layer_projection_norm='s', post_per_layer_input_norm='s', router_norm='m',
             pre_feedforward_layernorm_2='m', post_feedforward_layernorm_1='m', post_feedforward_layernorm_2='m')
SWAPS = {'swap_post_norms': ('post_attention_layernorm', 'post_feedforward_layernorm'),
         'swap_expert_post_norms': ('post_feedforward_layernorm_1', 'post_feedforward_layernorm_2')}
BUGS = {'no_' + k: '%s %s left out' % (v, k) for k, v in NORMS.items()}
BUGS.update({k: '%s %s and %s change places' % ('dsm' if k == 'swap_post_norms' else 'm', *v) for k, v in SWAPS.items()})
BUGS.update(line.split(None, 1) for line in """
embed_unscaled dsm the token embedding is not multiplied by sqrt(hidden)
norm_one_plus dsm norms multiply by 1 + w, as Gemma 1-3
v_norm_weighted dsm values normed with k_norm's weight
v_from_normed_key dm k = v layers: the value is made from the key after k_norm
v_from_rotated_key dm k = v layers: the value is made from the key after k_norm and rotation
attention_scale dsm scores multiplied by 1/sqrt(head_dim)
gqa_interleaved dm query head h reads key head h mod kv_heads
rope_rotary_denominator dsm full layers: exponents divided by the rotary dim instead of head_dim
rope_all_pairs dsm full layers: every pair rotated
rope_leading_dims dsm full layers: the first quarter of the head rotated within itself (pairs i, i + rotary/2)
rope_interleaved dsm pairs (2i, 2i+1) instead of (i, i + head_dim/2)
rope_bases_swapped dsm the two bases change places
window_plus_one dsm sliding layers see one token too many
window_minus_one dsm sliding layers see one token too few
window_on_full dsm full layers use the window as well
no_window dsm sliding layers see everything
shared_other_type s sharing layers read the source of the other type
shared_one_earlier s sharing layers read the layer of their type before the source
shared_own_kv s sharing layers use their own, stored k_proj, v_proj and k_norm (BF16 files only)
shared_no_window s sharing sliding layers see everything
no_double_wide s sharing layers use half of their MLP
no_layer_scalar dsm layer_scalar left out
scalar_before_ple s layer_scalar applied before the per-layer input
ple_neighbour s the per-layer input of the next layer
ple_interleaved s the per-layer table read as [dim, layer]
ple_no_embed_scale s the per-layer embedding is not multiplied by sqrt(dim)
ple_no_average s the sum of both parts is not multiplied by 1/sqrt(2); seen through the epsilon of post_per_layer_input_norm only
ple_no_projection_scale s the projection is not multiplied by 1/sqrt(hidden); seen through the epsilon of its norm only
ple_unscaled_embedding s the projection reads the unscaled embedding; seen through the epsilon of its norm only
ple_no_gate_activation s no GELU behind per_layer_input_gate
silu dsm SiLU instead of GELU
gelu_exact dsm erf GELU instead of the tanh form
gate_up_swapped dsm gate and up change places, in the dense MLP and the experts
no_softcap dsm logits not capped
softcap_hidden dsm the cap applied to the last hidden state
router_no_scale m router.scale left out
router_no_root m router input not multiplied by hidden^-0.5
router_prenormed m router fed by pre_feedforward_layernorm's output
router_sigmoid m sigmoid instead of softmax
topk_unnormalised m weights of the chosen experts not divided by their sum; seen through the epsilon of post_feedforward_layernorm_2 only
topk_one_less m one expert too few
no_per_expert_scale m router.per_expert_scale left out
per_expert_scale_early m per_expert_scale before the division by the sum; seen through the epsilon of post_feedforward_layernorm_2 only
experts_prenormed m experts fed by pre_feedforward_layernorm's output
no_dense_branch m only the experts, no dense MLP
""".strip().split('\n'))

ACTIVATIONS = {'silu': lambda x: x / (1 + np.exp(-x)), 'gelu_exact': lambda x: 0.5 * x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))),
               None: lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))}

def inverse_frequencies(r, dim, bug):
    """One per pair; zero where a proportional rope does not rotate."""
    turned = int(r.get('partial_rotary_factor', 1.0) * dim // 2) if r['rope_type'] == 'proportional' else dim // 2
    below = 2 * turned if bug == 'rope_rotary_denominator' else dim
    if bug == 'rope_all_pairs':
        turned = dim // 2
    f = r['rope_theta'] ** (-2.0 * np.arange(turned) / below)
    return np.concatenate([f, np.zeros(dim // 2 - turned)]) / r.get('factor', 1.0)

def rotate(x, f, bug):
    """x: [tokens, heads, dim]; pairs (i, i + dim/2)."""
    half = x.shape[-1] // 2
    angle = np.arange(len(x))[:, None, None] * f
    c, s = np.cos(angle), np.sin(angle)
    if bug == 'rope_interleaved':
        a, b = x[..., 0::2], x[..., 1::2]
        return np.stack([a * c - b * s, b * c + a * s], -1).reshape(x.shape)
    if bug == 'rope_leading_dims' and f[-1] == 0:
        k = np.count_nonzero(f)
        return np.concatenate([rotate(x[..., :2 * k], f[:k], None), x[..., 2 * k:]], -1)
    a, b = x[..., :half], x[..., half:]
    return np.concatenate([a * c - b * s, b * c + a * s], -1)

def attend(q, k, v, window, scale, bug):
    """Query i sees keys i - window < j <= i; window None: every j <= i."""
    n, heads, kv = len(q), q.shape[1], k.shape[1]
    i, j = np.arange(n)[:, None], np.arange(n)[None, :]
    seen = j <= i if window is None else (j <= i) & (j > i - window)
    out = np.empty_like(q)
    for h in range(heads):
        g = h % kv if bug == 'gqa_interleaved' else h // (heads // kv)
        out[:, h] = softmax(np.where(seen, q[:, h] @ k[:, g].T * scale, -np.inf)) @ v[:, g]
    return out.reshape(n, -1)

def forward(w, ids, bug=None):
    c = w.c
    s, H, L, P = Shape(c), c['hidden_size'], c['num_hidden_layers'], c['hidden_size_per_layer_input']
    ids, n, act = np.asarray(ids), len(ids), ACTIVATIONS.get(bug, ACTIVATIONS[None])

    def but(name, right, wrong=1):
        return wrong if bug == name else right

    def rms(x, weight, name):
        if bug == 'no_' + name:
            return x
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + c['rms_norm_eps']) * weight

    def norm(x, p, name):
        a, b = SWAPS.get(bug, (None, None))
        return rms(x, w(p + {a: b, b: a}.get(name, name) + '.weight') + (bug == 'norm_one_plus'), name)

    def lin(x, name):
        return x @ w(name + '.weight').T

    def glu(x, g, u, d, swapped):
        return (act(x @ (u if swapped else g).T) * (x @ (g if swapped else u).T)) @ d.T

    def mlp(x, p, inner):
        g, u, d = (w(p + k + '_proj.weight') for k in ('gate', 'up', 'down'))
        return glu(x, g[:inner], u[:inner], d[:, :inner], bug == 'gate_up_swapped')

    def experts(h, pre, p):
        """h: the residual; pre: pre_feedforward_layernorm's output."""
        x = norm(h, p, 'pre_feedforward_layernorm_2')
        r = rms(but('router_prenormed', h, pre), 1.0, 'router_norm')
        z = lin(r * but('router_no_scale', w(p + 'router.scale')) * but('router_no_root', H ** -0.5), p + 'router.proj')
        prob = 1 / (1 + np.exp(-z)) if bug == 'router_sigmoid' else softmax(z)
        order = np.argsort(-prob, axis=-1, kind='stable')[:, :c['top_k_experts'] - (bug == 'topk_one_less')]
        weight = np.take_along_axis(prob, order, -1)
        each = but('no_per_expert_scale', w(p + 'router.per_expert_scale')[order])
        if bug == 'per_expert_scale_early':
            weight, each = weight * each, 1
        weight = weight / but('topk_unnormalised', weight.sum(-1, keepdims=True)) * each
        x = but('experts_prenormed', x, pre)
        y = np.zeros_like(h)
        for e in range(c['num_experts']):
            t, slot = np.nonzero(order == e)
            if w.has(p + 'experts.gate_up_proj'):
                g, u, d = *np.split(w(p + 'experts.gate_up_proj')[e], 2), w(p + 'experts.down_proj')[e]
            else:
                g, u, d = (w('%sexperts.%d.%s_proj.weight' % (p, e, k)) for k in ('gate', 'up', 'down'))
            y[t] += glu(x[t], g, u, d, bug == 'gate_up_swapped') * weight[t, slot][:, None]
        return y

    h = w('embed_tokens.weight')[ids] * but('embed_unscaled', math.sqrt(H))
    if P:
        table = w('embed_tokens_per_layer.weight')[ids] * but('ple_no_embed_scale', math.sqrt(P))
        table = table.reshape(n, P, L).swapaxes(1, 2) if bug == 'ple_interleaved' else table.reshape(n, L, P)
        proj = lin(h / but('ple_unscaled_embedding', 1, math.sqrt(H)), 'per_layer_model_projection')
        proj = (proj * but('ple_no_projection_scale', H ** -0.5)).reshape(n, L, P)
        ple = (norm(proj, '', 'per_layer_projection_norm') + table) * but('ple_no_average', 2 ** -0.5)

    def add_ple(h, l, p):
        g = lin(h, p + 'per_layer_input_gate')
        g = (g if bug == 'ple_no_gate_activation' else act(g)) * ple[:, but('ple_neighbour', l, (l + 1) % L)]
        return h + norm(lin(g, p + 'per_layer_projection'), p, 'post_per_layer_input_norm')

    kept = {}                                                     # keys and values of every layer that makes its own
    for l in range(L):
        p, D, kind = 'layers.%d.' % l, s.head_dim[l], s.types[l]
        a = p + 'self_attn.'
        base = c['rope_parameters'][{S: F, F: S}[kind] if bug == 'rope_bases_swapped' else kind]['rope_theta']
        f = inverse_frequencies(dict(c['rope_parameters'][kind], rope_theta=base), D, bug)
        x = norm(h, p, 'input_layernorm')
        q = rotate(norm(lin(x, a + 'q_proj').reshape(n, -1, D), a, 'q_norm'), f, bug)
        if s.shared[l] and bug != 'shared_own_kv':
            same = [j for j in range(s.first_shared) if s.types[j] == kind]
            other = max(j for j in range(s.first_shared) if s.types[j] != kind)
            k, v = kept[{'shared_other_type': other, 'shared_one_earlier': same[-2:][0]}.get(bug, same[-1])]
            if bug == 'shared_other_type':                        # of another width: cut or filled with zeros
                k, v = (np.concatenate([t, np.zeros((n, t.shape[1], D))], -1)[..., :D] for t in (k, v))
        else:
            key = lin(x, a + 'k_proj').reshape(n, -1, D)
            v = key if s.k_eq_v[l] else lin(x, a + 'v_proj').reshape(n, -1, D)
            k = rotate(norm(key, a, 'k_norm'), f, bug)
            if s.k_eq_v[l]:
                v = {'v_from_normed_key': norm(key, a, 'k_norm'), 'v_from_rotated_key': k}.get(bug, v)
            kept[l] = k, v = k, rms(v, w(a + 'k_norm.weight') if bug == 'v_norm_weighted' else 1.0, 'v_norm')
        window = c['sliding_window'] + {'window_plus_one': 1, 'window_minus_one': -1}.get(bug, 0)
        if (kind == F and bug != 'window_on_full') or (kind == S and (bug == 'no_window' or bug == 'shared_no_window' and s.shared[l])):
            window = None
        y = lin(attend(q, k, v, window, but('attention_scale', 1.0, D ** -0.5), bug), a + 'o_proj')
        h = h + norm(y, p, 'post_attention_layernorm')
        pre = norm(h, p, 'pre_feedforward_layernorm')
        y = mlp(pre, p + 'mlp.', but('no_double_wide', s.inner[l], c['intermediate_size']))
        if c['enable_moe_block']:
            y = norm(y, p, 'post_feedforward_layernorm_1') * but('no_dense_branch', 1, 0)
            y = y + norm(experts(h, pre, p), p, 'post_feedforward_layernorm_2')
        scalar = but('no_layer_scalar', w(p + 'layer_scalar'))
        h = (h + norm(y, p, 'post_feedforward_layernorm')) * but('scalar_before_ple', 1, scalar)
        if P:
            h = add_ple(h, l, p)
        h = h * but('scalar_before_ple', scalar)

    h, cap = norm(h, '', 'norm'), c['final_logit_softcapping']
    if bug == 'softcap_hidden':
        h = cap * np.tanh(h / cap)
    z = lin(h, 'embed_tokens' if c['tie_word_embeddings'] else 'lm_head')
    return cap * np.tanh(z / cap) if cap and bug not in ('no_softcap', 'softcap_hidden') else z

def check(root):
    bad, ids = 0, np.random.default_rng(1).integers(0, COMMON['vocab_size'], 140)
    for variant, scheme in ((v, f) for v in VARIANTS for f in ('none', 'channel', 'block')):
        path = os.path.join(root, '%s-%s' % (variant, scheme))
        count, size = make(variant, path, scheme=scheme, wrap=scheme == 'block')
        w = Weights(path)
        ref = forward(w, ids)
        print('%s: %d tensors, %.2f MB, logits deviation %.2f, largest %.2f' % (path, count, size / 1e6, ref.std(), np.abs(ref).max()))
        for name in (k for k, text in BUGS.items() if scheme == 'none' and variant[0] in text.split()[0]):
            e = np.linalg.norm(forward(w, ids, name) - ref) / np.linalg.norm(ref)
            bad += not e >= 1e-4
            print('  %-32s %.1e%s' % (name, e, '' if e >= 1e-4 else '  TOO SMALL'))
    return bad

def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = ap.add_subparsers(dest='command', required=True)
    m, n, g, b, k = (sub.add_parser(c) for c in ('make', 'list', 'logits', 'bugs', 'check'))
    n.add_argument('model', choices=PUBLISHED)
    n.add_argument('--out', required=True)
    n.add_argument('--fp8', choices=['none', 'channel'], default='none')
    m.add_argument('variant', choices=VARIANTS)
    m.add_argument('--out', required=True)
    m.add_argument('--seed', type=int, default=0)
    m.add_argument('--fp8', choices=['none', 'block', 'channel'], default='none')
    m.add_argument('--wrap', action='store_true')
    m.add_argument('--per-layer-config', action='store_true')
    m.add_argument('--set', action='append', default=[], metavar='KEY=JSON')
    g.add_argument('dir')
    g.add_argument('--ids', required=True)
    g.add_argument('--out', required=True)
    g.add_argument('--plant', choices=BUGS, metavar='BUG')
    b.add_argument('--out')
    k.add_argument('dir', nargs='?')
    a = ap.parse_args()
    if a.command == 'make':
        print('%d tensors, %d bytes' % make(a.variant, a.out, a.seed, a.fp8, a.wrap, a.per_layer_config, a.set))
    elif a.command == 'list':
        listed(a.model, a.out, a.fp8)
    elif a.command == 'logits':
        w = Weights(a.dir)
        random = re.fullmatch(r'rand:(\d+):(\d+)', a.ids)
        ids = np.random.default_rng(int(random[2])).integers(0, w.c['vocab_size'], int(random[1])) if random else a.ids.split(',')
        np.save(a.out, forward(w, [int(i) for i in ids], a.plant))
    elif a.command == 'bugs':
        lines = '\n'.join('%s %s' % x for x in BUGS.items()) + '\n'
        if a.out:
            with open(a.out, 'w') as f:
                f.write(lines)
        else:
            print(lines, end='')
    else:
        with tempfile.TemporaryDirectory() as tmp:
            sys.exit(1 if check(a.dir or tmp) else 0)

if __name__ == '__main__':
    main()
