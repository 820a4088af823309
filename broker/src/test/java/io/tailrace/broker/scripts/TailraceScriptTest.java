package io.tailrace.broker.scripts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.testkit.CommandLine;
import io.tailrace.broker.testkit.Installation;
import io.tailrace.broker.testkit.Installation.Outcome;
import io.tailrace.broker.testkit.TestCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code bin/tailrace} makes of its environment, descriptors and arguments. */
class TailraceScriptTest {
  @TempDir static Path directory;

  private static TestCluster cluster;
  private static CommandLine tailrace;
  private static Installation installation;

  @BeforeAll
  static void start() {
    cluster = TestCluster.start(directory);
    tailrace = new CommandLine(cluster.bootstrap(), directory.resolve("state"));
    installation = Installation.in(directory.resolve("an installation"));
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  // ---- descriptors ----

  @Test
  void doesNotReadAFileOfTheJvmWhenStandardInputIsClosed() {
    tailrace.ok("topic", "create", "closed-in");

    Outcome outcome = shell("bin/tailrace produce closed-in --json <&-");

    assertEquals(2, outcome.exitCode(), outcome.err());
    assertTrue(
        outcome.err().startsWith("tailrace: standard input cannot be read: "), outcome.err());
    assertEquals("", tailrace.ok("consume", "closed-in").out());
  }

  @Test
  void failsWhenStandardOutputIsClosed() {
    tailrace.ok("topic", "create", "closed-out");
    tailrace.okWith("a\n", "produce", "closed-out");

    Outcome outcome = shell("bin/tailrace consume closed-out >&-");

    assertEquals(1, outcome.exitCode(), outcome.err());
    assertTrue(
        outcome.err().startsWith("tailrace: standard output cannot be written: "), outcome.err());
  }

  @Test
  void worksWithoutStandardError() {
    tailrace.ok("topic", "create", "closed-err");

    assertEquals(0, shell("echo a | bin/tailrace produce closed-err 2>&-").exitCode());
    assertEquals(1, shell("bin/tailrace consume nope 2>&-").exitCode());

    assertEquals("a\n", tailrace.ok("consume", "closed-err").out());
  }

  // ---- arguments ----

  @ParameterizedTest
  @ValueSource(strings = {"C", "POSIX", "C.UTF-8", "nowhere.UTF-8", ""})
  void takesArgumentsAsUtf8WhateverTheLocale(String locale) {
    String topic = "locale-" + locale.toLowerCase(java.util.Locale.ROOT);
    tailrace.ok("topic", "create", topic);

    Outcome outcome =
        shell(
            Map.of("LC_ALL", locale, "LANG", "", "LC_CTYPE", ""),
            "echo v | bin/tailrace produce " + topic + " --key 'ключ 🔑' --header 'é=ü'");

    assertEquals("", outcome.err());
    assertEquals(0, outcome.exitCode());
    assertEquals("ключ 🔑 é=ü\n", tailrace.ok("consume", topic, "--format", "%k %h\\n").out());
  }

  @Test
  void readsFilesWhoseNamesAreNotAscii() {
    tailrace.ok("topic", "create", "file-names");

    Outcome outcome =
        shell(
            Map.of("LC_ALL", "C"),
            "mkdir -p данные; echo v > данные/строки;"
                + " bin/tailrace produce file-names --file данные/строки");

    assertEquals(0, outcome.exitCode(), outcome.err());
    assertEquals("v\n", tailrace.ok("consume", "file-names").out());
  }

  @Test
  void refusesArgumentsThatAreNoText() {
    Outcome outcome =
        shell(Map.of("LC_ALL", "C"), "bin/tailrace topic create \"$(printf 'a\\377b')\"");

    assertEquals(2, outcome.exitCode());
    assertTrue(
        outcome.err().startsWith("tailrace: argument 3 ('a\uFFFDb') is not text in UTF-8; "),
        outcome.err());
  }

  @Test
  void takesArgumentsThatBeginWithAnAtSignAsTheyAre() throws IOException {
    Files.writeString(installation.home().resolve("handle"), "from the file");
    tailrace.ok("topic", "create", "at-signs");

    assertEquals(
        0, shell("echo v | bin/tailrace produce at-signs --key @handle --header a=@@x").exitCode());

    assertEquals(
        "@handle a=@@x\n", tailrace.ok("consume", "at-signs", "--format", "%k %h\\n").out());
  }

  @Test
  void keepsBlanksQuotesAndEmptyArguments() {
    tailrace.ok("topic", "create", "quotes");

    assertEquals(
        0,
        shell("echo v | bin/tailrace produce quotes --key ' \"a\"  '\\''é'\\'' ' --header b=*")
            .exitCode());
    assertEquals(0, shell("echo v | bin/tailrace produce quotes --key '' --header é=").exitCode());

    assertEquals(
        "[ \"a\"  'é' ] b=*\n[] é=\n",
        tailrace.ok("consume", "quotes", "--format", "[%k] %h\\n").out());
  }

  // ---- the caller's shell ----

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "export CDPATH=.; bin/tailrace --version",
        "export CDPATH=/; bin/tailrace --version",
        "cd bin && sh tailrace --version",
        "export IFS=lar; bin/tailrace --version",
        "export GREP_OPTIONS=--nonsense; bin/tailrace --version",
        "export override_follows=yes archive=x sharing=y; bin/tailrace --version",
        "cd / && ln -sf \"$OLDPWD/bin/tailrace\" \"$OLDPWD/link\" && \"$OLDPWD/link\" --version",
        "ln -sf bin/tailrace link; sh link --version",
        "umask 777; bin/tailrace --version"
      })
  void doesNotDependOnTheShellThatCallsIt(String line) {
    Outcome outcome = shell(line);

    assertEquals(0, outcome.exitCode(), outcome.err());
    assertTrue(outcome.out().startsWith("tailrace "), outcome.out());
    assertEquals("", outcome.err());
  }

  @Test
  void doesNotDependOnOptionsAndFunctionsThatBashHandsDown() {
    Outcome outcome =
        installation.run(
            Map.of("JAVA_HOME", System.getProperty("java.home")),
            "bash",
            "-c",
            "set -o noclobber -o noglob -o errexit -o allexport; export SHELLOPTS;"
                + " cd() { echo elsewhere; }; grep() { false; }; export -f cd grep;"
                + " BASH_ENV=/does/not/exist bash bin/tailrace --version");

    assertEquals(0, outcome.exitCode(), outcome.err());
    assertTrue(outcome.out().startsWith("tailrace "), outcome.out());
  }

  private static Outcome shell(String line) {
    return shell(Map.of(), line);
  }

  private static Outcome shell(Map<String, String> variables, String line) {
    Map<String, String> all = new HashMap<>(variables);
    all.put("TAILRACE_BOOTSTRAP", cluster.bootstrap());
    return installation.shell(all, line);
  }
}
