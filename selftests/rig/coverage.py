# SPDX-License-Identifier: GPL-2.0
"""Prints which lines of a directory's files were reached.

coverage.py <least> <directory>: asks gcov about every object below
<directory> that was compiled to count. Files in a directory "tests" are left out.
Those that were not compiled, as those of "s390" are on another architecture, do
not count either: they are named. Fails when less than <least> percent of the lines
were reached.
"""

import json
import os
import subprocess
import sys


def objects(top):
    """What gcov is to be asked about, and sources that were not compiled"""
    notes, silent = [], []
    for path, dirs, files in os.walk(top):
        dirs.sort()
        if os.path.basename(path) == "tests":
            dirs.clear()
            continue
        for name in sorted(files):
            source = os.path.join(path, name)
            if not name.endswith(".c") or name.endswith(".mod.c"):
                continue
            note = source[:-1] + "gcno"
            if os.path.exists(note):
                notes.append(note)
            else:
                silent.append(source)
    return notes, silent


def read(notes, top):
    """File -> line -> [runs, function], file -> function -> [first, last, runs]"""
    lines, functions = {}, {}
    gcov = subprocess.run(["gcov", "--json-format", "--stdout"] + notes,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    # It tells of files without code, too, there
    if gcov.returncode:
        sys.exit(gcov.stderr.decode())
    for document in gcov.stdout.splitlines():
        for entry in json.loads(document)["files"]:
            name = os.path.relpath(os.path.realpath(entry["file"]))
            if not name.startswith(top + os.sep):
                continue
            # A header is in several objects, and so are its inline functions
            known = lines.setdefault(name, {})
            for line in entry["lines"]:
                runs = known.setdefault(line["line_number"],
                                        [0, line.get("function_name", "")])
                runs[0] += line["count"]
            known = functions.setdefault(name, {})
            for function in entry["functions"]:
                seen = known.setdefault(function["name"],
                                        [function["start_line"], function["end_line"], 0])
                seen[2] += function["execution_count"]
    return lines, functions


def ranges(numbers):
    """12 13 14 20 as 12-14 20"""
    parts = []
    for number in numbers:
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ["%d" % a if a == b else "%d-%d" % (a, b) for a, b in parts]


def report_missed(name, lines, functions):
    """What of one file was not reached"""
    missed = sorted(n for n, (runs, _) in lines.items() if not runs)
    if not missed:
        return
    print("\n%s" % name)
    for function, (first, last, runs) in sorted(functions.items(), key=lambda f: f[1]):
        if not runs:
            print("  %s() is never called, lines %d to %d" % (function, first, last))
            missed = [n for n in missed if not first <= n <= last]
    with open(name, encoding="utf-8") as source:
        text = source.read().splitlines()
    for part in ranges(missed):
        first = int(part.split("-")[0])
        print("  %-9s %s: %s" % (part, lines[first][1], text[first - 1].strip()))


def percent(reached, count):
    """Rounded down: 100.0 is all"""
    return reached * 1000 // count / 10


def main():
    """See above"""
    least, top = float(sys.argv[1]), sys.argv[2]
    notes, silent = objects(top)
    lines, functions = read(notes, top)
    total = reached = 0

    print("\n%-36s %8s %8s %8s" % ("file", "lines", "reached", "percent"))
    for name in sorted(lines):
        here = sum(1 for runs, _ in lines[name].values() if runs)
        if lines[name]:
            print("%-36s %8d %8d %8.1f" % (name, len(lines[name]), here,
                                           percent(here, len(lines[name]))))
        total += len(lines[name])
        reached += here
    if not total:
        sys.exit("error: gcov knows no line of %s" % top)
    print("%-36s %8d %8d %8.1f" % ("all", total, reached, percent(reached, total)))

    print("\nnot counted, as it does not run in user-mode Linux: %s" % " ".join(silent))
    print("\nnot reached:")
    for name in sorted(lines):
        report_missed(name, lines[name], functions[name])
    print()
    if reached * 100 < least * total:
        sys.exit("error: less than %g %% of the lines were reached" % least)


main()
