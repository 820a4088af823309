package io.tailrace.client.cli;

import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.ZoneId;
import java.util.Map;

/** Runs the command line inside another program, which goes on when it has ended. */
public final class InProcess {
  private InProcess() {}

  /**
   * Runs one command in the calling thread. Several may run at a time.
   *
   * @param in standard input, as {@code produce} reads it; not closed unless the command has read
   *     it
   * @param out standard output, UTF-8 except for the bytes of records
   * @param err what went wrong, one line; and how far long work has come
   * @param environment in place of the process's own, for {@code TAILRACE_BOOTSTRAP} and the like
   * @param arguments as behind {@code tailrace} in a shell
   * @return the exit code: 0 done, 1 the broker or the data said no, 2 wrong usage or bad input
   */
  public static int run(
      InputStream in,
      OutputStream out,
      OutputStream err,
      Map<String, String> environment,
      String... arguments) {
    Terminal terminal =
        new Terminal(in, out, new PrintStream(err, true, StandardCharsets.UTF_8), false);
    return TailraceCommand.run(
        new Session(terminal, Clock.systemUTC(), ZoneId::systemDefault, environment), arguments);
  }
}
