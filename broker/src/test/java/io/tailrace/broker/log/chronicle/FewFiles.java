package io.tailrace.broker.log.chronicle;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.TestBatches;
import io.tailrace.protocol.error.ErrorCode;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * Appends to a log while its process may open no files, and again when it may. A process of its
 * own, since no class can be loaded meanwhile.
 */
final class FewFiles {
  private static final long DEADLINE_NS = TimeUnit.SECONDS.toNanos(30);

  private final BufferedReader answers;
  private final BufferedWriter commands;

  private FewFiles(Process shell) {
    this.answers = shell.inputReader(StandardCharsets.UTF_8);
    this.commands = shell.outputWriter(StandardCharsets.UTF_8);
  }

  public static void main(String[] arguments) throws IOException {
    Process shell = new ProcessBuilder("sh").redirectErrorStream(true).start();
    try (TestLog log = new TestLog(Path.of(arguments[0]), TestLog.config(100_000))) {
      new FewFiles(shell).run(log, Path.of(arguments[0]));
    } finally {
      shell.destroy();
    }
  }

  private void run(TestLog log, Path data) throws IOException {
    String pid = Long.toString(ProcessHandle.current().pid());
    String limitBefore = ask("prlimit --pid " + pid + " --nofile --noheadings --output SOFT");
    log.append(1, 100);
    log.owner.run(() -> log.log.resetTo(0));
    long deadline = System.nanoTime() + DEADLINE_NS;
    while (TestLog.names(TestLog.directory(data)).stream().anyMatch(name -> name.startsWith("0"))) {
      check(System.nanoTime() < deadline, "the segments are still there");
    }
    ByteBuf batch = TestBatches.batch(0, 1_000, 100);
    log.owner.schedule(() -> {}, 0).cancel(); // loads the class while files can be opened
    String refused = "";
    ask("prlimit --pid " + pid + " --nofile=3:");
    try {
      while (!refused.contains("too many open") && System.nanoTime() < deadline) {
        refused = refusal(log, batch);
      }
    } finally {
      ask("prlimit --pid " + pid + " --nofile=" + limitBefore.strip() + ":");
    }
    check(refused.contains("too many open"), refused);
    log.append(batch);
    check(log.end() == 1, "the log ends at " + log.end());
  }

  /** Has the shell run a command: this process could not start one. */
  private String ask(String command) throws IOException {
    commands.write(command + "; echo end\n");
    commands.flush();
    StringBuilder said = new StringBuilder();
    for (String line = answers.readLine(); !line.equals("end"); line = answers.readLine()) {
      said.append(line);
    }
    return said.toString();
  }

  private static String refusal(TestLog log, ByteBuf batch) {
    try {
      log.owner.run(() -> log.log.append(batch, 0, batch.readableBytes()));
      return "";
    } catch (LogException e) {
      return e.code() == ErrorCode.OVERLOADED ? e.getMessage() : e.code() + " " + e.getMessage();
    }
  }

  private static void check(boolean holds, String message) {
    if (!holds) {
      throw new AssertionError(message);
    }
  }
}
