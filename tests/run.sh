#!/bin/sh
# Passes the whole test suite. What the tests need and this machine lacks is installed first: OpenSSH (server and client: real workers on loopback) and
# rsync (the oracle). Arguments go on to `dotnet test`, for example: sh tests/run.sh --filter Planner
# With CI=true a test that still lacks something fails; otherwise it is skipped, with the reason.
set -eu
cd "$(dirname "$0")/.."

has() {
    PATH="$PATH:/usr/sbin:/usr/local/sbin:/sbin" command -v "$1" >/dev/null 2>&1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

install() {
    if has apt-get; then
        as_root apt-get update -qq
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends openssh-server openssh-client rsync
    elif has dnf; then
        as_root dnf install -y -q openssh-server openssh-clients rsync findutils coreutils
    elif has apk; then
        as_root apk add --quiet openssh rsync findutils coreutils
    elif has pacman; then
        as_root pacman -S --noconfirm --needed --quiet openssh rsync
    elif has brew; then
        brew install --quiet rsync findutils coreutils
    else
        echo "tests/run.sh: none of apt-get, dnf, apk, pacman and brew is here; install OpenSSH server and rsync by hand" >&2
        return 1
    fi
}

missing=
for program in sshd ssh ssh-keygen rsync; do
    has "$program" || missing="$missing $program"
done
# BSD and BusyBox lack find -printf and sha256sum -z, with which the tests read trees.
if has gfind && has gsha256sum; then
    :
elif ! find . -maxdepth 0 -printf '' 2>/dev/null || ! sha256sum -z "$0" >/dev/null 2>&1; then
    missing="$missing GNU-findutils-and-coreutils"
fi
if [ -n "$missing" ]; then
    echo "tests/run.sh: installing what is missing:$missing" >&2
    # Without it the tests that need it are skipped (with CI=true: they fail), and the others still count.
    install >&2 || echo "tests/run.sh: the installation failed" >&2
fi

exec dotnet test DepSync.sln --nologo "$@"
