"""A queue written by a newer version is not opened and not changed: going back to the old program loses nothing."""

import ctypes
import ctypes.util
import hashlib

from lib import Skip, check, check_equal


def set_schema(path, version):
    """Writes the schema version of a queue's database, through RocksDB's C interface."""
    name = ctypes.util.find_library("rocksdb")
    if not name:
        raise Skip("librocksdb is not installed")
    db = ctypes.CDLL(name)
    for function in ("rocksdb_options_create", "rocksdb_list_column_families", "rocksdb_open_column_families",
                     "rocksdb_writeoptions_create"):
        getattr(db, function).restype = ctypes.c_void_p
    pointer, error, count = ctypes.c_void_p, ctypes.c_char_p(), ctypes.c_size_t()
    options = pointer(db.rocksdb_options_create())
    place = str(path).encode()
    names = ctypes.cast(pointer(db.rocksdb_list_column_families(options, place, ctypes.byref(count), ctypes.byref(error))),
                        ctypes.POINTER(ctypes.c_char_p))
    check(not error.value, f"list families: {error.value}")
    families = [names[i] for i in range(count.value)]
    c_names = (ctypes.c_char_p * len(families))(*families)
    c_options = (pointer * len(families))(*[options] * len(families))
    handles = (pointer * len(families))()
    handle = pointer(db.rocksdb_open_column_families(options, place, len(families), c_names, c_options, handles,
                                                     ctypes.byref(error)))
    check(not error.value, f"open: {error.value}")
    key, value = b"schema", str(version).encode()
    db.rocksdb_put_cf(handle, pointer(db.rocksdb_writeoptions_create()), pointer(handles[families.index(b"meta")]), key,
                      ctypes.c_size_t(len(key)), value, ctypes.c_size_t(len(value)), ctypes.byref(error))
    check(not error.value, f"put: {error.value}")
    for one in handles:
        db.rocksdb_column_family_handle_destroy(pointer(one))
    db.rocksdb_close(handle)


def contents(folder):
    """A digest of every file but RocksDB's own log and lock, which reading may touch."""
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith(("LOG", "LOCK", "lock"))}


def test_newer_schema_is_refused_untouched(ctx):
    server = ctx.server()
    data = server.folder / "data"
    server.stop()
    set_schema(data / "db", 99)
    before = contents(data)
    said = server.cli("serve", expect=75) + server.cli_error  # 75: could not start (docs/operations.md)
    check("newer" in said and "99" in said, f"the refusal does not say why: {said}")
    check_equal(contents(data), before, "files of the data directory after the refusal")
    set_schema(data / "db", 1)
    server.start()
    server.send("back@example.test")
    server.wait_mail("back")
