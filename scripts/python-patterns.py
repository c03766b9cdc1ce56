#!/usr/bin/env python3
"""What Python's `re.fullmatch` answers, for the patterns of the tuple space.

python3 scripts/python-patterns.py                    writes test/services/tuples/python-patterns.json
python3 scripts/python-patterns.py --fuzz SEED COUNT  prints patterns made by chance, with their answers, in the same form

Needs Python 3.11: later ones differ in what they refuse. Every line: {"pattern", "matched": inputs that match} or
{"pattern", "error": why Python refuses it}. The inputs are the same for all; they are elements of tuples (letters and digits of
ASCII, 1 to 64), as nothing else is ever matched.
"""

import json
import pathlib
import random
import re
import signal
import sys
import warnings

INPUTS = (
    "a b A B 0 7 9 i I k K s S z Z aa ab ba bb aB Ab AB a1 1a 12 00 07 aaa aab aba abb abc ABC aBc xyz 123 007 a1b "
    "aaaa abab abba abcd 1234 2026 user user1 user12 User1 USER99 admin guest foobar foo bar FooBar barfoo aaaaa "
    "aaaaaaaaaa hello Hello world helloworld colour color gray grey cat cats dog x1y2z3 deadbeef DEADBEEF c0ffee "
    "9lives strasse ki KI is SI 0x1F abcabc abcabcabc aXb aXXb a0b a00b"
).split() + ["a" * 30 + "b", "a" * 64, "ab" * 32, "0" * 64]

# By subject; what is not supported here but in Python is in the last list.
PATTERNS = [
    # characters, and what fullmatch means
    *["a", "ab", "abc", "user1", "A", "0", "", "b", "é", "ſ", "a-b", "a b", "a,b", "ab\n", "\u212a", "a_"],
    # dot, sets
    *[".", "..", ".*", ".+", "...", "a.b", "[abc]", "[a-c]", "[a-c]+", "[^a]", "[^a]+", "[^a-z]", "[^a-z]+", "[0-9]+"],
    *["[a-zA-Z]+", "[a-zA-Z0-9]+", "[]a]", "[]]", "[^]a]", "[]-a]+", "[a-]", "[-a]", "[a-c-e]", "[+-9]+", "[\\]a]"],
    *["[\\w]+", "[\\W]", "[\\d]+", "[\\D]+", "[^\\d]+", "[^\\W\\d]+", "[\\s\\S]+", "[^\\s]+", "[\\d-]+", "[a\\-z]+"],
    *["[\\x61-\\x63]+", "[\\141]+", "[\\0-\\x7f]+", "[\\u0061b]+", "[é-ü]", "[a-ü]+", "[\\b]", "[.]", "[.*]+", "[^^]"],
    *["[a^]", "[$]", "[(]", "[)|(]", "[a|b]", "[{}]", "[[]", "[a[b]", "[a-z&&[aeiou]]", "[&-Z]+", "[\\\\a]", "[ -~]+"],
    # categories
    *["\\d", "\\d+", "\\D+", "\\w+", "\\W", "\\W*", "\\s", "\\s*", "\\S+", "\\w\\d", "\\d\\D", "\\w+\\d", "\\d{4}"],
    # repeats
    *["a*", "a+", "a?", "a??", "a*?", "a+?", "a{3}", "a{2,}", "a{,2}", "a{,}", "a{2,3}", "a{0}", "a{0,0}", "a{1}"],
    *["a{2,3}?", "a{}", "a{x}", "a{1", "a{1,", "a{1,x}", "a{ 1}", "{a", "a{,x}", "x{,1}y", "(ab){2}", "(?:ab){2,}"],
    *["(ab)*", "(a|b)*", "(a*)*", "(a*)+", "(a+)+b", "(a|aa)+", "(|a)+", "(a|)*b", "(?:a?){30}b", "(?:){5}a", "()*a"],
    *["a{64}", "a{65}", "a{1000}", "a{0,1000}", "a{1001}", "a{5000,}", "(a{8}){8}", "(a{9}){9}", "(?:ab){32}", "0{10,99}"],
    *["(?:a{0,20}){0,20}", "(?:a|b){64}", "(?:a|ab)(?:c|bcd)(?:d*)", "(x+x+)+y", "(.*)(.*)(.*)(.*)(.*)[0-9]"],
    # alternatives
    *["a|b", "a|b|c", "ab|cd|user1", "|a", "a|", "a||b", "|", "(a|b)c", "gr(a|e)y", "colou?r", "cat|cats", "cats?"],
    *["(?:foo|bar)+", "(?:foo|bar)*", "foo(?:bar)?", "x|.*[0-9]", "(a|ab)(c|bcd)", "(?:a|b)|c"],
    # groups and names
    *["(a)(b)", "((a)b)", "(?P<n>a)b", "(?P<n>a)(?P<m>b)", "(?P<é>a)", "(?:a)", "(?:a|b)c", "()", "(?:)", "a(?#x)b"],
    *["(?#)a", "a(?#x)*", "(?#a comment)[0-9]+", "a(?#[()b", "(?#\\)a)b"],
    # places
    *["^a", "a$", "^a$", "^abc$", "\\Aa\\Z", "\\Aabc\\Z", "a\\Z", "^", "$", "^$", "a^b", "a$b", "\\ba\\b", "\\b\\w+\\b"],
    *["a\\Bb", "a\\bb", "\\Ba", "\\B\\B", "\\babc", "(^a|b)c", "(^a|b)bc", "(a$|b)", "(?:^|a)+b", "(?:a|$)+", "(?:\\Ba)+"],
    *["(?:a\\B)*b", "(?m)^a$", "(?m:^abc$)", "(?:^)*a", "(?:\\b)+abc", "(^)a", "a(?:$)", "$|a", "(?:$)?a", ".*\\b.*\\B.*"],
    # escapes
    *["\\x61", "\\x61\\x62", "\\u0061", "\\U00000061", "\\u00e9", "\\141", "\\0", "\\07", "\\060", "\\60", "\\0601"],
    *["\\.", "\\*", "\\-", "\\_", "\\ ", "\\é", "\\n", "\\t", "\\r", "\\f", "\\v", "\\a", "\\\\", "\\x7a", "\\172", "a\\/"],
    # flags
    *["(?i)a", "(?i)abc", "(?i)[a-c]+", "(?i)[^a-c]+", "(?i)user[0-9]+", "(?i:a)b", "a(?i:b)", "(?i:a(?-i:b))", "(?-i:a)"],
    *["(?i)k", "(?i)\u212a", "(?i)ſ", "(?i)[ſ]i", "(?i)ı", "(?i)İ", "(?i)[İ]+", "(?i)[à-\u2fff]+", "(?i)s", "(?ai)ſ", "(?ai)k"],
    *["(?ia)\u212a", "(?a)\\w+", "(?u)\\w+", "(?i)\\W", "(?i)[^k]", "(?i)[^\u212a]", "(?a:(?i)a)", "(?i)(?a:ſ)", "(?ai)(?u:ſ)"],
    *["(?s).*", "(?s:.)a", "(?m)a", "(?im)A", "(?i)(?m)A", "(?x)a b c", "(?x) a # comment\n b", "(?x)a\\ b", "(?x)[a b]+"],
    *["(?x:a b)c", "(?x)a b(?-x: c)", "(?x)a {2}", "(?x)a{2 }", "(?x) # nothing", "(?xi) A B", "(?x)a(?#b) c", "(?x)( a | b )+"],
    *["(?i)[A-\U00010000]+", "(?i)[\U00010000-\U00010fff]", "(?i)[{-\U00010000]", "(?u:a)", "(?t)a", "(?ms-i:a)", "(?-imsx:a)"],
    # what people write
    *["user\\d+", "(?i)user\\d{1,2}", "[a-z]+[0-9]*", "[A-Z][a-z]+", "(?:[A-Z][a-z]+)+", "0x[0-9A-F]+", "[0-9a-f]{8}"],
    *["(?i)[0-9a-f]+", "(?:abc)+", "([a-z]\\d)+", "(?P<year>\\d{4})", "[^0-9]*", "[aeiou]", ".*[aeiou].*", ".*[^aeiou]"],
    *["(?:0|[1-9]\\d*)", "(?:(?:a|b)c?)*d?", "a.*b", "a.+b", "a.?b", "hello|world", "(hello|world)+", ".*(?:foo|bar)"],
    # refused by Python
    *["*", "*a", "+", "?", "{1}", "a**", "a*+*", "a+*", "a??*", "a{2}{3}", "a{1}*", "a|*", "(*a)", "(", ")", "(a", "a)"],
    *["((a)", "(?", "(?P", "(?P<", "(?P<n", "(?P<n>", "(?P<>a)", "(?P<1>a)", "(?P<n>a)(?P<n>b)", "(?P<a-b>c)", "(?Px)"],
    *["(?z)", "(?<a)", "(?:", "(?#", "[", "[]", "[^]", "[a", "[z-a]", "[a-", "[\\w-a]", "[a-\\d]", "[\\z]", "[\\9]"],
    *["a{2,1}", "a{99999999999}", "a{4294967295}", "a{0,4294967296}", "\\", "a\\", "\\x1", "\\xg", "\\u12", "\\U0011FFFF"],
    *["\\q", "\\z", "\\y", "\\8", "\\1", "(a)\\2", "(a\\1)", "\\400", "\\777", "[\\400]", "\\N", "\\N{", "\\N{}", "^*", "$+"],
    *["\\b*", "\\Z?", "(?i", "(?i-", "(?i-)", "(?ii-i:a)", "(?L)a", "(?au)a", "(?a)(?u)a", "(?-a:b)", "(?iq)a", "a(?i)b"],
    *["a|(?i)b", "(?i)|(?m)a", "((?i)a)", "(?t)a*", "(?t:a)", "(?-t:a)", "(?P=n)", "(?(1)a|b|c)", "(?(1)a)", "(?(0)a)(b)"],
    *["(?(n)a)", "(?()a)", "(?<=a*)b", "(?<=a|bc)d", "(a)(?<=(b)\\2)", "(?=a", "(?<!a", "(?>a", "a{1,2}{3}", "x{2}**"],
    # taken by Python and not here
    *["a(?=b)b", "(?=a)a", "(?!a)b", "(?!.*b)a+", "(?<=a)b", "a(?<=a)b", "(?<!a)b", "(a)\\1", "(?P<n>a)(?P=n)", "(.)\\1"],
    *["(?>a+)b", "a*+b", "a++", "a?+b", "a{1,2}+b", "(a)?(?(1)b|a)", "(?P<n>a)?(?(n)b|a)", "\\N{LATIN SMALL LETTER A}"],
    *["[\\N{DIGIT ZERO}]+", "(?=a)*a", "(?<=(?:a|b))a"],
]


def answer(pattern):
    """One line of the table."""
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError, ValueError, RecursionError) as error:
        return {"pattern": pattern, "error": str(error)}
    return {"pattern": pattern, "matched": [text for text in INPUTS if compiled.fullmatch(text)]}


class TooSlow(Exception):
    """Python's own matching went exponential: nothing to compare with."""


def answer_in_time(pattern, seconds):
    """As `answer`; None when Python does not get done."""

    def stop(_signal, _frame):
        raise TooSlow

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return answer(pattern)
    except TooSlow:
        return None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


class Grammar:
    """Patterns by chance: mostly right ones, now and then with a character too many or too few."""

    def __init__(self, chance):
        self.chance = chance

    def pick(self, *of):
        return self.chance.choice(of)

    def pattern(self):
        text = self.pick("", "", "", "", "(?i)", "(?a)", "(?x)", "(?ai)", "(?m)") + self.choice(3)
        if self.chance.random() < 0.15:
            at = self.chance.randrange(len(text) + 1)
            text = text[:at] + self.pick("", "(", ")", "[", "]", "*", "+", "?", "{", "}", "{2}", "|", "\\", "-", "^", "#", " ") + (
                text[at + self.pick(0, 1) :]
            )
        return text

    def choice(self, depth):
        return "|".join(self.sequence(depth) for _ in range(self.pick(1, 1, 1, 2, 3)))

    def sequence(self, depth):
        return "".join(self.repeated(depth) for _ in range(self.pick(0, 1, 1, 2, 2, 3, 4)))

    def repeated(self, depth):
        atom = self.atom(depth)
        if self.chance.random() < 0.6:
            return atom
        low = self.chance.randrange(4)
        counts = self.pick("{%d}" % low, "{%d,}" % low, "{,%d}" % low, "{%d,%d}" % (low, low + self.chance.randrange(-1, 4)))
        return atom + self.pick("*", "+", "?", "*", "+", "?", counts, counts, "{70}", "{0,70}") + self.pick("", "", "", "?")

    def atom(self, depth):
        kind = self.chance.randrange(24 if depth > 0 else 16)
        if kind < 7:
            return self.pick(*"aabbABc019xyzikKs")
        if kind < 9:
            return "."
        if kind < 11:
            return self.character_class()
        if kind < 12:
            return self.pick("\\d", "\\D", "\\w", "\\W", "\\s", "\\S")
        if kind < 13:
            return self.pick("^", "$", "\\A", "\\Z", "\\b", "\\B")
        if kind < 14:
            return self.pick("\\x61", "\\u0062", "\\U00000041", "\\141", "\\060", "\\0", "\\.", "\\-", "\\n", "\\q", "\\8", "\\_", "\\ ")
        if kind < 15:
            return self.pick("ſ", "\u212a", "İ", "ı", "é", "\U0001f355", " ", "#", "-", "_", "\n")
        if kind < 16:
            return self.pick("(?#c)", "{", "}", "]", "{}", "{a}", "{1", ",")
        inner = self.choice(depth - 1)
        begin = self.pick("(", "(", "(?:", "(?:", "(?P<n%d>" % self.chance.randrange(1000), "(?i:", "(?-i:", "(?x:", "(?a:", "(?u:", "(?s-x:")
        return begin + inner + ")"

    def character_class(self):
        members = "".join(self.member() for _ in range(self.pick(1, 1, 2, 3)))
        return "[" + self.pick("", "", "^") + members + "]"

    def member(self):
        kind = self.chance.randrange(8)
        if kind < 3:
            return self.pick(*"abABck019szIi")
        if kind < 5:
            return self.pick("a-c", "0-9", "A-Z", "a-z", "x-z", "Z-a", "9-0", "!-~", "é-\u2fff", "\x00-\U0010ffff", "A-\U00010000")
        if kind < 6:
            return self.pick("\\d", "\\D", "\\w", "\\W", "\\s", "\\S")
        if kind < 7:
            return self.pick("\\x61", "\\141", "\\0", "\\b", "\\]", "\\\\", "\\-", "\\u0130", "\\q", "\\9")
        return self.pick("ſ", "\u212a", "İ", "ı", "é", "-", "^", "]", "[", ".", "|", "&&", "--")


def main(arguments):
    warnings.simplefilter("ignore")
    if arguments[:1] == ["--fuzz"]:
        grammar = Grammar(random.Random(int(arguments[1])))
        patterns = (grammar.pattern() for _ in range(int(arguments[2])))
        lines = (line for line in (answer_in_time(pattern, 0.2) for pattern in patterns) if line is not None)
        print(json.dumps({"inputs": INPUTS, "patterns": list(lines)}))
        return
    unique = list(dict.fromkeys(PATTERNS))
    lines = [line for line in (answer_in_time(pattern, 5) for pattern in unique) if line is not None]
    rows = ",\n".join("    " + json.dumps(line, ensure_ascii=False) for line in lines)
    text = '{\n  "python": %s,\n  "inputs": %s,\n  "patterns": [\n%s\n  ]\n}\n' % (
        json.dumps(".".join(map(str, sys.version_info[:2]))),
        json.dumps(INPUTS),
        rows,
    )
    path = pathlib.Path(__file__).parent.parent / "test/services/tuples/python-patterns.json"
    path.write_text(text, encoding="utf-8")
    print(f"{len(lines)} patterns, {len(unique) - len(lines)} left out as Python does not get done")


main(sys.argv[1:])
