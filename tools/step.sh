# step.sh: runs a command as one step of longer work. Sourced by other scripts.
#
#   step NAME LOG COMMAND...
#
# The command's output goes to the file LOG. A person sees the name, how far it is (the last line
# of the output: on a terminal twice a second, elsewhere every 20 seconds), and at the end the time.
# When it fails, what looks like errors and the end of the output are shown. Returns the command's status.

step() {
  local name=$1 log=$2 status=0 started=$SECONDS told=$SECONDS last pid
  shift 2
  mkdir -p "$(dirname "$log")"
  # A process group of its own, so that Ctrl-C ends all that the command has started.
  set -m
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  set +m
  trap 'kill -TERM -- -'"$pid"' 2>/dev/null; echo; echo "stopped"; exit 130' INT TERM
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.3
    if [ -t 1 ]; then
      last=$(tail -c 300 "$log" | tr '\r\t' '\n ' | grep -v '^ *$' | tail -n 1 | cut -c1-70)
      printf '\r\033[K%-28s %4d s  %s' "$name" $((SECONDS - started)) "$last"
    elif [ $((SECONDS - told)) -ge 20 ]; then
      told=$SECONDS
      last=$(tail -c 300 "$log" | tr '\r\t' '\n ' | grep -v '^ *$' | tail -n 1 | cut -c1-110)
      printf '  %s, %d s: %s\n' "$name" $((SECONDS - started)) "$last"
    fi
  done
  wait "$pid" || status=$?
  trap - INT TERM
  [ ! -t 1 ] || printf '\r\033[K'
  if [ "$status" -eq 0 ]; then
    printf 'ok      %-28s %4d s\n' "$name" $((SECONDS - started))
  else
    printf 'FAILED  %-28s %4d s  (status %d, whole output: %s)\n' "$name" $((SECONDS - started)) \
      "$status" "$log"
    { grep -anE -A 3 'error:|undefined reference|^(FAILED|CMake Error)|\*\*\*Failed' "$log" | cut -c1-300 | head -n 30
      echo ...
      tail -n "${STEP_TAIL:-15}" "$log"; } | sed 's/^/        | /'
  fi
  return "$status"
}
