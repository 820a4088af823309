package io.tailrace.client.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class TailraceCommandTest {
  private final CommandLineHarness harness = new CommandLineHarness();

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "|a command is missing; see tailrace --help",
        "topic|a verb is missing; see tailrace topic --help",
        "topc list|'topc' is not understood here; did you mean topic?; see tailrace --help",
        "topic creat x|'creat' is not understood here; did you mean create?; see tailrace topic"
            + " --help",
        "topic create|NAME is missing; see tailrace topic create --help",
        "topic create x --partitons 3|there is no option --partitons; did you mean --partitions?;"
            + " see tailrace topic create --help",
        "topic create x --partitions y|--partitions: 'y' is not a whole number in range; see"
            + " tailrace topic create --help",
        "topic create x --partitions 0|--partitions: 0 is not at least 1",
        "topic create x --config retention|--config: 'retention' is not KEY=VALUE",
        "topic alter x|there is nothing to alter; give --partitions N or --config KEY=VALUE",
        "config get queue x|'queue' has no settings; say topic or broker",
        "config set topic x retention|x: 'retention' is not KEY=VALUE",
        "produce x --key a --key-separator :|--key: cannot be together with --key-separator",
        "produce x --acks 2|--acks: '2' is not 0, 1 or all; see tailrace produce --help",
        "produce x --file /does/not/exist|--file /does/not/exist: there is no such file",
        "consume x --follow --to 5|--to: cannot be together with --follow; leave one out",
        "consume x --max 0|--max: 0 is not at least 1",
        "consume x --format %z|--format: %z is not known; there are %t %p %o %k %v %h %T %d and %%;"
            + " see tailrace consume --help",
        "replay x --into y|--from is missing; see tailrace replay --help",
        "replay x --from 0 --into y --rate fast|--rate: 'fast' is not a rate; write for instance"
            + " 500/s, 30/m or 100/h; see tailrace replay --help",
        "--timeout 5 topic list|--timeout: '5' is not a duration; write for instance 500ms, 10s,"
            + " 15m, 1h30m or 7d; see tailrace --help"
      })
  void explainsWrongUsageInOneLine(String arguments, String message) {
    String[] split = arguments == null ? new String[0] : arguments.split(" ", -1);

    assertEquals(ExitCode.BAD_USAGE, harness.run(split));

    assertEquals("tailrace: " + message + "\n", harness.err());
    assertEquals("", harness.out());
  }

  @Test
  void everyVerbHasAnExampleInItsHelp() {
    List<String> verbs = new ArrayList<>();
    collectVerbs(
        TailraceCommand.commandLine(harness.session(new ByteArrayOutputStream(), Map.of()), null),
        verbs);

    assertTrue(verbs.size() >= 15, verbs.toString());
    for (String verb : verbs) {
      CommandLineHarness one = new CommandLineHarness();
      String[] arguments = (verb + " --help").substring("tailrace ".length()).split(" ", -1);
      assertEquals(ExitCode.DONE, one.run(arguments), verb);
      String help = one.out();
      assertTrue(help.contains("Usage: " + verb), help);
      String example = help.substring(Math.max(0, help.indexOf("Example")));
      assertTrue(example.startsWith("Example") && example.contains(verb), help);
    }
  }

  private static void collectVerbs(CommandLine command, List<String> verbs) {
    if (command.getSubcommands().isEmpty()) {
      verbs.add(command.getCommandSpec().qualifiedName());
    }
    command.getSubcommands().values().forEach(sub -> collectVerbs(sub, verbs));
  }

  @Test
  void printsItsVersion() {
    assertEquals(ExitCode.DONE, harness.run("--version"));
    assertTrue(harness.out().startsWith("tailrace "), harness.out());
  }

  @Test
  void takesGlobalOptionsOnEitherSideOfTheVerb() {
    for (String[] arguments :
        List.of(
            new String[] {"--timeout", "x", "topic", "list"},
            new String[] {"topic", "list", "--timeout", "x"})) {
      CommandLineHarness one = new CommandLineHarness();
      assertEquals(ExitCode.BAD_USAGE, one.run(arguments));
      assertTrue(one.err().startsWith("tailrace: --timeout: 'x' is not a duration"), one.err());
    }
  }

  @Test
  void asksTheBrokerThatTheFlagTheEnvironmentOrTheDefaultNames() {
    Session fromEnvironment =
        harness.session(new ByteArrayOutputStream(), Map.of("TAILRACE_BOOTSTRAP", "a:1"));
    assertEquals("a:1", fromEnvironment.bootstrap());
    fromEnvironment.setBootstrap("b:2");
    assertEquals("b:2", fromEnvironment.bootstrap());
    assertEquals(
        "localhost:7092", harness.session(new ByteArrayOutputStream(), Map.of()).bootstrap());
  }

  @Test
  void saysThatNoBrokerAnswersAndWhatToDo() throws IOException {
    int closedPort;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      closedPort = socket.getLocalPort();
    }
    String bootstrap = "127.0.0.1:" + closedPort;

    assertEquals(
        ExitCode.REFUSED,
        harness.run("--bootstrap", bootstrap, "--timeout", "300ms", "topic", "list"));

    String said = harness.err();
    assertTrue(
        said.startsWith("tailrace: no broker at " + bootstrap + " answered within 0.3 s ("), said);
    assertTrue(said.contains("Connection refused"), said);
    assertTrue(
        said.endsWith("; start one with bin/broker start -d, or name another with --bootstrap\n"),
        said);
    assertEquals(1, said.lines().count());
  }

  @Test
  void saysThatTheHostOfABrokerIsNotKnown() {
    assertEquals(
        ExitCode.REFUSED,
        harness.run("--bootstrap", "no-such-host.invalid", "--timeout", "2s", "topic", "list"));

    assertTrue(harness.err().contains("no-such-host.invalid"), harness.err());
    assertTrue(harness.err().contains("(broker at no-such-host.invalid:7092"), harness.err());
  }

  @Test
  void endsQuietlyWhenNobodyReadsAnyMore() {
    OutputStream closed =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("Broken pipe");
          }
        };

    assertEquals(ExitCode.DONE, harness.runInto(closed, "completion"));

    assertEquals("", harness.err());
  }

  @Test
  void saysThatTheOutputCannotBeWritten() {
    OutputStream full =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("No space left on device");
          }
        };

    assertEquals(ExitCode.REFUSED, harness.runInto(full, "completion"));

    assertEquals(
        "tailrace: standard output cannot be written: No space left on device\n", harness.err());
  }
}
