#!/usr/bin/env bash
# Runs DepSync's native program beside rsync and rclone against an sshd of its own on loopback, the tools in alternation, and prints medians and ratios.
# Nothing of this machine is changed: data, keys, home and sshd live in one folder in memory, which is removed at the end.
# Needs the .NET SDK, OpenSSH's server and rsync; rclone is left out where it is missing.
#
#   tests/DepSync.Benchmarks/run.sh [-n ROUNDS] [-c CASES] [-t TOOLS] [-b BINARY] [-f FOLDER]
#
#   -n ROUNDS  how often each case is measured (default 5)
#   -c CASES   separated by commas (default: all, as below)
#   -t TOOLS   of: default never fast rsync rclone script (default: all). "default" and "never" are DepSync with that `fsync`, "fast" is "never" with
#              `ssh.kex: fast`, "script" is rsync to one worker after the other (fleet cases; rsync itself runs eight at once there).
#   -b BINARY  a depsync (default: published from this source first)
#   -f FOLDER  where the data goes (default: a new folder in /dev/shm)
#
#   cold same changed      10,000 small files: to an empty target, unchanged, 20 of them changed
#   cold-20 same-20 changed-20, and -100: the same behind a round trip of 20 and 100 ms; same-100-few: 100 files
#   big scatter front      one file of 512 MiB: to an empty target, 1 % of its pages changed, 64 KiB inserted at its front
#   war rebuild            a web archive of 60 MB: one entry changed; 1 % of the entries changed and a new time on each
#   fleet-cold fleet-same  8 workers with 2,000 files each, behind one login; hosts-cold hosts-same: each at an address of its own
#   many                   100,000 files, unchanged
set -euo pipefail
export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
rounds=5
cases=cold,same,changed,big,scatter,front,war,rebuild,fleet-cold,fleet-same,hosts-cold,hosts-same,many,same-20,changed-20,cold-20,same-100,same-100-few,changed-100,cold-100
tools=default,never,fast,rsync,rclone,script
binary=
base=
while getopts n:c:t:b:f: option; do
    case $option in
        n) rounds=$OPTARG ;;
        c) cases=$OPTARG ;;
        t) tools=$OPTARG ;;
        b) binary=$(realpath "$OPTARG") ;;
        f) base=$(realpath "$OPTARG") ;;
        *) sed -n '2,23s/^# \{0,1\}//p' "$0" >&2; exit 1 ;;
    esac
done
[ -n "$base" ] || base=$(mktemp -d /dev/shm/depsync-bench-XXXXXX)
mkdir -p "$base"/{home,etc,to,from,out}
children=()
finish() {
    for child in "${children[@]}"; do kill "$child" 2>/dev/null || true; done
    rm -rf "$base"
}
trap finish EXIT
command -v rclone >/dev/null || tools=${tools/rclone/}

dotnet build "$here" -c Release -v q --nologo >"$base/out/build.log" || { cat "$base/out/build.log" >&2; exit 1; }
toolbox=(dotnet "$here/bin/Release/net10.0/DepSync.Benchmarks.dll")
if [ -z "$binary" ]; then
    linker=()
    command -v clang >/dev/null || linker=(-p:CppCompilerAndLinker=gcc)
    dotnet publish "$root/src/DepSync" -c Release -o "$root/artifacts/bench" -v q --nologo "${linker[@]}" >"$base/out/build.log" || { cat "$base/out/build.log" >&2; exit 1; }
    binary=$root/artifacts/bench/depsync
fi

free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 20000))
        (: </dev/tcp/127.0.0.1/$port) 2>/dev/null || { echo $port; return; }
    done
}

await_port() {
    until (: </dev/tcp/127.0.0.1/"$1") 2>/dev/null; do sleep 0.05; done
}

# --- the worker: a clean home, no .bashrc, and as many logins at once as come
ssh-keygen -q -t ed25519 -N '' -f "$base/etc/host_key"
ssh-keygen -q -t ed25519 -N '' -f "$base/etc/login_key"
direct=$(free_port)
cat >"$base/etc/sshd_config" <<END
$(for i in 1 2 3 4 5 6 7 8; do echo "ListenAddress 127.0.0.$i:$direct"; done)
HostKey $base/etc/host_key
AuthorizedKeysFile $base/etc/login_key.pub
PidFile none
StrictModes no
UsePAM no
MaxStartups 500
SetEnv HOME=$base/home
Subsystem sftp internal-sftp
END
[ "$(id -u)" -ne 0 ] || mkdir -p /run/sshd
"$(command -v sshd)" -D -f "$base/etc/sshd_config" >"$base/out/sshd.log" 2>&1 &
children+=($!)
await_port "$direct"

# proxy DELAY_EACH_WAY: prints the port; started once
proxy() {
    if [ ! -e "$base/etc/proxy-$1" ]; then
        local listen
        listen=$(free_port)
        "${toolbox[@]}" proxy "$listen" "$direct" "$1" >"$base/out/proxy.log" 2>&1 &
        children+=($!)
        await_port "$listen"
        echo "$listen" >"$base/etc/proxy-$1"
    fi
    port=$(<"$base/etc/proxy-$1")
}

# --- the tools: each pushes $source to $base/to/TOOL/1 ... $workers through $port
ssh_command() {
    echo "ssh -F none -p $port -i $base/etc/login_key -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=$base/etc/known_hosts -o LogLevel=ERROR"
}

# host_of WORKER
host_of() {
    case $name in hosts-*) echo "127.0.0.$1" ;; *) echo 127.0.0.1 ;; esac
}

settings() {
    local tool=$1 fsync=never kex=default i
    [ "$tool" != default ] || fsync=default
    [ "$tool" != fast ] || kex=fast
    cat >"$base/etc/$tool.yaml" <<END
manager_dir: $source
workers: $tool.list
state_dir: $base/etc/state-$tool
settle: 0
fsync: $fsync
ssh:
  identity: $base/etc/login_key
  known_hosts: $base/etc/known_hosts_$tool
  host_key: accept-new
  kex: $kex
END
    for ((i = 1; i <= workers; i++)); do
        echo "$(id -un)@$(host_of "$i"):$base/to/$tool/$i name=w$i port=$port"
    done >"$base/etc/$tool.list"
}

push() {
    case $1 in
        default | never | fast) env HOME="$base/home" "$binary" sync --config "$base/etc/$1.yaml" ${counted:+--json} ;;
        rsync | script)
            local shell at_once=8
            shell=$(ssh_command)
            [ "$1" = rsync ] || at_once=1
            seq "$workers" | env HOME="$base/home" xargs -P "$at_once" -I {} rsync -a --delete ${counted:+--stats} -e "$shell" "$source/" "$(id -un)@$(host_of '{}'):$base/to/$1/{}/"
            ;;
        rclone)
            seq "$workers" | env HOME="$base/home" RCLONE_CONFIG="$base/etc/rclone.conf" xargs -P 8 -I {} \
                rclone sync -q --links "$source" ":sftp,host=127.0.0.1,port=$port,user=$(id -un),key_file=$base/etc/login_key,disable_hashcheck=true:$base/to/rclone/{}"
            ;;
    esac
}

reset() {
    rm -rf "$base/to/$1" "$base/etc/state-$1"
    mkdir -p "$base/to/$1"
    settings "$1"
}

# A virtual machine may have given free memory back to its host: the first use of a page then costs ten times as much, and falls on whoever runs just then (512 MiB: 0.16 or 1.45 s).
# So as much as a push of a large file may take is used once and freed right before it.
warm_memory() {
    case $name in
        big | scatter | front) head -c 1G /dev/zero >"$base/warm" && rm "$base/warm" ;;
    esac
}

# measure TOOL: pushes once and notes wall and processor seconds, and the bytes that the tool says it sent
measure() {
    local tool=$1 sent=-
    warm_memory
    TIMEFORMAT='%R %U %S'
    { time push "$tool" >"$base/out/$tool.stdout" 2>"$base/out/$tool.stderr" || { cat "$base/out/$tool".std* >&2; exit 1; }; } 2>"$base/out/$tool.time"
    case ${counted:+$tool} in
        rsync) sent=$(sed -n 's/,//g; s/^Total bytes sent: //p' "$base/out/$tool.stdout") ;;
        default | never | fast) sent=$(sed -n 's/.*"bytes_sent":\([0-9]*\).*/\1/p' "$base/out/$tool.stdout" | tail -1) ;;
    esac
    echo "$tool $(tail -1 "$base/out/$tool.time") $sent" >>"$base/out/$name.times"
}

same_trees() {
    local i
    for ((i = 1; i <= workers; i++)); do
        diff -rq --exclude .depsync "$source" "$base/to/$1/$i" || { echo "run.sh: $name: $1 did not bring the tree over" >&2; exit 1; }
    done
}

make() {
    source=$base/from/$1-$2
    [ -e "$source" ] || { "${toolbox[@]}" tree "$source" "$1" "$2"; sleep 3; }
}

print() {
    awk -v name="$name" '
        function median(tool, what,   n, i, j, list, swap) {
            n = count[tool]
            for (i = 1; i <= n; i++) list[i] = value[tool, what, i]
            for (i = 1; i <= n; i++) for (j = i + 1; j <= n; j++) if (list[j] < list[i]) { swap = list[i]; list[i] = list[j]; list[j] = swap }
            return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
        }
        function ratio(tool, peer) { return count[peer] && tool != peer ? sprintf("%.2f", median(tool, "wall") / median(peer, "wall")) : "-" }
        { if (!count[$1]++) order[++tools] = $1
          value[$1, "wall", count[$1]] = $2; value[$1, "cpu", count[$1]] = $3 + $4; sent[$1] = $5 }
        END { for (t = 1; t <= tools; t++) { tool = order[t]
              printf "| %s | %s | %.3f | %s | %s | %s | %.2f | %s | %d |\n", name, tool, median(tool, "wall"), ratio(tool, "rsync"), ratio(tool, "script"), ratio(tool, "rclone"), median(tool, "cpu"), sent[tool], count[tool] } }
    ' <(sort -s -k1,1 "$base/out/$name.times")
}

# run NAME KIND AMOUNT BEFORE [EDIT [FILE]]: BEFORE is "empty" (a new target each time) or "filled" (a first push that is not measured)
run() {
    name=$1
    local before=$4 edit=${5:-} file=${6:-} round tool turn
    make "$2" "$3"
    : >"$base/out/$name.times"
    read -ra turn <<<"${tools//,/ }"
    local mine=()
    for tool in "${turn[@]}"; do
        case $tool:$name in
            script:fleet-* | script:hosts-*) ;;
            script:* | rclone:cold-* | rclone:hosts-* | rclone:many) continue ;;
        esac
        mine+=("$tool")
        reset "$tool"
        [ "$before" = empty ] || push "$tool" >/dev/null
    done
    for ((round = 1; round <= rounds; round++)); do
        if [ -n "$edit" ]; then
            # Times are compared in whole seconds.
            sleep 1.1
            "${toolbox[@]}" edit "$source/$file" "$edit" "$round"
        fi
        for tool in "${mine[@]}"; do
            [ "$before" != empty ] || reset "$tool"
            measure "$tool"
        done
        mine=("${mine[@]:1}" "${mine[0]}")
    done
    for tool in "${mine[@]}"; do same_trees "$tool"; done
    print
    rm -rf "$base"/to/*
}

echo "$(nproc) processors, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1); $(uname -r); $(ssh -V 2>&1 | cut -d, -f1); $(rsync --version | head -1 | tr -s ' ' | cut -d' ' -f1-3); $("$binary" --version)"
echo
echo "| case | tool | median s | to rsync | to script | to rclone | client cpu s | bytes sent | rounds |"
echo "|---|---|---|---|---|---|---|---|---|"
for case in ${cases//,/ }; do
    workers=1 counted='' port=$direct
    case $case in *-20) proxy 10 ;; *-100 | *-100-few) proxy 50 ;; esac
    case $case in
        cold | cold-20 | cold-100) run "$case" small 10000 empty ;;
        same | same-20 | same-100) run "$case" small 10000 filled ;;
        same-100-few) run "$case" small 100 filled ;;
        changed | changed-20 | changed-100) run "$case" small 10000 filled touch20 ;;
        big) counted=1 run "$case" big 512 empty ;;
        scatter) counted=1 run "$case" big 512 filled scatter big.bin ;;
        front) counted=1 run "$case" big 512 filled front big.bin ;;
        war) counted=1 run "$case" war 2500 filled war1 webapps/shop.war ;;
        rebuild) counted=1 run "$case" war 2500 filled rebuild webapps/shop.war ;;
        fleet-cold | hosts-cold) workers=8 run "$case" small 2000 empty ;;
        fleet-same | hosts-same) workers=8 run "$case" small 2000 filled ;;
        many) run "$case" small 100000 filled ;;
        *) echo "run.sh: no such case: $case" >&2; exit 1 ;;
    esac
done
