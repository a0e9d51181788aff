"""What a server costs: processor time and resident memory of all its processes.

A Group is a cgroup (v2, or v1 cpuacct) in which a server is started: children that come and go are counted exactly.
Where no cgroup may be made, the process tree is summed instead: what has ended is in its parent's waited-for times.
"""
import os
import pathlib
import subprocess
import threading
import time

TICKS = os.sysconf("SC_CLK_TCK")
PAGE_KIB = os.sysconf("SC_PAGE_SIZE") // 1024


def _cgroup_root():
    """(folder to make groups in, file with the used time, its unit in seconds), or None."""
    for folder in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified"):
        if os.path.exists(f"{folder}/cgroup.controllers"):
            return pathlib.Path(folder), "cpu.stat", 1e-6
    if os.path.isdir("/sys/fs/cgroup/cpuacct"):
        return pathlib.Path("/sys/fs/cgroup/cpuacct"), "cpuacct.usage", 1e-9
    return None


PERIOD_US = 10_000  # short, so that a quota makes a slow processor and not one that pauses


def _quota_files(name):
    """(folder of a new group, [(file, text by cores)]) where processor time can be limited. Errors: OSError."""
    if os.path.isdir("/sys/fs/cgroup/cpu"):  # v1: a hierarchy of its own
        folder = pathlib.Path("/sys/fs/cgroup/cpu") / name
        folder.mkdir()
        return folder, [("cpu.cfs_period_us", lambda _: PERIOD_US), ("cpu.cfs_quota_us", lambda cores: int(cores * PERIOD_US))]
    place = _cgroup_root()
    if not place:
        raise OSError("no cgroups here")
    folder = place[0] / name
    folder.mkdir(exist_ok=True)
    return folder, [("cpu.max", lambda cores: f"{int(cores * PERIOD_US)} {PERIOD_US}")]


class Group:
    """The processes of one server. `cores`: the processor time they get together; None: all there is."""
    counter = 0

    def __init__(self, name, cores=None):
        self.folder = self.quota_folder = None
        self.root_pid = None
        Group.counter += 1
        place = _cgroup_root()
        if place:
            folder = place[0] / f"ringpost-bench-{os.getpid()}-{Group.counter}-{name}"
            try:
                folder.mkdir()
                self.folder, self.file, self.unit = folder, folder / place[1], place[2]
                self.cpu_seconds()
            except (OSError, ValueError):
                self.close()
        if cores is not None:
            self.quota_folder, files = _quota_files(f"ringpost-bench-{os.getpid()}-{Group.counter}-{name}")
            for file, text in files:
                (self.quota_folder / file).write_text(str(text(cores)))

    def start(self, command, **options):
        """subprocess.Popen of `command`, inside the group."""
        for folder in {self.folder, self.quota_folder} - {None}:
            command = ["/bin/sh", "-c", 'echo $$ > "$0" && exec "$@"', str(folder / "cgroup.procs"), *command]
        process = subprocess.Popen(command, **options)
        self.root_pid = self.root_pid or process.pid
        return process

    def pids(self):
        if self.folder:
            try:
                return [int(p) for p in (self.folder / "cgroup.procs").read_text().split()]
            except OSError:
                return []
        return process_tree(self.root_pid) if self.root_pid else []

    def cpu_seconds(self):
        """User and system time since the group was made."""
        if not self.folder:
            return sum(_tree_cpu(pid) for pid in self.pids())
        text = self.file.read_text()
        if self.file.name == "cpuacct.usage":
            return int(text) * self.unit
        return int(dict(line.split() for line in text.splitlines())["usage_usec"]) * self.unit

    def resident_kib(self):
        """Proportional set size of all processes: pages that several share are counted once."""
        return sum(_pss_kib(pid) for pid in self.pids())

    def wait_empty(self, seconds, others=()):
        """Until none of the group, nor of `others`, runs any more."""
        def left():
            return [pid for pid in {*self.pids(), *others} if (_stat(pid) or "Z")[0] != "Z"]
        end = time.monotonic() + seconds
        while left() and time.monotonic() < end:
            time.sleep(0.02)
        return not left()

    def close(self):
        for folder in {self.folder, self.quota_folder} - {None}:
            try:
                folder.rmdir()
            except OSError:
                pass
        self.folder = self.quota_folder = None


class MemoryWatch(threading.Thread):
    """Remembers the highest resident memory of a group, looking every `interval` seconds."""

    def __init__(self, group, interval=0.5):
        super().__init__(daemon=True)
        self.group, self.interval, self.peak_kib = group, interval, 0
        self._stop_now = threading.Event()

    def run(self):
        while not self._stop_now.is_set():
            self.peak_kib = max(self.peak_kib, self.group.resident_kib())
            self._stop_now.wait(self.interval)

    def stop(self):
        self._stop_now.set()
        self.join()
        self.peak_kib = max(self.peak_kib, self.group.resident_kib())
        return self.peak_kib


def process_tree(root):
    """`root` and all that descend from it now."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            fields = _stat(int(entry))
            if fields:
                children.setdefault(int(fields[1]), []).append(int(entry))
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo += children.get(pid, [])
    return found


def _stat(pid):
    """Fields of /proc/PID/stat from the state on (so that index 1 is the parent), or None when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="latin-1") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return None


def _tree_cpu(pid):
    fields = _stat(pid)
    return sum(int(fields[i]) for i in (11, 12, 13, 14)) / TICKS if fields else 0.0


def _pss_kib(pid):
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            for line in file:
                if line.startswith("Pss:"):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0


def resident_kib(pid):
    """Resident set of one process, cheaply (no walk over its mappings)."""
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * PAGE_KIB
    except OSError:
        return 0
