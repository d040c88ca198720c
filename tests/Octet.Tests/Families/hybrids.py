#!/usr/bin/python3
"""Independent float64 reference of hybrid decoders (Mamba-2 or short convolutions beside attention), numpy only, written from Hugging
Face transformers' and vLLM's sources.

  hybrids.py make FAMILY --out DIR [--seed N] [--fp8 none|block|channel|tensor] [--set KEY=JSON ...]
  hybrids.py logits DIR --ids 1,2,3 --out FILE.npy [--plant BUG]
  hybrids.py bugs [--out FILE]      # plantable bugs: name, families, what it does
  hybrids.py families [--out FILE]
  hybrids.py check [DIR]            # makes every family, plants every bug, prints its relative error; exit status 1 if one is < 1e-4

block and channel are compressed-tensors' formats, tensor is modelopt's: one F32 scale for a weight, one for its input (unused here).
Weights are random; gains, multipliers and the recurrences' parameters are spread so that a forgotten or mixed-up one shows.
"""
import argparse
import json
import math
import os
import struct
import sys
import tempfile

import numpy as np

from oracle_files import E4M3, draw, fp8, from_bf16, quantization_config, softmax, to_bf16, to_e4m3, write_safetensors

INF = float('inf')
M, A, C, F = 'mamba', 'attention', 'conv', 'full_attention'

# The keys and their spelling are those of the published files (NVIDIA's of Nemotron-H say Infinity, which is not JSON).
NEMOTRON = dict(
    architectures=['NemotronHForCausalLM'], attention_bias=False, attention_dropout=0.0, bos_token_id=1, chunk_size=128, conv_kernel=4,
    eos_token_id=2, expand=2, head_dim=32, hidden_dropout=0.0, hidden_size=144, initializer_range=0.02, intermediate_size=200,
    layer_norm_epsilon=1e-05, mamba_head_dim=24, mamba_hidden_act='silu', mamba_num_heads=8, mamba_proj_bias=False,
    mamba_ssm_cache_dtype='float32', max_position_embeddings=262144, mlp_bias=False, mlp_hidden_act='relu2', model_type='nemotron_h',
    n_groups=2, norm_eps=1e-05, num_attention_heads=4, num_key_value_heads=2, num_logits_to_keep=1, pad_token_id=0,
    partial_rotary_factor=1.0, rescale_prenorm_residual=True, residual_in_fp32=False, rope_theta=10000, sliding_window=None,
    ssm_state_size=16, tie_word_embeddings=False, time_step_floor=0.0001, time_step_max=0.1, time_step_min=0.001, torch_dtype='bfloat16',
    transformers_version='4.53.2', use_bias=False, use_cache=True, use_conv_bias=True, use_mamba_kernels=True, vocab_size=307)
NEMOTRON_MOE = dict(NEMOTRON, moe_intermediate_size=72, moe_shared_expert_intermediate_size=104, n_group=1, n_routed_experts=12,
                    n_shared_experts=1, norm_topk_prob=True, num_experts_per_tok=3, routed_scaling_factor=2.5, topk_group=1)
GRANITE = dict(
    architectures=['GraniteMoeHybridForCausalLM'], attention_bias=False, attention_dropout=0.0, attention_multiplier=0.0625,
    bos_token_id=100, dtype='bfloat16', embedding_multiplier=12, eos_token_id=100, hidden_act='silu', hidden_size=128,
    initializer_range=0.1, intermediate_size=72, logits_scaling=6, mamba_chunk_size=256, mamba_conv_bias=True, mamba_d_conv=4,
    mamba_d_head=32, mamba_d_state=16, mamba_expand=2, mamba_n_groups=2, mamba_n_heads=8, mamba_proj_bias=False,
    max_position_embeddings=131072, model_type='granitemoehybrid', normalization_function='rmsnorm', num_attention_heads=4,
    num_experts_per_tok=3, num_key_value_heads=2, num_local_experts=10, output_router_logits=False, pad_token_id=101,
    position_embedding_type='nope', residual_multiplier=0.35, rms_norm_eps=1e-05, rope_scaling=None, rope_theta=10000,
    router_aux_loss_coef=0.0, shared_intermediate_size=88, tie_word_embeddings=True, transformers_version='4.57.0', use_cache=True,
    vocab_size=317)
DENSE = dict(GRANITE, num_local_experts=0, num_experts_per_tok=0, hidden_size=192, num_attention_heads=6, intermediate_size=200,
             shared_intermediate_size=200, mamba_n_heads=12, mamba_n_groups=1)
LFM2_BOTH = dict(
    bos_token_id=1, conv_L_cache=3, conv_bias=False, eos_token_id=7, initializer_range=0.02, max_position_embeddings=128000,
    norm_eps=1e-05, num_key_value_heads=2, pad_token_id=0, rope_theta=1000000.0, use_cache=True)
LFM2 = dict(
    LFM2_BOTH, architectures=['Lfm2ForCausalLM'], block_auto_adjust_ff_dim=True, block_dim=192, block_ff_dim=310,
    block_ffn_dim_multiplier=1.0, block_mlp_init_scale=1.0, block_multiple_of=32, block_norm_eps=1e-05, block_out_init_scale=1.0,
    block_use_swiglu=True, block_use_xavier_init=True, conv_dim=192, conv_dim_out=192, conv_use_xavier_init=True, hidden_size=192,
    intermediate_size=310, model_type='lfm2', num_attention_heads=6, num_heads=6, torch_dtype='bfloat16',
    transformers_version='4.54.0.dev0', use_pos_enc=True, vocab_size=311)
LFM2_MOE = dict(
    LFM2_BOTH, architectures=['Lfm2MoeForCausalLM'], dtype='bfloat16', hidden_size=128, intermediate_size=200, model_type='lfm2_moe',
    moe_intermediate_size=72, norm_topk_prob=True, num_attention_heads=4, num_dense_layers=2, num_experts=10, num_experts_per_tok=3,
    routed_scaling_factor=1.6, transformers_version='4.57.0.dev0', use_expert_bias=True, vocab_size=311)
FALCON = dict(
    architectures=['FalconH1ForCausalLM'], attention_bias=False, attention_dropout=0.0, attention_in_multiplier=0.8,
    attention_out_multiplier=0.9375, attn_layer_indices=None, bos_token_id=1, embedding_multiplier=5.656854249492381, eos_token_id=11,
    head_dim=32, hidden_act='silu', hidden_size=144, initializer_range=0.02, intermediate_size=200, key_multiplier=0.390625,
    lm_head_multiplier=0.0390625, mamba_chunk_size=128, mamba_conv_bias=True, mamba_d_conv=4, mamba_d_head=24, mamba_d_ssm=192,
    mamba_d_state=16, mamba_expand=2, mamba_n_groups=1, mamba_n_heads=8, mamba_norm_before_gate=False, mamba_proj_bias=False,
    mamba_rms_norm=False, mamba_use_mlp=True, max_position_embeddings=16384, mlp_bias=False, mlp_expansion_factor=8,
    mlp_multipliers=[0.8838834764831844, 0.5859375], model_type='falcon_h1', num_attention_heads=4, num_hidden_layers=4,
    num_key_value_heads=2, num_logits_to_keep=1, pad_token_id=0, projectors_bias=False, rms_norm_eps=1e-05, rope_scaling=None,
    rope_theta=100000000000.0, ssm_in_multiplier=1.25, ssm_multipliers=[0.3535533905932738, 0.25, 0.4, 0.5, 0.7],
    ssm_out_multiplier=0.6, tie_word_embeddings=False, torch_dtype='bfloat16', transformers_version='4.52.0', use_cache=True,
    vocab_size=313)
FAMILIES = {
    'nemotron_h': dict(NEMOTRON, hybrid_override_pattern='M-M*-M*', time_step_limit=[0.0, INF]),
    'nemotron_h_moe': dict(NEMOTRON_MOE, hybrid_override_pattern='MEM*EME', n_group=4, topk_group=2),
    'nemotron_h_latent': dict(NEMOTRON_MOE, hybrid_override_pattern='ME*MEM', moe_latent_size=48, moe_shared_expert_overlap=False,
                              mtp_hybrid_override_pattern='*E', num_experts_per_tok=4, num_nextn_predict_layers=1,
                              routed_scaling_factor=5.0, time_step_limit=[0.02, 0.3]),
    'granite_hybrid': dict(GRANITE, layer_types=[M, M, A, M, A, M]),
    'granite_hybrid_dense': dict(DENSE, layer_types=[M, A, M, M, A], logits_scaling=8),
    'granite_hybrid_rope': dict(DENSE, layer_types=[A] * 5, position_embedding_type='rope', logits_scaling=10),
    'lfm2': dict(LFM2, layer_types=[C, C, F, C, F, C]),
    'lfm2_moe': dict(LFM2_MOE, layer_types=[C, F, C, C, F, C]),
    'falcon_h1': FALCON,
    'falcon_h1_norm': dict(FALCON, mamba_n_groups=2, mamba_rms_norm=True),
}

# Seeds where no routing choice is near a tie for the tokens of check.
SEEDS = {'nemotron_h_moe': 10, 'nemotron_h_latent': 3, 'granite_hybrid': 2, 'lfm2_moe': 9}

class Plan:
    """The tensors of a checkpoint: (name, kind, values); kind: lin is quantised by --fp8, wide is BF16, f32 is F32."""

    def __init__(self, c, seed):
        self.c, self.seed, self.items = c, seed, []

    def add(self, name, x, kind='wide'):
        self.items.append((name, kind, x))

    def draw(self, name, *shape):
        return draw(self.seed, name, shape)

    def lin(self, name, o, i, gain=1.0, kind='lin'):
        self.add(name + '.weight', self.draw(name, o, i) * gain / math.sqrt(i), kind)

    def norm(self, name, n, mean=1.0):
        self.add(name + '.weight', mean * (1 + 0.25 * self.draw(name, n)))

    def embedding(self, name, head, tied, std=1.0):
        self.add(name + '.weight', std * self.draw(name, self.c['vocab_size'], self.c['hidden_size']))
        if not tied:
            self.lin(head, self.c['vocab_size'], self.c['hidden_size'], kind='wide')

    def attention(self, p, dim, out='o_proj'):
        q, kv, H = self.c['num_attention_heads'], self.c['num_key_value_heads'], self.c['hidden_size']
        self.lin(p + 'q_proj', q * dim, H, 2.0)
        self.lin(p + 'k_proj', kv * dim, H, 1.5)
        self.lin(p + 'v_proj', kv * dim, H)
        self.lin(p + out, H, q * dim, 1.5)

    def mamba(self, p, s):
        """Step sizes between 0.005 and 0.4 by head, decays by 1 to 5 of it: some heads forget at once, some keep 100 tokens."""
        H, inner, bc = self.c['hidden_size'], s.heads * s.dim, s.groups * s.state
        gain = np.repeat(np.array([1, 1, 1, 1, 0.35]) / s.multipliers / s.in_multiplier, [inner, inner, bc, bc, s.heads])
        self.add(p + 'in_proj.weight', self.draw(p + 'in_proj', len(gain), H) * gain[:, None] / math.sqrt(H), 'lin')
        self.add(p + 'conv1d.weight', self.draw(p + 'conv1d.weight', inner + 2 * bc, 1, s.kernel) * 0.7)
        self.add(p + 'conv1d.bias', self.draw(p + 'conv1d.bias', inner + 2 * bc) * 0.3)
        mixed = np.argsort(self.draw(p + 'order', s.heads))
        self.add(p + 'dt_bias', np.log(np.expm1(np.geomspace(0.005, 0.4, s.heads)))[mixed])
        self.add(p + 'A_log', np.log(np.linspace(1.1, 5, s.heads)))
        self.add(p + 'D', 0.6 + 0.4 * self.draw(p + 'D', s.heads))
        if s.norm_groups:
            self.norm(p + 'norm', inner)
        self.lin(p + 'out_proj', H, inner, 1.2)

class Scan:
    """A Mamba-2 mixer's sizes, in the spelling of each family."""

    def __init__(self, c):
        if c['model_type'] == 'nemotron_h':
            self.heads, self.dim, self.groups, self.state = c['mamba_num_heads'], c['mamba_head_dim'], c['n_groups'], c['ssm_state_size']
            self.kernel, self.eps, self.norm_groups = c['conv_kernel'], c['layer_norm_epsilon'], self.groups
        else:                                                     # the gated norm takes the whole width, whatever the groups
            self.heads, self.dim, self.groups, self.state = c['mamba_n_heads'], c['mamba_d_head'], c['mamba_n_groups'], c['mamba_d_state']
            self.kernel, self.eps, self.norm_groups = c['mamba_d_conv'], c['rms_norm_eps'], 1
        if c['model_type'] == 'falcon_h1':                        # there may be no gated norm, a gate only
            self.norm_groups = self.groups if c['mamba_rms_norm'] else 0
        self.limit = c.get('time_step_limit', (0.0, INF))
        self.in_multiplier, self.multipliers = c.get('ssm_in_multiplier', 1.0), np.array(c.get('ssm_multipliers', [1.0] * 5))

def plan_nemotron(g, c):
    H, E, L = c['hidden_size'], c.get('n_routed_experts'), c.get('moe_latent_size')
    g.embedding('backbone.embeddings', 'lm_head', False)
    for l, kind in enumerate(c['hybrid_override_pattern']):
        p = 'backbone.layers.%d.' % l
        g.norm(p + 'norm', H)
        p += 'mixer.'

        def mlp(p, inner, width):
            g.lin(p + 'up_proj', inner, width, 1.2)
            g.lin(p + 'down_proj', width, inner)

        if kind == 'M':
            g.mamba(p, Scan(c))
        elif kind == '*':
            g.attention(p, c['head_dim'])
        elif kind == '-':
            mlp(p, c['intermediate_size'], H)
        else:
            router = 1.5 * g.draw(p + 'gate', E, H) / math.sqrt(H)
            g.add(p + 'gate.weight', router, 'wide' if L else 'f32')
            g.add(p + 'gate.e_score_correction_bias', 0.15 * g.draw(p + 'bias', E), 'f32')
            for e in range(E):
                mlp('%sexperts.%d.' % (p, e), c['moe_intermediate_size'], L or H)
            mlp(p + 'shared_experts.', c['moe_shared_expert_intermediate_size'], H)
            if L:
                g.lin(p + 'fc1_latent_proj', L, H)
                g.lin(p + 'fc2_latent_proj', H, L)
    g.norm('backbone.norm_f', H)
    if c.get('num_nextn_predict_layers'):                         # a part of the draft of further tokens, to skip
        g.norm('mtp.layers.0.enorm', H)
        g.attention('mtp.layers.0.mixer.', c['head_dim'])

def plan_granite(g, c):
    H, E, I, S = c['hidden_size'], c['num_local_experts'], c['intermediate_size'], c['shared_intermediate_size']
    g.embedding('model.embed_tokens', 'lm_head', c['tie_word_embeddings'], 0.1)
    for l, kind in enumerate(c['layer_types']):
        p = 'model.layers.%d.' % l
        g.norm(p + 'input_layernorm', H)
        g.norm(p + 'post_attention_layernorm', H)
        if kind == M:
            g.mamba(p + 'mamba.', Scan(c))
        else:
            g.attention(p + 'self_attn.', H // c['num_attention_heads'])
        g.lin(p + 'shared_mlp.input_linear', 2 * S, H, 1.5)
        g.lin(p + 'shared_mlp.output_linear', H, S, 1.5)
        if E:
            g.lin(p + 'block_sparse_moe.router.layer', E, H, 1.5, 'wide')
            for name, o, i in (('input_linear', 2 * I, H), ('output_linear', H, I)):
                name = p + 'block_sparse_moe.' + name
                g.add(name + '.weight', 1.5 * g.draw(name, E, o, i) / math.sqrt(i), 'lin')
    g.norm('model.norm', H, 3.0)

def inner_size(c):
    """Of the dense MLP: LFM2's files state a size that is shrunk to two thirds and rounded up."""
    size = c.get('block_ff_dim', c['intermediate_size'])
    if not c.get('block_auto_adjust_ff_dim', c['model_type'] == 'lfm2'):
        return size
    size, multiple = int(c['block_ffn_dim_multiplier'] * int(2 * size / 3)), c['block_multiple_of']
    return multiple * -(-size // multiple)

def plan_lfm2(g, c):
    H, E, K, dim = c['hidden_size'], c.get('num_experts'), c['conv_L_cache'], c['hidden_size'] // c['num_attention_heads']
    g.embedding('model.embed_tokens', 'lm_head', True, 0.3)       # tied, though no key of the files says so
    for l, kind in enumerate(c['layer_types']):
        p = 'model.layers.%d.' % l
        g.norm(p + 'operator_norm', H)
        g.norm(p + 'ffn_norm', H)
        if kind == C:
            g.lin(p + 'conv.in_proj', 3 * H, H, 1.2)
            g.add(p + 'conv.conv.weight', 0.7 * g.draw(p + 'conv.conv.weight', H, 1, K))
            g.lin(p + 'conv.out_proj', H, H)
        else:
            g.attention(p + 'self_attn.', dim, 'out_proj')
            g.norm(p + 'self_attn.q_layernorm', dim, 1.4)
            g.norm(p + 'self_attn.k_layernorm', dim)

        def mlp(p, inner):
            g.lin(p + 'w1', inner, H, 1.5)
            g.lin(p + 'w3', inner, H)
            g.lin(p + 'w2', H, inner, 1.5)

        p += 'feed_forward.'
        if E and l >= c['num_dense_layers']:
            g.lin(p + 'gate', E, H, 1.5, 'wide')
            g.add(p + 'expert_bias', 0.15 * g.draw(p + 'expert_bias', E), 'f32')
            for e in range(E):
                mlp('%sexperts.%d.' % (p, e), c['moe_intermediate_size'])
        else:
            mlp(p, inner_size(c))
    g.norm('model.embedding_norm', H)

def plan_falcon(g, c):
    H, I = c['hidden_size'], c['intermediate_size']
    g.embedding('model.embed_tokens', 'lm_head', c['tie_word_embeddings'], 0.2)
    for l in range(c['num_hidden_layers']):
        p = 'model.layers.%d.' % l
        g.norm(p + 'input_layernorm', H)
        g.norm(p + 'pre_ff_layernorm', H)
        g.mamba(p + 'mamba.', Scan(c))
        g.attention(p + 'self_attn.', c['head_dim'])
        g.lin(p + 'feed_forward.gate_proj', I, H, 1.5)
        g.lin(p + 'feed_forward.up_proj', I, H)
        g.lin(p + 'feed_forward.down_proj', H, I, 1.5)
    g.norm('model.final_layernorm', H, 20.0)

def kept_wide(c, name):
    """NVIDIA's FP8 files keep attention in BF16 and, where there are experts, the Mamba layer in front of it as well."""
    pattern = c.get('hybrid_override_pattern')
    if not pattern or not name.startswith('backbone.layers.'):
        return False
    l = int(name.split('.')[2])
    return pattern[l] == '*' or 'E' in pattern and pattern[l:l + 2] == 'M*'

def make(family, out, seed=None, scheme='none', overrides=()):
    c = dict(FAMILIES[family])
    for kv in overrides:
        k, v = kv.split('=', 1)
        c[k] = json.loads(v)
    if c['model_type'] != 'falcon_h1':
        c['num_hidden_layers'] = len(c.get('hybrid_override_pattern') or c['layer_types'])
    g = Plan(c, SEEDS.get(family, 0) if seed is None else seed)
    PLANS[c['architectures'][0]](g, c)
    ts, ignore = {}, ['lm_head']
    for name, kind, x in g.items:
        module = name[:-len('.weight')]
        if kind == 'f32':
            ts[name] = ('F32', x.astype(np.float32))
        elif kind == 'lin' and scheme == 'tensor' and x.ndim == 2 and not kept_wide(c, name):
            s = np.float32(np.abs(x).max() / 448)
            ts[name], ts[name + '_scale'] = ('F8_E4M3', to_e4m3(x / np.float64(s))), ('F32', np.array(s, np.float32))
            ts[module + '.input_scale'] = ('F32', np.array(0.15, np.float32))
        elif kind == 'lin' and (scheme == 'channel' or scheme == 'block' and x.ndim == 2):
            q, s = fp8(name, x.reshape(-1, x.shape[-1]), scheme)  # experts in one tensor: rows of all of them, as llm-compressor has it
            ts[name] = ('F8_E4M3', q.reshape(x.shape))
            ts[name + '_scale'] = ('BF16', s.reshape(*x.shape[:-1], 1) if x.ndim == 3 else s)
        else:
            ts[name] = ('BF16', to_bf16(x))
            if x.ndim > 1 and 'embed' not in name and name != 'lm_head.weight' and name.endswith('.weight'):
                ignore.append(module)
    config = c
    if scheme in ('channel', 'block'):
        config = dict(c, quantization_config=quantization_config(scheme, ignore))
    elif scheme == 'tensor':
        eight, producer = dict(dynamic=False, num_bits=8, type='float'), dict(name='modelopt', version='0.41.0')
        config = dict(c, quantization_config=dict(
            config_groups=dict(group_0=dict(input_activations=eight, targets=['Linear'], weights=eight)), ignore=ignore,
            kv_cache_scheme=eight, producer=producer, quant_algo='FP8', quant_method='modelopt'))
        for name in [n for n in ts if n.endswith(('k_proj.weight', 'v_proj.weight'))]:       # scales of an FP8 cache: not applied here
            kv = name[-len('k_proj.weight')]
            ts[name[:-len('weight')] + kv + '_scale'] = ('F32', np.array(0.02, np.float32))
    files = {'config.json': config, 'generation_config.json': dict(
        _from_model_config=True, bos_token_id=c['bos_token_id'], eos_token_id=[c['eos_token_id'], 11], pad_token_id=c['pad_token_id'],
        do_sample=True, temperature=1.0, top_p=1.0)}
    if scheme == 'tensor':
        files['hf_quant_config.json'] = dict(producer=producer, quantization=dict(
            quant_algo='FP8', kv_cache_quant_algo='FP8', exclude_modules=ignore))
    os.makedirs(out, exist_ok=True)
    for name, value in files.items():
        with open(os.path.join(out, name), 'w') as f:
            json.dump(value, f, indent=2, sort_keys=True)
    return len(ts), write_safetensors(os.path.join(out, 'model.safetensors'), ts)

class Stored:
    """Tensors by their full names, dequantised to float64."""

    def __init__(self, path):
        with open(os.path.join(path, 'config.json')) as f:
            self.c = json.load(f)
        with open(os.path.join(path, 'model.safetensors'), 'rb') as f:
            data = f.read()
        n, = struct.unpack('<Q', data[:8])
        self.head, self.data, self.cache = json.loads(data[8:8 + n]), np.frombuffer(data, np.uint8)[8 + n:], {}

    def has(self, name):
        return name in self.head

    def raw(self, name):
        t = self.head[name]
        b = self.data[slice(*t['data_offsets'])]
        x = {'BF16': lambda: from_bf16(b.copy().view(np.uint16)), 'F32': lambda: b.copy().view(np.float32).astype(np.float64),
             'F8_E4M3': lambda: E4M3[b]}[t['dtype']]()
        return x.reshape(t['shape'])

    def __call__(self, name):
        if name not in self.cache:
            x = self.raw(name)
            if self.has(name + '_scale'):
                s = self.raw(name + '_scale')
                if s.ndim and s.shape != (*x.shape[:-1], 1):      # blocks; else one for all or one for a row
                    s = np.repeat(np.repeat(s, 128, 0)[:x.shape[0]], 128, 1)[:, :x.shape[1]]
                x = x * s
            self.cache[name] = x
        return self.cache[name]

# Families that have a part: a bug names parts or families.
PARTS = {k: v.split() for k, v in dict(
    mamba='nemotron_h nemotron_h_moe nemotron_h_latent granite_hybrid granite_hybrid_dense falcon_h1 falcon_h1_norm',
    normed='nemotron_h nemotron_h_moe nemotron_h_latent granite_hybrid granite_hybrid_dense falcon_h1_norm',
    grouped='nemotron_h nemotron_h_moe nemotron_h_latent granite_hybrid falcon_h1_norm',
    nemotron='nemotron_h nemotron_h_moe nemotron_h_latent', nmoe='nemotron_h_moe nemotron_h_latent',
    granite='granite_hybrid granite_hybrid_dense granite_hybrid_rope', gmoe='granite_hybrid',
    nope='nemotron_h nemotron_h_moe nemotron_h_latent granite_hybrid granite_hybrid_dense', rope='granite_hybrid_rope',
    short='lfm2 lfm2_moe', falcon='falcon_h1 falcon_h1_norm', all=' '.join(FAMILIES)).items()}
BUGS = {name: ([f for f in FAMILIES if any(f == part or f in PARTS.get(part, ()) for part in parts.split(','))], text)
        for name, parts, text in (line.split(None, 2) for line in """
in_proj_x_before_z mamba in_proj's rows read as x, z, B, C, dt
in_proj_c_before_b mamba B and C change places
in_proj_dt_first mamba in_proj's rows read as dt, z, x, B, C
conv_no_bias mamba the convolution's bias left out
conv_no_activation mamba no SiLU behind the convolution
conv_activation_x_only mamba SiLU on x only, not on B and C
conv_x_only mamba B and C not convolved
conv_reversed mamba,short the kernel's taps in the reverse order
conv_restarts mamba,short the convolution sees zeros before every 32nd token: its state not carried over
state_restarts mamba the recurrence starts anew at every 32nd token
output_before_update mamba a token's output read from the state before it
dt_no_bias mamba dt_bias left out
dt_bias_after_softplus mamba dt_bias added behind the softplus
dt_exp mamba exp instead of softplus
dt_initial_range mamba steps clamped to time_step_min and time_step_max (0.001, 0.1), which are meant for initialising
dt_not_on_input mamba the input not multiplied by the step
a_not_exponential mamba A = -A_log
d_left_out mamba no skip by D
d_times_dt mamba the skip reads x times the step
d_before_conv mamba the skip reads x in front of the convolution
groups_interleaved grouped head h reads group h mod groups
groups_first_only grouped every head reads group 0
bc_state_major grouped B and C read as [state, group]
norm_before_gate normed the gated norm multiplies by the gate behind the norm
norm_whole nemotron,falcon_h1_norm the gated norm over the whole width instead of groups
norm_grouped gmoe the gated norm over groups instead of the whole width
norm_no_weight normed the gated norm's weight left out
gate_sigmoid mamba sigmoid instead of SiLU on the gate
gate_left_out mamba no gate
rope_added nope queries and keys rotated
rope_left_out rope,short,falcon queries and keys not rotated
rope_interleaved rope,short,falcon pairs (2i, 2i+1) instead of (i, i + head_dim/2)
gqa_interleaved all query head h reads key head h mod kv_heads
scale_left_out all scores not scaled
no_final_norm all the last norm left out
relu_not_squared nemotron ReLU instead of its square
silu nemotron SiLU instead of squared ReLU
router_softmax nmoe,lfm2_moe softmax instead of sigmoid
router_no_bias nmoe,lfm2_moe the experts chosen without the correction bias
router_bias_weighs nmoe,lfm2_moe the weights include the correction bias
router_unnormalised nmoe,lfm2_moe weights not divided by their sum
router_unscaled nmoe,lfm2_moe weights not multiplied by routed_scaling_factor
router_no_groups nemotron_h_moe experts chosen from all groups
router_group_maximum nemotron_h_moe groups scored by their best expert instead of their best two
topk_one_less nmoe,gmoe,lfm2_moe one expert too few
shared_left_out nmoe,gmoe no shared expert
shared_scaled nmoe the shared expert multiplied by routed_scaling_factor
dt_unlimited nemotron_h_latent time_step_limit ignored
dt_limited_first nemotron_h_latent time_step_limit in front of the softplus
latent_left_out nemotron_h_latent the experts read the first elements of the input instead of fc1_latent_proj's output
latent_activated nemotron_h_latent the activation behind fc1_latent_proj as well
embedding_unscaled granite,falcon embedding_multiplier left out
embedding_root granite the embedding multiplied by sqrt(hidden)
residual_unscaled granite residual_multiplier left out
residual_scaled granite residual_multiplier on the residual instead of the branch
attention_root granite scores multiplied by 1/sqrt(head_dim) instead of attention_multiplier
logits_unscaled granite logits_scaling left out
logits_multiplied granite logits multiplied by logits_scaling
norms_swapped granite,short,falcon the layer's two norms change places
gate_up_swapped granite,short,falcon gate and value change places in the dense MLP
expert_gate_up_swapped gmoe,lfm2_moe gate and value change places in the experts
router_softmax_first gmoe softmax over all experts, the chosen weights not divided by their sum
experts_left_out gmoe only the shared MLP
short_c_before_b short in_proj's rows read as C, B, x
short_x_first short in_proj's rows read as x, B, C
short_no_pre_gate short the convolution's input not multiplied by B
short_no_post_gate short the convolution's output not multiplied by C
short_activation short SiLU behind the convolution
short_sigmoid_gates short sigmoid on both gates
qk_norm_left_out short queries and keys not normed
qk_norm_after_rope short queries and keys normed behind the rotation
qk_norms_swapped short the two norms' weights change places
final_norm_first short embedding_norm on the embedding instead of at the end
norm_added falcon_h1 the gated norm, without a weight, where there is none
ssm_multipliers_left_out falcon ssm_multipliers left out
ssm_multiplier_dt_left_out falcon the last of ssm_multipliers, on dt, left out
ssm_multipliers_xzbcdt falcon the first two of ssm_multipliers change places
ssm_in_left_out falcon ssm_in_multiplier left out
ssm_out_left_out falcon ssm_out_multiplier left out
attention_in_left_out falcon attention_in_multiplier left out
attention_out_left_out falcon attention_out_multiplier left out
key_left_out falcon key_multiplier left out
mlp_gate_left_out falcon the first of mlp_multipliers, on the gate in front of its activation, left out
mlp_gate_late falcon the first of mlp_multipliers behind the activation
mlp_down_left_out falcon the second of mlp_multipliers, on the MLP's output, left out
head_left_out falcon lm_head_multiplier left out
branches_in_turn falcon attention reads the residual that Mamba has been added to
""".strip().split('\n'))}

def sigmoid(x):
    return 1 / (1 + np.exp(-x))

def silu(x):
    return x * sigmoid(x)

def softplus(x):
    return np.logaddexp(0, x)

def rms(x, eps):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + eps)

def convolve(x, taps, bias, bug):
    """Depthwise and causal: x [tokens, channels], taps [channels, kernel], the last of them on the token itself."""
    n, kernel = len(x), taps.shape[1]
    if bug == 'conv_reversed':
        taps = taps[:, ::-1]
    y = np.zeros_like(x) + bias
    for lag in range(kernel):
        t = np.arange(lag, n)
        if bug == 'conv_restarts':
            t = t[t % 32 >= lag]
        y[t] += taps[:, kernel - 1 - lag] * x[t - lag]
    return y

def mamba(x, p, w, s, bug):
    n, inner, bc = len(x), s.heads * s.dim, s.groups * s.state
    rows, at = (x if bug == 'ssm_in_left_out' else x * s.in_multiplier) @ w(p + 'in_proj.weight').T, 0
    by = dict(zip('xzBCd' if bug == 'ssm_multipliers_xzbcdt' else 'zxBCd', s.multipliers))
    if bug == 'ssm_multipliers_left_out':
        by = dict.fromkeys(by, 1)
    elif bug == 'ssm_multiplier_dt_left_out':
        by['d'] = 1
    order = {'in_proj_x_before_z': 'xzBCd', 'in_proj_c_before_b': 'zxCBd', 'in_proj_dt_first': 'dzxBC'}.get(bug, 'zxBCd')
    part = {}
    for k in order:
        size = {'z': inner, 'x': inner, 'B': bc, 'C': bc, 'd': s.heads}[k]
        part[k], at = rows[:, at:at + size] * by[k], at + size
    u = np.concatenate([part[k] for k in 'xBC'], -1)
    bias = 0 if bug == 'conv_no_bias' or not w.has(p + 'conv1d.bias') else w(p + 'conv1d.bias')
    v = convolve(u, w(p + 'conv1d.weight')[:, 0], bias, bug)
    if bug == 'conv_x_only':
        v[:, inner:] = u[:, inner:]
    if bug == 'conv_activation_x_only':
        v[:, :inner] = silu(v[:, :inner])
    elif bug != 'conv_no_activation':
        v = silu(v)
    xs = v[:, :inner].reshape(n, s.heads, s.dim)
    shape = (n, s.state, s.groups) if bug == 'bc_state_major' else (n, s.groups, s.state)
    B, C = (t.reshape(shape) for t in (v[:, inner:inner + bc], v[:, inner + bc:]))
    if bug == 'bc_state_major':
        B, C = B.swapaxes(1, 2), C.swapaxes(1, 2)
    h = np.arange(s.heads)
    group = {'groups_interleaved': h % s.groups, 'groups_first_only': 0 * h}.get(bug, h // (s.heads // s.groups))
    B, C = B[:, group], C[:, group]                               # [tokens, heads, state]

    dt_bias, limit = w(p + 'dt_bias'), {'dt_initial_range': (0.001, 0.1), 'dt_unlimited': (0, INF)}.get(bug, s.limit)
    if bug == 'dt_bias_after_softplus':
        dt = softplus(part['d']) + dt_bias
    else:
        dt = (np.exp if bug == 'dt_exp' else softplus)(part['d'] + (0 if bug == 'dt_no_bias' else dt_bias))
    dt = softplus(np.clip(part['d'] + dt_bias, *limit)) if bug == 'dt_limited_first' else np.clip(dt, *limit)
    a = -(w(p + 'A_log') if bug == 'a_not_exponential' else np.exp(w(p + 'A_log')))
    state, y = np.zeros((s.heads, s.dim, s.state)), np.empty_like(xs)
    for t in range(n):                                            # the definition: S = exp(dt A) S + dt x B', y = S C
        if bug == 'state_restarts' and t % 32 == 0:
            state = np.zeros_like(state)
        if bug == 'output_before_update':
            y[t] = (state * C[t][:, None]).sum(-1)
        step = (1 if bug == 'dt_not_on_input' else dt[t][:, None]) * xs[t]
        state = np.exp(dt[t] * a)[:, None, None] * state + step[:, :, None] * B[t][:, None]
        if bug != 'output_before_update':
            y[t] = (state * C[t][:, None]).sum(-1)
    skip = {'d_times_dt': xs * dt[:, :, None], 'd_before_conv': u[:, :inner].reshape(xs.shape), 'd_left_out': 0}.get(bug, xs)
    y = (y + w(p + 'D')[:, None] * skip).reshape(n, inner)

    gate = {'gate_sigmoid': sigmoid(part['z']), 'gate_left_out': np.ones_like(y)}.get(bug, silu(part['z']))
    groups = {'norm_whole': 1, 'norm_grouped': s.groups, 'norm_added': 1}.get(bug, s.norm_groups)

    def normed(x):
        if not groups:
            return x
        weight = 1 if bug in ('norm_no_weight', 'norm_added') else w(p + 'norm.weight')
        return rms(x.reshape(n, groups, -1), s.eps).reshape(n, inner) * weight

    y = normed(y) * gate if bug == 'norm_before_gate' else normed(y * gate)
    return y @ w(p + 'out_proj.weight').T

def rotate(x, theta, bug):
    """x: [tokens, heads, dim]; pairs (i, i + dim/2)."""
    half = x.shape[-1] // 2
    angle = np.arange(len(x))[:, None, None] * theta ** (-np.arange(half) / half)
    c, s = np.cos(angle), np.sin(angle)
    if bug == 'rope_interleaved':
        a, b = x[..., 0::2], x[..., 1::2]
        return np.stack([a * c - b * s, b * c + a * s], -1).reshape(x.shape)
    a, b = x[..., :half], x[..., half:]
    return np.concatenate([a * c - b * s, b * c + a * s], -1)

def attention(x, p, w, dim, scale, theta, bug, norm=None, out='o_proj', key=1.0):
    """Causal; theta None: without positions; norm: of queries and keys, a function of [tokens, heads, dim] and 'q' or 'k'."""
    n = len(x)
    q, k, v = ((x @ w('%s%s_proj.weight' % (p, r)).T).reshape(n, -1, dim) for r in 'qkv')
    k, late = k * key, bug == 'qk_norm_after_rope'
    if norm and not late:
        q, k = norm(q, 'q'), norm(k, 'k')
    if theta and bug != 'rope_left_out' or bug == 'rope_added':
        q, k = rotate(q, theta or 10000.0, bug), rotate(k, theta or 10000.0, bug)
    if norm and late:
        q, k = norm(q, 'q'), norm(k, 'k')
    heads, kv = q.shape[1], k.shape[1]
    seen, y = np.tri(n, dtype=bool), np.empty_like(q)
    for h in range(heads):
        g = h % kv if bug == 'gqa_interleaved' else h // (heads // kv)
        y[:, h] = softmax(np.where(seen, q[:, h] @ k[:, g].T * (1 if bug == 'scale_left_out' else scale), -np.inf)) @ v[:, g]
    return y.reshape(n, -1) @ w(p + out + '.weight').T

def chosen(score, k, gaps):
    """The k best of each row, and how far the last of them is from the next."""
    order = np.argsort(-score, axis=-1, kind='stable')
    ranked = np.take_along_axis(score, order, -1)
    gaps.append((ranked[:, k - 1] - ranked[:, k]).min())
    return order[:, :k]

def mixture(x, order, weight, expert, width):
    y = np.zeros((len(x), width))
    for e in np.unique(order):
        t, slot = np.nonzero(order == e)
        y[t] += expert(x[t], e) * weight[t, slot][:, None]
    return y

def sigmoid_router(logits, bias, k, scaling, normalise, tiny, bug, gaps, limit=lambda choice: choice):
    """Chosen by score + bias, weighed by the score."""
    score = softmax(logits) if bug == 'router_softmax' else sigmoid(logits)
    choice = score if bug == 'router_no_bias' else score + bias
    order = chosen(limit(choice), k - (bug == 'topk_one_less'), gaps)
    weight = np.take_along_axis(choice if bug == 'router_bias_weighs' else score, order, -1)
    if normalise and bug != 'router_unnormalised':
        weight = weight / (weight.sum(-1, keepdims=True) + tiny)
    return order, weight * (1 if bug == 'router_unscaled' else scaling)

def forward_nemotron(w, ids, bug, gaps):
    c = w.c
    s, eps = Scan(c), c['layer_norm_epsilon']
    act = {'relu_not_squared': lambda x: np.maximum(x, 0), 'silu': silu}.get(bug, lambda x: np.maximum(x, 0) ** 2)

    def norm(x, name):
        return rms(x, eps) * w(name + '.weight')

    def mlp(x, p):
        return act(x @ w(p + 'up_proj.weight').T) @ w(p + 'down_proj.weight').T

    def groups(choice):
        """Only the experts of the best groups; a group counts by the sum of its two best."""
        if c['n_group'] == 1 or bug == 'router_no_groups':
            return choice
        each = choice.reshape(len(choice), c['n_group'], -1)
        best = np.sort(each, -1)[..., -(1 if bug == 'router_group_maximum' else 2):].sum(-1)
        kept = np.zeros(best.shape, bool)
        np.put_along_axis(kept, chosen(best, c['topk_group'], gaps), True, -1)
        return np.where(kept[..., None], each, -INF).reshape(choice.shape)

    def experts(x, p):
        order, weight = sigmoid_router(x @ w(p + 'gate.weight').T, w(p + 'gate.e_score_correction_bias'), c['num_experts_per_tok'],
                                       c['routed_scaling_factor'], c['norm_topk_prob'], 1e-20, bug, gaps, groups)
        L, z = c.get('moe_latent_size'), x
        if L:
            z = x @ w(p + 'fc1_latent_proj.weight').T
            z = {'latent_left_out': x[:, :L], 'latent_activated': act(z)}.get(bug, z)
        y = mixture(z, order, weight, lambda t, e: mlp(t, '%sexperts.%d.' % (p, e)), z.shape[1])
        if L:
            y = y @ w(p + 'fc2_latent_proj.weight').T
        shared = {'shared_left_out': 0, 'shared_scaled': c['routed_scaling_factor']}.get(bug, 1)
        return y + shared * mlp(x, p + 'shared_experts.')

    h = w('backbone.embeddings.weight')[ids]
    for l, kind in enumerate(c['hybrid_override_pattern']):
        p = 'backbone.layers.%d.' % l
        x, p = norm(h, p + 'norm'), p + 'mixer.'
        if kind == 'M':
            h = h + mamba(x, p, w, s, bug)
        elif kind == '*':
            h = h + attention(x, p, w, c['head_dim'], c['head_dim'] ** -0.5, None, bug)
        else:
            h = h + (mlp if kind == '-' else experts)(x, p)
    return (h if bug == 'no_final_norm' else norm(h, 'backbone.norm_f')) @ w('lm_head.weight').T

def forward_granite(w, ids, bug, gaps):
    c = w.c
    H, E, K, eps = c['hidden_size'], c['num_local_experts'], c['num_experts_per_tok'], c['rms_norm_eps']
    dim, r = H // c['num_attention_heads'], c['residual_multiplier']
    swap = {'input_layernorm': 'post_attention_layernorm', 'post_attention_layernorm': 'input_layernorm'} if bug == 'norms_swapped' else {}

    def norm(x, p, name):
        return rms(x, eps) * w(p + swap.get(name, name) + '.weight')

    def glu(x, inward, outward, swapped):
        a, b = np.split(x @ inward.T, 2, -1)                      # the gate comes first
        return (a * silu(b) if swapped else silu(a) * b) @ outward.T

    def experts(x, p):
        logits = x @ w(p + 'router.layer.weight').T
        order = chosen(logits, K - (bug == 'topk_one_less'), gaps)
        weight = np.take_along_axis(softmax(logits) if bug == 'router_softmax_first' else logits, order, -1)
        if bug != 'router_softmax_first':
            weight = softmax(weight)                              # over the chosen ones only
        i, o = w(p + 'input_linear.weight'), w(p + 'output_linear.weight')
        return mixture(x, order, weight, lambda t, e: glu(t, i[e], o[e], bug == 'expert_gate_up_swapped'), H)

    def add(h, y):
        return h * r + y if bug == 'residual_scaled' else h + y * (1 if bug == 'residual_unscaled' else r)

    h = w('model.embed_tokens.weight')[ids] * {'embedding_unscaled': 1, 'embedding_root': math.sqrt(H)}.get(bug, c['embedding_multiplier'])
    theta = c['rope_theta'] if c['position_embedding_type'] == 'rope' else None
    for l, kind in enumerate(c['layer_types']):
        p = 'model.layers.%d.' % l
        x = norm(h, p, 'input_layernorm')
        if kind == M:
            y = mamba(x, p + 'mamba.', w, Scan(c), bug)
        else:
            y = attention(x, p + 'self_attn.', w, dim, dim ** -0.5 if bug == 'attention_root' else c['attention_multiplier'], theta, bug)
        h = add(h, y)
        x, m = norm(h, p, 'post_attention_layernorm'), p + 'shared_mlp.'
        y = glu(x, w(m + 'input_linear.weight'), w(m + 'output_linear.weight'), bug == 'gate_up_swapped') * (bug != 'shared_left_out')
        if E and bug != 'experts_left_out':
            y = y + experts(x, p + 'block_sparse_moe.')
        h = add(h, y)
    head = w('model.embed_tokens.weight' if c['tie_word_embeddings'] else 'lm_head.weight')
    z, scaling = (h if bug == 'no_final_norm' else norm(h, 'model.', 'norm')) @ head.T, c['logits_scaling']
    return z * {'logits_unscaled': 1, 'logits_multiplied': scaling}.get(bug, 1 / scaling)

def forward_lfm2(w, ids, bug, gaps):
    c = w.c
    eps, dim = c['norm_eps'], c['hidden_size'] // c['num_attention_heads']
    swap = {'norms_swapped': {'operator_norm': 'ffn_norm', 'ffn_norm': 'operator_norm'},
            'qk_norms_swapped': {'q_layernorm': 'k_layernorm', 'k_layernorm': 'q_layernorm'}}.get(bug, {})

    def norm(x, p, name):
        return rms(x, eps) * w(p + swap.get(name, name) + '.weight')

    def short(x, p):
        order = {'short_c_before_b': 'CBx', 'short_x_first': 'xBC'}.get(bug, 'BCx')
        rows = dict(zip(order, np.split(x @ w(p + 'in_proj.weight').T, 3, -1)))
        before, behind = ({'short_no_%s_gate' % k: 1, 'short_sigmoid_gates': sigmoid(rows[r])}.get(bug, rows[r])
                          for k, r in (('pre', 'B'), ('post', 'C')))
        y = convolve(before * rows['x'], w(p + 'conv.weight')[:, 0], 0, bug)
        return (silu(y) if bug == 'short_activation' else y) * behind @ w(p + 'out_proj.weight').T

    def glu(x, p, swapped):
        a, b = x @ w(p + 'w1.weight').T, x @ w(p + 'w3.weight').T
        return (a * silu(b) if swapped else silu(a) * b) @ w(p + 'w2.weight').T

    def experts(x, p):
        order, weight = sigmoid_router(x @ w(p + 'gate.weight').T, w(p + 'expert_bias'), c['num_experts_per_tok'],
                                       c['routed_scaling_factor'], c['norm_topk_prob'], 1e-6, bug, gaps)
        return mixture(x, order, weight, lambda t, e: glu(t, '%sexperts.%d.' % (p, e), bug == 'expert_gate_up_swapped'), x.shape[1])

    h = w('model.embed_tokens.weight')[ids]
    if bug == 'final_norm_first':
        h = norm(h, 'model.', 'embedding_norm')
    for l, kind in enumerate(c['layer_types']):
        p = 'model.layers.%d.' % l
        x = norm(h, p, 'operator_norm')
        if kind == C:
            h = h + short(x, p + 'conv.')
        else:
            qk = None if bug == 'qk_norm_left_out' else lambda t, r: norm(t, p + 'self_attn.', r + '_layernorm')
            h = h + attention(x, p + 'self_attn.', w, dim, dim ** -0.5, c['rope_theta'], bug, qk, 'out_proj')
        x, m = norm(h, p, 'ffn_norm'), p + 'feed_forward.'
        h = h + (experts(x, m) if w.has(m + 'gate.weight') else glu(x, m, bug == 'gate_up_swapped'))
    if bug not in ('no_final_norm', 'final_norm_first'):
        h = norm(h, 'model.', 'embedding_norm')
    return h @ w('model.embed_tokens.weight').T

def forward_falcon(w, ids, bug, gaps):
    c = w.c
    dim, eps, s, (gate, down) = c['head_dim'], c['rms_norm_eps'], Scan(c), c['mlp_multipliers']
    swap = {'input_layernorm': 'pre_ff_layernorm', 'pre_ff_layernorm': 'input_layernorm'} if bug == 'norms_swapped' else {}

    def by(name, wrong):
        return 1 if bug == wrong else c[name + '_multiplier']

    def norm(x, p, name):
        return rms(x, eps) * w(p + swap.get(name, name) + '.weight')

    h = w('model.embed_tokens.weight')[ids] * by('embedding', 'embedding_unscaled')
    for l in range(c['num_hidden_layers']):
        p = 'model.layers.%d.' % l
        x = norm(h, p, 'input_layernorm')                         # both branches read it, their outputs are added
        y = mamba(x, p + 'mamba.', w, s, bug) * by('ssm_out', 'ssm_out_left_out')
        if bug == 'branches_in_turn':
            x = norm(h + y, p, 'input_layernorm')
        z = attention(x * by('attention_in', 'attention_in_left_out'), p + 'self_attn.', w, dim, dim ** -0.5, c['rope_theta'], bug,
                      key=by('key', 'key_left_out'))
        h = h + y + z * by('attention_out', 'attention_out_left_out')
        x, p = norm(h, p, 'pre_ff_layernorm'), p + 'feed_forward.'
        a, b = x @ w(p + 'gate_proj.weight').T, x @ w(p + 'up_proj.weight').T
        if bug == 'gate_up_swapped':
            a, b = b, a
        a = {'mlp_gate_left_out': silu(a), 'mlp_gate_late': silu(a) * gate}.get(bug, silu(a * gate))
        h = h + (a * b) @ w(p + 'down_proj.weight').T * (1 if bug == 'mlp_down_left_out' else down)
    head = w('model.embed_tokens.weight' if c['tie_word_embeddings'] else 'lm_head.weight')
    return (h if bug == 'no_final_norm' else norm(h, 'model.', 'final_layernorm')) @ head.T * by('lm_head', 'head_left_out')

PLANS = {'NemotronHForCausalLM': plan_nemotron, 'GraniteMoeHybridForCausalLM': plan_granite,
         'Lfm2ForCausalLM': plan_lfm2, 'Lfm2MoeForCausalLM': plan_lfm2, 'FalconH1ForCausalLM': plan_falcon}
FORWARDS = {'NemotronHForCausalLM': forward_nemotron, 'GraniteMoeHybridForCausalLM': forward_granite,
            'Lfm2ForCausalLM': forward_lfm2, 'Lfm2MoeForCausalLM': forward_lfm2, 'FalconH1ForCausalLM': forward_falcon}

def forward(w, ids, bug=None, gaps=None):
    return FORWARDS[w.c['architectures'][0]](w, np.asarray(ids), bug, [] if gaps is None else gaps)

def check(root):
    bad = 0
    for family, c in FAMILIES.items():
        ids, least = np.random.default_rng(1).integers(0, c['vocab_size'], 130), (INF, '')
        for scheme in ('none', 'channel', 'block', 'tensor'):
            path = os.path.join(root, '%s-%s' % (family, scheme))
            count, size = make(family, path, scheme=scheme)
            w, gaps = Stored(path), []
            ref = forward(w, ids, None, gaps)
            print('%s-%s: %d tensors, %.2f MB, logits deviation %.2f, largest %.2f%s' % (
                family, scheme, count, size / 1e6, ref.std(), np.abs(ref).max(), ', smallest gap %.1e' % min(gaps) if gaps else ''))
            bad += bool(gaps) and min(gaps) < 1e-4
            for name in (k for k, (families, _) in BUGS.items() if scheme == 'none' and family in families):
                e = np.linalg.norm(forward(w, ids, name) - ref) / np.linalg.norm(ref)
                bad, least = bad + (not e >= 1e-4), min(least, (e, name))
                print('  %-28s %.1e%s' % (name, e, '' if e >= 1e-4 else '  TOO SMALL'))
        print('  smallest: %.1e %s' % least)
    return bad

def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = ap.add_subparsers(dest='command', required=True)
    m, g, b, f, k = (sub.add_parser(c) for c in ('make', 'logits', 'bugs', 'families', 'check'))
    m.add_argument('family', choices=FAMILIES)
    m.add_argument('--out', required=True)
    m.add_argument('--seed', type=int)
    m.add_argument('--fp8', choices=['none', 'block', 'channel', 'tensor'], default='none')
    m.add_argument('--set', action='append', default=[], metavar='KEY=JSON')
    g.add_argument('dir')
    g.add_argument('--ids', required=True)
    g.add_argument('--out', required=True)
    g.add_argument('--plant', choices=BUGS, metavar='BUG')
    b.add_argument('--out')
    f.add_argument('--out')
    k.add_argument('dir', nargs='?')
    a = ap.parse_args()
    if a.command == 'make':
        print('%d tensors, %d bytes' % make(a.family, a.out, a.seed, a.fp8, a.set))
    elif a.command == 'logits':
        np.save(a.out, forward(Stored(a.dir), [int(i) for i in a.ids.split(',')], a.plant))
    elif a.command == 'check':
        with tempfile.TemporaryDirectory() as tmp:
            sys.exit(1 if check(a.dir or tmp) else 0)
    else:
        lines = FAMILIES if a.command == 'families' else ['%s %s %s' % (n, ','.join(f), t) for n, (f, t) in BUGS.items()]
        text = '\n'.join(lines) + '\n'
        if a.out:
            with open(a.out, 'w') as f:
                f.write(text)
        else:
            print(text, end='')

if __name__ == '__main__':
    main()
