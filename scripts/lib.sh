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

ensure_rust() {
    # A toolchain of the user's own is not always on the PATH of a script.
    if ! have cargo && [ -x "$HOME/.cargo/bin/cargo" ]; then PATH=$HOME/.cargo/bin:$PATH; fi
    if rust_is_new_enough || rust_through_rustup; then return 0; fi
    case $(package_manager) in
        dnf) install_packages "Rust $rust_needed or newer is needed" -- rust cargo rustfmt clippy ;;
        apt)
            apt-cache show rustup >/dev/null 2>&1 || as_root apt-get update -qq >&2 || true
            if apt-cache show rustup >/dev/null 2>&1; then
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
