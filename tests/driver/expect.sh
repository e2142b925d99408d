# Sourced by the tests of the program: each failure is shown and counted in `failures`.
failures=0

fail() {
  echo "FAILED: $1"
  failures=$((failures + 1))
}
expect() {  # expect CODE MESSAGE COMMAND...: its output stays in the file log
  local code=$1 message=$2
  shift 2
  "$@" >log 2>&1
  local got=$?
  if [[ $got -ne $code ]] || ! grep -qF -- "$message" log; then
    fail "$*: exit $got (expected $code), message '$message':"
    cat log
  fi
}
# Differences of content: the run's own attributes and timings do not count.
differences() {
  h5diff --exclude-path /performance --exclude-attribute / "$1" "$2" 2>&1 |
    sed '/^attribute: <seconds of/,+1d'
}
same() {
  if [[ -n $(differences "$1" "$2") ]]; then
    fail "$1 and $2 differ:"
    differences "$1" "$2" | head -20
  fi
}
ranks() {
  mpirun -n "$1" --oversubscribe --bind-to none "${@:2}"
}
