// Encodes documents with Hugging Face's Rust library, one after the other on one thread:
//   node tokenizers.cjs FOLDER_WITH_NODE_MODULES TOKENIZER_JSON DOCUMENTS
// DOCUMENTS: UTF-8, a zero byte behind each. Out: {"seconds" (as it passes), "processor_seconds", "tokens", "hash"} of the encoding alone.
process.env.RAYON_NUM_THREADS = '1';
process.env.TOKENIZERS_PARALLELISM = 'false';
const fs = require('fs');
const path = require('path');
const { Tokenizer } = require(path.join(process.argv[2], 'node_modules', '@anush008', 'tokenizers'));

(async () => {
  const tokenizer = Tokenizer.fromFile(process.argv[3]);
  tokenizer.disablePadding();
  tokenizer.disableTruncation();
  const documents = fs.readFileSync(process.argv[4], 'utf8').split('\0').filter(text => text.length > 0);
  for (const text of documents.slice(0, 50)) await tokenizer.encode(text);
  const start = process.hrtime.bigint();
  const before = process.cpuUsage();
  const encodings = [];
  for (const text of documents) encodings.push(await tokenizer.encode(text));
  const used = process.cpuUsage(before);
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  let tokens = 0;
  let hash = 0;
  for (const encoding of encodings) {
    for (const id of encoding.getIds()) {
      hash = (Math.imul(hash, 31) + id) | 0;
      tokens++;
    }
  }
  console.log(JSON.stringify({ seconds, processor_seconds: (used.user + used.system) / 1e6, tokens, hash }));
})();
