# SPDX-License-Identifier: Apache-2.0
"""What the tests of the phases share: a builder-like tree, running a phase in it, and TAP."""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import traceback

ROOT = os.geteuid() == 0
UID, GID = (1000, 1000) if ROOT else (os.getuid(), os.getgid())
SANITIZERS = {k: v for k, v in os.environ.items() if k in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LD_LIBRARY_PATH")}
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
TESTS = []


class Skip(Exception):
    """Ends a test that this machine cannot run, with the reason."""


class Result:
    def __init__(self, code, out):
        self.code, self.out = code, out

    def __repr__(self):
        return f"exit {self.code}:\n{self.out}"


def test(function):
    TESTS.append(function)
    return function


def eq(got, want, context=""):
    assert got == want, f"got {got!r}, want {want!r}\n{context}"


def has(text, *words):
    for word in words:
        assert word in text, f"no {word!r} in:\n{text}"


def main(make):
    """Runs the tests whose name holds the last argument (all without one), each with a rig of its own."""
    word = sys.argv[3] if len(sys.argv) > 3 else ""
    chosen = [t for t in TESTS if word in t.__name__]
    print(f"TAP version 13\n1..{len(chosen)}")
    failed = False
    for number, function in enumerate(chosen, 1):
        name, line = function.__name__, "ok"
        rig = make()
        try:
            function(rig)
        except Skip as skip:
            name += f" # SKIP {skip}"
        except Exception:
            line, failed = "not ok", True
            why = traceback.format_exc()
        print(f"{line} {number} {name}")
        if line == "not ok":
            print("".join(f"# {x}\n" for x in why.splitlines()), end="")
        sys.stdout.flush()
        rig.done()
    sys.exit(failed)


def as_user(argv):
    if not ROOT:
        return argv
    if not shutil.which("setpriv"):
        raise Skip("no setpriv to become an ordinary user")
    return ["setpriv", f"--reuid={UID}", f"--regid={GID}", "--clear-groups", *argv]


class Rig:
    def __init__(self, lifecycle, launcher):
        self.lifecycle, self.launcher = lifecycle, launcher
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="phases-"))
        os.chmod(self.dir, 0o755)
        for name in ("layers", "workspace", "repo", "tmp"):
            (self.dir / name).mkdir()
            os.chown(self.dir / name, UID, GID)
        for name in ("platform/env", "config/env", "buildpacks"):
            (self.dir / name).mkdir(parents=True)
        self.order, self.bound = [], []

    def done(self):
        subprocess.run(["chmod", "-R", "u+rwX", self.dir], check=False, stderr=subprocess.DEVNULL)
        shutil.rmtree(self.dir, ignore_errors=True)

    def write(self, path, text, mode=0o644, user=True):
        """A file beneath the rig, the user's."""
        at = self.dir / path
        missing = [p for p in at.parents if not p.exists()]
        at.parent.mkdir(parents=True, exist_ok=True)
        at.write_bytes(text if isinstance(text, bytes) else text.encode())
        at.chmod(mode)
        for p in [at, *missing] if user else []:
            os.chown(p, UID, GID)
        return at

    def buildpack(self, bp, build="exit 0", detect="exit 0", version="1", api="0.11", extra="", optional=False, order=True):
        home = f"buildpacks/{bp.replace('/', '_')}/{version}"
        self.write(f"{home}/buildpack.toml", f"api = '{api}'\n{extra}\n[buildpack]\nid = '{bp}'\nversion = '{version}'\n"
                   "sbom-formats = ['application/vnd.cyclonedx+json']\n", user=False)
        self.write(f"{home}/bin/detect", f"#!/bin/sh\n{detect}\n", 0o755, user=False)
        self.write(f"{home}/bin/build", f"#!/bin/sh\nset -e\nL=${{CNB_LAYERS_DIR-$1}}\n{build}\n", 0o755, user=False)
        if order:
            self.order.append((bp, version, optional))

    def write_order(self, path="order.toml", groups=None):
        text = ""
        for group in groups or [self.order]:
            text += "[[order]]\n"
            for bp, version, optional in group:
                text += f"[[order.group]]\nid = '{bp}'\nversion = '{version}'\n" + ("optional = true\n" if optional else "")
        self.write(path, text)

    def inside(self, name):
        """The path of a part of the rig as the phases are told it."""
        return str(self.dir / name)

    def flags(self, phase):
        common = ["-layers", self.inside("layers"), "-app", self.inside("workspace")]
        if phase == "exporter":
            return [*common, "-launcher", str(self.launcher), "-launcher-sbom", self.inside("none"), "-uid", str(UID), "-gid",
                    str(GID), "-layout", "-layout-dir", self.inside("repo"), "-run", self.inside("run.toml")]
        common += ["-platform", self.inside("platform"), "-buildpacks", self.inside("buildpacks"), "-build-config",
                   self.inside("config")]
        if phase == "detector":
            common += ["-order", self.inside("order.toml"), "-system", self.inside("system.toml")]
        return common

    def command(self, phase, *flags, root=False):
        argv = [self.lifecycle, phase, *map(str, flags)]
        return argv if root else as_user(argv)

    def run(self, argv, env=None, api="0.15", **how):
        full = {"PATH": PATH, "CNB_EXPERIMENTAL_MODE": "silent", "TMPDIR": self.inside("tmp"), **SANITIZERS, **(env or {})}
        if api is not None:
            full["CNB_PLATFORM_API"] = api
        if argv[0] == self.lifecycle and ROOT and "ASAN_OPTIONS" in full:
            full["ASAN_OPTIONS"] += ":detect_leaks=0"  # who gave its privileges up cannot be traced any more
        with tempfile.TemporaryFile() as out:  # not a pipe: what a buildpack leaves running would hold it open
            code = subprocess.run(argv, env=full, stdin=subprocess.DEVNULL, stdout=out, stderr=out, timeout=120, check=False,
                                  umask=0o022, cwd="/", **how).returncode
            out.seek(0)
            return Result(code, out.read().decode(errors="replace"))

    def phase(self, phase, *flags, want=None, root=False, env=None, api="0.15"):
        r = self.run(self.command(phase, *self.flags(phase), *flags, root=root), env, api)
        if want is not None:
            eq(r.code, want, r)
        return r

    def build(self, want=0):
        """detector and builder over what order says."""
        self.write_order()
        self.phase("detector", want=0)
        return self.phase("builder", want=want)

    def export(self, *names, want=0, flags=(), **how):
        return self.phase("exporter", *flags, *(names or ["example.com/app:1"]), want=want, root=ROOT, **how)

    # --- Layouts

    def blob(self, at, data):
        digest = hashlib.sha256(data).hexdigest()
        self.write(at / "blobs/sha256" / digest, data)
        return {"digest": f"sha256:{digest}", "size": len(data)}

    def layout(self, path, config, layers):
        """An image of one platform as an OCI layout; layers are bytes of gzip, or descriptors of what is not there."""
        at = self.dir / "repo" / path
        kind = "application/vnd.oci.image.layer.v1.tar+gzip"
        rows = [{"mediaType": kind, **self.blob(at, x)} if isinstance(x, bytes) else x for x in layers]
        config_blob = self.blob(at, json.dumps(config).encode())
        manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **config_blob}, "layers": rows}
        entry = {"mediaType": manifest["mediaType"], **self.blob(at, json.dumps(manifest).encode())}
        self.write(at / "oci-layout", '{"imageLayoutVersion":"1.0.0"}')
        self.write(at / "index.json", json.dumps({"schemaVersion": 2, "manifests": [entry]}))
        return f"{self.inside('repo')}/{path}@{entry['digest']}"

    def read(self, path):
        """index.json, manifest and config of a layout."""
        at = self.dir / "repo" / path
        index = json.loads((at / "index.json").read_text())
        manifest = self.read_blob(at, index["manifests"][-1])
        return index, manifest, self.read_blob(at, manifest["config"])

    def read_blob(self, at, descriptor):
        data = (at / "blobs/sha256" / descriptor["digest"].split(":")[1]).read_bytes()
        eq("sha256:" + hashlib.sha256(data).hexdigest(), descriptor["digest"])
        eq(len(data), descriptor["size"])
        return json.loads(data)

    def tree(self, path):
        """Every file beneath a part of the rig, without directories."""
        return sorted(str(p.relative_to(self.dir)) for p in (self.dir / path).rglob("*") if not p.is_dir())
