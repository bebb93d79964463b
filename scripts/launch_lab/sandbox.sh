#!/bin/sh
# sandbox.sh ROOT INTERPRETER... -- TREE NAME COMMAND...
# A namespace of its own for files, processes and network: / is empty memory but for read-only system
# folders and interpreters, TREE is copied to /srv/NAME, and nothing outside of it is reached or left over.
set -e
root=$1
shift
mount -t tmpfs -o size=3g,mode=755 lab "$root"
for folder in /usr /etc /bin /sbin /lib /lib32 /lib64; do
    if [ -L "$folder" ]; then
        ln -s "$(readlink "$folder")" "$root$folder"
    elif [ -d "$folder" ]; then
        mkdir -p "$root$folder"
        mount --bind "$folder" "$root$folder"
        mount -o remount,bind,ro "$root$folder"
    fi
done
while [ "$1" != -- ]; do
    mkdir -p "$root$1"
    mount --bind "$1" "$root$1"
    mount -o remount,bind,ro "$root$1"
    shift
done
tree=$2
name=$3
shift 3
mkdir -p "$root/proc" "$root/dev" "$root/tmp" "$root/root" "$root/srv" "$root/run" "$root/var"
chmod 1777 "$root/tmp"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
cp -r "$tree" "$root/srv/$name"
ip link set lo up 2>/dev/null || true
exec chroot "$root" "$@"
