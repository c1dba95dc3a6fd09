#!/bin/bash
# SPDX-License-Identifier: MIT
# Makes of what `meson install` installs a tarball and a .deb, and their SHA-256: build/packages.
# `./dev package` calls it when all of that is built. The same commit gives the same bytes, whoever
# builds it, where and when, with the same Debian packages.
set -euo pipefail
umask 022
export LC_ALL=C TZ=UTC

cd "$(dirname "${BASH_SOURCE[0]}")/.."
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -c safe.directory='*' log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
packages=$PWD/build/packages
architecture=$(dpkg --print-architecture)
version=$(meson introspect --projectinfo build |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["version"])')
name=mindmeld-$version-linux-$architecture
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Our own licence, and those of whose code the static binary holds a copy, as Debian states them.
licences() {
  local owner headers_only=(libasio-dev libcxxopts-dev nlohmann-json3-dev)
  local runtime=(libc6-dev libstdc++-12-dev)
  cat LICENSE
  while read -r owner; do
    printf '\n\n==== %s\n\n' "$(dpkg-query -W -f='${Package} ${Version}' "$owner")"
    cat "/usr/share/doc/$owner/copyright"
  done < <({
    printf '%s\n' "${headers_only[@]}" "${runtime[@]}"
    ninja -C build -t commands mindmeld | tail -n 1 | grep -o '/usr/[^ ]*\.a' |
      sort -u | xargs dpkg -S | cut -d: -f1
  } | sort -u)
}

# The tree of a machine's /usr/local, each file as old as the commit.
stage() {
  meson install --no-rebuild --quiet -C build --destdir "$work/stage"
  mv "$work/stage/usr/local" "$work/$name"
  install -d "$work/$name/share/doc/mindmeld"
  licences >"$work/$name/share/doc/mindmeld/copyright"
}

same_age() { find "$1" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +; }

tarball() {
  same_age "$work/$name"
  tar --create --directory="$work" --format=gnu --sort=name --owner=0 --group=0 --numeric-owner \
    "$name" | gzip -9n >"$packages/$name.tar.gz"
}

# Debian's own places: /usr, and zsh's for what comes in packages.
move_to_usr() {
  local zsh=$1/usr/share/zsh
  install -d "$1/DEBIAN"
  cp -a "$work/$name" "$1/usr"
  [[ ! -d $zsh/site-functions ]] || mv "$zsh/site-functions" "$zsh/vendor-completions"
}

deb() {
  local root=$work/deb
  move_to_usr "$root"
  install container/deb/* "$root/DEBIAN"
  (cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
  cat >"$root/DEBIAN/control" <<EOF
Package: mindmeld
Version: $version
Architecture: $architecture
Maintainer: The mindmeld authors
Section: net
Priority: optional
Installed-Size: $(find "$root/usr" -type f -printf '%s\n' | awk '{ kib += int($1 / 1024) + 1 } END { print kib }')
Recommends: ca-certificates
Description: forwards a port between two machines that cannot reach each other
 Through a router that both can reach. A forwarded connection behaves like the
 TCP connection that it replaces, and outlives what is between its two ends.
EOF
  same_age "$root"
  dpkg-deb --root-owner-group -Zxz --threads-max=1 --build "$root" \
    "$packages/mindmeld_${version}_$architecture.deb" >/dev/null
}

rm -rf "$packages"
install -d "$packages"
stage
tarball
deb
cd "$packages"
sha256sum -- *.tar.gz *.deb | tee SHA256SUMS
