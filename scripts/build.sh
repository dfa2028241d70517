# Configures and builds a CMake preset. Sourced by run.
# shellcheck shell=bash disable=SC2154  # run sets root

# configure PRESET: runs CMake when there is no build folder yet or the presets changed; what else changes,
# the build itself notices.
configure() {
  local preset=$1 log=$root/build/.configure-$1.log
  if [[ -f $root/build/$preset/build.ninja && $log -nt $root/CMakePresets.json ]]; then return 0; fi
  say "configuring preset $preset"
  cmake --preset "$preset" >"$log" 2>&1 || {
    cat "$log" >&2
    rm -f "$log"
    die "CMake could not configure preset $preset"
  }
}

# build PRESET [TARGET...]: incremental.
build() {
  local preset=$1
  shift
  local -a targets=()
  if (($#)); then targets=(--target "$@"); fi
  configure "$preset"
  say "building preset $preset"
  cmake --build --preset "$preset" "${targets[@]}"
}

# Sanitizers map fixed address ranges, which strong address randomization can take first.
without_aslr() {
  if setarch --addr-no-randomize true 2>/dev/null; then setarch --addr-no-randomize "$@"; else "$@"; fi
}

# run_ctest PRESET [CTEST-OPTION...]
run_ctest() {
  local preset=$1
  shift
  without_aslr ctest --test-dir "$root/build/$preset" --output-on-failure --parallel "$(nproc)" "$@"
}
