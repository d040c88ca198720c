#include "shim.cuh"

// out [columns][rows] = in [rows][columns] by tiles of 32 x 32; a column of padding keeps banks apart.
GLOBAL void transpose(const float *in, float *out, int rows, int columns) {
    SHARED float tile[32][33];
    int column = block() * 32 + thread() % 32;
    for (int i = thread() / 32; i < 32; i += 8) {
        int row = block_y() * 32 + i;
        if (row < rows && column < columns)
            tile[i][thread() % 32] = in[row * columns + column];
    }
    __syncthreads();
    int row = block_y() * 32 + thread() % 32;
    for (int i = thread() / 32; i < 32; i += 8) {
        int to = block() * 32 + i;
        if (row < rows && to < columns)
            out[to * rows + row] = tile[thread() % 32][i];
    }
}

// A function that is called and an array on the stack, indexed at run time.
__attribute__((device, noinline)) float horner(const float *coefficients, int degree, float x) {
    float sum = 0;
    for (int i = degree; i >= 0; i--)
        sum = sum * x + coefficients[i];
    return sum;
}

GLOBAL void polynomial(const float *in, float *out, int degree) {
    float coefficients[8];
    for (int i = 0; i < 8; i++)
        coefficients[i] = (float)(i * i) - 3.0f;
    coefficients[degree & 7] *= 0.5f;
    out[thread()] = horner(coefficients, degree, in[thread()]);
}

__attribute__((constant)) int primes[8] = {2, 3, 5, 7, 11, 13, 17, 19};
__attribute__((device)) u64 offsets[2] = {1ull << 40, 5};

GLOBAL void choose(const int *in, u64 *out) {
    u64 value;
    switch (in[thread()]) {
    case 0: value = offsets[0]; break;
    case 1: value = primes[thread() & 7]; break;
    case 2: value = offsets[1] * 3; break;
    case 3: value = 77; break;
    case 4: value = (u64)primes[3] * primes[4]; break;
    case 5: value = ~0ull / (thread() + 1); break;
    default: value = 0; break;
    }
    out[thread()] = value;
}
