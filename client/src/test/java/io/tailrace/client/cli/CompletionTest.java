package io.tailrace.client.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Gives the script that {@code tailrace completion} prints to a bash. */
class CompletionTest {
  private static final long BASH_SECONDS = 60;

  /** What bash does when somebody presses the tabulator behind the words; a line per suggestion. */
  private static final String PRESS_TAB =
      """
      source "$0"
      COMP_WORDS=("$@")
      COMP_CWORD=$(($# - 1))
      _complete_tailrace
      printf '%s\\n' "${COMPREPLY[@]}"
      """;

  @TempDir Path directory;
  private Path script;

  @BeforeEach
  void print() throws IOException {
    CommandLineHarness harness = new CommandLineHarness();
    assertEquals(ExitCode.DONE, harness.run("completion"));
    script = Files.writeString(directory.resolve("tailrace.bash"), harness.out());
  }

  @Test
  void bashUnderstandsTheScript() throws Exception {
    assertEquals("", bash("-n", script.toString()));
  }

  @Test
  void bashAsksTheScriptAboutTailrace() throws Exception {
    String registered = bash("-c", "source \"$0\"; complete -p tailrace", script.toString());

    assertTrue(registered.startsWith("complete "), registered);
    assertTrue(registered.endsWith(" -F _complete_tailrace tailrace\n"), registered);
  }

  @Test
  void completesEveryNoun() throws Exception {
    TreeSet<String> nouns =
        new TreeSet<>(
            TailraceCommand.commandLine(
                    new CommandLineHarness().session(new ByteArrayOutputStream(), Map.of()), null)
                .getSubcommands()
                .keySet());

    assertTrue(nouns.contains("perf"), nouns.toString());
    assertEquals(nouns, new TreeSet<>(complete("tailrace", "")));
  }

  @ParameterizedTest
  @CsvSource({
    "tailrace perf _, produce consume latency",
    "tailrace con_, consume config",
    "tailrace topic cr_, create",
    "tailrace topic create --part_, --partitions",
    "tailrace produce --acks _, 0 1 all",
    "tailrace produce --compression z_, zstd"
  })
  void completesVerbsFlagsAndValues(String typed, String suggestions) throws Exception {
    String[] words = typed.replace("_", "").split(" ", -1);

    assertEquals(
        new TreeSet<>(List.of(suggestions.split(" ", -1))), new TreeSet<>(complete(words)));
  }

  private List<String> complete(String... words) throws Exception {
    List<String> arguments = new ArrayList<>(List.of("-c", PRESS_TAB, script.toString()));
    arguments.addAll(Arrays.asList(words));
    return bash(arguments.toArray(String[]::new)).lines().toList();
  }

  /** Runs a bash without anybody's settings; returns its output. */
  private String bash(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("bash", "--norc", "--noprofile"));
    command.addAll(Arrays.asList(arguments));
    Path out = directory.resolve("out");
    Path err = directory.resolve("err");
    Process bash;
    try {
      bash =
          new ProcessBuilder(command)
              .redirectOutput(out.toFile())
              .redirectError(err.toFile())
              .start();
    } catch (IOException e) {
      return abort("there is no bash on this machine: " + e);
    }
    assertTrue(bash.waitFor(BASH_SECONDS, TimeUnit.SECONDS), "bash hangs");
    assertEquals(0, bash.exitValue(), Files.readString(err));
    return Files.readString(out);
  }
}
