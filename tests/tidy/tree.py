"""The source tree as the checks see it: files read once, layers, and what a line of C++ is made of."""

import hashlib
import re
import shlex
import subprocess

SOURCE_FOLDERS = ["src", "queue", "bench", "tests/unit", "tests/fuzz"]
SCRIPT_FOLDERS = ["tests", "deploy", ".ci", "docs", "bench"]


class Tree:
    """The files that belong to the project, read once."""

    def __init__(self, root):
        self.root = root
        self.text = {}
        for folder in SOURCE_FOLDERS + SCRIPT_FOLDERS:
            for path in sorted((root / folder).rglob("*")):
                if path.is_file() and not self._foreign(path):
                    self._add(path)
        for path in sorted(root.iterdir()):
            if path.is_file() and path.name != "LICENSE":
                self._add(path)
        self.layers = read_layers(root / "tests/tidy/layers.txt")

    @staticmethod
    def _foreign(path):
        return "__pycache__" in path.parts or "corpus" in path.parts or path.suffix in (".pyc", ".png", ".bin", ".der")

    def _add(self, path):
        try:
            self.text[path.relative_to(self.root).as_posix()] = path.read_text()
        except UnicodeDecodeError:
            pass  # octets on purpose: a transcript or a sample

    def files(self, *suffixes, under=("",)):
        return [(name, text) for name, text in self.text.items()
                if name.endswith(suffixes) and any(name.startswith(folder) for folder in under)]

    def cxx(self):
        return self.files(".h", ".cc", under=SOURCE_FOLDERS)

    def product(self):
        return self.files(".h", ".cc", under=("src/", "queue/", "bench/"))


def read_layers(path):
    """{folder: (rank, [foreign prefixes])}"""
    layers = {}
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            folder, rank, *doors = line.split()
            layers[folder] = (int(rank), [door for door in doors if door != "-"])
    return layers


def folder_of(name):
    parts = name.split("/")
    return parts[1] if parts[0] == "src" else parts[0]


def includes(text):
    """(line number, header, quoted?) of every include."""
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if match:
            yield number, match.group(2), match.group(1) == '"'


def code_only(text):
    """Comments and literals blanked, lines kept: for heuristics that count braces or look for words of code."""
    pattern = r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\''
    return re.sub(pattern, lambda match: re.sub(r"[^\n]", " ", match.group(0)), text, flags=re.S)


def comments(text):
    """(line number, comment text) of C++ comments."""
    for match in re.finditer(r'"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/', text, re.S):
        if not match.group(0).startswith('"'):
            yield text.count("\n", 0, match.start()) + 1, match.group(0)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def closes_initialisers(code, brace):
    """Whether the brace opens the body of a constructor behind `member_{value}`."""
    return code[:brace].rstrip(" ").endswith("}") and code[code.rfind("\n", 0, brace) + 1:brace].strip() != "}"


def functions(code):
    """(first line, last line, head) of blocks that follow a parameter list and stand outside any other such block."""
    stack, mark = [], 0
    for match in re.finditer(r"[{};]", code):
        if match.group(0) == "{":
            head = code[mark:match.start()].strip()
            follows = r"\)\s*(const|noexcept|override|final|mutable|->[^{]*|requires[^{]*|:[^{]*|\s)*$"
            is_function = not any(stack) and (closes_initialisers(code, match.start()) or (
                re.search(follows, head) and not re.match(r"(namespace|class|struct|enum|union)\b", head)))
            stack.append((line_of(code, match.start()), head) if is_function else None)
        elif match.group(0) == "}" and stack:
            opened = stack.pop()
            if opened:
                yield opened[0], line_of(code, match.start()), " ".join(opened[1].split())[-80:]
        mark = match.end()


def pkg_config(*names):
    run = subprocess.run(["pkg-config", "--cflags", *names], capture_output=True, text=True)
    return shlex.split(run.stdout)


def compile_alone(tree, name, compiler, flags, cache):
    key = hashlib.sha256("\n".join([compiler, *flags, *closure(tree, name)]).encode()).hexdigest()
    stamp = cache / (name.replace("/", "_") + ".ok")
    if stamp.exists() and stamp.read_text() == key:
        return None
    include = name.removeprefix("src/")
    run = subprocess.run([compiler, *flags, "-x", "c++", "-"], input=f'#include "{include}"\n#include "{include}"\n',
                         capture_output=True, text=True, cwd=tree.root)
    if run.returncode or run.stderr.strip():
        return f"{name}: " + "; ".join(line for line in run.stderr.splitlines() if "error" in line or "warning" in line)[:300]
    stamp.write_text(key)
    return None


def closure(tree, name, seen=None):
    """Texts of a header and all project headers it reaches."""
    seen = {} if seen is None else seen
    if name in seen or name not in tree.text:
        return seen.values()
    seen[name] = tree.text[name]
    for _, header, quoted in includes(tree.text[name]):
        if quoted:
            closure(tree, header if header in tree.text else f"src/{header}", seen)
    return seen.values()
