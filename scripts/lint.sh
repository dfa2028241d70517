# Format, clang-tidy, shellcheck, Python syntax. Sourced by run. Reports everything before it fails.
# shellcheck shell=bash disable=SC2154  # run sets root

# Files of the working tree that git knows or would add, and that match a pattern such as '*.cc'.
sources() {
  git -C "$root" ls-files --cached --others --exclude-standard -- "$@" | sort -u | while read -r file; do
    if [[ -f $root/$file ]]; then printf '%s\n' "$file"; fi
  done
}

bash_sources() {
  sources '*' | while read -r file; do
    case $file in
      *.sh) printf '%s\n' "$file" ;;
      *) if head -c 64 "$root/$file" | head -n 1 | grep -aqE '^#!.*\b(ba)?sh\b'; then printf '%s\n' "$file"; fi ;;
    esac
  done
}

lint_format() {
  sources '*.h' '*.cc' | (cd "$root" && xargs -r clang-format --dry-run -Werror)
}

# clang reads the sources with the flags of the fuzz preset, the one that clang compiles.
lint_tidy() {
  configure fuzz
  # What ships and what fuzzes it; unit tests are held to the compiler's warnings.
  python3 "$root/scripts/tidy.py" "$root/build/fuzz" "$root/build/clang-tidy" \
    '^(lib|enclave|host|tools|fuzz)/.*(?<!_test)\.cc$'
}

lint_bash() {
  local -a files
  mapfile -t files < <(bash_sources)
  (cd "$root" && shellcheck --external-sources "${files[@]}")
}

lint_python() {
  sources '*.py' | (cd "$root" && PYTHONPYCACHEPREFIX=build/pycache xargs -r python3 -m py_compile)
}

lint() {
  local step failed=
  for step in format bash python tidy; do
    say "lint: $step"
    "lint_$step" || failed+=" $step"
  done
  [[ -z $failed ]] || die "lint found something:$failed"
  say "lint: clean"
}
