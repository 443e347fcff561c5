# How a program becomes a .deb and a tarball, for scripts/release. Sourced, never run. Whatever of the machine could get
# into the files is set here: times, owners, modes, order, languages.

# Packs $binary, which is of $version, into $out.
pack() {
    have dpkg-deb || install_packages "dpkg-deb is needed" dpkg -- dpkg
    for program in readelf gzip tar sha256sum; do
        have $program || install_packages "programs for packing are needed ($program)" binutils gzip tar coreutils -- \
            binutils gzip tar coreutils
    done
    umask 022
    LC_ALL=C TZ=UTC
    export LC_ALL TZ
    said=$("$binary" --version) || die "$binary does not run here, so its manual page cannot be asked for"
    case $said in "mosaic-tui $version" | "mosaic-tui $version "*) ;; *) die "$binary says it is $said, Cargo.toml $version" ;; esac
    what_it_needs
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    rm -rf "$out"
    mkdir -p "$out"
    tree "$work/usr"
    as_tarball
    as_deb
    (cd "$out" && sha256sum -- *.deb *.tar.gz >SHA256SUMS)
    rm -rf "$work"
    trap - EXIT INT TERM HUP
    account
}

# What the program asks of a system: sets $arch, $debian_arch, $glibc (empty where it asks for none), $linked and
# $needs.
what_it_needs() {
    case $(readelf -h "$binary" | sed -n 's/.*Machine: *//p') in
        *X86-64*) arch=x86_64 debian_arch=amd64 ;;
        AArch64*) arch=aarch64 debian_arch=arm64 ;;
        *) die "$binary is of a machine that no package is made for" ;;
    esac
    if ! readelf -d "$binary" | grep -q '(NEEDED)'; then
        linked=statically glibc='' needs=''
        return 0
    fi
    glibc=$(readelf -V "$binary" | grep -o 'GLIBC_[0-9.]*' | sed 's/GLIBC_//' | sort -Vu | tail -n 1)
    linked="dynamically, with glibc $glibc or newer" needs="libc6 (>= $glibc), libgcc-s1, "
}

# What a prefix such as /usr gets.
tree() {
    doc=$1/share/doc/mosaic-tui
    mkdir -p "$1/bin" "$1/share/man/man1" "$1/share/bash-completion/completions" "$1/share/zsh/vendor-completions" \
        "$1/share/fish/vendor_completions.d" "$doc/licences"
    cp "$binary" "$1/bin/mosaic-tui"
    "$binary" man >"$1/share/man/man1/mosaic-tui.1"
    gzip -9n "$1/share/man/man1/mosaic-tui.1"
    "$binary" completions bash >"$1/share/bash-completion/completions/mosaic-tui"
    "$binary" completions zsh >"$1/share/zsh/vendor-completions/_mosaic-tui"
    "$binary" completions fish >"$1/share/fish/vendor_completions.d/mosaic-tui.fish"
    cp README.md LICENSE "$doc"
    cp -r docs "$doc/docs"
    # The pictures that the documents show, and no others of the gallery.
    grep -oh 'assets/gallery/[a-z0-9/-]*\.svg' README.md docs/*.md | sort -u | while read -r picture; do
        mkdir -p "$doc/$(dirname "$picture")"
        cp "$picture" "$doc/$picture"
    done
    gzip -9nc CHANGELOG.md >"$doc/changelog.gz"
    licences "$doc/licences"
    alike "$1"
}

# The same modes and times, whoever made them and when.
alike() {
    find "$1" -type d -exec chmod 755 {} +
    find "$1" -type f -exec chmod 644 {} +
    [ ! -e "$1/bin" ] || chmod 755 "$1"/bin/*
    find "$1" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
}

# One line for each crate in the program: NAME VERSION LICENCE.
crates() {
    cargo tree --locked --edges normal,no-proc-macro --target "$arch-unknown-linux-$(
        [ -z "$glibc" ] && echo musl || echo gnu
    )" --prefix none --format '{p} {l}' | sed 's/ (\*)$//; s/ v\([0-9]\)/ \1/' | grep -v '^mosaic-tui ' | sort -u
}

# Texts of all licences: those of the crates in the program, each text once, and of the libraries below them.
licences() {
    crates >"$work/crates"
    libraries=$(wc -l <"$work/crates")
    mkdir "$work/texts"
    while read -r name number _; do
        source=$(ls -d "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/"$name-$number" 2>/dev/null | head -n 1)
        [ -n "$source" ] || die "the source of $name $number is not there; \`cargo fetch --locked\` gets it"
        find "$source" -maxdepth 4 -type f \( -iname 'licen[sc]e*' -o -iname 'copying*' -o -iname 'copyright*' \
            -o -iname 'notice*' -o -iname 'unlicense*' \) ! -name '*.rs' | sort >"$work/found"
        [ -s "$work/found" ] || die "$name $number brings no text of its licence"
        while read -r file; do
            sum=$(tr -s ' \t\r\n' ' ' <"$file" | sha256sum | cut -c -64)
            [ -e "$work/texts/$sum" ] || tr -d '\r' <"$file" >"$work/texts/$sum"
            grep -qxF "$name $number" "$work/texts/$sum.of" 2>/dev/null || printf '%s\n' "$name $number" >>"$work/texts/$sum.of"
        done <"$work/found"
    done <"$work/crates"
    {
        echo "mosaic-tui $version contains these libraries, under these licences:"
        echo
        sed 's/^\([^ ]*\) \([^ ]*\) \(.*\)/  \1 \2: \3/' "$work/crates"
        # In the order of whose they are first.
        for of in "$work"/texts/*.of; do printf '%s %s\n' "$(head -n 1 "$of")" "$of"; done | sort | sed 's/.* //' |
            while read -r of; do
                printf '\n%s\n' "--------------------------------------------------------------------------------"
                paste -sd, "$of" | sed 's/,/, /g' | fold -s -w 80
                printf '\n'
                cat "${of%.of}"
            done
    } >"$1/libraries.txt"
    # Rust's own library, and the C library that a static program has in it.
    rust=$(rustc --print sysroot)/share/doc/rust/COPYRIGHT-library.html
    if [ -e "$rust" ]; then
        cp "$rust" "$1/rust.html"
    else
        library=$(ls /usr/share/doc/libstd-rust-dev/copyright /usr/share/licenses/rust*/COPYRIGHT 2>/dev/null | head -n 1)
        [ -n "$library" ] || die "the licence of Rust's library is not found; a toolchain of rustup has it"
        cp "$library" "$1/rust.txt"
    fi
    [ -z "$glibc" ] || return 0
    musl=$(ls /usr/share/doc/musl-dev/copyright /usr/share/licenses/musl*/COPYRIGHT 2>/dev/null | head -n 1)
    [ -n "$musl" ] || die "the licence of musl is not found; the package musl-dev or musl-devel has it"
    cp "$musl" "$1/musl.txt"
}

as_tarball() {
    name=mosaic-tui-$version-$arch-linux
    mkdir "$work/$name"
    cp -a "$work/usr/." "$work/$name"
    # Where a prefix of one's own is searched.
    mkdir "$work/$name/share/zsh/site-functions"
    mv "$work/$name/share/zsh/vendor-completions/_mosaic-tui" "$work/$name/share/zsh/site-functions/"
    rmdir "$work/$name/share/zsh/vendor-completions"
    alike "$work/$name"
    tar -C "$work" --sort=name --format=ustar --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" \
        -cf - "$name" | gzip "-${level}n" >"$out/$name.tar.gz"
}

as_deb() {
    root=$work/root
    mkdir -p "$root/DEBIAN"
    cp -a "$work/usr" "$root/usr"
    doc=$root/usr/share/doc/mosaic-tui
    {
        echo 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/'
        echo 'Upstream-Name: mosaic-tui'
        echo 'Comment: The libraries in the program and their licences stand in the folder licences beside this file.'
        echo
        echo 'Files: *'
        sed -n 's/^Copyright (c) /Copyright: /p' LICENSE
        echo 'License: Expat'
        sed '1,/^Copyright/d' LICENSE | sed '1{/^$/d}; s/^$/./; s/^/ /'
    } >"$doc/copyright"
    rm "$doc/LICENSE"
    {
        echo 'Package: mosaic-tui'
        echo "Version: $version"
        echo "Architecture: $debian_arch"
        # Without an address: there is none to give, and a made-up one belongs to somebody.
        echo 'Maintainer: The mosaic-tui authors'
        echo 'Section: utils'
        echo 'Priority: optional'
        echo "Installed-Size: $(du -k --apparent-size -s "$root/usr" | cut -f 1)"
        echo "Depends: ${needs}tmux (>= 3.2)"
        echo 'Recommends: git, openssh-client, dbus-user-session'
        echo "Description: $(sed -n 's/^description = "\(.*\)"/\1/p' Cargo.toml | sed 's/^A \(.\)/\1/')"
        echo ' Each agent lives in a tmux session of its own. This program starts it, proves'
        echo ' that it lives, and shows all of them on one screen: who needs you, what each'
        echo ' one does, and why it says so. A backlog of cards feeds them, on SQLite or'
        echo ' PostgreSQL, and systemd user units bring the fleet back after a reboot.'
    } >"$root/DEBIAN/control"
    (cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
    alike "$root/usr"
    chmod 755 "$root/DEBIAN" "$root"
    chmod 644 "$root"/DEBIAN/*
    find "$root/DEBIAN" "$root" -maxdepth 1 -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
    dpkg-deb --root-owner-group -Zxz "-z$level" --build "$root" "$out/mosaic-tui_${version}_$debian_arch.deb" >/dev/null
}

# What there is now, for whoever publishes it.
account() {
    echo "$said"
    echo "linked: $linked"
    echo "program: $(wc -c <"$binary") bytes, with $libraries libraries in it"
    (cd "$out" && for file in *; do printf '%12s  %s\n' "$(wc -c <"$file")" "$file"; done)
}
