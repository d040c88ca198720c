"""Number formats and safetensors: what export.py writes and evaluate.py reads."""
import json
import struct

import numpy as np

BLOCK = 128
WIDTH = {'BF16': 2, 'F8_E4M3': 1}
CODE = np.arange(127)                                         # 0x00 .. 0x7E: the finite codes that are not negative
VALUE = np.where(CODE < 8, CODE * 2. ** -9, (8 + CODE % 8) * 2. ** (CODE // 8 - 10))
MIDDLE = (VALUE[1:] + VALUE[:-1]) / 2
E4M3 = np.concatenate([VALUE, [np.nan], -VALUE, [np.nan]]).astype(np.float32)


def to_e4m3(x):
    """Nearest code, ties to the even code, saturating at 448."""
    a = np.minimum(np.abs(x), 448).astype(np.float64)
    i = np.searchsorted(MIDDLE, a)
    i += (i < 126) & (a == MIDDLE[np.minimum(i, 125)]) & (i % 2 == 1)
    return (i | np.signbit(x) << 7).astype(np.uint8)


def to_bf16(x):
    b = np.ascontiguousarray(x, np.float32).view(np.uint32)
    return ((b + 0x7FFF + (b >> 16 & 1)) >> 16).astype(np.uint16)


def from_bf16(u):
    return (u.astype(np.uint32) << 16).view(np.float32)


def blocks(s, shape):
    """One value per block -> one per weight."""
    return s.repeat(BLOCK, 0).repeat(BLOCK, 1)[:shape[0], :shape[1]]


def quantize(w):
    """float32 [out, in] -> (codes, BF16 scales).  The scale is rounded first, so the codes fit the scale as stored."""
    o, i = (-(-n // BLOCK) for n in w.shape)
    s = np.zeros((o, i), np.float32)
    for r in range(o):
        for c in range(i):
            s[r, c] = np.abs(w[r * BLOCK:(r + 1) * BLOCK, c * BLOCK:(c + 1) * BLOCK]).max() / np.float32(448)
    s = to_bf16(s)
    return to_e4m3(w / blocks(from_bf16(s), w.shape)), s


def write(path, tensors):
    """tensors: name -> (dtype, array).  Order and padding as the reference writer: wide dtypes first, then by name."""
    names = sorted(tensors, key=lambda n: (-WIDTH[tensors[n][0]], n))
    head, at = {'__metadata__': {'format': 'pt'}}, 0
    for n in names:
        dtype, x = tensors[n]
        head[n] = {'dtype': dtype, 'shape': list(x.shape), 'data_offsets': [at, at + x.nbytes]}
        at += x.nbytes
    h = json.dumps(head, separators=(',', ':')).encode()
    h += b' ' * (-len(h) % 8)
    with open(path, 'wb') as f:
        f.write(struct.pack('<Q', len(h)) + h)
        for n in names:
            f.write(np.ascontiguousarray(tensors[n][1]).tobytes())


def read(path):
    """name -> float32 array, with the scales applied."""
    raw = open(path, 'rb').read()
    n = struct.unpack('<Q', raw[:8])[0]
    head = json.loads(raw[8:8 + n])
    head.pop('__metadata__', None)

    def array(name):
        t = head[name]
        a, b = (8 + n + x for x in t['data_offsets'])
        x = np.frombuffer(raw[a:b], np.uint8 if t['dtype'] == 'F8_E4M3' else np.uint16).reshape(t['shape'])
        return E4M3[x] if t['dtype'] == 'F8_E4M3' else from_bf16(x)

    out = {}
    for name in head:
        if name.endswith('_scale_inv'):
            continue
        x = array(name)
        if name + '_scale_inv' in head:
            x = x * blocks(array(name + '_scale_inv'), x.shape)
        out[name] = x
    return out
