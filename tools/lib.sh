# The scripts in tools/ share this; they source it and do not run it. It works from any directory.
# shellcheck shell=bash disable=SC2034

caller_dir=$PWD
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/rpychost
bazel_flags=()
cd "$root" || exit

# Debian 12 and Ubuntu 24.04 name these alike.
build_packages=(
  bazel-bootstrap bazel-platforms bazel-skylib bazel-rules-java bazel-rules-proto
  g++ pkg-config
  libgrpc++-dev protobuf-compiler-grpc protobuf-compiler libprotobuf-dev
  libabsl-dev libssl-dev zlib1g-dev libspdlog-dev libcli11-dev libboost-dev libboost-context-dev
  libgtest-dev nlohmann-json3-dev
)
client_packages=(python3 python3-venv ca-certificates)
# The benchmark compares the host with these other RPC systems.
peer_packages=(capnproto libcapnp-dev libthrift-dev thrift-compiler)
test_packages=("${client_packages[@]}" "${peer_packages[@]}" cmake etcd-client etcd-server libgmock-dev openssl strace)

# The host is tested with these stock Python clients; only tests/conformance uses the second list.
rpyc_versions=(4.1.5 5.3.1 6.0.2)
rpyc_conformance_versions=(4.1.0 5.0.1)
# The second is the newest that Debian 12's Go builds.
grpcurl_versions=(v1.9.3 v1.9.1)

say() { printf '== %s\n' "$*"; }
warn() { printf '== warning: %s\n' "$*" >&2; }
die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# install_packages NAME...: installs those that are missing.
install_packages() {
  local missing=() package sudo=()
  for package in "$@"; do
    [[ $(dpkg-query -W -f='${Status}' "$package" 2>/dev/null) == 'install ok installed' ]] ||
      missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  command -v apt-get >/dev/null || die "needs these packages, and there is no apt-get: ${missing[*]}"
  if ((EUID != 0)); then
    command -v sudo >/dev/null || die "not root and no sudo; install first: ${missing[*]}"
    sudo=(sudo)
  fi
  say "installing ${missing[*]}"
  local apt=("${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0)
  "${apt[@]}" update </dev/null || warn "apt-get update failed; trying with the old lists"
  "${apt[@]}" install -y --no-install-recommends "${missing[@]}" </dev/null ||
    die "could not install ${missing[*]}"
}

# Installs what a build needs and fills bazel_flags.
prepare_build() {
  install_packages "${build_packages[@]}" "$@"
  # Warnings are errors only with the compiler they were written against.
  [[ $(gcc -dumpversion) == 12* ]] || bazel_flags+=(--config=lenient)
  if [[ ${XDG_CACHE_HOME:-} ]]; then # .bazelrc knows only ~/.cache
    bazel_flags+=("--disk_cache=$cache/bazel-disk")
  fi
  # Without a terminal there is a line every few seconds instead of a moving display.
  [[ -t 2 ]] || bazel_flags+=(--show_progress_rate_limit=10 --noshow_loading_progress)
}

# Sets product_targets to the C++ targets that ship, and those of the examples: all but what only tests use.
find_product_targets() {
  local found
  found=$(bazel query 'kind("cc_(library|binary) rule", //...) except attr(testonly, 1, //...)' </dev/null) ||
    die "bazel query failed"
  mapfile -t product_targets <<<"$found"
}

# make_venv VERSION: makes a virtual environment with that version of the Python package rpyc, and with gevent and numpy if
# those can be had. An environment that was made before gets what it lacks.
make_venv() {
  local version=$1 dir=$cache/venv/rpyc-$1
  make_rpyc "$version" "$dir" /usr/bin/python3 || return
  # RPyC's GeventServer needs it, which the benchmark compares with; nothing else does.
  "$dir/bin/python" -c 'import gevent' 2>/dev/null ||
    "$dir/bin/pip" install --quiet --disable-pip-version-check gevent </dev/null ||
    warn "no gevent from PyPI for rpyc $version"
  make_numpy "$version" "$dir"
}

# make_numpy VERSION DIRECTORY: clients pass numpy's values. Those of RPyC 6 have numpy 2, older ones numpy 1, which differ in
# what an array says of itself. Without it (no wheel for this Python, no PyPI) its tests are skipped and counted so.
make_numpy() {
  local version=$1 dir=$2 major=1
  [[ $version == [45].* ]] || major=2
  "$dir/bin/python" -c "import numpy; assert numpy.__version__.startswith('$major.')" 2>/dev/null ||
    "$dir/bin/pip" install --quiet --disable-pip-version-check --only-binary=numpy \
      "numpy>=$major,<$((major + 1))" </dev/null ||
    warn "no numpy $major from PyPI for rpyc $version; its tests will be skipped"
}

# make_rpyc VERSION DIRECTORY PYTHON: names the interpreter outright, for a python3 on PATH may be a shim that is not there in a
# test.
make_rpyc() {
  local version=$1 dir=$2 python=$3
  has_rpyc "$dir" "$version" && return
  say "making a Python environment with rpyc $version"
  rm -rf "$dir"
  mkdir -p "$(dirname "$dir")"
  "$python" -m venv "$dir" &&
    "$dir/bin/pip" install --quiet --disable-pip-version-check "rpyc==$version" </dev/null &&
    has_rpyc "$dir" "$version" && return
  warn "no rpyc $version from PyPI"
  rm -rf "$dir"
  return 1
}

has_rpyc() {
  [[ -x $1/bin/python ]] && [[ $("$1/bin/python" -c \
    'import rpyc; print(*rpyc.__version__, sep=".") if isinstance(rpyc.__version__, tuple) else print(rpyc.__version__)' \
    2>/dev/null) == "$2" ]]
}

# Sets RPYC_VENVS (a directory of rpyc-VERSION environments) and RPYC_VERSIONS (those that work).
make_venvs() {
  RPYC_VENVS=$cache/venv
  local working=() version
  for version in "${rpyc_versions[@]}"; do
    make_venv "$version" && working+=("$version")
  done
  for version in "${rpyc_conformance_versions[@]}"; do
    make_rpyc "$version" "$RPYC_VENVS/rpyc-$version" /usr/bin/python3 || true
  done
  if ((${#working[@]} == 0)); then
    # PyPI cannot be reached, so this tries the distribution's own package.
    (install_packages python3-rpyc) || true
    version=$(/usr/bin/python3 -c \
      'import rpyc; print(getattr(rpyc, "__version__", ""))' 2>/dev/null | tr -d '() ' | tr , .) || true
    if [[ $version ]]; then
      mkdir -p "$RPYC_VENVS"
      /usr/bin/python3 -m venv --system-site-packages "$RPYC_VENVS/rpyc-$version" && working=("$version")
    fi
  fi
  RPYC_VERSIONS=${working[*]}
  say "Python clients: rpyc ${RPYC_VERSIONS:-none, their tests will be skipped}"
}

# Sets GRPCURL, empty if it cannot be had.
make_grpcurl() {
  GRPCURL=$cache/bin/grpcurl
  if [[ ! -x $GRPCURL ]]; then
    command -v go >/dev/null || (install_packages golang-go) || true
    local version log=$cache/bin/grpcurl.log
    mkdir -p "$cache/bin"
    for version in "${grpcurl_versions[@]}"; do
      say "installing grpcurl $version with $(go version 2>/dev/null || echo 'go, which is missing')"
      if GOTOOLCHAIN=local GOBIN=$cache/bin GOFLAGS=-modcacherw \
        go install "github.com/fullstorydev/grpcurl/cmd/grpcurl@$version" </dev/null >"$log" 2>&1; then
        echo "$version" >"$cache/bin/grpcurl.version"
        break
      fi
      tail -n 2 "$log"
    done
  fi
  if [[ -x $GRPCURL ]]; then
    say "grpcurl $(cat "$cache/bin/grpcurl.version" 2>/dev/null || true) at $GRPCURL"
  else
    warn "no grpcurl; its tests will be skipped"
    GRPCURL=
  fi
}

# run_tests OPTION... -- TARGET...: runs them with the clients that make_venvs and make_grpcurl found. The last line is
# "N passed, N failed" (", N skipped"), in single test cases; the status is 0 if none failed.
run_tests() {
  say "bazel test $*"
  local events status=0
  events=$(mktemp)
  bazel test "${bazel_flags[@]}" --keep_going \
    --test_env=RPYC_VENVS="$RPYC_VENVS" --test_env=RPYC_VERSIONS="$RPYC_VERSIONS" \
    --test_env=GRPCURL="$GRPCURL" \
    --build_event_json_file="$events" \
    "$@" </dev/null || status=$?

  # Bazel exits with 1 if the build failed, 3 if tests failed, 4 if there are no tests, and else if it could not run.
  case $status in
    0 | 3 | 4) ;;
    *) say "the build failed (bazel exit status $status)" ;;
  esac
  local counted=0
  /usr/bin/python3 tools/count_tests.py "$events" "$status" || counted=$?
  rm -f "$events"
  return "$counted"
}
