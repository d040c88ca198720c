"""The prompt layout: ChatML with tools, the same text as chat_template.jinja."""
import json


TOOLS_HEAD = '# Tools\n\nCall a function when the question asks for it:\n<tools>'
TOOLS_TAIL = '\n</tools>\n\nCalls go inside <tool_call></tool_call>.'


def dumps(x):
    return json.dumps(x, ensure_ascii=False)


def call_text(call):
    f = call.get('function', call)
    a = f['arguments'] if isinstance(f['arguments'], str) else dumps(f['arguments'])
    return '<tool_call>\n{"name": "%s", "arguments": %s}\n</tool_call>' % (f['name'], a)


def render(messages, tools=None, generate=False):
    """Same text as chat_template.jinja.  Yields (text, learn): learn is true for what the assistant has to say."""
    system = messages[0]['content'] if messages[0]['role'] == 'system' and isinstance(messages[0]['content'], str) else None
    if tools:
        head = system + '\n\n' if system is not None else ''
        yield '<|im_start|>system\n' + head + TOOLS_HEAD + ''.join('\n' + dumps(t) for t in tools) + TOOLS_TAIL + '<|im_end|>\n', False
    elif system is not None:
        yield '<|im_start|>system\n' + system + '<|im_end|>\n', False
    for i, m in enumerate(messages):
        role, text = m['role'], m.get('content') if isinstance(m.get('content'), str) else ''
        if role == 'user' or role == 'system' and i > 0:
            yield '<|im_start|>%s\n%s<|im_end|>\n' % (role, text), False
        elif role == 'assistant':
            yield '<|im_start|>assistant\n', False
            for k, c in enumerate(m.get('tool_calls') or []):
                text += ('\n' if text else '') + call_text(c)
            yield text + '<|im_end|>', True
            yield '\n', False
        elif role == 'tool':
            first = i == 0 or messages[i - 1]['role'] != 'tool'
            last = i + 1 == len(messages) or messages[i + 1]['role'] != 'tool'
            yield ('<|im_start|>user' if first else '') + '\n<tool_response>\n' + text + '\n</tool_response>' + ('<|im_end|>\n' if last else ''), False
    if generate:
        yield '<|im_start|>assistant\n', False
