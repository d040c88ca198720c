// What becomes of the two products of a gated feed-forward layer (Octet.Backends.GatingKind, in its order).
#pragma once
#include "shim.cuh"

enum GatingKind : i32
{
    Silu,
    Gelu,
    GeluTanh,
    ClampedSwiGlu,
};

struct Gating
{
    i32 kind;
    float alpha;
    float limit;
};

// The error function to 1.5e-7 (Abramowitz and Stegun, 7.1.26).
DEVICE float error_function(float x)
{
    float magnitude = __builtin_fabsf(x);
    float t = 1 / (1 + (0.3275911f * magnitude));
    float polynomial = t * (0.254829592f + (t * (-0.284496736f + (t * (1.421413741f + (t * (-1.453152027f + (t * 1.061405429f))))))));
    return __builtin_copysignf(1 - (polynomial * exp_fast(-magnitude * magnitude)), x);
}

DEVICE float gated(const Gating& gating, float gate, float up)
{
    if (gating.kind == Silu)
    {
        return gate * logistic(gate) * up;
    }

    if (gating.kind == Gelu)
    {
        return gate * (1 + error_function(gate * 0.7071067811865476f)) * 0.5f * up;
    }

    if (gating.kind == GeluTanh)
    {
        return gate * logistic(1.5957691216057308f * (gate + (0.044715f * gate * gate * gate))) * up;
    }

    gate = gate > gating.limit ? gating.limit : gate;
    up = up > gating.limit ? gating.limit : up < -gating.limit ? -gating.limit : up;
    return gate * logistic(gating.alpha * gate) * (up + 1);
}

// The same of Silu, with a reciprocal that is good to 1 ulp: of many at a time half the time is in the division.
DEVICE float gated_by_silu(float gate, float up)
{
    float share;
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(share) : "f"(1 + exp_fast(-gate)));
    return gate * share * up;
}
