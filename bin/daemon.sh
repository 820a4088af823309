# shellcheck shell=sh disable=SC2034,SC2154
# Shared by bin/broker and bin/zookeeper: start, stop and status of a server that keeps everything
# in one data directory. Sourced after common.sh with these set:
#
#   $program      broker or zookeeper: names its files NAME.pid and NAME.ready
#   $title        its name in messages
#   $main_class   its main class
#   $data_key     the key of its data directory in its configuration file
#   $data_default the data directory when nothing is said
#   $data_from_environment  its data directory as the environment says, or empty
#   $takes_set    whether it takes --set KEY=VALUE: yes or no
#
# While the server runs, NAME.pid in its data directory holds its process id, and once it serves
# NAME.ready says where. It removes both when it ends; after a crash they stay and mean nothing.
# NAME.lock is locked while the server runs: that tells which process it is.

start_timeout_s=120
stop_timeout_s=90

usage() {
  set_option=
  [ "$takes_set" = no ] || set_option=' [--set KEY=VALUE]...'
  cat <<END
Usage: bin/$program start [-d] [--config FILE]$set_option
       bin/$program stop | status [--config FILE]$set_option

  start    starts $title; in the foreground, or with -d in the background: then it
           returns when $title serves
  stop     asks it to stop and waits until it has
  status   says whether it serves, and where; exit code 0 if it does, 1 if not

Without --config it reads config/$program.properties. Which one to stop or to look at is told by
its data directory ($data_key).
END
}

# suggest WORD: prints the most similar valid word.
suggest() {
  meant=
  case $1 in
    --c* | -c*) meant='--config' ;;
    --s* | -s) [ "$takes_set" = no ] || meant='--set' ;;
    --d* | -D | -b | --b*) meant='-d' ;;
    st*p* | quit | kill) meant='stop' ;;
    stat* | info) meant='status' ;;
    st* | run) meant='start' ;;
  esac
  [ -z "$meant" ] || printf '; did you mean %s?' "$meant"
}

bad_usage() {
  fail "$1; see bin/$program --help" 2
}

# Sets $command, $detached, $config, $data_directory and $server_arguments' parts.
parse_arguments() {
  command=
  detached=no
  config=
  data_override=
  while [ $# -gt 0 ]; do
    case $1 in
      -h | --help)
        usage
        exit 0
        ;;
      start | stop | status)
        [ -z "$command" ] || bad_usage "'$1' after '$command'"
        command=$1
        ;;
      -d | --detach) detached=yes ;;
      --config)
        [ $# -ge 2 ] || bad_usage '--config needs a FILE'
        config=$2
        shift
        ;;
      --config=*) config=${1#*=} ;;
      --set)
        [ "$takes_set" = yes ] || bad_usage "there is no option '$1'"
        [ $# -ge 2 ] || bad_usage '--set needs KEY=VALUE'
        note_override "$2"
        shift
        ;;
      --set=*)
        [ "$takes_set" = yes ] || bad_usage "there is no option '$1'"
        note_override "${1#*=}"
        ;;
      -*) bad_usage "there is no option '$1'$(suggest "$1")" ;;
      *) bad_usage "'$1' is not understood here$(suggest "$1")" ;;
    esac
    shift
  done
  [ -n "$command" ] || bad_usage 'say start, stop or status'
  if [ -z "$config" ]; then
    find_config_file "$program.properties"
    config=$config_file
  fi
  [ -f "$config" ] || fail "--config $config: there is no such file" 2
  find_data_directory
}

# strip TEXT: sets $stripped to it without the blanks around it.
strip() {
  stripped=${1#"${1%%[![:space:]]*}"}
  stripped=${stripped%"${stripped##*[![:space:]]}"}
}

# note_override KEY=VALUE
note_override() {
  strip "${1%%=*}"
  if [ "$stripped" = "$data_key" ]; then
    strip "${1#*=}"
    data_override=$stripped
  fi
}

# normalize PATH: sets $normalized to it without its parts "." and "..", as Java does, which does
# not look at symbolic links for that.
normalize() {
  normalized=
  path_rest=$1/
  while [ -n "$path_rest" ]; do
    path_part=${path_rest%%/*}
    path_rest=${path_rest#*/}
    case $path_part in
      '' | .) ;;
      ..) normalized=${normalized%/*} ;;
      *) normalized=$normalized/$path_part ;;
    esac
  done
  normalized=${normalized:-/}
}

# As the server itself decides: default, file, environment, --set; the later ones win.
find_data_directory() {
  strip "$(LC_ALL=C awk -v "key=$data_key" -f "$bin/properties.awk" <"$config")"
  data_directory=${stripped:-$data_default}
  strip "$data_from_environment"
  data_directory=${stripped:-$data_directory}
  data_directory=${data_override:-$data_directory}
  case $data_directory in /*) ;; *) data_directory=$TAILRACE_HOME/$data_directory ;; esac
  case $data_directory in /*) ;; *) data_directory=$(pwd -P)/$data_directory ;; esac
  normalize "$data_directory"
  data_directory=$normalized
  pid_file=$data_directory/$program.pid
  ready_file=$data_directory/$program.ready
  log_directory=${TAILRACE_LOG_DIR:-$data_directory}
  log_file=$log_directory/$program.log
  out_file=$log_directory/$program.out
}

# is_server PID: whether that process is such a server, and not another that got its number.
is_server() {
  kill -0 "$1" 2>/dev/null || return 1
  if [ -r "/proc/$1/cmdline" ]; then
    tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null | grep -q -F " $main_class "
  else
    ps -p "$1" -o command= 2>/dev/null | grep -q -F " $main_class "
  fi
}

# holds_lock PID: whether that process has the lock file of this data directory open. What another
# user's process has open cannot be seen: then the kernel's list of locks decides.
holds_lock() {
  if [ ! -d /proc/self/fd ]; then
    return 0 # no such list on this system; the process id and the main class have to do
  fi
  if [ -r "/proc/$1/fd" ]; then
    for descriptor in "/proc/$1/fd"/*; do
      # shellcheck disable=SC3013
      [ "$descriptor" -ef "$lock_file" ] && return 0
    done
    return 1
  fi
  lock_holders | grep -q -x "$1"
}

# Prints the ids of processes with a lock on a file that has the lock file's inode number.
lock_holders() {
  [ -r /proc/locks ] && [ -f "$lock_file" ] || return 0
  lock_inode=$(ls -i "$lock_file") || return 0
  awk -v inode="${lock_inode%% *}" '{ n = split($6, part, ":"); if (part[n] == inode) print $5 }' /proc/locks
}

# Sets $pid to the running server's, or to nothing. The server is told by its lock on the data
# directory; the process id in NAME.pid may be another's by now, also another server's.
find_pid() {
  lock_file=$data_directory/$program.lock
  noted_pid=
  if [ -r "$pid_file" ]; then
    read -r noted_pid <"$pid_file" || true
  fi
  for pid in $noted_pid $(lock_holders); do
    case $pid in
      '' | *[!0-9]*) ;;
      *) if is_server "$pid" && holds_lock "$pid"; then return 0; fi ;;
    esac
  done
  pid=
}

nap() {
  sleep 0.05 2>/dev/null || sleep 1
}

now_s() {
  date +%s
}

# Sets $made_directory: whether the data directory was not there before.
make_directories() {
  made_directory=no
  [ -d "$data_directory" ] || made_directory=yes
  mkdir -p "$data_directory" 2>/dev/null
}

# Refuses a log directory of its own that cannot be written: the server would run without a log.
check_log_directory() {
  [ "$log_directory" != "$data_directory" ] || return 0
  if ! mkdir -p "$log_directory" 2>/dev/null || [ ! -w "$log_directory" ] ||
    [ ! -x "$log_directory" ]; then
    fail "TAILRACE_LOG_DIR: $log_directory cannot be written by this user; change its permissions, \
or give another one" 2
  fi
}

# start_server JAVA-ARGUMENT...
start_server() {
  find_pid
  if [ -n "$pid" ]; then
    fail "$title already runs on $data_directory (process $pid); stop that one, or give this one \
another $data_key" 2
  fi
  check_log_directory
  # A directory that cannot be made is for the server to report, together with all else.
  if [ "$detached" = no ] || ! make_directories; then
    exec "$java" "-Dtailrace.log.dir=$log_directory" "$@"
  fi
  rm -f "$ready_file"
  true >"$out_file" || fail "$out_file cannot be written"
  detach=
  command -v setsid >/dev/null && detach=setsid
  $detach nohup "$java" "-Dtailrace.log.dir=$log_directory" -Dtailrace.log.console=OFF "$@" \
    </dev/null >>"$out_file" 2>&1 &
  child=$!
  deadline=$(($(now_s) + start_timeout_s))
  while :; do
    if [ -s "$ready_file" ] && [ "$(cat "$pid_file" 2>/dev/null)" = "$child" ]; then
      break
    fi
    if ! kill -0 "$child" 2>/dev/null; then
      wait "$child"
      code=$?
      printf '%s: %s did not start:\n' "$program" "$title" >&2
      if [ -s "$out_file" ]; then cat "$out_file" >&2; fi
      if [ "$code" -eq 2 ]; then
        # Nothing was started, so nothing stays behind.
        rm -f "$out_file"
        [ "$made_directory" = no ] || rmdir "$data_directory" 2>/dev/null
        exit 2
      fi
      printf 'Its log is %s\n' "$log_file" >&2
      exit 1
    fi
    if [ "$(now_s)" -ge "$deadline" ]; then
      kill "$child" 2>/dev/null
      fail "$title did not serve within $start_timeout_s s and was stopped; its log is $log_file"
    fi
    nap
  done
  describe_server "$child"
  printf 'Its log is %s\n' "$log_file"
}

# describe_server PID
describe_server() {
  serves_at=
  read -r serves_at <"$ready_file" || true
  printf '%s serves on %s (process %s, data in %s)\n' \
    "$title" "$(echo "$serves_at" | sed 's/ /, HTTP on /')" "$1" "$data_directory"
}

stop_server() {
  find_pid
  if [ -z "$pid" ]; then
    printf '%s does not run on %s\n' "$title" "$data_directory"
    return
  fi
  kill -TERM "$pid" 2>/dev/null || fail "process $pid cannot be stopped; does it belong to you?"
  deadline=$(($(now_s) + stop_timeout_s))
  while is_server "$pid"; do
    if [ "$(now_s)" -ge "$deadline" ]; then
      fail "$title (process $pid) has not stopped after $stop_timeout_s s; its log is $log_file"
    fi
    nap
  done
  printf '%s has stopped (process %s)\n' "$title" "$pid"
}

status_of_server() {
  find_pid
  if [ -z "$pid" ]; then
    printf '%s does not run on %s\n' "$title" "$data_directory"
    exit 1
  elif [ -s "$ready_file" ]; then
    describe_server "$pid"
  else
    printf '%s is starting or stopping (process %s, data in %s)\n' "$title" "$pid" "$data_directory"
    exit 1
  fi
}
