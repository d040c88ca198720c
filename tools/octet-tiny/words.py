"""Names, places, things and made-up words.  The HELD_ lists are for the evaluation only."""
from wording import TYPOS


CITIES = '''Paris London Berlin Madrid Rome Vienna Prague Warsaw Lisbon Dublin Oslo Stockholm Helsinki Copenhagen Athens Budapest Moscow Tokyo Kyoto
Osaka Seoul Beijing Shanghai Delhi Mumbai Bangkok Singapore Sydney Melbourne Toronto Montreal Chicago Boston Seattle Denver Dallas Houston Miami Cairo
Lagos Accra Tunis Lima Bogota Quito Havana Zürich Geneva Basel Hamburg Munich Cologne Milan Turin Naples Venice Porto Seville Valencia Bilbao Lyon Nice
Marseille Ghent Antwerp Rotterdam Utrecht Kraków Gdansk Riga Vilnius Tallinn Minsk Kyiv Sofia Belgrade Zagreb Ankara Istanbul Tehran Baghdad Dubai
Karachi Dhaka Hanoi Manila Jakarta Perth Auckland Phoenix Atlanta Austin Portland Detroit Memphis'''.split() + [
    'New York', 'Los Angeles', 'San Francisco', 'Hong Kong', 'Mexico City', 'Buenos Aires', 'Rio de Janeiro', 'São Paulo', 'Cape Town', 'Tel Aviv',
    'Kuala Lumpur', 'Saint Petersburg', 'San Diego', 'Las Vegas', 'New Delhi', 'Santa Fe', '東京', 'Москва']
HELD_CITIES = ['Reykjavik', 'Nairobi', 'Ljubljana', 'Salzburg', 'Marrakesh', 'Bratislava', 'Tampere', 'Calgary', 'Brisbane', 'Santiago', 'Oxford', 'Leipzig',
               'Salt Lake City', 'Addis Ababa']
COUNTRIES = '''France Germany Spain Italy Portugal Poland Sweden Norway Finland Denmark Greece Turkey Egypt Nigeria Ghana Kenya Morocco Brazil Argentina Chile
Peru Colombia Mexico Canada Australia India China Japan Korea Vietnam Thailand Indonesia Iran Iraq Israel Russia Ukraine Hungary Austria Switzerland Belgium
Ireland Iceland Cuba Jamaica Nepal Mongolia'''.split()
HELD_COUNTRIES = ['Uruguay', 'Namibia', 'Latvia', 'Bhutan', 'Tanzania', 'Croatia', 'Paraguay', 'Madagascar']
PEOPLE = '''Einstein Newton Mozart Bach Picasso Shakespeare Napoleon Caesar Cleopatra Darwin Galileo Plato Socrates Lincoln Gandhi Mandela Beethoven Goethe
Kafka Tolstoy Turing Gauss Euler Curie Edison Tesla Columbus Washington Madonna Elvis'''.split() + [
    'Albert Einstein', 'Isaac Newton', 'Marie Curie', 'Alan Turing', 'Ada Lovelace', 'the president', 'the king of Spain', 'the pope', 'Taylor Swift',
    'Leonardo da Vinci', 'my neighbour', 'Harry Potter', 'Santa Claus', 'Julius Caesar', 'Queen Victoria']
HELD_PEOPLE = ['Charles Dickens', 'Vivaldi', 'Nelson Mandela', 'Aristotle', 'Florence Nightingale', 'Rembrandt', 'Hannibal']
FIRST = '''Anna Ben Clara David Emma Frank Grace Henry Ida Jack Karen Leo Maria Nora Oscar Paul Quentin Rosa Sam Tina Uma Victor Wendy Xavier Yara Zoe Alice Bob
Carol Dan Eve Mallory Peter Julia Mark Lucy Tom Sarah John Mary'''.split()
HELD_FIRST = ['Gustav', 'Philippa', 'Dmitri', 'Beatrice', 'Rashid', 'Ingrid']
LAST = 'Smith Miller Meyer Brown Garcia Rossi Novak Silva Jones Clark Lopez Hansen Kim Chen Patel Walker Young King Wright Hill'.split()
THINGS = '''apple banana bread butter cheese chocolate coffee tea soup salad pizza pasta rice cake cookie egg chicken fish steak wine beer water milk sugar salt
cat dog horse cow pig sheep lion tiger bear wolf fox rabbit mouse elephant whale shark eagle owl spider bee ant butterfly dinosaur tree flower rose grass
forest river lake sea ocean mountain volcano desert island beach moon sun star planet galaxy comet universe earth sky cloud rain snow storm wind
car train plane ship bicycle bus truck rocket engine wheel road bridge house castle tower church school hospital hotel museum garden kitchen window door
book movie song guitar piano violin painting poem novel story game chess football tennis basketball swimming running yoga marathon
phone computer laptop keyboard printer camera television radio internet email website browser database virus password robot drone battery laser magnet
love happiness death life time money war peace freedom history science philosophy religion politics economy inflation democracy law tax insurance
heart brain blood bone skin eye hand tooth fever headache vaccine sleep dream diet exercise gravity light sound energy electricity atom electron photon
molecule gene cell protein oxygen hydrogen carbon iron gold silver diamond plastic glass paper cotton silk shoe shirt hat coat ring watch umbrella
python java javascript rust haskell sql linux windows docker git html regex algorithm compiler recursion blockchain bitcoin'''.split()
HELD_THINGS = '''giraffe lasagna accordion thunder submarine pyramid origami penguin saxophone avocado lighthouse mosquito glacier trumpet helicopter
mustard hurricane archery telescope pancake parachute cactus'''.split()
ADJ = 'big small red old new fast slow cheap expensive famous beautiful dangerous funny simple strong heavy tall hot cold happy'.split()
SYL = ['ba', 'ko', 'ri', 'ta', 'mel', 'zu', 'dor', 'fen', 'gal', 'hi', 'jo', 'lan', 'mi', 'nor', 'pe', 'qua', 'ru', 'sal', 'tor', 'ul', 'vi', 'wen', 'xa', 'yo',
       'zan', 'bri', 'cla', 'dre', 'fli', 'gro', 'ple', 'stra', 'tho', 'ving', 'er', 'on', 'is', 'um', 'ax', 'ent', 'ick', 'ost', 'urn', 'ell', 'and']


def made_up(r):
    """A word nobody has seen; sometimes plain letter salad, so that every spelling gets copied now and then."""
    if r.random() < .3:
        return ''.join(r.choice(TYPOS) for _ in range(r.randint(3, 7)))
    return ''.join(r.choice(SYL) for _ in range(r.randint(2, 3)))


def thing(r, held):
    if held:
        return r.choice(HELD_THINGS)
    return r.choice(THINGS) if r.random() < .75 else made_up(r)


def city(r, held=False):
    return r.choice(HELD_CITIES) if held else r.choice(CITIES) if r.random() < .6 else made_up(r).capitalize()


def country(r, held=False):
    return r.choice(HELD_COUNTRIES) if held else r.choice(COUNTRIES) if r.random() < .8 else made_up(r).capitalize()


def person(r, held=False):
    if held:
        return r.choice(HELD_PEOPLE)
    return r.choice(PEOPLE) if r.random() < .6 else r.choice(FIRST) + ' ' + r.choice(LAST) if r.random() < .6 else made_up(r).capitalize()


def number(r):
    return r.choice([r.randint(0, 9), r.randint(10, 99), r.randint(100, 999), r.randint(1000, 9999), round(r.random() * 100, 1)])


def code(r):
    return r.choice(['%s-%d' % (''.join(r.choice('ABCDEFGHKLMNPRSTUVWXZ') for _ in range(r.randint(1, 3))), r.randint(1, 9999)), '%d' % r.randint(100, 99999),
                     ''.join(r.choice('ABCDEFGHIKLMNOPRSTUVWXYZ') for _ in range(r.randint(2, 5)))])


def name(r, held=False):
    if held:
        return r.choice(HELD_FIRST)
    return r.choice(FIRST) if r.random() < .5 else made_up(r).capitalize() if r.random() < .6 else r.choice(FIRST) + ' ' + r.choice(LAST)


def path(r, held=False):
    base = made_up(r) if held or r.random() < .5 else r.choice('notes todo readme main config data report index test log'.split())
    d = r.choice(['', '', '', '/etc/', 'src/', 'docs/', '/tmp/', 'data/', '/home/%s/' % r.choice(FIRST).lower(), made_up(r) + '/'])
    return d + base + '.' + r.choice('txt md json py cs log csv c html yaml'.split())


def phrase(r, held=False):
    k = r.random()
    n = thing(r, held)
    return n if k < .35 else '%s %s' % (r.choice(ADJ), n) if k < .6 else '%s %s' % (n, thing(r, held)) if k < .8 else '%s in %s' % (n, city(r, held))


def term(r, held=False):
    return r.choice(['E4M3', 'softmax', 'KV cache', 'entropy', 'BF16', 'latency', 'perplexity']) if r.random() < .2 and not held else phrase(r, held)


def symbol(r, held=False):
    return ''.join(r.choice('ABCDEFGHIJKLMNOPQRSTUVWXYZ') for _ in range(r.randint(2, 4)))


CURRENCIES = 'USD EUR GBP JPY CHF SEK NOK PLN CAD AUD INR CNY'.split()
UNITS = 'miles km meters feet inches pounds kg grams liters gallons celsius fahrenheit hours minutes seconds days'.split()
LANGS = 'French German Spanish Italian Polish Dutch Swedish Japanese Chinese Korean Russian Turkish'.split()


GET = '''price height status color population speed owner age address author title rating weight length capital language currency score balance size version
location phone birthday salary level volume distance duration area depth rank calories ingredients director genre manager deadline schedule license model
temperature pressure humidity voltage latency uptime mileage stock inventory name id type category date'''.split()
OF = '''product server mountain country order user city book movie song employee building river planet team player customer account device car house file
project package flight train hotel restaurant recipe animal plant school company account invoice ticket machine sensor room store task animal'''.split()
HELD_GET, HELD_OF = ['elevation', 'budget', 'warranty', 'altitude', 'tax', 'religion'], ['bridge', 'vehicle', 'satellite', 'museum', 'printer', 'province']
ACT = '''open close start stop delete create play order call book track cancel rename print scan pause resume restart lock unlock move copy clean check update
download upload send share archive repair charge launch install remove enable disable show hide'''.split()
ON = '''door song ticket order file table package meeting project server window car room lamp machine job printer account device game video document folder service
task playlist app update alarm backup'''.split()
HELD_ACT, HELD_ON = ['rotate', 'reserve', 'approve', 'mute', 'publish'], ['gate', 'parcel', 'boat', 'camera', 'contract']


def entity(r, held=False):
    k = r.random()
    return made_up(r).capitalize() if k < .3 else code(r) if k < .5 else name(r, held) if k < .65 else city(r, held) if k < .75 else country(r, held) if k < .85 else phrase(r, held)
