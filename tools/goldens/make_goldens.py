#!/usr/bin/env python3
"""Small checkpoints in published FP8 schemes, and the logits that Hugging Face transformers computes for them.

  make_goldens.py OCTET_TINY OUT

needs torch, transformers, safetensors and, for the last kind of logits, Triton and a GPU that multiplies FP8 (compute capability 8.9). Each folder
of OUT holds a checkpoint (not for octet-tiny, which the repository has) and goldens.safetensors:

  ids                 int64 [positions]
  logits              float32 [positions, vocabulary]: Qwen3ForCausalLM in float64 over weights that torch's own FP8 types and the scheme's
                      published formula give; transformers keeps RMSNorm and rotary angles in float32
  logits_dequantized  the same from transformers' own reading of the file, FineGrainedFP8Config(dequantize=True), in float32
  logits_fp8          inputs of linear layers quantised too, products on the GPU's FP8 units: blocks by the Triton kernel below, one scale a
                      tensor by cuBLAS (torch._scaled_mm); everything else is Qwen3ForCausalLM in float32

What could not be made is left out, and said. report.json has versions, the device and distances between the kinds. transformers' own FP8
kernels come from its hub and are not used.
"""
import json
import os
import sys
import traceback

import torch
import transformers
import triton
import triton.language as tl
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, Qwen3Config, Qwen3ForCausalLM

E4M3, E5M2, FNUZ, E8M0 = torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz, torch.float8_e8m0fnu
E2M1_VALUES = torch.tensor([0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0], dtype=torch.float64)
POSITIONS = 24


def config(hidden, intermediate, heads, kv_heads, head_dim, vocab, tied):
    return dict(
        architectures=['Qwen3ForCausalLM'], model_type='qwen3', hidden_size=hidden, intermediate_size=intermediate, num_hidden_layers=2,
        num_attention_heads=heads, num_key_value_heads=kv_heads, head_dim=head_dim, vocab_size=vocab, tie_word_embeddings=tied,
        rope_theta=1000000, rms_norm_eps=1e-6, max_position_embeddings=512, hidden_act='silu', attention_bias=False, attention_dropout=0.0,
        torch_dtype='bfloat16', bos_token_id=1, eos_token_id=2)


WIDE = config(128, 256, 4, 2, 32, 192, tied=False)     # whole blocks of 128 columns: what GPU kernels ask for
RAGGED = config(96, 160, 3, 1, 32, 160, tied=True)


def weights(cfg, seed):
    """Random weights in bfloat16 under their published names; rows of a layer differ in size, so that mixed-up scales show."""
    g = torch.Generator().manual_seed(seed)
    h, i, d = cfg['hidden_size'], cfg['intermediate_size'], cfg['head_dim']
    q, kv = cfg['num_attention_heads'] * d, cfg['num_key_value_heads'] * d

    def matrix(rows, columns):
        gain = torch.exp(0.4 * torch.randn(rows, 1, generator=g)) * torch.exp(0.3 * torch.randn(1, columns, generator=g))
        return (torch.randn(rows, columns, generator=g) * gain / columns ** 0.5).to(torch.bfloat16)

    def norm(n):
        return (1 + 0.2 * torch.randn(n, generator=g)).to(torch.bfloat16)

    t = {'model.embed_tokens.weight': (matrix(cfg['vocab_size'], h).float() * h ** 0.5).to(torch.bfloat16), 'model.norm.weight': norm(h)}
    if not cfg['tie_word_embeddings']:
        t['lm_head.weight'] = matrix(cfg['vocab_size'], h)
    for layer in range(cfg['num_hidden_layers']):
        p = f'model.layers.{layer}.'
        t |= {p + 'input_layernorm.weight': norm(h), p + 'post_attention_layernorm.weight': norm(h),
              p + 'self_attn.q_norm.weight': norm(d), p + 'self_attn.k_norm.weight': norm(d),
              p + 'self_attn.q_proj.weight': matrix(q, h), p + 'self_attn.k_proj.weight': matrix(kv, h),
              p + 'self_attn.v_proj.weight': matrix(kv, h), p + 'self_attn.o_proj.weight': matrix(h, q),
              p + 'mlp.gate_proj.weight': matrix(i, h), p + 'mlp.up_proj.weight': matrix(i, h), p + 'mlp.down_proj.weight': matrix(h, i)}
    return t


def limit(dtype):
    return torch.finfo(dtype).max


def codes(x, dtype):
    return x.clamp(-limit(dtype), limit(dtype)).to(dtype)


def per_block(scale, shape, block):
    return scale.double().repeat_interleave(block[0], 0).repeat_interleave(block[1], 1)[:shape[0], :shape[1]]


def block_maxima(w, block):
    rows, columns = -(-w.shape[0] // block[0]), -(-w.shape[1] // block[1])
    return torch.stack([torch.stack([w[r * block[0]:(r + 1) * block[0], c * block[1]:(c + 1) * block[1]].abs().max() for c in range(columns)]) for r in range(rows)])


# Each scheme: (weight in float32, name without .weight) -> (tensors stored under that name, the weight they mean in float64).

def blocks(scale_dtype, block=(128, 128), powers=False):
    def scheme(w, name):
        scale = block_maxima(w, block) / limit(E4M3)
        if powers or scale_dtype == E8M0:
            scale = torch.exp2(torch.ceil(torch.log2(scale)))
        stored = scale.to(scale_dtype)
        wide = stored.to(torch.float32)
        code = codes(w / per_block(wide, w.shape, block).float(), E4M3)
        return {'weight': code, 'weight_scale_inv': stored}, code.double() * per_block(wide, w.shape, block)
    return scheme


def tensor_scale(dtype, suffix, static=None):
    def scheme(w, name):
        scale = (w.abs().max() / limit(dtype)).float()
        code = codes(w / scale, dtype)
        stored = {'weight': code, suffix: scale}
        if static:
            stored[static] = torch.tensor(0.02 + 0.001 * len(name))
        return stored, code.double() * scale.double()
    return scheme


def row_scale(dtype, scale_dtype, code_name='weight', scale_name='weight_scale'):
    def scheme(w, name):
        scale = (w.abs().amax(1, keepdim=True) / limit(dtype)).to(scale_dtype)
        code = codes(w / scale.float(), dtype)
        return {code_name: code, scale_name: scale}, code.double() * scale.double()
    return scheme


def mxfp8(w, name):
    scale = torch.exp2(torch.floor(torch.log2(w.view(w.shape[0], -1, 32).abs().amax(2))) - 8).clamp(min=2.0 ** -127)
    code = codes(w / per_block(scale.float(), w.shape, (1, 32)).float(), E4M3)
    return {'weight': code, 'weight_scale': (torch.log2(scale) + 127).to(torch.uint8)}, code.double() * per_block(scale, w.shape, (1, 32))


def e2m1(x):
    """The nearest of the 16 values (a tie, which random weights do not have, to the smaller), as codes with the sign in bit 3."""
    code = (x.double().abs().unsqueeze(-1) - E2M1_VALUES).abs().argmin(-1)
    return code + 8 * (x < 0), E2M1_VALUES[code] * torch.where(x < 0, -1.0, 1.0).double()


def packed(code):
    return (code[:, 0::2] | code[:, 1::2] << 4).to(torch.uint8)


def mxfp4(w, name):
    scale = torch.exp2(torch.floor(torch.log2(w.view(w.shape[0], -1, 32).abs().amax(2))) - 2)
    code, value = e2m1(w / per_block(scale, w.shape, (1, 32)).float())
    return {'weight_packed': packed(code), 'weight_scale': (torch.log2(scale) + 127).to(torch.uint8)}, value * per_block(scale, w.shape, (1, 32))


def nvfp4(divide):
    def scheme(w, name):
        total = limit(E4M3) * 6 / w.abs().max().float()
        local = codes(w.view(w.shape[0], -1, 16).abs().amax(2) / 6 * total, E4M3)
        wide = per_block(local.to(torch.float64) / total.double() if divide else local.to(torch.float64) * (1 / total).double(), w.shape, (1, 16))
        code, value = e2m1((w.double() / wide).float())
        stored = {'weight_packed': packed(code), 'weight_scale': local, 'weight_global_scale': total.reshape(1)} if divide else \
            {'weight': packed(code), 'weight_scale': local, 'weight_scale_2': (1 / total).reshape(())}
        return stored, value * wide
    return scheme


def compressed(weights_args, fmt='float-quantized', inputs=None):
    return dict(quant_method='compressed-tensors', format=fmt, quantization_status='compressed', ignore=['lm_head'], kv_cache_scheme=None,
                config_groups=dict(group_0=dict(targets=['Linear'], weights=weights_args, input_activations=inputs, output_activations=None)))


def fp8(block=(128, 128), scheme='dynamic', **more):
    sizes = dict(weight_block_size=list(block)) if block else {}
    return dict(quant_method='fp8', fmt='e4m3', activation_scheme=scheme, **sizes, **more)


def float8(strategy, **more):
    return dict(num_bits=8, type='float', symmetric=True, dynamic=False, strategy=strategy, observer='minmax', **more)


FP4 = dict(num_bits=4, type='float', symmetric=True, dynamic=False)
CASES = {
    'block-f32': (WIDE, fp8(), blocks(torch.float32)),
    'block-bf16-ragged': (RAGGED, fp8(), blocks(torch.bfloat16)),
    'block-ue8m0': (WIDE, fp8(scale_fmt='ue8m0'), blocks(E8M0)),
    'tensor-static': (RAGGED, fp8(block=None, scheme='static'), tensor_scale(E4M3, 'weight_scale_inv', static='activation_scale')),
    'tensor-e5m2': (RAGGED, fp8(block=None) | dict(fmt='e5m2'), tensor_scale(E5M2, 'weight_scale')),
    'channel-compressed-tensors': (RAGGED, compressed(float8('channel')), row_scale(E4M3, torch.bfloat16)),
    'quanto-fnuz': (RAGGED, dict(quant_method='quanto', weights='float8', activations=None, modules_to_not_convert=['lm_head']), row_scale(FNUZ, torch.float32, 'weight._data', 'weight._scale')),
    'mxfp8': (RAGGED, compressed(float8('group', group_size=32, scale_dtype='torch.uint8'), 'mxfp8-quantized'), mxfp8),
    'mxfp4': (RAGGED, compressed(FP4 | dict(strategy='group', group_size=32, scale_dtype='torch.uint8'), 'mxfp4-pack-quantized'), mxfp4),
    'nvfp4-compressed-tensors': (RAGGED, compressed(FP4 | dict(strategy='tensor_group', group_size=16, scale_dtype='torch.float8_e4m3fn'), 'nvfp4-pack-quantized'), nvfp4(divide=True)),
    'nvfp4-modelopt': (RAGGED, dict(quant_method='modelopt', quant_algo='NVFP4', ignore=['lm_head'], producer=dict(name='modelopt', version='0.37.0')), nvfp4(divide=False)),
}


def distance(a, b):
    return ((a.double() - b.double()).norm(dim=-1) / b.double().norm(dim=-1)).max().item()


def exact(cfg, tensors, ids):
    model = Qwen3ForCausalLM(Qwen3Config(**{k: v for k, v in cfg.items() if k != 'quantization_config'}, attn_implementation='eager')).double().eval()
    tensors = dict(tensors)
    if cfg['tie_word_embeddings']:
        tensors['lm_head.weight'] = tensors['model.embed_tokens.weight']
    missing = model.load_state_dict({name: value.double() for name, value in tensors.items()}, strict=False)
    assert not missing.missing_keys and not missing.unexpected_keys, missing
    expected = cfg['rope_theta'] ** -(torch.arange(0, cfg['head_dim'], 2).double() / cfg['head_dim'])
    assert torch.allclose(model.model.rotary_emb.inv_freq.double(), expected, rtol=1e-6), 'transformers read another rope_theta'
    with torch.no_grad():
        return model(torch.tensor([ids])).logits[0].float()


@triton.jit
def block_product(x, xs, w, ws, y, rows, columns, ROWS: tl.constexpr, COLUMNS: tl.constexpr):
    """y[i, j] = sum over groups of 128 of (sum over k of x[i, k] * w[j, k]) * xs[i, group] * ws[j / 128, group]."""
    i = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    j = tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS)
    k = tl.arange(0, 128)
    total = tl.zeros((ROWS, COLUMNS), dtype=tl.float32)
    for group in range(columns // 128):
        a = tl.load(x + i[:, None] * columns + group * 128 + k[None, :])
        b = tl.load(w + j[None, :] * columns + group * 128 + k[:, None])
        sa = tl.load(xs + i * (columns // 128) + group)
        sb = tl.load(ws + (j // 128) * (columns // 128) + group)
        total += tl.dot(a, b) * sa[:, None] * sb[None, :]
    tl.store(y + i[:, None] * rows + j[None, :], total)


def pad(x, multiple):
    return torch.nn.functional.pad(x, (0, 0, 0, -x.shape[0] % multiple)) if x.dtype != E4M3 else \
        torch.nn.functional.pad(x.view(torch.uint8), (0, 0, 0, -x.shape[0] % multiple)).view(E4M3)


class Float8Linear(torch.nn.Module):
    def __init__(self, stored):
        super().__init__()
        self.outputs = stored['weight'].shape[0]
        self.codes = pad(stored['weight'].cuda(), 128).contiguous()
        self.scale = stored['weight_scale_inv'].float().cuda().contiguous()
        self.input = stored['activation_scale'].cuda() if 'activation_scale' in stored else None

    def forward(self, x):
        flat = pad(x.reshape(-1, x.shape[-1]).float(), 32)
        if self.input is not None:
            q = (flat / self.input).clamp(-448, 448).to(E4M3)
            y = torch._scaled_mm(q, self.codes.t(), scale_a=self.input, scale_b=self.scale, out_dtype=torch.float32, use_fast_accum=False)
        else:
            groups = flat.view(flat.shape[0], -1, 128)
            s = groups.abs().amax(-1).clamp(min=1e-10) / 448
            q = (groups / s.unsqueeze(-1)).to(E4M3).view(flat.shape).contiguous()
            y = torch.empty(flat.shape[0], self.codes.shape[0], device='cuda')
            block_product[(flat.shape[0] // 32, y.shape[1] // 64)](q, s.contiguous(), self.codes, self.scale, y, y.shape[1], flat.shape[1], ROWS=32, COLUMNS=64)
        return y[:x.numel() // x.shape[-1], :self.outputs].reshape(*x.shape[:-1], self.outputs)


def on_float8_units(cfg, stored, meant, ids):
    model = Qwen3ForCausalLM(Qwen3Config(**{k: v for k, v in cfg.items() if k != 'quantization_config'}, attn_implementation='eager')).float().eval()
    tensors = {name: value.float() for name, value in meant.items()}
    if cfg['tie_word_embeddings']:
        tensors['lm_head.weight'] = tensors['model.embed_tokens.weight']
    model.load_state_dict(tensors)
    model.cuda()
    for name, module in list(model.named_modules()):
        if name.endswith('_proj'):
            parts = {key.removeprefix(name + '.'): value for key, value in stored.items() if key.startswith(name + '.')}
            model.set_submodule(name, Float8Linear(parts))
    with torch.no_grad():
        return model(torch.tensor([ids], device='cuda')).logits[0].float().cpu()


def loaded(path, ids, **how):
    model = AutoModelForCausalLM.from_pretrained(path, attn_implementation='eager', **how).eval()
    with torch.no_grad():
        return model(torch.tensor([ids], device=model.device)).logits[0].float().cpu()


def tries(golden, report, path, cfg, stored, meant, ids):
    """What transformers' own loader makes of the file, and the GPU's FP8 units."""
    def dequantized():
        from transformers import FineGrainedFP8Config
        return loaded(path, ids, dtype=torch.float32, device_map='cuda', quantization_config=FineGrainedFP8Config(dequantize=True))

    kinds = {'logits_dequantized': dequantized}
    # With scale_fmt inputs have other scales than the kernel's caller computes.
    quantization = cfg.get('quantization_config', {})
    if 'scale_fmt' not in quantization and (cfg['hidden_size'] % 128 == 0 or quantization.get('activation_scheme') == 'static'):
        kinds['logits_fp8'] = lambda: on_float8_units(cfg, stored, meant, ids)
    for kind, make in kinds.items():
        try:
            golden[kind] = make()
            report[kind] = distance(golden[kind], golden['logits'])
            if kind == 'logits_dequantized' and report[kind] > 1e-3:
                del golden[kind]
                report[kind] = f"left out: {report[kind]:.2g} away, transformers takes the blocks for others"
        except Exception as error:
            traceback.print_exc()
            report[kind] = f'{type(error).__name__}: {error}'[:300]


def octet_tiny(path, out, reports):
    cfg = json.load(open(os.path.join(path, 'config.json')))
    stored = load_file(os.path.join(path, 'model.safetensors'))
    meant = {}
    for name, value in stored.items():
        if name.endswith('_scale_inv'):
            continue
        scale = stored.get(name + '_scale_inv')
        meant[name] = value.double() * per_block(scale.float(), value.shape, (128, 128)) if scale is not None else value.double()
    report = reports['octet-tiny'] = {}
    tokenizer = AutoTokenizer.from_pretrained(path)
    messages = [dict(role='system', content='You are Octet.'), dict(role='user', content='What is E4M3?\nGrüße, 世界! \U0001f600')]
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    ids = tokenizer(text)['input_ids'][:40]
    golden = dict(ids=torch.tensor(ids), logits=exact(cfg, meant, ids))
    tries(golden, report, path, cfg, stored, meant, ids)
    report['text'] = text
    report['all_ids'] = tokenizer(text)['input_ids']
    report['messages'] = messages
    write(os.path.join(out, 'octet-tiny'), golden)


def write(folder, golden):
    os.makedirs(folder, exist_ok=True)
    save_file({name: value.contiguous() for name, value in golden.items()}, os.path.join(folder, 'goldens.safetensors'))


def main():
    path, out = sys.argv[1:]
    reports = dict(transformers=transformers.__version__, torch=torch.__version__, device=torch.cuda.get_device_name() if torch.cuda.is_available() else 'cpu')
    print(reports, flush=True)
    for seed, (name, (cfg, quantization, scheme)) in enumerate(CASES.items()):
        report = reports[name] = {}
        folder = os.path.join(out, name)
        os.makedirs(folder, exist_ok=True)
        try:
            stored, meant = {}, {}
            for tensor, value in weights(cfg, seed).items():
                if '_proj.' in tensor:
                    layer = tensor.removesuffix('.weight')
                    parts, meant[tensor] = scheme(value.float(), layer)
                    stored |= {f'{layer}.{suffix}': part.contiguous() for suffix, part in parts.items()}
                else:
                    stored[tensor] = meant[tensor] = value
            save_file(stored, os.path.join(folder, 'model.safetensors'), metadata=dict(format='pt'))
            json.dump(cfg | dict(quantization_config=quantization), open(os.path.join(folder, 'config.json'), 'w'), indent=2)
            ids = torch.randint(0, cfg['vocab_size'], (POSITIONS,), generator=torch.Generator().manual_seed(1000 + seed)).tolist()
            golden = dict(ids=torch.tensor(ids), logits=exact(cfg, meant, ids))
            if quantization['quant_method'] == 'fp8' and quantization['fmt'] == 'e4m3':
                tries(golden, report, folder, cfg | dict(quantization_config=quantization), stored, meant, ids)
            write(folder, golden)
        except Exception as error:
            traceback.print_exc()
            report['failed'] = f'{type(error).__name__}: {error}'[:300]
        print(name, report, flush=True)
    try:
        octet_tiny(path, out, reports)
    except Exception as error:
        traceback.print_exc()
        reports['octet-tiny']['failed'] = f'{type(error).__name__}: {error}'[:300]
    print('octet-tiny', {k: v for k, v in reports['octet-tiny'].items() if k not in ('text', 'all_ids', 'messages')}, flush=True)
    json.dump(reports, open(os.path.join(out, 'report.json'), 'w'), indent=1, ensure_ascii=False)


if __name__ == '__main__':
    main()
