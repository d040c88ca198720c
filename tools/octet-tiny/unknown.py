"""Kind 4: everything else, as (question, answer).  The answer says that the model does not know."""
from facts import FORMATS
from wording import say, split
from words import ADJ, GET, city, country, made_up, person, thing


UNKNOWN = "I don't know that. I can answer questions about FP8, number formats and Octet."
CANNOT = "I can't do that. I can answer questions about FP8, number formats and Octet."
ONLY_SMALL = 'I can only add, subtract and multiply one-digit numbers.'


VERBS = 'eat see find build paint write win buy sell kill love hate use need grow cook drive fly swim sing teach learn break move carry wash read hear follow'.split()
PAST = 'ate saw found built painted wrote won bought sold killed loved hated used needed grew cooked drove flew invented discovered broke moved stole designed'.split()


def odd(r):
    """A question put together word by word, for wordings that no list of templates has."""
    n = lambda: thing(r, False)
    noun = lambda: '%s%s%s' % (r.choice(['the ', 'a ', 'my ', 'this ', 'your ', '', 'some ']), r.choice(ADJ) + ' ' if r.random() < .3 else '', n())
    who = lambda: r.choice([noun(), noun(), person(r), 'i', 'you', 'we', 'they', 'people', city(r), country(r)])
    tail = lambda: r.choice(['', '', '', ' in ' + city(r), ' in %d' % r.randint(1000, 2030), ' with ' + noun(), ' for ' + noun(), ' today', ' tomorrow', ' without ' + noun(), ' at home'])
    return r.choice([
        lambda: '%s %s %s %s%s' % (r.choice(['why', 'how', 'when', 'where', 'what']), r.choice(['do', 'does', 'did', 'can', 'will', 'should', 'could']), who(), r.choice(VERBS), tail()),
        lambda: '%s %s %s %s %s%s' % (r.choice(['why', 'how', 'when', 'where']), r.choice(['do', 'does', 'did', 'can', 'will', 'should']), who(), r.choice(VERBS), noun(), tail()),
        lambda: 'who %s %s%s' % (r.choice(PAST), noun(), tail()),
        lambda: '%s %s %s %s%s' % (r.choice(['can', 'will', 'should', 'does', 'did']), who(), r.choice(VERBS), noun(), tail()),
        lambda: 'how many %ss does %s have' % (n(), who()),
        lambda: 'how %s is %s%s' % (r.choice(ADJ + ['far', 'long', 'deep', 'often', 'high', 'good']), noun(), tail()),
        lambda: 'what is the %s of %s%s' % (r.choice(GET + ADJ + [n(), 'point', 'best', 'color', 'temperature', 'reason', 'end']), noun(), tail()),
        lambda: 'what %s %s %s' % (n(), r.choice(['is', 'has', 'makes', 'needs']), noun()),
        lambda: '%s %s %s%s' % (r.choice(['i', 'we', 'they', person(r)]), r.choice(PAST), noun(), tail()),
        lambda: 'what is %s' % ' '.join([made_up(r) for _ in range(r.randint(1, 2))] + [n()] * (r.random() < .3)),
        lambda: 'is %s %s%s' % (who(), r.choice(ADJ), tail()),
        lambda: 'do you %s %s' % (r.choice(VERBS), noun()),
        lambda: 'what is the best way to %s %s' % (r.choice(VERBS), noun()),
        lambda: 'which %s %s %s' % (n(), r.choice(PAST), noun()),
    ])()


def request(r):
    n = lambda: thing(r, False)
    what = '%s%s' % (r.choice(['', 'the ', 'a ', 'a %s ' % r.choice(ADJ), 'some ', 'my ', 'me a ']), n())
    return '%s %s%s' % (r.choice('write make build draw paint cook buy order call book send play sing fix clean drive explain-to solve sort design print copy rename plan create generate compose prove open close'.split()).replace('-', ' '),
                        what, r.choice(['', '', ' about %s' % n(), ' for %s' % person(r), ' in %s' % city(r), ' that has %s' % n(), ' with %ss' % n(), ' in python', ' please']))


ASK = ['what is {n}', 'what is a {n}', 'what is the {n}', "what's a {n}", 'tell me about {n}', 'explain {n}', 'define {n}', '{n}', 'what does {n} mean',
       'how does a {n} work', 'how do i make a {n}', 'how much does a {n} cost', 'where can i buy a {n}', 'why is the {n} so {j}', 'who invented the {n}',
       'when was the {n} invented', 'what color is a {n}', 'how old is the {n}', 'how many {n}s are there', 'do you like {n}', 'is {n} good for you',
       'can a {n} swim', 'what is the best {n}', 'which {n} should i buy', 'how do you spell {n}', 'what is the history of {n}', 'give me facts about {n}',
       'how long does a {n} live', 'what is the difference between a {n} and a {m}', 'is a {n} bigger than a {m}', '{n} or {m}', '{n} vs {m}', 'how heavy is a {n}',
       'what is the largest {n}', 'what is the smallest {n}', 'what is the maximum speed of a {n}', 'how many {n}s does a {m} have', 'does {n} have {m}', 'is there a {n} in {c}',
       'what is the size of a {n}', 'how do i learn {n}', 'what is the price of {n}', 'what is the {j} {n}', 'describe a {n}', 'what are {n}s', 'can i eat {n}', 'why do {n}s {m}',
       'how do i fix my {n}', 'my {n} is broken', 'i like {n}', 'i have a {n}', 'the {n} is {j}', 'is the {n} {j}', 'what is your favorite {n}', 'what is {n} made of', 'meaning of {n}',
       'what is the capital of {k}', 'capital of {k}', 'how many people live in {c}', 'where is {c}', 'what is the population of {k}', 'which language do they speak in {k}',
       'who is the president of {k}', 'how far is {c} from {d}', 'is {c} in {k}', 'what can i see in {c}', 'tell me about {c}', 'how big is {k}', 'what is the currency of {k}',
       'what is the flag of {k}', 'how do i get to {c}', 'what is the best restaurant in {c}', 'which country is {c} in', 'what is {c} known for',
       'who is {p}', 'who was {p}', 'when was {p} born', 'when did {p} die', 'tell me about {p}', 'what did {p} do', 'where does {p} live', 'how old is {p}', 'is {p} alive',
       'why is {p} famous', 'who is the wife of {p}', 'what did {p} write', 'do you know {p}', 'did {p} like {n}', 'how tall is {p}', 'was {p} a king',
       'what is the weather in {c}', 'weather in {c}', 'will it rain in {c}', 'what time is it in {c}', 'what time is it', 'what day is it', 'what is the date', "what's the news",
       'who won the game', 'who won the world cup', 'what is the stock price of {n}', 'is it cold in {c}', 'how is the weather', 'what is the temperature in {c}', 'when is the next train to {c}',
       'when did the war end', 'what happened in {y}', 'who was king in {y}', 'what happened in {c} in {y}', 'why is the sky blue', 'what is the meaning of life', 'why', 'what', 'who', 'how',
       'is there life on mars', 'what is the speed of light', 'how many days are in a year', 'what is my name', 'where am i', 'how old am i', 'do you love me', 'are you happy', 'what should i eat today',
       'what is love', 'who will win', 'what is the answer', 'is it true', 'really', 'are you sure', 'how old are you', 'where do you live', 'what is the square root of {n}', 'what is pi',
       'can you recommend a {n}', 'what is E{e}M{f}', 'max of E{e}M{f}', 'what is the bias of E{e}M{f}', 'what is {u}', 'what is the {u} of {v}', '{u} {v}', 'what is {u} in {v}', 'how do i {u} a {v}',
       'what is {a}^{b}', 'square root of {g}', 'is {g} prime', 'what is the max of {n}', 'maximum of {n}', 'what is the bias of {n}', 'does {n} have infinity', 'how many bits has a {n}', 'what is the {n} command',
       'how do i {n} a model', 'is octet a {n}', 'can octet {n}', 'does octet have a {n}', 'what is the {n} of octet', 'can you recommend a good {n}', 'who painted {n}', 'who wrote {n}', 'how many legs does a {n} have', 'what is the boiling point of {n}',
       'will it be sunny tomorrow', 'how do i boil {n}', 'solve x = {g}', 'what is the {n} theorem', 'when is christmas', 'how tall is the {n}', 'what does a {n} look like', 'who owns {n}',
       '~do you know where {c} is', '~who discovered the {n}', '~why do people like {n}', '~what is the name of the president of {k}', '~how do i cook {n}', '~when was {c} founded',
       '~what is {p} famous for', '~where was {p} born', '~can you tell me about {n}', '~is {n} a kind of {m}', '~what is the longest river in {k}', '~how is the weather in {c} today',
       '~how many {n}s are in {c}', '~which is better, a {n} or a {m}', '~what was the year {y} like', '~what do {n}s eat', '~i need a new {n}']
DO = ['write a poem about {n}', 'write a {n} story', 'write a function that sorts a list', 'write a python program', 'write code for a {n}', 'give me a recipe for {n}',
      'recipe for {n}', 'translate {n} to French', 'translate this to German', 'tell me a joke', 'tell me a joke about a {n}', 'tell me a story', 'sing a song', 'draw a {n}', 'write an essay about {n}',
      'write an email to {p}', 'summarize the book', 'book a flight to {c}', 'order a {n}', 'play a song', 'set an alarm', 'open the {n}', 'call {p}', 'send a message to {p}', 'make me a {n}',
      'write a letter to {p}', 'write a haiku about the {n}', 'plan a trip to {c}', 'fix my code', 'write html for a {n}', 'create a {n}', 'buy a {n}', 'remind me to buy {n}', 'find a {n}', 'sort these numbers',
      'write a song about {c}', 'generate a password', 'show me a picture of a {n}', 'count to {y}', 'write sql for {n}', 'solve this equation', 'pretend to be {p}', 'say something in {k}',
      'write a regex', 'implement a {n} in java', 'delete my files', 'turn on the {n}', 'search for {n}', 'write a review of {n}',
      '~write a short poem about {n}', '~give me a good recipe for {n}', '~tell me a story about a {n}', '~book a hotel in {c}', '~write a python function for {n}', '~translate {n} to Spanish', '~make a drawing of a {n}']
BIG = ['what is {g} + {h}', '{g} + {h}', '{g}*{h}', '{g} - {h}', 'what is {g} times {h}', 'what is {g} plus {h}', 'calculate {g} * {h}', 'how much is {g} - {h}', 'what is {g} minus {h}',
       'what is {a} / {b}', '{g} / {h}', '{a} divided by {b}', 'what is {g} divided by {h}', '{g} + {b}', 'what is {a} + {h}', '{a} + {h}', 'add {g} and {h}', 'multiply {g} by {h}', '{a} times {h}',
       '~tell me {g} + {h}', '~please calculate {g} times {h}']


def unknown(r, held=False):
    k = r.random()
    if k < .05 and not held:
        s = ' '.join(made_up(r) for _ in range(r.randint(1, 4)))
        return (s if r.random() < .7 else r.choice(['😀', '???', '...', '!!', '🙂🙂', '-', '123', '42', 'öäü', 'αβγ', '$$$', 'lol', 'hmm', 'test', 'ok', 'yes', 'no'])), UNKNOWN
    e, f = r.randint(1, 9), r.randint(0, 9)
    while 'E%dM%d' % (e, f) in FORMATS:
        e, f = r.randint(1, 9), r.randint(0, 9)
    v = dict(n=thing(r, held), m=thing(r, held), j=r.choice(ADJ), c=city(r, held), d=city(r, held), k=country(r, held), p=person(r, held), y=r.randint(1000, 2030), e=e, f=f,
             u=made_up(r), v=made_up(r), g=r.choice([r.randint(10, 99), r.randint(10, 999)]), h=r.randint(10, 99), a=r.randrange(10), b=r.randrange(10))
    if k < .12:
        return say(r, r.choice(split(BIG, held)).format(**v), held, decorate=False), ONLY_SMALL
    if k < .3:
        if not held and r.random() < .3:
            return say(r, request(r)), CANNOT
        return say(r, r.choice(split(DO, held)).format(**v), held), CANNOT
    if not held and k < .55:
        return say(r, odd(r)), UNKNOWN
    return say(r, r.choice(split(ASK, held)).format(**v), held), UNKNOWN
