package io.tailrace.broker.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.testkit.CommandLine;
import io.tailrace.broker.testkit.CommandLine.Outcome;
import io.tailrace.broker.testkit.TestCluster;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Runs every {@code bin/tailrace} command that the pages show, in their order, against a broker.
 * What starts and stops brokers is run by {@code DistributionIT}.
 */
class DocsCommandsTest {
  private static final Path ROOT = Path.of(System.getProperty("basedir", ".")).resolve("..");
  private static final Pattern BLOCK =
      Pattern.compile("^```(\\w*)\\n(.*?)^```$", Pattern.DOTALL | Pattern.MULTILINE);
  private static final Pattern COMMAND =
      Pattern.compile("^(?:echo '([^']*)' \\| )?bin/tailrace (.*)$", Pattern.MULTILINE);
  private static final Pattern WORD = Pattern.compile("'([^']*)'|(\\S+)");

  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource({
    "README.md, 4",
    "docs/start-a-broker.md, 3",
    "docs/run-a-cluster.md, 3",
    "docs/produce.md, 3",
    "docs/consume-and-replay.md, 6",
    "docs/consumer-groups.md, 11",
    "docs/compaction.md, 5",
    "docs/queues.md, 13",
    "docs/handle-failures.md, 14",
    "docs/command-line.md, 7",
    "docs/operate.md, 11",
    "docs/tune.md, 9",
    "docs/secure.md, 1",
    "docs/configuration.md, 5"
  })
  void runsWhatThePageShows(String page, int atLeast) throws IOException {
    String text = Files.readString(ROOT.resolve(page));
    Path lines = Files.writeString(directory.resolve("orders.txt"), "customer-7:one tea\n");
    int commands = 0;
    try (TestCluster cluster = TestCluster.start(directory)) {
      CommandLine tailrace = new CommandLine(cluster.bootstrap(), directory.resolve("state"));
      if (!text.contains("topic create orders ")) {
        tailrace.ok("topic", "create", "orders", "--partitions", "6"); // an earlier page made it
      }
      if (text.contains("orders.shipping.dlq")) {
        tailrace.ok("topic", "create", "orders.shipping.dlq"); // a record processor makes it
      }
      for (Matcher block = BLOCK.matcher(text); block.find(); ) {
        for (Matcher command = COMMAND.matcher(commandsOf(block)); command.find(); ) {
          String input = command.group(1) == null ? "" : command.group(1) + "\n";
          List<String> words = words(command.group(2));
          words.replaceAll(word -> word.equals("orders.txt") ? lines.toString() : word);
          if (words.contains("--follow")) {
            words.add("--help"); // it would never end
          }
          Outcome outcome =
              tailrace.run(input.getBytes(StandardCharsets.UTF_8), words.toArray(String[]::new));
          assertEquals(0, outcome.exitCode(), () -> command.group() + ": " + outcome.err());
          commands++;
        }
      }
    }
    assertTrue(commands >= atLeast, page + " shows " + commands + " commands");
  }

  @Test
  void findsTheWordsOfACommand() {
    assertEquals(
        List.of("consume", "orders", "--format", "%k %v\\n"),
        words("consume orders --format '%k %v\\n'   # all of it"));
    assertEquals(List.of("completion"), words("completion > ~/file"));
    assertFalse(COMMAND.matcher("source <(bin/tailrace completion)").find());
  }

  /** A block that names a language holds no commands. */
  private static String commandsOf(Matcher block) {
    return block.group(1).isEmpty() ? block.group(2) : "";
  }

  /** As a shell would split it; ends at a comment or a redirection. */
  private static List<String> words(String command) {
    List<String> words = new ArrayList<>();
    for (Matcher word = WORD.matcher(command); word.find(); ) {
      if (word.group().equals(">") || word.group().startsWith("#")) {
        break;
      }
      words.add(word.group(1) == null ? word.group(2) : word.group(1));
    }
    return words;
  }
}
