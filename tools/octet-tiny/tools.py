"""Kind 5: tools, questions that ask for them, calls, and sentences about what they return."""

from layout import dumps
from wording import say, split
from words import (ACT, CURRENCIES, GET, HELD_ACT, HELD_GET, HELD_OF, HELD_ON, LANGS, OF, ON, UNITS, city, entity, made_up, name, number,
                   path, phrase, symbol, term)


P = lambda names, what, gen, typ='string': (names.split(), what, gen, typ)
number_ = lambda r, held=False: number(r)
whole = lambda r, held=False: r.choice([r.randint(0, 9), r.randint(10, 99), r.randint(100, 999)])
pick = lambda xs: lambda r, held=False: r.choice(xs)

# tool names, descriptions, parameters, questions, keys of the result.  '~' as before.
FAMILIES = [
    (['get_weather', 'weather', 'get_current_weather', 'current_weather', 'fetch_weather', 'weather_lookup', 'getWeather', 'check_weather', '~weather_report', '~get_forecast'],
     ['Get the weather in a city', 'Get the current weather', 'Weather for a location', 'Returns the current weather at a place', 'Look up the weather', '~The weather of a city'],
     [P('city location place town', 'City name', city)],
     ['what is the weather in {0}', "what's the weather in {0}", 'weather in {0}', 'how is the weather in {0}', 'is it raining in {0}', 'what is the weather like in {0}', 'will it rain in {0}',
      'is it cold in {0}', 'tell me the weather in {0}', 'get the weather for {0}', 'how warm is it in {0}', 'check the weather in {0}', 'what is the temperature in {0}', 'do i need an umbrella in {0}', 'is it going to rain in {0}', 'is it sunny in {0}', 'how cold is it in {0}', '{0} weather', 'will it snow in {0}',
      "what's the weather like in {0} today", '~how is the weather in {0} today', '~give me the weather in {0}', '~what is the weather like in {0} now'],
     ['temperature', 'condition', 'humidity']),
    (['get_time', 'time', 'current_time', 'get_current_time', 'world_clock', 'getTime', 'local_time', '~clock', '~time_in_city'],
     ['Get the current time', 'Current time in a city', 'Returns the local time', '~The time at a place'],
     [P('city timezone location place', 'City or time zone', city)],
     ['what time is it in {0}', 'time in {0}', "what's the time in {0}", 'what is the time in {0}', 'tell me the time in {0}', 'how late is it in {0}', 'which time is it in {0}', 'current time in {0}', 'what time is it now in {0}',
      '~give me the time in {0}', '~what is the current time in {0}'], ['time', 'date']),
    (['convert', 'convert_units', 'unit_converter', 'convert_unit', 'unit_convert', '~units'], ['Convert a value between units', 'Unit conversion', 'Convert units', '~Converts between units'],
     [P('value amount number', 'Value to convert', number_, 'number'), P('from from_unit source', 'Unit to convert from', pick(UNITS)), P('to to_unit target', 'Unit to convert to', pick(UNITS))],
     ['convert {0} {1} to {2}', 'how many {2} are {0} {1}', 'what is {0} {1} in {2}', '{0} {1} to {2}', '{0} {1} in {2}', 'how much is {0} {1} in {2}', 'change {0} {1} to {2}',
      '~please convert {0} {1} into {2}', '~tell me {0} {1} in {2}'], ['value', 'unit']),
    (['convert_currency', 'currency', 'exchange', 'currency_converter', 'exchange_money', '~fx'], ['Convert money', 'Convert an amount between currencies', '~Exchange money'],
     [P('amount value', 'Amount', whole, 'number'), P('from base from_currency', 'Currency code', pick(CURRENCIES)), P('to target to_currency', 'Currency code', pick(CURRENCIES))],
     ['convert {0} {1} to {2}', 'how much is {0} {1} in {2}', '{0} {1} in {2}', 'change {0} {1} to {2}', 'exchange {0} {1} for {2}', 'what is {0} {1} in {2}', '~please exchange {0} {1} to {2}'], ['amount', 'currency']),
    (['lookup', 'define', 'dictionary', 'get_definition', 'look_up', 'glossary', '~define_word'], ['Look up a term', 'Find the definition of a word', 'Dictionary lookup', '~Look up a definition'],
     [P('term word query', 'Term to look up', term)],
     ['look up {0}', 'look up the term {0}', 'find the definition of {0}', 'look up the word {0}', 'look {0} up', 'find {0} in the dictionary', '~please look up {0}', '~look up the definition of {0}'], ['definition']),
    (['add', 'add_numbers', 'sum', 'plus', 'calc_sum', '~addition'], ['Add two numbers', 'Sum of two numbers', 'Adds two integers', '~Add numbers'],
     [P('a x first left', 'First number', whole, 'integer'), P('b y second right', 'Second number', whole, 'integer')],
     ['what is {0} + {1}', 'add {0} and {1}', '{0} + {1}', 'what is {0} plus {1}', 'sum of {0} and {1}', 'calculate {0} + {1}', 'how much is {0} plus {1}', 'compute {0} + {1}', 'what is the sum of {0} and {1}', '~tell me {0} + {1}', '~please add {0} and {1}'], ['result']),
    (['multiply', 'mul', 'multiply_numbers', 'product', '~times'], ['Multiply two numbers', 'Product of two numbers', '~Multiply numbers'],
     [P('a x first left', 'First number', whole, 'integer'), P('b y second right', 'Second number', whole, 'integer')],
     ['what is {0} * {1}', 'multiply {0} by {1}', '{0} * {1}', 'what is {0} times {1}', 'product of {0} and {1}', 'calculate {0} * {1}', 'how much is {0} times {1}', '~tell me {0} * {1}', '~please multiply {0} and {1}'], ['result']),
    (['search', 'web_search', 'search_web', 'google', 'find_pages', 'searchWeb', '~internet_search'], ['Search the web', 'Web search', 'Find pages on the internet', '~Search the internet'],
     [P('query q text', 'Search query', phrase)],
     ['search for {0}', 'search the web for {0}', 'google {0}', 'find pages about {0}', 'look for {0} on the web', 'search {0}', 'web search: {0}', '~please search for {0}', '~search the internet for {0}'], ['title', 'url']),
    (['read_file', 'open_file', 'cat', 'get_file', 'load_file', 'readFile', '~file_reader'], ['Read a file', 'Returns the content of a file', 'Read a text file', '~Reads a file'],
     [P('path file filename', 'Path of the file', path)],
     ['read the file {0}', 'read {0}', 'show me the file {0}', 'what is in {0}', 'open {0}', 'show {0}', 'what does {0} contain', 'print the file {0}', '~please read {0}', '~show me what is in {0}'], ['content', 'size']),
    (['get_stock_price', 'stock_price', 'stock', 'get_quote', 'stock_quote', '~share_price'], ['Get the price of a stock', 'Stock price by symbol', '~Price of a share'],
     [P('symbol ticker', 'Stock symbol', symbol)],
     ['what is the stock price of {0}', 'stock price of {0}', 'how much is {0} stock', 'price of {0}', 'what does {0} trade at', 'get the price of {0}', 'quote for {0}', '~give me the stock price of {0}', '~what is the price of {0} stock'], ['price', 'currency']),
    (['translate', 'translate_text', 'translator', '~translation'], ['Translate text', 'Translate text to another language', '~Translates text'],
     [P('text sentence', 'Text to translate', phrase), P('language target to', 'Target language', pick(LANGS))],
     ['translate {0} to {1}', 'translate "{0}" to {1}', 'how do you say {0} in {1}', 'say {0} in {1}', 'what is {0} in {1}', '~please translate {0} into {1}'], ['translation']),
    (['set_timer', 'timer', 'start_timer', '~countdown'], ['Set a timer', 'Start a timer', '~Timer'], [P('minutes duration', 'Minutes', whole, 'integer')],
     ['set a timer for {0} minutes', 'timer for {0} minutes', 'start a timer of {0} minutes', 'wake me in {0} minutes', '{0} minute timer', '~please set a timer for {0} minutes'], ['status']),
    (['send_message', 'message', 'send_text', 'send_mail', '~notify'], ['Send a message', 'Send a message to a person', '~Sends a message'],
     [P('to recipient name', 'Recipient', name), P('text message body', 'Text of the message', phrase)],
     ['send {0} the message {1}', 'send a message to {0}: {1}', 'tell {0} {1}', 'write to {0}: {1}', 'message {0}: {1}', '~please send {0} this message: {1}'], ['status']),
    (['get_user', 'find_user', 'user_info', 'lookup_user', '~user_details'], ['Get a user', 'Find a user by name', '~User details'], [P('name user username', 'Name of the user', name)],
     ['who is {0}', 'find the user {0}', 'show me user {0}', 'get the user {0}', 'tell me about {0}', 'look up {0}', '~give me the user {0}'], ['email', 'age']),
    (['distance', 'get_distance', 'route', '~travel_distance'], ['Distance between two cities', 'Get the distance', '~How far it is'], [P('from origin start', 'Start', city), P('to destination end', 'Destination', city)],
     ['how far is it from {0} to {1}', 'distance from {0} to {1}', 'distance between {0} and {1}', 'how far is {0} from {1}', 'what is the distance from {0} to {1}', '~tell me the distance from {0} to {1}'], ['km', 'miles']),
]
NO_ARGS = [
    (['get_date', 'today', 'current_date'], 'Get the date', ['what is the date', 'what day is it', "what's the date today", 'which day is today', '~what is the date today'], ['date']),
    (['roll_dice', 'dice', 'roll_die'], 'Roll a die', ['roll a die', 'roll the dice', 'throw a die', '~please roll a die'], ['result']),
    (['list_files', 'ls', 'get_files'], 'List the files', ['list the files', 'which files are there', 'show me the files', '~list all files'], ['files']),
    (['get_location', 'where_am_i', 'my_location'], 'Get my location', ['where am i', 'what is my location', 'my location', '~tell me my location'], ['city']),
    (['get_news', 'news', 'headlines'], 'Get the news', ["what's the news", 'what is the news', 'show me the news', '~give me the news'], ['title']),
]
# The general families: "the ATTRIBUTE of ENTITY x" and "ACTION the OBJECT x".  Their names are put together at random, so that
# the model learns to copy a name from the list of tools instead of remembering it.


def style(r, words):
    k = r.random()
    return '_'.join(words) if k < .75 else words[0] + ''.join(w.capitalize() for w in words[1:]) if k < .9 else '-'.join(words) if k < .95 else ''.join(words)


def general(r, held):
    """A family of its own for one conversation."""
    mix = held and r.random() < .5
    if r.random() < .6:
        g, o = r.choice(HELD_GET if mix else GET), r.choice(HELD_OF if mix else OF)
        words = r.choice([['get', g], ['get', o, g], [o, g], ['fetch', g], ['find', g], ['lookup', g], ['read', o, g], [g], [g, 'of', o], ['query', g], [made_up(r)]])
        names, what = [style(r, words)], ['Get the %s of a %s' % (g, o), 'Returns the %s' % g, '%s of a %s' % (g.capitalize(), o), 'Find the %s for a %s' % (g, o),
                                           'Gets the %s' % g, 'Shows the %s of the %s' % (g, o), 'Returns the current %s of the given %s' % (g, o), 'Use this to look up the %s of a %s' % (g, o), made_up(r).capitalize()]
        qs = ['what is the {g} of {0}', "what's the {g} of {0}", 'what is the {g} of {o} {0}', 'what is the {g} of the {o} {0}', '{g} of {0}', 'tell me the {g} of {0}', 'get the {g} of {o} {0}',
              'find the {g} of {0}', 'give me the {g} of {0}', '{0} {g}', 'i need the {g} of {0}', 'which {g} does {0} have', 'show me the {g} of the {o} {0}', '~show me the {g} of {0}', '~what {g} does {o} {0} have', '~please get the {g} of {0}']
        keys = [g]
    else:
        g, o = r.choice(HELD_ACT if mix else ACT), r.choice(HELD_ON if mix else ON)
        words = r.choice([[g, o], [g, o], [g, 'a', o], [o, g], ['do', g], [g, 'the', o], [g], [made_up(r)]])
        names, what = [style(r, words)], ['%s a %s' % (g.capitalize(), o), '%s the %s' % (g.capitalize(), o), 'Used to %s a %s' % (g, o), '%ss the given %s' % (g.capitalize(), o), 'Call this to %s a %s' % (g, o), made_up(r).capitalize()]
        qs = ['{g} {o} {0}', '{g} the {o} {0}', '{g} {0}', 'please {g} the {o} {0}', 'can you {g} {o} {0}', 'i want to {g} the {o} {0}', 'could you {g} the {o} {0}', 'please {g} {0}', '~can you {g} the {o} {0}', '~i would like to {g} {o} {0}']
        keys = ['status', 'result']
    gen, typ = (whole, 'integer') if r.random() < .15 else (entity, 'string')
    pn = r.choice([o, 'name', 'id', o + '_id', o + '_name', 'key', 'target', 'item', made_up(r)])
    qs = [q.replace('{g}', g).replace('{o}', o) for q in qs]
    return names, what, [P(pn, r.choice(['Name of the ' + o, 'The ' + o, 'ID of the ' + o]), gen, typ)], qs, keys


OPTIONAL = [('unit', {'type': 'string', 'enum': ['celsius', 'fahrenheit']}), ('limit', {'type': 'integer'}), ('format', {'type': 'string', 'enum': ['json', 'text']}),
            ('lang', {'type': 'string', 'description': 'Language'}), ('verbose', {'type': 'boolean'}), ('page', {'type': 'integer', 'description': 'Page number'})]


def schema(r, fam, held=False):
    """One tool offered: (its JSON, its parameter names)."""
    names, whats, params, _, _ = fam
    pnames = [r.choice(p[0]) for p in params]
    props, described = {}, r.random() < .4
    for n, p in zip(pnames, params):
        props[n] = {'type': p[3]}
        if described:
            props[n]['description'] = p[1]
    par = {'type': 'object', 'properties': props}
    if r.random() < .12:                                            # a parameter that nobody asks for
        n, p = r.choice(OPTIONAL)
        if n not in props:
            props[n] = p
        par['required'] = pnames
    elif r.random() < .75:
        par['required'] = pnames
    if r.random() < .06:
        par['additionalProperties'] = False
    ns, ws = split(names, held and r.random() < .6) or split(names, False), split(whats, held) or whats
    f = {'name': r.choice(ns), 'description': r.choice(ws) + ('.' if r.random() < .4 else ''), 'parameters': par}
    return {'type': 'function', 'function': f}, pnames


def no_args(r, fam):
    return {'type': 'function', 'function': {'name': r.choice(fam[0]), 'description': fam[1], 'parameters': {'type': 'object', 'properties': {}}}}


def result_value(r, key):
    k = r.random()
    if key in ('temperature', 'humidity', 'price', 'amount', 'km', 'miles', 'result', 'value', 'size', 'age') or k < .3:
        return number(r)
    return r.choice(['sunny', 'cloudy', 'rain', 'snow', 'ok', 'done', 'sent', 'windy', 'open', 'closed', 'blue', 'large', 'new', 'true story']) if k < .45 else \
        '%d:%02d' % (r.randrange(24), r.randrange(60)) if k < .55 else made_up(r) if k < .7 else phrase(r) if k < .85 else entity(r)


def response(r, keys):
    """(what the tool returns, the sentence about it, the values that must appear)"""
    k = r.random()
    if k < .06:
        e = r.choice(['not found', 'timeout', 'access denied', 'unknown name', 'no connection', made_up(r) + ' failed'])
        return dumps({'error': e}), 'The tool reports an error: %s.' % e, [e]
    if k < .4:
        v = result_value(r, keys[0])
        v = '%s %s' % (v, r.choice(['C', 'degrees', 'km', 'EUR', 'kg', 'sunny', 'C and rain', 'percent'])) if not isinstance(v, str) and r.random() < .5 else str(v)
        return v, 'The result is %s.' % v, [v]
    ks = r.sample(keys, r.randint(1, len(keys)))
    if r.random() < .25:
        ks.append(r.choice(GET))
    ks = list(dict.fromkeys(ks))
    d = {x: result_value(r, x) for x in ks}
    s = ['the %s is %s' % (x, v) for x, v in d.items()]
    s = ', '.join(s[:-1]) + ' and ' + s[-1] if len(s) > 1 else s[0]
    return dumps(d), s[0].upper() + s[1:] + '.', [str(v) for v in d.values()]


def call_message(tool, args):
    return {'role': 'assistant', 'content': '', 'tool_calls': [{'type': 'function', 'function': {'name': tool['function']['name'], 'arguments': args}}]}


class ToolTalk:
    """Offers tools and asks for one of them."""

    def __init__(self, r, held=False):
        self.r, self.held = r, held
        self.offers, used = [], set()
        for _ in range(r.choice([1, 1, 2, 2, 3])):
            k = r.random()
            if k < .5:
                i = r.randrange(len(FAMILIES))
                group = {2: 'convert', 3: 'convert', 4: 'look', 7: 'look', 13: 'look'}.get(i, i)      # one of those that share questions
                if group in used:
                    continue
                used.add(group)
                fam = FAMILIES[i]
                self.offers.append((fam, *schema(r, fam, held)))
            elif k < .94 or held:
                fam = general(r, held)
                self.offers.append((fam, *schema(r, fam, False)))
            else:
                i = r.randrange(len(NO_ARGS))
                if ('n', i) not in used:
                    used.add(('n', i))
                    self.offers.append((NO_ARGS[i], no_args(r, NO_ARGS[i]), None))
        self.used = used
        if not self.offers:
            self.__init__(r, held)
        seen = set()
        self.offers = [o for o in self.offers if not (o[1]['function']['name'] in seen or seen.add(o[1]['function']['name']))]
        self.tools = [o[1] for o in self.offers]

    def ask(self):
        """(question, the call that answers it, keys of the result)"""
        r = self.r
        fam, tool, pnames = r.choice(self.offers)
        if pnames is None:
            return say(r, r.choice(split(fam[2], False)), decorate=r.random() < .3), call_message(tool, {}), fam[3]
        vals = [p[2](r, self.held) for p in fam[2]]
        while len(vals) == 3 and vals[1] == vals[2]:
            vals[2] = fam[2][2][2](r)
        q = r.choice(split(fam[3], self.held)).format(*vals)
        if not self.held and r.random() < .15 and fam[2][-1][2] not in (phrase, term, path, entity, name):
            q += r.choice([' right now', ' for me', ' today', ' now', ' please', ', please', ' at the moment', ' this morning', ' if you can'])
        return keep_values(r, q, vals, self.held), call_message(tool, dict(zip(pnames, vals))), fam[4]

    def has_sum(self):
        return bool(self.used & {5, 6})


def keep_values(r, q, vals, held):
    """say(), but the arguments stay as they are: they have to be copied."""
    for _ in range(20):
        s = say(r, q, held, decorate=r.random() < .6)
        if all(str(v) in s for v in vals):
            if str(vals[-1])[-1:] == '.' or not s.endswith('.') or '.' not in str(vals[-1]):
                return s
    return q
