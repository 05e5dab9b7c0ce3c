"""The installed product: copied below a prefix that then moves, built against by g++ with pkg-config and by CMake, talked
to by real clients. Compilers and tools are the system's; what is missing is skipped.
"""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

from harness import Process, VERSIONS, GrpcError, grpcurl, venv_python

COPY_TREE = os.path.abspath("tools/package/copy_tree")
TREE = os.path.abspath("tools/package/tree" if os.path.isdir("tools/package/tree") else "bazel-bin/tools/package/tree")
SOURCES = os.path.abspath("examples/embedding")
COMPILE_S = 300  # a hang, not a slow machine

work = prefix = env = None


def tool(name):
    path = shutil.which(name, path="/usr/bin:/bin")
    if path is None:
        raise unittest.SkipTest(f"no {name}")
    return path


def run(command, **kwargs):
    """Returns the stdout of a command that must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=COMPILE_S, env=env, **kwargs)
    if done.returncode != 0:
        raise AssertionError(f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def copy_tree(to):
    return run([COPY_TREE, TREE, to])


def listing(folder):
    """Returns every file below it, with its mode and what is in it."""
    found = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            with open(path, "rb") as file:
                digest = hashlib.sha256(file.read()).hexdigest()
            found[os.path.relpath(path, folder)] = (oct(os.stat(path).st_mode & 0o777), digest)
    return found


def setUpModule():
    global work, prefix, env
    work = tempfile.mkdtemp(prefix="rpychost install ")  # a blank: users have them
    unittest.addModuleCleanup(shutil.rmtree, work)
    first = os.path.join(work, "first")
    prefix = os.path.join(work, "prefix")
    copy_tree(first)
    os.rename(first, prefix)
    env = {"PATH": "/usr/bin:/bin", "HOME": work, "PKG_CONFIG_PATH": os.path.join(prefix, "lib/pkgconfig")}


def build_command(program):
    """Returns the command that the source tells its reader to build it with."""
    with open(os.path.join(SOURCES, program + ".cc"), encoding="utf-8") as file:
        return re.search(r"^// (?:Build: +)?(g\+\+ .*)$", file.read(), re.M)[1]


class Thermostat(Process):
    """Runs the example, which listens on ports of its choice."""

    def __init__(self, program):
        super().__init__([program, "0", "127.0.0.1:0"])
        self.address = self.line().removeprefix("thermostat: listening on ")
        self.admin = self.line().removeprefix("thermostat: admin on ")

    def stop(self):
        self.child.send_signal(signal.SIGTERM)
        return self.wait()


def talk(client, thermostat):
    """Returns what a client says that sets the target from 20 to 22."""
    done = subprocess.run([*client, thermostat.address.rpartition(":")[2]], capture_output=True, text=True, timeout=60)
    return (done.returncode, done.stdout.splitlines(), done.stderr)


SAID = [
    "it heats to 20 degrees", "now to 22", "not to 300: ValueError: a target is from 5 to 30 degrees",
    "it is getting warmer"
]


class Built:
    """Tests one way of building, which must give what every way gives."""

    program = client = None

    def test_the_cpp_client_says_what_the_python_client_says(self):
        thermostat = Thermostat(self.program)
        self.addCleanup(thermostat.kill)
        self.assertEqual(talk([self.client], thermostat), (0, SAID, ""))

    def test_the_cpp_client_links_no_grpc(self):
        needed = re.findall(r"NEEDED.*\[(.*)\]", run([tool("readelf"), "--dynamic", self.client]))
        self.assertTrue(any(name.startswith("libz.") for name in needed), needed)
        self.assertEqual([], [name for name in needed if re.match("lib(grpc|protobuf|spdlog)", name)])

    def test_every_python_client_talks_to_it(self):
        versions = 0
        for version in VERSIONS:
            with self.subTest(rpyc=version):
                try:
                    python = venv_python(version)
                except unittest.SkipTest:
                    continue
                thermostat = Thermostat(self.program)
                client = [python, os.path.join(SOURCES, "thermostat_client.py")]
                self.assertEqual(talk(client, thermostat), (0, SAID, ""))
                self.assertEqual(thermostat.stop(), 0, thermostat.story())
                self.assertRegex(thermostat.lines[-1], r"^thermostat: off at 1\d\.\d degrees$")
                self.assertEqual(thermostat.stderr, [])
                versions += 1
        if not versions:
            self.skipTest("no Python client")

    def test_its_control_plane_describes_itself(self):
        # Parts of a static library that no program names are there nevertheless: reflection needs them.
        thermostat = Thermostat(self.program)
        self.addCleanup(thermostat.kill)
        self.assertIn("rpyc.admin.v1.ServerService", grpcurl(thermostat.admin, "list").split())
        for message in ("google.rpc.Status", "rpyc.admin.v1.ServerSpec", "grpc.health.v1.HealthCheckResponse"):
            self.assertIn("is a message", grpcurl(thermostat.admin, "describe", message))
        with self.assertRaises(GrpcError) as raised:
            grpcurl(thermostat.admin, "rpyc.admin.v1.ServerService/StartServer",
                    data={"spec": {"kind": "no_such", "service": "THERMOSTAT"}})
        self.assertEqual(raised.exception.reason, "UNKNOWN_KIND")


class ByPkgConfig(Built, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        tool("g++"), tool("pkg-config")
        folder = os.path.join(work, "by_pkg_config")
        shutil.copytree(SOURCES, folder)
        # $(pkg-config) cannot cope with a blank in the prefix, in any program, so this uses a link to it.
        links = tempfile.mkdtemp(prefix="rpychost_")
        cls.addClassCleanup(shutil.rmtree, links)
        link = os.path.join(links, "prefix")
        os.symlink(prefix, link)
        for program in ("thermostat", "thermostat_client"):
            command = build_command(program).replace("g++", "g++ -Wall -Wextra -Werror", 1)
            run(["/bin/sh", "-ec", f"PKG_CONFIG_PATH={link}/lib/pkgconfig; export PKG_CONFIG_PATH; {command}"],
                cwd=folder)
        cls.program, cls.client = os.path.join(folder, "thermostat"), os.path.join(folder, "client")


class ByCMake(Built, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        tool("g++"), tool("pkg-config")
        cls.build = os.path.join(work, "by_cmake")
        # CMake finds the package by the prefix, not by PKG_CONFIG_PATH.
        cls.configure(SOURCES, cls.build)
        run([tool("cmake"), "--build", cls.build])
        cls.program, cls.client = os.path.join(cls.build, "thermostat"), os.path.join(cls.build, "thermostat_client")

    @staticmethod
    def configure(source, build):
        return run([
            "/usr/bin/env", "--unset=PKG_CONFIG_PATH", tool("cmake"), "-S", source, "-B", build,
            f"-DCMAKE_PREFIX_PATH={prefix}"
        ])

    def refused(self, find_package):
        source = tempfile.mkdtemp(dir=work)
        with open(os.path.join(source, "CMakeLists.txt"), "w", encoding="utf-8") as file:
            file.write(f"cmake_minimum_required(VERSION 3.18)\nproject(refused NONE)\n{find_package}\n")
        with self.assertRaises(AssertionError) as raised:
            self.configure(source, os.path.join(source, "build"))
        return str(raised.exception)

    def test_another_version_is_not_accepted(self):
        self.assertIn('compatible with requested version "0.2"', self.refused("find_package(rpychost 0.2 REQUIRED)"))

    def test_an_unknown_component_is_named(self):
        self.assertIn("no component 'server'", self.refused("find_package(rpychost REQUIRED COMPONENTS server)"))


class Prefix(unittest.TestCase):
    def test_installing_again_leaves_the_same_and_nothing_else(self):
        before = listing(prefix)
        for stale in ("include/rpychost/rpyc/no_more.h", "lib/cmake/rpychost/rpychost-no-more.cmake"):
            with open(os.path.join(prefix, stale), "w", encoding="utf-8"):
                pass
        kept = os.path.join(prefix, "include/others.h")
        with open(kept, "w", encoding="utf-8"):
            pass
        self.addCleanup(os.unlink, kept)
        copy_tree(prefix)
        after = listing(prefix)
        self.assertIn("include/others.h", after)
        del after["include/others.h"]
        self.assertEqual(after, before)

    def test_modes_are_what_others_may_read(self):
        for name, (mode, _) in listing(prefix).items():
            self.assertEqual(mode, "0o755" if name.startswith("bin/") else "0o644", name)

    def test_the_installed_host_says_its_version(self):
        said = run([os.path.join(prefix, "bin/rpycd"), "--version"])
        version = run([tool("pkg-config"), "--modversion", "rpychost"]).strip()
        self.assertTrue(said.startswith(f"rpycd {version} "), said)

    def test_the_installed_registry_says_its_version(self):
        said = run([os.path.join(prefix, "bin/rpyc_registry"), "--version"])
        version = run([tool("pkg-config"), "--modversion", "rpychost"]).strip()
        self.assertTrue(said.startswith(f"rpyc_registry {version}"), said)

    def test_each_page_that_a_header_or_a_compile_error_names_is_there(self):
        named = set()
        for parent, _, names in os.walk(os.path.join(prefix, "include/rpychost")):
            for name in names:
                with open(os.path.join(parent, name), encoding="utf-8") as file:
                    named.update(re.findall(r"\bdocs/([a-z-]+\.md)", file.read()))
        self.assertIn("types.md", named)
        pages = set(os.listdir(os.path.join(prefix, "share/doc/rpychost")))
        self.assertEqual(named - pages, set())
        self.assertLessEqual({"services.md", "hosting.md", "client.md"}, pages)

    def test_a_compiler_that_is_not_told_cpp20_says_one_thing(self):
        for header in ("client/client.h", "rpyc/errors.h", "rpyc/netref.h", "rpyc/service.h", "server/host.h", "server/log_sink.h"):
            with self.subTest(header):
                done = subprocess.run([tool("g++"), "-std=c++17", "-fsyntax-only", f"-I{prefix}/include/rpychost", "-xc++", "-"],
                                      input=f'#include "{header}"\n', capture_output=True, text=True, timeout=COMPILE_S, env=env)
                self.assertNotEqual(done.returncode, 0)
                said = re.findall(r"error: .*", done.stderr)
                self.assertEqual(said[0], 'error: #error "rpyc: this library needs C++20: compile with -std=c++20"')
                # The compilation ends there, without any of the errors that would have followed.
                self.assertEqual([text for text in said[1:] if not text.startswith("error: rpyc: compile with -std=c++20")], [])

    def test_services_need_no_grpc(self):
        libs = run([tool("pkg-config"), "--libs", "rpychost-client"])
        self.assertNotRegex(libs, "grpc|protobuf|spdlog")
        self.assertRegex(run([tool("pkg-config"), "--libs", "rpychost"]), "grpc")

    def test_the_programs_own_spdlog_is_left_alone(self):
        self.assertNotIn("SPDLOG", run([tool("pkg-config"), "--cflags", "rpychost"]))
