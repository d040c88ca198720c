using System.Text.Json.Nodes;

namespace Octet.Tests.Conversations.Output;

/// <summary>
/// What models write, in the form in which it is published: texts and what they are come from the tests of vLLM's parsers (tests/tool_parsers, vllm/reasoning) and from the templates in
/// llama.cpp (models/templates) and vLLM (examples), named with each. Whole, cut at every place, and in random pieces.
/// </summary>
public class PublishedOutputTests
{
    const string User = """register_user{"name":"John Doe","age":37,"address":{"city":"San Francisco","state":"CA"},"role":null,"passed_test":true,"aliases":["John","Johnny"]}""";

    const string PythonUser = "register_user(name='John Doe', age=37, address={'city': 'San Francisco', 'state': 'CA'}, role=None, passed_test=True, aliases=['John', 'Johnny'])";

    static readonly JsonNode s_tools = JsonNode.Parse("""
        [{"type":"function","function":{"name":"get_weather","parameters":{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer"},"unit":{"type":"string"}}}}}]
        """)!;

    public static TheoryData<string, string, string> Calls => new()
    {
        // test_minimax_m2_tool_parser.py; unsloth-MiniMax-M2.jinja.
        { "minimax", "Let me check. <minimax:tool_call><invoke name=\"get_weather\"><parameter name=\"city\">Seattle</parameter></invoke></minimax:tool_call>", "Let me check.||get_weather{\"city\":\"Seattle\"}" },
        { "minimax", "<minimax:tool_call>\n<invoke name=\"search_web\">\n<parameter name=\"query\">OpenAI</parameter>\n</invoke>\n<invoke name=\"search_web\">\n<parameter name=\"query\">Gemini</parameter>\n</invoke>\n</minimax:tool_call>", "||search_web{\"query\":\"OpenAI\"} search_web{\"query\":\"Gemini\"}" },
        { "minimax", "<minimax:tool_call><invoke name=\"get_weather\"><parameter name=\"city\">12</parameter><parameter name=\"days\">5</parameter></invoke></minimax:tool_call>", "||get_weather{\"city\":\"12\",\"days\":5}" },
        { "minimax", "<think>\nhm\n</think>\n\nSo.\n<minimax:tool_call>\n<invoke name=\"f\">\n</invoke>\n</minimax:tool_call>", "So.|hm|f{}" },

        // test_lfm2_tool_parser.py; LFM2.5-8B-A1B.jinja writes 'texts', llama-cpp-lfm2.jinja JSON.
        { "lfm", "<|tool_call_start|>[get_candidate_status(candidate_id='12345')]<|tool_call_end|>", "||get_candidate_status{\"candidate_id\":\"12345\"}" },
        { "lfm", "<|tool_call_start|>[get_candidate_status(candidate_id='12345'), " + PythonUser + "]<|tool_call_end|>", "||get_candidate_status{\"candidate_id\":\"12345\"} " + User },
        { "lfm", "<|tool_call_start|> [get_weather(), do_something_cool(additional_data={}), do_something_cool(steps=[])]<|tool_call_end|>", "||get_weather{} do_something_cool{\"additional_data\":{}} do_something_cool{\"steps\":[]}" },
        { "lfm", "<|tool_call_start|>[label(tags={'urgent', 'bug'})]<|tool_call_end|>", "||label{\"tags\":[\"urgent\",\"bug\"]}" },
        { "lfm", "<|tool_call_start|>[set_date(month=07, day=05)]<|tool_call_end|>", "||set_date{\"month\":7,\"day\":5}" },
        { "lfm", "<|tool_call_start|>[bash(command='sed -n '360,450p' /testbed/sympy/matrices/common.py')]<|tool_call_end|>", "||bash{\"command\":\"sed -n '360,450p' /testbed/sympy/matrices/common.py\"}" },
        { "lfm", "<|tool_call_start|>[get_weather(city='Martha\\'s Vineyard', metric='\\\"cool units\\\"')]<|tool_call_end|>", "||get_weather{\"city\":\"Martha's Vineyard\",\"metric\":\"\\\"cool units\\\"\"}" },
        {
            "lfm",
            "<|tool_call_start|>[grocery.orderIngredients(ingredientList=[{'name': 'Lasagna noodles', 'amount': 250, 'unit': 'g'}], deliveryAddress='845 Willow Lane, Springfield, IL 62704')]<|tool_call_end|>",
            "||grocery.orderIngredients{\"ingredientList\":[{\"name\":\"Lasagna noodles\",\"amount\":250,\"unit\":\"g\"}],\"deliveryAddress\":\"845 Willow Lane, Springfield, IL 62704\"}"
        },
        { "lfm", "<|tool_call_start|>[exec(command='grep -F \"]\" log.txt')]<|tool_call_end|>", "||exec{\"command\":\"grep -F \\\"]\\\" log.txt\"}" },
        { "lfm", "<|tool_call_start|>[exec(command='cat > f.py << EOF\nimport csv\nprint(1)\nEOF')]<|tool_call_end|>", "||exec{\"command\":\"cat > f.py << EOF\\nimport csv\\nprint(1)\\nEOF\"}" },
        { "lfm", "<|tool_call_start|>[exec(command='printf a\0b')]<|tool_call_end|>", "||exec{\"command\":\"printf a\\u0000b\"}" },
        { "lfm", "<|tool_call_start|>[get_candidate_status(candidate_id='12345')]<|tool_call_end|>\nChecking the current status of candidate ID 12345.", "\nChecking the current status of candidate ID 12345.||get_candidate_status{\"candidate_id\":\"12345\"}" },
        { "lfm", "<think>hm</think>Calling.<|tool_call_start|>[{\"name\": \"f\", \"arguments\": {\"a\": 1}, \"id\": \"x1\"}, {\"name\": \"g\", \"arguments\": {}}]<|tool_call_end|>", "Calling.|hm|f#x1{\"a\":1} g{}" },

        // test_olmo3_tool_parser.py; tool_chat_template_olmo3.jinja.
        { "olmo", "<function_calls>get_weather(city='San Francisco', metric='celsius')</function_calls>", "||get_weather{\"city\":\"San Francisco\",\"metric\":\"celsius\"}" },
        { "olmo", "<function_calls>register_user(name='John Doe', age=37, address={'city': 'San Francisco', 'state': 'CA'}, role=null, passed_test=true, aliases=['John', 'Johnny'])</function_calls>", "||" + User },
        { "olmo", "<function_calls>\nget_weather(city='San Francisco', metric='celsius')\nget_weather()\ndo_something_cool(steps=[])\n</function_calls>", "||get_weather{\"city\":\"San Francisco\",\"metric\":\"celsius\"} get_weather{} do_something_cool{\"steps\":[]}" },

        // test_llama4_pythonic_tool_parser.py, test_pythonic_tool_parser.py.
        { "llama-4", "[get_weather(city='LA',metric='C'),register_user(name='Doe',age=9)]", "||get_weather{\"city\":\"LA\",\"metric\":\"C\"} register_user{\"name\":\"Doe\",\"age\":9}" },
        { "llama-4", "<|python_start|>[get_weather(city='LA', metric='C'), get_weather(), do_something_cool(steps=[])]<|python_end|>", "||get_weather{\"city\":\"LA\",\"metric\":\"C\"} get_weather{} do_something_cool{\"steps\":[]}" },
        { "llama-4", "<|python_start|>[get_weather(city='LA', metric='C'), register_user(name='Doe', age=9)]", "||get_weather{\"city\":\"LA\",\"metric\":\"C\"} register_user{\"name\":\"Doe\",\"age\":9}" },
        { "llama-4", "{\"name\": \"f\", \"parameters\": {\"a\": 1}}", "||f{\"a\":1}" },
        { "pythonic", "[get_weather(city='Martha\\'s Vineyard', metric='\\\"cool units\\\"'), " + PythonUser + "]", "||get_weather{\"city\":\"Martha's Vineyard\",\"metric\":\"\\\"cool units\\\"\"} " + User },

        // test_granite_tool_parser.py; granite-3.3-2b-instruct.
        { "granite", "<|tool_call|> [\n  {\"name\": \"get_weather\", \"arguments\": {\"city\": \"Tokyo\"}},\n  {\"name\": \"get_time\", \"arguments\": {\"timezone\": \"Asia/Tokyo\"}}\n]", "||get_weather{\"city\":\"Tokyo\"} get_time{\"timezone\":\"Asia/Tokyo\"}" },
        { "granite", "<tool_call> [{\n  \"name\": \"test_function\",\n  \"arguments\": {\n    \"array_field\": [\"a\", \"b\", \"c\"],\n    \"empty_object\": {}\n  }\n}]", "||test_function{\"array_field\":[\"a\",\"b\",\"c\"],\"empty_object\":{}}" },
        { "granite", "Let me check the weather for you.\n<|tool_call|> [{\"arguments\": {\"city\": \"Tokyo\"}, \"name\": \"get_weather\"}]\nI'll get that information.", "Let me check the weather for you.\nI'll get that information.||get_weather{\"city\":\"Tokyo\"}" },

        // test_granite4_tool_parser.py: arguments may be a text.
        { "hermes", "Here goes the bbox call: \n<tool_call> {\"name\": \"find_bbox\", \"arguments\": \"{\\\"coordinates\\\": [[23.54, 43.1], [4, 5]], \\\"coordinate_type\\\": \\\"latlong\\\"}\"} </tool_call>", "Here goes the bbox call:||find_bbox{\"coordinates\":[[23.54,43.1],[4,5]],\"coordinate_type\":\"latlong\"}" },

        // test_nemotron_nano_v2_tool_parser.py.
        { "nemotron", "Let me check that.<TOOLCALL>[{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Tokyo\", \"unit\": \"celsius\"}}]</TOOLCALL>", "Let me check that.||get_weather{\"city\":\"Tokyo\",\"unit\":\"celsius\"}" },
        { "nemotron", "<TOOLCALL>{\"name\": \"lookup\", \"arguments\": {\"query\": \"vllm\"}}</TOOLCALL>", "||lookup{\"query\":\"vllm\"}" },
        { "nemotron", "<TOOLCALL>[{\"name\": \"run_query\", \"arguments\": \"{\\\"sql\\\": \\\"select 1\\\"}\"}]</TOOLCALL>", "||run_query{\"sql\":\"select 1\"}" },
        { "nemotron", "<think>\nI need the weather for Tokyo.\n</think>\n<TOOLCALL>[{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Tokyo\"}}, {\"name\": \"lookup_timezone\", \"arguments\": {\"city\": \"Tokyo\"}}]</TOOLCALL>", "|I need the weather for Tokyo.|get_weather{\"city\":\"Tokyo\"} lookup_timezone{\"city\":\"Tokyo\"}" },

        // test_hunyuan_a13b_tool_parser.py, test_hy_v3_tool_parser.py.
        { "hunyuan", "I will call the tool now. <tool_calls>[{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Boston\"}}]</tool_calls>", "I will call the tool now.||get_weather{\"city\":\"Boston\"}" },
        { "hunyuan", "<tool_calls>[{\"name\": \"a\", \"arguments\": {}}, {\"name\": \"b\", \"arguments\": {\"x\": 42}}]</tool_calls>", "||a{} b{\"x\":42}" },
        { "hunyuan", "<think>\nhm\n</think>\n<answer>\n<tool_calls>[{\"name\": \"get_weather\", \"arguments\": {\"city\": \"北京\"}}]</tool_calls>\n</answer>", "|hm|get_weather{\"city\":\"北京\"}" },
        { "hunyuan-tags", "<tool_calls><tool_call>get_current_date<tool_sep></tool_call></tool_calls>", "||get_current_date{}" },
        { "hunyuan-tags", "<tool_calls>\n<tool_call>get_weather<tool_sep>\n<arg_key>city</arg_key>\n<arg_value>Beijing</arg_value>\n<arg_key>days</arg_key>\n<arg_value>3</arg_value>\n</tool_call>\n<tool_call>g<tool_sep>\n</tool_call>\n</tool_calls>", "||get_weather{\"city\":\"Beijing\",\"days\":3} g{}" },

        // test_ernie45_moe_tool_parser.py; the prompt has opened the reasoning.
        {
            "ernie",
            "<think>\nI need to call two tools to handle these two issues separately.\n</think>\n\n<tool_call>\n{\"name\": \"get_current_temperature\", \"arguments\": {\"location\": \"Beijing\"}}\n</tool_call>\n<tool_call>\n{\"name\": \"get_temperature_unit\", \"arguments\": {\"location\": \"Guangzhou\", \"unit\": \"c\"}}\n</tool_call>\n",
            "|I need to call two tools to handle these two issues separately.|get_current_temperature{\"location\":\"Beijing\"} get_temperature_unit{\"location\":\"Guangzhou\",\"unit\":\"c\"}"
        },

        // test_phi4mini_tool_parser.py; Phi-4-mini's own tokens.
        { "functools", "Let me check the weather for you.\nfunctools[{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Tokyo\"}}]\nWould you like to know more?", "Let me check the weather for you.\nWould you like to know more?||get_weather{\"city\":\"Tokyo\"}" },
        { "phi", "<|tool_call|>[{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Tokyo\"}}]<|/tool_call|>", "||get_weather{\"city\":\"Tokyo\"}" },

        // test_cohere_command_tool_parser.py; Command R's prompt for tools.
        { "command", "<|START_THINKING|> i will call foo with query1<|END_THINKING|><|START_ACTION|>\n[\n    {\"tool_call_id\": \"0\", \"tool_name\": \"foo\", \"parameters\": {\"query\": \"query1\"}}\n]\n<|END_ACTION|>", "|i will call foo with query1|foo#0{\"query\":\"query1\"}" },
        { "command-r", "Action: ```json\n[\n    {\n        \"tool_name\": \"internet_search\",\n        \"parameters\": {\n            \"query\": \"biggest penguin in the world\"\n        }\n    }\n]\n```", "||internet_search{\"query\":\"biggest penguin in the world\"}" },
        { "command-r", "Plan: I will search.\nAction:\n```json\n[{\"tool_name\": \"f\", \"parameters\": {}}, {\"tool_name\": \"g\", \"parameters\": {}}]\n```", "Plan: I will search.||f{} g{}" },

        // LLaMA-Factory's GLM4ToolUtils: the name, a line break, the arguments.
        { "glm-4", "\nget_weather\n{\"city\": \"Beijing\"}", "||get_weather{\"city\":\"Beijing\"}" },

        // test_apertus_tool_parser.py.
        { "apertus", "Let me check the weather for you. <|tools_prefix|>[{\"get_weather\": {\"location\": \"Paris\"}}]<|tools_suffix|>", "Let me check the weather for you.||get_weather{\"location\":\"Paris\"}" },
        { "apertus", "<|tools_prefix|>[{\"t1\": {\"a\": 1}}, {\"complex_function\": {\"nested\": {\"inner\": \"value\"}, \"list\": [\"a\", \"b\"]}}]", "||t1{\"a\":1} complex_function{\"nested\":{\"inner\":\"value\"},\"list\":[\"a\",\"b\"]}" },

        // DeepSeek V4: deepseekv4_tool_parser.py.
        {
            "deepseek-dsml",
            "so\n\n<｜DSML｜tool_calls>\n<｜DSML｜invoke name=\"f\">\n<｜DSML｜parameter name=\"city\" string=\"true\">1</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜tool_calls>",
            "so||f{\"city\":\"1\"}"
        },

        // Step 3.5, 3.7 (StepFun3.7-Flash.jinja).
        { "qwen-xml", "<think>\nhm\n</think>\nso<tool_call>\n<function=get_weather>\n<parameter=city>\nUlm\n</parameter>\n</function>\n</tool_call>", "so|hm|get_weather{\"city\":\"Ulm\"}" },
    };

    [Theory]
    [MemberData(nameof(Calls))]
    public void Calls_are_read_as_their_own_parsers_read_them(string format, string text, string message) => OutputRun.AssertMessage(OutputRun.Format(format), text, message, s_tools);

    public static TheoryData<string, string, string> Answers => new()
    {
        // hunyuan_a13b_reasoning_parser.py.
        { "hunyuan", "<think>\nThis is a reasoning section\n</think>\n<answer>\nThis is the rest\n</answer>", "This is the rest|This is a reasoning section|" },
        { "hunyuan", "<think>\n\n</think>\n<answer>\nno think\n</answer>", "no think||" },
        { "hunyuan", "<answer>\nthe prompt has said not to think\n</answer>\n", "the prompt has said not to think||" },
        { "hunyuan", "<think>\nhm\n</think>\n<answer>\na </answer> b\n</answer>", "a </answer> b|hm|" },
        { "hunyuan", "<think>\nhm\n</think>\n<answer>\ncut", "cut|hm|" },
        { "hunyuan", "<think>\nhm\n</think>\nthe word <answer> and </answer>", "the word <answer> and </answer>|hm|" },
        { "hunyuan", "<think>\nhm\n</think>\n<ans", "<ans|hm|" },

        // ernie45_reasoning_parser.py: abc\n</think>\n\n<response>\ndef\n</response>\n, or without.
        { "ernie", "<think>\nabc\n</think>\n\n<response>\ndef\n</response>\n", "def|abc|" },
        { "ernie", "<think>\nabc\n</think>\ndef", "def|abc|" },

        // Granite 3.2 and 3.3 (granite_reasoning_parser.py, the template of 3.3).
        { "granite", "Here is my thought process:This is a reasoning sectionHere is my response:This is the rest", "This is the rest|This is a reasoning section|" },
        { "granite", "Here's my thought process:\nhm\nHere's my response:\nso", "so|hm|" },
        { "granite", "Here is my thoughts", "Here is my thoughts||" },
        { "granite", "<think>hm</think>\n<response>so</response>", "so|hm|" },

        // EXAONE Deep.
        { "plain", "<thought>\nhm\n</thought>\n\nso", "so|hm|" },

        // test_cohere_command_tool_parser.py.
        { "command", "<|START_THINKING|>hm<|END_THINKING|>\n<|START_TEXT|>foo<|END_TEXT|>", "foo|hm|" },

        // In formats without such marks they are text.
        { "hermes", "<think>hm</think><answer>a</answer>", "<answer>a</answer>|hm|" },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public void Reasoning_and_answers_come_without_their_marks(string format, string text, string message)
        => OutputRun.AssertMessage(format == "plain" ? OutputFormat.Plain : OutputRun.Format(format), text, message, s_tools);

    [Theory]
    [InlineData("hunyuan", "<think>\nhm\n</think>\n<answer>\na\n</answer>")]
    [InlineData("granite", "Here is my thought process: hm Here is my response: a")]
    public void Where_reasoning_stays_so_do_the_marks(string format, string text)
        => Assert.Equal(text + "||", OutputRun.Show(OutputRun.Parse(OutputRun.Format(format), OutputRun.Every(text, 3), null, null, "", calls: true, reasoning: false).Turn));

    public static TheoryData<string, string> Python => new()
    {
        // Numbers, as Python writes them.
        { "a=-3, b=+2, c=1_000, d=0x1F, e=0o17, f=0b101, g=.5, h=1., i=1e3, j=-0.0, k=00", """{"a":-3,"b":2,"c":1000,"d":31,"e":15,"f":5,"g":0.5,"h":1.0,"i":1e3,"j":-0.0,"k":0}""" },
        { "n=123456789012345678901234567890", """{"n":123456789012345678901234567890}""" },

        // Texts: escapes, three quotes, next to each other, quotes in quotes.
        { """s='a\tb\\\x41\u00e9\U0001F600\101\0', t="\ud83d\ude00", u="\d" """, """{"s":"a\tb\\Aé😀A\u0000","t":"😀","u":"\\d"}""" },
        { "s='''it's\n''quoted''', t=\"\"\"a \"b\" c\"\"\", u='', v=\"\"", """{"s":"it's\n''quoted","t":"a \"b\" c","u":"","v":""}""" },
        { "s='a' \"b\"\n'''c''', t=1", """{"s":"abc","t":1}""" },
        { "s='a\\\nb', t='\\ud800x'", """{"s":"ab","t":"�x"}""" },
        { "s='it's here, they say', t=['he said 'no': twice']", """{"s":"it's here, they say","t":["he said 'no': twice"]}""" },

        // Containers, commas at the end, white space.
        { "a=[1, [2, [], {}], ], b=(), c=(1,), d=('x', 2), e={1}, f={'x', 'y',}, g={}", """{"a":[1,[2,[],{}]],"b":[],"c":[1],"d":["x",2],"e":[1],"f":["x","y"],"g":{}}""" },
        { "\n a = {\n 'k' : [True , False , None],\n 1: 2, None: {'x': {'y': 'z'}}, 2.5: 'w' } ,\n", """{"a":{"k":[true,false,null],"1":2,"null":{"x":{"y":"z"}},"2.5":"w"}}""" },
    };

    [Theory]
    [MemberData(nameof(Python))]
    public void Literals_of_Python_are_JSON(string arguments, string json) => OutputRun.AssertMessage(OutputRun.Format("olmo"), $"<function_calls>f({arguments})</function_calls>", "||f" + JsonNode.Parse(json)!.ToJsonString(OutputRun.Plain), null);

    [Theory]
    [InlineData("x=b'z'")]
    [InlineData("x=1e999")]
    [InlineData("x=1])")]
    [InlineData("x=nan")]
    [InlineData("x=1 + 2")]
    [InlineData("x=g(1)")]
    [InlineData("1")]
    [InlineData("'a'")]
    [InlineData("x=1, x=2")]
    [InlineData("x=")]
    [InlineData("x=(1)")]
    [InlineData("x={[1]: 2}")]
    [InlineData("x={'a': 1, 'b'}")]
    [InlineData("x=[,]")]
    [InlineData("x='\\xg1'")]
    [InlineData("x='\\U00110000'")]
    [InlineData("**{'a': 1}")]
    [InlineData("x y=1")]
    [InlineData("x=1 y=2")]
    [InlineData("x='a")]
    [InlineData("x=0x")]
    [InlineData("x=_1")]
    public void What_is_no_literal_of_Python_breaks_the_call(string arguments)
    {
        string text = $"<function_calls>f({arguments})</function_calls>";
        OutputRun.AssertMessage(OutputRun.Format("olmo"), text, text + "||", null);
    }

    [Theory]
    [InlineData("llama-4", "[1] A note.", "[1] A note.||")]
    [InlineData("llama-4", "[Note: this]", "[Note: this]||")]
    [InlineData("llama-4", "[f(x=1), see below]", ", see below]||f{\"x\":1}")]
    [InlineData("lfm", "<|tool_call_start|>[]<|tool_call_end|>", "<|tool_call_start|>[]<|tool_call_end|>||")]
    [InlineData("lfm", "<|tool_call_start|>[f(x=[1, ", "<|tool_call_start|>[f(x=[1, ||")]
    [InlineData("nemotron", "<TOOLCALL>[{\"name\": \"broken\", \"arguments\": {}</TOOLCALL>", "<TOOLCALL>[{\"name\": \"broken\", \"arguments\": {}</TOOLCALL>||")]
    [InlineData("apertus", "<|tools_prefix|>[{\"get_weather\": {\"location\": \"London\"}", "<|tools_prefix|>[{\"get_weather\": {\"location\": \"London\"}||")]
    [InlineData("apertus", "<|tools_prefix|>[{\"\": {}}]", "<|tools_prefix|>[{\"\": {}}]||")]
    [InlineData("apertus", "<|tools_prefix|>[{\"f\": {}, \"g\": {}}]", "<|tools_prefix|>[{\"f\": {}, \"g\": {}}]||")]
    [InlineData("granite", "<|tool_call|> and", "<|tool_call|> and||")]
    [InlineData("functools", "functools[ This is just text ]", "functools[ This is just text ]||")]
    [InlineData("functools", "import functools", "import functools||")]
    [InlineData("command-r", "Action: none.", "Action: none.||")]
    [InlineData("minimax", "<minimax:tool_call><invoke name=\"f\">words</invoke>", "<minimax:tool_call><invoke name=\"f\">words</invoke>||")]
    [InlineData("glm-4", "Weather\n{\"city\": 1}", "Weather\n{\"city\": 1}||")]
    [InlineData("glm-4", "get_weather is a tool.", "get_weather is a tool.||")]
    [InlineData("glm-4", "get_weather\nis a tool.", "get_weather\nis a tool.||")]
    public void What_is_no_call_is_text(string format, string text, string message) => OutputRun.AssertMessage(OutputRun.Format(format), text, message, s_tools);

    [Theory]
    [InlineData("minimax", "{{ '<minimax:tool_call>' }}")]
    [InlineData("granite", "respond only with <|tool_call|> followed by a JSON list")]
    [InlineData("lfm", "List of tools: <|tool_list_start|>[ <|im_start|>")]
    [InlineData("lfm", "<|im_start|> List of tools: [")]
    [InlineData("olmo", "wrapped in <function_calls></function_calls> XML tags")]
    [InlineData("llama-4", "<|header_start|>system<|header_end|> [func_name1(param=value)] {\"name\": function name, \"parameters\": dictionary of argument name and its value}")]
    [InlineData("pythonic", "[func_name1(params_name1=params_value1)]")]
    [InlineData("nemotron", "<TOOLCALL>[{{\"name\": \"tool_name1\"")]
    [InlineData("hunyuan", "<tool_calls>[{\"name\": \"func_name1\"")]
    [InlineData("hunyuan-tags", "<tool_calls><tool_call><tool_sep><arg_key><arg_value>")]
    [InlineData("ernie", "<tool_call> <response>")]
    [InlineData("ernie", "<global_setting>\nthink_mode=True\n</global_setting> <response>")]
    [InlineData("apertus", "{%- set tool_calls_token = '<|tools_prefix|>' -%}")]
    [InlineData("phi", "<|tool|>' + message['tools'] + '<|/tool|>")]
    [InlineData("functools", "functools[{\"name\": [function name]")]
    [InlineData("command-r", "Write \\'Action:\\' followed by a json-formatted list of actions that")]
    [InlineData("glm-4", "[gMASK]<sop> 在调用上述函数时，请使用 Json 格式表示调用的参数。")]
    [InlineData("deepseek-dsml", "<｜DSML｜tool_calls>")]
    [InlineData("qwen-xml", "<tool_call>\n<function=example_function_name>")]
    [InlineData("hermes", "within <tool_call></tool_call> XML tags")]
    public void A_template_tells_the_format(string format, string template) => Assert.Equal(format, OutputFormat.Of(template).Name);
}
