#!/usr/bin/env python3
"""Writes models/octet-tiny (FP8) and models/octet-tiny-bf16 from a training directory.

  export.py TRAINING_DIR [--models models]
"""
import argparse
import json
import os
import shutil

import torch

import bpe
import checkpoint
from layout import TOOLS_HEAD, TOOLS_TAIL
from model import CONFIG

HERE = os.path.dirname(os.path.abspath(__file__))


def dump(path, x):
    with open(path, 'w', encoding='utf-8') as f:
        json.dump(x, f, indent=2, ensure_ascii=False)
        f.write('\n')


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('dir')
    ap.add_argument('--models', default='models')
    a = ap.parse_args()
    state = torch.load(os.path.join(a.dir, 'last.pt'), map_location='cpu')
    weights = {n: p.numpy() for n, p in state['model'].items()}
    tok_path = os.path.join(a.dir, 'tokenizer.json')
    tok = bpe.Tokenizer(tok_path)
    pad, eos = tok.added['<|endoftext|>'], tok.added['<|im_end|>']
    layers = range(CONFIG['num_hidden_layers'])
    config = {
        'architectures': ['Qwen3ForCausalLM'], 'attention_bias': False, 'attention_dropout': 0.0, 'bos_token_id': pad,
        'eos_token_id': eos, 'hidden_act': 'silu', 'initializer_range': 0.02, 'max_window_layers': len(layers),
        'model_type': 'qwen3', 'rope_scaling': None, 'sliding_window': None, 'tie_word_embeddings': True,
        'torch_dtype': 'bfloat16', 'transformers_version': '4.51.0', 'use_cache': True, 'use_sliding_window': False, **CONFIG}
    quantization = {
        'activation_scheme': 'dynamic', 'fmt': 'e4m3', 'quant_method': 'fp8', 'weight_block_size': [checkpoint.BLOCK] * 2,
        'modules_to_not_convert': ['lm_head'] + ['model.layers.%d.%s' % (i, n) for i in layers for n in
                                                  ('input_layernorm', 'post_attention_layernorm', 'self_attn.k_norm', 'self_attn.q_norm')]}
    template = open(os.path.join(HERE, 'chat_template.jinja'), encoding='utf-8').read().rstrip('\n')
    for text in (TOOLS_HEAD, TOOLS_TAIL):                       # trained on render(), so both must say the same
        assert text.replace('\n', '\\n') in template
    tokenizer_config = {
        'add_bos_token': False, 'add_prefix_space': False,
        'added_tokens_decoder': {str(i): dict(content=t, lstrip=False, normalized=False, rstrip=False, single_word=False, special=t in bpe.SPECIAL)
                                 for t, i in tok.added.items()},
        'additional_special_tokens': ['<|im_start|>', '<|im_end|>'], 'bos_token': None, 'chat_template': template,
        'clean_up_tokenization_spaces': False, 'eos_token': '<|im_end|>', 'errors': 'replace',
        'model_max_length': CONFIG['max_position_embeddings'], 'pad_token': '<|endoftext|>', 'split_special_tokens': False,
        'tokenizer_class': 'Qwen2Tokenizer', 'unk_token': None}
    generation = {'bos_token_id': pad, 'do_sample': False, 'eos_token_id': [eos, pad], 'pad_token_id': pad, 'transformers_version': '4.51.0'}

    for name, fp8 in (('octet-tiny', True), ('octet-tiny-bf16', False)):
        out = os.path.join(a.models, name)
        os.makedirs(out, exist_ok=True)
        tensors = {}
        for n, w in weights.items():
            tensors[n] = 'BF16', checkpoint.to_bf16(w)
            if fp8 and n.endswith('_proj.weight'):
                codes, scales = checkpoint.quantize(checkpoint.from_bf16(tensors[n][1]))
                tensors[n], tensors[n + '_scale_inv'] = ('F8_E4M3', codes), ('BF16', scales)
        checkpoint.write(os.path.join(out, 'model.safetensors'), tensors)
        dump(os.path.join(out, 'config.json'), {**config, **({'quantization_config': quantization} if fp8 else {})})
        dump(os.path.join(out, 'generation_config.json'), generation)
        dump(os.path.join(out, 'tokenizer_config.json'), tokenizer_config)
        shutil.copyfile(tok_path, os.path.join(out, 'tokenizer.json'))
        with open(os.path.join(out, 'chat_template.jinja'), 'w', encoding='utf-8') as f:
            f.write(template)
        print('%s: step %d, %d bytes' % (out, state['step'], os.path.getsize(os.path.join(out, 'model.safetensors'))))


if __name__ == '__main__':
    main()
