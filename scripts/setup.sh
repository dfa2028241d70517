# Installs the Debian packages that are missing, and nothing else. Sourced by run.
# shellcheck shell=bash disable=SC2154  # run sets root

# Prints the first alternative of each line of packages.txt of the given groups of which no alternative is installed.
missing_packages() {
  local package group choice alternative found
  local -A installed=()
  while read -r package; do installed[${package%%:*}]=yes; done < <(
    dpkg-query --show --showformat='${db:Status-Abbrev}${binary:Package}\n' | sed -n 's/^.i *//p')
  while read -r group choice; do
    [[ " $* " == *" $group "* ]] || continue
    found=''
    for alternative in ${choice//|/ }; do found+=${installed[$alternative]:-}; done
    [[ -n $found ]] || printf '%s\n' "${choice%%|*}"
  done < <(sed 's/#.*//' "$root/scripts/packages.txt") | sort -u
}

as_root() {
  if ((EUID == 0)); then "$@"; else sudo -- "$@"; fi
}

# A package that brings a service starts it on installation, unless a policy forbids it (invoke-rc.d(8)).
# nginx is here as a peer of the benchmark and not to serve port 80.
install_quietly() {
  local policy=/usr/sbin/policy-rc.d own_policy='' status=0
  if [[ ! -e $policy ]]; then
    own_policy=yes
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
  fi
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends -- "$@" || status=$?
  if [[ -n $own_policy ]]; then as_root rm -f "$policy"; fi
  if ((status == 0)) && command -v systemctl >/dev/null && [[ " $* " == *" nginx-light "* ]]; then
    as_root systemctl disable nginx.service >/dev/null 2>&1 || true
  fi
  return "$status"
}

# Installs what is missing of the group `backports`, from the mirror that the machine uses, without adding to its sources.
# Nothing that is needed: where it does not work, it says so.
setup_backports() {
  local -a missing options
  local state=$root/build/backports mirror
  mapfile -t missing < <(missing_packages backports)
  ((${#missing[@]})) || return 0
  say "installing from bookworm-backports: ${missing[*]}"
  # shellcheck disable=SC2016  # apt's own variable
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' | head -n 1)
  mkdir -p "$state/lists/partial"
  printf 'deb %s bookworm-backports main\n' "${mirror:-none}" >"$state/sources.list"
  options=(-q -o "Dir::Etc::sourcelist=$state/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$state/lists")
  if ! { as_root apt-get "${options[@]}" update &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get "${options[@]}" install -y --no-install-recommends -- "${missing[@]}"; }; then
    say "they could not be installed; tests that need them are skipped"
  fi
}

# setup GROUP...: returns at once when everything is there.
setup() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    die "this needs Debian 12 or a derivative with its packages; install by hand what scripts/packages.txt names"
  fi
  local -a missing
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) || return 0
  say "installing ${#missing[@]} missing packages: ${missing[*]}"
  if ((EUID != 0)) && ! command -v sudo >/dev/null; then
    die "installing needs root: run as root, install sudo, or run: apt-get install ${missing[*]}"
  fi
  as_root apt-get update -q || say "apt-get update failed; trying with the package lists that are there"
  install_quietly "${missing[@]}" || die "apt-get install failed; the lines above say why"
}
