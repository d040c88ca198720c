"""Takes parts of a self-contained folder away that its program does not use: python3 prune.py FOLDER PATTERN..."""
import fnmatch
import json
import os
import sys

folder, patterns = sys.argv[1], sys.argv[2:]


def gone(name):
    return any(fnmatch.fnmatch(os.path.basename(name), pattern) for pattern in patterns)


for name in os.listdir(folder):
    if gone(name):
        os.remove(os.path.join(folder, name))

# The host looks for every file that is listed.
for name in os.listdir(folder):
    if name.endswith('.deps.json'):
        path = os.path.join(folder, name)
        with open(path) as file:
            content = json.load(file)
        for target in content['targets'].values():
            for library in target.values():
                for kind in ('runtime', 'native'):
                    if kind in library:
                        library[kind] = {file: entry for file, entry in library[kind].items() if not gone(file)}
        with open(path, 'w') as file:
            json.dump(content, file)
