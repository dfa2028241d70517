#!/usr/bin/env bash
# Builds the enclave's kernel, and that of the end-to-end run's parent guest, from Debian's linux-source.
# usage: kernel/build.sh [enclave|parent]...       (both by default)
# Prints the path of each bzImage: build/kernel/FLAVOUR-KEY/bzImage, where KEY is a hash over all that goes in: a
# kernel that is there already is not built again. The same inputs give the same bytes, in whatever directory.
# KERNEL_BUILD_DIR moves build/kernel elsewhere; KERNEL_SOURCE_DEB names the package's file where it cannot be
# downloaded.
set -euo pipefail

kernel=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=${KERNEL_BUILD_DIR:-$(dirname "$kernel")/build/kernel}
read -r package version sha256 <"$kernel/version"
# Everything that could differ between two machines and would show in the kernel.
export KBUILD_BUILD_USER=nitro-enc-svc KBUILD_BUILD_HOST=debian KBUILD_BUILD_TIMESTAMP='1970-01-01 00:00:00 UTC'
export KBUILD_BUILD_VERSION=1 LOCALVERSION='' LC_ALL=C TZ=UTC
unset CFLAGS CPPFLAGS LDFLAGS MAKEFLAGS KCFLAGS KAFLAGS KCONFIG_CONFIG ARCH CROSS_COMPILE SOURCE_DATE_EPOCH
umask 022

say() { printf 'kernel: %s\n' "$*" >&2; }
die() {
  say "$*"
  exit 1
}

# The fragments of a flavour, in their order.
fragments() {
  printf '%s\n' "$kernel"/config/enclave/*.config
  if [[ $1 == parent ]]; then printf '%s\n' "$kernel"/config/parent/*.config; fi
}

# The key: sources, configuration, this script and the tools that translate.
key_of() {
  {
    cat "$kernel/version" "$kernel/build.sh"
    gcc --version
    ld --version
    xz --version
    if [[ $1 == parent ]]; then cat "$kernel/parent_vsock.h"; fi
    local fragment
    while read -r fragment; do
      basename "$fragment"
      cat "$fragment"
    done < <(fragments "$1")
  } | sha256sum | cut -c1-16
}

# Downloads the package unless it is there, checks it, and unpacks it into $source.
fetch_source() {
  [[ ! -e $source/Makefile ]] || return 0
  local deb=$build/${package}_${version}_all.deb
  if [[ ! -e $deb && -n ${KERNEL_SOURCE_DEB:-} ]]; then cp -- "$KERNEL_SOURCE_DEB" "$deb"; fi
  if [[ ! -e $deb ]]; then
    say "downloading $package $version"
    local download
    download=$(mktemp -d "$build/download.XXXXXX")
    chmod 755 "$download"
    (cd "$download" && apt-get download -q "$package=$version" >&2) || {
      rm -r "$download"
      local known
      known=$(apt-cache madison "$package" | cut -d'|' -f2 | tr -d ' ' | sort -u | tr '\n' ' ')
      say "apt-get finds no $package $version; it knows: ${known:-none}"
      die "run apt-get update, name the file in KERNEL_SOURCE_DEB, or change kernel/version after a review"
    }
    mv -- "$download"/*.deb "$deb"
    rmdir "$download"
  fi
  printf '%s  %s\n' "$sha256" "$deb" | sha256sum --check --quiet >&2 || {
    rm -f -- "$deb"
    die "$package $version is not the file that kernel/version names"
  }
  say "unpacking $package $version"
  local unpacked
  unpacked=$(mktemp -d "$build/unpack.XXXXXX")
  dpkg-deb --fsys-tarfile "$deb" | tar -C "$unpacked" -xf - ./usr/src
  mkdir "$unpacked/tree"
  tar -C "$unpacked/tree" --strip-components=1 -xJf "$unpacked"/usr/src/"$package".tar.xz
  mv -T -- "$unpacked/tree" "$source"
  rm -r -- "$unpacked"
}

# An option that another one forbids or that a new version no longer knows would be dropped in silence.
check_config() {
  local config=$1 fragment line
  local -a files lines
  mapfile -t files < <(fragments "$2")
  for fragment in "${files[@]}"; do
    mapfile -t lines <"$fragment"
    for line in "${lines[@]}"; do
      case $line in
        CONFIG_*=*) grep -qxF -- "$line" "$config" && continue ;;
        '# CONFIG_'*' is not set')
          line=${line#\# }
          grep -q "^${line% is not set}=" "$config" || continue
          ;;
        *) continue ;;
      esac
      die "${fragment##*/}: '$line' is not what the configuration came to"
    done
  done
}

compile() {
  local flavour=$1 output=$2 log=$build/$1.log
  local -a make=(make -C "$source" "O=$objects" -s)
  if command -v ccache >/dev/null; then
    make+=('CC=ccache gcc')
    export CCACHE_BASEDIR=$build CCACHE_NOHASHDIR=1
  fi
  if [[ $flavour == parent ]]; then
    local object
    for object in virtio_transport virtio_transport_common; do
      make+=("CFLAGS_$object.o=-include $kernel/parent_vsock.h")
    done
  fi
  mkdir -p "$objects"
  "${make[@]}" tinyconfig >"$log" 2>&1 || die "no configuration: see $log"
  local -a files
  mapfile -t files < <(fragments "$flavour")
  (cd "$objects" && "$source/scripts/kconfig/merge_config.sh" -m -O . .config "${files[@]}") >>"$log" 2>&1 ||
    die "the configuration does not merge: see $log"
  "${make[@]}" olddefconfig >>"$log" 2>&1 || die "no configuration: see $log"
  check_config "$objects/.config" "$flavour"
  say "compiling the $flavour kernel (minutes; $log)"
  "${make[@]}" -j"$(nproc)" bzImage >>"$log" 2>&1 || {
    tail -n 20 -- "$log" >&2
    die "the kernel does not compile: see $log"
  }
  local staged
  staged=$(mktemp -d "$build/staged.XXXXXX")
  chmod 755 "$staged"
  cp -- "$objects/arch/x86/boot/bzImage" "$staged/bzImage"
  cp -- "$objects/.config" "$staged/config"
  make -C "$source" "O=$objects" -s kernelrelease >"$staged/release" 2>>"$log"
  rm -rf -- "$output"
  mv -T -- "$staged" "$output"
}

for flavour in "$@"; do
  case $flavour in enclave | parent) ;; *) die "usage: kernel/build.sh [enclave|parent]..." ;; esac
done
(($#)) || set -- enclave parent

mkdir -p "$build"
build=$(cd "$build" && pwd)
source=$build/source-${sha256:0:16}
objects=$build/objects-${sha256:0:16}
exec 9>"$build/.lock"
flock 9
for flavour in "$@"; do
  output=$build/$flavour-$(key_of "$flavour")
  if [[ ! -e $output/bzImage ]]; then
    fetch_source
    compile "$flavour" "$output"
  fi
  size=$(stat -c %s "$output/bzImage")
  say "$flavour: $(<"$output/release"), $size bytes, sha256 $(sha256sum <"$output/bzImage" | cut -c1-64)"
  printf '%s\n' "$output/bzImage"
done
