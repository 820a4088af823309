package io.tailrace.broker.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tailrace.client.cli.InProcess;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/** Runs the {@code tailrace} command line against a broker. Thread-safe. */
public final class CommandLine {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Map<String, String> environment;

  /**
   * A command line for one broker.
   *
   * @param state where replays write down how far they have come
   */
  public CommandLine(String bootstrap, Path state) {
    environment = Map.of("TAILRACE_BOOTSTRAP", bootstrap, "XDG_STATE_HOME", state.toString());
  }

  /** What became of a command. */
  public record Outcome(int exitCode, byte[] bytes, String err) {
    public String out() {
      return new String(bytes, StandardCharsets.UTF_8);
    }

    public List<String> lines() {
      return out().lines().toList();
    }

    /** What was printed, as a document. */
    public JsonNode json() {
      try {
        return JSON.readTree(bytes);
      } catch (java.io.IOException e) {
        throw new IllegalStateException(out(), e);
      }
    }

    /** What was printed, a document on each line. */
    public List<JsonNode> jsonLines() {
      List<JsonNode> documents = new ArrayList<>();
      for (String line : lines()) {
        try {
          documents.add(JSON.readTree(line));
        } catch (JsonProcessingException e) {
          throw new IllegalStateException(line, e);
        }
      }
      return documents;
    }
  }

  /** Runs a command with nothing to read; it must succeed. */
  public Outcome ok(String... arguments) {
    return okWith("", arguments);
  }

  /** Runs a command that reads some text; it must succeed. */
  public Outcome okWith(String input, String... arguments) {
    Outcome outcome = run(input.getBytes(StandardCharsets.UTF_8), arguments);
    assertEquals(0, outcome.exitCode(), () -> Arrays.toString(arguments) + ": " + outcome.err());
    return outcome;
  }

  /** A command that runs in a thread of its own. Thread-safe. */
  public static final class Running {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final CompletableFuture<Outcome> outcome;

    private Running(Function<Running, Outcome> command) {
      outcome = CompletableFuture.supplyAsync(() -> command.apply(this));
    }

    /** What it has printed so far. */
    public String out() {
      return out.toString(StandardCharsets.UTF_8);
    }

    /** What it has printed on standard error so far. */
    public String err() {
      return err.toString(StandardCharsets.UTF_8);
    }

    /** Completes when the command has ended. */
    public CompletableFuture<Outcome> outcome() {
      return outcome;
    }
  }

  /**
   * Starts a command with nothing to read, and does not wait for it: what it reads first is not
   * known before it has printed something.
   */
  public Running start(String... arguments) {
    return new Running(running -> run(new byte[0], running.out, running.err, arguments));
  }

  /** Runs a command. */
  public Outcome run(byte[] input, String... arguments) {
    return run(input, new ByteArrayOutputStream(), new ByteArrayOutputStream(), arguments);
  }

  private Outcome run(
      byte[] input, ByteArrayOutputStream out, ByteArrayOutputStream err, String... arguments) {
    int exitCode = InProcess.run(new ByteArrayInputStream(input), out, err, environment, arguments);
    return new Outcome(exitCode, out.toByteArray(), err.toString(StandardCharsets.UTF_8));
  }
}
