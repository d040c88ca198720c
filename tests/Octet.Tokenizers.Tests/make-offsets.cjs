// Makes offset-vectors.jsonl with Hugging Face tokenizers: where in the text each token comes from, by characters (code points).
//   npm install @anush008/tokenizers@0.6.0 && node make-offsets.cjs FIXTURES   (in this folder; FIXTURES holds tokenizers/FAMILY/tokenizer.json)
const fs = require('fs');
const path = require('path');
const zlib = require('zlib');
const { Tokenizer } = require('@anush008/tokenizers');

const texts = [
  'Hello, world! Don\'t stop.', '  leading and trailing  ', 'Ünïcödé e\u0301 café CAFÉ', '中文 和 日本語', '한국어 텍스트', '😀 emoji 👨‍👩‍👧!', 'ﬁne ½ ①', 'a\tb\nc\r\n\r\nd', '12345 6.78',
  'x  y   z', 'İstanbul ẞ', '\u00a0nbsp\u3000ideographic', 'Zoë\u0323\u0302 q\u0307\u0323', 'tab\u0000nul\u00adsoft',
];
(async () => {
  const lines = [JSON.stringify({ source: 'Hugging Face tokenizers 0.22.2 (npm @anush008/tokenizers 0.6.0)' })];
  for (const family of ['bert-uncased', 'bert-cased', 'gpt-2', 'llama-2', 'mistral-0.3', 'gemma-3', 't5', 'xlnet', 'modernbert', 'clip', 'deepseek-v3']) {
    const file = path.join(process.argv[2], 'tokenizers', family, 'tokenizer.json');
    const json = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : zlib.gunzipSync(fs.readFileSync(file + '.gz')).toString('utf8');
    const tokenizer = Tokenizer.fromString(json);
    tokenizer.disablePadding();
    tokenizer.disableTruncation();
    for (const text of texts) {
      const encoding = await tokenizer.encode(text);
      lines.push(JSON.stringify({ family, text, ids: [...encoding.getIds()], offsets: encoding.getOffsets().map(pair => [...pair]) }));
    }
  }
  fs.writeFileSync(path.join(__dirname, 'offset-vectors.jsonl'), lines.join('\n') + '\n');
})();
