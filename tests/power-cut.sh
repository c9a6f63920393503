#!/usr/bin/env bash
# What a power cut leaves of a push: a worker on an ext4 image, the image copied at many moments while it is mounted, each copy mounted (its journal is replayed) and looked at.
# Needs root, loop devices, mkfs.ext4 and, for the pushes over SSH, sshd. Opt-in; not a part of the suite.
#   sudo tests/power-cut.sh PROGRAM...        e.g. artifacts/native/depsync, or: dotnet src/DepSync/bin/Debug/net10.0/depsync.dll
#   ROUNDS=4 MOMENTS=10 FILES=120             rounds for each way and policy, moments in a round, files (40 more are new); from 256 on a worker over SSH flushes all at once
# Prints one line for each way and policy. Exit 1 when, with fsync: default, a file was neither old nor new, a recorded generation was not whole, or a finished push was lost.
set -euo pipefail
[ "${POWER_CUT_INSIDE:-}" ] || exec env POWER_CUT_INSIDE=1 unshare -m "$0" "$@"
[ $# -gt 0 ] || { sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 1; }
program=("$@")
case $1 in /*) ;; */*) program[0]=$PWD/$1 ;; esac
for i in "${!program[@]}"; do [ ! -e "${program[$i]}" ] || program[i]=$(realpath "${program[$i]}"); done
rounds=${ROUNDS:-4} moments=${MOMENTS:-10} files=${FILES:-120}
work=$(mktemp -d)
sshd_pid=
trap 'cd /; [ -z "$sshd_pid" ] || kill "$sshd_pid"; umount -q "$work/cut" "$work/disk" || true; rm -rf "$work"' EXIT
cd "$work"
mkdir disk cut manager

ssh_line() {
    ssh-keygen -qt ed25519 -N '' -f host && ssh-keygen -qt ed25519 -N '' -f key
    cp key.pub authorized && chmod 600 authorized
    port=$((20000 + RANDOM % 20000))
    printf '%s\n' "Port $port" 'ListenAddress 127.0.0.1' "HostKey $work/host" "AuthorizedKeysFile $work/authorized" 'StrictModes no' 'UsePAM no' \
        'PermitRootLogin yes' "PidFile $work/sshd.pid" 'Subsystem sftp internal-sftp' >sshd_config
    mkdir -p /run/sshd
    "$(command -v sshd || echo /usr/sbin/sshd)" -D -f "$work/sshd_config" 2>sshd.log &
    sshd_pid=$!
    echo "[127.0.0.1]:$port $(cut -d' ' -f1,2 host.pub)" >known_hosts
    for _ in $(seq 100); do (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.1; done
    echo "root@127.0.0.1:$work/disk/w name=w port=$port identity=$work/key" >list-ssh
}

fill() { # fill VERSION COUNT: every file has its path's and version's own content
    for i in $(seq "$2"); do
        mkdir -p "manager/d$((i % 7))"
        { yes "$1 $i" || true; } | head -c $((1 + i * 397 % 60000)) >"manager/d$((i % 7))/$i.xml"
    done
}

sums() { (cd manager && find . -type f -exec sha256sum {} + | sort -k2) >"$1"; }

push() { "${program[@]}" sync -q --config depsync.yaml; }

cut_power() { # copies the image as the disk has it: two copies in a row that are equal saw no write between
    for _ in $(seq 50); do
        cp --sparse=always image cut.img
        if cmp -s image cut.img; then return; fi
    done
    echo 'the image never stood still' >&2
    exit 1
}

look() { # look finished|running: counts what the copy shows
    mount -o loop cut.img cut
    cuts=$((cuts + 1))
    if [ -d cut/w ]; then
        (cd cut/w && find . -path ./.depsync -prune -o -type f -exec sha256sum {} + | sort) >have
        torn=$((torn + $(comm -23 have <(sort -u old new) | wc -l)))
        empty=$((empty + $(find cut/w -path cut/w/.depsync -prune -o -type f -size 0 -print | wc -l)))
        gone=$((gone + $(comm -13 <(cut -c67- have | sort) <(cut -c67- old | sort) | wc -l)))
        if grep -qF "$(head -1 new | cut -c1-64)" cut/w/.depsync/manifest 2>/dev/null; then
            recorded=$((recorded + 1))
            (cd cut/w && sha256sum --status -c .depsync/manifest) || unwhole=$((unwhole + 1))
        elif [ "$1" != running ]; then
            lost=$((lost + 1))
        fi
    fi
    umount cut
}

failed=0
for way in local ssh; do
    for policy in default never; do
        cuts=0 torn=0 empty=0 gone=0 recorded=0 unwhole=0 lost=0 ends=0
        if [ $way = ssh ]; then ssh_line; else echo "$work/disk/w name=w" >list-local; fi
        for _ in $(seq "$rounds"); do
            rm -rf state image manager/* && truncate -s 96M image && mkfs.ext4 -q image && mount -o loop image disk && mkdir disk/w
            printf '%s\n' "manager_dir: $work/manager" "workers: $work/list-$way" "state_dir: $work/state" "log: { dir: $work/logs }" 'settle: 0' \
                "fsync: $policy" "ssh: { known_hosts: $work/known_hosts }" >depsync.yaml
            fill old $files
            sums old
            push
            sync -f disk
            fill new $((files + 40))
            sums new
            began=$(date +%s%N)
            (exec "${program[@]}" sync -q --config depsync.yaml) &
            pushing=$!
            for moment in $(seq "$moments"); do
                # The moments are spread over what a push takes: the first ones early, then ever later.
                sleep "0.0$((moment * 3 % 10))"
                kill -STOP $pushing 2>/dev/null || break
                cut_power
                kill -CONT $pushing 2>/dev/null || true
                look running
            done
            wait $pushing
            cut_power
            ends=$((ends + 1))
            look finished
            # By now the journal has been written, and of what nobody flushed not all the contents.
            sleep 6
            cut_power
            look later
            umount disk
        done
        [ -z "$sshd_pid" ] || { kill "$sshd_pid"; wait "$sshd_pid" 2>/dev/null || true; sshd_pid=; rm -f host host.pub key key.pub; }
        echo "$way, fsync: $policy: $cuts cuts ($ends of them right after the end, $ends six seconds later): $torn files neither old nor new, $empty empty, $gone missing;" \
            "$recorded showed the new generation, $unwhole of these not whole; $lost times a finished push was not there"
        [ $policy = never ] || [ $((torn + gone + unwhole + lost)) -eq 0 ] || failed=1
    done
done
exit $failed
