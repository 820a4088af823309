package io.tailrace.client.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Map;

/** Runs the command line in this process and keeps what it prints. */
final class CommandLineHarness {
  static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  int run(String... arguments) {
    return TailraceCommand.run(session(out, Map.of()), arguments);
  }

  /** With arguments that are encoded as the script does. */
  int runEncoded(String charset, String... arguments) {
    return TailraceCommand.run(session(out, Map.of()), charset, arguments);
  }

  /** With an output of the test's own. */
  int runInto(OutputStream ownOut, String... arguments) {
    return TailraceCommand.run(session(ownOut, Map.of()), arguments);
  }

  Session session(OutputStream to, Map<String, String> environment) {
    return new Session(
        new Terminal(
            new ByteArrayInputStream(new byte[0]),
            to,
            new PrintStream(err, true, StandardCharsets.UTF_8),
            false),
        Clock.fixed(NOW, ZoneOffset.UTC),
        () -> ZoneOffset.UTC,
        environment);
  }

  String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  String err() {
    return err.toString(StandardCharsets.UTF_8);
  }
}
