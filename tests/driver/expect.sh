# Sourced by the tests of the program. Each failure is printed and counted in `failures`.
failures=0

fail() {
  echo "FAILED: $1"
  failures=$((failures + 1))
}
# expect CODE MESSAGE COMMAND...: runs COMMAND; fails if the exit code differs or the output does not contain MESSAGE.
# The output is in the file log.
expect() {
  local code=$1 message=$2
  shift 2
  "$@" >log 2>&1
  local got=$?
  if [[ $got -ne $code ]] || ! grep -qF -- "$message" log; then
    fail "$*: exit $got (expected $code), message '$message':"
    cat log
  fi
}
# differences A.h5 B.h5: prints the differences of two results, except attributes of the run and timings.
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
