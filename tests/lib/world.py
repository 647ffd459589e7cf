# SPDX-License-Identifier: Apache-2.0
"""A world for tests that build and run app images: base images from this machine's own programs, a data directory of
dema, and the phases one by one in a root of their own. No network, no mirror, nothing outside one temporary directory.
"""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parent / "data"
CNB_ID = 1000
RUN, BUILD = "example.test/run", "example.test/build"
# What the shells of buildpacks call. The essential ones are bash and coreutils, which Debian's essential set has.
PROGRAMS = """bash dash env cat cp mv rm ln ls mkdir rmdir chmod chown touch stat head tail tr cut sort uniq wc sed grep find
printf printenv echo true false sleep id sha256sum basename dirname readlink mktemp mkfifo date tee seq dd truncate test pwd uname kill ps tar
gzip setsid nproc sync df cksum od""".split()
ETC = {
    "passwd": "root:x:0:0:root:/root:/bin/sh\ncnb:x:1000:1000:cnb:/home/cnb:/bin/bash\n",
    "group": "root:x:0:\ncnb:x:1000:\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}
NOT_OF_PYTHON = {"test", "tests", "idlelib", "tkinter", "lib2to3", "ensurepip", "distutils", "pydoc_data", "unittest", "turtledemo",
                 "__pycache__", "site-packages", "dist-packages", "asyncio", "sqlite3", "venv", "xmlrpc", "wsgiref", "curses",
                 "dbm", "msilib", "multiprocessing", "concurrent"}


class Skip(Exception):
    """Why a test cannot run here."""


class Tap:
    """TAP: one line a test; `with tap.test(name):` turns what is raised into its result."""

    def __init__(self):
        self.n, self.failed = 0, 0

    @contextlib.contextmanager
    def test(self, name):
        try:
            yield
            self.say(True, name)
        except Skip as why:
            self.say(True, f"{name} # SKIP {why}")
        except Exception as why:  # any failure is this test's
            self.say(False, name)
            for line in f"{type(why).__name__}: {why}".splitlines()[:40]:
                print(f"# {line[:400]}", flush=True)

    def say(self, ok, name):
        self.n += 1
        self.failed += not ok
        print(f"{'' if ok else 'not '}ok {self.n} - {name}", flush=True)

    def end(self):
        print(f"1..{self.n}", flush=True)
        return 1 if self.failed else 0


def skip_all(why):
    print(f"1..0 # SKIP {why}")
    sys.exit(0)


def check(holds, what):
    if not holds:
        raise AssertionError(what)


def equal(got, want, what):
    if got != want:
        raise AssertionError(f"{what}\n  got  {got!r}\n  want {want!r}")


def in_order(text, wanted, what):
    """Each of the texts stands in `text`, one behind the other."""
    at = 0
    for w in wanted:
        found = text.find(w, at)
        check(found >= 0, f"{what}: {w!r} is not there" + (" behind the ones before" if at else "") + f":\n{text[-4000:]}")
        at = found + len(w)


def write(path, data, mode=0o644):
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    path.chmod(mode)
    return path


# --- The root filesystem of both base images.

def libraries(program):
    out = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    return [w for w in re.findall(r"(/\S+)", out.stdout) if os.path.exists(w)]


def usr(path):
    """Where a file of the host goes in a tree with one /usr."""
    path = str(path)
    return path[1:] if path.startswith("/usr/") else "usr" + path


def add_program(root, real, name, seen):
    target = root / "usr/bin" / name
    if not target.exists():
        shutil.copy2(real, target)
        target.chmod(0o755)
    for lib in libraries(real):
        if lib not in seen:
            seen.add(lib)
            to = root / usr(lib)
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(lib, to)


def add_python(root, seen):
    python = "/usr/bin/python3"
    if not os.path.exists(python):
        return
    real = os.path.realpath(python)
    ask = [python, "-I", "-c", "import sysconfig, os; print(sysconfig.get_path('stdlib'))"]
    lib = pathlib.Path(subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip())
    if not str(lib).startswith("/usr/"):
        return
    add_program(root, real, os.path.basename(real), seen)
    (root / "usr/bin/python3").symlink_to(os.path.basename(real))
    target = root / usr(lib)
    shutil.copytree(lib, target, symlinks=False, ignore_dangling_symlinks=True,
                    ignore=lambda _, names: [n for n in names if n in NOT_OF_PYTHON or n.startswith("config-")])
    for module in (target / "lib-dynload").glob("*.so"):  # what needs libraries beside the C library
        if any("/libc.so" not in x and "/ld-linux" not in x and "/libm.so" not in x for x in libraries(str(module))):
            module.unlink()


def make_tree(root):
    """A root filesystem of this machine's own programs. The same bytes whoever makes it."""
    root = pathlib.Path(root)
    for d in ("usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "etc", "proc", "sys", "dev", "tmp", "root", "home/cnb", "workspace",
              "layers", "platform", "cnb", "var/tmp", "run"):
        (root / d).mkdir(parents=True)
    for link in ("bin", "sbin", "lib", "lib64"):
        (root / link).symlink_to(f"usr/{link}")
    seen = set()
    for name in PROGRAMS:
        real = shutil.which(name, path="/usr/bin:/bin:/usr/sbin:/sbin")
        if real:
            add_program(root, real, name, seen)
    for libc in [lib for lib in seen if lib.endswith("/libc.so.6")]:  # programs of Rust want this one too
        extra = os.path.join(os.path.dirname(libc), "libgcc_s.so.1")
        if os.path.exists(extra):
            shutil.copy2(extra, root / usr(extra))
    (root / "usr/bin/sh").symlink_to("dash" if (root / "usr/bin/dash").exists() else "bash")
    add_python(root, seen)
    for name, text in ETC.items():
        write(root / "etc" / name, text)
    shutil.copyfile("/etc/os-release", root / "etc/os-release")
    for directory, dirs, files in os.walk(root):
        for name in dirs + files:
            path = os.path.join(directory, name)
            if not os.path.islink(path):
                os.chmod(path, 0o755 if os.path.isdir(path) or os.stat(path).st_mode & 0o111 else 0o644)
    (root / "tmp").chmod(0o1777)
    (root / "var/tmp").chmod(0o1777)
    return root


# --- dema.

class World:
    """Programs of a build directory, a base tree, data directories; `user` runs them as another uid (root only)."""

    def __init__(self, build, dir=None):
        self.build = pathlib.Path(build).resolve()
        self.dir = pathlib.Path(dir or tempfile.mkdtemp(prefix="dema-test-"))
        self.dir.chmod(0o755)
        self.dema, self.importer = self.build / "dema", self.build / "tests/routes/test-import"
        self._tree = None

    def close(self):
        if os.environ.get("KEEP"):
            print(f"# kept: {self.dir}")
            return
        subprocess.run(["chmod", "-R", "u+rwX", str(self.dir)], stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(self.dir, ignore_errors=True)

    def need(self):
        """Skips everything where what is tested is not built, or not in a way that runs inside other images."""
        for program in (self.dema, self.importer, self.build / "lifecycle", self.build / "launcher"):
            if not program.exists():
                skip_all(f"{program.name} is not built in {self.build.name}")
        if b"interpreter" in subprocess.run(["file", "-b", str(self.build / "lifecycle")], capture_output=True, check=False).stdout:
            skip_all(f"lifecycle of {self.build.name} is not static, so it does not run inside images")

    @property
    def tree(self):
        if self._tree is None:
            self._tree = make_tree(self.dir / "tree")
        return self._tree

    def run(self, argv, *, env=None, user=None, cwd=None, umask=None, timeout=300):
        """(status, output of both streams). The environment is only what is given."""
        full = {"PATH": os.environ["PATH"], "HOME": str(self.dir), "TMPDIR": str(self.tmp(user)), "LC_ALL": "C", **(env or {})}
        argv = [str(a) for a in argv]
        if user is not None:
            argv = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *argv]
        with subprocess.Popen(argv, env=full, cwd=cwd or self.dir, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, umask=-1 if umask is None else umask, start_new_session=True) as p:
            try:
                out, _ = p.communicate(timeout=timeout)
            except BaseException:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(p.pid, signal.SIGKILL)
                raise
        return p.returncode, out.decode(errors="replace")

    def tmp(self, user=None):
        """The temporary directory of whoever runs; what it holds afterwards was left behind."""
        path = self.dir / f"tmp-{user or 0}"
        if not path.exists():
            path.mkdir()
            if user is not None:
                os.chown(path, user, user)
        return path

    def state(self, name, user=None):
        """A data directory with both base images."""
        path = self.dir / name
        if not path.exists():
            path.mkdir()
            if user is not None:
                os.chown(path, user, user)
            for image, words in ((RUN, ["user=1000:1000", "PATH=/usr/bin:/bin", "RUN_IMAGE=yes"]),
                                 (BUILD, ["user=1000:1000", "PATH=/usr/bin:/bin", f"CNB_USER_ID={CNB_ID}", f"CNB_GROUP_ID={CNB_ID}"])):
                status, out = self.run([self.importer, "in", path / "dema", image, self.tree, *words], user=user)
                check(status == 0, f"import of {image}: {out}")
        return path / "dema"

    def call(self, state, *words, env=None, **how):
        return self.run([self.dema, *words], env={"DEMA_DATA": str(state), **(env or {})}, **how)

    def app_build(self, state, name, app, buildpacks, *words, **how):
        """(status, output) of dema build."""
        args = ["build", app, "--tag", name, "--build-image", BUILD, "--run-image", RUN, *words]
        for b in buildpacks:
            args += ["--buildpack", b]
        return self.call(state, *args, **how)

    def inspect(self, state, name, **how):
        status, out = self.call(state, "inspect", name, "-o", "json", **how)
        check(status == 0, f"inspect {name}: {out}")
        return json.loads(out)

    def digest(self, state, name, **how):
        return self.inspect(state, name, **how)["digest"]

    def doctor(self, **how):
        """{runner: None, or why it does not work}"""
        _, out = self.call(self.tmp(how.get("user")) / "none", "doctor", "-o", "json", **how)
        return {r["runner"]: None if r["works"] else r.get("why", "does not work") for r in json.loads(out)}


def listing(top):
    """Everything beneath a directory as text that changes when anything of it does (but times of directories)."""
    out = []
    for directory, dirs, files in os.walk(top):
        dirs.sort()
        for name in sorted(dirs + files):
            path = os.path.join(directory, name)
            st = os.lstat(path)
            line = f"{os.path.relpath(path, top)} {stat.filemode(st.st_mode)} {st.st_uid}:{st.st_gid}"
            if stat.S_ISREG(st.st_mode):
                line += f" {st.st_size} {st.st_mtime_ns}"
            out.append(line)
    return "\n".join(sorted(out))


# --- The phases one by one, as a platform would run them: each a process in a root filesystem of its own.

class Phases:
    """The build image's tree with a lifecycle, buildpacks and an app in the places that the spec names."""

    def __init__(self, world, name, app, buildpacks, user_env=None, user=None):
        self.w, self.user = world, user
        self.root = world.dir / name
        subprocess.run(["cp", "-a", "--reflink=auto", str(world.tree), str(self.root)], check=True)
        lifecycle = self.root / "cnb/lifecycle"
        lifecycle.mkdir()
        for program in ("lifecycle", "launcher"):
            shutil.copy2(world.build / program, lifecycle / program)
        for phase in ("detector", "builder", "exporter"):
            (lifecycle / phase).symlink_to("lifecycle")
        self.group = [self.add_buildpack(b) for b in buildpacks]
        write(self.root / "cnb/order.toml", order(self.group))
        shutil.rmtree(self.root / "workspace")
        shutil.copytree(app, self.root / "workspace", symlinks=True)
        (self.root / "platform/env").mkdir()
        for key, value in (user_env or {}).items():
            write(self.root / "platform/env" / key, value)
        (self.root / "layout").mkdir()
        self.give_away()

    def add_buildpack(self, source):
        desc = tomllib.loads((pathlib.Path(source) / "buildpack.toml").read_text())["buildpack"]
        shutil.copytree(source, self.root / "cnb/buildpacks" / desc["id"].replace("/", "_") / desc["version"], symlinks=True)
        return desc["id"], desc["version"]

    def give_away(self):
        """App, layers and home belong to the build user; started by another user everything is theirs."""
        if self.user is not None:
            subprocess.run(["chown", "-hR", f"{self.user}:{self.user}", str(self.root)], check=True)
        elif os.geteuid() == 0:
            subprocess.run(["chown", "-hR", f"{CNB_ID}:{CNB_ID}"] + [str(self.root / d) for d in ("workspace", "layers", "home/cnb", "layout")],
                           check=True)
            for name, minor in (("null", 3), ("zero", 5), ("urandom", 9)):
                with contextlib.suppress(OSError):
                    os.mknod(self.root / "dev" / name, 0o666 | stat.S_IFCHR, os.makedev(1, minor))
                    os.chmod(self.root / "dev" / name, 0o666)
            return
        write(self.root / "dev/null", "", 0o666)

    def run(self, phase, *words, root=False, env=None, **how):
        """A phase in its root, as the build user (or as root, who then drops); (status, output)."""
        if shutil.which("unshare") is None:
            raise Skip("unshare is not installed")
        enter = ["unshare", "--mount", "--pid", "--fork", f"--root={self.root}", "--wd=/workspace", "--mount-proc"]
        if os.geteuid() == 0 and self.user is None:
            enter += [] if root else [f"--setuid={CNB_ID}", f"--setgid={CNB_ID}"]
        else:
            enter += ["--user", f"--map-user={CNB_ID}", f"--map-group={CNB_ID}"]
        inside = {"CNB_PLATFORM_API": "0.15", "HOME": "/home/cnb", "PATH": "/usr/bin:/bin", "TMPDIR": "/tmp", **(env or {})}
        words = ["env", "-i", *(f"{k}={v}" for k, v in inside.items()), f"/cnb/lifecycle/{phase}", *words]
        status, out = self.w.run([*enter, *words], user=self.user, **how)
        if re.search(r"^unshare: ", out, re.M):
            raise Skip(out.strip().splitlines()[-1])
        return status, out

    def export(self, name, run_layout, **how):
        """The exporter, into OCI layouts: (status, output, digest or None). `run_layout` is the run image's."""
        digest = json.loads((run_layout / "index.json").read_text())["manifests"][0]["digest"]
        at = self.root / "layout" / RUN.split("/", 1)[0] / RUN.split("/", 1)[1] / digest.replace(":", "/")
        shutil.copytree(run_layout, at)
        write(self.layers("analyzed.toml"), f'[run-image]\nreference = "{RUN}@{digest}"\nimage = "{RUN}"\n')
        self.give_away()
        words = ["-layout", "-layout-dir", "/layout", "-uid", str(CNB_ID), "-gid", str(CNB_ID), name]
        status, out = self.run("exporter", *words, root=True, env={"CNB_EXPERIMENTAL_MODE": "silent", **how.pop("env", {})}, **how)
        report = self.toml("report.toml")["image"]["digest"] if self.layers("report.toml").exists() else None
        return status, out, report

    def layers(self, *path):
        return self.root.joinpath("layers", *path)

    def toml(self, *path):
        return tomllib.loads(self.layers(*path).read_text())


def order(group):
    return "[[order]]\n" + "".join(f'[[order.group]]\nid = "{i}"\nversion = "{v}"\n' for i, v in group)
