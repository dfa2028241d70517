#!/usr/bin/env bash
# Makes an Amazon Linux 2023 node one for enclaves: packages, allocator, seccomp profile. Runs at first boot out of
# launch-template.sh, which puts the two files beside it; as root, and again without harm.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=${NODE_ROOT:-} # a folder that stands for /, for tests

install_packages() {
  if ! rpm --query --quiet aws-nitro-enclaves-cli; then
    dnf install --assumeyes aws-nitro-enclaves-cli
  fi
}

install_files() {
  install -D --mode=0644 "$here/allocator.yaml" "$root/etc/nitro_enclaves/allocator.yaml"
  install -D --mode=0644 "$here/seccomp-vsock.json" \
    "$root/var/lib/kubelet/seccomp/profiles/nitro-enc-svc-vsock.json"
}

install_packages
install_files
# Memory for enclaves has to be set aside before the kubelet counts what there is.
systemctl enable --now nitro-enclaves-allocator.service
