"""The configuration a test server gets, written as TOML."""

import json
import pathlib

HOSTNAME = "mx.example.test"
DOMAIN = "example.test"


def toml_value(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml_value(item)}" for key, item in value.items()) + " }"
    return json.dumps(str(value), ensure_ascii=False)  # a JSON string is a TOML basic string


def to_toml(config):
    """TOML of a dict: plain keys first, then [tables], then a list of dicts as [[tables]]."""
    lines = [f"{key} = {toml_value(value)}" for key, value in config.items() if not _is_table(value)]
    for name, value in config.items():
        if isinstance(value, dict):
            lines += ["", f"[{name}]"] + [f"{key} = {toml_value(item)}" for key, item in value.items()]
        elif _is_table(value):
            for entry in value:
                lines += ["", f"[[{name}]]"] + [f"{key} = {toml_value(item)}" for key, item in entry.items()]
    return "\n".join(lines) + "\n"


def _is_table(value):
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def set_path(config, path, value):
    """set_path(config, "limits.message_size_max", "64KiB") changes one key and makes its table where needed."""
    *tables, key = path.split(".")
    for name in tables:
        config = config.setdefault(name, {})
    config[key] = value


def base_config(folder):
    """A small relay of our own: `example.test` goes to Maildir, 127.0.0.1 is trusted, 127.0.0.2 is a stranger."""
    folder = pathlib.Path(folder)
    return {
        "hostname": HOSTNAME,
        "data_dir": str(folder / "data"),
        "workers": 2,
        "user": "",
        "listener": [{"address": "127.0.0.1:0", "role": "mx"}],
        "relay": {"trusted_networks": ["127.0.0.1/32"]},
        "domain": [{"name": DOMAIN, "deliver": f"maildir:{folder}/mail/{{domain}}/{{local}}"}],
        "queue": {"min_free_disk": "16MiB"},
        "log": {"format": "json", "level": "debug"},
        "admin": {"address": "127.0.0.1:0"},
    }


def merge(into, changes):
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value
