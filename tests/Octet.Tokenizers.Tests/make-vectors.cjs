// Makes octet-tiny-vectors.jsonl and component-vectors.jsonl with Hugging Face tokenizers:
//   npm install @anush008/tokenizers@0.6.0 && node make-vectors.cjs   (in this folder)
const fs = require('fs');
const path = require('path');
const { Tokenizer } = require('@anush008/tokenizers');

const source = 'Hugging Face tokenizers 0.22.2 (npm @anush008/tokenizers 0.6.0)';

let state = 1;
function below(limit) {
  state = (Math.imul(state, 1103515245) + 12345) >>> 0;
  return Math.floor(((state >>> 8) / 2 ** 24) * limit);
}

const fragments = [
  'a', 'b', 'ab', 'Z', 'é', 'e\u0301', 'ſ', 'İ', 'ß', '中', 'ん', 'ｶ\uFF9E', '\uFF9E', '가', 'ᄀ', 'ᅡ', 'ᆨ', '\u0301', '\u0316', '\u0345', '\u0334', '\u0344',
  '\u0903', '\u3099', '7', '12', '١', '²', 'Ⅷ', '〇', '½', ' ', '  ', '\t', '\n', '\r\n', '\u0085', '\u00A0', '\u2028', '\u3000', "'", "'s", "'LL", "'ſ", "'r",
  '!', '...', '_', '-', '\u200D', '\u200C', '😀', '👨\u200D👩', '<|im_start|>', '<|im_end|>', '<|im_en', '<|', '<', '|>', '>', '<x>', '<x', '<<x>>', '\uFDFA', '\0',
  '\u00AD', 'ﬁ', 'Ⓐ', '\u{1F130}', '\u212A', "I'm", "don't", 'Hello world', 'x ', 'def f(x):\n    return x\n',
];
const sentences = [
  '', 'What is E4M3?', "Hello, world! I'm here; don't worry.", '  leading and trailing  ', 'Tabs\tand\nlines\r\n\r\n  indented', '12345 6.78e-9',
  'naïve café — “quoted”', '汉字和かな、한국어', 'Привет мир', 'مرحبا ١٢٣', '😀👨‍👩‍👧 flags 🇩🇪', 'e\u0301 vs é, \u1E9B\u0323',
  '<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n', '<tool_call>\n{"name": "multiply", "arguments": {"a": 12, "b": 7}}\n</tool_call>',
  '<|im_star|><|endoftext|>x', "I'LL we'Ve 'ſ it'S", 'Ⅷ〇½² x\u200Dy', 'public static int Add(int a, int b) => a + b;\n', 'a'.repeat(70),
  '\u0000\u001f\u007f\u0085\u00a0\u2028\ufeff',
];

const pick = list => list[below(list.length)];
const text = most => Array.from({ length: below(most) + 1 }, () => pick(fragments)).join('');

// GPT-2's alphabet: printable Latin-1 stands for itself, the rest for U+0100 and on.
let others = 256;
const alphabet = Array.from({ length: 256 }, (_, value) =>
  String.fromCharCode((value >= 33 && value <= 126) || (value >= 0xa1 && value <= 0xac) || value >= 0xae ? value : others++));

const qwen = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const llama = qwen.replace('\\p{N}|', '\\p{N}{1,3}|');
const pairs = ['a b', 'a a', 'b a', 'Ġ a', 'Ġ Ġ', 'Ì ģ', '< x'];
const normalizers = [
  { type: 'NFC' }, { type: 'NFD' }, { type: 'NFKC' }, { type: 'NFKD' }, { type: 'Lowercase' }, { type: 'Replace', pattern: { String: ' ' }, content: '\u2581' },
  { type: 'Replace', pattern: { String: 'aa' }, content: 'b' }, { type: 'Replace', pattern: { String: 'a' }, content: 'aab' }, { type: 'Prepend', prepend: '\u2581' },
];
const split = pattern => ({ type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false });
const byteLevel = { type: 'ByteLevel', add_prefix_space: true, trim_offsets: false, use_regex: true };
const template = {
  type: 'TemplateProcessing',
  single: [{ SpecialToken: { id: 'b', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }, { SpecialToken: { id: 'e', type_id: 0 } }],
  pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
  special_tokens: { b: { id: 'b', ids: [1], tokens: ['b'] }, e: { id: 'e', ids: [2, 3], tokens: ['e', 'f'] } },
};

function randomTokenizer() {
  const vocab = Object.fromEntries(alphabet.map((symbol, value) => [symbol, value]));
  const merges = [...new Set(Array.from({ length: below(6) }, () => pick(pairs)))];
  for (const merge of merges) vocab[merge.replace(' ', '')] ??= Object.keys(vocab).length;

  // The library takes ids of its own for added tokens that do not follow the model's.
  let next = Object.keys(vocab).length;
  const added = [...new Set(Array.from({ length: below(6) }, () => text(3)))].map(content => ({
    id: vocab[content] ?? next++, content, single_word: below(3) === 0, lstrip: below(2) === 0, rstrip: below(2) === 0, normalized: below(2) === 0, special: below(2) === 0,
  })).sort((left, right) => left.id - right.id);
  const steps = Array.from({ length: below(3) }, () => below(3) < 2 ? split(pick([qwen, llama])) : { type: 'Digits', individual_digits: below(2) === 0 });
  return {
    version: '1.0', truncation: null, padding: null, added_tokens: added,
    normalizer: below(3) === 0 ? null : { type: 'Sequence', normalizers: Array.from({ length: below(3) + 1 }, () => pick(normalizers)) },
    pre_tokenizer: { type: 'Sequence', pretokenizers: [...steps, { type: 'ByteLevel', add_prefix_space: below(3) === 0, trim_offsets: false, use_regex: below(2) === 0 }] },
    post_processor: pick([null, template, { type: 'Sequence', processors: [template, byteLevel] }]),
    decoder: byteLevel,
    model: {
      type: 'BPE', dropout: null, unk_token: null, continuing_subword_prefix: '', end_of_word_suffix: '', fuse_unk: false, byte_fallback: false,
      ignore_merges: below(2) === 0, vocab, merges,
    },
  };
}

const encode = async (tokenizer, input) => Array.from((await tokenizer.encode(input, null, { addSpecialTokens: true })).getIds());
const write = (name, lines) => fs.writeFileSync(path.join(__dirname, name), lines.map(line => JSON.stringify(line) + '\n').join(''));

(async () => {
  const tiny = Tokenizer.fromFile(path.join(__dirname, '../../models/octet-tiny/tokenizer.json'));
  const whole = [{ source: `tokenizer.json of octet-tiny, encoded and decoded by ${source}` }];
  for (const input of [...sentences, ...Array.from({ length: 180 }, () => text(14))]) {
    const ids = await encode(tiny, input);
    whole.push({ text: input, ids, decoded: await tiny.decode(ids, false), decoded_skip_special: await tiny.decode(ids, true) });
  }

  write('octet-tiny-vectors.jsonl', whole);

  const components = [{ source: `random tokenizers over the 256 bytes and the merges of each line, encoded by ${source}` }];
  const file = path.join(require('os').tmpdir(), `octet-${process.pid}.json`);
  for (let i = 0; i < 48; i++) {
    const json = randomTokenizer();
    fs.writeFileSync(file, JSON.stringify(json));
    const tokenizer = Tokenizer.fromFile(file);
    const vectors = [];
    for (let k = 0; k < 10; k++) {
      const input = text(10);
      vectors.push({ text: input, ids: await encode(tokenizer, input) });
    }

    components.push({
      merges: json.model.merges, ignore_merges: json.model.ignore_merges, added_tokens: json.added_tokens, normalizer: json.normalizer,
      pre_tokenizer: json.pre_tokenizer, post_processor: json.post_processor, vectors,
    });
  }

  fs.unlinkSync(file);
  write('component-vectors.jsonl', components);
})();
