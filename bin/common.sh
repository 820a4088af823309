# shellcheck shell=sh disable=SC2034,SC2154
# Shared by the scripts beside this file: paths, the Java that runs them, and whether the
# code must be built first. Sourced with $program (for messages) and $self (the script that sources
# it, without symbolic links) set.
#
#   $bin           this directory
#   $installation  a checkout, or an unpacked distribution
#   $distribution  where lib/ is; in a checkout it is broker/target/dist/tailrace-VERSION
#   TAILRACE_HOME  whose config/ and data/ are used; the installation's unless it is set

# ---- settings inherited from the caller's shell ----

# A descriptor from 0 to 2 that is closed would be given to the next file that the JVM opens: records
# would be read from a jar, or log lines written into data. Reading from or writing to these fails.
{ true 3<&0; } 2>/dev/null || exec 0>/dev/null
{ true 3>&1; } 2>/dev/null || exec 1</dev/null
{ true 3>&2; } 2>/dev/null || exec 2</dev/null

# Functions of these names may come from the environment where sh is bash; CDPATH makes cd print.
unset -f awk cd cat cksum command cp cut date dirname find grep head kill locale mkdir mv nice nohup \
  od printf ps pwd read readlink rm rmdir sed set sleep tail test touch tr true unset wait 2>/dev/null
unset CDPATH GREP_OPTIONS GREP_COLORS
IFS=$(printf ' \t\n.')
IFS=${IFS%.}

bin=$(cd -- "${self%/*}" && pwd -P)
installation=${bin%/*}
TAILRACE_HOME=${TAILRACE_HOME:-$installation}
export TAILRACE_HOME

# fail MESSAGE [EXIT-CODE]
fail() {
  printf '%s: %s\n' "$program" "$1" >&2
  exit "${2:-1}"
}

# follow PATH: sets $followed to its target behind all symbolic links.
follow() {
  followed=$1
  while [ -L "$followed" ]; do
    follow_target=$(readlink "$followed")
    case $follow_target in
      /*) followed=$follow_target ;;
      *) followed=${followed%/*}/$follow_target ;;
    esac
  done
}

# ---- Java ----

no_java() {
  cat >&2 <<END
$program: $1
Tailrace needs a JDK, 17 or newer. To get one:
  Debian, Ubuntu   sudo apt-get install openjdk-17-jdk-headless
  Fedora, RHEL     sudo dnf install java-17-openjdk-devel
  macOS            brew install openjdk@17
  anywhere         sdk install java 17.0.15-tem      (https://sdkman.io)
Then put its java on the PATH or set JAVA_HOME.
END
  exit 1
}

# Sets $java (the program), $java_build (its exact build, for file names) and $java_major.
find_java() {
  if [ -n "${JAVA_HOME:-}" ]; then
    java=$JAVA_HOME/bin/java
    [ -x "$java" ] || no_java "JAVA_HOME is $JAVA_HOME, which has no bin/java."
  else
    java=$(command -v java) || no_java 'there is no java on the PATH, and JAVA_HOME is not set.'
  fi
  java_version=
  java_build=
  follow "$java"
  java_home=${followed%/bin/java}
  if [ -r "$java_home/release" ]; then
    while IFS='=' read -r release_key release_value; do
      release_value=${release_value#\"}
      release_value=${release_value%\"*}
      case $release_key in
        JAVA_VERSION) java_version=$release_value ;;
        JAVA_RUNTIME_VERSION) java_build=$release_value ;;
      esac
    done <"$java_home/release"
  fi
  if [ -z "$java_version" ]; then
    java_version=$("$java" -version 2>&1 | sed -n 's/.* version "\([^"]*\)".*/\1/p')
    [ -n "$java_version" ] || no_java "$java does not run."
  fi
  java_build=${java_build:-$java_version}
  java_major=${java_version#1.}
  java_major=${java_major%%[!0-9]*}
  [ "${java_major:-0}" -ge 17 ] || no_java "$java is Java $java_version."
}

# Sets $newer_java_switches: switches with which newer Javas permit native code and Unsafe.
find_java_switches() {
  newer_java_switches=
  if [ "$java_major" -ge 24 ]; then
    newer_java_switches='--enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow'
  fi
}

# ---- text ----

# Sets $charset to the encoding of file names and arguments. Java takes what is not ASCII for question
# marks where the locale is C or missing, as in most containers; UTF-8 is meant there.
find_charset() {
  charset=$(locale charmap 2>/dev/null) || charset=
  case $charset in
    '' | ANSI_X3.4-1968 | US-ASCII | 646)
      charset=UTF-8
      LC_ALL=C.UTF-8
      export LC_ALL
      ;;
  esac
}

# Whether one of the arguments has bytes that are not printable ASCII.
needs_encoding() {
  (
    LC_ALL=C
    case $* in *[!\ -~]*) exit 0 ;; esac
    exit 1
  )
}

# hex TEXT: sets $hexadecimal to its bytes, two digits each.
hex() {
  hexadecimal=$(printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n')
}

# ---- the distribution ----

# Sets $distribution to the newest that was built, or to nothing.
find_built_distribution() {
  distribution=
  for found in "$installation"/broker/target/dist/tailrace-*.tar.gz; do
    if [ -d "${found%.tar.gz}/lib" ]; then
      # shellcheck disable=SC3013
      if [ -z "$distribution" ] || [ "$found" -nt "$distribution.tar.gz" ]; then
        distribution=${found%.tar.gz}
      fi
    fi
  done
}

# Whether a source is newer than the distribution.
is_outdated() {
  [ -n "$(find "$installation/pom.xml" "$installation"/protocol "$installation"/client \
    "$installation"/coordinator "$installation"/broker \
    \( -name target -o -name test \) -prune -o -type f -newer "$distribution.tar.gz" -print |
    head -n 1)" ]
}

# Builds, and says every second on a terminal, else every ten, how far it is; says all that Maven
# said when it fails.
run_build() {
  build_log=$installation/broker/target/build.log
  echo "$program: building Tailrace (./mvnw package), once; this takes a minute or two, and longer \
when Maven has to fetch libraries" >&2
  (
    JAVA_HOME=$java_home
    export JAVA_HOME
    cd "$installation" && exec ./mvnw -B -pl broker -am package -Dmaven.test.skip=true \
      -Dspotless.check.skip=true
  ) >"$build_log" 2>&1 </dev/null &
  build_pid=$!
  build_started_s=$(date +%s)
  build_said_s=$build_started_s
  while kill -0 "$build_pid" 2>/dev/null; do
    build_now_s=$(date +%s)
    if [ -t 2 ] || [ $((build_now_s - build_said_s)) -ge 10 ]; then
      build_said_s=$build_now_s
      build_step=$(sed -n 's/^\[INFO\] Building \(.*[^ ]\)  *\(\[[0-9]*\/[0-9]*\]\)$/\2 \1/p' "$build_log" |
        tail -n 1)
      build_line="$program: building, $((build_now_s - build_started_s)) s ${build_step:-[Maven starts]}"
      if [ -t 2 ]; then printf '\r\033[K%s' "$build_line" >&2; else echo "$build_line" >&2; fi
    fi
    sleep 1
  done
  [ ! -t 2 ] || printf '\r\033[K' >&2
  if ! wait "$build_pid"; then
    cat "$build_log" >&2
    fail 'the build failed; see above'
  fi
}

# Only one script builds at a time; the others wait for it.
build_distribution() {
  build_lock=$installation/broker/target/build.lock
  mkdir -p "$installation/broker/target"
  while ! mkdir "$build_lock" 2>/dev/null; do
    builder=$(cat "$build_lock/pid" 2>/dev/null || echo '')
    if [ -n "$builder" ] && ! kill -0 "$builder" 2>/dev/null; then
      rm -rf "$build_lock"
    else
      sleep 1
    fi
  done
  echo $$ >"$build_lock/pid"
  build_pid=
  trap 'rm -rf "$build_lock"' EXIT
  trap '[ -z "$build_pid" ] || kill "$build_pid" 2>/dev/null; exit 130' INT TERM
  find_built_distribution
  if [ -z "$distribution" ] || is_outdated; then
    run_build
    find_built_distribution
    [ -n "$distribution" ] || fail 'the build made no broker/target/dist/tailrace-VERSION'
    touch "$distribution.tar.gz"
  fi
  rm -rf "$build_lock"
  trap - EXIT INT TERM
}

# Sets $distribution; builds it first in a checkout that has none, or an old one.
find_distribution() {
  if [ ! -f "$installation/pom.xml" ]; then
    distribution=$installation
    [ -d "$distribution/lib" ] || fail "$installation is neither a checkout nor a distribution"
    return
  fi
  find_built_distribution
  if [ -z "$distribution" ] || is_outdated; then
    build_distribution
  fi
}

# config_file NAME: sets $config_file to TAILRACE_HOME's, or the one that was shipped.
find_config_file() {
  config_file=$TAILRACE_HOME/config/$1
  [ -f "$config_file" ] || config_file=$installation/config/$1
}

# ---- class data sharing: a file with classes as the JVM wants them, which halves its start ----

# share_classes NAME JAR... : sets $sharing to switches that use an archive for exactly this Java and
# these jars, and $archive to its place when there is none yet. Nothing is wrong without one;
# TAILRACE_CLASS_SHARING=no goes without.
share_classes() {
  sharing=-Xshare:auto
  archive=
  [ "${TAILRACE_CLASS_SHARING:-yes}" = yes ] || return 0
  archive_directory=$distribution/cds
  if [ ! -w "$distribution" ]; then
    archive_directory=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/tailrace
  fi
  case $archive_directory in
    *[[:space:]]*) return 0 ;; # the switches are split at blanks
  esac
  archive_name=$1
  shift
  archive_key=$(cat "$@" | cksum)
  archive_file=$archive_directory/$archive_name-$java_build-${archive_key%% *}.jsa
  if [ -f "$archive_file" ]; then
    sharing="-Xshare:auto -XX:SharedArchiveFile=$archive_file"
  elif [ ! -e "$archive_file.failed" ] && mkdir -p "$archive_directory" 2>/dev/null; then
    archive=$archive_file
  fi
}

# Whether this script is the one to make $archive.
lock_archive() {
  find "$archive_directory" -name "$archive_name-*.lock" -mmin +5 -exec rmdir {} + 2>/dev/null
  mkdir "$archive.lock" 2>/dev/null
}

# dump_archive LIST JAVA-ARGUMENT... : makes $archive from the classes that a list names.
dump_archive() {
  class_list=$1
  shift
  if nice "$java" -Xshare:dump -XX:+UseG1GC "-XX:SharedClassListFile=$class_list" \
    "-XX:SharedArchiveFile=$archive.tmp" "$@" && [ -s "$archive.tmp" ]; then
    rm -f "$archive_directory/$archive_name"-*.jsa
    mv "$archive.tmp" "$archive"
  else
    rm -f "$archive.tmp"
    : >"$archive.failed"
  fi
  rm -f "$class_list"
}
