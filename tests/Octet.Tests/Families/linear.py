#!/usr/bin/python3
"""Independent float64 reference of decoders with linear attention, numpy only: Kimi-Linear, written from the modeling code that is
published with its weights, from flash-linear-attention (fla/layers/kda.py, fla/ops/kda) and from vLLM.

  linear.py make FAMILY --out DIR [--seed N] [--fp8 none|block|channel] [--set KEY=JSON ...]
  linear.py logits DIR --ids 1,2,3 --out FILE.npy [--plant BUG]
  linear.py bugs [--out FILE]        # plantable bugs: name, families, what it does
  linear.py check [DIR]              # makes every family, plants every bug, prints its relative error; exit status 1 if one is < 1e-4

block and channel are compressed-tensors' formats; block leaves the narrow gates wide, channel has every linear layer in FP8.
Weights are random; gains, decays and step sizes are spread so that a forgotten or mixed-up one shows.
"""
import argparse
import json
import math
import os
import struct
import sys
import tempfile

import numpy as np

from oracle_files import E4M3, draw, fp8, from_bf16, quantization_config, softmax, spread, to_bf16, write_safetensors

# The keys and their spelling are those of moonshotai/Kimi-Linear-48B-A3B-Instruct; layers are counted from one.
KIMI = dict(
    architectures=['KimiLinearForCausalLM'], bos_token_id=1, dtype='bfloat16', eos_token_id=2, first_k_dense_replace=1, head_dim=24,
    hidden_act='silu', hidden_size=160, initializer_range=0.02, intermediate_size=200, kv_lora_rank=48,
    linear_attn_config=dict(full_attn_layers=[4, 6], head_dim=32, kda_layers=[1, 2, 3, 5], num_heads=5, short_conv_kernel_size=4),
    mla_use_nope=True, model_max_length=1048576, model_type='kimi_linear', moe_intermediate_size=64, moe_layer_freq=1,
    moe_renormalize=True, moe_router_activation_func='sigmoid', num_attention_heads=4, num_expert_group=1, num_experts=12,
    num_experts_per_token=3, num_hidden_layers=6, num_key_value_heads=4, num_nextn_predict_layers=0, num_shared_experts=1,
    pad_token_id=0, q_lora_rank=None, qk_nope_head_dim=40, qk_rope_head_dim=16, rms_norm_eps=1e-05, rope_scaling=None,
    rope_theta=10000.0, routed_scaling_factor=2.446, tie_word_embeddings=False, topk_group=1, use_cache=True, use_grouped_topk=True,
    v_head_dim=32, vocab_size=313)
FAMILIES = {
    'kimi_linear': KIMI,
    'kimi_linear_groups': dict(KIMI, num_expert_group=3, topk_group=2, moe_renormalize=False, num_shared_experts=2, routed_scaling_factor=1.3,
                               linear_attn_config=dict(KIMI['linear_attn_config'], full_attn_layers=[2], kda_layers=[1, 3, 4, 5, 6],
                                                       head_dim=24, num_heads=3)),
}

# Seeds where no routing choice is near a tie for the tokens of check.
SEEDS = {'kimi_linear': 1, 'kimi_linear_groups': 1}

BUGS = {name: text for name, text in (line.split(None, 1) for line in """
conv_reversed the kernels' taps in the reverse order
conv_no_activation no SiLU behind the convolutions
conv_key_by_query keys convolved with the queries' kernel
conv_value_left_out values not convolved
conv_restarts the convolutions see zeros before every 32nd token: their states not carried over
state_restarts the recurrence starts anew at every 32nd token
output_before_update a token's output read from the state before it
decay_of_heads one decay for a head, the mean of its channels' logarithms
decay_late the state decays behind the update instead of in front of it
decay_not_in_error what the state holds for the key is read before it has decayed
decay_of_values channels of values decay instead of channels of keys
decay_left_out nothing decays
delta_left_out what the state holds for the key is not taken off the value
beta_one the step is 1
beta_raw the step without its sigmoid
beta_doubled twice the step, as layers with negative eigenvalues have it
key_not_normed keys not divided by their length
query_not_normed queries not divided by their length
query_unscaled queries not divided by the root of their width
dt_no_bias dt_bias left out
dt_exp exp instead of softplus
a_not_exponential A_log as it is stored
a_of_other_head A_log of the heads in the reverse order
gate_silu SiLU instead of sigmoid on the output gate
gate_left_out no output gate
gate_before_norm the output gate in front of the norm
norm_no_weight o_norm's weight left out
norm_of_all_heads o_norm over all heads together
forget_activated SiLU between the two layers of the decay
gate_activated SiLU between the two layers of the output gate
latent_rotated the latent attention's narrow part turned by its position
latent_scale scores divided by the root of qk_nope_head_dim
latent_not_normed no norm of the latent
latent_part_left_out scores without the part that all heads share
latent_halves kv_b_proj's rows read as all keys, then all values
dense_left_out the first layer's dense part left out
router_softmax softmax instead of sigmoid
router_no_bias experts chosen without the correction
router_bias_weighs the weights include the correction
router_turned weights divided by their sum where the file says not, and not where it says so
router_unscaled weights not multiplied by routed_scaling_factor
topk_one_less one expert too few
shared_left_out no shared expert
shared_scaled the shared expert multiplied by routed_scaling_factor
gate_up_swapped gate and value change places in dense layers and experts
norms_swapped the layer's two norms change places
no_final_norm the last norm left out
groups_ignored experts chosen from all groups
group_maximum groups scored by their best expert instead of their best two
""".strip().split('\n'))}
ONLY = {'groups_ignored': ['kimi_linear_groups'], 'group_maximum': ['kimi_linear_groups']}

def families_of(bug):
    return ONLY.get(bug, list(FAMILIES))

def sigmoid(x):
    return 1 / (1 + np.exp(-x))

def silu(x):
    return x * sigmoid(x)

def is_linear(c, l):
    return l + 1 in c['linear_attn_config']['kda_layers']

def plan(c, seed):
    """The tensors of a checkpoint: (name, kind, values); kind: lin is quantised by both schemes, narrow by channel, wide is BF16, f32 is F32."""
    H, items = c['hidden_size'], []
    k = c['linear_attn_config']
    D, N, E = k['head_dim'], k['num_heads'], c['num_experts']

    def rnd(name, *shape):
        return draw(seed, name, shape)

    def add(name, x, kind='wide'):
        items.append((name, kind, x))

    def lin(name, o, i, gain=1.0, kind='lin'):
        add(name + '.weight', rnd(name, o, i) * gain / math.sqrt(i), kind)

    def norm(name, n, mean=1.0):
        add(name + '.weight', mean * (1 + 0.25 * rnd(name, n)))

    def glu(p, inner, names):
        lin(p + names[0], inner, H, 1.5)
        lin(p + names[1], inner, H)
        lin(p + names[2], H, inner, 1.5)

    add('model.embed_tokens.weight', rnd('embed', c['vocab_size'], H))
    lin('lm_head', c['vocab_size'], H, kind='wide')
    for l in range(c['num_hidden_layers']):
        p = 'model.layers.%d.' % l
        norm(p + 'input_layernorm', H)
        norm(p + 'post_attention_layernorm', H)
        a = p + 'self_attn.'
        if is_linear(c, l):
            for r, gain in (('q', 1.5), ('k', 1.0), ('v', 2.0)):
                lin(a + r + '_proj', N * D, H, gain)
                add(a + r + '_conv1d.weight', 0.6 * rnd(a + r + 'conv', N * D, 1, k['short_conv_kernel_size']))
            for r in 'fg':
                lin(a + r + '_a_proj', D, H, kind='narrow')
                lin(a + r + '_b_proj', N * D, D, 1.2, kind='narrow')
            lin(a + 'b_proj', N, H, kind='narrow')
            steps = np.geomspace(0.002, 0.3, N * D)[np.argsort(rnd(a + 'order', N * D))]
            add(a + 'dt_bias', np.log(np.expm1(steps)), 'f32')
            add(a + 'A_log', np.log(np.linspace(0.3, 4, N)).reshape(1, 1, N, 1), 'f32')
            norm(a + 'o_norm', D)
            lin(a + 'o_proj', H, N * D, 2.0)
        else:
            Q, plain, rest, value, rank = (c[x] for x in ('num_attention_heads', 'qk_nope_head_dim', 'qk_rope_head_dim', 'v_head_dim', 'kv_lora_rank'))
            lin(a + 'q_proj', Q * (plain + rest), H, 2.0)
            lin(a + 'kv_a_proj_with_mqa', rank + rest, H, 1.5)
            norm(a + 'kv_a_layernorm', rank)
            lin(a + 'kv_b_proj', Q * (plain + value), rank)
            lin(a + 'o_proj', H, Q * value, 2.0)
        if l < c['first_k_dense_replace']:
            glu(p + 'mlp.', c['intermediate_size'], ('gate_proj', 'up_proj', 'down_proj'))
        else:
            m = p + 'block_sparse_moe.'
            lin(m + 'gate', E, H, 1.5, 'wide')
            add(m + 'gate.e_score_correction_bias', 0.15 * rnd(m + 'bias', E), 'f32')
            for e in range(E):
                glu('%sexperts.%d.' % (m, e), c['moe_intermediate_size'], ('w1', 'w3', 'w2'))
            glu(m + 'shared_experts.', c['moe_intermediate_size'] * c['num_shared_experts'], ('gate_proj', 'up_proj', 'down_proj'))
    norm('model.norm', H)
    return items

def make(family, out, seed=None, scheme='none', overrides=()):
    c = dict(FAMILIES[family])
    for kv in overrides:
        k, v = kv.split('=', 1)
        c[k] = json.loads(v)
    ts, ignore = {}, ['lm_head']
    for name, kind, x in plan(c, SEEDS[family] if seed is None else seed):
        if kind == 'f32':
            ts[name] = ('F32', x.astype(np.float32))
        elif scheme != 'none' and (kind == 'lin' or kind == 'narrow' and scheme == 'channel'):
            q, s = fp8(name, x, scheme)
            ts[name], ts[name + '_scale'] = ('F8_E4M3', q), ('BF16', s)
        else:
            ts[name] = ('BF16', to_bf16(x))
            if kind in ('narrow', 'wide') and x.ndim == 2 and 'embed' not in name and name != 'lm_head.weight':
                ignore.append(name[:-len('.weight')])
    config = c if scheme == 'none' else dict(c, quantization_config=quantization_config(scheme, ignore))
    os.makedirs(out, exist_ok=True)
    with open(os.path.join(out, 'config.json'), 'w') as f:
        json.dump(config, f, indent=2, sort_keys=True)
    return len(ts), write_safetensors(os.path.join(out, 'model.safetensors'), ts)

class Stored:
    """Tensors by their names, dequantised to float64."""

    def __init__(self, path):
        with open(os.path.join(path, 'config.json')) as f:
            self.c = json.load(f)
        with open(os.path.join(path, 'model.safetensors'), 'rb') as f:
            data = f.read()
        n, = struct.unpack('<Q', data[:8])
        self.head, self.data, self.cache = json.loads(data[8:8 + n]), data[8 + n:], {}

    def raw(self, name):
        t = self.head[name]
        b = np.frombuffer(self.data[t['data_offsets'][0]:t['data_offsets'][1]], np.uint8)
        x = {'BF16': lambda: from_bf16(b.view(np.uint16)), 'F32': lambda: b.view(np.float32).astype(np.float64), 'F8_E4M3': lambda: E4M3[b]}
        return x[t['dtype']]().reshape(t['shape'])

    def __call__(self, name):
        if name not in self.cache:
            x = self.raw(name)
            if name + '_scale' in self.head:
                x = x * spread(self.raw(name + '_scale'), x.shape)
            self.cache[name] = x
        return self.cache[name]

def rms(x, eps):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + eps)

def convolve(x, taps, bug):
    """Depthwise and causal, SiLU behind it: x [tokens, channels], taps [channels, kernel], the last of them on the token itself."""
    n, kernel = len(x), taps.shape[1]
    if bug == 'conv_reversed':
        taps = taps[:, ::-1]
    y = np.zeros_like(x)
    for lag in range(kernel):
        t = np.arange(lag, n)
        if bug == 'conv_restarts':
            t = t[t % 32 >= lag]
        y[t] += taps[:, kernel - 1 - lag] * x[t - lag]
    return y if bug == 'conv_no_activation' else silu(y)

def delta(x, w, a, c, bug):
    """Kimi Delta Attention: S = diag(exp(g)) S; S += beta k (v - k'S)'; o = S'q."""
    k, n = c['linear_attn_config'], len(x)
    D, N = k['head_dim'], k['num_heads']

    def lin(x, name):
        return x @ w(a + name + '.weight').T

    def low(r, activated):
        y = lin(x, r + '_a_proj')
        return lin(silu(y) if bug == activated else y, r + '_b_proj').reshape(n, N, D)

    def mixed(r):
        taps = w(a + ('q' if r == 'k' and bug == 'conv_key_by_query' else r) + '_conv1d.weight')[:, 0]
        y = lin(x, r + '_proj')
        return (y if r == 'v' and bug == 'conv_value_left_out' else convolve(y, taps, bug)).reshape(n, N, D)

    def unit(x):
        return x / np.sqrt((x * x).sum(-1, keepdims=True) + 1e-6)

    q, key, v = (mixed(r) for r in 'qkv')
    q = (q if bug == 'query_not_normed' else unit(q)) * (1 if bug == 'query_unscaled' else D ** -0.5)
    key = key if bug == 'key_not_normed' else unit(key)
    f = low('f', 'forget_activated') + (0 if bug == 'dt_no_bias' else w(a + 'dt_bias').reshape(N, D))
    rate = w(a + 'A_log').reshape(N, 1)
    rate = rate[::-1] if bug == 'a_of_other_head' else rate
    g = -(rate if bug == 'a_not_exponential' else np.exp(rate)) * (np.exp(f) if bug == 'dt_exp' else np.logaddexp(0, f))
    if bug == 'decay_of_heads':
        g = np.broadcast_to(g.mean(-1, keepdims=True), g.shape)
    decay = np.ones_like(g) if bug == 'decay_left_out' else np.exp(np.minimum(g, 0.05) if bug == 'a_not_exponential' else g)
    beta = lin(x, 'b_proj')
    beta = {'beta_one': np.ones_like(beta), 'beta_raw': np.clip(beta, -1, 1), 'beta_doubled': 2 * sigmoid(beta)}.get(bug, sigmoid(beta))
    state, o = np.zeros((N, D, D)), np.empty((n, N, D))          # [heads, channels of keys, channels of values]
    for t in range(n):
        if bug == 'state_restarts' and t % 32 == 0:
            state = np.zeros_like(state)
        if bug == 'output_before_update':
            o[t] = np.einsum('hk,hkv->hv', q[t], state)
        before = state
        by = decay[t][:, None, :] if bug == 'decay_of_values' else decay[t][:, :, None]
        if bug != 'decay_late':
            state = by * state
        held = np.einsum('hk,hkv->hv', key[t], before if bug == 'decay_not_in_error' else state)
        error = v[t] - (0 if bug == 'delta_left_out' else held)
        state = state + beta[t][:, None, None] * key[t][:, :, None] * error[:, None, :]
        if bug == 'decay_late':
            state = by * state
        if bug != 'output_before_update':
            o[t] = np.einsum('hk,hkv->hv', q[t], state)
    gate = low('g', 'gate_activated')
    gate = {'gate_silu': silu(gate), 'gate_left_out': np.ones_like(gate)}.get(bug, sigmoid(gate))
    weight, eps = 1 if bug == 'norm_no_weight' else w(a + 'o_norm.weight'), c['rms_norm_eps']
    if bug == 'norm_of_all_heads':
        o = rms(o.reshape(n, -1), eps).reshape(o.shape) * weight * gate
    else:
        o = rms(o * gate, eps) * weight if bug == 'gate_before_norm' else rms(o, eps) * weight * gate
    return o.reshape(n, -1) @ w(a + 'o_proj.weight').T

def latent(x, w, a, c, bug):
    """Latent attention whose narrow part, called rope after DeepSeek's, does not turn."""
    Q, plain, rest, value, rank = (c[k] for k in ('num_attention_heads', 'qk_nope_head_dim', 'qk_rope_head_dim', 'v_head_dim', 'kv_lora_rank'))
    n = len(x)
    q = (x @ w(a + 'q_proj.weight').T).reshape(n, Q, plain + rest)
    both = x @ w(a + 'kv_a_proj_with_mqa.weight').T
    low, shared = both[:, :rank], both[:, rank:]
    low = low if bug == 'latent_not_normed' else rms(low, 1e-6) * w(a + 'kv_a_layernorm.weight')
    kv = low @ w(a + 'kv_b_proj.weight').T
    if bug == 'latent_halves':
        k, v = kv[:, :Q * plain].reshape(n, Q, plain), kv[:, Q * plain:].reshape(n, Q, value)
    else:
        k, v = np.split(kv.reshape(n, Q, plain + value), [plain], -1)

    def turn(x):
        angle = np.arange(n)[:, None, None] * c['rope_theta'] ** (-np.arange(rest // 2) / (rest // 2))
        s, t = x[..., 0::2], x[..., 1::2]
        return np.stack([s * np.cos(angle) - t * np.sin(angle), t * np.cos(angle) + s * np.sin(angle)], -1).reshape(x.shape)

    qr, kr = q[..., plain:], shared[:, None, :]
    if bug == 'latent_rotated':
        qr, kr = turn(qr), turn(kr)
    scale = (plain if bug == 'latent_scale' else plain + rest) ** -0.5
    seen, y = np.tri(n, dtype=bool), np.empty((n, Q, value))
    for h in range(Q):
        score = q[:, h, :plain] @ k[:, h].T + (0 if bug == 'latent_part_left_out' else qr[:, h] @ kr[:, 0].T)
        y[:, h] = softmax(np.where(seen, score * scale, -np.inf)) @ v[:, h]
    return y.reshape(n, -1) @ w(a + 'o_proj.weight').T

def chosen(score, k, gaps):
    """The k best of each row, and how far the last of them is from the next."""
    order = np.argsort(-score, axis=-1, kind='stable')
    ranked = np.take_along_axis(score, order, -1)
    gaps.append((ranked[:, k - 1] - ranked[:, k]).min())
    return order[:, :k]

def forward(w, ids, bug=None, gaps=None):
    c, gaps = w.c, [] if gaps is None else gaps
    eps = c['rms_norm_eps']
    swap = {'input_layernorm': 'post_attention_layernorm', 'post_attention_layernorm': 'input_layernorm'} if bug == 'norms_swapped' else {}

    def norm(x, p, name):
        return rms(x, eps) * w(p + swap.get(name, name) + '.weight')

    def glu(x, p, names):
        a, b = x @ w(p + names[0] + '.weight').T, x @ w(p + names[1] + '.weight').T
        return (a * silu(b) if bug == 'gate_up_swapped' else silu(a) * b) @ w(p + names[2] + '.weight').T

    def experts(x, m):
        z = x @ w(m + 'gate.weight').T
        score = softmax(z) if (c['moe_router_activation_func'] == 'softmax') != (bug == 'router_softmax') else sigmoid(z)
        choice = limited = score if bug == 'router_no_bias' else score + w(m + 'gate.e_score_correction_bias')
        if c['num_expert_group'] > 1 and bug != 'groups_ignored':
            each = choice.reshape(len(x), c['num_expert_group'], -1)
            best = np.sort(each, -1)[..., -(1 if bug == 'group_maximum' else 2):].sum(-1)
            kept = np.zeros(best.shape, bool)
            np.put_along_axis(kept, chosen(best, c['topk_group'], gaps), True, -1)
            limited = np.where(kept[..., None], each, -np.inf).reshape(choice.shape)
        order = chosen(limited, c['num_experts_per_token'] - (bug == 'topk_one_less'), gaps)
        weight = np.take_along_axis(choice if bug == 'router_bias_weighs' else score, order, -1)
        if c['moe_renormalize'] != (bug == 'router_turned'):
            weight = weight / (weight.sum(-1, keepdims=True) + 1e-20)
        weight = weight * (1 if bug == 'router_unscaled' else c['routed_scaling_factor'])
        y = np.zeros_like(x)
        for e in np.unique(order):
            t, slot = np.nonzero(order == e)
            y[t] += glu(x[t], '%sexperts.%d.' % (m, e), ('w1', 'w3', 'w2')) * weight[t, slot][:, None]
        by = {'shared_left_out': 0, 'shared_scaled': c['routed_scaling_factor']}.get(bug, 1)
        return y + by * glu(x, m + 'shared_experts.', ('gate_proj', 'up_proj', 'down_proj'))

    h = w('model.embed_tokens.weight')[ids]
    for l in range(c['num_hidden_layers']):
        p = 'model.layers.%d.' % l
        h = h + (delta if is_linear(c, l) else latent)(norm(h, p, 'input_layernorm'), w, p + 'self_attn.', c, bug)
        x = norm(h, p, 'post_attention_layernorm')
        if l >= c['first_k_dense_replace']:
            h = h + experts(x, p + 'block_sparse_moe.')
        elif bug != 'dense_left_out':
            h = h + glu(x, p + 'mlp.', ('gate_proj', 'up_proj', 'down_proj'))
    return (h if bug == 'no_final_norm' else norm(h, 'model.', 'norm')) @ w('lm_head.weight').T

def check(root):
    bad = 0
    for family, c in FAMILIES.items():
        ids, least = np.random.default_rng(1).integers(0, c['vocab_size'], 130), (np.inf, '')
        for scheme in ('none', 'channel', 'block'):
            path = os.path.join(root, '%s-%s' % (family, scheme))
            count, size = make(family, path, scheme=scheme)
            w, gaps = Stored(path), []
            ref = forward(w, ids, None, gaps)
            print('%s-%s: %d tensors, %.2f MB, logits deviation %.2f, largest %.2f, smallest gap %.1e' % (
                family, scheme, count, size / 1e6, ref.std(), np.abs(ref).max(), min(gaps)))
            bad += min(gaps) < 1e-4
            for name in (k for k in BUGS if scheme == 'none' and family in families_of(k)):
                e = np.linalg.norm(forward(w, ids, name) - ref) / np.linalg.norm(ref)
                bad, least = bad + (not e >= 1e-4), min(least, (e, name))
                print('  %-28s %.1e%s' % (name, e, '' if e >= 1e-4 else '  TOO SMALL'))
        print('  smallest: %.1e %s' % least)
    return bad

def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = ap.add_subparsers(dest='command', required=True)
    m, g, b, k = (sub.add_parser(c) for c in ('make', 'logits', 'bugs', 'check'))
    m.add_argument('family', choices=FAMILIES)
    m.add_argument('--out', required=True)
    m.add_argument('--seed', type=int)
    m.add_argument('--fp8', choices=['none', 'block', 'channel'], default='none')
    m.add_argument('--set', action='append', default=[], metavar='KEY=JSON')
    g.add_argument('dir')
    g.add_argument('--ids', required=True)
    g.add_argument('--out', required=True)
    g.add_argument('--plant', choices=BUGS, metavar='BUG')
    b.add_argument('--out')
    k.add_argument('dir', nargs='?')
    a = ap.parse_args()
    if a.command == 'make':
        print('%d tensors, %d bytes' % make(a.family, a.out, a.seed, a.fp8, a.set))
    elif a.command == 'logits':
        np.save(a.out, forward(Stored(a.dir), np.array([int(i) for i in a.ids.split(',')]), a.plant))
    elif a.command == 'check':
        with tempfile.TemporaryDirectory() as tmp:
            sys.exit(1 if check(a.dir or tmp) else 0)
    else:
        text = ''.join('%s %s %s\n' % (n, ','.join(families_of(n)), t) for n, t in BUGS.items() if families_of(n))
        if a.out:
            with open(a.out, 'w') as f:
                f.write(text)
        else:
            print(text, end='')

if __name__ == '__main__':
    main()
