"""What others reach on the same card in the same minutes: cuBLASLt's FP8 products of Qwen3-4B's shapes, and Hugging Face transformers with its model.

Prints what there is; a package that is missing is said and left out.
"""
import time

SHAPES = {'q, k, v': (6144, 2560), 'output': (2560, 4096), 'gate, up': (19456, 2560), 'down': (2560, 9728)}


def timed(torch, run, least=0.2):
    run()
    torch.cuda.synchronize()
    begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    count, seconds = 1, 0.0
    while seconds < least:
        begin.record()
        for _ in range(count):
            run()
        end.record()
        torch.cuda.synchronize()
        seconds = begin.elapsed_time(end) / 1000
        if seconds < least:
            count = max(count + 1, int(count * 1.2 * least / max(seconds, 1e-6)))
    return seconds / count


def products(torch):
    print('products of FP8, TFLOP/s (torch._scaled_mm, one scale for each row):')
    for tokens in (1024, 4096):
        total, flops = 0.0, 0.0
        for rows, columns in SHAPES.values():
            x = torch.randn(tokens, columns, device='cuda').to(torch.float8_e4m3fn)
            w = torch.randn(rows, columns, device='cuda').to(torch.float8_e4m3fn).t()
            a = torch.ones(tokens, 1, device='cuda')
            b = torch.ones(1, rows, device='cuda')
            total += timed(torch, lambda: torch._scaled_mm(x, w, scale_a=a, scale_b=b, out_dtype=torch.bfloat16))
            flops += 2.0 * tokens * rows * columns
        print(f'  {tokens} tokens: {flops / total / 1e12:.0f}; a model of 36 layers at this rate alone {tokens / (36 * total):.0f} tokens/s')
    print('products of bfloat16, TFLOP/s:')
    for tokens in (1024, 4096):
        total, flops = 0.0, 0.0
        for rows, columns in SHAPES.values():
            x = torch.randn(tokens, columns, device='cuda', dtype=torch.bfloat16)
            w = torch.randn(rows, columns, device='cuda', dtype=torch.bfloat16).t()
            total += timed(torch, lambda: x @ w)
            flops += 2.0 * tokens * rows * columns
        print(f'  {tokens} tokens: {flops / total / 1e12:.0f}')


def transformers_model(torch):
    import transformers
    config = transformers.Qwen3Config(
        hidden_size=2560, num_hidden_layers=36, num_attention_heads=32, num_key_value_heads=8, head_dim=128, intermediate_size=9728,
        vocab_size=151936, rope_theta=5000000, max_position_embeddings=262144, tie_word_embeddings=True)
    torch.set_default_dtype(torch.bfloat16)
    with torch.device('cuda'):
        model = transformers.Qwen3ForCausalLM(config).eval()
    print(f'transformers {transformers.__version__}, torch {torch.__version__}, bfloat16 (this version has no FP8 weights without further packages):')
    with torch.inference_mode():
        for batch in (1, 8, 64):
            ids = torch.randint(0, 150000, (batch, 16), device='cuda')
            settings = dict(do_sample=False, min_new_tokens=64, max_new_tokens=64, pad_token_id=0)
            model.generate(ids, **settings)
            torch.cuda.synchronize()
            started = time.perf_counter()
            model.generate(ids, **settings)
            torch.cuda.synchronize()
            print(f'  {batch} sequences: {64 * batch / (time.perf_counter() - started):.1f} tokens/s')
        for length in (1024, 4096):
            ids = torch.randint(0, 150000, (1, length), device='cuda')
            seconds = timed(torch, lambda: model(ids, logits_to_keep=1, use_cache=False))
            print(f'  a prompt of {length}: {length / seconds:.0f} tokens/s')


def main():
    try:
        import torch
    except ImportError:
        print('PyTorch is not here')
        return
    if not torch.cuda.is_available():
        print('PyTorch sees no card')
        return
    for part in (products, transformers_model):
        try:
            part(torch)
        except Exception as error:  # what one version has not is no reason to leave out the other part
            print(f'  left out: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ""}')


if __name__ == '__main__':
    main()
