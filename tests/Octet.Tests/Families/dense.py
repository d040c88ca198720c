#!/usr/bin/python3
"""Independent float64 reference of dense text decoders, numpy only, written from Hugging Face transformers' source, checked against vLLM's.

  dense.py make FAMILY --out DIR [--seed N] [--fp8 none|block|channel|native] [--set KEY=JSON ...]
  dense.py logits DIR --ids 1,2,3 --out FILE.npy [--plant BUG]     # float64 [tokens, vocabulary]; the model is told by config.json alone
  dense.py bugs [--out FILE]       # plantable bugs: name, families it concerns (with commas), what it does
  dense.py families [--out FILE]   # a family a line
  dense.py check [DIR]             # makes every family under DIR, plants every bug, prints its relative error; exit status 1 if < 1e-4

config.json is spelt as the family's published files spell it.  --fp8 block and channel are compressed-tensors' names, native is Qwen's own
(weight_scale_inv).  --set changes a key of the text model's config; --set layout="nested" or "resaved" gives qwen2_5_vl a text_config, with
the tensors' newer or older names.  Weights are random; gains, norms, biases and factors are spread so that a mixed-up one shows.
"""
import argparse
import json
import math
import os
import sys
import tempfile

import numpy as np

from oracle_files import Weights, draw, fp8, native_quantization_config, quantization_config, softmax, to_bf16, write_safetensors

S, F = 'sliding_attention', 'full_attention'

# What a class of transformers does, whatever its config says.  norms: before and behind attention, before and behind the MLP (all within the
# residual branch).  bias: config keys (or constants) that give q, k and v, then o, then the MLP's layers a bias.
LLAMA = dict(norms=('input_layernorm', None, 'post_attention_layernorm', None), norm='rms', eps='rms_norm_eps', qk=None, mlp='gated', act='silu',
             pairs='halves', bias=('attention_bias', 'attention_bias', 'mlp_bias'), tied=False)
POST = (None, 'post_attention_layernorm', None, 'post_feedforward_layernorm')
CLASSES = {
    'Qwen3VLForConditionalGeneration': dict(qk='head', mrope=True, bias=('attention_bias', 'attention_bias', False)),
    'Qwen2_5_VLForConditionalGeneration': dict(mrope=True, bias=(True, False, False)),
    'SmolLM3ForCausalLM': dict(tied=True),
    'Olmo2ForCausalLM': dict(norms=POST, qk='width', bias=('attention_bias', 'attention_bias', False)),
    'Olmo3ForCausalLM': dict(norms=POST, qk='width', bias=('attention_bias', 'attention_bias', False)),
    'Exaone4ForCausalLM': dict(norms=POST, qk='head', bias=(False, False, False)),
    'HunYuanDenseV1ForCausalLM': dict(qk='head', qk_late=True, qk_names=('query_layernorm', 'key_layernorm'),
                                      bias=('attention_bias', 'attention_bias', False)),
    'GraniteForCausalLM': {},
    'GlmForCausalLM': dict(mlp='fused', pairs='neighbours', partial=0.5, bias=('attention_bias', False, False)),
    'Glm4ForCausalLM': dict(norms=('input_layernorm', 'post_self_attn_layernorm', 'post_attention_layernorm', 'post_mlp_layernorm'), mlp='fused',
                            pairs='neighbours', partial=0.5, bias=('attention_bias', False, False)),
    'CohereForCausalLM': dict(norms=('input_layernorm', None, 'parallel', None), norm='layer', eps='layer_norm_eps', pairs='neighbours',
                              bias=('attention_bias', 'attention_bias', False), tied=True),
    'Cohere2ForCausalLM': dict(norms=('input_layernorm', None, 'parallel', None), norm='layer', eps='layer_norm_eps', pairs='neighbours',
                               bias=('attention_bias', 'attention_bias', False), tied=True),
    'Ernie4_5ForCausalLM': dict(pairs='neighbours', bias=('use_bias', 'use_bias', 'use_bias'), tied=True),
    'ApertusForCausalLM': dict(norms=('attention_layernorm', None, 'feedforward_layernorm', None), qk='head', mlp='plain', act='xielu',
                               bias=('attention_bias', 'attention_bias', False)),
    'ArceeForCausalLM': dict(mlp='plain', act='relu2'),
    'Gemma2ForCausalLM': dict(norms=('input_layernorm', 'post_attention_layernorm', 'pre_feedforward_layernorm', 'post_feedforward_layernorm'),
                              norm='rms+1', act='gelu_tanh', bias=('attention_bias', 'attention_bias', False), tied=True),
    'NemotronForCausalLM': dict(norm='layer+1', eps='norm_eps', mlp='plain', act='relu2', partial=0.5),
}

def llama3(factor, original):
    return dict(factor=factor, high_freq_factor=4.0, low_freq_factor=1.0, original_max_position_embeddings=original, rope_type='llama3')

COMMON = dict(attention_dropout=0.0, bos_token_id=1, eos_token_id=2, hidden_act='silu', hidden_size=128, initializer_range=0.02,
              intermediate_size=200, max_position_embeddings=4096, num_attention_heads=4, num_hidden_layers=4, num_key_value_heads=2,
              rms_norm_eps=1e-06, rope_scaling=None, rope_theta=10000.0, torch_dtype='bfloat16', transformers_version='4.57.1', use_cache=True,
              vocab_size=311)
# None takes a key of COMMON away; rope_scaling=0 writes a null.
FAMILIES = {
    'qwen3_vl': ('Qwen3VLForConditionalGeneration', dict(
        attention_bias=False, dtype='bfloat16', head_dim=32, hidden_size=96, model_type='qwen3_vl_text', rope_theta=5000000, torch_dtype=None,
        rope_scaling=dict(mrope_interleaved=True, mrope_section=[6, 5, 5], rope_type='default'), tie_word_embeddings=False)),
    'qwen2_5_vl': ('Qwen2_5_VLForConditionalGeneration', dict(
        max_window_layers=2, model_type='qwen2_5_vl', rope_scaling=dict(mrope_section=[4, 6, 6], type='mrope'), rope_theta=1000000.0,
        sliding_window=16, tie_word_embeddings=False, use_sliding_window=False)),
    'smollm3': ('SmolLM3ForCausalLM', dict(
        attention_bias=False, layer_types=[F] * 6, max_window_layers=28, mlp_bias=False, model_type='smollm3', no_rope_layer_interval=4,
        no_rope_layers=[1, 1, 1, 0, 1, 1], num_hidden_layers=6, pad_token_id=0, pretraining_tp=2, rope_scaling=0, rope_theta=5000000.0,
        sliding_window=None, use_sliding_window=False)),
    'olmo2': ('Olmo2ForCausalLM', dict(attention_bias=False, model_type='olmo2', pad_token_id=0, rope_scaling=0, rope_theta=500000,
                                       tie_word_embeddings=False)),
    'olmo3': ('Olmo3ForCausalLM', dict(
        attention_bias=False, layer_types=[S, S, S, F, S, S], max_position_embeddings=512, model_type='olmo3', num_hidden_layers=6, pad_token_id=0,
        rope_scaling=dict(attention_factor=1.2079441541679836, beta_fast=32, beta_slow=1, factor=8.0, original_max_position_embeddings=64,
                          rope_type='yarn'), rope_theta=500000, sliding_window=20, tie_word_embeddings=False)),
    'exaone4': ('Exaone4ForCausalLM', dict(
        head_dim=32, layer_types=[S, S, S, F, S, F], max_position_embeddings=512, model_type='exaone4', num_hidden_layers=6, pad_token_id=0,
        rms_norm_eps=1e-05, rope_scaling=llama3(16.0, 32), rope_theta=1000000, sliding_window=16, sliding_window_pattern='LLLG',
        tie_word_embeddings=False)),
    'exaone4_small': ('Exaone4ForCausalLM', dict(
        head_dim=32, layer_types=[F] * 4, max_position_embeddings=512, model_type='exaone4', pad_token_id=0, rms_norm_eps=1e-05,
        rope_scaling=llama3(16.0, 32), rope_theta=1000000, sliding_window=0, sliding_window_pattern=0, tie_word_embeddings=True)),
    'hunyuan_v1_dense': ('HunYuanDenseV1ForCausalLM', dict(
        add_classification_head=False, attention_bias=False, attention_head_dim=32, cla_share_factor=2, eod_token_id=3, head_dim=32,
        hidden_size=112, mlp_bias=False, model_type='hunyuan_v1_dense', norm_type='rms', pad_token_id=0, rms_norm_eps=1e-05,
        rope_scaling=dict(alpha=1000.0, beta_fast=32, beta_slow=1, factor=1.0, mscale=1.0, mscale_all_dim=1.0, type='dynamic'),
        tie_word_embeddings=True, use_cla=False, use_qk_norm=True)),
    'granite': ('GraniteForCausalLM', dict(
        attention_bias=False, attention_multiplier=0.03125, embedding_multiplier=12.0, logits_scaling=16.0, mlp_bias=False, model_type='granite',
        pad_token_id=0, residual_multiplier=0.22, rms_norm_eps=1e-05, rope_scaling=0, rope_theta=10000000.0, tie_word_embeddings=True)),
    'glm4': ('Glm4ForCausalLM', dict(
        attention_bias=True, eos_token_id=[2, 3, 4], head_dim=32, model_type='glm4', pad_token_id=2, partial_rotary_factor=0.5,
        rms_norm_eps=1e-05, rope_scaling=None, tie_word_embeddings=False)),
    'glm': ('GlmForCausalLM', dict(
        attention_bias=True, eos_token_id=[2, 3, 4], head_dim=32, hidden_size=112, model_type='glm', pad_token_id=2, partial_rotary_factor=0.5,
        rms_norm_eps=1.5625e-07, rope_scaling=None, tie_word_embeddings=False)),
    'cohere2': ('Cohere2ForCausalLM', dict(
        attention_bias=False, head_dim=32, layer_norm_eps=1e-05, layer_switch=4, logit_scale=0.25, model_type='cohere2', num_hidden_layers=6,
        order_of_interleaved_layers='local_attn_first', pad_token_id=0, position_embedding_type='rope_gptj', rms_norm_eps=None, rope_scaling=0,
        rope_theta=50000, rotary_pct=1.0, sliding_window=16, sliding_window_pattern=4, use_embedding_sharing=True, use_gated_activation=True,
        use_parallel_block=True, use_parallel_embedding=True)),
    'cohere': ('CohereForCausalLM', dict(
        attention_bias=False, layer_norm_eps=1e-05, logit_scale=0.8333333333333334, model_type='cohere', pad_token_id=0, rms_norm_eps=None,
        rope_scaling=None, rope_theta=75000000.0, use_qk_norm=True)),
    'ernie4_5': ('Ernie4_5ForCausalLM', dict(
        head_dim=32, hidden_size=96, model_type='ernie4_5', pad_token_id=0, rms_norm_eps=1e-05, rope_scaling=0, rope_theta=500000.0,
        tie_word_embeddings=True, use_bias=False)),
    'apertus': ('ApertusForCausalLM', dict(
        attention_bias=False, hidden_act='xielu', max_position_embeddings=512, mlp_bias=False, model_type='apertus', pad_token_id=3, post_norm=False,
        qk_norm=True, rms_norm_eps=1e-05, rope_scaling=dict(llama3(8.0, 64), type='llama3'), rope_theta=12000000, tie_word_embeddings=False)),
    'arcee': ('ArceeForCausalLM', dict(
        attention_bias=False, head_dim=32, hidden_act='relu2', max_position_embeddings=512, mlp_bias=False, model_type='arcee', rms_norm_eps=1e-05,
        rope_scaling=dict(beta_fast=32.0, beta_slow=1.0, factor=20.0, mscale=1.0, original_max_position_embeddings=32, rope_type='yarn'),
        tie_word_embeddings=False)),
    # Published with a cap of 50 on scores, where weights as large as would bend them make the model so sharp that float32 does not do.
    'gemma2': ('Gemma2ForCausalLM', dict(
        attention_bias=False, attn_logit_softcapping=5.0, cache_implementation='hybrid', final_logit_softcapping=30.0, head_dim=32,
        hidden_act='gelu_pytorch_tanh', hidden_activation='gelu_pytorch_tanh', hidden_size=144, model_type='gemma2', num_hidden_layers=6,
        pad_token_id=0, query_pre_attn_scalar=40, rope_scaling=None, sliding_window=16)),
    'nemotron': ('NemotronForCausalLM', dict(
        attention_bias=False, head_dim=32, hidden_act='relu2', hidden_size=96, mlp_bias=False, model_type='nemotron', norm_eps=1e-05,
        partial_rotary_factor=0.5, rms_norm_eps=None, rope_scaling=None, tie_word_embeddings=False)),
}
# A few tensors of the vision part, to be skipped: (name behind visual., shape).
VISION = {
    'qwen3_vl': [('patch_embed.proj.weight', (48, 3, 2, 4, 4)), ('patch_embed.proj.bias', (48,)), ('pos_embed.weight', (16, 48)),
                 ('blocks.0.norm1.weight', (48,)), ('blocks.0.norm1.bias', (48,)), ('blocks.0.attn.qkv.weight', (144, 48)),
                 ('blocks.0.attn.qkv.bias', (144,)), ('blocks.0.mlp.linear_fc1.weight', (64, 48)), ('merger.norm.weight', (48,)),
                 ('merger.linear_fc1.weight', (192, 192)), ('deepstack_merger_list.0.norm.weight', (192,)),
                 ('deepstack_merger_list.0.linear_fc1.weight', (192, 192))],
    'qwen2_5_vl': [('patch_embed.proj.weight', (48, 3, 2, 4, 4)), ('blocks.0.norm1.weight', (48,)), ('blocks.0.attn.qkv.weight', (144, 48)),
                   ('blocks.0.attn.qkv.bias', (144,)), ('blocks.0.mlp.gate_proj.weight', (64, 48)), ('blocks.0.mlp.gate_proj.bias', (64,)),
                   ('merger.ln_q.weight', (48,)), ('merger.mlp.0.weight', (192, 192)), ('merger.mlp.0.bias', (192,))],
}

def traits(arch):
    return dict(LLAMA, **CLASSES[arch])

def head_dim(c):
    return c.get('head_dim') or c['hidden_size'] // c['num_attention_heads']

def is_tied(c, t):
    return c.get('tie_word_embeddings', t['tied'])                # the class's own default where the file says nothing

def plan(c, t):
    """[(name without prefix, shape, kind, mean, deviation)]; kind: lin is quantised by --fp8, wide is not."""
    H, I, V, D, Q, K = (c[k] for k in ('hidden_size', 'intermediate_size', 'vocab_size', 'num_hidden_layers', 'num_attention_heads',
                                       'num_key_value_heads'))
    L, D = D, head_dim(c)
    # Small embeddings, as trained ones are: the epsilon of the first norms shows.
    out = [('embed_tokens.weight', (V, H), 'wide', 0, 0.02)]
    has = [c.get(b, False) if isinstance(b, str) else b for b in t['bias']]

    def lin(name, o, i, gain, bias):
        out.append((name + '.weight', (o, i), 'lin', 0, gain / math.sqrt(i)))
        if bias:
            out.append((name + '.bias', (o,), 'wide', 0.1, 0.4))

    def norm(name, shape, mean=1.0, dev=0.25):
        one = t['norm'].endswith('+1')
        out.append((name + '.weight', shape, 'wide', mean - one, dev * mean))
        if t['norm'] == 'layer+1':
            out.append((name + '.bias', shape, 'wide', 0, 0.2))

    for l in range(L):
        p = 'layers.%d.' % l
        a, m = p + 'self_attn.', p + 'mlp.'
        for name, mean in zip(t['norms'], (1.0, 0.6, 1.3, 0.4)):
            if name not in (None, 'parallel'):
                norm(p + name, (H,), mean)
        sharp = 2.0 if c.get('attn_logit_softcapping') else 2.5 if c.get('attention_multiplier') else 1.5
        lin(a + 'q_proj', Q * D, H, sharp, has[0])
        lin(a + 'k_proj', K * D, H, sharp, has[0])
        lin(a + 'v_proj', K * D, H, 0.8, has[0])
        lin(a + 'o_proj', H, Q * D, 1.5, has[1])
        qk = 'heads' if c.get('use_qk_norm') and t['norm'] == 'layer' else t['qk']
        for name, n, mean in zip(t.get('qk_names', ('q_norm', 'k_norm')), (Q, K), (1.3, 1.1)):
            if qk:
                norm(a + name, dict(head=(D,), width=(n * D,), heads=(n, D))[qk], mean)
        if t['mlp'] == 'fused':
            lin(m + 'gate_up_proj', 2 * I, H, 1.3, has[2])
        elif t['mlp'] == 'gated':
            lin(m + 'gate_proj', I, H, 1.5, has[2])
        if t['mlp'] != 'fused':
            lin(m + 'up_proj', I, H, 1.0, has[2])
        lin(m + 'down_proj', H, I, 1.0, has[2])
        if t['act'] == 'xielu':
            for name, shape, mean, dev in (('alpha_p', (1,), 0.4, 0.3), ('alpha_n', (1,), -0.5, 0.3), ('beta', (), 0.5, 0), ('eps', (), -1e-6, 0)):
                out.append((m + 'act_fn.' + name, shape, 'wide', mean, dev))
    norm('norm', (H,), 9.0 if c.get('final_logit_softcapping') else 2.0)       # logits that the cap bends
    if not is_tied(c, t):
        out.append(('lm_head.weight', (V, H), 'wide', 0, 0.05))
    return out

def make(family, out, seed=0, scheme='none', overrides=()):
    arch, own = FAMILIES[family]
    c = {k: v for k, v in dict(COMMON, **own).items() if v is not None}
    for k in ('rope_scaling', 'sliding_window', 'sliding_window_pattern'):
        c.update({k: None} if c.get(k) == 0 else {})
    changes = {k: json.loads(v) for k, v in (x.split('=', 1) for x in overrides)}
    layout = changes.pop('layout', 'nested' if family == 'qwen3_vl' else 'flat')
    c.update(changes)
    t = traits(arch)
    prefix, visual = ('model.language_model.', 'model.visual.') if layout == 'nested' else ('model.', 'visual.')
    ts, ignore = {}, ['lm_head']
    for name, shape, kind, mean, dev in plan(c, t):
        full = name if name == 'lm_head.weight' else prefix + name
        x = mean + dev * draw(seed, name, shape)
        if kind == 'lin' and scheme != 'none':
            q, s = fp8(name, x, 'channel' if scheme == 'channel' else 'block')
            ts[full], ts[full + ('_scale_inv' if scheme == 'native' else '_scale')] = ('F8_E4M3', q), ('BF16', s)
        else:
            ts[full] = ('BF16', to_bf16(x))
    for name, shape in VISION.get(family, ()):
        ts[visual + name] = ('BF16', to_bf16(draw(seed, name, shape)))
        if name.endswith('.weight') and len(shape) == 2:
            ignore.append(visual + name[:-len('.weight')])
    config = dict(c, architectures=[arch])
    if family in VISION:
        tokens = dict(image_token_id=305, video_token_id=306, vision_end_token_id=304, vision_start_token_id=303)
        vision = (dict(deepstack_visual_indexes=[0], depth=1, hidden_size=48, in_channels=3, model_type='qwen3_vl', num_heads=2, patch_size=4)
                  if family == 'qwen3_vl' else dict(depth=1, hidden_act='silu', hidden_size=48, model_type='qwen2_5_vl', num_heads=2, patch_size=4))
        if layout != 'flat':
            version = c.pop('transformers_version')
            config = dict(architectures=[arch], model_type=family, text_config=dict(c, model_type=family + '_text'), torch_dtype='bfloat16',
                          tie_word_embeddings=c['tie_word_embeddings'], transformers_version=version)
        config.update(tokens, vision_config=vision)
    if scheme != 'none':
        config['quantization_config'] = native_quantization_config(ignore) if scheme == 'native' else quantization_config(scheme, ignore)
    os.makedirs(out, exist_ok=True)
    eos = c['eos_token_id']
    for name, value in (('config.json', config), ('generation_config.json', dict(
            bos_token_id=c['bos_token_id'], do_sample=True, eos_token_id=eos, pad_token_id=0, temperature=0.6, top_p=0.95))):
        with open(os.path.join(out, name), 'w') as f:
            json.dump(value, f, indent=2, sort_keys=True)
    return len(ts), write_safetensors(os.path.join(out, 'model.safetensors'), ts)

def open_model(path):
    """Weights, the text model's config, its class."""
    w = Weights(path)
    with open(os.path.join(path, 'config.json')) as f:
        top = json.load(f)
    tied = {k: top[k] for k in top if k == 'tie_word_embeddings'}            # the outer one counts
    return w, {**top, **top.get('text_config', {}), **tied}, top['architectures'][0]

def families_with(test):
    return ','.join(f for f, (a, own) in FAMILIES.items() if test(traits(a), own))

def bugs():
    """{name: (families, description)}"""
    one = {
        'all': families_with(lambda t, c: True), 'eps': families_with(lambda t, c: c['model_type'] != 'gemma2'),     # too small to show there
        'pre': families_with(lambda t, c: t['norms'][0]), 'behind': families_with(lambda t, c: t['norms'][1]),
        'pre2': families_with(lambda t, c: t['norms'][2] not in (None, 'parallel')), 'no1p': families_with(lambda t, c: '+1' not in t['norm']),
        '1p': families_with(lambda t, c: '+1' in t['norm']), 'prepost': families_with(lambda t, c: t['norms'][0] and t['norms'][2] != 'parallel'),
        'layer': families_with(lambda t, c: t['norm'].startswith('layer')),
        'qk': families_with(lambda t, c: t['qk'] or t['norm'] == 'layer' and c.get('use_qk_norm')),
        'qkhead': families_with(lambda t, c: t['qk'] == 'head'), 'qkhead_early': families_with(lambda t, c: t['qk'] == 'head' and not t.get('qk_late')),
        'qkearly': families_with(lambda t, c: t['qk'] and not t.get('qk_late')),
        'bias': families_with(lambda t, c: c.get(t['bias'][0]) is True or t['bias'][0] is True),
        'untied': families_with(lambda t, c: not c.get('tie_word_embeddings', t['tied'])), 'silu': families_with(lambda t, c: t['act'] == 'silu'),
        'gated': families_with(lambda t, c: t['mlp'] != 'plain'), 'mrope': families_with(lambda t, c: t.get('mrope')),
        'partial': families_with(lambda t, c: 'partial' in t), 'yarn': 'olmo3,arcee', 'llama3': 'exaone4,exaone4_small,apertus',
        'stretched': 'olmo3,exaone4,exaone4_small,hunyuan_v1_dense,apertus,arcee', 'windows': 'olmo3,exaone4,cohere2,gemma2',
        'nope': 'smollm3,exaone4,cohere2'}
    table = """
no_attention_norm pre the norm before attention left out
no_attention_post_norm behind the norm behind attention left out
no_mlp_norm pre2 the norm before the MLP left out
no_mlp_post_norm behind the norm behind the MLP left out
no_final_norm all the last norm left out
swap_norms prepost the norms before attention and before the MLP change places
swap_post_norms behind the norms behind attention and behind the MLP change places
norms_before olmo2,olmo3,exaone4,exaone4_small the norms applied before attention and the MLP instead of behind
post_norm_on_sum olmo2,olmo3,exaone4,exaone4_small,glm4,gemma2 the norm behind attention applied to the sum with the residual
glm4_names_as_gemma2 glm4 post_attention_layernorm taken for the norm behind attention, post_self_attn_layernorm for the one before the MLP
norm_one_plus no1p norms multiply by 1 + w
norm_no_one 1p norms multiply by w instead of 1 + w
norm_keeps_mean layer the mean is not subtracted: RMS norms
norm_no_bias nemotron the norms' biases left out
no_epsilon eps norms divide without an epsilon
no_q_norm qk the queries' norm left out
no_k_norm qk the keys' norm left out
swap_qk_norms qkhead_early the norms of queries and keys change places
qk_norm_width qkhead queries and keys normed over all heads at once
qk_norm_heads olmo2,olmo3 queries and keys normed within each head
qk_norm_late qkearly queries and keys normed behind the rotation
qk_norm_early hunyuan_v1_dense queries and keys normed before the rotation
qk_norm_rms cohere the mean of queries and keys is not subtracted
qk_norm_first_head cohere the first head's gains for every head
other_pairs all the other layout of rotated pairs
rope_neighbouring_halves glm,glm4,ernie4_5,cohere,cohere2 pairs (2i, 2i+1) turned by the angles of pairs (i, i + n/2)
rope_all_dims partial the whole head rotated
rope_last_dims partial the last part of the head rotated instead of the first
rope_exponents partial exponents divided by the whole head's dimension
rope_theta all the base is half as large
rope_direction all rotated the other way in keys only
mrope_time_only mrope the pairs of height and width are not turned
unstretched stretched rope_scaling left out
stretched_everywhere olmo3 sliding layers use YaRN as well, as transformers 5.2 does
yarn_no_attention_factor yarn cosines and sines not multiplied
yarn_maximum yarn max_position_embeddings instead of the original context
yarn_ratio arcee max / original context instead of the factor
yarn_mscale arcee mscale alone divides the attention factor away
llama3_unsmoothed llama3 the middle wavelengths are not interpolated
llama3_linear llama3 every wavelength divided by the factor
alpha_plain hunyuan_v1_dense the base multiplied by alpha, not alpha ** (n / (n - 2))
alpha_is_factor hunyuan_v1_dense alpha ignored: the dynamic rope's own formula with factor 1
nope_ignored nope every layer rotates
nope_everywhere nope,exaone4_small no layer rotates
nope_one_early nope layers without rotation one earlier
nope_inverted nope layers with and without rotation change places
window_plus_one windows sliding layers see one token too many
window_minus_one windows sliding layers see one token too few
no_window windows sliding layers see everything
window_everywhere windows full layers use the window as well
window_one_early windows the full layers one earlier
window_used qwen2_5_vl layers from max_window_layers on use the window although use_sliding_window is false
gqa_interleaved all query head h reads key head h mod kv_heads
attention_scale all scores multiplied by 1 / head_dim instead of the model's factor
attention_root granite,gemma2 scores multiplied by 1 / sqrt(head_dim)
no_q_bias bias the queries' bias left out
no_k_bias bias the keys' bias left out
no_v_bias bias the values' bias left out
no_attention_cap gemma2 scores not capped
no_logit_cap gemma2 logits not capped
swap_caps gemma2 the caps of scores and logits change places
no_embedding_multiplier granite,gemma2 the embedding is not multiplied
no_residual_multiplier granite branches are not multiplied
residual_multiplies_sum granite the sum instead of the branch is multiplied, behind the MLP
no_logit_scale granite,cohere,cohere2 logits are not scaled
logit_scale_inverse granite,cohere,cohere2 logits are multiplied instead of divided, or the other way
sequential cohere,cohere2 the MLP reads the normed sum behind attention
parallel_unnormed cohere,cohere2 the MLP reads the residual without its norm
tied_head untied the embedding is the head
gelu silu GELU instead of SiLU
gelu_exact gemma2 erf GELU instead of the tanh form
silu gemma2,apertus,arcee,nemotron SiLU instead of the model's activation
relu arcee,nemotron ReLU not squared
square arcee,nemotron squares of negative inputs kept
gate_up_swapped gated gate and up change places
fused_interleaved glm,glm4 rows of gate and up taken alternately
xielu_no_softplus apertus alpha_p and alpha_n used as they are stored
xielu_no_beta apertus beta not added to alpha_n
xielu_no_linear apertus beta * x left out
"""
    lines = (line.split(None, 2) for line in table.strip().split('\n'))
    return {name: (','.join(one.get(x, x) for x in who.split(',')), text) for name, who, text in lines}

def silu(x):
    return x / (1 + np.exp(-np.maximum(x, -700)))

def gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))

def gelu_exact(x):
    return 0.5 * x * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))

def layer_plan(c, arch, bug):
    """[(window or None, rotated, by rope_scaling)] of the layers."""
    n, W, types = c['num_hidden_layers'], c.get('sliding_window'), c.get('layer_types')
    slides, turned, scaled = [False] * n, [True] * n, [True] * n
    if arch == 'Cohere2ForCausalLM' and not W:                   # rotation comes with the window
        turned = [False] * n
    if arch == 'SmolLM3ForCausalLM':
        turned = c.get('no_rope_layers') or [(l + 1) % c.get('no_rope_layer_interval', 4) for l in range(n)]    # 1 (not 0) rotates
    if arch in ('Olmo3ForCausalLM', 'Exaone4ForCausalLM', 'Cohere2ForCausalLM', 'Gemma2ForCausalLM') and W:
        pattern = 2 if arch == 'Gemma2ForCausalLM' else c.get('sliding_window_pattern') or 4
        if not types:                                            # a string names its layers, L slides; a number counts them
            types = [S if (pattern[l % len(pattern)] == 'L' if isinstance(pattern, str) else (l + 1) % pattern) else F for l in range(n)]
        slides = [x == S for x in types]
        if bug == 'window_one_early':
            slides = slides[1:] + slides[:1]
        if arch == 'Olmo3ForCausalLM':                           # transformers 5.2 forgot it; vLLM, llama.cpp and the paper have it so
            scaled = [not s or bug == 'stretched_everywhere' for s in slides]
        if arch in ('Exaone4ForCausalLM', 'Cohere2ForCausalLM'):
            turned = [x == S for x in types]
    turned = [bool(x) for x in turned]
    if bug == 'nope_one_early':
        turned = turned[1:] + turned[:1]
    turned = {'nope_ignored': [True] * n, 'nope_everywhere': [False] * n, 'nope_inverted': [not x for x in turned]}.get(bug, turned)
    if bug == 'window_used':
        slides = [l >= c['max_window_layers'] for l in range(n)]
    size = (W or 0) + {'window_plus_one': 1, 'window_minus_one': -1}.get(bug, 0)
    windows = [size if (s or bug == 'window_everywhere') and bug != 'no_window' else None for s in slides]
    return list(zip(windows, turned, scaled))

def frequencies(c, t, scaled, bug):
    """Angle per position of each rotated pair, and the factor of cosines and sines."""
    r = dict(c.get('rope_parameters') or c.get('rope_scaling') or {})
    r = r.get(F if scaled else S, r)                              # transformers 5 may write them for each type of layer
    kind = r.get('rope_type', r.get('type', 'default')) if scaled and bug != 'unstretched' else 'default'
    theta = r.get('rope_theta', c.get('rope_theta')) * (0.5 if bug == 'rope_theta' else 1)
    D = head_dim(c)
    part = r.get('partial_rotary_factor', c.get('partial_rotary_factor', t.get('partial', 1.0)))
    n = D if bug == 'rope_all_dims' else int(D * part)
    steps = np.arange(0, n, 2) / (D if bug == 'rope_exponents' else n)
    if kind == 'dynamic' and r.get('alpha') and bug != 'alpha_is_factor':      # Tencent's: a base fixed once for all lengths
        theta *= r['alpha'] ** (1 if bug == 'alpha_plain' else n / (n - 2))
    f = theta ** -steps
    if kind == 'llama3':
        context, low, high, turns = r['original_max_position_embeddings'], r['low_freq_factor'], r['high_freq_factor'], f / (2 * math.pi)
        keep = np.clip((context * turns - low) / (high - low), 0, 1)           # turns within the old context: 0 slow, 1 fast
        keep = {'llama3_unsmoothed': (keep > 0) * 1.0, 'llama3_linear': 0 * keep}.get(bug, keep)
        return f * (keep + (1 - keep) / r['factor']), 1.0
    if kind == 'yarn':
        context = c['max_position_embeddings'] if bug == 'yarn_maximum' else r['original_max_position_embeddings']
        factor = c['max_position_embeddings'] / context if bug == 'yarn_ratio' else r.get('factor') or c['max_position_embeddings'] / context

        def bound(turns):
            return n * math.log(context / (turns * 2 * math.pi)) / (2 * math.log(theta))

        low, high = max(math.floor(bound(r.get('beta_fast') or 32)), 0), min(math.ceil(bound(r.get('beta_slow') or 1)), n - 1)
        slow = np.clip((np.arange(n // 2) - low) / max(high - low, 0.001), 0, 1)

        def scale(m):
            return 0.1 * m * math.log(factor) + 1

        m, every = r.get('mscale'), r.get('mscale_all_dim')
        size = r.get('attention_factor') or (scale(m) / scale(every) if m and every else scale(1))
        return f * (1 - slow + slow / factor), 1.0 if bug == 'yarn_no_attention_factor' or bug == 'yarn_mscale' and m else size
    if kind == 'linear':
        return f / r['factor'], 1.0
    if kind not in ('default', 'mrope', 'dynamic'):
        raise ValueError('rope type ' + kind)
    if bug == 'mrope_time_only':                                               # height and width given as position 0
        a, b, w = r['mrope_section']
        i = np.arange(n // 2)
        f = f * ((i % 3 == 0) | (i >= 3 * b) if r.get('mrope_interleaved') else i < a)
    return f, 1.0

def rotate(x, f, size, neighbours, bug, sign=1):
    """x: [tokens, heads, dim]; the first 2 len(f) of dim turn, in pairs (i, i + len(f)) or neighbours (2i, 2i + 1)."""
    n = len(f)
    angle = sign * np.arange(len(x))[:, None, None] * f
    c, s = np.cos(angle) * size, np.sin(angle) * size
    if bug == 'rope_last_dims':
        return np.concatenate([x[..., :-2 * n], rotate(x[..., -2 * n:], f, size, neighbours, None)], -1)
    y = x.copy()
    at, to = (slice(0, 2 * n, 2), slice(1, 2 * n, 2)) if neighbours != (bug == 'other_pairs') else (slice(0, n), slice(n, 2 * n))
    a, b = x[..., at], x[..., to]
    if bug == 'rope_neighbouring_halves':                         # cos and sin of [f, f] laid over neighbours
        k = np.arange(2 * n) % n
        y[..., at], y[..., to] = a * c[..., k[0::2]] - b * s[..., k[0::2]], b * c[..., k[1::2]] + a * s[..., k[1::2]]
    else:
        y[..., at], y[..., to] = a * c - b * s, b * c + a * s
    return y

def attend(q, k, v, window, scale, cap, bug):
    """Query i sees keys i - window < j <= i; window None: every j <= i."""
    n, heads, kv = len(q), q.shape[1], k.shape[1]
    i, j = np.arange(n)[:, None], np.arange(n)[None, :]
    seen = j <= i if window is None else (j <= i) & (j > i - window)
    out = np.empty_like(q)
    for h in range(heads):
        g = h % kv if bug == 'gqa_interleaved' else h // (heads // kv)
        z = q[:, h] @ k[:, g].T * scale
        z = cap * np.tanh(z / cap) if cap else z
        out[:, h] = softmax(np.where(seen, z, -np.inf)) @ v[:, g]
    return out.reshape(n, -1)

def forward(w, c, arch, ids, bug=None):
    t, n, D = traits(arch), len(ids), head_dim(c)
    eps = 0 if bug == 'no_epsilon' else c[t['eps']]
    plus = t['norm'].endswith('+1') != (bug in ('norm_one_plus', 'norm_no_one'))
    gemma = arch == 'Gemma2ForCausalLM'

    def normed(x, centred):
        x = x - x.mean(-1, keepdims=True) if centred else x
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + eps)

    def norm(x, name):
        y = normed(x, t['norm'].startswith('layer') and bug != 'norm_keeps_mean') * (w(name + '.weight') + plus)
        return y + w(name + '.bias') if t['norm'] == 'layer+1' and bug != 'norm_no_bias' else y

    def lin(x, name):
        y = x @ w(name + '.weight').T
        return y + w(name + '.bias') if w.has(name + '.bias') and bug != 'no_%s_bias' % name[-6:-5] else y

    def act(x, m):
        kind = {'gelu': 'gelu_tanh', 'gelu_exact': 'gelu_exact', 'silu': 'silu', 'relu': 'relu', 'square': 'square'}.get(bug, t['act'])
        if kind == 'xielu':
            p, a, beta, tiny = (w(m + 'act_fn.' + k) for k in ('alpha_p', 'alpha_n', 'beta', 'eps'))
            if bug != 'xielu_no_softplus':
                p, a = np.log1p(np.exp(p)), np.log1p(np.exp(a))
            a = a + (beta if bug != 'xielu_no_beta' else 0)
            return np.where(x > 0, p * x * x, (np.expm1(np.minimum(x, tiny)) - x) * a) + (beta * x if bug != 'xielu_no_linear' else 0)
        return dict(silu=silu, gelu_tanh=gelu_tanh, gelu_exact=gelu_exact, relu2=lambda x: np.maximum(x, 0) ** 2,
                    relu=lambda x: np.maximum(x, 0), square=np.square)[kind](x)

    def mlp(x, p):
        m = p + 'mlp.'
        if t['mlp'] == 'plain':
            return lin(act(lin(x, m + 'up_proj'), m), m + 'down_proj')
        if t['mlp'] == 'fused':
            both = lin(x, m + 'gate_up_proj')
            g, u = (both[:, 0::2], both[:, 1::2]) if bug == 'fused_interleaved' else np.split(both, 2, -1)
        else:
            g, u = lin(x, m + 'gate_proj'), lin(x, m + 'up_proj')
        g, u = (u, g) if bug == 'gate_up_swapped' else (g, u)
        return lin(act(g, m) * u, m + 'down_proj')

    def qk_norm(x, name):
        """x: [tokens, heads, dim]"""
        if not w.has(name + '.weight') or bug == ('no_q_norm' if name.split('.')[-1][0] == 'q' else 'no_k_norm'):
            return x
        g = w(name + '.weight')
        if g.ndim == 2:                                           # Cohere: a LayerNorm, gains of each head
            return normed(x, bug != 'qk_norm_rms') * ((g[:1] if bug == 'qk_norm_first_head' else g) + plus)
        if bug == 'swap_qk_norms':
            names = t.get('qk_names', ('q_norm', 'k_norm'))
            g = w(name.rsplit('.', 1)[0] + '.' + names[name.endswith(names[0])] + '.weight')
        if (t['qk'] == 'width') != (bug in ('qk_norm_width', 'qk_norm_heads')):
            x = normed(x.reshape(n, -1), False).reshape(x.shape)
        else:
            x = normed(x, False)
        return x * (g.reshape(x.shape[1:]) + plus if t['qk'] == 'width' else g + plus)

    def attention(x, p, window, turned, scaled):
        a = p + 'self_attn.'
        q, k, v = (lin(x, a + s + '_proj').reshape(n, -1, D) for s in 'qkv')
        names = [a + s for s in t.get('qk_names', ('q_norm', 'k_norm'))]
        late = bool(t.get('qk_late')) != (bug in ('qk_norm_late', 'qk_norm_early'))
        if not late:
            q, k = qk_norm(q, names[0]), qk_norm(k, names[1])
        if turned:
            f, size = frequencies(c, t, scaled, bug)
            near = t['pairs'] == 'neighbours'
            q, k = rotate(q, f, size, near, bug), rotate(k, f, size, near, bug, -1 if bug == 'rope_direction' else 1)
        if late:
            q, k = qk_norm(q, names[0]), qk_norm(k, names[1])
        scale = c['attention_multiplier'] if arch == 'GraniteForCausalLM' else c['query_pre_attn_scalar'] ** -0.5 if gemma else D ** -0.5
        scale = {'attention_scale': 0.8 * scale if arch == 'GraniteForCausalLM' else 1 / D, 'attention_root': D ** -0.5}.get(bug, scale)
        cap = caps[1 if bug == 'swap_caps' else 0] if bug != 'no_attention_cap' else None
        return lin(attend(q, k, v, window, scale, cap, bug), a + 'o_proj')

    caps = c.get('attn_logit_softcapping'), c.get('final_logit_softcapping')
    h = w('embed_tokens.weight')[ids]
    if bug != 'no_embedding_multiplier':
        h = h * (math.sqrt(c['hidden_size']) if gemma else c.get('embedding_multiplier', 1.0))
    by = c.get('residual_multiplier', 1.0) if bug not in ('no_residual_multiplier', 'residual_multiplies_sum') else 1.0
    names = list(t['norms'])
    for swap, (i, j) in (('swap_norms', (0, 2)), ('swap_post_norms', (1, 3)), ('glm4_names_as_gemma2', (1, 2))):
        if bug == swap:
            names[i], names[j] = names[j], names[i]
    if bug == 'norms_before':
        names = [names[1], None, names[3], None]
    for gone, i in (('no_attention_norm', 0), ('no_attention_post_norm', 1), ('no_mlp_norm', 2), ('no_mlp_post_norm', 3)):
        if bug == gone:
            names[i] = None
    for l, (window, turned, scaled) in enumerate(layer_plan(c, arch, bug)):
        p = 'layers.%d.' % l

        def maybe(x, i):
            return norm(x, p + names[i]) if names[i] else x

        x = maybe(h, 0)
        y = attention(x, p, window, turned, scaled)
        if names[2] == 'parallel':
            z = maybe(h + y, 0) if bug == 'sequential' else h if bug == 'parallel_unnormed' else x
            h = h + y + mlp(z, p)
            continue
        h = maybe(h + y, 1) if bug == 'post_norm_on_sum' else h + maybe(y, 1) * by
        h = h + maybe(mlp(maybe(h, 2), p), 3) * by
        if bug == 'residual_multiplies_sum':
            h = h * c['residual_multiplier']
    h = h if bug == 'no_final_norm' else norm(h, 'norm')
    z = lin(h, 'embed_tokens' if is_tied(c, t) or bug == 'tied_head' else 'lm_head')
    by = c['logit_scale'] if t['norm'] == 'layer' else 1 / c['logits_scaling'] if 'logits_scaling' in c else 1.0
    z = z * {'no_logit_scale': 1.0, 'logit_scale_inverse': 1 / by}.get(bug, by)
    cap = caps[0 if bug == 'swap_caps' else 1] if bug != 'no_logit_cap' else None
    return cap * np.tanh(z / cap) if cap else z

def check(root):
    bad, ids, table = 0, np.random.default_rng(1).integers(0, COMMON['vocab_size'], 120), bugs()
    for family in FAMILIES:
        for scheme in ('channel', 'block', 'native', 'none'):
            path = os.path.join(root, '%s-%s' % (family, scheme))
            count, size = make(family, path, scheme=scheme)
            w, c, arch = open_model(path)
            ref = forward(w, c, arch, ids)
        print('%s: %d tensors, %.2f MB, logits deviation %.2f, largest %.2f' % (path, count, size / 1e6, ref.std(), np.abs(ref).max()))
        for name, (who, _) in table.items():
            if family in who.split(','):
                e = np.linalg.norm(forward(w, c, arch, ids, name) - ref) / np.linalg.norm(ref)
                bad += not e >= 1e-4
                print('  %-32s %.1e%s' % (name, e, '' if e >= 1e-4 else '  TOO SMALL'))
    return bad

def main():
    table = bugs()
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = ap.add_subparsers(dest='command', required=True)
    m, g, b, l, k = (sub.add_parser(c) for c in ('make', 'logits', 'bugs', 'families', 'check'))
    m.add_argument('family', choices=FAMILIES)
    m.add_argument('--out', required=True)
    m.add_argument('--seed', type=int, default=0)
    m.add_argument('--fp8', choices=['none', 'block', 'channel', 'native'], default='none')
    m.add_argument('--set', action='append', default=[], metavar='KEY=JSON')
    g.add_argument('dir')
    g.add_argument('--ids', required=True)
    g.add_argument('--out', required=True)
    g.add_argument('--plant', choices=table, metavar='BUG')
    b.add_argument('--out')
    l.add_argument('--out')
    k.add_argument('dir', nargs='?')
    a = ap.parse_args()
    if a.command == 'make':
        print('%d tensors, %d bytes' % make(a.family, a.out, a.seed, a.fp8, a.set))
    elif a.command == 'logits':
        np.save(a.out, forward(*open_model(a.dir), [int(i) for i in a.ids.split(',')], a.plant))
    elif a.command == 'check':
        with tempfile.TemporaryDirectory() as tmp:
            sys.exit(1 if check(a.dir or tmp) else 0)
    else:
        lines = '\n'.join(FAMILIES if a.command == 'families' else ('%s %s %s' % (k, *v) for k, v in table.items())) + '\n'
        if a.out:
            with open(a.out, 'w') as f:
                f.write(lines)
        else:
            print(lines, end='')

if __name__ == '__main__':
    main()
