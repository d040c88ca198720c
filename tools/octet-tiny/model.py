"""Qwen3 in plain torch (1.13 has no fused attention), float32, for training and for reference answers."""
import torch
import torch.nn.functional as F
from torch import nn

CONFIG = dict(hidden_size=256, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=2, head_dim=64,
              intermediate_size=384, vocab_size=2048, rope_theta=10000, max_position_embeddings=2048, rms_norm_eps=1e-6)


class RmsNorm(nn.Module):
    def __init__(self, n, eps):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(n)), eps

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


def rotary(n, c):
    """cos and sin [n, head_dim]; the two halves of a head are the real and imaginary parts (half-split layout)."""
    f = c['rope_theta'] ** (-torch.arange(0, c['head_dim'], 2, dtype=torch.float64) / c['head_dim'])
    a = torch.arange(n, dtype=torch.float64)[:, None] * torch.cat([f, f])[None]
    return a.cos().float(), a.sin().float()


def rotate(x, cos, sin):
    h = x.shape[-1] // 2
    return x * cos + torch.cat([-x[..., h:], x[..., :h]], -1) * sin


class Layer(nn.Module):
    def __init__(self, c):
        super().__init__()
        h, d, q, k, i = (c[x] for x in ('hidden_size', 'head_dim', 'num_attention_heads', 'num_key_value_heads', 'intermediate_size'))
        lin = lambda a, b: nn.Linear(a, b, bias=False)
        self.input_layernorm, self.post_attention_layernorm = RmsNorm(h, c['rms_norm_eps']), RmsNorm(h, c['rms_norm_eps'])
        self.self_attn = nn.ModuleDict(dict(q_proj=lin(h, q * d), k_proj=lin(h, k * d), v_proj=lin(h, k * d), o_proj=lin(q * d, h),
                                            q_norm=RmsNorm(d, c['rms_norm_eps']), k_norm=RmsNorm(d, c['rms_norm_eps'])))
        self.mlp = nn.ModuleDict(dict(gate_proj=lin(h, i), up_proj=lin(h, i), down_proj=lin(i, h)))
        self.c = c

    def forward(self, x, cos, sin, mask, past=None):
        a, c = self.self_attn, self.c
        b, t, d = x.shape[0], x.shape[1], c['head_dim']
        y = self.input_layernorm(x)
        heads = lambda z, n: z.view(b, t, n, d).transpose(1, 2)
        q = rotate(a['q_norm'](heads(a['q_proj'](y), c['num_attention_heads'])), cos, sin)
        k = rotate(a['k_norm'](heads(a['k_proj'](y), c['num_key_value_heads'])), cos, sin)
        v = heads(a['v_proj'](y), c['num_key_value_heads'])
        if past is not None:
            if past:
                k, v = torch.cat([past[0], k], 2), torch.cat([past[1], v], 2)
            past[:] = [k, v]
        # The query heads of one key/value head are laid out as extra rows: one product per key/value head.
        g = c['num_attention_heads'] // c['num_key_value_heads']
        s = q.reshape(b, -1, g * t, d) @ k.transpose(2, 3) * d ** -.5
        s = s.view(b, -1, g, t, k.shape[2]) + mask
        o = F.softmax(s, -1).view(b, -1, g * t, k.shape[2]) @ v
        o = o.view(b, -1, t, d).transpose(1, 2).reshape(b, t, -1)
        x = x + a['o_proj'](o)
        y = self.post_attention_layernorm(x)
        m = self.mlp
        return x + m['down_proj'](F.silu(m['gate_proj'](y)) * m['up_proj'](y))


class Qwen3(nn.Module):
    """Parameter names are those of the checkpoint."""

    def __init__(self, c):
        super().__init__()
        self.c = c
        self.model = nn.Module()
        self.model.embed_tokens = nn.Embedding(c['vocab_size'], c['hidden_size'])
        self.model.layers = nn.ModuleList(Layer(c) for _ in range(c['num_hidden_layers']))
        self.model.norm = RmsNorm(c['hidden_size'], c['rms_norm_eps'])
        cos, sin = rotary(c['max_position_embeddings'], c)
        self.register_buffer('cos', cos, False)
        self.register_buffer('sin', sin, False)
        for n, p in self.named_parameters():
            if p.dim() == 2:
                nn.init.normal_(p, std=.02 if 'embed' in n else p.shape[1] ** -.5 * (.35 if 'o_proj' in n or 'down_proj' in n else 1))

    def hidden(self, ids, past=None):
        """[batch, time] -> [batch, time, hidden]; past: one list per layer, filled with keys and values."""
        t = ids.shape[1]
        n = past[0][0].shape[2] if past and past[0] else 0
        mask = torch.full((t, n + t), float('-inf')).triu(n + 1)
        x = self.model.embed_tokens(ids)
        for i, l in enumerate(self.model.layers):
            x = l(x, self.cos[n:n + t], self.sin[n:n + t], mask, past[i] if past else None)
        return self.model.norm(x)

    def logits(self, h):
        return h @ self.model.embed_tokens.weight.T

    @torch.no_grad()
    def generate(self, ids, stop, limit=160, size=None):
        """Greedy.  size: number of ids of the tokenizer; the padding above it is never chosen."""
        past, out, x = [[] for _ in self.model.layers], [], torch.tensor([ids])
        for _ in range(limit):
            z = self.logits(self.hidden(x, past)[0, -1])[:size]
            i = int(z.argmax())
            out.append(i)
            if i in stop:
                break
            x = torch.tensor([[i]])
        return out
