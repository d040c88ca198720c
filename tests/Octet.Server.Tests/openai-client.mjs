// OpenAI's own client for JavaScript against a server: node openai-client.mjs PACKAGE URL. Throws where something is not as it should be.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [folder, baseURL] = process.argv.slice(2);
const { default: OpenAI } = await import(pathToFileURL(createRequire(folder + '/').resolve('openai')).href);
const client = new OpenAI({ baseURL, apiKey: 'any' });
const model = 'octet-tiny';
const messages = [{ role: 'user', content: 'What is E4M3?' }];
const weather = { name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } };

const names = [];
for await (const item of client.models.list()) names.push(item.id);
assert.deepEqual(names.sort(), ['embedder', 'octet-tiny', 'reranker']);
assert.equal((await client.models.retrieve(model)).owned_by, 'octet');

const answer = await client.chat.completions.create({ model, messages, temperature: 0 });
assert.match(answer.choices[0].message.content, /448/);
assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens);

let text = '';
let usage;
for await (const chunk of await client.chat.completions.create({ model, messages, temperature: 0, stream: true, stream_options: { include_usage: true } })) {
  text += chunk.choices[0]?.delta.content ?? '';
  usage = chunk.usage ?? usage;
}
assert.equal(text, answer.choices[0].message.content);
assert.equal(usage.completion_tokens, answer.usage.completion_tokens);

const question = [{ role: 'user', content: 'What is the weather in Paris?' }];
const tools = [{ type: 'function', function: weather }];
const streamed = await client.chat.completions.stream({ model, messages: question, tools, temperature: 0 }).finalChatCompletion();
const call = streamed.choices[0].message.tool_calls[0];
assert.equal(streamed.choices[0].finish_reason, 'tool_calls');
assert.deepEqual([call.function.name, JSON.parse(call.function.arguments)], ['get_weather', { city: 'Paris' }]);
const told = await client.chat.completions.create({
  model, tools, temperature: 0,
  messages: [...question, streamed.choices[0].message, { role: 'tool', tool_call_id: call.id, content: '{"temperature": 21, "condition": "sunny"}' }],
});
assert.equal(told.choices[0].message.content, 'The temperature is 21 and the condition is sunny.');

const schema = { type: 'object', properties: { bits: { enum: [4, 8] } }, required: ['bits'], additionalProperties: false };
const formed = await client.chat.completions.parse({ model, messages, response_format: { type: 'json_schema', json_schema: { name: 'fp8', strict: true, schema } } });
assert.ok([4, 8].includes(formed.choices[0].message.parsed.bits));

const likely = await client.chat.completions.create({ model, messages, temperature: 0, logprobs: true, top_logprobs: 2, stop: ['format'] });
assert.equal(likely.choices[0].message.content, 'E4M3 is an 8-bit floating-point ');
assert.equal(likely.choices[0].logprobs.content[0].top_logprobs.length, 2);

const drawn = [1, 2].map(() => client.chat.completions.create({ model, messages, temperature: 1.9, seed: 5, max_completion_tokens: 10 }));
assert.equal(...(await Promise.all(drawn)).map(item => item.choices[0].message.content));

// The client asks for base64 by itself, and makes numbers of it.
const vectors = await client.embeddings.create({ model: 'embedder', input: ['one', 'two words'], dimensions: 8 });
const plain = await client.embeddings.create({ model: 'embedder', input: ['one', 'two words'], dimensions: 8, encoding_format: 'float' });
vectors.data.forEach((item, i) => item.embedding.forEach((value, j) => assert.ok(Math.abs(value - plain.data[i].embedding[j]) < 1e-6)));

const first = await client.responses.create({ model, input: 'What is the bias of E5M2?', temperature: 0 });
const kinds = [];
let last;
for await (const event of await client.responses.create({ model, input: 'and E4M3?', previous_response_id: first.id, temperature: 0, stream: true })) {
  kinds.push(event.type);
  last = event;
}
assert.equal(kinds[0], 'response.created');
assert.equal(last.type, 'response.completed');
assert.equal(last.response.output[0].content[0].text, 'The exponent bias of E4M3 is 7.');
assert.equal((await client.responses.retrieve(first.id)).output_text, first.output_text);
await client.responses.delete(first.id);
await assert.rejects(client.responses.retrieve(first.id), OpenAI.NotFoundError);

await assert.rejects(client.chat.completions.create({ model: 'gpt-9', messages }), error => error instanceof OpenAI.NotFoundError && error.code === 'model_not_found');
await assert.rejects(client.chat.completions.create({ model, messages, temperature: -1 }), error => error instanceof OpenAI.BadRequestError && error.param === 'temperature');

const leaving = await client.chat.completions.create({ model, messages, stream: true, max_tokens: 1500, ignore_eos: true });
for await (const _ of leaving) {
  leaving.controller.abort();
}

console.log('all as it should be');
