#!/usr/bin/env python3
"""Lists the tensors of published models in full size, name, type and shape, without their data.

  published_headers.py ARCH OUT MODEL:SCHEME:LAYERS...

ARCH is the folder of the oracle (gen_arch.py, configs/), whose plan of a family gives names and shapes. SCHEME is published (the config as
it stands), or how others publish the model in FP8: block, channel or tensor. LAYERS, if not 0, is how many of its layers are taken. For each
the folder OUT/MODEL-SCHEME-LAYERS gets config.json and tensors.tsv, a line for each tensor. What the plan has not is added: layers that predict further tokens, and parts that see.
"""
import json
import os
import sys

ARCH, OUT = sys.argv[1:3]
sys.path.insert(0, ARCH)
import gen_arch as gen

# Found beside the oracle's plan: DeepSeek's README_WEIGHTS.md (its 61 layers have one more, with copies of embedding and head), and the
# indexes of Qwen3.5 and of Mistral3 models.
COPIES = ('DeepSeek-V3',)


def text(c):
    return dict(c.get('text_config') or c, tie_word_embeddings=c.get('tie_word_embeddings', c['model_type'] == 'gemma3_text'))


def plan(family, c, fused):
    gen.V = c['vocab_size']
    for name, shape, kind, _ in gen.plan(family, c, fused):
        yield name, shape, 'mat' if name.endswith('eh_proj.weight') else kind


def scaled(family, scheme, shape, dtype):
    """Suffixes, types and shapes of what FP8 of a scheme adds to a weight; those behind / are of the layer, not of the weight."""
    o, i = shape
    if scheme == 'block':
        return [('_scale_inv', dtype, (-(-o // 128), -(-i // 128)))]
    if scheme == 'channel':
        return [('_scale', dtype, (o, 1))]
    if family == 'ministral3':
        return [('_scale_inv', dtype, ()), ('/activation_scale', dtype, ())]
    return [('_scale', dtype, (1,)), ('/input_scale', dtype, (1,))]


def expand(family, scheme, full, shape, kind):
    dtype = 'F32' if family in ('deepseek_v3', 'qwen3_next') else 'BF16'
    if kind == 'lin' and scheme:
        yield full, 'F8_E4M3', shape
        for suffix, t, s in scaled(family, scheme, shape, dtype):
            yield (full[:-len('weight')] + suffix[1:] if suffix[0] == '/' else full + suffix), t, s
    elif kind == 'mxfp4':
        e, o, i = shape
        yield full + '_blocks', 'U8', (e, o, i // 32, 16)
        yield full + '_scales', 'U8', (e, o, i // 32)
    else:
        yield full, 'F32' if kind == 'f32' else 'BF16', shape


def qwen_vision(v):
    h, i, p = v['hidden_size'], v['intermediate_size'], 'model.visual.'
    merged = h * v['spatial_merge_size'] ** 2
    layers = [('patch_embed.proj', (h, v['in_channels'], v['temporal_patch_size'], v['patch_size'], v['patch_size'])),
              ('merger.norm', (h,)), ('merger.linear_fc1', (merged, merged)), ('merger.linear_fc2', (v['out_hidden_size'], merged))]
    for b in range(v['depth']):
        a = 'blocks.%d.' % b
        layers += [(a + 'norm1', (h,)), (a + 'attn.qkv', (3 * h, h)), (a + 'attn.proj', (h, h)), (a + 'norm2', (h,)),
                   (a + 'mlp.linear_fc1', (i, h)), (a + 'mlp.linear_fc2', (h, i))]
    yield p + 'pos_embed.weight', (v['num_position_embeddings'], h)
    for name, shape in layers:
        yield p + name + '.weight', shape
        yield p + name + '.bias', shape[:1]


def pixtral_vision(v, merge, hidden):
    h, i = v['hidden_size'], v['intermediate_size']
    yield 'vision_tower.patch_conv.weight', (h, v['num_channels'], v['patch_size'], v['patch_size'])
    yield 'vision_tower.ln_pre.weight', (h,)
    for b in range(v['num_hidden_layers']):
        p = 'vision_tower.transformer.layers.%d.' % b
        for name, shape in [('attention_norm', (h,)), ('ffn_norm', (h,)), *[('attention.%s_proj' % s, (h, h)) for s in 'qkvo'],
                            ('feed_forward.gate_proj', (i, h)), ('feed_forward.up_proj', (i, h)), ('feed_forward.down_proj', (h, i))]:
            yield p + name + '.weight', shape
    p = 'multi_modal_projector.'
    yield p + 'norm.weight', (h,)
    yield p + 'patch_merger.merging_layer.weight', (h, h * merge ** 2)
    yield p + 'linear_1.weight', (hidden, h)
    yield p + 'linear_2.weight', (hidden, hidden)


def more_tokens(family, c, fused):
    """mtp.*: one layer with full attention, what joins its inputs, and a norm."""
    h = c['hidden_size']
    one = dict(c, num_hidden_layers=1, layer_types=['full_attention'])
    for name, shape, kind in plan(family, one, fused):
        if name.startswith('layers.'):
            yield 'mtp.' + name, shape, kind
    for name, shape in [('fc', (h, 2 * h)), ('norm', (h,)), ('pre_fc_norm_embedding', (h,)), ('pre_fc_norm_hidden', (h,))]:
        yield 'mtp.%s.weight' % name, shape, 'mat'


def tensors(model, config, scheme):
    c = text(config)
    family = c['model_type']
    own = (config.get('quantization_config') or {}).get('quant_method')
    if own == 'fp8':
        scheme = 'block' if config['quantization_config']['weight_block_size'] else 'tensor'
    prefix = gen.FAMILIES[family]['wrapper'][2] if 'text_config' in config else 'model.'
    fused = not scheme and family == 'qwen3_5_moe_text'
    skip = []
    for name, shape, kind in plan(family, c, fused):
        full = prefix + name
        if name.startswith('lm_head'):
            full = 'language_model.' + name if prefix.startswith('language_model.') else name
        if kind in ('mat', 'emb') and full.endswith('.weight') and not name.startswith('embed'):
            skip.append(full[:-len('.weight')])
        yield from expand(family, scheme, full, shape, kind)
    if model in COPIES:
        for name in 'embed_tokens', 'shared_head.head':
            yield '%slayers.%d.%s.weight' % (prefix, c['num_hidden_layers'], name), 'BF16', (c['vocab_size'], c['hidden_size'])
    if 'mtp_num_hidden_layers' in c:
        for name, shape, kind in more_tokens(family, c, fused):
            yield from expand(family, scheme, name, shape, kind)
    if 'vision_config' in config:
        v = config['vision_config']
        vision = pixtral_vision(v, config['spatial_merge_size'], c['hidden_size']) if v['model_type'] == 'pixtral' else qwen_vision(v)
        for name, shape in vision:
            yield name, 'BF16', shape
    if scheme and not own:
        config['quantization_config'] = gen.quant_config(family, scheme, skip)


for argument in sys.argv[3:]:
    model, scheme, layers = argument.split(':')
    with open(os.path.join(ARCH, 'configs', model + '.json')) as f:
        config = json.load(f)
    if layers != '0':
        c = config.get('text_config', config)
        c['num_hidden_layers'] = int(layers)
        if 'layer_types' in c:
            c['layer_types'] = c['layer_types'][:int(layers)]
    out = os.path.join(OUT, argument.replace(':', '-'))
    os.makedirs(out)
    with open(os.path.join(out, 'tensors.tsv'), 'w') as f:
        for name, dtype, shape in tensors(model, config, None if scheme == 'published' else scheme):
            f.write('%s\t%s\t%s\n' % (name, dtype, ','.join(map(str, shape))))
    with open(os.path.join(out, 'config.json'), 'w') as f:
        json.dump(config, f)
