#!/bin/sh
# Whole hosts on one machine: each a systemd as PID 1 in a container of its own, on an overlay of this
# machine's files, in a network namespace of its own. Needs root. Everything is below $LAB.
#   lab.sh up PROGRAM NAME...  boots hosts with the program as /usr/local/bin/mosaic-tui
#   lab.sh in NAME CMD...      runs a command there as root
#   lab.sh as NAME USER CMD... runs it as a user, with the environment of a login
#   lab.sh ssh NAME USER CMD.. the same through a real SSH connection, from the controller's side
#   lab.sh reboot|crash NAME   in order, or by killing everything at once; waits until it is up again
#   lab.sh cut|heal NAME       takes its network cable out, or puts it back
#   lab.sh down                takes everything away
set -eu
if [ -d /sys/fs/cgroup/unified ]; then groups=/sys/fs/cgroup/unified; else groups=/sys/fs/cgroup; fi
id=$(basename "$LAB")
# Network devices have short names.
short=$(printf %s "$id" | cksum | cut -c1-6)
# Units that a container has no use for, and that would look for the outside.
masked='postgresql.service systemd-timesyncd.service apt-daily.timer apt-daily-upgrade.timer man-db.timer
e2scrub_all.timer fstrim.timer dpkg-db-backup.timer logrotate.timer getty.target console-getty.service'

leader() { cat "$LAB/$1/leader"; }
inside() {
    host=$1
    shift
    nsenter -t "$(leader "$host")" -a -- env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        LANG=C.UTF-8 TERM=xterm-256color HOME=/root "$@"
}
as_user() {
    host=$1 user=$2
    shift 2
    uid=$(inside "$host" id -u "$user")
    inside "$host" runuser -u "$user" -- env HOME="/home/$user" USER="$user" SHELL=/bin/bash \
        XDG_RUNTIME_DIR="/run/user/$uid" DBUS_SESSION_BUS_ADDRESS="unix:path=/run/user/$uid/bus" "$@"
}
by_ssh() {
    host=$1 user=$2
    shift 2
    # Not `ip netns exec`, which hides the control groups.
    nsenter --net="/run/netns/$short" -- ssh -F "$LAB/ssh_config" -l "$user" "$host" "$@"
}
# The container's init is the only child of the program that made it.
wait_until_up() {
    tries=0
    while :; do
        nspawn=$(pgrep -P "$(cat "$LAB/$1/supervisor")" -x systemd-nspawn || true)
        init=$([ -z "$nspawn" ] || pgrep -P "$nspawn" | head -n 1)
        if [ -n "$init" ]; then
            printf %s "$init" >"$LAB/$1/leader"
            case $(inside "$1" systemctl is-system-running 2>/dev/null || true) in running | degraded) return 0 ;; esac
        fi
        tries=$((tries + 1))
        [ $tries -lt 900 ] || { echo "host $1 did not boot" >&2; tail -n 30 "$LAB/$1/log" >&2; exit 1; }
        sleep 0.05
    done
}
boot() {
    host=$1 number=$2 program=$3
    place=$LAB/$host
    mkdir -p "$place" "$groups/$id-$host"
    : >"$place/keep"
    ssh-keygen -q -t ed25519 -N '' -C "$host" -f "$place/key"
    echo "$host,10.87.0.$number $(cut -d' ' -f1,2 "$place/key.pub")" >>"$LAB/known_hosts"
    ip netns add "$short-$host"
    ip -n "$short-$host" link set lo up
    ip -n "$short" link add "v$number" type veth peer name host0 netns "$short-$host"
    ip -n "$short" link set "v$number" master br0 up
    ip -n "$short-$host" addr add "10.87.0.$number/24" dev host0
    ip -n "$short-$host" link set host0 up
    export host place program masked LAB short
    # shellcheck disable=SC2016
    setsid unshare --mount --propagation private sh -c '
        echo $$ >"$0/cgroup.procs"
        echo $$ >"$place/supervisor"
        mkdir -p "$place/layer" "$place/root" /run/systemd
        mount -t tmpfs -o mode=755 tmpfs /run/systemd
        mount -t tmpfs -o mode=755 tmpfs "$place/layer"
        mkdir "$place/layer/upper" "$place/layer/work"
        mount -t overlay -o lowerdir=/,upperdir="$place/layer/upper",workdir="$place/layer/work" overlay "$place/root"
        root=$place/root
        rm -f "$root/etc/machine-id"
        tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
        echo "$host" >"$root/etc/hostname"
        { echo 127.0.0.1 localhost; cat "$LAB/addresses"; } >"$root/etc/hosts"
        for unit in $masked; do ln -sf /dev/null "$root/etc/systemd/system/$unit"; done
        install -m 755 "$program" "$root/usr/local/bin/mosaic-tui"
        rm -f "$root"/etc/ssh/ssh_host_* "$root"/var/lib/systemd/linger/*
        cp "$place/key" "$root/etc/ssh/ssh_host_ed25519_key"
        chmod 600 "$root/etc/ssh/ssh_host_ed25519_key"
        printf "UseDNS no\nPasswordAuthentication no\nMaxStartups 200\nMaxSessions 100\n" >"$root/etc/ssh/sshd_config.d/lab.conf"
        for user in ada ben; do
            chroot "$root" id $user >/dev/null 2>&1 || chroot "$root" useradd --create-home --shell /bin/bash $user
            chroot "$root" install -d -o $user -g $user -m 700 /home/$user/.ssh
            cp "$LAB/id.pub" "$root/home/$user/.ssh/authorized_keys"
            chroot "$root" chown $user /home/$user/.ssh/authorized_keys
        done
        # A reboot ends the container with 133; a crash ends it anyhow. Both boot again.
        while [ -e "$place/keep" ]; do
            SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 systemd-nspawn -q -b -D "$root" --machine="$host" \
                --network-namespace-path="/run/netns/$short-$host" --register=no --keep-unit --link-journal=no \
                --resolv-conf=off --console=pipe </dev/null || true
        done' "$groups/$id-$host" >>"$place/log" 2>&1 </dev/null &
}
number_of() { grep -n " $1\$" "$LAB/addresses" | sed 's/:.*//'; }

verb=$1
shift
case $verb in
up)
    program=$1
    shift
    mkdir -p "$LAB"
    chmod 755 "$LAB"
    : >"$LAB/addresses"
    : >"$LAB/known_hosts"
    ssh-keygen -q -t ed25519 -N '' -C lab -f "$LAB/id"
    ip netns add "$short"
    ip -n "$short" link set lo up
    ip -n "$short" link add br0 type bridge
    ip -n "$short" addr add 10.87.0.100/24 dev br0
    ip -n "$short" link set br0 up
    number=0
    for name in "$@"; do
        number=$((number + 1))
        echo "10.87.0.$number $name" >>"$LAB/addresses"
    done
    {
        sed 's/^\([^ ]*\) \(.*\)/Host \2\n  HostName \1/' "$LAB/addresses"
        cat <<CONFIG
Host *
  IdentityFile $LAB/id
  IdentitiesOnly yes
  BatchMode yes
  UserKnownHostsFile $LAB/known_hosts
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  ConnectTimeout 5
  LogLevel ERROR
CONFIG
    } >"$LAB/ssh_config"
    for name in "$@"; do boot "$name" "$(number_of "$name")" "$program"; done
    for name in "$@"; do
        until [ -s "$LAB/$name/supervisor" ]; do sleep 0.02; done
        wait_until_up "$name"
    done
    ;;
in) inside "$@" ;;
as) as_user "$@" ;;
ssh) by_ssh "$@" ;;
reboot | crash)
    old=$(leader "$1")
    if [ "$verb" = reboot ]; then inside "$1" systemctl reboot || true; else kill -9 "$old"; fi
    while kill -0 "$old" 2>/dev/null; do sleep 0.02; done
    wait_until_up "$1"
    ;;
cut) ip -n "$short" link set "v$(number_of "$1")" down ;;
heal) ip -n "$short" link set "v$(number_of "$1")" up ;;
down)
    for place in "$LAB"/*/; do
        host=$(basename "$place")
        rm -f "$place/keep"
        group=$groups/$id-$host
        [ -d "$group" ] || continue
        echo 1 >"$group/cgroup.kill"
        until grep -q 'populated 0' "$group/cgroup.events"; do sleep 0.02; done
        find "$group" -depth -type d -exec rmdir {} +
        ip netns del "$short-$host" 2>/dev/null || true
    done
    ip netns del "$short" 2>/dev/null || true
    rm -rf "$LAB"
    ;;
*) exit 2 ;;
esac
