#!/usr/bin/python3
"""Independent float64 reference of decoders with mixtures of experts, numpy only, written from Hugging Face transformers' and vLLM's sources.

  mixtures.py make FAMILY --out DIR [--seed N] [--fp8 none|block|channel|tensor] [--set KEY=JSON ...]
  mixtures.py logits DIR --ids 1,2,3 --out FILE.npy [--plant BUG]
  mixtures.py bugs [--out FILE]        # plantable bugs: name, families it concerns, what it does
  mixtures.py families [--out FILE]
  mixtures.py check [DIR]              # makes every family, plants every bug, prints its relative error; exit status 1 if < 1e-4

make writes config.json as the published files spell it (--set changes a key of the text model) and experts as the published files of that
precision hold them: apart, or fused (BF16, and native FP8 of some).  --fp8 block is the native format (weight_scale_inv) where the model is
published in FP8 blocks, else compressed-tensors; channel always compressed-tensors; tensor (one scale a matrix) only where published so.
Weights are random; gains, norms, biases and multipliers are spread so that a forgotten or mixed-up one shows.
"""
import argparse
import json
import math
import os
import sys
import tempfile
from types import SimpleNamespace

import numpy as np

from oracle_files import Weights, draw, fp8, from_bf16, quantization_config, softmax, spread, to_bf16, to_e4m3, write_safetensors

COMMON = dict(attention_dropout=0.0, bos_token_id=1, eos_token_id=2, hidden_act='silu', initializer_range=0.02, max_position_embeddings=4096,
              num_hidden_layers=4, rms_norm_eps=1e-06, tie_word_embeddings=False, torch_dtype='bfloat16', use_cache=True, vocab_size=301)

def every(n, step, without=()):
    return [l not in without and (l + 1) % step == 0 for l in range(n)]

S, F = 'sliding_attention', 'full_attention'
GRANITE = 'input_linear.weight', 'output_linear.weight'

def sliding(c):
    own = c.get('sliding_windows') or [c['sliding_window']] * c['num_hidden_layers']
    return [w if t == S else None for w, t in zip(own, c['layer_types'])]

def granite(c):
    return dict(mlp='block_sparse_moe.', router='router.layer.weight', score='topk_softmax', embed=c['embedding_multiplier'],
                residual=c['residual_multiplier'], logits=c['logits_scaling'], scale=c['attention_multiplier'],
                shared='/shared_mlp.' if c.get('shared_intermediate_size') else None, S=c.get('shared_intermediate_size'))

# A family: architecture, config (of the text model), about: config -> what differs from the plainest decoder (see describe), seed.
FAMILIES = {
    'qwen3_vl_moe': dict(
        arch='Qwen3VLMoeForConditionalGeneration', seed=25, prefix='model.language_model.', wrap='qwen3_vl_moe', native='block16',
        fused=dict(none='columns', block='columns'),
        outer=dict(image_token_id=151655, video_token_id=151656, vision_end_token_id=151653, vision_start_token_id=151652,
                   vision_config=dict(deepstack_visual_indexes=[0], depth=1, hidden_size=48, model_type='qwen3_vl_moe', num_heads=2,
                                      out_hidden_size=160)),
        skipped={'model.visual.patch_embed.proj.weight': (48, 3, 2, 4, 4), 'model.visual.blocks.0.attn.qkv.weight': (144, 48),
                 'model.visual.blocks.0.attn.qkv.bias': (144,), 'model.visual.blocks.0.mlp.linear_fc1.weight': (64, 48),
                 'model.visual.merger.norm.weight': (48,), 'model.visual.deepstack_merger_list.0.linear_fc2.weight': (160, 192)},
        config=dict(attention_bias=False, decoder_sparse_step=1, head_dim=32, hidden_size=160, intermediate_size=192, mlp_only_layers=[],
                    model_type='qwen3_vl_moe_text', moe_intermediate_size=128, norm_topk_prob=True, num_attention_heads=6, num_experts=6,
                    num_experts_per_tok=2, num_key_value_heads=2, rope_theta=50000,
                    rope_scaling=dict(mrope_interleaved=True, mrope_section=[6, 5, 5], rope_type='default')),
        about=lambda c: dict(moe=every(c['num_hidden_layers'], c['decoder_sparse_step'], c['mlp_only_layers']), qk_norm='head')),
    'minimax_m2': dict(
        arch='MiniMaxM2ForCausalLM', seed=15, native='block32',
        config=dict(attn_type_list=[1] * 4, head_dim=32, hidden_size=144, intermediate_size=96, model_type='minimax_m2', mtp_transformer_layers=1,
                    num_attention_heads=6, num_experts_per_tok=3, num_key_value_heads=2, num_local_experts=8, num_mtp_modules=3,
                    qk_norm_type='per_layer', rope_theta=50000, rotary_dim=16, router_aux_loss_coef=0.001, scoring_func='sigmoid',
                    shared_intermediate_size=0, use_mtp=True, use_qk_norm=True, use_routing_bias=True),
        about=lambda c: dict(mlp='block_sparse_moe.', names=('w1', 'w3', 'w2'), qk_norm='width', rotary=c['rotary_dim'], score='sigmoid',
                             correction='e_score_correction_bias', router_type='F32')),
    'mixtral': dict(
        arch='MixtralForCausalLM', seed=25,
        config=dict(hidden_size=192, intermediate_size=96, model_type='mixtral', num_attention_heads=6, num_experts_per_tok=2,
                    num_key_value_heads=2, num_local_experts=8, output_router_logits=False, rms_norm_eps=1e-05, rope_theta=50000.0,
                    router_aux_loss_coef=0.02, sliding_window=None),
        about=lambda c: dict(mlp='block_sparse_moe.', names=('w1', 'w3', 'w2'), windows=[c['sliding_window']] * c['num_hidden_layers'])),
    'hunyuan_v1_moe': dict(
        arch='HunYuanMoEV1ForCausalLM', seed=11,
        config=dict(attention_bias=False, attention_head_dim=32, cla_share_factor=2, head_dim=32, hidden_size=144, intermediate_size=96,
                    mlp_bias=False, model_type='hunyuan_v1_moe', moe_drop_tokens=False, moe_intermediate_size=[96] * 4,
                    moe_layer_num_skipped=0, moe_random_routing_dropped_token=False, moe_topk=[2] * 4, norm_type='rms', num_attention_heads=6,
                    num_experts=7, num_key_value_heads=2, num_shared_expert=[1] * 4, rms_norm_eps=1e-05, rope_theta=10000.0,
                    rope_scaling=dict(alpha=1000.0, beta_fast=32, beta_slow=1, factor=1.0, mscale=1.0, mscale_all_dim=1.0, type='dynamic'),
                    tie_word_embeddings=True, use_cla=False, use_mixed_mlp_moe=True, use_qk_norm=True),
        about=lambda c: dict(qk_norm='head', norm_first=False, norms=('query_layernorm', 'key_layernorm'), router='gate.wg.weight',
                             router_type='F32', shared='shared_mlp.', S=c['intermediate_size'] * c['num_shared_expert'][0])),
    'exaone_moe': dict(
        arch='ExaoneMoeForCausalLM', also='ExaoneMoEForCausalLM', seed=22,
        skipped={'mtp.layers.0.self_attn.q_proj.weight': (192, 160), 'mtp.layers.0.mlp.gate_proj.weight': (64, 160), 'mtp.fc.weight': (160, 320),
                 'mtp.norm.weight': (160,)},
        config=dict(eos_token_id=53, first_k_dense_replace=1, head_dim=32, hidden_size=160, intermediate_size=224,
                    layer_types=[S, S, F, S, F], mlp_layer_types=['dense'] + ['sparse'] * 4, model_type='exaone_moe', moe_intermediate_size=64,
                    n_group=1, norm_topk_prob=True, num_attention_heads=6, num_experts=8, num_experts_per_tok=3, num_hidden_layers=5,
                    num_key_value_heads=2, num_nextn_predict_layers=1, num_shared_experts=1, pad_token_id=0, rms_norm_eps=1e-05,
                    rope_parameters=dict(rope_theta=50000, rope_type='default'), routed_scaling_factor=2.5, scoring_func='sigmoid',
                    sliding_window=20, sliding_window_pattern='LLG', topk_group=1, topk_method='noaux_tc'),
        about=lambda c: dict(qk_norm='head', score='sigmoid', correction='e_score_correction_bias', scaling=c['routed_scaling_factor'],
                             moe=[t == 'sparse' for t in c['mlp_layer_types']], shared='shared_experts.', windows=sliding(c),
                             S=c['moe_intermediate_size'] * c['num_shared_experts'], limits=c.get('swiglu_limits'),
                             turned=[w is not None or c['sliding_window'] is None for w in sliding(c)])),
    'granitemoe': dict(
        arch='GraniteMoeForCausalLM', seed=15, fused=dict(none='rows', channel='rows'), fused_names=GRANITE,
        config=dict(attention_bias=False, attention_multiplier=0.05, embedding_multiplier=12.0, hidden_size=192, intermediate_size=96,
                    logits_scaling=6.0, model_type='granitemoe', num_attention_heads=6, num_experts_per_tok=3, num_key_value_heads=2,
                    num_local_experts=8, output_router_logits=False, residual_multiplier=0.22, rope_scaling=None, rope_theta=25000.0,
                    router_aux_loss_coef=0.001, tie_word_embeddings=True),
        about=granite),
    'granitemoeshared': dict(
        arch='GraniteMoeSharedForCausalLM', seed=4, fused=dict(none='rows'), fused_names=GRANITE,
        config=dict(attention_bias=False, attention_multiplier=0.08, embedding_multiplier=12.0, hidden_size=192, intermediate_size=64,
                    logits_scaling=8.0, model_type='granitemoeshared', num_attention_heads=6, num_experts_per_tok=2, num_key_value_heads=2,
                    num_local_experts=8, output_router_logits=False, residual_multiplier=0.3, rope_scaling=None, rope_theta=25000.0,
                    router_aux_loss_coef=0.001, shared_intermediate_size=80, tie_word_embeddings=True),
        about=granite),
    'ernie4_5_moe': dict(
        arch='Ernie4_5_MoeForCausalLM', seed=9,
        skipped={'model.mtp_block.0.self_attn.q_proj.weight': (192, 144), 'model.mtp_emb_norm.0.weight': (144,),
                 'model.mtp_hidden_norm.0.weight': (144,), 'model.mtp_linear_proj.0.weight': (144, 288)},
        config=dict(head_dim=32, hidden_size=144, intermediate_size=224, model_type='ernie4_5_moe', moe_capacity=[64, 64, 64], moe_gate='topk',
                    moe_intermediate_size=64, moe_k=3, moe_layer_end_index=3, moe_layer_interval=1, moe_layer_start_index=1, moe_num_experts=8,
                    moe_num_shared_experts=2, moe_use_aux_free=True, num_attention_heads=6, num_hidden_layers=5, num_key_value_heads=2,
                    num_nextn_predict_layers=1, pad_token_id=0, rms_norm_eps=1e-05, rope_scaling=None, rope_theta=50000.0,
                    tie_word_embeddings=True, use_bias=False),
        about=lambda c: dict(pairs=True, correction='moe_statics.e_score_correction_bias', correction_shape=(1, c['moe_num_experts']),
                             router_type='F32', shared='shared_experts.', S=c['moe_intermediate_size'] * c['moe_num_shared_experts'],
                             moe=[x and c['moe_layer_start_index'] <= l <= c['moe_layer_end_index'] % c['num_hidden_layers']
                                  for l, x in enumerate(every(c['num_hidden_layers'], c['moe_layer_interval']))])),
    'mistral4': dict(
        arch='Mistral3ForConditionalGeneration', also='Mistral4ForCausalLM', seed=12, prefix='language_model.model.', head='language_model.',
        wrap='mistral3', native='tensor', fused=dict(none='rows', tensor='rows'),
        outer=dict(image_token_index=10, multimodal_projector_bias=False, projector_hidden_act='gelu', spatial_merge_size=2,
                   vision_feature_layer=-1, vision_config=dict(hidden_size=48, model_type='pixtral', num_attention_heads=2, num_hidden_layers=1)),
        skipped={'vision_tower.patch_conv.weight': (48, 3, 4, 4), 'vision_tower.transformer.layers.0.attention.q_proj.weight': (48, 48),
                 'multi_modal_projector.linear_1.weight': (160, 48), 'multi_modal_projector.norm.weight': (48,)},
        config=dict(attention_bias=False, first_k_dense_replace=0, head_dim=32, hidden_size=160, intermediate_size=224, kv_lora_rank=48,
                    model_type='mistral4', moe_intermediate_size=64, n_group=1, n_routed_experts=8, n_shared_experts=1, norm_topk_prob=True,
                    num_attention_heads=4, num_experts_per_tok=2, num_key_value_heads=4, q_lora_rank=64, qk_head_dim=32, qk_nope_head_dim=16,
                    qk_rope_head_dim=16, rope_interleave=True, routed_scaling_factor=1.5, topk_group=1, v_head_dim=24,
                    rope_parameters=dict(beta_fast=32.0, beta_slow=1.0, factor=8.0, llama_4_scaling_beta=0.1, mscale=1.0, mscale_all_dim=1.0,
                                         original_max_position_embeddings=24, rope_theta=10000.0, rope_type='yarn', type='yarn')),
        about=lambda c: dict(mla=SimpleNamespace(q=c['q_lora_rank'], kv=c['kv_lora_rank'], nope=c['qk_nope_head_dim'],
                                                 rope=c['qk_rope_head_dim'], v=c['v_head_dim']),
                             pairs=c['rope_interleave'], rotary=c['qk_rope_head_dim'], scaling=c['routed_scaling_factor'],
                             moe=[l >= c['first_k_dense_replace'] for l in range(c['num_hidden_layers'])], shared='shared_experts.',
                             S=c['moe_intermediate_size'] * c['n_shared_experts'],
                             heated=[(c['rope_parameters']['llama_4_scaling_beta'], c['rope_parameters']['original_max_position_embeddings'], 0)]
                             * c['num_hidden_layers'])),
    'qwen2_moe': dict(
        arch='Qwen2MoeForCausalLM', seed=17,
        config=dict(decoder_sparse_step=1, hidden_size=192, intermediate_size=224, max_window_layers=4, mlp_only_layers=[], model_type='qwen2_moe',
                    moe_intermediate_size=64, norm_topk_prob=False, num_attention_heads=6, num_experts=6, num_experts_per_tok=2,
                    num_key_value_heads=2, output_router_logits=False, rope_theta=50000.0, router_aux_loss_coef=0.001,
                    shared_expert_intermediate_size=96, sliding_window=4096, use_sliding_window=False),
        about=lambda c: dict(biased='qkv', moe=every(c['num_hidden_layers'], c['decoder_sparse_step'], c['mlp_only_layers']),
                             shared='shared_expert.', shared_gate='shared_expert_gate', S=c['shared_expert_intermediate_size'])),
    'olmoe': dict(
        arch='OlmoeForCausalLM', seed=16,
        config=dict(attention_bias=False, clip_qkv=None, hidden_size=192, intermediate_size=64, model_type='olmoe', norm_topk_prob=False,
                    num_attention_heads=6, num_experts=6, num_experts_per_tok=2, num_key_value_heads=2, output_router_logits=False,
                    rms_norm_eps=1e-05, rope_scaling=None, rope_theta=50000.0, router_aux_loss_coef=0.01),
        about=lambda c: dict(qk_norm='width', clip=c['clip_qkv'])),
    'flex_olmo': dict(
        arch='FlexOlmoForCausalLM', seed=2,
        config=dict(attention_bias=False, hidden_size=192, intermediate_size=64, model_type='flex_olmo', norm_topk_prob=False,
                    num_attention_heads=6, num_experts=7, num_experts_per_tok=2, num_key_value_heads=2, output_router_logits=False,
                    rope_scaling=None, rope_theta=50000.0, router_aux_loss_coef=0.01),
        about=lambda c: dict(qk_norm='width', post_norms=True)),
    'phimoe': dict(
        arch='PhimoeForCausalLM', also='PhiMoEForCausalLM', seed=18,
        config=dict(attention_bias=True, hidden_size=192, input_jitter_noise=0.0, intermediate_size=96, lm_head_bias=True, model_type='phimoe',
                    num_attention_heads=6, num_experts_per_tok=2, num_key_value_heads=2, num_local_experts=8,
                    original_max_position_embeddings=64, output_router_logits=False, rms_norm_eps=1e-05, rope_theta=50000.0,
                    rope_scaling=dict(long_factor=[1 + 0.4 * i for i in range(16)], long_mscale=1.25, original_max_position_embeddings=64,
                                      short_factor=[1 + 0.1 * i for i in range(16)], short_mscale=1.1, type='longrope'),
                    router_aux_loss_coef=0.0, router_jitter_noise=0.2, sliding_window=4096),
        about=lambda c: dict(mlp='block_sparse_moe.', names=('w1', 'w3', 'w2'), layer_norm=True, biased='qkvo' if c['attention_bias'] else '',
                             head_bias=c['lm_head_bias'], score='sparsemixer', jitter=c['router_jitter_noise'],
                             windows=[c['sliding_window']] * c['num_hidden_layers'])),
    'llama4': dict(
        arch='Llama4ForConditionalGeneration', also='Llama4ForCausalLM', seed=22, prefix='language_model.model.', head='language_model.',
        wrap='llama4', fused=dict(none='columns'),
        outer=dict(boi_token_index=200080, eoi_token_index=200081, image_token_index=200092,
                   vision_config=dict(hidden_size=48, model_type='llama4_vision_model', num_attention_heads=2, num_hidden_layers=1)),
        skipped={'vision_model.patch_embedding.linear.weight': (48, 48), 'vision_model.class_embedding': (48,),
                 'multi_modal_projector.linear_1.weight': (160, 48)},
        config=dict(attention_bias=False, attention_chunk_size=20, attn_scale=0.1, attn_temperature_tuning=True, floor_scale=16,
                    for_llm_compressor=False, head_dim=32, hidden_size=160, interleave_moe_layer_step=2, intermediate_size=96,
                    intermediate_size_mlp=192, model_type='llama4_text', moe_layers=[1, 3, 5], no_rope_layers=[1, 0, 1, 1, 0, 1],
                    num_attention_heads=6, num_experts_per_tok=1, num_hidden_layers=6, num_key_value_heads=2, num_local_experts=8,
                    output_router_logits=False, rms_norm_eps=1e-05, rope_theta=50000.0, router_aux_loss_coef=0.001, router_jitter_noise=0.0,
                    rope_scaling=dict(factor=8.0, high_freq_factor=4.0, low_freq_factor=1.0, original_max_position_embeddings=48,
                                      rope_type='llama3'), use_qk_norm=True),
        about=lambda c: dict(mlp='feed_forward.', dense='feed_forward.', router='router.weight', inner=c['intermediate_size_mlp'],
                             moe=[l in c['moe_layers'] for l in range(c['num_hidden_layers'])], pairs=True,
                             turned=list(map(bool, c['no_rope_layers'])),
                             chunks=[c['attention_chunk_size'] if t else None for t in c['no_rope_layers']], shared='shared_expert.',
                             qk_norm='plain' if c['use_qk_norm'] else None, norm_first=False, score='sigmoid', on_input=True, normalised=False,
                             S=c['intermediate_size'], heated=[None if t or not c['attn_temperature_tuning'] else
                                                               (c['attn_scale'], c['floor_scale'], 1) for t in c['no_rope_layers']])),
}

def describe(name, c):
    """What forward and plan need to know of a text config."""
    f, H, L, Q = FAMILIES[name], c['hidden_size'], c['num_hidden_layers'], c['num_attention_heads']

    def first(*keys):
        v = next((c[k] for k in keys if c.get(k) is not None), None)
        return v[0] if isinstance(v, list) else v
    d = SimpleNamespace(
        name=name, H=H, L=L, Q=Q, K=c.get('num_key_value_heads') or Q, D=c.get('head_dim') or H // Q, V=c['vocab_size'], eps=c['rms_norm_eps'],
        tied=c['tie_word_embeddings'], inner=c['intermediate_size'],
        # attention
        rope=dict(c.get('rope_scaling') or {}, **(c.get('rope_parameters') or {})), theta=c.get('rope_theta'), rotary=None, pairs=False,
        turned=[True] * L, windows=[None] * L, chunks=[None] * L, heated=[None] * L, clip=None, scale=None,
        qk_norm=None, norm_first=True, norms=('q_norm', 'k_norm'), biased=(), mla=None,
        # multipliers
        embed=1.0, residual=1.0, logits=1.0,
        # experts
        moe=[True] * L, E=first('num_experts', 'num_local_experts', 'moe_num_experts', 'n_routed_experts'),
        k=first('num_experts_per_tok', 'moe_topk', 'moe_k'), I=first('moe_intermediate_size', 'intermediate_size'), mlp='mlp.', dense='mlp.',
        names=('gate_proj', 'up_proj', 'down_proj'), router='gate.weight', router_type='BF16', correction=None, correction_shape=None,
        score='softmax', normalised=c.get('norm_topk_prob', True), scaling=1.0, shared=None, S=0, shared_gate=None, limits=None,
        jitter=None, on_input=False,
        # block
        post_norms=False, layer_norm=False, head_bias=False)
    d.__dict__.update(f['about'](c))
    d.theta = d.theta or d.rope.get('rope_theta')
    d.rotary = d.rotary or d.D
    d.scale = d.scale or d.D ** -0.5
    return d

def plan(d):
    """[(name without prefix, shape, kind, mean, deviation)]; kind: lin is quantised by --fp8, expert too; BF16 and F32 are not."""
    out = [('embed_tokens.weight', (d.V, d.H), 'BF16', 0, (0.3 if d.tied else 1.0) / d.embed)]

    def lin(name, o, i, gain=1.0, kind='lin', bias=False):
        out.append((name + '.weight', (o, i), kind, 0, gain / math.sqrt(i)))
        if bias:
            out.append((name + '.bias', (o,), 'BF16', 0, 0.3))

    def norm(name, n, mean=1.0):
        out.append((name + '.weight', (n,), 'BF16', mean, 0.25 * mean))
        if d.layer_norm:
            out.append((name + '.bias', (n,), 'BF16', 0, 0.2))

    def mlp(p, inner, names=('gate_proj', 'up_proj', 'down_proj'), kind='lin'):
        lin(p + names[0], inner, d.H, 1.5, kind)
        lin(p + names[1], inner, d.H, 1.0, kind)
        lin(p + names[2], d.H, inner, 1.5, kind)

    for l in range(d.L):
        p, a = 'layers.%d.' % l, 'layers.%d.self_attn.' % l
        m = p + d.mlp
        if d.mla:
            z = d.mla
            lin(a + 'q_a_proj', z.q, d.H)
            norm(a + 'q_a_layernorm', z.q)
            lin(a + 'q_b_proj', d.Q * (z.nope + z.rope), z.q, 1.5)
            lin(a + 'kv_a_proj_with_mqa', z.kv + z.rope, d.H, 1.2)
            norm(a + 'kv_a_layernorm', z.kv)
            lin(a + 'kv_b_proj', d.Q * (z.nope + z.v), z.kv, 1.2)
            lin(a + 'o_proj', d.H, d.Q * z.v)
        else:
            gain = 1.3 * (d.D ** -0.5 / d.scale) ** 0.5
            for t, heads, g in (('q', d.Q, gain), ('k', d.K, gain), ('v', d.K, 1.0)):
                lin(a + t + '_proj', heads * d.D, d.H, g, bias=t in d.biased)
            lin(a + 'o_proj', d.H, d.Q * d.D, bias='o' in d.biased)
            if d.qk_norm in ('head', 'width'):
                for t, heads in zip(d.norms, (d.Q, d.K)):
                    norm(a + t, d.D * (heads if d.qk_norm == 'width' else 1), 1.2)
        for t in ('post_attention_layernorm', 'post_feedforward_layernorm' if d.post_norms else 'input_layernorm'):
            norm(p + t, d.H)
        if not d.moe[l]:
            mlp(p + d.dense, d.inner)
            continue
        out.append((m + d.router, (d.E, d.H), d.router_type, 0, (0.6 if d.post_norms else 1.5) / math.sqrt(d.H)))   # unnormed: small
        if d.correction:
            out.append((m + d.correction, d.correction_shape or (d.E,), 'F32', 0, 0.15 if d.score == 'sigmoid' else 0.08))
        for e in range(d.E):
            mlp(m + 'experts.%d.' % e, d.I, d.names, 'expert')
        if d.shared and d.shared[0] == '/':                       # Granite's: gate and up in one
            lin(p + d.shared[1:] + 'input_linear', 2 * d.S, d.H, 1.2)
            lin(p + d.shared[1:] + 'output_linear', d.H, d.S, 1.5)
        elif d.shared:
            mlp(m + d.shared, d.S)
        if d.shared_gate:
            lin(m + d.shared_gate, 1, d.H, 1.5, 'BF16')
    norm('norm', d.H)
    if not d.tied:
        lin('lm_head', d.V, d.H, 1.0, 'BF16', d.head_bias)
    return out

def block_fp8(name, x, wide):
    """DeepSeek's and Qwen's blocks of 128 x 128: codes and scales, the latter F32 (wide) or BF16."""
    codes, s = fp8(name, x, 'block')
    if not wide:
        return codes, ('BF16', s)
    s = (from_bf16(s) * (1 + 0.003 * draw(1, name, s.shape))).astype(np.float32)          # no BF16 numbers, so that keeping 16 bits shows
    o, i = x.shape
    gain = spread(np.exp(0.3 * draw(0, name + '/gain', s.shape)), x.shape)
    return to_e4m3(x * gain / spread(s, (o, i))), ('F32', s)

def tensor_fp8(name, x, shape=()):
    """Mistral's: one BF16 scale a matrix."""
    x = x * np.exp(0.3 * draw(0, name + '/gain', ()))
    s = to_bf16(np.abs(x).max() / 448).reshape(shape)
    return ('F8_E4M3', to_e4m3(x / from_bf16(s))), ('BF16', s)

def native_config(native, ignore):
    """As Qwen's files (block16), MiniMax' (block32) and Mistral's (tensor) have it."""
    if native == 'tensor':
        return dict(activation_scheme='static', dequantize=False, quant_method='fp8', weight_block_size=None,
                    modules_to_not_convert=['model.vision_tower', 'model.multi_modal_projector', 'lm_head'])
    qwen = native == 'block16'
    return dict(activation_scheme='dynamic', fmt='e4m3' if qwen else 'float8_e4m3fn', quant_method='fp8', weight_block_size=[128, 128],
                modules_to_not_convert=ignore if qwen else ['gate', 'e_score_correction_bias', 'lm_head'])

def make(name, out, seed=None, scheme='none', changes=()):
    f = FAMILIES[name]
    seed, native = f['seed'] if seed is None else seed, f.get('native') or ''
    if scheme == 'tensor' and native != 'tensor':
        raise SystemExit('%s is not published with one scale a matrix' % name)
    native = native if native.startswith(scheme) else None
    c = json.loads(json.dumps(dict(COMMON, **f['config'])))
    for k, _, v in (change.partition('=') for change in changes):
        c[k] = json.loads(v)
    d, prefix, fused = describe(name, c), f.get('prefix', 'model.'), f.get('fused', {}).get(scheme)
    ts, ignore, experts, head = {}, [], {}, f.get('head', '')

    def store(full, dtype, x):
        ts[full] = ('BF16', to_bf16(x)) if dtype == 'BF16' else ('F32', x.astype(np.float32))

    def quantise(full, x, scale):
        if native == 'tensor':
            ts[full], ts[scale + '_inv'] = tensor_fp8(full, x)
            ts[full.rpartition('.')[0] + '.activation_scale'] = ('BF16', to_bf16(0.02).reshape(()))
            return
        if native:
            codes, ts[scale + '_inv'] = block_fp8(full, x, native == 'block32')
        else:
            codes, s = fp8(full, x, scheme)
            ts[scale] = ('BF16', s)
        ts[full] = ('F8_E4M3', codes)

    for t, shape, kind, mean, deviation in plan(d):
        full, x = (head if t.startswith('lm_head') else prefix) + t, mean + deviation * draw(seed, t, shape)
        if kind == 'expert' and fused:
            experts[full] = x
        elif kind in ('lin', 'expert') and scheme != 'none':
            quantise(full, x, full + '_scale')
        else:
            store(full, kind if kind == 'F32' else 'BF16', x)
            if len(shape) == 2 and t.endswith('.weight') and 'embed' not in t:
                ignore.append(full[:-len('.weight')])
    for l in range(d.L if fused else 0):
        p = prefix + 'layers.%d.%s' % (l, d.mlp)
        if not d.moe[l]:
            continue
        each = [[experts['%sexperts.%d.%s.weight' % (p, e, n)] for n in d.names] for e in range(d.E)]
        for t, parts in zip(f.get('fused_names', ('experts.gate_up_proj', 'experts.down_proj')),
                            ([np.concatenate(x[:2]) for x in each], [x[2] for x in each])):
            parts = [x.T if fused == 'columns' else x for x in parts]
            if scheme == 'none':
                store(p + t, 'BF16', np.stack(parts))
                continue
            names = ['%s.%d' % (p + t, e) for e in range(d.E)]
            if native == 'tensor':
                codes, scales = zip(*(tensor_fp8(n, x, (1, 1)) for n, x in zip(names, parts)))
                codes = [c for _, c in codes]
                ts[p + t + '_activation_scale'] = ('BF16', to_bf16(np.full(d.E, 0.02)))
            elif native:
                codes, scales = zip(*(block_fp8(n, x, native == 'block32') for n, x in zip(names, parts)))
            else:
                codes, scales = zip(*(fp8(n, x, scheme) for n, x in zip(names, parts)))
                scales = [('BF16', s) for s in scales]
            ts[p + t] = ('F8_E4M3', np.stack(codes))
            ts[p + t + ('_scale_inv' if native else '_scale')] = (scales[0][0], np.stack([s for _, s in scales]))
    for t, shape in f.get('skipped', {}).items():
        store(t, 'BF16', draw(seed, t, shape))
        ignore += [t[:-len('.weight')]] if len(shape) == 2 and t.endswith('.weight') else []
    config = dict(c, architectures=[f['arch']])
    if f.get('wrap'):
        config = dict(architectures=[f['arch']], model_type=f['wrap'], text_config=c, tie_word_embeddings=c['tie_word_embeddings'], **f['outer'])
        if name == 'qwen3_vl_moe':                                # there only, although the text config's own default is true
            del c['tie_word_embeddings']
    if scheme != 'none':
        config['quantization_config'] = native_config(native, ignore) if native else quantization_config(scheme, ignore)
    os.makedirs(out, exist_ok=True)
    generation = dict(bos_token_id=c['bos_token_id'], do_sample=True, eos_token_id=c['eos_token_id'], temperature=1.0, top_p=0.95)
    for file, value in (('config.json', config), ('generation_config.json', generation)):
        with open(os.path.join(out, file), 'w') as g:
            json.dump(value, g, indent=2, sort_keys=True)
    return len(ts), write_safetensors(os.path.join(out, 'model.safetensors'), ts)

class Files(Weights):
    """Weights that also knows F32, native scales (weight_scale_inv), experts in three dimensions, and whose config it is."""

    def __init__(self, path):
        super().__init__(path)
        with open(os.path.join(path, 'config.json')) as f:
            config = json.load(f)
        arch = config['architectures'][0]
        self.c.setdefault('tie_word_embeddings', config.get('tie_word_embeddings', False))
        self.family = next(k for k, v in FAMILIES.items() if arch in (v['arch'], v.get('also')))
        self.before_head = next((k for k in self.head if k.endswith('lm_head.weight')), 'lm_head.weight')[:-len('lm_head.weight')]

    def raw(self, full):
        t = self.head[full]
        if t['dtype'] == 'F32':
            at = t['data_offsets']
            return np.frombuffer(self.data[at[0]:at[1]], '<f4').astype(np.float64).reshape(t['shape'])
        return super().raw(full)

    def __call__(self, name):
        if name not in self.cache:
            full = (self.before_head if name.startswith('lm_head') else self.prefix) + name
            x = self.raw(full)
            s = next((self.raw(full + t) for t in ('_scale', '_scale_inv') if full + t in self.head), None)
            if s is not None:
                x = x * (s if s.size == 1 or s.shape[1:] == (1, 1) else spread(s, x.shape) if x.ndim == 2 else
                         np.stack([spread(b, a.shape) for a, b in zip(x, s)]))
            self.cache[name] = x
        return self.cache[name]

BUGS = {}

def bugs_of(lines):
    for line in lines.strip().split('\n'):
        name, families, text = line.split(None, 2)
        BUGS[name] = (','.join(f for f in FAMILIES if f not in families[1:].split(',')) if families[0] == '-' else families, text)

bugs_of("""
norms_swapped - the two norms of a layer change places
no_final_gain - the last norm without its gain
gqa_interleaved -mistral4 query head h reads key head h mod kv_heads
rope_pairs - rope's pairs laid out the other way: (2i, 2i+1) for (i, i + half), or back
theta_10000 -mistral4,hunyuan_v1_moe rope's base is 10000 whatever the config says
no_attention_scale - scores are not scaled
gate_up_swapped - gate and up change places in the experts
topk_one_less - one expert too few
topk_one_more -phimoe one expert too many
no_qk_norm qwen3_vl_moe,minimax_m2,hunyuan_v1_moe,exaone_moe,olmoe,flex_olmo,llama4 queries and keys not normed
qk_norm_after_rope qwen3_vl_moe,minimax_m2,exaone_moe,olmoe,flex_olmo queries and keys normed after the rotation
qk_norm_before_rope hunyuan_v1_moe queries and keys normed before the rotation
qk_norms_swapped qwen3_vl_moe,exaone_moe the queries' norm and the keys' change places
qk_norm_per_head minimax_m2,olmoe,flex_olmo each head normed on its own instead of the whole width
topk_unnormalised qwen3_vl_moe,minimax_m2,mixtral,hunyuan_v1_moe,exaone_moe,ernie4_5_moe,mistral4 weights of the chosen experts not divided by their sum
topk_normalised qwen2_moe,olmoe weights of the chosen experts divided by their sum (FlexOlmo's norm behind the experts hides it)
score_sigmoid qwen3_vl_moe,mixtral,hunyuan_v1_moe,ernie4_5_moe,mistral4 sigmoid instead of softmax
score_softmax minimax_m2,exaone_moe,llama4 softmax instead of sigmoid
gate_up_alternating qwen3_vl_moe,granitemoe,mistral4,llama4 gate and up read as alternating rows (columns) of the fused matrix
no_correction minimax_m2,exaone_moe,ernie4_5_moe the correction bias is left out
correction_in_weights minimax_m2,exaone_moe,ernie4_5_moe weights are made from the corrected scores
correction_before_score minimax_m2,exaone_moe,ernie4_5_moe the correction bias is added to the logits
rope_whole_head minimax_m2 every dimension rotated
rope_head_denominator minimax_m2 exponents divided by the head's width instead of the rotated one
no_shared hunyuan_v1_moe,exaone_moe,granitemoeshared,ernie4_5_moe,mistral4,qwen2_moe,llama4 the shared expert is left out
no_shared_gate qwen2_moe the shared expert's gate is left out
shared_scaled exaone_moe,mistral4 the shared expert is multiplied by routed_scaling_factor as well
no_scaling exaone_moe,mistral4 routed_scaling_factor is left out
rope_unstretched hunyuan_v1_moe,mistral4,llama4 the stretching of the rope is left out
alpha_plain hunyuan_v1_moe the base is multiplied by alpha, without the exponent d/(d-2)
window_plus_one exaone_moe sliding layers see one token too many
window_minus_one exaone_moe sliding layers see one token too few
no_window exaone_moe sliding layers see everything
window_on_full exaone_moe full layers use the window as well
rope_everywhere exaone_moe,llama4 layers without positions rotated as well
rope_swapped exaone_moe,llama4 rotated layers and layers without positions change places
embed_unscaled granitemoe,granitemoeshared embedding_multiplier is left out
residual_unscaled granitemoe,granitemoeshared residual_multiplier is left out
attention_root granitemoe,granitemoeshared scores multiplied by 1/sqrt(head_dim) instead of attention_multiplier
logits_unscaled granitemoe,granitemoeshared logits_scaling is left out
logits_multiplied granitemoe,granitemoeshared logits multiplied by logits_scaling instead of divided
softmax_over_all granitemoe,granitemoeshared softmax over every expert instead of the chosen ones
no_temperature mistral4,llama4 queries do not grow with the position
temperature_from_other mistral4,llama4 the queries' growth is counted from the other position, 0 or 1
mscale_squared mistral4 scores multiplied by the square of yarn's mscale, as DeepSeek's
yarn_cosine_factor mistral4 cosine and sine multiplied by yarn's mscale
yarn_linear mistral4 every frequency divided by the factor
no_latent_norms mistral4 the norms of the narrow queries and keys are left out
kv_halves_by_matrix mistral4 kv_b_proj read as all keys, then all values
rope_first mistral4 the first dimensions of the query rotated instead of the last
no_bias qwen2_moe,phimoe the attention's biases are left out
pre_norms flex_olmo the norms before attention and experts instead of behind
norm_not_centred phimoe RMS norm instead of LayerNorm
no_norm_bias phimoe the norms' biases are left out
no_head_bias phimoe lm_head's bias is left out
plain_softmax phimoe softmax and the two best, divided by their sum, instead of sparsemixer
mixer_unmasked phimoe sparsemixer weighs among all experts instead of the near ones
mixer_first_kept phimoe the first expert still counts in the second one's weight
jitter_once phimoe experts are near within jitter instead of twice that
longrope_other_list phimoe the short factors beyond the original context, the long ones within
longrope_formula phimoe sqrt(1 + ln(factor) / ln(original)) instead of long_mscale
longrope_no_mscale phimoe cosine and sine not multiplied by long_mscale
no_chunk llama4 chunked layers see everything
chunk_as_window llama4 chunks slide
chunk_on_full llama4 full layers are chunked as well
qk_norm_everywhere llama4 layers without positions norm queries and keys as well
weight_on_output llama4 experts' outputs are weighted instead of their inputs
""")

def frequencies(d, n, bug):
    """One per pair, and the factor of cosine and sine; n tokens."""
    dim = d.D if bug == 'rope_whole_head' else d.rotary
    below, r, kind, factor = d.D if bug == 'rope_head_denominator' else dim, d.rope, d.rope.get('rope_type') or d.rope.get('type'), 1.0
    theta = 10000.0 if bug == 'theta_10000' else d.theta
    if kind == 'dynamic' and bug != 'rope_unstretched':           # Hunyuan's: alpha stretches at any length
        theta *= r['alpha'] ** (1.0 if bug == 'alpha_plain' else dim / (dim - 2))
    f = theta ** (-2.0 * np.arange(dim // 2) / below)
    if bug == 'rope_unstretched':
        return f, 1.0
    if kind == 'yarn':
        def at(turns):                                            # the pair that turns so often within the original context
            return dim * math.log(r['original_max_position_embeddings'] / (turns * 2 * math.pi)) / (2 * math.log(theta))
        low, high = max(math.floor(at(r['beta_fast'])), 0), min(math.ceil(at(r['beta_slow'])), dim - 1)
        kept = 1 - np.clip((np.arange(dim // 2) - low) / max(high - low, 0.001), 0, 1)
        f = f / r['factor'] * (1 if bug == 'yarn_linear' else 1 - kept) + f * (0 if bug == 'yarn_linear' else kept)
        factor = yarn_scale(r, 'mscale') / yarn_scale(r, 'mscale_all_dim')
        if bug == 'yarn_cosine_factor':
            factor = yarn_scale(r, 'mscale')
    if kind == 'longrope':
        long = (n > r['original_max_position_embeddings']) != (bug == 'longrope_other_list')
        f = f / np.array(r['long_factor' if long else 'short_factor'])
        factor = r['long_mscale' if long else 'short_mscale']
        if bug == 'longrope_formula':
            factor = math.sqrt(1 + math.log(4096 / r['original_max_position_embeddings']) / math.log(r['original_max_position_embeddings']))
        if bug == 'longrope_no_mscale':
            factor = 1.0
    if kind == 'llama3':
        wave, old = 2 * math.pi / f, r['original_max_position_embeddings']
        smooth = np.clip((old / wave - r['low_freq_factor']) / max(r['high_freq_factor'] - r['low_freq_factor'], 1e-9), 0, 1)
        f = f * smooth + f / r['factor'] * (1 - smooth)
    return f, factor

def yarn_scale(r, key):
    return 0.1 * r[key] * math.log(r['factor']) + 1

def rotate(x, f, factor, pairs):
    """x: [tokens, heads, dim], whose first 2 * len(f) dimensions turn: (2i, 2i+1), or (i, i + len(f))."""
    m = len(f)
    angle = np.arange(len(x))[:, None, None] * f
    c, s = np.cos(angle) * factor, np.sin(angle) * factor
    a, b = (x[..., 0:2 * m:2], x[..., 1:2 * m:2]) if pairs else (x[..., :m], x[..., m:2 * m])
    y = a * c - b * s, b * c + a * s
    y = np.stack(y, -1).reshape(*x.shape[:-1], 2 * m) if pairs else np.concatenate(y, -1)
    return np.concatenate([y, x[..., 2 * m:]], -1)

def attend(q, k, v, seen, scale, interleaved):
    out = np.empty(q.shape[:2] + v.shape[2:])
    for h in range(q.shape[1]):
        g = h % k.shape[1] if interleaved else h // (q.shape[1] // k.shape[1])
        out[:, h] = softmax(np.where(seen, q[:, h] @ k[:, g].T * scale, -np.inf)) @ v[:, g]
    return out.reshape(len(q), -1)

def sigmoid(x):
    return 1 / (1 + np.exp(-x))

def sparsemixer(z, jitter, bug, gaps):
    """Twice the best expert, weighted among those near it; the second time without the first one chosen."""
    order, weight, left = [], [], z
    for turn in range(2):
        best = left.max(-1, keepdims=True)
        away = (best - z) / np.maximum(np.abs(z), best) - (1 if bug == 'jitter_once' else 2) * jitter
        near = np.where(away > 0, -np.inf, left) if bug != 'mixer_unmasked' else left
        ordered = np.sort(left, -1)
        gaps.extend([(ordered[:, -1] - ordered[:, -2]).min(), np.abs(away).min()])
        e = left.argmax(-1)[:, None]
        order.append(e)
        weight.append(np.take_along_axis(softmax(near), e, -1))
        left = left.copy()
        if bug != 'mixer_first_kept' or turn:
            np.put_along_axis(left, e, -np.inf, -1)
        else:                                                     # the first one still counts in the second softmax
            second = np.where(np.arange(z.shape[1]) == e, -np.inf, z).argmax(-1)[:, None]
            away = (np.take_along_axis(z, second, -1) - z) / np.maximum(np.abs(z), np.take_along_axis(z, second, -1))
            order.append(second)
            weight.append(np.take_along_axis(softmax(np.where(away > 2 * jitter, -np.inf, z)), second, -1))
            break
    return np.concatenate(order, -1), np.concatenate(weight, -1)

def route(z, d, correction, bug, gaps):
    """Logits to the chosen experts and their weights; the smallest distance between the last chosen and the first other goes to gaps."""
    score = {'score_sigmoid': 'sigmoid', 'score_softmax': 'softmax', 'plain_softmax': 'softmax'}.get(bug, d.score)
    if score == 'sparsemixer':
        order, weight = sparsemixer(z, d.jitter, bug, gaps)
        return (order[:, :1], weight[:, :1]) if bug == 'topk_one_less' else (order, weight)
    if correction is not None and bug == 'correction_before_score':
        z, correction = z + correction, None
    s = {'sigmoid': sigmoid, 'softmax': softmax, 'topk_softmax': lambda x: x}[score](z)
    choice = s if correction is None or bug == 'no_correction' else s + correction
    order = np.argsort(-choice, axis=-1, kind='stable')
    best = np.take_along_axis(choice, order, -1)
    gaps.append((best[:, d.k - 1] - best[:, d.k]).min())
    order = order[:, :d.k + {'topk_one_less': -1, 'topk_one_more': 1}.get(bug, 0)]
    if score == 'topk_softmax':
        return order, softmax(np.take_along_axis(z, order, -1)) if bug != 'softmax_over_all' else np.take_along_axis(softmax(z), order, -1)
    weight = np.take_along_axis(choice if bug == 'correction_in_weights' else s, order, -1)
    if d.normalised and bug != 'topk_unnormalised' or not d.normalised and bug == 'topk_normalised':
        weight = weight / weight.sum(-1, keepdims=True)
    return order, weight * (1.0 if bug == 'no_scaling' else d.scaling)

def forward(w, ids, bug=None, gaps=None):
    d, ids, n = describe(w.family, w.c), np.asarray(ids), len(ids)
    gaps, swap = [] if gaps is None else gaps, ['post_attention_layernorm', 'post_feedforward_layernorm' if d.post_norms else 'input_layernorm']
    i, j = np.arange(n)[:, None], np.arange(n)[None, :]
    f, factor = frequencies(d, n, bug)

    def but(name, right, wrong=1.0):
        return wrong if bug == name else right

    def rms(x, gain=1.0):
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + d.eps) * gain

    def norm(x, name):
        p, _, last = name.rpartition('.')
        if bug == 'norms_swapped' and last in swap:
            name = p + '.' + swap[1 - swap.index(last)]
        if not d.layer_norm:
            return rms(x, w(name + '.weight'))
        bias = 0 if bug == 'no_norm_bias' else w(name + '.bias')
        return rms(x if bug == 'norm_not_centred' else x - x.mean(-1, keepdims=True), w(name + '.weight')) + bias

    def lin(x, name):
        y = x @ w(name + '.weight').T
        return y + w(name + '.bias') if w.has(name + '.bias') and not (bug == 'no_bias' and 'proj' in name) else y

    def glu(x, g, u, o, limit=None):
        a, b = x @ g.T, x @ u.T
        if limit:
            a, b = np.minimum(a, limit), np.clip(b, -limit, limit)
        return (a * sigmoid(a) * b) @ o.T

    def dense(x, p, limit=None):
        return glu(x, *(w(p + t + '.weight') for t in ('gate_proj', 'up_proj', 'down_proj')), limit)

    def expert(m, e):
        fused = next((t for t in (('experts.gate_up_proj', 'experts.down_proj'), GRANITE) if w.has(m + t[0])), None)
        if fused:
            both, o = (w(m + t)[e] for t in fused)
            if FAMILIES[w.family]['fused']['none'] == 'columns':
                both, o = both.T, o.T
            g, u = (both[0::2], both[1::2]) if bug == 'gate_up_alternating' else np.split(both, 2)
        else:
            g, u, o = (w('%sexperts.%d.%s.weight' % (m, e, t)) for t in d.names)
        return (u, g, o) if bug == 'gate_up_swapped' else (g, u, o)

    def mixture(x, l, p):
        m, limit = p + d.mlp, d.limits[l] if d.limits else None
        order, weight = route(x @ w(m + d.router).T, d, w(m + d.correction).reshape(-1) if d.correction else None, bug, gaps)
        y, on_input = np.zeros_like(x), d.on_input != (bug == 'weight_on_output')
        for e in range(d.E):
            t, slot = np.nonzero(order == e)
            z = weight[t, slot][:, None]
            y[t] += glu(x[t] * z, *expert(m, e), limit) if on_input else glu(x[t], *expert(m, e), limit) * z
        if d.shared and bug != 'no_shared':
            if d.shared[0] == '/':
                g, u = np.split(w(p + d.shared[1:] + 'input_linear.weight'), 2)
                shared = glu(x, g, u, w(p + d.shared[1:] + 'output_linear.weight'))
            else:
                shared = dense(x, m + d.shared, limit)
            if d.shared_gate and bug != 'no_shared_gate':
                shared = shared * sigmoid(lin(x, m + d.shared_gate))
            y = y + shared * but('shared_scaled', 1.0, d.scaling)
        return y

    def turn(x, l):
        on = {'rope_everywhere': True, 'rope_swapped': not d.turned[l]}.get(bug, d.turned[l])
        return rotate(x, f, factor, d.pairs != (bug == 'rope_pairs')) if on else x

    def head_norm(q, k, l, a):
        kind = {'no_qk_norm': None, 'qk_norm_per_head': 'head'}.get(bug, d.qk_norm)
        if kind == 'plain':
            return (rms(q), rms(k)) if d.turned[l] or bug == 'qk_norm_everywhere' else (q, k)
        if kind is None or kind == 'width' and bug != 'qk_norm_after_rope':
            return q, k
        names = d.norms[::-1] if bug == 'qk_norms_swapped' else d.norms
        if kind == 'width':
            return (norm(t.reshape(n, -1), a + name).reshape(t.shape) for t, name in zip((q, k), d.norms))
        return (rms(t, w(a + name + '.weight').reshape(-1, d.D)) for t, name in zip((q, k), names))

    def latent(x, l, a):
        """Mistral 4's attention: queries, keys and values through narrow matrices; one rotated key for all heads."""
        z, none = d.mla, bug == 'no_latent_norms'
        q = lin(x, a + 'q_a_proj')
        q = lin(q if none else norm(q, a + 'q_a_layernorm'), a + 'q_b_proj').reshape(n, d.Q, z.nope + z.rope)
        c = lin(x, a + 'kv_a_proj_with_mqa')
        c, r = c[:, :z.kv], c[:, z.kv:]
        kv = lin(c if none else norm(c, a + 'kv_a_layernorm'), a + 'kv_b_proj').reshape(n, d.Q, z.nope + z.v)
        if bug == 'kv_halves_by_matrix':                          # all keys, then all values, instead of head by head
            kv = kv.reshape(n, -1)
            kv = np.concatenate([kv[:, :d.Q * z.nope].reshape(n, d.Q, -1), kv[:, d.Q * z.nope:].reshape(n, d.Q, -1)], -1)
        r = np.repeat(turn(r[:, None], l), d.Q, 1)
        q = [q[..., :z.nope], turn(q[..., z.nope:], l)] if bug != 'rope_first' else [q[..., z.rope:], turn(q[..., :z.rope], l)]
        return np.concatenate(q, -1), np.concatenate([kv[..., :z.nope], r], -1), kv[..., z.nope:]

    def plain(x, l, a):
        q, k, v = (lin(x, a + t + '_proj') for t in 'qkv')
        if d.qk_norm == 'width' and bug not in ('no_qk_norm', 'qk_norm_per_head', 'qk_norm_after_rope'):
            q, k = (norm(t, a + name) for t, name in zip((q, k), d.norms))
        if d.clip:
            q, k, v = (np.clip(t, -d.clip, d.clip) for t in (q, k, v))
        q, k, v = (t.reshape(n, -1, d.D) for t in (q, k, v))
        if d.norm_first != (bug in ('qk_norm_after_rope', 'qk_norm_before_rope')):
            q, k = head_norm(q, k, l, a)
            return turn(q, l), turn(k, l), v
        return *head_norm(turn(q, l), turn(k, l), l, a), v

    def attention(x, l, p):
        a = p + 'self_attn.'
        q, k, v = (latent if d.mla else plain)(x, l, a)
        if d.heated[l] and bug != 'no_temperature':
            beta, floor, first = d.heated[l]
            q = q * (1 + beta * np.log(1 + np.floor((np.arange(n) + but('temperature_from_other', first, 1 - first)) / floor)))[:, None, None]
        window, chunk = d.windows[l], d.chunks[l]
        if window:
            window = {'window_plus_one': window + 1, 'window_minus_one': window - 1, 'no_window': None}.get(bug, window)
        elif bug == 'window_on_full':
            window = max(x or 0 for x in d.windows)
        if bug == 'chunk_on_full':
            chunk = max(x or 0 for x in d.chunks)
        seen = j <= i if not window else (j <= i) & (j > i - window)
        if chunk and bug != 'no_chunk':
            seen = seen & (j > i - chunk if bug == 'chunk_as_window' else j // chunk == i // chunk)
        scale = {'no_attention_scale': 1.0, 'attention_root': d.D ** -0.5}.get(bug, d.scale)
        if bug == 'mscale_squared':
            scale = scale * yarn_scale(d.rope, 'mscale_all_dim') ** 2
        return lin(attend(q, k, v, seen, scale, bug == 'gqa_interleaved'), a + 'o_proj')

    h = w('embed_tokens.weight')[ids] * but('embed_unscaled', d.embed)
    for l in range(d.L):
        p, by = 'layers.%d.' % l, but('residual_unscaled', d.residual)

        def feed(x):
            return mixture(x, l, p) if d.moe[l] else dense(x, p + d.dense, d.limits[l] if d.limits else None)
        if d.post_norms and bug != 'pre_norms':
            h = h + norm(attention(h, l, p), p + 'post_attention_layernorm')
            h = h + norm(feed(h), p + 'post_feedforward_layernorm')
        else:
            first, second = swap[::-1] if not d.post_norms else swap
            h = h + attention(norm(h, p + first), l, p) * by
            h = h + feed(norm(h, p + second)) * by
    if bug == 'no_final_gain':
        h = rms(h)
    else:
        h = norm(h, 'norm')
    z = h @ w('embed_tokens.weight' if d.tied else 'lm_head.weight').T
    if d.head_bias and bug != 'no_head_bias':
        z = z + w('lm_head.bias')
    return {'logits_unscaled': z, 'logits_multiplied': z * d.logits}.get(bug, z / d.logits)

def check(root, only=None):
    bad = 0
    for name in FAMILIES:
        if only and name not in only:
            continue
        for scheme in ('none', 'channel', 'block') + (('tensor',) if FAMILIES[name].get('native') == 'tensor' else ()):
            path = os.path.join(root, '%s-%s' % (name, scheme))
            count, size = make(name, path, scheme=scheme)
            w, gaps = Files(path), []
            ids = np.random.default_rng(1).integers(0, w.c['vocab_size'], 140)
            ref = forward(w, ids, gaps=gaps)
            print('%s: %d tensors, %.2f MB, logits deviation %.2f, smallest gap %.1e' % (path, count, size / 1e6, ref.std(), min(gaps)))
            bad += scheme == 'none' and min(gaps) < 1e-4
            for bug in (k for k, v in BUGS.items() if scheme == 'none' and name in v[0].split(',')):
                e = np.linalg.norm(forward(w, ids, bug) - ref) / np.linalg.norm(ref)
                bad += not e >= 1e-4
                print('  %-28s %.1e%s' % (bug, e, '' if e >= 1e-4 else '  TOO SMALL'))
    return bad

def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = ap.add_subparsers(dest='command', required=True)
    m, g, b, n, k = (sub.add_parser(c) for c in ('make', 'logits', 'bugs', 'families', 'check'))
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
    n.add_argument('--out')
    k.add_argument('dir', nargs='?')
    k.add_argument('--only', action='append')
    a = ap.parse_args()
    if a.command == 'make':
        print('%d tensors, %d bytes' % make(a.family, a.out, a.seed, a.fp8, a.set))
    elif a.command == 'logits':
        np.save(a.out, forward(Files(a.dir), [int(i) for i in a.ids.split(',')], a.plant))
    elif a.command in ('bugs', 'families'):
        lines = ['%s %s %s\n' % (k, *v) for k, v in BUGS.items()] if a.command == 'bugs' else [k + '\n' for k in FAMILIES]
        if a.out:
            with open(a.out, 'w') as file:
                file.writelines(lines)
        else:
            print(*lines, sep='', end='')
    else:
        with tempfile.TemporaryDirectory() as tmp:
            sys.exit(1 if check(a.dir or tmp, a.only) else 0)

if __name__ == '__main__':
    main()
