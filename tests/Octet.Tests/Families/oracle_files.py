"""What the numpy programs of this folder share: numbers of 8 and 16 bits, checkpoints in and out. They know nothing of the engine.

A checkpoint here is one file, model.safetensors, whose linear layers are BF16, or E4M3 with BF16 scales (compressed-tensors' names)
of rows ("channel") or of blocks of 128 x 128 ("block").
"""
import json
import os
import struct
import zlib

import numpy as np

def e4m3_table():
    """float8_e4m3fn: bias 7, largest 448, 0x7f and 0xff NaN, no infinity."""
    code = np.arange(256)
    e, m = (code >> 3) & 15, code & 7
    v = np.where(e == 0, m / 8 * 2.0 ** -6, (1 + m / 8) * 2.0 ** (e - 7.0))
    v[(code & 127) == 127] = np.nan
    return np.where(code < 128, v, -v)

E4M3 = e4m3_table()

def to_e4m3(x):
    """Nearest code (ties to the even one), saturating."""
    grid = E4M3[:127]
    a = np.minimum(np.abs(x), 448.0)
    hi = np.clip(np.searchsorted(grid, a), 1, 126)
    up, down = grid[hi] - a, a - grid[hi - 1]
    code = np.where((down < up) | ((down == up) & (hi % 2 == 1)), hi - 1, hi)
    return (code | np.where(x < 0, 128, 0)).astype(np.uint8)

def to_bf16(x):
    b = np.ascontiguousarray(x, np.float32).view(np.uint32)
    return ((b + np.uint32(0x7FFF) + ((b >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16)).astype(np.uint16)

def from_bf16(u):
    return (u.astype(np.uint32) << np.uint32(16)).view(np.float32).astype(np.float64)

def spread(s, shape, block=128):
    """Scales of blocks (or rows) over the whole weight."""
    if s.shape[1] == 1 and s.shape[0] == shape[0]:
        return s
    return np.repeat(np.repeat(s, block, 0)[:shape[0]], block, 1)[:, :shape[1]]

def draw(seed, name, shape):
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence([seed, zlib.crc32(name.encode())]))).standard_normal(shape)

def fp8(name, x, scheme):
    """Codes and BF16 scales; rows or blocks get different gains, so that mixed-up scales show."""
    o, i = x.shape
    blocks = (-(-o // 128), -(-i // 128)) if scheme == 'block' else (o, 1)
    x = x * spread(np.exp(0.3 * draw(0, name + '/gain', blocks)), x.shape)
    if scheme == 'block':
        pad = np.zeros((blocks[0] * 128, blocks[1] * 128))
        pad[:o, :i] = np.abs(x)
        s = pad.reshape(blocks[0], 128, blocks[1], 128).max((1, 3)) / 448
    else:
        s = np.abs(x).max(1, keepdims=True) / 448
    s = to_bf16(s)
    return to_e4m3(x / spread(from_bf16(s), x.shape)), s

def quantization_config(scheme, ignore):
    block, both = scheme == 'block', dict(num_bits=8, type='float', symmetric=True, actorder=None, observer_kwargs={})
    weights = dict(both, strategy=scheme, block_structure=[128, 128] if block else None, group_size=None, dynamic=False, observer='minmax')
    inputs = dict(both, strategy='group' if block else 'token', block_structure=None, group_size=128 if block else None, dynamic=True,
                  observer=None)
    group = dict(format='float-quantized', targets=['Linear'], weights=weights, input_activations=inputs, output_activations=None)
    return dict(config_groups=dict(group_0=group), format='float-quantized', global_compression_ratio=None, ignore=ignore,
                kv_cache_scheme=None, quant_method='compressed-tensors', quantization_status='compressed')

def native_quantization_config(keep):
    """The spelling of Qwen's and DeepSeek's own FP8 files (their scales are called weight_scale_inv, but multiply as well)."""
    return dict(activation_scheme='dynamic', fmt='e4m3', modules_to_not_convert=keep, quant_method='fp8', weight_block_size=[128, 128])

def write_safetensors(path, tensors):
    """tensors: {name: (dtype, array)}"""
    head, body, at = {'__metadata__': {'format': 'pt'}}, [], 0
    for name in sorted(tensors, key=lambda k: (tensors[k][0] == 'F8_E4M3', k)):       # wider types first: alignment
        dtype, x = tensors[name]
        b = np.ascontiguousarray(x).tobytes()
        head[name] = dict(dtype=dtype, shape=list(x.shape), data_offsets=[at, at + len(b)])
        body.append(b)
        at += len(b)
    h = json.dumps(head, separators=(',', ':')).encode()
    h += b' ' * (-len(h) % 8)
    with open(path, 'wb') as f:
        f.write(struct.pack('<Q', len(h)) + h + b''.join(body))
    return at

class Weights:
    """Tensors by name relative to the text model, dequantised to float64."""

    def __init__(self, path):
        with open(os.path.join(path, 'config.json')) as f:
            config = json.load(f)
        self.c = config.get('text_config') or config
        with open(os.path.join(path, 'model.safetensors'), 'rb') as f:
            data = f.read()
        n, = struct.unpack('<Q', data[:8])
        self.head, self.data = json.loads(data[8:8 + n]), data[8 + n:]
        self.prefix = next(k for k in self.head if k.endswith('embed_tokens.weight'))[:-len('embed_tokens.weight')]
        self.cache = {}

    def has(self, name):
        return self.prefix + name in self.head

    def raw(self, full):
        t = self.head[full]
        b = np.frombuffer(self.data, np.uint8)[t['data_offsets'][0]:t['data_offsets'][1]]
        x = from_bf16(b.view(np.uint16)) if t['dtype'] == 'BF16' else E4M3[b]
        return x.reshape(t['shape'])

    def __call__(self, name):
        if name not in self.cache:
            full = name if name == 'lm_head.weight' else self.prefix + name
            x = self.raw(full)
            for scale in (full + '_scale', full + '_scale_inv'):
                if scale in self.head:
                    x = x * spread(self.raw(scale), x.shape)
            self.cache[name] = x
        return self.cache[name]

def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)
