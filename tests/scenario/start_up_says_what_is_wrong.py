"""A start that cannot be ends at once with 75 or 78, and one line that says what is wrong and what to do."""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile

from lib import NotPermitted, check, check_equal

USER = "nobody"


def serve(ctx, expect, config=None, name="server", prepare=None):
    """Starts a server that must not start; returns the last line of what it says, which is for people."""
    server = ctx.server(config=config, name=name, start=False)
    server.write_config()
    if prepare:
        prepare(server)
    server.cli("serve", expect=expect)
    lines = [line for line in server.cli_error.splitlines() if not line.startswith("{")]
    check_equal(len(lines), 1 if expect == 75 else max(1, len(lines)), f"lines for people in {server.cli_error}")
    return lines[-1] if expect == 75 else "\n".join(lines)


@contextlib.contextmanager
def folder_for_everybody():
    """A folder that another user can reach, which the tree this is run from need not be."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ringpost-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def need_root():
    if os.geteuid() != 0:
        raise NotPermitted("becoming another user")


def test_data_directory_of_somebody_else(ctx):
    need_root()
    with folder_for_everybody() as folder:
        data = folder / "data"
        data.mkdir(mode=0o700)
        said = serve(ctx, 75, {"data_dir": str(data), "user": USER})
    check_equal(said, f"ringpost: {data} belongs to root and may not be written by {USER}, who the server runs as: "
                      f"chown -R {USER} {data}", "the reason")


def test_one_file_of_somebody_else_in_the_data_directory(ctx):
    need_root()
    with folder_for_everybody() as folder:
        data = folder / "data"
        server = ctx.server(config={"data_dir": str(data)})  # once as root
        server.stop()
        shutil.chown(data, USER)
        for part in ("db", "spool"):
            shutil.chown(data / part, USER)
        said = serve(ctx, 75, {"data_dir": str(data), "user": USER}, name="second")
    check(f"{data}/db/" in said and "belongs to root" in said and f"chown -R {USER} {data}" in said, f"it says: {said}")


def test_missing_data_directory_is_made_for_the_user(ctx):
    need_root()
    with folder_for_everybody() as folder:
        data = folder / "volume" / "data"
        server = ctx.server(config={"data_dir": str(data), "user": USER})
        check_equal((data.owner(), oct(data.stat().st_mode & 0o777)), (USER, "0o700"), "owner and mode")
        check_equal(data.parent.owner(), "root", "owner of what is above")
        server.stop()


def test_data_directory_that_is_a_file(ctx):
    file = ctx.folder / "file"
    file.write_text("")
    check_equal(serve(ctx, 78, {"data_dir": str(file)}), f"ringpost: data_dir {file} is no directory", "the reason")


def test_read_only_volume(ctx):
    volume = ctx.folder / "volume"
    volume.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", volume], capture_output=True).returncode:
        raise NotPermitted("mounting a file system")
    ctx.on_exit(lambda: subprocess.run(["umount", "-l", volume], capture_output=True))
    (volume / "data").mkdir()
    subprocess.run(["mount", "-o", "remount,ro", volume], check=True)
    said = serve(ctx, 75, {"data_dir": str(volume / "data")})
    check_equal(said, f"ringpost: {volume}/data is on a file system that is mounted read-only", "the reason")
    said = serve(ctx, 75, {"data_dir": str(volume / "other")}, name="other")
    check(f"{volume} is on a file system that is mounted read-only" in said, f"it says: {said}")


def test_volume_that_another_node_holds(ctx):
    holder = ctx.server()
    said = serve(ctx, 75, {"data_dir": str(holder.folder / "data")}, name="second")
    check(f"held by pid {holder.pid} on host {socket.gethostname()}" in said, f"it says: {said}")


def test_certificate_that_is_missing(ctx):
    def configure(name):
        return {"tls": {"certificates": [{"certificate": name, "key": name}]}}

    check("no.pem: there is no such file" in serve(ctx, 78, configure("no.pem")), "the missing file is not named")
    said = serve(ctx, 78, configure("odd.pem"), "odd", lambda server: (server.folder / "odd.pem").write_text("odd\n"))
    check("odd.pem: no PEM certificate in it" in said, f"it says: {said}")


def test_user_that_does_not_exist(ctx):
    need_root()
    said = serve(ctx, 78, {"user": "nosuchuser"})
    check("no such user: nosuchuser (create it" in said, f"it says: {said}")


def test_address_in_use_and_address_of_another_machine(ctx):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        said = serve(ctx, 75, {"listener": [{"address": address}]})
    check(address in said and "in use" in said, f"it says: {said}")
    said = serve(ctx, 75, {"listener": [{"address": "192.0.2.1:2525"}]}, name="elsewhere")
    check("192.0.2.1:2525" in said and "assign" in said, f"it says: {said}")


def test_every_mistake_of_the_configuration_in_one_run(ctx):
    said = serve(ctx, 78, {"wrong": 1, "hostname": "not a name"})
    check("wrong" in said and "hostname" in said and "2 problems" in said, f"it says: {said}")
