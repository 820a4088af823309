# shellcheck shell=sh disable=SC2034,SC2154
# What the scripts beside this file share: where things are, which Java runs them, and whether the
# code must be built first. Sourced with $program (for messages) and $bin (this directory) set.
#
#   $installation  a checkout, or an unpacked distribution
#   $distribution  where lib/ is; in a checkout it is broker/target/dist/tailrace-VERSION
#   TAILRACE_HOME  whose config/ and data/ are used; the installation's unless it is set

installation=${bin%/*}
TAILRACE_HOME=${TAILRACE_HOME:-$installation}
export TAILRACE_HOME

# fail MESSAGE [EXIT-CODE]
fail() {
  printf '%s: %s\n' "$program" "$1" >&2
  exit "${2:-1}"
}

# follow PATH: sets $followed to what it is behind all symbolic links.
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

# Sets $newer_java_switches: what newer Javas want to be told before native code and Unsafe are used.
find_java_switches() {
  newer_java_switches=
  if [ "$java_major" -ge 24 ]; then
    newer_java_switches='--enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow'
  fi
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
  trap 'rm -rf "$build_lock"' EXIT
  trap 'exit 130' INT TERM
  find_built_distribution
  if [ -z "$distribution" ] || is_outdated; then
    echo "$program: building Tailrace (./mvnw package), once" >&2
    if ! (cd "$installation" && JAVA_HOME="$java_home" ./mvnw -q -pl broker -am package \
      -Dmaven.test.skip=true -Dspotless.check.skip=true) >&2; then
      fail 'the build failed; see above'
    fi
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
