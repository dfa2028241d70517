# Runs the fuzz targets. Sourced by run.
# shellcheck shell=bash disable=SC2154  # run sets root

fuzz_targets=(token json schema http1 attest eif)

# fuzz_one TARGET SECONDS: starts from fuzz/corpus/TARGET; new inputs go to build/fuzz/corpus, findings to
# build/fuzz/findings.
fuzz_one() {
  local target=$1 seconds=$2 status=0
  local corpus=$root/build/fuzz/corpus/$target findings=$root/build/fuzz/findings/$target
  mkdir -p "$corpus" "$findings"
  say "fuzzing $target for $seconds s"
  without_aslr "$root/build/fuzz/fuzz/fuzz_$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
    -print_final_stats=1 -verbosity=0 -artifact_prefix="$findings/" "$corpus" "$root/fuzz/corpus/$target" \
    >"$findings/log" 2>&1 || status=$?
  if ((status != 0)); then
    cat "$findings/log" >&2
    say "finding in $target; the input is in ${findings#"$root"/}"
    return 1
  fi
  sed -n 's/^stat::number_of_executed_units: */  inputs tried: /p' "$findings/log"
}

# fuzz [SECONDS] [TARGET]
fuzz() {
  local seconds=${1:-60} only=${2:-} target failed=
  [[ $seconds =~ ^[1-9][0-9]*$ ]] || die "fuzz: '$seconds' is no number of seconds"
  local -a chosen=("${fuzz_targets[@]}")
  if [[ -n $only ]]; then
    [[ " ${fuzz_targets[*]} " == *" $only "* ]] || die "fuzz: no target '$only'; there are: ${fuzz_targets[*]}"
    chosen=("$only")
  fi
  build fuzz "${chosen[@]/#/fuzz_}"
  for target in "${chosen[@]}"; do fuzz_one "$target" "$seconds" || failed+=" $target"; done
  [[ -z $failed ]] || die "fuzzing found something in:$failed"
  say "fuzzing: no finding"
}
